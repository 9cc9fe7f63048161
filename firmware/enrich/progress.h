/* One line that changes while a person waits: on standard error, and only when that is a terminal. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* True when a person sees the line. */
bool progress_is_seen(void);

/* Shows how long it has taken, and how often the result was read. */
void progress_show(uint32_t elapsed_s, uint32_t deadline_s, unsigned reads);

/* Takes the line away, if there is one: before anything else is said. */
void progress_clear(void);

#endif
