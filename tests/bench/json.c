/* bench_json N: reads the 420-byte text (37 tokens) N times and copies 9 of its fields out, for counting instructions
   (tests/bench/instructions). Checked once: each field's text. */
#include "enrich/json_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT                                                                                                           \
    "{\"id\":\"5f0c1c9e-7c1e-4d8b-9f5e-2b8f6f3c9a11\",\"status\":\"finished\",\"credits_left\":1482,\"contact\":{"     \
    "\"first_name\":\"\xc3\x85sa\",\"last_name\":\"Lindqvist\",\"title\":\"Head of \\\"Marine\\\" Sourcing\","         \
    "\"email\":\"asa.lindqvist@nordvik.example\",\"email_valid\":true,\"phone\":\"+46 31 555 01 42\",\"score\":0.93}," \
    "\"company\":{\"name\":\"Nordvik Marine AB\",\"domain\":\"nordvik.example\",\"size\":240},"                        \
    "\"sources\":[\"web\",\"registry\"],\"x\":\"zzzzzzzzzzzzzzzzzzzzzzzzzzzzz\"}"

typedef enum { FIELD_COUNT = 9, FIELD_SIZE = 64 } field_limit_t;
typedef char fields_t[FIELD_COUNT][FIELD_SIZE];

static const fields_t EXPECTED = {"5f0c1c9e-7c1e-4d8b-9f5e-2b8f6f3c9a11",
                                  "finished",
                                  "\xc3\x85sa",
                                  "Lindqvist",
                                  "Head of \"Marine\" Sourcing",
                                  "asa.lindqvist@nordvik.example",
                                  "+46 31 555 01 42",
                                  "Nordvik Marine AB",
                                  "nordvik.example"};

/* Copies a member's text, ended by NUL. */
static bool copy(const enr_json_reader_t *reader, enr_json_node_t object, enr_span_t key, char field[FIELD_SIZE])
{
    uint8_t memory[FIELD_SIZE];
    enr_buffer_t scratch = enr_buffer_over(memory, sizeof memory);
    enr_span_t text;
    if (enr_json_string(reader, enr_json_member(reader, object, key), &scratch, &text) != ENR_OK ||
        text.len >= FIELD_SIZE) {
        return false;
    }
    memcpy(field, text.ptr, text.len);
    field[text.len] = '\0';
    return true;
}

static bool read_fields(enr_json_reader_t *reader, enr_span_t text, fields_t fields)
{
    if (enr_json_parse(reader, text) != ENR_OK) {
        return false;
    }
    enr_json_node_t contact = enr_json_member(reader, ENR_JSON_ROOT, ENR_SPAN("contact"));
    enr_json_node_t company = enr_json_member(reader, ENR_JSON_ROOT, ENR_SPAN("company"));
    return copy(reader, ENR_JSON_ROOT, ENR_SPAN("id"), fields[0]) &&
           copy(reader, ENR_JSON_ROOT, ENR_SPAN("status"), fields[1]) &&
           copy(reader, contact, ENR_SPAN("first_name"), fields[2]) &&
           copy(reader, contact, ENR_SPAN("last_name"), fields[3]) &&
           copy(reader, contact, ENR_SPAN("title"), fields[4]) && copy(reader, contact, ENR_SPAN("email"), fields[5]) &&
           copy(reader, contact, ENR_SPAN("phone"), fields[6]) && copy(reader, company, ENR_SPAN("name"), fields[7]) &&
           copy(reader, company, ENR_SPAN("domain"), fields[8]);
}

int main(int argc, char **argv)
{
    _Static_assert(sizeof TEXT - 1 == 420, "the text of the peers' measurements");
    if (argc != 2) {
        fprintf(stderr, "usage: bench_json N\n");
        return 2;
    }
    static enr_json_reader_t reader;
    static fields_t fields;
    if (!read_fields(&reader, ENR_SPAN(TEXT), fields) || reader.count != 37) {
        fprintf(stderr, "wrong tokens\n");
        return 1;
    }
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (strcmp(fields[i], EXPECTED[i]) != 0) {
            fprintf(stderr, "wrong field %zu\n", i);
            return 1;
        }
    }
    for (long n = strtol(argv[1], NULL, 10); n > 0; n--) {
        (void)read_fields(&reader, ENR_SPAN(TEXT), fields);
    }
    return 0;
}
