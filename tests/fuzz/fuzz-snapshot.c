/* Any bytes as the snapshot: what is taken has names in order and once each, serves uids of people
 * only, and every question about it gets an answer. */

#include "userdb.h"

#include <errno.h>

static bool is_of_people(uint32_t id) {
        return id >= 1000 && id < 0x80000000U && (id < 61184 || id > 65535);
}

static void check_user(const Snapshot *snapshot, size_t i) {
        const SnapshotUser *user = &snapshot->users[i];

        fuzz_check(user_name_is_valid(user->name));
        fuzz_check(i == 0 || strcmp(user[-1].name, user->name) < 0);
        fuzz_check(snapshot_find_name(snapshot, user->name) == user);
        fuzz_check(text_is_utf8(user->home, strlen(user->home)));
        if (!user->shell)
                return;
        fuzz_check(is_of_people(user->uid) && is_of_people(user->gid));
        fuzz_check(user->home[0] == '/' && user->shell[0] == '/');
        fuzz_check(snapshot_find_uid(snapshot, user->uid) == user);
}

static void check_questions(Snapshot *snapshot) {
        static const char *const methods[] = { "GetUserRecord", "GetGroupRecord",
                                               "GetMemberships" };

        for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
                _cleanup_(secret_done) Secret answer = SECRET_INIT;
                _cleanup_(freep) char *message = NULL;

                fuzz_check(asprintf(&message,
                                    "{\"method\":\"io.systemd.UserDatabase.%s\",\"more\":true,"
                                    "\"parameters\":{\"service\":\"" SERVICE "\"}}",
                                    methods[i]) > 0);
                answer_of(message, strlen(message), snapshot, 4096, &answer);
                fuzz_check(check_messages(&answer) > 0);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;

        int r = snapshot_from(data, size, &snapshot);
        if (r < 0) {
                fuzz_check(r == -EBADMSG && !snapshot);
                return 0;
        }
        for (size_t i = 0; i < snapshot->n_users; i++)
                check_user(snapshot, i);
        for (uint32_t id = 0; id < 1000; id++)
                fuzz_check(!snapshot_find_uid(snapshot, id));
        check_questions(snapshot);
        return 0;
}
