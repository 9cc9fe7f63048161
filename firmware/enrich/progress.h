/* One line that changes while a person waits: on standard error, and only when that is a terminal. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>

#define PROGRESS_MAX 57 /* bytes of a line with its NUL; with "enrich: " before it, less than a terminal's width */

/* True when a person sees the line. */
bool progress_is_seen(void);

/* Shows this line in place of the one before, when it is seen. */
void progress_show(const char *line);

/* Takes the line away, if there is one: before anything else is said. */
void progress_clear(void);

#endif
