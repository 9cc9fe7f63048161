#include "run.h"

#include "events.h"

#include "../answer_json.h"

#include <string.h>

static void say_badge(enr_json_writer_t *json, const enr_scan_t *scan)
{
    answer_json_member(json, "badge",
                       enr_span_from_str(scan->badge != NULL ? enr_badge_kind_name(scan->badge->kind) : NULL));
    enr_json_key(json, ENR_SPAN("listed"));
    enr_json_write_bool(json, scan->listed);
}

static void say_states(enr_json_writer_t *json, const enr_captured_t *captured)
{
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
}

static void say_left(run_t *run, enr_json_writer_t *json)
{
    enr_agent_status_t status;
    enr_agent_status(&run->device.agent, device_now(&run->device), &status);
    enr_json_key(json, ENR_SPAN("pending"));
    if (status.counted) {
        enr_json_write_integer(json, device_pending(&status));
    } else {
        enr_json_write_null(json);
    }
    event_number(json, "room", status.room);
}

void capture_say(run_t *run, const enr_scan_t *scan)
{
    static const char *const EVENTS[] = {
        [ENR_SCAN_LEAD] = "captured",         [ENR_SCAN_NOTE] = "noted",      [ENR_SCAN_STAFF] = "operator",
        [ENR_SCAN_PROVISION] = "provisioned", [ENR_SCAN_REFUSED] = "refused",
    };
    static const char *const KINDS[] = {
        [ENR_CAPTURE_NEW] = "new",
        [ENR_CAPTURE_UPDATED] = "rescan",
        [ENR_CAPTURE_REPEATED] = "repeated",
        [ENR_CAPTURE_ERASED] = "known",
    };
    enr_json_writer_t *json = event_begin(EVENTS[scan->kind]);
    event_number(json, "scan", ++run->scan);
    answer_json_member(json, "signal", enr_span_from_str(enr_signal_name(enr_scan_signal(scan))));
    if (scan->kind == ENR_SCAN_LEAD) {
        answer_json_member(json, "kind", enr_span_from_str(KINDS[scan->captured.kind]));
        say_badge(json, scan);
    }
    if (scan->kind == ENR_SCAN_LEAD || scan->kind == ENR_SCAN_NOTE) {
        say_states(json, &scan->captured);
        say_left(run, json);
    }
    if (scan->kind == ENR_SCAN_REFUSED) {
        answer_json_member(json, "why", enr_span_from_str(scan->why));
        answer_json_member(json, "status",
                           enr_span_from_str(scan->status != ENR_OK ? enr_status_name(scan->status) : NULL));
        bool is_ours = strcmp(scan->why, ENR_WHY_FULL) == 0 || strcmp(scan->why, ENR_WHY_FAILED) == 0;
        run->not_kept += is_ours ? 1 : 0;
    }
    event_end(NULL);
}
