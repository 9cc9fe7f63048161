#include "internal.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>

static size_t waiter_sockets(const enr_posix_waiter_t *waiter, struct pollfd *out)
{
    const enr_posix_net_t *net = waiter->net;
    if (net == NULL || waiter->wait.events == 0) {
        return 0;
    }
    if (net->resolver != NULL) {
        return enr_posix_resolve_sockets(net, out);
    }
    if (net->fd < 0) {
        return 0;
    }
    *out = (struct pollfd){.fd = net->fd};
    if ((waiter->wait.events & ENR_WAIT_READ) != 0) {
        out->events |= POLLIN;
    }
    if ((waiter->wait.events & ENR_WAIT_WRITE) != 0) {
        out->events |= POLLOUT;
    }
    return 1;
}

/* Milliseconds for poll; -1: no time. */
static int waiter_timeout(const enr_wait_t *wait, uint32_t now_ms)
{
    if (!wait->has_time) {
        return -1;
    }
    uint32_t left = wait->until_ms - now_ms;
    return left > INT32_MAX ? 0 : (int)left; /* the upper half is the past (behaviours 25) */
}

enr_status_t enr_posix_wait(const enr_posix_waiter_t *waiters, size_t waiter_count, struct pollfd *extras,
                            size_t extra_count)
{
    assert(waiter_count <= ENR_POSIX_WAITERS_MAX && extra_count <= ENR_POSIX_EXTRAS_MAX);
    struct pollfd sockets[ENR_POSIX_WAITERS_MAX * RESOLVER_SOCKETS_MAX + ENR_POSIX_EXTRAS_MAX];
    enr_clock_t clock = enr_posix_clock();
    uint32_t now_ms = clock.monotonic_ms(clock.ctx);
    int timeout = -1;
    size_t count = 0;
    for (size_t i = 0; i < extra_count; i++) {
        sockets[count++] = extras[i];
    }
    for (size_t i = 0; i < waiter_count; i++) {
        count += waiter_sockets(&waiters[i], sockets + count);
        int own = waiter_timeout(&waiters[i].wait, now_ms);
        if (own >= 0 && (timeout < 0 || own < timeout)) {
            timeout = own;
        }
    }
    assert(count > 0 || timeout >= 0);
    int ready = poll(sockets, (nfds_t)count, timeout);
    for (size_t i = 0; i < extra_count; i++) {
        extras[i].revents = ready > 0 ? sockets[i].revents : 0;
    }
    return ready < 0 && errno != EINTR ? ENR_E_NETWORK : ENR_OK;
}
