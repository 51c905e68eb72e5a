/* Forms and percent-encoding. Names and values may be secrets: every copy is a Secret.
 *
 * A form is decoded where it stands, in one copy of its text: nothing becomes longer by it, and a
 * piece's NUL goes where its '=' or '&' was, or before. */

#include "wire/form.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/cleanup.h"
#include "wire/protocol.h"
#include "wire/text.h"

static bool is_unreserved(unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_' || c == '~';
}

int percent_encode(Secret *out, const void *data, size_t size) {
        const unsigned char *bytes = data;
        /* three times the size at most; a failure must leave out as it was */
        int r = size > BODY_MAX * 64 ? -ENOMEM : secret_reserve(out, size * 3);

        if (r < 0)
                return r;
        for (size_t i = 0; i < size; i++) {
                char escape[3] = { '%', "0123456789ABCDEF"[bytes[i] >> 4],
                                   "0123456789ABCDEF"[bytes[i] & 15] };

                if (is_unreserved(bytes[i]))
                        (void)secret_append(out, &bytes[i], 1);
                else
                        (void)secret_append(out, escape, sizeof(escape));
        }
        return 0;
}

/* Writes no more than size bytes to out, which may be text, and a NUL. */
static int decode(const char *text, size_t size, bool plus_is_space, char *out, size_t *ret_size) {
        size_t n = 0;

        for (size_t i = 0; i < size; i++) {
                char c = text[i];

                if (c == '%') {
                        int high = i + 2 < size ? hex_value(text[i + 1]) : -1;
                        int low = i + 2 < size ? hex_value(text[i + 2]) : -1;

                        if (high < 0 || low < 0)
                                return -EBADMSG;
                        c = (char)(high << 4 | low);
                        i += 2;
                } else if (c == '+' && plus_is_space) {
                        c = ' ';
                }
                if (c == '\0')
                        return -EBADMSG;
                out[n++] = c;
        }
        out[n] = '\0';
        *ret_size = n;
        return 0;
}

int form_decode(const char *text, size_t size, Secret *ret) {
        _cleanup_(secret_done) Secret out = SECRET_INIT;
        int r = secret_reserve(&out, size);

        if (r < 0)
                return r;
        out.size = size; /* what is to be wiped */
        r = decode(text, size, true, out.text, &size);
        if (r < 0)
                return r;
        out.size = size;
        secret_done(ret);
        *ret = TAKE(out, SECRET_INIT);
        return 0;
}

/* Nothing in it is to be decoded or refused. */
static bool is_literal(const char *text, size_t size, bool plus_is_space) {
        return !memchr(text, '%', size) && !memchr(text, '\0', size) &&
               !(plus_is_space && memchr(text, '+', size));
}

static int decode_in_place(char *text, size_t size, bool plus_is_space, Secret *ret) {
        size_t n = size;
        int r = 0;

        if (is_literal(text, size, plus_is_space))
                text[size] = '\0';
        else
                r = decode(text, size, plus_is_space, text, &n);
        if (r < 0)
                return r;
        *ret = (Secret){ .text = text, .size = n, .capacity = n };
        return 0;
}

int percent_decode_in_place(char *text, size_t size, Secret *ret) {
        return decode_in_place(text, size, false, ret);
}

void form_done(Form *form) {
        secret_done(&form->text);
        free(form->fields);
        *form = FORM_INIT;
}

static FormField *form_find(const Form *form, const char *name) {
        for (size_t i = 0; i < form->n_fields; i++)
                if (streq(secret_text(&form->fields[i].name), name))
                        return &form->fields[i];
        return NULL;
}

/* Adds one "name=value" piece. */
static int form_add(Form *form, char *piece, size_t size) {
        char *equals = memchr(piece, '=', size);
        size_t name_size = equals ? (size_t)(equals - piece) : size;
        FormField *field;
        int r;

        if (form->n_fields == FORM_FIELDS_MAX)
                return -E2BIG;
        field = &form->fields[form->n_fields++];
        *field = (FormField){ 0 };
        r = decode_in_place(piece, name_size, true, &field->name);
        if (r < 0)
                return r;
        if (form_find(form, secret_text(&field->name)) != field &&
            !strchr(secret_text(&field->name), '['))
                return -ENOTUNIQ;
        if (!equals)
                return 0;
        return decode_in_place(equals + 1, size - name_size - 1, true, &field->value);
}

/* At least one, and no more than a form may have. */
static size_t count_pieces(const char *text, size_t size) {
        const char *end = text + size;
        size_t n = 1;

        while (n < FORM_FIELDS_MAX && (text = memchr(text, '&', (size_t)(end - text)))) {
                text++;
                n++;
        }
        return n;
}

int form_parse(const char *text, size_t size, Form *ret) {
        _cleanup_(form_done) Form form = FORM_INIT;
        int r = secret_append(&form.text, text, size);

        if (r < 0)
                return r;
        form.fields = malloc(count_pieces(text, size) * sizeof(FormField));
        if (!form.fields)
                return -ENOMEM;
        for (char *p = form.text.text, *end = p + size; p < end;) {
                char *next = memchr(p, '&', (size_t)(end - p));
                size_t piece = (size_t)((next ? next : end) - p);

                r = piece > 0 ? form_add(&form, p, piece) : 0;
                if (r < 0)
                        return r;
                p += piece + 1;
        }
        *ret = TAKE(form, FORM_INIT);
        return 0;
}

const Secret *form_get(const Form *form, const char *name) {
        const FormField *field = form_find(form, name);

        return field && !secret_is_empty(&field->value) ? &field->value : NULL;
}

const char *form_get_text(const Form *form, const char *name) {
        const Secret *value = form_get(form, name);

        return value ? secret_text(value) : NULL;
}

int form_append_bytes(Secret *body, const char *name, const void *value, size_t size) {
        int r = secret_is_empty(body) ? 0 : secret_append(body, "&", 1);

        if (r >= 0)
                r = percent_encode(body, name, strlen(name));
        if (r >= 0)
                r = secret_append(body, "=", 1);
        if (r >= 0)
                r = percent_encode(body, value, size);
        return r;
}

int form_append(Secret *body, const char *name, const char *value) {
        return value ? form_append_bytes(body, name, value, strlen(value)) : 0;
}

int form_append_number(Secret *body, const char *name, long long value) {
        char digits[24];

        snprintf(digits, sizeof(digits), "%lld", value);
        return form_append(body, name, digits);
}
