/* One call: it ends once, later, and with what was meant. */

#include <errno.h>

#include "core/call.h"
#include "core/logins.h"
#include "core/password.h"
#include "core/tokens.h"
#include "core/users.h"
#include "core-fixture.h"

static Call *start(Core *core, const Caller *caller, Heard *heard) {
        Call *call = call_new(core->authority, caller, sizeof(Call), NULL, core_on_answer, heard);

        assert_non_null(call);
        return call;
}

static void test_ends_later(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ heard = { 0 };
        Call *call = start(core, &root, &heard);

        assert_int_equal(authority_status(core->authority).n_calls, 1);
        call_finish(call, REASON_INVALID_SCOPE);
        assert_int_equal(heard.n, 0);
        assert_int_equal(authority_status(core->authority).n_calls, 1);
        assert_int_equal(core_wait(core, &heard), REASON_INVALID_SCOPE);
        assert_int_equal(authority_status(core->authority).n_calls, 0);
}

typedef struct Chain {
        Core *core;
        Caller caller;
        Heard last;
        unsigned n;
} Chain;

static void on_link(void *userdata, int r, Answer *answer) {
        Chain *chain = userdata;

        /* a call that is made in a handler ends on a later turn */
        if (++chain->n < 3)
                call_finish(call_new(chain->core->authority, &chain->caller, sizeof(Call), NULL,
                                     on_link, chain),
                            0);
        else
                core_on_answer(&chain->last, r, answer);
}

static void test_calls_from_handlers(void **state) {
        Chain chain = { .core = *state, .caller = core_root() };

        call_finish(call_new(chain.core->authority, &chain.caller, sizeof(Call), NULL, on_link,
                             &chain),
                    0);
        assert_int_equal(core_wait(chain.core, &chain.last), 0);
        assert_int_equal(chain.n, 3);
}

static void test_no_memory(void **state) {
        Core *core = *state;
        _heard_ answer = { 0 }, caller = { 0 };

        call_refuse(core->authority,
                    (RefusedCall){ .handler = core_on_answer, .userdata = &answer });
        call_refuse(core->authority,
                    (RefusedCall){ .caller_handler = core_on_caller, .userdata = &caller });
        assert_int_equal(core_wait(core, &answer), -ENOMEM);
        assert_int_equal(caller.n, 1);
        assert_int_equal(caller.r, -ENOMEM);
        caller.n = 0;
        Caller root = core_root();
        _heard_ lost = { 0 };
        call_store(start(core, &root, &lost), NULL, NULL);
        assert_int_equal(core_wait(core, &lost), -ENOMEM);
}

static void test_overload_says_when(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ heard = { 0 };

        call_finish(start(core, &root, &heard), REASON_OVERLOADED);
        assert_int_equal(core_wait(core, &heard), REASON_OVERLOADED);
        assert_true(heard.answer.retry_after >= 1);
}

/* Which ends wait for the fixed time, at which door. */
static void test_what_is_delayed(void **state) {
        Core *core = *state;
        Caller root = core_root(), ada = core_uid(70000), tcp = core_anonymous();
        const struct {
                Caller *caller;
                bool checks_credentials;
                int r;
                bool is_late;
        } rows[] = {
                { &tcp, true, REASON_WRONG_PASSWORD, true },
                { &tcp, true, REASON_EMPTY_PASSWORD, true },
                { &tcp, true, REASON_USER_LOCKED, true },
                { &tcp, true, REASON_USER_EXPIRED, true },
                { &tcp, true, REASON_PASSWORD_MUST_CHANGE, true },
                { &tcp, true, REASON_INVALID_CLIENT, true },
                { &tcp, true, REASON_NOT_KNOWN_TO_NSS, true },
                { &ada, true, REASON_ACCESS_DENIED, true },
                { &ada, true, REASON_WRONG_PASSWORD, true },
                { &root, true, REASON_WRONG_PASSWORD, false },
                { &tcp, false, REASON_ACCESS_DENIED, false },
                { &tcp, true, REASON_TOO_MANY_FAILURES, false },
                { &tcp, true, REASON_OVERLOADED, false },
                { &tcp, true, REASON_STORE_UNAVAILABLE, false },
                { &tcp, true, 0, false },
        };

        /* until the first measurement is over, after which it only grows */
        int64_t quantum = password_refusal_delay(core->authority->passwords);
        while (password_refusal_delay(core->authority->passwords) == quantum)
                assert_true(sd_event_run(core->event, USEC_PER_MSEC) >= 0);
        quantum = password_refusal_delay(core->authority->passwords);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _heard_ heard = { 0 };

                rows[i].caller->peer.received = clock_monotonic(&core_clock);
                Call *call = start(core, rows[i].caller, &heard);
                call->checks_credentials = rows[i].checks_credentials;
                call_finish(call, rows[i].r);
                assert_int_equal(core_wait(core, &heard), rows[i].r);
                int64_t took = clock_monotonic(&core_clock) - rows[i].caller->peer.received;
                if ((took >= quantum) != rows[i].is_late)
                        fail_msg("row %zu: %lld of %lld µs", i, (long long)took,
                                 (long long)quantum);
        }
}

/* Nobody learns from the time of a refusal whether somebody has an account. */
static void test_existence_takes_no_time(void **state) {
        static const char *const names[] = { "ada", "nobody" };
        Core *core = *state;
        Caller other = core_uid(54321);

        core_add_user(core, "ada", 70000);
        for (size_t i = 0; i < 4 * ELEMENTSOF(names); i++) {
                const char *name = names[i % ELEMENTSOF(names)];
                TokenListRequest list = { .user = name, .uid = UID_NONE, .limit = 1 };
                RevokeRequest revoke = { .user = name, .uid = UID_NONE };
                _heard_ heard = { 0 };

                other.peer.received = clock_monotonic(&core_clock);
                if (i < 2)
                        authority_login_check(core->authority, &other, name, core_on_answer, &heard);
                else if (i < 4)
                        authority_user_get(core->authority, &other, NULL, name, core_on_answer,
                                           &heard);
                else if (i < 6)
                        authority_token_list(core->authority, &other, &list, core_on_answer, &heard);
                else
                        authority_revoke_owner(core->authority, &other, &revoke, core_on_answer,
                                               &heard);
                assert_int_equal(core_wait(core, &heard), REASON_ACCESS_DENIED);
                /* the least that refusals wait */
                assert_true(clock_monotonic(&core_clock) - other.peer.received >=
                            100 * USEC_PER_MSEC);
        }
}

/* Whoever waits for its time only is answered when the authority goes. */
static void test_end_of_the_authority(void **state) {
        Core *core = *state;
        Caller tcp = core_anonymous();
        Heard heard[3] = { 0 };

        for (size_t i = 0; i < ELEMENTSOF(heard); i++) {
                Call *call = start(core, &tcp, &heard[i]);
                call->checks_credentials = i != 1;
                call_finish(call, REASON_WRONG_PASSWORD);
        }
        core_close(core);
        for (size_t i = 0; i < ELEMENTSOF(heard); i++) {
                assert_int_equal(heard[i].n, 1);
                assert_int_equal(heard[i].r, REASON_WRONG_PASSWORD);
        }
        core_open(core);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, core_setup, core_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_ends_later),
                TEST(test_existence_takes_no_time),
                TEST(test_calls_from_handlers),
                TEST(test_no_memory),
                TEST(test_overload_says_when),
                TEST(test_what_is_delayed),
                TEST(test_end_of_the_authority),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
