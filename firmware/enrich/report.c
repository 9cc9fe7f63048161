#include "report.h"

#include "print.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define LABEL_WIDTH 16

/* Holds an URL and three names of files at their longest, each byte quoted: the files were opened, so that the system's
   limit (4,096 bytes on Linux) holds for their names. */
#define REPORT_HINT_MAX 65536

request_outcome_t report_outcome(const enr_answer_t *answer)
{
    if (answer->verdict == ENR_MAY_HAVE_BEEN_ACCEPTED) {
        return OUTCOME_UNKNOWN;
    }
    return answer->code == 0 ? OUTCOME_NOT_SENT : OUTCOME_NOT_ACCEPTED;
}

const char *report_outcome_word(request_outcome_t outcome)
{
    static const char *const WORDS[] = {
        [OUTCOME_NONE] = NULL,         [OUTCOME_NOT_SENT] = "not_sent", [OUTCOME_NOT_ACCEPTED] = "not_accepted",
        [OUTCOME_UNKNOWN] = "unknown", [OUTCOME_ACCEPTED] = "accepted",
    };
    return WORDS[outcome];
}

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

static bool has_values(const enr_result_t *result)
{
    return result->email.len > 0 || result->personal_email.len > 0 || result->phones_total > 0;
}

bool report_found(const enr_result_t *result)
{
    return result->progress == ENR_PROGRESS_FINISHED && has_values(result);
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
    bool finished = result->progress == ENR_PROGRESS_FINISHED;
    unsigned settled = finished ? report->types : 0; /* the types of which "not found" can be said */
    print_address("email", result->email, result->email_status, (settled & ENR_TYPE_EMAIL) != 0);
    print_address("personal_email", result->personal_email, result->personal_email_status,
                  (settled & ENR_TYPE_PERSONAL_EMAIL) != 0);
    print_phones(result, (settled & ENR_TYPE_PHONE) != 0);
    if (finished && settled == 0 && !report_found(result)) {
        begin_line("found");
        (void)fputs("nothing\n", stdout);
    }
}

static void print_result(const report_t *report)
{
    const enr_result_t *result = &report->answer->result;
    print_line("id", report->id);
    print_line("status", result->status_word.len > 0 ? result->status_word : ENR_SPAN("(none given)"));
    if (result->progress != ENR_PROGRESS_FINISHED && !has_values(result)) {
        print_line("message", result->message);
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

static void append(enr_buffer_t *out, const char *text)
{
    enr_buffer_append(out, enr_span_from_str(text));
}

/* A word as a shell reads it back. */
static void append_word(enr_buffer_t *out, const char *word)
{
    static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/:@%+,";
    if (word[0] != '\0' && word[strspn(word, PLAIN)] == '\0') {
        append(out, word);
        return;
    }
    append(out, "'");
    for (; *word != '\0'; word++) {
        if (*word == '\'') {
            append(out, "'\\''");
        } else {
            enr_buffer_append_byte(out, (uint8_t)*word);
        }
    }
    append(out, "'");
}

static void append_option(enr_buffer_t *out, const char *name, const char *value)
{
    if (value != NULL) {
        append(out, name);
        append_word(out, value);
    }
}

static void append_pins(enr_buffer_t *out, const pins_t *pins)
{
    for (size_t i = 0; i < pins->count; i++) {
        append(out, " --pin ");
        for (size_t j = 0; j < sizeof pins->digests[i]; j++) {
            char digits[3];
            (void)snprintf(digits, sizeof digits, "%02x", pins->digests[i][j]);
            append(out, digits);
        }
    }
}

/* The command that reads what was accepted. */
static void append_get(enr_buffer_t *out, const report_t *report)
{
    append(out, "enrich get ");
    enr_buffer_append(out, report->id);
    append(out, " --wait");
    append_option(out, " --config ", report->options->config);
    append_option(out, " --ca ", report->options->ca);
    append_option(out, " --async-base ", report->options->async_base);
    append_option(out, " --key-file ", report->options->key_file);
    append_pins(out, &report->options->pins);
    append(out, report->options->allow_private ? " --allow-private" : "");
}

enr_span_t report_hint(const report_t *report)
{
    static uint8_t memory[REPORT_HINT_MAX];
    enr_buffer_t hint = enr_buffer_over(memory, sizeof memory);
    if (report->outcome == OUTCOME_UNKNOWN) {
        append(&hint,
               "do not just send it again: look in the web application or at the webhook for custom " ENR_TOKEN_KEY
               " ");
        enr_buffer_append(&hint, report->token);
    } else if (report->outcome == OUTCOME_ACCEPTED && report->id.len > 0) {
        append(&hint, "read it by: ");
        append_get(&hint, report);
    }
    if (report->problem.hint != NULL) {
        append(&hint, hint.len > 0 ? "; " : "");
        append(&hint, report->problem.hint);
    }
    assert(!hint.full);
    return enr_buffer_span(&hint);
}

/* What is known of the request, and what to do. */
static void print_consequence(const report_t *report)
{
    static const char *const KNOWN[] = {
        [OUTCOME_NONE] = "",
        [OUTCOME_NOT_SENT] = "; nothing was sent",
        [OUTCOME_NOT_ACCEPTED] = "",
        [OUTCOME_UNKNOWN] = "; OUTCOME UNKNOWN: the request was sent and may have been accepted and billed",
        [OUTCOME_ACCEPTED] = "; the request was accepted",
    };
    enr_span_t hint = report_hint(report);
    (void)fputs(KNOWN[report->outcome], stderr);
    (void)fputs(hint.len > 0 ? "; " : "", stderr);
    print_text(stderr, hint);
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
