#include "internal.h"

#include <string.h>

bool compact_has_copied(const enr_journal_t *journal, const enr_slot_t *slot)
{
    return journal->compacting && slot->place.sector == journal->tail_sector &&
           slot->place.index < journal->compact_index;
}

void compact_until(enr_journal_t *journal, const enr_slot_t *slot)
{
    journal->wanted = true;
    if (slot->place.epoch >= journal->compact_to) {
        journal->compact_to = slot->place.epoch + 1;
    }
}

/* Reads one slot of the log into the figures. ENR_OK: all are. */
static enr_status_t count_one(enr_journal_t *journal)
{
    enr_place_t at = journal->count_at;
    enr_place_t place;
    entry_t entry;
    enr_slot_t slot;
    enr_status_t status = walk_next(journal, &at, &place, &entry);
    if (status == ENR_OK && entry.kind == KIND_EXTENSION) {
        journal->extensions += entry.annex_end - entry.annex_at;
    } else if (status == ENR_OK && entry.kind != KIND_TAIL && entry.kind != KIND_TOMBSTONES) {
        status = slot_load(journal, place, &slot);
        if (status == ENR_OK && slot.gone) {
            journal->stats.unpurged++;
        } else if (status == ENR_OK) {
            uint16_t annex = 0;
            room_add(journal, slot_size(journal, &slot, &annex));
        }
    }
    if (status == ENR_END) {
        journal->stats.counted = true;
        return ENR_OK;
    }
    if (status == ENR_AGAIN || status == ENR_E_FLASH) {
        return status;
    }
    if (status == ENR_E_SEAL) {
        journal->stats.damaged++;
    }
    journal->count_at = at;
    return ENR_AGAIN;
}

enr_status_t enr_journal_step(enr_journal_t *journal, uint16_t today)
{
    (void)today;
    if (!journal->stats.counted) {
        return count_one(journal);
    }
    if (!journal->begun && (!journal->wanted || journal->clean > 0)) {
        return ENR_OK;
    }
    return sector_prepare(journal);
}

void enr_journal_purge(enr_journal_t *journal)
{
    (void)journal;
}

void enr_journal_repair(enr_journal_t *journal)
{
    (void)journal;
}
