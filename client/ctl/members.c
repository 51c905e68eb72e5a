/* Values of options on their way into a request. A list that turns out empty is refused: it would
 * mean "no limit", which nobody asks for by --scopes="$UNSET". */

#include "ctl/members.h"

#include <errno.h>

#include "ctl/date-input.h"
#include "ctl/key-input.h"
#include "wire/cleanup.h"
#include "wire/text.h"

static enum Exit list_split(const Ctl *ctl, enum Option option, char ***ret) {
        int r;

        r = strv_split(ctl_option(ctl, option), ", ", ret);
        if (r < 0)
                return complain_of_error(option_rows[option].name, r);
        if (strv_length(*ret) == 0)
                return complain_of_usage("--%s: there is nothing in the list",
                                         option_rows[option].name);
        return EXIT_DONE;
}

static enum Exit number_parse(const Ctl *ctl, enum Option option, int64_t *ret) {
        const char *text = ctl_option(ctl, option);

        if (parse_int64(text, ret) < 0 || *ret < 0)
                return complain_of_usage("--%s=%s: not a whole number", option_rows[option].name,
                                         text);
        return EXIT_DONE;
}

enum Exit seconds_parse(const Ctl *ctl, enum Option option, int64_t *ret) {
        int64_t seconds = 0;
        enum Exit e;

        if (ctl_option(ctl, option)) {
                e = number_parse(ctl, option, &seconds);
                if (e != EXIT_DONE)
                        return e;
                if (seconds == 0)
                        return complain_of_usage("--%s must be 1 second or more",
                                                 option_rows[option].name);
        }
        *ret = seconds;
        return EXIT_DONE;
}

static enum Exit date_read(const Ctl *ctl, enum Option option, int64_t *ret) {
        if (date_parse(ctl_option(ctl, option), ret) < 0)
                return complain_of_usage("--%s=%s: not " DATE_FORMS, option_rows[option].name,
                                         ctl_option(ctl, option));
        return EXIT_DONE;
}

static enum Exit member_write(const Ctl *ctl, const Member *member, JsonWriter *w) {
        _cleanup_(strv_freep) char **list = NULL;
        int64_t number;
        enum Exit e = EXIT_DONE;

        switch (member->kind) {
        case MEMBER_TEXT:
                json_write_text(w, member->name, ctl_option(ctl, member->option));
                break;
        case MEMBER_NUMBER:
                e = number_parse(ctl, member->option, &number);
                if (e == EXIT_DONE)
                        json_write_int(w, member->name, number);
                break;
        case MEMBER_LIST:
                e = list_split(ctl, member->option, &list);
                if (e == EXIT_DONE)
                        json_write_strv(w, member->name, list);
                break;
        case MEMBER_DATE:
                e = date_read(ctl, member->option, &number);
                if (e == EXIT_DONE)
                        json_write_int(w, member->name, number);
                break;
        case MEMBER_KEYS:
                e = keys_read_option(ctl, member->option, &list);
                if (e == EXIT_DONE)
                        json_write_strv(w, member->name, list);
                break;
        }
        if (e == EXIT_DONE && w->error == -EINVAL)
                return complain_of_usage("--%s: not UTF-8", option_rows[member->option].name);
        return e;
}

enum Exit members_write(const Ctl *ctl, const Member *members, size_t n, JsonWriter *w) {
        for (size_t i = 0; i < n; i++) {
                enum Exit e;

                if (!ctl_option(ctl, members[i].option))
                        continue;
                e = member_write(ctl, &members[i], w);
                if (e != EXIT_DONE)
                        return e;
        }
        return EXIT_DONE;
}

enum Exit scopes_join(const Ctl *ctl, char **ret) {
        _cleanup_(strv_freep) char **scopes = NULL;
        enum Exit e;
        int r;

        if (!ctl_option(ctl, OPTION_SCOPES)) {
                *ret = NULL;
                return EXIT_DONE;
        }
        e = list_split(ctl, OPTION_SCOPES, &scopes);
        if (e != EXIT_DONE)
                return e;
        r = strv_join(scopes, " ", ret);
        return r == 0 ? EXIT_DONE : complain_of_error("--scopes", r);
}
