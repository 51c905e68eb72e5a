/* tokenctl login NAME --explain: the frame. The steps stand in explain-steps.c, PAM's part in
 * explain-stack.c. */

#include "ctl/explain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/secret-input.h"
#include "ctl/verbs.h"
#include "wire/cleanup.h"
#include "wire/text.h"

#define SERVICE_DEFAULT "sshd"

static const char *const end_words[] = {
        [END_UNKNOWN] = "unknown",       [END_TOKEND] = "let-in",   [END_UNIX] = "left-to-pam_unix",
        [END_OTHERS] = "left-to-others", [END_REFUSED] = "refused",
};

void explanation_done(Explanation *explanation) {
        findings_done(&explanation->steps);
        pam_config_done(&explanation->stack);
}

void explain_step(Explanation *explanation, enum FindingLevel level, const char *name, int result,
                  const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        findings_addv(&explanation->steps, level, name, reason_to_string(result), NULL, format,
                      arguments);
        va_end(arguments);
}

static enum Exit print_json(const Explanation *explanation) {
        _cleanup_(secret_done) Secret out = SECRET_INIT;
        JsonWriter w = JSON_WRITER(&out);
        int r;

        json_write_object(&w, NULL);
        json_write_text(&w, "user", explanation->user);
        json_write_text(&w, "service", explanation->service);
        json_write_text(&w, "rhost", explanation->rhost);
        json_write_array(&w, "steps");
        findings_write(&explanation->steps, "step", &w);
        json_write_array_end(&w);
        json_write_text(&w, "end", end_words[explanation->end]);
        json_write_text(&w, "reason", explanation->reason);
        json_write_object_end(&w);
        r = json_write_end(&w);
        if (r == -EINVAL)
                return complain_of_usage("a name is not UTF-8");
        if (r < 0)
                return complain_of_error(explanation->user, r);
        puts(secret_text(&out));
        return EXIT_DONE;
}

static void print_end(const Explanation *explanation) {
        switch (explanation->end) {
        case END_TOKEND:
                puts("\nlet in by tokend");
                break;
        case END_UNIX:
                puts("\nleft to pam_unix");
                break;
        case END_OTHERS:
                puts("\nlet in by other modules, whatever tokend says");
                break;
        case END_REFUSED:
                printf("\nrefused: %s\n", explanation->reason ?: "by another module");
                break;
        case END_UNKNOWN:
                puts(explanation->machine->uid == 0 ? "\nnot known: another module decides"
                                                    : "\nnot known: the rest takes root");
                break;
        }
}

static enum Exit ask_password(const Ctl *ctl, const char *user, Secret *ret) {
        char prompt[USER_PROMPT_MAX];

        snprintf(prompt, sizeof(prompt), "Password of %s", user);
        return secret_get(ctl, OPTION_PASSWORD_FILE, prompt, false, ret);
}

static enum Exit walk(Explanation *explanation) {
        _cleanup_(secret_done) Secret password = SECRET_INIT;
        enum Exit e;

        if (!explain_read_stack(explanation))
                return EXIT_DONE;
        if (tokend_set_socket(explanation->ctl->handle, explanation->socket) < 0)
                return complain_of_error(explanation->socket, -EINVAL);
        if (explain_look(explanation)) {
                e = ask_password(explanation->ctl, explanation->user, &password);
                if (e != EXIT_DONE)
                        return e;
                explain_try(explanation, &password);
        }
        if (explanation->end == END_UNKNOWN && explanation->machine->uid == 0)
                explain_conclude(explanation);
        return EXIT_DONE;
}

enum Exit login_explain(Ctl *ctl, const char *user) {
        const char *socket = ctl_option(ctl, OPTION_SOCKET);
        const Machine machine = machine_here();
        _cleanup_(explanation_done) Explanation explanation =
                        EXPLANATION_INIT(.machine = &machine, .ctl = ctl, .user = user,
                                         .socket = socket && socket[0] ? socket : NULL,
                                         .service = ctl_option(ctl, OPTION_SERVICE)
                                                                    ?: SERVICE_DEFAULT,
                                         .rhost = ctl_option(ctl, OPTION_RHOST));
        enum Exit e;

        if (strchr(explanation.service, '/') || explanation.service[0] == '.')
                return complain_of_usage("--service=%s: this is no PAM service",
                                         explanation.service);
        if (ctl_option(ctl, OPTION_URL))
                return complain_of_usage("--explain walks a login on this machine, and takes no "
                                         "--url");
        if (ctl_option(ctl, OPTION_SCOPES))
                return complain_of_usage("--explain takes no --scopes: a login has none");
        e = walk(&explanation);
        if (e != EXIT_DONE)
                return e;
        if (explanation.steps.error < 0)
                return complain_of_error(user, explanation.steps.error);
        if (ctl_wants_json(ctl))
                e = print_json(&explanation);
        else {
                findings_print(&explanation.steps, false);
                print_end(&explanation);
        }
        if (e == EXIT_DONE && explanation.end == END_UNKNOWN && machine.uid != 0)
                complain(user, reason_to_string(REASON_ACCESS_DENIED),
                         "only root can walk a login to its end");
        return e != EXIT_DONE || (explanation.end != END_REFUSED && explanation.end != END_UNKNOWN)
                               ? e
                               : EXIT_FAILED;
}
