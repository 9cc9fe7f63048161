/* A connection to the service: net, TLS, exchange and api in one place, and the loop that drives one call. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "settings.h"

#include "enrich_posix.h"

#include "enrich/tls.h"

/* The largest request of one contact: all its texts at their limits, every byte escaped, and the head. */
#define SESSION_REQUEST_MAX 16384
#define SESSION_BODY_MAX 65536

/* Must not be moved while open. `api` and `where` are for the commands. */
typedef struct {
    enr_api_t api;
    const char *where; /* host:port, of the settings */
    char too_slow[64]; /* what a call came to that took longer than its timeout */
    bool cut;          /* the last call was given up at its until_ms */
    enr_clock_t clock;
    enr_posix_bundle_t bundle;
    enr_posix_net_t net;
    enr_net_t net_duty;
    enr_tls_t tls;
    enr_exchange_t exchange;
    uint8_t request[SESSION_REQUEST_MAX];
    uint8_t body[SESSION_BODY_MAX];
} session_t;

/* Readies everything; connects nothing. Once per process. EXIT_DONE, or the problem. */
exit_code_t session_open(session_t *session, const settings_t *settings, problem_t *out_problem);

void session_close(session_t *session);

/* Monotonic milliseconds. */
uint32_t session_now(const session_t *session);

/* Runs the call that was started to its end and gives the status of its last step; ENR_AGAIN when a signal came: the
   call is then given up. until_ms bounds it when it is not NULL: ENR_E_TIMEOUT_TOTAL. */
ENR_NODISCARD enr_status_t session_run(session_t *session, const uint32_t *until_ms);

/* What a call that ended with this status says to a person. A timeout is told by the option that sets it. */
problem_t session_problem(const session_t *session, enr_status_t status);

/* Sleeps until the time, or until a signal comes. */
void session_sleep(const session_t *session, uint32_t until_ms);

#endif
