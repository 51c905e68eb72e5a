/* Preloaded into tokend: how much CPU time its loop's thread takes from one epoll_wait() to the
 * next, which is one dispatch. libsystemd and libmicrohttpd call epoll_wait() through their symbol;
 * only those on the loop's own descriptor count, which is the first that anybody waits on with
 * time.
 *
 * The file that DISPATCHES names holds struct Dispatches and is mapped, so that whoever measures
 * reads it, and zeroes it, while tokend runs. */

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "figures.h"

/* Nanoseconds of thread CPU time. */
struct Dispatches {
        uint64_t longest, total, count, over_1_msec, over_5_msec;
};

static struct Dispatches *dispatches;
static int loop_fd = -1;
static uint64_t began;

int epoll_wait(int epoll, struct epoll_event *events, int n, int timeout);

static void __attribute__((constructor)) map(void) {
        const char *path = getenv("DISPATCHES");
        int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
        void *memory = MAP_FAILED;

        if (fd >= 0)
                memory = mmap(NULL, sizeof(struct Dispatches), PROT_READ | PROT_WRITE, MAP_SHARED,
                              fd, 0);
        if (memory != MAP_FAILED)
                dispatches = memory;
        if (fd >= 0)
                close(fd);
}

static void note(uint64_t nsec) {
        if (nsec > dispatches->longest)
                dispatches->longest = nsec;
        dispatches->total += nsec;
        dispatches->count++;
        dispatches->over_1_msec += nsec > 1000000;
        dispatches->over_5_msec += nsec > 5000000;
}

int epoll_wait(int epoll, struct epoll_event *events, int n, int timeout) {
        int r;

        if (loop_fd < 0 && timeout != 0)
                loop_fd = epoll;
        if (!dispatches || epoll != loop_fd)
                return (int)syscall(SYS_epoll_wait, epoll, events, n, timeout);
        if (began > 0)
                note(nsec_of(CLOCK_THREAD_CPUTIME_ID) - began);
        r = (int)syscall(SYS_epoll_wait, epoll, events, n, timeout);
        began = nsec_of(CLOCK_THREAD_CPUTIME_ID);
        return r;
}
