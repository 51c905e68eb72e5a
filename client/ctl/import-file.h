#pragma once

/* A file of users, in memory that wipes itself. */

#include "ctl/ctl.h"

typedef struct ImportFile {
        const char *name; /* for messages; borrowed */
        Secret text;
        bool is_open; /* everybody on the machine can read it */
} ImportFile;

#define IMPORT_FILE_INIT ((ImportFile){ 0 })
void import_file_done(ImportFile *file);

/* The file of an option, "-" being standard input. Complains. */
enum Exit import_file_read(const Ctl *ctl, enum Option option, ImportFile *ret);
/* Says so when a file with secrets can be read by everybody. */
void import_file_warn(const ImportFile *file);
