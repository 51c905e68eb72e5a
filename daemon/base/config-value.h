#pragma once

/* What a configuration value may be: the kinds of values, each with its parser and its words. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ConfigRow ConfigRow;

typedef struct ConfigKind {
        /* Reads value into field, which it changes only when all of it is good. A list adds what
         * value holds to what is there. 0, -ENOMEM, or -EINVAL. */
        int (*parse)(const ConfigRow *row, const char *value, void *field);
        enum ConfigType { CONFIG_VALUE, CONFIG_TEXT, CONFIG_LIST } type; /* what field owns */
        const char *expected; /* what such a value must be; NULL: a number of the row's bounds */
} ConfigKind;

/* One key of tokend.conf(5). */
struct ConfigRow {
        const char *section;
        const char *key;
        const ConfigKind *kind;
        size_t offset;       /* of its field in Config */
        const char *initial; /* as it would be written; NULL: nothing */
        int64_t min, max;    /* of numbers and times (µs) */
};

extern const ConfigKind kind_path;         /* char * */
extern const ConfigKind kind_socket;       /* char * */
extern const ConfigKind kind_store;        /* char * */
extern const ConfigKind kind_account_path; /* char *: a home or a shell */
extern const ConfigKind kind_id;           /* char * */
extern const ConfigKind kind_issuer;       /* char * */
extern const ConfigKind kind_hash;         /* char * */
extern const ConfigKind kind_addresses;    /* char ** */
extern const ConfigKind kind_users;        /* char ** */
extern const ConfigKind kind_level;        /* int, syslog(3) */
extern const ConfigKind kind_bool;         /* bool */
extern const ConfigKind kind_number;       /* uint64_t */
extern const ConfigKind kind_time;         /* int64_t, µs */
extern const ConfigKind kind_uid_range;    /* uint32_t[2] */

/* Empties the field of a text or a list. */
void config_clear(const ConfigRow *row, void *field);

/* "must be an absolute path", for that value; the caller frees it. 0 or -ENOMEM. */
int config_explain(const ConfigRow *row, const char *value, char **ret);

/* "127.0.0.1:7450", "[::1]:0": whether an address of Listen= is the machine's own. */
bool config_address_is_loopback(const char *address);
