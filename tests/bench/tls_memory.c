/* One full exchange over TLS from an arena of so many bytes: handshake, GET, answer. Built as 32-bit code by
   tests/bench/tls_memory, since a board's structs are that size; with a blocking socket of its own, so that nothing
   else needs to exist as 32-bit code. tls_memory PORT ROOT_DER MEMORY [CONNECTIONS]: against localhost. Prints `STATUS
   high_water=… in_use=… resumed=…`, in_use being what is left over what TLS holds between connections. */
#include "enrich/arena.h"
#include "enrich/limits.h"
#include "enrich/tls.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static _Alignas(8) uint8_t arena_memory[1 << 18];
static enr_arena_t arena;

static void *take(void *ctx, size_t count, size_t size)
{
    return enr_arena_take(ctx, count, size);
}

static void give(void *ctx, void *piece)
{
    enr_arena_give(ctx, piece);
}

static enr_status_t fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    return getrandom(out, len, 0) == (ssize_t)len ? ENR_OK : ENR_E_ENTROPY;
}

static uint32_t monotonic_ms(void *ctx)
{
    (void)ctx;
    return 0;
}

static enr_status_t wall(void *ctx, int64_t *out_seconds)
{
    (void)ctx;
    *out_seconds = (int64_t)time(NULL);
    return ENR_OK;
}

static enr_status_t net_open(void *ctx, enr_span_t host, uint16_t port, uint32_t now_ms, enr_phase_t *out_phase,
                             enr_wait_t *out_wait)
{
    int *fd = ctx;
    (void)host;
    (void)now_ms;
    (void)out_phase;
    (void)out_wait;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    return connect(*fd, (const struct sockaddr *)&address, sizeof address) == 0 ? ENR_OK : ENR_E_REFUSED;
}

static enr_status_t net_send(void *ctx, enr_span_t bytes, size_t *out_sent)
{
    const int *fd = ctx;
    ssize_t sent = send(*fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    *out_sent = sent > 0 ? (size_t)sent : 0;
    return sent > 0 ? ENR_OK : ENR_E_RESET;
}

static enr_status_t net_receive(void *ctx, uint8_t *out, size_t capacity, size_t *out_len)
{
    const int *fd = ctx;
    ssize_t len = recv(*fd, out, capacity, 0);
    *out_len = len > 0 ? (size_t)len : 0;
    return len > 0 ? ENR_OK : len == 0 ? ENR_END : ENR_E_RESET;
}

static void net_close(void *ctx)
{
    int *fd = ctx;
    (void)close(*fd);
}

/* One slot for a ticket, as a device has it. */
typedef struct {
    uint8_t bytes[ENR_TICKET_MAX];
    size_t len;
} slot_t;

static enr_status_t slot_load(void *ctx, const uint8_t binding[32], uint8_t *out, size_t capacity, size_t *out_len)
{
    const slot_t *slot = ctx;
    (void)binding;
    (void)capacity;
    memcpy(out, slot->bytes, slot->len);
    *out_len = slot->len;
    return slot->len > 0 ? ENR_OK : ENR_END;
}

static void slot_save(void *ctx, const uint8_t binding[32], enr_span_t ticket)
{
    slot_t *slot = ctx;
    (void)binding;
    memcpy(slot->bytes, ticket.ptr, ticket.len);
    slot->len = ticket.len;
}

static void slot_drop(void *ctx, const uint8_t binding[32])
{
    slot_t *slot = ctx;
    (void)binding;
    slot->len = 0;
}

static enr_status_t exchange(enr_stream_t stream, uint16_t port)
{
    enr_phase_t phase = ENR_PHASE_DNS;
    enr_wait_t wait = {0};
    enr_status_t status;
    do {
        status = stream.open(stream.ctx, ENR_SPAN("localhost"), port, 0, &phase, &wait);
    } while (status == ENR_AGAIN);
    size_t len = 0;
    if (status == ENR_OK) {
        status = stream.write(stream.ctx, ENR_SPAN("GET / HTTP/1.0\r\n\r\n"), &len, &wait);
    }
    while (status == ENR_OK) {
        uint8_t piece[512];
        status = stream.read(stream.ctx, piece, sizeof piece, &len, &wait);
    }
    stream.close(stream.ctx);
    return status;
}

static enr_span_t read_file(const char *path, uint8_t *memory, size_t capacity)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    size_t len = fread(memory, 1, capacity, file);
    (void)fclose(file);
    return (enr_span_t){memory, len};
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        (void)fprintf(stderr, "usage: tls_memory PORT ROOT_DER MEMORY [CONNECTIONS]\n");
        return 2;
    }
    static uint8_t root_memory[4096];
    enr_span_t root = read_file(argv[2], root_memory, sizeof root_memory);
    enr_anchor_list_t roots = {&root, 1};
    enr_arena_init(&arena, arena_memory, strtoul(argv[3], NULL, 10));
    enr_tls_memory_t memory = {.ctx = &arena, .take = take, .give = give};
    enr_entropy_t entropy = {.fill = fill};
    enr_status_t status = enr_tls_init(&memory, &entropy);
    if (status != ENR_OK) {
        (void)fprintf(stderr, "tls_memory: %s\n", enr_status_name(status));
        return 2;
    }
    int fd = -1;
    slot_t slot = {.len = 0};
    enr_net_t net = {&fd, net_open, net_send, net_receive, net_close};
    enr_clock_t clock = {.monotonic_ms = monotonic_ms, .wall = wall};
    enr_tickets_t tickets = {&slot, slot_load, slot_save, slot_drop};
    enr_tls_t tls;
    enr_tls_start(&tls, &(enr_tls_config_t){
                            .net = &net, .clock = &clock, .anchors = enr_anchors_of_list(&roots), .tickets = &tickets});
    size_t idle = arena.in_use;
    unsigned long connections = argc > 4 ? strtoul(argv[4], NULL, 10) : 1;
    status = ENR_END;
    for (unsigned long i = 0; i < connections && status == ENR_END; i++) {
        arena.high_water = arena.in_use;
        status = exchange(enr_tls_stream(&tls), (uint16_t)strtoul(argv[1], NULL, 10));
    }
    (void)printf("%s high_water=%zu in_use=%zu resumed=%d\n", enr_status_name(status), arena.high_water,
                 arena.in_use - idle, tls.resumed);
    return 0;
}
