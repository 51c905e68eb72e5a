/* tokenctl throttle: who has to wait after wrong passwords, and letting them in. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "ctl/pages.h"
#include "ctl/verbs.h"
#include "wire/cleanup.h"
#include "wire/form.h"
#include "wire/text.h"

#define THROTTLE "/v1/throttle?"

/* clang-format off */
static const Column columns[] = {
        { "USER",     "user",     "user",     COLUMN_TEXT   },
        { "REMOTE",   "remote",   "remote",   COLUMN_TEXT   },
        { "FAILURES", "failures", "failures", COLUMN_NUMBER },
        { "WAIT",     "wait",     "wait",     COLUMN_SPAN   },
        { "LAST",     "last",     "last",     COLUMN_TIME   },
};
/* clang-format on */

/* What may be NULL is left out; ends is what stands behind the rest, if there is any. */
static enum Exit path_of(const char *user, const char *remote, bool all, const char *ends,
                         Secret *ret) {
        _cleanup_(secret_done) Secret query = SECRET_INIT;
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        int r;

        r = form_append(&query, "user", user);
        if (r == 0)
                r = form_append(&query, "remote", remote);
        if (r == 0 && all)
                r = form_append(&query, "all", "true");
        if (r == 0 && !secret_is_empty(&query))
                r = secret_append_text(&query, ends);
        if (r == 0)
                r = secret_append_text(&path, THROTTLE);
        if (r == 0)
                r = secret_append_text(&path, secret_text(&query));
        if (r < 0)
                return complain_of_error(user, r);
        *ret = TAKE(path, SECRET_INIT);
        return EXIT_DONE;
}

enum Exit throttle_list(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        Listing listing = {
                .member = "throttle",
                .none = "Nobody has failed within an hour.",
                .columns = columns,
                .n_columns = ELEMENTSOF(columns),
        };
        enum Exit e;

        e = path_of(ctl_option(ctl, OPTION_USER), NULL, false, "&", &path);
        if (e != EXIT_DONE)
                return e;
        listing.path = secret_text(&path);
        return listing_print(ctl, &listing);
}

static void print_cleared(const Ctl *ctl, const Reply *reply) {
        int64_t cleared = reply_number(reply, "cleared");

        if (ctl_wants_json(ctl))
                reply_print_json(reply);
        else
                printf("%" PRId64 " count%s cleared.\n", cleared, cleared == 1 ? "" : "s");
}

enum Exit throttle_clear(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        const char *remote = ctl_option(ctl, OPTION_REMOTE);
        bool all = option_is_given(&ctl->options, OPTION_ALL);
        const char *user = n > 0 ? arguments[0] : NULL;
        Question question = { .method = "DELETE", .thing = user ?: remote };
        enum Exit e;

        if (!all && !user && !remote)
                return complain_of_usage("say whose failures: NAME, --remote=ADDRESS, both, or "
                                         "--all");
        if (all && (user || remote))
                return complain_of_usage("--all excludes a NAME and --remote");
        if (user && user[0] == '\0')
                return complain_of_usage("the NAME is empty");
        e = path_of(user, remote, all, "", &path);
        if (e != EXIT_DONE)
                return e;
        question.path = secret_text(&path);
        e = ctl_ask(ctl, &question, &reply);
        if (e == EXIT_DONE)
                print_cleared(ctl, &reply);
        return e;
}
