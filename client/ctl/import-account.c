/* Accounts of passwd(5) and shadow(5) become users to add. Who is in passwd but not in shadow fails
 * rather than getting no password, since the next import would leave a user alone who is there. */

#include "ctl/import-account.h"

#include <errno.h>
#include <stdlib.h>

#include "wire/cleanup.h"
#include "wire/json-write.h"
#include "wire/text.h"

void account_done(Account *account) {
        free(account->member);
        free(account->name);
        free(account->home);
        free(account->shell);
        secret_done(&account->hash);
        *account = ACCOUNT_INIT;
}

void accounts_done(Accounts *accounts) {
        for (size_t i = 0; i < accounts->n_rows; i++)
                account_done(&accounts->rows[i]);
        free(accounts->rows);
        *accounts = ACCOUNTS_INIT;
}

int accounts_take(Accounts *accounts, Account *account) {
        size_t n = accounts->n_rows;

        if ((n & (n - 1)) == 0) {
                Account *grown = reallocarray(accounts->rows, n > 0 ? 2 * n : 1, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                accounts->rows = grown;
        }
        accounts->rows[accounts->n_rows++] = TAKE(*account, ACCOUNT_INIT);
        return 0;
}

int accounts_parse(const char *file, const char *text, size_t size, AccountLine parse,
                   Accounts *ret) {
        _cleanup_(accounts_done) Accounts accounts = ACCOUNTS_INIT;
        LineReader reader = line_reader(text, size);
        enum ImportVerdict verdict;
        Span line;

        while (line_next(&reader, &line, &verdict)) {
                _cleanup_(account_done) Account account = ACCOUNT_INIT;
                int r = 0;

                if (line.size == 0 || line.text[0] == '#')
                        continue;
                account.file = file;
                account.line = reader.number;
                account.verdict = verdict;
                if (verdict == IMPORT_TO_ADD && (line.text[0] == '+' || line.text[0] == '-'))
                        account.verdict = IMPORT_NIS;
                if (account.verdict == IMPORT_TO_ADD)
                        r = parse(line, &account);
                if (r == 0)
                        r = accounts_take(&accounts, &account);
                if (r < 0)
                        return r;
        }
        *ret = TAKE(accounts, ACCOUNTS_INIT);
        return 0;
}

static int body_write(const Account *account, Secret *ret) {
        JsonWriter w = JSON_WRITER(ret);

        json_write_object(&w, NULL);
        json_write_text(&w, "name", account->name);
        if (account->uid >= 0)
                json_write_int(&w, "uid", account->uid);
        json_write_text(&w, "home", account->home);
        json_write_text(&w, "shell", account->shell);
        if (account->hash.size > 0)
                json_write_secret(&w, "hash", &account->hash);
        if (account->must_change)
                json_write_text(&w, "state", "password-must-change");
        if (account->expires > 0)
                json_write_int(&w, "expires", account->expires);
        json_write_object_end(&w);
        return json_write_end(&w);
}

/* Takes what is in account. */
static int entry_add(Account *account, ImportList *list) {
        _cleanup_(import_entry_done) ImportEntry entry = IMPORT_ENTRY_INIT;
        int r = 0;

        entry.file = account->file;
        entry.line = account->line;
        entry.verdict = account->verdict;
        entry.uid = account->uid;
        entry.gid = account->gid;
        entry.password_was_empty = account->has_hash && account->hash.size == 0;
        if (account->verdict == IMPORT_TO_ADD)
                r = body_write(account, &entry.body);
        /* It may as well be a part of a password. */
        if (!account->is_torn)
                entry.name = TAKE_PTR(account->name);
        entry.member = TAKE_PTR(account->member);
        import_entry_judge(&entry);
        return r < 0 ? r : import_list_take(list, &entry);
}

static int compare_accounts(const void *a, const void *b) {
        const Account *x = *(Account *const *)a, *y = *(Account *const *)b;
        int order = strcmp(x->name, y->name);

        return order != 0 ? order : (x > y) - (x < y);
}

static int compare_name(const void *name, const void *member) {
        return strcmp(name, (*(Account *const *)member)->name);
}

typedef struct Index {
        Account **rows; /* those with names, in their order */
        size_t n_rows;
} Index;

static void index_done(Index *index) {
        free(index->rows);
}

static int index_make(const Accounts *accounts, Index *ret) {
        ret->rows = calloc(accounts->n_rows + 1, sizeof(*ret->rows));
        if (!ret->rows)
                return -ENOMEM;
        for (size_t i = 0; i < accounts->n_rows; i++)
                if (accounts->rows[i].name)
                        ret->rows[ret->n_rows++] = &accounts->rows[i];
        qsort(ret->rows, ret->n_rows, sizeof(*ret->rows), compare_accounts);
        return 0;
}

/* The first one of that name, as the system reads the file; NULL: none. */
static Account *index_find(const Index *index, const char *name) {
        Account **found = bsearch(name, index->rows, index->n_rows, sizeof(*index->rows),
                                  compare_name);

        while (found && found > index->rows && streq(found[-1]->name, name))
                found--;
        return found ? *found : NULL;
}

/* Takes what shadow has of a person. */
static void shadow_apply(Account *account, Account *shadow) {
        if (account->verdict != IMPORT_TO_ADD ||
            import_verdict_of(account->name, account->uid) != IMPORT_TO_ADD)
                return;
        if (!shadow) {
                if (!account->has_hash)
                        account->verdict = IMPORT_NOT_IN_SHADOW;
                return;
        }
        if (shadow->verdict != IMPORT_TO_ADD) {
                account->verdict = shadow->verdict;
                account->file = shadow->file;
                account->line = shadow->line;
                account->member = TAKE_PTR(shadow->member);
                return;
        }
        account->must_change = shadow->must_change;
        account->expires = shadow->expires;
        /* Who has a hash in passwd itself is asked for that one. */
        if (account->has_hash)
                return;
        account->has_hash = shadow->has_hash;
        account->hash = TAKE(shadow->hash, SECRET_INIT);
}

/* Of what went into nobody's account, says why. */
static void rest_judge(Accounts *shadow, const Index *people, const Index *secrets) {
        for (size_t i = 0; i < shadow->n_rows; i++) {
                Account *account = &shadow->rows[i];
                bool is_known = account->name && index_find(people, account->name);

                account->is_joined = is_known && index_find(secrets, account->name) == account;
                if (account->verdict == IMPORT_TO_ADD)
                        account->verdict = is_known ? IMPORT_DUPLICATE : IMPORT_NOT_IN_PASSWD;
        }
}

static int rest_add(Accounts *shadow, ImportList *list) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < shadow->n_rows; i++)
                if (!shadow->rows[i].is_joined)
                        r = entry_add(&shadow->rows[i], list);
        return r;
}

static int join_both(Accounts *passwd, Accounts *shadow, ImportList *list) {
        _cleanup_(index_done) Index people = { 0 }, secrets = { 0 };
        int r;

        r = index_make(passwd, &people);
        if (r == 0)
                r = index_make(shadow, &secrets);
        for (size_t i = 0; r == 0 && i < passwd->n_rows; i++) {
                Account *account = &passwd->rows[i];

                if (account->name)
                        shadow_apply(account, index_find(&secrets, account->name));
        }
        if (r < 0)
                return r;
        rest_judge(shadow, &people, &secrets);
        return rest_add(shadow, list);
}

/* "!", "*", "!!": nothing was ever hidden behind it. */
static bool never_had_password(const Account *account) {
        const char *hash = secret_text(&account->hash);

        return account->hash.size > 0 && hash[strspn(hash, "!*")] == '\0';
}

static void system_apply(Account *account, AccountUid uid_of) {
        if (account->verdict != IMPORT_TO_ADD || account->uid >= 0)
                return;
        if (uid_of && user_name_is_valid(account->name))
                account->uid = uid_of(account->name);
        if (account->uid < 0 && never_had_password(account))
                account->verdict = IMPORT_NO_PASSWORD;
}

int accounts_join(Accounts *passwd, Accounts *shadow, AccountUid uid_of, ImportList *ret) {
        _cleanup_(import_list_done) ImportList list = IMPORT_LIST_INIT, rest = IMPORT_LIST_INIT;
        Accounts *main = passwd ?: shadow;
        int r = 0;

        if (passwd && shadow)
                r = join_both(passwd, shadow, &rest);
        for (size_t i = 0; r == 0 && i < main->n_rows; i++) {
                if (!passwd)
                        system_apply(&main->rows[i], uid_of);
                r = entry_add(&main->rows[i], &list);
        }
        for (size_t i = 0; r == 0 && i < rest.n_entries; i++)
                r = import_list_take(&list, &rest.entries[i]);
        if (r == 0)
                r = import_list_judge_names(&list);
        if (r < 0)
                return r;
        *ret = TAKE(list, IMPORT_LIST_INIT);
        return 0;
}
