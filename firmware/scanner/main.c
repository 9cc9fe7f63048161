/* The badge scanner: badges in by a UART, requests out over TLS, results on the console. */
#include "board.h"
#include "console.h"
#include "enrich_lwip.h"
#include "lead.h"
#include "provisioning.h"
#include "reader.h"
#include "service.h"
#include "status.h"

/* The longest step is one operation on an elliptic curve or on an RSA key. A turn that takes longer than this is no
   progress, and the watchdog is not fed for it (behaviours 31). */
#define TURN_MS 5000u

static settings_t settings;

/* What cannot go on says why, again and again, and waits for somebody to come. */
static _Noreturn void stop(const char *room, const char *why)
{
    for (uint32_t said_ms = 0;;) {
        if (said_ms == 0 || board_ms(NULL) - said_ms > 10000) {
            said_ms = board_ms(NULL);
            console_say(room, why);
        }
        if (enr_span_equal(console_command(), ENR_SPAN("reboot"))) {
            board_restart();
        }
        board_watchdog_feed();
        board_sleep();
    }
}

static void greet(void)
{
    static const char *const causes[] = {
        [BOARD_POWER_ON] = "started: power on",   [BOARD_REQUESTED] = "started: reboot",
        [BOARD_FAULT] = "started: after a fault", [BOARD_WATCHDOG] = "started: by the watchdog",
        [BOARD_RESET] = "started: reset",
    };
    console_say("scanner", causes[board_start_cause()]);
    console_say("scanner", board_flash_size() > 0 ? "flash found" : "no flash");
}

static void start(void)
{
    board_init();
    greet();
    if (service_seed() != ENR_OK) {
        stop("scanner", "no entropy: no TLS, and so no network");
    }
    if (provisioning_read(board_provisioning(), &settings) != ENR_OK) {
        stop("scanner", "not provisioned");
    }
    const enr_lwip_config_t config = {.nic = board_nic(),
                                      .monotonic_ms = board_ms,
                                      .random = enr_tls_random,
                                      .time_server = settings.time_server[0] == '\0' ? NULL : settings.time_server,
                                      .clock_floor = ENR_CLOCK_FLOOR};
    if (enr_lwip_start(&config) != ENR_OK) {
        stop("scanner", "no entropy: no TLS, and so no network");
    }
    if (service_start(&settings) != ENR_OK) {
        stop("scanner", "the provisioned base URL or API key is malformed");
    }
}

static void obey(enr_span_t command, uint32_t longest_ms)
{
    if (enr_span_equal(command, ENR_SPAN("status"))) {
        status_report(longest_ms);
    } else if (enr_span_equal(command, ENR_SPAN("reboot"))) {
        board_restart();
    } else if (command.len > 0) {
        console_say("console", "commands: status, reboot");
    }
}

int main(void)
{
    uint32_t longest_ms = 0;
    start();
    for (;;) {
        uint32_t now_ms = board_ms(NULL);
        const enr_badge_t *badge;
        enr_lwip_poll();
        status_watch();
        obey(console_command(), longest_ms);
        if (!lead_step(now_ms) && reader_step(now_ms, &badge)) {
            lead_start(badge, now_ms);
        }
        uint32_t turn_ms = board_ms(NULL) - now_ms;
        longest_ms = turn_ms > longest_ms ? turn_ms : longest_ms;
        if (turn_ms <= TURN_MS) {
            board_watchdog_feed();
        }
        board_sleep();
    }
}
