#pragma once

/* The machine that is looked at: its files below a root, which is "" but in tests, and what its
 * own programs say. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "wire/secret.h"

typedef struct Machine {
        const char *root;
        uid_t uid; /* ours */
        /* Runs argv[0], a path, without a shell and with an environment of our own; its standard
         * output, with_errors with standard error in it. Its exit status; -ENOENT: there is no such
         * program. -ETIMEDOUT, or -EFBIG with more than 256 KiB: it was ended. */
        int (*run)(char *const argv[], bool with_errors, Secret *ret_output);
} Machine;

/* This one. */
Machine machine_here(void);

/* The first line of it, without the line feed; the rest is wiped. */
void output_cut(Secret *output);
/* "name value" lines, as sshd -T prints them: the value of that name, to be freed; NULL: none. */
char *output_find(const Secret *output, const char *name);

/* Paths below root, made by a format that begins with a slash; -ENAMETOOLONG. A file may have 1 MiB
 * (-EFBIG); it is terminated, and may have a NUL in it. */
int root_read_file(const char *root, char **ret, size_t *ret_size, const char *format, ...)
                __attribute__((format(printf, 4, 5)));
/* Of the path itself, or what a link there leads to. 0 or -errno. */
int root_stat(const char *root, struct stat *ret, const char *format, ...)
                __attribute__((format(printf, 3, 4)));
int root_lstat(const char *root, struct stat *ret, const char *format, ...)
                __attribute__((format(printf, 3, 4)));
/* Whether something matches one of these shell patterns. */
bool root_has(const char *root, const char *const *patterns, size_t n);

/* By the machine's /etc/passwd alone. -ENOENT: nobody has that name. */
int root_find_uid(const char *root, const char *name, uid_t *ret);
