#include "enrich/frame.h"

#include <assert.h>
#include <string.h>

/* How far a frame has come: the module's prefix, an AIM identifier, the payload. */
enum { STAGE_PREFIX, STAGE_AIM, STAGE_PAYLOAD };

/* What a payload turned out to be. */
enum { MODE_PLAIN, MODE_CARD, MODE_MECARD, MODE_LOST };

#define CARD_BEGIN "BEGIN:VCARD"
#define CARD_BEGIN_LEN (sizeof CARD_BEGIN - 1)

enum { STX = 0x02, ETX = 0x03 };

/* --- AIM identifiers --- */

/* Readers that escape backslashes and announce charsets, by code and modifier (ISO/IEC 15424 annexes). */
static bool is_escaping(const enr_aim_t *aim)
{
    static const char escaping[] = "Q2Q4Q6L1d4d5d6z3z4z5z9zAzB";
    for (size_t i = 0; escaping[i] != '\0'; i += 2) {
        if (aim->code == (uint8_t)escaping[i] && aim->modifier == (uint8_t)escaping[i + 1]) {
            return true;
        }
    }
    return false;
}

/* The number of six digits at a place, or -1. */
static int32_t number_at(const uint8_t *bytes, size_t len)
{
    int32_t number = 0;
    for (size_t i = 0; i < 6; i++) {
        if (i >= len || !enr_is_digit(bytes[i])) {
            return -1;
        }
        number = number * 10 + (bytes[i] - '0');
    }
    return number;
}

static size_t unescape(uint8_t *bytes, size_t len, enr_aim_t *aim)
{
    size_t kept = 0;
    for (size_t i = 0; i < len; i++) {
        int32_t eci = bytes[i] == '\\' ? number_at(bytes + i + 1, len - i - 1) : -1;
        if (eci >= 0) {
            aim->eci = aim->has_eci ? aim->eci : (uint32_t)eci;
            aim->has_eci = true;
            i += 6;
            continue;
        }
        if (bytes[i] == '\\' && i + 1 < len && bytes[i + 1] == '\\') {
            i++;
        }
        bytes[kept++] = bytes[i];
    }
    return kept;
}

static bool is_aim(const uint8_t *bytes)
{
    return bytes[0] == ']' && enr_is_letter(bytes[1]) && (enr_is_digit(bytes[2]) || enr_is_letter(bytes[2]));
}

static enr_aim_t read_aim(const uint8_t *bytes)
{
    return (enr_aim_t){.code = bytes[1], .modifier = bytes[2]};
}

size_t enr_aim_strip(uint8_t *bytes, size_t len, enr_aim_t *out_aim)
{
    assert(out_aim != NULL);
    *out_aim = (enr_aim_t){.code = 0};
    if (len < 3 || !is_aim(bytes)) {
        return len;
    }
    *out_aim = read_aim(bytes);
    memmove(bytes, bytes + 3, len - 3);
    return is_escaping(out_aim) ? unescape(bytes, len - 3, out_aim) : len - 3;
}

/* --- A frame's beginning and end --- */

static size_t longest_terminator(const enr_frame_settings_t *settings)
{
    size_t longest = 0;
    for (size_t i = 0; i < settings->terminator_count; i++) {
        longest = settings->terminators[i].len > longest ? settings->terminators[i].len : longest;
    }
    return longest;
}

/* Forgets the payload, and nothing of what the module may be in the middle of saying. */
static void begin(enr_frame_t *frame)
{
    memset(frame, 0, offsetof(enr_frame_t, answer_len));
}

void enr_frame_start(enr_frame_t *frame, const enr_frame_settings_t *settings, uint8_t *bytes, size_t capacity)
{
    assert(frame != NULL && settings != NULL && bytes != NULL);
    assert(settings->idle_ms > 0 && settings->idle_ms <= INT32_MAX && settings->answer.len <= UINT8_MAX);
    assert(capacity > 3 + longest_terminator(settings) && capacity > settings->prefix.len);
    for (size_t i = 0; i < settings->terminator_count; i++) {
        assert(settings->terminators[i].len > 0 && settings->terminators[i].len <= ENR_FRAME_TERMINATOR_MAX);
    }
    *frame = (enr_frame_t){.settings = settings, .bytes = bytes, .capacity = capacity};
}

/* The largest payload: a terminator comes to stand behind it for a moment. */
static size_t room_of(const enr_frame_t *frame)
{
    return frame->capacity - longest_terminator(frame->settings);
}

static bool is_line_end(uint8_t byte)
{
    return byte == '\r' || byte == '\n';
}

/* The frame is at its end: a payload, nothing, or one that did not fit. */
static enr_status_t finish(enr_frame_t *frame, enr_span_t *out_payload)
{
    const bool is_over = frame->is_over || frame->len > room_of(frame);
    if (is_escaping(&frame->aim)) {
        frame->len = unescape(frame->bytes, frame->len, &frame->aim);
    }
    while (frame->len > 0 && is_line_end(frame->bytes[frame->len - 1])) {
        frame->len--;
    }
    if (is_over || frame->len == 0) {
        begin(frame);
        return is_over ? ENR_E_LIMIT : ENR_AGAIN;
    }
    frame->is_whole = true;
    *out_payload = (enr_span_t){frame->bytes, frame->len};
    return ENR_OK;
}

/* --- What a payload holds so far --- */

static bool ends_with(const enr_frame_t *frame, enr_span_t word)
{
    return frame->len >= word.len && memcmp(frame->bytes + frame->len - word.len, word.ptr, word.len) == 0;
}

static bool begins_with(const enr_frame_t *frame, size_t at, const char *word)
{
    return frame->len >= at && enr_span_begins((enr_span_t){frame->bytes + at, frame->len - at}, word);
}

/* Where a card begins: behind escapes that announce a charset, and a byte order mark. */
static size_t card_start(const enr_frame_t *frame)
{
    size_t at = 0;
    while (is_escaping(&frame->aim) && at < frame->len && frame->bytes[at] == '\\' &&
           number_at(frame->bytes + at + 1, frame->len - at - 1) >= 0) {
        at += 7;
    }
    return begins_with(frame, at, "\xEF\xBB\xBF") ? at + 3 : at;
}

/* --- Lines of a card --- */

/* What the line under way is so far. */
static enr_span_t line_of(const enr_frame_t *frame)
{
    return (enr_span_t){frame->bytes + frame->line, frame->len - frame->line};
}

static bool holds(enr_span_t text, const char *word)
{
    for (size_t at = 0; at < text.len; at++) {
        if (enr_span_begins(enr_span_slice(text, at, text.len), word)) {
            return true;
        }
    }
    return false;
}

/* Whether a property, "item1.PHOTO;ENCODING=b", is one that may be left out. */
static bool is_droppable(enr_span_t head)
{
    enr_span_t name = enr_span_slice(head, 0, enr_span_find(head, ';'));
    const size_t dot = enr_span_find(name, '.');
    name = enr_span_slice(name, dot < name.len ? dot + 1 : 0, name.len);
    return enr_span_index_in(name, "NOTE PHOTO LOGO SOUND KEY", "") >= 0;
}

/* Passes over a byte of what is left out: to the line end that neither a fold nor a soft break of quoted-printable
   follows. False when the byte belongs to the next property. */
static bool skip(enr_frame_t *frame, uint8_t byte)
{
    if (is_line_end(byte)) {
        const bool is_second = byte == '\n' && frame->previous == '\r';
        if (frame->at_line_start && !is_second) {
            frame->skipped_last = 0;
        }
        frame->at_line_start = true;
        return true;
    }
    const bool is_fold = byte == ' ' || byte == '\t';
    const bool is_soft = frame->skips_quoted_printable && frame->skipped_last == '=';
    if (frame->at_line_start && !is_fold && !is_soft) {
        frame->is_skipping = false;
        frame->after_skip = true;
        frame->has_colon = false;
        return false;
    }
    frame->at_line_start = false;
    frame->skipped_last = byte;
    return true;
}

static void start_skipping(enr_frame_t *frame, bool is_quoted_printable)
{
    frame->is_skipping = true;
    frame->skips_quoted_printable = is_quoted_printable;
    frame->skipped_last = 0;
    frame->at_line_start = false;
}

/* Sees whether the head of a property is whole, and whether the property is to be left out. */
static void take_head(enr_frame_t *frame, uint8_t byte)
{
    const enr_span_t line = line_of(frame);
    if (line.len == 1 && (byte == ' ' || byte == '\t')) { /* a fold has none */
        frame->has_colon = true;
    } else if (byte == '"') {
        frame->in_quotes = !frame->in_quotes;
    } else if (byte == ':' && !frame->in_quotes) {
        frame->has_colon = true;
        if (frame->is_thinning && is_droppable(enr_span_slice(line, 0, line.len - 1))) {
            start_skipping(frame, holds(line, "QUOTED-PRINTABLE"));
            frame->len = frame->line;
            frame->dropped = true;
        }
    }
}

/* A card inside the card may begin in the line of its property (vCard 2.1). Lines without a colon behind what was left
   out belong to it: base64 without folds. */
static void end_line(enr_frame_t *frame)
{
    const enr_span_t line = enr_span_trim(line_of(frame));
    const enr_span_t card = ENR_SPAN(":BEGIN:VCARD");
    if (enr_span_begins(line, "AGENT") && line.len > card.len &&
        enr_span_equal_ignore_case(enr_span_slice(line, line.len - card.len, line.len), card)) {
        frame->depth++;
    }
    if (frame->is_over) {
        frame->len = 0;
    } else if (frame->after_skip && !frame->has_colon) {
        frame->len = frame->line;
    }
    if (frame->has_colon) {
        frame->after_skip = false;
    }
    frame->line = frame->len;
    frame->has_colon = false;
    frame->in_quotes = false;
}

static bool line_is(const enr_frame_t *frame, enr_span_t word)
{
    return enr_span_equal_ignore_case(line_of(frame), word);
}

/* Adds a byte to a card, for which there is room; true when it was the card's last. */
static bool put_card(enr_frame_t *frame, uint8_t byte)
{
    const bool is_skipped = frame->is_skipping && skip(frame, byte);
    frame->previous = byte;
    if (is_skipped) {
        return false;
    }
    frame->bytes[frame->len++] = byte;
    if (is_line_end(byte)) {
        end_line(frame);
    } else if (!frame->has_colon) {
        take_head(frame, byte);
    } else if (line_is(frame, ENR_SPAN("BEGIN:VCARD"))) {
        frame->depth++;
    } else if (line_is(frame, ENR_SPAN("END:VCARD"))) {
        frame->depth--;
    }
    return frame->depth == 0;
}

/* Starts a card, whose first line but for its end is in the buffer. */
static void begin_card(enr_frame_t *frame, size_t start)
{
    frame->mode = MODE_CARD;
    frame->line = start;
    frame->depth = 1;
    frame->has_colon = true;
    frame->in_quotes = false;
}

/* Goes through the card in the buffer once more and leaves out what may be left out. */
static void thin(enr_frame_t *frame)
{
    const size_t len = frame->len;
    const size_t start = card_start(frame);
    frame->is_thinning = true;
    frame->len = start + CARD_BEGIN_LEN;
    begin_card(frame, start);
    for (size_t i = frame->len; i < len; i++) {
        (void)put_card(frame, frame->bytes[i]);
    }
}

/* A card ends with its END:VCARD, of which those of cards inside are counted off. */
static enr_status_t take_card(enr_frame_t *frame, uint8_t byte, enr_span_t *out_payload)
{
    const size_t room = room_of(frame);
    if (frame->len == room && !frame->is_thinning) {
        thin(frame);
    }
    if (frame->len == room) { /* from now on only the line under way is held, if it fits, to find the end */
        frame->is_over = true;
        if (frame->line == 0) {
            start_skipping(frame, false);
        }
        frame->len = frame->line == 0 ? 0 : frame->len - frame->line;
        memmove(frame->bytes, frame->bytes + frame->line, frame->len);
        frame->line = 0;
    }
    return put_card(frame, byte) ? finish(frame, out_payload) : ENR_AGAIN;
}

/* --- Other payloads --- */

/* Takes prefix and AIM identifier off as soon as they are whole. */
static void strip_beginning(enr_frame_t *frame)
{
    const enr_frame_settings_t *settings = frame->settings;
    if (frame->stage == STAGE_PREFIX) {
        const enr_span_t prefix = settings->prefix;
        if (frame->len <= prefix.len && memcmp(frame->bytes, prefix.ptr, frame->len) == 0) {
            if (frame->len == prefix.len) {
                frame->stage = STAGE_AIM;
                frame->len = 0;
            }
            return;
        }
        frame->stage = STAGE_AIM;
    }
    if (frame->stage == STAGE_AIM && (!settings->aim || frame->bytes[0] != ']' || frame->len >= 3)) {
        frame->stage = STAGE_PAYLOAD;
        if (settings->aim && frame->len == 3 && is_aim(frame->bytes)) {
            frame->aim = read_aim(frame->bytes);
            frame->len = 0;
        }
    }
}

/* Sees what begins here. */
static void find_mode(enr_frame_t *frame)
{
    const size_t start = card_start(frame);
    if (frame->len == start + CARD_BEGIN_LEN && begins_with(frame, start, CARD_BEGIN)) {
        begin_card(frame, start);
    } else if (frame->len == start + 7 && begins_with(frame, start, "MECARD:")) {
        frame->mode = MODE_MECARD;
    }
}

/* A payload that ends at a terminator. What does not fit keeps its last bytes, for a terminator of several. */
static enr_status_t take_plain(enr_frame_t *frame, uint8_t byte, enr_span_t *out_payload)
{
    const enr_frame_settings_t *settings = frame->settings;
    if (frame->len == frame->capacity) {
        const size_t kept = settings->terminator_count > 0 ? longest_terminator(settings) - 1 : 0;
        memmove(frame->bytes, frame->bytes + frame->len - kept, kept);
        frame->len = kept;
        frame->is_over = true;
    }
    frame->bytes[frame->len++] = byte;
    if (frame->stage != STAGE_PAYLOAD) {
        strip_beginning(frame);
    }
    for (size_t i = 0; i < settings->terminator_count; i++) {
        if (ends_with(frame, settings->terminators[i])) {
            frame->len -= settings->terminators[i].len;
            return finish(frame, out_payload);
        }
    }
    if (frame->stage == STAGE_PAYLOAD && !frame->is_over) {
        find_mode(frame);
    }
    return ENR_AGAIN;
}

/* Whether a byte is a backslash of the text: where the reader escapes, every second one that it sends. */
static bool is_backslash(enr_frame_t *frame, uint8_t byte)
{
    const bool is_first = byte == '\\' && is_escaping(&frame->aim) && !frame->after_escape;
    frame->after_escape = is_first;
    return byte == '\\' && !is_first;
}

/* A MECARD ends at an empty field (domain 1.4). */
static enr_status_t take_mecard(enr_frame_t *frame, uint8_t byte, enr_span_t *out_payload)
{
    if (frame->len == room_of(frame)) {
        frame->is_over = true;
    } else if (!frame->is_over) {
        frame->bytes[frame->len++] = byte;
    }
    const bool is_text_backslash = is_backslash(frame, byte);
    if (frame->after_escape) {
        return ENR_AGAIN;
    }
    const bool is_semicolon = byte == ';' && !frame->after_backslash;
    const bool is_end = is_semicolon && frame->after_semicolon;
    frame->after_backslash = is_text_backslash && !frame->after_backslash;
    frame->after_semicolon = is_semicolon;
    return is_end ? finish(frame, out_payload) : ENR_AGAIN;
}

/* --- Bytes of the module --- */

static enr_status_t take_byte(enr_frame_t *frame, uint8_t byte, enr_span_t *out_payload)
{
    if (frame->mode == MODE_LOST) {
        return ENR_AGAIN;
    }
    if (byte == ETX) {
        return finish(frame, out_payload);
    }
    const enr_span_t prefix = frame->settings->prefix;
    const bool is_start = byte == STX && !(frame->stage == STAGE_PREFIX && prefix.len > 0 && prefix.ptr[0] == STX);
    if (frame->len == 0 && frame->mode == MODE_PLAIN && !frame->is_over && (is_start || is_line_end(byte))) {
        begin(frame);
        return ENR_AGAIN;
    }
    switch (frame->mode) {
    case MODE_CARD:
        return take_card(frame, byte, out_payload);
    case MODE_MECARD:
        return take_mecard(frame, byte, out_payload);
    default:
        return take_plain(frame, byte, out_payload);
    }
}

/* Lets go of the first bytes that were held as a part of the module's answer: so many that the others may still be. */
static void release(enr_frame_t *frame)
{
    const enr_span_t answer = frame->settings->answer;
    uint8_t count = 1;
    while (memcmp(answer.ptr, answer.ptr + count, (size_t)frame->answer_len - count) != 0) {
        count++;
    }
    frame->release_at = 0;
    frame->release_end = count;
    frame->answer_len = (uint8_t)(frame->answer_len - count);
}

static enr_status_t take_released(enr_frame_t *frame, enr_span_t *out_payload)
{
    enr_status_t status = ENR_AGAIN;
    while (status == ENR_AGAIN && frame->release_at < frame->release_end) {
        status = take_byte(frame, frame->settings->answer.ptr[frame->release_at++], out_payload);
    }
    return status;
}

/* Takes what may be the next byte of the module's answer; false when it is not. */
static bool take_answer(enr_frame_t *frame, uint8_t byte)
{
    const enr_span_t answer = frame->settings->answer;
    if (answer.len == 0 || byte != answer.ptr[frame->answer_len]) {
        return false;
    }
    frame->answer_len = (uint8_t)(frame->answer_len + 1 == (int)answer.len ? 0 : frame->answer_len + 1);
    return true;
}

bool enr_frame_waits(const enr_frame_t *frame, uint32_t *out_until_ms)
{
    assert(frame != NULL && out_until_ms != NULL);
    *out_until_ms = frame->last_ms + frame->settings->idle_ms;
    return !frame->is_whole && (frame->len > 0 || frame->stage != STAGE_PREFIX || frame->mode != MODE_PLAIN ||
                                frame->is_over || frame->answer_len > 0 || frame->release_at < frame->release_end);
}

/* Silence ends all that is under way; what is held back is no answer then. */
static enr_status_t end_by_silence(enr_frame_t *frame, enr_span_t *out_payload)
{
    enr_status_t status = take_released(frame, out_payload);
    if (status == ENR_AGAIN && frame->answer_len > 0) {
        frame->release_at = 0;
        frame->release_end = frame->answer_len;
        frame->answer_len = 0;
        status = take_released(frame, out_payload);
    }
    return status == ENR_AGAIN ? finish(frame, out_payload) : status;
}

enr_status_t enr_frame_take(enr_frame_t *frame, enr_span_t *bytes, uint32_t now_ms, enr_span_t *out_payload)
{
    assert(frame != NULL && bytes != NULL && out_payload != NULL);
    if (frame->is_whole) {
        begin(frame);
    }
    uint32_t until_ms = 0;
    enr_status_t status = ENR_AGAIN;
    if (enr_frame_waits(frame, &until_ms) && (int32_t)(now_ms - until_ms) >= 0) {
        status = end_by_silence(frame, out_payload);
    }
    while (status == ENR_AGAIN) {
        status = take_released(frame, out_payload);
        if (status != ENR_AGAIN || bytes->len == 0) {
            break;
        }
        const uint8_t byte = bytes->ptr[0];
        frame->last_ms = now_ms;
        const bool is_answer = take_answer(frame, byte);
        if (!is_answer && frame->answer_len > 0) {
            release(frame); /* and the byte is looked at again */
            continue;
        }
        *bytes = enr_span_slice(*bytes, 1, bytes->len);
        if (!is_answer) {
            status = take_byte(frame, byte, out_payload);
        }
    }
    return status;
}

void enr_frame_lose(enr_frame_t *frame)
{
    assert(frame != NULL);
    if (frame->is_whole) {
        begin(frame);
    }
    frame->mode = MODE_LOST;
    frame->is_over = true;
}
