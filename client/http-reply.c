/* A small strict state machine: lines end in CR LF, the body's length must be said in exactly one
 * way (Content-Length or chunked), so that a reply that was cut anywhere is never complete. What is
 * not understood is -EBADMSG. */

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "http-reply.h"
#include "wire/protocol.h"
#include "wire/text.h"

/* Numbers in the head: beyond every limit here, and below every overflow. */
#define DIGITS_MAX 9U

void http_reply_done(HttpReply *reply) {
        secret_done(&reply->body);
        *reply = HTTP_REPLY_INIT;
}

bool content_type_is_json(const char *value) {
        size_t size = strcspn(value, "; \t");

        return size == strlen(TYPE_JSON) && strncasecmp(value, TYPE_JSON, size) == 0;
}

void reply_reader_done(ReplyReader *reader) {
        secret_done(&reader->line);
        http_reply_done(&reader->reply);
}

static int read_status_line(ReplyReader *reader, const char *line) {
        static const char version[] = "HTTP/1.1 ";
        const char *digits = line + strlen(version);

        if (strncmp(line, version, strlen(version)) != 0)
                return -EBADMSG;
        for (size_t i = 0; i < 3; i++)
                if (digits[i] < '0' || digits[i] > '9')
                        return -EBADMSG;
        if (digits[3] != ' ' && digits[3] != '\0')
                return -EBADMSG;

        int status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
        if (status < 200 || status > 599)
                return -EBADMSG;
        reader->reply.status = status;
        reader->state = REPLY_FIELD;
        return 0;
}

static int read_digits(const char *text, size_t *ret) {
        size_t value = 0, n = strspn(text, "0123456789");

        if (n == 0 || n > DIGITS_MAX || text[n] != '\0')
                return -EBADMSG;
        for (size_t i = 0; i < n; i++)
                value = value * 10 + (size_t)(text[i] - '0');
        *ret = value;
        return 0;
}

static int field_content_length(ReplyReader *reader, const char *value) {
        if (reader->has_length)
                return -EBADMSG;
        reader->has_length = true;
        return read_digits(value, &reader->left);
}

static int field_transfer_encoding(ReplyReader *reader, const char *value) {
        if (reader->is_chunked || strcasecmp(value, "chunked") != 0)
                return -EBADMSG;
        reader->is_chunked = true;
        return 0;
}

static int field_content_type(ReplyReader *reader, const char *value) {
        reader->reply.is_json = content_type_is_json(value);
        return 0;
}

static int field_retry_after(ReplyReader *reader, const char *value) {
        size_t seconds;

        /* It may also be a date, which tokend never sends and nobody here needs. */
        if (read_digits(value, &seconds) == 0)
                reader->reply.retry_after = (long)seconds;
        return 0;
}

/* clang-format off */
static const struct {
        const char *name;
        int (*read)(ReplyReader *reader, const char *value);
} fields[] = {
        { "Content-Length",    field_content_length    },
        { "Transfer-Encoding", field_transfer_encoding },
        { "Content-Type",      field_content_type      },
        { "Retry-After",       field_retry_after       },
};
/* clang-format on */

static int read_head_end(ReplyReader *reader) {
        if (reader->has_length && reader->is_chunked)
                return -EBADMSG;
        if (reader->is_chunked) {
                reader->state = REPLY_CHUNK_SIZE;
                return 0;
        }
        if (!reader->has_length && reader->reply.status != 204)
                return -EBADMSG;
        if (reader->left > reader->body_max)
                return -EBADMSG;
        reader->state = reader->left > 0 ? REPLY_BODY : REPLY_COMPLETE;
        return 0;
}

static int read_field(ReplyReader *reader, char *line) {
        if (line[0] == '\0')
                return read_head_end(reader);

        size_t name_size = strcspn(line, ": \t");
        if (name_size == 0 || line[name_size] != ':')
                return -EBADMSG;
        line[name_size] = '\0';

        char *value = line + name_size + 1;
        value += strspn(value, " \t");
        size_t size = strlen(value);
        while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t'))
                value[--size] = '\0';

        for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                if (strcasecmp(fields[i].name, line) == 0)
                        return fields[i].read(reader, value);
        return 0;
}

static int read_chunk_size(ReplyReader *reader, const char *line) {
        size_t n = strspn(line, "0123456789abcdefABCDEF"), size = 0;

        /* Eight digits are more than any limit, and no overflow. */
        if (n == 0 || n > 8 || !strchr("; \t", line[n]))
                return -EBADMSG;
        for (size_t i = 0; i < n; i++)
                size = size * 16 + (size_t)hex_value(line[i]);
        if (size > reader->body_max - reader->reply.body.size)
                return -EBADMSG;
        reader->left = size;
        reader->state = size > 0 ? REPLY_CHUNK : REPLY_TRAILER;
        return 0;
}

static int read_line(ReplyReader *reader) {
        char *line = reader->line.text;
        size_t size = reader->line.size;

        if (size < 1 || line[size - 1] != '\r')
                return -EBADMSG;
        line[size - 1] = '\0';
        /* A NUL or another CR inside would hide what stands behind it. */
        if (strlen(line) != size - 1 || strchr(line, '\r'))
                return -EBADMSG;

        switch (reader->state) {
        case REPLY_STATUS_LINE:
                return read_status_line(reader, line);
        case REPLY_FIELD:
                return read_field(reader, line);
        case REPLY_CHUNK_SIZE:
                return read_chunk_size(reader, line);
        case REPLY_CHUNK_END:
                reader->state = REPLY_CHUNK_SIZE;
                return line[0] == '\0' ? 0 : -EBADMSG;
        case REPLY_TRAILER:
                if (line[0] == '\0')
                        reader->state = REPLY_COMPLETE;
                return 0;
        default:
                return -EBADMSG;
        }
}

/* How long the line that is being read may get. */
static size_t line_max(const ReplyReader *reader) {
        switch (reader->state) {
        case REPLY_CHUNK_SIZE:
                return REPLY_CHUNK_LINE_MAX;
        case REPLY_CHUNK_END:
                return 1;
        default:
                return REPLY_HEAD_MAX - reader->head_size;
        }
}

static int feed_line(ReplyReader *reader, const char *data, size_t size, size_t *ret_used) {
        const char *feed = memchr(data, '\n', size);
        size_t used = feed ? (size_t)(feed - data) : size;

        if (reader->line.size + used > line_max(reader))
                return -EBADMSG;
        int r = secret_append(&reader->line, data, used);
        if (r < 0)
                return r;
        if (!feed) {
                *ret_used = used;
                return 0;
        }

        if (reader->state != REPLY_CHUNK_SIZE && reader->state != REPLY_CHUNK_END)
                reader->head_size += reader->line.size;
        r = read_line(reader);
        if (r < 0)
                return r;
        secret_clear(&reader->line);
        *ret_used = used + 1;
        return 0;
}

static int feed_body(ReplyReader *reader, const char *data, size_t size, size_t *ret_used) {
        size_t used = size < reader->left ? size : reader->left;

        int r = secret_append(&reader->reply.body, data, used);
        if (r < 0)
                return r;
        reader->left -= used;
        if (reader->left == 0)
                reader->state = reader->state == REPLY_CHUNK ? REPLY_CHUNK_END : REPLY_COMPLETE;
        *ret_used = used;
        return 0;
}

int reply_reader_feed(ReplyReader *reader, const char *data, size_t size) {
        while (size > 0) {
                size_t used = 0;
                int r;

                if (reader->state == REPLY_COMPLETE)
                        return -EBADMSG;
                if (reader->state == REPLY_BODY || reader->state == REPLY_CHUNK)
                        r = feed_body(reader, data, size, &used);
                else
                        r = feed_line(reader, data, size, &used);
                if (r < 0)
                        return r;
                data += used;
                size -= used;
        }
        return 0;
}
