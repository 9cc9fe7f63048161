#include "port_conformance.h"

#include "port_peer.h"

#include <string.h>

/* A step that takes longer has failed. */
#define STEP_MS 10000u

#define REOPENINGS 100

typedef const port_conformance_t *self_t;

/* Waits for the events or the step's end; false: the step's time is over. */
static bool wait_for(self_t self, enr_wait_t wait, uint32_t since_ms)
{
    uint32_t end_ms = since_ms + STEP_MS;
    if (!wait.has_time || (int32_t)(end_ms - wait.until_ms) < 0) {
        wait.has_time = true;
        wait.until_ms = end_ms;
    }
    self->wait(self->ctx, &wait);
    return self->now_ms(self->ctx) - since_ms < STEP_MS;
}

/* Opens to the end. ENR_AGAIN: it took too long, or its phases went backwards. */
static enr_status_t open_to(self_t self, enr_span_t host, uint16_t port)
{
    uint32_t since_ms = self->now_ms(self->ctx);
    enr_phase_t before = ENR_PHASE_DNS;
    enr_phase_t phase = ENR_PHASE_DNS;
    enr_wait_t wait;
    for (;;) {
        enr_status_t status = self->net->open(self->net->ctx, host, port, self->now_ms(self->ctx), &phase, &wait);
        if (status != ENR_AGAIN) {
            return status;
        }
        if (phase < before || phase > ENR_PHASE_CONNECT || !wait_for(self, wait, since_ms)) {
            return ENR_AGAIN;
        }
        before = phase;
    }
}

/* Sends all. *out_again counts the times when there was no room. */
static enr_status_t send_all(self_t self, enr_span_t bytes, size_t *out_again)
{
    uint32_t since_ms = self->now_ms(self->ctx);
    while (bytes.len > 0) {
        size_t sent = 0;
        enr_status_t status = self->net->send(self->net->ctx, bytes, &sent);
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
    uint32_t since_ms = self->now_ms(self->ctx);
    for (;;) {
        *out_len = 0;
        enr_status_t status = self->net->receive(self->net->ctx, out, capacity, out_len);
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

static void close_net(self_t self)
{
    self->net->close(self->net->ctx);
}

/* Opens a connection to the peer and gives it its command. */
static bool ask(self_t self, char command, size_t number)
{
    const uint8_t bytes[PORT_PEER_COMMAND_LEN] = {(uint8_t)command, (uint8_t)(number >> 24), (uint8_t)(number >> 16),
                                                  (uint8_t)(number >> 8), (uint8_t)number};
    size_t again = 0;
    return open_to(self, self->host, self->peer_port) == ENR_OK &&
           send_all(self, (enr_span_t){bytes, sizeof bytes}, &again) == ENR_OK;
}

static bool echoes(self_t self)
{
    const enr_span_t text = ENR_SPAN("Gr\xC3\xBC\xC3\x9F Gott\0!");
    uint8_t got[32];
    size_t again = 0;
    bool right = ask(self, 'e', text.len) && send_all(self, text, &again) == ENR_OK &&
                 receive_all(self, got, text.len) == ENR_OK && memcmp(got, text.ptr, text.len) == 0;
    close_net(self);
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
    bool right = ask(self, 'q', 0) && self->net->receive(self->net->ctx, &byte, 1, &len) == ENR_AGAIN;
    uint32_t since_ms = self->now_ms(self->ctx);
    self->wait(self->ctx, &(enr_wait_t){.events = ENR_WAIT_READ, .has_time = true, .until_ms = since_ms + 50});
    uint32_t waited_ms = self->now_ms(self->ctx) - since_ms;
    right = right && self->net->receive(self->net->ctx, &byte, 1, &len) == ENR_AGAIN;
    close_net(self);
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
    close_net(self);
    return right ? NULL : "a FIN is ENR_END, after the bytes before it, each time";
}

static const char *tells_a_reset(self_t self)
{
    uint8_t got[8];
    size_t len;
    bool received = ask(self, 'r', 0) && receive_some(self, got, sizeof got, &len) == ENR_E_RESET;
    close_net(self);
    if (!received) {
        return "a reset is ENR_E_RESET to receive";
    }
    bool sent = ask(self, 'r', 0);
    enr_status_t status = ENR_OK;
    size_t again = 0;
    uint32_t since_ms = self->now_ms(self->ctx);
    while (sent && status == ENR_OK && self->now_ms(self->ctx) - since_ms < STEP_MS) {
        status = send_all(self, ENR_SPAN("x"), &again);
    }
    bool each_time = status == ENR_E_RESET && send_all(self, ENR_SPAN("x"), &again) == ENR_E_RESET;
    close_net(self);
    return each_time ? NULL : "a reset is ENR_E_RESET to send, each time";
}

static const char *tells_a_refusal(self_t self)
{
    return open_to(self, self->host, self->closed_port) == ENR_E_REFUSED ? NULL : "a closed port is ENR_E_REFUSED";
}

static const char *tells_a_missing_name(self_t self)
{
    return open_to(self, self->missing_host, self->peer_port) == ENR_E_DNS ? NULL
                                                                           : "a name without address is ENR_E_DNS";
}

static const char *sends_much(self_t self)
{
    uint8_t piece[8192];
    uint8_t verdict = 0;
    size_t again = 0;
    bool right = ask(self, 'c', self->bulk);
    for (size_t done = 0; right && done < self->bulk;) {
        size_t now = self->bulk - done < sizeof piece ? self->bulk - done : sizeof piece;
        for (size_t i = 0; i < now; i++) {
            piece[i] = port_peer_pattern(done + i);
        }
        right = send_all(self, (enr_span_t){piece, now}, &again) == ENR_OK;
        done += now;
    }
    right = right && receive_all(self, &verdict, 1) == ENR_OK && verdict == 'y';
    close_net(self);
    if (!right) {
        return "many bytes arrive whole and in order";
    }
    return again > 0 ? NULL : "a peer that does not read gives ENR_AGAIN";
}

static const char *receives_much(self_t self)
{
    uint8_t piece[1000];
    size_t done = 0;
    enr_status_t status = ask(self, 's', self->bulk) ? ENR_OK : ENR_E_NETWORK;
    bool right = true;
    while (status == ENR_OK && right) {
        size_t len;
        status = receive_some(self, piece, sizeof piece, &len);
        for (size_t i = 0; status == ENR_OK && i < len; i++) {
            right = right && piece[i] == port_peer_pattern(done + i);
        }
        done += status == ENR_OK ? len : 0;
    }
    close_net(self);
    return right && status == ENR_END && done == self->bulk ? NULL : "many bytes come whole and in order, then the end";
}

static const char *closes_at_any_moment(self_t self)
{
    enr_phase_t phase;
    enr_wait_t wait;
    close_net(self);
    for (int steps = 1; steps < 4; steps++) {
        enr_status_t status = ENR_AGAIN;
        for (int i = 0; i < steps && status == ENR_AGAIN; i++) {
            status =
                self->net->open(self->net->ctx, self->host, self->peer_port, self->now_ms(self->ctx), &phase, &wait);
        }
        close_net(self);
        close_net(self);
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
        opens_sends_and_receives, tells_silence, tells_the_end, tells_a_reset,        tells_a_refusal,
        tells_a_missing_name,     sends_much,    receives_much, closes_at_any_moment, opens_again_and_again,
        opens_sends_and_receives,
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const char *broken = parts[i](conformance);
        if (broken != NULL) {
            return broken;
        }
    }
    return NULL;
}
