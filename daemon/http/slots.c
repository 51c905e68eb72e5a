/* A count of free places and one of those who know it. */

#include "http/slots.h"

#include <stdlib.h>

struct Slots {
        unsigned n_ref; /* its maker, and each that is taken */
        unsigned n_free;
};

Slots *slots_new(unsigned n) {
        Slots *slots = calloc(1, sizeof(*slots));

        if (!slots)
                return NULL;
        slots->n_ref = 1;
        slots->n_free = n;
        return slots;
}

Slots *slots_unref(Slots *slots) {
        if (slots && --slots->n_ref == 0)
                free(slots);
        return NULL;
}

bool slots_take(Slots *slots) {
        if (!slots)
                return true;
        if (slots->n_free == 0)
                return false;
        slots->n_free--;
        slots->n_ref++;
        return true;
}

void slots_give(Slots *slots) {
        if (!slots)
                return;
        slots->n_free++;
        slots_unref(slots);
}
