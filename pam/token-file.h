#pragma once

/* The file that holds a session's token: FOLDER/<login id>, for its user's eyes only. The folder is
 * root's, and nobody else can write to it. */

#include <stdbool.h>
#include <sys/types.h>

#include "wire/secret.h"

/* A descriptor of the folder. -ENOENT: there is none, and it is not to be made. -EUCLEAN: it, or
 * what it lies in, is a link or no folder, is neither root's nor ours, or is open to others. */
int token_folder_open(const char *path, bool make, int *ret);

/* Writes "token\n" to a file of that user's with mode 0400, in place of one that was there: it is
 * whole, or it is as before. id: a login's. 0 or -errno. */
int token_file_write(int folder, const char *id, const Secret *token, uid_t uid, gid_t gid);
/* 0, also when there is none; -errno. */
int token_file_remove(int folder, const char *id);
