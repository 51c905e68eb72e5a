#pragma once

#include "wire/secret.h"

/* Appends what is left to read. -EFBIG: more than max bytes would be in it. */
int fd_read_all(int fd, size_t max, Secret *text);
