/* store: every item across restarts and moves, limits, what it refuses to touch, and its bytes against FORMAT.md. Power
   cuts are tests/power. */
#include "enrich/store.h"

#include "enrich_posix.h"
#include "enrich_script.h"
#include "enrich_script_flash.h"
#include "exact.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static uint8_t device[32];

static enr_status_t get_key(void *ctx, uint8_t out_key[32])
{
    (void)ctx;
    memcpy(out_key, device, sizeof device);
    return ENR_OK;
}

static const enr_key_t key = {.get = get_key};
static enr_seal_t seal;

static int set_up(void **state)
{
    (void)state;
    static const enr_tls_memory_t memory = {.take = enr_posix_take, .give = enr_posix_give};
    static enr_entropy_t entropy;
    entropy = enr_posix_entropy();
    for (size_t i = 0; i < sizeof device; i++) {
        device[i] = (uint8_t)i;
    }
    return enr_tls_init(&memory, &entropy) == ENR_OK && enr_seal_init(&seal, &key, ENR_SPAN("store")) == ENR_OK ? 0
                                                                                                                : -1;
}

static int tear_down(void **state)
{
    (void)state;
    enr_seal_close(&seal);
    return 0;
}

/* --- a device: a part with a store on it --- */

static const enr_script_flash_config_t small = {
    .size = 2048, .sector_size = 1024, .page_size = 256, .program_unit = 1, .reprogram = true};
static const enr_script_flash_config_t usual = {
    .size = 8192, .sector_size = 4096, .page_size = 256, .program_unit = 1, .reprogram = true};
static const enr_script_flash_config_t words = {
    .size = 16384, .sector_size = 2048, .page_size = 256, .program_unit = 8};
static const enr_script_flash_config_t flash_words = {
    .size = 16384, .sector_size = 8192, .page_size = 256, .program_unit = 32};
static const enr_script_flash_config_t slow = {
    .size = 16384, .sector_size = 4096, .page_size = 256, .program_unit = 1, .reprogram = true, .erase_polls = 3};
static const enr_script_flash_config_t *const parts[] = {&small, &usual, &words, &flash_words, &slow};

typedef struct {
    enr_script_flash_t part;
    enr_flash_t flash;
    void *memory;
    enr_store_t store;
} device_t;

static void make(device_t *d, const enr_script_flash_config_t *config)
{
    d->memory = malloc(enr_script_flash_memory(config));
    assert_non_null(d->memory);
    enr_script_flash_start(&d->part, config, d->memory);
    d->flash = enr_script_flash(&d->part);
}

static void break_up(device_t *d)
{
    assert_int_equal(d->part.violations, 0);
    free(d->memory);
}

static enr_status_t mount(device_t *d)
{
    memset(&d->store, 0xA5, sizeof d->store);
    return enr_store_mount(&d->store, &(enr_store_config_t){.flash = &d->flash, .seal = &seal});
}

/* Steps until there is nothing left to do. */
static enr_status_t settle(device_t *d)
{
    enr_status_t status;
    int steps = 0;
    while ((status = enr_store_step(&d->store)) == ENR_AGAIN) {
        assert_true(++steps < 200);
    }
    return status;
}

static void start(device_t *d)
{
    assert_int_equal(mount(d), ENR_OK);
    assert_int_equal(settle(d), ENR_OK);
}

static void put(device_t *d, enr_store_item_t item, enr_span_t value)
{
    enr_status_t status = enr_store_put(&d->store, item, value);
    if (status == ENR_AGAIN) {
        assert_int_equal(settle(d), ENR_OK);
        status = enr_store_put(&d->store, item, value);
    }
    assert_int_equal(status, ENR_OK);
}

static void assert_item(device_t *d, enr_store_item_t item, enr_span_t value)
{
    uint8_t *out = malloc(value.len);
    size_t len = 0;
    assert_int_equal(enr_store_get(&d->store, item, out, value.len, &len), ENR_OK);
    assert_int_equal(len, value.len);
    assert_memory_equal(out, value.ptr, len);
    free(out);
}

static void assert_none(device_t *d, enr_store_item_t item)
{
    uint8_t out[1];
    size_t len = 0;
    assert_int_equal(enr_store_get(&d->store, item, out, sizeof out, &len), ENR_END);
}

/* --- items --- */

static void keeps_items_over_restarts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        device_t d;
        make(&d, parts[i]);
        start(&d);
        assert_none(&d, ENR_STORE_SETTINGS);
        put(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
        put(&d, ENR_STORE_AGENT, ENR_SPAN("x"));
        assert_item(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
        put(&d, ENR_STORE_SETTINGS, ENR_SPAN("green"));
        assert_item(&d, ENR_STORE_SETTINGS, ENR_SPAN("green"));
        for (int starts = 0; starts < 5; starts++) {
            start(&d);
            assert_item(&d, ENR_STORE_SETTINGS, ENR_SPAN("green"));
            assert_item(&d, ENR_STORE_AGENT, ENR_SPAN("x"));
            assert_none(&d, ENR_STORE_SEED);
        }
        put(&d, ENR_STORE_SETTINGS, (enr_span_t){NULL, 0});
        assert_none(&d, ENR_STORE_SETTINGS);
        start(&d);
        assert_none(&d, ENR_STORE_SETTINGS);
        assert_item(&d, ENR_STORE_AGENT, ENR_SPAN("x"));
        break_up(&d);
    }
}

/* behaviours 47: both halves wear alike, and a move comes only when one is full. */
static void moves_when_it_is_full(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        device_t d;
        uint8_t value[40];
        const unsigned writes = 2000;
        make(&d, parts[i]);
        start(&d);
        put(&d, ENR_STORE_SETTINGS, ENR_SPAN("stays as it is"));
        for (unsigned n = 0; n < writes; n++) {
            memset(value, (int)(n % 251), sizeof value);
            put(&d, n % 3 == 0 ? ENR_STORE_AGENT : ENR_STORE_COUNTERS, (enr_span_t){value, 1 + n % sizeof value});
        }
        assert_item(&d, ENR_STORE_SETTINGS, ENR_SPAN("stays as it is"));
        assert_item(&d, ENR_STORE_COUNTERS, (enr_span_t){value, 1 + (writes - 1) % sizeof value});
        uint32_t sectors = d.flash.size / d.flash.sector_size;
        uint32_t first = enr_script_flash_erase_count(&d.part, 0);
        uint32_t last = enr_script_flash_erase_count(&d.part, sectors - 1);
        assert_true(first == last || first == last + 1);
        uint32_t entry = d.flash.program_unit == 32 ? 96 : 80; /* the largest of them */
        uint32_t live = 32 + 32 + 64 + 2 * entry;
        assert_true(d.part.erases / (sectors / 2) <= 2 + writes * entry / (d.flash.size / 2 - live - entry));
        break_up(&d);
    }
}

static void says_when_something_does_not_fit(void **state)
{
    (void)state;
    static uint8_t large[ENR_STORE_ITEM_MAX + 1];
    device_t d;
    make(&d, &usual);
    start(&d);
    assert_int_equal(enr_store_put(&d.store, ENR_STORE_SETTINGS, (enr_span_t){large, sizeof large}), ENR_E_LIMIT);
    put(&d, ENR_STORE_SETTINGS, (enr_span_t){large, ENR_STORE_ITEM_MAX - 128});
    assert_item(&d, ENR_STORE_SETTINGS, (enr_span_t){large, ENR_STORE_ITEM_MAX - 128});

    uint8_t few[8];
    size_t len;
    assert_int_equal(enr_store_get(&d.store, ENR_STORE_SETTINGS, few, sizeof few, &len), ENR_E_LIMIT);

    /* 4,096 bytes, 64 of them for the header and entry 0: 1,952 and 2,080 just fit, 2,080 and 2,080 do not … */
    put(&d, ENR_STORE_SETTINGS, (enr_span_t){large, ENR_STORE_ITEM_MAX});
    assert_int_equal(enr_store_put(&d.store, ENR_STORE_SETTINGS, (enr_span_t){large, ENR_STORE_ITEM_MAX}), ENR_E_LIMIT);
    put(&d, ENR_STORE_SETTINGS, (enr_span_t){large, 1000});

    /* … and three quarters of a half are for what stays. */
    put(&d, ENR_STORE_AGENT, (enr_span_t){large, 1900});
    assert_int_equal(enr_store_put(&d.store, ENR_STORE_SEED, (enr_span_t){large, 100}), ENR_E_LIMIT);
    assert_none(&d, ENR_STORE_SEED);
    break_up(&d);
}

static void waits_for_its_first_move(void **state)
{
    (void)state;
    device_t d;
    uint8_t out[8];
    size_t len;
    make(&d, &slow);
    start(&d);
    put(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));

    assert_int_equal(mount(&d), ENR_OK);
    uint64_t before = d.part.operations;
    assert_int_equal(enr_store_get(&d.store, ENR_STORE_SETTINGS, out, sizeof out, &len), ENR_AGAIN);
    assert_int_equal(enr_store_put(&d.store, ENR_STORE_SETTINGS, ENR_SPAN("green")), ENR_AGAIN);
    assert_int_equal(d.part.operations, before);

    /* Between two steps nothing takes longer than one program or the start of one erase. */
    unsigned steps = 0;
    enr_status_t status;
    do {
        uint64_t erases = d.part.erases;
        uint64_t bytes = d.part.program_bytes;
        status = enr_store_step(&d.store);
        assert_true(d.part.erases - erases + (d.part.program_bytes > bytes) <= 1);
        assert_true(d.part.program_bytes - bytes <= 64);
        steps++;
    } while (status == ENR_AGAIN);
    assert_int_equal(status, ENR_OK);
    assert_true(steps >= 2 * (1 + slow.erase_polls));
    assert_int_equal(enr_store_step(&d.store), ENR_OK);
    assert_item(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    break_up(&d);
}

/* A second region of the part is being erased, and the part cannot be interrupted. */
static void waits_for_others_erases(void **state)
{
    (void)state;
    device_t d;
    uint8_t out[8];
    size_t len;
    enr_script_flash_config_t config = usual;
    config.size = 3 * 4096;
    config.erase_polls = 1000;
    make(&d, &config);
    d.flash.size = 2 * 4096;
    config.erase_polls = 0;
    d.part.config.erase_polls = 0;
    start(&d);
    put(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    d.part.config.erase_polls = 1000;
    assert_int_equal(d.flash.erase_start(d.flash.ctx, 2 * 4096), ENR_OK);
    assert_int_equal(enr_store_get(&d.store, ENR_STORE_SETTINGS, out, sizeof out, &len), ENR_AGAIN);
    assert_int_equal(enr_store_put(&d.store, ENR_STORE_SETTINGS, ENR_SPAN("green")), ENR_AGAIN);
    assert_int_equal(enr_store_step(&d.store), ENR_OK);
    assert_int_equal(mount(&d), ENR_AGAIN);
    while (d.flash.erase_busy(d.flash.ctx) == ENR_AGAIN) {
    }
    d.part.config.erase_polls = 0;
    start(&d);
    assert_item(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    break_up(&d);
}

/* --- what it refuses to touch --- */

static void refuse(device_t *d, enr_status_t wanted)
{
    enr_span_t before = exact(d->part.bytes, d->part.config.size);
    uint64_t operations = d->part.operations;
    assert_int_equal(mount(d), wanted);
    assert_int_equal(enr_store_step(&d->store), ENR_E_FLASH); /* also for a program that goes on regardless */
    assert_int_equal(enr_store_put(&d->store, ENR_STORE_AGENT, ENR_SPAN("x")), ENR_E_FLASH);
    assert_int_equal(d->part.operations, operations);
    assert_memory_equal(d->part.bytes, before.ptr, before.len);
    drop(before);
}

static void refuses_what_is_not_its_own(void **state)
{
    (void)state;
    device_t d;
    make(&d, &usual);
    start(&d);
    put(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));

    start(&d);
    for (uint32_t half = 0; half < 2; half++) { /* a newer version in one half is enough */
        uint8_t *version = d.part.bytes + 4096 * half + 4;
        version[0] = 2;
        version[1] = 0xfd;
        refuse(&d, ENR_E_VERSION);
        version[0] = 1;
        version[1] = 0xfe;
    }
    start(&d);
    assert_item(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    break_up(&d);
}

static void refuses_another_key(void **state)
{
    (void)state;
    device_t d;
    enr_seal_t own = seal;
    make(&d, &usual);
    start(&d);
    put(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    device[0] ^= 1;
    assert_int_equal(enr_seal_init(&seal, &key, ENR_SPAN("store")), ENR_OK);
    device[0] ^= 1;
    refuse(&d, ENR_E_SEAL);
    enr_seal_close(&seal);
    seal = own;
    start(&d);
    assert_item(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    break_up(&d);
}

static void refuses_what_is_no_store(void **state)
{
    (void)state;
    device_t d;
    make(&d, &usual);
    d.part.bytes[8191] = 0xfe;
    refuse(&d, ENR_E_SEAL);
    break_up(&d);
    make(&d, &usual);
    memset(d.part.bytes, 0, 8192);
    refuse(&d, ENR_E_SEAL);
    break_up(&d);
}

static void refuses_another_geometry(void **state)
{
    (void)state;
    device_t d;
    make(&d, &words);
    start(&d);
    put(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    d.flash.size = 8192;
    refuse(&d, ENR_E_SETTING);
    d.flash.size = 16384;
    d.flash.program_unit = 32;
    refuse(&d, ENR_E_SETTING);
    d.flash.program_unit = 8;
    start(&d);
    assert_item(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));

    const struct {
        uint32_t size, sector_size, page_size, program_unit;
    } rows[] = {
        {6144, 2048, 256, 1}, {0, 2048, 256, 1},    {1024, 512, 256, 1},  {4096, 2048, 0, 1},
        {4096, 0, 256, 1},    {4096, 2048, 256, 0}, {4096, 2048, 48, 3},  {4096, 2048, 256, 64},
        {4096, 2048, 100, 8}, {4000, 2000, 256, 8}, {5000, 2048, 256, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        d.flash.size = rows[i].size;
        d.flash.sector_size = rows[i].sector_size;
        d.flash.page_size = rows[i].page_size;
        d.flash.program_unit = rows[i].program_unit;
        refuse(&d, ENR_E_SETTING);
    }
    break_up(&d);
}

/* --- damage --- */

static void reads_on_when_a_half_is_worn_out(void **state)
{
    (void)state;
    device_t d;
    make(&d, &usual);
    start(&d);
    put(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    enr_script_flash_break(&d.part, 1);
    assert_int_equal(mount(&d), ENR_OK);
    assert_int_equal(settle(&d), ENR_E_FLASH);
    assert_int_equal(enr_store_step(&d.store), ENR_E_FLASH);
    assert_item(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    assert_int_equal(enr_store_put(&d.store, ENR_STORE_SETTINGS, ENR_SPAN("green")), ENR_E_FLASH);
    assert_item(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    break_up(&d);
}

static void moves_away_from_a_place_that_fails(void **state)
{
    (void)state;
    device_t d;
    make(&d, &usual);
    start(&d);
    put(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    enr_script_flash_break(&d.part, 0);
    assert_int_equal(enr_store_put(&d.store, ENR_STORE_SETTINGS, ENR_SPAN("green")), ENR_E_FLASH);
    assert_item(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    put(&d, ENR_STORE_SETTINGS, ENR_SPAN("green")); /* in the other half */
    assert_item(&d, ENR_STORE_SETTINGS, ENR_SPAN("green"));
    break_up(&d);
}

/* A part that says it has programmed all, and has left out a byte. */
static enr_status_t (*sound_program)(void *ctx, uint32_t offset, const uint8_t *bytes, uint32_t len);

static enr_status_t weak_program(void *ctx, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    uint8_t seen[256];
    memcpy(seen, bytes, len);
    seen[len / 2] = 0xff;
    return sound_program(ctx, offset, seen, len);
}

static void reads_back_what_it_writes(void **state)
{
    (void)state;
    device_t d;
    make(&d, &usual);
    start(&d);
    put(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    sound_program = d.flash.program;
    d.flash.program = weak_program;
    assert_int_equal(enr_store_put(&d.store, ENR_STORE_SETTINGS, ENR_SPAN("green")), ENR_E_FLASH);
    assert_item(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    assert_int_equal(enr_store_put(&d.store, ENR_STORE_SETTINGS, ENR_SPAN("green")), ENR_AGAIN);
    assert_int_equal(settle(&d), ENR_E_FLASH); /* no half can be made to count */
    assert_item(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    d.flash.program = sound_program;
    start(&d);
    assert_item(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    break_up(&d);
}

/* Every bit of the half that counts, turned over: each item is right, or older, or not there, or told as damaged; and
   only one of them is hit. */
static void one_turned_bit_costs_at_most_one_item(void **state)
{
    (void)state;
    device_t d;
    make(&d, &small);
    start(&d);
    put(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    start(&d);
    put(&d, ENR_STORE_AGENT, ENR_SPAN("one"));
    put(&d, ENR_STORE_SETTINGS, ENR_SPAN("green"));
    put(&d, ENR_STORE_SEED, ENR_SPAN("two"));
    enr_span_t before = exact(d.part.bytes, d.part.config.size);
    for (size_t bit = 0; bit < 8 * 400; bit++) {
        d.part.bytes[1024 + bit / 8] ^= (uint8_t)(1u << bit % 8);
        enr_status_t status = mount(&d);
        if (bit / 8 >= 32) { /* the header: the other half may be taken, which is older */
            assert_int_equal(status, ENR_OK);
            assert_int_equal(settle(&d), ENR_OK);
            static const enr_store_item_t items[] = {ENR_STORE_SETTINGS, ENR_STORE_AGENT, ENR_STORE_SEED};
            static const char *const values[] = {"green", "one", "two"};
            int wrong = 0;
            for (size_t i = 0; i < COUNT(items); i++) {
                uint8_t out[8] = {0};
                size_t len = 0;
                status = enr_store_get(&d.store, items[i], out, sizeof out, &len);
                bool right = status == ENR_OK && strcmp((const char *)out, values[i]) == 0;
                assert_true(right || status == ENR_END || status == ENR_E_SEAL ||
                            (i == 0 && strcmp((const char *)out, "red") == 0));
                wrong += !right;
            }
            assert_true(wrong <= 1);
        }
        enr_script_flash_start(&d.part, &small, d.memory);
        memcpy(d.part.bytes, before.ptr, before.len);
    }
    drop(before);
    break_up(&d);
}

/* An old value, written behind the newest by somebody who has no key. */
static void an_old_value_does_not_win_again(void **state)
{
    (void)state;
    device_t d;
    make(&d, &small);
    start(&d);
    put(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    put(&d, ENR_STORE_SETTINGS, ENR_SPAN("green"));
    memcpy(d.part.bytes + 64 + 96, d.part.bytes + 64, 48);
    start(&d);
    assert_item(&d, ENR_STORE_SETTINGS, ENR_SPAN("green"));
    break_up(&d);
}

/* --- the bytes --- */

static void parse_hex(const char *hex, uint8_t *out)
{
    for (size_t i = 0; hex[2 * i] != '\0'; i++) {
        char byte[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
}

/* The first session sets settings to "red", then to "green", and adds 3 to counter 1; the second one keeps a time. The
   bytes were made from FORMAT.md by a program of its own, with another implementation of the cipher. */
static void writes_what_the_format_says(void **state)
{
    (void)state;
    static const char first[] =
        "454e525301fe10000100000000080000a8413cc2877bce625af8264ebdce66b7000000000100000020000000cca768c6"
        "d1f43dc44b455414d34c39356007c32e010003000100000040000000cc03026cd0a02a81e34c9cb8edc958114e563b45"
        "feb976000000000000000000000000000100050001000000700000008c7cb98c627befeb8c29dd88b5a79adbd0c4ac96"
        "937909a11d00000000000000000000000500200001000000a000000002ef8f98db2ba4f54385975e64fb1d1f95a6bcdf"
        "3f1b8ae159caea406d328e14c055615a047f442ebaad8a34df79804ed9875e6a";
    static const char second[] =
        "454e525301fe10000200000000080000a27f66f00bf08715859c607f288e518e0100050001000000700000008c7cb98c"
        "627befeb8c29dd88b5a79adbd0c4ac96937909a11d00000000000000000000000500200001000000a000000002ef8f98"
        "db2ba4f54385975e64fb1d1f95a6bcdf3f1b8ae159caea406d328e14c055615a047f442ebaad8a34df79804ed9875e6a"
        "0000000002000000900400000f6321b8efd8e047b64d6e1faeacde6df74047ef0300080002000000b00400006e07cb6d"
        "3f8329db7aac2581b7648363bd7d78d95f507b3f5ae93a860000000000000000";
    uint8_t wanted[2048];
    memset(wanted, 0xff, sizeof wanted);
    parse_hex(first, wanted);
    parse_hex(second, wanted + 1024);
    device_t d;
    uint32_t value;
    make(&d, &small);
    start(&d);
    put(&d, ENR_STORE_SETTINGS, ENR_SPAN("red"));
    put(&d, ENR_STORE_SETTINGS, ENR_SPAN("green"));
    assert_int_equal(enr_store_count(&d.store, ENR_COUNTER_PROVISIONED, 3, &value), ENR_OK);
    start(&d);
    assert_int_equal(enr_store_keep_time(&d.store, 1800000000), ENR_OK);
    assert_memory_equal(d.part.bytes, wanted, sizeof wanted);
    break_up(&d);
}

/* --- the entropy seed (behaviours 18) --- */

static void gives_no_seed_twice(void **state)
{
    (void)state;
    device_t d;
    uint8_t seeds[20][ENR_STORE_SEED_LEN];
    uint8_t wanted[ENR_STORE_SEED_LEN];
    make(&d, &usual);
    start(&d);
    assert_int_equal(enr_store_take_seed(&d.store, seeds[0]), ENR_END);
    assert_int_equal(enr_store_mix_seed(&d.store, ENR_SPAN("random")), ENR_OK);
    for (size_t i = 0; i < COUNT(seeds); i++) {
        if (i % 3 != 1) {
            start(&d);
        }
        assert_int_equal(enr_store_take_seed(&d.store, seeds[i]), ENR_OK);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(seeds[i], seeds[k], ENR_STORE_SEED_LEN);
        }
    }
    parse_hex("be317fec63bcdaa18fb81cabc9f24413fe3941555d9c09585a7d1c08d463412b", wanted);
    assert_memory_equal(seeds[0], wanted, sizeof wanted);
    parse_hex("d27e2f3d6d32db8be3218b1bcf97948d2f7528370a45cd3f5a8dbb34aca72e70", wanted);
    assert_memory_equal(seeds[1], wanted, sizeof wanted);
    assert_int_equal(enr_store_mix_seed(&d.store, ENR_SPAN("random")), ENR_OK);
    assert_int_equal(enr_store_take_seed(&d.store, seeds[0]), ENR_OK);
    for (size_t k = 1; k < COUNT(seeds); k++) {
        assert_memory_not_equal(seeds[0], seeds[k], ENR_STORE_SEED_LEN);
    }
    break_up(&d);
}

/* Rewritten before use: cut while it is, the seed is not given out, and a later start gives another one than any
 * before. */
static void a_cut_gives_no_seed(void **state)
{
    (void)state;
    for (int kind = 0; kind < ENR_SCRIPT_CUT_KINDS; kind++) {
        device_t d;
        uint8_t before[ENR_STORE_SEED_LEN];
        uint8_t cut[ENR_STORE_SEED_LEN];
        uint8_t after[ENR_STORE_SEED_LEN];
        make(&d, &usual);
        start(&d);
        assert_int_equal(enr_store_mix_seed(&d.store, ENR_SPAN("random")), ENR_OK);
        assert_int_equal(enr_store_take_seed(&d.store, before), ENR_OK);
        memset(cut, 0xA5, sizeof cut);
        d.part.cut_at = d.part.operations + 1;
        d.part.cut_kind = (enr_script_cut_t)kind;
        assert_int_equal(enr_store_take_seed(&d.store, cut), ENR_E_FLASH);
        for (size_t i = 0; i < sizeof cut; i++) {
            assert_int_equal(cut[i], 0xA5);
        }
        enr_script_flash_power_on(&d.part);
        start(&d);
        assert_int_equal(enr_store_take_seed(&d.store, after), ENR_OK);
        assert_memory_not_equal(after, before, sizeof after);
        break_up(&d);
    }
}

/* --- time (DESIGN 4, behaviours 16) --- */

#define FLOOR ((int64_t)ENR_CLOCK_FLOOR)
#define DAY 86400

static void writes_the_time_once_an_hour(void **state)
{
    (void)state;
    device_t d;
    int64_t kept = 0;
    make(&d, &usual);
    start(&d);
    assert_int_equal(enr_store_time(&d.store, &kept), ENR_END);
    const struct {
        int64_t now, kept;
    } rows[] = {{FLOOR, FLOOR},
                {FLOOR + 3599, FLOOR},
                {FLOOR + 3600, FLOOR + 3600},
                {FLOOR, FLOOR + 3600},
                {FLOOR + 40 * DAY, FLOOR + 40 * DAY}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t programs = d.part.programs;
        int64_t before = kept;
        assert_int_equal(enr_store_keep_time(&d.store, rows[i].now), ENR_OK);
        assert_int_equal(enr_store_time(&d.store, &kept), ENR_OK);
        assert_int_equal(kept, rows[i].kept);
        assert_int_equal(d.part.programs > programs, kept != before);
        start(&d);
        assert_int_equal(enr_store_time(&d.store, &kept), ENR_OK);
        assert_int_equal(kept, rows[i].kept);
    }
    break_up(&d);
}

static void believes_what_may_be_believed(void **state)
{
    (void)state;
    const struct {
        int64_t source, kept;
        uint32_t uptime;
        enr_status_t status;
        int64_t now;
        bool rests;
    } rows[] = {
        {FLOOR, 0, 0, ENR_OK, FLOOR, false},
        {FLOOR - 1, 0, 0, ENR_E_NO_TIME, 0, false},
        {0, 0, 0, ENR_E_NO_TIME, 0, false},
        {FLOOR + 9 * DAY, FLOOR + 8 * DAY, 100 * DAY, ENR_OK, FLOOR + 9 * DAY, false},
        {FLOOR + 8 * DAY, FLOOR + 8 * DAY, 0, ENR_OK, FLOOR + 8 * DAY, false},
        {FLOOR + 8 * DAY - 1, FLOOR + 8 * DAY, 5, ENR_OK, FLOOR + 8 * DAY + 5, true}, /* older than the kept one */
        {0, FLOOR, 5, ENR_OK, FLOOR + 5, true},
        {0, FLOOR, 7 * DAY, ENR_OK, FLOOR + 7 * DAY, true},
        {0, FLOOR, 7 * DAY + 1, ENR_E_NO_TIME, 0, false},
        {0, FLOOR - 1, 5, ENR_E_NO_TIME, 0, false}, /* kept by an older build */
        {0, FLOOR, UINT32_MAX, ENR_E_NO_TIME, 0, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t now = 0;
        bool rests = false;
        assert_int_equal(enr_store_believe(rows[i].source, rows[i].kept, rows[i].uptime, &now, &rests), rows[i].status);
        if (rows[i].status == ENR_OK) {
            assert_int_equal(now, rows[i].now);
            assert_int_equal(rests, rows[i].rests);
        }
    }
}

/* --- Retry-After (behaviours 26, 27) --- */

static void bounds_a_kept_wait(void **state)
{
    (void)state;
    const struct {
        int64_t kept_at;
        uint32_t wait;
        int64_t now;
        enr_status_t status;
        uint32_t left;
    } rows[] = {
        {FLOOR, 600, FLOOR, ENR_OK, 600},
        {FLOOR, 600, FLOOR + 599, ENR_OK, 1},
        {FLOOR, 600, FLOOR + 600, ENR_END, 0},
        {FLOOR, 600, FLOOR + 99 * DAY, ENR_END, 0},
        {FLOOR, 600, FLOOR - 99 * DAY, ENR_OK, 600}, /* the clock went back: not for 99 days */
        {FLOOR, 600, 0, ENR_OK, 600},
        {0, 600, FLOOR, ENR_OK, 600},
        {0, 600, 0, ENR_OK, 600},
        {FLOOR, 0, FLOOR, ENR_END, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        device_t d;
        uint32_t left = 0;
        make(&d, &usual);
        start(&d);
        assert_int_equal(enr_store_not_before(&d.store, rows[i].now, &left), ENR_END);
        assert_int_equal(enr_store_keep_not_before(&d.store, FLOOR, 5), ENR_OK);
        assert_int_equal(enr_store_keep_not_before(&d.store, rows[i].kept_at, rows[i].wait), ENR_OK);
        start(&d);
        assert_int_equal(enr_store_not_before(&d.store, rows[i].now, &left), rows[i].status);
        assert_int_equal(left, rows[i].left);
        uint64_t programs = d.part.programs;
        assert_int_equal(enr_store_keep_not_before(&d.store, 0, 0), ENR_OK);
        assert_int_equal(enr_store_keep_not_before(&d.store, 0, 0), ENR_OK);
        assert_true(d.part.programs <= programs + 1); /* what is gone costs nothing */
        assert_int_equal(enr_store_not_before(&d.store, FLOOR, &left), ENR_END);
        break_up(&d);
    }
}

/* --- counters --- */

static void counts_on_over_restarts(void **state)
{
    (void)state;
    device_t d;
    uint32_t value = 9;
    make(&d, &usual);
    start(&d);
    assert_int_equal(enr_store_count(&d.store, ENR_COUNTER_STARTS, 0, &value), ENR_OK);
    assert_int_equal(value, 0);
    for (uint32_t i = 1; i <= 5; i++) {
        start(&d);
        assert_int_equal(enr_store_count(&d.store, ENR_COUNTER_STARTS, 1, &value), ENR_OK);
        assert_int_equal(value, i);
    }
    assert_int_equal(enr_store_count(&d.store, ENR_COUNTER_PROVISIONED, UINT32_MAX, &value), ENR_OK);
    assert_int_equal(enr_store_count(&d.store, ENR_COUNTER_PROVISIONED, 7, &value), ENR_OK);
    assert_int_equal(value, UINT32_MAX);
    assert_int_equal(enr_store_count(&d.store, ENR_COUNTER_STARTS, 0, &value), ENR_OK);
    assert_int_equal(value, 5);
    break_up(&d);
}

/* --- session tickets (DESIGN 7) --- */

static const uint8_t bindings[ENR_STORE_TICKETS + 1][32] = {{1}, {2}, {3}};

typedef struct {
    device_t device;
    enr_script_t world;
    enr_clock_t clock;
    enr_store_tickets_t state;
    enr_tickets_t duty;
} keeper_t;

static void start_keeper(keeper_t *k)
{
    start(&k->device);
    k->state = (enr_store_tickets_t){.store = &k->device.store, .clock = &k->clock};
    k->duty = enr_store_tickets(&k->state);
}

static void make_keeper(keeper_t *k)
{
    make(&k->device, &usual);
    enr_script_start(&k->world, &(enr_script_config_t){.wall_s = FLOOR});
    k->clock = enr_script_clock(&k->world);
    start_keeper(k);
}

static void pass(keeper_t *k, uint32_t seconds)
{
    k->world.now_ms += seconds * 1000;
}

static void save(keeper_t *k, unsigned host, enr_span_t ticket)
{
    enr_span_t view = exact(ticket.ptr, ticket.len);
    k->duty.save(k->duty.ctx, bindings[host], view);
    drop(view);
}

/* The ticket that is there for a host; empty: none. */
static void assert_ticket(keeper_t *k, unsigned host, enr_span_t ticket)
{
    uint8_t out[ENR_TICKET_MAX];
    size_t len = 0;
    enr_status_t status = k->duty.load(k->duty.ctx, bindings[host], out, sizeof out, &len);
    assert_int_equal(status, ticket.len == 0 ? ENR_END : ENR_OK);
    assert_int_equal(len, ticket.len);
    if (len > 0) {
        assert_memory_equal(out, ticket.ptr, len);
    }
}

#define NONE ENR_SPAN("")

static void keeps_tickets_by_binding(void **state)
{
    (void)state;
    keeper_t k;
    make_keeper(&k);
    assert_ticket(&k, 0, NONE);
    save(&k, 0, ENR_SPAN("first"));
    save(&k, 1, ENR_SPAN("second"));
    for (int starts = 0; starts < 3; starts++) {
        assert_ticket(&k, 0, ENR_SPAN("first"));
        assert_ticket(&k, 1, ENR_SPAN("second"));
        assert_ticket(&k, 2, NONE);
        start_keeper(&k);
    }
    static const uint8_t large[ENR_TICKET_MAX] = {7};
    pass(&k, 3600);
    save(&k, 0, (enr_span_t){large, sizeof large});
    assert_ticket(&k, 0, (enr_span_t){large, sizeof large});
    uint8_t out[8];
    size_t len = 0;
    assert_int_equal(k.duty.load(k.duty.ctx, bindings[0], out, sizeof out, &len), ENR_END);
    break_up(&k.device);
}

/* behaviours 47: over three days a server that gives a ticket with every answer costs no more than 24 writes a day. */
static void writes_a_ticket_once_an_hour(void **state)
{
    (void)state;
    keeper_t k;
    make_keeper(&k);
    save(&k, 0, ENR_SPAN("first"));
    pass(&k, 3599);
    save(&k, 0, ENR_SPAN("second"));
    assert_ticket(&k, 0, ENR_SPAN("first"));
    start_keeper(&k); /* a restart does not help */
    save(&k, 0, ENR_SPAN("third"));
    assert_ticket(&k, 0, ENR_SPAN("first"));
    pass(&k, 1);
    save(&k, 0, ENR_SPAN("fourth"));
    assert_ticket(&k, 0, ENR_SPAN("fourth"));

    uint64_t bytes = k.device.part.program_bytes;
    for (int i = 0; i < 3 * 24 * 60; i++) {
        pass(&k, 60);
        save(&k, 0, ENR_SPAN("again and again"));
        if (i % 7 == 0) {
            k.duty.drop(k.duty.ctx, bindings[0]);
        }
    }
    assert_true(k.device.part.program_bytes - bytes <= 3 * 24 * 2 * 96 + 4096); /* saved and dropped each hour */
    break_up(&k.device);
}

static void replaces_the_oldest_ticket(void **state)
{
    (void)state;
    keeper_t k;
    make_keeper(&k);
    save(&k, 0, ENR_SPAN("first"));
    pass(&k, 60);
    save(&k, 1, ENR_SPAN("second"));
    pass(&k, 60);
    save(&k, 2, ENR_SPAN("third")); /* both are young */
    assert_ticket(&k, 2, NONE);
    pass(&k, 3500);
    save(&k, 2, ENR_SPAN("third"));
    assert_ticket(&k, 0, NONE);
    assert_ticket(&k, 1, ENR_SPAN("second"));
    assert_ticket(&k, 2, ENR_SPAN("third"));
    break_up(&k.device);
}

static void forgets_a_dropped_ticket(void **state)
{
    (void)state;
    keeper_t k;
    make_keeper(&k);
    save(&k, 0, ENR_SPAN("first"));
    save(&k, 1, ENR_SPAN("second"));
    k.duty.drop(k.duty.ctx, bindings[0]);
    k.duty.drop(k.duty.ctx, bindings[2]);
    for (int starts = 0; starts < 2; starts++) {
        assert_ticket(&k, 0, NONE);
        assert_ticket(&k, 1, ENR_SPAN("second"));
        start_keeper(&k);
    }
    save(&k, 0, ENR_SPAN("third")); /* the hour goes on */
    assert_ticket(&k, 0, NONE);
    pass(&k, 3600);
    save(&k, 0, ENR_SPAN("third"));
    assert_ticket(&k, 0, ENR_SPAN("third"));

    enr_script_flash_break(&k.device.part, 0); /* also where it cannot be written */
    enr_script_flash_break(&k.device.part, 1);
    k.duty.drop(k.duty.ctx, bindings[0]);
    assert_ticket(&k, 0, NONE);
    assert_ticket(&k, 1, ENR_SPAN("second"));
    break_up(&k.device);
}

static void keeps_no_ticket_without_a_time_or_a_store(void **state)
{
    (void)state;
    keeper_t k;
    make_keeper(&k);
    k.world.config.wall = ENR_E_NO_TIME;
    save(&k, 0, ENR_SPAN("first"));
    assert_ticket(&k, 0, NONE);
    k.world.config.wall = ENR_OK;
    assert_int_equal(mount(&k.device), ENR_OK); /* not stepped yet */
    save(&k, 0, ENR_SPAN("first"));
    assert_ticket(&k, 0, NONE);
    assert_int_equal(settle(&k.device), ENR_OK);
    assert_ticket(&k, 0, NONE);
    save(&k, 0, ENR_SPAN("first"));
    assert_ticket(&k, 0, ENR_SPAN("first"));
    break_up(&k.device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_items_over_restarts),
        cmocka_unit_test(moves_when_it_is_full),
        cmocka_unit_test(says_when_something_does_not_fit),
        cmocka_unit_test(waits_for_its_first_move),
        cmocka_unit_test(waits_for_others_erases),
        cmocka_unit_test(refuses_what_is_not_its_own),
        cmocka_unit_test(refuses_another_key),
        cmocka_unit_test(refuses_what_is_no_store),
        cmocka_unit_test(refuses_another_geometry),
        cmocka_unit_test(reads_on_when_a_half_is_worn_out),
        cmocka_unit_test(moves_away_from_a_place_that_fails),
        cmocka_unit_test(reads_back_what_it_writes),
        cmocka_unit_test(one_turned_bit_costs_at_most_one_item),
        cmocka_unit_test(an_old_value_does_not_win_again),
        cmocka_unit_test(writes_what_the_format_says),
        cmocka_unit_test(gives_no_seed_twice),
        cmocka_unit_test(a_cut_gives_no_seed),
        cmocka_unit_test(writes_the_time_once_an_hour),
        cmocka_unit_test(believes_what_may_be_believed),
        cmocka_unit_test(bounds_a_kept_wait),
        cmocka_unit_test(counts_on_over_restarts),
        cmocka_unit_test(keeps_tickets_by_binding),
        cmocka_unit_test(writes_a_ticket_once_an_hour),
        cmocka_unit_test(replaces_the_oldest_ticket),
        cmocka_unit_test(forgets_a_dropped_ticket),
        cmocka_unit_test(keeps_no_ticket_without_a_time_or_a_store),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
