/* enrich run: the badge scanner on a host. Scans become leads in the journal, and an agent sends them. */
#include "run.h"

#include "events.h"

#include "../answer_json.h"
#include "../badge.h"
#include "../commands.h"
#include "../config.h"
#include "../help.h"
#include "../interrupt.h"
#include "../poll.h"
#include "../progress.h"
#include "../report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What the loop waits for beside the connection. */
enum { SIGNAL, SCANS, ACKS, EXTRAS };

#define SOON_MS 10

/* --- what is said --- */

static void say_state(const enr_event_t *event)
{
    enr_json_writer_t *json = event_begin("state");
    event_number(json, "number", event->number);
    enr_json_write_member(json, ENR_SPAN("type"), enr_type_name(event->type));
    answer_json_member(json, "state", enr_span_from_str(enr_request_state_name(event->state)));
    answer_json_member(json, "status",
                       enr_span_from_str(event->status != ENR_OK ? enr_status_name(event->status) : NULL));
    event_end(NULL);
}

static void watch(void *ctx, const enr_event_t *event)
{
    run_t *run = ctx;
    run->moved_ms = device_now(&run->device);
    say_state(event);
    if (event->state == ENR_REQUEST_FINISHED) {
        results_came(&run->results, event->number, event->type);
    }
}

static void say_start(const run_t *run)
{
    enr_json_writer_t *json = event_begin("start");
    enr_json_key(json, ENR_SPAN("created"));
    enr_json_write_bool(json, run->device.created);
    event_number(json, "leads", run->stats.leads);
    event_number(json, "damaged", run->stats.damaged);
    event_number(json, "room", run->status.room);
    event_end(NULL);
}

static void say_flags(run_t *run)
{
    for (unsigned flag = 0; flag < ENR_FLAGS; flag++) {
        bool is_set = (run->status.flags >> flag & 1u) != 0;
        if (is_set != ((run->flags >> flag & 1u) != 0)) {
            enr_json_writer_t *json = event_begin("flag");
            answer_json_member(json, "flag", enr_span_from_str(enr_flag_name((enr_flag_t)flag)));
            enr_json_key(json, ENR_SPAN("set"));
            enr_json_write_bool(json, is_set);
            event_end(NULL);
        }
    }
    run->flags = run->status.flags;
}

/* Whether the power may go without making an unknown of a request. */
static void say_power(run_t *run)
{
    if (run->unsafe == run->status.safe) {
        run->unsafe = !run->status.safe;
        enr_json_writer_t *json = event_begin("power");
        enr_json_key(json, ENR_SPAN("safe"));
        enr_json_write_bool(json, run->status.safe);
        event_end(NULL);
    }
}

static void show_status(const run_t *run)
{
    const enr_agent_status_t *status = &run->status;
    char line[PROGRESS_MAX];
    if (!progress_is_seen()) {
        return;
    }
    int len = snprintf(line, sizeof line, "%u to do, %u unknown, room %u, %s", (unsigned)device_pending(status),
                       (unsigned)status->counts[ENR_REQUEST_UNKNOWN], (unsigned)status->room,
                       status->safe ? "safe to power off" : "sending");
    for (unsigned flag = 0; flag < ENR_FLAGS && len > 0 && (size_t)len < sizeof line; flag++) {
        if ((status->flags >> flag & 1u) != 0) {
            len += snprintf(line + len, sizeof line - (size_t)len, ", %s", enr_flag_name((enr_flag_t)flag));
        }
    }
    progress_show(line);
}

/* --- one turn of the loop --- */

static void begin_stopping(run_t *run, uint32_t now_ms)
{
    if (!run->stopping) {
        run->stopping = true;
        run->grace_ms = now_ms + RUN_GRACE_S * 1000;
    }
}

/* A provisioning code: this run ends, and the next one goes by what it says. */
static void take_over(run_t *run, const enr_scan_t *scan, uint32_t now_ms)
{
    const char *fault = NULL;
    enr_status_t status = told_accept(&run->device, &scan->provision, &fault);
    if (status != ENR_OK) {
        const enr_scan_t refused = {.kind = ENR_SCAN_REFUSED, .why = ENR_WHY_FAILED, .status = status};
        capture_say(run, &refused);
        return;
    }
    capture_say(run, scan);
    run->provisioned = true;
    begin_stopping(run, now_ms);
}

/* Takes at most one scan, so that the agent has its turn. True: more may be there. */
static bool take_scan(run_t *run, bool readable)
{
    uint32_t now_ms = device_now(&run->device);
    enr_scan_t scan;
    scans_read(&run->scans, readable);
    if (enr_station_take(&run->station, &run->scans.rest, now_ms, &scan) == ENR_OK) {
        if (scan.kind == ENR_SCAN_PROVISION) {
            take_over(run, &scan, now_ms);
        } else {
            capture_say(run, &scan);
        }
        run->moved_ms = now_ms;
        return true;
    }
    return enr_station_is_held(&run->station);
}

/* Has the roster fill in leads of before. True: there is more to do. */
static bool look_at_leads(run_t *run)
{
    run->is_walking = enr_station_step(&run->station, device_now(&run->device)) == ENR_AGAIN;
    if (!run->is_walking && (run->filled != run->station.filled || run->removed != run->station.removed)) {
        run->filled = run->station.filled;
        run->removed = run->station.removed;
        enr_json_writer_t *json = event_begin("roster");
        event_number(json, "filled", run->filled);
        event_number(json, "removed", run->removed);
        event_end(NULL);
    }
    uint32_t until_ms;
    return run->is_walking && !enr_station_waits(&run->station, &until_ms);
}

/* True when every byte of the scanner became a scan, or no more will come of them. */
static bool scans_are_over(const run_t *run)
{
    uint32_t until_ms;
    return run->scans.ended && run->scans.rest.len == 0 && !enr_station_is_held(&run->station) &&
           !enr_station_waits(&run->station, &until_ms);
}

/* Who starts a run anew may have settled what held requests back: it is asked about now, and not after a quarter of an
   hour. True: that was now, and what the agent said before counts no more. */
static bool ask_about_flags(run_t *run, uint32_t now_ms)
{
    if (run->asked || !service_is_past(now_ms, run->ask_ms)) {
        return false;
    }
    run->asked = true;
    if (run->status.flags != 0) {
        enr_agent_retry(&run->device.agent, now_ms);
    }
    return true;
}

/* True when some requests go on by themselves, or will once the agent has come to them. */
static bool has_work(const run_t *run)
{
    bool resends = false;
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        resends = resends || run->options.resend[number] > 0;
    }
    return device_pending(&run->status) > 0 || (resends && run->status.counts[ENR_REQUEST_UNKNOWN] > 0);
}

/* Once the scans have ended. */
static uint32_t deadline_of(const run_t *run)
{
    return run->moved_ms + run->service.settings.deadline_s * 1000;
}

/* True when the scans have ended, and nothing is left that will go on before the deadline. */
static bool is_done(const run_t *run, const enr_wait_t *wait, uint32_t now_ms)
{
    const enr_agent_status_t *status = &run->status;
    uint32_t deadline_ms = deadline_of(run);
    bool is_late = service_is_past(now_ms, deadline_ms);
    if (!scans_are_over(run) || run->is_walking || !status->counted || status->online ||
        (!results_are_out(&run->results) && !is_late)) {
        return false;
    }
    bool is_idle = (int32_t)(wait->until_ms - now_ms) >= SOON_MS;
    if (!has_work(run)) {
        return is_idle || !device_has_unpurged(&run->device);
    }
    bool goes_on = status->has_next && !is_late && status->next_ms < deadline_ms - now_ms;
    return is_idle && run->asked && !goes_on;
}

static bool is_stopped(run_t *run, uint32_t now_ms)
{
    return run->stopping && (enr_agent_stop(&run->device.agent) == ENR_OK || service_is_past(now_ms, run->grace_ms));
}

/* Sleeps until something can be done, and notices which descriptors are ready. */
static void wait_for_any(run_t *run, enr_wait_t *wait, struct pollfd extras[EXTRAS])
{
    uint32_t until_ms;
    bool takes_scans = !run->stopping && !run->scans.ended && run->scans.rest.len == 0;
    extras[SIGNAL] = (struct pollfd){.fd = run->stopping ? -1 : interrupt_fd(), .events = POLLIN};
    extras[SCANS] = (struct pollfd){.fd = takes_scans ? run->scans.fd : -1, .events = POLLIN};
    extras[ACKS] = (struct pollfd){.fd = run->results.acks.fd, .events = POLLIN};
    if (!run->stopping && enr_station_waits(&run->station, &until_ms)) {
        session_wait_no_longer(wait, until_ms);
    }
    if (!run->asked) {
        session_wait_no_longer(wait, run->ask_ms);
    }
    if (run->stopping) {
        session_wait_no_longer(wait, run->grace_ms);
    } else if (run->scans.ended && !service_is_past(device_now(&run->device), deadline_of(run))) {
        session_wait_no_longer(wait, deadline_of(run));
    }
    enr_posix_waiter_t waiter = {.net = &run->session.net, .wait = *wait};
    if (enr_posix_wait(&waiter, 1, extras, EXTRAS) != ENR_OK) {
        begin_stopping(run, device_now(&run->device));
    }
}

static void loop(run_t *run)
{
    struct pollfd extras[EXTRAS] = {0};
    enr_agent_t *agent = &run->device.agent;
    for (;;) {
        bool more = !run->stopping && take_scan(run, extras[SCANS].revents != 0);
        more = (!run->stopping && look_at_leads(run)) || more;
        uint32_t now_ms = device_now(&run->device);
        enr_wait_t wait;
        enr_agent_step(agent, now_ms, &wait);
        more = results_step(&run->results, agent, extras[ACKS].revents != 0, now_ms) || more;
        enr_agent_status(agent, now_ms, &run->status);
        say_flags(run);
        say_power(run);
        show_status(run);
        more = ask_about_flags(run, now_ms) || more;
        if (interrupt_number() != 0 || events_fault() != NULL) {
            begin_stopping(run, now_ms);
        }
        if (is_stopped(run, now_ms) || (!more && is_done(run, &wait, now_ms))) {
            return;
        }
        if (more) {
            session_wait_no_longer(&wait, now_ms);
        }
        wait_for_any(run, &wait, extras);
    }
}

/* --- the command --- */

/* How often this device was started; its store is made ready for that. */
static exit_code_t count_start(run_t *run, uint32_t *out_boot, problem_t *out_problem)
{
    enr_status_t status;
    while ((status = enr_store_step(&run->device.store)) == ENR_AGAIN) {
    }
    if (status == ENR_OK) {
        status = enr_store_count(&run->device.store, ENR_COUNTER_STARTS, 1, out_boot);
    }
    if (status != ENR_OK) {
        *out_problem = (problem_t){.status = status,
                                   .where = run->options.journal,
                                   .what = errno != 0 ? strerror(errno) : enr_status_meaning(status)};
        return EXIT_SETTING;
    }
    return EXIT_DONE;
}

static exit_code_t start_agent(run_t *run, problem_t *out_problem)
{
    static enr_options_t ask;
    enr_paces_t paces = ENR_PACES_DEFAULT;
    uint32_t boot = 0;
    const options_t *options = &run->options;
    ask = (enr_options_t){.countries = options->countries, .country_count = options->country_count};
    paces.spread_ms = options->spread_ms > 0 ? options->spread_ms : RUN_SPREAD_MS;
    paces.poll_ms = run->service.settings.poll_ms;
    paces.poll_max = paces.poll_ms * 5; /* 2 s to 10 s: api-contract 13 */
    paces.purge_ms = 0;                 /* a file can be overwritten */
    errno = 0;
    exit_code_t code = count_start(run, &boot, out_problem);
    if (code != EXIT_DONE) {
        return code;
    }
    enr_agent_config_t config = {
        .api = run->service.settings.key.len > 0 ? &run->session.api : NULL,
        .options = &ask,
        .paces = &paces,
        .personal_email = options->personal_email_ok,
        .tombstone_days = DEVICE_TOMBSTONE_DAYS,
        .keep_days = (uint16_t)options->keep_days,
        .boot = boot,
        .watch = watch,
        .watch_ctx = run,
    };
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        config.resend[number] = (uint8_t)options->resend[number];
    }
    run->ask_ms = device_now(&run->device) + poll_jitter(paces.spread_ms);
    return device_start(&run->device, &config, out_problem);
}

static void start_station(run_t *run)
{
    static const enr_span_t LINE_ENDS[] = {{(const uint8_t *)"\r", 1}, {(const uint8_t *)"\n", 1}};
    static const enr_frame_settings_t FRAME = {.idle_ms = RUN_IDLE_MS,
                                               .terminators = LINE_ENDS,
                                               .terminator_count = 2,
                                               .aim = true,
                                               .answer = {(const uint8_t *)"\x02\x00\x00\x01\x00\x33\x31", 7}};
    const options_t *options = &run->options;
    const enr_station_config_t config = {.agent = &run->device.agent,
                                         .frame = &FRAME,
                                         .profile = run->profile != NULL    ? &run->profile->badge
                                                    : options->told != NULL ? &run->told.settings.profile
                                                                            : NULL,
                                         .store = &run->device.store,
                                         .device_seal = &run->device.store_seal,
                                         .roster = options->roster != NULL ? &run->roster.roster : NULL,
                                         .clock = &run->device.clock,
                                         .types = options->types,
                                         .device = enr_span_from_str(options->device),
                                         .captured_by = enr_span_from_str(options->captured_by),
                                         .event = enr_span_from_str(options->event),
                                         .notice = enr_span_from_str(options->notice),
                                         .sheet = enr_span_from_str(options->sheet)};
    enr_station_start(&run->station, &config);
}

/* How the event writes its badges, and who is there. */
static exit_code_t load_event(run_t *run, problem_t *out_problem)
{
    exit_code_t code = badge_load_profile(run->options.profile, &run->profile, out_problem);
    if (code == EXIT_DONE && run->options.roster != NULL) {
        code = roster_open(&run->roster, run->options.roster, out_problem);
    }
    return code;
}

/* The settings file first, since it may name the journal; then the journal, if there is one, since it may hold the
   rest. One that is new is made last: what else is wrong leaves nothing behind. */
static exit_code_t prepare_settings(run_t *run, problem_t *out_problem)
{
    options_t *options = &run->options;
    exit_code_t code = EXIT_DONE;
    if (options->config != NULL) {
        code = config_read(options->config, options, out_problem);
        options->config = NULL; /* it is read once */
    }
    if (code == EXIT_DONE) {
        code = service_ready_tls(out_problem);
    }
    if (code == EXIT_DONE && options->journal != NULL && access(options->journal, F_OK) == 0) {
        code = device_open(&run->device, options, true, out_problem);
        code = code == EXIT_DONE ? told_load(&run->told, &run->device, options, out_problem) : code;
    }
    if (code == EXIT_DONE && options->types == 0) {
        code =
            outcome_problem(out_problem, EXIT_USAGE, "run", "needs --type: email, phone, personal_email, or several");
        out_problem->hint = help_hint(COMMAND_RUN);
    }
    return code;
}

static exit_code_t prepare(run_t *run, const options_t *options, problem_t *out_problem)
{
    run->options = *options;
    exit_code_t code = prepare_settings(run, out_problem);
    if (code == EXIT_DONE) {
        code = service_open(&run->service, &run->options, out_problem);
    }
    if (code == EXIT_DONE) {
        code = session_open(&run->session, &run->service, out_problem);
    }
    if (code == EXIT_DONE) {
        code = load_event(run, out_problem);
    }
    if (code == EXIT_DONE && !run->device.opened) {
        code = device_open(&run->device, &run->options, true, out_problem);
    }
    if (code == EXIT_DONE) {
        code = device_stats(&run->device, &run->stats, out_problem);
    }
    return code == EXIT_DONE ? start_agent(run, out_problem) : code;
}

int run_run(const options_t *options)
{
    static run_t run;
    report_t report = {.command = "run", .options = options};
    report.code = prepare(&run, options, &report.problem);
    if (report.code == EXIT_DONE) {
        start_station(&run);
        run.scans.fd = STDIN_FILENO;
        run.results.acks.fd = options->ack_fd > 0 ? (int)options->ack_fd : -1;
        run.moved_ms = device_now(&run.device);
        enr_agent_status(&run.device.agent, run.moved_ms, &run.status);
        say_start(&run);
        loop(&run);
        report.code = end_run(&run, &report.problem);
    }
    int code = report_print(&report);
    session_close(&run.session);
    device_close(&run.device);
    roster_close(&run.roster);
    service_close(&run.service);
    return code;
}
