/* exchange over a scripted stream: the gate, the verdict at every cut point, time-outs, reuse. */
#include "enrich/exchange.h"
#include "enrich_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REQUEST "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"
#define ANSWER_BODY "{\"id\":\"a\"}"
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n" ANSWER_BODY
#define LEN(text) (sizeof(text) - 1)

typedef struct {
    enr_script_t script;
    enr_exchange_t exchange;
    uint8_t sent[4096];
    uint8_t body_memory[256];
    enr_buffer_t body;
} rig_t;

static void rig_start_at(rig_t *rig, const enr_script_connection_t *connections, size_t count,
                         const enr_timeouts_t *timeouts, uint32_t start_ms)
{
    memset(rig, 0, sizeof *rig);
    enr_script_start(&rig->script, &(enr_script_config_t){.connections = connections,
                                                          .connection_count = count,
                                                          .start_ms = start_ms,
                                                          .sent = rig->sent,
                                                          .sent_capacity = sizeof rig->sent});
    rig->body = enr_buffer_over(rig->body_memory, sizeof rig->body_memory);
    enr_exchange_init(&rig->exchange, enr_script_stream(&rig->script), timeouts);
}

static void rig_start(rig_t *rig, const enr_script_connection_t *connections, size_t count)
{
    rig_start_at(rig, connections, count, NULL, 1000);
}

/* host may end in ":8443". */
static void begin(rig_t *rig, bool safe, const char *host)
{
    rig->body.len = 0;
    const char *colon = strchr(host, ':');
    enr_span_t name = {(const uint8_t *)host, colon == NULL ? strlen(host) : (size_t)(colon - host)};
    enr_exchange_start(
        &rig->exchange,
        &(enr_outgoing_t){.host = name, .port = colon == NULL ? 443 : 8443, .message = ENR_SPAN(REQUEST), .safe = safe},
        &rig->body, rig->script.now_ms);
}

/* Steps until something other than ENR_AGAIN comes, moving the clock as a main loop would. */
static enr_status_t run(rig_t *rig)
{
    for (int i = 0; i < 100000; i++) {
        enr_wait_t wait;
        enr_status_t status = enr_exchange_step(&rig->exchange, rig->script.now_ms, &wait);
        if (status != ENR_AGAIN) {
            return status;
        }
        assert_true(wait.has_time); /* a deadline always bounds the wait */
        assert_true(enr_script_wait(&rig->script, &wait));
    }
    fail_msg("the exchange does not end");
    return ENR_AGAIN;
}

/* A whole POST: to the gate, commit, to the end. */
static enr_status_t post(rig_t *rig)
{
    begin(rig, false, "host.example");
    enr_status_t status = run(rig);
    if (status != ENR_READY) {
        return status;
    }
    assert_int_equal(enr_exchange_verdict(&rig->exchange), ENR_SURELY_NOT_ACCEPTED);
    enr_exchange_commit(&rig->exchange);
    return run(rig);
}

static enr_status_t get(rig_t *rig, const char *host)
{
    begin(rig, true, host);
    return run(rig);
}

/* A connection on which the other side answers a whole request. */
static enr_script_connection_t answering(enr_span_t answer)
{
    return (enr_script_connection_t){.turns = {{.after_sent = LEN(REQUEST), .bytes = answer}}};
}

static void assert_answered(rig_t *rig)
{
    assert_int_equal(enr_http_response_code(&rig->exchange.response), 200);
    assert_int_equal(rig->body.len, LEN(ANSWER_BODY));
    assert_memory_equal(rig->body.ptr, ANSWER_BODY, LEN(ANSWER_BODY));
}

static void assert_sent_once(rig_t *rig)
{
    assert_int_equal(rig->script.sent.len, LEN(REQUEST));
    assert_memory_equal(rig->sent, REQUEST, LEN(REQUEST));
}

/* DESIGN 6: it connects, then stops at READY; only after commit a request byte leaves. */
static void test_no_byte_before_commit(void **state)
{
    (void)state;
    enr_script_connection_t connection = answering(ENR_SPAN(ANSWER));
    connection.dns_ms = 40;
    connection.connect_ms = 60;
    rig_t rig;
    rig_start(&rig, &connection, 1);
    begin(&rig, false, "host.example");
    assert_int_equal(run(&rig), ENR_READY);
    assert_int_equal(rig.script.now_ms, 1000 + 40 + 60);
    for (int i = 0; i < 10; i++) { /* it stays there, however often it is stepped */
        enr_wait_t wait;
        rig.script.now_ms += 100;
        assert_int_equal(enr_exchange_step(&rig.exchange, rig.script.now_ms, &wait), ENR_READY);
    }
    assert_int_equal(rig.script.sent.len, 0);
    assert_int_equal(enr_exchange_verdict(&rig.exchange), ENR_SURELY_NOT_ACCEPTED);
    enr_exchange_commit(&rig.exchange);
    assert_int_equal(rig.script.sent.len, 0);
    assert_int_equal(run(&rig), ENR_OK);
    assert_sent_once(&rig);
    assert_answered(&rig);
    assert_int_equal(enr_exchange_verdict(&rig.exchange), ENR_MAY_HAVE_BEEN_ACCEPTED);
}

static void test_given_up_at_the_gate(void **state)
{
    (void)state;
    enr_script_connection_t connection = answering(ENR_SPAN(ANSWER));
    rig_t rig;
    rig_start(&rig, &connection, 1);
    begin(&rig, false, "host.example");
    assert_int_equal(run(&rig), ENR_READY);
    enr_exchange_close(&rig.exchange);
    assert_false(rig.script.is_open);
    assert_int_equal(rig.script.sent.len, 0);
    assert_int_equal(enr_exchange_verdict(&rig.exchange), ENR_SURELY_NOT_ACCEPTED);
}

/* behaviours 33: a failure before the first byte left is safe to repeat. */
static void test_failures_of_opening(void **state)
{
    (void)state;
    static const enr_status_t FAILURES[] = {ENR_E_DNS,    ENR_E_REFUSED,    ENR_E_UNREACHABLE, ENR_E_RESET,
                                            ENR_E_PORTAL, ENR_E_CERT_TRUST, ENR_E_TLS_MEMORY,  ENR_E_NO_TIME};
    for (size_t i = 0; i < sizeof FAILURES / sizeof FAILURES[0]; i++) {
        enr_script_connection_t connection = {.open = FAILURES[i]};
        rig_t rig;
        rig_start(&rig, &connection, 1);
        assert_int_equal(post(&rig), FAILURES[i]);
        assert_int_equal(enr_exchange_verdict(&rig.exchange), ENR_SURELY_NOT_ACCEPTED);
        assert_int_equal(rig.script.sent.len, 0);
    }
}

/* The connection ended, or said something nobody asked for, between connect and commit: seen before the first byte
 * (DESIGN 6). */
static void test_lost_at_the_gate(void **state)
{
    (void)state;
    const struct {
        enr_script_connection_t connection;
        enr_status_t status;
    } rows[] = {
        {{.end = ENR_END}, ENR_E_CLOSED},
        {{.end = ENR_E_RESET}, ENR_E_RESET},
        {{.turns = {{.bytes = ENR_SPAN("HTTP/1.1 408 Request Timeout\r\n\r\n")}}}, ENR_E_HTTP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig_t rig;
        rig_start(&rig, &rows[i].connection, 1);
        assert_int_equal(post(&rig), rows[i].status);
        assert_int_equal(enr_exchange_verdict(&rig.exchange), ENR_SURELY_NOT_ACCEPTED);
        assert_int_equal(rig.script.sent.len, 0);
        assert_false(rig.script.is_open);
    }
}

/* behaviours 32, 33: from the first write on nothing is surely not accepted, at whichever byte the connection breaks.
 */
static void test_cut_at_every_sent_byte(void **state)
{
    (void)state;
    for (size_t k = 0; k < LEN(REQUEST); k++) {
        enr_script_connection_t connection = {.send_limit = k, .send_end = ENR_E_RESET};
        rig_t rig;
        rig_start(&rig, &connection, 1);
        assert_int_equal(post(&rig), ENR_E_RESET);
        assert_int_equal(rig.script.sent.len, k);
        assert_int_equal(enr_exchange_verdict(&rig.exchange), ENR_MAY_HAVE_BEEN_ACCEPTED);
        assert_false(rig.script.is_open);
    }
}

static void test_cut_at_every_received_byte(void **state)
{
    (void)state;
    static const enr_status_t ENDS[] = {ENR_END, ENR_E_RESET, ENR_E_TLS_TRUNCATED};
    for (size_t e = 0; e < sizeof ENDS / sizeof ENDS[0]; e++) {
        for (size_t k = 0; k <= LEN(ANSWER); k++) {
            enr_script_connection_t connection = {
                .turns = {{.after_sent = LEN(REQUEST), .bytes = enr_span_slice(ENR_SPAN(ANSWER), 0, k)},
                          {.after_sent = LEN(REQUEST)}},
                .end = ENDS[e]};
            rig_t rig;
            rig_start(&rig, &connection, 1);
            enr_status_t wanted = ENDS[e] != ENR_END ? ENDS[e] : k == 0 ? ENR_E_CLOSED : ENR_E_TRUNCATED;
            assert_int_equal(post(&rig), k == LEN(ANSWER) ? ENR_OK : wanted);
            assert_int_equal(enr_exchange_verdict(&rig.exchange), ENR_MAY_HAVE_BEEN_ACCEPTED);
            assert_sent_once(&rig);
            assert_true(rig.script.is_open == (k == LEN(ANSWER)));
        }
    }
}

/* The same answer whatever the cuts, in both directions (behaviours 5, 19, 20). */
static void test_every_split(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= LEN(ANSWER); cut++) {
        enr_script_connection_t connection = answering(ENR_SPAN(ANSWER));
        size_t sent_cut = cut % LEN(REQUEST);
        connection.receiving = (enr_script_cutting_t){.cuts = &cut, .cut_count = 1, .again = true};
        connection.sending = (enr_script_cutting_t){.cuts = &sent_cut, .cut_count = 1, .again = true};
        rig_t rig;
        rig_start(&rig, &connection, 1);
        assert_int_equal(post(&rig), ENR_OK);
        assert_sent_once(&rig);
        assert_answered(&rig);
    }
    enr_script_connection_t connection = answering(ENR_SPAN(ANSWER));
    connection.receiving = (enr_script_cutting_t){.most = 1, .again = true};
    connection.sending = (enr_script_cutting_t){.most = 1, .again = true};
    rig_t rig;
    rig_start(&rig, &connection, 1);
    assert_int_equal(post(&rig), ENR_OK);
    assert_sent_once(&rig);
    assert_answered(&rig);
}

/* behaviours 24: a cap for each phase, each with its own status, and a total; across the wrap of the clock (behaviours
 * 25). */
static void test_timeouts(void **state)
{
    (void)state;
    enr_span_t half = enr_span_slice(ENR_SPAN(ANSWER), 0, 30);
    const struct {
        enr_script_connection_t connection;
        enr_status_t status;
        uint32_t after_ms;
        enr_verdict_t verdict;
    } rows[] = {
        {{.dns_ms = ENR_SCRIPT_NEVER}, ENR_E_TIMEOUT_DNS, 100, ENR_SURELY_NOT_ACCEPTED},
        {{.dns_ms = 50, .connect_ms = ENR_SCRIPT_NEVER}, ENR_E_TIMEOUT_CONNECT, 50 + 200, ENR_SURELY_NOT_ACCEPTED},
        {{.send_limit = 3, .send_end = ENR_AGAIN}, ENR_E_TIMEOUT_SEND, 400, ENR_MAY_HAVE_BEEN_ACCEPTED},
        {{.end = ENR_OK}, ENR_E_TIMEOUT_ANSWER, 500, ENR_MAY_HAVE_BEEN_ACCEPTED},
        {{.turns = {{.after_sent = 1, .after_ms = 70, .bytes = half}}},
         ENR_E_TIMEOUT_BODY,
         70 + 600,
         ENR_MAY_HAVE_BEEN_ACCEPTED},
        {{.dns_ms = 90, .connect_ms = 190, .turns = {{.after_sent = 1, .after_ms = 480, .bytes = half}}},
         ENR_E_TIMEOUT_TOTAL,
         1000,
         ENR_MAY_HAVE_BEEN_ACCEPTED},
    };
    enr_timeouts_t timeouts = {.dns_ms = 100,
                               .connect_ms = 200,
                               .handshake_ms = 300,
                               .send_ms = 400,
                               .answer_ms = 500,
                               .body_ms = 600,
                               .total_ms = 1000};
    static const uint32_t STARTS[] = {0, 1000, UINT32_MAX - 70, UINT32_MAX};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t s = 0; s < sizeof STARTS / sizeof STARTS[0]; s++) {
            rig_t rig;
            rig_start_at(&rig, &rows[i].connection, 1, &timeouts, STARTS[s]);
            assert_int_equal(post(&rig), rows[i].status);
            assert_int_equal(rig.script.now_ms - STARTS[s], rows[i].after_ms);
            assert_int_equal(enr_exchange_verdict(&rig.exchange), rows[i].verdict);
            assert_false(rig.script.is_open);
        }
    }
}

static enr_status_t never_shakes_hands(void *ctx, enr_span_t host, uint16_t port, uint32_t now_ms,
                                       enr_phase_t *out_phase, enr_wait_t *out_wait)
{
    (void)ctx;
    (void)host;
    (void)port;
    (void)now_ms;
    *out_phase = ENR_PHASE_HANDSHAKE;
    *out_wait = (enr_wait_t){.events = ENR_WAIT_READ};
    return ENR_AGAIN;
}

/* The handshake's cap; the plain stream of the other rows has no handshake. */
static void test_handshake_timeout(void **state)
{
    (void)state;
    rig_t rig;
    rig_start(&rig, NULL, 0);
    enr_stream_t stream = enr_script_stream(&rig.script);
    stream.open = never_shakes_hands;
    enr_timeouts_t timeouts = ENR_TIMEOUTS_DEFAULT;
    timeouts.handshake_ms = 300;
    enr_exchange_init(&rig.exchange, stream, &timeouts);
    begin(&rig, false, "host.example");
    enr_wait_t wait;
    assert_int_equal(enr_exchange_step(&rig.exchange, 1000, &wait), ENR_AGAIN);
    assert_int_equal(wait.until_ms, 1300);
    assert_int_equal(enr_exchange_step(&rig.exchange, 1299, &wait), ENR_AGAIN);
    assert_int_equal(enr_exchange_step(&rig.exchange, 1300, &wait), ENR_E_TIMEOUT_HANDSHAKE);
    assert_int_equal(enr_exchange_verdict(&rig.exchange), ENR_SURELY_NOT_ACCEPTED);
}

/* Nobody commits, or too late: nothing is sent. */
static void test_late_commit(void **state)
{
    (void)state;
    enr_script_connection_t connection = answering(ENR_SPAN(ANSWER));
    rig_t rig;
    rig_start(&rig, &connection, 1);
    begin(&rig, false, "host.example");
    assert_int_equal(run(&rig), ENR_READY);
    rig.script.now_ms += ENR_TIMEOUTS_DEFAULT.total_ms;
    enr_exchange_commit(&rig.exchange);
    assert_int_equal(run(&rig), ENR_E_TIMEOUT_TOTAL);
    assert_int_equal(rig.script.sent.len, 0);
    assert_int_equal(enr_exchange_verdict(&rig.exchange), ENR_SURELY_NOT_ACCEPTED);

    rig_start(&rig, &connection, 1);
    begin(&rig, false, "host.example");
    assert_int_equal(run(&rig), ENR_READY);
    rig.script.now_ms += ENR_TIMEOUTS_DEFAULT.total_ms;
    assert_int_equal(run(&rig), ENR_E_TIMEOUT_TOTAL);
    assert_int_equal(rig.script.sent.len, 0);
    assert_false(rig.script.is_open);
}

/* DESIGN 6: a POST leaves only on a connection that is fresh or was answered less than 5 s ago; the time at the gate
 * counts. */
static void test_old_at_the_gate(void **state)
{
    (void)state;
    for (uint32_t waited = ENR_REUSE_POST_MS - 1; waited <= ENR_REUSE_POST_MS; waited++) {
        enr_script_connection_t connection = answering(ENR_SPAN(ANSWER));
        rig_t rig;
        rig_start(&rig, &connection, 1);
        begin(&rig, false, "host.example");
        assert_int_equal(run(&rig), ENR_READY);
        rig.script.now_ms += waited;
        enr_exchange_commit(&rig.exchange);
        bool young = waited < ENR_REUSE_POST_MS;
        assert_int_equal(run(&rig), young ? ENR_OK : ENR_E_CLOSED);
        assert_int_equal(rig.script.sent.len, young ? LEN(REQUEST) : 0);
        assert_int_equal(enr_exchange_verdict(&rig.exchange),
                         young ? ENR_MAY_HAVE_BEEN_ACCEPTED : ENR_SURELY_NOT_ACCEPTED);
    }
}

#define TWO_ANSWERS                                                                                                    \
    .turns = {{.after_sent = LEN(REQUEST), .bytes = ENR_SPAN(ANSWER)},                                                 \
              {.after_sent = 2 * LEN(REQUEST), .bytes = ENR_SPAN(ANSWER)}}

/* DESIGN 6: a POST goes out only on a connection that was answered less than 5 s ago. A GET may wait longer. */
static void test_reuse(void **state)
{
    (void)state;
    static const struct {
        uint32_t idle_ms;
        bool safe;
        const char *host;
        size_t opened;
    } ROWS[] = {
        {0, false, "host.example", 1},
        {ENR_REUSE_POST_MS - 1, false, "HOST.example", 1},
        {ENR_REUSE_POST_MS, false, "host.example", 2},
        {ENR_REUSE_SAFE_MS - 1, true, "host.example", 1},
        {ENR_REUSE_SAFE_MS, true, "host.example", 2},
        {0, true, "other.example", 2},
        {0, true, "host.example:8443", 2}, /* another port */
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        enr_script_connection_t connections[2] = {{TWO_ANSWERS}, answering(ENR_SPAN(ANSWER))};
        rig_t rig;
        rig_start(&rig, connections, 2);
        assert_int_equal(post(&rig), ENR_OK);
        rig.script.now_ms += ROWS[i].idle_ms;
        begin(&rig, ROWS[i].safe, ROWS[i].host);
        enr_status_t status = run(&rig);
        if (!ROWS[i].safe) {
            assert_int_equal(status, ENR_READY);
            enr_exchange_commit(&rig.exchange);
            status = run(&rig);
        }
        assert_int_equal(status, ENR_OK);
        assert_answered(&rig);
        assert_int_equal(rig.script.opened, ROWS[i].opened);
    }
}

/* behaviours 8: never the next request over unread bytes; RFC 9112 9.3: close means close; a FIN while idle is noticed.
 */
static void test_no_reuse(void **state)
{
    (void)state;
    const enr_script_connection_t firsts[] = {
        {.turns = {{.after_sent = LEN(REQUEST), .bytes = ENR_SPAN(ANSWER "x")}}},
        {.turns = {{.after_sent = LEN(REQUEST), .bytes = ENR_SPAN(ANSWER)},
                   {.after_sent = LEN(REQUEST), .after_ms = 10, .bytes = ENR_SPAN(ANSWER)}}},
        {.turns = {{.after_sent = LEN(REQUEST),
                    .bytes = ENR_SPAN("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")}}},
        {.turns = {{.after_sent = LEN(REQUEST), .bytes = ENR_SPAN(ANSWER)}, {.after_ms = 10}}, .end = ENR_END},
        {.turns = {{.after_sent = LEN(REQUEST), .bytes = ENR_SPAN(ANSWER)}, {.after_ms = 10}}, .end = ENR_E_RESET},
    };
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        enr_script_connection_t connections[2] = {firsts[i], answering(ENR_SPAN(ANSWER))};
        rig_t rig;
        rig_start(&rig, connections, 2);
        assert_int_equal(post(&rig), ENR_OK);
        rig.script.now_ms += 20;
        assert_int_equal(post(&rig), ENR_OK);
        assert_answered(&rig);
        assert_int_equal(rig.script.opened, 2);
    }
}

/* A reused connection that dies before its answer begins: a GET goes once more on a fresh one, a POST never (RFC
 * 9110 9.2.2). */
static void test_dying_reused_connection(void **state)
{
    (void)state;
    static const enr_status_t ENDS[] = {ENR_END, ENR_E_RESET, ENR_E_TLS_TRUNCATED};
    for (size_t i = 0; i < sizeof ENDS / sizeof ENDS[0]; i++) {
        enr_script_connection_t dying = {
            .turns = {{.after_sent = LEN(REQUEST), .bytes = ENR_SPAN(ANSWER)}, {.after_sent = 2 * LEN(REQUEST)}},
            .end = ENDS[i]};
        enr_script_connection_t connections[2] = {dying, answering(ENR_SPAN(ANSWER))};
        rig_t rig;
        rig_start(&rig, connections, 2);
        assert_int_equal(get(&rig, "host.example"), ENR_OK);
        assert_int_equal(get(&rig, "host.example"), ENR_OK);
        assert_answered(&rig);
        assert_int_equal(rig.script.opened, 2);
        assert_int_equal(rig.script.sent.len, 3 * LEN(REQUEST));

        rig_start(&rig, connections, 2);
        assert_int_equal(post(&rig), ENR_OK);
        assert_int_equal(post(&rig), ENDS[i] == ENR_END ? ENR_E_CLOSED : ENDS[i]);
        assert_int_equal(enr_exchange_verdict(&rig.exchange), ENR_MAY_HAVE_BEEN_ACCEPTED);
        assert_int_equal(rig.script.opened, 1);
    }
    /* The fresh connection dies as well: that is final, whether it is the first one or the second. */
    enr_script_connection_t dying = {
        .turns = {{.after_sent = LEN(REQUEST), .bytes = ENR_SPAN(ANSWER)}, {.after_sent = 2 * LEN(REQUEST)}},
        .end = ENR_END};
    enr_script_connection_t dead = {.turns = {{.after_sent = LEN(REQUEST)}}, .end = ENR_END};
    enr_script_connection_t connections[3] = {dying, dead, answering(ENR_SPAN(ANSWER))};
    rig_t rig;
    rig_start(&rig, connections, 3);
    assert_int_equal(get(&rig, "host.example"), ENR_OK);
    assert_int_equal(get(&rig, "host.example"), ENR_E_CLOSED);
    assert_int_equal(rig.script.opened, 2);
    rig_start(&rig, connections + 1, 2);
    assert_int_equal(get(&rig, "host.example"), ENR_E_CLOSED);
    assert_int_equal(rig.script.opened, 1);

    /* Cut inside its answer: that answer began, so it is not asked for again. */
    connections[0] = (enr_script_connection_t){
        .turns = {{.after_sent = LEN(REQUEST), .bytes = ENR_SPAN(ANSWER)},
                  {.after_sent = 2 * LEN(REQUEST), .bytes = enr_span_slice(ENR_SPAN(ANSWER), 0, 40)},
                  {.after_sent = 2 * LEN(REQUEST)}},
        .end = ENR_E_RESET};
    rig_start(&rig, connections, 3);
    assert_int_equal(get(&rig, "host.example"), ENR_OK);
    assert_int_equal(get(&rig, "host.example"), ENR_E_RESET);
    assert_int_equal(rig.script.opened, 1);
}

/* A body larger than its buffer is an error that is told as such, never a cut body; one that fits exactly is fine. */
static void test_body_limit(void **state)
{
    (void)state;
    for (size_t capacity = 0; capacity <= LEN(ANSWER_BODY); capacity++) {
        enr_script_connection_t connection = answering(ENR_SPAN(ANSWER));
        rig_t rig;
        rig_start(&rig, &connection, 1);
        uint8_t *exact = malloc(capacity + 1);
        rig.body = enr_buffer_over(exact, capacity);
        assert_int_equal(post(&rig), capacity == LEN(ANSWER_BODY) ? ENR_OK : ENR_E_HTTP_LIMIT);
        assert_int_equal(enr_exchange_verdict(&rig.exchange), ENR_MAY_HAVE_BEEN_ACCEPTED);
        free(exact);
    }
}

/* Framing faults end the connection (behaviours 1). */
static void test_malformed_answer(void **state)
{
    (void)state;
    enr_script_connection_t connection =
        answering(ENR_SPAN("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"));
    rig_t rig;
    rig_start(&rig, &connection, 1);
    assert_int_equal(post(&rig), ENR_E_HTTP);
    assert_false(rig.script.is_open);
    assert_int_equal(enr_exchange_verdict(&rig.exchange), ENR_MAY_HAVE_BEEN_ACCEPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_byte_before_commit),
        cmocka_unit_test(test_given_up_at_the_gate),
        cmocka_unit_test(test_failures_of_opening),
        cmocka_unit_test(test_lost_at_the_gate),
        cmocka_unit_test(test_cut_at_every_sent_byte),
        cmocka_unit_test(test_cut_at_every_received_byte),
        cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_handshake_timeout),
        cmocka_unit_test(test_old_at_the_gate),
        cmocka_unit_test(test_late_commit),
        cmocka_unit_test(test_reuse),
        cmocka_unit_test(test_no_reuse),
        cmocka_unit_test(test_dying_reused_connection),
        cmocka_unit_test(test_body_limit),
        cmocka_unit_test(test_malformed_answer),
    };
    return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
