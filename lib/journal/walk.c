#include "internal.h"

#include <string.h>

/* Puts a cursor that stands nowhere, or where everything is dead, at the tail. ENR_END: there is no log. */
static enr_status_t stand(enr_journal_t *journal, enr_place_t *at)
{
    if (journal->head == NOWHERE) {
        return ENR_END;
    }
    enr_status_t status = ENR_END;
    if (at->epoch > journal->tail || (at->epoch == journal->tail && at->index >= journal->tail_index)) {
        status = sector_view(journal, at->sector);
    }
    if (status == ENR_AGAIN || status == ENR_E_FLASH || (status == ENR_OK && journal->view.epoch == at->epoch)) {
        return status;
    }
    status = sector_view(journal, journal->tail_sector);
    if (status == ENR_OK && journal->view.epoch != journal->tail) {
        journal->view_sector = NOWHERE; /* another one stands there: the tail is lost */
    }
    *at = (enr_place_t){.epoch = journal->tail, .sector = journal->tail_sector, .index = journal->tail_index};
    return status == ENR_AGAIN || status == ENR_E_FLASH ? status : ENR_OK;
}

/* Looks for the next entry behind one that makes others void. */
static enr_status_t find_void(enr_journal_t *journal, uint16_t index)
{
    uint16_t at = (uint16_t)(index + 1u);
    entry_t entry = {0};
    journal->view_from = journal->view_to = 0;
    for (; at < journal->view_limit; at++) {
        enr_status_t status = entry_read(journal, at, &entry);
        if (status == ENR_AGAIN || status == ENR_E_FLASH) {
            return status;
        }
        if (status == ENR_OK && entry.void_before > 0 && entry.void_before <= at) {
            break;
        }
    }
    journal->view_from = index;
    journal->view_to = at;
    journal->view_void = (uint16_t)(at < journal->view_limit ? at - entry.void_before : at);
    return ENR_OK;
}

enr_status_t walk_void(enr_journal_t *journal, uint16_t index)
{
    if (journal->view_sector == journal->head && index >= journal->void_from && index < journal->void_to) {
        return journal->last.epoch == 0 || index != journal->last.index ? ENR_READY : ENR_OK;
    }
    enr_status_t status = sector_limit(journal);
    if (status == ENR_OK && index < journal->view_count && (index < journal->view_from || index >= journal->view_to)) {
        status = find_void(journal, index);
    }
    if (status != ENR_OK) {
        return status;
    }
    return index >= journal->view_count || index >= journal->view_void ? ENR_READY : ENR_OK;
}

/* To the sector behind the one in which the cursor stands. */
static enr_status_t move_on(enr_journal_t *journal, enr_place_t *at)
{
    enr_sector_t header;
    enr_status_t status = sector_successor(journal, at->sector, at->epoch, &header);
    if (status == ENR_OK) {
        journal->passed_lost = journal->passed_lost || header.before != at->sector;
        *at = (enr_place_t){.epoch = header.epoch, .sector = header.sector};
        status = sector_view(journal, header.sector);
    }
    return status;
}

/* The entry at the cursor. ENR_READY: there is none that counts; ENR_END: nor behind it in this sector. */
static enr_status_t entry_at_cursor(enr_journal_t *journal, const enr_place_t *at, entry_t *out_entry)
{
    if (journal->view_sector != at->sector) {
        journal->passed_lost = true;
        return ENR_END;
    }
    enr_status_t status = sector_limit(journal);
    if (status != ENR_OK || at->index >= journal->view_limit) {
        return status != ENR_OK ? status : ENR_END;
    }
    status = entry_read(journal, at->index, out_entry);
    if (status == ENR_END) {
        return ENR_READY; /* a place that a session passed over */
    }
    if (status == ENR_E_SEAL || (status == ENR_OK && out_entry->kind != KIND_EXTENSION)) {
        enr_status_t looked = walk_void(journal, at->index);
        status = looked != ENR_OK ? looked : status;
    }
    return status;
}

enr_status_t walk_next(enr_journal_t *journal, enr_place_t *at, entry_t *out_entry)
{
    enr_status_t status = stand(journal, at);
    while (status == ENR_OK) {
        status = entry_at_cursor(journal, at, out_entry);
        if (status == ENR_END) {
            status = move_on(journal, at);
            continue;
        }
        if (status == ENR_AGAIN || status == ENR_E_FLASH) {
            break;
        }
        at->index++;
        if (status != ENR_READY) {
            break;
        }
        status = ENR_OK;
    }
    return status;
}

bool is_lead(kind_t kind)
{
    return kind == KIND_LEAD || kind == KIND_COPY;
}

enr_status_t enr_journal_next(enr_journal_t *journal, enr_cursor_t *cursor, enr_slot_t *out_slot)
{
    for (;;) {
        entry_t entry;
        enr_place_t at = cursor->at;
        enr_status_t status = walk_next(journal, &at, &entry);
        if (status == ENR_OK && is_lead(entry.kind)) {
            out_slot->next_held = NULL;
            status = slot_load(journal, entry.place, out_slot);
        } else if (status == ENR_OK) {
            status = ENR_E_SEAL;
        }
        if (status == ENR_OK || status == ENR_E_SEAL || status == ENR_END) {
            cursor->at = at;
        }
        if (status != ENR_E_SEAL) {
            return status;
        }
    }
}

bool is_forgotten(const enr_journal_t *journal, uint16_t until_day)
{
    return until_day != 0 && until_day < journal->today;
}

/* What was found: the slot with the largest number counts, as compaction writes old ones behind young ones. */
typedef struct {
    uint32_t number;
    enr_place_t place; /* epoch 0: none */
    bool is_tombstone; /* there is one that was kept after its slot */
    uint16_t until_day;
} found_t;

static void look_at(const enr_journal_t *journal, const entry_t *entry, const uint8_t *hash, found_t *found)
{
    bool is_it =
        hash == NULL ? entry->number == found->number : memcmp(entry->head + 10, hash, ENR_JOURNAL_HASH_LEN) == 0;
    uint16_t day = enr_get_16(entry->head + 4);
    if (is_it && is_lead(entry->kind) && entry->number >= found->number) {
        found->number = entry->number;
        found->place = entry->place;
    }
    if (is_it && hash != NULL && entry->kind == KIND_TOMBSTONE && !is_forgotten(journal, day)) {
        found->is_tombstone = true;
        found->until_day = day;
    }
}

/* hash NULL: by the number. */
static enr_status_t find(enr_journal_t *journal, const uint8_t *hash, uint32_t number, enr_slot_t *out_slot)
{
    enr_place_t at = {0};
    found_t found = {.number = number};
    enr_status_t status = ENR_OK;
    while (status == ENR_OK || status == ENR_E_SEAL) {
        entry_t entry;
        status = walk_next(journal, &at, &entry);
        if (status == ENR_OK) {
            look_at(journal, &entry, hash, &found);
        }
    }
    if (status != ENR_END) {
        return status;
    }
    *out_slot = (enr_slot_t){.gone = true, .until_day = found.until_day};
    if (found.place.epoch != 0) {
        status = slot_load(journal, found.place, out_slot);
    }
    if (status == ENR_END && found.is_tombstone) {
        memcpy(out_slot->hash, hash, ENR_JOURNAL_HASH_LEN);
        return ENR_OK;
    }
    return status == ENR_OK && out_slot->gone && is_forgotten(journal, out_slot->until_day) ? ENR_END : status;
}

enr_status_t enr_journal_find(enr_journal_t *journal, const uint8_t hash[ENR_JOURNAL_HASH_LEN], enr_slot_t *out_slot)
{
    return find(journal, hash, 0, out_slot);
}

enr_status_t enr_journal_find_number(enr_journal_t *journal, uint32_t number, enr_slot_t *out_slot)
{
    return number == 0 ? ENR_END : find(journal, NULL, number, out_slot);
}
