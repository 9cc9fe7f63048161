#include "enrich_script.h"

#include <assert.h>
#include <string.h>

static const enr_script_connection_t no_connection = {.open = ENR_E_NETWORK};

static const enr_script_connection_t *current(const enr_script_t *script)
{
    size_t index = script->opened - 1;
    return index < script->config.connection_count ? &script->config.connections[index] : &no_connection;
}

static enr_status_t record(enr_script_t *script, enr_script_kind_t kind, enr_status_t status, size_t bytes)
{
    if (script->config.calls != NULL && script->call_count < script->config.call_capacity) {
        script->config.calls[script->call_count] = (enr_script_call_t){
            .kind = kind, .connection = script->opened - 1, .status = status, .bytes = bytes, .at_ms = script->now_ms};
    }
    script->call_count++;
    return status;
}

/* Bytes that one call may carry from `position` on, of `len`. */
static size_t piece(const enr_script_cutting_t *cutting, size_t position, size_t len)
{
    if (cutting->most != 0 && len > cutting->most) {
        len = cutting->most;
    }
    for (size_t i = 0; i < cutting->cut_count; i++) {
        if (cutting->cuts[i] > position && len > cutting->cuts[i] - position) {
            len = cutting->cuts[i] - position;
        }
    }
    return len;
}

/* --- when things happen --- */

/* Milliseconds from now until `delay_ms` after `since_ms`; 0: it has come. */
static uint32_t left_ms(const enr_script_t *script, uint32_t since_ms, uint64_t delay_ms)
{
    uint32_t passed = script->now_ms - since_ms;
    if (delay_ms >= ENR_SCRIPT_NEVER) {
        return ENR_SCRIPT_NEVER;
    }
    return passed >= delay_ms ? 0 : (uint32_t)(delay_ms - passed);
}

static const enr_script_turn_t *current_turn(const enr_script_t *script)
{
    const enr_script_turn_t *turn = &current(script)->turns[script->turn];
    if (script->turn == ENR_SCRIPT_TURNS_MAX ||
        (turn->bytes.len == 0 && turn->after_sent == 0 && turn->after_ms == 0)) {
        return NULL;
    }
    return turn;
}

/* Notes the moment from which the turn's time runs. */
static void look_at_turn(enr_script_t *script)
{
    const enr_script_turn_t *turn = current_turn(script);
    if (turn != NULL && !script->turn_due && script->sent_count >= turn->after_sent) {
        script->turn_due = true;
        script->turn_since_ms = script->now_ms;
    }
}

static void next_turn(enr_script_t *script)
{
    script->turn++;
    script->turn_position = 0;
    script->turn_due = false;
    look_at_turn(script);
}

/* Goes past turns without bytes whose condition is met; gives the turn at hand, or NULL when only the end is left. */
static const enr_script_turn_t *reach_turn(enr_script_t *script)
{
    const enr_script_turn_t *turn = current_turn(script);
    while (turn != NULL && turn->bytes.len == 0 && script->turn_due &&
           left_ms(script, script->turn_since_ms, turn->after_ms) == 0) {
        next_turn(script);
        turn = current_turn(script);
    }
    return turn;
}

/* To the end of the phase it is in: a real port wakes when the name is known as well as when the connection stands. */
static uint32_t until_open(const enr_script_t *script)
{
    const enr_script_connection_t *connection = current(script);
    uint32_t resolving_ms = left_ms(script, script->open_since_ms, connection->dns_ms);
    if (resolving_ms > 0) {
        return resolving_ms;
    }
    return left_ms(script, script->open_since_ms, (uint64_t)connection->dns_ms + connection->connect_ms);
}

static uint32_t until_readable(enr_script_t *script)
{
    if (script->broken != ENR_OK) {
        return 0;
    }
    const enr_script_turn_t *turn = reach_turn(script);
    if (turn == NULL) {
        return current(script)->end == ENR_OK ? ENR_SCRIPT_NEVER : 0;
    }
    return script->turn_due ? left_ms(script, script->turn_since_ms, turn->after_ms) : ENR_SCRIPT_NEVER;
}

static uint32_t until_writable(const enr_script_t *script)
{
    const enr_script_connection_t *connection = current(script);
    bool stuck = connection->send_end == ENR_AGAIN && script->sent_count >= connection->send_limit;
    return stuck && script->broken == ENR_OK ? ENR_SCRIPT_NEVER : 0;
}

static uint32_t until_event(enr_script_t *script, unsigned events)
{
    if (events == 0 || !script->is_open) {
        return ENR_SCRIPT_NEVER;
    }
    if (!script->connected) {
        return until_open(script);
    }
    uint32_t readable = (events & ENR_WAIT_READ) != 0 ? until_readable(script) : ENR_SCRIPT_NEVER;
    uint32_t writable = (events & ENR_WAIT_WRITE) != 0 ? until_writable(script) : ENR_SCRIPT_NEVER;
    return readable < writable ? readable : writable;
}

bool enr_script_wait(enr_script_t *script, const enr_wait_t *wait)
{
    uint32_t event = until_event(script, wait->events);
    uint32_t time = ENR_SCRIPT_NEVER;
    if (wait->has_time) {
        uint32_t left = wait->until_ms - script->now_ms;
        time = left > INT32_MAX ? 0 : left; /* the upper half is the past (behaviours 25) */
    }
    uint32_t sooner = event < time ? event : time;
    (void)record(script, ENR_SCRIPT_WAIT, ENR_OK, 0);
    if (sooner == ENR_SCRIPT_NEVER) {
        return false;
    }
    script->now_ms += sooner;
    return true;
}

/* --- net --- */

static void begin(enr_script_t *script, enr_span_t host, uint16_t port)
{
    script->opened++;
    script->sent_count = 0;
    script->received_count = 0;
    script->is_open = true;
    script->connected = false;
    script->port = port;
    script->host_len = host.len;
    memcpy(script->host, host.ptr, host.len);
    script->open_since_ms = script->now_ms;
    script->broken = ENR_OK;
    script->turn = 0;
    script->turn_position = 0;
    script->turn_due = false;
    script->send_paused = false;
    script->receive_paused = false;
}

static void end(enr_script_t *script)
{
    script->is_open = false;
    script->connected = false;
}

static enr_status_t net_open(void *ctx, enr_span_t host, uint16_t port, uint32_t now_ms, enr_phase_t *out_phase,
                             enr_wait_t *out_wait)
{
    (void)now_ms; /* the script's own clock counts */
    enr_script_t *script = ctx;
    assert(!script->connected);
    if (host.len == 0 || host.len > ENR_HOST_MAX) {
        end(script);
        return record(script, ENR_SCRIPT_OPEN, ENR_E_DNS, 0);
    }
    if (!script->is_open) {
        begin(script, host, port);
    }
    const enr_script_connection_t *connection = current(script);
    bool resolving = left_ms(script, script->open_since_ms, connection->dns_ms) > 0;
    if (resolving || until_open(script) > 0) {
        *out_phase = resolving ? ENR_PHASE_DNS : ENR_PHASE_CONNECT;
        *out_wait = (enr_wait_t){.events = resolving ? ENR_WAIT_READ : ENR_WAIT_WRITE};
        return record(script, ENR_SCRIPT_OPEN, ENR_AGAIN, 0);
    }
    if (connection->open != ENR_OK) {
        end(script);
        return record(script, ENR_SCRIPT_OPEN, connection->open, 0);
    }
    script->connected = true;
    look_at_turn(script);
    return record(script, ENR_SCRIPT_OPEN, ENR_OK, 0);
}

/* True once before each piece of a direction that is cut so. */
static bool pauses(const enr_script_cutting_t *cutting, bool *paused)
{
    *paused = cutting->again && !*paused;
    return *paused;
}

static enr_status_t net_send(void *ctx, enr_span_t bytes, size_t *out_sent)
{
    enr_script_t *script = ctx;
    assert(script->connected && bytes.len > 0);
    const enr_script_connection_t *connection = current(script);
    if (script->broken != ENR_OK) {
        return record(script, ENR_SCRIPT_SEND, script->broken, 0);
    }
    size_t len = piece(&connection->sending, script->sent_count, bytes.len);
    if (connection->send_end != ENR_OK) {
        size_t room = connection->send_limit > script->sent_count ? connection->send_limit - script->sent_count : 0;
        if (room == 0) {
            script->broken = connection->send_end == ENR_AGAIN ? ENR_OK : connection->send_end;
            return record(script, ENR_SCRIPT_SEND, connection->send_end, 0);
        }
        len = len < room ? len : room;
    }
    if (pauses(&connection->sending, &script->send_paused)) {
        return record(script, ENR_SCRIPT_SEND, ENR_AGAIN, 0);
    }
    if (script->config.sent != NULL) {
        enr_buffer_append(&script->sent, enr_span_slice(bytes, 0, len));
    }
    script->sent_count += len;
    look_at_turn(script);
    *out_sent = len;
    return record(script, ENR_SCRIPT_SEND, ENR_OK, len);
}

static enr_status_t receive_end(enr_script_t *script)
{
    enr_status_t status = current(script)->end;
    if (status == ENR_OK) {
        status = ENR_AGAIN;
    } else if (status != ENR_END) {
        script->broken = status;
    }
    return record(script, ENR_SCRIPT_RECEIVE, status, 0);
}

static enr_status_t net_receive(void *ctx, uint8_t *out, size_t capacity, size_t *out_len)
{
    enr_script_t *script = ctx;
    assert(script->connected && capacity > 0);
    if (script->broken != ENR_OK) {
        return record(script, ENR_SCRIPT_RECEIVE, script->broken, 0);
    }
    const enr_script_turn_t *turn = reach_turn(script);
    bool nothing_yet = until_readable(script) > 0;
    if (nothing_yet || pauses(&current(script)->receiving, &script->receive_paused)) {
        return record(script, ENR_SCRIPT_RECEIVE, ENR_AGAIN, 0);
    }
    if (turn == NULL) {
        return receive_end(script);
    }
    enr_span_t left = enr_span_slice(turn->bytes, script->turn_position, turn->bytes.len);
    size_t len = piece(&current(script)->receiving, script->received_count, left.len);
    len = len < capacity ? len : capacity;
    memcpy(out, left.ptr, len);
    script->received_count += len;
    script->turn_position += len;
    if (script->turn_position == turn->bytes.len) {
        next_turn(script);
    }
    *out_len = len;
    return record(script, ENR_SCRIPT_RECEIVE, ENR_OK, len);
}

static void net_close(void *ctx)
{
    enr_script_t *script = ctx;
    end(script);
    (void)record(script, ENR_SCRIPT_CLOSE, ENR_OK, 0);
}

enr_net_t enr_script_net(enr_script_t *script)
{
    return (enr_net_t){.ctx = script, .open = net_open, .send = net_send, .receive = net_receive, .close = net_close};
}

/* --- stream --- */

static enr_status_t stream_write(void *ctx, enr_span_t bytes, size_t *out_sent, enr_wait_t *out_wait)
{
    *out_wait = (enr_wait_t){.events = ENR_WAIT_WRITE};
    return net_send(ctx, bytes, out_sent);
}

static enr_status_t stream_read(void *ctx, uint8_t *out, size_t capacity, size_t *out_len, enr_wait_t *out_wait)
{
    *out_wait = (enr_wait_t){.events = ENR_WAIT_READ};
    return net_receive(ctx, out, capacity, out_len);
}

enr_stream_t enr_script_stream(enr_script_t *script)
{
    return (enr_stream_t){
        .ctx = script, .open = net_open, .write = stream_write, .read = stream_read, .close = net_close};
}

/* --- clock and entropy --- */

static uint32_t monotonic_ms(void *ctx)
{
    const enr_script_t *script = ctx;
    return script->now_ms;
}

static enr_status_t wall(void *ctx, int64_t *out_seconds)
{
    const enr_script_t *script = ctx;
    if (script->config.wall == ENR_OK) {
        *out_seconds = script->config.wall_s + (script->now_ms - script->config.start_ms) / 1000u;
    }
    return script->config.wall;
}

enr_clock_t enr_script_clock(enr_script_t *script)
{
    return (enr_clock_t){.ctx = script, .monotonic_ms = monotonic_ms, .wall = wall};
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t random_64(enr_script_t *script)
{
    script->random += 0x9E3779B97F4A7C15u;
    uint64_t mixed = script->random;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
    return mixed ^ mixed >> 31;
}

static enr_status_t fill(void *ctx, uint8_t *out, size_t len)
{
    enr_script_t *script = ctx;
    if (script->config.entropy == ENR_OK) {
        for (size_t i = 0; i < len; i++) {
            out[i] = (uint8_t)random_64(script);
        }
    }
    return script->config.entropy;
}

enr_entropy_t enr_script_entropy(enr_script_t *script)
{
    return (enr_entropy_t){.ctx = script, .fill = fill};
}

void enr_script_start(enr_script_t *script, const enr_script_config_t *config)
{
    assert(script != NULL && config != NULL);
    *script = (enr_script_t){.config = *config,
                             .now_ms = config->start_ms,
                             .random = config->seed,
                             .sent = enr_buffer_over(config->sent, config->sent_capacity)};
}
