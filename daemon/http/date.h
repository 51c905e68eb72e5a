#pragma once

/* Dates as other services write them, in UTC whatever the locale and the time zone are. */

#include <stdint.h>

/* More than they are, as the compiler can't know how small a month's number is. */
#define DATE_ISO_SIZE  80
#define DATE_HTTP_SIZE 80

/* "2024-05-14T19:22:09.901Z", of µs UTC cut to milliseconds */
void date_iso(int64_t usec, char ret[static DATE_ISO_SIZE]);
/* "Sun, 13 Sep 2020 09:35:33 GMT" (RFC 1123), of seconds UTC */
void date_http(int64_t seconds, char ret[static DATE_HTTP_SIZE]);
