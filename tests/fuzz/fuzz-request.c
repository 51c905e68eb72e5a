/* A request, as "METHOD TARGET", the content type, and the body below: it is refused with a whole
 * reply, or it has one route, with all of that route's parameters, and nothing was said twice. */

#include "fuzz.h"

#include <errno.h>

#include "http/dispatch.h"
#include "http/route.h"
#include "wire/text.h"

static size_t count(const char *text, char c) {
        size_t n = 0;

        for (; *text; text++)
                n += *text == c;
        return n;
}

static void check_refusal(Request *request, int r) {
        _cleanup_(json_freep) Json *json = NULL;
        const Reply *reply = &request->reply;

        fuzz_check(r == REASON_INVALID_REQUEST || r == -EOPNOTSUPP || r == -ENOENT);
        fuzz_check(reply->status == (r > 0 ? 400 : r == -ENOENT ? 404 : 405));
        fuzz_check(!reply->allow[0] == (r != -EOPNOTSUPP));
        fuzz_check(json_parse(secret_text(&reply->body), reply->body.size, &json) == 0);
        fuzz_check(json_get(json, JSON_ROOT, "error") != JSON_NONE);
}

static void check_route(const Request *request, const char *target) {
        const Route *route = request->route;
        size_t n_params = count(route->pattern, ':');

        fuzz_check(streq(route->method, request->method) || streq(request->method, "HEAD"));
        fuzz_check(!(route->flags & ROUTE_SOCKET) || request->peer.door == DOOR_SOCKET);
        fuzz_check(count(route->pattern, '/') == request->n_segments);
        fuzz_check(strncmp(target, "/", 1) == 0 && !strchr(target, '#'));
        for (size_t i = 0; i < ROUTE_PARAMS_MAX; i++)
                fuzz_check(i < n_params ? request->params[i] && request->params[i][0]
                                        : !request->params[i]);
}

static void check_body(const Request *request, int r) {
        static const char *const secrets[] = { "password", "access_token", "client_secret" };

        fuzz_check(r == 0 || r == REASON_INVALID_REQUEST);
        if (r != 0)
                return;
        for (size_t i = 0; i < ELEMENTSOF(secrets); i++)
                fuzz_check(!request_query(request, secrets[i]));
        for (size_t i = 0; i < request->query.n_fields; i++)
                fuzz_check(!form_get(&request->form, secret_text(&request->query.fields[i].name)));
        if (request->route->body == BODY_JSON)
                fuzz_check(json_type(request->json, JSON_ROOT) == JSON_OBJECT);
}

static void check_request(char *text, const Peer *peer) {
        _cleanup_(request_unrefp) Request *request = request_new(&(HttpContext){ 0 }, peer);
        const char *line = strsep(&text, "\n"), *type = strsep(&text, "\n");
        const char *target = strchr(line, ' ');

        if (!target)
                return;
        snprintf(request->method, sizeof(request->method), "%.*s", (int)(target - line), line);
        fuzz_check(secret_append_text(&request->target, ++target) == 0);
        int r = dispatch_target(request);
        if (r != 0) {
                check_refusal(request, r);
                return;
        }
        check_route(request, target);
        fuzz_check(secret_append_text(&request->content_type, type ? type : "") == 0);
        fuzz_check(secret_append_text(&request->body, text ? text : "") == 0);
        check_body(request, request_parse_body(request));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const Peer peers[] = { { .door = DOOR_SOCKET }, { .door = DOOR_TCP } };

        for (size_t i = 0; i < ELEMENTSOF(peers); i++) {
                _cleanup_(freep) char *text = fuzz_text(data, size);

                check_request(text, &peers[i]);
        }
        return 0;
}
