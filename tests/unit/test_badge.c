/* Badges to fields: the samples with all that must come out, cut at every byte and mutated at random; limits. The table
   of traps is in tests/badges/vectors, read by test_badge_vectors.c. */
#include "enrich/badge.h"

#include "enrich/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enr_badge_t badge;
static uint8_t *payload; /* exactly as large as what is read, so that the sanitizer sees an over-read */

static enr_status_t read_bytes(const void *bytes, size_t len)
{
    free(payload);
    payload = malloc(len > 0 ? len : 1);
    assert_non_null(payload);
    memcpy(payload, bytes, len);
    memset(&badge, 0xA5, sizeof badge); /* nothing may be left unset */
    return enr_badge_read((enr_span_t){len > 0 ? payload : NULL, len}, NULL, &badge);
}

static int release(void **state)
{
    (void)state;
    free(payload);
    payload = NULL;
    return 0;
}

static void add(char *out, size_t size, const char *name, enr_span_t value)
{
    size_t len = strlen(out);
    if (value.len > 0) {
        (void)snprintf(out + len, size - len, " %s=[%.*s]", name, (int)value.len, (const char *)value.ptr);
    }
}

/* All that a badge says, as words. */
static const char *words(void)
{
    static char out[8192];
    (void)snprintf(out, sizeof out, "%s", enr_badge_kind_name(badge.kind));
    add(out, sizeof out, "first", badge.contact.firstname);
    add(out, sizeof out, "last", badge.contact.lastname);
    add(out, sizeof out, "company", badge.contact.company_name);
    add(out, sizeof out, "domain", badge.contact.domain);
    add(out, sizeof out, "linkedin", badge.contact.linkedin_url);
    add(out, sizeof out, "email", badge.email);
    add(out, sizeof out, "phone", badge.phone);
    add(out, sizeof out, "title", badge.title);
    add(out, sizeof out, "id", badge.attendee_id);
    size_t len = strlen(out);
    (void)snprintf(out + len, sizeof out - len, " %s%s%s%s", badge.enrichable & ENR_TYPE_EMAIL ? "+email" : "",
                   badge.enrichable & ENR_TYPE_PHONE ? "+phone" : "",
                   badge.enrichable & ENR_TYPE_PERSONAL_EMAIL ? "+personal_email" : "",
                   badge.reason != NULL ? badge.reason : "");
    return out;
}

#define NAMED "vcard first=[Teodor] last=[Lindqvist]"

/* The samples, which are payloads as a scanner hands them over. */
static const struct {
    const char *file;
    const char *words;
} samples[] = {
    {"teodor-lindqvist.vcf", NAMED " company=[Acme Example, Inc.] domain=[acme.example] "
                                   "email=[teodor.lindqvist@acme.example] phone=[+46 8 555 01 23] "
                                   "title=[Head of Measurement] +email"},
    {"ines-okonkwo-varga.mecard", "mecard first=[Inès] last=[Okonkwo-Varga] company=[Acme Example France] "
                                  "linkedin=[https://www.linkedin.com/in/ines-okonkwo-varga-example] "
                                  "+email+phone+personal_email"},
    {"maelle-abubakar-21.vcf", "vcard first=[Maëlle] last=[Abubakar] company=[Boréalis Démo; Fils] "
                               "domain=[borealis.example] email=[m.abubakar@borealis.example] "
                               "phone=[+33 6 39 98 01 23] title=[Director, Sales] +email"},
    {"apple-30.vcf",
     "vcard first=[Odalys] last=[Castellanos Ruiz] company=[Meridian Labs] domain=[meridian.example] "
     "linkedin=[https://www.linkedin.com/in/odalys-castellanos-example] email=[odalys@meridian.example] "
     "phone=[+34 600 000 012] +email+phone+personal_email"},
    {"vcard-40.vcf",
     "vcard first=[Joost] last=[van den Akker] company=[Noordzee Meettechniek BV] "
     "domain=[noordzee.example] linkedin=[https://www.linkedin.com/in/joost-van-den-akker-example] "
     "email=[joost@noordzee.example] phone=[+31-6-5550-0101] title=[Systems Engineer] +email+phone+personal_email"},
    {"windows-1252.vcf", "vcard first=[Jörg] last=[Müller-Straßer] company=[Glühwurm – Licht & Co] "
                         "domain=[gluehwurm.example] email=[joerg@gluehwurm.example] +email"},
    {"folded-inside-characters.vcf", "vcard first=[Zoë] last=[Åström] company=[Blå Kulle AB] "
                                     "domain=[blakulle.example] email=[zoe@blakulle.example] +email"},
    {"nested-and-second-card.vcf", "vcard first=[Yara] last=[Haddad] company=[Cedar Freight] domain=[cedar.example] "
                                   "email=[yara@cedar.example] +email"},
    {"company.vcf", "vcard company=[Acme, Inc.] domain=[acme.example] email=[hello@acme.example] no_name"},
    {"attendee-id.mecard", "mecard first=[Priya] last=[Raghunathan] company=[Sandhill Robotics] "
                           "domain=[sandhill.example] email=[priya@sandhill.example] phone=[+1 202 555 0117] "
                           "id=[0187WCI5] +email"},
    {"linkedin.txt", "linkedin linkedin=[https://www.linkedin.com/in/teodor-lindqvist-example] no_name"},
    {"event-url.txt", "url url_only"},
    {"opaque-id.txt", "id id=[SB00pax0012] opaque_id"},
    {"email.txt", "email domain=[acme.example] email=[teodor.lindqvist@acme.example] no_name"},
    {"delimited.txt", "delimited domain=[acme.example] linkedin=[https://www.linkedin.com/in/teodor-lindqvist-example] "
                      "email=[teodor.lindqvist@acme.example] no_template"},
    {"plain-text.txt", "text no_name"},
};

/* Fills bytes with a sample, of at most ENR_BADGE_MAX. */
static size_t load(size_t sample, uint8_t *bytes)
{
    char path[128];
    (void)snprintf(path, sizeof path, "tests/badges/%s", samples[sample].file);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("cannot open %s", path);
    }
    size_t len = fread(bytes, 1, ENR_BADGE_MAX, file);
    assert_int_equal(fclose(file), 0);
    assert_true(len > 0);
    return len;
}

static void sample_files(void **state)
{
    (void)state;
    static uint8_t bytes[ENR_BADGE_MAX];
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        size_t len = load(i, bytes);
        assert_int_equal(read_bytes(bytes, len), ENR_OK);
        assert_string_equal(words(), samples[i].words);
    }
}

static bool is_within(enr_span_t field, const uint8_t *start, size_t len)
{
    return field.ptr >= start && field.ptr + field.len <= start + len;
}

static void check_field(enr_span_t field, size_t payload_len)
{
    if (field.len == 0) {
        return;
    }
    assert_true(is_within(field, payload, payload_len) || is_within(field, badge.text, sizeof badge.text));
    assert_true(enr_utf8_valid(field));
    assert_true(enr_span_equal(enr_span_trim(field), field));
    for (size_t i = 0; i < field.len; i++) {
        assert_true(field.ptr[i] >= 0x20 && field.ptr[i] != 0x7F);
        assert_false(field.ptr[i] == 0xC2 && field.ptr[i + 1] < 0xA0); /* C1 */
    }
}

/* What holds for any bytes. */
static void check_anything(const uint8_t *bytes, size_t len)
{
    enr_status_t status = read_bytes(bytes, len);
    assert_true(status == ENR_OK || status == ENR_E_SYNTAX || status == ENR_E_LIMIT);
    const enr_contact_t *contact = &badge.contact;
    const enr_span_t fields[] = {contact->firstname,    contact->lastname,     contact->domain,
                                 contact->company_name, contact->linkedin_url, badge.email,
                                 badge.phone,           badge.title,           badge.attendee_id};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        assert_true(status == ENR_OK || fields[i].len == 0);
        check_field(fields[i], len);
    }
    if (status != ENR_OK) {
        return;
    }
    assert_true((badge.enrichable == 0) == (badge.reason != NULL));
    for (unsigned type = 1; type <= ENR_TYPE_PERSONAL_EMAIL; type <<= 1) {
        enr_refusal_t refusal;
        enr_options_t options = {.types = type};
        bool passes = enr_contact_check(contact, &options, ENR_CALL_ASYNC, &refusal) == ENR_OK;
        assert_true(passes == ((badge.enrichable & type) != 0));
    }
    assert_true(contact->domain.len == 0 || enr_domain_valid(contact->domain));
    for (size_t i = 0; i < contact->domain.len; i++) {
        assert_true(contact->domain.ptr[i] < 'A' || contact->domain.ptr[i] > 'Z');
    }
    if (contact->linkedin_url.len > 0) { /* canonical: its canonical form is itself */
        uint8_t text[ENR_BADGE_TEXT_MAX];
        enr_buffer_t again = enr_buffer_over(text, sizeof text);
        assert_int_equal(enr_linkedin_canonical(contact->linkedin_url, &again), ENR_OK);
        assert_true(enr_span_equal(enr_buffer_span(&again), contact->linkedin_url));
    }
}

static void cut_at_every_byte(void **state)
{
    (void)state;
    static uint8_t bytes[ENR_BADGE_MAX];
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        size_t len = load(i, bytes);
        for (size_t cut = 0; cut <= len; cut++) {
            check_anything(bytes, cut);
            check_anything(bytes + cut, len - cut);
        }
    }
}

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Changes, inserts or removes a few bytes, mostly ones that mean something to the reader. */
static size_t mutate(uint8_t *bytes, size_t len, size_t capacity, uint32_t *seed)
{
    static const char telling[] =
        "\r\n\n\t =\\;:,.\"@/%?#BEGIN:END:VCARDN:FN:URL:;QUOTED-PRINTABLE\xC3\xA8\xE9\x80\xED\xA0\0";
    for (uint32_t count = 1 + next_random(seed) % 6; count > 0; count--) {
        size_t at = next_random(seed) % (len + 1);
        uint8_t byte = (uint8_t)telling[next_random(seed) % (sizeof telling - 1)];
        uint32_t what = next_random(seed) % 4;
        if (what == 0 && at < len) {
            bytes[at] = byte;
        } else if (what == 1 && at < len) {
            bytes[at] = (uint8_t)next_random(seed);
        } else if (what == 2 && at < len) {
            size_t removed = 1 + next_random(seed) % (len - at);
            removed = removed > 20 ? 1 : removed;
            memmove(bytes + at, bytes + at + removed, len - at - removed);
            len -= removed;
        } else if (len < capacity) {
            memmove(bytes + at + 1, bytes + at, len - at);
            bytes[at] = byte;
            len++;
        }
    }
    return len;
}

static void random_mutations(void **state)
{
    (void)state;
    static uint8_t bytes[ENR_BADGE_MAX];
    uint32_t seed = 20261123;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        for (size_t round = 0; round < 1500; round++) {
            size_t len = load(i, bytes);
            check_anything(bytes, mutate(bytes, len, sizeof bytes, &seed));
        }
    }
}

static void nothing_to_read(void **state)
{
    (void)state;
    assert_int_equal(read_bytes("", 0), ENR_E_SYNTAX);
    assert_int_equal(read_bytes(" \t\r\n\0\x1B\x7F", 8), ENR_E_SYNTAX);
    assert_int_equal(read_bytes("\xEF\xBB\xBF\r\n", 5), ENR_E_SYNTAX);
}

/* A card of one property with this many letters, folded after the first one if asked for. */
static enr_status_t read_long(const char *head, size_t letters, const char *fold, const char *tail)
{
    static char text[2 * ENR_BADGE_MAX];
    int at = snprintf(text, sizeof text, "BEGIN:VCARD\r\n%sx%s", head, fold);
    memset(text + at, 'x', letters - 1);
    size_t len = (size_t)at + letters - 1;
    len += (size_t)snprintf(text + len, sizeof text - len, "%s", tail);
    return read_bytes(text, len);
}

/* A field that stands in the payload as it is takes no room; one that had to be decoded has ENR_BADGE_TEXT_MAX. A note
   is only searched and a photograph passed over, whatever their length. */
static void limits(void **state)
{
    (void)state;
    assert_int_equal(read_long("TITLE:", ENR_BADGE_TEXT_MAX + 500, "", "\r\n"), ENR_OK);
    assert_int_equal(badge.title.len, ENR_BADGE_TEXT_MAX + 500);
    assert_true(is_within(badge.title, payload, ENR_BADGE_MAX));
    assert_int_equal(read_long("TITLE:", ENR_BADGE_TEXT_MAX, "\r\n ", "\r\n"), ENR_OK);
    assert_int_equal(badge.title.len, ENR_BADGE_TEXT_MAX);
    assert_int_equal(read_long("TITLE:", ENR_BADGE_TEXT_MAX + 1, "\r\n ", "\r\n"), ENR_E_LIMIT);
    assert_int_equal(read_long("NOTE:", ENR_BADGE_TEXT_MAX + 50, "\r\n ", " linkedin.com/in/teodor\r\nTITLE:Boss\r\n"),
                     ENR_OK);
    assert_string_equal(words(), "vcard linkedin=[https://www.linkedin.com/in/teodor] title=[Boss] no_name");
    assert_int_equal(read_long("PHOTO;ENCODING=b:", 3000, "\r\n ", "\r\nTITLE:Boss\r\n"), ENR_OK);
    assert_string_equal(words(), "vcard title=[Boss] no_name");
    assert_int_equal(read_long("LOGO:", 3000, "\r\n ", "\r\nTITLE:Boss\r\n"), ENR_OK);
    assert_string_equal(words(), "vcard title=[Boss] no_name");
    assert_int_equal(read_long("AGENT:", 3000, "\r\n ", "\r\nTITLE:Boss\r\n"), ENR_OK);
    assert_string_equal(words(), "vcard title=[Boss] no_name");
    assert_int_equal(read_long("N:Lindqvist;Teodor\r\nORG:", ENR_NAME_MAX, "", "\r\n"), ENR_OK);
    assert_int_equal(badge.enrichable, ENR_TYPE_EMAIL);
    assert_int_equal(read_long("N:Lindqvist;Teodor\r\nORG:", ENR_NAME_MAX + 1, "", "\r\n"), ENR_OK);
    assert_int_equal(badge.enrichable, 0);
    assert_string_equal(badge.reason, ENR_REASON_REFUSED);

    assert_int_equal(read_long("FN:Teodor ", ENR_NAME_MAX + 1, "", "\r\nEMAIL:t@acme.example\r\n"), ENR_OK);
    assert_string_equal(badge.reason, ENR_REASON_REFUSED);

    static uint8_t bytes[ENR_BADGE_MAX + 1];
    memset(bytes, 'a', sizeof bytes);
    assert_int_equal(read_bytes(bytes, ENR_BADGE_MAX), ENR_OK);
    assert_int_equal(badge.attendee_id.len, ENR_BADGE_MAX);
    assert_int_equal(read_bytes(bytes, ENR_BADGE_MAX + 1), ENR_E_LIMIT);
}

static void kind_names(void **state)
{
    (void)state;
    static const char *const expected[] = {"vcard",     "mecard", "bizcard", "au", "ndef", "linkedin",
                                           "delimited", "url",    "email",   "id", "text"};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_string_equal(enr_badge_kind_name((enr_badge_kind_t)i), expected[i]);
    }
}

/* Each source has a name of its own and the confidence that badge.h gives it. */
static void sources(void **state)
{
    (void)state;
    static const char *const confidences[] = {"none",   "high",   "high",   "high", "high",
                                              "medium", "medium", "medium", "low"};
    for (enr_source_t source = ENR_SOURCE_NONE; source <= ENR_SOURCE_UNSPLIT; source++) {
        assert_string_equal(enr_confidence_name(enr_source_confidence(source)), confidences[source]);
        for (enr_source_t other = ENR_SOURCE_NONE; other < source; other++) {
            assert_string_not_equal(enr_source_name(source), enr_source_name(other));
        }
    }
}

/* Addresses that begin alike take room for one only: a badge of many records and URLs comes to its limit, and says so.
 */
static void limits_of_a_tag(void **state)
{
    (void)state;
    static uint8_t message[ENR_BADGE_MAX + 1];
    size_t len = 0;
    for (size_t i = 0; i < 20; i++) {
        const uint8_t head[] = {0x11, 1, 101, 'U', 4};
        memcpy(message + len, head, sizeof head);
        memset(message + len + sizeof head, 'a', 100);
        len += sizeof head + 100;
    }
    assert_int_equal(enr_badge_read_ndef((enr_span_t){message, 9 * 105}, NULL, &badge), ENR_OK);
    assert_int_equal(enr_badge_read_ndef((enr_span_t){message, len}, NULL, &badge), ENR_E_LIMIT);
    assert_int_equal(enr_badge_read_ndef((enr_span_t){message, sizeof message}, NULL, &badge), ENR_E_LIMIT);
    assert_int_equal(enr_badge_read_ndef((enr_span_t){message, 0}, NULL, &badge), ENR_E_SYNTAX);
    const uint8_t unknown[] = {0xD4, 3, 1, 'a', ':', 'b', 'x'};
    assert_int_equal(enr_badge_read_ndef((enr_span_t){unknown, sizeof unknown}, NULL, &badge), ENR_E_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(sample_files, release),
        cmocka_unit_test_teardown(cut_at_every_byte, release),
        cmocka_unit_test_teardown(random_mutations, release),
        cmocka_unit_test_teardown(nothing_to_read, release),
        cmocka_unit_test_teardown(limits, release),
        cmocka_unit_test(kind_names),
        cmocka_unit_test(sources),
        cmocka_unit_test(limits_of_a_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
