#pragma once

/* Connections of io.systemd.UserDatabase on one sd-event loop. */

#include <systemd/sd-event.h>

typedef struct UserdbServer UserdbServer;

/* Serves on a listening socket, which it takes on success. service is the socket's name.
 * snapshot_path is looked at anew for every question; without a readable one there are no users. */
int userdb_server_new(sd_event *event, int listen_fd, const char *service,
                      const char *snapshot_path, UserdbServer **ret);
UserdbServer *userdb_server_free(UserdbServer *server);
void userdb_server_freep(UserdbServer **server);
