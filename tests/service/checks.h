/* Whether the fields of a request are those of its call (api-contract 3, 7, 8). Pure. */
#ifndef SERVICE_CHECKS_H
#define SERVICE_CHECKS_H

#include "rules.h"

/* SUBMIT and SYNC. The set of types that were asked for; what is wrong is added to faults. */
unsigned sim_check_single(bool allow_multi, const sim_request_t *request, sim_faults_t *faults);

/* The same for BATCH. */
unsigned sim_check_batch(bool allow_multi, const sim_request_t *request, sim_faults_t *faults);

#endif
