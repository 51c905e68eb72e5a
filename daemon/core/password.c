/* Passwords against crypt(5) hashes, on workers.
 *
 * Every check costs a whole hash, whatever is wrong with the secret or the stored hash, so that the
 * time tells nothing about who exists. A job owns copies of all that its thread reads; the loop and
 * the threads share nothing else. Everything in a job is wiped with it. */

#include <crypt.h>
#include <errno.h>
#include <nettle/memops.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/workers.h"
#include "core/password-method.h"
#include "core/password.h"
#include "wire/cleanup.h"
#include "wire/reason.h"
#include "wire/text.h"

/* Refusals wait this many times as long as the slowest hash, in steps. */
#define DELAY_FACTOR    3
#define DELAY_STEP_USEC (50 * USEC_PER_MSEC)
#define DELAY_MIN_USEC  (100 * USEC_PER_MSEC)
/* Until the first measurement. */
#define DELAY_UNKNOWN_USEC (500 * USEC_PER_MSEC)
#define WORKERS_MAX        1024U

struct Passwords {
        Workers *workers;
        const PasswordMethod *method;
        unsigned long rounds; /* 0: crypt_gensalt's default */
        Secret dummy;         /* a setting of the configured method */
        int64_t slowest;      /* µs of a thread's time; 0: not measured yet */
        uint64_t measured[PASSWORD_METHODS]; /* the highest cost, plus one; 0: none yet */
};

typedef struct PasswordJob PasswordJob;

struct PasswordJob {
        Job job;
        Passwords *passwords; /* not for the thread */
        char *key;
        Secret secret;
        Secret setting; /* what the secret is checked against; empty: nothing */
        Secret dummy;
        const PasswordMethod *method;
        unsigned long rounds;
        PasswordCheckHandler check_handler;
        PasswordHashHandler hash_handler;
        void *userdata;
        int result; /* likewise the thread's: */
        bool matches;
        Secret output;
        int64_t spent;
};

static PasswordJob *password_job_free(PasswordJob *job) {
        if (!job)
                return NULL;
        secret_done(&job->secret);
        secret_done(&job->setting);
        secret_done(&job->dummy);
        secret_done(&job->output);
        free(job->key);
        free(job);
        return NULL;
}

DEFINE_CLEANUP(PasswordJob *, password_job_free);

static struct crypt_data *scratch_free(struct crypt_data *scratch) {
        explicit_bzero(scratch, sizeof(*scratch));
        free(scratch);
        return NULL;
}

DEFINE_CLEANUP(struct crypt_data *, scratch_free);

static int64_t thread_time(void) {
        struct timespec now;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

/* Whether crypt() would look at all of it. */
static bool secret_fits(const Secret *secret, const char *setting) {
        return secret->size <= password_setting_size_max(setting) &&
               !memchr(secret_text(secret), '\0', secret->size);
}

/* -ERANGE and -EINVAL: crypt takes the secret or the setting for none. */
static int crypt_to_secret(const Secret *secret, const char *setting, struct crypt_data *scratch,
                           Secret *ret) {
        const char *hash;

        errno = 0;
        hash = crypt_rn(secret_text(secret), setting, scratch, sizeof(*scratch));
        if (!hash)
                return errno > 0 ? -errno : -EINVAL;
        return secret_set(ret, hash, strlen(hash));
}

static bool hash_equal(const Secret *a, const Secret *b) {
        return a->size == b->size && nettle_memeql_sec(secret_text(a), secret_text(b), a->size);
}

/* Nothing can match: what is left is to take as long as a check takes. */
static int check_dummy(PasswordJob *job, struct crypt_data *scratch) {
        _cleanup_(secret_done) Secret start = SECRET_INIT;
        size_t size = job->secret.size;
        int r;

        if (size > PASSWORD_METHOD_SIZE_MAX)
                size = PASSWORD_METHOD_SIZE_MAX;
        r = secret_set(&start, secret_text(&job->secret), size);
        return r < 0 ? r : crypt_to_secret(&start, secret_text(&job->dummy), scratch, &job->output);
}

static int check_on_thread(PasswordJob *job, struct crypt_data *scratch) {
        const char *setting = secret_text(&job->setting);
        int r;

        if (secret_is_empty(&job->setting) || secret_is_empty(&job->secret) ||
            !secret_fits(&job->secret, setting))
                return check_dummy(job, scratch);
        r = crypt_to_secret(&job->secret, setting, scratch, &job->output);
        if (r == -EINVAL || r == -ERANGE)
                return check_dummy(job, scratch);
        if (r < 0)
                return r;
        job->matches = hash_equal(&job->output, &job->setting);
        return 0;
}

static int hash_on_thread(PasswordJob *job, struct crypt_data *scratch) {
        char setting[CRYPT_GENSALT_OUTPUT_SIZE];

        if (!crypt_gensalt_rn(password_method_prefix(job->method), job->rounds, NULL, 0, setting,
                              sizeof(setting)))
                return -errno;
        return crypt_to_secret(&job->secret, setting, scratch, &job->output);
}

static void password_job_run(Job *base) {
        PasswordJob *job = (PasswordJob *)base;
        _cleanup_(scratch_freep) struct crypt_data *scratch = calloc(1, sizeof(*scratch));
        int64_t start = thread_time();

        if (!scratch)
                job->result = -ENOMEM;
        else if (job->hash_handler)
                job->result = hash_on_thread(job, scratch);
        else
                job->result = check_on_thread(job, scratch);
        job->spent = thread_time() - start;
}

static void password_job_done(Job *base) {
        _cleanup_(password_job_freep) PasswordJob *job = (PasswordJob *)base;
        int r = base->cancelled ? -ECANCELED : job->result;

        if (job->check_handler)
                job->check_handler(job->userdata, r, r == 0 && job->matches);
        else if (job->hash_handler)
                job->hash_handler(job->userdata, r, &job->output);
}

static void measure_done(Job *base) {
        _cleanup_(password_job_freep) PasswordJob *job = (PasswordJob *)base;

        /* A format that crypt does not know costs a dummy, which is measured as well. */
        if (!base->cancelled && job->spent > job->passwords->slowest)
                job->passwords->slowest = job->spent;
}

static int password_job_new(Passwords *passwords, const Secret *secret, PasswordLane lane,
                            PasswordJob **ret) {
        _cleanup_(password_job_freep) PasswordJob *job = calloc(1, sizeof(*job));

        if (!job)
                return -ENOMEM;
        job->passwords = passwords;
        job->method = passwords->method;
        job->rounds = passwords->rounds;
        job->job.urgent = lane.urgent;
        job->job.run = password_job_run;
        job->job.done = password_job_done;
        if (lane.key) {
                job->key = strdup(lane.key);
                if (!job->key)
                        return -ENOMEM;
                job->job.key = job->key;
        }
        if ((secret && secret_set(&job->secret, secret_text(secret), secret->size) < 0) ||
            secret_set(&job->dummy, passwords->dummy.text, passwords->dummy.size) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(job);
        return 0;
}

/* The pool owns what it took. */
static int password_job_submit(Passwords *passwords, PasswordJob **job) {
        int r = workers_submit(passwords->workers, &(*job)->job);

        if (r == -EAGAIN)
                return REASON_OVERLOADED;
        if (r < 0)
                return r;
        *job = NULL;
        return 0;
}

/* With the longest password there is: some methods take longer for longer ones. */
static int measure(Passwords *passwords, const char *setting) {
        _cleanup_(password_job_freep) PasswordJob *job = NULL;
        _cleanup_(secret_done) Secret secret = SECRET_INIT;
        size_t size = password_setting_size_max(setting);
        int r;

        r = secret_reserve(&secret, size);
        for (size_t i = 0; r >= 0 && i < size; i++)
                r = secret_append(&secret, "p", 1);
        if (r < 0)
                return r;
        r = password_job_new(passwords, &secret, (PasswordLane){ .urgent = true }, &job);
        if (r < 0)
                return r;
        r = secret_set(&job->setting, setting, strlen(setting));
        if (r < 0)
                return r;
        job->job.done = measure_done;
        return password_job_submit(passwords, &job);
}

static int note_setting(Passwords *passwords, const char *setting) {
        uint64_t cost, *measured = &passwords->measured[password_setting_cost(setting, &cost)];
        int r;

        /* What crypt() does not take costs a dummy. */
        if (cost == UINT64_MAX || cost < *measured)
                return 0;
        r = measure(passwords, setting);
        if (r == 0)
                *measured = cost + 1;
        return r;
}

int password_note_setting(Passwords *passwords, const Secret *hash) {
        if (secret_is_empty(hash) || strchr("!*", secret_text(hash)[0]))
                return 0;
        return note_setting(passwords, secret_text(hash));
}

int passwords_set_config(Passwords *passwords, const Config *config) {
        const PasswordMethod *method = password_method_find(config->hash);
        char setting[CRYPT_GENSALT_OUTPUT_SIZE];
        _cleanup_(secret_done) Secret dummy = SECRET_INIT;

        if (!method || !crypt_gensalt_rn(password_method_prefix(method), config->hash_rounds, NULL,
                                         0, setting, sizeof(setting)))
                return -EINVAL;
        if (secret_set(&dummy, setting, strlen(setting)) < 0)
                return -ENOMEM;
        secret_done(&passwords->dummy);
        passwords->dummy = TAKE(dummy, SECRET_INIT);
        passwords->method = method;
        passwords->rounds = config->hash_rounds;
        /* A full queue: the first check will do. */
        (void)note_setting(passwords, setting);
        return 0;
}

static size_t threads_wanted(const Config *config) {
        long n = config->workers > 0 ? (long)config->workers : sysconf(_SC_NPROCESSORS_ONLN);

        if (n < 1)
                return 1;
        return n > (long)WORKERS_MAX ? WORKERS_MAX : (size_t)n;
}

int passwords_new(sd_event *event, const Config *config, Passwords **ret) {
        _cleanup_(passwords_freep) Passwords *passwords = calloc(1, sizeof(*passwords));
        WorkersOptions options = {
                .name = "hash",
                .n_threads = threads_wanted(config),
                .queue_max = config->queue,
                .nice = 19,
        };
        int r;

        if (!passwords)
                return -ENOMEM;
        r = workers_new(event, &options, &passwords->workers);
        if (r < 0)
                return r;
        r = passwords_set_config(passwords, config);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(passwords);
        return 0;
}

Passwords *passwords_free(Passwords *passwords) {
        if (!passwords)
                return NULL;
        passwords->workers = workers_free(passwords->workers);
        secret_done(&passwords->dummy);
        free(passwords);
        return NULL;
}

void passwords_freep(Passwords **passwords) {
        *passwords = passwords_free(*passwords);
}

int password_check(Passwords *passwords, const Secret *secret, const Secret *hash,
                   PasswordLane lane, PasswordCheckHandler handler, void *userdata) {
        _cleanup_(password_job_freep) PasswordJob *job = NULL;
        int r;

        r = password_job_new(passwords, secret, lane, &job);
        if (r < 0)
                return r;
        job->check_handler = handler;
        job->userdata = userdata;
        if (!secret_is_empty(hash)) {
                (void)password_note_setting(passwords, hash);
                r = secret_set(&job->setting, hash->text, hash->size);
                if (r < 0)
                        return r;
        }
        return password_job_submit(passwords, &job);
}

int password_hash(Passwords *passwords, const Secret *secret, PasswordLane lane,
                  PasswordHashHandler handler, void *userdata) {
        _cleanup_(password_job_freep) PasswordJob *job = NULL;
        int r;

        if (secret_is_empty(secret))
                return REASON_EMPTY_PASSWORD;
        if (!secret_fits(secret, secret_text(&passwords->dummy)))
                return REASON_INVALID_VALUE;
        r = password_job_new(passwords, secret, lane, &job);
        if (r < 0)
                return r;
        job->hash_handler = handler;
        job->userdata = userdata;
        return password_job_submit(passwords, &job);
}

bool password_is_outdated(const Passwords *passwords, const Secret *secret, const Secret *hash) {
        const char *setting = secret_text(&passwords->dummy);

        return !secret_is_empty(secret) && !secret_is_empty(hash) &&
               secret_fits(secret, setting) && password_hash_is_weaker(secret_text(hash), setting);
}

int64_t password_refusal_delay(const Passwords *passwords) {
        int64_t steps = (passwords->slowest * DELAY_FACTOR + DELAY_STEP_USEC - 1) / DELAY_STEP_USEC;
        int64_t delay = steps * DELAY_STEP_USEC;

        if (passwords->slowest == 0)
                return DELAY_UNKNOWN_USEC;
        return delay < DELAY_MIN_USEC ? DELAY_MIN_USEC : delay;
}
