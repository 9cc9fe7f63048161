/* The table of call and outcome: what becomes of a request, and of the device, with each way in which a call can end
   (DESIGN 6). Known to the agent, and to the test that prints it into lib/DESIGN.md. */
#ifndef ENR_AGENT_OUTCOMES_H
#define ENR_AGENT_OUTCOMES_H

#include "enrich/agent.h"

/* The columns. A submit that was accepted is one that may have been. */
enum { ENR_SUBMIT_NOT_ACCEPTED, ENR_SUBMIT_MAYBE_ACCEPTED, ENR_POLL, ENR_COLUMNS };

/* What becomes of the request. */
enum {
    ENR_NEXT_NEVER, /* this cell cannot be entered */
    ENR_NEXT_READY,
    ENR_NEXT_UNKNOWN,
    ENR_NEXT_PENDING,
    ENR_NEXT_FINISHED,
    ENR_NEXT_REJECTED,
    ENR_NEXT_LATE,
    ENR_NEXT_SAME,         /* pending or late, as it was: nothing was heard of it */
    ENR_NEXT_SAME_IN_TIME, /* pending, but late once it has been so for late_ms */
    ENR_NEXT_SAME_IN_GRACE /* pending, but late once it has been so for grace_ms */
};

/* What becomes of the device: bits. */
#define ENR_EFFECT_ACKNOWLEDGED 1u /* failures in a row are over; flags that held such requests go */
#define ENR_EFFECT_BACK_OFF 2u
#define ENR_EFFECT_RETRY_AFTER 4u /* the back-off begins after the answer's Retry-After, if it has one */
#define ENR_EFFECT_FLAG 8u        /* the cell's flag is set */
#define ENR_EFFECT_CLOSED 16u     /* the connection is not used again (api closes it) */

typedef struct {
    uint8_t next;
    uint8_t effects;
    uint8_t flag; /* enr_flag_t */
} enr_cell_t;

typedef struct {
    int8_t status;
    uint8_t way : 7;
    bool finished : 1; /* of ENR_OK: the answer holds the result */
} enr_outcome_t;

extern const enr_outcome_t enr_outcomes[];
extern const size_t enr_outcome_count;

/* The row of a status. One that no row names, which no version of api gives, is treated as ENR_E_NETWORK. */
const enr_outcome_t *enr_outcome_of(enr_status_t status, bool finished);

/* Its ENR_COLUMNS cells. */
const enr_cell_t *enr_outcome_cells(const enr_outcome_t *outcome);

#endif
