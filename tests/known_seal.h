/* A seal for the purpose "journal" under a key that tests, benches and decoders know: 32 bytes of 0x5a. Nothing else of
   mbedTLS is needed, so there is no entropy. */
#ifndef KNOWN_SEAL_H
#define KNOWN_SEAL_H

#include "enrich/seal.h"
#include "enrich/tls.h"

#include <string.h>

static inline enr_status_t known_key(void *ctx, uint8_t out_key[32])
{
    (void)ctx;
    memset(out_key, 0x5a, 32);
    return ENR_OK;
}

static inline enr_status_t known_no_entropy(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    (void)out;
    (void)len;
    return ENR_E_ENTROPY;
}

/* To be called once in a program. False: it could not be made. */
static inline bool known_seal(enr_seal_t *out_seal)
{
    static _Alignas(8) uint8_t memory[4096];
    static enr_arena_t arena;
    static enr_tls_memory_t hook;
    static const enr_entropy_t entropy = {.fill = known_no_entropy};
    static const enr_key_t key = {.get = known_key};
    enr_arena_init(&arena, memory, sizeof memory);
    hook = enr_tls_memory_of_arena(&arena);
    return enr_tls_init(&hook, &entropy) == ENR_E_ENTROPY &&
           enr_seal_init(out_seal, &key, ENR_SPAN("journal")) == ENR_OK;
}

#endif
