#include "badge.h"
#include "commands.h"
#include "interrupt.h"
#include "poll.h"
#include "print.h"
#include "report.h"

#include "enrich/tls.h"

#include <string.h>

/* What is asked, and the id under which it was accepted, kept apart from the answer that the next read overwrites. */
typedef struct {
    enr_contact_t contact;
    enr_options_t options;
    uint8_t token[ENR_TOKEN_LEN];
    uint8_t id[ENR_ID_MAX];
} request_t;

/* The badge's fields, each replaced by the option that was given. */
static enr_contact_t merge_contact(const options_t *options, const enr_badge_t *badge)
{
    enr_contact_t contact = {0};
    if (badge != NULL) {
        contact = badge->contact;
    }
    const struct {
        const char *given;
        enr_span_t *field;
    } fields[] = {
        {options->firstname, &contact.firstname},   {options->lastname, &contact.lastname},
        {options->company, &contact.company_name},  {options->domain, &contact.domain},
        {options->linkedin, &contact.linkedin_url},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i].given != NULL) {
            *fields[i].field = enr_span_from_str(fields[i].given);
        }
    }
    return contact;
}

static void report_status(report_t *report, exit_code_t code, enr_status_t status, const char *where)
{
    report->code = code;
    report->problem = (problem_t){
        .status = status,
        .where = where,
        .what = enr_status_meaning(status),
        .hint = outcome_hint(status),
    };
}

/* The option that gives a field of the request. */
static const char *option_of(const char *field)
{
    static const struct {
        const char *field;
        const char *option;
    } OPTIONS[] = {
        {"firstname", "--firstname"},         {"lastname", "--lastname"},     {"domain", "--domain"},
        {"company_name", "--company"},        {"linkedin_url", "--linkedin"}, {"enrichment_type", "--type"},
        {"phone_country_codes", "--country"}, {"webhook_url", "--webhook"},
    };
    for (size_t i = 0; i < sizeof OPTIONS / sizeof OPTIONS[0]; i++) {
        if (strcmp(field, OPTIONS[i].field) == 0) {
            return OPTIONS[i].option;
        }
    }
    return "--custom";
}

/* The local check said no. A badge that cannot do by itself says why. */
static void report_refusal(report_t *report, const enr_refusal_t *refusal, const enr_badge_t *badge)
{
    static char hint[128];
    report->code = outcome_problem(&report->problem, EXIT_REFUSED_HERE, refusal->field, refusal->rule);
    report->problem.status = ENR_E_CONTACT;
    report->problem.hint = hint;
    if (badge != NULL && badge->enrichable == 0) {
        (void)snprintf(hint, sizeof hint, "the badge alone is not enough (%s); see %s", badge_phrase(badge->reason),
                       option_of(refusal->field));
    } else {
        (void)snprintf(hint, sizeof hint, "see %s", option_of(refusal->field));
    }
}

/* Takes the request together and checks it, before any setting is looked at: wrong arguments come first. */
static void prepare(const options_t *options, request_t *out_request, report_t *report)
{
    const enr_badge_t *badge = NULL;
    if (options->badge != NULL) {
        report->code = badge_load(options->badge, options->profile, &badge, &report->problem);
        if (report->code != EXIT_DONE) {
            return;
        }
    }
    out_request->contact = merge_contact(options, badge);
    out_request->options = (enr_options_t){
        .types = options->types,
        .allow_multi = options->allow_multi,
        .webhook_url = enr_span_from_str(options->webhook),
        .countries = options->countries,
        .country_count = options->country_count,
        .custom = options->custom,
        .custom_count = options->custom_count,
    };
    enr_refusal_t refusal;
    enr_call_t call = options->sync ? ENR_CALL_SYNC : ENR_CALL_ASYNC;
    if (enr_contact_check(&out_request->contact, &out_request->options, call, &refusal) != ENR_OK) {
        report_refusal(report, &refusal, badge);
    }
}

/* Starts the call; true when it is under way. */
static bool start(const options_t *options, request_t *request, session_t *session, report_t *report)
{
    enr_status_t (*const start_call)(enr_api_t *, const enr_contact_t *, const enr_options_t *, uint32_t,
                                     enr_refusal_t *) = options->sync ? enr_api_start_sync : enr_api_start_single;
    enr_status_t status = enr_tls_token(request->token);
    if (status != ENR_OK) {
        report_status(report, outcome_exit(status), status, "token");
        return false;
    }
    request->options.token = (enr_span_t){request->token, sizeof request->token};
    enr_refusal_t refusal; /* empty: this was checked */
    status = start_call(&session->api, &request->contact, &request->options, service_now(session->service), &refusal);
    if (status != ENR_OK) {
        report_status(report, EXIT_REFUSED_HERE, status, "request");
        return false;
    }
    report->token = request->options.token;
    return true;
}

/* The POST did not end well: what is known of it decides, not how it failed (behaviours 33). It is never repeated. */
static void report_failure(session_t *session, enr_status_t status, report_t *report)
{
    const enr_answer_t *answer = &session->api.answer;
    report->answer = status == ENR_E_IDENTITY ? NULL : answer; /* another person's data are not shown */
    if (status == ENR_AGAIN) {
        report->code = outcome_problem(&report->problem, interrupt_exit(), session->where, "interrupted");
    } else {
        report->code = outcome_exit(status);
        report->problem = session_problem(session, status);
    }
    report->outcome = report_outcome(answer);
    if (report->outcome == OUTCOME_UNKNOWN && status != ENR_AGAIN) {
        report->code = EXIT_UNKNOWN;
    }
}

static void report_accepted(const session_t *session, request_t *request, report_t *report)
{
    const enr_answer_t *answer = &session->api.answer;
    memcpy(request->id, answer->result.id.ptr, answer->result.id.len);
    report->id = (enr_span_t){request->id, answer->result.id.len};
    report->outcome = OUTCOME_ACCEPTED;
    report->verified = answer->verified;
    report->answer = answer;
    report->has_result = true;
}

static void wait_for_result(session_t *session, report_t *report)
{
    (void)fputs("enrich: accepted as ", stderr);
    print_text(stderr, report->id);
    (void)fputs(", waiting for the result\n", stderr);
    poll_t poll;
    poll_start(&poll, &session->service->settings, true, service_now(session->service));
    enr_status_t status = ENR_OK;
    poll_end_t end = poll_result(session, &poll, report->id, report->token, &status);
    report->has_result = status == ENR_OK;
    report->verified = report->has_result && session->api.answer.verified;
    switch (end) {
    case POLL_AGAIN:
    case POLL_FINISHED:
        break;
    case POLL_LATE:
        report->code = outcome_problem(&report->problem, EXIT_PENDING, session->where, "not finished at the deadline");
        break;
    case POLL_INTERRUPTED:
        report->answer = NULL;
        report->code = outcome_problem(&report->problem, interrupt_exit(), session->where, "interrupted");
        break;
    case POLL_FAILED:
        report->answer = status == ENR_E_IDENTITY ? NULL : &session->api.answer;
        report->code = EXIT_PENDING; /* accepted stays the first thing to know */
        report->problem = session_problem(session, status);
        break;
    }
}

static void submit(const options_t *options, request_t *request, session_t *session, report_t *report)
{
    if (!start(options, request, session, report)) {
        return;
    }
    enr_status_t status = session_run(session, NULL);
    if (status != ENR_OK) {
        report_failure(session, status, report);
        return;
    }
    report_accepted(session, request, report);
    bool finished = session->api.answer.result.progress == ENR_PROGRESS_FINISHED;
    if (options->wait && !finished) {
        wait_for_result(session, report);
    } else if (options->sync && !finished) {
        report->code = outcome_problem(&report->problem, EXIT_PENDING, session->where,
                                       "the synchronous answer does not say that it is finished");
    }
}

int submit_run(const options_t *options)
{
    static service_t service;
    static session_t session;
    static request_t request;
    report_t report = {
        .command = "submit",
        .options = options,
        .json = options->json,
        .types = options->types,
        .outcome = OUTCOME_NOT_SENT,
    };
    prepare(options, &request, &report);
    if (report.code == EXIT_DONE) {
        report.code = service_open(&service, options, &report.problem);
    }
    if (report.code == EXIT_DONE) {
        report.code = session_open(&session, &service, &report.problem);
    }
    if (report.code == EXIT_DONE) {
        submit(options, &request, &session, &report);
    }
    int code = report_print(&report);
    session_close(&session);
    service_close(&service);
    return code;
}
