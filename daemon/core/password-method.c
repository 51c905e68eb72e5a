/* The methods of crypt(5) that a stored hash may have, in one table.
 *
 * crypt() cuts without a word: bcrypt looks at 72 bytes and traditional DES at 8 (measured with
 * libxcrypt 4.4.33). Whoever hashes must compare sizes with this table first. */

#include <string.h>

#include "core/password-method.h"
#include "wire/protocol.h"
#include "wire/text.h"

#define ROUNDS "rounds="

struct PasswordMethod {
        const char *name; /* NULL: for stored hashes only */
        const char *prefix;
        size_t size_max;
        unsigned cost_dollars; /* the cost ends with this '$' */
        size_t cost_size;      /* or after so many bytes */
};

/* clang-format off */
static const PasswordMethod methods[] = {
        { "yescrypt",      "$y$",    PASSWORD_METHOD_SIZE_MAX, 3, 0  },
        { "gost-yescrypt", "$gy$",   PASSWORD_METHOD_SIZE_MAX, 3, 0  },
        { "scrypt",        "$7$",    PASSWORD_METHOD_SIZE_MAX, 0, 14 },
        { "bcrypt",        "$2b$",   72,                       3, 0  },
        { "bcrypt-a",      "$2a$",   72,                       3, 0  },
        { "bcrypt-y",      "$2y$",   72,                       3, 0  },
        { "sha512crypt",   "$6$",    PASSWORD_METHOD_SIZE_MAX, 2, 0  },
        { "sha256crypt",   "$5$",    PASSWORD_METHOD_SIZE_MAX, 2, 0  },
        { NULL,            "$2x$",   72,                       3, 0  },
        { NULL,            "$sha1$", PASSWORD_METHOD_SIZE_MAX, 3, 0  },
        { NULL,            "$md5",   PASSWORD_METHOD_SIZE_MAX, 2, 0  },
        { NULL,            "$1$",    PASSWORD_METHOD_SIZE_MAX, 2, 0  },
        { NULL,            "$3$",    PASSWORD_METHOD_SIZE_MAX, 2, 0  },
        { NULL,            "_",      PASSWORD_METHOD_SIZE_MAX, 0, 5  },
        { NULL,            "",       8,                        0, 1  }, /* traditional DES */
};
/* clang-format on */

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

/* The last row's prefix is everybody's. */
static const PasswordMethod *method_of(const char *setting) {
        size_t i = 0;

        while (strncmp(setting, methods[i].prefix, strlen(methods[i].prefix)) != 0)
                i++;
        return &methods[i];
}

size_t password_setting_size_max(const char *setting) {
        return method_of(setting)->size_max;
}

/* The size of text up to and with its n-th '$'; 0: it has fewer. */
static size_t size_to_dollar(const char *text, unsigned n) {
        for (size_t i = 0; text[i]; i++)
                if (text[i] == '$' && --n == 0)
                        return i + 1;
        return 0;
}

void password_setting_cost(const char *setting, char ret[static PASSWORD_COST_MAX]) {
        const PasswordMethod *method = method_of(setting);
        size_t size = method->cost_size;

        if (method->cost_dollars > 0)
                size = size_to_dollar(setting, method->cost_dollars);
        if (size > strlen(setting))
                size = 0;
        /* "$6$rounds=5000$salt$": the rounds are optional. */
        if (size > 0 && strncmp(setting + size, ROUNDS, strlen(ROUNDS)) == 0)
                size = size_to_dollar(setting, method->cost_dollars + 1);
        if (size >= PASSWORD_COST_MAX)
                size = 0;
        memcpy(ret, setting, size);
        ret[size] = '\0';
}
