#include "base64.h"

bool base64_take(base64_t *digits, uint8_t character, uint8_t *out_byte)
{
    unsigned value = (unsigned)enr_span_find(
        ENR_SPAN("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"), character);
    if (value < 64) {
        digits->bits = digits->bits << 6 | value;
        digits->count += 6;
    }
    if (digits->count < 8) {
        return false;
    }
    digits->count -= 8;
    *out_byte = (uint8_t)(digits->bits >> digits->count);
    return true;
}
