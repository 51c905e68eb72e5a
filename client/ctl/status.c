/* tokenctl status: how tokend is. When it is not well it says so with a status of 503 and the same
 * object, which is shown as well. */

#include <stdio.h>

#include "ctl/columns.h"
#include "ctl/verbs.h"
#include "wire/cleanup.h"
#include "wire/text.h"

/* clang-format off */
static const Column columns[] = {
        { NULL, "status",  "status",  COLUMN_TEXT   },
        { NULL, "version", "version", COLUMN_TEXT   },
        { NULL, "store",   "store",   COLUMN_TEXT   },
        { NULL, "tokens",  "tokens",  COLUMN_NUMBER },
        { NULL, "logins",  "logins",  COLUMN_NUMBER },
        { NULL, "cached",  "cached",  COLUMN_NUMBER },
};
/* clang-format on */

static enum Exit health_print(const Ctl *ctl, const char *text, size_t size, enum Exit e) {
        _cleanup_(json_freep) Json *json = NULL;
        enum Exit printed = EXIT_DONE;

        if (json_parse(text, size, &json) < 0 || json_get(json, JSON_ROOT, "status") == JSON_NONE)
                return complain_of_reply(NULL);
        if (ctl_wants_json(ctl))
                puts(text);
        else
                printed = columns_print(columns, ELEMENTSOF(columns), json, JSON_ROOT);
        return e != EXIT_DONE ? e : printed;
}

enum Exit status(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        const char *text;
        size_t size;
        int r;

        r = tokend_call(ctl->handle, "GET", "/healthz", NULL, NULL, &reply.http);
        if (r != 0) {
                text = tokend_error_body(ctl->handle, &size);
                if (size > 0 && strstr(text, "\"status\""))
                        return health_print(ctl, text, size, EXIT_FAILED);
                return complain_of_handle(ctl, NULL, r);
        }
        text = tokend_reply_body(reply.http, &size);
        return health_print(ctl, text, size, EXIT_DONE);
}
