#include "enrich/tls.h"

#include "enrich/http_date.h"
#include "enrich/limits.h"
#include "enrich/url.h"

#include <assert.h>
#include <mbedtls/asn1.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/oid.h>
#include <mbedtls/platform.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>
#include <string.h>

enum { CLOSED, NET_OPENING, SHAKING_HANDS, OPEN };

/* mbedTLS's structs for one connection, in the program's TLS memory from the handshake to the close. */
typedef struct {
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
} session_t;

/* --- what mbedTLS keeps once per process --- */

static struct {
    const enr_tls_memory_t *memory;
    const enr_entropy_t *entropy;
    mbedtls_ctr_drbg_context generator;
    uint32_t refused; /* times that memory gave NULL: mbedTLS reports some of these as an untrusted certificate */
    bool seeded;
} process;

static void *take(size_t count, size_t size)
{
    void *piece = process.memory->take(process.memory->ctx, count, size);
    if (piece == NULL) {
        process.refused++;
    }
    return piece;
}

static void give(void *piece)
{
    process.memory->give(process.memory->ctx, piece);
}

static int gather(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    return process.entropy->fill(process.entropy->ctx, out, len) == ENR_OK ? 0
                                                                           : MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
}

static int generate(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    while (len > 0) {
        size_t piece = len < MBEDTLS_CTR_DRBG_MAX_REQUEST ? len : MBEDTLS_CTR_DRBG_MAX_REQUEST;
        int failure = mbedtls_ctr_drbg_random(&process.generator, out, piece);
        if (failure != 0) {
            return failure;
        }
        out += piece;
        len -= piece;
    }
    return 0;
}

/* The name is PSA's: it asks for random bytes by it (MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG). */
psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context, uint8_t *output,
                                             size_t output_size, size_t *output_length)
{
    (void)context;
    if (!process.seeded || generate(NULL, output, output_size) != 0) {
        return PSA_ERROR_INSUFFICIENT_ENTROPY;
    }
    *output_length = output_size;
    return PSA_SUCCESS;
}

enr_status_t enr_tls_init(const enr_tls_memory_t *memory, const enr_entropy_t *entropy)
{
    assert(memory != NULL && memory->take != NULL && memory->give != NULL);
    assert(entropy != NULL && entropy->fill != NULL);
    process.memory = memory;
    process.entropy = entropy;
    (void)mbedtls_platform_set_calloc_free(take, give); /* always 0 */
    if (!process.seeded) {
        mbedtls_ctr_drbg_init(&process.generator);
        if (mbedtls_ctr_drbg_seed(&process.generator, gather, NULL, NULL, 0) != 0) {
            mbedtls_ctr_drbg_free(&process.generator);
            return ENR_E_ENTROPY;
        }
        process.seeded = true;
    }
    return psa_crypto_init() == PSA_SUCCESS ? ENR_OK : ENR_E_TLS_MEMORY;
}

enr_status_t enr_tls_random(uint8_t *out, size_t len)
{
    return process.seeded && generate(NULL, out, len) == 0 ? ENR_OK : ENR_E_ENTROPY;
}

/* --- certificates --- */

static enr_status_t get_from_list(void *ctx, size_t index, enr_span_t *out_der)
{
    const enr_anchor_list_t *list = ctx;
    if (index >= list->count) {
        return ENR_END;
    }
    *out_der = list->der[index];
    return ENR_OK;
}

enr_anchors_t enr_anchors_of_list(const enr_anchor_list_t *list)
{
    return (enr_anchors_t){.ctx = (void *)(uintptr_t)list, .get = get_from_list};
}

static int64_t seconds_of(const mbedtls_x509_time *time)
{
    return enr_seconds_of_date((unsigned)time->year, (unsigned)time->mon, (unsigned)time->day, (unsigned)time->hour,
                               (unsigned)time->min, (unsigned)time->sec);
}

/* RFC 5280 4.1.2.5: both ends belong to the period. */
static uint32_t check_dates(const mbedtls_x509_crt *certificate, int64_t now)
{
    uint32_t flags = 0;
    if (now > seconds_of(&certificate->valid_to)) {
        flags |= MBEDTLS_X509_BADCERT_EXPIRED;
    }
    if (now < seconds_of(&certificate->valid_from)) {
        flags |= MBEDTLS_X509_BADCERT_FUTURE;
    }
    return flags;
}

/* One dNSName against the host (RFC 6125 6.4): a wildcard is the whole first label, stands for exactly one label, and
   has at least two labels behind it. */
static bool name_matches(enr_span_t name, enr_span_t host)
{
    if (name.len < 2 || name.ptr[0] != '*' || name.ptr[1] != '.') {
        return enr_span_equal_ignore_case(name, host);
    }
    const uint8_t *dot = host.len == 0 ? NULL : memchr(host.ptr, '.', host.len);
    if (dot == NULL || dot == host.ptr) {
        return false;
    }
    enr_span_t parent = enr_span_slice(name, 1, name.len);
    bool two_labels = memchr(parent.ptr + 1, '.', parent.len - 1) != NULL;
    return two_labels && enr_span_equal_ignore_case(parent, enr_span_slice(host, (size_t)(dot - host.ptr), host.len));
}

/* Stricter than mbedTLS's own check, which falls back to the common name and takes other kinds of name: only a dNSName
 * counts (RFC 9525 6.3). */
static bool has_name(const mbedtls_x509_crt *certificate, enr_span_t host)
{
    for (const mbedtls_x509_sequence *at = &certificate->subject_alt_names; at != NULL; at = at->next) {
        bool is_dns_name = (at->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) == MBEDTLS_X509_SAN_DNS_NAME;
        if (is_dns_name && name_matches((enr_span_t){at->buf.p, at->buf.len}, host)) {
            return true;
        }
    }
    return false;
}

/* mbedTLS calls this for every certificate of the chain that it has built. */
static int verify(void *ctx, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    const enr_tls_t *tls = ctx;
    *flags |= check_dates(certificate, tls->now);
    if (depth == 0 && !has_name(certificate, tls->host)) {
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    }
    return 0;
}

/* The subject of a certificate with its own header, found without parsing the rest (RFC 5280 4.1); empty when the DER
 * is odd. */
static enr_span_t subject_of(enr_span_t der)
{
    static const int BEFORE_SUBJECT[] = {
        MBEDTLS_ASN1_INTEGER,                             /* serialNumber */
        MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE, /* signature */
        MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE, /* issuer */
        MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE, /* validity */
    };
    const int sequence = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE;
    const int version = MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_ASN1_CONSTRUCTED;
    unsigned char *at = (unsigned char *)(uintptr_t)der.ptr; /* mbedTLS's readers move the pointer and write nothing */
    const unsigned char *end = der.ptr + der.len;
    size_t len = 0;
    if (mbedtls_asn1_get_tag(&at, end, &len, sequence) != 0 || mbedtls_asn1_get_tag(&at, end, &len, sequence) != 0) {
        return (enr_span_t){0};
    }
    if (mbedtls_asn1_get_tag(&at, end, &len, version) == 0) {
        at += len;
    }
    for (size_t i = 0; i < sizeof BEFORE_SUBJECT / sizeof BEFORE_SUBJECT[0]; i++) {
        if (mbedtls_asn1_get_tag(&at, end, &len, BEFORE_SUBJECT[i]) != 0) {
            return (enr_span_t){0};
        }
        at += len;
    }
    const unsigned char *subject = at;
    if (mbedtls_asn1_get_tag(&at, end, &len, sequence) != 0) {
        return (enr_span_t){0};
    }
    return (enr_span_t){subject, (size_t)(at - subject) + len};
}

/* mbedTLS asks for the anchors that may have issued `child`; it frees what it gets. Those in date come first: an
   expired root with the same name and key must not hide its renewed form. */
static int find_issuers(void *ctx, const mbedtls_x509_crt *child, mbedtls_x509_crt **out_candidates)
{
    const enr_tls_t *tls = ctx;
    enr_span_t issuer = {child->issuer_raw.p, child->issuer_raw.len};
    enr_span_t der = {0};
    mbedtls_x509_crt *first = NULL;
    for (size_t i = 0; tls->config.anchors.get(tls->config.anchors.ctx, i, &der) == ENR_OK; i++) {
        if (!enr_span_equal(subject_of(der), issuer)) {
            continue;
        }
        mbedtls_x509_crt *anchor = mbedtls_calloc(1, sizeof *anchor);
        if (anchor == NULL) {
            break; /* counted in process.refused: the failure will be told as what it is */
        }
        mbedtls_x509_crt_init(anchor);
        if (mbedtls_x509_crt_parse_der(anchor, der.ptr, der.len) != 0) {
            mbedtls_x509_crt_free(anchor);
            mbedtls_free(anchor);
            continue;
        }
        if (first != NULL && check_dates(anchor, tls->now) != 0) {
            anchor->next = first->next;
            first->next = anchor;
        } else {
            anchor->next = first;
            first = anchor;
        }
    }
    *out_candidates = first;
    return 0;
}

/* --- the connection below --- */

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
        return 0;
    }
    tls->net_failure = status;
    return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

/* --- failures --- */

/* The reason that a person should hear first: a stranger's certificate may be expired and misnamed as well, and one
 * with a weak signature leads nowhere because nobody checks that signature. */
static enr_status_t status_of_flags(uint32_t flags)
{
    static const struct {
        uint32_t flags;
        enr_status_t status;
    } REASONS[] = {
        {MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY, ENR_E_CERT_WEAK},
        {MBEDTLS_X509_BADCERT_NOT_TRUSTED, ENR_E_CERT_TRUST},
        {MBEDTLS_X509_BADCERT_CN_MISMATCH, ENR_E_CERT_NAME},
        {MBEDTLS_X509_BADCERT_EXPIRED, ENR_E_CERT_EXPIRED},
        {MBEDTLS_X509_BADCERT_FUTURE, ENR_E_CERT_NOT_YET_VALID},
        {MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE, ENR_E_CERT_USAGE},
    };
    bool gave_up = flags == UINT32_MAX; /* mbedTLS sets every flag when it could not even build a chain */
    for (size_t i = 0; i < sizeof REASONS / sizeof REASONS[0] && !gave_up; i++) {
        if ((flags & REASONS[i].flags) != 0) {
            return REASONS[i].status;
        }
    }
    return ENR_E_CERT_TRUST;
}

static enr_status_t status_of_failure(const enr_tls_t *tls, int failure)
{
    const session_t *session = tls->session;
    if (process.refused != tls->refused_before) {
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
        return status_of_flags(mbedtls_ssl_get_verify_result(&session->ssl));
    case MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG + MBEDTLS_ERR_OID_NOT_FOUND: /* SHA-1 and older: not even known here */
        return ENR_E_CERT_WEAK;
    case MBEDTLS_ERR_SSL_BAD_INPUT_DATA: /* it wanted to fetch more than its input buffer holds */
    case MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL:
        return ENR_E_TLS_RECORD;
    case MBEDTLS_ERR_SSL_CONN_EOF:
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        return ENR_E_CLOSED;
    default:
        return ENR_E_TLS_PROTOCOL;
    }
}

static void set_wait(int wanted, enr_wait_t *out_wait)
{
    out_wait->events = wanted == MBEDTLS_ERR_SSL_WANT_WRITE ? ENR_WAIT_WRITE : ENR_WAIT_READ;
}

static bool wants_more(int result)
{
    return result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE;
}

/* --- the stream --- */

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

/* ChaCha20-Poly1305 first: on a part without AES instructions it costs 0.4 of AES-GCM. Forward secrecy always. */
static const int CIPHERSUITES[] = {
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    0,
};

static int configure(enr_tls_t *tls, session_t *session)
{
    mbedtls_ssl_config *config = &session->config;
    int failure = mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                              MBEDTLS_SSL_PRESET_DEFAULT);
    if (failure != 0) {
        return failure;
    }
    mbedtls_ssl_conf_rng(config, generate, NULL);
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_cb(config, find_issuers, tls);
    mbedtls_ssl_conf_verify(config, verify, tls);
    mbedtls_ssl_conf_ciphersuites(config, CIPHERSUITES);
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
    int failure = configure(tls, session);
    if (failure != 0) {
        return status_of_failure(tls, failure);
    }
    tls->state = SHAKING_HANDS;
    return ENR_OK;
}

static enr_status_t begin_opening(enr_tls_t *tls, enr_span_t host)
{
    if (!enr_host_is_name(host)) {
        return ENR_E_SETTING;
    }
    enr_status_t status = tls->config.clock->wall(tls->config.clock->ctx, &tls->now);
    if (status != ENR_OK || tls->now < ENR_CLOCK_FLOOR) {
        return ENR_E_NO_TIME;
    }
    tls->host = host;
    tls->net_failure = ENR_OK;
    tls->refused_before = process.refused;
    tls->state = NET_OPENING;
    return ENR_OK;
}

static enr_status_t step_net_opening(enr_tls_t *tls, uint16_t port, uint32_t now_ms, enr_phase_t *out_phase,
                                     enr_wait_t *out_wait)
{
    const enr_net_t *net = tls->config.net;
    enr_status_t status = net->open(net->ctx, tls->host, port, now_ms, out_phase, out_wait);
    return status == ENR_OK ? begin_handshake(tls) : status;
}

/* One state of the handshake a call, so that the longest step is one flight's cryptography and not the whole
 * handshake's. */
static enr_status_t step_handshake(enr_tls_t *tls, uint32_t now_ms, enr_phase_t *out_phase, enr_wait_t *out_wait)
{
    session_t *session = tls->session;
    *out_phase = ENR_PHASE_HANDSHAKE;
    int result = mbedtls_ssl_handshake_step(&session->ssl);
    if (wants_more(result)) {
        set_wait(result, out_wait);
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
    return ENR_OK;
}

static enr_status_t stream_open(void *ctx, enr_span_t host, uint16_t port, uint32_t now_ms, enr_phase_t *out_phase,
                                enr_wait_t *out_wait)
{
    enr_tls_t *tls = ctx;
    assert(tls->state != OPEN);
    enr_status_t status = tls->state == CLOSED ? begin_opening(tls, host) : ENR_OK;
    if (status == ENR_OK && tls->state == NET_OPENING) {
        status = step_net_opening(tls, port, now_ms, out_phase, out_wait);
    }
    if (status == ENR_OK) {
        status = step_handshake(tls, now_ms, out_phase, out_wait);
    }
    return status < 0 ? fail(tls, status) : status;
}

static enr_status_t stream_write(void *ctx, enr_span_t bytes, size_t *out_sent, enr_wait_t *out_wait)
{
    enr_tls_t *tls = ctx;
    assert(tls->state == OPEN && bytes.len > 0);
    session_t *session = tls->session;
    tls->refused_before = process.refused;
    int result = mbedtls_ssl_write(&session->ssl, bytes.ptr, bytes.len);
    if (wants_more(result)) {
        set_wait(result, out_wait);
        return ENR_AGAIN;
    }
    if (result < 0) {
        return fail(tls, status_of_failure(tls, result));
    }
    *out_sent = (size_t)result;
    return ENR_OK;
}

static enr_status_t stream_read(void *ctx, uint8_t *out, size_t capacity, size_t *out_len, enr_wait_t *out_wait)
{
    enr_tls_t *tls = ctx;
    assert(tls->state == OPEN && capacity > 0);
    session_t *session = tls->session;
    tls->refused_before = process.refused;
    int result = mbedtls_ssl_read(&session->ssl, out, capacity);
    if (wants_more(result)) {
        set_wait(result, out_wait);
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
    close_all(ctx);
}

void enr_tls_start(enr_tls_t *tls, const enr_tls_config_t *config)
{
    assert(config->net != NULL && config->clock != NULL && config->anchors.get != NULL);
    *tls = (enr_tls_t){.config = *config, .state = CLOSED};
}

enr_stream_t enr_tls_stream(enr_tls_t *tls)
{
    return (enr_stream_t){
        .ctx = tls, .open = stream_open, .write = stream_write, .read = stream_read, .close = stream_close};
}
