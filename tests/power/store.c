/* Power cuts of the store: each item has its old value or its new one, whatever was cut, and keeps it from then on
   (DESIGN 8, behaviours 41, 44). A scenario is run on each geometry, and of each of its flash operations every kind of
   cut is tried, and after it, a second one in the recovery; then chance cuts many times in a row.

   power_store [SEED]: without an argument, everything; else the run by chance with this seed only. */
#include "enrich/store.h"

#include "enrich_posix.h"
#include "enrich_script_flash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define REPORTS_MAX 10

/* --- what is tried --- */

typedef struct {
    const char *name;
    enr_script_flash_config_t config;
    unsigned len_max;   /* of a value */
    unsigned actions;   /* of the scenario */
    unsigned pairs;     /* of the second cuts every n-th is tried */
    unsigned by_chance; /* runs */
    unsigned boundary;  /* runs */
} geometry_t;

static const geometry_t geometries[] = {
    {"nor 1K",
     {.size = 2048, .sector_size = 1024, .page_size = 64, .program_unit = 1, .reprogram = true},
     .len_max = 70,
     .actions = 60,
     .pairs = 1,
     .by_chance = 300,
     .boundary = 2000},
    {"nor 4K",
     {.size = 8192, .sector_size = 4096, .page_size = 256, .program_unit = 1, .reprogram = true},
     .len_max = 500,
     .actions = 50,
     .pairs = 7,
     .by_chance = 100,
     .boundary = 500},
    {"nor 64K",
     {.size = 131072, .sector_size = 65536, .page_size = 256, .program_unit = 1, .reprogram = true},
     .len_max = 2048,
     .actions = 60,
     .pairs = 61,
     .by_chance = 2,
     .boundary = 20},
    {"slow 4K",
     {.size = 16384,
      .sector_size = 4096,
      .page_size = 256,
      .program_unit = 1,
      .reprogram = true,
      .suspends = true,
      .erase_polls = 2},
     .len_max = 900,
     .actions = 40,
     .pairs = 11,
     .by_chance = 50,
     .boundary = 200},
    {"once 8",
     {.size = 4096, .sector_size = 1024, .page_size = 8, .program_unit = 8},
     .len_max = 100,
     .actions = 50,
     .pairs = 19,
     .by_chance = 200,
     .boundary = 2000},
    {"once 16",
     {.size = 8192, .sector_size = 2048, .page_size = 128, .program_unit = 16},
     .len_max = 200,
     .actions = 50,
     .pairs = 7,
     .by_chance = 100,
     .boundary = 2000},
    {"once 32",
     {.size = 4096, .sector_size = 2048, .page_size = 32, .program_unit = 32},
     .len_max = 100,
     .actions = 50,
     .pairs = 3,
     .by_chance = 200,
     .boundary = 2000},
};

/* --- what must be true --- */

typedef struct {
    uint16_t len; /* 0: the item is not there */
    uint16_t tag; /* of which its bytes are made */
} value_t;

typedef struct {
    value_t values[ENR_STORE_ITEMS]; /* acknowledged */
    unsigned item;                   /* being written; 0: none */
    value_t next;                    /* its new value */
    uint16_t tags;                   /* given so far */
} model_t;

/* All that a moment consists of. */
typedef struct {
    enr_script_flash_t part;
    enr_store_t store;
    model_t model;
    uint8_t *memory;
} moment_t;

static const geometry_t *geometry;
static moment_t now;
static enr_flash_t flash;
static enr_seal_t seal;
static unsigned long cuts;
static unsigned long lost;
static char at_work[160]; /* for reports */

static void report(const char *what, long number)
{
    lost++;
    if (lost <= REPORTS_MAX) {
        printf("store: %s: %s: %s %ld%s%s\n", geometry->name, at_work, what, number,
               now.part.violations > 0 ? ", " : "", now.part.violations > 0 ? now.part.violation : "");
    }
}

static void save(moment_t *kept)
{
    uint8_t *memory = kept->memory;
    *kept = now;
    kept->memory = memory;
    memcpy(memory, now.memory, enr_script_flash_memory(&geometry->config));
}

static void go_back(const moment_t *kept)
{
    uint8_t *memory = now.memory;
    now = *kept;
    now.memory = memory;
    memcpy(memory, kept->memory, enr_script_flash_memory(&geometry->config));
}

static void make_moment(moment_t *moment)
{
    moment->memory = malloc(enr_script_flash_memory(&geometry->config));
    if (moment->memory == NULL) {
        abort();
    }
}

/* --- the device --- */

static uint32_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

static void make_bytes(value_t value, uint8_t *out)
{
    for (unsigned i = 0; i < value.len; i++) {
        out[i] = (uint8_t)(value.tag * 31u + i * 7u + (value.tag >> 8));
    }
}

static enr_status_t settle(void)
{
    enr_status_t status = ENR_AGAIN;
    for (int steps = 0; status == ENR_AGAIN && steps < 1000; steps++) {
        status = enr_store_step(&now.store);
    }
    return status;
}

static enr_status_t start(void)
{
    enr_status_t status = enr_store_mount(&now.store, &(enr_store_config_t){.flash = &flash, .seal = &seal});
    return status == ENR_OK ? settle() : status;
}

static bool holds(unsigned item, value_t value)
{
    static uint8_t seen[ENR_STORE_ITEM_MAX];
    static uint8_t wanted[ENR_STORE_ITEM_MAX];
    size_t len = 0;
    enr_status_t status = enr_store_get(&now.store, (enr_store_item_t)item, seen, sizeof seen, &len);
    if (value.len == 0) {
        return status == ENR_END;
    }
    make_bytes(value, wanted);
    return status == ENR_OK && len == value.len && memcmp(seen, wanted, len) == 0;
}

/* Each item has the value that it must have; of the one that was being written, the one that is seen counts from now
   on. */
static void check(void)
{
    for (unsigned item = 1; item < ENR_STORE_ITEMS; item++) {
        if (item == now.model.item && holds(item, now.model.next)) {
            now.model.values[item] = now.model.next;
        } else if (!holds(item, now.model.values[item])) {
            report("wrong value of item", (long)item);
        }
    }
    now.model.item = 0;
    if (now.part.violations > 0) {
        report("violations", (long)now.part.violations);
    }
}

/* The power is back: the store is there again. False: not even that. */
static bool recover(void)
{
    enr_status_t status = start();
    if (status != ENR_OK) {
        report("start gives", (long)status);
        return false;
    }
    check();
    return true;
}

/* Writes a value. ENR_E_FLASH: the power was cut. */
static enr_status_t put(unsigned item, value_t value)
{
    static uint8_t bytes[ENR_STORE_ITEM_MAX];
    make_bytes(value, bytes);
    now.model.item = item;
    now.model.next = value;
    enr_status_t status;
    while ((status = enr_store_put(&now.store, (enr_store_item_t)item, (enr_span_t){bytes, value.len})) == ENR_AGAIN) {
        status = settle();
        if (status != ENR_OK) {
            return status;
        }
    }
    if (status == ENR_OK) {
        now.model.values[item] = value;
        now.model.item = 0;
    }
    return status;
}

/* One action of the scenario: a value is written, or the device is switched off and on. */
typedef struct {
    unsigned item; /* 0: off and on */
    unsigned len;
} action_t;

static action_t draw_action(void)
{
    if (draw(8) == 0) {
        return (action_t){0, 0};
    }
    unsigned item = 1 + draw(5);
    unsigned len = draw(6) == 0 ? 0 : 1 + draw(item == 1 ? geometry->len_max : geometry->len_max / 4);
    return (action_t){item, len};
}

static enr_status_t act(action_t action)
{
    if (action.item == 0) {
        return start();
    }
    now.model.tags++;
    return put(action.item, (value_t){(uint16_t)action.len, now.model.tags});
}

static void cut(uint64_t operation, unsigned kind, uint32_t seed)
{
    now.part.cut_at = operation;
    now.part.cut_kind = (enr_script_cut_t)kind;
    enr_script_flash_seed(&now.part, seed);
    cuts++;
}

/* --- every cut of the scenario, and after it some of the recovery --- */

/* What was recovered is there at the next start too, and the store works. */
static void go_on(void)
{
    if (recover() && act((action_t){2, 20}) == ENR_OK) {
        check();
        (void)recover();
    } else {
        report("no further write", 0);
    }
}

static void sweep_recovery(const moment_t *dark, uint64_t operations)
{
    static unsigned count;
    for (uint64_t second = 1; second <= operations; second++) {
        for (unsigned kind = 0; kind < ENR_SCRIPT_CUT_KINDS; kind++) {
            if (++count % geometry->pairs != 0) {
                continue;
            }
            go_back(dark);
            cut(now.part.operations + second, kind, (uint32_t)cuts);
            if (start() != ENR_E_FLASH) {
                continue; /* what is unstable was seen otherwise, and so fewer operations were needed */
            }
            enr_script_flash_power_on(&now.part);
            size_t len = strlen(at_work);
            (void)snprintf(at_work + len, sizeof at_work - len, ", then %lu kind %u", (unsigned long)second, kind);
            if (recover()) {
                go_on();
            }
            at_work[len] = '\0';
        }
    }
}

static void sweep_action(unsigned number, action_t action, const moment_t *before, moment_t *dark)
{
    enr_status_t status = act(action);
    uint64_t operations = now.part.operations - before->part.operations;
    if (status != ENR_OK && status != ENR_E_LIMIT) {
        report("uncut action gives", (long)status);
    }
    for (uint64_t first = 1; first <= operations; first++) {
        for (unsigned kind = 0; kind < ENR_SCRIPT_CUT_KINDS; kind++) {
            go_back(before);
            cut(now.part.operations + first, kind, (uint32_t)cuts);
            (void)snprintf(at_work, sizeof at_work, "action %u (item %u, %u bytes) cut at %lu kind %u", number,
                           action.item, action.len, (unsigned long)first, kind);
            if (act(action) != ENR_E_FLASH) {
                report("the cut was not seen", 0);
            }
            enr_script_flash_power_on(&now.part);
            save(dark);
            if (recover()) {
                uint64_t recovery = now.part.operations - dark->part.operations;
                go_on();
                sweep_recovery(dark, recovery);
            }
        }
    }
}

/* An erased part, which no store was on. */
static void begin(uint32_t seed)
{
    random_state = seed;
    enr_script_flash_start(&now.part, &geometry->config, now.memory);
    flash = enr_script_flash(&now.part);
    now.model = (model_t){0};
}

/* Goes through the scenario; every action is taken once more, uncut, to come to the next one. */
static void sweep(void)
{
    static moment_t before;
    static moment_t dark;
    make_moment(&before);
    make_moment(&dark);
    begin(1);
    for (unsigned number = 0; number < geometry->actions; number++) {
        action_t action = number == 0 ? (action_t){0, 0} : draw_action();
        save(&before);
        sweep_action(number, action, &before, &dark);
        go_back(&before);
        now.model.item = act(action) == ENR_OK ? now.model.item : 0;
        check();
    }
    free(before.memory);
    free(dark.memory);
}

/* --- the worst two cuts: one at the entry that makes a half count, one in the erase that follows --- */

/* The first leaves it open which half counts, and the second makes one of them unstable, in which an old header may be
   seen by chance. Often, since much of it is chance. */
static void sweep_boundary(void)
{
    static moment_t before;
    make_moment(&before);
    begin(1);
    if (start() != ENR_OK || put(1, (value_t){5, 1}) != ENR_OK) {
        report("first start fails", 0);
    }
    save(&before);
    if (start() != ENR_OK) {
        report("second start fails", 0);
    }
    uint64_t last = now.part.operations;
    for (uint32_t seed = 1; seed <= geometry->boundary; seed++) {
        (void)snprintf(at_work, sizeof at_work, "boundary, seed %lu", (unsigned long)seed);
        go_back(&before);
        cut(last, ENR_SCRIPT_CUT_TORN, seed);
        enr_status_t first = start();
        enr_script_flash_power_on(&now.part);
        cut(now.part.operations + 1, ENR_SCRIPT_CUT_TORN, seed + geometry->boundary);
        if (first != ENR_E_FLASH || start() != ENR_E_FLASH) {
            report("a cut was not seen", 0);
        }
        enr_script_flash_power_on(&now.part);
        if (recover()) {
            go_on();
        }
    }
    free(before.memory);
}

/* --- by chance: cuts at any time, also again and again in the recovery --- */

static void cut_by_chance(void)
{
    uint64_t operation = now.part.operations + 1 + draw(12);
    unsigned kind = draw(ENR_SCRIPT_CUT_KINDS);
    cut(operation, kind, draw(1u << 24));
}

static void run_by_chance(uint32_t seed)
{
    begin(seed);
    for (unsigned number = 0; number < 60; number++) {
        action_t action = number == 0 ? (action_t){0, 0} : draw_action();
        if (draw(2) == 0) {
            cut_by_chance();
        }
        (void)snprintf(at_work, sizeof at_work, "seed %lu action %u", (unsigned long)seed, number);
        enr_status_t status = act(action);
        now.model.item = status == ENR_E_FLASH ? now.model.item : 0;
        while (status == ENR_E_FLASH) {
            enr_script_flash_power_on(&now.part);
            if (draw(2) == 0) {
                cut_by_chance();
            }
            status = start();
        }
        if (status < ENR_OK && status != ENR_E_LIMIT) {
            report("start gives", (long)status);
            return;
        }
        check();
        now.part.cut_at = 0;
    }
}

static enr_status_t get_key(void *ctx, uint8_t out_key[32])
{
    (void)ctx;
    memset(out_key, 7, 32);
    return ENR_OK;
}

int main(int argc, char **argv)
{
    static const enr_tls_memory_t memory = {.take = enr_posix_take, .give = enr_posix_give};
    static enr_entropy_t entropy;
    const enr_key_t key = {.get = get_key};
    entropy = enr_posix_entropy();
    if (enr_tls_init(&memory, &entropy) != ENR_OK || enr_seal_init(&seal, &key, ENR_SPAN("store")) != ENR_OK) {
        printf("store: no seal\n");
        return 1;
    }
    for (size_t i = 0; i < COUNT(geometries); i++) {
        geometry = &geometries[i];
        make_moment(&now);
        if (argc > 1) {
            run_by_chance((uint32_t)strtoul(argv[1], NULL, 10));
        } else {
            unsigned long before = cuts;
            sweep();
            sweep_boundary();
            for (uint32_t seed = 1; seed <= geometry->by_chance; seed++) {
                run_by_chance(seed);
            }
            printf("store: %s: %lu cuts\n", geometry->name, cuts - before);
        }
        free(now.memory);
    }
    enr_seal_close(&seal);
    printf("store: cuts=%lu geometries=%zu lost=%lu\n", cuts, COUNT(geometries), lost);
    return lost == 0 ? 0 : 1;
}
