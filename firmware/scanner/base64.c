#include "base64.h"

static const uint8_t digits[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool base64_take(base64_t *text, uint8_t character, uint8_t *out_byte)
{
    unsigned value = (unsigned)enr_span_find((enr_span_t){digits, sizeof digits}, character);
    if (value < 64) {
        text->bits = text->bits << 6 | value;
        text->count += 6;
    }
    if (text->count < 8) {
        return false;
    }
    text->count -= 8;
    *out_byte = (uint8_t)(text->bits >> text->count);
    return true;
}

void base64_write(const uint8_t *bytes, size_t len, uint8_t out[4])
{
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; i++) {
        bits = bits << 8 | (i < len ? bytes[i] : 0u);
    }
    for (size_t i = 0; i < 4; i++) {
        out[i] = i <= len ? digits[bits >> 18 & 63] : (uint8_t)'=';
        bits <<= 6;
    }
}
