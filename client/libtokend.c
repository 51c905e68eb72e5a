/* The handle of libtokend: what it is told before calls, and what it says about the last failure.
 * A setter that fails leaves everything as it was. */

#include "libtokend.h"

#include <errno.h>

#include "wire/cleanup.h"

#define TIMEOUT_MAX_MSEC (60U * 60U * 1000U)

DEFINE_CLEANUP(tokend_t *, tokend_free);

_public_ int tokend_new(tokend_t **ret) {
        _cleanup_(tokend_freep) tokend_t *t = calloc(1, sizeof(*t));
        int r;

        if (!t)
                return -ENOMEM;
        r = transport_init(&t->transport);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(t);
        return 0;
}

_public_ void tokend_free(tokend_t *t) {
        if (!t)
                return;
        transport_done(&t->transport);
        secret_done(&t->authorization);
        secret_done(&t->error_body);
        free(t);
}

/* detail says what is wrong with the argument; other failures are none of its. */
static int setter_fail(tokend_t *t, int r, const char *detail) {
        return handle_fail(t, r, r == -EINVAL ? detail : NULL);
}

_public_ int tokend_set_socket(tokend_t *t, const char *path) {
        int r;

        r = transport_set_socket(&t->transport, path);
        return r < 0 ? setter_fail(t, r, "the socket must be an absolute path of at most 107 bytes")
                     : 0;
}

_public_ int tokend_set_url(tokend_t *t, const char *url) {
        int r;

        r = transport_set_url(&t->transport, url);
        return r < 0 ? setter_fail(t, r, "the base URL must be http://HOST or https://HOST") : 0;
}

static void authorization_replace(tokend_t *t, Secret *value) {
        secret_done(&t->authorization);
        t->authorization = TAKE(*value, SECRET_INIT);
}

_public_ int tokend_set_client(tokend_t *t, const char *client_id, const char *client_secret) {
        _cleanup_(secret_done) Secret value = SECRET_INIT;
        int r;

        if (client_id) {
                r = authorization_basic(client_id, client_secret ?: "", &value);
                if (r < 0)
                        return setter_fail(t, r, "this can't be a client's id");
        } else if (client_secret)
                return handle_fail(t, -EINVAL, "a client's secret needs its id");
        authorization_replace(t, &value);
        return 0;
}

_public_ int tokend_set_bearer(tokend_t *t, const char *token) {
        _cleanup_(secret_done) Secret value = SECRET_INIT;
        int r;

        if (token) {
                r = authorization_bearer(token, &value);
                if (r < 0)
                        return setter_fail(t, r, "this can't be a token");
        }
        authorization_replace(t, &value);
        return 0;
}

_public_ int tokend_set_timeout(tokend_t *t, unsigned msec) {
        if (msec == 0 || msec > TIMEOUT_MAX_MSEC)
                return handle_fail(t, -EINVAL, "the time-out must be 1 ms to 1 h");
        t->transport.timeout_msec = msec;
        return 0;
}

_public_ const char *tokend_error_reason(const tokend_t *t) {
        return t->error_reason;
}

_public_ const char *tokend_error_message(const tokend_t *t) {
        return t->error_message;
}

_public_ const char *tokend_error_body(const tokend_t *t, size_t *ret_size) {
        if (ret_size)
                *ret_size = t->error_body.size;
        return secret_text(&t->error_body);
}
