/* Reading a grant's form. What must be there is the core's to decide; this only finds the words for
 * it, in the core's order, so that people can mend their call. */

#include "http/grant-form.h"

#include <stdio.h>

#include "wire/text.h"

#define DETAIL_MAX 256

/* "grant_type must be one of: a, b, c" */
static const char *name_grants(Request *request) {
        char *text = request_alloc(request, DETAIL_MAX);
        size_t size = 0;

        if (!text)
                return NULL;
        for (size_t i = 0; grant_type_name(i) && size < DETAIL_MAX; i++)
                size += (size_t)snprintf(text + size, DETAIL_MAX - size, "%s%s",
                                         i == 0 ? "grant_type must be one of: " : ", ",
                                         grant_type_name(i));
        return text;
}

static const char *describe_password(const GrantRequest *grant) {
        if (!grant->username && !grant->email)
                return "username or email_address is missing";
        if (grant->username && grant->email)
                return "either username or email_address may be there, not both";
        if (!grant->password && !grant->junk)
                return "password is missing";
        return NULL;
}

static const char *describe_refresh(const GrantRequest *grant) {
        return grant->refresh_token ? NULL : "refresh_token is missing";
}

static const struct {
        const char *grant_type;
        const char *(*describe)(const GrantRequest *grant);
} descriptions[] = {
        { "password", describe_password },
        { "refresh_token", describe_refresh },
};

/* NULL: its shape is right. */
static const char *describe(Request *request, const GrantRequest *grant) {
        if (!grant_type_is_known(grant->grant_type))
                return name_grants(request);
        for (size_t i = 0; i < ELEMENTSOF(descriptions); i++)
                if (streq(descriptions[i].grant_type, grant->grant_type))
                        return descriptions[i].describe(grant);
        return NULL;
}

GrantRequest *grant_form_read(Request *request) {
        const Form *form = &request->form;
        GrantRequest *grant = request_alloc(request, sizeof(*grant));

        if (!grant)
                return NULL;
        *grant = (GrantRequest){
                .grant_type = form_get_text(form, "grant_type"),
                .username = form_get_text(form, "username"),
                .email = form_get_text(form, "email_address"),
                .password = form_get(form, "password"),
                .refresh_token = form_get(form, "refresh_token"),
                .scope = form_get_text(form, "scope"),
        };
        return grant;
}

int grant_form_call(Request *request, const GrantRequest *grant, AnswerWriter writer) {
        if (!grant->grant_type)
                return request_refuse(request, REASON_INVALID_REQUEST, "grant_type is missing");
        request->detail = describe(request, grant);
        request_await(request, 200, writer);
        authority_grant(request->context->authority, &request->caller, grant, request_answered,
                        request);
        return 0;
}
