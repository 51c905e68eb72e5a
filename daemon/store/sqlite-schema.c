/* The schema, as steps from one number to the next.
 *
 * A step and its number are one transaction: killed in the middle, it is done again from its start.
 * Steps that were released never change; a new schema is a new row. The SQL stays within what
 * PostgreSQL has too, but for WITHOUT ROWID. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/sqlite-backend.h"

static const char schema_1[] =
        "CREATE TABLE meta("
        " name TEXT NOT NULL PRIMARY KEY,"
        " value BIGINT NOT NULL) WITHOUT ROWID;"
        "INSERT INTO meta VALUES"
        " ('schema', 0), ('epoch', 1), ('tokens', 0), ('logins', 0), ('clock', 0);"

        "CREATE TABLE users("
        " id TEXT NOT NULL PRIMARY KEY,"
        " name TEXT NOT NULL UNIQUE,"
        " email TEXT,"
        " email_folded TEXT UNIQUE,"
        " partner_id TEXT NOT NULL UNIQUE,"
        " role TEXT,"
        " parent_id TEXT,"
        " uid BIGINT NOT NULL UNIQUE,"
        " gid BIGINT NOT NULL,"
        " adopted BIGINT NOT NULL,"
        " home TEXT,"
        " shell TEXT,"
        " group_names TEXT,"
        " scopes TEXT,"
        " hash TEXT,"
        " state BIGINT NOT NULL,"
        " created BIGINT NOT NULL,"
        " epoch BIGINT NOT NULL) WITHOUT ROWID;"
        "CREATE INDEX users_by_parent ON users(parent_id);"
        /* every uid that a user ever had */
        "CREATE TABLE uids(uid BIGINT NOT NULL PRIMARY KEY) WITHOUT ROWID;"

        "CREATE TABLE clients("
        " id TEXT NOT NULL PRIMARY KEY,"
        " hash TEXT,"
        " grants TEXT,"
        " scopes TEXT,"
        " issue_for TEXT,"
        " introspect_own_only BIGINT NOT NULL,"
        " access_lifetime BIGINT NOT NULL,"
        " refresh_lifetime BIGINT NOT NULL,"
        " created BIGINT NOT NULL,"
        " epoch BIGINT NOT NULL) WITHOUT ROWID;"
        "INSERT INTO clients(id, grants, introspect_own_only, access_lifetime, refresh_lifetime,"
        " created, epoch) VALUES ('" CLIENT_LOCAL "', 'password\nrefresh_token',"
        " 0, 0, 0, 0, 1);"

        "CREATE TABLE logins("
        " id TEXT NOT NULL PRIMARY KEY,"
        " user_id TEXT,"
        " client_id TEXT NOT NULL,"
        " service TEXT,"
        " rhost TEXT,"
        " tty TEXT,"
        " boot_id TEXT,"
        " state BIGINT NOT NULL,"
        " created BIGINT NOT NULL,"
        " expires BIGINT NOT NULL,"
        " epoch BIGINT NOT NULL) WITHOUT ROWID;"
        "CREATE INDEX logins_by_user ON logins(user_id, state, created);"
        "CREATE INDEX logins_by_age ON logins(state, created);"
        "CREATE INDEX logins_by_expiry ON logins(state, expires);"

        /* The public id is a prefix of the primary key. The epochs stand in the indexes so that
         * dead rows are not even walked over. */
        "CREATE TABLE tokens("
        " hash BLOB NOT NULL PRIMARY KEY,"
        " kind BIGINT NOT NULL,"
        " user_id TEXT,"
        " client_id TEXT NOT NULL,"
        " scopes TEXT,"
        " login TEXT,"
        " grant_type TEXT,"
        " service TEXT,"
        " rhost TEXT,"
        " tty TEXT,"
        " created BIGINT NOT NULL,"
        " expires BIGINT NOT NULL,"
        " used BIGINT NOT NULL,"
        " last_used BIGINT NOT NULL,"
        " user_epoch BIGINT NOT NULL,"
        " client_epoch BIGINT NOT NULL,"
        " login_epoch BIGINT NOT NULL) WITHOUT ROWID;"
        "CREATE INDEX tokens_by_user ON tokens(user_id, user_epoch, created, hash)"
        " WHERE user_id IS NOT NULL;"
        "CREATE INDEX tokens_by_client ON tokens(client_id, client_epoch, created, hash);"
        "CREATE INDEX tokens_by_login ON tokens(login, created, hash) WHERE login IS NOT NULL;"
        "CREATE INDEX tokens_by_age ON tokens(created, hash);"
        "CREATE INDEX tokens_by_expiry ON tokens(expires);"

        /* owners whose older rows wait for the sweeper */
        "CREATE TABLE graves("
        " kind BIGINT NOT NULL,"
        " owner TEXT NOT NULL,"
        " epoch BIGINT NOT NULL,"
        " PRIMARY KEY(kind, owner)) WITHOUT ROWID;";

/* The earlier tokens that a new one puts to an end (sqlite-token.c). */
static const char schema_2[] =
        "CREATE INDEX tokens_from_token_api ON tokens(user_id, client_id)"
        " WHERE grant_type = '" TOKEN_GRANT_TOKEN_API "';";

/* Accounts that expire, keys for sshd, and what the throttle keeps over a restart: failures are
 * found by a keyed hash (key; 0: what a remote's strangers share), names are those of somebody. */
static const char schema_3[] =
        "ALTER TABLE users ADD COLUMN expires BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE users ADD COLUMN ssh_keys TEXT;"
        "CREATE TABLE failures("
        " remote TEXT NOT NULL,"
        " key BIGINT NOT NULL,"
        " name TEXT,"
        " n BIGINT NOT NULL,"
        " last BIGINT NOT NULL,"
        " PRIMARY KEY(remote, key)) WITHOUT ROWID;"
        "CREATE INDEX failures_by_age ON failures(last);"
        "CREATE TABLE secrets("
        " name TEXT NOT NULL PRIMARY KEY,"
        " value TEXT NOT NULL) WITHOUT ROWID;";

static const char *const schema_steps[] = {
        schema_1,
        schema_2,
        schema_3,
};

static int apply_step(Backend *backend, const char *step, int64_t number) {
        int r;

        r = sql_script(backend, step);
        if (r < 0)
                return r;
        return SQL(backend, "UPDATE meta SET value = ?1 WHERE name = 'schema'",
                   sql_integer(number));
}

/* 0 for a database that has nothing in it yet. */
static int schema_number(Backend *backend, int64_t *ret) {
        int64_t n_tables = 0, n_meta = 0;
        int r;

        r = SQL_NUMBER(&n_tables, backend, "SELECT COUNT(*) FROM sqlite_master");
        if (r < 0)
                return r;
        if (n_tables == 0) {
                *ret = 0;
                return 0;
        }
        r = SQL_NUMBER(&n_meta, backend,
                       "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'meta'");
        if (r < 0)
                return r;
        if (n_meta == 0)
                return -EUCLEAN;
        r = SQL_NUMBER(ret, backend, "SELECT value FROM meta WHERE name = 'schema'");
        if (r < 0)
                return r;
        return r == 0 ? -EUCLEAN : 0;
}

int sqlite_schema_apply(Backend *backend, const char *const *steps, size_t n_steps) {
        int64_t number = 0;
        int r;

        r = schema_number(backend, &number);
        if (r < 0)
                return r;
        if (number < 0)
                return -EUCLEAN;
        if ((uint64_t)number > n_steps)
                return -EPROTO;

        for (size_t i = (size_t)number; i < n_steps; i++) {
                r = sql_script(backend, "BEGIN IMMEDIATE");
                if (r < 0)
                        return r;
                r = apply_step(backend, steps[i], (int64_t)i + 1);
                if (r >= 0)
                        r = sql_script(backend, "COMMIT");
                if (r < 0) {
                        sql_script(backend, "ROLLBACK");
                        return r;
                }
        }
        return 0;
}

int sqlite_schema_upgrade(Backend *backend) {
        return sqlite_schema_apply(backend, schema_steps, ELEMENTSOF(schema_steps));
}
