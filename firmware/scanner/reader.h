/* From the scanner's UART to a durable lead and a signal to the person. */
#ifndef READER_H
#define READER_H

#include "enrich/station.h"

/* Readies it. The agent must have been started before. Called again when a roster has come or goes (NULL): a payload
   under way is lost. */
void reader_start(const enr_roster_t *roster);

/* Takes bytes from the scanner; a payload that is whole is dealt with, and the person told: good and duplicate mean
   that the scan is durable. Works whatever the connection does. Takes no second payload while flash makes the first one
   wait. */
void reader_step(uint32_t now_ms);

/* The station, for whoever asks whether leads may go. */
enr_station_t *reader_station(void);

#endif
