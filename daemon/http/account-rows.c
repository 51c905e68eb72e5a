/* A binary heap. When all are wanted, the first in order is at its root. When few are wanted, the
 * last of those is, and each better one takes its place; the heap turns around before the first is
 * taken. */

#include "http/account-rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/cleanup.h"
#include "wire/reason.h"
#include "wire/text.h"

#define ID_BYTES  (TOKEN_ID_SIZE / 2)
#define NO_SCOPES UINT32_MAX

typedef struct Row {
        uint8_t id[ID_BYTES];
        int64_t created;
        int64_t ttl;
        uint32_t scopes; /* an index; NO_SCOPES: none */
} Row;

typedef struct Scopes {
        char **words;
        char *joined; /* as JavaScript compares them */
} Scopes;

struct AccountRows {
        const AccountFilter *filter;
        Row *rows;
        size_t n_rows;
        size_t n_allocated;
        size_t n_wanted; /* SIZE_MAX: all */
        int sign;        /* 1: the first in order is at the root; -1: the last */
        Scopes scopes[ACCOUNT_SCOPES_MAX];
        size_t n_scopes;
        size_t scopes_size;
        uint32_t sorted[ACCOUNT_SCOPES_MAX]; /* indices of scopes, as compare_lists() says */
        char *user_id;
        char id[TOKEN_ID_SIZE + 1]; /* of the one taken last */
};

AccountRows *account_rows_new(const AccountFilter *filter) {
        AccountRows *rows = calloc(1, sizeof(*rows));

        if (!rows)
                return NULL;
        rows->filter = filter;
        rows->n_wanted = SIZE_MAX;
        if (filter->limit <= ACCOUNT_ROWS_FEW && filter->skip <= ACCOUNT_ROWS_FEW - filter->limit)
                rows->n_wanted = filter->limit + filter->skip;
        rows->sign = rows->n_wanted == SIZE_MAX ? 1 : -1;
        return rows;
}

AccountRows *account_rows_free(AccountRows *rows) {
        if (!rows)
                return NULL;
        for (size_t i = 0; i < rows->n_scopes; i++) {
                strv_free(rows->scopes[i].words);
                free(rows->scopes[i].joined);
        }
        free(rows->rows);
        free(rows->user_id);
        free(rows);
        return NULL;
}

bool account_rows_are_few(const AccountRows *rows) {
        return rows->n_wanted != SIZE_MAX;
}

static int compare_numbers(int64_t a, int64_t b) {
        return (a > b) - (a < b);
}

/* None come first, as in LoopBack. */
static int compare_scopes(const AccountRows *rows, uint32_t a, uint32_t b) {
        if (a == b)
                return 0;
        if (a == NO_SCOPES || b == NO_SCOPES)
                return a == NO_SCOPES ? -1 : 1;
        return strcmp(rows->scopes[a].joined, rows->scopes[b].joined);
}

static int compare_field(const AccountRows *rows, enum AccountField field, const Row *a,
                         const Row *b) {
        switch (field) {
        case ACCOUNT_ID:
                return memcmp(a->id, b->id, sizeof(a->id));
        case ACCOUNT_TTL:
                return compare_numbers(a->ttl, b->ttl);
        case ACCOUNT_SCOPES:
                return compare_scopes(rows, a->scopes, b->scopes);
        case ACCOUNT_CREATED:
                return compare_numbers(a->created, b->created);
        case ACCOUNT_USER_ID:
        case _ACCOUNT_FIELD_MAX:
                break;
        }
        return 0;
}

static bool comes_first(const AccountRows *rows, const Row *a, const Row *b) {
        int order = 0;

        for (size_t i = 0; order == 0 && i < rows->filter->n_orders; i++) {
                const AccountOrder *by = &rows->filter->orders[i];
                order = compare_field(rows, by->field, a, b) * (by->descending ? -1 : 1);
        }
        if (order == 0)
                order = compare_numbers(b->created, a->created);
        if (order == 0)
                order = memcmp(b->id, a->id, sizeof(a->id));
        return order * rows->sign < 0;
}

static void swap(Row *a, Row *b) {
        Row row = *a;
        *a = *b;
        *b = row;
}

static void sift_up(AccountRows *rows, size_t i) {
        for (; i > 0 && comes_first(rows, &rows->rows[i], &rows->rows[(i - 1) / 2]);
             i = (i - 1) / 2)
                swap(&rows->rows[i], &rows->rows[(i - 1) / 2]);
}

static void sift_down(AccountRows *rows, size_t i) {
        for (;;) {
                size_t first = i;

                for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < rows->n_rows; child++)
                        if (comes_first(rows, &rows->rows[child], &rows->rows[first]))
                                first = child;
                if (first == i)
                        return;
                swap(&rows->rows[i], &rows->rows[first]);
                i = first;
        }
}

static int compare_words(char *const *a, char *const *b) {
        for (; *a && *b; a++, b++) {
                int order = strcmp(*a, *b);
                if (order != 0)
                        return order;
        }
        return (*a != NULL) - (*b != NULL);
}

/* Most lists are told apart by one text; "a,b" and "a", "b" are not. */
static int compare_lists(const char *joined, char *const *words, const Scopes *kept) {
        int order = strcmp(joined, kept->joined);

        return order != 0 ? order : compare_words(words, kept->words);
}

/* Behind the others. joined is kept too, if this is 0. */
static int keep_scopes(AccountRows *rows, char *const *words, char *joined) {
        Scopes *kept = &rows->scopes[rows->n_scopes];
        int r;

        if (rows->n_scopes == ACCOUNT_SCOPES_MAX ||
            strlen(joined) > ACCOUNT_SCOPES_BYTES_MAX - rows->scopes_size)
                return REASON_LIMIT_EXCEEDED;
        r = strv_copy(words, &kept->words);
        if (r != 0)
                return r;
        kept->joined = joined;
        rows->n_scopes++;
        rows->scopes_size += strlen(joined);
        return 0;
}

/* By halves: whoever makes the tokens chooses the lists, and could aim at a hash's collisions. */
static int find_scopes(AccountRows *rows, char *const *words, uint32_t *ret) {
        _cleanup_(freep) char *joined = NULL;
        size_t from = 0, to = rows->n_scopes;
        uint32_t added = (uint32_t)rows->n_scopes;
        int r;

        if (!words) {
                *ret = NO_SCOPES;
                return 0;
        }
        r = strv_join(words, ",", &joined);
        if (r != 0)
                return r;
        while (from < to) {
                size_t middle = (from + to) / 2;
                uint32_t kept = rows->sorted[middle];
                int order = compare_lists(joined, words, &rows->scopes[kept]);

                if (order == 0) {
                        *ret = kept;
                        return 0;
                }
                if (order < 0)
                        to = middle;
                else
                        from = middle + 1;
        }
        r = keep_scopes(rows, words, joined);
        if (r != 0)
                return r;
        TAKE_PTR(joined);
        memmove(&rows->sorted[from + 1], &rows->sorted[from], (added - from) * sizeof(added));
        rows->sorted[from] = added;
        *ret = added;
        return 0;
}

/* Large blocks move without being copied (mremap(2)). */
static int grow(AccountRows *rows) {
        size_t n = rows->n_allocated > 0 ? 2 * rows->n_allocated : 256;
        Row *grown;

        if (rows->n_rows < rows->n_allocated)
                return 0;
        if (rows->n_rows >= ACCOUNT_ROWS_MAX)
                return REASON_LIMIT_EXCEEDED;
        grown = realloc(rows->rows, n * sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        rows->rows = grown;
        rows->n_allocated = n;
        return 0;
}

int account_rows_add(AccountRows *rows, const AccountToken *token) {
        Row row = { .created = token->created, .ttl = token->ttl };
        int r = hex_decode(token->id, row.id, sizeof(row.id));

        if (r == 0 && !rows->user_id)
                r = text_copy(token->user_id, &rows->user_id);
        if (r == 0)
                r = find_scopes(rows, token->scopes, &row.scopes);
        if (r != 0)
                return r;
        if (rows->n_rows == rows->n_wanted) {
                /* Turned around, the one that comes first is the worse one. */
                if (rows->n_rows == 0 || !comes_first(rows, &rows->rows[0], &row))
                        return 0;
                rows->rows[0] = row;
                sift_down(rows, 0);
                return 0;
        }
        r = grow(rows);
        if (r != 0)
                return r;
        rows->rows[rows->n_rows] = row;
        sift_up(rows, rows->n_rows++);
        return 0;
}

/* At most ACCOUNT_ROWS_FEW. */
static void turn_around(AccountRows *rows) {
        rows->sign = 1;
        for (size_t i = rows->n_rows / 2; i-- > 0;)
                sift_down(rows, i);
}

bool account_rows_next(AccountRows *rows, AccountToken *ret) {
        Row row;

        if (rows->sign < 0)
                turn_around(rows);
        if (rows->n_rows == 0)
                return false;
        row = rows->rows[0];
        rows->rows[0] = rows->rows[--rows->n_rows];
        sift_down(rows, 0);
        hex_encode(row.id, sizeof(row.id), rows->id);
        *ret = (AccountToken){
                .id = rows->id,
                .ttl = row.ttl,
                .scopes = row.scopes == NO_SCOPES ? NULL : rows->scopes[row.scopes].words,
                .created = row.created,
                .user_id = rows->user_id,
        };
        return true;
}
