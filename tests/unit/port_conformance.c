#include "port_conformance.h"

#include "port_peer.h"

#include <string.h>

/* A step that takes longer has failed. */
#define STEP_MS 10000u

/* No call of a net takes longer, even on a busy machine; what it could wait for here takes twice as long. */
#define CALL_MS 500u

/* DNS that does not answer is given up by then. */
#define SILENT_DNS_MS 20000u

#define REOPENINGS 100

typedef struct {
    const port_conformance_t *port;
    bool blocked; /* a call took longer than CALL_MS */
} run_t;
typedef run_t *self_t;

static uint32_t now(self_t self)
{
    return self->port->now_ms(self->port->ctx);
}

/* --- the net's calls, each watched for its time --- */

static void watch(self_t self, uint32_t since_ms)
{
    self->blocked = self->blocked || now(self) - since_ms > CALL_MS;
}

static enr_status_t call_open(self_t self, enr_span_t host, uint16_t port, enr_phase_t *out_phase, enr_wait_t *out_wait)
{
    const enr_net_t *net = self->port->net;
    uint32_t since_ms = now(self);
    enr_status_t status = net->open(net->ctx, host, port, since_ms, out_phase, out_wait);
    watch(self, since_ms);
    return status;
}

static enr_status_t call_send(self_t self, enr_span_t bytes, size_t *out_sent)
{
    const enr_net_t *net = self->port->net;
    uint32_t since_ms = now(self);
    enr_status_t status = net->send(net->ctx, bytes, out_sent);
    watch(self, since_ms);
    return status;
}

static enr_status_t call_receive(self_t self, uint8_t *out, size_t capacity, size_t *out_len)
{
    const enr_net_t *net = self->port->net;
    uint32_t since_ms = now(self);
    enr_status_t status = net->receive(net->ctx, out, capacity, out_len);
    watch(self, since_ms);
    return status;
}

static void call_close(self_t self)
{
    const enr_net_t *net = self->port->net;
    uint32_t since_ms = now(self);
    net->close(net->ctx);
    watch(self, since_ms);
}

/* --- what the parts are made of --- */

/* Waits for the events or the end of this much time; false: it is over. */
static bool wait_at_most(self_t self, enr_wait_t wait, uint32_t since_ms, uint32_t most_ms)
{
    uint32_t end_ms = since_ms + most_ms;
    if (!wait.has_time || (int32_t)(end_ms - wait.until_ms) < 0) {
        wait.has_time = true;
        wait.until_ms = end_ms;
    }
    self->port->wait(self->port->ctx, &wait);
    return now(self) - since_ms < most_ms;
}

static bool wait_for(self_t self, enr_wait_t wait, uint32_t since_ms)
{
    return wait_at_most(self, wait, since_ms, STEP_MS);
}

/* Opens to the end. ENR_AGAIN: it took too long, or its phases went backwards. */
static enr_status_t open_within(self_t self, enr_span_t host, uint16_t port, uint32_t most_ms)
{
    uint32_t since_ms = now(self);
    enr_phase_t before = ENR_PHASE_DNS;
    enr_phase_t phase = ENR_PHASE_DNS;
    enr_wait_t wait;
    for (;;) {
        enr_status_t status = call_open(self, host, port, &phase, &wait);
        if (status != ENR_AGAIN) {
            return status;
        }
        if (phase < before || phase > ENR_PHASE_CONNECT || !wait_at_most(self, wait, since_ms, most_ms)) {
            return ENR_AGAIN;
        }
        before = phase;
    }
}

static enr_status_t open_to(self_t self, enr_span_t host, uint16_t port)
{
    return open_within(self, host, port, STEP_MS);
}

/* Sends all. *out_again counts the times when there was no room. */
static enr_status_t send_all(self_t self, enr_span_t bytes, size_t *out_again)
{
    uint32_t since_ms = now(self);
    while (bytes.len > 0) {
        size_t sent = 0;
        enr_status_t status = call_send(self, bytes, &sent);
        if (status == ENR_AGAIN) {
            ++*out_again;
            if (!wait_for(self, (enr_wait_t){.events = ENR_WAIT_WRITE}, since_ms)) {
                return ENR_AGAIN;
            }
            continue;
        }
        if (status != ENR_OK || sent == 0 || sent > bytes.len) {
            return status == ENR_OK ? ENR_E_NETWORK : status;
        }
        bytes = enr_span_slice(bytes, sent, bytes.len);
    }
    return ENR_OK;
}

/* One successful receive, or how it failed. */
static enr_status_t receive_some(self_t self, uint8_t *out, size_t capacity, size_t *out_len)
{
    uint32_t since_ms = now(self);
    for (;;) {
        *out_len = 0;
        enr_status_t status = call_receive(self, out, capacity, out_len);
        if (status != ENR_AGAIN || !wait_for(self, (enr_wait_t){.events = ENR_WAIT_READ}, since_ms)) {
            return status == ENR_OK && (*out_len == 0 || *out_len > capacity) ? ENR_E_NETWORK : status;
        }
    }
}

static enr_status_t receive_all(self_t self, uint8_t *out, size_t len)
{
    while (len > 0) {
        size_t got;
        enr_status_t status = receive_some(self, out, len, &got);
        if (status != ENR_OK) {
            return status;
        }
        out += got;
        len -= got;
    }
    return ENR_OK;
}

/* Opens a connection to the peer and gives it its command. */
static bool ask(self_t self, char command, size_t number)
{
    const uint8_t bytes[PORT_PEER_COMMAND_LEN] = {(uint8_t)command, (uint8_t)(number >> 24), (uint8_t)(number >> 16),
                                                  (uint8_t)(number >> 8), (uint8_t)number};
    size_t again = 0;
    return open_to(self, self->port->host, self->port->peer_port) == ENR_OK &&
           send_all(self, (enr_span_t){bytes, sizeof bytes}, &again) == ENR_OK;
}

static bool echoes(self_t self)
{
    const enr_span_t text = ENR_SPAN("Gr\xC3\xBC\xC3\x9F Gott\0!");
    uint8_t got[32];
    size_t again = 0;
    bool right = ask(self, 'e', text.len) && send_all(self, text, &again) == ENR_OK &&
                 receive_all(self, got, text.len) == ENR_OK && memcmp(got, text.ptr, text.len) == 0;
    call_close(self);
    return right;
}

static const char *opens_sends_and_receives(self_t self)
{
    return echoes(self) ? NULL : "bytes sent to an echo come back";
}

static const char *tells_silence(self_t self)
{
    uint8_t byte;
    size_t len;
    bool right = ask(self, 'q', 2 * CALL_MS) && call_receive(self, &byte, 1, &len) == ENR_AGAIN;
    uint32_t since_ms = now(self);
    self->port->wait(self->port->ctx,
                     &(enr_wait_t){.events = ENR_WAIT_READ, .has_time = true, .until_ms = since_ms + 50});
    uint32_t waited_ms = now(self) - since_ms;
    right = right && call_receive(self, &byte, 1, &len) == ENR_AGAIN;
    call_close(self);
    if (!right) {
        return "a silent peer gives ENR_AGAIN";
    }
    return waited_ms >= 50 && waited_ms < 1000 ? NULL : "a wait for a silent peer ends at its time";
}

static const char *tells_the_end(self_t self)
{
    uint8_t got[8];
    size_t len;
    bool right = ask(self, 'f', 0) && receive_all(self, got, 3) == ENR_OK && memcmp(got, "bye", 3) == 0 &&
                 receive_some(self, got, sizeof got, &len) == ENR_END &&
                 receive_some(self, got, sizeof got, &len) == ENR_END;
    call_close(self);
    return right ? NULL : "a FIN is ENR_END, after the bytes before it, each time";
}

static const char *tells_a_reset(self_t self)
{
    uint8_t got[8];
    size_t len;
    bool received = ask(self, 'r', 0) && receive_some(self, got, sizeof got, &len) == ENR_E_RESET;
    call_close(self);
    if (!received) {
        return "a reset is ENR_E_RESET to receive";
    }
    bool sent = ask(self, 'r', 0);
    enr_status_t status = ENR_OK;
    size_t again = 0;
    uint32_t since_ms = now(self);
    while (sent && status == ENR_OK && now(self) - since_ms < STEP_MS) {
        status = send_all(self, ENR_SPAN("x"), &again);
    }
    bool each_time = status == ENR_E_RESET && send_all(self, ENR_SPAN("x"), &again) == ENR_E_RESET;
    call_close(self);
    return each_time ? NULL : "a reset is ENR_E_RESET to send, each time";
}

static const char *tells_a_refusal(self_t self)
{
    return open_to(self, self->port->host, self->port->closed_port) == ENR_E_REFUSED ? NULL
                                                                                     : "a closed port is ENR_E_REFUSED";
}

static const char *tells_a_missing_name(self_t self)
{
    return open_to(self, self->port->missing_host, self->port->peer_port) == ENR_E_DNS
               ? NULL
               : "a name without address is ENR_E_DNS";
}

static const char *resolves_slowly(self_t self)
{
    bool right = open_to(self, self->port->slow_host, self->port->peer_port) == ENR_OK;
    call_close(self);
    return right ? NULL : "a name that DNS gives late is waited for";
}

/* behaviours 29 */
static const char *goes_on_to_the_next_address(self_t self)
{
    for (int i = 0; i < 2; i++) { /* one of them begins with the address that refuses */
        bool right = open_to(self, self->port->second_host, self->port->peer_port) == ENR_OK;
        call_close(self);
        if (!right) {
            return "an address that refuses is followed by the next";
        }
    }
    return NULL;
}

static const char *leaves_a_black_hole(self_t self)
{
    uint32_t since_ms = now(self);
    enr_status_t status = open_to(self, self->port->hole_host, self->port->peer_port);
    uint32_t passed_ms = now(self) - since_ms;
    if (status != ENR_E_TIMEOUT_CONNECT) {
        return "an address that never answers is ENR_E_TIMEOUT_CONNECT";
    }
    return passed_ms >= self->port->address_ms && passed_ms < self->port->address_ms + 4 * CALL_MS
               ? NULL
               : "an address is tried as long as was said";
}

static const char *leaves_a_silent_dns(self_t self)
{
    enr_status_t status = open_within(self, self->port->silent_host, self->port->peer_port, SILENT_DNS_MS);
    return status == ENR_E_TIMEOUT_DNS ? NULL : "a DNS server that does not answer is ENR_E_TIMEOUT_DNS";
}

static const char *sends_much(self_t self)
{
    uint8_t piece[1000];
    uint8_t verdict = 0;
    size_t again = 0;
    bool right = ask(self, 'c', self->port->bulk);
    for (size_t done = 0; right && done < self->port->bulk;) {
        size_t len = self->port->bulk - done < sizeof piece ? self->port->bulk - done : sizeof piece;
        for (size_t i = 0; i < len; i++) {
            piece[i] = port_peer_pattern(done + i);
        }
        right = send_all(self, (enr_span_t){piece, len}, &again) == ENR_OK;
        done += len;
    }
    right = right && receive_all(self, &verdict, 1) == ENR_OK && verdict == 'y';
    call_close(self);
    if (!right) {
        return "many bytes arrive whole and in order";
    }
    return again > 0 ? NULL : "a peer that does not read gives ENR_AGAIN";
}

static const char *receives_much(self_t self)
{
    uint8_t piece[1000];
    size_t done = 0;
    enr_status_t status = ask(self, 's', self->port->bulk) ? ENR_OK : ENR_E_NETWORK;
    bool right = true;
    while (status == ENR_OK && right) {
        size_t len;
        status = receive_some(self, piece, sizeof piece, &len);
        for (size_t i = 0; status == ENR_OK && i < len; i++) {
            right = right && piece[i] == port_peer_pattern(done + i);
        }
        done += status == ENR_OK ? len : 0;
    }
    call_close(self);
    return right && status == ENR_END && done == self->port->bulk ? NULL
                                                                  : "many bytes come whole and in order, then the end";
}

static const char *closes_at_any_moment(self_t self)
{
    enr_phase_t phase;
    enr_wait_t wait;
    call_close(self);
    for (int steps = 1; steps < 4; steps++) {
        enr_status_t status = ENR_AGAIN;
        for (int i = 0; i < steps && status == ENR_AGAIN; i++) {
            status = call_open(self, self->port->host, self->port->peer_port, &phase, &wait);
        }
        call_close(self);
        call_close(self);
        if (status < ENR_OK || !echoes(self)) {
            return "a net closed while opening, and closed twice, opens again";
        }
    }
    return NULL;
}

static const char *opens_again_and_again(self_t self)
{
    for (int i = 0; i < REOPENINGS; i++) {
        if (!echoes(self)) {
            return "a net opens a hundred times in a row";
        }
    }
    return NULL;
}

const char *port_conformance(const port_conformance_t *conformance)
{
    const char *(*const parts[])(self_t) = {
        opens_sends_and_receives,
        tells_silence,
        tells_the_end,
        tells_a_reset,
        tells_a_refusal,
        tells_a_missing_name,
        resolves_slowly,
        leaves_a_black_hole,
        goes_on_to_the_next_address,
        leaves_a_silent_dns,
        sends_much,
        receives_much,
        closes_at_any_moment,
        opens_again_and_again,
        opens_sends_and_receives,
    };
    run_t run = {.port = conformance};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const char *broken = parts[i](&run);
        if (broken != NULL) {
            return broken;
        }
        if (run.blocked) {
            return "no call blocks";
        }
    }
    return NULL;
}
