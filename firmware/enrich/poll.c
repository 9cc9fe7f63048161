#include "poll.h"

#include "enrich/tls.h"

#include "interrupt.h"
#include "progress.h"

#include <stdio.h>

/* Where the reading is. */
typedef struct {
    session_t *session;
    const poll_t *poll;
    uint32_t start_ms;
    uint32_t gap_ms; /* the next one after a good answer */
    unsigned failures;
    unsigned reads;
} reading_t;

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t elapsed_ms(const reading_t *reading)
{
    return session_now(reading->session) - reading->start_ms;
}

static uint32_t left_ms(const reading_t *reading)
{
    uint32_t all = reading->poll->deadline_s * 1000u;
    uint32_t elapsed = elapsed_ms(reading);
    return elapsed < all ? all - elapsed : 0;
}

static uint32_t take_gap(reading_t *reading)
{
    uint32_t gap = reading->gap_ms;
    reading->gap_ms = larger(smaller(gap + gap / 2, POLL_GAP_MAX_MS), reading->poll->first_ms);
    return gap;
}

/* Full jitter: anything from 0 to a cap that doubles. Retry-After is the minimum, jitter comes on top (behaviours 27,
   28). */
static uint32_t take_backoff(reading_t *reading)
{
    uint32_t cap = reading->poll->first_ms;
    for (unsigned i = 0; i < reading->failures && cap < POLL_BACKOFF_MAX_MS; i++) {
        cap *= 2;
    }
    reading->failures++;
    uint32_t random = 0;
    if (enr_tls_random((uint8_t *)&random, sizeof random) != ENR_OK) {
        random = UINT32_MAX / 2;
    }
    uint32_t jitter = random % (smaller(cap, POLL_BACKOFF_MAX_MS) + 1);
    const enr_answer_t *answer = &reading->session->api.answer;
    uint32_t minimum = answer->has_retry_after ? smaller(answer->retry_after_s, 1000000u) * 1000u : 0;
    return minimum + jitter;
}

static void say_again(const reading_t *reading, enr_status_t status, uint32_t delay_ms)
{
    progress_clear();
    (void)fprintf(stderr, "enrich: %s: %s; reading again in %u.%u s\n", reading->session->where,
                  session_problem(reading->session, status).what, (unsigned)(delay_ms / 1000),
                  (unsigned)(delay_ms % 1000 / 100));
}

/* Sleeps, and shows each second that it does. */
static void sleep_for(const reading_t *reading, uint32_t delay_ms)
{
    uint32_t start_ms = session_now(reading->session);
    uint32_t slept_ms = 0;
    while (progress_is_seen() && slept_ms < delay_ms && interrupt_number() == 0) {
        uint32_t elapsed = elapsed_ms(reading);
        progress_show(elapsed / 1000, reading->poll->deadline_s, reading->reads);
        uint32_t slice_ms = smaller(1000 - elapsed % 1000, delay_ms - slept_ms);
        session_sleep(reading->session, session_now(reading->session) + slice_ms);
        slept_ms = session_now(reading->session) - start_ms;
    }
    if (slept_ms < delay_ms) {
        session_sleep(reading->session, start_ms + delay_ms);
    }
}

static enr_status_t read_once(reading_t *reading)
{
    session_t *session = reading->session;
    reading->reads++;
    uint32_t now_ms = session_now(session);
    uint32_t until_ms = now_ms + larger(left_ms(reading), POLL_LAST_READ_MS);
    enr_status_t status = enr_api_start_get(&session->api, reading->poll->id, reading->poll->token, now_ms);
    return status == ENR_OK ? session_run(session, &until_ms) : status;
}

static poll_end_t read_until_it_ends(session_t *session, const poll_t *poll, enr_status_t *out_status)
{
    reading_t reading = {.session = session, .poll = poll, .start_ms = session_now(session), .gap_ms = poll->first_ms};
    uint32_t delay_ms = poll->fresh ? take_gap(&reading) : 0;
    for (;;) {
        sleep_for(&reading, smaller(delay_ms, left_ms(&reading)));
        enr_status_t status = interrupt_number() != 0 ? ENR_AGAIN : read_once(&reading);
        *out_status = status;
        bool early = status == ENR_E_NOT_FOUND && elapsed_ms(&reading) < POLL_GRACE_MS;
        if (status == ENR_AGAIN) {
            return POLL_INTERRUPTED;
        }
        if (status == ENR_OK && session->api.answer.result.progress == ENR_PROGRESS_FINISHED) {
            return POLL_FINISHED;
        }
        if (status != ENR_OK && !early && !outcome_passes(status)) {
            return POLL_FAILED;
        }
        bool failed = status != ENR_OK && !early;
        delay_ms = failed ? take_backoff(&reading) : take_gap(&reading);
        reading.failures = failed ? reading.failures : 0;
        bool asked_to_wait = failed && session->api.answer.has_retry_after;
        if (left_ms(&reading) == 0 || (asked_to_wait && delay_ms > left_ms(&reading))) {
            return status == ENR_OK ? POLL_LATE : POLL_FAILED;
        }
        if (failed) {
            say_again(&reading, status, smaller(delay_ms, left_ms(&reading)));
        }
    }
}

poll_end_t poll_result(session_t *session, const poll_t *poll, enr_status_t *out_status)
{
    poll_end_t end = read_until_it_ends(session, poll, out_status);
    progress_clear();
    return end;
}
