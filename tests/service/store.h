/* What the service keeps: accepted contacts by id, in the order in which they finish. Pure. */
#ifndef SERVICE_STORE_H
#define SERVICE_STORE_H

#include "draw.h"
#include "people.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An accepted contact, or the job of a batch, which has an id of its own and nothing else. Strings are owned. */
typedef struct sim_enrichment {
    char id[SIM_ID_SIZE];
    char batch_id[SIM_ID_SIZE]; /* of the job that it came with, or "" */
    uint64_t number;
    bool is_batch;
    bool finished;
    uint64_t due_ms;
    unsigned types;
    int64_t price; /* to be charged when it finishes */
    char *firstname;
    char *lastname;
    char *linkedin_url;
    char *custom;
    char *webhook_url;
    char *email;
    char *email_status;
    char *personal_email;
    char *personal_email_status;
    char *phones[SIM_PHONES_MAX];
    size_t phone_count;
    struct sim_enrichment *next; /* while pending: finishes after this one; then: finished after this one */
    struct sim_enrichment *previous;
} sim_enrichment_t;

typedef struct {
    sim_enrichment_t *first;
    sim_enrichment_t *last;
    size_t count;
} sim_list_t;

typedef struct {
    uint64_t seed;
    sim_enrichment_t **window; /* by number, from base on; NULL: forgotten */
    uint64_t base;
    size_t count;
    size_t capacity;
    sim_list_t pending;         /* by due_ms, equal ones in order of acceptance */
    sim_list_t finished;        /* in order of finishing */
    sim_enrichment_t *uncalled; /* first of finished that may still want its callback */
} sim_store_t;

void sim_store_free(sim_store_t *store);

/* A new one, pending until due_ms; the job of a batch is finished at once. It lives until it is forgotten. */
sim_enrichment_t *sim_store_add(sim_store_t *store, uint64_t due_ms, bool is_batch);

/* NULL: never there, or forgotten. */
sim_enrichment_t *sim_store_find(const sim_store_t *store, const char *id);

/* Finishes the next one that is due at now_ms. NULL: none. */
sim_enrichment_t *sim_store_finish(sim_store_t *store, uint64_t now_ms);

/* The next finished one with a webhook, each once, in order of finishing. NULL: none. */
const sim_enrichment_t *sim_store_take_uncalled(sim_store_t *store);

/* Forgets the longest finished until keep finished ones are left, but none whose callback was not taken. */
void sim_store_forget(sim_store_t *store, size_t keep);

#endif
