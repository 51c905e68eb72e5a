/* One measurement in a fresh process, printed in nanoseconds:
 *
 *     login-host login FOLDER SERVICE USER PASSWORD    pam_start, pam_authenticate, pam_end
 * together login-host load FOLDER SERVICE USER PASSWORD     pam_start and pam_end: loads the
 * modules login-host crypt HASH PASSWORD COUNT             each of COUNT times crypt_r, a line each
 */

#include <crypt.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long long now_nsec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int converse(int n, const struct pam_message **messages, struct pam_response **ret,
                    void *userdata) {
        *ret = calloc((size_t)n, sizeof(**ret));
        if (!*ret)
                return PAM_BUF_ERR;
        for (int i = 0; i < n; i++)
                (*ret)[i].resp = strdup(userdata);
        return PAM_SUCCESS;
}

static int log_in(char **arguments, int authenticates) {
        const struct pam_conv conversation = { converse, arguments[3] };
        pam_handle_t *pamh = NULL;
        int code = PAM_SUCCESS;

        long long begin = now_nsec();
        if (pam_start_confdir(arguments[1], arguments[2], &conversation, arguments[0], &pamh) != 0)
                return 1;
        if (authenticates)
                code = pam_authenticate(pamh, 0);
        pam_end(pamh, code);
        long long end = now_nsec();
        if (code != PAM_SUCCESS)
                fprintf(stderr, "login-host: %s\n", pam_strerror(NULL, code));
        printf("%lld\n", end - begin);
        return code != PAM_SUCCESS;
}

static int hash_often(const char *hash, const char *password, long count) {
        struct crypt_data *data = calloc(1, sizeof(*data));

        for (long i = 0; data && i < count; i++) {
                long long begin = now_nsec();
                const char *again = crypt_r(password, hash, data);
                long long end = now_nsec();

                if (!again || strcmp(again, hash) != 0)
                        return 1;
                printf("%lld\n", end - begin);
        }
        free(data);
        return 0;
}

int main(int argc, char **argv) {
        if (argc == 6 && strcmp(argv[1], "login") == 0)
                return log_in(argv + 2, 1);
        if (argc == 6 && strcmp(argv[1], "load") == 0)
                return log_in(argv + 2, 0);
        if (argc == 5 && strcmp(argv[1], "crypt") == 0)
                return hash_often(argv[2], argv[3], strtol(argv[4], NULL, 10));
        fprintf(stderr, "usage: login-host login|load FOLDER SERVICE USER PASSWORD | crypt HASH "
                        "PASSWORD COUNT\n");
        return 2;
}
