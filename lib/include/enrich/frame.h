/* From the bytes of a scanner module to whole payloads (domain 1.4). Byte by byte, in memory that the caller gives. */
#ifndef ENRICH_FRAME_H
#define ENRICH_FRAME_H

#include "enrich/span.h"
#include "enrich/status.h"

/* The AIM identifier before a payload (ISO/IEC 15424): ']', which code it was ('Q' QR, 'L' PDF417, 'd' Data Matrix, 'z'
   Aztec, 'C' Code 128, 'A' Code 39, 'E' EAN), and a modifier. */
typedef struct {
    uint8_t code; /* 0: there was none */
    uint8_t modifier;
    bool has_eci;
    uint32_t eci; /* the first Extended Channel Interpretation, see enr_charset_of_eci */
} enr_aim_t;

/* Removes an AIM identifier from the beginning of len bytes, in place, and gives their new number. When the modifier
   says that the reader escapes (Q 2, 4, 6; L 1; d 4, 5, 6; z 3 to 5, 9 to B), "\nnnnnn" is removed too and a doubled
   backslash becomes one. Bytes that begin with none stay as they are. */
size_t enr_aim_strip(uint8_t *bytes, size_t len, enr_aim_t *out_aim);

/* How a module hands over what it scans. It and what it points to must outlive the frame. */
typedef struct {
    uint32_t idle_ms;              /* a payload ends so long after its last byte, 1 to 2^31 - 1. At 9,600 baud a byte
                                      takes 1 ms; modules pause for some 10 ms */
    const enr_span_t *terminators; /* each ends a payload: a line end, TAB, a suffix of the module's; none: only silence
                                      and ETX do. At most ENR_FRAME_TERMINATOR_MAX bytes each, none empty */
    size_t terminator_count;
    enr_span_t prefix; /* of the module's, removed from a payload that begins with it; may be empty */
    bool aim;          /* AIM identifiers are expected, and removed */
    enr_span_t answer; /* what the module says to a command on the same line (ENR_FRAME_ANSWER_GM65): taken out wherever
                          it stands, also glued to a payload, or cut; empty: it says nothing. At most 255 bytes */
} enr_frame_settings_t;

#define ENR_FRAME_TERMINATOR_MAX 16

/* The answer of GM65, GM60 and GM8xx modules to a command that they took. */
#define ENR_FRAME_ANSWER_GM65 ENR_SPAN("\x02\x00\x00\x01\x00\x33\x31")

/* A frame under way. All fields are private but for `aim` and `dropped`, to be read once a payload is whole. The small
   ones stand first, where short instructions reach them. */
typedef struct {
    /* Of the payload under way. */
    uint8_t stage;
    uint8_t mode;
    uint8_t previous;     /* byte of a card */
    uint8_t skipped_last; /* byte of a line that is left out */
    bool is_whole;
    bool is_over; /* it does not fit */
    bool after_semicolon;
    bool after_backslash;
    bool after_escape; /* a backslash of the reader's own */
    bool in_quotes;
    bool has_colon;
    bool is_thinning;
    bool is_skipping;
    bool skips_quoted_printable;
    bool at_line_start;
    bool after_skip;
    bool dropped;  /* a NOTE, PHOTO, LOGO, SOUND or KEY was left out of a card that would not fit */
    enr_aim_t aim; /* of the payload, when the settings expect one */
    size_t len;
    size_t line;  /* where the line under way begins, in a card */
    size_t depth; /* of cards inside cards */

    /* Of the module. */
    uint8_t answer_len;  /* bytes of its answer seen so far */
    uint8_t release_at;  /* bytes that looked like it and were not: the next one to go on */
    uint8_t release_end; /* and their end */
    const enr_frame_settings_t *settings;
    uint8_t *bytes;
    size_t capacity;
    uint32_t last_ms;
} enr_frame_t;

/* Begins with nothing. The buffer of capacity bytes holds a payload while it grows, and when it is whole; it belongs to
   the caller and must outlive the frame. Asserts that settings are as they have to be and that capacity has room for
   the prefix, an AIM identifier and the longest terminator. */
void enr_frame_start(enr_frame_t *frame, const enr_frame_settings_t *settings, uint8_t *bytes, size_t capacity);

/* Takes bytes that came at now_ms (monotonic, compared by signed difference: behaviours 25) off *bytes, until a payload
   is whole. Call again until it says ENR_AGAIN, and when the time of enr_frame_waits has come, then without bytes.
   - Line ends and STX before a payload are passed over; an empty payload is none. ETX always ends one.
   - What begins as a vCard goes on to the END:VCARD of the first card at a line's start, what begins as a MECARD to
   ";;"; terminators inside are text.
   - Silence of idle_ms ends everything. Line ends at the end of a payload are no part of it.
   - A card that fills the buffer loses its NOTE, PHOTO, LOGO, SOUND and KEY properties, and goes on without; `dropped`.
   ENR_OK: *out_payload is whole, without prefix, AIM identifier and terminator; a view of the buffer, valid until the
   next call. ENR_AGAIN: all bytes were taken. ENR_E_LIMIT: a payload was larger than the buffer less the longest
   terminator, and was thrown away whole, to its end. */
ENR_NODISCARD enr_status_t enr_frame_take(enr_frame_t *frame, enr_span_t *bytes, uint32_t now_ms,
                                          enr_span_t *out_payload);

/* True while bytes are held that silence will end: *out_until_ms is when, in the time of enr_frame_take. */
bool enr_frame_waits(const enr_frame_t *frame, uint32_t *out_until_ms);

/* Says that bytes were lost on the way, by an overrun: the payload under way is thrown away whole, as one that is too
   large. */
void enr_frame_lose(enr_frame_t *frame);

#endif
