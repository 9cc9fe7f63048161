/* http_response through its interface: what each function says in each state. Which answers are good is tests/torture.
 */
#include "enrich/http_response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OK "HTTP/1.1 200 OK\r\n"

/* Feeds a text from memory of its own length; *out_used and *out_body add up. */
static enr_status_t feed(enr_http_response_t *response, const char *text, size_t *out_used, size_t *out_body)
{
    size_t len = strlen(text);
    uint8_t *exact = test_malloc(len > 0 ? len : 1);
    memcpy(exact, text, len);
    enr_span_t in = {exact, len};
    enr_status_t status = ENR_AGAIN;
    *out_used = 0;
    *out_body = 0;
    do {
        size_t used = SIZE_MAX;
        enr_span_t body = {NULL, SIZE_MAX};
        status = enr_http_response_feed(response, in, &used, &body);
        assert_true(used <= in.len && body.len <= used);
        assert_true(status != ENR_AGAIN || used > 0 || in.len == 0);
        if (body.len > 0) {
            assert_true(body.ptr >= in.ptr && body.ptr + body.len <= in.ptr + used);
        }
        *out_used += used;
        *out_body += body.len;
        in = enr_span_slice(in, used, in.len);
    } while (status == ENR_AGAIN && in.len > 0);
    test_free(exact);
    return status;
}

static enr_status_t give(enr_http_response_t *response, const char *text)
{
    size_t used = 0;
    size_t body = 0;
    return feed(response, text, &used, &body);
}

/* What the interface says in every state on the way; the end of a stream is tried on a copy. */
static void test_each_state(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enr_status_t status;
        unsigned code;
        enr_status_t end;
        bool reusable;
    } STEPS[] = {
        {"", ENR_AGAIN, 0, ENR_E_CLOSED, false},
        {"H", ENR_AGAIN, 0, ENR_E_TRUNCATED, false},
        {"TTP/1.1 103", ENR_AGAIN, 0, ENR_E_TRUNCATED, false},
        {" E\r\nX: a\r\n\r", ENR_AGAIN, 0, ENR_E_TRUNCATED, false},
        {"\n", ENR_AGAIN, 0, ENR_E_TRUNCATED, false}, /* a 1xx is no response */
        {"HTTP/1.1 200", ENR_AGAIN, 0, ENR_E_TRUNCATED, false},
        {" OK\r", ENR_AGAIN, 0, ENR_E_TRUNCATED, false},
        {"\nTransfer", ENR_AGAIN, 0, ENR_E_TRUNCATED, false},
        {"-Encoding:", ENR_AGAIN, 0, ENR_E_TRUNCATED, false},
        {" chun", ENR_AGAIN, 0, ENR_E_TRUNCATED, false},
        {"ked\r\n\r", ENR_AGAIN, 0, ENR_E_TRUNCATED, false},
        {"\n", ENR_AGAIN, 200, ENR_E_TRUNCATED, false},
        {"", ENR_AGAIN, 200, ENR_E_TRUNCATED, false},
        {"5", ENR_AGAIN, 200, ENR_E_TRUNCATED, false},
        {" ;a\r\nhel", ENR_AGAIN, 200, ENR_E_TRUNCATED, false},
        {"lo", ENR_AGAIN, 200, ENR_E_TRUNCATED, false},
        {"\r", ENR_AGAIN, 200, ENR_E_TRUNCATED, false},
        {"\n0\r\nX", ENR_AGAIN, 200, ENR_E_TRUNCATED, false},
        {": y", ENR_AGAIN, 200, ENR_E_TRUNCATED, false},
        {"\r\n\r", ENR_AGAIN, 200, ENR_E_TRUNCATED, false},
        {"\n", ENR_OK, 200, ENR_OK, true},
        {"", ENR_OK, 200, ENR_OK, true},
        {"HTTP/1.1 500 ", ENR_OK, 200, ENR_OK, true}, /* nothing of it is taken */
    };
    enr_http_response_t response;
    enr_http_response_start(&response, false);
    for (size_t i = 0; i < sizeof STEPS / sizeof STEPS[0]; i++) {
        assert_int_equal(give(&response, STEPS[i].text), STEPS[i].status);
        assert_int_equal(enr_http_response_code(&response), STEPS[i].code);
        assert_int_equal(enr_http_response_reusable(&response), STEPS[i].reusable);
        enr_http_response_t copy = response;
        assert_int_equal(enr_http_response_end(&copy), STEPS[i].end);
        assert_int_equal(enr_http_response_end(&copy), STEPS[i].end);
        assert_int_equal(give(&copy, "HTTP/1.1 200 OK\r\n"), STEPS[i].end);
        assert_int_equal(enr_http_response_code(&copy), STEPS[i].end == ENR_OK ? STEPS[i].code : 0);
        assert_int_equal(enr_http_response_reusable(&copy), STEPS[i].reusable);
    }
}

/* RFC 9112 6.3: a body that the close delimits is complete with the close, and only then; the connection is gone. */
static void test_to_close(void **state)
{
    (void)state;
    enr_http_response_t response;
    enr_http_response_start(&response, false);
    size_t used = 0;
    size_t body = 0;
    assert_int_equal(feed(&response, OK "\r\nhello", &used, &body), ENR_AGAIN);
    assert_int_equal(body, 5);
    assert_int_equal(enr_http_response_code(&response), 200);
    assert_int_equal(give(&response, "more"), ENR_AGAIN);
    assert_int_equal(enr_http_response_end(&response), ENR_OK);
    assert_int_equal(enr_http_response_code(&response), 200);
    assert_false(enr_http_response_reusable(&response));
    assert_int_equal(feed(&response, "late", &used, &body), ENR_OK);
    assert_int_equal(used + body, 0);
}

/* behaviours 8: the call says how many bytes belong to the response, so that the rest can be seen. */
static void test_used(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t used, body;
    } ROWS[] = {
        {OK "Content-Length: 2\r\n\r\n{}", sizeof(OK) - 1 + 23, 2},
        {OK "Content-Length: 2\r\n\r\n{}HTTP/1.1", sizeof(OK) - 1 + 23, 2},
        {OK "Content-Length: 0\r\n\r\n{}", sizeof(OK) - 1 + 21, 0},
        {OK "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n!", sizeof(OK) - 1 + 30 + 12, 2},
        {"HTTP/1.1 204 \r\n\r\n{}", 17, 0},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        enr_http_response_t response;
        enr_http_response_start(&response, false);
        size_t used = 0;
        size_t body = 0;
        assert_int_equal(feed(&response, ROWS[i].text, &used, &body), ENR_OK);
        assert_int_equal(used, ROWS[i].used);
        assert_int_equal(body, ROWS[i].body);
    }
}

/* The contract: after an error every further call gives the same error and takes nothing. */
static void test_errors_stay(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enr_status_t status;
    } ROWS[] = {
        {"HTTP/2.0 200 OK\r\n", ENR_E_HTTP},
        {OK "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\n", ENR_E_CONTENT_CODING},
        {OK "Transfer-Encoding: chunked\r\n\r\nx", ENR_E_HTTP},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        enr_http_response_t response;
        enr_http_response_start(&response, false);
        assert_int_equal(give(&response, ROWS[i].text), ROWS[i].status);
        for (int again = 0; again < 2; again++) {
            size_t used = 1;
            size_t body = 1;
            assert_int_equal(feed(&response, OK "Content-Length: 0\r\n\r\n", &used, &body), ROWS[i].status);
            assert_int_equal(used + body, 0);
            assert_int_equal(give(&response, ""), ROWS[i].status);
            assert_int_equal(enr_http_response_end(&response), ROWS[i].status);
            assert_int_equal(enr_http_response_code(&response), 0);
            assert_false(enr_http_response_reusable(&response));
        }
    }
}

/* An empty span may have no place at all. It changes nothing, and is no byte of a response. */
static void test_nothing_to_feed(void **state)
{
    (void)state;
    static const char TEXT[] = OK "Content-Length: 2\r\n\r\n{}";
    enr_http_response_t response;
    enr_http_response_start(&response, false);
    for (size_t i = 0; i < sizeof TEXT; i++) {
        size_t used = 1;
        enr_span_t body = {(const uint8_t *)"x", 1};
        enr_status_t wanted = i == sizeof TEXT - 1 ? ENR_OK : ENR_AGAIN;
        assert_int_equal(enr_http_response_feed(&response, (enr_span_t){NULL, 0}, &used, &body), wanted);
        assert_int_equal(used + body.len, 0);
        if (i < sizeof TEXT - 1) {
            (void)give(&response, (const char[]){TEXT[i], 0});
        }
    }
    assert_true(enr_http_response_reusable(&response));
    enr_http_response_start(&response, false);
    assert_int_equal(give(&response, ""), ENR_AGAIN);
    assert_int_equal(enr_http_response_end(&response), ENR_E_CLOSED);
}

/* A response begun anew knows nothing of the one before. */
static void test_start_forgets(void **state)
{
    (void)state;
    enr_http_response_t response;
    enr_http_response_start(&response, true);
    assert_int_equal(give(&response, "HTTP/1.0 429 T\r\nContent-Type: application/json\r\nRetry-After: 7\r\n\r\n"),
                     ENR_OK);
    assert_true(enr_http_response_is_json(&response));
    assert_int_equal(enr_http_response_retry_after(&response).len, 1);
    enr_http_response_start(&response, false);
    assert_int_equal(enr_http_response_code(&response), 0);
    assert_false(enr_http_response_is_json(&response));
    assert_int_equal(enr_http_response_retry_after(&response).len, 0);
    assert_int_equal(enr_http_response_end(&response), ENR_E_CLOSED);
    enr_http_response_start(&response, false);
    assert_int_equal(give(&response, OK "Content-Length: 1\r\n\r\n"), ENR_AGAIN); /* no longer HEAD */
    assert_int_equal(give(&response, "x"), ENR_OK);
    assert_true(enr_http_response_reusable(&response));
}

/* behaviours 2: a body of 2^32-1 bytes counts to its end, handed out and never kept; a longer one is refused. */
static void test_long_body(void **state)
{
    (void)state;
    enr_http_response_t response;
    enr_http_response_start(&response, false);
    assert_int_equal(give(&response, OK "Content-Length: 4294967296\r\n\r\n"), ENR_E_HTTP_LIMIT);
    enr_http_response_start(&response, false);
    assert_int_equal(give(&response, OK "Content-Length: 4294967295\r\n\r\n"), ENR_AGAIN);
    enum { PIECE = 1 << 20 };
    uint8_t *piece = test_calloc(PIECE, 1);
    for (int i = 0; i < 4096; i++) {
        size_t used = 0;
        enr_span_t body = {NULL, 0};
        bool last = i == 4095;
        size_t wanted = last ? PIECE - 1 : PIECE;
        assert_int_equal(enr_http_response_feed(&response, (enr_span_t){piece, PIECE}, &used, &body),
                         last ? ENR_OK : ENR_AGAIN);
        assert_int_equal(used, wanted);
        assert_int_equal(body.len, wanted);
    }
    test_free(piece);
    assert_true(enr_http_response_reusable(&response));
}

/* RFC 9110 10.2.3: valid as long as the response, and found again behind any other field. */
static void test_retry_after(void **state)
{
    (void)state;
    enr_http_response_t response;
    enr_http_response_start(&response, false);
    assert_int_equal(give(&response,
                          "HTTP/1.1 429 T\r\nRetry-After:  Wed, 09 Nov 1994 08:49:37 GMT \r\n"
                          "Content-Type: application/json\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"),
                     ENR_OK);
    enr_span_t value = enr_http_response_retry_after(&response);
    assert_true(enr_span_equal(value, ENR_SPAN("Wed, 09 Nov 1994 08:49:37 GMT")));
    assert_int_equal(enr_http_response_end(&response), ENR_OK);
    assert_true(enr_span_equal(enr_http_response_retry_after(&response), ENR_SPAN("Wed, 09 Nov 1994 08:49:37 GMT")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_state),
        cmocka_unit_test(test_to_close),
        cmocka_unit_test(test_used),
        cmocka_unit_test(test_errors_stay),
        cmocka_unit_test(test_nothing_to_feed),
        cmocka_unit_test(test_start_forgets),
        cmocka_unit_test(test_long_body),
        cmocka_unit_test(test_retry_after),
    };
    return cmocka_run_group_tests_name("http_response", tests, NULL, NULL);
}
