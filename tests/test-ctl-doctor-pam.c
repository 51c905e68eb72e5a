/* The lines with pam_tokend.so: the shipped ones are well, and each fault is found. */

#include "ctl-machine.h"

#define AUTH "auth [success=done default=ignore] pam_tokend.so"
#define ACCOUNT                                                                                    \
        "account [success=ok new_authtok_reqd=ok user_unknown=ignore authinfo_unavail=ignore "     \
        "default=bad] pam_tokend.so"

static const Findings *look(Bed *bed) {
        bed->doctor.socket = TOKEND_SOCKET_PATH;
        doctor_look_at(&bed->doctor, "pam");
        return &bed->doctor.findings;
}

static const Findings *look_at(Bed *bed, const char *service, const char *text) {
        char path[64];

        bed_forget(bed);
        bed_write(bed, PAMDIR "/pam_tokend.so", "");
        bed_write(bed, "etc/pam.d/common-auth", "auth [success=1 default=ignore] pam_unix.so\n");
        bed_write(bed, "etc/pam.d/sshd", AUTH "\n" ACCOUNT "\n");
        snprintf(path, sizeof(path), "etc/pam.d/%s", service);
        bed_write(bed, path, text);
        return look(bed);
}

/* pam/snippets and pam/profiles, as they are shipped. */
static void test_shipped(void **state) {
        Bed *bed = *state;
        static const char *const names[] = { "sshd", "su", "sudo", "login", "passwd" };
        const char *source = getenv("SOURCE");

        assert_non_null(source);
        bed_write(bed, PAMDIR "/pam_tokend.so", "");
        bed_write(bed, "etc/pam.d/common-auth", "auth [success=1 default=ignore] pam_unix.so\n");
        bed_write(bed, "etc/pam.d/common-account", "account required pam_unix.so\n");
        bed_write(bed, "etc/pam.d/common-session", "session required pam_unix.so\n");
        bed_write(bed, "etc/pam.d/common-password", "password required pam_unix.so\n");
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_(freep) char *text = NULL;
                char path[64];
                size_t size;

                assert_int_equal(root_read_file(source, &text, &size, "/pam/snippets/%s", names[i]),
                                 0);
                snprintf(path, sizeof(path), "etc/pam.d/%s", names[i]);
                bed_write(bed, path, text);
        }
        assert_well(look(bed));
        assert_found(&bed->doctor.findings, FINDING_OK, "pam",
                     "asked by login, passwd, sshd, su, sudo");
}

static void test_nobody_asks(void **state) {
        Bed *bed = *state;

        assert_found(look(bed), FINDING_FAILURE, "pam", "/etc/pam.d: ");
        bed_forget(bed);
        bed_write(bed, "etc/pam.d/sshd", "auth required pam_unix.so\n");
        bed_write(bed, "etc/pam.d/.hidden", AUTH "\n");
        bed_write(bed, "etc/pam.d/sshd.dpkg-old", AUTH "\n");
        assert_found(look(bed), FINDING_WARNING, "pam", "no service");
        assert_int_equal(bed->doctor.findings.n, 1);
}

static void test_module(void **state) {
        Bed *bed = *state;

        look_at(bed, "sshd", AUTH "\n" ACCOUNT "\n");
        bed_remove(bed, PAMDIR "/pam_tokend.so");
        bed_forget(bed);
        assert_found(look(bed), FINDING_FAILURE, "pam", "sshd:1: there is no module pam_tokend.so");
        bed_write(bed, "lib/mips-linux/security/pam_tokend.so", "");
        bed_forget(bed);
        assert_well(look(bed));
        look_at(bed, "su", "auth required /opt/pam_tokend.so\n" ACCOUNT "\n");
        assert_found(&bed->doctor.findings, FINDING_FAILURE, "pam",
                     "su:1: there is no module /opt/pam_tokend.so");
        look_at(bed, "su",
                "-" AUTH "\n-account [success=ok new_authtok_reqd=ok user_unknown=ignore "
                "authinfo_unavail=ignore module_unknown=ignore default=bad] pam_tokend.so\n");
        bed_remove(bed, PAMDIR "/pam_tokend.so");
        bed_remove(bed, "lib/mips-linux/security/pam_tokend.so");
        bed_remove(bed, "etc/pam.d/sshd");
        bed_forget(bed);
        look(bed);
        assert_found(&bed->doctor.findings, FINDING_NOTE, "pam",
                     "su:1: there is no module pam_tokend.so");
        assert_well(&bed->doctor.findings);
        /* libpam refuses by a module that is not there all the same */
        bed_write(bed, "etc/pam.d/su", "-" AUTH "\n-" ACCOUNT "\n");
        bed_forget(bed);
        assert_found(look(bed), FINDING_FAILURE, "pam", "su:2: there is no module pam_tokend.so");
}

static void test_options(void **state) {
        Bed *bed = *state;

        assert_found(look_at(bed, "su", AUTH " debug tiemout=3\n" ACCOUNT "\n"), FINDING_FAILURE,
                     "pam", "su:1: \"tiemout=3\" is no option");
        assert_found(look_at(bed, "su", AUTH "\n" ACCOUNT " min_uid=many\n"), FINDING_FAILURE,
                     "pam", "su:2: \"min_uid=many\"");
        look_at(bed, "su", AUTH " socket=/other\n" ACCOUNT "\n");
        assert_well(&bed->doctor.findings);
        assert_found(&bed->doctor.findings, FINDING_NOTE, "pam", "asks at /other");
}

static void test_controls(void **state) {
        Bed *bed = *state;
        static const struct {
                const char *text;
                const char *said;
        } rows[] = {
                { "auth required pam_tokend.so\n" ACCOUNT "\n",
                  "auth required refuses every user who is not tokend's" },
                { "auth [success=ok user_unknown=ignore default=die] pam_tokend.so\n" ACCOUNT "\n",
                  "lets nobody in while tokend is down" },
                { AUTH "\naccount sufficient pam_tokend.so\n",
                  "su:2: account sufficient ends the account phase" },
                { AUTH "\naccount sufficient pam_tokend.so\n",
                  "su:2: account sufficient throws tokend's no away" },
                { AUTH "\naccount [success=ok default=ignore] pam_tokend.so\n",
                  "throws tokend's no away" },
                { AUTH
                  "\naccount [success=ok user_unknown=ignore authinfo_unavail=ignore default=bad] "
                  "pam_tokend.so\n",
                  "refuses users who must change their password" },
                { AUTH "\naccount optional pam_tokend.so\n", "throws tokend's no away" },
                { AUTH "\naccount required pam_tokend.so\n",
                  "account required refuses every user" },
                { AUTH "\n", "su asks tokend in auth, but not in account" },
                { AUTH "\n" ACCOUNT "\npassword [success=done default=die] pam_tokend.so\n",
                  "su:3: password [success=done default=die]: passwd(1) fails for every user" },
                { AUTH "\n" ACCOUNT
                       "\npassword [success=done ignore=ignore default=die] pam_tokend.so\n",
                  "fails for everybody while tokend is down" },
                { AUTH "\n" ACCOUNT "\npassword required pam_tokend.so\n",
                  "fails for everybody while tokend is down" },
                { AUTH "\n" ACCOUNT "\nsession required pam_tokend.so\n",
                  "su:3: session required ends logins of other modules" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                assert_found(look_at(bed, "su", rows[i].text), FINDING_WARNING, "pam",
                             rows[i].said);
        assert_int_equal(findings_count(&bed->doctor.findings, FINDING_OK), 0);
}

static void test_console(void **state) {
        Bed *bed = *state;
        const Findings *findings = &bed->doctor.findings;

        look_at(bed, "login", AUTH "\n@include common-auth\n" ACCOUNT "\n");
        assert_found(findings, FINDING_WARNING, "pam", "login:1: local users wait for tokend");
        assert_well(look_at(bed, "login", AUTH " skip_local\n@include common-auth\n" ACCOUNT "\n"));
        /* behind pam_unix it keeps nobody waiting whom pam_unix knows */
        assert_well(look_at(bed, "login", "@include common-auth\n" AUTH "\n" ACCOUNT "\n"));
        /* elsewhere nobody's last way in is closed */
        assert_well(look_at(bed, "xlock", AUTH "\n@include common-auth\n" ACCOUNT "\n"));
}

/* What many services include is said once; what libpam can't read, of each. */
static void test_included(void **state) {
        Bed *bed = *state;
        const Findings *findings = &bed->doctor.findings;

        look_at(bed, "common-tokend", AUTH " wrong\n");
        bed_write(bed, "etc/pam.d/su", "@include common-tokend\n" ACCOUNT "\n");
        bed_write(bed, "etc/pam.d/sudo", "auth substack common-tokend\n" ACCOUNT "\n");
        bed_write(bed, "etc/pam.d/bad", "auth whatever pam_unix.so\n");
        bed_forget(bed);
        look(bed);
        assert_found(findings, FINDING_FAILURE, "pam", "common-tokend:1: \"wrong\"");
        assert_int_equal(findings_count(findings, FINDING_FAILURE), 1);
        assert_found(findings, FINDING_WARNING, "pam", "bad: bad:1: ");
        assert_int_equal(findings_count(findings, FINDING_WARNING), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                BED_TEST(test_shipped),  BED_TEST(test_nobody_asks), BED_TEST(test_module),
                BED_TEST(test_options),  BED_TEST(test_controls),    BED_TEST(test_console),
                BED_TEST(test_included),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
