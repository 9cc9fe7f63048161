#include "server.h"

#include "codec.h"
#include "draw.h"
#include "file.h"
#include "raw.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IDLE_SECONDS 60u /* a connection without a request is closed after it */

/* One HTTP request, from its first header to its answer. */
typedef struct exchange {
    struct MHD_Connection *connection;
    char *body;
    size_t body_length;
    bool body_too_long;
    int status;
    const char *allow; /* constant text */
    uint64_t retry_s;  /* 0: no Retry-After */
    char *type;        /* NULL: JSON */
    char *header_name; /* of a further header; NULL: none */
    char *header_value;
    sim_raw_t *raw; /* NULL: the answer goes by libmicrohttpd */
    char *answer;   /* NULL until the rules were asked */
    uint64_t ready_at_ms;
    struct exchange *next_waiting;
} exchange_t;

struct sim_server {
    struct MHD_Daemon *daemon;
    int events; /* becomes readable when the daemon has something to do */
    uint16_t port;
    sim_rules_t *rules;
    sim_webhooks_t *webhooks;
    uint64_t webhooks_next_ms;
    sim_retry_after_t retry_after;
    sim_log_t log;
    sim_variants_t variants;
    sim_injections_t *injections;
    const char *admin_key;
    uint64_t seed;
    uint64_t started_ms;
    uint64_t requests;
    exchange_t *waiting; /* suspended until ready_at_ms */
};

static uint64_t monotonic_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static void wait_until(sim_server_t *server, exchange_t *exchange, uint64_t ready_at_ms)
{
    exchange->ready_at_ms = ready_at_ms;
    exchange->next_waiting = server->waiting;
    server->waiting = exchange;
    MHD_suspend_connection(exchange->connection);
}

static void make_error(sim_answer_t *answer, int status, const char *sentence)
{
    uint64_t ready_at_ms = answer->ready_at_ms;
    *answer = (sim_answer_t){
        .status = status, .kind = SIM_ANSWER_ERROR, .error = SIM_ERROR_REQUEST, .ready_at_ms = ready_at_ms};
    sim_faults_add(&answer->faults, "%s", sentence);
}

/* What a rule does to the typed answer. wrong_id lives as long as the answer. */
static void alter(const sim_injection_t *rule, uint64_t seed, sim_answer_t *answer, char wrong_id[SIM_ID_SIZE])
{
    if (rule->status >= 300) {
        make_error(answer, rule->status, "Simulated fault");
    } else if (rule->status != 0) {
        answer->status = rule->status;
    }
    if (rule->id != SIM_AS_IS) {
        sim_draw_id(~seed, 0, wrong_id);
        const char *id = rule->id == SIM_WRONG ? wrong_id : NULL;
        answer->result.id = id;
        answer->batch_id = id;
    }
    if (rule->token != SIM_AS_IS) {
        answer->result.custom = rule->token == SIM_WRONG ? "{\"token\":\"wrong\"}" : NULL;
    }
    answer->ready_at_ms += rule->delay_ms;
}

/* A body with a further member of that many bytes, in place of the one given. */
static char *oversize(char *body, size_t size)
{
    char *fill = sim_alloc(size + 1, 1);
    memset(fill, 'x', size);
    body[strlen(body) - 1] = '\0';
    char *large = sim_format("%s,\"fill\":\"%s\"}", body, fill);
    free(fill);
    free(body);
    return large;
}

static void prepare_raw(const sim_injection_t *rule, uint64_t seed, exchange_t *exchange)
{
    bool header = exchange->header_name != NULL;
    char *whole =
        sim_format("HTTP/1.1 %d %s\r\nContent-Type: %s\r\n%s%s%s%sContent-Length: %zu\r\n\r\n%s", exchange->status,
                   MHD_get_reason_phrase_for((unsigned)exchange->status),
                   exchange->type != NULL ? exchange->type : "application/json", header ? exchange->header_name : "",
                   header ? ": " : "", header ? exchange->header_value : "", header ? "\r\n" : "",
                   strlen(exchange->answer), exchange->answer);
    exchange->raw = sim_raw_new(rule, whole, strlen(whole), seed);
    free(whole);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    exchange->raw->session = info->tls_session;
    info = MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    exchange->raw->socket = info->connect_fd;
}

static void encode(const sim_server_t *server, const sim_injection_t *rule, const sim_answer_t *answer,
                   exchange_t *exchange)
{
    exchange->status = answer->status;
    exchange->retry_s = answer->retry_s;
    exchange->answer =
        rule != NULL && rule->body != NULL ? sim_copy(rule->body) : sim_encode(answer, &server->variants);
    if (rule == NULL) {
        return;
    }
    exchange->type = sim_copy(rule->type);
    exchange->header_name = sim_copy(rule->header_name);
    exchange->header_value = sim_copy(rule->header_value);
    if (rule->oversize > 0) {
        exchange->answer = oversize(exchange->answer, rule->oversize);
    }
    if (rule->is_raw) {
        prepare_raw(rule, server->seed, exchange);
    }
}

static void decide(sim_server_t *server, exchange_t *exchange, const sim_http_request_t *http)
{
    sim_decoded_t decoded;
    sim_decode(http, &server->variants, &decoded);
    uint64_t now_ms = monotonic_ms();
    const sim_injection_t *rule = sim_inject_take(server->injections, decoded.request.call);
    sim_answer_t answer = {.ready_at_ms = now_ms};
    char wrong_id[SIM_ID_SIZE];
    if (rule != NULL && rule->before) {
        make_error(&answer, 500, "Simulated fault");
    } else {
        sim_rules_answer(server->rules, now_ms, &decoded.request, &answer);
    }
    if (answer.kind == SIM_ANSWER_ACCEPTED) {
        answer.status = server->variants.accepted;
    }
    if (rule != NULL) {
        alter(rule, server->seed, &answer, wrong_id);
    }
    encode(server, rule, &answer, exchange);
    sim_log_request(&server->log, now_ms - server->started_ms, http, decoded.request.call, &answer, exchange->answer,
                    rule != NULL);
    exchange->allow = answer.status == MHD_HTTP_METHOD_NOT_ALLOWED ? decoded.allow : NULL;
    sim_decoded_free(&decoded);
    if (answer.ready_at_ms > now_ms || exchange->raw != NULL) {
        wait_until(server, exchange, answer.ready_at_ms);
    }
}

/* The call by which a test adds rules (POST) or removes them all (DELETE), for the holder of the admin key. */
static bool is_admin_call(const sim_server_t *server, const sim_http_request_t *http)
{
    return server->admin_key != NULL && strcmp(http->path, "/admin/faults") == 0 && http->api_key != NULL &&
           strcmp(http->api_key, server->admin_key) == 0;
}

static void administer(sim_server_t *server, exchange_t *exchange, const sim_http_request_t *http)
{
    char error[SIM_INJECT_ERROR_SIZE] = "POST or DELETE";
    bool done = false;
    if (strcmp(http->method, "DELETE") == 0) {
        sim_inject_clear(server->injections);
        done = true;
    } else if (strcmp(http->method, "POST") == 0) {
        char *text = sim_format("%.*s", (int)http->body_length, http->body);
        done = sim_inject_add(server->injections, text, strlen(text), error);
        free(text);
    }
    exchange->status = done ? MHD_HTTP_OK : MHD_HTTP_BAD_REQUEST;
    exchange->answer = done ? sim_format("{\"rules\":%zu}", server->injections->count)
                            : sim_format("{\"error\":400,\"message\":\"%s\"}", error);
}

static void ask_rules(sim_server_t *server, exchange_t *exchange, const char *method, const char *path)
{
    sim_http_request_t http = {
        .method = method,
        .path = path,
        .host = header(exchange->connection, MHD_HTTP_HEADER_HOST),
        .api_key = header(exchange->connection, "X-API-KEY"),
        .content_type = header(exchange->connection, MHD_HTTP_HEADER_CONTENT_TYPE),
        .body = exchange->body != NULL ? exchange->body : "",
        .body_length = exchange->body_length,
        .body_too_long = exchange->body_too_long,
    };
    server->requests++;
    if (is_admin_call(server, &http)) {
        administer(server, exchange, &http);
        return;
    }
    decide(server, exchange, &http);
}

/* Seconds, or a date of HTTP (RFC 9110 10.2.3). */
static enum MHD_Result add_retry_after(sim_retry_after_t form, uint64_t seconds, struct MHD_Response *response)
{
    char value[40];
    if (form == SIM_RETRY_NONE) {
        return MHD_YES;
    }
    if (form == SIM_RETRY_SECONDS) {
        (void)snprintf(value, sizeof value, "%" PRIu64, seconds);
    } else {
        time_t then = time(NULL) + (time_t)seconds;
        struct tm parts;
        (void)strftime(value, sizeof value, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&then, &parts));
    }
    return MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, value);
}

static enum MHD_Result send_answer(const sim_server_t *server, exchange_t *exchange)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(exchange->answer), exchange->answer, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        return MHD_NO;
    }
    enum MHD_Result result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                                     exchange->type != NULL ? exchange->type : "application/json");
    if (result == MHD_YES && exchange->header_name != NULL) {
        result = MHD_add_response_header(response, exchange->header_name, exchange->header_value);
    }
    if (result == MHD_YES && exchange->allow != NULL) {
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, exchange->allow);
    }
    if (result == MHD_YES && exchange->retry_s > 0) {
        result = add_retry_after(server->retry_after, exchange->retry_s, response);
    }
    if (result == MHD_YES) {
        result = MHD_queue_response(exchange->connection, (unsigned)exchange->status, response);
    }
    MHD_destroy_response(response);
    return result;
}

/* What is too long is read to its end, so that the client hears the answer, but not kept. */
static void take_body(exchange_t *exchange, const char *data, size_t length)
{
    if (exchange->body_too_long || length > SIM_BODY_MAX - exchange->body_length) {
        exchange->body_too_long = true;
        return;
    }
    exchange->body = sim_resize(exchange->body, exchange->body_length + length, 1);
    memcpy(exchange->body + exchange->body_length, data, length);
    exchange->body_length += length;
}

/* Called by the daemon: once with the headers, once for each piece of the body, then until there is an answer. */
static enum MHD_Result on_request(void *closure, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data, size_t *length,
                                  void **context)
{
    sim_server_t *server = closure;
    exchange_t *exchange = *context;
    (void)version;
    if (exchange == NULL) {
        exchange = sim_alloc(1, sizeof *exchange);
        exchange->connection = connection;
        *context = exchange;
        return MHD_YES;
    }
    if (*length > 0) {
        take_body(exchange, data, *length);
        *length = 0;
        return MHD_YES;
    }
    if (exchange->answer == NULL) {
        ask_rules(server, exchange, method, path);
        if (server->waiting == exchange) {
            return MHD_YES;
        }
    }
    return exchange->raw != NULL ? MHD_NO : send_answer(server, exchange);
}

static void on_completed(void *closure, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    exchange_t *exchange = *context;
    (void)closure;
    (void)connection;
    (void)code;
    if (exchange != NULL) {
        free(exchange->body);
        free(exchange->answer);
        free(exchange->type);
        free(exchange->header_name);
        free(exchange->header_value);
        sim_raw_free(exchange->raw);
        free(exchange);
    }
    *context = NULL;
}

/* Sends on what is sent raw; UINT64_MAX ends it. True: it is over. */
static bool is_over(exchange_t *exchange, uint64_t now_ms)
{
    return exchange->raw == NULL || now_ms == UINT64_MAX || sim_raw_pump(exchange->raw, now_ms, &exchange->ready_at_ms);
}

/* Lets those answers go that are due. */
static void resume_due(sim_server_t *server, uint64_t now_ms)
{
    exchange_t **link = &server->waiting;
    while (*link != NULL) {
        exchange_t *exchange = *link;
        if (exchange->ready_at_ms <= now_ms && is_over(exchange, now_ms)) {
            *link = exchange->next_waiting;
            MHD_resume_connection(exchange->connection);
        } else {
            link = &exchange->next_waiting;
        }
    }
}

static int listen_on(const char *address, uint16_t port)
{
    char service[8];
    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int problem = getaddrinfo(address, service, &hints, &found);
    if (problem != 0) {
        sim_fail("--address %s: %s", address, gai_strerror(problem));
    }
    int listener = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int yes = 1;
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(listener, found->ai_addr, found->ai_addrlen) != 0 || listen(listener, SOMAXCONN) != 0) {
        sim_fail("%s port %u: %s", address, (unsigned)port, strerror(errno));
    }
    freeaddrinfo(found);
    return listener;
}

static uint16_t port_of(int listener)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    char service[8];
    if (getsockname(listener, (struct sockaddr *)&bound, &size) != 0 ||
        getnameinfo((struct sockaddr *)&bound, size, NULL, 0, service, sizeof service, NI_NUMERICSERV) != 0) {
        sim_fail("the port that was taken cannot be read");
    }
    return (uint16_t)strtoul(service, NULL, 10);
}

sim_server_t *sim_server_start(const sim_server_settings_t *settings)
{
    sim_server_t *server = sim_alloc(1, sizeof *server);
    server->rules = settings->rules;
    server->webhooks = settings->webhooks;
    server->webhooks_next_ms = UINT64_MAX;
    server->retry_after = settings->retry_after;
    server->log = settings->log;
    server->variants = settings->variants;
    server->injections = settings->injections;
    server->admin_key = settings->admin_key;
    server->seed = settings->injections->seed;
    server->started_ms = monotonic_ms();
    int listener = listen_on(settings->address, settings->port);
    server->port = port_of(listener);
    server->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_TLS | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
                                      server, MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_HTTPS_MEM_CERT,
                                      settings->certs->chain, MHD_OPTION_HTTPS_MEM_KEY, settings->certs->key,
                                      MHD_OPTION_HTTPS_PRIORITIES, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2",
                                      MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
                                      MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        server->daemon != NULL ? MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    server->events = info != NULL ? info->epoll_fd : -1;
    if (server->events < 0) {
        sim_fail("the HTTPS server cannot start");
    }
    return server;
}

uint16_t sim_server_port(const sim_server_t *server)
{
    return server->port;
}

/* How long nothing will happen by itself; -1: for ever. */
static int64_t quiet_ms(const sim_server_t *server)
{
    uint64_t now_ms = monotonic_ms();
    uint64_t quiet = INT32_MAX;
    for (const exchange_t *exchange = server->waiting; exchange != NULL; exchange = exchange->next_waiting) {
        uint64_t wait = exchange->ready_at_ms > now_ms ? exchange->ready_at_ms - now_ms : 0;
        quiet = wait < quiet ? wait : quiet;
    }
    uint64_t next_ms = sim_rules_next_ms(server->rules);
    next_ms = server->webhooks_next_ms < next_ms ? server->webhooks_next_ms : next_ms;
    uint64_t left = next_ms > now_ms ? next_ms - now_ms : 0;
    quiet = left < quiet ? left : quiet;
    unsigned long long limit = 0;
    if (MHD_get_timeout(server->daemon, &limit) == MHD_YES && limit < quiet) {
        quiet = limit;
    }
    return quiet == INT32_MAX ? -1 : (int64_t)quiet;
}

/* Hands what finished to the webhooks, and lets them work. */
static void call_back(sim_server_t *server)
{
    uint64_t now_ms = monotonic_ms();
    sim_callback_t callback;
    while (sim_rules_take_callback(server->rules, now_ms, &callback)) {
        char *body = sim_encode_callback(&callback.result, &server->variants);
        sim_webhooks_post(server->webhooks, now_ms, callback.url, callback.result.id, body);
    }
    server->webhooks_next_ms = sim_webhooks_run(server->webhooks, now_ms);
}

static bool at_end(int descriptor)
{
    char ignored[256];
    ssize_t got = read(descriptor, ignored, sizeof ignored);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

void sim_server_run(sim_server_t *server, const volatile sig_atomic_t *stop, const sigset_t *wait_mask, int end_of)
{
    while (*stop == 0) {
        call_back(server);
        resume_due(server, monotonic_ms()); /* before MHD_run, which is what lets the resumed go on */
        if (MHD_run(server->daemon) != MHD_YES) {
            sim_fail("the HTTPS server failed");
        }
        int64_t quiet = quiet_ms(server);
        struct timespec wait = {.tv_sec = (time_t)(quiet / 1000), .tv_nsec = (long)(quiet % 1000) * 1000000};
        struct pollfd watched[3] = {{.fd = server->events, .events = POLLIN},
                                    {.fd = end_of, .events = POLLIN},
                                    {.fd = sim_webhooks_events(server->webhooks), .events = POLLIN}};
        int ready = ppoll(watched, 3, quiet < 0 ? NULL : &wait, wait_mask);
        if (ready < 0 && errno != EINTR) {
            sim_fail("waiting failed: %s", strerror(errno));
        }
        if (ready > 0 && watched[1].revents != 0 && at_end(end_of)) {
            return;
        }
    }
}

uint64_t sim_server_stop(sim_server_t *server)
{
    uint64_t requests = server->requests;
    resume_due(server, UINT64_MAX);
    MHD_stop_daemon(server->daemon);
    free(server);
    return requests;
}
