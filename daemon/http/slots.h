#pragma once

/* How many of something large there may be at once. Outlives whoever made it, for those who still
 * hold a place. */

#include <stdbool.h>

typedef struct Slots Slots;

Slots *slots_new(unsigned n); /* NULL: no memory */
Slots *slots_unref(Slots *slots);

/* false: all are taken. A taken one keeps slots alive until it is given back. NULL has no bound. */
bool slots_take(Slots *slots);
void slots_give(Slots *slots);
