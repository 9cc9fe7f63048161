/* Delivers callbacks to their webhooks (api-contract 6), on the thread of the server. */
#ifndef SERVICE_WEBHOOK_H
#define SERVICE_WEBHOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    const char *ca_file; /* whom to trust for https; NULL: the system's */
    bool anywhere;       /* else only to localhost and 127.x: a test must not call strangers */
    unsigned retries;    /* further tries after one that had no 2xx */
    double lose;         /* percent that are never sent */
    double twice;        /* percent that are sent twice */
    uint64_t shuffle_ms; /* each is sent up to so much later, so that they overtake each other */
    uint64_t seed;       /* decides the last three */
    FILE *log;           /* NULL: none */
} sim_webhook_settings_t;

typedef struct sim_webhooks sim_webhooks_t;

/* Ends the program with a sentence when it cannot. */
sim_webhooks_t *sim_webhooks_new(const sim_webhook_settings_t *settings);

/* Gives up what is not delivered. */
void sim_webhooks_free(sim_webhooks_t *webhooks);

/* Takes over the body, which is to be freed, for delivery from now_ms on. id is the contact's, for the log. */
void sim_webhooks_post(sim_webhooks_t *webhooks, uint64_t now_ms, const char *url, const char *id, char *body);

/* Works on what can go on. Returns when it is to be called again; UINT64_MAX: on events only. */
uint64_t sim_webhooks_run(sim_webhooks_t *webhooks, uint64_t now_ms);

/* Becomes readable when there is something to work on. */
int sim_webhooks_events(const sim_webhooks_t *webhooks);

#endif
