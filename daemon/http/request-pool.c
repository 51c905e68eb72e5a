/* The end of requests. Invariant: what is in the pool is blank but for the memory of its buffers,
 * in which no byte is left of what they held. */

#include "http/request-pool.h"

#include <stdlib.h>
#include <string.h>

#include "http/request.h"
#include "wire/text.h"

/* One after the other is served: more would hardly ever be used. */
#define POOL_MAX 8U
/* A larger buffer is not kept. */
#define POOL_BUFFER_MAX 1024U

struct RequestPool {
        Request *requests[POOL_MAX];
        size_t n_requests;
};

/* What keeps its memory. */
static const size_t buffers[] = {
        offsetof(Request, target),       offsetof(Request, authorization),
        offsetof(Request, content_type), offsetof(Request, body),
        offsetof(Request, reply.body),
};

static Secret *buffer(Request *request, size_t i) {
        return (Secret *)(void *)((char *)request + buffers[i]);
}

static void request_clear(Request *request) {
        Secret empty[ELEMENTSOF(buffers)];

        form_done(&request->query);
        form_done(&request->form);
        json_free(request->json);
        parsed_credentials_done(&request->credentials);
        caller_done(&request->caller);
        while (request->kept) {
                Kept *kept = request->kept;
                request->kept = kept->next;
                kept->destroy(kept->data);
                free(kept);
        }
        stream_free(request->reply.stream);
        for (size_t i = 0; i < ELEMENTSOF(buffers); i++) {
                if (buffer(request, i)->capacity > POOL_BUFFER_MAX)
                        secret_done(buffer(request, i));
                secret_clear(buffer(request, i));
                empty[i] = *buffer(request, i);
        }
        memset(request, 0, sizeof(*request));
        for (size_t i = 0; i < ELEMENTSOF(buffers); i++)
                *buffer(request, i) = empty[i];
}

/* It was cleared. */
static void request_free(Request *request) {
        for (size_t i = 0; i < ELEMENTSOF(buffers); i++)
                secret_done(buffer(request, i));
        free(request);
}

RequestPool *request_pool_new(void) {
        return calloc(1, sizeof(RequestPool));
}

RequestPool *request_pool_free(RequestPool *pool) {
        if (!pool)
                return NULL;
        while (pool->n_requests > 0)
                request_free(pool->requests[--pool->n_requests]);
        free(pool);
        return NULL;
}

Request *request_pool_take(RequestPool *pool) {
        return pool && pool->n_requests > 0 ? pool->requests[--pool->n_requests]
                                            : calloc(1, sizeof(Request));
}

void request_pool_give(RequestPool *pool, Request *request) {
        request_clear(request);
        if (pool && pool->n_requests < POOL_MAX)
                pool->requests[pool->n_requests++] = request;
        else
                request_free(request);
}
