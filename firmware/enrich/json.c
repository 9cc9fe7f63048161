#include "report.h"

#include "answer_json.h"
#include "print.h"

#include <assert.h>

/* An escape can make six bytes of two of the answer, which appears twice: as it is and as its known members. The rest
   is for the problem. */
#define TEXT_MAX (ANSWER_MAX * 8)

static uint8_t text_memory[TEXT_MAX];

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
    answer_json_member(json, "status", enr_span_from_str(name));
    answer_json_member(json, "where", enr_span_from_str(problem->where));
    answer_json_member(json, "what", enr_span_from_str(problem->what));
    answer_json_member(json, "hint", report_hint(report));
    enr_json_key(json, ENR_SPAN("http_status"));
    if (answered) {
        enr_json_write_integer(json, report->answer->code);
    } else {
        enr_json_write_null(json);
    }
    answer_json_member(json, "message", answered ? report->answer->message : (enr_span_t){0});
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
    answer_json_whole(&json, report->answer->body);
    enr_status_t status = enr_json_writer_finish(&json);
    assert(status == ENR_OK);
    (void)status;
    print_json(stdout, enr_buffer_span(&text));
}

void json_print_report(const report_t *report)
{
    static const enr_result_t NOTHING;
    enr_buffer_t text = enr_buffer_over(text_memory, sizeof text_memory);
    enr_json_writer_t json;
    enr_json_writer_start(&json, &text);
    enr_json_object_begin(&json);
    answer_json_member(&json, "command", enr_span_from_str(report->command));
    enr_json_key(&json, ENR_SPAN("row"));
    if (report->row > 0) {
        enr_json_write_integer(&json, report->row);
    } else {
        enr_json_write_null(&json);
    }
    enr_json_key(&json, ENR_SPAN("exit"));
    enr_json_write_integer(&json, report->code);
    answer_json_member(&json, "outcome", enr_span_from_str(report_outcome_word(report->outcome)));
    answer_json_member(&json, "id", report->id);
    answer_json_member(&json, "batch", report->batch);
    answer_json_member(&json, "token", report->token);
    enr_json_key(&json, ENR_SPAN("verified"));
    if (report->token.len > 0 && report->has_result) {
        enr_json_write_bool(&json, report->verified);
    } else {
        enr_json_write_null(&json);
    }
    answer_json_result(&json, report->has_result ? &report->answer->result : &NOTHING);
    write_error(&json, report);
    enr_json_key(&json, ENR_SPAN("answer"));
    answer_json_whole(&json, report->answer != NULL ? report->answer->body : (enr_span_t){0});
    enr_json_object_end(&json);
    enr_status_t status = enr_json_writer_finish(&json);
    assert(status == ENR_OK);
    (void)status;
    print_json(stdout, enr_buffer_span(&text));
}
