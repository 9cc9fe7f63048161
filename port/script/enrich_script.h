/* A network, a clock and an entropy source for tests that do exactly what a script says: which bytes come, how they are
   cut, what fails and where. No allocation, no system call, no chance: the same script gives the same run. */
#ifndef ENRICH_SCRIPT_H
#define ENRICH_SCRIPT_H

#include "enrich/limits.h"
#include "enrich/port.h"

/* A time that never comes. */
#define ENR_SCRIPT_NEVER UINT32_MAX

/* Pieces of what the other side sends on one connection. */
#define ENR_SCRIPT_TURNS_MAX 4

/* What the other side says at one point. */
typedef struct {
    size_t after_sent; /* its bytes come once this many were sent on the connection (0: at once), the turn before was
                          read to its end… */
    uint32_t after_ms; /* … and then this much time has passed (ENR_SCRIPT_NEVER allowed) */
    enr_span_t bytes;
} enr_script_turn_t;

/* How the bytes of one direction are cut. All zero: not at all. */
typedef struct {
    size_t most;        /* most bytes of one call; 0: any */
    const size_t *cuts; /* rising positions, counted from the connection's first byte, that no call crosses */
    size_t cut_count;
    bool again; /* each piece is preceded by one ENR_AGAIN */
} enr_script_cutting_t;

/* The course of one connection. All zero: it opens at once, takes every byte and stays silent. */
typedef struct {
    /* open: ENR_AGAIN in phase DNS for dns_ms, then in phase CONNECT for connect_ms (ENR_SCRIPT_NEVER allowed), then
     * this status. */
    uint32_t dns_ms;
    uint32_t connect_ms;
    enr_status_t open;

    /* send: once send_limit bytes were taken, send gives send_end: an error, or ENR_AGAIN for a peer that stopped
     * reading. ENR_OK: no limit. */
    enr_script_cutting_t sending;
    size_t send_limit;
    enr_status_t send_end;

    /* receive: the turns one after the other, up to the first with no bytes and no condition, and then `end`: ENR_END
       for a FIN, an error, or ENR_OK for silence. A FIN that comes only after some sending or time: a last turn with a
       condition and no bytes. */
    enr_script_cutting_t receiving;
    enr_script_turn_t turns[ENR_SCRIPT_TURNS_MAX];
    enr_status_t end;
} enr_script_connection_t;

/* One call that the script saw. */
typedef enum {
    ENR_SCRIPT_OPEN,
    ENR_SCRIPT_SEND,
    ENR_SCRIPT_RECEIVE,
    ENR_SCRIPT_CLOSE,
    ENR_SCRIPT_WAIT
} enr_script_kind_t;
typedef struct {
    enr_script_kind_t kind;
    size_t connection;   /* from 0; of open: the one it opens; before the first open: SIZE_MAX */
    enr_status_t status; /* what it gave; of close and wait ENR_OK */
    size_t bytes;        /* carried */
    uint32_t at_ms;
} enr_script_call_t;

/* The whole script. What it points to must outlive the fake. */
typedef struct {
    const enr_script_connection_t *connections; /* the n-th open gets the n-th; one more gets ENR_E_NETWORK */
    size_t connection_count;
    uint32_t start_ms;    /* the monotonic clock's first value */
    int64_t wall_s;       /* the wall clock's first value */
    enr_status_t wall;    /* what the wall clock gives instead, unless ENR_OK */
    uint64_t seed;        /* of the entropy */
    enr_status_t entropy; /* what the entropy gives instead, unless ENR_OK */
    void *sent;           /* memory for what is sent on all connections; NULL: not kept */
    size_t sent_capacity;
    enr_script_call_t *calls; /* memory for the calls; NULL: only counted */
    size_t call_capacity;
} enr_script_config_t;

/* The fake. A test may read the first fields and set now_ms forward; the others are private. */
typedef struct {
    uint32_t now_ms;
    enr_buffer_t sent;     /* what was sent, of all connections in a row; `full`: the memory was too small */
    size_t opened;         /* connections begun */
    size_t call_count;     /* of all calls; those beyond call_capacity are not kept */
    size_t sent_count;     /* bytes sent on the last connection */
    size_t received_count; /* bytes received on it */
    bool is_open;          /* it is open or opening: false again after an error of open and after close */
    uint16_t port;         /* asked for by the last open */
    size_t host_len;
    uint8_t host[ENR_HOST_MAX];

    enr_script_config_t config;
    bool connected;
    uint32_t open_since_ms;
    enr_status_t broken; /* an error that has ended the connection */
    size_t turn;
    size_t turn_position;   /* bytes received of it */
    bool turn_due;          /* its sending condition is met … */
    uint32_t turn_since_ms; /* … since then */
    bool send_paused;       /* the ENR_AGAIN before this piece was given */
    bool receive_paused;
    uint64_t random;
} enr_script_t;

/* Makes the fake; config is copied. */
void enr_script_start(enr_script_t *script, const enr_script_config_t *config);

/* The duties. script must stay where it is. The net asserts the order of calls: open before send and receive. A host
   longer than ENR_HOST_MAX is ENR_E_DNS. wall is wall_s and the time passed since the start. */
enr_net_t enr_script_net(enr_script_t *script);
enr_clock_t enr_script_clock(enr_script_t *script);
enr_entropy_t enr_script_entropy(enr_script_t *script);

/* A stream straight over the net, without TLS: for tests of what stands on streams. */
enr_stream_t enr_script_stream(enr_script_t *script);

/* What a main loop's wait is to a real port: moves the clock to where the waiter can go on: not at all if an event of
   its connection is there already, else to the time at which one comes or to the waiter's own time, whichever is first.
   False: neither will ever come; the waiter would hang. */
ENR_NODISCARD bool enr_script_wait(enr_script_t *script, const enr_wait_t *wait);

#endif
