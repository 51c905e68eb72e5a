/* Lines and fields are views of the file's one copy, which wipes itself: no secret is copied only
 * to be looked at. */

#include "ctl/import-lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wire/text.h"

LineReader line_reader(const char *text, size_t size) {
        size_t mark = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

        return (LineReader){ .rest = { text + mark, size - mark } };
}

enum ImportVerdict span_judge(Span span) {
        if (span.size > IMPORT_LINE_MAX)
                return IMPORT_LINE_TOO_LONG;
        if (span.size > 0 && memchr(span.text, '\0', span.size))
                return IMPORT_NUL;
        return text_is_utf8(span.text, span.size) ? IMPORT_TO_ADD : IMPORT_NOT_UTF8;
}

bool line_next(LineReader *reader, Span *ret, enum ImportVerdict *ret_verdict) {
        Span *rest = &reader->rest;
        const char *end;
        Span line;

        if (rest->size == 0)
                return false;
        end = memchr(rest->text, '\n', rest->size);
        line.text = rest->text;
        line.size = end ? (size_t)(end - rest->text) : rest->size;
        rest->text += line.size + (end != NULL);
        rest->size -= line.size + (end != NULL);
        reader->number++;
        if (line.size > 0 && line.text[line.size - 1] == '\r')
                line.size--;
        *ret_verdict = span_judge(line);
        *ret = line;
        return true;
}

bool span_split(Span line, size_t n, Span *ret) {
        for (size_t i = 0; i < n; i++) {
                const char *end = line.size > 0 ? memchr(line.text, ':', line.size) : NULL;

                ret[i].text = line.text;
                ret[i].size = end ? (size_t)(end - line.text) : line.size;
                if ((end == NULL) != (i == n - 1))
                        return false;
                line.text += ret[i].size + (end != NULL);
                line.size -= ret[i].size + (end != NULL);
        }
        return true;
}

bool span_equals(Span span, const char *text) {
        return span.size == strlen(text) && strncmp(span.text, text, span.size) == 0;
}

int span_int64(Span span, int64_t *ret) {
        char digits[24];

        if (span.size >= sizeof(digits))
                return -ERANGE;
        snprintf(digits, sizeof(digits), "%.*s", (int)span.size, span.text);
        return parse_int64(digits, ret);
}

int span_copy(Span span, char **ret) {
        *ret = strndup(span.text ?: "", span.size);
        return *ret ? 0 : -ENOMEM;
}
