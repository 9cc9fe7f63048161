#include "enrich/station.h"

#include "enrich/utf8.h"

#include "station_internal.h"

#include <assert.h>
#include <string.h>

/* A badge whose fields cannot be kept is kept as it was scanned, if it is no longer than this: beside it the rest of a
   lead has its place. */
#define PAYLOAD_MAX (ENR_JOURNAL_CONTENT_MAX - 512)

void enr_station_start(enr_station_t *station, const enr_station_config_t *config)
{
    assert(config->agent != NULL && config->frame != NULL && (config->roster == NULL || config->clock != NULL));
    memset(station, 0, sizeof *station);
    station->config = *config;
    station->walking = config->roster != NULL;
    enr_frame_start(&station->frame, config->frame, station->memory, sizeof station->memory);
}

const char *enr_signal_name(enr_signal_t signal)
{
    static const char *const names[] = {
        [ENR_SIGNAL_GOOD] = "good",       [ENR_SIGNAL_DUPLICATE] = "duplicate", [ENR_SIGNAL_UNREADABLE] = "unreadable",
        [ENR_SIGNAL_REFUSED] = "refused", [ENR_SIGNAL_FULL] = "full",
    };
    return names[signal];
}

enr_signal_t enr_scan_signal(const enr_scan_t *scan)
{
    if (scan->kind == ENR_SCAN_LEAD) {
        return scan->captured.kind == ENR_CAPTURE_NEW ? ENR_SIGNAL_GOOD : ENR_SIGNAL_DUPLICATE;
    }
    if (scan->kind != ENR_SCAN_REFUSED) {
        return ENR_SIGNAL_GOOD;
    }
    if (strcmp(scan->why, ENR_WHY_UNREADABLE) == 0) {
        return ENR_SIGNAL_UNREADABLE;
    }
    bool is_device = strcmp(scan->why, ENR_WHY_FULL) == 0 || strcmp(scan->why, ENR_WHY_FAILED) == 0;
    return is_device ? ENR_SIGNAL_FULL : ENR_SIGNAL_REFUSED;
}

/* --- for the files of this room --- */

enr_status_t station_refuse(enr_scan_t *scan, const char *why, enr_status_t status)
{
    *scan = (enr_scan_t){.kind = ENR_SCAN_REFUSED, .why = why, .status = status};
    return ENR_OK;
}

enr_status_t station_not_kept(enr_scan_t *scan, enr_status_t status)
{
    bool is_badge = status == ENR_E_SYNTAX || status == ENR_E_LIMIT || status == ENR_E_UTF8;
    return station_refuse(scan,
                          is_badge               ? ENR_WHY_UNREADABLE
                          : status == ENR_E_FULL ? ENR_WHY_FULL
                                                 : ENR_WHY_FAILED,
                          status);
}

enr_buffer_t station_scratch(enr_station_t *station)
{
    size_t used =
        station->payload.len > 0 ? (size_t)(station->payload.ptr - station->memory) + station->payload.len : 0;
    station->dirty = sizeof station->memory;
    return enr_buffer_over(station->memory + used, sizeof station->memory - used);
}

/* --- a badge --- */

/* What stands in each lead beside the badge. */
static void start_lead(const enr_station_t *station, enr_lead_t *lead)
{
    const enr_station_config_t *config = &station->config;
    *lead = (enr_lead_t){
        .payload = station->payload,
        .types = config->types,
        .device = config->device,
        .captured_by = config->captured_by,
        .event = config->event,
    };
    if (station->staff_len > 0) {
        lead->captured_by = (enr_span_t){station->staff, station->staff_len};
    }
}

static void add_badge(const enr_badge_t *badge, enr_lead_t *lead)
{
    lead->contact = badge->contact;
    lead->email = badge->email;
    lead->phone = badge->phone;
    lead->title = badge->title;
    lead->attendee_id = badge->attendee_id;
}

/* Reads the payload by the profile; what the reader said of the charset wins. */
ENR_NOINLINE static enr_status_t read_badge(enr_station_t *station)
{
    enr_badge_profile_t profile = {.fields = NULL};
    if (station->config.profile != NULL) {
        profile = *station->config.profile;
    }
    if (station->frame.aim.has_eci) {
        profile.charset = enr_charset_of_eci(station->frame.aim.eci);
    }
    return enr_badge_read(station->payload, &profile, &station->badge);
}

ENR_NOINLINE static enr_status_t capture(enr_station_t *station, uint32_t now_ms, enr_scan_t *out)
{
    enr_agent_t *agent = station->config.agent;
    enr_lead_t lead;
    enr_status_t status = station->read;
    start_lead(station, &lead);
    *out = (enr_scan_t){.kind = ENR_SCAN_LEAD, .badge = &station->badge};
    if (status == ENR_OK) {
        bool no_scan = false;
        add_badge(&station->badge, &lead);
        status = roster_fill(station, &lead, &no_scan, &out->listed);
        if (status == ENR_OK && no_scan) {
            return station_refuse(out, ENR_WHY_NO_SCAN, ENR_OK);
        }
        status = status == ENR_OK ? enr_agent_capture(agent, &lead, now_ms, &out->captured) : status;
    }
    if (status == ENR_E_LIMIT && station->payload.len <= PAYLOAD_MAX) {
        start_lead(station, &lead);
        *out = (enr_scan_t){.kind = ENR_SCAN_LEAD};
        status = enr_agent_capture(agent, &lead, now_ms, &out->captured);
    }
    if (status == ENR_AGAIN) {
        return status;
    }
    if (status != ENR_OK) {
        return station_not_kept(out, status);
    }
    station->lead = out->captured.number;
    station->lead_ms = now_ms;
    return ENR_OK;
}

/* --- payloads --- */

/* What the last payload left in memory goes. */
static void forget(enr_station_t *station)
{
    if (station->dirty > 0) {
        enr_wipe(station->memory, station->dirty);
        enr_wipe(&station->badge, sizeof station->badge);
        station->dirty = 0;
        station->payload = (enr_span_t){0};
        station->provision = (enr_provision_t){.number = 0};
    }
}

static enr_status_t act(enr_station_t *station, uint32_t now_ms, enr_scan_t *out)
{
    enr_span_t rest = station->payload;
    if (station_take_word(&rest, ENR_PROVISION_PREFIX)) {
        return provision(station, rest, now_ms, out);
    }
    if (station_take_word(&rest, "ENR:")) {
        return control(station, rest, now_ms, out);
    }
    if (station->read == ENR_OK && station->badge.secret) {
        return station_refuse(out, ENR_WHY_SECRET, ENR_OK);
    }
    return capture(station, now_ms, out);
}

enr_status_t enr_station_take(enr_station_t *station, enr_span_t *bytes, uint32_t now_ms, enr_scan_t *out_scan)
{
    if (now_ms - station->lead_ms >= ENR_STATION_NOTE_S * 1000u) {
        station->lead = 0;
    }
    enr_status_t status = ENR_OK;
    if (!station->is_held) {
        forget(station);
        status = enr_frame_take(&station->frame, bytes, now_ms - station->busy_ms, &station->payload);
        if (status == ENR_AGAIN) {
            return status;
        }
        if (status == ENR_OK) {
            station->dirty = (size_t)(station->payload.ptr - station->memory) + station->payload.len;
            station->read = read_badge(station);
        }
    }
    status = status == ENR_OK ? act(station, now_ms, out_scan) : station_not_kept(out_scan, status);
    if (!station->is_held) {
        station->held_ms = now_ms;
    } else if (status == ENR_AGAIN && now_ms - station->held_ms >= ENR_STATION_HOLD_S * 1000u) {
        status = station_not_kept(out_scan, ENR_E_FLASH); /* the person must not wait for ever */
    }
    station->is_held = status == ENR_AGAIN;
    if (status == ENR_OK && out_scan->kind == ENR_SCAN_REFUSED) {
        station->lead = 0; /* what is said next is not said of the lead before */
    }
    return status;
}

bool enr_station_is_held(const enr_station_t *station)
{
    return station->is_held;
}

bool enr_station_waits(const enr_station_t *station, uint32_t *out_until_ms)
{
    bool waits = !station->is_held && enr_frame_waits(&station->frame, out_until_ms);
    *out_until_ms += waits ? station->busy_ms : 0;
    return waits;
}

void enr_station_busy(enr_station_t *station, uint32_t ms)
{
    station->busy_ms += ms;
}

void enr_station_lose(enr_station_t *station)
{
    enr_frame_lose(&station->frame);
}
