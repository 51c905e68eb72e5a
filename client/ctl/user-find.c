/* From a name to an id. Names and ids are two spaces: what is given as a name is never tried as an
 * id, so that nobody's id can be made to look like another's name. */

#include "ctl/user-find.h"

#include <errno.h>
#include <string.h>

#include "wire/cleanup.h"
#include "wire/form.h"
#include "wire/text.h"

/* Long enough for one question. */
#define SELF_TOKEN_SECONDS 60

static enum Exit malformed(const char *name) {
        complain(name, "reply-malformed", "%s", "the reply can't be understood");
        return EXIT_FAILED;
}

enum Exit user_find(Ctl *ctl, const char *name, Reply *ret, JsonNode *ret_user) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        _cleanup_(freep) char *found = NULL;
        Question question = { .method = "GET", .thing = name };
        JsonNode users, user;
        enum Exit e;

        e = path_make("/v1/users?name=", name, "", &path);
        if (e != EXIT_DONE)
                return e;
        question.path = secret_text(&path);
        e = ctl_ask(ctl, &question, &reply);
        if (e != EXIT_DONE)
                return e;
        users = json_get(reply.json, JSON_ROOT, "users");
        if (users == JSON_NONE || json_type(reply.json, users) != JSON_ARRAY)
                return malformed(name);
        user = json_first(reply.json, users);
        if (user == JSON_NONE) {
                complain(name, "user-unknown", "%s", reason_to_sentence(REASON_USER_UNKNOWN));
                return EXIT_FAILED;
        }
        if (json_get_text(reply.json, user, "name", &found) < 0 || !streq(found, name))
                return malformed(name);
        *ret_user = user;
        *ret = TAKE(reply, REPLY_INIT);
        return EXIT_DONE;
}

/* What the token says of its owner. */
static enum Exit owner_read(const Json *json, const char *name, char **ret) {
        _cleanup_(freep) char *owner = NULL;

        if (json_get_text(json, JSON_ROOT, "username", &owner) < 0)
                return malformed(name);
        if (!streq(owner, name)) {
                complain(name, "access-denied", "you are %s, and may not do this", owner);
                return EXIT_FAILED;
        }
        return json_get_text(json, JSON_ROOT, "sub", ret) < 0 ? malformed(name) : EXIT_DONE;
}

/* A token of one's own says who one is; it is taken back at once. */
enum Exit self_find_id(Ctl *ctl, const char *name, char **ret) {
        _cleanup_(secret_done) Secret form = SECRET_INIT;
        _cleanup_(secret_done) Secret token = SECRET_INIT;
        _cleanup_(reply_done) Reply issued = REPLY_INIT;
        _cleanup_(reply_done) Reply known = REPLY_INIT;
        const Question ask_token = { "POST", "/v1/self/token", TYPE_FORM, &form, name };
        const Question ask_owner = { "POST", "/oauth/introspect", TYPE_FORM, &form, name };
        enum Exit e;
        int r;

        r = form_append_number(&form, "ttl", SELF_TOKEN_SECONDS);
        if (r < 0)
                return complain_of_error(name, r);
        e = ctl_ask(ctl, &ask_token, &issued);
        if (e != EXIT_DONE)
                return e;
        if (json_get_secret(issued.json, JSON_ROOT, "access_token", &token) < 0)
                return malformed(name);
        secret_clear(&form);
        r = form_append(&form, "token", secret_text(&token));
        if (r < 0)
                return complain_of_error(name, r);
        e = ctl_ask(ctl, &ask_owner, &known);
        (void)tokend_revoke(ctl->handle, secret_text(&token));
        return e == EXIT_DONE ? owner_read(known.json, name, ret) : e;
}

enum Exit user_change_by_id(Ctl *ctl, const char *name, const char *id, const char *method,
                            const char *suffix, const Secret *body, Reply *ret) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        Question question = { .method = method, .body = body, .thing = name };
        enum Exit e;

        e = path_make("/v1/users/", id, suffix, &path);
        if (e != EXIT_DONE)
                return e;
        question.path = secret_text(&path);
        question.content_type = body ? TYPE_JSON : NULL;
        return ctl_ask(ctl, &question, ret);
}

enum Exit user_change(Ctl *ctl, const char *name, const char *method, const char *suffix,
                      const Secret *body, Reply *ret) {
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        _cleanup_(freep) char *id = NULL;
        JsonNode user;
        enum Exit e;

        e = user_find(ctl, name, &reply, &user);
        if (e != EXIT_DONE)
                return e;
        if (json_get_text(reply.json, user, "id", &id) < 0)
                return malformed(name);
        return user_change_by_id(ctl, name, id, method, suffix, body, ret);
}
