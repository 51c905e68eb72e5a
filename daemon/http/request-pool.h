#pragma once

/* Requests that have ended, wiped, with the memory of their buffers, for those to come. */

typedef struct Request Request;
typedef struct RequestPool RequestPool;

RequestPool *request_pool_new(void); /* NULL: no memory */
RequestPool *request_pool_free(RequestPool *pool);

/* A blank one. NULL: no memory. A pool that is NULL is always empty. */
Request *request_pool_take(RequestPool *pool);
/* Ends it: it and all that it owns is wiped, and kept or freed. A pool that is NULL is full. */
void request_pool_give(RequestPool *pool, Request *request);
