#include "internal.h"

#include <string.h>

/* Every session decides, before it writes anything else, which entries of the newest sector count, and where in it
   nothing was ever programmed: what a cut left there may read one way now and another way later. It writes that
   into an anchor that it has erased itself, twice: where the second copy was begun, the first one is whole. */

#define ANCHOR_LEN 80u
#define COPIES 2u

static uint32_t copy_at(const enr_journal_t *journal, uint8_t anchor, unsigned copy)
{
    return sector_at(journal, anchor) + copy * (journal->config.flash->sector_size / COPIES);
}

static const block_t anchor_block = {.letters = {'E', 'N', 'R', 'A'},
                                     .len = ANCHOR_LEN,
                                     .salt_at = 12,
                                     .sizes_at = 16,
                                     .mend_from = 32, /* its version: for other wrong bits there is the other copy */
                                     .mend_to = 40};

static void encode(const enr_journal_t *journal, uint32_t high, uint16_t void_to, uint8_t out[ANCHOR_LEN])
{
    memset(out, 0, ANCHOR_LEN);
    enr_put_16(out + 6, journal->head == NOWHERE ? NO_HEAD : journal->head);
    enr_put_32(out + 24, journal->head_epoch);
    enr_put_32(out + 28, high);
    enr_put_16(out + 32, journal->void_from);
    enr_put_16(out + 34, void_to);
    out[36] = journal->last.epoch != 0;
    enr_put_16(out + 38, journal->last.index);
    enr_put_16(out + 40, journal->last_born);
    memcpy(out + 42, journal->last_head, ENTRY_HEAD_LEN);
}

/* Whether what is proven speaks of this region: somebody with the key may have written anything. */
static bool is_sound(const enr_journal_t *journal, const anchor_t *anchor)
{
    if (anchor->head == NO_HEAD) {
        return !anchor->has_last;
    }
    bool fits = is_in_ring(journal, anchor->head) && anchor->high >= contents_at(journal, anchor->head) &&
                anchor->high <= sector_at(journal, anchor->head) + journal->config.flash->sector_size &&
                anchor->void_from <= anchor->void_to && anchor->void_to <= sector_entries_max(journal) + 1u;
    if (!fits || !anchor->has_last) {
        return fits;
    }
    entry_t last = {.place = {.sector = anchor->head, .index = anchor->last_index}};
    entry_decode(journal, anchor->last_head, &last);
    return anchor->last_index >= anchor->void_from && anchor->last_index < anchor->void_to &&
           last.kind != KIND_EXTENSION && entry_fits(journal, &last);
}

/* ENR_OK; ENR_END: erased; ENR_E_SEAL: something else. */
static enr_status_t copy_read(enr_journal_t *journal, uint8_t anchor, unsigned copy, anchor_t *out)
{
    uint8_t bytes[ANCHOR_LEN];
    enr_status_t status = block_read(journal, &anchor_block, copy_at(journal, anchor, copy), bytes);
    if (status != ENR_OK) {
        return status;
    }
    *out = (anchor_t){.head = enr_get_16(bytes + 6),
                      .session = enr_get_32(bytes + BLOCK_EPOCH_AT),
                      .head_epoch = enr_get_32(bytes + 24),
                      .high = enr_get_32(bytes + 28),
                      .void_from = enr_get_16(bytes + 32),
                      .void_to = enr_get_16(bytes + 34),
                      .has_last = bytes[36] != 0,
                      .last_index = enr_get_16(bytes + 38),
                      .last_born = enr_get_16(bytes + 40)};
    memcpy(out->last_head, bytes + 42, ENTRY_HEAD_LEN);
    return is_sound(journal, out) ? ENR_OK : ENR_E_SEAL;
}

/* Both copies of an anchor. *out_sure: it was written to its end. */
static enr_status_t anchor_read(enr_journal_t *journal, uint8_t anchor, anchor_t *out, bool *out_sure,
                                bool *out_foreign)
{
    anchor_t second;
    enr_status_t first = copy_read(journal, anchor, 0, out);
    if (first != ENR_OK && first != ENR_END && first != ENR_E_SEAL) {
        return first;
    }
    enr_status_t status = copy_read(journal, anchor, 1, &second);
    if (status != ENR_OK && status != ENR_END && status != ENR_E_SEAL) {
        return status;
    }
    *out_sure = status != ENR_END && (first == ENR_OK || status == ENR_OK);
    *out_foreign = *out_foreign || (first == ENR_E_SEAL && status == ENR_E_SEAL);
    if (first != ENR_OK && status == ENR_OK) {
        *out = second;
        return ENR_OK;
    }
    return first;
}

enr_status_t anchors_read(enr_journal_t *journal, anchor_t *out_anchor)
{
    bool foreign = false;
    bool unsure = false;
    uint32_t kept = 0;
    uint32_t newest = 0;
    journal->anchor_kept = journal->anchor_first = ENR_JOURNAL_ANCHORS;
    for (uint8_t i = 0; i < ENR_JOURNAL_ANCHORS; i++) {
        anchor_t anchor;
        bool sure = false;
        enr_status_t status = anchor_read(journal, i, &anchor, &sure, &foreign);
        if (status != ENR_OK && status != ENR_END && status != ENR_E_SEAL) {
            return status;
        }
        if (status == ENR_E_SEAL || (status == ENR_OK && !sure)) {
            journal->anchor_first = i;
            unsure = true;
        }
        if (status == ENR_OK && anchor.session > newest) {
            newest = anchor.session;
            *out_anchor = anchor;
        }
        if (status == ENR_OK && sure && anchor.session > kept) {
            kept = anchor.session;
            journal->anchor_kept = i;
        }
    }
    if (!unsure) {
        journal->anchor_first = (uint8_t)((journal->anchor_kept + 1u) % ENR_JOURNAL_ANCHORS);
    }
    journal->session = newest + 1;
    return newest > 0 ? ENR_OK : foreign ? ENR_E_SEAL : ENR_END;
}

/* --- beginning --- */

/* Where nothing of the head was ever programmed. The first unit of each slot that came to nothing says how far it goes.
   Where none stands, that one unit may have been touched. */
static enr_status_t find_untouched(enr_journal_t *journal, uint32_t *out_high)
{
    uint32_t high = journal->head_high;
    uint32_t end = entry_at(journal, journal->head, journal->head_count) / journal->align * journal->align;
    bool erased = false;
    while (!erased && high < end) {
        uint8_t unit[UNIT_MAX];
        enr_status_t status = flash_read(journal, high, unit, journal->align);
        if (status != ENR_OK) {
            return status;
        }
        uint32_t len = journal->align;
        uint16_t extent = enr_get_16(unit);
        erased = is_erased(unit, journal->align);
        if (!erased && (extent ^ enr_get_16(unit + 2)) == UINT16_MAX && 16u * extent > len) {
            len = padded(journal, (size_t)16 * extent);
        }
        high = len < end - high ? high + len : end;
    }
    *out_high = high;
    return ENR_OK;
}

/* Writes down what this session found, in an anchor that is erased. */
static enr_status_t decide(enr_journal_t *journal, uint8_t at)
{
    bool first = journal->head == NOWHERE;
    uint32_t high = 0;
    enr_status_t status = first ? ENR_OK : find_untouched(journal, &high);
    if (status != ENR_OK) {
        return status;
    }
    uint8_t bytes[ANCHOR_LEN];
    uint16_t void_to = (uint16_t)(journal->head_count + !first);
    encode(journal, high, void_to, bytes);
    for (unsigned copy = 0; status == ENR_OK && copy < COPIES; copy++) {
        status = block_write(journal, &anchor_block, copy_at(journal, at, copy), journal->session, bytes);
    }
    if (status != ENR_OK) {
        journal->anchors_bad |= (uint8_t)(1u << at);
        return status;
    }
    journal->head_high = high;
    journal->head_count = journal->void_to = void_to;
    journal->head_void = (uint16_t)(journal->void_to - journal->void_from);
    journal->head_open = !first && journal->head_void <= VOID_MAX;
    journal->sweeping = !first;
    journal->view_sector = NOWHERE;
    journal->decided = true;
    return ENR_OK;
}

/* The last entry goes into a sector of its own. */
static enr_status_t write_elsewhere(enr_journal_t *journal)
{
    enr_slot_t slot = {0};
    kind_t kind = (kind_t)journal->last_head[9];
    if (!is_lead(kind)) {
        return entry_add(journal, journal->last_head);
    }
    enr_status_t status = slot_load(journal, journal->last, &slot);
    if (slot.gone) { /* nothing but that is of use */
        slot.content_len = 0;
        memset(slot.registers, 0, sizeof slot.registers);
    }
    return status == ENR_OK ? slot_copy(journal, kind, &slot, true) : status;
}

/* What may be torn is written again, from what was read of it once. */
static enr_status_t write_again(enr_journal_t *journal)
{
    enr_status_t status = ENR_END;
    enr_place_t last = journal->last;
    if (journal->head_epoch == last.epoch) {
        status = entry_write(journal, journal->last_head, journal->last_born);
    }
    if (status == ENR_END || status == ENR_E_FLASH) {
        journal->head_open = journal->head_open && journal->head_epoch != last.epoch;
        status = write_elsewhere(journal);
    }
    if (status == ENR_OK) {
        journal->last = (enr_place_t){0};
        journal->view_sector = NOWHERE;
        slots_moved(journal, last, head_last(journal));
    }
    return status;
}

/* The anchor to be written: never the one that counts. ENR_JOURNAL_ANCHORS: none is left. */
static uint8_t next_anchor(const enr_journal_t *journal)
{
    for (uint8_t i = 0; i < ENR_JOURNAL_ANCHORS; i++) {
        uint8_t anchor = (uint8_t)((journal->anchor_first + i) % ENR_JOURNAL_ANCHORS);
        if (anchor != journal->anchor_kept && (journal->anchors_bad >> anchor & 1u) == 0) {
            return anchor;
        }
    }
    return ENR_JOURNAL_ANCHORS;
}

enr_status_t session_step(enr_journal_t *journal)
{
    uint16_t erased = ENR_JOURNAL_ANCHORS;
    enr_status_t status = erase_poll(journal, &erased);
    if (status != ENR_OK || journal->begun) {
        return status;
    }
    if (erased != ENR_JOURNAL_ANCHORS) {
        status = decide(journal, (uint8_t)erased);
    } else if (!journal->decided) {
        uint8_t anchor = next_anchor(journal);
        journal->wanted = anchor != ENR_JOURNAL_ANCHORS; /* else in vain */
        return anchor == ENR_JOURNAL_ANCHORS ? ENR_E_FLASH : erase_anchor(journal, anchor);
    } else {
        status = journal->last.epoch == 0 ? ENR_OK : write_again(journal);
        journal->begun = status == ENR_OK;
        if (status == ENR_END) { /* it needs another sector */
            status = sector_prepare(journal);
            journal->stuck = status == ENR_OK;
        }
    }
    return status == ENR_OK && !journal->begun && !journal->stuck ? ENR_AGAIN : status;
}

enr_status_t session_begin(enr_journal_t *journal)
{
    if (journal->begun) {
        return ENR_OK;
    }
    if (!journal->decided && journal->erasing == IDLE && next_anchor(journal) == ENR_JOURNAL_ANCHORS) {
        return ENR_E_FLASH;
    }
    journal->wanted = true;
    return journal->stuck ? ENR_E_FULL : ENR_AGAIN;
}

void enr_journal_begin(enr_journal_t *journal)
{
    journal->wanted = journal->wanted || !journal->begun;
}
