/* A device's settings as bytes: each field by its rule, as a whole, and cut off at every byte. */
#include "enrich/settings.h"

#include "exact.h"

#include <stdio.h>

#define DER "\x30\x82\x00\x04\x61\x62\x63\x64"

static uint8_t memory[4096];
static enr_buffer_t bytes;
static enr_settings_t settings;
static const char *fault;

static void add(unsigned field, enr_span_t value)
{
    enr_settings_append(&bytes, field, value);
}

static void begin(void)
{
    bytes = enr_buffer_over(memory, sizeof memory);
    add(ENR_SETTING_BASE, ENR_SPAN("https://app.service.example/api/v2"));
    add(ENR_SETTING_KEY, ENR_SPAN("pk_test"));
    add(ENR_SETTING_ANCHOR, ENR_SPAN(DER));
}

static enr_status_t read_all(void)
{
    enr_span_t copy = exact(memory, bytes.len);
    static enr_span_t last;
    drop(last);
    last = copy;
    return enr_settings_read(copy, &settings, &fault);
}

static void test_none_are_valid(void **state)
{
    (void)state;
    bytes.len = 0;
    assert_int_equal(read_all(), ENR_OK);
    assert_false(settings.complete);
    assert_int_equal(settings.types, ENR_TYPE_EMAIL);
    assert_int_equal(settings.spread_s, 60);
}

static void test_all_of_them(void **state)
{
    (void)state;
    begin();
    add(ENR_SETTING_TIME, ENR_SPAN("time.example"));
    add(ENR_SETTING_PRIVATE, ENR_SPAN("yes"));
    add(ENR_SETTING_EVENT, ENR_SPAN("F\xc3\xaate 26"));
    add(ENR_SETTING_TYPES, ENR_SPAN("phone,personal_email"));
    add(ENR_SETTING_RESEND, ENR_SPAN("2"));
    add(ENR_SETTING_PERSONAL, ENR_SPAN("yes"));
    add(ENR_SETTING_SPREAD, ENR_SPAN("3600"));
    add(ENR_SETTING_DEVICE, ENR_SPAN("gate-1"));
    add(ENR_SETTING_NOTICE, ENR_SPAN("2026-03 en"));
    add(ENR_SETTING_SHEET, ENR_SPAN("K7"));
    add(ENR_SETTING_KEEP, ENR_SPAN("30"));
    add(ENR_SETTING_DELIMITER, ENR_SPAN("^"));
    add(ENR_SETTING_COLUMNS, ENR_SPAN("attendee_id,-,fullname,url"));
    add(ENR_SETTING_PREFIX, ENR_SPAN("EVT:"));
    add(ENR_SETTING_ID_URL, ENR_SPAN("https://e.example/b/"));
    add(ENR_SETTING_HOSTS, ENR_SPAN("e.example"));
    assert_int_equal(read_all(), ENR_OK);
    assert_true(settings.complete && settings.allow_private && settings.personal_email);
    assert_int_equal(settings.types, ENR_TYPE_PHONE | ENR_TYPE_PERSONAL_EMAIL);
    assert_int_equal(settings.resend, 2);
    assert_int_equal(settings.spread_s, 3600);
    assert_int_equal(settings.keep_days, 30);
    assert_int_equal(settings.anchor_count, 1);
    assert_int_equal(settings.profile.field_count, 4);
    const enr_field_t wanted[] = {ENR_FIELD_ATTENDEE_ID, ENR_FIELD_SKIP, ENR_FIELD_FULLNAME, ENR_FIELD_URL};
    assert_memory_equal(settings.profile.fields, wanted, sizeof wanted);
    const size_t whole = bytes.len;
    for (size_t len = 1; len < whole; len++) { /* cut at a field's end it is valid, once the first three are there */
        bytes.len = len;
        enr_status_t status = read_all();
        assert_true(status == ENR_E_SETTING || settings.complete);
        assert_true((status == ENR_OK) == (fault == NULL));
    }
}

/* Each is refused, and named. */
static void test_each_rule(void **state)
{
    (void)state;
    const struct {
        unsigned field;
        enr_span_t value;
    } wrong[] = {
        {ENR_SETTING_TIME, ENR_SPAN("")},
        {ENR_SETTING_TIME, ENR_SPAN("10.0.0.1")},
        {ENR_SETTING_ANCHOR, ENR_SPAN("abc")},
        {ENR_SETTING_ANCHOR, ENR_SPAN("\x30\x82\x00\x05\x61\x62\x63\x64")},
        {ENR_SETTING_PRIVATE, ENR_SPAN("Yes")},
        {ENR_SETTING_EVENT, ENR_SPAN("a\nb")},
        {ENR_SETTING_EVENT, ENR_SPAN("\xff")},
        {ENR_SETTING_TYPES, ENR_SPAN("")},
        {ENR_SETTING_TYPES, ENR_SPAN("email,fax")},
        {ENR_SETTING_RESEND, ENR_SPAN("10")},
        {ENR_SETTING_RESEND, ENR_SPAN("")},
        {ENR_SETTING_RESEND, ENR_SPAN("-1")},
        {ENR_SETTING_PERSONAL, ENR_SPAN("")},
        {ENR_SETTING_SPREAD, ENR_SPAN("3601")},
        {ENR_SETTING_SPREAD, ENR_SPAN("99999999999999999999")},
        {ENR_SETTING_KEEP, ENR_SPAN("3651")},
        {ENR_SETTING_DELIMITER, ENR_SPAN("")},
        {ENR_SETTING_DELIMITER, ENR_SPAN("123456789")},
        {ENR_SETTING_COLUMNS, ENR_SPAN("")},
        {ENR_SETTING_COLUMNS, ENR_SPAN("firstname,")},
        {ENR_SETTING_COLUMNS, ENR_SPAN("name")},
        {ENR_SETTING_COLUMNS, ENR_SPAN("-,-,-,-,-,-,-,-,-,-,-,-,-,-,-,-,-")},
        {ENR_SETTING_HOSTS, ENR_SPAN("\x01")},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        begin();
        add(wrong[i].field, wrong[i].value);
        if (read_all() != ENR_E_SETTING || strcmp(fault, enr_setting_name(wrong[i].field)) != 0) {
            fail_msg("row %zu", i);
        }
    }
}

static void test_as_a_whole(void **state)
{
    (void)state;
    begin();
    add(ENR_SETTING_BASE, ENR_SPAN("https://other.example"));
    assert_int_equal(read_all(), ENR_E_SETTING); /* twice */
    assert_string_equal(fault, "base");
    begin();
    add(99, ENR_SPAN("x"));
    assert_int_equal(read_all(), ENR_E_SETTING);
    assert_string_equal(fault, "unknown field");
    begin();
    for (int i = 0; i < ENR_SETTINGS_ANCHORS_MAX; i++) {
        add(ENR_SETTING_ANCHOR, ENR_SPAN(DER));
    }
    assert_int_equal(read_all(), ENR_E_SETTING);
    assert_string_equal(fault, "anchor");
    static const unsigned needed[] = {ENR_SETTING_BASE, ENR_SETTING_KEY, ENR_SETTING_ANCHOR};
    for (unsigned missing = 0; missing < 3; missing++) {
        bytes = enr_buffer_over(memory, sizeof memory);
        if (missing != 0) {
            add(ENR_SETTING_BASE, ENR_SPAN("https://a.example"));
        }
        if (missing != 1) {
            add(ENR_SETTING_KEY, ENR_SPAN("k"));
        }
        if (missing != 2) {
            add(ENR_SETTING_ANCHOR, ENR_SPAN(DER));
        }
        assert_int_equal(read_all(), ENR_E_SETTING);
        assert_string_equal(fault, enr_setting_name(needed[missing]));
    }
}

/* The base's path goes into the request line as it is: printable ASCII only (found by tests/fuzz). */
static void test_base_is_ascii(void **state)
{
    (void)state;
    bytes = enr_buffer_over(memory, sizeof memory);
    add(ENR_SETTING_BASE, ENR_SPAN("https://a.example/v\x97"));
    add(ENR_SETTING_KEY, ENR_SPAN("k"));
    add(ENR_SETTING_ANCHOR, ENR_SPAN(DER));
    assert_int_equal(read_all(), ENR_E_SETTING);
    assert_string_equal(fault, "base");
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned field = 1; field < ENR_SETTINGS; field++) {
        assert_int_equal(enr_setting_of_name(enr_span_from_str(enr_setting_name(field))), field);
    }
    assert_int_equal(enr_setting_of_name(ENR_SPAN("x")), 0);
    assert_null(enr_setting_name(ENR_SETTINGS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none_are_valid), cmocka_unit_test(test_all_of_them), cmocka_unit_test(test_each_rule),
        cmocka_unit_test(test_as_a_whole),     cmocka_unit_test(test_names),       cmocka_unit_test(test_base_is_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
