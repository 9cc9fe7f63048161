/* What the reader of the events says back, a line each, on a descriptor of its own: a scan is never taken for it. */
#ifndef CLI_RUN_ACKS_H
#define CLI_RUN_ACKS_H

#include "enrich/seal.h"

typedef enum {
    ACK_NONE,   /* no whole line is there */
    ACK_BATCH,  /* "ack DIGEST" */
    ACK_RETRY,  /* "retry" */
    ACK_INVALID /* anything else */
} ack_t;

/* All zero but for fd is a start. Private but for fd. */
typedef struct {
    int fd;       /* -1: there is none, or nothing more will come */
    bool is_long; /* the line under way is thrown away */
    size_t held;
    char line[256];
} acks_t;

/* The next line. Reads, when there is none in what was read before, and then only if `readable`. Call it until it says
   ACK_NONE. *out_digest is set for ACK_BATCH. */
ack_t acks_next(acks_t *acks, bool readable, uint8_t out_digest[ENR_SEAL_DIGEST_LEN]);

#endif
