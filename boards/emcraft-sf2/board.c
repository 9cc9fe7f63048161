/* The Emcraft SmartFusion2 kit (M2S010: Cortex-M3 at 142 MHz). QEMU models no watchdog, RTC or GPIO of it. */
#include "board.h"

#include "parts.h"
#include "registers.h"
#include "start.h"

void board_init(void)
{
    uart_ready();
    start_clock();
    spi_nor_ready();
    emac_ready();
}

/* The part's watchdog cannot be tried under QEMU, so it is left alone. */
void board_watchdog_feed(void)
{
}

void start_nmi(void)
{
    start_watchdog_expired();
}
