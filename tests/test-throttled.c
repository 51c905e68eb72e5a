/* What administrators see of the throttle, and what they forgive. */

#include "core-fixture.h"

#include "core/call.h"
#include "core/throttle.h"
#include "core/throttled.h"

#define REMOTE "192.0.2.1"

static void fail_times(Core *core, const char *who, bool is_known, unsigned n) {
        for (unsigned i = 0; i < n; i++)
                (void)throttle_verdict(core->authority->throttle,
                                       &(ThrottleSubject){ who, REMOTE, is_known }, false);
}

static int list(Core *core, const Caller *caller, const char *user, const char *cursor,
                unsigned limit, Heard *heard) {
        authority_throttle_list(core->authority, caller, user, cursor, limit, core_on_answer,
                                heard);
        return core_wait(core, heard);
}

static void throttled_done(Heard *heard) {
        for (size_t i = 0; i < heard->answer.n_throttled; i++)
                free(heard->answer.throttled[i].user);
        free(heard->answer.throttled);
        free(heard->answer.cursor);
        *heard = (Heard){ 0 };
}

static void test_list(void **state) {
        Core *core = *state;
        Caller root = core_root();
        Heard heard = { 0 };

        assert_int_equal(list(core, &root, NULL, NULL, 0, &heard), 0);
        assert_int_equal(heard.answer.n_throttled, 0);
        throttled_done(&heard);
        fail_times(core, "ada", true, 3);
        fail_times(core, "typed password", false, 1);
        assert_int_equal(list(core, &root, NULL, NULL, 0, &heard), 0);
        assert_int_equal(heard.answer.n_throttled, 2);
        assert_null(heard.answer.cursor);
        throttled_done(&heard);
        assert_int_equal(list(core, &root, "ada", NULL, 0, &heard), 0);
        assert_int_equal(heard.answer.n_throttled, 1);
        assert_string_equal(heard.answer.throttled[0].user, "ada");
        assert_string_equal(heard.answer.throttled[0].remote, REMOTE);
        assert_int_equal(heard.answer.throttled[0].n_failures, 3);
        assert_int_equal(heard.answer.throttled[0].wait, 1);
        assert_in_range(heard.answer.throttled[0].last, clock_realtime(&core_clock) - 10000000,
                        clock_realtime(&core_clock));
        throttled_done(&heard);
        assert_int_equal(list(core, &root, "typed password", NULL, 0, &heard), 0);
        assert_int_equal(heard.answer.n_throttled, 0);
        throttled_done(&heard);
}

static void test_pages(void **state) {
        Core *core = *state;
        Caller root = core_root();
        char *cursor = NULL, name[16];
        unsigned n = 0;

        for (unsigned i = 0; i < 10; i++) {
                snprintf(name, sizeof(name), "u%u", i);
                fail_times(core, name, true, 1);
        }
        do {
                Heard heard = { 0 };

                assert_int_equal(list(core, &root, NULL, cursor, 3, &heard), 0);
                n += (unsigned)heard.answer.n_throttled;
                free(cursor);
                cursor = TAKE_PTR(heard.answer.cursor);
                assert_int_equal(heard.answer.n_throttled, cursor ? 3 : 1);
                throttled_done(&heard);
        } while (cursor);
        assert_int_equal(n, 10);

        Heard heard = { 0 };
        assert_int_equal(list(core, &root, NULL, "x", 3, &heard), REASON_INVALID_VALUE);
        throttled_done(&heard);
        assert_int_equal(list(core, &root, NULL, "-1", 3, &heard), REASON_INVALID_VALUE);
        throttled_done(&heard);
        assert_int_equal(list(core, &root, NULL, "9000000000000000000", 3, &heard), 0);
        assert_int_equal(heard.answer.n_throttled, 0);
        throttled_done(&heard);
        assert_int_equal(list(core, &root, NULL, NULL, 1001, &heard), REASON_LIMIT_EXCEEDED);
        throttled_done(&heard);
}

static int clear(Core *core, const Caller *caller, const char *user, const char *remote, bool all,
                 uint64_t *ret_n) {
        ThrottleClearRequest request = { user, remote, all };
        _heard_ heard = { 0 };

        authority_throttle_clear(core->authority, caller, &request, core_on_answer, &heard);
        int r = core_wait(core, &heard);
        *ret_n = heard.answer.n_cleared;
        return r;
}

static unsigned wait_of(Core *core, const char *who) {
        return throttle_check(core->authority->throttle, &(ThrottleSubject){ who, REMOTE, true });
}

static void test_clear(void **state) {
        Core *core = *state;
        Caller root = core_root();
        uint64_t n;

        fail_times(core, "ada", true, 3);
        fail_times(core, "bob", true, 3);
        assert_int_equal(clear(core, &root, "ada", NULL, false, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(wait_of(core, "ada"), 0);
        assert_int_equal(wait_of(core, "bob"), 1);
        assert_int_equal(clear(core, &root, NULL, NULL, false, &n), REASON_INVALID_REQUEST);
        assert_int_equal(clear(core, &root, "bob", NULL, true, &n), REASON_INVALID_REQUEST);
        assert_int_equal(clear(core, &root, NULL, REMOTE, true, &n), REASON_INVALID_REQUEST);
        assert_int_equal(wait_of(core, "bob"), 1);
        assert_int_equal(clear(core, &root, NULL, NULL, true, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(wait_of(core, "bob"), 0);
}

/* What was forgiven is so after a restart. */
static void test_cleared_stays_cleared(void **state) {
        Core *core = *state;
        Caller root = core_root();
        uint64_t n;

        fail_times(core, "ada", true, 3);
        core_close(core);
        core_open(core);
        assert_int_equal(wait_of(core, "ada"), 1);
        assert_int_equal(clear(core, &root, "ada", NULL, false, &n), 0);
        core_close(core);
        core_open(core);
        assert_int_equal(wait_of(core, "ada"), 0);
}

static void test_nobody_else_may(void **state) {
        Core *core = *state;
        Caller callers[] = { core_uid(1000), core_anonymous() };
        uint64_t n;

        fail_times(core, "ada", true, 3);
        for (size_t i = 0; i < ELEMENTSOF(callers); i++) {
                Heard heard = { 0 };

                assert_int_equal(list(core, &callers[i], "ada", NULL, 0, &heard),
                                 REASON_ACCESS_DENIED);
                assert_int_equal(heard.answer.n_throttled, 0);
                throttled_done(&heard);
                assert_int_equal(clear(core, &callers[i], "ada", NULL, false, &n),
                                 REASON_ACCESS_DENIED);
        }
        assert_int_equal(wait_of(core, "ada"), 1);
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, core_setup, core_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_list),
                TEST(test_pages),
                TEST(test_clear),
                TEST(test_cleared_stays_cleared),
                TEST(test_nobody_else_may),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
