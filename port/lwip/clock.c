/* The wall clock: SNTP, the floor below which no time is believed, and the way across the wrap of the monotonic one. */
#include "internal.h"

#include "lwip/apps/sntp.h"

/* NTP's second era in seconds since 1970: 2036-02-07T06:28:16Z (RFC 5905 6). */
#define NTP_ERA_1 INT64_C(2085978496)

/* A server whose time was refused is asked again after this, not after the hour of one that is right. */
#define ASK_AGAIN_MS 60000u

/* The base moves on with this step, long before the monotonic milliseconds wrap. */
#define REBASE_MS 3600000u

static struct {
    const char *server; /* to ask, or NULL */
    int64_t floor;
    bool known;
    bool asking;  /* SNTP runs */
    bool refused; /* the last time that came was */
    uint32_t refused_ms;
    uint32_t times_refused;
    int64_t base;     /* the wall time, seconds since 1970, … */
    uint32_t base_ms; /* … at this monotonic time */
} wall;

void lwip_clock_start(const enr_lwip_config_t *config)
{
    wall.server = config->time_server;
    wall.floor = config->clock_floor > ENR_CLOCK_FLOOR ? config->clock_floor : ENR_CLOCK_FLOOR;
    sntp_setoperatingmode(SNTP_OPMODE_POLL);
    if (wall.server != NULL) {
        sntp_setservername(0, wall.server);
    }
}

enr_status_t enr_lwip_set_time(int64_t seconds)
{
    if (seconds < wall.floor) {
        return ENR_E_NO_TIME;
    }
    wall.known = true;
    wall.base = seconds;
    wall.base_ms = lwip_now_ms();
    return ENR_OK;
}

/* Called by lwIP's SNTP (lwipopts.h). */
void enr_lwip_time_came(int32_t ntp_seconds)
{
    wall.refused = enr_lwip_set_time(NTP_ERA_1 + ntp_seconds) != ENR_OK;
    if (wall.refused) {
        wall.refused_ms = lwip_now_ms();
        wall.times_refused++;
    }
}

void lwip_clock_poll(void)
{
    while (wall.known && lwip_now_ms() - wall.base_ms >= REBASE_MS) {
        wall.base += REBASE_MS / 1000u;
        wall.base_ms += REBASE_MS;
    }
    bool ask =
        wall.server != NULL && lwip_has_address() && !(wall.refused && lwip_now_ms() - wall.refused_ms < ASK_AGAIN_MS);
    if (ask && !wall.asking) {
        wall.refused = false;
        sntp_init();
    } else if (!ask && wall.asking) {
        sntp_stop();
    }
    wall.asking = ask;
}

uint32_t lwip_times_refused(void)
{
    return wall.times_refused;
}

static uint32_t monotonic_ms(void *ctx)
{
    (void)ctx;
    return lwip_now_ms();
}

static enr_status_t wall_seconds(void *ctx, int64_t *out_seconds)
{
    (void)ctx;
    if (!wall.known) {
        return ENR_E_NO_TIME;
    }
    *out_seconds = wall.base + (lwip_now_ms() - wall.base_ms) / 1000u;
    return ENR_OK;
}

enr_clock_t enr_lwip_clock(void)
{
    return (enr_clock_t){.ctx = NULL, .monotonic_ms = monotonic_ms, .wall = wall_seconds};
}
