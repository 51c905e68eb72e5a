/* tokenctl user add: makes a user, and says what to do next. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/members.h"
#include "ctl/secret-input.h"
#include "ctl/verbs.h"
#include "wire/cleanup.h"
#include "wire/json-write.h"
#include "wire/text.h"

/* clang-format off */
static const Member members[] = {
        { OPTION_ID,         "id",         MEMBER_TEXT   },
        { OPTION_UID,        "uid",        MEMBER_NUMBER },
        { OPTION_EMAIL,      "email",      MEMBER_TEXT   },
        { OPTION_ROLE,       "role",       MEMBER_TEXT   },
        { OPTION_PARTNER_ID, "partner_id", MEMBER_TEXT   },
        { OPTION_PARENT,     "parent",     MEMBER_TEXT   },
        { OPTION_SCOPES,     "scopes",     MEMBER_LIST   },
        { OPTION_GROUPS,     "groups",     MEMBER_LIST   },
        { OPTION_SHELL,      "shell",      MEMBER_TEXT   },
        { OPTION_HOME,       "home",       MEMBER_TEXT   },
        { OPTION_EXPIRES,    "expires",    MEMBER_DATE   },
        { OPTION_SSH_KEY,    "ssh_keys",   MEMBER_KEYS   },
};
/* clang-format on */

static enum Exit body_make(const Ctl *ctl, const char *name, const Secret *password, Secret *ret) {
        _cleanup_(secret_done) Secret body = SECRET_INIT;
        JsonWriter w = JSON_WRITER(&body);
        enum Exit e;
        int r;

        json_write_object(&w, NULL);
        json_write_text(&w, "name", name);
        if (w.error == -EINVAL)
                return complain_of_usage("the name is not UTF-8");
        e = members_write(ctl, members, ELEMENTSOF(members), &w);
        if (e != EXIT_DONE)
                return e;
        json_write_secret(&w, "password", password);
        json_write_object_end(&w);
        r = json_write_end(&w);
        if (r == -EINVAL)
                return complain_of_password(name);
        if (r < 0)
                return complain_of_error(name, r);
        *ret = TAKE(body, SECRET_INIT);
        return EXIT_DONE;
}

static void print_next_steps(const char *name, const Reply *reply) {
        _cleanup_(freep) char *id = NULL;
        char host[256] = "this-host";

        if (gethostname(host, sizeof(host)) < 0)
                snprintf(host, sizeof(host), "this-host");
        host[sizeof(host) - 1] = '\0';
        (void)json_get_text(reply->json, JSON_ROOT, "id", &id);
        printf("%s added: uid %" PRId64 ", id %s.\n", name, reply_number(reply, "uid"), id ?: "?");
        printf("Next:\n"
               "  try the password      tokenctl login %s\n"
               "  let sshd ask tokend   the lines for /etc/pam.d/sshd are in pam_tokend(8); then\n"
               "                        ssh %s@%s\n",
               name, name, host);
}

enum Exit user_add(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(secret_done) Secret password = SECRET_INIT;
        _cleanup_(secret_done) Secret body = SECRET_INIT;
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        Question question = { "POST", "/v1/users", TYPE_JSON, &body, arguments[0] };
        char prompt[USER_PROMPT_MAX];
        enum Exit e;

        snprintf(prompt, sizeof(prompt), "Password for %s", arguments[0]);
        e = secret_get(ctl, OPTION_PASSWORD_FILE, prompt, true, &password);
        if (e == EXIT_DONE)
                e = body_make(ctl, arguments[0], &password, &body);
        if (e == EXIT_DONE)
                e = ctl_ask(ctl, &question, &reply);
        if (e != EXIT_DONE)
                return e;
        if (ctl_wants_json(ctl))
                reply_print_json(&reply);
        else
                print_next_steps(arguments[0], &reply);
        return EXIT_DONE;
}
