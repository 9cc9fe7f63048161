/* Connects with a kept ticket that is damaged in every way: each byte inverted, and the ticket ended at every length
   (behaviours 21). Each time the answer must come all the same, resumed or in full, after at most two connections, with
   all TLS memory given back. tls_damage HOST PORT CA_FILE TICKET_FILE STRIDE, the file from tls_probe; only every
   STRIDE-th place is damaged. Prints `damages=… resumed=… again=… wrong=…`, `again` being those that took a second
   connection, and exits 0 when wrong is 0. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint8_t bytes[ENR_TICKET_MAX];
    size_t len;
    size_t drops;
} slot_t;

static enr_status_t slot_load(void *ctx, const uint8_t binding[32], uint8_t *out, size_t capacity, size_t *out_len)
{
    const slot_t *slot = ctx;
    (void)binding;
    (void)capacity;
    memcpy(out, slot->bytes, slot->len);
    *out_len = slot->len;
    return ENR_OK;
}

static void slot_save(void *ctx, const uint8_t binding[32], enr_span_t ticket)
{
    (void)ctx;
    (void)binding;
    (void)ticket;
}

static void slot_drop(void *ctx, const uint8_t binding[32])
{
    slot_t *slot = ctx;
    (void)binding;
    slot->drops++;
}

static struct {
    size_t damages;
    size_t resumed;
    size_t again;
    size_t wrong;
} figures;

static void connect_with(client_t *client, slot_t slot, const char *damage, size_t place)
{
    enr_tickets_t tickets = {.ctx = &slot, .load = slot_load, .save = slot_save, .drop = slot_drop};
    client->tickets = &tickets;
    client_outcome_t outcome = client_run(client);
    bool good = outcome.status == ENR_END && outcome.received > 0 && outcome.left == 0 && outcome.connections <= 2;
    good = good && (outcome.connections == 1 || slot.drops == 1);
    figures.damages++;
    figures.resumed += outcome.resumed;
    figures.again += outcome.connections > 1;
    figures.wrong += !good;
    if (!good) {
        (void)fprintf(stderr, "byte %zu %s: %s connections=%zu drops=%zu left=%zu\n", place, damage,
                      enr_status_name(outcome.status), outcome.connections, slot.drops, outcome.left);
    }
}

int main(int argc, char **argv)
{
    static uint8_t kept[32 + ENR_TICKET_MAX];
    static enr_posix_bundle_t bundle;
    if (argc != 6) {
        (void)fprintf(stderr, "usage: tls_damage HOST PORT CA_FILE TICKET_FILE STRIDE\n");
        return 2;
    }
    FILE *file = fopen(argv[4], "rb");
    size_t len = file == NULL ? 0 : fread(kept, 1, sizeof kept, file);
    size_t stride = strtoul(argv[5], NULL, 10);
    if (len <= 32 || stride == 0 || client_start(CLIENT_MEMORY_MAX) != ENR_OK ||
        enr_posix_bundle_open(&bundle, argv[3]) != ENR_OK) {
        (void)fprintf(stderr, "tls_damage: cannot start\n");
        return 2;
    }
    (void)fclose(file);
    slot_t whole = {.len = len - 32};
    memcpy(whole.bytes, kept + 32, whole.len);
    client_t client = {.host = argv[1],
                       .port = (uint16_t)strtoul(argv[2], NULL, 10),
                       .path = "/",
                       .now = -1,
                       .anchors = {&bundle, enr_posix_bundle_get}};
    for (size_t i = 0; i < whole.len; i += stride) {
        slot_t damaged = whole;
        damaged.bytes[i] ^= 0xff;
        connect_with(&client, damaged, "inverted", i);
        damaged = whole;
        damaged.len = i;
        connect_with(&client, damaged, "and all behind it missing", i);
    }
    (void)printf("damages=%zu resumed=%zu again=%zu wrong=%zu\n", figures.damages, figures.resumed, figures.again,
                 figures.wrong);
    enr_posix_bundle_close(&bundle);
    return figures.wrong > 0;
}
