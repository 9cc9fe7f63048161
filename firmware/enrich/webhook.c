#include "commands.h"
#include "input.h"
#include "report.h"
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The callback's body, and the reader that its result is a view of. */
typedef struct {
    uint8_t body[SESSION_BODY_MAX + 1];
    enr_json_reader_t reader;
    enr_answer_t answer;
} callback_t;

static exit_code_t load(const char *path, callback_t *out_callback, problem_t *out_problem)
{
    const char *where = strcmp(path, "-") == 0 ? "callback on standard input" : path;
    size_t len = 0;
    unsigned mode = 0;
    switch (input_read(path, true, out_callback->body, SESSION_BODY_MAX, &len, &mode)) {
    case INPUT_FAILED:
        return outcome_problem(out_problem, EXIT_SETTING, where, strerror(errno));
    case INPUT_TOO_LARGE:
        return outcome_problem(out_problem, EXIT_SETTING, where,
                               "a callback is at most " TEXT_OF(SESSION_BODY_MAX) " bytes");
    case INPUT_OK:
        break;
    }
    out_callback->answer.body = (enr_span_t){out_callback->body, len};
    enr_status_t status =
        enr_webhook_read(out_callback->answer.body, &out_callback->reader, &out_callback->answer.result);
    if (status == ENR_OK) {
        return EXIT_DONE;
    }
    *out_problem = (problem_t){
        .status = status,
        .where = where,
        .what = status == ENR_E_NOT_JSON     ? "the callback is not JSON"
                : status == ENR_E_UNEXPECTED ? "the callback is JSON without a usable id"
                                             : "the callback exceeds a documented limit",
    };
    return outcome_exit(status);
}

/* The token is the only sign of the sender (api-contract 6, behaviours 40): a person's data are shown only when it is
   the one that was asked for. */
static void check_token(enr_span_t wanted, enr_span_t token, report_t *report)
{
    report->token = wanted;
    report->verified = enr_span_equal_secret(token, wanted);
    if (!report->verified) {
        report->code = outcome_exit(ENR_E_IDENTITY);
        report->problem = (problem_t){
            .status = ENR_E_IDENTITY,
            .where = "token",
            .what = token.len > 0 ? "differs: the callback carries another custom " ENR_TOKEN_KEY
                                  : "absent: the callback carries no custom " ENR_TOKEN_KEY,
            .hint = "it may be anybody's: read the result by enrich get, with the id of your own record",
        };
    }
}

int webhook_run(const options_t *options)
{
    static callback_t callback;
    report_t report = {.command = "webhook", .json = options->json};
    report.code = load(options->operand, &callback, &report.problem);
    if (report.code == EXIT_DONE && options->token != NULL) {
        check_token(enr_span_from_str(options->token), callback.answer.result.token, &report);
    }
    if (report.code == EXIT_DONE) {
        report.answer = &callback.answer;
        report.has_result = true;
        report.id = callback.answer.result.id;
    }
    if (report.has_result && !options->json && options->token != NULL) {
        (void)fputs("token:          matches\n", stdout);
    }
    int code = report_print(&report);
    enr_wipe(&callback, sizeof callback);
    return code;
}
