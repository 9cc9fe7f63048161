/* QEMU has neither LED nor beeper: a line on the console stands for them. */
#include "board.h"

void board_signal(board_signal_t signal)
{
    static const char *const lines[] = {
        [BOARD_GOOD] = "signal: good\n",
        [BOARD_DUPLICATE] = "signal: duplicate\n",
        [BOARD_UNREADABLE] = "signal: unreadable\n",
        [BOARD_REFUSED] = "signal: refused\n",
        [BOARD_FULL] = "signal: full\n",
        [BOARD_OFFLINE] = "signal: offline\n",
        [BOARD_BUSY] = "signal: busy\n",
        [BOARD_SAFE] = "signal: safe\n",
    };
    board_console_write(enr_span_from_str(lines[signal]));
}
