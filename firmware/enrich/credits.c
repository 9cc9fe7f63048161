#include "commands.h"
#include "interrupt.h"
#include "report.h"
#include "session.h"

/* One read, never repeated. No member of the answer is required (api-contract 12). */
static void read_credits(session_t *session, report_t *report)
{
    enr_status_t status = enr_api_start_credits(&session->api, service_now(session->service));
    if (status == ENR_OK) {
        status = session_run(session, NULL);
    }
    if (status == ENR_AGAIN) {
        report->code = outcome_problem(&report->problem, interrupt_exit(), "interrupted",
                                       "reading changes nothing; start it again at any time");
        return;
    }
    report->answer = &session->api.answer;
    if (status != ENR_OK) {
        report->code = outcome_exit(status);
        report->problem = session_problem(session, status);
    }
}

int credits_run(const options_t *options)
{
    static service_t service;
    static session_t session;
    report_t report = {.command = "credits", .json = options->json};
    report.code = service_open(&service, options, &report.problem);
    if (report.code == EXIT_DONE) {
        report.code = session_open(&session, &service, &report.problem);
    }
    if (report.code == EXIT_DONE) {
        read_credits(&session, &report);
    }
    if (report.code == EXIT_DONE && !options->json) {
        json_print_answer(&report);
    }
    int code = report_print(&report);
    session_close(&session);
    service_close(&service);
    return code;
}
