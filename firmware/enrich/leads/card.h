/* Leads as vCard 4.0 (RFC 6350), for an address book. */
#ifndef CLI_LEADS_CARD_H
#define CLI_LEADS_CARD_H

#include "../record_json.h"

#include <stdio.h>

/* The card of one lead: what was captured of it, and what the service has found. README.md has the properties. */
void card_write(FILE *out, const full_record_t *full);

#endif
