/* The list of an event's attendees: making it and looking at it. */
#ifndef CLI_ROSTER_H
#define CLI_ROSTER_H

#include "options.h"

/* Builds the roster that options->output names from the table of attendees in options->file, and prints what it holds.
   EXIT_DONE; EXIT_SETTING with the problem. */
exit_code_t roster_build(const options_t *options, problem_t *out_problem);

/* A moment as a person reads it. Valid until the next call. */
const char *roster_day(int64_t seconds);

#endif
