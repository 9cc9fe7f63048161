/* Opens one TLS connection with the product's own tls room, sends one GET, reads to the end, and prints what came of it
   on one line:
     STATUS bytes=<received> in_use=<TLS memory left after close> high_water=<most TLS memory> connections=<opened>
            resumed=<0|1> ticket=<bytes of the ticket kept now> dropped=<tickets dropped>
            held=<reads that said ENR_AGAIN although the net had not>
   tls_probe HOST PORT CA_FILE [--path PATH] [--now SECONDS] [--memory BYTES] [--trickle] [--ticket FILE]
             [--pins HEX,HEX...]
   FILE is one slot: 32 bytes of binding, then the ticket. It exits 0 whenever it could print that line. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PINS_MAX 4

typedef struct {
    const char *path;
    size_t dropped;
} slot_t;

typedef struct {
    uint8_t bytes[32 + ENR_TICKET_MAX];
    size_t len; /* 0: the slot is empty */
} content_t;

static content_t read_slot(const slot_t *slot)
{
    content_t content = {.len = 0};
    FILE *file = fopen(slot->path, "rb");
    if (file != NULL) {
        content.len = fread(content.bytes, 1, sizeof content.bytes, file);
        (void)fclose(file);
    }
    return content;
}

static enr_status_t slot_load(void *ctx, const uint8_t binding[32], uint8_t *out, size_t capacity, size_t *out_len)
{
    content_t content = read_slot(ctx);
    if (content.len <= 32 || content.len - 32 > capacity || memcmp(content.bytes, binding, 32) != 0) {
        return ENR_END;
    }
    *out_len = content.len - 32;
    memcpy(out, content.bytes + 32, *out_len);
    return ENR_OK;
}

static void slot_save(void *ctx, const uint8_t binding[32], enr_span_t ticket)
{
    const slot_t *slot = ctx;
    FILE *file = fopen(slot->path, "wb");
    if (file == NULL || fwrite(binding, 32, 1, file) != 1 || fwrite(ticket.ptr, ticket.len, 1, file) != 1 ||
        fclose(file) != 0) {
        perror(slot->path);
        exit(1);
    }
}

static void slot_drop(void *ctx, const uint8_t binding[32])
{
    slot_t *slot = ctx;
    content_t content = read_slot(slot);
    if (content.len >= 32 && memcmp(content.bytes, binding, 32) == 0) {
        slot->dropped++;
        (void)unlink(slot->path);
    }
}

/* Pins as hexadecimal digits with a comma in between; returns how many, 0 when the text is odd. */
static size_t parse_pins(const char *text, uint8_t pins[PINS_MAX][32])
{
    for (size_t count = 0; count < PINS_MAX; count++) {
        for (size_t i = 0; i < 32; i++, text += 2) {
            unsigned value = 0;
            if (sscanf(text, "%2x", &value) != 1) {
                return 0;
            }
            pins[count][i] = (uint8_t)value;
        }
        if (*text == '\0') {
            return count + 1;
        }
        text++;
    }
    return 0;
}

static int usage(void)
{
    (void)fprintf(stderr, "usage: tls_probe HOST PORT CA_FILE [--path PATH] [--now SECONDS] [--memory BYTES]"
                          " [--trickle] [--ticket FILE] [--pins HEX,HEX...]\n");
    return 2;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        return usage();
    }
    client_t client = {
        .host = argv[1], .port = (uint16_t)strtoul(argv[2], NULL, 10), .path = "/", .now = -1, .pins = NULL};
    size_t memory = CLIENT_MEMORY_MAX;
    slot_t slot = {.path = NULL};
    static uint8_t pins[PINS_MAX][32];
    for (int i = 4; i < argc; i++) {
        const char *name = argv[i];
        if (strcmp(name, "--trickle") == 0) {
            client.trickles = true;
            continue;
        }
        if (i + 1 == argc) {
            return usage();
        }
        const char *value = argv[++i];
        if (strcmp(name, "--path") == 0) {
            client.path = value;
        } else if (strcmp(name, "--now") == 0) {
            client.now = strtoll(value, NULL, 10);
        } else if (strcmp(name, "--memory") == 0) {
            memory = strtoul(value, NULL, 10);
        } else if (strcmp(name, "--ticket") == 0) {
            slot.path = value;
        } else if (strcmp(name, "--pins") == 0) {
            client.pins = (const uint8_t(*)[32])pins;
            client.pin_count = parse_pins(value, pins);
        } else {
            return usage();
        }
    }
    static enr_posix_bundle_t bundle;
    enr_tickets_t tickets = {.ctx = &slot, .load = slot_load, .save = slot_save, .drop = slot_drop};
    enr_status_t status = client_start(memory);
    if (status != ENR_OK || enr_posix_bundle_open(&bundle, argv[3]) != ENR_OK) {
        (void)fprintf(stderr, "tls_probe: cannot start: %s, or %s is no bundle\n", enr_status_name(status), argv[3]);
        return 1;
    }
    client.anchors = (enr_anchors_t){&bundle, enr_posix_bundle_get};
    client.tickets = slot.path == NULL ? NULL : &tickets;
    client_outcome_t outcome = client_run(&client);
    content_t kept = slot.path == NULL ? (content_t){.len = 0} : read_slot(&slot);
    (void)printf("%s bytes=%zu in_use=%zu high_water=%zu connections=%zu resumed=%d ticket=%zu dropped=%zu "
                 "held=%zu\n",
                 enr_status_name(outcome.status), outcome.received, outcome.left, client_arena()->high_water,
                 outcome.connections, outcome.resumed, kept.len <= 32 ? 0 : kept.len - 32, slot.dropped, outcome.held);
    enr_posix_bundle_close(&bundle);
    return 0;
}
