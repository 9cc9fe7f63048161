/* What bulk says: rows as they are decided, what goes before them, and the summary. */
#ifndef CLI_BULK_SAY_H
#define CLI_BULK_SAY_H

#include "bulk.h"

/* Before anything is sent, on standard error: how it will be sent, and what is refused here. */
void say_plan(const bulk_t *bulk);

/* What a row came to, on standard output and once: with --json its object; else a line, when it was accepted. answer:
   of the row's last call, or NULL; has_result: it holds the row's result. */
void say_row(bulk_t *bulk, row_t *row, const enr_answer_t *answer, bool has_result);

/* The same for rows that were accepted as a batch. */
void say_batch(bulk_t *bulk, row_t *const *rows, size_t count, const enr_answer_t *answer);

/* On a terminal: how far it is. */
void say_progress(const bulk_t *bulk);

/* How the run ended: the counts, the reasons with their rows, and what to do next. The counts go to standard output,
   with
   --json to standard error. Gives the exit code. */
exit_code_t say_summary(const bulk_t *bulk);

#endif
