#include "internal.h"

#include <assert.h>
#include <string.h>

#define NO_REGISTER ENR_JOURNAL_REGISTERS

/* --- reading --- */

void slot_start(enr_slot_t *slot, const entry_t *entry)
{
    *slot = (enr_slot_t){.number = entry->number,
                         .content_len = entry->content_len,
                         .place = entry->place,
                         .born = entry->born,
                         .annex_at = entry->annex_at,
                         .annex_end = entry->annex_end};
    memcpy(slot->shape, entry->head + 4, sizeof slot->shape);
    memcpy(slot->hash, entry->head + 10, sizeof slot->hash);
}

enr_status_t slot_load(enr_journal_t *journal, enr_place_t place, enr_slot_t *out_slot)
{
    entry_t entry;
    enr_status_t status = sector_view(journal, place.sector);
    if (status == ENR_OK) {
        status = journal->view.epoch == place.epoch ? entry_read(journal, place.index, &entry) : ENR_END;
    }
    if (status != ENR_OK) {
        return status;
    }
    struct enr_slot *next_held = out_slot->next_held;
    slot_start(out_slot, &entry);
    out_slot->next_held = next_held;
    status = marks_load(journal, out_slot, &entry);
    if (out_slot->registers[ENR_JOURNAL_CONTENT].data_len > 0) {
        out_slot->content_len = out_slot->registers[ENR_JOURNAL_CONTENT].data_len;
    }
    return status;
}

void slot_head(const enr_slot_t *slot, uint8_t out_head[ENTRY_HEAD_LEN])
{
    enr_put_32(out_head, slot->number);
    memcpy(out_head + 4, slot->shape, sizeof slot->shape);
    memcpy(out_head + 10, slot->hash, sizeof slot->hash);
}

enr_status_t slot_check(enr_journal_t *journal, const enr_slot_t *slot)
{
    const enr_place_t *place = &slot->place;
    enr_status_t status = sector_view(journal, place->sector);
    bool dead = place->epoch < journal->tail || (place->epoch == journal->tail && place->index < journal->tail_index);
    if (status == ENR_OK) {
        status = dead || journal->view.epoch != place->epoch ? ENR_E_SEAL : sector_limit(journal);
    }
    if (status == ENR_OK) {
        status = place->index < journal->view_limit ? walk_void(journal, place->index) : ENR_E_SEAL;
    }
    return status == ENR_OK || status == ENR_AGAIN || status == ENR_E_FLASH ? status : ENR_E_SEAL;
}

/* Opens the content that counts to journal->scratch + MARK_HEAD_LEN. ENR_OK, ENR_E_SEAL, ENR_AGAIN, ENR_E_FLASH. */
static enr_status_t slot_content(enr_journal_t *journal, const enr_slot_t *slot)
{
    if (slot->registers[ENR_JOURNAL_CONTENT].data_len > 0) {
        return mark_data(journal, slot, ENR_JOURNAL_CONTENT);
    }
    if (slot->content_len == 0) {
        return ENR_E_SEAL;
    }
    uint8_t head[ENTRY_HEAD_LEN];
    uint32_t at = sector_at(journal, slot->place.sector) + 16u * enr_get_16(slot->shape);
    slot_head(slot, head);
    enr_status_t status = sector_view(journal, slot->place.sector);
    return status == ENR_OK ? sealed_read(journal, at, head, PREFIX_LEN, slot->content_len) : status;
}

/* Bytes of the content or, with a register's number, of its data. */
static size_t data_len(const enr_slot_t *slot, unsigned number)
{
    return number == NO_REGISTER ? slot->content_len : slot->registers[number].data_len;
}

/* Opens them. Where a mark is torn, the state that it would replace may show at the next look. */
static enr_status_t open_steadily(enr_journal_t *journal, const enr_slot_t *slot, unsigned number)
{
    enr_slot_t again = *slot;
    enr_status_t status = slot_check(journal, slot);
    if (status != ENR_OK) {
        return status;
    }
    for (unsigned i = 0; i < TRIES; i++) {
        status = number == NO_REGISTER ? slot_content(journal, &again) : mark_data(journal, &again, number);
        if (status != ENR_E_SEAL) {
            return status;
        }
        (void)!slot_load(journal, slot->place, &again);
        if (data_len(&again, number) != data_len(slot, number)) {
            break;
        }
    }
    return ENR_E_SEAL;
}

/* Opens them, hands them to their user, and leaves nothing in the scratch. */
static enr_status_t hand_over(enr_journal_t *journal, const enr_slot_t *slot, unsigned number, enr_buffer_t *out)
{
    assert(!slot->gone);
    size_t len = data_len(slot, number);
    enr_status_t status = open_steadily(journal, slot, number);
    if (status == ENR_OK && (out->full || out->capacity - out->len < len)) {
        status = ENR_E_LIMIT;
    }
    if (status == ENR_OK) {
        enr_buffer_append(out, (enr_span_t){journal->scratch + MARK_HEAD_LEN, len});
    }
    enr_wipe(journal->scratch + MARK_HEAD_LEN, len);
    return status;
}

enr_status_t enr_journal_read(enr_journal_t *journal, const enr_slot_t *slot, enr_buffer_t *out)
{
    return hand_over(journal, slot, NO_REGISTER, out);
}

enr_status_t enr_journal_read_data(enr_journal_t *journal, const enr_slot_t *slot, unsigned number, enr_buffer_t *out)
{
    assert(number < ENR_JOURNAL_REGISTERS && !slot->gone);
    return data_len(slot, number) == 0 ? ENR_OK : hand_over(journal, slot, number, out);
}

/* --- writing --- */

uint32_t slot_marks(const enr_journal_t *journal, const enr_slot_t *slot)
{
    uint32_t marks = 0;
    for (unsigned i = 0; i < ENR_JOURNAL_REGISTERS; i++) {
        if (slot->registers[i].value != 0) {
            marks += mark_size(journal, i == ENR_JOURNAL_CONTENT ? 0 : slot->registers[i].data_len);
        }
    }
    return marks;
}

uint32_t content_size(const enr_journal_t *journal, size_t len)
{
    return padded(journal, PREFIX_LEN + len + ENR_SEAL_TAG_LEN);
}

uint32_t slot_annex(const enr_journal_t *journal, const enr_slot_t *slot, bool generous)
{
    uint32_t annex = 16u * slot->shape[4];
    uint32_t least = slot_marks(journal, slot) + (generous ? ANNEX_SLACK : 0);
    uint32_t others = ENTRY_LEN + content_size(journal, slot->content_len);
    uint32_t most = others < journal->slot_max ? journal->slot_max - others : 0;
    annex = annex > most ? most : annex;
    return annex < least ? least : annex;
}

uint32_t slot_size(const enr_journal_t *journal, const enr_slot_t *slot)
{
    return ENTRY_LEN + content_size(journal, slot->content_len) + slot_annex(journal, slot, true);
}

#ifndef NDEBUG
static bool slot_is_held(const enr_journal_t *journal, const enr_slot_t *slot)
{
    const enr_slot_t *held = journal->held;
    while (held != NULL && held != slot) {
        held = held->next_held;
    }
    return held == slot;
}
#endif

void enr_journal_hold(enr_journal_t *journal, enr_slot_t *slot)
{
    assert(!slot_is_held(journal, slot));
    slot->next_held = journal->held;
    journal->held = slot;
}

void enr_journal_release(enr_journal_t *journal, enr_slot_t *slot)
{
    enr_slot_t **at = &journal->held;
    while (*at != slot) {
        assert(*at != NULL);
        at = &(*at)->next_held;
    }
    *at = slot->next_held;
    slot->next_held = NULL;
}

void slots_moved(enr_journal_t *journal, enr_place_t from, enr_place_t to)
{
    for (enr_slot_t *slot = journal->held; slot != NULL; slot = slot->next_held) {
        if (places_equal(&slot->place, &from)) {
            enr_slot_t moved = {.next_held = slot->next_held};
            if (slot_load(journal, to, &moved) == ENR_OK) {
                *slot = moved;
            }
        }
    }
}

/* Brings what is to be written to the scratch. */
static enr_status_t fetch(enr_journal_t *journal, const slot_order_t *order)
{
    if (order->content.len == 0) { /* an empty span may have no place */
        return ENR_OK;
    }
    if (order->from != NULL) {
        return slot_content(journal, order->from);
    }
    memcpy(journal->scratch + MARK_HEAD_LEN, order->content.ptr, order->content.len);
    return ENR_OK;
}

static void make_head(const enr_journal_t *journal, slot_order_t *order)
{
    uint8_t *out = order->head;
    enr_put_32(out, order->number);
    enr_put_16(out + 4, (uint16_t)((journal->head_high - sector_at(journal, journal->head)) / 16));
    enr_put_16(out + 6, (uint16_t)order->content.len);
    out[8] = (uint8_t)(order->annex / 16);
    out[9] = (uint8_t)order->kind;
    if (order->hash != NULL) {
        memcpy(out + 10, order->hash, ENR_JOURNAL_HASH_LEN);
    }
}

/* Programs the content behind a prefix that says how much is going to be touched. */
static enr_status_t write_content(enr_journal_t *journal, const slot_order_t *order, uint32_t extent)
{
    uint8_t *prefix = journal->scratch + MARK_HEAD_LEN - PREFIX_LEN;
    enr_put_16(prefix, (uint16_t)(extent / 16));
    enr_put_16(prefix + 2, (uint16_t)~enr_get_16(prefix));
    enr_seal_place_t place = head_place(journal, journal->head_high);
    return sealed_write(journal, &place, order->head, PREFIX_LEN, order->content.len);
}

/* Content, then marks, then the entry, which makes them count. ENR_AGAIN only before the first program. */
static enr_status_t write_once(enr_journal_t *journal, slot_order_t *order, uint32_t extent)
{
    uint32_t at = journal->head_high;
    make_head(journal, order);
    enr_status_t status = fetch(journal, order);
    if (status == ENR_OK && is_lead(order->kind)) {
        status = write_content(journal, order, extent);
        journal->head_high += status == ENR_AGAIN ? 0 : extent; /* whatever comes, this place is used */
    }
    if (status == ENR_OK && order->from != NULL) {
        entry_t entry = {.place.sector = journal->head};
        entry_decode(journal, order->head, &entry);
        status = marks_copy(journal, order->from, &entry);
    }
    if (status == ENR_OK) {
        status = entry_write(journal, order->head, (uint16_t)journal->session);
    }
    if (status == ENR_OK) {
        journal->head_high = at + extent;
    }
    return status;
}

enr_status_t slot_write(enr_journal_t *journal, slot_order_t *order)
{
    uint32_t extent = (is_lead(order->kind) ? content_size(journal, order->content.len) : 0) + order->annex;
    bool failed = false;
    for (;;) {
        enr_status_t status = head_has_room(journal, extent) ? ENR_OK : sector_open(journal);
        if (status != ENR_OK) {
            return failed ? ENR_E_FLASH : status;
        }
        status = write_once(journal, order, extent);
        if (status != ENR_E_FLASH) {
            return status;
        }
        journal->head_open = false;
        failed = true;
    }
}

enr_status_t slot_copy(enr_journal_t *journal, kind_t kind, const enr_slot_t *slot, bool generous)
{
    slot_order_t order = {.kind = kind,
                          .number = slot->number,
                          .hash = slot->hash,
                          .from = slot,
                          .content.len = slot->content_len,
                          .annex = (uint16_t)slot_annex(journal, slot, generous)};
    return slot_write(journal, &order);
}
