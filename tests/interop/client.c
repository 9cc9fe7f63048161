#include "client.h"

#include <assert.h>
#include <stdio.h>

static _Alignas(8) uint8_t arena_memory[CLIENT_MEMORY_MAX];
static enr_arena_t arena;

static void *take(void *ctx, size_t count, size_t size)
{
    return enr_arena_take(ctx, count, size);
}

static void give(void *ctx, void *piece)
{
    enr_arena_give(ctx, piece);
}

enr_status_t client_start(size_t memory)
{
    static const enr_tls_memory_t hook = {.ctx = &arena, .take = take, .give = give};
    static enr_entropy_t entropy;
    enr_arena_init(&arena, arena_memory, memory);
    entropy = enr_posix_entropy();
    return enr_tls_init(&hook, &entropy);
}

const enr_arena_t *client_arena(void)
{
    return &arena;
}

static enr_status_t fixed_wall(void *ctx, int64_t *out_seconds)
{
    *out_seconds = *(const int64_t *)ctx;
    return *out_seconds == 0 ? ENR_E_NO_TIME : ENR_OK;
}

/* The posix net, counted, and slowed down if wished. */
typedef struct {
    enr_posix_net_t posix;
    enr_net_t below;
    size_t connections;
    bool trickles;
    bool send_now;
    bool receive_now;
    bool dry;    /* it had nothing to receive when it was last asked */
    size_t held; /* times that a read said ENR_AGAIN although it was not dry (behaviours 20) */
} meter_t;

static enr_status_t meter_open(void *ctx, enr_span_t host, uint16_t port, uint32_t now_ms, enr_phase_t *out_phase,
                               enr_wait_t *out_wait)
{
    meter_t *meter = ctx;
    enr_status_t status = meter->below.open(meter->below.ctx, host, port, now_ms, out_phase, out_wait);
    meter->connections += status == ENR_OK;
    return status;
}

static enr_status_t meter_send(void *ctx, enr_span_t bytes, size_t *out_sent)
{
    meter_t *meter = ctx;
    meter->send_now = !meter->send_now;
    if (meter->trickles && !meter->send_now) {
        return ENR_AGAIN;
    }
    bytes = meter->trickles ? enr_span_slice(bytes, 0, 1) : bytes;
    return meter->below.send(meter->below.ctx, bytes, out_sent);
}

static enr_status_t meter_receive(void *ctx, uint8_t *out, size_t capacity, size_t *out_len)
{
    meter_t *meter = ctx;
    meter->receive_now = !meter->receive_now;
    enr_status_t status = ENR_AGAIN;
    if (!meter->trickles || meter->receive_now) {
        status = meter->below.receive(meter->below.ctx, out, meter->trickles ? 1 : capacity, out_len);
    }
    meter->dry = status == ENR_AGAIN;
    return status;
}

static void meter_close(void *ctx)
{
    meter_t *meter = ctx;
    meter->below.close(meter->below.ctx);
}

/* Waits, but not at all when bytes trickle: the meter holds them back and poll does not know of it. */
static enr_status_t wait_for(const meter_t *meter, enr_wait_t wait)
{
    enr_clock_t clock = enr_posix_clock();
    if (meter->trickles) {
        wait = (enr_wait_t){.has_time = true, .until_ms = clock.monotonic_ms(clock.ctx)};
    }
    enr_posix_waiter_t waiter = {.net = &meter->posix, .wait = wait};
    return enr_posix_wait(&waiter, 1, NULL, 0);
}

static enr_status_t open_stream(enr_stream_t stream, const client_t *client, const meter_t *meter)
{
    enr_clock_t clock = enr_posix_clock();
    enr_phase_t phase = ENR_PHASE_DNS;
    for (;;) {
        enr_wait_t wait = {0};
        enr_status_t status = stream.open(stream.ctx, enr_span_from_str(client->host), client->port,
                                          clock.monotonic_ms(clock.ctx), &phase, &wait);
        if (status == ENR_AGAIN) {
            status = wait_for(meter, wait);
            if (status == ENR_OK) {
                continue;
            }
        }
        return status;
    }
}

static enr_status_t write_all(enr_stream_t stream, enr_span_t bytes, const meter_t *meter)
{
    enr_status_t status = ENR_OK;
    while (status == ENR_OK && bytes.len > 0) {
        enr_wait_t wait = {0};
        size_t sent = 0;
        status = stream.write(stream.ctx, bytes, &sent, &wait);
        bytes = enr_span_slice(bytes, status == ENR_OK ? sent : 0, bytes.len);
        status = status == ENR_AGAIN ? wait_for(meter, wait) : status;
    }
    return status;
}

static enr_status_t read_all(enr_stream_t stream, meter_t *meter, size_t *out_received)
{
    enr_status_t status = ENR_OK;
    while (status == ENR_OK) {
        enr_wait_t wait = {0};
        uint8_t piece[300];
        size_t len = 0;
        status = stream.read(stream.ctx, piece, sizeof piece, &len, &wait);
        *out_received += len;
        meter->held += status == ENR_AGAIN && !meter->dry;
        status = status == ENR_AGAIN ? wait_for(meter, wait) : status;
    }
    return status;
}

client_outcome_t client_run(const client_t *client)
{
    static meter_t meter;
    meter = (meter_t){.trickles = client->trickles};
    enr_posix_net_start(&meter.posix, &(enr_posix_net_config_t){0});
    meter.below = enr_posix_net(&meter.posix);
    enr_net_t net = {&meter, meter_open, meter_send, meter_receive, meter_close};
    enr_clock_t clock = enr_posix_clock();
    int64_t now = client->now;
    if (now >= 0) {
        clock = (enr_clock_t){.ctx = &now, .monotonic_ms = clock.monotonic_ms, .wall = fixed_wall};
    }
    size_t idle = arena.in_use;
    enr_tls_t tls;
    enr_tls_start(&tls, &(enr_tls_config_t){.net = &net,
                                            .clock = &clock,
                                            .anchors = client->anchors,
                                            .tickets = client->tickets,
                                            .pins = client->pins,
                                            .pin_count = client->pin_count});
    enr_stream_t stream = enr_tls_stream(&tls);
    client_outcome_t outcome = {.status = open_stream(stream, client, &meter)};
    if (outcome.status == ENR_OK) {
        outcome.resumed = tls.resumed;
        char request[600];
        int len = snprintf(request, sizeof request, "GET %s HTTP/1.0\r\n\r\n", client->path);
        assert(len > 0 && (size_t)len < sizeof request);
        outcome.status = write_all(stream, enr_span_from_str(request), &meter);
    }
    if (outcome.status == ENR_OK) {
        outcome.status = read_all(stream, &meter, &outcome.received);
    }
    stream.close(stream.ctx);
    outcome.connections = meter.connections;
    outcome.held = meter.held;
    outcome.left = arena.in_use - idle;
    return outcome;
}
