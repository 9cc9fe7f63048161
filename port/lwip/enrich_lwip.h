/* The duties net and clock of port.h on lwIP 2.2, for one Ethernet interface: an address by DHCP, names by DNS, the
   time by SNTP. No heap, no thread, nothing blocks: everything moves in enr_lwip_poll, which the main loop calls on
   every turn. lwIP's state is one for a program, and so is this. */
#ifndef ENRICH_LWIP_H
#define ENRICH_LWIP_H

#include "enrich/limits.h"
#include "enrich/port.h"
#include "enrich_nic.h"

/* --- the interface --- */

/* What the port needs of the program. All of it must stay for ever. */
typedef struct {
    const enr_nic_t *nic;

    /* Milliseconds as enr_clock_t.monotonic_ms. */
    void *clock_ctx;
    uint32_t (*monotonic_ms)(void *ctx);

    /* Random bytes nobody can guess, from a seeded generator: enr_tls_random. */
    enr_status_t (*random)(uint8_t *out, size_t len);

    /* The host to ask for the time, a DNS name or an IPv4 address; NULL: nobody is asked, see enr_lwip_set_time. */
    const char *time_server;

    /* No time before this one is believed: ENR_CLOCK_FLOOR, or the last good time that was stored, if it is later
       (behaviours 16). Seconds since 1970. */
    int64_t clock_floor;
} enr_lwip_config_t;

/* Readies lwIP and the interface; config is copied. Call once. ENR_OK; ENR_E_ENTROPY: there are no random numbers, so
   there must be no network; a later call may succeed. */
ENR_NODISCARD enr_status_t enr_lwip_start(const enr_lwip_config_t *config);

/* Takes what came, sends what is due, watches the cable, keeps the clocks. Call it at least every 100 ms; a frame that
   found no buffer meanwhile is lost, as on any Ethernet. Asserts that the interface was started. */
void enr_lwip_poll(void);

/* How the interface is. */
typedef struct {
    bool link;          /* the cable is in */
    bool has_address;   /* the cable is in and DHCP has given an address */
    uint8_t address[4]; /* IPv4 */
    uint8_t gateway[4];
    uint8_t dns[4];
    uint32_t times_refused;   /* times that came by SNTP and were before the clock floor */
    uint16_t heap_high_water; /* of lwIP's own pools: bytes of MEM_SIZE, frame buffers, TCP segments */
    uint16_t heap_size;
    uint16_t frames_high_water;
    uint16_t frames;
    uint16_t segments_high_water;
    uint16_t segments;
    uint32_t pool_failures; /* requests to any of lwIP's pools that found no room */
} enr_lwip_info_t;

/* Fills *out. Asserts that the interface was started. */
void enr_lwip_info(enr_lwip_info_t *out);

/* --- net --- */

/* Bytes that were received and not yet asked for: the TCP window, which is two segments or more. */
#ifndef ENR_LWIP_RECEIVE_MAX
#define ENR_LWIP_RECEIVE_MAX 2144
#endif

/* Segments of ENR_NIC_SEND_MAX on their way out at once. */
#ifndef ENR_LWIP_SEGMENTS
#define ENR_LWIP_SEGMENTS 2
#endif

/* Questions to DNS for one connection. */
#define ENR_LWIP_QUESTIONS_MAX 4

/* How long one address may take to answer when the configuration does not say. */
#define ENR_LWIP_ADDRESS_MS 5000u

/* How connections are made. All zero is a sound choice. */
typedef struct {
    /* Milliseconds after which an address that does not answer is given up, below 2^31; 0: ENR_LWIP_ADDRESS_MS. */
    uint32_t address_ms;

    /* Private addresses of a public name are not tried: a captive portal or a rebinding resolver gives such (behaviours
       29, 38). */
    bool refuse_private;
} enr_lwip_net_config_t;

/* One TCP connection at a time. Its fields are private. It must stay where it is for ever once started: a question to
   DNS may end after the connection that it was for. */
typedef struct {
    enr_lwip_net_config_t config;
    uint8_t state;
    bool resolved; /* DNS has answered, with resolve_status */
    bool ended;    /* FIN has come */
    uint16_t port;
    enr_status_t resolve_status;
    enr_status_t failure; /* opening: of the address before; open: why the connection is gone, or ENR_OK */
    void *pcb;            /* lwIP's connection, or NULL */
    uint32_t address;     /* at hand, network order */
    uint32_t tried[ENR_LWIP_QUESTIONS_MAX];
    size_t tried_count;
    size_t asked;
    uint32_t since_ms; /* when this address was begun, or this question is to be asked again */
    size_t received_from;
    size_t received_len;
    char host[ENR_HOST_MAX + 1];
    uint8_t received[ENR_LWIP_RECEIVE_MAX];
} enr_lwip_net_t;

/* Makes a closed net; config is copied. */
void enr_lwip_net_start(enr_lwip_net_t *net, const enr_lwip_net_config_t *config);

/* The net's functions, as port.h says. Of open:
   - without cable or address it gives ENR_E_UNREACHABLE at once.
   - lwIP hands over one address of a name: when that does not connect, DNS is asked again, up to
   ENR_LWIP_QUESTIONS_MAX times, and an address that was not there before is tried. Its status is that of the last
   address, but for ENR_E_PORTAL, which hides no other.
   - an IPv4 literal is taken as it is. A host that is empty, longer than ENR_HOST_MAX or has a NUL is ENR_E_DNS.
   A peer that has vanished is noticed after a silence of 60 s, whether something was on its way or not (keepalive;
   behaviours 30): ENR_E_NETWORK. close sends what lwIP still holds, then FIN. */
enr_net_t enr_lwip_net(enr_lwip_net_t *net);

/* True when what a step of this net waits for has come: one of the events, or the time. For a main loop that wants to
 * sleep. */
bool enr_lwip_net_ready(const enr_lwip_net_t *net, const enr_wait_t *wait);

/* --- clock --- */

/* The clock: monotonic time of the configuration; wall time from SNTP or enr_lwip_set_time, ENR_E_NO_TIME before. */
enr_clock_t enr_lwip_clock(void);

/* Sets the wall clock, from a console for example. ENR_OK. ENR_E_NO_TIME: before the clock floor; it stays as it was.
 */
ENR_NODISCARD enr_status_t enr_lwip_set_time(int64_t seconds);

#endif
