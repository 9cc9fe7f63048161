/* What the files of this folder share. */
#ifndef ENRICH_LWIP_INTERNAL_H
#define ENRICH_LWIP_INTERNAL_H

#include "enrich_lwip.h"

/* Monotonic milliseconds of the configuration. */
uint32_t lwip_now_ms(void);

/* True while the interface can carry a connection. */
bool lwip_has_address(void);

/* False once the program's generator fails. */
bool lwip_is_random(void);

/* True while a received frame is being worked on, false in a timer: how an answer is told from a time-out. */
bool lwip_in_frame(void);

/* Readies the clocks. */
void lwip_clock_start(const enr_lwip_config_t *config);

/* Keeps the clocks, and asks for the time while there is an address. */
void lwip_clock_poll(void);

/* Times that were refused. */
uint32_t lwip_times_refused(void);

#endif
