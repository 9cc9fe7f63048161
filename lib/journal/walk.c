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
static enr_status_t find_void(enr_journal_t *journal, uint16_t index, uint16_t limit)
{
    uint16_t at = (uint16_t)(index + 1u);
    entry_t entry = {0};
    journal->view_from = journal->view_to = 0;
    for (; at < limit; at++) {
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
    journal->view_void = (uint16_t)(at < limit ? at - entry.void_before : at);
    return ENR_OK;
}

enr_status_t walk_void(enr_journal_t *journal, uint16_t index, bool *out_void)
{
    if (journal->view_sector == journal->head && index >= journal->void_from && index < journal->void_to) {
        *out_void = journal->last.epoch == 0 || index != journal->last.index;
        return ENR_OK;
    }
    uint16_t limit = 0;
    enr_status_t status = sector_limit(journal, &limit);
    if (status == ENR_OK && journal->view_sector != journal->head && index >= journal->view_count) {
        *out_void = true;
        return ENR_OK;
    }
    if (status == ENR_OK && (index < journal->view_from || index >= journal->view_to)) {
        status = find_void(journal, index, limit);
    }
    *out_void = status == ENR_OK && index >= journal->view_void;
    return status;
}

/* To the sector behind the one in which the cursor stands. */
static enr_status_t move_on(enr_journal_t *journal, enr_place_t *at)
{
    enr_sector_t header;
    uint16_t sector = 0;
    enr_status_t status = sector_successor(journal, at->sector, at->epoch, &sector, &header);
    if (status == ENR_OK) {
        journal->passed_lost = journal->passed_lost || header.before != at->sector;
        *at = (enr_place_t){.epoch = header.epoch, .sector = sector};
        status = sector_view(journal, sector);
    }
    return status;
}

/* The entry at the cursor. ENR_READY: there is none that counts; ENR_END: nor behind it in this sector. */
static enr_status_t entry_at_cursor(enr_journal_t *journal, const enr_place_t *at, entry_t *out_entry)
{
    uint16_t limit = 0;
    bool is_void = false;
    if (journal->view_sector != at->sector) {
        journal->passed_lost = true;
        return ENR_END;
    }
    enr_status_t status = sector_limit(journal, &limit);
    if (status != ENR_OK || at->index >= limit) {
        return status != ENR_OK ? status : ENR_END;
    }
    status = entry_read(journal, at->index, out_entry);
    if (status == ENR_END) {
        return ENR_READY; /* a place that a session passed over */
    }
    if (status == ENR_E_SEAL || (status == ENR_OK && out_entry->kind != KIND_EXTENSION)) {
        enr_status_t looked = walk_void(journal, at->index, &is_void);
        status = looked != ENR_OK ? looked : is_void ? ENR_READY : status;
    }
    return status;
}

enr_status_t walk_next(enr_journal_t *journal, enr_place_t *at, enr_place_t *out_place, entry_t *out_entry)
{
    enr_status_t status = stand(journal, at);
    while (status == ENR_OK || status == ENR_READY) {
        status = entry_at_cursor(journal, at, out_entry);
        if (status == ENR_END) {
            status = move_on(journal, at);
            continue;
        }
        *out_place = *at;
        at->index = (uint16_t)(at->index + (status == ENR_OK || status == ENR_READY || status == ENR_E_SEAL));
        if (status != ENR_READY) {
            return status;
        }
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
        enr_place_t place;
        entry_t entry;
        enr_place_t at = cursor->at;
        enr_status_t status = walk_next(journal, &at, &place, &entry);
        if (status == ENR_OK && is_lead(entry.kind)) {
            out_slot->next_held = NULL;
            status = slot_load(journal, place, out_slot);
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

/* What is looked for, and what was found. */
typedef struct {
    const uint8_t *hash; /* NULL: the number */
    uint32_t number;
    enr_place_t place;
    bool is_tombstone; /* there is one that was kept after its slot */
    uint16_t until_day;
} search_t;

/* The slot with the largest number counts: compaction writes old ones behind young ones. */
static void look_at(const enr_journal_t *journal, const enr_place_t *place, const entry_t *entry, search_t *search)
{
    const uint8_t *hash = entry->head + 10;
    if (is_lead(entry->kind) && entry->number >= search->number &&
        (search->hash == NULL ? entry->number == search->number
                              : memcmp(hash, search->hash, ENR_JOURNAL_HASH_LEN) == 0)) {
        search->number = entry->number;
        search->place = *place;
    }
    uint16_t day = enr_get_16(entry->head + 4);
    if (search->hash != NULL && entry->kind == KIND_TOMBSTONE && !is_forgotten(journal, day) &&
        memcmp(hash, search->hash, ENR_JOURNAL_HASH_LEN) == 0) {
        search->is_tombstone = true;
        search->until_day = day;
    }
}

static enr_status_t find(enr_journal_t *journal, search_t search, enr_slot_t *out_slot)
{
    enr_place_t at = {0};
    for (;;) {
        enr_place_t place;
        entry_t entry;
        enr_status_t status = walk_next(journal, &at, &place, &entry);
        if (status == ENR_OK) {
            look_at(journal, &place, &entry, &search);
        }
        if (status == ENR_END) {
            break;
        }
        if (status != ENR_OK && status != ENR_E_SEAL) {
            return status;
        }
    }
    *out_slot = (enr_slot_t){.gone = true, .until_day = search.until_day};
    enr_status_t status = search.place.epoch == 0 ? ENR_END : slot_load(journal, search.place, out_slot);
    bool forgotten = status == ENR_OK && out_slot->gone && is_forgotten(journal, out_slot->until_day);
    if (status == ENR_END && search.is_tombstone) {
        memcpy(out_slot->hash, search.hash, ENR_JOURNAL_HASH_LEN);
        return ENR_OK;
    }
    return forgotten ? ENR_END : status;
}

enr_status_t enr_journal_find(enr_journal_t *journal, const uint8_t hash[ENR_JOURNAL_HASH_LEN], enr_slot_t *out_slot)
{
    return find(journal, (search_t){.hash = hash}, out_slot);
}

enr_status_t enr_journal_find_number(enr_journal_t *journal, uint32_t number, enr_slot_t *out_slot)
{
    return number == 0 ? ENR_END : find(journal, (search_t){.number = number}, out_slot);
}
