/* Runs each row whole, byte by byte, split at every point, short ones split at every pair of points, and cut off at
   every byte. Each piece sits in an allocation of its own length, so that a sanitizer sees every over-read. Last line:
   torture: rows=N splits=N differ=N passed=N failed=N */
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAIRS_MAX = 120,   /* rows up to this length are split at every pair of points */
    POINTS_MAX = 2048, /* longer rows are split at this many points at either end, and at every STRIDE-th between */
    STRIDE = 509
};

/* What came of one run. */
typedef struct {
    enr_status_t status;
    unsigned code;
    uint8_t *body; /* room for the whole row */
    size_t body_len;
    size_t unused;
    bool reusable;
    bool json;
    char retry_after[64];
    bool broken; /* the interface's own rules: see feed() and finish() */
} outcome_t;

static size_t splits;
static size_t differ;

static void *allocate(size_t len)
{
    void *memory = malloc(len > 0 ? len : 1);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static enr_span_t bytes_of(const row_t *row)
{
    size_t len = row->head.len + row->times * row->unit.len + row->tail.len;
    enr_buffer_t buffer = enr_buffer_over(allocate(len), len);
    enr_buffer_append(&buffer, row->head);
    for (size_t i = 0; i < row->times; i++) {
        enr_buffer_append(&buffer, row->unit);
    }
    enr_buffer_append(&buffer, row->tail);
    return enr_buffer_span(&buffer);
}

/* Feeds one piece from memory of its own length. */
static enr_status_t feed(enr_http_response_t *response, enr_span_t piece, outcome_t *outcome)
{
    uint8_t *exact = allocate(piece.len);
    memcpy(exact, piece.ptr, piece.len);
    enr_span_t in = {exact, piece.len};
    enr_status_t status = ENR_AGAIN;
    do {
        size_t used = 0;
        enr_span_t body = {NULL, 0};
        status = enr_http_response_feed(response, in, &used, &body);
        outcome->broken |= used > in.len || body.len > used || (status == ENR_AGAIN && used == 0 && in.len > 0);
        outcome->broken |= body.len > 0 && (body.ptr < in.ptr || body.ptr + body.len > in.ptr + used);
        outcome->broken |= status != ENR_OK && enr_http_response_reusable(response);
        if (outcome->broken) {
            break;
        }
        if (body.len > 0) {
            memcpy(outcome->body + outcome->body_len, body.ptr, body.len);
            outcome->body_len += body.len;
        }
        in = enr_span_slice(in, used, in.len);
    } while (status == ENR_AGAIN && in.len > 0);
    outcome->unused = in.len;
    free(exact);
    return status;
}

/* The verdict is final: more bytes and the close change nothing. */
static void finish(enr_http_response_t *response, outcome_t *outcome)
{
    size_t used = 1;
    enr_span_t body = {(const uint8_t *)"x", 1};
    outcome->broken |= enr_http_response_feed(response, ENR_SPAN("HTTP/1.1 200 "), &used, &body) != outcome->status;
    outcome->broken |= used != 0 || body.len != 0 || enr_http_response_end(response) != outcome->status;
    outcome->code = enr_http_response_code(response);
    outcome->reusable = enr_http_response_reusable(response);
    outcome->json = enr_http_response_is_json(response);
    enr_span_t retry_after = enr_http_response_retry_after(response);
    memcpy(outcome->retry_after, retry_after.ptr, retry_after.len);
    outcome->retry_after[retry_after.len] = 0;
}

/* Feeds the bytes up to each of the rising points and from the last to the end, then closes. */
static void run(const row_t *row, enr_span_t bytes, const size_t *points, size_t count, outcome_t *outcome)
{
    enr_http_response_t response;
    enr_http_response_start(&response, row->head_request);
    *outcome = (outcome_t){.status = ENR_AGAIN, .body = outcome->body};
    size_t at = 0;
    for (size_t i = 0; i <= count && outcome->status == ENR_AGAIN && !outcome->broken; i++) {
        size_t to = i < count ? points[i] : bytes.len;
        outcome->status = feed(&response, enr_span_slice(bytes, at, to), outcome);
        at = to;
    }
    outcome->unused += bytes.len - at;
    if (outcome->status == ENR_AGAIN) {
        outcome->status = enr_http_response_end(&response);
    }
    finish(&response, outcome);
}

static bool is_as_wanted(const row_t *row, const outcome_t *outcome)
{
    const char *body = row->body == NULL ? "" : row->body;
    bool good = !outcome->broken && outcome->status == row->status && outcome->code == row->code &&
                outcome->body_len == strlen(body) && memcmp(outcome->body, body, outcome->body_len) == 0 &&
                outcome->reusable == row->reusable;
    if (row->status != ENR_OK) {
        return good;
    }
    const char *retry_after = row->retry_after == NULL ? "" : row->retry_after;
    return good && outcome->unused == row->unused && outcome->json == row->json &&
           strcmp(outcome->retry_after, retry_after) == 0;
}

static void print(const row_t *row, const outcome_t *outcome, const char *how, size_t first, size_t second)
{
    printf("FAIL %s\n     %s %zu %zu: %s code=%u body=%zu unused=%zu reusable=%d json=%d retry_after=\"%s\"%s\n",
           row->rule, how, first, second, enr_status_name(outcome->status), outcome->code, outcome->body_len,
           outcome->unused, outcome->reusable, outcome->json, outcome->retry_after,
           outcome->broken ? " interface broken" : "");
}

static bool split_at(const row_t *row, enr_span_t bytes, size_t first, size_t second, outcome_t *outcome)
{
    size_t points[] = {first, second};
    run(row, bytes, points, 2, outcome);
    splits++;
    if (is_as_wanted(row, outcome)) {
        return true;
    }
    differ++;
    return false;
}

static bool try_splits(const row_t *row, enr_span_t bytes, outcome_t *outcome)
{
    for (size_t first = 0; first <= bytes.len; first++) {
        bool at_end = first < POINTS_MAX || bytes.len - first < POINTS_MAX;
        size_t last = bytes.len <= PAIRS_MAX ? bytes.len : first;
        for (size_t second = first; second <= last && (at_end || first % STRIDE == 0); second++) {
            if (!split_at(row, bytes, first, second, outcome)) {
                print(row, outcome, "split at", first, second);
                return false;
            }
        }
    }
    return true;
}

static bool try_bytes(const row_t *row, enr_span_t bytes, outcome_t *outcome)
{
    size_t *points = allocate(bytes.len * sizeof *points);
    for (size_t i = 0; i < bytes.len; i++) {
        points[i] = i;
    }
    run(row, bytes, points, bytes.len, outcome);
    free(points);
    splits++;
    if (is_as_wanted(row, outcome)) {
        return true;
    }
    differ++;
    print(row, outcome, "byte by byte", 0, 0);
    return false;
}

/* RFC 9112 8: what is cut off before its end is no response. Of a complete one, only what is behind it may be cut; of
   one that the close delimits, only its body. */
static bool try_truncated(const row_t *row, enr_span_t bytes, outcome_t *outcome)
{
    size_t body_len = row->body == NULL ? 0 : strlen(row->body);
    size_t whole = bytes.len - row->unused - (row->to_close ? body_len : 0);
    for (size_t len = 0; len < bytes.len; len++) {
        if (len >= POINTS_MAX && bytes.len - len >= POINTS_MAX && len % STRIDE != 0) {
            continue;
        }
        run(row, enr_span_slice(bytes, 0, len), NULL, 0, outcome);
        bool complete = row->status == ENR_OK && len >= whole;
        bool good = outcome->broken ? false : complete ? outcome->status == ENR_OK : outcome->status < 0;
        good = good && (len > 0 || outcome->status == ENR_E_CLOSED) && (len == 0 || outcome->status != ENR_E_CLOSED);
        good = good && (row->status != ENR_OK || complete || len == 0 || outcome->status == ENR_E_TRUNCATED);
        if (!good) {
            print(row, outcome, "cut off at", len, 0);
            return false;
        }
    }
    return true;
}

static bool try_row(const row_t *row)
{
    enr_span_t bytes = bytes_of(row);
    outcome_t outcome = {.body = allocate(bytes.len)};
    run(row, bytes, NULL, 0, &outcome);
    bool good = is_as_wanted(row, &outcome);
    if (!good) {
        print(row, &outcome, "whole", 0, 0);
    }
    good = good && try_bytes(row, bytes, &outcome) && try_splits(row, bytes, &outcome) &&
           try_truncated(row, bytes, &outcome);
    free(outcome.body);
    free((void *)(uintptr_t)bytes.ptr);
    return good;
}

int main(void)
{
    size_t failed = 0;
    for (size_t i = 0; i < http_response_row_count; i++) {
        failed += !try_row(&http_response_rows[i]);
    }
    printf("torture: rows=%zu splits=%zu differ=%zu passed=%zu failed=%zu\n", http_response_row_count, splits, differ,
           http_response_row_count - failed, failed);
    return failed > 0 || http_response_row_count == 0;
}
