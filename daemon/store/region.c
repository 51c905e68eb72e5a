/* Address space without memory: an anonymous mapping that nothing is set aside for, so that bounds
 * may be generous. */

#include "store/region.h"

#include <errno.h>
#include <sys/mman.h>

/* Some 0.1 ms of work. */
#define PIECE_SIZE ((size_t)1 << 20)

int region_init(Region *region, size_t n, size_t element_size) {
        size_t size;
        void *at;

        if (__builtin_mul_overflow(n, element_size, &size))
                return -ENOMEM;
        at = mmap(NULL, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED)
                return -errno;
        /* A byte here and there must not take 2 MiB each, wherever that is what the system does. */
        (void)madvise(at, size, MADV_NOHUGEPAGE);
        *region = (Region){ .at = at, .size = size };
        return 0;
}

void region_done(Region *region) {
        if (region->at)
                (void)munmap(region->at, region->size);
        *region = (Region){ 0 };
}

void region_note(Region *region, size_t size) {
        if (region->held < size)
                region->held = size;
}

/* Should it fail, memory is all that is lost. */
bool region_give_back(Region *region, size_t used) {
        size_t first = region->held / PIECE_SIZE * PIECE_SIZE, size;

        if (first < used || region->held == 0) {
                region->held = 0;
                return false;
        }
        size = region->size - first < PIECE_SIZE ? region->size - first : PIECE_SIZE;
        if (size > 0)
                (void)madvise((char *)region->at + first, size, MADV_DONTNEED);
        region->held = first > 0 ? first - 1 : 0;
        return true;
}
