#pragma once

/* A machine for tests of doctor and explain: a folder for its root, a script for its programs, and
 * a tokend that answers what it is told to. Include it once in a test. */

#include "unit.h"

#include <errno.h>
#include <ftw.h>

#include "ctl/doctor.h"
#include "fake-tokend.h"
#include "wire/text.h"

#define PROGRAMS_MAX 16

typedef struct Program {
        const char *command; /* "/usr/sbin/sshd -T": how it begins */
        int status;          /* or -errno */
        const char *output;
} Program;

typedef struct Bed {
        char root[64];
        Machine machine;
        FakeTokend tokend;
        char replies[FAKE_SCRIPT_MAX][4096];
        FakeAnswer answers[FAKE_SCRIPT_MAX];
        size_t n_answers;
        Ctl ctl;
        Doctor doctor;
} Bed;

/* Of the fake run(), which has no userdata. */
static struct {
        Program programs[PROGRAMS_MAX];
        size_t n;
        size_t n_runs;
} script;

static int fake_program_run(char *const argv[], bool with_errors, Secret *ret_output) {
        _cleanup_(freep) char *command = NULL;

        script.n_runs++;
        assert_int_equal(strv_join(argv, " ", &command), 0);
        for (size_t i = 0; i < script.n; i++) {
                const Program *program = &script.programs[i];

                if (strncmp(command, program->command, strlen(program->command)) != 0)
                        continue;
                if (program->status >= 0)
                        assert_int_equal(secret_append_text(ret_output, program->output ?: ""), 0);
                return program->status;
        }
        return -ENOENT;
}

static inline void bed_program(const char *command, int status, const char *output) {
        assert_true(script.n < PROGRAMS_MAX);
        script.programs[script.n++] = (Program){ command, status, output };
}

/* A file below the root, with the folders to it. */
static inline void bed_write(Bed *bed, const char *path, const char *text) {
        char whole[256];

        snprintf(whole, sizeof(whole), "%s/%s", bed->root, path);
        for (char *slash = whole + strlen(bed->root); (slash = strchr(slash + 1, '/'));) {
                *slash = '\0';
                if (mkdir(whole, 0755) < 0 && errno != EEXIST)
                        fail_msg("%s: %s", whole, strerror(errno));
                *slash = '/';
        }
        FILE *file = fopen(whole, "we");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(whole, 0644), 0);
}

static inline void bed_chmod(Bed *bed, const char *path, mode_t mode) {
        char whole[256];

        snprintf(whole, sizeof(whole), "%s/%s", bed->root, path);
        assert_int_equal(chmod(whole, mode), 0);
}

static inline void bed_remove(Bed *bed, const char *path) {
        char whole[256];

        snprintf(whole, sizeof(whole), "%s/%s", bed->root, path);
        assert_int_equal(unlink(whole), 0);
}

static inline void bed_answer(Bed *bed, int status, const char *json) {
        size_t n = bed->n_answers++;

        assert_true(n < FAKE_SCRIPT_MAX);
        fake_json(bed->replies[n], sizeof(bed->replies[n]), status, json);
        bed->answers[n] = (FakeAnswer){ .bytes = bed->replies[n] };
        fake_script(&bed->tokend, bed->answers, bed->n_answers);
}

/* To the look at the socket, which connects and asks nothing, and to the question for its health.
 */
static inline void bed_answer_health(Bed *bed, int status, const char *json) {
        assert_int_equal(bed->n_answers, 0);
        bed->answers[bed->n_answers++] = (FakeAnswer){ .hang_up = true };
        bed_answer(bed, status, json);
}

/* What was found so far is forgotten. */
static inline void bed_forget(Bed *bed) {
        doctor_done(&bed->doctor);
        bed->doctor = DOCTOR_INIT(.machine = &bed->machine, .ctl = &bed->ctl,
                                  .socket = bed->tokend.path);
        bed->n_answers = 0;
        script.n = script.n_runs = 0;
        fake_script(&bed->tokend, NULL, 0);
}

static inline int bed_setup(void **state) {
        Bed *bed = calloc(1, sizeof(*bed));

        assert_non_null(bed);
        strcpy(bed->root, "/tmp/test-machine-XXXXXX");
        assert_non_null(mkdtemp(bed->root));
        bed->machine = (Machine){ .root = bed->root, .uid = geteuid(), .run = fake_program_run };
        fake_start(&bed->tokend);
        assert_int_equal(chmod(bed->tokend.path, 0666), 0);
        assert_int_equal(tokend_new(&bed->ctl.handle), 0);
        assert_int_equal(tokend_set_socket(bed->ctl.handle, bed->tokend.path), 0);
        bed_forget(bed);
        *state = bed;
        return 0;
}

static int bed_unlink(const char *path, const struct stat *status, int type, struct FTW *walk) {
        return remove(path);
}

static inline int bed_teardown(void **state) {
        Bed *bed = *state;

        doctor_done(&bed->doctor);
        tokend_free(bed->ctl.handle);
        fake_stop(&bed->tokend);
        assert_int_equal(nftw(bed->root, bed_unlink, 16, FTW_DEPTH | FTW_PHYS), 0);
        free(bed);
        return 0;
}

#define BED_TEST(test) cmocka_unit_test_setup_teardown(test, bed_setup, bed_teardown)

/* NULL: nothing with this in its text. */
static inline const Finding *find(const Findings *findings, enum FindingLevel level,
                                  const char *name, const char *part) {
        for (size_t i = 0; i < findings->n; i++)
                if (findings->all[i].level == level && streq(findings->all[i].name, name) &&
                    strstr(findings->all[i].text, part))
                        return &findings->all[i];
        return NULL;
}

static inline void fail_findings(const Findings *findings, const char *missing) {
        for (size_t i = 0; i < findings->n; i++)
                print_error("%s %s: %s\n", finding_level_name(findings->all[i].level),
                            findings->all[i].name, findings->all[i].text);
        fail_msg("not found: %s", missing);
}

static inline void assert_found(const Findings *findings, enum FindingLevel level, const char *name,
                                const char *part) {
        char missing[512];

        snprintf(missing, sizeof(missing), "%s %s: %s", finding_level_name(level), name, part);
        if (!find(findings, level, name, part))
                fail_findings(findings, missing);
}

/* That nothing worse than a note was found. */
static inline void assert_well(const Findings *findings) {
        if (findings_count(findings, FINDING_WARNING) + findings_count(findings, FINDING_FAILURE))
                fail_findings(findings, "that all is well");
}
