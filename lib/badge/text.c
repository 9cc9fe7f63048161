#include "badge_internal.h"

#include "enrich/utf8.h"

#include <string.h>

static int hex_value(int byte)
{
    return byte >= '0' && byte <= '9'   ? byte - '0'
           : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
           : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
                                        : -1;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

enr_span_t text_before(enr_span_t text, uint8_t byte)
{
    return enr_span_trim(enr_span_slice(text, 0, enr_span_find(text, byte)));
}

size_t text_line_end(enr_span_t payload, size_t at)
{
    size_t end = at;
    while (end < payload.len && payload.ptr[end] == '\r') {
        end++;
    }
    return (end < payload.len && payload.ptr[end] == '\n' ? end + 1 : end) - at;
}

/* The next byte with folds taken out, or END. RFC 6350 3.2: a fold is a line end and one white space. */
int text_take_byte(cursor_t *cursor)
{
    enr_span_t payload = cursor->payload;
    while (cursor->value.at < payload.len) {
        const uint8_t byte = payload.ptr[cursor->value.at];
        if ((byte != '\r' && byte != '\n') || cursor->dialect < DIALECT_VCARD) {
            cursor->value.at++;
            return byte;
        }
        size_t end = text_line_end(payload, cursor->value.at);
        if (cursor->value.at + end >= payload.len || !is_blank(payload.ptr[cursor->value.at + end])) {
            return END;
        }
        cursor->value.at += end + 1;
    }
    return END;
}

/* Passes a soft line break of quoted-printable if one is there, or the end of a payload that was cut inside one. A
   white space that follows belongs to the fold (domain 1.2), not to the text. */
static bool pass_soft_break(cursor_t *cursor)
{
    size_t end = text_line_end(cursor->payload, cursor->value.at);
    if (end == 0) {
        return cursor->value.at == cursor->payload.len;
    }
    cursor->value.at += end;
    if (cursor->value.at < cursor->payload.len && is_blank(cursor->payload.ptr[cursor->value.at])) {
        cursor->value.at++;
    }
    return true;
}

/* Not hexadecimal: literal (RFC 2045 6.7). */
int text_take_octet(cursor_t *cursor)
{
    int byte = text_take_byte(cursor);
    while (byte == '=' && cursor->value.quoted_printable) {
        if (pass_soft_break(cursor)) {
            byte = text_take_byte(cursor);
            continue;
        }
        const size_t mark = cursor->value.at;
        int high = hex_value(text_take_byte(cursor));
        int low = hex_value(text_take_byte(cursor));
        if (high < 0 || low < 0) {
            cursor->value.at = mark;
            break;
        }
        return high * 16 + low;
    }
    return byte;
}

/* What follows a backslash. 2.1 knows "\;" only (domain 1.2); others know "\n", and "\" before any other character
   means that character: Apple writes "http\://". */
static int take_escaped(cursor_t *cursor)
{
    const size_t mark = cursor->value.at;
    int byte = text_take_octet(cursor);
    if (cursor->dialect == DIALECT_VCARD_21 && byte != ';') {
        cursor->value.at = mark;
        return '\\';
    }
    return cursor->dialect == DIALECT_VCARD && (byte == 'n' || byte == 'N') ? '\n' : byte;
}

int text_take_unit(cursor_t *cursor)
{
    const int byte = text_take_octet(cursor);
    const bool is_trail = cursor->is_trail && byte >= 0x40;
    cursor->is_trail =
        !is_trail && byte >= 0 && enr_charset_is_lead((enr_charset_t)cursor->value.charset, (uint8_t)byte);
    if (is_trail) {
        return byte;
    }
    if (cursor->dialect == DIALECT_PLAIN || cursor->dialect == DIALECT_AU) {
        return byte == cursor->value.quote && byte != 0 ? text_take_octet(cursor) : byte;
    }
    switch (byte) {
    case '\\':
        return take_escaped(cursor);
    case ';':
        return cursor->dialect < DIALECT_VCARD ? END : SEMICOLON;
    case ',':
        return COMMA;
    default:
        return byte;
    }
}

void text_start(cursor_t *cursor, const reading_t *reading, const value_t *value)
{
    *cursor = (cursor_t){.payload = reading->payload, .value = *value, .dialect = reading->dialect};
}

void text_put(gathered_t *field, uint8_t byte, const uint8_t *source)
{
    if (field->len == 0 && byte == ' ') {
        return;
    }
    if (field->len == 0) {
        field->start = source;
    }
    if (!field->copied && source == field->start + field->len && *source == byte) {
        field->len++;
        return;
    }
    if (!field->copied) {
        enr_span_t view = {field->start, field->len};
        field->start = field->text->ptr + field->text->len;
        field->copied = true;
        enr_buffer_append(field->text, view);
    }
    enr_buffer_append_byte(field->text, byte);
    field->len++;
}

/* Gathers one part of a value. Nothing when it is not UTF-8 and a byte is no character. */
static enr_span_t gather(reading_t *reading, const value_t *value, unsigned part, bool is_utf8)
{
    cursor_t cursor;
    text_start(&cursor, reading, value);
    gathered_t field = {.text = &reading->text};
    int unit = 0;
    while ((unit = text_take_unit(&cursor)) != END) {
        if (unit < 0 && unit == value->separator) {
            if (part == 0) {
                break;
            }
            part--;
        } else if (part == 0) {
            uint8_t byte = (uint8_t)(unit < 0 ? -unit : unit);
            uint8_t utf8[4] = {is_control(byte) ? ' ' : byte};
            size_t len = 1;
            if (!is_utf8) {
                uint32_t point = enr_charset_decode((enr_charset_t)value->charset, utf8[0]);
                if (point == 0) {
                    return nothing();
                }
                len = enr_utf8_encode(point, utf8);
            }
            for (size_t i = 0; i < len; i++) {
                text_put(&field, utf8[i], cursor.payload.ptr + cursor.value.at - 1);
            }
        }
    }
    return reading->text.full || field.len == 0 ? nothing() : (enr_span_t){field.start, field.len};
}

enr_span_t text_decode(reading_t *reading, const value_t *value, unsigned part)
{
    const size_t mark = reading->text.len;
    enr_span_t text = gather(reading, value, part, true);
    const bool is_empty = text.len == 0;
    if (!enr_utf8_valid(text)) {
        reading->text.len = mark;
        text = gather(reading, value, part, false);
    }
    text = enr_utf8_has_control(text) ? nothing() : enr_span_trim(text);
    if (text.len == 0) {
        reading->text.len = mark;
        if (!is_empty) {
            reading->badge->undecoded = true;
        }
    }
    return text;
}

enr_span_t text_decode_column(reading_t *reading, const column_t *column)
{
    const size_t len = reading->payload.len;
    const value_t value = {.at = column->start, .quote = column->quote, .charset = (uint8_t)reading->charset};
    reading->payload.len = column->end;
    enr_span_t text = text_decode(reading, &value, 0);
    reading->payload.len = len;
    return text;
}
