/* The list of an event's attendees: making it and looking at it. */
#ifndef CLI_ROSTER_H
#define CLI_ROSTER_H

#include "options.h"

#include "enrich/roster.h"

/* Builds the roster that options->output names from the table of attendees in options->file, and prints what it holds.
   EXIT_DONE; EXIT_SETTING with the problem. */
exit_code_t roster_build(const options_t *options, problem_t *out_problem);

/* A roster in a file, in the place of a region of flash. All zero is closed; must not be moved while open. */
typedef struct {
    bool opened;
    int fd;
    enr_flash_t flash;
    enr_roster_t roster; /* checked */
} roster_file_t;

/* Opens and checks one. EXIT_DONE; EXIT_SETTING with the problem. */
exit_code_t roster_open(roster_file_t *out, const char *path, problem_t *out_problem);

/* Closing what is closed is allowed. */
void roster_close(roster_file_t *file);

/* A moment as a person reads it. Valid until the next call. */
const char *roster_day(int64_t seconds);

#endif
