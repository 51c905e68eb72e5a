#pragma once

/* Threads for work that blocks, behind a bounded queue with two lanes. The urgent lane (root's)
 * goes first and has a bound of its own; of its jobs those for one key take at most half of the
 * threads (at least one). Ordinary jobs take at most half of the threads (at least one) and at most
 * WORKERS_KEY_MAX of them for one key. */

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include "base/mailbox.h"

#define WORKERS_KEY_MAX 2

typedef struct Workers Workers;

typedef struct Job {
        MailboxItem item; /* the pool's */
        struct Job *next; /* the pool's */
        bool urgent;
        bool cancelled;   /* the pool's: run() never ran */
        /* Who asks ("uid:1000", "192.0.2.1"); of an urgent job, about whom. NULL: nobody in
         * particular */
        const char *key;
        void (*run)(struct Job *job);  /* on a thread */
        void (*done)(struct Job *job); /* on the loop; owns the job from then on */
} Job;

typedef struct WorkersOptions {
        const char *name; /* of the threads, at most 15 bytes */
        size_t n_threads;
        size_t queue_max; /* waiting jobs a lane */
        int nice;
} WorkersOptions;

int workers_new(sd_event *event, const WorkersOptions *options, Workers **ret);
/* Waits for running jobs; done() is called for them and for those that wait, whose
 * run() is not: those are marked cancelled. */
Workers *workers_free(Workers *workers);
void workers_freep(Workers **workers);
/* -EAGAIN at once when the lane is full, -ESHUTDOWN while the pool ends. On failure the job stays
 * the caller's. */
int workers_submit(Workers *workers, Job *job);
