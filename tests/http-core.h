#pragma once

/* HTTP in front of the real core and a real store. Include it once in a test. */

#include "core-fixture.h"
#include "http-harness.h"
#include "wire/json-read.h"

static inline int setup(void **state) {
        static char *listen[] = { (char *)"127.0.0.1:0", NULL };
        Harness *h = calloc(1, sizeof(*h));
        Core *core;

        assert_int_equal(core_setup((void **)&core), 0);
        core_add_user(core, "ada", 70001);
        core_add_client(core, "app", "password refresh_token client_credentials", NULL, false);
        harness_init(h);
        sd_event_unref(h->event);
        h->event = sd_event_ref(core->event);
        h->authority = core->authority;
        h->config.listen = listen;
        harness_start(h);
        *state = h;
        h->data = core;
        return 0;
}

static inline int teardown(void **state) {
        Harness *h = *state;
        Core *core = h->data;

        http_server_free(h->server);
        harness_done(h);
        free(h);
        return core_teardown((void **)&core);
}

/* The core's configuration and users are here. */
static inline Core *core_of(Harness *h) {
        return h->data;
}

/* "app" with its secret, by Basic. */
#define APP "Authorization: Basic YXBwOlNFQ1JFVC1vZi1hcHA=\r\n"

static inline char *member(const Talk *talk, const char *name) {
        Json *json = NULL;
        char *text = NULL;

        assert_int_equal(json_parse(talk->body, strlen(talk->body), &json), 0);
        assert_int_equal(json_get_text(json, JSON_ROOT, name, &text), 0);
        json_free(json);
        return text;
}

static inline void post(Harness *h, const char *target, const char *fields, const char *format,
                        const char *value, Talk *talk) {
        char body[512];

        assert_true(strlen(format) + strlen(value) < sizeof(body));
        snprintf(body, sizeof(body), "%s%s", format, value);
        talk_request(h, true, "POST", target, fields, FORM, body, talk);
}
