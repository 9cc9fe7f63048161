/* HTTPS around the rules: one thread, any number of connections. */
#ifndef SERVICE_SERVER_H
#define SERVICE_SERVER_H

#include "certs.h"
#include "inject.h"
#include "log.h"
#include "rules.h"
#include "webhook.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct sim_server sim_server_t;

/* How a 429 says when to come again (api-contract 11, 13). */
typedef enum { SIM_RETRY_SECONDS, SIM_RETRY_DATE, SIM_RETRY_NONE } sim_retry_after_t;

/* Everything is borrowed until sim_server_stop. */
typedef struct {
    const char *address; /* of this host, as numbers */
    uint16_t port;       /* 0: a free one */
    const sim_certs_t *certs;
    sim_rules_t *rules;
    sim_retry_after_t retry_after;
    sim_webhooks_t *webhooks;
    sim_log_t log;
    sim_variants_t variants;
    sim_injections_t *injections; /* faults on order */
    const char *admin_key;        /* with it, POST and DELETE /admin/faults change them; NULL: nobody can */
} sim_server_settings_t;

/* Listens. Ends the program with a sentence when it cannot. */
sim_server_t *sim_server_start(const sim_server_settings_t *settings);

uint16_t sim_server_port(const sim_server_t *server);

/*
 * Serves until *stop is set by a handler of one of the signals that wait_mask lets through while waiting (they are
 * blocked otherwise), or, when end_of is not negative, until nothing more can be read from that descriptor.
 */
void sim_server_run(sim_server_t *server, const volatile sig_atomic_t *stop, const sigset_t *wait_mask, int end_of);

/* Closes all connections. Returns the number of requests that were answered or waiting for their answer. */
uint64_t sim_server_stop(sim_server_t *server);

#endif
