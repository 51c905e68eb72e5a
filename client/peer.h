#pragma once

/* Getting connected to the daemon and to nobody else, before a byte is sent. */

#include <stdint.h>
#include <sys/types.h>

/* A point on CLOCK_MONOTONIC, in microseconds. */
typedef uint64_t Deadline;

Deadline deadline_in(unsigned msec);
/* Milliseconds until then, rounded up so that waiting for them never spins; 0: over. */
int deadline_left(Deadline deadline);

/* A connected socket in *ret, non-blocking by now, whose folder and whose server's uid were
 * checked. 0, -errno, -ETIMEDOUT or REASON_PEER_UNTRUSTED; see transport_unix_call(). */
int peer_connect(const char *socket_path, uid_t trusted_uid, Deadline deadline, int *ret);

/* A descriptor at 3 or above in place of fd, which it takes: a host may run with 0 to 2 closed, and
 * what it then writes to "stderr" must not reach a peer or a file. A negative fd: -errno. */
int fd_above_stdio(int fd);
