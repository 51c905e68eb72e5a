#pragma once

/* Tokens that are to be put in order: what is shown of each, in 40 bytes, in a heap. The work is
 * spread over adding and taking, a little for every one: nothing is ever sorted in one go. */

#include "http/account-filter.h"

/* 40 MiB. */
#define ACCOUNT_ROWS_MAX (1U << 20)
/* Different lists of scopes, which rows share, and bytes in them. */
#define ACCOUNT_SCOPES_MAX       4096U
#define ACCOUNT_SCOPES_BYTES_MAX (8U * 1024U * 1024U)
/* When no more than these are wanted, no more are kept. */
#define ACCOUNT_ROWS_FEW 10000U

typedef struct AccountRows AccountRows;

/* Rows in the filter's order, equals newest first. Borrows filter, of which orders, skip and limit
 * are read. NULL: no memory. */
AccountRows *account_rows_new(const AccountFilter *filter);
AccountRows *account_rows_free(AccountRows *rows);

/* Whether it keeps ACCOUNT_ROWS_FEW at most. */
bool account_rows_are_few(const AccountRows *rows);

/* Copies. All of one user. 0, -ENOMEM, or REASON_LIMIT_EXCEEDED: one of the bounds above. */
int account_rows_add(AccountRows *rows, const AccountToken *token);
/* Takes the next one in order; what is in ret lives until the next call. false: none is left.
 * Nothing may be added behind the first. */
bool account_rows_next(AccountRows *rows, AccountToken *ret);
