/* What mbedTLS keeps once per process: memory hook, random generator, clocks. */
#include "tls_internal.h"

#include <assert.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/platform.h>
#include <mbedtls/platform_time.h>
#include <psa/crypto.h>

static struct {
    const enr_tls_memory_t *memory;
    const enr_entropy_t *entropy;
    mbedtls_ctr_drbg_context generator;
    uint32_t refused; /* times that memory gave NULL: mbedTLS reports some of these as an untrusted certificate */
    bool seeded;
    int64_t now; /* of the stream at work, seconds since 1970 */
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

int process_random(void *ctx, unsigned char *out, size_t len)
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
    if (!process.seeded || process_random(NULL, output, output_size) != 0) {
        return PSA_ERROR_INSUFFICIENT_ENTROPY;
    }
    *output_length = output_size;
    return PSA_SUCCESS;
}

uint32_t process_refusals(void)
{
    return process.refused;
}

void process_set_time(int64_t seconds)
{
    process.now = seconds;
}

/* mbedTLS's clock for the age of tickets; the name is its own (MBEDTLS_PLATFORM_MS_TIME_ALT). */
mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return process.now * 1000;
}

/* mbedTLS's other clock. All that a client does with it is to fill the first bytes of its hello's random with it:
 * random ones tell less. */
static mbedtls_time_t random_time(mbedtls_time_t *out_time)
{
    uint32_t time = 0;
    (void)process_random(NULL, (unsigned char *)&time, sizeof time);
    if (out_time != NULL) {
        *out_time = (mbedtls_time_t)time;
    }
    return (mbedtls_time_t)time;
}

enr_status_t enr_tls_init(const enr_tls_memory_t *memory, const enr_entropy_t *entropy)
{
    assert(memory != NULL && memory->take != NULL && memory->give != NULL);
    assert(entropy != NULL && entropy->fill != NULL);
    process.memory = memory;
    process.entropy = entropy;
    (void)mbedtls_platform_set_calloc_free(take, give); /* always 0, like the next */
    (void)mbedtls_platform_set_time(random_time);
    if (psa_crypto_init() != PSA_SUCCESS) { /* takes no random bytes; twice is allowed */
        return ENR_E_TLS_MEMORY;
    }
    if (!process.seeded) {
        mbedtls_ctr_drbg_init(&process.generator);
        if (mbedtls_ctr_drbg_seed(&process.generator, gather, NULL, NULL, 0) != 0) {
            mbedtls_ctr_drbg_free(&process.generator);
            return ENR_E_ENTROPY;
        }
        process.seeded = true;
    }
    return ENR_OK;
}

enr_status_t enr_tls_random(uint8_t *out, size_t len)
{
    return process.seeded && process_random(NULL, out, len) == 0 ? ENR_OK : ENR_E_ENTROPY;
}

enr_status_t enr_tls_token(uint8_t out_token[ENR_TOKEN_LEN])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t random[ENR_TOKEN_LEN / 2];
    enr_status_t status = enr_tls_random(random, sizeof random);
    for (size_t i = 0; status == ENR_OK && i < sizeof random; i++) {
        out_token[2 * i] = (uint8_t)digits[random[i] >> 4];
        out_token[2 * i + 1] = (uint8_t)digits[random[i] & 0x0f];
    }
    return status;
}

static void *take_from_arena(void *ctx, size_t count, size_t size)
{
    return enr_arena_take(ctx, count, size);
}

static void give_to_arena(void *ctx, void *piece)
{
    enr_arena_give(ctx, piece);
}

enr_tls_memory_t enr_tls_memory_of_arena(enr_arena_t *arena)
{
    return (enr_tls_memory_t){.ctx = arena, .take = take_from_arena, .give = give_to_arena};
}
