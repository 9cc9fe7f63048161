#include "record_json.h"

#include "answer_json.h"

#include "enrich/utf8.h"

#include <stdio.h>
#include <time.h>

enr_status_t record_read_data(enr_agent_t *agent, full_record_t *full)
{
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        enr_buffer_t data = enr_buffer_over(full->memory[number], sizeof full->memory[number]);
        enr_status_t status = enr_agent_read(agent, &full->record, enr_type_of_number(number), &data);
        if (status != ENR_OK) {
            return status;
        }
        full->data[number] = enr_buffer_span(&data);
    }
    return ENR_OK;
}

bool record_result(const full_record_t *full, unsigned number, const enr_result_t **out_result)
{
    static enr_json_reader_t reader;
    static enr_result_t result;
    *out_result = &result;
    return full->record.requests[number].state == ENR_REQUEST_FINISHED &&
           enr_json_parse(&reader, full->data[number]) == ENR_OK && enr_result_read(&reader, &result) == ENR_OK;
}

bool record_time(const enr_stamp_t *stamp, char out_text[RECORD_TIME_MAX])
{
    time_t seconds = (time_t)stamp->wall_s;
    struct tm parts;
    out_text[0] = '\0';
    return stamp->quality != ENR_TIME_UNKNOWN && gmtime_r(&seconds, &parts) != NULL &&
           strftime(out_text, RECORD_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0;
}

static void write_time(enr_json_writer_t *json, const char *key, const enr_stamp_t *stamp)
{
    char text[RECORD_TIME_MAX];
    bool known = record_time(stamp, text);
    answer_json_member(json, key, enr_span_from_str(known ? text : NULL));
}

static void write_clock(enr_json_writer_t *json, const char *key, const enr_stamp_t *stamp)
{
    answer_json_member(json, key, enr_span_from_str(record_clock(stamp)));
}

/* Bytes that are no text, as RFC 4648 4 writes them. */
static void write_base64(enr_json_writer_t *json, enr_span_t bytes)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static uint8_t memory[(ENR_JOURNAL_CONTENT_MAX + 2) / 3 * 4];
    enr_buffer_t text = enr_buffer_over(memory, sizeof memory);
    for (size_t at = 0; at < bytes.len; at += 3) {
        size_t count = bytes.len - at < 3 ? bytes.len - at : 3;
        uint32_t group = 0;
        for (size_t i = 0; i < 3; i++) {
            group = group << 8 | (i < count ? bytes.ptr[at + i] : 0u);
        }
        for (size_t i = 0; i < 4; i++) {
            uint32_t digit = group >> (18 - 6 * i) & 0x3f;
            enr_buffer_append_byte(&text, i <= count ? (uint8_t)DIGITS[digit] : '=');
        }
    }
    enr_json_write_member(json, ENR_SPAN("payload_base64"), enr_buffer_span(&text));
}

static void write_payload(enr_json_writer_t *json, const enr_lead_t *lead)
{
    if (enr_utf8_valid(lead->payload)) {
        answer_json_member(json, "payload", lead->payload);
    } else {
        write_base64(json, lead->payload);
    }
    enr_json_key(json, ENR_SPAN("payload_lost"));
    enr_json_write_integer(json, lead->payload_lost);
}

const char *record_clock(const enr_stamp_t *stamp)
{
    static const char *const WORDS[] = {
        [ENR_TIME_UNKNOWN] = "unknown", [ENR_TIME_STORED] = "stored", [ENR_TIME_SET] = "set"};
    return WORDS[stamp->quality];
}

const char *record_purpose(size_t place, unsigned *out_bit)
{
    static const char *const WORDS[] = {"contact", "enrichment", "personal_email", "marketing"}; /* by bit */
    *out_bit = 1u << place;
    return place < sizeof WORDS / sizeof WORDS[0] ? WORDS[place] : NULL;
}

const char *record_method(enr_consent_method_t method)
{
    static const char *const WORDS[] = {
        [ENR_CONSENT_BY_NONE] = NULL,
        [ENR_CONSENT_BY_BUTTON] = "button",
        [ENR_CONSENT_BY_BARCODE] = "barcode",
        [ENR_CONSENT_BY_FORM] = "form",
        [ENR_CONSENT_BY_SIGNATURE] = "signature",
        [ENR_CONSENT_BY_OPERATOR] = "operator",
    };
    return WORDS[method];
}

static void write_consent(enr_json_writer_t *json, const enr_consent_t *consent)
{
    unsigned bit = 0;
    const char *purpose = NULL;
    enr_json_key(json, ENR_SPAN("consent"));
    enr_json_object_begin(json);
    for (size_t i = 0; (purpose = record_purpose(i, &bit)) != NULL; i++) {
        enr_json_key(json, enr_span_from_str(purpose));
        if ((consent->asked & bit) != 0) {
            enr_json_write_bool(json, (consent->given & bit) != 0);
        } else {
            enr_json_write_null(json);
        }
    }
    answer_json_member(json, "method", enr_span_from_str(record_method(consent->method)));
    answer_json_member(json, "notice", consent->notice);
    enr_json_object_end(json);
}

void record_json_lead(enr_json_writer_t *json, const enr_lead_t *lead)
{
    const struct {
        const char *name;
        enr_span_t value;
    } texts[] = {
        {"firstname", lead->contact.firstname},
        {"lastname", lead->contact.lastname},
        {"company", lead->contact.company_name},
        {"domain", lead->contact.domain},
        {"linkedin_url", lead->contact.linkedin_url},
        {"email", lead->email},
        {"phone", lead->phone},
        {"title", lead->title},
        {"attendee_id", lead->attendee_id},
        {"event", lead->event},
        {"device", lead->device},
        {"operator", lead->captured_by},
        {"answers", lead->answers},
    };
    enr_json_object_begin(json);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        answer_json_member(json, texts[i].name, texts[i].value);
    }
    enr_json_key(json, ENR_SPAN("rating"));
    if (lead->rating > 0) {
        enr_json_write_integer(json, lead->rating);
    } else {
        enr_json_write_null(json);
    }
    write_consent(json, &lead->consent);
    write_time(json, "first_seen", &lead->first);
    write_clock(json, "first_seen_clock", &lead->first);
    write_time(json, "last_seen", &lead->last);
    write_clock(json, "last_seen_clock", &lead->last);
    enr_json_key(json, ENR_SPAN("scans"));
    enr_json_write_integer(json, lead->scans);
    write_payload(json, lead);
    enr_json_object_end(json);
}

void record_json_result(enr_json_writer_t *json, const full_record_t *full, unsigned number)
{
    const enr_result_t *result;
    enr_json_key(json, ENR_SPAN("result"));
    if (record_result(full, number, &result)) {
        enr_json_object_begin(json);
        answer_json_result(json, result);
        enr_json_object_end(json);
    } else {
        enr_json_write_null(json);
    }
    bool has_answer = full->record.requests[number].state == ENR_REQUEST_FINISHED;
    enr_json_key(json, ENR_SPAN("answer"));
    answer_json_whole(json, has_answer ? full->data[number] : (enr_span_t){0});
}

/* Why the local check refused it. */
static void write_refusal(enr_json_writer_t *json, const enr_request_t *request)
{
    enr_json_key(json, ENR_SPAN("refusal"));
    if (request->state != ENR_REQUEST_REFUSED) {
        enr_json_write_null(json);
        return;
    }
    enr_json_object_begin(json);
    answer_json_member(json, "field", enr_span_from_str(request->refusal.field));
    answer_json_member(json, "rule", enr_span_from_str(request->refusal.rule));
    enr_json_object_end(json);
}

void record_json_request(enr_json_writer_t *json, const full_record_t *full, unsigned number)
{
    const enr_request_t *request = &full->record.requests[number];
    bool has_id = request->state == ENR_REQUEST_PENDING || request->state == ENR_REQUEST_LATE;
    bool has_result = request->state == ENR_REQUEST_FINISHED;
    enr_json_object_begin(json);
    answer_json_member(json, "state", enr_span_from_str(enr_request_state_name(request->state)));
    answer_json_member(json, "status",
                       enr_span_from_str(request->status == ENR_OK ? NULL : enr_status_name(request->status)));
    enr_json_key(json, ENR_SPAN("attempts"));
    enr_json_write_integer(json, request->attempts);
    enr_json_key(json, ENR_SPAN("verified"));
    if (has_result) {
        enr_json_write_bool(json, !request->unverified);
    } else {
        enr_json_write_null(json);
    }
    answer_json_member(json, "id", has_id ? full->data[number] : (enr_span_t){0});
    write_refusal(json, request);
    record_json_result(json, full, number);
    enr_json_object_end(json);
}
