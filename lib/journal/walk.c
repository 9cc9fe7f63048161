#include "internal.h"

#include <string.h>

/* Puts a cursor that stands nowhere, or in a sector that is gone, at the tail. ENR_END: there is no log. */
static enr_status_t stand(enr_journal_t *journal, enr_place_t *at)
{
    if (journal->head == NOWHERE) {
        return ENR_END;
    }
    if (at->epoch >= journal->tail && at->epoch != 0) {
        enr_status_t status = sector_view(journal, at->sector);
        if (status == ENR_AGAIN || status == ENR_E_FLASH || (status == ENR_OK && journal->view.epoch == at->epoch)) {
            return status;
        }
    }
    enr_status_t status = sector_view(journal, journal->tail_sector);
    *at = (enr_place_t){.epoch = journal->tail, .sector = journal->tail_sector};
    return status == ENR_AGAIN || status == ENR_E_FLASH ? status : ENR_OK;
}

/* The tail with which the sector in view was left by its session. */
static enr_status_t settle(enr_journal_t *journal, uint32_t tail, uint32_t *out_tail)
{
    enr_sector_t header = journal->view;
    uint16_t sector = journal->view_sector;
    uint32_t session = header.session;
    for (uint16_t i = 0; i < journal->sectors; i++) {
        enr_status_t status = sector_successor(journal, sector, header.epoch, &sector, &header);
        if (status == ENR_END) {
            break;
        }
        if (status != ENR_OK || header.session != session || header.tail > tail) {
            *out_tail = header.tail;
            return status;
        }
    }
    *out_tail = journal->tail;
    return ENR_OK;
}

/* Which copies of the sector in view count: those of a compaction that came to its end in the same session. */
static enr_status_t find_copies(enr_journal_t *journal, uint16_t limit)
{
    uint16_t copies = 0;
    uint32_t tail = journal->view.tail;
    for (uint16_t i = 0; i < limit; i++) {
        entry_t entry;
        enr_status_t status = entry_read(journal, journal->view_sector, &journal->view, i, &entry);
        if (status == ENR_END) {
            break;
        }
        if (status != ENR_OK && status != ENR_E_SEAL) {
            return status;
        }
        if (status == ENR_OK && entry.kind == KIND_TAIL && entry.number > tail) {
            tail = entry.number;
            copies = i;
        }
    }
    uint32_t settled = tail;
    enr_status_t status = settle(journal, tail, &settled);
    journal->view_copies = settled > tail ? limit : copies;
    return status;
}

static enr_status_t counts(enr_journal_t *journal, uint16_t index, uint16_t limit, const entry_t *entry,
                           bool *out_counts)
{
    enr_status_t status = ENR_OK;
    *out_counts = true;
    if (entry->kind == KIND_COPY || entry->kind == KIND_TOMBSTONES) {
        if (journal->view_copies == UNKNOWN) {
            status = find_copies(journal, limit);
        }
        *out_counts = index < journal->view_copies;
    }
    return status;
}

/* To the sector behind the one in which the cursor stands. */
static enr_status_t move_on(enr_journal_t *journal, enr_place_t *at)
{
    enr_sector_t header;
    uint16_t sector = 0;
    enr_status_t status = sector_successor(journal, at->sector, at->epoch, &sector, &header);
    if (status == ENR_OK) {
        *at = (enr_place_t){.epoch = header.epoch, .sector = sector};
        status = sector_view(journal, sector);
    }
    return status;
}

enr_status_t walk_next(enr_journal_t *journal, enr_place_t *at, enr_place_t *out_place, entry_t *out_entry)
{
    enr_status_t status = stand(journal, at);
    while (status == ENR_OK) {
        uint16_t limit = 0;
        if (journal->view_sector == at->sector) {
            status = sector_limit(journal, &limit);
        }
        if (status == ENR_OK && at->index < limit) {
            status = entry_read(journal, at->sector, &journal->view, at->index, out_entry);
        } else if (status == ENR_OK) {
            status = ENR_END;
        }
        if (status == ENR_END) {
            status = move_on(journal, at);
            continue;
        }
        if (status != ENR_OK && status != ENR_E_SEAL) {
            return status;
        }
        bool good = status == ENR_OK;
        status = good ? counts(journal, at->index, limit, out_entry, &good) : ENR_E_SEAL;
        if (status == ENR_OK || status == ENR_E_SEAL) {
            *out_place = *at;
            at->index++;
        }
        if (status == ENR_E_SEAL || (status == ENR_OK && good)) {
            return status;
        }
    }
    return status;
}

bool is_lead(kind_t kind)
{
    return kind == KIND_LEAD || kind == KIND_COPY || kind == KIND_SALVAGE;
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

static enr_status_t look_in_tombstones(enr_journal_t *journal, const enr_place_t *place, const entry_t *entry,
                                       search_t *search)
{
    enr_status_t status = tombstones_open(journal, place, entry);
    for (uint16_t i = 0; status == ENR_OK && i + 8u <= entry->content_len; i = (uint16_t)(i + 8u)) {
        const uint8_t *one = journal->scratch + MARK_HEAD_LEN + i;
        uint16_t day = get_16(one + ENR_JOURNAL_HASH_LEN);
        if (memcmp(one, search->hash, ENR_JOURNAL_HASH_LEN) == 0 && !is_forgotten(journal, day)) {
            search->is_tombstone = true;
            search->until_day = day;
        }
    }
    return status;
}

/* The slot with the largest number counts: compaction writes old ones behind young ones. */
static enr_status_t look_at(enr_journal_t *journal, const enr_place_t *place, const entry_t *entry, search_t *search)
{
    if (is_lead(entry->kind) && entry->number >= search->number &&
        (search->hash == NULL ? entry->number == search->number
                              : memcmp(entry->head + 10, search->hash, ENR_JOURNAL_HASH_LEN) == 0)) {
        search->number = entry->number;
        search->place = *place;
    }
    bool tombstones = search->hash != NULL && entry->kind == KIND_TOMBSTONES;
    return tombstones ? look_in_tombstones(journal, place, entry, search) : ENR_OK;
}

static enr_status_t find(enr_journal_t *journal, search_t search, enr_slot_t *out_slot)
{
    enr_place_t at = {0};
    for (;;) {
        enr_place_t place;
        entry_t entry;
        enr_status_t status = walk_next(journal, &at, &place, &entry);
        if (status == ENR_OK) {
            status = look_at(journal, &place, &entry, &search);
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
