#include "internal.h"

#include <string.h>

/* Most bytes of a gap that one step overwrites. */
#define PIECE 2048u

#define UNKNOWN_GAP UINT32_MAX

void enr_journal_purge(enr_journal_t *journal)
{
    journal->wanted = true;
    journal->stuck = false;
    if (!journal->config.flash->reprogram) {
        journal->compact_to = journal->epoch + 1;
        return;
    }
    journal->purging = true;
    journal->purge_at = journal->purge_owner = (enr_place_t){0};
    if (journal->tail_index > 0 && journal->compact_to <= journal->tail) { /* originals of copies are there */
        journal->compact_to = journal->tail + 1;
    }
}

enr_status_t purge_look(enr_journal_t *journal, const entry_t *entry)
{
    static const uint8_t zeros[UNIT_MAX] = {0};
    uint8_t unit[UNIT_MAX];
    if (entry->content_len == 0) {
        return ENR_OK;
    }
    enr_status_t status = flash_read(journal, entry->content_at, unit, journal->align);
    return status == ENR_OK && memcmp(unit, zeros, journal->align) != 0 ? ENR_READY : status;
}

/* What cannot be overwritten goes with its sector; with all sectors where extensions may lie elsewhere. */
static enr_status_t leave_to_compaction(enr_journal_t *journal, const enr_slot_t *slot, const entry_t *entry)
{
    (void)!compact_until(journal, slot);
    if (slot->annex_end != entry->annex_end) {
        journal->compact_to = journal->epoch + 1;
    }
    return ENR_OK;
}

/* A slot that is gone. That it is must be certain first: what is overwritten does not come back. Its content's first
   unit goes last, and says that all is done. */
static enr_status_t purge_slot(enr_journal_t *journal, enr_slot_t *slot, const entry_t *entry)
{
    enr_status_t status = purge_look(journal, entry);
    if (status != ENR_READY) {
        return status;
    }
    status = enr_journal_confirm(journal, slot);
    if (status == ENR_AGAIN || status == ENR_E_FULL || status == ENR_E_SEAL || !slot->gone) {
        return leave_to_compaction(journal, slot, entry);
    }
    if (status == ENR_OK) {
        status = sector_view(journal, slot->place.sector);
    }
    if (status == ENR_OK) {
        status = marks_purge(journal, slot, entry);
        if (status == ENR_E_LIMIT) {
            return leave_to_compaction(journal, slot, entry);
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

/* To the next sector of the ring that holds something. ENR_END: that was the head. */
static enr_status_t next_sector(enr_journal_t *journal)
{
    enr_place_t *at = &journal->purge_at;
    enr_status_t status = ENR_END;
    while (at->sector != journal->head) {
        at->sector = ring_next(journal, at->sector);
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
    journal->purge_low = contents_at(journal, at->sector);
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
    if (journal->head == NOWHERE) {
        return ENR_END;
    }
    bool first = journal->tail_sector == ENR_JOURNAL_ANCHORS;
    at->sector = (uint16_t)(first ? journal->sectors - 1u : journal->tail_sector - 1u);
    return next_sector(journal);
}

/* Overwrites a piece of what lies before an address, and was looked at by nobody. ENR_OK: there is no more. */
static enr_status_t purge_gap(enr_journal_t *journal, uint32_t end)
{
    if (journal->purge_low == UNKNOWN_GAP || end <= journal->purge_low) {
        return ENR_OK;
    }
    uint32_t piece = end - journal->purge_low < PIECE ? end - journal->purge_low : PIECE;
    enr_status_t status = flash_zero(journal, journal->purge_low, journal->purge_low + piece);
    if (status == ENR_OK) {
        journal->purge_low += piece;
        return journal->purge_low == end ? ENR_OK : ENR_READY;
    }
    return status;
}

/* What an append that failed or was cut left behind the last slot. */
static enr_status_t purge_rest(enr_journal_t *journal, uint16_t count)
{
    enr_place_t *at = &journal->purge_at;
    uint32_t end = entry_at(journal, at->sector, count) + ENTRY_LEN;
    end = at->sector == journal->head && journal->head_high < end ? journal->head_high : end;
    end = end / journal->align * journal->align;
    enr_status_t status = purge_gap(journal, end);
    return status == ENR_OK ? next_sector(journal) : status;
}

/* A slot that counts, once the gap before it is overwritten. */
static enr_status_t purge_lead(enr_journal_t *journal, const entry_t *entry)
{
    enr_slot_t slot = {0};
    enr_status_t status = slot_load(journal, journal->purge_at, &slot);
    if (status == ENR_OK && slot.gone) {
        return purge_slot(journal, &slot, entry);
    }
    return status == ENR_E_SEAL ? ENR_OK : status;
}

/* Whether an entry of the sector in view that is void was written again for the same slot. ENR_OK; ENR_END: it was
   not. */
static enr_status_t find_again(enr_journal_t *journal, const entry_t *entry)
{
    for (uint16_t i = (uint16_t)(entry->place.index + 1u); i < journal->view_limit; i++) {
        entry_t later;
        enr_status_t status = entry_read(journal, i, &later);
        bool again = status == ENR_OK && is_lead(later.kind) && later.content_at == entry->content_at;
        if (again || status == ENR_AGAIN || status == ENR_E_FLASH) {
            return status;
        }
    }
    return ENR_END;
}

/* Whether a later entry of the sector in view lies where an extension's annex does: then this one's entry was torn, and
   nobody saw it when that place was given away. ENR_OK; ENR_END: it does not. */
static enr_status_t find_over(enr_journal_t *journal, const entry_t *extension)
{
    for (uint16_t i = (uint16_t)(extension->place.index + 1u); i < journal->view_limit; i++) {
        entry_t later;
        enr_status_t status = entry_read(journal, i, &later);
        bool lies = status == ENR_OK && (is_lead(later.kind) || later.kind == KIND_EXTENSION);
        if ((lies && later.content_at >= extension->annex_at && later.content_at < extension->annex_end) ||
            status == ENR_AGAIN || status == ENR_E_FLASH) {
            return status;
        }
    }
    return ENR_END;
}

/* Whether the slot that was extended may still be there: a copy has all its registers in its own annex. Looks at one
   entry. ENR_OK: known; ENR_READY: not yet. */
static enr_status_t find_owner(enr_journal_t *journal, const entry_t *extension, bool *out_owned)
{
    entry_t entry;
    enr_status_t status = walk_next(journal, &journal->purge_owner, &entry);
    bool over = status == ENR_END ||
                ((status == ENR_OK || status == ENR_E_SEAL) && entry.place.epoch > journal->purge_at.epoch);
    bool owns = status == ENR_OK && is_lead(entry.kind) && entry.number == extension->number &&
                (entry.place.epoch < journal->purge_at.epoch || entry.content_at < extension->annex_at);
    *out_owned = !over && (owns || status == ENR_E_SEAL); /* of what is damaged nothing is known */
    return over || *out_owned ? ENR_OK : status == ENR_OK ? ENR_READY : status;
}

/* An extension that no slot leads to any more is overwritten. */
static enr_status_t purge_extension(enr_journal_t *journal, const entry_t *extension)
{
    bool owned = true;
    enr_status_t status = find_owner(journal, extension, &owned);
    if (status == ENR_OK && !owned) {
        status = flash_zero(journal, extension->annex_at, extension->annex_end);
    }
    if (status == ENR_OK) {
        journal->purge_owner = (enr_place_t){0};
    }
    return status;
}

/* One entry, with what lies between its slot and the one before it. Of an entry that is damaged nothing is known: what
   lies near its slot stays. What is void or copied is part of such a gap. */
static enr_status_t purge_entry(enr_journal_t *journal, uint16_t index)
{
    entry_t entry;
    enr_status_t status = entry_read(journal, index, &entry);
    if (status == ENR_END) {
        return ENR_OK;
    }
    enr_status_t looked = status == ENR_OK || status == ENR_E_SEAL ? walk_void(journal, index) : status;
    if (looked == ENR_AGAIN || looked == ENR_E_FLASH) {
        return looked;
    }
    bool is_void = looked == ENR_READY;
    if (status == ENR_E_SEAL) {
        journal->purge_low = is_void ? journal->purge_low : UNKNOWN_GAP;
        return ENR_OK;
    }
    bool dead = journal->purge_at.epoch == journal->tail && index < journal->tail_index;
    if (is_void && is_lead(entry.kind) && !dead) {
        status = find_again(journal, &entry);
        if (status != ENR_OK && status != ENR_END) {
            return status;
        }
        dead = status == ENR_END;
    }
    if (entry.kind != KIND_EXTENSION && (!is_lead(entry.kind) || dead)) {
        return ENR_OK;
    }
    if (entry.kind == KIND_EXTENSION) {
        status = find_over(journal, &entry);
        if (status != ENR_END) {
            return status;
        }
    }
    status = purge_gap(journal, entry.content_at);
    if (status == ENR_OK && entry.kind == KIND_EXTENSION) {
        status = purge_extension(journal, &entry);
    } else if (status == ENR_OK && !is_void) {
        status = purge_lead(journal, &entry);
    }
    if (status == ENR_OK && (journal->purge_low < entry.annex_end || journal->purge_low == UNKNOWN_GAP)) {
        journal->purge_low = entry.annex_end;
    }
    return status;
}

static enr_status_t purge_next(enr_journal_t *journal)
{
    enr_status_t status = stand(journal);
    if (status == ENR_OK) {
        status = sector_limit(journal);
    }
    if (status != ENR_OK) {
        return status;
    }
    if (journal->purge_at.index >= journal->view_limit) {
        return purge_rest(journal, journal->view_limit);
    }
    status = purge_entry(journal, journal->purge_at.index);
    journal->purge_at.index = (uint16_t)(journal->purge_at.index + (status == ENR_OK));
    return status == ENR_READY ? ENR_OK : status;
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
