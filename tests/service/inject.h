/*
 * Faults on order: rules that say which requests go wrong, and how. Pure.
 *
 * A rule is a JSON object on a line of its own. Which requests:
 *   "call"   submit, read, batch, sync, credits, account or none; left out: any
 *   "skip"   so many matching requests are let through first
 *   "times"  so many are hit then; left out: all
 *   "rate"   percent of those that are hit, by the seed; left out: all
 * The first rule that hits decides. What happens, any of:
 *   "when"      before: the service does not act; after: it acts, and bills. Default: before for a status, else after
 *   "status"    200 to 599, with an error as body (one of 2xx leaves the body as it is)
 *   "delay_ms"  the answer leaves so much later
 *   "body"      this text instead of the answer's, and "type", its Content-Type
 *   "page"      html or portal: a page of that kind, 200 if no status says otherwise
 *   "header"    a further header, `Name: value`
 *   "id"        wrong or missing: the enrichment's id
 *   "token"     wrong or missing: custom
 *   "oversize"  so many bytes of a further member
 *   "raw"       these bytes (U+0001 to U+00FF) instead of the whole HTTP answer
 *   "garbage"   so many random bytes instead of it
 *   "cut"       only so many bytes of it, counted from its status line; then the connection ends
 *   "stall_at"  after so many bytes nothing comes for "stall_ms"
 *   "drip_ms"   each byte so long after the one before
 *   "end"       how the connection ends after the last five: close (with TLS's close_notify, the default), fin or reset
 */
#ifndef SERVICE_INJECT_H
#define SERVICE_INJECT_H

#include "rules.h"

#include <stddef.h>
#include <stdint.h>

typedef enum { SIM_AS_IS, SIM_WRONG, SIM_MISSING } sim_tamper_t;
typedef enum { SIM_END_CLOSE, SIM_END_FIN, SIM_END_RESET } sim_end_t;

#define SIM_NOWHERE SIZE_MAX

/* Strings are owned; NULL and 0 mean that it is not there, SIM_NOWHERE for places. */
typedef struct {
    int call; /* sim_call_t; -1: any */
    uint64_t skip;
    uint64_t times; /* UINT64_MAX: all */
    double rate;    /* 0 to 100 */
    bool before;
    int status;
    uint64_t delay_ms;
    char *body;
    char *type;
    char *header_name;
    char *header_value;
    sim_tamper_t id;
    sim_tamper_t token;
    size_t oversize;
    char *raw;
    size_t raw_length;
    size_t garbage;
    size_t cut;
    size_t stall_at;
    uint64_t stall_ms;
    uint64_t drip_ms;
    sim_end_t end;
    bool is_raw; /* libmicrohttpd cannot send this: it is for the raw responder */
} sim_injection_t;

typedef struct {
    sim_injection_t *list;
    size_t count;
    uint64_t drawn; /* numbers drawn so far */
    uint64_t seed;
} sim_injections_t;

#define SIM_INJECT_ERROR_SIZE 160u

/* Adds the rules of the text, which has a NUL behind it, all or none. False: out_error has a sentence with the line's
 * number. */
bool sim_inject_add(sim_injections_t *injections, const char *text, size_t length,
                    char out_error[SIM_INJECT_ERROR_SIZE]);

/* Forgets all rules. */
void sim_inject_clear(sim_injections_t *injections);

/* The rule that this request is hit by, which counts it. NULL: none. */
const sim_injection_t *sim_inject_take(sim_injections_t *injections, sim_call_t call);

#endif
