/* The cache against a model of itself: a plain table of what was put in and not forgotten since.
 * What the model does not have is never found, and what it has is found again, with all that was
 * said of it, unless the bound took it. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/cache.h"
#include "wire/text.h"

#define TOKENS  400U
#define OWNERS  12U
#define STEPS   60000U
#define MINUTES (60 * USEC_PER_SEC)
#define START   (1700000000 * USEC_PER_SEC)

typedef struct Model {
        bool is_there;
        unsigned user, client, login, role; /* 0: none */
        int64_t created, expires;
} Model;

typedef struct Run {
        Cache *cache;
        Model tokens[TOKENS];
        uint64_t random;
        size_t bound;
        int64_t now, latest;
        Token *held[8]; /* by somebody, for a while */
        unsigned n_found;
} Run;

static unsigned draw(Run *run, unsigned n) {
        run->random = run->random * 6364136223846793005ULL + 1442695040888963407ULL;
        return (unsigned)(run->random >> 33) % n;
}

/* Some of them in the same bucket, and the same but for the last byte. */
static TokenHash hash_of(unsigned n) {
        TokenHash hash = { .bytes = { n % 200 } };

        hash.bytes[TOKEN_HASH_SIZE - 1] = n / 200;
        return hash;
}

static char *owner_text(const char *kind, unsigned owner) {
        char *text = NULL;

        if (owner > 0)
                assert_true(asprintf(&text, "%s-%u", kind, owner) > 0);
        return text;
}

/* Each with a generation of its own. */
static char *login_text(unsigned login) {
        char *text = NULL;

        if (login > 0)
                assert_true(asprintf(&text, "%02x%030x", login, login) > 0);
        return text;
}

static void check_text(const char *text, char *expected) {
        if (expected)
                assert_string_equal(text, expected);
        else
                assert_null(text);
        free(expected);
}

static void check_token(const Token *token, unsigned n, const Model *model) {
        TokenHash hash = hash_of(n);

        assert_memory_equal(&token->hash, &hash, sizeof(hash));
        check_text(token->user_id, owner_text("user", model->user));
        check_text(token->client_id, owner_text("client", model->client));
        check_text(token->user_role, owner_text("role", model->role));
        check_text(token->login, login_text(model->login));
        assert_int_equal(token->uid, model->user);
        assert_true(token->created == model->created && token->expires == model->expires);
}

static void step_put(Run *run) {
        _cleanup_(token_unrefp) Token *token = token_new();
        unsigned n = draw(run, TOKENS);
        Model *model = &run->tokens[n];

        *model = (Model){
                .is_there = true,
                .user = draw(run, OWNERS),
                .client = draw(run, OWNERS),
                .login = draw(run, OWNERS),
                .role = draw(run, 2),
                .created = run->now,
                .expires = run->now + draw(run, 100) * MINUTES,
        };
        assert_non_null(token);
        token->hash = hash_of(n);
        token->user_id = owner_text("user", model->user);
        token->client_id = owner_text("client", model->client);
        token->user_role = owner_text("role", model->role);
        token->login = login_text(model->login);
        token->uid = model->user;
        token->created = model->created;
        token->expires = model->expires;
        cache_put(run->cache, token);
        assert_true(cache_size(run->cache) <= run->bound);
}

static void model_follow_clock(Run *run) {
        if (run->now < run->latest - CLOCK_JUMP_USEC) {
                for (unsigned n = 0; n < TOKENS; n++)
                        run->tokens[n].is_there = false;
                run->latest = run->now;
        }
        if (run->now > run->latest)
                run->latest = run->now;
}

static void step_get(Run *run) {
        unsigned n = draw(run, TOKENS);
        Model *model = &run->tokens[n];
        TokenHash hash = hash_of(n);
        Token *token = cache_get(run->cache, &hash, run->now), **held;

        model_follow_clock(run);
        if (!token) {
                /* What expired by the latest time may have gone a little early. */
                if (run->bound >= TOKENS)
                        assert_false(model->is_there && model->expires > run->latest);
                return;
        }
        assert_true(model->is_there && model->expires > run->now);
        check_token(token, n, model);
        run->n_found++;
        held = &run->held[draw(run, ELEMENTSOF(run->held))];
        token_unref(*held);
        *held = token;
}

static void step_forget(Run *run) {
        unsigned n = draw(run, TOKENS);
        TokenHash hash = hash_of(n);

        run->tokens[n].is_there = false;
        cache_forget(run->cache, &hash);
}

static void step_forget_owner(Run *run) {
        static const struct {
                void (*forget)(Cache *cache, const char *id);
                const char *kind; /* NULL: login */
                size_t offset;
        } kinds[] = {
                { cache_forget_user,   "user",   offsetof(Model, user)   },
                { cache_forget_client, "client", offsetof(Model, client) },
                { cache_forget_login,  NULL,     offsetof(Model, login)  },
        };
        unsigned i = draw(run, ELEMENTSOF(kinds)), owner = 1 + draw(run, OWNERS);
        _cleanup_(freep) char *text = kinds[i].kind ? owner_text(kinds[i].kind, owner)
                                                    : login_text(owner);

        kinds[i].forget(run->cache, text);
        for (unsigned n = 0; n < TOKENS; n++)
                if (*(unsigned *)((char *)&run->tokens[n] + kinds[i].offset) == owner)
                        run->tokens[n].is_there = false;
}

static void step_time(Run *run) {
        static const int64_t turns[] = { 1, 1, 1, 2, 5, 20, -1, -4, -5, -6, -30, 120, -120 };
        unsigned i = draw(run, 200);

        run->now += i < ELEMENTSOF(turns) ? turns[i] * MINUTES : USEC_PER_SEC;
        if (draw(run, 2) == 0)
                return;
        cache_follow_clock(run->cache, run->now);
        model_follow_clock(run);
}

static void step_clear(Run *run) {
        cache_clear(run->cache);
        assert_int_equal(cache_size(run->cache), 0);
        for (unsigned n = 0; n < TOKENS; n++)
                run->tokens[n].is_there = false;
}

static void step(Run *run) {
        unsigned i = draw(run, 1000);

        if (i < 350)
                step_put(run);
        else if (i < 950)
                step_get(run);
        else if (i < 970)
                step_forget(run);
        else if (i < 980)
                step_forget_owner(run);
        else if (i < 999)
                step_time(run);
        else
                step_clear(run);
}

static void run_model(size_t bound, uint64_t seed) {
        Run run = { .random = seed, .bound = bound, .now = START, .latest = START };

        assert_int_equal(cache_new(bound, &run.cache), 0);
        cache_follow_clock(run.cache, run.now);
        for (unsigned i = 0; i < STEPS; i++)
                step(&run);
        assert_true(bound == 0 || run.n_found > 20);
        for (size_t i = 0; i < ELEMENTSOF(run.held); i++)
                token_unref(run.held[i]);
        cache_free(run.cache);
}

static void test_without_the_bound(void **state) {
        for (uint64_t seed = 1; seed <= 5; seed++)
                run_model(TOKENS, seed);
        run_model(100000000, 6);
}

static void test_within_bounds(void **state) {
        static const size_t bounds[] = { 0, 1, 2, 63, 64, 65, 100, 300, TOKENS - 1 };

        for (size_t i = 0; i < ELEMENTSOF(bounds); i++)
                run_model(bounds[i], i);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_without_the_bound),
                cmocka_unit_test(test_within_bounds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
