/* http_request: golden bytes, nothing injected through any part, every size of buffer. */
#include "enrich/http_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEY "pk_test_0123456789"
#define ID "5b0f6a3e-2f0d-4f8a-9a51-6d1c3f7e9b20"
#define COMMON                                                                                                         \
    "User-Agent: libenrich/" ENR_VERSION                                                                               \
    "\r\nAccept: application/json\r\nAccept-Encoding: identity\r\nX-API-KEY: " KEY "\r\n"

static enr_http_request_t get_request(void)
{
    return (enr_http_request_t){
        .method = ENR_SPAN("GET"),
        .host = ENR_SPAN("app.prontohq.test"),
        .port = 443,
        .path = {ENR_SPAN("/api/v2"), ENR_SPAN("/contacts/"), ENR_SPAN(ID)},
        .api_key = ENR_SPAN(KEY),
    };
}

static enr_http_request_t post_request(void)
{
    enr_http_request_t request = get_request();
    request.method = ENR_SPAN("POST");
    request.path[1] = ENR_SPAN("/contacts/single_enrich");
    request.path[2] = (enr_span_t){NULL, 0};
    request.has_body = true;
    return request;
}

/* Renders into memory of exactly `capacity` bytes in front of `body`. The caller frees the buffer's memory. */
static enr_status_t render(const enr_http_request_t *request, const char *body, size_t capacity, enr_buffer_t *out)
{
    *out = enr_buffer_over(test_malloc(capacity > 0 ? capacity : 1), capacity);
    enr_buffer_append(out, enr_span_from_str(body));
    return enr_http_request_render(request, out);
}

static void assert_renders(const enr_http_request_t *request, const char *body, const char *message)
{
    size_t len = strlen(message);
    for (size_t capacity = strlen(body); capacity <= len + 3; capacity++) {
        enr_buffer_t buffer;
        enr_status_t status = render(request, body, capacity, &buffer);
        if (capacity < len) {
            assert_int_equal(status, ENR_E_LIMIT);
        } else {
            assert_int_equal(status, ENR_OK);
            assert_int_equal(buffer.len, len);
            assert_memory_equal(buffer.ptr, message, len);
        }
        test_free(buffer.ptr);
    }
}

/* RFC 9112 3, 3.2, DESIGN 6: golden bytes in one message; a buffer of every smaller size is refused. */
static void test_get(void **state)
{
    (void)state;
    enr_http_request_t request = get_request();
    assert_renders(&request, "", "GET /api/v2/contacts/" ID " HTTP/1.1\r\nHost: app.prontohq.test\r\n" COMMON "\r\n");
}

static void test_post(void **state)
{
    (void)state;
    enr_http_request_t request = post_request();
    assert_renders(&request, "{\"firstname\":\"In\xc3\xa8s\"}",
                   "POST /api/v2/contacts/single_enrich HTTP/1.1\r\nHost: app.prontohq.test\r\n" COMMON
                   "Content-Type: application/json\r\nContent-Length: 21\r\n\r\n{\"firstname\":\"In\xc3\xa8s\"}");
    assert_renders(&request, "",
                   "POST /api/v2/contacts/single_enrich HTTP/1.1\r\nHost: app.prontohq.test\r\n" COMMON
                   "Content-Type: application/json\r\nContent-Length: 0\r\n\r\n");
}

/* RFC 9112 3.2: Host names a port that is not the scheme's own. */
static void test_port(void **state)
{
    (void)state;
    static const struct {
        uint16_t port;
        const char *host;
    } ROWS[] = {{443, "\r\nHost: app.prontohq.test\r\n"},
                {1, "\r\nHost: app.prontohq.test:1\r\n"},
                {80, "\r\nHost: app.prontohq.test:80\r\n"},
                {65535, "\r\nHost: app.prontohq.test:65535\r\n"}};
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        enr_http_request_t request = get_request();
        request.port = ROWS[i].port;
        enr_buffer_t buffer;
        assert_int_equal(render(&request, "", 1024, &buffer), ENR_OK);
        enr_buffer_append_byte(&buffer, 0);
        assert_non_null(strstr((const char *)buffer.ptr, ROWS[i].host));
        test_free(buffer.ptr);
    }
    enr_http_request_t request = get_request();
    request.port = 0;
    enr_buffer_t buffer;
    assert_int_equal(render(&request, "", 1024, &buffer), ENR_E_SETTING);
    test_free(buffer.ptr);
}

/* The body moves up unharmed, whatever its length beside the head's. */
static void test_body_lengths(void **state)
{
    (void)state;
    enr_http_request_t request = post_request();
    for (size_t len = 0; len < 700; len++) {
        char body[701];
        for (size_t i = 0; i < len; i++) {
            body[i] = (char)('!' + (i * 7 + len) % 90);
        }
        body[len] = 0;
        enr_buffer_t buffer;
        assert_int_equal(render(&request, body, 2048, &buffer), ENR_OK);
        char length[64];
        (void)snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n\r\n", len);
        size_t head = buffer.len - len;
        assert_memory_equal(buffer.ptr + head - strlen(length), length, strlen(length));
        assert_memory_equal(buffer.ptr + head, body, len);
        test_free(buffer.ptr);
    }
}

/* behaviours 11, RFC 9110 5.5, RFC 9112 2.2: no byte that could end a line or a part passes, at no place of no part. */
static void test_injection(void **state)
{
    (void)state;
    enum { HOST, PATH_0, PATH_1, PATH_2, API_KEY, PARTS };
    static const char *const GOOD[PARTS] = {"app.prontohq.test", "/api/v2", "/contacts/", "0123456789", KEY};
    for (int part = 0; part < PARTS; part++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            if (byte > 0x20 && byte < 0x7f) {
                continue;
            }
            size_t len = strlen(GOOD[part]);
            for (size_t at = 0; at < len; at++) {
                uint8_t *text = test_malloc(len);
                memcpy(text, GOOD[part], len);
                text[at] = (uint8_t)byte;
                enr_http_request_t request = get_request();
                enr_span_t *parts[PARTS] = {&request.host, &request.path[0], &request.path[1], &request.path[2],
                                            &request.api_key};
                *parts[part] = (enr_span_t){text, len};
                enr_buffer_t buffer;
                enr_status_t wanted = part == HOST || part == API_KEY ? ENR_E_SETTING : ENR_E_URL;
                assert_int_equal(render(&request, "", 1024, &buffer), wanted);
                assert_int_equal(buffer.len, 0);
                test_free(buffer.ptr);
                test_free(text);
            }
        }
    }
}

/* Whole attacks, as measured on other clients (behaviours, "How existing clients fail"). */
static void test_refused_parts(void **state)
{
    (void)state;
    static const struct {
        const char *host, *base, *call, *id, *key;
        enr_status_t status;
    } ROWS[] = {
        {"h.example", "", "/c/", "1", KEY, ENR_OK},
        {"h.example", "/a", "", "", KEY, ENR_OK},
        {"h.example", "/a", "/b?x=1&y=%20", "", "!~", ENR_OK},
        {"h.example", "", "", "", KEY, ENR_E_URL},
        {"h.example", "", "c/", "1", KEY, ENR_E_URL},
        {"h.example", "http://other.example/", "", "", KEY, ENR_E_URL},
        {"h.example", "*", "", "", KEY, ENR_E_URL},
        {"h.example", "?a", "", "", KEY, ENR_E_URL},
        {"h.example", "/a", "/b#c", "", KEY, ENR_E_URL},
        {"h.example", "/a", "/b/", "1 HTTP/1.1\r\nX: y\r\n\r\n", KEY, ENR_E_URL},
        {"h.example", "/a", "/b/", "\n", KEY, ENR_E_URL},
        {"h.example\r\nX: y", "/a", "", "", KEY, ENR_E_SETTING},
        {"h.example:443", "/a", "", "", KEY, ENR_E_SETTING},
        {"user@h.example", "/a", "", "", KEY, ENR_E_SETTING},
        {"h.example/", "/a", "", "", KEY, ENR_E_SETTING},
        {"", "/a", "", "", KEY, ENR_E_SETTING},
        {"127.0.0.1", "/a", "", "", KEY, ENR_E_SETTING},
        {"[::1]", "/a", "", "", KEY, ENR_E_SETTING},
        {"h.example", "/a", "", "", "", ENR_E_SETTING},
        {"h.example", "/a", "", "", "k\r\nX: y", ENR_E_SETTING},
        {"h.example", "/a", "", "", " k", ENR_E_SETTING},
        {"h.example", "/a", "", "", "k\n", ENR_E_SETTING},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        enr_http_request_t request = get_request();
        request.host = enr_span_from_str(ROWS[i].host);
        request.path[0] = enr_span_from_str(ROWS[i].base);
        request.path[1] = enr_span_from_str(ROWS[i].call);
        request.path[2] = enr_span_from_str(ROWS[i].id);
        request.api_key = enr_span_from_str(ROWS[i].key);
        enr_buffer_t buffer;
        assert_int_equal(render(&request, "", 1024, &buffer), ROWS[i].status);
        test_free(buffer.ptr);
    }
}

/* A body that was cut short when it was written is never sent. */
static void test_full_buffer(void **state)
{
    (void)state;
    uint8_t memory[1024];
    enr_buffer_t buffer = enr_buffer_over(memory, sizeof memory);
    enr_buffer_append(&buffer, ENR_SPAN("{}"));
    buffer.full = true;
    enr_http_request_t request = post_request();
    assert_int_equal(enr_http_request_render(&request, &buffer), ENR_E_LIMIT);
    enr_buffer_t none = enr_buffer_over(NULL, 0);
    assert_int_equal(enr_http_request_render(&request, &none), ENR_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),          cmocka_unit_test(test_post),      cmocka_unit_test(test_port),
        cmocka_unit_test(test_body_lengths), cmocka_unit_test(test_injection), cmocka_unit_test(test_refused_parts),
        cmocka_unit_test(test_full_buffer),
    };
    return cmocka_run_group_tests_name("http_request", tests, NULL, NULL);
}
