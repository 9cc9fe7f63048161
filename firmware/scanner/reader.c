#include "reader.h"

#include "board.h"
#include "commands.h"
#include "console.h"
#include "durable.h"
#include "enrich/settings.h"
#include "service.h"

#define PAUSE_MS 100u

static enr_station_t station;
static uint8_t bytes[64]; /* off the ring, and not yet in the station */
static enr_span_t rest;
static uint32_t turn_ms; /* when this looked last */
static uint32_t overruns;

void reader_start(const enr_roster_t *roster)
{
    static const enr_span_t line_ends[] = {{(const uint8_t *)"\r", 1}, {(const uint8_t *)"\n", 1}};
    static const enr_frame_settings_t frame = {.idle_ms = PAUSE_MS,
                                               .terminators = line_ends,
                                               .terminator_count = 2,
                                               .aim = true,
                                               .answer = {(const uint8_t *)"\x02\x00\x00\x01\x00\x33\x31", 7}};
    const enr_settings_t *settings = service_settings();
    const enr_station_config_t config = {.agent = service_agent(),
                                         .frame = &frame,
                                         .profile = &settings->profile,
                                         .roster = roster,
                                         .clock = service_clock(),
                                         .types = settings->types,
                                         .device = settings->device,
                                         .event = settings->event,
                                         .notice = settings->notice,
                                         .store = durable_store(),
                                         .device_seal = durable_store_seal(),
                                         .sheet = settings->sheet};
    enr_station_start(&station, &config);
}

enr_station_t *reader_station(void)
{
    return &station;
}

static void put_captured(console_line_t *line, const enr_scan_t *scan)
{
    static const char kinds[] = "new\0known, updated\0known, just scanned\0was erased or delivered"; /* by number */
    console_put(line, "%s, lead %lu, %s", scan->badge != NULL ? enr_badge_kind_name(scan->badge->kind) : "bytes",
                scan->captured.number, enr_text_of(kinds, scan->captured.kind));
    if (scan->listed) {
        console_put(line, ", on the roster");
    } else if (scan->badge != NULL && scan->badge->enrichable == 0) {
        console_put(line, ", cannot be enriched: %s", scan->badge->reason);
    }
}

ENR_NOINLINE static void say(const enr_scan_t *scan)
{
    console_line_t line;
    console_begin(&line, "scan");
    switch (scan->kind) {
    case ENR_SCAN_LEAD:
        put_captured(&line, scan);
        break;
    case ENR_SCAN_NOTE:
        console_put(&line, "noted, lead %lu", scan->captured.number);
        break;
    case ENR_SCAN_STAFF:
        console_put(&line, "somebody else scans now");
        break;
    case ENR_SCAN_PROVISION:
        console_put(&line, "new settings: starts again when no request is under way");
        break;
    case ENR_SCAN_REFUSED:
        console_put(&line, "%s", scan->why);
        if (scan->status != ENR_OK) {
            console_put(&line, ": ");
            console_put_status(&line, scan->status);
        }
        break;
    }
    console_end(&line);
}

static void give_signal(const enr_scan_t *scan)
{
    static const board_signal_t signals[] = {
        [ENR_SIGNAL_GOOD] = BOARD_GOOD,
        [ENR_SIGNAL_DUPLICATE] = BOARD_DUPLICATE,
        [ENR_SIGNAL_UNREADABLE] = BOARD_UNREADABLE,
        [ENR_SIGNAL_REFUSED] = BOARD_REFUSED,
        [ENR_SIGNAL_FULL] = BOARD_FULL,
    };
    board_signal(signals[enr_scan_signal(scan)]);
}

/* A code of this device: its settings count from the next start on. */
ENR_NOINLINE static void take_over(enr_scan_t *scan)
{
    enr_settings_t checked;
    const char *fault;
    bool in_use = false;
    enr_status_t status = enr_settings_read(scan->provision.settings, &checked, &fault);
    status = status == ENR_OK && !checked.complete ? ENR_E_SETTING : status;
    if (status == ENR_OK) {
        durable_settle();
        while ((status = enr_provision_accept(durable_store(), &scan->provision, &in_use)) == ENR_AGAIN) {
            durable_settle();
        }
    }
    if (status == ENR_OK) {
        commands_restart();
    } else {
        *scan = (enr_scan_t){.kind = ENR_SCAN_REFUSED, .why = ENR_WHY_FAILED, .status = status};
    }
}

static void take_bytes(void)
{
    if (overruns != board_scanner_overruns()) {
        overruns = board_scanner_overruns();
        enr_station_lose(&station);
    }
    if (rest.len == 0) {
        rest = (enr_span_t){bytes, board_scanner_read(bytes, sizeof bytes)};
    }
}

void reader_step(uint32_t now_ms)
{
    enr_scan_t scan;
    enr_status_t status = ENR_AGAIN;
    take_bytes();
    if (rest.len > 0) { /* they may have come during a step that was long, a handshake's */
        enr_station_busy(&station, now_ms - turn_ms);
    }
    turn_ms = now_ms;
    for (bool more = true; more && status == ENR_AGAIN;) {
        take_bytes();
        more = rest.len > 0 && !enr_station_is_held(&station);
        status = enr_station_take(&station, &rest, now_ms, &scan);
    }
    if (status == ENR_OK) {
        if (scan.kind == ENR_SCAN_PROVISION) {
            take_over(&scan);
        }
        say(&scan);
        give_signal(&scan);
    }
    bool has_work = enr_station_step(&station, now_ms) == ENR_AGAIN;
    if (has_work || status == ENR_OK || enr_station_is_held(&station)) {
        (void)service_agent(); /* is stepped soon */
    }
}
