/* What the files of the tls room share. */
#ifndef ENRICH_TLS_INTERNAL_H
#define ENRICH_TLS_INTERNAL_H

#include "enrich/tls.h"

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

/* mbedTLS's structs for one connection, in the program's TLS memory from the handshake to the close. */
typedef struct {
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
} session_t;

/* process.c */

/* Random bytes in the form that mbedTLS asks for; ctx is not used. */
int process_random(void *ctx, unsigned char *out, size_t len);

/* How often the program's TLS memory has refused so far. */
uint32_t process_refusals(void);

/* The time that mbedTLS gets to see from now on, seconds since 1970: that of the stream at work. */
void process_set_time(int64_t seconds);

/* chain.c: what one chain of certificates is checked for. tls gives host, now, anchors and pins, and learns pinned,
 * constraints, verified, not_after. */

/* Readies tls for the check of a chain. */
void chain_start(enr_tls_t *tls);

/* For mbedTLS: the anchors that may have issued a certificate; ctx is tls. */
int chain_find_issuers(void *ctx, const mbedtls_x509_crt *child, mbedtls_x509_crt **out_candidates);

/* For mbedTLS: our own checks of one certificate of a chain, from the root down to the server's; ctx is tls. */
int chain_verify(void *ctx, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

/* One dNSName against a host (RFC 6125 6.4): a wildcard is the whole first label, stands for exactly one label, and has
   at least two labels behind it. */
bool chain_name_matches(enr_span_t name, enr_span_t host);

/* Whether one name of subjectAltName is a dNSName. */
bool chain_is_dns_name(const mbedtls_x509_sequence *name);

/* The status of mbedTLS's flags for a chain that failed. */
enr_status_t chain_status(uint32_t flags);

/* The status of mbedTLS's error for a certificate that it could not read; ENR_E_TLS_PROTOCOL: it speaks of something
 * else. */
enr_status_t chain_reading_status(int failure);

/* extensions.c: what mbedTLS leaves unread of a certificate's extensions. */

/* Whether its extensions, and the name constraints of those above it, allow a certificate to stand at this depth of a
   chain (0: the server's own). To be asked from the root down; learns tls->constraints, views of the certificates. */
bool extensions_allow(enr_tls_t *tls, const mbedtls_x509_crt *certificate, int depth);

/* For mbedTLS, which refuses what is critical and unknown to it: 0 for an extension that extensions_allow knows. */
int extensions_known(void *ctx, const mbedtls_x509_crt *certificate, const mbedtls_x509_buf *id, int critical,
                     const unsigned char *value, const unsigned char *end);

/* ticket.c: session tickets, kept and offered. All do nothing without config.tickets. */

/* Makes the binding of the connection that tls is about to open. */
void ticket_bind(enr_tls_t *tls);

/* Offers the kept ticket, if there is one that may be used. */
void ticket_offer(enr_tls_t *tls);

/* Keeps the ticket that the connection has got. */
void ticket_keep(enr_tls_t *tls);

/* Forgets the ticket that was offered. */
void ticket_drop(enr_tls_t *tls);

#endif
