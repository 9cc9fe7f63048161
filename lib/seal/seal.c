#include "enrich/seal.h"

#include "enrich/span.h"

#include <assert.h>
#include <psa/crypto.h>
#include <string.h>

#define KEY_LEN 32u
#define NONCE_LEN 12u
#define MAC_ALG PSA_ALG_HMAC(PSA_ALG_SHA_256)

/* What a key is for. The suffix is put behind the name of a purpose when the key is derived from the device's. */
typedef struct {
    uint8_t suffix[7];
    psa_key_type_t type;
    psa_key_usage_t usage;
    psa_algorithm_t alg;
} key_kind_t;

static const key_kind_t cipher_kind = {.suffix = {' ', 'c', 'i', 'p', 'h', 'e', 'r'},
                                       .type = PSA_KEY_TYPE_CHACHA20,
                                       .usage = PSA_KEY_USAGE_ENCRYPT | PSA_KEY_USAGE_DECRYPT,
                                       .alg = PSA_ALG_CHACHA20_POLY1305};
static const key_kind_t mac_kind = {.suffix = {' ', 'd', 'i', 'g', 'e', 's', 't'},
                                    .type = PSA_KEY_TYPE_HMAC,
                                    .usage = PSA_KEY_USAGE_SIGN_MESSAGE,
                                    .alg = MAC_ALG};

static void make_nonce(enr_seal_place_t place, uint8_t out_nonce[NONCE_LEN])
{
    enr_put_32(out_nonce, place.epoch);
    enr_put_32(out_nonce + 4, place.offset);
    enr_put_32(out_nonce + 8, place.salt);
}

static bool import(const uint8_t material[KEY_LEN], const key_kind_t *kind, uint32_t *out_key)
{
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&attributes, kind->type);
    psa_set_key_usage_flags(&attributes, kind->usage);
    psa_set_key_algorithm(&attributes, kind->alg);
    return psa_import_key(&attributes, material, KEY_LEN, out_key) == PSA_SUCCESS;
}

static bool mac(uint32_t key, enr_span_t text, uint8_t out_mac[ENR_SEAL_DIGEST_LEN])
{
    size_t len = 0;
    return psa_mac_compute(key, MAC_ALG, text.ptr, text.len, out_mac, ENR_SEAL_DIGEST_LEN, &len) == PSA_SUCCESS;
}

static bool derive(uint32_t device, enr_span_t purpose, const key_kind_t *kind, uint32_t *out_key)
{
    uint8_t text[ENR_SEAL_PURPOSE_MAX + sizeof kind->suffix];
    uint8_t material[KEY_LEN];
    memcpy(text, purpose.ptr, purpose.len);
    memcpy(text + purpose.len, kind->suffix, sizeof kind->suffix);
    bool good =
        mac(device, (enr_span_t){text, purpose.len + sizeof kind->suffix}, material) && import(material, kind, out_key);
    enr_wipe(material, sizeof material);
    return good;
}

enr_status_t enr_seal_init(enr_seal_t *seal, const enr_key_t *key, enr_span_t purpose)
{
    assert(purpose.len > 0 && purpose.len <= ENR_SEAL_PURPOSE_MAX);
    *seal = (enr_seal_t){0};
    uint8_t material[KEY_LEN];
    if (key->get(key->ctx, material) != ENR_OK) {
        return ENR_E_KEY;
    }
    uint32_t device = 0;
    bool good = import(material, &mac_kind, &device);
    enr_wipe(material, sizeof material);
    good = good && derive(device, purpose, &cipher_kind, &seal->cipher) &&
           derive(device, purpose, &mac_kind, &seal->digest);
    (void)psa_destroy_key(device);
    if (!good) {
        enr_seal_close(seal);
        return ENR_E_TLS_MEMORY;
    }
    return ENR_OK;
}

void enr_seal_close(enr_seal_t *seal)
{
    (void)psa_destroy_key(seal->cipher); /* 0, no key, is allowed */
    (void)psa_destroy_key(seal->digest);
    *seal = (enr_seal_t){0};
}

enr_status_t enr_seal_text(const enr_seal_t *seal, enr_seal_place_t place, enr_span_t aad, enr_span_t plain,
                           uint8_t *out)
{
    uint8_t nonce[NONCE_LEN];
    make_nonce(place, nonce);
    size_t len = 0;
    psa_status_t status = psa_aead_encrypt(seal->cipher, PSA_ALG_CHACHA20_POLY1305, nonce, sizeof nonce, aad.ptr,
                                           aad.len, plain.ptr, plain.len, out, plain.len + ENR_SEAL_TAG_LEN, &len);
    return status == PSA_SUCCESS ? ENR_OK : ENR_E_SEAL;
}

enr_status_t enr_seal_open(const enr_seal_t *seal, enr_seal_place_t place, enr_span_t aad, enr_span_t sealed,
                           uint8_t *out)
{
    assert(sealed.len >= ENR_SEAL_TAG_LEN);
    uint8_t nonce[NONCE_LEN];
    make_nonce(place, nonce);
    size_t plain_len = sealed.len - ENR_SEAL_TAG_LEN;
    size_t len = 0;
    psa_status_t status = psa_aead_decrypt(seal->cipher, PSA_ALG_CHACHA20_POLY1305, nonce, sizeof nonce, aad.ptr,
                                           aad.len, sealed.ptr, sealed.len, out, plain_len, &len);
    if (status != PSA_SUCCESS) {
        enr_wipe(out, plain_len);
        return ENR_E_SEAL;
    }
    return ENR_OK;
}

enr_status_t enr_seal_digest(const enr_seal_t *seal, enr_span_t text, uint8_t out_digest[ENR_SEAL_DIGEST_LEN])
{
    return mac(seal->digest, text, out_digest) ? ENR_OK : ENR_E_SEAL;
}

/* --- plain digests --- */

_Static_assert(sizeof(psa_hash_operation_t) <= sizeof(enr_hash_t), "PSA's state fits");
_Static_assert(_Alignof(psa_hash_operation_t) <= _Alignof(enr_hash_t), "and lies as it must");

static psa_hash_operation_t *operation(enr_hash_t *hash)
{
    return (psa_hash_operation_t *)(void *)hash->opaque;
}

void enr_hash_start(enr_hash_t *hash)
{
    *hash = (enr_hash_t){0};
    psa_status_t status = psa_hash_setup(operation(hash), PSA_ALG_SHA_256);
    assert(status == PSA_SUCCESS);
    (void)status;
}

void enr_hash_add(enr_hash_t *hash, enr_span_t bytes)
{
    psa_status_t status = psa_hash_update(operation(hash), bytes.ptr, bytes.len);
    assert(status == PSA_SUCCESS);
    (void)status;
}

void enr_hash_finish(enr_hash_t *hash, uint8_t out_digest[ENR_SEAL_DIGEST_LEN])
{
    size_t len = 0;
    psa_status_t status = psa_hash_finish(operation(hash), out_digest, ENR_SEAL_DIGEST_LEN, &len);
    assert(status == PSA_SUCCESS && len == ENR_SEAL_DIGEST_LEN);
    (void)status;
}
