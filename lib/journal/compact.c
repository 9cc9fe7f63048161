#include "internal.h"

#include <string.h>

#define TOMBSTONE_LEN 8u

bool compact_has_copied(const enr_journal_t *journal, const enr_slot_t *slot)
{
    return journal->compacting && slot->place.sector == journal->tail_sector &&
           slot->place.index < journal->compact_index;
}

enr_status_t compact_until(enr_journal_t *journal, const enr_slot_t *slot)
{
    if (journal->compact_to > slot->place.epoch) {
        return journal->stuck ? ENR_E_FULL : ENR_AGAIN;
    }
    journal->compact_to = slot->place.epoch + 1;
    journal->wanted = true;
    journal->stuck = false;
    return ENR_AGAIN;
}

void compact_unpin(enr_journal_t *journal, const enr_slot_t *slot)
{
    if (slot->place.sector == journal->tail_sector && slot->place.index + 1u == journal->pin_index) {
        journal->pinned = false;
    }
}

void compact_stop(enr_journal_t *journal)
{
    journal->compacting = false;
    journal->compact_index = 0;
    for (enr_slot_t *slot = journal->held; slot != NULL; slot = slot->next_held) {
        slot->copy = (enr_place_t){0};
    }
}

/* --- tombstones --- */

enr_status_t tombstones_open(enr_journal_t *journal, const enr_place_t *place, const entry_t *entry)
{
    uint8_t *text = journal->scratch + MARK_HEAD_LEN;
    size_t len = entry->content_len + ENR_SEAL_TAG_LEN;
    enr_status_t status = sector_view(journal, place->sector);
    if (status == ENR_OK) {
        status = flash_read(journal, entry->content_at, text, len);
    }
    if (status != ENR_OK) {
        return status;
    }
    return enr_seal_open(journal->config.seal, place_of(&journal->view, entry->content_at),
                         (enr_span_t){entry->head, sizeof entry->head}, (enr_span_t){text, len}, text);
}

static enr_status_t flush_pack(enr_journal_t *journal)
{
    if (journal->pack_count == 0) {
        return ENR_OK;
    }
    enr_place_t place;
    slot_order_t order = {.kind = KIND_TOMBSTONES,
                          .number = journal->pack_count,
                          .content = {journal->pack, TOMBSTONE_LEN * journal->pack_count}};
    enr_status_t status = slot_write(journal, &order, &place);
    if (status == ENR_OK) {
        journal->pack_count = 0;
    }
    return status;
}

/* Makes room for so many in the pack. */
static enr_status_t prepare_pack(enr_journal_t *journal, uint16_t count)
{
    return journal->pack_count + count > ENR_JOURNAL_TOMBSTONES ? flush_pack(journal) : ENR_OK;
}

static void put_in_pack(enr_journal_t *journal, const uint8_t *hash, uint16_t until_day)
{
    if (is_forgotten(journal, until_day)) {
        journal->tombstones -= journal->tombstones > 0;
        return;
    }
    uint8_t *out = journal->pack + TOMBSTONE_LEN * journal->pack_count++;
    memcpy(out, hash, ENR_JOURNAL_HASH_LEN);
    put_16(out + ENR_JOURNAL_HASH_LEN, until_day);
}

static enr_status_t keep_tombstones(enr_journal_t *journal, const enr_place_t *place, const entry_t *entry)
{
    uint16_t count = (uint16_t)(entry->content_len / TOMBSTONE_LEN);
    enr_status_t status = count > ENR_JOURNAL_TOMBSTONES ? ENR_E_SEAL : prepare_pack(journal, count);
    if (status == ENR_OK) {
        status = tombstones_open(journal, place, entry);
    }
    for (uint16_t i = 0; status == ENR_OK && i < count; i++) {
        const uint8_t *one = journal->scratch + MARK_HEAD_LEN + TOMBSTONE_LEN * i;
        put_in_pack(journal, one, get_16(one + ENR_JOURNAL_HASH_LEN));
    }
    return status;
}

/* --- one entry of the tail --- */

static enr_status_t copy_slot(enr_journal_t *journal, const enr_slot_t *slot)
{
    enr_place_t copy;
    slot_order_t order = {.kind = KIND_COPY, .number = slot->number, .hash = slot->hash, .from = slot};
    /* Where little is free, copies take no more than their slots did. */
    (void)slot_size(journal, slot, sector_free(journal) >= ENR_JOURNAL_SPARE, &order.annex);
    enr_status_t status = slot_write(journal, &order, &copy);
    for (enr_slot_t *held = journal->held; status == ENR_OK && held != NULL; held = held->next_held) {
        if (held->place.epoch == slot->place.epoch && held->place.index == slot->place.index) {
            held->copy = copy;
        }
    }
    return status;
}

/* A slot whose content is lost goes on without it: what became of its lead is still known. */
static enr_status_t copy_without_content(enr_journal_t *journal, const enr_slot_t *slot)
{
    enr_slot_t lost = *slot;
    lost.content_len = 0;
    lost.registers[ENR_JOURNAL_CONTENT].data_len = 0;
    enr_status_t status = copy_slot(journal, &lost);
    if (status == ENR_OK && slot->content_len != 0) {
        uint16_t annex = 0;
        journal->stats.damaged++;
        journal->stats.bytes -= slot_size(journal, slot, true, &annex) - slot_size(journal, &lost, true, &annex);
    }
    return status;
}

static enr_status_t keep_tombstone(enr_journal_t *journal, const enr_slot_t *slot)
{
    enr_status_t status = slot->until_day == 0 ? ENR_OK : prepare_pack(journal, 1);
    if (status == ENR_OK && slot->until_day != 0) {
        put_in_pack(journal, slot->hash, slot->until_day);
    }
    if (status == ENR_OK) {
        journal->gone++;
    }
    return status;
}

/* Something torn may open at one time and not at the next: it is tried again before it counts as damaged. */
static enr_status_t copy_lead(enr_journal_t *journal, const enr_place_t *place)
{
    enr_slot_t slot = {0};
    uint16_t annex = 0;
    enr_status_t loaded = ENR_E_SEAL;
    enr_status_t status = ENR_E_SEAL;
    for (unsigned i = 0; i < TRIES && status == ENR_E_SEAL; i++) {
        loaded = status = slot_load(journal, *place, &slot);
        if (loaded == ENR_OK && slot.gone) {
            return keep_tombstone(journal, &slot);
        }
        if (loaded == ENR_OK) {
            status = slot.content_len == 0 ? ENR_E_SEAL : copy_slot(journal, &slot);
        }
    }
    if (status != ENR_E_SEAL || loaded != ENR_OK) {
        return status;
    }
    if (journal->repairing) {
        room_drop(journal, slot_size(journal, &slot, true, &annex));
        return ENR_OK;
    }
    return copy_without_content(journal, &slot);
}

/* ENR_E_SEAL: it cannot be read, and is not to be dropped. */
static enr_status_t keep_entry(enr_journal_t *journal, const enr_place_t *place, const entry_t *entry)
{
    enr_status_t status = ENR_OK;
    if (is_lead(entry->kind)) {
        status = copy_lead(journal, place);
    } else if (entry->kind == KIND_TOMBSTONES) {
        status = keep_tombstones(journal, place, entry);
    } else if (entry->kind == KIND_EXTENSION) {
        journal->gone_extensions += entry->annex_end - entry->annex_at;
    }
    return status == ENR_E_SEAL && journal->repairing ? ENR_OK : status;
}

/* --- the whole tail --- */

/* Held slots of the old tail follow. One that was taken hold of after it had been copied is looked for. */
static void follow_copies(enr_journal_t *journal, uint32_t old_tail)
{
    for (enr_slot_t *slot = journal->held; slot != NULL; slot = slot->next_held) {
        enr_slot_t copy = {.place = slot->copy};
        bool known = copy.place.epoch != 0;
        if (slot->place.epoch == old_tail && !slot->gone &&
            (known || enr_journal_find_number(journal, slot->number, &copy) == ENR_OK)) {
            slots_moved(journal, slot->place, copy.place);
        }
    }
}

/* All copies are there: the tail entry makes them count, and the old sector dead. */
static enr_status_t move_tail(enr_journal_t *journal)
{
    enr_sector_t header;
    uint16_t sector = 0;
    uint8_t head[ENTRY_HEAD_LEN] = {0};
    enr_status_t status = sector_successor(journal, journal->tail_sector, journal->tail, &sector, &header);
    if (status == ENR_END || (status == ENR_OK && header.before != journal->tail_sector && !journal->repairing)) {
        return ENR_E_SEAL; /* a sector in between has lost its header */
    }
    if (status != ENR_OK) {
        return status;
    }
    put_32(head, header.epoch);
    put_16(head + 4, sector);
    head[9] = KIND_TAIL;
    do {
        status = head_has_room(journal, 0) ? ENR_OK : sector_open(journal);
        if (status == ENR_OK) {
            status = entry_write(journal, head);
            journal->head_open = status == ENR_OK;
        }
    } while (status == ENR_E_FLASH && journal->clean > 0);
    if (status == ENR_OK) {
        uint32_t old_tail = journal->tail;
        journal->tail = header.epoch;
        journal->tail_sector = journal->kept_tail_sector = sector;
        journal->view_sector = NOWHERE;
        journal->extensions -= journal->gone_extensions;
        journal->gone_before += journal->gone;
        journal->pinned = journal->restarted = journal->stuck = false;
        journal->pin_index = 0;
        follow_copies(journal, old_tail);
        compact_stop(journal);
    }
    return status;
}

/* Whether the session began in a later sector than it could have: those before hold nothing but what earlier sessions
   left, and would be lost until the ring comes round again. */
static enr_status_t left_out(enr_journal_t *journal, bool *out_left_out)
{
    enr_sector_t header;
    enr_status_t status = sector_read(journal, journal->head, &header);
    *out_left_out = status == ENR_OK && journal->head_count <= 1 && sector_free(journal) < ENR_JOURNAL_SPARE &&
                    (header.before + 1u) % journal->sectors != journal->head;
    return status;
}

/* ENR_END: too little is free to begin; a tail that holds nothing needs next to nothing. */
static enr_status_t start(enr_journal_t *journal, bool dead)
{
    bool left = false;
    enr_status_t status = left_out(journal, &left);
    if (status != ENR_OK) {
        return status;
    }
    if ((left && !journal->restarted) || (!dead && sector_free(journal) < RESERVE)) {
        return ENR_END;
    }
    compact_stop(journal);
    journal->compacting = true;
    journal->pack_count = journal->gone = 0;
    journal->gone_extensions = 0;
    if (journal->tail_sector == journal->head) {
        journal->head_open = false;
        status = sector_open(journal);
        journal->compacting = status == ENR_OK;
    }
    return status;
}

/* One entry of the tail, or its end. ENR_OK: the tail has moved. */
static enr_status_t compact_one(enr_journal_t *journal, bool dead)
{
    if (!journal->compacting) {
        enr_status_t status = start(journal, dead);
        return status == ENR_OK ? ENR_READY : status;
    }
    enr_place_t place;
    entry_t entry;
    enr_place_t at = {.epoch = journal->tail, .sector = journal->tail_sector, .index = journal->compact_index};
    enr_status_t status = walk_next(journal, &at, &place, &entry);
    bool passed = status == ENR_END || ((status == ENR_OK || status == ENR_E_SEAL) && place.epoch != journal->tail);
    if (passed) {
        status = flush_pack(journal);
        return status == ENR_OK ? move_tail(journal) : status;
    }
    if (status == ENR_OK) {
        status = keep_entry(journal, &place, &entry);
    } else if (status == ENR_E_SEAL && journal->repairing) {
        status = ENR_OK;
    }
    if (status == ENR_OK) {
        journal->compact_index = at.index;
        return ENR_READY;
    }
    return status;
}

/* Whether the tail holds nothing that lives. Looks at one entry. ENR_OK: it lives; ENR_END: it does not; ENR_READY: not
   known yet. */
static enr_status_t check_tail(enr_journal_t *journal)
{
    if (journal->pinned || journal->tail_sector == journal->head) {
        return ENR_OK;
    }
    enr_place_t place;
    entry_t entry;
    enr_slot_t slot = {0};
    enr_place_t at = {.epoch = journal->tail, .sector = journal->tail_sector, .index = journal->pin_index};
    enr_status_t status = walk_next(journal, &at, &place, &entry);
    if (status == ENR_END || ((status == ENR_OK || status == ENR_E_SEAL) && place.epoch != journal->tail)) {
        return ENR_END;
    }
    if (status == ENR_OK && is_lead(entry.kind)) {
        status = slot_load(journal, place, &slot);
        journal->pinned = status == ENR_E_SEAL || (status == ENR_OK && !slot.gone);
    } else {
        journal->pinned = status == ENR_E_SEAL;
    }
    if (status != ENR_OK && status != ENR_E_SEAL) {
        return status;
    }
    journal->pin_index = at.index;
    return journal->pinned ? ENR_OK : ENR_READY;
}

/* Nothing is left to write to. What a session that was cut left in sectors behind the last one in use can be had by
   beginning another session; once. */
static enr_status_t find_more(enr_journal_t *journal)
{
    if (journal->restarted) {
        journal->stuck = true;
        compact_stop(journal);
        return ENR_READY;
    }
    compact_stop(journal);
    uint32_t tail = journal->tail;
    enr_status_t status = log_locate(journal);
    if (status == ENR_OK && journal->tail == tail) {
        journal->kept_tail_sector = journal->tail_sector; /* we wrote it */
    }
    journal->restarted = journal->wanted = true;
    return status == ENR_OK ? ENR_READY : status;
}

static enr_status_t compact(enr_journal_t *journal, bool dead)
{
    enr_status_t status = compact_one(journal, dead);
    if (status == ENR_END) {
        return find_more(journal);
    }
    if (status == ENR_E_SEAL) {
        journal->stuck = true;
        compact_stop(journal);
        return ENR_READY;
    }
    return status;
}

/* ENR_OK: nothing is to be compacted; otherwise a piece was done, or could not be. */
static enr_status_t compact_if_useful(enr_journal_t *journal)
{
    if (journal->compacting || (!journal->stuck && journal->compact_to > journal->tail)) {
        enr_status_t status = compact(journal, false);
        return status == ENR_OK ? ENR_READY : status;
    }
    enr_status_t status = check_tail(journal);
    bool scarce = sector_free(journal) < ENR_JOURNAL_SPARE + 2 && room_can_be_made(journal);
    if (status == ENR_END || (status == ENR_OK && scarce)) {
        if (journal->stuck) {
            return ENR_OK;
        }
        status = compact(journal, status == ENR_END);
        return status == ENR_OK ? ENR_READY : status;
    }
    return status;
}

/* --- the background --- */

/* Reads one slot of the log into the figures. ENR_OK: all are. */
static enr_status_t count_one(enr_journal_t *journal)
{
    enr_place_t at = journal->count_at;
    enr_place_t place;
    entry_t entry;
    enr_slot_t slot = {0};
    enr_status_t status = walk_next(journal, &at, &place, &entry);
    if (status == ENR_OK && entry.kind == KIND_EXTENSION) {
        journal->extensions += entry.annex_end - entry.annex_at;
    } else if (status == ENR_OK && entry.kind == KIND_TOMBSTONES) {
        journal->tombstones += entry.content_len / TOMBSTONE_LEN;
    } else if (status == ENR_OK && entry.kind != KIND_TAIL) {
        status = slot_load(journal, place, &slot);
        if (status == ENR_OK && slot.gone) {
            bool purged = false;
            status = purge_look(journal, &entry, &purged);
            journal->stats.unpurged += status == ENR_OK && !purged;
            journal->tombstones += status == ENR_OK && slot.until_day != 0;
        } else if (status == ENR_OK) {
            uint16_t annex = 0;
            room_add(journal, slot_size(journal, &slot, true, &annex));
            journal->stats.damaged += slot.content_len == 0;
        }
    }
    if (status == ENR_END) {
        journal->stats.counted = true;
        return ENR_OK;
    }
    if (status == ENR_AGAIN || status == ENR_E_FLASH) {
        return status;
    }
    bool torn = !journal->begun && place.sector == journal->head && place.index + 1u == journal->head_count;
    journal->stats.damaged += status == ENR_E_SEAL && !torn;
    journal->count_at = at;
    return ENR_READY;
}

/* Before the session has begun nothing is written but for somebody who waits. */
static enr_status_t begin_if_wanted(enr_journal_t *journal)
{
    if (journal->begun || !journal->wanted) {
        return ENR_OK;
    }
    enr_status_t status = session_begin(journal, NULL);
    if (status == ENR_AGAIN && journal->clean == 0) {
        status = sector_prepare(journal);
        journal->stuck = status == ENR_OK;
        return status;
    }
    return status == ENR_OK ? ENR_READY : status;
}

/* All free sectors are clean: what they held is gone. */
static enr_status_t prepare(enr_journal_t *journal)
{
    enr_status_t status = sector_prepare(journal);
    if (status == ENR_OK) {
        journal->stats.unpurged -=
            journal->gone_before < journal->stats.unpurged ? journal->gone_before : journal->stats.unpurged;
        journal->gone_before = 0;
    }
    return status;
}

static enr_status_t step(enr_journal_t *journal)
{
    enr_status_t status = journal->erasing == NOWHERE ? ENR_OK : sector_prepare(journal);
    if (status == ENR_OK && !journal->stats.counted) {
        status = count_one(journal);
    }
    if (status == ENR_OK) {
        status = begin_if_wanted(journal);
    }
    if (status == ENR_OK && journal->begun) {
        status = prepare(journal);
        if (status == ENR_OK) {
            status = compact_if_useful(journal);
        }
        if (status == ENR_OK) {
            status = purge_one(journal);
        }
    }
    return status;
}

enr_status_t enr_journal_step(enr_journal_t *journal, uint16_t today)
{
    if (today > journal->today) {
        journal->today = today;
        journal->stuck = false;
    }
    enr_status_t status = step(journal);
    if (status == ENR_OK) {
        journal->stuck = journal->stuck || (journal->wanted && sector_free(journal) <= ENR_JOURNAL_SPARE);
        journal->wanted = false;
        if (journal->repairing && journal->begun && journal->compact_to <= journal->tail) {
            journal->repairing = false;
            journal->stats.damaged = 0;
        }
    }
    return status == ENR_READY ? ENR_AGAIN : status;
}

void enr_journal_repair(enr_journal_t *journal)
{
    journal->repairing = journal->wanted = true;
    journal->stuck = false;
    journal->compact_to = journal->epoch + 1;
}
