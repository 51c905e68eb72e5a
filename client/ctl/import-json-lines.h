#pragma once

/* Users from lines that are a JSON object each. */

#include "ctl/import-lines.h"

/* Like csv_parse(); ret_has_secrets: one of them has a password or a hash. */
int json_lines_parse(const char *file, const char *text, size_t size, ImportList *ret,
                     bool *ret_has_secrets);
