/* The description is made of the routes: each of them is in it, with what its row says. */

#include "http-core.h"
#include "http/openapi-schema.h"
#include "http/route.h"

static int nothing(Request *request) {
        return 0;
}

static void refuse(Request *request, int r, const char *detail) {
}

static JsonNode at(const Json *json, JsonNode from, const char *path[]) {
        for (; *path && from != JSON_NONE; path++)
                from = json_get(json, from, *path);
        return from;
}
#define AT(json, ...) at(json, JSON_ROOT, (const char *[]){ __VA_ARGS__, NULL })

static bool text_at(const Json *json, JsonNode node, const char *expected) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;

        return node != JSON_NONE && json_text(json, node, &text) == 0 &&
               streq(secret_text(&text), expected);
}

static Json *describe(const RouteTable *const *tables, Secret *text) {
        Json *json = NULL;

        assert_int_equal(openapi_write(text, "https://id.example.org", tables), 0);
        assert_int_equal(json_parse(secret_text(text), text->size, &json), 0);
        assert_true(text_at(json, AT(json, "openapi"), "3.0.3"));
        return json;
}

/* One row more is enough. */
static void test_rows(void **state) {
        static const Route first[] = {
                { "GET", "/x/:id/y/:other_id", nothing, BODY_NONE, 0, NULL, "Look", "limit# all?!",
                  "200 [{}]" },
                { "GET", "/open", nothing, BODY_NONE, ROUTE_OPEN, refuse, "Open", "", "200" },
        };
        static const Route second[] = {
                { "POST", "/x/:id/y/:other_id", nothing, BODY_LOOSE, 0, NULL, "Add",
                  "name! uid# scopes[]", "201 id! data{} list[{}]" },
        };
        static const RouteTable tables[] = { ROUTE_TABLE(first), ROUTE_TABLE(second) };
        const RouteTable *const all[] = { &tables[0], &tables[1], NULL };
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        Json *json = describe(all, &text);
        JsonNode get, post_, schema, node;

        assert_int_equal(json_size(json, AT(json, "paths")), 2);
        get = AT(json, "paths", "/x/{id}/y/{other_id}", "get");
        assert_true(text_at(json, json_get(json, get, "summary"), "Look"));
        node = json_get(json, get, "parameters");
        assert_int_equal(json_size(json, node), 4);
        node = json_first(json, node);
        assert_true(text_at(json, json_get(json, node, "name"), "id"));
        node = json_next(json, node);
        assert_true(text_at(json, json_get(json, node, "name"), "other_id"));
        assert_true(text_at(json, json_get(json, node, "in"), "path"));
        node = json_next(json, node);
        assert_true(text_at(json, json_get(json, node, "name"), "limit"));
        assert_true(text_at(json, json_get(json, node, "in"), "query"));
        assert_true(text_at(json, json_get(json, json_get(json, node, "schema"), "type"),
                            "integer"));
        assert_int_equal(json_get(json, get, "requestBody"), JSON_NONE);
        assert_int_equal(json_size(json, json_get(json, get, "security")), 3);
        schema = at(json, get,
                    (const char *[]){ "responses", "200", "content", "application/json", "schema",
                                      NULL });
        assert_true(text_at(json, json_get(json, schema, "type"), "array"));

        post_ = AT(json, "paths", "/x/{id}/y/{other_id}", "post");
        assert_true(text_at(json, json_get(json, post_, "operationId"), "post_x_id_y_other_id"));
        node = at(json, post_, (const char *[]){ "requestBody", "content", NULL });
        assert_int_equal(json_size(json, node), 2);
        schema = at(json, node, (const char *[]){ "application/json", "schema", NULL });
        assert_int_equal(json_size(json, json_get(json, schema, "properties")), 3);
        assert_int_equal(json_size(json, json_get(json, schema, "required")), 1);
        schema = at(json, post_,
                    (const char *[]){ "responses", "201", "content", "application/json", "schema",
                                      NULL });
        assert_int_equal(json_size(json, json_get(json, schema, "properties")), 3);

        node = AT(json, "paths", "/open", "get");
        assert_int_equal(json_size(json, json_get(json, node, "security")), 0);
        json_free(json);
}

/* "/v1/users/:id" as "/v1/users/{id}". */
static void braced(const char *pattern, char *ret) {
        for (; *pattern; pattern++) {
                size_t size = *pattern == ':' ? strcspn(pattern, "/") : 1;

                ret += *pattern == ':' ? sprintf(ret, "{%.*s}", (int)size - 1, pattern + 1)
                                       : sprintf(ret, "%c", *pattern);
                pattern += size - 1;
        }
}

static void test_every_route(void **state) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        Json *json = describe(route_tables, &text);
        size_t n_routes = 0, n_described = 0;

        for (const RouteTable *const *table = route_tables; *table; table++)
                for (size_t i = 0; i < (*table)->n_routes; i++) {
                        const Route *route = &(*table)->routes[i];
                        char path[128], method[16];

                        braced(route->pattern, path);
                        snprintf(method, sizeof(method), "%s", route->method);
                        for (char *p = method; *p; p++)
                                *p |= 0x20;
                        if (AT(json, "paths", path, method) == JSON_NONE)
                                fail_msg("%s %s", route->method, route->pattern);
                        n_routes++;
                }
        JsonNode paths = AT(json, "paths");
        for (JsonNode n = json_first(json, paths); n != JSON_NONE; n = json_next(json, n))
                n_described += json_size(json, json_value(json, n));
        assert_int_equal(n_described, n_routes);
        json_free(json);
}

static bool is_word(const Member *member) {
        return member->name[strspn(member->name, "abcdefghijklmnopqrstuvwxyzIN_.")] == '\0';
}

/* Words that nobody mistyped, statuses that are some, summaries for all. */
static void test_every_row(void **state) {
        for (const RouteTable *const *table = route_tables; *table; table++)
                for (size_t i = 0; i < (*table)->n_routes; i++) {
                        const Route *route = &(*table)->routes[i];
                        const char *takes = route->takes, *gives = route->gives + 3;
                        Member member;

                        assert_true(strlen(route->summary) > 5);
                        assert_true(route->gives[0] == '2' && strspn(route->gives, "0123") == 3);
                        assert_true(*gives == '\0' || *gives == ' ');
                        while (member_next(&takes, &member))
                                assert_true(member.name[0] && is_word(&member));
                        while (member_next(&gives, &member))
                                assert_true(is_word(&member));
                }
}

static void test_words(void **state) {
        static const struct {
                const char *name;
                enum MemberType type;
                bool required;
        } expected[] = {
                { "a", MEMBER_TEXT, false },    { "b", MEMBER_TEXT, true },
                { "c", MEMBER_NUMBER, true },   { "d", MEMBER_BOOL, false },
                { "e", MEMBER_TEXTS, true },    { "f", MEMBER_OBJECT, false },
                { "g", MEMBER_OBJECTS, false }, { "", MEMBER_OBJECTS, false },
        };
        const char *words = " a b!  c#! d? e[]! f{} g[{}] [{}] ";
        Member member;

        for (size_t i = 0; i < ELEMENTSOF(expected); i++) {
                assert_true(member_next(&words, &member));
                assert_string_equal(member.name, expected[i].name);
                assert_int_equal(member.type, expected[i].type);
                assert_int_equal(member.required, expected[i].required);
        }
        assert_false(member_next(&words, &member));
}

static void test_served(void **state) {
        Harness *h = *state;
        Talk talk;

        talk_request(h, true, "GET", "/openapi.json", "", NULL, NULL, &talk);
        assert_int_equal(talk.status, 200);
        _cleanup_(freep) char *version = member(&talk, "openapi");
        assert_string_equal(version, "3.0.3");
        assert_non_null(strstr(talk.body, http_server_issuer(h->server)));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_every_route),
                cmocka_unit_test(test_every_row),
                cmocka_unit_test_setup_teardown(test_served, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
