#pragma once

/* Reading JSON (RFC 8259) strictly: no trailing text, no duplicate names, no raw control
 * characters, no \u0000, no lone surrogates, UTF-8 only. The one place that knows jsmn. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/secret.h"

/* A parsed document. It borrows the text, which must outlive it. */
typedef struct Json Json;

/* A place in a document. The root is JSON_ROOT. */
typedef int JsonNode;
#define JSON_ROOT 0
#define JSON_NONE (-1)

enum JsonType { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_BOOL, JSON_NULL };

/* -EBADMSG: not JSON by the rules above. -E2BIG: more than JSON_NODES_MAX values or deeper than
 * JSON_DEPTH_MAX. -ENOMEM. Work is linear in size. */
int json_parse(const char *text, size_t size, Json **ret);
Json *json_free(Json *json);
void json_freep(Json **json);

enum JsonType json_type(const Json *json, JsonNode node);

/* The value under name in an object; JSON_NONE when absent or when object is no object. */
JsonNode json_get(const Json *json, JsonNode object, const char *name);

/* Walks an array's values, or an object's names (json_value() gives what belongs to a name):
 * for (JsonNode n = json_first(j, list); n != JSON_NONE; n = json_next(j, n)) */
JsonNode json_first(const Json *json, JsonNode container);
JsonNode json_next(const Json *json, JsonNode node);
JsonNode json_value(const Json *json, JsonNode name);
size_t json_size(const Json *json, JsonNode container);

/* A string or a name, escapes undone. -EBADMSG: another type. */
int json_text(const Json *json, JsonNode node, Secret *ret);
/* A whole number in the range of int64_t. -EBADMSG: another type, a fraction, out of range. */
int json_int64(const Json *json, JsonNode node, int64_t *ret);
/* Any number, as near as a double comes. -EBADMSG: another type, beyond all doubles. */
int json_double(const Json *json, JsonNode node, double *ret);
int json_bool(const Json *json, JsonNode node, bool *ret);
/* A value as it is written, a string with its quotes. Borrowed, not terminated. */
const char *json_raw(const Json *json, JsonNode node, size_t *ret_size);

/* Members of an object: -ENOENT when absent or null, else as above. The text is the caller's to
 * free. */
int json_get_text(const Json *json, JsonNode object, const char *name, char **ret);
int json_get_secret(const Json *json, JsonNode object, const char *name, Secret *ret);
int json_get_int64(const Json *json, JsonNode object, const char *name, int64_t *ret);
int json_get_bool(const Json *json, JsonNode object, const char *name, bool *ret);
/* An array of strings as a NULL-terminated vector, free with strv_free(). */
int json_get_strv(const Json *json, JsonNode object, const char *name, char ***ret);
