/* Whether the machine knows tokend's users. */

#include "ctl-machine.h"

#define HEALTH(userdb)                                                                             \
        "{\"status\":\"ok\",\"version\":\"x\",\"store\":\"ok\",\"tokens\":1,\"userdb\":\"" userdb  \
        "\"}"
#define USERS                                                                                      \
        "{\"users\":[{\"name\":\"root2\",\"uid\":7,\"adopted\":true},"                             \
        "{\"name\":\"ada\",\"uid\":70000,\"adopted\":false}]}"
#define ADA "/usr/bin/getent passwd -- ada"

static void make_machine(Bed *bed, const char *nsswitch) {
        bed_write(bed, "etc/nsswitch.conf", nsswitch);
        bed_write(bed, "usr/lib/x86_64-linux-gnu/libnss_systemd.so.2", "");
        bed_write(bed, "run/systemd/userdb/org.tokend", "");
}

static const Findings *look(Bed *bed, const char *health, const char *users) {
        bed_answer_health(bed, 200, health);
        bed_answer(bed, 200, users);
        doctor_look_at(&bed->doctor, "socket");
        doctor_look_at(&bed->doctor, "tokend");
        doctor_look_at(&bed->doctor, "nss");
        return &bed->doctor.findings;
}

#define GOOD "passwd:  files systemd\ngroup: files [SUCCESS=merge] systemd # so\nshadow: files\n"

static void test_well(void **state) {
        Bed *bed = *state;

        make_machine(bed, GOOD);
        bed_program(ADA, 0, "ada:x:70000:70000::/home/ada:/bin/sh\n");
        assert_found(look(bed, HEALTH("running"), USERS), FINDING_OK, "nss", "ada is one");
        assert_null(find(&bed->doctor.findings, FINDING_FAILURE, "nss", ""));
}

static void test_nsswitch(void **state) {
        Bed *bed = *state;
        const Findings *findings = &bed->doctor.findings;

        make_machine(bed, "passwd: files\ngroup: compat\n");
        look(bed, HEALTH("running"), USERS);
        assert_found(findings, FINDING_FAILURE, "nss", "passwd: has no systemd");
        assert_found(findings, FINDING_FAILURE, "nss", "group: has no systemd");
        assert_int_equal(script.n_runs, 0); /* what follows from that is not said as well */

        bed_forget(bed);
        make_machine(bed, "passwd: systemd files\n group\t:files systemd\n");
        bed_program(ADA, 0, "ada:x:70000:70000::/home/ada:/bin/sh\n");
        look(bed, HEALTH("running"), USERS);
        assert_found(findings, FINDING_WARNING, "nss", "systemd before files");
        assert_int_equal(findings_count(findings, FINDING_FAILURE), 0);

        bed_forget(bed);
        bed_remove(bed, "etc/nsswitch.conf");
        assert_found(look(bed, HEALTH("running"), USERS), FINDING_FAILURE, "nss",
                     "nsswitch.conf: No such file");
}

/* What ends the search before systemd is asked. */
static void test_early_end(void **state) {
        Bed *bed = *state;
        const Findings *findings = &bed->doctor.findings;
        static const struct {
                const char *passwd;
                bool is_end;
        } rows[] = {
                { "files [NOTFOUND=return] systemd", true },
                { "files [ notfound = RETURN ] systemd", true },
                { "files sss [UNAVAIL=continue NOTFOUND=return] systemd", true },
                { "files [!SUCCESS=return] systemd", true },
                { "files [!NOTFOUND=return] systemd", false },
                { "files [SUCCESS=return UNAVAIL=return] systemd", false },
                { "files [NOTFOUND=continue] systemd", false },
                { "files systemd [NOTFOUND=return] sss", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char text[256];

                bed_forget(bed);
                snprintf(text, sizeof(text), "passwd: %s\ngroup: files systemd\n", rows[i].passwd);
                make_machine(bed, text);
                bed_program(ADA, 0, "ada:x:70000:70000::/home/ada:/bin/sh\n");
                look(bed, HEALTH("running"), USERS);
                if (rows[i].is_end)
                        assert_found(findings, FINDING_FAILURE, "nss", "passwd: has [");
                else
                        assert_int_equal(findings_count(findings, FINDING_FAILURE), 0);
        }
}

static void test_nobody_needs_it(void **state) {
        Bed *bed = *state;
        const Findings *findings = &bed->doctor.findings;

        make_machine(bed, "passwd: files\ngroup: files\n");
        look(bed, HEALTH("running"), "{\"users\":[{\"name\":\"r\",\"adopted\":true}]}");
        assert_found(findings, FINDING_WARNING, "nss", "has no systemd");
        assert_int_equal(findings_count(findings, FINDING_FAILURE), 0);
        bed_forget(bed);
        assert_found(look(bed, HEALTH("off"), "{\"users\":[]}"), FINDING_NOTE, "nss", "Userdb=");
        assert_found(findings, FINDING_OK, "nss", "no user of its own");
}

static void test_parts(void **state) {
        Bed *bed = *state;
        const Findings *findings = &bed->doctor.findings;

        make_machine(bed, GOOD);
        assert_found(look(bed, HEALTH("failed"), USERS), FINDING_FAILURE, "nss",
                     "tokend-userdb does not run");
        assert_int_equal(script.n_runs, 0);
        bed_forget(bed);
        bed_remove(bed, "usr/lib/x86_64-linux-gnu/libnss_systemd.so.2");
        assert_found(look(bed, HEALTH("running"), USERS), FINDING_FAILURE, "nss",
                     "is not installed");
        assert_int_equal(findings_count(findings, FINDING_FAILURE), 1);
}

static void test_user(void **state) {
        Bed *bed = *state;
        static const struct {
                int status;
                const char *output;
                enum FindingLevel level;
                const char *text;
        } rows[] = {
                { 2, "", FINDING_FAILURE, "does not find it" },
                { -ETIMEDOUT, "", FINDING_FAILURE, "hangs" },
                { 0, "ada:x:1000:1000::/home/ada:/bin/sh\n", FINDING_FAILURE, "somebody else" },
                { 0, "ada:x:700000:1::/:/\n", FINDING_FAILURE, "somebody else" },
                { 0, "nonsense", FINDING_FAILURE, "somebody else" },
                { 1, "", FINDING_WARNING, "failed (1)" },
                { -ENOENT, "", FINDING_NOTE, "getent" },
        };

        make_machine(bed, GOOD);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                bed_forget(bed);
                bed_program(ADA, rows[i].status, rows[i].output);
                assert_found(look(bed, HEALTH("running"), USERS), rows[i].level, "nss",
                             rows[i].text);
        }
}

static void test_unseen(void **state) {
        Bed *bed = *state;

        make_machine(bed, GOOD);
        look(bed, "{\"status\":\"ok\",\"version\":\"x\",\"store\":\"ok\"}", "{}");
        assert_string_equal(bed->doctor.unseen[UNSEEN_ROOT], "nss");
        bed_forget(bed);
        bed_remove(bed, "run/systemd/userdb/org.tokend");
        doctor_look_at(&bed->doctor, "nss");
        assert_string_equal(bed->doctor.unseen[UNSEEN_SILENT], "nss");
        assert_found(&bed->doctor.findings, FINDING_WARNING, "nss", "there is no /run/systemd");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                BED_TEST(test_well),      BED_TEST(test_nsswitch),
                BED_TEST(test_early_end), BED_TEST(test_nobody_needs_it),
                BED_TEST(test_parts),     BED_TEST(test_user),
                BED_TEST(test_unseen),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
