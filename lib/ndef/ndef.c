#include "enrich/ndef.h"

#include <assert.h>

/* The first byte of a record: flags, and what its type is (NDEF 3.2). */
enum { CHUNK = 0x20, SHORT_LENGTH = 0x10, HAS_ID = 0x08, TYPE_NAME_FORMAT = 0x07 };
enum { WELL_KNOWN = 1, MIME = 2, ABSOLUTE_URI = 3, UNCHANGED = 6 };

/* What the first byte of a U record stands for (RTD URI 3.2.2), as far as a badge can use it. */
static const char *const uri_prefixes[] = {"", "http://www.", "https://www.", "http://", "https://", "tel:", "mailto:"};

static uint32_t big_endian(const uint8_t *bytes, size_t len)
{
    uint32_t number = 0;
    for (size_t i = 0; i < len; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

static bool is_mime(enr_span_t type, const char *name)
{
    return enr_span_equal_ignore_case(enr_span_slice(type, 0, enr_span_find(type, ';')), enr_span_from_str(name));
}

static enr_ndef_kind_t kind_of_mime(enr_span_t type)
{
    if (is_mime(type, "text/vcard") || is_mime(type, "text/x-vcard") || is_mime(type, "text/directory")) {
        return ENR_NDEF_CARD;
    }
    return is_mime(type, "text/plain")                ? ENR_NDEF_TEXT
           : is_mime(type, "application/vnd.wfa.wsc") ? ENR_NDEF_SECRET
                                                      : ENR_NDEF_OTHER;
}

/* T: a byte with flag and length, the language, the text (RTD Text 3.2.1). U: a byte for the prefix, the rest. */
static void read_well_known(enr_span_t type, enr_ndef_record_t *record)
{
    enr_span_t payload = record->payload;
    if (type.len != 1 || payload.len == 0) {
        return;
    }
    uint8_t first = payload.ptr[0];
    size_t language = first & 0x3Fu;
    if (type.ptr[0] == 'T' && language < payload.len) {
        record->kind = ENR_NDEF_TEXT;
        record->utf16 = (first & 0x80) != 0;
        record->payload = enr_span_slice(payload, 1 + language, payload.len);
    } else if (type.ptr[0] == 'U' && first < sizeof uri_prefixes / sizeof uri_prefixes[0]) {
        record->kind = ENR_NDEF_URI;
        record->uri_prefix = uri_prefixes[first];
        record->payload = enr_span_slice(payload, 1, payload.len);
    }
}

enr_status_t enr_ndef_next(enr_span_t *message, enr_ndef_record_t *out_record)
{
    assert(message != NULL && out_record != NULL);
    *out_record = (enr_ndef_record_t){.kind = ENR_NDEF_OTHER, .uri_prefix = ""};
    const enr_span_t all = *message;
    if (all.len == 0) {
        return ENR_END;
    }
    *message = (enr_span_t){all.ptr, 0};
    const uint8_t flags = all.ptr[0];
    const size_t length_size = (flags & SHORT_LENGTH) != 0 ? 1 : 4;
    const size_t id_size = (flags & HAS_ID) != 0 ? 1 : 0;
    const size_t head = 2 + length_size + id_size;
    if (all.len < head) {
        return ENR_E_SYNTAX;
    }
    const size_t type_len = all.ptr[1];
    const size_t payload_len = big_endian(all.ptr + 2, length_size);
    const size_t id_len = id_size > 0 ? all.ptr[head - 1] : 0;
    if (type_len + id_len > all.len - head || payload_len > all.len - head - type_len - id_len) {
        return ENR_E_SYNTAX;
    }
    const size_t start = head + type_len + id_len;
    enr_span_t type = enr_span_slice(all, head, head + type_len);
    out_record->payload = enr_span_slice(all, start, start + payload_len);
    const unsigned format = flags & TYPE_NAME_FORMAT;
    const bool is_poster = format == WELL_KNOWN && enr_span_equal(type, ENR_SPAN("Sp"));
    *message = enr_span_slice(all, start + (is_poster ? 0 : payload_len), all.len);
    if (is_poster) { /* its payload is records: they come next */
        out_record->payload.len = 0;
    } else if ((flags & CHUNK) != 0 || format == UNCHANGED) {
        out_record->kind = ENR_NDEF_OTHER;
    } else if (format == WELL_KNOWN) {
        read_well_known(type, out_record);
    } else if (format == MIME) {
        out_record->kind = kind_of_mime(type);
    } else if (format == ABSOLUTE_URI) {
        out_record->kind = ENR_NDEF_URI;
        out_record->payload = type;
    }
    return ENR_OK;
}

/* Blocks of type, length, value: one byte of length, or FF and two (Type 2 Tag 2.3). */
static enr_status_t find_block(enr_span_t blocks, enr_span_t *out_message)
{
    enum { NONE = 0x00, MESSAGE = 0x03, END = 0xFE };
    size_t at = 0;
    while (at < blocks.len && blocks.ptr[at] != END) {
        const uint8_t type = blocks.ptr[at++];
        if (type == NONE) {
            continue;
        }
        const bool is_long = at < blocks.len && blocks.ptr[at] == 0xFF;
        const size_t size = is_long ? 2 : 1;
        at += is_long ? 1 : 0;
        if (blocks.len - at < size) {
            break;
        }
        const size_t len = big_endian(blocks.ptr + at, size);
        at += size;
        if (len > blocks.len - at) {
            break;
        }
        if (type == MESSAGE) {
            *out_message = enr_span_slice(blocks, at, at + len);
            return len > 0 ? ENR_OK : ENR_E_SYNTAX;
        }
        at += len;
    }
    return ENR_E_SYNTAX;
}

enr_status_t enr_ndef_find_message(enr_span_t memory, enr_span_t *out_message)
{
    assert(out_message != NULL);
    *out_message = (enr_span_t){memory.ptr, 0};
    /* A whole tag begins with its serial number and lock bytes; its capability container is bytes 12 to 15: E1, version
       1.x. No text has these two bytes in a row. */
    const bool is_whole = memory.len > 16 && memory.ptr[12] == 0xE1 && memory.ptr[13] >> 4 == 1;
    return find_block(enr_span_slice(memory, is_whole ? 16 : 0, memory.len), out_message);
}
