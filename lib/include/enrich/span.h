/* Views of bytes, and a bounded buffer to append to. */
#ifndef ENRICH_SPAN_H
#define ENRICH_SPAN_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* For functions whose call would be longer than they are. Those of spans take them apart for a function of bytes, which
   nobody else need call: so the parts travel in registers, where a struct would go through memory. */
#if defined(__GNUC__) || defined(__clang__)
#define ENR_INLINE __attribute__((always_inline)) static inline
#else
#define ENR_INLINE static inline
#endif

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

ENR_INLINE uint8_t enr_to_lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20u) : byte;
}

/* Copies a number to or from its little-endian form, in which all numbers lie on flash, at any address. One load and
   one store where the processor's own order is the same; one that is not said to be big-endian is taken for that. */
ENR_INLINE void enr_copy_number(void *to, const void *from, size_t len)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)to)[i] = ((const uint8_t *)from)[len - 1 - i];
    }
#else
    memcpy(to, from, len);
#endif
}

ENR_INLINE uint16_t enr_get_16(const uint8_t *in)
{
    uint16_t number;
    enr_copy_number(&number, in, sizeof number);
    return number;
}

ENR_INLINE void enr_put_16(uint8_t *out, uint16_t number)
{
    enr_copy_number(out, &number, sizeof number);
}

ENR_INLINE uint32_t enr_get_32(const uint8_t *in)
{
    uint32_t number;
    enr_copy_number(&number, in, sizeof number);
    return number;
}

ENR_INLINE void enr_put_32(uint8_t *out, uint32_t number)
{
    enr_copy_number(out, &number, sizeof number);
}

ENR_INLINE uint64_t enr_get_64(const uint8_t *in)
{
    uint64_t number;
    enr_copy_number(&number, in, sizeof number);
    return number;
}

ENR_INLINE void enr_put_64(uint8_t *out, uint64_t number)
{
    enr_copy_number(out, &number, sizeof number);
}

/* True when a byte stands in a string; NUL stands in none. */
bool enr_is_one_of(uint8_t byte, const char *bytes);

/* A read-only view of bytes that somebody else owns. An empty span has len 0; its ptr may then be NULL. */
typedef struct {
    const uint8_t *ptr;
    size_t len;
} enr_span_t;

/* The span of a string literal, without its terminating NUL. */
#define ENR_SPAN(literal) ((enr_span_t){(const uint8_t *)("" literal ""), sizeof(literal) - 1})

/* The span of a NUL-terminated string, without the NUL; NULL gives an empty span. */
enr_span_t enr_span_from_str(const char *text);

/* Texts one behind the other, "first\0second\0third": a table that takes no pointers. The one of a number from 0 on, of
   which there must be more; and the number of a word, its case as it stands, among the first `count`: `count` when it
   is none of them. */
const char *enr_text_of(const char *texts, unsigned number);
unsigned enr_text_find(const char *texts, unsigned count, enr_span_t word);

/* The bytes [from, to) of a span. Asserts from <= to <= span.len. The address is computed as a number: nothing may be
   added to NULL, not even 0. */
ENR_INLINE enr_span_t enr_span_slice(enr_span_t span, size_t from, size_t to)
{
    assert(from <= to && to <= span.len);
    return (enr_span_t){(const uint8_t *)((uintptr_t)span.ptr + from), to - from};
}

/* The span without leading and trailing space, TAB, CR and LF. */
enr_span_t enr_span_trim(enr_span_t span);

/* The place of the first such byte; span.len when there is none. */
size_t enr_bytes_find(const uint8_t *bytes, size_t len, uint8_t byte);
ENR_INLINE size_t enr_span_find(enr_span_t span, uint8_t byte)
{
    return enr_bytes_find(span.ptr, span.len, byte);
}

/* Takes off what stands before the first such byte, and the byte; all of the span when there is none. */
enr_span_t enr_span_take(enr_span_t *span, uint8_t byte);

/* True when the span begins with these letters, A-Z and a-z taken as one. */
bool enr_bytes_begin(const uint8_t *bytes, size_t len, const char *prefix);
ENR_INLINE bool enr_span_begins(enr_span_t span, const char *prefix)
{
    return enr_bytes_begin(span.ptr, span.len, prefix);
}

/* The span without a prefix that it begins with, letters' case ignored. */
size_t enr_bytes_prefix(const uint8_t *bytes, size_t len, const uint8_t *prefix, size_t prefix_len);
ENR_INLINE enr_span_t enr_span_without(enr_span_t span, enr_span_t prefix)
{
    return enr_span_slice(span, enr_bytes_prefix(span.ptr, span.len, prefix.ptr, prefix.len), span.len);
}

/* Which entry, from 0, of a list with single spaces between its entries a word is, or -1. Letters' case is ignored, and
   so are these bytes in the word. */
int enr_bytes_index_in(const uint8_t *word, size_t len, const char *list, const char *ignored);
ENR_INLINE int enr_span_index_in(enr_span_t word, const char *list, const char *ignored)
{
    return enr_bytes_index_in(word.ptr, word.len, list, ignored);
}

/* True when both hold the same bytes. */
bool enr_bytes_equal(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
ENR_INLINE bool enr_span_equal(enr_span_t a, enr_span_t b)
{
    return enr_bytes_equal(a.ptr, a.len, b.ptr, b.len);
}

/* True when both hold the same bytes, A-Z and a-z taken as one (ASCII only, no locale). */
bool enr_bytes_equal_ignore_case(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
ENR_INLINE bool enr_span_equal_ignore_case(enr_span_t a, enr_span_t b)
{
    return enr_bytes_equal_ignore_case(a.ptr, a.len, b.ptr, b.len);
}

/* True when the span is this text; the second takes A-Z and a-z as one. */
bool enr_bytes_are(const uint8_t *bytes, size_t len, const char *text);
ENR_INLINE bool enr_span_is(enr_span_t span, const char *text)
{
    return enr_bytes_are(span.ptr, span.len, text);
}
ENR_INLINE bool enr_span_is_ignore_case(enr_span_t span, const char *text)
{
    return enr_bytes_equal_ignore_case(span.ptr, span.len, (const uint8_t *)text, strlen(text));
}

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
void enr_buffer_append_bytes(enr_buffer_t *buffer, const uint8_t *bytes, size_t len);
ENR_INLINE void enr_buffer_append(enr_buffer_t *buffer, enr_span_t bytes)
{
    enr_buffer_append_bytes(buffer, bytes.ptr, bytes.len);
}

/* Appends one byte. */
void enr_buffer_append_byte(enr_buffer_t *buffer, uint8_t byte);

/* Appends a number in decimal digits. */
void enr_buffer_append_decimal(enr_buffer_t *buffer, uint64_t number);

/* What was appended so far. Valid as long as the buffer's memory. */
enr_span_t enr_buffer_span(const enr_buffer_t *buffer);

#endif
