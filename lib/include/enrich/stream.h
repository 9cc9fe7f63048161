/* A connection that carries bytes: all that exchange knows of the network. tls is the product's only stream (DESIGN 2).
 */
#ifndef ENRICH_STREAM_H
#define ENRICH_STREAM_H

#include "enrich/span.h"
#include "enrich/status.h"

/* What a step waits for: any of the events, or the time, whichever comes first. A step that could go on at once asks
 * for a time that has come. */
#define ENR_WAIT_READ 1u
#define ENR_WAIT_WRITE 2u
typedef struct {
    unsigned events; /* ENR_WAIT_… of the connection */
    bool has_time;
    uint32_t until_ms; /* monotonic milliseconds, compared by signed difference (behaviours 25) */
} enr_wait_t;

/* Makes a wait end at this time at the latest. */
static inline void enr_wait_until(enr_wait_t *wait, uint32_t until_ms)
{
    if (!wait->has_time || (int32_t)(until_ms - wait->until_ms) < 0) {
        wait->has_time = true;
        wait->until_ms = until_ms;
    }
}

/* Where an exchange is; each phase has its own cap (behaviours 24). */
typedef enum {
    ENR_PHASE_DNS,
    ENR_PHASE_CONNECT,
    ENR_PHASE_HANDSHAKE,
    ENR_PHASE_SEND,
    ENR_PHASE_ANSWER, /* up to the first byte of the answer */
    ENR_PHASE_BODY
} enr_phase_t;

/* One stream: functions with a context. Nothing blocks. Every call may be made again after ENR_AGAIN with the same
 * arguments. */
typedef struct {
    void *ctx;

    /* Begins or goes on opening a connection to a host. ENR_OK: open. ENR_AGAIN: *out_phase is the phase it is in (DNS,
       CONNECT or HANDSHAKE) and *out_wait what it waits for. Errors: the network, TLS and certificate statuses; the
       stream is then closed. host must stay valid until the stream is open or closed. */
    enr_status_t (*open)(void *ctx, enr_span_t host, uint16_t port, uint32_t now_ms, enr_phase_t *out_phase,
                         enr_wait_t *out_wait);

    /* Sends bytes, possibly fewer: *out_sent says how many, at least 1 with ENR_OK. ENR_AGAIN: none now; call again
       with the same bytes (behaviours 19). Errors: network and TLS statuses. */
    enr_status_t (*write)(void *ctx, enr_span_t bytes, size_t *out_sent, enr_wait_t *out_wait);

    /* Receives up to capacity bytes, at least 1 with ENR_OK. ENR_AGAIN: none now, and none held back inside (behaviours
       20). ENR_END: the other side ended the stream in an orderly way. Errors: network and TLS statuses;
       ENR_E_TLS_TRUNCATED: it ended without saying so. */
    enr_status_t (*read)(void *ctx, uint8_t *out, size_t capacity, size_t *out_len, enr_wait_t *out_wait);

    /* Closes at once and frees everything; a closed stream stays closed. It can be opened again. */
    void (*close)(void *ctx);
} enr_stream_t;

#endif
