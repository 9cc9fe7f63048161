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
    bool has_pending;
    bool broken; /* one is missing */
    bool holds;  /* the annex read last holds a mark */
    uint32_t next;
    mark_t link; /* where it goes on; kind MARK_STILL: nowhere */

    mark_t pending; /* the last mark, which a later session may have written again */
    uint32_t pending_at;
    mark_t mark;                              /* the mark that is looked at … */
    uint32_t at;                              /* … where it begins … */
    uint32_t end;                             /* … and where its annex ends */
    uint8_t bytes[ENTRY_HEAD_LEN + UNIT_MAX]; /* the first bytes of the slot's entry, and the unit that is looked at */
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

static void decode(const uint8_t *head, mark_t *out)
{
    out->kind = (mark_kind_t)(head[0] >> 4 & 3u);
    out->number = head[0] >> 6;
    out->len = (uint16_t)((head[0] & 15u) << 8 | head[1]);
    out->sequence = head[2];
    out->value = enr_get_16(head + 3) | (uint32_t)head[5] << 16;
    out->session = enr_get_16(head + 6);
}

static bool has_data(const mark_t *mark)
{
    return mark->kind == MARK_SET && mark->len > 0;
}

size_t mark_len(size_t data_len)
{
    return MARK_HEAD_LEN + (data_len == 0 ? MARK_TAG_LEN : data_len + ENR_SEAL_TAG_LEN);
}

uint32_t mark_size(const enr_journal_t *journal, size_t data_len)
{
    return padded(journal, mark_len(data_len));
}

static uint32_t size_of(const enr_journal_t *journal, const mark_t *mark)
{
    return mark_size(journal, has_data(mark) ? mark->len : 0);
}

/* --- reading --- */

/* Reads what stands at reader->at. ENR_OK: a mark; ENR_READY: it is erased; ENR_E_SEAL: something else; ENR_END: that
   is the end; ENR_AGAIN, ENR_E_FLASH. One wrong bit in a mark without data is found by trying: what it says may be that
   a request was sent. */
static enr_status_t read_mark(enr_journal_t *journal, reader_t *reader, bool mend)
{
    if (reader->at >= reader->end) {
        return ENR_END;
    }
    mark_t *mark = &reader->mark;
    uint8_t *unit = reader->bytes + ENTRY_HEAD_LEN;
    enr_status_t status = flash_read(journal, reader->at, unit, journal->align);
    if (status != ENR_OK) {
        return status;
    }
    if (is_erased(unit, journal->align)) {
        return ENR_READY;
    }
    decode(unit, mark);
    if (has_data(mark) && mark->len <= ENR_JOURNAL_CONTENT_MAX && size_of(journal, mark) <= reader->end - reader->at) {
        status = sealed_read(journal, reader->at, reader->bytes, MARK_HEAD_LEN, mark->len);
        if (status != ENR_E_SEAL) {
            enr_wipe(journal->scratch + MARK_HEAD_LEN, mark->len);
            return status;
        }
    }
    proof_t proof = {.place = view_place(journal, reader->at),
                     .bytes = reader->bytes,
                     .head_len = PROOF_LEN,
                     .tag_len = MARK_TAG_LEN};
    if (!is_proven(journal, &proof, 8 * ENTRY_HEAD_LEN, mend ? 8 * (PROOF_LEN + MARK_TAG_LEN) : 0)) {
        return ENR_E_SEAL;
    }
    decode(unit, mark);
    return has_data(mark) ? ENR_E_SEAL : ENR_OK;
}

static void apply(enr_slot_t *slot, const mark_t *mark, uint32_t at)
{
    if (mark->kind == MARK_SET) {
        slot->registers[mark->number] = (enr_register_t){.value = mark->value, .data_len = mark->len, .data_at = at};
    } else if (mark->kind == MARK_GONE) {
        slot->gone = true;
        slot->until_day = (uint16_t)mark->value;
    }
}

static void apply_last(enr_slot_t *slot, const mark_t *mark, uint32_t at)
{
    apply(slot, mark, at);
    slot->last = (uint8_t)(EXISTS | (unsigned)mark->kind << 4 | mark->number);
    slot->last_sequence = mark->sequence;
    slot->last_session = mark->session;
}

/* A mark with a higher number than the one before it is the next one. With the same, or that of the one before that,
   a later session wrote it in place of what it could not trust. */
static void take(reader_t *reader)
{
    uint8_t before = reader->has_pending ? reader->pending.sequence : 0;
    uint8_t step = (uint8_t)(reader->mark.sequence - before);
    if (step == 1) {
        if (reader->has_pending) {
            apply(reader->slot, &reader->pending, reader->pending_at);
        }
    } else if (!reader->has_pending || (step != 0 && step != UINT8_MAX)) {
        reader->broken = true;
    }
    if (reader->mark.kind == MARK_GONE) {
        reader->broken = false; /* what came before it was overwritten */
    }
    reader->pending = reader->mark;
    reader->pending_at = reader->at;
    reader->has_pending = true;
}

/* Whether the sector in view is so old that the low half of a session says nothing. */
static bool is_view_old(const enr_journal_t *journal)
{
    return journal->session - journal->view.session > INT16_MAX;
}

/* Whether the session with this low half, in which something in the sector in view was written, is the present one. */
static bool is_of_this_session(const enr_journal_t *journal, uint16_t session)
{
    return session == (uint16_t)journal->session && !is_view_old(journal);
}

/* Whether a mark that is not whole tells how far it goes. Its first unit is whole, unless nothing behind that was
   touched: then it may say anything, and hardly ever what is possible here. */
static bool tells_size(const enr_journal_t *journal, const entry_t *entry, const mark_t *mark)
{
    return (uint16_t)(journal->session - mark->session) <= (uint16_t)(journal->session - entry->born);
}

/* Reads one annex, whose sector is in view, from end to end. In a slot of this session nothing lies behind the first
   erased unit. Whether the last mark of an earlier session is whole or not may change from look to look; where the next
   one goes does not hang on it. */
static enr_status_t read_annex(enr_journal_t *journal, const entry_t *entry, reader_t *reader)
{
    uint16_t session = entry->born;
    uint16_t session_before = session;
    uint32_t end = entry->annex_end;
    uint32_t touched = entry->annex_at;
    bool own = journal->begun && is_of_this_session(journal, session) && !journal->distrust;
    bool whole = true;
    const mark_t *mark = &reader->mark;
    reader->holds = false;
    reader->link.kind = MARK_STILL;
    reader->at = touched;
    reader->end = end;
    for (;;) {
        enr_status_t status = read_mark(journal, reader, whole || reader->at > touched);
        if (status == ENR_END || (status == ENR_READY && own)) {
            break;
        }
        if (status == ENR_AGAIN || status == ENR_E_FLASH) {
            return status;
        }
        uint32_t step = journal->align;
        if (status != ENR_READY) {
            whole = status == ENR_OK;
            uint32_t size = whole || tells_size(journal, entry, mark) ? size_of(journal, mark) : step;
            uint32_t behind = size > end - reader->at ? end : reader->at + size;
            touched = behind > touched ? behind : touched;
            step = whole ? size : step;
        }
        if (status == ENR_OK) {
            session_before = mark->session == (uint16_t)journal->session ? mark->session : session;
            session = mark->session;
            if (mark->kind == MARK_CONTINUED) {
                reader->link = *mark;
            } else {
                take(reader);
                reader->holds = true;
                reader->link.kind = MARK_STILL; /* a mark behind it: what it led to was found to hold nothing */
            }
        }
        reader->at += step;
    }
    uint32_t sessions = (uint16_t)(journal->session - (whole ? session_before : session));
    reader->next =
        is_view_old(journal) || sessions * journal->align > end - touched ? end : touched + sessions * journal->align;
    return ENR_OK;
}

/* Where an annex goes on: that sector is then in view. ENR_E_SEAL: not there. */
static enr_status_t follow(enr_journal_t *journal, const enr_slot_t *slot, const mark_t *link, entry_t *out_entry)
{
    if (link->value >= journal->sectors || link->len >= sector_entries_max(journal)) {
        return ENR_E_SEAL;
    }
    enr_status_t status = sector_view(journal, (uint16_t)link->value);
    if (status == ENR_OK) {
        status = entry_read(journal, link->len, out_entry);
    }
    if (status == ENR_AGAIN || status == ENR_E_FLASH) {
        return status;
    }
    bool good = status == ENR_OK && out_entry->kind == KIND_EXTENSION && out_entry->number == slot->number;
    return good ? ENR_OK : ENR_E_SEAL;
}

enr_status_t marks_load(enr_journal_t *journal, enr_slot_t *slot, const entry_t *entry)
{
    reader_t reader = {.slot = slot};
    bool is_old = is_view_old(journal);
    memcpy(reader.bytes, entry->head, ENTRY_HEAD_LEN);
    enr_status_t status = read_annex(journal, entry, &reader);
    journal->annex_from = entry->annex_at;
    slot->annex_at = reader.next;
    slot->annex_end = entry->annex_end;
    for (unsigned i = 0; status == ENR_OK && reader.link.kind == MARK_CONTINUED && i < LINKS_MAX; i++) {
        entry_t extension;
        bool sure = reader.link.session == (uint16_t)journal->session;
        status = follow(journal, slot, &reader.link, &extension);
        if (status == ENR_OK) {
            status = read_annex(journal, &extension, &reader);
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
        apply_last(slot, &reader.pending, reader.pending_at);
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

/* Makes journal->view that of the sector that holds an address. */
static enr_status_t view_at(enr_journal_t *journal, uint32_t at)
{
    return sector_view(journal, (uint16_t)(at / journal->config.flash->sector_size));
}

enr_status_t mark_data(enr_journal_t *journal, const enr_slot_t *slot, unsigned number)
{
    const enr_register_t *reg = &slot->registers[number];
    uint8_t proof[PROOF_LEN];
    slot_head(slot, proof);
    enr_status_t status = view_at(journal, reg->data_at);
    if (status == ENR_OK) {
        status = flash_read(journal, reg->data_at, proof + ENTRY_HEAD_LEN, MARK_HEAD_LEN);
    }
    return status == ENR_OK ? sealed_read(journal, reg->data_at, proof, MARK_HEAD_LEN, reg->data_len) : status;
}

/* --- erasing --- */

/* Overwrites an annex, whose sector is in view, but for the marks that must stay, gone and continued, and remembers
   where it goes on. */
static enr_status_t purge_annex(enr_journal_t *journal, const entry_t *entry, reader_t *reader,
                                mark_t links[PURGE_LINKS], unsigned *count)
{
    reader->at = entry->annex_at;
    reader->end = entry->annex_end;
    for (;;) {
        enr_status_t status = read_mark(journal, reader, false);
        if (status == ENR_END) {
            return ENR_OK;
        }
        uint32_t size = status == ENR_OK ? size_of(journal, &reader->mark) : journal->align;
        if (status == ENR_OK && reader->mark.kind == MARK_CONTINUED && *count < PURGE_LINKS) {
            links[(*count)++] = reader->mark;
        } else if (status == ENR_E_SEAL || (status == ENR_OK && has_data(&reader->mark))) {
            status = flash_zero(journal, reader->at, reader->at + size);
        }
        if (status != ENR_OK && status != ENR_READY) {
            return status;
        }
        reader->at += size;
    }
}

enr_status_t marks_purge(enr_journal_t *journal, enr_slot_t *slot, const entry_t *entry)
{
    mark_t links[PURGE_LINKS];
    unsigned count = 0;
    reader_t reader = {.slot = slot};
    memcpy(reader.bytes, entry->head, ENTRY_HEAD_LEN);
    enr_status_t status = purge_annex(journal, entry, &reader, links, &count);
    for (unsigned i = 0; status == ENR_OK && i < count; i++) {
        entry_t extension;
        status = follow(journal, slot, &links[i], &extension);
        if (status == ENR_OK) {
            status = purge_annex(journal, &extension, &reader, links, &count);
        } else if (status == ENR_E_SEAL) {
            status = ENR_OK; /* it was never there, or is no more */
        }
    }
    return status == ENR_OK && count == PURGE_LINKS ? ENR_E_LIMIT : status;
}

/* --- writing --- */

/* Programs a mark, whose data are in the scratch. proof: the first bytes of its slot's entry, with room for its head.
 */
static enr_status_t write_mark(enr_journal_t *journal, const enr_seal_place_t *place, uint8_t proof[PROOF_LEN],
                               const mark_t *mark)
{
    encode(mark, proof + ENTRY_HEAD_LEN);
    memcpy(journal->scratch, proof + ENTRY_HEAD_LEN, MARK_HEAD_LEN);
    return sealed_write(journal, place, proof, MARK_HEAD_LEN, has_data(mark) ? mark->len : 0);
}

/* Programs a mark, whose data are in the scratch, where the slot's next one goes. If it fails, what it would have taken
   is passed over. */
static enr_status_t add_mark(enr_journal_t *journal, enr_slot_t *slot, const mark_t *mark, uint32_t size)
{
    uint8_t proof[PROOF_LEN];
    slot_head(slot, proof);
    enr_status_t status = view_at(journal, slot->annex_end - 1);
    if (status != ENR_OK) {
        return status;
    }
    enr_seal_place_t place = view_place(journal, slot->annex_at);
    status = write_mark(journal, &place, proof, mark);
    if (status == ENR_E_FLASH) {
        journal->distrust = true;
        slot->annex_at += size;
    }
    return status;
}

/* The slot has to be compacted before it can have another mark. ENR_E_FULL: that would not help either. */
static enr_status_t ask_for_copy(enr_journal_t *journal, const enr_slot_t *slot, uint32_t need)
{
    bool helps = sector_free(journal) >= ENR_JOURNAL_SPARE ||
                 slot_marks(journal, slot) + need + 2 * journal->align <= slot_annex(journal, slot, false);
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
    enr_status_t status = room_for(journal, ENTRY_LEN + annex);
    if (status == ENR_E_FULL) {
        return ask_for_copy(journal, slot, need);
    }
    if (status == ENR_OK) {
        slot_order_t order = {.kind = KIND_EXTENSION, .number = slot->number, .annex = (uint16_t)annex};
        status = slot_write(journal, &order);
        status = status == ENR_END ? ENR_AGAIN : status;
    }
    enr_place_t place = head_last(journal);
    if (status == ENR_OK) {
        journal->extensions += room_counts(journal, place) ? annex : 0; /* else counting will come to it */
        mark_t link = {
            .kind = MARK_CONTINUED, .len = place.index, .session = (uint16_t)journal->session, .value = place.sector};
        status = add_mark(journal, slot, &link, journal->align);
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
    uint32_t size = size_of(journal, mark);
    enr_status_t status = ENR_OK;
    if (slot->annex_at + size + 2 * journal->align > slot->annex_end) {
        status = extend(journal, slot, size);
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
    status = add_mark(journal, slot, mark, size);
    if (status == ENR_OK) {
        apply_last(slot, mark, at);
        slot->annex_at = at + size;
    }
    return status;
}

static enr_status_t add(enr_journal_t *journal, enr_slot_t *slot, mark_t *mark, const uint8_t *data)
{
    enr_status_t status = ENR_E_FLASH;
    mark->session = (uint16_t)journal->session;
    for (unsigned i = 0; i < TRIES && status == ENR_E_FLASH; i++) {
        status = add_once(journal, slot, mark, data);
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
    enr_status_t status = add(journal, slot, &mark, NULL);
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
    uint32_t old_size = slot_size(journal, slot);
    enr_slot_t changed = *slot;
    if (data.len > ENR_JOURNAL_CONTENT_MAX) {
        return ENR_E_LIMIT;
    }
    changed.registers[number] = (enr_register_t){.value = value, .data_len = (uint16_t)data.len};
    if (number == ENR_JOURNAL_CONTENT) {
        changed.content_len = (uint16_t)data.len;
    }
    uint32_t new_size = slot_size(journal, &changed);
    if (new_size > journal->slot_max || slot_annex(journal, &changed, true) > ANNEX_MAX) {
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
        status = add(journal, slot, &mark, data.ptr);
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
    bool young = journal->begun && is_of_this_session(journal, slot->born);
    if (slot->last == 0 ? young : journal->begun && is_ours(journal, slot)) {
        return ENR_OK;
    }
    status = begin_change(journal, slot);
    if (status != ENR_OK) {
        return status;
    }
    mark_t still = {.kind = MARK_STILL, .sequence = 1};
    return slot->last == 0 ? add(journal, slot, &still, NULL) : restate(journal, slot);
}

enr_status_t enr_journal_retire(enr_journal_t *journal, enr_slot_t *slot, uint16_t until_day)
{
    assert(!slot->gone);
    uint32_t size = slot_size(journal, slot);
    enr_status_t status = begin_change(journal, slot);
    if (status == ENR_OK) {
        mark_t mark = {.kind = MARK_GONE, .value = until_day, .sequence = next_sequence(journal, slot)};
        status = add(journal, slot, &mark, NULL);
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
    uint8_t proof[PROOF_LEN];
    mark_t mark = {.kind = MARK_GONE, .sequence = 1, .session = (uint16_t)journal->session, .value = slot->until_day};
    enr_seal_place_t place = head_place(journal, entry->annex_at);
    memcpy(proof, entry->head, ENTRY_HEAD_LEN);
    if (slot->gone) {
        return write_mark(journal, &place, proof, &mark);
    }
    mark.kind = MARK_SET;
    for (unsigned i = 0; i < ENR_JOURNAL_REGISTERS; i++) {
        const enr_register_t *reg = &slot->registers[i];
        if (reg->value == 0) {
            continue;
        }
        mark.number = (uint8_t)i;
        mark.value = reg->value;
        mark.len = i == ENR_JOURNAL_CONTENT ? 0 : reg->data_len;
        enr_status_t status = has_data(&mark) ? mark_data(journal, slot, i) : ENR_OK;
        if (status == ENR_OK) {
            status = write_mark(journal, &place, proof, &mark);
        }
        if (status != ENR_OK) {
            return status;
        }
        mark.sequence++;
        place.offset += size_of(journal, &mark);
    }
    return ENR_OK;
}
