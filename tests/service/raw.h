/* Sends bytes as they are over the TLS session of a connection that libmicrohttpd has set aside. */
#ifndef SERVICE_RAW_H
#define SERVICE_RAW_H

#include "inject.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    gnutls_session_t session; /* borrowed, as the socket */
    int socket;
    char *bytes; /* owned */
    size_t length;
    size_t sent;
    size_t stall_at;
    uint64_t stall_ms; /* 0: done or not asked for */
    uint64_t drip_ms;
    sim_end_t end;
} sim_raw_t;

/* The bytes that an injection sends in place of the answer, which is a whole HTTP response. seed: for garbage. */
sim_raw_t *sim_raw_new(const sim_injection_t *injection, const char *answer, size_t length, uint64_t seed);

void sim_raw_free(sim_raw_t *raw);

/* Sends on. True: all is sent and the connection ended. False: call again at out_next_ms. */
bool sim_raw_pump(sim_raw_t *raw, uint64_t now_ms, uint64_t *out_next_ms);

#endif
