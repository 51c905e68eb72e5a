/* Durable commits of tokens by an embedded engine, one of engine-*.c.
 *
 *     engine-NAME FOLDER fill ROWS              into a new or old database there
 *     engine-NAME FOLDER commit SIZE SECONDS    commits of SIZE rows, one after the other
 *     engine-NAME FOLDER look-up ROWS SECONDS   of those that fill made first
 *
 * What was measured is one JSON object on the standard output. Rows are made outside of what is
 * timed. */

#include <endian.h>
#include <string.h>
#include <sys/random.h>

#include "engine.h"

#define FILL_SIZE   10000U
#define COMMITS_MAX 4000000U
#define OWNERS      1000

static int64_t each[COMMITS_MAX]; /* ns */

OwnerKey owner_key(const Row *row) {
        OwnerKey key = { .created = htobe64(row->created) };

        memcpy(key.owner, row->owner, sizeof(key.owner));
        memcpy(key.hash, row->hash, sizeof(key.hash));
        return key;
}

ExpiryKey expiry_key(const Row *row) {
        ExpiryKey key = { .expires = htobe64(row->expires) };

        memcpy(key.hash, row->hash, sizeof(key.hash));
        return key;
}

/* As evenly spread as a hash is, and the same for the same number. */
static void seeded_hash(uint64_t number, uint8_t *ret) {
        for (size_t i = 0; i < HASH_SIZE / 8; i++) {
                uint64_t mixed = number * 4 + i + UINT64_C(0x9e3779b97f4a7c15);

                mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
                mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
                mixed ^= mixed >> 31;
                memcpy(ret + 8 * i, &mixed, 8);
        }
}

static void row_make(Row *row) {
        memset(row, 0, sizeof(*row));
        if (getrandom(row->hash, sizeof(row->hash), 0) != sizeof(row->hash))
                die("getrandom: too little");
        snprintf((char *)row->owner, sizeof(row->owner), "owner-%d",
                 (row->hash[0] | row->hash[1] << 8) % OWNERS);
        memset(row->value, 'v', sizeof(row->value));
        row->created = (uint64_t)nsec_of(CLOCK_REALTIME) / 1000;
        row->expires = row->created + UINT64_C(604800000000);
}

static void fill(uint64_t n_rows) {
        static Row rows[FILL_SIZE];

        for (uint64_t number = 0; number < n_rows;) {
                size_t n = 0;

                for (; n < FILL_SIZE && number < n_rows; n++, number++) {
                        row_make(&rows[n]);
                        seeded_hash(number, rows[n].hash);
                }
                engine_commit(rows, n);
        }
}

static void report(size_t n, size_t n_rows, int64_t nsec, int64_t cpu_nsec) {
        printf("{\"rows\": %zu, \"per_second\": %.1f, \"cpu_usec\": %.3f, ", n_rows,
               1e9 * (double)n_rows / (double)nsec, (double)cpu_nsec / 1e3 / (double)n_rows);
        usec_print(each, n);
        puts("}");
}

static void commit(size_t size, double seconds) {
        Row *rows = calloc(size, sizeof(*rows));
        int64_t spent = 0, spent_cpu = 0;
        size_t n = 0;

        if (!rows)
                die("no memory");
        for (; (double)spent < seconds * 1e9 && n < COMMITS_MAX; n++) {
                int64_t start, start_cpu;

                for (size_t i = 0; i < size; i++)
                        row_make(&rows[i]);
                start = nsec_of(CLOCK_MONOTONIC);
                start_cpu = nsec_of(CLOCK_PROCESS_CPUTIME_ID);
                engine_commit(rows, size);
                each[n] = nsec_of(CLOCK_MONOTONIC) - start;
                spent_cpu += nsec_of(CLOCK_PROCESS_CPUTIME_ID) - start_cpu;
                spent += each[n];
        }
        report(n, n * size, spent, spent_cpu);
        free(rows);
}

static void look_up(uint64_t n_rows, double seconds) {
        int64_t start = nsec_of(CLOCK_MONOTONIC), spent = 0, last = start;
        int64_t start_cpu = nsec_of(CLOCK_PROCESS_CPUTIME_ID);
        size_t n = 0;

        for (; (double)spent < seconds * 1e9 && n < COMMITS_MAX; n++) {
                uint8_t hash[HASH_SIZE];
                int64_t now;

                seeded_hash((uint64_t)random() % n_rows, hash);
                if (!engine_look_up(hash))
                        die("a row is missing");
                now = nsec_of(CLOCK_MONOTONIC);
                each[n] = now - last;
                last = now;
                spent = now - start;
        }
        report(n, n, spent, nsec_of(CLOCK_PROCESS_CPUTIME_ID) - start_cpu);
}

int main(int argc, char **argv) {
        if (argc < 4)
                die("usage: engine-NAME FOLDER fill|commit|look-up NUMBER [SECONDS]");
        engine_open(argv[1]);
        if (strcmp(argv[2], "fill") == 0)
                fill(strtoul(argv[3], NULL, 10));
        else if (strcmp(argv[2], "commit") == 0)
                commit(strtoul(argv[3], NULL, 10), argc > 4 ? atof(argv[4]) : 1);
        else
                look_up(strtoul(argv[3], NULL, 10), argc > 4 ? atof(argv[4]) : 1);
        engine_close();
        return 0;
}
