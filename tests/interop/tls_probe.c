/* Opens one TLS connection with the product's own tls room, sends one GET, reads to the end, and prints what came of it
   on one line:
   "<status> bytes=<received> in_use=<TLS memory left after close> high_water=<most TLS memory>".
   tls_probe HOST PORT CA_FILE [--now SECONDS] [--memory BYTES] [--trickle]. It exits 0 whenever it could print that
   line. */
#include "enrich/arena.h"
#include "enrich/tls.h"
#include "enrich_posix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Alignas(8) uint8_t arena_memory[1 << 20];

static void *take(void *ctx, size_t count, size_t size)
{
    return enr_arena_take(ctx, count, size);
}

static void give(void *ctx, void *piece)
{
    enr_arena_give(ctx, piece);
}

static enr_status_t fixed_wall(void *ctx, int64_t *out_seconds)
{
    *out_seconds = *(const int64_t *)ctx;
    return *out_seconds == 0 ? ENR_E_NO_TIME : ENR_OK;
}

/* A net that sends and receives one byte at a time and says ENR_AGAIN before every byte (behaviours 19, 20). */
typedef struct {
    enr_net_t below;
    bool send_now;
    bool receive_now;
} trickle_t;

static enr_status_t trickle_open(void *ctx, enr_span_t host, uint16_t port, uint32_t now_ms, enr_phase_t *out_phase,
                                 enr_wait_t *out_wait)
{
    trickle_t *trickle = ctx;
    return trickle->below.open(trickle->below.ctx, host, port, now_ms, out_phase, out_wait);
}

static enr_status_t trickle_send(void *ctx, enr_span_t bytes, size_t *out_sent)
{
    trickle_t *trickle = ctx;
    trickle->send_now = !trickle->send_now;
    return trickle->send_now ? trickle->below.send(trickle->below.ctx, enr_span_slice(bytes, 0, 1), out_sent)
                             : ENR_AGAIN;
}

static enr_status_t trickle_receive(void *ctx, uint8_t *out, size_t capacity, size_t *out_len)
{
    trickle_t *trickle = ctx;
    (void)capacity;
    trickle->receive_now = !trickle->receive_now;
    return trickle->receive_now ? trickle->below.receive(trickle->below.ctx, out, 1, out_len) : ENR_AGAIN;
}

static void trickle_close(void *ctx)
{
    trickle_t *trickle = ctx;
    trickle->below.close(trickle->below.ctx);
}

/* Waits, but never long: the trickle holds bytes back that poll does not know of. */
static enr_status_t wait_for(const enr_posix_net_t *net, enr_wait_t wait, bool trickles)
{
    enr_clock_t clock = enr_posix_clock();
    if (trickles) {
        wait = (enr_wait_t){.has_time = true, .until_ms = clock.monotonic_ms(clock.ctx)};
    }
    enr_posix_waiter_t waiter = {.net = net, .wait = wait};
    return enr_posix_wait(&waiter, 1, NULL, 0);
}

static enr_status_t talk(enr_stream_t stream, const char *host, uint16_t port, const enr_posix_net_t *net,
                         bool trickles, size_t *out_received)
{
    enr_clock_t clock = enr_posix_clock();
    enr_phase_t phase = ENR_PHASE_DNS;
    enr_wait_t wait = {0};
    enr_status_t status;
    while ((status = stream.open(stream.ctx, enr_span_from_str(host), port, clock.monotonic_ms(clock.ctx), &phase,
                                 &wait)) == ENR_AGAIN) {
        status = wait_for(net, wait, trickles);
        wait = (enr_wait_t){0};
    }
    enr_span_t request = ENR_SPAN("GET / HTTP/1.0\r\n\r\n");
    while (status == ENR_OK && request.len > 0) {
        size_t sent = 0;
        status = stream.write(stream.ctx, request, &sent, &wait);
        request = enr_span_slice(request, status == ENR_OK ? sent : 0, request.len);
        status = status == ENR_AGAIN ? wait_for(net, wait, trickles) : status;
    }
    while (status == ENR_OK) {
        uint8_t piece[300];
        size_t len = 0;
        status = stream.read(stream.ctx, piece, sizeof piece, &len, &wait);
        *out_received += len;
        status = status == ENR_AGAIN ? wait_for(net, wait, trickles) : status;
    }
    stream.close(stream.ctx);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        (void)fprintf(stderr, "usage: tls_probe HOST PORT CA_FILE [--now SECONDS] [--memory BYTES] [--trickle]\n");
        return 1;
    }
    int64_t now = -1;
    size_t memory_size = sizeof arena_memory;
    bool trickles = false;
    for (int i = 4; i < argc; i++) {
        if (strcmp(argv[i], "--now") == 0 && i + 1 < argc) {
            now = strtoll(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--memory") == 0 && i + 1 < argc) {
            memory_size = strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--trickle") == 0) {
            trickles = true;
        }
    }
    static enr_arena_t arena;
    static enr_tls_memory_t memory = {.ctx = &arena, .take = take, .give = give};
    static enr_posix_bundle_t bundle;
    static enr_posix_net_t posix;
    enr_arena_init(&arena, arena_memory, memory_size);
    enr_entropy_t entropy = enr_posix_entropy();
    enr_clock_t clock = enr_posix_clock();
    if (now >= 0) {
        clock = (enr_clock_t){.ctx = &now, .monotonic_ms = clock.monotonic_ms, .wall = fixed_wall};
    }
    enr_status_t status = enr_tls_init(&memory, &entropy);
    if (status != ENR_OK || enr_posix_bundle_open(&bundle, argv[3]) != ENR_OK) {
        (void)fprintf(stderr, "tls_probe: cannot start: %s, or %s is no bundle\n", enr_status_name(status), argv[3]);
        return 1;
    }
    enr_posix_net_start(&posix, &(enr_posix_net_config_t){0});
    enr_net_t net = enr_posix_net(&posix);
    trickle_t trickle = {.below = net};
    if (trickles) {
        net = (enr_net_t){&trickle, trickle_open, trickle_send, trickle_receive, trickle_close};
    }
    size_t idle = arena.in_use;
    enr_tls_t tls;
    enr_tls_start(&tls, &(enr_tls_config_t){.net = &net, .clock = &clock, .anchors = {&bundle, enr_posix_bundle_get}});
    size_t received = 0;
    status = talk(enr_tls_stream(&tls), argv[1], (uint16_t)strtoul(argv[2], NULL, 10), &posix, trickles, &received);
    (void)printf("%s bytes=%zu in_use=%zu high_water=%zu\n", enr_status_name(status), received, arena.in_use - idle,
                 arena.high_water);
    enr_posix_bundle_close(&bundle);
    return 0;
}
