/* Members as people read them. Control characters never reach the terminal: tables escape them by
 * themselves (libsmartcols), lines do it here. */

#include "ctl/columns.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "wire/cleanup.h"

void time_format(int64_t seconds, char ret[static TIME_TEXT_MAX]) {
        time_t t = (time_t)seconds;
        struct tm local;

        if (!localtime_r(&t, &local) ||
            strftime(ret, TIME_TEXT_MAX, "%Y-%m-%d %H:%M %Z", &local) == 0)
                snprintf(ret, TIME_TEXT_MAX, "@%" PRId64, seconds);
}

void span_format(int64_t seconds, char ret[static TIME_TEXT_MAX]) {
        static const struct {
                int64_t size;
                const char *name;
        } units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
        size_t i = 0;

        while (units[i].size > 1 && (seconds == 0 || seconds % units[i].size != 0))
                i++;
        seconds /= units[i].size;
        snprintf(ret, TIME_TEXT_MAX, "%" PRId64 " %s%s", seconds, units[i].name,
                 seconds == 1 ? "" : "s");
}

static int list_text(const Json *json, JsonNode node, const char *separator, char **ret) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        int r = 0;

        if (json_type(json, node) != JSON_ARRAY)
                return -EBADMSG;
        for (JsonNode n = json_first(json, node); r == 0 && n != JSON_NONE;
             n = json_next(json, n)) {
                _cleanup_(secret_done) Secret word = SECRET_INIT;

                r = json_text(json, n, &word);
                if (r == 0 && text.size > 0)
                        r = secret_append_text(&text, separator);
                if (r == 0)
                        r = secret_append_text(&text, secret_text(&word));
        }
        if (r < 0)
                return r;
        *ret = strdup(secret_text(&text));
        return *ret ? 0 : -ENOMEM;
}

static int bool_text(const Json *json, JsonNode node, char **ret) {
        bool value;
        int r;

        r = json_bool(json, node, &value);
        if (r < 0)
                return r;
        *ret = strdup(value ? "yes" : "no");
        return *ret ? 0 : -ENOMEM;
}

static int number_text(const Json *json, JsonNode node, enum ColumnKind kind, char **ret) {
        char text[TIME_TEXT_MAX];
        int64_t value;
        int r;

        r = json_int64(json, node, &value);
        if (r < 0)
                return r;
        if (kind == COLUMN_TIME)
                time_format(value, text);
        else if (kind == COLUMN_SPAN)
                span_format(value, text);
        else
                snprintf(text, sizeof(text), "%" PRId64, value);
        *ret = strdup(text);
        return *ret ? 0 : -ENOMEM;
}

int column_text(const Column *column, const Json *json, JsonNode object, char **ret) {
        JsonNode node = json_get(json, object, column->member);
        int r;

        if (node == JSON_NONE || json_type(json, node) == JSON_NULL) {
                *ret = NULL;
                return 0;
        }
        switch (column->kind) {
        case COLUMN_TEXT:
                r = json_get_text(json, object, column->member, ret);
                return r == -ENOENT ? -EBADMSG : r;
        case COLUMN_LIST:
                return list_text(json, node, ",", ret);
        case COLUMN_LINES:
                return list_text(json, node, "\n", ret);
        case COLUMN_BOOL:
                return bool_text(json, node, ret);
        default:
                return number_text(json, node, column->kind, ret);
        }
}

void print_safely(const char *text) {
        for (const char *p = text; *p; p++) {
                unsigned char c = (unsigned char)*p;

                if (c < ' ' || c == 0x7f)
                        printf("\\x%02x", c);
                else if (c == 0xc2 && (unsigned char)p[1] < 0xa0)
                        printf("\\xc2\\x%02x", (unsigned char)*++p);
                else
                        putchar(c);
        }
}

static void line_print(const Column *column, int width, char *text) {
        while (text) {
                const char *line =
                                column->kind == COLUMN_LINES ? strsep(&text, "\n") : TAKE_PTR(text);

                printf("%-*s  ", width, column->label);
                print_safely(line);
                putchar('\n');
        }
}

enum Exit columns_print(const Column *columns, size_t n, const Json *json, JsonNode object) {
        int width = 0;

        for (size_t i = 0; i < n; i++)
                if ((int)strlen(columns[i].label) > width)
                        width = (int)strlen(columns[i].label);
        for (size_t i = 0; i < n; i++) {
                _cleanup_(freep) char *text = NULL;
                int r;

                r = column_text(&columns[i], json, object, &text);
                if (r < 0)
                        return complain_of_error(columns[i].member, r);
                line_print(&columns[i], width, text);
        }
        return EXIT_DONE;
}

enum Exit reply_show(const Ctl *ctl, const Column *columns, size_t n, const Reply *reply) {
        if (!ctl_wants_json(ctl))
                return columns_print(columns, n, reply->json, JSON_ROOT);
        reply_print_json(reply);
        return EXIT_DONE;
}
