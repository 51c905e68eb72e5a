/* Whether the machine knows the users who exist in tokend only: nsswitch.conf, the NSS module,
 * tokend-userdb, and then one real user, asked for in a process of its own with a deadline. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/doctor.h"
#include "passwd.h"
#include "wire/cleanup.h"
#include "wire/text.h"

#define GETENT         "/usr/bin/getent"
#define GETENT_UNKNOWN 2
#define NSSWITCH       "/etc/nsswitch.conf"
#define USERDB_SOCKET  "/run/systemd/userdb/org.tokend"

typedef struct Sample {
        char *name; /* NULL: there is no user who is not the machine's own */
        int64_t uid;
} Sample;

static void sample_done(Sample *sample) {
        free(sample->name);
}

/* The services of a database, without [NOTFOUND=return] and the like; NULL: no such line. */
static int database_services(const char *text, const char *database, char ***ret) {
        size_t size = strlen(database);

        for (const char *line = text; line; line = strchr(line, '\n')) {
                _cleanup_(freep) char *copy = NULL;

                line += strspn(line, "\n");
                copy = strndup(line, strcspn(line, "\n#"));
                if (!copy)
                        return -ENOMEM;
                char *word = copy + strspn(copy, " \t");
                if (strncmp(word, database, size) != 0)
                        continue;
                word += size + strspn(word + size, " \t");
                if (*word == ':')
                        return strv_split(word + 1, " \t", ret);
        }
        *ret = NULL;
        return 0;
}

static ssize_t find_service(char *const *services, const char *service) {
        for (ssize_t i = 0; services && services[i]; i++)
                if (streq(services[i], service))
                        return i;
        return -1;
}

/* Whether a service in front of that one ends the search for whom it does not know. *ret is then
 * the action. */
static int find_early_end(char *const *services, ssize_t before, const char **ret) {
        static const char *const actions[] = { "!success=return", "!unavail=return",
                                               "!tryagain=return", "notfound=return" };
        _cleanup_(strv_freep) char **words = NULL;
        _cleanup_(freep) char *text = NULL;
        int r = 0;

        /* "[ NOTFOUND = return ]" is possible too: blanks do not count. */
        for (ssize_t i = 0; r == 0 && i < before; i++)
                r = strv_extend(&words, services[i]);
        if (r == 0 && words)
                r = strv_join(words, "", &text);
        for (size_t i = 0; r == 0 && text && i < ELEMENTSOF(actions); i++) {
                const char *at = strcasestr(text, actions[i]);

                /* "!NOTFOUND=return" is as good as nothing: who is not found is looked for. */
                if (at && (at == text || at[-1] != '!')) {
                        *ret = actions[i];
                        return 1;
                }
        }
        return r;
}

/* Whether users get through. */
static bool check_database(Doctor *doctor, const char *text, const char *database,
                           enum FindingLevel level) {
        _cleanup_(strv_freep) char **services = NULL;
        const char *end = NULL;
        ssize_t files, systemd;
        int r;

        if (database_services(text, database, &services) < 0) {
                doctor->findings.error = -ENOMEM;
                return false;
        }
        files = find_service(services, "files");
        systemd = find_service(services, "systemd");
        if (systemd < 0)
                doctor_say(doctor, level, NULL,
                           "%s: has no systemd in " NSSWITCH ", so tokend's users do not exist",
                           database);
        r = find_early_end(services, systemd, &end);
        if (r < 0)
                doctor->findings.error = r;
        if (r > 0)
                doctor_say(doctor, level, NULL,
                           "%s: has [%s] before systemd in " NSSWITCH
                           ", so tokend's users do not exist",
                           database, end);
        else if (systemd >= 0 && systemd < files)
                doctor_say(doctor, FINDING_WARNING, NULL,
                           "%s: has systemd before files in " NSSWITCH ", so that local users "
                           "wait for tokend-userdb",
                           database);
        return systemd >= 0 && r == 0;
}

static bool check_nsswitch(Doctor *doctor, enum FindingLevel level) {
        _cleanup_(freep) char *text = NULL;
        bool passwd, group;
        size_t size;
        int r;

        r = root_read_file(doctor->machine->root, &text, &size, NSSWITCH);
        if (r < 0) {
                doctor_say(doctor, level, NULL, NSSWITCH ": %s", strerrordesc_np(-r));
                return false;
        }
        passwd = check_database(doctor, text, "passwd", level);
        group = check_database(doctor, text, "group", level);
        return passwd && group;
}

static bool check_module(Doctor *doctor, enum FindingLevel level) {
        static const char *const places[] = {
                "/lib/*/libnss_systemd.so.2",   "/usr/lib/*/libnss_systemd.so.2",
                "/lib64/libnss_systemd.so.2",   "/usr/lib64/libnss_systemd.so.2",
                "/usr/lib/libnss_systemd.so.2",
        };

        if (root_has(doctor->machine->root, places, ELEMENTSOF(places)))
                return true;
        doctor_say(doctor, level, "apt-get install libnss-systemd (systemd-libs elsewhere)",
                   "libnss_systemd.so.2 is not installed, so tokend's users do not exist");
        return false;
}

/* userdb: NULL when tokend does not tell us. */
static bool check_userdb(Doctor *doctor, const char *userdb, enum FindingLevel level) {
        static const char advice[] =
                        "systemctl restart tokend-userdb.socket tokend-userdb.service, or without "
                        "systemd tokend itself";
        struct stat status;

        if (userdb && streq(userdb, "failed")) {
                doctor_say(doctor, level, advice,
                           "nobody answers for users: tokend-userdb does not run");
                return false;
        }
        /* Userdb= may be elsewhere; tokend would know. */
        if (!userdb && root_lstat(doctor->machine->root, &status, USERDB_SOCKET) < 0)
                doctor_say(doctor, FINDING_WARNING, advice, "there is no " USERDB_SOCKET);
        return true;
}

static int take_sample(const Json *json, JsonNode users, Sample *ret) {
        for (JsonNode n = json_first(json, users); n != JSON_NONE; n = json_next(json, n)) {
                bool adopted = false;
                int r;

                if (json_get_bool(json, n, "adopted", &adopted) < 0 || adopted)
                        continue;
                r = json_get_int64(json, n, "uid", &ret->uid);
                return r < 0 ? r : json_get_text(json, n, "name", &ret->name);
        }
        return 0;
}

static int find_sample(Doctor *doctor, Sample *ret) {
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        JsonNode users;
        int r;

        r = doctor_ask(doctor, "/v1/users?limit=200", &reply);
        if (r != 0)
                return r;
        users = json_get(reply.json, JSON_ROOT, "users");
        if (users == JSON_NONE || json_type(reply.json, users) != JSON_ARRAY)
                return -EBADMSG;
        return take_sample(reply.json, users, ret);
}

static void check_sample(Doctor *doctor, const Sample *sample) {
        _cleanup_(secret_done) Secret output = SECRET_INIT;
        char *const argv[] = { (char *)GETENT, (char *)"passwd", (char *)"--", sample->name, NULL };
        uid_t uid = (uid_t)-1;
        int r;

        r = doctor->machine->run(argv, false, &output);
        output_cut(&output);
        (void)passwd_line_uid(secret_text(&output), NULL, &uid);
        if (r == -ETIMEDOUT)
                doctor_say(doctor, FINDING_FAILURE,
                           "systemctl restart tokend-userdb.service; if that is not it, look for "
                           "another service in " NSSWITCH,
                           "getent passwd %s hangs, and logins with it", sample->name);
        else if (r < 0)
                doctor_say(doctor, FINDING_NOTE, NULL, GETENT ": %s", strerrordesc_np(-r));
        else if (r == GETENT_UNKNOWN)
                doctor_say_reason(doctor, FINDING_FAILURE,
                                  reason_to_string(REASON_NOT_KNOWN_TO_NSS),
                                  "systemctl restart tokend-userdb.service; with nscd: nscd -i "
                                  "passwd",
                                  "%s is tokend's user, but getent passwd does not find it",
                                  sample->name);
        else if (r == 0 && (int64_t)uid != sample->uid)
                doctor_say(doctor, FINDING_FAILURE,
                           "remove one of the two: tokenctl user remove, or userdel",
                           "%s has uid %lld in tokend, and is somebody else on this machine",
                           sample->name, (long long)sample->uid);
        else if (r == 0)
                doctor_say(doctor, FINDING_OK, NULL, "the machine knows tokend's users, %s is one",
                           sample->name);
        else
                doctor_say(doctor, FINDING_WARNING, NULL, "getent passwd %s failed (%d)",
                           sample->name, r);
}

void doctor_check_nss(Doctor *doctor) {
        _cleanup_(sample_done) Sample sample = { 0 };
        _cleanup_(freep) char *userdb = NULL;
        enum FindingLevel level = FINDING_FAILURE;
        bool is_known, works;

        userdb = doctor->shows_details ? doctor_health(doctor, "userdb") : NULL;
        is_known = doctor->shows_details && find_sample(doctor, &sample) == 0;
        /* Nobody needs it yet. */
        if (is_known && !sample.name)
                level = FINDING_WARNING;
        if (userdb && streq(userdb, "off")) {
                doctor_say(doctor, FINDING_NOTE, NULL,
                           "Userdb= is empty: tokend makes its users known to nobody");
                works = true;
        } else {
                works = check_nsswitch(doctor, level);
                works = check_module(doctor, level) && works;
                works = check_userdb(doctor, userdb, level) && works;
        }
        if (works && sample.name)
                check_sample(doctor, &sample);
        else if (works && is_known)
                doctor_say(doctor, FINDING_OK, NULL, "is in order; tokend has no user of its own");
        else if (works && doctor->answers)
                doctor_miss(doctor, UNSEEN_ROOT);
        else if (works)
                doctor_miss(doctor, UNSEEN_SILENT);
}
