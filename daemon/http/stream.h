#pragma once

/* A reply's body that is made piece by piece while the client reads it: one piece is in memory. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "wire/secret.h"

typedef struct Stream Stream;

/* Asks for the next piece: append to stream_piece(), then stream_fed(), now or later. */
typedef void (*StreamProducer)(void *userdata);

/* Borrows userdata. NULL: no memory. */
Stream *stream_new(StreamProducer produce, void *userdata);
Stream *stream_free(Stream *stream);

/* What is made now. Nothing may be appended unless a piece was asked for. */
Secret *stream_piece(Stream *stream);
void stream_fed(Stream *stream, bool is_last);
/* No more can come, though more should have: the client is to notice. */
void stream_break(Stream *stream);

#define STREAM_ENDED  (-1)
#define STREAM_BROKEN (-2)

/* Takes at most size bytes. 0: the next piece is being made; whoever feeds it tells the reader. */
ssize_t stream_read(Stream *stream, char *buffer, size_t size);
