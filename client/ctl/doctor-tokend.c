/* What tokend says of itself: GET /healthz, whose details are root's alone. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ctl/columns.h"
#include "ctl/doctor.h"
#include "wire/cleanup.h"
#include "wire/text.h"

/* Well and not well are the same object, the second with a status of 503. */
static int ask_health(Doctor *doctor, Reply *ret) {
        const char *text;
        size_t size;
        int r;

        r = doctor_ask(doctor, "/healthz", ret);
        if (r == 0)
                return 0;
        text = tokend_error_body(doctor->ctl->handle, &size);
        if (size == 0 || json_parse(text, size, &ret->json) < 0)
                return r;
        if (json_get(ret->json, JSON_ROOT, "status") != JSON_NONE)
                return 0;
        ret->json = json_free(ret->json);
        return r;
}

static void say_silence(Doctor *doctor) {
        const char *word = tokend_error_reason(doctor->ctl->handle);

        doctor_say_reason(doctor, FINDING_FAILURE, reason_to_string(reason_from_string(word)), NULL,
                          streq(word, reason_to_string(REASON_TIMED_OUT))
                                          ? "it takes connections, but does not answer: it hangs"
                                          : "%s",
                          tokend_error_message(doctor->ctl->handle));
}

/* The body of a failure is gone with the handle's next call. */
static int keep_health(Doctor *doctor) {
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        int r;

        r = ask_health(doctor, &reply);
        if (r == 0)
                doctor->health = TAKE(reply, REPLY_INIT);
        return r;
}

void doctor_check_tokend(Doctor *doctor) {
        _cleanup_(freep) char *version = NULL;

        if (!doctor->is_listening) {
                doctor_miss(doctor, UNSEEN_SILENT);
                return;
        }
        if (keep_health(doctor) != 0) {
                say_silence(doctor);
                return;
        }
        doctor->answers = true;
        doctor->shows_details = json_get(doctor->health.json, JSON_ROOT, "tokens") != JSON_NONE;
        version = doctor_health(doctor, "version");
        if (version && !streq(version, TOKEND_VERSION))
                doctor_say(doctor, FINDING_WARNING, "systemctl restart tokend.service",
                           "it answers, but as version %s, and this is tokenctl " TOKEND_VERSION,
                           version);
        else
                doctor_say(doctor, FINDING_OK, NULL, "version %s answers", version ?: "unknown");
}

void doctor_check_store(Doctor *doctor) {
        _cleanup_(freep) char *store = NULL;

        if (!doctor->answers) {
                doctor_miss(doctor, UNSEEN_SILENT);
                return;
        }
        store = doctor_health(doctor, "store");
        if (store && streq(store, "ok"))
                doctor_say(doctor, FINDING_OK, NULL, "can be read and written");
        else
                doctor_say_reason(doctor, FINDING_FAILURE,
                                  reason_to_string(REASON_STORE_UNAVAILABLE), NULL,
                                  "it can't be written: right passwords log in without a token, "
                                  "all else is refused");
}

/* Whether the details are there; says so when they are not. */
static bool sees_details(Doctor *doctor) {
        if (!doctor->answers)
                doctor_miss(doctor, UNSEEN_SILENT);
        else if (!doctor->shows_details)
                doctor_miss(doctor, UNSEEN_ROOT);
        return doctor->answers && doctor->shows_details;
}

void doctor_check_clock(Doctor *doctor) {
        char span[TIME_TEXT_MAX];
        int64_t behind = 0;

        if (!sees_details(doctor))
                return;
        if (json_get_int64(doctor->health.json, JSON_ROOT, "clock_behind", &behind) < 0)
                behind = 0;
        if (behind <= 0) {
                doctor_say(doctor, FINDING_OK, NULL, "goes forward");
                return;
        }
        span_format(behind, span);
        doctor_say(doctor, FINDING_WARNING, NULL,
                   "it stands %s before the latest time that tokend has seen", span);
}

static bool has_policy(const Doctor *doctor) {
        static const char *const places[] = {
                "/usr/share/dbus-1/system.d/org.tokend1.conf",
                "/etc/dbus-1/system.d/org.tokend1.conf",
        };

        return root_has(doctor->machine->root, places, ELEMENTSOF(places));
}

void doctor_check_bus(Doctor *doctor) {
        static const struct {
                const char *state;
                enum FindingLevel level;
                const char *advice;
                const char *text;
        } rows[] = {
                { "connected", FINDING_OK, NULL, "org.tokend1 is on the system bus" },
                { "connecting", FINDING_NOTE, NULL, "tokend is still connecting to the bus" },
                { "unreachable", FINDING_NOTE, NULL,
                  "there is no system bus; logins do without it, busctl sees no tokens" },
                { "refused", FINDING_WARNING, NULL, "the bus refuses the name org.tokend1" },
                { "name-taken", FINDING_WARNING,
                  "busctl status org.tokend1 tells which process it is",
                  "another process has the name org.tokend1" },
        };
        _cleanup_(freep) char *state = NULL;

        if (!has_policy(doctor))
                doctor_say(doctor, FINDING_WARNING,
                           "install tokend again, then systemctl reload dbus",
                           "its policy org.tokend1.conf is in no dbus-1/system.d");
        if (!sees_details(doctor))
                return;
        state = doctor_health(doctor, "bus");
        for (size_t i = 0; state && i < ELEMENTSOF(rows); i++)
                if (streq(state, rows[i].state))
                        doctor_say(doctor, rows[i].level, rows[i].advice, "%s", rows[i].text);
}

static void say_waiting(Doctor *doctor, const Json *json, JsonNode row) {
        _cleanup_(freep) char *user = NULL;
        _cleanup_(freep) char *remote = NULL;
        int64_t wait = 0;

        (void)json_get_text(json, row, "user", &user);
        (void)json_get_text(json, row, "remote", &remote);
        if (json_get_int64(json, row, "wait", &wait) < 0 || wait <= 0)
                return;
        doctor_say_reason(doctor, FINDING_NOTE, reason_to_string(REASON_TOO_MANY_FAILURES),
                          "tokenctl throttle clear NAME lets them try again at once",
                          "%s is refused for another %" PRId64 " s, from %s",
                          user ?: "a name that is nobody's", wait, remote ?: "here");
}

/* Only who waits now is worth a line. */
void doctor_check_throttle(Doctor *doctor) {
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        JsonNode rows;

        if (!sees_details(doctor) || doctor_ask(doctor, "/v1/throttle?limit=20", &reply) != 0)
                return;
        rows = json_get(reply.json, JSON_ROOT, "throttle");
        if (rows == JSON_NONE || json_type(reply.json, rows) != JSON_ARRAY)
                return;
        for (JsonNode n = json_first(reply.json, rows); n != JSON_NONE;
             n = json_next(reply.json, n))
                say_waiting(doctor, reply.json, n);
}
