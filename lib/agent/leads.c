#include "agent_internal.h"

#include <assert.h>
#include <string.h>

#define WORKS (sizeof((enr_agent_t *)0)->works / sizeof((enr_agent_t *)0)->works[0])

void leads_forget(enr_agent_t *agent)
{
    if (agent->holds_texts) {
        enr_wipe(agent->content, sizeof agent->content);
        enr_wipe(agent->text, sizeof agent->text);
        agent->holds_texts = false;
    }
}

enr_status_t leads_heard(enr_agent_t *agent, enr_status_t status)
{
    if (status == ENR_AGAIN) {
        agent->blocked = true;
    } else if (status < 0) {
        agent->last_error = status;
        agent->last_code = 0;
    }
    return status;
}

/* --- what a register holds: value = state and 128 for an unverified answer, attempts << 8, -status << 16 --- */

#define UNVERIFIED 0x80u

mark_t leads_mark(const enr_slot_t *slot, unsigned number)
{
    uint32_t value = slot->registers[number].value;
    return (mark_t){.state = (uint8_t)leads_marked(slot, number),
                    .unverified = (value & UNVERIFIED) != 0,
                    .attempts = (uint8_t)(value >> 8),
                    .status = (int8_t) - (int)(value >> 16)};
}

enr_request_state_t leads_marked(const enr_slot_t *slot, unsigned number)
{
    unsigned state = slot->registers[number].value & (UNVERIFIED - 1);
    return state < ENR_REQUEST_STATES ? (enr_request_state_t)state : ENR_REQUEST_UNKNOWN; /* of a later version */
}

unsigned leads_marks(const enr_slot_t *slot)
{
    unsigned set = 0;
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        set |= 1u << leads_marked(slot, number);
    }
    return set;
}

static uint32_t value_of(mark_t mark)
{
    return mark.state | (mark.unverified ? UNVERIFIED : 0) | (uint32_t)mark.attempts << 8 |
           (uint32_t)-mark.status << 16;
}

/* --- where a request is --- */

enr_status_t leads_read(enr_agent_t *agent, const enr_slot_t *slot, enr_lead_t *out_lead)
{
    enr_buffer_t content = enr_buffer_over(agent->content, sizeof agent->content);
    enr_status_t status = leads_heard(agent, enr_journal_read(agent->config.journal, slot, &content));
    agent->holds_texts = true;
    return status == ENR_OK ? enr_lead_read(enr_buffer_span(&content), out_lead) : status;
}

enr_options_t leads_options(const enr_agent_t *agent, const enr_lead_t *lead, unsigned number,
                            uint8_t token[ENR_TOKEN_LEN])
{
    enr_options_t options = {0};
    if (agent->config.options != NULL) {
        options = *agent->config.options;
    }
    enr_type_t type = enr_type_of_number(number);
    enr_lead_token(lead, type, token);
    options.types = type;
    options.token = (enr_span_t){token, ENR_TOKEN_LEN};
    return options;
}

/* The local check (DESIGN 6): what may be sent of a lead, judged by its content and the settings alone. */
static enr_request_state_t check(const enr_agent_t *agent, const enr_lead_t *lead, unsigned number,
                                 enr_refusal_t *out_refusal)
{
    if (lead->contact.firstname.len == 0 && lead->contact.lastname.len == 0) {
        return ENR_REQUEST_CAPTURED;
    }
    if (enr_type_of_number(number) == ENR_TYPE_PERSONAL_EMAIL) {
        if (!agent->config.personal_email) {
            *out_refusal = (enr_refusal_t){"personal_email", "is not allowed by the settings"};
            return ENR_REQUEST_REFUSED;
        }
        if ((lead->consent.given & ENR_CONSENT_PERSONAL_EMAIL) == 0) {
            *out_refusal = (enr_refusal_t){"personal_email", "needs the person's consent"};
            return ENR_REQUEST_REFUSED;
        }
    }
    uint8_t token[ENR_TOKEN_LEN];
    enr_options_t options = leads_options(agent, lead, number, token);
    enr_call_t call = agent->config.sync ? ENR_CALL_SYNC : ENR_CALL_ASYNC;
    return enr_contact_check(&lead->contact, &options, call, out_refusal) == ENR_OK ? ENR_REQUEST_READY
                                                                                    : ENR_REQUEST_REFUSED;
}

static bool is_under_way(const enr_agent_t *agent, const enr_slot_t *slot, unsigned number)
{
    return agent->committed && !agent->is_poll && agent->type == number && agent->work->slot.number == slot->number;
}

enr_request_state_t leads_state(const enr_agent_t *agent, const enr_slot_t *slot, const enr_lead_t *lead,
                                unsigned number, enr_refusal_t *out_refusal)
{
    enr_refusal_t refusal = {0};
    enr_request_state_t state = leads_marked(slot, number);
    if (state == ENR_REQUEST_NONE || state == ENR_REQUEST_READY) {
        bool wanted = (lead->types & enr_type_of_number(number)) != 0;
        state = wanted ? check(agent, lead, number, &refusal) : ENR_REQUEST_NONE;
    } else if (state == ENR_REQUEST_SENDING && !is_under_way(agent, slot, number)) {
        state = ENR_REQUEST_UNKNOWN; /* of an earlier start, or its end could not be marked */
    }
    if (out_refusal != NULL) {
        *out_refusal = refusal;
    }
    return state;
}

unsigned leads_states(const enr_agent_t *agent, const enr_slot_t *slot, const enr_lead_t *lead,
                      enr_request_state_t out_states[ENR_TYPE_COUNT])
{
    unsigned set = 0;
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        out_states[number] = leads_state(agent, slot, lead, number, NULL);
        set |= 1u << out_states[number];
    }
    return set;
}

/* True when nothing is left to do for a lead whose requests have these states, and a sink has taken something of it. */
static bool is_delivered(unsigned set)
{
    return (set & SET(TAKEN)) != 0 && (set & ~(SET(TAKEN) | SET(NONE) | SET(REFUSED))) == 0;
}

/* --- counts and marks --- */

static void move(uint32_t *states, enr_request_state_t before, enr_request_state_t after)
{
    states[before] -= states[before] > 0 ? 1 : 0;
    states[after]++;
}

/* A walk that counts will count what it has not met yet. */
static bool is_met(const enr_agent_t *agent, const enr_slot_t *slot)
{
    return agent->tallying && (slot->place.epoch < agent->met.epoch ||
                               (slot->place.epoch == agent->met.epoch && slot->place.index <= agent->met.index));
}

void leads_count(enr_agent_t *agent, const enr_slot_t *slot, enr_request_state_t before, enr_request_state_t after)
{
    if (agent->counted) {
        move(agent->tally.states, before, after);
    }
    if (is_met(agent, slot)) {
        move(agent->fresh.states, before, after);
    }
}

static void tell(const enr_agent_t *agent, const enr_slot_t *slot, unsigned number, enr_request_state_t state,
                 enr_status_t status)
{
    if (agent->config.watch != NULL) {
        enr_event_t event = {slot->number, enr_type_of_number(number), state, status};
        agent->config.watch(agent->config.watch_ctx, &event);
    }
}

enr_status_t leads_set_with(enr_agent_t *agent, enr_slot_t *slot, unsigned number, mark_t mark,
                            enr_request_state_t before, const enr_span_t *data, const enr_lead_t *lead)
{
    enr_span_t bytes = data != NULL ? *data : (enr_span_t){0};
    enr_status_t status =
        leads_heard(agent, enr_journal_set(agent->config.journal, slot, number, value_of(mark), bytes));
    if (status == ENR_OK) {
        bool is_derived = mark.state == ENR_REQUEST_READY && lead != NULL;
        enr_request_state_t after =
            is_derived ? leads_state(agent, slot, lead, number, NULL) : (enr_request_state_t)mark.state;
        agent->journal_idle = false;
        leads_count(agent, slot, before, after);
        tell(agent, slot, number, after, (enr_status_t)mark.status);
    }
    return status;
}

static uint16_t end_of_tombstone(const enr_agent_t *agent)
{
    unsigned today = pace_today(agent);
    unsigned end = today + agent->config.tombstone_days;
    return today == 0 || end > UINT16_MAX ? UINT16_MAX : (uint16_t)end; /* without a clock rather too long */
}

static void let_go(enr_agent_t *agent, enr_work_t *work)
{
    enr_journal_release(agent->config.journal, &work->slot);
    memset(work, 0, sizeof *work);
}

enr_status_t leads_retire(enr_agent_t *agent, enr_slot_t *slot, const enr_request_state_t states[ENR_TYPE_COUNT])
{
    enr_status_t status = leads_heard(agent, enr_journal_retire(agent->config.journal, slot, end_of_tombstone(agent)));
    if (status != ENR_OK) {
        return status;
    }
    agent->journal_idle = false;
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        if (states[number] != ENR_REQUEST_NONE) {
            leads_count(agent, slot, states[number], ENR_REQUEST_NONE);
            tell(agent, slot, number, ENR_REQUEST_ERASED, ENR_OK);
        }
    }
    agent->erased++;
    agent->purge_wanted = true;
    enr_work_t *work = leads_work(agent, slot->number);
    if (work != NULL) {
        if (agent->work == work) {
            calls_drop(agent); /* nobody waits for the answer any more */
        }
        let_go(agent, work); /* and of the slot, if it is that of the lead at work */
    }
    return ENR_OK;
}

void leads_retire_delivered(enr_agent_t *agent, enr_slot_t *slot, const enr_lead_t *lead)
{
    enr_request_state_t states[ENR_TYPE_COUNT];
    if (is_delivered(leads_states(agent, slot, lead, states))) {
        (void)!leads_retire(agent, slot, states);
    }
}

enr_status_t leads_by_number(enr_agent_t *agent, uint32_t number, enr_slot_t *out_slot)
{
    enr_status_t status = leads_heard(agent, enr_journal_find_number(agent->config.journal, number, out_slot));
    return status == ENR_OK && out_slot->gone ? ENR_END : status;
}

/* --- leads at work --- */

enr_work_t *leads_work(enr_agent_t *agent, uint32_t number)
{
    for (size_t i = 0; i < WORKS && number != 0; i++) {
        if (agent->works[i].slot.number == number) {
            return &agent->works[i];
        }
    }
    return NULL;
}

enr_slot_t *leads_own_slot(enr_agent_t *agent, enr_slot_t *slot)
{
    enr_work_t *work = leads_work(agent, slot->number);
    return work == NULL ? slot : &work->slot;
}

/* True for a request that may be sent: a ready one, or an unknown one that the settings allow to buy again. */
static bool is_sendable(const enr_agent_t *agent, const enr_slot_t *slot, enr_request_state_t state, unsigned number)
{
    return state == ENR_REQUEST_READY ||
           (state == ENR_REQUEST_UNKNOWN && leads_mark(slot, number).attempts <= agent->config.resend[number]);
}

static uint8_t sendable(const enr_agent_t *agent, const enr_slot_t *slot,
                        const enr_request_state_t states[ENR_TYPE_COUNT])
{
    unsigned bits = 0;
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        bits |= is_sendable(agent, slot, states[number], number) ? 1u << number : 0;
    }
    return (uint8_t)bits;
}

void leads_renew(enr_agent_t *agent, enr_work_t *work, const enr_lead_t *lead)
{
    enr_request_state_t states[ENR_TYPE_COUNT];
    (void)leads_states(agent, &work->slot, lead, states);
    work->sendable = sendable(agent, &work->slot, states);
}

void leads_changed(enr_agent_t *agent, uint32_t number, const enr_lead_t *lead)
{
    enr_work_t *work = leads_work(agent, number);
    if (work != NULL) {
        leads_renew(agent, work, lead);
    } else {
        leads_rewind(agent);
    }
}

static bool is_needed(const enr_agent_t *agent, const enr_work_t *work)
{
    bool needed = agent->work == work;
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        needed = needed || work->polls[number].next.state != TIMER_OFF ||
                 ((work->sendable >> number & 1u) != 0 && pace_lets(agent, number));
    }
    return needed;
}

void leads_sweep(enr_agent_t *agent)
{
    for (size_t i = 0; i < WORKS; i++) {
        enr_work_t *work = &agent->works[i];
        if (work->slot.number != 0 && !is_needed(agent, work)) {
            let_go(agent, work);
        }
    }
}

void leads_rewind(enr_agent_t *agent)
{
    agent->cursor = (enr_cursor_t){0};
    agent->scanning = true;
    memset(&agent->fresh, 0, sizeof agent->fresh);
    agent->met = (enr_place_t){0};
    agent->met_number = 0;
}

static enr_work_t *free_work(enr_agent_t *agent)
{
    for (size_t i = 0; i < ENR_PENDING_MAX; i++) {
        if (agent->works[i].slot.number == 0) {
            return &agent->works[i];
        }
    }
    return NULL;
}

/* Puts a lead to work. What an earlier start wrote of it last is written again first (behaviours 44). */
static enr_status_t put_to_work(enr_agent_t *agent, enr_work_t *work, const enr_slot_t *slot, uint8_t bits)
{
    *work = (enr_work_t){.slot = *slot, .sendable = bits};
    enr_status_t status = leads_heard(agent, enr_journal_confirm(agent->config.journal, &work->slot));
    if (status != ENR_OK) {
        memset(work, 0, sizeof *work);
        return status;
    }
    agent->journal_idle = false;
    enr_journal_hold(agent->config.journal, &work->slot);
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        if (leads_marked(slot, number) == ENR_REQUEST_PENDING) {
            work->polls[number].since_ms = agent->now_ms;
            work->polls[number].gap_ms = agent->paces.poll_ms;
            timer_start(agent, &work->polls[number].next, pace_random(agent, agent->paces.poll_max));
        }
    }
    return ENR_OK;
}

/* --- the walk in search of work --- */

/* Whether one more lead with such a request may come to work: behind a closed gate one is enough, to ask with. */
static bool has_use_for(enr_agent_t *agent, unsigned number)
{
    if (pace_is_open(agent, number) || !pace_lets(agent, number)) {
        return pace_is_open(agent, number);
    }
    for (size_t i = 0; i < WORKS; i++) {
        if ((agent->works[i].sendable >> number & 1u) != 0) {
            return false;
        }
    }
    return true;
}

static bool has_work(enr_agent_t *agent, const enr_slot_t *slot, uint8_t bits)
{
    bool found = (leads_marks(slot) & SET(PENDING)) != 0;
    for (unsigned number = 0; agent->counted && number < ENR_TYPE_COUNT; number++) {
        found = found || ((bits >> number & 1u) != 0 && has_use_for(agent, number));
    }
    return found;
}

/* Kept long enough (domain 5), and nothing more will happen to it by itself. */
static bool is_expired(const enr_agent_t *agent, const enr_lead_t *lead, unsigned set)
{
    int64_t now = pace_wall(agent);
    return agent->config.keep_days > 0 && now > 0 && lead->last.wall_s > 0 &&
           now - lead->last.wall_s > (int64_t)agent->config.keep_days * 86400 &&
           (set & (SET(READY) | SET(SENDING) | SET(PENDING))) == 0;
}

/* A request that an earlier start left in sending is unknown; it is marked so, since a mark that a power cut has torn
   may read otherwise later, and the request would be one now and ready then (behaviours 44). */
static enr_status_t settle_orphans(enr_agent_t *agent, enr_slot_t *slot,
                                   const enr_request_state_t states[ENR_TYPE_COUNT])
{
    enr_status_t status = ENR_OK;
    for (unsigned number = 0; number < ENR_TYPE_COUNT && status == ENR_OK; number++) {
        mark_t mark = leads_mark(slot, number);
        if (mark.state == ENR_REQUEST_SENDING && states[number] == ENR_REQUEST_UNKNOWN) {
            mark.state = ENR_REQUEST_UNKNOWN;
            status = leads_set(agent, slot, number, mark, ENR_REQUEST_UNKNOWN);
        }
    }
    return status;
}

/* Counts a lead, ends it if it is at its end, puts it to work if there is some. ENR_AGAIN: not done with it. */
static enr_status_t meet(enr_agent_t *agent, enr_slot_t *slot)
{
    enr_lead_t lead;
    enr_status_t status = leads_read(agent, slot, &lead);
    if (status != ENR_OK) {
        agent->fresh.unreadable += status == ENR_AGAIN ? 0 : 1;
        return status;
    }
    enr_request_state_t states[ENR_TYPE_COUNT];
    unsigned set = leads_states(agent, slot, &lead, states);
    if (is_delivered(set) || is_expired(agent, &lead, set)) {
        status = leads_retire(agent, slot, states);
        if (status == ENR_OK || status == ENR_AGAIN) {
            return status;
        }
    }
    if (settle_orphans(agent, slot, states) == ENR_AGAIN) {
        return ENR_AGAIN; /* an error is told, and leaves it unknown all the same */
    }
    uint8_t bits = sendable(agent, slot, states);
    enr_work_t *work = free_work(agent);
    bool is_new = leads_work(agent, slot->number) == NULL;
    if (is_new && work != NULL && has_work(agent, slot, bits)) {
        status = put_to_work(agent, work, slot, bits);
    }
    for (unsigned number = 0; number < ENR_TYPE_COUNT && status != ENR_AGAIN; number++) {
        agent->fresh.states[states[number]]++;
    }
    return status;
}

static void end_walk(enr_agent_t *agent)
{
    agent->scanning = false;
    if (agent->tallying) {
        agent->tally = agent->fresh;
        agent->tallying = false;
    }
    if (!agent->counted) {
        agent->counted = true;
        leads_rewind(agent); /* pending ones are at work; now for the rest */
    }
}

void leads_scan(enr_agent_t *agent, bool *out_more)
{
    if (!agent->scanning || (agent->counted && free_work(agent) == NULL)) {
        return;
    }
    enr_cursor_t at = agent->cursor;
    enr_slot_t slot;
    enr_status_t status = leads_heard(agent, enr_journal_next(agent->config.journal, &at, &slot));
    if (status == ENR_END) {
        end_walk(agent);
        *out_more = *out_more || agent->scanning;
        return;
    }
    if (status != ENR_OK) {
        timer_start(agent, &agent->pause, status == ENR_E_FLASH ? PAUSE_MS : 0);
        return;
    }
    if (agent->tallying && slot.number == agent->met_number) {
        leads_rewind(agent); /* the journal has written its newest lead again after it was met */
        *out_more = true;
        return;
    }
    bool is_known = slot.gone || (!agent->tallying && leads_work(agent, slot.number) != NULL);
    if (!is_known && meet(agent, leads_own_slot(agent, &slot)) == ENR_AGAIN) {
        return;
    }
    agent->met = slot.place;
    agent->met_number = slot.number;
    agent->cursor = at;
    *out_more = true;
}

/* Has the late requests of a lead read, in the place that is kept for them unless it is at work already. */
static enr_status_t meet_late(enr_agent_t *agent, const enr_slot_t *slot)
{
    enr_work_t *work = leads_work(agent, slot->number);
    if (work == NULL) {
        enr_lead_t lead;
        enr_status_t status = leads_read(agent, slot, &lead);
        work = &agent->works[ENR_PENDING_MAX];
        status = status == ENR_OK ? put_to_work(agent, work, slot, 0) : status;
        if (status != ENR_OK) {
            return status;
        }
        leads_renew(agent, work, &lead);
    }
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        if (leads_marked(&work->slot, number) == ENR_REQUEST_LATE) {
            timer_start(agent, &work->polls[number].next, pace_random(agent, agent->paces.poll_max));
        }
    }
    return ENR_OK;
}

void leads_scan_late(enr_agent_t *agent, bool *out_more)
{
    if (!agent->scanning_late || agent->works[ENR_PENDING_MAX].slot.number != 0) {
        return;
    }
    enr_cursor_t at = agent->late_cursor;
    enr_slot_t slot;
    enr_status_t status = leads_heard(agent, enr_journal_next(agent->config.journal, &at, &slot));
    agent->scanning_late = status != ENR_END;
    if (status != ENR_OK) {
        return;
    }
    bool is_late = (leads_marks(&slot) & SET(LATE)) != 0;
    if (!slot.gone && is_late && meet_late(agent, &slot) == ENR_AGAIN) {
        return;
    }
    agent->late_cursor = at;
    *out_more = true;
}
