#include "session.h"

#include "interrupt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static exit_code_t open_trust(enr_posix_bundle_t *bundle, const char *ca, problem_t *out_problem)
{
    errno = 0;
    enr_status_t status = enr_posix_bundle_open(bundle, ca);
    if (status == ENR_OK) {
        return EXIT_DONE;
    }
    *out_problem = (problem_t){
        .status = status,
        .where = ca != NULL ? ca : "system trust store",
        .what = errno != 0 ? strerror(errno) : "holds no usable certificate (PEM)",
        .hint = ca != NULL ? NULL : "install ca-certificates, or give --ca FILE",
    };
    return EXIT_SETTING;
}

exit_code_t service_ready_tls(problem_t *out_problem)
{
    static const enr_tls_memory_t MEMORY = {.take = enr_posix_take, .give = enr_posix_give};
    static enr_entropy_t entropy;
    entropy = enr_posix_entropy();
    enr_status_t status = enr_tls_init(&MEMORY, &entropy);
    if (status != ENR_OK) {
        *out_problem = (problem_t){.status = status, .where = "TLS", .what = enr_status_meaning(status)};
        return outcome_exit(status);
    }
    return EXIT_DONE;
}

exit_code_t service_open(service_t *service, const options_t *options, problem_t *out_problem)
{
    exit_code_t code = settings_load(options, &service->settings, out_problem);
    if (code == EXIT_DONE && service->settings.anchors.count == 0) {
        code = open_trust(&service->bundle, service->settings.ca, out_problem);
    }
    if (code == EXIT_DONE) {
        code = service_ready_tls(out_problem);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    (void)snprintf(service->too_slow, sizeof service->too_slow, "the request took longer than --timeout (%u s)",
                   (unsigned)(service->settings.timeouts.total_ms / 1000));
    service->clock = enr_posix_clock();
    interrupt_catch();
    return EXIT_DONE;
}

void service_close(service_t *service)
{
    enr_posix_bundle_close(&service->bundle);
    settings_wipe(&service->settings);
}

uint32_t service_now(const service_t *service)
{
    return service->clock.monotonic_ms(service->clock.ctx);
}

bool service_is_past(uint32_t now_ms, uint32_t until_ms)
{
    return now_ms - until_ms <= INT32_MAX;
}

/* A signal ends it early. */
static enr_status_t wait_for(const enr_posix_net_t *net, const enr_wait_t *wait)
{
    enr_posix_waiter_t waiter = {.net = net, .wait = *wait};
    struct pollfd signal = {.fd = interrupt_fd(), .events = POLLIN};
    return enr_posix_wait(&waiter, 1, &signal, 1);
}

void service_sleep(const service_t *service, uint32_t until_ms)
{
    while (interrupt_number() == 0 && !service_is_past(service_now(service), until_ms)) {
        enr_wait_t wait = {.has_time = true, .until_ms = until_ms};
        if (wait_for(NULL, &wait) != ENR_OK) {
            return;
        }
    }
}

exit_code_t session_open(session_t *session, service_t *service, problem_t *out_problem)
{
    const settings_t *settings = &service->settings;
    session->service = service;
    session->where = settings->where;
    enr_posix_net_config_t net = {.refuse_private = !settings->allow_private};
    enr_posix_net_start(&session->net, &net);
    session->net_duty = enr_posix_net(&session->net);
    enr_tls_config_t tls = {
        .net = &session->net_duty,
        .clock = &service->clock,
        .anchors = settings->anchors.count > 0 ? enr_anchors_of_list(&settings->anchors)
                                               : (enr_anchors_t){.ctx = &service->bundle, .get = enr_posix_bundle_get},
        .pins = settings->pins.digests,
        .pin_count = settings->pins.count,
    };
    enr_tls_start(&session->tls, &tls);
    if (settings->key.len == 0) {
        return EXIT_DONE;
    }
    enr_exchange_init(&session->exchange, enr_tls_stream(&session->tls), &settings->timeouts);
    enr_api_config_t config = {
        .async_base = settings->async_base,
        .sync_base = settings->sync_base,
        .api_key = settings->key,
        .clock = &service->clock,
    };
    enr_status_t status = enr_api_init(&session->api, &config, &session->exchange,
                                       enr_buffer_over(session->request, sizeof session->request),
                                       enr_buffer_over(session->body, sizeof session->body));
    if (status != ENR_OK) {
        *out_problem = (problem_t){.status = status, .where = "settings", .what = enr_status_meaning(status)};
        return EXIT_SETTING;
    }
    return EXIT_DONE;
}

void session_close(session_t *session)
{
    if (session->service != NULL && session->service->settings.key.len > 0) {
        enr_api_close(&session->api);
        session->service = NULL;
    }
}

void session_wait_no_longer(enr_wait_t *wait, uint32_t until_ms)
{
    if (!wait->has_time || service_is_past(wait->until_ms, until_ms)) {
        wait->has_time = true;
        wait->until_ms = until_ms;
    }
}

enr_status_t session_run(session_t *session, const uint32_t *until_ms)
{
    session->cut = false;
    for (;;) {
        uint32_t now_ms = service_now(session->service);
        enr_wait_t wait;
        enr_status_t status = enr_api_step(&session->api, now_ms, &wait);
        if (status != ENR_AGAIN && status != ENR_READY) {
            return status;
        }
        session->cut = until_ms != NULL && service_is_past(now_ms, *until_ms);
        if (interrupt_number() != 0 || session->cut) {
            enr_api_close(&session->api);
            return interrupt_number() != 0 ? ENR_AGAIN : ENR_E_TIMEOUT_TOTAL;
        }
        if (status == ENR_READY) {
            enr_api_commit(&session->api);
            continue;
        }
        if (until_ms != NULL) {
            session_wait_no_longer(&wait, *until_ms);
        }
        status = wait_for(&session->net, &wait);
        if (status != ENR_OK) {
            enr_api_close(&session->api);
            return status;
        }
    }
}

problem_t session_problem(const session_t *session, enr_status_t status)
{
    const char *what = enr_status_meaning(status);
    if (status == ENR_E_TIMEOUT_TOTAL) {
        what = session->cut ? "no answer came before the end of --deadline" : session->service->too_slow;
    }
    return (problem_t){.status = status, .where = session->where, .what = what, .hint = outcome_hint(status)};
}
