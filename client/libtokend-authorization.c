/* Values of the Authorization header. What goes in is checked or encoded, so that nothing in it can
 * end the header and begin another. */

#include "libtokend.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "wire/cleanup.h"
#include "wire/form.h"

static int base64_append(Secret *out, const void *data, size_t size) {
        static const char digits[] =
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const uint8_t *in = data;
        int r;

        r = secret_reserve(out, (size + 2) / 3 * 4);
        for (size_t i = 0; r == 0 && i < size; i += 3) {
                size_t n = size - i < 3 ? size - i : 3;
                uint32_t bits = (uint32_t)in[i] << 16;
                char quad[4] = { '=', '=', '=', '=' };

                if (n > 1)
                        bits |= (uint32_t)in[i + 1] << 8;
                if (n > 2)
                        bits |= in[i + 2];
                for (size_t k = 0; k <= n; k++)
                        quad[k] = digits[bits >> (18 - 6 * k) & 63];
                r = secret_append(out, quad, sizeof(quad));
                explicit_bzero(quad, sizeof(quad));
        }
        return r;
}

int authorization_basic(const char *client_id, const char *client_secret, Secret *ret) {
        _cleanup_(secret_done) Secret pair = SECRET_INIT;
        _cleanup_(secret_done) Secret value = SECRET_INIT;
        int r;

        if (client_id[0] == '\0')
                return -EINVAL;
        r = percent_encode(&pair, client_id, strlen(client_id));
        if (r == 0)
                r = secret_append_text(&pair, ":");
        if (r == 0)
                r = percent_encode(&pair, client_secret, strlen(client_secret));
        if (r == 0)
                r = secret_append_text(&value, "Basic ");
        if (r == 0)
                r = base64_append(&value, secret_text(&pair), pair.size);
        if (r < 0)
                return r;
        *ret = TAKE(value, SECRET_INIT);
        return 0;
}

int authorization_bearer(const char *token, Secret *ret) {
        /* b64token */
        static const char alphabet[] =
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                        "-._~+/=";
        _cleanup_(secret_done) Secret value = SECRET_INIT;
        int r;

        if (token[0] == '\0' || token[strspn(token, alphabet)] != '\0')
                return -EINVAL;
        r = secret_append_text(&value, "Bearer ");
        if (r == 0)
                r = secret_append_text(&value, token);
        if (r < 0)
                return r;
        *ret = TAKE(value, SECRET_INIT);
        return 0;
}
