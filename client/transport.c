/* Chooses between the two transports. The local one never touches libcurl: its state is made by the
 * first call that goes to a URL. */

#include "transport.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "passwd.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"
#include "wire/text.h"

#define TIMEOUT_DEFAULT_MSEC 10000U
/* Longer than anybody's real one. */
#define URL_MAX 2048U

int transport_init(Transport *ret) {
        Transport transport = { .timeout_msec = TIMEOUT_DEFAULT_MSEC };

        transport.socket_path = strdup(TOKEND_SOCKET_PATH);
        if (!transport.socket_path)
                return -ENOMEM;
        *ret = transport;
        return 0;
}

void transport_done(Transport *transport) {
        transport_curl_free(transport->curl);
        free(transport->socket_path);
        free(transport->url);
        *transport = (Transport){ 0 };
}

int transport_set_socket(Transport *transport, const char *path) {
        char *copy;

        if (!path || path[0] != '/' ||
            strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
                return -EINVAL;
        copy = strdup(path);
        if (!copy)
                return -ENOMEM;
        free(transport->socket_path);
        transport->socket_path = copy;
        free(TAKE_PTR(transport->url));
        return 0;
}

/* The part behind the scheme; NULL for any other scheme. */
static const char *url_authority(const char *url) {
        static const char *const schemes[] = { "http://", "https://" };

        for (size_t i = 0; i < ELEMENTSOF(schemes); i++)
                if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
                        return url + strlen(schemes[i]);
        return NULL;
}

int transport_set_url(Transport *transport, const char *url) {
        const char *authority;
        size_t size;
        char *copy;

        authority = url && strlen(url) <= URL_MAX ? url_authority(url) : NULL;
        if (!authority || strchr("/:", authority[0]))
                return -EINVAL;
        for (const char *p = authority; *p; p++)
                if (*p <= ' ' || *p > '~' || strchr("@?#\\\"<>{}|^`", *p))
                        return -EINVAL;
        size = strlen(url);
        while (url[size - 1] == '/')
                size--;
        copy = strndup(url, size);
        if (!copy)
                return -ENOMEM;
        free(transport->url);
        transport->url = copy;
        return 0;
}

const char *transport_place(const Transport *transport) {
        return transport->url ?: transport->socket_path;
}

int transport_call(Transport *transport, const HttpRequest *request, HttpReply *ret,
                   char ret_detail[static TRANSPORT_DETAIL_MAX]) {
        int r;

        ret_detail[0] = '\0';
        if (!transport->url)
                return transport_unix_call(transport->socket_path, trusted_uid_find(),
                                           transport->timeout_msec, request, ret);
        if (!transport->curl) {
                r = transport_curl_new(&transport->curl);
                if (r < 0)
                        return r;
        }
        return transport_curl_call(transport->curl, transport->url, transport->timeout_msec,
                                   request, ret, ret_detail);
}
