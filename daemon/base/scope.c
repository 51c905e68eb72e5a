/* Scopes: reading, writing, and the two questions that decide whether one may be given.
 *
 * Nothing here widens: a list that is there is the whole truth, and reserved words are given by
 * name only. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "wire/cleanup.h"
#include "wire/text.h"

static const char *const reserved[] = { SCOPE_LOGIN, SCOPE_ISSUE, SCOPE_ADMIN };

/* RFC 6749 section 3.3: %x21 / %x23-5B / %x5D-7E. The comma separates words here, so that no word
 * may hold one. */
static bool is_scope_character(char c) {
        return c > ' ' && c <= '~' && c != '"' && c != '\\' && c != ',';
}

bool scope_is_valid(const char *word) {
        if (!word || !*word)
                return false;

        for (const char *c = word; *c; c++)
                if (!is_scope_character(*c))
                        return false;

        return true;
}

bool scope_is_reserved(const char *word) {
        for (size_t i = 0; i < ELEMENTSOF(reserved); i++)
                if (streq(word, reserved[i]))
                        return true;

        return false;
}

static int compare_words(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_and_drop_doubles(char **words) {
        size_t n = strv_length(words), kept = 0;

        if (n == 0)
                return;

        qsort(words, n, sizeof(*words), compare_words);
        for (size_t i = 1; i < n; i++)
                if (streq(words[kept], words[i]))
                        free(words[i]);
                else
                        words[++kept] = words[i];

        words[kept + 1] = NULL;
}

int scopes_parse(const char *text, char ***ret) {
        _cleanup_(strv_freep) char **words = NULL;
        size_t n;
        int r;

        r = strv_split(text ? text : "", " ,", &words);
        if (r < 0)
                return r;

        n = strv_length(words);
        if (n > SCOPES_MAX)
                return -EINVAL;

        for (size_t i = 0; i < n; i++)
                if (!scope_is_valid(words[i]))
                        return -EINVAL;

        sort_and_drop_doubles(words);
        *ret = n > 0 ? TAKE_PTR(words) : NULL;
        return 0;
}

int scopes_format(char *const *scopes, char **ret) {
        if (!scopes) {
                *ret = NULL;
                return 0;
        }

        return strv_join(scopes, " ", ret);
}

static bool all_unreserved(char *const *words) {
        for (size_t i = 0; i < strv_length(words); i++)
                if (scope_is_reserved(words[i]))
                        return false;

        return true;
}

static bool all_listed(char *const *wanted, char *const *list) {
        for (size_t i = 0; i < strv_length(wanted); i++)
                if (!strv_contains(list, wanted[i]))
                        return false;

        return true;
}

bool scopes_within_owner(char *const *wanted, char *const *owner) {
        return owner ? all_listed(wanted, owner) : all_unreserved(wanted);
}

bool scopes_within_token(char *const *wanted, char *const *held) {
        return held ? all_listed(wanted, held) : all_unreserved(wanted);
}

bool scopes_may_be_reserved(char *const *owner) {
        return owner && !all_unreserved(owner);
}
