/* The SMSC LAN9118 Ethernet controller: frames go through its own FIFOs, a word at a time (LAN9118 data sheet). All is
   polled. */
#include "parts.h"

#include "board.h"
#include "host_page.h"
#include "registers.h"

#include <string.h>

#define LAN(offset) REGISTER(0x40200000u + (offset))
#define RX_DATA LAN(0x00u)
#define TX_DATA LAN(0x20u)
#define RX_STATUS LAN(0x40u)
#define RX_STATUS_LEN(status) ((status) >> 16 & 0x3FFFu) /* check sequence included */
#define RX_STATUS_ERROR 0x8000u
#define TX_STATUS LAN(0x48u)
#define BYTE_TEST LAN(0x64u)
#define BYTE_TEST_VALUE 0x87654321u
#define TX_CFG LAN(0x70u)
#define TX_CFG_ON 2u
#define HW_CFG LAN(0x74u)
#define HW_CFG_RESET 1u
#define RX_FIFO LAN(0x7Cu)
#define RX_FIFO_STATUSES(value) ((value) >> 16 & 0xFFu)
#define TX_FIFO LAN(0x80u)
#define TX_FIFO_STATUSES(value) ((value) >> 16 & 0xFFu)
#define TX_FIFO_FREE(value) ((value)&0xFFFFu)
#define MAC_COMMAND LAN(0xA4u)
#define MAC_COMMAND_BUSY 0x80000000u
#define MAC_COMMAND_READ 0x40000000u
#define MAC_DATA LAN(0xA8u)

#define TX_FIRST_AND_LAST 0x3000u
#define TX_COMMANDS_LEN 8u

/* Registers behind MAC_COMMAND. */
#define MAC_CR 1u
#define MAC_CR_FULL_DUPLEX 0x100000u
#define MAC_CR_SEND 8u
#define MAC_CR_RECEIVE 4u
#define MAC_ADDRESS_HIGH 2u
#define MAC_ADDRESS_LOW 3u
#define MAC_MII 6u
#define MAC_MII_DATA 7u

#define PHY 1u
#define PHY_STATUS 1u        /* IEEE 802.3 22.2.4.2 */
#define PHY_STATUS_LINK 0x4u /* latches low: a second read says how it is now */

static struct {
    enr_nic_t nic;
    uint8_t *buffers[ENR_NIC_BUFFERS]; /* empty ones, a ring in the order of the offers */
    size_t oldest;
    size_t count;
    _Alignas(4) uint8_t frame[ENR_NIC_SEND_MAX];
} lan;

static void wait_for_mac(void)
{
    while ((MAC_COMMAND & MAC_COMMAND_BUSY) != 0) {
    }
}

static void write_mac(uint32_t number, uint32_t value)
{
    MAC_DATA = value;
    MAC_COMMAND = MAC_COMMAND_BUSY | number;
    wait_for_mac();
}

static uint32_t read_mac(uint32_t number)
{
    MAC_COMMAND = MAC_COMMAND_BUSY | MAC_COMMAND_READ | number;
    wait_for_mac();
    return MAC_DATA;
}

static uint32_t read_phy(uint32_t number)
{
    write_mac(MAC_MII, PHY << 11 | number << 6);
    return read_mac(MAC_MII_DATA);
}

static bool has_link(void *ctx)
{
    (void)ctx;
    (void)read_phy(PHY_STATUS);
    return (read_phy(PHY_STATUS) & PHY_STATUS_LINK) != 0;
}

static void offer(void *ctx, uint8_t *buffer)
{
    (void)ctx;
    lan.buffers[(lan.oldest + lan.count) % ENR_NIC_BUFFERS] = buffer;
    lan.count++;
}

/* The rest of a frame, its check sequence included, leaves the FIFO either way. */
static bool take(uint8_t *buffer, uint32_t status, size_t *out_len)
{
    size_t whole = RX_STATUS_LEN(status);
    size_t len = whole - 4;
    bool good = (status & RX_STATUS_ERROR) == 0 && whole > 4 && len <= ENR_NIC_FRAME_MAX;
    for (size_t at = 0; at < whole; at += 4) {
        uint32_t word = RX_DATA;
        if (good && at < len) {
            memcpy(buffer + at, &word, 4); /* a buffer's size is a multiple of 4 */
        }
    }
    *out_len = len;
    return good;
}

static bool receive(void *ctx, size_t *out_len)
{
    (void)ctx;
    while (lan.count > 0 && RX_FIFO_STATUSES(RX_FIFO) > 0) {
        if (take(lan.buffers[lan.oldest], RX_STATUS, out_len)) {
            lan.oldest = (lan.oldest + 1) % ENR_NIC_BUFFERS;
            lan.count--;
            return true;
        }
    }
    return false;
}

static uint8_t *frame(void *ctx)
{
    (void)ctx;
    return TX_FIFO_FREE(TX_FIFO) >= ENR_NIC_SEND_MAX + TX_COMMANDS_LEN ? lan.frame : NULL;
}

static void send(void *ctx, size_t len)
{
    (void)ctx;
    TX_DATA = TX_FIRST_AND_LAST | (uint32_t)len;
    TX_DATA = (uint32_t)len;
    for (size_t at = 0; at < len; at += 4) {
        uint32_t word;
        memcpy(&word, lan.frame + at, 4);
        TX_DATA = word;
    }
    while (TX_FIFO_STATUSES(TX_FIFO) > 0) {
        (void)TX_STATUS;
    }
}

void lan9118_ready(void)
{
    static const uint8_t no_address[6] = {0x02, 0, 0, 0, 0, 1}; /* of our own making (IEEE 802 8.2) */
    const host_page_t *page = host_page();
    lan.nic = (enr_nic_t){.link = has_link, .offer = offer, .receive = receive, .frame = frame, .send = send};
    memcpy(lan.nic.address, page == NULL ? no_address : page->address, sizeof no_address);
    const uint8_t *octets = lan.nic.address;
    while (BYTE_TEST != BYTE_TEST_VALUE) {
    }
    HW_CFG = HW_CFG_RESET;
    while ((HW_CFG & HW_CFG_RESET) != 0) {
    }
    write_mac(MAC_ADDRESS_LOW,
              octets[0] | (uint32_t)octets[1] << 8 | (uint32_t)octets[2] << 16 | (uint32_t)octets[3] << 24);
    write_mac(MAC_ADDRESS_HIGH, octets[4] | (uint32_t)octets[5] << 8);
    write_mac(MAC_CR, MAC_CR_FULL_DUPLEX | MAC_CR_SEND | MAC_CR_RECEIVE);
    TX_CFG = TX_CFG_ON;
}

const enr_nic_t *board_nic(void)
{
    return &lan.nic;
}
