#include "internal.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A peer that has vanished is noticed after a silence of 20 s and 4 probes, 60 s in all: inside the time that an answer
   is waited for, which the system's own two hours are not (behaviours 30). */
#define KEEPALIVE_IDLE_S 20
#define KEEPALIVE_INTERVAL_S 10
#define KEEPALIVE_PROBES 4

bool enr_posix_prepare_fd(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static enr_status_t status_of_connect(int error)
{
    switch (error) {
    case ECONNREFUSED:
        return ENR_E_REFUSED;
    case ECONNRESET:
    case ECONNABORTED:
        return ENR_E_RESET;
    case ETIMEDOUT:
        return ENR_E_TIMEOUT_CONNECT;
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
        return ENR_E_UNREACHABLE;
    default:
        return ENR_E_NETWORK;
    }
}

static enr_status_t status_of_transfer(int error)
{
    switch (error) {
    case EAGAIN:
#if EWOULDBLOCK != EAGAIN
    case EWOULDBLOCK:
#endif
        return ENR_AGAIN;
    case ECONNABORTED:
    case ECONNRESET:
    case EPIPE:
        return ENR_E_RESET;
    default:
        return ENR_E_NETWORK;
    }
}

static void close_socket(enr_posix_net_t *net)
{
    if (net->fd >= 0) {
        (void)close(net->fd);
        net->fd = -1;
    }
}

static void net_close(void *ctx)
{
    enr_posix_net_t *net = ctx;
    enr_posix_resolve_end(net);
    close_socket(net);
    net->state = NET_CLOSED;
}

/* These only tune; a system that refuses one still connects. */
static void tune(int fd)
{
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
#if defined(TCP_KEEPIDLE) && defined(TCP_KEEPINTVL) && defined(TCP_KEEPCNT)
    const int idle = KEEPALIVE_IDLE_S;
    const int interval = KEEPALIVE_INTERVAL_S;
    const int probes = KEEPALIVE_PROBES;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
#endif
}

static socklen_t socket_address(const enr_ip_address_t *address, uint16_t port, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (address->len == 4) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&v4.sin_addr, address->bytes, 4);
        memcpy(out, &v4, sizeof v4);
        return sizeof v4;
    }
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memcpy(&v6.sin6_addr, address->bytes, 16);
    memcpy(out, &v6, sizeof v6);
    return sizeof v6;
}

/* The place of the first address not tried yet, or address_count. */
static size_t untried(const enr_posix_net_t *net, bool of_other_family)
{
    size_t i = 0;
    while (i < net->address_count && (net->tried[i] || (of_other_family && net->addresses[i].len == net->last_len))) {
        i++;
    }
    return i;
}

/* The families take turns: one that is a black hole then costs one cap and not one for each of its addresses (RFC 8305
 * 4). */
static const enr_ip_address_t *next_address(enr_posix_net_t *net)
{
    size_t next = untried(net, true);
    if (next == net->address_count) {
        next = untried(net, false);
    }
    if (next == net->address_count) {
        return NULL;
    }
    net->tried[next] = true;
    net->last_len = net->addresses[next].len;
    return &net->addresses[next];
}

static enr_status_t connect_start(enr_posix_net_t *net, const enr_ip_address_t *address, uint32_t now_ms)
{
    struct sockaddr_storage where;
    socklen_t len = socket_address(address, net->port, &where);
    net->fd = socket(where.ss_family, SOCK_STREAM, 0);
    if (net->fd < 0) {
        return status_of_connect(errno);
    }
    if (!enr_posix_prepare_fd(net->fd)) {
        return ENR_E_NETWORK;
    }
    tune(net->fd);
    net->address_since_ms = now_ms;
    if (connect(net->fd, (const struct sockaddr *)&where, len) == 0) {
        return ENR_OK;
    }
    /* An interrupted connect goes on by itself. */
    return errno == EINPROGRESS || errno == EINTR ? ENR_AGAIN : status_of_connect(errno);
}

static enr_status_t connect_check(const enr_posix_net_t *net, uint32_t now_ms)
{
    struct pollfd ready = {.fd = net->fd, .events = POLLOUT};
    if (poll(&ready, 1, 0) < 1) {
        return now_ms - net->address_since_ms >= net->config.address_ms ? ENR_E_TIMEOUT_CONNECT : ENR_AGAIN;
    }
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(net->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
        return ENR_E_NETWORK;
    }
    return error == 0 ? ENR_OK : status_of_connect(error);
}

static enr_status_t connect_step(enr_posix_net_t *net, uint32_t now_ms, enr_wait_t *out_wait)
{
    for (;;) {
        enr_status_t status;
        if (net->fd >= 0) {
            status = connect_check(net, now_ms);
        } else {
            const enr_ip_address_t *address = next_address(net);
            if (address == NULL) {
                return net->failure;
            }
            status = connect_start(net, address, now_ms);
        }
        if (status == ENR_OK) {
            return ENR_OK;
        }
        if (status == ENR_AGAIN) {
            *out_wait = (enr_wait_t){
                .events = ENR_WAIT_WRITE, .has_time = true, .until_ms = net->address_since_ms + net->config.address_ms};
            return ENR_AGAIN;
        }
        close_socket(net);
        if (net->failure == ENR_OK || status != ENR_E_UNREACHABLE) {
            net->failure = status;
        }
    }
}

static enr_status_t begin(enr_posix_net_t *net, enr_span_t host, uint16_t port)
{
    char name[ENR_HOST_MAX + 1];
    if (host.len == 0 || host.len > ENR_HOST_MAX || memchr(host.ptr, '\0', host.len) != NULL) {
        return ENR_E_DNS;
    }
    memcpy(name, host.ptr, host.len);
    name[host.len] = '\0';
    net->port = port;
    net->address_count = 0;
    net->last_len = 0;
    net->failure = ENR_OK;
    net->resolve_status = ENR_OK;
    net->resolved = enr_posix_address_known(net, name);
    net->state = NET_RESOLVING;
    return net->resolved ? ENR_OK : enr_posix_resolve_start(net, name);
}

static enr_status_t resolve(enr_posix_net_t *net, uint32_t now_ms, enr_wait_t *out_wait)
{
    enr_status_t status = enr_posix_resolve_step(net, now_ms, out_wait);
    if (status != ENR_OK) {
        return status;
    }
    enr_posix_resolve_end(net);
    if (net->address_count == 0) {
        return net->config.refuse_private ? ENR_E_PORTAL : ENR_E_DNS;
    }
    net->state = NET_CONNECTING;
    return ENR_OK;
}

static enr_status_t net_open(void *ctx, enr_span_t host, uint16_t port, uint32_t now_ms, enr_phase_t *out_phase,
                             enr_wait_t *out_wait)
{
    enr_posix_net_t *net = ctx;
    assert(net->state != NET_OPEN);
    enr_status_t status = net->state == NET_CLOSED ? begin(net, host, port) : ENR_OK;
    if (status == ENR_OK && net->state == NET_RESOLVING) {
        *out_phase = ENR_PHASE_DNS;
        status = resolve(net, now_ms, out_wait);
    }
    if (status == ENR_OK) {
        *out_phase = ENR_PHASE_CONNECT;
        status = connect_step(net, now_ms, out_wait);
    }
    if (status == ENR_OK) {
        net->state = NET_OPEN;
    } else if (status != ENR_AGAIN) {
        net_close(net);
    }
    return status;
}

static enr_status_t net_send(void *ctx, enr_span_t bytes, size_t *out_sent)
{
    enr_posix_net_t *net = ctx;
    assert(net->state == NET_OPEN && bytes.len > 0);
    ssize_t sent;
    do {
        sent = send(net->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        return status_of_transfer(errno);
    }
    *out_sent = (size_t)sent;
    return ENR_OK;
}

static enr_status_t net_receive(void *ctx, uint8_t *out, size_t capacity, size_t *out_len)
{
    enr_posix_net_t *net = ctx;
    assert(net->state == NET_OPEN && capacity > 0);
    ssize_t len;
    do {
        len = recv(net->fd, out, capacity, 0);
    } while (len < 0 && errno == EINTR);
    if (len < 0) {
        return status_of_transfer(errno);
    }
    *out_len = (size_t)len;
    return len == 0 ? ENR_END : ENR_OK;
}

void enr_posix_net_start(enr_posix_net_t *net, const enr_posix_net_config_t *config)
{
    assert(net != NULL && config != NULL && config->address_ms <= INT32_MAX);
    *net = (enr_posix_net_t){.config = *config, .state = NET_CLOSED, .fd = -1};
    if (net->config.address_ms == 0) {
        net->config.address_ms = ENR_POSIX_ADDRESS_MS;
    }
}

enr_net_t enr_posix_net(enr_posix_net_t *net)
{
    return (enr_net_t){.ctx = net, .open = net_open, .send = net_send, .receive = net_receive, .close = net_close};
}
