/* Leads on flash: durable once appended, never overwritten, erased when asked (DESIGN 8). The bytes are described in
   lib/journal/FORMAT.md. What a lead's content and its registers mean is known above: see agent.h.

   One context: all functions, and those of the store beside it, are called from one thread and never from an interrupt.
   ENR_AGAIN of any function means that nothing was done: call enr_journal_step until it gives ENR_OK, then ask again.
   So does the first write after a mount: a session begins with the erase of one sector, which the steps do.
   ENR_E_FLASH: the part refused; what was to be written is not there, everything else is. */
#ifndef ENRICH_JOURNAL_H
#define ENRICH_JOURNAL_H

#include "enrich/limits.h"
#include "enrich/port.h"
#include "enrich/seal.h"

/* A slot's registers: one for each request of its lead, and one whose data replace the content (a rescan, an edit). */
#define ENR_JOURNAL_REGISTERS 4u
#define ENR_JOURNAL_CONTENT 3u

/* The largest value of a register. */
#define ENR_JOURNAL_VALUE_MAX 0xffffffu

/* Bytes of the digest by which a lead is found again. */
#define ENR_JOURNAL_HASH_LEN 6u

/* Free sectors that leads leave alone, so that compaction can always go on: lib/journal/FORMAT.md counts them. */
#define ENR_JOURNAL_SPARE 4u

/* The region's first sectors, which say how the last session began. One of them may be bad. */
#define ENR_JOURNAL_ANCHORS 3u

/* The least number of sectors of a region. */
#define ENR_JOURNAL_SECTORS_MIN (ENR_JOURNAL_ANCHORS + ENR_JOURNAL_SPARE + 2u)

/* Bad sectors that are remembered until the next mount; more of them are tried again each time round. */
#define ENR_JOURNAL_BAD_MAX 8u

/* Where an entry lies. Private. */
typedef struct {
    uint32_t epoch;
    uint16_t sector;
    uint16_t index;
} enr_place_t;

typedef struct {
    uint32_t value; /* 0: never set */
    uint16_t data_len;
    uint32_t data_at; /* private: offset of the mark in the region */
} enr_register_t;

/* A lead's slot as it is known to its user: read-only but for the private fields. It goes stale when it is compacted,
   and the newest lead's when the first write after a mount is prepared, unless it is held (enr_journal_hold); and when
   somebody else writes to the same slot. A stale one gives ENR_E_SEAL. */
typedef struct enr_slot {
    uint32_t number; /* of the lead, from 1; the same for ever */
    uint8_t hash[ENR_JOURNAL_HASH_LEN];
    bool gone;            /* erased: a tombstone */
    uint16_t until_day;   /* of one that is gone */
    uint16_t content_len; /* of the content that counts; 0: lost, damaged on flash */

    /* private */
    uint8_t last;          /* the last mark: 0x80, its kind and its register; 0: none … */
    uint8_t last_sequence; /* … its number … */
    uint16_t last_session; /* … and who wrote it */
    uint16_t born;         /* the session that wrote its entry, low half */
    uint8_t shape[6];      /* what its entry says of its content and annex */
    enr_place_t place;
    uint32_t annex_at; /* where the next mark goes */
    uint32_t annex_end;
    struct enr_slot *next_held;

    /* not private */
    enr_register_t registers[ENR_JOURNAL_REGISTERS];
} enr_slot_t;

/* Figures. Counts are right once `counted` is true; before that they are what was seen so far. */
typedef struct {
    bool counted;
    uint32_t leads;      /* living slots */
    uint32_t bytes;      /* that they take */
    uint32_t largest;    /* bytes of the largest slot */
    uint32_t unpurged;   /* erased leads whose data may still be readable with the key */
    uint32_t damaged;    /* slots that did not open, and sectors kept because their header did not */
    uint32_t sectors;    /* of the region */
    uint32_t clean;      /* erased and ready */
    uint32_t bad;        /* that cannot be erased or programmed */
    uint32_t erases_min; /* of a sector, as far as clean markers tell */
    uint32_t erases_max;
} enr_journal_stats_t;

typedef struct {
    const enr_flash_t *flash; /* the region: sectors of 1 KB to 1 MB, at least ENR_JOURNAL_SECTORS_MIN of them */
    const enr_seal_t *seal;   /* of the purpose "journal" */
    uint32_t salt;            /* differs from mount to mount: random, or a counter */
} enr_journal_config_t;

/* Private: a sector's header. */
typedef struct {
    uint32_t epoch;
    uint32_t session;
    uint32_t tail;
    uint32_t number;
    uint32_t salt;
    uint32_t erases;
    uint16_t sector; /* where it stands */
    uint16_t tail_sector;
    uint16_t tail_index;
    uint16_t before;       /* the sector before it in the log … */
    uint16_t before_count; /* … how many entries of that one count … */
    uint16_t before_used;  /* … and how many are there */
} enr_sector_t;

/* The journal. Private; sizes for RAM: about ENR_JOURNAL_CONTENT_MAX + 600 bytes. Narrow fields stand first: code
   that reads a byte or two is short only near the beginning. */
typedef struct {
    /* the session */
    bool decided;         /* its anchor is durable */
    bool begun;           /* and so is the entry that an earlier one may have left torn: anything may be written */
    bool wanted;          /* somebody waits for that, or for room */
    bool stuck;           /* nothing that could be done would make room */
    bool distrust;        /* a mark could not be written: annexes are read to their ends */
    uint8_t anchor_kept;  /* the anchor that counts */
    uint8_t anchor_first; /* the one to be written before others */
    uint8_t anchors_bad;  /* one bit each */

    bool head_open;  /* the newest sector, `head`, takes more */
    bool trusting;   /* the first free sector was erased by this session: others are what they look like */
    bool sweeping;   /* earlier sessions may have left others before the dirty ones */
    uint8_t purpose; /* of the erase under way */

    bool view_guessed; /* the sector behind the one in view is lost, which knows how many entries that has */
    bool passed_lost;  /* a walk came past a sector without a good header */
    bool compacting;
    bool repairing; /* what cannot be read is dropped */
    bool pinned;    /* the tail's entry before pin_index lives */
    bool purging;

    /* the region */
    uint16_t align;
    uint16_t sectors;

    /* the log */
    uint16_t head;       /* the newest sector */
    uint16_t head_count; /* its entries */
    uint16_t head_void;  /* entries that the next one makes void */
    uint16_t void_from;  /* entries of the head from here … */
    uint16_t void_to;    /* … to there do not count, but for `last` */
    uint16_t tail_sector;
    uint16_t tail_index; /* entries of the tail before it are dead */
    uint16_t pin_index;

    /* free sectors, from behind the head to before the tail */
    uint16_t clean;   /* the first ones: erased, and no other session can have touched them */
    uint16_t dirty;   /* the last ones, which are to be erased … */
    uint16_t fresh;   /* … and those before them, which this session erased */
    uint16_t erasing; /* the sector of the erase under way */

    /* the sector looked at last */
    uint16_t view_sector;
    uint16_t view_limit; /* its entries; UINT16_MAX: not known yet */
    uint16_t view_count; /* those from here on do not count */
    uint16_t view_from;  /* from this entry … */
    uint16_t view_to;    /* … to this one those behind the next are void: */
    uint16_t view_void;

    enr_journal_config_t config;
    uint32_t slot_max; /* bytes of the largest slot that is taken */

    /* the session and the log */
    uint32_t session;
    uint32_t epoch; /* the largest so far */
    uint32_t number;
    uint32_t tail;
    uint32_t head_epoch;
    uint32_t head_salt;
    uint32_t head_high; /* contents go on here */

    /* counting, compaction and purging */
    uint32_t compact_to; /* compaction goes on until the tail is this epoch */
    uint32_t tombstones; /* that are to be remembered */
    uint32_t purge_low;  /* what lies below it in the sector was looked at */
    enr_place_t purge_at;
    enr_place_t purge_owner; /* the search for an extension's slot has come so far */
    uint32_t extensions;     /* bytes of annexes beyond those of their slots */
    uint32_t gone_before;    /* slots of sectors that are still to be erased */
    uint32_t gone_extensions;
    enr_place_t count_at;
    uint16_t today;

    uint16_t last_born;
    enr_place_t last;      /* the last entry of the session before, which may be torn; epoch 0: none … */
    uint8_t last_head[16]; /* … as it was read once, with last_born */

    uint32_t erases;     /* of the sector of the erase under way */
    uint32_t annex_from; /* where the last annex of the slot loaded last begins */
    enr_slot_t *held;
    enr_sector_t view;
    uint16_t bad_count;
    uint16_t bad[ENR_JOURNAL_BAD_MAX];
    enr_journal_stats_t stats;
    uint8_t scratch[8 + ENR_JOURNAL_CONTENT_MAX + ENR_SEAL_TAG_LEN];
} enr_journal_t;

/* A walk over the slots, oldest first. All zero: from the oldest. Private. It survives everything but a mount: after
   compaction it meets copies again, further on. */
typedef struct {
    enr_place_t at;
} enr_cursor_t;

/* Mounts a region: an erased one, or one with a journal. Reads each sector's header and the directories of the newest
   and the oldest; writes nothing. config's parts must outlive the journal. ENR_OK. ENR_E_SETTING: geometry (sizes,
   program unit, fewer sectors than ENR_JOURNAL_SECTORS_MIN), or the region was written with another one. ENR_E_VERSION:
   a newer format; nothing is changed. ENR_E_SEAL: there are leads, and the key is another one. ENR_E_FLASH, ENR_AGAIN
   (an erase is under way). */
ENR_NODISCARD enr_status_t enr_journal_mount(enr_journal_t *journal, const enr_journal_config_t *config);

/* From now on enr_journal_step begins the session, if no writer has asked for it: for programs that are going to write,
   so that the first of their leads need not wait for the erase. */
void enr_journal_begin(enr_journal_t *journal);

/* Appends a lead. ENR_OK: it is durable; *out_slot is its slot, with a number that no lead had before. content: 1 to
   ENR_JOURNAL_CONTENT_MAX bytes. annex: bytes kept free for its registers: 16 for each value, 24 more than its data for
   each value with data, 64 beyond; more is found elsewhere when needed. No sector is erased and nothing else is
   written on this path. ENR_E_FULL: no room even when what is dead is gone; then a few sectors' worth of leads may
   have to go before one more fits. ENR_AGAIN: there will be room, or the part is erasing and cannot be interrupted;
   ENR_E_LIMIT: content or annex too large (also: both do not fit half a sector); ENR_E_FLASH. */
ENR_NODISCARD enr_status_t enr_journal_append(enr_journal_t *journal, enr_span_t content,
                                              const uint8_t hash[ENR_JOURNAL_HASH_LEN], size_t annex,
                                              enr_slot_t *out_slot);

/* The next slot of a walk, gone ones included. ENR_OK; ENR_END: there is none yet; a later call goes on with what
   was appended meanwhile; ENR_AGAIN; ENR_E_FLASH. Slots that do not open are passed over and counted as damaged. */
ENR_NODISCARD enr_status_t enr_journal_next(enr_journal_t *journal, enr_cursor_t *cursor, enr_slot_t *out_slot);

/* Finds the newest slot, living or gone, by its hash or by its number; a tombstone whose slot is gone altogether gives
   a slot with `gone` set and number 0. Reads 32 bytes for each slot of the region. ENR_OK, ENR_END (none), ENR_E_SEAL
   (there is one, and it is damaged), ENR_AGAIN, ENR_E_FLASH. */
ENR_NODISCARD enr_status_t enr_journal_find(enr_journal_t *journal, const uint8_t hash[ENR_JOURNAL_HASH_LEN],
                                            enr_slot_t *out_slot);
ENR_NODISCARD enr_status_t enr_journal_find_number(enr_journal_t *journal, uint32_t number, enr_slot_t *out_slot);

/* Reads the content (register ENR_JOURNAL_CONTENT's data if set) or a register's data to the end of `out`. ENR_OK;
   ENR_E_LIMIT: no room there, nothing is appended; ENR_E_SEAL: damaged; ENR_AGAIN, ENR_E_FLASH. Asserts that the slot
   is not gone. */
ENR_NODISCARD enr_status_t enr_journal_read(enr_journal_t *journal, const enr_slot_t *slot, enr_buffer_t *out);
ENR_NODISCARD enr_status_t enr_journal_read_data(enr_journal_t *journal, const enr_slot_t *slot, unsigned number,
                                                 enr_buffer_t *out);

/* Gives a register a value (1 to ENR_JOURNAL_VALUE_MAX) and data (may be empty), in place of the ones before. ENR_OK:
   durable, and the slot is up to date. A power cut leaves the old or the new. ENR_E_FULL: it needs more annex, and
   there is no room; ENR_E_LIMIT: data longer than ENR_JOURNAL_CONTENT_MAX, or the slot would not fit half a sector;
   ENR_AGAIN: as above, or this very slot is being compacted; ENR_E_FLASH. Asserts that the slot is not gone. */
ENR_NODISCARD enr_status_t enr_journal_set(enr_journal_t *journal, enr_slot_t *slot, unsigned number, uint32_t value,
                                           enr_span_t data);

/* Writes again what was written last by an earlier session, so that it cannot have been torn (behaviours 44). To be
   called before acting on the state of a slot that was read from flash; does nothing for one that this session wrote.
   Statuses as enr_journal_set. */
ENR_NODISCARD enr_status_t enr_journal_confirm(enr_journal_t *journal, enr_slot_t *slot);

/* Erases a lead: its slot is gone, its data are no longer read by anybody, and enr_journal_purge makes them
   unreadable. The hash is remembered until the end of a day (since 1970; 0: as long as its sector lives). Statuses as
   enr_journal_set. */
ENR_NODISCARD enr_status_t enr_journal_retire(enr_journal_t *journal, enr_slot_t *slot, uint16_t until_day);

/* Keeps a slot up to date when its sector is compacted, until it is released. The slot must stay where it is. */
void enr_journal_hold(enr_journal_t *journal, enr_slot_t *slot);
void enr_journal_release(enr_journal_t *journal, enr_slot_t *slot);

/* Does a bounded piece of what is to be done in the background: counting after a mount, erasing dead sectors,
   compaction, purging. One step reads or programs at most one slot, or starts or asks after one erase. today: days
   since 1970, 0: not known. ENR_OK: nothing is left to do. ENR_AGAIN: more is; while a sector is erased, ask again in
   some milliseconds. ENR_E_FLASH: a sector was given up; go on. */
ENR_NODISCARD enr_status_t enr_journal_step(enr_journal_t *journal, uint16_t today);

/* From now on enr_journal_step also makes the data of all erased leads unreadable: by overwriting them with zeros where
   the part allows that, else by compaction until their sectors are erased (behaviours 46). */
void enr_journal_purge(enr_journal_t *journal);

/* How many more leads with so much content and annex surely fit now. */
uint32_t enr_journal_room(const enr_journal_t *journal, size_t content_len, size_t annex);

void enr_journal_stats(const enr_journal_t *journal, enr_journal_stats_t *out_stats);

/* Gives up what cannot be read: damaged sectors are erased and damaged slots dropped by the compaction that follows.
   For an operator who has exported what could be read. */
void enr_journal_repair(enr_journal_t *journal);

#endif
