/* tokend's command line. The help is printed from the same rows that it is parsed by. */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "options.h"
#include "wire/text.h"

static const struct {
        const char *name;
        const char *argument; /* NULL: takes none */
        const char *text;
} rows[] = {
        { "config", "FILE", "read this configuration (" CONFIG_PATH ")" },
        { "check", NULL, "only check whether the configuration is good" },
        { "userdb-program", "PATH", "answer for users with this program (" USERDB_PROGRAM ")" },
        { "help", NULL, "show this help" },
        { "version", NULL, "show the version" },
};

enum Row { ROW_CONFIG, ROW_CHECK, ROW_USERDB_PROGRAM, ROW_HELP, ROW_VERSION, _ROW_MAX };

_Static_assert(ELEMENTSOF(rows) == _ROW_MAX, "one row an option");

static void print_help(void) {
        puts("tokend [OPTIONS]\n\nThe machine's own token authority.\n");
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                printf("  %s--%s%s%-*s  %s\n", i == ROW_HELP ? "-h, " : "    ", rows[i].name,
                       rows[i].argument ? "=" : " ",
                       (int)(20 - strlen(rows[i].name)), rows[i].argument ? rows[i].argument : "",
                       rows[i].text);
        puts("\nSee tokend(8) and tokend.conf(5).");
}

static int misused(void) {
        fputs("Try 'tokend --help'.\n", stderr);
        return -EINVAL;
}

/* 1, 0 or -EINVAL, as options_parse(). */
static int apply(int row, const char *argument, Options *options) {
        switch (row) {
        case ROW_CONFIG:
                options->config = argument;
                return 1;
        case ROW_CHECK:
                options->check = true;
                return 1;
        case ROW_USERDB_PROGRAM:
                options->userdb_program = argument;
                return 1;
        case ROW_HELP:
        case 'h':
                print_help();
                return 0;
        case ROW_VERSION:
                puts("tokend " TOKEND_VERSION);
                return 0;
        default:
                return misused();
        }
}

int options_parse(int argc, char **argv, Options *ret) {
        Options options = { .config = CONFIG_PATH };
        struct option longs[_ROW_MAX + 1] = { 0 };
        int c, r;

        for (int i = 0; i < _ROW_MAX; i++)
                longs[i] = (struct option){ rows[i].name,
                                            rows[i].argument ? required_argument : no_argument,
                                            NULL, i };

        while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0) {
                r = apply(c, optarg, &options);
                if (r <= 0)
                        return r;
        }

        if (optind < argc) {
                fprintf(stderr, "%s: unexpected argument '%s'\n", argv[0], argv[optind]);
                return misused();
        }

        *ret = options;
        return 1;
}
