/* "name# other[]!" and so on: see Route. */

#include "http/openapi-schema.h"

#include <stdio.h>
#include <string.h>

#include "wire/text.h"

static const struct {
        const char *mark;
        const char *type;
        const char *items; /* of an array */
} types[] = {
        [MEMBER_TEXT] = { "", "string", NULL },
        [MEMBER_NUMBER] = { "#", "integer", NULL },
        [MEMBER_BOOL] = { "?", "boolean", NULL },
        [MEMBER_TEXTS] = { "[]", "array", "string" },
        [MEMBER_OBJECT] = { "{}", "object", NULL },
        [MEMBER_OBJECTS] = { "[{}]", "array", "object" },
};

bool member_next(const char **words, Member *ret) {
        const char *word = *words + strspn(*words, " ");
        size_t size = strcspn(word, " "), name_size = strcspn(word, " #?[{!");
        size_t mark_size;

        if (size == 0)
                return false;
        *words = word + size;
        ret->required = word[size - 1] == '!';
        mark_size = size - name_size - (ret->required ? 1 : 0);
        ret->type = MEMBER_TEXT;
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (strlen(types[i].mark) == mark_size &&
                    memcmp(types[i].mark, word + name_size, mark_size) == 0)
                        ret->type = (enum MemberType)i;
        snprintf(ret->name, sizeof(ret->name), "%.*s", (int)name_size, word);
        return true;
}

static void write_type(JsonWriter *w, const char *name, const char *type) {
        json_write_object(w, name);
        json_write_text(w, "type", type);
        json_write_object_end(w);
}

void schema_write_text(JsonWriter *w, const char *name) {
        write_type(w, name, types[MEMBER_TEXT].type);
}

void schema_write_member(JsonWriter *w, const char *name, const Member *member) {
        json_write_object(w, name);
        json_write_text(w, "type", types[member->type].type);
        if (types[member->type].items)
                write_type(w, "items", types[member->type].items);
        json_write_object_end(w);
}

static bool has_required(const char *words) {
        Member member;

        while (member_next(&words, &member))
                if (member.required)
                        return true;
        return false;
}

void schema_write(JsonWriter *w, const char *name, const char *words) {
        const char *rest = words;
        Member member;

        if (member_next(&rest, &member) && member.name[0] == '\0') {
                schema_write_member(w, name, &member);
                return;
        }
        json_write_object(w, name);
        json_write_text(w, "type", "object");
        json_write_object(w, "properties");
        for (rest = words; member_next(&rest, &member);)
                schema_write_member(w, member.name, &member);
        json_write_object_end(w);
        /* OpenAPI 3.0 has no empty list of these. */
        if (has_required(words)) {
                json_write_array(w, "required");
                for (rest = words; member_next(&rest, &member);)
                        if (member.required)
                                json_write_text(w, NULL, member.name);
                json_write_array_end(w);
        }
        json_write_object_end(w);
}
