/* Reading PEM files whole, so that a reload sees whether they changed. */

#include "http/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "wire/cleanup.h"

/* Chains of certificates are some KiB. */
#define FILE_MAX (256U * 1024U)

void tls_done(Tls *tls) {
        secret_done(&tls->certificate);
        secret_done(&tls->key);
}

static int read_file(const char *path, Secret *ret) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        char buffer[4096];
        ssize_t n;
        int r = 0;

        if (fd < 0)
                return -errno;
        while (r == 0 && (n = read(fd, buffer, sizeof(buffer))) != 0) {
                if (n < 0 && errno != EINTR)
                        r = -errno;
                else if (n > 0)
                        r = ret->size + (size_t)n > FILE_MAX
                                            ? -EFBIG
                                            : secret_append(ret, buffer, (size_t)n);
        }
        explicit_bzero(buffer, sizeof(buffer));
        return r;
}

static int load_one(const char *path, Secret *ret, char **ret_message) {
        int r = read_file(path, ret);
        if (r == 0 && secret_is_empty(ret))
                r = -ENODATA;
        if (r != 0 && asprintf(ret_message, "%s: %s", path, strerror(-r)) < 0)
                *ret_message = NULL;
        return r;
}

int tls_load(const char *certificate_file, const char *key_file, Tls *ret, char **ret_message) {
        _cleanup_(tls_done) Tls tls = TLS_INIT;
        int r;

        if (!certificate_file && !key_file) {
                *ret = TLS_INIT;
                return 0;
        }
        if (!certificate_file || !key_file) {
                *ret_message = strdup("CertificateFile= and KeyFile= need each other");
                return -EINVAL;
        }
        r = load_one(certificate_file, &tls.certificate, ret_message);
        if (r == 0)
                r = load_one(key_file, &tls.key, ret_message);
        if (r != 0)
                return r;
        *ret = TAKE(tls, TLS_INIT);
        return 0;
}

bool tls_is_set(const Tls *tls) {
        return !secret_is_empty(&tls->certificate);
}

bool tls_equal(const Tls *a, const Tls *b) {
        return secret_equal(&a->certificate, &b->certificate) && secret_equal(&a->key, &b->key);
}

const char *tls_certificate(const Tls *tls) {
        return tls_is_set(tls) ? secret_text(&tls->certificate) : NULL;
}

const char *tls_key(const Tls *tls) {
        return tls_is_set(tls) ? secret_text(&tls->key) : NULL;
}
