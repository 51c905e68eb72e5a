/* Reading the configuration at start and at SIGHUP, by the same checks. */

#include <crypt.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "core/password-method.h"
#include "reload.h"
#include "wire/text.h"

static const struct {
        const char *key;
        size_t offset; /* of a text in Config */
} fixed[] = {
        { "Socket", offsetof(Config, socket) },
        { "Store", offsetof(Config, store) },
        { "Userdb", offsetof(Config, userdb) },
        { "UserdbSnapshot", offsetof(Config, userdb_snapshot) },
};

static int refuse(int n_printed) {
        return n_printed < 0 ? -ENOMEM : -EINVAL;
}

/* libcrypt alone knows what it can make. */
static int check_hash(const char *path, const Config *config, char **ret_message) {
        const PasswordMethod *method = password_method_find(config->hash);
        char setting[CRYPT_GENSALT_OUTPUT_SIZE];

        if (!method)
                return refuse(asprintf(ret_message,
                                       "%s: Hash=%s: must be a method of crypt(5) that is good "
                                       "enough for new passwords",
                                       path, config->hash));

        if (!crypt_gensalt_rn(password_method_prefix(method), config->hash_rounds, NULL, 0, setting,
                              sizeof(setting)))
                return refuse(asprintf(ret_message, "%s: Rounds=%llu: not possible with Hash=%s",
                                       path, (unsigned long long)config->hash_rounds,
                                       config->hash));

        return 0;
}

int reload_read(const char *path, Config **ret, char **ret_message) {
        _cleanup_(config_freep) Config *config = NULL;
        int r;

        r = config_load(path, &config, ret_message);
        if (r < 0)
                return r;

        r = check_hash(path, config, ret_message);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(config);
        return 0;
}

static const char *text_at(const Config *config, size_t offset) {
        return *(char *const *)((const char *)config + offset);
}

int reload_check_change(const Config *before, const Config *after, char **ret_message) {
        for (size_t i = 0; i < ELEMENTSOF(fixed); i++)
                if (!streq_ptr(text_at(before, fixed[i].offset), text_at(after, fixed[i].offset)))
                        return refuse(asprintf(ret_message,
                                               "%s= can't be changed while tokend runs, it needs a "
                                               "restart",
                                               fixed[i].key));

        return 0;
}
