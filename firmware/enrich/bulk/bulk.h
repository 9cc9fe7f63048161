/* One run of bulk: what its parts share. */
#ifndef CLI_BULK_BULK_H
#define CLI_BULK_BULK_H

#include "record.h"
#include "rows.h"

typedef struct {
    const options_t *options;
    const char *name;  /* of the file, for a person */
    enr_options_t ask; /* what is asked of every row; custom and token are the row's own */
    service_t service;
    rows_t rows;
    record_t record;
    size_t batches; /* to be sent; 0: one by one */
    /* Why nothing more is begun, or NULL. */
    const reason_t *ended;
    bool output_lost;  /* standard output cannot be written: nobody sees what else would be read */
    size_t unverified; /* answers that did not repeat the token */
} bulk_t;

/* Nothing more is begun, for this reason; the first one counts. answer: what the service said, or NULL. */
void bulk_end(bulk_t *bulk, exit_code_t code, const problem_t *problem, const enr_answer_t *answer);

#endif
