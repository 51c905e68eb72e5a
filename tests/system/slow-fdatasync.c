/* A shared object for LD_PRELOAD: disks that are slow or broken, on demand.
 *
 * SLOW_FDATASYNC_MSEC       how long fdatasync(2) and fsync(2) last at least
 * SLOW_FDATASYNC_FAIL_FILE  while this file exists, they fail with EIO after that time
 * SLOW_FDATASYNC_FAIL=1     they always fail
 * SLOW_FDATASYNC_LOG        a file that gets a line at entry and at exit of each call:
 *                           "enter|leave fdatasync|fsync FD RESULT CLOCK_MONOTONIC-in-ns" */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int fdatasync(int fd);
int fsync(int fd);

/* One write(2) a line, to a descriptor of its own: threads don't mix theirs. */
static void note(const char *what, const char *call, int fd, int result) {
        const char *path = getenv("SLOW_FDATASYNC_LOG");
        struct timespec now;
        char line[128];
        int log, n;

        if (!path)
                return;
        log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
        if (log < 0)
                return;
        clock_gettime(CLOCK_MONOTONIC, &now);
        n = snprintf(line, sizeof(line), "%s %s %d %d %lld\n", what, call, fd, result,
                     now.tv_sec * 1000000000LL + now.tv_nsec);
        if (write(log, line, (size_t)n) != n)
                abort();
        close(log);
}

static void wait_for_disk(void) {
        const char *text = getenv("SLOW_FDATASYNC_MSEC");
        long msec = text ? atol(text) : 0;
        struct timespec left = { msec / 1000, msec % 1000 * 1000000 };

        while (msec > 0 && nanosleep(&left, &left) < 0 && errno == EINTR)
                ;
}

static int fails(void) {
        const char *always = getenv("SLOW_FDATASYNC_FAIL"),
                   *file = getenv("SLOW_FDATASYNC_FAIL_FILE");

        return (always && strcmp(always, "1") == 0) || (file && access(file, F_OK) == 0);
}

static int sync_slowly(const char *call, int fd) {
        int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, call);
        int r, error;

        note("enter", call, fd, 0);
        wait_for_disk();
        if (fails()) {
                r = -1;
                error = EIO;
        } else {
                r = real(fd);
                error = errno;
        }
        note("leave", call, fd, r);
        errno = error;
        return r;
}

int fdatasync(int fd) {
        return sync_slowly("fdatasync", fd);
}

int fsync(int fd) {
        return sync_slowly("fsync", fd);
}
