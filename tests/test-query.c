/* Unit tests of userdb/query: Varlink calls and the records they get. */

#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "userdb/query.h"
#include "wire/text.h"

#define METHOD(name)  "{\"method\":\"io.systemd.UserDatabase." name "\",\"parameters\":{\"service\":\"org.tokend\""
#define ANSWER_EVERYTHING SIZE_MAX

/* ada (audio, video), bob, eve, and local, of whom only the membership in audio is served. */
static Snapshot *snapshot_make(void) {
        static char *both[] = { (char *)"audio", (char *)"video", NULL }, *one[] = { (char *)"audio", NULL };
        static SnapshotUser users[] = {
                { .name = "ada", .uid = 70001, .gid = 70001, .home = "/home/ada", .shell = "/bin/bash",
                  .groups = both },
                { .name = "bob", .uid = 70000, .gid = 70000, .home = "/home/bob", .shell = "/bin/sh",
                  .state = SNAPSHOT_LOCKED },
                { .name = "eve", .uid = 70002, .gid = 70002, .home = "/h", .shell = "/s",
                  .state = SNAPSHOT_MUST_CHANGE },
                { .name = "local", .uid = 1000, .gid = 1000, .groups = one },
        };
        static size_t by_uid[] = { 1, 0, 2 };
        static Snapshot snapshot;

        snapshot = (Snapshot){ .n_ref = 1000, .users = users, .n_users = 4, .by_uid = by_uid, .n_by_uid = 3 };
        return &snapshot;
}

/* The whole answer, NULs as line feeds. */
static char *ask(const char *message, size_t piece) {
        _cleanup_(secret_done) Secret out = SECRET_INIT, all = SECRET_INIT;
        _cleanup_(query_freep) Query *query = NULL;
        const char *error;
        int r = query_parse(message, strlen(message), "org.tokend", &query, &error);

        if (error) {
                assert_true(r < 0);
                assert_int_equal(query_answer_error(error, &all), 0);
        } else {
                assert_int_equal(r, 0);
                do {
                        secret_clear(&out);
                        r = query_answer(query, snapshot_make(), "org.tokend", piece, &out);
                        assert_true(r >= 0);
                        assert_int_equal(secret_append(&all, out.text, out.size), 0);
                } while (r > 0);
        }
        for (size_t i = 0; i < all.size; i++)
                if (all.text[i] == '\0')
                        all.text[i] = '\n';
        return strdup(secret_text(&all));
}

static void expect(const char *message, const char *answer) {
        _cleanup_(freep) char *whole = ask(message, ANSWER_EVERYTHING), *pieces = ask(message, 1);

        assert_string_equal(whole, answer);
        assert_string_equal(pieces, answer);
}

#define ADA                                                                                        \
        "{\"parameters\":{\"record\":{\"userName\":\"ada\",\"uid\":70001,\"gid\":70001,"           \
        "\"homeDirectory\":\"/home/ada\",\"shell\":\"/bin/bash\",\"disposition\":\"regular\","     \
        "\"locked\":false,\"service\":\"org.tokend\"},\"incomplete\":false}"
#define BOB                                                                                        \
        "{\"parameters\":{\"record\":{\"userName\":\"bob\",\"uid\":70000,\"gid\":70000,"           \
        "\"homeDirectory\":\"/home/bob\",\"shell\":\"/bin/sh\",\"disposition\":\"regular\","       \
        "\"locked\":true,\"service\":\"org.tokend\"},\"incomplete\":false}"
#define EVE                                                                                        \
        "{\"parameters\":{\"record\":{\"userName\":\"eve\",\"uid\":70002,\"gid\":70002,"           \
        "\"homeDirectory\":\"/h\",\"shell\":\"/s\",\"disposition\":\"regular\",\"locked\":false,"  \
        "\"service\":\"org.tokend\"},\"incomplete\":false}"
#define GROUP(name, gid)                                                                           \
        "{\"parameters\":{\"record\":{\"groupName\":\"" name "\",\"gid\":" gid                     \
        ",\"disposition\":\"regular\",\"service\":\"org.tokend\"},\"incomplete\":false}"
#define MEMBER(user, group) "{\"parameters\":{\"userName\":\"" user "\",\"groupName\":\"" group "\"}"
#define MORE                ",\"continues\":true}\n"
#define END                 "}\n"
#define NOBODY              "{\"error\":\"io.systemd.UserDatabase.NoRecordFound\",\"parameters\":{}}\n"

static void test_users(void **state) {
        expect(METHOD("GetUserRecord") ",\"userName\":\"ada\"}}", ADA END);
        expect(METHOD("GetUserRecord") ",\"uid\":70000}}", BOB END);
        expect(METHOD("GetUserRecord") "},\"more\":true}", ADA MORE BOB MORE EVE END);
        expect(METHOD("GetUserRecord") ",\"userName\":\"nobody\"}}", NOBODY);
        expect(METHOD("GetUserRecord") ",\"userName\":\"local\"}}", NOBODY);
        expect(METHOD("GetUserRecord") ",\"uid\":1000}}", NOBODY);
        expect(METHOD("GetUserRecord") ",\"uid\":0}}", NOBODY);
        expect(METHOD("GetUserRecord") ",\"userName\":\"ada\",\"uid\":70000}}", NOBODY);
}

static void test_groups(void **state) {
        expect(METHOD("GetGroupRecord") ",\"groupName\":\"ada\"}}", GROUP("ada", "70001") END);
        expect(METHOD("GetGroupRecord") ",\"gid\":70000}}", GROUP("bob", "70000") END);
        expect(METHOD("GetGroupRecord") "},\"more\":true}",
               GROUP("ada", "70001") MORE GROUP("bob", "70000") MORE GROUP("eve", "70002") END);
        expect(METHOD("GetGroupRecord") ",\"groupName\":\"audio\"}}", NOBODY);
}

static void test_memberships(void **state) {
        expect(METHOD("GetMemberships") ",\"userName\":\"ada\"},\"more\":true}",
               MEMBER("ada", "audio") MORE MEMBER("ada", "video") END);
        expect(METHOD("GetMemberships") ",\"groupName\":\"audio\"},\"more\":true}",
               MEMBER("ada", "audio") MORE MEMBER("local", "audio") END);
        expect(METHOD("GetMemberships") "},\"more\":true}",
               MEMBER("ada", "audio") MORE MEMBER("ada", "video") MORE MEMBER("local", "audio") END);
        expect(METHOD("GetMemberships") ",\"userName\":\"bob\"},\"more\":true}", NOBODY);
        expect(METHOD("GetMemberships") ",\"userName\":\"bob\",\"groupName\":\"audio\"},\"more\":true}", NOBODY);
}

static void test_refusals(void **state) {
        expect(METHOD("GetUserRecord") "}}",
               "{\"error\":\"org.varlink.service.ExpectedMore\",\"parameters\":{}}\n");
        expect(METHOD("Nothing") "}}", "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{}}\n");
        expect("{\"method\":\"io.systemd.UserDatabase.GetUserRecord\",\"parameters\":{\"service\":\"other\"}}",
               "{\"error\":\"io.systemd.UserDatabase.BadService\",\"parameters\":{}}\n");
        expect("{\"method\":\"io.systemd.UserDatabase.GetUserRecord\"}",
               "{\"error\":\"io.systemd.UserDatabase.BadService\",\"parameters\":{}}\n");
        expect(METHOD("GetUserRecord") ",\"uid\":-1}}",
               "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{}}\n");
        expect(METHOD("GetUserRecord") ",\"userName\":7}}",
               "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{}}\n");
}

static void test_no_message(void **state) {
        static const char *const bad[] = { "", "x", "{}", "[]", "{\"method\":1}", "{\"method\":\"a\"}x" };
        const char *error;
        Query *query = NULL;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(query_parse(bad[i], strlen(bad[i]), "org.tokend", &query, &error), -EBADMSG);
        assert_null(query);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_users),       cmocka_unit_test(test_groups),
                cmocka_unit_test(test_memberships), cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_no_message),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
