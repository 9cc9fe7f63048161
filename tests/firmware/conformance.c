/* The port conformance test on a board: lwIP's net against tests/firmware/peer.c, which runs on the host. Its verdict
   is a line on the console. Names and ports as in peer.c. */
#include "../unit/port_conformance.h"

#include "board.h"
#include "enrich/tls.h"
#include "enrich_lwip.h"

/* lwIP's random numbers come from the generator that TLS uses; nothing else of TLS runs here. */
static _Alignas(8) uint8_t arena_memory[2048];
static enr_arena_t arena;
static enr_tls_memory_t memory;
static enr_entropy_t entropy;
static enr_lwip_net_t lwip_net;

static void turn(void)
{
    enr_lwip_poll();
    board_watchdog_feed();
    board_sleep();
}

static void wait(void *ctx, const enr_wait_t *wait)
{
    do {
        turn();
    } while (!enr_lwip_net_ready(ctx, wait));
}

static void say(const char *text)
{
    board_console_write(enr_span_from_str(text));
}

static const char *conforms(void)
{
    const uint32_t address_ms = 1000;
    enr_lwip_net_start(&lwip_net, &(enr_lwip_net_config_t){.address_ms = address_ms});
    enr_net_t net = enr_lwip_net(&lwip_net);
    enr_phase_t phase;
    enr_wait_t no_wait;
    if (net.open(net.ctx, ENR_SPAN("peer.test"), 7001, board_ms(NULL), &phase, &no_wait) != ENR_E_UNREACHABLE) {
        return "without an address there is no connection";
    }
    enr_lwip_info_t info;
    do {
        turn();
        enr_lwip_info(&info);
    } while (!info.has_address);
    const port_conformance_t conformance = {.net = &net,
                                            .host = ENR_SPAN("peer.test"),
                                            .peer_port = 7001,
                                            .closed_port = 7002,
                                            .missing_host = ENR_SPAN("missing.test"),
                                            .slow_host = ENR_SPAN("slow.test"),
                                            .silent_host = ENR_SPAN("silent.test"),
                                            .second_host = ENR_SPAN("rotating.test"),
                                            .hole_host = ENR_SPAN("hole.test"),
                                            .address_ms = address_ms,
                                            .bulk = 1u << 20,
                                            .ctx = &lwip_net,
                                            .now_ms = board_ms,
                                            .wait = wait};
    const char *broken = port_conformance(&conformance);
    enr_lwip_info(&info);
    return broken == NULL && info.pool_failures > 0 ? "lwIP's pools are large enough" : broken;
}

int main(void)
{
    board_init();
    enr_arena_init(&arena, arena_memory, sizeof arena_memory);
    memory = enr_tls_memory_of_arena(&arena);
    entropy = board_entropy();
    if (enr_tls_init(&memory, &entropy) != ENR_OK ||
        enr_lwip_start(&(enr_lwip_config_t){.nic = board_nic(), .monotonic_ms = board_ms, .random = enr_tls_random}) !=
            ENR_OK) {
        say("conformance: no entropy\n");
    } else {
        const char *broken = conforms();
        say(broken == NULL ? "conformance: conforms" : "conformance: broken: ");
        say(broken == NULL ? "\n" : broken);
        say("\n");
    }
    for (;;) {
        board_watchdog_feed();
        board_sleep();
    }
}
