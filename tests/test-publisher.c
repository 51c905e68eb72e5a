/* Publishing users: everybody is in the file, and who waits is told when that is so. */

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "publisher.h"
#include "store/store.h"
#include "wire/text.h"

static struct {
        char folder[40];
        char snapshot[64];
        sd_event *event;
        Store *store;
        int n_told;
        int n_answered;
} bed;

static int setup(void **state) {
        _cleanup_(freep) char *message = NULL;
        char address[64];

        memset(&bed, 0, sizeof(bed));
        strcpy(bed.folder, "/tmp/test-publisher.XXXXXX");
        if (!mkdtemp(bed.folder) || sd_event_new(&bed.event) < 0)
                return -1;

        snprintf(bed.snapshot, sizeof(bed.snapshot), "%s/userdb/snapshot", bed.folder);
        snprintf(address, sizeof(address), "sqlite:%s/db", bed.folder);
        return store_open(bed.event, &clock_system, address, &bed.store, &message);
}

static int teardown(void **state) {
        char command[64];

        store_close(bed.store);
        sd_event_unref(bed.event);
        snprintf(command, sizeof(command), "rm -r '%s'", bed.folder);
        return system(command);
}

static void on_added(StoreRequest *request, void *userdata) {
        assert_int_equal(request->result, 0);
        bed.n_answered++;
}

static void add_user(const char *name, bool adopted, const char *group) {
        StoreRequest *request = store_request_new(STORE_USER_ADD);
        User *user = user_new();

        user->id = strdup(name);
        user->name = strdup(name);
        user->partner_id = strdup(name);
        user->home = strdup("/home/x");
        user->shell = strdup("/bin/sh");
        user->adopted = adopted;
        if (adopted)
                user->uid = user->gid = 1000;
        if (group)
                assert_int_equal(strv_extend(&user->groups, group), 0);
        request->uid_min = 70000;
        request->uid_max = 99999;
        assert_int_equal(store_request_take_user(request, user), 0);
        assert_int_equal(store_submit(bed.store, request, on_added, NULL), 0);
}

static void on_told(void *userdata) {
        bed.n_told++;
}

static void run_until(const int *counter, int wanted) {
        while (*counter < wanted)
                assert_true(sd_event_run(bed.event, 10000000) > 0);
}

/* In so many seconds; 0: never. */
static void set_expiry(const char *name, int seconds) {
        StoreRequest *request = store_request_new(STORE_USER_SET);
        User *values = user_new();
        int before = bed.n_answered;

        request->key.text = strdup(name);
        request->sets = USER_SETS_EXPIRES;
        if (seconds != 0)
                values->expires = clock_realtime(&clock_system) + seconds * USEC_PER_SEC;
        assert_int_equal(store_request_take_user(request, values), 0);
        assert_int_equal(store_submit(bed.store, request, on_added, NULL), 0);
        run_until(&bed.n_answered, before + 1);
}

static char *content(void) {
        FILE *file = fopen(bed.snapshot, "re");
        static char text[200000];

        assert_non_null(file);
        text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
        fclose(file);
        return text;
}

static void test_users_and_memberships(void **state) {
        _cleanup_(publisher_freep) Publisher *publisher = NULL;
        struct stat st;

        add_user("ada", false, "staff");
        add_user("carl", true, "audio");
        run_until(&bed.n_answered, 2);

        assert_int_equal(publisher_new(bed.event, bed.store, bed.snapshot, &publisher), 0);
        publisher_publish(publisher, on_told, NULL);
        run_until(&bed.n_told, 1);

        assert_non_null(strstr(content(), "\nada:70000:70000:/home/x:/bin/sh:active:staff\n"));
        /* The machine knows this one itself. */
        assert_non_null(strstr(content(), "\ncarl:1000:1000:::active:audio\n"));

        assert_int_equal(stat(bed.snapshot, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0644);
        strrchr(bed.snapshot, '/')[0] = '\0';
        assert_int_equal(stat(bed.snapshot, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0755);
}

static void test_more_than_a_page(void **state) {
        _cleanup_(publisher_freep) Publisher *publisher = NULL;
        char name[32];
        int n_lines = 0;

        for (int i = 0; i < 2500; i++) {
                snprintf(name, sizeof(name), "user%d", i);
                add_user(name, false, NULL);
                if (i % 100 == 99)
                        run_until(&bed.n_answered, i + 1);
        }

        assert_int_equal(publisher_new(bed.event, bed.store, bed.snapshot, &publisher), 0);
        publisher_publish(publisher, on_told, NULL);
        run_until(&bed.n_told, 1);
        for (const char *c = content(); (c = strchr(c, '\n')); c++)
                n_lines++;
        assert_int_equal(n_lines, 1 + 2500);
}

/* Who comes while a round runs is told by a round that began after that. */
static void test_changes_meanwhile(void **state) {
        _cleanup_(publisher_freep) Publisher *publisher = NULL;

        assert_int_equal(publisher_new(bed.event, bed.store, bed.snapshot, &publisher), 0);
        publisher_publish(publisher, on_told, NULL);
        add_user("late", false, NULL);
        run_until(&bed.n_answered, 1);

        bed.n_told = 0;
        for (int i = 0; i < 10; i++)
                publisher_publish(publisher, on_told, NULL);
        run_until(&bed.n_told, 10);
        assert_non_null(strstr(content(), "\nlate:"));
}

/* Nobody tells the publisher of it. */
static void test_expiry_shows_by_itself(void **state) {
        static const struct {
                const char *name;
                int seconds;
        } users[] = { { "early", -1 }, { "soon", 1 }, { "soon2", 2 }, { "late", 3600 } };
        _cleanup_(publisher_freep) Publisher *publisher = NULL;

        add_user("never", false, NULL);
        run_until(&bed.n_answered, 1);
        for (size_t i = 0; i < ELEMENTSOF(users); i++) {
                int before = bed.n_answered;

                add_user(users[i].name, false, NULL);
                run_until(&bed.n_answered, before + 1);
                set_expiry(users[i].name, users[i].seconds);
        }
        assert_int_equal(publisher_new(bed.event, bed.store, bed.snapshot, &publisher), 0);
        publisher_publish(publisher, on_told, NULL);
        run_until(&bed.n_told, 1);
        assert_non_null(strstr(content(), "\nearly:70001:70001:/home/x:/bin/sh:locked:\n"));
        assert_non_null(strstr(content(), "\nsoon:70002:70002:/home/x:/bin/sh:active:\n"));
        while (!strstr(content(), "\nsoon2:70003:70003:/home/x:/bin/sh:locked:\n"))
                assert_true(sd_event_run(bed.event, 10 * USEC_PER_SEC) > 0);
        assert_non_null(strstr(content(), "\nsoon:70002:70002:/home/x:/bin/sh:locked:\n"));
        assert_non_null(strstr(content(), "\nlate:70004:70004:/home/x:/bin/sh:active:\n"));
        assert_non_null(strstr(content(), "\nnever:70000:70000:/home/x:/bin/sh:active:\n"));
}

static User *user_of(const char *name, uint32_t uid) {
        User *user = user_new();

        user->id = strdup(name);
        user->name = strdup(name);
        user->home = strdup("/home/x");
        user->shell = strdup("/bin/sh");
        user->uid = user->gid = uid;
        return user;
}

static void change(Publisher *publisher, const User *user, bool is_gone) {
        int before = bed.n_told;

        publisher_change(publisher, user, is_gone, on_told, NULL);
        run_until(&bed.n_told, before + 1);
}

static ino_t file_number(void) {
        struct stat st;

        assert_int_equal(stat(bed.snapshot, &st), 0);
        return st.st_ino;
}

/* One user after the other, without a word from the store: ada is there, but not in it. */
static void test_changes_read_nothing(void **state) {
        _cleanup_(publisher_freep) Publisher *publisher = NULL;
        _cleanup_(user_freep) User *ada = user_of("ada", 70005);

        add_user("bob", false, NULL);
        run_until(&bed.n_answered, 1);
        assert_int_equal(publisher_new(bed.event, bed.store, bed.snapshot, &publisher), 0);
        publisher_publish(publisher, on_told, NULL);
        run_until(&bed.n_told, 1);

        change(publisher, ada, false);
        assert_non_null(strstr(content(), "\nada:70005:70005:/home/x:/bin/sh:active:\nbob:70000:"));
        ada->state = USER_LOCKED;
        change(publisher, ada, false);
        assert_non_null(strstr(content(), "\nada:70005:70005:/home/x:/bin/sh:locked:\n"));
        ada->state = USER_PASSWORD_MUST_CHANGE;
        change(publisher, ada, false);
        assert_non_null(strstr(content(), "\nada:70005:70005:/home/x:/bin/sh:must-change:\n"));
        change(publisher, ada, true);
        assert_string_equal(content(),
                            "tokend-userdb 2\nbob:70000:70000:/home/x:/bin/sh:active:\n");
}

/* The reader would take it in again, for nothing. */
static void test_what_does_not_show_writes_nothing(void **state) {
        _cleanup_(publisher_freep) Publisher *publisher = NULL;
        _cleanup_(user_freep) User *ada = user_of("ada", 70005), *eve = user_of("eve", 70006);
        ino_t before;

        assert_int_equal(publisher_new(bed.event, bed.store, bed.snapshot, &publisher), 0);
        change(publisher, ada, false); /* the first one: all are read, and this one goes over it */
        assert_non_null(strstr(content(), "\nada:"));

        /* Held open, so that its number is nobody else's. */
        _cleanup_(closep) int fd = open(bed.snapshot, O_RDONLY | O_CLOEXEC);
        before = file_number();
        assert_int_equal(strv_extend(&ada->ssh_keys, "ssh-ed25519 AAAA"), 0);
        change(publisher, ada, false);
        change(publisher, eve, true);
        publisher_change(publisher, eve, true, NULL, NULL);
        assert_true(file_number() == before);
        change(publisher, eve, false);
        assert_false(file_number() == before);
}

/* All of them read, and while that goes on others come, change and go. */
static void test_changes_during_the_reading(void **state) {
        _cleanup_(publisher_freep) Publisher *publisher = NULL;
        _cleanup_(user_freep) User *ada = user_of("ada", 70005), *bob = user_of("bob", 70000);

        add_user("bob", false, NULL);
        run_until(&bed.n_answered, 1);
        assert_int_equal(publisher_new(bed.event, bed.store, bed.snapshot, &publisher), 0);
        publisher_publish(publisher, on_told, NULL);
        publisher_change(publisher, ada, false, on_told, NULL);
        publisher_change(publisher, ada, true, on_told, NULL);
        publisher_change(publisher, bob, true, on_told, NULL);
        ada->uid = ada->gid = 70006;
        publisher_change(publisher, ada, false, on_told, NULL);
        run_until(&bed.n_told, 1);
        assert_int_equal(bed.n_told, 5); /* in one round */
        assert_string_equal(content(),
                            "tokend-userdb 2\nada:70006:70006:/home/x:/bin/sh:active:\n");
}

/* Changed to a date, whose timer replaces the one before. */
static void test_expiry_of_a_change(void **state) {
        _cleanup_(publisher_freep) Publisher *publisher = NULL;
        _cleanup_(user_freep) User *ada = user_of("ada", 70005), *bob = user_of("bob", 70006);

        assert_int_equal(publisher_new(bed.event, bed.store, bed.snapshot, &publisher), 0);
        ada->expires = bob->expires = clock_realtime(&clock_system) + 3600 * USEC_PER_SEC;
        change(publisher, bob, false);
        change(publisher, ada, false);
        ada->expires = clock_realtime(&clock_system) + USEC_PER_SEC;
        change(publisher, ada, false);
        assert_non_null(strstr(content(), "\nada:70005:70005:/home/x:/bin/sh:active:\n"));
        while (!strstr(content(), "\nada:70005:70005:/home/x:/bin/sh:locked:\n"))
                assert_true(sd_event_run(bed.event, 10 * USEC_PER_SEC) > 0);
        assert_non_null(strstr(content(), "\nbob:70006:70006:/home/x:/bin/sh:active:\n"));
}

/* What was lost with the round that failed is in the store, which is read again. */
static void test_after_a_failure_the_store_is_read(void **state) {
        _cleanup_(publisher_freep) Publisher *publisher = NULL;
        _cleanup_(user_freep) User *ada = user_of("ada", 70000), *bob = user_of("bob", 70001);
        char obstacle[80];

        assert_int_equal(publisher_new(bed.event, bed.store, bed.snapshot, &publisher), 0);
        publisher_publish(publisher, on_told, NULL);
        run_until(&bed.n_told, 1);
        snprintf(obstacle, sizeof(obstacle), "%s.new", bed.snapshot);
        assert_int_equal(mkdir(obstacle, 0700), 0);
        add_user("ada", false, NULL);
        run_until(&bed.n_answered, 1);
        change(publisher, ada, false);
        /* nobody takes the old one for all that there is */
        assert_int_equal(access(bed.snapshot, F_OK), -1);

        assert_int_equal(rmdir(obstacle), 0);
        add_user("carl", false, NULL);
        run_until(&bed.n_answered, 2);
        change(publisher, bob, false);
        assert_non_null(strstr(content(), "\nada:70000:70000:"));
        assert_non_null(strstr(content(), "\nbob:70001:70001:"));
        assert_non_null(strstr(content(), "\ncarl:70001:70001:"));
}

static void test_failure_is_told_too(void **state) {
        _cleanup_(publisher_freep) Publisher *publisher = NULL;

        assert_int_equal(publisher_new(bed.event, bed.store, "/dev/null/x/file", &publisher), 0);
        publisher_publish(publisher, on_told, NULL);
        run_until(&bed.n_told, 1);
}

static void test_nobody_asks(void **state) {
        _cleanup_(publisher_freep) Publisher *publisher = NULL;

        assert_int_equal(publisher_new(bed.event, bed.store, NULL, &publisher), 0);
        publisher_publish(publisher, on_told, NULL);
        assert_int_equal(bed.n_told, 1);
        assert_int_equal(access(bed.snapshot, F_OK), -1);
}

/* In the middle of a round, with another waiting: all are told, as the daemon goes down. */
static void test_end_tells_who_waits(void **state) {
        Publisher *publisher = NULL;

        assert_int_equal(publisher_new(bed.event, bed.store, bed.snapshot, &publisher), 0);
        for (int i = 0; i < 3; i++)
                publisher_publish(publisher, on_told, NULL);
        bed.store = store_close(bed.store);
        publisher_free(publisher);
        assert_int_equal(bed.n_told, 3);
        assert_null(publisher_free(NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_users_and_memberships, setup, teardown),
                cmocka_unit_test_setup_teardown(test_more_than_a_page, setup, teardown),
                cmocka_unit_test_setup_teardown(test_changes_meanwhile, setup, teardown),
                cmocka_unit_test_setup_teardown(test_expiry_shows_by_itself, setup, teardown),
                cmocka_unit_test_setup_teardown(test_changes_read_nothing, setup, teardown),
                cmocka_unit_test_setup_teardown(test_what_does_not_show_writes_nothing, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_changes_during_the_reading, setup, teardown),
                cmocka_unit_test_setup_teardown(test_expiry_of_a_change, setup, teardown),
                cmocka_unit_test_setup_teardown(test_after_a_failure_the_store_is_read, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_failure_is_told_too, setup, teardown),
                cmocka_unit_test_setup_teardown(test_nobody_asks, setup, teardown),
                cmocka_unit_test_setup_teardown(test_end_tells_who_waits, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
