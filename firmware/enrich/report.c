#include "report.h"

#include "print.h"

#include <errno.h>
#include <string.h>

#define LABEL_WIDTH 16

static void begin_line(const char *label)
{
    (void)printf("%s:%*s", label, LABEL_WIDTH - 1 - (int)strlen(label), "");
}

static void print_line(const char *label, enr_span_t value)
{
    if (value.len > 0) {
        begin_line(label);
        print_text(stdout, value);
        (void)fputc('\n', stdout);
    }
}

bool report_found(const enr_result_t *result)
{
    return result->progress == ENR_PROGRESS_FINISHED &&
           (result->email.len > 0 || result->personal_email.len > 0 || result->phones_total > 0);
}

static void print_address(const char *label, enr_span_t address, enr_span_t status, bool asked)
{
    if (address.len == 0 && !asked) {
        return;
    }
    begin_line(label);
    if (address.len == 0) {
        (void)fputs("not found\n", stdout);
        return;
    }
    print_text(stdout, address);
    if (status.len > 0) {
        (void)fputs(" (", stdout);
        print_text(stdout, status);
        (void)fputc(')', stdout);
    }
    (void)fputc('\n', stdout);
}

static void print_phone(const enr_phone_t *phone)
{
    begin_line("phone");
    print_text(stdout, phone->number);
    const char *separator = " (";
    if (phone->type.len > 0) {
        (void)fputs(separator, stdout);
        print_text(stdout, phone->type);
        separator = ", ";
    }
    if (!phone->e164) {
        (void)printf("%snot in international form", separator);
        separator = ", ";
    }
    (void)fputs(separator[0] == ',' ? ")\n" : "\n", stdout);
}

static void print_phones(const enr_result_t *result, bool asked)
{
    for (size_t i = 0; i < result->phone_count; i++) {
        print_phone(&result->phones[i]);
    }
    if (result->phones_total > result->phone_count) {
        begin_line("phone");
        (void)printf("%zu more: --json shows them\n", result->phones_total - result->phone_count);
    }
    if (result->phones_total == 0 && asked) {
        begin_line("phone");
        (void)fputs("not found\n", stdout);
    }
}

static void print_found(const report_t *report)
{
    const enr_result_t *result = &report->answer->result;
    print_address("email", result->email, result->email_status, (report->types & ENR_TYPE_EMAIL) != 0);
    print_address("personal_email", result->personal_email, result->personal_email_status,
                  (report->types & ENR_TYPE_PERSONAL_EMAIL) != 0);
    print_phones(result, (report->types & ENR_TYPE_PHONE) != 0);
    if (report->types == 0 && !report_found(result)) {
        begin_line("found");
        (void)fputs("nothing\n", stdout);
    }
}

static void print_result(const report_t *report)
{
    const enr_result_t *result = &report->answer->result;
    print_line("id", report->id);
    print_line("status", result->status_word.len > 0 ? result->status_word : ENR_SPAN("(none given)"));
    if (result->progress != ENR_PROGRESS_FINISHED) {
        return;
    }
    if (result->firstname.len > 0 || result->lastname.len > 0) {
        begin_line("name");
        print_text(stdout, result->firstname);
        (void)fputs(result->firstname.len > 0 && result->lastname.len > 0 ? " " : "", stdout);
        print_text(stdout, result->lastname);
        (void)fputc('\n', stdout);
    }
    print_found(report);
    print_line("message", result->message);
}

/* ' (HTTP 422: "what the service said")' */
static void print_said(const enr_answer_t *answer)
{
    if (answer == NULL || answer->code == 0) {
        return;
    }
    (void)fprintf(stderr, " (HTTP %u", answer->code);
    if (answer->message.len > 0) {
        (void)fputs(": \"", stderr);
        print_text(stderr, answer->message);
        (void)fputc('"', stderr);
    }
    if (answer->has_retry_after) {
        (void)fprintf(stderr, ", wait %u s", (unsigned)answer->retry_after_s);
    }
    (void)fputc(')', stderr);
}

/* What is known of the request, and what to do. */
static void print_consequence(const report_t *report)
{
    switch (report->outcome) {
    case OUTCOME_NOT_SENT:
        (void)fputs("; nothing was sent", stderr);
        break;
    case OUTCOME_UNKNOWN:
        (void)fputs("; OUTCOME UNKNOWN: the request was sent and may have been accepted and billed, so do not just "
                    "send it again: look in the web application or at the webhook for custom " ENR_TOKEN_KEY " ",
                    stderr);
        print_text(stderr, report->token);
        break;
    case OUTCOME_ACCEPTED:
        (void)fputs("; the request was accepted, read it by: enrich get ", stderr);
        print_text(stderr, report->id);
        break;
    default:
        break;
    }
    if (report->problem.hint != NULL) {
        (void)fprintf(stderr, "; %s", report->problem.hint);
    }
    (void)fputc('\n', stderr);
}

static void print_problem(const report_t *report)
{
    (void)fputs("enrich: ", stderr);
    print_string(stderr, report->problem.where);
    (void)fputs(": ", stderr);
    print_string(stderr, report->problem.what);
    if (!report->has_result) {
        print_said(report->answer);
    }
    print_consequence(report);
}

int report_print(const report_t *report)
{
    if (report->json) {
        json_print_report(report);
    } else if (report->has_result) {
        print_result(report);
    }
    if (report->problem.where != NULL) {
        print_problem(report);
    }
    if (report->has_result && report->token.len > 0 && !report->verified) {
        (void)fputs("enrich: the answer does not repeat the request's token, so it is not proved to be its answer\n",
                    stderr);
    }
    errno = 0;
    if (fflush(stdout) == 0 && ferror(stdout) == 0) {
        return (int)report->code;
    }
    report_t lost = *report;
    exit_code_t code = report->outcome == OUTCOME_ACCEPTED ? EXIT_PENDING : EXIT_SETTING;
    lost.code = outcome_problem(&lost.problem, report->code != EXIT_DONE ? report->code : code, "standard output",
                                errno != 0 ? strerror(errno) : "cannot be written");
    lost.answer = NULL;
    print_problem(&lost);
    return (int)lost.code;
}
