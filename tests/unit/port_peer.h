/* The other side of the port tests: a TCP service and a DNS server on 127.0.0.1, each a child process. */
#ifndef PORT_PEER_H
#define PORT_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
    pid_t pid;
    uint16_t port;
} port_peer_t;

/* What the service does on a connection is asked for in its first five bytes: a letter and a number, most significant
   byte first. 'e' n  echoes n bytes and waits for the end 'f' 0  sends "bye" and ends the stream 'r' 0  resets the
   connection 'c' n  is slow to start reading, reads n bytes, sends 'y' if they follow the pattern or 'n', ends the
   stream 's' n  sends n bytes of the pattern, ends the stream 'q' 0  says nothing until the other side ends */
#define PORT_PEER_COMMAND_LEN 5

/* Byte number `position` of the pattern. */
uint8_t port_peer_pattern(size_t position);

/* Starts the service. False: the system refused. */
bool port_peer_start(port_peer_t *peer);

/* One name the DNS server knows; any other does not exist. */
typedef struct {
    const char *name;
    const char *addresses[18]; /* IPv4 and IPv6, in the order of the answer; up to the first NULL */
    int delay_ms;              /* before the answer; -1: no answer */
    bool truncated;            /* over UDP says that the answer is too long, and gives it over TCP only */
    bool resets;               /* over TCP resets the connection instead */
} port_peer_name_t;

/* Starts the DNS server over `count` names. False: the system refused. */
bool port_peer_start_dns(port_peer_t *peer, const port_peer_name_t *names, size_t count);

/* Ends either. */
void port_peer_stop(port_peer_t *peer);

#endif
