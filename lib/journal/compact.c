#include "internal.h"

#include <string.h>

/* Compaction writes what lives in the oldest sector again, one entry after the other. Each copy makes everything of
   that sector up to its original dead: a cut loses none of the work. */

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

/* --- one entry of the tail --- */

static enr_status_t copy_slot(enr_journal_t *journal, const enr_slot_t *slot)
{
    /* Where little is free, copies take no more than their slots did. */
    enr_status_t status = slot_copy(journal, KIND_COPY, slot, sector_free(journal) >= ENR_JOURNAL_SPARE);
    if (status == ENR_OK) {
        slots_moved(journal, slot->place, head_last(journal));
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
        journal->stats.damaged++;
        journal->stats.bytes -= slot_size(journal, slot) - slot_size(journal, &lost);
    }
    return status;
}

static void forget_one(enr_journal_t *journal)
{
    if (journal->tombstones > 0) {
        journal->tombstones--;
    }
}

/* A tombstone of its own, which has no slot any more. */
static enr_status_t copy_tombstone(enr_journal_t *journal, const uint8_t head[ENTRY_HEAD_LEN])
{
    uint16_t until_day = enr_get_16(head + 4);
    if (until_day != 0 && !is_forgotten(journal, until_day)) {
        return entry_add(journal, head);
    }
    if (until_day != 0) {
        forget_one(journal);
    }
    return ENR_OK;
}

/* A slot that is gone leaves its tombstone. One is written for a while also where none was asked for, when the mark
   that says so was written by an earlier session, and may be torn. */
static enr_status_t keep_tombstone(enr_journal_t *journal, const enr_slot_t *slot)
{
    uint8_t head[ENTRY_HEAD_LEN] = {0};
    enr_put_32(head, slot->number);
    enr_put_16(head + 4, slot->until_day);
    head[9] = KIND_TOMBSTONE;
    memcpy(head + 10, slot->hash, ENR_JOURNAL_HASH_LEN);
    bool sure = slot->last_session == (uint16_t)journal->session;
    bool asked = slot->until_day != 0 && !is_forgotten(journal, slot->until_day);
    enr_status_t status = sure && !asked ? ENR_OK : entry_add(journal, head);
    if (status == ENR_OK) {
        journal->gone_before++;
        if (slot->until_day != 0 && !asked) {
            forget_one(journal);
        }
    }
    return status;
}

/* Something torn may open at one time and not at the next: it is tried again before it counts as damaged. */
static enr_status_t copy_lead(enr_journal_t *journal, enr_place_t place)
{
    enr_slot_t slot = {0};
    enr_status_t loaded = ENR_E_SEAL;
    enr_status_t status = ENR_E_SEAL;
    for (unsigned i = 0; i < TRIES && status == ENR_E_SEAL; i++) {
        loaded = status = slot_load(journal, place, &slot);
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
        room_drop(journal, slot_size(journal, &slot));
        return ENR_OK;
    }
    return copy_without_content(journal, &slot);
}

/* ENR_E_SEAL: it cannot be read, and is not to be dropped. */
static enr_status_t keep_entry(enr_journal_t *journal, const entry_t *entry)
{
    enr_status_t status = ENR_OK;
    if (is_lead(entry->kind)) {
        status = copy_lead(journal, entry->place);
    } else if (entry->kind == KIND_TOMBSTONE) {
        status = copy_tombstone(journal, entry->head);
    } else if (entry->kind == KIND_EXTENSION) {
        journal->gone_extensions += entry->annex_end - entry->annex_at;
    }
    return status == ENR_E_SEAL && journal->repairing ? ENR_OK : status;
}

/* --- the whole tail --- */

/* Everything that lives is copied: the oldest sector is dead. */
static enr_status_t move_tail(enr_journal_t *journal)
{
    enr_sector_t header;
    uint8_t head[ENTRY_HEAD_LEN] = {0};
    enr_status_t status = sector_successor(journal, journal->tail_sector, journal->tail, &header);
    if (status == ENR_END || (status == ENR_OK && header.before != journal->tail_sector && !journal->repairing)) {
        return ENR_E_SEAL; /* a sector in between has lost its header */
    }
    if (status != ENR_OK) {
        return status;
    }
    enr_put_32(head, header.epoch);
    enr_put_16(head + 4, header.sector);
    head[9] = KIND_TAIL;
    status = entry_add(journal, head);
    if (status == ENR_OK) {
        uint16_t free = sector_free(journal);
        journal->tail = header.epoch;
        journal->tail_sector = header.sector;
        journal->tail_index = journal->pin_index = 0;
        sectors_freed(journal, (uint16_t)(sector_free(journal) - free));
        journal->extensions -= /* one that was torn may show now and not when they were counted */
            journal->gone_extensions < journal->extensions ? journal->gone_extensions : journal->extensions;
        journal->gone_extensions = 0;
        journal->compacting = journal->pinned = journal->stuck = false;
    }
    return status;
}

/* The entry of the tail at *index, or the next one that counts; *index is then behind it. ENR_OK; ENR_END: it has no
   more; ENR_E_SEAL: one that is damaged; ENR_AGAIN, ENR_E_FLASH. */
static enr_status_t tail_next(enr_journal_t *journal, uint16_t *index, entry_t *out_entry)
{
    enr_place_t at = {.epoch = journal->tail, .sector = journal->tail_sector, .index = *index};
    enr_status_t status = walk_next(journal, &at, out_entry);
    if ((status == ENR_OK || status == ENR_E_SEAL) && at.epoch != journal->tail) {
        return ENR_END;
    }
    *index = at.index;
    return status;
}

/* One entry of the tail, or its end. ENR_OK: the tail has moved; ENR_READY: not yet; ENR_END: no sector is clean. */
static enr_status_t compact_one(enr_journal_t *journal)
{
    if (journal->tail_sector == journal->head) {
        enr_status_t status = sector_open(journal);
        return status == ENR_OK ? ENR_READY : status;
    }
    entry_t entry;
    uint16_t index = journal->tail_index;
    enr_status_t status = sector_view(journal, journal->tail_sector);
    bool lost = status == ENR_OK ? journal->view.epoch != journal->tail : status == ENR_END || status == ENR_E_SEAL;
    if (lost && !journal->repairing) {
        return ENR_E_SEAL; /* it is kept */
    }
    status = tail_next(journal, &index, &entry);
    journal->compacting = true;
    if (status == ENR_END) {
        return move_tail(journal);
    }
    if (status == ENR_OK) {
        status = keep_entry(journal, &entry);
    } else if (status == ENR_E_SEAL && journal->repairing) {
        status = ENR_OK;
    }
    if (status == ENR_OK) {
        journal->tail_index = index;
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
    entry_t entry;
    enr_slot_t slot = {0};
    uint16_t index = journal->pin_index > journal->tail_index ? journal->pin_index : journal->tail_index;
    enr_status_t status = tail_next(journal, &index, &entry);
    bool lives = status == ENR_E_SEAL;
    if (status == ENR_OK && is_lead(entry.kind)) {
        status = slot_load(journal, entry.place, &slot);
        lives = status == ENR_E_SEAL || !slot.gone;
    }
    if (status != ENR_OK && status != ENR_E_SEAL) {
        return status;
    }
    journal->pinned = lives;
    journal->pin_index = index;
    return lives ? ENR_OK : ENR_READY;
}

/* ENR_READY: a piece was done. Where no sector is clean the step before this one had none to erase. */
static enr_status_t compact(enr_journal_t *journal)
{
    enr_status_t status = compact_one(journal);
    if (status == ENR_END && !journal->wanted) { /* have one erased, and come again */
        journal->wanted = true;
    } else if (status == ENR_END || status == ENR_E_SEAL) {
        journal->stuck = true;
        journal->compacting = false;
    } else if (status != ENR_OK) {
        return status;
    }
    return ENR_READY;
}

/* ENR_OK: nothing is to be compacted; otherwise a piece was done, or could not be. */
static enr_status_t compact_if_useful(enr_journal_t *journal)
{
    if (journal->compacting || (!journal->stuck && journal->compact_to > journal->tail)) {
        return compact(journal);
    }
    enr_status_t status = check_tail(journal);
    bool scarce = sector_free(journal) < ENR_JOURNAL_SPARE + 2 && room_can_be_made(journal);
    if (status == ENR_END || (status == ENR_OK && scarce)) {
        return journal->stuck ? ENR_OK : compact(journal);
    }
    return status;
}

/* --- the background --- */

/* Reads one slot of the log into the figures. ENR_OK: all are. */
static enr_status_t count_one(enr_journal_t *journal)
{
    enr_place_t at = journal->count_at;
    entry_t entry;
    enr_slot_t slot = {0};
    journal->passed_lost = false;
    enr_status_t status = walk_next(journal, &at, &entry);
    bool passed_lost = journal->passed_lost;
    if (status == ENR_OK && entry.kind == KIND_EXTENSION) {
        journal->extensions += entry.annex_end - entry.annex_at;
    } else if (status == ENR_OK && entry.kind == KIND_TOMBSTONE) {
        journal->tombstones += enr_get_16(entry.head + 4) != 0;
    } else if (status == ENR_OK && entry.kind != KIND_TAIL) {
        status = slot_load(journal, entry.place, &slot);
        if (status == ENR_OK && journal->begun) {
            (void)!marks_pin(journal, &slot); /* where that cannot be done now, whoever acts on it does */
        }
        if (status == ENR_OK && slot.gone) {
            status = purge_look(journal, &entry);
            journal->stats.unpurged += status == ENR_READY;
            journal->tombstones += (status == ENR_OK || status == ENR_READY) && slot.until_day != 0;
        } else if (status == ENR_OK) {
            room_add(journal, slot_size(journal, &slot));
            journal->stats.damaged += slot.content_len == 0;
        }
    }
    if (status == ENR_AGAIN || status == ENR_E_FLASH) {
        return status;
    }
    journal->stats.damaged += (status == ENR_E_SEAL && !journal->view_guessed) + (uint32_t)passed_lost;
    if (status == ENR_END) {
        journal->stats.counted = true;
        return ENR_OK;
    }
    journal->count_at = at;
    return ENR_READY;
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

/* Before the session has begun nothing is written but for somebody who waits. */
static enr_status_t step(enr_journal_t *journal)
{
    enr_status_t status = ENR_OK;
    if (journal->erasing != IDLE || (!journal->begun && journal->wanted && !journal->stuck)) {
        status = session_step(journal);
    }
    if (status == ENR_OK && !journal->stats.counted) {
        status = count_one(journal);
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
