/* The log: a line of JSON for each request as it is decided. */
#ifndef SERVICE_LOG_H
#define SERVICE_LOG_H

#include "codec.h"

#include <stdio.h>

typedef struct {
    FILE *file;  /* NULL: no log */
    bool bodies; /* what was asked and answered, too, with all personal data */
} sim_log_t;

/* since_ms: from the start. body: what was answered. fault: by an injected rule. */
void sim_log_request(const sim_log_t *log, uint64_t since_ms, const sim_http_request_t *http, sim_call_t call,
                     const sim_answer_t *answer, const char *body, bool fault);

#endif
