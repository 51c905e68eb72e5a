/* The order of the members is the reference's. A token without scopes has no such member. */

#include "http/account-token.h"

#include "base/clock.h"
#include "http/date.h"
#include "wire/text.h"

static const char *const names[_ACCOUNT_FIELD_MAX] = {
        [ACCOUNT_ID] = "id",           [ACCOUNT_TTL] = "ttl",        [ACCOUNT_SCOPES] = "scopes",
        [ACCOUNT_CREATED] = "created", [ACCOUNT_USER_ID] = "userId",
};

enum AccountField account_field_from_name(const char *name) {
        for (int field = 0; field < _ACCOUNT_FIELD_MAX; field++)
                if (streq(names[field], name))
                        return field;
        return _ACCOUNT_FIELD_MAX;
}

void account_token_from(const Token *token, char id[static TOKEN_ID_SIZE + 1], AccountToken *ret) {
        token_hash_to_id(&token->hash, id);
        *ret = (AccountToken){
                .id = id,
                .ttl = (token->expires - token->created) / USEC_PER_SEC,
                .scopes = token->scopes,
                .created = token->created,
                .user_id = token->user_id,
        };
}

void account_token_write(JsonWriter *w, const AccountToken *token, unsigned hidden) {
        char created[DATE_ISO_SIZE];

        date_iso(token->created, created);
        if (!(hidden & 1U << ACCOUNT_ID))
                json_write_text(w, names[ACCOUNT_ID], token->id);
        if (!(hidden & 1U << ACCOUNT_TTL))
                json_write_int(w, names[ACCOUNT_TTL], token->ttl);
        if (!(hidden & 1U << ACCOUNT_SCOPES))
                json_write_strv(w, names[ACCOUNT_SCOPES], token->scopes);
        if (!(hidden & 1U << ACCOUNT_CREATED))
                json_write_text(w, names[ACCOUNT_CREATED], created);
        if (!(hidden & 1U << ACCOUNT_USER_ID))
                json_write_text(w, names[ACCOUNT_USER_ID], token->user_id);
}
