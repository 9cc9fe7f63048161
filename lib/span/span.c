#include "enrich/span.h"

#include <assert.h>
#include <string.h>

enr_span_t enr_span_from_str(const char *text)
{
    return text == NULL ? (enr_span_t){NULL, 0} : (enr_span_t){(const uint8_t *)text, strlen(text)};
}

const char *enr_text_of(const char *texts, unsigned number)
{
    for (; number > 0; number--) {
        texts += strlen(texts) + 1;
    }
    return texts;
}

unsigned enr_text_find(const char *texts, unsigned count, enr_span_t word)
{
    unsigned number = 0;
    while (number < count && !enr_span_is(word, enr_text_of(texts, number))) {
        number++;
    }
    return number;
}

enr_span_t enr_span_slice(enr_span_t span, size_t from, size_t to)
{
    assert(from <= to && to <= span.len);
    return to == from ? (enr_span_t){span.ptr, 0} : (enr_span_t){span.ptr + from, to - from};
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

enr_span_t enr_span_trim(enr_span_t span)
{
    size_t from = 0;
    size_t to = span.len;
    while (from < to && is_space(span.ptr[from])) {
        from++;
    }
    while (to > from && is_space(span.ptr[to - 1])) {
        to--;
    }
    return enr_span_slice(span, from, to);
}

size_t enr_span_find(enr_span_t span, uint8_t byte)
{
    size_t at = 0;
    while (at < span.len && span.ptr[at] != byte) {
        at++;
    }
    return at;
}

enr_span_t enr_span_take(enr_span_t *span, uint8_t byte)
{
    size_t end = enr_span_find(*span, byte);
    enr_span_t taken = enr_span_slice(*span, 0, end);
    *span = enr_span_slice(*span, end < span->len ? end + 1 : end, span->len);
    return taken;
}

bool enr_span_begins(enr_span_t span, const char *prefix)
{
    size_t at = 0;
    while (at < span.len && prefix[at] != '\0' && enr_to_lower(span.ptr[at]) == enr_to_lower((uint8_t)prefix[at])) {
        at++;
    }
    return prefix[at] == '\0';
}

bool enr_span_equal(enr_span_t a, enr_span_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool enr_span_is(enr_span_t span, const char *text)
{
    return enr_span_equal(span, enr_span_from_str(text));
}

bool enr_span_equal_ignore_case(enr_span_t a, enr_span_t b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (enr_to_lower(a.ptr[i]) != enr_to_lower(b.ptr[i])) {
            return false;
        }
    }
    return true;
}

bool enr_span_equal_secret(enr_span_t a, enr_span_t b)
{
    if (a.len != b.len) {
        return false;
    }
    uint8_t difference = 0;
    for (size_t i = 0; i < a.len; i++) {
        difference |= (uint8_t)(a.ptr[i] ^ b.ptr[i]);
    }
    return difference == 0;
}

bool enr_span_visible(enr_span_t span)
{
    for (size_t i = 0; i < span.len; i++) {
        if (span.ptr[i] < 0x21 || span.ptr[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

void enr_wipe(void *ptr, size_t len)
{
    volatile uint8_t *bytes = ptr;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = 0;
    }
}

enr_buffer_t enr_buffer_over(void *ptr, size_t capacity)
{
    return (enr_buffer_t){.ptr = ptr, .capacity = capacity};
}

void enr_buffer_append(enr_buffer_t *buffer, enr_span_t bytes)
{
    if (buffer->full || bytes.len > buffer->capacity - buffer->len) {
        buffer->full = true;
        return;
    }
    if (bytes.len > 0) {
        memcpy(buffer->ptr + buffer->len, bytes.ptr, bytes.len);
        buffer->len += bytes.len;
    }
}

void enr_buffer_append_byte(enr_buffer_t *buffer, uint8_t byte)
{
    enr_buffer_append(buffer, (enr_span_t){&byte, 1});
}

void enr_buffer_append_decimal(enr_buffer_t *buffer, uint64_t number)
{
    uint8_t digits[20]; /* 2^64 has 20 */
    size_t first = sizeof digits;
    do {
        digits[--first] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    enr_buffer_append(buffer, (enr_span_t){digits + first, sizeof digits - first});
}

enr_span_t enr_buffer_span(const enr_buffer_t *buffer)
{
    return (enr_span_t){buffer->ptr, buffer->len};
}
