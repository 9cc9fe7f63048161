/* What a run came to, said once at its end: the answer on standard output, a fault as one line on standard error. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "options.h"

/* What became of a POST. */
typedef enum {
    OUTCOME_NONE,         /* there was none */
    OUTCOME_NOT_SENT,     /* no byte of it left */
    OUTCOME_NOT_ACCEPTED, /* the service refused it */
    OUTCOME_UNKNOWN,      /* it may have been accepted, and billed */
    OUTCOME_ACCEPTED
} request_outcome_t;

/* Texts and the answer are borrowed. All zero is a valid start. */
typedef struct {
    const char *command;      /* "submit" */
    const options_t *options; /* of a submit: its result is read with the same */
    bool json;
    exit_code_t code;
    problem_t problem; /* nothing went wrong: where is NULL */
    request_outcome_t outcome;
    uint32_t row;               /* of a file, under bulk; else 0 */
    enr_span_t id;              /* of an accepted request, or the one read */
    enr_span_t batch;           /* of the batch that the row was accepted in, or empty */
    enr_span_t token;           /* of the request, or empty */
    bool verified;              /* the answer carried the token */
    unsigned types;             /* asked for (enr_type_t), 0 when not known */
    const enr_answer_t *answer; /* of the last call, or NULL */
    bool has_result;            /* answer->result holds a result */
} report_t;

/* What became of the POST that was answered so, and not with ENR_OK. */
request_outcome_t report_outcome(const enr_answer_t *answer);

/* Its word in JSON ("not_sent"), or NULL. */
const char *report_outcome_word(request_outcome_t outcome);

/* Prints it and gives the exit code. Standard output that cannot be written makes EXIT_DONE into EXIT_PENDING after an
   accepted request, else into EXIT_SETTING. */
int report_print(const report_t *report);

/* What a person can do about the problem, or empty. Valid until the next call. */
enr_span_t report_hint(const report_t *report);

/* The one object of --json (README.md). */
void json_print_report(const report_t *report);

/* The answer by itself, as JSON on one line. There must be one, and it must be JSON. */
void json_print_answer(const report_t *report);

/* True when a result is finished and holds an address or a number. */
bool report_found(const enr_result_t *result);

#endif
