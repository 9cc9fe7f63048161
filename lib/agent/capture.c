#include "agent_internal.h"

#include "enrich/tls.h"

#include <assert.h>
#include <string.h>

/* Bytes of annex that a lead needs: for each type its usual marks (sending, the id, a usual result, taken, and one
   attempt that was refused), and what journal.h asks for beyond. The least: up to the id. */
#define ANNEX_TYPE (16u + 24u + 40u + 24u + 296u + 16u + 32u)
#define ANNEX_TYPE_LEAST (16u + 24u + 64u + 16u)
#define ANNEX_BEYOND 64u

#define TRIES 4u

/* --- its name --- */

/* The digest by which the journal finds a lead. A payload is digested by itself first, since it may be long. */
static enr_status_t hash_of(enr_agent_t *agent, const enr_lead_t *lead, uint8_t out_hash[ENR_JOURNAL_HASH_LEN])
{
    uint8_t digest[ENR_SEAL_DIGEST_LEN];
    enr_buffer_t name = enr_buffer_over(agent->text, sizeof agent->text);
    enr_status_t status = enr_lead_name(lead, &name);
    if (status == ENR_END) {
        status = enr_seal_digest(agent->config.seal, lead->payload, digest);
        enr_buffer_append_byte(&name, 'p');
        enr_buffer_append(&name, (enr_span_t){digest, sizeof digest});
    }
    agent->holds_texts = true;
    if (status == ENR_OK) {
        status = enr_seal_digest(agent->config.seal, enr_buffer_span(&name), digest);
    }
    if (status == ENR_OK) {
        memcpy(out_hash, digest, ENR_JOURNAL_HASH_LEN);
    }
    return status;
}

static enr_status_t encode(enr_agent_t *agent, const enr_lead_t *lead, enr_span_t *out_bytes)
{
    enr_buffer_t text = enr_buffer_over(agent->text, sizeof agent->text);
    enr_status_t status = enr_lead_write(lead, &text);
    agent->holds_texts = true;
    *out_bytes = enr_buffer_span(&text);
    return status;
}

/* --- a new lead --- */

static size_t annex_of(unsigned types, size_t each)
{
    size_t count = (types & 1u) + (types >> 1 & 1u) + (types >> 2 & 1u);
    return count * each + ANNEX_BEYOND;
}

/* Small sectors: what does not fit half of one is left out, first room for later marks, then the payload. */
static enr_status_t append(enr_agent_t *agent, enr_lead_t *lead, const uint8_t hash[ENR_JOURNAL_HASH_LEN],
                           enr_slot_t *out_slot)
{
    enr_span_t bytes;
    enr_status_t status = encode(agent, lead, &bytes);
    if (status != ENR_OK) {
        return status;
    }
    enr_journal_t *journal = agent->config.journal;
    size_t annex = annex_of(lead->types, ANNEX_TYPE);
    status = enr_journal_append(journal, bytes, hash, annex, out_slot);
    if (status == ENR_E_LIMIT) {
        annex = annex_of(lead->types, ANNEX_TYPE_LEAST);
        status = enr_journal_append(journal, bytes, hash, annex, out_slot);
    }
    if (status == ENR_E_LIMIT && lead->payload.len > 0) {
        lead->payload_lost = (uint32_t)lead->payload.len;
        lead->payload = (enr_span_t){0};
        status = encode(agent, lead, &bytes);
        status = status == ENR_OK ? enr_journal_append(journal, bytes, hash, annex, out_slot) : status;
    }
    return status;
}

static void fill_in(enr_captured_t *out, enr_capture_kind_t kind, uint32_t number, const enr_lead_t *lead)
{
    out->kind = kind;
    out->number = number;
    out->scans = lead->scans;
    out->first = lead->first;
}

/* What is made when a lead is first captured. */
static enr_status_t begin_life(enr_lead_t *lead)
{
    lead->first = lead->last;
    lead->scans = 1;
    enr_status_t status = enr_tls_random(lead->token, sizeof lead->token);
    lead->token[0] |= lead->token[0] == 0; /* all zero is no token */
    return status;
}

static enr_status_t capture_new(enr_agent_t *agent, enr_lead_t *lead, const uint8_t hash[ENR_JOURNAL_HASH_LEN],
                                enr_slot_t *out_slot, enr_captured_t *out)
{
    enr_status_t status = begin_life(lead);
    if (status == ENR_OK) {
        status = leads_heard(agent, append(agent, lead, hash, out_slot));
    }
    if (status != ENR_OK) {
        return status;
    }
    (void)leads_states(agent, out_slot, lead, out->states);
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        leads_count(agent, out_slot, ENR_REQUEST_NONE, out->states[number]);
    }
    fill_in(out, ENR_CAPTURE_NEW, out_slot->number, lead);
    agent->journal_idle = false;
    agent->scanning = true;
    return ENR_OK;
}

/* --- a lead that is there --- */

/* Puts a new content in place of a lead's. */
static enr_status_t rewrite(enr_agent_t *agent, enr_slot_t *slot, const enr_lead_t *lead)
{
    enr_span_t bytes;
    enr_status_t status = encode(agent, lead, &bytes);
    if (status == ENR_OK) {
        status = leads_heard(agent, enr_journal_confirm(agent->config.journal, slot));
    }
    if (status == ENR_OK) {
        status = leads_heard(agent, enr_journal_set(agent->config.journal, slot, ENR_JOURNAL_CONTENT, 1, bytes));
    }
    return status;
}

/* Counts what a new content has changed, and has it looked at: what may be sent may be another now. */
static void content_changed(enr_agent_t *agent, const enr_slot_t *slot, const enr_lead_t *lead,
                            const enr_request_state_t before[ENR_TYPE_COUNT],
                            enr_request_state_t out_after[ENR_TYPE_COUNT])
{
    (void)leads_states(agent, slot, lead, out_after);
    bool is_ready = false;
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        leads_count(agent, slot, before[number], out_after[number]);
        is_ready = is_ready || (out_after[number] == ENR_REQUEST_READY && before[number] != ENR_REQUEST_READY);
    }
    agent->journal_idle = false;
    enr_work_t *work = leads_work(agent, slot->number);
    if (work == NULL && is_ready) {
        leads_rewind(agent);
    } else if (work != NULL) {
        if (agent->work == work) {
            calls_give_up(agent); /* if it has not left: it will go with what is known now */
        }
        leads_renew(agent, work, lead);
    }
}

/* ENR_OK for a slot whose lead was read or is damaged: the latter gets a new content, and keeps the states of its
   requests, so that nothing is bought twice. */
static enr_status_t read_before(enr_agent_t *agent, const enr_slot_t *slot, bool is_last_try, enr_lead_t *lead,
                                enr_request_state_t out_before[ENR_TYPE_COUNT], bool *out_same)
{
    enr_lead_t before;
    enr_status_t status = leads_read(agent, slot, &before);
    *out_same = false;
    if ((status == ENR_E_SEAL && is_last_try) || status == ENR_E_SYNTAX) {
        memset(out_before, ENR_REQUEST_NONE, ENR_TYPE_COUNT * sizeof *out_before);
        return begin_life(lead);
    }
    if (status != ENR_OK) {
        return status;
    }
    (void)leads_states(agent, slot, &before, out_before);
    enr_lead_update(&before, lead);
    bool is_soon = lead->last.boot == before.last.boot && lead->last.uptime_s - before.last.uptime_s < ENR_RESCAN_S;
    *out_same = is_soon && enr_lead_same(&before, lead);
    if (*out_same) {
        lead->scans = before.scans;
    }
    return ENR_OK;
}

static enr_status_t capture_again(enr_agent_t *agent, enr_lead_t *lead, enr_slot_t *found, bool is_last_try,
                                  enr_captured_t *out)
{
    enr_slot_t *slot = leads_own_slot(agent, found);
    enr_request_state_t before[ENR_TYPE_COUNT];
    bool is_same;
    enr_status_t status = read_before(agent, slot, is_last_try, lead, before, &is_same);
    if (status != ENR_OK) {
        return status;
    }
    if (is_same) {
        fill_in(out, ENR_CAPTURE_REPEATED, slot->number, lead);
        memcpy(out->states, before, sizeof before);
        return ENR_OK;
    }
    status = rewrite(agent, slot, lead);
    if (status == ENR_OK) {
        if (lead->scans == 1 && agent->tally.unreadable > 0) {
            agent->tally.unreadable--; /* it was damaged */
        }
        content_changed(agent, slot, lead, before, out->states);
        fill_in(out, ENR_CAPTURE_UPDATED, slot->number, lead);
    }
    return status;
}

/* There is such a lead, but nobody can read what became of it: it is captured anew, and its requests, which may have
   been bought, are for the operator to decide. */
static enr_status_t capture_damaged(enr_agent_t *agent, enr_lead_t *lead, const uint8_t hash[ENR_JOURNAL_HASH_LEN],
                                    enr_slot_t *slot, enr_captured_t *out)
{
    enr_status_t status = capture_new(agent, lead, hash, slot, out);
    for (unsigned number = 0; number < ENR_TYPE_COUNT && status == ENR_OK; number++) {
        mark_t mark = {.state = ENR_REQUEST_UNKNOWN, .attempts = 1, .status = ENR_E_SEAL};
        if (out->states[number] != ENR_REQUEST_NONE) {
            status = leads_set(agent, slot, number, mark, out->states[number]);
            out->states[number] = ENR_REQUEST_UNKNOWN;
        }
    }
    return status;
}

static enr_status_t capture(enr_agent_t *agent, enr_lead_t *lead, bool is_last_try, enr_captured_t *out)
{
    uint8_t hash[ENR_JOURNAL_HASH_LEN];
    enr_slot_t slot;
    enr_status_t status = hash_of(agent, lead, hash);
    if (status != ENR_OK) {
        return status;
    }
    status = leads_heard(agent, enr_journal_find(agent->config.journal, hash, &slot));
    if (status == ENR_OK && slot.gone) {
        out->kind = ENR_CAPTURE_ERASED;
        return ENR_OK;
    }
    if (status == ENR_END) {
        return capture_new(agent, lead, hash, &slot, out);
    }
    if (status == ENR_E_SEAL && is_last_try) {
        return capture_damaged(agent, lead, hash, &slot, out);
    }
    return status == ENR_OK ? capture_again(agent, lead, &slot, is_last_try, out) : status;
}

enr_status_t enr_agent_capture(enr_agent_t *agent, const enr_lead_t *lead, uint32_t now_ms,
                               enr_captured_t *out_captured)
{
    pace_tick(agent, now_ms);
    enr_status_t status = ENR_E_SEAL;
    for (unsigned i = 0; i < TRIES && status == ENR_E_SEAL; i++) { /* what a power cut has torn may read so or so */
        enr_lead_t taken = *lead;
        taken.last = pace_stamp(agent);
        taken.later = (enr_span_t){0};
        taken.payload_lost = 0;
        memset(out_captured, 0, sizeof *out_captured);
        leads_forget(agent);
        status = capture(agent, &taken, i == TRIES - 1, out_captured);
    }
    leads_forget(agent);
    return status;
}

/* --- what an operator may do --- */

/* Finds a lead that lives, with its slot to write to, its content and the states of its requests. */
static enr_status_t find(enr_agent_t *agent, uint32_t number, enr_slot_t *found, enr_slot_t **out_slot,
                         enr_lead_t *out_lead, enr_request_state_t out_states[ENR_TYPE_COUNT])
{
    enr_status_t status = leads_by_number(agent, number, found);
    if (status != ENR_OK) {
        return status;
    }
    *out_slot = leads_own_slot(agent, found);
    status = leads_read(agent, *out_slot, out_lead);
    if (status == ENR_OK) {
        (void)leads_states(agent, *out_slot, out_lead, out_states);
    }
    return status;
}

/* Marks a request whose state is one of the set `from`. */
static enr_status_t operate(enr_agent_t *agent, uint32_t number, enr_type_t type, unsigned from, enr_request_state_t to,
                            uint32_t now_ms)
{
    pace_tick(agent, now_ms);
    leads_forget(agent);
    enr_slot_t found;
    enr_slot_t *slot;
    enr_lead_t lead;
    enr_request_state_t states[ENR_TYPE_COUNT];
    enr_status_t status = find(agent, number, &found, &slot, &lead, states);
    unsigned which = enr_type_number(type);
    if (status == ENR_OK && (from >> states[which] & 1u) == 0) {
        status = ENR_END;
    }
    if (status == ENR_OK) {
        status = leads_heard(agent, enr_journal_confirm(agent->config.journal, slot));
    }
    if (status != ENR_OK) {
        return status;
    }
    mark_t mark = leads_mark(slot, which);
    mark.state = (uint8_t)to;
    status = leads_set_with(agent, slot, which, mark, states[which], NULL, &lead);
    if (status != ENR_OK) {
        return status;
    }
    enr_work_t *work = leads_work(agent, number);
    if (work != NULL) {
        timer_stop(&work->polls[which].next);
    }
    leads_changed(agent, number, &lead);
    leads_retire_delivered(agent, slot, &lead);
    leads_forget(agent);
    return ENR_OK;
}

enr_status_t enr_agent_resend(enr_agent_t *agent, uint32_t number, enr_type_t type, uint32_t now_ms)
{
    return operate(agent, number, type, SET(UNKNOWN) | SET(REJECTED), ENR_REQUEST_READY, now_ms);
}

enr_status_t enr_agent_give_up(enr_agent_t *agent, uint32_t number, enr_type_t type, uint32_t now_ms)
{
    unsigned from = SET(UNKNOWN) | SET(LATE) | SET(REJECTED) | SET(REFUSED);
    return operate(agent, number, type, from, ENR_REQUEST_TAKEN, now_ms);
}

enr_status_t enr_agent_edit(enr_agent_t *agent, const enr_record_t *record, uint32_t now_ms)
{
    pace_tick(agent, now_ms);
    enr_slot_t found = record->slot;
    enr_slot_t *slot = leads_own_slot(agent, &found);
    enr_status_t status = rewrite(agent, slot, &record->lead);
    if (status != ENR_OK) {
        return status;
    }
    enr_request_state_t before[ENR_TYPE_COUNT];
    enr_request_state_t after[ENR_TYPE_COUNT];
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        before[number] = record->requests[number].state;
    }
    content_changed(agent, slot, &record->lead, before, after);
    for (unsigned number = 0; number < ENR_TYPE_COUNT && status == ENR_OK; number++) {
        if (after[number] == ENR_REQUEST_REJECTED) {
            mark_t mark = leads_mark(slot, number);
            mark.state = ENR_REQUEST_READY;
            mark.status = ENR_OK;
            status = leads_set_with(agent, slot, number, mark, ENR_REQUEST_REJECTED, NULL, &record->lead);
        }
    }
    leads_changed(agent, slot->number, &record->lead);
    leads_forget(agent);
    return status;
}

enr_status_t enr_agent_note(enr_agent_t *agent, uint32_t number, const enr_lead_t *note, uint32_t now_ms,
                            enr_captured_t *out_captured)
{
    pace_tick(agent, now_ms);
    leads_forget(agent);
    memset(out_captured, 0, sizeof *out_captured);
    enr_slot_t found;
    enr_slot_t *slot;
    enr_lead_t before;
    enr_request_state_t states[ENR_TYPE_COUNT];
    enr_status_t status = find(agent, number, &found, &slot, &before, states);
    if (status != ENR_OK) {
        return status;
    }
    enr_lead_t lead = {.rating = note->rating,
                       .answers = note->answers,
                       .consent = note->consent,
                       .captured_by = note->captured_by,
                       .last = pace_stamp(agent)};
    enr_lead_update(&before, &lead);
    lead.scans = before.scans;
    status = rewrite(agent, slot, &lead);
    if (status == ENR_OK) {
        content_changed(agent, slot, &lead, states, out_captured->states);
        fill_in(out_captured, ENR_CAPTURE_UPDATED, number, &lead);
    }
    leads_forget(agent);
    return status;
}

static enr_status_t erase(enr_agent_t *agent, enr_slot_t *found)
{
    if (found->gone) {
        return ENR_END;
    }
    enr_slot_t *slot = leads_own_slot(agent, found);
    enr_request_state_t states[ENR_TYPE_COUNT] = {0}; /* of a lead that nobody can read */
    enr_lead_t lead;
    enr_status_t status = leads_read(agent, slot, &lead);
    if (status == ENR_AGAIN) {
        return status;
    }
    if (status == ENR_OK) {
        (void)leads_states(agent, slot, &lead, states);
    } else if (agent->tally.unreadable > 0) {
        agent->tally.unreadable--;
    }
    status = leads_retire(agent, slot, states);
    if (status == ENR_OK) {
        timer_stop(&agent->purge); /* at once */
    }
    leads_forget(agent);
    return status;
}

enr_status_t enr_agent_erase(enr_agent_t *agent, uint32_t number, uint32_t now_ms)
{
    pace_tick(agent, now_ms);
    leads_forget(agent);
    enr_slot_t found;
    enr_status_t status = leads_by_number(agent, number, &found);
    return status == ENR_OK ? erase(agent, &found) : status;
}

enr_status_t enr_agent_erase_named(enr_agent_t *agent, const enr_lead_t *lead, uint32_t now_ms)
{
    pace_tick(agent, now_ms);
    leads_forget(agent);
    uint8_t hash[ENR_JOURNAL_HASH_LEN];
    enr_slot_t found;
    enr_status_t status = hash_of(agent, lead, hash);
    if (status == ENR_OK) {
        status = leads_heard(agent, enr_journal_find(agent->config.journal, hash, &found));
    }
    return status == ENR_OK ? erase(agent, &found) : status;
}
