/* What a program asks of the board it runs on, the same on every board. Only boards/ touches registers. Nothing here
   blocks but where it says so; all of it is for the main loop, not for interrupts. */
#ifndef BOARD_H
#define BOARD_H

#include "enrich/port.h"
#include "enrich_nic.h"

/* --- life --- */

/* Readies clocks, UARTs, flash, network chip and watchdog. Once, before anything else. */
void board_init(void);

/* Milliseconds since start, as enr_clock_t.monotonic_ms; ctx is not used. */
uint32_t board_ms(void *ctx);

/* Sleeps until the next interrupt: a byte from the scanner, or the next millisecond. */
void board_sleep(void);

/* Tells the watchdog that all is well. A board that has one restarts when it is not told for 10 s. Feed it by progress,
   not by turns of a loop (behaviours 31). */
void board_watchdog_feed(void);

/* Why the program runs. */
typedef enum {
    BOARD_POWER_ON,
    BOARD_REQUESTED, /* board_restart */
    BOARD_FAULT,     /* a fault of the processor or a failed assertion, told on the console before */
    BOARD_WATCHDOG,
    BOARD_RESET /* from outside */
} board_start_t;
board_start_t board_start_cause(void);

/* Starts again, as at power-on but for board_start_cause. */
_Noreturn void board_restart(void);

/* --- console and scanner --- */

/* Writes to the console UART. Waits for the UART, at 115,200 baud 87 us a byte. */
void board_console_write(enr_span_t bytes);

/* Takes up to capacity bytes that came on the console; how many. */
size_t board_console_read(uint8_t *out, size_t capacity);

/* Takes up to capacity bytes that came from the scanner; how many. They are received in an interrupt into a ring of
   BOARD_SCANNER_RING bytes, which outlasts the longest step of the main loop. */
size_t board_scanner_read(uint8_t *out, size_t capacity);

/* Bytes from the scanner that were lost since start: the ring was full, or the UART says so. */
uint32_t board_scanner_overruns(void);

/* What the person who holds the scanner is told, by LED and beeper. On QEMU: a line on the console. */
typedef enum {
    BOARD_GOOD,
    BOARD_DUPLICATE,
    BOARD_UNREADABLE,
    BOARD_REFUSED, /* read well, and not kept or done */
    BOARD_FULL,
    BOARD_OFFLINE,
    BOARD_BUSY, /* the power must not go now: a request is under way */
    BOARD_SAFE  /* it may again */
} board_signal_t;
void board_signal(board_signal_t signal);

/* --- flash --- */

/* A region of the board's NOR flash: it must stay as long as it is used. Only `flash` is for the program. */
typedef struct {
    enr_flash_t flash;
    uint32_t offset; /* of the region in the part */
} board_region_t;

/* Bytes of the whole part; 0: there is none. */
uint32_t board_flash_size(void);

/* Makes a region; offset and size are multiples of the part's sector. ENR_OK; ENR_E_FLASH: there is no part, or the
   region is not inside it. Two regions share one part: while one erases, the other can neither be read nor
   programmed. */
ENR_NODISCARD enr_status_t board_flash_region(board_region_t *region, uint32_t offset, uint32_t size);

/* --- secrets and identity --- */

/* Entropy and the device's key. These boards have neither a random generator nor a protected memory under QEMU, so both
   come from a page that the host loads at start (host_page.h): a stand-in for what a product must have. Without that
   page there is neither (ENR_E_ENTROPY, ENR_E_KEY), and so no TLS. */
enr_entropy_t board_entropy(void);
enr_key_t board_key(void);

/* --- network --- */

/* The network chip, ready. */
const enr_nic_t *board_nic(void);

/* --- measuring --- */

/* Bytes of the stack that were ever used, and that there are (it is painted at start). */
void board_stack(size_t *out_used, size_t *out_size);

#endif
