#include "badge_internal.h"

#include "enrich/ndef.h"
#include "enrich/utf8.h"

#include <assert.h>
#include <string.h>

/* --- What the readers give the badge --- */

static enr_span_t *place_of(enr_badge_t *badge, enr_field_t field)
{
    static const uint16_t offsets[ENR_FIELD_COUNT] = {
        [ENR_FIELD_FIRSTNAME] = offsetof(enr_badge_t, contact.firstname),
        [ENR_FIELD_LASTNAME] = offsetof(enr_badge_t, contact.lastname),
        [ENR_FIELD_COMPANY] = offsetof(enr_badge_t, contact.company_name),
        [ENR_FIELD_DOMAIN] = offsetof(enr_badge_t, contact.domain),
        [ENR_FIELD_EMAIL] = offsetof(enr_badge_t, email),
        [ENR_FIELD_PHONE] = offsetof(enr_badge_t, phone),
        [ENR_FIELD_TITLE] = offsetof(enr_badge_t, title),
        [ENR_FIELD_LINKEDIN_URL] = offsetof(enr_badge_t, contact.linkedin_url),
        [ENR_FIELD_ATTENDEE_ID] = offsetof(enr_badge_t, attendee_id),
    };
    assert(field < ENR_FIELD_COUNT);
    return (enr_span_t *)(void *)((uint8_t *)badge + offsets[field]);
}

enr_span_t enr_badge_field(const enr_badge_t *badge, enr_field_t field)
{
    return *place_of((enr_badge_t *)(uintptr_t)badge, field);
}

void badge_set(reading_t *reading, enr_field_t field, enr_span_t value, enr_source_t source)
{
    enr_span_t *place = place_of(reading->badge, field);
    if (place->len > 0 || value.len == 0) {
        return;
    }
    *place = value;
    if (field == ENR_FIELD_ATTENDEE_ID) {
        const enr_span_t bare = enr_span_without(value, reading->profile->id_strip_prefix);
        if (bare.len > 0) {
            *place = bare;
        }
    }
    reading->badge->sources[field] = (uint8_t)source;
}

void badge_set_domain(reading_t *reading, enr_span_t domain, enr_source_t source)
{
    gathered_t lower = {.text = &reading->text};
    for (size_t i = 0; i < domain.len && reading->badge->contact.domain.len == 0; i++) {
        text_put(&lower, enr_to_lower(domain.ptr[i]), domain.ptr + i);
    }
    badge_set(reading, ENR_FIELD_DOMAIN, (enr_span_t){lower.start, lower.len}, source);
}

void badge_set_email(reading_t *reading, enr_span_t email, enr_source_t source)
{
    badge_set(reading, ENR_FIELD_EMAIL, email, source);
    badge_set_domain(reading, badge_domain_of_email(reading, email), ENR_SOURCE_EMAIL);
}

bool badge_take_linkedin(reading_t *reading, enr_span_t text, size_t mark, enr_source_t source)
{
    static const char shortest[] = "linkedin.com/in/x";
    const size_t start = reading->text.len;
    if (text.len < sizeof shortest - 1 || reading->badge->contact.linkedin_url.len > 0 ||
        enr_linkedin_canonical(text, &reading->text) != ENR_OK) {
        return false;
    }
    const size_t len = reading->text.len - start;
    memmove(reading->text.ptr + mark, reading->text.ptr + start, len);
    reading->text.len = mark + len;
    badge_set(reading, ENR_FIELD_LINKEDIN_URL, (enr_span_t){reading->text.ptr + mark, len}, source);
    return true;
}

enr_span_t badge_domain_of_email(const reading_t *reading, enr_span_t email)
{
    return enr_domain_of_email(email, reading->profile->other_hosts);
}

enr_span_t badge_domain_of_url(const reading_t *reading, enr_span_t url)
{
    const enr_badge_profile_t *profile = reading->profile;
    const enr_span_t domain = enr_domain_of_url(url, profile->other_hosts);
    const enr_span_t organiser = enr_domain_of_url(profile->id_url_prefix, nothing());
    return organiser.len > 0 ? enr_domain_of_url(domain, organiser) : domain;
}

/* --- What the payload is --- */

/* What must not be kept: passwords of networks and one-time passwords, codes of eSIMs and passkeys, private keys,
   health passes (domain 1.7). */
static bool is_secret(enr_span_t text)
{
    static const char beginnings[][12] = {"otpauth", "WIFI:", "LPA:1$", "FIDO:/", "-----BEGIN ", "HC1:", "shc:/"};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (enr_span_begins(text, beginnings[i])) {
            return true;
        }
    }
    return false;
}

/* The payload without white space and control characters at its ends. */
static enr_span_t trim(enr_span_t payload)
{
    size_t start = 0;
    while (start < payload.len && is_void(payload.ptr[start])) {
        start++;
    }
    size_t end = payload.len;
    while (end > start && is_void(payload.ptr[end - 1])) {
        end--;
    }
    return enr_span_slice(payload, start, end);
}

/* The payload without a byte order mark, the event's prefix, and white space and control characters at its ends. */
static enr_span_t strip(const reading_t *reading, enr_span_t payload)
{
    payload = trim(enr_span_without(payload, ENR_SPAN("\xEF\xBB\xBF")));
    return trim(enr_span_without(payload, reading->profile->strip_prefix));
}

static const struct {
    const char *beginning;
    uint8_t dialect;
    uint8_t kind;
} card_formats[] = {
    {"BEGIN:VCARD", DIALECT_VCARD, ENR_BADGE_VCARD},
    {"MECARD:", DIALECT_MECARD, ENR_BADGE_MECARD},
    {"BIZCARD:", DIALECT_BIZCARD, ENR_BADGE_BIZCARD},
    {"MEMORY:", DIALECT_AU, ENR_BADGE_AU},
    {"NAME1:", DIALECT_AU, ENR_BADGE_AU},
};

static void read_card(reading_t *reading, dialect_t dialect)
{
    if (!reading->has_card) {
        reading->has_card = true;
        reading->dialect = dialect;
        card_read(reading);
        card_finish(reading);
    }
}

/* Reads one payload and adds what it says to the badge. It holds at least one byte. */
static enr_badge_kind_t read_payload(reading_t *reading, enr_span_t payload)
{
    const enr_charset_t charset = reading->profile->charset;
    memset(reading->values, 0, sizeof reading->values);
    reading->payload = payload;
    reading->dialect = DIALECT_PLAIN;
    reading->charset =
        charset == ENR_CHARSET_WESTERN && !enr_utf8_valid(payload) ? enr_charset_guess(payload) : charset;
    if (is_secret(payload)) {
        reading->badge->secret = true;
        return enr_url_begins(payload) ? ENR_BADGE_URL : ENR_BADGE_TEXT;
    }
    for (size_t i = 0; i < sizeof card_formats / sizeof card_formats[0]; i++) {
        if (enr_span_begins(payload, card_formats[i].beginning)) {
            read_card(reading, (dialect_t)card_formats[i].dialect);
            return (enr_badge_kind_t)card_formats[i].kind;
        }
    }
    return plain_read(reading);
}

/* --- The verdict --- */

static const char *reason_of(const reading_t *reading)
{
    const enr_badge_t *badge = reading->badge;
    const enr_contact_t *contact = &badge->contact;
    bool has_first = contact->firstname.len > 0;
    bool has_last = contact->lastname.len > 0;
    if (!has_first && !has_last) {
        return badge->secret                        ? ENR_REASON_SECRET
               : reading->is_unreadable             ? ENR_REASON_UNREADABLE
               : badge->attendee_id.len > 0         ? ENR_REASON_OPAQUE_ID
               : badge->kind == ENR_BADGE_URL       ? ENR_REASON_URL_ONLY
               : badge->kind == ENR_BADGE_DELIMITED ? ENR_REASON_NO_TEMPLATE
                                                    : ENR_REASON_NO_NAME;
    }
    if (!has_first || !has_last) {
        return has_first ? ENR_REASON_NO_LASTNAME : ENR_REASON_NO_FIRSTNAME;
    }
    bool has_company = contact->company_name.len > 0 || contact->domain.len > 0 || contact->linkedin_url.len > 0;
    return has_company ? ENR_REASON_REFUSED : ENR_REASON_NO_COMPANY;
}

static void judge(const reading_t *reading)
{
    enr_badge_t *badge = reading->badge;
    for (unsigned type = ENR_TYPE_EMAIL; type <= ENR_TYPE_PERSONAL_EMAIL; type <<= 1) {
        enr_refusal_t refusal;
        enr_options_t options = {.types = type};
        if (enr_contact_check(&badge->contact, &options, ENR_CALL_ASYNC, &refusal) == ENR_OK) {
            badge->enrichable |= type;
        }
    }
    badge->reason = badge->enrichable == 0 ? reason_of(reading) : NULL;
}

/* --- The whole --- */

static void start(reading_t *reading, const enr_badge_profile_t *profile, enr_badge_t *badge)
{
    static const enr_badge_profile_t no_profile;
    memset(badge, 0, sizeof *badge);
    *reading = (reading_t){
        .text = enr_buffer_over(badge->text, sizeof badge->text),
        .profile = profile != NULL ? profile : &no_profile,
        .badge = badge,
    };
}

static enr_status_t finish(const reading_t *reading, enr_badge_kind_t kind)
{
    if (reading->text.full) {
        memset(reading->badge, 0, sizeof *reading->badge);
        return ENR_E_LIMIT;
    }
    reading->badge->kind = kind;
    judge(reading);
    return ENR_OK;
}

/* UTF-16 becomes UTF-8 in the badge's text; what is malformed stays as it is. */
static enr_span_t without_utf16(reading_t *reading, enr_span_t payload, bool is_utf16)
{
    const size_t mark = reading->text.len;
    bool is_marked = payload.len >= 2 && payload.ptr[0] + payload.ptr[1] == 0xFF + 0xFE && payload.ptr[0] >= 0xFE;
    if ((is_utf16 || is_marked) && enr_charset_utf16(payload, true, &reading->text) == ENR_OK) {
        return from(enr_buffer_span(&reading->text), mark);
    }
    return payload;
}

enr_status_t enr_badge_read(enr_span_t payload, const enr_badge_profile_t *profile, enr_badge_t *out_badge)
{
    assert(out_badge != NULL);
    reading_t reading;
    start(&reading, profile, out_badge);
    if (payload.len == 0 || payload.len > ENR_BADGE_MAX) {
        return payload.len == 0 ? ENR_E_SYNTAX : ENR_E_LIMIT;
    }
    payload = strip(&reading, without_utf16(&reading, payload, false));
    return payload.len == 0 ? ENR_E_SYNTAX : finish(&reading, read_payload(&reading, payload));
}

/* The text of a record, without what surrounds it; empty when the record is not for a badge. */
static enr_span_t text_of(reading_t *reading, const enr_ndef_record_t *record)
{
    const size_t mark = reading->text.len;
    switch (record->kind) {
    case ENR_NDEF_TEXT:
    case ENR_NDEF_CARD:
        return strip(reading, without_utf16(reading, record->payload, record->utf16));
    case ENR_NDEF_URI:
        enr_buffer_append(&reading->text, enr_span_from_str(record->uri_prefix));
        enr_buffer_append(&reading->text, record->payload);
        return strip(reading, from(enr_buffer_span(&reading->text), mark));
    default:
        return nothing();
    }
}

/* Reads the records that are cards, or those that are not; true when there was one with a text. */
static bool read_records(reading_t *reading, enr_span_t message, bool cards)
{
    bool found = false;
    enr_ndef_record_t record;
    while (enr_ndef_next(&message, &record) == ENR_OK) {
        reading->badge->secret = reading->badge->secret || record.kind == ENR_NDEF_SECRET;
        if ((record.kind == ENR_NDEF_CARD) == cards) {
            enr_span_t text = text_of(reading, &record);
            if (text.len > 0) {
                (void)read_payload(reading, text);
            }
            found = found || text.len > 0;
        }
    }
    return found;
}

enr_status_t enr_badge_read_ndef(enr_span_t message, const enr_badge_profile_t *profile, enr_badge_t *out_badge)
{
    assert(out_badge != NULL);
    reading_t reading;
    start(&reading, profile, out_badge);
    if (message.len > ENR_BADGE_MAX) {
        return ENR_E_LIMIT;
    }
    const bool has_card = read_records(&reading, message, true);
    const bool has_text = read_records(&reading, message, false);
    if (!has_card && !has_text && !out_badge->secret) {
        return ENR_E_SYNTAX;
    }
    return finish(&reading, ENR_BADGE_NDEF);
}

/* --- Words --- */

const char *enr_badge_kind_name(enr_badge_kind_t kind)
{
    static const char *const names[] = {
        [ENR_BADGE_VCARD] = "vcard", [ENR_BADGE_MECARD] = "mecard",     [ENR_BADGE_BIZCARD] = "bizcard",
        [ENR_BADGE_AU] = "au",       [ENR_BADGE_NDEF] = "ndef",         [ENR_BADGE_DELIMITED] = "delimited",
        [ENR_BADGE_URL] = "url",     [ENR_BADGE_LINKEDIN] = "linkedin", [ENR_BADGE_EMAIL] = "email",
        [ENR_BADGE_ID] = "id",       [ENR_BADGE_TEXT] = "text",
    };
    assert((size_t)kind < sizeof names / sizeof names[0]);
    return names[kind];
}

const char *enr_field_name(enr_field_t field)
{
    static const char *const names[] = {
        [ENR_FIELD_FIRSTNAME] = "firstname",
        [ENR_FIELD_LASTNAME] = "lastname",
        [ENR_FIELD_COMPANY] = "company",
        [ENR_FIELD_DOMAIN] = "domain",
        [ENR_FIELD_EMAIL] = "email",
        [ENR_FIELD_PHONE] = "phone",
        [ENR_FIELD_TITLE] = "title",
        [ENR_FIELD_LINKEDIN_URL] = "linkedin_url",
        [ENR_FIELD_ATTENDEE_ID] = "attendee_id",
        [ENR_FIELD_FULLNAME] = "fullname",
        [ENR_FIELD_URL] = "url",
    };
    assert((size_t)field < sizeof names / sizeof names[0]);
    return names[field];
}

static enr_confidence_t const confidences[] = {
    [ENR_SOURCE_NONE] = ENR_CONFIDENCE_NONE,        [ENR_SOURCE_PROPERTY] = ENR_CONFIDENCE_HIGH,
    [ENR_SOURCE_COLUMN] = ENR_CONFIDENCE_HIGH,      [ENR_SOURCE_PAYLOAD] = ENR_CONFIDENCE_HIGH,
    [ENR_SOURCE_EMAIL] = ENR_CONFIDENCE_HIGH,       [ENR_SOURCE_URL] = ENR_CONFIDENCE_MEDIUM,
    [ENR_SOURCE_FULL_NAME] = ENR_CONFIDENCE_MEDIUM, [ENR_SOURCE_TEXT] = ENR_CONFIDENCE_MEDIUM,
    [ENR_SOURCE_UNSPLIT] = ENR_CONFIDENCE_LOW,
};

enr_confidence_t enr_source_confidence(enr_source_t source)
{
    assert((size_t)source < sizeof confidences / sizeof confidences[0]);
    return confidences[source];
}

const char *enr_source_name(enr_source_t source)
{
    static const char *const names[] = {"none", "property",  "column", "payload", "email",
                                        "url",  "full_name", "text",   "unsplit"};
    assert((size_t)source < sizeof names / sizeof names[0]);
    return names[source];
}

const char *enr_confidence_name(enr_confidence_t confidence)
{
    static const char *const names[] = {"none", "low", "medium", "high"};
    assert((size_t)confidence < sizeof names / sizeof names[0]);
    return names[confidence];
}
