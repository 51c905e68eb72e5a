/* sshd's settings, as sshd -T prints them. */

#include "ctl-machine.h"

#define SSHD_T "/usr/sbin/sshd -T"
#define USUAL                                                                                      \
        "port 22\nusepam yes\npasswordauthentication yes\nkbdinteractiveauthentication no\n"       \
        "authorizedkeyscommand none\nauthorizedkeyscommanduser none\n"

static const Findings *look(Bed *bed, int status, const char *output) {
        bed_forget(bed);
        bed->machine.uid = 0;
        bed_program(SSHD_T, status, output);
        doctor_look_at(&bed->doctor, "sshd");
        return &bed->doctor.findings;
}

static void make_machine(Bed *bed) {
        bed_write(bed, "usr/sbin/sshd", "");
        bed_write(bed, "etc/pam.d/sshd", "auth sufficient pam_tokend.so\n");
        bed_write(bed, "etc/passwd", "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n");
}

static void test_there_is_none(void **state) {
        Bed *bed = *state;

        assert_int_equal(look(bed, 0, USUAL)->n, 0);
        bed_write(bed, "usr/sbin/sshd", "");
        assert_found(look(bed, 0, USUAL), FINDING_NOTE, "sshd", "does not ask tokend");
        bed_write(bed, "etc/pam.d/sshd", "auth required pam_unix.so\n");
        assert_found(look(bed, 0, USUAL), FINDING_NOTE, "sshd", "does not ask tokend");
        assert_int_equal(script.n_runs, 0);
}

static void test_settings(void **state) {
        Bed *bed = *state;
        const Findings *findings = &bed->doctor.findings;

        make_machine(bed);
        assert_well(look(bed, 0, USUAL));
        assert_found(findings, FINDING_OK, "sshd", "uses PAM");
        assert_found(look(bed, 0, "usepam no\npasswordauthentication yes\n"), FINDING_FAILURE,
                     "sshd", "UsePAM is off");
        assert_int_equal(findings_count(findings, FINDING_WARNING), 0);
        assert_found(look(bed, 0, "usepam yes\npasswordauthentication no\n"), FINDING_WARNING,
                     "sshd", "takes no passwords");
        assert_well(look(bed, 0,
                         "usepam yes\npasswordauthentication no\n"
                         "kbdinteractiveauthentication yes\n"));
}

static void test_keys(void **state) {
        Bed *bed = *state;
        const Findings *findings = &bed->doctor.findings;
#define KEYS(command, user)                                                                        \
        "usepam yes\npasswordauthentication no\nauthorizedkeyscommand " command                    \
        "\nauthorizedkeyscommanduser " user "\n"

        make_machine(bed);
        bed_write(bed, "usr/bin/tokenctl", "");
        bed_chmod(bed, "usr/bin/tokenctl", 0755);
        look(bed, 0, KEYS("/usr/bin/tokenctl ssh-keys %u", "nobody"));
        assert_found(findings, FINDING_NOTE, "sshd", "takes no passwords");
        /* the files of this machine are root's only when root runs the tests */
        assert_int_equal(findings_count(findings, FINDING_FAILURE), geteuid() == 0 ? 0 : 1);
        assert_found(look(bed, 0, KEYS("/usr/bin/tokenctl ssh-keys %u", "none")), FINDING_FAILURE,
                     "sshd", "no AuthorizedKeysCommandUser");
        assert_found(look(bed, 0, KEYS("/usr/bin/tokenctl ssh-keys %u", "sshkeys")),
                     FINDING_FAILURE, "sshd", "sshkeys is not in /etc/passwd");
        assert_found(look(bed, 0, KEYS("tokenctl ssh-keys %u", "nobody")), FINDING_FAILURE, "sshd",
                     "refuses to run");
        assert_found(look(bed, 0, KEYS("/opt/tokenctl ssh-keys %u", "nobody")), FINDING_FAILURE,
                     "sshd", "refuses to run");
        bed_chmod(bed, "usr/bin", 0777);
        assert_found(look(bed, 0, KEYS("/usr/bin/tokenctl ssh-keys %u", "nobody")), FINDING_FAILURE,
                     "sshd", "refuses to run");
        /* Somebody else's command is none of ours. */
        look(bed, 0, KEYS("/opt/ldap-keys", "none"));
        assert_int_equal(findings_count(findings, FINDING_FAILURE), 0);
}

static void test_silent(void **state) {
        Bed *bed = *state;

        make_machine(bed);
        assert_found(look(bed, 255, "sshd: no hostkeys available -- exiting.\n"), FINDING_WARNING,
                     "sshd", "no hostkeys available");
        assert_found(look(bed, -ETIMEDOUT, ""), FINDING_WARNING, "sshd", "timed out");
        bed_forget(bed);
        bed->machine.uid = 1234;
        doctor_look_at(&bed->doctor, "sshd");
        assert_string_equal(bed->doctor.unseen[UNSEEN_ROOT], "sshd");
        assert_int_equal(script.n_runs, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                BED_TEST(test_there_is_none),
                BED_TEST(test_settings),
                BED_TEST(test_keys),
                BED_TEST(test_silent),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
