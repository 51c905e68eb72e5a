#pragma once

/* The defined refusals. Functions return 0 (done), a negative errno (broken, pass it on) or one of
 * these (a refusal that the caller must handle). The words are stable: they stand in the journal,
 * the PAM log, D-Bus errors and HTTP bodies. */

/* X(NAME, word, sentence) */
#define REASONS(X)                                                                                 \
        X(WRONG_PASSWORD, "wrong-password", "the user name or the password is wrong")              \
        X(EMPTY_PASSWORD, "empty-password", "empty passwords are refused")                         \
        X(USER_UNKNOWN, "user-unknown", "no such user")                                            \
        X(USER_LOCKED, "user-locked", "the account is locked")                                     \
        X(USER_EXPIRED, "user-expired", "the account has expired")                                 \
        X(PASSWORD_MUST_CHANGE, "password-must-change", "the password must be changed first")      \
        X(PASSWORD_UNCHANGED, "password-unchanged", "the new password is the old one")             \
        X(NOT_KNOWN_TO_NSS, "not-known-to-nss", "the system does not know this user")              \
        X(UID_NOT_PERMITTED, "uid-not-permitted", "users with this uid may not log in here")       \
        X(USER_MISMATCH, "user-mismatch", "the answer is about another user")                      \
        X(TOO_MANY_FAILURES, "too-many-failures", "too many failed attempts, try again later")     \
        X(OVERLOADED, "overloaded", "too much to do, try again later")                             \
        X(STORE_UNAVAILABLE, "store-unavailable", "the store can't be read or written")            \
        X(NSS_UNAVAILABLE, "nss-unavailable", "the system's users can't be looked up (NSS)")       \
        X(DAEMON_UNREACHABLE, "daemon-unreachable", "tokend does not answer on its socket")        \
        X(TIMED_OUT, "timed-out", "no answer before the deadline")                                 \
        X(PEER_UNTRUSTED, "peer-untrusted", "the socket is not tokend's own")                      \
        X(REPLY_MALFORMED, "reply-malformed", "the reply can't be understood")                     \
        X(ACCESS_DENIED, "access-denied", "the caller may not do this")                            \
        X(INVALID_REQUEST, "invalid-request", "the request is malformed")                          \
        X(INVALID_CLIENT, "invalid-client", "client authentication failed")                        \
        X(INVALID_GRANT, "invalid-grant", "the grant is invalid, expired, revoked or used")        \
        X(INVALID_SCOPE, "invalid-scope", "the scope is malformed or exceeds what may be given")   \
        X(INVALID_TOKEN, "invalid-token", "the access token is invalid, expired or revoked")       \
        X(UNAUTHORIZED_CLIENT, "unauthorized-client", "the client may not use this grant")         \
        X(UNSUPPORTED_GRANT, "unsupported-grant", "no such grant type")                            \
        X(INVALID_NAME, "invalid-name", "this can't be a name")                                    \
        X(INVALID_VALUE, "invalid-value", "a value is malformed or out of range")                  \
        X(NAME_TAKEN, "name-taken", "the name is taken")                                           \
        X(ID_TAKEN, "id-taken", "the id is taken")                                                 \
        X(UID_TAKEN, "uid-taken", "the uid belongs to another user")                               \
        X(EMAIL_TAKEN, "email-taken", "the e-mail address belongs to another user")                \
        X(PARTNER_ID_TAKEN, "partner-id-taken", "the partner id belongs to another user")          \
        X(UID_RANGE_EXHAUSTED, "uid-range-exhausted", "no uid is left in UidRange=")               \
        X(GROUP_UNKNOWN, "group-unknown", "no such group")                                         \
        X(CLIENT_UNKNOWN, "client-unknown", "no such client")                                      \
        X(TOKEN_UNKNOWN, "token-unknown", "no such token")                                         \
        X(LOGIN_UNKNOWN, "login-unknown", "no such login")                                         \
        X(LIMIT_EXCEEDED, "limit-exceeded", "more than the limit")                                 \
        X(UNSUPPORTED, "unsupported", "not supported")

enum Reason {
        REASON_NONE = 0,
#define X(name, word, sentence) REASON_##name,
        REASONS(X)
#undef X
        _REASON_MAX,
};

/* The stable word; NULL for what is no reason. */
const char *reason_to_string(int reason);
/* An English clause for people, without a full stop; NULL for what is no reason. */
const char *reason_to_sentence(int reason);
/* REASON_NONE for an unknown word. */
enum Reason reason_from_string(const char *word);
