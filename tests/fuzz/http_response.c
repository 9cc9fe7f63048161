/* One response: a choice of request and of a cut (2 bytes), then all that the server sends before it closes. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "enrich/http_response.h"

/* What came of one run. */
typedef struct {
    enr_status_t status; /* after all bytes and, if they do not complete the response, after the close */
    bool framed;         /* complete by its own framing, before the close */
    unsigned code;
    size_t used;
    bool reusable;
    bool json;
    enr_buffer_t body;
    enr_buffer_t retry_after;
    uint8_t before; /* the last byte that was no body */
} outcome_t;

/* behaviours 5: whatever is no body comes in lines that end in CR LF, without a NUL. */
static void check_framing(outcome_t *outcome, enr_span_t bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        MUST(bytes.ptr[i] != 0);
        MUST((outcome->before == '\r') == (bytes.ptr[i] == '\n'));
        outcome->before = bytes.ptr[i];
    }
}

static void take(outcome_t *outcome, enr_span_t used, enr_span_t body)
{
    MUST(fuzz_lies_in(body, used));
    size_t at = body.len > 0 ? (size_t)(body.ptr - used.ptr) : used.len;
    check_framing(outcome, enr_span_slice(used, 0, at));
    MUST(body.len == 0 || outcome->before == '\n');
    check_framing(outcome, enr_span_slice(used, at + body.len, used.len));
    enr_buffer_append(&outcome->body, body);
    outcome->used += used.len;
}

static enr_status_t feed(enr_http_response_t *response, enr_span_t piece, outcome_t *outcome)
{
    enr_span_t exact = fuzz_copy(piece);
    enr_span_t in = exact;
    enr_status_t status = ENR_AGAIN;
    do {
        size_t used = 0;
        enr_span_t body = {NULL, 0};
        status = enr_http_response_feed(response, in, &used, &body);
        MUST(used <= in.len);
        MUST(status != ENR_AGAIN || used > 0 || in.len == 0);
        if (status >= 0) {
            take(outcome, enr_span_slice(in, 0, used), body);
        } else {
            MUST(fuzz_lies_in(body, in));
            enr_buffer_append(&outcome->body, body);
        }
        in = enr_span_slice(in, used, in.len);
    } while (status == ENR_AGAIN && in.len > 0);
    fuzz_free(exact);
    return status;
}

/* A verdict is final, and what is said of the response fits it. */
static void finish(enr_http_response_t *response, outcome_t *outcome)
{
    size_t used = 1;
    enr_span_t body = ENR_SPAN("x");
    MUST(enr_http_response_feed(response, ENR_SPAN("HTTP/1.1 200 "), &used, &body) == outcome->status);
    MUST(used == 0 && body.len == 0);
    MUST(enr_http_response_end(response) == outcome->status);
    outcome->code = enr_http_response_code(response);
    outcome->reusable = enr_http_response_reusable(response);
    outcome->json = enr_http_response_is_json(response);
    enr_span_t retry_after = enr_http_response_retry_after(response);
    enr_buffer_append(&outcome->retry_after, retry_after);
    MUST(outcome->code == 0 || (outcome->code >= 200 && outcome->code <= 599));
    MUST(outcome->code != 0 || outcome->status != ENR_OK);
    MUST(outcome->framed || !outcome->reusable);
    MUST(enr_span_trim(retry_after).len == retry_after.len && !outcome->retry_after.full);
}

/* Feeds a first piece, then pieces of `step` bytes, then the close. */
static outcome_t run(enr_span_t bytes, bool head_request, size_t first, size_t step)
{
    outcome_t outcome = {
        .status = ENR_AGAIN,
        .body = enr_buffer_over(fuzz_allocate(bytes.len), bytes.len),
        .retry_after = enr_buffer_over(fuzz_allocate(33), 33),
    };
    enr_http_response_t response;
    enr_http_response_start(&response, head_request);
    size_t at = 0;
    for (size_t to = first; outcome.status == ENR_AGAIN && at < bytes.len; to = at + step) {
        to = to < bytes.len ? to : bytes.len;
        outcome.status = feed(&response, enr_span_slice(bytes, at, to), &outcome);
        at = to;
    }
    outcome.framed = outcome.status == ENR_OK;
    if (outcome.status == ENR_AGAIN) {
        outcome.status = enr_http_response_end(&response);
    }
    MUST(!outcome.body.full);
    finish(&response, &outcome);
    return outcome;
}

static void drop(outcome_t *outcome)
{
    free(outcome->body.ptr);
    free(outcome->retry_after.ptr);
}

/* behaviours 5: the verdict does not depend on the cuts. */
static void check_same(const outcome_t *whole, outcome_t cut)
{
    MUST(cut.status == whole->status && cut.framed == whole->framed && cut.code == whole->code);
    MUST(cut.used == whole->used || whole->status < 0);
    MUST(cut.reusable == whole->reusable && cut.json == whole->json);
    MUST(enr_span_equal(enr_buffer_span(&cut.body), enr_buffer_span(&whole->body)));
    MUST(enr_span_equal(enr_buffer_span(&cut.retry_after), enr_buffer_span(&whole->retry_after)));
    drop(&cut);
}

/* RFC 9112 8: what the close cuts off inside is no response. */
static void check_truncated(const outcome_t *whole, outcome_t start, size_t len)
{
    if (start.framed || (start.status < 0 && start.status != ENR_E_CLOSED && start.status != ENR_E_TRUNCATED)) {
        MUST(start.status == whole->status);
    } else if (start.status == ENR_OK) {
        MUST(whole->status == ENR_OK && !whole->framed); /* the close delimits it */
    } else {
        MUST(start.status == (len == 0 ? ENR_E_CLOSED : ENR_E_TRUNCATED));
    }
    MUST(start.body.len <= whole->body.len && memcmp(start.body.ptr, whole->body.ptr, start.body.len) == 0);
    drop(&start);
}

/* --- a second, simple reader of what was accepted: it has all of it, and need refuse nothing --- */

typedef struct {
    unsigned code;
    unsigned lengths, codings, types;
    enr_span_t length, type;
    bool closes;
} head_t;

static enr_span_t next_line(enr_span_t *rest)
{
    size_t end = 0;
    while (end + 1 < rest->len && (rest->ptr[end] != '\r' || rest->ptr[end + 1] != '\n')) {
        end++;
    }
    MUST(end + 1 < rest->len);
    enr_span_t line = enr_span_slice(*rest, 0, end);
    *rest = enr_span_slice(*rest, end + 2, rest->len);
    return line;
}

static size_t number(enr_span_t digits, int base)
{
    char text[24] = "";
    MUST(digits.len > 0);
    while (digits.len > 1 && digits.ptr[0] == '0') {
        digits = enr_span_slice(digits, 1, digits.len);
    }
    MUST(digits.len < sizeof text);
    memcpy(text, digits.ptr, digits.len);
    return (size_t)strtoull(text, NULL, base);
}

static bool is(enr_span_t text, const char *word)
{
    return enr_span_equal_ignore_case(text, enr_span_from_str(word));
}

static void read_field(head_t *head, enr_span_t line)
{
    const uint8_t *colon = memchr(line.ptr, ':', line.len);
    MUST(colon != NULL && colon > line.ptr);
    enr_span_t name = enr_span_slice(line, 0, (size_t)(colon - line.ptr));
    enr_span_t value = enr_span_trim(enr_span_slice(line, name.len + 1, line.len));
    if (is(name, "content-length")) {
        head->lengths++;
        head->length = value;
    } else if (is(name, "transfer-encoding")) {
        head->codings++;
        MUST(is(value, "chunked"));
    } else if (is(name, "content-type")) {
        head->types++;
        head->type = value;
    } else if (is(name, "connection")) {
        head->closes = head->closes || is(value, "close");
    }
}

/* The head of the final response; `rest` goes on behind it. */
static head_t read_head(enr_span_t *rest)
{
    head_t head = {.code = 0};
    while (head.code < 200) {
        head = (head_t){.closes = head.closes};
        enr_span_t line = next_line(rest);
        MUST(line.len >= 12 && memcmp(line.ptr, "HTTP/1.", 7) == 0);
        head.code = (unsigned)number(enr_span_slice(line, 9, 12), 10);
        head.closes = head.closes || line.ptr[7] == '0';
        for (line = next_line(rest); line.len > 0; line = next_line(rest)) {
            read_field(&head, line);
        }
    }
    return head;
}

/* RFC 9112 7.1 */
static void check_chunks(enr_span_t rest, enr_span_t body)
{
    size_t size = 1;
    while (size > 0) {
        enr_span_t line = next_line(&rest);
        size_t digits = 0;
        while (digits < line.len && memchr("0123456789abcdefABCDEF", line.ptr[digits], 22) != NULL) {
            digits++;
        }
        size = number(enr_span_slice(line, 0, digits), 16);
        MUST(size <= rest.len && size <= body.len);
        MUST(enr_span_equal(enr_span_slice(rest, 0, size), enr_span_slice(body, 0, size)));
        rest = enr_span_slice(rest, size, rest.len);
        body = enr_span_slice(body, size, body.len);
        MUST(size == 0 || next_line(&rest).len == 0);
    }
    while (next_line(&rest).len > 0) {
    }
    MUST(rest.len == 0 && body.len == 0);
}

/* RFC 9112 6.3, behaviours 1 to 4: where the body of an accepted response is, and when its connection goes on. */
static void check_accepted(enr_span_t bytes, bool head_request, const outcome_t *outcome)
{
    enr_span_t rest = enr_span_slice(bytes, 0, outcome->used);
    enr_span_t body = enr_buffer_span(&outcome->body);
    head_t head = read_head(&rest);
    MUST(head.code == outcome->code && head.lengths + head.codings <= 1);
    MUST(!outcome->json || (head.types > 0 && !is(head.type, "text/html")));
    MUST(outcome->json || head.types != 1 || !is(head.type, "application/json"));
    MUST(!outcome->reusable || !head.closes);
    if (head_request || head.code == 204 || head.code == 304) {
        MUST(body.len == 0 && rest.len == 0);
    } else if (head.codings > 0) {
        check_chunks(rest, body);
    } else {
        MUST(enr_span_equal(body, rest) && outcome->framed == (head.lengths > 0));
        MUST(head.lengths == 0 || number(head.length, 10) == body.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enr_span_t bytes = {data, size};
    uint8_t choice = fuzz_choice(&bytes);
    bool head_request = (choice & 1) != 0;
    size_t cut = ((size_t)(choice >> 1) << 8 | fuzz_choice(&bytes)) % (bytes.len + 1);
    outcome_t whole = run(bytes, head_request, bytes.len, bytes.len);
    if (whole.status == ENR_OK) {
        check_accepted(bytes, head_request, &whole);
    }
    check_same(&whole, run(bytes, head_request, 1, 1));
    check_same(&whole, run(bytes, head_request, cut, bytes.len));
    check_truncated(&whole, run(enr_span_slice(bytes, 0, cut), head_request, cut, cut), cut);
    drop(&whole);
    return 0;
}
