/* A first line as the Authorization field, and the rest as the form: at most one way of proof comes
 * out, with nothing in it that the standards don't have there. */

#include "fuzz.h"

#include "http/credentials.h"
#include "wire/reason.h"
#include "wire/text.h"

static bool is_empty(const ParsedCredentials *parsed) {
        return secret_is_empty(&parsed->client_id) && secret_is_empty(&parsed->client_secret) &&
               secret_is_empty(&parsed->client_id_raw) &&
               secret_is_empty(&parsed->client_secret_raw) && secret_is_empty(&parsed->bearer);
}

static bool has_nul(const Secret *secret) {
        return strlen(secret_text(secret)) != secret->size;
}

static void check_bearer(const ParsedCredentials *parsed) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789-._~+/=";
        const char *text = secret_text(&parsed->bearer);

        fuzz_check(strspn(text, letters) == parsed->bearer.size && text[0] != '=');
        fuzz_check(secret_is_empty(&parsed->client_id) && secret_is_empty(&parsed->client_id_raw));
}

static void check_parsed(const ParsedCredentials *parsed) {
        Credentials credentials = { 0 };
        bool same = secret_equal(&parsed->client_id, &parsed->client_id_raw) &&
                    secret_equal(&parsed->client_secret, &parsed->client_secret_raw);

        fuzz_check(!has_nul(&parsed->client_id) && !has_nul(&parsed->client_secret));
        fuzz_check(!has_nul(&parsed->client_id_raw) && !has_nul(&parsed->client_secret_raw));
        fuzz_check(secret_is_empty(&parsed->client_id_raw) || !same);
        if (!secret_is_empty(&parsed->bearer))
                check_bearer(parsed);

        credentials_borrow(parsed, &credentials);
        fuzz_check(!credentials.bearer || !credentials.client_id);
        fuzz_check(!credentials.client_secret == !credentials.client_id);
        fuzz_check(!credentials.client_id || credentials.client_id[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(parsed_credentials_done) ParsedCredentials parsed = { 0 };
        _cleanup_(secret_done) Secret authorization = SECRET_INIT;
        _cleanup_(form_done) Form form = FORM_INIT;
        const char *text = (const char *)data, *feed = size > 0 ? memchr(text, '\n', size) : NULL;
        size_t line = feed ? (size_t)(feed - text) : size, rest = feed ? line + 1 : size;

        fuzz_check(secret_append(&authorization, text, line) == 0);
        bool has_form = form_parse(text + rest, size - rest, &form) == 0;

        int r = credentials_parse(&authorization, has_form ? &form : NULL, &parsed);
        if (r == 0) {
                check_parsed(&parsed);
                return 0;
        }
        fuzz_check(r == REASON_INVALID_CLIENT || r == REASON_INVALID_TOKEN ||
                   r == REASON_INVALID_REQUEST);
        fuzz_check(is_empty(&parsed));
        return 0;
}
