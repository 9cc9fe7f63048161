/* What start.c and the files of a board share. A board's build defines BOARD_CLOCK_HZ and BOARD_SCANNER_IRQ. */
#ifndef START_H
#define START_H

#include <stdint.h>

/* Starts the millisecond clock. */
void start_clock(void);

/* Restarts since power-on. */
uint32_t start_count(void);

/* Told on the console, then a restart. */
_Noreturn void start_watchdog_expired(void);
_Noreturn void start_tell_fault(const uint32_t *frame);

/* The board's: the interrupt of the scanner's UART, and the one that cannot be masked. */
void start_scanner_interrupt(void);
void start_nmi(void);

#endif
