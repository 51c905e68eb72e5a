/* Bodies, as the route wants them: strictly, but for the dialects whose own clients say one type
 * and send another. */

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "http/route.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"
#include "wire/reason.h"
#include "wire/text.h"

size_t request_body_max(const Request *request) {
        const Config *config = request->context->config;
        size_t bulk = 64 * (size_t)config->enterprise_bulk_maximum + 1024;

        if (!request->route || !(request->route->flags & ROUTE_BULK) || bulk < BODY_MAX)
                return BODY_MAX;
        return bulk;
}

bool request_has_type(const Request *request, const char *type) {
        const char *text = secret_text(&request->content_type);
        size_t size = strcspn(text, "; \t");
        return size == strlen(type) && strncasecmp(text, type, size) == 0;
}

/* Once in the query and once in the body is twice. */
static int check_doubles(Request *request) {
        for (size_t i = 0; i < request->query.n_fields; i++)
                for (size_t k = 0; k < request->form.n_fields; k++)
                        if (secret_equal(&request->query.fields[i].name,
                                         &request->form.fields[k].name))
                                return request_refuse_form(request, -ENOTUNIQ);
        return 0;
}

static int read_form(Request *request) {
        int r = form_parse(secret_text(&request->body), request->body.size, &request->form);
        return r != 0 ? request_refuse_form(request, r) : check_doubles(request);
}

static int parse_form(Request *request) {
        if (request->body.size > 0 && !request_has_type(request, TYPE_FORM))
                return request_refuse(request, REASON_INVALID_REQUEST,
                                      "the body must be " TYPE_FORM);
        return read_form(request);
}

static int read_json(Request *request) {
        int r = json_parse(secret_text(&request->body), request->body.size, &request->json);
        if (r == 0 && json_type(request->json, JSON_ROOT) != JSON_OBJECT)
                r = REASON_INVALID_REQUEST;
        return r == -EBADMSG || r == -E2BIG ? REASON_INVALID_REQUEST : r;
}

static int parse_json(Request *request) {
        int r;

        if (request->body.size > 0 && !request_has_type(request, TYPE_JSON))
                return request_refuse(request, REASON_INVALID_REQUEST,
                                      "the body must be " TYPE_JSON);
        r = request->body.size > 0 ? 0 : secret_set(&request->body, "{}", 2);
        return r == 0 ? read_json(request) : r;
}

/* "name=value&" of a member that is a text; anything else is as good as absent. */
static int append_text(const Json *json, JsonNode node, Secret *form) {
        _cleanup_(secret_done) Secret name = SECRET_INIT, value = SECRET_INIT;
        int r;

        if (json_type(json, json_value(json, node)) != JSON_STRING)
                return 0;
        r = json_text(json, node, &name);
        if (r == 0)
                r = json_text(json, json_value(json, node), &value);
        if (r != 0)
                return r;
        return form_append_bytes(form, secret_text(&name), secret_text(&value), value.size);
}

static int parse_loose(Request *request) {
        _cleanup_(secret_done) Secret form = SECRET_INIT;
        const char *text = secret_text(&request->body);
        const Json *json;
        int r;

        if (text[strspn(text, " \t\r\n")] != '{')
                return read_form(request);
        r = read_json(request);
        json = request->json;
        for (JsonNode n = r == 0 ? json_first(json, JSON_ROOT) : JSON_NONE;
             r == 0 && n != JSON_NONE; n = json_next(json, n))
                r = append_text(json, n, &form);
        if (r == 0)
                r = form_parse(secret_text(&form), form.size, &request->form);
        if (r != 0)
                return r == -ENOMEM ? r : REASON_INVALID_REQUEST;
        return check_doubles(request);
}

int request_parse_body(Request *request) {
        switch (request->route->body) {
        case BODY_FORM:
                return parse_form(request);
        case BODY_JSON:
                return parse_json(request);
        case BODY_LOOSE:
                return parse_loose(request);
        case BODY_NONE: /* some clients send one with GET */
        case BODY_ANY:
                return 0;
        }
        return -EINVAL;
}
