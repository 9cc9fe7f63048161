/* utf8 against an independent model: every code point, every sequence of up to three bytes, every byte at every place.
 */
#include "enrich/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exact.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool valid(const void *bytes, size_t len)
{
    enr_span_t text = exact(bytes, len);
    bool result = enr_utf8_valid(text);
    drop(text);
    return result;
}

/* RFC 3629 3 read the other way: put the bits together, then ask whether this length is the shortest for the value and
   the value is a character. The room's own way is the table of RFC 3629 4. */
static size_t model_next(const uint8_t *bytes, size_t len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (len == 0) {
        return 0;
    }
    size_t need = bytes[0] < 0x80             ? 1
                  : (bytes[0] & 0xE0) == 0xC0 ? 2
                  : (bytes[0] & 0xF0) == 0xE0 ? 3
                  : (bytes[0] & 0xF8) == 0xF0 ? 4
                                              : 0;
    if (need == 0 || need > len) {
        return 0;
    }
    uint32_t value = need == 1 ? bytes[0] : bytes[0] & (0x7Fu >> need);
    for (size_t i = 1; i < need; i++) {
        if (bytes[i] >> 6 != 2) {
            return 0;
        }
        value = value << 6 | (bytes[i] & 0x3Fu);
    }
    bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    return value >= least[need] && value <= 0x10FFFF && !surrogate ? need : 0;
}

static void assert_like_model(const uint8_t *bytes, size_t len)
{
    if (enr_utf8_next((enr_span_t){bytes, len}) != model_next(bytes, len)) {
        fail_msg("%02x %02x %02x %02x, %zu bytes", bytes[0], bytes[1], bytes[2], bytes[3], len);
    }
}

static void test_every_code_point(void **state)
{
    (void)state;
    for (uint32_t point = 0; point <= 0x10FFFF; point++) {
        uint8_t out[4] = {0xAA, 0xAA, 0xAA, 0xAA};
        size_t len = enr_utf8_encode(point, out);
        if (point >= 0xD800 && point <= 0xDFFF) {
            assert_true(len == 0 && out[0] == 0xAA);
            continue;
        }
        assert_true(len == (point < 0x80 ? 1u : point < 0x800 ? 2u : point < 0x10000 ? 3u : 4u));
        assert_true(model_next(out, len) == len && enr_utf8_next((enr_span_t){out, len}) == len);
        assert_true(len == 4 || out[len] == 0xAA);
        assert_true(enr_utf8_next((enr_span_t){out, len - 1}) == 0);
    }
    static const uint32_t none[] = {0x110000, 0x1FFFFF, 0x80000000, UINT32_MAX};
    for (size_t i = 0; i < COUNT(none); i++) {
        uint8_t out[4] = {0xAA, 0xAA, 0xAA, 0xAA};
        assert_int_equal(enr_utf8_encode(none[i], out), 0);
        assert_int_equal(out[0], 0xAA);
    }
}

/* Every sequence of one and two bytes, and of three where the first is no ASCII. */
static void test_every_short_sequence(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 0x1000000; i += i < 0x800000 ? 0x100 : 1) {
        uint8_t bytes[4] = {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 0x80};
        if ((i & 0xFF) == 0) {
            assert_like_model(bytes, 1);
            assert_like_model(bytes, 2);
        }
        assert_like_model(bytes, 3);
    }
}

/* Four bytes: every lead above EF and every second byte, with the edges of what may follow. */
static void test_four_bytes(void **state)
{
    (void)state;
    static const uint8_t edges[] = {0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xFF};
    for (uint32_t i = 0xF000; i <= 0xFFFF; i++) {
        for (size_t j = 0; j < COUNT(edges) * COUNT(edges); j++) {
            uint8_t bytes[4] = {(uint8_t)(i >> 8), (uint8_t)i, edges[j / COUNT(edges)], edges[j % COUNT(edges)]};
            assert_like_model(bytes, 4);
        }
    }
}

/* RFC 3629 4 and 10, as exact bytes. */
static void test_rules(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        const char *bytes;
        size_t len;
        bool valid;
    } rows[] = {
        {"empty", "", 0, true},
        {"NUL is a character", "\0", 1, true},
        {"NUL inside", "a\0b", 3, true},
        {"DEL", "\x7F", 1, true},
        {"one of each length", "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 10, true},
        {"U+10FFFF", "\xF4\x8F\xBF\xBF", 4, true},
        {"noncharacter U+FFFF is well-formed", "\xEF\xBF\xBF", 3, true},
        {"byte order mark", "\xEF\xBB\xBF", 3, true},
        {"overlong NUL", "\xC0\x80", 2, false},
        {"overlong slash, 2 bytes", "\xC0\xAF", 2, false},
        {"overlong DEL", "\xC1\xBF", 2, false},
        {"overlong slash, 3 bytes", "\xE0\x80\xAF", 3, false},
        {"overlong slash, 4 bytes", "\xF0\x80\x80\xAF", 4, false},
        {"surrogate U+D800", "\xED\xA0\x80", 3, false},
        {"surrogate U+DFFF", "\xED\xBF\xBF", 3, false},
        {"CESU-8 pair", "\xED\xA0\xBD\xED\xB8\x80", 6, false},
        {"U+110000", "\xF4\x90\x80\x80", 4, false},
        {"lead F5", "\xF5\x80\x80\x80", 4, false},
        {"five bytes", "\xF8\x88\x80\x80\x80", 5, false},
        {"FE", "\xFE", 1, false},
        {"FF", "\xFF", 1, false},
        {"continuation alone", "\x80", 1, false},
        {"continuation after a whole character", "\xC3\xA9\xA9", 3, false},
        {"lead then ASCII", "\xC3z", 2, false},
        {"Latin-1", "caf\xE9", 4, false},
        {"bad at the end of a long text", "0123456789abcdef\xC3", 17, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (valid(rows[i].bytes, rows[i].len) != rows[i].valid) {
            fail_msg("%s", rows[i].rule);
        }
    }
    assert_true(enr_utf8_valid((enr_span_t){NULL, 0}));
    assert_int_equal(enr_utf8_next((enr_span_t){NULL, 0}), 0);
}

/* Cut at any byte, a text is well-formed exactly where a character ends. */
static void test_every_cut(void **state)
{
    (void)state;
    static const char text[] = "a\xC3\xA9z\xE2\x82\xAC\xF0\x9F\x98\x80";
    static const bool ends[] = {true, true, false, true, true, false, false, true, false, false, false, true};
    assert_int_equal(COUNT(ends), sizeof text);
    for (size_t len = 0; len < sizeof text; len++) {
        assert_int_equal(valid(text, len), ends[len]);
    }
}

/* RFC 8259 7: unescaped = %x20-21 / %x23-5B / %x5D-10FFFF, one character at a time. */
static size_t model_run(const uint8_t *bytes, size_t len)
{
    size_t at = 0;
    while (at < len && bytes[at] >= 0x20 && bytes[at] != '"' && bytes[at] != '\\' &&
           model_next(bytes + at, len - at) > 0) {
        at += model_next(bytes + at, len - at);
    }
    return at;
}

static void assert_run_like_model(const uint8_t *bytes, size_t len)
{
    enr_span_t text = exact(bytes, len);
    size_t run = enr_utf8_json_run(text);
    drop(text);
    if (run != model_run(bytes, len)) {
        fail_msg("%.*s: run %zu", (int)len, (const char *)bytes, run);
    }
}

/* Every byte at every place of a text of any length up to three machine words: the word at a time misses none. */
static void test_json_run_every_byte(void **state)
{
    (void)state;
    static const uint8_t around[] = {'a', 0x20, 0x21, 0x23, 0x5B, 0x5D, 0x7F};
    uint8_t bytes[24];
    for (size_t len = 1; len <= sizeof bytes; len++) {
        for (size_t at = 0; at < len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                memset(bytes, around[(len + at) % COUNT(around)], sizeof bytes);
                bytes[at] = (uint8_t)byte;
                assert_run_like_model(bytes, len);
            }
        }
    }
    assert_int_equal(enr_utf8_json_run((enr_span_t){NULL, 0}), 0);
}

/* Mixed text, from a fixed seed. */
static void test_json_run_mixed(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "a",  "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "0123456789", "\x7F",     "[]{}!#, ",        "\"",
        "\\", "\x1F",     "\xC3",         "\xED\xA0\x80",     " ",          "\xC2\x80", "\xF4\x8F\xBF\xBF"};
    uint32_t random = 20261123;
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[160];
        size_t len = 0;
        for (int part = 0; part < 12; part++) {
            random = random * 1664525u + 1013904223u;
            size_t pick = (random >> 24) % (i % 3 == 0 ? COUNT(parts) : 7);
            memcpy(bytes + len, parts[pick], strlen(parts[pick]));
            len += strlen(parts[pick]);
        }
        assert_run_like_model(bytes, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point), cmocka_unit_test(test_every_short_sequence),
        cmocka_unit_test(test_four_bytes),       cmocka_unit_test(test_rules),
        cmocka_unit_test(test_every_cut),        cmocka_unit_test(test_json_run_every_byte),
        cmocka_unit_test(test_json_run_mixed),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
