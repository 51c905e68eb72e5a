/* Bytes that wipe themselves.
 *
 * Invariant: text is NULL or holds capacity + 1 bytes, of which text[size] is NUL, and no byte that
 * was ever stored outlives secret_done() or a move to a larger block. */

#include "wire/secret.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 120U

void secret_clear(Secret *s) {
        if (!s->text)
                return;
        explicit_bzero(s->text, s->size);
        s->size = 0;
}

void secret_done(Secret *s) {
        if (!s)
                return;
        secret_clear(s);
        free(s->text);
        *s = SECRET_INIT;
}

int secret_reserve(Secret *s, size_t more) {
        size_t capacity, wanted;
        char *text;

        if (more > SIZE_MAX / 4 - s->size)
                return -ENOMEM;
        wanted = s->size + more;
        if (s->text && wanted <= s->capacity)
                return 0;
        capacity = s->capacity * 2;
        if (capacity < wanted)
                capacity = wanted;
        if (capacity < CAPACITY_MIN)
                capacity = CAPACITY_MIN;
        text = malloc(capacity + 1);
        if (!text)
                return -ENOMEM;
        if (s->size > 0)
                memcpy(text, s->text, s->size);
        text[s->size] = '\0';
        /* not realloc(), which may leave the old copy behind */
        if (s->text)
                explicit_bzero(s->text, s->size);
        free(s->text);
        s->text = text;
        s->capacity = capacity;
        return 0;
}

int secret_append(Secret *s, const void *data, size_t size) {
        int r = secret_reserve(s, size);

        if (r < 0)
                return r;
        if (size > 0)
                memcpy(s->text + s->size, data, size);
        s->size += size;
        s->text[s->size] = '\0';
        return 0;
}

int secret_append_text(Secret *s, const char *text) {
        return secret_append(s, text, strlen(text));
}

int secret_set(Secret *s, const void *data, size_t size) {
        Secret fresh = SECRET_INIT;
        int r;

        if (!s->text || size > s->capacity) {
                r = secret_append(&fresh, data, size);
                if (r < 0)
                        return r;
                secret_done(s);
                *s = fresh;
                return 0;
        }
        if (size > 0)
                memmove(s->text, data, size);
        if (size < s->size)
                explicit_bzero(s->text + size, s->size - size);
        s->size = size;
        s->text[size] = '\0';
        return 0;
}

const char *secret_text(const Secret *s) {
        return s && s->text ? s->text : "";
}

bool secret_equal(const Secret *a, const Secret *b) {
        const volatile unsigned char *x = (const volatile unsigned char *)secret_text(a);
        const volatile unsigned char *y = (const volatile unsigned char *)secret_text(b);
        unsigned char difference = 0;

        if (a->size != b->size)
                return false;
        for (size_t i = 0; i < a->size; i++)
                difference |= x[i] ^ y[i];
        return difference == 0;
}
