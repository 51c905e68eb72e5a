#pragma once

/* tokend's command line. */

#include <stdbool.h>

#define CONFIG_PATH    SYSCONFDIR "/tokend/tokend.conf"
#define USERDB_PROGRAM LIBEXECDIR "/tokend-userdb"

/* What sysexits.h has no better word for: somebody called us in a way that we don't know. */
#define EXIT_USAGE 2

typedef struct Options {
        const char *config;         /* path */
        const char *userdb_program; /* NULL: found beside this program, or where it was installed */
        bool check;                 /* read the configuration and no more */
} Options;

/* 1: go on. 0: all is said (--help, --version). -EINVAL: bad usage, said on stderr. */
int options_parse(int argc, char **argv, Options *ret);
