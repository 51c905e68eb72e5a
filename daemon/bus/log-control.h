#pragma once

/* /org/freedesktop/LogControl1 (org.freedesktop.LogControl1(5)): systemctl service-log-level. */

#include "bus/bus-internal.h"

int log_control_add(Bus *bus); /* 0 or more, or a negative errno */
