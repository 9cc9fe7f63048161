/* From the scanner's UART to a durable lead and a signal to the person. */
#ifndef READER_H
#define READER_H

#include <stdint.h>

/* Readies it. The agent must have been started before the first step. */
void reader_start(void);

/* Takes bytes from the scanner; a payload that is whole is read and captured, and the person told: good and duplicate
   mean that the scan is durable. Works whatever the connection does. Takes no second payload while flash makes the
   first one wait. */
void reader_step(uint32_t now_ms);

#endif
