/* Who is calling: from what the peer is and what the request brought along to a Caller.
 *
 * Invariants: what was shown must be right, whether it is decided at once or in steps; a bad secret
 * or token never falls back to what the peer would be without it. An unknown client costs what a
 * wrong secret costs and is answered alike. */

#include <errno.h>
#include <string.h>

#include "base/user.h"
#include "core/call.h"
#include "core/client-secret.h"
#include "core/known-clients.h"
#include "core/last-used.h"
#include "core/throttle.h"
#include "core/token-find.h"
#include "wire/text.h"

/* A Basic header may have been form-encoded or not (RFC 6749 section 2.3.1 against what clients
 * do): both readings are tried. */
#define READINGS_MAX 2

/* "client:" and any valid id. */
#define CLIENT_WHO_SIZE 160

/* Of a valid id. */
static void client_who(const char *id, char ret[static CLIENT_WHO_SIZE]) {
        strcpy(stpcpy(ret, "client:"), id);
}

typedef struct Reading {
        const char *id;
        const Secret *secret;
        Client *client;                 /* NULL: there is none of that id */
        uint64_t revocations;           /* when it was looked up */
        enum ClientSecretMemory memory; /* of the secret */
} Reading;

typedef struct IdentifyCall {
        Call call;
        CallerHandler handler;
        void *userdata;
        Caller caller;
        Reading readings[READINGS_MAX];
        size_t n_readings;
        size_t current;
        char who[CLIENT_WHO_SIZE]; /* the throttle's key: by the first reading */
} IdentifyCall;

static void identify_done(Call *call) {
        IdentifyCall *identify = (IdentifyCall *)call;

        caller_done(&identify->caller);
        for (size_t i = 0; i < identify->n_readings; i++)
                client_unref(identify->readings[i].client);
}

static void identify_ended(void *userdata, int r, Answer *answer) {
        IdentifyCall *identify = userdata;

        identify->handler(identify->userdata, r, &identify->caller);
}

static ThrottleSubject identify_subject(const IdentifyCall *identify) {
        return (ThrottleSubject){
                .who = identify->who,
                .remote = identify->caller.peer.remote,
                .is_known = identify->readings[0].client,
        };
}

/* Both readings are one attempt: one verdict for them together. right NULL: neither is. */
static void identify_verdict(IdentifyCall *identify, Reading *right) {
        Call *call = &identify->call;

        if (call_verdict_is_withheld(call, identify_subject(identify), right))
                return;
        if (!right)
                return call_finish(call, REASON_INVALID_CLIENT);
        /* It has done its work, and what is shared holds no hash. */
        client_wipe_hash(right->client);
        known_clients_put(call->authority->known_clients, right->client, right->revocations);
        identify->caller.kind = CALLER_CLIENT;
        identify->caller.client = TAKE_PTR(right->client);
        call_finish(call, 0);
}

static void reading_checked(Call *call, bool matches);

/* What is known to be wrong costs a hash as well: with all workers busy, a client that was refused
 * sooner than an unknown one would be known to exist. */
static void reading_check(IdentifyCall *identify) {
        const Reading *reading = &identify->readings[identify->current];
        bool may_match = reading->client && reading->memory == CLIENT_SECRET_UNKNOWN;

        call_check(&identify->call, reading->secret, may_match ? &reading->client->hash : NULL,
                   reading_checked);
}

static void reading_checked(Call *call, bool matches) {
        IdentifyCall *identify = (IdentifyCall *)call;
        Reading *reading = &identify->readings[identify->current];

        if (matches && reading->client && reading->memory == CLIENT_SECRET_UNKNOWN) {
                client_secrets_remember(call->authority->client_secrets, reading->client,
                                        reading->secret);
                return identify_verdict(identify, reading);
        }
        if (++identify->current == identify->n_readings)
                return identify_verdict(identify, NULL);
        reading_check(identify);
}

static void readings_look_up(IdentifyCall *identify);

static void reading_found(Call *call, StoreRequest *request) {
        IdentifyCall *identify = (IdentifyCall *)call;
        Reading *reading = &identify->readings[identify->current];

        if (request->result == 0) {
                reading->client = TAKE_PTR(request->clients[0]);
                reading->revocations = request->revocations;
                reading->memory = client_secrets_check(call->authority->client_secrets,
                                                       reading->client, reading->secret);
                if (reading->memory == CLIENT_SECRET_RIGHT)
                        return identify_verdict(identify, reading);
        }
        identify->current++;
        readings_look_up(identify);
}

/* All of them before the first hash: what is remembered of the second reading spares both. */
static void readings_look_up(IdentifyCall *identify) {
        if (identify->current < identify->n_readings)
                return call_store(&identify->call,
                                  call_client_request(identify->readings[identify->current].id),
                                  reading_found);
        identify->current = 0;
        reading_check(identify);
}

static bool reading_make(const char *id, const Secret *secret, Reading *ret) {
        /* What no client can be called, and the built-in client, which has no secret. */
        if (!id || !id_is_valid(id) || secret_is_empty(secret))
                return false;
        *ret = (Reading){ .id = id, .secret = secret };
        return true;
}

static bool readings_differ(const Credentials *c) {
        return c->client_id_raw && c->client_secret_raw &&
               !(streq_ptr(c->client_id, c->client_id_raw) && c->client_secret &&
                 secret_equal(c->client_secret, c->client_secret_raw));
}

static size_t readings_make(const Credentials *credentials, Reading ret[static READINGS_MAX]) {
        size_t n = 0;

        n += reading_make(credentials->client_id, credentials->client_secret, &ret[n]);
        if (readings_differ(credentials))
                n += reading_make(credentials->client_id_raw, credentials->client_secret_raw,
                                  &ret[n]);
        return n;
}

static void identify_client(IdentifyCall *identify, const Credentials *credentials) {
        identify->call.checks_credentials = true;
        identify->n_readings = readings_make(credentials, identify->readings);
        if (identify->n_readings == 0)
                return call_finish(&identify->call, REASON_INVALID_CLIENT);
        client_who(identify->readings[0].id, identify->who);
        if (call_is_throttled(&identify->call, identify_subject(identify)))
                return;
        readings_look_up(identify);
}

/* false: it says nothing of who calls. */
static bool caller_take_bearer(Authority *authority, Token *token, int64_t now, Caller *caller) {
        caller->token = token;
        if (token->kind != TOKEN_ACCESS)
                return false;
        last_used_mark(authority->last_used, &token->hash, now);
        caller->kind = token->user_id ? CALLER_USER_TOKEN : CALLER_CLIENT_TOKEN;
        return true;
}

static void bearer_found(Call *call, int r, Token *token) {
        IdentifyCall *identify = (IdentifyCall *)call;
        bool is_right = r == 0 && caller_take_bearer(call->authority, token, call_now(call),
                                                     &identify->caller);

        call_finish(call, is_right ? 0 : REASON_INVALID_TOKEN);
}

static void identify_bearer(IdentifyCall *identify, const Secret *bearer) {
        TokenHash hash;

        if (token_hash_from_text(secret_text(bearer), bearer->size, &hash) < 0)
                return call_finish(&identify->call, REASON_INVALID_TOKEN);
        call_find_token(&identify->call, &hash, bearer_found);
}

static enum CallerKind peer_kind(const Peer *peer) {
        if (peer->door == DOOR_TCP || peer->uid == UID_NONE)
                return CALLER_ANONYMOUS;
        return peer->uid == 0 ? CALLER_ROOT : CALLER_UID;
}

static bool names_client(const Credentials *credentials) {
        return credentials->client_id || credentials->client_id_raw ||
               !secret_is_empty(credentials->client_secret);
}

void authority_identify(Authority *authority, const Credentials *credentials, CallerHandler handler,
                        void *userdata) {
        IdentifyCall *identify =
                        call_new(authority, NULL, sizeof(IdentifyCall), identify_done, NULL, NULL);
        if (!identify)
                return call_refuse(authority, (RefusedCall){ NULL, handler, userdata });
        identify->handler = handler;
        identify->userdata = userdata;
        identify->caller.peer = credentials->peer;
        identify->call.caller = &identify->caller;
        identify->call.handler = identify_ended;
        identify->call.userdata = identify;

        bool has_client = names_client(credentials);
        if (has_client && credentials->bearer)
                return call_finish(&identify->call, REASON_INVALID_REQUEST);
        if (credentials->bearer)
                return identify_bearer(identify, credentials->bearer);
        if (has_client)
                return identify_client(identify, credentials);
        identify->caller.kind = peer_kind(&credentials->peer);
        call_finish(&identify->call, 0);
}

/* NULL: it takes a look-up or a hash to tell. */
static Client *reading_client_now(const Authority *authority, const Reading *reading) {
        Client *client = known_clients_get(authority->known_clients, reading->id,
                                           store_revocations(authority->store));

        if (!client || client_secrets_check(authority->client_secrets, client, reading->secret) !=
                                       CLIENT_SECRET_RIGHT)
                return NULL;
        return client;
}

static int client_now(Authority *authority, const Credentials *credentials, Caller *caller) {
        Reading readings[READINGS_MAX];
        size_t n = readings_make(credentials, readings);
        char who[CLIENT_WHO_SIZE];
        Client *client = NULL;

        for (size_t i = 0; i < n && !client; i++)
                client = reading_client_now(authority, &readings[i]);
        if (!client)
                return -EAGAIN;
        client_who(readings[0].id, who);
        if (throttle_knows(authority->throttle,
                           &(ThrottleSubject){ .who = who, .remote = credentials->peer.remote }))
                return -EAGAIN;
        caller->kind = CALLER_CLIENT;
        caller->client = client_ref(client);
        return 0;
}

static int bearer_now(Authority *authority, const Secret *bearer, Caller *caller) {
        int64_t now = clock_realtime(authority->clock);
        Token *token = token_find_now(authority, bearer, now);

        return token && caller_take_bearer(authority, token, now, caller) ? 0 : -EAGAIN;
}

int authority_identify_now(Authority *authority, const Credentials *credentials, Caller *ret) {
        _cleanup_(caller_done) Caller caller = { .peer = credentials->peer };
        bool has_client = names_client(credentials);
        int r = 0;

        if (has_client && credentials->bearer)
                return -EAGAIN;
        if (credentials->bearer)
                r = bearer_now(authority, credentials->bearer, &caller);
        else if (has_client)
                r = client_now(authority, credentials, &caller);
        else
                caller.kind = peer_kind(&credentials->peer);
        if (r == 0)
                *ret = TAKE(caller, CALLER_INIT);
        return r;
}
