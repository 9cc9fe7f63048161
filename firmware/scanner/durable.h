/* What outlasts a power cut: the flash part with its two regions, the store and the journal in them, and what is sealed
   with the board's key; and what only the store knows: seed and last good time. */
#ifndef DURABLE_H
#define DURABLE_H

#include "enrich/journal.h"
#include "enrich/store.h"

/* Readies part, keys and store. enr_tls_init must have given ENR_OK or ENR_E_ENTROPY. ENR_OK; ENR_E_FLASH (there is no
   part); the statuses of enr_seal_init and enr_store_mount. */
ENR_NODISCARD enr_status_t durable_store_start(void);

/* Entropy for TLS: the board's own mixed with the seed in the store, which is replaced before it is used (behaviours
   18). ENR_E_ENTROPY before durable_store_start, and when there is neither. */
enr_entropy_t durable_entropy(void);

/* Mounts the journal. Random numbers must be there. ENR_OK; the statuses of enr_journal_mount. */
ENR_NODISCARD enr_status_t durable_journal_start(void);

/* A word of the start that went wrong, for a person. */
const char *durable_fault(enr_status_t status);

/* Does what the store has to do, however long it takes (an erase, at worst). For writes that a person waits for. */
void durable_settle(void);

enr_store_t *durable_store(void);
enr_journal_t *durable_journal(void);
const enr_seal_t *durable_journal_seal(void);
const enr_seal_t *durable_store_seal(void);

/* The roster's region; NULL: the part is too small for one. */
const enr_flash_t *durable_roster(void);

/* Which start of the device this is. */
uint32_t durable_starts(void);

/* The last good time that was kept before this start, seconds since 1970; 0: none. */
int64_t durable_kept_time(void);

#endif
