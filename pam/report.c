/* No line has a secret in it, nor bytes that come from outside and are not escaped: a remote host's
 * name may hold anything, and a name typed at a login may be a password. */

#include <security/pam_ext.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "pam/report.h"
#include "pam/return-codes.h"

/* A longer host name, service or user is cut. */
#define VALUE_SIZE 300U

#define USER_NOT_TOLD "user not told"

void escape_for_log(const char *text, char *ret, size_t size) {
        static const char more[] = "...";
        size_t used = 0;

        for (; text && *text; text++) {
                unsigned char c = (unsigned char)*text;
                char escape[5] = { (char)c };

                if (c < ' ' || c > '~' || c == '\\' || c == '"')
                        snprintf(escape, sizeof(escape), "\\x%02x", c);
                if (used + strlen(escape) + sizeof(more) > size) {
                        memcpy(ret + used, more, sizeof(more));
                        return;
                }
                memcpy(ret + used, escape, strlen(escape));
                used += strlen(escape);
        }
        ret[used] = '\0';
}

static void write_line(const Report *report, int priority, const char *what, const char *who) {
        char service[VALUE_SIZE], rhost[VALUE_SIZE];

        escape_for_log(report->context->service, service, sizeof(service));
        escape_for_log(report->context->rhost, rhost, sizeof(rhost));
        pam_syslog(report->pamh, priority, "%s: %s, %s, service=\"%s\" rhost=\"%s\"",
                   report->function, what, who, service, rhost);
}

/* To root, tokend says that a password is wrong of users only that exist; to others of all. */
static bool is_known(const Report *report, int result) {
        if (report->user_is_known)
                return true;
        return result_names_user(result) && (result != REASON_WRONG_PASSWORD || geteuid() == 0);
}

static void describe_user(const Report *report, char *ret, size_t size) {
        char name[VALUE_SIZE];

        escape_for_log(report->user, name, sizeof(name));
        snprintf(ret, size, "user=\"%s\"", name);
}

void report_failure(const Report *report, int priority, int result) {
        char what[VALUE_SIZE], who[VALUE_SIZE + sizeof("user=\"\"")];
        const char *step = report->step ? report->step : "";
        const char *colon = report->step ? ": " : "";

        if (result > 0 && reason_to_string(result))
                snprintf(what, sizeof(what), "%s%s%s (%s)", step, colon, reason_to_string(result),
                         reason_to_sentence(result));
        else {
                const char *name = strerrorname_np(-result);
                snprintf(what, sizeof(what), "%s%serror %s", step, colon, name ? name : "unknown");
        }

        if (result == REASON_USER_UNKNOWN || result == REASON_INVALID_NAME)
                snprintf(who, sizeof(who), "a user that tokend does not know");
        else if (is_known(report, result))
                describe_user(report, who, sizeof(who));
        else
                snprintf(who, sizeof(who), USER_NOT_TOLD);
        write_line(report, priority, what, who);
}

void report_event(const Report *report, int priority, const char *text) {
        char who[VALUE_SIZE + sizeof("user=\"\"")];

        describe_user(report, who, sizeof(who));
        write_line(report, priority, text, who);
}

void report_missing(const Report *report, const char *missing, const char *why) {
        char what[VALUE_SIZE], who[VALUE_SIZE + sizeof("user=\"\"")] = USER_NOT_TOLD;

        if (report->user_is_known)
                describe_user(report, who, sizeof(who));
        snprintf(what, sizeof(what), "%s (%s)", missing, why);
        write_line(report, LOG_NOTICE, what, who);
}

void report_bad_option(pam_handle_t *pamh, const char *function, const char *word) {
        char escaped[VALUE_SIZE];

        escape_for_log(word, escaped, sizeof(escaped));
        pam_syslog(pamh, LOG_ERR, "%s: unknown option or bad value \"%s\": refused", function,
                   escaped);
}
