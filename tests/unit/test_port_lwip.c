/* The lwIP port on the host, over a network chip that is a table and a clock that is a number: what takes minutes or
   days on a board, and what no real network does on demand. The world answers DHCP, ARP, DNS, SNTP and one TCP
   connection, by hand and as badly as a test wants. Its network is 10.0.0.0/24: the board .2, everybody else .1. */
#include "enrich_lwip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TCP_FIN 1u
#define TCP_SYN 2u
#define TCP_RST 4u
#define TCP_PSH 8u
#define TCP_ACK 16u

#define FLOOR_S INT64_C(1800000000)
#define PORT 443

typedef enum { DNS_KNOWS, DNS_DENIES, DNS_IS_SILENT } dns_t;

/* The other end of everything. */
static struct {
    uint32_t now_ms;
    bool link;
    enr_status_t random; /* what the generator says */
    uint32_t seed;

    uint8_t *buffers[ENR_NIC_BUFFERS]; /* the chip's: those that it may fill */
    size_t buffer_from, buffer_count;
    struct {
        size_t len;
        uint8_t bytes[ENR_NIC_FRAME_MAX];
    } arriving[64];
    size_t arriving_from, arriving_count;
    uint8_t frame[ENR_NIC_SEND_MAX];
    bool busy; /* the chip takes no frame */
    size_t sent;

    uint8_t lease[4]; /* what DHCP gives */
    dns_t dns;
    uint8_t addresses[2][4]; /* what DNS gives, in turn */
    size_t address_count;
    size_t asked;
    uint16_t question_id, question_port;
    bool tells_time;
    uint32_t time_s; /* since 1970 */
    size_t times_asked;

    bool listens; /* answers a SYN */
    bool refuses; /* by a RST */
    bool acks;    /* what it gets */
    size_t syns;
    uint8_t tcp_address[4]; /* of the last SYN */
    uint16_t tcp_port;      /* the board's */
    uint32_t first_sequence;
    uint32_t theirs, ours; /* next sequence numbers */
    uint16_t window;       /* the board's last */
    size_t received;       /* bytes from the board, in order */
    bool ended;            /* FIN came */
    bool reset;            /* RST came */
} world;

static const uint8_t gateway[4] = {10, 0, 0, 1};
static const uint8_t chip_address[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t world_mac[6] = {2, 0, 0, 0, 0, 0xEE};

/* --- bytes --- */

static uint16_t get_16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get_32(const uint8_t *at)
{
    return (uint32_t)get_16(at) << 16 | get_16(at + 2);
}

static void put_16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put_32(uint8_t *at, uint32_t value)
{
    put_16(at, value >> 16);
    put_16(at + 2, value & 0xFFFF);
}

static uint32_t add_up(const uint8_t *bytes, size_t len, uint32_t sum)
{
    for (size_t i = 0; i < len; i++) {
        sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    }
    return sum;
}

static unsigned fold(uint32_t sum)
{
    while (sum > 0xFFFF) {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    return ~sum & 0xFFFF;
}

/* --- frames to the board --- */

static void arrive(const uint8_t *frame, size_t len)
{
    assert_true(world.arriving_count < 64);
    size_t at = (world.arriving_from + world.arriving_count++) % 64;
    memcpy(world.arriving[at].bytes, frame, len);
    world.arriving[at].len = len;
}

/* RFC 791, RFC 768, RFC 9293. head: what stands between IP header and data, its checksum at sum_at. */
static void send_ip(unsigned protocol, const uint8_t from[4], const uint8_t to[4], uint8_t *head, size_t head_len,
                    size_t sum_at, const void *data, size_t len)
{
    uint8_t frame[ENR_NIC_FRAME_MAX] = {0};
    uint8_t *ip = frame + 14;
    memcpy(frame, chip_address, 6);
    memcpy(frame + 6, world_mac, 6);
    put_16(frame + 12, 0x0800);
    ip[0] = 0x45;
    put_16(ip + 2, (unsigned)(20 + head_len + len));
    ip[8] = 64;
    ip[9] = (uint8_t)protocol;
    memcpy(ip + 12, from, 4);
    memcpy(ip + 16, to, 4);
    put_16(ip + 10, fold(add_up(ip, 20, 0)));
    memcpy(ip + 20, head, head_len);
    memcpy(ip + 20 + head_len, data, len);
    uint32_t sum = add_up(ip + 12, 8, protocol + (uint32_t)(head_len + len));
    put_16(ip + 20 + sum_at, fold(add_up(ip + 20, head_len + len, sum)));
    arrive(frame, 34 + head_len + len);
}

static void send_udp(const uint8_t from[4], const uint8_t to[4], uint16_t from_port, uint16_t to_port,
                     const uint8_t *data, size_t len)
{
    uint8_t head[8] = {0};
    put_16(head, from_port);
    put_16(head + 2, to_port);
    put_16(head + 4, (unsigned)(8 + len));
    send_ip(17, from, to, head, sizeof head, 6, data, len);
}

static void send_tcp(unsigned flags, const void *data, size_t len)
{
    uint8_t head[24] = {0};
    size_t head_len = (flags & TCP_SYN) != 0 ? 24 : 20;
    put_16(head, PORT);
    put_16(head + 2, world.tcp_port);
    put_32(head + 4, world.ours);
    put_32(head + 8, world.theirs);
    head[12] = (uint8_t)(head_len / 4 << 4);
    head[13] = (uint8_t)flags;
    put_16(head + 14, 0xFFFF);
    memcpy(head + 20, (const uint8_t[]){2, 4, 1460 >> 8, 1460 & 0xFF}, 4); /* maximum segment size */
    send_ip(6, world.tcp_address, world.lease, head, head_len, 16, data, len);
    world.ours += (uint32_t)len + ((flags & (TCP_SYN | TCP_FIN)) != 0 ? 1 : 0);
}

/* --- frames from the board --- */

static void on_dhcp(const uint8_t *message, size_t len)
{
    const uint8_t *option = message + 240;
    while (option < message + len && *option != 53) {
        option += option[0] == 0 ? 1 : 2 + option[1];
    }
    uint8_t answer[300] = {0};
    memcpy(answer, message, 240);
    answer[0] = 2;
    memcpy(answer + 16, world.lease, 4);
    uint8_t *at = answer + 240;
    const uint8_t options[] = {53,  1,    option[2] == 1 ? 2 : 5, /* an offer, or an acknowledgement */
                               54,  4,    10,
                               0,   0,    1, /* server */
                               51,  4,    0,
                               0,   0x0E, 0x10, /* an hour */
                               1,   4,    255,
                               255, 255,  0,
                               3,   4,    10,
                               0,   0,    1,
                               6,   4,    10,
                               0,   0,    1,
                               255};
    memcpy(at, options, sizeof options);
    send_udp(gateway, (const uint8_t[]){255, 255, 255, 255}, 67, 68, answer, sizeof answer);
}

static void on_dns(uint16_t from_port, const uint8_t *message, size_t len)
{
    uint8_t answer[512] = {0};
    bool for_time = message[13] == 't'; /* "time.test", which is always known */
    dns_t dns = for_time ? DNS_KNOWS : world.dns;
    size_t turn = for_time ? 0 : world.asked++;
    world.question_id = get_16(message);
    world.question_port = from_port;
    if (dns == DNS_IS_SILENT) {
        return;
    }
    memcpy(answer, message, len);
    put_16(answer + 2, dns == DNS_KNOWS ? 0x8180 : 0x8183);
    put_16(answer + 6, dns == DNS_KNOWS);
    if (dns == DNS_KNOWS) {
        const uint8_t record[] = {0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4};
        memcpy(answer + len, record, sizeof record);
        memcpy(answer + len + sizeof record, world.addresses[turn % world.address_count], 4);
        len += sizeof record + 4;
    }
    send_udp(gateway, world.lease, 53, from_port, answer, len);
}

static void on_sntp(uint16_t from_port, const uint8_t *message)
{
    uint8_t answer[48] = {0x24, 1};
    world.times_asked++;
    if (world.tells_time) {
        memcpy(answer + 24, message + 40, 8);
        put_32(answer + 40, world.time_s + 2208988800u);
        send_udp(gateway, world.lease, 123, from_port, answer, sizeof answer);
    }
}

static void on_segment(const uint8_t *tcp, size_t len, unsigned flags)
{
    size_t data = len - (size_t)(tcp[12] >> 4) * 4;
    if ((flags & TCP_RST) != 0) {
        world.reset = true;
    } else if (data > 0 || (flags & TCP_FIN) != 0) {
        bool next = get_32(tcp + 4) == world.theirs;
        world.received += next ? data : 0;
        world.ended = world.ended || (next && (flags & TCP_FIN) != 0);
        if (world.acks) {
            world.theirs += next ? (uint32_t)data + ((flags & TCP_FIN) != 0) : 0;
            send_tcp(TCP_ACK, "", 0);
        }
    } else if (get_32(tcp + 4) + 1 == world.theirs && world.acks) {
        send_tcp(TCP_ACK, "", 0); /* it asked whether anybody is there (RFC 9293 3.8.4) */
    }
}

static void on_tcp(const uint8_t *ip, const uint8_t *tcp, size_t len)
{
    unsigned flags = tcp[13];
    world.window = get_16(tcp + 14);
    if ((flags & TCP_SYN) == 0) {
        on_segment(tcp, len, flags);
        return;
    }
    world.syns++;
    world.tcp_port = get_16(tcp);
    world.first_sequence = get_32(tcp + 4);
    world.theirs = world.first_sequence + 1;
    world.ours = 1000;
    world.received = 0;
    world.ended = false;
    world.reset = false;
    memcpy(world.tcp_address, ip + 16, 4);
    if (world.refuses) {
        send_tcp(TCP_RST | TCP_ACK, "", 0);
    } else if (world.listens) {
        send_tcp(TCP_SYN | TCP_ACK, "", 0);
    }
}

static void on_arp(const uint8_t *arp)
{
    uint8_t frame[42] = {0};
    if (get_16(arp + 6) != 1 || memcmp(arp + 24, world.lease, 4) == 0) {
        return;
    }
    memcpy(frame, arp + 8, 6);
    memcpy(frame + 6, world_mac, 6);
    put_16(frame + 12, 0x0806);
    memcpy(frame + 14, arp, 8);
    put_16(frame + 20, 2);
    memcpy(frame + 22, world_mac, 6);
    memcpy(frame + 28, arp + 24, 4);
    memcpy(frame + 32, arp + 8, 10);
    arrive(frame, sizeof frame);
}

static void on_frame(const uint8_t *frame)
{
    const uint8_t *ip = frame + 14;
    const uint8_t *inner = ip + 20;
    size_t len = get_16(ip + 2) - 20u;
    if (get_16(frame + 12) == 0x0806) {
        on_arp(frame + 14);
    } else if (ip[9] == 6) {
        on_tcp(ip, inner, len);
    } else if (ip[9] == 17 && get_16(inner + 2) == 67) {
        on_dhcp(inner + 8, len - 8);
    } else if (ip[9] == 17 && get_16(inner + 2) == 53) {
        on_dns(get_16(inner), inner + 8, len - 8);
    } else if (ip[9] == 17 && get_16(inner + 2) == 123) {
        on_sntp(get_16(inner), inner + 8);
    }
}

/* --- the chip --- */

static bool chip_link(void *ctx)
{
    (void)ctx;
    return world.link;
}

static void chip_offer(void *ctx, uint8_t *buffer)
{
    (void)ctx;
    assert_true(world.buffer_count < ENR_NIC_BUFFERS && (uintptr_t)buffer % 4 == 0);
    world.buffers[(world.buffer_from + world.buffer_count++) % ENR_NIC_BUFFERS] = buffer;
}

static bool chip_receive(void *ctx, size_t *out_len)
{
    (void)ctx;
    if (world.arriving_count == 0 || world.buffer_count == 0) {
        return false;
    }
    *out_len = world.arriving[world.arriving_from].len;
    memcpy(world.buffers[world.buffer_from], world.arriving[world.arriving_from].bytes, *out_len);
    world.buffer_from = (world.buffer_from + 1) % ENR_NIC_BUFFERS;
    world.buffer_count--;
    world.arriving_from = (world.arriving_from + 1) % 64;
    world.arriving_count--;
    return true;
}

static uint8_t *chip_frame(void *ctx)
{
    (void)ctx;
    return world.busy ? NULL : world.frame;
}

static void chip_send(void *ctx, size_t len)
{
    (void)ctx;
    assert_true(len >= 14 && len <= ENR_NIC_SEND_MAX);
    world.sent++;
    if (world.link) {
        on_frame(world.frame);
    }
}

static const enr_nic_t chip = {.address = {2, 0, 0, 0, 0, 1}, /* chip_address */
                               .link = chip_link,
                               .offer = chip_offer,
                               .receive = chip_receive,
                               .frame = chip_frame,
                               .send = chip_send};

static uint32_t world_ms(void *ctx)
{
    (void)ctx;
    return world.now_ms;
}

static enr_status_t world_random(uint8_t *out, size_t len)
{
    for (size_t i = 0; world.random == ENR_OK && i < len; i++) {
        world.seed = world.seed * 1664525 + 1013904223;
        out[i] = (uint8_t)(world.seed >> 24);
    }
    return world.random;
}

/* --- what the tests do --- */

static enr_lwip_net_t lwip_net;

/* Lets time pass, as a main loop does. */
static void pass(uint32_t ms)
{
    for (uint32_t passed = 0; passed < ms; passed += 10) {
        world.now_ms += 10;
        enr_lwip_poll();
    }
}

static bool has_address(void)
{
    enr_lwip_info_t info;
    enr_lwip_info(&info);
    return info.has_address && memcmp(info.address, world.lease, 4) == 0;
}

static int group_setup(void **state)
{
    (void)state;
    static const enr_lwip_config_t config = {.nic = &chip,
                                             .monotonic_ms = world_ms,
                                             .random = world_random,
                                             .time_server = "time.test",
                                             .clock_floor = FLOOR_S};
    world.now_ms = UINT32_MAX - 5000; /* the wrap is near (behaviours 25) */
    world.address_count = 1;
    memcpy(world.addresses[0], gateway, 4);
    memcpy(world.lease, (const uint8_t[]){10, 0, 0, 2}, 4);
    world.random = ENR_E_ENTROPY;
    assert_int_equal(enr_lwip_start(&config), ENR_E_ENTROPY);
    world.random = ENR_OK;
    assert_int_equal(enr_lwip_start(&config), ENR_OK);
    return 0;
}

static enr_net_t start_net(bool refuse_private)
{
    enr_lwip_net_start(&lwip_net, &(enr_lwip_net_config_t){.refuse_private = refuse_private});
    return enr_lwip_net(&lwip_net);
}

/* A world in which all is well, and a closed net. */
static int setup(void **state)
{
    (void)state;
    world.link = true;
    world.busy = false;
    world.dns = DNS_KNOWS;
    world.address_count = 1;
    memcpy(world.addresses[0], gateway, 4);
    memcpy(world.lease, (const uint8_t[]){10, 0, 0, 2}, 4);
    world.listens = true;
    world.refuses = false;
    world.acks = true;
    world.random = ENR_OK;
    if (!has_address()) {
        world.link = false;
        pass(200);
        world.link = true;
        pass(20000);
    }
    return has_address() ? 0 : -1;
}

static enr_status_t open_net(enr_net_t net, uint32_t most_ms)
{
    enr_phase_t phase;
    enr_wait_t wait;
    for (uint32_t since_ms = world.now_ms; world.now_ms - since_ms <= most_ms;) {
        enr_status_t status = net.open(net.ctx, ENR_SPAN("app.test"), PORT, world.now_ms, &phase, &wait);
        if (status != ENR_AGAIN) {
            return status;
        }
        do {
            pass(10);
        } while (!enr_lwip_net_ready(net.ctx, &wait) && world.now_ms - since_ms <= most_ms);
    }
    return ENR_AGAIN;
}

/* How long until receive says something else than that there is nothing. */
static enr_status_t receive_until(enr_net_t net, uint32_t most_ms, uint32_t *out_ms)
{
    uint8_t bytes[64];
    size_t len;
    enr_status_t status = ENR_AGAIN;
    uint32_t since_ms = world.now_ms;
    while (status == ENR_AGAIN && world.now_ms - since_ms < most_ms) {
        pass(100);
        status = net.receive(net.ctx, bytes, sizeof bytes, &len);
    }
    *out_ms = world.now_ms - since_ms;
    return status;
}

/* --- the interface --- */

static void the_cable_and_dhcp_are_told(void **state)
{
    (void)state;
    enr_lwip_info_t info;
    enr_lwip_info(&info);
    assert_true(info.link && info.has_address);
    assert_memory_equal(info.address, world.lease, 4);
    assert_memory_equal(info.dns, gateway, 4);
    world.link = false;
    pass(200);
    enr_lwip_info(&info);
    assert_false(info.link || info.has_address);
    enr_net_t net = start_net(false);
    assert_int_equal(open_net(net, 1000), ENR_E_UNREACHABLE);
    world.link = true;
    pass(5000);
    assert_true(has_address());
    assert_int_equal(open_net(net, 1000), ENR_OK);
    net.close(net.ctx);
}

/* Whoever comes back to another network has another address, and its connection is gone. */
static void a_new_address_ends_the_connection(void **state)
{
    (void)state;
    uint32_t ms;
    enr_net_t net = start_net(false);
    assert_int_equal(open_net(net, 1000), ENR_OK);
    world.link = false;
    pass(1000);
    world.link = true;
    world.lease[3] = 77;
    assert_int_equal(receive_until(net, 20000, &ms), ENR_E_NETWORK);
    net.close(net.ctx);
    pass(5000);
    assert_int_equal(open_net(net, 5000), ENR_OK);
    net.close(net.ctx);
}

static void a_busy_chip_loses_nothing(void **state)
{
    (void)state;
    size_t sent;
    enr_net_t net = start_net(false);
    assert_int_equal(open_net(net, 1000), ENR_OK);
    world.busy = true;
    assert_int_equal(net.send(net.ctx, ENR_SPAN("hello"), &sent), ENR_OK);
    pass(1000);
    assert_int_equal(world.received, 0);
    world.busy = false;
    pass(10000);
    assert_int_equal(world.received, 5);
    net.close(net.ctx);
}

/* --- the connection --- */

/* behaviours 30: nothing was on its way, the peer is gone. */
static void a_vanished_peer_is_noticed_in_silence(void **state)
{
    (void)state;
    uint32_t ms;
    enr_net_t net = start_net(false);
    assert_int_equal(open_net(net, 1000), ENR_OK);
    assert_int_equal(receive_until(net, 300000, &ms), ENR_AGAIN); /* it answers when it is asked */
    world.acks = false;
    assert_int_equal(receive_until(net, 300000, &ms), ENR_E_NETWORK);
    assert_in_range(ms, 40000, 82000); /* the silence may have begun just after a probe */
    net.close(net.ctx);
}

/* behaviours 30: a request was sent, and nobody confirms it. */
static void a_vanished_peer_is_noticed_after_a_send(void **state)
{
    (void)state;
    uint32_t ms;
    size_t sent;
    enr_net_t net = start_net(false);
    assert_int_equal(open_net(net, 1000), ENR_OK);
    world.acks = false;
    assert_int_equal(net.send(net.ctx, ENR_SPAN("hello"), &sent), ENR_OK);
    assert_int_equal(receive_until(net, 300000, &ms), ENR_E_NETWORK);
    assert_in_range(ms, 40000, 82000);
    net.close(net.ctx);
}

static void what_nobody_confirms_holds_further_bytes_back(void **state)
{
    (void)state;
    static const uint8_t bytes[4096];
    size_t all = 0, sent;
    const enr_wait_t writable = {.events = ENR_WAIT_WRITE};
    enr_net_t net = start_net(false);
    assert_int_equal(open_net(net, 1000), ENR_OK);
    world.acks = false;
    while (net.send(net.ctx, (enr_span_t){bytes, sizeof bytes}, &sent) == ENR_OK) {
        all += sent;
        assert_true(all < 5000);
    }
    assert_in_range(all, 500, 1200);
    enr_lwip_info_t info;
    enr_lwip_info(&info);
    assert_int_equal(info.pool_failures, 0);
    assert_false(enr_lwip_net_ready(&lwip_net, &writable));
    world.theirs += (uint32_t)all;
    world.acks = true;
    send_tcp(TCP_ACK, "", 0);
    pass(10);
    assert_true(enr_lwip_net_ready(&lwip_net, &writable));
    assert_int_equal(net.send(net.ctx, (enr_span_t){bytes, sizeof bytes}, &sent), ENR_OK);
    net.close(net.ctx);
}

/* A program that does not read closes the window; its frame buffers stay free, so that names still resolve. */
static void who_does_not_read_keeps_others_alive(void **state)
{
    (void)state;
    static const uint8_t bytes[400];
    uint8_t got[ENR_LWIP_RECEIVE_MAX];
    size_t all = 0, len = 0;
    enr_net_t net = start_net(false);
    assert_int_equal(open_net(net, 1000), ENR_OK);
    while (world.window >= sizeof bytes) {
        send_tcp(TCP_ACK | TCP_PSH, bytes, sizeof bytes);
        pass(500);
        all += sizeof bytes;
        assert_true(all <= ENR_LWIP_RECEIVE_MAX);
    }
    assert_true(all > ENR_LWIP_RECEIVE_MAX / 2);
    assert_int_equal(world.buffer_count, ENR_NIC_BUFFERS);
    for (size_t taken = 0; taken < all; taken += len) {
        assert_int_equal(net.receive(net.ctx, got, sizeof got, &len), ENR_OK);
    }
    assert_int_equal(net.receive(net.ctx, got, sizeof got, &len), ENR_AGAIN);
    send_tcp(TCP_ACK | TCP_PSH, bytes, sizeof bytes);
    pass(500);
    assert_int_equal(net.receive(net.ctx, got, sizeof got, &len), ENR_OK);
    assert_true(world.window > ENR_LWIP_RECEIVE_MAX / 2);
    net.close(net.ctx);
}

static void what_came_before_a_reset_is_handed_over(void **state)
{
    (void)state;
    uint8_t got[64];
    size_t len;
    enr_net_t net = start_net(false);
    assert_int_equal(open_net(net, 1000), ENR_OK);
    send_tcp(TCP_ACK | TCP_PSH, "bye", 3);
    send_tcp(TCP_RST | TCP_ACK, "", 0);
    pass(10);
    assert_int_equal(net.receive(net.ctx, got, sizeof got, &len), ENR_OK);
    assert_int_equal(len, 3);
    assert_int_equal(net.receive(net.ctx, got, sizeof got, &len), ENR_E_RESET);
    assert_int_equal(net.send(net.ctx, ENR_SPAN("x"), &len), ENR_E_RESET);
    net.close(net.ctx);
    assert_int_equal(open_net(net, 1000), ENR_OK);
    assert_int_equal(net.receive(net.ctx, got, sizeof got, &len), ENR_AGAIN);
    net.close(net.ctx);
}

static void close_sends_what_is_left_and_ends(void **state)
{
    (void)state;
    size_t sent;
    enr_net_t net = start_net(false);
    assert_int_equal(open_net(net, 1000), ENR_OK);
    assert_int_equal(net.send(net.ctx, ENR_SPAN("last words"), &sent), ENR_OK);
    net.close(net.ctx);
    pass(100);
    assert_int_equal(world.received, 10);
    assert_true(world.ended);
    assert_false(world.reset);
}

/* More connections in a row than lwIP has places, to a peer that never ends one itself. */
static void closed_connections_make_room(void **state)
{
    (void)state;
    enr_lwip_info_t info;
    enr_net_t net = start_net(false);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(open_net(net, 1000), ENR_OK);
        net.close(net.ctx);
        pass(10);
    }
    enr_lwip_info(&info);
    assert_int_equal(info.pool_failures, 0);
}

/* RFC 6056, RFC 6528: nobody guesses the next port or sequence number from the last one. */
static void ports_and_sequence_numbers_are_random(void **state)
{
    (void)state;
    enr_net_t net = start_net(false);
    uint32_t sequence = 0;
    for (int i = 0; i < 8; i++) {
        uint32_t before = sequence;
        uint16_t question_id = world.question_id;
        uint16_t question_port = world.question_port;
        assert_int_equal(open_net(net, 1000), ENR_OK);
        net.close(net.ctx);
        sequence = world.first_sequence;
        uint32_t step = sequence - before;
        assert_true(step > 1000000 && step < UINT32_MAX - 1000000);
        assert_true(world.question_id != question_id && world.question_id != question_id + 1);
        assert_true(world.question_port != question_port && world.question_port != question_port + 1);
    }
}

static void without_random_numbers_there_is_no_connection(void **state)
{
    (void)state;
    enr_net_t net = start_net(false);
    world.random = ENR_E_ENTROPY;
    assert_int_equal(open_net(net, 1000), ENR_E_NETWORK);
    world.random = ENR_OK;
    assert_int_equal(open_net(net, 1000), ENR_OK);
    net.close(net.ctx);
}

/* --- names and addresses --- */

static void dns_is_told_apart(void **state)
{
    (void)state;
    enr_net_t net = start_net(false);
    world.dns = DNS_DENIES;
    assert_int_equal(open_net(net, 1000), ENR_E_DNS);
    world.dns = DNS_IS_SILENT;
    uint32_t since_ms = world.now_ms;
    assert_int_equal(open_net(net, 30000), ENR_E_TIMEOUT_DNS);
    assert_in_range(world.now_ms - since_ms, 3000, 10000); /* within the phase's cap (exchange.h) */
}

/* behaviours 29 */
static void another_address_is_asked_for(void **state)
{
    (void)state;
    const uint8_t other[4] = {10, 0, 0, 9};
    enr_net_t net = start_net(false);
    memcpy(world.addresses[1], other, 4);
    world.address_count = 2;
    world.listens = false;
    world.syns = 0;
    size_t asked = world.asked;
    uint32_t since_ms = world.now_ms;
    assert_int_equal(open_net(net, 60000), ENR_E_TIMEOUT_CONNECT);
    assert_in_range(world.now_ms - since_ms, 2 * ENR_LWIP_ADDRESS_MS, 2 * ENR_LWIP_ADDRESS_MS + 500);
    assert_int_equal(world.asked - asked, ENR_LWIP_QUESTIONS_MAX);
    world.refuses = true;
    world.syns = 0;
    assert_int_equal(open_net(net, 5000), ENR_E_REFUSED);
    assert_int_equal(world.syns, 2); /* each address once */
}

/* behaviours 29, 38 */
static void a_private_address_is_a_portal(void **state)
{
    (void)state;
    const uint8_t public_address[4] = {203, 0, 113, 7};
    enr_net_t net = start_net(true);
    assert_int_equal(open_net(net, 1000), ENR_E_PORTAL);
    memcpy(world.addresses[1], public_address, 4);
    world.address_count = 2;
    assert_int_equal(open_net(net, 1000), ENR_OK);
    assert_memory_equal(world.tcp_address, public_address, 4);
    net.close(net.ctx);
    world.listens = false;
    for (int i = 0; i < 4; i++, world.asked++) { /* in either order; both say more than the portal does */
        world.refuses = i < 2;
        assert_int_equal(open_net(net, 10000), world.refuses ? ENR_E_REFUSED : ENR_E_TIMEOUT_CONNECT);
    }
}

static void a_late_answer_to_a_closed_net_is_harmless(void **state)
{
    (void)state;
    enr_phase_t phase;
    enr_wait_t wait;
    enr_net_t net = start_net(false);
    for (int i = 0; i < 6; i++) { /* more questions than lwIP has places */
        assert_int_equal(net.open(net.ctx, ENR_SPAN("app.test"), PORT, world.now_ms, &phase, &wait), ENR_AGAIN);
        net.close(net.ctx);
    }
    pass(100);
    assert_int_equal(open_net(net, 1000), ENR_OK);
    net.close(net.ctx);
}

/* --- the clock --- */

static void the_clock_has_a_floor(void **state)
{
    (void)state;
    int64_t seconds = 0;
    enr_lwip_info_t before, after;
    enr_clock_t clock = enr_lwip_clock();
    enr_lwip_info(&before);
    world.tells_time = true;
    world.time_s = (uint32_t)FLOOR_S - 1;
    assert_int_equal(enr_lwip_set_time(FLOOR_S - 1), ENR_E_NO_TIME);
    pass(200000); /* lwIP has been asking in vain, with growing gaps */
    enr_lwip_info(&after);
    assert_true(after.times_refused > before.times_refused);
    assert_int_equal(clock.wall(clock.ctx, &seconds), ENR_E_NO_TIME);
    world.time_s = (uint32_t)FLOOR_S + 1000; /* a server that is mended is believed within minutes */
    pass(120000);
    assert_int_equal(clock.wall(clock.ctx, &seconds), ENR_OK);
    assert_in_range((uint64_t)(seconds - FLOOR_S), 1000, 1120);
    world.tells_time = false;
}

/* behaviours 25, 26: 60 days, across the wrap of the monotonic milliseconds, without anybody telling the time. */
static void the_clock_runs_across_the_wrap(void **state)
{
    (void)state;
    int64_t seconds = 0;
    enr_clock_t clock = enr_lwip_clock();
    assert_int_equal(enr_lwip_set_time(FLOOR_S), ENR_OK);
    for (int hour = 0; hour < 60 * 24; hour++) {
        world.now_ms += 3599900;
        pass(100);
    }
    assert_int_equal(clock.wall(clock.ctx, &seconds), ENR_OK);
    assert_int_equal(seconds, FLOOR_S + 60 * 86400);
    assert_true(has_address());
}

/* NTP's first era ends in 2036 (RFC 5905 6). */
static void the_time_after_2036_is_understood(void **state)
{
    (void)state;
    int64_t seconds = 0;
    enr_clock_t clock = enr_lwip_clock();
    world.tells_time = true;
    world.time_s = 2200000000u; /* 2039 */
    pass(2 * 3600000);
    assert_int_equal(clock.wall(clock.ctx, &seconds), ENR_OK);
    assert_in_range((uint64_t)seconds, 2200000000u, 2200000000u + 2 * 3600);
    world.tells_time = false;
    assert_int_equal(enr_lwip_set_time(FLOOR_S), ENR_OK);
}

/* --- hostile frames --- */

/* Frames that were right, with some bytes changed or the end cut off; the sanitizers watch. Afterwards all is as it
 * was. */
static void broken_frames_break_nothing(void **state)
{
    (void)state;
    enr_lwip_info_t info;
    enr_net_t net = start_net(false);
    uint32_t random = 1;
    for (int i = 0; i < 3000; i++) {
        enr_status_t status = open_net(net, 100);
        if (status == ENR_OK) {
            send_tcp(TCP_ACK | TCP_PSH, "some bytes of an answer", 23);
            send_tcp(TCP_ACK | (i % 3 == 0 ? TCP_FIN : TCP_PSH), "and more", 8);
        }
        for (size_t at = 0; at < world.arriving_count; at++) {
            size_t slot = (world.arriving_from + at) % 64;
            for (int change = 0; change < 2; change++) {
                random = random * 1664525 + 1013904223;
                world.arriving[slot].bytes[(random >> 8) % world.arriving[slot].len] = (uint8_t)(random >> 24);
            }
            if (random % 7 == 0) {
                world.arriving[slot].len = (random >> 4) % world.arriving[slot].len;
            }
        }
        pass(10);
        net.close(net.ctx);
    }
    pass(300000);
    enr_lwip_info(&info);
    assert_int_equal(world.buffer_count, ENR_NIC_BUFFERS);
    assert_int_equal(open_net(net, 20000), ENR_OK);
    net.close(net.ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_clock_has_a_floor, setup),
        cmocka_unit_test_setup(the_cable_and_dhcp_are_told, setup),
        cmocka_unit_test_setup(a_new_address_ends_the_connection, setup),
        cmocka_unit_test_setup(a_busy_chip_loses_nothing, setup),
        cmocka_unit_test_setup(a_vanished_peer_is_noticed_in_silence, setup),
        cmocka_unit_test_setup(a_vanished_peer_is_noticed_after_a_send, setup),
        cmocka_unit_test_setup(what_nobody_confirms_holds_further_bytes_back, setup),
        cmocka_unit_test_setup(who_does_not_read_keeps_others_alive, setup),
        cmocka_unit_test_setup(what_came_before_a_reset_is_handed_over, setup),
        cmocka_unit_test_setup(close_sends_what_is_left_and_ends, setup),
        cmocka_unit_test_setup(closed_connections_make_room, setup),
        cmocka_unit_test_setup(ports_and_sequence_numbers_are_random, setup),
        cmocka_unit_test_setup(without_random_numbers_there_is_no_connection, setup),
        cmocka_unit_test_setup(dns_is_told_apart, setup),
        cmocka_unit_test_setup(another_address_is_asked_for, setup),
        cmocka_unit_test_setup(a_private_address_is_a_portal, setup),
        cmocka_unit_test_setup(a_late_answer_to_a_closed_net_is_harmless, setup),
        cmocka_unit_test_setup(the_clock_runs_across_the_wrap, setup),
        cmocka_unit_test_setup(the_time_after_2036_is_understood, setup),
        cmocka_unit_test_setup(broken_frames_break_nothing, setup),
    };
    return cmocka_run_group_tests_name("port/lwip", tests, group_setup, NULL);
}
