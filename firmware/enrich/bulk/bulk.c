#include "bulk.h"

#include "contacts.h"
#include "dispatch.h"
#include "say.h"

#include "../commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_SUFFIX ".record"

void bulk_end(bulk_t *bulk, exit_code_t code, const problem_t *problem, const enr_answer_t *answer)
{
    if (bulk->ended == NULL) {
        bulk->ended = rows_reason(&bulk->rows, OUTCOME_NOT_SENT, code, problem, answer);
    }
}

/* FNV-1a, of the bytes and a mark behind them. */
static uint64_t mix(uint64_t hash, enr_span_t bytes)
{
    const uint64_t prime = 1099511628211u;
    for (size_t i = 0; i < bytes.len; i++) {
        hash = (hash ^ bytes.ptr[i]) * prime;
    }
    return (hash ^ 0xff) * prime; /* a byte that UTF-8 does not have */
}

/* What would be bought: from whom, what, and of whom. `custom` and the webhook do not count. */
static uint64_t key_of(const bulk_t *bulk, const enr_contact_t *contact)
{
    uint64_t key = mix(14695981039346656037u, bulk->service.settings.async_base);
    key = mix(key, enr_type_name((enr_type_t)bulk->ask.types));
    for (size_t i = 0; i < bulk->ask.country_count; i++) {
        key = mix(key, bulk->ask.countries[i]);
    }
    const enr_span_t texts[] = {contact->firstname, contact->lastname, contact->domain, contact->company_name,
                                contact->linkedin_url};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        key = mix(key, texts[i]);
    }
    return key;
}

static void check_row(bulk_t *bulk, row_t *row)
{
    row->outcome = OUTCOME_NOT_SENT;
    enr_options_t ask = bulk->ask;
    ask.custom = row->custom;
    ask.custom_count = row->custom_count;
    if (row->refusal.field == NULL && enr_contact_check(&row->contact, &ask, ENR_CALL_BULK, &row->refusal) == ENR_OK) {
        row->key = key_of(bulk, &row->contact);
        if (rows_enter(&bulk->rows, row) != NULL) {
            row->refusal = (enr_refusal_t){"contact", "is that of an earlier row, and would be bought twice"};
        }
    }
    if (row->refusal.field != NULL) {
        problem_t problem = {.status = ENR_E_CONTACT, .where = row->refusal.field, .what = row->refusal.rule};
        row->reason = rows_reason(&bulk->rows, OUTCOME_NOT_SENT, EXIT_REFUSED_HERE, &problem, NULL);
    }
}

static exit_code_t check_rows(bulk_t *bulk, problem_t *out_problem)
{
    if (!rows_make_index(&bulk->rows)) {
        return outcome_problem(out_problem, EXIT_SETTING, bulk->name, "out of memory");
    }
    for (size_t i = 0; i < bulk->rows.count; i++) {
        check_row(bulk, &bulk->rows.rows[i]);
    }
    return EXIT_DONE;
}

/* The record is the file's neighbour; standard input has none by itself. NULL: none. */
static const char *record_path(const options_t *options)
{
    static char path[4096 + sizeof RECORD_SUFFIX]; /* longer than the system opens */
    if (options->record != NULL || strcmp(options->operand, "-") == 0) {
        return options->record;
    }
    (void)snprintf(path, sizeof path, "%s" RECORD_SUFFIX, options->operand);
    return path;
}

/* Rows that are decided before anything is sent. */
static void take_earlier_runs(bulk_t *bulk)
{
    static const problem_t UNKNOWN = {.where = "record",
                                      .what = "an earlier run sent it, and what came of that is not known"};
    uint32_t now_ms = service_now(&bulk->service);
    for (size_t i = 0; i < bulk->rows.count; i++) {
        row_t *row = &bulk->rows.rows[i];
        if (row->outcome == OUTCOME_UNKNOWN) {
            row->reason = rows_reason(&bulk->rows, OUTCOME_UNKNOWN, EXIT_UNKNOWN, &UNKNOWN, NULL);
        }
        if (row->outcome == OUTCOME_ACCEPTED && !row->in_batch && bulk->options->wait) {
            row->reading = READ_LATER;
            poll_start(&row->poll, &bulk->service.settings, false, now_ms);
        }
    }
}

static void say_decided(bulk_t *bulk)
{
    for (size_t i = 0; bulk->options->json && i < bulk->rows.count; i++) {
        row_t *row = &bulk->rows.rows[i];
        if (row->reason != NULL || (row->before && row->reading == READ_NOTHING)) {
            say_row(bulk, row, NULL, false);
        }
    }
}

/* As few batches as can be, none of one; a lone contact goes by itself. */
static size_t count_batches(const bulk_t *bulk)
{
    size_t to_send = 0;
    for (size_t i = 0; i < bulk->rows.count; i++) {
        const row_t *row = &bulk->rows.rows[i];
        to_send += row->outcome == OUTCOME_NOT_SENT && row->reason == NULL ? 1 : 0;
    }
    bool in_batches = bulk->ask.webhook_url.len > 0 && to_send >= ENR_BULK_MIN;
    return in_batches ? (to_send + ENR_BULK_MAX - 1) / ENR_BULK_MAX : 0;
}

/* Everything up to the first connection. */
static exit_code_t prepare(bulk_t *bulk, problem_t *out_problem)
{
    const options_t *options = bulk->options;
    exit_code_t code = contacts_read(options->operand, &bulk->rows, out_problem);
    if (code == EXIT_DONE) {
        code = service_open(&bulk->service, options, out_problem);
    }
    if (code == EXIT_DONE) {
        code = check_rows(bulk, out_problem);
    }
    if (code == EXIT_DONE) {
        code = record_open(&bulk->record, record_path(options), &bulk->rows, out_problem);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    take_earlier_runs(bulk);
    bulk->batches = count_batches(bulk);
    say_plan(bulk);
    say_decided(bulk);
    return EXIT_DONE;
}

int bulk_run(const options_t *options)
{
    static bulk_t bulk;
    bulk.options = options;
    bulk.name = strcmp(options->operand, "-") == 0 ? "standard input" : options->operand;
    bulk.ask = (enr_options_t){
        .types = options->types,
        .webhook_url = enr_span_from_str(options->webhook),
        .countries = options->countries,
        .country_count = options->country_count,
    };
    report_t report = {.command = "bulk", .options = options, .json = options->json};
    report.code = prepare(&bulk, &report.problem);
    if (report.code == EXIT_DONE) {
        report.code = dispatch_run(&bulk, &report.problem);
    }
    int code = report.problem.where == NULL ? (int)say_summary(&bulk) : report_print(&report);
    record_close(&bulk.record);
    service_close(&bulk.service);
    rows_free(&bulk.rows);
    return code;
}
