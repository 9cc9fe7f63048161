/* lwIP's interface over a board's network chip: frames, cable, DHCP, random numbers. */
#include "internal.h"

#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/stats.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#include <assert.h>
#include <string.h>

/* Frames of one poll at most, so that a flood leaves time for everything else. */
#define FRAMES_A_POLL 8

#define LINK_CHECK_MS 100

_Static_assert(ENR_NIC_SEND_MAX % 4 == 0 && ENR_NIC_SEND_MAX >= SIZEOF_ETH_HDR + 576,
               "a frame holds the datagram that every host must take (RFC 1122 3.3.2)");
_Static_assert(ENR_NIC_FRAME_MAX % 4 == 0 && ENR_NIC_FRAME_MAX >= SIZEOF_ETH_HDR + 576 &&
                   (ENR_NIC_FRAME_MAX >= 1516 || ENR_NIC_FRAME_MAX >= ENR_LWIP_RECEIVE_MAX + SIZEOF_ETH_HDR + 40),
               "a segment as large as the window fits a frame, and what every host must take");
_Static_assert(ENR_LWIP_RECEIVE_MAX >= 2 * TCP_MSS, "the window holds two segments");

static struct {
    enr_lwip_config_t config;
    bool started;
    bool in_frame;
    uint32_t link_since_ms;
    struct netif netif;
    struct dhcp dhcp;
    struct pbuf *offered[ENR_NIC_BUFFERS]; /* the chip's buffers, a ring in the order of the offers */
    size_t offered_from;
    size_t offered_count;
} stack;

/* --- what lwIP asks for --- */

/* lwIP's monotonic clock; the name is its own. */
u32_t sys_now(void)
{
    return lwip_now_ms();
}

uint32_t lwip_now_ms(void)
{
    return stack.config.monotonic_ms(stack.config.clock_ctx);
}

/* A generator that fails later on (its entropy source is gone) leaves numbers that can be guessed: TLS then refuses to
   work, and no connection is begun (net.c). */
uint32_t enr_lwip_random(void)
{
    uint32_t number = 0;
    if (stack.config.random((uint8_t *)&number, sizeof number) != ENR_OK) {
        number = lwip_now_ms();
    }
    return number;
}

bool lwip_is_random(void)
{
    uint8_t byte;
    return stack.config.random(&byte, 1) == ENR_OK;
}

bool lwip_in_frame(void)
{
    return stack.in_frame;
}

/* --- frames --- */

/* netif.linkoutput */
static err_t send_frame(struct netif *netif, struct pbuf *p)
{
    const enr_nic_t *nic = netif->state;
    if (p->tot_len > ENR_NIC_SEND_MAX) {
        return ERR_BUF; /* the answer to a long ping, for example */
    }
    uint8_t *frame = nic->frame(nic->ctx);
    if (frame == NULL) {
        return ERR_MEM; /* TCP sends again by itself, like DHCP, DNS and SNTP */
    }
    nic->send(nic->ctx, pbuf_copy_partial(p, frame, p->tot_len, 0));
    return ERR_OK;
}

/* Gives the chip as many empty buffers as it may have and as there are. */
static void offer_buffers(void)
{
    const enr_nic_t *nic = stack.config.nic;
    while (stack.offered_count < ENR_NIC_BUFFERS) {
        struct pbuf *buffer = pbuf_alloc(PBUF_RAW, ENR_NIC_FRAME_MAX, PBUF_POOL);
        if (buffer == NULL) {
            return;
        }
        stack.offered[(stack.offered_from + stack.offered_count) % ENR_NIC_BUFFERS] = buffer;
        stack.offered_count++;
        nic->offer(nic->ctx, buffer->payload);
    }
}

static void take_frames(void)
{
    const enr_nic_t *nic = stack.config.nic;
    size_t len;
    for (int i = 0; i < FRAMES_A_POLL && stack.offered_count > 0 && nic->receive(nic->ctx, &len); i++) {
        struct pbuf *frame = stack.offered[stack.offered_from];
        stack.offered_from = (stack.offered_from + 1) % ENR_NIC_BUFFERS;
        stack.offered_count--;
        assert(len <= ENR_NIC_FRAME_MAX);
        pbuf_realloc(frame, (u16_t)len);
        stack.in_frame = true;
        if (stack.netif.input(frame, &stack.netif) != ERR_OK) {
            pbuf_free(frame);
        }
        stack.in_frame = false;
        offer_buffers();
    }
}

static void watch_link(void)
{
    const enr_nic_t *nic = stack.config.nic;
    if (lwip_now_ms() - stack.link_since_ms < LINK_CHECK_MS) {
        return;
    }
    stack.link_since_ms = lwip_now_ms();
    bool link = nic->link(nic->ctx);
    if (link && !netif_is_link_up(&stack.netif)) {
        netif_set_link_up(&stack.netif); /* DHCP then asks whether its address is still good here */
    } else if (!link && netif_is_link_up(&stack.netif)) {
        netif_set_link_down(&stack.netif);
    }
}

/* --- the interface --- */

static err_t ready_netif(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->output = etharp_output;
    netif->linkoutput = send_frame;
    netif->mtu = 1500;
    netif->hwaddr_len = sizeof stack.config.nic->address;
    memcpy(netif->hwaddr, stack.config.nic->address, sizeof stack.config.nic->address);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    return ERR_OK;
}

enr_status_t enr_lwip_start(const enr_lwip_config_t *config)
{
    assert(config != NULL && config->nic != NULL && config->monotonic_ms != NULL && config->random != NULL);
    assert(!stack.started);
    uint8_t byte;
    if (config->random(&byte, 1) != ENR_OK) {
        return ENR_E_ENTROPY;
    }
    stack.config = *config;
    stack.started = true;
    lwip_init();
    stack.link_since_ms = lwip_now_ms() - LINK_CHECK_MS;
    (void)netif_add_noaddr(&stack.netif, (void *)(uintptr_t)config->nic, ready_netif, ethernet_input);
    netif_set_default(&stack.netif);
    netif_set_up(&stack.netif);
    dhcp_set_struct(&stack.netif, &stack.dhcp);
    err_t begun = dhcp_start(&stack.netif); /* without a cable it waits for one */
    assert(begun == ERR_OK);
    (void)begun;
    lwip_clock_start(config);
    offer_buffers();
    return ENR_OK;
}

void enr_lwip_poll(void)
{
    assert(stack.started);
    watch_link();
    offer_buffers();
    take_frames();
    sys_check_timeouts();
    lwip_clock_poll();
}

bool lwip_has_address(void)
{
    return stack.started && netif_is_link_up(&stack.netif) && dhcp_supplied_address(&stack.netif);
}

static void copy_address(uint8_t out[4], const ip4_addr_t *address)
{
    memcpy(out, &address->addr, 4);
}

void enr_lwip_info(enr_lwip_info_t *out)
{
    assert(stack.started);
    *out = (enr_lwip_info_t){
        .link = netif_is_link_up(&stack.netif),
        .has_address = lwip_has_address(),
        .times_refused = lwip_times_refused(),
        .heap_high_water = (uint16_t)lwip_stats.mem.max,
        .heap_size = (uint16_t)lwip_stats.mem.avail,
        .frames_high_water = (uint16_t)memp_pools[MEMP_PBUF_POOL]->stats->max,
        .frames = (uint16_t)memp_pools[MEMP_PBUF_POOL]->stats->avail,
        .segments_high_water = (uint16_t)memp_pools[MEMP_TCP_SEG]->stats->max,
        .segments = (uint16_t)memp_pools[MEMP_TCP_SEG]->stats->avail,
        .pool_failures = lwip_stats.mem.err,
    };
    copy_address(out->address, netif_ip4_addr(&stack.netif));
    copy_address(out->gateway, netif_ip4_gw(&stack.netif));
    copy_address(out->dns, dns_getserver(0));
    for (size_t i = 0; i < MEMP_MAX; i++) {
        out->pool_failures += memp_pools[i]->stats->err;
    }
}
