#include "enrich/span.h"

#include <assert.h>
#include <string.h>

bool enr_is_one_of(uint8_t byte, const char *bytes)
{
    return byte != 0 && strchr(bytes, byte) != NULL;
}

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

size_t enr_bytes_find(const uint8_t *bytes, size_t len, uint8_t byte)
{
    size_t at = 0;
    while (at < len && bytes[at] != byte) {
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

bool enr_bytes_begin(const uint8_t *bytes, size_t len, const char *prefix)
{
    size_t at = 0;
    while (at < len && prefix[at] != '\0' && enr_to_lower(bytes[at]) == enr_to_lower((uint8_t)prefix[at])) {
        at++;
    }
    return prefix[at] == '\0';
}

int enr_bytes_index_in(const uint8_t *word, size_t len, const char *list, const char *ignored)
{
    for (int index = 0; *list != '\0'; index++) {
        const char *entry = list;
        size_t i = 0;
        for (; i < len; i++) {
            if (enr_is_one_of(word[i], ignored)) {
                continue;
            }
            if (*entry == ' ' || *entry == '\0' || enr_to_lower(word[i]) != enr_to_lower((uint8_t)*entry)) {
                break;
            }
            entry++;
        }
        if (i == len && entry > list && (*entry == ' ' || *entry == '\0')) {
            return index;
        }
        while (*list != '\0' && *list++ != ' ') {
        }
    }
    return -1;
}

bool enr_bytes_are(const uint8_t *bytes, size_t len, const char *text)
{
    return enr_bytes_equal(bytes, len, (const uint8_t *)text, strlen(text));
}

bool enr_bytes_equal(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

bool enr_bytes_equal_ignore_case(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    if (a_len != b_len) {
        return false;
    }
    for (size_t i = 0; i < a_len; i++) {
        if (enr_to_lower(a[i]) != enr_to_lower(b[i])) {
            return false;
        }
    }
    return true;
}

size_t enr_bytes_prefix(const uint8_t *bytes, size_t len, const uint8_t *prefix, size_t prefix_len)
{
    return prefix_len <= len && enr_bytes_equal_ignore_case(bytes, prefix_len, prefix, prefix_len) ? prefix_len : 0;
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

void enr_buffer_append_bytes(enr_buffer_t *buffer, const uint8_t *bytes, size_t len)
{
    if (buffer->full || len > buffer->capacity - buffer->len) {
        buffer->full = true;
        return;
    }
    if (len > 0) {
        memcpy(buffer->ptr + buffer->len, bytes, len);
        buffer->len += len;
    }
}

void enr_buffer_append_byte(enr_buffer_t *buffer, uint8_t byte)
{
    enr_buffer_append_bytes(buffer, &byte, 1);
}

/* Divides by ten as on paper, 16 bits at a time from the top, since small processors have no 64-bit division. Gives the
   remainder. */
static uint32_t divide_by_ten(uint64_t *number)
{
    uint32_t rest = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t part = rest << 16 | (uint32_t)(*number >> 48);
        *number = *number << 16 | part / 10;
        rest = part % 10;
    }
    return rest;
}

void enr_buffer_append_decimal(enr_buffer_t *buffer, uint64_t number)
{
    uint8_t digits[20]; /* 2^64 has 20 */
    size_t first = sizeof digits;
    do {
        digits[--first] = (uint8_t)('0' + divide_by_ten(&number));
    } while (number > 0);
    enr_buffer_append_bytes(buffer, digits + first, sizeof digits - first);
}

enr_span_t enr_buffer_span(const enr_buffer_t *buffer)
{
    return (enr_span_t){buffer->ptr, buffer->len};
}
