/* Keys for sshd: what may stand in authorized_keys, and above all what may not. */

#include <stdio.h>
#include <stdlib.h>

#include "base/ssh-key.h"
#include "wire/reason.h"
#include "wire/text.h"
#include "unit.h"

#define ED25519 "AAAAC3NzaC1lZDI1NTE5AAAAIFUyYOVg1AO1QmZm0sUO+nuwT04pXCPqrprQKOSO37lW"
#define NISTP256                                                                                   \
        "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBO6vb5SN5erJRSBmAERp31ewiUFJbTIphgwv"  \
        "vtamTT9pfbphJDosL/wrfTncEPae1r2ixdPhmoP9DjTtbwxc5ns="
#define NISTP384                                                                                   \
        "AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBNIBTECDcRHXMsyqFA5SjizvidOMc885eBJm"  \
        "m7vH7qnZ7+NkPns4nkEpDZnLpJN/f4+GhelI7KAoAMGLLeEur3CyYqweekTa862aZpM+OWvySL3YAkYCNzEKzwWH"  \
        "28p/zg=="
#define NISTP521                                                                                   \
        "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAAUBVimXPWS3UjvJzsaVrbxBICsMe7wRual"  \
        "YJPd00aFbEOYFxlnH7CjxYzlHTzAF4jRrHmox7a1RWd5jufkkxCcXQBP+rbI+8iQknF+XMAY7eRyuT+I+xyZy6a1"  \
        "raO/NU/iLzST2e93AsdrUBe4AsFozy5Om9CymqzDv0zX0hpnZ+QKAg=="
#define RSA                                                                                        \
        "AAAAB3NzaC1yc2EAAAADAQABAAABAQCGEGnt68ESRUdDunMALXys5wfkFQnPZk1j820pv7JUMA68U8apJ5c8K0VU"  \
        "bgk7j03ReiKjwdCsdt0/ij+Vl3f1B22WlU9/vDCbVD66duaMV7IHOfDkpyEwso+tvf6+aaf1JurmReReUNRHnar8"  \
        "E+EtLAewf/gUMHnJpTlk+LYzSsrogRSooEEPlUgAkyWUlQIifKm42NDfo2+Qw0l7XIgmLeE9NOGcn0HaT/Ztu4Zm"  \
        "zrDHqyP+6kUXBuI/ztBq2EI04jBNqm+watx8/nvVZGHyIiXdmQa+uvuFNPPvvC3m2f7VHUrzxJEnAI1YETvJQFks"  \
        "AQHG89KjPwF9T4acaa2J"
/* The type, a key of zeros, and the application "ssh:". */
#define SK_ED25519                                                                                 \
        "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"  \
        "AAAABHNzaDo="
#define SK_NISTP256                                                                                \
        "AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBO6vb5SN5erJRSBm"  \
        "AERp31ewiUFJbTIphgwvvtamTT9pfbphJDosL/wrfTncEPae1r2ixdPhmoP9DjTtbwxc5nsAAAAEc3NoOg=="

static void test_whole_keys(void **state) {
        static const char *const lines[] = {
                "ssh-ed25519 " ED25519,
                "ssh-ed25519 " ED25519 " ada@laptop",
                "ssh-ed25519 " ED25519 " a comment, with \"quotes\" and  spaces ",
                "ssh-ed25519 " ED25519 " Grüße 鍵",
                "ssh-rsa " RSA " x",
                "ecdsa-sha2-nistp256 " NISTP256,
                "ecdsa-sha2-nistp384 " NISTP384 " x",
                "ecdsa-sha2-nistp521 " NISTP521 " x",
                "sk-ssh-ed25519@openssh.com " SK_ED25519 " x",
                "sk-ecdsa-sha2-nistp256@openssh.com " SK_NISTP256,
        };

        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                if (!ssh_key_is_valid(lines[i]))
                        fail_msg("%s", lines[i]);
}

static void test_what_is_none(void **state) {
        static const char *const lines[] = {
                "",
                " ",
                "#",
                "ssh-ed25519",
                "ssh-ed25519 ",
                "ssh-ed25519  " ED25519,
                " ssh-ed25519 " ED25519,
                "ssh-ed25519\t" ED25519,
                "ssh-ed25519 " ED25519 " ",
                "ssh-ed25519 " ED25519 "  x",
                "ssh-ed25519 " ED25519 "\n",
                "ssh-ed25519 " ED25519 "\r",
                "ssh-ed25519 " ED25519 " x\nssh-ed25519 " ED25519,
                "ssh-ed25519 " ED25519 " x\ty",
                "ssh-ed25519 " ED25519 " x\177",
                "ssh-ed25519 " ED25519 " x\033[2J",
                "ssh-ed25519 " ED25519 " \xc2\x9b",      /* U+009B starts a terminal's sequence */
                "ssh-ed25519 " ED25519 " \xff",          /* no UTF-8 */
                "command=\"id\" ssh-ed25519 " ED25519,
                "restrict,pty ssh-ed25519 " ED25519,
                "cert-authority ssh-ed25519 " ED25519,
                "SSH-ED25519 " ED25519,
                "ssh-ed2551 " ED25519,
                "ssh-ed25519x " ED25519,
                "ssh-dss " ED25519,
                "ssh-ed25519-cert-v01@openssh.com " ED25519,
                "ssh-rsa " ED25519,                       /* another type inside */
                "ecdsa-sha2-nistp384 " NISTP256,
                "sk-ssh-ed25519@openssh.com " ED25519,
                "ssh-ed25519 " ED25519 "AAAA",            /* something behind the key */
                "ssh-ed25519 " ED25519 "=",
                "ssh-ed25519 ====",
                "ssh-ed25519 AAAA",
                "ssh-ed25519 /////w==",                   /* a size beyond all */
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",       /* the type alone */
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF", /* cut */
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAA==",
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5_AAAIFUyYOVg1AO1QmZm0sUO-nuwT04pXCPqrprQKOSO37lW",
                "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAzODQAAAABAA==",
        };

        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                if (ssh_key_is_valid(lines[i]))
                        fail_msg("%zu: %s", i, lines[i]);
}

/* A key that lost its end when it was pasted would be stored and never work. */
static void test_cut_keys(void **state) {
        static const char *const lines[] = { "ssh-ed25519 " ED25519, "ssh-rsa " RSA,
                                             "ecdsa-sha2-nistp256 " NISTP256,
                                             "ecdsa-sha2-nistp521 " NISTP521,
                                             "sk-ssh-ed25519@openssh.com " SK_ED25519,
                                             "sk-ecdsa-sha2-nistp256@openssh.com " SK_NISTP256 };

        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                for (size_t size = 0; size < strlen(lines[i]); size++) {
                        _cleanup_(freep) char *line = strndup(lines[i], size);

                        assert_false(ssh_key_is_valid(line));
                }
}

/* Every byte in turn in every place of the type and of the comment. */
static void test_bytes(void **state) {
        char line[] = "ssh-ed25519 " ED25519 " abc";

        for (unsigned byte = 1; byte < 256; byte++) {
                bool is_valid;

                line[5] = (char)byte;
                assert_int_equal(ssh_key_is_valid(line), byte == 'd');
                line[5] = 'd';
                line[sizeof(line) - 3] = (char)byte;
                is_valid = ssh_key_is_valid(line);
                assert_int_equal(is_valid, byte >= ' ' && byte < 0x7f);
                line[sizeof(line) - 3] = 'b';
        }
}

static void test_sizes(void **state) {
        char line[SSH_KEY_MAX + 2];
        size_t size = strlen("ssh-ed25519 " ED25519 " ");

        strcpy(line, "ssh-ed25519 " ED25519 " ");
        memset(line + size, 'x', sizeof(line) - size);
        line[SSH_KEY_MAX] = '\0';
        assert_true(ssh_key_is_valid(line));
        line[SSH_KEY_MAX] = 'x';
        line[SSH_KEY_MAX + 1] = '\0';
        assert_false(ssh_key_is_valid(line));
        memset(line, 'A', sizeof(line) - 1);
        memcpy(line, "ssh-rsa ", 8);
        assert_false(ssh_key_is_valid(line));
}

static void test_lists(void **state) {
        static char *const two[] = { (char *)"ssh-ed25519 " ED25519, (char *)"ssh-rsa " RSA,
                                     (char *)"ssh-ed25519 " ED25519, NULL };
        static char *const bad[] = { (char *)"ssh-ed25519 " ED25519, (char *)"ssh-rsa", NULL };
        static char *const none[] = { NULL };
        _cleanup_(strv_freep) char **keys = NULL, **many = NULL, **all = NULL;
        char line[128];

        assert_int_equal(ssh_keys_copy(NULL, &keys), 0);
        assert_null(keys);
        assert_int_equal(ssh_keys_copy(none, &keys), 0);
        assert_null(keys);
        assert_int_equal(ssh_keys_copy(bad, &keys), REASON_INVALID_VALUE);
        assert_null(keys);
        assert_int_equal(ssh_keys_copy(two, &keys), 0);
        assert_int_equal(strv_length(keys), 2);
        assert_string_equal(keys[0], two[0]);
        assert_string_equal(keys[1], two[1]);

        for (unsigned i = 0; i < SSH_KEYS_MAX; i++) {
                (void)snprintf(line, sizeof(line), "ssh-ed25519 %s %u", ED25519, i);
                assert_int_equal(strv_extend(&many, line), 0);
        }
        assert_int_equal(strv_extend(&many, line), 0); /* the last one twice */
        assert_int_equal(ssh_keys_copy(many, &all), 0);
        assert_int_equal(strv_length(all), SSH_KEYS_MAX);
        assert_int_equal(strv_extend(&many, "ssh-ed25519 " ED25519), 0);
        all = strv_free(all);
        assert_int_equal(ssh_keys_copy(many, &all), REASON_LIMIT_EXCEEDED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_whole_keys), cmocka_unit_test(test_what_is_none),
                cmocka_unit_test(test_cut_keys),   cmocka_unit_test(test_bytes),
                cmocka_unit_test(test_sizes),      cmocka_unit_test(test_lists),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
