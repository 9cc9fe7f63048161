/* The way to the service: TLS over lwIP, and the memory that all of it lies in. */
#ifndef SERVICE_H
#define SERVICE_H

#include "enrich/api.h"
#include "provisioning.h"

/* Readies random numbers: what network and TLS begin with. ENR_OK, ENR_E_ENTROPY, ENR_E_TLS_MEMORY. */
ENR_NODISCARD enr_status_t service_seed(void);

/* Readies the api over the network, which must have been started; settings must stay. ENR_OK; the statuses of
   enr_api_init. */
ENR_NODISCARD enr_status_t service_start(const settings_t *settings);

/* The api. */
enr_api_t *service_api(void);

/* The arena of TLS, for its figures. */
const enr_arena_t *service_arena(void);

#endif
