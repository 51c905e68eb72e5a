#pragma once

/* Part of a document that was read, written again. */

#include "wire/json-read.h"
#include "wire/json-write.h"

/* name as for json_write_…(). -EBADMSG: a number that is not whole. */
int json_copy(JsonWriter *w, const char *name, const Json *json, JsonNode node);
/* The same to standard output, with a newline. */
int json_print(const Json *json, JsonNode node);
