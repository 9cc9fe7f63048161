/* The way to the service: the agent over the api, TLS over lwIP, and the memory that all of it lies in. */
#ifndef SERVICE_H
#define SERVICE_H

#include "enrich/agent.h"
#include "enrich/settings.h"

/* Readies mbedTLS's memory and random numbers: what seal, network and TLS begin with. ENR_OK, ENR_E_ENTROPY,
   ENR_E_TLS_MEMORY. It is called twice: before the store is there, which gives ENR_E_ENTROPY, and after. */
ENR_NODISCARD enr_status_t service_seed(void);

/* Reads the settings that the store holds. ENR_OK, also when there are none. ENR_E_SETTING: *out_fault says which; the
   device then is as one without settings. */
ENR_NODISCARD enr_status_t service_settings_start(const char **out_fault);
const enr_settings_t *service_settings(void);

/* The bytes of the settings as they lie in the store. */
enr_span_t service_settings_bytes(void);

/* Readies agent and, with complete settings, the api over the network, which must have been started. ENR_OK; the
   statuses of enr_api_init and enr_agent_init. */
ENR_NODISCARD enr_status_t service_start(uint32_t now_ms);

/* Moves all of it on when there is something to do. */
void service_step(uint32_t now_ms);

/* The agent, for whoever calls its functions; it is stepped soon after. */
enr_agent_t *service_agent(void);

/* How the agent is. */
void service_status(uint32_t now_ms, enr_agent_status_t *out);

/* Two pieces of memory of the api's, for use within one turn of the main loop while no exchange is under way
   (enr_agent_status_t.online), or as long as the agent is stopped. */
enr_buffer_t service_scratch(void);
enr_buffer_t service_scratch_second(void);

/* The wall clock: SNTP's time, else the last good one (DESIGN 4), and how good it is. */
const enr_clock_t *service_clock(void);
enr_time_quality_t service_time_quality(void);

/* Requests that were sent since the start, and those of them on a connection that began with a session ticket. */
void service_sent(uint32_t *out_sent, uint32_t *out_on_ticket);

/* The arena of TLS, for its figures. */
const enr_arena_t *service_arena(void);

#endif
