#pragma once

/* What the process is: its limits, its signals, and what it inherited. */

#include <stdbool.h>
#include <stddef.h>

/* Umask, descriptors, signals that belong to the loop. Before any thread is started. */
void process_prepare(void);

/* -EUSERS: a user namespace hides who the callers are (PrivateUsers=). */
int process_check_users(void);

/* NSS need not ask our own userdb, at this path, for us: the store knows better. systemd-userdbd, which
 * asks for all of the machine, does so all the same. Before any thread is started. 0 or a negative
 * errno. */
int process_bypass_userdb(const char *userdb);

typedef struct Inherited {
        int *http; /* listening sockets; the caller closes those that nobody took */
        size_t n_http;
        bool userdb; /* somebody else answers for users */
} Inherited;

#define INHERITED_INIT ((Inherited){ 0 })

/* Sockets by their names, and out of the environment: no child shall take them for its own. */
int process_inherit(Inherited *ret);
void inherited_done(Inherited *inherited);
