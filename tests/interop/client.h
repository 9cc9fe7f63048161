/* One connection of the product's own tls room, with all that the programs here want to vary. */
#ifndef CLIENT_H
#define CLIENT_H

#include "enrich/arena.h"
#include "enrich/tls.h"
#include "enrich_posix.h"

/* What to connect to, and how. */
typedef struct {
    const char *host;
    uint16_t port;
    const char *path; /* of the GET */
    enr_anchors_t anchors;
    int64_t now;   /* wall clock; 0: none, below 0: the system's */
    bool trickles; /* the net moves one byte at a time and says ENR_AGAIN before every byte (behaviours 19, 20) */
    const enr_tickets_t *tickets;
    const uint8_t (*pins)[32];
    size_t pin_count;
} client_t;

/* What came of it. */
typedef struct {
    enr_status_t status; /* ENR_END: the answer came, and its end was said */
    size_t received;
    size_t connections; /* that the tls room opened for it */
    size_t left;        /* bytes of TLS memory that were not given back */
    size_t held;        /* times that a read said ENR_AGAIN while bytes may have been waiting (behaviours 20) */
    bool resumed;
} client_outcome_t;

/* Readies TLS with an arena of so many bytes, at most CLIENT_MEMORY_MAX. Once. */
#define CLIENT_MEMORY_MAX (1 << 20)
ENR_NODISCARD enr_status_t client_start(size_t memory);

/* The arena that client_start made. */
const enr_arena_t *client_arena(void);

/* Opens the connection, sends one GET and reads to the end. */
client_outcome_t client_run(const client_t *client);

#endif
