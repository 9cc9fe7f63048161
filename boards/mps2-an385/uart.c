/* Two of the board's APB UARTs: 0 is the console, 1 the scanner (Arm DDI 0479, chapter APB UART). */
#include "parts.h"

#include "board.h"
#include "registers.h"
#include "scanner_ring.h"
#include "start.h"

#define CONSOLE 0x40004000u
#define SCANNER 0x40005000u

#define DATA(uart) REGISTER((uart) + 0x00u)
#define STATE(uart) REGISTER((uart) + 0x04u)
#define STATE_SENDING 1u
#define STATE_RECEIVED 2u
#define STATE_OVERRUN 8u /* written: cleared */
#define CONTROL(uart) REGISTER((uart) + 0x08u)
#define CONTROL_SEND 1u
#define CONTROL_RECEIVE 2u
#define CONTROL_RECEIVE_INTERRUPT 8u
#define INTERRUPT(uart) REGISTER((uart) + 0x0Cu)
#define INTERRUPT_RECEIVE 2u /* written: cleared */
#define DIVISOR(uart) REGISTER((uart) + 0x10u)

void uart_ready(void)
{
    DIVISOR(CONSOLE) = BOARD_CLOCK_HZ / 115200u;
    CONTROL(CONSOLE) = CONTROL_SEND | CONTROL_RECEIVE;
    DIVISOR(SCANNER) = BOARD_CLOCK_HZ / BOARD_SCANNER_BAUD;
    CONTROL(SCANNER) = CONTROL_RECEIVE | CONTROL_RECEIVE_INTERRUPT;
    NVIC_ISER(BOARD_SCANNER_IRQ) = 1u << BOARD_SCANNER_IRQ % 32u;
}

void board_console_write(enr_span_t bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        while ((STATE(CONSOLE) & STATE_SENDING) != 0) {
        }
        DATA(CONSOLE) = bytes.ptr[i];
    }
}

size_t board_console_read(uint8_t *out, size_t capacity)
{
    size_t len = 0;
    while (len < capacity && (STATE(CONSOLE) & STATE_RECEIVED) != 0) {
        out[len++] = (uint8_t)DATA(CONSOLE);
    }
    return len;
}

void start_scanner_interrupt(void)
{
    INTERRUPT(SCANNER) = INTERRUPT_RECEIVE;
    if ((STATE(SCANNER) & STATE_OVERRUN) != 0) {
        STATE(SCANNER) = STATE_OVERRUN;
        scanner_ring_lost();
    }
    while ((STATE(SCANNER) & STATE_RECEIVED) != 0) {
        scanner_ring_put((uint8_t)DATA(SCANNER));
    }
}
