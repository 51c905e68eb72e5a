/* The members of a user, one row each. Those that tokend makes are known too, so that what it shows
 * can be given back to it. */

#include "ctl/import-member.h"

#include "wire/text.h"

/* clang-format off */
static const ImportMember members[] = {
        { "name",       IMPORT_KIND_TEXT,    false },
        { "id",         IMPORT_KIND_TEXT,    false },
        { "uid",        IMPORT_KIND_NUMBER,  false },
        { "email",      IMPORT_KIND_TEXT,    false },
        { "partner_id", IMPORT_KIND_TEXT,    false },
        { "role",       IMPORT_KIND_TEXT,    false },
        { "parent",     IMPORT_KIND_TEXT,    false },
        { "scopes",     IMPORT_KIND_WORDS,   false },
        { "groups",     IMPORT_KIND_WORDS,   false },
        { "home",       IMPORT_KIND_TEXT,    false },
        { "shell",      IMPORT_KIND_TEXT,    false },
        { "password",   IMPORT_KIND_TEXT,    true  },
        { "hash",       IMPORT_KIND_TEXT,    true  },
        { "state",      IMPORT_KIND_TEXT,    false },
        { "expires",    IMPORT_KIND_DATE,    false },
        { "ssh_keys",   IMPORT_KIND_LINES,   false },
        { "gid",        IMPORT_KIND_GID,     false },
        { "adopted",    IMPORT_KIND_IGNORED, false },
        { "created",    IMPORT_KIND_IGNORED, false },
};
/* clang-format on */

const ImportMember *import_member_find(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(members); i++)
                if (streq(members[i].name, name))
                        return &members[i];
        return NULL;
}
