/* How the device is: changes told by themselves, everything on the command `status`. */
#ifndef STATUS_H
#define STATUS_H

#include <stdint.h>

/* Tells on the console what changed of cable, address and clock, and of the way to the service; the first failure after
   things went well is signalled as offline. */
void status_watch(uint32_t now_ms);

/* Everything, for the command. */
void status_report(uint32_t now_ms, uint32_t longest_step_ms);

#endif
