#pragma once

/* What pam_tokend.so makes of its words and of tokend's answers, for those who can't ask it: it
 * needs libpam, and this program must not. tests/test-ctl-pam-module.c holds it against the
 * module's own tables. */

#include <stdint.h>

#include "ctl/pam-config.h"
#include "login.h"

#define PAM_TOKEND "pam_tokend.so"

typedef struct PamModuleOptions {
        const char *socket; /* borrowed */
        uint32_t min_uid;
        unsigned accept; /* LOGIN_ACCEPT_* */
        bool one_time_token;
        bool skip_local;
} PamModuleOptions;

/* 0, or -EINVAL with *ret_bad being the word that the module refuses. */
int pam_module_parse(char *const *arguments, PamModuleOptions *ret, const char **ret_bad);
bool pam_module_permits_uid(const PamModuleOptions *options, uint32_t uid);

/* What it returns for a Reason, or a negative errno, in auth and account lines; 0 is success. */
enum PamCode pam_module_code(int result, enum PamType type);
