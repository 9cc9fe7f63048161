/* What the files of the store room share. */
#ifndef ENRICH_STORE_INTERNAL_H
#define ENRICH_STORE_INTERNAL_H

#include "enrich/store.h"

/* --- log.c: the bytes of one half, as FORMAT.md has them --- */

#define HEADER_LEN 32u
#define HEAD_LEN 16u

/* The item number of the entry that ends the copies. */
#define COMPLETE 0u

typedef enum { HEADER_NONE, HEADER_GOOD, HEADER_NEWER, HEADER_OTHER_GEOMETRY } header_t;

/* Where a value was sealed. A value that was sealed later has a greater one, by epoch first. */
typedef struct {
    uint32_t epoch;
    uint32_t offset;
} nonce_t;

/* A valid entry. */
typedef struct {
    uint8_t item;
    uint32_t len; /* of its value */
    nonce_t nonce;
    uint32_t crc;
    uint32_t at;   /* where it lies */
    uint32_t size; /* that it takes */
} entry_t;

/* What A is in FORMAT.md. */
uint32_t log_alignment(const enr_flash_t *flash);

uint32_t log_half_size(const enr_store_t *store);

/* Bytes that a value of so many takes. */
uint32_t log_entry_size(const enr_store_t *store, size_t len);

/* ENR_OK and the header of the half at base; what cannot be read is HEADER_NONE. ENR_AGAIN. */
enr_status_t log_read_header(enr_store_t *store, uint32_t base, header_t *out_header, uint32_t *out_epoch);

/* Programs a header with store->epoch and reads it back. ENR_OK, ENR_E_FLASH, ENR_AGAIN. */
enr_status_t log_write_header(enr_store_t *store, uint32_t base);

/* The entry that lies at a place. ENR_OK; ENR_END: none, the place is blank; ENR_E_SEAL: none that is valid; ENR_AGAIN.
 */
enr_status_t log_look(enr_store_t *store, uint32_t base, uint32_t at, entry_t *out_entry);

/* The first valid entry at or behind *at, which then stands behind it. Base is that of the half. ENR_OK, ENR_END,
   ENR_AGAIN. */
enr_status_t log_next(enr_store_t *store, uint32_t base, uint32_t *at, entry_t *out_entry);

/* True: what was sealed at a is newer than what was sealed at b. */
bool log_is_newer(nonce_t a, nonce_t b);

/* Seals the len bytes at scratch + HEAD_LEN, in place, as an entry, programs it and reads it back. ENR_OK; ENR_E_FLASH:
 * the place may not be used again; ENR_AGAIN. */
enr_status_t log_write(enr_store_t *store, uint32_t base, uint32_t at, uint8_t item, size_t len);

/* Copies an entry as it stands, with its nonce. ENR_OK. ENR_END: what was read is not what entry says; the place may
   not be used again. ENR_E_FLASH, ENR_AGAIN. */
enr_status_t log_copy(enr_store_t *store, const entry_t *entry, uint32_t base, uint32_t at);

/* True in *out_blank: all bytes of the half behind its header are erased. ENR_OK, ENR_E_FLASH, ENR_AGAIN. */
enr_status_t log_is_blank(enr_store_t *store, uint32_t base, bool *out_blank);

/* --- store.c --- */

/* Opens an item's value inside the scratch; it is valid until the next call of anything. Statuses as enr_store_get.
   Only with ENR_OK is there something to wipe. */
enr_status_t store_load(enr_store_t *store, unsigned item, enr_span_t *out_value);

/* Wipes a value of len bytes that store_load has opened. */
void store_wipe(enr_store_t *store, size_t len);

/* Gives an item the value that is head and body together; neither may lie in the scratch. Statuses as enr_store_put. */
enr_status_t store_save(enr_store_t *store, unsigned item, enr_span_t head, enr_span_t body);

#endif
