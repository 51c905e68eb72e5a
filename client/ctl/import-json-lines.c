/* An object a line, as POST /v1/users takes it. What tokend itself shows of a user may stand in it
 * too and is left out; a name that nothing of it has is refused, since it meant something. */

#include "ctl/import-json-lines.h"

#include <errno.h>
#include <stdio.h>

#include "ctl/import-member.h"
#include "ctl/json-copy.h"
#include "wire/cleanup.h"
#include "wire/text.h"

static int verdict_set(ImportEntry *entry, enum ImportVerdict verdict, const char *member) {
        entry->verdict = verdict;
        return text_copy(member, &entry->member);
}

/* 0, -ENOMEM, or -EBADMSG: this can't be such a value. */
static int member_copy(JsonWriter *w, const ImportMember *member, const Json *json, JsonNode value,
                       ImportEntry *entry) {
        if (json_type(json, value) == JSON_NULL || member->kind == IMPORT_KIND_IGNORED)
                return 0;
        if (member->kind == IMPORT_KIND_GID)
                return json_int64(json, value, &entry->gid);
        if (streq(member->name, "uid") && json_int64(json, value, &entry->uid) < 0)
                return -EBADMSG;
        return json_copy(w, member->name, json, value);
}

/* What it says is not shown: who puts a password there is told where. */
static int member_refuse(ImportEntry *entry, unsigned number) {
        entry->verdict = IMPORT_UNKNOWN_MEMBER;
        return asprintf(&entry->member, "member %u", number) < 0 ? -ENOMEM : 0;
}

static int member_take(JsonWriter *w, const Json *json, JsonNode node, unsigned number,
                       ImportEntry *entry, bool *has_secrets) {
        _cleanup_(secret_done) Secret name = SECRET_INIT;
        const ImportMember *member;
        int r;

        r = json_text(json, node, &name);
        if (r < 0)
                return r;
        member = import_member_find(secret_text(&name));
        if (!member)
                return member_refuse(entry, number);
        *has_secrets |= member->is_secret;
        r = member_copy(w, member, json, json_value(json, node), entry);
        return r == -EBADMSG ? verdict_set(entry, IMPORT_INVALID_VALUE, member->name) : r;
}

static int object_take(const Json *json, ImportEntry *entry, bool *has_secrets) {
        JsonWriter w = JSON_WRITER(&entry->body);
        unsigned number = 0;
        int r;

        r = json_get_text(json, JSON_ROOT, "name", &entry->name);
        if (r == -EBADMSG || r == -ENOENT)
                return verdict_set(entry, IMPORT_INVALID_NAME, NULL);
        if (r < 0)
                return r;
        json_write_object(&w, NULL);
        for (JsonNode n = json_first(json, JSON_ROOT);
             r == 0 && entry->verdict == IMPORT_TO_ADD && n != JSON_NONE; n = json_next(json, n))
                r = member_take(&w, json, n, ++number, entry, has_secrets);
        json_write_object_end(&w);
        return r == 0 ? json_write_end(&w) : r;
}

static int line_take(Span line, ImportEntry *entry, bool *has_secrets) {
        _cleanup_(json_freep) Json *json = NULL;
        int r;

        r = json_parse(line.text, line.size, &json);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || json_type(json, JSON_ROOT) != JSON_OBJECT)
                return verdict_set(entry, IMPORT_NOT_JSON, NULL);
        return object_take(json, entry, has_secrets);
}

static bool is_blank(Span line) {
        for (size_t i = 0; i < line.size; i++)
                if (line.text[i] != ' ' && line.text[i] != '\t')
                        return false;
        return true;
}

int json_lines_parse(const char *file, const char *text, size_t size, ImportList *ret,
                     bool *ret_has_secrets) {
        _cleanup_(import_list_done) ImportList list = IMPORT_LIST_INIT;
        LineReader reader = line_reader(text, size);
        enum ImportVerdict verdict;
        bool has_secrets = false;
        Span line;
        int r;

        while (line_next(&reader, &line, &verdict)) {
                _cleanup_(import_entry_done) ImportEntry entry = IMPORT_ENTRY_INIT;

                if (is_blank(line))
                        continue;
                entry.file = file;
                entry.line = reader.number;
                entry.verdict = verdict;
                r = verdict == IMPORT_TO_ADD ? line_take(line, &entry, &has_secrets) : 0;
                import_entry_judge(&entry);
                if (r == 0)
                        r = import_list_take(&list, &entry);
                if (r < 0)
                        return r;
        }
        r = import_list_judge_names(&list);
        if (r < 0)
                return r;
        *ret_has_secrets = has_secrets;
        *ret = TAKE(list, IMPORT_LIST_INIT);
        return 0;
}
