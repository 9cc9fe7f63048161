/* Base64 (RFC 4648 4) that comes character by character; whatever is no digit is passed over. */
#ifndef BASE64_H
#define BASE64_H

#include "enrich/span.h"

/* All zero is a start. */
typedef struct {
    uint32_t bits;
    unsigned count;
} base64_t;

/* True when this character makes a byte whole. */
bool base64_take(base64_t *digits, uint8_t character, uint8_t *out_byte);

#endif
