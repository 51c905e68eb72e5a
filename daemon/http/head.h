#pragma once

/* Reading a request's head out of libmicrohttpd, without believing that it is all there. */

#include <microhttpd.h>

#include "http/guard.h"

/* As libmicrohttpd hands them to its callbacks: pointers into its read buffer. */
typedef struct RequestLine {
        const char *method;
        const char *target; /* where it was; the text may have changed since */
        size_t target_size;
        const char *version;
} RequestLine;

void head_read(struct MHD_Connection *mhd, const RequestLine *line, Head *ret);
