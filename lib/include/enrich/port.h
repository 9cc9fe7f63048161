/* The duties of a port: everything the portable code asks of the world below it (DESIGN 2). Each is a small struct of
   functions with a context, which the port fills and which must outlive its users. Nothing here blocks. */
#ifndef ENRICH_PORT_H
#define ENRICH_PORT_H

#include "enrich/stream.h"

/* net: one TCP connection at a time. After open has given ENR_OK, an ENR_AGAIN of send means that the caller waits for
   ENR_WAIT_WRITE, one of receive for ENR_WAIT_READ. Time-outs of whole phases are the caller's; only how long one of
   several addresses may take is the port's own affair. */
typedef struct {
    void *ctx;

    /* Begins or goes on opening a TCP connection: resolves the name, then tries its addresses one after the other until
       one answers (behaviours 29). ENR_OK: connected. ENR_AGAIN: *out_phase is ENR_PHASE_DNS or ENR_PHASE_CONNECT,
       *out_wait what it waits for. Errors, of the last address where several were tried (but ENR_E_UNREACHABLE hides no
       other): ENR_E_DNS, ENR_E_TIMEOUT_DNS (no DNS server answered), ENR_E_REFUSED, ENR_E_UNREACHABLE, ENR_E_RESET,
       ENR_E_TIMEOUT_CONNECT, ENR_E_PORTAL (the port was told to refuse private addresses and got no other),
       ENR_E_SETTING (a setting of the port), ENR_E_NETWORK. After an error it is closed. host must stay valid until
       then. It is called again with the same arguments after ENR_AGAIN, never on an open connection. */
    enr_status_t (*open)(void *ctx, enr_span_t host, uint16_t port, uint32_t now_ms, enr_phase_t *out_phase,
                         enr_wait_t *out_wait);

    /* Sends at least one byte, possibly fewer than given: *out_sent, at least 1 with ENR_OK. ENR_AGAIN: no room now.
     * ENR_E_RESET, ENR_E_NETWORK. */
    enr_status_t (*send)(void *ctx, enr_span_t bytes, size_t *out_sent);

    /* Receives up to capacity bytes: *out_len, at least 1 with ENR_OK. ENR_AGAIN: none now. ENR_END: FIN came; so it is
     * each time that it is asked again, like ENR_E_RESET. ENR_E_RESET, ENR_E_NETWORK. */
    enr_status_t (*receive)(void *ctx, uint8_t *out, size_t capacity, size_t *out_len);

    /* Closes at once; no linger. Closing twice is allowed. */
    void (*close)(void *ctx);
} enr_net_t;

/* clock. */
typedef struct {
    void *ctx;

    /* Milliseconds that never go back and wrap at 2^32 (behaviours 25). The origin is any. */
    uint32_t (*monotonic_ms)(void *ctx);

    /* Seconds since 1970 UTC. ENR_OK; ENR_E_NO_TIME: no source that may be believed (DESIGN 4). May jump both ways. */
    enr_status_t (*wall)(void *ctx, int64_t *out_seconds);
} enr_clock_t;

/* entropy: bytes that nobody can guess, to seed a generator with. */
typedef struct {
    void *ctx;

    /* Fills all len bytes. ENR_OK, ENR_E_ENTROPY (none yet: there is then no TLS, behaviours 18). */
    enr_status_t (*fill)(void *ctx, uint8_t *out, size_t len);
} enr_entropy_t;

/* flash: one region of NOR flash, counted from its own offset 0 (DESIGN 8). An erased byte is 0xFF; programming turns
   ones into zeros and nothing back. */
typedef struct {
    void *ctx;
    uint32_t size;         /* bytes, a multiple of sector_size */
    uint32_t sector_size;  /* bytes erased at once */
    uint32_t page_size;    /* most bytes programmed by one call, which must not cross a multiple of it */
    uint32_t program_unit; /* bytes: offset and length of a program call are multiples of it, 1 to 32 */
    bool reprogram; /* true: a unit may be programmed again while only ones become zeros; false: once between erases
                       (behaviours 43) */

    /* Reads len bytes. ENR_OK; ENR_E_FLASH; ENR_AGAIN as program. */
    enr_status_t (*read)(void *ctx, uint32_t offset, uint8_t *out, uint32_t len);

    /* Programs len bytes and returns when they are durable. A power cut may leave any part of them. ENR_OK,
       ENR_E_FLASH. While a sector is being erased another one may be programmed: the port suspends the erase; where a
       part cannot, ENR_AGAIN: nothing was programmed, ask again when the erase is over. */
    enr_status_t (*program)(void *ctx, uint32_t offset, const uint8_t *bytes, uint32_t len);

    /* Starts to erase the sector at offset and returns at once. ENR_OK, ENR_E_FLASH. ENR_AGAIN: another region of the
       part is being erased; nothing was started, ask again. */
    enr_status_t (*erase_start)(void *ctx, uint32_t offset);

    /* ENR_OK: no erase is under way and the last one succeeded. ENR_AGAIN: still erasing (seconds on real parts).
     * ENR_E_FLASH: it failed. */
    enr_status_t (*erase_busy)(void *ctx);
} enr_flash_t;

/* key: the device's own secret, from which stored data is sealed. It never lies on the medium that it seals (DESIGN 2).
 */
typedef struct {
    void *ctx;

    /* Gives the 32 bytes; the caller wipes them after use. ENR_OK, ENR_E_KEY (the device has none). */
    enr_status_t (*get)(void *ctx, uint8_t out_key[32]);
} enr_key_t;

#endif
