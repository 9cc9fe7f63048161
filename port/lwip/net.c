/* enr_net_t on lwIP's raw API. lwIP's callbacks only note what happened; everything is decided in the functions of the
   net, which are never called from a callback. */
#include "internal.h"

#include "enrich_ip.h"
#include "lwip/dns.h"
#include "lwip/tcp.h"

#include <assert.h>
#include <string.h>

/* A peer that has vanished is noticed after a silence of 20 s and 4 probes, 60 s in all (behaviours 30). */
#define KEEPALIVE_IDLE_MS 20000u
#define KEEPALIVE_INTERVAL_MS 10000u
#define KEEPALIVE_PROBES 4

/* lwIP's tables may be full of questions that nobody waits for any more. */
#define ASK_LATER_MS 50u

enum { NET_CLOSED, NET_ASKING, NET_RESOLVING, NET_CONNECTING, NET_OPEN };

/* What fits a frame that is sent, behind the headers of Ethernet, IPv4 and TCP. */
#define SEND_SEGMENT (ENR_NIC_SEND_MAX - 14 - 20 - 20)

/* Bytes on their way out at once. TCP_SND_BUF is only lwIP's own bound: this one leaves room in its heap for others. */
#define IN_FLIGHT_MAX ((size_t)ENR_LWIP_SEGMENTS * SEND_SEGMENT)

_Static_assert(IN_FLIGHT_MAX <= TCP_SND_BUF, "lwIP takes what this file lets out");

_Static_assert(DNS_MAX_NAME_LENGTH > ENR_HOST_MAX, "lwIP cuts a longer name silently");

static bool is_past(uint32_t time_ms)
{
    return (int32_t)(lwip_now_ms() - time_ms) >= 0;
}

/* --- what lwIP tells --- */

/* A question of an earlier attempt may be answered here; under the same name it is as good as this one's own. */
static void on_name(const char *name, const ip_addr_t *address, void *arg)
{
    enr_lwip_net_t *net = arg;
    if (net->state != NET_RESOLVING || net->resolved || strcmp(name, net->host) != 0) {
        return;
    }
    net->resolved = true;
    if (address != NULL) {
        net->address = ip_addr_get_ip4_u32(address);
        net->resolve_status = ENR_OK;
    } else {
        net->resolve_status = lwip_in_frame() ? ENR_E_DNS : ENR_E_TIMEOUT_DNS;
    }
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t error)
{
    enr_lwip_net_t *net = arg;
    (void)error; /* always ERR_OK */
    if (pcb->mss > SEND_SEGMENT) {
        pcb->mss = SEND_SEGMENT;
    }
    net->state = NET_OPEN;
    net->failure = ENR_OK;
    return ERR_OK;
}

/* lwIP has freed the connection already. */
static void on_error(void *arg, err_t error)
{
    enr_lwip_net_t *net = arg;
    net->pcb = NULL;
    if (net->state == NET_CONNECTING) {
        net->failure = error == ERR_RST ? ENR_E_REFUSED : ENR_E_TIMEOUT_CONNECT;
    } else {
        net->failure = error == ERR_RST ? ENR_E_RESET : ENR_E_NETWORK;
    }
}

/* Copies what came, so that its frame buffers are free for the chip whatever the program does next. The window is as
   large as this memory, so all of it fits. */
static err_t on_received(void *arg, struct tcp_pcb *pcb, struct pbuf *bytes, err_t error)
{
    enr_lwip_net_t *net = arg;
    (void)pcb;
    (void)error; /* always ERR_OK */
    if (bytes == NULL) {
        net->ended = true;
        return ERR_OK;
    }
    if (bytes->tot_len > ENR_LWIP_RECEIVE_MAX - net->received_len) {
        return ERR_MEM; /* lwIP keeps it and comes again */
    }
    size_t at = (net->received_from + net->received_len) % ENR_LWIP_RECEIVE_MAX;
    size_t to_end = ENR_LWIP_RECEIVE_MAX - at;
    u16_t first =
        pbuf_copy_partial(bytes, net->received + at, bytes->tot_len < to_end ? bytes->tot_len : (u16_t)to_end, 0);
    (void)pbuf_copy_partial(bytes, net->received, (u16_t)(bytes->tot_len - first), first);
    net->received_len += bytes->tot_len;
    pbuf_free(bytes);
    return ERR_OK;
}

/* --- open --- */

static void forget(struct tcp_pcb *pcb)
{
    tcp_arg(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_recv(pcb, NULL);
}

static void abort_connection(enr_lwip_net_t *net)
{
    if (net->pcb != NULL) {
        forget(net->pcb);
        tcp_abort(net->pcb);
        net->pcb = NULL;
    }
}

static void net_close(void *ctx)
{
    enr_lwip_net_t *net = ctx;
    struct tcp_pcb *pcb = net->pcb;
    if (net->state == NET_OPEN && pcb != NULL) {
        forget(pcb);
        tcp_setprio(pcb, TCP_PRIO_MIN); /* a peer that does not end its side loses this place to the next connection */
        if (tcp_close(pcb) != ERR_OK) {
            tcp_abort(pcb);
        }
        net->pcb = NULL;
    }
    abort_connection(net);
    net->state = NET_CLOSED;
}

static void ask_again(enr_lwip_net_t *net)
{
    net->state = NET_ASKING;
    net->since_ms = lwip_now_ms();
}

static enr_status_t begin(enr_lwip_net_t *net, enr_span_t host, uint16_t port)
{
    if (host.len == 0 || host.len > ENR_HOST_MAX || memchr(host.ptr, '\0', host.len) != NULL) {
        return ENR_E_DNS;
    }
    if (!lwip_has_address()) {
        return ENR_E_UNREACHABLE;
    }
    if (!lwip_is_random()) {
        return ENR_E_NETWORK; /* its ports and numbers could be guessed */
    }
    memcpy(net->host, host.ptr, host.len);
    net->host[host.len] = '\0';
    net->port = port;
    net->failure = ENR_OK;
    net->tried_count = 0;
    net->asked = 0;
    ask_again(net);
    return ENR_OK;
}

/* Asks DNS. ENR_OK: asked, or answered at once. */
static enr_status_t ask(enr_lwip_net_t *net)
{
    ip_addr_t address;
    if (net->asked == ENR_LWIP_QUESTIONS_MAX) {
        return net->failure;
    }
    net->resolved = false;
    net->state = NET_RESOLVING;
    err_t error = dns_gethostbyname(net->host, &address, on_name, net);
    if (error == ERR_MEM) {
        net->state = NET_ASKING;
        net->since_ms = lwip_now_ms() + ASK_LATER_MS;
        return ENR_AGAIN;
    }
    net->asked++;
    if (error == ERR_OK) {
        on_name(net->host, &address, net);
    }
    return error == ERR_OK || error == ERR_INPROGRESS ? ENR_OK : ENR_E_DNS;
}

static bool was_tried(const enr_lwip_net_t *net)
{
    for (size_t i = 0; i < net->tried_count; i++) {
        if (net->tried[i] == net->address) {
            return true;
        }
    }
    return false;
}

/* This address failed, and the next question may bring another. A private one says nothing of the service. */
static void leave_address(enr_lwip_net_t *net, enr_status_t failure)
{
    abort_connection(net);
    net->tried[net->tried_count++] = net->address;
    if (net->failure == ENR_OK || failure != ENR_E_PORTAL) {
        net->failure = failure;
    }
    ask_again(net);
}

static bool is_refused(const enr_lwip_net_t *net)
{
    enr_ip_address_t address = {.len = 4};
    memcpy(address.bytes, &net->address, 4);
    return net->config.refuse_private && enr_ip_address_is_private(&address);
}

static enr_status_t connect(enr_lwip_net_t *net)
{
    ip_addr_t address = IPADDR4_INIT(net->address);
    struct tcp_pcb *pcb = tcp_new();
    if (pcb == NULL) {
        return ENR_E_NETWORK;
    }
    net->pcb = pcb;
    net->state = NET_CONNECTING;
    net->since_ms = lwip_now_ms();
    net->ended = false;
    net->received_from = 0;
    net->received_len = 0;
    tcp_nagle_disable(pcb);
    ip_set_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = KEEPALIVE_IDLE_MS;
    pcb->keep_intvl = KEEPALIVE_INTERVAL_MS;
    pcb->keep_cnt = KEEPALIVE_PROBES;
    tcp_arg(pcb, net);
    tcp_err(pcb, on_error);
    tcp_recv(pcb, on_received);
    err_t error = tcp_connect(pcb, &address, net->port, on_connected);
    if (error != ERR_OK) {
        return error == ERR_RTE ? ENR_E_UNREACHABLE : ENR_E_NETWORK;
    }
    return ENR_OK;
}

/* DNS has answered: on to the address, or to the end. ENR_OK: go on. */
static enr_status_t take_answer(enr_lwip_net_t *net)
{
    if (net->resolve_status != ENR_OK) {
        return net->failure != ENR_OK ? net->failure : net->resolve_status;
    }
    if (was_tried(net)) {
        ask_again(net);
        return ENR_OK;
    }
    enr_status_t status = is_refused(net) ? ENR_E_PORTAL : connect(net);
    if (status != ENR_OK) {
        leave_address(net, status);
    }
    return ENR_OK;
}

/* One move towards an open connection. ENR_OK: moved. ENR_AGAIN: *out_wait. */
static enr_status_t move(enr_lwip_net_t *net, enr_wait_t *out_wait)
{
    switch (net->state) {
    case NET_ASKING:
        if (is_past(net->since_ms)) {
            enr_status_t status = ask(net);
            if (status != ENR_AGAIN) {
                return status;
            }
        }
        *out_wait = (enr_wait_t){.has_time = true, .until_ms = net->since_ms};
        return ENR_AGAIN;
    case NET_RESOLVING:
        if (net->resolved) {
            return take_answer(net);
        }
        *out_wait = (enr_wait_t){.events = ENR_WAIT_READ};
        return ENR_AGAIN;
    default: /* NET_CONNECTING */
        if (net->pcb == NULL) {
            leave_address(net, net->failure);
            return ENR_OK;
        }
        if (is_past(net->since_ms + net->config.address_ms)) {
            leave_address(net, ENR_E_TIMEOUT_CONNECT);
            return ENR_OK;
        }
        *out_wait = (enr_wait_t){
            .events = ENR_WAIT_WRITE, .has_time = true, .until_ms = net->since_ms + net->config.address_ms};
        return ENR_AGAIN;
    }
}

static enr_status_t net_open(void *ctx, enr_span_t host, uint16_t port, uint32_t now_ms, enr_phase_t *out_phase,
                             enr_wait_t *out_wait)
{
    enr_lwip_net_t *net = ctx;
    (void)now_ms;
    enr_status_t status = net->state == NET_CLOSED ? begin(net, host, port) : ENR_OK;
    while (status == ENR_OK && net->state != NET_OPEN) {
        status = move(net, out_wait);
    }
    if (status == ENR_AGAIN) {
        bool connects = net->tried_count > 0 || net->state == NET_CONNECTING;
        *out_phase = connects ? ENR_PHASE_CONNECT : ENR_PHASE_DNS; /* a phase never goes back */
    } else if (status != ENR_OK) {
        net_close(net);
    }
    return status;
}

/* --- send and receive --- */

/* Bytes that may go on their way now, a segment at most. */
static size_t send_room(const struct tcp_pcb *pcb)
{
    size_t in_flight = TCP_SND_BUF - tcp_sndbuf(pcb);
    if (tcp_sndqueuelen(pcb) >= TCP_SND_QUEUELEN || in_flight >= IN_FLIGHT_MAX) {
        return 0;
    }
    size_t room = IN_FLIGHT_MAX - in_flight;
    return room < SEND_SEGMENT ? room : SEND_SEGMENT;
}

static enr_status_t net_send(void *ctx, enr_span_t bytes, size_t *out_sent)
{
    enr_lwip_net_t *net = ctx;
    assert(net->state == NET_OPEN && bytes.len > 0);
    struct tcp_pcb *pcb = net->pcb;
    if (pcb == NULL) {
        return net->failure;
    }
    size_t room = send_room(pcb);
    size_t len = bytes.len < room ? bytes.len : room;
    err_t error = len > 0 ? tcp_write(pcb, bytes.ptr, (u16_t)len, TCP_WRITE_FLAG_COPY) : ERR_MEM;
    if (error == ERR_MEM) {
        return ENR_AGAIN;
    }
    if (error != ERR_OK) {
        return ENR_E_NETWORK;
    }
    (void)tcp_output(pcb); /* what it cannot send now it sends in a timer */
    *out_sent = len;
    return ENR_OK;
}

static enr_status_t net_receive(void *ctx, uint8_t *out, size_t capacity, size_t *out_len)
{
    enr_lwip_net_t *net = ctx;
    assert(net->state == NET_OPEN && capacity > 0);
    size_t to_end = ENR_LWIP_RECEIVE_MAX - net->received_from;
    size_t len = net->received_len < to_end ? net->received_len : to_end;
    len = len < capacity ? len : capacity;
    if (len == 0) {
        return net->failure != ENR_OK ? net->failure : net->ended ? ENR_END : ENR_AGAIN;
    }
    memcpy(out, net->received + net->received_from, len);
    net->received_from = (net->received_from + len) % ENR_LWIP_RECEIVE_MAX;
    net->received_len -= len;
    if (net->pcb != NULL) {
        tcp_recved(net->pcb, (u16_t)len);
    }
    *out_len = len;
    return ENR_OK;
}

bool enr_lwip_net_ready(const enr_lwip_net_t *net, const enr_wait_t *wait)
{
    if (wait->has_time && is_past(wait->until_ms)) {
        return true;
    }
    if (wait->events == 0) {
        return false;
    }
    switch (net->state) {
    case NET_OPEN:
        return ((wait->events & ENR_WAIT_READ) != 0 && (net->received_len > 0 || net->ended || net->pcb == NULL)) ||
               ((wait->events & ENR_WAIT_WRITE) != 0 && (net->pcb == NULL || send_room(net->pcb) > 0));
    case NET_RESOLVING:
        return net->resolved;
    case NET_CONNECTING:
        return net->pcb == NULL;
    default:
        return true;
    }
}

void enr_lwip_net_start(enr_lwip_net_t *net, const enr_lwip_net_config_t *config)
{
    assert(net != NULL && config != NULL && config->address_ms <= INT32_MAX);
    *net = (enr_lwip_net_t){.config = *config, .state = NET_CLOSED};
    if (net->config.address_ms == 0) {
        net->config.address_ms = ENR_LWIP_ADDRESS_MS;
    }
}

enr_net_t enr_lwip_net(enr_lwip_net_t *net)
{
    return (enr_net_t){.ctx = net, .open = net_open, .send = net_send, .receive = net_receive, .close = net_close};
}
