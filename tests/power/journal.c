/* The power is cut at every flash operation of a journal's life, in every way that the simulated flash knows, and the
   journal that is found afterwards is compared with a model of what must be true (behaviours 41 to 45, DESIGN 8):

     - a lead whose append was acknowledged is there, with its content; one that was not may be
     - each register has its old value or, while its change was under way, the new one
     - a lead that was erased stays so; its digest is found as long as was asked for
     - no number names two leads, no lead is there twice
     - once something was written after the cut, nothing changes its mind any more, whatever unstable cells show

     power_journal [GEOMETRY [CALLS [SEED]]]

   A geometry's life is a row of calls in phases: filling up, being full, draining, changing, losing power again and
   again. Snapshots before each call keep the sweep linear: the call is made once with each cut at each of its flash
   operations, each time from the same state. A sample of the cuts is followed by a second and a third one, and some go
   on for hundreds of calls. Of the larger geometry only every few calls are swept. */
#define _DEFAULT_SOURCE

#include "enrich/journal.h"

#include "../known_seal.h"
#include "enrich_script_flash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define LEADS_MAX 2048
#define HELD 4
#define LOOKS 50 /* at what is torn, and may read differently each time */
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* --- the model --- */

typedef struct {
    uint32_t value; /* 0: not set */
    uint16_t len;
    uint32_t seed; /* of the data */
} reg_t;

typedef struct {
    bool known;  /* acknowledged; a lead that is not may be there */
    bool absent; /* not acknowledged, and found not to be there */
    bool gone;   /* and may never live again */
    bool maybe_gone;
    uint16_t until;
    uint32_t number; /* 0: not acknowledged, and not seen yet */
    reg_t content;
    reg_t regs[ENR_JOURNAL_REGISTERS];
    int changing; /* the register whose change is under way, or -1 */
    reg_t change;
} lead_t;

/* --- the world: all that a snapshot holds --- */

typedef struct {
    enr_script_flash_t flash;
    enr_journal_t journal;
    enr_slot_t held[HELD];
    uint32_t held_lead[HELD]; /* index of the lead plus one; 0: free */
    lead_t leads[LEADS_MAX];
    uint32_t lead_count;
    uint32_t calls; /* so far */
    uint64_t random;
    uint32_t salt;
    uint16_t today;
    bool worn; /* a sector was broken: ENR_E_FLASH is no surprise */
} world_t;

typedef struct {
    const char *name;
    enr_script_flash_config_t flash;
    uint32_t content_max;
    uint32_t data_max;
    uint32_t calls;
    uint32_t stride; /* one of so many calls is swept */
    bool wears_out;  /* sectors break now and then */
} geometry_t;

static const geometry_t geometries[] = {
    {.name = "256-byte pages, 4 KB sectors",
     .flash = {.size = 12 * 4096,
               .sector_size = 4096,
               .page_size = 256,
               .program_unit = 1,
               .reprogram = true,
               .suspends = true},
     .content_max = 600,
     .data_max = 300,
     .calls = 500,
     .stride = 1},
    {.name = "256-byte pages, 64 KB sectors",
     .flash = {.size = 9 * 65536,
               .sector_size = 65536,
               .page_size = 256,
               .program_unit = 1,
               .reprogram = true,
               .suspends = true,
               .erase_polls = 2},
     .content_max = 2048,
     .data_max = 1024,
     .calls = 900,
     .stride = 16},
    {.name = "8-byte units once, no suspend",
     .flash = {.size = 12 * 2048, .sector_size = 2048, .page_size = 256, .program_unit = 8, .erase_polls = 1},
     .content_max = 300,
     .data_max = 100,
     .calls = 500,
     .stride = 1},
    {.name = "32-byte units once",
     .flash = {.size = 12 * 4096,
               .sector_size = 4096,
               .page_size = 256,
               .program_unit = 32,
               .suspends = true,
               .erase_polls = 1},
     .content_max = 500,
     .data_max = 200,
     .calls = 500,
     .stride = 1},
    {.name = "bits, 1 KB sectors",
     .flash = {.size = 16 * 1024, .sector_size = 1024, .page_size = 1024, .program_unit = 1, .reprogram = true},
     .content_max = 100,
     .data_max = 40,
     .calls = 500,
     .stride = 1},
    {.name = "16-byte units once, sectors that wear out",
     .flash = {.size = 16 * 4096,
               .sector_size = 4096,
               .page_size = 256,
               .program_unit = 16,
               .suspends = true,
               .erase_polls = 1},
     .content_max = 600,
     .data_max = 300,
     .calls = 500,
     .stride = 2,
     .wears_out = true},
};

static const geometry_t *geometry;
static world_t *world;
static enr_flash_t duty;
static void *flash_memory;
static size_t flash_memory_len;
static enr_seal_t seal;
/* Figures of one geometry, in memory that its process shares with the first one. */
typedef struct {
    uint64_t cuts;
    uint64_t lost;
    uint64_t fulls;
} sum_t;
static sum_t *sum;
static const char *doing = "";

static void fail(const char *what, uint32_t number)
{
    sum->lost++;
    printf("power: journal: %s: %s (lead %u) after %s, operation %llu, cut %d\n", geometry->name, what, number, doing,
           (unsigned long long)world->flash.operations, (int)world->flash.cut_kind);
    fflush(stdout);
    if (getenv("POWER_ABORT") != NULL) {
        abort();
    }
    if (sum->lost > 20) {
        exit(1);
    }
}

static uint32_t draw(uint32_t bound)
{
    uint64_t *random = &world->random;
    *random ^= *random >> 12;
    *random ^= *random << 25;
    *random ^= *random >> 27;
    return (uint32_t)((*random * 0x2545f4914f6cdd1dull) >> 33) % bound;
}

static void fill(uint8_t *out, uint32_t seed, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525u + 1013904223u;
        out[i] = (uint8_t)(seed >> 24);
    }
}

static void hash_of(uint32_t lead, uint8_t out[ENR_JOURNAL_HASH_LEN])
{
    fill(out, lead + 77777, ENR_JOURNAL_HASH_LEN);
}

/* --- snapshots --- */

typedef struct {
    world_t *world;
    void *memory;
} snapshot_t;

static snapshot_t new_snapshot(void)
{
    return (snapshot_t){.world = malloc(sizeof *world), .memory = malloc(flash_memory_len)};
}

/* Most of the leads' table is never used. */
static void copy_world(world_t *to, const world_t *from)
{
    memcpy(to, from, offsetof(world_t, leads));
    memcpy(to->leads, from->leads, from->lead_count * sizeof(lead_t));
    size_t rest = offsetof(world_t, lead_count);
    memcpy((uint8_t *)to + rest, (const uint8_t *)from + rest, sizeof *to - rest);
}

static void save(snapshot_t *snapshot)
{
    copy_world(snapshot->world, world);
    memcpy(snapshot->memory, flash_memory, flash_memory_len);
}

static void restore(const snapshot_t *snapshot)
{
    copy_world(world, snapshot->world);
    memcpy(flash_memory, snapshot->memory, flash_memory_len);
}

/* --- what happens --- */

static enr_status_t mount(void)
{
    enr_journal_config_t config = {.flash = &duty, .seal = &seal, .salt = ++world->salt};
    memset(world->held, 0, sizeof world->held);
    memset(world->held_lead, 0, sizeof world->held_lead);
    return enr_journal_mount(&world->journal, &config);
}

static enr_status_t step(void)
{
    return enr_journal_step(&world->journal, world->today);
}

static void idle(void)
{
    for (int i = 0; i < 20000; i++) {
        enr_status_t status = step();
        if (status == ENR_OK) {
            return;
        }
        if (status == ENR_E_FLASH && world->flash.cut_at != 0 && world->flash.operations >= world->flash.cut_at) {
            return; /* the power is gone */
        }
    }
    fail("the journal never comes to rest", 0);
}

static bool is_off(void)
{
    return world->flash.cut_at != 0 && world->flash.operations >= world->flash.cut_at;
}

static uint8_t buffer[ENR_JOURNAL_CONTENT_MAX];
static uint8_t expected[ENR_JOURNAL_CONTENT_MAX];

static bool reads_as(const enr_slot_t *slot, int number, const reg_t *reg)
{
    enr_buffer_t out = enr_buffer_over(buffer, sizeof buffer);
    enr_status_t status = ENR_AGAIN;
    while (status == ENR_AGAIN) {
        status = number < 0 ? enr_journal_read(&world->journal, slot, &out)
                            : enr_journal_read_data(&world->journal, slot, (unsigned)number, &out);
        if (status == ENR_AGAIN) {
            (void)!step();
        }
    }
    fill(expected, reg->seed, reg->len);
    return status == ENR_OK && out.len == reg->len && memcmp(buffer, expected, reg->len) == 0;
}

static bool reg_is(const enr_slot_t *slot, int number, const reg_t *reg)
{
    const enr_register_t *there = &slot->registers[number];
    if (there->value != reg->value) {
        return false;
    }
    if (number == (int)ENR_JOURNAL_CONTENT) {
        return true; /* read as the content */
    }
    return there->data_len == reg->len && (reg->len == 0 || reads_as(slot, number, reg));
}

static const reg_t *content_of(const lead_t *lead)
{
    return lead->regs[ENR_JOURNAL_CONTENT].value != 0 ? &lead->regs[ENR_JOURNAL_CONTENT] : &lead->content;
}

static lead_t *lead_of(const enr_slot_t *slot)
{
    for (uint32_t i = 0; i < world->lead_count; i++) {
        uint8_t hash[ENR_JOURNAL_HASH_LEN];
        hash_of(i, hash);
        if (memcmp(hash, slot->hash, sizeof hash) == 0) {
            return &world->leads[i];
        }
    }
    return NULL;
}

/* A part that cannot read while it erases is asked again later. */
static enr_status_t next(enr_cursor_t *cursor, enr_slot_t *out_slot)
{
    enr_status_t status = enr_journal_next(&world->journal, cursor, out_slot);
    while (status == ENR_AGAIN) {
        (void)!step();
        status = enr_journal_next(&world->journal, cursor, out_slot);
    }
    return status;
}

static enr_status_t find(uint32_t lead, enr_slot_t *out_slot)
{
    uint8_t hash[ENR_JOURNAL_HASH_LEN];
    hash_of(lead, hash);
    enr_status_t status = enr_journal_find(&world->journal, hash, out_slot);
    while (status == ENR_AGAIN) {
        (void)!step();
        status = enr_journal_find(&world->journal, hash, out_slot);
    }
    return status;
}

/* What is wrong with the registers and the content of a slot that lives, or NULL. */
static const char *fault_of(const enr_slot_t *slot, const lead_t *lead)
{
    for (int i = 0; i < (int)ENR_JOURNAL_REGISTERS; i++) {
        if (!reg_is(slot, i, &lead->regs[i]) && !(lead->changing == i && reg_is(slot, i, &lead->change))) {
            return "a register is neither old nor new";
        }
    }
    bool changed =
        lead->changing == (int)ENR_JOURNAL_CONTENT && slot->registers[ENR_JOURNAL_CONTENT].value == lead->change.value;
    return reads_as(slot, -1, changed ? &lead->change : content_of(lead)) ? NULL : "a content is another one";
}

/* One slot that the walk met, against the model. */
static void check_slot(const enr_slot_t *slot, lead_t *lead)
{
    if (lead->absent) {
        fail("a lead comes back that was found not to be there", slot->number);
    }
    if (lead->number != 0 && lead->number != slot->number) {
        fail("a lead has another number", slot->number);
    }
    if (slot->gone) {
        if (!lead->gone && !lead->maybe_gone) {
            fail("a lead is gone", slot->number);
        }
        return;
    }
    if (lead->gone) {
        fail("a lead that was erased lives", slot->number);
        return;
    }
    const char *fault = fault_of(slot, lead);
    if (fault != NULL && (!lead->known || lead->changing >= 0)) { /* torn: it may read differently each time */
        enr_slot_t again;
        for (int i = 0; i < LOOKS && fault != NULL; i++) {
            enr_status_t status = find((uint32_t)(lead - world->leads), &again);
            fault = status == ENR_OK ? fault_of(&again, lead) : !lead->known ? NULL : fault;
        }
    }
    if (fault != NULL) {
        fail(fault, slot->number);
    }
}

/* All of the journal against the model. */
static void check(void)
{
    static bool seen[LEADS_MAX];
    static uint32_t numbers[LEADS_MAX];
    uint32_t count = 0;
    enr_cursor_t cursor = {0};
    enr_slot_t slot;
    enr_status_t status = ENR_OK;
    memset(seen, 0, sizeof seen);
    while ((status = next(&cursor, &slot)) == ENR_OK) {
        lead_t *lead = lead_of(&slot);
        if (lead == NULL) {
            fail("a slot that nobody wrote", slot.number);
            continue;
        }
        for (uint32_t i = 0; i < count; i++) {
            if (numbers[i] == slot.number) {
                fail("a number is there twice", slot.number);
            }
        }
        numbers[count++] = slot.number;
        if (seen[lead - world->leads]) {
            fail("a lead is there twice", slot.number);
        }
        seen[lead - world->leads] = true;
        check_slot(&slot, lead);
    }
    if (status != ENR_END) {
        fail(enr_status_name(status), 0);
    }
    for (uint32_t i = 0; i < world->lead_count; i++) {
        const lead_t *lead = &world->leads[i];
        if (!seen[i] && lead->known && !lead->gone && !lead->maybe_gone) {
            fail("a lead is lost", lead->number);
        }
    }
}

/* Tombstones are found until their day is over. */
static void check_tombstones(void)
{
    for (uint32_t i = 0; i < world->lead_count; i++) {
        const lead_t *lead = &world->leads[i];
        enr_slot_t slot;
        if (!lead->known || !lead->gone || lead->until < world->today) {
            continue;
        }
        if (find(i, &slot) != ENR_OK || !slot.gone) {
            fail("a tombstone is lost", lead->number);
        }
    }
}

static enr_status_t settled(enr_status_t (*act)(enr_journal_t *, enr_slot_t *), enr_slot_t *slot)
{
    for (int i = 0; i < 5000; i++) {
        enr_status_t status = act(&world->journal, slot);
        if (status != ENR_AGAIN) {
            return status;
        }
        if (step() == ENR_OK && i > 4000) {
            break;
        }
    }
    return ENR_AGAIN;
}

/* --- one call --- */

typedef enum { APPEND, SET, RETIRE, CONFIRM, STEP, REMOUNT, PURGE, HOLD, RELEASE, DAY, CALLS } call_kind_t;
static const char *const call_names[CALLS] = {"append",  "set",   "retire", "confirm", "step",
                                              "remount", "purge", "hold",   "release", "day"};

static lead_t *pick(void)
{
    uint32_t living[LEADS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->lead_count; i++) {
        const lead_t *lead = &world->leads[i];
        if (lead->known && !lead->gone && !lead->maybe_gone && lead->changing < 0) {
            living[count++] = i;
        }
    }
    if (count == 0) {
        return NULL;
    }
    uint32_t at = draw(4) == 0 ? draw(count) : draw(count < 4 ? count : 4); /* old ones above all */
    return &world->leads[living[at]];
}

/* The slot of a lead: the held one, or found anew into *out. */
static enr_slot_t *slot_of(const lead_t *lead, enr_slot_t *out)
{
    for (int i = 0; i < HELD; i++) {
        if (world->held_lead[i] == (uint32_t)(lead - world->leads) + 1) {
            return &world->held[i];
        }
    }
    return enr_journal_find_number(&world->journal, lead->number, out) == ENR_OK ? out : NULL;
}

static void append_one(uint16_t content_len, size_t annex)
{
    if (world->lead_count == LEADS_MAX) {
        return;
    }
    uint32_t index = world->lead_count++;
    lead_t *lead = &world->leads[index];
    *lead = (lead_t){.changing = -1};
    lead->content = (reg_t){.len = content_len, .seed = draw(1u << 30)};
    uint8_t content[ENR_JOURNAL_CONTENT_MAX];
    uint8_t hash[ENR_JOURNAL_HASH_LEN];
    enr_slot_t slot;
    fill(content, lead->content.seed, lead->content.len);
    hash_of(index, hash);
    enr_status_t status =
        enr_journal_append(&world->journal, (enr_span_t){content, lead->content.len}, hash, annex, &slot);
    if (status == ENR_OK) {
        lead->known = true;
        lead->number = slot.number;
        for (uint32_t i = 0; i < index; i++) {
            if (world->leads[i].number == slot.number) {
                fail("a number is given twice", slot.number);
            }
        }
    } else if (status == ENR_AGAIN || status == ENR_E_FULL || status == ENR_E_LIMIT) {
        sum->fulls += status == ENR_E_FULL;
        world->lead_count--;
    } else if (!is_off() && !world->worn) {
        fail(enr_status_name(status), 0);
    }
}

static void call_append(void)
{
    uint16_t content_len = (uint16_t)(1 + draw(geometry->content_max));
    append_one(content_len, draw(geometry->data_max) + 64);
}

/* Begins the session, if it can be begun, by the first thing that can be written. */
static void begin_session(void)
{
    enr_slot_t slot;
    enr_cursor_t cursor = {0};
    while (next(&cursor, &slot) == ENR_OK) {
        if (!slot.gone && settled(enr_journal_confirm, &slot) == ENR_OK) {
            return;
        }
        if (is_off()) {
            return;
        }
    }
    for (int i = 0; i < 5000 && !is_off(); i++) {
        uint32_t count = world->lead_count;
        call_append();
        if (world->lead_count > count) {
            return;
        }
        (void)!step();
    }
}

/* What was under way is looked at and made firm, as an agent does before it acts; from then on the model knows it. */
static void settle(void)
{
    begin_session();
    if (is_off()) {
        return;
    }
    for (uint32_t i = 0; i < world->lead_count; i++) {
        lead_t *lead = &world->leads[i];
        if (lead->gone && lead->known && !lead->maybe_gone) {
            continue;
        }
        if (lead->known && lead->changing < 0 && !lead->maybe_gone) {
            continue;
        }
        if (lead->absent) {
            continue;
        }
        enr_slot_t slot;
        enr_status_t status = find(i, &slot);
        for (int tries = 0; status == ENR_E_SEAL && tries < LOOKS; tries++) { /* torn: now whole, now not */
            status = find(i, &slot);
        }
        if (status == ENR_OK && slot.number != 0) {
            status = settled(enr_journal_confirm, &slot);
            if (is_off()) {
                return;
            }
            if (status == ENR_E_SEAL) { /* what may be torn looks different now */
                i--;
                continue;
            }
            if (status == ENR_E_FULL) {
                continue; /* it stays as it is until there is room */
            }
            if (status != ENR_OK) {
                fail(enr_status_name(status), slot.number);
            }
            status = find(i, &slot);
        }
        if (is_off()) {
            return;
        }
        if (status == ENR_END) {
            if (lead->known && !lead->maybe_gone) {
                fail("a lead is not found", lead->number);
            }
            if (!lead->known) {
                lead->absent = true;
            } else {
                lead->gone = true;
            }
            lead->maybe_gone = false;
            continue;
        }
        if (status != ENR_OK) {
            fail(enr_status_name(status), lead->number);
            continue;
        }
        lead->known = true;
        lead->number = slot.number;
        lead->gone = slot.gone;
        if (lead->changing >= 0 && slot.registers[lead->changing].value == lead->change.value) {
            lead->regs[lead->changing] = lead->change;
        }
        lead->changing = -1;
        lead->maybe_gone = false;
    }
}

static void call_set(void)
{
    lead_t *lead = pick();
    uint32_t number = draw(5) % 4;
    reg_t reg = {.value = 1 + draw(ENR_JOURNAL_VALUE_MAX),
                 .len = (uint16_t)(draw(2) * draw(geometry->data_max)),
                 .seed = draw(1u << 30)};
    if (number == ENR_JOURNAL_CONTENT) {
        reg.len++;
    }
    enr_slot_t found;
    enr_slot_t *slot = lead == NULL ? NULL : slot_of(lead, &found);
    if (slot == NULL) {
        return;
    }
    uint8_t data[ENR_JOURNAL_CONTENT_MAX];
    fill(data, reg.seed, reg.len);
    enr_status_t status = ENR_E_SEAL;
    for (int i = 0; i < LOOKS && status == ENR_E_SEAL; i++) { /* a torn mark opened once, and then not: look again */
        status = enr_journal_set(&world->journal, slot, number, reg.value, (enr_span_t){data, reg.len});
    }
    if (status == ENR_OK) {
        lead->regs[number] = reg;
    } else if (is_off() || (status == ENR_E_FLASH && world->worn)) {
        lead->changing = (int)number;
        lead->change = reg;
    } else if (status != ENR_AGAIN && status != ENR_E_FULL && status != ENR_E_LIMIT) {
        fail(enr_status_name(status), lead->number);
    }
}

static void call_retire(void)
{
    lead_t *lead = pick();
    enr_slot_t found;
    enr_slot_t *slot = lead == NULL ? NULL : slot_of(lead, &found);
    if (slot == NULL) {
        return;
    }
    uint16_t until = (uint16_t)(draw(2) * (world->today + draw(3)));
    enr_status_t status = ENR_E_SEAL;
    for (int i = 0; i < LOOKS && status == ENR_E_SEAL; i++) {
        status = enr_journal_retire(&world->journal, slot, until);
    }
    if (status == ENR_OK) {
        lead->gone = true;
        lead->until = until;
    } else if (is_off() || (status == ENR_E_FLASH && world->worn)) {
        lead->maybe_gone = true;
        lead->until = 0;
    } else if (status != ENR_AGAIN && status != ENR_E_FULL) {
        fail(enr_status_name(status), lead->number);
    }
}

static void call_confirm(void)
{
    lead_t *lead = pick();
    enr_slot_t found;
    enr_slot_t *slot = lead == NULL ? NULL : slot_of(lead, &found);
    enr_status_t status = slot == NULL ? ENR_OK : ENR_E_SEAL;
    for (int i = 0; i < LOOKS && status == ENR_E_SEAL; i++) {
        status = enr_journal_confirm(&world->journal, slot);
    }
    if (status != ENR_OK && status != ENR_AGAIN && status != ENR_E_FULL && !is_off() && !world->worn) {
        fail(enr_status_name(status), lead->number);
    }
}

static void call_hold(void)
{
    lead_t *lead = pick();
    for (int i = 0; lead != NULL && i < HELD; i++) {
        if (world->held_lead[i] == (uint32_t)(lead - world->leads) + 1) {
            return;
        }
    }
    for (int i = 0; lead != NULL && i < HELD; i++) {
        if (world->held_lead[i] == 0 &&
            enr_journal_find_number(&world->journal, lead->number, &world->held[i]) == ENR_OK) {
            enr_journal_hold(&world->journal, &world->held[i]);
            world->held_lead[i] = (uint32_t)(lead - world->leads) + 1;
            return;
        }
    }
}

static void call_release(void)
{
    uint32_t at = draw(HELD);
    if (world->held_lead[at] != 0) {
        enr_journal_release(&world->journal, &world->held[at]);
        world->held_lead[at] = 0;
    }
}

/* How often each call comes, of 100, in each phase of a life. */
#define PHASES 6
#define PHASE_CALLS 100
static const uint8_t weights[PHASES][CALLS] = {
    /* append, set, retire, confirm, step, remount, purge, hold, release, day */
    {50, 12, 2, 1, 30, 1, 0, 2, 1, 1},                                      /* filling up */
    {22, 26, 12, 3, 30, 1, 1, 2, 2, 1},  {40, 10, 1, 2, 42, 2, 0, 2, 1, 0}, /* until it is full */
    {6, 24, 30, 3, 30, 1, 2, 1, 2, 1},                                      /* draining */
    {14, 22, 14, 8, 26, 12, 1, 1, 1, 1},                                    /* losing power */
    {20, 20, 18, 3, 34, 1, 1, 1, 1, 1},
};

static call_kind_t choose(void)
{
    uint32_t at = draw(100);
    for (uint32_t i = 0; i < CALLS; i++) {
        uint8_t weight = weights[world->calls / PHASE_CALLS % PHASES][i];
        if (at < weight) {
            return (call_kind_t)i;
        }
        at -= weight;
    }
    return STEP;
}

static void call(call_kind_t kind)
{
    world->calls++;
    switch (kind) {
    case APPEND:
        call_append();
        break;
    case SET:
        call_set();
        break;
    case RETIRE:
        call_retire();
        break;
    case CONFIRM:
        call_confirm();
        break;
    case REMOUNT:
        if (!world->flash.erasing && mount() != ENR_OK) {
            fail("mount", 0);
        }
        break;
    case PURGE:
        enr_journal_purge(&world->journal);
        break;
    case HOLD:
        call_hold();
        break;
    case RELEASE:
        call_release();
        break;
    case DAY:
        world->today++;
        break;
    default:
        for (uint32_t i = draw(24); !is_off() && step() != ENR_OK && i > 0; i--) {
        }
        break;
    }
}

/* --- cuts --- */

static void power_on(void)
{
    enr_script_flash_power_on(&world->flash);
    enr_status_t status = mount();
    if (status != ENR_OK) {
        fail(enr_status_name(status), 0);
    }
}

/* What room() promises is there, and little that lives leaves room: however often the power was cut, sectors come back.
 */
static void check_room(void)
{
    enr_journal_stats_t stats;
    idle();
    enr_journal_stats(&world->journal, &stats);
    uint32_t room = enr_journal_room(&world->journal, 40, 64);
    uint32_t sectors = geometry->flash.size / geometry->flash.sector_size;
    uint32_t roomy = (sectors - ENR_JOURNAL_SECTORS_MIN) * geometry->flash.sector_size / 3;
    if (room == 0 && !world->worn && stats.bytes < roomy) {
        fail("no room, and little lives", stats.leads);
    }
    uint32_t count = world->lead_count;
    for (int i = 0; room > 0 && count < LEADS_MAX && i < 20000 && world->lead_count == count; i++) {
        append_one(40, 64);
        (void)!step();
    }
    if (room > 0 && count < LEADS_MAX && world->lead_count == count) {
        fail("the room that was promised is not there", room);
    }
}

/* Some calls with the power on, and what must be true then. */
static void live(int calls)
{
    for (int i = 0; i < calls; i++) {
        call(i % 3 == 0 ? APPEND : choose());
    }
    check();
    if (draw(4) == 0) {
        enr_journal_purge(&world->journal);
        idle();
        check();
    }
    power_on();
    settle();
    check();
    check_tombstones();
    if (draw(4) == 0) {
        enr_journal_stats_t stats;
        idle();
        enr_journal_stats(&world->journal, &stats);
        if (stats.damaged > 0) {
            fail("something is damaged", stats.damaged);
        }
        check_room();
        check();
    }
    if (world->flash.violations > 0 && !world->worn) {
        fail(world->flash.violation, 0);
    }
}

/* Life after a cut. With `again` further cuts come, each within the next operations. */
static void live_on(uint32_t again)
{
    power_on();
    check();
    if (draw(2) == 0) {
        power_on();
        check();
    }
    if (again == 0) {
        settle();
        check();
        live(draw(500) == 0 ? 300 : 6);
        return;
    }
    world->flash.cut_at = world->flash.operations + 1 + draw(40);
    world->flash.cut_kind = (enr_script_cut_t)draw(ENR_SCRIPT_CUT_KINDS);
    settle();
    for (int i = 0; i < 60 && !is_off(); i++) {
        call(choose());
    }
    if (!is_off()) {
        world->flash.cut_at = 0;
    }
    sum->cuts++;
    live_on(again - 1);
}

/* Makes one call with every cut, and then without. */
static void sweep_call(snapshot_t *before)
{
    save(before);
    uint64_t from = world->flash.operations;
    call_kind_t kind = choose();
    call(kind);
    uint64_t to = world->flash.operations;
    doing = call_names[kind];
    for (uint64_t at = from + 1; at <= to; at++) {
        for (int cut = 0; cut < ENR_SCRIPT_CUT_KINDS; cut++) {
            restore(before);
            world->flash.cut_at = at;
            world->flash.cut_kind = (enr_script_cut_t)cut;
            call(choose());
            world->random ^= at * 77 + (uint64_t)cut;
            sum->cuts++;
            live_on(draw(5) == 0 ? 1 + draw(3) : 0);
        }
    }
    restore(before);
    call(choose());
}

static void start_world(uint64_t seed)
{
    enr_script_flash_config_t config = geometry->flash;
    config.seed = seed;
    flash_memory_len = enr_script_flash_memory(&config);
    flash_memory = malloc(flash_memory_len);
    world = calloc(1, sizeof *world);
    enr_script_flash_start(&world->flash, &config, flash_memory);
    duty = enr_script_flash(&world->flash);
    world->random = seed * 0x9e3779b97f4a7c15ull | 1u;
    world->today = 20000;
    if (mount() != ENR_OK) {
        fail("mount", 0);
    }
}

static void run(uint32_t calls, uint64_t seed)
{
    start_world(seed);
    snapshot_t before = new_snapshot();
    idle();
    for (uint32_t i = 0; i < calls && sum->lost == 0; i++) {
        if (geometry->wears_out && i % 250 == 125) { /* one of those that say where sessions began, and others */
            uint32_t sector = world->worn ? ENR_JOURNAL_ANCHORS + draw(13) : draw(ENR_JOURNAL_ANCHORS);
            enr_script_flash_break(&world->flash, sector);
            world->worn = true;
        }
        if (i % geometry->stride == 0) {
            sweep_call(&before);
        } else {
            call(choose());
        }
        if (i % 64 == 0) {
            check();
        }
    }
    doing = "the end";
    check();
    idle();
    check();
    check_tombstones();
    enr_journal_stats_t stats;
    enr_journal_stats(&world->journal, &stats);
    printf("power: journal: %s: leads=%u sectors_opened=%u compacted=%u bad=%u\n", geometry->name, world->lead_count,
           world->journal.epoch, world->journal.tail - 1, stats.bad);
    free(before.world);
    free(before.memory);
    free(flash_memory);
    free(world);
}

/* Waits for one of the geometries' processes. */
static bool wait_for_one(void)
{
    int status = 0;
    return wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv)
{
    sum_t all = {0};
    sum_t *sums =
        mmap(NULL, COUNT(geometries) * sizeof *sums, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (sums == MAP_FAILED || !known_seal(&seal)) {
        return 1;
    }
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    unsigned count = 0;
    bool good = true;
    for (size_t i = 0; i < COUNT(geometries); i++) {
        geometry = &geometries[i];
        sum = &sums[i];
        if (argc > 1 && strcmp(argv[1], "all") != 0 && (size_t)atoi(argv[1]) != i) {
            continue;
        }
        if (count >= 2) {
            good = wait_for_one() && good;
        }
        count++;
        fflush(stdout);
        if (getenv("POWER_ABORT") != NULL || fork() == 0) {
            run(argc > 2 ? (uint32_t)atoi(argv[2]) : geometry->calls, seed);
            fflush(stdout);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < 2 && i < count; i++) {
        good = wait_for_one() && good;
    }
    for (size_t i = 0; i < COUNT(geometries); i++) {
        all.cuts += sums[i].cuts;
        all.lost += sums[i].lost;
        all.fulls += sums[i].fulls;
    }
    printf("journal: seed=%llu full=%llu cuts=%llu geometries=%u lost=%llu\n", (unsigned long long)seed,
           (unsigned long long)all.fulls, (unsigned long long)all.cuts, count, (unsigned long long)all.lost);
    return good && all.lost == 0 ? 0 : 1;
}
