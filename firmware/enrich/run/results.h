/* Results on their way to whoever reads the events: printed as they come, and taken once their batch is acknowledged
   (DESIGN 1: printing is not delivering). */
#ifndef CLI_RUN_RESULTS_H
#define CLI_RUN_RESULTS_H

#include "acks.h"

#include "enrich/agent.h"

/* Leads with results in one batch. */
#define RESULTS_BATCH_MAX 64

/* Results that came and were not printed yet, where nobody acknowledges. */
#define RESULTS_QUEUE_MAX 256

typedef struct {
    uint32_t number;
    enr_type_t type;
} results_due_t;

/* All zero but for acks.fd is a start. Private. */
typedef struct {
    acks_t acks;
    enum { RESULTS_IDLE, RESULTS_WALKING, RESULTS_WAITING, RESULTS_TAKING } state;
    bool begun; /* results of earlier runs were looked for */
    bool dirty; /* there may be some that were not handed out */
    enr_cursor_t cursor;
    enr_batch_t batch;
    enr_batch_item_t items[RESULTS_BATCH_MAX];
    enr_hash_t hash;
    uint32_t count; /* results in the batch */
    uint8_t acknowledged[ENR_SEAL_DIGEST_LEN];
    results_due_t queue[RESULTS_QUEUE_MAX];
    size_t queued;
} results_t;

/* A request's result is there: for the agent's watcher. */
void results_came(results_t *results, uint32_t number, enr_type_t type);

/* Does a bounded piece of what is to be done. readable: of the descriptor of acknowledgements. True: there is more to
   do now. */
bool results_step(results_t *results, enr_agent_t *agent, bool readable, uint32_t now_ms);

/* True when all results that are there were printed, and those that can be acknowledged were. */
bool results_are_out(const results_t *results);

#endif
