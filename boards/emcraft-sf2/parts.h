/* What the files of this board share. */
#ifndef PARTS_H
#define PARTS_H

#include <stdint.h>

void uart_ready(void);
void emac_ready(void);
void spi_nor_ready(void);

#endif
