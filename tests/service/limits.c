#include "limits.h"

#include "text.h"

#include <stdlib.h>

#define SECOND_MS 1000u

bool sim_rate_pass(sim_rate_t *rate, uint64_t now_ms, uint64_t *out_wait_ms)
{
    if (rate->most == 0) {
        return true;
    }
    if (rate->count == 0 || now_ms - rate->begin_ms >= SECOND_MS) {
        rate->begin_ms = now_ms;
        rate->count = 0;
    }
    if (rate->count == rate->most) {
        *out_wait_ms = rate->begin_ms + SECOND_MS - now_ms;
        return false;
    }
    rate->count++;
    return true;
}

void sim_places_init(sim_places_t *places, size_t count)
{
    *places = (sim_places_t){.free_at_ms = sim_alloc(count + 1, sizeof(uint64_t)), .count = count};
}

void sim_places_free(sim_places_t *places)
{
    free(places->free_at_ms);
}

uint64_t sim_places_begin(const sim_places_t *places, uint64_t now_ms, size_t *out_place)
{
    size_t place = 0;
    for (size_t i = 1; i < places->count; i++) {
        place = places->free_at_ms[i] < places->free_at_ms[place] ? i : place;
    }
    *out_place = place;
    return places->count > 0 && places->free_at_ms[place] > now_ms ? places->free_at_ms[place] : now_ms;
}

void sim_places_hold(sim_places_t *places, size_t place, uint64_t end_ms)
{
    places->free_at_ms[place] = end_ms;
}
