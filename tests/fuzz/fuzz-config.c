/* Any bytes as tokend.conf: a configuration within its own limits comes out, or one line for people
 * that says where the mistake is. */

#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/config-value.h"
#include "base/config.h"
#include "wire/text.h"

static int load(const uint8_t *data, size_t size, Config **ret, char **ret_message) {
        char folder[] = "/tmp/fuzz-config-XXXXXX";
        _cleanup_(freep) char *path = NULL;
        _cleanup_(closep) int fd = -1;

        fuzz_check(mkdtemp(folder));
        fuzz_check(asprintf(&path, "%s/tokend.conf", folder) > 0);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        fuzz_check(fd >= 0 && write(fd, data, size) == (ssize_t)size);

        int r = config_load(path, ret, ret_message);
        fuzz_check(unlink(path) == 0 && rmdir(folder) == 0);
        fuzz_check(r == 0 || strncmp(*ret_message, path, strlen(path)) == 0);
        return r;
}

static void check_lists(const Config *config) {
        for (size_t i = 0; i < strv_length(config->listen) && !config->certificate_file; i++)
                fuzz_check(config_address_is_loopback(config->listen[i]));
        for (size_t i = 0; i < strv_length(config->grant_users); i++)
                fuzz_check(config->grant_users[i][0]);
        fuzz_check(!config->certificate_file == !config->key_file);
}

static void check_values(const Config *config) {
        const int64_t lifetimes[] = { config->access_lifetime, config->refresh_lifetime,
                                      config->token_api_lifetime, config->enterprise_lifetime };

        fuzz_check(config->uid_min > 999 && config->uid_min <= config->uid_max);
        fuzz_check(config->uid_max <= INT32_MAX);
        fuzz_check(config->uid_max < 61184 || config->uid_min > 65535);
        fuzz_check(config->log_level >= 0 && config->log_level <= 7);
        for (size_t i = 0; i < ELEMENTSOF(lifetimes); i++)
                fuzz_check(lifetimes[i] > 0 && lifetimes[i] <= config->maximum_lifetime);
        fuzz_check(config->request_timeout > 0 && config->refresh_grace > 0);
        fuzz_check(config->connections_max > 0 && config->queue > 0 && config->cache_tokens > 0);
        fuzz_check(config->default_shell[0] == '/' && config->home_base[0] == '/');
        fuzz_check(config->userdb_snapshot[0] == '/' && strncmp(config->store, "sqlite:/", 8) == 0);
        fuzz_check(config->socket[0] == '/' && strlen(config->socket) < 108);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *message = NULL;

        int r = load(data, size, &config, &message);
        if (r == 0) {
                check_lists(config);
                check_values(config);
                return 0;
        }
        fuzz_check(!config && message && text_is_utf8(message, strlen(message)));
        for (const char *c = message; *c; c++)
                fuzz_check(((unsigned char)*c >= ' ' || *c == '\t') && *c != '\177');
        return 0;
}
