/* The scripted port does what its script says: what other tests prove with it hangs on that. */
#include "enrich_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HOST ENR_SPAN("api.example")
#define ANSWER ENR_SPAN("0123456789")

typedef struct {
    enr_script_t script;
    enr_net_t net;
    uint8_t sent[64];
    enr_script_call_t calls[64];
} fixture_t;

static void start(fixture_t *f, const enr_script_connection_t *connections, size_t count)
{
    memset(f, 0, sizeof *f);
    enr_script_start(&f->script, &(enr_script_config_t){.connections = connections,
                                                        .connection_count = count,
                                                        .start_ms = 1000,
                                                        .sent = f->sent,
                                                        .sent_capacity = sizeof f->sent,
                                                        .calls = f->calls,
                                                        .call_capacity = sizeof f->calls / sizeof f->calls[0]});
    f->net = enr_script_net(&f->script);
}

static enr_status_t try_open(fixture_t *f, enr_phase_t *phase, enr_wait_t *wait)
{
    return f->net.open(f->net.ctx, HOST, 443, f->script.now_ms, phase, wait);
}

static void open_at_once(fixture_t *f)
{
    enr_phase_t phase;
    enr_wait_t wait;
    assert_int_equal(try_open(f, &phase, &wait), ENR_OK);
}

static enr_status_t send_text(fixture_t *f, const char *text, size_t *sent)
{
    return f->net.send(f->net.ctx, enr_span_from_str(text), sent);
}

/* Receives with room for all; gives the number of bytes in *len. */
static enr_status_t receive(fixture_t *f, char *out, size_t *len)
{
    *len = 0;
    return f->net.receive(f->net.ctx, (uint8_t *)out, 32, len);
}

static void expect_piece(fixture_t *f, const char *expected)
{
    char got[32];
    size_t len;
    assert_int_equal(receive(f, got, &len), ENR_OK);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(got, expected, len);
}

static void expect_status(fixture_t *f, enr_status_t expected)
{
    char got[32];
    size_t len;
    assert_int_equal(receive(f, got, &len), expected);
    assert_int_equal(len, 0);
}

static void expect_sent(fixture_t *f, const char *text, size_t expected)
{
    size_t sent = 0;
    assert_int_equal(send_text(f, text, &sent), ENR_OK);
    assert_int_equal(sent, expected);
}

static void an_empty_script_opens_takes_all_and_is_silent(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, &(enr_script_connection_t){0}, 1);
    open_at_once(&f);
    assert_int_equal(f.script.port, 443);
    assert_int_equal(f.script.host_len, 11);
    assert_memory_equal(f.script.host, "api.example", 11);
    expect_sent(&f, "hello", 5);
    expect_status(&f, ENR_AGAIN);
    assert_int_equal(f.script.sent.len, 5);
    assert_memory_equal(f.sent, "hello", 5);
    assert_true(f.script.is_open);
    f.net.close(f.net.ctx);
    assert_false(f.script.is_open);
}

static void opening_takes_its_time_in_each_phase(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, &(enr_script_connection_t){.dns_ms = 30, .connect_ms = 40}, 1);
    enr_phase_t phase;
    enr_wait_t wait;
    assert_int_equal(try_open(&f, &phase, &wait), ENR_AGAIN);
    assert_int_equal(phase, ENR_PHASE_DNS);
    f.script.now_ms += 29;
    assert_int_equal(try_open(&f, &phase, &wait), ENR_AGAIN);
    assert_int_equal(phase, ENR_PHASE_DNS);
    assert_true(enr_script_wait(&f.script, &wait));
    assert_int_equal(f.script.now_ms, 1030);
    assert_int_equal(try_open(&f, &phase, &wait), ENR_AGAIN);
    assert_int_equal(phase, ENR_PHASE_CONNECT);
    assert_true(enr_script_wait(&f.script, &wait));
    assert_int_equal(f.script.now_ms, 1070);
    assert_int_equal(try_open(&f, &phase, &wait), ENR_OK);
}

static void an_open_that_never_ends_only_lets_time_pass(void **state)
{
    (void)state;
    const enr_script_connection_t courses[] = {{.dns_ms = ENR_SCRIPT_NEVER}, {.connect_ms = ENR_SCRIPT_NEVER}};
    const enr_phase_t phases[] = {ENR_PHASE_DNS, ENR_PHASE_CONNECT};
    for (size_t i = 0; i < 2; i++) {
        fixture_t f;
        start(&f, &courses[i], 1);
        enr_phase_t phase;
        enr_wait_t wait;
        assert_int_equal(try_open(&f, &phase, &wait), ENR_AGAIN);
        assert_int_equal(phase, phases[i]);
        assert_false(enr_script_wait(&f.script, &wait));
        wait.has_time = true;
        wait.until_ms = 6000;
        assert_true(enr_script_wait(&f.script, &wait));
        assert_int_equal(f.script.now_ms, 6000);
        assert_int_equal(try_open(&f, &phase, &wait), ENR_AGAIN);
    }
}

static void each_open_has_its_own_course(void **state)
{
    (void)state;
    const enr_script_connection_t courses[] = {{.open = ENR_E_REFUSED}, {.turns = {{.bytes = ANSWER}}}};
    fixture_t f;
    start(&f, courses, 2);
    enr_phase_t phase;
    enr_wait_t wait;
    assert_int_equal(try_open(&f, &phase, &wait), ENR_E_REFUSED);
    assert_false(f.script.is_open);
    open_at_once(&f);
    expect_piece(&f, "0123456789");
    f.net.close(f.net.ctx);
    assert_int_equal(try_open(&f, &phase, &wait), ENR_E_NETWORK);
    assert_int_equal(f.script.opened, 3);
}

static void receiving_is_cut_as_told(void **state)
{
    (void)state;
    const size_t cuts[] = {1, 7};
    fixture_t f;
    start(&f, &(enr_script_connection_t){.receiving = {.cuts = cuts, .cut_count = 2}, .turns = {{.bytes = ANSWER}}}, 1);
    open_at_once(&f);
    expect_piece(&f, "0");
    expect_piece(&f, "123456");
    expect_piece(&f, "789");

    start(&f, &(enr_script_connection_t){.receiving = {.most = 4, .again = true}, .turns = {{.bytes = ANSWER}}}, 1);
    open_at_once(&f);
    const char *const pieces[] = {"0123", "4567", "89"};
    for (size_t i = 0; i < 3; i++) {
        expect_status(&f, ENR_AGAIN);
        expect_piece(&f, pieces[i]);
    }
}

static void a_small_buffer_cuts_too(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, &(enr_script_connection_t){.turns = {{.bytes = ANSWER}}}, 1);
    open_at_once(&f);
    uint8_t byte;
    size_t len;
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(f.net.receive(f.net.ctx, &byte, 1, &len), ENR_OK);
        assert_int_equal(len, 1);
        assert_int_equal(byte, '0' + i);
    }
    assert_int_equal(f.net.receive(f.net.ctx, &byte, 1, &len), ENR_AGAIN);
}

static void sending_is_cut_as_told(void **state)
{
    (void)state;
    const size_t cuts[] = {3, 4};
    fixture_t f;
    start(&f, &(enr_script_connection_t){.sending = {.cuts = cuts, .cut_count = 2, .again = true}}, 1);
    open_at_once(&f);
    size_t sent = 0;
    assert_int_equal(send_text(&f, "abcdef", &sent), ENR_AGAIN);
    expect_sent(&f, "abcdef", 3);
    assert_int_equal(send_text(&f, "def", &sent), ENR_AGAIN);
    expect_sent(&f, "def", 1);
    assert_int_equal(send_text(&f, "ef", &sent), ENR_AGAIN);
    expect_sent(&f, "ef", 2);
    assert_memory_equal(f.sent, "abcdef", 6);
    assert_int_equal(f.script.sent_count, 6);
}

static void sending_fails_after_exactly_so_many_bytes(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < 6; limit++) {
        fixture_t f;
        start(&f, &(enr_script_connection_t){.send_limit = limit, .send_end = ENR_E_RESET}, 1);
        open_at_once(&f);
        size_t sent = 0;
        if (limit > 0) {
            expect_sent(&f, "abcdef", limit);
        }
        assert_int_equal(send_text(&f, "x", &sent), ENR_E_RESET);
        assert_int_equal(f.script.sent_count, limit);
        expect_status(&f, ENR_E_RESET);
    }
}

static void a_peer_that_stops_reading_leaves_no_room(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, &(enr_script_connection_t){.send_limit = 2, .send_end = ENR_AGAIN, .end = ENR_END}, 1);
    open_at_once(&f);
    expect_sent(&f, "abc", 2);
    size_t sent = 0;
    assert_int_equal(send_text(&f, "c", &sent), ENR_AGAIN);
    assert_false(enr_script_wait(&f.script, &(enr_wait_t){.events = ENR_WAIT_WRITE}));
    assert_true(enr_script_wait(&f.script, &(enr_wait_t){.events = ENR_WAIT_WRITE | ENR_WAIT_READ}));
    expect_status(&f, ENR_END);
}

static void receiving_ends_at_any_byte_in_any_way(void **state)
{
    (void)state;
    const enr_status_t ends[] = {ENR_END, ENR_E_RESET, ENR_E_NETWORK};
    for (size_t i = 0; i < 3; i++) {
        for (size_t len = 0; len <= 10; len++) {
            const enr_script_connection_t course = {.turns = {{.bytes = {ANSWER.ptr, len}}}, .end = ends[i]};
            fixture_t f;
            start(&f, &course, 1);
            open_at_once(&f);
            char got[32];
            size_t got_len = 0;
            if (len > 0) {
                assert_int_equal(receive(&f, got, &got_len), ENR_OK);
            }
            assert_int_equal(got_len, len);
            expect_status(&f, ends[i]);
            expect_status(&f, ends[i]);
        }
    }
}

static void an_answer_waits_for_its_request_and_its_time(void **state)
{
    (void)state;
    const enr_script_connection_t course = {.turns = {{.after_sent = 3, .after_ms = 500, .bytes = ENR_SPAN("first")},
                                                      {.after_sent = 5, .bytes = ENR_SPAN("second")},
                                                      {.after_sent = 5, .after_ms = 60000}},
                                            .end = ENR_END};
    const enr_wait_t read = {.events = ENR_WAIT_READ};
    fixture_t f;
    start(&f, &course, 1);
    open_at_once(&f);
    expect_sent(&f, "ab", 2);
    expect_status(&f, ENR_AGAIN);
    assert_false(enr_script_wait(&f.script, &read));
    f.script.now_ms += 100;
    expect_sent(&f, "c", 1);
    expect_status(&f, ENR_AGAIN);
    assert_true(enr_script_wait(&f.script, &read));
    assert_int_equal(f.script.now_ms, 1600);
    expect_piece(&f, "first");
    expect_status(&f, ENR_AGAIN);
    expect_sent(&f, "de", 2);
    expect_piece(&f, "second");
    expect_status(&f, ENR_AGAIN);
    assert_true(enr_script_wait(&f.script, &read));
    assert_int_equal(f.script.now_ms, 61600);
    expect_status(&f, ENR_END);
}

static void waiting_moves_the_clock_to_what_comes_first(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, &(enr_script_connection_t){.turns = {{.after_ms = 500, .bytes = ANSWER}}}, 1);
    open_at_once(&f);
    enr_wait_t wait = {.events = ENR_WAIT_READ, .has_time = true, .until_ms = 1300};
    assert_true(enr_script_wait(&f.script, &wait));
    assert_int_equal(f.script.now_ms, 1300);
    wait.until_ms = 1200; /* past */
    assert_true(enr_script_wait(&f.script, &wait));
    assert_int_equal(f.script.now_ms, 1300);
    wait.until_ms = 9000;
    assert_true(enr_script_wait(&f.script, &wait));
    assert_int_equal(f.script.now_ms, 1500);
    assert_true(enr_script_wait(&f.script, &wait)); /* bytes are there: no time passes */
    assert_int_equal(f.script.now_ms, 1500);
}

/* behaviours 25 */
static void the_clock_wraps(void **state)
{
    (void)state;
    enr_script_t script;
    enr_script_start(&script, &(enr_script_config_t){.start_ms = UINT32_MAX - 499, .wall_s = 1800000000});
    enr_clock_t clock = enr_script_clock(&script);
    assert_true(enr_script_wait(&script, &(enr_wait_t){.has_time = true, .until_ms = 1500}));
    assert_int_equal(clock.monotonic_ms(clock.ctx), 1500);
    int64_t seconds = 0;
    assert_int_equal(clock.wall(clock.ctx, &seconds), ENR_OK);
    assert_int_equal(seconds, 1800000002);
}

static void every_call_is_on_record(void **state)
{
    (void)state;
    const enr_script_connection_t course = {.connect_ms = 5, .turns = {{.bytes = ANSWER}}, .end = ENR_E_RESET};
    fixture_t f;
    start(&f, &course, 1);
    enr_phase_t phase;
    enr_wait_t wait;
    assert_int_equal(try_open(&f, &phase, &wait), ENR_AGAIN);
    assert_true(enr_script_wait(&f.script, &wait));
    open_at_once(&f);
    expect_sent(&f, "abc", 3);
    expect_piece(&f, "0123456789");
    expect_status(&f, ENR_E_RESET);
    f.net.close(f.net.ctx);
    const enr_script_call_t expected[] = {
        {ENR_SCRIPT_OPEN, 0, ENR_AGAIN, 0, 1000},  {ENR_SCRIPT_WAIT, 0, ENR_OK, 0, 1000},
        {ENR_SCRIPT_OPEN, 0, ENR_OK, 0, 1005},     {ENR_SCRIPT_SEND, 0, ENR_OK, 3, 1005},
        {ENR_SCRIPT_RECEIVE, 0, ENR_OK, 10, 1005}, {ENR_SCRIPT_RECEIVE, 0, ENR_E_RESET, 0, 1005},
        {ENR_SCRIPT_CLOSE, 0, ENR_OK, 0, 1005},
    };
    size_t count = sizeof expected / sizeof expected[0];
    assert_int_equal(f.script.call_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(f.calls[i].kind, expected[i].kind);
        assert_int_equal(f.calls[i].connection, expected[i].connection);
        assert_int_equal(f.calls[i].status, expected[i].status);
        assert_int_equal(f.calls[i].bytes, expected[i].bytes);
        assert_int_equal(f.calls[i].at_ms, expected[i].at_ms);
    }
}

static void what_does_not_fit_the_records_is_told(void **state)
{
    (void)state;
    uint8_t sent[4];
    enr_script_call_t calls[2];
    const enr_script_connection_t course = {0};
    enr_script_t script;
    enr_script_start(&script, &(enr_script_config_t){.connections = &course,
                                                     .connection_count = 1,
                                                     .sent = sent,
                                                     .sent_capacity = sizeof sent,
                                                     .calls = calls,
                                                     .call_capacity = 2});
    enr_net_t net = enr_script_net(&script);
    enr_phase_t phase;
    enr_wait_t wait;
    size_t len = 0;
    assert_int_equal(net.open(net.ctx, HOST, 443, 0, &phase, &wait), ENR_OK);
    assert_int_equal(net.send(net.ctx, ANSWER, &len), ENR_OK);
    assert_int_equal(net.send(net.ctx, ANSWER, &len), ENR_OK);
    assert_true(script.sent.full);
    assert_int_equal(script.sent_count, 20);
    assert_int_equal(script.call_count, 3);
}

static void entropy_comes_from_the_seed(void **state)
{
    (void)state;
    uint8_t first[40];
    uint8_t again[40];
    uint8_t other[40];
    enr_script_t script;
    const uint64_t seeds[] = {7, 7, 8};
    uint8_t *const outs[] = {first, again, other};
    for (size_t i = 0; i < 3; i++) {
        enr_script_start(&script, &(enr_script_config_t){.seed = seeds[i]});
        enr_entropy_t entropy = enr_script_entropy(&script);
        assert_int_equal(entropy.fill(entropy.ctx, outs[i], 40), ENR_OK);
    }
    assert_memory_equal(first, again, 40);
    assert_memory_not_equal(first, other, 40);
    assert_memory_not_equal(first, first + 20, 20);
}

static void clock_and_entropy_can_be_missing(void **state)
{
    (void)state;
    enr_script_t script;
    enr_script_start(&script, &(enr_script_config_t){.wall = ENR_E_NO_TIME, .entropy = ENR_E_ENTROPY});
    enr_clock_t clock = enr_script_clock(&script);
    enr_entropy_t entropy = enr_script_entropy(&script);
    int64_t seconds = 0;
    uint8_t byte = 0;
    assert_int_equal(clock.wall(clock.ctx, &seconds), ENR_E_NO_TIME);
    assert_int_equal(entropy.fill(entropy.ctx, &byte, 1), ENR_E_ENTROPY);
}

static void the_stream_says_what_it_waits_for(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, &(enr_script_connection_t){.sending = {.again = true}, .turns = {{.after_sent = 3, .bytes = ANSWER}}}, 1);
    enr_stream_t stream = enr_script_stream(&f.script);
    enr_phase_t phase;
    enr_wait_t wait = {0};
    assert_int_equal(stream.open(stream.ctx, HOST, 443, f.script.now_ms, &phase, &wait), ENR_OK);
    size_t len = 0;
    uint8_t got[16];
    assert_int_equal(stream.read(stream.ctx, got, sizeof got, &len, &wait), ENR_AGAIN);
    assert_int_equal(wait.events, ENR_WAIT_READ);
    assert_false(wait.has_time);
    assert_int_equal(stream.write(stream.ctx, ENR_SPAN("abc"), &len, &wait), ENR_AGAIN);
    assert_int_equal(wait.events, ENR_WAIT_WRITE);
    assert_int_equal(stream.write(stream.ctx, ENR_SPAN("abc"), &len, &wait), ENR_OK);
    assert_int_equal(len, 3);
    assert_int_equal(stream.read(stream.ctx, got, sizeof got, &len, &wait), ENR_OK);
    assert_int_equal(len, 10);
    assert_memory_equal(got, ANSWER.ptr, 10);
    stream.close(stream.ctx);
    assert_false(f.script.is_open);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_script_opens_takes_all_and_is_silent),
        cmocka_unit_test(opening_takes_its_time_in_each_phase),
        cmocka_unit_test(an_open_that_never_ends_only_lets_time_pass),
        cmocka_unit_test(each_open_has_its_own_course),
        cmocka_unit_test(receiving_is_cut_as_told),
        cmocka_unit_test(a_small_buffer_cuts_too),
        cmocka_unit_test(sending_is_cut_as_told),
        cmocka_unit_test(sending_fails_after_exactly_so_many_bytes),
        cmocka_unit_test(a_peer_that_stops_reading_leaves_no_room),
        cmocka_unit_test(receiving_ends_at_any_byte_in_any_way),
        cmocka_unit_test(an_answer_waits_for_its_request_and_its_time),
        cmocka_unit_test(waiting_moves_the_clock_to_what_comes_first),
        cmocka_unit_test(the_clock_wraps),
        cmocka_unit_test(every_call_is_on_record),
        cmocka_unit_test(what_does_not_fit_the_records_is_told),
        cmocka_unit_test(entropy_comes_from_the_seed),
        cmocka_unit_test(clock_and_entropy_can_be_missing),
        cmocka_unit_test(the_stream_says_what_it_waits_for),
    };
    return cmocka_run_group_tests_name("port/script", tests, NULL, NULL);
}
