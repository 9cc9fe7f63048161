/*
 * The one configuration of mbedTLS 3.6 for every build of libenrich, boards and host alike: a TLS client that knows
 * neither the heap, nor a clock, nor a file, nor a socket. Everything not named here is off.
 *
 * What may differ between builds is wrapped in #ifndef; its default is for the host.
 *
 * The cryptography is chosen by the PSA_WANT_ list (as in mbedTLS 4), and the TLS and X.509 code goes through PSA
 * alone, so that the move to 4.1 needs no change of code.
 */
#ifndef ENR_MBEDTLS_CONFIG_H
#define ENR_MBEDTLS_CONFIG_H

/* ---- The platform: what mbedTLS may ask of the outside ---------------------------------------------------------- */

/* Memory comes only from the functions that the program gives to mbedtls_platform_set_calloc_free(). Until then every
 * allocation fails: without the standard functions as a default, nothing here refers to malloc or free. */
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_NO_STD_FUNCTIONS
/* A pointer to a stub that fails instead of the C library's: a few printing helpers that nobody calls mention it. */
#define MBEDTLS_PLATFORM_SNPRINTF_ALT

/* MBEDTLS_HAVE_TIME_DATE is off: it would ask one clock per process. The tls room compares a certificate's dates with
 * the time of its own stream, in its verify callback. MBEDTLS_HAVE_TIME is on because a TLS 1.3 ticket is not even
 * offered without; both of its clocks are the tls room's, which answers with the time of the stream at work. */
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_PLATFORM_TIME_ALT
#define MBEDTLS_PLATFORM_MS_TIME_ALT

/* Assembly for big numbers, and constant-time helpers. */
#define MBEDTLS_HAVE_ASM
#define MBEDTLS_DEPRECATED_REMOVED

/* ---- Random numbers --------------------------------------------------------------------------------------------- */

/* The tls room seeds a CTR_DRBG from the port's entropy duty and answers mbedtls_psa_external_get_random() with it.
 * MBEDTLS_ENTROPY_C is off: it would gather by itself, from a source that a board does not have. */
#define MBEDTLS_CTR_DRBG_C
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG

/* ---- PSA -------------------------------------------------------------------------------------------------------- */

#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_USE_PSA_CRYPTO
#define MBEDTLS_PSA_CRYPTO_CONFIG
/* The PSA_WANT_ list stands below; this file, read a second time, is empty. */
#define MBEDTLS_PSA_CRYPTO_CONFIG_FILE MBEDTLS_CONFIG_FILE
/* No thread and no other program can change a buffer during a call; without this, PSA copies each one to the heap,
 * and sealing a record would need memory that a TLS connection may hold. */
#define MBEDTLS_PSA_ASSUME_EXCLUSIVE_BUFFERS
/* The table of keys is fixed, not grown on the heap. A connection holds two keys, and some more while it shakes hands;
 * a host runs many devices in one process, a board should say 16 (40 bytes each). */
#ifndef MBEDTLS_PSA_KEY_SLOT_COUNT
#define MBEDTLS_PSA_KEY_SLOT_COUNT 256
#endif

#define PSA_WANT_ALG_SHA_256 1
#define PSA_WANT_ALG_SHA_384 1
#define PSA_WANT_ALG_SHA_512 1 /* SHA-1 is off: no certificate in use is signed with it */
#define PSA_WANT_ALG_HMAC 1
#define PSA_WANT_KEY_TYPE_HMAC 1

#define PSA_WANT_KEY_TYPE_AES 1
#define PSA_WANT_KEY_TYPE_CHACHA20 1
#define PSA_WANT_ALG_GCM 1
#define PSA_WANT_ALG_CHACHA20_POLY1305 1 /* also seals the journal: its state needs no memory */

#define PSA_WANT_ALG_ECDH 1
#define PSA_WANT_ALG_ECDSA 1
#ifndef ENR_MBEDTLS_WITHOUT_X25519 /* 2 KB of flash; every server has P-256 (RFC 8446 9.1) */
#define PSA_WANT_ECC_MONTGOMERY_255 1
#endif
#define PSA_WANT_ECC_SECP_R1_256 1
#define PSA_WANT_ECC_SECP_R1_384 1
#define PSA_WANT_KEY_TYPE_ECC_PUBLIC_KEY 1
#define PSA_WANT_KEY_TYPE_ECC_KEY_PAIR_BASIC 1
#define PSA_WANT_KEY_TYPE_ECC_KEY_PAIR_IMPORT 1
#define PSA_WANT_KEY_TYPE_ECC_KEY_PAIR_EXPORT 1
#define PSA_WANT_KEY_TYPE_ECC_KEY_PAIR_GENERATE 1

#define PSA_WANT_ALG_RSA_PKCS1V15_SIGN 1
#define PSA_WANT_ALG_RSA_PSS 1
#define PSA_WANT_KEY_TYPE_RSA_PUBLIC_KEY 1

#define PSA_WANT_KEY_TYPE_DERIVE 1
#define PSA_WANT_ALG_TLS12_PRF 1
#define PSA_WANT_ALG_HKDF_EXTRACT 1
#define PSA_WANT_ALG_HKDF_EXPAND 1

/* ---- Arithmetic: code size against time and memory -------------------------------------------------------------- */

/* AES: constant tables in flash (in RAM they are 8.7 KB), one table of four (6 KB less flash). GCM and CTR never
 * decrypt a block. On a PC the processor's own instructions are used, which also leak nothing through the cache. */
#define MBEDTLS_AES_ROM_TABLES
#define MBEDTLS_AES_FEWER_TABLES
#define MBEDTLS_BLOCK_CIPHER_NO_DECRYPT
#define MBEDTLS_AESNI_C

/* The largest number is an RSA-4096 modulus. */
#define MBEDTLS_MPI_MAX_SIZE 512

/* Nobody here has a private RSA key. */
#define MBEDTLS_RSA_NO_CRT

/* Long division by 32-bit steps: no other code on a small processor needs the compiler's 64-bit division. */
#define MBEDTLS_NO_UDBL_DIVISION

/* Reduction made for each NIST prime: several times faster. */
#define MBEDTLS_ECP_NIST_OPTIM
/* Measured for P-256 on Cortex-M3: window 4 with the fixed table 66 million instructions a handshake, 2 without
 * 108 million, for 1.8 KB of flash. */
#ifndef MBEDTLS_ECP_WINDOW_SIZE
#define MBEDTLS_ECP_WINDOW_SIZE 4
#endif
#ifndef MBEDTLS_ECP_FIXED_POINT_OPTIM
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 1
#endif

/* ---- X.509: DER only, and only to verify ------------------------------------------------------------------------ */

#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C /* PSA's form of an ECDSA signature, even to verify one */
#define MBEDTLS_OID_C
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_PKCS1_V21
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_RSASSA_PSS_SUPPORT
/* Anchors are asked for by issuer, so that of a system's whole bundle only the matching one is parsed. */
#define MBEDTLS_X509_TRUSTED_CERTIFICATE_CALLBACK
/* No text form of certificates: it needs snprintf. */
#define MBEDTLS_X509_REMOVE_INFO

/* ---- TLS: client, 1.2 and 1.3 ----------------------------------------------------------------------------------- */

#define MBEDTLS_MD_C
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_PROTO_TLS1_3
/* Looks like 1.2 to boxes in between that know nothing newer (RFC 8446 D.4). */
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
/* Resumption: the PSK of a ticket, always with a fresh key exchange: a stolen ticket opens no recorded session. */
#define MBEDTLS_SSL_SESSION_TICKETS
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED
/* ChaCha20-Poly1305 first: on a part without AES instructions it costs 0.4 of AES-GCM. Forward secrecy always. A list
 * given here instead of to each connection keeps mbedTLS's own of all suites out of the image. */
#define MBEDTLS_SSL_CIPHERSUITES                                                                                       \
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, MBEDTLS_TLS1_3_AES_128_GCM_SHA256, MBEDTLS_TLS1_3_AES_256_GCM_SHA384,     \
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,    \
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,                \
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_ALL_ALERT_MESSAGES
/* TLS 1.3 requires it; it also keeps the certificate for the caller's own checks. */
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE
/* Tells a server the largest record that fits (RFC 8449). The older MBEDTLS_SSL_MAX_FRAGMENT_LENGTH is off: offered
 * beside 1.3, some servers echo it where mbedTLS must end the handshake. */
#define MBEDTLS_SSL_RECORD_SIZE_LIMIT

/* A record or handshake message larger than IN is an error. Servers' certificate messages run to 5 KB and some beyond
 * 9 KB; a request is at most about 4 KB and may leave in several records. */
#ifndef MBEDTLS_SSL_IN_CONTENT_LEN
#define MBEDTLS_SSL_IN_CONTENT_LEN 16384
#endif
#ifndef MBEDTLS_SSL_OUT_CONTENT_LEN
#define MBEDTLS_SSL_OUT_CONTENT_LEN 2048
#endif

#endif
