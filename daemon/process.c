/* What the process is. All of this happens once, before the first thread and the first caller. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "base/journal.h"
#include "process.h"
#include "wire/text.h"

/* Users of a machine, at the least: root, the system's, and those who log in. */
#define UIDS_MIN 65536

static void raise_descriptors(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;

        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
                log_warning("cannot raise the number of descriptors to %llu",
                            (unsigned long long)limit.rlim_max);
}

void process_prepare(void) {
        static const int loop_signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
        sigset_t mask;

        /* What the daemon makes is its own; the socket is opened to all by name. */
        umask(0077);
        raise_descriptors();

        sigemptyset(&mask);
        for (size_t i = 0; i < ELEMENTSOF(loop_signals); i++)
                sigaddset(&mask, loop_signals[i]);
        sigprocmask(SIG_BLOCK, &mask, NULL);
        signal(SIGPIPE, SIG_IGN);
}

int process_bypass_userdb(const char *userdb) {
        const char *slash = strrchr(userdb, '/');

        /* Who set it for us has a reason. */
        return setenv("SYSTEMD_BYPASS_USERDB", slash ? slash + 1 : userdb, false) < 0 ? -errno : 0;
}

/* With PrivateUsers= the kernel reports everybody but root and ourselves as uid 65534: all of them
 * would be one and the same caller. */
int process_check_users(void) {
        _cleanup_(freep) char *line = NULL;
        unsigned long long n_uids = 0, count;
        size_t size = 0;
        FILE *file = fopen("/proc/self/uid_map", "re");

        /* A kernel without user namespaces, or no /proc to ask */
        if (!file)
                return 0;

        while (getline(&line, &size, file) >= 0)
                if (sscanf(line, "%*u %*u %llu", &count) == 1)
                        n_uids += count;
        fclose(file);

        if (n_uids >= UIDS_MIN)
                return 0;

        log_error("in this user namespace only %llu uids are known, so that callers can't be told "
                  "apart: run tokend without PrivateUsers=", n_uids);
        return -EUSERS;
}

int process_inherit(Inherited *ret) {
        _cleanup_(strv_freep) char **names = NULL;
        Inherited inherited = INHERITED_INIT;
        int n;

        n = sd_listen_fds_with_names(true, &names);
        if (n < 0)
                return n;

        inherited.http = calloc(n + 1, sizeof(int));
        if (!inherited.http)
                return -ENOMEM;

        for (int i = 0; i < n; i++) {
                int fd = SD_LISTEN_FDS_START + i;

                if (streq(names[i], "http")) {
                        inherited.http[inherited.n_http++] = fd;
                        continue;
                }

                if (streq(names[i], "userdb"))
                        inherited.userdb = true;
                else
                        log_warning("inherited a socket under the unknown name \"%s\", closing it",
                                    names[i]);
                close(fd);
        }

        *ret = inherited;
        return 0;
}

void inherited_done(Inherited *inherited) {
        free(inherited->http);
        *inherited = INHERITED_INIT;
}
