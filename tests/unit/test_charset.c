/* What is not UTF-8 (domain 1.4, 1.6.8). */
#include "enrich/charset.h"

#include "exact.h"

static enr_charset_t of_name(const char *name)
{
    return enr_charset_of_name(enr_span_from_str(name));
}

static void names(void **state)
{
    (void)state;
    assert_int_equal(of_name("UTF-8"), ENR_CHARSET_WESTERN);
    assert_int_equal(of_name("us-ascii"), ENR_CHARSET_WESTERN);
    assert_int_equal(of_name("ISO-8859-1"), ENR_CHARSET_WESTERN);
    assert_int_equal(of_name("iso_8859-1"), ENR_CHARSET_WESTERN);
    assert_int_equal(of_name("Windows-1252"), ENR_CHARSET_WESTERN);
    assert_int_equal(of_name("CP437"), ENR_CHARSET_CP437);
    assert_int_equal(of_name("Shift_JIS"), ENR_CHARSET_SHIFT_JIS);
    assert_int_equal(of_name("windows-31J"), ENR_CHARSET_SHIFT_JIS);
    static const char *const others[] = {"",      "ISO-8859-15", "windows-12520", "windows-125",
                                         "utf8x", "-",           "BIG5",          "utf-16"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(of_name(others[i]), ENR_CHARSET_OTHER);
    }
}

static void numbers(void **state)
{
    (void)state;
    assert_int_equal(enr_charset_of_eci(2), ENR_CHARSET_CP437);
    assert_int_equal(enr_charset_of_eci(3), ENR_CHARSET_WESTERN);
    assert_int_equal(enr_charset_of_eci(20), ENR_CHARSET_SHIFT_JIS);
    assert_int_equal(enr_charset_of_eci(26), ENR_CHARSET_WESTERN);
    assert_int_equal(enr_charset_of_eci(28), ENR_CHARSET_OTHER);
    assert_int_equal(enr_charset_of_eci(999999), ENR_CHARSET_OTHER);
}

/* Japanese in Shift_JIS against what Europeans write in Windows-1252. */
static void guesses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enr_charset_t charset;
    } cases[] = {
        {"", ENR_CHARSET_WESTERN},
        {"abc", ENR_CHARSET_WESTERN},
        {"\x8ER\x93\x63", ENR_CHARSET_SHIFT_JIS},            /* Yamada */
        {"\x83\x5C\x83\x6A\x81\x5B", ENR_CHARSET_SHIFT_JIS}, /* Sony */
        {"Acme \x8A\x94\x8E\xAE\x89\xEF\x8E\xD0", ENR_CHARSET_SHIFT_JIS},
        {"\xD4\xCF\xC0\xDE \x8ER\x93\x63", ENR_CHARSET_SHIFT_JIS}, /* beside half-width kana */
        {"\x8ER", ENR_CHARSET_WESTERN},                            /* one alone could be a letter and a letter */
        {"\x8ER \x93\x63", ENR_CHARSET_WESTERN},
        {"M\xFCller", ENR_CHARSET_WESTERN},
        {"\xE9l\xE8ve", ENR_CHARSET_WESTERN},
        {"Cr\xE9\xE9"
         "e",
         ENR_CHARSET_WESTERN},
        {"O\x92"
         "Brien \x93quoted\x94",
         ENR_CHARSET_WESTERN},
        {"\x80 5", ENR_CHARSET_WESTERN},
        {"\x8ER\x93\x63\xFF", ENR_CHARSET_WESTERN},
        {"\x8ER\x93\x63\x93", ENR_CHARSET_WESTERN}, /* cut */
        {"\x8ER\x93\x63\x93\x3B", ENR_CHARSET_WESTERN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enr_span_t text = exact(cases[i].text, strlen(cases[i].text));
        if (enr_charset_guess(text) != cases[i].charset) {
            fail_msg("case %zu", i);
        }
        drop(text);
    }
}

static void characters(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 0x80; byte++) {
        for (enr_charset_t charset = ENR_CHARSET_WESTERN; charset <= ENR_CHARSET_OTHER; charset++) {
            assert_int_equal(enr_charset_decode(charset, (uint8_t)byte), byte);
            assert_false(enr_charset_is_lead(charset, (uint8_t)byte));
        }
    }
    for (unsigned byte = 0xA0; byte <= 0xFF; byte++) {
        assert_int_equal(enr_charset_decode(ENR_CHARSET_WESTERN, (uint8_t)byte), byte);
        assert_int_equal(enr_charset_decode(ENR_CHARSET_SHIFT_JIS, (uint8_t)byte), 0);
    }
    assert_int_equal(enr_charset_decode(ENR_CHARSET_WESTERN, 0x80), 0x20AC);
    assert_int_equal(enr_charset_decode(ENR_CHARSET_WESTERN, 0x9F), 0x178);
    assert_int_equal(enr_charset_decode(ENR_CHARSET_WESTERN, 0x81), 0);
    static const char letters[] = "\x80\x81\x82\x8E\x94\x99\x9A\xA4\xA5\xE1";
    static const uint16_t points[] = {0xC7, 0xFC, 0xE9, 0xC4, 0xF6, 0xD6, 0xDC, 0xF1, 0xD1, 0xDF};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        assert_int_equal(enr_charset_decode(ENR_CHARSET_CP437, (uint8_t)letters[i]), points[i]);
    }
    assert_int_equal(enr_charset_decode(ENR_CHARSET_CP437, 0xC9), 0);
    assert_true(enr_charset_is_lead(ENR_CHARSET_SHIFT_JIS, 0x83) && enr_charset_is_lead(ENR_CHARSET_SHIFT_JIS, 0xE0));
    assert_false(enr_charset_is_lead(ENR_CHARSET_SHIFT_JIS, 0xB1) || enr_charset_is_lead(ENR_CHARSET_WESTERN, 0x83));
}

static enr_status_t from_utf16(const char *bytes, size_t len, bool big_endian, size_t room, const char *want)
{
    uint8_t memory[64];
    enr_span_t text = exact(bytes, len);
    enr_buffer_t out = enr_buffer_over(memory, room);
    enr_buffer_append_byte(&out, '>');
    enr_status_t status = enr_charset_utf16(text, big_endian, &out);
    drop(text);
    assert_true(enr_span_equal(enr_span_slice(enr_buffer_span(&out), 1, out.len), enr_span_from_str(want)));
    return status;
}

static void utf16(void **state)
{
    (void)state;
    assert_int_equal(from_utf16("", 0, true, 64, ""), ENR_OK);
    assert_int_equal(from_utf16("\0A\0\xE9", 4, true, 64, "Aé"), ENR_OK);
    assert_int_equal(from_utf16("A\0\xE9\0", 4, false, 64, "Aé"), ENR_OK);
    assert_int_equal(from_utf16("\xFE\xFF\0A", 4, false, 64, "A"), ENR_OK);
    assert_int_equal(from_utf16("\xFF\xFE"
                                "A\0",
                                4, true, 64, "A"),
                     ENR_OK);
    assert_int_equal(from_utf16("\xD8\x3D\xDE\0", 4, true, 64, "\xF0\x9F\x98\x80"), ENR_OK);
    assert_int_equal(from_utf16("\0A\0", 3, true, 64, ""), ENR_E_UTF8);
    assert_int_equal(from_utf16("\0A\xD8\x3D", 4, true, 64, ""), ENR_E_UTF8);
    assert_int_equal(from_utf16("\0A\xDE\0", 4, true, 64, ""), ENR_E_UTF8);
    assert_int_equal(from_utf16("\xD8\x3D\xD8\x3D", 4, true, 64, ""), ENR_E_UTF8);
    assert_int_equal(from_utf16("\0A\0B", 4, true, 3, "AB"), ENR_OK);
    assert_int_equal(from_utf16("\0A\0B", 4, true, 2, ""), ENR_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),      cmocka_unit_test(numbers), cmocka_unit_test(guesses),
        cmocka_unit_test(characters), cmocka_unit_test(utf16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
