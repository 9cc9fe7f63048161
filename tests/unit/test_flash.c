/* flash: regions stay apart, and one erase at a time is answered to whom it belongs. */
#include "enrich/flash.h"

#include "enrich_script_flash.h"
#include "exact.h"

#define SECTOR 1024u

typedef struct {
    enr_script_flash_t state;
    void *memory;
    enr_flash_t whole;
    enr_flash_part_t part;
    enr_flash_region_t regions[2];
    enr_flash_t first;  /* sectors 1 and 2 */
    enr_flash_t second; /* sector 3 */
} chip_t;

static void make(chip_t *chip, uint32_t erase_polls, bool suspends)
{
    enr_script_flash_config_t config = {.size = 4 * SECTOR,
                                        .sector_size = SECTOR,
                                        .page_size = 256,
                                        .program_unit = 4,
                                        .erase_polls = erase_polls,
                                        .suspends = suspends};
    chip->memory = malloc(enr_script_flash_memory(&config));
    assert_non_null(chip->memory);
    enr_script_flash_start(&chip->state, &config, chip->memory);
    chip->whole = enr_script_flash(&chip->state);
    enr_flash_part_start(&chip->part, &chip->whole);
    enr_flash_region_start(&chip->regions[0], &chip->part, SECTOR, 2 * SECTOR);
    enr_flash_region_start(&chip->regions[1], &chip->part, 3 * SECTOR, SECTOR);
    chip->first = enr_flash_region(&chip->regions[0]);
    chip->second = enr_flash_region(&chip->regions[1]);
}

static void break_up(chip_t *chip)
{
    assert_int_equal(chip->state.violations, 0);
    free(chip->memory);
}

static void a_region_is_a_flash_of_its_own(void **state)
{
    (void)state;
    chip_t chip;
    const uint8_t bytes[4] = {1, 2, 3, 4};
    uint8_t seen[4];
    make(&chip, 0, false);
    assert_int_equal(chip.first.size, 2 * SECTOR);
    assert_int_equal(chip.second.size, SECTOR);
    assert_int_equal(chip.second.sector_size, SECTOR);
    assert_int_equal(chip.second.page_size, 256);
    assert_int_equal(chip.second.program_unit, 4);
    assert_false(chip.second.reprogram);
    assert_int_equal(chip.first.program(chip.first.ctx, 2 * SECTOR - 4, bytes, 4), ENR_OK);
    assert_int_equal(chip.second.program(chip.second.ctx, 0, bytes, 4), ENR_OK);
    assert_memory_equal(chip.state.bytes + 3 * SECTOR - 4, bytes, 4);
    assert_memory_equal(chip.state.bytes + 3 * SECTOR, bytes, 4);
    assert_int_equal(chip.first.erase_start(chip.first.ctx, SECTOR), ENR_OK);
    assert_int_equal(chip.first.erase_busy(chip.first.ctx), ENR_OK);
    assert_int_equal(chip.first.read(chip.first.ctx, 2 * SECTOR - 4, seen, 4), ENR_OK);
    assert_int_equal(seen[0], 0xff);
    assert_int_equal(chip.second.read(chip.second.ctx, 0, seen, 4), ENR_OK);
    assert_memory_equal(seen, bytes, 4);
    break_up(&chip);
}

static void one_erases_at_a_time(void **state)
{
    (void)state;
    chip_t chip;
    const uint8_t bytes[4] = {0};
    make(&chip, 3, true);
    assert_int_equal(chip.first.erase_busy(chip.first.ctx), ENR_OK);
    assert_int_equal(chip.first.erase_start(chip.first.ctx, 0), ENR_OK);
    assert_int_equal(chip.second.erase_start(chip.second.ctx, 0), ENR_AGAIN);
    assert_int_equal(chip.second.erase_busy(chip.second.ctx), ENR_OK); /* nothing of its own */
    assert_int_equal(chip.second.program(chip.second.ctx, 0, bytes, 4), ENR_OK);
    assert_int_equal(chip.first.erase_busy(chip.first.ctx), ENR_AGAIN);
    assert_int_equal(chip.second.erase_start(chip.second.ctx, 0), ENR_AGAIN);
    assert_int_equal(chip.second.erase_start(chip.second.ctx, 0), ENR_OK); /* asked so often, it was over */
    assert_int_equal(chip.first.erase_busy(chip.first.ctx), ENR_OK);
    assert_int_equal(chip.second.erase_busy(chip.second.ctx), ENR_AGAIN);
    break_up(&chip);
}

static void a_failed_erase_is_told_to_its_owner(void **state)
{
    (void)state;
    chip_t chip;
    make(&chip, 0, false);
    enr_script_flash_break(&chip.state, 1);
    assert_int_equal(chip.first.erase_start(chip.first.ctx, 0), ENR_OK);
    assert_int_equal(chip.second.erase_start(chip.second.ctx, 0), ENR_OK);
    assert_int_equal(chip.second.erase_busy(chip.second.ctx), ENR_OK);
    assert_int_equal(chip.first.erase_busy(chip.first.ctx), ENR_E_FLASH);
    assert_int_equal(chip.first.erase_start(chip.first.ctx, SECTOR), ENR_OK);
    assert_int_equal(chip.first.erase_busy(chip.first.ctx), ENR_OK);
    break_up(&chip);
}

static void a_part_that_cannot_be_interrupted_says_so(void **state)
{
    (void)state;
    chip_t chip;
    uint8_t bytes[4] = {0};
    make(&chip, 1, false);
    assert_int_equal(chip.first.erase_start(chip.first.ctx, 0), ENR_OK);
    assert_int_equal(chip.second.program(chip.second.ctx, 0, bytes, 4), ENR_AGAIN);
    assert_int_equal(chip.second.read(chip.second.ctx, 0, bytes, 4), ENR_AGAIN);
    assert_int_equal(chip.first.erase_busy(chip.first.ctx), ENR_AGAIN);
    assert_int_equal(chip.first.erase_busy(chip.first.ctx), ENR_OK);
    assert_int_equal(chip.second.program(chip.second.ctx, 0, bytes, 4), ENR_OK);
    break_up(&chip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_region_is_a_flash_of_its_own),
        cmocka_unit_test(one_erases_at_a_time),
        cmocka_unit_test(a_failed_erase_is_told_to_its_owner),
        cmocka_unit_test(a_part_that_cannot_be_interrupted_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
