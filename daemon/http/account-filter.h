#pragma once

/* What a caller wants to see of an account's tokens: LoopBack's filter= in both its spellings. */

#include <stdint.h>

#include "http/account-where.h"
#include "wire/form.h"

/* What LoopBack takes for a limit when there is a skip and no limit. */
#define FILTER_LIMIT_WITH_SKIP 100

typedef struct AccountOrder {
        enum AccountField field;
        bool descending;
} AccountOrder;

typedef struct AccountFilter {
        Where *where;                            /* NULL: all */
        AccountOrder orders[_ACCOUNT_FIELD_MAX]; /* each field once */
        size_t n_orders;
        uint64_t skip;
        uint64_t limit;  /* UINT64_MAX: none */
        unsigned hidden; /* bits 1 << field */
} AccountFilter;

#define ACCOUNT_FILTER_INIT ((AccountFilter){ .limit = UINT64_MAX })
void account_filter_done(AccountFilter *filter);

/* Reads filter= or filter[…]=. 0, -ENOMEM, or REASON_INVALID_VALUE with LoopBack's sentence in
 * ret_message (NULL: no memory for it), which the caller frees. */
int account_filter_read(const Form *query, AccountFilter *ret, char **ret_message);
/* The same of where= or where[…]=, the only thing that a count is asked with. */
int account_filter_read_where(const Form *query, AccountFilter *ret, char **ret_message);
