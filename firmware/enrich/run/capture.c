#include "run.h"

#include "events.h"

#include "../answer_json.h"
#include "../badge_lead.h"

/* A badge whose fields cannot be kept is kept as it was scanned, if it is no longer than this: beside it the rest of a
   lead has its place. */
#define PAYLOAD_MAX (ENR_JOURNAL_CONTENT_MAX - 512)

static void say_not_kept(const run_t *run, const char *why, enr_status_t status)
{
    enr_json_writer_t *json = event_begin("refused");
    event_number(json, "scan", run->scan);
    answer_json_member(json, "why", enr_span_from_str(why));
    answer_json_member(json, "status", enr_span_from_str(enr_status_name(status)));
    event_end(NULL);
}

static void say_kept(run_t *run, const enr_captured_t *captured)
{
    static const char *const KINDS[] = {
        [ENR_CAPTURE_NEW] = "new",
        [ENR_CAPTURE_UPDATED] = "rescan",
        [ENR_CAPTURE_REPEATED] = "repeated",
        [ENR_CAPTURE_ERASED] = "known",
    };
    enr_json_writer_t *json = event_begin("captured");
    event_number(json, "scan", run->scan);
    answer_json_member(json, "kind", enr_span_from_str(KINDS[captured->kind]));
    enr_json_key(json, ENR_SPAN("number"));
    if (captured->number > 0) {
        enr_json_write_integer(json, captured->number);
    } else {
        enr_json_write_null(json);
    }
    event_number(json, "scans", captured->scans);
    enr_json_key(json, ENR_SPAN("states"));
    enr_json_object_begin(json);
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        if (captured->states[number] != ENR_REQUEST_NONE) {
            enr_json_write_member(json, enr_type_name(enr_type_of_number(number)),
                                  enr_span_from_str(enr_request_state_name(captured->states[number])));
        }
    }
    enr_json_object_end(json);
    enr_agent_status_t status;
    enr_agent_status(&run->device.agent, device_now(&run->device), &status);
    enr_json_key(json, ENR_SPAN("pending"));
    if (status.counted) {
        enr_json_write_integer(json, device_pending(&status));
    } else {
        enr_json_write_null(json);
    }
    event_number(json, "room", status.room);
    event_end(NULL);
}

/* What stands in each lead of this run, beside the badge. */
static enr_lead_t lead_of(const options_t *options, enr_span_t payload)
{
    enr_lead_t lead = {
        .payload = payload,
        .types = options->types,
        .device = enr_span_from_str(options->device),
        .captured_by = enr_span_from_str(options->captured_by),
        .event = enr_span_from_str(options->event),
    };
    if (options->personal_email_ok) {
        lead.consent = (enr_consent_t){.asked = ENR_CONSENT_PERSONAL_EMAIL,
                                       .given = ENR_CONSENT_PERSONAL_EMAIL,
                                       .method = ENR_CONSENT_BY_OPERATOR};
    }
    return lead;
}

static enr_status_t keep(run_t *run, const enr_lead_t *lead, enr_captured_t *out_captured)
{
    enr_status_t status;
    while ((status = enr_agent_capture(&run->device.agent, lead, device_now(&run->device), out_captured)) ==
           ENR_AGAIN) {
        device_work(&run->device);
    }
    return status;
}

/* The fields of a badge, or its bytes alone where they are no fields that can be kept. */
static enr_status_t keep_badge(run_t *run, enr_span_t payload, enr_captured_t *out_captured)
{
    enr_lead_t bare = lead_of(&run->options, payload);
    enr_lead_t lead = bare;
    enr_status_t status = badge_lead(payload, &lead);
    if (status == ENR_OK) {
        status = keep(run, &lead, out_captured);
    }
    if (status == ENR_E_LIMIT && payload.len <= PAYLOAD_MAX) {
        status = keep(run, &bare, out_captured);
    }
    return status;
}

void capture_scan(run_t *run, enr_span_t payload)
{
    enr_captured_t captured;
    run->scan++;
    enr_status_t status = keep_badge(run, payload, &captured);
    if (status == ENR_OK) {
        say_kept(run, &captured);
        return;
    }
    bool is_badge = status == ENR_E_SYNTAX || status == ENR_E_LIMIT || status == ENR_E_UTF8;
    bool is_secret = status == ENR_E_CONTACT; /* never kept: a password is no lead */
    say_not_kept(run,
                 is_badge               ? "unreadable"
                 : is_secret            ? "secret"
                 : status == ENR_E_FULL ? "full"
                                        : "failed",
                 status);
    run->not_kept += is_badge || is_secret ? 0 : 1;
}

void capture_too_large(run_t *run)
{
    run->scan++;
    say_not_kept(run, "unreadable", ENR_E_LIMIT);
}
