/* Who is calling: from what the peer is and what the request brought along to a Caller.
 *
 * Invariants: what was shown must be right, whether it is decided at once or in steps; a bad secret or token never falls back to what the peer
 * would be without it. An unknown client costs what a wrong secret costs and is answered alike. */

#include <errno.h>
#include <stdio.h>

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

static void client_who(const char *id, char ret[static CLIENT_WHO_SIZE]) {
        (void)snprintf(ret, CLIENT_WHO_SIZE, "client:%s", id);
}

typedef struct Reading {
        const char *id;
        const Secret *secret;
} Reading;

typedef struct IdentifyCall {
        Call call;
        CallerHandler handler;
        void *userdata;
        Caller caller;
        Reading readings[READINGS_MAX];
        size_t n_readings;
        size_t current;
        Client *candidate;
        uint64_t revocations; /* when the candidate was looked up */
        char who[CLIENT_WHO_SIZE]; /* the throttle's key: by the first reading */
        bool is_known;             /* there is a client of that id */
} IdentifyCall;

static void identify_done(Call *call) {
        IdentifyCall *identify = (IdentifyCall *)call;

        caller_done(&identify->caller);
        client_unref(identify->candidate);
}

static void identify_ended(void *userdata, int r, Answer *answer) {
        IdentifyCall *identify = userdata;

        identify->handler(identify->userdata, r, &identify->caller);
}

static void reading_begin(IdentifyCall *identify);

static ThrottleSubject identify_subject(const IdentifyCall *identify) {
        return (ThrottleSubject){
                .who = identify->who,
                .remote = identify->caller.peer.remote,
                .is_known = identify->is_known,
        };
}

/* Both readings are one attempt: one verdict for them together. */
static void identify_verdict(IdentifyCall *identify, bool matches) {
        Call *call = &identify->call;

        if (call_verdict_is_withheld(call, identify_subject(identify), matches))
                return;
        if (!matches)
                return call_finish(call, REASON_INVALID_CLIENT);
        /* It has done its work, and what is shared holds no hash. */
        secret_done(&identify->candidate->hash);
        known_clients_put(call->authority->known_clients, identify->candidate,
                          identify->revocations);
        identify->caller.kind = CALLER_CLIENT;
        identify->caller.client = TAKE_PTR(identify->candidate);
        call_finish(call, 0);
}

static void reading_decided(IdentifyCall *identify, bool matches) {
        if (matches)
                return identify_verdict(identify, true);
        identify->candidate = client_unref(identify->candidate);
        if (++identify->current == identify->n_readings)
                return identify_verdict(identify, false);
        reading_begin(identify);
}

static void reading_checked(Call *call, bool matches) {
        IdentifyCall *identify = (IdentifyCall *)call;

        matches = matches && identify->candidate;
        if (matches)
                client_secrets_remember(call->authority->client_secrets, identify->candidate,
                                        identify->readings[identify->current].secret);
        reading_decided(identify, matches);
}

static void reading_found(Call *call, StoreRequest *request) {
        IdentifyCall *identify = (IdentifyCall *)call;
        const Secret *secret = identify->readings[identify->current].secret;

        if (request->result != 0)
                return call_check(call, secret, NULL, reading_checked);
        identify->candidate = TAKE_PTR(request->clients[0]);
        identify->revocations = request->revocations;
        identify->is_known = identify->is_known || identify->current == 0;

        enum ClientSecretMemory known = client_secrets_check(call->authority->client_secrets,
                                                     identify->candidate, secret);
        if (known == CLIENT_SECRET_RIGHT)
                return reading_decided(identify, true);
        /* What is known to be wrong costs a hash as well: with all workers busy, a client that was
         * refused sooner than an unknown one would be known to exist. */
        call_check(call, secret,
                   known == CLIENT_SECRET_WRONG ? NULL : &identify->candidate->hash,
                   reading_checked);
}

static void reading_begin(IdentifyCall *identify) {
        call_store(&identify->call,
                   call_client_request(identify->readings[identify->current].id), reading_found);
}

static void identify_add_reading(IdentifyCall *identify, const char *id, const Secret *secret) {
        Reading *reading = &identify->readings[identify->n_readings];

        /* What no client can be called, and the built-in client, which has no secret. */
        if (!id || !id_is_valid(id) || secret_is_empty(secret))
                return;
        reading->id = id;
        reading->secret = secret;
        identify->n_readings++;
}

static bool readings_differ(const Credentials *c) {
        return c->client_id_raw && c->client_secret_raw &&
               !(streq_ptr(c->client_id, c->client_id_raw) && c->client_secret &&
                 secret_equal(c->client_secret, c->client_secret_raw));
}

static void identify_client(IdentifyCall *identify, const Credentials *credentials) {
        identify->call.checks_credentials = true;
        identify_add_reading(identify, credentials->client_id, credentials->client_secret);
        if (readings_differ(credentials))
                identify_add_reading(identify, credentials->client_id_raw,
                                     credentials->client_secret_raw);
        if (identify->n_readings == 0)
                return call_finish(&identify->call, REASON_INVALID_CLIENT);
        client_who(identify->readings[0].id, identify->who);
        if (call_is_throttled(&identify->call, identify_subject(identify)))
                return;
        reading_begin(identify);
}

static void bearer_found(Call *call, int r, Token *token) {
        IdentifyCall *identify = (IdentifyCall *)call;

        identify->caller.token = token;
        if (r != 0 || token->kind != TOKEN_ACCESS)
                return call_finish(call, REASON_INVALID_TOKEN);
        last_used_mark(call->authority->last_used, &token->hash, call_now(call));
        identify->caller.kind = token->user_id ? CALLER_USER_TOKEN : CALLER_CLIENT_TOKEN;
        call_finish(call, 0);
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

/* The first reading only: if that one is wrong, there may be a failure to count. */
static int client_now(Authority *authority, const Credentials *credentials, Caller *caller) {
        char who[CLIENT_WHO_SIZE];
        Client *client;

        if (!credentials->client_id)
                return -EAGAIN;
        client = known_clients_get(authority->known_clients, credentials->client_id,
                                   store_revocations(authority->store));
        if (!client || client_secrets_check(authority->client_secrets, client,
                                            credentials->client_secret) != CLIENT_SECRET_RIGHT)
                return -EAGAIN;
        client_who(client->id, who);
        if (throttle_knows(authority->throttle,
                           &(ThrottleSubject){ .who = who, .remote = credentials->peer.remote }))
                return -EAGAIN;
        caller->kind = CALLER_CLIENT;
        caller->client = client_ref(client);
        return 0;
}

static int bearer_now(Authority *authority, const Secret *bearer, Caller *caller) {
        int64_t now = clock_realtime(authority->clock);
        TokenHash hash;
        Token *token;

        if (token_hash_from_text(secret_text(bearer), bearer->size, &hash) < 0)
                return -EAGAIN;
        token = cache_get(authority->cache, &hash, now);
        if (!token)
                return -EAGAIN;
        caller->token = token;
        if (token->kind != TOKEN_ACCESS)
                return -EAGAIN;
        last_used_mark(authority->last_used, &hash, now);
        caller->kind = token->user_id ? CALLER_USER_TOKEN : CALLER_CLIENT_TOKEN;
        return 0;
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
