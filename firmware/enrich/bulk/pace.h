/* When the next POST may begin, and whether one that came to nothing ends the run: the decisions, without the waiting.
 */
#ifndef CLI_BULK_PACE_H
#define CLI_BULK_PACE_H

#include "../outcome.h"

#define PACE_PARALLEL_MAX 5 /* requests that the service works on at once (api-contract 12) */
#define PACE_FAILURES_MAX 5 /* in a row; then nothing more is begun */

/* All zero is a valid start. */
typedef struct {
    bool answered;     /* the service has answered a request as it should */
    unsigned failures; /* in a row */
    unsigned wave;     /* of failures: of requests that were under way together, one that was not accepted counts */
    bool held;
    uint32_t hold_until_ms;
} pace_t;

/* How many may be under way at once: the first one goes alone, and shows what would be wrong with all. */
size_t pace_parallel(const pace_t *pace);

/* True when none may begin before hold_until_ms. */
bool pace_is_held(pace_t *pace, uint32_t now_ms);

/* The service took a request, or refused it for its own data. */
void pace_good(pace_t *pace);

/* A request came to nothing that passes: it surely was not accepted (network, 429), or its outcome is unknown. wave: of
   the moment when it began. False: nothing more is begun, since it was one too many in a row, since the service has
   never answered, or since Retry-After is beyond patience_s. */
bool pace_bad(pace_t *pace, enr_status_t status, const enr_answer_t *answer, unsigned wave, uint32_t patience_s,
              uint32_t now_ms);

#endif
