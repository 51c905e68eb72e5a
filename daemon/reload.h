#pragma once

/* From a configuration file to one that the daemon can work by. */

#include "base/config.h"

/* config_load(), and what only higher layers know to be wrong. ret_message is the caller's. */
int reload_read(const char *path, Config **ret, char **ret_message);

/* -EINVAL, with the key in ret_message, when something differs that stays as it is until a restart:
 * who holds the old socket or the old store would not notice. */
int reload_check_change(const Config *before, const Config *after, char **ret_message);
