/* What the files of the agent room share. */
#ifndef ENRICH_AGENT_INTERNAL_H
#define ENRICH_AGENT_INTERNAL_H

#include "outcomes.h"

/* Where the exchange is. */
enum { PHASE_IDLE, PHASE_CALLING, PHASE_SETTLING };

/* What flags close: submits of one type each, and polls. */
enum { GATE_POLL = ENR_TYPE_COUNT, GATES };

enum { TIMER_OFF, TIMER_RUNNING, TIMER_DUE };

/* Bits of agent->unsaved. */
#define UNSAVED_FLAGS 1u
#define UNSAVED_RETRY 2u

/* A shorter Retry-After is over before a device has started again. */
#define RETRY_AFTER_KEPT_S 60u

/* After the flash has refused. */
#define PAUSE_MS 1000u

/* What a register of the journal says of a request. */
typedef struct {
    uint8_t state; /* enr_request_state_t; NONE: never set */
    bool unverified;
    uint8_t attempts;
    int8_t status;
} mark_t;

/* --- pace.c: when --- */

/* A timer that is looked at once a day or more often is right across the wrap of the clock (behaviours 25). */
void timer_start(const enr_agent_t *agent, enr_timer_t *timer, uint32_t after_ms);
void timer_stop(enr_timer_t *timer);
bool timer_is_due(const enr_timer_t *timer);

/* The sooner of what was found so far and a timer that is not off, as milliseconds from now. */
void timer_sooner(const enr_agent_t *agent, const enr_timer_t *timer, bool *found, uint32_t *after_ms);

/* Lets the time pass: for all timers, and for the uptime. Every function of the agent that is told the time begins with
 * it. */
void pace_tick(enr_agent_t *agent, uint32_t now_ms);

/* 0 to below - 1. */
uint32_t pace_random(enr_agent_t *agent, uint32_t below);

/* The wall clock, 0 when it is not known; its day; and a stamp of now. */
int64_t pace_wall(const enr_agent_t *agent);
uint16_t pace_today(const enr_agent_t *agent);
enr_stamp_t pace_stamp(const enr_agent_t *agent);

/* One more failure: nothing begins for floor_s, and a random time on top of it (behaviours 27, 28). */
void pace_back_off(enr_agent_t *agent, uint32_t floor_s);

/* Sets a flag because of an answer to what goes through this gate. */
void pace_flag(enr_agent_t *agent, enr_flag_t flag, unsigned gate);

/* What went through this gate was accepted. */
void pace_acknowledge(enr_agent_t *agent, unsigned gate);

/* An HTTP answer came: flags that say why none does are over. */
void pace_answered(enr_agent_t *agent);

/* Nothing closes this gate; something may go through it, if only as a probe. */
bool pace_is_open(const enr_agent_t *agent, unsigned gate);
bool pace_lets(const enr_agent_t *agent, unsigned gate);

/* Reads and writes what the store keeps. ENR_OK, or what the store says: try again later. */
ENR_NODISCARD enr_status_t pace_load(enr_agent_t *agent);
ENR_NODISCARD enr_status_t pace_save(enr_agent_t *agent);

/* --- leads.c: what is there, and what is at work --- */

mark_t leads_mark(const enr_slot_t *slot, unsigned number);
enr_request_state_t leads_marked(const enr_slot_t *slot, unsigned number); /* its state alone */

/* Sets of states: a bit for each. */
#define SET(state) (1u << ENR_REQUEST_##state)

/* The states that a slot's requests are marked with. */
unsigned leads_marks(const enr_slot_t *slot);

/* Reads a slot's lead into agent->content. ENR_OK, ENR_E_SYNTAX, ENR_E_VERSION, otherwise as enr_journal_read. */
ENR_NODISCARD enr_status_t leads_read(enr_agent_t *agent, const enr_slot_t *slot, enr_lead_t *out_lead);

/* Where a request is. *out_refusal, if asked for, is set for a refused one. leads_states gives the set of them, too. */
enr_request_state_t leads_state(const enr_agent_t *agent, const enr_slot_t *slot, const enr_lead_t *lead,
                                unsigned number, enr_refusal_t *out_refusal);
unsigned leads_states(const enr_agent_t *agent, const enr_slot_t *slot, const enr_lead_t *lead,
                      enr_request_state_t out_states[ENR_TYPE_COUNT]);

/* The options of a request for one type, with its token in the caller's memory. */
enr_options_t leads_options(const enr_agent_t *agent, const enr_lead_t *lead, unsigned number,
                            uint8_t token[ENR_TOKEN_LEN]);

/* Marks a request in the journal, counts it and tells the watcher. before: where it was. data: or NULL, none. lead: its
   content, which says where a request is that is marked READY; or NULL, there. Statuses as enr_journal_set. */
ENR_NODISCARD enr_status_t leads_set_with(enr_agent_t *agent, enr_slot_t *slot, unsigned number, mark_t mark,
                                          enr_request_state_t before, const enr_span_t *data, const enr_lead_t *lead);

/* The same without both. */
ENR_NODISCARD static inline enr_status_t leads_set(enr_agent_t *agent, enr_slot_t *slot, unsigned number, mark_t mark,
                                                   enr_request_state_t before)
{
    return leads_set_with(agent, slot, number, mark, before, NULL, NULL);
}

/* What the journal said: ENR_AGAIN makes it work, an error is remembered. Gives the status back. */
enr_status_t leads_heard(enr_agent_t *agent, enr_status_t status);

/* A request of a slot went from one state to another without a mark: counts it. */
void leads_count(enr_agent_t *agent, const enr_slot_t *slot, enr_request_state_t before, enr_request_state_t after);

/* Erases a lead whose requests are in these states. Statuses as enr_journal_retire. */
ENR_NODISCARD enr_status_t leads_retire(enr_agent_t *agent, enr_slot_t *slot,
                                        const enr_request_state_t states[ENR_TYPE_COUNT]);

/* Erases a lead if it is delivered. If that cannot be done now, the next walk in search of work does it. */
void leads_retire_delivered(enr_agent_t *agent, enr_slot_t *slot, const enr_lead_t *lead);

/* The slot of a lead that lives, by its number. ENR_END: there is none; otherwise as enr_journal_find_number. */
ENR_NODISCARD enr_status_t leads_by_number(enr_agent_t *agent, uint32_t number, enr_slot_t *out_slot);

/* The lead at work with a number, or NULL; and the slot to write to: that one's, if there is one, else `slot`. */
enr_work_t *leads_work(enr_agent_t *agent, uint32_t number);
enr_slot_t *leads_own_slot(enr_agent_t *agent, enr_slot_t *slot);

/* What may be sent of a lead at work, after its content or a state has changed. */
void leads_renew(enr_agent_t *agent, enr_work_t *work, const enr_lead_t *lead);

/* The same for a lead that may be at work or not: then all are looked at. */
void leads_changed(enr_agent_t *agent, uint32_t number, const enr_lead_t *lead);

/* Lets go of leads at work for which there is nothing to do: at the end of a step, so that nobody else loses one under
   his hands. */
void leads_sweep(enr_agent_t *agent);

/* Starts to look at all leads again, from the oldest on: some that were passed over may have work now. */
void leads_rewind(enr_agent_t *agent);

/* Looks at one slot, in search of work; *out_more: there is more to look at now. */
void leads_scan(enr_agent_t *agent, bool *out_more);
void leads_scan_late(enr_agent_t *agent, bool *out_more);

/* What the journal has made of the content and the text buffer is wiped (behaviours 22). */
void leads_forget(enr_agent_t *agent);

/* --- calls.c: the exchange --- */

/* Begins what is due next, goes on with what is under way. */
void calls_step(enr_agent_t *agent, enr_wait_t *out_wait);

/* Gives up the exchange under way, whatever becomes of the request; and only if the request has not left. */
void calls_drop(enr_agent_t *agent);
void calls_give_up(enr_agent_t *agent);

/* When the next exchange is due: false: none is planned, else *out_after_ms from now. */
bool calls_planned(enr_agent_t *agent, uint32_t *out_after_ms);

#endif
