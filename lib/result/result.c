#include "enrich/result.h"

#include "enrich/contact.h"

#include <assert.h>

typedef struct {
    const enr_json_reader_t *json;
    enr_result_t *out;
    enr_buffer_t text;
} reading_t;

static bool is_unreserved(uint8_t byte)
{
    uint8_t lower = byte | 0x20;
    return enr_is_digit(byte) || (lower >= 'a' && lower <= 'z') || byte == '-' || byte == '.' || byte == '_' ||
           byte == '~';
}

bool enr_id_valid(enr_span_t id)
{
    if (id.len == 0 || id.len > ENR_ID_MAX || enr_span_equal(id, ENR_SPAN(".")) || enr_span_equal(id, ENR_SPAN(".."))) {
        return false;
    }
    for (size_t i = 0; i < id.len; i++) {
        if (!is_unreserved(id.ptr[i])) {
            return false;
        }
    }
    return true;
}

static enr_json_node_t member(const reading_t *reading, enr_json_node_t object, const char *key)
{
    return enr_json_member(reading->json, object, enr_span_from_str(key));
}

static bool has_type(const reading_t *reading, enr_json_node_t node, enr_json_type_t type)
{
    return node != ENR_JSON_NONE && enr_json_type(reading->json, node) == type;
}

/* A string as it was sent; empty for anything else. Only a full buffer is an error. */
static enr_status_t read_string(reading_t *reading, enr_json_node_t node, enr_span_t *out_text)
{
    *out_text = (enr_span_t){NULL, 0};
    return has_type(reading, node, ENR_JSON_STRING) ? enr_json_string(reading->json, node, &reading->text, out_text)
                                                    : ENR_OK;
}

/* As read_string, with "N/A" as no value (api-contract 13). */
static enr_status_t read_value(reading_t *reading, enr_json_node_t node, enr_span_t *out_value)
{
    enr_status_t status = read_string(reading, node, out_value);
    if (enr_span_equal_ignore_case(*out_value, ENR_SPAN("N/A"))) {
        *out_value = (enr_span_t){NULL, 0};
    }
    return status;
}

static bool is_empty_string(const reading_t *reading, enr_json_node_t node)
{
    return enr_span_equal(enr_json_raw(reading->json, node), ENR_SPAN("\"\""));
}

static enr_status_t read_id(reading_t *reading)
{
    const enr_json_node_t places[] = {
        member(reading, ENR_JSON_ROOT, "enrichment_id"),
        member(reading, ENR_JSON_ROOT, "id"),
        member(reading, member(reading, ENR_JSON_ROOT, "contact"), "id"),
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (places[i] == ENR_JSON_NONE || has_type(reading, places[i], ENR_JSON_NULL) ||
            is_empty_string(reading, places[i])) {
            continue;
        }
        enr_status_t status = read_string(reading, places[i], &reading->out->id);
        if (status != ENR_OK) {
            return status;
        }
        return enr_id_valid(reading->out->id) ? ENR_OK : ENR_E_UNEXPECTED;
    }
    return ENR_E_UNEXPECTED;
}

static enr_progress_t progress_of(enr_span_t word)
{
    static const struct {
        const char *word;
        enr_progress_t progress;
    } words[] = {
        {"finished", ENR_PROGRESS_FINISHED}, {"success", ENR_PROGRESS_FINISHED},   {"pending", ENR_PROGRESS_PENDING},
        {"queued", ENR_PROGRESS_PENDING},    {"processing", ENR_PROGRESS_PENDING},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (enr_span_equal_ignore_case(word, enr_span_from_str(words[i].word))) {
            return words[i].progress;
        }
    }
    return ENR_PROGRESS_UNKNOWN;
}

static enr_status_t read_texts(reading_t *reading)
{
    static const struct {
        const char *key;
        size_t at;
    } texts[] = {
        {"first_name", offsetof(enr_result_t, firstname)},
        {"last_name", offsetof(enr_result_t, lastname)},
        {"linkedin_profile_url", offsetof(enr_result_t, linkedin_url)},
        {"email", offsetof(enr_result_t, email)},
        {"email_status", offsetof(enr_result_t, email_status)},
        {"personal_email", offsetof(enr_result_t, personal_email)},
        {"personal_email_status", offsetof(enr_result_t, personal_email_status)},
        {"phone_status", offsetof(enr_result_t, phone_status)},
        {"message", offsetof(enr_result_t, message)},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        enr_span_t *value = (enr_span_t *)(void *)((uint8_t *)reading->out + texts[i].at);
        enr_status_t status = read_value(reading, member(reading, ENR_JSON_ROOT, texts[i].key), value);
        if (status != ENR_OK) {
            return status;
        }
    }
    return ENR_OK;
}

static bool is_e164(enr_span_t number)
{
    if (number.len < 8 || number.len > 16 || number.ptr[0] != '+' || number.ptr[1] == '0') {
        return false;
    }
    for (size_t i = 1; i < number.len; i++) {
        if (!enr_is_digit(number.ptr[i])) {
            return false;
        }
    }
    return true;
}

static bool has_phone(const enr_result_t *result, enr_span_t number)
{
    for (size_t i = 0; i < result->phone_count; i++) {
        if (enr_span_equal(result->phones[i].number, number)) {
            return true;
        }
    }
    return false;
}

/* What stands where a number is expected: a string, or raw JSON of another kind, so that no paid number is lost. */
static enr_status_t read_number(reading_t *reading, enr_json_node_t node, enr_span_t *out_number)
{
    if (has_type(reading, node, ENR_JSON_STRING)) {
        return read_value(reading, node, out_number);
    }
    bool holds_something =
        has_type(reading, node, ENR_JSON_NUMBER) || enr_json_first(reading->json, node) != ENR_JSON_NONE;
    *out_number = holds_something ? enr_json_raw(reading->json, node) : (enr_span_t){NULL, 0};
    return ENR_OK;
}

static enr_status_t read_phone(reading_t *reading, enr_json_node_t node)
{
    enr_result_t *out = reading->out;
    enr_phone_t phone = {.number = {NULL, 0}};
    enr_json_node_t number = member(reading, node, "number");
    size_t mark = reading->text.len;
    enr_status_t status = read_number(reading, number == ENR_JSON_NONE ? node : number, &phone.number);
    if (status == ENR_OK && phone.number.len > 0 && !has_phone(out, phone.number)) {
        out->phones_total++;
        if (out->phone_count < ENR_PHONES_MAX) {
            phone.e164 = is_e164(phone.number);
            status = read_value(reading, member(reading, node, "type"), &phone.type);
            out->phones[out->phone_count++] = phone;
            return status;
        }
    }
    reading->text.len = mark; /* what was not kept needs no room */
    return status;
}

static enr_status_t read_phones(reading_t *reading, const char *key)
{
    enr_json_node_t node = member(reading, ENR_JSON_ROOT, key);
    if (node == ENR_JSON_NONE) {
        return ENR_OK;
    }
    if (!has_type(reading, node, ENR_JSON_ARRAY)) {
        return read_phone(reading, node);
    }
    for (enr_json_node_t element = enr_json_first(reading->json, node); element != ENR_JSON_NONE;
         element = enr_json_next(reading->json, element)) {
        enr_status_t status = read_phone(reading, element);
        if (status != ENR_OK) {
            return status;
        }
    }
    return ENR_OK;
}

/* A token that is not a string must not look like an absent one: absent is acceptable, different is not (DESIGN 6). */
static enr_status_t read_custom(reading_t *reading)
{
    enr_json_node_t custom = member(reading, ENR_JSON_ROOT, "custom");
    if (custom == ENR_JSON_NONE || has_type(reading, custom, ENR_JSON_NULL)) {
        return ENR_OK;
    }
    reading->out->custom = enr_json_raw(reading->json, custom);
    enr_json_node_t token = member(reading, custom, ENR_TOKEN_KEY);
    if (token == ENR_JSON_NONE || has_type(reading, token, ENR_JSON_NULL)) {
        return ENR_OK;
    }
    if (has_type(reading, token, ENR_JSON_STRING) && !is_empty_string(reading, token)) {
        return read_string(reading, token, &reading->out->token);
    }
    reading->out->token = enr_json_raw(reading->json, token);
    return ENR_OK;
}

enr_status_t enr_result_read(const enr_json_reader_t *reader, enr_result_t *out_result)
{
    assert(reader != NULL && out_result != NULL);
    *out_result = (enr_result_t){.progress = ENR_PROGRESS_UNKNOWN};
    reading_t reading = {reader, out_result, enr_buffer_over(out_result->text, sizeof out_result->text)};
    if (enr_json_type(reader, ENR_JSON_ROOT) != ENR_JSON_OBJECT) {
        return ENR_E_UNEXPECTED;
    }
    enr_status_t status = read_id(&reading);
    if (status == ENR_OK) {
        status = read_string(&reading, member(&reading, ENR_JSON_ROOT, "status"), &out_result->status_word);
        out_result->progress = progress_of(out_result->status_word);
    }
    if (status == ENR_OK) {
        status = read_texts(&reading);
    }
    if (status == ENR_OK) {
        status = read_phones(&reading, "phone");
    }
    if (status == ENR_OK) {
        status = read_phones(&reading, "phones");
    }
    return status == ENR_OK ? read_custom(&reading) : status;
}
