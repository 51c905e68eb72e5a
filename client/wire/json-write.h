#pragma once

/* Writing JSON into a Secret. Errors stick: check json_write_end() once. A name may be NULL inside
 * arrays and at the root. */

#include <stdbool.h>
#include <stdint.h>

#include "wire/secret.h"

typedef struct JsonWriter {
        Secret *out;
        int error;       /* the first failure, a negative errno */
        bool need_comma; /* something stands before in this container */
} JsonWriter;

#define JSON_WRITER(secret) ((JsonWriter){ .out = (secret) })

void json_write_object(JsonWriter *w, const char *name);
void json_write_object_end(JsonWriter *w);
void json_write_array(JsonWriter *w, const char *name);
void json_write_array_end(JsonWriter *w);

/* Text that is no UTF-8 is -EINVAL. A NULL text writes nothing at all: the member is absent. */
void json_write_text(JsonWriter *w, const char *name, const char *text);
void json_write_secret(JsonWriter *w, const char *name, const Secret *secret);
void json_write_int(JsonWriter *w, const char *name, int64_t value);
void json_write_bool(JsonWriter *w, const char *name, bool value);
void json_write_null(JsonWriter *w, const char *name);
/* An array of strings; NULL writes nothing. */
void json_write_strv(JsonWriter *w, const char *name, char *const *strv);

/* 0 or the first failure. */
int json_write_end(JsonWriter *w);
