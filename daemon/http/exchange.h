#pragma once

/* Between libmicrohttpd's callbacks and a Request. */

#include <microhttpd.h>

#include "http/connection.h"
#include "http/request.h"

typedef struct Exchange Exchange;

typedef struct ExchangeContext {
        HttpContext http;
        Connections *connections;
        bool is_draining; /* every reply ends its connection */
        /* A connection has gone. May be NULL. */
        void (*closed)(void *userdata);
        void *closed_userdata;
} ExchangeContext;

/* libmicrohttpd's callbacks; cls is the ExchangeContext. */
void *exchange_begin(void *cls, const char *target, struct MHD_Connection *mhd);
enum MHD_Result exchange_handle(void *cls, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *data_size, void **data_of_request);
void exchange_end(void *cls, struct MHD_Connection *mhd, void **data_of_request,
                  enum MHD_RequestTerminationCode code);
void exchange_connection(void *cls, struct MHD_Connection *mhd, void **data_of_connection,
                         enum MHD_ConnectionNotificationCode code);

/* The server goes: whoever waits for the core is answered 503, and the core's answer dropped. */
void exchange_abandon(Exchange *exchange);
