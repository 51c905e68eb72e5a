#pragma once

/* One configuration file as text: who may have written it, its lines, its sections and keys. What
 * they mean is config.c's. */

/* Where a value stands. path is borrowed. */
typedef struct ConfigPlace {
        const char *path;
        unsigned line;
} ConfigPlace;

/* Called for "[section]" with key and value NULL, and for each Key=value under it (section ""
 * before the first). 0, or a negative errno with what is wrong in ret_reason; the reader frees
 * that. */
typedef int (*ConfigHandler)(void *userdata, const ConfigPlace *place, const char *section,
                             const char *key, const char *value, char **ret_reason);

/* Stops at the first mistake: "FILE:LINE: reason" in ret_message, which the caller frees. */
int config_file_read(const char *path, ConfigHandler handler, void *userdata, char **ret_message);

/* The paths of "<path>.d/X.conf", sorted; an empty vector when there is no such folder. */
int config_file_list_drop_ins(const char *path, char ***ret, char **ret_message);
