/* The badge scanner: badges in by a UART, made durable before the good signal, requests out over TLS, results kept
   until they are exported over the console. */
#include "board.h"
#include "commands.h"
#include "console.h"
#include "durable.h"
#include "enrich/tls.h"
#include "enrich_lwip.h"
#include "reader.h"
#include "roster.h"
#include "service.h"
#include "status.h"

#include <string.h>

/* The longest step is one operation on an elliptic curve or on an RSA key. A turn that takes longer than this is no
   progress, and the watchdog is not fed for it (behaviours 31). */
#define TURN_MS 5000u

/* What cannot go on says why, again and again, and waits for somebody to come. */
static _Noreturn void stop(const char *room, const char *why)
{
    for (uint32_t said_ms = 0;;) {
        if (said_ms == 0 || board_ms(NULL) - said_ms > 10000) {
            said_ms = board_ms(NULL);
            console_say(room, "%s", why);
        }
        if (enr_span_is(console_command(), "reboot")) {
            board_restart();
        }
        board_watchdog_feed();
        board_sleep();
    }
}

static void greet(void)
{
    static const char causes[] = "power on\0reboot\0after a fault\0by the watchdog\0reset"; /* by number */
    console_say("scanner", "started: %s", enr_text_of(causes, board_start_cause()));
    console_say("scanner", board_flash_size() > 0 ? "flash found" : "no flash");
}

static void start_network(void)
{
    static char time_server[ENR_HOST_MAX + 1];
    enr_span_t name = service_settings()->time_server;
    memcpy(time_server, name.ptr, name.len);
    const enr_lwip_config_t config = {.nic = board_nic(),
                                      .monotonic_ms = board_ms,
                                      .random = enr_tls_random,
                                      .time_server = name.len == 0 ? NULL : time_server,
                                      .clock_floor = ENR_CLOCK_FLOOR};
    if (enr_lwip_start(&config) != ENR_OK) {
        stop("scanner", durable_fault(ENR_E_ENTROPY));
    }
}

ENR_NOINLINE static void start(void)
{
    board_init();
    greet();
    const char *fault;
    enr_status_t status = service_seed();
    if (status == ENR_E_ENTROPY) { /* as it must be: the seed is in the store, which needs seal, which needs this */
        status = durable_store_start();
    }
    status = status == ENR_OK ? service_seed() : status;
    status = status == ENR_OK ? durable_journal_start() : status;
    if (status != ENR_OK) {
        stop("scanner", durable_fault(status));
    }
    if (service_settings_start(&fault) != ENR_OK) {
        console_say("set", "%s", fault);
    }
    if (!service_settings()->complete) {
        console_say("scanner", "no settings: badges are kept, nothing is sent (set)");
    }
    start_network();
    if (service_start(board_ms(NULL)) != ENR_OK) {
        stop("scanner", "the settings are malformed");
    }
    reader_start(NULL);
    roster_start();
}

int main(void)
{
    uint32_t longest_ms = 0;
    start();
    for (;;) {
        uint32_t now_ms = board_ms(NULL);
        enr_lwip_poll();
        reader_step(now_ms);
        roster_step();
        service_step(now_ms);
        status_watch(now_ms);
        commands_step(now_ms, longest_ms);
        uint32_t turn_ms = board_ms(NULL) - now_ms;
        longest_ms = turn_ms > longest_ms ? turn_ms : longest_ms;
        if (turn_ms <= TURN_MS) {
            board_watchdog_feed();
        }
        board_sleep();
    }
}
