#include "badge_json.h"

#include "enrich/json_writer.h"

#include <assert.h>

static void write_text(enr_json_writer_t *json, const char *key, enr_span_t text)
{
    enr_json_key(json, enr_span_from_str(key));
    if (text.len > 0) {
        enr_json_write_string(json, text);
    } else {
        enr_json_write_null(json);
    }
}

static void write_bool(enr_json_writer_t *json, const char *key, bool value)
{
    enr_json_key(json, enr_span_from_str(key));
    enr_json_write_bool(json, value);
}

static void write_types(enr_json_writer_t *json, unsigned types)
{
    enr_json_key(json, ENR_SPAN("types"));
    enr_json_array_begin(json);
    for (unsigned type = ENR_TYPE_EMAIL; type <= ENR_TYPE_PERSONAL_EMAIL; type <<= 1) {
        if ((types & type) != 0) {
            enr_json_write_string(json, enr_type_name((enr_type_t)type));
        }
    }
    enr_json_array_end(json);
}

/* Where each field that is not null comes from, and how sure it is. */
static void write_sources(enr_json_writer_t *json, const enr_badge_t *badge)
{
    enr_json_key(json, ENR_SPAN("sources"));
    enr_json_object_begin(json);
    for (enr_field_t field = ENR_FIELD_FIRSTNAME; field < ENR_FIELD_COUNT; field++) {
        const enr_source_t source = (enr_source_t)badge->sources[field];
        if (source != ENR_SOURCE_NONE) {
            const char *confidence = enr_confidence_name(enr_source_confidence(source));
            enr_json_key(json, enr_span_from_str(enr_field_name(field)));
            enr_json_object_begin(json);
            enr_json_write_member(json, ENR_SPAN("source"), enr_span_from_str(enr_source_name(source)));
            enr_json_write_member(json, ENR_SPAN("confidence"), enr_span_from_str(confidence));
            enr_json_object_end(json);
        }
    }
    enr_json_object_end(json);
}

enr_span_t badge_json(const enr_badge_t *badge, uint8_t *memory)
{
    enr_buffer_t text = enr_buffer_over(memory, BADGE_JSON_MAX);
    enr_json_writer_t json;
    enr_json_writer_start(&json, &text);
    enr_json_object_begin(&json);
    write_text(&json, "kind", enr_span_from_str(enr_badge_kind_name(badge->kind)));
    for (enr_field_t field = ENR_FIELD_FIRSTNAME; field < ENR_FIELD_COUNT; field++) {
        write_text(&json, enr_field_name(field), enr_badge_field(badge, field));
    }
    write_bool(&json, "enrichable", badge->enrichable != 0);
    write_types(&json, badge->enrichable);
    write_text(&json, "reason", enr_span_from_str(badge->reason));
    write_sources(&json, badge);
    write_bool(&json, "secret", badge->secret);
    write_bool(&json, "undecoded", badge->undecoded);
    enr_json_object_end(&json);
    enr_status_t status = enr_json_writer_finish(&json);
    assert(status == ENR_OK);
    (void)status;
    return enr_buffer_span(&text);
}
