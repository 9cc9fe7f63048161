/* The set-up around the function in README.md: example BASE_URL CA_FILE BADGE, the key in ENRICH_API_KEY. */
#include "enrich/enrich.h"
#include "enrich_posix.h"

#include <stdio.h>
#include <stdlib.h>

enr_status_t submit(enr_api_t *api, const enr_posix_net_t *net, enr_span_t payload);

static const enr_tls_memory_t memory = {.take = enr_posix_take, .give = enr_posix_give};
static enr_posix_net_t connection;
static enr_posix_bundle_t roots;
static enr_tls_t tls;
static enr_exchange_t exchange;
static enr_api_t api;
static uint8_t request[1024];
static uint8_t body[8192];

int main(int argc, char **argv)
{
    static enr_entropy_t entropy;
    entropy = enr_posix_entropy();
    enr_clock_t clock = enr_posix_clock();
    if (argc != 4 || enr_tls_init(&memory, &entropy) != ENR_OK || enr_posix_bundle_open(&roots, argv[2]) != ENR_OK) {
        return 2;
    }
    enr_posix_net_start(&connection, &(enr_posix_net_config_t){.refuse_private = true});
    enr_net_t net = enr_posix_net(&connection);
    enr_tls_start(&tls, &(enr_tls_config_t){.net = &net, .clock = &clock, .anchors = {&roots, enr_posix_bundle_get}});
    enr_exchange_init(&exchange, enr_tls_stream(&tls), NULL);
    enr_api_config_t config = {.async_base = enr_span_from_str(argv[1]),
                               .sync_base = ENR_SPAN(ENR_SYNC_BASE_DEFAULT),
                               .api_key = enr_span_from_str(getenv("ENRICH_API_KEY")),
                               .clock = &clock};
    enr_status_t status = enr_api_init(&api, &config, &exchange, enr_buffer_over(request, sizeof request),
                                       enr_buffer_over(body, sizeof body));
    if (status == ENR_OK) {
        status = submit(&api, &connection, enr_span_from_str(argv[3]));
    }
    if (status == ENR_OK) {
        printf("accepted as %.*s\n", (int)api.answer.result.id.len, (const char *)api.answer.result.id.ptr);
    } else {
        printf("%s; %s accepted\n", enr_status_meaning(status),
               api.answer.verdict == ENR_SURELY_NOT_ACCEPTED ? "surely not" : "may have been");
    }
    enr_api_close(&api);
    enr_posix_bundle_close(&roots);
    return status == ENR_OK ? 0 : 1;
}
