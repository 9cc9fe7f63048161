/* The ring between the scanner's interrupt and the main loop: one writer, one reader, so no lock (behaviours 48). */
#ifndef SCANNER_RING_H
#define SCANNER_RING_H

#include <stdint.h>

/* Bytes; a power of two. At 9,600 baud, a byte a millisecond, 2,048 outlast two seconds without a look at the ring. */
#ifndef BOARD_SCANNER_RING
#define BOARD_SCANNER_RING 2048
#endif

/* From the interrupt: a byte that came. */
void scanner_ring_put(uint8_t byte);

/* From the interrupt: the UART has lost a byte. */
void scanner_ring_lost(void);

#endif
