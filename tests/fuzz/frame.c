/* The bytes of a scanner module: a byte of choices, then pieces, each a length, a time since the one before, and bytes.
   The same bytes typed by a keyboard, as reports. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "enrich/frame.h"
#include "enrich/hid.h"

#define IDLE 10
#define ROOM 200
#define OUTCOME_MAX 8192

static const enr_span_t terminators[] = {
    {(const uint8_t *)"\r", 1}, {(const uint8_t *)"\n", 1}, {(const uint8_t *)"\t", 1}, {(const uint8_t *)"##", 2}};

/* Settings that a byte chooses. */
static enr_frame_settings_t choose(uint8_t choice)
{
    enr_frame_settings_t settings = {.idle_ms = IDLE, .aim = (choice & 1) != 0, .terminators = terminators};
    settings.terminator_count = choice >> 1 & 3;
    if ((choice & 8) != 0) {
        settings.terminator_count++;
    }
    if ((choice & 16) != 0) {
        settings.prefix = ENR_SPAN("P\x02");
    }
    if ((choice & 32) != 0) {
        settings.answer = ENR_FRAME_ANSWER_GM65;
    } else if ((choice & 64) != 0) {
        settings.answer = ENR_SPAN("aabaa!");
    }
    return settings;
}

/* What came of the bytes: payloads and how many did not fit, one behind the other. */
typedef struct {
    uint8_t bytes[OUTCOME_MAX];
    size_t len;
} outcome_t;

static void add(outcome_t *outcome, const void *bytes, size_t len)
{
    MUST(outcome->len + len <= sizeof outcome->bytes);
    memcpy(outcome->bytes + outcome->len, bytes, len);
    outcome->len += len;
}

static void check_payload(const enr_frame_settings_t *settings, enr_span_t payload, enr_span_t room)
{
    MUST(payload.len > 0 && fuzz_lies_in(payload, room) && memchr(payload.ptr, 0x03, payload.len) == NULL);
    MUST(payload.ptr[payload.len - 1] != '\r' && payload.ptr[payload.len - 1] != '\n');
    size_t longest = 0;
    for (size_t i = 0; i < settings->terminator_count; i++) {
        longest = settings->terminators[i].len > longest ? settings->terminators[i].len : longest;
    }
    MUST(payload.len <= ROOM - longest);
}

/* Hands bytes over that came at one moment. */
static void hand_over(enr_frame_t *frame, enr_span_t bytes, uint32_t now_ms, enr_span_t room, outcome_t *outcome)
{
    for (;;) {
        const size_t before = bytes.len;
        enr_span_t payload;
        enr_status_t status = enr_frame_take(frame, &bytes, now_ms, &payload);
        MUST(status == ENR_OK || status == ENR_AGAIN || status == ENR_E_LIMIT);
        MUST(bytes.len <= before);
        if (status == ENR_AGAIN) {
            MUST(bytes.len == 0);
            return;
        }
        if (status == ENR_OK) {
            check_payload(frame->settings, payload, room);
            add(outcome, payload.ptr, payload.len);
        }
        add(outcome, status == ENR_OK ? "\3K" : "\3L", 2); /* no payload holds 03 */
    }
}

/* All pieces, each whole or byte by byte, then silence. */
static void run(const enr_frame_settings_t *settings, enr_span_t input, bool byte_by_byte, outcome_t *outcome)
{
    enr_span_t room = {fuzz_allocate(ROOM), ROOM};
    enr_frame_t frame;
    uint32_t now_ms = UINT32_MAX - 3 * IDLE; /* soon across the wrap */
    uint32_t until_ms = 0;
    enr_frame_start(&frame, settings, (uint8_t *)(uintptr_t)room.ptr, ROOM);
    while (input.len > 0) {
        size_t len = fuzz_choice(&input);
        now_ms += fuzz_choice(&input) % (2 * IDLE);
        len = len < input.len ? len : input.len;
        for (size_t at = 0; at < len; at += byte_by_byte ? 1 : len) {
            enr_span_t piece = fuzz_copy(enr_span_slice(input, at, byte_by_byte ? at + 1 : len));
            hand_over(&frame, piece, now_ms, room, outcome);
            fuzz_free(piece);
        }
        input = enr_span_slice(input, len, input.len);
    }
    for (unsigned turns = 0; enr_frame_waits(&frame, &until_ms); turns++) {
        MUST(turns < 512);
        hand_over(&frame, (enr_span_t){NULL, 0}, until_ms, room, outcome);
    }
    fuzz_free(room);
}

/* Reports of eight bytes: text, whatever they are. */
static void check_keyboard(enr_span_t input, enr_hid_layout_t layout)
{
    enr_hid_t hid;
    enr_hid_start(&hid, layout);
    for (; input.len >= ENR_HID_REPORT_LEN; input = enr_span_slice(input, ENR_HID_REPORT_LEN, input.len)) {
        uint8_t text[ENR_HID_TEXT_MAX];
        enr_span_t report = fuzz_copy(enr_span_slice(input, 0, ENR_HID_REPORT_LEN));
        enr_buffer_t out = enr_buffer_over(text, sizeof text);
        enr_hid_take(&hid, report.ptr, &out);
        MUST(!out.full);
        for (size_t i = 0; i < out.len; i++) {
            text[i] = text[i] == '\n' || text[i] == '\t' ? ' ' : text[i];
        }
        MUST(fuzz_is_printable(enr_buffer_span(&out)));
        fuzz_free(report);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enr_span_t input = {data, size};
    const uint8_t choice = fuzz_choice(&input);
    const enr_frame_settings_t settings = choose(choice);
    outcome_t *whole = fuzz_allocate(sizeof *whole);
    outcome_t *cut = fuzz_allocate(sizeof *cut);
    whole->len = cut->len = 0;
    run(&settings, input, false, whole);
    run(&settings, input, true, cut);
    MUST(whole->len == cut->len && memcmp(whole->bytes, cut->bytes, whole->len) == 0);
    check_keyboard(input, choice % 3);
    free(cut);
    free(whole);
    return 0;
}
