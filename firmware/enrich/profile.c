#include "profile.h"

#include "enrich/frame.h"
#include "enrich/json_reader.h"
#include "enrich/utf8.h"

#include <assert.h>
#include <string.h>

#define AIM_LEN 3 /* bytes of an AIM identifier */

static enr_json_reader_t reader;

/* What is read, and the first thing that is wrong with it. */
typedef struct {
    profile_t *profile;
    const char *fault;
} reading_t;

static enr_span_t text_of(reading_t *reading, enr_json_node_t node, const char *fault)
{
    profile_t *profile = reading->profile;
    enr_buffer_t room = enr_buffer_over(profile->text, sizeof profile->text);
    room.len = profile->text_len;
    enr_span_t text = {NULL, 0};
    if (enr_json_string(&reader, node, &room, &text) != ENR_OK) {
        reading->fault = fault;
    }
    profile->text_len = room.len;
    return text;
}

static void add_alias(reading_t *reading, enr_span_t alias)
{
    enr_badge_profile_t *badge = &reading->profile->badge;
    if (badge->delimiter_alias_count == PROFILE_ALIASES_MAX || alias.len == 0) {
        reading->fault = "delimiter_aliases must be at most 16 strings, none of them empty";
        return;
    }
    reading->profile->aliases[badge->delimiter_alias_count++] = alias;
}

/* An array of strings; of a string each character. */
static void take_aliases(reading_t *reading, enr_json_node_t value)
{
    enr_badge_profile_t *badge = &reading->profile->badge;
    badge->delimiter_aliases = reading->profile->aliases;
    badge->delimiter_alias_count = 0;
    if (enr_json_type(&reader, value) == ENR_JSON_STRING) {
        enr_span_t left = text_of(reading, value, "delimiter_aliases cannot be read");
        for (size_t len = enr_utf8_next(left); len > 0 && reading->fault == NULL; len = enr_utf8_next(left)) {
            add_alias(reading, enr_span_slice(left, 0, len));
            left = enr_span_slice(left, len, left.len);
        }
        return;
    }
    for (enr_json_node_t at = enr_json_first(&reader, value); at != ENR_JSON_NONE && reading->fault == NULL;
         at = enr_json_next(&reader, at)) {
        enr_span_t alias = text_of(reading, at, "delimiter_aliases must be strings");
        if (reading->fault == NULL) {
            add_alias(reading, alias);
        }
    }
}

static enr_field_t field_of(enr_span_t name)
{
    enr_field_t field = ENR_FIELD_FIRSTNAME;
    while (field < ENR_FIELD_SKIP && !enr_span_equal(name, enr_span_from_str(enr_field_name(field)))) {
        field++;
    }
    return field;
}

static void take_columns(reading_t *reading, enr_json_node_t list)
{
    enr_badge_profile_t *badge = &reading->profile->badge;
    badge->fields = reading->profile->columns;
    badge->field_count = 0;
    for (enr_json_node_t at = enr_json_first(&reader, list); at != ENR_JSON_NONE; at = enr_json_next(&reader, at)) {
        enr_field_t field = ENR_FIELD_SKIP;
        if (enr_json_type(&reader, at) != ENR_JSON_NULL) {
            field = field_of(text_of(reading, at, "fields must be strings or null"));
            reading->fault = field == ENR_FIELD_SKIP ? "fields has a name that is no field's" : reading->fault;
        }
        if (badge->field_count == PROFILE_COLUMNS_MAX) {
            reading->fault = "fields has more than 32 columns";
            return;
        }
        reading->profile->columns[badge->field_count++] = field;
    }
}

static void take_charset(reading_t *reading, enr_json_node_t value)
{
    enr_span_t name = text_of(reading, value, "charset must be a string");
    reading->profile->badge.charset = enr_charset_of_name(name);
    if (enr_span_equal(name, ENR_SPAN("auto"))) {
        reading->profile->badge.charset = ENR_CHARSET_WESTERN;
    } else if (reading->profile->badge.charset == ENR_CHARSET_OTHER) {
        reading->fault = "charset must be utf-8, windows-1252, cp437, shift_jis or another name of one of these";
    }
}

static void take_quote(reading_t *reading, enr_json_node_t value)
{
    enr_span_t quote = text_of(reading, value, "quote must be a string");
    if (quote.len != 1 || quote.ptr[0] >= 0x80) {
        reading->fault = "quote must be one ASCII character";
        return;
    }
    reading->profile->badge.quote = quote.ptr[0];
}

static void take_aim(reading_t *reading, enr_json_node_t value)
{
    if (enr_json_type(&reader, value) == ENR_JSON_BOOL) {
        reading->profile->has_aim = enr_span_equal(enr_json_raw(&reader, value), ENR_SPAN("true"));
        return;
    }
    enr_span_t aim = text_of(reading, value, "aim must be true, false or an identifier");
    if (aim.len != AIM_LEN || aim.ptr[0] != ']') {
        reading->fault = "aim must be true, false or an identifier such as ]Q2";
    }
    reading->profile->aim_given = aim;
}

static void take_member(reading_t *reading, enr_span_t key, enr_json_node_t value)
{
    enr_badge_profile_t *badge = &reading->profile->badge;
    const struct {
        const char *key;
        enr_span_t *text;
        void (*take)(reading_t *reading, enr_json_node_t value);
    } members[] = {
        {"delimiter", &badge->delimiter, NULL},
        {"strip_prefix", &badge->strip_prefix, NULL},
        {"id_strip_prefix", &badge->id_strip_prefix, NULL},
        {"id_url_prefix", &badge->id_url_prefix, NULL},
        {"other_hosts", &badge->other_hosts, NULL},
        {"delimiter_aliases", NULL, take_aliases},
        {"fields", NULL, take_columns},
        {"quote", NULL, take_quote},
        {"charset", NULL, take_charset},
        {"aim", NULL, take_aim},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (!enr_span_equal(key, enr_span_from_str(members[i].key))) {
            continue;
        }
        if (enr_json_type(&reader, value) == ENR_JSON_NULL) {
            return;
        }
        if (members[i].take != NULL) {
            members[i].take(reading, value);
        } else {
            *members[i].text = text_of(reading, value, "delimiter, prefixes and other_hosts must be strings");
        }
        return;
    }
    reading->fault = "it has a key that no profile has";
}

const char *profile_read(enr_span_t json, profile_t *out_profile)
{
    memset(out_profile, 0, sizeof *out_profile);
    reading_t reading = {.profile = out_profile};
    if (json.len > PROFILE_MAX) {
        return "it is longer than 8192 bytes";
    }
    if (enr_json_parse(&reader, json) != ENR_OK || enr_json_type(&reader, ENR_JSON_ROOT) != ENR_JSON_OBJECT) {
        return "it is not a JSON object";
    }
    for (enr_json_node_t at = enr_json_first(&reader, ENR_JSON_ROOT); at != ENR_JSON_NONE && reading.fault == NULL;
         at = enr_json_next(&reader, at)) {
        take_member(&reading, text_of(&reading, at, "a key cannot be read"), enr_json_value(&reader, at));
    }
    return reading.fault;
}

/* Copies the bytes into memory of ENR_BADGE_MAX, a large card without what frame leaves out. */
static enr_status_t copy_badge(enr_span_t bytes, uint8_t *memory, size_t *out_len)
{
    static const enr_frame_settings_t SILENCE_ONLY = {.idle_ms = 1};
    if (bytes.len <= ENR_BADGE_MAX) {
        enr_buffer_t copy = enr_buffer_over(memory, ENR_BADGE_MAX);
        enr_buffer_append(&copy, bytes);
        *out_len = copy.len;
        return ENR_OK;
    }
    enr_frame_t frame;
    enr_span_t whole = {NULL, 0};
    enr_frame_start(&frame, &SILENCE_ONLY, memory, ENR_BADGE_MAX);
    enr_status_t status = enr_frame_take(&frame, &bytes, 0, &whole);
    if (status == ENR_AGAIN) {
        status = enr_frame_take(&frame, &bytes, SILENCE_ONLY.idle_ms, &whole);
    }
    *out_len = whole.len;
    return status == ENR_AGAIN ? ENR_E_SYNTAX : status;
}

enr_status_t profile_read_badge(enr_span_t bytes, const profile_t *profile, enr_badge_t *out_badge)
{
    static uint8_t memory[AIM_LEN + ENR_BADGE_MAX];
    static const profile_t NO_PROFILE;
    profile = profile != NULL ? profile : &NO_PROFILE;
    enr_badge_profile_t badge = profile->badge;
    enr_aim_t aim = {.code = 0};
    size_t len = 0;
    enr_status_t status = copy_badge(bytes, memory + profile->aim_given.len, &len);
    if (status != ENR_OK) {
        memset(out_badge, 0, sizeof *out_badge);
        return status;
    }
    if (profile->aim_given.len > 0) {
        memcpy(memory, profile->aim_given.ptr, AIM_LEN);
        len += AIM_LEN;
    }
    if (profile->has_aim || profile->aim_given.len > 0) {
        len = enr_aim_strip(memory, len, &aim);
    }
    badge.charset = aim.has_eci ? enr_charset_of_eci(aim.eci) : badge.charset;
    return enr_badge_read((enr_span_t){memory, len}, &badge, out_badge);
}
