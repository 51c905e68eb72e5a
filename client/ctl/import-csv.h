#pragma once

/* Users from comma-separated values (RFC 4180). */

#include "ctl/import-lines.h"

/* The first line says what the columns are. A file whose first line can't be used gives one entry
 * that has failed. ret_has_secrets: a column is a password or a hash. file is borrowed. 0 or
 * -ENOMEM. */
int csv_parse(const char *file, const char *text, size_t size, ImportList *ret,
              bool *ret_has_secrets);
