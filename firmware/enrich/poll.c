#include "poll.h"

#include "interrupt.h"
#include "progress.h"

#include <stdio.h>

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t left_ms(const poll_t *poll, uint32_t now_ms)
{
    uint32_t all = poll->deadline_s * 1000u;
    uint32_t elapsed = now_ms - poll->start_ms;
    return elapsed < all ? all - elapsed : 0;
}

static uint32_t take_gap(poll_t *poll)
{
    uint32_t gap = poll->gap_ms;
    poll->gap_ms = larger(smaller(gap + gap / 2, POLL_GAP_MAX_MS), poll->first_ms);
    return gap;
}

uint32_t poll_jitter(uint32_t max_ms)
{
    uint32_t random = 0;
    if (enr_tls_random((uint8_t *)&random, sizeof random) != ENR_OK) {
        return max_ms / 2;
    }
    return random % (max_ms + 1);
}

/* Full jitter: anything from 0 to a cap that doubles. Retry-After is the minimum, jitter comes on top. */
static uint32_t take_backoff(poll_t *poll, const enr_answer_t *answer)
{
    uint32_t cap = poll->first_ms;
    for (unsigned i = 0; i < poll->failures && cap < POLL_BACKOFF_MAX_MS; i++) {
        cap *= 2;
    }
    poll->failures++;
    uint32_t minimum = answer->has_retry_after ? smaller(answer->retry_after_s, 1000000u) * 1000u : 0;
    return minimum + poll_jitter(smaller(cap, POLL_BACKOFF_MAX_MS));
}

void poll_start(poll_t *poll, const settings_t *settings, bool fresh, uint32_t now_ms)
{
    *poll = (poll_t){
        .first_ms = settings->poll_ms,
        .deadline_s = settings->deadline_s,
        .start_ms = now_ms,
        .gap_ms = settings->poll_ms,
    };
    poll->next_ms = now_ms + (fresh ? smaller(take_gap(poll), left_ms(poll, now_ms)) : 0);
}

uint32_t poll_until(const poll_t *poll, uint32_t now_ms)
{
    return now_ms + larger(left_ms(poll, now_ms), POLL_LAST_READ_MS);
}

poll_end_t poll_judge(poll_t *poll, enr_status_t status, const enr_answer_t *answer, uint32_t now_ms)
{
    bool early = status == ENR_E_NOT_FOUND && now_ms - poll->start_ms < POLL_GRACE_MS;
    if (status == ENR_AGAIN) {
        return POLL_INTERRUPTED;
    }
    if (status == ENR_OK && answer->result.progress == ENR_PROGRESS_FINISHED) {
        return POLL_FINISHED;
    }
    if (status != ENR_OK && !early && !outcome_passes(status)) {
        return POLL_FAILED;
    }
    poll->failed = status != ENR_OK && !early;
    uint32_t delay_ms = poll->failed ? take_backoff(poll, answer) : take_gap(poll);
    poll->failures = poll->failed ? poll->failures : 0;
    uint32_t left = left_ms(poll, now_ms);
    if (left == 0 || (poll->failed && answer->has_retry_after && delay_ms > left)) {
        return status == ENR_OK ? POLL_LATE : POLL_FAILED;
    }
    poll->next_ms = now_ms + smaller(delay_ms, left);
    return POLL_AGAIN;
}

static void say_again(const session_t *session, enr_status_t status, uint32_t delay_ms)
{
    progress_clear();
    (void)fprintf(stderr, "enrich: %s: %s; reading again in %u.%u s\n", session->where,
                  session_problem(session, status).what, (unsigned)(delay_ms / 1000),
                  (unsigned)(delay_ms % 1000 / 100));
}

static void show_progress(const poll_t *poll, uint32_t elapsed_ms, unsigned reads)
{
    char line[PROGRESS_MAX];
    (void)snprintf(line, sizeof line, "waiting, %u s of %u s, read %u time%s", (unsigned)(elapsed_ms / 1000),
                   (unsigned)poll->deadline_s, reads, reads == 1 ? "" : "s");
    progress_show(line);
}

/* Sleeps until the next read, and shows each second that it does. */
static void sleep_until_next(const session_t *session, const poll_t *poll, unsigned reads)
{
    uint32_t now_ms = service_now(session->service);
    while (progress_is_seen() && !service_is_past(now_ms, poll->next_ms) && interrupt_number() == 0) {
        uint32_t elapsed_ms = now_ms - poll->start_ms;
        show_progress(poll, elapsed_ms, reads);
        service_sleep(session->service, now_ms + smaller(1000 - elapsed_ms % 1000, poll->next_ms - now_ms));
        now_ms = service_now(session->service);
    }
    service_sleep(session->service, poll->next_ms);
}

static enr_status_t read_once(session_t *session, const poll_t *poll, enr_span_t id, enr_span_t token)
{
    uint32_t now_ms = service_now(session->service);
    uint32_t until_ms = poll_until(poll, now_ms);
    enr_status_t status = enr_api_start_get(&session->api, id, token, now_ms);
    return status == ENR_OK ? session_run(session, &until_ms) : status;
}

poll_end_t poll_result(session_t *session, poll_t *poll, enr_span_t id, enr_span_t token, enr_status_t *out_status)
{
    poll_end_t end = POLL_AGAIN;
    for (unsigned reads = 0; end == POLL_AGAIN; reads++) {
        sleep_until_next(session, poll, reads);
        *out_status = interrupt_number() != 0 ? ENR_AGAIN : read_once(session, poll, id, token);
        uint32_t now_ms = service_now(session->service);
        end = poll_judge(poll, *out_status, &session->api.answer, now_ms);
        if (end == POLL_AGAIN && poll->failed) {
            say_again(session, *out_status, poll->next_ms - now_ms);
        }
    }
    progress_clear();
    return end;
}
