#pragma once

/* What is refused by the head of a request alone, before anything of it is believed: heads that two
 * readers could understand differently (RFC 9112 section 11.2), and browsers that were led here. */

#include <stdbool.h>
#include <stddef.h>

#include "http/address.h"

/* More than any client sends. */
#define HEAD_FIELDS_MAX 64U

typedef struct HeadField {
        const char *name;
        size_t name_size;
        const char *value;
        size_t value_size;
} HeadField;

/* Fields that may be there once. */
enum HeadName {
        HEAD_HOST,
        HEAD_CONTENT_LENGTH,
        HEAD_TRANSFER_ENCODING,
        HEAD_CONTENT_TYPE,
        HEAD_AUTHORIZATION,
        HEAD_SEC_FETCH_SITE,
        HEAD_ORIGIN,
        _HEAD_NAME_MAX,
};

typedef struct Head {
        HeadField fields[HEAD_FIELDS_MAX];
        size_t n_fields;
        const HeadField *known[_HEAD_NAME_MAX]; /* see guard_check(); NULL: not there */
        bool too_many;
        bool has_hidden_bytes; /* the bytes on the wire are more than the text in the fields */
        bool is_http10;
} Head;

typedef struct GuardOptions {
        const Address *local; /* of a TCP connection; NULL: the Unix socket */
        bool tls;
        const char *issuer;
} GuardOptions;

/* 0 and head->known, or a Reason and the sentence for it, which is static: then the connection must
 * end. REASON_INVALID_REQUEST, _ACCESS_DENIED (a web page). */
int guard_check(Head *head, const GuardOptions *options, const char **ret_detail);
/* Whether Content-Length, once guard_check() has found it to be digits, announces more. */
bool head_body_exceeds(const Head *head, size_t body_max);
