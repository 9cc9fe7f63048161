/* What a person types on the console. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stdint.h>

/* Obeys what was typed, and goes on with what takes longer. longest_ms: of the main loop's turns, for `status`. */
void commands_step(uint32_t now_ms, uint32_t longest_ms);

/* Starts again as soon as no request is under way. */
void commands_restart(void);

#endif
