/* journal: the contract of every function, over the simulated flash. */
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

static enr_status_t get_key(void *ctx, uint8_t out_key[32])
{
    memset(out_key, *(const uint8_t *)ctx, 32);
    return ENR_OK;
}

static uint8_t key_byte = 0x5a;
static enr_seal_t seal;

/* A journal on a flash of its own. */
typedef struct {
    enr_script_flash_t flash;
    void *memory;
    enr_flash_t duty;
    enr_journal_t journal;
    uint32_t salt;
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

static void free_rig(rig_t *rig)
{
    assert_int_equal(rig->flash.violations, 0);
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

static void idle(rig_t *rig)
{
    for (int i = 0; i < 100000; i++) {
        enr_status_t status = enr_journal_step(&rig->journal, 0);
        if (status == ENR_OK) {
            return;
        }
        assert_true(status == ENR_AGAIN || status == ENR_E_FLASH);
    }
    fail_msg("never idle");
}

static enr_status_t append(rig_t *rig, const char *text, enr_slot_t *slot)
{
    uint8_t hash[ENR_JOURNAL_HASH_LEN] = {0};
    memcpy(hash, text, strlen(text) < 6 ? strlen(text) : 6);
    for (int i = 0; i < 1000; i++) {
        enr_status_t status = enr_journal_append(&rig->journal, enr_span_from_str(text), hash, 200, slot);
        if (status != ENR_AGAIN) {
            return status;
        }
        (void)!enr_journal_step(&rig->journal, 0);
    }
    return ENR_AGAIN;
}

static void assert_content(rig_t *rig, const enr_slot_t *slot, const char *text)
{
    uint8_t memory[256];
    enr_buffer_t out = enr_buffer_over(memory, sizeof memory);
    assert_int_equal(enr_journal_read(&rig->journal, slot, &out), ENR_OK);
    assert_int_equal(out.len, strlen(text));
    assert_memory_equal(memory, text, out.len);
}

static void test_first(void **state)
{
    (void)state;
    rig_t *rig = new_rig(&small);
    enr_slot_t slot;
    enr_cursor_t cursor = {0};
    assert_int_equal(enr_journal_next(&rig->journal, &cursor, &slot), ENR_END);
    assert_int_equal(append(rig, "first", &slot), ENR_OK);
    assert_int_equal(slot.number, 1);
    assert_content(rig, &slot, "first");
    assert_int_equal(append(rig, "second", &slot), ENR_OK);
    assert_int_equal(enr_journal_set(&rig->journal, &slot, 0, 7, (enr_span_t){NULL, 0}), ENR_OK);
    assert_int_equal(enr_journal_set(&rig->journal, &slot, 1, 9, ENR_SPAN("an id")), ENR_OK);
    for (int round = 0; round < 3; round++) {
        cursor = (enr_cursor_t){0};
        enr_slot_t got;
        assert_int_equal(enr_journal_next(&rig->journal, &cursor, &got), ENR_OK);
        assert_int_equal(got.number, 1);
        assert_content(rig, &got, "first");
        assert_int_equal(enr_journal_next(&rig->journal, &cursor, &got), ENR_OK);
        assert_int_equal(got.number, 2);
        assert_content(rig, &got, "second");
        assert_int_equal(got.registers[0].value, 7);
        assert_int_equal(got.registers[1].value, 9);
        assert_int_equal(got.registers[1].data_len, 5);
        assert_int_equal(enr_journal_next(&rig->journal, &cursor, &got), ENR_END);
        assert_int_equal(mount(rig), ENR_OK);
        idle(rig);
        if (round == 1) {
            enr_slot_t third;
            enr_journal_stats_t stats;
            assert_int_equal(append(rig, "third", &third), ENR_OK);
            assert_int_equal(third.number, 3);
            enr_journal_stats(&rig->journal, &stats);
            assert_int_equal(stats.leads, 3);
            assert_int_equal(enr_journal_find(&rig->journal, (const uint8_t *)"second", &slot), ENR_OK);
            assert_int_equal(slot.number, 2);
            assert_int_equal(enr_journal_set(&rig->journal, &slot, 0, 8, (enr_span_t){NULL, 0}), ENR_OK);
            assert_int_equal(enr_journal_retire(&rig->journal, &slot, 0), ENR_OK);
            assert_int_equal(enr_journal_find_number(&rig->journal, 2, &slot), ENR_OK);
            assert_true(slot.gone);
            break;
        }
    }
    free_rig(rig);
}

/* All of TLS's memory, which a test may take away. */
static _Alignas(8) uint8_t memory[4096];
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
    enr_arena_init(&arena, memory, sizeof memory);
    hook = enr_tls_memory_of_arena(&arena);
    if (enr_tls_init(&hook, &entropy) != ENR_E_ENTROPY) {
        return -1;
    }
    enr_key_t key = {.ctx = &key_byte, .get = get_key};
    return enr_seal_init(&seal, &key, ENR_SPAN("journal")) == ENR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
