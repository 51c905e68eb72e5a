/* Unit tests of http/account-filter, account-where and query-object: what LoopBack 3.28 answered to
 * the same queries about the same tokens, but where the comment says otherwise. */

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "http/account-filter.h"
#include "http/date-read.h"
#include "wire/cleanup.h"
#include "wire/reason.h"
#include "wire/text.h"

static char *const read_write[] = { (char *)"r", (char *)"w", NULL };
static char *const only_read[] = { (char *)"r", NULL };
static char *const only_x[] = { (char *)"x", NULL };
static char *const nothing[] = { NULL };

/* ms: 2022-01-01T00:00:00.123Z, and midnight of the following days. */
#define DAY1 1640995200123
#define DAY2 1641081600000
#define DAY3 1641168000000
#define DAY4 1641254400000

static const AccountToken tokens[] = {
        { "t1", 100, NULL, DAY1 *USEC_PER_MSEC + 456, "a1" },
        { "t2", 200, read_write, DAY2 *USEC_PER_MSEC, "a1" },
        { "t3", 300, only_read, DAY3 *USEC_PER_MSEC, "a1" },
        { "t4", 300, only_x, DAY4 *USEC_PER_MSEC, "a1" },
};

/* Everything but letters, digits and what frames fields is escaped. */
static int read_query(const char *query, AccountFilter *ret, char **ret_message) {
        _cleanup_(form_done) Form form = FORM_INIT;
        _cleanup_(secret_done) Secret text = SECRET_INIT;

        for (const char *c = query; *c; c++) {
                int r = strchr("&=", *c) && !strchr(query, '{') ? secret_append(&text, c, 1)
                        : *c == '=' && c - query < 8            ? secret_append(&text, c, 1)
                                                                : percent_encode(&text, c, 1);
                assert_int_equal(r, 0);
        }
        assert_int_equal(form_parse(secret_text(&text), text.size, &form), 0);
        *ret_message = NULL;
        return strncmp(query, "where", 5) == 0 ? account_filter_read_where(&form, ret, ret_message)
                                               : account_filter_read(&form, ret, ret_message);
}

static void expect_tokens(const char *query, const char *ids) {
        _cleanup_(account_filter_done) AccountFilter filter = ACCOUNT_FILTER_INIT;
        _cleanup_(freep) char *message = NULL;
        char found[32] = "";
        int r = read_query(query, &filter, &message);

        if (r != 0)
                fail_msg("%s: %s", query, message ? message : "no message");
        for (size_t i = 0; i < ELEMENTSOF(tokens); i++)
                if (where_matches(filter.where, &tokens[i]))
                        strcat(strcat(found, found[0] ? " " : ""), tokens[i].id);
        if (!streq(found, ids))
                fail_msg("%s: %s instead of %s", query, found, ids);
}

static void expect_refusal(const char *query, const char *sentence) {
        AccountFilter filter = ACCOUNT_FILTER_INIT;
        _cleanup_(freep) char *message = NULL;

        if (read_query(query, &filter, &message) != REASON_INVALID_VALUE)
                fail_msg("%s was taken", query);
        assert_string_equal(message, sentence);
}

typedef struct Row {
        const char *query;
        const char *outcome;
} Row;

#define ALL "t1 t2 t3 t4"

static const Row matches[] = {
        { "", ALL },
        { "filter=", ALL },
        { "filter=null", ALL },
        { "filter={}", ALL },
        { "filter={\"where\":{}}", ALL },
        { "filter={\"where\":null}", ALL },
        { "filter={\"where\":5}", ALL },
        { "filter={\"where\":true}", ALL },
        { "filter={\"where\":[]}", ALL },
        { "filter={\"where\":\"\"}", ALL },
        { "filter={\"include\":\"user\",\"foo\":{\"bar\":1}}", ALL },
        { "where={\"ttl\":300}", "t3 t4" },
        { "where[ttl]=300", "t3 t4" },
        { "where=null", ALL },
        { "where=", ALL },

        { "filter={\"where\":{\"ttl\":300}}", "t3 t4" },
        { "filter={\"where\":{\"ttl\":\"300\"}}", "t3 t4" },
        { "filter={\"where\":{\"ttl\":\" 0x12c \"}}", "t3 t4" },
        { "filter={\"where\":{\"ttl\":[\"300\"]}}", "t3 t4" },
        { "filter={\"where\":{\"ttl\":[300,100]}}", "" },
        { "filter={\"where\":{\"ttl\":3e2}}", "t3 t4" },
        { "filter={\"where\":{\"ttl\":300.5}}", "" },
        { "filter={\"where\":{\"ttl\":1e999}}", "" },
        { "filter={\"where\":{\"ttl\":\"abc\"}}", "" },
        { "filter={\"where\":{\"ttl\":\"nan\"}}", "" },
        { "filter={\"where\":{\"ttl\":{\"neq\":\"abc\"}}}", ALL },
        { "filter={\"where\":{\"ttl\":{\"gt\":\"abc\"}}}", "" },
        { "filter={\"where\":{\"ttl\":{\"gt\":\"\"}}}", ALL },
        { "filter={\"where\":{\"ttl\":{\"gt\":true}}}", ALL },
        { "filter={\"where\":{\"ttl\":null}}", "" },
        { "filter={\"where\":{\"ttl\":{\"neq\":null}}}", ALL },
        { "filter={\"where\":{\"ttl\":{\"gt\":null}}}", "" },
        { "filter={\"where\":{\"ttl\":{\"eq\":\"300\"}}}", "t3 t4" },
        { "filter={\"where\":{\"ttl\":{\"gt\":200}}}", "t3 t4" },
        { "filter={\"where\":{\"ttl\":{\"gte\":200}}}", "t2 t3 t4" },
        { "filter={\"where\":{\"ttl\":{\"lt\":200}}}", "t1" },
        { "filter={\"where\":{\"ttl\":{\"lte\":200}}}", "t1 t2" },
        { "filter={\"where\":{\"ttl\":{\"between\":[\"150\",300]}}}", "t2 t3 t4" },
        { "filter={\"where\":{\"ttl\":{\"inq\":[\"100\",300]}}}", "t1 t3 t4" },
        { "filter={\"where\":{\"ttl\":{\"nin\":[100,300]}}}", "t2" },
        { "filter={\"where\":{\"ttl\":{\"inq\":[]}}}", "" },
        { "filter={\"where\":{\"ttl\":{\"nin\":[]}}}", ALL },
        { "filter={\"where\":{\"ttl\":{}}}", "" },
        { "filter={\"where\":{\"ttl\":{\"exists\":true}}}", "" },
        { "filter={\"where\":{\"ttl\":{\"gt\":1,\"exists\":true}}}", ALL },
        /* LoopBack's connectors differ: some take one operator only. */
        { "filter={\"where\":{\"ttl\":{\"gt\":100,\"lt\":300}}}", "t2" },

        { "filter={\"where\":{\"id\":\"t2\"}}", "t2" },
        { "filter={\"where\":{\"id\":5}}", "" },
        { "filter={\"where\":{\"id\":{\"gte\":\"t3\"}}}", "t3 t4" },
        { "filter={\"where\":{\"id\":{\"neq\":\"t3\"}}}", "t1 t2 t4" },
        { "filter={\"where\":{\"userId\":\"zz\"}}", "" },
        { "filter={\"where\":{\"or\":[{\"userId\":\"zz\"},{\"userId\":\"a1\"}]}}", ALL },

        { "filter={\"where\":{\"scopes\":\"w\"}}", "t2" },
        { "filter={\"where\":{\"scopes\":[\"r\"]}}", "t2 t3" },
        { "filter={\"where\":{\"scopes\":[\"r\",\"w\"]}}", "" },
        { "filter={\"where\":{\"scopes\":{\"eq\":\"r\"}}}", "t2 t3" },
        { "filter={\"where\":{\"scopes\":{\"inq\":[\"w\",\"x\"]}}}", "t2 t4" },
        { "filter={\"where\":{\"scopes\":{\"inq\":[null]}}}", "t1" },
        { "filter={\"where\":{\"scopes\":{\"neq\":\"r\"}}}", "t1 t2 t4" },
        { "filter={\"where\":{\"scopes\":{\"nin\":[\"r\"]}}}", "t1 t2 t4" },
        { "filter={\"where\":{\"scopes\":{\"gt\":\"r\"}}}", "t2 t4" },
        /* LoopBack: 500. */
        { "filter={\"where\":{\"scopes\":null}}", "t1" },
        { "filter={\"where\":{\"scopes\":{\"neq\":null}}}", "t2 t3 t4" },

        { "filter={\"where\":{\"created\":\"2022-01-02\"}}", "t2" },
        { "filter={\"where\":{\"created\":\"2022-01-01T00:00:00.123Z\"}}", "t1" },
        { "filter={\"where\":{\"created\":\"2022-01-02T01:00:00+01:00\"}}", "t2" },
        { "filter={\"where\":{\"created\":\"Sun, 02 Jan 2022 00:00:00 GMT\"}}", "t2" },
        { "filter={\"where\":{\"created\":\"2022-01\"}}", "" },
        { "filter={\"where\":{\"created\":{\"gt\":1641081600000}}}", "t3 t4" },
        { "filter={\"where\":{\"created\":{\"neq\":\"2022-01-02\"}}}", "t1 t3 t4" },
        { "filter={\"where\":{\"created\":{\"between\":[\"2022-01-02\",\"2022-01-03\"]}}}",
          "t2 t3" },
        /* LoopBack's memory connector compares dates in lists by identity. */
        { "filter={\"where\":{\"created\":{\"inq\":[\"2022-01-02\"]}}}", "t2" },
        /* LoopBack: 500. */
        { "filter={\"where\":{\"created\":{\"gt\":\"1641081600000\"}}}", "t3 t4" },

        { "filter={\"where\":{\"foo\":1}}", "" },
        { "filter={\"where\":{\"foo\":null}}", ALL },
        { "filter={\"where\":{\"foo\":{\"neq\":1}}}", ALL },
        { "filter={\"where\":{\"foo\":{\"nin\":[1]}}}", ALL },
        { "filter={\"where\":{\"foo\":{\"gt\":1}}}", "" },
        { "filter={\"where\":{\"nor\":[{\"ttl\":1}]}}", "" },

        { "filter={\"where\":{\"and\":[]}}", ALL },
        { "filter={\"where\":{\"or\":[]}}", "" },
        { "filter={\"where\":{\"ttl\":300,\"scopes\":\"x\"}}", "t4" },
        { "filter={\"where\":{\"or\":[{\"ttl\":100},{\"and\":[{\"ttl\":300},{\"scopes\":\"x\"}]}]}"
          "}",
          "t1 t4" },
        { "filter={\"where\":{\"and\":[{\"or\":[{\"ttl\":100},{\"ttl\":200}]},{\"id\":\"t2\"}]}}",
          "t2" },

        { "filter[where][ttl]=300", "t3 t4" },
        { "filter[where][ttl][gt]=150", "t2 t3 t4" },
        { "filter[where][ttl][inq][0]=100&filter[where][ttl][inq][1]=200", "t1 t2" },
        { "filter[where][ttl][inq][]=100&filter[where][ttl][inq][]=200", "t1 t2" },
        { "filter[where][ttl][inq]=100&filter[where][ttl][inq]=200", "t1 t2" },
        { "filter[where][ttl][between][1]=250&filter[where][ttl][between][0]=150", "t2" },
        { "filter[where][created][gt]=2022-01-02", "t3 t4" },
        { "filter[where][or][0][ttl]=100&filter[where][or][1][ttl]=200", "t1 t2" },
        { "filter[where][or][][ttl]=100&filter[where][or][][ttl]=200", "t1 t2" },
        { "filter[where][ttl]=300&filter[where][id]=t4", "t4" },
        /* LoopBack's parser looks five brackets deep. */
        { "filter[where][and][0][or][0][ttl][gt]=250&filter[where][and][0][or][1][id]=t1",
          "t1 t3 t4" },
        { "limit=1&where2=x&filters[limit]=1", ALL },
};

static void test_matches(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(matches); i++)
                expect_tokens(matches[i].query, matches[i].outcome);
}

#define NO_OBJECT "Value is not an object."
#define NO_JSON   "Cannot parse JSON-encoded object value."
#define NO_LIST   "Value is not an array or object with sequential numeric indices"

static const Row refusals[] = {
        { "filter=[]", NO_OBJECT },
        { "filter=5", NO_OBJECT },
        { "filter=\"\"", NO_OBJECT },
        { "filter=x", NO_OBJECT },
        { "filter={\"a\":1", NO_OBJECT },
        { "filter={bad}", NO_JSON },
        { "filter={\"a\":1,\"a\":2}", NO_JSON }, /* LoopBack: the last one */
        { "filter[0]=x", NO_OBJECT },
        { "filter[]=x", NO_OBJECT },
        { "filter[a=x", NO_OBJECT },
        { "filter[a]b=x", NO_OBJECT },
        { "filter=x&filter[limit]=1", NO_OBJECT },
        { "filter[where]=x&filter[where][ttl]=1", NO_OBJECT },
        { "where=x", NO_OBJECT },
        { "where=5", NO_OBJECT },
        { "where=[]", NO_OBJECT },
        { "where={\"or\":5}", "The or operator has invalid clauses 5: " NO_LIST },
        { "filter={\"where\":\"x\"}", "The where clause \"x\" is not an object" },
        { "filter={\"where\":[\"x\"]}", "The where clause [\"x\"] is not an object" },
        { "filter[where]=x", "The where clause \"x\" is not an object" },
        { "filter={\"where\":{\"or\":[5]}}", "The where clause 5 is not an object" },
        { "filter={\"where\":{\"or\":[null]}}", "The where clause null is not an object" },
        { "filter={\"where\":{\"and\":{\"ttl\":1}}}",
          "The and operator has invalid clauses {\"ttl\":1}: " NO_LIST },
        { "filter={\"where\":{\"ttl\":{\"inq\":5}}}",
          "The ttl property has invalid clause {\"inq\":5}: Error: " NO_LIST },
        { "filter={\"where\":{\"ttl\":{\"between\":[1]}}}",
          "The ttl property has invalid clause {\"between\":[1]}: Expected precisely 2 values, "
          "received 1" },
        { "filter={\"where\":{\"ttl\":{\"$gt\":5}}}",
          "Operators \"$gt\" are not allowed in query" },
        { "filter={\"where\":{\"id\":{\"like\":\"t%\"}}}",
          "The operator \"like\" is not supported" },
        { "filter={\"where\":{\"created\":\"nonsense\"}}", "Invalid date: \"nonsense\"" },
        { "filter={\"where\":{\"created\":{\"lt\":\"2022-02-30\"}}}",
          "Invalid date: \"2022-02-30\"" },
        { "filter={\"limit\":-1}", "The limit parameter -1 is not valid" },
        { "filter={\"limit\":1.5}", "The limit parameter 1.5 is not valid" },
        { "filter={\"limit\":\"abc\"}", "The limit parameter \"abc\" is not valid" },
        { "filter={\"limit\":\"0\"}", "The limit parameter \"0\" is not valid" },
        { "filter={\"limit\":{}}", "The limit parameter {} is not valid" },
        { "filter[limit]=0", "The limit parameter \"0\" is not valid" },
        { "filter={\"skip\":-1}", "The offset/skip parameter -1 is not valid" },
        { "filter={\"offset\":\"x\",\"limit\":2}", "The offset/skip parameter \"x\" is not valid" },
        { "filter={\"order\":5}", "The order 5 is not valid" },
        { "filter={\"order\":{\"ttl\":1}}", "The order {\"ttl\":1} is not valid" },
        { "filter={\"order\":[\"ttl\",5]}", "The order 5 is not valid" },
        { "filter={\"order\":\" ttl DESC\"}", "The order \" ttl DESC\" has invalid direction" },
        { "filter={\"order\":\"created SIDEWAYS\"}",
          "The order \"created SIDEWAYS\" has invalid direction" },
        { "filter={\"order\":\"ttl DESC , created DESCENDING\"}",
          "The order \"created DESCENDING\" has invalid direction" },
};

static void test_refusals(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(refusals); i++)
                expect_refusal(refusals[i].query, refusals[i].outcome);
}

static void test_long_values_are_not_sent_back(void **state) {
        char query[1024] = "filter={\"limit\":\"";

        memset(query + strlen(query), 'x', 600);
        strcat(query, "\"}");
        expect_refusal(query, "The limit parameter … is not valid");
}

static void test_window(void **state) {
        static const struct {
                const char *query;
                uint64_t skip, limit;
        } rows[] = {
                { "filter={}", 0, UINT64_MAX },
                { "filter={\"limit\":0}", 0, UINT64_MAX },
                { "filter={\"limit\":null,\"skip\":null}", 0, UINT64_MAX },
                { "filter={\"limit\":2}", 0, 2 },
                { "filter={\"limit\":\"2\"}", 0, 2 },
                { "filter={\"limit\":[2]}", 0, 2 },
                { "filter={\"limit\":true}", 0, 1 },
                { "filter={\"limit\":1e30}", 0, UINT64_MAX },
                { "filter={\"skip\":1}", 1, FILTER_LIMIT_WITH_SKIP },
                { "filter[skip]=0", 0, FILTER_LIMIT_WITH_SKIP },
                { "filter={\"skip\":1,\"offset\":3,\"limit\":5}", 1, 5 },
                { "filter={\"skip\":0,\"offset\":3,\"limit\":5}", 3, 5 },
                { "filter[offset]=3&filter[limit]=4", 3, 4 },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(freep) char *message = NULL;
                AccountFilter filter = ACCOUNT_FILTER_INIT;
                assert_int_equal(read_query(rows[i].query, &filter, &message), 0);
                assert_int_equal(filter.skip, rows[i].skip);
                assert_int_equal(filter.limit, rows[i].limit);
        }
}

static void test_order(void **state) {
        static const Row rows[] = {
                { "filter={}", "" },
                { "filter={\"order\":null}", "" },
                { "filter={\"order\":\"foo\"}", "" },
                { "filter={\"order\":\"ttl\"}", "1+" },
                { "filter={\"order\":\"ttl desc,created  asc\"}", "1-3+" },
                { "filter={\"order\":\"ttl Desc , , created\"}", "1-3+" },
                { "filter={\"order\":[\"ttl DESC\",\"id\",\"ttl ASC\"]}", "1-0+" },
                { "filter={\"order\":[]}", "" },
                { "filter={\"order\":\"foo DESC, userId, scopes\"}", "4+2+" },
                { "filter[order]=ttl DESC", "1-" },
                { "filter[order][1]=created ASC&filter[order][0]=ttl DESC", "1-3+" },
                { "filter[order]=ttl DESC&filter[order]=created", "1-3+" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(freep) char *message = NULL;
                AccountFilter filter = ACCOUNT_FILTER_INIT;
                char found[16] = "";

                assert_int_equal(read_query(rows[i].query, &filter, &message), 0);
                for (size_t k = 0; k < filter.n_orders; k++)
                        sprintf(found + strlen(found), "%d%c", (int)filter.orders[k].field,
                                filter.orders[k].descending ? '-' : '+');
                assert_string_equal(found, rows[i].outcome);
        }
}

static void test_fields(void **state) {
        static const Row rows[] = {
                { "filter={}", "itscu" },
                { "filter={\"fields\":[]}", "itscu" },
                { "filter={\"fields\":{}}", "itscu" },
                { "filter={\"fields\":5}", "itscu" },
                { "filter={\"fields\":null}", "itscu" },
                { "filter={\"fields\":\"ttl\"}", "t" },
                { "filter={\"fields\":[\"ttl\",\"id\"]}", "it" },
                { "filter={\"fields\":{\"ttl\":true}}", "t" },
                { "filter={\"fields\":{\"id\":false}}", "tscu" },
                { "filter={\"fields\":{\"id\":false,\"ttl\":true}}", "t" },
                { "filter={\"fields\":[\"foo\"]}", "" },
                { "filter={\"fields\":[5]}", "" },
                { "filter={\"fields\":{\"foo\":1}}", "" },
                { "filter={\"fields\":{\"foo\":false}}", "itscu" },
                { "filter[fields][0]=id&filter[fields][1]=userId", "iu" },
                { "filter[fields][scopes]=true", "s" },
                /* LoopBack: a text is true. */
                { "filter[fields][id]=false", "tscu" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(freep) char *message = NULL;
                AccountFilter filter = ACCOUNT_FILTER_INIT;
                char found[8] = "";

                assert_int_equal(read_query(rows[i].query, &filter, &message), 0);
                for (int field = 0; field < _ACCOUNT_FIELD_MAX; field++)
                        if (!(filter.hidden & 1U << field))
                                strncat(found, &"itscu"[field], 1);
                assert_string_equal(found, rows[i].outcome);
        }
}

static void test_no_scopes_at_all(void **state) {
        const AccountToken token = { "t", 1, nothing, 0, "a" };
        static const struct {
                const char *query;
                bool fits;
        } rows[] = {
                { "filter={\"where\":{\"scopes\":\"r\"}}", false },
                { "filter={\"where\":{\"scopes\":{\"neq\":\"r\"}}}", true },
                { "filter={\"where\":{\"scopes\":{\"nin\":[\"r\"]}}}", false },
                { "filter={\"where\":{\"scopes\":null}}", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(account_filter_done) AccountFilter filter = ACCOUNT_FILTER_INIT;
                _cleanup_(freep) char *message = NULL;

                assert_int_equal(read_query(rows[i].query, &filter, &message), 0);
                assert_int_equal(where_matches(filter.where, &token), rows[i].fits);
        }
}

static void test_depth(void **state) {
        char query[16384] = "filter={\"where\":";
        AccountFilter filter = ACCOUNT_FILTER_INIT;
        char *message;

        for (int i = 0; i < 12; i++)
                strcat(query, "{\"or\":[");
        strcat(query, "{}");
        for (int i = 0; i < 12; i++)
                strcat(query, "]}");
        strcat(query, "}");
        assert_int_equal(read_query(query, &filter, &message), 0);
        assert_true(where_matches(filter.where, &tokens[0]));
        account_filter_done(&filter);

        strcpy(query, "filter");
        /* As deep as a request's head has room for. */
        for (int i = 0; i < 4000; i++)
                memcpy(query + 6 + 3 * i, "[a]", 4);
        strcat(query, "=1");
        expect_refusal(query, NO_OBJECT);
}

static void test_dates(void **state) {
        static const struct {
                const char *text;
                int64_t msec;
        } rows[] = {
                { "2022", 1640995200000 },
                { "2022-01-01T00:00", 1640995200000 },
                { "2022-01-01 00:00:00.1", 1640995200100 },
                { "2022-01-01T00:00:00.123999Z", 1640995200123 },
                { "2021-12-31T22:00:00-0200", 1640995200000 },
                { "2024-02-29", 1709164800000 },
                { "1969-12-31T23:59:59Z", -1000 },
                { "-62135596800000", -62135596800000 },
                { "10000", 10000 },
        };
        static const char *const bad[] = {
                "",
                "x",
                "20",
                "2022-13-01",
                "2022-1-1",
                "2023-02-29",
                "2022-01-01T",
                "2022-01-01T24:00",
                "2022-01-01T00:00:00+00:00Z",
                "2022-01-01Z",
                "2022-01-01T00:00:60Z",
                "2022-01-01x",
                "Sun, 02 Jan 2022 00:00:00",
                "99999999999999999999",
        };
        int64_t msec;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                assert_int_equal(date_read(rows[i].text, &msec), 0);
                assert_int_equal(msec, rows[i].msec);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (date_read(bad[i], &msec) == 0)
                        fail_msg("%s is no date", bad[i]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_matches),
                cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_long_values_are_not_sent_back),
                cmocka_unit_test(test_window),
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_fields),
                cmocka_unit_test(test_no_scopes_at_all),
                cmocka_unit_test(test_depth),
                cmocka_unit_test(test_dates),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
