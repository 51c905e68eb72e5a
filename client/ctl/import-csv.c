/* Records may go over several lines, inside quotes. Behind one whose quotes make no sense reading
 * goes on with the line after that where it began: one quote too many must not swallow the rest. */

#include "ctl/import-csv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/date-input.h"
#include "ctl/import-member.h"
#include "wire/cleanup.h"
#include "wire/json-write.h"
#include "wire/text.h"

#define COLUMNS_MAX 32U

typedef struct Csv {
        Span rest;
        size_t line; /* that rest begins with */
} Csv;

/* One more than there may be, to see that there are too many. */
typedef struct Record {
        size_t line;
        enum ImportVerdict verdict;
        size_t n_fields;
        Secret fields[COLUMNS_MAX + 1];
} Record;

typedef struct Table {
        const char *file;
        size_t n_columns;
        const ImportMember *columns[COLUMNS_MAX];
} Table;

static void record_done(Record *record) {
        for (size_t i = 0; i < ELEMENTSOF(record->fields); i++)
                secret_done(&record->fields[i]);
}

/* Moves on behind size bytes. */
static void csv_skip(Csv *csv, size_t size) {
        for (size_t i = 0; i < size; i++)
                csv->line += csv->rest.text[i] == '\n';
        csv->rest.text += size;
        csv->rest.size -= size;
}

static size_t line_size(Span text) {
        const char *end = memchr(text.text, '\n', text.size);

        return end ? (size_t)(end - text.text) + 1 : text.size;
}

/* The end of a field in quotes, behind the last one; 0: there is none, or not where it should be.
 * Puts what is inside into field. */
static int quoted_read(Span text, Secret *field, size_t *ret_size) {
        size_t at = 1;

        if (text.size > IMPORT_LINE_MAX)
                text.size = IMPORT_LINE_MAX;
        for (;;) {
                const char *quote = memchr(text.text + at, '"', text.size - at);
                size_t end;
                int r;

                *ret_size = 0;
                if (!quote)
                        return 0;
                end = (size_t)(quote - text.text);
                r = secret_append(field, text.text + at, end - at);
                if (r < 0)
                        return r;
                at = end + 1;
                if (at == text.size || text.text[at] != '"') {
                        *ret_size = at;
                        return 0;
                }
                r = secret_append(field, "\"", 1);
                if (r < 0)
                        return r;
                at++;
        }
}

/* Of a plain field: up to the comma or the line break. */
static size_t plain_size(Span text) {
        size_t size = 0;

        while (size < text.size && text.text[size] != ',' && text.text[size] != '\n')
                size++;
        if (size > 0 && (size == text.size || text.text[size] == '\n') &&
            text.text[size - 1] == '\r')
                size--;
        return size;
}

/* One field at the beginning of text. ret_size 0 with IMPORT_QUOTES in the record: no field. */
static int field_read(Span text, Record *record, size_t *ret_size) {
        Secret *field = &record->fields[record->n_fields];
        size_t size;
        int r = 0;

        if (text.size > 0 && text.text[0] == '"') {
                r = quoted_read(text, field, &size);
                if (r == 0 && size == 0)
                        record->verdict = IMPORT_QUOTES;
        } else {
                size = plain_size(text);
                if (size > 0 && memchr(text.text, '"', size))
                        record->verdict = IMPORT_QUOTES;
                r = secret_append(field, text.text, size);
        }
        if (r < 0)
                return r;
        record->n_fields++;
        *ret_size = size;
        return 0;
}

/* How far the separator goes that text begins with; 0: there is none. */
static size_t separator_size(Span text, bool *ret_is_end) {
        size_t carriage = text.size > 0 && text.text[0] == '\r' ? 1 : 0;

        *ret_is_end = true;
        if (text.size == carriage)
                return carriage;
        if (text.text[carriage] == '\n')
                return carriage + 1;
        *ret_is_end = false;
        return text.text[0] == ',' ? 1 : 0;
}

/* The fields of the record that csv begins with, and its size. */
static int record_read(const Csv *csv, Record *record, size_t *ret_size) {
        Span text = csv->rest;
        bool is_end = false;

        while (record->verdict == IMPORT_TO_ADD && !is_end) {
                size_t size, separator;
                int r;

                if (record->n_fields == ELEMENTSOF(record->fields)) {
                        record->verdict = IMPORT_FIELD_COUNT;
                        break;
                }
                r = field_read(text, record, &size);
                if (r < 0)
                        return r;
                text.text += size;
                text.size -= size;
                separator = separator_size(text, &is_end);
                if (separator == 0 && !is_end)
                        record->verdict = IMPORT_QUOTES;
                text.text += separator;
                text.size -= separator;
                /* "a," at the end of the file has a field more. */
        }
        *ret_size = csv->rest.size - text.size;
        return 0;
}

/* False: nothing left. */
static int record_next(Csv *csv, Record *record, bool *ret_is_there) {
        enum ImportVerdict bytes;
        size_t size;
        int r;

        /* Empty lines are none. */
        while (csv->rest.size > 0 && strchr("\r\n", csv->rest.text[0]))
                csv_skip(csv, 1);
        *ret_is_there = csv->rest.size > 0;
        if (!*ret_is_there)
                return 0;
        record->line = csv->line;
        record->verdict = IMPORT_TO_ADD;
        r = record_read(csv, record, &size);
        if (r < 0)
                return r;
        if (record->verdict != IMPORT_TO_ADD)
                size = line_size(csv->rest);
        bytes = span_judge((Span){ csv->rest.text, size });
        if (bytes != IMPORT_TO_ADD)
                record->verdict = bytes;
        csv_skip(csv, size);
        return 0;
}

static int list_write(JsonWriter *w, const char *name, const Secret *field,
                      const char *separators) {
        _cleanup_(strv_freep) char **words = NULL;
        int r = strv_split(secret_text(field), separators, &words);

        if (r == 0)
                json_write_strv(w, name, words);
        return r;
}

/* 0, -ENOMEM, or -EINVAL: this can't be such a value. */
static int member_write(JsonWriter *w, const ImportMember *column, const Secret *field,
                        ImportEntry *entry) {
        const char *text = secret_text(field);
        int64_t number;
        int r = 0;

        switch (column->kind) {
        case IMPORT_KIND_TEXT:
                json_write_secret(w, column->name, field);
                break;
        case IMPORT_KIND_WORDS:
                return list_write(w, column->name, field, " ");
        case IMPORT_KIND_LINES:
                return list_write(w, column->name, field, "\r\n");
        case IMPORT_KIND_NUMBER:
                r = parse_int64(text, &number);
                if (r == 0 && streq(column->name, "uid"))
                        entry->uid = number;
                if (r == 0 && number >= 0)
                        json_write_int(w, column->name, number);
                return r < 0 || number < 0 ? -EINVAL : 0;
        case IMPORT_KIND_DATE:
                r = date_parse(text, &number);
                if (r == 0)
                        json_write_int(w, column->name, number);
                return r < 0 ? -EINVAL : 0;
        case IMPORT_KIND_GID:
                return parse_int64(text, &entry->gid) < 0 || entry->gid < 0 ? -EINVAL : 0;
        case IMPORT_KIND_IGNORED:
                break;
        }
        return 0;
}

static int body_write(const Table *table, const Record *record, ImportEntry *entry) {
        JsonWriter w = JSON_WRITER(&entry->body);

        json_write_object(&w, NULL);
        for (size_t i = 0; i < table->n_columns; i++) {
                const ImportMember *column = table->columns[i];
                int r;

                if (record->fields[i].size == 0)
                        continue;
                r = member_write(&w, column, &record->fields[i], entry);
                if (r == -EINVAL) {
                        entry->verdict = IMPORT_INVALID_VALUE;
                        return text_copy(column->name, &entry->member);
                }
                if (r < 0)
                        return r;
        }
        json_write_object_end(&w);
        return json_write_end(&w);
}

static int name_take(const Table *table, const Record *record, ImportEntry *entry) {
        for (size_t i = 0; i < table->n_columns && i < record->n_fields; i++)
                if (streq(table->columns[i]->name, "name"))
                        return text_copy(secret_text(&record->fields[i]), &entry->name);
        return 0;
}

static int entry_add(const Table *table, const Record *record, ImportList *list) {
        _cleanup_(import_entry_done) ImportEntry entry = IMPORT_ENTRY_INIT;
        int r = 0;

        entry.file = table->file;
        entry.line = record->line;
        entry.verdict = record->verdict;
        if (entry.verdict == IMPORT_TO_ADD && record->n_fields != table->n_columns)
                entry.verdict = IMPORT_FIELD_COUNT;
        if (entry.verdict == IMPORT_TO_ADD) {
                r = name_take(table, record, &entry);
                if (r == 0)
                        r = body_write(table, record, &entry);
        }
        import_entry_judge(&entry);
        return r < 0 ? r : import_list_take(list, &entry);
}

static enum ImportVerdict column_take(Table *table, const Secret *field) {
        const ImportMember *column = import_member_find(secret_text(field));

        if (!column)
                return IMPORT_UNKNOWN_MEMBER;
        for (size_t i = 0; i < table->n_columns; i++)
                if (table->columns[i] == column)
                        return IMPORT_MEMBER_TWICE;
        table->columns[table->n_columns++] = column;
        return IMPORT_TO_ADD;
}

static bool table_has(const Table *table, const char *name) {
        for (size_t i = 0; i < table->n_columns; i++)
                if (streq(table->columns[i]->name, name))
                        return true;
        return false;
}

static bool table_has_secrets(const Table *table) {
        for (size_t i = 0; i < table->n_columns; i++)
                if (table->columns[i]->is_secret)
                        return true;
        return false;
}

/* The columns. The entry's verdict says what is wrong with them. */
static int head_take(const Record *record, Table *table, ImportEntry *entry) {
        entry->file = table->file;
        entry->line = record->line;
        entry->verdict = record->verdict;
        for (size_t i = 0; entry->verdict == IMPORT_TO_ADD && i < record->n_fields; i++) {
                entry->verdict = i < COLUMNS_MAX ? column_take(table, &record->fields[i])
                                                 : IMPORT_FIELD_COUNT;
                /* Not by its name: that is a password in a file without a first line. */
                if (entry->verdict != IMPORT_TO_ADD &&
                    asprintf(&entry->member, "column %zu", i + 1) < 0)
                        return -ENOMEM;
        }
        if (entry->verdict == IMPORT_TO_ADD && !table_has(table, "name"))
                entry->verdict = IMPORT_NO_NAMES;
        return 0;
}

static int records_take(Csv *csv, const Table *table, ImportList *list) {
        for (;;) {
                _cleanup_(record_done) Record record = { 0 };
                bool is_there;
                int r;

                r = record_next(csv, &record, &is_there);
                if (r < 0 || !is_there)
                        return r;
                r = entry_add(table, &record, list);
                if (r < 0)
                        return r;
        }
}

int csv_parse(const char *file, const char *text, size_t size, ImportList *ret,
              bool *ret_has_secrets) {
        _cleanup_(import_list_done) ImportList list = IMPORT_LIST_INIT;
        _cleanup_(import_entry_done) ImportEntry entry = IMPORT_ENTRY_INIT;
        _cleanup_(record_done) Record head = { 0 };
        Csv csv = { .rest = line_reader(text, size).rest, .line = 1 };
        Table table = { .file = file };
        bool is_there;
        int r;

        r = record_next(&csv, &head, &is_there);
        if (r == 0 && is_there)
                r = head_take(&head, &table, &entry);
        if (r == 0 && entry.verdict != IMPORT_TO_ADD)
                r = import_list_take(&list, &entry);
        else if (r == 0)
                r = records_take(&csv, &table, &list);
        if (r == 0)
                r = import_list_judge_names(&list);
        if (r < 0)
                return r;
        *ret_has_secrets = table_has_secrets(&table);
        *ret = TAKE(list, IMPORT_LIST_INIT);
        return 0;
}
