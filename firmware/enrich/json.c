#include "report.h"

#include "print.h"
#include "session.h"

#include "enrich/json_writer.h"

#include <assert.h>

/* An escape can make six bytes of two of the answer, which appears twice: as it is and as its known members. The rest
   is for the problem. */
#define TEXT_MAX (SESSION_BODY_MAX * 8)

static uint8_t text_memory[TEXT_MAX];
static uint8_t cleaned_memory[SESSION_BODY_MAX];
static uint8_t decoded_memory[SESSION_BODY_MAX];
static enr_json_reader_t reader;

static void write_text(enr_json_writer_t *json, enr_span_t text)
{
    enr_buffer_t cleaned = enr_buffer_over(cleaned_memory, sizeof cleaned_memory);
    enr_json_write_string(json, print_cleaned(text, &cleaned));
}

static void write_text_or_null(enr_json_writer_t *json, const char *key, enr_span_t text)
{
    enr_json_key(json, enr_span_from_str(key));
    if (text.len > 0) {
        write_text(json, text);
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
        write_text(json, decoded(node));
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

static void write_answer(enr_json_writer_t *json, const report_t *report)
{
    enr_json_key(json, ENR_SPAN("answer"));
    if (report->answer != NULL && report->answer->body.len > 0 &&
        enr_json_parse(&reader, report->answer->body) == ENR_OK) {
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
        write_text_or_null(json, "number", result->phones[i].number);
        write_text_or_null(json, "type", result->phones[i].type);
        enr_json_key(json, ENR_SPAN("e164"));
        enr_json_write_bool(json, result->phones[i].e164);
        enr_json_object_end(json);
    }
    enr_json_array_end(json);
    enr_json_key(json, ENR_SPAN("phones_total"));
    enr_json_write_integer(json, (int64_t)result->phones_total);
    write_text_or_null(json, "phone_status", result->phone_status);
}

static void write_result(enr_json_writer_t *json, const report_t *report)
{
    static const enr_result_t NOTHING;
    const enr_result_t *result = report->has_result ? &report->answer->result : &NOTHING;
    bool finished = result->progress == ENR_PROGRESS_FINISHED;
    write_text_or_null(json, "status", result->status_word);
    enr_json_key(json, ENR_SPAN("finished"));
    enr_json_write_bool(json, finished);
    enr_json_key(json, ENR_SPAN("found"));
    if (finished) {
        enr_json_write_bool(json, report_found(result));
    } else {
        enr_json_write_null(json);
    }
    write_text_or_null(json, "firstname", result->firstname);
    write_text_or_null(json, "lastname", result->lastname);
    write_text_or_null(json, "linkedin_url", result->linkedin_url);
    write_text_or_null(json, "email", result->email);
    write_text_or_null(json, "email_status", result->email_status);
    write_text_or_null(json, "personal_email", result->personal_email);
    write_text_or_null(json, "personal_email_status", result->personal_email_status);
    write_phones(json, result);
    write_text_or_null(json, "message", result->message);
}

static void write_error(enr_json_writer_t *json, const report_t *report)
{
    const problem_t *problem = &report->problem;
    enr_json_key(json, ENR_SPAN("error"));
    if (problem->where == NULL) {
        enr_json_write_null(json);
        return;
    }
    bool answered = report->answer != NULL && !report->has_result && report->answer->code != 0;
    const char *name = problem->status == ENR_OK ? NULL : enr_status_name(problem->status);
    enr_json_object_begin(json);
    write_text_or_null(json, "status", enr_span_from_str(name));
    write_text_or_null(json, "where", enr_span_from_str(problem->where));
    write_text_or_null(json, "what", enr_span_from_str(problem->what));
    write_text_or_null(json, "hint", report_hint(report));
    enr_json_key(json, ENR_SPAN("http_status"));
    if (answered) {
        enr_json_write_integer(json, report->answer->code);
    } else {
        enr_json_write_null(json);
    }
    write_text_or_null(json, "message", answered ? report->answer->message : (enr_span_t){0});
    enr_json_key(json, ENR_SPAN("retry_after_s"));
    if (answered && report->answer->has_retry_after) {
        enr_json_write_integer(json, report->answer->retry_after_s);
    } else {
        enr_json_write_null(json);
    }
    enr_json_object_end(json);
}

void json_print_answer(const report_t *report)
{
    enr_buffer_t text = enr_buffer_over(text_memory, sizeof text_memory);
    enr_json_writer_t json;
    enr_json_writer_start(&json, &text);
    enr_status_t status = enr_json_parse(&reader, report->answer->body);
    assert(status == ENR_OK);
    copy_value(&json, ENR_JSON_ROOT);
    status = enr_json_writer_finish(&json);
    assert(status == ENR_OK);
    (void)status;
    print_json(stdout, enr_buffer_span(&text));
}

void json_print_report(const report_t *report)
{
    enr_buffer_t text = enr_buffer_over(text_memory, sizeof text_memory);
    enr_json_writer_t json;
    enr_json_writer_start(&json, &text);
    enr_json_object_begin(&json);
    write_text_or_null(&json, "command", enr_span_from_str(report->command));
    enr_json_key(&json, ENR_SPAN("row"));
    if (report->row > 0) {
        enr_json_write_integer(&json, report->row);
    } else {
        enr_json_write_null(&json);
    }
    enr_json_key(&json, ENR_SPAN("exit"));
    enr_json_write_integer(&json, report->code);
    write_text_or_null(&json, "outcome", enr_span_from_str(report_outcome_word(report->outcome)));
    write_text_or_null(&json, "id", report->id);
    write_text_or_null(&json, "batch", report->batch);
    write_text_or_null(&json, "token", report->token);
    enr_json_key(&json, ENR_SPAN("verified"));
    if (report->token.len > 0 && report->has_result) {
        enr_json_write_bool(&json, report->verified);
    } else {
        enr_json_write_null(&json);
    }
    write_result(&json, report);
    write_error(&json, report);
    write_answer(&json, report);
    enr_json_object_end(&json);
    enr_status_t status = enr_json_writer_finish(&json);
    assert(status == ENR_OK);
    (void)status;
    print_json(stdout, enr_buffer_span(&text));
}
