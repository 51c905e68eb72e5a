/* sshd's settings, as sshd itself has read them. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/doctor.h"
#include "ctl/pam-module.h"
#include "wire/cleanup.h"
#include "wire/text.h"

#define SSHD "/usr/sbin/sshd"

static bool is_yes(const Secret *settings, const char *name) {
        _cleanup_(freep) char *value = output_find(settings, name);

        return value && streq(value, "yes");
}

/* sshd runs a command only if nobody but root can replace it, on the whole way to it. */
static bool path_is_roots(const char *root, const char *path) {
        for (size_t size = strlen(path); size > 0;) {
                struct stat status;

                if (root_stat(root, &status, "%.*s", (int)size, path) < 0 || status.st_uid != 0 ||
                    (status.st_mode & (S_IWGRP | S_IWOTH)))
                        return false;
                while (size > 0 && path[--size] != '/')
                        continue;
        }
        return true;
}

/* True: sshd gets the keys of tokend's users by tokenctl. */
static bool check_keys(Doctor *doctor, const Secret *settings) {
        _cleanup_(freep) char *command = output_find(settings, "authorizedkeyscommand");
        _cleanup_(freep) char *user = output_find(settings, "authorizedkeyscommanduser");
        uid_t uid;

        if (!command || !strstr(command, "tokenctl"))
                return false;
        if (!user || streq(user, "none")) {
                doctor_say(doctor, FINDING_FAILURE, "AuthorizedKeysCommandUser nobody",
                           "AuthorizedKeysCommand has no AuthorizedKeysCommandUser, so sshd does "
                           "not run it");
                return true;
        }
        if (root_find_uid(doctor->machine->root, user, &uid) < 0)
                doctor_say(doctor, FINDING_FAILURE, "AuthorizedKeysCommandUser nobody",
                           "AuthorizedKeysCommandUser %s is not in /etc/passwd", user);
        command[strcspn(command, " \t")] = '\0';
        if (command[0] != '/' || !path_is_roots(doctor->machine->root, command))
                doctor_say(doctor, FINDING_FAILURE,
                           "give the command's whole path, which only root may write to",
                           "AuthorizedKeysCommand %s: sshd refuses to run it", command);
        return true;
}

static void check_settings(Doctor *doctor, const Secret *settings) {
        size_t before = doctor->findings.n;
        bool has_keys = check_keys(doctor, settings);

        if (!is_yes(settings, "usepam"))
                doctor_say(doctor, FINDING_FAILURE,
                           "UsePAM yes in /etc/ssh/sshd_config, then "
                           "systemctl reload ssh",
                           "UsePAM is off: sshd never asks tokend, and knows no locked users");
        if (!is_yes(settings, "passwordauthentication") &&
            !is_yes(settings, "kbdinteractiveauthentication"))
                doctor_say(doctor, has_keys ? FINDING_NOTE : FINDING_WARNING,
                           has_keys ? NULL : "KbdInteractiveAuthentication yes",
                           "takes no passwords: PasswordAuthentication and "
                           "KbdInteractiveAuthentication are off");
        if (doctor->findings.n == before)
                doctor_say(doctor, FINDING_OK, NULL, "uses PAM%s",
                           has_keys ? ", and gets keys by tokenctl" : "");
}

static bool pam_asks_tokend(const Doctor *doctor) {
        _cleanup_(pam_config_done) PamConfig config = PAM_CONFIG_INIT;
        char message[PAM_MESSAGE_MAX];

        return pam_config_read(doctor->machine->root, "sshd", &config, message) == 0 &&
               pam_config_find(&config, -1, PAM_TOKEND);
}

void doctor_check_sshd(Doctor *doctor) {
        static const char *const program[] = { SSHD };
        char *const argv[] = { (char *)SSHD, (char *)"-T", NULL };
        _cleanup_(secret_done) Secret settings = SECRET_INIT;
        int r;

        if (!root_has(doctor->machine->root, program, 1))
                return;
        if (!pam_asks_tokend(doctor)) {
                doctor_say(doctor, FINDING_NOTE, NULL, "/etc/pam.d/sshd does not ask tokend");
                return;
        }
        if (doctor->machine->uid != 0) {
                doctor_miss(doctor, UNSEEN_ROOT);
                return;
        }
        r = doctor->machine->run(argv, true, &settings);
        if (r == 0) {
                check_settings(doctor, &settings);
                return;
        }
        output_cut(&settings);
        doctor_say(doctor, FINDING_WARNING, NULL, "sshd -T says nothing of its settings: %s",
                   r < 0 ? strerrordesc_np(-r) : secret_text(&settings));
}
