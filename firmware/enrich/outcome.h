/* How a run ends: the exit codes, and what each status of the library means at a shell. */
#ifndef CLI_OUTCOME_H
#define CLI_OUTCOME_H

#include "enrich/api.h"

/* The exit codes; README.md tells them to a person. A signal ends a run with EXIT_SIGNAL and its number. */
typedef enum {
    EXIT_DONE = 0,
    EXIT_USAGE = 1,
    EXIT_REFUSED_HERE = 2,
    EXIT_SETTING = 3,
    EXIT_NETWORK = 4,
    EXIT_TLS = 5,
    EXIT_KEY_REFUSED = 6,
    EXIT_ACCOUNT = 7,
    EXIT_REFUSED_THERE = 8,
    EXIT_NO_SUCH_ID = 9,
    EXIT_RATE_LIMITED = 10,
    EXIT_UNKNOWN = 11,
    EXIT_ANSWER = 12,
    EXIT_PENDING = 13,
    EXIT_SIGNAL = 128
} exit_code_t;

/* What went wrong, as one line says it: "where: what; hint". Texts are borrowed. */
typedef struct {
    enr_status_t status; /* ENR_OK when it is none of the library's */
    const char *where;   /* a field, an option, a file, a variable or host:port; NULL: nothing went wrong */
    const char *what;
    const char *hint; /* what a person can do, or NULL */
} problem_t;

/* A limit's number as text, so that a sentence can name it. */
#define STRING(value) #value
#define TEXT_OF(macro) STRING(macro)

/* The exit code of a status that a call's step gave, taken by itself: for a POST, see submit.c. */
exit_code_t outcome_exit(enr_status_t status);

/* What a person can do about it, or NULL. */
const char *outcome_hint(enr_status_t status);

/* True for what may be over in a moment, so that a read is worth repeating (api-contract 13). */
bool outcome_passes(enr_status_t status);

/* Fills a problem and gives the code back, so that a refusal is one line where it happens. */
exit_code_t outcome_problem(problem_t *out_problem, exit_code_t code, const char *where, const char *what);

#endif
