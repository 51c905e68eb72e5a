/* tokenctl login: tries a password the way a login does, and shows what it gives. */

#include <stdio.h>

#include "ctl/columns.h"
#include "ctl/members.h"
#include "ctl/secret-input.h"
#include "ctl/verbs.h"
#include "wire/cleanup.h"
#include "wire/form.h"
#include "wire/text.h"

/* clang-format off */
static const Column columns[] = {
        { NULL, "access token",  "access_token",  COLUMN_TEXT },
        { NULL, "refresh token", "refresh_token", COLUMN_TEXT },
        { NULL, "id",            "id",            COLUMN_TEXT },
        { NULL, "scope",         "scope",         COLUMN_TEXT },
        { NULL, "valid for",     "expires_in",    COLUMN_SPAN },
};
/* clang-format on */

static enum Exit form_make(const Ctl *ctl, const char *user, const Secret *password, Secret *ret) {
        _cleanup_(secret_done) Secret form = SECRET_INIT;
        _cleanup_(freep) char *scope = NULL;
        enum Exit e;
        int r;

        e = scopes_join(ctl, &scope);
        if (e != EXIT_DONE)
                return e;
        r = form_append(&form, "grant_type", "password");
        if (r == 0)
                r = form_append(&form, "username", user);
        if (r == 0)
                r = form_append_bytes(&form, "password", secret_text(password), password->size);
        if (r == 0)
                r = form_append(&form, "scope", scope);
        if (r < 0)
                return complain_of_error(user, r);
        *ret = TAKE(form, SECRET_INIT);
        return EXIT_DONE;
}

static enum Exit print_login(const char *user, const Reply *reply) {
        _cleanup_(freep) char *state = NULL;
        _cleanup_(freep) char *reason = NULL;

        (void)json_get_text(reply->json, JSON_ROOT, "state", &state);
        (void)json_get_text(reply->json, JSON_ROOT, "reason", &reason);
        if (json_get(reply->json, JSON_ROOT, "access_token") == JSON_NONE) {
                complain(user, reason, "the password is right, but there is no token");
                return EXIT_FAILED;
        }
        if (state && streq(state, reason_to_string(REASON_PASSWORD_MUST_CHANGE)))
                printf("The password is right, and must be changed first: "
                       "tokenctl user passwd %s\n",
                       user);
        else
                printf("The password is right.\n");
        return columns_print(columns, ELEMENTSOF(columns), reply->json, JSON_ROOT);
}

static enum Exit options_check(const Ctl *ctl) {
        static const enum Option only_explain[] = { OPTION_SERVICE, OPTION_RHOST };

        for (size_t i = 0; i < ELEMENTSOF(only_explain); i++)
                if (ctl_option(ctl, only_explain[i]))
                        return complain_of_usage("--%s goes with --explain",
                                                 option_rows[only_explain[i]].name);
        return EXIT_DONE;
}

enum Exit login(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(secret_done) Secret password = SECRET_INIT;
        _cleanup_(secret_done) Secret form = SECRET_INIT;
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        Question question = { "POST", "/oauth/token", TYPE_FORM, &form, arguments[0] };
        char prompt[USER_PROMPT_MAX];
        enum Exit e;

        if (ctl_option(ctl, OPTION_EXPLAIN))
                return login_explain(ctl, arguments[0]);
        e = options_check(ctl);
        if (e != EXIT_DONE)
                return e;
        snprintf(prompt, sizeof(prompt), "Password of %s", arguments[0]);
        e = secret_get(ctl, OPTION_PASSWORD_FILE, prompt, false, &password);
        if (e == EXIT_DONE)
                e = form_make(ctl, arguments[0], &password, &form);
        if (e == EXIT_DONE)
                e = ctl_ask(ctl, &question, &reply);
        if (e != EXIT_DONE)
                return e;
        if (!ctl_wants_json(ctl))
                return print_login(arguments[0], &reply);
        reply_print_json(&reply);
        return EXIT_DONE;
}
