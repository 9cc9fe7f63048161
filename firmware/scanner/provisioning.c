#include "provisioning.h"

#include <string.h>

enum { FIELD_END, FIELD_BASE, FIELD_API_KEY, FIELD_TIME_SERVER, FIELD_ANCHOR, FIELD_ALLOW_PRIVATE };

static bool take_field(settings_t *settings, unsigned type, enr_span_t value)
{
    switch (type) {
    case FIELD_BASE:
        settings->base = value;
        return true;
    case FIELD_API_KEY:
        settings->api_key = value;
        return true;
    case FIELD_TIME_SERVER:
        if (value.len > ENR_HOST_MAX) {
            return false;
        }
        memcpy(settings->time_server, value.ptr, value.len);
        settings->time_server[value.len] = '\0';
        return true;
    case FIELD_ANCHOR:
        if (settings->anchor_count == ANCHORS_MAX) {
            return false;
        }
        settings->anchors[settings->anchor_count++] = value;
        return true;
    case FIELD_ALLOW_PRIVATE:
        settings->allow_private = true;
        return true;
    default:
        return false;
    }
}

static unsigned read_16(enr_span_t memory, size_t at)
{
    return memory.ptr[at] | (unsigned)memory.ptr[at + 1] << 8;
}

enr_status_t provisioning_read(enr_span_t memory, settings_t *out)
{
    const enr_span_t magic = ENR_SPAN("ENRP");
    *out = (settings_t){0};
    if (memory.len < magic.len || !enr_span_equal(enr_span_slice(memory, 0, magic.len), magic)) {
        return ENR_E_SETTING;
    }
    for (size_t at = magic.len; memory.len - at >= 4;) {
        unsigned type = read_16(memory, at);
        size_t len = read_16(memory, at + 2);
        at += 4;
        if (type == FIELD_END) {
            return out->base.len > 0 && out->api_key.len > 0 && out->anchor_count > 0 ? ENR_OK : ENR_E_SETTING;
        }
        if (len > memory.len - at || !take_field(out, type, enr_span_slice(memory, at, at + len))) {
            return ENR_E_SETTING;
        }
        at += len;
    }
    return ENR_E_SETTING;
}
