/* Any bytes as tokend's reply to the module's calls. Nobody but the user who was asked for logs in,
 * and nobody by a reply that says less than all of it.
 *
 * transport_unix_call() below stands in for the socket: the linker takes it in place of the
 * library's, and the context's socket path carries the bytes. */

#include "fuzz.h"

#include <errno.h>

#include "http-reply.h"
#include "login.h"
#include "wire/json-read.h"
#include "wire/text.h"

#define USER  "ada"
#define LOGIN "0123456789abcdef0123456789abcdef"

typedef struct Wire {
        const uint8_t *data;
        size_t size;
} Wire;

int transport_unix_call(const char *socket_path, uid_t trusted_uid, unsigned timeout_msec,
                        const HttpRequest *request, HttpReply *ret) {
        _cleanup_(reply_reader_done) ReplyReader reader = REPLY_READER(BODY_MAX);
        const Wire *wire = (const void *)socket_path;

        int r = reply_reader_feed(&reader, (const char *)wire->data, wire->size);
        if (r < 0 || reader.state != REPLY_COMPLETE)
                return -EBADMSG;
        *ret = TAKE(reader.reply, HTTP_REPLY_INIT);
        return 0;
}

static LoginContext context_of(const Wire *wire) {
        return (LoginContext){ .socket_path = (const void *)wire };
}

static void check_code(int r) {
        fuzz_check(r == 0 || (r > 0 && reason_to_string(r)));
}

static bool is_id(const LoginReply *login) {
        return text_is_hex(login->id, TOKEN_ID_SIZE);
}

static void check_reply(int r, const LoginReply *login) {
        check_code(r);
        if (r == 0) {
                fuzz_check(login->uid != (uid_t)-1 && login->gid != (gid_t)-1);
                fuzz_check(is_id(login) || login->id[0] == '\0');
                return;
        }
        fuzz_check(login->uid == (uid_t)-1 && login->gid == (gid_t)-1);
        fuzz_check(login->id[0] == '\0' && login->state == REASON_NONE);
}

/* What a success rests on, read once more. */
static void check_proof(const Wire *wire, const LoginReply *login) {
        _cleanup_(reply_reader_done) ReplyReader reader = REPLY_READER(BODY_MAX);
        _cleanup_(json_freep) Json *json = NULL;
        _cleanup_(freep) char *name = NULL;
        int64_t uid, gid;

        fuzz_check(reply_reader_feed(&reader, (const char *)wire->data, wire->size) == 0);
        const HttpReply *reply = &reader.reply;
        fuzz_check(reader.state == REPLY_COMPLETE && reply->status == 200 && reply->is_json);
        fuzz_check(json_parse(secret_text(&reply->body), reply->body.size, &json) == 0);
        fuzz_check(json_get_text(json, JSON_ROOT, "username", &name) == 0 && streq(name, USER));
        fuzz_check(json_get_int64(json, JSON_ROOT, "uid", &uid) == 0 && uid == login->uid);
        fuzz_check(json_get_int64(json, JSON_ROOT, "gid", &gid) == 0 && gid == login->gid);
}

static int authenticate(const Wire *wire, const Secret *password, LoginReply *ret) {
        LoginContext context = context_of(wire);

        *ret = LOGIN_REPLY_INIT;
        int r = login_authenticate(&context, USER, password, ret);
        check_reply(r, ret);
        return r;
}

static void check_authenticate(const Wire *wire) {
        _cleanup_(secret_done) Secret password = SECRET_INIT;
        LoginReply login;

        fuzz_check(authenticate(wire, NULL, &login) != 0);
        fuzz_check(authenticate(wire, &password, &login) == REASON_EMPTY_PASSWORD);
        fuzz_check(secret_append_text(&password, "a long password") == 0);
        if (authenticate(wire, &password, &login) != 0)
                return;
        check_proof(wire, &login);
        fuzz_check(is_id(&login) || login.state == REASON_STORE_UNAVAILABLE);
        for (size_t cut = 0; cut < wire->size && wire->size < 1024; cut++)
                fuzz_check(authenticate(&(Wire){ wire->data, cut }, &password, &login) != 0);
}

static void check_calls(const Wire *wire) {
        LoginContext context = context_of(wire);
        LoginReply login = LOGIN_REPLY_INIT;

        int r = login_check(&context, USER, &login);
        check_reply(r, &login);
        if (r == 0) {
                check_proof(wire, &login);
                fuzz_check(login.id[0] == '\0');
        }

        login = LOGIN_REPLY_INIT;
        r = login_open(&context, USER, LOGIN, &login);
        check_reply(r, &login);
        if (r == 0) {
                check_proof(wire, &login);
                fuzz_check(is_id(&login) || login.state == REASON_STORE_UNAVAILABLE);
        }

        check_code(login_close(&context, USER, LOGIN));
        fuzz_check(login_close(&context, USER, "not an id") == REASON_LOGIN_UNKNOWN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const Wire wire = { data, size };

        check_authenticate(&wire);
        check_calls(&wire);
        return 0;
}
