/* tokend: options, manager, loop, return. */

#include <stdio.h>
#include <stdlib.h>

#include "manager.h"
#include "process.h"
#include "reload.h"
#include "wire/cleanup.h"

static int check(const char *path) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *message = NULL;

        if (reload_read(path, &config, &message) < 0) {
                fprintf(stderr, "%s\n", message ? message : "out of memory");
                return EXIT_FAILURE;
        }

        printf("%s: good\n", path);
        return EXIT_SUCCESS;
}

static int run(const Options *options) {
        _cleanup_(manager_freep) Manager *manager = NULL;

        process_prepare();
        return manager_new(options, &manager) < 0 ? EXIT_FAILURE : manager_run(manager);
}

int main(int argc, char **argv) {
        Options options;
        int r;

        r = options_parse(argc, argv, &options);
        if (r <= 0)
                return r < 0 ? EXIT_USAGE : EXIT_SUCCESS;

        return options.check ? check(options.config) : run(&options);
}
