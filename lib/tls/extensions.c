/* What mbedTLS leaves unread of a certificate's extensions. */
#include "tls_internal.h"

#include "enrich/url.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>

#define SEQUENCE (MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE)
#define PERMITTED_SUBTREES (MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_ASN1_CONSTRUCTED | 0)
#define EXCLUDED_SUBTREES (MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_ASN1_CONSTRUCTED | 1)
#define DNS_NAME (MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_X509_SAN_DNS_NAME)

/* Takes one DER element of this tag off the front. False: something else stands there, and rest stays. */
static bool take(enr_span_t *rest, int tag, enr_span_t *out_content)
{
    if (rest->len == 0) {
        return false;
    }
    unsigned char *at = (unsigned char *)(uintptr_t)rest->ptr; /* mbedTLS moves it and writes nothing */
    size_t len = 0;
    if (mbedtls_asn1_get_tag(&at, rest->ptr + rest->len, &len, tag) != 0) {
        return false;
    }
    *out_content = (enr_span_t){at, len};
    *rest = enr_span_slice(*rest, (size_t)(at - rest->ptr) + len, rest->len);
    return true;
}

/* RFC 5280 4.2.1.10: the base itself, or any labels in front of it. An empty base is every name. */
static bool is_below(enr_span_t host, enr_span_t base)
{
    if (base.len == 0) {
        return true;
    }
    if (host.len < base.len) {
        return false;
    }
    size_t more = host.len - base.len;
    bool at_label = more == 0 || host.ptr[more - 1] == '.';
    return at_label && enr_span_equal_ignore_case(enr_span_slice(host, more, host.len), base);
}

typedef struct {
    bool has_dns;  /* at least one subtree is a dNSName */
    bool contains; /* the name is in one of these */
    bool meets;    /* it is a wildcard that stands for the base of one */
} subtrees_t;

/* GeneralSubtrees: at least one, each a base alone, since minimum and maximum must be absent in DER (RFC 5280
 * 4.2.1.10). False: malformed. A base of another form than dNSName says nothing of a dNSName. */
static bool read_subtrees(enr_span_t list, enr_span_t name, subtrees_t *out_found)
{
    *out_found = (subtrees_t){0};
    if (list.len == 0) {
        return false;
    }
    while (list.len > 0) {
        enr_span_t subtree;
        enr_span_t base;
        if (!take(&list, SEQUENCE, &subtree)) {
            return false;
        }
        if (subtree.len > 0 && subtree.ptr[0] == DNS_NAME) {
            if (!take(&subtree, DNS_NAME, &base) || subtree.len > 0 || (base.len > 0 && !enr_host_is_name(base))) {
                return false;
            }
            out_found->has_dns = true;
            out_found->contains = out_found->contains || is_below(name, base);
            out_found->meets = out_found->meets || chain_name_matches(name, base);
        }
    }
    return true;
}

/* NameConstraints of an issuer against one dNSName below it. */
static bool constraints_allow(enr_span_t value, enr_span_t name)
{
    enr_span_t lists;
    enr_span_t list;
    subtrees_t found;
    if (!take(&value, SEQUENCE, &lists) || value.len > 0 || lists.len == 0) {
        return false;
    }
    if (take(&lists, PERMITTED_SUBTREES, &list) &&
        (!read_subtrees(list, name, &found) || (found.has_dns && !found.contains))) {
        return false;
    }
    if (take(&lists, EXCLUDED_SUBTREES, &list) &&
        (!read_subtrees(list, name, &found) || found.contains || found.meets)) {
        return false;
    }
    return lists.len == 0;
}

/* Every dNSName of a certificate against the constraints of all issuers above it. */
static bool names_allowed(const enr_tls_t *tls, const mbedtls_x509_crt *certificate)
{
    for (const mbedtls_x509_sequence *at = &certificate->subject_alt_names; at != NULL; at = at->next) {
        for (size_t i = 0; i < tls->constraint_count && chain_is_dns_name(at); i++) {
            if (!constraints_allow(tls->constraints[i], (enr_span_t){at->buf.p, at->buf.len})) {
                return false;
            }
        }
    }
    return true;
}

/* A CA's certificate for its own next key: constraints of those above do not bind it (RFC 5280 6.1.3). */
static bool is_self_issued(const mbedtls_x509_crt *certificate)
{
    return enr_span_equal((enr_span_t){certificate->subject_raw.p, certificate->subject_raw.len},
                          (enr_span_t){certificate->issuer_raw.p, certificate->issuer_raw.len});
}

typedef struct {
    enr_span_t id;
    bool critical;
    enr_span_t value;
} extension_t;

static bool take_extension(enr_span_t *rest, extension_t *out_extension)
{
    enr_span_t fields;
    enr_span_t critical;
    if (!take(rest, SEQUENCE, &fields) || !take(&fields, MBEDTLS_ASN1_OID, &out_extension->id)) {
        return false;
    }
    out_extension->critical =
        take(&fields, MBEDTLS_ASN1_BOOLEAN, &critical) && critical.len == 1 && critical.ptr[0] != 0;
    return take(&fields, MBEDTLS_ASN1_OCTET_STRING, &out_extension->value);
}

static bool is_name_constraints(enr_span_t id)
{
    return enr_span_equal(id, ENR_SPAN(MBEDTLS_OID_NAME_CONSTRAINTS));
}

static bool is_key_identifier(enr_span_t id)
{
    return enr_span_equal(id, ENR_SPAN(MBEDTLS_OID_AUTHORITY_KEY_IDENTIFIER)) ||
           enr_span_equal(id, ENR_SPAN(MBEDTLS_OID_SUBJECT_KEY_IDENTIFIER));
}

bool extensions_allow(enr_tls_t *tls, const mbedtls_x509_crt *certificate, int depth)
{
    bool exempt = depth > 0 && is_self_issued(certificate);
    if (!exempt && !names_allowed(tls, certificate)) {
        return false;
    }
    enr_span_t all = {certificate->v3_ext.p, certificate->v3_ext.len};
    enr_span_t rest = {0};
    (void)take(&all, SEQUENCE, &rest); /* an older version has none */
    while (rest.len > 0) {
        extension_t extension;
        if (!take_extension(&rest, &extension) || (is_key_identifier(extension.id) && extension.critical)) {
            return false; /* RFC 5280 4.2.1.1, 4.2.1.2: never critical */
        }
        if (is_name_constraints(extension.id)) {
            if (depth == 0 || tls->constraint_count == ENR_TLS_CONSTRAINTS_MAX) {
                return false; /* RFC 5280 4.2.1.10: only an issuer may have them */
            }
            tls->constraints[tls->constraint_count++] = extension.value;
        }
    }
    return true;
}

int extensions_known(void *ctx, const mbedtls_x509_crt *certificate, const mbedtls_x509_buf *id, int critical,
                     const unsigned char *value, const unsigned char *end)
{
    (void)ctx;
    (void)certificate;
    (void)critical;
    (void)value;
    (void)end;
    return is_name_constraints((enr_span_t){id->p, id->len}) ? 0 : MBEDTLS_ERR_X509_INVALID_EXTENSIONS;
}
