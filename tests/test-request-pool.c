/* Requests end: wiped, with the memory of their buffers kept or not. */

#include "unit.h"

#include "http/request.h"
#include "wire/protocol.h"
#include "wire/reason.h"
#include "wire/text.h"

/* Every buffer that a request has memory in when it ends. */
static Secret *buffer(Request *request, size_t i) {
        Secret *const buffers[] = { &request->target, &request->authorization,
                                    &request->content_type, &request->body, &request->reply.body };

        return i < ELEMENTSOF(buffers) ? buffers[i] : NULL;
}

static Request *filled(const HttpContext *with_pool, size_t size) {
        Request *request = request_new(with_pool, &(Peer){ .uid = 7 });
        const char *text = NULL;

        assert_non_null(request);
        assert_int_equal(secret_append_text(&request->target, "/%61/b?c=d"), 0);
        assert_int_equal(request_parse_target(request), 0);
        assert_int_equal(secret_append_text(&request->content_type, TYPE_FORM), 0);
        assert_int_equal(secret_append_text(&request->authorization, "Basic YTpi"), 0);
        assert_int_equal(secret_append_text(&request->body, "password=hunter2&filler="), 0);
        while (request->body.size < size)
                assert_int_equal(secret_append_text(&request->body, "x"), 0);
        assert_int_equal(form_parse(request->body.text, request->body.size, &request->form), 0);
        assert_int_equal(credentials_parse(&request->authorization, NULL, &request->credentials),
                         0);
        credentials_borrow(&request->credentials, &request->offered);
        request->caller = (Caller){ .kind = CALLER_CLIENT, .client = client_new() };
        assert_int_equal(json_parse("{\"a\":\"b\"}", 9, &request->json), 0);
        assert_int_equal(request_json_text(request, "a", &text), 0);
        assert_non_null(request_alloc(request, 10));
        request_fail(request, REASON_INVALID_TOKEN, NULL);
        return request;
}

/* What comes out of the pool is as new: nothing of the one before is left in it. */
static void test_pool_gives_blank_requests(void **state) {
        HttpContext with_pool = { .pool = request_pool_new() };
        Request *request = filled(&with_pool, 100), *again, *fresh;
        char *memory[8];
        size_t sizes[8];

        for (size_t i = 0; buffer(request, i); i++) {
                memory[i] = buffer(request, i)->text;
                sizes[i] = buffer(request, i)->size;
                assert_true(sizes[i] > 0);
        }
        request_unref(request);
        again = request_new(&with_pool, &(Peer){ 0 });
        assert_ptr_equal(again, request);
        for (size_t i = 0; buffer(again, i); i++) {
                assert_ptr_equal(buffer(again, i)->text, memory[i]);
                assert_true(secret_is_empty(buffer(again, i)));
                for (size_t k = 0; k < sizes[i]; k++)
                        assert_int_equal(memory[i][k], 0);
                secret_done(buffer(again, i));
        }
        fresh = request_new(&with_pool, &(Peer){ 0 });
        assert_ptr_not_equal(fresh, again);
        assert_memory_equal(fresh, again, sizeof(*fresh));
        request_unref(fresh);
        request_unref(again);
        request_pool_free(with_pool.pool);
}

static void test_pool_is_bounded(void **state) {
        HttpContext with_pool = { .pool = request_pool_new() };
        Request *requests[100];
        size_t n_kept = 0;

        for (size_t i = 0; i < ELEMENTSOF(requests); i++)
                requests[i] = filled(&with_pool, 5000);
        for (size_t i = 0; i < ELEMENTSOF(requests); i++)
                request_unref(requests[i]);
        for (size_t i = 0; i < ELEMENTSOF(requests); i++) {
                requests[i] = request_new(&with_pool, &(Peer){ 0 });
                assert_null(requests[i]->body.text);
                n_kept += requests[i]->target.text != NULL;
        }
        assert_in_range(n_kept, 1, ELEMENTSOF(requests) / 2);
        for (size_t i = 0; i < ELEMENTSOF(requests); i++)
                request_unref(requests[i]);
        request_pool_free(with_pool.pool);
        assert_null(request_pool_free(NULL));
}

/* One that the core has still is detached, and goes its own way. */
static void test_release(void **state) {
        HttpContext with_pool = { .pool = request_pool_new() };
        Request *request = filled(&with_pool, 100), *next;

        request_ref(request);
        request_release(request);
        assert_null(request->context);
        request_pool_free(with_pool.pool);
        request_unref(request);

        with_pool.pool = request_pool_new();
        request = filled(&with_pool, 100);
        request_release(request);
        next = request_new(&with_pool, &(Peer){ 0 });
        assert_ptr_equal(next, request);
        request_release(next);
        request_release(NULL);
        request_pool_free(with_pool.pool);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pool_gives_blank_requests),
                cmocka_unit_test(test_pool_is_bounded),
                cmocka_unit_test(test_release),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
