/* Views of bytes, and a bounded buffer to append to. */
#ifndef ENRICH_SPAN_H
#define ENRICH_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ASCII, whatever the locale. */
static inline bool enr_is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static inline bool enr_is_letter(uint8_t byte)
{
    uint8_t lower = byte | 0x20u;
    return lower >= 'a' && lower <= 'z';
}

static inline uint8_t enr_to_lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20u) : byte;
}

/* Little-endian numbers at any address, as they lie on flash. Copying them, not byte by byte, is one load or store
   where the processor's own order is the same. */
#define ENR_IS_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

static inline uint16_t enr_get_16(const uint8_t *in)
{
    uint16_t number;
    memcpy(&number, in, sizeof number);
    return ENR_IS_BIG_ENDIAN ? __builtin_bswap16(number) : number;
}

static inline uint32_t enr_get_32(const uint8_t *in)
{
    uint32_t number;
    memcpy(&number, in, sizeof number);
    return ENR_IS_BIG_ENDIAN ? __builtin_bswap32(number) : number;
}

static inline void enr_put_16(uint8_t *out, uint16_t number)
{
    number = ENR_IS_BIG_ENDIAN ? __builtin_bswap16(number) : number;
    memcpy(out, &number, sizeof number);
}

static inline void enr_put_32(uint8_t *out, uint32_t number)
{
    number = ENR_IS_BIG_ENDIAN ? __builtin_bswap32(number) : number;
    memcpy(out, &number, sizeof number);
}

/* A read-only view of bytes that somebody else owns. An empty span has len 0; its ptr may then be NULL. */
typedef struct {
    const uint8_t *ptr;
    size_t len;
} enr_span_t;

/* The span of a string literal, without its terminating NUL. */
#define ENR_SPAN(literal) ((enr_span_t){(const uint8_t *)("" literal ""), sizeof(literal) - 1})

/* The span of a NUL-terminated string, without the NUL; NULL gives an empty span. */
enr_span_t enr_span_from_str(const char *text);

/* The bytes [from, to) of a span. Asserts from <= to <= span.len. */
enr_span_t enr_span_slice(enr_span_t span, size_t from, size_t to);

/* The span without leading and trailing space, TAB, CR and LF. */
enr_span_t enr_span_trim(enr_span_t span);

/* The place of the first such byte; span.len when there is none. */
size_t enr_span_find(enr_span_t span, uint8_t byte);

/* True when the span begins with these letters, A-Z and a-z taken as one. */
bool enr_span_begins(enr_span_t span, const char *prefix);

/* True when both hold the same bytes. */
bool enr_span_equal(enr_span_t a, enr_span_t b);

/* True when both hold the same bytes, A-Z and a-z taken as one (ASCII only, no locale). */
bool enr_span_equal_ignore_case(enr_span_t a, enr_span_t b);

/* True when both hold the same bytes. Its time depends on the lengths only: for secrets (behaviours 22). */
bool enr_span_equal_secret(enr_span_t a, enr_span_t b);

/* True when every byte is a visible ASCII character, 0x21 to 0x7E: what may stand in a path or a key on the wire. */
bool enr_span_visible(enr_span_t span);

/* Sets len bytes at ptr to zero in a way that the compiler keeps (behaviours 22). */
void enr_wipe(void *ptr, size_t len);

/* Bytes being appended to memory that the caller owns. What does not fit is not written at all, `full` stays set from
   then on and every later append writes nothing: one check at the end is enough. */
typedef struct {
    uint8_t *ptr;
    size_t capacity;
    size_t len;
    bool full;
} enr_buffer_t;

/* An empty buffer over capacity bytes at ptr. */
enr_buffer_t enr_buffer_over(void *ptr, size_t capacity);

/* Appends the bytes of a span. */
void enr_buffer_append(enr_buffer_t *buffer, enr_span_t bytes);

/* Appends one byte. */
void enr_buffer_append_byte(enr_buffer_t *buffer, uint8_t byte);

/* Appends a number in decimal digits. */
void enr_buffer_append_decimal(enr_buffer_t *buffer, uint64_t number);

/* What was appended so far. Valid as long as the buffer's memory. */
enr_span_t enr_buffer_span(const enr_buffer_t *buffer);

#endif
