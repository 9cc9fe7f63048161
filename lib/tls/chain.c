/* The checks of a server's certificate chain: which anchors, which name, which dates, which keys. */
#include "tls_internal.h"

#include "enrich/http_date.h"
#include "enrich/limits.h"
#include "enrich/url.h"

#include <assert.h>
#include <mbedtls/asn1.h>
#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/platform.h>
#include <psa/crypto.h>
#include <string.h>

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

bool chain_name_matches(enr_span_t name, enr_span_t host)
{
    if (name.len < 2 || name.ptr[0] != '*' || name.ptr[1] != '.') {
        return enr_span_equal_ignore_case(name, host);
    }
    const enr_span_t parent = enr_span_slice(name, 2, name.len);
    const size_t dot = enr_span_find(host, '.');
    const bool two_labels = enr_span_find(parent, '.') < parent.len;
    return two_labels && dot > 0 && dot < host.len &&
           enr_span_equal_ignore_case(parent, enr_span_slice(host, dot + 1, host.len));
}

bool chain_is_dns_name(const mbedtls_x509_sequence *name)
{
    return (name->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) == MBEDTLS_X509_SAN_DNS_NAME && name->buf.p != NULL;
}

/* Stricter than mbedTLS's own check, which falls back to the common name and takes other kinds of name: only a dNSName
 * counts (RFC 9525 6.3). */
static bool has_name(const mbedtls_x509_crt *certificate, enr_span_t host)
{
    for (const mbedtls_x509_sequence *at = &certificate->subject_alt_names; at != NULL; at = at->next) {
        if (chain_is_dns_name(at) && chain_name_matches((enr_span_t){at->buf.p, at->buf.len}, host)) {
            return true;
        }
    }
    return false;
}

void chain_start(enr_tls_t *tls)
{
    tls->pinned = false;
    tls->constraint_count = 0;
    tls->verified = false;
    tls->not_after = INT64_MAX;
}

static bool is_pinned(const enr_tls_t *tls, const mbedtls_x509_crt *certificate)
{
    uint8_t digest[32];
    size_t len = 0;
    if (psa_hash_compute(PSA_ALG_SHA_256, certificate->pk_raw.p, certificate->pk_raw.len, digest, sizeof digest,
                         &len) != PSA_SUCCESS) {
        return false;
    }
    for (size_t i = 0; i < tls->config.pin_count; i++) {
        if (memcmp(tls->config.pins[i], digest, sizeof digest) == 0) {
            return true;
        }
    }
    return false;
}

/* The server's own certificate: its name, what it is for, and that the key which a server holds cannot make more
 * certificates. */
static uint32_t check_server(const enr_tls_t *tls, const mbedtls_x509_crt *certificate)
{
    uint32_t flags = 0;
    if (!has_name(certificate, tls->host)) {
        flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    }
    if (mbedtls_x509_crt_check_key_usage(certificate, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0) {
        flags |= MBEDTLS_X509_BADCERT_KEY_USAGE; /* every cipher suite here signs */
    }
    bool may_issue = mbedtls_x509_crt_has_ext_type(certificate, MBEDTLS_X509_EXT_KEY_USAGE) &&
                     mbedtls_x509_crt_check_key_usage(certificate, MBEDTLS_X509_KU_KEY_CERT_SIGN) == 0;
    if (may_issue || mbedtls_x509_crt_get_ca_istrue(certificate) == 1) {
        flags |= MBEDTLS_X509_BADCERT_KEY_USAGE;
    }
    if (tls->config.pin_count > 0 && !tls->pinned) {
        flags |= MBEDTLS_X509_BADCERT_OTHER;
    }
    return flags;
}

int chain_verify(void *ctx, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    enr_tls_t *tls = ctx;
    int64_t not_after = seconds_of(&certificate->valid_to);
    tls->not_after = not_after < tls->not_after ? not_after : tls->not_after;
    *flags |= check_dates(certificate, tls->now);
    if (!extensions_allow(tls, certificate, depth)) {
        *flags |= MBEDTLS_X509_BADCERT_NOT_TRUSTED;
    }
    /* of an issuer too: a CA for mail must not speak for servers */
    if (mbedtls_x509_crt_check_extended_key_usage(certificate, MBEDTLS_OID_SERVER_AUTH,
                                                  MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)) != 0) {
        *flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
    }
    if (depth > 0) {
        tls->pinned = tls->pinned || is_pinned(tls, certificate);
        return 0;
    }
    *flags |= check_server(tls, certificate);
    tls->verified = true;
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
int chain_find_issuers(void *ctx, const mbedtls_x509_crt *child, mbedtls_x509_crt **out_candidates)
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
        int copy = tls->config.anchors.get != get_from_list; /* a list stays, and a root with RSA takes 1 to 2 KB */
        if (mbedtls_x509_crt_parse_der_with_ext_cb(anchor, der.ptr, der.len, copy, extensions_known, NULL) != 0) {
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

/* The reason that a person should hear first: a stranger's certificate may be expired and misnamed as well, and one
 * with a weak signature leads nowhere because nobody checks that signature. */
enr_status_t chain_status(uint32_t flags)
{
    static const struct {
        uint32_t flags;
        enr_status_t status;
    } REASONS[] = {
        {MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY, ENR_E_CERT_WEAK},
        {MBEDTLS_X509_BADCERT_NOT_TRUSTED, ENR_E_CERT_TRUST},
        {MBEDTLS_X509_BADCERT_CN_MISMATCH, ENR_E_CERT_NAME},
        {MBEDTLS_X509_BADCERT_OTHER, ENR_E_CERT_PIN},
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

#define UNKNOWN_ALGORITHM (MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG + MBEDTLS_ERR_OID_NOT_FOUND)

enr_status_t chain_reading_status(int failure)
{
/* mbedTLS's code without that of the layer below, which it adds: a negative multiple of 80. */
#define CODE(failure) (-(failure) >> 7)
    static const uint8_t weak[] = {
        CODE(MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG), /* SHA-1 and older: not even known here */
        CODE(MBEDTLS_ERR_PK_UNKNOWN_PK_ALG), CODE(MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE),
        CODE(MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE), /* a curve given by its parameters */
    };
    static const uint8_t unreadable[] = {
        CODE(MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE),
        CODE(MBEDTLS_ERR_X509_UNKNOWN_OID),
        CODE(MBEDTLS_ERR_X509_INVALID_FORMAT),
        CODE(MBEDTLS_ERR_X509_INVALID_VERSION),
        CODE(MBEDTLS_ERR_X509_INVALID_SERIAL),
        CODE(MBEDTLS_ERR_X509_INVALID_ALG),
        CODE(MBEDTLS_ERR_X509_INVALID_NAME),
        CODE(MBEDTLS_ERR_X509_INVALID_DATE),
        CODE(MBEDTLS_ERR_X509_INVALID_SIGNATURE),
        CODE(MBEDTLS_ERR_X509_INVALID_EXTENSIONS), /* an unknown critical one too */
        CODE(MBEDTLS_ERR_X509_UNKNOWN_VERSION),
        CODE(MBEDTLS_ERR_X509_SIG_MISMATCH),
        CODE(MBEDTLS_ERR_PK_KEY_INVALID_FORMAT),
        CODE(MBEDTLS_ERR_PK_INVALID_PUBKEY),
        CODE(MBEDTLS_ERR_PK_INVALID_ALG),
        CODE(MBEDTLS_ERR_ECP_INVALID_KEY), /* not a point of its curve */
        CODE(MBEDTLS_ERR_ECP_BAD_INPUT_DATA),
    };
    const int code = CODE(failure) & UINT8_MAX;
    return memchr(weak, code, sizeof weak) != NULL               ? ENR_E_CERT_WEAK
           : memchr(unreadable, code, sizeof unreadable) != NULL ? ENR_E_CERT_TRUST
                                                                 : ENR_E_TLS_PROTOCOL;
#undef CODE
}

/* Parses a chain into one list as the handshake does: any certificate that cannot be read ends it, but one of the
 * others than the server's own whose algorithm is unknown is left out. */
static enr_status_t parse_chain(const enr_span_t *chain, size_t count, mbedtls_x509_crt *out_list)
{
    uint32_t refused_before = process_refusals();
    for (size_t i = 0; i < count; i++) {
        int failure = mbedtls_x509_crt_parse_der(out_list, chain[i].ptr, chain[i].len);
        if (process_refusals() != refused_before) {
            return ENR_E_TLS_MEMORY;
        }
        if (failure != 0 && (i == 0 || failure != UNKNOWN_ALGORITHM)) {
            return chain_reading_status(failure);
        }
    }
    return ENR_OK;
}

enr_status_t enr_tls_check_chain(const enr_tls_config_t *config, enr_span_t host, const enr_span_t *chain, size_t count)
{
    assert(config->clock != NULL && config->anchors.get != NULL && config->pin_count != 1 && count > 0);
    enr_tls_t tls = {.config = *config, .host = host};
    if (!enr_host_is_name(host)) {
        return ENR_E_SETTING;
    }
    if (config->clock->wall(config->clock->ctx, &tls.now) != ENR_OK) {
        return ENR_E_NO_TIME;
    }
    chain_start(&tls);
    uint32_t refused_before = process_refusals();
    char name[ENR_HOST_MAX + 1];
    memcpy(name, host.ptr, host.len);
    name[host.len] = '\0';
    mbedtls_x509_crt list;
    mbedtls_x509_crt_init(&list);
    enr_status_t status = parse_chain(chain, count, &list);
    if (status == ENR_OK) {
        uint32_t flags = 0;
        int failure = mbedtls_x509_crt_verify_with_ca_cb(
            &list, chain_find_issuers, &tls, &mbedtls_x509_crt_profile_default, name, &flags, chain_verify, &tls);
        status = process_refusals() != refused_before ? ENR_E_TLS_MEMORY : failure == 0 ? ENR_OK : chain_status(flags);
    }
    mbedtls_x509_crt_free(&list);
    return status;
}
