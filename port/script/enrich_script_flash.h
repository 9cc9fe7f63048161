/* A NOR flash in memory for tests, which does exactly what a script says: when the power is cut and what that leaves,
   which sectors are worn out, how long an erase takes. It counts what an honest part would not forgive. No allocation,
   no chance but from a seed: the same script gives the same run. */
#ifndef ENRICH_SCRIPT_FLASH_H
#define ENRICH_SCRIPT_FLASH_H

#include "enrich/port.h"

/* Torn units that are remembered at once; each stays one until its sector is erased. */
#define ENR_SCRIPT_TORN_MAX 32

/* What a power cut leaves of the operation that it hits, and of an erase that is under way then. */
typedef enum {
    ENR_SCRIPT_CUT_BEFORE, /* nothing was done */
    ENR_SCRIPT_CUT_HALF,   /* the first half of the bytes was programmed; of an erase: the first half of the sector. A
                              unit reached in part counts as programmed, the sector not as erased. */
    ENR_SCRIPT_CUT_AFTER,  /* all was done, but the caller never hears of it */

    /* The units before the middle are programmed, those behind it are touched but read as before. The one in the middle
       is unstable: each read of it gives its old bytes, its new ones or a mix, by chance. Of an erase: the whole sector
       is unstable until it is erased again. */
    ENR_SCRIPT_CUT_TORN,

    /* Everything reads as if nothing had been done, but all units are touched. Of an erase: the sector reads as if all
       had been done, but does not count as erased. */
    ENR_SCRIPT_CUT_TORN_BLANK
} enr_script_cut_t;

/* Number of the kinds above. */
#define ENR_SCRIPT_CUT_KINDS 5

/* Geometry as in port.h, and behaviour. */
typedef struct {
    uint32_t size;
    uint32_t sector_size;
    uint32_t page_size;
    uint32_t program_unit;
    bool reprogram;
    bool suspends;        /* other sectors can be read and programmed during an erase; false: both give ENR_AGAIN */
    uint32_t erase_polls; /* so often erase_busy gives ENR_AGAIN; the sector changes with the poll after these. 0: at
                             once */
    uint64_t seed;        /* of what unstable reads give */
} enr_script_flash_config_t;

typedef struct {
    uint32_t offset;
    uint8_t before[32];
    uint8_t after[32];
} enr_script_torn_t;

/* The flash: this struct and the caller's memory. A test may copy both, and so take a snapshot or go back to one. The
   first fields may be read and set at any time; the others are private. */
typedef struct {
    uint64_t operations; /* program and erase_start calls so far that were not refused with ENR_AGAIN */
    uint64_t programs;
    uint64_t program_bytes;
    uint64_t erases;
    uint64_t reads;
    uint64_t read_bytes;

    /* The operation with this number (the first one is 1) is cut; it and every later call give ENR_E_FLASH until
       enr_script_flash_power_on. 0: none. */
    uint64_t cut_at;
    enr_script_cut_t cut_kind;

    /* Calls that break a rule; they do nothing and give ENR_E_FLASH. Of program: of nothing or out of range, across a
       page, not in whole units; a unit that was touched since its sector was erased, on a part without `reprogram`; on
       one with it, a one where there is a zero, in a byte that is not 0xFF as a whole; a sector whose erase was cut, or
       is under way. Of read: of nothing or out of range, the sector that is being erased. Of erase_start: not a
       sector's beginning, a second erase during one. */
    uint64_t violations;
    const char *violation; /* what the last one was */

    uint8_t *bytes; /* the contents; of an unstable sector the old ones. A test may change them. */

    enr_script_flash_config_t config;
    uint8_t *touched; /* a bit for each unit */
    void *sectors;
    bool off;
    bool erasing;
    uint32_t erasing_sector;
    uint32_t polls; /* left of the erase under way */
    enr_status_t last_erase;
    uint32_t torn_count;
    enr_script_torn_t torn[ENR_SCRIPT_TORN_MAX];
    uint64_t random;
} enr_script_flash_t;

/* Bytes of memory that a flash needs. Asserts that the geometry is one that port.h allows. */
size_t enr_script_flash_memory(const enr_script_flash_config_t *config);

/* Makes an erased flash with the power on, over enr_script_flash_memory bytes, which are the caller's, aligned for any
   type, and must outlive it; config is copied. */
void enr_script_flash_start(enr_script_flash_t *flash, const enr_script_flash_config_t *config, void *memory);

/* The duty; flash must stay where it is. A program that leaves more than ENR_SCRIPT_TORN_MAX torn units is an
 * assertion. */
enr_flash_t enr_script_flash(enr_script_flash_t *flash);

/* The power is back: nothing is being erased, and no further cut is planned. */
void enr_script_flash_power_on(enr_script_flash_t *flash);

/* Another seed for what unstable reads give from now on. */
void enr_script_flash_seed(enr_script_flash_t *flash, uint64_t seed);

/* From now on every program of this sector gives ENR_E_FLASH, and every erase of it fails when it is asked after; its
   bytes stay as they are. */
void enr_script_flash_break(enr_script_flash_t *flash, uint32_t sector);

/* How often a sector was erased to the end. */
uint32_t enr_script_flash_erase_count(const enr_script_flash_t *flash, uint32_t sector);

#endif
