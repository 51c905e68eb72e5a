/* tokenctl doctor: every check once, in the order in which one thing stands on another, so that of
 * two failures the first one said is the likelier cause. What can't be seen is said in one line. */

#include "ctl/doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/verbs.h"
#include "wire/cleanup.h"
#include "wire/text.h"

/* clang-format off */
static const Check checks[] = {
        { "config",   doctor_check_files,
          "systemd-tmpfiles --create tokend.conf sets owners and modes; tokend --check tries it" },
        { "state",    doctor_check_state,
          "systemd-tmpfiles --create tokend.conf" },
        { "unit",     doctor_check_unit,
          "systemctl enable --now tokend.socket tokend.service" },
        { "socket",   doctor_check_socket,
          "systemd-tmpfiles --create tokend.conf; systemctl restart tokend.socket" },
        { "tokend",   doctor_check_tokend,
          "systemctl restart tokend.service; journalctl -t tokend -n 50 says what it did last" },
        { "store",    doctor_check_store,
          "df -h /var/lib/tokend, then journalctl -t tokend -p err" },
        { "clock",    doctor_check_clock,
          "set the clock (timedatectl); tokens that had expired by the wrong time are gone" },
        { "bus",      doctor_check_bus,
          "systemctl reload dbus, then systemctl restart tokend.service" },
        { "nss",      doctor_check_nss,
          "in /etc/nsswitch.conf: passwd: files systemd, and group: files systemd" },
        { "pam",      doctor_check_pam,
          "compare with /usr/share/doc/tokend/pam.d, and pam_tokend(8)" },
        { "sshd",     doctor_check_sshd,
          "in /etc/ssh/sshd_config, then systemctl reload ssh" },
        { "throttle", doctor_check_throttle,
          "tokenctl throttle clear NAME" },
};
/* clang-format on */

static const char *const unseen_reasons[_UNSEEN_MAX] = {
        [UNSEEN_ROOT] = "this takes root",
        [UNSEEN_SILENT] = "tokend does not answer",
};

void doctor_done(Doctor *doctor) {
        findings_done(&doctor->findings);
        reply_done(&doctor->health);
        for (size_t i = 0; i < _UNSEEN_MAX; i++)
                free(TAKE_PTR(doctor->unseen[i]));
}

static void __attribute__((format(printf, 5, 0)))
say(Doctor *doctor, enum FindingLevel level, const char *reason, const char *advice,
    const char *format, va_list arguments) {
        if (!advice && level >= FINDING_WARNING)
                advice = doctor->check->advice;
        findings_addv(&doctor->findings, level, doctor->check->name, reason, advice, format,
                      arguments);
}

void doctor_say_reason(Doctor *doctor, enum FindingLevel level, const char *reason,
                       const char *advice, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        say(doctor, level, reason, advice, format, arguments);
        va_end(arguments);
}

void doctor_say(Doctor *doctor, enum FindingLevel level, const char *advice, const char *format,
                ...) {
        va_list arguments;

        va_start(arguments, format);
        say(doctor, level, NULL, advice, format, arguments);
        va_end(arguments);
}

void doctor_miss(Doctor *doctor, enum Unseen why) {
        char *names = doctor->unseen[why];
        char *longer = NULL;

        if (asprintf(&longer, "%s%s%s", names ?: "", names ? ", " : "", doctor->check->name) < 0) {
                doctor->findings.error = -ENOMEM;
                return;
        }
        free(names);
        doctor->unseen[why] = longer;
}

char *doctor_health(const Doctor *doctor, const char *name) {
        char *text = NULL;

        return json_get_text(doctor->health.json, JSON_ROOT, name, &text) == 0 ? text : NULL;
}

int doctor_ask(Doctor *doctor, const char *path, Reply *ret) {
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        const char *text;
        size_t size;
        int r;

        r = tokend_call(doctor->ctl->handle, "GET", path, NULL, NULL, &reply.http);
        if (r != 0)
                return r;
        text = tokend_reply_body(reply.http, &size);
        r = json_parse(text, size, &reply.json);
        if (r == 0 && json_type(reply.json, JSON_ROOT) != JSON_OBJECT)
                r = -EBADMSG;
        if (r == 0)
                *ret = TAKE(reply, REPLY_INIT);
        return r;
}

static void run_check(Doctor *doctor, const Check *check) {
        doctor->check = check;
        check->look(doctor);
        doctor->check = NULL;
}

void doctor_look(Doctor *doctor) {
        for (size_t i = 0; i < ELEMENTSOF(checks); i++)
                run_check(doctor, &checks[i]);
        for (size_t i = 0; i < _UNSEEN_MAX; i++)
                if (doctor->unseen[i])
                        findings_add(&doctor->findings, FINDING_NOTE, "unseen", NULL, NULL,
                                     "%s: %s", doctor->unseen[i], unseen_reasons[i]);
}

void doctor_look_at(Doctor *doctor, const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(checks); i++)
                if (streq(checks[i].name, name))
                        run_check(doctor, &checks[i]);
}

static enum Exit print_json(const Doctor *doctor, size_t n_failures) {
        _cleanup_(secret_done) Secret out = SECRET_INIT;
        JsonWriter w = JSON_WRITER(&out);
        int r;

        json_write_object(&w, NULL);
        json_write_text(&w, "status", n_failures > 0 ? "failing" : "ok");
        json_write_int(&w, "failures", (int64_t)n_failures);
        json_write_int(&w, "warnings", (int64_t)findings_count(&doctor->findings, FINDING_WARNING));
        json_write_array(&w, "findings");
        findings_write(&doctor->findings, "check", &w);
        json_write_array_end(&w);
        json_write_object_end(&w);
        r = json_write_end(&w);
        if (r < 0)
                return complain_of_error(NULL, r);
        puts(secret_text(&out));
        return EXIT_DONE;
}

static void print_text(const Doctor *doctor, size_t n_failures) {
        size_t n_warnings = findings_count(&doctor->findings, FINDING_WARNING);

        findings_print(&doctor->findings, true);
        if (n_failures == 0 && n_warnings == 0)
                puts("\nNothing is wrong.");
        else
                printf("\n%zu failure%s, %zu warning%s.\n", n_failures, n_failures == 1 ? "" : "s",
                       n_warnings, n_warnings == 1 ? "" : "s");
}

enum Exit doctor(Ctl *ctl, char **arguments, size_t n) {
        const Machine machine = machine_here();
        _cleanup_(doctor_done) Doctor d =
                        DOCTOR_INIT(.machine = &machine, .ctl = ctl, .socket = ctl_socket(ctl));
        enum Exit e = EXIT_DONE;
        size_t n_failures;

        if (ctl_option(ctl, OPTION_URL))
                return complain_of_usage("doctor examines this machine, and takes no --url");
        /* What the module waits for at most: a login would be over by then. */
        (void)tokend_set_timeout(ctl->handle, LOGIN_TIMEOUT_MSEC);
        doctor_look(&d);
        if (d.findings.error < 0)
                return complain_of_error(NULL, d.findings.error);
        n_failures = findings_count(&d.findings, FINDING_FAILURE);
        if (ctl_wants_json(ctl))
                e = print_json(&d, n_failures);
        else
                print_text(&d, n_failures);
        return e == EXIT_DONE && n_failures > 0 ? EXIT_FAILED : e;
}
