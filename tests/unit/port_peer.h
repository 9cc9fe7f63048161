/* The other side of the port tests: a TCP service and a DNS server, each a child process. */
#ifndef PORT_PEER_H
#define PORT_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
    const char *address; /* to bind to; NULL: 127.0.0.1 */
    uint16_t port;       /* to bind to; 0: a free one, which then stands here */
    pid_t pid;
} port_peer_t;

/* What the service does on a connection is asked for in its first five bytes: a letter and a number, most significant
 * byte first.
 *   'e' n  echoes n bytes and waits for the end
 *   'f' 0  sends "bye" and ends the stream
 *   'r' 0  resets the connection
 *   'c' n  is slow to start reading (a second), reads n bytes, sends 'y' if they follow the pattern or 'n', ends the
 *          stream
 *   's' n  sends n bytes of the pattern, ends the stream
 *   'q' n  says nothing for n milliseconds, then ends the stream */
#define PORT_PEER_COMMAND_LEN 5

/* Byte number `position` of the pattern. */
static inline uint8_t port_peer_pattern(size_t position)
{
    return (uint8_t)(position * 7 + (position >> 8) * 13 + (position >> 16));
}

/* Starts the service. False: the system refused. */
bool port_peer_start(port_peer_t *peer);

/* One name the DNS server knows; any other does not exist. */
typedef struct {
    const char *name;
    const char *addresses[18]; /* IPv4 and IPv6, in the order of the answer; up to the first NULL */
    int delay_ms;              /* before the answer; -1: no answer */
    bool truncated;            /* over UDP says that the answer is too long, and gives it over TCP only */
    bool resets;               /* over TCP resets the connection instead */
    bool rotates;              /* each question is answered with the addresses turned by one more */
} port_peer_name_t;

/* Starts the DNS server over `count` names. False: the system refused. */
bool port_peer_start_dns(port_peer_t *peer, const port_peer_name_t *names, size_t count);

/* Makes an address a black hole at a port: connections to it begin and never end. False: the system refused. */
bool port_peer_make_hole(const char *address, uint16_t port);

/* Ends service or DNS server. */
void port_peer_stop(port_peer_t *peer);

#endif
