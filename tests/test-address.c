/* Addresses as they are configured, shown, counted and compared. */

#include <errno.h>
#include <string.h>

#include "http/address.h"
#include "unit.h"

static void expect(const char *text, bool loopback, unsigned port, const char *remote) {
        char written[ADDRESS_TEXT_MAX], key[PEER_REMOTE_MAX];
        Address address;

        assert_int_equal(address_parse(text, &address), 0);
        address_format(&address, written);
        assert_string_equal(written, text);
        assert_int_equal(address_is_loopback(&address), loopback);
        assert_int_equal(address_port(&address), port);
        address_remote(&address, key);
        assert_string_equal(key, remote);
}

static void test_addresses(void **state) {
        static const char *const bad[] = {
                "",
                ":",
                "127.0.0.1",
                "127.0.0.1:",
                "127.0.0.1:65536",
                "127.0.0.1:-1",
                "127.0.0.1:1x",
                "localhost:80",
                "::1:80",
                "[::1]",
                "[::1]:",
                "[127.0.0.1]:80",
                "[::1:80",
                "::1]:80",
                "127.1:80",
                "[]:80",
                "1.2.3.4.5:80",
                "[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                "aaaaaaa]:80",
        };
        Address address;

        expect("127.0.0.1:7450", true, 7450, "127.0.0.1");
        expect("127.200.0.1:0", true, 0, "127.0.0.1");
        expect("[::ffff:127.0.0.9]:1", false, 1, "127.0.0.1");
        expect("128.0.0.1:1", false, 1, "128.0.0.1");
        expect("0.0.0.0:1", false, 1, "0.0.0.0");
        expect("[::1]:65535", true, 65535, "::/64");
        expect("[::]:1", false, 1, "::/64");
        expect("[2001:db8:1:2:3:4:5:6]:1", false, 1, "2001:db8:1:2::/64");
        expect("[::ffff:192.0.2.1]:1", false, 1, "192.0.2.1");
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                if (address_parse(bad[i], &address) != -EINVAL)
                        fail_msg("%s", bad[i]);
}

static void test_unmap(void **state) {
        static const char *const rows[][2] = {
                { "[::ffff:192.0.2.1]:443", "192.0.2.1:443" },
                { "[::ffff:127.0.0.1]:7450", "127.0.0.1:7450" },
                { "[::1]:80", "[::1]:80" },
                { "192.0.2.1:80", "192.0.2.1:80" },
        };
        char text[ADDRESS_TEXT_MAX];
        Address address;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_int_equal(address_parse(rows[i][0], &address), 0);
                address_unmap(&address);
                address_format(&address, text);
                assert_string_equal(text, rows[i][1]);
        }
}

static void test_hosts(void **state) {
        static const struct {
                const char *local, *host, *issuer;
                bool tls, own;
        } rows[] = {
                { "127.0.0.1:7450", "127.0.0.1:7450", NULL, false, true },
                { "127.0.0.1:7450", "localhost:7450", NULL, false, true },
                { "127.0.0.1:7450", "[::1]:7450", NULL, false, true },
                { "127.0.0.2:7450", "127.0.0.2:7450", NULL, false, true },
                { "127.0.0.1:80", "localhost", NULL, false, true },
                { "127.0.0.1:80", "localhost", NULL, true, false },
                { "127.0.0.1:443", "localhost", NULL, true, true },
                { "127.0.0.1:7450", "localhost", NULL, false, false },
                { "127.0.0.1:7450", "localhost:", NULL, false, false },
                { "127.0.0.1:7450", "localhost:07450x", NULL, false, false },
                { "127.0.0.1:7450", "localhost:7451", NULL, false, false },
                { "127.0.0.1:7450", "", NULL, false, false },
                { "127.0.0.1:7450", "127.0.0.1.evil.example:7450", NULL, false, false },
                { "127.0.0.1:7450", "evil.example:7450", NULL, false, false },
                { "127.0.0.1:7450", "0.0.0.0:7450", NULL, false, false },
                { "127.0.0.1:7450", "localhost.:7450", NULL, false, false },
                { "127.0.0.1:7450", "tokens.example", "https://tokens.example", false, true },
                { "127.0.0.1:7450", "Tokens.Example", "https://tokens.example/path", false, true },
                { "127.0.0.1:7450", "tokens.example:8443", "https://tokens.example:8443", false,
                  true },
                { "127.0.0.1:7450", "tokens.example:1", "https://tokens.example", false, false },
                { "127.0.0.1:7450", "tokens", "https://tokens.example", false, false },
                { "192.0.2.1:7450", "localhost:7450", NULL, true, false },
                { "192.0.2.1:7450", "192.0.2.1:7450", NULL, true, true },
                { "[2001:db8::1]:443", "[2001:db8::1]", NULL, true, true },
        };
        Address local;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_int_equal(address_parse(rows[i].local, &local), 0);
                if (host_is_own(rows[i].host, &local, rows[i].tls, rows[i].issuer) != rows[i].own)
                        fail_msg("row %zu: %s at %s", i, rows[i].host, rows[i].local);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_addresses),
                cmocka_unit_test(test_unmap),
                cmocka_unit_test(test_hosts),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
