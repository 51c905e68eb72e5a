/* Configuration, state and units. */

#include "ctl-machine.h"

#define CONFIG "etc/tokend/tokend.conf"
#define GOOD   "/etc/tokend/tokend.conf: good\n"

static const Findings *look(Bed *bed, const char *name) {
        doctor_look_at(&bed->doctor, name);
        return &bed->doctor.findings;
}

static void forget(Bed *bed) {
        bed_forget(bed);
        bed->machine.uid = 0;
}

/* The files are ours, whoever runs the tests. */
static void write_passwd(Bed *bed) {
        char text[128];

        snprintf(text, sizeof(text), "root:x:0:0::/:/bin/sh\ntokend:x:%u:1::/:/bin/false\n",
                 (unsigned)geteuid());
        bed_write(bed, "etc/passwd", text);
}

static void test_config(void **state) {
        Bed *bed = *state;

        forget(bed);
        write_passwd(bed);
        assert_found(look(bed, "config"), FINDING_NOTE, "config", "the defaults hold");
        bed_write(bed, CONFIG, "");
        bed_chmod(bed, CONFIG, 0640);
        forget(bed);
        bed_program(SBINDIR "/tokend --check --config=/tmp/test-machine-", 0, GOOD);
        assert_well(look(bed, "config"));
        assert_found(&bed->doctor.findings, FINDING_OK, "config", "good");
        assert_int_equal(bed->doctor.findings.n, 1);
}

static void test_config_faults(void **state) {
        Bed *bed = *state;
        const Findings *findings = &bed->doctor.findings;

        write_passwd(bed);
        bed_write(bed, CONFIG, "");
        forget(bed);
        bed_program(SBINDIR "/tokend", 1, "/etc/tokend/tokend.conf:3: no such key\nmore\n");
        look(bed, "config");
        assert_found(findings, FINDING_NOTE, "config", "may be read by everybody");
        assert_found(findings, FINDING_FAILURE, "config", "tokend.conf:3: no such key");
        assert_null(strstr(find(findings, FINDING_FAILURE, "config", "")->text, "more"));
        bed_chmod(bed, CONFIG, 0666);
        forget(bed);
        look(bed, "config");
        assert_found(findings, FINDING_FAILURE, "config", "has mode 0666");
        /* There is no tokend to try it with. */
        assert_found(findings, FINDING_WARNING, "config", "can't be tried");
        bed_remove(bed, CONFIG);
        bed_write(bed, CONFIG "/x", "");
        forget(bed);
        assert_found(look(bed, "config"), FINDING_FAILURE, "config", "no plain file");
}

static void test_config_owner(void **state) {
        Bed *bed = *state;

        char path[128];

        bed_write(bed, "etc/passwd", "root:x:0:0::/:/bin/sh\n");
        bed_write(bed, CONFIG, "");
        snprintf(path, sizeof(path), "%s/" CONFIG, bed->root);
        if (geteuid() == 0)
                assert_int_equal(chown(path, 1234, 1234), 0);
        forget(bed);
        assert_found(look(bed, "config"), FINDING_FAILURE, "config", "belongs to uid");
}

static void test_config_ordinary(void **state) {
        Bed *bed = *state;

        write_passwd(bed);
        bed_write(bed, CONFIG, "");
        bed_forget(bed);
        bed->machine.uid = 1234;
        look(bed, "config");
        assert_string_equal(bed->doctor.unseen[UNSEEN_ROOT], "config");
        assert_int_equal(script.n_runs, 0);
}

static void test_state(void **state) {
        Bed *bed = *state;
        const Findings *findings = &bed->doctor.findings;

        write_passwd(bed);
        forget(bed);
        look(bed, "state");
        assert_int_equal(findings->n, 0); /* Store= is elsewhere */
        bed_write(bed, "var/lib/tokend/tokend.db", "");
        bed_chmod(bed, "var/lib/tokend/tokend.db", 0600);
        bed_chmod(bed, "var/lib/tokend", 0700);
        forget(bed);
        assert_found(look(bed, "state"), FINDING_OK, "state", "tokend's alone");
        bed_chmod(bed, "var/lib/tokend", 0755);
        bed_chmod(bed, "var/lib/tokend/tokend.db", 0644);
        forget(bed);
        look(bed, "state");
        assert_found(findings, FINDING_FAILURE, "state",
                     "/var/lib/tokend has mode 0755, and should have 0700");
        assert_found(findings, FINDING_FAILURE, "state",
                     "tokend.db has mode 0644, and should have 0600");
        bed_write(bed, "etc/passwd", "");
        forget(bed);
        assert_found(look(bed, "state"), FINDING_WARNING, "state", "no user tokend");
}

static void test_units(void **state) {
        Bed *bed = *state;
        const Findings *findings = &bed->doctor.findings;

        assert_found(look(bed, "unit"), FINDING_NOTE, "unit", "systemd does not run");
        assert_int_equal(script.n_runs, 0);
        bed_write(bed, "run/systemd/system/x", "");
        bed_forget(bed);
        bed_program("/usr/bin/systemctl is-active", 0, "active\n");
        bed_program("/usr/bin/systemctl is-enabled", 0, "enabled\n");
        assert_well(look(bed, "unit"));
        assert_int_equal(findings_count(findings, FINDING_OK), 2);

        bed_forget(bed);
        bed_program("/usr/bin/systemctl is-active tokend.socket", 3, "inactive\n");
        bed_program("/usr/bin/systemctl is-active tokend.service", 3, "failed\n");
        bed_program("/usr/bin/systemctl is-enabled tokend.socket", 1, "disabled\n");
        bed_program("/usr/bin/systemctl is-enabled tokend.service", 1, "");
        look(bed, "unit");
        assert_found(findings, FINDING_FAILURE, "unit", "tokend.socket is inactive");
        assert_found(findings, FINDING_FAILURE, "unit", "tokend.service has failed");
        assert_found(findings, FINDING_WARNING, "unit", "tokend.socket is disabled");
        assert_found(findings, FINDING_WARNING, "unit", "tokend.service is not installed");

        bed_forget(bed);
        assert_found(look(bed, "unit"), FINDING_NOTE, "unit", "says nothing");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                BED_TEST(test_config),       BED_TEST(test_config_faults),
                BED_TEST(test_config_owner), BED_TEST(test_config_ordinary),
                BED_TEST(test_state),        BED_TEST(test_units),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
