/* Arm's MPS2 board with the image AN385: Cortex-M3 at 25 MHz. Its flash is a file of the host (file_nor.c), so QEMU
   needs semihosting. */
#include "board.h"

#include "parts.h"
#include "registers.h"
#include "start.h"

/* The watchdog (Arm DDI 0479, chapter APB watchdog): it raises the interrupt that cannot be masked when its count is
   over, and resets the board when it is over once more. */
#define WATCHDOG(offset) REGISTER(0x40008000u + (offset))
#define WATCHDOG_LOAD WATCHDOG(0x00u)
#define WATCHDOG_CONTROL WATCHDOG(0x08u)
#define WATCHDOG_CONTROL_INTERRUPT 1u
#define WATCHDOG_CONTROL_RESET 2u
#define WATCHDOG_CLEAR WATCHDOG(0x0Cu)
#define WATCHDOG_S 10u

void board_init(void)
{
    uart_ready();
    start_clock();
    WATCHDOG_LOAD = WATCHDOG_S * BOARD_CLOCK_HZ;
    WATCHDOG_CONTROL = WATCHDOG_CONTROL_INTERRUPT | WATCHDOG_CONTROL_RESET;
    file_nor_ready();
    lan9118_ready();
}

void board_watchdog_feed(void)
{
    WATCHDOG_CLEAR = 1;
}

void start_nmi(void)
{
    start_watchdog_expired();
}
