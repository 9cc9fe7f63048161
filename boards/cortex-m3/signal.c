/* QEMU has neither LED nor beeper: a line on the console stands for them. */
#include "board.h"

static void say(const char *text)
{
    board_console_write(enr_span_from_str(text));
}

void board_signal(board_signal_t signal)
{
    static const char names[] = "good\0duplicate\0unreadable\0refused\0full\0offline\0busy\0safe"; /* by number */
    say("signal: ");
    say(enr_text_of(names, signal));
    say("\n");
}
