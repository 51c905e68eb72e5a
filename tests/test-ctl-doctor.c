/* The frame, the socket, and what tokend says of itself. */

#include "ctl-machine.h"

#include <signal.h>

#define HEALTHY                                                                                    \
        "{\"status\":\"ok\",\"version\":\"" TOKEND_VERSION "\",\"store\":\"ok\",\"tokens\":1,"     \
        "\"logins\":1,\"cached\":0,\"bus\":\"connected\",\"userdb\":\"running\"}"

static void look_at_answers(Bed *bed) {
        static const char *const names[] = { "socket", "tokend", "store", "clock", "bus" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                doctor_look_at(&bed->doctor, names[i]);
}

static void install_policy(Bed *bed) {
        bed_write(bed, "usr/share/dbus-1/system.d/org.tokend1.conf", "");
}

static void test_well(void **state) {
        Bed *bed = *state;
        const Findings *findings = &bed->doctor.findings;

        install_policy(bed);
        bed_answer_health(bed, 200, HEALTHY);
        look_at_answers(bed);
        assert_well(findings);
        assert_found(findings, FINDING_OK, "socket", bed->tokend.path);
        assert_found(findings, FINDING_OK, "tokend", "version " TOKEND_VERSION " answers");
        assert_found(findings, FINDING_OK, "store", "");
        assert_found(findings, FINDING_OK, "clock", "goes forward");
        assert_found(findings, FINDING_OK, "bus", "org.tokend1 is on the system bus");
        assert_int_equal(findings->n, 5);
}

static void test_unwell(void **state) {
        Bed *bed = *state;
        const Findings *findings = &bed->doctor.findings;

        bed_answer_health(bed, 503,
                          "{\"status\":\"failing\",\"version\":\"0.0\",\"store\":\"store-"
                          "unavailable\","
                          "\"tokens\":1,\"bus\":\"refused\",\"userdb\":\"failed\",\"clock_behind\":"
                          "7200}");
        look_at_answers(bed);
        assert_found(findings, FINDING_WARNING, "tokend", "as version 0.0");
        assert_found(findings, FINDING_FAILURE, "store", "can't be written");
        assert_string_equal(find(findings, FINDING_FAILURE, "store", "")->reason,
                            "store-unavailable");
        assert_found(findings, FINDING_WARNING, "clock", "2 hours before");
        assert_found(findings, FINDING_WARNING, "bus", "refuses the name");
        assert_found(findings, FINDING_WARNING, "bus", "policy");
        for (size_t i = 0; i < findings->n; i++)
                if (findings->all[i].level >= FINDING_WARNING)
                        assert_non_null(findings->all[i].advice);
}

static void test_bus_states(void **state) {
        Bed *bed = *state;
        static const struct {
                const char *state;
                enum FindingLevel level;
        } rows[] = {
                { "connecting", FINDING_NOTE },
                { "unreachable", FINDING_NOTE },
                { "name-taken", FINDING_WARNING },
        };

        install_policy(bed);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char json[256];

                snprintf(json, sizeof(json),
                         "{\"status\":\"ok\",\"version\":\"x\",\"store\":\"ok\",\"tokens\":1,"
                         "\"bus\":\"%s\"}",
                         rows[i].state);
                bed_forget(bed);
                bed_answer_health(bed, 200, json);
                look_at_answers(bed);
                assert_found(&bed->doctor.findings, rows[i].level, "bus", "");
        }
}

/* To others than root tokend says less. */
static void test_ordinary(void **state) {
        Bed *bed = *state;

        install_policy(bed);
        bed_answer_health(bed, 200,
                          "{\"status\":\"ok\",\"version\":\"" TOKEND_VERSION
                          "\",\"store\":\"ok\"}");
        look_at_answers(bed);
        assert_well(&bed->doctor.findings);
        assert_string_equal(bed->doctor.unseen[UNSEEN_ROOT], "clock, bus");
        assert_null(bed->doctor.unseen[UNSEEN_SILENT]);
}

static void test_silent(void **state) {
        Bed *bed = *state;
        FakeAnswer mute[] = { { .hang_up = true }, { .bytes = "", .hang = true } };
        const Findings *findings = &bed->doctor.findings;

        install_policy(bed);
        assert_int_equal(tokend_set_timeout(bed->ctl.handle, 100), 0);
        fake_script(&bed->tokend, mute, 2);
        look_at_answers(bed);
        assert_found(findings, FINDING_FAILURE, "tokend", "it hangs");
        assert_string_equal(find(findings, FINDING_FAILURE, "tokend", "")->reason, "timed-out");
        assert_int_equal(findings_count(findings, FINDING_FAILURE), 1);
        assert_string_equal(bed->doctor.unseen[UNSEEN_SILENT], "store, clock, bus");
}

static void test_garbled(void **state) {
        Bed *bed = *state;

        install_policy(bed);
        bed_answer_health(bed, 200, "[1]");
        look_at_answers(bed);
        assert_found(&bed->doctor.findings, FINDING_FAILURE, "tokend", "");
        bed_forget(bed);
        bed_answer_health(bed, 500, "{}");
        look_at_answers(bed);
        assert_found(&bed->doctor.findings, FINDING_FAILURE, "tokend", "");
        /* Members of other types are none. */
        bed_forget(bed);
        bed_answer_health(bed, 200, "{\"status\":1,\"version\":[],\"store\":{},\"tokens\":null}");
        look_at_answers(bed);
        assert_found(&bed->doctor.findings, FINDING_OK, "tokend", "unknown");
        assert_found(&bed->doctor.findings, FINDING_FAILURE, "store", "");
}

static void look_at_socket(Bed *bed, const char *socket) {
        bed_forget(bed);
        bed->doctor.socket = socket;
        doctor_look_at(&bed->doctor, "socket");
}

static void test_no_socket(void **state) {
        Bed *bed = *state;
        const Findings *findings = &bed->doctor.findings;
        char path[160];

        look_at_socket(bed, "/no/such/folder/sock");
        assert_found(findings, FINDING_FAILURE, "socket", "/no/such/folder: No such file");
        snprintf(path, sizeof(path), "%s/none", bed->tokend.folder);
        look_at_socket(bed, path);
        assert_found(findings, FINDING_FAILURE, "socket", "there is no");
        bed_write(bed, "file", "");
        snprintf(path, sizeof(path), "%s/file", bed->root);
        look_at_socket(bed, path);
        assert_found(findings, FINDING_FAILURE, "socket", "is no socket");
        snprintf(path, sizeof(path), "%s/link", bed->root);
        assert_int_equal(symlink(bed->tokend.path, path), 0);
        look_at_socket(bed, path);
        assert_found(findings, FINDING_FAILURE, "socket", "but a link");
        assert_string_equal(find(findings, FINDING_FAILURE, "socket", "")->reason,
                            "peer-untrusted");
        assert_false(bed->doctor.is_listening);
        look_at_socket(bed, "none");
        assert_int_equal(findings_count(findings, FINDING_FAILURE), 1);
}

static void test_modes(void **state) {
        Bed *bed = *state;
        const Findings *findings = &bed->doctor.findings;

        assert_int_equal(chmod(bed->tokend.path, 0660), 0);
        look_at_socket(bed, bed->tokend.path);
        assert_found(findings, FINDING_FAILURE, "socket", "has mode 0660");
        assert_true(bed->doctor.is_listening);
        assert_int_equal(chmod(bed->tokend.path, 0666), 0);
        assert_int_equal(chmod(bed->tokend.folder, 0777), 0);
        look_at_socket(bed, bed->tokend.path);
        assert_found(findings, FINDING_FAILURE, "socket", "has mode 0777");
        assert_false(bed->doctor.is_listening);
        assert_int_equal(chmod(bed->tokend.folder, 0700), 0);
}

static void test_nobody_listens(void **state) {
        Bed *bed = *state;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s/dead", bed->root);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(chmod(address.sun_path, 0666), 0);
        look_at_socket(bed, address.sun_path);
        assert_found(&bed->doctor.findings, FINDING_FAILURE, "socket", "nobody listens");
        /* A queue that is full and never gets shorter. */
        assert_int_equal(listen(fd, 0), 0);
        int waiting = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(waiting, (struct sockaddr *)&address, sizeof(address)), 0);
        look_at_socket(bed, address.sun_path);
        assert_found(&bed->doctor.findings, FINDING_FAILURE, "socket", "takes no connection");
        close(waiting);
        close(fd);
}

static void test_throttle(void **state) {
        Bed *bed = *state;
        const Findings *findings = &bed->doctor.findings;

        bed_answer_health(bed, 200, HEALTHY);
        bed_answer(bed, 200,
                   "{\"throttle\":[{\"user\":\"ada\",\"remote\":\"192.0.2.7\",\"failures\":5,"
                   "\"wait\":8,\"last\":1},{\"user\":\"bob\",\"remote\":\"x\",\"failures\":1,"
                   "\"wait\":0,\"last\":1},{\"remote\":\"y\",\"wait\":3}]}");
        doctor_look_at(&bed->doctor, "socket");
        doctor_look_at(&bed->doctor, "tokend");
        doctor_look_at(&bed->doctor, "throttle");
        assert_found(findings, FINDING_NOTE, "throttle",
                     "ada is refused for another 8 s, from 192.0.2.7");
        assert_found(findings, FINDING_NOTE, "throttle", "nobody's is refused for another 3 s");
        assert_null(find(findings, FINDING_NOTE, "throttle", "bob"));
        /* An older tokend has no such list. */
        bed_forget(bed);
        bed_answer_health(bed, 200, HEALTHY);
        bed_answer(bed, 404, "{\"error\":\"not_found\"}");
        doctor_look_at(&bed->doctor, "socket");
        doctor_look_at(&bed->doctor, "tokend");
        doctor_look_at(&bed->doctor, "throttle");
        assert_well(findings);
}

/* On a machine without anything, all checks come to an end and say so. */
static void test_empty_machine(void **state) {
        Bed *bed = *state;
        const Findings *findings = &bed->doctor.findings;

        bed->doctor.socket = "/no/such/folder/sock";
        doctor_look(&bed->doctor);
        assert_int_equal(findings->error, 0);
        assert_found(findings, FINDING_FAILURE, "socket", "");
        assert_found(findings, FINDING_NOTE, "unit", "systemd does not run");
        assert_found(findings, FINDING_FAILURE, "pam", "/etc/pam.d: ");
        assert_found(findings, FINDING_NOTE, "unseen",
                     "tokend, store, clock, bus, throttle: "
                     "tokend does not answer");
        assert_int_equal(script.n_runs, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                BED_TEST(test_well),           BED_TEST(test_unwell),
                BED_TEST(test_bus_states),     BED_TEST(test_ordinary),
                BED_TEST(test_silent),         BED_TEST(test_garbled),
                BED_TEST(test_no_socket),      BED_TEST(test_modes),
                BED_TEST(test_nobody_listens), BED_TEST(test_throttle),
                BED_TEST(test_empty_machine),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
