#pragma once

/* Shared by the two files about users. */

#include "store/sqlite-backend.h"

/* In lower case by ASCII, whatever the locale; bytes above ASCII stay. NULL stays NULL. */
int email_fold(const char *email, char **ret);
