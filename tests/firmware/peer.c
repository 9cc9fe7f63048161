/* The other side of tests/firmware/conformance.c, in a network namespace of its own (tests/firmware/run): the service
   at 203.0.113.1, a black hole at .3, nobody at .2, and DNS at 127.0.0.1, where QEMU passes questions on to. Says
   "ready" and ends when its standard input does. */
#include "../unit/port_peer.h"

#include <stdio.h>

static const port_peer_name_t names[] = {
    {.name = "peer.test", .addresses = {"203.0.113.1"}},
    {.name = "slow.test", .addresses = {"203.0.113.1"}, .delay_ms = 1000},
    {.name = "silent.test", .addresses = {"203.0.113.1"}, .delay_ms = -1},
    {.name = "rotating.test", .addresses = {"203.0.113.2", "203.0.113.1"}, .rotates = true},
    {.name = "hole.test", .addresses = {"203.0.113.3"}},
};

int main(void)
{
    port_peer_t service = {.address = "203.0.113.1", .port = 7001};
    port_peer_t dns = {.address = "127.0.0.1", .port = 53};
    if (!port_peer_start(&service) || !port_peer_start_dns(&dns, names, sizeof names / sizeof names[0]) ||
        !port_peer_make_hole("203.0.113.3", 7001)) {
        perror("peer");
        return 1;
    }
    (void)puts("ready");
    (void)fflush(stdout);
    while (getchar() != EOF) {
    }
    port_peer_stop(&service);
    port_peer_stop(&dns);
    return 0;
}
