/* Sealing what lies on flash: ChaCha20-Poly1305 (RFC 8439) through PSA, under keys derived once from the device's own
   (DESIGN 3, 7, 8). Needs no memory beyond its arguments: it works while TLS holds the whole arena. */
#ifndef ENRICH_SEAL_H
#define ENRICH_SEAL_H

#include "enrich/port.h"

/* Bytes that a sealed text is longer than the plain one. */
#define ENR_SEAL_TAG_LEN 16u

/* Bytes of a digest by enr_seal_digest. */
#define ENR_SEAL_DIGEST_LEN 32u

/* One purpose's keys. Private. Different purposes have unrelated keys, so that their nonces cannot meet. */
typedef struct {
    uint32_t cipher; /* PSA key identifiers */
    uint32_t digest;
} enr_seal_t;

/* Where a sealed text lies: its nonce, which is the three numbers one after the other, little-endian. A place names at
   most one text for ever: the epoch of a sector grows with every use of it, the offset is where the text begins (DESIGN
   8). */
typedef struct {
    uint32_t epoch;
    uint32_t offset;
    uint32_t salt; /* 0 but for a sector's header, which may be begun more than once under one epoch */
} enr_seal_place_t;

/* Bytes of the name of a purpose. */
#define ENR_SEAL_PURPOSE_MAX 16u

/* Derives the keys of one purpose (a name such as "journal") from the device's key: HMAC-SHA-256 under that key of the
   purpose with " cipher" or " digest" behind it. The two keys are kept by PSA; this is the one time that memory is
   taken for them. enr_tls_init must have given ENR_OK or ENR_E_ENTROPY. Asserts that purpose is 1 to
   ENR_SEAL_PURPOSE_MAX bytes. ENR_OK; ENR_E_KEY (the device has none); ENR_E_TLS_MEMORY (no memory, or no key slot);
   after an error there is nothing to close. */
ENR_NODISCARD enr_status_t enr_seal_init(enr_seal_t *seal, const enr_key_t *key, enr_span_t purpose);

/* Gives the keys back to PSA, which wipes them. Closing twice is allowed. */
void enr_seal_close(enr_seal_t *seal);

/* Seals plain at a place, bound to aad, which stays readable. out gets plain.len + ENR_SEAL_TAG_LEN bytes; it is where
   plain begins, or does not overlap it. ENR_OK; ENR_E_SEAL (the keys are gone: cannot happen after enr_seal_init). */
ENR_NODISCARD enr_status_t enr_seal_text(const enr_seal_t *seal, enr_seal_place_t place, enr_span_t aad,
                                         enr_span_t plain, uint8_t *out);

/* Opens a sealed text (its tag included): out gets sealed.len - ENR_SEAL_TAG_LEN bytes; it is where sealed begins,
   or does not overlap it. ENR_OK; ENR_E_SEAL: not what was sealed at this place with this aad; out is then zeroed.
   Asserts that sealed holds a tag. */
ENR_NODISCARD enr_status_t enr_seal_open(const enr_seal_t *seal, enr_seal_place_t place, enr_span_t aad,
                                         enr_span_t sealed, uint8_t *out);

/* A keyed digest (HMAC-SHA-256): for names on flash that nobody without the key can guess, such as whom a tombstone
   means. ENR_OK, ENR_E_SEAL. */
ENR_NODISCARD enr_status_t enr_seal_digest(const enr_seal_t *seal, enr_span_t text,
                                           uint8_t out_digest[ENR_SEAL_DIGEST_LEN]);

/* SHA-256 of bytes as they come, without a key: of what a sink is given, which answers with the same (agent.h,
   batches). Private. */
typedef struct {
    uint64_t opaque[32];
} enr_hash_t;

/* Begins; adds bytes, possibly none; ends, after which another start is needed. Needs no memory. Asserts that they are
   called in this order, and that enr_tls_init has been called. */
void enr_hash_start(enr_hash_t *hash);
void enr_hash_add(enr_hash_t *hash, enr_span_t bytes);
void enr_hash_finish(enr_hash_t *hash, uint8_t out_digest[ENR_SEAL_DIGEST_LEN]);

#endif
