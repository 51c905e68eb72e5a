/* Every answer is copied once into a Secret, whole, and the application's copy is wiped. Whatever
 * goes wrong here is an error: neither PAM_SUCCESS without a password nor PAM_IGNORE comes out. */

#include <security/pam_ext.h>
#include <stdlib.h>
#include <string.h>

#include "pam/conversation/prompt.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"

static void wiped_freep(char **text) {
        if (!*text)
                return;
        explicit_bzero(*text, strlen(*text));
        free(*text);
}

static int error_code(int code) {
        return code == PAM_SUCCESS || code == PAM_IGNORE ? PAM_CONV_ERR : code;
}

int password_recall(pam_handle_t *pamh, int item, bool *ret_found, Secret *ret) {
        const void *text = NULL;

        int code = pam_get_item(pamh, item, &text);
        if (code != PAM_SUCCESS)
                return error_code(code);
        if (text && secret_set(ret, text, strlen(text)) < 0)
                return PAM_BUF_ERR;
        *ret_found = text != NULL;
        return PAM_SUCCESS;
}

int password_ask(pam_handle_t *pamh, const char *prompt, Secret *ret) {
        _cleanup_(wiped_freep) char *answer = NULL;

        int code = pam_prompt(pamh, PAM_PROMPT_ECHO_OFF, &answer, "%s", prompt);
        if (code != PAM_SUCCESS || !answer)
                return error_code(code);
        return secret_set(ret, answer, strlen(answer)) < 0 ? PAM_BUF_ERR : PAM_SUCCESS;
}

int password_keep(pam_handle_t *pamh, int item, const Secret *password) {
        int code = pam_set_item(pamh, item, secret_text(password));

        return code == PAM_SUCCESS ? PAM_SUCCESS : error_code(code);
}

int password_ask_and_keep(pam_handle_t *pamh, const char *prompt, int item, Secret *ret) {
        int code = password_ask(pamh, prompt, ret);

        return code == PAM_SUCCESS ? password_keep(pamh, item, ret) : code;
}

bool password_is_junk(const Secret *password) {
        const char *text = secret_text(password);

        for (size_t i = 0; i < password->size; i++)
                if (text[i] != SSHD_JUNK_PASSWORD[i % (sizeof(SSHD_JUNK_PASSWORD) - 1)])
                        return false;
        return password->size > 0;
}
