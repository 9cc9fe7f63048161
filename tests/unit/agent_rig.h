/* An agent with all that it stands on: a service that keeps a ledger behind a stream, simulated flash, a virtual clock.
   No TLS and no socket; the same calls give the same run. */
#ifndef TEST_AGENT_RIG_H
#define TEST_AGENT_RIG_H

#include "enrich/agent.h"
#include "enrich_script_flash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One answer of the service, or its lack. All zero: the usual one. */
typedef struct {
    unsigned code;            /* HTTP status code; 0: the usual answer, or the failure below */
    const char *head;         /* further header lines, each with its line end, or NULL */
    const char *body;         /* %I is the id, %T the token; NULL: {} */
    bool accepts;             /* of a POST: it is billed */
    enr_status_t write;       /* the stream fails while the request leaves … */
    enr_status_t read;        /* … or instead of the answer */
    uint32_t delay_ms;        /* before the answer */
    const char *content_type; /* NULL: application/json */
} turn_t;

#define TURNS_MAX 64
#define ENTRIES_MAX 2048

/* A request that was accepted, and billed. */
typedef struct {
    char token[ENR_TOKEN_LEN + 1];
    char type[16];
    char firstname[64];
    char id[48];
    unsigned polls;
} entry_t;

typedef struct {
    uint32_t *now_ms;
    bool sync;
    unsigned finish_after; /* polls of one request until it is finished */

    /* What comes next, in order; then, and beyond, the last one again if `again` is set, else the usual. */
    turn_t posts[TURNS_MAX];
    size_t post_count;
    size_t post_at;
    turn_t gets[TURNS_MAX];
    size_t get_count;
    size_t get_at;
    bool again;
    enr_status_t opens[TURNS_MAX]; /* statuses of opens */
    size_t open_count;
    size_t open_at;
    uint32_t open_ms; /* an open takes so long */

    /* ledger */
    entry_t entries[ENTRIES_MAX];
    size_t entry_count;
    unsigned opened;
    uint32_t opening_ms[16384]; /* when each began */
    unsigned posts_seen;        /* whole requests */
    unsigned gets_seen;
    unsigned call_count; /* posts and gets */
    uint32_t call_times[4096];
    char call_kinds[4096]; /* 'P' or 'G' */
    char last_request[8192];

    /* the connection */
    bool is_open;
    uint32_t open_since_ms;
    bool opening;
    uint8_t in[8192];
    size_t in_len;
    char out[16384];
    size_t out_len;
    size_t out_at;
    uint32_t out_ms; /* when the answer is there */
    enr_status_t broken;
    turn_t turn; /* of the request under way */
    bool has_turn;
} service_t;

typedef struct {
    uint32_t now_ms;
    int64_t wall_s; /* 0: not known */
    service_t service;
    enr_script_flash_config_t geometry;
    enr_script_flash_t flash;
    enr_script_flash_t store_flash;
    void *memory;
    void *store_memory;
    enr_flash_t journal_duty; /* of flash, but it refuses so many of the next programs */
    enr_flash_t plain_duty;
    unsigned refuse;
    enr_flash_t store_duty;
    enr_clock_t clock;
    enr_journal_t journal;
    enr_store_t store;
    enr_exchange_t exchange;
    enr_api_t api;
    enr_agent_t agent;
    enr_agent_config_t config; /* as given to the agent at the next start */
    enr_paces_t paces;
    enr_event_t events[4096];
    size_t event_count;
    uint64_t steps;
    uint8_t request[8192];
    uint8_t body[8192];
} rig_t;

/* Readies TLS's random generator and the seal, once for the program. */
void rig_prepare(void);

/* While false, TLS gets no memory: as if a connection held all of it. Asked: how often it wanted some, in all. */
void rig_give_memory(bool give);
unsigned rig_memory_asked(void);

/* A rig with an erased flash, started. Paces are the default but for spread_ms, which is 0. */
rig_t *rig_new(void);
rig_t *rig_new_on(const enr_script_flash_config_t *geometry);
void rig_free(rig_t *rig);

/* The power goes and comes: what was only in RAM is lost. rig->config and rig->paces may have been changed. */
void rig_restart(rig_t *rig);

/* Lets time pass for so long, or until nothing more will happen by itself before. */
void rig_run(rig_t *rig, uint32_t ms);

/* One step, then the clock goes to where the agent waits for, but not beyond until_ms. False: it is there. */
bool rig_step(rig_t *rig, uint32_t until_ms);

/* Runs until a lead's request is in a state, at most so long. */
void rig_until(rig_t *rig, uint32_t number, enr_type_t type, enr_request_state_t state, uint32_t ms);

/* A lead that can be sent for any type, by its first name. */
enr_lead_t rig_lead(const char *name);

/* Captures it; gives its number. */
uint32_t rig_capture(rig_t *rig, const char *name, unsigned types);

/* A request of a lead, with ENR_REQUEST_ERASED when there is no such lead any more. */
enr_request_t rig_request(rig_t *rig, uint32_t number, enr_type_t type);
enr_request_state_t rig_state(rig_t *rig, uint32_t number, enr_type_t type);

/* What enr_agent_read gives, as a string that lasts until the next call. */
const char *rig_data(rig_t *rig, uint32_t number, enr_type_t type);

/* Takes all finished results, as a sink. */
void rig_take_all(rig_t *rig);

enr_agent_status_t rig_status(rig_t *rig);

/* How often a person's request for a type was accepted by the service. */
unsigned rig_accepted(const rig_t *rig, const char *name, enr_type_t type);

void rig_plan_post(rig_t *rig, turn_t turn);
void rig_plan_get(rig_t *rig, turn_t turn);
void rig_plan_open(rig_t *rig, enr_status_t status);

/* Repeats a call of the agent that says ENR_AGAIN, with steps between. */
#define RIG_DO(rig, call)                                                                                              \
    do {                                                                                                               \
        enr_status_t did_ = (call);                                                                                    \
        for (int tries_ = 0; did_ == ENR_AGAIN && tries_ < 100000; tries_++) {                                         \
            (void)rig_step((rig), (rig)->now_ms + 5);                                                                  \
            did_ = (call);                                                                                             \
        }                                                                                                              \
        assert_int_equal(did_, ENR_OK);                                                                                \
    } while (0)

#endif
