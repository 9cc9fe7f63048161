/* lwIP 2.2 as a badge scanner needs it: one Ethernet interface, IPv4, DHCP, DNS, SNTP and a few TCP connections; no
   thread, no heap (DESIGN 3). Sizes are for 64 KB of RAM; a board with more overrides those in #ifndef. */
#ifndef ENRICH_LWIPOPTS_H
#define ENRICH_LWIPOPTS_H

#include "enrich_lwip.h"

/* ---- no system, no heap ----------------------------------------------------------------------------------------- */

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0 /* one context: nothing of lwIP runs in an interrupt */
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define MEM_LIBC_MALLOC 0
#define MEMP_MEM_MALLOC 0
#define MEM_ALIGNMENT __SIZEOF_POINTER__

/* High-water marks of the pools; nothing else is counted. */
#define LWIP_STATS 1
#define MEM_STATS 1
#define MEMP_STATS 1
#define LINK_STATS 0
#define ETHARP_STATS 0
#define IP_STATS 0
#define ICMP_STATS 0
#define UDP_STATS 0
#define TCP_STATS 0
#define SYS_STATS 0

/* ---- protocols -------------------------------------------------------------------------------------------------- */

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ARP 1
#define LWIP_ICMP 1
#define LWIP_RAW 0
#define LWIP_DHCP 1
#define LWIP_DNS 1
#define LWIP_UDP 1
#define LWIP_TCP 1
#define LWIP_SINGLE_NETIF 1
#define LWIP_NETIF_HOSTNAME 0
/* The DHCP server checks an address before it offers it (RFC 2131 2.2); a second check here costs seconds at start. */
#define LWIP_DHCP_DOES_ACD_CHECK 0
#define DHCP_DOES_ARP_CHECK 0
#define ARP_QUEUEING 0
#define ARP_TABLE_SIZE 4 /* the gateway, and servers on the same wire */
#define IP_FORWARD 0
#define IP_FRAG 0
#define IP_REASSEMBLY 0
#define LWIP_CHECKSUM_CTRL_PER_NETIF 0

/* ---- buffers ---------------------------------------------------------------------------------------------------- */

/* A frame buffer is what the network chip writes into, so the largest frame. Whole ones are taken although smaller
   segments are asked for: not everything on the way heeds that (QEMU's user network does not). All of the pool is the
   chip's, but for the one frame at work: data is copied out of it at once. */
#define PBUF_POOL_BUFSIZE ENR_NIC_FRAME_MAX
#define PBUF_POOL_SIZE ENR_NIC_BUFFERS

/* What is on its way out: some segments of ENR_NIC_SEND_MAX, and one datagram of DHCP, DNS, SNTP, ARP or ICMP. */
#ifndef MEM_SIZE
#define MEM_SIZE 2048
#endif

/* The window is the receive buffer of a net: what fits there may come, in two segments or more. */
#define TCP_WND ENR_LWIP_RECEIVE_MAX
#define TCP_MSS ((TCP_WND) / 2 < 1460 ? (TCP_WND) / 2 : 1460)
#ifndef TCP_SND_BUF
#define TCP_SND_BUF (2 * TCP_MSS)
#endif
#define TCP_SND_QUEUELEN 8
#define TCP_OVERSIZE TCP_MSS
#define TCP_QUEUE_OOSEQ 0
#define TCP_LISTEN_BACKLOG 0
#define LWIP_TCP_KEEPALIVE 1
/* A lost segment is sent again 6 times with growing gaps, unless keepalive gives up before. */
#define TCP_MAXRTX 6
#define TCP_SYNMAXRTX 4

/* Connections: one open, others still closing. */
#define MEMP_NUM_TCP_PCB 3
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_TCP_SEG 8
#define MEMP_NUM_UDP_PCB (2 + DNS_TABLE_SIZE) /* DHCP, SNTP, and a port of its own for each question */
#define MEMP_NUM_PBUF 4
#define MEMP_NUM_SYS_TIMEOUT (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 2)

/* ---- names ------------------------------------------------------------------------------------------------------ */

/* Two names at once: the service's and the time server's. Nothing is cached, so that asking again asks the server
   again: after a failed connection it may give another address (DESIGN 13, behaviours 29). */
#define DNS_TABLE_SIZE 2
#define DNS_MAX_REQUESTS DNS_TABLE_SIZE /* more of them read beyond the table: dns_call_found in 2.2.1 */
#define DNS_MAX_SOURCE_PORTS DNS_TABLE_SIZE
#define DNS_MAX_NAME_LENGTH (ENR_HOST_MAX + 1)
#define DNS_MAX_TTL 0
#define DNS_MAX_SERVERS 2

/* ---- time ------------------------------------------------------------------------------------------------------- */

#define SNTP_SERVER_DNS 1
#define SNTP_MAX_SERVERS 1
#define SNTP_STARTUP_DELAY 0
#define SNTP_CHECK_RESPONSE 2
/* The time stamp that a request carries and that its answer must repeat is random: nobody else can answer. */
#define SNTP_GET_SYSTEM_TIME_NTP(s, f)                                                                                 \
    do {                                                                                                               \
        (s) = (s32_t)enr_lwip_random();                                                                                \
        (f) = enr_lwip_random();                                                                                       \
    } while (0)
#define SNTP_SET_SYSTEM_TIME_NTP(s, f) enr_lwip_time_came(s)

/* Seconds since 2036-02-07T06:28:16Z, where NTP's second era begins (RFC 5905 6). */
void enr_lwip_time_came(int32_t ntp_seconds);

/* ---- random numbers --------------------------------------------------------------------------------------------- */

/* 32 bits of the program's generator: ports, transaction ids, sequence numbers (RFC 6056, RFC 6528). */
uint32_t enr_lwip_random(void);
#define LWIP_RAND() enr_lwip_random()
#define LWIP_RANDOMIZE_INITIAL_LOCAL_PORTS 1
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) enr_lwip_random()

#endif
