/* What workers have finished, on its way to the loop.
 *
 * Posting takes a lock for a few instructions and writes an eventfd; it needs no memory, so that a
 * finished job can't get lost. Items are delivered in the order in which they were posted. */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mailbox.h"
#include "wire/cleanup.h"

struct Mailbox {
        pthread_mutex_t lock;
        MailboxItem *first;
        MailboxItem **end; /* where the next item is hung */
        int fd;
        sd_event_source *source;
};

static MailboxItem *take_all(Mailbox *mailbox) {
        MailboxItem *items;

        pthread_mutex_lock(&mailbox->lock);
        items = mailbox->first;
        mailbox->first = NULL;
        mailbox->end = &mailbox->first;
        pthread_mutex_unlock(&mailbox->lock);
        return items;
}

static void deliver_all(MailboxItem *items) {
        while (items) {
                MailboxItem *item = items;

                items = item->next;
                item->next = NULL;
                item->deliver(item);
        }
}

static int on_posted(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Mailbox *mailbox = userdata;
        uint64_t count;

        /* Emptied before the list is taken: a later post wakes the loop again. */
        if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN && errno != EINTR)
                return -errno;

        deliver_all(take_all(mailbox));
        return 0;
}

int mailbox_new(sd_event *event, Mailbox **ret) {
        _cleanup_(mailbox_freep) Mailbox *mailbox = calloc(1, sizeof(*mailbox));
        int r;

        if (!mailbox)
                return -ENOMEM;

        pthread_mutex_init(&mailbox->lock, NULL);
        mailbox->end = &mailbox->first;
        mailbox->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (mailbox->fd < 0)
                return -errno;

        r = sd_event_add_io(event, &mailbox->source, mailbox->fd, EPOLLIN, on_posted, mailbox);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(mailbox);
        return 0;
}

Mailbox *mailbox_free(Mailbox *mailbox) {
        MailboxItem *items;

        if (!mailbox)
                return NULL;

        while ((items = take_all(mailbox)))
                deliver_all(items);

        sd_event_source_disable_unref(mailbox->source);
        closep(&mailbox->fd);
        pthread_mutex_destroy(&mailbox->lock);
        free(mailbox);
        return NULL;
}

void mailbox_freep(Mailbox **mailbox) {
        mailbox_free(*mailbox);
}

int mailbox_wait(Mailbox *mailbox) {
        struct pollfd wait = { .fd = mailbox->fd, .events = POLLIN };

        while (poll(&wait, 1, -1) < 0)
                if (errno != EINTR)
                        return -errno;
        return on_posted(mailbox->source, mailbox->fd, POLLIN, mailbox);
}

void mailbox_post(Mailbox *mailbox, MailboxItem *item) {
        mailbox_post_all(mailbox, item, item);
}

void mailbox_post_all(Mailbox *mailbox, MailboxItem *first, MailboxItem *last) {
        static const uint64_t one = 1;
        bool was_empty;

        last->next = NULL;

        pthread_mutex_lock(&mailbox->lock);
        was_empty = !mailbox->first;
        *mailbox->end = first;
        mailbox->end = &last->next;

        /* Under the lock, or the loop could free the mailbox in between. A counter that is full is
         * as good as one that was raised. */
        while (was_empty && write(mailbox->fd, &one, sizeof(one)) < 0 && errno == EINTR)
                ;
        pthread_mutex_unlock(&mailbox->lock);
}
