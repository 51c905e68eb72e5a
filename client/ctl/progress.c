/* The bar is drawn ten times a second at most: a terminal is slower than tokend. */

#include "ctl/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define DRAW_USEC    100000
#define COLUMNS      80U
#define COLUMNS_MIN  20U
#define COLUMNS_MAX  200U
#define BAR_SIZE_MAX 512U

static int64_t now_usec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

Progress progress_start(const char *what, size_t total) {
        return (Progress){
                .what = what,
                .total = total,
                .is_terminal = isatty(STDERR_FILENO),
                .started = now_usec(),
        };
}

static unsigned terminal_columns(void) {
        struct winsize window;

        if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) < 0 || window.ws_col == 0)
                return COLUMNS;
        return window.ws_col < COLUMNS_MAX ? window.ws_col : COLUMNS_MAX;
}

void progress_format(const Progress *progress, unsigned columns, char *ret, size_t size) {
        size_t total = progress->total > 0 ? progress->total : 1, width, filled;
        char count[64], bar[COLUMNS_MAX + 1];
        int n;

        n = snprintf(count, sizeof(count), " %zu/%zu %s", progress->done, progress->total,
                     progress->what);
        if (columns < COLUMNS_MIN || n < 0 || (size_t)n + 8 > columns) {
                snprintf(ret, size, "%zu/%zu", progress->done, progress->total);
                return;
        }
        /* The brackets, and the last column, where some terminals break the line. */
        width = columns - (size_t)n - 3;
        filled = (size_t)((double)progress->done / (double)total * (double)width);
        if (filled > width)
                filled = width;
        memset(bar, '#', filled);
        memset(bar + filled, '-', width - filled);
        bar[width] = '\0';
        snprintf(ret, size, "[%s]%s", bar, count);
}

static void draw(Progress *progress, int64_t now) {
        char bar[BAR_SIZE_MAX];

        progress->drawn = now;
        progress_format(progress, terminal_columns(), bar, sizeof(bar));
        fprintf(stderr, "\r%s\033[K", bar);
        fflush(stderr);
}

void progress_step(Progress *progress) {
        int64_t now;

        progress->done++;
        if (!progress->is_terminal)
                return;
        now = now_usec();
        if (now - progress->drawn >= DRAW_USEC)
                draw(progress, now);
}

void progress_end(Progress *progress) {
        double seconds = (double)(now_usec() - progress->started) / 1e6;

        fprintf(stderr, "%s%zu of %zu %s in %.1f s\n", progress->is_terminal ? "\r\033[K" : "",
                progress->done, progress->total, progress->what, seconds);
}
