/* The Ethernet MAC of the SmartFusion2 and its DMA, which writes frames straight into the buffers that are offered.
   UG0331, chapter Ethernet MAC. All is polled. */
#include "parts.h"

#include "board.h"
#include "host_page.h"
#include "registers.h"

#include <string.h>

#define EMAC(offset) REGISTER(0x40041000u + (offset))
#define CFG1 EMAC(0x00u)
#define CFG1_RESET 0x80000000u
#define CFG1_RECEIVE 4u
#define CFG1_SEND 1u
#define CFG2 EMAC(0x04u)
#define CFG2_PREAMBLE_7 0x7000u
#define CFG2_NIBBLES 0x100u /* MII, 10 or 100 Mbit/s */
#define CFG2_PAD_AND_CRC 4u
#define CFG2_FULL_DUPLEX 1u
#define MAX_FRAME EMAC(0x10u)
#define MII_COMMAND EMAC(0x24u)
#define MII_COMMAND_READ 1u
#define MII_ADDRESS EMAC(0x28u) /* PHY << 8 | register */
#define MII_STATUS EMAC(0x30u)
#define MII_INDICATORS EMAC(0x34u)
#define MII_INDICATORS_BUSY 1u
#define STATION_1 EMAC(0x40u) /* octets 1 to 4 of the address, the first one highest */
#define STATION_2 EMAC(0x44u) /* octets 5 and 6, in its upper half */
#define FIFO_CFG0 EMAC(0x48u)
#define FIFO_CFG0_ENABLE_ALL 0x1F00u
#define DMA_SEND EMAC(0x180u)
#define DMA_SEND_DESCRIPTOR EMAC(0x184u)
#define DMA_SEND_STATUS EMAC(0x188u)
#define DMA_RECEIVE EMAC(0x18Cu)
#define DMA_RECEIVE_DESCRIPTOR EMAC(0x190u)
#define DMA_RECEIVE_STATUS EMAC(0x194u)
#define DMA_ENABLE 1u
#define SEND_STATUS_SENT 1u
#define SEND_STATUS_UNDERRUN 2u
#define RECEIVE_STATUS_RECEIVED 1u
#define RECEIVE_STATUS_OVERFLOW 4u

#define PHY 1u
#define PHY_STATUS 1u        /* IEEE 802.3 22.2.4.2 */
#define PHY_STATUS_LINK 0x4u /* latches low: a second read says how it is now */

/* What the DMA reads: a ring of buffers. `size` has EMPTY while the chip may write into it, or has sent it. */
typedef struct {
    volatile uint32_t buffer;
    volatile uint32_t size;
    volatile uint32_t next;
} descriptor_t;
#define EMPTY 0x80000000u
#define SIZE_MASK 0xFFFu

#define SEND_BUFFERS 2

static struct {
    enr_nic_t nic;
    descriptor_t receiving[ENR_NIC_BUFFERS];
    size_t offered; /* place in the ring of the next offer … */
    size_t oldest;  /* … and of the oldest buffer that the chip has */
    size_t count;   /* buffers that the chip has */
    descriptor_t sending[SEND_BUFFERS];
    size_t next_to_send;
    _Alignas(4) uint8_t frames[SEND_BUFFERS][ENR_NIC_SEND_MAX];
} emac;

static uint32_t address_of(const volatile void *memory)
{
    return (uint32_t)(uintptr_t)memory;
}

static void barrier(void)
{
    __asm volatile("dmb" ::: "memory");
}

static uint32_t read_phy(uint32_t phy_register)
{
    MII_ADDRESS = PHY << 8 | phy_register;
    MII_COMMAND = 0;
    MII_COMMAND = MII_COMMAND_READ;
    while ((MII_INDICATORS & MII_INDICATORS_BUSY) != 0) { /* 30 us */
    }
    return MII_STATUS;
}

static bool has_link(void *ctx)
{
    (void)ctx;
    (void)read_phy(PHY_STATUS);
    return (read_phy(PHY_STATUS) & PHY_STATUS_LINK) != 0;
}

/* The chip stops when it meets a buffer that it does not have; it goes on at the oldest one that is still empty. */
static void receive_on(void)
{
    if ((DMA_RECEIVE & DMA_ENABLE) != 0) {
        return;
    }
    for (size_t i = 0; i < emac.count; i++) {
        const descriptor_t *descriptor = &emac.receiving[(emac.oldest + i) % ENR_NIC_BUFFERS];
        if ((descriptor->size & EMPTY) != 0) {
            DMA_RECEIVE_STATUS = RECEIVE_STATUS_OVERFLOW;
            DMA_RECEIVE_DESCRIPTOR = address_of(descriptor);
            DMA_RECEIVE = DMA_ENABLE;
            return;
        }
    }
}

static void offer(void *ctx, uint8_t *buffer)
{
    (void)ctx;
    descriptor_t *descriptor = &emac.receiving[emac.offered];
    emac.offered = (emac.offered + 1) % ENR_NIC_BUFFERS;
    emac.count++;
    descriptor->buffer = address_of(buffer);
    descriptor->size = EMPTY;
    receive_on();
}

static bool receive(void *ctx, size_t *out_len)
{
    (void)ctx;
    descriptor_t *descriptor = &emac.receiving[emac.oldest];
    if (emac.count == 0 || (descriptor->size & EMPTY) != 0) {
        receive_on();
        return false;
    }
    barrier(); /* nothing of the frame was read before it was there */
    *out_len = descriptor->size & SIZE_MASK;
    emac.oldest = (emac.oldest + 1) % ENR_NIC_BUFFERS;
    emac.count--;
    DMA_RECEIVE_STATUS = RECEIVE_STATUS_RECEIVED;
    return true;
}

static uint8_t *frame(void *ctx)
{
    (void)ctx;
    return (emac.sending[emac.next_to_send].size & EMPTY) != 0 ? emac.frames[emac.next_to_send] : NULL;
}

/* The chip stops when it has sent all; it goes on at the oldest frame that it has not sent. */
static void send_on(void)
{
    size_t first = emac.next_to_send;
    while ((emac.sending[first].size & EMPTY) != 0) {
        first = (first + 1) % SEND_BUFFERS;
    }
    DMA_SEND_STATUS = SEND_STATUS_UNDERRUN;
    DMA_SEND_DESCRIPTOR = address_of(&emac.sending[first]);
    DMA_SEND = DMA_ENABLE;
}

static void send(void *ctx, size_t len)
{
    (void)ctx;
    barrier(); /* the frame is in memory before the chip is told */
    emac.sending[emac.next_to_send].size = (uint32_t)len;
    emac.next_to_send = (emac.next_to_send + 1) % SEND_BUFFERS;
    if ((DMA_SEND & DMA_ENABLE) == 0) {
        send_on();
    }
    while ((DMA_SEND_STATUS & SEND_STATUS_SENT) != 0) {
        DMA_SEND_STATUS = SEND_STATUS_SENT; /* counts one frame down */
    }
}

static void make_rings(void)
{
    for (size_t i = 0; i < ENR_NIC_BUFFERS; i++) {
        emac.receiving[i] = (descriptor_t){.next = address_of(&emac.receiving[(i + 1) % ENR_NIC_BUFFERS])};
    }
    for (size_t i = 0; i < SEND_BUFFERS; i++) {
        emac.sending[i] = (descriptor_t){.buffer = address_of(emac.frames[i]),
                                         .size = EMPTY,
                                         .next = address_of(&emac.sending[(i + 1) % SEND_BUFFERS])};
    }
}

void emac_ready(void)
{
    static const uint8_t no_address[6] = {0x02, 0, 0, 0, 0, 1}; /* of our own making (IEEE 802 8.2) */
    const host_page_t *page = host_page();
    emac.nic = (enr_nic_t){.link = has_link, .offer = offer, .receive = receive, .frame = frame, .send = send};
    memcpy(emac.nic.address, page == NULL ? no_address : page->address, sizeof no_address);
    make_rings();
    const uint8_t *octets = emac.nic.address;
    CFG1 = CFG1_RESET;
    CFG1 = 0;
    CFG2 = CFG2_PREAMBLE_7 | CFG2_NIBBLES | CFG2_PAD_AND_CRC | CFG2_FULL_DUPLEX;
    MAX_FRAME = ENR_NIC_FRAME_MAX;
    STATION_1 = (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
    STATION_2 = (uint32_t)octets[4] << 24 | (uint32_t)octets[5] << 16;
    FIFO_CFG0 = FIFO_CFG0_ENABLE_ALL;
    CFG1 = CFG1_RECEIVE | CFG1_SEND;
}

const enr_nic_t *board_nic(void)
{
    return &emac.nic;
}
