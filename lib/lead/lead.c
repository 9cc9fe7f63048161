#include "enrich/lead.h"

#include "enrich/badge.h"
#include "enrich/utf8.h"

#include <assert.h>
#include <string.h>

/* The bytes are described in FORMAT.md. */
#define VERSION 1u
#define HEAD_LEN 64u
#define LENGTH_MAX 0x3fffu

/* The fields behind the head, by number from 1. */
enum {
    FIRSTNAME,
    LASTNAME,
    DOMAIN,
    COMPANY_NAME,
    LINKEDIN_URL,
    EMAIL,
    PHONE,
    TITLE,
    ATTENDEE_ID,
    DEVICE,
    CAPTURED_BY,
    EVENT,
    ANSWERS,
    NOTICE,
    PAYLOAD, /* last of the known ones: it is left out when it does not fit */
    FIELD_COUNT
};

static const uint16_t FIELDS[FIELD_COUNT] = {
    [FIRSTNAME] = offsetof(enr_lead_t, contact.firstname),
    [LASTNAME] = offsetof(enr_lead_t, contact.lastname),
    [DOMAIN] = offsetof(enr_lead_t, contact.domain),
    [COMPANY_NAME] = offsetof(enr_lead_t, contact.company_name),
    [LINKEDIN_URL] = offsetof(enr_lead_t, contact.linkedin_url),
    [EMAIL] = offsetof(enr_lead_t, email),
    [PHONE] = offsetof(enr_lead_t, phone),
    [TITLE] = offsetof(enr_lead_t, title),
    [ATTENDEE_ID] = offsetof(enr_lead_t, attendee_id),
    [DEVICE] = offsetof(enr_lead_t, device),
    [CAPTURED_BY] = offsetof(enr_lead_t, captured_by),
    [EVENT] = offsetof(enr_lead_t, event),
    [ANSWERS] = offsetof(enr_lead_t, answers),
    [NOTICE] = offsetof(enr_lead_t, consent.notice),
    [PAYLOAD] = offsetof(enr_lead_t, payload),
};

static enr_span_t *field_of(enr_lead_t *lead, unsigned number)
{
    return (enr_span_t *)(void *)((uint8_t *)lead + FIELDS[number]);
}

static enr_span_t get_field(const enr_lead_t *lead, unsigned number)
{
    enr_span_t field;
    memcpy(&field, (const uint8_t *)lead + FIELDS[number], sizeof field);
    return field;
}

unsigned enr_type_number(enr_type_t type)
{
    assert(type == ENR_TYPE_EMAIL || type == ENR_TYPE_PHONE || type == ENR_TYPE_PERSONAL_EMAIL);
    return type / 2u; /* 1, 2, 4 */
}

enr_type_t enr_type_of_number(unsigned number)
{
    assert(number < ENR_TYPE_COUNT);
    return (enr_type_t)(1u << number);
}

/* --- bytes --- */

static void put_number(enr_buffer_t *out, uint64_t number, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        enr_buffer_append_byte(out, (uint8_t)(number >> 8 * i));
    }
}

static uint64_t take_number(enr_span_t *bytes, unsigned len)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < len; i++) {
        number |= (uint64_t)bytes->ptr[i] << 8 * i;
    }
    *bytes = enr_span_slice(*bytes, len, bytes->len);
    return number;
}

static void put_stamp(enr_buffer_t *out, const enr_stamp_t *stamp)
{
    put_number(out, stamp->quality, 1);
    put_number(out, (uint64_t)stamp->wall_s, 8);
    put_number(out, stamp->boot, 4);
    put_number(out, stamp->uptime_s, 4);
}

static enr_stamp_t take_stamp(enr_span_t *bytes)
{
    enr_stamp_t stamp = {.quality = (enr_time_quality_t)take_number(bytes, 1)};
    stamp.wall_s = (int64_t)take_number(bytes, 8);
    stamp.boot = (uint32_t)take_number(bytes, 4);
    stamp.uptime_s = (uint32_t)take_number(bytes, 4);
    return stamp;
}

static void put_head(enr_buffer_t *out, const enr_lead_t *lead)
{
    put_number(out, VERSION, 1);
    put_number(out, lead->types, 1);
    enr_buffer_append(out, (enr_span_t){lead->token, sizeof lead->token});
    put_number(out, lead->scans, 4);
    put_stamp(out, &lead->first);
    put_stamp(out, &lead->last);
    put_number(out, lead->rating, 1);
    put_number(out, lead->consent.asked, 1);
    put_number(out, lead->consent.given, 1);
    put_number(out, lead->consent.method, 1);
    put_number(out, lead->payload_lost, 4);
}

static void put_field(enr_buffer_t *out, unsigned number, enr_span_t field)
{
    if (field.len == 0) {
        return;
    }
    if (field.len > LENGTH_MAX) {
        out->full = true;
        return;
    }
    put_number(out, number + 1, 1);
    if (field.len < 0x80) {
        put_number(out, field.len, 1);
    } else {
        put_number(out, (field.len & 0x7f) | 0x80, 1);
        put_number(out, field.len >> 7, 1);
    }
    enr_buffer_append(out, field);
}

static void put_lead(enr_buffer_t *out, const enr_lead_t *lead)
{
    put_head(out, lead);
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        put_field(out, i, get_field(lead, i));
    }
    enr_buffer_append(out, lead->later);
}

static bool is_stamp(const enr_stamp_t *stamp)
{
    return stamp->quality <= ENR_TIME_SET && (stamp->quality == ENR_TIME_UNKNOWN) == (stamp->wall_s == 0);
}

/* What holds of every lead that was captured. */
static bool is_whole(const enr_lead_t *lead)
{
    static const uint8_t zero[sizeof lead->token] = {0};
    const enr_consent_t *consent = &lead->consent;
    return memcmp(lead->token, zero, sizeof zero) != 0 && lead->scans > 0 && (lead->types & ~ENR_TYPES_ALL) == 0 &&
           is_stamp(&lead->first) && is_stamp(&lead->last) && lead->rating <= 5 && consent->asked < 16 &&
           (consent->given & ~consent->asked) == 0 && consent->method <= ENR_CONSENT_BY_OPERATOR &&
           (lead->payload_lost == 0 || lead->payload.len == 0);
}

enr_status_t enr_lead_write(const enr_lead_t *lead, enr_buffer_t *out)
{
    assert(is_whole(lead));
    for (unsigned i = 0; i < PAYLOAD; i++) {
        if (!enr_utf8_valid(get_field(lead, i))) {
            return ENR_E_UTF8;
        }
    }
    enr_buffer_t attempt = *out;
    put_lead(&attempt, lead);
    if (attempt.full && lead->payload.len > 0) {
        enr_lead_t rest = *lead;
        rest.payload_lost = (uint32_t)lead->payload.len;
        rest.payload = (enr_span_t){0};
        attempt = *out;
        put_lead(&attempt, &rest);
    }
    if (attempt.full) {
        return ENR_E_LIMIT;
    }
    *out = attempt;
    return ENR_OK;
}

/* Takes one field off the bytes. False: malformed. */
static bool take_field(enr_span_t *bytes, unsigned *out_number, enr_span_t *out_field)
{
    if (bytes->len < 2) {
        return false;
    }
    *out_number = bytes->ptr[0];
    size_t len = bytes->ptr[1];
    size_t at = 2;
    if (len >= 0x80) {
        if (bytes->len < 3 || bytes->ptr[2] == 0 || bytes->ptr[2] >= 0x80) {
            return false;
        }
        len = (len & 0x7f) | (size_t)bytes->ptr[2] << 7;
        at = 3;
    }
    if (len == 0 || len > bytes->len - at) {
        return false;
    }
    *out_field = enr_span_slice(*bytes, at, at + len);
    *bytes = enr_span_slice(*bytes, at + len, bytes->len);
    return true;
}

static void take_head(enr_span_t *bytes, enr_lead_t *lead)
{
    lead->types = (unsigned)take_number(bytes, 1);
    memcpy(lead->token, bytes->ptr, sizeof lead->token);
    *bytes = enr_span_slice(*bytes, sizeof lead->token, bytes->len);
    lead->scans = (uint32_t)take_number(bytes, 4);
    lead->first = take_stamp(bytes);
    lead->last = take_stamp(bytes);
    lead->rating = (uint8_t)take_number(bytes, 1);
    lead->consent.asked = (uint8_t)take_number(bytes, 1);
    lead->consent.given = (uint8_t)take_number(bytes, 1);
    lead->consent.method = (enr_consent_method_t)take_number(bytes, 1);
    lead->payload_lost = (uint32_t)take_number(bytes, 4);
}

enr_status_t enr_lead_read(enr_span_t bytes, enr_lead_t *out_lead)
{
    memset(out_lead, 0, sizeof *out_lead);
    if (bytes.len > 0 && bytes.ptr[0] != VERSION) {
        return ENR_E_VERSION;
    }
    if (bytes.len < HEAD_LEN) {
        return ENR_E_SYNTAX;
    }
    (void)take_number(&bytes, 1);
    take_head(&bytes, out_lead);
    unsigned before = 0;
    while (bytes.len > 0) {
        enr_span_t start = bytes;
        enr_span_t field;
        unsigned number;
        if (!take_field(&bytes, &number, &field) || number <= before) {
            return ENR_E_SYNTAX;
        }
        before = number;
        if (number > FIELD_COUNT) {
            out_lead->later = out_lead->later.len == 0 ? start : out_lead->later; /* to the end */
        } else if (number - 1 != PAYLOAD && !enr_utf8_valid(field)) {
            return ENR_E_SYNTAX;
        } else {
            *field_of(out_lead, number - 1) = field;
        }
    }
    return is_whole(out_lead) ? ENR_OK : ENR_E_SYNTAX;
}

/* --- its name --- */

/* Appends text in lower case, white space within made one space and none at its ends, and a NUL behind it. */
static void put_plain(enr_buffer_t *out, enr_span_t text)
{
    text = enr_span_trim(text);
    bool space = false;
    for (size_t i = 0; i < text.len; i++) {
        bool is_space = text.ptr[i] == ' ' || (text.ptr[i] >= '\t' && text.ptr[i] <= '\r');
        if (!is_space && space) {
            enr_buffer_append_byte(out, ' ');
        }
        space = is_space;
        if (!is_space) {
            enr_buffer_append_byte(out, enr_to_lower(text.ptr[i]));
        }
    }
    enr_buffer_append_byte(out, 0);
}

/* False: not a profile, nothing was appended. */
static bool put_profile(enr_buffer_t *out, enr_span_t url)
{
    enr_buffer_t attempt = *out;
    enr_buffer_append_byte(&attempt, 'l');
    size_t start = attempt.len;
    if (url.len == 0 || enr_linkedin_canonical(url, &attempt) == ENR_E_URL) {
        return false;
    }
    for (size_t i = start; i < attempt.len; i++) {
        attempt.ptr[i] = enr_to_lower(attempt.ptr[i]);
    }
    *out = attempt;
    return true;
}

/* The kinds of names begin with different letters. */
enr_status_t enr_lead_name(const enr_lead_t *lead, enr_buffer_t *out)
{
    const enr_contact_t *contact = &lead->contact;
    enr_buffer_t attempt = *out;
    enr_span_t company = contact->domain.len > 0 ? contact->domain : contact->company_name;
    if (lead->attendee_id.len > 0) {
        enr_buffer_append_byte(&attempt, 'a');
        put_plain(&attempt, lead->event);
        enr_buffer_append(&attempt, lead->attendee_id);
    } else if (put_profile(&attempt, contact->linkedin_url)) {
        /* that was it */
    } else if (lead->email.len > 0) {
        enr_buffer_append_byte(&attempt, 'e');
        put_plain(&attempt, lead->email);
        put_plain(&attempt, contact->firstname);
        put_plain(&attempt, contact->lastname);
    } else if (contact->firstname.len > 0 && contact->lastname.len > 0 && company.len > 0) {
        enr_buffer_append_byte(&attempt, 'n');
        put_plain(&attempt, contact->firstname);
        put_plain(&attempt, contact->lastname);
        put_plain(&attempt, company);
    } else if (lead->payload.len > 0) {
        return ENR_END;
    } else {
        enr_buffer_append_byte(&attempt, 'x');
        for (unsigned i = FIRSTNAME; i <= TITLE; i++) {
            put_plain(&attempt, get_field(lead, i));
        }
    }
    if (attempt.full) {
        return ENR_E_LIMIT;
    }
    *out = attempt;
    return ENR_OK;
}

/* --- the same lead again --- */

static void keep_consent(const enr_consent_t *before, enr_consent_t *consent)
{
    if (consent->asked == 0) {
        *consent = *before;
        return;
    }
    consent->given = (uint8_t)((before->given & ~consent->asked) | consent->given);
    consent->asked |= before->asked;
}

void enr_lead_update(const enr_lead_t *before, enr_lead_t *lead)
{
    enr_contact_t *contact = &lead->contact;
    if (contact->firstname.len == 0 && contact->lastname.len == 0) {
        contact->firstname = before->contact.firstname;
        contact->lastname = before->contact.lastname;
    }
    if (contact->domain.len == 0 && contact->company_name.len == 0) {
        contact->domain = before->contact.domain;
        contact->company_name = before->contact.company_name;
    }
    bool has_payload = lead->payload.len > 0 || lead->payload_lost > 0;
    lead->payload_lost = has_payload ? lead->payload_lost : before->payload_lost;
    keep_consent(&before->consent, &lead->consent); /* the notice goes with it */
    for (unsigned i = LINKEDIN_URL; i < NOTICE; i++) {
        enr_span_t *field = field_of(lead, i);
        *field = field->len > 0 ? *field : get_field(before, i);
    }
    lead->payload = has_payload ? lead->payload : before->payload;
    lead->rating = lead->rating > 0 ? lead->rating : before->rating;
    lead->types |= before->types;
    memcpy(lead->token, before->token, sizeof lead->token);
    lead->first = before->first;
    lead->scans = before->scans < UINT32_MAX ? before->scans + 1 : before->scans;
    lead->later = before->later;
}

bool enr_lead_same(const enr_lead_t *a, const enr_lead_t *b)
{
    bool same = a->types == b->types && memcmp(a->token, b->token, sizeof a->token) == 0 && a->rating == b->rating &&
                a->payload_lost == b->payload_lost && a->consent.asked == b->consent.asked &&
                a->consent.given == b->consent.given && a->consent.method == b->consent.method &&
                enr_span_equal(a->later, b->later);
    for (unsigned i = 0; same && i < FIELD_COUNT; i++) {
        same = enr_span_equal(get_field(a, i), get_field(b, i));
    }
    return same;
}

void enr_lead_token(const enr_lead_t *lead, enr_type_t type, uint8_t out_token[ENR_TOKEN_LEN])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof lead->token; i++) {
        uint8_t byte = lead->token[i];
        if (i == sizeof lead->token - 1) {
            byte = (uint8_t)((byte & ~3u) | enr_type_number(type));
        }
        out_token[2 * i] = (uint8_t)digits[byte >> 4];
        out_token[2 * i + 1] = (uint8_t)digits[byte & 0xf];
    }
}
