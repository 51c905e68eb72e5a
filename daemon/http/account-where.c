/* A where is a tree: "and" and "or" have members, the rest compares one field with operands that
 * were cast when it was read. An object of conditions is an "and".
 *
 * What LoopBack's memory connector makes of odd values holds here too: null equals what is absent,
 * what can't be cast equals nothing, a list of one is its one value, a list field has what one of
 * its values has. Depth is bounded by JSON_DEPTH_MAX. */

#include "http/account-where.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "http/account-value.h"
#include "wire/cleanup.h"
#include "wire/reason.h"
#include "wire/text.h"

/* Of what was sent, in messages. */
#define SHOWN_MAX 200

#define NO_LIST "Value is not an array or object with sequential numeric indices"

enum Operator {
        OP_AND,
        OP_OR,
        OP_EQ,
        OP_NEQ,
        OP_GT,
        OP_GTE,
        OP_LT,
        OP_LTE,
        OP_INQ, /* from here on operands are a list */
        OP_NIN,
        OP_BETWEEN,
};

struct Where {
        enum Operator operator;
        enum AccountField field; /* _ACCOUNT_FIELD_MAX: one that no token has */
        Value *operands;         /* their texts are owned */
        size_t n_operands;
        Where *members;
        Where *next; /* in the list of members that it stands in */
};

/* What one call of where_parse() passes down. */
typedef struct Parser {
        const Json *json;
        char *message;
} Parser;

typedef struct Name {
        const char *text;
        enum Operator operator;
} Name;

static const Name groups[] = { { "and", OP_AND }, { "or", OP_OR } };

static const Name comparisons[] = {
        { "eq", OP_EQ },   { "neq", OP_NEQ }, { "gt", OP_GT },
        { "gte", OP_GTE }, { "lt", OP_LT },   { "lte", OP_LTE },
        { "inq", OP_INQ }, { "nin", OP_NIN }, { "between", OP_BETWEEN },
};

/* LoopBack has them, tokend has not: silence would look like an answer. */
static const char *const unsupported[] = { "like", "nlike", "ilike", "nilike", "regexp", "near" };

Where *where_free(Where *where) {
        if (!where)
                return NULL;
        while (where->members) {
                Where *member = where->members;

                where->members = member->next;
                where_free(member);
        }
        for (size_t i = 0; i < where->n_operands; i++)
                value_done(&where->operands[i]);
        free(where->operands);
        free(where);
        return NULL;
}

void where_freep(Where **where) {
        where_free(*where);
}

/* The value as it was sent. */
static int refuse(Parser *p, const char *before, JsonNode node, const char *after) {
        size_t size;
        const char *text = json_raw(p->json, node, &size);

        if (size > SHOWN_MAX) {
                text = "…";
                size = strlen(text);
        }
        if (asprintf(&p->message, "%s%.*s%s", before, (int)size, text, after) < 0)
                p->message = NULL;
        return REASON_INVALID_VALUE;
}

static int refuse_of(Parser *p, const char *name, const char *what, JsonNode node,
                     const char *after) {
        char before[128];

        snprintf(before, sizeof(before), "The %s %s ", name, what);
        return refuse(p, before, node, after);
}

static Where *where_add(Where *parent, enum Operator operator, enum AccountField field) {
        Where *where = calloc(1, sizeof(*where));

        if (!where)
                return NULL;
        where->operator= operator;
        where->field = field;
        if (parent) {
                where->next = parent->members;
                parent->members = where;
        }
        return where;
}

static int add_operands(Parser *p, Where *where, JsonNode node, bool is_list) {
        size_t n = is_list ? json_size(p->json, node) : 1;
        JsonNode item = is_list ? json_first(p->json, node) : node;
        int r = 0;

        where->operands = calloc(n > 0 ? n : 1, sizeof(*where->operands));
        if (!where->operands)
                return -ENOMEM;
        for (; r == 0 && where->n_operands < n; item = is_list ? json_next(p->json, item) : item)
                r = value_cast(p->json, item, where->field, &where->operands[where->n_operands++]);
        return r == REASON_INVALID_VALUE ? refuse(p, "Invalid date: ", node, "") : r;
}

static int check_list(Parser *p, const char *name, JsonNode clause, enum Operator operator,
                      JsonNode node) {
        char after[64];

        if (json_type(p->json, node) != JSON_ARRAY)
                return refuse_of(p, name, "property has invalid clause", clause,
                                 ": Error: " NO_LIST);
        if (operator!= OP_BETWEEN || json_size(p->json, node) == 2)
                return 0;
        snprintf(after, sizeof(after), ": Expected precisely 2 values, received %zu",
                 json_size(p->json, node));
        return refuse_of(p, name, "property has invalid clause", clause, after);
}

static const Name *find_name(const Name *names, size_t n, const char *text) {
        for (size_t i = 0; i < n; i++)
                if (streq(names[i].text, text))
                        return &names[i];
        return NULL;
}

/* What is no operator here. An unknown one says nothing about any token. */
static int check_unknown(Parser *p, const char *text, JsonNode name) {
        if (text[0] == '$')
                return refuse(p, "Operators ", name, " are not allowed in query");
        for (size_t i = 0; i < ELEMENTSOF(unsupported); i++)
                if (streq(unsupported[i], text))
                        return refuse(p, "The operator ", name, " is not supported");
        return 0;
}

/* {"gt": 1, "lt": 5}: all of them. */
static int parse_comparisons(Parser *p, Where *parent, enum AccountField field, const char *name,
                             JsonNode clause) {
        size_t n_known = 0;

        for (JsonNode n = json_first(p->json, clause); n != JSON_NONE; n = json_next(p->json, n)) {
                _cleanup_(secret_done) Secret text = SECRET_INIT;
                const Name *known;
                Where *where;
                int r = json_text(p->json, n, &text);

                if (r != 0)
                        return r;
                known = find_name(comparisons, ELEMENTSOF(comparisons), secret_text(&text));
                if (known && known->operator>= OP_INQ)
                        r = check_list(p, name, clause, known->operator, json_value(p->json, n));
                else if (!known)
                        r = check_unknown(p, secret_text(&text), n);
                if (r != 0)
                        return r;
                if (!known)
                        continue;
                n_known++;
                where = where_add(parent, known->operator, field);
                r = where ? add_operands(p, where, json_value(p->json, n), known->operator>= OP_INQ)
                          : -ENOMEM;
                if (r != 0)
                        return r;
        }
        /* Of nothing but unknown operators: no token. */
        return n_known > 0 || where_add(parent, OP_OR, field) ? 0 : -ENOMEM;
}

static int parse_object(Parser *p, Where *parent, JsonNode node);

static int parse_group(Parser *p, Where *parent, const Name *group, JsonNode list) {
        Where *where;
        int r = 0;

        if (json_type(p->json, list) != JSON_ARRAY)
                return refuse_of(p, group->text, "operator has invalid clauses", list,
                                 ": " NO_LIST);
        where = where_add(parent, group->operator, _ACCOUNT_FIELD_MAX);
        if (!where)
                return -ENOMEM;
        for (JsonNode n = json_first(p->json, list); r == 0 && n != JSON_NONE;
             n = json_next(p->json, n)) {
                Where *member = where_add(where, OP_AND, _ACCOUNT_FIELD_MAX);
                r = member ? parse_object(p, member, n) : -ENOMEM;
        }
        return r;
}

static int parse_member(Parser *p, Where *parent, JsonNode name) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        JsonNode value = json_value(p->json, name);
        enum AccountField field;
        const Name *group;
        Where *where;
        int r = json_text(p->json, name, &text);

        if (r != 0)
                return r;
        group = find_name(groups, ELEMENTSOF(groups), secret_text(&text));
        if (group)
                return parse_group(p, parent, group, value);
        field = account_field_from_name(secret_text(&text));
        if (json_type(p->json, value) == JSON_OBJECT)
                return parse_comparisons(p, parent, field, secret_text(&text), value);
        where = where_add(parent, OP_EQ, field);
        return where ? add_operands(p, where, value, false) : -ENOMEM;
}

static int parse_object(Parser *p, Where *parent, JsonNode node) {
        int r = 0;

        if (json_type(p->json, node) != JSON_OBJECT)
                return refuse(p, "The where clause ", node, " is not an object");
        for (JsonNode n = json_first(p->json, node); r == 0 && n != JSON_NONE;
             n = json_next(p->json, n))
                r = parse_member(p, parent, n);
        return r;
}

int where_parse(const Json *json, JsonNode node, Where **ret, char **ret_message) {
        _cleanup_(where_freep) Where *where = where_add(NULL, OP_AND, _ACCOUNT_FIELD_MAX);
        Parser parser = { .json = json };
        int r = where ? parse_object(&parser, where, node) : -ENOMEM;

        if (r == REASON_INVALID_VALUE)
                *ret_message = parser.message;
        if (r == 0)
                *ret = TAKE_PTR(where);
        return r;
}

static bool is_among(const Where *where, const Value *value) {
        for (size_t i = 0; i < where->n_operands; i++)
                if (value_equals(value, &where->operands[i]))
                        return true;
        return false;
}

/* Null is neither more nor less than anything. */
static bool is_ordered(const Value *value, const Value *operand, bool above, bool or_equal) {
        int order;

        if (value->kind == VALUE_NULL || !value_compare(value, operand, &order))
                return false;
        return order == 0 ? or_equal : (order > 0) == above;
}

static bool value_fits(const Where *where, const Value *value) {
        switch (where->operator) {
        case OP_EQ:
        case OP_INQ:
                return is_among(where, value);
        case OP_NEQ:
        case OP_NIN:
                return !is_among(where, value);
        case OP_GT:
                return is_ordered(value, &where->operands[0], true, false);
        case OP_GTE:
                return is_ordered(value, &where->operands[0], true, true);
        case OP_LT:
                return is_ordered(value, &where->operands[0], false, false);
        case OP_LTE:
                return is_ordered(value, &where->operands[0], false, true);
        case OP_BETWEEN:
                return is_ordered(value, &where->operands[0], true, true) &&
                       is_ordered(value, &where->operands[1], false, true);
        case OP_AND:
        case OP_OR:
                break;
        }
        return false;
}

static bool scopes_fit(const Where *where, char *const *scopes) {
        if (!scopes)
                return value_fits(where, &(Value){ .kind = VALUE_NULL });
        if (!scopes[0])
                return where->operator== OP_NEQ;
        for (; *scopes; scopes++)
                if (value_fits(where, &(Value){ .kind = VALUE_TEXT, .text = *scopes }))
                        return true;
        return false;
}

static bool field_fits(const Where *where, const AccountToken *token) {
        Value value = { .kind = VALUE_NULL };

        switch (where->field) {
        case ACCOUNT_SCOPES:
                return scopes_fit(where, token->scopes);
        case ACCOUNT_ID:
                value = (Value){ .kind = VALUE_TEXT, .text = token->id };
                break;
        case ACCOUNT_USER_ID:
                value = (Value){ .kind = VALUE_TEXT, .text = token->user_id };
                break;
        case ACCOUNT_TTL:
                value = (Value){ .kind = VALUE_NUMBER, .number = (double)token->ttl };
                break;
        case ACCOUNT_CREATED: /* in the milliseconds that are shown */
                value = (Value){ .kind = VALUE_NUMBER,
                                 .number = (double)(token->created / USEC_PER_MSEC) };
                break;
        case _ACCOUNT_FIELD_MAX:
                break;
        }
        return value_fits(where, &value);
}

bool where_matches(const Where *where, const AccountToken *token) {
        if (!where)
                return true;
        if (where->operator!= OP_AND && where->operator!= OP_OR)
                return field_fits(where, token);
        for (const Where *member = where->members; member; member = member->next)
                if (where_matches(member, token) == (where->operator== OP_OR))
                        return where->operator== OP_OR;
        return where->operator== OP_AND;
}
