/* The lines with pam_tokend.so in /etc/pam.d. Each is looked at once, in the file that it stands
 * in; what it does to the lines behind, in each service that it comes into. */

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "ctl/doctor.h"
#include "ctl/pam-module.h"
#include "wire/cleanup.h"
#include "wire/text.h"

/* Debian's files that are no services, but what services include. */
#define INCLUDED "common-"
/* Where a person stands when nothing else works. */
#define CONSOLE "login"

typedef struct Survey {
        Doctor *doctor;
        char **services; /* that ask tokend */
        char **seen;     /* "FILE:LINE" that were looked at */
        size_t n_faults;
} Survey;

static void survey_done(Survey *survey) {
        strv_free(survey->services);
        strv_free(survey->seen);
}

DEFINE_CLEANUP(DIR *, closedir);

static bool is_tokend(const PamLine *line) {
        return pam_line_is(line, PAM_TOKEND);
}

#define FAULT(survey, level, advice, line, format, ...)                                            \
        do {                                                                                       \
                (survey)->n_faults++;                                                              \
                doctor_say((survey)->doctor, level, advice, "%s:%u: " format, (line)->file,        \
                           (line)->number, ##__VA_ARGS__);                                         \
        } while (0)

static bool module_exists(const Doctor *doctor, const PamLine *line) {
        static const char *const folders[] = { PAMDIR,
                                               "/lib/security",
                                               "/usr/lib/security",
                                               "/lib64/security",
                                               "/usr/lib64/security",
                                               "/lib/*/security",
                                               "/usr/lib/*/security" };

        if (line->module[0] == '/') {
                const char *const place[] = { line->module };

                return root_has(doctor->machine->root, place, 1);
        }
        for (size_t i = 0; i < ELEMENTSOF(folders); i++) {
                char path[PATH_MAX];
                const char *const place[] = { path };

                snprintf(path, sizeof(path), "%s/%s", folders[i], line->module);
                if (root_has(doctor->machine->root, place, 1))
                        return true;
        }
        return false;
}

static bool is_denial(int action) {
        return action == PAM_ACTION_BAD || action == PAM_ACTION_DIE;
}

/* "-auth" stands there to stay when the module is removed; then the control has to bear it. */
static bool may_be_missing(const PamLine *line) {
        return line->is_quiet && !is_denial(line->actions[PAM_CODE_MODULE_UNKNOWN]);
}

static void check_words(Survey *survey, const PamLine *line) {
        PamOptions options;
        const char *bad = NULL;

        if (!module_exists(survey->doctor, line))
                FAULT(survey, may_be_missing(line) ? FINDING_NOTE : FINDING_FAILURE,
                      "install tokend again, or take the line out", line, "there is no module %s",
                      line->module);
        if (pam_module_options(line, &options, &bad) < 0)
                FAULT(survey, FINDING_FAILURE, "pam_tokend(8) has the options", line,
                      "\"%s\" is no option of the module, which refuses to work with it", bad);
        else if (!streq(options.socket_path, survey->doctor->socket))
                FAULT(survey, FINDING_NOTE, "tokenctl --socket=PATH doctor looks at that one", line,
                      "asks at %s, and not at the socket that was examined", options.socket_path);
}

/* What a line does when tokend is not the one to ask. */
static void check_others(Survey *survey, const PamLine *line) {
        const char *type = pam_type_name(line->type);

        if (is_denial(line->actions[PAM_CODE_USER_UNKNOWN]))
                FAULT(survey, FINDING_WARNING, "user_unknown=ignore in its control", line,
                      "%s %s refuses every user who is not tokend's, root as well", type,
                      line->control);
        else if (is_denial(line->actions[PAM_CODE_AUTHINFO_UNAVAIL]))
                FAULT(survey, FINDING_WARNING, "authinfo_unavail=ignore in its control", line,
                      "%s %s lets nobody in while tokend is down", type, line->control);
}

static void check_account(Survey *survey, const PamLine *line) {
        if (line->actions[PAM_CODE_SUCCESS] == PAM_ACTION_DONE)
                FAULT(survey, FINDING_WARNING, "success=ok in its control", line,
                      "account %s ends the account phase: pam_unix and the others behind have no "
                      "say",
                      line->control);
        if (!is_denial(line->actions[PAM_CODE_PERM_DENIED]) ||
            !is_denial(line->actions[PAM_CODE_ACCT_EXPIRED]))
                FAULT(survey, FINDING_WARNING, "default=bad in its control", line,
                      "account %s throws tokend's no away: locked and expired users get in",
                      line->control);
        if (is_denial(line->actions[PAM_CODE_NEW_AUTHTOK_REQD]))
                FAULT(survey, FINDING_WARNING, "new_authtok_reqd=ok in its control", line,
                      "account %s refuses users who must change their password, in place of "
                      "letting them do so",
                      line->control);
}

static void check_password(Survey *survey, const PamLine *line) {
        if (is_denial(line->actions[PAM_CODE_IGNORE]))
                FAULT(survey, FINDING_WARNING, "ignore=ignore in its control", line,
                      "password %s: passwd(1) fails for every user who is not tokend's",
                      line->control);
        else if (is_denial(line->actions[PAM_CODE_AUTHINFO_UNAVAIL]))
                FAULT(survey, FINDING_WARNING, "authinfo_unavail=ignore in its control", line,
                      "password %s: passwd(1) fails for everybody while tokend is down",
                      line->control);
}

static void check_session(Survey *survey, const PamLine *line) {
        if (is_denial(line->actions[PAM_CODE_SESSION_ERR]))
                FAULT(survey, FINDING_WARNING, "optional as its control", line,
                      "session %s ends logins of other modules too when tokend can't be understood",
                      line->control);
}

static void check_line(Survey *survey, const PamLine *line) {
        char place[PATH_MAX];

        snprintf(place, sizeof(place), "%s:%u", line->file, line->number);
        if (survey->seen && strv_contains(survey->seen, place))
                return;
        if (strv_extend(&survey->seen, place) < 0)
                survey->doctor->findings.error = -ENOMEM;
        check_words(survey, line);
        if (line->type == PAM_TYPE_AUTH || line->type == PAM_TYPE_ACCOUNT)
                check_others(survey, line);
        if (line->type == PAM_TYPE_ACCOUNT)
                check_account(survey, line);
        if (line->type == PAM_TYPE_PASSWORD)
                check_password(survey, line);
        if (line->type == PAM_TYPE_SESSION)
                check_session(survey, line);
}

static bool has_unix_behind(const PamConfig *config, const PamLine *line) {
        for (const PamLine *l = line + 1; l < config->lines + config->n_lines; l++)
                if (l->type == line->type && pam_line_is(l, "pam_unix.so"))
                        return true;
        return false;
}

static void check_console(Survey *survey, const PamConfig *config, const PamLine *line) {
        PamOptions options = { 0 };
        const char *bad;

        if (pam_module_options(line, &options, &bad) < 0 || options.skip_local ||
            line->actions[PAM_CODE_SUCCESS] == PAM_ACTION_OK || !has_unix_behind(config, line))
                return;
        FAULT(survey, FINDING_WARNING, "put skip_local behind " PAM_TOKEND " there", line,
              "local users wait for tokend on the console (" CONSOLE "), also while it hangs");
}

static void check_service(Survey *survey, const char *service, const PamConfig *config) {
        const PamLine *auth = pam_config_find(config, PAM_TYPE_AUTH, PAM_TOKEND);
        bool is_service = strncmp(service, INCLUDED, strlen(INCLUDED)) != 0;

        if (is_service && strv_extend(&survey->services, service) < 0)
                survey->doctor->findings.error = -ENOMEM;
        for (size_t i = 0; i < config->n_lines; i++)
                if (is_tokend(&config->lines[i]))
                        check_line(survey, &config->lines[i]);
        if (auth && streq(service, CONSOLE))
                check_console(survey, config, auth);
        if (auth && is_service && !pam_config_find(config, PAM_TYPE_ACCOUNT, PAM_TOKEND)) {
                survey->n_faults++;
                doctor_say(survey->doctor, FINDING_WARNING, NULL,
                           "%s asks tokend in auth, but not in account: locked and expired users "
                           "get in by other ways, such as SSH keys",
                           service);
        }
}

static void look_at_service(Survey *survey, const char *service) {
        _cleanup_(pam_config_done) PamConfig config = PAM_CONFIG_INIT;
        char message[PAM_MESSAGE_MAX];
        int r;

        r = pam_config_read(survey->doctor->machine->root, service, &config, message);
        if (r == -ENOENT)
                return;
        if (r < 0) {
                survey->n_faults++;
                /* Others' broken files are worth knowing, but are not ours. */
                doctor_say(survey->doctor, FINDING_WARNING, "pam.conf(5)", "%s%s%s", service,
                           message[0] ? ": " : "", message[0] ? message : strerrordesc_np(-r));
        } else if (pam_config_find(&config, -1, PAM_TOKEND))
                check_service(survey, service, &config);
}

static bool is_service_name(const char *name) {
        static const char *const leftovers[] = { ".dpkg-", ".rpm", ".pam-old", "~" };

        for (size_t i = 0; i < ELEMENTSOF(leftovers); i++)
                if (strstr(name, leftovers[i]))
                        return false;
        return name[0] != '.';
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_services(const char *root, char ***ret) {
        _cleanup_(closedirp) DIR *folder = NULL;
        _cleanup_(strv_freep) char **names = NULL;
        char path[PATH_MAX];
        struct dirent *entry;
        int r = 0;

        snprintf(path, sizeof(path), "%s/etc/pam.d", root);
        folder = opendir(path);
        if (!folder)
                return -errno;
        while (r == 0 && (entry = readdir(folder)))
                if (is_service_name(entry->d_name))
                        r = strv_extend(&names, entry->d_name);
        if (r < 0)
                return r;
        if (names)
                qsort(names, strv_length(names), sizeof(*names), compare_names);
        *ret = TAKE_PTR(names);
        return 0;
}

static void say_services(Survey *survey) {
        _cleanup_(freep) char *list = NULL;

        if (strv_join(survey->services, ", ", &list) < 0)
                survey->doctor->findings.error = -ENOMEM;
        else
                doctor_say(survey->doctor, FINDING_OK, NULL, "asked by %s", list);
}

void doctor_check_pam(Doctor *doctor) {
        _cleanup_(survey_done) Survey survey = { .doctor = doctor };
        _cleanup_(strv_freep) char **names = NULL;
        int r;

        r = list_services(doctor->machine->root, &names);
        if (r < 0) {
                doctor_say(doctor, FINDING_FAILURE, NULL, "/etc/pam.d: %s", strerrordesc_np(-r));
                return;
        }
        for (char **name = names; name && *name; name++)
                look_at_service(&survey, *name);
        if (!survey.services)
                doctor_say(doctor, FINDING_WARNING,
                           "pam-auth-update --enable tokend tokend-password, or the lines of "
                           "/usr/share/doc/tokend/pam.d for single services",
                           "no service in /etc/pam.d asks tokend");
        else if (survey.n_faults == 0)
                say_services(&survey);
}
