/* A small allocator over one piece of memory of the program's choice: what boards give to TLS instead of a heap (DESIGN
   3). */
#ifndef ENRICH_ARENA_H
#define ENRICH_ARENA_H

#include "enrich/span.h"

/* One arena. Fields are private but for the figures. */
typedef struct {
    uint8_t *base;
    size_t size;
    size_t in_use;     /* bytes taken now, headers included */
    size_t high_water; /* the most that was ever taken, headers included */
    size_t failures;   /* requests that found no room */
} enr_arena_t;

/* Makes an empty arena over size bytes at memory, which the caller owns and which must be aligned to 8 (_Alignas(8)).
   Asserts alignment and 64 <= size < 2^31. */
void enr_arena_init(enr_arena_t *arena, void *memory, size_t size);

/* count * size bytes, zeroed, aligned to 8; NULL when there is no room, when the product overflows or is 0. First fit
   by address. */
void *enr_arena_take(enr_arena_t *arena, size_t count, size_t size);

/* Gives a piece back; NULL is allowed. Neighbouring free pieces are joined at once. Asserts that the piece is one that
   was taken, as far as its header and its neighbours' tell: a piece given twice or written past its end is noticed
   here. */
void enr_arena_give(enr_arena_t *arena, void *piece);

#endif
