#include "raw.h"

#include "draw.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FULL_MS 5u /* how long to wait when the socket takes no more */

static size_t smaller(size_t left, size_t right)
{
    return left < right ? left : right;
}

sim_raw_t *sim_raw_new(const sim_injection_t *injection, const char *answer, size_t length, uint64_t seed)
{
    sim_raw_t *raw = sim_alloc(1, sizeof *raw);
    if (injection->garbage > 0) {
        raw->length = injection->garbage;
        raw->bytes = sim_alloc(raw->length, 1);
        for (size_t i = 0; i < raw->length; i++) {
            raw->bytes[i] = (char)(unsigned char)sim_draw_number(seed, i);
        }
    } else {
        const char *source = injection->raw != NULL ? injection->raw : answer;
        raw->length = injection->raw != NULL ? injection->raw_length : length;
        raw->bytes = sim_alloc(raw->length + 1, 1);
        memcpy(raw->bytes, source, raw->length);
    }
    raw->length = smaller(raw->length, injection->cut);
    raw->stall_at = injection->stall_at;
    raw->stall_ms = injection->stall_at != SIM_NOWHERE ? injection->stall_ms : 0;
    raw->drip_ms = injection->drip_ms;
    raw->end = injection->end;
    return raw;
}

void sim_raw_free(sim_raw_t *raw)
{
    if (raw != NULL) {
        free(raw->bytes);
        free(raw);
    }
}

/* What libmicrohttpd does afterwards, an alert and a shutdown of its own, then reaches nobody. */
static void end_connection(const sim_raw_t *raw)
{
    if (raw->end == SIM_END_RESET) {
        struct sockaddr nobody = {.sa_family = AF_UNSPEC};
        (void)connect(raw->socket, &nobody, sizeof nobody); /* Linux: drops the connection with a reset */
        return;
    }
    if (raw->end == SIM_END_CLOSE) {
        (void)gnutls_bye(raw->session, GNUTLS_SHUT_WR);
    }
    (void)shutdown(raw->socket, SHUT_WR);
}

bool sim_raw_pump(sim_raw_t *raw, uint64_t now_ms, uint64_t *out_next_ms)
{
    for (;;) {
        size_t stop = smaller(raw->length, raw->stall_ms > 0 ? raw->stall_at : raw->length);
        if (raw->sent == stop && raw->stall_ms > 0) {
            *out_next_ms = now_ms + raw->stall_ms;
            raw->stall_ms = 0;
            return false;
        }
        if (raw->sent == stop) {
            end_connection(raw);
            return true;
        }
        size_t size = raw->drip_ms > 0 ? 1 : stop - raw->sent;
        ssize_t sent = gnutls_record_send(raw->session, raw->bytes + raw->sent, size);
        if (sent == GNUTLS_E_AGAIN || sent == GNUTLS_E_INTERRUPTED) {
            *out_next_ms = now_ms + FULL_MS;
            return false;
        }
        if (sent <= 0) {
            return true; /* the client has gone */
        }
        raw->sent += (size_t)sent;
        if (raw->drip_ms > 0 && raw->sent < raw->length) {
            *out_next_ms = now_ms + raw->drip_ms;
            return false;
        }
    }
}
