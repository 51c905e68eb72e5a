/* Pages come from the core, newest first, and each is worked off in a turn of the loop of its own.
 *
 * In that order a page goes to the client as it came (SHOWING). For another order all pages are
 * gathered first (GATHERING), then their rows are taken out piece by piece (TAKING). Counting is
 * gathering with nothing to keep. What was begun as a 200 can't become an error any more: when a
 * later page fails, the stream breaks, and the client finds its array without an end. */

#include "http/account-list.h"

#include <errno.h>

#include "core/accounts.h"
#include "http/account-rows.h"
#include "wire/cleanup.h"

/* A page, and a piece of the stream: some 50 KiB, and less than a millisecond. */
#define PAGE_ROWS 256U
/* Rows that are passed over for a skip weigh less than those that are written. */
#define SKIP_ROWS 2048U

enum AccountListState { ACCOUNT_COUNTING, ACCOUNT_SHOWING, ACCOUNT_GATHERING, ACCOUNT_TAKING };

typedef struct AccountList {
        Request *request; /* keeps this */
        AccountFilter filter;
        enum AccountListState state;
        char *cursor;   /* NULL: the first page, or behind the last */
        uint64_t skip;  /* to go */
        uint64_t limit; /* left */
        uint64_t n_found;
        AccountRows *rows;
        Slots *slot;  /* taken for rows */
        Secret first; /* what is written until there is a stream */
        JsonWriter w; /* into the piece that is being made */
} AccountList;

static void account_list_free(void *data) {
        AccountList *list = data;

        account_filter_done(&list->filter);
        account_rows_free(list->rows);
        slots_give(list->slot);
        secret_done(&list->first);
        free(list->cursor);
        free(list);
}

static void on_page(void *userdata, int r, Answer *answer);

static void ask_page(AccountList *list) {
        Request *request = request_ref(list->request);
        unsigned n = list->state == ACCOUNT_SHOWING ? PAGE_ROWS : PAGE_ROWS_MAX;

        authority_account_list(request->context->authority, &request->caller, request->params[0],
                               list->cursor, n, on_page, list);
}

static void tell(Request *request) {
        if (request->ready)
                request->ready(request, request->ready_userdata);
}

static void fail(AccountList *list, int r, const Answer *answer) {
        Request *request = list->request;

        if (request->reply.stream) {
                stream_break(request->reply.stream);
        } else {
                if (r == REASON_LIMIT_EXCEEDED)
                        request->detail = "too many tokens to put in order: narrow the filter";
                request->reply.retry_after = answer ? answer->retry_after : 0;
                request_fail(request, r, NULL);
        }
        tell(request);
}

static void show(AccountList *list, const AccountToken *token) {
        if (list->skip > 0) {
                list->skip--;
                return;
        }
        if (list->limit == 0)
                return;
        list->limit--;
        json_write_object(&list->w, NULL);
        account_token_write(&list->w, token, list->filter.hidden);
        json_write_object_end(&list->w);
}

static int take_token(AccountList *list, const Token *token) {
        char id[TOKEN_ID_SIZE + 1];
        AccountToken shown;

        account_token_from(token, id, &shown);
        if (!where_matches(list->filter.where, &shown))
                return 0;
        list->n_found++;
        if (list->state == ACCOUNT_GATHERING)
                return account_rows_add(list->rows, &shown);
        if (list->state == ACCOUNT_SHOWING)
                show(list, &shown);
        return 0;
}

static void produce(void *userdata);

/* The piece is made. White space keeps one that shows nothing from being empty: the client sees
 * that the list goes on, and tokend sees when the client has gone. */
static int feed(AccountList *list, bool is_last) {
        Reply *reply = &list->request->reply;

        if (is_last)
                json_write_array_end(&list->w);
        if (json_write_end(&list->w) != 0)
                return json_write_end(&list->w);
        if (!is_last && secret_append_text(list->w.out, "\n") != 0)
                return -ENOMEM;
        if (reply->stream) {
                stream_fed(reply->stream, is_last);
                return 0;
        }
        reply->status = 200;
        if (is_last) {
                secret_done(&reply->body);
                reply->body = TAKE(list->first, SECRET_INIT);
                return 0;
        }
        reply->stream = stream_new(produce, list);
        if (!reply->stream)
                return -ENOMEM;
        *stream_piece(reply->stream) = TAKE(list->first, SECRET_INIT);
        list->w.out = stream_piece(reply->stream);
        stream_fed(reply->stream, false);
        return 0;
}

static int answer_count(AccountList *list) {
        Reply *reply = &list->request->reply;
        JsonWriter w = JSON_WRITER(&reply->body);

        json_write_object(&w, NULL);
        json_write_int(&w, "count", (int64_t)list->n_found);
        json_write_object_end(&w);
        reply->status = 200;
        return json_write_end(&w);
}

static int take_rows(AccountList *list) {
        AccountToken token;
        bool has_more = true;

        for (unsigned i = 0; list->skip > 0 && has_more && i < SKIP_ROWS; i++, list->skip--)
                has_more = account_rows_next(list->rows, &token);
        for (unsigned i = 0; list->skip == 0 && has_more && i < PAGE_ROWS; i++) {
                has_more = list->limit > 0 && account_rows_next(list->rows, &token);
                if (has_more)
                        show(list, &token);
        }
        return feed(list, !has_more);
}

static int take_page(AccountList *list, const Answer *answer) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < answer->n_tokens; i++)
                r = take_token(list, answer->tokens[i]);
        return r;
}

/* What there is to say when no page is wanted first. */
static int go_on(AccountList *list) {
        switch (list->state) {
        case ACCOUNT_COUNTING:
                return answer_count(list);
        case ACCOUNT_SHOWING:
                return feed(list, !list->cursor || list->limit == 0);
        case ACCOUNT_GATHERING:
                list->state = ACCOUNT_TAKING;
                break;
        case ACCOUNT_TAKING:
                break;
        }
        return take_rows(list);
}

static void on_page(void *userdata, int r, Answer *answer) {
        AccountList *list = userdata;
        _cleanup_(request_unrefp) Request *request = list->request;

        if (!request->context)
                return;
        if (r == 0) {
                free(list->cursor);
                list->cursor = TAKE_PTR(answer->cursor);
                r = take_page(list, answer);
        }
        if (r == 0 && list->cursor && list->state != ACCOUNT_SHOWING) {
                ask_page(list);
                return;
        }
        if (r == 0)
                r = go_on(list);
        if (r == 0)
                tell(request);
        else
                fail(list, r, answer);
}

/* The stream's: within libmicrohttpd, so nobody is told. */
static void produce(void *userdata) {
        AccountList *list = userdata;

        if (!list->request->context)
                stream_break(list->request->reply.stream);
        else if (list->state == ACCOUNT_SHOWING)
                ask_page(list);
        else if (take_rows(list) != 0)
                stream_break(list->request->reply.stream);
}

/* Newest first is how they come. All have one userId. */
static bool is_given_order(const AccountFilter *filter) {
        for (size_t i = 0; i < filter->n_orders; i++)
                if (filter->orders[i].field != ACCOUNT_USER_ID)
                        return filter->orders[i].field == ACCOUNT_CREATED &&
                               filter->orders[i].descending;
        return true;
}

static AccountList *account_list_new(Request *request, AccountFilter *filter,
                                     enum AccountListState state) {
        AccountList *list = calloc(1, sizeof(*list));

        if (!list) {
                account_filter_done(filter);
                return NULL;
        }
        list->request = request;
        list->filter = TAKE(*filter, ACCOUNT_FILTER_INIT);
        list->state = state;
        list->skip = list->filter.skip;
        list->limit = list->filter.limit;
        list->w = JSON_WRITER(&list->first);
        return request_keep(request, list, account_list_free) == 0 ? list : NULL;
}

int account_count(Request *request, AccountFilter *filter) {
        AccountList *list = account_list_new(request, filter, ACCOUNT_COUNTING);

        if (!list)
                return -ENOMEM;
        ask_page(list);
        return 0;
}

static int prepare_rows(AccountList *list) {
        Slots *slots = list->request->context->sorting;

        list->rows = account_rows_new(&list->filter);
        if (!list->rows)
                return -ENOMEM;
        if (account_rows_are_few(list->rows))
                return 0;
        if (!slots_take(slots))
                return REASON_OVERLOADED;
        list->slot = slots;
        return 0;
}

int account_list(Request *request, AccountFilter *filter) {
        bool given = is_given_order(filter);
        AccountList *list = account_list_new(request, filter,
                                             given ? ACCOUNT_SHOWING : ACCOUNT_GATHERING);

        if (!list)
                return -ENOMEM;
        if (!given) {
                int r = prepare_rows(list);
                if (r != 0)
                        return r;
        }
        json_write_array(&list->w, NULL);
        ask_page(list);
        return 0;
}
