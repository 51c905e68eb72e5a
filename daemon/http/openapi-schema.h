#pragma once

/* The words of Route's takes and gives as JSON schemas. */

#include <stdbool.h>

#include "wire/json-write.h"

enum MemberType {
        MEMBER_TEXT,
        MEMBER_NUMBER,
        MEMBER_BOOL,
        MEMBER_TEXTS,
        MEMBER_OBJECT,
        MEMBER_OBJECTS,
};

typedef struct Member {
        char name[64];
        enum MemberType type;
        bool required;
} Member;

/* Takes the next word off *words; false: there is none. */
bool member_next(const char **words, Member *ret);

/* A member of that name, with the schema in it. */
void schema_write_text(JsonWriter *w, const char *name);
void schema_write_member(JsonWriter *w, const char *name, const Member *member);
/* An object of these members; a single word without a name is that type itself. */
void schema_write(JsonWriter *w, const char *name, const char *words);
