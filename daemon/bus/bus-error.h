#pragma once

/* From what the core answers to the names of D-Bus errors. */

#include <systemd/sd-bus.h>

#define BUS_ERROR_NO_SUCH_TOKEN     "org.tokend1.NoSuchToken"
#define BUS_ERROR_NO_SUCH_USER      "org.tokend1.NoSuchUser"
#define BUS_ERROR_STORE_UNAVAILABLE "org.tokend1.StoreUnavailable"
#define BUS_ERROR_TOO_MANY_FAILURES "org.tokend1.TooManyFailures"

/* The name for a Reason or a negative errno; never NULL, org.freedesktop.DBus.Error.Failed for
 * whatever no row knows, 0 included. */
const char *bus_error_name(int r);
/* Fills error, unless it is set already, with the name and a sentence that carries the reason's
 * word. Always a negative errno, for sd-bus handlers to return. */
int bus_error_fill(sd_bus_error *error, int r);
