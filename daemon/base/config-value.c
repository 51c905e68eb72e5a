/* Configuration values: the parsers, and what to tell someone whose value one of them refused.
 *
 * A parser changes its field only when the whole value is good. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>
#include <syslog.h>

#include "base/config-value.h"
#include "base/timespan.h"
#include "base/user.h"
#include "wire/cleanup.h"
#include "wire/text.h"
#include "wire/uid.h"

static int set_text(const char *value, void *field) {
        char **text = field, *copy = strdup(value);

        if (!copy)
                return -ENOMEM;

        free(*text);
        *text = copy;
        return 0;
}

static int set_text_if(bool good, const char *value, void *field) {
        return good ? set_text(value, field) : -EINVAL;
}

static int parse_path(const ConfigRow *row, const char *value, void *field) {
        return set_text_if(value[0] == '/', value, field);
}

static int parse_socket(const ConfigRow *row, const char *value, void *field) {
        bool fits = strlen(value) < sizeof(((struct sockaddr_un *)NULL)->sun_path);

        return set_text_if(value[0] == '/' && fits, value, field);
}

static int parse_store(const ConfigRow *row, const char *value, void *field) {
        return set_text_if(strncmp(value, "sqlite:/", 8) == 0, value, field);
}

static int parse_account_path(const ConfigRow *row, const char *value, void *field) {
        return set_text_if(account_path_is_valid(value), value, field);
}

static int parse_id(const ConfigRow *row, const char *value, void *field) {
        return set_text_if(id_is_valid(value), value, field);
}

/* RFC 8414 section 2 */
static int parse_issuer(const ConfigRow *row, const char *value, void *field) {
        const char *host = strncmp(value, "http://", 7) == 0    ? value + 7
                           : strncmp(value, "https://", 8) == 0 ? value + 8
                                                                : "";
        bool good = *host && *host != '/' && !strpbrk(value, "?#@\"\\<> \t");

        return set_text_if(good && value[strlen(value) - 1] != '/', value, field);
}

/* "yescrypt", "$y$": which of them this machine's libcrypt knows is not decided here. */
static int parse_hash(const ConfigRow *row, const char *value, void *field) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789-";
        size_t size = strspn(value, letters);

        if (value[0] == '$') {
                size = strspn(value + 1, letters);
                return set_text_if(size > 0 && streq(value + 1 + size, "$"), value, field);
        }

        return set_text_if(size > 0 && value[size] == '\0', value, field);
}

static int parse_level(const ConfigRow *row, const char *value, void *field) {
        static const char *const names[] = {
                [LOG_EMERG] = "emerg",     [LOG_ALERT] = "alert",   [LOG_CRIT] = "crit",
                [LOG_ERR] = "err",         [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
                [LOG_INFO] = "info",       [LOG_DEBUG] = "debug",
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(value, names[i])) {
                        *(int *)field = i;
                        return 0;
                }

        return -EINVAL;
}

static int parse_bool(const ConfigRow *row, const char *value, void *field) {
        static const struct {
                const char *word;
                bool value;
        } words[] = {
                { "yes", true }, { "true", true },   { "on", true },   { "1", true },
                { "no", false }, { "false", false }, { "off", false }, { "0", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (strcasecmp(value, words[i].word) == 0) {
                        *(bool *)field = words[i].value;
                        return 0;
                }

        return -EINVAL;
}

static int parse_within(const ConfigRow *row, int r, int64_t number, int64_t *ret) {
        if (r < 0 || number < row->min || number > row->max)
                return -EINVAL;

        *ret = number;
        return 0;
}

static int parse_number(const ConfigRow *row, const char *value, void *field) {
        int64_t number = 0;
        int r;

        r = parse_int64(value, &number);
        r = parse_within(row, r, number, &number);
        if (r < 0)
                return r;

        *(uint64_t *)field = number;
        return 0;
}

static int parse_time(const ConfigRow *row, const char *value, void *field) {
        int64_t usec = 0;
        int r;

        r = timespan_parse(value, &usec);
        return parse_within(row, r, usec, field);
}

static int parse_uid_range(const ConfigRow *row, const char *value, void *field) {
        _cleanup_(strv_freep) char **ends = NULL;
        uint32_t min, max, *range = field;
        int r;

        r = strv_split(value, "-", &ends);
        if (r < 0)
                return r;

        if (strv_length(ends) != 2 || parse_uint32(ends[0], &min) < 0 ||
            parse_uint32(ends[1], &max) < 0)
                return -EINVAL;
        if (!uid_is_giveable(min) || !uid_is_giveable(max) || min > max)
                return -EINVAL;
        if (min < UID_HELD_MIN && max > UID_HELD_MAX)
                return -EINVAL;

        range[0] = min;
        range[1] = max;
        return 0;
}

/* Adds the words of value to the list, all or none. */
static int add_words(const char *value, bool (*is_valid)(const char *word), void *field) {
        _cleanup_(strv_freep) char **words = NULL, **list = NULL;
        char ***strv = field;
        int r;

        r = strv_split(value, " \t,", &words);
        if (r >= 0 && *strv)
                r = strv_copy(*strv, &list);

        for (size_t i = 0; r >= 0 && i < strv_length(words); i++)
                r = is_valid(words[i]) ? strv_extend(&list, words[i]) : -EINVAL;
        if (r < 0)
                return r;

        strv_free(*strv);
        *strv = TAKE_PTR(list);
        return 0;
}

/* Splits "ADDRESS:PORT" and reads the address. The family, or -EINVAL. */
static int read_address(const char *address, void *ret_address, const char **ret_port) {
        const char *colon = strrchr(address, ':');
        bool bracketed = address[0] == '[';
        char host[INET6_ADDRSTRLEN];
        size_t size;

        if (!colon || (bracketed && (colon - address < 2 || colon[-1] != ']')))
                return -EINVAL;

        size = colon - address - (bracketed ? 2 : 0);
        if (size >= sizeof(host))
                return -EINVAL;

        memcpy(host, address + bracketed, size);
        host[size] = '\0';
        *ret_port = colon + 1;

        if (inet_pton(bracketed ? AF_INET6 : AF_INET, host, ret_address) != 1)
                return -EINVAL;
        return bracketed ? AF_INET6 : AF_INET;
}

static bool address_is_valid(const char *address) {
        struct in6_addr either;
        const char *port;
        uint32_t number;

        return read_address(address, &either, &port) > 0 && strlen(port) <= 5 &&
               parse_uint32(port, &number) == 0 && number <= UINT16_MAX;
}

bool config_address_is_loopback(const char *address) {
        union {
                struct in_addr v4;
                struct in6_addr v6;
        } either;
        const char *port;

        switch (read_address(address, &either, &port)) {
        case AF_INET:
                return ntohl(either.v4.s_addr) >> 24 == 127;
        case AF_INET6:
                return IN6_IS_ADDR_LOOPBACK(&either.v6);
        default:
                return false;
        }
}

static int parse_addresses(const ConfigRow *row, const char *value, void *field) {
        return add_words(value, address_is_valid, field);
}

static bool is_user(const char *word) {
        uint32_t uid;

        return user_name_is_valid(word) || parse_uint32(word, &uid) == 0;
}

static int parse_users(const ConfigRow *row, const char *value, void *field) {
        return add_words(value, is_user, field);
}

const ConfigKind kind_path = { parse_path, CONFIG_TEXT, "an absolute path" };
const ConfigKind kind_socket = { parse_socket, CONFIG_TEXT,
                                 "an absolute path of at most 107 bytes" };
const ConfigKind kind_store = { parse_store, CONFIG_TEXT, "sqlite: and an absolute path" };
const ConfigKind kind_account_path = { parse_account_path, CONFIG_TEXT,
                                       "an absolute path without \"..\", \":\" and \",\"" };
const ConfigKind kind_id = { parse_id, CONFIG_TEXT, "at most 128 ASCII characters, no spaces" };
const ConfigKind kind_issuer = { parse_issuer, CONFIG_TEXT,
                                 "an http:// or https:// URL without query, fragment and final /" };
const ConfigKind kind_hash = { parse_hash, CONFIG_TEXT,
                               "a method of crypt(5), such as yescrypt, sha512crypt or $2b$" };
const ConfigKind kind_addresses = { parse_addresses, CONFIG_LIST,
                                    "ADDRESS:PORT in numbers, IPv6 addresses in brackets" };
const ConfigKind kind_users = { parse_users, CONFIG_LIST, "names or uids of users" };
const ConfigKind kind_level = { parse_level, CONFIG_VALUE,
                                "emerg, alert, crit, err, warning, notice, info or debug" };
const ConfigKind kind_bool = { parse_bool, CONFIG_VALUE, "yes or no" };
const ConfigKind kind_number = { parse_number, CONFIG_VALUE, NULL };
const ConfigKind kind_time = { parse_time, CONFIG_VALUE,
                               "a time above 0 and up to 100y, such as 14d or 1h 30min" };
const ConfigKind kind_uid_range = { parse_uid_range, CONFIG_VALUE,
                                    "MIN-MAX, from 1000 to 2147483647 and outside 61184-65535" };

void config_clear(const ConfigRow *row, void *field) {
        if (row->kind->type == CONFIG_TEXT) {
                free(*(char **)field);
                *(char **)field = NULL;
        } else if (row->kind->type == CONFIG_LIST) {
                *(char ***)field = strv_free(*(char ***)field);
        }
}

int config_explain(const ConfigRow *row, const char *value, char **ret) {
        const char *expected = row->kind->expected;
        int n;

        if (row->kind == &kind_store && strncmp(value, "postgres", strlen("postgres")) == 0)
                expected = "sqlite: and an absolute path, PostgreSQL is not built in";

        if (expected)
                n = asprintf(ret, "must be %s", expected);
        else
                n = asprintf(ret, "must be a number from %lld to %lld", (long long)row->min,
                             (long long)row->max);
        return n < 0 ? -ENOMEM : 0;
}
