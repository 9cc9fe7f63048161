#include "lead.h"

#include "board.h"
#include "console.h"
#include "enrich/tls.h"
#include "service.h"

#include <assert.h>
#include <string.h>

/* What surely was not accepted is tried again after this. */
#define AGAIN_MS 5000u

/* A result is asked for with growing gaps, and given up after a while (behaviours 35). */
#define POLL_FIRST_MS 2000u
#define POLL_MOST_MS 10000u
#define POLL_END_MS 900000u

enum { LEAD_NONE, LEAD_WAITS, LEAD_SUBMITS, LEAD_PENDING, LEAD_READS };

static struct {
    uint8_t state;
    const enr_badge_t *badge;
    uint32_t until_ms; /* of LEAD_WAITS and LEAD_PENDING */
    uint32_t gap_ms;
    uint32_t accepted_ms;
    uint8_t token[ENR_TOKEN_LEN];
    uint8_t id[ENR_ID_MAX];
    size_t id_len;
} lead;

static bool is_past(uint32_t now_ms, uint32_t time_ms)
{
    return (int32_t)(now_ms - time_ms) >= 0;
}

static void end(void)
{
    lead.state = LEAD_NONE;
    lead.badge = NULL;
}

void lead_start(const enr_badge_t *badge, uint32_t now_ms)
{
    assert(lead.state == LEAD_NONE);
    console_line_t line;
    console_begin(&line, "scan");
    console_text(&line, enr_badge_kind_name(badge->kind));
    if (badge->enrichable == 0) {
        console_text(&line, ", cannot be enriched: ");
        console_text(&line, badge->reason);
        console_end(&line);
        return;
    }
    console_end(&line);
    lead.badge = badge;
    lead.state = LEAD_WAITS;
    lead.until_ms = now_ms;
}

static void report_failure(enr_status_t status, enr_verdict_t verdict)
{
    console_line_t line;
    console_begin(&line, "lead");
    console_status(&line, status);
    console_text(&line, verdict == ENR_SURELY_NOT_ACCEPTED ? "; surely not accepted" : "; may have been accepted");
    console_end(&line);
}

static void submit(uint32_t now_ms)
{
    enr_refusal_t refusal;
    enr_options_t options = {.token = {lead.token, sizeof lead.token}};
    options.types = (lead.badge->enrichable & ENR_TYPE_EMAIL) != 0 ? ENR_TYPE_EMAIL : ENR_TYPE_PHONE;
    enr_status_t status = enr_tls_token(lead.token);
    if (status == ENR_OK) {
        status = enr_api_start_single(service_api(), &lead.badge->contact, &options, now_ms, &refusal);
    }
    if (status != ENR_OK) {
        report_failure(status, ENR_SURELY_NOT_ACCEPTED);
        end();
        return;
    }
    lead.state = LEAD_SUBMITS;
}

static void accepted(uint32_t now_ms)
{
    enr_span_t id = service_api()->answer.result.id;
    memcpy(lead.id, id.ptr, id.len);
    lead.id_len = id.len;
    lead.accepted_ms = now_ms;
    lead.gap_ms = POLL_FIRST_MS;
    lead.until_ms = now_ms + lead.gap_ms;
    lead.state = LEAD_PENDING;
    console_line_t line;
    console_begin(&line, "lead");
    console_text(&line, "accepted as ");
    console_foreign(&line, id);
    console_end(&line);
    board_signal(BOARD_GOOD);
}

static void poll_later(uint32_t now_ms)
{
    if (now_ms - lead.accepted_ms > POLL_END_MS) {
        console_say("lead", "late: no result after 15 minutes");
        end();
        return;
    }
    lead.gap_ms = lead.gap_ms * 2 < POLL_MOST_MS ? lead.gap_ms * 2 : POLL_MOST_MS;
    lead.until_ms = now_ms + lead.gap_ms;
    lead.state = LEAD_PENDING;
}

static void report_value(const char *name, enr_span_t value)
{
    if (value.len == 0) {
        return;
    }
    console_line_t line;
    console_begin(&line, name);
    console_foreign(&line, value);
    console_end(&line);
}

static void report_result(const enr_result_t *result)
{
    console_say("lead", "finished");
    report_value("firstname", result->firstname);
    report_value("lastname", result->lastname);
    report_value("email", result->email);
    for (size_t i = 0; i < result->phone_count; i++) {
        report_value("phone", result->phones[i].number);
    }
}

static void take_submitted(enr_status_t status, uint32_t now_ms)
{
    enr_verdict_t verdict = service_api()->answer.verdict;
    if (status == ENR_OK) {
        accepted(now_ms);
        return;
    }
    report_failure(status, verdict);
    if (verdict != ENR_SURELY_NOT_ACCEPTED || status == ENR_E_VALIDATION) {
        end();
        return;
    }
    board_signal(BOARD_OFFLINE);
    lead.until_ms = now_ms + AGAIN_MS;
    lead.state = LEAD_WAITS;
}

static void take_read(enr_status_t status, uint32_t now_ms)
{
    const enr_result_t *result = &service_api()->answer.result;
    if (status == ENR_OK && result->progress == ENR_PROGRESS_FINISHED) {
        report_result(result);
        end();
        return;
    }
    if (status != ENR_OK) {
        console_line_t line;
        console_begin(&line, "lead");
        console_text(&line, "reading: ");
        console_status(&line, status);
        console_end(&line);
    }
    poll_later(now_ms);
}

/* A step of the api's call. At the gate the lead is in RAM alone: nothing is there to be made durable. */
static void call(uint32_t now_ms)
{
    enr_wait_t wait;
    enr_status_t status = enr_api_step(service_api(), now_ms, &wait);
    if (status == ENR_READY) {
        enr_api_commit(service_api());
    } else if (status != ENR_AGAIN && lead.state == LEAD_SUBMITS) {
        take_submitted(status, now_ms);
    } else if (status != ENR_AGAIN) {
        take_read(status, now_ms);
    }
}

bool lead_step(uint32_t now_ms)
{
    enr_span_t id = {lead.id, lead.id_len};
    switch (lead.state) {
    case LEAD_WAITS:
        if (is_past(now_ms, lead.until_ms)) {
            submit(now_ms);
        }
        break;
    case LEAD_PENDING:
        if (is_past(now_ms, lead.until_ms) &&
            enr_api_start_get(service_api(), id, (enr_span_t){lead.token, sizeof lead.token}, now_ms) == ENR_OK) {
            lead.state = LEAD_READS;
        }
        break;
    case LEAD_SUBMITS:
    case LEAD_READS:
        call(now_ms);
        break;
    default:
        break;
    }
    return lead.state != LEAD_NONE;
}
