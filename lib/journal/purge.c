#include "internal.h"

#include <string.h>

/* Most bytes of a gap that one step overwrites. */
#define PIECE 2048u

void enr_journal_purge(enr_journal_t *journal)
{
    journal->wanted = true;
    if (journal->config.flash->reprogram) {
        journal->purging = true;
        journal->purge_at = (enr_place_t){0};
    } else {
        journal->compact_to = journal->epoch + 1;
        journal->stuck = false;
    }
}

enr_status_t purge_look(enr_journal_t *journal, const entry_t *entry, bool *out_purged)
{
    uint8_t unit[UNIT_MAX];
    *out_purged = entry->content_len == 0;
    if (*out_purged) {
        return ENR_OK;
    }
    static const uint8_t zeros[UNIT_MAX] = {0};
    enr_status_t status = flash_read(journal, entry->content_at, unit, journal->align);
    *out_purged = memcmp(unit, zeros, journal->align) == 0;
    return status;
}

/* What cannot be overwritten goes with its sector. */
static enr_status_t leave_to_compaction(enr_journal_t *journal, const enr_slot_t *slot)
{
    (void)!compact_until(journal, slot);
    return ENR_OK;
}

/* A slot that is gone. That it is must be certain first: what is overwritten does not come back. Its content's first
   unit goes last, and says that all is done. */
static enr_status_t purge_slot(enr_journal_t *journal, enr_slot_t *slot, const entry_t *entry)
{
    bool purged = false;
    enr_status_t status = purge_look(journal, entry, &purged);
    if (status != ENR_OK || purged) {
        return status;
    }
    status = enr_journal_confirm(journal, slot);
    if (status == ENR_AGAIN || status == ENR_E_FULL || status == ENR_E_SEAL || !slot->gone) {
        return leave_to_compaction(journal, slot);
    }
    if (status == ENR_OK) {
        status = sector_view(journal, slot->place.sector);
    }
    if (status == ENR_OK) {
        status = marks_purge(journal, slot, entry);
        if (status == ENR_E_LIMIT) {
            return leave_to_compaction(journal, slot);
        }
    }
    if (status == ENR_OK) {
        status = flash_zero(journal, entry->content_at, entry->annex_at);
    }
    if (status == ENR_OK) {
        journal->stats.unpurged -= journal->stats.unpurged > 0;
    }
    return status;
}

static enr_status_t purge_entry(enr_journal_t *journal, const enr_place_t *at, const entry_t *entry)
{
    bool counts = false;
    enr_status_t status = walk_counts(journal, at->index, entry, &counts);
    if (status != ENR_OK || !is_lead(entry->kind)) {
        return status;
    }
    if (!counts) {
        return flash_zero(journal, entry->content_at, entry->annex_end);
    }
    enr_slot_t slot = {0};
    status = slot_load(journal, *at, &slot);
    if (status == ENR_OK && slot.gone) {
        return purge_slot(journal, &slot, entry);
    }
    return status == ENR_E_SEAL ? ENR_OK : status;
}

/* To the next sector of the ring that holds something. ENR_END: that was the head. */
static enr_status_t next_sector(enr_journal_t *journal)
{
    enr_place_t *at = &journal->purge_at;
    enr_status_t status = ENR_END;
    while (at->sector != journal->head) {
        at->sector = (uint16_t)((at->sector + 1u) % journal->sectors);
        status = sector_view(journal, at->sector);
        if (status == ENR_AGAIN || status == ENR_E_FLASH) {
            return status;
        }
        if (status == ENR_OK && journal->view.epoch >= journal->tail) {
            break;
        }
        status = ENR_END;
    }
    at->index = 0;
    at->epoch = journal->view.epoch;
    journal->purge_low = sector_at(journal, at->sector) + journal->config.flash->sector_size;
    return status;
}

static enr_status_t stand(enr_journal_t *journal)
{
    enr_place_t *at = &journal->purge_at;
    enr_status_t status = sector_view(journal, at->sector);
    if (status == ENR_AGAIN || status == ENR_E_FLASH) {
        return status;
    }
    if (status == ENR_OK && at->epoch != 0 && journal->view.epoch == at->epoch && at->epoch >= journal->tail) {
        return ENR_OK;
    }
    at->sector = (uint16_t)((journal->tail_sector + journal->sectors - 1u) % journal->sectors);
    return next_sector(journal);
}

/* What lies in a closed sector between its directory and its contents was written by an append that failed or was cut.
 */
static enr_status_t purge_rest(enr_journal_t *journal)
{
    enr_place_t *at = &journal->purge_at;
    uint32_t from = entry_at(journal, at->sector, at->index);
    from = (from + journal->align - 1) / journal->align * journal->align;
    bool open = at->sector == journal->head && journal->head_open;
    if (open || journal->purge_low <= from) {
        return next_sector(journal);
    }
    uint32_t piece = journal->purge_low - from < PIECE ? journal->purge_low - from : PIECE;
    enr_status_t status = flash_zero(journal, journal->purge_low - piece, journal->purge_low);
    if (status == ENR_OK) {
        journal->purge_low -= piece;
    }
    return status;
}

/* One entry, with what lies between its place and that of the entry before it. Of an entry that is damaged nothing is
   known: what lies near its place stays. */
static enr_status_t purge_next(enr_journal_t *journal)
{
    enr_place_t *at = &journal->purge_at;
    entry_t entry;
    uint16_t limit = 0;
    enr_status_t status = stand(journal);
    if (status == ENR_OK) {
        status = sector_limit(journal, &limit);
    }
    if (status == ENR_OK) {
        bool ends = at->index >= sector_entries_max(journal) ||
                    (at->sector == journal->head && at->index >= journal->head_count);
        status = ends ? ENR_END : entry_read(journal, at->sector, &journal->view, at->index, &entry);
        if (status == ENR_END) {
            return purge_rest(journal);
        }
    }
    if (status == ENR_E_SEAL) {
        journal->purge_low = at->index < limit ? 0 : journal->purge_low;
        at->index++;
        return ENR_OK;
    }
    if (status == ENR_OK && entry.kind != KIND_TAIL) {
        if (journal->purge_low > entry.annex_end) {
            status = flash_zero(journal, entry.annex_end, journal->purge_low);
        }
        if (status == ENR_OK) {
            status = purge_entry(journal, at, &entry);
        }
        if (status == ENR_OK) {
            journal->purge_low = entry.content_at;
        }
    }
    at->index = (uint16_t)(at->index + (status == ENR_OK));
    return status;
}

enr_status_t purge_one(enr_journal_t *journal)
{
    if (!journal->purging) {
        return ENR_OK;
    }
    enr_status_t status = purge_next(journal);
    if (status == ENR_END) {
        journal->purging = false;
        return ENR_READY; /* some may have been left to compaction */
    }
    if (status == ENR_E_FLASH) {
        journal->purging = false;
        journal->compact_to = journal->epoch + 1;
    }
    return status == ENR_OK ? ENR_READY : status;
}
