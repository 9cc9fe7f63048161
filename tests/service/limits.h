/* Rate limit and parallelism of an account. Pure. */
#ifndef SERVICE_LIMITS_H
#define SERVICE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* At most `most` requests in a second that begins with the first of them (api-contract 8). */
typedef struct {
    uint64_t most; /* 0: any number */
    uint64_t begin_ms;
    uint64_t count;
} sim_rate_t;

/* False: one too many; out_wait_ms says when the second is over. */
bool sim_rate_pass(sim_rate_t *rate, uint64_t now_ms, uint64_t *out_wait_ms);

/* Requests that are worked on at once; a further one waits for the first place that becomes free (api-contract 12). */
typedef struct {
    uint64_t *free_at_ms;
    size_t count; /* 0: any number */
} sim_places_t;

void sim_places_init(sim_places_t *places, size_t count);
void sim_places_free(sim_places_t *places);

/* When a request that comes now is begun, and the place that it takes until sim_places_hold says when it ends. */
uint64_t sim_places_begin(const sim_places_t *places, uint64_t now_ms, size_t *out_place);
void sim_places_hold(sim_places_t *places, size_t place, uint64_t end_ms);

#endif
