/* Session tickets. What is kept is a small head of our own, then mbedTLS's form of the session:
     byte 0        1, the version of this form
     bytes 1..8    when it was kept, seconds since 1970, big-endian
     bytes 9..16   the earliest end of a certificate of the chain that the session rests on, likewise
   The certificate itself is left out: it is not checked again, and it would be two thirds of the size. */
#include "tls_internal.h"

#include "enrich/limits.h"

#include <mbedtls/platform.h>
#include <psa/crypto.h>
#include <string.h>

#define FORM 1
#define HEAD_LEN 17u
#define AGE_MAX_S ((int64_t)7 * 86400) /* RFC 8446 4.6.1 */

static void put_time(uint8_t *out, int64_t seconds)
{
    uint64_t rest = (uint64_t)seconds;
    for (size_t i = 8; i-- > 0; rest >>= 8) {
        out[i] = (uint8_t)rest;
    }
}

static int64_t get_time(const uint8_t *in)
{
    uint64_t seconds = 0;
    for (int i = 0; i < 8; i++) {
        seconds = seconds << 8 | in[i];
    }
    return (int64_t)seconds;
}

/* A length in front of each part keeps two different lists of parts from giving the same digest. */
static void hash_part(psa_hash_operation_t *hash, enr_span_t part)
{
    uint8_t length[8];
    put_time(length, (int64_t)part.len);
    (void)psa_hash_update(hash, length, sizeof length); /* a failure of any step comes out at the end */
    (void)psa_hash_update(hash, part.ptr, part.len);
}

static bool finish_hash(psa_hash_operation_t *hash, uint8_t out_digest[32])
{
    size_t len = 0;
    bool good = psa_hash_finish(hash, out_digest, 32, &len) == PSA_SUCCESS;
    (void)psa_hash_abort(hash);
    return good;
}

static bool digest_anchors(enr_tls_t *tls)
{
    psa_hash_operation_t hash = PSA_HASH_OPERATION_INIT;
    (void)psa_hash_setup(&hash, PSA_ALG_SHA_256);
    enr_span_t der = {NULL, 0};
    for (size_t i = 0; tls->config.anchors.get(tls->config.anchors.ctx, i, &der) == ENR_OK; i++) {
        hash_part(&hash, der);
    }
    return finish_hash(&hash, tls->anchors_digest);
}

void ticket_bind(enr_tls_t *tls)
{
    if (tls->config.tickets == NULL) {
        return;
    }
    tls->has_anchors = tls->has_anchors || digest_anchors(tls);
    psa_hash_operation_t hash = PSA_HASH_OPERATION_INIT;
    (void)psa_hash_setup(&hash, PSA_ALG_SHA_256);
    hash_part(&hash, (enr_span_t){tls->anchors_digest, sizeof tls->anchors_digest});
    hash_part(&hash, (enr_span_t){(const uint8_t *)tls->config.pins, 32 * tls->config.pin_count});
    uint8_t port[2] = {(uint8_t)(tls->port >> 8), (uint8_t)tls->port};
    hash_part(&hash, (enr_span_t){port, sizeof port});
    hash_part(&hash, tls->host); /* as it is written: mbedTLS compares it so with a ticket's */
    if (!finish_hash(&hash, tls->binding) || !tls->has_anchors) {
        tls->in_full = true;
    }
}

/* Loads a kept ticket into the connection. False: it may not be used. */
static bool use(enr_tls_t *tls, enr_span_t ticket)
{
    session_t *session = tls->session;
    if (ticket.len <= HEAD_LEN || ticket.ptr[0] != FORM) {
        return false;
    }
    int64_t kept_at = get_time(ticket.ptr + 1);
    int64_t not_after = get_time(ticket.ptr + 9);
    if (kept_at > tls->now || tls->now - kept_at > AGE_MAX_S || tls->now > not_after) {
        return false;
    }
    mbedtls_ssl_session saved;
    mbedtls_ssl_session_init(&saved);
    bool good = mbedtls_ssl_session_load(&saved, ticket.ptr + HEAD_LEN, ticket.len - HEAD_LEN) == 0 &&
                mbedtls_ssl_set_session(&session->ssl, &saved) == 0;
    mbedtls_ssl_session_free(&saved);
    tls->not_after = good ? not_after : tls->not_after;
    return good;
}

void ticket_offer(enr_tls_t *tls)
{
    tls->offered = false;
    if (tls->config.tickets == NULL || tls->in_full) {
        return;
    }
    const enr_tickets_t *tickets = tls->config.tickets;
    uint8_t *memory = mbedtls_calloc(1, ENR_TICKET_MAX);
    size_t len = 0;
    if (memory != NULL && tickets->load(tickets->ctx, tls->binding, memory, ENR_TICKET_MAX, &len) == ENR_OK) {
        tls->offered = use(tls, (enr_span_t){memory, len});
        if (!tls->offered) {
            ticket_drop(tls);
        }
    }
    if (memory != NULL) {
        enr_wipe(memory, ENR_TICKET_MAX);
    }
    mbedtls_free(memory);
    tls->refused_before = process_refusals(); /* no memory for a ticket is no failure of the connection */
}

/* Takes the certificate out of a session that is about to be kept. */
static void strip(mbedtls_ssl_session *saved)
{
    mbedtls_x509_crt *certificate = saved->MBEDTLS_PRIVATE(peer_cert);
    if (certificate != NULL) {
        mbedtls_x509_crt_free(certificate);
        mbedtls_free(certificate);
        saved->MBEDTLS_PRIVATE(peer_cert) = NULL;
    }
}

void ticket_keep(enr_tls_t *tls)
{
    if (tls->config.tickets == NULL) {
        return;
    }
    session_t *session = tls->session;
    const enr_tickets_t *tickets = tls->config.tickets;
    uint8_t *memory = mbedtls_calloc(1, ENR_TICKET_MAX);
    mbedtls_ssl_session saved;
    mbedtls_ssl_session_init(&saved);
    if (memory != NULL && mbedtls_ssl_get_session(&session->ssl, &saved) == 0 &&
        saved.MBEDTLS_PRIVATE(ticket) != NULL) {
        size_t len = 0;
        strip(&saved);
        memory[0] = FORM;
        put_time(memory + 1, tls->now);
        put_time(memory + 9, tls->not_after);
        if (mbedtls_ssl_session_save(&saved, memory + HEAD_LEN, ENR_TICKET_MAX - HEAD_LEN, &len) == 0) {
            tickets->save(tickets->ctx, tls->binding, (enr_span_t){memory, HEAD_LEN + len});
        }
        enr_wipe(memory, ENR_TICKET_MAX);
    }
    mbedtls_ssl_session_free(&saved);
    mbedtls_free(memory);
    tls->refused_before = process_refusals();
}

void ticket_drop(enr_tls_t *tls)
{
    if (tls->config.tickets != NULL) {
        tls->config.tickets->drop(tls->config.tickets->ctx, tls->binding);
    }
}
