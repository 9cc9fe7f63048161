/*
 * Read before mbedTLS's ssl_tls12_client.c, to undo a regression of 3.6.6 (Mbed-TLS/mbedtls issue 10668) without a
 * change to its source. A client that offers TLS 1.3 offers the RSA-PSS schemes, and "MUST be prepared to accept a
 * signature using that scheme even when TLS 1.2 is negotiated" (RFC 8446 4.2.3); 3.6.6 refuses it, and so every server
 * that speaks 1.2 only, has an RSA certificate and prefers PSS, as OpenSSL does.
 *
 * The caller goes on to check that the scheme was offered; that check (CVE-2026-25834) stays as it is.
 */
#ifndef ENR_MBEDTLS_TLS12_PSS_H
#define ENR_MBEDTLS_TLS12_PSS_H

#include "ssl_misc.h"

#if MBEDTLS_VERSION_NUMBER == 0x03060600
static inline int enr_sig_alg_is_supported(const mbedtls_ssl_context *ssl, uint16_t sig_alg)
{
    switch (sig_alg) {
    case MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256:
    case MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384:
    case MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512:
        return 1;
    default:
        return mbedtls_ssl_sig_alg_is_supported(ssl, sig_alg);
    }
}
#define mbedtls_ssl_sig_alg_is_supported enr_sig_alg_is_supported
#endif

#endif
