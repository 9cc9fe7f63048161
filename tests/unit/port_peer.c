#define _POSIX_C_SOURCE 200809L

#include "port_peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Nothing a child does lasts longer than this, whatever becomes of the test. */
#define CHILD_LIFE_S 100

static void sleep_ms(int ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    (void)nanosleep(&time, NULL);
}

/* A socket bound to the address and the given port, 0: any. */
static int bound_socket(int type, const char *address, uint16_t port, uint16_t *out_port)
{
    const int on = 1;
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t len = sizeof where;
    int fd = socket(AF_INET, type, 0);
    if (inet_pton(AF_INET, address == NULL ? "127.0.0.1" : address, &where.sin_addr) != 1) {
        (void)close(fd);
        return -1;
    }
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
                    bind(fd, (const struct sockaddr *)&where, len) != 0 ||
                    getsockname(fd, (struct sockaddr *)&where, &len) != 0)) {
        (void)close(fd);
        return -1;
    }
    *out_port = ntohs(where.sin_port);
    return fd;
}

static void reset(int fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    (void)close(fd);
}

/* --- the service --- */

static bool read_all(int fd, uint8_t *out, size_t len)
{
    size_t have = 0;
    while (have < len) {
        ssize_t got = recv(fd, out + have, len - have, 0);
        if (got <= 0) {
            return false;
        }
        have += (size_t)got;
    }
    return true;
}

static bool write_all(int fd, const uint8_t *bytes, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t sent = send(fd, bytes + done, len - done, MSG_NOSIGNAL);
        if (sent < 0) {
            return false;
        }
        done += (size_t)sent;
    }
    return true;
}

static void wait_for_end(int fd)
{
    uint8_t rest[256];
    while (recv(fd, rest, sizeof rest, 0) > 0) {
    }
}

static void echo(int fd, size_t len)
{
    uint8_t piece[256];
    while (len > 0) {
        size_t now = len < sizeof piece ? len : sizeof piece;
        if (!read_all(fd, piece, now) || !write_all(fd, piece, now)) {
            return;
        }
        len -= now;
    }
    wait_for_end(fd);
}

static void check_pattern(int fd, size_t len)
{
    uint8_t piece[4096];
    bool right = true;
    sleep_ms(1000);
    for (size_t done = 0; done < len;) {
        size_t now = len - done < sizeof piece ? len - done : sizeof piece;
        if (!read_all(fd, piece, now)) {
            return;
        }
        for (size_t i = 0; i < now; i++) {
            right = right && piece[i] == port_peer_pattern(done + i);
        }
        done += now;
    }
    (void)write_all(fd, (const uint8_t *)(right ? "y" : "n"), 1);
}

static void send_pattern(int fd, size_t len)
{
    uint8_t piece[4096];
    for (size_t done = 0; done < len;) {
        size_t now = len - done < sizeof piece ? len - done : sizeof piece;
        for (size_t i = 0; i < now; i++) {
            piece[i] = port_peer_pattern(done + i);
        }
        if (!write_all(fd, piece, now)) {
            return;
        }
        done += now;
    }
}

static void serve(int fd)
{
    uint8_t command[PORT_PEER_COMMAND_LEN];
    if (!read_all(fd, command, sizeof command)) {
        return;
    }
    size_t number = (size_t)command[1] << 24 | (size_t)command[2] << 16 | (size_t)command[3] << 8 | command[4];
    switch (command[0]) {
    case 'e':
        echo(fd, number);
        break;
    case 'f':
        (void)write_all(fd, (const uint8_t *)"bye", 3);
        break;
    case 'r':
        reset(fd);
        break;
    case 'c':
        check_pattern(fd, number);
        break;
    case 's':
        send_pattern(fd, number);
        break;
    default:
        sleep_ms((int)number);
        break;
    }
}

static void accept_for_ever(int listener)
{
    (void)signal(SIGCHLD, SIG_IGN); /* no zombies */
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) {
            continue;
        }
        if (fork() == 0) {
            (void)alarm(CHILD_LIFE_S);
            (void)close(listener);
            serve(fd);
            _exit(0);
        }
        (void)close(fd);
    }
}

bool port_peer_start(port_peer_t *peer)
{
    const int small = 4096; /* so that a big send meets a full peer */
    int listener = bound_socket(SOCK_STREAM, peer->address, peer->port, &peer->port);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small) != 0 ||
        listen(listener, 64) != 0) {
        return false;
    }
    peer->pid = fork();
    if (peer->pid == 0) {
        (void)alarm(CHILD_LIFE_S);
        accept_for_ever(listener);
    }
    (void)close(listener);
    return peer->pid > 0;
}

/* --- DNS --- */

#define DNS_HEADER 12
#define DNS_TYPE_A 1
#define DNS_TYPE_AAAA 28

static size_t put_16(uint8_t *out, size_t at, unsigned value)
{
    out[at] = (uint8_t)(value >> 8);
    out[at + 1] = (uint8_t)value;
    return at + 2;
}

/* The question's name in text form; gives the place behind its type and class, 0 for what is no question. */
static size_t question(const uint8_t *message, size_t len, char name[256])
{
    size_t at = DNS_HEADER;
    size_t out = 0;
    while (at < len && message[at] != 0) {
        size_t label = message[at++];
        if (label > 63 || len - at < label || out + label + 2 > 256) {
            return 0;
        }
        memcpy(name + out, message + at, label);
        at += label;
        out += label;
        name[out++] = '.';
    }
    if (at + 5 > len) {
        return 0;
    }
    name[out == 0 ? 0 : out - 1] = '\0';
    return at + 5;
}

static size_t add_address(uint8_t *message, size_t at, const char *text, unsigned type)
{
    uint8_t bytes[16];
    size_t len = type == DNS_TYPE_A ? 4 : 16;
    if (inet_pton(type == DNS_TYPE_A ? AF_INET : AF_INET6, text, bytes) != 1) {
        return at; /* of the other family */
    }
    message[7]++;
    at = put_16(message, at, 0xC000u | DNS_HEADER); /* the question's name */
    at = put_16(message, at, type);
    at = put_16(message, at, 1); /* IN */
    at = put_16(message, at, 0);
    at = put_16(message, at, 60); /* seconds to live */
    at = put_16(message, at, (unsigned)len);
    memcpy(message + at, bytes, len);
    return at + len;
}

static const port_peer_name_t *look_up(const char *asked, const port_peer_name_t *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(names[i].name, asked) == 0) {
            return &names[i];
        }
    }
    return NULL;
}

static unsigned type_of(const uint8_t *message, size_t question_end)
{
    return question_end == 0 ? 0 : (unsigned)message[question_end - 4] << 8 | message[question_end - 3];
}

static size_t add_addresses(uint8_t *message, size_t at, const port_peer_name_t *name, unsigned type, unsigned turn)
{
    size_t count = 0;
    while (name->addresses[count] != NULL) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        at = add_address(message, at, name->addresses[(i + (name->rotates ? turn : 0)) % count], type);
    }
    return at;
}

/* Turns a question in message into its answer; gives its length, 0 for no answer. turn: how far to turn the addresses
   of a name that rotates. *out_resets: the name's own wish. */
static size_t answer(uint8_t message[1024], size_t len, bool over_udp, const port_peer_name_t *names, size_t count,
                     unsigned turn, bool *out_resets)
{
    char asked[256];
    size_t at = len < DNS_HEADER ? 0 : question(message, len, asked);
    *out_resets = false;
    if (at == 0) {
        return 0;
    }
    unsigned type = type_of(message, at);
    const port_peer_name_t *known = look_up(asked, names, count);
    bool truncated = known != NULL && known->truncated && over_udp;
    (void)put_16(message, 2, 0x8180u | (truncated ? 0x0200u : 0u) | (known == NULL ? 3u : 0u));
    memset(message + 6, 0, 6);
    if (known == NULL) {
        return at;
    }
    if (known->delay_ms < 0) {
        return 0;
    }
    *out_resets = known->resets;
    if (!truncated) {
        at = add_addresses(message, at, known, type, turn);
    }
    sleep_ms(known->delay_ms);
    return at;
}

static void answer_datagram(int fd, const port_peer_name_t *names, size_t count)
{
    uint8_t message[1024];
    struct sockaddr_in from;
    socklen_t from_len = sizeof from;
    char asked[256];
    static unsigned
        turn; /* questions for IPv4 addresses so far: one for each attempt, whatever a resolver asks beside */
    ssize_t len = recvfrom(fd, message, 512, 0, (struct sockaddr *)&from, &from_len);
    if (len >= DNS_HEADER && type_of(message, question(message, (size_t)len, asked)) == DNS_TYPE_A) {
        turn++;
    }
    if (len < 0 || fork() != 0) { /* a child each, so that a delay keeps nobody else waiting */
        return;
    }
    (void)alarm(CHILD_LIFE_S);
    bool resets;
    size_t answer_len = answer(message, (size_t)len, true, names, count, turn, &resets);
    if (answer_len > 0) {
        (void)sendto(fd, message, answer_len, 0, (const struct sockaddr *)&from, from_len);
    }
    _exit(0);
}

/* RFC 1035 4.2.2: each message behind its length. */
static void answer_connection(int fd, const port_peer_name_t *names, size_t count)
{
    uint8_t message[2 + 1024];
    bool resets = false;
    while (!resets && read_all(fd, message, 2)) {
        size_t len = (size_t)message[0] << 8 | message[1];
        if (len > 512 || !read_all(fd, message + 2, len)) {
            break;
        }
        len = answer(message + 2, len, false, names, count, 0, &resets);
        (void)put_16(message, 0, (unsigned)len);
        if (!resets && !write_all(fd, message, 2 + len)) {
            break;
        }
    }
    if (resets) {
        reset(fd);
    }
}

static void answer_for_ever(int datagrams, int listener, const port_peer_name_t *names, size_t count)
{
    (void)signal(SIGCHLD, SIG_IGN);
    for (;;) {
        struct pollfd ready[] = {{.fd = datagrams, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
        if (poll(ready, 2, -1) < 0) {
            continue;
        }
        if (ready[0].revents != 0) {
            answer_datagram(datagrams, names, count);
        }
        if (ready[1].revents != 0) {
            int fd = accept(listener, NULL, NULL);
            if (fork() == 0) {
                (void)alarm(CHILD_LIFE_S);
                answer_connection(fd, names, count);
                _exit(0);
            }
            (void)close(fd);
        }
    }
}

bool port_peer_start_dns(port_peer_t *peer, const port_peer_name_t *names, size_t count)
{
    int datagrams = bound_socket(SOCK_DGRAM, peer->address, peer->port, &peer->port);
    int listener = datagrams < 0 ? -1 : bound_socket(SOCK_STREAM, peer->address, peer->port, &peer->port);
    if (listener < 0 || listen(listener, 8) != 0) {
        return false;
    }
    peer->pid = fork();
    if (peer->pid == 0) {
        (void)alarm(CHILD_LIFE_S);
        answer_for_ever(datagrams, listener, names, count);
    }
    (void)close(datagrams);
    (void)close(listener);
    return peer->pid > 0;
}

/* A listener whose backlog is full drops further connections' packets. */
bool port_peer_make_hole(const char *address, uint16_t port)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(port)};
    int listener = bound_socket(SOCK_STREAM, address, port, &port);
    if (listener < 0 || listen(listener, 0) != 0 || inet_pton(AF_INET, address, &where.sin_addr) != 1) {
        return false;
    }
    for (int i = 0; i < 4; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
            return false;
        }
        (void)connect(fd, (const struct sockaddr *)&where, sizeof where); /* stays open with this process */
    }
    return true;
}

void port_peer_stop(port_peer_t *peer)
{
    (void)kill(peer->pid, SIGKILL);
    (void)waitpid(peer->pid, NULL, 0);
}
