/* Who calls: the uid comes from the bus, is asked for once, and never waited for. */

#include "fake-bus.h"

#include "bus/bus-call.h"
#include "bus/bus-caller.h"

static void test_asked_once(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };

        for (unsigned i = 0; i < 3; i++) {
                manager_call(f, &reply, ADA, "ListTokens", "");
                assert_ok(&reply);
                assert_int_equal(f->core->last_caller.peer.uid, ADA_UID);
                assert_int_equal(f->n_uid_requests, 1);
        }
        manager_call(f, &reply, ROOT, "ListTokens", "");
        assert_int_equal(f->n_uid_requests, 2);
        assert_int_equal(f->core->last_caller.kind, CALLER_ROOT);
        manager_call(f, &reply, ADA, "ListTokens", "");
        assert_int_equal(f->core->last_caller.kind, CALLER_UID);
}

static void test_forgotten_when_it_leaves(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };

        manager_call(f, &reply, ADA, "ListTokens", "");
        emit_name_lost(f, BRIAN);
        emit_name_lost(f, ADA);
        turn_until(f, f->bus->n_senders == 0);
        manager_call(f, &reply, ADA, "ListTokens", "");
        assert_ok(&reply);
        assert_int_equal(f->n_uid_requests, 2);
}

/* Other calls are answered while the bus is asked; order within a sender is kept. */
static void test_nothing_waits(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply first = { 0 }, second = { 0 }, other = { 0 };

        manager_call(f, &other, BRIAN, "ListTokens", "");
        f->hold_uids = true;
        call_later(f, &first, ADA, MANAGER_PATH, MANAGER_INTERFACE, "ListTokens", "");
        call_later(f, &second, ADA, MANAGER_PATH, MANAGER_INTERFACE, "RevokeUser", "u", ADA_UID);
        turn_until(f, f->n_held == 1);
        manager_call(f, &other, BRIAN, "ListTokens", "");
        assert_ok(&other);
        assert_null(first.message);
        assert_int_equal(f->n_uid_requests, 2); /* one question for both calls */
        f->core->is_held = true;
        fake_answer_uid(f, f->held[0]);
        turn_until(f, f->core->n_calls == 2);
        assert_int_equal(f->core->calls[0].verb, FAKE_LIST);
        assert_int_equal(f->core->calls[1].verb, FAKE_REVOKE_OWNER);
        f->core->is_held = false;
        turn_until(f, first.message && second.message);
        assert_ok(&first);
        assert_ok(&second);
}

static void test_leaves_while_asked(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };

        f->hold_uids = true;
        call_later(f, &reply, ADA, MANAGER_PATH, MANAGER_INTERFACE, "RevokeUser", "u", ADA_UID);
        turn_until(f, f->n_held == 1);
        emit_name_lost(f, ADA);
        turn_until(f, !f->bus->calls);
        assert_int_equal(f->bus->n_senders, 0);
        fake_answer_uid(f, f->held[0]); /* too late */
        turn_for(f, 50 * USEC_PER_MSEC);
        assert_null(reply.message);
        assert_int_equal(f->core->last_caller.peer.received, 0); /* nothing was done */
}

static void test_leaves_while_the_core_works(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };

        f->core->is_held = true;
        call_later(f, &reply, ADA, MANAGER_PATH, MANAGER_INTERFACE, "ListTokens", "");
        turn_until(f, f->core->n_calls == 1);
        emit_name_lost(f, ADA);
        turn_until(f, f->bus->n_senders == 0);
        assert_non_null(f->bus->calls); /* the core still borrows it */
        f->core->is_held = false;
        turn_for(f, 50 * USEC_PER_MSEC);
        assert_null(f->bus->calls);
        assert_null(reply.message);
}

static void test_refused_without_uid(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };

        f->refuse_uids = true;
        manager_call(f, &reply, ADA, "RevokeUser", "u", ADA_UID);
        assert_error(&reply, SD_BUS_ERROR_ACCESS_DENIED);
        assert_int_equal(f->core->last_caller.peer.received, 0);
        f->refuse_uids = false; /* and asked again */
        manager_call(f, &reply, ADA, "ListTokens", "");
        assert_ok(&reply);
}

/* Somebody else's answer in the bus's place. */
static void test_forged_uid(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };

        f->uid_reply_sender = BRIAN;
        manager_call(f, &reply, ROOT, "ListTokens", "");
        assert_error(&reply, SD_BUS_ERROR_ACCESS_DENIED);
}

static void test_bound_of_a_sender(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply over = { 0 }, other = { 0 };
        Reply replies[BUS_SENDER_CALLS_MAX] = { 0 };

        f->core->is_held = true;
        for (size_t i = 0; i < ELEMENTSOF(replies); i++)
                call_later(f, &replies[i], ADA, MANAGER_PATH, MANAGER_INTERFACE, "ListTokens", "");
        turn_until(f, f->core->n_calls == BUS_SENDER_CALLS_MAX);
        manager_call(f, &over, ADA, "ListTokens", "");
        assert_error(&over, SD_BUS_ERROR_LIMITS_EXCEEDED);
        f->core->is_held = false;
        manager_call(f, &other, ROOT, "ListTokens", "");
        assert_ok(&other);
        for (size_t i = 0; i < ELEMENTSOF(replies); i++) {
                turn_until(f, replies[i].message);
                assert_ok(&replies[i]);
                sd_bus_message_unref(replies[i].message);
        }
        manager_call(f, &over, ADA, "ListTokens", "");
        assert_ok(&over);
}

static void test_bound_of_a_uid(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply over = { 0 }, other = { 0 };
        Reply replies[BUS_UID_CALLS_MAX] = { 0 };
        char sender[16];

        f->core->is_held = true;
        for (size_t i = 0; i < ELEMENTSOF(replies); i++) {
                snprintf(sender, sizeof(sender), ":1.%zu", 100 + i / 8); /* all of ADA_UID */
                call_later(f, &replies[i], sender, MANAGER_PATH, MANAGER_INTERFACE, "ListTokens",
                           "");
        }
        turn_until(f, f->core->n_calls == BUS_UID_CALLS_MAX);
        manager_call(f, &over, ADA, "ListTokens", "");
        assert_error(&over, SD_BUS_ERROR_LIMITS_EXCEEDED);
        call_later(f, &other, ROOT, MANAGER_PATH, MANAGER_INTERFACE, "ListTokens", "");
        turn_until(f, f->core->n_calls == BUS_UID_CALLS_MAX + 1);
        f->core->is_held = false;
        turn_until(f, other.message);
        for (size_t i = 0; i < ELEMENTSOF(replies); i++) {
                turn_until(f, replies[i].message);
                sd_bus_message_unref(replies[i].message);
        }
}

/* The table stays bounded; who is busy stays in it. */
static void test_table_is_bounded(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply busy = { 0 }, reply = { 0 };
        char sender[16];

        f->core->is_held = true;
        call_later(f, &busy, ADA, MANAGER_PATH, MANAGER_INTERFACE, "ListTokens", "");
        turn_until(f, f->core->n_calls == 1);
        for (unsigned i = 0; i < BUS_SENDERS_MAX + 10; i++) {
                snprintf(sender, sizeof(sender), ":1.%u", 100 + i);
                call(f, &reply, sender, MANAGER_PATH, MANAGER_INTERFACE, "GetToken", "s",
                     "../no-id"); /* refused before anybody is looked up */
        }
        assert_int_equal(f->n_uid_requests, 1);
        for (unsigned i = 0; i < BUS_SENDERS_MAX + 10; i++) {
                snprintf(sender, sizeof(sender), ":1.%u", 100 + i);
                call(f, &reply, sender, MANAGER_PATH, MANAGER_INTERFACE, "Reload", "");
                assert_error(&reply, SD_BUS_ERROR_ACCESS_DENIED);
        }
        assert_int_equal(f->bus->n_senders, BUS_SENDERS_MAX);
        f->core->is_held = false;
        turn_until(f, busy.message);
        assert_ok(&busy);
}

/* threats.md 32: large arguments are not kept. */
static void test_large_argument(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };
        _cleanup_(freep) char *text = malloc(8U << 20);

        assert_non_null(text);
        memset(text, 'a', (8U << 20) - 1);
        text[(8U << 20) - 1] = '\0';
        f->hold_uids = true;
        manager_call(f, &reply, ADA, "RevokeToken", "s", text);
        assert_error(&reply, "org.tokend1.NoSuchToken");
        manager_call(f, &reply, ADA, "ListTokensEx", "a{sv}us", 0, 1U, text);
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
        manager_call(f, &reply, ADA, "ListTokensEx", "a{sv}us", 1, text, "s", "x", 1U, "");
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
        assert_null(f->bus->calls);
}

#define WITH_BUS(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_BUS(test_asked_once),
                WITH_BUS(test_forgotten_when_it_leaves),
                WITH_BUS(test_nothing_waits),
                WITH_BUS(test_leaves_while_asked),
                WITH_BUS(test_leaves_while_the_core_works),
                WITH_BUS(test_refused_without_uid),
                WITH_BUS(test_forged_uid),
                WITH_BUS(test_bound_of_a_sender),
                WITH_BUS(test_bound_of_a_uid),
                WITH_BUS(test_table_is_bounded),
                WITH_BUS(test_large_argument),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
