#include "webhook.h"

#include "draw.h"
#include "file.h"
#include "text.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define ANSWER_SECONDS 30L /* for one try */
#define RETRY_MS 500u      /* before the first further try, doubled each time */
#define AT_ONCE 16L        /* connections */

typedef struct delivery {
    char *url;
    char id[SIM_ID_SIZE];
    char *body;
    uint64_t due_ms;
    unsigned tries;
    CURL *easy; /* NULL: it waits for due_ms */
    struct delivery *next;
} delivery_t;

struct sim_webhooks {
    sim_webhook_settings_t settings;
    CURLM *multi;
    struct curl_slist *headers;
    int events;        /* epoll, over the sockets that libcurl names */
    uint64_t timer_ms; /* when libcurl wants to be called; UINT64_MAX: not */
    uint64_t now_ms;
    uint64_t drawn;
    delivery_t *all;
};

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *closure, void *known)
{
    sim_webhooks_t *webhooks = closure;
    (void)easy;
    (void)known;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(webhooks->events, EPOLL_CTL_DEL, socket, NULL);
        return 0;
    }
    struct epoll_event event = {.data.fd = socket};
    event.events |= (what & CURL_POLL_IN) != 0 ? (uint32_t)EPOLLIN : 0u;
    event.events |= (what & CURL_POLL_OUT) != 0 ? (uint32_t)EPOLLOUT : 0u;
    if (epoll_ctl(webhooks->events, EPOLL_CTL_MOD, socket, &event) != 0) {
        (void)epoll_ctl(webhooks->events, EPOLL_CTL_ADD, socket, &event);
    }
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *closure)
{
    sim_webhooks_t *webhooks = closure;
    (void)multi;
    webhooks->timer_ms = timeout_ms < 0 ? UINT64_MAX : webhooks->now_ms + (uint64_t)timeout_ms;
    return 0;
}

sim_webhooks_t *sim_webhooks_new(const sim_webhook_settings_t *settings)
{
    sim_webhooks_t *webhooks = sim_alloc(1, sizeof *webhooks);
    webhooks->settings = *settings;
    webhooks->timer_ms = UINT64_MAX;
    webhooks->events = epoll_create1(EPOLL_CLOEXEC);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (webhooks->multi = curl_multi_init()) == NULL ||
        webhooks->events < 0) {
        sim_fail("webhooks cannot be delivered");
    }
    webhooks->headers = curl_slist_append(NULL, "Content-Type: application/json");
    (void)curl_multi_setopt(webhooks->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(webhooks->multi, CURLMOPT_SOCKETDATA, webhooks);
    (void)curl_multi_setopt(webhooks->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(webhooks->multi, CURLMOPT_TIMERDATA, webhooks);
    (void)curl_multi_setopt(webhooks->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, AT_ONCE);
    return webhooks;
}

static void stop_try(sim_webhooks_t *webhooks, delivery_t *delivery)
{
    if (delivery->easy != NULL) {
        (void)curl_multi_remove_handle(webhooks->multi, delivery->easy);
        curl_easy_cleanup(delivery->easy);
        delivery->easy = NULL;
    }
}

static void free_delivery(delivery_t *delivery)
{
    free(delivery->url);
    free(delivery->body);
    free(delivery);
}

void sim_webhooks_free(sim_webhooks_t *webhooks)
{
    while (webhooks->all != NULL) {
        delivery_t *delivery = webhooks->all;
        webhooks->all = delivery->next;
        stop_try(webhooks, delivery);
        free_delivery(delivery);
    }
    (void)curl_multi_cleanup(webhooks->multi);
    curl_slist_free_all(webhooks->headers);
    curl_global_cleanup();
    (void)close(webhooks->events);
    free(webhooks);
}

/* Our own words, ids and numbers only, as in the log of requests (behaviours 49). */
static void log_end(const sim_webhooks_t *webhooks, const char *id, const char *what, unsigned tries, long status)
{
    if (webhooks->settings.log != NULL) {
        (void)fprintf(webhooks->settings.log, "{\"webhook\":\"%s\",\"id\":\"%s\",\"tries\":%u,\"status\":%ld}\n", what,
                      id, tries, status);
        (void)fflush(webhooks->settings.log);
    }
}

/* A URL of this machine by its own name or loopback address. */
static bool is_local(const char *url)
{
    CURLU *parts = curl_url();
    char *host = NULL;
    bool local = parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
                 curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                 (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
                  (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host)));
    curl_free(host);
    curl_url_cleanup(parts);
    return local;
}

static void add(sim_webhooks_t *webhooks, uint64_t due_ms, const char *url, const char *id, const char *body)
{
    delivery_t *delivery = sim_alloc(1, sizeof *delivery);
    delivery->url = sim_copy(url);
    delivery->body = sim_copy(body);
    memcpy(delivery->id, id, SIM_ID_SIZE);
    delivery->due_ms = due_ms;
    delivery_t **link = &webhooks->all;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = delivery;
}

static bool chance(sim_webhooks_t *webhooks, double percent)
{
    return sim_draw_percent(webhooks->settings.seed, webhooks->drawn++) < percent;
}

static uint64_t later(sim_webhooks_t *webhooks, uint64_t now_ms)
{
    uint64_t most = webhooks->settings.shuffle_ms;
    return now_ms + (most > 0 ? sim_draw_number(webhooks->settings.seed, webhooks->drawn++) % most : 0);
}

void sim_webhooks_post(sim_webhooks_t *webhooks, uint64_t now_ms, const char *url, const char *id, char *body)
{
    bool lost = chance(webhooks, webhooks->settings.lose);
    bool twice = chance(webhooks, webhooks->settings.twice);
    if (!webhooks->settings.anywhere && !is_local(url)) {
        log_end(webhooks, id, "not local", 0, 0);
    } else if (lost) {
        log_end(webhooks, id, "lost", 0, 0);
    } else {
        add(webhooks, later(webhooks, now_ms), url, id, body);
        if (twice) {
            add(webhooks, later(webhooks, now_ms), url, id, body);
        }
    }
    free(body);
}

static size_t drop(char *data, size_t size, size_t count, void *closure)
{
    (void)data;
    (void)closure;
    return size * count;
}

static void begin_try(sim_webhooks_t *webhooks, delivery_t *delivery)
{
    CURL *easy = curl_easy_init();
    if (easy == NULL) {
        sim_fail("webhooks cannot be delivered");
    }
    delivery->easy = easy;
    delivery->tries++;
    (void)curl_easy_setopt(easy, CURLOPT_URL, delivery->url);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, webhooks->headers);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, delivery->body);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT, ANSWER_SECONDS);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, delivery);
    if (webhooks->settings.ca_file != NULL) {
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, webhooks->settings.ca_file);
    }
    (void)curl_multi_add_handle(webhooks->multi, easy);
}

static void begin_due(sim_webhooks_t *webhooks)
{
    for (delivery_t *delivery = webhooks->all; delivery != NULL; delivery = delivery->next) {
        if (delivery->easy == NULL && delivery->due_ms <= webhooks->now_ms) {
            begin_try(webhooks, delivery);
        }
    }
}

static void forget(sim_webhooks_t *webhooks, delivery_t *delivery)
{
    delivery_t **link = &webhooks->all;
    while (*link != delivery) {
        link = &(*link)->next;
    }
    *link = delivery->next;
    free_delivery(delivery);
}

static void end_try(sim_webhooks_t *webhooks, CURL *easy, CURLcode result)
{
    delivery_t *delivery = NULL;
    long status = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &delivery);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    bool taken = result == CURLE_OK && status >= 200 && status < 300;
    stop_try(webhooks, delivery);
    if (!taken && delivery->tries <= webhooks->settings.retries) {
        delivery->due_ms = webhooks->now_ms + ((uint64_t)RETRY_MS << (delivery->tries < 8 ? delivery->tries - 1 : 7));
        return;
    }
    log_end(webhooks, delivery->id, taken ? "delivered" : "failed", delivery->tries, status);
    forget(webhooks, delivery);
}

static void serve_events(sim_webhooks_t *webhooks)
{
    struct epoll_event ready[16];
    int running = 0;
    int count = epoll_wait(webhooks->events, ready, 16, 0);
    for (int i = 0; i < count; i++) {
        int what = (ready[i].events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0;
        what |= (ready[i].events & ~(uint32_t)EPOLLOUT) != 0 ? CURL_CSELECT_IN : 0;
        (void)curl_multi_socket_action(webhooks->multi, ready[i].data.fd, what, &running);
    }
    if (webhooks->timer_ms <= webhooks->now_ms) {
        webhooks->timer_ms = UINT64_MAX;
        (void)curl_multi_socket_action(webhooks->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

uint64_t sim_webhooks_run(sim_webhooks_t *webhooks, uint64_t now_ms)
{
    if (webhooks->all == NULL) {
        return UINT64_MAX;
    }
    webhooks->now_ms = now_ms;
    begin_due(webhooks);
    serve_events(webhooks);
    int left = 0;
    const CURLMsg *message = NULL;
    while ((message = curl_multi_info_read(webhooks->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            end_try(webhooks, message->easy_handle, message->data.result);
        }
    }
    uint64_t next_ms = webhooks->timer_ms;
    for (const delivery_t *delivery = webhooks->all; delivery != NULL; delivery = delivery->next) {
        next_ms = delivery->easy == NULL && delivery->due_ms < next_ms ? delivery->due_ms : next_ms;
    }
    return next_ms;
}

int sim_webhooks_events(const sim_webhooks_t *webhooks)
{
    return webhooks->events;
}
