/* The states of one request on the wire: begun (request line) → head → body → dispatched → maybe
 * suspended, while the core works → replied → ended. libmicrohttpd calls back for each; whoever
 * waits for the client has a deadline, whoever waits for the core has none. */

#include "http/exchange.h"

#include <stdio.h>
#include <string.h>

#include "http/dispatch.h"
#include "http/engine.h"
#include "http/head.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"
#include "wire/text.h"

/* Of a body over the limit this much is read, so that the client comes to read the refusal. */
#define BODY_DISCARD_MAX (1024U * 1024U)
/* Of a stream this much is asked for at once. */
#define STREAM_BLOCK (8U * 1024U)

struct Exchange {
        const ExchangeContext *context;
        struct MHD_Connection *mhd;
        Connection *connection;
        Request *request;
        RequestLine line;
        bool has_head;
        bool is_dispatched;
        bool is_suspended;
        size_t n_discarded;
};

static Exchange *exchange_free(Exchange *exchange) {
        if (!exchange)
                return NULL;
        request_release(exchange->request);
        free(exchange);
        return NULL;
}

DEFINE_CLEANUP(Exchange *, exchange_free);

static void on_ready(Request *request, void *userdata) {
        Exchange *exchange = userdata;

        if (!exchange->is_suspended)
                return;
        exchange->is_suspended = false;
        connection_wait(exchange->connection);
        MHD_resume_connection(exchange->mhd);
        engine_wake(exchange->connection->engine);
}

void *exchange_begin(void *cls, const char *target, struct MHD_Connection *mhd) {
        const ExchangeContext *context = cls;
        const union MHD_ConnectionInfo *info =
                        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        _cleanup_(exchange_freep) Exchange *exchange = NULL;

        if (!info || !info->socket_context || !target)
                return NULL;
        exchange = malloc(sizeof(*exchange));
        if (!exchange)
                return NULL;
        *exchange = (Exchange){
                .context = context,
                .mhd = mhd,
                .connection = info->socket_context,
                .line = { .target = target, .target_size = strlen(target) },
        };
        exchange->request = request_new(&context->http, &exchange->connection->peer);
        if (!exchange->request || secret_append_text(&exchange->request->target, target) != 0)
                return NULL;
        exchange->request->ready = on_ready;
        exchange->request->ready_userdata = exchange;
        exchange->connection->exchange = exchange;
        return TAKE_PTR(exchange);
}

static void suspend(Exchange *exchange) {
        exchange->is_suspended = true;
        connection_pause(exchange->connection);
        MHD_suspend_connection(exchange->mhd);
}

/* libmicrohttpd's content reader: never called when the exchange has ended. */
static ssize_t read_stream(void *cls, uint64_t position, char *buffer, size_t size) {
        Exchange *exchange = cls;
        ssize_t n = stream_read(exchange->request->reply.stream, buffer, size);

        if (n == STREAM_ENDED)
                return MHD_CONTENT_READER_END_OF_STREAM;
        if (n == STREAM_BROKEN)
                return MHD_CONTENT_READER_END_WITH_ERROR;
        /* The client's turn is as long as one piece lasts. */
        if (n == 0)
                suspend(exchange);
        return n;
}

/* To HEAD libmicrohttpd would send the end of the chunks without the chunks: there are none. */
static struct MHD_Response *stream_response_new(Exchange *exchange) {
        struct MHD_Response *response = MHD_create_response_from_callback(
                        MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, exchange, NULL);

        if (response && streq(exchange->request->method, "HEAD"))
                (void)MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT,
                                               MHD_RO_END);
        return response;
}

/* The body stays the request's, which lives until the exchange ends: behind that libmicrohttpd has
 * nothing to send any more. */
static struct MHD_Response *response_new(Exchange *exchange) {
        const Reply *reply = &exchange->request->reply;

        if (reply->stream)
                return stream_response_new(exchange);
        return MHD_create_response_from_buffer(
                        reply->body.size, (void *)(uintptr_t)secret_text(&reply->body),
                        MHD_RESPMEM_PERSISTENT);
}

static bool add_field(struct MHD_Response *response, const char *name, const char *value) {
        return !value || MHD_add_response_header(response, name, value) == MHD_YES;
}

/* Cache-Control and Pragma: RFC 6749 section 5.1. */
static bool add_fields(struct MHD_Response *response, const Reply *reply, bool close_after) {
        const char *type = reply->content_type ? reply->content_type : "application/json";
        char retry_after[16] = "";

        if (reply->retry_after > 0)
                snprintf(retry_after, sizeof(retry_after), "%u", reply->retry_after);
        return add_field(response, "Cache-Control", "no-store") &&
               add_field(response, "Pragma", "no-cache") &&
               add_field(response, "Content-Type", type) &&
               add_field(response, "WWW-Authenticate", reply->challenge) &&
               add_field(response, "Allow", reply->allow[0] ? reply->allow : NULL) &&
               add_field(response, "Retry-After", retry_after[0] ? retry_after : NULL) &&
               add_field(response, "Connection", close_after ? "close" : NULL);
}

static enum MHD_Result send_reply(Exchange *exchange) {
        Reply *reply = &exchange->request->reply;
        struct MHD_Response *response = response_new(exchange);
        enum MHD_Result result = MHD_NO;

        if (!response)
                return MHD_NO;
        if (add_fields(response, reply, reply->close || exchange->context->is_draining))
                result = MHD_queue_response(exchange->mhd, reply->status, response);
        MHD_destroy_response(response);
        connection_wait(exchange->connection);
        return result;
}

static int copy_field(const Head *head, enum HeadName name, Secret *ret) {
        const HeadField *field = head->known[name];
        return field ? secret_set(ret, field->value, field->value_size) : 0;
}

/* The rest of it may still be on its way. */
static void refuse_body(Request *request) {
        request_fail(request, REASON_LIMIT_EXCEEDED, "the body is larger than allowed");
        request->reply.close = true;
}

/* The head is complete. Refusals of it end the connection: what follows can't be told apart. */
static enum MHD_Result take_head(Exchange *exchange, const char *method, const char *version) {
        Request *request = exchange->request;
        Connection *connection = exchange->connection;
        GuardOptions options = {
                .local = connection->peer.door == DOOR_TCP ? &connection->local : NULL,
                .tls = engine_has_tls(connection->engine),
                .issuer = exchange->context->http.issuer,
        };
        const char *detail;
        Head head;
        int r;

        /* On an old connection the time until now was idleness. */
        if (connection->has_served)
                connection_wait(connection);
        exchange->line.method = method;
        exchange->line.version = version;
        head_read(exchange->mhd, &exchange->line, &head);
        r = guard_check(&head, &options, &detail);
        if (r != 0) {
                reply_set_error(&request->reply, r, false, detail);
                request->reply.close = true;
                return send_reply(exchange);
        }

        if (copy_field(&head, HEAD_AUTHORIZATION, &request->authorization) != 0 ||
            copy_field(&head, HEAD_CONTENT_TYPE, &request->content_type) != 0)
                return MHD_NO;
        /* A longer method is none of ours, cut or not. */
        memcpy(request->method, method, strnlen(method, sizeof(request->method) - 1));
        (void)dispatch_target(request);
        if (!head_body_exceeds(&head, request_body_max(request)))
                return MHD_YES;
        refuse_body(request);
        return send_reply(exchange);
}

static enum MHD_Result take_body(Exchange *exchange, const char *data, size_t *data_size) {
        Request *request = exchange->request;
        size_t size = *data_size;

        *data_size = 0;
        if (request->reply.status == 0 && size <= request_body_max(request) - request->body.size)
                return secret_append(&request->body, data, size) == 0 ? MHD_YES : MHD_NO;
        if (request->reply.status == 0)
                refuse_body(request);
        exchange->n_discarded += size;
        return exchange->n_discarded <= BODY_DISCARD_MAX ? MHD_YES : MHD_NO;
}

enum MHD_Result exchange_handle(void *cls, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *data_size, void **data_of_request) {
        Exchange *exchange = *data_of_request;

        if (!exchange)
                return MHD_NO;
        if (!exchange->has_head) {
                exchange->has_head = true;
                return take_head(exchange, method, version);
        }
        if (*data_size > 0)
                return take_body(exchange, data, data_size);
        if (!exchange->is_dispatched) {
                exchange->is_dispatched = true;
                exchange->request->peer.received = clock_monotonic(exchange->context->http.clock);
                dispatch_request(exchange->request);
        }
        if (exchange->request->reply.status != 0)
                return send_reply(exchange);
        suspend(exchange);
        return MHD_YES;
}

void exchange_end(void *cls, struct MHD_Connection *mhd, void **data_of_request,
                  enum MHD_RequestTerminationCode code) {
        Exchange *exchange = *data_of_request;

        if (!exchange)
                return;
        exchange->connection->exchange = NULL;
        exchange->connection->has_served = true;
        connection_wait(exchange->connection);
        exchange_free(exchange);
        *data_of_request = NULL;
}

void exchange_connection(void *cls, struct MHD_Connection *mhd, void **data_of_connection,
                         enum MHD_ConnectionNotificationCode code) {
        const ExchangeContext *context = cls;
        const union MHD_ConnectionInfo *info;

        if (code == MHD_CONNECTION_NOTIFY_STARTED) {
                info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
                *data_of_connection =
                                info ? connections_find(context->connections, info->connect_fd)
                                     : NULL;
                return;
        }
        connection_free(*data_of_connection);
        *data_of_connection = NULL;
        if (context->closed)
                context->closed(context->closed_userdata);
}

void exchange_abandon(Exchange *exchange) {
        Request *request = exchange->request;

        if (request->reply.stream)
                stream_break(request->reply.stream);
        if (!exchange->is_suspended)
                return;
        if (!request->reply.stream) {
                request_fail(request, REASON_OVERLOADED, NULL);
                request->reply.close = true;
        }
        on_ready(request, exchange);
        request_detach(request);
}
