#pragma once

/* The daemon's log. Structured entries to journald, or lines to stderr when that is no journal.
 * Never a token, never a typed name that no user has. */

#include <syslog.h>

/* What an entry is about; NULL fields are left out. */
typedef struct JournalFields {
        const char *message_id; /* 32 hex digits, JOURNAL_ID_… */
        const char *reason;     /* TOKEND_REASON= */
        const char *user;       /* TOKEND_USER= */
        const char *token_id;   /* TOKEND_TOKEN_ID= */
        const char *key_id;     /* TOKEND_KEY_ID=: the token by which it was done */
        const char *client;     /* TOKEND_CLIENT= */
        const char *service;    /* TOKEND_SERVICE= */
        const char *rhost;      /* TOKEND_RHOST= */
        int error;              /* a negative errno, written behind the message; 0: none */
} JournalFields;

#define JOURNAL_ID_LOGIN          "6f1d5a2c1f0b4c7a9c5a0d3b7e7f4a01"
#define JOURNAL_ID_LOGIN_REFUSED  "6f1d5a2c1f0b4c7a9c5a0d3b7e7f4a02"
#define JOURNAL_ID_LOGIN_CLOSED   "6f1d5a2c1f0b4c7a9c5a0d3b7e7f4a03"
#define JOURNAL_ID_TOKEN_ISSUED   "6f1d5a2c1f0b4c7a9c5a0d3b7e7f4a04"
#define JOURNAL_ID_TOKEN_REVOKED  "6f1d5a2c1f0b4c7a9c5a0d3b7e7f4a05"
#define JOURNAL_ID_USER_CHANGED   "6f1d5a2c1f0b4c7a9c5a0d3b7e7f4a06"
#define JOURNAL_ID_CLIENT_CHANGED "6f1d5a2c1f0b4c7a9c5a0d3b7e7f4a07"
#define JOURNAL_ID_FORGIVEN       "6f1d5a2c1f0b4c7a9c5a0d3b7e7f4a08"

enum JournalTarget { JOURNAL_TARGET_AUTO, JOURNAL_TARGET_JOURNAL, JOURNAL_TARGET_STDERR };

/* The process's log is the one thing with state of its own here, as stderr is. */
void journal_set_level(int syslog_level);
int journal_get_level(void);
void journal_set_target(enum JournalTarget target);
enum JournalTarget journal_get_target(void);

/* Control characters and bytes that are no UTF-8 are written as \xNN. */
void journal_log(int level, const JournalFields *fields, const char *format, ...)
                __attribute__((format(printf, 3, 4)));
#define log_error(...)   journal_log(LOG_ERR, NULL, __VA_ARGS__)
#define log_warning(...) journal_log(LOG_WARNING, NULL, __VA_ARGS__)
#define log_notice(...)  journal_log(LOG_NOTICE, NULL, __VA_ARGS__)
#define log_info(...)    journal_log(LOG_INFO, NULL, __VA_ARGS__)
#define log_debug(...)   journal_log(LOG_DEBUG, NULL, __VA_ARGS__)
