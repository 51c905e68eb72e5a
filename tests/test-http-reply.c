#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "http-reply.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"

/* 1: a whole reply; 0: one that needs more. */
static int feed(const char *text, size_t size, size_t max) {
        _cleanup_(reply_reader_done) ReplyReader reader = REPLY_READER(max);
        int r = reply_reader_feed(&reader, text, size);

        return r < 0 ? r : reader.state == REPLY_COMPLETE;
}

static void test_malformed(void **state) {
        static const char *const bad[] = {
                "\r\n",
                "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 100 Continue\r\n\r\n",
                "HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
                "HTTP/1.1 200 OK\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore",
                "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\nab",
                "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: "
                "chunked\r\n\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\n Content-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        };
        static const char nul[] = "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n";

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                if (feed(bad[i], strlen(bad[i]), BODY_MAX) != -EBADMSG)
                        fail_msg("taken: %s", bad[i]);
        assert_int_equal(feed(nul, sizeof(nul) - 1, BODY_MAX), -EBADMSG);
}

/* Every value of every byte of the status: three digits in the range or nothing. */
static void test_status_bytes(void **state) {
        for (size_t place = 0; place < 3; place++)
                for (int byte = 0; byte < 256; byte++) {
                        char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                        bool good = byte >= '0' && byte <= '9' &&
                                    (place > 0 || (byte >= '2' && byte <= '5'));

                        text[9 + place] = (char)byte;
                        assert_int_equal(feed(text, sizeof(text) - 1, BODY_MAX),
                                         good ? 1 : -EBADMSG);
                }
}

static void test_limits(void **state) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        char line[128];

        static const char plain[] = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789";
        static const char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                      "4\r\n1234\r\n5\r\n12345\r\n0\r\n\r\n";

        assert_int_equal(feed(plain, strlen(plain), 9), 1);
        assert_int_equal(feed(plain, strlen(plain), 8), -EBADMSG);
        assert_int_equal(feed(chunked, strlen(chunked), 9), 1);
        assert_int_equal(feed(chunked, strlen(chunked), 8), -EBADMSG);

        /* A head without an end, and a chunk's extension without one. */
        assert_int_equal(secret_append_text(&text, "HTTP/1.1 200 OK\r\n"), 0);
        for (int i = 0; i < 300; i++) {
                snprintf(line, sizeof(line), "X-%d: 0123456789012345678901234567890\r\n", i);
                assert_int_equal(secret_append_text(&text, line), 0);
        }
        assert_int_equal(feed(text.text, text.size, BODY_MAX), -EBADMSG);
        secret_done(&text);
        assert_int_equal(secret_append_text(&text, "HTTP/1.1 200 OK\r\n"
                                                   "Transfer-Encoding: chunked\r\n\r\n1;"), 0);
        for (int i = 0; i < 300; i++)
                assert_int_equal(secret_append_text(&text, "x"), 0);
        assert_int_equal(feed(text.text, text.size, BODY_MAX), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_malformed),
                cmocka_unit_test(test_status_bytes),
                cmocka_unit_test(test_limits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
