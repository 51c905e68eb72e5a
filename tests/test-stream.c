/* Unit tests of http/stream. */

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "http/stream.h"
#include "wire/cleanup.h"

typedef struct Maker {
        Stream *stream;
        unsigned n_asked;
        unsigned now; /* pieces that are made at once, all of them empty but the last */
        bool breaks;
} Maker;

static void feed(Stream *stream, const char *text, bool is_last) {
        assert_int_equal(secret_append_text(stream_piece(stream), text), 0);
        stream_fed(stream, is_last);
}

static void on_asked(void *userdata) {
        Maker *maker = userdata;

        maker->n_asked++;
        if (maker->breaks)
                stream_break(maker->stream);
        else if (maker->now > 0)
                feed(maker->stream, --maker->now == 0 ? "now" : "", false);
}

static void expect(Stream *stream, size_t size, const char *text) {
        char buffer[64];

        assert_int_equal(stream_read(stream, buffer, size), strlen(text));
        assert_memory_equal(buffer, text, strlen(text));
}

static int setup(void **state) {
        Maker *maker = calloc(1, sizeof(*maker));
        maker->stream = stream_new(on_asked, maker);
        assert_non_null(maker->stream);
        *state = maker;
        return 0;
}

static int teardown(void **state) {
        Maker *maker = *state;
        stream_free(maker->stream);
        free(maker);
        return 0;
}

static void test_pieces(void **state) {
        Maker *maker = *state;
        Stream *stream = maker->stream;
        char buffer[8];

        /* The first piece is being made from the start. */
        assert_int_equal(stream_read(stream, buffer, sizeof(buffer)), 0);
        assert_int_equal(maker->n_asked, 0);
        feed(stream, "abcdef", false);
        expect(stream, 4, "abcd");
        expect(stream, 4, "ef");
        assert_int_equal(maker->n_asked, 0);
        /* Only what was read makes room, and one piece is asked for once. */
        assert_int_equal(stream_read(stream, buffer, sizeof(buffer)), 0);
        assert_int_equal(stream_read(stream, buffer, sizeof(buffer)), 0);
        assert_int_equal(maker->n_asked, 1);
        assert_int_equal(stream_piece(stream)->size, 0);
        feed(stream, "ghi", true);
        expect(stream, 4, "ghi");
        assert_int_equal(stream_read(stream, buffer, sizeof(buffer)), STREAM_ENDED);
        assert_int_equal(stream_read(stream, buffer, sizeof(buffer)), STREAM_ENDED);
        assert_int_equal(maker->n_asked, 1);
}

static void test_made_at_once(void **state) {
        Maker *maker = *state;

        feed(maker->stream, "x", false);
        expect(maker->stream, 8, "x");
        maker->now = 3;
        expect(maker->stream, 8, "now");
        assert_int_equal(maker->n_asked, 3);
}

static void test_empty_end(void **state) {
        Maker *maker = *state;
        char buffer[8];

        feed(maker->stream, "x", false);
        expect(maker->stream, 8, "x");
        assert_int_equal(stream_read(maker->stream, buffer, sizeof(buffer)), 0);
        feed(maker->stream, "", true);
        assert_int_equal(stream_read(maker->stream, buffer, sizeof(buffer)), STREAM_ENDED);
}

static void test_break(void **state) {
        Maker *maker = *state;
        char buffer[8];

        feed(maker->stream, "abc", false);
        expect(maker->stream, 1, "a");
        stream_break(maker->stream);
        assert_int_equal(stream_read(maker->stream, buffer, sizeof(buffer)), STREAM_BROKEN);
        /* What comes too late changes nothing. */
        stream_fed(maker->stream, true);
        assert_int_equal(stream_read(maker->stream, buffer, sizeof(buffer)), STREAM_BROKEN);
        assert_int_equal(maker->n_asked, 0);
}

static void test_break_when_asked(void **state) {
        Maker *maker = *state;
        char buffer[8];

        maker->breaks = true;
        feed(maker->stream, "a", false);
        expect(maker->stream, 1, "a");
        assert_int_equal(stream_read(maker->stream, buffer, sizeof(buffer)), STREAM_BROKEN);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_pieces, setup, teardown),
                cmocka_unit_test_setup_teardown(test_made_at_once, setup, teardown),
                cmocka_unit_test_setup_teardown(test_empty_end, setup, teardown),
                cmocka_unit_test_setup_teardown(test_break, setup, teardown),
                cmocka_unit_test_setup_teardown(test_break_when_asked, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
