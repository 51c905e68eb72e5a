/* The table of a token's properties.
 *
 * A row says everything about a property; whoever shows tokens walks the rows. No row ever carries
 * more than the public id of the token: the hash stays here. */

#include "bus/token-properties.h"

#include <stdio.h>

#include "wire/text.h"

static int append_id(sd_bus_message *m, const TokenProperty *property, const TokenView *view) {
        char id[TOKEN_ID_SIZE + 1];

        token_hash_to_id(&view->token->hash, id);
        return sd_bus_message_append(m, "s", id);
}

static int append_uid(sd_bus_message *m, const TokenProperty *property, const TokenView *view) {
        return sd_bus_message_append(m, "u", view->token->uid);
}

/* D-Bus knows no absent text: "" stands for it. */
static int append_text(sd_bus_message *m, const TokenProperty *property, const TokenView *view) {
        const char *text = *(char *const *)((const char *)view->token + property->offset);

        return sd_bus_message_append(m, "s", text ? text : "");
}

static int append_kind(sd_bus_message *m, const TokenProperty *property, const TokenView *view) {
        return sd_bus_message_append(m, "s", token_kind_to_string(view->token->kind));
}

static int append_scopes(sd_bus_message *m, const TokenProperty *property, const TokenView *view) {
        return sd_bus_message_append_strv(m, view->token->scopes);
}

static int append_usec(sd_bus_message *m, const TokenProperty *property, const TokenView *view) {
        int64_t usec = *(const int64_t *)((const char *)view->token + property->offset);

        return sd_bus_message_append(m, "t", (uint64_t)usec);
}

static int append_last_used(sd_bus_message *m, const TokenProperty *property,
                            const TokenView *view) {
        return sd_bus_message_append(m, "t", (uint64_t)view->last_used);
}

/* Only live tokens are objects. */
static int append_state(sd_bus_message *m, const TokenProperty *property, const TokenView *view) {
        return sd_bus_message_append(m, "s", "active");
}

const TokenProperty token_properties[] = {
        { "Id", "s", "const", append_id, 0 },
        { "Uid", "u", "const", append_uid, 0 },
        { "User", "s", "const", append_text, offsetof(Token, user_name) },
        { "Client", "s", "const", append_text, offsetof(Token, client_id) },
        { "Kind", "s", "const", append_kind, 0 },
        { "Scopes", "as", "const", append_scopes, 0 },
        { "Service", "s", "const", append_text, offsetof(Token, service) },
        { "RemoteHost", "s", "const", append_text, offsetof(Token, rhost) },
        { "CreatedUSec", "t", "const", append_usec, offsetof(Token, created) },
        { "ExpiresUSec", "t", "const", append_usec, offsetof(Token, expires) },
        { "Login", "s", "const", append_text, offsetof(Token, login) },
        { "LastUsedUSec", "t", "invalidates", append_last_used, 0 },
        { "State", "s", "true", append_state, 0 },
        { 0 },
};

const TokenProperty *token_property_find(const char *name) {
        for (const TokenProperty *property = token_properties; property->name; property++)
                if (streq(property->name, name))
                        return property;
        return NULL;
}

int token_property_append(sd_bus_message *m, const TokenProperty *property, const TokenView *view) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_VARIANT, property->signature);
        if (r < 0)
                return r;
        r = property->append(m, property, view);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        return r < 0 ? r : 0;
}

static int append_entry(sd_bus_message *m, const TokenProperty *property, const TokenView *view) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", property->name);
        if (r < 0)
                return r;
        r = token_property_append(m, property, view);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

int token_properties_append(sd_bus_message *m, const TokenView *view) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;
        for (const TokenProperty *property = token_properties; property->name; property++) {
                r = append_entry(m, property, view);
                if (r < 0)
                        return r;
        }
        r = sd_bus_message_close_container(m);
        return r < 0 ? r : 0;
}

void token_id_to_path(const char *id, char ret[static TOKEN_PATH_SIZE]) {
        snprintf(ret, TOKEN_PATH_SIZE, TOKEN_PATH "/%.*s", TOKEN_ID_SIZE, id);
}

void token_to_path(const Token *token, char ret[static TOKEN_PATH_SIZE]) {
        char id[TOKEN_ID_SIZE + 1];

        token_hash_to_id(&token->hash, id);
        token_id_to_path(id, ret);
}
