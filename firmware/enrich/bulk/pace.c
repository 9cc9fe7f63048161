#include "pace.h"

#include "../poll.h"

size_t pace_parallel(const pace_t *pace)
{
    return pace->answered ? PACE_PARALLEL_MAX : 1;
}

bool pace_is_held(pace_t *pace, uint32_t now_ms)
{
    pace->held = pace->held && !service_is_past(now_ms, pace->hold_until_ms);
    return pace->held;
}

void pace_good(pace_t *pace)
{
    pace->answered = true;
    pace->failures = 0;
}

/* Retry-After is the minimum; without it 429 waits 2 s and doubles. From the second failure in a row on, jitter comes
   on top, also doubled (behaviours 27, 28). */
static uint32_t pause_ms(const pace_t *pace, enr_status_t status, const enr_answer_t *answer)
{
    uint32_t minimum = answer->has_retry_after        ? answer->retry_after_s * 1000u
                       : status == ENR_E_RATE_LIMITED ? 1000u << pace->failures
                                                      : 0;
    return minimum + (pace->failures > 1 ? poll_jitter(500u << pace->failures) : 0);
}

bool pace_bad(pace_t *pace, enr_status_t status, const enr_answer_t *answer, unsigned wave, uint32_t patience_s,
              uint32_t now_ms)
{
    bool unknown = answer->verdict == ENR_MAY_HAVE_BEEN_ACCEPTED;
    bool limited = status == ENR_E_RATE_LIMITED;
    if (!unknown && !limited && !pace->answered) {
        return false;
    }
    if (unknown || wave == pace->wave) {
        pace->failures++;
        pace->wave++;
    }
    if (pace->failures >= PACE_FAILURES_MAX || (answer->has_retry_after && answer->retry_after_s > patience_s)) {
        return false;
    }
    uint32_t until_ms = now_ms + pause_ms(pace, status, answer);
    if (!pace_is_held(pace, now_ms) || service_is_past(until_ms, pace->hold_until_ms)) {
        pace->held = true;
        pace->hold_until_ms = until_ms;
    }
    return true;
}
