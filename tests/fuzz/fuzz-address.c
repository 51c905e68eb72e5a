/* Any text as an address: what is taken is the same address after it was written and read again,
 * the daemon and its configuration are of one mind about loopback, and a listener's own Host is its
 * own. */

#include "fuzz.h"

#include "base/config-value.h"
#include "http/address.h"
#include "wire/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = fuzz_text(data, size);
        char written[ADDRESS_TEXT_MAX], remote[PEER_REMOTE_MAX];
        Address address, again;

        if (address_parse(text, &address) != 0)
                return 0;
        address_format(&address, written);
        fuzz_check(address_parse(written, &again) == 0);
        fuzz_check(address_size(&address) == address_size(&again));
        fuzz_check(memcmp(&address, &again, address_size(&address)) == 0);
        fuzz_check(address_is_loopback(&address) == config_address_is_loopback(text));
        fuzz_check(host_is_own(written, &address, false, NULL));
        fuzz_check(!host_is_own("rebound.example.org", &address, false, NULL));
        address_remote(&address, remote);
        fuzz_check(remote[0] && remote[0] != '?');
        return 0;
}
