/* One badge payload. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "enrich/badge.h"

#define FIELDS 9

static void fields_of(const enr_badge_t *badge, enr_span_t out[FIELDS])
{
    const enr_contact_t *contact = &badge->contact;
    const enr_span_t fields[FIELDS] = {
        contact->firstname, contact->lastname, contact->domain, contact->company_name, contact->linkedin_url,
        badge->email,       badge->phone,      badge->title,    badge->attendee_id,
    };
    memcpy(out, fields, sizeof fields);
}

static bool is_empty(const enr_badge_t *badge)
{
    enr_span_t fields[FIELDS];
    size_t len = 0;
    fields_of(badge, fields);
    for (size_t i = 0; i < FIELDS; i++) {
        len += fields[i].len;
    }
    return len == 0;
}

/* Text to show, a view of the payload or of the badge's own memory. */
static void check_texts(const enr_badge_t *badge, enr_span_t payload)
{
    enr_span_t fields[FIELDS];
    fields_of(badge, fields);
    for (size_t i = 0; i < FIELDS; i++) {
        MUST(fuzz_lies_in(fields[i], payload) ||
             fuzz_lies_in(fields[i], (enr_span_t){badge->text, sizeof badge->text}));
        MUST(fuzz_is_printable(fields[i]));
        MUST(enr_span_trim(fields[i]).len == fields[i].len);
    }
}

/* Appends the canonical form to memory of exactly its size, and one byte less. */
static void check_canonical(enr_span_t text)
{
    size_t capacity = text.len + 64;
    enr_buffer_t out = enr_buffer_over(fuzz_allocate(capacity), capacity);
    enr_status_t status = enr_linkedin_canonical(text, &out);
    MUST(status == ENR_OK || (status == ENR_E_URL && out.len == 0));
    if (status == ENR_OK) {
        enr_span_t prefix = ENR_SPAN("https://www.linkedin.com/in/");
        enr_span_t url = fuzz_copy(enr_buffer_span(&out));
        MUST(url.len > prefix.len && enr_span_equal(enr_span_slice(url, 0, prefix.len), prefix));
        MUST(fuzz_is_printable(url) && memchr(url.ptr, ' ', url.len) == NULL);

        enr_buffer_t exact = enr_buffer_over(fuzz_allocate(url.len), url.len);
        MUST(enr_linkedin_canonical(url, &exact) == ENR_OK && enr_span_equal(enr_buffer_span(&exact), url));
        enr_buffer_t small = enr_buffer_over(exact.ptr, url.len - 1);
        MUST(enr_linkedin_canonical(url, &small) == ENR_E_LIMIT && small.len == 0 && small.full);
        free(exact.ptr);
        fuzz_free(url);
    }
    free(out.ptr);
}

/* Each field is what its name says (domain 1.5, 1.6). */
static void check_meaning(const enr_badge_t *badge)
{
    const enr_contact_t *contact = &badge->contact;
    MUST(contact->domain.len == 0 || enr_domain_valid(contact->domain));
    for (size_t i = 0; i < contact->domain.len; i++) {
        MUST(contact->domain.ptr[i] < 'A' || contact->domain.ptr[i] > 'Z');
    }
    if (contact->linkedin_url.len > 0) {
        enr_buffer_t out = enr_buffer_over(fuzz_allocate(contact->linkedin_url.len), contact->linkedin_url.len);
        MUST(enr_linkedin_canonical(contact->linkedin_url, &out) == ENR_OK);
        MUST(enr_span_equal(enr_buffer_span(&out), contact->linkedin_url));
        free(out.ptr);
    }
    if (badge->email.len > 0) {
        const uint8_t *at = memchr(badge->email.ptr, '@', badge->email.len);
        MUST(at != NULL && at > badge->email.ptr);
        size_t local_len = (size_t)(at - badge->email.ptr);
        MUST(enr_domain_valid(enr_span_slice(badge->email, local_len + 1, badge->email.len)));
    }
    bool has_person = contact->firstname.len + contact->lastname.len + contact->company_name.len > 0;
    MUST(!has_person || badge->kind == ENR_BADGE_VCARD || badge->kind == ENR_BADGE_MECARD); /* nothing is guessed */
}

/* What is said to be enrichable is what the local check lets through. */
static void check_enrichable(const enr_badge_t *badge)
{
    for (unsigned type = ENR_TYPE_EMAIL; type <= ENR_TYPE_PERSONAL_EMAIL; type <<= 1) {
        enr_refusal_t refusal;
        enr_options_t options = {.types = type};
        bool passes = enr_contact_check(&badge->contact, &options, ENR_CALL_ASYNC, &refusal) == ENR_OK;
        MUST(passes == ((badge->enrichable & type) != 0));
    }
    MUST((badge->enrichable == 0) == (badge->reason != NULL) && badge->enrichable <= ENR_TYPES_ALL);
}

/* The same payload elsewhere in memory, with a byte order mark and white space around it, says the same. */
static void check_again(const enr_badge_t *badge, enr_span_t payload)
{
    enr_span_t mark = ENR_SPAN("\xEF\xBB\xBF \n");
    enr_span_t space = ENR_SPAN(" \r\n");
    size_t len = mark.len + payload.len + space.len;
    enr_buffer_t wrapped = enr_buffer_over(fuzz_allocate(len), len);
    enr_buffer_append(&wrapped, mark);
    enr_buffer_append(&wrapped, payload);
    enr_buffer_append(&wrapped, space);
    enr_badge_t *again = fuzz_allocate(sizeof *again);
    if (len <= ENR_BADGE_MAX) {
        MUST(enr_badge_read(enr_buffer_span(&wrapped), NULL, again) == ENR_OK);
        MUST(again->kind == badge->kind && again->enrichable == badge->enrichable && again->reason == badge->reason);
        enr_span_t first[FIELDS];
        enr_span_t second[FIELDS];
        fields_of(badge, first);
        fields_of(again, second);
        for (size_t i = 0; i < FIELDS; i++) {
            MUST(enr_span_equal(first[i], second[i]));
        }
    }
    free(again);
    free(wrapped.ptr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enr_span_t payload = fuzz_copy((enr_span_t){data, size});
    enr_badge_t *badge = fuzz_allocate(sizeof *badge);
    enr_status_t status = enr_badge_read(payload, NULL, badge);
    MUST(status == ENR_OK || status == ENR_E_LIMIT || status == ENR_E_SYNTAX);
    MUST(size <= ENR_BADGE_MAX || status == ENR_E_LIMIT);
    if (status == ENR_OK) {
        MUST(enr_badge_kind_name(badge->kind)[0] != '\0');
        check_texts(badge, payload);
        check_meaning(badge);
        check_enrichable(badge);
        if (size < 3 || memcmp(data, "\xEF\xBB\xBF", 3) != 0) {
            check_again(badge, payload);
        }
    } else {
        MUST(is_empty(badge));
    }
    check_canonical(payload);
    free(badge);
    fuzz_free(payload);
    return 0;
}
