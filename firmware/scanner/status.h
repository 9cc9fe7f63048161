/* How the device is: changes told by themselves, everything on the command `status`. */
#ifndef STATUS_H
#define STATUS_H

#include <stdint.h>

/* Tells on the console what changed of cable, address and clock. */
void status_watch(void);

/* Everything, for the command. */
void status_report(uint32_t longest_step_ms);

#endif
