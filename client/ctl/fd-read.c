/* Reads into memory that is wiped: whatever is read may be a secret. What is too much is not read
 * to its end. */

#include "ctl/fd-read.h"

#include <errno.h>
#include <unistd.h>

#define READ_SIZE (64U * 1024U)

int fd_read_all(int fd, size_t max, Secret *text) {
        for (;;) {
                ssize_t n;
                int r;

                r = secret_reserve(text, READ_SIZE);
                if (r < 0)
                        return r;
                n = read(fd, text->text + text->size, READ_SIZE);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                text->size += (size_t)n;
                text->text[text->size] = '\0';
                if (n == 0)
                        return 0;
                if (text->size > max)
                        return -EFBIG;
        }
}
