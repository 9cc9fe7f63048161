/* What the files of the journal share. FORMAT.md describes the bytes. */
#ifndef ENRICH_JOURNAL_INTERNAL_H
#define ENRICH_JOURNAL_INTERNAL_H

#include "enrich/journal.h"

#define UNIT_MAX 32u
#define HEADER_LEN 64u
#define ENTRY_LEN 32u
#define ENTRY_HEAD_LEN 16u
#define PREFIX_LEN 4u
#define MARK_HEAD_LEN 8u
#define PROOF_LEN (ENTRY_HEAD_LEN + MARK_HEAD_LEN) /* what the tag of a mark is bound to */
#define MARK_TAG_LEN 8u
#define ANNEX_MAX 4080u /* 255 * 16 */
#define ANNEX_SLACK 64u /* what is kept free beyond the marks that are known */
#define ENTRIES_MAX 4095u
#define VOID_MAX 255u
#define NOWHERE 0u      /* no sector of the ring: the first ones are anchors */
#define IDLE UINT16_MAX /* no sector is being erased */
#define UNKNOWN UINT16_MAX

/* Entries for which slots leave room: of a new tail, and of what a session writes again. */
#define ENTRIES_KEPT 2u

#define TRIES 8u /* looks at what may be torn before it counts as damaged */

_Static_assert(ENR_JOURNAL_CONTENT_MAX >= 256 && ENR_JOURNAL_CONTENT_MAX <= 4095, "a mark's length has 12 bits");

typedef enum { KIND_LEAD = 1, KIND_COPY, KIND_TOMBSTONE, KIND_EXTENSION, KIND_TAIL } kind_t;

typedef enum { MARK_STILL, MARK_SET, MARK_GONE, MARK_CONTINUED } mark_kind_t;

/* The first 16 bytes of an entry, and what they say; places are offsets in the region. */
typedef struct {
    kind_t kind;
    uint8_t void_before; /* so many entries right before it do not count */
    uint16_t born;       /* the session that wrote it, low half */
    uint16_t content_len;
    uint32_t number;
    uint32_t content_at;
    uint32_t annex_at;
    uint32_t annex_end;
    enr_place_t place;
    uint8_t head[ENTRY_HEAD_LEN];
} entry_t;

/* bytes.c: reading, programming and proving bytes of the region. */

bool is_erased(const uint8_t *bytes, size_t len);

ENR_NODISCARD enr_status_t flash_read(enr_journal_t *journal, uint32_t at, uint8_t *out, size_t len);

/* Programs bytes, filled up with 0xFF to a whole unit, page by page, and reads them back. ENR_OK; ENR_E_FLASH;
   ENR_AGAIN (an erase is under way, nothing was programmed by this call). */
ENR_NODISCARD enr_status_t flash_program(enr_journal_t *journal, uint32_t at, const uint8_t *bytes, size_t len);

/* Overwrites what is not erased between two multiples of the alignment, the end first. Only where `reprogram` is. */
ENR_NODISCARD enr_status_t flash_zero(enr_journal_t *journal, uint32_t from, uint32_t to);

/* Bytes that a sealed or other text of this length takes. */
uint32_t padded(const enr_journal_t *journal, size_t len);

/* Where bytes lie in the sector in view, and in the head. */
enr_seal_place_t view_place(const enr_journal_t *journal, uint32_t at);
enr_seal_place_t head_place(const enr_journal_t *journal, uint32_t at);

/* Bytes with a tag behind them, or the first bytes of one. */
typedef struct {
    enr_seal_place_t place;
    uint8_t *bytes;
    uint8_t head_len; /* of the bytes before the tag */
    uint8_t tag_len;
    uint8_t salt_at; /* the bytes name their epoch, and here their salt; 0: `place` does */
} proof_t;

/* Puts the tag behind the bytes. */
void prove(enr_journal_t *journal, const proof_t *proof);

/* Whether the tag is that of the bytes. One wrong bit is found by trying those between two, and turned. */
bool is_proven(enr_journal_t *journal, const proof_t *proof, unsigned from_bit, unsigned to_bit);

/* What a sector's header and an anchor have in common: letters, version, alignment, epoch, salt and sizes, and a tag at
   the end. Offsets are in bytes. */
typedef struct {
    uint8_t letters[4];
    uint8_t len;
    uint8_t salt_at;
    uint8_t sizes_at;
    uint8_t mend_from; /* bits of which one may be wrong */
    uint16_t mend_to;
} block_t;

#define BLOCK_EPOCH_AT 8u

/* ENR_OK; ENR_END: erased; ENR_E_SEAL: none, or not whole; ENR_E_VERSION; ENR_E_SETTING: of another geometry;
   ENR_AGAIN, ENR_E_FLASH. */
ENR_NODISCARD enr_status_t block_read(enr_journal_t *journal, const block_t *block, uint32_t at, uint8_t *bytes);

/* Fills in what blocks have in common, and programs it. ENR_OK, ENR_AGAIN, ENR_E_FLASH. */
ENR_NODISCARD enr_status_t block_write(enr_journal_t *journal, const block_t *block, uint32_t at, uint32_t epoch,
                                       uint8_t *bytes);

/* Seals the text at journal->scratch + MARK_HEAD_LEN and programs it with the bytes right before it: its first unit,
   and then the rest. head_len: PREFIX_LEN, of a content, or MARK_HEAD_LEN. bound: what is sealed with it: the first
   bytes of its entry; of a mark its head behind them. ENR_OK, ENR_AGAIN, ENR_E_FLASH. */
ENR_NODISCARD enr_status_t sealed_write(enr_journal_t *journal, const enr_seal_place_t *place, const uint8_t *bound,
                                        size_t head_len, size_t text_len);

/* Opens what sealed_write wrote at a place of the sector in view to where it was. ENR_OK; ENR_E_SEAL: damaged;
   ENR_AGAIN, ENR_E_FLASH. */
ENR_NODISCARD enr_status_t sealed_read(enr_journal_t *journal, uint32_t at, const uint8_t *bound, size_t head_len,
                                       size_t text_len);

/* Bytes of a mark with so much data. */
size_t mark_len(size_t data_len);

static inline bool places_equal(const enr_place_t *a, const enr_place_t *b)
{
    return a->epoch == b->epoch && a->sector == b->sector && a->index == b->index;
}

/* sector.c: headers and entries. */

uint32_t sector_at(const enr_journal_t *journal, uint16_t sector);
uint32_t entry_at(const enr_journal_t *journal, uint16_t sector, uint16_t index);
uint32_t header_at(const enr_journal_t *journal, uint16_t sector);

/* Where a sector's contents begin. */
uint32_t contents_at(const enr_journal_t *journal, uint16_t sector);

/* Bytes between a sector's header and its end. */
uint32_t sector_usable(const enr_journal_t *journal);

/* Entries that its directory could hold. */
uint16_t sector_entries_max(const enr_journal_t *journal);

/* Whether there is such a sector in the ring. */
bool is_in_ring(const enr_journal_t *journal, uint16_t sector);

/* The sector after one, round the ring. */
uint16_t ring_next(const enr_journal_t *journal, uint16_t sector);

/* Steps from one sector to another, round the ring. */
uint16_t ring_steps(const enr_journal_t *journal, uint16_t from, uint16_t to);

/* Reads a header. ENR_OK; ENR_END: erased; ENR_E_SEAL: none, or not whole; ENR_E_VERSION, ENR_E_SETTING; ENR_AGAIN,
   ENR_E_FLASH. */
ENR_NODISCARD enr_status_t sector_read(enr_journal_t *journal, uint16_t sector, enr_sector_t *out_header);

/* Makes journal->view that of a sector. Statuses as sector_read. */
ENR_NODISCARD enr_status_t sector_view(enr_journal_t *journal, uint16_t sector);

/* The header of the sector behind one with this epoch in the log. One that names another one before it stands behind
   headers that are lost. ENR_END: none. */
ENR_NODISCARD enr_status_t sector_successor(enr_journal_t *journal, uint16_t sector, uint32_t epoch,
                                            enr_sector_t *out_header);

/* Finds journal->view_limit: how many entries the directory of the sector in view has. walk_void tells which count. */
ENR_NODISCARD enr_status_t sector_limit(enr_journal_t *journal);

/* Programs the header of a sector that is to be the head. ENR_OK, ENR_AGAIN, ENR_E_FLASH. */
ENR_NODISCARD enr_status_t header_write(enr_journal_t *journal, uint16_t sector);

/* Reads an entry of the sector in view. ENR_OK; ENR_END: erased; ENR_E_SEAL: not whole; ENR_AGAIN, ENR_E_FLASH. */
ENR_NODISCARD enr_status_t entry_read(enr_journal_t *journal, uint16_t index, entry_t *out_entry);

/* What the first 16 bytes of an entry at entry->place say. */
void entry_decode(const enr_journal_t *journal, const uint8_t head[ENTRY_HEAD_LEN], entry_t *entry);

/* Whether an entry that is proven speaks of its sector: somebody with the key may have written anything. */
bool entry_fits(const enr_journal_t *journal, const entry_t *entry);

/* Programs the head's next entry from its first 16 bytes. born: the session that it names. ENR_OK; ENR_END: the
   directory is full; ENR_AGAIN; ENR_E_FLASH: the head is closed. */
ENR_NODISCARD enr_status_t entry_write(enr_journal_t *journal, const uint8_t head[ENTRY_HEAD_LEN], uint16_t born);

/* Where the head's last entry is. */
enr_place_t head_last(const enr_journal_t *journal);

/* Programs an entry that has nothing but itself, of the present session, in the head or in the next sector. ENR_OK;
   ENR_END: no sector is clean; ENR_AGAIN. */
ENR_NODISCARD enr_status_t entry_add(enr_journal_t *journal, const uint8_t head[ENTRY_HEAD_LEN]);

/* ring.c: sectors that hold nothing, and those that begin to hold something. */

/* Erase counts as their marker on flash says; 0: there is none. */
uint32_t marked_erases(const uint8_t *marker);

/* Sectors that were given up. */
uint16_t sector_bad(const enr_journal_t *journal);

/* Free sectors. */
uint16_t sector_free(const enr_journal_t *journal);

/* Opens the next free sector as the head. ENR_OK; ENR_END: it is not clean, or there is none; ENR_AGAIN. */
ENR_NODISCARD enr_status_t sector_open(enr_journal_t *journal);

/* Does a piece of making free sectors clean. ENR_OK: nothing is to be erased; ENR_AGAIN: more is to do; ENR_E_FLASH:
   one was given up. */
ENR_NODISCARD enr_status_t sector_prepare(enr_journal_t *journal);

/* Starts to erase an anchor, or asks after any erase that is under way. *out_anchor: one that is now erased, or
   ENR_JOURNAL_ANCHORS. ENR_OK: nothing is under way; ENR_AGAIN; ENR_E_FLASH: a sector was given up, the anchor if it
   was one. */
ENR_NODISCARD enr_status_t erase_anchor(enr_journal_t *journal, uint8_t anchor);
ENR_NODISCARD enr_status_t erase_poll(enr_journal_t *journal, uint16_t *out_anchor);

/* So many sectors behind the log were given free by a new tail. */
void sectors_freed(enr_journal_t *journal, uint16_t count);

/* Whether the head has room for a slot of so many bytes beside its entry. */
bool head_has_room(const enr_journal_t *journal, uint32_t bytes);

/* A sector was erased so often. */
void erases_learn(enr_journal_t *journal, uint32_t erases);

/* session.c: what the first sectors say of where the last session began. */

#define NO_HEAD UINT16_MAX

typedef struct {
    uint32_t session;
    uint32_t head_epoch;
    uint32_t high;
    uint16_t head;      /* NO_HEAD: there was no log yet */
    uint16_t void_from; /* entries of the head that count … */
    uint16_t void_to;   /* … and where new ones went */
    bool has_last;      /* the last one that counts stands at `last_index`, and its first bytes are these */
    uint16_t last_index;
    uint16_t last_born;
    uint8_t last_head[ENTRY_HEAD_LEN];
} anchor_t;

/* Reads the newest anchor. ENR_OK; ENR_END: none was ever written; ENR_E_SEAL: there are some, of another key;
   ENR_E_VERSION, ENR_E_SETTING, ENR_AGAIN, ENR_E_FLASH. */
ENR_NODISCARD enr_status_t anchors_read(enr_journal_t *journal, anchor_t *out_anchor);

/* Begins the session, piece by piece. ENR_OK: it has begun; ENR_AGAIN; ENR_E_FLASH: no anchor can be written, or one
   was given up. */
ENR_NODISCARD enr_status_t session_step(enr_journal_t *journal);

/* Whether the session has begun, before which nothing may be written. ENR_OK; ENR_AGAIN: it will; ENR_E_FLASH: it
   cannot. */
ENR_NODISCARD enr_status_t session_begin(enr_journal_t *journal);

/* slot.c */

/* What slot_write writes. */
typedef struct {
    kind_t kind;
    uint32_t number;
    const uint8_t *hash;    /* NULL: none */
    const enr_slot_t *from; /* NULL: none; a slot whose content, as long as `content`, and registers are written */
    enr_span_t content;
    uint16_t annex;               /* bytes, a multiple of the alignment */
    uint8_t head[ENTRY_HEAD_LEN]; /* all zero; filled in: the first 16 bytes of its entry */
} slot_order_t;

/* Writes a slot at the head. ENR_OK; ENR_END: no sector is clean; ENR_AGAIN: the part is busy; ENR_E_SEAL: the content
   of `from` does not open; ENR_E_FLASH. */
ENR_NODISCARD enr_status_t slot_write(enr_journal_t *journal, slot_order_t *order);

/* Writes a slot again. generous: with some annex for marks to come. Statuses as slot_write. */
ENR_NODISCARD enr_status_t slot_copy(enr_journal_t *journal, kind_t kind, const enr_slot_t *slot, bool generous);

/* Makes a slot of its entry, without its registers. */
void slot_start(enr_slot_t *slot, const entry_t *entry);

/* Reads a slot with its registers; the sector of its last annex is then in view, after an error perhaps none. ENR_OK;
 * ENR_END: no entry; ENR_E_SEAL: damaged; ENR_AGAIN, ENR_E_FLASH. */
ENR_NODISCARD enr_status_t slot_load(enr_journal_t *journal, enr_place_t place, enr_slot_t *out_slot);

/* A slot was written again at another place: held ones follow. */
void slots_moved(enr_journal_t *journal, enr_place_t from, enr_place_t to);

/* Bytes of the marks that a slot needs. */
uint32_t slot_marks(const enr_journal_t *journal, const enr_slot_t *slot);

/* Bytes of its annex when a slot is written again; generous: with some for marks to come. */
uint32_t slot_annex(const enr_journal_t *journal, const enr_slot_t *slot, bool generous);

/* Bytes that a slot with a generous annex takes when it is written again, and its entry. */
uint32_t slot_size(const enr_journal_t *journal, const enr_slot_t *slot);

/* Bytes that a content takes. */
uint32_t content_size(const enr_journal_t *journal, size_t len);

/* The first 16 bytes of a slot's entry. */
void slot_head(const enr_slot_t *slot, uint8_t out_head[ENTRY_HEAD_LEN]);

/* Whether a slot that its user holds is still where it was. ENR_OK; ENR_E_SEAL: stale; ENR_AGAIN, ENR_E_FLASH. */
ENR_NODISCARD enr_status_t slot_check(enr_journal_t *journal, const enr_slot_t *slot);

/* annex.c */

/* Reads the marks of a slot whose entry is known into its registers. ENR_OK; ENR_E_SEAL: one is missing. */
ENR_NODISCARD enr_status_t marks_load(enr_journal_t *journal, enr_slot_t *slot, const entry_t *entry);

/* Writes the last mark of a slot, as it was just loaded, again if its annex does not read the same at every look: what
   a cut has torn is then one thing or the other for good. Statuses as enr_journal_confirm. */
ENR_NODISCARD enr_status_t marks_pin(enr_journal_t *journal, enr_slot_t *slot);

/* Writes a slot's registers, or that it is gone, into the annex of a copy with this entry. */
ENR_NODISCARD enr_status_t marks_copy(enr_journal_t *journal, const enr_slot_t *slot, const entry_t *entry);

/* Bytes that a mark with so much data takes. */
uint32_t mark_size(const enr_journal_t *journal, size_t data_len);

/* Opens the data of a register to journal->scratch + MARK_HEAD_LEN; the sector that holds them is then in view. */
ENR_NODISCARD enr_status_t mark_data(enr_journal_t *journal, const enr_slot_t *slot, unsigned number);

/* Overwrites what the annexes of a slot that is gone hold; its sector is in view. ENR_OK; ENR_E_LIMIT: there may be
   more; ENR_AGAIN, ENR_E_FLASH. */
ENR_NODISCARD enr_status_t marks_purge(enr_journal_t *journal, enr_slot_t *slot, const entry_t *entry);

/* purge.c */

/* Does a piece of overwriting. ENR_OK: nothing is to be overwritten; ENR_READY: more is; ENR_AGAIN, ENR_E_FLASH. */
ENR_NODISCARD enr_status_t purge_one(enr_journal_t *journal);

/* Whether the content of a slot was overwritten. ENR_OK; ENR_READY: it was not; ENR_AGAIN, ENR_E_FLASH. */
ENR_NODISCARD enr_status_t purge_look(enr_journal_t *journal, const entry_t *entry);

/* room.c */

/* Whether so many bytes, with their entry, may be written now. ENR_OK, ENR_AGAIN, ENR_E_FULL. */
ENR_NODISCARD enr_status_t room_for(enr_journal_t *journal, uint32_t bytes);

/* Whether compaction can win a sector. */
bool room_can_be_made(const enr_journal_t *journal);

/* A slot of the log is counted, or counted out: a living one with so many bytes. */
bool room_counts(const enr_journal_t *journal, enr_place_t place);
void room_add(enr_journal_t *journal, uint32_t bytes);
void room_drop(enr_journal_t *journal, uint32_t bytes);

/* compact.c */

/* A living slot is no more: the tail may have lost its last one. */
void compact_unpin(enr_journal_t *journal, const enr_slot_t *slot);

/* From now on the log is compacted until this slot was written again. ENR_AGAIN; ENR_E_FULL: that was tried. */
ENR_NODISCARD enr_status_t compact_until(enr_journal_t *journal, const enr_slot_t *slot);

/* walk.c */

/* Whether an entry is a slot of a lead. */
bool is_lead(kind_t kind);

/* Whether a tombstone's time is over. */
bool is_forgotten(const enr_journal_t *journal, uint16_t until_day);

/* Whether an entry of the sector in view, below its limit, counts. ENR_OK; ENR_READY: a later one made it void;
   ENR_AGAIN, ENR_E_FLASH. */
ENR_NODISCARD enr_status_t walk_void(enr_journal_t *journal, uint16_t index);

/* Moves to the next entry that counts, or to an extension; *at is then behind it. ENR_OK; ENR_END; ENR_E_SEAL: one that
   is damaged; ENR_AGAIN, ENR_E_FLASH. */
ENR_NODISCARD enr_status_t walk_next(enr_journal_t *journal, enr_place_t *at, entry_t *out_entry);

#endif
