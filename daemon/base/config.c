/* tokend.conf(5): one row a key, read into a fresh struct.
 *
 * The struct is made of the rows' own defaults, then of the main file, then of its drop-ins. What
 * is wrong anywhere leaves no struct at all, and says where it stands. */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/config-file.h"
#include "base/config-value.h"
#include "base/config.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"
#include "wire/text.h"

#define AT(field) offsetof(Config, field)
#define TIME_MAX  (100 * 31557600LL * USEC_PER_SEC) /* added to any date of ours, still a date */

_Static_assert(AT(uid_max) == AT(uid_min) + sizeof(uint32_t), "UidRange= fills both");

/* clang-format off */
static const ConfigRow rows[] = {
        /* section, key, kind, field, default, least, most */
        { "Daemon", "Socket", &kind_socket, AT(socket), TOKEND_SOCKET_PATH, 0, 0 },
        { "Daemon", "Store", &kind_store, AT(store), "sqlite:/var/lib/tokend/tokend.db", 0, 0 },
        { "Daemon", "Userdb", &kind_socket, AT(userdb), "/run/systemd/userdb/org.tokend", 0, 0 },
        { "Daemon", "UserdbSnapshot", &kind_path, AT(userdb_snapshot), SNAPSHOT_PATH, 0, 0 },
        { "Daemon", "LogLevel", &kind_level, AT(log_level), "info", 0, 0 },
        { "Daemon", "UidRange", &kind_uid_range, AT(uid_min), "70000-99999", 0, 0 },
        { "Daemon", "DefaultShell", &kind_account_path, AT(default_shell), "/bin/bash", 0, 0 },
        { "Daemon", "HomeBase", &kind_account_path, AT(home_base), "/home", 0, 0 },

        { "Http", "Listen", &kind_addresses, AT(listen), "127.0.0.1:7450", 0, 0 },
        { "Http", "Issuer", &kind_issuer, AT(issuer), NULL, 0, 0 },
        { "Http", "CertificateFile", &kind_path, AT(certificate_file), NULL, 0, 0 },
        { "Http", "KeyFile", &kind_path, AT(key_file), NULL, 0, 0 },
        { "Http", "ConnectionsMax", &kind_number, AT(connections_max), "4096", 1, 1000000 },
        { "Http", "RequestTimeout", &kind_time, AT(request_timeout), "10s", 1, TIME_MAX },

        { "Token", "AccessLifetime", &kind_time, AT(access_lifetime), "7d", 1, TIME_MAX },
        { "Token", "RefreshLifetime", &kind_time, AT(refresh_lifetime), "30d", 1, TIME_MAX },
        { "Token", "MaximumLifetime", &kind_time, AT(maximum_lifetime), "365d", 1, TIME_MAX },
        { "Token", "RefreshGrace", &kind_time, AT(refresh_grace), "10s", 1, TIME_MAX },
        { "Token", "CacheTokens", &kind_number, AT(cache_tokens), "100000", 1, 100000000 },

        { "TokenApi", "Lifetime", &kind_time, AT(token_api_lifetime), "14d", 1, TIME_MAX },
        { "TokenApi", "DefaultClient", &kind_id, AT(token_api_default_client), NULL, 0, 0 },

        { "Enterprise", "Lifetime", &kind_time, AT(enterprise_lifetime), "1d", 1, TIME_MAX },
        { "Enterprise", "BulkMaximum", &kind_number, AT(enterprise_bulk_maximum), "1000",
          1, 10000 },

        { "Password", "Hash", &kind_hash, AT(hash), "yescrypt", 0, 0 },
        { "Password", "Rounds", &kind_number, AT(hash_rounds), "0", 0, 999999999 },
        { "Password", "Workers", &kind_number, AT(workers), "0", 0, 256 },
        { "Password", "Queue", &kind_number, AT(queue), "64", 1, 100000 },
        { "Password", "Throttle", &kind_bool, AT(throttle), "yes", 0, 0 },
        { "Password", "PasswordGrantUsers", &kind_users, AT(grant_users), NULL, 0, 0 },
        { "Password", "LoginWithoutStore", &kind_bool, AT(login_without_store), "yes", 0, 0 },
};
/* clang-format on */

typedef struct Loader {
        Config *config;
        ConfigPlace places[ELEMENTSOF(rows)]; /* where each was given last; path NULL: nowhere */
} Loader;

static void *field_of(Config *config, const ConfigRow *row) {
        return (char *)config + row->offset;
}

Config *config_free(Config *config) {
        if (!config)
                return NULL;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                config_clear(&rows[i], field_of(config, &rows[i]));
        free(config);
        return NULL;
}

void config_freep(Config **config) {
        config_free(*config);
}

static int set_initial(Config *config, const ConfigRow *row) {
        config_clear(row, field_of(config, row));
        return row->initial ? row->kind->parse(row, row->initial, field_of(config, row)) : 0;
}

int config_new(Config **ret) {
        _cleanup_(config_freep) Config *config = calloc(1, sizeof(*config));
        int r;

        if (!config)
                return -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                r = set_initial(config, &rows[i]);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(config);
        return 0;
}

static bool section_is_known(const char *section) {
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (streq(rows[i].section, section))
                        return true;

        return false;
}

static int refuse(int n_printed) {
        return n_printed < 0 ? -ENOMEM : -EINVAL;
}

static int refuse_key(const char *section, const char *key, char **ret_reason) {
        if (!*section)
                return refuse(asprintf(ret_reason, "%s= stands before any [Section]", key));

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (streq(rows[i].key, key))
                        return refuse(asprintf(ret_reason, "%s= belongs in [%s], not in [%s]", key,
                                               rows[i].section, section));

        return refuse(asprintf(ret_reason, "unknown key %s= in [%s]", key, section));
}

/* What an empty value means: a list starts anew, the userdb socket is switched off, and everything
 * else is as if it had not been given. */
static int assign_empty(Config *config, const ConfigRow *row) {
        if (row->kind->type != CONFIG_LIST && row->offset != AT(userdb))
                return set_initial(config, row);

        config_clear(row, field_of(config, row));
        return 0;
}

static int assign(Loader *loader, size_t i, const char *value, char **ret_reason) {
        const ConfigRow *row = &rows[i];
        void *field = field_of(loader->config, row);
        _cleanup_(freep) char *explanation = NULL;
        int r;

        if (!*value)
                return assign_empty(loader->config, row);

        /* The first words of a list take the place of the default, later ones are added. */
        if (row->kind->type == CONFIG_LIST && !loader->places[i].path)
                config_clear(row, field);

        r = row->kind->parse(row, value, field);
        if (r != -EINVAL)
                return r;

        r = config_explain(row, value, &explanation);
        return r < 0 ? r : refuse(asprintf(ret_reason, "%s=%s: %s", row->key, value, explanation));
}

static int on_line(void *userdata, const ConfigPlace *place, const char *section, const char *key,
                   const char *value, char **ret_reason) {
        Loader *loader = userdata;
        int r;

        if (!key && section_is_known(section))
                return 0;
        if (!key)
                return refuse(asprintf(ret_reason, "unknown section [%s]", section));

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                if (!streq(rows[i].section, section) || !streq(rows[i].key, key))
                        continue;

                r = assign(loader, i, value, ret_reason);
                loader->places[i] = *place;
                return r;
        }

        return refuse_key(section, key, ret_reason);
}

/* "FILE:LINE: " of a field, for what only shows once everything was read. */
static int refuse_field(const Loader *loader, size_t offset, const char *reason,
                        char **ret_message) {
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (rows[i].offset == offset && loader->places[i].path)
                        return refuse(asprintf(ret_message, "%s:%u: %s= %s", loader->places[i].path,
                                               loader->places[i].line, rows[i].key, reason));

        return refuse(asprintf(ret_message, "%s", reason));
}

static int check_listeners(const Loader *loader, char **ret_message) {
        const Config *config = loader->config;

        if (config->certificate_file && !config->key_file)
                return refuse_field(loader, AT(certificate_file), "needs KeyFile=", ret_message);
        if (config->key_file && !config->certificate_file)
                return refuse_field(loader, AT(key_file), "needs CertificateFile=", ret_message);

        for (size_t i = 0; i < strv_length(config->listen) && !config->certificate_file; i++) {
                _cleanup_(freep) char *reason = NULL;

                if (config_address_is_loopback(config->listen[i]))
                        continue;
                if (asprintf(&reason, "%s is no loopback address and needs TLS: CertificateFile= "
                                      "and KeyFile=", config->listen[i]) < 0)
                        return -ENOMEM;
                return refuse_field(loader, AT(listen), reason, ret_message);
        }

        return 0;
}

static void cap(int64_t *lifetime, int64_t maximum) {
        if (*lifetime > maximum)
                *lifetime = maximum;
}

/* A maximum is one for whatever else is configured, too. */
static void cap_lifetimes(Config *config) {
        cap(&config->access_lifetime, config->maximum_lifetime);
        cap(&config->refresh_lifetime, config->maximum_lifetime);
        cap(&config->token_api_lifetime, config->maximum_lifetime);
        cap(&config->enterprise_lifetime, config->maximum_lifetime);
}

int config_load(const char *path, Config **ret, char **ret_message) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(strv_freep) char **drop_ins = NULL;
        Loader loader = { 0 };
        int r;

        r = config_new(&config);
        if (r < 0)
                return r;

        loader.config = config;
        r = config_file_list_drop_ins(path, &drop_ins, ret_message);
        if (r >= 0)
                r = config_file_read(path, on_line, &loader, ret_message);
        for (size_t i = 0; r >= 0 && i < strv_length(drop_ins); i++)
                r = config_file_read(drop_ins[i], on_line, &loader, ret_message);
        if (r >= 0)
                r = check_listeners(&loader, ret_message);
        if (r < 0)
                return r;

        cap_lifetimes(config);
        *ret = TAKE_PTR(config);
        return 0;
}
