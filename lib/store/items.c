/* What the single items mean. */
#include "store_internal.h"

#include <assert.h>
#include <string.h>

/* An item whose length is known. ENR_E_SEAL: it has another one. */
static enr_status_t load_exactly(enr_store_t *store, enr_store_item_t item, uint8_t *out, size_t len)
{
    size_t seen = 0;
    enr_status_t status = enr_store_get(store, item, out, len, &seen);
    return status == ENR_E_LIMIT || (status == ENR_OK && seen != len) ? ENR_E_SEAL : status;
}

/* --- the entropy seed --- */

#define SEED_RANDOM_MAX 64u
#define LABEL_LEN 4u

/* out: the digest of a label, the seed and further bytes. */
static enr_status_t derive(enr_store_t *store, const char label[LABEL_LEN + 1], const uint8_t seed[ENR_STORE_SEED_LEN],
                           enr_span_t more, uint8_t out[ENR_SEAL_DIGEST_LEN])
{
    uint8_t text[LABEL_LEN + ENR_STORE_SEED_LEN + SEED_RANDOM_MAX];
    enr_buffer_t buffer = enr_buffer_over(text, sizeof text);
    enr_buffer_append(&buffer, (enr_span_t){(const uint8_t *)label, LABEL_LEN});
    enr_buffer_append(&buffer, (enr_span_t){seed, ENR_STORE_SEED_LEN});
    enr_buffer_append(&buffer, more);
    enr_status_t status = enr_seal_digest(store->config.seal, enr_buffer_span(&buffer), out);
    enr_wipe(text, sizeof text);
    return status;
}

enr_status_t enr_store_take_seed(enr_store_t *store, uint8_t out_seed[ENR_STORE_SEED_LEN])
{
    uint8_t seed[ENR_STORE_SEED_LEN];
    uint8_t next[ENR_STORE_SEED_LEN];
    enr_status_t status = load_exactly(store, ENR_STORE_SEED, seed, sizeof seed);
    if (status == ENR_OK) {
        status = derive(store, "next", seed, (enr_span_t){NULL, 0}, next);
    }
    if (status == ENR_OK) {
        status = enr_store_put(store, ENR_STORE_SEED, (enr_span_t){next, sizeof next});
    }
    if (status == ENR_OK) {
        status = derive(store, "this", seed, (enr_span_t){NULL, 0}, out_seed);
    }
    enr_wipe(seed, sizeof seed);
    enr_wipe(next, sizeof next);
    return status;
}

enr_status_t enr_store_mix_seed(enr_store_t *store, enr_span_t random)
{
    assert(random.len > 0 && random.len <= SEED_RANDOM_MAX);
    uint8_t seed[ENR_STORE_SEED_LEN] = {0};
    enr_status_t status = load_exactly(store, ENR_STORE_SEED, seed, sizeof seed);
    if (status == ENR_OK || status == ENR_END) {
        status = derive(store, "more", seed, random, seed);
    }
    if (status == ENR_OK) {
        status = enr_store_put(store, ENR_STORE_SEED, (enr_span_t){seed, sizeof seed});
    }
    enr_wipe(seed, sizeof seed);
    return status;
}

/* --- the last good time --- */

#define TIME_LEN 8u
#define KEEP_EVERY_S 3600
#define KEPT_COUNTS_S ((uint32_t)7 * 86400)

enr_status_t enr_store_time(enr_store_t *store, int64_t *out_time)
{
    uint8_t bytes[TIME_LEN];
    enr_status_t status = load_exactly(store, ENR_STORE_TIME, bytes, sizeof bytes);
    if (status == ENR_OK) {
        *out_time = (int64_t)enr_get_64(bytes);
    }
    return status;
}

enr_status_t enr_store_keep_time(enr_store_t *store, int64_t now)
{
    int64_t kept = 0;
    enr_status_t status = enr_store_time(store, &kept);
    if (status == ENR_OK && now - kept < KEEP_EVERY_S) {
        return ENR_OK;
    }
    if (status != ENR_OK && status != ENR_END) {
        return status;
    }
    uint8_t bytes[TIME_LEN];
    enr_put_64(bytes, (uint64_t)now);
    return enr_store_put(store, ENR_STORE_TIME, (enr_span_t){bytes, sizeof bytes});
}

enr_status_t enr_store_believe(int64_t source, int64_t kept, uint32_t uptime_s, int64_t *out_now, bool *out_kept)
{
    int64_t floor = kept > ENR_CLOCK_FLOOR ? kept : ENR_CLOCK_FLOOR;
    *out_kept = source < floor;
    if (!*out_kept) {
        *out_now = source;
        return ENR_OK;
    }
    if (kept < ENR_CLOCK_FLOOR || uptime_s > KEPT_COUNTS_S) {
        return ENR_E_NO_TIME;
    }
    *out_now = kept + uptime_s;
    return ENR_OK;
}

/* --- Retry-After: until when, 0 where that is not known, and how long it was when it was kept --- */

#define NOT_BEFORE_LEN 12u

enr_status_t enr_store_keep_not_before(enr_store_t *store, int64_t now, uint32_t wait_s)
{
    if (wait_s == 0) {
        return enr_store_put(store, ENR_STORE_NOT_BEFORE, (enr_span_t){NULL, 0});
    }
    uint8_t bytes[NOT_BEFORE_LEN];
    enr_put_64(bytes, now == 0 ? 0 : (uint64_t)(now + wait_s));
    enr_put_32(bytes + 8, wait_s);
    return enr_store_put(store, ENR_STORE_NOT_BEFORE, (enr_span_t){bytes, sizeof bytes});
}

enr_status_t enr_store_not_before(enr_store_t *store, int64_t now, uint32_t *out_wait_s)
{
    uint8_t bytes[NOT_BEFORE_LEN];
    enr_status_t status = load_exactly(store, ENR_STORE_NOT_BEFORE, bytes, sizeof bytes);
    if (status != ENR_OK) {
        return status;
    }
    int64_t until = (int64_t)enr_get_64(bytes);
    uint32_t wait_s = enr_get_32(bytes + 8);
    if (now != 0 && until != 0) {
        if (until <= now) {
            return ENR_END;
        }
        wait_s = until - now < wait_s ? (uint32_t)(until - now) : wait_s;
    }
    *out_wait_s = wait_s;
    return ENR_OK;
}

/* --- counters --- */

#define COUNTER_LEN sizeof(uint32_t)

enr_status_t enr_store_count(enr_store_t *store, enr_counter_t counter, uint32_t by, uint32_t *out_value)
{
    assert(counter < ENR_COUNTERS);
    uint8_t bytes[ENR_COUNTERS * COUNTER_LEN] = {0};
    enr_status_t status = load_exactly(store, ENR_STORE_COUNTERS, bytes, sizeof bytes);
    if (status != ENR_OK && status != ENR_END) {
        return status;
    }
    uint8_t *place = bytes + COUNTER_LEN * (size_t)counter;
    uint32_t value = enr_get_32(place);
    value = by > UINT32_MAX - value ? UINT32_MAX : value + by;
    if (by > 0) {
        enr_put_32(place, value);
        status = enr_store_put(store, ENR_STORE_COUNTERS, (enr_span_t){bytes, sizeof bytes});
    } else {
        status = ENR_OK;
    }
    if (status == ENR_OK) {
        *out_value = value;
    }
    return status;
}
