/* Lists of tokens, one page in memory at a time. A server can't keep a caller here for ever: a page
 * that names itself as the next is refused. */

#include "libtokend.h"

#include <errno.h>

#include "wire/cleanup.h"
#include "wire/form.h"
#include "wire/text.h"

/* Well within JSON_NODES_MAX for every row that tokend writes. */
#define LIST_FIRST_PATH "/v1/tokens?limit=500"

struct tokend_list {
        tokend_t *handle; /* borrowed */
        char *user;       /* NULL: all, or the caller's own */
        char *cursor;     /* of the next page; NULL: there is none */
        JsonReply page;
        JsonNode row; /* the next one */
        tokend_token_t *token;
};

DEFINE_CLEANUP(tokend_list_t *, tokend_list_free);

static int page_path(const tokend_list_t *list, Secret *ret) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        int r;

        r = secret_append_text(&path, LIST_FIRST_PATH);
        if (r == 0)
                r = form_append(&path, "user", list->user);
        if (r == 0)
                r = form_append(&path, "cursor", list->cursor);
        if (r < 0)
                return r;
        *ret = TAKE(path, SECRET_INIT);
        return 0;
}

static int page_fetch(tokend_list_t *list) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        _cleanup_(json_reply_done) JsonReply page = JSON_REPLY_INIT;
        _cleanup_(freep) char *cursor = NULL;
        JsonNode rows;
        int r;

        r = page_path(list, &path);
        if (r < 0)
                return handle_fail(list->handle, r, NULL);
        r = handle_call_json(list->handle, secret_text(&path), NULL, &page);
        if (r != 0)
                return r;
        rows = json_get(page.json, JSON_ROOT, "tokens");
        if (rows == JSON_NONE || json_type(page.json, rows) != JSON_ARRAY)
                return handle_fail(list->handle, -EBADMSG, NULL);
        r = json_get_text(page.json, JSON_ROOT, "next", &cursor);
        if (r < 0 && r != -ENOENT)
                return handle_fail(list->handle, r, NULL);
        if (cursor && streq_ptr(cursor, list->cursor))
                return handle_fail(list->handle, -EBADMSG, NULL);

        json_reply_done(&list->page);
        list->page = TAKE(page, JSON_REPLY_INIT);
        list->row = json_first(list->page.json, rows);
        free(list->cursor);
        list->cursor = TAKE_PTR(cursor);
        return 0;
}

_public_ int tokend_list(tokend_t *t, const char *user, tokend_list_t **ret) {
        _cleanup_(tokend_list_freep) tokend_list_t *list = calloc(1, sizeof(*list));
        int r;

        if (!list)
                return handle_fail(t, -ENOMEM, NULL);
        *list = (tokend_list_t){ .handle = t, .page = JSON_REPLY_INIT, .row = JSON_NONE };
        if (user) {
                list->user = strdup(user);
                if (!list->user)
                        return handle_fail(t, -ENOMEM, NULL);
        }
        r = page_fetch(list);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}

_public_ int tokend_list_next(tokend_list_t *list, const tokend_token_t **ret) {
        tokend_token_t *token;
        int r;

        while (list->row == JSON_NONE) {
                if (!list->cursor) {
                        *ret = NULL;
                        return 0;
                }
                r = page_fetch(list);
                if (r != 0)
                        return r;
        }
        r = token_from_row(list->page.json, list->row, &token);
        if (r < 0)
                return handle_fail(list->handle, r, NULL);
        list->row = json_next(list->page.json, list->row);
        tokend_token_free(list->token);
        list->token = token;
        *ret = token;
        return 0;
}

_public_ void tokend_list_free(tokend_list_t *list) {
        if (!list)
                return;
        json_reply_done(&list->page);
        tokend_token_free(list->token);
        free(list->user);
        free(list->cursor);
        free(list);
}
