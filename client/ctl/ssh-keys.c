/* tokenctl ssh-keys: what sshd runs as its AuthorizedKeysCommand. sshd lets in whom these lines
 * name, so they are printed all together or not at all; who is unknown, locked or expired has none,
 * which is an answer and no failure. sshd waits for it: the deadline is short. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/key-input.h"
#include "ctl/verbs.h"
#include "wire/cleanup.h"
#include "wire/form.h"
#include "wire/text.h"

#define TIMEOUT_MSEC 2000U

/* A newline in a key would be a key of its own. */
static int key_append(const Json *json, JsonNode node, Secret *text) {
        _cleanup_(secret_done) Secret key = SECRET_INIT;
        int r;

        r = json_text(json, node, &key);
        if (r < 0)
                return r;
        if (key_line_problem(secret_text(&key)))
                return -EBADMSG;
        r = secret_append_text(text, secret_text(&key));
        return r < 0 ? r : secret_append_text(text, "\n");
}

static int keys_collect(const Reply *reply, const char *name, Secret *ret) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        JsonNode keys = json_get(reply->json, JSON_ROOT, "keys");
        _cleanup_(freep) char *username = NULL;
        int r;

        r = json_get_text(reply->json, JSON_ROOT, "username", &username);
        if (r < 0)
                return r == -ENOMEM ? r : -EBADMSG;
        if (!streq(username, name) || keys == JSON_NONE ||
            json_type(reply->json, keys) != JSON_ARRAY)
                return -EBADMSG;
        for (JsonNode n = json_first(reply->json, keys); r == 0 && n != JSON_NONE;
             n = json_next(reply->json, n))
                r = key_append(reply->json, n, &text);
        if (r < 0)
                return r;
        *ret = TAKE(text, SECRET_INIT);
        return 0;
}

static enum Exit print_whole(const Secret *text) {
        for (size_t written = 0; written < text->size;) {
                ssize_t n = write(STDOUT_FILENO, text->text + written, text->size - written);

                if (n < 0 && errno != EINTR)
                        return complain_of_error("standard output", errno);
                written += n > 0 ? (size_t)n : 0;
        }
        return EXIT_DONE;
}

/* sshd takes no more of it than the exit status: the words are for whoever tries it by hand. */
static enum Exit complain_of_keys(const Ctl *ctl, const char *name, int r) {
        if (r == -EPROTO)
                return complain_of_reply(name);
        complain(name, tokend_error_reason(ctl->handle), "%s", tokend_error_message(ctl->handle));
        return exit_for(tokend_error_reason(ctl->handle));
}

enum Exit ssh_keys(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        Question question = { .method = "GET" };
        enum Exit e;
        int r;

        if (!user_name_is_valid(arguments[0]))
                return EXIT_DONE;
        e = path_make("/v1/logins/keys?user=", arguments[0], "", &path);
        if (e != EXIT_DONE)
                return e;
        question.path = secret_text(&path);
        (void)tokend_set_timeout(ctl->handle, TIMEOUT_MSEC);
        r = ctl_call(ctl, &question, &reply);
        if (r == REASON_USER_UNKNOWN)
                return EXIT_DONE;
        if (r != 0)
                return complain_of_keys(ctl, arguments[0], r);
        if (ctl_wants_json(ctl)) {
                reply_print_json(&reply);
                return EXIT_DONE;
        }
        r = keys_collect(&reply, arguments[0], &text);
        if (r == -EBADMSG)
                return complain_of_reply(arguments[0]);
        return r < 0 ? complain_of_error(arguments[0], r) : print_whole(&text);
}
