/* TLS 1.2 and 1.3 over a port's net: the product's only stream. Verification cannot be turned off (DESIGN 7). */
#ifndef ENRICH_TLS_H
#define ENRICH_TLS_H

#include "enrich/port.h"

/* Where mbedTLS takes its memory from: the program's choice (DESIGN 3). take gives zeroed memory, aligned for any type,
 * or NULL. */
typedef struct {
    void *ctx;
    void *(*take)(void *ctx, size_t count, size_t size);
    void (*give)(void *ctx, void *piece);
} enr_tls_memory_t;

/* Readies what mbedTLS keeps once per process, the one exception to "no globals": its memory hook, its PSA keys and the
   random generator (CTR_DRBG), which is seeded from the entropy duty here and again by itself later. Call once, before
   the first open; memory and entropy must stay for ever. A second call with the same arguments after an error is
   allowed. ENR_OK, ENR_E_ENTROPY (behaviours 18), ENR_E_TLS_MEMORY. */
ENR_NODISCARD enr_status_t enr_tls_init(const enr_tls_memory_t *memory, const enr_entropy_t *entropy);

/* Random bytes from the generator that enr_tls_init has seeded: for tokens. ENR_OK, ENR_E_ENTROPY. */
ENR_NODISCARD enr_status_t enr_tls_random(uint8_t *out, size_t len);

/* The roots that are trusted, one after the other as DER. Only the one that issued the certificate at hand is ever
   parsed, so that a system bundle costs neither memory nor time. */
typedef struct {
    void *ctx;

    /* Anchor number `index`, from 0: ENR_OK and its DER, valid until the next call; ENR_END after the last. */
    enr_status_t (*get)(void *ctx, size_t index, enr_span_t *out_der);
} enr_anchors_t;

/* A list of anchors in memory, for boards: ctx of enr_anchors_of_list's result is the list itself, which must stay. */
typedef struct {
    const enr_span_t *der;
    size_t count;
} enr_anchor_list_t;
enr_anchors_t enr_anchors_of_list(const enr_anchor_list_t *list);

/* What one TLS stream needs. All of it must outlive the stream. */
typedef struct {
    const enr_net_t *net;
    const enr_clock_t *clock;
    enr_anchors_t anchors;
} enr_tls_config_t;

/* One TLS connection. Its fields are private; mbedTLS's own structs lie in the program's TLS memory from open to close.
 */
typedef struct {
    enr_tls_config_t config;
    void *session; /* mbedTLS's structs, or NULL */
    enr_span_t host;
    int64_t now;              /* wall clock of the handshake */
    enr_status_t net_failure; /* what the net said inside a callback of mbedTLS */
    uint32_t refused_before;  /* allocation failures of the process when this operation began */
    uint8_t state;
} enr_tls_t;

/* Makes a closed stream. Asserts that nothing in config is missing. */
void enr_tls_start(enr_tls_t *tls, const enr_tls_config_t *config);

/* The stream's functions; tls must stay where it is. open refuses a host that is not a DNS name (ENR_E_SETTING), a
   clock without a believable time or with one before ENR_CLOCK_FLOOR (ENR_E_NO_TIME), and gives net's errors,
   ENR_E_TLS_… and ENR_E_CERT_… */
enr_stream_t enr_tls_stream(enr_tls_t *tls);

#endif
