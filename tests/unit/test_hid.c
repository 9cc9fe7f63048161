/* Keyboard reports to text (domain 1.4). */
#include "enrich/hid.h"

#include "exact.h"

#include <stdio.h>

/* Types reports given as "MM KK" a key, each let go again; "MM KK+" holds it on. */
static const char *type(enr_hid_layout_t layout, const char *keys)
{
    static char text[512];
    enr_hid_t hid;
    enr_buffer_t out = enr_buffer_over(text, sizeof text - 1);
    enr_hid_start(&hid, layout);
    unsigned modifiers = 0;
    unsigned key = 0;
    int used = 0;
    for (const char *at = keys; sscanf(at, "%2x %2x%n", &modifiers, &key, &used) == 2; at += used) {
        uint8_t report[ENR_HID_REPORT_LEN] = {(uint8_t)modifiers, 0, (uint8_t)key};
        enr_hid_take(&hid, report, &out);
        if (at[used] == '+') {
            used++;
            continue;
        }
        report[2] = 0;
        enr_hid_take(&hid, report, &out);
    }
    uint8_t nothing[ENR_HID_REPORT_LEN] = {0};
    enr_hid_take(&hid, nothing, &out);
    assert_false(out.full);
    text[out.len] = '\0';
    return text;
}

/* Every key of each layout, alone and with shift; AltGr where it types something. */
static void layouts(void **state)
{
    (void)state;
    static const struct {
        enr_hid_layout_t layout;
        unsigned modifiers;
        const char *text; /* keys 04 to 38, then 64; '.' in the place of one that types nothing by itself */
    } rows[] = {
        {ENR_HID_US, 0x00, "abcdefghijklmnopqrstuvwxyz1234567890\n..\t -=[]\\\\;'`,./\\"},
        {ENR_HID_US, 0x02, "ABCDEFGHIJKLMNOPQRSTUVWXYZ!@#$%^&*()\n..\t _+{}||:\"~<>?|"},
        {ENR_HID_DE, 0x00, "abcdefghijklmnopqrstuvwxzy1234567890\n..\t ß.ü+##öä.,.-<"},
        {ENR_HID_DE, 0x20, "ABCDEFGHIJKLMNOPQRSTUVWXZY!\"§$%&/()=\n..\t ?.Ü*''ÖÄ°;:_>"},
        {ENR_HID_FR, 0x00, "qbcdefghijkl,noparstuvzxyw&é\"'(-è_çà\n..\t )=.$**mù²;:!<"},
        {ENR_HID_FR, 0x02, "QBCDEFGHIJKL?NOPARSTUVZXYW1234567890\n..\t °+.£µµM%../§>"},
        {ENR_HID_DE, 0x40, "....€.......µ...@..........²³...{[]}.....\\..~........|"},
        {ENR_HID_FR, 0x40, "....€.......................#{[|.\\^@.....]}.¤........."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *want = rows[i].text;
        for (unsigned key = 0x04; key <= 0x39; key++) {
            char keys[16];
            char one[8] = "";
            size_t len = (unsigned char)*want < 0x80 ? 1 : (unsigned char)*want < 0xE0 ? 2 : 3;
            (void)snprintf(one, sizeof one, "%.*s", (int)len, want);
            (void)snprintf(keys, sizeof keys, "%02x %02x", rows[i].modifiers, key == 0x39 ? 0x64u : key);
            const char *typed = type(rows[i].layout, keys);
            bool is_dot = strcmp(one, ".") == 0;
            if (strcmp(typed, one) != 0 && !(is_dot && typed[0] == '\0')) {
                fail_msg("layout %d, %s typed \"%s\", not \"%s\"", (int)rows[i].layout, keys, typed, one);
            }
            want += len;
        }
        assert_int_equal(*want, '\0');
    }
}

static void accents(void **state)
{
    (void)state;
    assert_string_equal(type(ENR_HID_DE, "00 2e 00 08"), "é");              /* acute, e */
    assert_string_equal(type(ENR_HID_DE, "02 2e 02 08"), "È");              /* grave, E */
    assert_string_equal(type(ENR_HID_DE, "00 35 00 12 00 35 02 18"), "ôÛ"); /* circumflex */
    assert_string_equal(type(ENR_HID_FR, "02 2f 00 0c 02 2f 02 12"), "ïÖ"); /* diaeresis */
    assert_string_equal(type(ENR_HID_FR, "40 1f 00 11 40 1f 02 14"), "ñÃ"); /* tilde */
    assert_string_equal(type(ENR_HID_DE, "00 2e 00 1d"), "ý");
    assert_string_equal(type(ENR_HID_DE, "00 35 00 2c 00 2e 00 2c"), "^´"); /* before a space */
    assert_string_equal(type(ENR_HID_FR, "40 24 00 2c 40 1f 00 2c 02 2f 00 2c"), "`~¨");
    assert_string_equal(type(ENR_HID_DE, "00 35 00 1b"), "^x"); /* no letter has it */
    assert_string_equal(type(ENR_HID_FR, "40 1f 00 08"), "~e");
    assert_string_equal(type(ENR_HID_DE, "00 35 00 35"), "^^");      /* twice */
    assert_string_equal(type(ENR_HID_DE, "00 35 02 e1 00 04"), "â"); /* a modifier between */
}

static void caps_lock(void **state)
{
    (void)state;
    assert_string_equal(type(ENR_HID_US, "00 39 00 04 02 04 00 1e 00 39 00 04"), "Aa1a");
    assert_string_equal(type(ENR_HID_DE, "00 39 00 33 02 33 00 2d"), "Ööß");
    assert_string_equal(type(ENR_HID_FR, "00 39 00 33 00 10 00 1f"), "M,é");
}

/* Alt and the keypad: Windows-1252 behind a 0, else CP437 (domain 1.4). */
static void numbers(void **state)
{
    (void)state;
    assert_string_equal(type(ENR_HID_US, "04 62+ 04 5a+ 04 5b+ 04 00+ 04 5b"), "é");  /* 0233 */
    assert_string_equal(type(ENR_HID_US, "04 59 04 5b 04 62"), "é");                  /* 130 */
    assert_string_equal(type(ENR_HID_US, "04 5e 04 5d 00 04"), "Aa");                 /* 65 */
    assert_string_equal(type(ENR_HID_US, "04 62 04 59 04 5a 04 60"), "€");            /* 0128 */
    assert_string_equal(type(ENR_HID_US, "04 59 04 5b"), "");                         /* 13 is no character */
    assert_string_equal(type(ENR_HID_US, "04 61 04 61 04 61 04 61 04 61 04 61"), ""); /* 999999 */
    assert_string_equal(type(ENR_HID_US, "00 59 00 54 00 58 00 63 00 62"), "1/\n.0"); /* the keypad without Alt */
}

/* domain 6b: a scanner cannot type commands. */
static void commands(void **state)
{
    (void)state;
    assert_string_equal(type(ENR_HID_US, "01 04 10 04 08 04 80 04 04 04"), "");
    assert_string_equal(type(ENR_HID_US, "40 04 00 05"), "b"); /* the right Alt of US is no AltGr */
    assert_string_equal(type(ENR_HID_DE, "41 14 05 14 00 14"), "q");
    assert_string_equal(type(ENR_HID_US, "00 29 00 2a 00 3a 00 4f 00 65 00 e0 00 ff"), "");
}

static void take(enr_hid_t *hid, enr_buffer_t *out, const char *report)
{
    uint8_t bytes[ENR_HID_REPORT_LEN];
    memcpy(bytes, report, sizeof bytes);
    enr_span_t only = exact(bytes, sizeof bytes);
    enr_hid_take(hid, only.ptr, out);
    drop(only);
}

/* A key types once while it is held, keys that overlap type in their order, too many keys type nothing. */
static void held_keys(void **state)
{
    (void)state;
    char text[64];
    enr_hid_t hid;
    enr_buffer_t out = enr_buffer_over(text, sizeof text);
    enr_hid_start(&hid, ENR_HID_US);
    take(&hid, &out, "\0\0\4\0\0\0\0\0");
    take(&hid, &out, "\0\0\4\5\0\0\0\0");
    take(&hid, &out, "\0\0\4\5\0\0\0\0");
    take(&hid, &out, "\0\0\5\0\0\0\0\0");
    take(&hid, &out, "\0\0\5\4\0\0\0\0");
    take(&hid, &out, "\0\0\1\1\1\1\1\1");
    take(&hid, &out, "\0\0\5\4\6\7\0\0");
    take(&hid, &out, "\0\0\0\0\0\0\0\0");
    take(&hid, &out, "\0\0\7\0\0\0\0\0");
    assert_true(enr_span_equal(enr_buffer_span(&out), ENR_SPAN("abacdd")));
}

static void room(void **state)
{
    (void)state;
    char text[2];
    enr_hid_t hid;
    enr_buffer_t out = enr_buffer_over(text, sizeof text);
    enr_hid_start(&hid, ENR_HID_DE);
    take(&hid, &out, "\0\0\4\0\0\0\0\0");
    take(&hid, &out, "\0\0\64\0\0\0\0\0"); /* ä takes two */
    assert_true(out.full && out.len == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts),  cmocka_unit_test(accents),   cmocka_unit_test(caps_lock), cmocka_unit_test(numbers),
        cmocka_unit_test(commands), cmocka_unit_test(held_keys), cmocka_unit_test(room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
