#include "print.h"

#include "enrich/utf8.h"

#include <assert.h>
#include <string.h>

static enr_span_t hidden;

void print_hide(enr_span_t secret)
{
    hidden = secret;
}

static bool starts_with_hidden(enr_span_t text)
{
    return hidden.len > 0 && text.len >= hidden.len && memcmp(text.ptr, hidden.ptr, hidden.len) == 0;
}

/* The code point of the well-formed character at ptr. */
static uint32_t code_point(const uint8_t *ptr, size_t len)
{
    static const uint8_t FIRST_BITS[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = ptr[0] & FIRST_BITS[len];
    for (size_t i = 1; i < len; i++) {
        point = point << 6 | (ptr[i] & 0x3fu);
    }
    return point;
}

/* C0, DEL and C1; line and paragraph separators; marks that turn the direction of writing (Unicode UAX 9). */
static bool is_unsafe(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x61c || point == 0x200e || point == 0x200f ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

void print_text(FILE *out, enr_span_t text)
{
    while (text.len > 0) {
        size_t len = enr_utf8_next(text);
        if (starts_with_hidden(text)) {
            len = hidden.len;
            (void)fputs("***", out);
        } else if (len == 0) {
            len = 1;
            (void)fprintf(out, "\\x%02x", text.ptr[0]);
        } else if (is_unsafe(code_point(text.ptr, len))) {
            uint32_t point = code_point(text.ptr, len);
            (void)fprintf(out, point < 0x80 ? "\\x%02x" : "\\u%04x", (unsigned)point);
        } else {
            (void)fwrite(text.ptr, 1, len, out);
        }
        text = enr_span_slice(text, len, text.len);
    }
}

void print_string(FILE *out, const char *text)
{
    print_text(out, enr_span_from_str(text));
}

void print_json(FILE *out, enr_span_t json)
{
    while (json.len > 0) {
        size_t len = enr_utf8_next(json);
        assert(len > 0);
        uint32_t point = code_point(json.ptr, len);
        if (is_unsafe(point)) {
            (void)fprintf(out, "\\u%04x", (unsigned)point);
        } else {
            (void)fwrite(json.ptr, 1, len, out);
        }
        json = enr_span_slice(json, len, json.len);
    }
    (void)fputc('\n', out);
}

enr_span_t print_cleaned(enr_span_t text, enr_buffer_t *out)
{
    size_t start = out->len;
    while (text.len > 0) {
        size_t len = enr_utf8_next(text);
        if (starts_with_hidden(text)) {
            len = hidden.len;
            for (size_t i = 0; i < len; i++) {
                enr_buffer_append_byte(out, '*');
            }
        } else if (len == 0) {
            len = 1;
            enr_buffer_append_byte(out, '?');
        } else {
            enr_buffer_append(out, enr_span_slice(text, 0, len));
        }
        text = enr_span_slice(text, len, text.len);
    }
    assert(!out->full);
    return enr_span_slice(enr_buffer_span(out), start, out->len);
}
