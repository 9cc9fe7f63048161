#include "internal.h"

#include "enrich/crc32.h"

#include <assert.h>
#include <string.h>

#define EXISTS 0x80u
#define LINKS_MAX 64u
#define PURGE_LINKS 8u

typedef struct {
    mark_kind_t kind;
    uint8_t number; /* of the register */
    uint8_t sequence;
    uint16_t len; /* of the data; continued: index of the extension's entry */
    uint16_t session;
    uint32_t value;
} mark_t;

/* Reading the marks of one slot, in order. */
typedef struct {
    enr_slot_t *slot;
    uint8_t proof[ENTRY_HEAD_LEN + MARK_HEAD_LEN]; /* what a mark's tag is bound to */
    mark_t pending;                                /* the last one, which a later session may have written again */
    uint32_t pending_at;
    bool has_pending;
    bool broken; /* one is missing */

    /* of the annex read last */
    bool holds;
    uint32_t next;
    mark_t link; /* where it goes on; kind MARK_STILL: nowhere */
} reader_t;

static void encode(const mark_t *mark, uint8_t out[MARK_HEAD_LEN])
{
    out[0] = (uint8_t)((unsigned)mark->number << 6 | (unsigned)mark->kind << 4 | (unsigned)mark->len >> 8);
    out[1] = (uint8_t)mark->len;
    out[2] = mark->sequence;
    enr_put_16(out + 3, (uint16_t)mark->value);
    out[5] = (uint8_t)(mark->value >> 16);
    enr_put_16(out + 6, mark->session);
}

static mark_t decode(const uint8_t *head)
{
    return (mark_t){.kind = (mark_kind_t)(head[0] >> 4 & 3u),
                    .number = head[0] >> 6,
                    .len = (uint16_t)((head[0] & 15u) << 8 | head[1]),
                    .sequence = head[2],
                    .value = enr_get_16(head + 3) | (uint32_t)head[5] << 16,
                    .session = enr_get_16(head + 6)};
}

static bool has_data(const mark_t *mark)
{
    return mark->kind == MARK_SET && mark->len > 0;
}

uint32_t mark_size(const enr_journal_t *journal, size_t data_len)
{
    return padded(journal, MARK_HEAD_LEN + (data_len == 0 ? MARK_TAG_LEN : data_len + ENR_SEAL_TAG_LEN));
}

static uint32_t size_of(const enr_journal_t *journal, const mark_t *mark)
{
    return mark_size(journal, has_data(mark) ? mark->len : 0);
}

/* Statuses of a read that a caller stops at. */
static bool is_trouble(enr_status_t status)
{
    return status != ENR_OK && status != ENR_E_SEAL;
}

/* --- reading --- */

/* Opens a mark's data, sealed behind its head, to the scratch. */
static enr_status_t open_data(enr_journal_t *journal, const enr_sector_t *sector, uint32_t at, const uint8_t *proof,
                              size_t len)
{
    uint8_t *text = journal->scratch + MARK_HEAD_LEN;
    enr_status_t status = flash_read(journal, at + MARK_HEAD_LEN, text, len + ENR_SEAL_TAG_LEN);
    if (status != ENR_OK) {
        return status;
    }
    return enr_seal_open(journal->config.seal, place_of(sector, at),
                         (enr_span_t){proof, ENTRY_HEAD_LEN + MARK_HEAD_LEN},
                         (enr_span_t){text, len + ENR_SEAL_TAG_LEN}, text);
}

/* A mark without data has the first half of a tag behind its head. */
static bool short_tag_is_good(enr_journal_t *journal, const enr_sector_t *sector, uint32_t at, reader_t *reader,
                              const uint8_t *unit)
{
    uint8_t tag[ENR_SEAL_TAG_LEN];
    memcpy(reader->proof + ENTRY_HEAD_LEN, unit, MARK_HEAD_LEN);
    return enr_seal_text(journal->config.seal, place_of(sector, at), (enr_span_t){reader->proof, sizeof reader->proof},
                         (enr_span_t){NULL, 0}, tag) == ENR_OK &&
           enr_span_equal_secret((enr_span_t){tag, MARK_TAG_LEN}, (enr_span_t){unit + MARK_HEAD_LEN, MARK_TAG_LEN});
}

/* One wrong bit in a mark without data is found by trying: what it says may be that a request was sent. */
static bool short_mark_is_mended(enr_journal_t *journal, const enr_sector_t *sector, uint32_t at, reader_t *reader,
                                 uint8_t *unit)
{
    for (size_t bit = 0; bit < (size_t)8 * (MARK_HEAD_LEN + MARK_TAG_LEN); bit++) {
        turn_bit(unit, bit);
        mark_t mark = decode(unit);
        if (!has_data(&mark) && short_tag_is_good(journal, sector, at, reader, unit)) {
            return true;
        }
        turn_bit(unit, bit);
    }
    return false;
}

/* Reads what stands at a place that is not erased. ENR_OK: a mark; ENR_E_SEAL: none. */
static enr_status_t read_mark(enr_journal_t *journal, const enr_sector_t *sector, uint32_t at, uint32_t end,
                              reader_t *reader, uint8_t *unit, bool mend, mark_t *out_mark)
{
    enr_status_t status = ENR_E_SEAL;
    *out_mark = decode(unit);
    if (!has_data(out_mark)) {
        status = short_tag_is_good(journal, sector, at, reader, unit) ? ENR_OK : ENR_E_SEAL;
    } else if (size_of(journal, out_mark) <= end - at && out_mark->len <= ENR_JOURNAL_CONTENT_MAX) {
        memcpy(reader->proof + ENTRY_HEAD_LEN, unit, MARK_HEAD_LEN);
        status = open_data(journal, sector, at, reader->proof, out_mark->len);
        if (status == ENR_OK) {
            enr_wipe(journal->scratch + MARK_HEAD_LEN, out_mark->len);
        }
    }
    if (status == ENR_E_SEAL && mend && short_mark_is_mended(journal, sector, at, reader, unit)) {
        *out_mark = decode(unit);
        status = ENR_OK;
    }
    return status;
}

static void apply(reader_t *reader)
{
    enr_slot_t *slot = reader->slot;
    const mark_t *mark = &reader->pending;
    if (mark->kind == MARK_SET) {
        slot->registers[mark->number] =
            (enr_register_t){.value = mark->value, .data_len = mark->len, .data_at = reader->pending_at};
    } else if (mark->kind == MARK_GONE) {
        slot->gone = true;
        slot->until_day = (uint16_t)mark->value;
    }
}

/* A mark with a higher number than the one before it is the next one. With the same, or that of the one before that,
   a later session wrote it in place of what it could not trust. */
static void take(reader_t *reader, const mark_t *mark, uint32_t at)
{
    uint8_t before = reader->has_pending ? reader->pending.sequence : 0;
    uint8_t step = (uint8_t)(mark->sequence - before);
    if (step == 1) {
        if (reader->has_pending) {
            apply(reader);
        }
    } else if (!reader->has_pending || (step != 0 && step != UINT8_MAX)) {
        reader->broken = true;
    }
    if (mark->kind == MARK_GONE) {
        reader->broken = false; /* what came before it was overwritten */
    }
    reader->pending = *mark;
    reader->pending_at = at;
    reader->has_pending = true;
}

/* Whether the session with this low half, in which something in a sector was written, is the present one. */
static bool is_of_this_session(const enr_journal_t *journal, const enr_sector_t *sector, uint16_t session)
{
    return session == (uint16_t)journal->session && journal->session - sector->session <= INT16_MAX;
}

/* How far a mark goes that is not whole. Its first unit is, unless nothing behind it was touched: then it may say
   anything, and hardly ever what is possible here. */
static uint32_t size_of_torn(const enr_journal_t *journal, const entry_t *entry, const mark_t *mark)
{
    uint16_t age = (uint16_t)(journal->session - mark->session);
    uint16_t slot_age = (uint16_t)(journal->session - entry->born);
    return age <= slot_age ? size_of(journal, mark) : journal->align;
}

/* Reads one annex from end to end. In a slot of this session nothing lies behind the first erased unit. Whether the
   last mark of an earlier session is whole or not may change from look to look; where the next one goes does not hang
   on it. */
static enr_status_t read_annex(enr_journal_t *journal, const enr_sector_t *sector, const entry_t *entry,
                               reader_t *reader)
{
    uint16_t session = entry->born;
    uint16_t session_before = session;
    uint32_t at = entry->annex_at;
    uint32_t end = entry->annex_end;
    uint32_t touched = at;
    bool own = journal->begun && is_of_this_session(journal, sector, session) && !journal->distrust;
    bool whole = true;
    reader->holds = false;
    reader->link.kind = MARK_STILL;
    while (at < end) {
        uint8_t unit[UNIT_MAX];
        mark_t mark;
        enr_status_t status = flash_read(journal, at, unit, journal->align);
        if (status != ENR_OK) {
            return status;
        }
        if (is_erased(unit, journal->align)) {
            if (own) {
                break;
            }
            at += journal->align;
            continue;
        }
        status = read_mark(journal, sector, at, end, reader, unit, whole || at > touched, &mark);
        if (is_trouble(status)) {
            return status;
        }
        whole = status == ENR_OK;
        uint32_t size = whole ? size_of(journal, &mark) : size_of_torn(journal, entry, &mark);
        size = size > end - at ? end - at : size;
        touched = at + size > touched ? at + size : touched;
        if (!whole) {
            at += journal->align;
            continue;
        }
        session_before = mark.session == (uint16_t)journal->session ? mark.session : session;
        session = mark.session;
        if (mark.kind == MARK_CONTINUED) {
            reader->link = mark;
        } else {
            take(reader, &mark, at);
            reader->holds = true;
            reader->link.kind = MARK_STILL; /* a mark behind it: what it led to was found to hold nothing */
        }
        at += size;
    }
    uint32_t sessions = (uint16_t)(journal->session - (whole ? session_before : session));
    bool old = journal->session - sector->session > INT16_MAX;
    reader->next = old || sessions * journal->align > end - touched ? end : touched + sessions * journal->align;
    return ENR_OK;
}

/* Where an annex goes on. ENR_E_SEAL: not there. */
static enr_status_t follow(enr_journal_t *journal, const reader_t *reader, enr_sector_t *out_sector, entry_t *out_entry)
{
    uint16_t sector = (uint16_t)reader->link.value;
    if (reader->link.value >= journal->sectors || reader->link.len >= sector_entries_max(journal)) {
        return ENR_E_SEAL;
    }
    enr_status_t status = sector_read(journal, sector, out_sector);
    if (status == ENR_OK) {
        status = entry_read(journal, sector, out_sector, reader->link.len, out_entry);
    }
    if (status == ENR_AGAIN || status == ENR_E_FLASH) {
        return status;
    }
    bool good = status == ENR_OK && out_entry->kind == KIND_EXTENSION && out_entry->number == reader->slot->number;
    return good ? ENR_OK : ENR_E_SEAL;
}

enr_status_t marks_load(enr_journal_t *journal, enr_slot_t *slot, const entry_t *entry)
{
    reader_t reader = {.slot = slot};
    enr_sector_t sector = journal->view;
    bool is_old = journal->session - sector.session > INT16_MAX;
    memcpy(reader.proof, entry->head, ENTRY_HEAD_LEN);
    enr_status_t status = read_annex(journal, &sector, entry, &reader);
    journal->annex_from = entry->annex_at;
    slot->annex_at = reader.next;
    slot->annex_end = entry->annex_end;
    for (unsigned i = 0; status == ENR_OK && reader.link.kind == MARK_CONTINUED && i < LINKS_MAX; i++) {
        entry_t extension;
        bool sure = reader.link.session == (uint16_t)journal->session;
        status = follow(journal, &reader, &sector, &extension);
        if (status == ENR_OK) {
            status = read_annex(journal, &sector, &extension, &reader);
        }
        /* One that an earlier session may not have brought to the end, and that holds nothing, is left alone. */
        if (status == ENR_OK && (sure || reader.holds)) {
            journal->annex_from = extension.annex_at;
            slot->annex_at = reader.next;
            slot->annex_end = extension.annex_end;
        }
    }
    if (status != ENR_OK) {
        return status;
    }
    if (reader.has_pending) {
        apply(&reader);
        slot->last = (uint8_t)(EXISTS | (unsigned)reader.pending.kind << 4 | reader.pending.number);
        slot->last_sequence = reader.pending.sequence;
        slot->last_session = reader.pending.session;
        if (is_old) { /* the low half may have come round: it is not taken for the present session's */
            slot->last_session = (uint16_t)(journal->session - 1u);
        }
    }
    return reader.broken ? ENR_E_SEAL : ENR_OK;
}

static enr_status_t sum_up(enr_journal_t *journal, uint32_t from, uint32_t end, uint32_t *out_crc)
{
    uint8_t bytes[64];
    *out_crc = 0;
    for (uint32_t at = from; at < end; at += sizeof bytes) {
        uint32_t len = end - at < sizeof bytes ? end - at : sizeof bytes;
        enr_status_t status = flash_read(journal, at, bytes, len);
        if (status != ENR_OK) {
            return status;
        }
        *out_crc = enr_crc32(*out_crc, (enr_span_t){bytes, len});
    }
    return ENR_OK;
}

enr_status_t marks_pin(enr_journal_t *journal, enr_slot_t *slot)
{
    uint32_t first = 0;
    uint32_t end = slot->annex_at + journal->align; /* no session has begun a mark behind that */
    end = end < slot->annex_end ? end : slot->annex_end;
    enr_status_t status = sum_up(journal, journal->annex_from, end, &first);
    for (unsigned i = 1; i < TRIES && status == ENR_OK; i++) {
        uint32_t again = 0;
        status = sum_up(journal, journal->annex_from, end, &again);
        if (status == ENR_OK && again != first) {
            status = enr_journal_confirm(journal, slot);
            for (unsigned k = 1; k < TRIES && status == ENR_E_SEAL; k++) { /* it shows another state now */
                status = enr_journal_confirm(journal, slot);
            }
            slots_moved(journal, slot->place, slot->place);
            break;
        }
    }
    return status;
}

enr_status_t mark_data(enr_journal_t *journal, const enr_slot_t *slot, unsigned number)
{
    const enr_register_t *reg = &slot->registers[number];
    uint8_t proof[ENTRY_HEAD_LEN + MARK_HEAD_LEN];
    enr_sector_t sector;
    slot_head(slot, proof);
    enr_status_t status = sector_read(journal, (uint16_t)(reg->data_at / journal->config.flash->sector_size), &sector);
    if (status == ENR_OK) {
        status = flash_read(journal, reg->data_at, proof + ENTRY_HEAD_LEN, MARK_HEAD_LEN);
    }
    return status == ENR_OK ? open_data(journal, &sector, reg->data_at, proof, reg->data_len) : status;
}

/* --- erasing --- */

/* Overwrites an annex but for the marks that must stay, gone and continued, and remembers where it goes on. */
static enr_status_t purge_annex(enr_journal_t *journal, const enr_sector_t *sector, uint32_t at, uint32_t end,
                                reader_t *reader, mark_t links[PURGE_LINKS], unsigned *count)
{
    while (at < end) {
        uint8_t unit[UNIT_MAX];
        mark_t mark;
        enr_status_t status = flash_read(journal, at, unit, journal->align);
        uint32_t size = journal->align;
        if (status == ENR_OK && !is_erased(unit, journal->align)) {
            status = read_mark(journal, sector, at, end, reader, unit, false, &mark);
            bool good = status == ENR_OK;
            size = good ? size_of(journal, &mark) : size;
            if (good && mark.kind == MARK_CONTINUED && *count < PURGE_LINKS) {
                links[(*count)++] = mark;
            } else if (good ? has_data(&mark) : status == ENR_E_SEAL) {
                status = flash_zero(journal, at, at + size);
            }
        }
        if (status != ENR_OK) {
            return status;
        }
        at += size;
    }
    return ENR_OK;
}

enr_status_t marks_purge(enr_journal_t *journal, enr_slot_t *slot, const entry_t *entry)
{
    mark_t links[PURGE_LINKS];
    unsigned count = 0;
    reader_t reader = {.slot = slot};
    enr_sector_t sector = journal->view;
    memcpy(reader.proof, entry->head, ENTRY_HEAD_LEN);
    enr_status_t status = purge_annex(journal, &sector, entry->annex_at, entry->annex_end, &reader, links, &count);
    for (unsigned i = 0; status == ENR_OK && i < count; i++) {
        entry_t extension;
        reader.link = links[i];
        status = follow(journal, &reader, &sector, &extension);
        if (status == ENR_OK) {
            status = purge_annex(journal, &sector, extension.annex_at, extension.annex_end, &reader, links, &count);
        } else if (status == ENR_E_SEAL) {
            status = ENR_OK; /* it was never there, or is no more */
        }
    }
    return status == ENR_OK && count == PURGE_LINKS ? ENR_E_LIMIT : status;
}

/* --- writing --- */

/* Programs a mark, whose data are in the scratch: its first unit, and then the rest. */
static enr_status_t write_mark(enr_journal_t *journal, const enr_sector_t *sector, const uint8_t *slot_head_bytes,
                               uint32_t at, const mark_t *mark)
{
    uint8_t proof[ENTRY_HEAD_LEN + MARK_HEAD_LEN];
    uint8_t *text = journal->scratch + MARK_HEAD_LEN;
    size_t len = has_data(mark) ? mark->len : 0;
    memcpy(proof, slot_head_bytes, ENTRY_HEAD_LEN);
    encode(mark, proof + ENTRY_HEAD_LEN);
    memcpy(journal->scratch, proof + ENTRY_HEAD_LEN, MARK_HEAD_LEN);
    enr_status_t status = enr_seal_text(journal->config.seal, place_of(sector, at), (enr_span_t){proof, sizeof proof},
                                        (enr_span_t){text, len}, text);
    assert(status == ENR_OK);
    size_t all = MARK_HEAD_LEN + (len > 0 ? len + ENR_SEAL_TAG_LEN : MARK_TAG_LEN);
    size_t first = all < journal->align ? all : journal->align;
    status = flash_program(journal, at, journal->scratch, first);
    return status == ENR_OK ? flash_program(journal, at + (uint32_t)first, journal->scratch + first, all - first)
                            : status;
}

/* A mark failed: what it would have taken is passed over. */
static enr_status_t pass_over(enr_journal_t *journal, enr_slot_t *slot, enr_status_t status, uint32_t size)
{
    if (status == ENR_E_FLASH) {
        journal->distrust = true;
        slot->annex_at += size;
    }
    return status;
}

static enr_status_t annex_sector(enr_journal_t *journal, const enr_slot_t *slot, enr_sector_t *out_sector)
{
    return sector_read(journal, (uint16_t)((slot->annex_end - 1) / journal->config.flash->sector_size), out_sector);
}

/* The slot has to be compacted before it can have another mark. ENR_E_FULL: that would not help either. */
static enr_status_t ask_for_copy(enr_journal_t *journal, const enr_slot_t *slot, uint32_t need)
{
    uint16_t annex = 0;
    (void)slot_size(journal, slot, false, &annex);
    bool helps =
        sector_free(journal) >= ENR_JOURNAL_SPARE || slot_marks(journal, slot) + need + 2 * journal->align <= annex;
    return helps ? compact_until(journal, slot) : ENR_E_FULL;
}

/* The annex goes on in an extension with room for so many bytes. The entry comes first, then the mark that leads to it.
   ENR_AGAIN: the slot must be compacted first. */
static enr_status_t extend(enr_journal_t *journal, enr_slot_t *slot, uint32_t need)
{
    uint32_t annex = padded(journal, need + ANNEX_SLACK + 2 * journal->align);
    uint32_t most = journal->slot_max - ENTRY_LEN;
    most = most > ANNEX_MAX ? ANNEX_MAX : most;
    annex = annex > most ? most / journal->align * journal->align : annex;
    if (slot->annex_at + journal->align > slot->annex_end || annex < need ||
        journal->extensions + annex > sector_usable(journal) / 2) {
        return ask_for_copy(journal, slot, need);
    }
    enr_place_t place;
    enr_sector_t sector;
    uint8_t head[ENTRY_HEAD_LEN];
    slot_head(slot, head);
    enr_status_t status = room_for(journal, ENTRY_LEN + annex);
    if (status == ENR_E_FULL) {
        return ask_for_copy(journal, slot, need);
    }
    if (status == ENR_OK) {
        slot_order_t order = {.kind = KIND_EXTENSION, .number = slot->number, .annex = (uint16_t)annex};
        status = slot_write(journal, &order, &place);
        status = status == ENR_END ? ENR_AGAIN : status;
    }
    if (status == ENR_OK) {
        journal->extensions += room_counts(journal, place) ? annex : 0; /* else counting will come to it */
        status = annex_sector(journal, slot, &sector);
    }
    if (status == ENR_OK) {
        mark_t link = {
            .kind = MARK_CONTINUED, .len = place.index, .session = (uint16_t)journal->session, .value = place.sector};
        status = pass_over(journal, slot, write_mark(journal, &sector, head, slot->annex_at, &link), journal->align);
    }
    if (status == ENR_OK) {
        slot->annex_at = journal->head_high - annex;
        slot->annex_end = journal->head_high;
    }
    return status;
}

/* data NULL: those that the register has. */
static enr_status_t add_once(enr_journal_t *journal, enr_slot_t *slot, const mark_t *mark, const uint8_t *data)
{
    enr_sector_t sector;
    uint8_t head[ENTRY_HEAD_LEN];
    uint32_t size = size_of(journal, mark);
    enr_status_t status = ENR_OK;
    if (slot->annex_at + size + 2 * journal->align > slot->annex_end) {
        status = extend(journal, slot, size);
    }
    if (status == ENR_OK) {
        status = annex_sector(journal, slot, &sector);
    }
    if (status == ENR_OK && has_data(mark)) {
        if (data != NULL) {
            memcpy(journal->scratch + MARK_HEAD_LEN, data, mark->len);
        } else {
            status = mark_data(journal, slot, mark->number);
        }
    }
    if (status != ENR_OK) {
        return status;
    }
    uint32_t at = slot->annex_at;
    slot_head(slot, head);
    status = pass_over(journal, slot, write_mark(journal, &sector, head, at, mark), size);
    if (status == ENR_OK) {
        reader_t reader = {.slot = slot, .pending = *mark, .pending_at = at};
        apply(&reader);
        slot->annex_at = at + size;
        slot->last = (uint8_t)(EXISTS | (unsigned)mark->kind << 4 | mark->number);
        slot->last_sequence = mark->sequence;
        slot->last_session = mark->session;
    }
    return status;
}

static enr_status_t add(enr_journal_t *journal, enr_slot_t *slot, mark_t mark, const uint8_t *data)
{
    enr_status_t status = ENR_E_FLASH;
    mark.session = (uint16_t)journal->session;
    for (unsigned i = 0; i < TRIES && status == ENR_E_FLASH; i++) {
        status = add_once(journal, slot, &mark, data);
    }
    /* Where a sector can only be read its slots must go elsewhere. */
    return status == ENR_E_FLASH ? compact_until(journal, slot) : status;
}

static bool is_ours(const enr_journal_t *journal, const enr_slot_t *slot)
{
    return slot->last_session == (uint16_t)journal->session;
}

/* Writes the last mark again under its number. What no longer opens is no longer there: the slot is read again. */
static enr_status_t restate(enr_journal_t *journal, enr_slot_t *slot)
{
    mark_t mark = {.kind = (mark_kind_t)(slot->last >> 4 & 3u),
                   .number = slot->last & 3u,
                   .sequence = slot->last_sequence,
                   .value = slot->until_day};
    if (mark.kind == MARK_SET) {
        mark.value = slot->registers[mark.number].value;
        mark.len = slot->registers[mark.number].data_len;
    }
    enr_status_t status = add(journal, slot, mark, NULL);
    if (status == ENR_E_SEAL) {
        enr_status_t loaded = slot_load(journal, slot->place, slot);
        return loaded == ENR_OK ? ENR_E_SEAL : loaded;
    }
    return status;
}

/* The number of the next mark of a slot. A session's first one stands in the place of the last one before it, which may
   be torn. */
static uint8_t next_sequence(const enr_journal_t *journal, const enr_slot_t *slot)
{
    if (slot->last == 0) {
        return 1;
    }
    return (uint8_t)(slot->last_sequence + is_ours(journal, slot));
}

/* The first mark of a session in an older slot. It may have been pinned since it was loaded; and where the part is
   programmed once it must not meet a unit that shows differently now and then. */
static enr_status_t find_untouched(enr_journal_t *journal, enr_slot_t *slot)
{
    bool is_young = slot->born == (uint16_t)journal->session || (slot->last != 0 && is_ours(journal, slot));
    unsigned looks = journal->config.flash->reprogram ? 1 : TRIES - 1;
    for (unsigned i = 0; i < looks && !is_young; i++) {
        enr_slot_t again = *slot;
        enr_status_t status = slot_load(journal, slot->place, &again);
        if (status == ENR_AGAIN || status == ENR_E_FLASH) {
            return status;
        }
        if (i == 0 && is_ours(journal, &again)) {
            bool same = again.last == slot->last && again.last_sequence == slot->last_sequence;
            *slot = again;
            return same ? ENR_OK : ENR_E_SEAL;
        }
        if (again.annex_end == slot->annex_end && again.annex_at > slot->annex_at) {
            slot->annex_at = again.annex_at;
        }
    }
    return ENR_OK;
}

/* What comes before every change of a slot. */
static enr_status_t begin_change(enr_journal_t *journal, enr_slot_t *slot)
{
    enr_status_t status = slot_check(journal, slot);
    status = status == ENR_OK ? session_begin(journal) : status;
    return status == ENR_OK ? find_untouched(journal, slot) : status;
}

enr_status_t enr_journal_set(enr_journal_t *journal, enr_slot_t *slot, unsigned number, uint32_t value, enr_span_t data)
{
    assert(!slot->gone && number < ENR_JOURNAL_REGISTERS && value > 0 && value <= ENR_JOURNAL_VALUE_MAX);
    assert(number != ENR_JOURNAL_CONTENT || data.len > 0);
    uint16_t annex = 0;
    uint32_t old_size = slot_size(journal, slot, true, &annex);
    enr_slot_t changed = *slot;
    if (data.len > ENR_JOURNAL_CONTENT_MAX) {
        return ENR_E_LIMIT;
    }
    changed.registers[number] = (enr_register_t){.value = value, .data_len = (uint16_t)data.len};
    if (number == ENR_JOURNAL_CONTENT && data.len > 0) {
        changed.content_len = (uint16_t)data.len;
    }
    uint32_t new_size = slot_size(journal, &changed, true, &annex);
    if (new_size > journal->slot_max || annex > ANNEX_MAX) {
        return ENR_E_LIMIT;
    }
    enr_status_t status = begin_change(journal, slot);
    mark_t mark = {.kind = MARK_SET, .number = (uint8_t)number, .value = value, .len = (uint16_t)data.len};
    bool replaces = slot->last == (EXISTS | MARK_SET << 4 | number);
    if (status == ENR_OK && slot->last != 0 && !is_ours(journal, slot) && !replaces) {
        status = restate(journal, slot);
    }
    if (status == ENR_OK) {
        mark.sequence = next_sequence(journal, slot);
        status = add(journal, slot, mark, data.ptr);
    }
    if (status == ENR_OK) {
        slot->content_len = changed.content_len;
        if (room_counts(journal, slot->place)) {
            room_drop(journal, old_size);
            room_add(journal, new_size);
        }
    }
    return status;
}

enr_status_t enr_journal_confirm(enr_journal_t *journal, enr_slot_t *slot)
{
    enr_status_t status = slot_check(journal, slot);
    if (status != ENR_OK) {
        return status;
    }
    bool young = journal->begun && is_of_this_session(journal, &journal->view, slot->born);
    if (slot->last == 0 ? young : journal->begun && is_ours(journal, slot)) {
        return ENR_OK;
    }
    status = begin_change(journal, slot);
    if (status != ENR_OK) {
        return status;
    }
    return slot->last == 0 ? add(journal, slot, (mark_t){.kind = MARK_STILL, .sequence = 1}, NULL)
                           : restate(journal, slot);
}

enr_status_t enr_journal_retire(enr_journal_t *journal, enr_slot_t *slot, uint16_t until_day)
{
    assert(!slot->gone);
    uint16_t annex = 0;
    uint32_t size = slot_size(journal, slot, true, &annex);
    enr_status_t status = begin_change(journal, slot);
    if (status == ENR_OK) {
        mark_t mark = {.kind = MARK_GONE, .value = until_day, .sequence = next_sequence(journal, slot)};
        status = add(journal, slot, mark, NULL);
    }
    if (status != ENR_OK) {
        return status;
    }
    if (room_counts(journal, slot->place)) {
        room_drop(journal, size);
        journal->stats.unpurged++;
        journal->tombstones += until_day != 0;
    }
    compact_unpin(journal, slot);
    return ENR_OK;
}

enr_status_t marks_copy(enr_journal_t *journal, const enr_slot_t *slot, const entry_t *entry)
{
    enr_sector_t sector = {.epoch = journal->head_epoch, .salt = journal->head_salt};
    mark_t mark = {.session = (uint16_t)journal->session};
    uint32_t at = entry->annex_at;
    for (uint8_t i = 0; i <= ENR_JOURNAL_REGISTERS; i++) {
        bool ends = i == ENR_JOURNAL_REGISTERS;
        if (ends ? !slot->gone : slot->registers[i].value == 0) {
            continue;
        }
        mark.sequence++;
        mark.kind = ends ? MARK_GONE : MARK_SET;
        mark.number = ends ? 0 : i;
        mark.value = ends ? slot->until_day : slot->registers[i].value;
        mark.len = ends || i == ENR_JOURNAL_CONTENT ? 0 : slot->registers[i].data_len;
        enr_status_t status = has_data(&mark) ? mark_data(journal, slot, i) : ENR_OK;
        if (status == ENR_OK) {
            status = write_mark(journal, &sector, entry->head, at, &mark);
        }
        if (status != ENR_OK) {
            return status;
        }
        at += size_of(journal, &mark);
    }
    return ENR_OK;
}
