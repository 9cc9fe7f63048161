/* Images of journals, and what the library reads of them, for a decoder that shares nothing with it (decoder.py).

     journal_images lives DIR          lives of random calls and power cuts: DIR/NAME.img is the region, DIR/NAME.txt
   what the library reads of these very bytes journal_images erased DIR [kept]  after the purge of what was erased
   (kept: without it): DIR/NAME.img, DIR/NAME.old the same with every torn unit as it was before, DIR/NAME.txt

   Lines of a NAME.txt: `sectors BYTES` their size, `lead …` and `gone …` a slot each, `tomb …` a tombstone whose slot
   is gone altogether, `erased INDEX` a lead that was erased, `header SECTOR EPOCH SALT` of a header that was ever
   programmed, also one that a cut met. The content and all data of lead INDEX are its mark again and again:
   PERSON#INDEX. with six digits. */
#include "enrich/journal.h"

#include "../known_seal.h"
#include "enrich_script_flash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define LEADS_MAX 4096u
#define HEADERS_MAX 4096u
#define MARK_LEN 14u
#define TODAY 20000u

typedef struct {
    const char *name;
    enr_script_flash_config_t flash;
    uint32_t content_max;
    uint32_t data_max;
    uint32_t calls;
} geometry_t;

static const geometry_t geometries[] = {
    {"nor-4k",
     {.size = 12 * 4096, .sector_size = 4096, .page_size = 256, .program_unit = 1, .reprogram = true, .suspends = true},
     600,
     300,
     1500},
    {"nor-64k",
     {.size = 9 * 65536,
      .sector_size = 65536,
      .page_size = 256,
      .program_unit = 1,
      .reprogram = true,
      .suspends = true,
      .erase_polls = 2},
     2000,
     1000,
     1800},
    {"once-8",
     {.size = 12 * 2048, .sector_size = 2048, .page_size = 256, .program_unit = 8, .erase_polls = 1},
     300,
     100,
     1500},
    {"once-16",
     {.size = 9 * 4096, .sector_size = 4096, .page_size = 256, .program_unit = 16, .suspends = true, .erase_polls = 1},
     600,
     300,
     1500},
    {"once-32",
     {.size = 12 * 4096, .sector_size = 4096, .page_size = 256, .program_unit = 32, .suspends = true, .erase_polls = 1},
     500,
     200,
     1500},
    {"bits-1k",
     {.size = 16 * 1024, .sector_size = 1024, .page_size = 1024, .program_unit = 1, .reprogram = true},
     100,
     40,
     1500},
};

/* One life. */
static const geometry_t *geometry;
static enr_script_flash_t flash;
static void *flash_memory;
static enr_flash_t duty;
static enr_status_t (*program_flash)(void *, uint32_t, const uint8_t *, uint32_t);
static enr_seal_t seal;
static enr_journal_t journal;
static uint32_t salt;
static uint64_t random_state;
static uint32_t lead_count;
static bool erased[LEADS_MAX];
static uint32_t headers[HEADERS_MAX][3]; /* sector, epoch, salt */
static uint32_t header_count;

static _Noreturn void give_up(const char *what)
{
    (void)fprintf(stderr, "journal_images: %s: %s\n", geometry == NULL ? "" : geometry->name, what);
    exit(1);
}

static uint32_t draw(uint32_t bound)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * 0x2545f4914f6cdd1dull) >> 33) % bound;
}

static uint32_t word(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* The flash's program, which takes down every header's epoch and salt. */
static enr_status_t program(void *ctx, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    if (len >= 36 && memcmp(bytes, "ENRJ", 4) == 0) {
        if (header_count == HEADERS_MAX) {
            give_up("too many headers");
        }
        headers[header_count][0] = offset / flash.config.sector_size;
        headers[header_count][1] = word(bytes + 8);
        headers[header_count++][2] = word(bytes + 32);
    }
    return program_flash(ctx, offset, bytes, len);
}

static bool is_off(void)
{
    return flash.cut_at != 0 && flash.operations >= flash.cut_at;
}

static void mount(void)
{
    enr_journal_config_t config = {.flash = &duty, .seal = &seal, .salt = ++salt * 7919u};
    if (enr_journal_mount(&journal, &config) != ENR_OK) {
        give_up("it does not mount");
    }
}

static void power_on(void)
{
    enr_script_flash_power_on(&flash);
    mount();
}

/* Until nothing is left to do, or the power is gone. */
static void idle(void)
{
    for (int i = 0; i < 100000 && !is_off(); i++) {
        if (enr_journal_step(&journal, TODAY) == ENR_OK) {
            return;
        }
    }
    if (!is_off()) {
        give_up("never idle");
    }
}

/* --- calls --- */

static enr_span_t text_of(uint32_t lead, size_t len)
{
    static char text[ENR_JOURNAL_CONTENT_MAX + MARK_LEN + 1];
    for (size_t at = 0; at < len; at += MARK_LEN) {
        (void)snprintf(text + at, MARK_LEN + 1, "PERSON#%06u.", (unsigned)lead);
    }
    return (enr_span_t){(const uint8_t *)text, len};
}

static void hash_of(uint32_t lead, uint8_t out_hash[ENR_JOURNAL_HASH_LEN])
{
    const uint8_t hash[ENR_JOURNAL_HASH_LEN] = {(uint8_t)(lead >> 8), (uint8_t)lead, 3, 4, 5, 6};
    memcpy(out_hash, hash, sizeof hash);
}

static void call_append(void)
{
    if (lead_count == LEADS_MAX) {
        return;
    }
    uint32_t lead = lead_count++;
    uint8_t hash[ENR_JOURNAL_HASH_LEN];
    enr_slot_t slot;
    hash_of(lead, hash);
    size_t len = 2 * MARK_LEN + draw(geometry->content_max);
    (void)!enr_journal_append(&journal, text_of(lead, len), hash, draw(2) * draw(geometry->data_max), &slot);
}

/* A living slot by chance. */
static bool pick(enr_slot_t *out_slot)
{
    enr_cursor_t cursor = {0};
    enr_slot_t slot;
    uint32_t seen = 0;
    while (enr_journal_next(&journal, &cursor, &slot) == ENR_OK) {
        if (!slot.gone && draw(++seen) == 0) {
            *out_slot = slot;
        }
    }
    return seen > 0;
}

static uint32_t index_of(const enr_slot_t *slot)
{
    return (uint32_t)slot->hash[0] << 8 | slot->hash[1];
}

static void call_set(void)
{
    enr_slot_t slot;
    if (pick(&slot)) {
        unsigned number = draw(ENR_JOURNAL_REGISTERS);
        size_t len = number == ENR_JOURNAL_CONTENT || draw(2) == 0 ? 2 * MARK_LEN + draw(geometry->data_max) : 0;
        (void)!enr_journal_set(&journal, &slot, number, 1 + draw(ENR_JOURNAL_VALUE_MAX), text_of(index_of(&slot), len));
    }
}

static void call_retire(void)
{
    enr_slot_t slot;
    if (pick(&slot)) {
        (void)!enr_journal_retire(&journal, &slot, (uint16_t)(draw(2) * (TODAY + draw(9))));
    }
}

static void call_steps(void)
{
    for (uint32_t i = draw(24); !is_off() && enr_journal_step(&journal, TODAY) != ENR_OK && i > 0; i--) {
    }
}

/* More appends than retirements until the region is full, then as many. */
static void call(void)
{
    uint32_t chance = draw(100);
    if (chance < 30) {
        call_append();
    } else if (chance < 50) {
        call_set();
    } else if (chance < 67) {
        call_retire();
    } else if (chance < 69) {
        enr_journal_purge(&journal);
    } else {
        call_steps();
    }
}

/* --- what is written down --- */

static FILE *open_file(const char *dir, const char *name, const char *end)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s.%s", dir, name, end);
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        give_up("a file cannot be made");
    }
    return file;
}

static void close_file(FILE *file)
{
    if (ferror(file) != 0 || fclose(file) != 0) {
        give_up("a file cannot be written");
    }
}

static void put_bytes(FILE *file, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        (void)fprintf(file, "%02x", bytes[i]);
    }
}

/* Reads through the journal: its content, or a register's data. */
static void put_text(FILE *file, enr_journal_t *from, const enr_slot_t *slot, int number)
{
    static uint8_t text[ENR_JOURNAL_CONTENT_MAX];
    enr_buffer_t out = enr_buffer_over(text, sizeof text);
    enr_status_t status =
        number < 0 ? enr_journal_read(from, slot, &out) : enr_journal_read_data(from, slot, (unsigned)number, &out);
    if (status != ENR_OK) {
        (void)fprintf(file, "%s", enr_status_name(status));
    }
    put_bytes(file, text, out.len);
}

static void put_slot(FILE *file, enr_journal_t *from, const enr_slot_t *slot)
{
    (void)fprintf(file, "%s %u ", slot->gone ? "gone" : "lead", slot->number);
    put_bytes(file, slot->hash, sizeof slot->hash);
    if (slot->gone) {
        (void)fprintf(file, " %u\n", slot->until_day);
        return;
    }
    (void)fprintf(file, " ");
    put_text(file, from, slot, -1);
    for (int i = 0; i < (int)ENR_JOURNAL_REGISTERS; i++) {
        if (slot->registers[i].value != 0) {
            (void)fprintf(file, " %d:%u:", i, slot->registers[i].value);
            put_text(file, from, slot, i);
        }
    }
    (void)fprintf(file, "\n");
}

static void put_tombstone(FILE *file, enr_journal_t *from, uint32_t lead)
{
    uint8_t hash[ENR_JOURNAL_HASH_LEN];
    enr_slot_t slot;
    hash_of(lead, hash);
    enr_status_t status = enr_journal_find(from, hash, &slot);
    if (status == ENR_OK && slot.number == 0) {
        (void)fprintf(file, "tomb ");
        put_bytes(file, hash, sizeof hash);
        (void)fprintf(file, " %u\n", slot.until_day);
    } else if (status != ENR_OK && status != ENR_END) {
        (void)fprintf(file, "find %u %s\n", lead, enr_status_name(status));
    }
}

/* What one look shows of the region: bytes that are unstable have one value in it. */
static void look(uint8_t *out)
{
    for (uint32_t at = 0; at < flash.config.size; at += flash.config.sector_size) {
        enr_status_t status = duty.read(duty.ctx, at, out + at, flash.config.sector_size);
        if (status != ENR_OK) {
            give_up("the flash cannot be read");
        }
    }
}

/* Makes NAME.img and NAME.txt of what one look shows. Tombstones take long to ask for. */
static void write_image(const char *dir, const char *name, bool with_tombstones)
{
    static enr_journal_t frozen_journal;
    enr_script_flash_t frozen;
    void *memory = malloc(enr_script_flash_memory(&geometry->flash));
    enr_script_flash_start(&frozen, &geometry->flash, memory);
    look(frozen.bytes);
    FILE *image = open_file(dir, name, "img");
    (void)fwrite(frozen.bytes, 1, geometry->flash.size, image);
    close_file(image);

    FILE *text = open_file(dir, name, "txt");
    (void)fprintf(text, "sectors %u %s\n", geometry->flash.sector_size, with_tombstones ? "tombstones" : "slots");
    enr_flash_t frozen_duty = enr_script_flash(&frozen);
    enr_journal_config_t config = {.flash = &frozen_duty, .seal = &seal};
    if (enr_journal_mount(&frozen_journal, &config) != ENR_OK) {
        give_up("an image does not mount");
    }
    enr_cursor_t cursor = {0};
    enr_slot_t slot;
    while (enr_journal_next(&frozen_journal, &cursor, &slot) == ENR_OK) {
        put_slot(text, &frozen_journal, &slot);
    }
    for (uint32_t lead = 0; with_tombstones && lead < lead_count; lead++) {
        put_tombstone(text, &frozen_journal, lead);
    }
    close_file(text);
    free(memory);
}

/* --- lives --- */

static void start_life(uint64_t seed)
{
    enr_script_flash_config_t config = geometry->flash;
    config.seed = seed;
    flash_memory = malloc(enr_script_flash_memory(&config));
    enr_script_flash_start(&flash, &config, flash_memory);
    duty = enr_script_flash(&flash);
    program_flash = duty.program;
    duty.program = program;
    random_state = seed * 0x9e3779b97f4a7c15ull | 1u;
    lead_count = 0;
    header_count = 0;
    memset(erased, 0, sizeof erased);
    mount();
}

static void plan_cut(uint32_t within)
{
    flash.cut_at = flash.operations + 1 + draw(within);
    flash.cut_kind = (enr_script_cut_t)draw(ENR_SCRIPT_CUT_KINDS);
}

static bool is_erasing(void)
{
    return duty.erase_busy(duty.ctx) == ENR_AGAIN;
}

static void live(const char *dir)
{
    start_life(1);
    uint32_t images = 0;
    for (uint32_t i = 0; i < geometry->calls; i++) {
        call();
        if (flash.cut_at == 0 && draw(60) == 0) {
            plan_cut(40);
        }
        bool cut = is_off();
        if (cut) {
            power_on();
        } else if (draw(100) == 0 && !is_erasing()) {
            mount();
        }
        if ((cut || i % 50 == 0) && !is_erasing()) {
            char name[64];
            (void)snprintf(name, sizeof name, "%s-%03u", geometry->name, images++);
            write_image(dir, name, images % 8 == 0);
        }
    }
    free(flash_memory);
}

/* Which leads are erased now. */
static void take_down_erased(void)
{
    enr_cursor_t cursor = {0};
    enr_slot_t slot;
    memset(erased, 1, sizeof erased);
    while (enr_journal_next(&journal, &cursor, &slot) == ENR_OK) {
        if (!slot.gone) {
            erased[index_of(&slot)] = false;
        }
    }
}

static void write_old(const char *dir, const char *name)
{
    uint8_t *bytes = malloc(flash.config.size);
    memcpy(bytes, flash.bytes, flash.config.size);
    for (uint32_t i = 0; i < flash.torn_count; i++) {
        memcpy(bytes + flash.torn[i].offset, flash.torn[i].before, flash.config.program_unit);
    }
    FILE *old = open_file(dir, name, "old");
    (void)fwrite(bytes, 1, flash.config.size, old);
    close_file(old);
    free(bytes);
}

static void write_erased(const char *dir, const char *name)
{
    write_image(dir, name, true);
    write_old(dir, name);
    take_down_erased();
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s.txt", dir, name);
    FILE *text = fopen(path, "ab");
    if (text == NULL) {
        give_up("a file cannot be added to");
    }
    for (uint32_t i = 0; i < lead_count; i++) {
        if (erased[i]) {
            (void)fprintf(text, "erased %u\n", i);
        }
    }
    for (uint32_t i = 0; i < header_count; i++) {
        (void)fprintf(text, "header %u %u %u\n", headers[i][0], headers[i][1], headers[i][2]);
    }
    close_file(text);
}

/* Calls with cuts among them, then the purge, which is cut as well, and what is left of the leads that were erased. */
static void live_and_erase(const char *dir, bool purges)
{
    start_life(2);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < geometry->calls / 4; i++) {
            call();
            if (flash.cut_at == 0 && draw(60) == 0) {
                plan_cut(40);
            }
            if (is_off()) {
                power_on();
            }
        }
        for (uint32_t cuts = draw(4); cuts > 0; cuts--) {
            plan_cut(60);
            if (purges) {
                enr_journal_purge(&journal);
            }
            idle();
            power_on();
        }
        flash.cut_at = 0;
        if (purges) {
            enr_journal_purge(&journal);
        }
        idle();
        char name[64];
        (void)snprintf(name, sizeof name, "%s-%u", geometry->name, round);
        write_erased(dir, name);
    }
    free(flash_memory);
}

/* --- */

int main(int argc, char **argv)
{
    if (argc < 3 || !known_seal(&seal)) {
        give_up("usage: journal_images lives|erased DIR [kept]");
    }
    for (size_t i = 0; i < COUNT(geometries); i++) {
        geometry = &geometries[i];
        if (strcmp(argv[1], "lives") == 0) {
            live(argv[2]);
        } else {
            live_and_erase(argv[2], argc == 3);
        }
        if (flash.violations > 0) {
            give_up(flash.violation);
        }
    }
    return 0;
}
