/* The Manager object: an ordinary sd-bus vtable in front of asynchronous methods.
 *
 * sd-bus checks path, interface and signature; each method then goes the way of bus-call.h. Every
 * method is "unprivileged" for sd-bus, whose own check would block the loop: who may do what is the
 * core's to decide. */

#include "bus/manager-object.h"

#include <stdio.h>
#include <string.h>

#include "bus/bus-call.h"
#include "bus/bus-error.h"
#include "bus/token-object.h"
#include "core/access.h"
#include "wire/text.h"

/* The core's cursors are short; the message is kept while the call runs. */
#define CURSOR_MAX 512U

/* UID_NONE must not come to mean "any" in the core. */
static int check_uid(uint32_t uid, sd_bus_error *error) {
        if (uid != UID_NONE)
                return 0;
        return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "4294967295 is nobody's uid");
}

static int read_uid(BusCall *call, uint32_t *ret, sd_bus_error *error) {
        int r;

        r = sd_bus_message_read(call->message, "u", ret);
        return r < 0 ? r : check_uid(*ret, error);
}

/* What is no id answers like an id that nothing has. */
static int read_id(BusCall *call, sd_bus_error *error) {
        const char *id = NULL;
        int r;

        r = sd_bus_message_read(call->message, "s", &id);
        if (r < 0)
                return r;
        if (!text_is_hex(id, TOKEN_ID_SIZE))
                return REASON_TOKEN_UNKNOWN;
        memcpy(call->id, id, TOKEN_ID_SIZE);
        return 0;
}

static int read_list_of_uid(BusCall *call, sd_bus_error *error) {
        return read_uid(call, &call->list.uid, error);
}

static int read_owner(BusCall *call, sd_bus_error *error) {
        return read_uid(call, &call->revoke.uid, error);
}

static int read_filter_value(BusCall *call, const char *key, sd_bus_error *error) {
        TokenListRequest *list = &call->list;
        const char **text = streq(key, "user")     ? &list->user
                            : streq(key, "client") ? &list->client_id
                                                   : NULL;
        int r;

        if (streq(key, "uid")) {
                r = sd_bus_message_read(call->message, "v", "u", &list->uid);
                return r < 0 ? r : check_uid(list->uid, error);
        }
        if (!text)
                return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS,
                                        "the filter knows 'user', 'uid' and 'client'");
        r = sd_bus_message_read(call->message, "v", "s", text);
        if (r < 0)
                return r;
        if (strlen(*text) > USER_NAME_MAX)
                return REASON_INVALID_VALUE;
        return 0;
}

static int read_filter(BusCall *call, sd_bus_error *error) {
        const char *key;
        int r;

        r = sd_bus_message_enter_container(call->message, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(call->message, SD_BUS_TYPE_DICT_ENTRY, "sv")) >
               0) {
                r = sd_bus_message_read(call->message, "s", &key);
                if (r < 0)
                        return r;
                r = read_filter_value(call, key, error);
                if (r != 0)
                        return r;
                r = sd_bus_message_exit_container(call->message);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(call->message);
        return r < 0 ? r : 0;
}

static int read_list(BusCall *call, sd_bus_error *error) {
        TokenListRequest *list = &call->list;
        int r;

        r = read_filter(call, error);
        if (r != 0)
                return r;
        r = sd_bus_message_read(call->message, "us", &list->limit, &list->cursor);
        if (r < 0)
                return r;
        if (list->limit == 0 || list->limit > PAGE_ROWS_MAX)
                list->limit = PAGE_ROWS_MAX;
        if (strlen(list->cursor) > CURSOR_MAX)
                return REASON_INVALID_VALUE;
        if (!*list->cursor)
                list->cursor = NULL;
        return 0;
}

static void run_revoke_user(BusCall *call) {
        authority_revoke_owner(call->bus->options.authority, &call->caller, &call->revoke,
                               bus_call_answered, call);
}

static void run_reload(BusCall *call) {
        _cleanup_(bus_errorp) sd_bus_error error = SD_BUS_ERROR_NULL;
        const BusOptions *options = &call->bus->options;
        int r;

        if (access_reach(&call->caller, ACTION_ADMINISTER) != REACH_ALL) {
                bus_call_finish(call, REASON_ACCESS_DENIED, NULL, NULL);
                return;
        }
        if (!options->reload) {
                bus_call_finish(call, REASON_UNSUPPORTED, NULL, NULL);
                return;
        }
        r = options->reload(options->userdata);
        if (r != 0 && options->config_state)
                sd_bus_error_setf(&error, SD_BUS_ERROR_FAILED, "the old configuration stays: %s",
                                  options->config_state(options->userdata));
        bus_call_finish(call, r, NULL, &error);
}

static int reply_list(BusCall *call, Answer *answer, sd_bus_message *reply, sd_bus_error *error) {
        int r;

        if (answer->cursor)
                return sd_bus_error_setf(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                         "more than %u tokens, use ListTokensEx()", PAGE_ROWS_MAX);
        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(susttso)");
        for (size_t i = 0; i < answer->n_tokens && r >= 0; i++) {
                const Token *token = answer->tokens[i];
                char id[TOKEN_ID_SIZE + 1], path[TOKEN_PATH_SIZE];

                token_hash_to_id(&token->hash, id);
                token_to_path(token, path);
                r = sd_bus_message_append(reply, "(susttso)", id, token->uid,
                                          token->user_name ? token->user_name : "",
                                          (uint64_t)token->created, (uint64_t)token->expires,
                                          token->client_id ? token->client_id : "", path);
        }
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(reply);
        return r < 0 ? r : 0;
}

static int reply_list_ex(BusCall *call, Answer *answer, sd_bus_message *reply,
                         sd_bus_error *error) {
        int r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "a{sv}");
        for (size_t i = 0; i < answer->n_tokens && r >= 0; i++) {
                TokenView view = token_view(call, answer->tokens[i]);

                r = token_properties_append(reply, &view);
        }
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "s", answer->cursor ? answer->cursor : "");
        return r < 0 ? r : 0;
}

static int reply_path(BusCall *call, Answer *answer, sd_bus_message *reply, sd_bus_error *error) {
        char path[TOKEN_PATH_SIZE];
        int r;

        token_to_path(answer->token, path);
        r = sd_bus_message_append(reply, "o", path);
        return r < 0 ? r : 0;
}

static int reply_count(BusCall *call, Answer *answer, sd_bus_message *reply, sd_bus_error *error) {
        uint64_t n = answer->n_revoked;
        int r;

        r = sd_bus_message_append(reply, "u", n > UINT32_MAX ? UINT32_MAX : (uint32_t)n);
        return r < 0 ? r : 0;
}

static const BusVerb manager_verbs[] = {
        { MANAGER_INTERFACE, "ListTokens", "", NULL, token_call_list, reply_list },
        { MANAGER_INTERFACE, "ListTokensEx", "a{sv}us", read_list, token_call_list, reply_list_ex },
        { MANAGER_INTERFACE, "ListUserTokens", "u", read_list_of_uid, token_call_list, reply_list },
        { MANAGER_INTERFACE, "GetToken", "s", read_id, token_call_get, reply_path },
        { MANAGER_INTERFACE, "RevokeToken", "s", read_id, token_call_revoke, NULL },
        { MANAGER_INTERFACE, "RevokeUser", "u", read_owner, run_revoke_user, reply_count },
        { MANAGER_INTERFACE, "Reload", "", NULL, run_reload, NULL },
        { 0 },
};

static int on_method(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const BusVerb *verb = bus_verb_find(manager_verbs, m);

        return verb ? bus_call_dispatch(userdata, verb, m, ret_error) : 0;
}

static int get_version(sd_bus *connection, const char *path, const char *interface,
                       const char *property, sd_bus_message *reply, void *userdata,
                       sd_bus_error *ret_error) {
        return sd_bus_message_append(reply, "s", TOKEND_VERSION);
}

static int get_count(sd_bus *connection, const char *path, const char *interface,
                     const char *property, sd_bus_message *reply, void *userdata,
                     sd_bus_error *ret_error) {
        const Bus *bus = userdata;
        StoreStatus status = authority_status(bus->options.authority).store;

        return sd_bus_message_append(
                        reply, "t", streq(property, "NTokens") ? status.n_tokens : status.n_logins);
}

static int get_store_state(sd_bus *connection, const char *path, const char *interface,
                           const char *property, sd_bus_message *reply, void *userdata,
                           sd_bus_error *ret_error) {
        const Bus *bus = userdata;
        int error = authority_status(bus->options.authority).store.error;
        char text[128] = "ok";

        if (error != 0)
                snprintf(text, sizeof(text), "%s: %s", reason_to_string(REASON_STORE_UNAVAILABLE),
                         strerror(-error));
        return sd_bus_message_append(reply, "s", text);
}

static int get_config_state(sd_bus *connection, const char *path, const char *interface,
                            const char *property, sd_bus_message *reply, void *userdata,
                            sd_bus_error *ret_error) {
        const Bus *bus = userdata;
        const BusOptions *options = &bus->options;

        return sd_bus_message_append(
                        reply, "s",
                        options->config_state ? options->config_state(options->userdata) : "ok");
}

static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("NTokens", "t", get_count, 0, 0),
        SD_BUS_PROPERTY("NLogins", "t", get_count, 0, 0),
        SD_BUS_PROPERTY("StoreState", "s", get_store_state, 0, 0),
        SD_BUS_PROPERTY("ConfigState", "s", get_config_state, 0, 0),
        SD_BUS_METHOD_WITH_ARGS("ListTokens", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(susttso)", tokens),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListTokensEx",
                                SD_BUS_ARGS("a{sv}", filter, "u", limit, "s", cursor),
                                SD_BUS_RESULT("aa{sv}", tokens, "s", next), on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListUserTokens", SD_BUS_ARGS("u", uid),
                                SD_BUS_RESULT("a(susttso)", tokens), on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetToken", SD_BUS_ARGS("s", id), SD_BUS_RESULT("o", path),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RevokeToken", SD_BUS_ARGS("s", id), SD_BUS_NO_RESULT, on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RevokeUser", SD_BUS_ARGS("u", uid), SD_BUS_RESULT("u", revoked),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("TokenNew", SD_BUS_ARGS("s", id, "o", path), 0),
        SD_BUS_SIGNAL_WITH_ARGS("TokenRemoved", SD_BUS_ARGS("s", id, "o", path, "s", reason), 0),
        SD_BUS_SIGNAL_WITH_ARGS("TokensChanged", SD_BUS_ARGS("u", added, "u", removed), 0),
        SD_BUS_VTABLE_END,
};

int manager_object_add(Bus *bus) {
        return sd_bus_add_object_vtable(bus->connection, NULL, MANAGER_PATH, MANAGER_INTERFACE,
                                        manager_vtable, bus);
}
