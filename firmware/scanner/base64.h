/* Base64 (RFC 4648 4). */
#ifndef BASE64_H
#define BASE64_H

#include "enrich/span.h"

/* What was read so far of text that comes character by character. All zero is a start. */
typedef struct {
    uint32_t bits;
    unsigned count;
} base64_t;

/* True when this character makes a byte whole. Whatever is no digit is passed over. */
bool base64_take(base64_t *text, uint8_t character, uint8_t *out_byte);

/* Writes the first three of at least one byte, or as many as there are, as four characters. */
void base64_write(const uint8_t *bytes, size_t len, uint8_t out[4]);

#endif
