#pragma once

/* Password hashes, crypt(5), on workers. Root's door has a lane of its own. Secrets and hashes are
 * copied into the job and wiped with it.
 *
 * Nothing is ever cut: libxcrypt takes at most 511 bytes, and some methods look at fewer (bcrypt:
 * 72). What is longer is refused when it is set, and matches nothing when it is checked. */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/config.h"
#include "wire/secret.h"

typedef struct Passwords Passwords;

/* r = 0, -ECANCELED (passwords_free()) or another negative errno; on the loop. */
typedef void (*PasswordCheckHandler)(void *userdata, int r, bool matches);
/* The same. May take the hash. */
typedef void (*PasswordHashHandler)(void *userdata, int r, Secret *hash);

/* Borrows event; reads config only here. -EINVAL: no such Hash= or Rounds=. */
int passwords_new(sd_event *event, const Config *config, Passwords **ret);
/* Handlers of what has not finished are called with -ECANCELED. */
Passwords *passwords_free(Passwords *passwords);
void passwords_freep(Passwords **passwords);
/* On reload: another Hash= and Rounds=; the threads and the queue stay. -EINVAL: as it was. */
int passwords_set_config(Passwords *passwords, const Config *config);

/* Who a job is for. */
typedef struct PasswordLane {
        bool urgent;     /* uid 0 on the socket */
        const char *key; /* peer.remote; when urgent, whose password it is, or NULL; copied */
} PasswordLane;

/* Both: 0 (the handler will be called, not before this returned), REASON_OVERLOADED or a negative
 * errno (it won't be). */

/* hash NULL, empty, locked ("!…", "*…") or unknown to crypt: never matches, and costs what a hash
 * by the configured method costs. So does a secret that is empty or NULL. */
int password_check(Passwords *passwords, const Secret *secret, const Secret *hash,
                   PasswordLane lane, PasswordCheckHandler handler, void *userdata);
/* Also REASON_EMPTY_PASSWORD; REASON_INVALID_VALUE: too long for the method, or a NUL inside. */
int password_hash(Passwords *passwords, const Secret *secret, PasswordLane lane,
                  PasswordHashHandler handler, void *userdata);

/* Whether this right password should have a new hash: this one is weaker than what is configured,
 * and the configured method would take all of the password. */
bool password_is_outdated(const Passwords *passwords, const Secret *secret, const Secret *hash);

/* µs. Refusals of credentials leave at a whole multiple of it after the request came in: longer
 * than the slowest hash takes that was noted so far. It only grows. */
int64_t password_refusal_delay(const Passwords *passwords);
/* Measures on a worker how long such a hash takes, if it costs more than those of its method
 * before: to be called before anybody can guess at it. 0, REASON_OVERLOADED or a negative errno: it
 * was not measured. password_check() does it by itself, but that comes late. */
int password_note_setting(Passwords *passwords, const Secret *hash);
