/* Unit tests of wire/form. */

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wire/form.h"
#include "wire/protocol.h"
#include "wire/text.h"

static int parse(const char *text, Form *ret) {
        return form_parse(text, strlen(text), ret);
}

static void test_fields(void **state) {
        Form form = FORM_INIT;

        assert_int_equal(parse("grant_type=password&user%6eame=a+b%2B&empty=&flag&x=%C3%B6", &form),
                         0);
        assert_string_equal(form_get_text(&form, "grant_type"), "password");
        assert_string_equal(form_get_text(&form, "username"), "a b+");
        assert_null(form_get(&form, "empty"));
        assert_null(form_get(&form, "flag"));
        assert_null(form_get(&form, "absent"));
        assert_string_equal(form_get_text(&form, "x"), "\xc3\xb6");
        form_done(&form);
        assert_int_equal(parse("", &form), 0);
        assert_null(form_get(&form, ""));
        form_done(&form);
        assert_int_equal(parse("&&a=1&", &form), 0);
        assert_string_equal(form_get_text(&form, "a"), "1");
        form_done(&form);
        assert_int_equal(parse("a[]=1&a%5B%5D=2&a[x]=3&a[x]=4", &form), 0);
        assert_int_equal(form.n_fields, 4);
        assert_string_equal(secret_text(&form.fields[1].value), "2");
        form_done(&form);
}

/* Nothing of the text around a piece gets into it. */
static void test_decoding_in_place(void **state) {
        static const struct {
                const char *text, *decoded;
                int r;
        } rows[] = {
                { "", "", 0 },           { "abc", "abc", 0 },       { "%41", "A", 0 },
                { "a+b", "a+b", 0 },     { "%41%42c", "ABc", 0 },   { "a%2Fb", "a/b", 0 },
                { "%", NULL, -EBADMSG }, { "a%4", NULL, -EBADMSG }, { "%00", NULL, -EBADMSG },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                size_t size = strlen(rows[i].text);
                Secret piece = SECRET_INIT;
                char text[32];

                (void)snprintf(text, sizeof(text), "%s/41", rows[i].text);
                assert_int_equal(percent_decode_in_place(text, size, &piece), rows[i].r);
                if (rows[i].r != 0)
                        continue;
                assert_ptr_equal(piece.text, text);
                assert_string_equal(piece.text, rows[i].decoded);
                assert_int_equal(piece.size, strlen(rows[i].decoded));
                assert_string_equal(text + size + 1, "41");
        }
}

/* Whoever wipes the text over its whole size (test-secret.c) wipes all of them, and what stood
 * behind a piece that became shorter. */
static void test_fields_stand_in_the_text(void **state) {
        Form form = FORM_INIT;

        assert_int_equal(parse("password=%68%75%6e%74%65%72%32&b=c", &form), 0);
        assert_int_equal(form.text.size, strlen("password=%68%75%6e%74%65%72%32&b=c"));
        assert_int_equal(form.n_fields, 2);
        for (size_t i = 0; i < form.n_fields; i++) {
                const Secret *pieces[] = { &form.fields[i].name, &form.fields[i].value };

                for (size_t k = 0; k < ELEMENTSOF(pieces); k++) {
                        assert_true(pieces[k]->text >= form.text.text);
                        assert_true(pieces[k]->text + pieces[k]->size <=
                                    form.text.text + form.text.size);
                }
        }
        form_done(&form);
        assert_null(form.text.text);
        assert_null(form.fields);
}

static void test_refusals(void **state) {
        Form form = FORM_INIT;
        char many[FORM_FIELDS_MAX * 8 + 16] = "";

        assert_int_equal(parse("a=1&a=2", &form), -ENOTUNIQ);
        assert_int_equal(parse("a=1&%61=1", &form), -ENOTUNIQ);
        assert_int_equal(parse("a=&a=", &form), -ENOTUNIQ);
        assert_int_equal(parse("a[]=1&b=1&b=1", &form), -ENOTUNIQ);
        assert_int_equal(parse("a=%", &form), -EBADMSG);
        assert_int_equal(parse("a=%4", &form), -EBADMSG);
        assert_int_equal(parse("a=%4&b=1", &form), -EBADMSG);
        assert_int_equal(parse("a=%zz", &form), -EBADMSG);
        assert_int_equal(parse("a=%00", &form), -EBADMSG);
        assert_int_equal(form_parse("a=b\0c", 5, &form), -EBADMSG);
        for (unsigned i = 0; i <= FORM_FIELDS_MAX; i++)
                snprintf(many + strlen(many), sizeof(many) - strlen(many), "f%u=1&", i);
        assert_int_equal(parse(many, &form), -E2BIG);
        assert_null(form.fields);
}

static void test_every_byte_round_trips(void **state) {
        Secret body = SECRET_INIT;
        Form form = FORM_INIT;
        char bytes[255];

        for (int i = 0; i < 255; i++)
                bytes[i] = (char)(i + 1);
        assert_int_equal(form_append(&body, "user", "ada"), 0);
        assert_int_equal(form_append(&body, "nothing", NULL), 0);
        assert_int_equal(form_append_bytes(&body, "pass word", bytes, sizeof(bytes)), 0);
        assert_int_equal(form_append_number(&body, "n", -12), 0);
        assert_null(strchr(secret_text(&body), ' '));
        assert_int_equal(form_parse(secret_text(&body), body.size, &form), 0);
        assert_int_equal(form.n_fields, 3);
        assert_int_equal(form_get(&form, "pass word")->size, sizeof(bytes));
        assert_memory_equal(secret_text(form_get(&form, "pass word")), bytes, sizeof(bytes));
        assert_string_equal(form_get_text(&form, "n"), "-12");
        form_done(&form);
        secret_done(&body);
}

static void test_percent(void **state) {
        Secret s = SECRET_INIT;

        assert_int_equal(percent_encode(&s, "a/b c~", 6), 0);
        assert_string_equal(secret_text(&s), "a%2Fb%20c~");
        assert_int_equal(form_decode("a%2fb+c%2B", 10, &s), 0);
        assert_string_equal(secret_text(&s), "a/b c+");
        assert_int_equal(form_decode("%00", 3, &s), -EBADMSG);
        assert_string_equal(secret_text(&s), "a/b c+");
        secret_done(&s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_fields),
                cmocka_unit_test(test_decoding_in_place),
                cmocka_unit_test(test_fields_stand_in_the_text),
                cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_every_byte_round_trips),
                cmocka_unit_test(test_percent),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
