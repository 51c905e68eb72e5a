#pragma once

/* Reading one HTTP/1.1 reply (RFC 9112) as its bytes come in. */

#include <stdbool.h>
#include <stddef.h>

#include "transport-unix.h"

/* The head of any reply of tokend's fits several times. */
#define REPLY_HEAD_MAX 8192U
/* A chunk's size in hex digits, and any extension. */
#define REPLY_CHUNK_LINE_MAX 256U

enum ReplyState {
        REPLY_STATUS_LINE,
        REPLY_FIELD,      /* a line of the head */
        REPLY_BODY,       /* left bytes of a body whose length was said */
        REPLY_CHUNK_SIZE, /* the line before a chunk */
        REPLY_CHUNK,      /* left bytes of it */
        REPLY_CHUNK_END,  /* the empty line behind it */
        REPLY_TRAILER,    /* a line behind the last chunk */
        REPLY_COMPLETE,
};

typedef struct ReplyReader {
        enum ReplyState state;
        Secret line;      /* of which the line feed has not come yet */
        size_t head_size; /* head and trailer so far */
        size_t left;
        size_t body_max;
        bool has_length;
        bool is_chunked;
        HttpReply reply;
} ReplyReader;

#define REPLY_READER(max) ((ReplyReader){ .body_max = (max), .reply = HTTP_REPLY_INIT })
void reply_reader_done(ReplyReader *reader);

/* 0, -ENOMEM, or -EBADMSG for anything that is no reply, that is longer than the limits, and that
 * goes on behind its end. reader->state tells whether it is complete. */
int reply_reader_feed(ReplyReader *reader, const char *data, size_t size);
