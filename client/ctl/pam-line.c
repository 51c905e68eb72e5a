/* Types, controls and arguments, as libpam's own tokenizer sees them: words between blanks, where
 * [ … ] is one word without its brackets and "\]" in it is a bracket. */

#include "ctl/pam-line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "wire/cleanup.h"
#include "wire/text.h"

#define BLANKS " \t\n"
/* Behind the codes: those that were not named. */
#define CODE_DEFAULT _PAM_CODE_MAX
/* Not said by the control. */
#define ACTION_NONE (-100)

static const char *const type_names[_PAM_TYPE_MAX] = {
        [PAM_TYPE_AUTH] = "auth",
        [PAM_TYPE_ACCOUNT] = "account",
        [PAM_TYPE_SESSION] = "session",
        [PAM_TYPE_PASSWORD] = "password",
};

static const char *const code_names[_PAM_CODE_MAX + 1] = {
        "success",
        "open_err",
        "symbol_err",
        "service_err",
        "system_err",
        "buf_err",
        "perm_denied",
        "auth_err",
        "cred_insufficient",
        "authinfo_unavail",
        "user_unknown",
        "maxtries",
        "new_authtok_reqd",
        "acct_expired",
        "session_err",
        "cred_unavail",
        "cred_expired",
        "cred_err",
        "no_module_data",
        "conv_err",
        "authtok_err",
        "authtok_recover_err",
        "authtok_lock_busy",
        "authtok_disable_aging",
        "try_again",
        "ignore",
        "abort",
        "authtok_expired",
        "module_unknown",
        "bad_item",
        "conv_again",
        "incomplete",
        [CODE_DEFAULT] = "default",
};

/* By the negative of an action. */
static const char *const action_names[] = { "ignore", "ok", "done", "bad", "die", "reset" };

/* The words that stand for a whole control. */
static const struct {
        const char *word;
        int success; /* also of new_authtok_reqd */
        int otherwise;
        bool ignores_ignore; /* "optional" and "sufficient" do so by their otherwise */
} simple_controls[] = {
        { "required", PAM_ACTION_OK, PAM_ACTION_BAD, true },
        { "requisite", PAM_ACTION_OK, PAM_ACTION_DIE, true },
        { "sufficient", PAM_ACTION_DONE, PAM_ACTION_IGNORE, false },
        { "optional", PAM_ACTION_OK, PAM_ACTION_IGNORE, false },
};

const char *pam_type_name(enum PamType type) {
        return type_names[type];
}

const char *pam_code_name(enum PamCode code) {
        return code_names[code];
}

const char *pam_action_name(int action, char buffer[static PAM_ACTION_TEXT_MAX]) {
        if (action <= 0)
                return action_names[-action];
        snprintf(buffer, PAM_ACTION_TEXT_MAX, "%d", action);
        return buffer;
}

void pam_line_done(PamLine *line) {
        free(line->file);
        free(line->control);
        free(line->module);
        strv_free(line->arguments);
        *line = (PamLine){ 0 };
}

/* The text between brackets, whose beginning is at *rest. */
static char *take_brackets(char **rest) {
        char *word = *rest + 1, *from = word, *to = word;

        while (*from && *from != ']') {
                if (from[0] == '\\' && from[1] == ']')
                        from++;
                *to++ = *from++;
        }
        *rest = *from ? from + 1 : from;
        *to = '\0';
        return word;
}

/* The next word; NULL: none is left. */
static char *take_word(char **rest, bool *ret_brackets) {
        char *word;

        *rest += strspn(*rest, BLANKS);
        *ret_brackets = **rest == '[';
        if (**rest == '\0')
                return NULL;
        if (*ret_brackets)
                return take_brackets(rest);
        word = *rest;
        *rest += strcspn(*rest, BLANKS);
        if (**rest)
                *(*rest)++ = '\0';
        return word;
}

static bool take_character(const char **text, char wanted) {
        *text += strspn(*text, BLANKS);
        if (**text != wanted)
                return false;
        (*text)++;
        *text += strspn(*text, BLANKS);
        return true;
}

static int take_code(const char **text) {
        for (int code = 0; code <= CODE_DEFAULT; code++) {
                size_t size = strlen(code_names[code]);

                if (strncmp(*text, code_names[code], size) == 0) {
                        *text += size;
                        return code;
                }
        }
        return -EBADMSG;
}

static int take_action(const char **text, int *ret) {
        int jump = 0;

        for (size_t i = 0; i < ELEMENTSOF(action_names); i++) {
                size_t size = strlen(action_names[i]);

                if (strncmp(*text, action_names[i], size) == 0) {
                        *text += size;
                        *ret = -(int)i;
                        return 0;
                }
        }
        for (; **text >= '0' && **text <= '9' && jump <= PAM_JUMP_MAX; (*text)++)
                jump = jump * 10 + (**text - '0');
        if (jump == 0 || jump > PAM_JUMP_MAX)
                return -EBADMSG;
        *ret = jump;
        return 0;
}

/* "success=ok default=bad". */
static int parse_actions(const char *text, int ret[static _PAM_CODE_MAX], const char **ret_why) {
        int actions[_PAM_CODE_MAX + 1];
        int code, r;

        for (code = 0; code <= CODE_DEFAULT; code++)
                actions[code] = ACTION_NONE;
        for (text += strspn(text, BLANKS); *text; text += strspn(text, BLANKS)) {
                code = take_code(&text);
                *ret_why = "a return value of the control is unknown";
                if (code < 0)
                        return code;
                *ret_why = "an action of the control is unknown";
                r = take_character(&text, '=') ? take_action(&text, &actions[code]) : -EBADMSG;
                if (r < 0)
                        return r;
        }
        /* What is not said is a failure. */
        if (actions[CODE_DEFAULT] == ACTION_NONE)
                actions[CODE_DEFAULT] = PAM_ACTION_BAD;
        for (code = 0; code < _PAM_CODE_MAX; code++)
                ret[code] = actions[code] == ACTION_NONE ? actions[CODE_DEFAULT] : actions[code];
        return 0;
}

static int parse_control(const char *word, bool has_brackets, PamLine *line, const char **ret_why) {
        for (size_t i = 0; !has_brackets && i < ELEMENTSOF(simple_controls); i++) {
                if (strcasecmp(word, simple_controls[i].word) != 0)
                        continue;
                for (int code = 0; code < _PAM_CODE_MAX; code++)
                        line->actions[code] = simple_controls[i].otherwise;
                line->actions[PAM_CODE_SUCCESS] = simple_controls[i].success;
                line->actions[PAM_CODE_NEW_AUTHTOK_REQD] = simple_controls[i].success;
                if (simple_controls[i].ignores_ignore)
                        line->actions[PAM_CODE_IGNORE] = PAM_ACTION_IGNORE;
                return PAM_LINE_MODULE;
        }
        if (!has_brackets && strcasecmp(word, "include") == 0)
                return PAM_LINE_INCLUDE;
        if (!has_brackets && strcasecmp(word, "substack") == 0)
                return PAM_LINE_SUBSTACK;
        return parse_actions(word, line->actions, ret_why) ?: PAM_LINE_MODULE;
}

static int find_type(const char *word, enum PamType *ret) {
        for (enum PamType type = 0; type < _PAM_TYPE_MAX; type++)
                if (strcasecmp(word, type_names[type]) == 0) {
                        *ret = type;
                        return 0;
                }
        return -EBADMSG;
}

static int keep_control(PamLine *line, const char *word, bool has_brackets) {
        if (has_brackets)
                return asprintf(&line->control, "[%s]", word) < 0 ? -ENOMEM : 0;
        return text_copy(word, &line->control);
}

/* Everything behind the type. */
static int parse_rest(char *rest, PamLine *line, const char **ret_why) {
        bool has_brackets;
        char *word;
        int kind, r;

        *ret_why = "there is no control";
        word = take_word(&rest, &has_brackets);
        if (!word)
                return -EBADMSG;
        kind = parse_control(word, has_brackets, line, ret_why);
        if (kind < 0)
                return kind;
        r = keep_control(line, word, has_brackets);
        if (r < 0)
                return r;
        *ret_why = "there is no module";
        word = take_word(&rest, &has_brackets);
        if (!word)
                return -EBADMSG;
        r = text_copy(word, &line->module);
        while (r == 0 && (word = take_word(&rest, &has_brackets)))
                r = strv_extend(&line->arguments, word);
        return r < 0 ? r : kind;
}

int pam_line_parse(char *text, PamLine *ret, const char **ret_why) {
        _cleanup_(pam_line_done) PamLine line = { 0 };
        bool has_brackets;
        char *rest = text, *word;
        int kind;

        /* Also in the middle of a word. */
        text[strcspn(text, "#")] = '\0';
        word = take_word(&rest, &has_brackets);
        if (!word)
                return PAM_LINE_EMPTY;
        if (strcasecmp(word, "@include") == 0) {
                *ret_why = "@include names no file";
                word = take_word(&rest, &has_brackets);
                if (!word)
                        return -EBADMSG;
                kind = text_copy(word, &line.module) ?: PAM_LINE_INCLUDE_ALL;
        } else {
                line.is_quiet = word[0] == '-';
                *ret_why = "the type is none of auth, account, session, password";
                kind = find_type(word + line.is_quiet, &line.type);
                if (kind == 0)
                        kind = parse_rest(rest, &line, ret_why);
        }
        if (kind >= 0)
                *ret = TAKE(line, (PamLine){ 0 });
        return kind;
}
