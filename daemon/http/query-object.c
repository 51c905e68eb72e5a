/* The fields that begin with "name[" are pieces of one tree. It is written down as JSON, so that
 * both spellings go one way from there. Pieces are few (FORM_FIELDS_MAX): each level looks through
 * them once for every member. */

#include "http/query-object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/cleanup.h"
#include "wire/json-write.h"
#include "wire/protocol.h"
#include "wire/reason.h"
#include "wire/text.h"

typedef struct Piece {
        const char *rest; /* "[where][ttl]", at the end "" */
        const char *key;  /* the first of rest, up to its bracket */
        size_t key_size;
        const Secret *value;
        bool taken;
} Piece;

void query_object_done(QueryObject *object) {
        object->json = json_free(object->json);
        secret_done(&object->text);
}

/* Reads the next key of each. REASON_INVALID_VALUE: not all have one. */
static int split_keys(Piece *pieces, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const char *end = pieces[i].rest[0] == '[' ? strchr(pieces[i].rest, ']') : NULL;

                if (!end)
                        return REASON_INVALID_VALUE;
                pieces[i].key = pieces[i].rest + 1;
                pieces[i].key_size = (size_t)(end - pieces[i].key);
                pieces[i].rest = end + 1;
        }
        return 0;
}

static bool is_index(const Piece *piece) {
        return strspn(piece->key, "0123456789") >= piece->key_size;
}

static bool are_indexes(const Piece *pieces, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!is_index(&pieces[i]))
                        return false;
        return true;
}

/* "[]" stands behind all numbers. */
static bool comes_before(const Piece *a, const Piece *b) {
        if (a->key_size == 0 || b->key_size == 0)
                return a->key_size > b->key_size;
        if (a->key_size != b->key_size)
                return a->key_size < b->key_size;
        return memcmp(a->key, b->key, a->key_size) < 0;
}

static Piece *first_left(Piece *pieces, size_t n, bool by_index) {
        Piece *first = NULL;

        for (size_t i = 0; i < n; i++)
                if (!pieces[i].taken && (!first || (by_index && comes_before(&pieces[i], first))))
                        first = &pieces[i];
        return first;
}

/* Takes first and all of its key; an empty one is no key. */
static size_t take_group(Piece *pieces, size_t n, const Piece *first, Piece ret[static 1]) {
        const char *key = first->key;
        size_t size = first->key_size, n_taken = 0;

        for (size_t i = 0; i < n; i++) {
                bool same = size > 0 ? pieces[i].key_size == size &&
                                                            memcmp(pieces[i].key, key, size) == 0
                                     : &pieces[i] == first;
                if (!same || pieces[i].taken)
                        continue;
                ret[n_taken++] = pieces[i];
                pieces[i].taken = true;
        }
        return n_taken;
}

static int write_pieces(JsonWriter *w, const char *name, Piece *pieces, size_t n, unsigned depth);

static int write_group(JsonWriter *w, Piece *pieces, size_t n, const Piece *first, bool is_list,
                       unsigned depth) {
        _cleanup_(freep) char *key = strndup(first->key, first->key_size);
        Piece group[FORM_FIELDS_MAX];
        size_t n_group;

        if (!key)
                return -ENOMEM;
        n_group = take_group(pieces, n, first, group);
        return write_pieces(w, is_list ? NULL : key, group, n_group, depth + 1);
}

static int write_values(JsonWriter *w, const char *name, const Piece *pieces, size_t n) {
        if (n > 1)
                json_write_array(w, name);
        for (size_t i = 0; i < n; i++)
                json_write_secret(w, n > 1 ? NULL : name, pieces[i].value);
        if (n > 1)
                json_write_array_end(w);
        return 0;
}

static int write_pieces(JsonWriter *w, const char *name, Piece *pieces, size_t n, unsigned depth) {
        size_t n_values = 0;
        Piece *first;
        bool is_list;
        int r;

        for (size_t i = 0; i < n; i++) {
                n_values += pieces[i].rest[0] == '\0';
                pieces[i].taken = false;
        }
        if (n_values == n)
                return write_values(w, name, pieces, n);
        r = depth < JSON_DEPTH_MAX ? split_keys(pieces, n) : REASON_INVALID_VALUE;
        if (r != 0)
                return r;
        is_list = are_indexes(pieces, n);
        if (is_list)
                json_write_array(w, name);
        else
                json_write_object(w, name);
        while (r == 0 && (first = first_left(pieces, n, is_list)))
                r = write_group(w, pieces, n, first, is_list, depth);
        if (is_list)
                json_write_array_end(w);
        else
                json_write_object_end(w);
        return r;
}

static size_t find_pieces(const Form *query, const char *name, Piece ret[static FORM_FIELDS_MAX]) {
        size_t size = strlen(name), n = 0;

        for (size_t i = 0; i < query->n_fields; i++) {
                const char *text = secret_text(&query->fields[i].name);

                if (strncmp(text, name, size) == 0 && text[size] == '[')
                        ret[n++] = (Piece){ .rest = text + size, .value = &query->fields[i].value };
        }
        return n;
}

static int from_brackets(Piece *pieces, size_t n, QueryObject *ret) {
        JsonWriter w = JSON_WRITER(&ret->text);
        int r = write_pieces(&w, NULL, pieces, n, 0);

        if (r == 0)
                r = json_write_end(&w);
        if (r == 0)
                r = json_parse(secret_text(&ret->text), ret->text.size, &ret->json);
        return r < 0 && r != -ENOMEM ? REASON_INVALID_VALUE : r;
}

static int from_json(const char *text, size_t size, Json **ret) {
        int r = json_parse(text, size, ret);
        bool has_braces = text[0] == '{' && text[size - 1] == '}';

        if (r == 0 || r == -ENOMEM)
                return r;
        return has_braces ? REASON_INVALID_REQUEST : REASON_INVALID_VALUE;
}

int query_object_read(const Form *query, const char *name, QueryObject *ret) {
        _cleanup_(query_object_done) QueryObject object = QUERY_OBJECT_INIT;
        const Secret *text = form_get(query, name);
        Piece pieces[FORM_FIELDS_MAX];
        size_t n_pieces = find_pieces(query, name, pieces);
        int r = 0;

        if (text && n_pieces > 0)
                return REASON_INVALID_VALUE;
        if (n_pieces > 0)
                r = from_brackets(pieces, n_pieces, &object);
        else if (text && !streq(secret_text(text), "null"))
                r = from_json(secret_text(text), text->size, &object.json);
        if (r != 0)
                return r;
        if (object.json && json_type(object.json, JSON_ROOT) != JSON_OBJECT)
                return REASON_INVALID_VALUE;
        *ret = TAKE(object, QUERY_OBJECT_INIT);
        return 0;
}
