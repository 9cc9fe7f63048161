#include "service.h"

#include "board.h"
#include "enrich_lwip.h"

/* Bytes of a request (api.h: enough for a contact within its limits that needs no escapes), and of an answer's body. */
#define REQUEST_MAX 2048
#define BODY_MAX 2048

static _Alignas(8) uint8_t arena_memory[SCANNER_ARENA];
static enr_arena_t arena;
static enr_tls_memory_t memory;
static enr_entropy_t entropy;
static enr_anchor_list_t anchors;
static enr_lwip_net_t lwip_net;
static enr_net_t net;
static enr_clock_t wall_clock;
static enr_tls_t tls;
static enr_exchange_t exchange;
static enr_api_t api;
static uint8_t request[REQUEST_MAX];
static uint8_t body[BODY_MAX];

enr_status_t service_seed(void)
{
    enr_arena_init(&arena, arena_memory, sizeof arena_memory);
    memory = enr_tls_memory_of_arena(&arena);
    entropy = board_entropy();
    return enr_tls_init(&memory, &entropy);
}

enr_status_t service_start(const settings_t *settings)
{
    anchors = (enr_anchor_list_t){settings->anchors, settings->anchor_count};
    enr_lwip_net_start(&lwip_net, &(enr_lwip_net_config_t){.refuse_private = !settings->allow_private});
    net = enr_lwip_net(&lwip_net);
    wall_clock = enr_lwip_clock();
    enr_tls_start(&tls,
                  &(enr_tls_config_t){.net = &net, .clock = &wall_clock, .anchors = enr_anchors_of_list(&anchors)});
    enr_exchange_init(&exchange, enr_tls_stream(&tls), NULL);
    const enr_api_config_t config = {.async_base = settings->base,
                                     .sync_base = ENR_SPAN(ENR_SYNC_BASE_DEFAULT),
                                     .api_key = settings->api_key,
                                     .clock = &wall_clock};
    return enr_api_init(&api, &config, &exchange, enr_buffer_over(request, sizeof request),
                        enr_buffer_over(body, sizeof body));
}

enr_api_t *service_api(void)
{
    return &api;
}

const enr_arena_t *service_arena(void)
{
    return &arena;
}
