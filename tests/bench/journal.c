/* What the journal costs the flash: 10,000 leads through a region of 16 MB, counted by the simulated part.

     bench_journal              prints the tables of tests/bench/README.md
     bench_journal append N     N appends and nothing else, for counting instructions

   A lead is 300 bytes, as in the peers' figures. Payload and tag are 316. */
#include "enrich/journal.h"

#include "../known_seal.h"
#include "enrich_script_flash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEADS 10000u
#define PENDING 100u
#define COUNTED 2000u
#define CONTENT 300u
#define TAGGED(len) ((len) + ENR_SEAL_TAG_LEN)

static enr_script_flash_t flash;
static enr_flash_t duty;
static enr_journal_t journal;
static enr_seal_t seal;
static uint32_t salt;

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench_journal: %s\n", what);
        exit(1);
    }
}

static void mount(void)
{
    enr_journal_config_t config = {.flash = &duty, .seal = &seal, .salt = ++salt};
    must(enr_journal_mount(&journal, &config) == ENR_OK, "mount");
}

static void idle(void)
{
    enr_status_t status = ENR_AGAIN;
    while (status == ENR_AGAIN) {
        status = enr_journal_step(&journal, 0);
    }
    must(status == ENR_OK, "step");
}

static void append(uint32_t number, size_t annex, enr_slot_t *out_slot)
{
    uint8_t content[CONTENT];
    uint8_t hash[ENR_JOURNAL_HASH_LEN] = {0};
    memset(content, (int)(number & 0x7f), sizeof content);
    memcpy(hash, &number, sizeof number);
    enr_status_t status = ENR_AGAIN;
    while (status == ENR_AGAIN) {
        status = enr_journal_append(&journal, (enr_span_t){content, sizeof content}, hash, annex, out_slot);
        if (status == ENR_AGAIN) {
            (void)!enr_journal_step(&journal, 0);
        }
    }
    must(status == ENR_OK, "append");
}

static void set(enr_slot_t *slot, unsigned number, uint32_t value, size_t len)
{
    uint8_t data[CONTENT] = {0};
    enr_status_t status = ENR_AGAIN;
    while (status == ENR_AGAIN) {
        status = enr_journal_set(&journal, slot, number, value, (enr_span_t){data, len});
        if (status == ENR_AGAIN) {
            (void)!enr_journal_step(&journal, 0);
        }
    }
    must(status == ENR_OK, "set");
}

/* The next living slot, and its content. */
static void dequeue(enr_cursor_t *cursor, enr_slot_t *out_slot)
{
    static uint8_t memory[ENR_JOURNAL_CONTENT_MAX];
    enr_buffer_t out = enr_buffer_over(memory, sizeof memory);
    do {
        must(enr_journal_next(&journal, cursor, out_slot) == ENR_OK, "next");
    } while (out_slot->gone);
    must(enr_journal_read(&journal, out_slot, &out) == ENR_OK && out.len == CONTENT, "read");
}

static void retire(enr_slot_t *slot)
{
    enr_status_t status = ENR_AGAIN;
    while (status == ENR_AGAIN) {
        status = enr_journal_retire(&journal, slot, 0);
        if (status == ENR_AGAIN) {
            (void)!enr_journal_step(&journal, 0);
        }
    }
    must(status == ENR_OK, "retire");
}

typedef struct {
    uint64_t programs;
    uint64_t bytes;
    uint64_t reads;
    uint64_t read_bytes;
    uint64_t erases;
} cost_t;

static cost_t now(void)
{
    return (cost_t){flash.programs, flash.program_bytes, flash.reads, flash.read_bytes, flash.erases};
}

static void add(cost_t *sum, cost_t from)
{
    cost_t to = now();
    sum->programs += to.programs - from.programs;
    sum->bytes += to.bytes - from.bytes;
    sum->reads += to.reads - from.reads;
    sum->read_bytes += to.read_bytes - from.read_bytes;
    sum->erases += to.erases - from.erases;
}

static double per(uint64_t sum, uint32_t count)
{
    return (double)sum / count;
}

/* Mounts the journal on a new part. Gives the part's memory, to be freed. */
static void *open_part(const enr_script_flash_config_t *config)
{
    void *memory = malloc(enr_script_flash_memory(config));
    must(memory != NULL, "memory");
    enr_script_flash_start(&flash, config, memory);
    duty = enr_script_flash(&flash);
    mount();
    return memory;
}

/* One in `held` leads stays for ever; 0: none. worked: each has its three marks, with an id and a result. */
static void drain(uint32_t sector_size, uint32_t unit, uint32_t held, bool worked)
{
    enr_script_flash_config_t config = {.size = 16u << 20,
                                        .sector_size = sector_size,
                                        .page_size = 256,
                                        .program_unit = unit,
                                        .reprogram = unit == 1,
                                        .suspends = true};
    void *memory = open_part(&config);
    enr_journal_begin(&journal);
    idle();
    cost_t start = now();
    cost_t in = {0};
    cost_t out = {0};
    enr_cursor_t cursor = {0};
    uint32_t dequeued = 0;
    for (uint32_t i = 1; i <= LEADS; i++) {
        enr_slot_t slot;
        cost_t from = now();
        append(i, worked ? 16 + 24 + 36 + 24 + 120 + 64 : 64, &slot);
        add(&in, from);
        if (i > PENDING) {
            from = now();
            dequeue(&cursor, &slot);
            add(&out, from);
            dequeued++;
            if (worked) {
                set(&slot, 0, 1, 0);
                set(&slot, 0, 2, 36);
                set(&slot, 0, 3, 120);
            }
            if (held == 0 || slot.number % held != 0) {
                retire(&slot);
            }
        }
        idle();
    }
    cost_t all = {0};
    add(&all, start);
    uint32_t payload = TAGGED(CONTENT) + (worked ? TAGGED(36) + TAGGED(120) : 0);
    enr_journal_stats_t stats;
    enr_journal_stats(&journal, &stats);
    cost_t from = now();
    mount();
    cost_t mounted = {0};
    add(&mounted, from);
    char what[40];
    (void)snprintf(what, sizeof what, "%s%s", worked ? "worked on" : "in and out", held > 0 ? ", 1 % held" : "");
    printf("| %s | %u KB, unit %u | %.2f | %.0f | %.0f | %.0f | %.1f | %.3f | %.3f | %.1f |\n", what,
           sector_size / 1024, unit, per(in.programs, LEADS), per(in.bytes, LEADS), per(in.read_bytes, LEADS),
           per(out.read_bytes, dequeued), (double)mounted.read_bytes / 1024, per(all.bytes, LEADS) / payload,
           (double)all.erases * sector_size / LEADS / payload, (double)stats.leads);
    free(memory);
}

/* What the background reads of each lead after a mount: all of them are looked at once, for what a cut has torn. */
static void count(void)
{
    enr_script_flash_config_t config = {
        .size = 16u << 20, .sector_size = 65536, .page_size = 256, .program_unit = 1, .suspends = true};
    void *memory = open_part(&config);
    for (uint32_t i = 1; i <= COUNTED; i++) {
        enr_slot_t slot;
        append(i, 960, &slot);
        set(&slot, 0, 1, 0);
        set(&slot, 0, 2, 36);
        set(&slot, 0, 3, 120);
    }
    mount();
    enr_journal_begin(&journal);
    cost_t from = now();
    idle();
    cost_t counted = {0};
    add(&counted, from);
    printf("bytes read of each of %u leads after a mount, annexes of 960 bytes with three marks: %.0f\n", COUNTED,
           per(counted.read_bytes, COUNTED));
    free(memory);
}

/* The wear of a small region, round and round. */
static void spread(uint32_t held)
{
    enr_script_flash_config_t config = {.size = 64 * 4096,
                                        .sector_size = 4096,
                                        .page_size = 256,
                                        .program_unit = 1,
                                        .reprogram = true,
                                        .suspends = true};
    void *memory = open_part(&config);
    enr_cursor_t cursor = {0};
    for (uint32_t i = 1; i <= LEADS; i++) {
        enr_slot_t slot;
        append(i, 64, &slot);
        dequeue(&cursor, &slot);
        if (held == 0 || i % held != 0 || i > held * 20) {
            retire(&slot);
        }
        idle();
        if (i % 500 == 0) {
            mount();
            cursor = (enr_cursor_t){.at = slot.place};
        }
    }
    uint32_t least = UINT32_MAX;
    uint32_t most = 0;
    for (uint32_t sector = ENR_JOURNAL_ANCHORS; sector < 64; sector++) {
        uint32_t erases = enr_script_flash_erase_count(&flash, sector);
        least = erases < least ? erases : least;
        most = erases > most ? erases : most;
    }
    printf("erases of 61 sectors of 4 KB, 10,000 leads, 20 power cuts, %s: %u to %u\n",
           held == 0 ? "none held" : "20 held for ever", least, most);
    free(memory);
}

int main(int argc, char **argv)
{
    must(known_seal(&seal), "the seal");
    if (argc == 3 && strcmp(argv[1], "append") == 0) {
        enr_script_flash_config_t config = {
            .size = 16u << 20, .sector_size = 65536, .page_size = 256, .program_unit = 1, .suspends = true};
        void *memory = open_part(&config);
        for (uint32_t i = 1; i <= (uint32_t)atoi(argv[2]); i++) {
            enr_slot_t slot;
            append(i, 64, &slot);
        }
        free(memory);
        return 0;
    }
    printf("| leads | sectors | programs an append | bytes | bytes read | bytes read a dequeue | KB read a mount | "
           "programmed / payload and tag | erased / payload and tag | held |\n"
           "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for (unsigned i = 0; i < 4; i++) {
        drain(i % 2 == 0 ? 4096 : 65536, i < 2 ? 1 : 8, 0, false);
    }
    drain(4096, 1, 100, false);
    drain(65536, 1, 100, false);
    drain(4096, 1, 0, true);
    drain(65536, 1, 0, true);
    spread(0);
    spread(100);
    count();
    return 0;
}
