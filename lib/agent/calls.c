#include "agent_internal.h"

#include <assert.h>

_Static_assert((ENR_PENDING_MAX + 1) * ENR_TYPE_COUNT <= UINT8_MAX, "places are counted in one byte");

static void begin_over(enr_agent_t *agent)
{
    agent->phase = PHASE_IDLE;
    agent->committed = false;
    agent->work = NULL;
}

void calls_drop(enr_agent_t *agent)
{
    enr_api_close(agent->config.api);
    begin_over(agent);
}

void calls_give_up(enr_agent_t *agent)
{
    if (agent->phase == PHASE_CALLING && !agent->committed) {
        calls_drop(agent);
    }
}

/* --- what is next --- */

/* Polls take turns by their place. */
static enr_work_t *due_poll(enr_agent_t *agent, unsigned *out_number)
{
    const unsigned places = (ENR_PENDING_MAX + 1) * ENR_TYPE_COUNT;
    for (unsigned i = 1; i <= places && pace_lets(agent, GATE_POLL); i++) {
        unsigned place = (agent->turn + i) % places;
        enr_work_t *work = &agent->works[place / ENR_TYPE_COUNT];
        *out_number = place % ENR_TYPE_COUNT;
        if (timer_is_due(&work->polls[*out_number].next)) {
            agent->turn = (uint8_t)place;
            return work;
        }
    }
    return NULL;
}

/* Pending requests are always at work, once all leads have been looked at. */
static unsigned count_pending(const enr_agent_t *agent)
{
    unsigned count = 0;
    for (size_t i = 0; i < ENR_PENDING_MAX + 1; i++) {
        for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
            count += leads_marked(&agent->works[i].slot, number) == ENR_REQUEST_PENDING ? 1 : 0;
        }
    }
    return count;
}

static bool may_submit(const enr_agent_t *agent)
{
    return agent->counted && count_pending(agent) < ENR_PENDING_MAX;
}

/* The oldest lead first. */
static enr_work_t *next_submit(enr_agent_t *agent, unsigned *out_number)
{
    enr_work_t *oldest = NULL;
    for (size_t i = 0; i < ENR_PENDING_MAX + 1 && may_submit(agent); i++) {
        enr_work_t *work = &agent->works[i];
        for (unsigned number = ENR_TYPE_COUNT; number-- > 0;) {
            if ((work->sendable >> number & 1u) != 0 && pace_lets(agent, number) &&
                (oldest == NULL || work->slot.number <= oldest->slot.number)) {
                oldest = work;
                *out_number = number;
            }
        }
    }
    return oldest;
}

/* Nothing begins before a timer that is not off. */
static void hold_until(const enr_agent_t *agent, const enr_timer_t *timer, uint32_t *after_ms)
{
    uint32_t left_ms = 0;
    bool is_held = false;
    timer_sooner(agent, timer, &is_held, &left_ms);
    *after_ms = *after_ms < left_ms ? left_ms : *after_ms;
}

bool calls_planned(enr_agent_t *agent, uint32_t *out_after_ms)
{
    if (agent->config.api == NULL || agent->stopped) {
        return false;
    }
    unsigned number = 0;
    bool found = next_submit(agent, &number) != NULL;
    *out_after_ms = 0;
    if (!found) {
        for (size_t i = 0; i < ENR_PENDING_MAX + 1; i++) {
            for (number = 0; number < ENR_TYPE_COUNT; number++) {
                timer_sooner(agent, &agent->works[i].polls[number].next, &found, out_after_ms);
            }
        }
        if (!pace_lets(agent, GATE_POLL)) {
            hold_until(agent, &agent->probes[GATE_POLL], out_after_ms);
        }
    }
    hold_until(agent, &agent->hold, out_after_ms);
    return found;
}

/* --- beginning --- */

static enr_status_t start_submit(enr_agent_t *agent, enr_work_t *work, unsigned number, const enr_lead_t *lead)
{
    enr_api_t *api = agent->config.api;
    uint8_t token[ENR_TOKEN_LEN];
    enr_options_t options = leads_options(agent, lead, number, token);
    enr_refusal_t refusal;
    enr_status_t status = agent->config.sync
                              ? enr_api_start_sync(api, &lead->contact, &options, agent->now_ms, &refusal)
                              : enr_api_start_single(api, &lead->contact, &options, agent->now_ms, &refusal);
    if (status == ENR_OK) {
        return ENR_OK;
    }
    work->sendable &= (uint8_t) ~(1u << number);
    if (status == ENR_E_LIMIT) { /* it will never fit the memory for requests */
        mark_t mark = leads_mark(&work->slot, number);
        enr_request_state_t before = leads_state(agent, &work->slot, lead, number, NULL);
        mark.state = ENR_REQUEST_REJECTED;
        mark.status = ENR_E_LIMIT;
        (void)!leads_set(agent, &work->slot, number, mark, before); /* else it will be tried again */
    }
    return status;
}

static enr_status_t start_poll(enr_agent_t *agent, enr_work_t *work, unsigned number, const enr_lead_t *lead)
{
    enr_buffer_t id = enr_buffer_over(agent->text, sizeof agent->text);
    enr_status_t status = leads_heard(agent, enr_journal_read_data(agent->config.journal, &work->slot, number, &id));
    if (status != ENR_OK) {
        return status;
    }
    uint8_t token[ENR_TOKEN_LEN];
    enr_lead_token(lead, enr_type_of_number(number), token);
    return enr_api_start_get(agent->config.api, enr_buffer_span(&id), (enr_span_t){token, sizeof token}, agent->now_ms);
}

static void begin(enr_agent_t *agent, enr_work_t *work, unsigned number, bool is_poll)
{
    enr_lead_t lead;
    enr_status_t status = leads_read(agent, &work->slot, &lead);
    if (status == ENR_OK) {
        status = is_poll ? start_poll(agent, work, number, &lead) : start_submit(agent, work, number, &lead);
    }
    if (status == ENR_OK) {
        agent->phase = PHASE_CALLING;
        agent->work = work;
        agent->type = (uint8_t)number;
        agent->is_poll = is_poll;
        agent->committed = false;
        agent->was_poll = is_poll;
        timer_stop(&agent->idle);
    } else if (status != ENR_AGAIN) { /* damaged, or it cannot be written: later, and others first */
        work->sendable &= (uint8_t) ~(is_poll ? 0 : 1u << number);
        if (is_poll) {
            timer_start(agent, &work->polls[number].next, agent->paces.late_poll_ms);
        }
    }
}

/* Polls and submits take turns on the one connection. */
static void begin_next(enr_agent_t *agent)
{
    bool may_begin = agent->config.api != NULL && !agent->stopped && !agent->blocked && !agent->unread &&
                     agent->hold.state != TIMER_RUNNING;
    if (!may_begin) {
        return;
    }
    unsigned poll_number = 0;
    unsigned submit_number = 0;
    enr_work_t *submit = next_submit(agent, &submit_number);
    enr_work_t *poll = submit == NULL || !agent->was_poll ? due_poll(agent, &poll_number) : NULL;
    if (poll != NULL) {
        begin(agent, poll, poll_number, true);
    } else if (submit != NULL) {
        begin(agent, submit, submit_number, false);
    }
}

/* --- at the gate --- */

/* The request may leave as soon as it is durable that it may have left (behaviours 32). */
static void pass_gate(enr_agent_t *agent)
{
    enr_work_t *work = agent->work;
    mark_t mark = leads_mark(&work->slot, agent->type);
    enr_request_state_t before = mark.state == ENR_REQUEST_UNKNOWN || mark.state == ENR_REQUEST_SENDING
                                     ? ENR_REQUEST_UNKNOWN
                                     : ENR_REQUEST_READY;
    mark.state = ENR_REQUEST_SENDING;
    mark.attempts = mark.attempts < UINT8_MAX ? (uint8_t)(mark.attempts + 1) : UINT8_MAX;
    mark.status = ENR_OK;
    mark.unverified = false;
    enr_status_t status = leads_set(agent, &work->slot, agent->type, mark, before);
    if (status == ENR_OK) {
        agent->committed = true;
        work->sendable &= (uint8_t) ~(1u << agent->type);
        enr_api_commit(agent->config.api);
    } else if (status != ENR_AGAIN) {
        if (status != ENR_E_FLASH) { /* no room for its marks: others first, until leads are looked at again */
            work->sendable &= (uint8_t) ~(1u << agent->type);
        }
        pace_back_off(agent, 0);
        calls_give_up(agent);
    }
}

/* --- afterwards --- */

static bool is_over(const enr_agent_t *agent, uint32_t since_ms, uint32_t limit_ms)
{
    return agent->now_ms - since_ms >= limit_ms;
}

/* The cell of the table, with what depends on the time made plain. */
static enr_cell_t cell_now(const enr_agent_t *agent)
{
    const enr_answer_t *answer = &agent->config.api->answer;
    bool finished = agent->outcome == ENR_OK && answer->result.progress == ENR_PROGRESS_FINISHED;
    bool maybe = agent->outcome == ENR_OK || answer->verdict == ENR_MAY_HAVE_BEEN_ACCEPTED;
    unsigned column = agent->is_poll ? ENR_POLL : maybe ? ENR_SUBMIT_MAYBE_ACCEPTED : ENR_SUBMIT_NOT_ACCEPTED;
    enr_cell_t cell = enr_outcome_cells(enr_outcome_of(agent->outcome, finished))[column];
    assert(cell.next != ENR_NEXT_NEVER);
    if (cell.next == ENR_NEXT_SAME_IN_TIME || cell.next == ENR_NEXT_SAME_IN_GRACE) {
        uint32_t limit_ms = cell.next == ENR_NEXT_SAME_IN_TIME ? agent->paces.late_ms : agent->paces.grace_ms;
        bool late = is_over(agent, agent->work->polls[agent->type].since_ms, limit_ms);
        cell.next = late ? ENR_NEXT_LATE : ENR_NEXT_SAME;
    }
    return cell;
}

static enr_request_state_t present_state(const enr_agent_t *agent)
{
    return leads_marked(&agent->work->slot, agent->type); /* under way, so never one that is derived */
}

static enr_status_t set(enr_agent_t *agent, enr_request_state_t state, enr_status_t why, enr_span_t data)
{
    mark_t mark = leads_mark(&agent->work->slot, agent->type);
    mark.state = (uint8_t)state;
    mark.status = (int8_t)why;
    if (agent->outcome == ENR_OK) {
        mark.unverified = !agent->config.api->answer.verified;
    }
    return leads_set_with(agent, &agent->work->slot, agent->type, mark, present_state(agent), &data, NULL);
}

/* Surely not accepted: as if it had not been sent. An edit or a withdrawn consent meanwhile is heeded. */
static enr_status_t set_ready(enr_agent_t *agent)
{
    enr_work_t *work = agent->work;
    enr_lead_t lead;
    enr_status_t status = leads_read(agent, &work->slot, &lead);
    if (status == ENR_AGAIN) {
        return ENR_AGAIN;
    }
    mark_t mark = leads_mark(&work->slot, agent->type);
    mark.state = ENR_REQUEST_READY;
    if (mark.attempts > 0 && mark.attempts < UINT8_MAX) {
        mark.attempts--;
    }
    mark.status = (int8_t)agent->outcome;
    return leads_set_with(agent, &work->slot, agent->type, mark, ENR_REQUEST_SENDING, NULL,
                          status == ENR_OK ? &lead : NULL);
}

/* The result whole, as it came; what was paid for of it when that is too long for a slot. */
static enr_status_t set_finished(enr_agent_t *agent)
{
    const enr_api_t *api = agent->config.api;
    enr_status_t status = set(agent, ENR_REQUEST_FINISHED, ENR_OK, api->answer.body);
    if (status == ENR_E_LIMIT) {
        enr_buffer_t reduced = enr_buffer_over(agent->text, sizeof agent->text);
        status = enr_api_reduce(api, &reduced);
        agent->holds_texts = true;
        status = status == ENR_OK ? set(agent, ENR_REQUEST_FINISHED, ENR_OK, enr_buffer_span(&reduced)) : status;
    }
    return status;
}

static enr_status_t set_pending(enr_agent_t *agent)
{
    return set(agent, ENR_REQUEST_PENDING, ENR_OK, agent->config.api->answer.result.id);
}

static enr_status_t set_late(enr_agent_t *agent, enr_status_t why)
{
    mark_t mark = leads_mark(&agent->work->slot, agent->type);
    if (mark.state == ENR_REQUEST_LATE && mark.status == why) {
        return ENR_OK; /* it is that already */
    }
    enr_buffer_t id = enr_buffer_over(agent->text, sizeof agent->text);
    enr_status_t status =
        leads_heard(agent, enr_journal_read_data(agent->config.journal, &agent->work->slot, agent->type, &id));
    return status == ENR_OK ? set(agent, ENR_REQUEST_LATE, why, enr_buffer_span(&id)) : status;
}

/* Makes the request's next state durable. ENR_OK: it is; ENR_AGAIN; other errors: it stays what it is in the journal.
 */
static enr_status_t make_durable(enr_agent_t *agent, uint8_t next)
{
    enr_status_t status;
    switch (next) {
    case ENR_NEXT_READY:
        return agent->committed ? set_ready(agent) : ENR_OK; /* else nothing was written that must be taken back */
    case ENR_NEXT_PENDING:
        return set_pending(agent);
    case ENR_NEXT_FINISHED:
        status = set_finished(agent);
        return status < 0 && !agent->is_poll ? set_pending(agent) : status; /* it can be read again */
    case ENR_NEXT_REJECTED:
        return set(agent, ENR_REQUEST_REJECTED, agent->outcome, (enr_span_t){0});
    case ENR_NEXT_LATE:
        return set_late(agent, agent->outcome);
    case ENR_NEXT_SAME:
        return ENR_OK;
    default:
        return set(agent, ENR_REQUEST_UNKNOWN, agent->outcome, (enr_span_t){0});
    }
}

/* What becomes of the device (DESIGN 6). */
static void take_effect(enr_agent_t *agent, enr_cell_t cell)
{
    const enr_answer_t *answer = &agent->config.api->answer;
    unsigned gate = agent->is_poll ? GATE_POLL : agent->type;
    if (answer->code != 0) {
        pace_answered(agent);
    }
    if ((cell.effects & ENR_EFFECT_ACKNOWLEDGED) != 0) {
        pace_acknowledge(agent, gate);
    }
    if ((cell.effects & ENR_EFFECT_FLAG) != 0) {
        pace_flag(agent, (enr_flag_t)cell.flag, gate);
    }
    if ((cell.effects & ENR_EFFECT_BACK_OFF) != 0) {
        bool has_floor = (cell.effects & ENR_EFFECT_RETRY_AFTER) != 0 && answer->has_retry_after;
        pace_back_off(agent, has_floor ? answer->retry_after_s : 0);
    }
    agent->last_error = agent->outcome;
    agent->last_code = answer->code;
}

/* When the request is read next, if it is to be. */
static void plan_poll(enr_agent_t *agent)
{
    enr_work_t *work = agent->work;
    enr_timer_t *next = &work->polls[agent->type].next;
    uint32_t *gap_ms = &work->polls[agent->type].gap_ms;
    if (present_state(agent) != ENR_REQUEST_PENDING) {
        timer_stop(next); /* a late one has had its turn */
        return;
    }
    if (!agent->is_poll) {
        *gap_ms = agent->paces.poll_ms;
        work->polls[agent->type].since_ms = agent->now_ms;
    }
    timer_start(agent, next, *gap_ms - *gap_ms / 4 + pace_random(agent, *gap_ms / 2 + 1));
    *gap_ms += *gap_ms / 2;
    *gap_ms = *gap_ms < agent->paces.poll_max ? *gap_ms : agent->paces.poll_max;
}

/* What may be sent of the lead now. */
static void renew(enr_agent_t *agent, enr_work_t *work)
{
    enr_lead_t lead;
    if (leads_read(agent, &work->slot, &lead) == ENR_OK) {
        leads_renew(agent, work, &lead);
    } else {
        leads_rewind(agent); /* found again by the walk */
    }
}

/* An id that cannot be written now is known here only, and was paid for; a part that refused may do better next time.
 */
static bool is_worth_holding(enr_status_t status, uint8_t next)
{
    bool has_id = next == ENR_NEXT_PENDING || next == ENR_NEXT_FINISHED;
    return status == ENR_E_FLASH || (status == ENR_E_FULL && has_id);
}

static void settle(enr_agent_t *agent)
{
    enr_cell_t cell = cell_now(agent);
    enr_status_t status = make_durable(agent, cell.next);
    if (status == ENR_AGAIN) {
        return;
    }
    bool is_sent = !agent->is_poll && agent->committed;
    if (status != ENR_OK && is_sent && is_worth_holding(status, cell.next)) {
        timer_start(agent, &agent->pause, PAUSE_MS);
        return;
    }
    if (status != ENR_OK && is_sent) {
        leads_count(agent, &agent->work->slot, ENR_REQUEST_SENDING, ENR_REQUEST_UNKNOWN); /* as which it will be read */
    }
    take_effect(agent, cell);
    if (status != ENR_OK) { /* a result that found no room: it stays with the service, and is read again */
        pace_back_off(agent, 0);
        agent->last_error = status;
    }
    enr_work_t *work = agent->work;
    plan_poll(agent);
    begin_over(agent);
    if (is_sent) {
        renew(agent, work);
    }
    timer_start(agent, &agent->idle, count_pending(agent) > 0 ? ENR_REUSE_SAFE_MS : ENR_REUSE_POST_MS);
}

static void call(enr_agent_t *agent, enr_wait_t *out_wait)
{
    enr_status_t status = enr_api_step(agent->config.api, agent->now_ms, out_wait);
    if (status == ENR_READY && !agent->blocked) {
        pass_gate(agent);
        *out_wait = (enr_wait_t){.has_time = true, .until_ms = agent->now_ms};
    } else if (status != ENR_AGAIN && status != ENR_READY) {
        agent->outcome = status;
        agent->phase = PHASE_SETTLING;
    }
}

void calls_step(enr_agent_t *agent, enr_wait_t *out_wait)
{
    if (agent->phase == PHASE_IDLE) {
        begin_next(agent);
    }
    if (agent->phase == PHASE_CALLING) {
        call(agent, out_wait);
    }
    if (agent->phase == PHASE_SETTLING && !agent->blocked && agent->pause.state != TIMER_RUNNING) {
        settle(agent);
    }
    if (agent->phase == PHASE_IDLE && timer_is_due(&agent->idle)) {
        timer_stop(&agent->idle);
        enr_api_close(agent->config.api);
    }
}
