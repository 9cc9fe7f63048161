/* A few small durable things: settings, the entropy seed, session tickets, the last good time, a Retry-After, counters
   (DESIGN 2). Each is sealed, and a power cut leaves its old value or its new one. The bytes are described in
   lib/store/FORMAT.md.

   One context: all functions, and those of the journal beside it, are called from one thread and never from an
   interrupt. ENR_AGAIN of any function means that nothing was done: call enr_store_step until it gives ENR_OK, then ask
   again. */
#ifndef ENRICH_STORE_H
#define ENRICH_STORE_H

#include "enrich/limits.h"
#include "enrich/port.h"
#include "enrich/seal.h"
#include "enrich/tls.h"

/* What is kept. The numbers stand on flash and are never given to something else. */
typedef enum {
    ENR_STORE_SETTINGS = 1,   /* the program's own format */
    ENR_STORE_SEED = 2,       /* enr_store_take_seed */
    ENR_STORE_TIME = 3,       /* enr_store_keep_time */
    ENR_STORE_NOT_BEFORE = 4, /* enr_store_keep_not_before */
    ENR_STORE_COUNTERS = 5,   /* enr_store_count */
    ENR_STORE_AGENT = 6,      /* the agent's own format */
    ENR_STORE_TICKET = 8      /* enr_store_tickets: this and the next ENR_STORE_TICKETS - 1 */
} enr_store_item_t;

/* Numbers of items are below this. */
#define ENR_STORE_ITEMS 16u

/* Bytes that an item takes on flash beside its own, and then filled up to a multiple of 16 (32 where the part's program
   unit is 32). */
#define ENR_STORE_OVERHEAD 32u

typedef struct {
    const enr_flash_t *flash; /* the region: an even number of sectors, 2 KB or more */
    const enr_seal_t *seal;   /* of the purpose "store" */
} enr_store_config_t;

/* Where the newest value of an item lies, and what it takes there; 0: there is none. Private. */
typedef struct {
    uint32_t at;
    uint32_t size;
} enr_store_place_t;

/* The store. Private; sizes for RAM: about ENR_STORE_ITEM_MAX + 370 bytes. */
typedef struct {
    enr_store_config_t config;
    uint32_t epoch;      /* the largest that was seen or used */
    uint32_t active;     /* where the half that counts begins */
    uint32_t end;        /* where the next entry goes */
    uint32_t start;      /* while moving: where the new half begins */
    uint32_t erasing_at; /* while moving: the sector at work */
    uint8_t state;
    uint8_t item;     /* while moving: the next to be copied */
    uint8_t failures; /* of the move */
    bool settled;     /* the first move since the mount is over */
    enr_store_place_t items[ENR_STORE_ITEMS];
    enr_store_place_t moved[ENR_STORE_ITEMS]; /* while moving: in the new half */
    uint8_t scratch[ENR_STORE_ITEM_MAX + ENR_STORE_OVERHEAD + 31];
} enr_store_t;

/* Mounts a region: an erased one, or one with a store. Writes nothing. config's parts must outlive the store.
   ENR_OK: call enr_store_step next. After an error nothing else may be called. ENR_E_SETTING: geometry (sizes, program
   unit, an odd number of sectors), or the region was written with another one. ENR_E_VERSION: a newer format; nothing
   is changed. ENR_E_SEAL: the key is another one, or what lies there is no store; nothing is changed. ENR_E_FLASH,
   ENR_AGAIN (an erase is under way). */
ENR_NODISCARD enr_status_t enr_store_mount(enr_store_t *store, const enr_store_config_t *config);

/* Does a bounded piece of what is to be done before the store can be used: after a mount, and when a write has found no
   room, one half is erased and everything is copied there (behaviours 44, 47). One step starts or asks after one erase,
   or copies one item. ENR_OK: nothing is left to do. ENR_AGAIN: more is; while a sector is erased, ask again in some
   milliseconds. ENR_E_FLASH: the part refused more than once: until the next mount nothing can be written, but all is
   readable. */
ENR_NODISCARD enr_status_t enr_store_step(enr_store_t *store);

/* Reads an item. ENR_OK: *out_len bytes at out. ENR_END: there is none. ENR_E_LIMIT: it is longer than capacity.
   ENR_E_SEAL: damaged or forged. ENR_AGAIN, ENR_E_FLASH. After a mount it gives ENR_AGAIN until enr_store_step has
   given ENR_OK or ENR_E_FLASH: before that, a value which a power cut was writing may be seen once and then be gone. */
ENR_NODISCARD enr_status_t enr_store_get(enr_store_t *store, enr_store_item_t item, uint8_t *out, size_t capacity,
                                         size_t *out_len);

/* Gives an item a new value, in place of the one before; an empty one removes it. ENR_OK: durable. ENR_E_LIMIT: longer
   than ENR_STORE_ITEM_MAX, or too much together: all items, and the new value beside the old one, must fit half the
   region, and without the old one three quarters of that half, so that not every write costs an erase. ENR_AGAIN: as
   above. ENR_E_FLASH: the part refused; the old value stays. */
ENR_NODISCARD enr_status_t enr_store_put(enr_store_t *store, enr_store_item_t item, enr_span_t value);

/* --- the entropy seed (behaviours 18) --- */

#define ENR_STORE_SEED_LEN 32u

/* Takes bytes that nobody can guess from the kept seed, which is replaced before they are given: no start repeats
   another, and who reads the flash later, even with the key, cannot tell them. For the entropy duty of a device without
   a source of its own, once a start; enr_tls_init needs it, but need not have succeeded (see there). ENR_OK; ENR_END:
   no seed was ever mixed in; otherwise as enr_store_get and enr_store_put. */
ENR_NODISCARD enr_status_t enr_store_take_seed(enr_store_t *store, uint8_t out_seed[ENR_STORE_SEED_LEN]);

/* Mixes up to 64 random bytes into the kept seed, or makes the first one of them: at provisioning, and whenever there
   are better ones, as after the first handshake. Statuses as enr_store_get and enr_store_put. */
ENR_NODISCARD enr_status_t enr_store_mix_seed(enr_store_t *store, enr_span_t random);

/* --- the last good time (DESIGN 4, behaviours 16) --- */

/* Keeps a time, seconds since 1970, as the last good one: only after a verified handshake agreed with it. It is written
   when the kept one is older by an hour or more, or absent; otherwise nothing is done. Statuses as enr_store_get and
   enr_store_put. */
ENR_NODISCARD enr_status_t enr_store_keep_time(enr_store_t *store, int64_t now);

/* The kept time: ENR_OK, ENR_END (none), otherwise as enr_store_get. */
ENR_NODISCARD enr_status_t enr_store_time(enr_store_t *store, int64_t *out_time);

/* What time to believe. source: what an RTC, the console, provisioning or SNTP says now, 0 for none. kept: the last
   good time, 0 for none. uptime_s: since the start. A source counts unless it lies before ENR_CLOCK_FLOOR or before the
   kept time; without one the kept time counts, and the uptime on top of it, for the first 7 days. ENR_OK: *out_now, and
   *out_kept tells that it rests on the kept time. ENR_E_NO_TIME: there is nothing to believe. */
ENR_NODISCARD enr_status_t enr_store_believe(int64_t source, int64_t kept, uint32_t uptime_s, int64_t *out_now,
                                             bool *out_kept);

/* --- Retry-After (behaviours 26, 27) --- */

/* Keeps that nothing may be sent for so many seconds from now, which is seconds since 1970, or 0 where no clock can be
   believed. 0 seconds: that it may. The caller has capped them. Statuses as enr_store_put. */
ENR_NODISCARD enr_status_t enr_store_keep_not_before(enr_store_t *store, int64_t now, uint32_t wait_s);

/* How many seconds are left of it: never more than were kept, wherever the clock has jumped; all of them where it was
   not or is not known (now: 0). ENR_OK; ENR_END: none are. Otherwise as enr_store_get. */
ENR_NODISCARD enr_status_t enr_store_not_before(enr_store_t *store, int64_t now, uint32_t *out_wait_s);

/* --- counters --- */

/* Numbers that only grow. Their own numbers stand on flash. */
typedef enum {
    ENR_COUNTER_STARTS = 0,      /* of the device */
    ENR_COUNTER_PROVISIONED = 1, /* settings taken over; a record with a smaller number is an old one */
    ENR_COUNTER_SECRETS = 2,     /* provisioning secrets that were made */
    ENR_COUNTER_EXPORTED = 3,    /* leads up to this number were exported once */
    ENR_COUNTERS = 8
} enr_counter_t;

/* Adds to a counter, which stops at UINT32_MAX, and gives what it is then; adding 0 only reads it. ENR_OK: durable.
   Otherwise as enr_store_get and enr_store_put. */
ENR_NODISCARD enr_status_t enr_store_count(enr_store_t *store, enr_counter_t counter, uint32_t by, uint32_t *out_value);

/* --- session tickets (DESIGN 7) --- */

/* Keeps up to ENR_STORE_TICKETS session tickets in a store, one for each binding. Zero but for store and clock, which
   must outlive it. */
typedef struct {
    enr_store_t *store;
    const enr_clock_t *clock; /* its wall time */
    uint8_t dropped;          /* private: a bit for each place whose ticket is not to be used */
} enr_store_tickets_t;

/* The functions that tls asks for. A ticket is written at most once an hour for each binding, and takes the place of
   the oldest one, but of none that is younger than an hour; one that may not be written now, or that the store has no
   room for, is left. tickets must stay where it is. */
enr_tickets_t enr_store_tickets(enr_store_tickets_t *tickets);

#endif
