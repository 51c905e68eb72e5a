/* How long the machine stops a program that does nothing but read the clock: the most CPU time that
 * passes from one reading to the next, in as many milliseconds of CPU time as are named. In a
 * virtual machine the host's pauses count as CPU time of whoever they meet. */

#include "figures.h"

int main(int argc, char **argv) {
        int64_t msec = argc == 2 ? atol(argv[1]) : 0, longest = 0;
        int64_t last = nsec_of(CLOCK_THREAD_CPUTIME_ID), end = last + msec * 1000000;

        if (msec < 1) {
                fputs("usage: pauses MSEC\n", stderr);
                return 2;
        }
        while (last < end) {
                int64_t now = nsec_of(CLOCK_THREAD_CPUTIME_ID);

                if (now - last > longest)
                        longest = now - last;
                last = now;
        }
        printf("{\"longest\": %.3f}\n", (double)longest / 1e6);
        return 0;
}
