/* The way to the service: what all connections share, and one connection with the call that is under way on it. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "answer_json.h"
#include "settings.h"

#include "enrich_posix.h"

#include "enrich/tls.h"

/* The largest request: a whole batch. */
#define SESSION_REQUEST_MAX (ENR_BULK_MAX * ENR_REQUEST_MAX)
#define SESSION_BODY_MAX ANSWER_MAX

/* Settings, trust and clock. Must not be moved while open. All zero is closed. */
typedef struct {
    settings_t settings;
    char too_slow[64]; /* what a call came to that took longer than its timeout */
    enr_clock_t clock;
    enr_posix_bundle_t bundle;
} service_t;

/* Readies TLS, and what it has for others: random bytes, seals. Once per process. EXIT_DONE, or the problem. */
exit_code_t service_ready_tls(problem_t *out_problem);

/* Takes the settings together and readies trust, TLS and the catching of signals; connects nothing. Once per process.
   EXIT_DONE, or the problem. */
exit_code_t service_open(service_t *service, const options_t *options, problem_t *out_problem);

/* Forgets the key. Closing what is closed is allowed. */
void service_close(service_t *service);

/* Monotonic milliseconds. */
uint32_t service_now(const service_t *service);

/* True when the time has come; right across the wrap (behaviours 25). */
bool service_is_past(uint32_t now_ms, uint32_t until_ms);

/* Sleeps until the time, or until a signal comes. */
void service_sleep(const service_t *service, uint32_t until_ms);

/* One connection. Must not be moved while open. All zero is closed. `api` and `where` are for the commands. */
typedef struct {
    enr_api_t api;
    const char *where; /* host:port, of the settings */
    const service_t *service;
    bool cut; /* the last call was given up at its until_ms */
    enr_posix_net_t net;
    enr_net_t net_duty;
    enr_tls_t tls;
    enr_exchange_t exchange;
    uint8_t request[SESSION_REQUEST_MAX];
    uint8_t body[SESSION_BODY_MAX];
} session_t;

/* Readies a connection to an open service, which must stay; connects nothing. EXIT_DONE, or the problem. */
exit_code_t session_open(session_t *session, service_t *service, problem_t *out_problem);

/* Gives up what is under way. Closing what is closed is allowed. */
void session_close(session_t *session);

/* Runs the call that was started to its end and gives the status of its last step; ENR_AGAIN when a signal came: the
   call is then given up. until_ms bounds it when it is not NULL: ENR_E_TIMEOUT_TOTAL. */
ENR_NODISCARD enr_status_t session_run(session_t *session, const uint32_t *until_ms);

/* Bounds a wait by a time. */
void session_wait_no_longer(enr_wait_t *wait, uint32_t until_ms);

/* What a call that ended with this status says to a person. A timeout is told by the option that sets it. */
problem_t session_problem(const session_t *session, enr_status_t status);

#endif
