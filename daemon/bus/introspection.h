#pragma once

/* Introspection XML for the objects that no sd-bus vtable describes. */

#include "core/authority.h"

/* A token object, from the table of its properties. The caller frees *ret. 0 or -ENOMEM. */
int introspection_of_token(char **ret);
/* The folder of tokens: one node for each in the answer. */
int introspection_of_folder(const Answer *answer, char **ret);
