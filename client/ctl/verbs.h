#pragma once

/* The verbs, one row each: dispatch, help and completion are made from them. */

#include "ctl/ctl.h"

typedef struct Verb {
        const char *noun;
        const char *name;      /* NULL: the noun is the verb */
        const char *arguments; /* "": none; "NAME": one; "[ID…]": any number */
        uint64_t options;      /* besides the global ones */
        enum Exit (*run)(Ctl *ctl, char **arguments, size_t n);
        const char *summary;
} Verb;

extern const Verb verbs[];
extern const size_t n_verbs;

/* The verb that words begin with; ret_used says how many of them. NULL: there is none. */
const Verb *verb_find(char *const *words, size_t n, size_t *ret_used);

bool verb_takes_count(const Verb *verb, size_t n);

void help_print(void);
/* noun's verbs, or only that of name when it is not NULL. False: there is none. */
bool help_print_verb(const char *noun, const char *name);
void verbs_print_list(void);

enum Exit user_add(Ctl *ctl, char **arguments, size_t n);
enum Exit user_import(Ctl *ctl, char **arguments, size_t n);
enum Exit user_set(Ctl *ctl, char **arguments, size_t n);
enum Exit user_show(Ctl *ctl, char **arguments, size_t n);
enum Exit user_list(Ctl *ctl, char **arguments, size_t n);
enum Exit user_remove(Ctl *ctl, char **arguments, size_t n);
enum Exit user_passwd(Ctl *ctl, char **arguments, size_t n);
enum Exit user_lock(Ctl *ctl, char **arguments, size_t n);
enum Exit user_unlock(Ctl *ctl, char **arguments, size_t n);
enum Exit client_add(Ctl *ctl, char **arguments, size_t n);
enum Exit client_show(Ctl *ctl, char **arguments, size_t n);
enum Exit client_list(Ctl *ctl, char **arguments, size_t n);
enum Exit client_remove(Ctl *ctl, char **arguments, size_t n);
enum Exit token_list(Ctl *ctl, char **arguments, size_t n);
enum Exit token_show(Ctl *ctl, char **arguments, size_t n);
enum Exit token_revoke(Ctl *ctl, char **arguments, size_t n);
enum Exit token_issue(Ctl *ctl, char **arguments, size_t n);
enum Exit token_self(Ctl *ctl, char **arguments, size_t n);
enum Exit ssh_keys(Ctl *ctl, char **arguments, size_t n);
enum Exit throttle_list(Ctl *ctl, char **arguments, size_t n);
enum Exit throttle_clear(Ctl *ctl, char **arguments, size_t n);
enum Exit login(Ctl *ctl, char **arguments, size_t n);
enum Exit status(Ctl *ctl, char **arguments, size_t n);
enum Exit doctor(Ctl *ctl, char **arguments, size_t n);

/* login --explain */
enum Exit login_explain(Ctl *ctl, const char *user);
