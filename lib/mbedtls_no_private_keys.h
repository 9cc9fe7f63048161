/*
 * Read before those of mbedTLS's sources that call what needs a private key of ours. A client that shows no certificate
 * has none but those of a key exchange; with these calls gone the linker drops signing, decrypting, and reading and
 * writing private keys, 7 KB on a Cortex-M3. mbedTLS has no option that leaves them out.
 *
 * Each call fails as it would without a key. Nothing of checking a signature is touched.
 */
#ifndef ENR_MBEDTLS_NO_PRIVATE_KEYS_H
#define ENR_MBEDTLS_NO_PRIVATE_KEYS_H

#include "ssl_misc.h"

#include "rsa_alt_helpers.h"
#include "rsa_internal.h"

#ifdef ENR_MBEDTLS_RSA /* rsa.c, which completes a private key from parts of it */
#define mbedtls_rsa_deduce_primes(...) MBEDTLS_ERR_RSA_BAD_INPUT_DATA
#define mbedtls_rsa_deduce_private_exponent(...) MBEDTLS_ERR_RSA_BAD_INPUT_DATA
#else
#define mbedtls_rsa_check_pub_priv(...) MBEDTLS_ERR_RSA_KEY_CHECK_FAILED
#define mbedtls_rsa_parse_key(...) MBEDTLS_ERR_RSA_BAD_INPUT_DATA
#define mbedtls_rsa_write_key(...) MBEDTLS_ERR_RSA_BAD_INPUT_DATA
#define mbedtls_mpi_write_binary(...) MBEDTLS_ERR_PK_BAD_INPUT_DATA /* what a private EC key is handed to PSA with */
#define psa_sign_hash(...) PSA_ERROR_NOT_PERMITTED
#define psa_asymmetric_decrypt(...) PSA_ERROR_NOT_PERMITTED
#define psa_asymmetric_encrypt(...) PSA_ERROR_NOT_PERMITTED
#define mbedtls_ssl_own_key(ssl) ((mbedtls_pk_context *)NULL)
#define mbedtls_ssl_own_cert(ssl) ((mbedtls_x509_crt *)NULL)
#endif

#endif
