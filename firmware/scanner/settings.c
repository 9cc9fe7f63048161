#include "settings.h"

#include "console.h"
#include "enrich/url.h"

#include <string.h>

#define SPREAD_DEFAULT_S 60
#define SPREAD_MAX_S 3600
#define RESEND_MAX 9

static const char *const names[FIELD_COUNT] = {
    [FIELD_BASE] = "base",         [FIELD_KEY] = "key",       [FIELD_TIME] = "time",     [FIELD_ANCHOR] = "anchor",
    [FIELD_PRIVATE] = "private",   [FIELD_EVENT] = "event",   [FIELD_TYPES] = "types",   [FIELD_RESEND] = "resend",
    [FIELD_PERSONAL] = "personal", [FIELD_SPREAD] = "spread", [FIELD_DEVICE] = "device",
};

const char *settings_name(unsigned field)
{
    return field < FIELD_COUNT ? names[field] : NULL;
}

unsigned settings_field(enr_span_t name)
{
    for (unsigned field = 1; field < FIELD_COUNT; field++) {
        if (enr_span_equal(name, enr_span_from_str(names[field]))) {
            return field;
        }
    }
    return 0;
}

void settings_append(enr_buffer_t *out, unsigned field, enr_span_t value)
{
    const uint8_t head[] = {(uint8_t)field, (uint8_t)value.len, (uint8_t)(value.len >> 8)};
    enr_buffer_append(out, (enr_span_t){head, sizeof head});
    enr_buffer_append(out, value);
}

bool settings_next(enr_span_t *bytes, unsigned *out_field, enr_span_t *out_value)
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
        unsigned type = console_type_named(enr_span_slice(value, 0, end));
        if (type == 0) {
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

static bool take_anchor(settings_t *out, enr_span_t value)
{
    if (out->anchor_count == ANCHORS_MAX || !is_certificate(value)) {
        return false;
    }
    out->anchors[out->anchor_count++] = value;
    return true;
}

static bool take_base(settings_t *out, enr_span_t value)
{
    enr_url_t url;
    out->base = value;
    return enr_url_parse(value, &url) == ENR_OK && enr_host_is_name(url.host) && url.path.len == url.path_and_query.len;
}

static bool take_time_server(settings_t *out, enr_span_t value)
{
    if (!enr_host_is_name(value)) {
        return false;
    }
    memcpy(out->time_server, value.ptr, value.len);
    out->time_server[value.len] = '\0';
    return true;
}

static bool take_field(settings_t *out, unsigned field, enr_span_t value)
{
    unsigned number;
    switch (field) {
    case FIELD_BASE:
        return take_base(out, value);
    case FIELD_KEY:
        out->api_key = value;
        return value.len > 0 && value.len <= ENR_API_KEY_MAX && enr_span_visible(value);
    case FIELD_TIME:
        return take_time_server(out, value);
    case FIELD_ANCHOR:
        return take_anchor(out, value);
    case FIELD_PRIVATE:
        return take_flag(value, &out->allow_private);
    case FIELD_PERSONAL:
        return take_flag(value, &out->personal_email);
    case FIELD_EVENT:
        out->event = value;
        return value.len <= ENR_NAME_MAX && enr_span_visible(value);
    case FIELD_DEVICE:
        out->device = value;
        return value.len <= ENR_NAME_MAX && enr_span_visible(value);
    case FIELD_TYPES:
        return take_types(value, &out->types);
    case FIELD_RESEND:
        out->resend = (uint8_t)(take_number(value, RESEND_MAX, &number) ? number : RESEND_MAX + 1);
        return out->resend <= RESEND_MAX;
    case FIELD_SPREAD:
        out->spread_s = (uint16_t)(take_number(value, SPREAD_MAX_S, &number) ? number : SPREAD_MAX_S + 1);
        return out->spread_s <= SPREAD_MAX_S;
    default:
        return false;
    }
}

enr_status_t settings_read(enr_span_t bytes, settings_t *out, const char **out_fault)
{
    unsigned field;
    enr_span_t value;
    *out = (settings_t){.types = ENR_TYPE_EMAIL, .spread_s = SPREAD_DEFAULT_S};
    *out_fault = NULL;
    bool any = bytes.len > 0;
    while (settings_next(&bytes, &field, &value)) {
        if (!take_field(out, field, value)) {
            *out_fault = field > 0 && field < FIELD_COUNT ? names[field] : "unknown field";
            return ENR_E_SETTING;
        }
    }
    if (bytes.len > 0) {
        *out_fault = "cut off";
        return ENR_E_SETTING;
    }
    out->complete = out->base.len > 0 && out->api_key.len > 0 && out->anchor_count > 0;
    if (any && !out->complete) {
        *out_fault = names[out->base.len == 0 ? FIELD_BASE : out->api_key.len == 0 ? FIELD_KEY : FIELD_ANCHOR];
        return ENR_E_SETTING;
    }
    return ENR_OK;
}
