/* tokenctl client: applications that may ask for tokens. */

#include <errno.h>
#include <stdio.h>

#include "ctl/members.h"
#include "ctl/pages.h"
#include "ctl/secret-input.h"
#include "ctl/verbs.h"
#include "wire/cleanup.h"
#include "wire/json-write.h"
#include "wire/text.h"

#define CLIENTS "/v1/clients/"

/* clang-format off */
static const Column columns[] = {
        { "ID",         "id",               "client_id",        COLUMN_TEXT },
        { "GRANTS",     "grants",           "grants",           COLUMN_LIST },
        { "SCOPES",     "scopes",           "scopes",           COLUMN_LIST },
        { "ISSUE-FOR",  "issue for",        "issue_for",        COLUMN_LIST },
        { "INTROSPECT", "introspect",       "introspect",       COLUMN_TEXT },
        { NULL,         "access lifetime",  "access_lifetime",  COLUMN_SPAN },
        { NULL,         "refresh lifetime", "refresh_lifetime", COLUMN_SPAN },
        { "CREATED",    "created",          "created",          COLUMN_TIME },
};
/* clang-format on */

/* clang-format off */
static const Member members[] = {
        { OPTION_GRANTS,           "grants",           MEMBER_LIST   },
        { OPTION_SCOPES,           "scopes",           MEMBER_LIST   },
        { OPTION_ISSUE_FOR,        "issue_for",        MEMBER_LIST   },
        { OPTION_INTROSPECT,       "introspect",       MEMBER_TEXT   },
        { OPTION_ACCESS_LIFETIME,  "access_lifetime",  MEMBER_NUMBER },
        { OPTION_REFRESH_LIFETIME, "refresh_lifetime", MEMBER_NUMBER },
};
/* clang-format on */

static enum Exit body_make(const Ctl *ctl, const char *id, const Secret *secret, Secret *ret) {
        _cleanup_(secret_done) Secret body = SECRET_INIT;
        JsonWriter w = JSON_WRITER(&body);
        enum Exit e;
        int r;

        json_write_object(&w, NULL);
        json_write_text(&w, "client_id", id);
        if (w.error == -EINVAL)
                return complain_of_usage("the id is not UTF-8");
        e = members_write(ctl, members, ELEMENTSOF(members), &w);
        if (e != EXIT_DONE)
                return e;
        if (!secret_is_empty(secret))
                json_write_secret(&w, "client_secret", secret);
        json_write_object_end(&w);
        r = json_write_end(&w);
        if (r == -EINVAL)
                return complain_of_password(id);
        if (r < 0)
                return complain_of_error(id, r);
        *ret = TAKE(body, SECRET_INIT);
        return EXIT_DONE;
}

/* A secret that tokend made is in the reply, once. */
static void print_added(const char *id, const Reply *reply) {
        _cleanup_(secret_done) Secret secret = SECRET_INIT;

        printf("%s added.\n", id);
        if (json_get_secret(reply->json, JSON_ROOT, "client_secret", &secret) == 0)
                printf("Its secret, which is not shown again:\n%s\n", secret_text(&secret));
}

enum Exit client_add(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(secret_done) Secret secret = SECRET_INIT;
        _cleanup_(secret_done) Secret body = SECRET_INIT;
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        Question question = { "POST", "/v1/clients", TYPE_JSON, &body, arguments[0] };
        enum Exit e = EXIT_DONE;

        if (ctl_option(ctl, OPTION_SECRET_FILE))
                e = secret_read_option(&ctl->options, OPTION_SECRET_FILE, &secret);
        if (e == EXIT_DONE)
                e = body_make(ctl, arguments[0], &secret, &body);
        if (e == EXIT_DONE)
                e = ctl_ask(ctl, &question, &reply);
        if (e != EXIT_DONE)
                return e;
        if (ctl_wants_json(ctl))
                reply_print_json(&reply);
        else
                print_added(arguments[0], &reply);
        return EXIT_DONE;
}

enum Exit client_list(Ctl *ctl, char **arguments, size_t n) {
        const Listing listing = { "/v1/clients?", "clients", columns, ELEMENTSOF(columns), NULL };

        return listing_print(ctl, &listing);
}

enum Exit client_show(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        enum Exit e;

        e = ctl_ask_about(ctl, "GET", CLIENTS, arguments[0], &reply);
        return e == EXIT_DONE ? reply_show(ctl, columns, ELEMENTSOF(columns), &reply) : e;
}

enum Exit client_remove(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        enum Exit e;

        e = ctl_ask_about(ctl, "DELETE", CLIENTS, arguments[0], &reply);
        return e == EXIT_DONE ? print_change(ctl, arguments[0], "removed", &reply) : e;
}
