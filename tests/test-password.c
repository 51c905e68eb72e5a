/* Checking and making password hashes, on real workers and a real loop. */

#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "core/password.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"
#include "wire/reason.h"
#include "wire/text.h"
#include "unit.h"

typedef struct Fixture {
        sd_event *event;
        Config config;
        Passwords *passwords;
} Fixture;

typedef struct Outcome {
        unsigned n_calls;
        int r;
        bool matches;
        Secret hash;
        unsigned *order; /* shared: how many came before */
        unsigned place;
} Outcome;

static void fixture_start(Fixture *fixture, const char *method, uint64_t rounds, uint64_t workers,
                          uint64_t queue) {
        static char name[32];

        strcpy(name, method);
        fixture->config = (Config){
                .hash = name, .hash_rounds = rounds, .workers = workers, .queue = queue
        };
        assert_true(sd_event_new(&fixture->event) >= 0);
        assert_int_equal(passwords_new(fixture->event, &fixture->config, &fixture->passwords), 0);
}

static void fixture_done(Fixture *fixture) {
        passwords_free(fixture->passwords);
        sd_event_unref(fixture->event);
}

static Fixture fixture_cheap(void) {
        Fixture fixture = { 0 };

        fixture_start(&fixture, "bcrypt", 4, 2, 64);
        return fixture;
}

static Secret secret_of(const char *text) {
        Secret secret = SECRET_INIT;

        assert_int_equal(secret_append_text(&secret, text), 0);
        return secret;
}

static Secret secret_of_size(size_t size) {
        Secret secret = SECRET_INIT;

        for (size_t i = 0; i < size; i++)
                assert_int_equal(secret_append(&secret, "x", 1), 0);
        return secret;
}

static void on_check(void *userdata, int r, bool matches) {
        Outcome *outcome = userdata;

        outcome->n_calls++;
        outcome->r = r;
        outcome->matches = matches;
        if (outcome->order)
                outcome->place = (*outcome->order)++;
}

static void on_hash(void *userdata, int r, Secret *hash) {
        Outcome *outcome = userdata;

        outcome->n_calls++;
        outcome->r = r;
        outcome->hash = TAKE(*hash, SECRET_INIT);
}

static void run_until(Fixture *fixture, const unsigned *n_calls, unsigned wanted) {
        while (*n_calls < wanted)
                assert_true(sd_event_run(fixture->event, 10 * USEC_PER_SEC) > 0);
}

static bool check(Fixture *fixture, const Secret *secret, const char *hash_text) {
        _cleanup_(secret_done) Secret hash = secret_of(hash_text ? hash_text : "");
        Outcome outcome = { 0 };

        assert_int_equal(password_check(fixture->passwords, secret, hash_text ? &hash : NULL,
                                        (PasswordLane){ .key = "uid:1" }, on_check, &outcome),
                         0);
        assert_int_equal(outcome.n_calls, 0);
        run_until(fixture, &outcome.n_calls, 1);
        assert_int_equal(outcome.r, 0);
        return outcome.matches;
}

static int hash(Fixture *fixture, const Secret *secret, Secret *ret) {
        Outcome outcome = { 0 };
        int r = password_hash(fixture->passwords, secret, (PasswordLane){ 0 }, on_hash, &outcome);

        if (r != 0)
                return r;
        run_until(fixture, &outcome.n_calls, 1);
        *ret = outcome.hash;
        return outcome.r;
}

static void hashes_and_checks(void **state) {
        static const struct {
                const char *method, *prefix;
                uint64_t rounds;
        } cases[] = {
                { "yescrypt", "$y$j75$", 1 },
                { "sha512crypt", "$6$rounds=1000$", 1000 },
                { "sha256crypt", "$5$rounds=1000$", 1000 },
                { "bcrypt", "$2b$04$", 4 },
                { "$2y$", "$2y$04$", 4 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Fixture fixture = { 0 };
                _cleanup_(secret_done) Secret right = secret_of("p\xc3\xa4ss & %=+\"\\ \x01\xff");
                _cleanup_(secret_done) Secret wrong = secret_of("p\xc3\xa4ss & %=+\"\\ \x01\xfe");
                _cleanup_(secret_done) Secret first = SECRET_INIT;
                _cleanup_(secret_done) Secret second = SECRET_INIT;

                fixture_start(&fixture, cases[i].method, cases[i].rounds, 1, 8);
                assert_int_equal(hash(&fixture, &right, &first), 0);
                assert_int_equal(hash(&fixture, &right, &second), 0);
                assert_memory_equal(secret_text(&first), cases[i].prefix, strlen(cases[i].prefix));
                assert_string_not_equal(secret_text(&first), secret_text(&second));
                assert_true(check(&fixture, &right, secret_text(&first)));
                assert_false(check(&fixture, &wrong, secret_text(&first)));
                fixture_done(&fixture);
        }
}

static void foreign_formats_match(void **state) {
        static const char *const prefixes[] = { "$1$", "$5$", "$6$", "$2a$", "_", "" };
        Fixture fixture = fixture_cheap();
        _cleanup_(freep) struct crypt_data *scratch = calloc(1, sizeof(*scratch));
        _cleanup_(secret_done) Secret right = secret_of("geheim");
        _cleanup_(secret_done) Secret wrong = secret_of("geheimn");

        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
                char setting[CRYPT_GENSALT_OUTPUT_SIZE], stored[CRYPT_OUTPUT_SIZE];

                assert_non_null(crypt_gensalt_rn(prefixes[i], 0, NULL, 0, setting,
                                                 sizeof(setting)));
                strcpy(stored, crypt_rn("geheim", setting, scratch, sizeof(*scratch)));
                assert_true(check(&fixture, &right, stored));
                assert_false(check(&fixture, &wrong, stored));
        }
        fixture_done(&fixture);
}

static void what_is_no_hash_never_matches(void **state) {
        static const char *const stored[] = { NULL,          "",    "!",       "*",
                                              "!!",          "*0",  "*1",      "x",
                                              "$9$abc$def",  "$6$", "$y$j9T$", "secret",
                                              "$2b$04$short" };
        Fixture fixture = fixture_cheap();
        static const char *const typed[] = { "secret", "", "!", "*", "*0", "*1", "x" };

        for (size_t i = 0; i < ELEMENTSOF(stored); i++)
                for (size_t j = 0; j < ELEMENTSOF(typed); j++) {
                        _cleanup_(secret_done) Secret secret = secret_of(typed[j]);

                        assert_false(check(&fixture, &secret, stored[i]));
                }
        assert_false(check(&fixture, NULL, NULL));
        fixture_done(&fixture);
}

/* A locked account's hash, with the '!' that usermod -L puts before it. */
static void locked_hash_never_matches(void **state) {
        Fixture fixture = fixture_cheap();
        _cleanup_(secret_done) Secret secret = secret_of("geheim");
        _cleanup_(secret_done) Secret made = SECRET_INIT;
        char locked[CRYPT_OUTPUT_SIZE + 1] = "!";

        assert_int_equal(hash(&fixture, &secret, &made), 0);
        strcat(locked, secret_text(&made));
        assert_false(check(&fixture, &secret, locked));
        fixture_done(&fixture);
}

static void empty_passwords_are_refused(void **state) {
        Fixture fixture = fixture_cheap();
        _cleanup_(secret_done) Secret empty = SECRET_INIT;
        _cleanup_(secret_done) Secret made = SECRET_INIT;
        _cleanup_(freep) struct crypt_data *scratch = calloc(1, sizeof(*scratch));

        assert_int_equal(hash(&fixture, &empty, &made), REASON_EMPTY_PASSWORD);
        assert_false(check(&fixture, &empty, crypt_rn("", "$1$abc$", scratch, sizeof(*scratch))));
        fixture_done(&fixture);
}

/* Exactly, or not at all. */
static void long_passwords_are_never_cut(void **state) {
        static const struct {
                const char *method;
                uint64_t rounds;
                size_t size_max;
        } cases[] = { { "yescrypt", 1, 511 }, { "sha512crypt", 1000, 511 }, { "bcrypt", 4, 72 } };
        static const size_t sizes[] = {
                1, 71, 72, 73, 510, 511, 512, 513, 1023, PASSWORD_MAX, 65536
        };

        for (size_t i = 0; i < ELEMENTSOF(cases) * ELEMENTSOF(sizes); i++) {
                size_t size = sizes[i % ELEMENTSOF(sizes)],
                       max = cases[i / ELEMENTSOF(sizes)].size_max;
                _cleanup_(secret_done) Secret secret = secret_of_size(size);
                _cleanup_(secret_done) Secret longer = secret_of_size(size + 1);
                _cleanup_(secret_done) Secret made = SECRET_INIT;
                Fixture fixture = { 0 };
                int r;

                fixture_start(&fixture, cases[i / ELEMENTSOF(sizes)].method,
                              cases[i / ELEMENTSOF(sizes)].rounds, 1, 8);
                r = hash(&fixture, &secret, &made);
                assert_int_equal(r, size <= max ? 0 : REASON_INVALID_VALUE);
                if (r == 0)
                        assert_true(check(&fixture, &secret, secret_text(&made)));
                assert_false(check(&fixture, &longer, secret_text(&made)));
                fixture_done(&fixture);
        }
}

static void nothing_ends_at_a_nul(void **state) {
        Fixture fixture = fixture_cheap();
        _cleanup_(secret_done) Secret plain = secret_of("geheim");
        _cleanup_(secret_done) Secret tail = SECRET_INIT;
        _cleanup_(secret_done) Secret made = SECRET_INIT;
        _cleanup_(secret_done) Secret none = SECRET_INIT;

        assert_int_equal(secret_append(&tail, "geheim\0tail", 11), 0);
        assert_int_equal(hash(&fixture, &plain, &made), 0);
        assert_false(check(&fixture, &tail, secret_text(&made)));
        assert_int_equal(hash(&fixture, &tail, &none), REASON_INVALID_VALUE);
        fixture_done(&fixture);
}

static void full_queue_refuses_at_once_and_root_goes_first(void **state) {
        Fixture fixture = { 0 };
        _cleanup_(secret_done) Secret secret = secret_of("geheim");
        Outcome outcomes[500] = { 0 }, root = { 0 };
        unsigned n_taken = 0, order = 0;

        fixture_start(&fixture, "bcrypt", 8, 1, 4);
        for (size_t i = 0; i < ELEMENTSOF(outcomes); i++) {
                int r = password_check(fixture.passwords, &secret, NULL,
                                       (PasswordLane){ .key = "uid:1000" }, on_check, &outcomes[i]);

                outcomes[i].order = &order;
                assert_true(r == 0 || r == REASON_OVERLOADED);
                n_taken += r == 0;
        }
        assert_in_range(n_taken, 4, 20);
        root.order = &order;
        assert_int_equal(password_check(fixture.passwords, &secret, NULL,
                                        (PasswordLane){ .urgent = true }, on_check, &root),
                         0);
        run_until(&fixture, &order, n_taken + 1);
        assert_in_range(root.place, 0, n_taken - 3);
        for (size_t i = 0; i < ELEMENTSOF(outcomes); i++)
                assert_in_range(outcomes[i].n_calls, 0, 1);
        fixture_done(&fixture);
}

static void free_answers_what_waits(void **state) {
        Fixture fixture = { 0 };
        _cleanup_(secret_done) Secret secret = secret_of("geheim");
        Outcome outcomes[4] = { 0 };
        unsigned n_cancelled = 0;

        fixture_start(&fixture, "bcrypt", 8, 1, 8);
        for (size_t i = 0; i < ELEMENTSOF(outcomes); i++)
                assert_int_equal(password_check(fixture.passwords, &secret, NULL,
                                                (PasswordLane){ 0 }, on_check, &outcomes[i]),
                                 0);
        fixture_done(&fixture);
        for (size_t i = 0; i < ELEMENTSOF(outcomes); i++) {
                assert_int_equal(outcomes[i].n_calls, 1);
                n_cancelled += outcomes[i].r == -ECANCELED;
                assert_false(outcomes[i].matches);
        }
        assert_true(n_cancelled >= 2);
}

static void bad_methods_are_refused(void **state) {
        static const struct {
                const char *method;
                uint64_t rounds;
        } cases[] = {
                { "plain", 0 }, { "", 0 }, { "$1$", 0 }, { "bcrypt", 99 }, { "yescrypt", 99 }
        };
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        Fixture fixture = fixture_cheap();
        _cleanup_(secret_done) Secret secret = secret_of("geheim");
        _cleanup_(secret_done) Secret made = SECRET_INIT;

        assert_true(sd_event_new(&event) >= 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *method = strdup(cases[i].method);
                Config config = { .hash = method, .hash_rounds = cases[i].rounds, .workers = 1 };
                Passwords *passwords = NULL;

                assert_int_equal(passwords_new(event, &config, &passwords), -EINVAL);
                assert_null(passwords);
                assert_int_equal(passwords_set_config(fixture.passwords, &config), -EINVAL);
        }
        assert_int_equal(hash(&fixture, &secret, &made), 0);
        assert_memory_equal(secret_text(&made), "$2b$04$", 7);
        fixture_done(&fixture);
}

/* Longer than the dearest of each method that was seen, a multiple of 50 ms, and never shorter again. */
static void refusal_delay_follows_the_slowest(void **state) {
        Fixture fixture = fixture_cheap();
        _cleanup_(secret_done) Secret secret = secret_of("geheim");
        _cleanup_(secret_done) Secret slow = secret_of("$2b$10$abcdefghijklmnopqrstuu");
        int64_t first, second;

        assert_int_equal(password_refusal_delay(fixture.passwords), 500 * USEC_PER_MSEC);
        assert_false(check(&fixture, &secret, "!"));
        while (password_refusal_delay(fixture.passwords) == 500 * USEC_PER_MSEC)
                assert_true(sd_event_run(fixture.event, 10 * USEC_PER_SEC) > 0);
        first = password_refusal_delay(fixture.passwords);
        assert_int_equal(first, 100 * USEC_PER_MSEC);

        assert_int_equal(password_note_setting(fixture.passwords, &slow), 0);
        while (password_refusal_delay(fixture.passwords) == first)
                assert_true(sd_event_run(fixture.event, 10 * USEC_PER_SEC) > 0);
        second = password_refusal_delay(fixture.passwords);
        assert_true(second > first);
        assert_int_equal(second % (50 * USEC_PER_MSEC), 0);

        /* Known by now: neither is measured again. */
        assert_int_equal(password_note_setting(fixture.passwords, &slow), 0);
        assert_false(check(&fixture, &secret, "$2b$04$abcdefghijklmnopqrstuu"));
        assert_int_equal(password_refusal_delay(fixture.passwords), second);
        fixture_done(&fixture);
}

static void checks_measure_what_they_see(void **state) {
        Fixture fixture = fixture_cheap();
        _cleanup_(secret_done) Secret secret = secret_of("geheim");

        assert_false(check(&fixture, &secret, "!"));
        assert_false(check(&fixture, &secret, "$2b$10$abcdefghijklmnopqrstuu"));
        while (password_refusal_delay(fixture.passwords) <= 100 * USEC_PER_MSEC)
                assert_true(sd_event_run(fixture.event, 10 * USEC_PER_SEC) > 0);
        fixture_done(&fixture);
}

/* However many costs there were before: BSD draws them by lot. */
static void every_dearer_hash_is_measured(void **state) {
        Fixture fixture = fixture_cheap();
        _cleanup_(secret_done) Secret slow = secret_of("$sha1$500000$saltsalt");
        char text[64];

        for (unsigned i = 0; i < 200; i++) {
                snprintf(text, sizeof(text), "$sha1$%u$saltsalt", 100 + i);
                _cleanup_(secret_done) Secret setting = secret_of(text);
                while (password_note_setting(fixture.passwords, &setting) == REASON_OVERLOADED)
                        assert_true(sd_event_run(fixture.event, 10 * USEC_PER_SEC) > 0);
        }
        while (password_note_setting(fixture.passwords, &slow) == REASON_OVERLOADED)
                assert_true(sd_event_run(fixture.event, 10 * USEC_PER_SEC) > 0);
        while (password_refusal_delay(fixture.passwords) <= 500 * USEC_PER_MSEC)
                assert_true(sd_event_run(fixture.event, 10 * USEC_PER_SEC) > 0);
        fixture_done(&fixture);
}

/* What is configured by then, and only for passwords that its method takes whole. */
static void knows_what_is_outdated(void **state) {
        static const struct {
                const char *hash;
                size_t size;
                bool is_outdated;
        } cases[] = {
                { "$1$salt$x", 6, true },   { "$2b$03$x", 6, true },  { "$2b$04$x", 6, false },
                { "$y$j9T$x", 6, false },   { "$1$salt$x", 72, true }, { "$1$salt$x", 73, false },
                { "$1$salt$x", 0, false },  { "", 6, false },
        };
        Fixture fixture = fixture_cheap();

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(secret_done) Secret secret = secret_of_size(cases[i].size);
                _cleanup_(secret_done) Secret hash = secret_of(cases[i].hash);

                assert_int_equal(password_is_outdated(fixture.passwords, &secret, &hash),
                                 cases[i].is_outdated);
        }
        _cleanup_(secret_done) Secret secret = secret_of("x"), hash = secret_of("$2b$04$x");
        fixture.config.hash_rounds = 5;
        assert_int_equal(passwords_set_config(fixture.passwords, &fixture.config), 0);
        assert_true(password_is_outdated(fixture.passwords, &secret, &hash));
        fixture_done(&fixture);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(hashes_and_checks),
                cmocka_unit_test(foreign_formats_match),
                cmocka_unit_test(what_is_no_hash_never_matches),
                cmocka_unit_test(locked_hash_never_matches),
                cmocka_unit_test(empty_passwords_are_refused),
                cmocka_unit_test(long_passwords_are_never_cut),
                cmocka_unit_test(nothing_ends_at_a_nul),
                cmocka_unit_test(full_queue_refuses_at_once_and_root_goes_first),
                cmocka_unit_test(free_answers_what_waits),
                cmocka_unit_test(bad_methods_are_refused),
                cmocka_unit_test(knows_what_is_outdated),
                cmocka_unit_test(refusal_delay_follows_the_slowest),
                cmocka_unit_test(every_dearer_hash_is_measured),
                cmocka_unit_test(checks_measure_what_they_see),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
