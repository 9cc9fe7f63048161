#include "answer_json.h"

#include "print.h"
#include "report.h"

#include <assert.h>

static uint8_t cleaned_memory[ANSWER_MAX];
static uint8_t decoded_memory[ANSWER_MAX];
static enr_json_reader_t reader;

void answer_json_text(enr_json_writer_t *json, enr_span_t text)
{
    enr_buffer_t cleaned = enr_buffer_over(cleaned_memory, sizeof cleaned_memory);
    enr_json_write_string(json, print_cleaned(text, &cleaned));
}

void answer_json_member(enr_json_writer_t *json, const char *key, enr_span_t text)
{
    enr_json_key(json, enr_span_from_str(key));
    if (text.len > 0) {
        answer_json_text(json, text);
    } else {
        enr_json_write_null(json);
    }
}

/* A decoded string of the answer, for one use. */
static enr_span_t decoded(enr_json_node_t node)
{
    enr_buffer_t scratch = enr_buffer_over(decoded_memory, sizeof decoded_memory);
    enr_span_t text = {0};
    enr_status_t status = enr_json_string(&reader, node, &scratch, &text);
    assert(status == ENR_OK); /* a decoded string is shorter than its JSON form, which fits */
    (void)status;
    return text;
}

/* Writes a value of the answer anew, so that each of its strings is cleaned. As deep as ENR_JSON_DEPTH_MAX. */
static void copy_value(enr_json_writer_t *json, enr_json_node_t node)
{
    switch (enr_json_type(&reader, node)) {
    case ENR_JSON_STRING:
        answer_json_text(json, decoded(node));
        break;
    case ENR_JSON_ARRAY:
        enr_json_array_begin(json);
        for (enr_json_node_t at = enr_json_first(&reader, node); at != ENR_JSON_NONE; at = enr_json_next(&reader, at)) {
            copy_value(json, at);
        }
        enr_json_array_end(json);
        break;
    case ENR_JSON_OBJECT:
        enr_json_object_begin(json);
        for (enr_json_node_t at = enr_json_first(&reader, node); at != ENR_JSON_NONE; at = enr_json_next(&reader, at)) {
            enr_buffer_t cleaned = enr_buffer_over(cleaned_memory, sizeof cleaned_memory);
            enr_json_key(json, print_cleaned(decoded(at), &cleaned));
            copy_value(json, enr_json_value(&reader, at));
        }
        enr_json_object_end(json);
        break;
    default:
        enr_json_write_raw(json, enr_json_raw(&reader, node));
        break;
    }
}

void answer_json_whole(enr_json_writer_t *json, enr_span_t body)
{
    if (body.len > 0 && enr_json_parse(&reader, body) == ENR_OK) {
        copy_value(json, ENR_JSON_ROOT);
    } else {
        enr_json_write_null(json);
    }
}

static void write_phones(enr_json_writer_t *json, const enr_result_t *result)
{
    enr_json_key(json, ENR_SPAN("phones"));
    enr_json_array_begin(json);
    for (size_t i = 0; i < result->phone_count; i++) {
        enr_json_object_begin(json);
        answer_json_member(json, "number", result->phones[i].number);
        answer_json_member(json, "type", result->phones[i].type);
        enr_json_key(json, ENR_SPAN("e164"));
        enr_json_write_bool(json, result->phones[i].e164);
        enr_json_object_end(json);
    }
    enr_json_array_end(json);
    enr_json_key(json, ENR_SPAN("phones_total"));
    enr_json_write_integer(json, (int64_t)result->phones_total);
    answer_json_member(json, "phone_status", result->phone_status);
}

void answer_json_result(enr_json_writer_t *json, const enr_result_t *result)
{
    bool finished = result->progress == ENR_PROGRESS_FINISHED;
    answer_json_member(json, "status", result->status_word);
    enr_json_key(json, ENR_SPAN("finished"));
    enr_json_write_bool(json, finished);
    enr_json_key(json, ENR_SPAN("found"));
    if (finished) {
        enr_json_write_bool(json, report_found(result));
    } else {
        enr_json_write_null(json);
    }
    answer_json_member(json, "firstname", result->firstname);
    answer_json_member(json, "lastname", result->lastname);
    answer_json_member(json, "linkedin_url", result->linkedin_url);
    answer_json_member(json, "email", result->email);
    answer_json_member(json, "email_status", result->email_status);
    answer_json_member(json, "personal_email", result->personal_email);
    answer_json_member(json, "personal_email_status", result->personal_email_status);
    write_phones(json, result);
    answer_json_member(json, "message", result->message);
}
