/* The kinds of json_reader, json_writer and utf8. */
#include "conformance.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "enrich/json_reader.h"
#include "enrich/json_writer.h"
#include "enrich/utf8.h"

static void print_error(enr_status_t status)
{
    printf("%s %s", status == ENR_E_JSON_LIMIT || status == ENR_E_LIMIT ? "limit" : "error", enr_status_name(status));
}

/* A copy of three spans in a row, in an allocation of exactly their length. */
static enr_span_t joined(enr_span_t before, enr_span_t middle, enr_span_t after)
{
    size_t len = before.len + middle.len + after.len;
    enr_buffer_t buffer = enr_buffer_over(allocate(len), len);
    enr_buffer_append(&buffer, before);
    enr_buffer_append(&buffer, middle);
    enr_buffer_append(&buffer, after);
    return enr_buffer_span(&buffer);
}

/* The most bytes that a string takes when it is written: every byte as \u00XX, and the quotes. */
static size_t written_most(enr_span_t text)
{
    return 6 * text.len + 2;
}

static enr_status_t write_into(enr_buffer_t *out, enr_span_t text)
{
    enr_json_writer_t writer;
    enr_json_writer_start(&writer, out);
    enr_json_write_string(&writer, text);
    return enr_json_writer_finish(&writer);
}

/* Writes the text as a JSON string into an allocation of exactly the needed size. The caller frees *out_json. */
static enr_status_t write_string(enr_span_t text, enr_span_t *out_json)
{
    size_t most = written_most(text);
    enr_buffer_t ample = enr_buffer_over(allocate(most), most);
    enr_status_t status = write_into(&ample, text);
    size_t len = status == ENR_OK ? ample.len : 0;
    enr_buffer_t exact = enr_buffer_over(allocate(len), len);
    if (status == ENR_OK) {
        status = write_into(&exact, text);
    }
    free(ample.ptr);
    *out_json = enr_buffer_span(&exact);
    return status;
}

/* The text of a string node, decoded. The caller frees *out_memory. */
static enr_status_t read_string(const enr_json_reader_t *reader, enr_json_node_t node, uint8_t **out_memory,
                                enr_span_t *out_text)
{
    enr_span_t raw = enr_json_raw(reader, node);
    *out_memory = allocate(raw.len);
    enr_buffer_t scratch = enr_buffer_over(*out_memory, raw.len);
    return enr_json_string(reader, node, &scratch, out_text);
}

static bool copy_string(const enr_json_reader_t *reader, enr_json_node_t node, bool key, enr_json_writer_t *writer)
{
    uint8_t *memory;
    enr_span_t text = {NULL, 0};
    bool read = read_string(reader, node, &memory, &text) == ENR_OK;
    if (key) {
        enr_json_key(writer, text);
    } else {
        enr_json_write_string(writer, text);
    }
    free(memory);
    return read;
}

/* Writes a value again, through the reader's and the writer's own calls. Its depth is bounded by ENR_JSON_DEPTH_MAX. */
static bool copy_value(const enr_json_reader_t *reader, enr_json_node_t node, enr_json_writer_t *writer, int *nodes)
{
    enr_json_type_t type = enr_json_type(reader, node);
    bool good = true;
    ++*nodes;
    switch (type) {
    case ENR_JSON_STRING:
        return copy_string(reader, node, false, writer);
    case ENR_JSON_ARRAY:
        enr_json_array_begin(writer);
        for (enr_json_node_t at = enr_json_first(reader, node); at != ENR_JSON_NONE; at = enr_json_next(reader, at)) {
            good = copy_value(reader, at, writer, nodes) && good;
        }
        enr_json_array_end(writer);
        return good;
    case ENR_JSON_OBJECT:
        enr_json_object_begin(writer);
        for (enr_json_node_t at = enr_json_first(reader, node); at != ENR_JSON_NONE; at = enr_json_next(reader, at)) {
            ++*nodes;
            good = copy_string(reader, at, true, writer) && good;
            good = copy_value(reader, enr_json_value(reader, at), writer, nodes) && good;
        }
        enr_json_object_end(writer);
        return good;
    default:
        enr_json_write_raw(writer, enr_json_raw(reader, node));
        return true;
    }
}

static json_t *load(enr_span_t text)
{
    json_error_t error;
    return json_loadb((const char *)text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
}

/* Whether what the reader saw, written again, is the same value to a decoder that is not ours. A text that this decoder
   cannot take (a number too large for it) proves nothing. */
static bool same_when_written_again(const enr_json_reader_t *reader)
{
    size_t most = written_most(reader->text);
    enr_buffer_t out = enr_buffer_over(allocate(most), most);
    enr_json_writer_t writer;
    int nodes = 0;
    enr_json_writer_start(&writer, &out);
    bool good = copy_value(reader, ENR_JSON_ROOT, &writer, &nodes) && enr_json_writer_finish(&writer) == ENR_OK;
    good = good && nodes == reader->count;
    json_t *first = good ? load(reader->text) : NULL;
    if (first != NULL) {
        json_t *second = load(enr_buffer_span(&out));
        good = second != NULL && json_equal(first, second);
        json_decref(second);
        json_decref(first);
    }
    free(out.ptr);
    return good;
}

/* json_reader takes whole texts only: the pieces are put together first, as api does with an answer's body. */
static enr_span_t gather(enr_span_t text, split_t *split)
{
    enr_buffer_t whole = enr_buffer_over(allocate(text.len), text.len);
    while (whole.len < text.len) {
        size_t len = split_next(split, text.len - whole.len);
        enr_buffer_append(&whole, enr_span_slice(text, whole.len, whole.len + len));
    }
    return enr_buffer_span(&whole);
}

static void answer_json(const case_t *input)
{
    enr_span_t bytes = decode_word(input, 0);
    enr_span_t text = gather(bytes, input->split);
    enr_json_reader_t *reader = (enr_json_reader_t *)(void *)allocate(sizeof *reader);
    size_t offset = 0;
    enr_status_t valid = enr_json_validate(text, &offset);
    enr_status_t status = enr_json_parse(reader, text);
    if (status != valid && status != ENR_E_JSON_LIMIT) {
        printf("broken parse-says-%s-validate-says-%s", enr_status_name(status), enr_status_name(valid));
    } else if (status != ENR_OK) {
        print_error(status);
    } else {
        printf("%s", same_when_written_again(reader) ? "ok" : "broken another-value-when-written-again");
    }
    free(reader);
    free_span(text);
    free_span(bytes);
}

/* The literal must be the member's whole value, so that one with a comma in it cannot become two members. */
static void answer_numbers(const case_t *input)
{
    enr_span_t literal = decode_word(input, 0);
    enr_span_t text = joined(ENR_SPAN("{\"number\":"), literal, ENR_SPAN("}"));
    enr_json_reader_t *reader = (enr_json_reader_t *)(void *)allocate(sizeof *reader);
    int64_t number = 0;
    enr_status_t status = enr_json_parse(reader, text);
    if (status == ENR_OK) {
        enr_json_node_t node = enr_json_member(reader, ENR_JSON_ROOT, ENR_SPAN("number"));
        bool whole = enr_span_equal(enr_json_raw(reader, node), enr_span_trim(literal));
        status = whole ? enr_json_integer(reader, node, &number) : ENR_E_NOT_JSON;
    }
    if (status == ENR_OK) {
        printf("ok %" PRId64, number);
    } else {
        print_error(status);
    }
    free(reader);
    free_span(text);
    free_span(literal);
}

/* What was written, read again, is the text; and where the text needs no escape it is valid between quotes as it is. */
static bool read_again_is(enr_span_t json, enr_span_t text)
{
    enr_json_reader_t *reader = (enr_json_reader_t *)(void *)allocate(sizeof *reader);
    uint8_t *memory = NULL;
    enr_span_t read = {NULL, 0};
    bool same = enr_json_parse(reader, json) == ENR_OK &&
                read_string(reader, ENR_JSON_ROOT, &memory, &read) == ENR_OK && enr_span_equal(read, text);
    free(memory);
    free(reader);
    return same;
}

static bool reader_takes(enr_span_t text)
{
    enr_span_t quoted = joined(ENR_SPAN("\""), text, ENR_SPAN("\""));
    size_t offset = 0;
    bool valid = enr_json_validate(quoted, &offset) == ENR_OK;
    free_span(quoted);
    return valid;
}

static bool needs_escape(enr_span_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] == '"' || text.ptr[i] == '\\') {
            return true;
        }
    }
    return false;
}

/* The three rooms that judge UTF-8 must agree. */
static void answer_utf8(const case_t *input)
{
    enr_span_t text = decode_word(input, 0);
    enr_span_t json;
    bool valid = enr_utf8_valid(text);
    enr_status_t status = write_string(text, &json);
    if ((status == ENR_OK) != valid) {
        printf("broken writer-says-%s", enr_status_name(status));
    } else if (!needs_escape(text) && reader_takes(text) != valid) {
        printf("broken reader-disagrees");
    } else if (valid && !read_again_is(json, text)) {
        printf("broken another-text-when-read-again");
    } else {
        printf("%s", valid ? "ok" : "error E_UTF8");
    }
    free_span(json);
    free_span(text);
}

static void answer_escape_decode(const case_t *input)
{
    enr_span_t literal = decode_word(input, 0);
    enr_json_reader_t *reader = (enr_json_reader_t *)(void *)allocate(sizeof *reader);
    uint8_t *memory = NULL;
    enr_span_t text = {NULL, 0};
    enr_status_t status = enr_json_parse(reader, literal);
    if (status == ENR_OK) {
        status = read_string(reader, ENR_JSON_ROOT, &memory, &text);
    }
    if (status == ENR_OK) {
        printf("ok ");
        print_sha256(text);
    } else {
        print_error(status);
    }
    free(memory);
    free(reader);
    free_span(literal);
}

static void answer_escape_encode(const case_t *input)
{
    enr_span_t text = decode_word(input, 0);
    enr_span_t json;
    enr_status_t status = write_string(text, &json);
    json_t *decoded = status == ENR_OK ? load(json) : NULL;
    if (status != ENR_OK) {
        print_error(status);
    } else if (!json_is_string(decoded)) {
        printf("broken the-decoder-refuses-it");
    } else {
        printf("ok ");
        print_sha256((enr_span_t){(const uint8_t *)json_string_value(decoded), json_string_length(decoded)});
    }
    json_decref(decoded);
    free_span(json);
    free_span(text);
}

const kind_t json_kinds[] = {
    {"json", 1, answer_json},
    {"numbers", 1, answer_numbers},
    {"utf8", 1, answer_utf8},
    {"escape-decode", 1, answer_escape_decode},
    {"escape-encode", 1, answer_escape_encode},
    {NULL, 0, NULL},
};
