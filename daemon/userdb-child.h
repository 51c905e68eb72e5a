#pragma once

/* tokend-userdb as a child process, where no service manager runs it. */

#include <stdbool.h>
#include <systemd/sd-event.h>

typedef struct UserdbChild UserdbChild;

typedef struct UserdbChildOptions {
        sd_event *event;
        const char *program;  /* NULL: beside this program, else where it was installed */
        const char *socket;   /* borrowed, as all here */
        const char *snapshot;
        /* Once: it answers, or it could not be started in time and is tried again. */
        void (*settled)(void *userdata);
        void *userdata;
} UserdbChildOptions;

/* Starts it, and again with a growing delay whenever it ends. While somebody else answers at the
 * socket it is not started, and looked at again likewise. SIGCHLD must be blocked. */
int userdb_child_new(const UserdbChildOptions *options, UserdbChild **ret);
/* Ends it, with SIGKILL if it must be. */
UserdbChild *userdb_child_free(UserdbChild *child);
void userdb_child_freep(UserdbChild **child);

/* Whether somebody listens at that socket: our child, or a tokend-userdb with a unit of its own.
 * Never waits. */
bool userdb_is_served(const char *path);
