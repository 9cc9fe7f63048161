/* The ledger: a line of JSON for each contact that was accepted, and one when it was finished and charged. */
#ifndef SERVICE_LEDGER_H
#define SERVICE_LEDGER_H

#include "rules.h"

#include <stdio.h>

/* An entry handler: appends the entry to the FILE that the closure is, and flushes it. */
void sim_ledger_write(void *file, const sim_entry_t *entry);

/* The word for a call, as log and ledger show it. */
const char *sim_call_word(sim_call_t call);

#endif
