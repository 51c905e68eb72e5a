/* A file of /etc/pam.d: whatever stands in it, lines that come out are whole, and the walk through
 * them ends; without a yes of any module there is none. */

#include "fuzz.h"

#include <errno.h>

#include "ctl/pam-config.h"
#include "ctl/pam-stack.h"
#include "wire/text.h"

static enum PamCode say(const PamLine *line, void *userdata) {
        unsigned *n = userdata;

        fuzz_check(!line->is_substack);
        ++*n;
        /* Some code for each module's name, and never a yes. */
        return (enum PamCode)(1 + (unsigned char)line->module[0] % (_PAM_CODE_MAX - 1));
}

static void check_line(const PamLine *line) {
        char buffer[PAM_ACTION_TEXT_MAX];

        fuzz_check(line->type < _PAM_TYPE_MAX && line->number > 0 && line->level == 0);
        fuzz_check(line->control && line->module && streq(line->file, "fuzz"));
        for (int code = 0; code < _PAM_CODE_MAX; code++) {
                int action = line->actions[code];

                fuzz_check(line->is_substack ||
                           (action >= PAM_ACTION_RESET && action <= PAM_JUMP_MAX));
                fuzz_check(pam_action_name(action, buffer)[0] != '\0');
        }
        for (char **argument = line->arguments; argument && *argument; argument++)
                fuzz_check(!strchr(*argument, '#'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char message[PAM_MESSAGE_MAX];
        PamConfig config = PAM_CONFIG_INIT;
        int r;

        r = pam_config_parse("fuzz", (const char *)data, size, &config, message);
        fuzz_check(r == 0 || (r == -EBADMSG && !config.lines));
        fuzz_check((r == 0) == (message[0] == '\0'));
        for (size_t i = 0; i < config.n_lines; i++)
                check_line(&config.lines[i]);
        for (enum PamType type = 0; r == 0 && type < _PAM_TYPE_MAX; type++) {
                unsigned n = 0;

                fuzz_check(pam_stack_run(&config, type, say, NULL, &n) != PAM_CODE_SUCCESS);
                fuzz_check(n <= config.n_lines);
        }
        pam_config_done(&config);
        return 0;
}
