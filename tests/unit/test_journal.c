/* journal: the contract of every function, over the simulated flash. Power cuts in all their ways are in tests/power,
   the bytes and what erasing leaves in tests/journal_format. */
#include "enrich/journal.h"
#include "enrich/tls.h"

#include "enrich_script.h"
#include "enrich_script_flash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define NONE ((enr_span_t){NULL, 0})
#define ENTRY_LEN 32u
#define HEADER_AT 16u /* behind a sector's marker, where the alignment is 16 */

static enr_status_t get_key(void *ctx, uint8_t out_key[32])
{
    memset(out_key, *(const uint8_t *)ctx, 32);
    return ENR_OK;
}

static enr_seal_t seal;
static enr_seal_t other_seal;

/* A journal on a flash of its own. */
typedef struct {
    enr_script_flash_t flash;
    void *memory;
    enr_flash_t duty;
    enr_journal_t journal;
    uint32_t salt;
    uint16_t today;
} rig_t;

static enr_status_t mount(rig_t *rig)
{
    enr_journal_config_t config = {.flash = &rig->duty, .seal = &seal, .salt = ++rig->salt};
    return enr_journal_mount(&rig->journal, &config);
}

static rig_t *new_rig(const enr_script_flash_config_t *config)
{
    rig_t *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    rig->memory = malloc(enr_script_flash_memory(config));
    enr_script_flash_start(&rig->flash, config, rig->memory);
    rig->duty = enr_script_flash(&rig->flash);
    assert_int_equal(mount(rig), ENR_OK);
    return rig;
}

/* No call may have broken a rule of the part: nothing beyond the region, nothing programmed twice. */
static void free_rig(rig_t *rig)
{
    if (rig->flash.violations > 0) {
        fail_msg("%s", rig->flash.violation);
    }
    free(rig->memory);
    free(rig);
}

static const enr_script_flash_config_t small = {.size = 16 * 4096,
                                                .sector_size = 4096,
                                                .page_size = 256,
                                                .program_unit = 1,
                                                .reprogram = true,
                                                .suspends = true,
                                                .seed = 1};
static const enr_script_flash_config_t once = {
    .size = 12 * 2048, .sector_size = 2048, .page_size = 256, .program_unit = 8, .erase_polls = 2, .seed = 1};
static const enr_script_flash_config_t words = {.size = 12 * 4096,
                                                .sector_size = 4096,
                                                .page_size = 256,
                                                .program_unit = 32,
                                                .suspends = true,
                                                .erase_polls = 1,
                                                .seed = 1};
static const enr_script_flash_config_t tiny = {
    .size = 11 * 1024, .sector_size = 1024, .page_size = 1024, .program_unit = 1, .reprogram = true, .seed = 1};
static const enr_script_flash_config_t *const parts[] = {&small, &once, &words, &tiny};

static enr_status_t step(rig_t *rig)
{
    return enr_journal_step(&rig->journal, rig->today);
}

static void idle(rig_t *rig)
{
    for (int i = 0; i < 100000; i++) {
        enr_status_t status = step(rig);
        if (status == ENR_OK) {
            return;
        }
        assert_true(status == ENR_AGAIN || status == ENR_E_FLASH);
    }
    fail_msg("never idle");
}

static void hash_of(uint32_t name, uint8_t out[ENR_JOURNAL_HASH_LEN])
{
    const uint8_t hash[] = {(uint8_t)name, (uint8_t)(name >> 8), 7, 7, 7, 7};
    memcpy(out, hash, sizeof hash);
}

/* The content of a lead with this name. */
static enr_span_t content_of(uint32_t name, size_t len)
{
    static uint8_t bytes[ENR_JOURNAL_CONTENT_MAX + 1];
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(name * 31u + i * 7u);
    }
    return (enr_span_t){bytes, len};
}

/* Once, without steps. */
static enr_status_t append_once(rig_t *rig, uint32_t name, size_t len, size_t annex, enr_slot_t *slot)
{
    uint8_t hash[ENR_JOURNAL_HASH_LEN];
    hash_of(name, hash);
    return enr_journal_append(&rig->journal, content_of(name, len), hash, annex, slot);
}

/* With as many steps as it takes. */
static enr_status_t append(rig_t *rig, uint32_t name, size_t len, size_t annex, enr_slot_t *slot)
{
    for (int i = 0; i < 20000; i++) {
        enr_status_t status = append_once(rig, name, len, annex, slot);
        if (status != ENR_AGAIN) {
            return status;
        }
        (void)!step(rig);
    }
    fail_msg("an append never ends");
    return ENR_AGAIN;
}

static enr_status_t set(rig_t *rig, enr_slot_t *slot, unsigned number, uint32_t value, enr_span_t data)
{
    for (int i = 0; i < 20000; i++) {
        enr_status_t status = enr_journal_set(&rig->journal, slot, number, value, data);
        if (status != ENR_AGAIN) {
            return status;
        }
        (void)!step(rig);
    }
    fail_msg("a change never ends");
    return ENR_AGAIN;
}

static enr_status_t retire(rig_t *rig, enr_slot_t *slot, uint16_t until_day)
{
    for (int i = 0; i < 20000; i++) {
        enr_status_t status = enr_journal_retire(&rig->journal, slot, until_day);
        if (status != ENR_AGAIN) {
            return status;
        }
        (void)!step(rig);
    }
    fail_msg("a retirement never ends");
    return ENR_AGAIN;
}

/* Retires a lead as an agent does: its slot is held, so that compaction meanwhile does no harm. */
static enr_status_t find_number(rig_t *rig, uint32_t number, enr_slot_t *slot);

static enr_status_t retire_number(rig_t *rig, uint32_t number, uint16_t until_day)
{
    enr_slot_t slot = {0};
    assert_int_equal(find_number(rig, number, &slot), ENR_OK);
    enr_journal_hold(&rig->journal, &slot);
    enr_status_t status = retire(rig, &slot, until_day);
    enr_journal_release(&rig->journal, &slot);
    return status;
}

static enr_status_t next(rig_t *rig, enr_cursor_t *cursor, enr_slot_t *slot)
{
    enr_status_t status = enr_journal_next(&rig->journal, cursor, slot);
    while (status == ENR_AGAIN) {
        (void)!step(rig);
        status = enr_journal_next(&rig->journal, cursor, slot);
    }
    return status;
}

static enr_status_t find_number(rig_t *rig, uint32_t number, enr_slot_t *slot)
{
    enr_status_t status = enr_journal_find_number(&rig->journal, number, slot);
    while (status == ENR_AGAIN) {
        (void)!step(rig);
        status = enr_journal_find_number(&rig->journal, number, slot);
    }
    return status;
}

static enr_status_t find_name(rig_t *rig, uint32_t name, enr_slot_t *slot)
{
    uint8_t hash[ENR_JOURNAL_HASH_LEN];
    hash_of(name, hash);
    return enr_journal_find(&rig->journal, hash, slot);
}

static bool content_is(rig_t *rig, const enr_slot_t *slot, uint32_t name, size_t len)
{
    static uint8_t room[ENR_JOURNAL_CONTENT_MAX];
    enr_buffer_t out = enr_buffer_over(room, sizeof room);
    return enr_journal_read(&rig->journal, slot, &out) == ENR_OK && out.len == len &&
           memcmp(room, content_of(name, len).ptr, len) == 0;
}

static bool data_is(rig_t *rig, const enr_slot_t *slot, unsigned number, enr_span_t data)
{
    uint8_t room[ENR_JOURNAL_CONTENT_MAX];
    enr_buffer_t out = enr_buffer_over(room, sizeof room);
    return enr_journal_read_data(&rig->journal, slot, number, &out) == ENR_OK && out.len == data.len &&
           (data.len == 0 || memcmp(room, data.ptr, data.len) == 0);
}

/* Living slots; each must hold what content_of gives for its hash, in `len` bytes. */
static uint32_t count_living(rig_t *rig, size_t len)
{
    enr_cursor_t cursor = {0};
    enr_slot_t slot;
    uint32_t count = 0;
    while (next(rig, &cursor, &slot) == ENR_OK) {
        if (!slot.gone) {
            assert_true(content_is(rig, &slot, slot.hash[0] | (uint32_t)slot.hash[1] << 8, len));
            count++;
        }
    }
    return count;
}

static enr_journal_stats_t stats_of(rig_t *rig)
{
    enr_journal_stats_t stats;
    enr_journal_stats(&rig->journal, &stats);
    return stats;
}

/* Until nothing more is taken. How many there are then, named from 0 on. */
static uint32_t fill_up(rig_t *rig, size_t len, size_t annex)
{
    enr_slot_t slot;
    uint32_t count = 0;
    while (append(rig, count, len, annex, &slot) == ENR_OK) {
        count++;
    }
    return count;
}

/* --- mounting --- */

static void test_geometry(void **state)
{
    (void)state;
    rig_t *rig = new_rig(&small);
    const enr_flash_t good = rig->duty;
    enr_flash_t bad[9];
    for (size_t i = 0; i < COUNT(bad); i++) {
        bad[i] = good;
    }
    bad[0].sector_size = 512;
    bad[1].sector_size = 2 * 1048576;
    bad[1].size = 16 * bad[1].sector_size;
    bad[2].size = (ENR_JOURNAL_SECTORS_MIN - 1) * 4096;
    bad[3].program_unit = 64;
    bad[4].program_unit = 3;
    bad[5].program_unit = 0;
    bad[6].page_size = 0;
    bad[7].page_size = 24;
    bad[8].size = 16 * 4096 + 100;
    for (size_t i = 0; i < COUNT(bad); i++) {
        rig->duty = bad[i];
        assert_int_equal(mount(rig), ENR_E_SETTING);
    }
    rig->duty = good;
    rig->duty.size = ENR_JOURNAL_SECTORS_MIN * 4096;
    assert_int_equal(mount(rig), ENR_OK);
    rig->duty = good;
    assert_int_equal(mount(rig), ENR_OK);
    free_rig(rig);
}

/* A region that was written with another geometry. */
static void test_other_geometry(void **state)
{
    (void)state;
    rig_t *rig = new_rig(&small);
    enr_slot_t slot;
    assert_int_equal(append(rig, 1, 20, 0, &slot), ENR_OK);
    const enr_flash_t good = rig->duty;
    uint64_t operations = rig->flash.operations;
    rig->duty.size = 12 * 4096;
    assert_int_equal(mount(rig), ENR_E_SETTING);
    rig->duty = good;
    rig->duty.sector_size = 2048;
    assert_int_equal(mount(rig), ENR_E_SETTING);
    rig->duty = good;
    rig->duty.program_unit = 32;
    assert_int_equal(mount(rig), ENR_E_SETTING);
    rig->duty = good;
    assert_int_equal(mount(rig), ENR_OK);
    assert_int_equal(count_living(rig, 20), 1);
    assert_int_equal(rig->flash.operations, operations);
    free_rig(rig);
}

static void test_other_key(void **state)
{
    (void)state;
    rig_t *rig = new_rig(&small);
    enr_journal_config_t config = {.flash = &rig->duty, .seal = &other_seal, .salt = 77};
    assert_int_equal(enr_journal_mount(&rig->journal, &config), ENR_OK); /* nothing there yet */
    enr_slot_t slot;
    assert_int_equal(mount(rig), ENR_OK);
    assert_int_equal(append(rig, 1, 20, 0, &slot), ENR_OK);
    uint64_t operations = rig->flash.operations;
    assert_int_equal(enr_journal_mount(&rig->journal, &config), ENR_E_SEAL);
    assert_int_equal(rig->flash.operations, operations);
    assert_int_equal(mount(rig), ENR_OK);
    assert_int_equal(count_living(rig, 20), 1);
    free_rig(rig);
}

/* The newest anchor of a rig, whose journal has begun. */
static uint32_t newest_anchor(const rig_t *rig)
{
    uint32_t newest = 0;
    for (uint32_t i = 1; i < ENR_JOURNAL_ANCHORS; i++) {
        const uint8_t *at = rig->flash.bytes + i * small.sector_size;
        const uint8_t *best = rig->flash.bytes + newest * small.sector_size;
        if (memcmp(at, "ENRA", 4) == 0 && (memcmp(best, "ENRA", 4) != 0 || at[8] > best[8])) {
            newest = i;
        }
    }
    return newest * small.sector_size;
}

static uint32_t head_at(const rig_t *rig)
{
    return rig->journal.head * rig->duty.sector_size;
}

/* behaviours 47: an older build refuses what a newer one wrote, and changes nothing. */
static void test_newer_version(void **state)
{
    (void)state;
    rig_t *rig = new_rig(&small);
    enr_slot_t slot;
    assert_int_equal(append(rig, 1, 20, 0, &slot), ENR_OK);
    uint64_t operations = rig->flash.operations;
    const uint32_t places[] = {head_at(rig) + HEADER_AT + 4, newest_anchor(rig) + 4};
    for (size_t i = 0; i < COUNT(places); i++) {
        rig->flash.bytes[places[i]] = 2;
        assert_int_equal(mount(rig), ENR_E_VERSION);
        rig->flash.bytes[places[i]] = 1;
        assert_int_equal(mount(rig), ENR_OK);
    }
    assert_int_equal(rig->flash.operations, operations);
    assert_int_equal(count_living(rig, 20), 1);
    free_rig(rig);
}

static void test_mount_during_erase(void **state)
{
    (void)state;
    rig_t *rig = new_rig(&once);
    enr_journal_begin(&rig->journal);
    assert_int_equal(step(rig), ENR_AGAIN);
    assert_true(rig->flash.erasing);
    assert_int_equal(mount(rig), ENR_AGAIN);
    while (rig->duty.erase_busy(rig->duty.ctx) == ENR_AGAIN) {
    }
    assert_int_equal(mount(rig), ENR_OK);
    free_rig(rig);
}

/* --- appending --- */

static void test_begin(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        rig_t *rig = new_rig(parts[i]);
        enr_slot_t slot;
        idle(rig);
        assert_int_equal(rig->flash.operations, 0); /* nobody writes: nothing is written */
        assert_int_equal(append_once(rig, 1, 20, 0, &slot), ENR_AGAIN);
        assert_int_equal(rig->flash.operations, 0);
        enr_journal_begin(&rig->journal);
        idle(rig);
        uint64_t erases = rig->flash.erases;
        assert_int_equal(append_once(rig, 1, 20, 0, &slot), ENR_OK);
        assert_int_equal(rig->flash.erases, erases);
        assert_int_equal(slot.number, 1);
        assert_int_equal(append_once(rig, 2, 20, 0, &slot), ENR_OK);
        assert_int_equal(slot.number, 2);
        free_rig(rig);
    }
}

static void test_limits(void **state)
{
    (void)state;
    rig_t *rig = new_rig(&small);
    enr_slot_t slot;
    assert_int_equal(append(rig, 1, ENR_JOURNAL_CONTENT_MAX + 1, 0, &slot), ENR_E_LIMIT);
    assert_int_equal(append(rig, 1, 10, 4096, &slot), ENR_E_LIMIT);
    assert_int_equal(append(rig, 1, 1000, 1200, &slot), ENR_E_LIMIT); /* more than half a sector */
    assert_int_equal(enr_journal_room(&rig->journal, ENR_JOURNAL_CONTENT_MAX + 1, 0), 0);
    assert_int_equal(enr_journal_room(&rig->journal, 1000, 1200), 0);
    assert_int_equal(append(rig, 1, 1000, 600, &slot), ENR_OK);
    uint64_t operations = rig->flash.operations;
    assert_int_equal(set(rig, &slot, 0, 1, content_of(1, ENR_JOURNAL_CONTENT_MAX + 1)), ENR_E_LIMIT);
    assert_int_equal(set(rig, &slot, 0, 1, content_of(1, 1000)),
                     ENR_E_LIMIT); /* the slot would not fit half a sector */
    assert_int_equal(rig->flash.operations, operations);
    uint8_t room[1000];
    enr_buffer_t out = enr_buffer_over(room, 999);
    assert_int_equal(enr_journal_read(&rig->journal, &slot, &out), ENR_E_LIMIT);
    assert_int_equal(out.len, 0);
    assert_int_equal(set(rig, &slot, 1, 5, ENR_SPAN("data")), ENR_OK);
    out = enr_buffer_over(room, 3);
    assert_int_equal(enr_journal_read_data(&rig->journal, &slot, 1, &out), ENR_E_LIMIT);
    assert_int_equal(out.len, 0);
    assert_true(content_is(rig, &slot, 1, 1000));
    free_rig(rig);
}

/* behaviours 42: a full journal refuses, loses nothing, and takes leads again once some are erased. */
static void test_full(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        rig_t *rig = new_rig(parts[i]);
        enr_slot_t slot;
        uint32_t count = fill_up(rig, 100, 100);
        assert_true(count > 0);
        idle(rig);
        assert_int_equal(append(rig, count, 100, 100, &slot), ENR_E_FULL);
        assert_int_equal(enr_journal_room(&rig->journal, 100, 100), 0);
        assert_int_equal(count_living(rig, 100), count);
        assert_int_equal(stats_of(rig).leads, count);
        for (uint32_t number = 1; number <= count; number++) { /* a full one can still be marked and erased */
            assert_int_equal(find_number(rig, number, &slot), ENR_OK);
            enr_journal_hold(&rig->journal, &slot);
            assert_int_equal(set(rig, &slot, 0, number, NONE), ENR_OK);
            enr_journal_release(&rig->journal, &slot);
        }
        uint32_t living = count;
        for (uint32_t number = 1; number <= count; number++) {
            if (number % 4 != 0) {
                assert_int_equal(retire_number(rig, number, 0), ENR_OK);
                living--;
            }
        }
        idle(rig);
        uint32_t room = enr_journal_room(&rig->journal, 100, 100);
        assert_true(room > 0);
        for (uint32_t more = 0; more < room; more++) {
            assert_int_equal(append(rig, 1000 + more, 100, 100, &slot), ENR_OK);
        }
        assert_int_equal(mount(rig), ENR_OK);
        idle(rig);
        assert_int_equal(count_living(rig, 100), living + room);
        assert_int_equal(stats_of(rig).leads, living + room);
        free_rig(rig);
    }
}

/* As many as room() says are taken, from whatever state. */
static void test_room(void **state)
{
    (void)state;
    static const struct {
        size_t len, annex;
    } sizes[] = {{1, 0}, {30, 64}, {100, 100}, {200, 30}, {250, 0}};
    uint32_t random = 1;
    for (size_t i = 0; i < COUNT(parts) * 6; i++) {
        rig_t *rig = new_rig(parts[i % COUNT(parts)]);
        enr_slot_t slot;
        uint32_t name = 0;
        for (int round = 0; round < 6; round++) {
            random = random * 1664525u + 1013904223u;
            size_t size = (random >> 16) % COUNT(sizes);
            size_t size_of_room = (random >> 24) % COUNT(sizes);
            for (uint32_t n = (random >> 8) % 20; n > 0; n--) {
                (void)!append(rig, name++, sizes[size].len, sizes[size].annex, &slot);
            }
            for (uint32_t number = 1 + (random >> 5) % 3; number < name; number += 2 + (random >> 4) % 2) {
                if (find_number(rig, number, &slot) == ENR_OK && !slot.gone) {
                    assert_int_equal(retire_number(rig, number, round % 2 == 0 ? 0 : 100), ENR_OK);
                }
            }
            if (round % 3 == 2) {
                assert_int_equal(mount(rig), ENR_OK);
            }
            idle(rig);
            uint32_t room = enr_journal_room(&rig->journal, sizes[size_of_room].len, sizes[size_of_room].annex);
            for (uint32_t n = 0; n < room; n++) {
                enr_status_t status = append(rig, name++, sizes[size_of_room].len, sizes[size_of_room].annex, &slot);
                if (status != ENR_OK) {
                    fail_msg("part %zu round %d: %s after %u of %u", i % COUNT(parts), round, enr_status_name(status),
                             n, room);
                }
            }
        }
        free_rig(rig);
    }
}

/* An append during an erase: at once where the part suspends it, else AGAIN, and nothing is done. */
static void test_append_during_erase(void **state)
{
    (void)state;
    for (int suspends = 0; suspends < 2; suspends++) {
        enr_script_flash_config_t config = small;
        config.suspends = suspends != 0;
        config.erase_polls = 3;
        rig_t *rig = new_rig(&config);
        enr_slot_t slot;
        uint32_t name = 0;
        uint32_t during = 0;
        assert_int_equal(append(rig, name++, 100, 100, &slot), ENR_OK);
        while (during < 20) {
            if (name > 30) {
                assert_int_equal(retire_number(rig, name - 30, 0), ENR_OK);
            }
            (void)!step(rig);
            if (!rig->flash.erasing) {
                assert_int_equal(append(rig, name++, 100, 100, &slot), ENR_OK);
                continue;
            }
            uint64_t operations = rig->flash.operations;
            enr_status_t status = append_once(rig, name, 100, 100, &slot);
            if (suspends != 0) {
                assert_int_equal(status, ENR_OK);
                assert_true(rig->flash.erasing);
                name++;
            } else {
                assert_int_equal(status, ENR_AGAIN);
                assert_int_equal(rig->flash.operations, operations);
                assert_int_equal(append(rig, name++, 100, 100, &slot), ENR_OK);
            }
            during++;
        }
        idle(rig);
        assert_int_equal(count_living(rig, 100), stats_of(rig).leads);
        free_rig(rig);
    }
}

/* --- slots --- */

static void test_registers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        rig_t *rig = new_rig(parts[i]);
        enr_slot_t slot;
        assert_int_equal(append(rig, 1, 60, 120, &slot), ENR_OK);
        enr_journal_hold(&rig->journal, &slot);
        for (uint32_t value = 1; value <= 300; value++) { /* more than a sequence number can count */
            assert_int_equal(set(rig, &slot, 0, value, content_of(value, value % 40)), ENR_OK);
            assert_int_equal(set(rig, &slot, 1, ENR_JOURNAL_VALUE_MAX - value, NONE), ENR_OK);
            if (value % 50 == 0) {
                enr_slot_t read;
                assert_int_equal(enr_journal_find_number(&rig->journal, 1, &read), ENR_OK);
                assert_int_equal(read.registers[0].value, value);
                assert_true(data_is(rig, &read, 0, content_of(value, value % 40)));
                assert_int_equal(read.registers[1].value, ENR_JOURNAL_VALUE_MAX - value);
                assert_int_equal(read.registers[1].data_len, 0);
                assert_int_equal(read.registers[2].value, 0);
                enr_journal_release(&rig->journal, &slot);
                assert_int_equal(mount(rig), ENR_OK);
                assert_int_equal(find_number(rig, 1, &slot), ENR_OK);
                enr_journal_hold(&rig->journal, &slot);
            }
        }
        assert_true(content_is(rig, &slot, 1, 60));
        assert_int_equal(set(rig, &slot, ENR_JOURNAL_CONTENT, 9, content_of(5, 80)), ENR_OK);
        assert_int_equal(slot.content_len, 80);
        assert_true(content_is(rig, &slot, 5, 80));
        enr_journal_release(&rig->journal, &slot);
        assert_int_equal(mount(rig), ENR_OK);
        assert_int_equal(find_number(rig, 1, &slot), ENR_OK);
        assert_true(content_is(rig, &slot, 5, 80));
        assert_int_equal(slot.registers[ENR_JOURNAL_CONTENT].value, 9);
        assert_int_equal(slot.registers[1].value, ENR_JOURNAL_VALUE_MAX - 300);
        free_rig(rig);
    }
}

/* Moves everything that lives once round: erases and appends a lead until the log has passed where it was. */
static void go_round(rig_t *rig)
{
    uint32_t until = rig->journal.epoch + rig->journal.sectors;
    enr_slot_t slot;
    while (rig->journal.tail < until) {
        assert_int_equal(append(rig, 60000, 100, 0, &slot), ENR_OK);
        assert_int_equal(retire(rig, &slot, 0), ENR_OK);
        (void)!step(rig);
    }
}

static void test_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        rig_t *rig = new_rig(parts[i]);
        enr_slot_t held;
        enr_slot_t stale;
        enr_slot_t other;
        assert_int_equal(append(rig, 1, 40, 100, &held), ENR_OK);
        assert_int_equal(append(rig, 2, 40, 100, &other), ENR_OK);
        stale = held;
        enr_journal_hold(&rig->journal, &held);
        enr_journal_hold(&rig->journal, &other);
        assert_int_equal(enr_journal_set(&rig->journal, &held, 0, 3, ENR_SPAN("abc")), ENR_OK);
        enr_journal_release(&rig->journal, &other);
        other = held;
        go_round(rig);
        idle(rig);
        uint8_t room[100];
        enr_buffer_t out = enr_buffer_over(room, sizeof room);
        assert_int_equal(enr_journal_read(&rig->journal, &stale, &out), ENR_E_SEAL);
        assert_int_equal(enr_journal_read_data(&rig->journal, &other, 0, &out), ENR_E_SEAL);
        assert_int_equal(enr_journal_set(&rig->journal, &stale, 0, 1, NONE), ENR_E_SEAL);
        assert_int_equal(enr_journal_confirm(&rig->journal, &stale), ENR_E_SEAL);
        assert_int_equal(enr_journal_retire(&rig->journal, &stale, 0), ENR_E_SEAL);
        assert_true(content_is(rig, &held, 1, 40));
        assert_int_equal(held.registers[0].value, 3);
        assert_true(data_is(rig, &held, 0, ENR_SPAN("abc")));
        assert_int_equal(set(rig, &held, 0, 4, NONE), ENR_OK);
        enr_journal_release(&rig->journal, &held);
        assert_int_equal(find_number(rig, 1, &other), ENR_OK);
        assert_int_equal(other.registers[0].value, 4);
        free_rig(rig);
    }
}

/* The newest slot is written again when a session begins: a copy of it goes stale, a held one follows. */
static void test_newest_goes_stale(void **state)
{
    (void)state;
    for (int holds = 0; holds < 2; holds++) {
        rig_t *rig = new_rig(&small);
        enr_slot_t slot;
        assert_int_equal(append(rig, 1, 40, 100, &slot), ENR_OK);
        assert_int_equal(mount(rig), ENR_OK);
        assert_int_equal(find_number(rig, 1, &slot), ENR_OK);
        if (holds != 0) {
            enr_journal_hold(&rig->journal, &slot);
        }
        enr_journal_begin(&rig->journal);
        idle(rig);
        assert_int_equal(enr_journal_set(&rig->journal, &slot, 0, 1, NONE), holds != 0 ? ENR_OK : ENR_E_SEAL);
        free_rig(rig);
    }
}

/* behaviours 44: what an earlier session wrote is written again, once. */
static void test_confirm(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        rig_t *rig = new_rig(parts[i]);
        enr_slot_t slot;
        enr_slot_t newest;
        assert_int_equal(append(rig, 1, 40, 100, &slot), ENR_OK);
        assert_int_equal(enr_journal_set(&rig->journal, &slot, 2, 8, ENR_SPAN("xyz")), ENR_OK);
        assert_int_equal(append(rig, 2, 40, 100, &newest), ENR_OK);
        uint64_t programs = rig->flash.programs;
        assert_int_equal(enr_journal_confirm(&rig->journal, &slot), ENR_OK);
        assert_int_equal(enr_journal_confirm(&rig->journal, &newest), ENR_OK);
        assert_int_equal(rig->flash.programs, programs); /* this session wrote them */
        for (uint32_t number = 1; number <= 2; number++) {
            assert_int_equal(mount(rig), ENR_OK);
            enr_journal_begin(&rig->journal);
            idle(rig);
            assert_int_equal(find_number(rig, number, &slot), ENR_OK);
            programs = rig->flash.programs;
            assert_int_equal(enr_journal_confirm(&rig->journal, &slot), ENR_OK);
            assert_true(rig->flash.programs > programs);
            programs = rig->flash.programs;
            assert_int_equal(enr_journal_confirm(&rig->journal, &slot), ENR_OK);
            assert_int_equal(rig->flash.programs, programs);
            assert_int_equal(find_number(rig, number, &slot), ENR_OK);
            assert_int_equal(enr_journal_confirm(&rig->journal, &slot), ENR_OK);
            assert_int_equal(rig->flash.programs, programs);
        }
        assert_int_equal(find_number(rig, 1, &slot), ENR_OK);
        assert_int_equal(slot.registers[2].value, 8);
        assert_true(data_is(rig, &slot, 2, ENR_SPAN("xyz")));
        assert_int_equal(count_living(rig, 40), 2);
        free_rig(rig);
    }
}

static void test_retire(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        rig_t *rig = new_rig(parts[i]);
        enr_slot_t slot;
        rig->today = 100;
        for (uint32_t name = 1; name <= 3; name++) {
            assert_int_equal(append(rig, name, 40, 100, &slot), ENR_OK);
        }
        assert_int_equal(retire_number(rig, 1, 105), ENR_OK);
        assert_int_equal(retire_number(rig, 2, 0), ENR_OK);
        assert_int_equal(find_name(rig, 1, &slot), ENR_OK);
        assert_true(slot.gone && slot.number == 1 && slot.until_day == 105);
        assert_int_equal(count_living(rig, 40), 1);
        go_round(rig);
        idle(rig);
        assert_int_equal(find_name(rig, 1, &slot), ENR_OK); /* its slot is gone altogether */
        assert_true(slot.gone && slot.number == 0 && slot.until_day == 105);
        assert_int_equal(find_number(rig, 1, &slot), ENR_END);
        assert_int_equal(find_name(rig, 2, &slot), ENR_END); /* was to be remembered as long as its sector */
        assert_int_equal(mount(rig), ENR_OK);
        idle(rig);
        assert_int_equal(find_name(rig, 1, &slot), ENR_OK);
        rig->today = 105;
        idle(rig);
        assert_int_equal(find_name(rig, 1, &slot), ENR_OK); /* until the end of that day */
        rig->today = 106;
        idle(rig);
        assert_int_equal(find_name(rig, 1, &slot), ENR_END);
        assert_int_equal(find_name(rig, 3, &slot), ENR_OK);
        assert_true(!slot.gone);
        go_round(rig);
        assert_int_equal(count_living(rig, 40), 1);
        free_rig(rig);
    }
}

static void test_find(void **state)
{
    (void)state;
    rig_t *rig = new_rig(&small);
    enr_slot_t slot;
    assert_int_equal(find_name(rig, 1, &slot), ENR_END);
    assert_int_equal(find_number(rig, 0, &slot), ENR_END);
    assert_int_equal(find_number(rig, 1, &slot), ENR_END);
    assert_int_equal(append(rig, 7, 40, 0, &slot), ENR_OK);
    assert_int_equal(append(rig, 8, 40, 0, &slot), ENR_OK);
    assert_int_equal(append(rig, 7, 40, 0, &slot), ENR_OK); /* the newest of one name counts … */
    for (int round = 0; round < 2; round++) {
        assert_int_equal(find_name(rig, 7, &slot), ENR_OK);
        assert_int_equal(slot.number, 3);
        assert_int_equal(find_name(rig, 8, &slot), ENR_OK);
        assert_int_equal(slot.number, 2);
        assert_int_equal(find_number(rig, 1, &slot), ENR_OK);
        assert_int_equal(slot.hash[0], 7);
        assert_int_equal(find_number(rig, 4, &slot), ENR_END);
        go_round(rig); /* … also when an older one was copied later */
    }
    free_rig(rig);
}

/* A walk meets every lead, whatever is written, copied and erased meanwhile. */
static void test_walk_during_compaction(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        rig_t *rig = new_rig(parts[i]);
        enr_slot_t slot;
        for (uint32_t name = 0; name < 3; name++) {
            assert_int_equal(append(rig, name, 50, 0, &slot), ENR_OK);
        }
        for (uint32_t pace = 1; pace < 12; pace++) {
            unsigned seen = 0;
            enr_cursor_t cursor = {0};
            uint32_t turns = 0;
            while (next(rig, &cursor, &slot) == ENR_OK) {
                seen |= slot.hash[1] == 0 && slot.hash[0] < 3 ? 1u << slot.hash[0] : 0;
                for (uint32_t n = 0; n < pace && turns < 300; n++) {
                    enr_slot_t passing;
                    assert_int_equal(append(rig, 60000, 50, 0, &passing), ENR_OK);
                    assert_int_equal(retire(rig, &passing, 0), ENR_OK);
                    (void)!step(rig);
                    turns++;
                }
            }
            assert_int_equal(seen, 7);
        }
        free_rig(rig);
    }
}

/* --- damage --- */

static void turn(rig_t *rig, uint32_t at, uint32_t bit)
{
    rig->flash.bytes[at + bit / 8] ^= (uint8_t)(1u << bit % 8);
}

/* Four leads in the head, the second with marks. */
static rig_t *new_damaged_rig(const enr_script_flash_config_t *config)
{
    rig_t *rig = new_rig(config);
    enr_slot_t slot;
    for (uint32_t name = 1; name <= 4; name++) {
        assert_int_equal(append(rig, name, 40, 100, &slot), ENR_OK);
        if (name == 2) {
            assert_int_equal(enr_journal_set(&rig->journal, &slot, 0, 0xabcdef, NONE), ENR_OK);
            assert_int_equal(enr_journal_set(&rig->journal, &slot, 1, 5, ENR_SPAN("data")), ENR_OK);
        }
    }
    return rig;
}

static void assert_all_there(rig_t *rig)
{
    enr_slot_t slot;
    assert_int_equal(mount(rig), ENR_OK);
    idle(rig);
    assert_int_equal(stats_of(rig).damaged, 0);
    assert_int_equal(count_living(rig, 40), 4);
    assert_int_equal(find_number(rig, 2, &slot), ENR_OK);
    assert_int_equal(slot.registers[0].value, 0xabcdef);
    assert_true(data_is(rig, &slot, 1, ENR_SPAN("data")));
}

/* One wrong bit of what proves itself is mended: in headers, entries, anchors, marks without data. */
static void test_one_wrong_bit(void **state)
{
    (void)state;
    rig_t *rig = new_damaged_rig(&small);
    enr_slot_t slot;
    assert_int_equal(find_number(rig, 2, &slot), ENR_OK);
    uint32_t head = head_at(rig);
    uint32_t mark = slot.annex_end - 112; /* its annex of 100 bytes is filled up to 112 */
    const struct {
        uint32_t at, len;
    } places[] = {{head + HEADER_AT, 64},
                  {head + 4096 - 2 * ENTRY_LEN, ENTRY_LEN},
                  {head + 4096 - 4 * ENTRY_LEN, ENTRY_LEN},
                  {mark, 16},
                  {newest_anchor(rig), 80},
                  {newest_anchor(rig) + 2048, 80}};
    for (size_t i = 0; i < COUNT(places); i++) {
        for (uint32_t bit = 0; bit < 8 * places[i].len; bit++) {
            turn(rig, places[i].at, bit);
            assert_all_there(rig);
            turn(rig, places[i].at, bit);
        }
    }
    free_rig(rig);
}

/* Two wrong bits: this one is damaged, and counted; everything else is there. */
static void test_two_wrong_bits(void **state)
{
    (void)state;
    rig_t *rig = new_damaged_rig(&small);
    uint32_t entry = head_at(rig) + 4096 - 3 * ENTRY_LEN; /* of the third lead */
    enr_slot_t slot;
    for (uint32_t bit = 0; bit + 1 < 8 * ENTRY_LEN; bit++) {
        turn(rig, entry, bit);
        turn(rig, entry, bit + 1);
        assert_int_equal(mount(rig), ENR_OK);
        idle(rig);
        assert_int_equal(stats_of(rig).damaged, 1);
        assert_int_equal(stats_of(rig).leads, 3);
        assert_int_equal(count_living(rig, 40), 3);
        assert_int_equal(find_number(rig, 3, &slot), ENR_END);
        assert_int_equal(find_number(rig, 4, &slot), ENR_OK);
        turn(rig, entry, bit);
        turn(rig, entry, bit + 1);
    }
    assert_all_there(rig);
    free_rig(rig);
}

/* A content that does not open: what became of its lead is still known, also after compaction. */
static void test_damaged_content(void **state)
{
    (void)state;
    rig_t *rig = new_damaged_rig(&small);
    enr_slot_t slot;
    uint8_t room[100];
    assert_int_equal(find_number(rig, 2, &slot), ENR_OK);
    turn(rig, slot.annex_end - 112 - 30, 3);
    for (int round = 0; round < 2; round++) {
        enr_buffer_t out = enr_buffer_over(room, sizeof room);
        assert_int_equal(enr_journal_read(&rig->journal, &slot, &out), ENR_E_SEAL);
        assert_int_equal(out.len, 0);
        assert_int_equal(slot.registers[0].value, 0xabcdef);
        assert_true(data_is(rig, &slot, 1, ENR_SPAN("data")));
        go_round(rig);
        assert_int_equal(stats_of(rig).damaged, 1);
        assert_int_equal(find_number(rig, 2, &slot), ENR_OK);
        assert_int_equal(slot.content_len, 0);
    }
    assert_int_equal(set(rig, &slot, 0, 7, NONE), ENR_OK);
    assert_int_equal(set(rig, &slot, ENR_JOURNAL_CONTENT, 1, content_of(2, 40)), ENR_OK);
    assert_int_equal(count_living(rig, 40), 4);
    free_rig(rig);
}

/* behaviours 41: a sector whose header is lost is kept, and nothing else is lost; repair gives it up. */
static void test_lost_header(void **state)
{
    (void)state;
    for (int which = 0; which < 3; which++) { /* the oldest, one between, the newest */
        rig_t *rig = new_rig(&small);
        enr_slot_t slot;
        uint32_t name = 0;
        while (rig->journal.epoch < 3 || rig->journal.head_count < 4) {
            assert_int_equal(append(rig, name++, 40, 100, &slot), ENR_OK);
        }
        uint32_t lost_at = (3u + (uint32_t)which) * 4096;
        uint32_t lost = 0;
        enr_cursor_t cursor = {0};
        while (next(rig, &cursor, &slot) == ENR_OK) {
            lost += slot.annex_end > lost_at && slot.annex_end <= lost_at + 4096;
        }
        uint8_t header[64];
        memcpy(header, rig->flash.bytes + lost_at + HEADER_AT, sizeof header);
        memset(rig->flash.bytes + lost_at + HEADER_AT, 0, sizeof header);
        assert_int_equal(mount(rig), ENR_OK);
        idle(rig);
        assert_int_equal(count_living(rig, 40), name - lost);
        uint64_t erases = enr_script_flash_erase_count(&rig->flash, lost_at / 4096);
        assert_int_equal(stats_of(rig).damaged, which < 2 ? 1 : 0);
        if (which < 2) { /* it is kept while others come and go */
            for (uint32_t n = 0; n < 200; n++) {
                enr_status_t status = append(rig, 60000, 40, 100, &slot);
                assert_true(status == ENR_OK || status == ENR_E_FULL);
                if (status == ENR_OK) {
                    assert_int_equal(retire(rig, &slot, 0), ENR_OK);
                }
            }
            assert_int_equal(enr_script_flash_erase_count(&rig->flash, lost_at / 4096), erases);
            assert_int_equal(count_living(rig, 40), name - lost);
            enr_journal_repair(&rig->journal);
            idle(rig);
            assert_int_equal(stats_of(rig).damaged, 0);
            assert_int_equal(count_living(rig, 40), name - lost);
            assert_int_equal(mount(rig), ENR_OK);
            idle(rig);
            assert_int_equal(count_living(rig, 40), name - lost);
        }
        for (uint32_t n = 0; n < 400; n++) {
            assert_int_equal(append(rig, 60000, 40, 100, &slot), ENR_OK);
            assert_int_equal(retire(rig, &slot, 0), ENR_OK);
        }
        assert_int_equal(count_living(rig, 40), name - lost);
        free_rig(rig);
    }
}

/* --- parts that fail --- */

static void test_bad_sectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts) - 1; i++) {
        rig_t *rig = new_rig(parts[i]);
        enr_slot_t slot;
        assert_int_equal(append(rig, 0, 40, 100, &slot), ENR_OK);
        enr_script_flash_break(&rig->flash, 0); /* an anchor … */
        enr_script_flash_break(&rig->flash, 5);
        enr_script_flash_break(&rig->flash, 8);
        uint32_t name = 1;
        for (int session = 0; session < 4; session++) {
            assert_int_equal(mount(rig), ENR_OK);
            for (int n = 0; n < 100; n++) {
                enr_status_t status = append(rig, 60000, 40, 100, &slot);
                assert_int_equal(status, ENR_OK);
                enr_journal_hold(&rig->journal, &slot);
                assert_int_equal(retire(rig, &slot, 0), ENR_OK);
                enr_journal_release(&rig->journal, &slot);
            }
            assert_int_equal(append(rig, name++, 40, 100, &slot), ENR_OK);
            assert_int_equal(count_living(rig, 40), name);
        }
        assert_int_equal(stats_of(rig).bad, 2);
        free_rig(rig);
    }
}

/* Sectors that break with leads in them can still be read: these go elsewhere. */
static void test_sector_breaks_under_leads(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts) - 1; i++) {
        rig_t *rig = new_rig(parts[i]);
        enr_slot_t slot;
        for (uint32_t name = 0; name < 4; name++) {
            assert_int_equal(append(rig, name, 40, 100, &slot), ENR_OK);
        }
        enr_script_flash_break(&rig->flash, rig->journal.head);
        while (append(rig, 4, 40, 100, &slot) != ENR_OK) { /* what was to be written is not there: once more */
            assert_int_equal(count_living(rig, 40), 4);
        }
        assert_int_equal(find_number(rig, 1, &slot), ENR_OK);
        enr_journal_hold(&rig->journal, &slot);
        assert_int_equal(set(rig, &slot, 0, 77, NONE), ENR_OK);
        enr_journal_release(&rig->journal, &slot);
        idle(rig);
        assert_int_equal(count_living(rig, 40), 5);
        assert_int_equal(mount(rig), ENR_OK);
        assert_int_equal(append(rig, 5, 40, 100, &slot), ENR_OK);
        assert_int_equal(count_living(rig, 40), 6);
        assert_int_equal(find_number(rig, 1, &slot), ENR_OK);
        assert_int_equal(slot.registers[0].value, 77);
        free_rig(rig);
    }
}

/* Two anchors bad: everything can be read, nothing can be written. */
static void test_two_bad_anchors(void **state)
{
    (void)state;
    rig_t *rig = new_rig(&small);
    enr_slot_t slot;
    assert_int_equal(append(rig, 1, 40, 100, &slot), ENR_OK);
    uint32_t kept = newest_anchor(rig) / 4096;
    enr_script_flash_break(&rig->flash, (kept + 1) % 3);
    enr_script_flash_break(&rig->flash, (kept + 2) % 3);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(mount(rig), ENR_OK);
        assert_int_equal(append(rig, 2, 40, 100, &slot), ENR_E_FLASH);
        assert_int_equal(find_number(rig, 1, &slot), ENR_OK);
        assert_int_equal(set(rig, &slot, 0, 1, NONE), ENR_E_FLASH);
        assert_int_equal(retire(rig, &slot, 0), ENR_E_FLASH);
        idle(rig);
        assert_int_equal(count_living(rig, 40), 1);
    }
    free_rig(rig);
}

/* --- sessions --- */

static void put_32(uint8_t *out, uint32_t number)
{
    for (unsigned i = 0; i < 4; i++) {
        out[i] = (uint8_t)(number >> 8 * i);
    }
}

/* As if so many sessions had come and gone: the newest anchor is sealed again with another number
   (lib/journal/FORMAT.md, "An anchor"). */
static void pass_sessions(rig_t *rig, uint32_t count)
{
    assert_int_equal(mount(rig), ENR_OK);
    enr_journal_begin(&rig->journal);
    idle(rig);
    uint32_t anchor = newest_anchor(rig);
    for (uint32_t copy = 0; copy < 2; copy++) {
        uint32_t at = anchor + copy * 2048;
        uint8_t *bytes = rig->flash.bytes + at;
        uint32_t session = rig->journal.session + count;
        put_32(bytes + 8, session);
        enr_seal_place_t place = {.epoch = session, .offset = at, .salt = bytes[12] | (uint32_t)bytes[13] << 8};
        assert_int_equal(enr_seal_text(&seal, place, (enr_span_t){bytes, 64}, NONE, bytes + 64), ENR_OK);
    }
    for (uint32_t other = 0; other < ENR_JOURNAL_ANCHORS; other++) {
        if (other * 4096 != anchor) {
            memset(rig->flash.bytes + other * 4096, 0xff, 4096);
        }
    }
}

/* Marks and slots name the low half of their session: after 65536 sessions it is the same again, and what was written
   then is not taken for what the present session wrote. */
static void test_session_wraps(void **state)
{
    (void)state;
    static const uint32_t passed[] = {65535 - 2, 65534, 65535, 65536, 65537, 2 * 65536 - 1};
    for (size_t i = 0; i < COUNT(passed); i++) {
        rig_t *rig = new_damaged_rig(&small);
        enr_slot_t slot;
        pass_sessions(rig, passed[i]);
        for (int session = 0; session < 4; session++) {
            assert_int_equal(mount(rig), ENR_OK);
            enr_journal_begin(&rig->journal);
            idle(rig);
            for (uint32_t number = 1; number <= 4; number++) {
                assert_int_equal(find_number(rig, number, &slot), ENR_OK);
                enr_journal_hold(&rig->journal, &slot);
                uint64_t programs = rig->flash.programs;
                enr_status_t status = enr_journal_confirm(&rig->journal, &slot);
                assert_true(status == ENR_AGAIN || (status == ENR_OK && rig->flash.programs > programs));
                assert_int_equal(set(rig, &slot, 2, 1 + number + (uint32_t)session, NONE), ENR_OK);
                enr_journal_release(&rig->journal, &slot);
                assert_int_equal(find_number(rig, number, &slot), ENR_OK);
                assert_int_equal(slot.registers[2].value, 1 + number + (uint32_t)session);
            }
            assert_int_equal(find_number(rig, 2, &slot), ENR_OK);
            assert_int_equal(slot.registers[0].value, 0xabcdef);
            assert_true(data_is(rig, &slot, 1, ENR_SPAN("data")));
        }
        assert_int_equal(count_living(rig, 40), 4);
        free_rig(rig);
    }
}

/* A lead, with marks in its first annex, whose next mark needs an extension. */
static uint32_t fill_annex(rig_t *rig, enr_slot_t *slot)
{
    uint32_t value = 1;
    assert_int_equal(append(rig, 1, 100, 0, slot), ENR_OK);
    while (slot->annex_at + 3u * rig->journal.align <= slot->annex_end) {
        assert_int_equal(set(rig, slot, 0, value++, NONE), ENR_OK);
    }
    return value;
}

/* An extension whose entry was cut. */
typedef struct {
    uint32_t at;              /* of the entry */
    uint8_t entry[ENTRY_LEN]; /* as it would have become */
    uint32_t annex_end;
} torn_t;

/* Lead 1's next mark goes into an extension, which comes next in the head and has no prefix. The power goes at its
   entry, which then reads as erased; the next session has begun. */
static torn_t tear_extension(rig_t *rig, const enr_script_flash_config_t *part, uint32_t value)
{
    torn_t torn = {.at = head_at(rig) + rig->duty.sector_size - (rig->journal.head_count + 1u) * ENTRY_LEN};
    enr_slot_t slot;
    size_t size = enr_script_flash_memory(part);
    rig_t *before = malloc(sizeof *before + size);
    assert_non_null(before);
    *before = *rig;
    memcpy(before + 1, rig->memory, size);
    assert_int_equal(find_number(rig, 1, &slot), ENR_OK);
    assert_int_equal(enr_journal_set(&rig->journal, &slot, 0, value, NONE), ENR_OK);
    torn.annex_end = slot.annex_end;
    memcpy(torn.entry, rig->flash.bytes + torn.at, sizeof torn.entry);
    *rig = *before;
    memcpy(rig->memory, before + 1, size);
    free(before);

    assert_int_equal(find_number(rig, 1, &slot), ENR_OK);
    rig->flash.cut_at = rig->flash.operations + 1;
    rig->flash.cut_kind = ENR_SCRIPT_CUT_TORN_BLANK;
    (void)!enr_journal_set(&rig->journal, &slot, 0, value, NONE);
    enr_script_flash_power_on(&rig->flash);
    assert_int_equal(mount(rig), ENR_OK);
    enr_journal_begin(&rig->journal);
    idle(rig);
    return torn;
}

static void show(rig_t *rig, const torn_t *torn)
{
    memcpy(rig->flash.bytes + torn->at, torn->entry, sizeof torn->entry);
}

/* Contents go on where the newest anchor says, whatever shows of what stands before it. A content that went over the
   annex of a torn extension is cut behind its first unit, with its other units touched. Then the extension shows, whose
   annex ends in the middle of them: nothing is programmed twice, which free_rig looks at. */
static void test_torn_extension(void **state)
{
    (void)state;
    static const enr_script_flash_config_t *const strict[] = {&once, &words};
    for (size_t part = 0; part < COUNT(strict); part++) {
        rig_t *rig = new_rig(strict[part]);
        enr_slot_t slot;
        uint32_t value = fill_annex(rig, &slot);
        idle(rig);
        torn_t torn = tear_extension(rig, strict[part], value);
        uint32_t content_at = rig->journal.head_high;
        assert_true(content_at < torn.annex_end && content_at + 400 > torn.annex_end);
        rig->flash.cut_at = rig->flash.operations + 2;
        rig->flash.cut_kind = ENR_SCRIPT_CUT_TORN_BLANK;
        assert_int_equal(append_once(rig, 2, 400, 0, &slot), ENR_E_FLASH);
        enr_script_flash_power_on(&rig->flash);

        show(rig, &torn);
        assert_int_equal(mount(rig), ENR_OK);
        assert_int_equal(append(rig, 3, 400, 0, &slot), ENR_OK);
        assert_true(slot.annex_end > content_at + 400 + 400);
        assert_true(content_is(rig, &slot, 3, 400));
        assert_int_equal(find_number(rig, 1, &slot), ENR_OK);
        assert_true(content_is(rig, &slot, 1, 100));
        assert_int_equal(slot.registers[0].value, value - 1);
        free_rig(rig);
    }
}

/* A torn extension, whose place a later content took, shows when its lead is gone: what lies there now is not
   overwritten with it. */
static void test_purge_of_torn_extension(void **state)
{
    (void)state;
    rig_t *rig = new_rig(&small);
    enr_slot_t slot;
    uint32_t value = fill_annex(rig, &slot);
    uint16_t first = rig->journal.head;
    while (rig->journal.head == first) {
        assert_int_equal(append(rig, 50, 900, 0, &slot), ENR_OK);
    }
    idle(rig);
    torn_t torn = tear_extension(rig, &small, value);
    assert_int_equal(append(rig, 2, 400, 0, &slot), ENR_OK);
    assert_true(content_is(rig, &slot, 2, 400));
    uint32_t number = slot.number;

    show(rig, &torn);
    for (uint32_t i = 1; i < number - 1; i++) { /* all of the first sector */
        assert_int_equal(retire_number(rig, i, 0), ENR_OK);
    }
    idle(rig);
    assert_true(rig->journal.tail_sector != first);
    enr_journal_purge(&rig->journal);
    idle(rig);
    assert_int_equal(find_number(rig, number, &slot), ENR_OK);
    assert_true(content_is(rig, &slot, 2, 400));
    free_rig(rig);
}

/* The power goes right after a session began, again and again. */
static void storm(rig_t *rig, uint32_t cuts)
{
    for (uint32_t n = 0; n < cuts; n++) {
        enr_script_flash_power_on(&rig->flash);
        enr_script_flash_seed(&rig->flash, n + 1);
        assert_int_equal(mount(rig), ENR_OK);
        enr_journal_begin(&rig->journal);
        rig->flash.cut_at = rig->flash.operations + 2 + n % 7;
        rig->flash.cut_kind = (enr_script_cut_t)(n / 7 % ENR_SCRIPT_CUT_KINDS);
        int steps = n % 16 == 0 ? 400 : 12; /* counting takes its time, and comes before sectors are erased */
        for (int i = 0; i < steps && !rig->flash.off && step(rig) != ENR_OK; i++) {
        }
    }
    enr_script_flash_power_on(&rig->flash);
    assert_int_equal(mount(rig), ENR_OK);
}

/* How many leads of a full journal must be erased before one more is taken. */
static uint32_t erase_until_taken(rig_t *rig, uint32_t count)
{
    enr_slot_t slot;
    uint32_t erased = 0;
    while (append(rig, 50000, 60, 64, &slot) == ENR_E_FULL) {
        assert_true(erased < count);
        assert_int_equal(retire_number(rig, ++erased, 0), ENR_OK);
        idle(rig);
    }
    return erased;
}

/* Power cuts cost no room for good: a full journal takes leads again once as many are erased as without them. */
static void test_storm(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        uint32_t erased[2];
        for (int storms = 0; storms < 2; storms++) {
            rig_t *rig = new_rig(parts[i]);
            uint32_t count = fill_up(rig, 60, 64);
            if (storms != 0) {
                storm(rig, parts[i]->sector_size > 2048
                               ? 150
                               : 500); /* mounting a head full of torn entries takes its time */
            }
            idle(rig);
            assert_int_equal(count_living(rig, 60), count);
            erased[storms] = erase_until_taken(rig, count);
            assert_int_equal(count_living(rig, 60), count - erased[storms] + 1);
            free_rig(rig);
        }
        assert_true(erased[1] <= 2 * erased[0] + 2);
    }
}

/* --- the background --- */

/* One step is short, whatever there is to do: at most one slot is written, and what is read does not grow with what the
   region holds but for the headers of its sectors. */
static void test_steps_are_short(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        rig_t *rig = new_rig(parts[i]);
        enr_slot_t slot;
        const uint64_t programmed_max = parts[i]->sector_size / 2 + 256;
        const uint64_t read_max = 3 * parts[i]->sector_size + 4 * 64 * (parts[i]->size / parts[i]->sector_size);
        uint64_t programmed = 0;
        uint64_t read = 0;
        for (uint32_t turn = 0; turn < 4000; turn++) {
            if (turn % 300 == 299) {
                while (rig->flash.erasing) {
                    (void)!rig->duty.erase_busy(rig->duty.ctx);
                }
                assert_int_equal(mount(rig), ENR_OK);
            }
            if (turn % 3 == 0 && append_once(rig, turn, 30 + turn % 100, turn % 80, &slot) == ENR_OK) {
                (void)!enr_journal_set(&rig->journal, &slot, turn % 3, 1, content_of(turn, turn % 90));
            }
            if (turn % 4 == 1) {
                enr_cursor_t cursor = {0};
                if (enr_journal_next(&rig->journal, &cursor, &slot) == ENR_OK && !slot.gone) {
                    (void)!enr_journal_retire(&rig->journal, &slot, turn % 2 == 0 ? 0 : 9);
                }
            }
            if (turn % 100 == 0) {
                enr_journal_purge(&rig->journal);
            }
            uint64_t programmed_before = rig->flash.program_bytes;
            uint64_t read_before = rig->flash.read_bytes;
            uint64_t erases_before = rig->flash.erases;
            (void)!step(rig);
            programmed = rig->flash.program_bytes - programmed_before > programmed
                             ? rig->flash.program_bytes - programmed_before
                             : programmed;
            read = rig->flash.read_bytes - read_before > read ? rig->flash.read_bytes - read_before : read;
            assert_true(rig->flash.erases - erases_before <= 1);
        }
        if (programmed > programmed_max || read > read_max) {
            fail_msg("part %zu: %llu bytes programmed in one step (%llu), %llu read (%llu)", i,
                     (unsigned long long)programmed, (unsigned long long)programmed_max, (unsigned long long)read,
                     (unsigned long long)read_max);
        }
        free_rig(rig);
    }
}

/* behaviours 46: erased leads are counted until their data are gone. */
static void test_purge(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        rig_t *rig = new_rig(parts[i]);
        enr_slot_t slot;
        for (uint32_t name = 0; name < 6; name++) {
            assert_int_equal(append(rig, name, 50, 64, &slot), ENR_OK);
        }
        for (uint32_t number = 1; number <= 3; number++) {
            assert_int_equal(retire_number(rig, number, 0), ENR_OK);
        }
        assert_int_equal(stats_of(rig).unpurged, 3);
        enr_journal_purge(&rig->journal);
        idle(rig);
        assert_int_equal(stats_of(rig).unpurged, 0);
        assert_int_equal(count_living(rig, 50), 3);
        assert_int_equal(mount(rig), ENR_OK);
        idle(rig);
        assert_int_equal(stats_of(rig).unpurged, 0);
        assert_int_equal(count_living(rig, 50), 3);
        free_rig(rig);
    }
}

/* Counting, a piece at a time after a mount, and writing at the same time: everything is counted once. */
static void test_counting_while_writing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        rig_t *rig = new_rig(parts[i]);
        enr_slot_t slot;
        for (uint32_t name = 0; name < 5; name++) {
            assert_int_equal(append(rig, name, 50, 64, &slot), ENR_OK);
        }
        idle(rig);
        for (uint32_t steps = 0; steps < 12; steps++) {
            for (uint32_t n = 0; n < 2; n++) {
                assert_int_equal(mount(rig), ENR_OK);
                for (uint32_t k = 0; k < steps; k++) {
                    (void)!step(rig);
                }
                assert_int_equal(find_number(rig, 1 + steps % 5, &slot), ENR_OK);
                enr_journal_hold(&rig->journal, &slot);
                assert_int_equal(set(rig, &slot, 0, 1 + steps, content_of(1, 50)), ENR_OK);
                enr_journal_release(&rig->journal, &slot);
                if (n == 0) {
                    idle(rig);
                    assert_int_equal(stats_of(rig).leads, 5);
                }
            }
            idle(rig);
            enr_journal_stats_t stats = stats_of(rig);
            assert_int_equal(mount(rig), ENR_OK);
            idle(rig);
            assert_int_equal(stats.leads, 5);
            assert_int_equal(stats.bytes, stats_of(rig).bytes);
        }
        free_rig(rig);
    }
}

static void test_stats(void **state)
{
    (void)state;
    rig_t *rig = new_rig(&small);
    enr_slot_t slot;
    enr_journal_stats_t stats = stats_of(rig);
    assert_int_equal(stats.sectors, 16);
    assert_int_equal(stats.erases_min, 0);
    for (uint32_t name = 0; name < 5; name++) {
        assert_int_equal(append(rig, name, 50, 64, &slot), ENR_OK);
    }
    idle(rig);
    uint64_t bytes = stats_of(rig).bytes;
    assert_true(stats_of(rig).counted && stats_of(rig).leads == 5 && bytes >= 5 * (50 + 64));
    assert_true(stats_of(rig).largest >= 50 + 64 && stats_of(rig).largest <= bytes);
    assert_int_equal(mount(rig), ENR_OK);
    assert_false(stats_of(rig).counted);
    idle(rig);
    assert_true(stats_of(rig).counted);
    assert_int_equal(stats_of(rig).leads, 5);
    assert_int_equal(stats_of(rig).bytes, bytes);
    go_round(rig);
    idle(rig);
    assert_true(stats_of(rig).erases_max >= 1 && stats_of(rig).erases_min <= stats_of(rig).erases_max);
    assert_int_equal(stats_of(rig).leads, 5);
    free_rig(rig);
}

/* All of TLS's memory, which a test may take away. */
static _Alignas(8) uint8_t memory[8192];
static enr_arena_t arena;

static enr_status_t no_entropy(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    (void)out;
    (void)len;
    return ENR_E_ENTROPY;
}

static int set_up(void **state)
{
    (void)state;
    static enr_tls_memory_t hook;
    static const enr_entropy_t entropy = {.fill = no_entropy};
    static uint8_t key_bytes[] = {0x5a, 0x5b};
    enr_arena_init(&arena, memory, sizeof memory);
    hook = enr_tls_memory_of_arena(&arena);
    if (enr_tls_init(&hook, &entropy) != ENR_E_ENTROPY) {
        return -1;
    }
    enr_key_t key = {.ctx = &key_bytes[0], .get = get_key};
    enr_key_t other = {.ctx = &key_bytes[1], .get = get_key};
    bool good = enr_seal_init(&seal, &key, ENR_SPAN("journal")) == ENR_OK &&
                enr_seal_init(&other_seal, &other, ENR_SPAN("journal")) == ENR_OK;
    return good ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_geometry),
        cmocka_unit_test(test_other_geometry),
        cmocka_unit_test(test_other_key),
        cmocka_unit_test(test_newer_version),
        cmocka_unit_test(test_mount_during_erase),
        cmocka_unit_test(test_begin),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_append_during_erase),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_newest_goes_stale),
        cmocka_unit_test(test_confirm),
        cmocka_unit_test(test_retire),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_walk_during_compaction),
        cmocka_unit_test(test_one_wrong_bit),
        cmocka_unit_test(test_two_wrong_bits),
        cmocka_unit_test(test_damaged_content),
        cmocka_unit_test(test_lost_header),
        cmocka_unit_test(test_bad_sectors),
        cmocka_unit_test(test_sector_breaks_under_leads),
        cmocka_unit_test(test_two_bad_anchors),
        cmocka_unit_test(test_session_wraps),
        cmocka_unit_test(test_torn_extension),
        cmocka_unit_test(test_purge_of_torn_extension),
        cmocka_unit_test(test_storm),
        cmocka_unit_test(test_steps_are_short),
        cmocka_unit_test(test_purge),
        cmocka_unit_test(test_counting_while_writing),
        cmocka_unit_test(test_stats),
    };
    cmocka_set_test_filter(getenv("ENR_TEST"));
    return cmocka_run_group_tests(tests, set_up, NULL);
}
