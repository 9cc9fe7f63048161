#include "durable.h"

#include "board.h"
#include "enrich/flash.h"
#include "enrich/tls.h"

/* The store's region, in front of the journal's: two sectors, or so much that each half holds all that is kept. */
#define STORE_MIN 32768u

/* The roster's region, behind the journal's, on a part that has so much: some 10,000 attendees. */
#define ROSTER_SIZE 0x100000u
#define ROSTER_PART_MIN 0x400000u

/* Longest erase of a sector on parts like these: 2.6 s (S25FL128S, tSE). */
#define ERASE_MAX_MS 10000u

/* A piece of the part. */
typedef struct {
    enr_flash_region_t region;
    enr_flash_t flash;
} region_t;

static board_region_t whole;
static enr_flash_part_t part;
static region_t store_region, journal_region, roster_region;
static enr_key_t key;
static enr_seal_t store_seal, journal_seal;
static enr_store_t store;
static enr_journal_t journal;
static bool has_seed;
static uint8_t seed[ENR_STORE_SEED_LEN];
static uint32_t starts;
static int64_t kept_time;

void durable_settle(void)
{
    uint32_t since_ms = board_ms(NULL);
    while (enr_store_step(&store) == ENR_AGAIN && board_ms(NULL) - since_ms < ERASE_MAX_MS) {
        board_watchdog_feed();
    }
}

static void start_region(region_t *region, uint32_t offset, uint32_t size)
{
    enr_flash_region_start(&region->region, &part, offset, size);
    region->flash = enr_flash_region(&region->region);
}

static void split(void)
{
    uint32_t size = whole.flash.size;
    uint32_t sector = whole.flash.sector_size;
    uint32_t store_size = 2 * sector > STORE_MIN ? 2 * sector : STORE_MIN;
    uint32_t roster_size = size >= ROSTER_PART_MIN ? ROSTER_SIZE : 0;
    enr_flash_part_start(&part, &whole.flash);
    start_region(&store_region, 0, store_size);
    start_region(&journal_region, store_size, size - store_size - roster_size);
    if (roster_size > 0) {
        start_region(&roster_region, size - roster_size, roster_size);
    }
}

/* What the board gives is mixed in at each start, so that who knows the flash does not know what comes of it, and so
   that a first start has a seed. */
static void take_seed(void)
{
    uint8_t fresh[64];
    enr_entropy_t board = board_entropy();
    if (board.fill(board.ctx, fresh, sizeof fresh) == ENR_OK) {
        has_seed = enr_store_mix_seed(&store, (enr_span_t){fresh, sizeof fresh}) == ENR_OK;
        enr_wipe(fresh, sizeof fresh);
    }
    has_seed = enr_store_take_seed(&store, seed) == ENR_OK;
}

enr_status_t durable_store_start(void)
{
    enr_status_t status = board_flash_region(&whole, 0, board_flash_size());
    if (status != ENR_OK) {
        return status;
    }
    split();
    key = board_key();
    status = enr_seal_init(&store_seal, &key, ENR_SPAN("store"));
    status = status == ENR_OK ? enr_seal_init(&journal_seal, &key, ENR_SPAN("journal")) : status;
    if (status != ENR_OK) {
        return status;
    }
    const enr_store_config_t config = {.flash = &store_region.flash, .seal = &store_seal};
    while ((status = enr_store_mount(&store, &config)) == ENR_AGAIN) {
        board_watchdog_feed();
    }
    if (status != ENR_OK) {
        return status;
    }
    durable_settle();
    take_seed();
    kept_time = enr_store_time(&store, &kept_time) == ENR_OK ? kept_time : 0;
    return enr_store_count(&store, ENR_COUNTER_STARTS, 1, &starts);
}

static enr_status_t fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    if (!has_seed) {
        return ENR_E_ENTROPY;
    }
    enr_entropy_t board = board_entropy();
    enr_status_t status = board.fill(board.ctx, out, len);
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)((status == ENR_OK ? out[i] : 0) ^ seed[i % sizeof seed]);
    }
    return status;
}

enr_entropy_t durable_entropy(void)
{
    return (enr_entropy_t){.fill = fill};
}

enr_status_t durable_journal_start(void)
{
    enr_journal_config_t config = {.flash = &journal_region.flash, .seal = &journal_seal};
    enr_status_t status = enr_tls_random((uint8_t *)&config.salt, sizeof config.salt);
    while (status == ENR_OK && (status = enr_journal_mount(&journal, &config)) == ENR_AGAIN) {
        status = ENR_OK;
        board_watchdog_feed();
    }
    return status;
}

const char *durable_fault(enr_status_t status)
{
    switch (status) {
    case ENR_E_KEY:
        return "no key: nothing can be kept";
    case ENR_E_ENTROPY:
        return "no entropy: no TLS, and so no network";
    case ENR_E_SEAL:
        return "the flash was written under another key; nothing was changed";
    case ENR_E_VERSION:
        return "the flash was written by a newer program; nothing was changed";
    default:
        return "the flash does not answer as it should";
    }
}

enr_store_t *durable_store(void)
{
    return &store;
}

enr_journal_t *durable_journal(void)
{
    return &journal;
}

const enr_seal_t *durable_journal_seal(void)
{
    return &journal_seal;
}

const enr_seal_t *durable_store_seal(void)
{
    return &store_seal;
}

const enr_flash_t *durable_roster(void)
{
    return roster_region.flash.size > 0 ? &roster_region.flash : NULL;
}

uint32_t durable_starts(void)
{
    return starts;
}

int64_t durable_kept_time(void)
{
    return kept_time;
}
