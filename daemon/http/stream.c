/* A stream begins as if its first piece had been asked for. A piece that is all read makes room for
 * the next one, so a client that reads slowly is what slows the producer down. */

#include "http/stream.h"

#include <stdlib.h>
#include <string.h>

enum StreamState {
        STREAM_MAKING, /* a piece was asked for */
        STREAM_FULL,   /* it is there */
        STREAM_LAST,   /* it is there, and nothing comes behind it */
        STREAM_CUT,
};

struct Stream {
        StreamProducer produce;
        void *userdata;
        enum StreamState state;
        Secret piece;
        size_t n_read;
};

Stream *stream_new(StreamProducer produce, void *userdata) {
        Stream *stream = calloc(1, sizeof(*stream));

        if (!stream)
                return NULL;
        stream->produce = produce;
        stream->userdata = userdata;
        return stream;
}

Stream *stream_free(Stream *stream) {
        if (!stream)
                return NULL;
        secret_done(&stream->piece);
        free(stream);
        return NULL;
}

Secret *stream_piece(Stream *stream) {
        return &stream->piece;
}

void stream_fed(Stream *stream, bool is_last) {
        if (stream->state == STREAM_MAKING)
                stream->state = is_last ? STREAM_LAST : STREAM_FULL;
}

void stream_break(Stream *stream) {
        stream->state = STREAM_CUT;
}

static void make_next(Stream *stream) {
        secret_clear(&stream->piece);
        stream->n_read = 0;
        stream->state = STREAM_MAKING;
        stream->produce(stream->userdata);
}

ssize_t stream_read(Stream *stream, char *buffer, size_t size) {
        size_t left;

        while (stream->state == STREAM_FULL && stream->n_read == stream->piece.size)
                make_next(stream);
        if (stream->state == STREAM_CUT)
                return STREAM_BROKEN;
        if (stream->state == STREAM_MAKING)
                return 0;
        left = stream->piece.size - stream->n_read;
        if (left == 0)
                return stream->state == STREAM_LAST ? STREAM_ENDED : 0;
        if (left > size)
                left = size;
        memcpy(buffer, stream->piece.text + stream->n_read, left);
        stream->n_read += left;
        return (ssize_t)left;
}
