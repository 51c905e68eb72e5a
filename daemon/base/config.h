#pragma once

/* tokend.conf(5), read by a table into a fresh struct. */

#include <stdbool.h>
#include <stdint.h>

typedef struct Config {
        /* [Daemon] */
        char *socket;
        char *store;           /* "sqlite:/path" */
        char *userdb;          /* path of the Varlink socket; NULL: off */
        char *userdb_snapshot; /* file that tokend replaces and tokend-userdb reads */
        int log_level;         /* syslog(3) */
        uint32_t uid_min;      /* UidRange=70000-99999 */
        uint32_t uid_max;
        char *default_shell; /* DefaultShell=/bin/bash */
        char *home_base;     /* HomeBase=/home */

        /* [Http] */
        char **listen; /* "127.0.0.1:7450", "[::1]:0"; empty: no TCP */
        char *issuer;  /* NULL: derived from the real address */
        char *certificate_file;
        char *key_file;
        uint64_t connections_max;
        int64_t request_timeout; /* µs, total */

        /* [Token] */
        int64_t access_lifetime;
        int64_t refresh_lifetime;
        int64_t maximum_lifetime;
        int64_t refresh_grace;
        uint64_t cache_tokens; /* CacheTokens=: bound of the cache */

        /* [TokenApi] */
        int64_t token_api_lifetime;
        char *token_api_default_client;

        /* [Enterprise] */
        int64_t enterprise_lifetime;
        uint64_t enterprise_bulk_maximum;

        /* [Password] */
        char *hash;       /* "yescrypt", "sha512crypt", "bcrypt", … or a crypt(5) prefix */
        uint64_t hash_rounds; /* Rounds=0: crypt_gensalt's default */
        uint64_t workers; /* 0: one a core */
        uint64_t queue;   /* Queue=: waiting hashes, the most */
        bool throttle;
        char **grant_users; /* PasswordGrantUsers=: names or uids that may use it for anybody */
        bool login_without_store;
} Config;

/* Every key at its default. */
int config_new(Config **ret);
Config *config_free(Config *config);
void config_freep(Config **config);

/* Reads path, then path's ".d/" neighbours (tokend.conf.d/X.conf) in the order of their names.
 * On -EINVAL (an unknown key, a bad value, a line too long) and on read errors ret_message says
 * "FILE:LINE: reason"; the caller frees it. A missing main file is an error. Files must be regular
 * and not writable by others. */
int config_load(const char *path, Config **ret, char **ret_message);
