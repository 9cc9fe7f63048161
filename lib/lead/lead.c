#include "enrich/lead.h"

#include "enrich/badge.h"
#include "enrich/utf8.h"

#include <assert.h>
#include <string.h>

/* The bytes are described in FORMAT.md. */
#define VERSION 1u
#define HEAD_LEN 64u
#define STAMP_LEN 17u
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

static void put_stamp(uint8_t out[STAMP_LEN], const enr_stamp_t *stamp)
{
    out[0] = (uint8_t)stamp->quality;
    enr_put_64(out + 1, (uint64_t)stamp->wall_s);
    enr_put_32(out + 9, stamp->boot);
    enr_put_32(out + 13, stamp->uptime_s);
}

static void get_stamp(const uint8_t in[STAMP_LEN], enr_stamp_t *out_stamp)
{
    out_stamp->quality = (enr_time_quality_t)in[0];
    out_stamp->wall_s = (int64_t)enr_get_64(in + 1);
    out_stamp->boot = enr_get_32(in + 9);
    out_stamp->uptime_s = enr_get_32(in + 13);
}

static void put_head(enr_buffer_t *out, const enr_lead_t *lead)
{
    uint8_t head[HEAD_LEN];
    head[0] = VERSION;
    head[1] = (uint8_t)lead->types;
    memcpy(head + 2, lead->token, sizeof lead->token);
    enr_put_32(head + 18, lead->scans);
    put_stamp(head + 22, &lead->first);
    put_stamp(head + 39, &lead->last);
    head[56] = lead->rating;
    head[57] = lead->consent.asked;
    head[58] = lead->consent.given;
    head[59] = (uint8_t)lead->consent.method;
    enr_put_32(head + 60, lead->payload_lost);
    enr_buffer_append(out, (enr_span_t){head, sizeof head});
}

static void get_head(const uint8_t head[HEAD_LEN], enr_lead_t *out_lead)
{
    out_lead->types = head[1];
    memcpy(out_lead->token, head + 2, sizeof out_lead->token);
    out_lead->scans = enr_get_32(head + 18);
    get_stamp(head + 22, &out_lead->first);
    get_stamp(head + 39, &out_lead->last);
    out_lead->rating = head[56];
    out_lead->consent.asked = head[57];
    out_lead->consent.given = head[58];
    out_lead->consent.method = (enr_consent_method_t)head[59];
    out_lead->payload_lost = enr_get_32(head + 60);
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
    enr_buffer_append_byte(out, (uint8_t)(number + 1));
    if (field.len < 0x80) {
        enr_buffer_append_byte(out, (uint8_t)field.len);
    } else {
        enr_buffer_append_byte(out, (uint8_t)(field.len | 0x80));
        enr_buffer_append_byte(out, (uint8_t)(field.len >> 7));
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

enr_status_t enr_lead_read(enr_span_t bytes, enr_lead_t *out_lead)
{
    memset(out_lead, 0, sizeof *out_lead);
    if (bytes.len > 0 && bytes.ptr[0] != VERSION) {
        return ENR_E_VERSION;
    }
    if (bytes.len < HEAD_LEN) {
        return ENR_E_SYNTAX;
    }
    get_head(bytes.ptr, out_lead);
    bytes = enr_span_slice(bytes, HEAD_LEN, bytes.len);
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

/* The fields from first to last count as one: where the new scan has none of them, all stay. */
static void keep_group(const enr_lead_t *before, enr_lead_t *lead, unsigned first, unsigned last)
{
    for (unsigned i = first; i <= last; i++) {
        if (field_of(lead, i)->len > 0) {
            return;
        }
    }
    for (unsigned i = first; i <= last; i++) {
        *field_of(lead, i) = get_field(before, i);
    }
}

void enr_lead_update(const enr_lead_t *before, enr_lead_t *lead)
{
    keep_group(before, lead, FIRSTNAME, LASTNAME);
    keep_group(before, lead, DOMAIN, COMPANY_NAME);
    bool has_payload = lead->payload.len > 0 || lead->payload_lost > 0;
    lead->payload_lost = has_payload ? lead->payload_lost : before->payload_lost;
    keep_consent(&before->consent, &lead->consent); /* the notice goes with it */
    for (unsigned i = LINKEDIN_URL; i < NOTICE; i++) {
        keep_group(before, lead, i, i);
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
