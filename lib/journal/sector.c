#include "internal.h"

#include "enrich/crc32.h"

#include <assert.h>
#include <string.h>

#define VERSION 1u
#define HEADER_HEAD_LEN (HEADER_LEN - ENR_SEAL_TAG_LEN)
#define MARKER_LEN 16u

/* A spoiled sector has something in one of the first places of its directory: which one differs from mount to mount, so
   that sessions in a row that were cut there do not program the same unit. */
#define SPOILS 8u

uint32_t sector_at(const enr_journal_t *journal, uint16_t sector)
{
    return sector * journal->config.flash->sector_size;
}

static uint32_t header_at(const enr_journal_t *journal, uint16_t sector)
{
    return sector_at(journal, sector) + journal->align;
}

uint32_t entry_at(const enr_journal_t *journal, uint16_t sector, uint16_t index)
{
    return header_at(journal, sector) + HEADER_LEN + index * ENTRY_LEN;
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

/* --- headers --- */

static bool header_is_proven(enr_journal_t *journal, uint32_t at, const uint8_t *bytes)
{
    enr_seal_place_t place = {.epoch = get_32(bytes + 8), .offset = at, .salt = get_32(bytes + 32)};
    return is_proven(journal, place, bytes, HEADER_HEAD_LEN);
}

/* A header proves itself by a tag of 128 bits, so one wrong bit can be found by trying them all. */
static bool header_is_mended(enr_journal_t *journal, uint32_t at, uint8_t *bytes)
{
    for (size_t bit = 0; bit < 8 * HEADER_LEN; bit++) {
        turn_bit(bytes, bit);
        if (header_is_proven(journal, at, bytes)) {
            return true;
        }
        turn_bit(bytes, bit);
    }
    return false;
}

static unsigned wrong_letters(const uint8_t *bytes)
{
    unsigned wrong = 0;
    for (unsigned i = 0; i < 4; i++) {
        wrong += bytes[i] != "ENRJ"[i];
    }
    return wrong;
}

static enr_status_t decode_header(const enr_journal_t *journal, const uint8_t *bytes, enr_sector_t *out)
{
    *out = (enr_sector_t){.before = get_16(bytes + 6),
                          .epoch = get_32(bytes + 8),
                          .session = get_32(bytes + 12),
                          .tail = get_32(bytes + 16),
                          .number = get_32(bytes + 20),
                          .salt = get_32(bytes + 32),
                          .before_count = get_16(bytes + 36),
                          .tail_sector = get_16(bytes + 38),
                          .erases = get_32(bytes + 40)};
    const enr_flash_t *flash = journal->config.flash;
    bool fits = bytes[5] == journal->align && get_32(bytes + 24) == flash->sector_size &&
                get_32(bytes + 28) == flash->size && out->before < journal->sectors &&
                out->tail_sector < journal->sectors;
    return fits ? ENR_OK : ENR_E_SETTING;
}

enr_status_t sector_read(enr_journal_t *journal, uint16_t sector, enr_sector_t *out_header)
{
    uint8_t bytes[HEADER_LEN];
    uint32_t at = header_at(journal, sector);
    if (sector == journal->erasing) {
        return ENR_END;
    }
    enr_status_t status = flash_read(journal, at, bytes, sizeof bytes);
    if (status != ENR_OK) {
        return status;
    }
    if (is_erased(bytes, sizeof bytes)) {
        return ENR_END;
    }
    unsigned wrong = wrong_letters(bytes);
    if (wrong > 1 || (!header_is_proven(journal, at, bytes) && !header_is_mended(journal, at, bytes))) {
        return wrong == 0 && bytes[4] != VERSION ? ENR_E_VERSION : ENR_E_SEAL;
    }
    return decode_header(journal, bytes, out_header);
}

enr_status_t sector_view(enr_journal_t *journal, uint16_t sector)
{
    if (journal->view_sector == sector) {
        return ENR_OK;
    }
    journal->view_sector = NOWHERE;
    enr_status_t status = sector_read(journal, sector, &journal->view);
    if (status == ENR_OK) {
        journal->view_sector = sector;
        journal->view_limit = UNKNOWN;
        journal->view_copies = UNKNOWN;
    }
    return status;
}

static uint16_t ring_next(const enr_journal_t *journal, uint16_t sector)
{
    return (uint16_t)(sector + 1u == journal->sectors ? 0 : sector + 1u);
}

/* Steps from one sector to another, round the ring. */
static uint16_t ring_steps(const enr_journal_t *journal, uint16_t from, uint16_t to)
{
    return (uint16_t)(to >= from ? to - from : to + journal->sectors - from);
}

/* Whether a header says that a sector between the one it names and its own holds nothing. */
static bool leaves_out(const enr_journal_t *journal, uint16_t its_sector, const enr_sector_t *header, uint16_t sector)
{
    return ring_steps(journal, header->before, its_sector) > ring_steps(journal, sector, its_sector);
}

/* Of several that name the sector as the one before them the newest counts: the others were begun and left. When none
   names it, either the next one's header is lost, or the sector itself was left out. */
enr_status_t sector_successor(enr_journal_t *journal, uint16_t sector, uint32_t epoch, uint16_t *out_sector,
                              enr_sector_t *out_header)
{
    enr_status_t found = ENR_END;
    bool named = false;
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
        bool leaves = leaves_out(journal, at, &header, sector);
        if (names ? !named || header.epoch > out_header->epoch : found == ENR_END) {
            *out_sector = at;
            *out_header = header;
            found = ENR_OK;
        }
        named = named || names;
        if (!names && !leaves) {
            break;
        }
    }
    return found;
}

/* What its successor says of the sector in view: so many of its entries count, or none when it is left out. One that
   names a sector behind this one stands after a header that is lost, and knows nothing of this one. */
enr_status_t sector_limit(enr_journal_t *journal, uint16_t *out_limit)
{
    uint16_t sector = journal->view_sector;
    *out_limit = journal->head_count;
    if (sector == journal->head) {
        return ENR_OK;
    }
    if (journal->view_limit == UNKNOWN) {
        enr_sector_t header;
        uint16_t successor = 0;
        journal->view_limit = sector_entries_max(journal);
        enr_status_t status = sector_successor(journal, sector, journal->view.epoch, &successor, &header);
        if (status != ENR_OK && status != ENR_END) {
            journal->view_limit = UNKNOWN;
            return status;
        }
        if (status == ENR_OK && header.before == sector) {
            journal->view_limit = header.before_count;
        } else if (status == ENR_OK && leaves_out(journal, successor, &header, sector)) {
            journal->view_limit = 0;
        }
    }
    *out_limit = journal->view_limit;
    return ENR_OK;
}

/* --- entries --- */

void entry_decode(const enr_journal_t *journal, uint16_t sector, const uint8_t head[ENTRY_HEAD_LEN], entry_t *out_entry)
{
    memcpy(out_entry->head, head, ENTRY_HEAD_LEN);
    out_entry->number = get_32(head);
    out_entry->content_at = sector_at(journal, sector) + 16u * get_16(head + 4);
    out_entry->content_len = get_16(head + 6);
    out_entry->annex_at = out_entry->content_at;
    if (out_entry->content_len > 0) {
        out_entry->annex_at += padded(journal, out_entry->content_len + ENR_SEAL_TAG_LEN);
    }
    out_entry->annex_end = out_entry->annex_at + 16u * head[8];
    out_entry->kind = (kind_t)head[9];
}

/* Whether an entry that is proven speaks of this sector: somebody with the key may have written anything. */
static bool entry_fits(const enr_journal_t *journal, uint16_t sector, uint16_t index, const entry_t *entry)
{
    uint32_t end = sector_at(journal, sector) + journal->config.flash->sector_size;
    if (entry->kind == KIND_TAIL) {
        return get_16(entry->head + 4) < journal->sectors;
    }
    return entry->kind >= KIND_LEAD && entry->kind <= KIND_TOMBSTONES && entry->number > 0 &&
           entry->content_len <= ENR_JOURNAL_CONTENT_MAX && entry->content_at % journal->align == 0 &&
           entry->content_at >= entry_at(journal, sector, (uint16_t)(index + 1u)) && entry->annex_end <= end &&
           (entry->annex_end - entry->annex_at) % journal->align == 0;
}

enr_status_t entry_read(enr_journal_t *journal, uint16_t sector, const enr_sector_t *header, uint16_t index,
                        entry_t *out_entry)
{
    const enr_place_t *last = &journal->last;
    if (last->epoch != 0 && header->epoch == last->epoch && sector == last->sector && index == last->index) {
        entry_decode(journal, sector, journal->last_head, out_entry);
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
    enr_seal_place_t place = place_of(header, at);
    bool good = is_proven(journal, place, bytes, ENTRY_HEAD_LEN);
    for (size_t bit = 0; !good && bit < 8 * ENTRY_LEN; bit++) {
        turn_bit(bytes, bit);
        good = is_proven(journal, place, bytes, ENTRY_HEAD_LEN);
        if (!good) {
            turn_bit(bytes, bit);
        }
    }
    entry_decode(journal, sector, bytes, out_entry);
    return good && entry_fits(journal, sector, index, out_entry) ? ENR_OK : ENR_E_SEAL;
}

bool head_has_room(const enr_journal_t *journal, uint32_t bytes)
{
    return journal->head_open && journal->head_count < sector_entries_max(journal) &&
           entry_at(journal, journal->head, (uint16_t)(journal->head_count + 1u)) + bytes <= journal->head_low;
}

enr_status_t entry_write(enr_journal_t *journal, const uint8_t head[ENTRY_HEAD_LEN])
{
    uint8_t bytes[ENTRY_LEN];
    uint32_t at = entry_at(journal, journal->head, journal->head_count);
    enr_seal_place_t place = {.epoch = journal->head_epoch, .offset = at, .salt = journal->config.salt};
    memcpy(bytes, head, ENTRY_HEAD_LEN);
    prove(journal, place, bytes, ENTRY_HEAD_LEN);
    enr_status_t status = flash_program(journal, at, bytes, sizeof bytes);
    if (status == ENR_OK) {
        journal->head_count++;
        journal->used = journal->head;
        journal->used_count = journal->head_count;
    }
    return status;
}

/* --- free sectors --- */

static bool is_bad(const enr_journal_t *journal, uint16_t sector)
{
    for (uint16_t i = 0; i < journal->bad_count && i < ENR_JOURNAL_BAD_MAX; i++) {
        if (journal->bad[i] == sector) {
            return true;
        }
    }
    return false;
}

static bool is_passed_over(const enr_journal_t *journal, uint16_t sector)
{
    if (is_bad(journal, sector)) {
        return true;
    }
    return !journal->begun && (journal->guarded[0] == sector || journal->guarded[1] == sector);
}

static uint16_t arc_stop(const enr_journal_t *journal)
{
    return journal->begun ? journal->tail_sector : journal->kept_tail_sector;
}

/* The first free sector behind one, or NOWHERE. */
static uint16_t free_after(const enr_journal_t *journal, uint16_t sector)
{
    for (uint16_t i = 0; i < journal->sectors; i++) {
        sector = ring_next(journal, sector);
        if (sector == arc_stop(journal)) {
            return NOWHERE;
        }
        if (!is_passed_over(journal, sector)) {
            return sector;
        }
    }
    return NOWHERE;
}

static bool is_in_arc(const enr_journal_t *journal, uint16_t sector, uint16_t len)
{
    uint16_t steps = ring_steps(journal, journal->arc, sector);
    return sector != NOWHERE && (steps == 0 ? len == journal->sectors : steps <= len);
}

uint16_t sector_free(const enr_journal_t *journal)
{
    uint16_t stop = arc_stop(journal);
    uint16_t len = journal->sectors;
    if (stop != NOWHERE) {
        uint16_t steps = ring_steps(journal, journal->arc, stop);
        len = (uint16_t)((steps == 0 ? len : steps) - 1u);
    }
    uint16_t free = len;
    for (uint16_t i = 0; i < journal->bad_count && i < ENR_JOURNAL_BAD_MAX; i++) {
        free = (uint16_t)(free - is_in_arc(journal, journal->bad[i], len));
    }
    for (uint16_t i = 0; i < 2 && !journal->begun; i++) {
        free =
            (uint16_t)(free - (is_in_arc(journal, journal->guarded[i], len) && !is_bad(journal, journal->guarded[i])));
    }
    return free;
}

static void give_up(enr_journal_t *journal, uint16_t sector)
{
    journal->bad[journal->bad_count % ENR_JOURNAL_BAD_MAX] = sector;
    journal->bad_count++;
}

void erases_learn(enr_journal_t *journal, uint32_t erases)
{
    enr_journal_stats_t *stats = &journal->stats;
    stats->erases_max = erases > stats->erases_max ? erases : stats->erases_max;
    stats->erases_min = erases < stats->erases_min ? erases : stats->erases_min;
}

static void make_marker(uint32_t erases, uint8_t out[MARKER_LEN])
{
    memcpy(out, "ENRC\0\0\0\0", 8);
    put_32(out + 8, erases);
    put_32(out + 12, enr_crc32(0, (enr_span_t){out, 12}));
}

/* How often a sector was erased, as its clean marker says; 0: it has none. */
static uint32_t marked_erases(const uint8_t *marker)
{
    uint8_t good[MARKER_LEN];
    make_marker(get_32(marker + 8), good);
    return memcmp(marker, good, MARKER_LEN) == 0 ? get_32(marker + 8) : 0;
}

/* Marker, header and the places of spoiling, in one look: a sector whose erase was cut may read differently each time.
 */
static enr_status_t look(enr_journal_t *journal, uint16_t sector, uint32_t *out_erases, bool *out_clean)
{
    uint8_t bytes[UNIT_MAX + HEADER_LEN + SPOILS * ENTRY_LEN];
    size_t len = journal->align + HEADER_LEN + SPOILS * ENTRY_LEN;
    enr_status_t status = flash_read(journal, sector_at(journal, sector), bytes, len);
    if (status == ENR_OK) {
        *out_erases = marked_erases(bytes);
        *out_clean = *out_erases > 0 && is_erased(bytes + MARKER_LEN, len - MARKER_LEN);
    }
    return status;
}

static void encode_header(const enr_journal_t *journal, uint32_t erases, uint8_t out[HEADER_LEN])
{
    const enr_flash_t *flash = journal->config.flash;
    memset(out, 0, HEADER_LEN);
    memcpy(out, "ENRJ", 4);
    out[4] = VERSION;
    out[5] = (uint8_t)journal->align;
    put_16(out + 6, journal->used);
    put_32(out + 8, journal->epoch);
    put_32(out + 12, journal->session);
    put_32(out + 16, journal->tail);
    put_32(out + 20, journal->number);
    put_32(out + 24, flash->sector_size);
    put_32(out + 28, flash->size);
    put_32(out + 32, journal->config.salt);
    put_16(out + 36, journal->used_count);
    put_16(out + 38, journal->tail_sector);
    put_32(out + 40, erases);
}

static enr_status_t write_header(enr_journal_t *journal, uint16_t sector)
{
    uint32_t erases = 0;
    bool clean = false;
    enr_status_t status = look(journal, sector, &erases, &clean);
    if (status != ENR_OK) {
        return status;
    }
    uint8_t bytes[HEADER_LEN];
    uint32_t at = header_at(journal, sector);
    encode_header(journal, erases, bytes);
    prove(journal, (enr_seal_place_t){.epoch = journal->epoch, .offset = at, .salt = journal->config.salt}, bytes,
          HEADER_HEAD_LEN);
    return flash_program(journal, at, bytes, sizeof bytes);
}

/* The first free sector is no longer one. */
static void take_free(enr_journal_t *journal, uint16_t sector)
{
    journal->arc = sector;
    journal->clean = (uint16_t)(journal->clean - (journal->clean > 0));
}

enr_status_t sector_open(enr_journal_t *journal)
{
    while (journal->clean > 0 && journal->epoch < UINT32_MAX &&
           !(journal->compacting && sector_free(journal) <= RESERVE)) {
        uint16_t sector = free_after(journal, journal->arc);
        if (journal->head == NOWHERE) {
            journal->tail = journal->epoch + 1;
            journal->tail_sector = journal->kept_tail_sector = journal->used = sector;
        }
        journal->epoch++;
        enr_status_t status = write_header(journal, sector);
        if (status == ENR_AGAIN) {
            journal->epoch--;
            return status;
        }
        take_free(journal, sector);
        if (status == ENR_OK) {
            journal->head = sector;
            journal->head_count = 0;
            journal->head_open = true;
            journal->head_epoch = journal->epoch;
            journal->head_low = sector_at(journal, sector) + journal->config.flash->sector_size;
            journal->view_sector = NOWHERE;
            return ENR_OK;
        }
        give_up(journal, sector);
    }
    return ENR_END;
}

/* Programs one of the places that tell a clean sector from one that is not. */
static enr_status_t spoil(enr_journal_t *journal, uint16_t sector)
{
    static const uint8_t nothing[UNIT_MAX] = {0};
    return flash_program(journal, entry_at(journal, sector, (uint16_t)(journal->config.salt % SPOILS)), nothing,
                         journal->align);
}

/* Of sectors that look clean only the first one may have been begun, by a session whose first program was cut: each
   session spoils the first one before it does anything else, and can trust the others. */
static enr_status_t spoil_first(enr_journal_t *journal)
{
    bool clean = false;
    uint16_t sector = journal->arc;
    for (uint16_t i = 0; i < journal->sectors && !journal->spoiled && !clean; i++) {
        sector = free_after(journal, sector);
        if (sector == NOWHERE) {
            break;
        }
        uint32_t erases = 0;
        enr_status_t status = look(journal, sector, &erases, &clean);
        if (status != ENR_OK) {
            return status;
        }
    }
    if (clean) {
        enr_status_t status = spoil(journal, sector);
        if (status == ENR_AGAIN) {
            return status;
        }
        if (status != ENR_OK) {
            give_up(journal, sector);
        }
        journal->spoiled_sector = sector;
    }
    journal->spoiled = true;
    return ENR_OK;
}

enr_status_t sector_skip(enr_journal_t *journal)
{
    uint16_t first = free_after(journal, journal->arc);
    uint16_t second = first == NOWHERE ? NOWHERE : free_after(journal, first);
    if (journal->erasing != NOWHERE || second == NOWHERE || sector_free(journal) < ENR_JOURNAL_SPARE + 2) {
        return ENR_AGAIN;
    }
    uint32_t erases = 0;
    bool clean = false;
    enr_status_t status = spoil_first(journal);
    if (status == ENR_OK && journal->spoiled_sector == first) {
        status = look(journal, second, &erases, &clean);
    }
    if (status == ENR_OK && clean) {
        journal->arc = first;
        journal->clean = 1;
        journal->spoiled_sector = NOWHERE;
    }
    return status == ENR_OK && !clean ? ENR_AGAIN : status;
}

/* --- erasing --- */

/* An erase that is cut must not leave what looks clean: what does is spoiled first. */
static enr_status_t start_erase(enr_journal_t *journal, uint16_t sector, bool clean)
{
    if (journal->erases == 0) {
        enr_sector_t header;
        bool known = sector_read(journal, sector, &header) == ENR_OK;
        uint32_t least = journal->stats.erases_min == UINT32_MAX ? 0 : journal->stats.erases_min - 1;
        journal->erases = known ? header.erases : least;
    }
    if (journal->view_sector == sector) {
        journal->view_sector = NOWHERE;
    }
    if (clean) {
        enr_status_t status = spoil(journal, sector);
        if (status == ENR_AGAIN) {
            return status;
        }
    }
    const enr_flash_t *flash = journal->config.flash;
    enr_status_t status = flash->erase_start(flash->ctx, sector_at(journal, sector));
    if (status == ENR_AGAIN) {
        return status;
    }
    if (status != ENR_OK) {
        give_up(journal, sector);
        return status;
    }
    journal->erasing = sector;
    return ENR_AGAIN;
}

static enr_status_t finish_erase(enr_journal_t *journal)
{
    const enr_flash_t *flash = journal->config.flash;
    uint16_t sector = journal->erasing;
    uint8_t marker[MARKER_LEN];
    enr_status_t status = flash->erase_busy(flash->ctx);
    if (status == ENR_AGAIN) {
        return status;
    }
    journal->erasing = NOWHERE;
    if (status == ENR_OK) {
        make_marker(journal->erases + 1, marker);
        status = flash_program(journal, sector_at(journal, sector), marker, sizeof marker);
    }
    if (status != ENR_OK) {
        give_up(journal, sector);
        return ENR_E_FLASH;
    }
    erases_learn(journal, journal->erases + 1);
    journal->clean++;
    if (journal->spoiled_sector == sector) {
        journal->spoiled_sector = NOWHERE;
    }
    return ENR_AGAIN;
}

enr_status_t sector_prepare(enr_journal_t *journal)
{
    if (journal->erasing != NOWHERE) {
        return finish_erase(journal);
    }
    enr_status_t status = spoil_first(journal);
    if (status != ENR_OK) {
        return status;
    }
    uint16_t sector = free_after(journal, journal->arc);
    for (uint16_t i = 0; i < journal->clean && sector != NOWHERE; i++) {
        sector = free_after(journal, sector);
    }
    if (sector == NOWHERE) {
        return ENR_OK;
    }
    bool clean = false;
    status = look(journal, sector, &journal->erases, &clean);
    if (status != ENR_OK) {
        return status;
    }
    if (clean && journal->spoiled_sector == NOWHERE) {
        journal->clean++;
        return ENR_AGAIN;
    }
    return start_erase(journal, sector, clean);
}
