/* Any bytes as a reply: it makes no difference in which pieces they come, and what was cut
 * anywhere, or goes on behind its end, is no reply. */

#include "fuzz.h"

#include <errno.h>

#include "http-reply.h"
#include "wire/protocol.h"
#include "wire/text.h"

static const size_t limits[] = { BODY_MAX, 16 };

static int feed(ReplyReader *reader, const char *data, size_t size, size_t step) {
        for (size_t at = 0; at < size; at += step) {
                size_t piece = size - at < step ? size - at : step;

                int r = reply_reader_feed(reader, data + at, piece);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void check_complete(const ReplyReader *reader, size_t body_max) {
        const HttpReply *reply = &reader->reply;

        fuzz_check(reply->status >= 200 && reply->status <= 599);
        fuzz_check(reply->body.size <= body_max && reply->retry_after >= -1);
        fuzz_check(reader->has_length + reader->is_chunked == 1 || reply->status == 204);
}

static void check_cuts(const char *data, size_t size, size_t body_max) {
        for (size_t cut = 0; cut < size; cut++) {
                _cleanup_(reply_reader_done) ReplyReader reader = REPLY_READER(body_max);

                fuzz_check(reply_reader_feed(&reader, data, cut) == 0);
                fuzz_check(reader.state != REPLY_COMPLETE);
        }
}

static void check(const char *data, size_t size, size_t body_max) {
        _cleanup_(reply_reader_done) ReplyReader whole = REPLY_READER(body_max);
        int r = feed(&whole, data, size, size);

        fuzz_check(r == 0 || r == -EBADMSG);
        for (size_t step = 1; step < 8; step += 2) {
                _cleanup_(reply_reader_done) ReplyReader pieces = REPLY_READER(body_max);

                fuzz_check(feed(&pieces, data, size, step) == r);
                if (r < 0)
                        continue;
                fuzz_check(pieces.state == whole.state && pieces.left == whole.left);
                fuzz_check(pieces.reply.status == whole.reply.status);
                fuzz_check(pieces.reply.is_json == whole.reply.is_json);
                fuzz_check(pieces.reply.retry_after == whole.reply.retry_after);
                fuzz_check(secret_equal(&pieces.reply.body, &whole.reply.body));
        }
        if (r < 0 || whole.state != REPLY_COMPLETE)
                return;
        check_complete(&whole, body_max);
        if (size < 1024)
                check_cuts(data, size, body_max);
        fuzz_check(reply_reader_feed(&whole, "\r", 1) == -EBADMSG);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        for (size_t i = 0; size > 0 && i < ELEMENTSOF(limits); i++)
                check((const char *)data, size, limits[i]);
        return 0;
}
