/* What the event's roster knows of whom an id names. */
#include "station_internal.h"

/* `from` counts, unless it is empty. */
static void put(enr_span_t *field, const enr_span_t *from)
{
    if (from->len > 0) {
        *field = *from;
    }
}

static void put_if_empty(enr_span_t *field, const enr_span_t *from)
{
    if (field->len == 0) {
        *field = *from;
    }
}

/* The lead's own word counts. A name counts as one field, and so do domain and company. */
static void fill_in(enr_lead_t *lead, const enr_roster_entry_t *entry)
{
    const enr_contact_t *listed = &entry->contact;
    enr_contact_t *contact = &lead->contact;
    if (contact->firstname.len == 0 || contact->lastname.len == 0) {
        put(&contact->firstname, &listed->firstname);
        put(&contact->lastname, &listed->lastname);
    }
    if (contact->domain.len == 0 && contact->company_name.len == 0) {
        contact->domain = listed->domain;
        contact->company_name = listed->company_name;
    }
    put_if_empty(&contact->linkedin_url, &listed->linkedin_url);
    put_if_empty(&lead->email, &entry->email);
    put_if_empty(&lead->phone, &entry->phone);
    put_if_empty(&lead->title, &entry->title);
}

/* True when the list counts now; *out_blind: there is no time to tell. */
static bool is_current(const enr_station_t *station, bool *out_blind)
{
    int64_t now_s = 0;
    const enr_clock_t *clock = station->config.clock;
    *out_blind = clock->wall(clock->ctx, &now_s) != ENR_OK;
    return !*out_blind && !enr_roster_is_expired(station->config.roster, now_s);
}

ENR_NOINLINE enr_status_t roster_fill(enr_station_t *station, enr_lead_t *lead, bool *out_no_scan, bool *out_listed)
{
    *out_no_scan = *out_listed = false;
    if (station->config.roster == NULL || lead->attendee_id.len == 0) {
        return ENR_OK;
    }
    enr_roster_entry_t entry;
    enr_buffer_t memory = station_scratch(station);
    enr_status_t status = enr_roster_find(station->config.roster, lead->attendee_id, &memory, &entry);
    if (status == ENR_AGAIN) {
        return status;
    }
    bool blind = false;
    bool current = is_current(station, &blind);
    station->blind = station->blind || blind;
    *out_no_scan = (status == ENR_OK || status == ENR_E_LIMIT) && entry.no_scan;
    *out_listed = status == ENR_OK && current;
    if (*out_listed) {
        fill_in(lead, &entry);
    }
    return ENR_OK; /* a list that cannot be read any more knows nobody, and who is too large for the memory stays an id
                    */
}

/* --- leads that were captured before --- */

/* Bits of 1 << state of a lead's requests; one that was sent before counts as unknown. */
static unsigned states_of(const enr_record_t *record)
{
    unsigned states = 0;
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        const enr_request_t *request = &record->requests[number];
        states |= 1u << request->state;
        states |= request->attempts > 0 ? 1u << ENR_REQUEST_UNKNOWN : 0;
    }
    return states;
}

#define WAITING (1u << ENR_REQUEST_CAPTURED | 1u << ENR_REQUEST_REFUSED)
#define UNSENT (WAITING | 1u << ENR_REQUEST_NONE | 1u << ENR_REQUEST_READY)

/* ENR_AGAIN: nothing was done, look at it again. */
static enr_status_t look_at(enr_station_t *station, enr_record_t *record, uint32_t now_ms)
{
    enr_agent_t *agent = station->config.agent;
    unsigned states = states_of(record);
    enr_lead_t before = record->lead;
    bool no_scan;
    bool listed;
    bool is_unsent = (states & ~UNSENT) == 0;
    bool is_waiting = (states & WAITING) != 0;
    if (!enr_span_equal(before.event, station->config.event) || (!is_unsent && !is_waiting)) {
        return ENR_OK;
    }
    enr_status_t status = roster_fill(station, &record->lead, &no_scan, &listed);
    if (status != ENR_OK) {
        return status;
    }
    if (no_scan && is_unsent) {
        status = enr_agent_erase(agent, record->number, now_ms);
        station->removed += status == ENR_OK ? 1 : 0;
    } else if (listed && is_waiting && !enr_lead_same(&before, &record->lead)) {
        status = enr_agent_edit(agent, record, now_ms);
        station->filled += status == ENR_OK ? 1 : 0;
    }
    return status;
}

/* A walk that knew no time is made again once there is one. */
static bool is_to_walk(enr_station_t *station)
{
    bool blind = true;
    if (!station->walking && station->blind) {
        (void)is_current(station, &blind);
        station->walking = !blind;
        station->blind = blind;
        station->cursor = (enr_cursor_t){0};
    }
    return station->walking;
}

ENR_NOINLINE enr_status_t enr_station_step(enr_station_t *station, uint32_t now_ms)
{
    uint32_t until_ms;
    if (station->config.roster == NULL || !is_to_walk(station)) {
        return ENR_OK;
    }
    if (station->is_held || enr_frame_waits(&station->frame, &until_ms)) {
        return ENR_AGAIN; /* its memory is in use */
    }
    enr_record_t record;
    enr_cursor_t cursor = station->cursor;
    enr_status_t status = enr_agent_next(station->config.agent, &station->cursor, &record);
    if (status == ENR_END || status == ENR_E_FLASH) {
        station->walking = false;
        return ENR_OK;
    }
    station->payload = (enr_span_t){0};
    if (status == ENR_OK && look_at(station, &record, now_ms) == ENR_AGAIN) {
        station->cursor = cursor;
    }
    return ENR_AGAIN;
}
