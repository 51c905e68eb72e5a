/* One measurement in a process that has rested for MSEC after its start, printed in nanoseconds:
 *
 *     login-host MSEC login FOLDER SERVICE USER PASSWORD    pam_start, pam_authenticate, pam_end
 *     login-host MSEC load FOLDER SERVICE USER PASSWORD     pam_start, pam_end: loads the modules
 *     login-host MSEC crypt HASH PASSWORD                   one crypt_r
 *     login-host MSEC populated|kept HASH PASSWORD          the same, with the mmap() below
 *
 * yescrypt maps its memory anew for each hash and has no call to be given some. Programs may not
 * redefine what the C library defines; here it shows what such a call would be worth: "populated"
 * has the kernel fill the mapping at once, and "kept" hashes twice and counts the second time, for
 * which the memory is there already, wiped.
 */

/* With it, what is defined below as mmap() would be mmap64(), which nobody here calls. */
#undef _FILE_OFFSET_BITS
#include <crypt.h>
#include <security/pam_appl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "figures.h"

#define REGION_MIN (1U << 20)

/* crypt_r() is declared as one that calls nothing of ours: without volatile it would miss them. */
static volatile int populates, keeps;
static void *volatile kept;

__attribute__((visibility("default"))) void *mmap(void *address, size_t size, int protection,
                                                  int flags, int fd, off_t offset) {
        if (kept && size >= REGION_MIN) {
                void *region = kept;

                kept = NULL;
                return region;
        }
        if (populates && size >= REGION_MIN)
                flags |= MAP_POPULATE;
        return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

__attribute__((visibility("default"))) int munmap(void *address, size_t size) {
        if (!keeps || size < REGION_MIN)
                return (int)syscall(SYS_munmap, address, size);
        explicit_bzero(address, size);
        kept = address;
        return 0;
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

        int64_t begin = nsec_of(CLOCK_MONOTONIC);
        if (pam_start_confdir(arguments[1], arguments[2], &conversation, arguments[0], &pamh) != 0)
                return 1;
        if (authenticates)
                code = pam_authenticate(pamh, 0);
        pam_end(pamh, code);
        int64_t end = nsec_of(CLOCK_MONOTONIC);
        if (code != PAM_SUCCESS)
                fprintf(stderr, "login-host: %s\n", pam_strerror(NULL, code));
        printf("%" PRId64 "\n", end - begin);
        return code != PAM_SUCCESS;
}

static int hash(char **arguments, unsigned rest, int rounds) {
        struct crypt_data *data = calloc(1, sizeof(*data));
        const char *again = NULL;
        int64_t begin = 0;

        for (int i = 0; data && i < rounds; i++) {
                usleep(rest);
                begin = nsec_of(CLOCK_MONOTONIC);
                again = crypt_r(arguments[1], arguments[0], data);
        }
        printf("%" PRId64 "\n", nsec_of(CLOCK_MONOTONIC) - begin);
        int is_wrong = !again || strcmp(again, arguments[0]) != 0;
        free(data);
        return is_wrong;
}

static int measure(int n, char **arguments, unsigned rest) {
        const char *what = arguments[0];

        if (n == 5 && (strcmp(what, "login") == 0 || strcmp(what, "load") == 0)) {
                usleep(rest);
                return log_in(arguments + 1, strcmp(what, "login") == 0);
        }
        populates = strcmp(what, "populated") == 0;
        keeps = strcmp(what, "kept") == 0;
        if (n == 3 && (populates || keeps || strcmp(what, "crypt") == 0))
                return hash(arguments + 1, rest, keeps ? 2 : 1);
        return 2;
}

int main(int argc, char **argv) {
        int r = argc > 2 ? measure(argc - 2, argv + 2, 1000 * (unsigned)atoi(argv[1])) : 2;

        if (r == 2)
                fprintf(stderr, "usage: login-host MSEC login|load FOLDER SERVICE USER PASSWORD\n"
                                "       login-host MSEC crypt|populated|kept HASH PASSWORD\n");
        return r;
}
