/* span: views, comparisons, wiping, and the bounded buffer at exactly its edges. */
#include "enrich/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* The text in an allocation of exactly its length, so that a sanitizer sees every over-read. */
static enr_span_t exact(const char *text, size_t len)
{
    uint8_t *memory = malloc(len);
    assert_true(memory != NULL || len == 0);
    if (len > 0) {
        memcpy(memory, text, len);
    }
    return (enr_span_t){memory, len};
}

static void drop(enr_span_t span)
{
    free((void *)(uintptr_t)span.ptr);
}

static void assert_span(enr_span_t span, const char *text)
{
    assert_int_equal(span.len, strlen(text));
    assert_memory_equal(span.len == 0 ? (const void *)"" : span.ptr, text, span.len);
}

static void test_of_text(void **state)
{
    (void)state;
    assert_int_equal(enr_span_from_str(NULL).len, 0);
    assert_span(enr_span_from_str(""), "");
    assert_span(enr_span_from_str("badge"), "badge");
    assert_span(ENR_SPAN(""), "");
    assert_int_equal(ENR_SPAN("a\0b").len, 3); /* the literal's own NUL counts, the one after it does not */
}

static void test_slice(void **state)
{
    (void)state;
    enr_span_t text = exact("abcdef", 6);
    assert_span(enr_span_slice(text, 0, 6), "abcdef");
    assert_span(enr_span_slice(text, 2, 4), "cd");
    assert_span(enr_span_slice(text, 0, 0), "");
    assert_span(enr_span_slice(text, 6, 6), "");
    assert_int_equal(enr_span_slice((enr_span_t){NULL, 0}, 0, 0).len, 0);
    drop(text);
}

static void test_trim(void **state)
{
    (void)state;
    static const struct {
        const char *text, *trimmed;
    } rows[] = {
        {"", ""},
        {" ", ""},
        {" \t\r\n", ""},
        {"a", "a"},
        {" a", "a"},
        {"a\r\n", "a"},
        {"\t a b \n", "a b"},
        {"\v\fa\v", "\v\fa\v"}, /* VT and FF are no white space here */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        enr_span_t text = exact(rows[i].text, strlen(rows[i].text));
        assert_span(enr_span_trim(text), rows[i].trimmed);
        drop(text);
    }
    assert_int_equal(enr_span_trim((enr_span_t){NULL, 0}).len, 0);
    enr_span_t nul = ENR_SPAN("\0 ");
    assert_int_equal(enr_span_trim(nul).len, 1); /* NUL is a byte like any other */
}

/* All three comparisons over all pairs of texts. */
static void test_equal(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "a", "A", "b", "ab", "aB", "abc", "\x80", "\xE0"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        for (size_t j = 0; j < COUNT(texts); j++) {
            enr_span_t a = exact(texts[i], strlen(texts[i]));
            enr_span_t b = exact(texts[j], strlen(texts[j]));
            assert_int_equal(enr_span_equal(a, b), i == j);
            assert_int_equal(enr_span_equal_secret(a, b), i == j);
            drop(a);
            drop(b);
        }
    }
    enr_span_t none = {NULL, 0};
    assert_true(enr_span_equal(none, ENR_SPAN("")));
    assert_true(enr_span_equal_ignore_case(none, ENR_SPAN("")));
    assert_true(enr_span_equal_secret(none, none));
    assert_false(enr_span_equal(none, ENR_SPAN("a")));
    assert_false(enr_span_equal(ENR_SPAN("a\0b"), ENR_SPAN("a\0c")));
}

static int ascii_lower(int byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

/* All pairs of bytes: only A-Z and a-z are one, so not '@' and '`', not '[' and '{', nothing above 7F. */
static void test_equal_ignore_case(void **state)
{
    (void)state;
    for (int i = 0; i < 256; i++) {
        for (int j = 0; j < 256; j++) {
            uint8_t a[] = {'x', (uint8_t)i};
            uint8_t b[] = {'X', (uint8_t)j};
            assert_int_equal(enr_span_equal_ignore_case((enr_span_t){a, 2}, (enr_span_t){b, 2}),
                             ascii_lower(i) == ascii_lower(j));
        }
    }
    assert_false(enr_span_equal_ignore_case(ENR_SPAN("ab"), ENR_SPAN("abc")));
    assert_false(enr_span_equal_ignore_case(ENR_SPAN("abc"), ENR_SPAN("ab")));
}

/* behaviours 22: every bit of a token counts, also when another difference comes before it. */
static void test_equal_secret(void **state)
{
    (void)state;
    uint8_t token[16] = "0123456789abcde";
    for (size_t bit = 0; bit < sizeof token * 8; bit++) {
        uint8_t other[sizeof token];
        memcpy(other, token, sizeof token);
        other[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(enr_span_equal_secret((enr_span_t){token, sizeof token}, (enr_span_t){other, sizeof other}));
        other[sizeof other - 1] ^= 0x80;
        other[0] ^= 0x80;
        assert_false(enr_span_equal_secret((enr_span_t){token, sizeof token}, (enr_span_t){other, sizeof other}));
    }
}

static void test_wipe(void **state)
{
    (void)state;
    uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const uint8_t wiped[8] = {1, 2, 0, 0, 0, 6, 7, 8};
    enr_wipe(bytes + 2, 3);
    assert_memory_equal(bytes, wiped, sizeof bytes);
    enr_wipe(bytes, 0);
    assert_memory_equal(bytes, wiped, sizeof bytes);
    enr_wipe(NULL, 0);
}

/* Every capacity around what two appends need: all or nothing, and the last byte may be used. */
static void test_buffer_edges(void **state)
{
    (void)state;
    for (size_t capacity = 0; capacity <= 8; capacity++) {
        uint8_t *memory = malloc(capacity);
        enr_buffer_t buffer = enr_buffer_over(memory, capacity);
        enr_buffer_append(&buffer, ENR_SPAN("abc"));
        enr_buffer_append(&buffer, ENR_SPAN("defg"));
        assert_span(enr_buffer_span(&buffer), capacity >= 7 ? "abcdefg" : capacity >= 3 ? "abc" : "");
        assert_int_equal(buffer.full, capacity < 7);
        free(memory);
    }
}

/* One refusal makes every later append void, so that a text never has a gap. */
static void test_buffer_stays_full(void **state)
{
    (void)state;
    uint8_t *memory = malloc(4);
    enr_buffer_t buffer = enr_buffer_over(memory, 4);
    enr_buffer_append(&buffer, ENR_SPAN("ab"));
    enr_buffer_append(&buffer, ENR_SPAN("cde"));
    assert_true(buffer.full);
    enr_buffer_append(&buffer, ENR_SPAN("c"));
    enr_buffer_append(&buffer, ENR_SPAN(""));
    enr_buffer_append_byte(&buffer, 'c');
    enr_buffer_append_decimal(&buffer, 1);
    assert_span(enr_buffer_span(&buffer), "ab");
    assert_true(buffer.full);
    free(memory);
}

static void test_buffer_empty(void **state)
{
    (void)state;
    enr_buffer_t buffer = enr_buffer_over(NULL, 0);
    enr_buffer_append(&buffer, (enr_span_t){NULL, 0});
    assert_false(buffer.full); /* nothing fits into no room */
    assert_int_equal(enr_buffer_span(&buffer).len, 0);
    enr_buffer_append_byte(&buffer, 'a');
    assert_true(buffer.full);

    uint8_t room[4];
    buffer = enr_buffer_over(room, sizeof room);
    enr_buffer_append_byte(&buffer, 'a');
    enr_buffer_append(&buffer, (enr_span_t){room, SIZE_MAX}); /* the sum must not wrap */
    assert_true(buffer.full);
}

static void test_buffer_decimal(void **state)
{
    (void)state;
    static const struct {
        uint64_t number;
        const char *text;
    } rows[] = {
        {0, "0"},
        {9, "9"},
        {10, "10"},
        {1000, "1000"},
        {4294967296, "4294967296"},
        {9223372036854775808u, "9223372036854775808"},
        {UINT64_MAX, "18446744073709551615"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len = strlen(rows[i].text);
        for (size_t capacity = 0; capacity <= len; capacity++) {
            uint8_t *memory = malloc(capacity);
            enr_buffer_t buffer = enr_buffer_over(memory, capacity);
            enr_buffer_append_decimal(&buffer, rows[i].number);
            assert_span(enr_buffer_span(&buffer), capacity == len ? rows[i].text : "");
            assert_int_equal(buffer.full, capacity < len);
            free(memory);
        }
    }
}

static void test_prefix(void **state)
{
    (void)state;
    enr_span_t text = exact("Tel:12", 6);
    assert_span(enr_span_without(text, ENR_SPAN("tel:")), "12");
    assert_span(enr_span_without(text, ENR_SPAN("tel:12")), "");
    assert_span(enr_span_without(text, ENR_SPAN("tel:123")), "Tel:12");
    assert_span(enr_span_without(text, ENR_SPAN("el:")), "Tel:12");
    assert_span(enr_span_without(text, (enr_span_t){NULL, 0}), "Tel:12");
    assert_int_equal(enr_span_without((enr_span_t){NULL, 0}, ENR_SPAN("tel:")).len, 0);
    drop(text);
}

/* What is taken off, what is left; the byte between them is in neither. */
static void test_take(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"a b c", "a", "b c"}, {"a ", "a", ""}, {" a", "", "a"}, {"ab", "ab", ""}, {"", "", ""}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        enr_span_t text = exact(rows[i][0], strlen(rows[i][0]));
        enr_span_t rest = text;
        assert_span(enr_span_take(&rest, ' '), rows[i][1]);
        assert_span(rest, rows[i][2]);
        drop(text);
    }
    enr_span_t none = {NULL, 0};
    assert_int_equal(enr_span_take(&none, ' ').len, 0);
    assert_int_equal(none.len, 0);
}

static void test_is(void **state)
{
    (void)state;
    enr_span_t text = exact("Pub", 3);
    assert_true(enr_span_is(text, "Pub") && !enr_span_is(text, "pub"));
    assert_false(enr_span_is(text, "Pu") || enr_span_is(text, "Publ") || enr_span_is(text, ""));
    assert_true(enr_span_is_ignore_case(text, "pUB") && !enr_span_is_ignore_case(text, "pu"));
    assert_true(enr_span_is((enr_span_t){NULL, 0}, "") && enr_span_is_ignore_case((enr_span_t){NULL, 0}, ""));
    assert_false(enr_span_is(ENR_SPAN("a\0"), "a"));
    drop(text);
    assert_true(enr_is_one_of('b', "abc") && !enr_is_one_of('d', "abc") && !enr_is_one_of('a', ""));
    assert_false(enr_is_one_of('\0', "abc"));
}

static void test_lists(void **state)
{
    (void)state;
    static const char list[] = "von der de la";
    assert_int_equal(enr_span_index_in(ENR_SPAN("von"), list, ""), 0);
    assert_int_equal(enr_span_index_in(ENR_SPAN("DE"), list, ""), 2);
    assert_int_equal(enr_span_index_in(ENR_SPAN("l.a-"), list, ".-"), 3);
    static const char *const none[] = {"", "d", "der de", "lab", " ", "v.on", "von "};
    for (size_t i = 0; i < COUNT(none); i++) {
        assert_int_equal(enr_span_index_in(enr_span_from_str(none[i]), list, ""), -1);
    }
    assert_int_equal(enr_span_index_in(ENR_SPAN(".-"), list, ".-"), -1);
    assert_int_equal(enr_span_index_in(ENR_SPAN("von\0"), list, ""), -1);
    assert_int_equal(enr_span_index_in(ENR_SPAN("von"), "", ""), -1);

    static const char texts[] = "set\0\0stop";
    assert_string_equal(enr_text_of(texts, 0), "set");
    assert_string_equal(enr_text_of(texts, 1), "");
    assert_string_equal(enr_text_of(texts, 2), "stop");
    assert_int_equal(enr_text_find(texts, 3, ENR_SPAN("stop")), 2);
    assert_int_equal(enr_text_find(texts, 2, ENR_SPAN("stop")), 2); /* that many: none of them */
    assert_int_equal(enr_text_find(texts, 3, ENR_SPAN("")), 1);
    assert_int_equal(enr_text_find(texts, 3, ENR_SPAN("Set")), 3);
}

/* At an odd address: as they lie on flash. */
static void test_numbers(void **state)
{
    (void)state;
    uint8_t bytes[9] = {0};
    enr_put_64(bytes + 1, UINT64_C(0x0807060504030201));
    for (uint8_t i = 0; i < sizeof bytes; i++) {
        assert_int_equal(bytes[i], i);
    }
    assert_true(enr_get_64(bytes + 1) == UINT64_C(0x0807060504030201));
    assert_int_equal(enr_get_32(bytes + 1), 0x04030201);
    assert_int_equal(enr_get_16(bytes + 1), 0x0201);
    enr_put_32(bytes + 1, 0xD4C3B2A1u);
    enr_put_16(bytes + 5, 0xF6E5u);
    assert_memory_equal(bytes, "\0\xA1\xB2\xC3\xD4\xE5\xF6\7\b", sizeof bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_text),      cmocka_unit_test(test_slice),
        cmocka_unit_test(test_trim),         cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_take),         cmocka_unit_test(test_is),
        cmocka_unit_test(test_lists),        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_equal),        cmocka_unit_test(test_equal_ignore_case),
        cmocka_unit_test(test_equal_secret), cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_buffer_edges), cmocka_unit_test(test_buffer_stays_full),
        cmocka_unit_test(test_buffer_empty), cmocka_unit_test(test_buffer_decimal),
    };
    return cmocka_run_group_tests_name("span", tests, NULL, NULL);
}
