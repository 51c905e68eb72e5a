/* Address space without memory: an anonymous mapping that nothing is set aside for, so that bounds
 * may be generous. */

#include "store/region.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

int region_init(Region *region, size_t n, size_t element_size) {
        size_t size;
        void *at;

        if (__builtin_mul_overflow(n, element_size, &size))
                return -ENOMEM;
        at = mmap(NULL, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED)
                return -errno;
        *region = (Region){ .at = at, .size = size };
        return 0;
}

void region_done(Region *region) {
        if (region->at)
                (void)munmap(region->at, region->size);
        *region = (Region){ 0 };
}

void region_clear(Region *region) {
        if (madvise(region->at, region->size, MADV_DONTNEED) < 0)
                memset(region->at, 0, region->size);
}
