#include "enrich/charset.h"

#include "enrich/utf8.h"

#include <assert.h>

enr_charset_t enr_charset_of_name(enr_span_t name)
{
    enum { FIRST_CP437 = 7, FIRST_SHIFT_JIS = 9 };
    const int index = enr_span_index_in(name,
                                        "utf8 usascii ascii iso88591 latin1 windows1252 cp1252 "
                                        "cp437 ibm437 "
                                        "shiftjis sjis xsjis cp932 windows31j",
                                        "-_");
    return index < 0                 ? ENR_CHARSET_OTHER
           : index < FIRST_CP437     ? ENR_CHARSET_WESTERN
           : index < FIRST_SHIFT_JIS ? ENR_CHARSET_CP437
                                     : ENR_CHARSET_SHIFT_JIS;
}

enr_charset_t enr_charset_of_eci(uint32_t eci)
{
    switch (eci) {
    case 0:
    case 2:
        return ENR_CHARSET_CP437;
    case 1:
    case 3:
    case 23:
    case 26:
    case 27:
    case 170:
        return ENR_CHARSET_WESTERN;
    case 20:
        return ENR_CHARSET_SHIFT_JIS;
    default:
        return ENR_CHARSET_OTHER;
    }
}

bool enr_charset_is_lead(enr_charset_t charset, uint8_t byte)
{
    if (charset == ENR_CHARSET_SHIFT_JIS && ((byte > 0x9F && byte < 0xE0) || byte > 0xFC)) {
        return false;
    }
    return byte >= 0x81 && (charset == ENR_CHARSET_SHIFT_JIS || charset == ENR_CHARSET_OTHER);
}

enr_charset_t enr_charset_guess(enr_span_t text)
{
    bool found = false;
    bool after_common = false; /* a character with a first byte of 81 to 9F stands just before */
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        bool is_common = false;
        if (enr_charset_is_lead(ENR_CHARSET_SHIFT_JIS, byte)) {
            i++;
            if (i == text.len || text.ptr[i] < 0x40 || text.ptr[i] == 0x7F || text.ptr[i] > 0xFC) {
                return ENR_CHARSET_WESTERN;
            }
            is_common = byte < 0xA0;
            found = found || (is_common && after_common);
        } else if (byte == 0x80 || byte == 0xA0 || byte > 0xFC) {
            return ENR_CHARSET_WESTERN;
        }
        after_common = is_common;
    }
    return found ? ENR_CHARSET_SHIFT_JIS : ENR_CHARSET_WESTERN;
}

/* 80 to 9F; 0: no such character. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

/* The letters of CP437 are 80 to A5, and E1; what names do not hold (9E is a sign of money) is left out. */
static const uint8_t cp437[0xA6 - 0x80] = {
    0xC7, 0xFC, 0xE9, 0xE2, 0xE4, 0xE0, 0xE5, 0xE7, 0xEA, 0xEB, 0xE8, 0xEF, 0xEE, 0xEC, 0xC4, 0xC5, 0xC9, 0xE6, 0xC6,
    0xF4, 0xF6, 0xF2, 0xFB, 0xF9, 0xFF, 0xD6, 0xDC, 0xA2, 0xA3, 0xA5, 0,    0,    0xE1, 0xED, 0xF3, 0xFA, 0xF1, 0xD1,
};

uint32_t enr_charset_decode(enr_charset_t charset, uint8_t byte)
{
    if (byte < 0x80) {
        return byte;
    }
    switch (charset) {
    case ENR_CHARSET_WESTERN:
        return byte < 0xA0 ? windows_1252[byte - 0x80] : byte;
    case ENR_CHARSET_CP437:
        return byte < 0x80 + sizeof cp437 ? cp437[byte - 0x80] : byte == 0xE1 ? 0xDF : 0;
    default:
        return 0;
    }
}

static bool is_surrogate(uint32_t unit, uint32_t first)
{
    return (unit & 0xFC00) == first;
}

enr_status_t enr_charset_utf16(enr_span_t text, bool big_endian, enr_buffer_t *out)
{
    assert(out != NULL);
    const size_t mark = out->len;
    uint32_t high = 0; /* a surrogate that waits for its other half */
    bool good = text.len % 2 == 0;
    for (size_t i = 0; i + 1 < text.len && good; i += 2) {
        const size_t low = big_endian ? 1 : 0;
        uint32_t unit = (uint32_t)text.ptr[i + 1 - low] << 8 | text.ptr[i + low];
        if (i == 0 && (unit == 0xFEFF || unit == 0xFFFE)) {
            big_endian = big_endian == (unit == 0xFEFF);
            continue;
        }
        good = (high != 0) == is_surrogate(unit, 0xDC00);
        if (good && is_surrogate(unit, 0xD800)) {
            high = unit;
            continue;
        }
        uint8_t utf8[4];
        uint32_t point = high == 0 ? unit : 0x10000 + ((high & 0x3FF) << 10 | (unit & 0x3FF));
        enr_buffer_append(out, (enr_span_t){utf8, enr_utf8_encode(point, utf8)});
        high = 0;
    }
    good = good && high == 0;
    if (!good || out->full) {
        out->len = mark;
    }
    return !good ? ENR_E_UTF8 : out->full ? ENR_E_LIMIT : ENR_OK;
}
