/* Session tickets: one item for each place. It holds whom the ticket is for and when it was written, then the ticket,
   which is empty once it was dropped: the hour goes on. */
#include "store_internal.h"

#include <assert.h>
#include <string.h>

#define BINDING_LEN 32u
#define FRONT_LEN 40u
#define KEEP_EVERY_S 3600

_Static_assert(ENR_STORE_TICKETS >= 1 && ENR_STORE_TICKET + ENR_STORE_TICKETS <= ENR_STORE_ITEMS,
               "each place for a ticket has a number");
_Static_assert(ENR_TICKET_MAX + FRONT_LEN <= ENR_STORE_ITEM_MAX, "a ticket fits an item");

/* What is at a place. */
typedef struct {
    bool found; /* an item */
    bool same;  /* of the binding that was looked for */
    int64_t written;
    size_t len; /* of the ticket */
} ticket_t;

static enr_status_t look(const enr_store_tickets_t *tickets, unsigned place, const uint8_t binding[BINDING_LEN],
                         ticket_t *out_ticket)
{
    enr_span_t value;
    *out_ticket = (ticket_t){0};
    enr_status_t status = store_load(tickets->store, (unsigned)ENR_STORE_TICKET + place, &value);
    if (status == ENR_OK) {
        out_ticket->found = value.len >= FRONT_LEN;
        out_ticket->same = out_ticket->found && memcmp(value.ptr, binding, BINDING_LEN) == 0;
        out_ticket->written = out_ticket->found ? (int64_t)enr_get_64(value.ptr + BINDING_LEN) : 0;
        out_ticket->len = out_ticket->found ? value.len - FRONT_LEN : 0;
        store_wipe(tickets->store, value.len);
    }
    return status;
}

/* The place with a ticket for a binding. ENR_OK; ENR_END: there is none. */
static enr_status_t find(const enr_store_tickets_t *tickets, const uint8_t binding[BINDING_LEN], unsigned *out_place,
                         ticket_t *out_ticket)
{
    for (*out_place = 0; *out_place < ENR_STORE_TICKETS; (*out_place)++) {
        if (look(tickets, *out_place, binding, out_ticket) == ENR_OK && out_ticket->same && out_ticket->len > 0) {
            return ENR_OK;
        }
    }
    return ENR_END;
}

static enr_status_t load(void *ctx, const uint8_t binding[BINDING_LEN], uint8_t *out, size_t capacity, size_t *out_len)
{
    enr_store_tickets_t *tickets = ctx;
    ticket_t ticket;
    unsigned place;
    enr_span_t value;
    if (find(tickets, binding, &place, &ticket) != ENR_OK || ticket.len > capacity ||
        (tickets->dropped >> place & 1u) != 0 ||
        store_load(tickets->store, (unsigned)ENR_STORE_TICKET + place, &value) != ENR_OK) {
        return ENR_END;
    }
    memcpy(out, value.ptr + FRONT_LEN, ticket.len);
    *out_len = ticket.len;
    store_wipe(tickets->store, value.len);
    return ENR_OK;
}

/* The place that a ticket for this binding may be written to now. False: there is none, or not yet. */
static bool find_place(const enr_store_tickets_t *tickets, const uint8_t binding[BINDING_LEN], int64_t now,
                       unsigned *out_place)
{
    bool found = false;
    int64_t oldest = 0;
    for (unsigned place = 0; place < ENR_STORE_TICKETS; place++) {
        ticket_t ticket;
        if (look(tickets, place, binding, &ticket) == ENR_AGAIN) {
            return false;
        }
        bool young = ticket.found && ticket.written <= now && now - ticket.written < KEEP_EVERY_S;
        if (ticket.same) {
            *out_place = place;
            return !young;
        }
        int64_t written = ticket.found ? ticket.written : INT64_MIN;
        if (!young && (!found || written < oldest)) {
            found = true;
            oldest = written;
            *out_place = place;
        }
    }
    return found;
}

static enr_status_t write(enr_store_tickets_t *tickets, unsigned place, const uint8_t binding[BINDING_LEN],
                          int64_t written, enr_span_t ticket)
{
    uint8_t front[FRONT_LEN];
    memcpy(front, binding, BINDING_LEN);
    enr_put_64(front + BINDING_LEN, (uint64_t)written);
    enr_status_t status =
        store_save(tickets->store, (unsigned)ENR_STORE_TICKET + place, (enr_span_t){front, sizeof front}, ticket);
    if (status == ENR_OK) {
        tickets->dropped = (uint8_t)(tickets->dropped & ~(1u << place));
    }
    return status;
}

static void save(void *ctx, const uint8_t binding[BINDING_LEN], enr_span_t ticket)
{
    enr_store_tickets_t *tickets = ctx;
    int64_t now = 0;
    unsigned place = 0;
    if (tickets->clock->wall(tickets->clock->ctx, &now) == ENR_OK && find_place(tickets, binding, now, &place)) {
        (void)write(tickets, place, binding, now, ticket); /* what cannot be written now is left */
    }
}

static void drop(void *ctx, const uint8_t binding[BINDING_LEN])
{
    enr_store_tickets_t *tickets = ctx;
    ticket_t ticket;
    unsigned place;
    if (find(tickets, binding, &place, &ticket) == ENR_OK) {
        tickets->dropped = (uint8_t)(tickets->dropped | 1u << place); /* also when it cannot be written */
        (void)write(tickets, place, binding, ticket.written, (enr_span_t){NULL, 0});
    }
}

enr_tickets_t enr_store_tickets(enr_store_tickets_t *tickets)
{
    assert(tickets->store != NULL && tickets->clock != NULL);
    return (enr_tickets_t){.ctx = tickets, .load = load, .save = save, .drop = drop};
}
