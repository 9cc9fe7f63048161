#include "service.h"

#include "board.h"
#include "console.h"
#include "durable.h"
#include "enrich_lwip.h"

/* Bytes of a request (api.h: enough for a contact within its limits that needs no escapes), and of an answer's body. */
#ifndef SCANNER_REQUEST_MAX
#define SCANNER_REQUEST_MAX 2048
#endif
#ifndef SCANNER_BODY_MAX
#define SCANNER_BODY_MAX 2048
#endif

/* Days that an erased or delivered lead is known when it is scanned again. */
#define TOMBSTONE_DAYS 30

static _Alignas(8) uint8_t arena_memory[SCANNER_ARENA];
static enr_arena_t arena;
static enr_tls_memory_t memory;
static enr_entropy_t entropy;
static uint8_t settings_bytes[ENR_STORE_ITEM_MAX];
static size_t settings_len;
static enr_settings_t settings;
static enr_anchor_list_t anchors;
static enr_lwip_net_t lwip_net;
static enr_net_t net;
static enr_clock_t wall_clock;
static enr_time_quality_t time_quality;
static enr_store_tickets_t kept_tickets;
static enr_tickets_t tickets;
static enr_tls_t tls;
static enr_exchange_t exchange;
static enr_api_t api;
static enr_agent_t agent;
static enr_wait_t wait;
static bool awake;    /* the agent is to be stepped, whatever it waits for */
static bool verified; /* a handshake has agreed with the time */
static uint32_t sent, sent_on_ticket;
static uint8_t request[SCANNER_REQUEST_MAX];
static uint8_t body[SCANNER_BODY_MAX];

enr_status_t service_seed(void)
{
    if (arena.size == 0) {
        enr_arena_init(&arena, arena_memory, sizeof arena_memory);
        memory = enr_tls_memory_of_arena(&arena);
        entropy = durable_entropy();
    }
    return enr_tls_init(&memory, &entropy);
}

enr_status_t service_settings_start(const char **out_fault)
{
    *out_fault = NULL;
    enr_status_t status =
        enr_store_get(durable_store(), ENR_STORE_SETTINGS, settings_bytes, sizeof settings_bytes, &settings_len);
    if (status != ENR_OK) {
        settings_len = 0;
    }
    enr_status_t read = enr_settings_read(service_settings_bytes(), &settings, out_fault);
    if (status != ENR_OK && status != ENR_END) {
        *out_fault = "settings cannot be read";
        return status;
    }
    if (read != ENR_OK) {
        const char *ignored;
        return enr_settings_read((enr_span_t){0}, &settings, &ignored) == ENR_OK ? ENR_E_SETTING : read;
    }
    return ENR_OK;
}

const enr_settings_t *service_settings(void)
{
    return &settings;
}

enr_span_t service_settings_bytes(void)
{
    return (enr_span_t){settings_bytes, settings_len};
}

/* The clock duty over lwIP's and the store's (DESIGN 4). */
static enr_status_t believed(void *ctx, int64_t *out_seconds)
{
    (void)ctx;
    int64_t source;
    bool is_kept;
    enr_clock_t clock = enr_lwip_clock();
    if (clock.wall(clock.ctx, &source) != ENR_OK) {
        source = 0;
    }
    enr_status_t status = enr_store_believe(source, durable_kept_time(), board_ms(NULL) / 1000, out_seconds, &is_kept);
    time_quality = status != ENR_OK ? ENR_TIME_UNKNOWN : is_kept ? ENR_TIME_STORED : ENR_TIME_SET;
    return status;
}

const enr_clock_t *service_clock(void)
{
    return &wall_clock;
}

enr_time_quality_t service_time_quality(void)
{
    int64_t seconds;
    return believed(NULL, &seconds) == ENR_OK ? time_quality : ENR_TIME_UNKNOWN;
}

/* Tells of every state that is durable now. */
static void watch(void *ctx, const enr_event_t *event)
{
    (void)ctx;
    console_line_t line;
    console_begin(&line, "lead");
    console_put(&line, "%lu ", event->number);
    console_put_type(&line, event->type);
    console_put(&line, " %s", enr_request_state_name(event->state));
    if (event->status != ENR_OK) {
        console_put(&line, ": ");
        console_put_status(&line, event->status);
    }
    console_end(&line);
    if (event->state == ENR_REQUEST_SENDING) { /* the connection is open now */
        sent++;
        sent_on_ticket += tls.resumed ? 1 : 0;
    }
    verified = verified || event->state == ENR_REQUEST_PENDING || event->state == ENR_REQUEST_FINISHED;
}

static enr_status_t start_api(void)
{
    anchors = (enr_anchor_list_t){settings.anchors, settings.anchor_count};
    enr_lwip_net_start(&lwip_net, &(enr_lwip_net_config_t){.refuse_private = !settings.allow_private});
    net = enr_lwip_net(&lwip_net);
    kept_tickets = (enr_store_tickets_t){.store = durable_store(), .clock = &wall_clock};
    tickets = enr_store_tickets(&kept_tickets);
    enr_tls_start(
        &tls, &(enr_tls_config_t){
                  .net = &net, .clock = &wall_clock, .anchors = enr_anchors_of_list(&anchors), .tickets = &tickets});
    enr_exchange_init(&exchange, enr_tls_stream(&tls), NULL);
    const enr_api_config_t config = {.async_base = settings.base,
                                     .sync_base = ENR_SPAN(ENR_SYNC_BASE_DEFAULT),
                                     .api_key = settings.api_key,
                                     .clock = &wall_clock};
    return enr_api_init(&api, &config, &exchange, enr_buffer_over(request, sizeof request),
                        enr_buffer_over(body, sizeof body));
}

enr_status_t service_start(uint32_t now_ms)
{
    static enr_paces_t paces;
    wall_clock = enr_lwip_clock();
    wall_clock.wall = believed;
    enr_status_t status = settings.complete ? start_api() : ENR_OK;
    if (status != ENR_OK) {
        return status;
    }
    const uint8_t resend = (uint8_t)settings.resend;
    paces = ENR_PACES_DEFAULT;
    paces.spread_ms = settings.spread_s * 1000u;
    enr_agent_config_t config = {.journal = durable_journal(),
                                 .store = durable_store(),
                                 .seal = durable_journal_seal(),
                                 .api = settings.complete ? &api : NULL,
                                 .clock = &wall_clock,
                                 .time_quality = &time_quality,
                                 .paces = &paces,
                                 .personal_email = settings.personal_email,
                                 .resend = {resend, resend, resend},
                                 .tombstone_days = TOMBSTONE_DAYS,
                                 .keep_days = settings.keep_days,
                                 .boot = durable_starts(),
                                 .watch = watch};
    status = enr_tls_random((uint8_t *)&config.seed, sizeof config.seed);
    awake = true;
    return status == ENR_OK ? enr_agent_init(&agent, &config, now_ms) : status;
}

/* What must be written while all goes on: the time that a handshake agreed with, at most once an hour. */
static void keep_time(void)
{
    int64_t now;
    if (verified && believed(NULL, &now) == ENR_OK && time_quality == ENR_TIME_SET &&
        enr_store_keep_time(durable_store(), now) != ENR_AGAIN) {
        verified = false;
    }
}

void service_step(uint32_t now_ms)
{
    enr_status_t store_status = enr_store_step(durable_store());
    if (store_status == ENR_OK) {
        keep_time();
    }
    bool is_time = wait.has_time && (int32_t)(now_ms - wait.until_ms) >= 0;
    if (awake || is_time || (settings.complete && enr_lwip_net_ready(&lwip_net, &wait))) {
        awake = false;
        (void)service_time_quality();
        enr_agent_step(&agent, now_ms, &wait);
    }
}

enr_agent_t *service_agent(void)
{
    awake = true;
    return &agent;
}

void service_status(uint32_t now_ms, enr_agent_status_t *out)
{
    enr_agent_status(&agent, now_ms, out);
}

enr_buffer_t service_scratch(void)
{
    return enr_buffer_over(body, sizeof body);
}

enr_buffer_t service_scratch_second(void)
{
    return enr_buffer_over(request, sizeof request);
}

void service_sent(uint32_t *out_sent, uint32_t *out_on_ticket)
{
    *out_sent = sent;
    *out_on_ticket = sent_on_ticket;
}

const enr_arena_t *service_arena(void)
{
    return &arena;
}
