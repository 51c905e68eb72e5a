#pragma once

/* HTTP and HTTPS through libcurl: the way to every tokend that is not behind the local socket. */

#include "transport-unix.h"

/* What went wrong, in libcurl's words. */
#define TRANSPORT_DETAIL_MAX 256

/* One connection that is kept between calls. */
typedef struct TransportCurl TransportCurl;

int transport_curl_new(TransportCurl **ret);
TransportCurl *transport_curl_free(TransportCurl *transport);
void transport_curl_freep(TransportCurl **transport);

/* base_url without a slash at its end; the request's path is put behind it as it is. Returns like
 * transport_unix_call(); REASON_PEER_UNTRUSTED: the certificate is not that host's. ret_detail is
 * set on every failure, possibly to "". */
int transport_curl_call(TransportCurl *transport, const char *base_url, unsigned timeout_msec,
                        const HttpRequest *request, HttpReply *ret,
                        char ret_detail[static TRANSPORT_DETAIL_MAX]);
