/* Strict where LoopBack takes anything: a ttl is a whole number above 0, in digits or as a text of
 * them. What a member's being null says is that it is absent. */

#include "http/account-body.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "http/account-value.h"
#include "http/query-object.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"
#include "wire/text.h"

/* Of what was sent, in messages. */
#define SHOWN_MAX 200
/* Where doubles stop being whole numbers. */
#define TTL_MAX 9007199254740992.0

static int refuse(Request *request, const char *before, const Json *json, JsonNode node) {
        size_t size;
        const char *text = json_raw(json, node, &size);
        char *detail = request_alloc(request, strlen(before) + SHOWN_MAX + 1);

        if (!detail)
                return -ENOMEM;
        if (size > SHOWN_MAX) {
                text = "…";
                size = strlen(text);
        }
        snprintf(detail, strlen(before) + SHOWN_MAX + 1, "%s%.*s", before, (int)size, text);
        return request_refuse(request, REASON_INVALID_REQUEST, detail);
}

static int read_ttl(const Json *json, int64_t *ret) {
        _cleanup_(value_done) Value value = { 0 };
        JsonNode node = json_get(json, JSON_ROOT, "ttl");
        int r;

        if (node == JSON_NONE || json_type(json, node) == JSON_NULL)
                return 0;
        if (json_type(json, node) != JSON_NUMBER && json_type(json, node) != JSON_STRING)
                return REASON_INVALID_VALUE;
        r = value_cast(json, node, ACCOUNT_TTL, &value);
        if (r != 0)
                return r;
        if (value.kind != VALUE_NUMBER || value.number < 1 || value.number >= TTL_MAX ||
            value.number != (double)(int64_t)value.number)
                return REASON_INVALID_VALUE;
        *ret = (int64_t)value.number;
        return 0;
}

/* Anything but a list or an object is its text. */
static int read_scope(Request *request, const Json *json, JsonNode node, char ***scopes) {
        _cleanup_(value_done) Value value = { 0 };
        int r;

        if (json_type(json, node) == JSON_ARRAY)
                return refuse(request, "Items must be texts: ", json, node);
        r = value_cast(json, node, ACCOUNT_SCOPES, &value);
        if (r != 0)
                return r;
        if (value.kind == VALUE_NULL)
                return strv_extend(scopes, "null");
        if (value.kind != VALUE_TEXT)
                return refuse(request, "Items must be texts: ", json, node);
        return strv_extend(scopes, value.text);
}

static int read_scopes(Request *request, const Json *json, AccountTokenRequest *ret) {
        _cleanup_(strv_freep) char **scopes = NULL;
        JsonNode list = json_get(json, JSON_ROOT, "scopes");
        int r = 0;

        if (list == JSON_NONE || json_type(json, list) == JSON_NULL)
                return 0;
        if (json_type(json, list) == JSON_STRING)
                return refuse(request, "could not create List from JSON string: ", json, list);
        if (json_type(json, list) != JSON_ARRAY)
                return refuse(request, "Items must be an array: ", json, list);
        for (JsonNode n = json_first(json, list); r == 0 && n != JSON_NONE; n = json_next(json, n))
                r = read_scope(request, json, n, &scopes);
        if (r != 0)
                return r;
        ret->has_scopes = true;
        ret->scopes = scopes;
        return scopes ? request_keep_strv(request, TAKE_PTR(scopes)) : 0;
}

static int read_members(Request *request, const Json *json, AccountTokenRequest *ret) {
        int r;

        if (json_type(json, JSON_ROOT) == JSON_NULL)
                return 0;
        if (json_type(json, JSON_ROOT) == JSON_ARRAY)
                return request_refuse(request, REASON_INVALID_REQUEST,
                                      "one token at a time: the body is a list");
        if (json_type(json, JSON_ROOT) != JSON_OBJECT)
                return request_refuse(request, REASON_INVALID_REQUEST, "Value is not an object.");
        r = read_ttl(json, &ret->ttl);
        return r == 0 ? read_scopes(request, json, ret) : r;
}

static int read_json(Request *request, AccountTokenRequest *ret) {
        int r = json_parse(secret_text(&request->body), request->body.size, &request->json);

        if (r == -EBADMSG || r == -E2BIG)
                return request_refuse(request, REASON_INVALID_REQUEST, ACCOUNT_BODY_NO_JSON);
        return r != 0 ? r : read_members(request, request->json, ret);
}

/* "ttl=60" is "body[ttl]=60": one parser for both. */
static int form_to_object(Request *request, Secret *ret) {
        int r = form_parse(secret_text(&request->body), request->body.size, &request->form);

        if (r != 0)
                return request_refuse_form(request, r);
        for (size_t i = 0; r == 0 && i < request->form.n_fields; i++) {
                const FormField *field = &request->form.fields[i];
                _cleanup_(secret_done) Secret name = SECRET_INIT;
                size_t size = strcspn(secret_text(&field->name), "[");

                r = secret_append_text(&name, "body[");
                if (r == 0)
                        r = secret_append(&name, secret_text(&field->name), size);
                if (r == 0)
                        r = secret_append_text(&name, "]");
                if (r == 0)
                        r = secret_append_text(&name, secret_text(&field->name) + size);
                if (r == 0)
                        r = form_append_bytes(ret, secret_text(&name), secret_text(&field->value),
                                              field->value.size);
        }
        return r;
}

static int read_form(Request *request, AccountTokenRequest *ret) {
        _cleanup_(query_object_done) QueryObject object = QUERY_OBJECT_INIT;
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        _cleanup_(form_done) Form form = FORM_INIT;
        int r = form_to_object(request, &text);

        if (r == 0)
                r = form_parse(secret_text(&text), text.size, &form);
        if (r == 0)
                r = query_object_read(&form, "body", &object);
        if (r > 0 && !request->detail)
                return request_refuse(request, REASON_INVALID_REQUEST, "Value is not an object.");
        return r == 0 && object.json ? read_members(request, object.json, ret) : r;
}

int account_body_read(Request *request, AccountTokenRequest *ret) {
        if (request->body.size == 0)
                return 0;
        if (request_has_type(request, TYPE_JSON))
                return read_json(request, ret);
        return request_has_type(request, TYPE_FORM) ? read_form(request, ret) : 0;
}
