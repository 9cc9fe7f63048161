#include "agent_internal.h"

#include <assert.h>
#include <string.h>

/* Slots that one call looks at. */
#define PIECE 16u

/* How often a lead is looked at whose slot reads differently each time; then its results come again in another batch.
 */
#define TRIES 100u

/* --- records --- */

static void fill_in(enr_agent_t *agent, enr_record_t *record, unsigned number)
{
    const enr_slot_t *slot = &record->slot;
    enr_request_t *request = &record->requests[number];
    mark_t mark = leads_mark(slot, number);
    request->state = leads_state(agent, slot, &record->lead, number, &request->refusal);
    request->attempts = mark.attempts;
    request->status = (enr_status_t)mark.status;
    request->unverified = mark.unverified;
    bool has_data = ((SET(PENDING) | SET(LATE) | SET(FINISHED)) >> request->state & 1u) != 0;
    request->data_len = has_data ? slot->registers[number].data_len : 0;
}

/* A slot's lead with all that is known of it. */
static enr_status_t show(enr_agent_t *agent, const enr_slot_t *slot, enr_record_t *out_record)
{
    memset(out_record, 0, sizeof *out_record);
    out_record->number = slot->number;
    out_record->slot = *leads_own_slot(agent, (enr_slot_t *)(uintptr_t)slot);
    enr_status_t status = leads_read(agent, &out_record->slot, &out_record->lead);
    for (unsigned number = 0; status == ENR_OK && number < ENR_TYPE_COUNT; number++) {
        fill_in(agent, out_record, number);
    }
    return status;
}

static bool has_result(const enr_slot_t *slot)
{
    return (leads_marks(slot) & SET(FINISHED)) != 0;
}

/* The next living slot, or the next with a result; *out_before is the cursor that leads to it again. ENR_AGAIN: none in
   this piece, or as the journal. */
static enr_status_t next_slot(enr_agent_t *agent, enr_cursor_t *cursor, bool results_only, enr_slot_t *out_slot,
                              enr_cursor_t *out_before)
{
    for (unsigned i = 0; i < PIECE; i++) {
        *out_before = *cursor;
        enr_status_t status = leads_heard(agent, enr_journal_next(agent->config.journal, cursor, out_slot));
        if (status != ENR_OK || (!out_slot->gone && (!results_only || has_result(out_slot)))) {
            return status;
        }
    }
    return ENR_AGAIN;
}

enr_status_t enr_agent_next(enr_agent_t *agent, enr_cursor_t *cursor, enr_record_t *out_record)
{
    leads_forget(agent);
    enr_cursor_t before;
    enr_slot_t slot;
    enr_status_t status = next_slot(agent, cursor, false, &slot, &before);
    if (status == ENR_OK) {
        status = show(agent, &slot, out_record);
        *cursor = status == ENR_AGAIN ? before : *cursor;
    }
    return status;
}

enr_status_t enr_agent_find(enr_agent_t *agent, uint32_t number, enr_record_t *out_record)
{
    leads_forget(agent);
    enr_slot_t slot;
    enr_status_t status = leads_by_number(agent, number, &slot);
    return status == ENR_OK ? show(agent, &slot, out_record) : status;
}

enr_status_t enr_agent_read(enr_agent_t *agent, const enr_record_t *record, enr_type_t type, enr_buffer_t *out)
{
    unsigned number = enr_type_number(type);
    if (record->requests[number].data_len == 0) {
        return ENR_OK;
    }
    return leads_heard(agent, enr_journal_read_data(agent->config.journal, &record->slot, number, out));
}

/* --- batches --- */

void enr_batch_start(enr_batch_t *batch, enr_batch_item_t *items, size_t capacity, bool all)
{
    memset(batch, 0, sizeof *batch);
    batch->items = items;
    batch->capacity = capacity;
    batch->all = all;
}

static enr_batch_item_t *item_of(const enr_batch_t *batch, uint32_t number)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->items[i].number == number) {
            return &batch->items[i];
        }
    }
    return NULL;
}

static void add_item(enr_batch_t *batch, const enr_record_t *record)
{
    enr_batch_item_t item = {.number = record->number};
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        if (record->requests[number].state == ENR_REQUEST_FINISHED) {
            item.types |= (uint8_t)enr_type_of_number(number);
        }
    }
    if (item.types != 0) {
        batch->items[batch->count++] = item;
    }
}

enr_status_t enr_batch_next(enr_agent_t *agent, enr_batch_t *batch, enr_record_t *out_record)
{
    assert(!batch->closed);
    leads_forget(agent);
    enr_cursor_t before;
    enr_slot_t slot;
    enr_status_t status = next_slot(agent, &batch->cursor, !batch->all, &slot, &before);
    if (status != ENR_OK) {
        return status;
    }
    bool belongs = has_result(&slot);
    if (belongs && item_of(batch, slot.number) != NULL) {
        return ENR_AGAIN; /* it was handed out, and the journal has moved it since */
    }
    if (belongs && batch->count == batch->capacity) {
        batch->cursor = before;
        return ENR_END;
    }
    status = show(agent, &slot, out_record);
    if (status == ENR_AGAIN) {
        batch->cursor = before;
    } else if (status == ENR_OK && belongs) {
        batch->from = batch->count == 0 ? before : batch->from;
        add_item(batch, out_record);
    }
    return status;
}

void enr_batch_close(enr_batch_t *batch, const uint8_t digest[32])
{
    memcpy(batch->digest, digest, sizeof batch->digest);
    batch->cursor = batch->from;
    batch->closed = true;
}

/* Marks the results of one lead, and ends it if it is delivered. Marked ones leave the item. */
static enr_status_t take(enr_agent_t *agent, enr_slot_t *slot, enr_batch_item_t *item)
{
    enr_status_t status = leads_heard(agent, enr_journal_confirm(agent->config.journal, slot));
    for (unsigned number = 0; status == ENR_OK && number < ENR_TYPE_COUNT; number++) {
        mark_t mark = leads_mark(slot, number);
        uint8_t bit = (uint8_t)enr_type_of_number(number);
        if ((item->types & bit) != 0 && mark.state == ENR_REQUEST_FINISHED) {
            mark.state = ENR_REQUEST_TAKEN;
            status = leads_set(agent, slot, number, mark, ENR_REQUEST_FINISHED);
        }
        item->types &= status == ENR_OK ? (uint8_t)~bit : UINT8_MAX;
    }
    enr_lead_t lead;
    if (status == ENR_OK && leads_read(agent, slot, &lead) == ENR_OK) {
        leads_retire_delivered(agent, slot, &lead);
    }
    return status;
}

/* One slot of the walk for the leads of a batch. ENR_END: there are no more slots. */
static enr_status_t take_next(enr_agent_t *agent, enr_batch_t *batch)
{
    enr_cursor_t before = batch->cursor;
    enr_slot_t slot;
    enr_status_t status = leads_heard(agent, enr_journal_next(agent->config.journal, &batch->cursor, &slot));
    enr_batch_item_t *item = status == ENR_OK ? item_of(batch, slot.number) : NULL;
    if (item == NULL) {
        return status;
    }
    status = slot.gone ? ENR_OK : take(agent, leads_own_slot(agent, &slot), item);
    if (status == ENR_E_SEAL && batch->tries++ < TRIES) { /* torn, it reads so or so: look again */
        batch->cursor = before;
        return ENR_OK;
    }
    if (status == ENR_OK || status == ENR_E_SEAL) {
        *item = batch->items[--batch->count];
        batch->tries = 0;
        return ENR_OK;
    }
    batch->cursor = before;
    return status;
}

enr_status_t enr_batch_acknowledge(enr_agent_t *agent, enr_batch_t *batch, const uint8_t digest[32], uint32_t now_ms)
{
    pace_tick(agent, now_ms);
    leads_forget(agent);
    enr_span_t ours = {batch->digest, sizeof batch->digest};
    if (!batch->closed || !enr_span_equal(ours, (enr_span_t){digest, sizeof batch->digest})) {
        return ENR_E_IDENTITY;
    }
    enr_status_t status = ENR_OK;
    for (unsigned i = 0; i < PIECE && batch->count > 0 && status == ENR_OK; i++) {
        status = take_next(agent, batch);
    }
    leads_forget(agent);
    if (status == ENR_END || (status == ENR_OK && batch->count == 0)) { /* what was not met was erased meanwhile */
        batch->count = 0;
        batch->closed = false;
        return ENR_OK;
    }
    return status == ENR_OK ? ENR_AGAIN : status;
}
