#include "agent_internal.h"

#include <assert.h>
#include <string.h>

#define HOUR_MS 3600000u

/* The size of a lead that enr_agent_status_t.room counts. */
#define TYPICAL_CONTENT 400u
#define TYPICAL_ANNEX 960u

const char *enr_request_state_name(enr_request_state_t state)
{
#define NAME(name, value, word, meaning) word "\0"
    return state < ENR_REQUEST_STATES ? enr_text_of(ENR_REQUEST_STATE_LIST(NAME), state) : "?";
#undef NAME
}

const char *enr_request_state_meaning(enr_request_state_t state)
{
#define MEANING(name, value, word, meaning) meaning "\0"
    return state < ENR_REQUEST_STATES ? enr_text_of(ENR_REQUEST_STATE_LIST(MEANING), state) : "?";
#undef MEANING
}

const char *enr_flag_name(enr_flag_t flag)
{
#define NAME(name, word) word "\0"
    return flag < ENR_FLAGS ? enr_text_of(ENR_FLAG_LIST(NAME), flag) : "?";
#undef NAME
}

const char *enr_flag_meaning(enr_flag_t flag)
{
    /* Each flag that holds requests back is raised by one status. */
    static const int8_t holding[ENR_FLAGS_HOLDING] = {
        [ENR_FLAG_UNAUTHORIZED] = ENR_E_UNAUTHORIZED,
        [ENR_FLAG_WRONG_SERVICE] = ENR_E_WRONG_SERVICE,
        [ENR_FLAG_CREDITS] = ENR_E_CREDITS,
        [ENR_FLAG_CONSENT] = ENR_E_CONSENT,
        [ENR_FLAG_PLAN] = ENR_E_PLAN,
    };
    switch (flag) {
    case ENR_FLAG_TLS:
        return "the server's certificate or its TLS was refused";
    case ENR_FLAG_PORTAL:
        return "captive portal suspected";
    case ENR_FLAG_NO_TIME:
        return "no believable time, so no TLS";
    default:
        return flag < ENR_FLAGS_HOLDING ? enr_status_meaning((enr_status_t)holding[flag]) : "?";
    }
}

/* --- init --- */

static bool is_good(const enr_paces_t *paces)
{
    uint32_t bits = paces->spread_ms | paces->back_off_max | paces->poll_max | paces->grace_ms | paces->late_ms |
                    paces->late_poll_ms | paces->purge_ms;
    return paces->back_off_ms > 0 && paces->poll_ms > 0 && paces->late_poll_ms > 0 &&
           paces->back_off_max >= paces->back_off_ms && paces->poll_max >= paces->poll_ms && bits >> 30 == 0;
}

enr_status_t enr_agent_init(enr_agent_t *agent, const enr_agent_config_t *config, uint32_t now_ms)
{
    assert(config->journal != NULL && config->store != NULL && config->seal != NULL && config->clock != NULL);
    memset(agent, 0, sizeof *agent);
    agent->config = *config;
    agent->paces = config->paces == NULL ? ENR_PACES_DEFAULT : *config->paces;
    if (!is_good(&agent->paces)) {
        return ENR_E_SETTING;
    }
    agent->random = config->seed != 0 ? config->seed : 1;
    agent->now_ms = now_ms;
    agent->scanning = true;
    agent->tallying = true;
    agent->unread = true;
    enr_journal_begin(config->journal);
    timer_start(agent, &agent->hold, pace_random(agent, agent->paces.spread_ms + 1));
    timer_start(agent, &agent->rounds, pace_random(agent, agent->paces.late_poll_ms));
    return ENR_OK;
}

/* --- what is done beside the exchange --- */

/* The store: first what it keeps is read, then what is new is written. *out_more: there is more to do soon. */
static void tend_store(enr_agent_t *agent, bool *out_more)
{
    if (!agent->unread && agent->unsaved == 0) {
        return;
    }
    enr_status_t status = agent->unread ? pace_load(agent) : pace_save(agent);
    if (status == ENR_AGAIN) {
        status = enr_store_step(agent->config.store);
        *out_more = status == ENR_AGAIN;
    }
    if (status < 0) { /* what it kept is lost, or will be: it is only what the service says again */
        agent->last_error = status;
        agent->last_code = 0;
        agent->unread = false;
        agent->unsaved = 0;
    }
}

/* The journal works when it must, and when there is nothing else to do; not while leads are counted. */
static void tend_journal(enr_agent_t *agent, bool *out_more)
{
    bool may = agent->counted && !agent->journal_idle;
    if (!agent->blocked && !may) {
        return;
    }
    enr_status_t status = enr_journal_step(agent->config.journal, pace_today(agent));
    if (agent->tallying && status != ENR_OK) { /* leads may have been moved: counted twice, or not at all */
        agent->tallying = !agent->counted;
        leads_rewind(agent);
    }
    if (status == ENR_OK) {
        agent->blocked = false;
        agent->journal_idle = true;
    } else if (status < 0) {
        agent->last_error = status;
        agent->last_code = 0;
    }
    *out_more = *out_more || status != ENR_OK;
}

/* What an earlier start has erased may still be readable: the power was cut before it was purged. */
static void look_for_unpurged(enr_agent_t *agent)
{
    enr_journal_stats_t stats;
    enr_journal_stats(agent->config.journal, &stats);
    if (!agent->purge_looked && stats.counted) {
        agent->purge_looked = true;
        agent->purge_wanted = agent->purge_wanted || stats.unpurged > 0;
    }
}

/* Makes what was erased unreadable, when nothing is under way (behaviours 46). */
static void tend_purge(enr_agent_t *agent)
{
    look_for_unpurged(agent);
    bool may =
        agent->purge_wanted && agent->phase == PHASE_IDLE && agent->counted && agent->purge.state != TIMER_RUNNING;
    if (may) {
        enr_journal_purge(agent->config.journal);
        agent->journal_idle = false;
        agent->purge_wanted = false;
        timer_start(agent, &agent->purge, agent->paces.purge_ms);
    }
}

static void tend_rounds(enr_agent_t *agent)
{
    if (timer_is_due(&agent->rounds) && agent->counted) {
        agent->tallying = true;
        leads_rewind(agent);
        agent->late_cursor = (enr_cursor_t){0};
        agent->scanning_late = true;
        uint32_t about = agent->paces.late_poll_ms;
        timer_start(agent, &agent->rounds, about - about / 4 + pace_random(agent, about / 2 + 1));
    }
}

/* --- step --- */

static void wait_for(const enr_agent_t *agent, enr_wait_t *wait, uint32_t after_ms)
{
    enr_wait_until(wait, agent->now_ms + after_ms);
}

static void wait_for_timer(const enr_agent_t *agent, enr_wait_t *wait, const enr_timer_t *timer)
{
    bool runs = false;
    uint32_t after_ms = 0;
    timer_sooner(agent, timer, &runs, &after_ms);
    if (runs && timer->state == TIMER_RUNNING) {
        wait_for(agent, wait, after_ms);
    }
}

static void plan_wait(enr_agent_t *agent, enr_wait_t *wait)
{
    wait_for(agent, wait, HOUR_MS); /* so that no timer runs across the wrap unseen */
    wait_for_timer(agent, wait, &agent->rounds);
    wait_for_timer(agent, wait, &agent->idle);
    wait_for_timer(agent, wait, &agent->pause);
    if (agent->purge_wanted) {
        wait_for_timer(agent, wait, &agent->purge);
    }
    for (unsigned gate = 0; gate < GATES; gate++) {
        wait_for_timer(agent, wait, &agent->probes[gate]);
    }
    uint32_t after_ms = 0;
    if (agent->phase == PHASE_IDLE && !agent->blocked && !agent->unread && calls_planned(agent, &after_ms)) {
        wait_for(agent, wait, after_ms);
    }
}

void enr_agent_step(enr_agent_t *agent, uint32_t now_ms, enr_wait_t *out_wait)
{
    *out_wait = (enr_wait_t){0};
    bool more = false;
    bool more_soon = false;
    pace_tick(agent, now_ms);
    tend_store(agent, &more_soon);
    tend_journal(agent, &more_soon);
    if (!agent->blocked && agent->pause.state != TIMER_RUNNING) {
        tend_rounds(agent);
        leads_scan(agent, &more);
        leads_scan_late(agent, &more);
    }
    tend_purge(agent);
    calls_step(agent, out_wait);
    leads_sweep(agent);
    if (more_soon || agent->blocked) {
        wait_for(agent, out_wait, 1); /* an erase takes its time */
    } else if (agent->unread || agent->unsaved != 0 || (agent->counted && !agent->journal_idle)) {
        more = true;
    }
    if (more) {
        wait_for(agent, out_wait, 0);
    }
    plan_wait(agent, out_wait);
    leads_forget(agent);
}

/* --- around it --- */

static bool is_safe(const enr_agent_t *agent)
{
    return !agent->committed || agent->is_poll;
}

enr_status_t enr_agent_stop(enr_agent_t *agent)
{
    agent->stopped = true;
    calls_give_up(agent);
    return is_safe(agent) ? ENR_OK : ENR_AGAIN;
}

void enr_agent_retry(enr_agent_t *agent, uint32_t now_ms)
{
    pace_tick(agent, now_ms);
    for (unsigned gate = 0; gate < GATES; gate++) {
        if (!pace_is_open(agent, gate)) {
            timer_start(agent, &agent->probes[gate], 0);
        }
    }
    if (!agent->has_floor) {
        timer_stop(&agent->hold);
    }
    leads_rewind(agent);
}

void enr_agent_status(enr_agent_t *agent, uint32_t now_ms, enr_agent_status_t *out_status)
{
    pace_tick(agent, now_ms);
    memset(out_status, 0, sizeof *out_status);
    out_status->counted = agent->counted;
    memcpy(out_status->counts, agent->tally.states, sizeof out_status->counts);
    out_status->counts[ENR_REQUEST_NONE] = 0;
    out_status->counts[ENR_REQUEST_ERASED] = agent->erased;
    out_status->unreadable = agent->tally.unreadable;
    out_status->room = enr_journal_room(agent->config.journal, TYPICAL_CONTENT, TYPICAL_ANNEX);
    for (unsigned flag = 0; flag < ENR_FLAGS; flag++) {
        out_status->flags |= (uint8_t)((agent->flags[flag] != 0) << flag);
        out_status->flag_since_s[flag] = agent->flag_since_s[flag];
    }
    out_status->last_error = agent->last_error;
    out_status->last_code = agent->last_code;
    out_status->failures = agent->failures;
    out_status->online = agent->phase != PHASE_IDLE;
    out_status->safe = is_safe(agent);
    for (unsigned gate = 0; gate < GATES; gate++) {
        if (!pace_is_open(agent, gate)) {
            timer_sooner(agent, &agent->probes[gate], &out_status->has_probe, &out_status->probe_ms);
        }
    }
    out_status->has_next = calls_planned(agent, &out_status->next_ms);
}
