/* The replacements of what newer c-ares calls deprecated are missing in older ones. */
#define CARES_NO_DEPRECATED

#include "internal.h"

#include <sys/select.h> /* which ares.h needs */
#include <sys/time.h>

#include <ares.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

_Static_assert(RESOLVER_SOCKETS_MAX == ARES_GETSOCK_MAXNUM, "as many sockets as c-ares tells of");

/* A lost packet is asked for again after 2 s, then 4 s, so that one loss does not eat the phase. */
#define RESEND_MS 2000
#define TRIES 3

/* c-ares's own way to write to a DNS server over TCP raises SIGPIPE when that server has gone: these functions do the
   same without a signal. Once they are set, c-ares leaves preparing the socket to them too. */
static ares_socket_t ares_open(int family, int type, int protocol, void *ctx)
{
    (void)ctx;
    int fd = socket(family, type, protocol);
    if (fd >= 0 && !enr_posix_prepare_fd(fd)) {
        (void)close(fd);
        return ARES_SOCKET_BAD;
    }
    return fd;
}

static int ares_shut(ares_socket_t fd, void *ctx)
{
    (void)ctx;
    return close(fd);
}

static int ares_connect(ares_socket_t fd, const struct sockaddr *address, ares_socklen_t len, void *ctx)
{
    (void)ctx;
    return connect(fd, address, len);
}

static ares_ssize_t ares_receive(ares_socket_t fd, void *out, size_t capacity, int flags, struct sockaddr *from,
                                 ares_socklen_t *from_len, void *ctx)
{
    (void)ctx;
    return recvfrom(fd, out, capacity, flags, from, from_len);
}

static ares_ssize_t ares_write(ares_socket_t fd, const struct iovec *pieces, int count, void *ctx)
{
    (void)ctx;
    struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = (size_t)count};
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static const struct ares_socket_functions socket_functions = {ares_open, ares_shut, ares_connect, ares_receive,
                                                              ares_write};

static enr_status_t status_of_ares(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return ENR_OK;
    case ARES_ETIMEOUT:
        return ENR_E_TIMEOUT_DNS;
    case ARES_ENOMEM:
    case ARES_EFILE:
        return ENR_E_NETWORK;
    default:
        return ENR_E_DNS;
    }
}

static void add_node(enr_posix_net_t *net, const struct ares_addrinfo_node *node)
{
    if (node->ai_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, node->ai_addr, sizeof v4);
        enr_posix_address_add(net, (const uint8_t *)&v4.sin_addr, 4);
    } else if (node->ai_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, node->ai_addr, sizeof v6);
        enr_posix_address_add(net, v6.sin6_addr.s6_addr, 16);
    }
}

/* c-ares calls this once for each question, at the latest when its channel is destroyed. */
static void on_answer(void *ctx, int status, int timeouts, struct ares_addrinfo *answer)
{
    (void)timeouts;
    enr_posix_net_t *net = ctx;
    net->resolved = true;
    net->resolve_status = status_of_ares(status);
    if (answer != NULL) {
        for (const struct ares_addrinfo_node *node = answer->nodes; node != NULL; node = node->ai_next) {
            add_node(net, node);
        }
        ares_freeaddrinfo(answer);
    }
}

enr_status_t enr_posix_resolve_start(enr_posix_net_t *net, const char *host)
{
    struct ares_options options = {.flags = ARES_FLAG_NOALIASES, .timeout = RESEND_MS, .tries = TRIES, .ndomains = 0};
    ares_channel channel = NULL;
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_DOMAINS;
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
        return ENR_E_NETWORK;
    }
    if (ares_init_options(&channel, &options, mask) != ARES_SUCCESS) {
        ares_library_cleanup();
        return ENR_E_NETWORK;
    }
    net->resolver = channel;
    ares_set_socket_functions(channel, &socket_functions, NULL);
    if (net->config.dns_servers != NULL &&
        ares_set_servers_ports_csv(channel, net->config.dns_servers) != ARES_SUCCESS) {
        return ENR_E_SETTING;
    }
    const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    ares_getaddrinfo(channel, host, NULL, &hints, on_answer, net);
    return ENR_OK;
}

size_t enr_posix_resolve_sockets(const enr_posix_net_t *net, struct pollfd *out)
{
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    unsigned wanted = (unsigned)ares_getsock(net->resolver, sockets, ARES_GETSOCK_MAXNUM);
    size_t count = 0;
    for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
        short events = 0;
        if ((wanted >> i & 1u) != 0) {
            events |= POLLIN;
        }
        if ((wanted >> (i + ARES_GETSOCK_MAXNUM) & 1u) != 0) {
            events |= POLLOUT;
        }
        if (events != 0) {
            out[count++] = (struct pollfd){.fd = sockets[i], .events = events};
        }
    }
    return count;
}

static void process(enr_posix_net_t *net)
{
    struct pollfd sockets[RESOLVER_SOCKETS_MAX];
    size_t count = enr_posix_resolve_sockets(net, sockets);
    if (poll(sockets, (nfds_t)count, 0) < 0) {
        count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        /* POLLERR and POLLHUP come unasked; reading or writing brings the error out. */
        int fd = sockets[i].revents != 0 ? sockets[i].fd : ARES_SOCKET_BAD;
        ares_process_fd(net->resolver, (sockets[i].events & POLLIN) != 0 ? fd : ARES_SOCKET_BAD,
                        (sockets[i].events & POLLOUT) != 0 ? fd : ARES_SOCKET_BAD);
    }
    ares_process_fd(net->resolver, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* its timeouts */
}

enr_status_t enr_posix_resolve_step(enr_posix_net_t *net, uint32_t now_ms, enr_wait_t *out_wait)
{
    if (!net->resolved) {
        process(net);
    }
    if (net->resolved) {
        return net->resolve_status;
    }
    struct timeval left;
    *out_wait = (enr_wait_t){.events = ENR_WAIT_READ};
    if (ares_timeout(net->resolver, NULL, &left) != NULL) {
        out_wait->has_time = true;
        out_wait->until_ms = now_ms + (uint32_t)left.tv_sec * 1000u + (uint32_t)left.tv_usec / 1000u + 1u;
    }
    return ENR_AGAIN;
}

void enr_posix_resolve_end(enr_posix_net_t *net)
{
    if (net->resolver != NULL) {
        ares_destroy(net->resolver);
        ares_library_cleanup();
        net->resolver = NULL;
    }
}
