#pragma once

/* Growable bytes that wipe themselves when they are freed and when they move. Every body that
 * may carry a password or a token is one, in both directions. */

#include <stdbool.h>
#include <stddef.h>

typedef struct Secret {
        char *text; /* NUL-terminated behind size; NULL when nothing was ever put in */
        size_t size;
        size_t capacity;
} Secret;

#define SECRET_INIT ((Secret){ 0 })

/* Wipes and frees; leaves an empty Secret behind. */
void secret_done(Secret *s);
/* Wipes the content and keeps the memory. */
void secret_clear(Secret *s);

/* Each returns 0 or -ENOMEM; on failure the content is as before. */
int secret_reserve(Secret *s, size_t more);
int secret_append(Secret *s, const void *data, size_t size);
int secret_append_text(Secret *s, const char *text);
int secret_set(Secret *s, const void *data, size_t size); /* data may stand in s */

/* The text, "" for an empty Secret. Valid until the next change. */
const char *secret_text(const Secret *s);
static inline bool secret_is_empty(const Secret *s) {
        return !s || s->size == 0;
}

/* In a time that depends on the sizes only. */
bool secret_equal(const Secret *a, const Secret *b);
