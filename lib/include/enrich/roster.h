/* The event's list of attendees on flash: whom an attendee id names, found without loading the list
 * (lib/roster/FORMAT.md). */
#ifndef ENRICH_ROSTER_H
#define ENRICH_ROSTER_H

#include "enrich/contact.h"
#include "enrich/port.h"

/* A list. All fields are private but for the last three. */
typedef struct {
    const enr_flash_t *flash;
    uint32_t index;      /* where the places of the entries stand */
    uint32_t entries;    /* where the entries stand */
    uint32_t end;        /* and their end */
    uint32_t crc_wanted; /* of what stands behind the head */
    uint32_t crc;        /* as far as it was checked */
    uint32_t crc_at;
    uint32_t number; /* of the entry to be checked next */
    uint32_t at;     /* and where it must stand */
    bool is_ready;
    uint32_t count;   /* attendees */
    uint32_t version; /* the organiser's: of two lists of one event the higher is the newer */
    int64_t expires;  /* seconds since 1970 UTC; from then on the list fills nothing in */
} enr_roster_t;

/* One attendee. Spans are views of the memory that enr_roster_find was given; unknown fields are empty. Every field is
   well-formed UTF-8 without control characters. */
typedef struct {
    enr_contact_t contact;
    enr_span_t email;
    enr_span_t phone;
    enr_span_t title;
    bool no_scan; /* the attendee does not want to be scanned: the lead must not be kept (domain 5) */
} enr_roster_entry_t;

/* Opens the list that begins at offset 0 of a region: reads its head. flash must outlive the roster.
   ENR_OK: enr_roster_check comes next. ENR_E_SYNTAX: no list, or a head that is torn or malformed. ENR_E_LIMIT: of a
   later format, or larger than the region. ENR_E_FLASH. After an error the roster is of no use. ENR_AGAIN: the part is
   busy with an erase (port.h); so with the other functions. */
ENR_NODISCARD enr_status_t enr_roster_open(const enr_flash_t *flash, enr_roster_t *out_roster);

/* Reads all of an opened list once: its checksum, that every entry lies in its place and that the ids are in order, so
   that a list that is torn or made up is refused here and not in the middle of a show. A call reads at most some 5 KB.
   ENR_AGAIN: not done yet. ENR_OK: ids can be looked up. ENR_E_SYNTAX: torn, or malformed. ENR_E_FLASH. After an error
   the roster is of no use. */
ENR_NODISCARD enr_status_t enr_roster_check(enr_roster_t *roster);

/* True when the list has expired at this moment, seconds since 1970. Its entries must then fill in no lead; no_scan
   still counts. */
bool enr_roster_is_expired(const enr_roster_t *roster, int64_t now);

/* Looks an id up, byte for byte, by binary search, in a list that was checked: about 2 log2(count) short reads. memory
   holds the entry's texts, at most ENR_ROSTER_ENTRY_MAX bytes; it belongs to the caller and must stay as long as
   *out_entry is used. ENR_OK. ENR_END: nobody has this id. ENR_E_LIMIT: the memory is too small; of *out_entry no_scan
   is good. ENR_E_SYNTAX: the
   entry is malformed now, though it was not when the list was opened. ENR_E_FLASH, ENR_AGAIN. */
ENR_NODISCARD enr_status_t enr_roster_find(const enr_roster_t *roster, enr_span_t id, enr_buffer_t *memory,
                                           enr_roster_entry_t *out_entry);

#endif
