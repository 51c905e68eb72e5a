/* What decides a login before PAM adds it up, in the order in which the module asks. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/columns.h"
#include "ctl/explain.h"
#include "login.h"
#include "passwd.h"
#include "peer.h"
#include "wire/cleanup.h"
#include "wire/form.h"
#include "wire/text.h"

#define GETENT               "/usr/bin/getent"
#define CONNECT_TIMEOUT_MSEC 1000U

/* Neither the module nor tokend has a say any more. */
static bool refuse_here(Explanation *explanation, int reason) {
        explanation->end = END_REFUSED;
        explanation->reason = reason_to_string(reason);
        return false;
}

static bool look_at_name(Explanation *explanation) {
        if (!user_name_is_valid(explanation->user)) {
                explain_step(explanation, FINDING_FAILURE, "name", REASON_INVALID_NAME,
                             "this can't be a login name, and nothing is looked up");
                return refuse_here(explanation, REASON_INVALID_NAME);
        }
        explain_step(explanation, FINDING_OK, "name", 0, "%s can be a login name",
                     explanation->user);
        return true;
}

/* getent's answer; 0: the name is known. */
static int ask_nss(const Explanation *explanation, const char *service, Secret *ret) {
        char *argv[] = { (char *)GETENT,
                         (char *)"-s",
                         (char *)service,
                         (char *)"passwd",
                         (char *)"--",
                         (char *)explanation->user,
                         NULL };

        if (service)
                return explanation->machine->run(argv, false, ret);
        argv[2] = argv[0];
        return explanation->machine->run(argv + 2, false, ret);
}

static const char *find_nss_service(const Explanation *explanation) {
        static const char *const services[] = { "files", "systemd", "sss", "ldap" };

        if (explanation->is_local)
                return services[0];
        for (size_t i = 1; i < ELEMENTSOF(services); i++) {
                _cleanup_(secret_done) Secret ignored = SECRET_INIT;

                if (ask_nss(explanation, services[i], &ignored) == 0)
                        return services[i];
        }
        return "another service";
}

static bool look_at_nss(Explanation *explanation) {
        _cleanup_(secret_done) Secret line = SECRET_INIT;
        uid_t uid, local;
        int r;

        explanation->is_local =
                        root_find_uid(explanation->machine->root, explanation->user, &local) == 0;
        r = ask_nss(explanation, NULL, &line);
        if (r == -ETIMEDOUT) {
                explain_step(explanation, FINDING_FAILURE, "nss", REASON_NSS_UNAVAILABLE,
                             "getent passwd %s hangs, and logins with it", explanation->user);
                return refuse_here(explanation, REASON_NSS_UNAVAILABLE);
        }
        if (r < 0) {
                explain_step(explanation, FINDING_NOTE, "nss", 0, GETENT ": %s",
                             strerrordesc_np(-r));
                return true;
        }
        if (r != 0 || passwd_line_uid(secret_text(&line), NULL, &uid) < 0) {
                explain_step(explanation, FINDING_FAILURE, "nss", REASON_NOT_KNOWN_TO_NSS,
                             "the machine knows no %s: %s", explanation->user,
                             streq(explanation->service, "sshd")
                                             ? "sshd passes on a password of its own, which is "
                                               "always wrong"
                                             : "programs refuse such a name by themselves");
                return refuse_here(explanation, REASON_NOT_KNOWN_TO_NSS);
        }
        explain_step(explanation, FINDING_OK, "nss", 0, "the machine knows %s as uid %u (%s)",
                     explanation->user, (unsigned)uid, find_nss_service(explanation));
        return true;
}

/* The module's own exceptions, before it asks anybody; each line has its own. */
static bool look_at_exceptions(Explanation *explanation) {
        const PamOptions *options = &explanation->options;

        if (explanation->asks)
                return true;
        if (!explain_passes_over(explanation, options, false))
                return false;
        explain_step(explanation, FINDING_NOTE, "module", REASON_USER_UNKNOWN, "%s",
                     streq(explanation->user, "root") ? "the module asks nobody about root"
                     : options->skip_local
                                     ? "the module asks nobody about local users (skip_local)"
                                     : "the module asks nobody about local users whom tokend has "
                                       "not taken on");
        return false;
}

static bool answer_unreachable(Explanation *explanation, const char *name, int reason,
                               const char *text) {
        explain_step(explanation, FINDING_FAILURE, name, reason, "%s: tokenctl doctor says more",
                     text);
        explanation->auth = explanation->account = reason;
        return false;
}

static bool look_at_socket(Explanation *explanation) {
        _cleanup_(closep) int fd = -1;
        int r;

        r = peer_connect(explanation->socket, trusted_uid_find(), deadline_in(CONNECT_TIMEOUT_MSEC),
                         &fd);
        if (r == REASON_PEER_UNTRUSTED)
                return answer_unreachable(explanation, "socket", r, "the socket is not tokend's");
        if (r < 0)
                return answer_unreachable(explanation, "socket",
                                          r == -ETIMEDOUT ? REASON_TIMED_OUT
                                                          : REASON_DAEMON_UNREACHABLE,
                                          strerrordesc_np(-r));
        explain_step(explanation, FINDING_OK, "socket", 0, "%s is trusted", explanation->socket);
        return true;
}

static LoginContext context_of(const Explanation *explanation) {
        return (LoginContext){
                .socket_path = explanation->socket,
                .trusted_uid = trusted_uid_find(),
                .timeout_msec = explanation->options.timeout_msec,
                .service = explanation->service,
                .rhost = explanation->rhost,
                .accept = explanation->options.accept,
                /* A look uses nothing up. */
                .once = false,
        };
}

static void say_expiry(Explanation *explanation, const Json *json, JsonNode user) {
        char time[TIME_TEXT_MAX];
        int64_t expires = 0;

        if (json_get_int64(json, user, "expires", &expires) < 0 || expires <= 0)
                return;
        time_format(expires, time);
        explain_step(explanation, FINDING_NOTE, "expiry", 0, "%s may log in until %s",
                     explanation->user, time);
}

/* What an administrator sees of the user. */
static void look_at_user(Explanation *explanation) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        _cleanup_(json_freep) Json *json = NULL;
        tokend_reply_t *reply = NULL;
        JsonNode users;
        const char *text;
        size_t size;

        if (path_make("/v1/users?name=", explanation->user, "", &path) != EXIT_DONE)
                return;
        if (tokend_call(explanation->ctl->handle, "GET", secret_text(&path), NULL, NULL, &reply) ==
            0) {
                text = tokend_reply_body(reply, &size);
                users = json_parse(text, size, &json) == 0 ? json_get(json, JSON_ROOT, "users")
                                                           : JSON_NONE;
                if (users != JSON_NONE && json_type(json, users) == JSON_ARRAY &&
                    json_first(json, users) != JSON_NONE)
                        say_expiry(explanation, json, json_first(json, users));
        }
        json = json_free(json);
        tokend_reply_free(reply);
}

static void say_uid(Explanation *explanation) {
        unsigned uid = (unsigned)explanation->uid, min = (unsigned)explanation->options.min_uid;

        if (pam_options_permit_uid(&explanation->options, explanation->uid))
                explain_step(explanation, FINDING_OK, "uid", 0, "uid %u may log in (min_uid=%u)",
                             uid, min);
        else
                explain_step(explanation, FINDING_FAILURE, "uid", REASON_UID_NOT_PERMITTED,
                             "uid %u may not log in (min_uid=%u)", uid, min);
}

/* Whether this is said of users whom tokend has. */
static bool is_of_account(int result) {
        return result == 0 || result == REASON_USER_LOCKED || result == REASON_USER_EXPIRED;
}

/* acct_mgmt's call; it tells as well whether there is such a user. */
static bool look_at_account(Explanation *explanation) {
        const LoginContext context = context_of(explanation);
        LoginReply reply = LOGIN_REPLY_INIT;
        int r;

        r = login_check(&context, explanation->user, &reply);
        explanation->account = r == 0 ? (int)reply.state : r;
        if (r == REASON_USER_UNKNOWN) {
                explain_step(explanation, FINDING_NOTE, "tokend", r, "tokend has no user %s",
                             explanation->user);
                explanation->auth = r;
                return false;
        }
        if (r == REASON_ACCESS_DENIED) {
                explain_step(explanation, FINDING_NOTE, "tokend", r,
                             "tokend answers; whether it has this user is told to root alone");
                explanation->auth = r;
                return false;
        }
        if (!is_of_account(r))
                return answer_unreachable(explanation, "tokend", r,
                                          r < 0 ? strerrordesc_np(-r) : reason_to_sentence(r));
        explain_step(explanation, FINDING_OK, "tokend", 0, "tokend has the user %s",
                     explanation->user);
        explain_step(explanation, explanation->account == 0 ? FINDING_OK : FINDING_FAILURE, "state",
                     explanation->account, "%s",
                     explanation->account == 0 ? "the account is active"
                                               : reason_to_sentence(explanation->account));
        look_at_user(explanation);
        explanation->uid = reply.uid;
        if (reply.uid != (uid_t)-1)
                say_uid(explanation);
        return true;
}

bool explain_look(Explanation *explanation) {
        if (!look_at_name(explanation) || !look_at_nss(explanation) ||
            !look_at_exceptions(explanation) || !look_at_socket(explanation) ||
            !look_at_account(explanation))
                return false;
        if (explanation->machine->uid == 0)
                return explanation->asks_auth;
        explain_step(explanation, FINDING_NOTE, "password", REASON_ACCESS_DENIED,
                     "only root can ask as the module does");
        return false;
}

/* Nobody will open a session by it. */
static void end_login(Explanation *explanation, const LoginContext *context, const char *id) {
        int r;

        if (id[0] == '\0') {
                explain_step(explanation, FINDING_WARNING, "login", REASON_STORE_UNAVAILABLE,
                             "there is no token, because nothing can be stored");
                return;
        }
        r = login_close(context, explanation->user, id);
        if (r == 0 || r == REASON_LOGIN_UNKNOWN)
                explain_step(explanation, FINDING_OK, "login", 0,
                             "login %s was made by it, and has been ended again", id);
        else
                explain_step(explanation, FINDING_WARNING, "login", r,
                             "login %s was made by it, and could not be ended: it dies by itself "
                             "within 5 minutes",
                             id);
}

static void say_refusal(Explanation *explanation, int result, const LoginReply *reply) {
        long wait = reply->retry_after < 0 ? 0 : reply->retry_after;

        if (result == REASON_TOO_MANY_FAILURES)
                explain_step(explanation, FINDING_FAILURE, "throttle", result,
                             "every attempt from %s is refused for another %ld s",
                             explanation->rhost ?: "here", wait);
        else if (result == REASON_OVERLOADED)
                explain_step(explanation, FINDING_FAILURE, "tokend", result,
                             "tokend has too much to do to look at this password now; it says to "
                             "try again in %ld s",
                             wait);
        else
                explain_step(explanation, FINDING_FAILURE, "password", result, "%s",
                             result < 0 ? strerrordesc_np(-result) : reason_to_sentence(result));
}

void explain_try(Explanation *explanation, const Secret *password) {
        const LoginContext context = context_of(explanation);
        LoginReply reply = LOGIN_REPLY_INIT;
        int r;

        r = login_authenticate(&context, explanation->user, password, &reply);
        explanation->auth = r;
        if (r != 0) {
                say_refusal(explanation, r, &reply);
                return;
        }
        explain_step(explanation, FINDING_OK, "throttle", 0, "no delay holds for %s",
                     explanation->rhost ?: "this machine");
        explain_step(explanation, FINDING_OK, "password", 0, "what was typed is right");
        explanation->has_login = reply.id[0] != '\0';
        explanation->uid = reply.uid;
        end_login(explanation, &context, reply.id);
}
