/* Cuts the connection at every byte of a whole call to a real HTTPS server, first of what is sent, then of what is
   received, and checks what exchange says of the request each time:
     - before commit not a byte moves on the connection, however often it is stepped, and the verdict is "surely not
   accepted";
     - a cut in the handshake leaves that verdict; one after commit never does;
     - the call succeeds only when the whole answer came.
   tls_cuts PORT CA_FILE KEY [STRIDE]: against https://localhost:PORT/api/v2; handshake bytes are cut every STRIDE.
   Prints one line of figures, `cuts=… surely_not=… may_have_been=… ok=… wrong=…`, and exits 0 when wrong is 0. A script
   compares them with the server's own log. */
#include "enrich/api.h"
#include "enrich/tls.h"
#include "enrich_posix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A net that breaks after so many bytes in one direction. */
typedef struct {
    enr_net_t below;
    size_t send_limit;
    size_t receive_limit;
    enr_status_t receive_end;
    size_t sent;
    size_t received;
} cutting_t;

static enr_status_t cutting_open(void *ctx, enr_span_t host, uint16_t port, uint32_t now_ms, enr_phase_t *out_phase,
                                 enr_wait_t *out_wait)
{
    cutting_t *cutting = ctx;
    return cutting->below.open(cutting->below.ctx, host, port, now_ms, out_phase, out_wait);
}

static enr_status_t cutting_send(void *ctx, enr_span_t bytes, size_t *out_sent)
{
    cutting_t *cutting = ctx;
    size_t room = cutting->send_limit - cutting->sent;
    if (room == 0) {
        return ENR_E_RESET;
    }
    bytes = enr_span_slice(bytes, 0, bytes.len < room ? bytes.len : room);
    enr_status_t status = cutting->below.send(cutting->below.ctx, bytes, out_sent);
    cutting->sent += status == ENR_OK ? *out_sent : 0;
    return status;
}

static enr_status_t cutting_receive(void *ctx, uint8_t *out, size_t capacity, size_t *out_len)
{
    cutting_t *cutting = ctx;
    size_t room = cutting->receive_limit - cutting->received;
    if (room == 0) {
        return cutting->receive_end;
    }
    enr_status_t status = cutting->below.receive(cutting->below.ctx, out, capacity < room ? capacity : room, out_len);
    cutting->received += status == ENR_OK ? *out_len : 0;
    return status;
}

static void cutting_close(void *ctx)
{
    cutting_t *cutting = ctx;
    cutting->below.close(cutting->below.ctx);
}

/* The one record that a closing connection may still send; any request is far larger. */
#define CLOSE_NOTIFY_MAX 40

/* What one call came to. */
typedef struct {
    enr_status_t status;
    enr_verdict_t verdict;
    bool committed;
    bool moved_at_gate;
    size_t sent;
    size_t sent_at_gate;
    size_t received;
    size_t received_at_gate;
} outcome_t;

typedef struct {
    enr_clock_t clock;
    enr_posix_bundle_t bundle;
    char base[64];
    const char *key;
} setting_t;

static outcome_t call(setting_t *setting, size_t send_limit, size_t receive_limit, enr_status_t receive_end)
{
    enr_posix_net_t posix;
    enr_posix_net_start(&posix, &(enr_posix_net_config_t){0});
    cutting_t cutting = {.below = enr_posix_net(&posix),
                         .send_limit = send_limit,
                         .receive_limit = receive_limit,
                         .receive_end = receive_end};
    enr_net_t net = {&cutting, cutting_open, cutting_send, cutting_receive, cutting_close};
    enr_tls_t tls;
    enr_tls_start(&tls, &(enr_tls_config_t){.net = &net,
                                            .clock = &setting->clock,
                                            .anchors = {&setting->bundle, enr_posix_bundle_get}});
    static enr_exchange_t exchange;
    static enr_api_t api;
    static uint8_t request[1024];
    static uint8_t body[4096];
    enr_exchange_init(&exchange, enr_tls_stream(&tls), NULL);
    enr_api_config_t config = {.async_base = enr_span_from_str(setting->base),
                               .sync_base = ENR_SPAN(ENR_SYNC_BASE_DEFAULT),
                               .api_key = enr_span_from_str(setting->key)};
    enr_contact_t contact = {
        .firstname = ENR_SPAN("Teodor"), .lastname = ENR_SPAN("Lindqvist"), .domain = ENR_SPAN("acme.example")};
    enr_options_t options = {.types = ENR_TYPE_EMAIL, .token = ENR_SPAN("00112233445566778899aabbccddeeff")};
    enr_refusal_t refusal;
    outcome_t outcome = {.status = enr_api_init(&api, &config, &exchange, enr_buffer_over(request, sizeof request),
                                                enr_buffer_over(body, sizeof body))};
    if (outcome.status == ENR_OK) {
        outcome.status =
            enr_api_start_single(&api, &contact, &options, setting->clock.monotonic_ms(setting->clock.ctx), &refusal);
    }
    if (outcome.status != ENR_OK) {
        (void)fprintf(stderr, "tls_cuts: cannot start: %s\n", enr_status_name(outcome.status));
        exit(1);
    }
    enr_wait_t wait;
    while ((outcome.status = enr_api_step(&api, setting->clock.monotonic_ms(setting->clock.ctx), &wait)) > ENR_OK) {
        if (outcome.status == ENR_AGAIN) {
            enr_posix_waiter_t waiter = {.net = &posix, .wait = wait};
            if (enr_posix_wait(&waiter, 1, NULL, 0) != ENR_OK) {
                exit(1);
            }
            continue;
        }
        outcome.sent_at_gate = cutting.sent;
        outcome.received_at_gate = cutting.received;
        for (int i = 0; i < 3; i++) {
            outcome.moved_at_gate |=
                enr_api_step(&api, setting->clock.monotonic_ms(setting->clock.ctx), &wait) != ENR_READY ||
                cutting.sent != outcome.sent_at_gate;
        }
        outcome.moved_at_gate |= enr_exchange_verdict(&exchange) != ENR_SURELY_NOT_ACCEPTED;
        outcome.committed = true;
        enr_api_commit(&api);
    }
    outcome.verdict = api.answer.verdict;
    outcome.sent = cutting.sent;
    outcome.received = cutting.received;
    enr_api_close(&api);
    return outcome;
}

typedef struct {
    size_t cuts, surely_not, may_have_been, ok, wrong;
} figures_t;

static void count(figures_t *figures, const outcome_t *outcome, bool right, const char *what, size_t at)
{
    figures->cuts++;
    figures->ok += outcome->status == ENR_OK;
    figures->surely_not += outcome->verdict == ENR_SURELY_NOT_ACCEPTED;
    figures->may_have_been += outcome->verdict == ENR_MAY_HAVE_BEEN_ACCEPTED;
    if (!right || outcome->moved_at_gate) {
        figures->wrong++;
        (void)printf("WRONG %s cut at byte %zu: %s, committed=%d, verdict=%d, moved at the gate=%d\n", what, at,
                     enr_status_name(outcome->status), outcome->committed, (int)outcome->verdict,
                     outcome->moved_at_gate);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        (void)fprintf(stderr, "usage: tls_cuts PORT CA_FILE KEY [STRIDE]\n");
        return 1;
    }
    static setting_t setting;
    static const enr_tls_memory_t memory = {.take = enr_posix_take, .give = enr_posix_give};
    static enr_entropy_t entropy;
    entropy = enr_posix_entropy();
    setting.clock = enr_posix_clock();
    setting.key = argv[3];
    (void)snprintf(setting.base, sizeof setting.base, "https://localhost:%s/api/v2", argv[1]);
    size_t stride = argc > 4 ? strtoul(argv[4], NULL, 10) : 1;
    if (stride == 0 || enr_tls_init(&memory, &entropy) != ENR_OK ||
        enr_posix_bundle_open(&setting.bundle, argv[2]) != ENR_OK) {
        (void)fprintf(stderr, "tls_cuts: cannot start\n");
        return 1;
    }
    figures_t figures = {0};
    outcome_t whole = call(&setting, SIZE_MAX, SIZE_MAX, ENR_OK);
    count(&figures, &whole, whole.status == ENR_OK, "no", 0);

    /* Sent bytes: up to the gate the verdict is "surely not", beyond it "may have been". A cut behind the request's
       last byte only hits close_notify. Handshake messages differ by a few bytes from run to run, so each outcome is
       judged by its own gate. */
    for (size_t k = 0; k < whole.sent; k += k < whole.sent_at_gate - 100 ? stride : 1) {
        outcome_t outcome = call(&setting, k, SIZE_MAX, ENR_OK);
        bool right = outcome.committed ? outcome.verdict == ENR_MAY_HAVE_BEEN_ACCEPTED
                                       : outcome.verdict == ENR_SURELY_NOT_ACCEPTED && outcome.status < 0;
        count(&figures, &outcome, right, "sent", k);
    }
    /* Received bytes. The end comes as a FIN or as a reset in turn. When it has come before the commit, no byte may
     * leave. */
    for (size_t k = 0; k < whole.received; k += k < whole.received_at_gate - 100 ? stride : 1) {
        outcome_t outcome = call(&setting, SIZE_MAX, k, k % 2 == 0 ? ENR_END : ENR_E_RESET);
        bool right = outcome.status < 0 || outcome.received == k;
        if (outcome.verdict == ENR_SURELY_NOT_ACCEPTED) {
            right = right && (!outcome.committed || outcome.sent - outcome.sent_at_gate <= CLOSE_NOTIFY_MAX);
        } else {
            right = right && outcome.committed;
        }
        count(&figures, &outcome, right, "received", k);
    }
    (void)printf("cuts=%zu surely_not=%zu may_have_been=%zu ok=%zu wrong=%zu\n", figures.cuts, figures.surely_not,
                 figures.may_have_been, figures.ok, figures.wrong);
    enr_posix_bundle_close(&setting.bundle);
    return figures.wrong > 0;
}
