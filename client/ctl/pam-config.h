#pragma once

/* The lines of /etc/pam.d, read as libpam reads them (pam.conf(5)). */

#include <stdbool.h>
#include <stddef.h>

enum PamType {
        PAM_TYPE_AUTH,
        PAM_TYPE_ACCOUNT,
        PAM_TYPE_SESSION,
        PAM_TYPE_PASSWORD,
        _PAM_TYPE_MAX,
};

/* What a module may return, in libpam's order: the numbers are its own. */
enum PamCode {
        PAM_CODE_SUCCESS = 0,
        PAM_CODE_SERVICE_ERR = 3,
        PAM_CODE_SYSTEM_ERR = 4,
        PAM_CODE_BUF_ERR = 5,
        PAM_CODE_PERM_DENIED = 6,
        PAM_CODE_AUTH_ERR = 7,
        PAM_CODE_CRED_INSUFFICIENT = 8,
        PAM_CODE_AUTHINFO_UNAVAIL = 9,
        PAM_CODE_USER_UNKNOWN = 10,
        PAM_CODE_MAXTRIES = 11,
        PAM_CODE_NEW_AUTHTOK_REQD = 12,
        PAM_CODE_ACCT_EXPIRED = 13,
        PAM_CODE_SESSION_ERR = 14,
        PAM_CODE_IGNORE = 25,
        PAM_CODE_MODULE_UNKNOWN = 28,
        _PAM_CODE_MAX = 32,
};

/* What is done then; a positive number: that many lines are skipped. */
enum PamAction {
        PAM_ACTION_IGNORE = 0,
        PAM_ACTION_OK = -1,
        PAM_ACTION_DONE = -2,
        PAM_ACTION_BAD = -3,
        PAM_ACTION_DIE = -4,
        PAM_ACTION_RESET = -5,
};

#define PAM_JUMP_MAX 1000

typedef struct PamLine {
        char *file; /* its name in pam.d */
        unsigned number;
        enum PamType type;
        bool is_quiet;    /* "-auth": a missing module is not logged */
        bool is_substack; /* no module, but where the stack in the file named module begins */
        unsigned level;   /* how many substacks it is in */
        char *control;    /* as it is written */
        int actions[_PAM_CODE_MAX];
        char *module;
        char **arguments;
} PamLine;

typedef struct PamConfig {
        PamLine *lines; /* of all types, in their order, what they include in place */
        size_t n_lines;
} PamConfig;

#define PAM_CONFIG_INIT ((PamConfig){ 0 })
void pam_config_done(PamConfig *config);

#define PAM_MESSAGE_MAX 256

/* The stack of a service: its file in etc/pam.d or usr/lib/pam.d below root ("": the real one), and
 * what it includes. -ENOENT: no such file. -EBADMSG: a line that libpam refuses, ret_message says
 * where and why. Other negative errnos: a file can't be read, likewise. */
int pam_config_read(const char *root, const char *service, PamConfig *ret,
                    char ret_message[static PAM_MESSAGE_MAX]);
/* The same with what libpam takes from "other": everything when the service has no file, and the
 * types that it has no line of. */
int pam_config_read_whole(const char *root, const char *service, PamConfig *ret,
                          char ret_message[static PAM_MESSAGE_MAX]);

/* One file's text, for tests: what it includes is left out. */
int pam_config_parse(const char *file, const char *text, size_t size, PamConfig *ret,
                     char ret_message[static PAM_MESSAGE_MAX]);

/* Whether a line's module is this one, with or without a folder before it. */
bool pam_line_is(const PamLine *line, const char *module);

/* The first line of a type (-1: of any) with this module; NULL: none. */
const PamLine *pam_config_find(const PamConfig *config, int type, const char *module);

/* "auth"; "success"; "done", "2 lines are skipped". */
const char *pam_type_name(enum PamType type);
const char *pam_code_name(enum PamCode code);

#define PAM_ACTION_TEXT_MAX 32
const char *pam_action_name(int action, char buffer[static PAM_ACTION_TEXT_MAX]);
