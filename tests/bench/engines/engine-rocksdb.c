/* RocksDB: each commit is one batch in its log, synced; logs are used again, so that a sync need
 * not write the file's size as well. */

#include <rocksdb/c.h>
#include <stdlib.h>

#include "engine.h"

enum { TOKENS, BY_OWNER, BY_EXPIRY, _MAX };

static const char *const names[_MAX] = { "default", "by-owner", "by-expiry" };
static rocksdb_t *database;
static rocksdb_column_family_handle_t *families[_MAX];
static rocksdb_writeoptions_t *synced;
static rocksdb_readoptions_t *reading;

static void check(char *error, const char *what) {
        if (error)
                die("%s: %s", what, error);
}

void engine_open(const char *folder) {
        rocksdb_options_t *options = rocksdb_options_create();
        const rocksdb_options_t *each[_MAX] = { options, options, options };
        char *error = NULL;

        rocksdb_options_set_create_if_missing(options, 1);
        rocksdb_options_set_create_missing_column_families(options, 1);
        rocksdb_options_set_recycle_log_file_num(options, 4);
        rocksdb_options_set_max_open_files(options, 1000);
        database = rocksdb_open_column_families(options, folder, _MAX, names, each, families,
                                                &error);
        check(error, folder);
        rocksdb_options_destroy(options);
        synced = rocksdb_writeoptions_create();
        rocksdb_writeoptions_set_sync(synced, 1);
        reading = rocksdb_readoptions_create();
}

static void put(rocksdb_writebatch_t *batch, size_t to, const void *key, size_t key_size,
                const void *value, size_t value_size) {
        rocksdb_writebatch_put_cf(batch, families[to], key, key_size, value, value_size);
}

void engine_commit(const Row *rows, size_t n) {
        rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
        char *error = NULL;

        for (size_t i = 0; i < n; i++) {
                OwnerKey owner = owner_key(&rows[i]);
                ExpiryKey expiry = expiry_key(&rows[i]);

                put(batch, TOKENS, rows[i].hash, HASH_SIZE, rows[i].owner, sizeof(Row) - HASH_SIZE);
                put(batch, BY_OWNER, &owner, sizeof(owner), "", 0);
                put(batch, BY_EXPIRY, &expiry, sizeof(expiry), "", 0);
        }
        rocksdb_write(database, synced, batch, &error);
        check(error, "rocksdb_write");
        rocksdb_writebatch_destroy(batch);
}

int engine_look_up(const uint8_t *hash) {
        char *error = NULL;
        rocksdb_pinnableslice_t *value;

        value = rocksdb_get_pinned(database, reading, (const char *)hash, HASH_SIZE, &error);
        check(error, "rocksdb_get_pinned");
        if (value)
                rocksdb_pinnableslice_destroy(value);
        return value != NULL;
}

void engine_close(void) {
        for (size_t i = 0; i < _MAX; i++)
                rocksdb_column_family_handle_destroy(families[i]);
        rocksdb_readoptions_destroy(reading);
        rocksdb_writeoptions_destroy(synced);
        rocksdb_close(database);
}
