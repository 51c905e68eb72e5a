/* The way from the options to tokend and back: which socket or URL, as whom, one question at a
 * time. tokend.conf is never read: who may ask need not be able to read it. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/secret-input.h"
#include "wire/cleanup.h"
#include "wire/form.h"

/* The user's own word for the socket, behind --socket=. */
#define SOCKET_VARIABLE "TOKEND_SOCKET"

const char *ctl_socket(const Ctl *ctl) {
        const char *socket = ctl_option(ctl, OPTION_SOCKET) ?: getenv(SOCKET_VARIABLE);

        return socket && socket[0] ? socket : TOKEND_SOCKET_PATH;
}

static enum Exit place_choose(Ctl *ctl) {
        const char *url = ctl_option(ctl, OPTION_URL);
        int r = 0;

        if (url && ctl_option(ctl, OPTION_SOCKET))
                return complain_of_usage("--socket and --url exclude each other");
        if (url)
                r = tokend_set_url(ctl->handle, url);
        else
                r = tokend_set_socket(ctl->handle, ctl_socket(ctl));
        if (r == -EINVAL)
                return complain_of_usage("%s", tokend_error_message(ctl->handle));
        return r < 0 ? complain_of_error(NULL, r) : EXIT_DONE;
}

static enum Exit bearer_set(Ctl *ctl) {
        _cleanup_(secret_done) Secret token = SECRET_INIT;
        enum Exit e;
        int r;

        e = secret_read_option(&ctl->options, OPTION_TOKEN_FILE, &token);
        if (e != EXIT_DONE)
                return e;
        r = tokend_set_bearer(ctl->handle, secret_text(&token));
        return r == 0 ? EXIT_DONE : complain_of_handle(ctl, "--token-file", r);
}

static enum Exit client_set(Ctl *ctl) {
        _cleanup_(secret_done) Secret secret = SECRET_INIT;
        enum Exit e;
        int r;

        if (!ctl_option(ctl, OPTION_CLIENT_SECRET_FILE))
                return complain_of_usage("--client needs --client-secret-file");
        if (!ctl_option(ctl, OPTION_CLIENT))
                return complain_of_usage("--client-secret-file needs --client");
        e = secret_read_option(&ctl->options, OPTION_CLIENT_SECRET_FILE, &secret);
        if (e != EXIT_DONE)
                return e;
        r = tokend_set_client(ctl->handle, ctl_option(ctl, OPTION_CLIENT), secret_text(&secret));
        return r == 0 ? EXIT_DONE : complain_of_handle(ctl, "--client", r);
}

enum Exit ctl_connect(Ctl *ctl, bool subject_is_client) {
        bool has_secret = ctl_option(ctl, OPTION_CLIENT_SECRET_FILE) != NULL;
        bool is_client = has_secret || (!subject_is_client && ctl_option(ctl, OPTION_CLIENT));
        bool is_bearer = ctl_option(ctl, OPTION_TOKEN_FILE) != NULL;
        enum Exit e;
        int r;

        if (has_secret && subject_is_client)
                return complain_of_usage(
                                "--client names what this verb is about; authenticate with "
                                "--token-file");
        if (is_client && is_bearer)
                return complain_of_usage("--client and --token-file exclude each other");
        e = secret_inputs_check(&ctl->options);
        if (e != EXIT_DONE)
                return e;
        r = tokend_new(&ctl->handle);
        if (r < 0)
                return complain_of_error(NULL, r);
        e = place_choose(ctl);
        if (e == EXIT_DONE && is_client)
                e = client_set(ctl);
        if (e == EXIT_DONE && is_bearer)
                e = bearer_set(ctl);
        return e;
}

void reply_done(Reply *reply) {
        reply->json = json_free(reply->json);
        tokend_reply_free(TAKE_PTR(reply->http));
}

int ctl_call(Ctl *ctl, const Question *question, Reply *ret) {
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        const char *text;
        size_t size;
        int r;

        r = tokend_call(ctl->handle, question->method, question->path, question->content_type,
                        question->body ? secret_text(question->body) : NULL, &reply.http);
        if (r != 0)
                return r;
        text = tokend_reply_body(reply.http, &size);
        r = json_parse(text, size, &reply.json);
        if (r < 0 || json_type(reply.json, JSON_ROOT) != JSON_OBJECT)
                return -EPROTO;
        *ret = TAKE(reply, REPLY_INIT);
        return 0;
}

enum Exit ctl_ask(Ctl *ctl, const Question *question, Reply *ret) {
        int r = ctl_call(ctl, question, ret);

        if (r == -EPROTO)
                return complain_of_reply(question->thing);
        return r == 0 ? EXIT_DONE : complain_of_handle(ctl, question->thing, r);
}

enum Exit path_make(const char *prefix, const char *name, const char *suffix, Secret *ret) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        int r;

        r = secret_append_text(&path, prefix);
        if (r == 0)
                r = percent_encode(&path, name, strlen(name));
        if (r == 0)
                r = secret_append_text(&path, suffix);
        if (r < 0)
                return complain_of_error(name, r);
        *ret = TAKE(path, SECRET_INIT);
        return EXIT_DONE;
}

enum Exit ctl_ask_about(Ctl *ctl, const char *method, const char *prefix, const char *name,
                        Reply *ret) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        Question question = { .method = method, .thing = name };
        enum Exit e;

        e = path_make(prefix, name, "", &path);
        if (e != EXIT_DONE)
                return e;
        question.path = secret_text(&path);
        return ctl_ask(ctl, &question, ret);
}

bool ctl_is_ordinary(const Ctl *ctl) {
        return geteuid() != 0 && !ctl_option(ctl, OPTION_URL) &&
               !ctl_option(ctl, OPTION_TOKEN_FILE);
}

enum Exit print_change(const Ctl *ctl, const char *name, const char *what, const Reply *reply) {
        int64_t revoked = reply_number(reply, "revoked");

        if (ctl_wants_json(ctl))
                reply_print_json(reply);
        else
                printf("%s %s, %" PRId64 " token%s revoked.\n", name, what, revoked,
                       revoked == 1 ? "" : "s");
        return EXIT_DONE;
}

void reply_print_json(const Reply *reply) {
        puts(tokend_reply_body(reply->http, NULL));
}

int64_t reply_number(const Reply *reply, const char *name) {
        int64_t number = 0;

        return json_get_int64(reply->json, JSON_ROOT, name, &number) == 0 ? number : 0;
}
