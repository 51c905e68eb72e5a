#pragma once

/* What a request is answered with, before it goes to the wire. Errors are RFC 6749's object. */

#include <stdbool.h>

#include "http/stream.h"
#include "wire/secret.h"

typedef struct Reply {
        unsigned status; /* 0: none yet */
        Secret body; /* empty at first, but its memory may be there already */
        Stream *stream; /* in place of body; NULL: none */
        const char *content_type; /* static; NULL: application/json */
        const char *challenge;    /* WWW-Authenticate; static; NULL: none */
        char allow[64];           /* "": none */
        unsigned retry_after;     /* s; 0: none */
        const char *username;     /* member of an error, read while it is made; NULL: none */
        bool close;               /* the connection ends with this */
} Reply;

#define REPLY_INIT ((Reply){ 0 })

#define CHALLENGE_BASIC      "Basic realm=\"tokend\""
#define CHALLENGE_ANY_BEARER "Bearer realm=\"tokend\""
#define CHALLENGE_BEARER     "Bearer error=\"invalid_token\""
#define CHALLENGE_SCOPE      "Bearer error=\"insufficient_scope\""

/* {"error", "error_description", "reason"} of r (a Reason or a negative errno); detail NULL: the
 * reason's own sentence. It takes the place of the body before; a retry_after that is set stays. */
void reply_set_error(Reply *reply, int r, bool grant, const char *detail);
/* The sentence that this says. */
const char *reply_detail(int r, const char *detail);
/* RFC 6749's object alone, without tokend's reason: for dialects. Headers stay. */
void reply_set_object(Reply *reply, unsigned status, const char *error, const char *detail);
/* The same with a reason, for paths and methods that are not there; an allow that is set stays. */
void reply_set_status(Reply *reply, unsigned status, const char *error, const char *detail);
