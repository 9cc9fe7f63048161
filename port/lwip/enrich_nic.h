/* The duty of a board's network chip. Frames go in and out of memory that port/lwip owns; a board includes no lwIP. */
#ifndef ENRICH_NIC_H
#define ENRICH_NIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the largest Ethernet frame that is received, without its check sequence: 1,514, and 2 to fill up. A board
   with less memory may say less, as long as a segment that fills the window fits, ENR_LWIP_RECEIVE_MAX bytes and 54 of
   headers: no other frame that it needs is longer. A multiple of 4. */
#ifndef ENR_NIC_FRAME_MAX
#define ENR_NIC_FRAME_MAX 1516
#endif

/* Bytes of the largest frame that is sent. The default is a header, the 576 bytes that every host must take (RFC 1122
   3.3.2), and 2 to fill up: what a scanner sends is short. A multiple of 4. */
#ifndef ENR_NIC_SEND_MAX
#define ENR_NIC_SEND_MAX 592
#endif

/* Buffers that wait for frames at once: what may come while the main loop is in its longest step. */
#ifndef ENR_NIC_BUFFERS
#define ENR_NIC_BUFFERS 3
#endif

/* One network chip. Nothing blocks; all is called from the main loop. */
typedef struct {
    void *ctx;
    uint8_t address[6]; /* its MAC address */

    /* True while the cable is in. May be called every 100 ms. */
    bool (*link)(void *ctx);

    /* Hands over an empty buffer of ENR_NIC_FRAME_MAX bytes, aligned to 4, to receive a frame into: at most
       ENR_NIC_BUFFERS at once, filled in the order in which they were handed over. */
    void (*offer)(void *ctx, uint8_t *buffer);

    /* True when the oldest buffer holds a frame: *out_len bytes. The buffer then is the caller's again. */
    bool (*receive)(void *ctx, size_t *out_len);

    /* Memory of ENR_NIC_SEND_MAX bytes for the next frame to send, or NULL while the chip is busy. */
    uint8_t *(*frame)(void *ctx);

    /* Sends the first len bytes of what `frame` gave, 14 to ENR_NIC_SEND_MAX of them; a short frame is padded. */
    void (*send)(void *ctx, size_t len);
} enr_nic_t;

#endif
