/* Copies JSON values. Depth is bounded by the reader (JSON_DEPTH_MAX); errors of writing stick in
 * the writer, errors of reading are returned. */

#include "ctl/json-copy.h"

#include <stdio.h>

#include "wire/cleanup.h"

static int scalar_copy(JsonWriter *w, const char *name, const Json *json, JsonNode node) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        int64_t number;
        bool value;
        int r = 0;

        switch (json_type(json, node)) {
        case JSON_STRING:
                r = json_text(json, node, &text);
                if (r == 0)
                        json_write_secret(w, name, &text);
                break;
        case JSON_NUMBER:
                r = json_int64(json, node, &number);
                if (r == 0)
                        json_write_int(w, name, number);
                break;
        case JSON_BOOL:
                r = json_bool(json, node, &value);
                if (r == 0)
                        json_write_bool(w, name, value);
                break;
        default:
                json_write_null(w, name);
        }
        return r;
}

static int array_copy(JsonWriter *w, const char *name, const Json *json, JsonNode node) {
        int r = 0;

        json_write_array(w, name);
        for (JsonNode n = json_first(json, node); r == 0 && n != JSON_NONE; n = json_next(json, n))
                r = json_copy(w, NULL, json, n);
        json_write_array_end(w);
        return r;
}

static int object_copy(JsonWriter *w, const char *name, const Json *json, JsonNode node) {
        int r = 0;

        json_write_object(w, name);
        for (JsonNode n = json_first(json, node); r == 0 && n != JSON_NONE;
             n = json_next(json, n)) {
                _cleanup_(secret_done) Secret member = SECRET_INIT;

                r = json_text(json, n, &member);
                if (r == 0)
                        r = json_copy(w, secret_text(&member), json, json_value(json, n));
        }
        json_write_object_end(w);
        return r;
}

int json_copy(JsonWriter *w, const char *name, const Json *json, JsonNode node) {
        switch (json_type(json, node)) {
        case JSON_OBJECT:
                return object_copy(w, name, json, node);
        case JSON_ARRAY:
                return array_copy(w, name, json, node);
        default:
                return scalar_copy(w, name, json, node);
        }
}

int json_print(const Json *json, JsonNode node) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        JsonWriter w = JSON_WRITER(&text);
        int r;

        r = json_copy(&w, NULL, json, node) ?: json_write_end(&w);
        if (r == 0)
                puts(secret_text(&text));
        return r;
}
