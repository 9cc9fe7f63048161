/* lead: what a journal slot holds, there and back; hostile bytes; by what a lead is known; what a rescan keeps. */
#include "enrich/lead.h"

#include "exact.h"

#include <stdio.h>

#define TEXT(literal) ((enr_span_t){(const uint8_t *)("" literal ""), sizeof(literal) - 1})

static enr_lead_t full_lead(void)
{
    return (enr_lead_t){
        .contact = {.firstname = TEXT("Inès"),
                    .lastname = TEXT("Okonkwo-Varga"),
                    .domain = TEXT("acme.example"),
                    .company_name = TEXT("Acme"),
                    .linkedin_url = TEXT("https://www.linkedin.com/in/ines-okonkwo")},
        .email = TEXT("ines@acme.example"),
        .phone = TEXT("+33 1 23"),
        .title = TEXT("CTO"),
        .attendee_id = TEXT("000012"),
        .payload = TEXT("BEGIN:VCARD\r\n\xff\0END:VCARD"),
        .types = ENR_TYPE_EMAIL | ENR_TYPE_PHONE,
        .token = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xff},
        .first = {ENR_TIME_SET, 1793500000, 7, 12},
        .last = {ENR_TIME_STORED, 1793500100, 7, 112},
        .scans = 2,
        .device = TEXT("scanner-3"),
        .captured_by = TEXT("op 4"),
        .event = TEXT("expo26"),
        .rating = 4,
        .answers = TEXT("A1,B3"),
        .consent = {.asked = ENR_CONSENT_CONTACT | ENR_CONSENT_PERSONAL_EMAIL,
                    .given = ENR_CONSENT_PERSONAL_EMAIL,
                    .method = ENR_CONSENT_BY_BUTTON,
                    .notice = TEXT("2026-03 fr")},
    };
}

static enr_lead_t small_lead(void)
{
    return (enr_lead_t){.token = {1}, .scans = 1};
}

/* What was written, in memory of exactly its size. */
static enr_span_t written(const enr_lead_t *lead)
{
    static uint8_t memory[8192];
    enr_buffer_t out = enr_buffer_over(memory, sizeof memory);
    assert_int_equal(enr_lead_write(lead, &out), ENR_OK);
    return exact(memory, out.len);
}

static void assert_same_moment(const enr_stamp_t *a, const enr_stamp_t *b)
{
    assert_int_equal(a->quality, b->quality);
    assert_true(a->wall_s == b->wall_s);
    assert_int_equal(a->boot, b->boot);
    assert_int_equal(a->uptime_s, b->uptime_s);
}

static void assert_same(const enr_lead_t *a, const enr_lead_t *b)
{
    assert_true(enr_lead_same(a, b));
    assert_same_moment(&a->first, &b->first);
    assert_same_moment(&a->last, &b->last);
    assert_int_equal(a->scans, b->scans);
}

static void test_there_and_back(void **state)
{
    (void)state;
    enr_lead_t leads[] = {full_lead(), small_lead()};
    for (size_t i = 0; i < 2; i++) {
        enr_span_t bytes = written(&leads[i]);
        enr_lead_t read;
        assert_int_equal(enr_lead_read(bytes, &read), ENR_OK);
        assert_same(&leads[i], &read);
        drop(bytes);
    }
}

/* The bytes themselves, as FORMAT.md has them: a journal written today is read by every later build. */
static void test_format(void **state)
{
    (void)state;
    enr_lead_t lead = full_lead();
    lead.payload = (enr_span_t){0};
    lead.payload_lost = 5000;
    char long_title[201];
    memset(long_title, 't', 200);
    long_title[200] = 0;
    lead.title = enr_span_from_str(long_title);
    enr_span_t bytes = written(&lead);
    static const uint8_t head[] = {1,
                                   3,
                                   1,
                                   2,
                                   3,
                                   4,
                                   5,
                                   6,
                                   7,
                                   8,
                                   9,
                                   10,
                                   11,
                                   12,
                                   13,
                                   14,
                                   15,
                                   0xff,
                                   2,
                                   0,
                                   0,
                                   0,
                                   /* first */ 2,
                                   0x60,
                                   0xa3,
                                   0xe6,
                                   0x6a,
                                   0,
                                   0,
                                   0,
                                   0,
                                   7,
                                   0,
                                   0,
                                   0,
                                   12,
                                   0,
                                   0,
                                   0,
                                   /* last */ 1,
                                   0xc4,
                                   0xa3,
                                   0xe6,
                                   0x6a,
                                   0,
                                   0,
                                   0,
                                   0,
                                   7,
                                   0,
                                   0,
                                   0,
                                   112,
                                   0,
                                   0,
                                   0,
                                   /* rating, consent, payload */ 4,
                                   5,
                                   4,
                                   1,
                                   0x88,
                                   0x13,
                                   0,
                                   0,
                                   /* firstname */ 1,
                                   5,
                                   'I',
                                   'n',
                                   0xc3,
                                   0xa8,
                                   's',
                                   2,
                                   13};
    assert_memory_equal(bytes.ptr, head, sizeof head);
    static const uint8_t title[] = {8, 0xc8, 1, 't', 't'};
    bool found = false;
    for (size_t i = 0; i + sizeof title <= bytes.len; i++) {
        found = found || memcmp(bytes.ptr + i, title, sizeof title) == 0;
    }
    assert_true(found);
    drop(bytes);
}

/* A payload that does not fit is left out and its length told; what does not fit even so is refused whole. */
static void test_limit(void **state)
{
    (void)state;
    uint8_t payload[3000];
    memset(payload, 'p', sizeof payload);
    enr_lead_t lead = full_lead();
    enr_span_t bytes = written(&lead);
    size_t whole = bytes.len;
    size_t without = whole - lead.payload.len - 2;
    drop(bytes);
    for (size_t capacity = 0; capacity <= whole; capacity++) {
        uint8_t *memory = malloc(capacity + 1);
        enr_buffer_t out = enr_buffer_over(memory, capacity + 1);
        enr_buffer_append_byte(&out, 'x');
        enr_status_t status = enr_lead_write(&lead, &out);
        assert_int_equal(status, capacity < without ? ENR_E_LIMIT : ENR_OK);
        assert_int_equal(out.len, 1 + (capacity < without ? 0 : capacity < whole ? without : whole));
        assert_false(out.full);
        if (status == ENR_OK) {
            enr_lead_t read;
            assert_int_equal(enr_lead_read((enr_span_t){memory + 1, out.len - 1}, &read), ENR_OK);
            assert_int_equal(read.payload_lost, capacity < whole ? lead.payload.len : 0);
        }
        free(memory);
    }
    lead.payload = (enr_span_t){payload, sizeof payload};
    uint8_t memory[2048];
    enr_buffer_t out = enr_buffer_over(memory, sizeof memory);
    assert_int_equal(enr_lead_write(&lead, &out), ENR_OK);
    lead.title = lead.payload;
    assert_int_equal(enr_lead_write(&lead, &out), ENR_E_LIMIT);
    lead.title = TEXT("\xff");
    assert_int_equal(enr_lead_write(&lead, &out), ENR_E_UTF8);
}

/* Every cut, every byte changed: an answer, never a read outside, and never two readings of the same bytes. */
static void test_hostile(void **state)
{
    (void)state;
    enr_lead_t lead = full_lead();
    enr_span_t bytes = written(&lead);
    for (size_t len = 0; len < bytes.len; len++) {
        enr_span_t cut = exact(bytes.ptr, len);
        enr_lead_t read;
        if (enr_lead_read(cut, &read) == ENR_OK) {
            enr_span_t again = written(&read);
            assert_true(enr_span_equal(cut, again)); /* cut between two fields */
            drop(again);
        }
        drop(cut);
    }
    for (size_t i = 0; i < bytes.len; i++) {
        for (unsigned value = 0; value < 256; value++) {
            enr_span_t changed = exact(bytes.ptr, bytes.len);
            ((uint8_t *)(uintptr_t)changed.ptr)[i] = (uint8_t)value;
            enr_lead_t read;
            enr_status_t status = enr_lead_read(changed, &read);
            if (status == ENR_OK) {
                enr_span_t again = written(&read);
                assert_true(enr_span_equal(changed, again));
                drop(again);
            } else {
                assert_true(status == ENR_E_SYNTAX || (status == ENR_E_VERSION && i == 0));
            }
            drop(changed);
        }
    }
    drop(bytes);
}

static void test_refused_bytes(void **state)
{
    (void)state;
    enr_lead_t lead = small_lead();
    enr_span_t bytes = written(&lead);
    assert_int_equal(bytes.len, 64);
    static const struct {
        const char *tail;
        size_t len;
        enr_status_t status;
    } ROWS[] = {
        {"\x01\x01"
         "a",
         3, ENR_OK},
        {"\x01\x00", 2, ENR_E_SYNTAX}, /* empty */
        {"\x00\x01"
         "a",
         3, ENR_E_SYNTAX},
        {"\x01\x81\x00"
         "a",
         4, ENR_E_SYNTAX}, /* length longer than need be */
        {"\x01\x02"
         "a",
         3, ENR_E_SYNTAX},
        {"\x02\x01"
         "a\x01\x01"
         "b",
         6, ENR_E_SYNTAX}, /* order */
        {"\x01\x01"
         "a\x01\x01"
         "b",
         6, ENR_E_SYNTAX}, /* twice */
        {"\x01\x01\xff", 3, ENR_E_SYNTAX},
        {"\x0f\x01\xff", 3, ENR_OK}, /* a payload is any bytes */
        {"\x10\x01\xff", 3, ENR_OK}, /* a later field */
        {"\x10\x01\xff\x10\x01\xff", 6, ENR_E_SYNTAX},
        {"\x10\x81", 2, ENR_E_SYNTAX},
        {"\x10\x81\x80\xff", 4, ENR_E_SYNTAX},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        uint8_t memory[128];
        memcpy(memory, bytes.ptr, 64);
        memcpy(memory + 64, ROWS[i].tail, ROWS[i].len);
        enr_span_t row = exact(memory, 64 + ROWS[i].len);
        enr_lead_t read;
        assert_int_equal(enr_lead_read(row, &read), ROWS[i].status);
        drop(row);
    }
    enr_lead_t read;
    assert_int_equal(enr_lead_read((enr_span_t){0}, &read), ENR_E_SYNTAX);
    assert_int_equal(enr_lead_read(TEXT("\x02"), &read), ENR_E_VERSION);
    drop(bytes);
}

/* Fields of a newer build survive a rewrite by this one. */
static void test_later_fields_stay(void **state)
{
    (void)state;
    enr_lead_t lead = full_lead();
    lead.later = TEXT("\x10\x01z\x20\x02yy");
    enr_span_t bytes = written(&lead);
    enr_lead_t read;
    assert_int_equal(enr_lead_read(bytes, &read), ENR_OK);
    assert_true(enr_span_equal(read.later, lead.later));
    enr_lead_t scan = small_lead();
    enr_lead_update(&read, &scan);
    enr_span_t again = written(&scan);
    assert_int_equal(enr_lead_read(again, &read), ENR_OK);
    assert_true(enr_span_equal(read.later, lead.later));
    drop(again);
    drop(bytes);
}

static enr_status_t name_of(const enr_lead_t *lead, char *out, size_t size)
{
    enr_buffer_t buffer = enr_buffer_over(out, size);
    enr_status_t status = enr_lead_name(lead, &buffer);
    for (size_t i = 0; i < buffer.len; i++) {
        out[i] = out[i] == 0 ? '|' : out[i];
    }
    out[buffer.len] = 0;
    return status;
}

static void test_name(void **state)
{
    (void)state;
    char name[512];
    enr_lead_t lead = full_lead();
    assert_int_equal(name_of(&lead, name, sizeof name), ENR_OK);
    assert_string_equal(name, "aexpo26|000012");
    lead.attendee_id = (enr_span_t){0};
    lead.contact.linkedin_url = TEXT("https://FR.linkedin.com/in/Ines-Okonkwo/?utm=1");
    assert_int_equal(name_of(&lead, name, sizeof name), ENR_OK);
    assert_string_equal(name, "lhttps://www.linkedin.com/in/ines-okonkwo");
    lead.contact.linkedin_url = TEXT("https://www.linkedin.com/company/acme");
    assert_int_equal(name_of(&lead, name, sizeof name), ENR_OK);
    assert_string_equal(name, "eines@acme.example|inès|okonkwo-varga|");
    lead.email = (enr_span_t){0};
    lead.contact.firstname = TEXT("  In\xc3\xa8s \t Maria ");
    assert_int_equal(name_of(&lead, name, sizeof name), ENR_OK);
    assert_string_equal(name, "ninès maria|okonkwo-varga|acme.example|");
    lead.contact.domain = (enr_span_t){0};
    assert_int_equal(name_of(&lead, name, sizeof name), ENR_OK);
    assert_string_equal(name, "ninès maria|okonkwo-varga|acme|");
    lead.contact.company_name = (enr_span_t){0};
    assert_int_equal(name_of(&lead, name, sizeof name), ENR_END);
    assert_string_equal(name, "");
    lead.payload = (enr_span_t){0};
    lead.contact.linkedin_url = (enr_span_t){0};
    assert_int_equal(name_of(&lead, name, sizeof name), ENR_OK);
    assert_string_equal(name, "xinès maria|okonkwo-varga|||||+33 1 23|cto|");
    for (size_t size = 0; size < strlen(name); size++) {
        enr_buffer_t buffer = enr_buffer_over(name, size);
        assert_int_equal(enr_lead_name(&lead, &buffer), ENR_E_LIMIT);
        assert_int_equal(buffer.len, 0);
    }
}

/* DESIGN 6: the latest wins, first time and token stay, nothing that was known is lost. */
static void test_update(void **state)
{
    (void)state;
    enr_lead_t before = full_lead();
    enr_lead_t scan = small_lead();
    scan.last = (enr_stamp_t){ENR_TIME_SET, 1793600000, 9, 5};
    enr_lead_update(&before, &scan);
    assert_int_equal(scan.scans, 3);
    assert_int_equal(scan.last.wall_s, 1793600000);
    assert_same_moment(&scan.first, &before.first);
    assert_true(enr_lead_same(&before, &scan)); /* the scan said nothing new */

    scan = small_lead();
    scan.contact.firstname = TEXT("Ines");
    scan.contact.company_name = TEXT("Borealis");
    scan.rating = 1;
    scan.types = ENR_TYPE_PERSONAL_EMAIL;
    scan.email = TEXT("i@borealis.example");
    scan.payload_lost = 4000;
    scan.consent = (enr_consent_t){ENR_CONSENT_PERSONAL_EMAIL | ENR_CONSENT_MARKETING, ENR_CONSENT_MARKETING,
                                   ENR_CONSENT_BY_FORM, TEXT("2026-04 en")};
    enr_lead_update(&before, &scan);
    assert_true(enr_span_equal(scan.contact.firstname, TEXT("Ines")));
    assert_int_equal(scan.contact.lastname.len, 0); /* a name is one field */
    assert_int_equal(scan.contact.domain.len, 0);   /* so is a company */
    assert_true(enr_span_equal(scan.contact.linkedin_url, before.contact.linkedin_url));
    assert_true(enr_span_equal(scan.email, TEXT("i@borealis.example")));
    assert_true(enr_span_equal(scan.phone, before.phone));
    assert_int_equal(scan.rating, 1);
    assert_int_equal(scan.types, ENR_TYPES_ALL);
    assert_int_equal(scan.payload.len, 0);
    assert_int_equal(scan.payload_lost, 4000);
    assert_memory_equal(scan.token, before.token, sizeof scan.token);
    /* consent by purpose: personal e-mail was withdrawn, contact was not asked for again */
    assert_int_equal(scan.consent.asked, ENR_CONSENT_CONTACT | ENR_CONSENT_PERSONAL_EMAIL | ENR_CONSENT_MARKETING);
    assert_int_equal(scan.consent.given, ENR_CONSENT_MARKETING);
    assert_true(enr_span_equal(scan.consent.notice, TEXT("2026-04 en")));
    assert_false(enr_lead_same(&before, &scan));

    before.scans = UINT32_MAX;
    enr_lead_update(&before, &scan);
    assert_int_equal(scan.scans, UINT32_MAX);
}

/* DESIGN 6: each request of a lead has its own token. */
static void test_token(void **state)
{
    (void)state;
    enr_lead_t lead = full_lead();
    static const char *const TOKENS[] = {"0102030405060708090a0b0c0d0e0ffc", "0102030405060708090a0b0c0d0e0ffd",
                                         "0102030405060708090a0b0c0d0e0ffe"};
    for (unsigned i = 0; i < ENR_TYPE_COUNT; i++) {
        uint8_t token[ENR_TOKEN_LEN];
        enr_lead_token(&lead, enr_type_of_number(i), token);
        assert_memory_equal(token, TOKENS[i], sizeof token);
        assert_int_equal(enr_type_number(enr_type_of_number(i)), i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_format),
        cmocka_unit_test(test_limit),          cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_refused_bytes),  cmocka_unit_test(test_later_fields_stay),
        cmocka_unit_test(test_name),           cmocka_unit_test(test_update),
        cmocka_unit_test(test_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
