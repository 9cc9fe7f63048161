/* What the files of this board share. */
#ifndef PARTS_H
#define PARTS_H

#include <stdint.h>

void uart_ready(void);
void lan9118_ready(void);
void file_nor_ready(void);

#endif
