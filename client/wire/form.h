#pragma once

/* application/x-www-form-urlencoded, and the percent-encoding of URLs (RFC 3986 section 2.1). */

#include <stddef.h>

#include "wire/secret.h"

/* They stand in the form's text: to be read only, and not to be freed. */
typedef struct FormField {
        Secret name;
        Secret value; /* bytes as sent: may be any UTF-8 or Latin-1, never NUL */
} FormField;

typedef struct Form {
        Secret text;
        FormField *fields;
        size_t n_fields;
} Form;

#define FORM_INIT ((Form){ 0 })

/* Reads name=value&…; '+' is a space. At most FORM_FIELDS_MAX fields.
 * -EBADMSG: a bad percent escape or a NUL (also %00). -ENOTUNIQ: a name given twice (RFC 6749
 * section 3.2), but names with '[' in them, which are places in lists. -E2BIG: too many fields. */
int form_parse(const char *text, size_t size, Form *ret);
void form_done(Form *form);

/* The value; NULL when absent or empty, which RFC 6749 section 3.2 treats alike. Borrowed. */
const Secret *form_get(const Form *form, const char *name);
/* The same as text; NULL when absent or empty. Borrowed. */
const char *form_get_text(const Form *form, const char *name);

/* Adds "&" where needed and name=value, encoded. A NULL value adds nothing. 0 or -ENOMEM. */
int form_append(Secret *body, const char *name, const char *value);
int form_append_bytes(Secret *body, const char *name, const void *value, size_t size);
int form_append_number(Secret *body, const char *name, long long value);

/* Everything but the unreserved characters of RFC 3986 becomes %XX. 0 or -ENOMEM. */
int percent_encode(Secret *out, const void *data, size_t size);
/* Undoes what a form does to names and values: %XX, and + for a space. -EBADMSG: a bad escape or a
 * NUL. */
int form_decode(const char *text, size_t size, Secret *ret);
/* Undoes %XX where it stands ('+' stays). ret is to be read only; it ends with a NUL, which may
 * have taken the place of text[size]. -EBADMSG. */
int percent_decode_in_place(char *text, size_t size, Secret *ret);
