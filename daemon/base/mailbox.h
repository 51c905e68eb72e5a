#pragma once

/* What workers have finished, on its way to the loop: a locked list and an eventfd. */

#include <systemd/sd-event.h>

typedef struct Mailbox Mailbox;

/* Embedded in whatever is sent. deliver() runs on the loop and owns the item from then on. */
typedef struct MailboxItem {
        struct MailboxItem *next;
        void (*deliver)(struct MailboxItem *item);
} MailboxItem;

int mailbox_new(sd_event *event, Mailbox **ret);
/* Delivers what is still in it. No worker may post any more. */
Mailbox *mailbox_free(Mailbox *mailbox);
void mailbox_freep(Mailbox **mailbox);
/* Blocks until there is something in it, and delivers that: what the loop would do. 0 or a negative
 * errno: it can't wait. */
int mailbox_wait(Mailbox *mailbox);
/* From any thread; neither fails. Several, hung one on the other by next, wake the loop once. */
void mailbox_post(Mailbox *mailbox, MailboxItem *item);
void mailbox_post_all(Mailbox *mailbox, MailboxItem *first, MailboxItem *last);
