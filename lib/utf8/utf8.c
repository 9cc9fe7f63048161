#include "enrich/utf8.h"

#include <assert.h>

/* RFC 3629 4: the lead byte gives the length and narrows the second byte; the others are 80..BF. */
size_t enr_bytes_utf8_next(const uint8_t *bytes, size_t len)
{
    if (len == 0) {
        return 0;
    }
    unsigned lead = bytes[0];
    if (lead < 0x80) {
        return 1;
    }
    size_t want = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead < 0xC2 || lead > 0xF4 || len < want) {
        return 0;
    }
    unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    for (size_t i = 1; i < want; i++) {
        if (bytes[i] < low || bytes[i] > high) {
            return 0;
        }
        low = 0x80;
        high = 0xBF;
    }
    return want;
}

bool enr_bytes_utf8_valid(const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t step = bytes[at] < 0x80 ? 1 : enr_bytes_utf8_next(bytes + at, len - at);
        if (step == 0) {
            return false;
        }
        at += step;
    }
    return true;
}

bool enr_bytes_utf8_has_control(const uint8_t *bytes, size_t len)
{
    unsigned before = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned byte = bytes[i];
        if (byte < 0x20 || byte == 0x7F || (before == 0xC2 && byte < 0xA0)) {
            return true;
        }
        before = byte;
    }
    return false;
}

bool enr_bytes_are_text(const uint8_t *bytes, size_t len)
{
    return enr_bytes_utf8_valid(bytes, len) && !enr_bytes_utf8_has_control(bytes, len);
}

/* Marks, by its top bit, the lowest byte of the word that is below 20, '"', '\' or above 7F; bytes above the lowest may
   be marked wrongly. Subtracting borrows from a byte's top bit exactly when the byte is smaller; exchanging 20 and 22
   first makes '"' smaller than 21, with all below 20. Only a marked byte borrows from the next. */
static uint32_t mark_special(uint32_t word)
{
    uint32_t low_or_quote = (word ^ 0x02020202) - 0x21212121;
    uint32_t backslash = (word ^ 0x5C5C5C5C) - 0x01010101;
    return (word | low_or_quote | backslash) & 0x80808080;
}

/* Where the run of plain ASCII that begins at text[at] ends. */
static size_t plain_end(enr_span_t text, size_t at)
{
    for (; text.len - at >= 4; at += 4) {
        uint32_t marks = mark_special(enr_get_32(text.ptr + at));
        if (marks != 0) {
            for (; (marks & 0x80) == 0; marks >>= 8) {
                at++;
            }
            return at;
        }
    }
    while (at < text.len && (mark_special(text.ptr[at]) & 0x80) == 0) {
        at++;
    }
    return at;
}

size_t enr_utf8_json_run(enr_span_t text)
{
    size_t at = 0;
    for (;;) {
        at = plain_end(text, at);
        size_t len = at < text.len && text.ptr[at] >= 0x80 ? enr_utf8_next(enr_span_slice(text, at, text.len)) : 0;
        if (len == 0) {
            return at;
        }
        at += len;
    }
}

size_t enr_utf8_encode(uint32_t code_point, uint8_t *out)
{
    assert(out != NULL);
    if (code_point < 0x80) {
        out[0] = (uint8_t)code_point;
        return 1;
    }
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) {
        return 0;
    }
    const size_t len = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = len; i-- > 1; code_point >>= 6) {
        out[i] = (uint8_t)(0x80 | (code_point & 0x3F));
    }
    out[0] = (uint8_t)(0xF00 >> len | code_point); /* C0, E0 or F0 */
    return len;
}
