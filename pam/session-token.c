/* A token goes from the daemon's reply into a file of the user's or into the PAM environment, and
 * every copy of it here wipes itself. Where it is to go is made ready before it is asked for, so
 * that none is issued for nothing. */

#include <errno.h>
#include <stdio.h>

#include "pam/session-token.h"
#include "pam/token-file.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"

#define STEP        "no token for the session"
#define STEP_FOLDER STEP ": " TOKEN_FOLDER " is not a folder that only root can write to"
#define STEP_REMOVE "the session's token file is left behind"

static int put_variable(const Call *call, const char *name, const char *value) {
        _cleanup_(secret_done) Secret variable = SECRET_INIT;

        int r = secret_append_text(&variable, name);
        if (r == 0)
                r = secret_append_text(&variable, "=");
        if (r == 0)
                r = secret_append_text(&variable, value);
        if (r == 0 && pam_putenv(call->pamh, secret_text(&variable)) != PAM_SUCCESS)
                r = -ENOMEM;
        return r;
}

static int give_variable(const Call *call, const LoginReply *login) {
        _cleanup_(secret_done) Secret token = SECRET_INIT;

        int r = login_token(&call->context, call->user, login->id, &token);
        return r == 0 ? put_variable(call, TOKEN_VARIABLE, secret_text(&token)) : r;
}

static int give_file(const Call *call, const LoginReply *login, int folder) {
        _cleanup_(secret_done) Secret token = SECRET_INIT;
        char path[sizeof(TOKEN_FOLDER "/") + TOKEN_ID_SIZE];

        int r = login_token(&call->context, call->user, login->id, &token);
        if (r == 0)
                r = token_file_write(folder, login->id, &token, login->uid, login->gid);
        if (r != 0)
                return r;
        snprintf(path, sizeof(path), TOKEN_FOLDER "/%s", login->id);
        r = put_variable(call, TOKEN_FILE_VARIABLE, path);
        if (r != 0)
                (void)token_file_remove(folder, login->id);
        return r;
}

enum SessionToken session_token_give(const Call *call, const LoginReply *login) {
        _cleanup_(closep) int folder = -1;
        int r = 0;

        if (call->options.session_token == SESSION_TOKEN_NONE)
                return SESSION_TOKEN_NONE;
        if (call->options.session_token == SESSION_TOKEN_ENV)
                r = give_variable(call, login);
        else {
                r = token_folder_open(TOKEN_FOLDER, true, &folder);
                if (r < 0) {
                        call_warn(call, r == -EUCLEAN ? STEP_FOLDER : STEP, r);
                        return SESSION_TOKEN_NONE;
                }
                r = give_file(call, login, folder);
        }
        if (r != 0)
                call_warn(call, STEP, r);
        return r == 0 ? call->options.session_token : SESSION_TOKEN_NONE;
}

void session_token_take_back(const Call *call, const char *id) {
        _cleanup_(closep) int folder = -1;

        int r = token_folder_open(TOKEN_FOLDER, false, &folder);
        if (r == 0)
                r = token_file_remove(folder, id);
        if (r < 0 && r != -ENOENT)
                call_warn(call, STEP_REMOVE, r);
}
