#pragma once

/* The grammar of RFC 8259, which jsmn does not check. */

#include <stddef.h>
#include <stdint.h>

/* Counts what jsmn will make tokens of: values and names. -EBADMSG, -E2BIG as json_parse(). */
int json_validate(const char *text, size_t size, unsigned *ret_n_tokens);

/* Reads one character of a validated string's inside at *p (escapes undone, surrogates joined) and
 * moves *p behind it. */
uint32_t json_next_character(const char **p);
