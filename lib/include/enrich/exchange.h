/* One request, one answer, one connection, one deadline. Stepped, never blocking, and with a gate: it connects, shakes
   hands and then stops at READY; no byte of the request leaves before the caller has said commit (DESIGN 6). */
#ifndef ENRICH_EXCHANGE_H
#define ENRICH_EXCHANGE_H

#include "enrich/http_response.h"
#include "enrich/stream.h"

/* Caps in milliseconds, each 1 to 2^31 - 1. A phase that lasts longer ends the exchange with that phase's
   ENR_E_TIMEOUT_…; total_ms bounds all of them and the stay at the gate together (ENR_E_TIMEOUT_TOTAL). */
typedef struct {
    uint32_t dns_ms;
    uint32_t connect_ms;
    uint32_t handshake_ms;
    uint32_t send_ms;
    uint32_t answer_ms; /* from the request's last byte to the answer's first */
    uint32_t body_ms;   /* from the answer's first byte to its last */
    uint32_t total_ms;
} enr_timeouts_t;

/* Defaults. The service may be silent for a minute and queue a request longer (api-contract 8, 12), and giving up early
   on a POST only makes an unknown: 120 s for the answer (behaviours 24). */
#define ENR_TIMEOUTS_DEFAULT                                                                                           \
    ((enr_timeouts_t){.dns_ms = 10000,                                                                                 \
                      .connect_ms = 15000,                                                                             \
                      .handshake_ms = 30000,                                                                           \
                      .send_ms = 30000,                                                                                \
                      .answer_ms = 120000,                                                                             \
                      .body_ms = 30000,                                                                                \
                      .total_ms = 180000})

/* A POST leaves only on a connection that was opened or gave its last answer less than this ago, and another safe
   request on one that answered less than that ago: beyond, the server or a NAT may be ending it at this moment (DESIGN
   6, behaviours 30). An idle connection is not closed by itself: enr_exchange_close does that. */
#define ENR_REUSE_POST_MS 5000u
#define ENR_REUSE_SAFE_MS 60000u

/* What is known of a request after its exchange (behaviours 32, 33). */
typedef enum {
    ENR_SURELY_NOT_ACCEPTED,   /* no byte of it left: it may be repeated */
    ENR_MAY_HAVE_BEEN_ACCEPTED /* a byte of it may have left: repeating a POST may buy twice */
} enr_verdict_t;

/* What to send. The spans must stay as they are until the exchange has ended; host until the connection is closed. */
typedef struct {
    enr_span_t host;
    uint16_t port;
    enr_span_t message; /* the whole request, head and body */
    bool safe; /* GET: it passes the gate by itself, and is repeated once by itself on a fresh connection when a reused
                  one fails before its answer begins (RFC 9110 9.2.2, RFC 9112 9.3.1) */
} enr_outgoing_t;

/* One connection and the exchange on it. All fields are private but for `response`, to be read with
   enr_http_response_…() once a step has given ENR_OK. */
typedef struct {
    uint8_t state;
    bool open;   /* the stream is open, or opening */
    bool reused; /* this exchange runs on a connection that has answered before */
    enr_verdict_t verdict;
    enr_phase_t phase;
    uint16_t open_port;
    enr_span_t open_host;
    enr_outgoing_t outgoing;
    size_t sent;
    enr_buffer_t *body;
    uint32_t started_ms;
    uint32_t phase_ms;  /* when the phase began */
    uint32_t stands_ms; /* when the open connection was opened, or gave its last answer */
    enr_stream_t stream;
    enr_timeouts_t timeouts;
    enr_http_response_t response;
    uint8_t received[ENR_EXCHANGE_READ_MAX];
} enr_exchange_t;

/* Makes an idle exchange without a connection. The stream's context must outlive it. timeouts is copied; NULL means
 * ENR_TIMEOUTS_DEFAULT. */
void enr_exchange_init(enr_exchange_t *exchange, enr_stream_t stream, const enr_timeouts_t *timeouts);

/* Begins an exchange; nothing is done before the first step. The answer's body goes to the end of `body`, which must
   outlive the exchange. Asserts that no other is under way. */
void enr_exchange_start(enr_exchange_t *exchange, const enr_outgoing_t *outgoing, enr_buffer_t *body, uint32_t now_ms);

/* Does what can be done now.
   - ENR_AGAIN: call again when *out_wait has come.
   - ENR_READY: at the gate. The connection stands, no byte of the request has left; call enr_exchange_commit, or
     enr_exchange_close to give up. *out_wait is the time at which it gives up by itself.
   - ENR_OK: the answer is complete, see `response` and the body.
   - Errors: the stream's; ENR_E_TIMEOUT_…; ENR_E_CLOSED, ENR_E_TRUNCATED; ENR_E_HTTP, ENR_E_HTTP_LIMIT (also: the body
     does not fit its buffer), ENR_E_CONTENT_CODING. The connection is then closed.

   After ENR_OK or an error the exchange is idle again. */
ENR_NODISCARD enr_status_t enr_exchange_step(enr_exchange_t *exchange, uint32_t now_ms, enr_wait_t *out_wait);

/* Opens the gate: from the next step on bytes of the request may leave. Asserts that the exchange is at READY. That
   step first looks at the connection once more and fails, with ENR_SURELY_NOT_ACCEPTED, when the connection has ended
   meanwhile, or has stood unused for ENR_REUSE_POST_MS or more (ENR_E_CLOSED), or the total time is over. */
void enr_exchange_commit(enr_exchange_t *exchange);

/* What is known of the last request. Before commit always ENR_SURELY_NOT_ACCEPTED; it looks at the sending alone, never
 * at the answer. */
enr_verdict_t enr_exchange_verdict(const enr_exchange_t *exchange);

/* Gives up what is under way and closes the connection, if any. */
void enr_exchange_close(enr_exchange_t *exchange);

#endif
