/* The simulated flash: geometry enforced, each kind of cut, what it leaves and what it counts (behaviours 43, 44). */
#include "enrich_script_flash.h"

#include "exact.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define SECTOR 1024u

static const enr_script_flash_config_t nor = {
    .size = 4 * SECTOR, .sector_size = SECTOR, .page_size = 256, .program_unit = 1, .reprogram = true, .seed = 1};
static const enr_script_flash_config_t once = {
    .size = 4 * SECTOR, .sector_size = SECTOR, .page_size = 128, .program_unit = 8, .seed = 1};

typedef struct {
    enr_script_flash_t state;
    enr_flash_t duty;
    void *memory;
} part_t;

static void start(part_t *part, const enr_script_flash_config_t *config)
{
    part->memory = malloc(enr_script_flash_memory(config));
    assert_non_null(part->memory);
    enr_script_flash_start(&part->state, config, part->memory);
    part->duty = enr_script_flash(&part->state);
}

static void drop_part(part_t *part)
{
    free(part->memory);
}

static enr_status_t program(part_t *part, uint32_t offset, uint8_t value, uint32_t len)
{
    uint8_t bytes[512];
    memset(bytes, value, sizeof bytes);
    return part->duty.program(part->duty.ctx, offset, bytes, len);
}

static enr_status_t erase(part_t *part, uint32_t offset)
{
    enr_status_t status = part->duty.erase_start(part->duty.ctx, offset);
    return status == ENR_OK ? part->duty.erase_busy(part->duty.ctx) : status;
}

/* The value that len bytes have, or -1 when they differ. */
static int value_at(part_t *part, uint32_t offset, uint32_t len)
{
    uint8_t bytes[SECTOR];
    assert_int_equal(part->duty.read(part->duty.ctx, offset, bytes, len), ENR_OK);
    for (uint32_t i = 1; i < len; i++) {
        if (bytes[i] != bytes[0]) {
            return -1;
        }
    }
    return bytes[0];
}

static void turns_ones_into_zeros_until_erased(void **state)
{
    (void)state;
    part_t part;
    start(&part, &nor);
    assert_int_equal(part.duty.size, 4 * SECTOR);
    assert_int_equal(part.duty.sector_size, SECTOR);
    assert_int_equal(part.duty.page_size, 256);
    assert_int_equal(part.duty.program_unit, 1);
    assert_true(part.duty.reprogram);
    assert_int_equal(value_at(&part, SECTOR, SECTOR), 0xff);
    assert_int_equal(program(&part, SECTOR + 3, 0xf0, 2), ENR_OK);
    assert_int_equal(program(&part, SECTOR + 3, 0x30, 1), ENR_OK);
    assert_int_equal(value_at(&part, SECTOR + 3, 1), 0x30);
    assert_int_equal(value_at(&part, SECTOR + 4, 1), 0xf0);
    assert_int_equal(value_at(&part, SECTOR + 5, 1), 0xff);
    assert_int_equal(erase(&part, SECTOR), ENR_OK);
    assert_int_equal(value_at(&part, SECTOR, SECTOR), 0xff);
    assert_int_equal(enr_script_flash_erase_count(&part.state, 1), 1);
    assert_int_equal(enr_script_flash_erase_count(&part.state, 0), 0);
    assert_int_equal(part.state.operations, 3);
    assert_int_equal(part.state.programs, 2);
    assert_int_equal(part.state.program_bytes, 3);
    assert_int_equal(part.state.erases, 1);
    assert_int_equal(part.state.violations, 0);
    drop_part(&part);
}

static void counts_what_a_part_forbids(void **state)
{
    (void)state;
    const struct {
        const enr_script_flash_config_t *config;
        uint32_t offset;
        uint32_t len;
        uint8_t value;
    } rows[] = {
        {&nor, 250, 7, 0},            /* across a page */
        {&nor, 4 * SECTOR, 1, 0},     /* out of range */
        {&nor, 4 * SECTOR - 1, 2, 0}, /* partly */
        {&nor, 0xffffffff, 2, 0},     /* round the end of the numbers */
        {&nor, 0, 0, 0},              /* nothing */
        {&nor, 512, 1, 0x0f},         /* a one over a zero: 512 holds 0xf0 */
        {&once, 4, 8, 0},             /* not at a unit */
        {&once, 8, 4, 0},             /* not a whole unit */
        {&once, 512, 8, 0},           /* programmed before, whatever the bits */
        {&once, 504, 16, 0xff},       /* also among others */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        part_t part;
        start(&part, rows[i].config);
        assert_int_equal(program(&part, 512, 0xf0, 8), ENR_OK);
        uint8_t before[4 * SECTOR];
        memcpy(before, part.state.bytes, sizeof before);
        assert_int_equal(program(&part, rows[i].offset, rows[i].value, rows[i].len), ENR_E_FLASH);
        assert_int_equal(part.state.violations, 1);
        assert_memory_equal(part.state.bytes, before, sizeof before);
        drop_part(&part);
    }
    part_t part;
    uint8_t byte;
    start(&part, &once);
    assert_int_equal(part.duty.erase_start(part.duty.ctx, 8), ENR_E_FLASH);
    assert_int_equal(part.duty.erase_start(part.duty.ctx, 4 * SECTOR), ENR_E_FLASH);
    assert_int_equal(part.duty.read(part.duty.ctx, 4 * SECTOR, &byte, 1), ENR_E_FLASH);
    assert_int_equal(part.state.violations, 3);
    assert_non_null(part.state.violation);
    assert_int_equal(program(&part, 512, 0xf0, 8), ENR_OK); /* erased: once more */
    assert_int_equal(erase(&part, 0), ENR_OK);
    assert_int_equal(program(&part, 512, 0x0f, 8), ENR_OK);
    drop_part(&part);
}

static void erases_as_long_as_it_is_told(void **state)
{
    (void)state;
    for (int suspends = 0; suspends < 2; suspends++) {
        part_t part;
        enr_script_flash_config_t config = nor;
        config.erase_polls = 2;
        config.suspends = suspends == 1;
        start(&part, &config);
        assert_int_equal(program(&part, 0, 0, 8), ENR_OK);
        assert_int_equal(part.duty.erase_start(part.duty.ctx, 0), ENR_OK);
        uint64_t before = part.state.operations;
        uint8_t byte;
        enr_status_t others = config.suspends ? ENR_OK : ENR_AGAIN;
        assert_int_equal(program(&part, SECTOR, 0, 8), others);
        assert_int_equal(part.duty.read(part.duty.ctx, SECTOR, &byte, 1), others);
        assert_int_equal(part.state.operations, before + (config.suspends ? 1 : 0)); /* refused ones are none */
        assert_int_equal(part.state.violations, 0);
        if (config.suspends) {
            assert_int_equal(program(&part, 8, 0, 8), ENR_E_FLASH);
            assert_int_equal(part.duty.read(part.duty.ctx, 0, &byte, 1), ENR_E_FLASH);
            assert_int_equal(part.state.violations, 2);
        }
        assert_int_equal(part.duty.erase_busy(part.duty.ctx), ENR_AGAIN);
        assert_int_equal(part.duty.erase_busy(part.duty.ctx), ENR_AGAIN);
        assert_int_equal(enr_script_flash_erase_count(&part.state, 0), 0);
        assert_int_equal(part.duty.erase_busy(part.duty.ctx), ENR_OK);
        assert_int_equal(value_at(&part, 0, 8), 0xff);
        assert_int_equal(part.duty.erase_busy(part.duty.ctx), ENR_OK);
        drop_part(&part);
    }
}

/* Programs 0 over `len` erased bytes at 0 with a cut of this kind, and gives the power back. */
static void cut_program(part_t *part, const enr_script_flash_config_t *config, enr_script_cut_t kind, uint32_t len)
{
    start(part, config);
    part->state.cut_at = 1;
    part->state.cut_kind = kind;
    assert_int_equal(program(part, 0, 0, len), ENR_E_FLASH);
    uint8_t byte;
    assert_int_equal(program(part, SECTOR, 0, 8), ENR_E_FLASH); /* dead until the power is back */
    assert_int_equal(part->duty.read(part->duty.ctx, 0, &byte, 1), ENR_E_FLASH);
    assert_int_equal(part->duty.erase_start(part->duty.ctx, 0), ENR_E_FLASH);
    assert_int_equal(part->duty.erase_busy(part->duty.ctx), ENR_E_FLASH);
    assert_int_equal(part->state.operations, 1);
    enr_script_flash_power_on(&part->state);
}

static void cuts_a_program(void **state)
{
    (void)state;
    part_t part;
    cut_program(&part, &once, ENR_SCRIPT_CUT_BEFORE, 32);
    assert_int_equal(value_at(&part, 0, SECTOR), 0xff);
    assert_int_equal(program(&part, 0, 0, 32), ENR_OK);
    drop_part(&part);

    cut_program(&part, &once, ENR_SCRIPT_CUT_HALF, 24);
    assert_int_equal(value_at(&part, 0, 12), 0);
    assert_int_equal(value_at(&part, 12, 20), 0xff);
    assert_int_equal(program(&part, 8, 0, 8), ENR_E_FLASH); /* half a unit is a touched unit */
    assert_int_equal(program(&part, 16, 0, 8), ENR_OK);
    drop_part(&part);

    cut_program(&part, &once, ENR_SCRIPT_CUT_AFTER, 24);
    assert_int_equal(value_at(&part, 0, 24), 0);
    assert_int_equal(value_at(&part, 24, 8), 0xff);
    drop_part(&part);

    cut_program(&part, &once, ENR_SCRIPT_CUT_TORN_BLANK, 24);
    assert_int_equal(value_at(&part, 0, 32), 0xff);
    for (uint32_t at = 0; at < 24; at += 8) {
        assert_int_equal(program(&part, at, 0, 8), ENR_E_FLASH);
    }
    assert_int_equal(part.state.violations, 3);
    assert_int_equal(program(&part, 24, 0, 8), ENR_OK);
    assert_int_equal(erase(&part, 0), ENR_OK);
    assert_int_equal(program(&part, 0, 0, 24), ENR_OK);
    drop_part(&part);
}

/* behaviours 44: the unit in the middle is seen old, new and in between. */
static void a_torn_unit_reads_differently(void **state)
{
    (void)state;
    part_t part;
    cut_program(&part, &once, ENR_SCRIPT_CUT_TORN, 24);
    bool old = false;
    bool new = false;
    bool mixed = false;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(value_at(&part, 0, 8), 0);
        assert_int_equal(value_at(&part, 16, 8), 0xff);
        int value = value_at(&part, 8, 8);
        old = old || value == 0xff;
        new = new || value == 0;
        mixed = mixed || value == -1;
    }
    assert_true(old && new &&mixed);
    assert_int_equal(program(&part, 8, 0, 8), ENR_E_FLASH);
    assert_int_equal(program(&part, 16, 0, 8), ENR_E_FLASH); /* touched, though nothing is to be seen */
    assert_int_equal(part.state.violations, 2);
    assert_int_equal(erase(&part, 0), ENR_OK);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(value_at(&part, 0, SECTOR), 0xff);
    }
    drop_part(&part);

    cut_program(&part, &nor, ENR_SCRIPT_CUT_TORN, 24); /* here it can be made sure by programming it again */
    assert_int_equal(program(&part, 12, 0, 1), ENR_OK);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(value_at(&part, 0, 13), 0);
    }
    assert_int_equal(part.state.violations, 0);
    drop_part(&part);
}

static void the_same_seed_reads_the_same(void **state)
{
    (void)state;
    part_t one;
    part_t two;
    cut_program(&one, &once, ENR_SCRIPT_CUT_TORN, 24);
    cut_program(&two, &once, ENR_SCRIPT_CUT_TORN, 24);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(value_at(&one, 8, 8), value_at(&two, 8, 8));
    }
    drop_part(&one);
    drop_part(&two);
}

static void cut_erase(part_t *part, enr_script_cut_t kind)
{
    start(part, &nor);
    for (uint32_t at = 0; at < SECTOR; at += 256) {
        assert_int_equal(program(part, at, 0, 256), ENR_OK);
    }
    part->state.cut_at = part->state.operations + 1;
    part->state.cut_kind = kind;
    assert_int_equal(part->duty.erase_start(part->duty.ctx, 0), ENR_E_FLASH);
    enr_script_flash_power_on(&part->state);
    assert_int_equal(part->duty.erase_busy(part->duty.ctx), ENR_OK);
}

static void cuts_an_erase(void **state)
{
    (void)state;
    part_t part;
    cut_erase(&part, ENR_SCRIPT_CUT_BEFORE);
    assert_int_equal(value_at(&part, 0, SECTOR), 0);
    drop_part(&part);

    cut_erase(&part, ENR_SCRIPT_CUT_HALF);
    assert_int_equal(value_at(&part, 0, SECTOR / 2), 0xff);
    assert_int_equal(value_at(&part, SECTOR / 2, SECTOR / 2), 0);
    assert_int_equal(program(&part, 0, 0, 1), ENR_E_FLASH);
    drop_part(&part);

    cut_erase(&part, ENR_SCRIPT_CUT_AFTER);
    assert_int_equal(value_at(&part, 0, SECTOR), 0xff);
    assert_int_equal(program(&part, 0, 0, 1), ENR_OK);
    assert_int_equal(enr_script_flash_erase_count(&part.state, 0), 1);
    drop_part(&part);

    cut_erase(&part, ENR_SCRIPT_CUT_TORN);
    int same = 0;
    for (int i = 0; i < 100; i++) {
        same += value_at(&part, 0, SECTOR) == 0xff;
    }
    assert_in_range(same, 1, 99);
    assert_int_equal(program(&part, 0, 0, 1), ENR_E_FLASH);
    assert_int_equal(erase(&part, 0), ENR_OK);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(value_at(&part, 0, SECTOR), 0xff);
    }
    assert_int_equal(program(&part, 0, 0, 1), ENR_OK);
    drop_part(&part);

    cut_erase(&part, ENR_SCRIPT_CUT_TORN_BLANK);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(value_at(&part, 0, SECTOR), 0xff);
    }
    assert_int_equal(program(&part, 0, 0, 1), ENR_E_FLASH); /* it reads as erased, and is not */
    assert_int_equal(part.state.violations, 1);
    assert_int_equal(erase(&part, 0), ENR_OK);
    assert_int_equal(program(&part, 0, 0, 1), ENR_OK);
    drop_part(&part);
}

static void a_cut_hits_the_erase_under_way(void **state)
{
    (void)state;
    part_t part;
    enr_script_flash_config_t config = nor;
    config.erase_polls = 5;
    config.suspends = true;
    start(&part, &config);
    assert_int_equal(part.duty.erase_start(part.duty.ctx, 0), ENR_OK);
    part.state.cut_at = 2;
    part.state.cut_kind = ENR_SCRIPT_CUT_TORN_BLANK;
    assert_int_equal(program(&part, SECTOR, 0, 8), ENR_E_FLASH);
    enr_script_flash_power_on(&part.state);
    assert_int_equal(program(&part, 0, 0, 8), ENR_E_FLASH);
    assert_int_equal(part.state.violations, 1);
    assert_int_equal(enr_script_flash_erase_count(&part.state, 0), 0);
    drop_part(&part);
}

static void a_broken_sector_takes_nothing(void **state)
{
    (void)state;
    part_t part;
    start(&part, &nor);
    assert_int_equal(program(&part, SECTOR, 0x0f, 8), ENR_OK);
    enr_script_flash_break(&part.state, 1);
    assert_int_equal(program(&part, SECTOR + 8, 0, 8), ENR_E_FLASH);
    assert_int_equal(part.duty.erase_start(part.duty.ctx, SECTOR), ENR_OK);
    assert_int_equal(part.duty.erase_busy(part.duty.ctx), ENR_E_FLASH);
    assert_int_equal(value_at(&part, SECTOR, 8), 0x0f);
    assert_int_equal(value_at(&part, SECTOR + 8, 8), 0xff);
    assert_int_equal(program(&part, 2 * SECTOR, 0, 8), ENR_OK);
    assert_int_equal(erase(&part, 2 * SECTOR), ENR_OK);
    assert_int_equal(part.state.violations, 0);
    drop_part(&part);
}

static void a_copy_is_a_snapshot(void **state)
{
    (void)state;
    part_t part;
    start(&part, &nor);
    size_t size = enr_script_flash_memory(&nor);
    assert_int_equal(program(&part, 0, 0x0f, 8), ENR_OK);
    enr_script_flash_t kept = part.state;
    enr_span_t memory = exact(part.memory, size);
    assert_int_equal(erase(&part, 0), ENR_OK);
    assert_int_equal(program(&part, 0, 0, 8), ENR_OK);
    part.state = kept;
    memcpy(part.memory, memory.ptr, size);
    assert_int_equal(value_at(&part, 0, 8), 0x0f);
    assert_int_equal(enr_script_flash_erase_count(&part.state, 0), 0);
    assert_int_equal(part.state.operations, 1);
    drop(memory);
    drop_part(&part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_ones_into_zeros_until_erased),
        cmocka_unit_test(counts_what_a_part_forbids),
        cmocka_unit_test(erases_as_long_as_it_is_told),
        cmocka_unit_test(cuts_a_program),
        cmocka_unit_test(a_torn_unit_reads_differently),
        cmocka_unit_test(the_same_seed_reads_the_same),
        cmocka_unit_test(cuts_an_erase),
        cmocka_unit_test(a_cut_hits_the_erase_under_way),
        cmocka_unit_test(a_broken_sector_takes_nothing),
        cmocka_unit_test(a_copy_is_a_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
