#include "say.h"

#include "../print.h"
#include "../progress.h"

#include <errno.h>
#include <string.h>

#define PROGRESS_GAP_MS 100u /* between two looks at all rows */

/* --- counting --- */

typedef enum { ACCEPTED, REFUSED, UNKNOWN, NOT_SENT, GROUPS } group_t;

static group_t group_of(const row_t *row)
{
    switch (row->outcome) {
    case OUTCOME_ACCEPTED:
        return ACCEPTED;
    case OUTCOME_UNKNOWN:
        return UNKNOWN;
    case OUTCOME_NOT_ACCEPTED:
        return REFUSED;
    default:
        return row->reason != NULL && row->reason->code == EXIT_REFUSED_HERE ? REFUSED : NOT_SENT;
    }
}

typedef struct {
    size_t in[GROUPS];
    size_t before[GROUPS]; /* of them by earlier runs */
    size_t found;
    size_t read; /* results that are there */
    size_t unread;
} counts_t;

static counts_t count_rows(const rows_t *rows)
{
    counts_t counts = {0};
    for (size_t i = 0; i < rows->count; i++) {
        const row_t *row = &rows->rows[i];
        group_t group = group_of(row);
        counts.in[group]++;
        counts.before[group] += row->before ? 1 : 0;
        counts.found += row->found ? 1 : 0;
        counts.read += row->reading == READ_DONE && row->reason == NULL ? 1 : 0;
        counts.unread += group == ACCEPTED && row->reason != NULL ? 1 : 0;
    }
    return counts;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static const char *pronoun(size_t count)
{
    return count == 1 ? "it" : "them";
}

static bool has_reason(const row_t *row, const void *reason)
{
    return row->reason == reason;
}

/* "rows 2-6, 9: why" */
static void print_reason(FILE *out, const char *before, const rows_t *rows, const reason_t *reason)
{
    (void)fputs(before, out);
    rows_print_numbers(out, rows, has_reason, reason);
    (void)fputs(": ", out);
    print_string(out, reason->text);
    (void)fputc('\n', out);
}

/* --- before anything is sent --- */

void say_plan(const bulk_t *bulk)
{
    counts_t counts = count_rows(&bulk->rows);
    size_t to_send = counts.in[NOT_SENT];
    (void)fputs("enrich: ", stderr);
    print_string(stderr, bulk->name);
    (void)fprintf(stderr, ": %zu contact%s: %zu to send", bulk->rows.count, plural(bulk->rows.count), to_send);
    if (bulk->batches > 0) {
        (void)fprintf(stderr, " in %zu batch%s", bulk->batches, bulk->batches == 1 ? "" : "es");
    } else if (to_send > 0 && bulk->ask.webhook_url.len == 0) {
        (void)fputs(" one by one (a batch needs --webhook, where its results go)", stderr);
    }
    if (counts.in[REFUSED] > 0) {
        (void)fprintf(stderr, ", %zu refused here", counts.in[REFUSED]);
    }
    if (counts.before[ACCEPTED] > 0 || counts.before[UNKNOWN] > 0) {
        (void)fprintf(stderr, ", %zu accepted and %zu unknown by an earlier run", counts.before[ACCEPTED],
                      counts.before[UNKNOWN]);
    }
    (void)fputc('\n', stderr);
    for (const reason_t *reason = bulk->rows.reasons; reason != NULL; reason = reason->next) {
        if (reason->code == EXIT_REFUSED_HERE) {
            print_reason(stderr, "enrich: ", &bulk->rows, reason);
        }
    }
}

/* --- rows --- */

/* Where standard output cannot be written, nothing more is bought whose result nobody sees. */
static void flush_output(bulk_t *bulk)
{
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        problem_t problem = {.where = "standard output", .what = errno != 0 ? strerror(errno) : "cannot be written"};
        bulk_end(bulk, EXIT_SETTING, &problem, NULL);
        bulk->output_lost = true;
    }
}

static void print_object(const bulk_t *bulk, const row_t *row, const enr_answer_t *answer, bool has_result)
{
    bool sent = row->outcome != OUTCOME_NOT_SENT;
    report_t report = {
        .command = "bulk",
        .options = bulk->options,
        .json = true,
        .outcome = row->outcome,
        .row = row->number,
        .id = row_id(row),
        .batch = row_batch(row),
        .token = {row->token, sent ? sizeof row->token : 0},
        .verified = row->verified,
        .types = bulk->ask.types,
        .answer = answer,
        .has_result = has_result,
    };
    if (row->reason != NULL) {
        report.code = row->reason->code;
        report.problem = row->reason->problem;
    }
    json_print_report(&report);
}

static void print_address(enr_span_t address, enr_span_t status)
{
    print_text(stdout, address);
    if (address.len > 0 && status.len > 0) {
        (void)fputs(" (", stdout);
        print_text(stdout, status);
        (void)fputc(')', stdout);
    }
}

/* The values of a finished result, on one line: a row has one type. */
static void print_values(const enr_result_t *result)
{
    print_address(result->email, result->email_status);
    print_address(result->personal_email, result->personal_email_status);
    for (size_t i = 0; i < result->phone_count; i++) {
        (void)fputs(i > 0 ? ", " : "", stdout);
        print_text(stdout, result->phones[i].number);
    }
    if (result->phones_total > result->phone_count) {
        (void)printf(" and %zu more: enrich get shows them", result->phones_total - result->phone_count);
    }
    (void)fputs(report_found(result) ? "" : "not found", stdout);
}

static void print_line(const row_t *row, const enr_answer_t *answer, bool has_result)
{
    (void)printf("row %u: ", (unsigned)row->number);
    if (has_result && answer->result.progress == ENR_PROGRESS_FINISHED) {
        print_values(&answer->result);
    } else {
        (void)fputs("accepted as ", stdout);
        print_text(stdout, row_id(row));
    }
    (void)fputc('\n', stdout);
}

static void note_result(bulk_t *bulk, row_t *row, const enr_answer_t *answer)
{
    row->found = report_found(&answer->result);
    bulk->unverified += row->verified ? 0 : 1;
}

void say_row(bulk_t *bulk, row_t *row, const enr_answer_t *answer, bool has_result)
{
    if (has_result) {
        note_result(bulk, row, answer);
    }
    progress_clear();
    if (bulk->options->json) {
        print_object(bulk, row, answer, has_result);
    } else if (row->outcome == OUTCOME_ACCEPTED && !row->in_batch) {
        print_line(row, answer, has_result);
    }
    flush_output(bulk);
}

/* True for a row that was accepted with this one. */
static bool is_in_batch(const row_t *row, const void *first)
{
    const row_t *other = first;
    return row->in_batch && row->id_len == other->id_len && memcmp(row->id, other->id, row->id_len) == 0;
}

void say_batch(bulk_t *bulk, row_t *const *rows, size_t count, const enr_answer_t *answer)
{
    progress_clear();
    if (bulk->options->json) {
        for (size_t i = 0; i < count; i++) {
            print_object(bulk, rows[i], answer, false);
        }
    } else {
        rows_print_numbers(stdout, &bulk->rows, is_in_batch, rows[0]);
        (void)fputs(": accepted as batch ", stdout);
        print_text(stdout, row_batch(rows[0]));
        (void)fputc('\n', stdout);
    }
    flush_output(bulk);
}

void say_progress(const bulk_t *bulk)
{
    static uint32_t said_ms;
    uint32_t now_ms = service_now(&bulk->service);
    if (!progress_is_seen() || now_ms - said_ms < PROGRESS_GAP_MS) {
        return;
    }
    said_ms = now_ms;
    char line[PROGRESS_MAX];
    counts_t counts = count_rows(&bulk->rows);
    int len = snprintf(line, sizeof line, "%zu accepted, %zu refused, %zu unknown, %zu to go", counts.in[ACCEPTED],
                       counts.in[REFUSED], counts.in[UNKNOWN], counts.in[NOT_SENT]);
    if (bulk->options->wait && counts.in[NOT_SENT] == 0 && len > 0 && (size_t)len < sizeof line) {
        (void)snprintf(line, sizeof line, "%zu accepted, %zu results read", counts.in[ACCEPTED], counts.read);
    }
    progress_show(line);
}

/* --- the end --- */

static void print_count(FILE *out, const char *label, size_t count, size_t before)
{
    (void)fprintf(out, "%-16s%zu", label, count);
    if (before > 0) {
        (void)fprintf(out, before < count ? " (%zu of them by an earlier run)" : " (by an earlier run)", before);
    }
    (void)fputc('\n', out);
}

static void print_reasons(FILE *out, const bulk_t *bulk, group_t group)
{
    for (const reason_t *reason = bulk->rows.reasons; reason != NULL; reason = reason->next) {
        row_t like = {.outcome = reason->outcome, .reason = reason};
        bool used = false;
        for (size_t i = 0; i < bulk->rows.count && !used; i++) {
            used = bulk->rows.rows[i].reason == reason;
        }
        if (used && group_of(&like) == group) {
            print_reason(out, "  ", &bulk->rows, reason);
        }
    }
}

static void print_counts(FILE *out, const bulk_t *bulk, const counts_t *counts)
{
    static const char *const LABELS[GROUPS] = {"accepted:", "refused:", "unknown:", "not sent:"};
    for (group_t group = ACCEPTED; group < GROUPS; group++) {
        print_count(out, LABELS[group], counts->in[group], counts->before[group]);
        if (group == ACCEPTED && bulk->options->wait) {
            (void)fprintf(out, "  found:        %zu\n  not found:    %zu\n  no result:    %zu\n", counts->found,
                          counts->read - counts->found, counts->unread);
        }
        print_reasons(out, bulk, group);
    }
}

/* The code of the row that a script must look at first. */
static exit_code_t exit_of(const bulk_t *bulk, const counts_t *counts)
{
    static const exit_code_t ORDER[] = {EXIT_PENDING, EXIT_REFUSED_THERE, EXIT_REFUSED_HERE};
    if (bulk->ended != NULL && bulk->ended->code > EXIT_SIGNAL) {
        return bulk->ended->code;
    }
    if (counts->in[UNKNOWN] > 0) {
        return EXIT_UNKNOWN;
    }
    if (bulk->ended != NULL) {
        return bulk->ended->code;
    }
    for (size_t i = 0; i < sizeof ORDER / sizeof ORDER[0]; i++) {
        for (size_t at = 0; at < bulk->rows.count; at++) {
            const reason_t *reason = bulk->rows.rows[at].reason;
            if (reason != NULL && reason->code == ORDER[i]) {
                return ORDER[i];
            }
        }
    }
    return EXIT_DONE;
}

static void begin_advice(const char *where)
{
    (void)fputs("enrich: ", stderr);
    print_string(stderr, where);
    (void)fputs(": ", stderr);
}

static void advise_on_unknown(const bulk_t *bulk, size_t count)
{
    begin_advice(bulk->name);
    (void)fprintf(
        stderr,
        "OUTCOME UNKNOWN of %zu row%s: sent, and may have been accepted and billed; look in the web application or "
        "at the webhook for the custom " ENR_TOKEN_KEY "; ",
        count, plural(count));
    if (bulk->record.path != NULL) {
        (void)fprintf(stderr, "the same command does not send %s again, unless you take the lines out of ",
                      pronoun(count));
        print_string(stderr, bulk->record.path);
    } else {
        (void)fprintf(stderr, "do not just send %s again", pronoun(count));
    }
    (void)fputc('\n', stderr);
}

static void advise_on_end(const bulk_t *bulk, size_t count)
{
    const problem_t *problem = &bulk->ended->problem;
    begin_advice(problem->where);
    print_string(stderr, bulk->ended->text);
    if (count > 0) {
        (void)fprintf(stderr, "; %zu row%s not sent", count, plural(count));
    }
    if (problem->hint != NULL) {
        (void)fputs("; ", stderr);
        print_string(stderr, problem->hint);
    }
    if (count > 0 && bulk->record.path != NULL) {
        (void)fprintf(stderr, "; the same command goes on with %s", pronoun(count));
    } else if (count > 0) {
        (void)fprintf(stderr, "; without a record, send only %s", pronoun(count));
    }
    (void)fputc('\n', stderr);
}

static void advise(const bulk_t *bulk, const counts_t *counts)
{
    if (counts->in[UNKNOWN] > 0) {
        advise_on_unknown(bulk, counts->in[UNKNOWN]);
    }
    if (bulk->ended != NULL) {
        advise_on_end(bulk, counts->in[NOT_SENT]);
    }
    if (counts->in[REFUSED] > 0) {
        begin_advice(bulk->name);
        (void)fprintf(stderr, "%zu row%s refused; once corrected, %s %s\n", counts->in[REFUSED],
                      plural(counts->in[REFUSED]), bulk->record.path != NULL ? "the same command sends" : "send only",
                      pronoun(counts->in[REFUSED]));
    }
    if (counts->unread > 0) {
        begin_advice(bulk->name);
        (void)fprintf(stderr, "%zu result%s not there; %s\n", counts->unread, plural(counts->unread),
                      bulk->record.path != NULL ? "the same command reads on, which is free"
                                                : "enrich get ID reads each");
    }
    if (counts->in[ACCEPTED] > 0 && !bulk->options->wait && bulk->ask.webhook_url.len == 0 &&
        bulk->record.path != NULL) {
        begin_advice(bulk->name);
        (void)fputs("the same command with --wait reads the results, which is free\n", stderr);
    }
    if (bulk->unverified > 0) {
        begin_advice(bulk->name);
        (void)fprintf(stderr, "%zu answer%s without the request's token, so not proved to be its answer\n",
                      bulk->unverified, plural(bulk->unverified));
    }
}

exit_code_t say_summary(const bulk_t *bulk)
{
    counts_t counts = count_rows(&bulk->rows);
    progress_clear();
    FILE *out = bulk->options->json ? stderr : stdout;
    print_counts(out, bulk, &counts);
    (void)fflush(out);
    advise(bulk, &counts);
    return exit_of(bulk, &counts);
}
