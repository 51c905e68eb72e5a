#pragma once

/* Lists of any length, fetched and printed page by page. */

#include "ctl/columns.h"

typedef struct Listing {
        const char *path;   /* with its query, up to where "limit=" goes: ends in '?' or '&' */
        const char *member; /* the array's name */
        const Column *columns;
        size_t n_columns;
        const char *none; /* said when there is nothing; NULL: "No MEMBER." */
} Listing;

/* A table, or with --json one object {"member":[…]}. When a page fails in the middle, the JSON is
 * left open, so that nobody takes it for the whole. */
enum Exit listing_print(Ctl *ctl, const Listing *listing);
