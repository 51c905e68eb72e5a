/* The methods of crypt(5) that a stored hash may have, in one table.
 *
 * crypt() cuts without a word: bcrypt looks at 72 bytes and traditional DES at 8 (measured with
 * libxcrypt 4.4.33). Whoever hashes must compare sizes with this table first. */

#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/password-method.h"
#include "wire/protocol.h"
#include "wire/text.h"

#define ROUNDS "rounds="
/* Of the SHA methods. */
#define ROUNDS_DEFAULT 5000

/* How a cost is written behind the prefix. */
enum CostKind {
        COST_NONE,
        COST_YESCRYPT, /* flavour, log2(N), r, one digit of crypt's each */
        COST_SCRYPT,   /* log2(N) in one digit, r in five */
        COST_LOG2,     /* decimal */
        COST_ROUNDS,   /* decimal, behind "rounds=" where that is optional */
        COST_COUNT,    /* four digits */
        _COST_KIND_MAX,
};

struct PasswordMethod {
        const char *name; /* NULL: for stored hashes only */
        const char *prefix;
        size_t size_max;
        unsigned rank; /* the higher the better; costs compare within one rank */
        enum CostKind kind;
        const char *shape; /* what stands behind the prefix, as regex(7) */
};

#define SIZE PASSWORD_METHOD_SIZE_MAX
/* The digits of crypt's base 64, and salts of any kind. */
#define D    "[./0-9A-Za-z]"
#define SALT "[^$:]"

/* Only the parameters that crypt_gensalt() writes: more passes (t) or lanes (p) of yescrypt cost
 * what the others do not say. Likewise scrypt with more than one lane. */
#define YESCRYPT "j" D D "[$]" D "{0,86}[$]" D "{43}"
#define SCRYPT   D "{6}/[.]{4}" D "{0,86}[$]" D "{43}"
/* crypt() takes no fewer than 2^4 rounds. */
#define BCRYPT "(0[4-9]|[1-9][0-9])[$]" D "{53}"

/* clang-format off */
static const PasswordMethod methods[] = {
        { "yescrypt",      "$y$",    SIZE, 9, COST_YESCRYPT, YESCRYPT },
        { "gost-yescrypt", "$gy$",   SIZE, 9, COST_YESCRYPT, YESCRYPT },
        { "scrypt",        "$7$",    SIZE, 8, COST_SCRYPT,   SCRYPT },
        { "bcrypt",        "$2b$",   72,   7, COST_LOG2,     BCRYPT },
        { "bcrypt-a",      "$2a$",   72,   7, COST_LOG2,     BCRYPT },
        { "bcrypt-y",      "$2y$",   72,   7, COST_LOG2,     BCRYPT },
        { "sha512crypt",   "$6$",    SIZE, 6, COST_ROUNDS,
          "(rounds=[1-9][0-9]+[$])?" SALT "{1,16}[$]" D "{86}" },
        { "sha256crypt",   "$5$",    SIZE, 5, COST_ROUNDS,
          "(rounds=[1-9][0-9]+[$])?" SALT "{1,16}[$]" D "{43}" },
        { NULL,            "$2x$",   72,   4, COST_LOG2,     BCRYPT },
        { NULL,            "$sha1$", SIZE, 4, COST_ROUNDS,
          "[1-9][0-9]+[$]" D "{1,64}[$]" D "{28}" },
        { NULL,            "$md5",   SIZE, 4, COST_ROUNDS,
          "(,rounds=[1-9][0-9]+)?[$]" D "{8}[$]{1,2}" D "{22}" },
        { NULL,            "$1$",    SIZE, 3, COST_NONE,     SALT "{1,8}[$]" D "{22}" },
        { NULL,            "$3$",    SIZE, 1, COST_NONE,     "[$][0-9a-f]{32}" },
        { NULL,            "_",      SIZE, 2, COST_COUNT,    D "{19}" },
        /* bigcrypt: DES for each eight bytes */
        { NULL,            "",       128,  1, COST_NONE,     D "{2}(" D "{11}){2,16}" },
        { NULL,            "",       8,    1, COST_NONE,     D "{13}" }, /* traditional DES */
};
/* clang-format on */

#define BIGCRYPT (ELEMENTSOF(methods) - 2)
#define DES      (ELEMENTSOF(methods) - 1)
#define DES_SIZE 13

/* Up to these a check takes a second or so (measured: bcrypt 0.8 s, yescrypt 1.1 s and 1 GiB, the
 * others 0.3 to 1.1 s, and 2.7 s with a password of 511 bytes); a login waits for 3 s. */
static const uint64_t costs_max[_COST_KIND_MAX] = {
        [COST_YESCRYPT] = 1 << 23, /* crypt_gensalt()'s highest, likewise: */
        [COST_SCRYPT] = 1 << 23,
        [COST_LOG2] = 14,
        [COST_ROUNDS] = 1000 * 1000,
        [COST_COUNT] = 1 << 23,
};

_Static_assert(ELEMENTSOF(methods) == PASSWORD_METHODS, "one place each");
_Static_assert(PASSWORD_METHOD_SIZE_MAX <= PASSWORD_MAX, "crypt takes less than we let in");

const PasswordMethod *password_method_find(const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(methods); i++)
                if (methods[i].name &&
                    (streq(methods[i].name, text) || streq(methods[i].prefix, text)))
                        return &methods[i];
        return NULL;
}

const char *password_method_prefix(const PasswordMethod *method) {
        return method->prefix;
}

/* The last two rows' prefix is everybody's. */
static const PasswordMethod *method_of(const char *setting) {
        size_t i = 0;

        while (strncmp(setting, methods[i].prefix, strlen(methods[i].prefix)) != 0)
                i++;
        if (i == BIGCRYPT && strnlen(setting, DES_SIZE + 1) <= DES_SIZE)
                i = DES;
        return &methods[i];
}

size_t password_setting_size_max(const char *setting) {
        return method_of(setting)->size_max;
}

/* The value of a digit of crypt's base 64; 64: it is none. */
static unsigned digit_value(char c) {
        static const char digits[] =
                "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        const char *digit = c ? strchr(digits, c) : NULL;

        return digit ? (unsigned)(digit - digits) : 64;
}

/* What takes more than one digit is enormous. */
static uint64_t cost_of_yescrypt(const char *text) {
        unsigned values[3];

        for (unsigned i = 0; i < ELEMENTSOF(values); i++) {
                values[i] = digit_value(text[i]);
                if (values[i] >= 48)
                        return UINT64_MAX;
        }
        return (uint64_t)(values[2] + 1) << (values[1] + 1);
}

/* n digits, the least first. 0: they are none. */
static uint64_t cost_of_digits(const char *text, unsigned n) {
        uint64_t value = 0;

        for (unsigned i = 0; i < n; i++) {
                unsigned digit = digit_value(text[i]);

                if (digit >= 64)
                        return 0;
                value |= (uint64_t)digit << 6 * i;
        }
        return value;
}

static uint64_t cost_of_scrypt(const char *text) {
        unsigned log2_n = digit_value(text[0]);

        if (log2_n >= 33)
                return log2_n < 64 ? UINT64_MAX : 0;
        return cost_of_digits(text + 1, 5) << log2_n;
}

/* Nine digits at most, as crypt takes. */
static uint64_t cost_of_decimal(const char *text) {
        uint64_t cost = 0;
        size_t size = strspn(text, "0123456789");

        if (size > 9)
                return UINT64_MAX;
        for (size_t i = 0; i < size; i++)
                cost = 10 * cost + (uint64_t)(text[i] - '0');
        return cost;
}

static uint64_t cost_of_rounds(const char *text, const PasswordMethod *method) {
        if (text[0] == ',')
                text++;
        if (strncmp(text, ROUNDS, strlen(ROUNDS)) == 0)
                return cost_of_decimal(text + strlen(ROUNDS));
        return method->name ? ROUNDS_DEFAULT : cost_of_decimal(text);
}

/* 0: none that can be read. */
static uint64_t cost_of(const PasswordMethod *method, const char *setting) {
        const char *text = setting + strlen(method->prefix);

        switch (method->kind) {
        case COST_YESCRYPT:
                return cost_of_yescrypt(text);
        case COST_SCRYPT:
                return cost_of_scrypt(text);
        case COST_LOG2:
                return cost_of_decimal(text);
        case COST_ROUNDS:
                return cost_of_rounds(text, method);
        case COST_COUNT:
                return cost_of_digits(text, 4);
        case COST_NONE:
        case _COST_KIND_MAX:
                break;
        }
        return 0;
}

size_t password_setting_cost(const char *setting, uint64_t *ret_cost) {
        const PasswordMethod *method = method_of(setting);

        *ret_cost = cost_of(method, setting);
        return (size_t)(method - methods);
}

static bool has_shape(const char *text, const char *shape) {
        char pattern[128];
        regex_t regex;
        bool matches;

        (void)snprintf(pattern, sizeof(pattern), "^(%s)$", shape);
        if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
                return false;
        matches = regexec(&regex, text, 0, NULL, 0) == 0;
        regfree(&regex);
        return matches;
}

bool password_hash_is_valid(const char *hash) {
        const PasswordMethod *method = method_of(hash);

        /* crypt() takes no setting with any of these. */
        for (const char *c = hash; *c; c++)
                if (*c <= ' ' || *c > '~' || strchr("!*:;\\", *c))
                        return false;
        return has_shape(hash + strlen(method->prefix), method->shape) &&
               cost_of(method, hash) <= costs_max[method->kind];
}

bool password_hash_is_weaker(const char *hash, const char *setting) {
        const PasswordMethod *old = method_of(hash), *new = method_of(setting);
        uint64_t cost = cost_of(old, hash);

        if (old->rank != new->rank)
                return old->rank < new->rank;
        return cost > 0 && cost < cost_of(new, setting);
}
