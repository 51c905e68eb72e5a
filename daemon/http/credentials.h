#pragma once

/* What a request says about who sends it: Authorization (RFC 7617, RFC 6750), or client_id and
 * client_secret in the form (RFC 6749 section 2.3.1). */

#include "base/caller.h"
#include "wire/form.h"
#include "wire/secret.h"

/* Of Basic there are two readings: RFC 6749 has id and secret form-encoded inside it, many clients
 * don't encode. The *_raw ones are empty when both are the same. */
typedef struct ParsedCredentials {
        Secret client_id;
        Secret client_secret;
        Secret client_id_raw;
        Secret client_secret_raw;
        Secret bearer;
} ParsedCredentials;

void parsed_credentials_done(ParsedCredentials *credentials);

/* authorization: the field's value, or empty. form: where client_id may stand, or NULL. 0, -ENOMEM,
 * REASON_INVALID_CLIENT (malformed Basic, another scheme), REASON_INVALID_TOKEN (malformed Bearer),
 * REASON_INVALID_REQUEST (two ways at once). */
int credentials_parse(const Secret *authorization, const Form *form, ParsedCredentials *ret);
/* The same where a value that is one word is a Bearer token without its scheme. */
int credentials_parse_raw(const Secret *authorization, ParsedCredentials *ret);

/* Points ret's fields into parsed; the peer is left alone. */
void credentials_borrow(const ParsedCredentials *parsed, Credentials *ret);
