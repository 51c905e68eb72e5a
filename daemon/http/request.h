#pragma once

/* One HTTP request, as the endpoints see it: decoded, proven, answered. Knows nothing of the wire.
 *
 * It lives until the connection and the core have both let go of it: whoever calls the core takes a
 * reference through request_await(), and an answer to a request whose connection is gone is
 * dropped. */

#include <stdbool.h>
#include <stddef.h>

#include "core/authority.h"
#include "http/credentials.h"
#include "http/reply.h"
#include "http/request-pool.h"
#include "http/slots.h"
#include "wire/form.h"
#include "wire/json-read.h"
#include "wire/json-write.h"

#define SEGMENTS_MAX     8U
#define ROUTE_PARAMS_MAX 3U
/* Rows a page when no limit= is given. */
#define PAGE_ROWS_DEFAULT 100U

/* How the parts of the daemon stand that HTTP does not know, each in one word. NULL functions: not
 * told. */
typedef struct HealthSource {
        void *userdata;
        const char *(*bus)(void *userdata);
        const char *(*userdb)(void *userdata);
} HealthSource;

/* What all requests of a server share. */
typedef struct HttpContext {
        RequestPool *pool; /* NULL: none */
        Authority *authority;
        const Config *config;
        const Clock *clock;
        const char *issuer;
        Slots *sorting; /* lists that are being put in order */
        HealthSource health;
} HttpContext;

typedef struct Route Route;

/* Writes the 200 (or 201 …) object of an answer. 0, a negative errno or a Reason. */
typedef int (*AnswerWriter)(Request *request, Answer *answer, JsonWriter *w);

typedef struct Kept {
        struct Kept *next;
        void *data;
        void (*destroy)(void *data);
} Kept;

struct Request {
        unsigned n_ref;
        const HttpContext *context; /* NULL: the server is gone, see request_detach() */
        Peer peer;
        char method[16];
        Secret target;
        Secret segments[SEGMENTS_MAX]; /* of the target, decoded where they stand */
        size_t n_segments;
        Form query;
        Secret authorization; /* header fields; empty: not there */
        Secret content_type;
        Secret body;
        const Route *route;
        void (*fail)(Request *request, int r, const char *detail); /* RouteFail of the path */
        const char *params[ROUTE_PARAMS_MAX]; /* what stood where the pattern has :names */
        Form form;                            /* BODY_FORM */
        Json *json;                           /* BODY_JSON, an object */
        ParsedCredentials credentials;
        Credentials offered; /* borrows from credentials, for the core */
        Caller caller;
        Kept *kept;
        AnswerWriter writer;
        unsigned answer_status;
        const char *detail;          /* what request_fail() says in place of a reason's sentence */
        enum Reason answer_as_empty; /* a refusal that is an answer: the writer gets no objects */
        Reply reply;
        /* Called once a reply stands, but not within dispatch_request(), and when its stream was
         * fed. */
        void (*ready)(Request *request, void *userdata);
        void *ready_userdata;
};

Request *request_new(const HttpContext *context, const Peer *peer); /* NULL: no memory */
Request *request_ref(Request *request);
Request *request_unref(Request *request);
void request_unrefp(Request **request);
/* The connection lets go of it: where the core has it still, it is detached. */
void request_release(Request *request);
/* The connection is gone: no reply is made any more, and nothing of the server is touched. */
void request_detach(Request *request);

/* Splits the target at '/', then decodes; reads the query. REASON_INVALID_REQUEST: a bad escape, a
 * NUL, a parameter twice, or a secret in the query, which is never to be there. A path without
 * fault is there even so. To be called once: target is decoded where it stands. */
int request_parse_target(Request *request);
/* Reads the body as the route wants it. REASON_INVALID_REQUEST. */
int request_parse_body(Request *request);
/* "Application/JSON; charset=utf-8" is application/json. */
bool request_has_type(const Request *request, const char *type);
/* The most bytes that its route takes. */
size_t request_body_max(const Request *request);

/* Query parameters; NULL: absent or empty. */
const char *request_query(const Request *request, const char *name);
/* limit= and cursor=. REASON_INVALID_VALUE. */
int request_query_page(const Request *request, unsigned *ret_limit, const char **ret_cursor);

/* Members of the JSON body, kept as long as the request; NULL: absent or null.
 * REASON_INVALID_REQUEST: another type. */
int request_json_text(Request *request, const char *name, const char **ret);
int request_json_secret(Request *request, const char *name, const Secret **ret);
int request_json_strv(Request *request, const char *name, char *const **ret);
/* Seconds as microseconds, 0 when absent. REASON_INVALID_VALUE: not above 0, or too many. */
int request_json_seconds(Request *request, const char *name, int64_t *ret);
int seconds_to_usec(int64_t seconds, int64_t *ret);

/* Zeroed memory as long as the request lives; NULL: no memory. */
void *request_alloc(Request *request, size_t size);
/* Takes data, also on failure: -ENOMEM. */
int request_keep(Request *request, void *data, void (*destroy)(void *data));
/* The same for a vector of strings. */
int request_keep_strv(Request *request, char **strv);

/* Before a call of the core: what to make of its answer. Takes the reference that
 * request_answered(), the handler to pass with the request as userdata, gives back. */
void request_await(Request *request, unsigned status, AnswerWriter writer);
void request_answered(void *userdata, int r, Answer *answer);
/* What the core said at once. */
void request_answer(Request *request, unsigned status, AnswerWriter writer, Answer *answer);

/* For handlers: returns r, which will be answered with that detail (static, or request_alloc()'s).
 */
int request_refuse(Request *request, int r, const char *detail);
/* The same for what form_parse() returned. */
int request_refuse_form(Request *request, int r);

/* Answers with an error, in the dialect of the path. detail NULL: the reason's sentence. */
void request_fail(Request *request, int r, const char *detail);
/* 405. */
void request_fail_method(Request *request);
