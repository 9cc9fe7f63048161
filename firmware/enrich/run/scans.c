#include "scans.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Takes bytes away from the front. */
static void drop(scans_t *scans, size_t len)
{
    memmove(scans->bytes, scans->bytes + len, scans->held - len);
    scans->held -= len;
}

static bool begins(enr_span_t line, enr_span_t word)
{
    return line.len >= word.len && enr_span_equal_ignore_case(enr_span_slice(line, 0, word.len), word);
}

/* The length of the line behind what is known of the payload, with its end; 0: its end is not there yet. A scanner may
   end it by CR, by LF or by both; the second one is then an empty line. */
static size_t line_len(const scans_t *scans)
{
    for (size_t i = scans->len; i < scans->held; i++) {
        if (scans->bytes[i] == '\n' || scans->bytes[i] == '\r') {
            return i + 1 - scans->len;
        }
    }
    return 0;
}

/* The payload ends here. */
static scan_t hand_out(scans_t *scans, size_t len, enr_span_t *out_payload)
{
    bool is_large = scans->is_large || len > ENR_BADGE_MAX;
    scans->len = len;
    scans->is_out = true;
    scans->is_large = false;
    scans->cards = 0;
    while (len > 0 && (scans->bytes[len - 1] == '\n' || scans->bytes[len - 1] == '\r')) {
        len--;
    }
    *out_payload = (enr_span_t){scans->bytes, is_large ? 0 : len};
    return is_large ? SCAN_TOO_LARGE : len > 0 ? SCAN_PAYLOAD : SCAN_NONE;
}

/* Keeps count of what has grown too long, and nothing else. */
static void thin(scans_t *scans, size_t len)
{
    if (scans->is_large || len > ENR_BADGE_MAX) {
        scans->is_large = true;
        drop(scans, len);
        scans->len = 0;
    }
}

/* Takes one line into the payload. True: that was its last one. */
static bool take_line(scans_t *scans, size_t len)
{
    enr_span_t line = {scans->bytes + scans->len, len};
    if (begins(line, ENR_SPAN("BEGIN:VCARD"))) {
        scans->cards++;
    } else if (scans->cards > 0 && begins(line, ENR_SPAN("END:VCARD"))) {
        scans->cards--;
    }
    scans->len += len;
    return scans->cards == 0;
}

/* Looks for a payload in what was read. */
static scan_t find(scans_t *scans, enr_span_t *out_payload)
{
    size_t len;
    while ((len = line_len(scans)) > 0) {
        bool is_last = take_line(scans, len);
        scan_t found = is_last ? hand_out(scans, scans->len, out_payload) : SCAN_NONE;
        if (found != SCAN_NONE) {
            return found;
        }
        if (is_last) { /* an empty line */
            drop(scans, scans->len);
            scans->len = 0;
            scans->is_out = false;
        } else {
            thin(scans, scans->len);
        }
    }
    if (scans->held > ENR_BADGE_MAX) {
        thin(scans, scans->held);
    }
    return SCAN_NONE;
}

static bool has_more(scans_t *scans, uint32_t now_ms)
{
    ssize_t got = read(scans->fd, scans->bytes + scans->held, sizeof scans->bytes - scans->held);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
        return false;
    }
    if (got <= 0) {
        scans->ended = true;
        return false;
    }
    scans->held += (size_t)got;
    scans->last_ms = now_ms;
    return true;
}

scan_t scans_next(scans_t *scans, bool readable, uint32_t now_ms, enr_span_t *out_payload)
{
    if (scans->is_out) {
        drop(scans, scans->len);
        scans->len = 0;
        scans->is_out = false;
    }
    scan_t found = find(scans, out_payload);
    if (found == SCAN_NONE && readable && !scans->ended && has_more(scans, now_ms)) {
        found = find(scans, out_payload);
    }
    uint32_t until_ms;
    bool is_over = scans->ended || (scans_wait(scans, &until_ms) && (int32_t)(now_ms - until_ms) >= 0);
    if (found == SCAN_NONE && is_over && (scans->held > 0 || scans->is_large)) {
        found = hand_out(scans, scans->held, out_payload);
    }
    return found;
}

bool scans_wait(const scans_t *scans, uint32_t *out_until_ms)
{
    *out_until_ms = scans->last_ms + SCANS_IDLE_MS;
    return !scans->ended && !scans->is_out && (scans->held > 0 || scans->is_large || scans->cards > 0);
}
