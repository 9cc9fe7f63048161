/* One badge payload. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "enrich/badge.h"

#define FIELDS ENR_FIELD_COUNT

static void fields_of(const enr_badge_t *badge, enr_span_t out[FIELDS])
{
    for (enr_field_t field = 0; field < FIELDS; field++) {
        out[field] = enr_badge_field(badge, field);
        MUST((out[field].len > 0) == (badge->sources[field] != ENR_SOURCE_NONE));
        MUST((out[field].len > 0) == (enr_source_confidence(badge->sources[field]) != ENR_CONFIDENCE_NONE));
    }
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
}

/* Nothing is guessed from what no card and no profile explains, and nothing is taken of a secret. */
static void check_guesses(const enr_badge_t *badge, bool has_profile)
{
    const enr_contact_t *contact = &badge->contact;
    bool has_person = contact->firstname.len + contact->lastname.len + contact->company_name.len > 0;
    bool is_explained = badge->kind <= ENR_BADGE_AU || (has_profile && badge->kind == ENR_BADGE_DELIMITED);
    MUST(!has_person || is_explained);
    MUST(!badge->secret || (is_empty(badge) && strcmp(badge->reason, ENR_REASON_SECRET) == 0));
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
static void check_again(const enr_badge_t *badge, enr_span_t payload, const enr_badge_profile_t *profile)
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
        MUST(enr_badge_read(enr_buffer_span(&wrapped), profile, again) == ENR_OK);
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

/* The profile that the first byte of an input chooses: none, or one of three. */
static const enr_badge_profile_t *choose_profile(uint8_t choice)
{
    static const enr_span_t aliases[] = {{(const uint8_t *)"\xC2\xBA", 2}, {(const uint8_t *)"~", 1}};
    static const enr_field_t fields[] = {ENR_FIELD_ATTENDEE_ID, ENR_FIELD_FIRSTNAME, ENR_FIELD_LASTNAME,
                                         ENR_FIELD_SKIP,        ENR_FIELD_COMPANY,   ENR_FIELD_EMAIL,
                                         ENR_FIELD_URL,         ENR_FIELD_TITLE};
    static const enr_field_t whole[] = {ENR_FIELD_FULLNAME, ENR_FIELD_DOMAIN, ENR_FIELD_LINKEDIN_URL, ENR_FIELD_PHONE,
                                        ENR_FIELD_ATTENDEE_ID};
    static const enr_badge_profile_t profiles[] = {
        {.delimiter = {(const uint8_t *)"|", 1},
         .delimiter_aliases = aliases,
         .delimiter_alias_count = 2,
         .fields = fields,
         .field_count = sizeof fields / sizeof fields[0],
         .quote = '"'},
        {.delimiter = {(const uint8_t *)";;", 2},
         .fields = whole,
         .field_count = sizeof whole / sizeof whole[0],
         .charset = ENR_CHARSET_SHIFT_JIS,
         .strip_prefix = {(const uint8_t *)"P:", 2},
         .id_strip_prefix = {(const uint8_t *)"SB", 2}},
        {.charset = ENR_CHARSET_CP437,
         .id_url_prefix = {(const uint8_t *)"https://e.example/", 18},
         .other_hosts = {(const uint8_t *)"a.example b.example", 19}},
    };
    return choice % 4 == 0 ? NULL : &profiles[choice % 4 - 1];
}

/* The first byte chooses the profile; but for a card's or a URL's first letter, which choose none, so that files of
   badges are inputs. */
static const enr_badge_profile_t *take_profile(enr_span_t *input)
{
    if (input->len == 0 || input->ptr[0] >= 4) {
        return NULL;
    }
    return choose_profile(fuzz_choice(input));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enr_span_t input = {data, size};
    const enr_badge_profile_t *profile = take_profile(&input);
    enr_span_t payload = fuzz_copy(input);
    enr_badge_t *badge = fuzz_allocate(sizeof *badge);
    enr_status_t status = enr_badge_read(payload, profile, badge);
    MUST(status == ENR_OK || status == ENR_E_LIMIT || status == ENR_E_SYNTAX);
    MUST(payload.len <= ENR_BADGE_MAX || status == ENR_E_LIMIT);
    if (status == ENR_OK) {
        MUST(enr_badge_kind_name(badge->kind)[0] != '\0');
        check_texts(badge, payload);
        check_meaning(badge);
        check_guesses(badge, profile != NULL);
        check_enrichable(badge);
        bool is_marked = payload.len >= 2 && (payload.ptr[0] == 0xEF || payload.ptr[0] >= 0xFE); /* a byte order mark */
        if (!is_marked) {
            check_again(badge, payload, profile);
        }
    } else {
        MUST(is_empty(badge));
    }
    check_canonical(payload);
    free(badge);
    fuzz_free(payload);
    return 0;
}
