/* Public keys for sshd: a strict reading of what may stand in authorized_keys(5).
 *
 * What passes is one line that sshd takes for a plain key: nothing in it can be read as an option,
 * a command or a second line. The key must be whole (RFC 4253 section 6.6, RFC 5656 section 3.1,
 * RFC 8709 section 4, OpenSSH's PROTOCOL.u2f), since a cut one would be stored and never work. */

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <nettle/base64.h>

#include "base/ssh-key.h"
#include "wire/cleanup.h"
#include "wire/reason.h"
#include "wire/text.h"

#define BASE64_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

/* A key is a sequence of strings with their sizes; the first is the type. */
typedef struct KeyType {
        const char *name;
        unsigned n_strings; /* behind the type */
        const char *second; /* what the string behind the type must be; NULL: anything */
        size_t second_size; /* or how large; 0: any size */
} KeyType;

/* clang-format off */
static const KeyType types[] = {
        { "ssh-ed25519",                        1, NULL,       32 },
        { "ssh-rsa",                            2, NULL,       0  },
        { "ecdsa-sha2-nistp256",                2, "nistp256", 8  },
        { "ecdsa-sha2-nistp384",                2, "nistp384", 8  },
        { "ecdsa-sha2-nistp521",                2, "nistp521", 8  },
        { "sk-ssh-ed25519@openssh.com",         2, NULL,       32 },
        { "sk-ecdsa-sha2-nistp256@openssh.com", 3, "nistp256", 8  },
};
/* clang-format on */

static const KeyType *find_type(const char *name, size_t size) {
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (strlen(types[i].name) == size && memcmp(types[i].name, name, size) == 0)
                        return &types[i];
        return NULL;
}

/* Takes a string with its size off the front. */
static bool take_string(const uint8_t **data, size_t *size, const uint8_t **ret, size_t *ret_size) {
        const uint8_t *p = *data;
        size_t n;

        if (*size < 4)
                return false;
        n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        if (n > *size - 4)
                return false;
        *ret = p + 4;
        *ret_size = n;
        *data += 4 + n;
        *size -= 4 + n;
        return true;
}

static bool blob_is_key(const uint8_t *data, size_t size, const KeyType *type) {
        const uint8_t *string;
        size_t n;

        if (!take_string(&data, &size, &string, &n) || find_type((const char *)string, n) != type)
                return false;
        for (unsigned i = 0; i < type->n_strings; i++) {
                if (!take_string(&data, &size, &string, &n) || n == 0)
                        return false;
                if (i == 0 && type->second_size > 0 && n != type->second_size)
                        return false;
                if (i == 0 && type->second && memcmp(string, type->second, n) != 0)
                        return false;
        }
        return size == 0;
}

/* The decoder would skip white space: there must be none. */
static bool text_is_base64(const char *text, size_t size) {
        size_t n = strspn(text, BASE64_ALPHABET);

        while (n < size && text[n] == '=')
                n++;
        return n == size && size % 4 == 0;
}

static bool base64_is_key(const char *text, size_t size, const KeyType *type) {
        uint8_t data[BASE64_DECODE_LENGTH(SSH_KEY_MAX)];
        struct base64_decode_ctx decoder;
        size_t n = sizeof(data);

        if (size > SSH_KEY_MAX || !text_is_base64(text, size))
                return false;
        base64_decode_init(&decoder);
        return base64_decode_update(&decoder, &n, data, size, text) &&
               base64_decode_final(&decoder) && blob_is_key(data, n, type);
}

static bool is_comment(const char *text) {
        for (const char *c = text; *c; c++)
                if ((unsigned char)*c < ' ' || *c == '\177')
                        return false;
        /* U+0080 to U+009F are control characters as well. */
        for (const char *c = text; (c = strchr(c, '\xc2')); c++)
                if ((unsigned char)c[1] < 0xa0)
                        return false;
        return text[0] && text[0] != ' ' && text_is_utf8(text, strlen(text));
}

bool ssh_key_is_valid(const char *line) {
        size_t type_size = strcspn(line, " ");
        const KeyType *type = find_type(line, type_size);
        const char *key = line + type_size + 1;
        size_t key_size;

        if (!type || line[type_size] == '\0' || strnlen(line, SSH_KEY_MAX + 1) > SSH_KEY_MAX)
                return false;
        key_size = strcspn(key, " ");
        if (key[key_size] != '\0' && !is_comment(key + key_size + 1))
                return false;
        return base64_is_key(key, key_size, type);
}

int ssh_keys_copy(char *const *keys, char ***ret) {
        _cleanup_(strv_freep) char **copy = NULL;

        for (char *const *key = keys; key && *key; key++) {
                if (!ssh_key_is_valid(*key))
                        return REASON_INVALID_VALUE;
                if (copy && strv_contains(copy, *key))
                        continue;
                if (strv_length(copy) == SSH_KEYS_MAX)
                        return REASON_LIMIT_EXCEEDED;
                if (strv_extend(&copy, *key) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(copy);
        return 0;
}
