#pragma once

/* The accounts of passwd(5) and shadow(5): a parser each, and the two joined by name. */

#include "ctl/import-lines.h"

typedef struct Account {
        const char *file; /* borrowed */
        size_t line;
        enum ImportVerdict verdict;
        char *member; /* as in ImportEntry */
        char *name;   /* as the line has it; NULL: the line can't be split */
        int64_t uid;  /* -1: not in this file */
        int64_t gid;
        char *home;  /* NULL: not said */
        char *shell; /* likewise */
        bool has_hash;
        Secret hash; /* as the file has it, "!…" also */
        bool must_change;
        int64_t expires; /* s since 1970; 0: never */
        bool is_joined;  /* went into another one */
        bool is_torn; /* the wrong number of fields: nothing of it is shown */
} Account;

typedef struct Accounts {
        Account *rows;
        size_t n_rows;
} Accounts;

#define ACCOUNT_INIT  ((Account){ .uid = -1, .gid = -1 })
#define ACCOUNTS_INIT ((Accounts){ 0 })
void account_done(Account *account);
void accounts_done(Accounts *accounts);
/* Takes what is in account. 0 or -ENOMEM. */
int accounts_take(Accounts *accounts, Account *account);

/* What a parser does with a line. 0 or -ENOMEM; what is wrong with it goes into the account. */
typedef int (*AccountLine)(Span line, Account *account);
int accounts_parse(const char *file, const char *text, size_t size, AccountLine parse,
                   Accounts *ret);

/* Each line but empty ones and comments becomes an account, with a verdict if it can't be read. 0
 * or -ENOMEM. file is borrowed. */
int passwd_parse(const char *file, const char *text, size_t size, Accounts *ret);
int shadow_parse(const char *file, const char *text, size_t size, Accounts *ret);

/* The machine's own uid of a name; -1: it knows none. */
typedef int64_t (*AccountUid)(const char *name);

/* Either may be NULL. With both, passwd says who there is and shadow adds to it. Without passwd,
 * uid_of (NULL: not asked) says who is the system's. Takes what is in them. 0 or -ENOMEM. */
int accounts_join(Accounts *passwd, Accounts *shadow, AccountUid uid_of, ImportList *ret);
