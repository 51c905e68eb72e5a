/* tokenctl user set: changes what a user was made with. */

#include <errno.h>

#include "ctl/members.h"
#include "ctl/user-find.h"
#include "ctl/verbs.h"
#include "wire/cleanup.h"
#include "wire/json-write.h"
#include "wire/text.h"

/* clang-format off */
static const Member members[] = {
        { OPTION_STATE,   "state",    MEMBER_TEXT },
        { OPTION_EXPIRES, "expires",  MEMBER_DATE },
        { OPTION_SSH_KEY, "ssh_keys", MEMBER_KEYS },
};
/* clang-format on */

static bool is_anything_given(const Ctl *ctl) {
        for (size_t i = 0; i < ELEMENTSOF(members); i++)
                if (ctl_option(ctl, members[i].option))
                        return true;
        return false;
}

enum Exit user_set(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(secret_done) Secret body = SECRET_INIT;
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        JsonWriter w = JSON_WRITER(&body);
        enum Exit e;
        int r;

        if (!is_anything_given(ctl))
                return complain_of_usage("user set takes one at least of: --state=, --expires=, "
                                         "--ssh-key=");
        json_write_object(&w, NULL);
        e = members_write(ctl, members, ELEMENTSOF(members), &w);
        if (e != EXIT_DONE)
                return e;
        json_write_object_end(&w);
        r = json_write_end(&w);
        if (r < 0)
                return complain_of_error(arguments[0], r);
        e = user_change(ctl, arguments[0], "PATCH", "", &body, &reply);
        return e == EXIT_DONE ? print_change(ctl, arguments[0], "changed", &reply) : e;
}
