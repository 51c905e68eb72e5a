/* tokenctl user: everything but making one. */

#include <errno.h>
#include <stdio.h>

#include "ctl/json-copy.h"
#include "ctl/pages.h"
#include "ctl/secret-input.h"
#include "ctl/user-find.h"
#include "ctl/verbs.h"
#include "wire/cleanup.h"
#include "wire/json-write.h"
#include "wire/text.h"

/* clang-format off */
static const Column columns[] = {
        { "NAME",    "name",       "name",       COLUMN_TEXT   },
        { "UID",     "uid",        "uid",        COLUMN_NUMBER },
        { NULL,      "gid",        "gid",        COLUMN_NUMBER },
        { "STATE",   "state",      "state",      COLUMN_TEXT   },
        { NULL,      "expires",    "expires",    COLUMN_TIME   },
        { "ROLE",    "role",       "role",       COLUMN_TEXT   },
        { "EMAIL",   "email",      "email",      COLUMN_TEXT   },
        { "SCOPES",  "scopes",     "scopes",     COLUMN_LIST   },
        { NULL,      "groups",     "groups",     COLUMN_LIST   },
        { NULL,      "home",       "home",       COLUMN_TEXT   },
        { NULL,      "shell",      "shell",      COLUMN_TEXT   },
        { NULL,      "adopted",    "adopted",    COLUMN_BOOL   },
        { NULL,      "parent",     "parent",     COLUMN_TEXT   },
        { NULL,      "partner id", "partner_id", COLUMN_TEXT   },
        { NULL,      "SSH key",    "ssh_keys",   COLUMN_LINES  },
        { "CREATED", "created",    "created",    COLUMN_TIME   },
        { "ID",      "id",         "id",         COLUMN_TEXT   },
};
/* clang-format on */

enum Exit user_list(Ctl *ctl, char **arguments, size_t n) {
        const Listing listing = { "/v1/users?", "users", columns, ELEMENTSOF(columns), NULL };

        return listing_print(ctl, &listing);
}

enum Exit user_show(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        JsonNode user;
        enum Exit e;
        int r;

        e = user_find(ctl, arguments[0], &reply, &user);
        if (e != EXIT_DONE)
                return e;
        if (!ctl_wants_json(ctl))
                return columns_print(columns, ELEMENTSOF(columns), reply.json, user);
        r = json_print(reply.json, user);
        return r == 0 ? EXIT_DONE : complain_of_error(arguments[0], r);
}

enum Exit user_remove(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        enum Exit e;

        e = user_change(ctl, arguments[0], "DELETE", "", NULL, &reply);
        return e == EXIT_DONE ? print_change(ctl, arguments[0], "removed", &reply) : e;
}

static enum Exit state_set(Ctl *ctl, const char *name, const char *state, Reply *ret) {
        _cleanup_(secret_done) Secret body = SECRET_INIT;
        JsonWriter w = JSON_WRITER(&body);
        int r;

        json_write_object(&w, NULL);
        json_write_text(&w, "state", state);
        json_write_object_end(&w);
        r = json_write_end(&w);
        return r < 0 ? complain_of_error(name, r) : user_change(ctl, name, "PATCH", "", &body, ret);
}

enum Exit user_lock(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        enum Exit e;

        e = state_set(ctl, arguments[0], "locked", &reply);
        return e == EXIT_DONE ? print_change(ctl, arguments[0], "locked", &reply) : e;
}

enum Exit user_unlock(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        enum Exit e;

        e = state_set(ctl, arguments[0], "active", &reply);
        if (e != EXIT_DONE)
                return e;
        if (ctl_wants_json(ctl))
                reply_print_json(&reply);
        else
                printf("%s may log in again.\n", arguments[0]);
        return EXIT_DONE;
}

static enum Exit passwords_get(const Ctl *ctl, const char *name, Secret *ret_old, Secret *ret_new) {
        char prompt[USER_PROMPT_MAX];
        enum Exit e;

        if (ctl_is_ordinary(ctl) || ctl_option(ctl, OPTION_OLD_PASSWORD_FILE)) {
                snprintf(prompt, sizeof(prompt), "Old password of %s", name);
                e = secret_get(ctl, OPTION_OLD_PASSWORD_FILE, prompt, false, ret_old);
                if (e != EXIT_DONE)
                        return e;
        }
        snprintf(prompt, sizeof(prompt), "New password of %s", name);
        return secret_get(ctl, OPTION_PASSWORD_FILE, prompt, true, ret_new);
}

enum Exit user_passwd(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(secret_done) Secret old = SECRET_INIT;
        _cleanup_(secret_done) Secret new = SECRET_INIT;
        _cleanup_(secret_done) Secret body = SECRET_INIT;
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        JsonWriter w = JSON_WRITER(&body);
        enum Exit e;
        int r;

        e = passwords_get(ctl, arguments[0], &old, &new);
        if (e != EXIT_DONE)
                return e;
        json_write_object(&w, NULL);
        if (!secret_is_empty(&old))
                json_write_secret(&w, "old_password", &old);
        json_write_secret(&w, "password", &new);
        json_write_object_end(&w);
        r = json_write_end(&w);
        if (r == -EINVAL)
                return complain_of_password(arguments[0]);
        if (r < 0)
                return complain_of_error(arguments[0], r);
        e = user_change(ctl, arguments[0], "POST", "/password", &body, &reply);
        return e == EXIT_DONE ? print_change(ctl, arguments[0], "has a new password", &reply) : e;
}
