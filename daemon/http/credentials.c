/* Reading credentials. One way at a time: whoever sends two is refused, so that no door can be
 * opened with one and described with the other. */

#include "http/credentials.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "wire/cleanup.h"
#include "wire/reason.h"
#include "wire/text.h"

void parsed_credentials_done(ParsedCredentials *credentials) {
        secret_done(&credentials->client_id);
        secret_done(&credentials->client_secret);
        secret_done(&credentials->client_id_raw);
        secret_done(&credentials->client_secret_raw);
        secret_done(&credentials->bearer);
}

/* One more than what the digit stands for; 0: it is none. */
static const uint8_t base64_digits[256] = {
        ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,
        ['H'] = 8,  ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
        ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
        ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28,
        ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
        ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
        ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
        ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
        ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63,
        ['/'] = 64,
};

static bool base64_group(const char digits[static 4], char ret[static 3]) {
        unsigned bits = 0;

        for (size_t i = 0; i < 4; i++) {
                unsigned digit = base64_digits[(unsigned char)digits[i]];

                if (digit == 0)
                        return false;
                bits = bits << 6 | (digit - 1);
        }
        ret[0] = (char)(bits >> 16);
        ret[1] = (char)(bits >> 8);
        ret[2] = (char)bits;
        return true;
}

/* RFC 4648 section 4, padded, nothing else in it. -EBADMSG. */
static int base64_decode(const char *text, size_t size, Secret *ret) {
        _cleanup_(secret_done) Secret out = SECRET_INIT;
        size_t padding = 0;
        bool is_good = true;
        char last[4];
        int r;

        if (size == 0 || size % 4 != 0)
                return -EBADMSG;
        while (padding < 2 && text[size - 1 - padding] == '=')
                padding++;
        r = secret_reserve(&out, size / 4 * 3);
        if (r != 0)
                return r;
        memcpy(last, text + size - 4, sizeof(last));
        memset(last + 4 - padding, 'A', padding);

        for (; size > 4 && is_good; size -= 4, text += 4, out.size += 3)
                is_good = base64_group(text, out.text + out.size);
        is_good = is_good && base64_group(last, out.text + out.size);
        explicit_bzero(last, sizeof(last));
        if (!is_good)
                return -EBADMSG;
        out.size += 3 - padding;
        memset(out.text + out.size, 0, padding + 1);
        *ret = TAKE(out, SECRET_INIT);
        return 0;
}

static bool is_encoded(const Secret *pair) {
        return memchr(pair->text, '%', pair->size) || memchr(pair->text, '+', pair->size);
}

/* RFC 6749 appendix B. What stands there becomes the second reading, unless it can't be decoded. */
static int decode_basic(ParsedCredentials *ret) {
        _cleanup_(secret_done) Secret id = SECRET_INIT, secret = SECRET_INIT;
        int r = form_decode(secret_text(&ret->client_id), ret->client_id.size, &id);

        if (r == 0)
                r = form_decode(secret_text(&ret->client_secret), ret->client_secret.size, &secret);
        if (r != 0)
                return r == -ENOMEM ? r : 0;
        ret->client_id_raw = ret->client_id;
        ret->client_secret_raw = ret->client_secret;
        ret->client_id = TAKE(id, SECRET_INIT);
        ret->client_secret = TAKE(secret, SECRET_INIT);
        return 0;
}

static int parse_basic(const char *text, size_t size, ParsedCredentials *ret) {
        _cleanup_(secret_done) Secret pair = SECRET_INIT;
        const char *colon;
        bool encoded;
        int r = base64_decode(text, size, &pair);

        if (r != 0)
                return r == -EBADMSG ? REASON_INVALID_CLIENT : r;
        colon = memchr(pair.text, ':', pair.size);
        if (!colon || colon == pair.text || memchr(pair.text, '\0', pair.size))
                return REASON_INVALID_CLIENT;

        encoded = is_encoded(&pair);
        r = secret_set(&ret->client_secret, colon + 1, pair.size - (size_t)(colon + 1 - pair.text));
        if (r == 0)
                r = secret_set(&pair, pair.text, (size_t)(colon - pair.text));
        if (r != 0)
                return r;
        ret->client_id = TAKE(pair, SECRET_INIT);
        return encoded ? decode_basic(ret) : 0;
}

/* RFC 6750 section 2.1: b64token. */
static int parse_bearer(const char *text, size_t size, ParsedCredentials *ret) {
        size_t i = 0;

        while (i < size &&
               ((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') ||
                (text[i] >= '0' && text[i] <= '9') || (text[i] && strchr("-._~+/", text[i]))))
                i++;
        if (i == 0)
                return REASON_INVALID_TOKEN;
        while (i < size && text[i] == '=')
                i++;
        if (i != size)
                return REASON_INVALID_TOKEN;
        return secret_set(&ret->bearer, text, size);
}

static const struct {
        const char *name;
        int (*parse)(const char *text, size_t size, ParsedCredentials *ret);
} schemes[] = {
        { "basic", parse_basic },
        { "bearer", parse_bearer },
};

static int parse_authorization(const Secret *authorization, ParsedCredentials *ret) {
        const char *text = authorization->text;
        size_t size = authorization->size, scheme_size, start;

        while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
                size--;
        scheme_size = strcspn(text, " ");
        start = scheme_size;
        while (start < size && text[start] == ' ')
                start++;
        for (size_t i = 0; i < ELEMENTSOF(schemes); i++)
                if (strlen(schemes[i].name) == scheme_size &&
                    strncasecmp(schemes[i].name, text, scheme_size) == 0)
                        return schemes[i].parse(text + start, start < size ? size - start : 0, ret);
        return REASON_INVALID_CLIENT;
}

/* A form's client_id beside Basic is only said twice; anything else is a second way. */
static int parse_form(const Form *form, ParsedCredentials *ret) {
        const Secret *id = form_get(form, "client_id"), *secret = form_get(form, "client_secret");
        int r;

        if (!id && !secret)
                return 0;
        if (!id || !secret_is_empty(&ret->bearer))
                return REASON_INVALID_REQUEST;
        if (!secret_is_empty(&ret->client_id)) {
                if (secret ||
                    (!secret_equal(id, &ret->client_id) && !secret_equal(id, &ret->client_id_raw)))
                        return REASON_INVALID_REQUEST;
                return 0;
        }
        r = secret_set(&ret->client_id, id->text, id->size);
        if (r == 0 && secret)
                r = secret_set(&ret->client_secret, secret->text, secret->size);
        return r;
}

int credentials_parse(const Secret *authorization, const Form *form, ParsedCredentials *ret) {
        _cleanup_(parsed_credentials_done) ParsedCredentials parsed = { 0 };
        int r = 0;

        if (!secret_is_empty(authorization))
                r = parse_authorization(authorization, &parsed);
        if (r == 0 && form)
                r = parse_form(form, &parsed);
        if (r != 0)
                return r;
        *ret = TAKE(parsed, (ParsedCredentials){ 0 });
        return 0;
}

static bool is_scheme(const char *text, size_t size) {
        for (size_t i = 0; i < ELEMENTSOF(schemes); i++)
                if (strlen(schemes[i].name) == size &&
                    strncasecmp(schemes[i].name, text, size) == 0)
                        return true;
        return false;
}

int credentials_parse_raw(const Secret *authorization, ParsedCredentials *ret) {
        _cleanup_(parsed_credentials_done) ParsedCredentials parsed = { 0 };
        const char *text = secret_text(authorization);
        size_t size = strcspn(text, " \t");
        int r;

        if (size == 0 || text[size + strspn(text + size, " \t")] != '\0' || is_scheme(text, size))
                return credentials_parse(authorization, NULL, ret);
        r = parse_bearer(text, size, &parsed);
        if (r == 0)
                *ret = TAKE(parsed, (ParsedCredentials){ 0 });
        return r;
}

void credentials_borrow(const ParsedCredentials *parsed, Credentials *ret) {
        bool has_raw = !secret_is_empty(&parsed->client_id_raw);
        bool has_id = !secret_is_empty(&parsed->client_id);

        ret->client_id = has_id ? secret_text(&parsed->client_id) : NULL;
        ret->client_secret = has_id ? &parsed->client_secret : NULL;
        ret->client_id_raw = has_raw ? secret_text(&parsed->client_id_raw) : NULL;
        ret->client_secret_raw = has_raw ? &parsed->client_secret_raw : NULL;
        ret->bearer = secret_is_empty(&parsed->bearer) ? NULL : &parsed->bearer;
}
