/* What the seed decides: ids, and who is found when there is no people file. */
#ifndef SERVICE_DRAW_H
#define SERVICE_DRAW_H

#include "people.h"

#include <stddef.h>
#include <stdint.h>

#define SIM_ID_SIZE 37u /* a UUID as text with its NUL */

/* The id of the thing with that number, as a random UUID in lower case (RFC 9562 5.4). */
void sim_draw_id(uint64_t seed, uint64_t number, char out_id[SIM_ID_SIZE]);

/* The number that an id belongs to, if sim_draw_id made it with that seed; else UINT64_MAX. */
uint64_t sim_id_number(uint64_t seed, const char *id);

/* The nth random number of a seed. */
uint64_t sim_draw_number(uint64_t seed, uint64_t n);

/* The nth random number of a seed, 0 to less than 100. */
double sim_draw_percent(uint64_t seed, uint64_t n);

/* A made-up person. The strings that person points to are owned here or by the search. */
typedef struct {
    sim_person_t person;
    char *email;
    char *personal_email;
    char *phones[SIM_PHONES_MAX];
} sim_drawn_t;

/*
 * What the service knows of that person. It depends on the seed and the two names alone, but for the domain of the
 * address, which is the one searched for or made from the company's name. Of all names three quarters have an e-mail,
 * half a personal one and six in ten one to three phones. Numbers are from ranges kept for fiction.
 */
void sim_draw_person(uint64_t seed, const sim_search_t *search, sim_drawn_t *out_drawn);

void sim_drawn_free(sim_drawn_t *drawn);

#endif
