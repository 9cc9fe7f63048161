#include "enrich/settings.h"

#include "enrich/limits.h"
#include "enrich/url.h"
#include "enrich/utf8.h"

#include <string.h>

#define SPREAD_DEFAULT_S 60
#define SPREAD_MAX_S 3600
#define RESEND_MAX 9
#define KEEP_MAX_DAYS 3650

/* By number. */
static const char *const names[ENR_SETTINGS] = {
    NULL,     "base",   "key",    "time",  "anchor", "private",   "event",   "types",  "resend", "personal",
    "spread", "device", "notice", "sheet", "keep",   "delimiter", "columns", "prefix", "id_url", "hosts",
};

const char *enr_setting_name(unsigned field)
{
    return field < ENR_SETTINGS ? names[field] : NULL;
}

unsigned enr_setting_of_name(enr_span_t name)
{
    for (unsigned field = 1; field < ENR_SETTINGS; field++) {
        if (enr_span_equal(name, enr_span_from_str(names[field]))) {
            return field;
        }
    }
    return 0;
}

void enr_settings_append(enr_buffer_t *out, unsigned field, enr_span_t value)
{
    const uint8_t head[] = {(uint8_t)field, (uint8_t)value.len, (uint8_t)(value.len >> 8)};
    enr_buffer_append(out, (enr_span_t){head, sizeof head});
    enr_buffer_append(out, value);
}

bool enr_settings_next(enr_span_t *bytes, unsigned *out_field, enr_span_t *out_value)
{
    if (bytes->len < 3) {
        return false;
    }
    size_t len = bytes->ptr[1] | (size_t)bytes->ptr[2] << 8;
    if (len > bytes->len - 3) {
        return false;
    }
    *out_field = bytes->ptr[0];
    *out_value = enr_span_slice(*bytes, 3, 3 + len);
    *bytes = enr_span_slice(*bytes, 3 + len, bytes->len);
    return true;
}

static bool take_flag(enr_span_t value, bool *out)
{
    *out = enr_span_equal(value, ENR_SPAN("yes"));
    return *out || enr_span_equal(value, ENR_SPAN("no"));
}

static bool take_number(enr_span_t value, unsigned most, unsigned *out)
{
    *out = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (!enr_is_digit(value.ptr[i]) || *out > most) {
            return false;
        }
        *out = *out * 10 + (value.ptr[i] - '0');
    }
    return value.len > 0 && *out <= most;
}

/* "email,phone" */
static bool take_types(enr_span_t value, unsigned *out)
{
    *out = 0;
    while (value.len > 0) {
        size_t end = enr_span_find(value, ',');
        enr_type_t type;
        if (enr_type_parse(enr_span_slice(value, 0, end), &type) != ENR_OK) {
            return false;
        }
        *out |= type;
        value = enr_span_slice(value, end < value.len ? end + 1 : end, value.len);
    }
    return *out != 0;
}

/* A certificate's outer shape: a SEQUENCE with a length of two bytes that is all of it. What is inside is for the
   handshake to say. */
static bool is_certificate(enr_span_t der)
{
    return der.len > 4 && der.ptr[0] == 0x30 && der.ptr[1] == 0x82 &&
           (der.ptr[2] << 8 | der.ptr[3]) == (int)der.len - 4;
}

static bool take_anchor(enr_settings_t *out, enr_span_t value)
{
    if (out->anchor_count == ENR_SETTINGS_ANCHORS_MAX || !is_certificate(value)) {
        return false;
    }
    out->anchors[out->anchor_count++] = value;
    return true;
}

static bool take_base(enr_settings_t *out, enr_span_t value)
{
    enr_url_t url;
    out->base = value;
    return enr_span_visible(value) && enr_url_parse(value, &url) == ENR_OK && enr_host_is_name(url.host) &&
           url.path.len == url.path_and_query.len;
}

static bool take_time_server(enr_settings_t *out, enr_span_t value)
{
    if (!enr_host_is_name(value)) {
        return false;
    }
    out->time_server = value;
    return true;
}

/* The word of a column, or ENR_FIELD_SKIP for "-"; ENR_FIELD_SKIP + 1: neither. */
static unsigned column_named(enr_span_t word)
{
    if (enr_span_equal(word, ENR_SPAN("-"))) {
        return ENR_FIELD_SKIP;
    }
    for (unsigned field = 0; field < ENR_FIELD_SKIP; field++) {
        if (enr_span_equal(word, enr_span_from_str(enr_field_name((enr_field_t)field)))) {
            return field;
        }
    }
    return ENR_FIELD_SKIP + 1u;
}

/* "attendee_id,-,firstname" */
static bool take_columns(enr_settings_t *out, enr_span_t value)
{
    out->profile.fields = out->columns;
    for (;;) {
        size_t end = enr_span_find(value, ',');
        unsigned column = column_named(enr_span_slice(value, 0, end));
        if (column > ENR_FIELD_SKIP || out->profile.field_count == ENR_SETTINGS_COLUMNS_MAX) {
            return false;
        }
        out->columns[out->profile.field_count++] = (enr_field_t)column;
        if (end == value.len) {
            return true;
        }
        value = enr_span_slice(value, end + 1, value.len);
    }
}

/* A text that stands in leads. */
static bool take_note(enr_span_t *out, enr_span_t value)
{
    *out = value;
    return value.len <= ENR_NAME_MAX && enr_utf8_valid(value) && !enr_utf8_has_control(value);
}

static bool take_number_below(enr_span_t value, unsigned most, uint16_t *out)
{
    unsigned number = 0;
    bool good = take_number(value, most, &number);
    *out = (uint16_t)number;
    return good;
}

/* How the event writes its badges. */
static bool take_badge_field(enr_settings_t *out, unsigned field, enr_span_t value)
{
    switch (field) {
    case ENR_SETTING_DELIMITER:
        out->profile.delimiter = value;
        return value.len > 0 && value.len <= 8;
    case ENR_SETTING_COLUMNS:
        return take_columns(out, value);
    case ENR_SETTING_PREFIX:
        return take_note(&out->profile.strip_prefix, value);
    case ENR_SETTING_ID_URL:
        return take_note(&out->profile.id_url_prefix, value);
    case ENR_SETTING_HOSTS:
        return take_note(&out->profile.other_hosts, value);
    default:
        return false;
    }
}

static bool take_field(enr_settings_t *out, unsigned field, enr_span_t value)
{
    uint16_t number = 0;
    switch (field) {
    case ENR_SETTING_BASE:
        return take_base(out, value);
    case ENR_SETTING_KEY:
        out->api_key = value;
        return value.len > 0 && value.len <= ENR_API_KEY_MAX && enr_span_visible(value);
    case ENR_SETTING_TIME:
        return take_time_server(out, value);
    case ENR_SETTING_ANCHOR:
        return take_anchor(out, value);
    case ENR_SETTING_PRIVATE:
        return take_flag(value, &out->allow_private);
    case ENR_SETTING_PERSONAL:
        return take_flag(value, &out->personal_email);
    case ENR_SETTING_EVENT:
        return take_note(&out->event, value);
    case ENR_SETTING_DEVICE:
        return take_note(&out->device, value);
    case ENR_SETTING_NOTICE:
        return take_note(&out->notice, value);
    case ENR_SETTING_SHEET:
        return take_note(&out->sheet, value);
    case ENR_SETTING_TYPES:
        return take_types(value, &out->types);
    case ENR_SETTING_RESEND:
        if (!take_number_below(value, RESEND_MAX, &number)) {
            return false;
        }
        out->resend = (uint8_t)number;
        return true;
    case ENR_SETTING_SPREAD:
        return take_number_below(value, SPREAD_MAX_S, &out->spread_s);
    case ENR_SETTING_KEEP:
        return take_number_below(value, KEEP_MAX_DAYS, &out->keep_days);
    default:
        return take_badge_field(out, field, value);
    }
}

/* True when a field that may come once comes again. */
static bool is_again(uint32_t *seen, unsigned field)
{
    uint32_t bit = field < ENR_SETTINGS && field != ENR_SETTING_ANCHOR ? 1u << field : 0;
    bool again = (*seen & bit) != 0;
    *seen |= bit;
    return again;
}

enr_status_t enr_settings_read(enr_span_t bytes, enr_settings_t *out, const char **out_fault)
{
    unsigned field;
    enr_span_t value;
    *out = (enr_settings_t){.types = ENR_TYPE_EMAIL, .spread_s = SPREAD_DEFAULT_S};
    *out_fault = NULL;
    uint32_t seen = 0;
    bool any = bytes.len > 0;
    while (enr_settings_next(&bytes, &field, &value)) {
        if (is_again(&seen, field) || !take_field(out, field, value)) {
            *out_fault = field > 0 && field < ENR_SETTINGS ? names[field] : "unknown field";
            return ENR_E_SETTING;
        }
    }
    if (bytes.len > 0) {
        *out_fault = "cut off";
        return ENR_E_SETTING;
    }
    out->complete = out->base.len > 0 && out->api_key.len > 0 && out->anchor_count > 0;
    if (any && !out->complete) {
        *out_fault = names[out->base.len == 0      ? ENR_SETTING_BASE
                           : out->api_key.len == 0 ? ENR_SETTING_KEY
                                                   : ENR_SETTING_ANCHOR];
        return ENR_E_SETTING;
    }
    return ENR_OK;
}
