/* bench_request N: writes the 300-byte JSON request N times, for counting instructions (tests/bench/instructions).
   Checked once: every byte. */
#include "enrich/json_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECTED                                                                                                       \
    "{\"first_name\":\"\xc3\x85sa\",\"last_name\":\"Lindqvist\",\"title\":\"Head of \\\"Marine\\\" Sourcing\","        \
    "\"company\":\"Nordvik Marine AB\",\"email\":\"asa.lindqvist@nordvik.example\",\"phone\":\"+46 31 555 01 42\","    \
    "\"website\":\"https://nordvik.example/\",\"city\":\"G\xc3\xb6teborg\",\"country\":\"SE\","                        \
    "\"external_id\":\"badge-00001742\",\"note\":\"Booth 14\"}"

static enr_status_t write_request(enr_buffer_t *out)
{
    enr_json_writer_t writer;
    enr_json_writer_start(&writer, out);
    enr_json_object_begin(&writer);
    enr_json_write_member(&writer, ENR_SPAN("first_name"), ENR_SPAN("\xc3\x85sa"));
    enr_json_write_member(&writer, ENR_SPAN("last_name"), ENR_SPAN("Lindqvist"));
    enr_json_write_member(&writer, ENR_SPAN("title"), ENR_SPAN("Head of \"Marine\" Sourcing"));
    enr_json_write_member(&writer, ENR_SPAN("company"), ENR_SPAN("Nordvik Marine AB"));
    enr_json_write_member(&writer, ENR_SPAN("email"), ENR_SPAN("asa.lindqvist@nordvik.example"));
    enr_json_write_member(&writer, ENR_SPAN("phone"), ENR_SPAN("+46 31 555 01 42"));
    enr_json_write_member(&writer, ENR_SPAN("website"), ENR_SPAN("https://nordvik.example/"));
    enr_json_write_member(&writer, ENR_SPAN("city"), ENR_SPAN("G\xc3\xb6teborg"));
    enr_json_write_member(&writer, ENR_SPAN("country"), ENR_SPAN("SE"));
    enr_json_write_member(&writer, ENR_SPAN("external_id"), ENR_SPAN("badge-00001742"));
    enr_json_write_member(&writer, ENR_SPAN("note"), ENR_SPAN("Booth 14"));
    enr_json_object_end(&writer);
    return enr_json_writer_finish(&writer);
}

int main(int argc, char **argv)
{
    _Static_assert(sizeof EXPECTED - 1 == 300, "as long as the request of the peers' measurements");
    if (argc != 2) {
        fprintf(stderr, "usage: bench_request N\n");
        return 2;
    }
    static uint8_t memory[512];
    enr_buffer_t out = enr_buffer_over(memory, sizeof memory);
    if (write_request(&out) != ENR_OK || !enr_span_equal(enr_buffer_span(&out), ENR_SPAN(EXPECTED))) {
        fprintf(stderr, "wrong text\n");
        return 1;
    }
    for (long n = strtol(argv[1], NULL, 10); n > 0; n--) {
        out = enr_buffer_over(memory, sizeof memory);
        (void)write_request(&out);
    }
    return 0;
}
