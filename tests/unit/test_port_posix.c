/* The POSIX port's net, wait, clock, entropy and memory, against a service and a DNS server on the loopback interface.
 */
#define _POSIX_C_SOURCE 200809L

#include "enrich_posix.h"
#include "port_conformance.h"
#include "port_peer.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Nothing listens on 127.0.0.2; what listens on 127.0.0.3 is full; connecting to a multicast address fails without a
 * packet sent. */
static const port_peer_name_t names[] = {
    {.name = "peer.test", .addresses = {"127.0.0.1"}},
    {.name = "second.test", .addresses = {"127.0.0.2", "127.0.0.1"}},
    {.name = "hole.test", .addresses = {"127.0.0.3", "127.0.0.1"}},
    {.name = "families.test", .addresses = {"127.0.0.3", "127.0.0.3", "127.0.0.3", "::ffff:127.0.0.1"}},
    {.name = "hole-only.test", .addresses = {"127.0.0.3"}},
    {.name = "refused.test", .addresses = {"127.0.0.2"}},
    {.name = "unreachable.test", .addresses = {"224.0.0.1"}},
    {.name = "refused-and-unreachable.test", .addresses = {"127.0.0.2", "224.0.0.1"}},
    {.name = "unreachable-and-refused.test", .addresses = {"224.0.0.1", "127.0.0.2"}},
    {.name = "private.test", .addresses = {"10.1.2.3", "192.168.0.1", "fd00::1"}},
    {.name = "private-and-public.test", .addresses = {"10.1.2.3", "224.0.0.1"}},
    {.name = "empty.test", .addresses = {NULL}},
    {.name = "many.test",
     .addresses = {"127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.2",
                   "127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.2",
                   "127.0.0.2", "127.0.0.2", "127.0.0.1"}},
    {.name = "slow.test", .addresses = {"127.0.0.1"}, .delay_ms = 300},
    {.name = "silent.test", .addresses = {"127.0.0.1"}, .delay_ms = -1},
    {.name = "long.test", .addresses = {"127.0.0.1"}, .truncated = true},
    {.name = "reset.test", .addresses = {"127.0.0.1"}, .truncated = true, .resets = true},
    {.name = "slower.test", .addresses = {"127.0.0.1"}, .delay_ms = 1000},
    {.name = "rotating.test", .addresses = {"127.0.0.2", "127.0.0.1"}, .rotates = true},
};

static port_peer_t peer;
static port_peer_t dns;
static char dns_server[32]; /* as the configuration wants it */
static uint16_t closed_port;

static void bind_closed_port(void)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof where;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&where, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&where, &len), 0);
    closed_port = ntohs(where.sin_port);
}

static int group_setup(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_DFL); /* whatever was inherited: a write to a dead connection must not raise it */
    bind_closed_port();             /* so that nobody else takes it; it never listens */
    if (!port_peer_start(&peer) || !port_peer_start_dns(&dns, names, sizeof names / sizeof names[0])) {
        return -1;
    }
    (void)snprintf(dns_server, sizeof dns_server, "127.0.0.1:%u", (unsigned)dns.port);
    assert_true(port_peer_make_hole("127.0.0.3", peer.port));
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    port_peer_stop(&peer);
    port_peer_stop(&dns);
    return 0;
}

static uint32_t clock_ms(void *ctx)
{
    (void)ctx;
    enr_clock_t clock = enr_posix_clock();
    return clock.monotonic_ms(clock.ctx);
}

static void wait_net(void *ctx, const enr_wait_t *wait)
{
    const enr_posix_waiter_t waiter = {.net = ctx, .wait = *wait};
    assert_int_equal(enr_posix_wait(&waiter, 1, NULL, 0), ENR_OK);
}

static size_t open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    size_t count = 0;
    while (readdir(folder) != NULL) {
        count++;
    }
    (void)closedir(folder);
    return count;
}

static void start_net(enr_posix_net_t *net, uint32_t address_ms, bool refuse_private)
{
    enr_posix_net_start(net, &(enr_posix_net_config_t){.address_ms = address_ms,
                                                       .refuse_private = refuse_private,
                                                       .dns_servers = dns_server});
}

/* Opens to the end, waiting as a main loop does. Counts the steps. */
static enr_status_t open_net(enr_posix_net_t *posix, enr_span_t host, uint16_t port, size_t *out_steps)
{
    enr_net_t net = enr_posix_net(posix);
    enr_phase_t phase;
    for (*out_steps = 1;; ++*out_steps) {
        enr_wait_t wait;
        enr_status_t status = net.open(net.ctx, host, port, clock_ms(NULL), &phase, &wait);
        if (status != ENR_AGAIN) {
            return status;
        }
        assert_true(*out_steps < 10000);
        wait_net(posix, &wait);
    }
}

static enr_status_t open_once(const char *host, uint32_t address_ms, bool refuse_private)
{
    enr_posix_net_t posix;
    size_t steps;
    start_net(&posix, address_ms, refuse_private);
    enr_status_t status = open_net(&posix, enr_span_from_str(host), peer.port, &steps);
    enr_net_t net = enr_posix_net(&posix);
    net.close(net.ctx);
    return status;
}

/* Names are given, refused, late and silent by DNS; addresses refuse, lead on and lead nowhere. */
static void conforms(void **state)
{
    (void)state;
    size_t before = open_descriptors();
    enr_posix_net_t posix;
    const uint32_t address_ms = 1000;
    start_net(&posix, address_ms, false);
    enr_net_t net = enr_posix_net(&posix);
    const port_conformance_t conformance = {.net = &net,
                                            .host = ENR_SPAN("peer.test"),
                                            .peer_port = peer.port,
                                            .closed_port = closed_port,
                                            .missing_host = ENR_SPAN("missing.invalid"),
                                            .slow_host = ENR_SPAN("slower.test"),
                                            .silent_host = ENR_SPAN("silent.test"),
                                            .second_host = ENR_SPAN("rotating.test"),
                                            .hole_host = ENR_SPAN("hole-only.test"),
                                            .address_ms = address_ms,
                                            .bulk = 8u << 20,
                                            .ctx = &posix,
                                            .now_ms = clock_ms,
                                            .wait = wait_net};
    const char *broken = port_conformance(&conformance);
    if (broken != NULL) {
        fail_msg("broken: %s", broken);
    }
    assert_int_equal(open_descriptors(), before);
}

static void a_literal_is_an_address(void **state)
{
    (void)state;
    assert_int_equal(open_once("127.0.0.1", 0, false), ENR_OK);
}

/* RFC 6761 6.3 */
static void localhost_and_below_is_the_loopback(void **state)
{
    (void)state;
    const char *const hosts[] = {"localhost", "LocalHost", "localhost.", "kiosk.localhost", "a.b.LOCALHOST."};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        assert_int_equal(open_once(hosts[i], 0, false), ENR_OK);
        assert_int_equal(open_once(hosts[i], 0, true), ENR_OK);
    }
    assert_int_equal(open_once("notlocalhost", 0, false), ENR_E_DNS);
    assert_int_equal(open_once("localhost.invalid", 0, false), ENR_E_DNS);
}

/* behaviours 29 */
static void a_refusing_address_is_followed_by_the_next(void **state)
{
    (void)state;
    assert_int_equal(open_once("second.test", 0, false), ENR_OK);
}

/* behaviours 29 */
static void a_black_hole_is_left_after_its_cap(void **state)
{
    (void)state;
    uint32_t since_ms = clock_ms(NULL);
    assert_int_equal(open_once("hole.test", 150, false), ENR_OK);
    uint32_t passed_ms = clock_ms(NULL) - since_ms;
    assert_true(passed_ms >= 150);
    assert_true(passed_ms < 1000);

    since_ms = clock_ms(NULL);
    assert_int_equal(open_once("hole-only.test", 200, false), ENR_E_TIMEOUT_CONNECT);
    passed_ms = clock_ms(NULL) - since_ms;
    assert_true(passed_ms >= 200);
    assert_true(passed_ms < 1000);
}

/* RFC 8305 4: the service's one IPv6 address (which leads back to IPv4) comes after three black holes of IPv4 in the
   answer, and is tried after one. */
static void the_families_take_turns(void **state)
{
    (void)state;
    int v6 = socket(AF_INET6, SOCK_STREAM, 0);
    if (v6 < 0) {
        skip();
    }
    (void)close(v6);
    uint32_t since_ms = clock_ms(NULL);
    assert_int_equal(open_once("families.test", 300, false), ENR_OK);
    uint32_t passed_ms = clock_ms(NULL) - since_ms;
    assert_true(passed_ms >= 300);
    assert_true(passed_ms < 850);
}

static void failures_have_their_own_status(void **state)
{
    (void)state;
    assert_int_equal(open_once("refused.test", 0, false), ENR_E_REFUSED);
    assert_int_equal(open_once("unreachable.test", 0, false), ENR_E_UNREACHABLE);
    assert_int_equal(open_once("refused-and-unreachable.test", 0, false), ENR_E_REFUSED);
    assert_int_equal(open_once("unreachable-and-refused.test", 0, false), ENR_E_REFUSED);
    assert_int_equal(open_once("missing.invalid", 0, false), ENR_E_DNS);
    assert_int_equal(open_once("empty.test", 0, false), ENR_E_DNS);
}

static void only_so_many_addresses_are_tried(void **state)
{
    (void)state;
    assert_int_equal(open_once("many.test", 0, false), ENR_E_REFUSED);
}

static void an_impossible_host_does_not_resolve(void **state)
{
    (void)state;
    char text[ENR_HOST_MAX + 1];
    memset(text, 'a', sizeof text);
    const enr_span_t hosts[] = {{NULL, 0},
                                ENR_SPAN("peer.test\0.example"),
                                ENR_SPAN(" "),
                                ENR_SPAN(".."),
                                {(const uint8_t *)text, ENR_HOST_MAX + 1},
                                {(const uint8_t *)text, ENR_HOST_MAX},
                                {(const uint8_t *)text, 64}};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        enr_posix_net_t posix;
        size_t steps;
        start_net(&posix, 0, false);
        assert_int_equal(open_net(&posix, hosts[i], peer.port, &steps), ENR_E_DNS);
    }
}

/* behaviours 29, 38 */
static void a_private_address_is_refused_for_a_public_name(void **state)
{
    (void)state;
    assert_int_equal(open_once("private.test", 0, true), ENR_E_PORTAL);
    assert_int_equal(open_once("peer.test", 0, true), ENR_E_PORTAL);
    assert_int_equal(open_once("127.0.0.1", 0, true), ENR_E_PORTAL);
    assert_int_equal(open_once("private-and-public.test", 0, true), ENR_E_UNREACHABLE);
    assert_int_equal(open_once("missing.invalid", 0, true), ENR_E_DNS);
}

static void private_addresses_are_told_from_public_ones(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool is_private;
    } cases[] = {
        {"0.0.0.0", true},
        {"0.255.255.255", true},
        {"1.0.0.0", false},
        {"9.255.255.255", false},
        {"10.0.0.0", true},
        {"10.255.255.255", true},
        {"11.0.0.0", false},
        {"100.63.255.255", false},
        {"100.64.0.0", true},
        {"100.127.255.255", true},
        {"100.128.0.0", false},
        {"126.255.255.255", false},
        {"127.0.0.1", true},
        {"127.255.255.255", true},
        {"128.0.0.0", false},
        {"169.253.255.255", false},
        {"169.254.0.0", true},
        {"169.254.255.255", true},
        {"169.255.0.0", false},
        {"172.15.255.255", false},
        {"172.16.0.0", true},
        {"172.31.255.255", true},
        {"172.32.0.0", false},
        {"192.167.255.255", false},
        {"192.168.0.0", true},
        {"192.168.255.255", true},
        {"192.169.0.0", false},
        {"8.8.8.8", false},
        {"::", true},
        {"::1", true},
        {"::2", false},
        {"fe7f::1", false},
        {"fe80::1", true},
        {"febf:ffff::1", true},
        {"fec0::1", false},
        {"fbff::1", false},
        {"fc00::1", true},
        {"fdff:ffff::1", true},
        {"fe00::1", false},
        {"2001:db8::1", false},
        {"::ffff:10.0.0.1", true},
        {"::ffff:127.0.0.1", true},
        {"::ffff:8.8.8.8", false},
        {"::fffe:10.0.0.1", false},
        {"::ffff:100.64.0.1", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enr_ip_address_t address = {.len = 4};
        if (inet_pton(AF_INET, cases[i].address, address.bytes) != 1) {
            assert_int_equal(inet_pton(AF_INET6, cases[i].address, address.bytes), 1);
            address.len = 16;
        }
        if (enr_ip_address_is_private(&address) != cases[i].is_private) {
            fail_msg("%s", cases[i].address);
        }
    }
}

/* A name of /etc/hosts, other than localhost, that stands for 127.0.0.1; the DNS server here knows no such name. */
static bool name_in_hosts_file(char name[64])
{
    FILE *file = fopen("/etc/hosts", "r");
    char line[256];
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        found = sscanf(line, "127.0.0.1 %63s", name) == 1 && strcmp(name, "localhost") != 0;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}

static void the_hosts_file_is_honoured(void **state)
{
    (void)state;
    char name[64];
    if (!name_in_hosts_file(name)) {
        skip();
    }
    assert_int_equal(open_once(name, 0, false), ENR_OK);
}

/* c-ares hears of a refusal for one of its two questions, and may let the other one time out. */
static void a_dns_server_that_refuses_is_an_error(void **state)
{
    (void)state;
    char nobody[32];
    (void)snprintf(nobody, sizeof nobody, "127.0.0.1:%u", (unsigned)closed_port);
    enr_posix_net_t posix;
    size_t steps;
    enr_posix_net_start(&posix, &(enr_posix_net_config_t){.dns_servers = nobody});
    uint32_t since_ms = clock_ms(NULL);
    enr_status_t status = open_net(&posix, ENR_SPAN("peer.test"), peer.port, &steps);
    assert_true(status == ENR_E_DNS || status == ENR_E_TIMEOUT_DNS);
    assert_true(clock_ms(NULL) - since_ms < 20000);
    assert_true(steps < 50);
}

static void malformed_dns_servers_are_a_wrong_setting(void **state)
{
    (void)state;
    size_t before = open_descriptors();
    enr_posix_net_t posix;
    size_t steps;
    enr_posix_net_start(&posix, &(enr_posix_net_config_t){.dns_servers = "not an address"});
    assert_int_equal(open_net(&posix, ENR_SPAN("peer.test"), peer.port, &steps), ENR_E_SETTING);
    assert_int_equal(open_descriptors(), before);
}

/* RFC 7766 5 */
static void a_long_answer_comes_over_tcp(void **state)
{
    (void)state;
    size_t before = open_descriptors();
    assert_int_equal(open_once("long.test", 0, false), ENR_OK);
    assert_int_equal(open_once("reset.test", 0, false), ENR_E_DNS);
    assert_int_equal(open_descriptors(), before);
}

/* Nothing of one attempt is left in the next. */
static void a_net_forgets_the_attempt_before(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        enr_status_t status;
    } attempts[] = {{"private.test", ENR_E_PORTAL},
                    {"missing.invalid", ENR_E_DNS},
                    {"unreachable.test", ENR_E_UNREACHABLE},
                    {"localhost", ENR_OK},
                    {"private.test", ENR_E_PORTAL}};
    enr_posix_net_t posix;
    start_net(&posix, 0, true);
    enr_net_t net = enr_posix_net(&posix);
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        size_t steps;
        assert_int_equal(open_net(&posix, enr_span_from_str(attempts[i].host), peer.port, &steps), attempts[i].status);
        net.close(net.ctx);
    }
}

/* Waiting for the resolver sleeps on its sockets: no turning in circles, no oversleeping. */
static void resolving_takes_few_steps(void **state)
{
    (void)state;
    enr_posix_net_t posix;
    size_t steps;
    start_net(&posix, 0, false);
    uint32_t since_ms = clock_ms(NULL);
    assert_int_equal(open_net(&posix, ENR_SPAN("slow.test"), peer.port, &steps), ENR_OK);
    uint32_t passed_ms = clock_ms(NULL) - since_ms;
    enr_net_t net = enr_posix_net(&posix);
    net.close(net.ctx);
    assert_true(steps <= 8);
    assert_true(passed_ms >= 300);
    assert_true(passed_ms < 1500);
}

/* What one of several connections in a loop does: open, ask for an echo, take it, close. */
typedef struct {
    enr_posix_net_t posix;
    enr_net_t net;
    enr_wait_t wait;
    uint8_t state;
    size_t received;
    uint32_t done_ms;
} client_t;

static bool client_step(client_t *client)
{
    static const uint8_t request[] = {'e', 0, 0, 0, 4, 'p', 'i', 'n', 'g'};
    enr_phase_t phase;
    size_t len = 0;
    uint8_t got[8];
    enr_status_t status;
    if (client->state == 0) {
        status =
            client->net.open(client->net.ctx, ENR_SPAN("slow.test"), peer.port, clock_ms(NULL), &phase, &client->wait);
        if (status == ENR_AGAIN) {
            return false;
        }
        assert_int_equal(status, ENR_OK);
        assert_int_equal(client->net.send(client->net.ctx, (enr_span_t){request, sizeof request}, &len), ENR_OK);
        assert_int_equal(len, sizeof request);
        client->state = 1;
    }
    client->wait = (enr_wait_t){.events = ENR_WAIT_READ};
    status = client->net.receive(client->net.ctx, got, sizeof got, &len);
    if (status == ENR_AGAIN) {
        return false;
    }
    assert_int_equal(status, ENR_OK);
    client->received += len;
    if (client->received < 4) {
        return false;
    }
    client->net.close(client->net.ctx);
    return true;
}

/* Five at once, as the command line drives them (behaviours 28): together they take as long as one. */
static void several_connections_run_from_one_loop(void **state)
{
    (void)state;
    enum { CLIENTS = 5 };
    size_t before = open_descriptors();
    client_t clients[CLIENTS];
    enr_posix_waiter_t waiters[CLIENTS];
    bool done[CLIENTS] = {false};
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = (client_t){0};
        start_net(&clients[i].posix, 0, false);
        clients[i].net = enr_posix_net(&clients[i].posix);
    }
    uint32_t since_ms = clock_ms(NULL);
    size_t steps = 0;
    for (size_t left = CLIENTS; left > 0; steps++) {
        size_t waiter_count = 0;
        for (size_t i = 0; i < CLIENTS; i++) {
            if (!done[i] && client_step(&clients[i])) {
                done[i] = true;
                left--;
            }
            if (!done[i]) {
                waiters[waiter_count++] = (enr_posix_waiter_t){&clients[i].posix, clients[i].wait};
            }
        }
        if (left > 0) {
            assert_int_equal(enr_posix_wait(waiters, waiter_count, NULL, 0), ENR_OK);
        }
        assert_true(steps < 200);
    }
    assert_true(clock_ms(NULL) - since_ms < 1200);
    assert_int_equal(open_descriptors(), before);
}

static void no_descriptor_is_left_behind(void **state)
{
    (void)state;
    static const char *const hosts[] = {"peer.test",    "second.test",     "refused.test", "unreachable.test",
                                        "private.test", "missing.invalid", "localhost",    "hole-only.test"};
    size_t before = open_descriptors();
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        (void)open_once(hosts[i], 50, i % 2 == 0);
        assert_int_equal(open_descriptors(), before);
    }
    /* closed while resolving, and while connecting */
    for (size_t i = 0; i < 2; i++) {
        enr_posix_net_t posix;
        enr_phase_t phase;
        enr_wait_t wait;
        start_net(&posix, 0, false);
        enr_net_t net = enr_posix_net(&posix);
        enr_span_t host = i == 0 ? ENR_SPAN("silent.test") : ENR_SPAN("127.0.0.3");
        assert_int_equal(net.open(net.ctx, host, peer.port, clock_ms(NULL), &phase, &wait), ENR_AGAIN);
        assert_int_equal(phase, i == 0 ? ENR_PHASE_DNS : ENR_PHASE_CONNECT);
        assert_true(open_descriptors() > before);
        net.close(net.ctx);
        assert_int_equal(open_descriptors(), before);
    }
}

static void sockets_are_not_inherited(void **state)
{
    (void)state;
    enr_posix_net_t posix;
    size_t steps;
    start_net(&posix, 0, false);
    assert_int_equal(open_net(&posix, ENR_SPAN("peer.test"), peer.port, &steps), ENR_OK);
    assert_int_equal(fcntl(posix.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    enr_net_t net = enr_posix_net(&posix);
    net.close(net.ctx);
}

/* --- wait --- */

static void a_wait_ends_at_the_earliest_time(void **state)
{
    (void)state;
    uint32_t since_ms = clock_ms(NULL);
    const enr_posix_waiter_t waiters[] = {
        {NULL, {.has_time = true, .until_ms = since_ms + 5000}},
        {NULL, {.has_time = true, .until_ms = since_ms + 80}},
        {NULL, {0}},
    };
    assert_int_equal(enr_posix_wait(waiters, 3, NULL, 0), ENR_OK);
    uint32_t passed_ms = clock_ms(NULL) - since_ms;
    assert_true(passed_ms >= 80);
    assert_true(passed_ms < 1000);
}

/* behaviours 25 */
static void a_wait_for_the_past_ends_at_once(void **state)
{
    (void)state;
    uint32_t since_ms = clock_ms(NULL);
    const uint32_t ago[] = {0, 1, 60000, INT32_MAX - 1000};
    for (size_t i = 0; i < sizeof ago / sizeof ago[0]; i++) {
        const enr_posix_waiter_t waiter = {NULL, {.has_time = true, .until_ms = since_ms - ago[i]}};
        assert_int_equal(enr_posix_wait(&waiter, 1, NULL, 0), ENR_OK);
    }
    assert_true(clock_ms(NULL) - since_ms < 500);
}

static void a_wait_ends_for_an_extra_descriptor(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct pollfd extras[] = {{.fd = -1, .events = POLLIN, .revents = 77}, {.fd = ends[0], .events = POLLIN}};
    const enr_posix_waiter_t waiter = {NULL, {.has_time = true, .until_ms = clock_ms(NULL) + 30}};
    assert_int_equal(enr_posix_wait(&waiter, 1, extras, 2), ENR_OK);
    assert_int_equal(extras[0].revents, 0);
    assert_int_equal(extras[1].revents, 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(enr_posix_wait(NULL, 0, extras, 2), ENR_OK);
    assert_int_equal(extras[0].revents, 0);
    assert_int_equal(extras[1].revents, POLLIN);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void on_alarm(int number)
{
    (void)number;
}

static void a_wait_ends_for_a_signal(void **state)
{
    (void)state;
    const struct sigaction action = {.sa_handler = on_alarm};
    struct sigaction before;
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    const struct itimerval soon = {.it_value = {.tv_usec = 50000}, .it_interval = {.tv_usec = 50000}};
    const struct itimerval never = {{0}, {0}};
    uint32_t since_ms = clock_ms(NULL);
    const enr_posix_waiter_t waiter = {NULL, {.has_time = true, .until_ms = since_ms + 5000}};
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    assert_int_equal(enr_posix_wait(&waiter, 1, NULL, 0), ENR_OK);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_true(clock_ms(NULL) - since_ms < 2000);
}

/* --- clock, entropy, memory --- */

static void the_clocks_run(void **state)
{
    (void)state;
    const struct timespec pause = {.tv_nsec = 30000000};
    enr_clock_t clock = enr_posix_clock();
    uint32_t since_ms = clock.monotonic_ms(clock.ctx);
    assert_int_equal(nanosleep(&pause, NULL), 0);
    uint32_t passed_ms = clock.monotonic_ms(clock.ctx) - since_ms;
    assert_true(passed_ms >= 30);
    assert_true(passed_ms < 1000);
    int64_t seconds = 0;
    assert_int_equal(clock.wall(clock.ctx, &seconds), ENR_OK);
    assert_true(llabs(seconds - (int64_t)time(NULL)) <= 1);
}

/* Signals cut the system's answers short. */
static void entropy_fills_everything_and_differs(void **state)
{
    (void)state;
    const size_t len = 16u << 20;
    const struct sigaction action = {.sa_handler = on_alarm};
    const struct itimerval often = {.it_value = {.tv_usec = 1000}, .it_interval = {.tv_usec = 1000}};
    const struct itimerval never = {{0}, {0}};
    struct sigaction before;
    uint8_t *first = test_calloc(len, 1);
    uint8_t *second = test_calloc(len, 1);
    enr_entropy_t entropy = enr_posix_entropy();
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    enr_status_t first_status = entropy.fill(entropy.ctx, first, len);
    enr_status_t second_status = entropy.fill(entropy.ctx, second, len);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_int_equal(first_status, ENR_OK);
    assert_int_equal(second_status, ENR_OK);
    for (size_t at = 0; at + 32 <= len; at += 4096 - 32) {
        assert_memory_not_equal(first + at, second + at, 32);
    }
    test_free(first);
    test_free(second);
}

static void memory_is_zeroed_and_checked(void **state)
{
    (void)state;
    uint8_t *piece = enr_posix_take(NULL, 3, 100);
    assert_non_null(piece);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(piece[i], 0);
    }
    memset(piece, 0xA5, 300);
    enr_posix_give(NULL, piece);
    enr_posix_give(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conforms),
        cmocka_unit_test(a_literal_is_an_address),
        cmocka_unit_test(localhost_and_below_is_the_loopback),
        cmocka_unit_test(a_refusing_address_is_followed_by_the_next),
        cmocka_unit_test(a_black_hole_is_left_after_its_cap),
        cmocka_unit_test(the_families_take_turns),
        cmocka_unit_test(failures_have_their_own_status),
        cmocka_unit_test(only_so_many_addresses_are_tried),
        cmocka_unit_test(an_impossible_host_does_not_resolve),
        cmocka_unit_test(a_private_address_is_refused_for_a_public_name),
        cmocka_unit_test(private_addresses_are_told_from_public_ones),
        cmocka_unit_test(the_hosts_file_is_honoured),
        cmocka_unit_test(a_dns_server_that_refuses_is_an_error),
        cmocka_unit_test(malformed_dns_servers_are_a_wrong_setting),
        cmocka_unit_test(a_long_answer_comes_over_tcp),
        cmocka_unit_test(a_net_forgets_the_attempt_before),
        cmocka_unit_test(resolving_takes_few_steps),
        cmocka_unit_test(several_connections_run_from_one_loop),
        cmocka_unit_test(no_descriptor_is_left_behind),
        cmocka_unit_test(sockets_are_not_inherited),
        cmocka_unit_test(a_wait_ends_at_the_earliest_time),
        cmocka_unit_test(a_wait_for_the_past_ends_at_once),
        cmocka_unit_test(a_wait_ends_for_an_extra_descriptor),
        cmocka_unit_test(a_wait_ends_for_a_signal),
        cmocka_unit_test(the_clocks_run),
        cmocka_unit_test(entropy_fills_everything_and_differs),
        cmocka_unit_test(memory_is_zeroed_and_checked),
    };
    return cmocka_run_group_tests_name("port/posix", tests, group_setup, group_teardown);
}
