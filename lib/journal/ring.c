#include "internal.h"

#include "enrich/crc32.h"

#include <assert.h>
#include <string.h>

/* Sectors that are erased before they are needed. */
#define CLEAN_AHEAD 2u

#define MARKER_LEN 16u

/* Bytes of a sector's directory that tell whether it holds anything. */
#define LOOK_LEN (8u * ENTRY_LEN)

typedef enum { FOR_HEAD, FOR_DEAD, FOR_SWEEP, FOR_ANCHOR } purpose_t;

uint16_t sector_bad(const enr_journal_t *journal)
{
    return journal->bad_count < ENR_JOURNAL_BAD_MAX ? journal->bad_count : ENR_JOURNAL_BAD_MAX;
}

static bool is_bad(const enr_journal_t *journal, uint16_t sector)
{
    for (uint16_t i = 0; i < sector_bad(journal); i++) {
        if (journal->bad[i] == sector) {
            return true;
        }
    }
    return false;
}

/* The first sector of the arc of free and bad ones between head and tail, and the length of that. */
static uint16_t arc_start(const enr_journal_t *journal)
{
    return journal->head == NOWHERE ? ENR_JOURNAL_ANCHORS : ring_next(journal, journal->head);
}

static uint16_t arc_len(const enr_journal_t *journal)
{
    return journal->head == NOWHERE ? (uint16_t)(journal->sectors - ENR_JOURNAL_ANCHORS)
                                    : ring_steps(journal, arc_start(journal), journal->tail_sector);
}

uint16_t sector_free(const enr_journal_t *journal)
{
    uint16_t start = arc_start(journal);
    uint16_t len = arc_len(journal);
    uint16_t free = len;
    for (uint16_t i = 0; i < sector_bad(journal); i++) {
        if (ring_steps(journal, start, journal->bad[i]) < len) {
            free--;
        }
    }
    return free;
}

/* The free sector with so many of them before it; there are more. */
static uint16_t free_at(const enr_journal_t *journal, uint16_t position)
{
    uint16_t sector = arc_start(journal);
    for (uint16_t i = arc_len(journal); i > 0; i--) {
        if (!is_bad(journal, sector) && position-- == 0) {
            return sector;
        }
        sector = ring_next(journal, sector);
    }
    assert(false);
    return NOWHERE;
}

void sectors_freed(enr_journal_t *journal, uint16_t count)
{
    journal->dirty = (uint16_t)(journal->dirty + count);
}

static void give_up(enr_journal_t *journal, uint16_t sector)
{
    if (!is_bad(journal, sector)) {
        journal->bad[journal->bad_count % ENR_JOURNAL_BAD_MAX] = sector;
        journal->bad_count++;
    }
}

/* --- markers --- */

void erases_learn(enr_journal_t *journal, uint32_t erases)
{
    enr_journal_stats_t *stats = &journal->stats;
    stats->erases_max = erases > stats->erases_max ? erases : stats->erases_max;
    stats->erases_min = erases < stats->erases_min ? erases : stats->erases_min;
}

static void make_marker(uint32_t erases, uint8_t out[MARKER_LEN])
{
    static const uint8_t start[8] = {'E', 'N', 'R', 'C', 1};
    memcpy(out, start, sizeof start);
    enr_put_32(out + 8, erases);
    enr_put_32(out + 12, enr_crc32(0, (enr_span_t){out, 12}));
}

uint32_t marked_erases(const uint8_t *marker)
{
    uint8_t good[MARKER_LEN];
    make_marker(enr_get_32(marker + 8), good);
    return memcmp(marker, good, MARKER_LEN) == 0 ? enr_get_32(marker + 8) : 0;
}

/* --- opening --- */

/* Whether this session has erased, or is to erase, all free sectors: then the fresh ones follow the clean ones. */
static bool all_are_known(const enr_journal_t *journal, uint16_t free)
{
    return journal->clean + journal->fresh + journal->dirty >= free;
}

enr_status_t sector_open(enr_journal_t *journal)
{
    journal->head_open = false;
    for (;;) {
        uint16_t free = sector_free(journal);
        bool all = all_are_known(journal, free);
        if ((journal->clean == 0 && !(all && journal->fresh > 0)) || journal->epoch == UINT32_MAX) {
            return ENR_END;
        }
        uint16_t sector = free_at(journal, 0);
        enr_status_t status = header_write(journal, sector);
        if (status == ENR_AGAIN) {
            return status;
        }
        if (journal->clean > 0) {
            journal->clean--;
        }
        if (all_are_known(journal, free)) {
            journal->fresh = (uint16_t)(free - 1u - journal->clean - journal->dirty);
        }
        journal->epoch++;
        if (status == ENR_OK) {
            if (journal->head == NOWHERE) {
                journal->tail = journal->epoch;
                journal->tail_sector = sector;
            }
            journal->head = sector;
            journal->head_count = 0;
            journal->head_void = journal->void_from = journal->void_to = 0;
            journal->head_open = true;
            journal->head_epoch = journal->epoch;
            journal->head_salt = journal->config.salt;
            journal->head_high = contents_at(journal, sector);
            journal->view_sector = NOWHERE;
            return ENR_OK;
        }
        give_up(journal, sector);
    }
}

bool head_has_room(const enr_journal_t *journal, uint32_t bytes)
{
    uint32_t entries = journal->head_count + (bytes > 0 ? ENTRIES_KEPT : 0);
    return journal->head_open && entries < sector_entries_max(journal) &&
           journal->head_high + bytes <= entry_at(journal, journal->head, (uint16_t)entries);
}

/* --- erasing --- */

/* What shows at the two ends of a sector, and, in journal->erases, how often it was erased: as its marker tells, or as
   is known of the others. ENR_OK: a marker and nothing else; ENR_END: nothing; ENR_READY: something; ENR_AGAIN,
   ENR_E_FLASH. */
static enr_status_t look(enr_journal_t *journal, uint16_t sector)
{
    uint8_t bytes[LOOK_LEN];
    uint32_t at = sector_at(journal, sector);
    enr_status_t status = flash_read(journal, at, bytes, journal->align + HEADER_LEN);
    if (status != ENR_OK) {
        return status;
    }
    uint32_t marked = marked_erases(bytes);
    journal->erases = marked > 0 ? marked : journal->stats.erases_max;
    if (!is_erased(bytes + journal->align, HEADER_LEN)) {
        return ENR_READY;
    }
    status = flash_read(journal, at + journal->config.flash->sector_size - LOOK_LEN, bytes, sizeof bytes);
    if (status == ENR_OK && !is_erased(bytes, sizeof bytes)) {
        return ENR_READY;
    }
    return status == ENR_OK && marked == 0 ? ENR_END : status;
}

static enr_status_t start_erase(enr_journal_t *journal, uint16_t sector, purpose_t purpose)
{
    const enr_flash_t *flash = journal->config.flash;
    enr_status_t status = look(journal, sector);
    if (status == ENR_AGAIN) {
        return status;
    }
    if (journal->view_sector == sector) {
        journal->view_sector = NOWHERE;
    }
    journal->purpose = (uint8_t)purpose;
    status = flash->erase_start(flash->ctx, sector_at(journal, sector));
    if (status == ENR_OK) {
        journal->erasing = sector;
        return ENR_AGAIN;
    }
    return status;
}

/* The sector under way is erased, or is not to be had. */
static enr_status_t finish_erase(enr_journal_t *journal, enr_status_t status, uint16_t sector)
{
    if (status == ENR_OK) {
        uint8_t marker[MARKER_LEN];
        make_marker(journal->erases + 1, marker);
        status = flash_program(journal, sector_at(journal, sector), marker, sizeof marker);
    }
    if (journal->purpose == FOR_DEAD && journal->dirty > 0) {
        journal->dirty--;
    }
    if (status != ENR_OK) {
        give_up(journal, sector);
        return ENR_E_FLASH;
    }
    erases_learn(journal, journal->erases + 1);
    if (journal->purpose == FOR_HEAD) {
        journal->clean++;
        journal->trusting = true;
    } else {
        journal->fresh++;
    }
    return ENR_AGAIN;
}

enr_status_t erase_poll(enr_journal_t *journal, uint16_t *out_anchor)
{
    const enr_flash_t *flash = journal->config.flash;
    uint16_t sector = journal->erasing;
    *out_anchor = ENR_JOURNAL_ANCHORS;
    if (sector == IDLE) {
        return ENR_OK;
    }
    enr_status_t status = flash->erase_busy(flash->ctx);
    if (status == ENR_AGAIN) {
        return status;
    }
    journal->erasing = IDLE;
    if (journal->purpose != FOR_ANCHOR) {
        return finish_erase(journal, status, sector);
    }
    if (status != ENR_OK) {
        journal->anchors_bad |= (uint8_t)(1u << sector);
        return ENR_E_FLASH;
    }
    *out_anchor = sector;
    return ENR_OK;
}

enr_status_t erase_anchor(enr_journal_t *journal, uint8_t anchor)
{
    enr_status_t status = start_erase(journal, anchor, FOR_ANCHOR);
    if (status != ENR_OK && status != ENR_AGAIN) {
        journal->anchors_bad |= (uint8_t)(1u << anchor);
        return ENR_E_FLASH;
    }
    return status;
}

static enr_status_t erase_free(enr_journal_t *journal, uint16_t position, purpose_t purpose)
{
    uint16_t sector = free_at(journal, position);
    enr_status_t status = start_erase(journal, sector, purpose);
    return status == ENR_OK || status == ENR_AGAIN ? status : finish_erase(journal, status, sector);
}

/* What earlier sessions left: dead sectors in a row before the tail, and the one before them, if its erase was cut. */
static enr_status_t sweep(enr_journal_t *journal, uint16_t free)
{
    if (all_are_known(journal, free)) {
        journal->sweeping = false;
        return ENR_OK;
    }
    uint16_t position = (uint16_t)(free - 1u - journal->fresh - journal->dirty);
    enr_status_t status = look(journal, free_at(journal, position));
    if (status == ENR_AGAIN) {
        return status;
    }
    journal->sweeping = status != ENR_OK && status != ENR_END;
    if (status == ENR_OK) {
        return ENR_AGAIN;
    }
    return erase_free(journal, position, FOR_SWEEP);
}

/* Makes the next free sector clean. One that is marked and shows nothing else is, but for the first one behind the
   head: the last session may have begun it without a trace, and its erase may have been cut. */
static enr_status_t prepare_next(enr_journal_t *journal)
{
    enr_status_t status = look(journal, free_at(journal, journal->clean));
    if (status == ENR_OK && journal->trusting) {
        journal->clean++;
        return ENR_AGAIN;
    }
    if (status == ENR_AGAIN) {
        return status;
    }
    return erase_free(journal, journal->clean, FOR_HEAD);
}

static bool is_head_half_full(const enr_journal_t *journal)
{
    return !head_has_room(journal, sector_usable(journal) / 2);
}

enr_status_t sector_prepare(enr_journal_t *journal)
{
    uint16_t free = sector_free(journal);
    if (journal->clean < CLEAN_AHEAD && !all_are_known(journal, free) &&
        (journal->wanted || is_head_half_full(journal))) {
        return prepare_next(journal);
    }
    if (journal->dirty > 0 && journal->dirty <= free) {
        return erase_free(journal, (uint16_t)(free - journal->dirty), FOR_DEAD);
    }
    return journal->sweeping ? sweep(journal, free) : ENR_OK;
}
