/* Leads on the console: a list for people, and lines of JSON for a program that confirms them by their digest, which is
   what delivers them (DESIGN 1). */
#ifndef EXPORT_H
#define EXPORT_H

#include "enrich/span.h"

#include <stdint.h>

/* Leads with results that are handed out and confirmed at once. */
#define EXPORT_LEADS 16

/* Begins the list of all leads: their number, scans and the state of each request. Nothing personal is in it. */
void export_list(void);

/* Begins an export: a line of JSON for each lead, in every state, then the SHA-256 digest of all lines with their line
   ends (LF). It ends early when EXPORT_LEADS leads with results are in it. */
void export_begin(void);

/* The receiver has answered with the digest, in hexadecimal: what it got is delivered, and its leads are erased. */
void export_confirm(enr_span_t digest);

/* Begins to erase all leads. It is refused while there are leads that nobody has got yet; with force, while one has not
   stood in an export. */
void export_erase_all(bool force);

/* Goes on with what was begun: one lead a turn, between two exchanges. */
void export_step(uint32_t now_ms);

#endif
