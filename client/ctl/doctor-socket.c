/* The socket, as the module looks at it before it sends a password: who could put another one
 * there, and who listens. */

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "ctl/doctor.h"
#include "peer.h"
#include "wire/cleanup.h"
#include "wire/text.h"

#define CONNECT_TIMEOUT_MSEC 1000U
/* Everybody may ask: what about, decides the daemon by who it is. */
#define SOCKET_MODE 0666

#define UNTRUSTED reason_to_string(REASON_PEER_UNTRUSTED)

static bool is_trusted(const Doctor *doctor, uid_t uid, uid_t trusted_uid) {
        return uid == 0 || uid == doctor->machine->uid ||
               (trusted_uid != (uid_t)-1 && uid == trusted_uid);
}

static bool check_folder(Doctor *doctor, const char *folder, uid_t trusted_uid) {
        struct stat status;
        int r;

        /* Not below the root: the path is the caller's. */
        r = root_stat("", &status, "%s", folder);
        if (r < 0) {
                doctor_say(doctor, FINDING_FAILURE, NULL, "%s: %s", folder, strerrordesc_np(-r));
                return false;
        }
        if (!is_trusted(doctor, status.st_uid, trusted_uid)) {
                doctor_say_reason(doctor, FINDING_FAILURE, UNTRUSTED, NULL,
                                  "%s belongs to uid %u, who could put another socket there",
                                  folder, (unsigned)status.st_uid);
                return false;
        }
        if (status.st_mode & (S_IWGRP | S_IWOTH)) {
                doctor_say_reason(doctor, FINDING_FAILURE, UNTRUSTED, NULL,
                                  "%s has mode %04o: others could put another socket there", folder,
                                  (unsigned)(status.st_mode & 07777));
                return false;
        }
        return true;
}

static bool check_file(Doctor *doctor) {
        struct stat status;
        int r;

        r = root_lstat("", &status, "%s", doctor->socket);
        if (r == -ENOENT) {
                doctor_say(doctor, FINDING_FAILURE, NULL, "there is no %s", doctor->socket);
                return false;
        }
        if (r < 0) {
                doctor_say(doctor, FINDING_FAILURE, NULL, "%s: %s", doctor->socket,
                           strerrordesc_np(-r));
                return false;
        }
        if (!S_ISSOCK(status.st_mode)) {
                doctor_say_reason(doctor, FINDING_FAILURE, UNTRUSTED,
                                  "remove it, then systemctl restart tokend.socket",
                                  "%s is no socket%s", doctor->socket,
                                  S_ISLNK(status.st_mode) ? ", but a link" : "");
                return false;
        }
        if ((status.st_mode & SOCKET_MODE) != SOCKET_MODE)
                doctor_say(doctor, FINDING_FAILURE,
                           "SocketMode=0666 in tokend.socket; systemctl restart tokend.socket",
                           "%s has mode %04o: users, and screen lockers of theirs, can't ask",
                           doctor->socket, (unsigned)(status.st_mode & 0777));
        return true;
}

static void check_listener(Doctor *doctor, uid_t trusted_uid) {
        _cleanup_(closep) int fd = -1;
        int r;

        r = peer_connect(doctor->socket, trusted_uid, deadline_in(CONNECT_TIMEOUT_MSEC), &fd);
        if (r == 0) {
                doctor->is_listening = true;
                doctor_say(doctor, FINDING_OK, NULL, "%s is there, and a trusted process listens",
                           doctor->socket);
        } else if (r == REASON_PEER_UNTRUSTED)
                doctor_say_reason(doctor, FINDING_FAILURE, UNTRUSTED,
                                  "ss -xlp tells which process it is; end it, then systemctl "
                                  "restart tokend.socket tokend.service",
                                  "who listens at %s is neither root nor tokend", doctor->socket);
        else if (r == -ECONNREFUSED)
                doctor_say_reason(doctor, FINDING_FAILURE,
                                  reason_to_string(REASON_DAEMON_UNREACHABLE),
                                  "systemctl restart tokend.socket tokend.service",
                                  "nobody listens at %s", doctor->socket);
        else if (r == -ETIMEDOUT)
                doctor_say_reason(doctor, FINDING_FAILURE, reason_to_string(REASON_TIMED_OUT),
                                  "systemctl restart tokend.service",
                                  "%s takes no connection: callers queue up, tokend hangs",
                                  doctor->socket);
        else
                doctor_say_reason(doctor, FINDING_FAILURE,
                                  reason_to_string(REASON_DAEMON_UNREACHABLE), NULL, "%s: %s",
                                  doctor->socket, strerrordesc_np(-r));
}

void doctor_check_socket(Doctor *doctor) {
        const char *slash = strrchr(doctor->socket, '/');
        uid_t trusted_uid = (uid_t)-1;
        char folder[PATH_MAX];
        size_t size;

        size = slash && slash > doctor->socket ? (size_t)(slash - doctor->socket) : 1;
        if (size >= sizeof(folder))
                size = sizeof(folder) - 1;
        memcpy(folder, doctor->socket, size);
        folder[size] = '\0';
        (void)root_find_uid(doctor->machine->root, TOKEND_USER_NAME, &trusted_uid);
        if (check_folder(doctor, folder, trusted_uid) && check_file(doctor))
                check_listener(doctor, trusted_uid);
}
