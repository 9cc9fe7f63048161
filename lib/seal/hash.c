#include "enrich/seal.h"

#include <assert.h>
#include <psa/crypto.h>
#include <string.h>

_Static_assert(sizeof(psa_hash_operation_t) <= sizeof(enr_hash_t), "enr_hash_t holds PSA's state");
_Static_assert(_Alignof(psa_hash_operation_t) <= _Alignof(enr_hash_t), "and is aligned for it");

static psa_hash_operation_t *operation_of(enr_hash_t *hash)
{
    return (psa_hash_operation_t *)(void *)hash->state;
}

/* Without an accelerator nothing can fail but the order of calls. */
static void must(psa_status_t status)
{
    assert(status == PSA_SUCCESS);
    (void)status;
}

void enr_hash_start(enr_hash_t *hash)
{
    memset(hash, 0, sizeof *hash);
    must(psa_hash_setup(operation_of(hash), PSA_ALG_SHA_256));
}

void enr_hash_add(enr_hash_t *hash, enr_span_t bytes)
{
    must(psa_hash_update(operation_of(hash), bytes.ptr, bytes.len));
}

void enr_hash_end(enr_hash_t *hash, uint8_t out_digest[ENR_HASH_LEN])
{
    size_t len = 0;
    must(psa_hash_finish(operation_of(hash), out_digest, ENR_HASH_LEN, &len));
}
