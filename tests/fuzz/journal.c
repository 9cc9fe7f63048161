/* A flash region with a journal that somebody with the key has written: a byte of choices, then patches, each a place,
   a length with a kind, and bytes. They lie over an erased region, or over one of some journals with a life behind
   them. The seal is one whose tag is always the same, so that whatever is patched proves itself. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "enrich/journal.h"
#include "enrich_script_flash.h"

#define SECTORS 10u
#define SECTOR_SIZE 1024u
#define REGION (SECTORS * SECTOR_SIZE)
#define BASES 4u
#define STEPS_MAX 20000u
#define MEMORY_MAX (4u * REGION)
#define TODAY 20000u

static const enr_script_flash_config_t geometries[] = {
    {.size = REGION,
     .sector_size = SECTOR_SIZE,
     .page_size = 256,
     .program_unit = 1,
     .reprogram = true,
     .suspends = true},
    {.size = REGION, .sector_size = SECTOR_SIZE, .page_size = 256, .program_unit = 32, .erase_polls = 1}};

/* --- a seal that everybody can forge --- */

static uint8_t stream(enr_seal_place_t place, size_t at)
{
    return (uint8_t)(place.epoch * 31u + place.offset + place.salt * 7u + at * 13u);
}

enr_status_t enr_seal_text(const enr_seal_t *seal, enr_seal_place_t place, enr_span_t aad, enr_span_t plain,
                           uint8_t *out)
{
    (void)seal;
    (void)aad;
    for (size_t i = 0; i < plain.len; i++) {
        out[i] = plain.ptr[i] ^ stream(place, i);
    }
    memset(out + plain.len, 0xa5, ENR_SEAL_TAG_LEN);
    return ENR_OK;
}

enr_status_t enr_seal_open(const enr_seal_t *seal, enr_seal_place_t place, enr_span_t aad, enr_span_t sealed,
                           uint8_t *out)
{
    uint8_t tag[ENR_SEAL_TAG_LEN];
    size_t len = sealed.len - ENR_SEAL_TAG_LEN;
    memset(tag, 0xa5, sizeof tag);
    bool good = memcmp(sealed.ptr + len, tag, sizeof tag) == 0;
    (void)seal;
    (void)aad;
    for (size_t i = 0; i < len; i++) {
        out[i] = good ? sealed.ptr[i] ^ stream(place, i) : 0;
    }
    return good ? ENR_OK : ENR_E_SEAL;
}

/* --- the part --- */

typedef struct {
    enr_script_flash_t flash;
    enr_flash_t inner;
    enr_flash_t duty;
    enr_journal_t journal;
    uint32_t salt;
    _Alignas(8) uint8_t memory[MEMORY_MAX];
} rig_t;

static enr_status_t read_within(void *ctx, uint32_t offset, uint8_t *out, uint32_t len)
{
    rig_t *rig = ctx;
    MUST(len > 0 && offset < REGION && len <= REGION - offset);
    return rig->inner.read(rig->inner.ctx, offset, out, len);
}

static enr_status_t program_within(void *ctx, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    rig_t *rig = ctx;
    MUST(len > 0 && offset < REGION && len <= REGION - offset);
    return rig->inner.program(rig->inner.ctx, offset, bytes, len);
}

static enr_status_t erase_within(void *ctx, uint32_t offset)
{
    rig_t *rig = ctx;
    MUST(offset < REGION && offset % SECTOR_SIZE == 0);
    return rig->inner.erase_start(rig->inner.ctx, offset);
}

static enr_status_t erase_busy(void *ctx)
{
    rig_t *rig = ctx;
    return rig->inner.erase_busy(rig->inner.ctx);
}

static void start(rig_t *rig, const enr_script_flash_config_t *config)
{
    MUST(enr_script_flash_memory(config) <= sizeof rig->memory);
    enr_script_flash_start(&rig->flash, config, rig->memory);
    rig->inner = enr_script_flash(&rig->flash);
    rig->duty = rig->inner;
    rig->duty.ctx = rig;
    rig->duty.read = read_within;
    rig->duty.program = program_within;
    rig->duty.erase_start = erase_within;
    rig->duty.erase_busy = erase_busy;
    rig->salt = 0;
}

static enr_status_t mount(rig_t *rig)
{
    static const enr_seal_t seal;
    enr_journal_config_t config = {.flash = &rig->duty, .seal = &seal, .salt = ++rig->salt};
    return enr_journal_mount(&rig->journal, &config);
}

/* --- a life --- */

static void idle(rig_t *rig)
{
    for (unsigned turns = 0; enr_journal_step(&rig->journal, TODAY) != ENR_OK; turns++) {
        MUST(turns < STEPS_MAX);
    }
}

static enr_status_t append(rig_t *rig, uint8_t name, size_t len)
{
    uint8_t content[400];
    const uint8_t hash[ENR_JOURNAL_HASH_LEN] = {name, 1, 2, 3, 4, 5};
    enr_slot_t slot;
    enr_status_t status = ENR_AGAIN;
    memset(content, name, sizeof content);
    for (unsigned turns = 0; status == ENR_AGAIN && turns < STEPS_MAX; turns++) {
        status = enr_journal_append(&rig->journal, (enr_span_t){content, len}, hash, 64, &slot);
        if (status == ENR_AGAIN) {
            (void)!enr_journal_step(&rig->journal, TODAY);
        }
    }
    MUST(status != ENR_AGAIN);
    return status;
}

/* One change of a slot. */
static void change(rig_t *rig, enr_slot_t *slot, uint8_t choice)
{
    static const uint8_t data[100] = "what is known by now";
    enr_status_t status = ENR_AGAIN;
    for (unsigned turns = 0; status == ENR_AGAIN && turns < 50; turns++) {
        switch (choice % 4) {
        case 0:
            status = enr_journal_set(&rig->journal, slot, choice / 4 % ENR_JOURNAL_REGISTERS, 1u + choice,
                                     (enr_span_t){data, 1u + choice % sizeof data});
            break;
        case 1:
            status = enr_journal_set(&rig->journal, slot, choice / 4 % 3, 1u + choice, (enr_span_t){NULL, 0});
            break;
        case 2:
            status = enr_journal_confirm(&rig->journal, slot);
            break;
        default:
            status = enr_journal_retire(&rig->journal, slot, choice % 8 == 3 ? 0 : TODAY);
            break;
        }
        if (status == ENR_AGAIN) {
            (void)!enr_journal_step(&rig->journal, TODAY);
        }
    }
    MUST(slot->gone || status != ENR_OK || choice % 4 != 3);
}

static enr_status_t next(rig_t *rig, enr_cursor_t *cursor, enr_slot_t *out_slot)
{
    enr_status_t status = ENR_AGAIN;
    for (unsigned turns = 0; status == ENR_AGAIN && turns < STEPS_MAX; turns++) {
        status = enr_journal_next(&rig->journal, cursor, out_slot);
        if (status == ENR_AGAIN) {
            (void)!enr_journal_step(&rig->journal, TODAY);
        }
    }
    MUST(status != ENR_AGAIN);
    return status;
}

/* Reads everything of a slot. */
static void read_slot(rig_t *rig, const enr_slot_t *slot)
{
    uint8_t *text = fuzz_allocate(ENR_JOURNAL_CONTENT_MAX);
    if (!slot->gone) {
        enr_buffer_t out = enr_buffer_over(text, ENR_JOURNAL_CONTENT_MAX);
        enr_status_t status = enr_journal_read(&rig->journal, slot, &out);
        MUST(status != ENR_OK || out.len == slot->content_len);
        for (unsigned i = 0; i < ENR_JOURNAL_REGISTERS; i++) {
            out = enr_buffer_over(text, ENR_JOURNAL_CONTENT_MAX);
            status = enr_journal_read_data(&rig->journal, slot, i, &out);
            MUST(status != ENR_OK || out.len == slot->registers[i].data_len);
        }
    }
    free(text);
}

static void walk(rig_t *rig)
{
    enr_cursor_t cursor = {0};
    enr_slot_t slot;
    unsigned slots = 0;
    while (next(rig, &cursor, &slot) == ENR_OK) {
        MUST(++slots <= REGION / 32);
        enr_slot_t found;
        read_slot(rig, &slot);
        if (slots % 8 == 1) {
            (void)!enr_journal_find(&rig->journal, slot.hash, &found);
            (void)!enr_journal_find_number(&rig->journal, slot.number, &found);
        }
    }
}

/* Changes slots as the bytes say, one after the other. */
static void live(rig_t *rig, enr_span_t bytes)
{
    enr_cursor_t cursor = {0};
    enr_slot_t slot = {0};
    enr_slot_t held = {0};
    bool holds = false;
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] % 3 == 0) {
            (void)!append(rig, bytes.ptr[i], 1u + bytes.ptr[i]);
        } else if (next(rig, &cursor, &slot) == ENR_OK) {
            if (!slot.gone) {
                change(rig, &slot, bytes.ptr[i]);
            }
        } else {
            cursor = (enr_cursor_t){0};
        }
        if (!holds && i > 0 && bytes.ptr[i] % 3 != 0 && cursor.at.epoch != 0) {
            held = slot;
            enr_journal_hold(&rig->journal, &held);
            holds = true;
        }
    }
    enr_journal_purge(&rig->journal);
    idle(rig);
    if (holds) {
        enr_journal_release(&rig->journal, &held);
    }
}

/* Journals that the library wrote, older and older. */
static const rig_t *base(unsigned geometry, unsigned age)
{
    static rig_t *bases[2][BASES];
    if (bases[geometry][age] != NULL) {
        return bases[geometry][age];
    }
    rig_t *rig = fuzz_allocate(sizeof *rig);
    memset(rig, 0, sizeof *rig);
    start(rig, &geometries[geometry]);
    uint8_t bytes[24];
    for (unsigned session = 0; session < 1 + 3 * age; session++) {
        MUST(mount(rig) == ENR_OK);
        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] = (uint8_t)(i * (session * 2 + 5) + session);
            bytes[i] = (uint8_t)(bytes[i] % 4 == 3 && i % 3 != 0 ? bytes[i] - 1 : bytes[i]); /* more set than retired */
        }
        live(rig, (enr_span_t){bytes, sizeof bytes});
        (void)!append(rig, 99, 50);
    }
    bases[geometry][age] = rig;
    return rig;
}

/* Patches: two bytes of place, one of length with the kind in its highest bits, and bytes. */
static void patch(rig_t *rig, enr_span_t *input)
{
    for (unsigned count = fuzz_choice(input) % 64; count > 0 && input->len > 3; count--) {
        unsigned place = fuzz_choice(input);
        place = (place << 8 | fuzz_choice(input)) % REGION;
        unsigned kind = fuzz_choice(input);
        for (unsigned i = 0; i < 1 + kind % 64 && place + i < REGION && input->len > 0; i++) {
            uint8_t *at = &rig->flash.bytes[place + i];
            uint8_t byte = fuzz_choice(input);
            *at = (uint8_t)(kind < 64 ? byte : kind < 128 ? *at ^ byte : kind < 192 ? *at + byte : 0xff);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enr_span_t input = {data, size};
    unsigned choice = fuzz_choice(&input);
    unsigned geometry = choice & 1u;
    rig_t *rig = fuzz_allocate(sizeof *rig);
    memset(rig, 0, sizeof *rig);
    start(rig, &geometries[geometry]);
    if ((choice & 2u) != 0) {
        const rig_t *from = base(geometry, choice >> 2 & 3u);
        memcpy(rig->memory, from->memory, sizeof rig->memory);
        rig->salt = from->salt;
    }
    patch(rig, &input);
    enr_status_t status = mount(rig);
    MUST(status == ENR_OK || status == ENR_E_SETTING || status == ENR_E_VERSION || status == ENR_E_SEAL);
    if (status == ENR_OK) {
        walk(rig);
        idle(rig);
        live(rig, enr_span_slice(input, 0, input.len < 32 ? input.len : 32));
        walk(rig);
        if ((choice & 16u) != 0) {
            enr_journal_repair(&rig->journal);
            idle(rig);
            walk(rig);
        }
        MUST(mount(rig) == ENR_OK);
        walk(rig);
    }
    free(rig);
    return 0;
}
