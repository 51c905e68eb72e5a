/* Basic in both readings, Bearer, and the form. */

#include <errno.h>
#include <string.h>

#include "http/credentials.h"
#include "wire/reason.h"
#include "unit.h"

static int parse(const char *authorization, const char *form_text, ParsedCredentials *ret) {
        Secret field = SECRET_INIT;
        Form form = FORM_INIT;
        int r;

        *ret = (ParsedCredentials){ 0 };
        secret_append_text(&field, authorization);
        if (form_text)
                assert_int_equal(form_parse(form_text, strlen(form_text), &form), 0);
        r = credentials_parse(&field, form_text ? &form : NULL, ret);
        form_done(&form);
        secret_done(&field);
        return r;
}

static void expect(const char *authorization, const char *form, const char *id, const char *secret,
                   const char *id_raw, const char *secret_raw, const char *bearer) {
        ParsedCredentials parsed;
        Credentials borrowed = { 0 };

        assert_int_equal(parse(authorization, form, &parsed), 0);
        credentials_borrow(&parsed, &borrowed);
        assert_string_equal(borrowed.client_id ? borrowed.client_id : "-", id);
        assert_string_equal(borrowed.client_secret ? secret_text(borrowed.client_secret) : "-",
                            secret);
        assert_string_equal(borrowed.client_id_raw ? borrowed.client_id_raw : "-", id_raw);
        assert_string_equal(borrowed.client_secret_raw ? secret_text(borrowed.client_secret_raw)
                                                       : "-",
                            secret_raw);
        assert_string_equal(borrowed.bearer ? secret_text(borrowed.bearer) : "-", bearer);
        parsed_credentials_done(&parsed);
}

static void test_good(void **state) {
        expect("", NULL, "-", "-", "-", "-", "-");
        expect("Basic YXBwOnJpZ2h0", NULL, "app", "right", "-", "-", "-");
        expect("bAsIc   YXBwOnJpZ2h0  ", NULL, "app", "right", "-", "-", "-");
        expect("Basic YXBwOg==", NULL, "app", "", "-", "-", "-");  /* app: */
        expect("Basic YTpiOmM=", NULL, "a", "b:c", "-", "-", "-"); /* a:b:c */
        expect("Basic YSUyRGI6YyUyQmQ=", NULL, "a-b", "c+d", "a%2Db", "c%2Bd",
               "-");                                                 /* a%2Db:c%2Bd */
        expect("Basic YTpiK2M=", NULL, "a", "b c", "a", "b+c", "-"); /* a:b+c */
        expect("Basic YTpiJXp6", NULL, "a", "b%zz", "-", "-", "-");  /* a:b%zz has one reading */
        expect("Basic YTpiJTAw", NULL, "a", "b%00", "-", "-", "-");  /* a:b%00 too */
        expect("Bearer abc-._~+/123==", NULL, "-", "-", "-", "-", "abc-._~+/123==");
        expect("bearer  a ", NULL, "-", "-", "-", "-", "a");
        expect("", "client_id=app&client_secret=s%20t", "app", "s t", "-", "-", "-");
        expect("", "client_id=app", "app", "", "-", "-", "-");
        expect("Basic YXBwOnJpZ2h0", "client_id=app", "app", "right", "-", "-", "-");
        expect("Basic YSUyRGI6YyUyQmQ=", "client_id=a%252Db", "a-b", "c+d", "a%2Db", "c%2Bd", "-");
        expect("Basic YXBwOnJpZ2h0", "token=x", "app", "right", "-", "-", "-");
}

static void test_bad(void **state) {
        static const struct {
                const char *authorization, *form;
                int r;
        } rows[] = {
                { "Basic", NULL, REASON_INVALID_CLIENT },
                { "Basic ", NULL, REASON_INVALID_CLIENT },
                { "Basic !!!!", NULL, REASON_INVALID_CLIENT },
                { "Basic YXBw", NULL, REASON_INVALID_CLIENT },        /* app */
                { "Basic OnJpZ2h0", NULL, REASON_INVALID_CLIENT },    /* :right */
                { "Basic YXBwOnJpZ2h", NULL, REASON_INVALID_CLIENT }, /* cut */
                { "Basic YXBwOnJpZ2h0 x", NULL, REASON_INVALID_CLIENT },
                { "Basic YXBw=nJpZ2h0", NULL, REASON_INVALID_CLIENT },
                { "Basic ====", NULL, REASON_INVALID_CLIENT },
                { "Basic YTpiAGM=", NULL, REASON_INVALID_CLIENT }, /* a:b NUL c */
                { "Basicx YXBwOnJpZ2h0", NULL, REASON_INVALID_CLIENT },
                { "Bas YXBwOnJpZ2h0", NULL, REASON_INVALID_CLIENT },
                { "Negotiate abc", NULL, REASON_INVALID_CLIENT },
                { "abcdef", NULL, REASON_INVALID_CLIENT },
                { "Bearer", NULL, REASON_INVALID_TOKEN },
                { "Bearer  ", NULL, REASON_INVALID_TOKEN },
                { "Bearer a b", NULL, REASON_INVALID_TOKEN },
                { "Bearer a=b", NULL, REASON_INVALID_TOKEN },
                { "Bearer =", NULL, REASON_INVALID_TOKEN },
                { "Bearer \"a\"", NULL, REASON_INVALID_TOKEN },
                { "Basic YXBwOnJpZ2h0", "client_secret=right", REASON_INVALID_REQUEST },
                { "Basic YXBwOnJpZ2h0", "client_id=app&client_secret=right",
                  REASON_INVALID_REQUEST },
                { "Basic YXBwOnJpZ2h0", "client_id=other", REASON_INVALID_REQUEST },
                { "Bearer abc", "client_id=app", REASON_INVALID_REQUEST },
                { "Bearer abc", "client_id=app&client_secret=right", REASON_INVALID_REQUEST },
                { "", "client_secret=right", REASON_INVALID_REQUEST },
        };
        ParsedCredentials parsed;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (parse(rows[i].authorization, rows[i].form, &parsed) != rows[i].r)
                        fail_msg("row %zu", i);
}

/* A token without its scheme, and nothing else that would not be one anyway. */
static void test_raw(void **state) {
        static const struct {
                const char *authorization;
                int r;
                const char *bearer;
        } rows[] = {
                { "abc", 0, "abc" },
                { "abc  ", 0, "abc" },
                { "Bearer abc", 0, "abc" },
                { "bearerabc", 0, "bearerabc" },
                { "", 0, NULL },
                { "Basic YXBwOnJpZ2h0", 0, NULL },
                { "Bearer", REASON_INVALID_TOKEN, NULL },
                { "BEARER ", REASON_INVALID_TOKEN, NULL },
                { "basic", REASON_INVALID_CLIENT, NULL },
                { "Digest abc", REASON_INVALID_CLIENT, NULL },
                { "abc def", REASON_INVALID_CLIENT, NULL },
                { "a,c", REASON_INVALID_TOKEN, NULL },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                ParsedCredentials parsed = { 0 };
                Secret field = SECRET_INIT;

                secret_append_text(&field, rows[i].authorization);
                if (credentials_parse_raw(&field, &parsed) != rows[i].r)
                        fail_msg("row %zu", i);
                assert_string_equal(secret_text(&parsed.bearer),
                                    rows[i].bearer ? rows[i].bearer : "");
                secret_done(&field);
                parsed_credentials_done(&parsed);
        }
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* "Basic " and size bytes in Base64. */
static void basic_of(const unsigned char *bytes, size_t size, char *ret) {
        strcpy(ret, "Basic ");
        ret += strlen(ret);
        for (size_t i = 0; i < size; i += 3) {
                unsigned bits = (unsigned)bytes[i] << 16;

                if (i + 1 < size)
                        bits |= (unsigned)bytes[i + 1] << 8;
                if (i + 2 < size)
                        bits |= bytes[i + 2];
                *ret++ = digits[bits >> 18];
                *ret++ = digits[bits >> 12 & 63];
                *ret++ = i + 1 < size ? digits[bits >> 6 & 63] : '=';
                *ret++ = i + 2 < size ? digits[bits & 63] : '=';
        }
        *ret = '\0';
}

/* Secrets of every byte, of every size. */
static void test_base64(void **state) {
        unsigned char pair[260] = "a:";
        char text[512];

        for (unsigned i = 1; i < 256; i++)
                pair[i + 1] = (unsigned char)(i * 7);
        for (size_t size = 0; size < 255; size++) {
                ParsedCredentials parsed;
                const Secret *secret;

                basic_of(pair, size + 2, text);
                assert_int_equal(parse(text, NULL, &parsed), 0);
                secret = secret_is_empty(&parsed.client_secret_raw) ? &parsed.client_secret
                                                                    : &parsed.client_secret_raw;
                assert_int_equal(secret->size, size);
                assert_memory_equal(secret_text(secret), pair + 2, size);
                parsed_credentials_done(&parsed);
        }
}

static void test_no_base64(void **state) {
        for (unsigned c = 1; c < 256; c++)
                for (size_t place = 0; place < strlen("YXBwOnJp"); place++) {
                        char text[] = "Basic YXBwOnJp";
                        ParsedCredentials parsed;
                        bool is_digit = strchr(digits, (int)c) != NULL;

                        text[strlen("Basic ") + place] = (char)c;
                        /* "=" at the end, and spaces around it, are something else */
                        if (is_digit || c == '=' || c == ' ' || c == '\t')
                                continue;
                        assert_int_equal(parse(text, NULL, &parsed), REASON_INVALID_CLIENT);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_base64),
                cmocka_unit_test(test_no_base64),
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_raw),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
