/* The conformance driver: reads cases of public test suites on standard input, one a line, and prints one answer a
   line. A kind of case is a name and a function; the kinds live in files of their own (json.c, http.c, ...) and are
   listed in conformance.c. */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <stdint.h>
#include <stdio.h>

#include "enrich/span.h"
#include "enrich/status.h"

/* How an input that arrives over a wire is cut into pieces. */
typedef struct {
    enum { SPLIT_WHOLE, SPLIT_BYTE, SPLIT_RANDOM } mode;
    uint64_t random; /* state of the generator, from the seed on */
} split_t;

/* The length of the next piece when `left` bytes are still to come: 1 to left. */
size_t split_next(split_t *split, size_t left);

/* One case: the words of its line. */
typedef struct {
    const char *id;
    char **words; /* after the id, NUL-terminated */
    size_t count;
    split_t *split;
} case_t;

/* Prints the answer after the id and a space, without the line end: "ok ...", "error <reason>", "limit <reason>" or
   "skip". A kind that finds its own two ways to the same answer in disagreement prints "broken <reason>", which no
   expectation takes. */
typedef void (*answer_t)(const case_t *input);

typedef struct {
    const char *name;
    size_t words; /* the fewest a case has after its id */
    answer_t answer;
} kind_t;

/* A table of kinds, ended by a row without a name. */
extern const kind_t json_kinds[];
extern const kind_t http_kinds[];
extern const kind_t x509_kinds[];
extern const kind_t badge_kinds[];
extern const kind_t frame_kinds[];

/* Memory for len bytes; ends the program when there is none. For len 0 still a place of its own. The caller frees it.
 */
uint8_t *allocate(size_t len);

/* The bytes of word `index` ("-" is none) in an allocation of exactly their number, so that a sanitizer sees every
   over-read. The caller frees
   ->ptr with free_span. A word that is not base64 ends the program: the case file is broken. */
enr_span_t decode_word(const case_t *input, size_t index);

/* Word `index` as a decimal number; ends the program when it is none. */
int64_t number_word(const case_t *input, size_t index);

void free_span(enr_span_t span);

/* Prints bytes in base64, "-" for none. */
void print_base64(enr_span_t bytes);

/* Prints "limit E_LIMIT", or "error" and the status's name. */
void print_failure(enr_status_t status);

/* Ends the program: the case file is broken. */
_Noreturn void give_up(const char *reason);

/* Prints the SHA-256 of the bytes in lower-case hexadecimal digits. */
void print_sha256(enr_span_t bytes);

#endif
