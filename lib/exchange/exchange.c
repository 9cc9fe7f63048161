#include "enrich/exchange.h"

#include <assert.h>

/* One exchange: IDLE -start-> STARTING -> OPENING -> GATE -commit-> CHECKING -> SENDING -> RECEIVING -> IDLE. A safe
   request goes from OPENING straight to CHECKING. Every failure leads to IDLE with the connection closed. */
enum { IDLE, STARTING, OPENING, GATE, CHECKING, SENDING, RECEIVING };

static uint32_t elapsed(uint32_t now_ms, uint32_t since_ms)
{
    return now_ms - since_ms; /* right across the wrap at 2^32 (behaviours 25) */
}

void enr_exchange_init(enr_exchange_t *exchange, enr_stream_t stream, const enr_timeouts_t *timeouts)
{
    assert(stream.open != NULL && stream.read != NULL && stream.write != NULL && stream.close != NULL);
    *exchange = (enr_exchange_t){
        .stream = stream,
        .timeouts = timeouts == NULL ? ENR_TIMEOUTS_DEFAULT : *timeouts,
        .state = IDLE,
    };
}

static void close_connection(enr_exchange_t *exchange)
{
    if (exchange->open) {
        exchange->stream.close(exchange->stream.ctx);
        exchange->open = false;
    }
    exchange->reused = false;
}

static void enter_phase(enr_exchange_t *exchange, enr_phase_t phase, uint32_t now_ms)
{
    if (exchange->phase != phase) {
        exchange->phase = phase;
        exchange->phase_ms = now_ms;
    }
}

static uint32_t cap_of(const enr_timeouts_t *timeouts, enr_phase_t phase)
{
    switch (phase) {
    case ENR_PHASE_DNS:
        return timeouts->dns_ms;
    case ENR_PHASE_CONNECT:
        return timeouts->connect_ms;
    case ENR_PHASE_HANDSHAKE:
        return timeouts->handshake_ms;
    case ENR_PHASE_SEND:
        return timeouts->send_ms;
    case ENR_PHASE_ANSWER:
        return timeouts->answer_ms;
    default:
        return timeouts->body_ms;
    }
}

static enr_status_t timeout_of(enr_phase_t phase)
{
    switch (phase) {
    case ENR_PHASE_DNS:
        return ENR_E_TIMEOUT_DNS;
    case ENR_PHASE_CONNECT:
        return ENR_E_TIMEOUT_CONNECT;
    case ENR_PHASE_HANDSHAKE:
        return ENR_E_TIMEOUT_HANDSHAKE;
    case ENR_PHASE_SEND:
        return ENR_E_TIMEOUT_SEND;
    case ENR_PHASE_ANSWER:
        return ENR_E_TIMEOUT_ANSWER;
    default:
        return ENR_E_TIMEOUT_BODY;
    }
}

/* The zero-wait read: does the connection still stand, with nothing unread on it? (DESIGN 6, behaviours 8) ENR_AGAIN is
 * the good answer. */
static enr_status_t look(enr_exchange_t *exchange)
{
    size_t len = 0;
    enr_wait_t wait = {0};
    enr_status_t status = exchange->stream.read(exchange->stream.ctx, exchange->received, 1, &len, &wait);
    if (status == ENR_OK) {
        return ENR_E_HTTP; /* bytes that answer nothing */
    }
    return status == ENR_END ? ENR_E_CLOSED : status;
}

static bool may_reuse(enr_exchange_t *exchange, uint32_t now_ms)
{
    uint32_t limit = exchange->outgoing.safe ? ENR_REUSE_SAFE_MS : ENR_REUSE_POST_MS;
    return exchange->open && exchange->open_port == exchange->outgoing.port &&
           enr_span_equal_ignore_case(exchange->open_host, exchange->outgoing.host) &&
           elapsed(now_ms, exchange->stands_ms) < limit && look(exchange) == ENR_AGAIN;
}

static void begin_opening(enr_exchange_t *exchange, uint32_t now_ms)
{
    close_connection(exchange);
    exchange->open_host = exchange->outgoing.host;
    exchange->open_port = exchange->outgoing.port;
    exchange->phase = ENR_PHASE_DNS;
    exchange->phase_ms = now_ms;
    exchange->state = OPENING;
}

static void pass_to_gate(enr_exchange_t *exchange)
{
    exchange->state = exchange->outgoing.safe ? CHECKING : GATE;
}

void enr_exchange_start(enr_exchange_t *exchange, const enr_outgoing_t *outgoing, enr_buffer_t *body, uint32_t now_ms)
{
    assert(exchange->state == IDLE);
    assert(outgoing->message.len > 0 && body != NULL);
    exchange->outgoing = *outgoing;
    exchange->body = body;
    exchange->sent = 0;
    exchange->verdict = ENR_SURELY_NOT_ACCEPTED;
    exchange->started_ms = now_ms;
    exchange->state = STARTING;
}

static void step_starting(enr_exchange_t *exchange, uint32_t now_ms)
{
    enr_http_response_start(&exchange->response, false);
    if (may_reuse(exchange, now_ms)) {
        exchange->reused = true;
        pass_to_gate(exchange);
    } else {
        begin_opening(exchange, now_ms);
    }
}

static enr_status_t fail(enr_exchange_t *exchange, enr_status_t status)
{
    close_connection(exchange);
    exchange->state = IDLE;
    return status;
}

/* A failure that may only mean that a reused connection was dying: a safe request then tries once more on a fresh one.
 */
static enr_status_t fail_or_reopen(enr_exchange_t *exchange, enr_status_t status, uint32_t now_ms)
{
    bool lost =
        status == ENR_E_RESET || status == ENR_E_CLOSED || status == ENR_E_TLS_TRUNCATED || status == ENR_E_NETWORK;
    if (!exchange->outgoing.safe || !exchange->reused || exchange->phase == ENR_PHASE_BODY || !lost) {
        return fail(exchange, status);
    }
    exchange->sent = 0;
    enr_http_response_start(&exchange->response, false);
    begin_opening(exchange, now_ms);
    return ENR_OK;
}

static enr_status_t step_opening(enr_exchange_t *exchange, uint32_t now_ms, enr_wait_t *out_wait)
{
    enr_phase_t phase = exchange->phase;
    exchange->open = true; /* from now on there is something to close */
    enr_status_t status =
        exchange->stream.open(exchange->stream.ctx, exchange->open_host, exchange->open_port, now_ms, &phase, out_wait);
    if (status == ENR_AGAIN) {
        enter_phase(exchange, phase, now_ms);
        return ENR_AGAIN;
    }
    if (status != ENR_OK) {
        return fail(exchange, status);
    }
    exchange->stands_ms = now_ms;
    pass_to_gate(exchange);
    return ENR_OK;
}

static enr_status_t step_checking(enr_exchange_t *exchange, uint32_t now_ms)
{
    if (elapsed(now_ms, exchange->started_ms) >= exchange->timeouts.total_ms) {
        return fail(exchange, ENR_E_TIMEOUT_TOTAL); /* committed too late: sending now would only make an unknown */
    }
    if (!exchange->outgoing.safe && elapsed(now_ms, exchange->stands_ms) >= ENR_REUSE_POST_MS) {
        return fail(exchange, ENR_E_CLOSED); /* it stood at the gate for too long to be trusted */
    }
    exchange->phase = ENR_PHASE_SEND;
    exchange->phase_ms = now_ms;
    exchange->state = SENDING;
    enr_status_t status = look(exchange);
    return status == ENR_AGAIN ? ENR_OK : fail_or_reopen(exchange, status, now_ms);
}

static enr_status_t step_sending(enr_exchange_t *exchange, uint32_t now_ms, enr_wait_t *out_wait)
{
    /* Set before the first write and whatever it says: TLS may have put out a part of a record that it still calls
     * unsent. */
    exchange->verdict = ENR_MAY_HAVE_BEEN_ACCEPTED;
    size_t sent = 0;
    enr_span_t message = exchange->outgoing.message;
    enr_status_t status = exchange->stream.write(exchange->stream.ctx,
                                                 enr_span_slice(message, exchange->sent, message.len), &sent, out_wait);
    if (status == ENR_AGAIN) {
        return ENR_AGAIN;
    }
    if (status != ENR_OK) {
        return fail_or_reopen(exchange, status, now_ms);
    }
    assert(sent >= 1 && sent <= message.len - exchange->sent);
    exchange->sent += sent;
    if (exchange->sent == message.len) {
        enter_phase(exchange, ENR_PHASE_ANSWER, now_ms);
        exchange->state = RECEIVING;
    }
    return ENR_OK;
}

/* Gives bytes to the parser and their body part to the body. ENR_OK: the response is complete and *out_rest bytes were
 * left over. */
static enr_status_t digest(enr_exchange_t *exchange, enr_span_t in, size_t *out_rest)
{
    enr_status_t status = ENR_AGAIN;
    while (status == ENR_AGAIN && in.len > 0) {
        size_t used = 0;
        enr_span_t body = {0};
        status = enr_http_response_feed(&exchange->response, in, &used, &body);
        in = enr_span_slice(in, used, in.len);
        enr_buffer_append(exchange->body, body);
    }
    *out_rest = in.len;
    return exchange->body->full && status >= 0 ? ENR_E_HTTP_LIMIT : status;
}

static enr_status_t finish(enr_exchange_t *exchange, bool clean, uint32_t now_ms)
{
    if (clean && enr_http_response_reusable(&exchange->response)) {
        exchange->stands_ms = now_ms;
    } else {
        close_connection(exchange);
    }
    exchange->state = IDLE;
    return ENR_OK;
}

static enr_status_t step_receiving(enr_exchange_t *exchange, uint32_t now_ms, enr_wait_t *out_wait, bool *out_finished)
{
    size_t len = 0;
    enr_status_t status =
        exchange->stream.read(exchange->stream.ctx, exchange->received, sizeof exchange->received, &len, out_wait);
    if (status == ENR_AGAIN) {
        return ENR_AGAIN;
    }
    if (status == ENR_END) {
        status = enr_http_response_end(&exchange->response);
        if (status != ENR_OK) {
            return fail_or_reopen(exchange, status, now_ms);
        }
        *out_finished = true;
        return finish(exchange, false, now_ms);
    }
    if (status != ENR_OK) {
        return fail_or_reopen(exchange, status, now_ms);
    }
    assert(len >= 1 && len <= sizeof exchange->received);
    enter_phase(exchange, ENR_PHASE_BODY, now_ms);
    size_t rest = 0;
    status = digest(exchange, (enr_span_t){exchange->received, len}, &rest);
    enr_wipe(exchange->received, len); /* behaviours 22 */
    if (status < 0) {
        return fail(exchange, status);
    }
    if (status == ENR_OK) {
        *out_finished = true;
        return finish(exchange, rest == 0, now_ms);
    }
    return ENR_OK;
}

/* The time by which this state must have ended, and the status when it has not. */
static enr_status_t check_deadline(const enr_exchange_t *exchange, uint32_t now_ms, uint32_t *out_left_ms)
{
    uint32_t total = elapsed(now_ms, exchange->started_ms);
    if (total >= exchange->timeouts.total_ms) {
        return ENR_E_TIMEOUT_TOTAL;
    }
    *out_left_ms = exchange->timeouts.total_ms - total;
    if (exchange->state == GATE) {
        return ENR_OK;
    }
    uint32_t cap = cap_of(&exchange->timeouts, exchange->phase);
    uint32_t spent = elapsed(now_ms, exchange->phase_ms);
    if (spent >= cap) {
        return timeout_of(exchange->phase);
    }
    if (cap - spent < *out_left_ms) {
        *out_left_ms = cap - spent;
    }
    return ENR_OK;
}

enr_status_t enr_exchange_step(enr_exchange_t *exchange, uint32_t now_ms, enr_wait_t *out_wait)
{
    assert(exchange->state != IDLE);
    enr_status_t status = ENR_OK;
    bool finished = false;
    *out_wait = (enr_wait_t){0};
    while (status == ENR_OK && !finished) {
        *out_wait = (enr_wait_t){0};
        switch (exchange->state) {
        case STARTING:
            step_starting(exchange, now_ms);
            break;
        case OPENING:
            status = step_opening(exchange, now_ms, out_wait);
            break;
        case GATE:
            status = ENR_READY;
            break;
        case CHECKING:
            status = step_checking(exchange, now_ms);
            break;
        case SENDING:
            status = step_sending(exchange, now_ms, out_wait);
            break;
        default:
            status = step_receiving(exchange, now_ms, out_wait, &finished);
            break;
        }
    }
    if (status == ENR_AGAIN || status == ENR_READY) {
        uint32_t left_ms = 0;
        enr_status_t late = check_deadline(exchange, now_ms, &left_ms);
        if (late != ENR_OK) {
            return fail(exchange, late);
        }
        enr_wait_until(out_wait, now_ms + left_ms);
    }
    return status;
}

void enr_exchange_commit(enr_exchange_t *exchange)
{
    assert(exchange->state == GATE);
    exchange->state = CHECKING;
}

enr_verdict_t enr_exchange_verdict(const enr_exchange_t *exchange)
{
    return exchange->verdict;
}

void enr_exchange_close(enr_exchange_t *exchange)
{
    close_connection(exchange);
    exchange->state = IDLE;
}
