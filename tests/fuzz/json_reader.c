/* One JSON text. jansson, which shares no code with what is tested, says whether it is valid and what it means. */
#include "fuzz.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "enrich/json_reader.h"
#include "enrich/json_writer.h"
#include "enrich/utf8.h"

/* --- one node --- */

/* The text of a string or key, in memory of its own length. */
static enr_span_t decoded(const enr_json_reader_t *reader, enr_json_node_t node)
{
    enr_span_t raw = enr_json_raw(reader, node);
    enr_buffer_t scratch = enr_buffer_over(fuzz_allocate(raw.len), raw.len);
    enr_span_t text = {NULL, 0};
    MUST(enr_json_string(reader, node, &scratch, &text) == ENR_OK);
    MUST(scratch.len == 0 || scratch.len == text.len);
    MUST(fuzz_lies_in(text, scratch.len > 0 ? enr_buffer_span(&scratch) : raw));
    enr_span_t copy = fuzz_copy(text);
    if (scratch.len > 0) { /* one byte less is too little, and then nothing is added */
        enr_buffer_t small = enr_buffer_over(scratch.ptr, text.len - 1);
        MUST(enr_json_string(reader, node, &small, &text) == ENR_E_LIMIT && small.len == 0);
    }
    free(scratch.ptr);
    return copy;
}

/* A value's own text is a text. */
static void check_raw(const enr_json_reader_t *reader, enr_json_node_t node)
{
    enr_span_t raw = enr_json_raw(reader, node);
    MUST(raw.len > 0 && fuzz_lies_in(raw, reader->text));
    enr_span_t exact = fuzz_copy(raw);
    size_t offset = 0;
    MUST(enr_json_validate(exact, &offset) == ENR_OK && offset == raw.len);
    fuzz_free(exact);
}

static void check_number(const enr_json_reader_t *reader, enr_json_node_t node)
{
    int64_t number = 0;
    enr_span_t raw = enr_json_raw(reader, node);
    enr_status_t status = enr_json_integer(reader, node, &number);
    bool is_integer = true;
    for (size_t i = 0; i < raw.len; i++) {
        is_integer = is_integer && memchr(".eE", raw.ptr[i], 3) == NULL;
    }
    MUST((status != ENR_E_UNEXPECTED) == is_integer);
    if (status == ENR_OK && !enr_span_equal(raw, ENR_SPAN("-0"))) {
        char digits[24];
        (void)snprintf(digits, sizeof digits, "%" PRId64, number);
        MUST(enr_span_equal(raw, enr_span_from_str(digits)));
    }
    MUST(status != ENR_E_LIMIT || raw.len >= 19);
}

static void check_string(const enr_json_reader_t *reader, enr_json_node_t node)
{
    enr_span_t text = decoded(reader, node);
    MUST(enr_utf8_valid(text) && text.len + 2 <= enr_json_raw(reader, node).len);
    fuzz_free(text);
}

/* behaviours 13: of the members with this key the first counts. */
static void check_member(const enr_json_reader_t *reader, enr_json_node_t object, enr_json_node_t key)
{
    enr_span_t name = decoded(reader, key);
    enr_json_node_t found = enr_json_member(reader, object, name);
    MUST(found != ENR_JSON_NONE && found <= enr_json_value(reader, key));
    for (enr_json_node_t at = enr_json_first(reader, object); at != ENR_JSON_NONE; at = enr_json_next(reader, at)) {
        enr_span_t other = decoded(reader, at);
        bool same = enr_span_equal(other, name);
        fuzz_free(other);
        if (same) {
            MUST(enr_json_value(reader, at) == found);
            break;
        }
    }
    fuzz_free(name);
}

/* --- the whole tree, by depth first: at most ENR_JSON_DEPTH_MAX calls deep --- */

/* Checks a value and everything in it, and writes it again. Returns how many nodes it is. */
static int walk(const enr_json_reader_t *reader, enr_json_node_t node, enr_json_writer_t *out);

static int walk_container(const enr_json_reader_t *reader, enr_json_node_t node, bool named, enr_json_writer_t *out)
{
    int count = 1;
    for (enr_json_node_t at = enr_json_first(reader, node); at != ENR_JSON_NONE; at = enr_json_next(reader, at)) {
        MUST(at == node + count);
        if (named) {
            MUST(enr_json_type(reader, at) == ENR_JSON_STRING);
            check_string(reader, at);
            check_member(reader, node, at);
            enr_span_t key = decoded(reader, at);
            enr_json_key(out, key);
            fuzz_free(key);
            count++;
        }
        count += walk(reader, named ? enr_json_value(reader, at) : at, out);
    }
    return count;
}

static void write_scalar(const enr_json_reader_t *reader, enr_json_node_t node, enr_json_writer_t *out)
{
    int64_t number = 0;
    enr_span_t raw = enr_json_raw(reader, node);
    switch (enr_json_type(reader, node)) {
    case ENR_JSON_NULL:
        MUST(enr_span_equal(raw, ENR_SPAN("null")));
        enr_json_write_null(out);
        break;
    case ENR_JSON_BOOL:
        MUST(enr_span_equal(raw, ENR_SPAN("true")) || enr_span_equal(raw, ENR_SPAN("false")));
        enr_json_write_bool(out, raw.ptr[0] == 't');
        break;
    case ENR_JSON_NUMBER:
        check_number(reader, node);
        if (enr_json_integer(reader, node, &number) == ENR_OK) {
            enr_json_write_integer(out, number);
        } else {
            enr_json_write_raw(out, raw);
        }
        break;
    default: {
        check_string(reader, node);
        enr_span_t text = decoded(reader, node);
        enr_json_write_string(out, text);
        fuzz_free(text);
    }
    }
}

static int walk(const enr_json_reader_t *reader, enr_json_node_t node, enr_json_writer_t *out)
{
    int count = 1;
    check_raw(reader, node);
    switch (enr_json_type(reader, node)) {
    case ENR_JSON_OBJECT:
        enr_json_object_begin(out);
        count = walk_container(reader, node, true, out);
        enr_json_object_end(out);
        break;
    case ENR_JSON_ARRAY:
        enr_json_array_begin(out);
        count = walk_container(reader, node, false, out);
        enr_json_array_end(out);
        break;
    default:
        MUST(enr_json_first(reader, node) == ENR_JSON_NONE);
        MUST(enr_json_member(reader, node, ENR_SPAN("")) == ENR_JSON_NONE);
        write_scalar(reader, node, out);
    }
    return count;
}

static enr_status_t write_again(const enr_json_reader_t *reader, enr_buffer_t *out)
{
    enr_json_writer_t writer;
    enr_json_writer_start(&writer, out);
    MUST(walk(reader, ENR_JSON_ROOT, &writer) == reader->count);
    return enr_json_writer_finish(&writer);
}

/* --- the texts --- */

/* What was written means the same, needs no more room than what was read, and is written the same again. */
static enr_span_t check_round(const enr_json_reader_t *reader)
{
    size_t len = reader->text.len;
    enr_buffer_t first = enr_buffer_over(fuzz_allocate(len), len);
    MUST(write_again(reader, &first) == ENR_OK);
    enr_span_t written = fuzz_copy(enr_buffer_span(&first));
    free(first.ptr);

    enr_json_reader_t again;
    MUST(enr_json_parse(&again, written) == ENR_OK && again.count == reader->count);
    enr_buffer_t exact = enr_buffer_over(fuzz_allocate(written.len), written.len);
    MUST(write_again(&again, &exact) == ENR_OK && enr_span_equal(enr_buffer_span(&exact), written));
    enr_buffer_t small = enr_buffer_over(exact.ptr, written.len - 1);
    MUST(write_again(&again, &small) == ENR_E_LIMIT);
    free(exact.ptr);
    return written;
}

static json_t *load(enr_span_t text, json_error_t *error)
{
    return json_loadb((const char *)text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, error);
}

/* jansson refuses some numbers for their size: they say nothing. It passes over a NUL behind a number, which no text
   may have. */
static void check_against_jansson(enr_span_t text, enr_status_t status, enr_span_t written)
{
    if (memchr(text.ptr, 0, text.len) != NULL) {
        MUST(status != ENR_OK);
        return;
    }
    json_error_t error;
    json_t *expected = load(text, &error);
    if (expected == NULL) {
        bool is_valid = json_error_code(&error) == json_error_numeric_overflow ||
                        json_error_code(&error) == json_error_null_byte_in_key;
        MUST(status != ENR_OK || is_valid);
        return;
    }
    MUST(status != ENR_E_NOT_JSON);
    if (status == ENR_OK) {
        json_t *actual = load(written, &error);
        MUST(actual != NULL && json_equal(expected, actual));
        json_decref(actual);
    }
    json_decref(expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enr_span_t text = fuzz_copy((enr_span_t){data, size});
    size_t offset = 0;
    enr_status_t valid = enr_json_validate(text, &offset);
    enr_json_reader_t *reader = fuzz_allocate(sizeof *reader);
    enr_status_t status = enr_json_parse(reader, text);
    MUST(offset <= size && (valid != ENR_OK || offset == size));
    MUST(valid == ENR_OK ? status == ENR_OK || status == ENR_E_JSON_LIMIT
                         : status == valid && reader->error_offset == offset);
    enr_span_t written = status == ENR_OK ? check_round(reader) : fuzz_copy(ENR_SPAN(""));
    check_against_jansson(text, status, written);
    fuzz_free(written);
    free(reader);
    fuzz_free(text);
    return 0;
}
