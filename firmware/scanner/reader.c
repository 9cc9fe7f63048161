#include "reader.h"

#include "board.h"
#include "console.h"
#include "enrich/badge.h"
#include "enrich/frame.h"
#include "service.h"

#define PAUSE_MS 100u

static struct {
    enr_frame_settings_t settings;
    enr_span_t terminators[2];
    enr_frame_t frame;
    uint8_t memory[ENR_BADGE_MAX];
    uint8_t bytes[64]; /* off the ring, and not yet in the frame */
    enr_span_t rest;
    uint32_t turn_ms;   /* when this looked last */
    uint32_t module_ms; /* the module's time: what went by while it was silent */
    uint32_t overruns;
    enr_span_t payload; /* whole, and not yet durable; a view of memory */
    enr_badge_t badge;
} reader;

void reader_start(void)
{
    reader.terminators[0] = ENR_SPAN("\r");
    reader.terminators[1] = ENR_SPAN("\n");
    reader.settings = (enr_frame_settings_t){.idle_ms = PAUSE_MS,
                                             .terminators = reader.terminators,
                                             .terminator_count = 2,
                                             .aim = true,
                                             .answer = ENR_FRAME_ANSWER_GM65};
    enr_frame_start(&reader.frame, &reader.settings, reader.memory, sizeof reader.memory);
}

static void signal_status(enr_status_t status)
{
    console_line_t line;
    console_begin(&line, "scan");
    console_status(&line, status);
    console_end(&line);
    bool is_device = status == ENR_E_FULL || status == ENR_E_FLASH || status == ENR_E_ENTROPY;
    board_signal(is_device ? BOARD_FULL : BOARD_UNREADABLE);
}

static void signal_captured(const enr_captured_t *captured)
{
    static const char *const kinds[] = {[ENR_CAPTURE_NEW] = "new",
                                        [ENR_CAPTURE_UPDATED] = "known, updated",
                                        [ENR_CAPTURE_REPEATED] = "known, just scanned",
                                        [ENR_CAPTURE_ERASED] = "was erased or delivered"};
    console_line_t line;
    console_begin(&line, "scan");
    console_text(&line, enr_badge_kind_name(reader.badge.kind));
    console_text(&line, ", lead ");
    console_number(&line, captured->number);
    console_text(&line, ", ");
    console_text(&line, kinds[captured->kind]);
    if (reader.badge.enrichable == 0) {
        console_text(&line, ", cannot be enriched: ");
        console_text(&line, reader.badge.reason);
    }
    console_end(&line);
    board_signal(captured->kind == ENR_CAPTURE_NEW ? BOARD_GOOD : BOARD_DUPLICATE);
}

/* True when the payload has been dealt with. */
static bool capture(uint32_t now_ms)
{
    const enr_badge_t *badge = &reader.badge;
    const settings_t *settings = service_settings();
    const enr_lead_t lead = {.contact = badge->contact,
                             .email = badge->email,
                             .phone = badge->phone,
                             .title = badge->title,
                             .attendee_id = badge->attendee_id,
                             .payload = reader.payload,
                             .types = settings->types,
                             .device = settings->device,
                             .event = settings->event};
    enr_captured_t captured;
    enr_status_t status = enr_agent_capture(service_agent(), &lead, now_ms, &captured);
    if (status == ENR_AGAIN) {
        return false;
    }
    if (status == ENR_OK) {
        signal_captured(&captured);
    } else {
        signal_status(status);
    }
    return true;
}

static void read_ring(void)
{
    if (reader.rest.len == 0) {
        reader.rest = (enr_span_t){reader.bytes, board_scanner_read(reader.bytes, sizeof reader.bytes)};
    }
}

/* True when a payload is whole, in reader.payload and reader.badge. */
static bool take_payload(uint32_t now_ms)
{
    if (reader.overruns != board_scanner_overruns()) {
        reader.overruns = board_scanner_overruns();
        enr_frame_lose(&reader.frame);
    }
    read_ring();
    /* Bytes that wait here came during a step that was long, a handshake's: that is no pause of the module. */
    reader.module_ms += reader.rest.len == 0 ? now_ms - reader.turn_ms : 0;
    reader.turn_ms = now_ms;
    enr_status_t status = ENR_AGAIN;
    for (bool more = true; more && status == ENR_AGAIN;) {
        read_ring();
        more = reader.rest.len > 0;
        status = enr_frame_take(&reader.frame, &reader.rest, reader.module_ms, &reader.payload);
    }
    if (status == ENR_AGAIN) {
        return false;
    }
    status = status == ENR_OK ? enr_badge_read(reader.payload, NULL, &reader.badge) : status;
    if (status == ENR_OK && reader.badge.secret) {
        console_say("scan", "a password or the like: not kept");
        board_signal(BOARD_UNREADABLE);
        enr_wipe(reader.memory, sizeof reader.memory);
        return false;
    }
    if (status != ENR_OK) {
        signal_status(status);
    }
    return status == ENR_OK;
}

void reader_step(uint32_t now_ms)
{
    static bool waits;
    if (!waits && !take_payload(now_ms)) {
        return;
    }
    waits = !capture(now_ms);
}
