/* TLS 1.2 and 1.3 over a port's net: the product's only stream. Verification cannot be turned off (DESIGN 7). */
#ifndef ENRICH_TLS_H
#define ENRICH_TLS_H

#include "enrich/arena.h"
#include "enrich/limits.h"
#include "enrich/port.h"

/* Where mbedTLS takes its memory from: the program's choice (DESIGN 3). take gives zeroed memory, aligned for any type,
 * or NULL. */
typedef struct {
    void *ctx;
    void *(*take)(void *ctx, size_t count, size_t size);
    void (*give)(void *ctx, void *piece);
} enr_tls_memory_t;

/* Memory from an arena, for boards; the arena must stay. A connection with an input buffer of 4,096 bytes takes 16 to
   28 KB on a 32-bit part, by the kind of certificates, one of 16,384 bytes 12 KB more (lib/DESIGN.md, TLS memory). */
enr_tls_memory_t enr_tls_memory_of_arena(enr_arena_t *arena);

/* Readies what mbedTLS keeps once per process, the one exception to "no globals": its memory hook, its PSA keys and the
   random generator (CTR_DRBG), which is seeded from the entropy duty here and again by itself later. Call once, before
   the first open; memory and entropy must stay for ever. A second call with the same arguments after an error is
   allowed. ENR_OK, ENR_E_TLS_MEMORY. ENR_E_ENTROPY (behaviours 18): there is no TLS and nothing random, but seal works
   already, so that a seed kept in the store can be read for the second call. */
ENR_NODISCARD enr_status_t enr_tls_init(const enr_tls_memory_t *memory, const enr_entropy_t *entropy);

/* Random bytes from the generator that enr_tls_init has seeded: for tokens. ENR_OK, ENR_E_ENTROPY. */
ENR_NODISCARD enr_status_t enr_tls_random(uint8_t *out, size_t len);

/* A fresh token: 128 random bits as ENR_TOKEN_LEN lower-case hexadecimal digits (DESIGN 6). ENR_OK, ENR_E_ENTROPY. */
ENR_NODISCARD enr_status_t enr_tls_token(uint8_t out_token[ENR_TOKEN_LEN]);

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

/* Where one session ticket for each binding is kept, so that the next connection need not shake hands in full. A ticket
   is a secret: a device seals it (DESIGN 2). What a keeper may not write (at most one an hour), it may leave. */
typedef struct {
    void *ctx;

    /* The ticket that was kept for a binding: ENR_OK and *out_len bytes at out, at most capacity; ENR_END: none. */
    enr_status_t (*load)(void *ctx, const uint8_t binding[32], uint8_t *out, size_t capacity, size_t *out_len);

    /* Keeps a ticket, at most ENR_TICKET_MAX bytes, in place of the one before. */
    void (*save)(void *ctx, const uint8_t binding[32], enr_span_t ticket);

    /* Forgets the ticket of a binding: the server did not take it. */
    void (*drop)(void *ctx, const uint8_t binding[32]);
} enr_tickets_t;

/* What one TLS stream needs. All of it must outlive the stream. */
typedef struct {
    const enr_net_t *net;
    const enr_clock_t *clock;
    enr_anchors_t anchors;

    /* NULL: every connection shakes hands in full. A ticket is bound to host, port, anchors and pins, is not used
       beyond 7 days or beyond the end of a certificate of the chain that was checked when it was given, and is dropped
       when a handshake with it fails; that handshake is then done once more in full (behaviours 21). The anchors must
       stay the same as long as the stream. */
    const enr_tickets_t *tickets;

    /* SHA-256 of the SubjectPublicKeyInfo of CA certificates, one of which must stand in the chain above the server's
       own (RFC 7469 2.4). Beside the other checks, never instead of them. 0 of them: no pinning; otherwise at least 2,
       since a single one bricks the device. */
    const uint8_t (*pins)[32];
    size_t pin_count;
} enr_tls_config_t;

/* Certificates with name constraints in one chain; a chain with more is refused. */
#define ENR_TLS_CONSTRAINTS_MAX 3

/* One TLS connection. Its fields are private but for `resumed`; mbedTLS's own structs lie in the program's TLS memory
 * from open to close. The small ones stand first, where short instructions reach them. */
typedef struct {
    uint8_t state;
    bool ended;       /* FIN has come */
    bool pinned;      /* a pinned key stands in the chain at hand */
    bool verified;    /* this handshake has checked a chain */
    bool offered;     /* a ticket was offered in this handshake */
    bool in_full;     /* this handshake may not offer one */
    bool has_anchors; /* anchors_digest is made */
    bool resumed;     /* the open connection runs on a ticket */
    uint16_t port;
    enr_status_t net_failure; /* what the net said inside a callback of mbedTLS */
    void *session;            /* mbedTLS's structs, or NULL */
    uint32_t refused_before;  /* allocation failures of the process when this call began */
    enr_span_t host;
    enr_tls_config_t config;
    int64_t now; /* wall clock of the handshake */
    size_t constraint_count;
    enr_span_t constraints[ENR_TLS_CONSTRAINTS_MAX]; /* name constraints of the issuers in the chain at hand */
    int64_t not_after; /* the earliest end of a certificate of the chain that this session rests on */
    uint8_t anchors_digest[32];
    uint8_t binding[32];
} enr_tls_t;

/* Makes a closed stream. Asserts that nothing in config is missing and that there is not a single pin. */
void enr_tls_start(enr_tls_t *tls, const enr_tls_config_t *config);

/* The stream's functions; tls must stay where it is. open refuses a host that is not a DNS name (ENR_E_SETTING), a
   clock without a believable time or with one before ENR_CLOCK_FLOOR (ENR_E_NO_TIME), and gives net's errors,
   ENR_E_TLS_… and ENR_E_CERT_… */
enr_stream_t enr_tls_stream(enr_tls_t *tls);

/* Checks a chain of certificates (DER, the server's own first) as a handshake with this host would at this moment: for
 * whoever wants to know, before a device goes out, whether its anchors and pins fit a server. Of config the clock, the
 * anchors and the pins are used. The moment is what the clock says, also one before ENR_CLOCK_FLOOR: the caller decides
 * when. enr_tls_init must have succeeded.
 *
 * What is checked, here and in a handshake (RFC 5280 6.1, RFC 9525):
 * - Each signature, with RSA of 2,048 bits or P-256, P-384 and SHA-256, SHA-384, SHA-512: ENR_E_CERT_WEAK.
 * - A path to an anchor, each issuer with the CA bit, keyCertSign and path length; every certificate readable and
 *   without unknown critical extensions; key identifiers not critical; dNSName constraints of issuers, none at the
 *   server: ENR_E_CERT_TRUST. Constraints marked critical are taken of an anchor only, and refused of a certificate
 * that the server sent; at most ENR_TLS_CONSTRAINTS_MAX of a path have any.
 * - The host is a dNSName of the server's certificate, or a wildcard for its first label alone: ENR_E_CERT_NAME. No
 *   other kind of name counts.
 * - A pinned key: ENR_E_CERT_PIN. Dates of all: ENR_E_CERT_EXPIRED, ENR_E_CERT_NOT_YET_VALID.
 * - Extended key usage, of issuers too, has serverAuth or any where it is present; the server's key may sign, and is no
 *   CA's: ENR_E_CERT_USAGE.
 * Of several reasons the first in this order is told. Certificates must come in their order; there is no second attempt
 * with another path.
 *
 * ENR_OK; ENR_E_SETTING (host is no DNS name), ENR_E_NO_TIME (the clock has none), ENR_E_TLS_MEMORY, ENR_E_CERT_… */
ENR_NODISCARD enr_status_t enr_tls_check_chain(const enr_tls_config_t *config, enr_span_t host, const enr_span_t *chain,
                                               size_t count);

#endif
