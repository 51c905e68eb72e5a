#pragma once

/* The properties of a token on the bus: one table for Get, GetAll, Introspect and ListTokensEx. */

#include <systemd/sd-bus.h>

#include "base/token.h"

#define TOKEN_PATH      "/org/tokend1/token"
#define TOKEN_INTERFACE "org.tokend1.Token"
#define TOKEN_PATH_SIZE (sizeof(TOKEN_PATH "/") + TOKEN_ID_SIZE)

/* What a property is made from. */
typedef struct TokenView {
        const Token *token;
        int64_t last_used; /* µs UTC; 0: never */
} TokenView;

typedef struct TokenProperty TokenProperty;
struct TokenProperty {
        const char *name;
        const char *signature;
        const char *emits_changed; /* as in the annotation of the D-Bus specification */
        int (*append)(sd_bus_message *m, const TokenProperty *property, const TokenView *view);
        size_t offset; /* in Token, for those that are copied from there */
};

/* Ends with an empty row. */
extern const TokenProperty token_properties[];

const TokenProperty *token_property_find(const char *name);
/* Appends a variant. 0 or a negative errno. */
int token_property_append(sd_bus_message *m, const TokenProperty *property, const TokenView *view);
/* Appends an a{sv} of all. */
int token_properties_append(sd_bus_message *m, const TokenView *view);

/* id is TOKEN_ID_SIZE hex digits. */
void token_id_to_path(const char *id, char ret[static TOKEN_PATH_SIZE]);
void token_to_path(const Token *token, char ret[static TOKEN_PATH_SIZE]);
