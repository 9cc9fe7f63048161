/* What every port's net must do, over the functions of enr_net_t alone: the same for each port, on the host and on a
 * board. */
#ifndef PORT_CONFORMANCE_H
#define PORT_CONFORMANCE_H

#include "enrich/port.h"

typedef struct {
    const enr_net_t *net;
    enr_span_t host;         /* a name under which the service of port_peer.h is reached … */
    uint16_t peer_port;      /* … at this port */
    uint16_t closed_port;    /* nothing listens here */
    enr_span_t missing_host; /* a name that does not exist */
    enr_span_t slow_host;    /* a name of the service that DNS gives after 1,000 ms or more */
    enr_span_t silent_host;  /* a name that DNS does not answer for */
    enr_span_t second_host;  /* a name with two addresses: one refuses, the other is the service; the order changes with
                                each question */
    enr_span_t hole_host;    /* a name whose one address never answers, … */
    uint32_t address_ms;     /* … and how long the net was told to try one, 1,000 or more */
    size_t bulk;             /* bytes of a big transfer: more than all buffers on the way */

    void *ctx;
    uint32_t (*now_ms)(void *ctx);
    /* What the port's main loop does between two steps: sleeps until the net has the event or the time has come. */
    void (*wait)(void *ctx, const enr_wait_t *wait);
} port_conformance_t;

/* Runs everything. NULL: the port conforms. Otherwise what it did not do, as a sentence. */
const char *port_conformance(const port_conformance_t *conformance);

#endif
