#include "results.h"

#include "events.h"

#include "../answer_json.h"
#include "../record_json.h"

#include <stdio.h>
#include <string.h>

static bool has_reader(const results_t *results)
{
    return results->acks.fd >= 0;
}

/* --- printing --- */

static void say_result(results_t *results, const full_record_t *full, unsigned number)
{
    const enr_request_t *request = &full->record.requests[number];
    enr_json_writer_t *json = event_begin("result");
    event_number(json, "number", full->record.number);
    enr_json_write_member(json, ENR_SPAN("type"), enr_type_name(enr_type_of_number(number)));
    event_number(json, "attempts", request->attempts);
    enr_json_key(json, ENR_SPAN("verified"));
    enr_json_write_bool(json, !request->unverified);
    record_json_result(json, full, number);
    enr_json_key(json, ENR_SPAN("lead"));
    record_json_lead(json, &full->record.lead);
    event_end(has_reader(results) ? &results->hash : NULL);
    results->count++;
}

/* Prints the finished results of a lead that are of these types. */
static void say_results(results_t *results, const full_record_t *full, unsigned types)
{
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        bool is_meant = (types & enr_type_of_number(number)) != 0;
        if (is_meant && full->record.requests[number].state == ENR_REQUEST_FINISHED) {
            say_result(results, full, number);
        }
    }
}

static void say_digest(const char *event, const uint8_t digest[ENR_SEAL_DIGEST_LEN], uint32_t count)
{
    char digits[2 * ENR_SEAL_DIGEST_LEN + 1];
    for (size_t i = 0; i < ENR_SEAL_DIGEST_LEN; i++) {
        (void)snprintf(digits + 2 * i, 3, "%02x", digest[i]);
    }
    enr_json_writer_t *json = event_begin(event);
    answer_json_member(json, "digest", enr_span_from_str(digits));
    event_number(json, "results", count);
    event_end(NULL);
}

static void say_not_acknowledged(const char *why)
{
    answer_json_member(event_begin("not_acknowledged"), "why", enr_span_from_str(why));
    event_end(NULL);
}

/* --- looking for results --- */

static void start_walk(results_t *results)
{
    results->state = RESULTS_WALKING;
    results->begun = true;
    results->dirty = false;
    results->queued = 0;
    results->count = 0;
    results->cursor = (enr_cursor_t){0};
    enr_batch_start(&results->batch, results->items, RESULTS_BATCH_MAX, false);
    enr_hash_start(&results->hash);
}

/* All that there was is printed: a batch, if somebody answers. */
static void end_walk(results_t *results)
{
    results->state = RESULTS_IDLE;
    if (has_reader(results) && results->count > 0) {
        uint8_t digest[ENR_SEAL_DIGEST_LEN];
        enr_hash_finish(&results->hash, digest);
        enr_batch_close(&results->batch, digest);
        say_digest("batch", digest, results->count);
        results->dirty = results->dirty || results->batch.count == RESULTS_BATCH_MAX;
        results->state = RESULTS_WAITING;
    }
}

static void walk(results_t *results, enr_agent_t *agent)
{
    static full_record_t full;
    enr_status_t status = has_reader(results) ? enr_batch_next(agent, &results->batch, &full.record)
                                              : enr_agent_next(agent, &results->cursor, &full.record);
    if (status == ENR_END || status == ENR_E_FLASH) {
        end_walk(results);
    }
    if (status != ENR_OK) { /* a damaged one is passed over; `leads stats` counts it */
        return;
    }
    if (record_read_data(agent, &full) == ENR_OK) {
        say_results(results, &full, UINT8_MAX);
    } else {
        start_walk(results); /* what was printed of this batch is not acknowledged: it is printed again */
    }
}

/* Prints one that has come meanwhile, where nobody acknowledges. */
static void say_queued(results_t *results, enr_agent_t *agent)
{
    static full_record_t full;
    results_due_t due = results->queue[0];
    enr_status_t status = enr_agent_find(agent, due.number, &full.record);
    if (status == ENR_OK) {
        status = record_read_data(agent, &full);
    }
    if (status == ENR_AGAIN) {
        return;
    }
    memmove(results->queue, results->queue + 1, --results->queued * sizeof results->queue[0]);
    if (status == ENR_OK) {
        say_results(results, &full, due.type);
    }
}

/* --- acknowledgements --- */

static void hear(results_t *results, enr_agent_t *agent, bool readable, uint32_t now_ms)
{
    bool had_reader = has_reader(results);
    switch (acks_next(&results->acks, readable, results->acknowledged)) {
    case ACK_NONE:
        break;
    case ACK_BATCH:
        if (results->state == RESULTS_WAITING) {
            results->state = RESULTS_TAKING;
        } else {
            say_not_acknowledged("no batch waits for it");
        }
        break;
    case ACK_RETRY:
        enr_agent_retry(agent, now_ms);
        break;
    case ACK_INVALID:
        say_not_acknowledged("the line is neither ack DIGEST nor retry");
        break;
    }
    if (had_reader && !has_reader(results) && results->state != RESULTS_TAKING) {
        results->state = RESULTS_IDLE; /* the batch under way will not be acknowledged */
    }
}

static void take(results_t *results, enr_agent_t *agent, uint32_t now_ms)
{
    enr_status_t status = enr_batch_acknowledge(agent, &results->batch, results->acknowledged, now_ms);
    if (status == ENR_AGAIN) {
        return;
    }
    results->state = status == ENR_OK ? RESULTS_IDLE : RESULTS_WAITING;
    if (status == ENR_OK) {
        say_digest("acknowledged", results->acknowledged, results->count);
    } else {
        say_not_acknowledged(status == ENR_E_IDENTITY ? "the digest is not that of the batch"
                                                      : enr_status_meaning(status));
    }
}

/* --- around it --- */

void results_came(results_t *results, uint32_t number, enr_type_t type)
{
    if (has_reader(results) || results->queued == RESULTS_QUEUE_MAX) {
        results->dirty = true;
    } else if (results->begun) {
        results->queue[results->queued++] = (results_due_t){number, type};
    }
}

bool results_step(results_t *results, enr_agent_t *agent, bool readable, uint32_t now_ms)
{
    if (results->state != RESULTS_TAKING) {
        hear(results, agent, readable, now_ms);
    }
    switch (results->state) {
    case RESULTS_IDLE:
        if (!results->begun || results->dirty) {
            start_walk(results);
        } else if (results->queued > 0) {
            say_queued(results, agent);
        }
        break;
    case RESULTS_WALKING:
        walk(results, agent);
        break;
    case RESULTS_TAKING:
        take(results, agent, now_ms);
        break;
    case RESULTS_WAITING:
        break;
    }
    return !results_are_out(results) && results->state != RESULTS_WAITING;
}

bool results_are_out(const results_t *results)
{
    return results->state == RESULTS_IDLE && results->begun && !results->dirty && results->queued == 0;
}
