/* The one file that knows libcurl. A request goes to the host in the base URL and nowhere else: no
 * proxy from the environment, no redirect, no credentials from ~/.netrc, no protocol but HTTP and
 * HTTPS, certificates always checked. No signal is used or raised. The reply's body is bounded
 * while it comes in. What we hold of secrets is wiped; libcurl's own buffers are out of reach. */

#include "transport-curl.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wire/cleanup.h"
#include "wire/protocol.h"
#include "wire/reason.h"
#include "wire/text.h"

_Static_assert(TRANSPORT_DETAIL_MAX >= CURL_ERROR_SIZE, "libcurl writes that much");

struct TransportCurl {
        CURL *easy;
};

typedef struct ReplyBody {
        Secret text;
        size_t max;
        bool too_large;
} ReplyBody;

/* Everything else is -EIO. */
/* clang-format off */
static const struct {
        CURLcode code;
        int result;
} failures[] = {
        { CURLE_COULDNT_RESOLVE_HOST,     -EHOSTUNREACH          },
        { CURLE_COULDNT_CONNECT,          -ECONNREFUSED          },
        { CURLE_SSL_CONNECT_ERROR,        -ECONNABORTED          },
        { CURLE_SEND_ERROR,               -ECONNRESET            },
        { CURLE_RECV_ERROR,               -ECONNRESET            },
        { CURLE_OPERATION_TIMEDOUT,       -ETIMEDOUT             },
        { CURLE_PEER_FAILED_VERIFICATION, REASON_PEER_UNTRUSTED  },
        { CURLE_SSL_ISSUER_ERROR,         REASON_PEER_UNTRUSTED  },
        { CURLE_SSL_INVALIDCERTSTATUS,    REASON_PEER_UNTRUSTED  },
        { CURLE_GOT_NOTHING,              -EBADMSG               },
        { CURLE_PARTIAL_FILE,             -EBADMSG               },
        { CURLE_WEIRD_SERVER_REPLY,       -EBADMSG               },
        { CURLE_UNSUPPORTED_PROTOCOL,     -EBADMSG               }, /* HTTP/0.9 */
        { CURLE_BAD_CONTENT_ENCODING,     -EBADMSG               },
        { CURLE_FILESIZE_EXCEEDED,        -EMSGSIZE              },
        { CURLE_URL_MALFORMAT,            -EINVAL                },
        { CURLE_OUT_OF_MEMORY,            -ENOMEM                },
};
/* clang-format on */

static void secret_headers_free(struct curl_slist *headers) {
        for (struct curl_slist *h = headers; h; h = h->next)
                explicit_bzero(h->data, strlen(h->data));
        curl_slist_free_all(headers);
}
DEFINE_CLEANUP(struct curl_slist *, secret_headers_free);

int transport_curl_new(TransportCurl **ret) {
        _cleanup_(transport_curl_freep) TransportCurl *transport = calloc(1, sizeof(*transport));

        if (!transport)
                return -ENOMEM;
        /* Initialises libcurl when nobody has done so yet: not before a URL is really used. */
        transport->easy = curl_easy_init();
        if (!transport->easy)
                return -ENOMEM;
        *ret = TAKE_PTR(transport);
        return 0;
}

TransportCurl *transport_curl_free(TransportCurl *transport) {
        if (!transport)
                return NULL;
        if (transport->easy)
                curl_easy_cleanup(transport->easy);
        free(transport);
        return NULL;
}

void transport_curl_freep(TransportCurl **transport) {
        transport_curl_free(*transport);
}

static size_t body_write(char *data, size_t size, size_t count, void *userdata) {
        ReplyBody *body = userdata;
        size_t n = size * count;

        if (n > body->max - body->text.size) {
                body->too_large = true;
                return CURL_WRITEFUNC_ERROR;
        }
        return secret_append(&body->text, data, n) < 0 ? CURL_WRITEFUNC_ERROR : n;
}

/* Adds "name: value", or "name:", which stops libcurl from adding its own. */
static int header_add(struct curl_slist **headers, const char *name, const char *value) {
        _cleanup_(secret_done) Secret line = SECRET_INIT;
        struct curl_slist *longer;
        int r;

        r = secret_append_text(&line, name);
        if (r == 0)
                r = secret_append_text(&line, value ? ": " : ":");
        if (r == 0 && value)
                r = secret_append_text(&line, value);
        if (r < 0)
                return r;
        longer = curl_slist_append(*headers, secret_text(&line));
        if (!longer)
                return -ENOMEM;
        *headers = longer;
        return 0;
}

static int headers_make(const HttpRequest *request, struct curl_slist **ret) {
        _cleanup_(secret_headers_freep) struct curl_slist *headers = NULL;
        int r;

        r = header_add(&headers, "Accept", TYPE_JSON);
        if (r == 0)
                r = header_add(&headers, "Expect", NULL);
        if (r == 0)
                r = header_add(&headers, "Content-Type", request->content_type);
        if (r == 0 && request->authorization)
                r = header_add(&headers, "Authorization", request->authorization);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(headers);
        return 0;
}

/* The rules of the head of this file. The first failure is kept: an option that can't be set would
 * be a rule that does not hold. */
static CURLcode connection_restrict(CURL *easy, unsigned timeout_msec, char *error_buffer) {
        CURLcode code = CURLE_OK;

#define SET(option, value)                                                                         \
        do {                                                                                       \
                if (code == CURLE_OK)                                                              \
                        code = curl_easy_setopt(easy, option, value);                              \
        } while (0)
        SET(CURLOPT_ERRORBUFFER, error_buffer);
        SET(CURLOPT_NOSIGNAL, 1L);
        SET(CURLOPT_PROXY, "");
        SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
        SET(CURLOPT_FOLLOWLOCATION, 0L);
        SET(CURLOPT_PROTOCOLS_STR, "http,https");
        SET(CURLOPT_SSL_VERIFYPEER, 1L);
        SET(CURLOPT_SSL_VERIFYHOST, 2L);
        SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        SET(CURLOPT_PATH_AS_IS, 1L);
        SET(CURLOPT_TIMEOUT_MS, (long)timeout_msec);
        SET(CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_msec);
        SET(CURLOPT_USERAGENT, "libtokend/" TOKEND_VERSION);
        return code;
}

static CURLcode request_describe(CURL *easy, const char *url, const HttpRequest *request,
                                 struct curl_slist *headers, ReplyBody *body) {
        bool has_body = request->body || streq(request->method, "POST");
        CURLcode code = CURLE_OK;

        SET(CURLOPT_URL, url);
        if (has_body) {
                SET(CURLOPT_POSTFIELDSIZE_LARGE,
                    (curl_off_t)(request->body ? request->body->size : 0));
                SET(CURLOPT_POSTFIELDS, request->body ? secret_text(request->body) : "");
        }
        SET(CURLOPT_CUSTOMREQUEST, request->method);
        SET(CURLOPT_HTTPHEADER, headers);
        SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)body->max);
        SET(CURLOPT_WRITEFUNCTION, body_write);
        SET(CURLOPT_WRITEDATA, body);
        return code;
#undef SET
}

static int failure_from(CURLcode code, const ReplyBody *body) {
        if (code == CURLE_WRITE_ERROR)
                return body->too_large ? -EMSGSIZE : -ENOMEM;
        for (size_t i = 0; i < ELEMENTSOF(failures); i++)
                if (failures[i].code == code)
                        return failures[i].result;
        return -EIO;
}

static int reply_take(CURL *easy, ReplyBody *body, HttpReply *ret) {
        HttpReply reply = HTTP_REPLY_INIT;
        const char *content_type = NULL;
        curl_off_t retry_after = 0;
        long status = 0;

        if (curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK ||
            curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &content_type) != CURLE_OK ||
            curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after) != CURLE_OK)
                return -EBADMSG;
        if (status < 100 || status > 999)
                return -EBADMSG;
        reply.status = (int)status;
        reply.is_json = content_type && content_type_is_json(content_type);
        if (retry_after > 0)
                reply.retry_after = (long)retry_after;
        reply.body = TAKE(body->text, SECRET_INIT);
        *ret = reply;
        return 0;
}

static void body_done(ReplyBody *body) {
        secret_done(&body->text);
}

int transport_curl_call(TransportCurl *transport, const char *base_url, unsigned timeout_msec,
                        const HttpRequest *request, HttpReply *ret,
                        char ret_detail[static TRANSPORT_DETAIL_MAX]) {
        _cleanup_(body_done) ReplyBody body = { .max = request->reply_max ?: BODY_MAX };
        _cleanup_(secret_headers_freep) struct curl_slist *headers = NULL;
        _cleanup_(secret_done) Secret url = SECRET_INIT;
        CURLcode code;
        int r;

        ret_detail[0] = '\0';
        r = headers_make(request, &headers);
        if (r == 0)
                r = secret_append_text(&url, base_url);
        if (r == 0)
                r = secret_append_text(&url, request->path);
        if (r < 0)
                return r;

        code = connection_restrict(transport->easy, timeout_msec, ret_detail);
        if (code == CURLE_OK)
                code = request_describe(transport->easy, secret_text(&url), request, headers,
                                        &body);
        if (code == CURLE_OK)
                code = curl_easy_perform(transport->easy);
        if (code != CURLE_OK && ret_detail[0] == '\0')
                snprintf(ret_detail, TRANSPORT_DETAIL_MAX, "%s", curl_easy_strerror(code));
        r = code == CURLE_OK ? reply_take(transport->easy, &body, ret) : failure_from(code, &body);
        /* Forgets pointers to what dies here; the connection stays. */
        curl_easy_reset(transport->easy);
        return r;
}
