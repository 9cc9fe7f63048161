/* SIGINT and SIGTERM, noticed and not obeyed: the program first says what was sent and what is known. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include "outcome.h"

/* Catches both from now on; a second signal ends the program as usual. */
void interrupt_catch(void);

/* The number of the signal that came, or 0. */
int interrupt_number(void);

/* The exit code that says so: EXIT_SIGNAL and the number. */
exit_code_t interrupt_exit(void);

/* A descriptor that becomes readable when one comes, so that none falls between a look and a wait; -1: none. */
int interrupt_fd(void);

#endif
