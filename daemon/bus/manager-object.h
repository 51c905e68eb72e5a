#pragma once

/* /org/tokend1, interface org.tokend1.Manager. */

#include "bus/bus-internal.h"

int manager_object_add(Bus *bus); /* 0 or more, or a negative errno */
