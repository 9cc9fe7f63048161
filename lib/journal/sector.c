#include "internal.h"

#include <string.h>

/* An entry's proven bytes: its head, the session, and how many before it are void. */
#define ENTRY_PROVEN_LEN (ENTRY_HEAD_LEN + 3u)
#define ENTRY_TAG_LEN (ENTRY_LEN - ENTRY_PROVEN_LEN)

uint32_t sector_at(const enr_journal_t *journal, uint16_t sector)
{
    return sector * journal->config.flash->sector_size;
}

uint32_t header_at(const enr_journal_t *journal, uint16_t sector)
{
    return sector_at(journal, sector) + journal->align;
}

uint32_t contents_at(const enr_journal_t *journal, uint16_t sector)
{
    return header_at(journal, sector) + HEADER_LEN;
}

uint32_t entry_at(const enr_journal_t *journal, uint16_t sector, uint16_t index)
{
    return sector_at(journal, sector) + journal->config.flash->sector_size - (index + 1u) * ENTRY_LEN;
}

uint32_t sector_usable(const enr_journal_t *journal)
{
    return journal->config.flash->sector_size - journal->align - HEADER_LEN;
}

uint16_t sector_entries_max(const enr_journal_t *journal)
{
    uint32_t entries = sector_usable(journal) / ENTRY_LEN;
    return (uint16_t)(entries < ENTRIES_MAX ? entries : ENTRIES_MAX);
}

uint16_t ring_next(const enr_journal_t *journal, uint16_t sector)
{
    uint32_t next = sector + 1u;
    return (uint16_t)(next < journal->sectors ? next : ENR_JOURNAL_ANCHORS);
}

uint16_t ring_steps(const enr_journal_t *journal, uint16_t from, uint16_t to)
{
    return (uint16_t)(to - from + (to >= from ? 0 : journal->sectors - (int)ENR_JOURNAL_ANCHORS));
}

bool is_in_ring(const enr_journal_t *journal, uint16_t sector)
{
    return sector >= ENR_JOURNAL_ANCHORS && sector < journal->sectors;
}

/* --- headers --- */

static const block_t header_block = {
    .letters = {'E', 'N', 'R', 'J'}, .len = HEADER_LEN, .salt_at = 32, .sizes_at = 24, .mend_to = 8 * HEADER_LEN};

enr_status_t header_write(enr_journal_t *journal, uint16_t sector)
{
    bool first = journal->head == NOWHERE;
    uint8_t marker[UNIT_MAX];
    uint8_t bytes[HEADER_LEN] = {0};
    enr_status_t status = flash_read(journal, sector_at(journal, sector), marker, journal->align);
    if (status != ENR_OK) {
        return status;
    }
    enr_put_16(bytes + 6, first ? sector : journal->head);
    enr_put_32(bytes + 12, journal->session);
    enr_put_32(bytes + 16, first ? journal->epoch + 1 : journal->tail);
    enr_put_32(bytes + 20, journal->number);
    enr_put_16(bytes + 36, (uint16_t)(journal->head_count - journal->head_void));
    enr_put_16(bytes + 38, first ? sector : journal->tail_sector);
    enr_put_32(bytes + 40, marked_erases(marker));
    enr_put_16(bytes + 44, journal->tail_index);
    enr_put_16(bytes + 46, journal->head_count);
    return block_write(journal, &header_block, header_at(journal, sector), journal->epoch + 1, bytes);
}

enr_status_t sector_read(enr_journal_t *journal, uint16_t sector, enr_sector_t *out)
{
    uint8_t bytes[HEADER_LEN];
    if (sector == journal->erasing) {
        return ENR_END;
    }
    enr_status_t status = block_read(journal, &header_block, header_at(journal, sector), bytes);
    if (status != ENR_OK) {
        return status;
    }
    *out = (enr_sector_t){.sector = sector,
                          .before = enr_get_16(bytes + 6),
                          .epoch = enr_get_32(bytes + BLOCK_EPOCH_AT),
                          .session = enr_get_32(bytes + 12),
                          .tail = enr_get_32(bytes + 16),
                          .number = enr_get_32(bytes + 20),
                          .salt = enr_get_32(bytes + header_block.salt_at),
                          .before_count = enr_get_16(bytes + 36),
                          .tail_sector = enr_get_16(bytes + 38),
                          .erases = enr_get_32(bytes + 40),
                          .tail_index = enr_get_16(bytes + 44),
                          .before_used = enr_get_16(bytes + 46)};
    bool sound = is_in_ring(journal, out->before) && is_in_ring(journal, out->tail_sector) &&
                 out->before_count <= out->before_used && out->before_used <= sector_entries_max(journal) + 1u &&
                 out->epoch > 0 && out->tail <= out->epoch;
    return sound ? ENR_OK : ENR_E_SEAL;
}

enr_status_t sector_view(enr_journal_t *journal, uint16_t sector)
{
    if (sector != NOWHERE && journal->view_sector == sector) {
        return ENR_OK;
    }
    journal->view_sector = NOWHERE;
    enr_status_t status = sector_read(journal, sector, &journal->view);
    if (status == ENR_OK) {
        journal->view_sector = sector;
        journal->view_limit = UNKNOWN;
        journal->view_from = journal->view_to = 0;
    }
    return status;
}

/* Of sectors that name this one as the one before them the last counts: a session began the others in vain, and could
   not erase them. */
enr_status_t sector_successor(enr_journal_t *journal, uint16_t sector, uint32_t epoch, enr_sector_t *out_header)
{
    enr_status_t found = ENR_END;
    uint16_t at = sector;
    for (uint16_t i = 0; i < journal->sectors && at != journal->head; i++) {
        enr_sector_t header;
        at = ring_next(journal, at);
        enr_status_t status = sector_read(journal, at, &header);
        if (status == ENR_AGAIN || status == ENR_E_FLASH) {
            return status;
        }
        if (status != ENR_OK || header.epoch <= epoch || header.epoch > journal->head_epoch) {
            continue;
        }
        bool names = header.before == sector;
        if (found != ENR_OK || names) {
            *out_header = header;
            found = ENR_OK;
        }
        if (!names) {
            break;
        }
    }
    return found;
}

enr_status_t sector_limit(enr_journal_t *journal)
{
    if (journal->view_sector == journal->head) {
        journal->view_limit = journal->view_count = journal->head_count;
        journal->view_guessed = false;
    } else if (journal->view_limit == UNKNOWN) {
        enr_sector_t header;
        enr_status_t status = sector_successor(journal, journal->view_sector, journal->view.epoch, &header);
        if (status != ENR_OK && status != ENR_END) {
            return status;
        }
        bool known = status == ENR_OK && header.before == journal->view_sector;
        journal->view_guessed = !known;
        journal->view_limit = known ? header.before_used : sector_entries_max(journal);
        journal->view_count = known ? header.before_count : journal->view_limit;
    }
    return ENR_OK;
}

/* --- entries --- */

void entry_decode(const enr_journal_t *journal, const uint8_t head[ENTRY_HEAD_LEN], entry_t *entry)
{
    entry->number = enr_get_32(head);
    entry->content_at = sector_at(journal, entry->place.sector) + 16u * enr_get_16(head + 4);
    entry->content_len = enr_get_16(head + 6);
    entry->kind = (kind_t)head[9];
    entry->void_before = 0;
    memcpy(entry->head, head, ENTRY_HEAD_LEN);
    entry->annex_at = entry->content_at;
    if (is_lead(entry->kind)) {
        entry->annex_at += content_size(journal, entry->content_len);
    }
    entry->annex_end = entry->annex_at + 16u * head[8];
}

bool entry_fits(const enr_journal_t *journal, const entry_t *entry)
{
    if (entry->void_before > entry->place.index) {
        return false;
    }
    if (entry->kind == KIND_TAIL) {
        return is_in_ring(journal, enr_get_16(entry->head + 4));
    }
    if (entry->kind == KIND_TOMBSTONE) {
        return true;
    }
    return (is_lead(entry->kind) || entry->kind == KIND_EXTENSION) && entry->number > 0 &&
           entry->content_len <= ENR_JOURNAL_CONTENT_MAX && entry->content_at % journal->align == 0 &&
           entry->content_at >= contents_at(journal, entry->place.sector) &&
           entry->annex_end <= entry_at(journal, entry->place.sector, entry->place.index) &&
           (entry->annex_end - entry->annex_at) % journal->align == 0;
}

static proof_t entry_proof(enr_seal_place_t place, uint8_t bytes[ENTRY_LEN])
{
    return (proof_t){.place = place, .bytes = bytes, .head_len = ENTRY_PROVEN_LEN, .tag_len = ENTRY_TAG_LEN};
}

enr_status_t entry_read(enr_journal_t *journal, uint16_t index, entry_t *out_entry)
{
    uint16_t sector = journal->view_sector;
    out_entry->place = (enr_place_t){.epoch = journal->view.epoch, .sector = sector, .index = index};
    if (places_equal(&out_entry->place, &journal->last)) {
        entry_decode(journal, journal->last_head, out_entry);
        out_entry->born = journal->last_born;
        return ENR_OK;
    }
    uint8_t bytes[ENTRY_LEN];
    uint32_t at = entry_at(journal, sector, index);
    enr_status_t status = flash_read(journal, at, bytes, sizeof bytes);
    if (status != ENR_OK) {
        return status;
    }
    if (is_erased(bytes, sizeof bytes)) {
        return ENR_END;
    }
    proof_t proof = entry_proof(view_place(journal, at), bytes);
    bool good = is_proven(journal, &proof, 0, 8 * ENTRY_LEN);
    entry_decode(journal, bytes, out_entry);
    out_entry->born = enr_get_16(bytes + ENTRY_HEAD_LEN);
    out_entry->void_before = bytes[ENTRY_HEAD_LEN + 2];
    return good && entry_fits(journal, out_entry) ? ENR_OK : ENR_E_SEAL;
}

enr_status_t entry_write(enr_journal_t *journal, const uint8_t head[ENTRY_HEAD_LEN], uint16_t born)
{
    if (!head_has_room(journal, 0)) {
        return ENR_END;
    }
    uint8_t bytes[ENTRY_LEN];
    uint32_t at = entry_at(journal, journal->head, journal->head_count);
    memcpy(bytes, head, ENTRY_HEAD_LEN);
    enr_put_16(bytes + ENTRY_HEAD_LEN, born);
    bytes[ENTRY_HEAD_LEN + 2] = (uint8_t)journal->head_void;
    proof_t proof = entry_proof(head_place(journal, at), bytes);
    prove(journal, &proof);
    enr_status_t status = flash_program(journal, at, bytes, sizeof bytes);
    if (status == ENR_OK) {
        journal->head_count++;
        journal->head_void = 0;
        if (journal->view_sector == journal->head) {
            journal->view_from = journal->view_to = 0;
        }
    } else if (status == ENR_E_FLASH) {
        journal->head_open = false;
    }
    return status;
}

enr_place_t head_last(const enr_journal_t *journal)
{
    return (enr_place_t){
        .epoch = journal->head_epoch, .sector = journal->head, .index = (uint16_t)(journal->head_count - 1u)};
}

enr_status_t entry_add(enr_journal_t *journal, const uint8_t head[ENTRY_HEAD_LEN])
{
    enr_status_t status = ENR_OK;
    do { /* a head that refuses is closed, and the next sector is one less that is clean */
        status = head_has_room(journal, 0) ? ENR_OK : sector_open(journal);
        status = status == ENR_OK ? entry_write(journal, head, (uint16_t)journal->session) : status;
    } while (status == ENR_E_FLASH);
    return status;
}
