/* json_writer: exact bytes, every buffer size around them, and text that must not get out. */
#define _DEFAULT_SOURCE

#include "enrich/json_writer.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "enrich/utf8.h"

#include "exact.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

typedef void (*script_t)(enr_json_writer_t *writer);

/* Runs the script into a heap buffer of exactly this capacity. */
static enr_status_t run(script_t script, size_t capacity, enr_buffer_t *out)
{
    *out = enr_buffer_over(malloc(capacity), capacity);
    enr_json_writer_t writer;
    enr_json_writer_start(&writer, out);
    script(&writer);
    return enr_json_writer_finish(&writer);
}

static void empty_object(enr_json_writer_t *writer)
{
    enr_json_object_begin(writer);
    enr_json_object_end(writer);
}

static void empty_array(enr_json_writer_t *writer)
{
    enr_json_array_begin(writer);
    enr_json_array_end(writer);
}

static void empty_string(enr_json_writer_t *writer)
{
    enr_json_write_string(writer, (enr_span_t){NULL, 0});
}

static void lone_null(enr_json_writer_t *writer)
{
    enr_json_write_null(writer);
}

static void every_type(enr_json_writer_t *writer)
{
    enr_json_array_begin(writer);
    enr_json_write_string(writer, ENR_SPAN("a"));
    enr_json_write_integer(writer, 0);
    enr_json_write_integer(writer, -1);
    enr_json_write_integer(writer, INT64_MAX);
    enr_json_write_integer(writer, INT64_MIN);
    enr_json_write_bool(writer, true);
    enr_json_write_bool(writer, false);
    enr_json_write_null(writer);
    enr_json_write_raw(writer, ENR_SPAN("{\"raw\": 1.50}"));
    empty_object(writer);
    empty_array(writer);
    empty_string(writer);
    enr_json_array_end(writer);
}

static void nested(enr_json_writer_t *writer)
{
    enr_json_object_begin(writer);
    enr_json_key(writer, ENR_SPAN("a"));
    empty_object(writer);
    enr_json_key(writer, ENR_SPAN(""));
    enr_json_array_begin(writer);
    empty_array(writer);
    enr_json_object_begin(writer);
    enr_json_write_member(writer, ENR_SPAN("b"), ENR_SPAN("c"));
    enr_json_write_member(writer, ENR_SPAN("d"), ENR_SPAN(""));
    enr_json_object_end(writer);
    enr_json_array_end(writer);
    enr_json_key(writer, ENR_SPAN("z"));
    enr_json_write_integer(writer, 7);
    enr_json_object_end(writer);
}

/* behaviours 11: what a badge says stays inside its string. */
static void hostile_member(enr_json_writer_t *writer)
{
    enr_json_object_begin(writer);
    enr_json_write_member(writer, ENR_SPAN("k\"e\\y\n"), ENR_SPAN("x\",\"admin\":true,\"y\":\"\\"));
    enr_json_object_end(writer);
}

static void characters(enr_json_writer_t *writer)
{
    enr_json_write_string(writer, ENR_SPAN("\xC3\xA9\xE2\x82\xAC\"\xF0\x9F\x98\x80/\x7F\xE2\x80\xA8"));
}

static void controls(enr_json_writer_t *writer)
{
    enr_json_write_string(writer, ENR_SPAN("\0\x01\a\b\t\n\v\f\r\x0E\x1F "));
}

static const struct {
    const char *rule;
    script_t script;
    const char *json;
} texts[] = {
    {"empty object", empty_object, "{}"},
    {"empty array", empty_array, "[]"},
    {"empty string", empty_string, "\"\""},
    {"scalar as the whole text", lone_null, "null"},
    {"every type, commas between", every_type,
     "[\"a\",0,-1,9223372036854775807,-9223372036854775808,true,false,null,{\"raw\": 1.50},{},[],\"\"]"},
    {"commas in nested containers", nested, "{\"a\":{},\"\":[[],{\"b\":\"c\",\"d\":\"\"}],\"z\":7}"},
    {"behaviours 11, 12: quotes and backslashes", hostile_member,
     "{\"k\\\"e\\\\y\\n\":\"x\\\",\\\"admin\\\":true,\\\"y\\\":\\\"\\\\\"}"},
    {"RFC 8259 7: above 1F as it is", characters, "\"\xC3\xA9\xE2\x82\xAC\\\"\xF0\x9F\x98\x80/\x7F\xE2\x80\xA8\""},
    {"behaviours 12: below 20 escaped", controls, "\"\\u0000\\u0001\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u001f \""},
};

/* behaviours 12: a buffer of exactly the needed size works. Every smaller one is ENR_E_LIMIT and holds a start of the
   text that ends at a character. */
static void test_texts_in_every_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t len = strlen(texts[i].json);
        for (size_t capacity = 0; capacity <= len + 1; capacity++) {
            enr_buffer_t out;
            enr_status_t status = run(texts[i].script, capacity, &out);
            if (status != (capacity >= len ? ENR_OK : ENR_E_LIMIT)) {
                fail_msg("%s: %s with %zu of %zu bytes", texts[i].rule, enr_status_name(status), capacity, len);
            }
            assert_true(out.len <= capacity && (status != ENR_OK || out.len == len));
            assert_true(enr_utf8_valid(enr_buffer_span(&out)));
            if (out.len > 0) {
                assert_memory_equal(out.ptr, texts[i].json, out.len);
            }
            free(out.ptr);
        }
    }
}

static enr_status_t write_string(enr_span_t text, size_t capacity, enr_buffer_t *out)
{
    enr_json_writer_t writer;
    *out = enr_buffer_over(malloc(capacity), capacity);
    enr_json_writer_start(&writer, out);
    enr_json_write_string(&writer, text);
    return enr_json_writer_finish(&writer);
}

/* The string that RFC 8259 7 wants for one byte, or NULL for what is no UTF-8. */
static const char *model_byte(int byte, char room[16])
{
    static const char *const letters[0x20] = {
        ['\b'] = "\"\\b\"", ['\t'] = "\"\\t\"", ['\n'] = "\"\\n\"", ['\f'] = "\"\\f\"", ['\r'] = "\"\\r\""};
    if (byte >= 0x80) {
        return NULL;
    }
    if (byte < 0x20 && letters[byte] != NULL) {
        return letters[byte];
    }
    if (byte < 0x20) {
        (void)snprintf(room, 16, "\"\\u%04x\"", (unsigned)byte);
    } else {
        (void)snprintf(room, 16, "\"%s%c\"", byte == '"' || byte == '\\' ? "\\" : "", byte);
    }
    return room;
}

static void test_every_byte(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char room[16];
        uint8_t one = (uint8_t)byte;
        enr_span_t text = exact(&one, 1);
        const char *wanted = model_byte(byte, room);
        enr_buffer_t out;
        assert_int_equal(write_string(text, 16, &out), wanted != NULL ? ENR_OK : ENR_E_UTF8);
        if (wanted != NULL) {
            assert_int_equal(out.len, strlen(wanted));
            assert_memory_equal(out.ptr, wanted, out.len);
        }
        free(out.ptr);
        drop(text);
    }
}

/* An escape at every place of texts of every length around a machine word, with a copy before and behind. */
static void test_escape_at_every_place(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 20; len++) {
        for (size_t at = 0; at < len; at++) {
            char text[20];
            char wanted[24];
            memset(text, 'a', sizeof text);
            text[at] = '"';
            (void)snprintf(wanted, sizeof wanted, "\"%.*s\\%.*s\"", (int)at, text, (int)(len - at), text + at);
            enr_span_t span = exact(text, len);
            enr_buffer_t out;
            assert_int_equal(write_string(span, len + 3, &out), ENR_OK);
            assert_int_equal(out.len, len + 3);
            assert_memory_equal(out.ptr, wanted, out.len);
            free(out.ptr);
            drop(span);
        }
    }
}

/* behaviours 12: bad UTF-8, lone surrogates, overlong forms; also when good text stands around them. */
static void test_bad_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        const char *bytes;
    } rows[] = {
        {"overlong NUL", "\xC0\x80"},
        {"overlong quote", "\xC0\xA2"},
        {"overlong quote, 3 bytes", "\xE0\x80\xA2"},
        {"lone surrogate", "\xED\xA0\x80"},
        {"CESU-8 pair", "\xED\xA0\xBD\xED\xB8\x80"},
        {"above U+10FFFF", "\xF4\x90\x80\x80"},
        {"continuation alone", "\x80"},
        {"cut character", "\xE2\x82"},
        {"cut character before a quote", "\xE2\x82\""},
        {"Latin-1", "\xE9t\xE9"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t before = 0; before <= 17; before++) {
            char text[64];
            (void)snprintf(text, sizeof text, "%.*s%s%s", (int)before, "0123456789abcdefg", rows[i].bytes,
                           before % 2 == 0 ? "" : " and more");
            enr_span_t span = exact(text, strlen(text));
            enr_buffer_t out;
            if (write_string(span, 256, &out) != ENR_E_UTF8) {
                fail_msg("%s after %zu bytes", rows[i].rule, before);
            }
            free(out.ptr);
            drop(span);
        }
    }
}

static void bad_value_then_good(enr_json_writer_t *writer)
{
    enr_json_object_begin(writer);
    enr_json_write_member(writer, ENR_SPAN("a"), ENR_SPAN("\xFF"));
    enr_json_write_member(writer, ENR_SPAN("b"), ENR_SPAN("good"));
    enr_json_object_end(writer);
}

static void bad_key(enr_json_writer_t *writer)
{
    enr_json_object_begin(writer);
    enr_json_write_member(writer, ENR_SPAN("\xFF"), ENR_SPAN("good"));
    enr_json_object_end(writer);
}

/* Errors stick: one question at the end is enough. */
static void test_errors_stick(void **state)
{
    (void)state;
    static const script_t scripts[] = {bad_value_then_good, bad_key};
    for (size_t i = 0; i < COUNT(scripts); i++) {
        enr_buffer_t out;
        assert_int_equal(run(scripts[i], 128, &out), ENR_E_UTF8);
        free(out.ptr);
    }
}

/* A text begins at the buffer's present end, and a buffer that was full before cannot hold it. */
static void test_starts_at_the_end(void **state)
{
    (void)state;
    uint8_t *memory = malloc(8);
    enr_buffer_t out = enr_buffer_over(memory, 8);
    enr_json_writer_t writer;
    enr_buffer_append(&out, ENR_SPAN("head"));
    enr_json_writer_start(&writer, &out);
    enr_json_write_null(&writer);
    assert_int_equal(enr_json_writer_finish(&writer), ENR_OK);
    assert_memory_equal(memory, "headnull", 8);

    out = enr_buffer_over(memory, 8);
    enr_buffer_append(&out, ENR_SPAN("more than 8"));
    enr_json_writer_start(&writer, &out);
    enr_json_write_null(&writer);
    assert_int_equal(enr_json_writer_finish(&writer), ENR_E_LIMIT);
    free(memory);
}

/* Whether the misuse ends the program by an assertion. */
static bool aborts(script_t misuse)
{
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        static const struct rlimit none = {0, 0};
        uint8_t memory[64];
        enr_buffer_t out = enr_buffer_over(memory, sizeof memory);
        enr_json_writer_t writer;
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)close(STDERR_FILENO);
        enr_json_writer_start(&writer, &out);
        misuse(&writer);
        _exit(enr_json_writer_finish(&writer) == ENR_OK ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void nothing(enr_json_writer_t *writer)
{
    (void)writer;
}

static void two_values(enr_json_writer_t *writer)
{
    enr_json_write_null(writer);
    enr_json_write_null(writer);
}

static void left_open(enr_json_writer_t *writer)
{
    enr_json_array_begin(writer);
}

static void ended_twice(enr_json_writer_t *writer)
{
    empty_array(writer);
    enr_json_array_end(writer);
}

static void key_outside(enr_json_writer_t *writer)
{
    enr_json_key(writer, ENR_SPAN("a"));
}

/* DESIGN 5: a programming error is an assertion. */
static void test_misuse(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        script_t misuse;
    } rows[] = {
        {"no value at all", nothing},           {"two values", two_values},
        {"array left open", left_open},         {"array ended twice", ended_twice},
        {"key outside an object", key_outside},
    };
    assert_false(aborts(nested));
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!aborts(rows[i].misuse)) {
            fail_msg("no assertion: %s", rows[i].name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_in_every_size),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_escape_at_every_place),
        cmocka_unit_test(test_bad_utf8),
        cmocka_unit_test(test_errors_stick),
        cmocka_unit_test(test_starts_at_the_end),
        cmocka_unit_test(test_misuse),
    };
    return cmocka_run_group_tests_name("json_writer", tests, NULL, NULL);
}
