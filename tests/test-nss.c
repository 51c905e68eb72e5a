/* Asking the machine: with answers from tables, and with its own for what every machine has. */

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/token.h"
#include "core/nss.h"
#include "wire/cleanup.h"
#include "wire/reason.h"
#include "wire/text.h"
#include "unit.h"

typedef struct Outcome {
        unsigned n_calls;
        int r;
        NssAnswer answer; /* its texts are the test's */
} Outcome;

static void on_answer(void *userdata, int r, NssAnswer *answer) {
        Outcome *outcome = userdata;

        outcome->n_calls++;
        outcome->r = r;
        outcome->answer = TAKE(*answer, (NssAnswer){ 0 });
}

static void outcome_done(Outcome *outcome) {
        nss_user_done(&outcome->answer.user);
        free(outcome->answer.uid_name);
        free(outcome->answer.gid_name);
}

static Outcome ask(const NssSource *source, const NssQuestion *question) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(nss_freep) Nss *nss = NULL;
        Outcome outcome = { 0 };

        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(nss_new(event, source, &nss), 0);
        assert_int_equal(nss_ask(nss, question, on_answer, &outcome), 0);
        assert_int_equal(outcome.n_calls, 0);
        while (outcome.n_calls == 0)
                assert_true(sd_event_run(event, 10 * USEC_PER_SEC) > 0);
        return outcome;
}

static void the_machine_knows_root(void **state) {
        static const char *const groups[] = { "root", NULL };
        NssQuestion question = { .name = "root", .uid = 0, .groups = (char *const *)groups };
        Outcome outcome = ask(&nss_source_system, &question);

        assert_int_equal(outcome.r, 0);
        assert_true(outcome.answer.user_exists);
        assert_string_equal(outcome.answer.user.name, "root");
        assert_int_equal(outcome.answer.user.uid, 0);
        assert_true(outcome.answer.user.home[0] == '/');
        assert_true(outcome.answer.group_exists);
        assert_string_equal(outcome.answer.uid_name, "root");
        assert_string_equal(outcome.answer.gid_name, "root");
        assert_true(outcome.answer.groups_exist);
        outcome_done(&outcome);
}

static void the_machine_knows_nobody_of_that_name(void **state) {
        static const char *const groups[] = { "root", "no-such-group-here", NULL };
        NssQuestion question = { .name = "no-such-user-here",
                                 .uid = 1999999999,
                                 .groups = (char *const *)groups };
        Outcome outcome = ask(&nss_source_system, &question);

        assert_int_equal(outcome.r, 0);
        assert_false(outcome.answer.user_exists);
        assert_false(outcome.answer.group_exists);
        assert_null(outcome.answer.uid_name);
        assert_null(outcome.answer.gid_name);
        assert_false(outcome.answer.groups_exist);
        outcome_done(&outcome);
}

static int fails_user_by_name(const char *name, NssUser *ret) {
        return streq(name, "broken") ? -EIO : -ENOENT;
}

static int fails_user_by_uid(uint32_t uid, NssUser *ret) {
        return uid == 1 ? -EIO : -ENOENT;
}

static int fails_group_by_name(const char *name) {
        return streq(name, "broken-group") ? -EIO : -ENOENT;
}

static int fails_group_by_gid(uint32_t gid, char **ret_name) {
        return gid == 2 ? -EIO : -ENOENT;
}

static const NssSource fails = { fails_user_by_name, fails_user_by_uid, fails_group_by_name,
                                 fails_group_by_gid };

static void a_failure_is_not_no(void **state) {
        static const char *const groups[] = { "broken-group", NULL };
        static const NssQuestion questions[] = {
                { .name = "broken", .uid = UID_NONE },
                { .name = "broken-group", .uid = UID_NONE },
                { .uid = 1 },
                { .uid = 2 },
                { .uid = UID_NONE, .groups = (char *const *)groups },
        };
        Outcome outcome;

        for (size_t i = 0; i < ELEMENTSOF(questions); i++) {
                outcome = ask(&fails, &questions[i]);
                assert_int_equal(outcome.r, REASON_NSS_UNAVAILABLE);
                assert_false(outcome.answer.groups_exist);
        }
        outcome = ask(&fails, &(NssQuestion){ .name = "ada", .uid = 3 });
        assert_int_equal(outcome.r, 0);
        assert_true(outcome.answer.groups_exist);
}

static sem_t hang;

static int hangs_user_by_name(const char *name, NssUser *ret) {
        sem_wait(&hang);
        return -ENOENT;
}

static const NssSource hangs = { hangs_user_by_name, fails_user_by_uid, fails_group_by_name,
                                 fails_group_by_gid };

/* The loop goes on; what does not fit is refused at once; the end answers everybody. */
static void a_hanging_module_is_bounded(void **state) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        Nss *nss = NULL;
        Outcome outcomes[200] = { 0 };
        unsigned n_taken = 0, n_cancelled = 0;

        assert_int_equal(sem_init(&hang, 0, 0), 0);
        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(nss_new(event, &hangs, &nss), 0);
        for (size_t i = 0; i < ELEMENTSOF(outcomes); i++) {
                int r = nss_ask(nss, &(NssQuestion){ .name = "ada", .uid = UID_NONE }, on_answer,
                                &outcomes[i]);

                assert_true(r == 0 || r == REASON_OVERLOADED);
                n_taken += r == 0;
        }
        assert_in_range(n_taken, 64, 65); /* the one that hangs may have left the queue */
        for (size_t i = 0; i < ELEMENTSOF(outcomes); i++)
                assert_int_equal(sem_post(&hang), 0);
        nss_free(nss);
        for (size_t i = 0; i < ELEMENTSOF(outcomes); i++) {
                assert_int_equal(outcomes[i].n_calls, i < n_taken ? 1 : 0);
                n_cancelled += outcomes[i].r == -ECANCELED;
        }
        assert_in_range(n_cancelled, 0, n_taken);
        sem_destroy(&hang);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_machine_knows_root),
                cmocka_unit_test(the_machine_knows_nobody_of_that_name),
                cmocka_unit_test(a_failure_is_not_no),
                cmocka_unit_test(a_hanging_module_is_bounded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
