/* From the scanner's UART to what a badge says. */
#ifndef READER_H
#define READER_H

#include "enrich/badge.h"

/* Takes bytes from the scanner. True when a payload is complete and was readable: *out_badge is it, valid until the
   next call that gives true. What cannot be read is signalled to the person at once. A payload ends when the scanner
   pauses for 100 ms: it sends no faster than the UART, and reads no two badges within that. */
bool reader_step(uint32_t now_ms, const enr_badge_t **out_badge);

#endif
