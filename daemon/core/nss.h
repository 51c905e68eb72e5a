#pragma once

/* What the machine knows of users and groups (nsswitch.conf(5)), asked on a thread of its own: a
 * module there may hang for a minute, and the loop must not. */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

typedef struct Nss Nss;

typedef struct NssUser {
        char *name;
        uint32_t uid;
        uint32_t gid;
        char *home;
        char *shell;
} NssUser;

void nss_user_done(NssUser *user);

/* All of it optional. */
typedef struct NssQuestion {
        const char *name;    /* a user of this name, and a group of it */
        uint32_t uid;        /* UID_NONE: not asked; who has this uid, or a group's gid like it */
        char *const *groups; /* do they all exist */
} NssQuestion;

typedef struct NssAnswer {
        bool user_exists;
        NssUser user; /* what is in it may be taken */
        bool group_exists;
        char *uid_name; /* NULL: nobody, likewise */
        char *gid_name;
        bool groups_exist; /* true also when none was asked for */
} NssAnswer;

/* r = 0, REASON_NSS_UNAVAILABLE when the machine could not say, -ENOMEM or -ECANCELED. On the loop.
 */
typedef void (*NssHandler)(void *userdata, int r, NssAnswer *answer);

/* Where answers come from. 0, -ENOENT, or another negative errno. Called on the thread. */
typedef struct NssSource {
        int (*user_by_name)(const char *name, NssUser *ret);
        int (*user_by_uid)(uint32_t uid, NssUser *ret);
        int (*group_by_name)(const char *name);
        int (*group_by_gid)(uint32_t gid, char **ret_name);
} NssSource;

/* The machine's own. */
extern const NssSource nss_source_system;

/* source is borrowed. */
int nss_new(sd_event *event, const NssSource *source, Nss **ret);
/* Waits for a question that is being asked; the others hear -ECANCELED. */
Nss *nss_free(Nss *nss);
void nss_freep(Nss **nss);

/* Copies the question. 0 (the handler will be called, not before this returned), REASON_OVERLOADED
 * or a negative errno (it won't be). */
int nss_ask(Nss *nss, const NssQuestion *question, NssHandler handler, void *userdata);
