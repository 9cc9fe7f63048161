/* Reading one result until it is finished (api-contract 13, behaviours 35). */
#ifndef CLI_POLL_H
#define CLI_POLL_H

#include "session.h"

typedef struct {
    enr_span_t id;
    enr_span_t token;    /* of the request, or empty: a result with another one is refused */
    bool fresh;          /* it was accepted just now: the first read can wait */
    uint32_t first_ms;   /* first gap between two reads; it grows to POLL_GAP_MAX_MS */
    uint32_t deadline_s; /* of all reading, from the call of poll_result */
} poll_t;

#define POLL_GAP_MAX_MS 10000u
#define POLL_BACKOFF_MAX_MS 60000u
#define POLL_GRACE_MS 15000u /* for so long an unknown id is one that is not there yet */
#define POLL_LAST_READ_MS 10000u

typedef enum {
    POLL_FINISHED,   /* the api's answer holds the result */
    POLL_LATE,       /* the deadline came, the last answer said that it is not finished: the api's answer holds it */
    POLL_FAILED,     /* *out_status says why; also at the deadline when the last read failed */
    POLL_INTERRUPTED /* by a signal */
} poll_end_t;

/* Reads until one of these. What passes (network, 429, 5xx) is read again after a full-jitter back-off with Retry-After
   as its minimum, and said on standard error; a terminal there also shows how long it takes. */
poll_end_t poll_result(session_t *session, const poll_t *poll, enr_status_t *out_status);

#endif
