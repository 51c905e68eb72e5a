#pragma once

/* What all verbs of tokenctl share: the options, the handle, and how they end. */

#include "ctl/options.h"
#include "tokend.h"
#include "wire/json-read.h"
#include "wire/protocol.h"
#include "wire/reason.h"
#include "wire/secret.h"

enum Exit {
        EXIT_DONE,
        EXIT_FAILED,      /* refused, or something broke */
        EXIT_MISUSED,     /* the command line makes no sense */
        EXIT_UNREACHABLE, /* tokend does not answer */
};

typedef struct Ctl {
        Options options;
        tokend_t *handle;
} Ctl;

static inline const char *ctl_option(const Ctl *ctl, enum Option option) {
        return ctl->options.values[option];
}
static inline bool ctl_wants_json(const Ctl *ctl) {
        return option_is_given(&ctl->options, OPTION_JSON);
}

/* A caller on the socket who is neither root nor shows a token: may do for itself only. */
bool ctl_is_ordinary(const Ctl *ctl);

#define USER_PROMPT_MAX 320

/* A reply that is a JSON object. */
typedef struct Reply {
        tokend_reply_t *http;
        Json *json;
} Reply;

#define REPLY_INIT ((Reply){ 0 })
void reply_done(Reply *reply);

typedef struct Question {
        const char *method;
        const char *path;
        const char *content_type; /* NULL: no body */
        const Secret *body;
        const char *thing; /* what it is about, for messages; NULL: nothing in particular */
} Question;

/* The path of the socket that is asked when there is no --url. */
const char *ctl_socket(const Ctl *ctl);
/* Makes the handle: where, and as whom. subject_is_client: --client is what the verb is about. */
enum Exit ctl_connect(Ctl *ctl, bool subject_is_client);
/* Asks. As tokend_call(); -EPROTO: the reply is no JSON object, and the handle knows nothing of it.
 */
int ctl_call(Ctl *ctl, const Question *question, Reply *ret);
/* The same, and complains when that fails. */
enum Exit ctl_ask(Ctl *ctl, const Question *question, Reply *ret);
/* The same of what stands behind prefix under this name, which is encoded. */
enum Exit ctl_ask_about(Ctl *ctl, const char *method, const char *prefix, const char *name,
                        Reply *ret);
/* prefix, the name encoded, suffix. Complains. */
enum Exit path_make(const char *prefix, const char *name, const char *suffix, Secret *ret);

/* Prints "tokenctl: thing: sentence (word)" to stderr; thing and word may be NULL. */
void complain(const char *thing, const char *word, const char *format, ...)
                __attribute__((format(printf, 3, 4)));
/* Of the handle's last failure, r, with what to do about it. */
enum Exit complain_of_handle(const Ctl *ctl, const char *thing, int r);
/* How a failure of this word ends. */
enum Exit exit_for(const char *word);
/* Of a negative errno of our own. EXIT_FAILED. */
enum Exit complain_of_error(const char *thing, int error);
/* Of a reply that is none. EXIT_FAILED. */
enum Exit complain_of_reply(const char *thing);
/* Of a password that JSON can't carry. EXIT_FAILED. */
enum Exit complain_of_password(const char *thing);
/* Of the command line. EXIT_MISUSED. */
enum Exit complain_of_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "ada removed, 3 tokens revoked.", or with --json the reply. EXIT_DONE. */
enum Exit print_change(const Ctl *ctl, const char *name, const char *what, const Reply *reply);
/* The reply as it came, and a newline. */
void reply_print_json(const Reply *reply);
/* A member that is a number; 0 when absent. */
int64_t reply_number(const Reply *reply, const char *name);
