#pragma once

/* Options that become members of a JSON body, one row each. */

#include "ctl/ctl.h"
#include "wire/json-write.h"

enum MemberKind {
        MEMBER_TEXT,
        MEMBER_NUMBER,
        MEMBER_LIST,
        MEMBER_DATE, /* date-input.h → seconds since 1970 */
        MEMBER_KEYS, /* key-input.h → an array */
};

typedef struct Member {
        enum Option option;
        const char *name;
        enum MemberKind kind;
} Member;

/* Writes those that were given. EXIT_MISUSED: a value that can't be one. */
enum Exit members_write(const Ctl *ctl, const Member *members, size_t n, JsonWriter *w);
/* "a,b" as RFC 6749 writes scopes: "a b". NULL when the option was not given. */
enum Exit scopes_join(const Ctl *ctl, char **ret);
/* A lifetime in seconds; 0 when the option was not given. */
enum Exit seconds_parse(const Ctl *ctl, enum Option option, int64_t *ret);
