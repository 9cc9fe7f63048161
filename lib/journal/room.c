#include "internal.h"

#include <assert.h>
#include <string.h>

/* What a sector holds beside slots: the entries that are kept free, and the places that sessions pass over. */
#define OVERHEAD (ENTRIES_KEPT * ENTRY_LEN + 128u)

/* Sectors that so many bytes of slots surely fit into after compaction: each but the last is filled until the largest
   one finds no room. */
static uint32_t sectors_for(const enr_journal_t *journal, uint32_t bytes, uint32_t largest)
{
    uint32_t filled = sector_usable(journal) - OVERHEAD - largest;
    return (bytes + filled - 1) / filled;
}

/* Fewer than the region's, which 32 bits count. */
static uint32_t living_bytes(const enr_journal_t *journal)
{
    return journal->stats.bytes + ENTRY_LEN * journal->tombstones;
}

static uint16_t sectors_allowed(const enr_journal_t *journal)
{
    uint32_t others = sector_bad(journal) + ENR_JOURNAL_SPARE + 1 + ENR_JOURNAL_ANCHORS;
    return (uint16_t)(journal->sectors > others ? journal->sectors - others : 0);
}

enr_status_t room_for(enr_journal_t *journal, uint32_t bytes)
{
    uint16_t free = sector_free(journal);
    bool fits = head_has_room(journal, bytes);
    if (fits ? free >= ENR_JOURNAL_SPARE : free > ENR_JOURNAL_SPARE) {
        return ENR_OK;
    }
    journal->wanted = true;
    uint32_t largest = bytes > journal->stats.largest ? bytes : journal->stats.largest;
    bool full = journal->stats.counted &&
                sectors_for(journal, living_bytes(journal) + bytes, largest) > sectors_allowed(journal);
    return full || journal->stuck ? ENR_E_FULL : ENR_AGAIN;
}

/* Sectors that are in use, and more than compaction would leave. */
bool room_can_be_made(const enr_journal_t *journal)
{
    uint32_t used = journal->sectors - ENR_JOURNAL_ANCHORS - sector_free(journal) - sector_bad(journal);
    return used > sectors_for(journal, living_bytes(journal), journal->stats.largest);
}

/* A slot is in the figures once counting has passed it, or when it is over. */
bool room_counts(const enr_journal_t *journal, enr_place_t place)
{
    const enr_place_t *at = &journal->count_at;
    return journal->stats.counted || place.epoch < at->epoch || (place.epoch == at->epoch && place.index < at->index);
}

void room_add(enr_journal_t *journal, uint32_t bytes)
{
    journal->stats.leads++;
    journal->stats.bytes += bytes;
    if (bytes > journal->stats.largest) {
        journal->stats.largest = bytes;
    }
}

void room_drop(enr_journal_t *journal, uint32_t bytes)
{
    journal->stuck = false;
    journal->stats.leads--;
    journal->stats.bytes -= bytes;
}

/* The bytes of a slot with its entry; 0: too large. annex: bytes that the caller asks for, counted in units of 16, and
   then those that the slot gets. */
static uint32_t slot_bytes(const enr_journal_t *journal, size_t content_len, size_t *annex)
{
    if (content_len == 0 || content_len > ENR_JOURNAL_CONTENT_MAX || *annex > ANNEX_MAX) {
        return 0;
    }
    *annex = padded(journal, *annex < ANNEX_SLACK ? ANNEX_SLACK : *annex) + (journal->align > 16 ? ANNEX_SLACK : 0);
    uint32_t bytes = ENTRY_LEN + content_size(journal, content_len) + (uint32_t)*annex;
    return *annex <= ANNEX_MAX && bytes <= journal->slot_max ? bytes : 0;
}

enr_status_t enr_journal_append(enr_journal_t *journal, enr_span_t content, const uint8_t hash[ENR_JOURNAL_HASH_LEN],
                                size_t annex, enr_slot_t *out_slot)
{
    assert(content.len > 0);
    uint32_t bytes = slot_bytes(journal, content.len, &annex);
    if (bytes == 0) {
        return ENR_E_LIMIT;
    }
    enr_status_t status = session_begin(journal);
    if (status == ENR_OK) {
        status = journal->number == UINT32_MAX ? ENR_E_FULL : room_for(journal, bytes);
    }
    slot_order_t order = {
        .kind = KIND_LEAD, .number = journal->number, .hash = hash, .content = content, .annex = (uint16_t)annex};
    if (status == ENR_OK) {
        status = slot_write(journal, &order);
    }
    if (status != ENR_OK) {
        journal->wanted = journal->wanted || status == ENR_END;
        return status == ENR_END ? ENR_AGAIN : status;
    }
    journal->number++;
    entry_t entry = {.place = head_last(journal), .born = (uint16_t)journal->session};
    entry_decode(journal, order.head, &entry);
    slot_start(out_slot, &entry);
    if (room_counts(journal, out_slot->place)) {
        room_add(journal, bytes);
    }
    return ENR_OK;
}

uint32_t enr_journal_room(const enr_journal_t *journal, size_t content_len, size_t annex)
{
    uint32_t bytes = slot_bytes(journal, content_len, &annex);
    if (bytes == 0) {
        return 0;
    }
    uint32_t usable = sector_usable(journal) - OVERHEAD;
    uint32_t free = sector_free(journal);
    uint32_t now = free > ENR_JOURNAL_SPARE ? (free - ENR_JOURNAL_SPARE) * (usable / bytes) : 0;
    uint32_t largest = bytes > journal->stats.largest ? bytes : journal->stats.largest;
    uint32_t all = sectors_allowed(journal) * (usable - largest);
    uint32_t living = living_bytes(journal);
    uint32_t later = journal->stats.counted && all > living ? (all - living) / bytes : 0;
    return now > later ? now : later;
}

void enr_journal_stats(const enr_journal_t *journal, enr_journal_stats_t *out_stats)
{
    *out_stats = journal->stats;
    out_stats->clean = (uint32_t)(journal->clean + journal->fresh);
    out_stats->bad = sector_bad(journal);
    if (out_stats->erases_max == 0) {
        out_stats->erases_min = 0;
    }
}
