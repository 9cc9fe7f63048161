#include "internal.h"

#include <assert.h>
#include <string.h>

/* Sectors with the largest epochs that are remembered at once. */
#define NEWEST 3u

typedef struct {
    uint16_t sector;
    enr_sector_t header;
} found_t;

/* What a sector's directory tells about the end of the log. An entry is needed when a walk must meet it: not a tail,
   which the next header repeats, nor an extension that may be torn, to which marks lead. */
typedef struct {
    uint16_t count;       /* entries up to the last whole one … */
    uint16_t needed;      /* … and up to the last one that is needed … */
    uint16_t needed_more; /* … beside the last whole one */
    bool holds;           /* something in it is in use … */
    bool holds_more;      /* … beside its last entry */
    uint32_t number;
    uint32_t tail;
    uint16_t tail_sector;
    uint16_t kept_tail_sector; /* that no torn entry moved */
    entry_t last;
} survey_t;

static bool is_slot(kind_t kind)
{
    return kind == KIND_LEAD || kind == KIND_SALVAGE;
}

static void survey_entry(survey_t *survey, uint16_t index, const entry_t *entry, bool *copies)
{
    if (survey->count > 0 && survey->last.kind == KIND_EXTENSION) {
        survey->needed = survey->count;
    }
    survey->kept_tail_sector = survey->tail_sector;
    survey->needed_more = survey->needed;
    survey->holds_more = survey->holds;
    if (entry->kind == KIND_LEAD && entry->number >= survey->number) {
        survey->number = entry->number + 1;
    }
    if (is_slot(entry->kind) || entry->kind == KIND_EXTENSION) {
        survey->holds = true;
        survey->needed = is_slot(entry->kind) ? (uint16_t)(index + 1u) : survey->needed;
    } else if (entry->kind != KIND_TAIL) {
        *copies = true;
    } else if (entry->number > survey->tail) {
        survey->tail = entry->number;
        survey->tail_sector = get_16(entry->head + 4);
        survey->holds = survey->holds || *copies;
        survey->needed = *copies ? index : survey->needed;
        *copies = false;
    }
    survey->last = *entry;
    survey->count = (uint16_t)(index + 1u);
}

/* Copies behind the last tail entry count when the tail moved on later in the same session; that it moved on at all
   may be due to a later one, which is no reason to take them for nothing. */
static enr_status_t survey_sector(enr_journal_t *journal, uint16_t sector, const enr_sector_t *header, uint16_t limit,
                                  survey_t *out)
{
    *out = (survey_t){.number = header->number,
                      .tail = header->tail,
                      .tail_sector = header->tail_sector,
                      .kept_tail_sector = header->tail_sector};
    bool copies = false;
    for (uint16_t i = 0; i < limit; i++) {
        entry_t entry;
        enr_status_t status = entry_read(journal, sector, header, i, &entry);
        if (status == ENR_END) {
            break;
        }
        if (status == ENR_OK) {
            survey_entry(out, i, &entry, &copies);
        } else if (status != ENR_E_SEAL) {
            return status;
        }
    }
    if (copies && out->tail < journal->tail) {
        out->holds = out->holds_more = true;
    }
    return ENR_OK;
}

static void keep_newest(found_t found[NEWEST], uint16_t *count, uint16_t sector, const enr_sector_t *header)
{
    uint16_t at = *count < NEWEST ? (*count)++ : NEWEST;
    while (at > 0 && found[at - 1].header.epoch < header->epoch) {
        if (at < NEWEST) {
            found[at] = found[at - 1];
        }
        at--;
    }
    if (at < NEWEST) {
        found[at] = (found_t){.sector = sector, .header = *header};
    }
}

/* Whether a sector that begins like one of ours but does not prove it holds an entry: then it is one of another key's,
   or damaged; a header that a cut interrupted has nothing behind it. */
static enr_status_t is_foreign(enr_journal_t *journal, uint16_t sector, bool *out_foreign)
{
    uint8_t bytes[ENTRY_LEN];
    enr_status_t status = flash_read(journal, entry_at(journal, sector, 0), bytes, sizeof bytes);
    *out_foreign = status == ENR_OK && !is_erased(bytes, sizeof bytes);
    return status;
}

/* The sectors with the largest epochs below a bound, and figures of all. */
static enr_status_t scan(enr_journal_t *journal, uint32_t bound, found_t found[NEWEST], uint16_t *out_count,
                         bool *out_foreign)
{
    *out_count = 0;
    *out_foreign = false;
    for (uint16_t sector = 0; sector < journal->sectors; sector++) {
        enr_sector_t header;
        enr_status_t status = sector_read(journal, sector, &header);
        if (status == ENR_OK) {
            erases_learn(journal, header.erases);
            if (header.epoch > journal->epoch) {
                journal->epoch = header.epoch;
            }
            if (header.epoch < bound) {
                keep_newest(found, out_count, sector, &header);
            }
        } else if (status == ENR_E_SEAL && !*out_foreign) {
            status = is_foreign(journal, sector, out_foreign);
        }
        if (status != ENR_OK && status != ENR_END && status != ENR_E_SEAL) {
            return status;
        }
    }
    return ENR_OK;
}

/* Finds the newest sector with a whole entry. Behind it there may be headers without any, which were begun and never
   used: they are free. ENR_END: there is none. */
static enr_status_t find_head(enr_journal_t *journal, found_t *out_head, uint16_t *out_second, survey_t *out_survey)
{
    found_t found[NEWEST];
    uint16_t count = 0;
    bool foreign = false;
    uint32_t bound = UINT32_MAX;
    do {
        enr_status_t status = scan(journal, bound, found, &count, &foreign);
        for (uint16_t i = 0; status == ENR_OK && i < count; i++) {
            status = survey_sector(journal, found[i].sector, &found[i].header, sector_entries_max(journal), out_survey);
            if (status == ENR_OK && out_survey->count > 0) {
                *out_head = found[i];
                *out_second = i + 1u < count ? found[i + 1u].sector : NOWHERE;
                return ENR_OK;
            }
        }
        if (status != ENR_OK) {
            return status;
        }
        bound = count > 0 ? found[count - 1].header.epoch : 0;
    } while (count == NEWEST);
    return bound == 0 && journal->epoch == 0 && foreign ? ENR_E_SEAL : ENR_END;
}

/* From the head back to the newest sector that holds something, passing over those that a session opened and left
   before anything in them counted. */
static enr_status_t find_used(enr_journal_t *journal, const found_t *head, const survey_t *survey)
{
    bool moves = journal->last.epoch != 0; /* the last slot will be written again */
    bool holds = moves ? survey->holds_more : survey->holds;
    found_t at = *head;
    journal->used = head->sector;
    journal->used_count = moves ? survey->needed_more : survey->needed;
    for (uint16_t i = 0; !holds && i < journal->sectors; i++) {
        if (at.sector == journal->tail_sector || at.header.before == at.sector) {
            return ENR_OK;
        }
        uint16_t before = at.header.before;
        uint16_t count = at.header.before_count;
        enr_status_t status = sector_read(journal, before, &at.header);
        if (status != ENR_OK) {
            return status == ENR_AGAIN || status == ENR_E_FLASH ? status : ENR_OK;
        }
        survey_t earlier;
        status = survey_sector(journal, before, &at.header, sector_entries_max(journal), &earlier);
        if (status != ENR_OK) {
            return status;
        }
        at.sector = journal->used = before;
        journal->used_count = count;
        holds = earlier.holds;
    }
    return ENR_OK;
}

/* The last slot may have been cut unless something was written after it: an entry, or a mark in its annex. */
static enr_status_t find_last(enr_journal_t *journal, const found_t *head, const survey_t *survey)
{
    journal->last = (enr_place_t){0};
    if (!is_slot(survey->last.kind)) {
        return ENR_OK;
    }
    for (uint32_t at = survey->last.annex_at; at < survey->last.annex_end; at += 16) {
        uint8_t bytes[16];
        enr_status_t status = flash_read(journal, at, bytes, sizeof bytes);
        if (status != ENR_OK || !is_erased(bytes, sizeof bytes)) {
            return status;
        }
    }
    journal->last =
        (enr_place_t){.epoch = head->header.epoch, .sector = head->sector, .index = (uint16_t)(survey->count - 1u)};
    memcpy(journal->last_head, survey->last.head, sizeof journal->last_head);
    return ENR_OK;
}

static void start_empty(enr_journal_t *journal)
{
    journal->begun = journal->head_open = false;
    journal->session = 1;
    journal->last = (enr_place_t){0};
    journal->number = 1;
    journal->tail = 0;
    journal->tail_sector = journal->kept_tail_sector = journal->head = NOWHERE;
    journal->used = 0;
    journal->used_count = 0;
    journal->clean = 0;
    journal->spoiled = false;
    journal->spoiled_sector = NOWHERE;
    journal->arc = (uint16_t)(journal->sectors - 1u);
    journal->guarded[0] = journal->guarded[1] = NOWHERE;
    journal->view_sector = NOWHERE;
}

enr_status_t log_locate(enr_journal_t *journal)
{
    found_t head;
    survey_t survey;
    uint16_t second = NOWHERE;
    start_empty(journal);
    enr_status_t status = find_head(journal, &head, &second, &survey);
    if (status != ENR_OK) {
        return status == ENR_END ? ENR_OK : status;
    }
    journal->session = head.header.session + 1;
    journal->number = survey.number;
    journal->tail = survey.tail;
    journal->tail_sector = survey.tail_sector;
    journal->kept_tail_sector = survey.kept_tail_sector;
    journal->head = head.sector;
    journal->head_epoch = head.header.epoch;
    journal->head_count = survey.count;
    status = find_last(journal, &head, &survey);
    if (status == ENR_OK) {
        status = find_used(journal, &head, &survey);
    }
    journal->arc = journal->used;
    journal->guarded[0] = head.sector;
    journal->guarded[1] = survey.count == 1 ? second : NOWHERE;
    if (sector_free(journal) == 0) {
        journal->guarded[1] = NOWHERE;
    }
    return status;
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
           flash->size / flash->sector_size < NOWHERE;
}

enr_status_t enr_journal_mount(enr_journal_t *journal, const enr_journal_config_t *config)
{
    const enr_flash_t *flash = config->flash;
    *journal = (enr_journal_t){.config = *config, .erasing = NOWHERE};
    if (!is_allowed(flash)) {
        return ENR_E_SETTING;
    }
    journal->align = flash->program_unit == UNIT_MAX ? UNIT_MAX : 16;
    journal->sectors = (uint16_t)(flash->size / flash->sector_size);
    journal->slot_max = sector_usable(journal) / 2 / journal->align * journal->align;
    journal->stats.sectors = journal->sectors;
    journal->stats.erases_min = UINT32_MAX;
    enr_status_t status = flash->erase_busy(flash->ctx);
    return status == ENR_AGAIN ? status : log_locate(journal);
}

/* --- the session --- */

/* The last slot of the session before is written again, for it may have been torn. ENR_E_SEAL: it does not open. */
static enr_status_t salvage(enr_journal_t *journal)
{
    enr_slot_t slot;
    enr_place_t place;
    enr_status_t status = slot_load(journal, journal->last, &slot);
    status = status == ENR_END ? ENR_E_SEAL : status;
    if (status == ENR_OK) {
        uint16_t annex = (uint16_t)(16u * slot.shape[4]);
        slot_order_t order = {
            .kind = KIND_SALVAGE, .number = slot.number, .hash = slot.hash, .from = &slot, .annex = annex};
        status = slot_write(journal, &order, &place);
    }
    if (status != ENR_OK) {
        return status;
    }
    if (!journal->stats.counted && room_counts(journal, journal->last)) {
        uint16_t room = 0;
        room_drop(journal, slot_size(journal, &slot, true, &room)); /* it is met again */
    }
    slots_moved(journal, journal->last, place);
    return ENR_OK;
}

/* The record that begins a session when nothing is to be salvaged repeats the tail. */
static enr_status_t repeat_tail(enr_journal_t *journal)
{
    uint8_t head[ENTRY_HEAD_LEN] = {0};
    put_32(head, journal->tail);
    put_16(head + 4, journal->tail_sector);
    head[9] = KIND_TAIL;
    return entry_write(journal, head);
}

/* Opens a sector that no session has begun before: one that was erased by this one, or the second of those that are
   clean. */
static enr_status_t open_first(enr_journal_t *journal)
{
    if (journal->head_open) {
        return ENR_OK;
    }
    enr_status_t status = journal->clean > 0 ? ENR_OK : sector_skip(journal);
    return status == ENR_OK ? sector_open(journal) : status;
}

/* What may be torn is read before the session writes its header, which counts it out. */
static enr_status_t begin_once(enr_journal_t *journal)
{
    enr_slot_t slot;
    bool salvages = journal->last.epoch != 0;
    enr_status_t status = ENR_OK;
    if (salvages) {
        status = slot_load(journal, journal->last, &slot);
        status = status == ENR_END ? ENR_E_SEAL : status;
        if (status == ENR_OK) {
            status = slot_content(journal, &slot);
            enr_wipe(journal->scratch + MARK_HEAD_LEN, slot.content_len);
        }
    }
    if (status == ENR_OK) {
        status = open_first(journal);
    }
    if (status == ENR_OK) {
        status = salvages ? salvage(journal) : repeat_tail(journal);
    }
    return status;
}

enr_status_t session_begin(enr_journal_t *journal, enr_slot_t *slot)
{
    enr_status_t status = ENR_OK;
    bool held = slot == NULL || slot_is_held(journal, slot);
    if (!held) {
        enr_journal_hold(journal, slot);
    }
    for (unsigned i = 0; !journal->begun; i++) {
        status = begin_once(journal);
        if (status == ENR_OK) {
            journal->begun = true;
            journal->last = (enr_place_t){0};
            journal->view_sector = NOWHERE;
        } else if (status == ENR_AGAIN || status == ENR_END) {
            status = journal->stuck ? ENR_E_FULL : ENR_AGAIN;
            journal->wanted = true;
            break;
        } else {
            /* Something reads differently now, or a sector failed: look again. */
            enr_status_t located = log_locate(journal);
            if (i == 3 || located != ENR_OK) {
                status = located != ENR_OK ? located : ENR_E_FLASH;
                break;
            }
        }
    }
    if (!held) {
        enr_journal_release(journal, slot);
    }
    return status;
}
