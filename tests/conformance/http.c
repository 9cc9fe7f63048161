/* The kinds of http_response, http_date and url. */
#include "conformance.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "enrich/http_date.h"
#include "enrich/http_response.h"
#include "enrich/url.h"

static void print_error(enr_status_t status)
{
    printf("%s %s", status == ENR_E_HTTP_LIMIT || status == ENR_E_LIMIT ? "limit" : "error", enr_status_name(status));
}

/* Feeds one piece, in an allocation of its own length; the body's part goes to `body`, what the response did not use is
 * counted. */
static enr_status_t feed(enr_http_response_t *response, enr_span_t piece, uint8_t *body, size_t *body_len,
                         size_t *unused)
{
    uint8_t *exact = allocate(piece.len);
    memcpy(exact, piece.ptr, piece.len);
    enr_span_t in = {exact, piece.len};
    enr_status_t status = ENR_AGAIN;
    while (status == ENR_AGAIN && in.len > 0) {
        size_t used = 0;
        enr_span_t part = {NULL, 0};
        status = enr_http_response_feed(response, in, &used, &part);
        if (part.len > 0) {
            memcpy(body + *body_len, part.ptr, part.len);
            *body_len += part.len;
        }
        in = enr_span_slice(in, used, in.len);
    }
    *unused = in.len;
    free(exact);
    return status;
}

static void answer_http(const case_t *input)
{
    enr_span_t bytes = decode_word(input, 1);
    uint8_t *body = allocate(bytes.len);
    size_t body_len = 0;
    size_t unused = 0;
    size_t at = 0;
    enr_http_response_t response;
    enr_http_response_start(&response, strcmp(input->words[0], "HEAD") == 0);
    enr_status_t status = ENR_AGAIN;
    while (status == ENR_AGAIN && at < bytes.len) {
        size_t len = split_next(input->split, bytes.len - at);
        status = feed(&response, enr_span_slice(bytes, at, at + len), body, &body_len, &unused);
        at += len;
    }
    if (status == ENR_AGAIN) {
        status = enr_http_response_end(&response);
    }
    bool dirty = unused > 0 || at < bytes.len;
    if (status == ENR_OK) {
        printf("ok %u %zu ", enr_http_response_code(&response), body_len);
        print_sha256((enr_span_t){body, body_len});
        printf(" %s", enr_http_response_reusable(&response) && !dirty ? "yes" : "no");
    } else {
        print_error(status);
    }
    free(body);
    free_span(bytes);
}

static void answer_date(const case_t *input)
{
    enr_span_t text = decode_word(input, 1);
    int64_t seconds = 0;
    enr_status_t status = enr_http_date_parse(text, number_word(input, 0), &seconds);
    if (status == ENR_OK) {
        printf("ok %" PRId64, seconds);
    } else {
        print_error(status);
    }
    free_span(text);
}

static void answer_retry_after(const case_t *input)
{
    enr_span_t text = decode_word(input, 1);
    uint32_t seconds = 0;
    enr_status_t status = enr_retry_after_parse(text, number_word(input, 0), &seconds);
    if (status == ENR_OK) {
        printf("ok %" PRIu32, seconds);
    } else {
        print_error(status);
    }
    free_span(text);
}

static void answer_url(const case_t *input)
{
    enr_span_t text = decode_word(input, 0);
    enr_span_t http = ENR_SPAN("http:");
    if (text.len >= http.len && enr_span_equal_ignore_case(enr_span_slice(text, 0, http.len), http)) {
        printf("skip"); /* the interface knows https only */
        free_span(text);
        return;
    }
    enr_url_t url;
    enr_status_t status = enr_url_parse(text, &url);
    if (status == ENR_OK) {
        printf("ok ");
        for (size_t i = 0; i < url.host.len; i++) {
            putchar(tolower(url.host.ptr[i]));
        }
        printf(" %u ", url.port);
        uint8_t *target = allocate(url.path_and_query.len + 1); /* of a request: never empty (RFC 9112 3.2.1) */
        size_t slash = url.path.len == 0 ? 1 : 0;
        target[0] = '/';
        if (url.path_and_query.len > 0) {
            memcpy(target + slash, url.path_and_query.ptr, url.path_and_query.len);
        }
        print_sha256((enr_span_t){target, url.path_and_query.len + slash});
        free(target);
    } else {
        print_error(status);
    }
    free_span(text);
}

const kind_t http_kinds[] = {
    {"http", 2, answer_http},
    {"httpdate", 2, answer_date},
    {"retry-after", 2, answer_retry_after},
    {"url", 1, answer_url},
    {NULL, 0, NULL},
};
