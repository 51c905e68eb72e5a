/* Options by a table. What is not in it, or has a bad value, is an error and never a default. */

#include <errno.h>
#include <string.h>

#include "login.h"
#include "pam-options.h"
#include "passwd.h"
#include "wire/protocol.h"
#include "wire/text.h"
#include "wire/uid.h"

static int read_socket(PamOptions *options, const char *value) {
        if (value[0] != '/')
                return -EINVAL;
        options->socket_path = value;
        return 0;
}

/* Reads "12" or "1.5" in thousandths, whatever the locale's decimal point is. */
static int read_thousandths(const char *text, size_t size, unsigned *ret) {
        unsigned value = 0, unit = 1000;
        bool has_point = false, has_digit = false;

        for (size_t i = 0; i < size; i++) {
                if (text[i] == '.' && !has_point && has_digit) {
                        has_point = true;
                        has_digit = false;
                        continue;
                }
                if (text[i] < '0' || text[i] > '9')
                        return -EINVAL;
                has_digit = true;
                if (has_point)
                        unit /= 10;
                if (has_point && unit == 0)
                        return -EINVAL;
                unsigned digit = (unsigned)(text[i] - '0');
                if (!has_point && value > 1000U * LOGIN_TIMEOUT_MAX_MSEC)
                        return -EINVAL;
                value = has_point ? value + digit * unit : value * 10 + digit * 1000;
        }
        if (!has_digit)
                return -EINVAL;
        *ret = value;
        return 0;
}

static int read_timeout(PamOptions *options, const char *value) {
        size_t size = strlen(value);
        unsigned msec;
        int r;

        if (size > 2 && streq(value + size - 2, "ms")) {
                r = read_thousandths(value, size - 2, &msec);
                msec = r < 0 || msec % 1000 != 0 ? 0 : msec / 1000;
        } else {
                if (size > 1 && value[size - 1] == 's')
                        size--;
                r = read_thousandths(value, size, &msec);
        }
        if (r < 0 || msec == 0 || msec > LOGIN_TIMEOUT_MAX_MSEC)
                return -EINVAL;
        options->timeout_msec = msec;
        return 0;
}

static int read_min_uid(PamOptions *options, const char *value) {
        uint32_t uid;

        if (parse_uint32(value, &uid) < 0 || uid > UID_MAX)
                return -EINVAL;
        options->min_uid = uid;
        return 0;
}

/* Words of this table, each once, with commas between them. */
/* clang-format off */
static const struct {
        const char *name;
        unsigned accept;
} acceptable[] = {
        { "password", LOGIN_ACCEPT_PASSWORD },
        { "token",    LOGIN_ACCEPT_TOKEN    },
};
/* clang-format on */

static unsigned accept_from_name(const char *name, size_t size) {
        for (size_t i = 0; i < ELEMENTSOF(acceptable); i++)
                if (strlen(acceptable[i].name) == size &&
                    memcmp(acceptable[i].name, name, size) == 0)
                        return acceptable[i].accept;
        return 0;
}

static int read_accept(PamOptions *options, const char *value) {
        unsigned all = 0;

        for (;;) {
                size_t size = strcspn(value, ",");
                unsigned one = accept_from_name(value, size);

                if (one == 0 || (all & one))
                        return -EINVAL;
                all |= one;
                value += size;
                if (*value == '\0')
                        break;
                value++;
        }
        options->accept = all;
        return 0;
}

static int read_session_token(PamOptions *options, const char *value) {
        static const char *const names[] = {
                [SESSION_TOKEN_NONE] = "none",
                [SESSION_TOKEN_FILE] = "file",
                [SESSION_TOKEN_ENV] = "env",
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(names[i], value)) {
                        options->session_token = (enum SessionToken)i;
                        return 0;
                }
        return -EINVAL;
}

static int set_debug(PamOptions *options, const char *value) {
        options->debug = true;
        return 0;
}

static int set_use_first_pass(PamOptions *options, const char *value) {
        options->use_first_pass = true;
        return 0;
}

static int set_try_first_pass(PamOptions *options, const char *value) {
        options->try_first_pass = true;
        return 0;
}

static int set_skip_local(PamOptions *options, const char *value) {
        options->skip_local = true;
        return 0;
}

static int set_use_authtok(PamOptions *options, const char *value) {
        options->use_authtok = true;
        return 0;
}

static int set_one_time_token(PamOptions *options, const char *value) {
        options->one_time_token = true;
        return 0;
}

static int set_nodelay(PamOptions *options, const char *value) {
        options->nodelay = true;
        return 0;
}

/* A name that ends in '=' takes a value. */
/* clang-format off */
static const struct {
        const char *name;
        int (*read)(PamOptions *options, const char *value);
} table[] = {
        { "socket=",        read_socket        },
        { "timeout=",       read_timeout       },
        { "min_uid=",       read_min_uid       },
        { "accept=",        read_accept        },
        { "one_time_token", set_one_time_token },
        { "session_token=", read_session_token },
        { "use_first_pass", set_use_first_pass },
        { "try_first_pass", set_try_first_pass },
        { "skip_local",     set_skip_local     },
        { "use_authtok",    set_use_authtok    },
        { "nodelay",        set_nodelay        },
        { "debug",          set_debug          },
};
/* clang-format on */

static int read_option(PamOptions *options, const char *word) {
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                size_t size = strlen(table[i].name);

                if (table[i].name[size - 1] != '=') {
                        if (streq(table[i].name, word))
                                return table[i].read(options, NULL);
                } else if (strncmp(table[i].name, word, size) == 0)
                        return table[i].read(options, word + size);
        }
        return -EINVAL;
}

int pam_options_parse(int argc, const char **argv, PamOptions *ret, const char **ret_bad) {
        PamOptions options = {
                .socket_path = TOKEND_SOCKET_PATH,
                .timeout_msec = LOGIN_TIMEOUT_MSEC,
                .min_uid = MIN_UID_DEFAULT,
                .accept = LOGIN_ACCEPT_PASSWORD,
        };

        for (int i = 0; i < argc; i++)
                if (read_option(&options, argv[i]) < 0) {
                        *ret_bad = argv[i];
                        return -EINVAL;
                }
        *ret = options;
        return 0;
}

bool pam_options_permit_uid(const PamOptions *options, uid_t uid) {
        return uid >= options->min_uid && (uid == 0 || uid_is_somebodys(uid));
}

bool pam_options_pass_over(const PamOptions *options, const char *passwd, const char *snapshot,
                           uid_t trusted_uid, const char *user, bool was_let_in) {
        uid_t uid;

        if (options->min_uid > 0 && streq(user, "root"))
                return true;
        if (was_let_in)
                return false;
        if (options->skip_local && passwd_find_uid(passwd, user, &uid) == 0)
                return true;
        /* The snapshot is that of the tokend on this socket. */
        return streq(options->socket_path, TOKEND_SOCKET_PATH) &&
               passwd_user_is_foreign(passwd, snapshot, trusted_uid, user);
}
