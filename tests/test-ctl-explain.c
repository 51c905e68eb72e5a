/* A login, step by step: what is asked of whom, and how it ends by the stack. */

#include "ctl-machine.h"

#include "ctl/explain.h"

#define LOGIN "0123456789abcdef0123456789abcdef"
#define AUTH  "auth [success=done default=ignore] pam_tokend.so"
#define ACCOUNT                                                                                    \
        "account [success=ok new_authtok_reqd=ok user_unknown=ignore authinfo_unavail=ignore "     \
        "default=bad] pam_tokend.so"
#define STACK                                                                                      \
        AUTH "\nauth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n"         \
             "auth required pam_permit.so\n" ACCOUNT "\naccount required pam_unix.so\n"
#define ACTIVE                                                                                     \
        "{\"username\":\"ada\",\"id\":\"u-1\",\"uid\":70000,\"gid\":70000,\"state\":\"active\"}"
#define MUST_CHANGE                                                                                \
        "{\"username\":\"ada\",\"id\":\"u-1\",\"uid\":70000,\"gid\":70000,"                        \
        "\"state\":\"password-must-change\"}"
#define USERS "{\"users\":[{\"name\":\"ada\",\"expires\":1795939920}]}"
#define GRANTED                                                                                    \
        "{\"username\":\"ada\",\"uid\":70000,\"gid\":70000,\"state\":\"active\",\"login\":"        \
        "\"" LOGIN "\"}"

typedef struct Walk {
        Bed *bed;
        Explanation explanation;
} Walk;

static void begin(Walk *walk, Bed *bed, const char *user, const char *stack) {
        bed_forget(bed);
        bed->machine.uid = 0;
        if (stack)
                bed_write(bed, "etc/pam.d/sshd", stack);
        bed_write(bed, "etc/pam.d/other", "auth required pam_deny.so\n");
        bed_write(bed, "etc/passwd", "root:x:0:0::/:/bin/sh\nlocal:x:1000:1000::/:/bin/sh\n");
        bed_program("/usr/bin/getent passwd -- ada", 0, "ada:x:70000:70000::/home/ada:/bin/sh\n");
        bed_program("/usr/bin/getent passwd -- local", 0, "local:x:1000:1000::/:/bin/sh\n");
        bed_program("/usr/bin/getent passwd -- root", 0, "root:x:0:0::/:/bin/sh\n");
        bed_program("/usr/bin/getent -s systemd passwd -- ada", 0, "ada:x:70000:70000::/:/\n");
        bed_program("/usr/bin/getent", 2, "");
        *walk = (Walk){ bed, EXPLANATION_INIT(.machine = &bed->machine, .ctl = &bed->ctl,
                                              .socket = bed->tokend.path, .user = user,
                                              .service = "sshd") };
}

/* The look at the socket connects and asks nothing. */
static void will_answer(Bed *bed, int status, const char *json) {
        bed_answer_health(bed, status, json);
}

static void end(Walk *walk, const char *password) {
        Explanation *e = &walk->explanation;
        Secret typed = SECRET_INIT;

        assert_int_equal(secret_append_text(&typed, password ?: ""), 0);
        if (explain_read_stack(e)) {
                bool goes_on = explain_look(e);
                if (goes_on != (password != NULL))
                        fail_findings(&e->steps, goes_on ? "an early end" : "a password");
                if (goes_on)
                        explain_try(e, &typed);
                if (e->end == END_UNKNOWN)
                        explain_conclude(e);
        }
        secret_done(&typed);
        assert_int_equal(e->steps.error, 0);
}

#define assert_end(walk, expected, word)                                                           \
        do {                                                                                       \
                if ((walk)->explanation.end != (expected) ||                                       \
                    !streq_ptr((walk)->explanation.reason, word))                                  \
                        fail_findings(&(walk)->explanation.steps, #expected " " #word);            \
                explanation_done(&(walk)->explanation);                                            \
        } while (0)

static void test_let_in(void **state) {
        Bed *bed = *state;
        const Findings *steps;
        Walk walk;

        begin(&walk, bed, "ada", STACK);
        walk.explanation.rhost = "192.0.2.7";
        steps = &walk.explanation.steps;
        will_answer(bed, 200, ACTIVE);
        bed_answer(bed, 200, USERS);
        bed_answer(bed, 200, GRANTED);
        bed_answer(bed, 200, "{\"revoked\":1}");
        end(&walk, "right");
        assert_well(steps);
        assert_found(steps, FINDING_OK, "name", "ada can be");
        assert_found(steps, FINDING_OK, "nss", "uid 70000 (systemd)");
        assert_found(steps, FINDING_OK, "state", "active");
        assert_found(steps, FINDING_NOTE, "expiry", "may log in until 2026-11-29");
        assert_found(steps, FINDING_OK, "uid", "uid 70000 may log in (min_uid=1000)");
        assert_found(steps, FINDING_OK, "password", "right");
        assert_found(steps, FINDING_OK, "login", LOGIN);
        assert_found(steps, FINDING_OK, "auth",
                     "sshd:1: pam_tokend.so gives success, and success=done");
        assert_found(steps, FINDING_OK, "account", "success=ok");
        /* the module's own call, and the login does not stay */
        assert_non_null(strstr(bed->tokend.requests[2], "POST /oauth/token "));
        assert_non_null(strstr(bed->tokend.requests[2], "password=right"));
        if (geteuid() == 0)
                assert_non_null(strstr(bed->tokend.requests[2], "service=sshd&rhost=192.0.2.7"));
        assert_non_null(strstr(bed->tokend.requests[3], "DELETE /v1/logins/" LOGIN "?user=ada "));
        assert_end(&walk, END_TOKEND, NULL);
}

static void test_refused(void **state) {
        Bed *bed = *state;
        Walk walk;
        static const struct {
                int status;
                const char *reply;
                const char *step;
                const char *word;
        } rows[] = {
                { 400, "{\"error\":\"x\",\"reason\":\"wrong-password\"}", "password",
                  "wrong-password" },
                { 429, "{\"error\":\"x\",\"reason\":\"too-many-failures\"}", "throttle",
                  "too-many-failures" },
                { 503, "{\"error\":\"x\",\"reason\":\"overloaded\"}", "tokend", "overloaded" },
                { 200, "{}", "password", "reply-malformed" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                begin(&walk, bed, "ada", STACK);
                will_answer(bed, 200, ACTIVE);
                bed_answer(bed, 200, USERS);
                bed_answer(bed, rows[i].status, rows[i].reply);
                end(&walk, "wrong");
                assert_found(&walk.explanation.steps, FINDING_FAILURE, rows[i].step, "");
                /* tokend has no time for anybody, wherever they are */
                if (rows[i].status == 503)
                        assert_null(find(&walk.explanation.steps, FINDING_FAILURE, "tokend",
                                         "every attempt"));
                assert_found(&walk.explanation.steps, FINDING_FAILURE, "unix",
                             "has no password of ada");
                assert_end(&walk, END_REFUSED, rows[i].word);
        }
}

static void test_left_to_unix(void **state) {
        Bed *bed = *state;
        Walk walk;

        begin(&walk, bed, "local", STACK);
        will_answer(bed, 404, "{\"error\":\"x\",\"reason\":\"user-unknown\"}");
        end(&walk, NULL);
        assert_found(&walk.explanation.steps, FINDING_NOTE, "tokend", "has no user local");
        assert_found(&walk.explanation.steps, FINDING_NOTE, "unix", "decides");
        assert_end(&walk, END_UNIX, NULL);
        /* nobody is asked about root */
        begin(&walk, bed, "root", STACK);
        end(&walk, NULL);
        assert_int_equal(fake_count(&bed->tokend), 0);
        assert_found(&walk.explanation.steps, FINDING_NOTE, "module", "about root");
        assert_end(&walk, END_UNIX, NULL);
        begin(&walk, bed, "local",
              AUTH " skip_local\nauth required pam_unix.so\n" ACCOUNT
                   " skip_local\naccount required pam_unix.so\n");
        end(&walk, NULL);
        assert_int_equal(fake_count(&bed->tokend), 0);
        assert_end(&walk, END_UNIX, NULL);
}

static void test_before_the_password(void **state) {
        Bed *bed = *state;
        Walk walk;

        begin(&walk, bed, "../x", STACK);
        end(&walk, NULL);
        assert_int_equal(script.n_runs, 0);
        assert_end(&walk, END_REFUSED, "invalid-name");
        begin(&walk, bed, "bob", STACK);
        end(&walk, NULL);
        assert_int_equal(fake_count(&bed->tokend), 0);
        assert_end(&walk, END_REFUSED, "not-known-to-nss");
        begin(&walk, bed, "ada", STACK);
        script.programs[0].status = -ETIMEDOUT;
        end(&walk, NULL);
        assert_end(&walk, END_REFUSED, "nss-unavailable");
}

static void test_account(void **state) {
        Bed *bed = *state;
        Walk walk;

        begin(&walk, bed, "ada", STACK);
        will_answer(bed, 403, "{\"error\":\"x\",\"reason\":\"user-locked\"}");
        bed_answer(bed, 200, USERS);
        bed_answer(bed, 403, "{\"error\":\"x\",\"reason\":\"user-locked\"}");
        end(&walk, "right");
        assert_found(&walk.explanation.steps, FINDING_FAILURE, "state", "locked");
        assert_end(&walk, END_REFUSED, "user-locked");
        begin(&walk, bed, "ada", STACK);
        will_answer(bed, 200, MUST_CHANGE);
        bed_answer(bed, 200, USERS);
        bed_answer(bed, 200, GRANTED);
        bed_answer(bed, 200, "{\"revoked\":1}");
        end(&walk, "right");
        assert_found(&walk.explanation.steps, FINDING_WARNING, "account", "new password first");
        assert_end(&walk, END_TOKEND, NULL);
        begin(&walk, bed, "ada", AUTH " min_uid=80000\n" ACCOUNT " min_uid=80000\n");
        will_answer(bed, 200, ACTIVE);
        bed_answer(bed, 200, USERS);
        bed_answer(bed, 200, GRANTED);
        bed_answer(bed, 200, "{\"revoked\":1}");
        end(&walk, "right");
        assert_end(&walk, END_REFUSED, "uid-not-permitted");
}

static void test_unreachable(void **state) {
        Bed *bed = *state;
        Walk walk;

        begin(&walk, bed, "ada", STACK);
        walk.explanation.socket = "/no/such/socket";
        end(&walk, NULL);
        assert_end(&walk, END_REFUSED, "daemon-unreachable");
        begin(&walk, bed, "local", STACK);
        walk.explanation.socket = "/no/such/socket";
        end(&walk, NULL);
        assert_end(&walk, END_UNIX, NULL);
        /* without authinfo_unavail=ignore it is the end of everybody */
        begin(&walk, bed, "local", "auth required pam_tokend.so\nauth required pam_unix.so\n");
        walk.explanation.socket = "/no/such/socket";
        end(&walk, NULL);
        assert_end(&walk, END_REFUSED, "daemon-unreachable");
        begin(&walk, bed, "ada", STACK);
        assert_int_equal(chmod(bed->tokend.folder, 0777), 0);
        end(&walk, NULL);
        assert_int_equal(chmod(bed->tokend.folder, 0700), 0);
        assert_end(&walk, END_REFUSED, "peer-untrusted");
}

#define COMMON_AUTH                                                                                \
        "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n"                \
        "auth required pam_permit.so\n"
#define GIVES_NOTHING "{\"error\":\"x\",\"reason\":\"wrong-password\"}"

/* What tokend says to a password. */
static void will_judge(Bed *bed, bool is_right) {
        will_answer(bed, 200, ACTIVE);
        bed_answer(bed, 200, USERS);
        bed_answer(bed, is_right ? 200 : 400, is_right ? GRANTED : GIVES_NOTHING);
        if (is_right)
                bed_answer(bed, 200, "{\"revoked\":1}");
}

/* Of other modules: whose yes only counts is believed; whose yes decides is not guessed at. */
static void test_other_modules(void **state) {
        Bed *bed = *state;
        static const struct {
                const char *stack;
                bool is_right;
                enum End end;
                const char *word;
        } rows[] = {
                /* Debian's su, with our lines and without */
                { "auth sufficient pam_rootok.so\n" AUTH "\n" COMMON_AUTH ACCOUNT "\n", false,
                  END_REFUSED, "wrong-password" },
                { "auth sufficient pam_rootok.so\n" AUTH "\n" COMMON_AUTH ACCOUNT "\n", true,
                  END_TOKEND, NULL },
                { "auth required pam_env.so\n" AUTH "\n" COMMON_AUTH ACCOUNT "\n", true, END_TOKEND,
                  NULL },
                /* it may get in by the other, or not */
                { AUTH "\nauth sufficient pam_sss.so\n" COMMON_AUTH ACCOUNT "\n", false,
                  END_UNKNOWN, NULL },
                { AUTH "\nauth sufficient pam_sss.so\n" COMMON_AUTH ACCOUNT "\n", true, END_TOKEND,
                  NULL },
                { "auth [success=1 default=ignore] pam_succeed_if.so uid < 5\n" AUTH
                  "\n" COMMON_AUTH ACCOUNT "\n",
                  true, END_UNKNOWN, NULL },
                { AUTH "\n" COMMON_AUTH "account sufficient pam_localuser.so\n" ACCOUNT
                       " misspelt\n",
                  true, END_UNKNOWN, NULL },
                /* its yes is thrown away */
                { "auth [default=ignore] pam_tokend.so\nauth required pam_permit.so\n" ACCOUNT "\n",
                  true, END_OTHERS, NULL },
                { "auth required pam_permit.so\nauth optional pam_tokend.so\n" ACCOUNT "\n", false,
                  END_OTHERS, NULL },
                /* what the module can't read is for the control to judge */
                { "auth [default=ignore] pam_tokend.so misspelt\n" AUTH "\n" COMMON_AUTH ACCOUNT
                  "\n",
                  true, END_TOKEND, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Walk walk;

                begin(&walk, bed, "ada", rows[i].stack);
                will_judge(bed, rows[i].is_right);
                end(&walk, rows[i].is_right ? "right" : "wrong");
                if (rows[i].end == END_UNKNOWN)
                        assert_found(&walk.explanation.steps, FINDING_NOTE,
                                     strstr(rows[i].stack, "localuser") ? "account" : "auth",
                                     "decides, and what it says is not known here");
                if (walk.explanation.end != rows[i].end)
                        print_error("row %zu\n", i);
                assert_end(&walk, rows[i].end, rows[i].word);
        }
}

/* Nobody asks tokend: it lets nobody in. */
static void test_not_asked(void **state) {
        Bed *bed = *state;
        Walk walk;

        begin(&walk, bed, "ada",
              "auth sufficient pam_rootok.so\n" COMMON_AUTH "account required pam_unix.so\n");
        will_answer(bed, 200, ACTIVE);
        bed_answer(bed, 200, USERS);
        end(&walk, NULL);
        assert_end(&walk, END_REFUSED, NULL);
        begin(&walk, bed, "local", COMMON_AUTH "account required pam_unix.so\n");
        will_answer(bed, 404, "{\"error\":\"x\",\"reason\":\"user-unknown\"}");
        end(&walk, NULL);
        assert_end(&walk, END_UNIX, NULL);
}

/* Each line has its own options: skip_local in account alone, as pam-auth-update writes it. */
static void test_options_of_each_line(void **state) {
        static const char profile[] =
                        "auth [success=2 default=ignore] pam_unix.so\n"
                        "auth [success=1 default=ignore] pam_tokend.so\nauth requisite "
                        "pam_deny.so\n"
                        "auth required pam_permit.so\naccount required pam_unix.so\n" ACCOUNT;
        Bed *bed = *state;
        char stack[1024];
        Walk walk;

        snprintf(stack, sizeof(stack), "%s skip_local\n", profile);
        for (int i = 0; i < 2; i++) {
                begin(&walk, bed, "local", i == 0 ? stack : profile);
                will_answer(bed, 403, "{\"error\":\"x\",\"reason\":\"user-locked\"}");
                bed_answer(bed, 200, "{\"users\":[]}");
                bed_answer(bed, 403, "{\"error\":\"x\",\"reason\":\"user-locked\"}");
                end(&walk, "typed");
                assert_end(&walk, i == 0 ? END_UNIX : END_REFUSED, i == 0 ? NULL : "user-locked");
        }
        /* whom tokend let in, it is asked about by the account line as well */
        begin(&walk, bed, "ada", stack);
        bed_write(bed, "etc/passwd", "ada:x:70000:70000::/:/bin/sh\n");
        will_answer(bed, 200, MUST_CHANGE);
        bed_answer(bed, 200, USERS);
        bed_answer(bed, 200, GRANTED);
        bed_answer(bed, 200, "{\"revoked\":1}");
        end(&walk, "right");
        assert_found(&walk.explanation.steps, FINDING_OK, "account", "gives new_authtok_reqd");
        assert_end(&walk, END_TOKEND, NULL);
        begin(&walk, bed, "ada", AUTH " min_uid=80000\n" COMMON_AUTH ACCOUNT "\n");
        will_judge(bed, true);
        end(&walk, "right");
        assert_end(&walk, END_REFUSED, "uid-not-permitted");
}

/* The module asks nobody about local users who are not in the snapshot. */
static void test_snapshot(void **state) {
        Bed *bed = *state;
        char passwd[128];
        Walk walk;

        begin(&walk, bed, "local", STACK);
        snprintf(passwd, sizeof(passwd), "local:x:1000:1000::/:/bin/sh\ntokend:x:%u:1::/:/x\n",
                 (unsigned)geteuid());
        bed_write(bed, "etc/passwd", passwd);
        bed_write(bed, SNAPSHOT_PATH + 1, SNAPSHOT_FIRST_LINE "ada:70000:70000:::active:\n");
        end(&walk, NULL);
        assert_int_equal(fake_count(&bed->tokend), 0);
        assert_found(&walk.explanation.steps, FINDING_NOTE, "module", "has not taken on");
        assert_end(&walk, END_UNIX, NULL);
        begin(&walk, bed, "local", STACK);
        bed_write(bed, SNAPSHOT_PATH + 1, SNAPSHOT_FIRST_LINE "local:1000:1000:::active:\n");
        will_answer(bed, 404, "{\"error\":\"x\",\"reason\":\"user-unknown\"}");
        end(&walk, NULL);
        assert_end(&walk, END_UNIX, NULL);
        bed_remove(bed, SNAPSHOT_PATH + 1);
}

/* The socket and the timeout are the line's, and a look uses up no token. */
static void test_as_the_line_asks(void **state) {
        Bed *bed = *state;
        char stack[1024];
        Walk walk;

        snprintf(stack, sizeof(stack),
                 AUTH " socket=%s accept=password,token one_time_token timeout=150ms\n" COMMON_AUTH
                                 ACCOUNT " socket=%s\n",
                 bed->tokend.path, bed->tokend.path);
        begin(&walk, bed, "ada", stack);
        walk.explanation.socket = NULL;
        will_judge(bed, true);
        end(&walk, "right");
        assert_found(&walk.explanation.steps, FINDING_OK, "socket", bed->tokend.path);
        assert_int_equal(walk.explanation.options.timeout_msec, 150);
        assert_non_null(strstr(bed->tokend.requests[2], "POST /oauth/token "));
        assert_null(strstr(bed->tokend.requests[2], "once="));
        assert_end(&walk, END_TOKEND, NULL);
        begin(&walk, bed, "ada", AUTH " socket=/no/such/socket\n" ACCOUNT "\n");
        walk.explanation.socket = NULL;
        end(&walk, NULL);
        assert_end(&walk, END_REFUSED, "daemon-unreachable");
}

static void test_waits_as_long(void **state) {
        Bed *bed = *state;
        struct timespec start, now;
        Walk walk;

        begin(&walk, bed, "ada", AUTH " timeout=150ms\n" ACCOUNT "\n");
        bed->answers[bed->n_answers++] = (FakeAnswer){ .hang_up = true };
        bed->answers[bed->n_answers++] = (FakeAnswer){ .bytes = "", .hang = true };
        fake_script(&bed->tokend, bed->answers, bed->n_answers);
        clock_gettime(CLOCK_MONOTONIC, &start);
        end(&walk, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
        assert_true((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 <
                    2500);
        assert_end(&walk, END_REFUSED, "timed-out");
}

/* That tokend has the user is said only when it says so itself. */
static void test_no_such_answer(void **state) {
        static const struct {
                int status;
                const char *reply;
        } rows[] = {
                { 503, "{\"error\":\"x\",\"reason\":\"overloaded\"}" },
                { 503, "{\"error\":\"x\",\"reason\":\"store-unavailable\"}" },
                { 503, "{\"error\":\"x\",\"reason\":\"nss-unavailable\"}" },
                { 400, "{\"error\":\"x\",\"reason\":\"invalid-request\"}" },
                { 200, "{\"username\":\"eve\",\"id\":\"u-2\",\"uid\":7,\"gid\":7,"
                       "\"state\":\"active\"}" },
        };
        Bed *bed = *state;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Walk walk;

                begin(&walk, bed, "ada", STACK);
                will_answer(bed, rows[i].status, rows[i].reply);
                end(&walk, NULL);
                assert_found(&walk.explanation.steps, FINDING_FAILURE, "tokend",
                             "doctor says more");
                assert_null(find(&walk.explanation.steps, FINDING_OK, "tokend", ""));
                assert_int_equal(walk.explanation.end, END_REFUSED);
                explanation_done(&walk.explanation);
        }
}

/* pam-auth-update's way: a jump over pam_deny, behind pam_unix. */
static void test_jump(void **state) {
        Bed *bed = *state;
        Walk walk;

        begin(&walk, bed, "ada",
              "auth [success=2 default=ignore] pam_unix.so\n"
              "auth [success=1 default=ignore] pam_tokend.so\nauth requisite pam_deny.so\n"
              "auth required pam_permit.so\n" ACCOUNT "\naccount required pam_unix.so\n");
        will_answer(bed, 200, ACTIVE);
        bed_answer(bed, 200, USERS);
        bed_answer(bed, 200, GRANTED);
        bed_answer(bed, 200, "{\"revoked\":1}");
        end(&walk, "right");
        assert_found(&walk.explanation.steps, FINDING_OK, "auth", "the next line is skipped");
        assert_end(&walk, END_TOKEND, NULL);
}

static void test_stacks(void **state) {
        Bed *bed = *state;
        Walk walk;

        /* nobody asks tokend about passwords */
        begin(&walk, bed, "local", "auth required pam_unix.so\n" ACCOUNT "\n");
        will_answer(bed, 404, "{\"error\":\"x\",\"reason\":\"user-unknown\"}");
        end(&walk, NULL);
        assert_found(&walk.explanation.steps, FINDING_WARNING, "pam", "for passwords");
        explanation_done(&walk.explanation);
        begin(&walk, bed, "ada", "auth required pam_tokend.so misspelt\n");
        end(&walk, NULL);
        assert_found(&walk.explanation.steps, FINDING_FAILURE, "pam", "sshd:1: \"misspelt\"");
        assert_end(&walk, END_REFUSED, NULL);
        begin(&walk, bed, "ada", "auth what pam_tokend.so\n");
        end(&walk, NULL);
        assert_end(&walk, END_REFUSED, NULL);
        /* a service without a file is "other" */
        begin(&walk, bed, "local", NULL);
        walk.explanation.service = "none";
        will_answer(bed, 404, "{\"error\":\"x\",\"reason\":\"user-unknown\"}");
        end(&walk, NULL);
        assert_found(&walk.explanation.steps, FINDING_WARNING, "pam", "does not ask tokend");
        assert_int_equal(walk.explanation.end, END_REFUSED);
        explanation_done(&walk.explanation);
}

/* A login that could not be ended is said. */
static void test_login_stays(void **state) {
        Bed *bed = *state;
        Walk walk;

        begin(&walk, bed, "ada", STACK);
        will_answer(bed, 200, ACTIVE);
        bed_answer(bed, 200, USERS);
        bed_answer(bed, 200, GRANTED);
        bed_answer(bed, 503, "{\"error\":\"x\",\"reason\":\"store-unavailable\"}");
        end(&walk, "right");
        assert_found(&walk.explanation.steps, FINDING_WARNING, "login", "could not be ended");
        assert_end(&walk, END_TOKEND, NULL);
        begin(&walk, bed, "ada", STACK);
        will_answer(bed, 200, ACTIVE);
        bed_answer(bed, 200, USERS);
        bed_answer(bed, 200,
                   "{\"username\":\"ada\",\"uid\":70000,\"gid\":70000,\"state\":\"active\","
                   "\"reason\":\"store-unavailable\"}");
        end(&walk, "right");
        assert_found(&walk.explanation.steps, FINDING_WARNING, "login", "no token");
        assert_end(&walk, END_TOKEND, NULL);
}

static void test_ordinary(void **state) {
        Bed *bed = *state;
        Walk walk;

        begin(&walk, bed, "ada", STACK);
        bed->machine.uid = 70000;
        will_answer(bed, 200, ACTIVE);
        bed_answer(bed, 403, "{\"error\":\"x\",\"reason\":\"access-denied\"}");
        assert_true(explain_read_stack(&walk.explanation));
        assert_false(explain_look(&walk.explanation));
        assert_found(&walk.explanation.steps, FINDING_OK, "tokend", "has the user ada");
        assert_found(&walk.explanation.steps, FINDING_NOTE, "password", "only root");
        explanation_done(&walk.explanation);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                BED_TEST(test_let_in),
                BED_TEST(test_refused),
                BED_TEST(test_left_to_unix),
                BED_TEST(test_before_the_password),
                BED_TEST(test_account),
                BED_TEST(test_unreachable),
                BED_TEST(test_jump),
                BED_TEST(test_stacks),
                BED_TEST(test_login_stays),
                BED_TEST(test_ordinary),
                BED_TEST(test_other_modules),
                BED_TEST(test_not_asked),
                BED_TEST(test_options_of_each_line),
                BED_TEST(test_snapshot),
                BED_TEST(test_as_the_line_asks),
                BED_TEST(test_waits_as_long),
                BED_TEST(test_no_such_answer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
