/* PAM's part of a login. What pam_unix will say of a local user is not known here; so the stack is
 * run with both of its answers, and if they end alike, tokend has decided. Of all other modules a
 * yes is assumed. */

#include <stdio.h>
#include <string.h>

#include "ctl/explain.h"
#include "ctl/pam-stack.h"
#include "wire/text.h"

#define DESCRIPTION_MAX 64

typedef struct Run {
        Explanation *explanation;
        bool unix_says_yes;
        bool asks_unix; /* out */
} Run;

static enum PamCode auth_or_account_code(const Explanation *explanation, enum PamType type) {
        return pam_module_code(type == PAM_TYPE_AUTH ? explanation->auth : explanation->account,
                               type);
}

static enum PamCode answer(const PamLine *line, void *userdata) {
        Run *run = userdata;

        if (pam_line_is(line, PAM_TOKEND))
                return auth_or_account_code(run->explanation, line->type);
        if (pam_line_is(line, "pam_deny.so"))
                return line->type == PAM_TYPE_AUTH ? PAM_CODE_AUTH_ERR : PAM_CODE_PERM_DENIED;
        if (!pam_line_is(line, "pam_unix.so"))
                return PAM_CODE_SUCCESS;
        run->asks_unix = true;
        return run->unix_says_yes ? PAM_CODE_SUCCESS : PAM_CODE_AUTH_ERR;
}

/* What follows from an action. */
static const char *describe_action(int action, char buffer[static DESCRIPTION_MAX]) {
        switch (action) {
        case PAM_ACTION_IGNORE:
                return "it does not count, the lines behind decide";
        case PAM_ACTION_OK:
                return "it counts, and the lines behind are asked as well";
        case PAM_ACTION_DONE:
                return "that decides, nothing more is asked";
        case PAM_ACTION_BAD:
                return "refused, whatever the lines behind say";
        case PAM_ACTION_DIE:
                return "refused at once";
        case PAM_ACTION_RESET:
                return "what was said so far does not count";
        default:
                if (action == 1)
                        return "the next line is skipped";
                snprintf(buffer, DESCRIPTION_MAX, "the next %d lines are skipped", action);
                return buffer;
        }
}

static void tell(const PamLine *line, enum PamCode code, int action, void *userdata) {
        Run *run = userdata;
        char buffer[PAM_ACTION_TEXT_MAX], description[DESCRIPTION_MAX];

        if (!pam_line_is(line, PAM_TOKEND))
                return;
        explain_step(run->explanation, FINDING_OK, pam_type_name(line->type), 0,
                     "%s:%u: %s gives %s, and %s=%s: %s", line->file, line->number, PAM_TOKEND,
                     pam_code_name(code), pam_code_name(code), pam_action_name(action, buffer),
                     describe_action(action, description));
}

static enum PamCode run_stack(Explanation *explanation, enum PamType type, bool unix_says_yes,
                              PamWitness witness, bool *ret_asks_unix) {
        Run run = { .explanation = explanation, .unix_says_yes = unix_says_yes };
        enum PamCode code;

        code = pam_stack_run(&explanation->stack, type, answer, witness, &run);
        *ret_asks_unix = run.asks_unix;
        return code;
}

/* What a refused user would be told apart by. */
static const char *reason_of(int result) {
        return result > 0 ? reason_to_string(result) : NULL;
}

static void refuse(Explanation *explanation, int result) {
        explanation->end = END_REFUSED;
        explanation->reason = reason_of(result);
}

/* Whom /etc/passwd does not know, pam_unix has no password of. */
static bool unix_may_know(const Explanation *explanation) {
        return explanation->is_local;
}

static bool conclude_auth(Explanation *explanation) {
        bool local = unix_may_know(explanation), asks_unix = false, ignored;
        bool yes = run_stack(explanation, PAM_TYPE_AUTH, local, tell, &asks_unix) ==
                   PAM_CODE_SUCCESS;
        bool decided = !local || run_stack(explanation, PAM_TYPE_AUTH, false, NULL, &ignored) ==
                                                 PAM_CODE_SUCCESS;

        if (!yes && asks_unix && !local)
                explain_step(explanation, FINDING_FAILURE, "unix", 0,
                             "pam_unix is asked, and has no password of %s", explanation->user);
        if (!yes) {
                refuse(explanation, explanation->auth);
                return false;
        }
        if (!decided)
                explain_step(explanation, FINDING_NOTE, "unix", 0,
                             "pam_unix decides by the password in /etc/shadow");
        explanation->end = decided && explanation->auth == 0 ? END_TOKEND : END_UNIX;
        return true;
}

static void conclude_account(Explanation *explanation) {
        bool ignored;
        enum PamCode code = run_stack(explanation, PAM_TYPE_ACCOUNT, true, tell, &ignored);

        if (code == PAM_CODE_SUCCESS)
                return;
        if (code == PAM_CODE_NEW_AUTHTOK_REQD)
                explain_step(explanation, FINDING_WARNING, "account", REASON_PASSWORD_MUST_CHANGE,
                             "%s has to choose a new password first", explanation->user);
        else
                refuse(explanation, explanation->account);
}

void explain_conclude(Explanation *explanation) {
        if (conclude_auth(explanation))
                conclude_account(explanation);
}

static const PamLine *find_line(const PamConfig *config, enum PamType type) {
        for (size_t i = 0; i < config->n_lines; i++)
                if (config->lines[i].type == type && pam_line_is(&config->lines[i], PAM_TOKEND))
                        return &config->lines[i];
        return NULL;
}

bool explain_read_stack(Explanation *explanation) {
        char message[PAM_MESSAGE_MAX];
        const PamLine *line;
        const char *bad = NULL;
        int r;

        r = pam_config_read_whole(explanation->machine->root, explanation->service,
                                  &explanation->stack, message);
        if (r < 0) {
                explain_step(explanation, FINDING_FAILURE, "pam", 0, "%s: %s", explanation->service,
                             message[0] ? message : strerrordesc_np(-r));
                explanation->end = END_REFUSED;
                return false;
        }
        line = find_line(&explanation->stack, PAM_TYPE_AUTH);
        explanation->asks_auth = line != NULL;
        if (!line)
                line = find_line(&explanation->stack, PAM_TYPE_ACCOUNT);
        if (!explanation->asks_auth)
                explain_step(explanation, FINDING_WARNING, "pam", 0,
                             "/etc/pam.d/%s does not ask tokend%s", explanation->service,
                             line ? " for passwords" : "");
        r = pam_module_parse(line ? line->arguments : NULL, &explanation->options, &bad);
        if (r < 0) {
                explain_step(explanation, FINDING_FAILURE, "pam", 0,
                             "%s:%u: \"%s\" is no option of the module, which refuses everybody",
                             line->file, line->number, bad);
                explanation->end = END_REFUSED;
                return false;
        }
        return true;
}
