/* PAM's part of a login. What pam_unix will say of a local user is not known here, nor what another
 * module will whose yes ends the stack or skips lines; so the stack is run with both of their
 * answers, and only what ends alike is told. Where a yes just counts, it is assumed. */

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "ctl/explain.h"
#include "ctl/pam-stack.h"
#include "passwd.h"
#include "wire/text.h"

#define DESCRIPTION_MAX 64

typedef struct Run {
        Explanation *explanation;
        bool unix_says_yes;
        bool others_say_yes; /* those whose yes does more than count */
        bool was_let_in;     /* by tokend, in the auth phase */

        /* Out. */
        enum PamCode code;
        bool asks_unix;
        bool tokend_counts;   /* its line was reached, its yes was one, and was not thrown away */
        int result;           /* of tokend's line, when it was reached */
        const PamLine *other; /* the first of those others */
} Run;

/* Modules of which more is known. Who is asked for a password is not root to pam_rootok. */
static const struct {
        const char *module;
        enum PamCode auth;
        enum PamCode account;
} known[] = {
        { "pam_deny.so", PAM_CODE_AUTH_ERR, PAM_CODE_PERM_DENIED },
        { "pam_permit.so", PAM_CODE_SUCCESS, PAM_CODE_SUCCESS },
        { "pam_rootok.so", PAM_CODE_AUTH_ERR, PAM_CODE_AUTH_ERR },
};

bool explain_passes_over(const Explanation *explanation, const PamOptions *options,
                         bool was_let_in) {
        const char *root = explanation->machine->root;
        char passwd[PATH_MAX], snapshot[PATH_MAX];
        uid_t trusted_uid = (uid_t)-1;

        (void)root_find_uid(root, TOKEND_USER_NAME, &trusted_uid);
        if (snprintf(passwd, sizeof(passwd), "%s/etc/passwd", root) >= (int)sizeof(passwd) ||
            snprintf(snapshot, sizeof(snapshot), "%s" SNAPSHOT_PATH, root) >= (int)sizeof(snapshot))
                return false;
        return pam_options_pass_over(options, passwd, snapshot, trusted_uid, explanation->user,
                                     was_let_in);
}

static enum PamCode tokend_code(Run *run, const PamLine *line) {
        const Explanation *explanation = run->explanation;
        const char *bad = NULL;
        PamOptions options;

        run->result = line->type == PAM_TYPE_AUTH ? explanation->auth : explanation->account;
        if (pam_module_options(line, &options, &bad) < 0) {
                run->result = 0;
                return PAM_CODE_SERVICE_ERR;
        }
        if (explain_passes_over(explanation, &options, run->was_let_in))
                run->result = REASON_USER_UNKNOWN;
        else if ((run->result == 0 || run->result == REASON_PASSWORD_MUST_CHANGE) &&
                 !pam_options_permit_uid(&options, explanation->uid))
                run->result = REASON_UID_NOT_PERMITTED;
        return pam_module_code(run->result, line->type);
}

static enum PamCode unix_code(Run *run, const PamLine *line) {
        if (line->type == PAM_TYPE_ACCOUNT)
                return PAM_CODE_SUCCESS;
        run->asks_unix = true;
        return run->unix_says_yes ? PAM_CODE_SUCCESS : PAM_CODE_AUTH_ERR;
}

static enum PamCode other_code(Run *run, const PamLine *line) {
        int action = line->actions[PAM_CODE_SUCCESS];

        for (size_t i = 0; i < ELEMENTSOF(known); i++)
                if (pam_line_is(line, known[i].module))
                        return line->type == PAM_TYPE_AUTH ? known[i].auth : known[i].account;
        if (action != PAM_ACTION_DONE && action <= 0)
                return PAM_CODE_SUCCESS;
        if (!run->other)
                run->other = line;
        if (run->others_say_yes)
                return PAM_CODE_SUCCESS;
        return line->type == PAM_TYPE_AUTH ? PAM_CODE_AUTH_ERR : PAM_CODE_PERM_DENIED;
}

static enum PamCode answer(const PamLine *line, void *userdata) {
        Run *run = userdata;

        if (pam_line_is(line, PAM_TOKEND))
                return tokend_code(run, line);
        return pam_line_is(line, "pam_unix.so") ? unix_code(run, line) : other_code(run, line);
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

static void tell(const Run *run, const PamLine *line, enum PamCode code, int action) {
        char buffer[PAM_ACTION_TEXT_MAX], description[DESCRIPTION_MAX];

        explain_step(run->explanation, FINDING_OK, pam_type_name(line->type), 0,
                     "%s:%u: %s gives %s, and %s=%s: %s", line->file, line->number, PAM_TOKEND,
                     pam_code_name(code), pam_code_name(code), pam_action_name(action, buffer),
                     describe_action(action, description));
}

static void watch(const PamLine *line, enum PamCode code, int action, void *userdata) {
        Run *run = userdata;

        if (pam_line_is(line, PAM_TOKEND) && code == PAM_CODE_SUCCESS)
                run->tokend_counts |=
                                action == PAM_ACTION_OK || action == PAM_ACTION_DONE || action > 0;
}

static void watch_and_tell(const PamLine *line, enum PamCode code, int action, void *userdata) {
        watch(line, code, action, userdata);
        if (pam_line_is(line, PAM_TOKEND))
                tell(userdata, line, code, action);
}

static bool run_stack(Run *run, enum PamType type, PamWitness witness) {
        run->code = pam_stack_run(&run->explanation->stack, type, answer, witness, run);
        return run->code == PAM_CODE_SUCCESS ||
               (type == PAM_TYPE_ACCOUNT && run->code == PAM_CODE_NEW_AUTHTOK_REQD);
}

/* What a refused user would be told apart by. */
static void refuse(Explanation *explanation, int result) {
        explanation->end = END_REFUSED;
        explanation->reason = result > 0 ? reason_to_string(result) : NULL;
}

static void leave_to(Explanation *explanation, const PamLine *line) {
        explain_step(explanation, FINDING_NOTE, pam_type_name(line->type), 0,
                     "%s:%u: %s decides, and what it says is not known here", line->file,
                     line->number, line->module);
        explanation->end = END_UNKNOWN;
}

/* Whom /etc/passwd does not know, pam_unix has no password of. False: that is the end. */
static bool conclude_auth(Explanation *explanation, bool *ret_was_let_in) {
        bool local = explanation->is_local;
        Run run = { .explanation = explanation, .unix_says_yes = local };
        Run other = { .explanation = explanation, .unix_says_yes = local, .others_say_yes = true };
        Run alone = { .explanation = explanation };
        bool yes = run_stack(&run, PAM_TYPE_AUTH, watch_and_tell);

        if (yes != run_stack(&other, PAM_TYPE_AUTH, watch)) {
                leave_to(explanation, run.other ?: other.other);
                return false;
        }
        if (!yes && run.asks_unix && !local)
                explain_step(explanation, FINDING_FAILURE, "unix", 0,
                             "pam_unix is asked, and has no password of %s", explanation->user);
        if (!yes) {
                refuse(explanation, run.result);
                return false;
        }
        if (!run_stack(&alone, PAM_TYPE_AUTH, watch)) {
                explain_step(explanation, FINDING_NOTE, "unix", 0,
                             "pam_unix decides by the password in /etc/shadow");
                explanation->end = END_UNIX;
        } else {
                run = alone;
                explanation->end = run.tokend_counts ? END_TOKEND : END_OTHERS;
        }
        *ret_was_let_in = run.tokend_counts && explanation->has_login;
        return true;
}

static void conclude_account(Explanation *explanation, bool was_let_in) {
        Run run = { .explanation = explanation, .was_let_in = was_let_in };
        Run other = { .explanation = explanation,
                      .was_let_in = was_let_in,
                      .others_say_yes = true };
        bool yes = run_stack(&run, PAM_TYPE_ACCOUNT, watch_and_tell);

        if (yes != run_stack(&other, PAM_TYPE_ACCOUNT, watch))
                leave_to(explanation, run.other ?: other.other);
        else if (!yes)
                refuse(explanation, run.result);
        else if (run.code == PAM_CODE_NEW_AUTHTOK_REQD)
                explain_step(explanation, FINDING_WARNING, "account", REASON_PASSWORD_MUST_CHANGE,
                             "%s has to choose a new password first", explanation->user);
}

void explain_conclude(Explanation *explanation) {
        bool was_let_in = false;

        if (conclude_auth(explanation, &was_let_in))
                conclude_account(explanation, was_let_in);
}

/* Whether this line asks about the user; *ret_options are set if they can be read. */
static bool line_asks(Explanation *explanation, const PamLine *line, PamOptions *ret_options) {
        const char *bad = NULL;

        if (pam_module_options(line, ret_options, &bad) == 0)
                return !explain_passes_over(explanation, ret_options, false);
        explain_step(explanation, FINDING_FAILURE, "pam", 0,
                     "%s:%u: \"%s\" is no option of the module, which gives %s", line->file,
                     line->number, bad, pam_code_name(PAM_CODE_SERVICE_ERR));
        return false;
}

/* How many of the module's lines there are. */
static size_t look_at_lines(Explanation *explanation, enum PamType type, bool *asks) {
        const PamConfig *stack = &explanation->stack;
        size_t n = 0;

        for (size_t i = 0; i < stack->n_lines; i++) {
                PamOptions options = explanation->options;

                if (stack->lines[i].type != type || !pam_line_is(&stack->lines[i], PAM_TOKEND))
                        continue;
                n++;
                *asks = line_asks(explanation, &stack->lines[i], &options) || *asks;
                if (!explanation->asks)
                        explanation->options = options;
                explanation->asks = explanation->asks || *asks;
        }
        return n;
}

bool explain_read_stack(Explanation *explanation) {
        char message[PAM_MESSAGE_MAX];
        size_t n_auth, n_account;
        bool asks_account = false;
        int r;

        r = pam_config_read_whole(explanation->machine->root, explanation->service,
                                  &explanation->stack, message);
        if (r < 0) {
                explain_step(explanation, FINDING_FAILURE, "pam", 0, "%s: %s", explanation->service,
                             message[0] ? message : strerrordesc_np(-r));
                explanation->end = END_REFUSED;
                return false;
        }
        (void)pam_options_parse(0, NULL, &explanation->options, NULL);
        n_auth = look_at_lines(explanation, PAM_TYPE_AUTH, &explanation->asks_auth);
        n_account = look_at_lines(explanation, PAM_TYPE_ACCOUNT, &asks_account);
        if (n_auth == 0)
                explain_step(explanation, FINDING_WARNING, "pam", 0,
                             "/etc/pam.d/%s does not ask tokend%s", explanation->service,
                             n_account > 0 ? " for passwords" : "");
        if (n_auth + n_account == 0)
                explanation->asks = true;
        if (!explanation->socket)
                explanation->socket = explanation->options.socket_path;
        return true;
}
