/* What a board must do when things go wrong, and its flash and ring, by commands on the console. tests/firmware/run
   gives them and looks at what comes. */
#include "board.h"

#include <assert.h>
#include <string.h>

static void say(const char *text)
{
    board_console_write(enr_span_from_str(text));
}

static void say_number(const char *name, uint64_t number)
{
    uint8_t digits[24];
    enr_buffer_t text = enr_buffer_over(digits, sizeof digits);
    enr_buffer_append_decimal(&text, number);
    say(name);
    board_console_write(enr_buffer_span(&text));
    say("\n");
}

/* --- faults --- */

static void fault(void)
{
    *(volatile uint32_t *)(uintptr_t)0xD0000000u = 1; /* nothing is there */
}

/* Deeper than any stack here, and not to be turned into a loop. */
// NOLINTNEXTLINE(misc-no-recursion)
static uint32_t overflow(uint32_t depth)
{
    volatile uint8_t frame[256];
    memset((void *)(uintptr_t)frame, (int)depth, sizeof frame);
    return (depth < 1000 ? overflow(depth + 1) : 0) + frame[depth % sizeof frame];
}

/* --- flash --- */

static board_region_t region;

static const char *flash_erases(const enr_flash_t *flash)
{
    uint8_t byte;
    enr_status_t status = flash->erase_start(flash->ctx, flash->sector_size);
    while (status == ENR_OK && (status = flash->erase_busy(flash->ctx)) == ENR_AGAIN) {
        status = ENR_OK;
        board_watchdog_feed();
    }
    for (uint32_t at = 0; status == ENR_OK && at < flash->sector_size; at += 61) {
        status = flash->read(flash->ctx, flash->sector_size + at, &byte, 1);
        if (byte != 0xFF) {
            return "an erased byte is 0xFF";
        }
    }
    return status == ENR_OK ? NULL : "a sector can be erased";
}

/* Two pages of a pattern, the second one in pieces of a unit. */
static const char *flash_programs(const enr_flash_t *flash)
{
    uint8_t pattern[256], got[2 * 256];
    assert(flash->page_size == sizeof pattern);
    for (size_t i = 0; i < sizeof pattern; i++) {
        pattern[i] = (uint8_t)(i * 5 + 1);
    }
    enr_status_t status = flash->program(flash->ctx, flash->sector_size, pattern, sizeof pattern);
    for (uint32_t at = 0; status == ENR_OK && at < sizeof pattern; at += flash->program_unit) {
        status = flash->program(flash->ctx, flash->sector_size + (uint32_t)sizeof pattern + at, pattern + at,
                                flash->program_unit);
    }
    if (status != ENR_OK || flash->read(flash->ctx, flash->sector_size, got, sizeof got) != ENR_OK) {
        return "a page can be programmed and read";
    }
    return memcmp(got, pattern, sizeof pattern) == 0 && memcmp(got + sizeof pattern, pattern, sizeof pattern) == 0
               ? NULL
               : "what was programmed is read";
}

/* behaviours 43 */
static const char *flash_obeys(const enr_flash_t *flash)
{
    uint8_t zeros[32] = {0}, got[32];
    enr_status_t status = flash->program(flash->ctx, flash->sector_size, zeros, flash->program_unit);
    if (!flash->reprogram) {
        return status == ENR_E_FLASH ? NULL : "a unit is programmed once between erases";
    }
    bool good = status == ENR_OK && flash->read(flash->ctx, flash->sector_size, got, flash->program_unit) == ENR_OK;
    return good && memcmp(got, zeros, flash->program_unit) == 0 ? NULL : "ones of a unit may become zeros later";
}

static const char *flash_keeps_neighbours(const enr_flash_t *flash)
{
    uint8_t mark[32], got[32];
    memset(mark, 0x5A, sizeof mark);
    uint32_t at = 2 * flash->sector_size;
    if (flash->read(flash->ctx, at, got, flash->program_unit) != ENR_OK) {
        return "it can be read";
    }
    if (got[0] == 0xFF && flash->program(flash->ctx, at, mark, flash->program_unit) != ENR_OK) {
        return "the neighbour can be programmed";
    }
    const char *broken = flash_erases(flash);
    if (broken == NULL && flash->read(flash->ctx, at, got, flash->program_unit) != ENR_OK) {
        broken = "it can be read";
    }
    return broken == NULL && memcmp(got, mark, flash->program_unit) != 0 ? "an erase leaves other sectors alone"
                                                                         : broken;
}

static void flash(void)
{
    const enr_flash_t *part = &region.flash;
    const char *(*const tests[])(const enr_flash_t *) = {flash_keeps_neighbours, flash_programs, flash_obeys};
    const char *broken = NULL;
    for (size_t i = 0; broken == NULL && i < sizeof tests / sizeof tests[0]; i++) {
        broken = tests[i](part);
    }
    say(broken == NULL ? "flash: conforms" : "flash: broken: ");
    say(broken == NULL ? "\n" : broken);
    say("\n");
}

/* After a start: what `flash` has left in the second page. */
static void kept(void)
{
    uint8_t got[256];
    bool good = region.flash.read(region.flash.ctx, region.flash.sector_size + 256, got, sizeof got) == ENR_OK;
    for (size_t i = 0; i < sizeof got; i++) {
        good = good && got[i] == (uint8_t)(i * 5 + 1);
    }
    say(good ? "flash: kept\n" : "flash: lost\n");
}

/* --- the scanner's ring --- */

/* Does not look at the ring until it has overflowed and nothing comes any more. */
static void ring(void)
{
    static uint8_t bytes[8192];
    uint32_t lost = 0;
    for (uint32_t since_ms = board_ms(NULL); board_ms(NULL) - since_ms < (lost == 0 ? 10000u : 500u);) {
        if (board_scanner_overruns() != lost) {
            lost = board_scanner_overruns();
            since_ms = board_ms(NULL);
        }
        board_watchdog_feed();
        board_sleep();
    }
    size_t len = board_scanner_read(bytes, sizeof bytes);
    size_t wrong = 0;
    for (size_t i = 0; i < len; i++) {
        wrong += bytes[i] != (uint8_t)(i % 251);
    }
    say_number("ring: read ", len);
    say_number("ring: wrong ", wrong);
    say_number("ring: lost ", board_scanner_overruns());
}

/* --- memcpy and memset --- */

#define MEMORY_LEN 24u

/* Each length from each place to each place; the bytes beside them stay. */
static size_t wrong_copies(void)
{
    uint8_t from[MEMORY_LEN], to[MEMORY_LEN], set[MEMORY_LEN];
    size_t wrong = 0;
    for (size_t i = 0; i < MEMORY_LEN; i++) {
        from[i] = (uint8_t)(i + 1);
    }
    for (size_t at = 0; at < MEMORY_LEN * MEMORY_LEN; at++) {
        size_t in = at / MEMORY_LEN, out = at % MEMORY_LEN;
        for (size_t len = 0; len <= MEMORY_LEN - (in > out ? in : out); len++) {
            for (size_t i = 0; i < MEMORY_LEN; i++) {
                to[i] = set[i] = 0xEE;
            }
            wrong += memcpy(to + out, from + in, len) != to + out;
            wrong += memset(set + out, (int)(0x100u + in), len) != set + out; /* the low byte counts (C11 7.24.6.1) */
            for (size_t i = 0; i < MEMORY_LEN; i++) {
                bool inside = i >= out && i < out + len;
                wrong += to[i] != (inside ? from[in + i - out] : 0xEE);
                wrong += set[i] != (inside ? (uint8_t)in : 0xEE);
            }
        }
    }
    return wrong;
}

static void obey(enr_span_t command)
{
    if (enr_span_equal(command, ENR_SPAN("fault"))) {
        fault();
    } else if (enr_span_equal(command, ENR_SPAN("overflow"))) {
        (void)overflow(0);
    } else if (enr_span_equal(command, ENR_SPAN("assert"))) {
        assert(command.len == 0);
    } else if (enr_span_equal(command, ENR_SPAN("hang"))) {
        for (;;) {
        }
    } else if (enr_span_equal(command, ENR_SPAN("flash"))) {
        flash();
    } else if (enr_span_equal(command, ENR_SPAN("kept"))) {
        kept();
    } else if (enr_span_equal(command, ENR_SPAN("ring"))) {
        ring();
    } else if (enr_span_equal(command, ENR_SPAN("memory"))) {
        say_number("memory: wrong ", wrong_copies());
    }
}

int main(void)
{
    uint8_t typed[16];
    size_t len = 0;
    uint8_t byte;
    board_init();
    say_number("started: cause ", (uint64_t)board_start_cause());
    if (board_flash_region(&region, 0, board_flash_size()) != ENR_OK) {
        say("flash: none\n");
    }
    for (;;) {
        while (board_console_read(&byte, 1) == 1) {
            if (byte != '\n' && len < sizeof typed) {
                typed[len++] = byte;
                continue;
            }
            obey((enr_span_t){typed, len});
            len = 0;
        }
        board_watchdog_feed();
        board_sleep();
    }
}
