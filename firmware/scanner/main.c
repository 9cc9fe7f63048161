#include "board.h"
int main(void)
{
    board_init();
    board_console_write(ENR_SPAN("hello\n"));
    for (;;)
        board_sleep();
}
