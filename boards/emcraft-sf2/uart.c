/* The two MMUARTs, which have the registers of a 16550: 0 is the console, 1 the scanner. UG0331, chapter MMUART. */
#include "parts.h"

#include "board.h"
#include "registers.h"
#include "scanner_ring.h"
#include "start.h"

#define CONSOLE 0x40000000u
#define SCANNER 0x40010000u

#define RBR(uart) REGISTER((uart) + 0x00u) /* received byte; written: byte to send; with DLAB: divisor, low */
#define IER(uart) REGISTER((uart) + 0x04u) /* with DLAB: divisor, high */
#define FCR(uart) REGISTER((uart) + 0x08u)
#define LCR(uart) REGISTER((uart) + 0x0Cu)
#define LSR(uart) REGISTER((uart) + 0x14u)

#define IER_RECEIVED 1u
#define FCR_ON_AND_CLEAR 7u
#define LCR_8N1 3u
#define LCR_DLAB 0x80u
#define LSR_RECEIVED 1u
#define LSR_OVERRUN 2u
#define LSR_CAN_SEND 0x20u

/* The clock of the peripherals is half the processor's. */
#define DIVISOR(baud) ((BOARD_CLOCK_HZ / 2u + 8u * (baud)) / (16u * (baud)))

static void ready(uint32_t uart, uint32_t baud)
{
    LCR(uart) = LCR_DLAB | LCR_8N1;
    RBR(uart) = DIVISOR(baud) & 0xFFu;
    IER(uart) = DIVISOR(baud) >> 8;
    LCR(uart) = LCR_8N1;
    FCR(uart) = FCR_ON_AND_CLEAR;
    IER(uart) = 0;
}

void uart_ready(void)
{
    ready(CONSOLE, 115200);
    ready(SCANNER, BOARD_SCANNER_BAUD);
    IER(SCANNER) = IER_RECEIVED;
    NVIC_ISER(BOARD_SCANNER_IRQ) = 1u << BOARD_SCANNER_IRQ % 32u;
}

void board_console_write(enr_span_t bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        while ((LSR(CONSOLE) & LSR_CAN_SEND) == 0) {
        }
        RBR(CONSOLE) = bytes.ptr[i];
    }
}

size_t board_console_read(uint8_t *out, size_t capacity)
{
    size_t len = 0;
    while (len < capacity && (LSR(CONSOLE) & LSR_RECEIVED) != 0) {
        out[len++] = (uint8_t)RBR(CONSOLE);
    }
    return len;
}

void start_scanner_interrupt(void)
{
    uint32_t status;
    while (((status = LSR(SCANNER)) & (LSR_RECEIVED | LSR_OVERRUN)) != 0) {
        if ((status & LSR_OVERRUN) != 0) {
            scanner_ring_lost();
        }
        if ((status & LSR_RECEIVED) != 0) {
            scanner_ring_put((uint8_t)RBR(SCANNER));
        }
    }
}
