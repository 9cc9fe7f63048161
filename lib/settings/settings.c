#include "enrich/settings.h"

#include "enrich/limits.h"
#include "enrich/url.h"
#include "enrich/utf8.h"

#include <string.h>

#define SPREAD_DEFAULT_S 60
#define SPREAD_MAX_S 3600
#define RESEND_MAX 9
#define KEEP_MAX_DAYS 3650

/* By number, from 1 on. */
static const char names[] = "base\0key\0time\0anchor\0private\0event\0types\0resend\0personal\0spread\0device\0notice\0"
                            "sheet\0keep\0delimiter\0columns\0prefix\0id_url\0hosts";

const char *enr_setting_name(unsigned field)
{
    return field > 0 && field < ENR_SETTINGS ? enr_text_of(names, field - 1) : NULL;
}

unsigned enr_setting_of_name(enr_span_t name)
{
    unsigned found = enr_text_find(names, ENR_SETTINGS - 1, name); /* names begins with the setting of number 1 */
    return found < ENR_SETTINGS - 1 ? found + 1 : 0;
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
    unsigned word = enr_text_find("no\0yes", 2, value);
    *out = word == 1;
    return word < 2;
}

static bool take_number(enr_span_t value, unsigned most, uint16_t *out)
{
    unsigned number = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (!enr_is_digit(value.ptr[i]) || number > most) {
            return false;
        }
        number = number * 10 + (value.ptr[i] - '0');
    }
    *out = (uint16_t)number;
    return value.len > 0 && number <= most;
}

/* "email,phone" */
static bool take_types(enr_span_t value, unsigned *out)
{
    *out = 0;
    while (value.len > 0) {
        enr_type_t type;
        if (enr_type_parse(enr_span_take(&value, ','), &type) != ENR_OK) {
            return false;
        }
        *out |= type;
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

/* The word of a column, or ENR_FIELD_SKIP for "-"; ENR_FIELD_SKIP + 1: neither. */
static unsigned column_named(enr_span_t word)
{
    if (enr_span_is(word, "-")) {
        return ENR_FIELD_SKIP;
    }
    for (unsigned field = 0; field < ENR_FIELD_SKIP; field++) {
        if (enr_span_is(word, enr_field_name((enr_field_t)field))) {
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
static bool take_note(enr_span_t value, enr_span_t *out)
{
    *out = value;
    return value.len <= ENR_NAME_MAX && enr_utf8_is_text(value);
}

static bool take_field(enr_settings_t *out, unsigned field, enr_span_t value)
{
    switch (field) {
    case ENR_SETTING_BASE:
        return take_base(out, value);
    case ENR_SETTING_KEY:
        out->api_key = value;
        return value.len > 0 && value.len <= ENR_API_KEY_MAX && enr_span_visible(value);
    case ENR_SETTING_TIME:
        out->time_server = value;
        return enr_host_is_name(value);
    case ENR_SETTING_ANCHOR:
        return take_anchor(out, value);
    case ENR_SETTING_PRIVATE:
        return take_flag(value, &out->allow_private);
    case ENR_SETTING_PERSONAL:
        return take_flag(value, &out->personal_email);
    case ENR_SETTING_EVENT:
        return take_note(value, &out->event);
    case ENR_SETTING_DEVICE:
        return take_note(value, &out->device);
    case ENR_SETTING_NOTICE:
        return take_note(value, &out->notice);
    case ENR_SETTING_SHEET:
        return take_note(value, &out->sheet);
    case ENR_SETTING_TYPES:
        return take_types(value, &out->types);
    case ENR_SETTING_RESEND:
        return take_number(value, RESEND_MAX, &out->resend);
    case ENR_SETTING_SPREAD:
        return take_number(value, SPREAD_MAX_S, &out->spread_s);
    case ENR_SETTING_KEEP:
        return take_number(value, KEEP_MAX_DAYS, &out->keep_days);
    case ENR_SETTING_DELIMITER:
        out->profile.delimiter = value;
        return value.len > 0 && value.len <= 8;
    case ENR_SETTING_COLUMNS:
        return take_columns(out, value);
    case ENR_SETTING_PREFIX:
        return take_note(value, &out->profile.strip_prefix);
    case ENR_SETTING_ID_URL:
        return take_note(value, &out->profile.id_url_prefix);
    case ENR_SETTING_HOSTS:
        return take_note(value, &out->profile.other_hosts);
    default:
        return false;
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
            *out_fault = enr_setting_name(field);
            *out_fault = *out_fault != NULL ? *out_fault : "unknown field";
            return ENR_E_SETTING;
        }
    }
    if (bytes.len > 0) {
        *out_fault = "cut off";
        return ENR_E_SETTING;
    }
    out->complete = out->base.len > 0 && out->api_key.len > 0 && out->anchor_count > 0;
    if (any && !out->complete) {
        *out_fault = enr_setting_name(out->base.len == 0      ? ENR_SETTING_BASE
                                      : out->api_key.len == 0 ? ENR_SETTING_KEY
                                                              : ENR_SETTING_ANCHOR);
        return ENR_E_SETTING;
    }
    return ENR_OK;
}
