#pragma once

/* CertificateFile= and KeyFile=, as texts. */

#include <stdbool.h>

#include "wire/secret.h"

typedef struct Tls {
        Secret certificate;
        Secret key;
} Tls;

#define TLS_INIT ((Tls){ 0 })
void tls_done(Tls *tls);

/* Neither file: no TLS. -EINVAL: one without the other. On failure ret_message names the file; the
 * caller frees it. */
int tls_load(const char *certificate_file, const char *key_file, Tls *ret, char **ret_message);
bool tls_is_set(const Tls *tls);
bool tls_equal(const Tls *a, const Tls *b);
const char *tls_certificate(const Tls *tls); /* NULL: none */
const char *tls_key(const Tls *tls);
