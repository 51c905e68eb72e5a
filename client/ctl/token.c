/* tokenctl token: making, listing and revoking tokens. A new token goes to standard output alone,
 * so that a script can take it; what is to be said about it goes to stderr. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "ctl/members.h"
#include "ctl/pages.h"
#include "ctl/verbs.h"
#include "wire/cleanup.h"
#include "wire/form.h"
#include "wire/json-write.h"
#include "wire/protocol.h"
#include "wire/text.h"

#define TOKENS "/v1/tokens/"

/* clang-format off */
static const Column columns[] = {
        { "ID",      "id",        "id",        COLUMN_TEXT   },
        { "KIND",    "kind",      "kind",      COLUMN_TEXT   },
        { "USER",    "user",      "user",      COLUMN_TEXT   },
        { NULL,      "user id",   "user_id",   COLUMN_TEXT   },
        { NULL,      "uid",       "uid",       COLUMN_NUMBER },
        { "CLIENT",  "client",    "client_id", COLUMN_TEXT   },
        { "SCOPES",  "scopes",    "scopes",    COLUMN_LIST   },
        { "GRANT",   "grant",     "grant",     COLUMN_TEXT   },
        { "SERVICE", "service",   "service",   COLUMN_TEXT   },
        { "FROM",    "from",      "rhost",     COLUMN_TEXT   },
        { NULL,      "tty",       "tty",       COLUMN_TEXT   },
        { NULL,      "login",     "login",     COLUMN_TEXT   },
        { "CREATED", "created",   "created",   COLUMN_TIME   },
        { "EXPIRES", "expires",   "expires",   COLUMN_TIME   },
        { NULL,      "last used", "last_used", COLUMN_TIME   },
};
/* clang-format on */

/* Whose: --user=, --client= or neither. */
static enum Exit owner_query(const Ctl *ctl, const char *prefix, Secret *ret) {
        _cleanup_(secret_done) Secret query = SECRET_INIT;
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        int r;

        r = form_append(&query, "user", ctl_option(ctl, OPTION_USER));
        if (r == 0)
                r = form_append(&query, "client_id", ctl_option(ctl, OPTION_CLIENT));
        if (r == 0 && option_is_given(&ctl->options, OPTION_ALL))
                r = form_append(&query, "all", "true");
        if (r == 0)
                r = secret_append_text(&path, prefix);
        if (r == 0)
                r = secret_append_text(&path, secret_text(&query));
        if (r < 0)
                return complain_of_error(NULL, r);
        *ret = TAKE(path, SECRET_INIT);
        return EXIT_DONE;
}

enum Exit token_list(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        Listing listing = { NULL, "tokens", columns, ELEMENTSOF(columns), NULL };
        enum Exit e;

        e = owner_query(ctl, "/v1/tokens?", &path);
        if (e != EXIT_DONE)
                return e;
        if (path.text[path.size - 1] != '?' && secret_append_text(&path, "&") < 0)
                return complain_of_error(NULL, -ENOMEM);
        listing.path = secret_text(&path);
        return listing_print(ctl, &listing);
}

/* Somebody who gives the token itself has shown it to everybody who runs ps; it goes no further. */
static enum Exit id_check(const char *id) {
        if (text_is_hex(id, TOKEN_ID_SIZE))
                return EXIT_DONE;
        if (text_is_hex(id, TOKEN_TEXT_SIZE))
                return complain_of_usage("this is a token, not the id of one; its id is what\n"
                                         "  printf %%s TOKEN | sha256sum | cut -c1-32\nsays");
        return complain_of_usage("%s: the id of a token has 32 digits 0-9a-f", id);
}

enum Exit token_show(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        enum Exit e;

        e = id_check(arguments[0]);
        if (e == EXIT_DONE)
                e = ctl_ask_about(ctl, "GET", TOKENS, arguments[0], &reply);
        return e == EXIT_DONE ? reply_show(ctl, columns, ELEMENTSOF(columns), &reply) : e;
}

static void print_revoked(const Ctl *ctl, int64_t revoked) {
        if (ctl_wants_json(ctl))
                printf("{\"revoked\":%" PRId64 "}\n", revoked);
        else
                printf("%" PRId64 " token%s revoked.\n", revoked, revoked == 1 ? "" : "s");
}

/* Each id for itself: one that is not there keeps no other alive. */
static enum Exit revoke_ids(Ctl *ctl, char **ids, size_t n) {
        enum Exit worst = EXIT_DONE;
        int64_t revoked = 0;

        for (size_t i = 0; i < n; i++) {
                enum Exit e = id_check(ids[i]);

                if (e != EXIT_DONE)
                        return e;
        }
        for (size_t i = 0; i < n; i++) {
                _cleanup_(reply_done) Reply reply = REPLY_INIT;
                enum Exit e;

                e = ctl_ask_about(ctl, "DELETE", TOKENS, ids[i], &reply);
                if (e == EXIT_DONE)
                        revoked += reply_number(&reply, "revoked");
                else
                        worst = e;
                if (e == EXIT_UNREACHABLE)
                        break;
        }
        if (revoked > 0 || worst == EXIT_DONE)
                print_revoked(ctl, revoked);
        return worst;
}

enum Exit token_revoke(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        const char *user = ctl_option(ctl, OPTION_USER);
        const char *client = ctl_option(ctl, OPTION_CLIENT);
        bool all = option_is_given(&ctl->options, OPTION_ALL);
        Question question = { .method = "DELETE", .thing = user ?: client };
        enum Exit e;

        if ((n > 0) + (user != NULL) + (client != NULL) + all != 1)
                return complain_of_usage(
                                "token revoke takes one of: ID…, --user=NAME, --client=ID, "
                                "--all");
        if (n > 0)
                return revoke_ids(ctl, arguments, n);
        e = owner_query(ctl, "/v1/tokens?", &path);
        if (e != EXIT_DONE)
                return e;
        question.path = secret_text(&path);
        e = ctl_ask(ctl, &question, &reply);
        if (e == EXIT_DONE)
                print_revoked(ctl, reply_number(&reply, "revoked"));
        return e;
}

static enum Exit print_issued(const Ctl *ctl, const Reply *reply) {
        _cleanup_(secret_done) Secret token = SECRET_INIT;
        int64_t expires_in = reply_number(reply, "expires_in");
        _cleanup_(freep) char *id = NULL;
        char expires[TIME_TEXT_MAX];

        if (json_get_secret(reply->json, JSON_ROOT, "access_token", &token) < 0) {
                complain(NULL, "reply-malformed", "there is no token in the reply");
                return EXIT_FAILED;
        }
        if (ctl_wants_json(ctl)) {
                reply_print_json(reply);
                return EXIT_DONE;
        }
        puts(secret_text(&token));
        if (isatty(STDERR_FILENO) && json_get_text(reply->json, JSON_ROOT, "id", &id) == 0) {
                time_format((int64_t)time(NULL) + expires_in, expires);
                fprintf(stderr, "Its id is %s; it expires %s and is not shown again.\n", id,
                        expires);
        }
        return EXIT_DONE;
}

/* The id of the login that the module left in the session: the token then dies with it. */
static const char *login_of_session(const Ctl *ctl) {
        const char *login = getenv(LOGIN_VARIABLE);

        if (ctl_option(ctl, OPTION_URL) || !text_is_hex(login, TOKEN_ID_SIZE))
                return NULL;
        return login;
}

enum Exit token_self(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(secret_done) Secret form = SECRET_INIT;
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        _cleanup_(freep) char *scope = NULL;
        Question question = { "POST", "/v1/self/token", TYPE_FORM, &form, NULL };
        char self[32];
        int64_t ttl;
        enum Exit e;
        int r;

        e = scopes_join(ctl, &scope);
        if (e == EXIT_DONE)
                e = seconds_parse(ctl, OPTION_TTL, &ttl);
        if (e != EXIT_DONE)
                return e;
        r = form_append(&form, "scope", scope);
        if (r == 0 && ttl > 0)
                r = form_append_number(&form, "ttl", ttl);
        if (r == 0)
                r = form_append(&form, "login", login_of_session(ctl));
        if (r < 0)
                return complain_of_error(NULL, r);
        /* The name is not ours to find: that may ask tokend. */
        snprintf(self, sizeof(self), "uid %u", (unsigned)geteuid());
        if (!option_is_given(&ctl->options, OPTION_URL))
                question.thing = self;
        e = ctl_ask(ctl, &question, &reply);
        return e == EXIT_DONE ? print_issued(ctl, &reply) : e;
}

enum Exit token_issue(Ctl *ctl, char **arguments, size_t n) {
        static const Member members[] = {
                { OPTION_USER, "user", MEMBER_TEXT },
                { OPTION_CLIENT, "client_id", MEMBER_TEXT },
                { OPTION_SCOPES, "scopes", MEMBER_LIST },
        };
        _cleanup_(secret_done) Secret body = SECRET_INIT;
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        const char *user = ctl_option(ctl, OPTION_USER);
        const char *client = ctl_option(ctl, OPTION_CLIENT);
        Question question = { "POST", "/v1/tokens", TYPE_JSON, &body, user ?: client };
        JsonWriter w = JSON_WRITER(&body);
        int64_t ttl;
        enum Exit e;
        int r;

        if ((user != NULL) == (client != NULL))
                return complain_of_usage("token issue takes one of: --user=NAME, --client=ID");
        e = seconds_parse(ctl, OPTION_TTL, &ttl);
        if (e != EXIT_DONE)
                return e;
        json_write_object(&w, NULL);
        e = members_write(ctl, members, ELEMENTSOF(members), &w);
        if (e != EXIT_DONE)
                return e;
        if (ttl > 0)
                json_write_int(&w, "ttl", ttl);
        json_write_object_end(&w);
        r = json_write_end(&w);
        if (r < 0)
                return complain_of_error(NULL, r);
        e = ctl_ask(ctl, &question, &reply);
        return e == EXIT_DONE ? print_issued(ctl, &reply) : e;
}
