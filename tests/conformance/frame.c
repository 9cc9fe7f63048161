/* The kinds of frame and hid. */
#include "conformance.h"

#include <stdlib.h>
#include <string.h>

#include "enrich/frame.h"
#include "enrich/hid.h"
#include "enrich/json_reader.h"
#include "enrich/limits.h"

#define TERMINATORS_MAX 16

static int digit_value(char digit)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *at = digit == '\0' ? NULL : strchr(digits, digit);
    return at == NULL ? -1 : (int)(at - digits) % 16;
}

/* Bytes of hexadecimal digits, in an allocation of exactly their number. */
static enr_span_t decode_hex(const char *digits)
{
    size_t len = strlen(digits) / 2;
    uint8_t *bytes = allocate(len);
    for (size_t i = 0; i < len; i++) {
        int high = digit_value(digits[2 * i]);
        int low = digit_value(digits[2 * i + 1]);
        if (high < 0 || low < 0) {
            give_up("not hexadecimal");
        }
        bytes[i] = (uint8_t)(high * 16 + low);
    }
    if (strlen(digits) % 2 != 0) {
        give_up("half a byte");
    }
    return (enr_span_t){bytes, len};
}

/* Settings and what they point to. */
typedef struct {
    enr_frame_settings_t settings;
    enr_span_t terminators[TERMINATORS_MAX];
    size_t capacity;
    uint8_t text[1024];
    enr_buffer_t room;
    enr_span_t answer;
    enr_json_reader_t reader;
} case_settings_t;

static enr_span_t member_text(case_settings_t *out, enr_json_node_t node)
{
    enr_span_t text = {NULL, 0};
    if (enr_json_type(&out->reader, node) == ENR_JSON_STRING &&
        enr_json_string(&out->reader, node, &out->room, &text) != ENR_OK) {
        give_up("a text of the settings");
    }
    return text;
}

static int64_t member_number(const case_settings_t *out, const char *name, int64_t otherwise)
{
    int64_t number = otherwise;
    enr_json_node_t node = enr_json_member(&out->reader, ENR_JSON_ROOT, enr_span_from_str(name));
    return enr_json_integer(&out->reader, node, &number) == ENR_OK ? number : otherwise;
}

static void read_terminators(case_settings_t *out)
{
    static const enr_span_t lines[] = {{(const uint8_t *)"\r", 1}, {(const uint8_t *)"\n", 1}};
    enr_json_node_t list = enr_json_member(&out->reader, ENR_JSON_ROOT, ENR_SPAN("terminators"));
    if (enr_json_type(&out->reader, list) != ENR_JSON_ARRAY) {
        out->settings.terminators = lines;
        out->settings.terminator_count = 2;
        return;
    }
    out->settings.terminators = out->terminators;
    for (enr_json_node_t at = enr_json_first(&out->reader, list); at != ENR_JSON_NONE;
         at = enr_json_next(&out->reader, at)) {
        if (out->settings.terminator_count == TERMINATORS_MAX) {
            give_up("too many terminators");
        }
        out->terminators[out->settings.terminator_count++] = member_text(out, at);
    }
}

/* False: enr_frame_start cannot take them. */
static bool read_settings(enr_span_t json, case_settings_t *out)
{
    memset(out, 0, sizeof *out);
    out->room = enr_buffer_over(out->text, sizeof out->text);
    if (enr_json_parse(&out->reader, json) != ENR_OK) {
        give_up("settings are not JSON");
    }
    int64_t idle_ms = member_number(out, "idle_ms", 100);
    int64_t max_frame = member_number(out, "max_frame", ENR_BADGE_MAX);
    read_terminators(out);
    out->settings.idle_ms = (uint32_t)idle_ms;
    out->settings.prefix = member_text(out, enr_json_member(&out->reader, ENR_JSON_ROOT, ENR_SPAN("prefix")));
    enr_json_node_t aim = enr_json_member(&out->reader, ENR_JSON_ROOT, ENR_SPAN("aim"));
    out->settings.aim = aim != ENR_JSON_NONE && enr_span_equal(enr_json_raw(&out->reader, aim), ENR_SPAN("true"));
    enr_span_t digits = member_text(out, enr_json_member(&out->reader, ENR_JSON_ROOT, ENR_SPAN("ack_hex")));
    char text[2 * UINT8_MAX + 1] = "";
    bool good = idle_ms > 0 && idle_ms <= INT32_MAX && digits.len < sizeof text;
    for (size_t i = 0, at = 0; good && i < digits.len; i++) {
        if (digits.ptr[i] != ' ') {
            text[at++] = (char)digits.ptr[i];
            text[at] = '\0';
        }
    }
    out->answer = decode_hex(text);
    out->settings.answer = out->answer;
    size_t longest = 0;
    for (size_t i = 0; i < out->settings.terminator_count; i++) {
        size_t len = out->settings.terminators[i].len;
        good = good && len > 0 && len <= ENR_FRAME_TERMINATOR_MAX;
        longest = len > longest ? len : longest;
    }
    out->capacity = (size_t)max_frame + longest;
    return good && max_frame > 3 && out->capacity > out->settings.prefix.len;
}

/* What came of a case, printed when it is known how many did not fit. */
typedef struct {
    enr_span_t *payloads;
    size_t count;
    size_t overflows;
} outcome_t;

static void hand_over(enr_frame_t *frame, enr_span_t bytes, uint32_t now_ms, outcome_t *outcome)
{
    enr_span_t payload;
    for (;;) {
        enr_status_t status = enr_frame_take(frame, &bytes, now_ms, &payload);
        if (status == ENR_AGAIN) {
            return;
        }
        if (status != ENR_OK) {
            outcome->overflows++;
            continue;
        }
        outcome->payloads = realloc(outcome->payloads, (outcome->count + 1) * sizeof payload);
        uint8_t *copy = allocate(payload.len);
        memcpy(copy, payload.ptr, payload.len);
        outcome->payloads[outcome->count++] = (enr_span_t){copy, payload.len};
    }
}

static void run_frame(const case_t *input, const case_settings_t *settings, outcome_t *outcome)
{
    enr_frame_t frame;
    uint8_t *memory = allocate(settings->capacity);
    uint32_t until_ms = 0;
    enr_frame_start(&frame, &settings->settings, memory, settings->capacity);
    for (size_t i = 1; i < input->count; i++) {
        const char *colon = strchr(input->words[i], ':');
        if (colon == NULL) {
            give_up("no time before bytes");
        }
        enr_span_t bytes = decode_hex(colon + 1);
        hand_over(&frame, bytes, (uint32_t)strtoull(input->words[i], NULL, 10), outcome);
        free_span(bytes);
    }
    while (enr_frame_waits(&frame, &until_ms)) {
        hand_over(&frame, (enr_span_t){NULL, 0}, until_ms, outcome);
    }
    free(memory);
}

static void answer_frame(const case_t *input)
{
    enr_span_t json = decode_word(input, 0);
    case_settings_t *settings = (case_settings_t *)(void *)allocate(sizeof *settings);
    if (!read_settings(json, settings)) {
        printf("skip");
    } else {
        outcome_t outcome = {NULL, 0, 0};
        run_frame(input, settings, &outcome);
        printf("ok %zu", outcome.overflows);
        for (size_t i = 0; i < outcome.count; i++) {
            putchar(' ');
            print_base64(outcome.payloads[i]);
            free_span(outcome.payloads[i]);
        }
        free(outcome.payloads);
    }
    free_span(settings->answer);
    free(settings);
    free_span(json);
}

static void answer_hid(const case_t *input)
{
    const char *const layouts[] = {"us", "de", "fr"};
    size_t layout = 0;
    while (layout < 3 && strcmp(input->words[0], layouts[layout]) != 0) {
        layout++;
    }
    if (layout == 3) {
        give_up("no such layout");
    }
    enr_hid_t hid;
    size_t room = input->count * ENR_HID_TEXT_MAX;
    enr_buffer_t out = enr_buffer_over(allocate(room), room);
    enr_hid_start(&hid, (enr_hid_layout_t)layout);
    for (size_t i = 1; i < input->count; i++) {
        enr_span_t report = decode_hex(input->words[i]);
        if (report.len != ENR_HID_REPORT_LEN) {
            give_up("a report of another length");
        }
        enr_hid_take(&hid, report.ptr, &out);
        free_span(report);
    }
    printf("ok ");
    print_base64(enr_buffer_span(&out));
    free(out.ptr);
}

const kind_t frame_kinds[] = {
    {"frame", 1, answer_frame},
    {"hid", 1, answer_hid},
    {NULL, 0, NULL},
};
