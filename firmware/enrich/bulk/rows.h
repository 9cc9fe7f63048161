/* The contacts of one run of bulk, and what became of each. */
#ifndef CLI_BULK_ROWS_H
#define CLI_BULK_ROWS_H

#include "../poll.h"
#include "../report.h"

#include <stdio.h>

/* Why rows are not accepted, or their results not there. Rows of the same reason share it. */
typedef struct reason {
    struct reason *next;
    request_outcome_t outcome;
    exit_code_t code;
    problem_t problem;
    char text[512]; /* the sentence of problem, and what the service said: cut, and marked so */
} reason_t;

/* Where the result of an accepted row stands, under --wait. */
typedef enum { READ_NOTHING, READ_LATER, READ_NOW, READ_DONE } reading_t;

typedef struct {
    uint32_t number; /* as a spreadsheet or an editor counts: a CSV file's header is row 1 */
    enr_contact_t contact;
    enr_custom_t custom[ENR_CUSTOM_MAX];
    size_t custom_count;
    enr_refusal_t refusal; /* of its form or of the local check, or empty */
    uint64_t key;          /* the same for the same person, type, countries and service */

    request_outcome_t outcome;
    bool before;                  /* an earlier run sent it */
    bool said;                    /* what it came to was printed */
    const reason_t *reason;       /* or NULL */
    uint8_t token[ENR_TOKEN_LEN]; /* of an earlier run, or a new one */
    uint8_t id[ENR_ID_MAX];       /* once accepted: of the enrichment, or of its batch */
    size_t id_len;
    bool in_batch;
    bool verified;
    bool found;
    reading_t reading;
    poll_t poll;
} row_t;

typedef struct {
    row_t *rows;
    size_t count;
    reason_t *reasons;
    row_t **slots; /* rows by key: open addressing, at least half empty */
    size_t slot_mask;
    void *file;    /* the memory that the rows' texts lie in */
    void *decoded; /* and that of their JSON strings */
    size_t size;   /* of each */
} rows_t;

/* The enrichment's id, or the batch's; one of the two is empty. */
enr_span_t row_id(const row_t *row);
enr_span_t row_batch(const row_t *row);

/* Makes room to enter all rows by their key. False: out of memory. */
bool rows_make_index(rows_t *rows);

/* Enters a row by its key. The row that was entered with the same key before, or NULL. */
row_t *rows_enter(rows_t *rows, row_t *row);

/* The row that was entered with this key, or NULL. */
row_t *rows_find(const rows_t *rows, uint64_t key);

/* Makes a reason, or finds the same. answer: what the service said to it, or NULL. */
const reason_t *rows_reason(rows_t *rows, request_outcome_t outcome, exit_code_t code, const problem_t *problem,
                            const enr_answer_t *answer);

/* Writes "row 7" or "rows 2-6, 9" for those of which `holds` is true. */
void rows_print_numbers(FILE *out, const rows_t *rows, bool (*holds)(const row_t *row, const void *what),
                        const void *what);

/* Forgets the contacts and frees everything. */
void rows_free(rows_t *rows);

#endif
