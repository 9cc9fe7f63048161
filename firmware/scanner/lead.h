/* One lead at a time, from a badge to its result, directly over the api: it lives in RAM and is lost with the power.
   The journal and the agent take this room's place. */
#ifndef LEAD_H
#define LEAD_H

#include "enrich/badge.h"

/* Begins a lead. Asserts that there is none. The badge must stay until lead_step says that it is over. */
void lead_start(const enr_badge_t *badge, uint32_t now_ms);

/* Goes on with the lead. True while there is one. */
bool lead_step(uint32_t now_ms);

#endif
