/* The limit of a server that checks passwords: threads that do nothing but crypt_r.
 *
 *     crypt-loop THREADS SECONDS HASH PASSWORD
 *
 * prints what all of them did, as one JSON object. Each ends with a whole hash, and what counts is
 * each thread's own rate, so that nothing is lost at the end. */

#include <crypt.h>
#include <pthread.h>
#include <string.h>

#include "figures.h"

#define THREADS_MAX 256

typedef struct Hasher {
        pthread_t thread;
        const char *hash;
        const char *password;
        double seconds;
        double per_second;
        double cpu_seconds;
        long n_hashes; /* -1: it could not */
} Hasher;

static double seconds_of(clockid_t id) {
        return (double)nsec_of(id) / 1e9;
}

static void *hash_on(void *userdata) {
        Hasher *hasher = userdata;
        struct crypt_data *data = calloc(1, sizeof(*data));
        double start = seconds_of(CLOCK_MONOTONIC), spent = 0;

        for (; data && spent < hasher->seconds; spent = seconds_of(CLOCK_MONOTONIC) - start) {
                const char *hash = crypt_r(hasher->password, hasher->hash, data);

                if (!hash || strcmp(hash, hasher->hash) != 0) {
                        hasher->n_hashes = -1;
                        break;
                }
                hasher->n_hashes++;
        }
        free(data);
        hasher->per_second = (double)hasher->n_hashes / spent;
        hasher->cpu_seconds = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        return NULL;
}

int main(int argc, char **argv) {
        static Hasher hashers[THREADS_MAX];
        double per_second = 0, cpu_seconds = 0;
        long n_hashes = 0;
        int n = argc == 5 ? atoi(argv[1]) : 0;

        if (n < 1 || n > THREADS_MAX) {
                fputs("usage: crypt-loop THREADS SECONDS HASH PASSWORD\n", stderr);
                return 2;
        }
        for (int i = 0; i < n; i++) {
                hashers[i].hash = argv[3];
                hashers[i].password = argv[4];
                hashers[i].seconds = atof(argv[2]);
                if (pthread_create(&hashers[i].thread, NULL, hash_on, &hashers[i]) != 0)
                        return 1;
        }
        for (int i = 0; i < n; i++) {
                pthread_join(hashers[i].thread, NULL);
                if (hashers[i].n_hashes <= 0)
                        return 1;
                n_hashes += hashers[i].n_hashes;
                per_second += hashers[i].per_second;
                cpu_seconds += hashers[i].cpu_seconds;
        }
        printf("{\"hashes\": %ld, \"per_second\": %.3f, \"cpu_usec\": %.1f}\n", n_hashes,
               per_second, 1e6 * cpu_seconds / (double)n_hashes);
        return 0;
}
