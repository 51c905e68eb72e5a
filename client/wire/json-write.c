/* JSON out. Text is checked to be UTF-8 before a byte of it is written, so that what comes out is
 * always JSON; the first failure sticks and nothing is written after it. */

#include "wire/json-write.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "wire/text.h"

static void put(JsonWriter *w, const char *text, size_t size) {
        if (w->error == 0)
                w->error = secret_append(w->out, text, size);
}

/* ASCII that needs no escape. */
static const bool plain[256] = {
        [' '] = true, ['!'] = true, ['#' ... '['] = true, [']' ... '~'] = true,
};

/* Has a high bit in some byte if one of the eight is not plain (a borrow or a carry comes from
 * those only). */
static uint64_t odd_bytes(const char text[static 8]) {
        const uint64_t ones = UINT64_C(0x0101010101010101);
        uint64_t bytes;

        memcpy(&bytes, text, sizeof(bytes));
        return bytes | (bytes - ' ' * ones) | ((bytes ^ '"' * ones) - ones) |
               ((bytes ^ '\\' * ones) - ones) | (bytes + ones);
}

static bool is_plain(const char *text, size_t size) {
        uint64_t odd = 0;

        for (; size >= 8; text += 8, size -= 8)
                odd |= odd_bytes(text);
        if (odd & UINT64_C(0x8080808080808080))
                return false;
        for (size_t i = 0; i < size; i++)
                if (!plain[(unsigned char)text[i]])
                        return false;
        return true;
}

/* before, '"', text, '"', behind; a NUL stands for nothing. */
static void put_plain(JsonWriter *w, char before, const char *text, size_t size, char behind) {
        char *at;

        if (w->error == 0)
                w->error = secret_reserve(w->out, size + 4);
        if (w->error != 0)
                return;
        at = w->out->text + w->out->size;
        if (before)
                *at++ = before;
        *at++ = '"';
        memcpy(at, text, size);
        at += size;
        *at++ = '"';
        if (behind)
                *at++ = behind;
        *at = '\0';
        w->out->size = (size_t)(at - w->out->text);
}

static void put_escaped(JsonWriter *w, char before, const char *text, size_t size, char behind) {
        size_t start = 0;

        if (is_plain(text, size))
                return put_plain(w, before, text, size, behind);
        if (w->error == 0 && !text_is_utf8(text, size))
                w->error = -EINVAL;
        put(w, &before, before != '\0');
        put(w, "\"", 1);
        for (size_t i = 0; i < size; i++) {
                unsigned char c = (unsigned char)text[i];
                char escape[8];
                int n;

                if (plain[c] || c >= 0x80)
                        continue;
                put(w, text + start, i - start);
                start = i + 1;
                if (c == '"' || c == '\\')
                        n = snprintf(escape, sizeof(escape), "\\%c", c);
                else
                        n = snprintf(escape, sizeof(escape), "\\u%04x", c);
                put(w, escape, (size_t)n);
        }
        put(w, text + start, size - start);
        put(w, "\"", 1);
        put(w, &behind, behind != '\0');
}

static void put_name(JsonWriter *w, const char *name) {
        char comma = w->need_comma ? ',' : '\0';

        w->need_comma = true;
        if (name)
                put_escaped(w, comma, name, strlen(name), ':');
        else
                put(w, &comma, comma != '\0');
}

static void open_container(JsonWriter *w, const char *name, const char *bracket) {
        put_name(w, name);
        put(w, bracket, 1);
        w->need_comma = false;
}

static void close_container(JsonWriter *w, const char *bracket) {
        put(w, bracket, 1);
        w->need_comma = true;
}

void json_write_object(JsonWriter *w, const char *name) {
        open_container(w, name, "{");
}

void json_write_object_end(JsonWriter *w) {
        close_container(w, "}");
}

void json_write_array(JsonWriter *w, const char *name) {
        open_container(w, name, "[");
}

void json_write_array_end(JsonWriter *w) {
        close_container(w, "]");
}

static void write_text(JsonWriter *w, const char *name, const char *text, size_t size) {
        put_name(w, name);
        put_escaped(w, '\0', text, size, '\0');
}

void json_write_text(JsonWriter *w, const char *name, const char *text) {
        if (text)
                write_text(w, name, text, strlen(text));
}

void json_write_secret(JsonWriter *w, const char *name, const Secret *secret) {
        if (secret)
                write_text(w, name, secret_text(secret), secret->size);
}

void json_write_int(JsonWriter *w, const char *name, int64_t value) {
        uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
        char digits[20], *at = digits + sizeof(digits);

        do
                *--at = (char)('0' + left % 10);
        while ((left /= 10) > 0);
        if (value < 0)
                *--at = '-';
        put_name(w, name);
        put(w, at, (size_t)(digits + sizeof(digits) - at));
}

void json_write_bool(JsonWriter *w, const char *name, bool value) {
        put_name(w, name);
        put(w, value ? "true" : "false", value ? 4 : 5);
}

void json_write_null(JsonWriter *w, const char *name) {
        put_name(w, name);
        put(w, "null", 4);
}

void json_write_strv(JsonWriter *w, const char *name, char *const *strv) {
        if (!strv)
                return;
        json_write_array(w, name);
        for (; *strv; strv++)
                json_write_text(w, NULL, *strv);
        json_write_array_end(w);
}

int json_write_end(JsonWriter *w) {
        return w->error;
}
