/* nss-host SERVICE NAME COUNT: so many getpwnam() of NAME, asked of that one service alone (see
 * nsswitch.conf(5)), in nanoseconds, a line each. The first one loads the service. */

#include <nss.h>
#include <pwd.h>
#include <string.h>

#include "figures.h"

int main(int argc, char **argv) {
        if (argc != 4 || __nss_configure_lookup("passwd", argv[1]) != 0) {
                fprintf(stderr, "usage: nss-host SERVICE NAME COUNT\n");
                return 2;
        }
        for (long i = atol(argv[3]); i > 0; i--) {
                int64_t begin = nsec_of(CLOCK_MONOTONIC);
                const struct passwd *user = getpwnam(argv[2]);
                int64_t end = nsec_of(CLOCK_MONOTONIC);

                if (!user || strcmp(user->pw_name, argv[2]) != 0) {
                        fprintf(stderr, "nss-host: %s has no %s\n", argv[1], argv[2]);
                        return 1;
                }
                printf("%" PRId64 "\n", end - begin);
        }
        return 0;
}
