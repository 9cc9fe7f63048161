#include "agent_internal.h"

#include "enrich/http_date.h"

#include <string.h>

/* --- timers --- */

void timer_start(const enr_agent_t *agent, enr_timer_t *timer, uint32_t after_ms)
{
    timer->at_ms = agent->now_ms + after_ms;
    timer->state = after_ms == 0 ? TIMER_DUE : TIMER_RUNNING;
}

void timer_stop(enr_timer_t *timer)
{
    timer->state = TIMER_OFF;
}

bool timer_is_due(const enr_timer_t *timer)
{
    return timer->state == TIMER_DUE;
}

void timer_sooner(const enr_agent_t *agent, const enr_timer_t *timer, bool *found, uint32_t *after_ms)
{
    int32_t left = timer->state == TIMER_DUE ? 0 : (int32_t)(timer->at_ms - agent->now_ms);
    uint32_t from_now = left < 0 ? 0 : (uint32_t)left;
    if (timer->state != TIMER_OFF && (!*found || from_now < *after_ms)) {
        *after_ms = from_now;
        *found = true;
    }
}

/* True when it has become due just now. */
static bool tick(const enr_agent_t *agent, enr_timer_t *timer)
{
    bool now_due = timer->state == TIMER_RUNNING && (int32_t)(agent->now_ms - timer->at_ms) >= 0;
    timer->state = now_due ? TIMER_DUE : timer->state;
    return now_due;
}

/* The clock has come, or was set: what waited for it need not wait for its time. */
static void notice_wall(enr_agent_t *agent)
{
    bool waits = agent->flags[ENR_FLAG_NO_TIME] != 0 || agent->blind;
    if (!waits || pace_wall(agent) == 0) {
        return;
    }
    if (agent->blind) {
        agent->unread = true;
        agent->blind = false;
    }
    agent->flags[ENR_FLAG_NO_TIME] = 0;
    timer_start(agent, &agent->hold, pace_random(agent, agent->paces.back_off_ms));
    agent->has_floor = false;
}

void pace_tick(enr_agent_t *agent, uint32_t now_ms)
{
    agent->uptime_ms += now_ms - agent->now_ms; /* since its last whole second */
    agent->uptime_s += agent->uptime_ms / 1000;
    agent->uptime_ms %= 1000;
    agent->now_ms = now_ms;
    (void)tick(agent, &agent->hold);
    (void)tick(agent, &agent->idle);
    (void)tick(agent, &agent->pause);
    (void)tick(agent, &agent->rounds);
    (void)tick(agent, &agent->purge);
    for (unsigned gate = 0; gate < GATES; gate++) {
        if (tick(agent, &agent->probes[gate]) && gate != GATE_POLL) {
            leads_rewind(agent); /* in search of a request to ask with */
        }
    }
    for (size_t i = 0; i < sizeof agent->works / sizeof agent->works[0]; i++) {
        for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
            (void)tick(agent, &agent->works[i].polls[number].next);
        }
    }
    notice_wall(agent);
}

/* --- chance and clocks --- */

/* xorshift32 (Marsaglia 2003): it spreads attempts, nothing secret hangs on it. */
uint32_t pace_random(enr_agent_t *agent, uint32_t below)
{
    uint32_t x = agent->random;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    agent->random = x;
    return (uint32_t)((uint64_t)x * below >> 32);
}

int64_t pace_wall(const enr_agent_t *agent)
{
    int64_t seconds = 0;
    const enr_clock_t *clock = agent->config.clock;
    return clock->wall(clock->ctx, &seconds) == ENR_OK && seconds > 0 ? seconds : 0;
}

uint16_t pace_today(const enr_agent_t *agent)
{
    uint32_t day = enr_day_of_seconds(pace_wall(agent));
    return day < UINT16_MAX ? (uint16_t)day : UINT16_MAX;
}

enr_stamp_t pace_stamp(const enr_agent_t *agent)
{
    enr_stamp_t stamp = {.wall_s = pace_wall(agent), .boot = agent->config.boot, .uptime_s = agent->uptime_s};
    if (stamp.wall_s > 0) {
        stamp.quality = agent->config.time_quality == NULL ? ENR_TIME_SET : *agent->config.time_quality;
        stamp.wall_s = stamp.quality == ENR_TIME_UNKNOWN ? 0 : stamp.wall_s;
    }
    return stamp;
}

/* --- back-off --- */

/* Full jitter: from none to all of the range, so that devices that failed together do not come back together. */
void pace_back_off(enr_agent_t *agent, uint32_t floor_s)
{
    uint32_t range = agent->paces.back_off_ms;
    for (uint8_t i = 0; i < agent->failures && range < agent->paces.back_off_max; i++) {
        range *= 2;
    }
    range = range < agent->paces.back_off_max ? range : agent->paces.back_off_max;
    agent->failures = agent->failures < UINT8_MAX ? agent->failures + 1 : UINT8_MAX;
    floor_s = floor_s < ENR_RETRY_AFTER_MAX_S ? floor_s : ENR_RETRY_AFTER_MAX_S;
    timer_start(agent, &agent->hold, floor_s * 1000 + pace_random(agent, range + 1));
    agent->has_floor = floor_s > 0;
    if (floor_s >= RETRY_AFTER_KEPT_S) {
        agent->retry_s = floor_s;
        agent->unsaved |= UNSAVED_RETRY;
    }
}

/* --- flags and the gates that they close --- */

static uint8_t gates_of(enr_flag_t flag, unsigned gate)
{
    bool all_submits = gate != GATE_POLL && (flag == ENR_FLAG_UNAUTHORIZED || flag == ENR_FLAG_WRONG_SERVICE);
    return (uint8_t)(all_submits ? (1u << ENR_TYPE_COUNT) - 1 : 1u << gate);
}

static void start_probe(enr_agent_t *agent, unsigned gate, uint32_t least_ms)
{
    timer_start(agent, &agent->probes[gate], least_ms + pace_random(agent, ENR_PROBE_MAX_MS - ENR_PROBE_MIN_MS + 1));
}

void pace_flag(enr_agent_t *agent, enr_flag_t flag, unsigned gate)
{
    uint8_t gates = gates_of(flag, gate);
    if (agent->flags[flag] == 0) {
        agent->flag_since_s[flag] = pace_wall(agent);
    }
    bool holds = flag < ENR_FLAGS_HOLDING;
    if (holds && (agent->flags[flag] & gates) != gates) {
        agent->unsaved |= UNSAVED_FLAGS;
    }
    agent->flags[flag] |= gates;
    for (unsigned i = 0; holds && i < GATES; i++) {
        if ((gates >> i & 1u) != 0) {
            start_probe(agent, i, ENR_PROBE_MIN_MS);
        }
    }
}

static void clear_gates(enr_agent_t *agent, enr_flag_t flag, uint8_t gates)
{
    if ((agent->flags[flag] & gates) == 0) {
        return;
    }
    agent->flags[flag] &= (uint8_t)~gates;
    if (agent->flags[flag] == 0) {
        agent->flag_since_s[flag] = 0;
    }
    if (flag < ENR_FLAGS_HOLDING) {
        agent->unsaved |= UNSAVED_FLAGS;
        leads_rewind(agent); /* for what was passed over */
    }
}

void pace_acknowledge(enr_agent_t *agent, unsigned gate)
{
    agent->failures = 0;
    timer_stop(&agent->hold);
    for (unsigned flag = 0; flag < ENR_FLAGS; flag++) {
        clear_gates(agent, (enr_flag_t)flag, gates_of((enr_flag_t)flag, gate));
    }
    for (unsigned i = 0; i < GATES; i++) {
        if (pace_is_open(agent, i)) {
            timer_stop(&agent->probes[i]);
        }
    }
}

void pace_answered(enr_agent_t *agent)
{
    for (unsigned flag = ENR_FLAGS_HOLDING; flag < ENR_FLAGS; flag++) {
        clear_gates(agent, (enr_flag_t)flag, UINT8_MAX);
    }
}

bool pace_is_open(const enr_agent_t *agent, unsigned gate)
{
    unsigned closed = 0;
    for (unsigned flag = 0; flag < ENR_FLAGS_HOLDING; flag++) {
        closed |= agent->flags[flag];
    }
    return (closed >> gate & 1u) == 0;
}

bool pace_lets(const enr_agent_t *agent, unsigned gate)
{
    return pace_is_open(agent, gate) || timer_is_due(&agent->probes[gate]);
}

/* --- what lasts: FORMAT.md --- */

#define FORMAT 1u
#define FLAG_LEN 9u
#define RECORD_LEN (1u + ENR_FLAGS_HOLDING * FLAG_LEN)

/* Flags that were set before the start are believed, and asked about within the least pace of probes: somebody may have
   turned the device off and on to have that. */
static void read_flags(enr_agent_t *agent, const uint8_t *record)
{
    for (size_t flag = 0; flag < ENR_FLAGS_HOLDING; flag++) {
        const uint8_t *at = record + 1 + flag * FLAG_LEN;
        agent->flags[flag] = at[0] & ((1u << GATES) - 1);
        agent->flag_since_s[flag] = (int64_t)enr_get_64(at + 1);
    }
    for (unsigned gate = 0; gate < GATES; gate++) {
        if (!pace_is_open(agent, gate)) {
            timer_start(agent, &agent->probes[gate], pace_random(agent, ENR_PROBE_MIN_MS));
        }
    }
}

static enr_status_t load_flags(enr_agent_t *agent)
{
    uint8_t record[RECORD_LEN];
    size_t len = 0;
    enr_status_t status = enr_store_get(agent->config.store, ENR_STORE_AGENT, record, sizeof record, &len);
    if (status == ENR_OK && len == RECORD_LEN && record[0] == FORMAT) {
        read_flags(agent, record);
    }
    /* Absent, damaged or of another build: what they said will be said again. */
    return status == ENR_AGAIN || status == ENR_E_FLASH ? status : ENR_OK;
}

static enr_status_t save_flags(enr_agent_t *agent)
{
    uint8_t record[RECORD_LEN] = {FORMAT};
    for (size_t flag = 0; flag < ENR_FLAGS_HOLDING; flag++) {
        uint8_t *at = record + 1 + flag * FLAG_LEN;
        at[0] = agent->flags[flag];
        enr_put_64(at + 1, (uint64_t)agent->flag_since_s[flag]);
    }
    return enr_store_put(agent->config.store, ENR_STORE_AGENT, (enr_span_t){record, sizeof record});
}

/* A Retry-After of an earlier start, or one that the clock could not tell the rest of until now. */
static enr_status_t load_retry(enr_agent_t *agent)
{
    int64_t wall = pace_wall(agent);
    uint32_t left_s = 0;
    enr_status_t status = enr_store_not_before(agent->config.store, wall, &left_s);
    if (status == ENR_OK) {
        left_s = left_s < ENR_RETRY_AFTER_MAX_S ? left_s : ENR_RETRY_AFTER_MAX_S;
        timer_start(agent, &agent->hold, left_s * 1000 + pace_random(agent, agent->paces.spread_ms + 1));
        agent->has_floor = true;
        agent->blind = wall == 0;
    }
    return status == ENR_AGAIN || status == ENR_E_FLASH ? status : ENR_OK;
}

enr_status_t pace_load(enr_agent_t *agent)
{
    enr_status_t status = agent->loaded ? ENR_OK : load_flags(agent);
    if (status == ENR_OK) {
        agent->loaded = true;
        status = load_retry(agent);
    }
    agent->unread = status != ENR_OK;
    return status;
}

enr_status_t pace_save(enr_agent_t *agent)
{
    enr_status_t status = ENR_OK;
    if ((agent->unsaved & UNSAVED_RETRY) != 0) {
        status = enr_store_keep_not_before(agent->config.store, pace_wall(agent), agent->retry_s);
        agent->unsaved &= status == ENR_OK ? (uint8_t)~UNSAVED_RETRY : UINT8_MAX;
    }
    if (status == ENR_OK && (agent->unsaved & UNSAVED_FLAGS) != 0) {
        status = save_flags(agent);
        agent->unsaved &= status == ENR_OK ? (uint8_t)~UNSAVED_FLAGS : UINT8_MAX;
    }
    return status;
}
