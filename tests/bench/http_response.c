/* bench_http_response CASE N: receives one of three sample answers N times, for counting instructions:
       valgrind --tool=callgrind --callgrind-out-file=/dev/null bench_http_response a 1000
   at two N, differenced. What is delivered each time, and checked once: status, reusable or not, Retry-After in seconds
   or none, the body in one piece. CASE: a (202, Content-Length), b (200, chunked), c (422, Content-Length); a digit
   behind it gives the bytes in pieces of 2^digit. */
#include "enrich/http_response.h"
#include "enrich/http_date.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_420                                                                                                       \
    "{\"id\":\"5f0c1c9e-7c1e-4d8b-9f5e-2b8f6f3c9a11\",\"status\":\"finished\",\"credits_left\":1482,\"contact\":{"     \
    "\"first_name\":\"\xc3\x85sa\",\"last_name\":\"Lindqvist\",\"title\":\"Head of \\\"Marine\\\" Sourcing\","         \
    "\"email\":\"asa.lindqvist@nordvik.example\",\"email_valid\":true,\"phone\":\"+46 31 555 01 42\",\"score\":0.93}," \
    "\"company\":{\"name\":\"Nordvik Marine AB\",\"domain\":\"nordvik.example\",\"size\":240},"                        \
    "\"sources\":[\"web\",\"registry\"],\"x\":\"zzzzzzzzzzzzzzzzzzzzzzzzzzzzz\"}"
#define DATE "Date: Mon, 23 Nov 2026 09:15:00 GMT\r\n"
#define TYPE "Content-Type: application/json; charset=utf-8\r\n"
#define KEEP "Connection: keep-alive\r\nServer: cloudflare\r\n"
#define REQUEST_ID "X-Request-Id: 0d9c3a52-6f3e-4c1b-8d77-5b6f0a1e2c34\r\n"
#define RAY "CF-RAY: 8f1c2d3e4a5b6c7d-ARN\r\n"

/* The heads are 405, 459 and 314 bytes. */
static const char HEAD_A[] =
    "HTTP/1.1 202 Accepted\r\n" DATE TYPE "Content-Length: 200\r\n" KEEP
    "Location: /v1/enrichments/5f0c1c9e-7c1e-4d8b-9f5e-2b8\r\nRetry-After: 20\r\n"
    "Cache-Control: no-store\r\nVary: Accept, Accept-Encoding\r\n" REQUEST_ID "X-Runtime: 0.041233\r\n" RAY "\r\n";
static const char HEAD_B[] = "HTTP/1.1 200 OK\r\n" DATE TYPE "Transfer-Encoding: chunked\r\n" KEEP
                             "Cache-Control: max-age=0\r\nVary: Accept, Accept-Encoding\r\n" REQUEST_ID
                             "X-Runtime: 0.041233\r\n" RAY "ETag: W/\"0123456789abcdef0123456789abcdef\"\r\n"
                             "Strict-Transport-Security: max-age=63072000; preload\r\nCF-Cache-Status: DYNAMIC\r\n\r\n";
static const char HEAD_C[] = "HTTP/1.1 422 Unprocessable Entity\r\n" DATE TYPE "Content-Length: 194\r\n" KEEP
                             "Cache-Control: no-store\r\n" REQUEST_ID "X-Runtime: 0.041233\r\n" RAY "\r\n";

typedef struct {
    unsigned code;
    bool reusable;
    bool has_retry_after;
    uint32_t retry_after_s;
    size_t body_len;
    uint8_t body[512];
} answer_t;

static bool receive(enr_span_t message, size_t piece, answer_t *answer)
{
    enr_http_response_t response;
    enr_http_response_start(&response, false);
    enr_status_t status = ENR_AGAIN;
    answer->body_len = 0;
    for (size_t at = 0; status == ENR_AGAIN && at < message.len;) {
        enr_span_t in = {message.ptr + at, message.len - at < piece ? message.len - at : piece};
        size_t used = 0;
        enr_span_t body = {NULL, 0};
        status = enr_http_response_feed(&response, in, &used, &body);
        memcpy(answer->body + answer->body_len, body.len > 0 ? body.ptr : message.ptr, body.len);
        answer->body_len += body.len;
        at += used;
    }
    enr_span_t retry_after = enr_http_response_retry_after(&response);
    answer->has_retry_after =
        retry_after.len > 0 && enr_retry_after_parse(retry_after, 0, &answer->retry_after_s) == ENR_OK;
    answer->code = enr_http_response_code(&response);
    answer->reusable = enr_http_response_reusable(&response);
    return status == ENR_OK;
}

static size_t put(char *message, size_t at, const char *text, size_t len)
{
    memcpy(message + at, text, len);
    return at + len;
}

/* The sample's bytes; its length, or 0 for an unknown name. */
static size_t compose(char name, char *message)
{
    const char body[] = BODY_420;
    size_t len = 0;
    switch (name) {
    case 'a':
        len = put(message, 0, HEAD_A, sizeof HEAD_A - 1);
        return put(message, len, body, 200);
    case 'b':
        len = put(message, 0, HEAD_B, sizeof HEAD_B - 1);
        len = put(message, len, "100\r\n", 5);
        len = put(message, len, body, 256);
        len = put(message, len, "\r\na4\r\n", 6);
        len = put(message, len, body + 256, 164);
        return put(message, len, "\r\n0\r\n\r\n", 7);
    case 'c':
        len = put(message, 0, HEAD_C, sizeof HEAD_C - 1);
        return put(message, len, body, 194);
    default:
        return 0;
    }
}

static bool check(char name, const answer_t *answer)
{
    const unsigned codes[] = {202, 200, 422};
    const size_t lens[] = {200, 420, 194};
    const char body[] = BODY_420;
    int i = name - 'a';
    return answer->code == codes[i] && answer->reusable && answer->body_len == lens[i] &&
           memcmp(answer->body, body, lens[i]) == 0 && answer->has_retry_after == (name == 'a') &&
           (name != 'a' || answer->retry_after_s == 20);
}

int main(int argc, char **argv)
{
    _Static_assert(sizeof BODY_420 - 1 == 420, "sample (b)");
    _Static_assert(sizeof HEAD_A - 1 == 405 && sizeof HEAD_B - 1 == 459 && sizeof HEAD_C - 1 == 314,
                   "the samples' heads");
    char message[1024];
    size_t len = argc == 3 ? compose(argv[1][0], message) : 0;
    if (len == 0) {
        fprintf(stderr, "usage: bench_http_response a|b|c[DIGIT] N\n");
        return 2;
    }
    size_t piece = argv[1][1] == 0 ? sizeof message : (size_t)1 << (argv[1][1] - '0');
    enr_span_t in = {(const uint8_t *)message, len};
    answer_t answer = {0};
    if (!receive(in, piece, &answer) || !check(argv[1][0], &answer)) {
        fprintf(stderr, "wrong answer\n");
        return 1;
    }
    for (long n = strtol(argv[2], NULL, 10); n > 0; n--) {
        (void)receive(in, piece, &answer);
    }
    return 0;
}
