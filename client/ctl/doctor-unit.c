/* systemd's units, where systemd runs, and the files that they stand on. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/doctor.h"
#include "wire/cleanup.h"
#include "wire/text.h"

#define SYSTEMCTL   "/usr/bin/systemctl"
#define TOKEND      SBINDIR "/tokend"
#define CONFIG_PATH SYSCONFDIR "/tokend/tokend.conf"
#define STATE_PATH  "/var/lib/tokend"

/* A unit's state in one word. -ENOENT: there is no systemctl. */
static int ask_systemctl(const Doctor *doctor, const char *question, const char *unit,
                         Secret *ret) {
        char *const argv[] = { (char *)SYSTEMCTL, (char *)question, (char *)unit, NULL };
        int status;

        /* The status only says whether the word is the one that was hoped for. */
        status = doctor->machine->run(argv, false, ret);
        if (status < 0)
                return status;
        output_cut(ret);
        return 0;
}

static void check_active(Doctor *doctor, const char *unit, bool is_service) {
        _cleanup_(secret_done) Secret active = SECRET_INIT;
        _cleanup_(secret_done) Secret enabled = SECRET_INIT;
        const char *state;

        if (ask_systemctl(doctor, "is-active", unit, &active) < 0 ||
            ask_systemctl(doctor, "is-enabled", unit, &enabled) < 0) {
                doctor_say(doctor, FINDING_NOTE, NULL, "systemctl says nothing of %s", unit);
                return;
        }
        state = secret_text(&active);
        if (streq(state, "failed"))
                doctor_say(doctor, FINDING_FAILURE,
                           "journalctl -t tokend -n 20 says why, in one line", "%s has failed",
                           unit);
        else if (streq(state, "active") || streq(state, "activating") || streq(state, "reloading"))
                doctor_say(doctor, FINDING_OK, NULL, "%s is %s", unit, state);
        else
                /* The socket starts the service with the first question. */
                doctor_say(doctor, is_service ? FINDING_WARNING : FINDING_FAILURE, NULL, "%s is %s",
                           unit, state[0] ? state : "not there");
        if (strncmp(secret_text(&enabled), "enabled", 7) != 0)
                doctor_say(doctor, FINDING_WARNING, NULL,
                           "%s is %s: it will be missing after the next start", unit,
                           enabled.size > 0 ? secret_text(&enabled) : "not installed");
}

void doctor_check_unit(Doctor *doctor) {
        struct stat status;

        if (root_stat(doctor->machine->root, &status, "/run/systemd/system") < 0) {
                doctor_say(doctor, FINDING_NOTE, NULL, "not checked: systemd does not run");
                return;
        }
        check_active(doctor, "tokend.socket", false);
        check_active(doctor, "tokend.service", true);
}

/* tokend's own word on its configuration. */
static void try_configuration(Doctor *doctor) {
        _cleanup_(secret_done) Secret output = SECRET_INIT;
        _cleanup_(freep) char *option = NULL;
        char *argv[] = { (char *)TOKEND, (char *)"--check", NULL, NULL };
        int r;

        if (asprintf(&option, "--config=%s" CONFIG_PATH, doctor->machine->root) < 0) {
                option = NULL;
                doctor->findings.error = -ENOMEM;
                return;
        }
        argv[2] = option;
        r = doctor->machine->run(argv, true, &output);
        if (r < 0) {
                doctor_say(doctor, FINDING_WARNING, "install tokend again",
                           "can't be tried: " TOKEND ": %s", strerrordesc_np(-r));
                return;
        }
        output_cut(&output);
        if (r == 0)
                doctor_say(doctor, FINDING_OK, NULL, "%s", secret_text(&output));
        else
                doctor_say(doctor, FINDING_FAILURE,
                           "mend that line, then systemctl reload-or-restart "
                           "tokend.service",
                           "%s", secret_text(&output));
}

static void check_config_owner(Doctor *doctor, const struct stat *status) {
        uid_t tokend = (uid_t)-1;

        (void)root_find_uid(doctor->machine->root, TOKEND_USER_NAME, &tokend);
        if (!S_ISREG(status->st_mode))
                doctor_say(doctor, FINDING_FAILURE, "put a plain file there",
                           CONFIG_PATH " is no plain file, which tokend refuses");
        else if (status->st_uid != 0 && status->st_uid != tokend)
                doctor_say(doctor, FINDING_FAILURE, "chown root:tokend " CONFIG_PATH,
                           CONFIG_PATH " belongs to uid %u, which tokend refuses",
                           (unsigned)status->st_uid);
        else if (status->st_mode & (S_IWGRP | S_IWOTH))
                doctor_say(doctor, FINDING_FAILURE, "chmod 0640 " CONFIG_PATH,
                           CONFIG_PATH
                           " has mode %04o: others may write to it, which tokend refuses",
                           (unsigned)(status->st_mode & 07777));
        else if (status->st_mode & S_IROTH)
                doctor_say(doctor, FINDING_NOTE, "chmod 0640 " CONFIG_PATH,
                           CONFIG_PATH " may be read by everybody");
}

void doctor_check_files(Doctor *doctor) {
        struct stat status;
        int r;

        r = root_lstat(doctor->machine->root, &status, CONFIG_PATH);
        if (r == -ENOENT) {
                doctor_say(doctor, FINDING_NOTE, NULL,
                           "there is no " CONFIG_PATH ": the defaults hold");
                return;
        }
        if (r == -EACCES) {
                doctor_miss(doctor, UNSEEN_ROOT);
                return;
        }
        if (r < 0) {
                doctor_say(doctor, FINDING_FAILURE, NULL, CONFIG_PATH ": %s", strerrordesc_np(-r));
                return;
        }
        check_config_owner(doctor, &status);
        if (doctor->machine->uid == 0)
                try_configuration(doctor);
        else
                doctor_miss(doctor, UNSEEN_ROOT);
}

static void check_private(Doctor *doctor, const char *path, const char *mode,
                          const struct stat *status, uid_t tokend) {
        if (status->st_uid != tokend && status->st_uid != 0)
                doctor_say(doctor, FINDING_FAILURE, NULL, "%s belongs to uid %u, not to tokend",
                           path, (unsigned)status->st_uid);
        else if (status->st_mode & 077)
                doctor_say(doctor, FINDING_FAILURE, NULL, "%s has mode %04o, and should have %s",
                           path, (unsigned)(status->st_mode & 07777), mode);
}

/* Store= may be elsewhere: then nothing is here, and nothing is said. */
void doctor_check_state(Doctor *doctor) {
        static const char *const names[] = { "tokend.db", "tokend.db-wal", "tokend.db-shm" };
        const char *root = doctor->machine->root;
        size_t before = doctor->findings.n;
        struct stat status;
        uid_t tokend = 0;

        if (root_stat(root, &status, STATE_PATH) < 0)
                return;
        if (root_find_uid(root, TOKEND_USER_NAME, &tokend) < 0)
                doctor_say(doctor, FINDING_WARNING, "systemd-sysusers",
                           "there is no user " TOKEND_USER_NAME " in /etc/passwd");
        else
                check_private(doctor, STATE_PATH, "0700", &status, tokend);
        if (doctor->machine->uid != 0) {
                doctor_miss(doctor, UNSEEN_ROOT);
                return;
        }
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                char path[64];

                snprintf(path, sizeof(path), STATE_PATH "/%s", names[i]);
                if (root_lstat(root, &status, "%s", path) == 0)
                        check_private(doctor, path, "0600", &status, tokend);
        }
        if (doctor->findings.n == before)
                doctor_say(doctor, FINDING_OK, NULL, STATE_PATH " is tokend's alone");
}
