/* Records of tags, cut and forged. What a badge makes of them is in tests/badges/vectors/tags.txt. */
#include "enrich/ndef.h"

#include "exact.h"

/* A card and a smart poster of a URI and a title, behind an id, an application and an empty record. */
static const char message[] = "\x99\x01\x07\x02T12\x02sv0012" /* T with an id */
                              "\x14\x0F\x01"
                              "android.com:pkgx" /* an application */
                              "\x10\x00\x00"     /* empty */
                              "\x02\x0C\x00\x00\x00\x0Ctext/X-VCARDBEGIN:VCARD\n"
                              "\x51\x02\x0FSp"
                              "\x91\x01\x04U\x04x/y"
                              "\x51\x01\x03T\x00hi";
#define MESSAGE_LEN (sizeof message - 1)

static void records(void **state)
{
    (void)state;
    static const struct {
        enr_ndef_kind_t kind;
        const char *prefix;
        const char *payload;
    } wanted[] = {
        {ENR_NDEF_TEXT, "", "0012"}, {ENR_NDEF_OTHER, "", "x"},
        {ENR_NDEF_OTHER, "", ""},    {ENR_NDEF_CARD, "", "BEGIN:VCARD\n"},
        {ENR_NDEF_OTHER, "", ""},    {ENR_NDEF_URI, "https://", "x/y"},
        {ENR_NDEF_TEXT, "", "hi"},
    };
    enr_span_t memory = exact(message, MESSAGE_LEN);
    enr_span_t rest = memory;
    enr_ndef_record_t record;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        assert_int_equal(enr_ndef_next(&rest, &record), ENR_OK);
        assert_int_equal(record.kind, wanted[i].kind);
        assert_string_equal(record.uri_prefix, wanted[i].prefix);
        assert_true(enr_span_equal(record.payload, enr_span_from_str(wanted[i].payload)));
    }
    assert_int_equal(enr_ndef_next(&rest, &record), ENR_END);
    assert_int_equal(enr_ndef_next(&rest, &record), ENR_END);
    drop(memory);
}

/* A message that is cut off anywhere gives its whole records, then ENR_E_SYNTAX or ENR_END, then ENR_END for ever. */
static void cut_anywhere(void **state)
{
    (void)state;
    for (size_t len = 0; len <= MESSAGE_LEN; len++) {
        enr_span_t memory = exact(message, len);
        enr_span_t rest = memory;
        enr_ndef_record_t record;
        size_t count = 0;
        enr_status_t status = enr_ndef_next(&rest, &record);
        for (; status == ENR_OK; status = enr_ndef_next(&rest, &record)) {
            assert_true(record.payload.len == 0 || (record.payload.ptr >= memory.ptr &&
                                                    record.payload.ptr + record.payload.len <= memory.ptr + len));
            count++;
        }
        assert_true(status == ENR_E_SYNTAX || status == ENR_END);
        assert_int_equal(enr_ndef_next(&rest, &record), ENR_END);
        assert_true(count <= 7 && (len < MESSAGE_LEN || count == 7));
        drop(memory);
    }
}

/* Lengths of 2^32 - 1, of types and ids beyond the end, and what has no payload though it needs one. */
static void forged(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        enr_status_t status;
    } cases[] = {
        {"\xC1\x01\xFF\xFF\xFF\xFFTx", 8, ENR_E_SYNTAX},
        {"\xD1\xFF\x00T", 4, ENR_E_SYNTAX},
        {"\xD9\x01\x00\xFFT", 5, ENR_E_SYNTAX},
        {"\xD1", 1, ENR_E_SYNTAX},
        {"\xC1\x01\x00\x00\x00", 5, ENR_E_SYNTAX},
        {"\xD1\x01\x00T", 4, ENR_OK},
        {"\xD1\x01\x01U\x04", 5, ENR_OK},
        {"\xD1\x01\x02T\x3Fx", 6, ENR_OK},
        {"\xD1\x01\x02U\x23x", 6, ENR_OK},
        {"\xD7\x00\x00", 3, ENR_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enr_span_t memory = exact(cases[i].bytes, cases[i].len);
        enr_span_t rest = memory;
        enr_ndef_record_t record;
        assert_int_equal(enr_ndef_next(&rest, &record), cases[i].status);
        assert_true(record.kind == ENR_NDEF_OTHER || record.kind == ENR_NDEF_URI);
        drop(memory);
    }
}

static enr_status_t find(const char *bytes, size_t len, enr_span_t *out_message)
{
    enr_span_t memory = exact(bytes, len);
    enr_status_t status = enr_ndef_find_message(memory, out_message);
    drop(memory);
    return status;
}

static void blocks(void **state)
{
    (void)state;
    enr_span_t found;
    assert_int_equal(find("\x00\x00\x03\x02xy\xFE", 7, &found), ENR_OK);
    assert_int_equal(found.len, 2);
    assert_int_equal(find("\x03\xFF\x00\x02xy", 6, &found), ENR_OK);
    assert_int_equal(found.len, 2);
    assert_int_equal(find("", 0, &found), ENR_E_SYNTAX);
    assert_int_equal(find("\xFE\x03\x02xy", 5, &found), ENR_E_SYNTAX);
    assert_int_equal(find("\x03\x00\xFE", 3, &found), ENR_E_SYNTAX);
    assert_int_equal(find("\x03\x03"
                          "xy",
                          4, &found),
                     ENR_E_SYNTAX);
    assert_int_equal(find("\x03\xFF\x00", 3, &found), ENR_E_SYNTAX);
    assert_int_equal(find("\x03\xFF\xFF\xFF"
                          "ab",
                          6, &found),
                     ENR_E_SYNTAX);
    assert_int_equal(find("\x01\x05"
                          "ab",
                          4, &found),
                     ENR_E_SYNTAX);
    assert_int_equal(find("\x03", 1, &found), ENR_E_SYNTAX);
    assert_int_equal(find("\x00\x00\x00", 3, &found), ENR_E_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(forged),
        cmocka_unit_test(blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
