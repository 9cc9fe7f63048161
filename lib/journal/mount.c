#include "internal.h"

#include <assert.h>
#include <string.h>

/* What the newest sector's directory says. */
typedef struct {
    bool good;       /* there is a whole entry */
    uint32_t copied; /* the lead that compaction wrote last, 0: none since the tail moved */
} survey_t;

/* An entry that counts. */
static void survey_entry(enr_journal_t *journal, survey_t *survey, const entry_t *entry)
{
    survey->good = true;
    if (entry->kind == KIND_LEAD && entry->number >= journal->number) {
        journal->number = entry->number + 1;
    } else if (entry->kind == KIND_COPY || entry->kind == KIND_TOMBSTONE) {
        survey->copied = entry->number;
    } else if (entry->kind == KIND_TAIL && entry->number > journal->tail) {
        journal->tail = entry->number;
        journal->tail_sector = enr_get_16(entry->head + 4);
        journal->tail_index = 0;
        survey->copied = 0;
    }
}

/* Places of the head's directory that were programmed: all up to where the last session began, and those behind it up
   to the first erased one. */
static enr_status_t count_places(enr_journal_t *journal, uint16_t known, uint16_t *out_count)
{
    uint16_t max = sector_entries_max(journal);
    *out_count = known < max ? known : max;
    while (*out_count < max) {
        uint8_t bytes[ENTRY_LEN];
        enr_status_t status = flash_read(journal, entry_at(journal, journal->head, *out_count), bytes, sizeof bytes);
        if (status != ENR_OK) {
            return status;
        }
        if (is_erased(bytes, sizeof bytes)) {
            break;
        }
        (*out_count)++;
    }
    return ENR_OK;
}

static void set_last(enr_journal_t *journal, uint16_t index, const uint8_t head[ENTRY_HEAD_LEN], uint16_t born)
{
    journal->last = (enr_place_t){.epoch = journal->head_epoch, .sector = journal->head, .index = index};
    memcpy(journal->last_head, head, ENTRY_HEAD_LEN);
    journal->last_born = born;
}

/* The last whole entry from a place on that is no extension. It may be torn: it is looked at this once, and believed
   then. *out_good: there is a whole one of any kind. */
static enr_status_t find_last(enr_journal_t *journal, uint16_t from, bool *out_good)
{
    *out_good = false;
    for (uint16_t i = journal->head_count; i > from; i--) {
        entry_t entry;
        uint16_t index = (uint16_t)(i - 1u);
        enr_status_t status = entry_read(journal, index, &entry);
        if (status == ENR_AGAIN || status == ENR_E_FLASH) {
            return status;
        }
        *out_good = *out_good || status == ENR_OK;
        if (status == ENR_OK && entry.kind != KIND_EXTENSION) {
            set_last(journal, index, entry.head, entry.born);
            journal->void_from = (uint16_t)(index - entry.void_before);
            break;
        }
    }
    return ENR_OK;
}

/* Of entries below `known` the anchor has told where contents go on. One of them that was torn may show now and then,
   and ends in the middle of what came later. */
static enr_status_t survey_entries(enr_journal_t *journal, uint16_t known, survey_t *survey)
{
    for (uint16_t i = 0; i < journal->head_count; i++) {
        entry_t entry;
        enr_status_t status = entry_read(journal, i, &entry);
        bool good = status == ENR_OK;
        if (good && entry.kind != KIND_EXTENSION) { /* marks lead to those, whoever came later */
            status = walk_void(journal, i);
        }
        if (status == ENR_AGAIN || status == ENR_E_FLASH) {
            return status;
        }
        bool lies = good && (is_lead(entry.kind) || entry.kind == KIND_EXTENSION);
        if (lies && i >= known && entry.annex_end > journal->head_high) {
            journal->head_high = entry.annex_end;
        }
        if (status == ENR_OK) {
            survey_entry(journal, survey, &entry);
        }
    }
    return ENR_OK;
}

/* Reads the sector in view as the head. anchor: the newest one, if it speaks of this sector, or NULL. */
static enr_status_t survey_head(enr_journal_t *journal, const anchor_t *anchor, survey_t *out)
{
    const enr_sector_t *header = &journal->view;
    uint16_t known = anchor == NULL ? 0 : anchor->void_to;
    *out = (survey_t){0};
    journal->head = journal->view_sector;
    journal->head_epoch = header->epoch;
    journal->head_salt = header->salt;
    journal->head_high = anchor == NULL ? contents_at(journal, journal->head) : anchor->high;
    journal->number = header->number;
    journal->tail = header->tail;
    journal->tail_sector = header->tail_sector;
    journal->tail_index = header->tail_index;
    journal->last = (enr_place_t){0};
    journal->void_from = anchor == NULL ? 0 : anchor->void_from;
    enr_status_t status = count_places(journal, known, &journal->head_count);
    journal->void_to = journal->head_count;
    if (status == ENR_OK) {
        status = find_last(journal, known, &out->good);
    }
    if (status == ENR_OK && anchor != NULL && anchor->has_last && journal->last.epoch == 0) {
        set_last(journal, anchor->last_index, anchor->last_head, anchor->last_born);
        out->good = true;
    }
    return status == ENR_OK ? survey_entries(journal, known, out) : status;
}

/* Compaction had come so far: what was copied is dead where it was. */
static enr_status_t find_copied(enr_journal_t *journal, uint32_t number)
{
    enr_status_t status = number == 0 ? ENR_END : sector_view(journal, journal->tail_sector);
    if (status == ENR_OK) {
        status = journal->view.epoch == journal->tail ? sector_limit(journal) : ENR_END;
    }
    for (uint16_t i = journal->tail_index; status == ENR_OK && i < journal->view_limit; i++) {
        entry_t entry;
        status = entry_read(journal, i, &entry);
        if (status == ENR_OK && entry.number == number && (is_lead(entry.kind) || entry.kind == KIND_TOMBSTONE)) {
            journal->tail_index = (uint16_t)(i + 1u);
        }
        status = status == ENR_AGAIN || status == ENR_E_FLASH ? status : ENR_OK;
    }
    return status == ENR_AGAIN || status == ENR_E_FLASH ? status : ENR_OK;
}

/* Whether a sector that begins like one of ours but does not prove it holds an entry: then it is one of another key's,
   or damaged; a header that a cut interrupted has nothing behind it. */
static enr_status_t is_foreign(enr_journal_t *journal, uint16_t sector, bool *out_foreign)
{
    uint8_t bytes[ENTRY_LEN];
    enr_status_t status = flash_read(journal, header_at(journal, sector), bytes, 4);
    if (status == ENR_OK && memcmp(bytes, "ENRJ", 4) == 0) {
        status = flash_read(journal, entry_at(journal, sector, 0), bytes, sizeof bytes);
        *out_foreign = status == ENR_OK && !is_erased(bytes, sizeof bytes);
    }
    return status;
}

/* The sector with the largest epoch below a bound. One of an earlier session that is newer than the sector in which the
   last one began was left out by it. ENR_END: there is none. */
static enr_status_t find_newest(enr_journal_t *journal, uint32_t bound, const anchor_t *anchor, uint16_t *out_sector,
                                uint32_t *out_epoch, bool *out_foreign)
{
    *out_sector = NOWHERE;
    *out_epoch = 0;
    *out_foreign = false;
    for (uint16_t sector = ENR_JOURNAL_ANCHORS; sector < journal->sectors; sector++) {
        enr_sector_t header;
        enr_status_t status = sector_read(journal, sector, &header);
        if (status == ENR_OK) {
            erases_learn(journal, header.erases);
            journal->epoch = header.epoch > journal->epoch ? header.epoch : journal->epoch;
            bool left_out = anchor != NULL && header.session < anchor->session && header.epoch > anchor->head_epoch;
            if (header.epoch < bound && header.epoch > *out_epoch && !left_out) {
                *out_sector = sector;
                *out_epoch = header.epoch;
            }
        } else if (status == ENR_E_SEAL && !*out_foreign) {
            status = is_foreign(journal, sector, out_foreign);
        }
        if (status != ENR_OK && status != ENR_END && status != ENR_E_SEAL) {
            return status;
        }
    }
    return *out_sector == NOWHERE ? ENR_END : ENR_OK;
}

/* Finds the newest sector with a whole entry. Behind it there may be headers without any, which were begun and never
   used: they are free. */
static enr_status_t locate(enr_journal_t *journal, const anchor_t *anchor)
{
    uint32_t bound = UINT32_MAX;
    bool foreign = false;
    for (;;) {
        uint16_t sector = NOWHERE;
        survey_t survey;
        enr_status_t status = find_newest(journal, bound, anchor, &sector, &bound, &foreign);
        if (status == ENR_END) {
            journal->head = NOWHERE;
            journal->last = (enr_place_t){0};
            return journal->epoch == 0 && anchor == NULL && foreign ? ENR_E_SEAL : ENR_OK;
        }
        if (status == ENR_OK) {
            status = sector_view(journal, sector);
        }
        if (status == ENR_OK) {
            bool known = anchor != NULL && anchor->head == sector && anchor->head_epoch == bound;
            status = survey_head(journal, known ? anchor : NULL, &survey);
        }
        if (status == ENR_OK && survey.good) {
            return find_copied(journal, survey.copied);
        }
        if (status != ENR_OK && status != ENR_END && status != ENR_E_SEAL) {
            return status;
        }
    }
}

static bool is_power_of_two(uint32_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

static bool is_allowed(const enr_flash_t *flash)
{
    return is_power_of_two(flash->program_unit) && flash->program_unit <= UNIT_MAX && flash->page_size > 0 &&
           flash->page_size % flash->program_unit == 0 && flash->sector_size >= 1024 && flash->sector_size <= 1048576 &&
           flash->sector_size % flash->page_size == 0 && flash->sector_size % UNIT_MAX == 0 &&
           flash->size % flash->sector_size == 0 && flash->size / flash->sector_size >= ENR_JOURNAL_SECTORS_MIN &&
           flash->size / flash->sector_size < UINT16_MAX;
}

enr_status_t enr_journal_mount(enr_journal_t *journal, const enr_journal_config_t *config)
{
    const enr_flash_t *flash = config->flash;
    *journal = (enr_journal_t){.config = *config, .erasing = IDLE, .number = 1};
    if (!is_allowed(flash)) {
        return ENR_E_SETTING;
    }
    journal->align = flash->program_unit == UNIT_MAX ? UNIT_MAX : 16;
    journal->sectors = (uint16_t)(flash->size / flash->sector_size);
    journal->slot_max = sector_usable(journal) / 2 / journal->align * journal->align;
    journal->stats.sectors = journal->sectors;
    journal->stats.erases_min = UINT32_MAX;
    enr_status_t status = flash->erase_busy(flash->ctx);
    anchor_t anchor;
    if (status != ENR_AGAIN) {
        status = anchors_read(journal, &anchor);
    }
    if (status == ENR_OK || status == ENR_END) {
        status = locate(journal, status == ENR_OK ? &anchor : NULL);
    }
    return status;
}
