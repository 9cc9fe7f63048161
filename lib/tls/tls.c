/* The stream: one connection from open to close. */
#include "tls_internal.h"

#include "enrich/limits.h"
#include "enrich/url.h"

#include <assert.h>
#include <mbedtls/oid.h>
#include <mbedtls/platform.h>
#include <string.h>

enum { CLOSED, NET_OPENING, SHAKING_HANDS, OPEN };

static int bio_send(void *ctx, const unsigned char *bytes, size_t len)
{
    enr_tls_t *tls = ctx;
    size_t sent = 0;
    enr_status_t status = tls->config.net->send(tls->config.net->ctx, (enr_span_t){bytes, len}, &sent);
    if (status == ENR_OK) {
        return (int)sent;
    }
    if (status == ENR_AGAIN) {
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    tls->net_failure = status;
    return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int bio_receive(void *ctx, unsigned char *out, size_t capacity)
{
    enr_tls_t *tls = ctx;
    size_t len = 0;
    enr_status_t status = tls->config.net->receive(tls->config.net->ctx, out, capacity, &len);
    if (status == ENR_OK) {
        return (int)len;
    }
    if (status == ENR_AGAIN) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    if (status == ENR_END) {
        tls->ended = true;
        return 0;
    }
    tls->net_failure = status;
    return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

/* Whether the record at hand holds more than the buffer may, by less than the 256 bytes that protection may add (RFC
   8446 5.2): mbedTLS has room to open such a record, and then calls it invalid like any other. */
static bool is_too_large(const mbedtls_ssl_context *ssl)
{
    const uint8_t *length = ssl->MBEDTLS_PRIVATE(in_len);
    int over = (length[0] << 8 | length[1]) - MBEDTLS_SSL_IN_CONTENT_LEN;
    int tag = ssl->MBEDTLS_PRIVATE(transform_in) != NULL ? 16 : 0; /* the same in every suite here */
    return over > tag && over <= 256;
}

static enr_status_t status_of_failure(const enr_tls_t *tls, int failure)
{
    const session_t *session = tls->session;
    if (process_refusals() != tls->refused_before) {
        return ENR_E_TLS_MEMORY; /* before all else: it hides behind other codes */
    }
    if (tls->net_failure != ENR_OK) {
        return tls->net_failure;
    }
    switch (failure) {
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
        return ENR_E_TLS_ALERT;
    case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
    case MBEDTLS_ERR_SSL_BAD_CERTIFICATE:
        return chain_status(mbedtls_ssl_get_verify_result(&session->ssl));
    case MBEDTLS_ERR_SSL_BAD_INPUT_DATA: /* it wanted to fetch more than its input buffer holds */
    case MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL:
        return ENR_E_TLS_RECORD;
    case MBEDTLS_ERR_SSL_INVALID_RECORD:
        return is_too_large(&session->ssl) ? ENR_E_TLS_RECORD : ENR_E_TLS_PROTOCOL;
    case MBEDTLS_ERR_SSL_CONN_EOF:
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        return ENR_E_CLOSED;
    default:
        return chain_reading_status(failure);
    }
}

/* Whether mbedTLS wants to read or write more before it goes on. */
static bool must_wait(int result, enr_wait_t *out_wait)
{
    if (result != MBEDTLS_ERR_SSL_WANT_READ && result != MBEDTLS_ERR_SSL_WANT_WRITE) {
        return false;
    }
    out_wait->events = result == MBEDTLS_ERR_SSL_WANT_WRITE ? ENR_WAIT_WRITE : ENR_WAIT_READ;
    return true;
}

static void close_all(enr_tls_t *tls)
{
    session_t *session = tls->session;
    if (session != NULL) {
        if (tls->state == OPEN) {
            (void)mbedtls_ssl_close_notify(&session->ssl); /* as far as it goes without waiting */
        }
        mbedtls_ssl_free(&session->ssl);
        mbedtls_ssl_config_free(&session->config);
        mbedtls_free(session);
        tls->session = NULL;
    }
    if (tls->state != CLOSED) {
        tls->config.net->close(tls->config.net->ctx);
        tls->state = CLOSED;
    }
}

static enr_status_t fail(enr_tls_t *tls, enr_status_t status)
{
    close_all(tls);
    return status;
}

/* P-256 first: every server must have it (RFC 8446 9.1), and its reduction and its table of multiples of the base point
   make it the cheapest here; X25519 costs 6 to 14 million instructions more on a Cortex-M3. */
static const uint16_t GROUPS[] = {
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
#ifdef PSA_WANT_ECC_MONTGOMERY_255
    MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
#endif
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
};

static int configure(enr_tls_t *tls, session_t *session)
{
    mbedtls_ssl_config *config = &session->config;
    int failure = mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                              MBEDTLS_SSL_PRESET_DEFAULT);
    if (failure != 0) {
        return failure;
    }
    mbedtls_ssl_conf_rng(config, process_random, NULL);
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_cb(config, chain_find_issuers, tls);
    mbedtls_ssl_conf_verify(config, chain_verify, tls);
    mbedtls_ssl_conf_groups(config, GROUPS);
    bool keeps = tls->config.tickets != NULL;
    mbedtls_ssl_conf_session_tickets(config, keeps ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED
                                                   : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        config, keeps ? MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED
                      : MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_DISABLED);
    failure = mbedtls_ssl_setup(&session->ssl, config);
    if (failure != 0) {
        return failure;
    }
    char host[ENR_HOST_MAX + 1];
    memcpy(host, tls->host.ptr, tls->host.len);
    host[tls->host.len] = '\0';
    mbedtls_ssl_set_bio(&session->ssl, tls, bio_send, bio_receive, NULL);
    return mbedtls_ssl_set_hostname(&session->ssl, host); /* SNI; mbedTLS refuses to go on without (behaviours 14) */
}

static enr_status_t begin_handshake(enr_tls_t *tls)
{
    session_t *session = mbedtls_calloc(1, sizeof *session);
    if (session == NULL) {
        return ENR_E_TLS_MEMORY;
    }
    mbedtls_ssl_init(&session->ssl);
    mbedtls_ssl_config_init(&session->config);
    tls->session = session;
    chain_start(tls);
    int failure = configure(tls, session);
    if (failure != 0) {
        return status_of_failure(tls, failure);
    }
    ticket_offer(tls);
    tls->state = SHAKING_HANDS;
    return ENR_OK;
}

static void begin_net_opening(enr_tls_t *tls)
{
    tls->net_failure = ENR_OK;
    tls->ended = false;
    tls->state = NET_OPENING;
}

static enr_status_t begin_opening(enr_tls_t *tls, enr_span_t host, uint16_t port)
{
    if (!enr_host_is_name(host)) {
        return ENR_E_SETTING;
    }
    enr_status_t status = tls->config.clock->wall(tls->config.clock->ctx, &tls->now);
    if (status != ENR_OK || tls->now < ENR_CLOCK_FLOOR) {
        return ENR_E_NO_TIME;
    }
    tls->host = host;
    tls->port = port;
    tls->in_full = false;
    ticket_bind(tls);
    begin_net_opening(tls);
    return ENR_OK;
}

static enr_status_t step_net_opening(enr_tls_t *tls, uint32_t now_ms, enr_phase_t *out_phase, enr_wait_t *out_wait)
{
    const enr_net_t *net = tls->config.net;
    enr_status_t status = net->open(net->ctx, tls->host, tls->port, now_ms, out_phase, out_wait);
    return status == ENR_OK ? begin_handshake(tls) : status;
}

/* One state of the handshake a call, so that the longest step is one flight's cryptography and not the whole
 * handshake's. */
static enr_status_t step_handshake(enr_tls_t *tls, uint32_t now_ms, enr_phase_t *out_phase, enr_wait_t *out_wait)
{
    session_t *session = tls->session;
    *out_phase = ENR_PHASE_HANDSHAKE;
    int result = mbedtls_ssl_handshake_step(&session->ssl);
    if (must_wait(result, out_wait)) {
        return ENR_AGAIN;
    }
    if (result != 0) {
        return status_of_failure(tls, result);
    }
    if (!mbedtls_ssl_is_handshake_over(&session->ssl)) {
        *out_wait = (enr_wait_t){.has_time = true, .until_ms = now_ms};
        return ENR_AGAIN;
    }
    tls->state = OPEN;
    tls->resumed = tls->offered && !tls->verified;
    if (tls->verified && mbedtls_ssl_get_version_number(&session->ssl) == MBEDTLS_SSL_VERSION_TLS1_2) {
        ticket_keep(tls); /* in 1.3 tickets come later, with the answers */
    }
    return ENR_OK;
}

/* A handshake with a ticket failed in a way that the ticket may be the reason for: once more, in full (behaviours 21).
 */
static enr_status_t try_in_full(enr_tls_t *tls, uint32_t now_ms, enr_wait_t *out_wait)
{
    ticket_drop(tls);
    close_all(tls);
    tls->in_full = true;
    begin_net_opening(tls);
    *out_wait = (enr_wait_t){.has_time = true, .until_ms = now_ms};
    return ENR_AGAIN;
}

static bool blames_ticket(const enr_tls_t *tls, enr_status_t status)
{
    bool may = status == ENR_E_TLS_ALERT || status == ENR_E_TLS_PROTOCOL || status == ENR_E_CLOSED ||
               status == ENR_E_RESET || status == ENR_E_TLS_RECORD; /* the code for a ticket whose host is damaged */
    return may && tls->state == SHAKING_HANDS && tls->offered;
}

static enr_status_t stream_open(void *ctx, enr_span_t host, uint16_t port, uint32_t now_ms, enr_phase_t *out_phase,
                                enr_wait_t *out_wait)
{
    enr_tls_t *tls = ctx;
    assert(tls->state != OPEN);
    tls->refused_before = process_refusals(); /* at each step: other streams may have been refused in between */
    enr_status_t status = tls->state == CLOSED ? begin_opening(tls, host, port) : ENR_OK;
    process_set_time(tls->now);
    if (status == ENR_OK && tls->state == NET_OPENING) {
        status = step_net_opening(tls, now_ms, out_phase, out_wait);
    }
    if (status == ENR_OK) {
        status = step_handshake(tls, now_ms, out_phase, out_wait);
    }
    if (blames_ticket(tls, status)) {
        return try_in_full(tls, now_ms, out_wait);
    }
    return status < 0 ? fail(tls, status) : status;
}

static enr_status_t stream_write(void *ctx, enr_span_t bytes, size_t *out_sent, enr_wait_t *out_wait)
{
    enr_tls_t *tls = ctx;
    assert(tls->state == OPEN && bytes.len > 0);
    session_t *session = tls->session;
    tls->refused_before = process_refusals();
    int result = mbedtls_ssl_write(&session->ssl, bytes.ptr, bytes.len);
    if (must_wait(result, out_wait)) {
        return ENR_AGAIN;
    }
    if (result < 0) {
        return fail(tls, status_of_failure(tls, result));
    }
    *out_sent = (size_t)result;
    return ENR_OK;
}

/* It wants to read and holds a ticket that it has read already: nothing may come that would wake a waiter (behaviours
   20). */
static bool holds_message(const mbedtls_ssl_context *ssl, int result)
{
    return result == MBEDTLS_ERR_SSL_WANT_READ && mbedtls_ssl_check_pending(ssl) != 0;
}

/* Reads application data past what is none of it: tickets, and empty records, which mbedTLS shows as 0 without an end.
   A peer that sends nothing else is not listened to for ever. */
static int read_data(enr_tls_t *tls, uint8_t *out, size_t capacity)
{
    enum { MOST_TURNS = 16 };
    session_t *session = tls->session;
    for (int turn = 0; turn < MOST_TURNS; turn++) {
        int result = mbedtls_ssl_read(&session->ssl, out, capacity);
        if (result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
            ticket_keep(tls);
        } else if (!holds_message(&session->ssl, result) && (result != 0 || tls->ended)) {
            return result;
        }
    }
    return MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE;
}

static enr_status_t stream_read(void *ctx, uint8_t *out, size_t capacity, size_t *out_len, enr_wait_t *out_wait)
{
    enr_tls_t *tls = ctx;
    assert(tls->state == OPEN && capacity > 0);
    tls->refused_before = process_refusals();
    process_set_time(tls->now);
    int result = read_data(tls, out, capacity);
    if (result == MBEDTLS_ERR_SSL_WANT_WRITE) {
        return fail(tls, ENR_E_TLS_PROTOCOL); /* it wants to refuse a renegotiation; nobody here asks for one */
    }
    if (must_wait(result, out_wait)) {
        return ENR_AGAIN;
    }
    if (result > 0) {
        *out_len = (size_t)result;
        return ENR_OK;
    }
    if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        return ENR_END;
    }
    bool cut = result == 0 || result == MBEDTLS_ERR_SSL_CONN_EOF; /* FIN without close_notify (behaviours 19) */
    return fail(tls, cut ? ENR_E_TLS_TRUNCATED : status_of_failure(tls, result));
}

static void stream_close(void *ctx)
{
    enr_tls_t *tls = ctx;
    if (tls->state == SHAKING_HANDS && tls->offered) {
        ticket_drop(tls); /* whoever gives up now may have been stalled because of it */
    }
    close_all(tls);
}

void enr_tls_start(enr_tls_t *tls, const enr_tls_config_t *config)
{
    assert(config->net != NULL && config->clock != NULL && config->anchors.get != NULL && config->pin_count != 1);
    *tls = (enr_tls_t){.config = *config, .state = CLOSED};
}

enr_stream_t enr_tls_stream(enr_tls_t *tls)
{
    return (enr_stream_t){
        .ctx = tls, .open = stream_open, .write = stream_write, .read = stream_read, .close = stream_close};
}
