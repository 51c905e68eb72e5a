/* Pages of a list become one table or one JSON object. A server can't keep us here for ever: a page
 * that names itself as the next is refused. */

#include "ctl/pages.h"

#include <errno.h>
#include <libsmartcols.h>
#include <stdio.h>

#include "ctl/json-copy.h"
#include "wire/cleanup.h"
#include "wire/form.h"
#include "wire/json-write.h"
#include "wire/text.h"

/* Well within JSON_NODES_MAX, and few enough for a table to be aligned at once. */
#define PAGE_QUERY "limit=200"

/* What a row without that member shows: cells are never empty, for awk. */
#define ABSENT "-"

DEFINE_CLEANUP(struct libscols_table *, scols_unref_table);

static enum Exit page_ask(Ctl *ctl, const Listing *listing, const char *cursor, Reply *ret) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        Question question = { .method = "GET" };
        int r;

        r = secret_append_text(&path, listing->path);
        if (r == 0)
                r = secret_append_text(&path, PAGE_QUERY);
        if (r == 0)
                r = form_append(&path, "cursor", cursor);
        if (r < 0)
                return complain_of_error(NULL, r);
        question.path = secret_text(&path);
        return ctl_ask(ctl, &question, ret);
}

static int table_start(const Listing *listing, bool with_headings, struct libscols_table **ret) {
        _cleanup_(scols_unref_tablep) struct libscols_table *table = scols_new_table();

        if (!table || scols_table_enable_noheadings(table, !with_headings) != 0)
                return -ENOMEM;
        for (size_t i = 0; i < listing->n_columns; i++) {
                const Column *column = &listing->columns[i];
                int flags = column->kind == COLUMN_NUMBER ? SCOLS_FL_RIGHT : 0;

                if (column->heading && !scols_table_new_column(table, column->heading, 0, flags))
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(table);
        return 0;
}

static int row_fill(const Listing *listing, const Json *json, JsonNode row,
                    struct libscols_line *line) {
        size_t cell = 0;

        for (size_t i = 0; i < listing->n_columns; i++) {
                _cleanup_(freep) char *text = NULL;
                int r;

                if (!listing->columns[i].heading)
                        continue;
                r = column_text(&listing->columns[i], json, row, &text);
                if (r < 0)
                        return r;
                if (scols_line_set_data(line, cell++, text && text[0] ? text : ABSENT) != 0)
                        return -ENOMEM;
        }
        return 0;
}

static int page_print_table(const Listing *listing, const Json *json, JsonNode rows,
                            bool is_first) {
        _cleanup_(scols_unref_tablep) struct libscols_table *table = NULL;
        int r;

        r = table_start(listing, is_first, &table);
        for (JsonNode n = json_first(json, rows); r == 0 && n != JSON_NONE;
             n = json_next(json, n)) {
                struct libscols_line *line = scols_table_new_line(table, NULL);

                r = line ? row_fill(listing, json, n, line) : -ENOMEM;
        }
        if (r < 0)
                return r;
        return scols_print_table(table) == 0 ? 0 : -EIO;
}

static int page_print_json(const Json *json, JsonNode rows, bool *is_first) {
        for (JsonNode n = json_first(json, rows); n != JSON_NONE; n = json_next(json, n)) {
                _cleanup_(secret_done) Secret row = SECRET_INIT;
                JsonWriter w = JSON_WRITER(&row);
                int r;

                r = json_copy(&w, NULL, json, n) ?: json_write_end(&w);
                if (r < 0)
                        return r;
                printf("%s%s", *is_first ? "" : ",", secret_text(&row));
                *is_first = false;
        }
        return 0;
}

/* Prints one page; ret_cursor is the next one's, NULL behind the last. */
static enum Exit page_print(Ctl *ctl, const Listing *listing, const char *cursor, bool *is_first,
                            char **ret_cursor) {
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        _cleanup_(freep) char *next = NULL;
        JsonNode rows;
        enum Exit e;
        int r;

        e = page_ask(ctl, listing, cursor, &reply);
        if (e != EXIT_DONE)
                return e;
        rows = json_get(reply.json, JSON_ROOT, listing->member);
        r = json_get_text(reply.json, JSON_ROOT, "next", &next);
        if (rows == JSON_NONE || json_type(reply.json, rows) != JSON_ARRAY ||
            (r < 0 && r != -ENOENT) || (next && streq_ptr(next, cursor)))
                return complain_of_reply(NULL);
        if (ctl_wants_json(ctl) && !cursor)
                printf("{\"%s\":[", listing->member);
        if (ctl_wants_json(ctl))
                r = page_print_json(reply.json, rows, is_first);
        else if (json_size(reply.json, rows) > 0) {
                r = page_print_table(listing, reply.json, rows, *is_first);
                *is_first = false;
        } else
                r = 0;
        if (r < 0)
                return r == -EBADMSG ? complain_of_reply(NULL)
                                     : complain_of_error(listing->member, r);
        *ret_cursor = TAKE_PTR(next);
        return EXIT_DONE;
}

enum Exit listing_print(Ctl *ctl, const Listing *listing) {
        _cleanup_(freep) char *cursor = NULL;
        bool is_first = true;

        do {
                char *next = NULL;
                enum Exit e;

                e = page_print(ctl, listing, cursor, &is_first, &next);
                if (e != EXIT_DONE)
                        return e;
                free(cursor);
                cursor = next;
        } while (cursor);
        if (ctl_wants_json(ctl))
                puts("]}");
        else if (is_first && listing->none)
                fprintf(stderr, "%s\n", listing->none);
        else if (is_first)
                fprintf(stderr, "No %s.\n", listing->member);
        return EXIT_DONE;
}
