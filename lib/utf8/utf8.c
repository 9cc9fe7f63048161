#include "enrich/utf8.h"

#include <assert.h>
#include <string.h>

#define EVERY_BYTE(value) (SIZE_MAX / 255 * (value))

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
    while (text.len > 0) {
        size_t len = enr_utf8_next(text);
        if (len == 0) {
            return false;
        }
        text = enr_span_slice(text, len, text.len);
    }
    return true;
}

/* Whether one of the bytes in the word is below 20, '"', '\' or above 7F. Subtracting borrows from a byte's top bit
   exactly when the byte is smaller; exchanging 20 and 22 first makes '"' smaller than 21, with all below 20. A borrow
   into the next byte comes only from a byte that counts already. */
static bool holds_special(size_t word)
{
    size_t low_or_quote = (word ^ EVERY_BYTE(0x02)) - EVERY_BYTE(0x21);
    size_t backslash = (word ^ EVERY_BYTE('\\')) - EVERY_BYTE(1);
    return ((word | low_or_quote | backslash) & EVERY_BYTE(0x80)) != 0;
}

size_t enr_utf8_json_run(enr_span_t text)
{
    size_t at = 0;
    for (;;) {
        size_t word;
        while (text.len - at >= sizeof word) {
            memcpy(&word, text.ptr + at, sizeof word);
            if (holds_special(word)) {
                break;
            }
            at += sizeof word;
        }
        while (at < text.len && text.ptr[at] >= 0x20 && text.ptr[at] < 0x80 && text.ptr[at] != '"' &&
               text.ptr[at] != '\\') {
            at++;
        }
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
