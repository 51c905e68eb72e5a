/* Varlink calls in, records out (https://systemd.io/USER_GROUP_API, https://varlink.org/).
 *
 * A reply that is not the last says so, so one record is always held back until it is known whether
 * another follows. */

#include "userdb/query.h"

#include <errno.h>
#include <stdlib.h>

#include "wire/json-read.h"
#include "wire/json-write.h"
#include "wire/text.h"

#define INTERFACE "io.systemd.UserDatabase."

static const struct {
        const char *name;
        enum QueryMethod method;
        const char *id_key; /* NULL: takes none */
} methods[] = {
        { INTERFACE "GetUserRecord", QUERY_USER, "uid" },
        { INTERFACE "GetGroupRecord", QUERY_GROUP, "gid" },
        { INTERFACE "GetMemberships", QUERY_MEMBERSHIPS, NULL },
};

Query *query_free(Query *query) {
        if (!query)
                return NULL;
        free(query->user_name);
        free(query->group_name);
        snapshot_unref(query->snapshot);
        free(query);
        return NULL;
}

void query_freep(Query **query) {
        query_free(*query);
}

/* Absent is fine. */
static int parse_id(const Json *json, JsonNode parameters, const char *key, uint32_t *ret) {
        int64_t id;
        int r = key ? json_get_int64(json, parameters, key, &id) : -ENOENT;

        *ret = UINT32_MAX;
        if (r == -ENOENT)
                return 0;
        if (r < 0 || id < 0 || id >= UINT32_MAX)
                return -EINVAL;
        *ret = (uint32_t)id;
        return 0;
}

static int parse_name(const Json *json, JsonNode parameters, const char *key, char **ret) {
        int r = json_get_text(json, parameters, key, ret);

        return r == -ENOENT ? 0 : r;
}

static int parse_parameters(const Json *json, size_t row, Query *query) {
        JsonNode parameters = json_get(json, JSON_ROOT, "parameters");
        int r;

        query->id = UINT32_MAX;
        if (parameters == JSON_NONE)
                return 0;
        r = parse_id(json, parameters, methods[row].id_key, &query->id);
        if (r >= 0 && query->method != QUERY_GROUP)
                r = parse_name(json, parameters, "userName", &query->user_name);
        if (r >= 0 && query->method != QUERY_USER)
                r = parse_name(json, parameters, "groupName", &query->group_name);
        return r;
}

static bool service_matches(const Json *json, const char *service) {
        _cleanup_(freep) char *wanted = NULL;
        JsonNode parameters = json_get(json, JSON_ROOT, "parameters");

        if (parameters == JSON_NONE || json_get_text(json, parameters, "service", &wanted) < 0)
                return false;
        return streq(wanted, service);
}

static int find_method(const Json *json, size_t *ret) {
        _cleanup_(freep) char *name = NULL;
        int r = json_get_text(json, JSON_ROOT, "method", &name);

        if (r < 0)
                return r == -ENOMEM ? r : -EBADMSG;
        for (size_t row = 0; row < ELEMENTSOF(methods); row++)
                if (streq(methods[row].name, name)) {
                        *ret = row;
                        return 0;
                }
        return -EOPNOTSUPP;
}

int query_parse(const char *message, size_t size, const char *service, Query **ret,
                const char **ret_error) {
        _cleanup_(json_freep) Json *json = NULL;
        _cleanup_(query_freep) Query *query = NULL;
        size_t row;
        int r;

        *ret_error = NULL;
        r = json_parse(message, size, &json);
        if (r < 0)
                return r == -ENOMEM ? r : -EBADMSG;
        r = find_method(json, &row);
        if (r == -EOPNOTSUPP) {
                *ret_error = "org.varlink.service.MethodNotFound";
                return r;
        }
        if (r < 0)
                return r;
        if (!service_matches(json, service)) {
                *ret_error = INTERFACE "BadService";
                return -EINVAL;
        }
        query = calloc(1, sizeof(Query));
        if (!query)
                return -ENOMEM;
        query->method = methods[row].method;
        (void)json_get_bool(json, JSON_ROOT, "more", &query->more);
        (void)json_get_bool(json, JSON_ROOT, "oneway", &query->oneway);
        r = parse_parameters(json, row, query);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                *ret_error = "org.varlink.service.InvalidParameter";
                return -EINVAL;
        }
        *ret = TAKE_PTR(query);
        return 0;
}

static void write_user(JsonWriter *w, const SnapshotUser *user, const char *service) {
        json_write_object(w, "record");
        json_write_text(w, "userName", user->name);
        json_write_int(w, "uid", user->uid);
        json_write_int(w, "gid", user->gid);
        json_write_text(w, "homeDirectory", user->home);
        json_write_text(w, "shell", user->shell);
        json_write_text(w, "disposition", "regular");
        json_write_bool(w, "locked", user->state == SNAPSHOT_LOCKED);
        json_write_text(w, "service", service);
        json_write_object_end(w);
        json_write_bool(w, "incomplete", false);
}

static void write_group(JsonWriter *w, const SnapshotUser *user, const char *service) {
        json_write_object(w, "record");
        json_write_text(w, "groupName", user->name);
        json_write_int(w, "gid", user->gid);
        json_write_text(w, "disposition", "regular");
        json_write_text(w, "service", service);
        json_write_object_end(w);
        json_write_bool(w, "incomplete", false);
}

/* The next user that the query's name and id allow; NULL behind the last. */
static const SnapshotUser *next_user(Query *query) {
        const Snapshot *snapshot = query->snapshot;
        const char *name = query->method == QUERY_GROUP ? query->group_name : query->user_name;
        bool is_single = name || query->id != UINT32_MAX;

        while (query->position < snapshot->n_users) {
                const SnapshotUser *user;

                if (name)
                        user = snapshot_find_name(snapshot, name);
                else if (query->id != UINT32_MAX)
                        user = snapshot_find_uid(snapshot, query->id);
                else
                        user = &snapshot->users[query->position];
                query->position = is_single ? snapshot->n_users : query->position + 1;
                if (user && user->shell)
                        return user;
        }
        return NULL;
}

/* A user's own group has the user's name and a gid of its own, which is the uid; adopted gids are
 * not served. So a gid is looked up among the uids and compared. */
static bool write_record(Query *query, const char *service, JsonWriter *w) {
        for (const SnapshotUser *user; (user = next_user(query));) {
                uint32_t id = query->method == QUERY_GROUP ? user->gid : user->uid;

                if (query->id != UINT32_MAX && id != query->id)
                        continue;
                if (query->method == QUERY_USER)
                        write_user(w, user, service);
                else
                        write_group(w, user, service);
                return true;
        }
        return false;
}

static bool write_membership(Query *query, JsonWriter *w) {
        const Snapshot *snapshot = query->snapshot;
        const char *name = query->user_name;

        while (query->position < snapshot->n_users) {
                const SnapshotUser *user = name ? snapshot_find_name(snapshot, name)
                                                : &snapshot->users[query->position];
                char *const *groups = user ? user->groups : NULL;
                const char *group = groups ? groups[query->group_position] : NULL;

                if (!group) {
                        query->position = name ? snapshot->n_users : query->position + 1;
                        query->group_position = 0;
                        continue;
                }
                query->group_position++;
                if (query->group_name && !streq(query->group_name, group))
                        continue;
                json_write_text(w, "userName", user->name);
                json_write_text(w, "groupName", group);
                return true;
        }
        return false;
}

/* The parameters of the next reply, without the reply around them. 1, or 0 behind the last. */
static int next_parameters(Query *query, const char *service, Secret *ret) {
        JsonWriter w = JSON_WRITER(ret);
        bool found;

        secret_clear(ret);
        json_write_object(&w, NULL);
        found = query->method == QUERY_MEMBERSHIPS ? write_membership(query, &w)
                                                   : write_record(query, service, &w);
        json_write_object_end(&w);
        return json_write_end(&w) < 0 ? json_write_end(&w) : found;
}

static int append_reply(Secret *out, const Secret *parameters, bool continues) {
        int r = secret_append_text(out, "{\"parameters\":");

        if (r >= 0)
                r = secret_append(out, parameters->text, parameters->size);
        if (r >= 0)
                r = secret_append_text(out, continues ? ",\"continues\":true}" : "}");
        return r < 0 ? r : secret_append(out, "", 1);
}

int query_answer_error(const char *error, Secret *out) {
        JsonWriter w = JSON_WRITER(out);

        json_write_object(&w, NULL);
        json_write_text(&w, "error", error);
        json_write_object(&w, "parameters");
        json_write_object_end(&w);
        json_write_object_end(&w);
        return json_write_end(&w) < 0 ? json_write_end(&w) : secret_append(out, "", 1);
}

static int answer_first(Query *query, Snapshot *snapshot, const char *service, Secret *held,
                        Secret *out) {
        int r;

        query->snapshot = snapshot_ref(snapshot);
        r = next_parameters(query, service, held);
        return r == 0 ? query_answer_error(INTERFACE "NoRecordFound", out) : r;
}

int query_answer(Query *query, Snapshot *snapshot, const char *service, size_t high_water,
                 Secret *out) {
        _cleanup_(secret_done) Secret held = SECRET_INIT, next = SECRET_INIT;
        size_t position, group_position;
        int r;

        if (!query->snapshot)
                r = answer_first(query, snapshot, service, &held, out);
        else
                r = next_parameters(query, service, &held);
        while (r > 0) {
                position = query->position;
                group_position = query->group_position;
                r = next_parameters(query, service, &next);
                if (r < 0)
                        return r;
                if (r > 0 && !query->more) {
                        secret_clear(out);
                        return query_answer_error("org.varlink.service.ExpectedMore", out);
                }
                if (append_reply(out, &held, r > 0) < 0)
                        return -ENOMEM;
                if (r > 0 && out->size >= high_water) {
                        query->position = position;
                        query->group_position = group_position;
                        return 1;
                }
                secret_done(&held);
                held = TAKE(next, SECRET_INIT);
        }
        return r;
}
