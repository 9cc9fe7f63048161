/* What was sent, in a file that outlives the run: so that the same command, run again after anything, buys nothing
   twice. A line of JSON each time that a row changes: README.md has its members. */
#ifndef CLI_BULK_RECORD_H
#define CLI_BULK_RECORD_H

#include "rows.h"

/* All zero is one that keeps nothing. */
typedef struct {
    const char *path; /* NULL: nothing is kept */
    int fd;
    bool empty;
} record_t;

/* Opens or makes the record, for this process alone, and gives each entered row what an earlier run has written of its
   key. A last line that was cut (by a power cut, say) is taken off. EXIT_DONE; EXIT_SETTING with the problem. */
exit_code_t record_open(record_t *record, const char *path, const rows_t *rows, problem_t *out_problem);

/* Notes that these rows are about to be sent, and returns when the medium has it. False: it has not (errno). */
bool record_sending(record_t *record, row_t *const *rows, size_t count);

/* Notes what these rows came to. False: it could not be written (errno). */
bool record_outcome(record_t *record, row_t *const *rows, size_t count);

/* An empty record is removed. */
void record_close(record_t *record);

#endif
