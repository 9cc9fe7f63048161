/* Reading one result until it is finished (api-contract 13, behaviours 35): when to read again, and the loop that does.
 */
#ifndef CLI_POLL_H
#define CLI_POLL_H

#include "session.h"

#define POLL_GAP_MAX_MS 10000u
#define POLL_BACKOFF_MAX_MS 60000u
#define POLL_GRACE_MS 15000u /* for so long an unknown id is one that is not there yet */
#define POLL_LAST_READ_MS 10000u

typedef enum {
    POLL_AGAIN,      /* read again at next_ms */
    POLL_FINISHED,   /* the answer holds the result */
    POLL_LATE,       /* the deadline came, the last answer said that it is not finished: it holds what there is */
    POLL_FAILED,     /* the last status says why; also at the deadline when the last read failed */
    POLL_INTERRUPTED /* by a signal */
} poll_end_t;

/* The reading of one result. next_ms and failed are for the one who reads. */
typedef struct {
    uint32_t first_ms;   /* first gap between two reads; it grows to POLL_GAP_MAX_MS */
    uint32_t deadline_s; /* of all reading, from poll_start */
    uint32_t start_ms;
    uint32_t gap_ms;   /* the next one after a good answer */
    uint32_t next_ms;  /* when to read */
    bool failed;       /* the last read did, and it passes */
    unsigned failures; /* in a row */
} poll_t;

/* fresh: the request was accepted just now, so that the first read can wait. */
void poll_start(poll_t *poll, const settings_t *settings, bool fresh, uint32_t now_ms);

/* The time at which a read that begins now is given up: the deadline, but not at once. */
uint32_t poll_until(const poll_t *poll, uint32_t now_ms);

/* What follows from a read that ended so. What passes (network, 429, 5xx) is read again after a full-jitter back-off
   with Retry-After as its minimum (behaviours 27, 28). */
poll_end_t poll_judge(poll_t *poll, enr_status_t status, const enr_answer_t *answer, uint32_t now_ms);

/* Anything from 0 to max, at random. */
uint32_t poll_jitter(uint32_t max_ms);

/* Reads until it ends; never POLL_AGAIN. *out_status is that of the last read, and the session's api has its answer. A
   read that is repeated after a failure is said on standard error; a terminal there also shows how long it takes.
   token: of the request, or empty; a result with another one is refused. */
poll_end_t poll_result(session_t *session, poll_t *poll, enr_span_t id, enr_span_t token, enr_status_t *out_status);

#endif
