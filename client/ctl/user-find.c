/* From a name to an id. Names and ids are two spaces: what is given as a name is never tried as an
 * id, so that nobody's id can be made to look like another's name. */

#include "ctl/user-find.h"

#include "wire/cleanup.h"
#include "wire/text.h"

enum Exit user_find(Ctl *ctl, const char *name, Reply *ret, JsonNode *ret_user) {
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        _cleanup_(freep) char *found = NULL;
        JsonNode users, user;
        enum Exit e;

        e = ctl_ask_about(ctl, "GET", "/v1/users?name=", name, &reply);
        if (e != EXIT_DONE)
                return e;
        users = json_get(reply.json, JSON_ROOT, "users");
        if (users == JSON_NONE || json_type(reply.json, users) != JSON_ARRAY)
                return complain_of_reply(name);
        user = json_first(reply.json, users);
        if (user == JSON_NONE) {
                complain(name, "user-unknown", "%s", reason_to_sentence(REASON_USER_UNKNOWN));
                return EXIT_FAILED;
        }
        if (json_get_text(reply.json, user, "name", &found) < 0 || !streq(found, name))
                return complain_of_reply(name);
        *ret_user = user;
        *ret = TAKE(reply, REPLY_INIT);
        return EXIT_DONE;
}

static enum Exit change_by_id(Ctl *ctl, const char *name, const char *id, const char *method,
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
                return complain_of_reply(name);
        return change_by_id(ctl, name, id, method, suffix, body, ret);
}
