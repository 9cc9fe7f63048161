#include "roster.h"

#include "base64.h"
#include "board.h"
#include "console.h"
#include "durable.h"
#include "reader.h"

#include <string.h>

#define HEAD_LEN 64u  /* programmed last: until it is whole there is no list (lib/roster/FORMAT.md) */
#define CHUNK_LEN 32u /* a multiple of every program unit */

enum { IDLE, CHECKING, ERASING, TAKING };

static struct {
    uint8_t state;
    uint32_t at; /* the sector to be erased, or where the next chunk goes */
    bool failed;
    base64_t digits;
    uint32_t len; /* bytes that came */
    uint8_t head[HEAD_LEN];
    uint8_t chunk[CHUNK_LEN];
    enr_roster_t list;
} roster;

static void say_list(void)
{
    if (roster.list.flash == NULL || !roster.list.is_ready) {
        console_say("roster", "none");
    } else {
        console_say("roster", "%lu attendees, version %lu", roster.list.count, roster.list.version);
    }
}

void roster_start(void)
{
    const enr_flash_t *flash = durable_roster();
    roster.state = IDLE;
    if (flash != NULL && enr_roster_open(flash, &roster.list) == ENR_OK) {
        roster.state = CHECKING;
    } else {
        roster.list.flash = NULL;
    }
}

static void check(void)
{
    enr_status_t status = enr_roster_check(&roster.list);
    if (status != ENR_AGAIN) {
        roster.state = IDLE;
        if (status == ENR_OK) {
            reader_start(&roster.list);
        }
        say_list();
    }
}

/* One sector after the other, without waiting. */
static void erase(void)
{
    const enr_flash_t *flash = durable_roster();
    enr_status_t status = flash->erase_busy(flash->ctx);
    if (status == ENR_AGAIN) {
        return;
    }
    if (roster.at < flash->size) {
        status = flash->erase_start(flash->ctx, roster.at);
        roster.at += status == ENR_OK ? flash->sector_size : 0;
    } else {
        roster.state = TAKING;
        roster.at = HEAD_LEN;
        console_say("roster", "ready for base64, then roster end");
    }
    if (status != ENR_OK && status != ENR_AGAIN) {
        roster.state = IDLE;
        console_say_status("roster", "", status);
    }
}

void roster_step(void)
{
    if (roster.state == CHECKING) {
        check();
    } else if (roster.state == ERASING) {
        erase();
    }
}

static bool program(uint32_t at, const uint8_t *bytes, uint32_t len)
{
    const enr_flash_t *flash = durable_roster();
    enr_status_t status = ENR_AGAIN;
    if (at + len > flash->size) {
        return false;
    }
    while (status == ENR_AGAIN) {
        status = flash->program(flash->ctx, at, bytes, len);
        board_watchdog_feed();
    }
    return status == ENR_OK;
}

/* The chunk goes to flash, filled up by what an erased part holds. */
static void put_chunk(uint32_t used)
{
    memset(roster.chunk + used, 0xFF, CHUNK_LEN - used);
    roster.failed = roster.failed || !program(roster.at, roster.chunk, CHUNK_LEN);
    roster.at += CHUNK_LEN;
}

static void put(uint8_t byte)
{
    if (roster.len < HEAD_LEN) {
        roster.head[roster.len++] = byte;
        return;
    }
    roster.chunk[roster.len++ % CHUNK_LEN] = byte;
    if (roster.len % CHUNK_LEN == 0) {
        put_chunk(CHUNK_LEN);
    }
}

bool roster_take_line(enr_span_t line)
{
    uint8_t byte;
    if (roster.state != TAKING || enr_span_begins(line, "roster")) {
        return false;
    }
    for (size_t i = 0; i < line.len; i++) {
        if (base64_take(&roster.digits, line.ptr[i], &byte)) {
            put(byte);
        }
    }
    return true;
}

static void begin(void)
{
    if (durable_roster() == NULL) {
        console_say("roster", "this part is too small for one");
        return;
    }
    reader_start(NULL);
    roster.state = ERASING;
    roster.list.flash = NULL;
    roster.at = roster.len = 0;
    roster.failed = false;
    roster.digits = (base64_t){0};
}

static void end(void)
{
    if (roster.len % CHUNK_LEN != 0 && roster.len > HEAD_LEN) {
        put_chunk(roster.len % CHUNK_LEN);
    }
    if (roster.len < HEAD_LEN || roster.failed || !program(0, roster.head, HEAD_LEN)) {
        console_say("roster", "not taken: cut off, too large, or the flash refused");
        roster.state = IDLE;
        return;
    }
    roster_start();
    if (roster.state != CHECKING) {
        console_say("roster", "not taken: it is no list");
    }
}

void roster_command(enr_span_t words)
{
    if (enr_span_is(words, "begin")) {
        begin();
    } else if (enr_span_is(words, "end") && roster.state == TAKING) {
        end();
    } else {
        say_list();
    }
}
