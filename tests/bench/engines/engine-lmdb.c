/* LMDB with its defaults: pages are written and synced, then the page that makes them the current
 * ones. */

#include <lmdb.h>

#include "engine.h"

enum { TOKENS, BY_OWNER, BY_EXPIRY, _MAX };

static MDB_env *env;
static MDB_dbi databases[_MAX];

static void check(int r, const char *what) {
        if (r != 0)
                die("%s: %s", what, mdb_strerror(r));
}

void engine_open(const char *folder) {
        static const char *const names[_MAX] = { "tokens", "by-owner", "by-expiry" };
        MDB_txn *txn;

        check(mdb_env_create(&env), "mdb_env_create");
        check(mdb_env_set_maxdbs(env, _MAX), "mdb_env_set_maxdbs");
        check(mdb_env_set_mapsize(env, (size_t)1 << 34), "mdb_env_set_mapsize");
        check(mdb_env_open(env, folder, 0, 0600), folder);
        check(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
        for (size_t i = 0; i < _MAX; i++)
                check(mdb_dbi_open(txn, names[i], MDB_CREATE, &databases[i]), names[i]);
        check(mdb_txn_commit(txn), "mdb_txn_commit");
}

static void put(MDB_txn *txn, size_t to, const void *key, size_t key_size, const void *value,
                size_t value_size) {
        MDB_val k = { key_size, (void *)key }, v = { value_size, (void *)value };

        check(mdb_put(txn, databases[to], &k, &v, MDB_NOOVERWRITE), "mdb_put");
}

void engine_commit(const Row *rows, size_t n) {
        MDB_txn *txn;

        check(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
        for (size_t i = 0; i < n; i++) {
                OwnerKey owner = owner_key(&rows[i]);
                ExpiryKey expiry = expiry_key(&rows[i]);

                put(txn, TOKENS, rows[i].hash, HASH_SIZE, rows[i].owner, sizeof(Row) - HASH_SIZE);
                put(txn, BY_OWNER, &owner, sizeof(owner), "", 0);
                put(txn, BY_EXPIRY, &expiry, sizeof(expiry), "", 0);
        }
        check(mdb_txn_commit(txn), "mdb_txn_commit");
}

int engine_look_up(const uint8_t *hash) {
        MDB_val k = { HASH_SIZE, (void *)hash }, v;
        MDB_txn *txn;
        int r;

        check(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "mdb_txn_begin");
        r = mdb_get(txn, databases[TOKENS], &k, &v);
        mdb_txn_abort(txn);
        if (r != 0 && r != MDB_NOTFOUND)
                die("mdb_get: %s", mdb_strerror(r));
        return r == 0;
}

void engine_close(void) {
        mdb_env_close(env);
}
