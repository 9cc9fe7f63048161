#include "enrich/utf8.h"

#include <assert.h>

/* RFC 3629 4: the lead byte gives the length and narrows the second byte; the others are 80..BF. */
size_t enr_utf8_next(enr_span_t text)
{
    if (text.len == 0) {
        return 0;
    }
    uint8_t lead = text.ptr[0];
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xC2 || lead > 0xF4) {
        return 0;
    }
    size_t len = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (text.len < len) {
        return 0;
    }
    uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (text.ptr[1] < low || text.ptr[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((text.ptr[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return len;
}

bool enr_utf8_valid(enr_span_t text)
{
    size_t at = 0;
    while (at < text.len) {
        size_t len = text.ptr[at] < 0x80 ? 1 : enr_utf8_next(enr_span_slice(text, at, text.len));
        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}

bool enr_utf8_has_control(enr_span_t text)
{
    uint8_t before = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        if (byte < 0x20 || byte == 0x7F || (before == 0xC2 && byte < 0xA0)) {
            return true;
        }
        before = byte;
    }
    return false;
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
    if (code_point < 0x800) {
        out[0] = (uint8_t)(0xC0 | code_point >> 6);
        out[1] = (uint8_t)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000) {
        if (code_point >= 0xD800 && code_point <= 0xDFFF) {
            return 0;
        }
        out[0] = (uint8_t)(0xE0 | code_point >> 12);
        out[1] = (uint8_t)(0x80 | (code_point >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (code_point & 0x3F));
        return 3;
    }
    if (code_point > 0x10FFFF) {
        return 0;
    }
    out[0] = (uint8_t)(0xF0 | code_point >> 18);
    out[1] = (uint8_t)(0x80 | (code_point >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (code_point >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (code_point & 0x3F));
    return 4;
}
