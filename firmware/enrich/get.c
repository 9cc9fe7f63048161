#include "commands.h"
#include "interrupt.h"
#include "poll.h"
#include "report.h"

/* One read, never repeated. */
static poll_end_t read_once(session_t *session, enr_span_t id, enr_status_t *out_status)
{
    *out_status = enr_api_start_get(&session->api, id, (enr_span_t){NULL, 0}, service_now(session->service));
    if (*out_status == ENR_OK) {
        *out_status = session_run(session, NULL);
    }
    if (*out_status == ENR_AGAIN) {
        return POLL_INTERRUPTED;
    }
    return *out_status == ENR_OK ? POLL_FINISHED : POLL_FAILED;
}

static poll_end_t read_result(const options_t *options, session_t *session, enr_span_t id, enr_status_t *out_status)
{
    if (!options->wait) {
        return read_once(session, id, out_status);
    }
    poll_t poll;
    poll_start(&poll, &session->service->settings, false, service_now(session->service));
    return poll_result(session, &poll, id, (enr_span_t){NULL, 0}, out_status);
}

static void get(const options_t *options, session_t *session, report_t *report)
{
    enr_status_t status = ENR_OK;
    poll_end_t end = read_result(options, session, report->id, &status);
    report->answer = status == ENR_E_IDENTITY ? NULL : &session->api.answer; /* another person's data are not shown */
    report->has_result = status == ENR_OK;
    switch (end) {
    case POLL_AGAIN:
    case POLL_FINISHED:
        break;
    case POLL_LATE:
        report->code = outcome_problem(&report->problem, EXIT_PENDING, session->where, "not finished at the deadline");
        report->problem.hint = "read it again later";
        break;
    case POLL_INTERRUPTED:
        report->answer = NULL;
        report->code = outcome_problem(&report->problem, interrupt_exit(), "interrupted",
                                       "reading changes nothing; start it again at any time");
        break;
    case POLL_FAILED:
        report->code = outcome_exit(status);
        report->problem = session_problem(session, status);
        break;
    }
}

int get_run(const options_t *options)
{
    static service_t service;
    static session_t session;
    report_t report = {.command = "get", .json = options->json, .id = enr_span_from_str(options->operand)};
    if (!enr_id_valid(report.id)) {
        report.id = (enr_span_t){0};
        report.code = outcome_problem(&report.problem, EXIT_REFUSED_HERE, "id",
                                      "must be 1 to 64 letters, digits, '-', '.', '_' or '~'");
        return report_print(&report);
    }
    report.code = service_open(&service, options, &report.problem);
    if (report.code == EXIT_DONE) {
        report.code = session_open(&session, &service, &report.problem);
    }
    if (report.code == EXIT_DONE) {
        get(options, &session, &report);
    }
    int code = report_print(&report);
    session_close(&session);
    service_close(&service);
    return code;
}
