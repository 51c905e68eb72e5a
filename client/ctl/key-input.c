/* Public keys on their way to tokend. Who names the private key's file by mistake is told so, and
 * nothing of it leaves this process; files are read as secrets for that reason. */

#include "ctl/key-input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/secret-input.h"
#include "wire/cleanup.h"
#include "wire/text.h"

#define BASE64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="

/* What keys' types begin with (sshd(8), AUTHORIZED_KEYS FILE FORMAT). */
static const char *const types[] = { "ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-" };

static bool is_type(const char *word, size_t size) {
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (size > strlen(types[i]) && strncmp(word, types[i], strlen(types[i])) == 0)
                        return true;
        return false;
}

const char *key_line_problem(const char *line) {
        size_t type = strcspn(line, " \t");
        const char *blob = line + type + strspn(line + type, " \t");
        size_t size = strcspn(blob, " \t");

        if (strncmp(line, "-----BEGIN ", 11) == 0)
                return "not a public key: that is in the file whose name ends in .pub";
        if (!is_type(line, type))
                return strstr(line, " ssh-") || strstr(line, " ecdsa-") || strstr(line, " sk-")
                                       ? "options before a key are not supported"
                                       : "not a public key: TYPE BASE64 [COMMENT]";
        if (size == 0 || strspn(blob, BASE64) < size)
                return "not a public key: there is no base64 behind its type";
        for (const char *p = line; *p; p++)
                if ((unsigned char)*p < ' ' && *p != '\t')
                        return "there is a control character in it";
        return NULL;
}

static enum Exit complain_of_key(const char *path, size_t number, const char *problem) {
        if (path)
                complain(NULL, NULL, "%s:%zu: %s", path, number, problem);
        else
                complain("--ssh-key", NULL, "%s; a file of them is @FILE", problem);
        return EXIT_FAILED;
}

/* One space behind the type and one behind the key, which is how tokend keeps them. */
static int key_append(const char *line, char ***keys) {
        const char *space = " \t";
        size_t type = strcspn(line, space);
        const char *blob = line + type + strspn(line + type, space);
        size_t size = strcspn(blob, space);
        const char *comment = blob + size + strspn(blob + size, space);
        _cleanup_(freep) char *key = NULL;

        if (asprintf(&key, "%.*s %.*s%s%s", (int)type, line, (int)size, blob, comment[0] ? " " : "",
                     comment) < 0)
                return -ENOMEM;
        return strv_extend(keys, key);
}

static enum Exit line_take(const char *path, size_t number, char *line, char ***keys) {
        size_t size = strlen(line);
        const char *problem;
        int r;

        while (size > 0 && strchr(" \t\r", line[size - 1]))
                line[--size] = '\0';
        line += strspn(line, " \t");
        if (line[0] == '\0' || line[0] == '#')
                return EXIT_DONE;
        problem = text_is_utf8(line, strlen(line)) ? key_line_problem(line) : "not UTF-8";
        if (problem)
                return complain_of_key(path, number, problem);
        r = key_append(line, keys);
        return r < 0 ? complain_of_error(path, r) : EXIT_DONE;
}

static enum Exit file_read(const char *path, char ***ret) {
        const char *thing = streq(path, "-") ? "standard input" : path;
        _cleanup_(strv_freep) char **keys = NULL;
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        enum Exit e;
        char *next;

        e = secret_read_path(path, &text);
        if (e != EXIT_DONE)
                return e;
        next = text.text;
        for (size_t number = 1; next; number++) {
                char *line = strsep(&next, "\n");

                e = line_take(thing, number, line, &keys);
                if (e != EXIT_DONE)
                        return e;
        }
        if (!keys) {
                complain(thing, NULL, "there is no key in it");
                return EXIT_FAILED;
        }
        *ret = TAKE_PTR(keys);
        return EXIT_DONE;
}

enum Exit keys_read_option(const Ctl *ctl, enum Option option, char ***ret) {
        _cleanup_(strv_freep) char **keys = NULL;
        const char *value = ctl_option(ctl, option);
        _cleanup_(freep) char *line = NULL;
        enum Exit e;

        if (value[0] == '@')
                return file_read(value + 1, ret);
        line = strdup(value);
        keys = calloc(1, sizeof(*keys));
        if (!line || !keys)
                return complain_of_error(NULL, -ENOMEM);
        e = strpbrk(line, "\n") ? complain_of_key(NULL, 0, "more than one line")
                                : line_take(NULL, 0, line, &keys);
        if (e == EXIT_DONE)
                *ret = TAKE_PTR(keys);
        return e;
}
