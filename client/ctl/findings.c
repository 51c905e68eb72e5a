/* Findings are kept until all is looked at, so that the worst can be said first. */

#include "ctl/findings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire/cleanup.h"
#include "wire/text.h"

#define LEVEL_WIDTH 7

static const struct {
        const char *name;
        const char *colour;
} levels[_FINDING_LEVEL_MAX] = {
        [FINDING_OK] = { "ok", "\033[32m" },
        [FINDING_NOTE] = { "note", "\033[36m" },
        [FINDING_WARNING] = { "warning", "\033[33m" },
        [FINDING_FAILURE] = { "failure", "\033[1;31m" },
};

const char *finding_level_name(enum FindingLevel level) {
        return levels[level].name;
}

void findings_done(Findings *findings) {
        for (size_t i = 0; i < findings->n; i++) {
                free(findings->all[i].text);
                free(findings->all[i].advice);
        }
        free(findings->all);
        *findings = FINDINGS_INIT;
}

static void make_harmless(char *text) {
        bool is_utf8 = text_is_utf8(text, strlen(text));

        for (unsigned char *p = (unsigned char *)text; *p; p++)
                /* 0xc2 0x80 to 0x9f are control characters as well. */
                if (*p < ' ' || *p == 0x7f || (!is_utf8 && *p >= 0x80) ||
                    (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)) {
                        if (*p == 0xc2 && is_utf8)
                                p[1] = '?';
                        *p = '?';
                }
}

static int take(Findings *findings, Finding *finding) {
        Finding *all = reallocarray(findings->all, findings->n + 1, sizeof(*all));

        if (!all)
                return -ENOMEM;
        findings->all = all;
        all[findings->n++] = TAKE(*finding, (Finding){ 0 });
        return 0;
}

void findings_addv(Findings *findings, enum FindingLevel level, const char *name,
                   const char *reason, const char *advice, const char *format, va_list arguments) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(freep) char *copy = NULL;
        Finding finding = { .level = level, .name = name, .reason = reason };

        if (vasprintf(&text, format, arguments) < 0) {
                text = NULL;
                findings->error = -ENOMEM;
                return;
        }
        if (text_copy(advice, &copy) < 0) {
                findings->error = -ENOMEM;
                return;
        }
        make_harmless(text);
        if (copy)
                make_harmless(copy);
        finding.text = text;
        finding.advice = copy;
        if (take(findings, &finding) < 0) {
                findings->error = -ENOMEM;
                return;
        }
        text = copy = NULL;
}

void findings_add(Findings *findings, enum FindingLevel level, const char *name, const char *reason,
                  const char *advice, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        findings_addv(findings, level, name, reason, advice, format, arguments);
        va_end(arguments);
}

size_t findings_count(const Findings *findings, enum FindingLevel level) {
        size_t n = 0;

        for (size_t i = 0; i < findings->n; i++)
                n += findings->all[i].level == level;
        return n;
}

static bool wants_colour(void) {
        const char *terminal = getenv("TERM"), *never = getenv("NO_COLOR");

        return isatty(STDOUT_FILENO) && terminal && !streq(terminal, "dumb") &&
               !(never && never[0]);
}

static void print_one(const Finding *finding, int name_width, bool colour) {
        printf("%s%-*s%s  %-*s  %s", colour ? levels[finding->level].colour : "", LEVEL_WIDTH,
               levels[finding->level].name, colour ? "\033[0m" : "", name_width, finding->name,
               finding->text);
        if (finding->reason)
                printf(" (%s)", finding->reason);
        putchar('\n');
        if (finding->advice)
                printf("%-*s  %-*s  → %s\n", LEVEL_WIDTH, "", name_width, "", finding->advice);
}

void findings_print(const Findings *findings, bool worst_first) {
        bool colour = wants_colour();
        int width = 0;

        for (size_t i = 0; i < findings->n; i++)
                if ((int)strlen(findings->all[i].name) > width)
                        width = (int)strlen(findings->all[i].name);
        for (int level = FINDING_FAILURE; worst_first && level >= FINDING_OK; level--)
                for (size_t i = 0; i < findings->n; i++)
                        if ((int)findings->all[i].level == level)
                                print_one(&findings->all[i], width, colour);
        for (size_t i = 0; !worst_first && i < findings->n; i++)
                print_one(&findings->all[i], width, colour);
}

void findings_write(const Findings *findings, const char *name_member, JsonWriter *w) {
        for (size_t i = 0; i < findings->n; i++) {
                const Finding *finding = &findings->all[i];

                json_write_object(w, NULL);
                json_write_text(w, name_member, finding->name);
                json_write_text(w, "result", levels[finding->level].name);
                json_write_text(w, "reason", finding->reason);
                json_write_text(w, "text", finding->text);
                json_write_text(w, "advice", finding->advice);
                json_write_object_end(w);
        }
}
