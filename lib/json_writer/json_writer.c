#include "enrich/json_writer.h"

#include <assert.h>

#include "enrich/utf8.h"

static void append_text(enr_json_writer_t *writer, enr_span_t text)
{
    enr_buffer_append(writer->out, text);
}

/* The comma that a new value or key needs when another stands before it. */
static void separate(enr_json_writer_t *writer)
{
    assert(writer->depth > 0 || !writer->comma); /* a text is one value */
    if (writer->comma) {
        enr_buffer_append_byte(writer->out, ',');
    }
    writer->comma = true;
}

static void begin(enr_json_writer_t *writer, uint8_t bracket)
{
    separate(writer);
    enr_buffer_append_byte(writer->out, bracket);
    writer->depth++;
    writer->comma = false;
}

static void end(enr_json_writer_t *writer, uint8_t bracket)
{
    assert(writer->depth > 0);
    enr_buffer_append_byte(writer->out, bracket);
    writer->depth--;
    writer->comma = true;
}

static void append_escape(enr_json_writer_t *writer, uint8_t byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = "btn\0fr"; /* of 08 to 0D */
    uint8_t escape[6] = {'\\', byte};
    size_t len = 2;
    if (byte >= 0x08 && byte <= 0x0D && letters[byte - 0x08] != '\0') {
        escape[1] = (uint8_t)letters[byte - 0x08];
    } else if (byte < 0x20) {
        escape[1] = 'u';
        escape[2] = '0';
        escape[3] = '0';
        escape[4] = (uint8_t)hex[byte >> 4];
        escape[5] = (uint8_t)hex[byte & 0x0F];
        len = 6;
    }
    append_text(writer, (enr_span_t){escape, len});
}

static void append_string(enr_json_writer_t *writer, enr_span_t text)
{
    enr_buffer_append_byte(writer->out, '"');
    for (;;) {
        size_t run = enr_utf8_json_run(text);
        append_text(writer, (enr_span_t){text.ptr, run});
        if (run == text.len) {
            break;
        }
        if (text.ptr[run] >= 0x80) {
            writer->status = ENR_E_UTF8;
            return;
        }
        append_escape(writer, text.ptr[run]);
        text = enr_span_slice(text, run + 1, text.len);
    }
    enr_buffer_append_byte(writer->out, '"');
}

void enr_json_writer_start(enr_json_writer_t *writer, enr_buffer_t *out)
{
    assert(writer != NULL && out != NULL);
    *writer = (enr_json_writer_t){.out = out};
}

void enr_json_object_begin(enr_json_writer_t *writer)
{
    begin(writer, '{');
}

void enr_json_object_end(enr_json_writer_t *writer)
{
    end(writer, '}');
}

void enr_json_array_begin(enr_json_writer_t *writer)
{
    begin(writer, '[');
}

void enr_json_array_end(enr_json_writer_t *writer)
{
    end(writer, ']');
}

void enr_json_key(enr_json_writer_t *writer, enr_span_t key)
{
    assert(writer->depth > 0);
    separate(writer);
    append_string(writer, key);
    enr_buffer_append_byte(writer->out, ':');
    writer->comma = false;
}

void enr_json_write_string(enr_json_writer_t *writer, enr_span_t text)
{
    separate(writer);
    append_string(writer, text);
}

void enr_json_write_integer(enr_json_writer_t *writer, int64_t number)
{
    separate(writer);
    if (number < 0) {
        enr_buffer_append_byte(writer->out, '-');
    }
    enr_buffer_append_decimal(writer->out, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

void enr_json_write_bool(enr_json_writer_t *writer, bool value)
{
    separate(writer);
    append_text(writer, value ? ENR_SPAN("true") : ENR_SPAN("false"));
}

void enr_json_write_null(enr_json_writer_t *writer)
{
    separate(writer);
    append_text(writer, ENR_SPAN("null"));
}

void enr_json_write_raw(enr_json_writer_t *writer, enr_span_t json)
{
    separate(writer);
    append_text(writer, json);
}

void enr_json_write_member(enr_json_writer_t *writer, enr_span_t key, enr_span_t text)
{
    enr_json_key(writer, key);
    enr_json_write_string(writer, text);
}

enr_status_t enr_json_writer_finish(const enr_json_writer_t *writer)
{
    assert(writer->depth == 0 && writer->comma);
    if (writer->status != ENR_OK) {
        return writer->status;
    }
    return writer->out->full ? ENR_E_LIMIT : ENR_OK;
}
