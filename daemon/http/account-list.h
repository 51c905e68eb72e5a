#pragma once

/* An account's tokens, all of them or those that a filter finds, whatever their number. */

#include "http/account-filter.h"
#include "http/request.h"

/* Of those that are put in another order, all of which are in memory (account-rows.h). */
#define ACCOUNT_LISTS_SORTING_MAX 4U

/* Answers GET …/accessTokens: an array, newest first unless the filter has another order; a stream
 * when it does not fit into one page. Takes filter. 0,
 * -ENOMEM, or REASON_OVERLOADED: too many are being put in order. */
int account_list(Request *request, AccountFilter *filter);
/* Answers GET …/count: {"count": n}. */
int account_count(Request *request, AccountFilter *filter);
