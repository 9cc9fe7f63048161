#include "status.h"

#include "board.h"
#include "console.h"
#include "enrich_lwip.h"
#include "service.h"

/* 2026-11-26T14:11:55Z. The day count to a date: years begin in March, so that the leap day is the last one. */
static void put_time(console_line_t *line, uint32_t seconds)
{
    uint32_t second = seconds % 86400;
    uint32_t days = seconds / 86400 + 719468; /* since 0000-03-01 */
    uint32_t era = days / 146097;
    uint32_t day = days % 146097;
    uint32_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    uint32_t month = (5 * day + 2) / 153;
    const uint32_t parts[] = {month < 10 ? month + 3 : month - 9, day - (153 * month + 2) / 5 + 1, second / 3600,
                              second % 3600 / 60, second % 60};
    static const char ends[][2] = {"-", "T", ":", ":", "Z"};
    console_put(line, "%lu-", era * 400 + year + (month >= 10 ? 1 : 0));
    for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        console_put(line, parts[i] < 10 ? "0%lu%s" : "%lu%s", parts[i], ends[i]);
    }
}

static void say_network(const enr_lwip_info_t *info)
{
    const uint8_t *address = info->address;
    if (info->has_address) {
        console_say("network", "address %lu.%lu.%lu.%lu", (uint32_t)address[0], (uint32_t)address[1],
                    (uint32_t)address[2], (uint32_t)address[3]);
    } else {
        console_say("network", info->link ? "cable in, no address yet" : "no cable");
    }
}

static void say_clock(const enr_lwip_info_t *info)
{
    int64_t seconds;
    console_line_t line;
    const enr_clock_t *clock = service_clock();
    console_begin(&line, "clock");
    if (clock->wall(clock->ctx, &seconds) == ENR_OK) {
        put_time(&line, (uint32_t)seconds); /* SNTP knows no time from 2104 on */
        console_put(&line, service_time_quality() == ENR_TIME_STORED ? ", from before the start" : "");
    } else {
        console_put(&line, info->times_refused > 0 ? "not set: the time server's time is before this program was made"
                                                   : "not set");
    }
    console_end(&line);
}

static void watch_network(void)
{
    static bool link, has_address;
    static enr_time_quality_t quality;
    static uint32_t times_refused;
    enr_lwip_info_t info;
    enr_time_quality_t now = service_time_quality();
    enr_lwip_info(&info);
    if (info.link != link || info.has_address != has_address) {
        say_network(&info);
    }
    if (now != quality || info.times_refused != times_refused) {
        say_clock(&info);
    }
    link = info.link;
    has_address = info.has_address;
    quality = now;
    times_refused = info.times_refused;
}

static void say_service(const enr_agent_status_t *status)
{
    console_line_t line;
    console_begin(&line, "service");
    if (status->last_error == ENR_OK) {
        console_put(&line, "answers");
    } else {
        console_put_status(&line, status->last_error);
    }
    for (unsigned flag = 0; flag < ENR_FLAGS; flag++) {
        if ((status->flags & 1u << flag) != 0) {
            console_put(&line, "; %s", enr_flag_meaning((enr_flag_t)flag));
        }
    }
    console_end(&line);
}

static void watch_service(uint32_t now_ms)
{
    static enr_status_t last_error;
    static uint8_t flags;
    static bool unsafe;
    enr_agent_status_t status;
    service_status(now_ms, &status);
    if (status.safe == unsafe) {
        unsafe = !status.safe;
        board_signal(status.safe ? BOARD_SAFE : BOARD_BUSY);
    }
    if (status.last_error == last_error && status.flags == flags) {
        return;
    }
    say_service(&status);
    if (last_error == ENR_OK && flags == 0) {
        board_signal(BOARD_OFFLINE);
    }
    last_error = status.last_error;
    flags = status.flags;
}

ENR_NOINLINE void status_watch(uint32_t now_ms)
{
    watch_network();
    watch_service(now_ms);
}

static void say_usage(const char *name, uint32_t used, uint32_t size)
{
    console_say(name, "%lu of %lu", used, size);
}

static void say_count(const char *name, uint32_t count)
{
    console_say(name, "%lu", count);
}

static void say_leads(uint32_t now_ms)
{
    enr_agent_status_t status;
    service_status(now_ms, &status);
    say_service(&status);
    for (unsigned state = ENR_REQUEST_READY; state < ENR_REQUEST_STATES; state++) {
        if (status.counts[state] > 0) {
            say_count(enr_request_state_name((enr_request_state_t)state), status.counts[state]);
        }
    }
    if (!status.counted) {
        console_say("leads", "not all counted yet");
    }
    uint32_t sent, on_ticket;
    service_sent(&sent, &on_ticket);
    say_count("sent since the start", sent);
    say_count("sent on a ticket", on_ticket);
    say_count("waiting", status.counts[ENR_REQUEST_READY] + status.counts[ENR_REQUEST_SENDING] +
                             status.counts[ENR_REQUEST_PENDING]);
    console_say("power", status.safe ? "may go" : "a request is under way");
    say_count("unreadable", status.unreadable);
    say_count("room for leads", status.room);
}

void status_report(uint32_t now_ms, uint32_t longest_step_ms)
{
    enr_lwip_info_t info;
    size_t stack_used, stack_size;
    const enr_arena_t *arena = service_arena();
    enr_lwip_info(&info);
    board_stack(&stack_used, &stack_size);
    say_network(&info);
    say_clock(&info);
    say_leads(now_ms);
    say_usage("stack", stack_used, stack_size);
    say_usage("arena", arena->high_water, arena->size);
    say_count("arena in use", (uint32_t)arena->in_use);
    say_count("arena refusals", (uint32_t)arena->failures);
    say_usage("lwip heap", info.heap_high_water, info.heap_size);
    say_usage("lwip frames", info.frames_high_water, info.frames);
    say_usage("lwip segments", info.segments_high_water, info.segments);
    say_count("lwip pool failures", info.pool_failures);
    say_count("scanner bytes lost", board_scanner_overruns());
    say_count("longest step ms", longest_step_ms);
    console_say("status", "end");
}
