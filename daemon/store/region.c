/* Address space without memory: an anonymous mapping that nothing is set aside for, so that bounds
 * may be generous.
 *
 * To look things up in hundreds of megabytes is faster by a third in huge pages. To fetch one takes
 * 0.3 to 5 ms, so a thread does that, ahead of those who write. What it does shows in time only:
 * where it fails or is late, writing fetches the page.
 *
 * Invariant: while the thread runs, which reads them, at and prepared stay what they are. */

#include "store/region.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/thread.h"

/* Some 0.1 ms of work. */
#define PIECE_SIZE ((size_t)1 << 20)

#define HUGE_PAGE_SIZE ((size_t)2 << 20)
/* Little memory is looked up in quickly anyway, and must not be rounded up. */
#define SMALL_PAGES_SIZE ((size_t)16 << 20)
#define AHEAD_SIZE       (HUGE_PAGE_SIZE / 2)

int region_init(Region *region, size_t n, size_t element_size) {
        size_t size;
        void *at;

        if (__builtin_mul_overflow(n, element_size, &size))
                return -ENOMEM;
        at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                  -1, 0);
        if (at == MAP_FAILED)
                return -errno;
        /* A byte here and there must not take 2 MiB each, wherever that is what the system does. */
        (void)madvise(at, size, MADV_NOHUGEPAGE);
        *region = (Region){ .at = at, .size = size };
        return 0;
}

void region_done(Region *region) {
        if (region->has_thread)
                (void)pthread_join(region->thread, NULL);
        if (region->at)
                (void)munmap(region->at, region->size);
        *region = (Region){ 0 };
}

void region_note(Region *region, size_t size) {
        if (size < region->prepared)
                size = region->prepared;
        if (region->held < size)
                region->held = size;
}

static bool thread_is_running(Region *region) {
        if (region->has_thread)
                region->has_thread = pthread_tryjoin_np(region->thread, NULL) != 0;
        return region->has_thread;
}

/* Should it fail, memory is all that is lost. */
bool region_give_back(Region *region, size_t used) {
        size_t first;

        if (region->held == 0)
                return false;
        first = (region->held - 1) / PIECE_SIZE * PIECE_SIZE;
        if (first < used) {
                region->held = 0;
                return false;
        }
        if (thread_is_running(region))
                return true;
        (void)madvise((char *)region->at + first, region->held - first, MADV_DONTNEED);
        region->held = first;
        region->prepared = 0;
        return true;
}

/* The huge page that ends where all is prepared. */
static void *thread_main(void *userdata) {
        const Region *region = userdata;
        char *start = (char *)region->at + region->prepared - HUGE_PAGE_SIZE;

        if (madvise(start, HUGE_PAGE_SIZE, MADV_HUGEPAGE) == 0)
                (void)madvise(start, HUGE_PAGE_SIZE, MADV_POPULATE_WRITE);
        return NULL;
}

/* The first huge page that nothing stands in. */
static size_t prepare_from(const Region *region, size_t used) {
        uintptr_t at = (uintptr_t)region->at;
        uintptr_t first = at + (used > SMALL_PAGES_SIZE ? used : SMALL_PAGES_SIZE);

        return ((first + HUGE_PAGE_SIZE - 1) & ~(HUGE_PAGE_SIZE - 1)) - at;
}

void region_prepare(Region *region, size_t used) {
        size_t from = region->prepared > 0 ? region->prepared : prepare_from(region, used);

        if (used + AHEAD_SIZE < from || from + HUGE_PAGE_SIZE > region->size ||
            thread_is_running(region))
                return;
        region->prepared = from + HUGE_PAGE_SIZE;
        region->has_thread = thread_start(&region->thread, thread_main, region) == 0;
}
