/* list, show, stats: what is there. */
#include "leads.h"

#include "../answer_json.h"
#include "../print.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define LABEL_WIDTH 16

static full_record_t full;

static const char *type_word(unsigned number)
{
    return (const char *)enr_type_name(enr_type_of_number(number)).ptr;
}

/* --- JSON --- */

static uint8_t text_memory[RECORD_JSON_MAX];
static enr_buffer_t text;

static enr_json_writer_t *begin_object(void)
{
    static enr_json_writer_t json;
    text = enr_buffer_over(text_memory, sizeof text_memory);
    enr_json_writer_start(&json, &text);
    enr_json_object_begin(&json);
    return &json;
}

static void end_object(enr_json_writer_t *json)
{
    enr_json_object_end(json);
    enr_status_t status = enr_json_writer_finish(json);
    assert(status == ENR_OK);
    (void)status;
    print_json(stdout, enr_buffer_span(&text));
}

static void write_number(enr_json_writer_t *json, const char *key, uint64_t number)
{
    enr_json_key(json, enr_span_from_str(key));
    enr_json_write_integer(json, (int64_t)number);
}

void leads_write_full(enr_json_writer_t *json, const full_record_t *record)
{
    write_number(json, "number", record->record.number);
    enr_json_key(json, ENR_SPAN("lead"));
    record_json_lead(json, &record->record.lead);
    enr_json_key(json, ENR_SPAN("requests"));
    enr_json_object_begin(json);
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        if (record->record.requests[number].state != ENR_REQUEST_NONE) {
            enr_json_key(json, enr_type_name(enr_type_of_number(number)));
            record_json_request(json, record, number);
        }
    }
    enr_json_object_end(json);
}

/* --- list: nothing of it is personal --- */

static bool is_asked_for(const leads_t *leads, const enr_record_t *record)
{
    bool found = leads->options->state == NULL;
    for (unsigned number = 0; number < ENR_TYPE_COUNT && !found; number++) {
        found = strcmp(enr_request_state_name(record->requests[number].state), leads->options->state) == 0;
    }
    return found;
}

static void list_json(const enr_record_t *record)
{
    char first[RECORD_TIME_MAX];
    char last[RECORD_TIME_MAX];
    bool known = record_time(&record->lead.first, first);
    enr_json_writer_t *json = begin_object();
    write_number(json, "number", record->number);
    answer_json_member(json, "first_seen", enr_span_from_str(known ? first : NULL));
    known = record_time(&record->lead.last, last);
    answer_json_member(json, "last_seen", enr_span_from_str(known ? last : NULL));
    write_number(json, "scans", record->lead.scans);
    enr_json_key(json, ENR_SPAN("requests"));
    enr_json_object_begin(json);
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        const enr_request_t *request = &record->requests[number];
        if (request->state == ENR_REQUEST_NONE) {
            continue;
        }
        enr_json_key(json, enr_type_name(enr_type_of_number(number)));
        enr_json_object_begin(json);
        answer_json_member(json, "state", enr_span_from_str(enr_request_state_name(request->state)));
        answer_json_member(json, "status",
                           enr_span_from_str(request->status != ENR_OK ? enr_status_name(request->status) : NULL));
        write_number(json, "attempts", request->attempts);
        enr_json_object_end(json);
    }
    enr_json_object_end(json);
    end_object(json);
}

static void list_line(const enr_record_t *record)
{
    char first[RECORD_TIME_MAX];
    bool known = record_time(&record->lead.first, first);
    (void)printf("%-6u %-20s", (unsigned)record->number, known ? first : "(no time)");
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        const enr_request_t *request = &record->requests[number];
        if (request->state != ENR_REQUEST_NONE) {
            (void)printf("  %s: %s", type_word(number), enr_request_state_name(request->state));
        }
        if (request->state != ENR_REQUEST_NONE && request->status != ENR_OK) {
            (void)printf(" (%s)", enr_status_name(request->status));
        }
    }
    (void)fputc('\n', stdout);
}

static void list_damaged(const leads_t *leads, uint32_t number)
{
    if (leads->options->json) {
        enr_json_writer_t *json = begin_object();
        write_number(json, "number", number);
        enr_json_key(json, ENR_SPAN("damaged"));
        enr_json_write_bool(json, true);
        end_object(json);
    } else {
        (void)printf("%-6u (damaged)\n", (unsigned)number);
    }
}

static bool is_state(const char *word)
{
    bool found = false;
    for (unsigned state = 0; state < ENR_REQUEST_STATES && !found; state++) {
        found = strcmp(enr_request_state_name((enr_request_state_t)state), word) == 0;
    }
    return found;
}

exit_code_t leads_list(leads_t *leads)
{
    const char *state = leads->options->state;
    if (state != NULL && !is_state(state)) {
        return outcome_problem(leads->problem, EXIT_USAGE, "--state",
                               "must be ready, unknown, pending, late, rejected, finished, taken, captured or refused");
    }
    enr_cursor_t cursor = {0};
    enr_status_t status;
    while ((status = leads_next(leads, &cursor, &full)) != ENR_END) {
        if (status == ENR_OK && is_asked_for(leads, &full.record)) {
            if (leads->options->json) {
                list_json(&full.record);
            } else {
                list_line(&full.record);
            }
        } else if (leads_is_damaged(status) && state == NULL) {
            list_damaged(leads, full.record.number);
        } else if (status == ENR_E_FLASH) {
            return leads_fail(leads, EXIT_SETTING, status, enr_status_meaning(status));
        }
    }
    return EXIT_DONE;
}

/* --- show --- */

static void show_line(const char *label, enr_span_t value)
{
    if (value.len > 0) {
        (void)printf("%s:%*s", label, LABEL_WIDTH - 1 - (int)strlen(label), "");
        print_text(stdout, value);
        (void)fputc('\n', stdout);
    }
}

static void show_time(const char *label, const enr_stamp_t *stamp)
{
    char time[RECORD_TIME_MAX];
    if (record_time(stamp, time)) {
        show_line(label, enr_span_from_str(time));
    }
}

static void show_lead(const enr_lead_t *lead)
{
    show_line("firstname", lead->contact.firstname);
    show_line("lastname", lead->contact.lastname);
    show_line("company", lead->contact.company_name);
    show_line("domain", lead->contact.domain);
    show_line("linkedin_url", lead->contact.linkedin_url);
    show_line("email", lead->email);
    show_line("phone", lead->phone);
    show_line("title", lead->title);
    show_line("attendee_id", lead->attendee_id);
    show_line("event", lead->event);
    show_line("device", lead->device);
    show_line("operator", lead->captured_by);
    show_line("answers", lead->answers);
    show_time("first seen", &lead->first);
    show_time("last seen", &lead->last);
    (void)printf("%s:%*s%u\n", "scans", LABEL_WIDTH - 6, "", (unsigned)lead->scans);
}

static void show_found(const char *label, enr_span_t value, enr_span_t status)
{
    if (value.len > 0) {
        (void)printf("  %s: ", label);
        print_text(stdout, value);
        if (status.len > 0) {
            (void)fputs(" (", stdout);
            print_text(stdout, status);
            (void)fputc(')', stdout);
        }
        (void)fputc('\n', stdout);
    }
}

static void show_result(const enr_result_t *result)
{
    show_found("email", result->email, result->email_status);
    show_found("personal_email", result->personal_email, result->personal_email_status);
    for (size_t i = 0; i < result->phone_count; i++) {
        show_found("phone", result->phones[i].number, result->phones[i].type);
    }
    if (result->phones_total > result->phone_count) {
        (void)printf("  phone: %zu more: --json shows them\n", result->phones_total - result->phone_count);
    }
    if (result->email.len == 0 && result->personal_email.len == 0 && result->phones_total == 0) {
        (void)fputs("  not found\n", stdout);
    }
}

static void show_request(unsigned number)
{
    const enr_request_t *request = &full.record.requests[number];
    if (request->state == ENR_REQUEST_NONE) {
        return;
    }
    (void)printf("request %s: %s: %s\n", type_word(number), enr_request_state_name(request->state),
                 enr_request_state_meaning(request->state));
    if (request->status != ENR_OK) {
        (void)printf("  %s: %s\n", enr_status_name(request->status), enr_status_meaning(request->status));
    }
    if (request->state == ENR_REQUEST_REFUSED) {
        (void)printf("  %s %s\n", request->refusal.field, request->refusal.rule);
    }
    if (request->attempts > 0) {
        (void)printf("  sent: %u time%s\n", request->attempts, request->attempts == 1 ? "" : "s");
    }
    const enr_result_t *result;
    if (record_result(&full, number, &result)) {
        show_result(result);
    } else if (request->state != ENR_REQUEST_FINISHED && full.data[number].len > 0) {
        show_found("id", full.data[number], (enr_span_t){0});
    }
}

exit_code_t leads_show(leads_t *leads)
{
    exit_code_t code = leads_find(leads, &full);
    if (code != EXIT_DONE) {
        return code;
    }
    if (leads->options->json) {
        enr_json_writer_t *json = begin_object();
        leads_write_full(json, &full);
        end_object(json);
        return EXIT_DONE;
    }
    (void)printf("number:%*s%u\n", LABEL_WIDTH - 7, "", (unsigned)leads->number);
    show_lead(&full.record.lead);
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        show_request(number);
    }
    return EXIT_DONE;
}

/* --- stats --- */

typedef struct {
    uint32_t leads;
    uint32_t damaged;
    uint32_t states[ENR_REQUEST_STATES];
} counts_t;

static enr_status_t count(leads_t *leads, counts_t *out_counts)
{
    enr_cursor_t cursor = {0};
    enr_status_t status;
    *out_counts = (counts_t){0};
    while ((status = leads_next(leads, &cursor, &full)) != ENR_END && status != ENR_E_FLASH) {
        out_counts->leads++;
        out_counts->damaged += status == ENR_OK ? 0 : 1;
        for (unsigned number = 0; status == ENR_OK && number < ENR_TYPE_COUNT; number++) {
            out_counts->states[full.record.requests[number].state]++;
        }
    }
    return status;
}

/* What stats shows beside the states. */
typedef struct {
    const char *key;
    const char *label;
    uint64_t value;
} figure_t;
#define FIGURES 9

static void list_figures(leads_t *leads, const counts_t *counts, figure_t out_figures[FIGURES])
{
    const enr_journal_stats_t *stats = &leads->stats;
    enr_agent_status_t status;
    enr_agent_status(&leads->device.agent, device_now(&leads->device), &status);
    const figure_t figures[FIGURES] = {
        {"leads", "leads", counts->leads},
        {"damaged", "damaged", stats->damaged > counts->damaged ? stats->damaged : counts->damaged},
        {"room", "room", status.room},
        {"unpurged", "to be purged", stats->unpurged},
        {"sectors", "sectors", stats->sectors},
        {"clean", "clean sectors", stats->clean},
        {"bad", "bad sectors", stats->bad},
        {"erases_min", "least erases", stats->erases_min},
        {"erases_max", "most erases", stats->erases_max},
    };
    memcpy(out_figures, figures, sizeof figures);
}

static void stats_json(const figure_t figures[FIGURES], const counts_t *counts)
{
    enr_json_writer_t *json = begin_object();
    for (size_t i = 0; i < FIGURES; i++) {
        write_number(json, figures[i].key, figures[i].value);
    }
    enr_json_key(json, ENR_SPAN("requests"));
    enr_json_object_begin(json);
    for (unsigned state = ENR_REQUEST_READY; state < ENR_REQUEST_ERASED; state++) {
        write_number(json, enr_request_state_name((enr_request_state_t)state), counts->states[state]);
    }
    enr_json_object_end(json);
    end_object(json);
}

exit_code_t leads_stats(leads_t *leads)
{
    counts_t counts;
    figure_t figures[FIGURES];
    enr_status_t status = count(leads, &counts);
    if (status != ENR_END) {
        return leads_fail(leads, EXIT_SETTING, status, enr_status_meaning(status));
    }
    list_figures(leads, &counts, figures);
    if (leads->options->json) {
        stats_json(figures, &counts);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < FIGURES; i++) {
        (void)printf("%s:%*s%llu\n", figures[i].label, LABEL_WIDTH - 1 - (int)strlen(figures[i].label), "",
                     (unsigned long long)figures[i].value);
    }
    (void)fputs("requests:\n", stdout);
    for (unsigned state = ENR_REQUEST_READY; state < ENR_REQUEST_ERASED; state++) {
        if (counts.states[state] > 0) {
            const char *word = enr_request_state_name((enr_request_state_t)state);
            (void)printf("  %s:%*s%-6u %s\n", word, LABEL_WIDTH - 3 - (int)strlen(word), "",
                         (unsigned)counts.states[state], enr_request_state_meaning((enr_request_state_t)state));
        }
    }
    return EXIT_DONE;
}
