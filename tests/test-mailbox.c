/* The mailbox: everything posted is delivered once, in order, on the loop. */

#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mailbox.h"
#include "wire/cleanup.h"

#define N_THREADS 4
#define N_ITEMS   20000

typedef struct Letter {
        MailboxItem item; /* first */
        int sender;
        int number;
} Letter;

static struct {
        int next[N_THREADS];
        int n_delivered;
        pthread_t loop;
} seen;

static void on_letter(MailboxItem *item) {
        Letter *letter = (Letter *)item;

        assert_true(pthread_equal(pthread_self(), seen.loop));
        assert_int_equal(letter->number, seen.next[letter->sender]++);
        seen.n_delivered++;
        free(letter);
}

typedef struct Sender {
        Mailbox *mailbox;
        int number;
} Sender;

static void post(Mailbox *mailbox, int sender, int number) {
        Letter *letter = calloc(1, sizeof(*letter));

        letter->item.deliver = on_letter;
        letter->sender = sender;
        letter->number = number;
        mailbox_post(mailbox, &letter->item);
}

static void *send_all(void *userdata) {
        Sender *sender = userdata;

        for (int i = 0; i < N_ITEMS; i++)
                post(sender->mailbox, sender->number, i);
        return NULL;
}

static int setup(void **state) {
        seen = (typeof(seen)){ .loop = pthread_self() };
        return sd_event_new((sd_event **)state) < 0;
}

static int teardown(void **state) {
        sd_event_unref(*state);
        return 0;
}

static void test_threads(void **state) {
        _cleanup_(mailbox_freep) Mailbox *mailbox = NULL;
        Sender senders[N_THREADS];
        pthread_t threads[N_THREADS];

        assert_int_equal(mailbox_new(*state, &mailbox), 0);
        for (int i = 0; i < N_THREADS; i++) {
                senders[i] = (Sender){ mailbox, i };
                assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
        }

        while (seen.n_delivered < N_THREADS * N_ITEMS)
                assert_true(sd_event_run(*state, 10000000) > 0);
        for (int i = 0; i < N_THREADS; i++)
                pthread_join(threads[i], NULL);

        /* Nothing is left, and nothing wakes the loop any more. */
        assert_int_equal(sd_event_run(*state, 0), 0);
        assert_int_equal(seen.n_delivered, N_THREADS * N_ITEMS);
}

static void test_post_wakes_the_loop_again(void **state) {
        _cleanup_(mailbox_freep) Mailbox *mailbox = NULL;

        assert_int_equal(mailbox_new(*state, &mailbox), 0);
        for (int i = 0; i < 3; i++) {
                post(mailbox, 0, i);
                assert_true(sd_event_run(*state, 1000000) > 0);
                assert_int_equal(seen.n_delivered, i + 1);
        }
}

static void test_several_wake_the_loop_once(void **state) {
        _cleanup_(mailbox_freep) Mailbox *mailbox = NULL;
        Letter *letters[3];

        assert_int_equal(mailbox_new(*state, &mailbox), 0);
        post(mailbox, 0, 0);
        for (int i = 0; i < 3; i++) {
                letters[i] = calloc(1, sizeof(*letters[i]));
                letters[i]->item.deliver = on_letter;
                letters[i]->number = i + 1;
                if (i > 0)
                        letters[i - 1]->item.next = &letters[i]->item;
        }
        mailbox_post_all(mailbox, &letters[0]->item, &letters[2]->item);
        post(mailbox, 0, 4);
        assert_true(sd_event_run(*state, 1000000) > 0);
        assert_int_equal(seen.n_delivered, 5);
        assert_int_equal(sd_event_run(*state, 0), 0);
}

static Mailbox *answered;

static void on_question(MailboxItem *item) {
        seen.n_delivered++;
        if (seen.n_delivered < 3)
                mailbox_post(answered, item);
        else
                free(item);
}

static void test_free_delivers_the_rest(void **state) {
        Mailbox *mailbox = NULL;

        assert_int_equal(mailbox_new(*state, &mailbox), 0);
        post(mailbox, 0, 0);
        post(mailbox, 0, 1);
        assert_null(mailbox_free(mailbox));
        assert_int_equal(seen.n_delivered, 2);
        assert_null(mailbox_free(NULL));
}

static void *post_late(void *userdata) {
        usleep(20000);
        post(userdata, 0, 1);
        return NULL;
}

static int poll_error;

/* In front of libc's. */
int poll(struct pollfd *fds, nfds_t n, int timeout) {
        if (poll_error == 0)
                return ppoll(fds, n, NULL, NULL);
        errno = poll_error;
        return -1;
}

static void test_wait_that_fails(void **state) {
        _cleanup_(mailbox_freep) Mailbox *mailbox = NULL;

        assert_int_equal(mailbox_new(*state, &mailbox), 0);
        poll_error = ENOMEM;
        assert_int_equal(mailbox_wait(mailbox), -ENOMEM);
        poll_error = 0;
}

/* Without the loop, which finds nothing afterwards. */
static void test_wait(void **state) {
        _cleanup_(mailbox_freep) Mailbox *mailbox = NULL;
        pthread_t thread;

        assert_int_equal(mailbox_new(*state, &mailbox), 0);
        post(mailbox, 0, 0);
        assert_int_equal(mailbox_wait(mailbox), 0);
        assert_int_equal(seen.n_delivered, 1);
        assert_int_equal(pthread_create(&thread, NULL, post_late, mailbox), 0);
        assert_int_equal(mailbox_wait(mailbox), 0);
        assert_int_equal(seen.n_delivered, 2);
        pthread_join(thread, NULL);
        assert_int_equal(sd_event_run(*state, 0), 0);
        assert_int_equal(seen.n_delivered, 2);
}

/* Also what is posted by what is delivered then. */
static void test_free_delivers_answers(void **state) {
        MailboxItem *item = calloc(1, sizeof(*item));

        item->deliver = on_question;
        assert_int_equal(mailbox_new(*state, &answered), 0);
        mailbox_post(answered, item);
        mailbox_free(answered);
        assert_int_equal(seen.n_delivered, 3);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
                cmocka_unit_test_setup_teardown(test_post_wakes_the_loop_again, setup, teardown),
                cmocka_unit_test_setup_teardown(test_several_wake_the_loop_once, setup, teardown),
                cmocka_unit_test_setup_teardown(test_wait, setup, teardown),
                cmocka_unit_test_setup_teardown(test_wait_that_fails, setup, teardown),
                cmocka_unit_test_setup_teardown(test_free_delivers_the_rest, setup, teardown),
                cmocka_unit_test_setup_teardown(test_free_delivers_answers, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
