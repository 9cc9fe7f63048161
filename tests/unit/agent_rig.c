#include "agent_rig.h"

#include "enrich/tls.h"
#include "enrich_script.h"

/* --- the service --- */

static void find_text(const char *text, const char *before, char *out, size_t size)
{
    const char *at = strstr(text, before);
    out[0] = 0;
    if (at != NULL) {
        at += strlen(before);
        size_t len = strcspn(at, "\"");
        assert_true(len < size);
        memcpy(out, at, len);
        out[len] = 0;
    }
}

static entry_t *accept_request(service_t *service, const char *request)
{
    assert_true(service->entry_count < ENTRIES_MAX);
    entry_t *entry = &service->entries[service->entry_count++];
    memset(entry, 0, sizeof *entry);
    find_text(request, "\"enr_token\":\"", entry->token, sizeof entry->token);
    find_text(request, "\"enrichment_type\":[\"", entry->type, sizeof entry->type);
    find_text(request, "\"firstname\":\"", entry->firstname, sizeof entry->firstname);
    (void)snprintf(entry->id, sizeof entry->id, "id-%zu", service->entry_count);
    return entry;
}

/* Puts a body's %I and %T in place. */
static void fill_in(char *out, size_t size, const char *body, const char *id, const char *token)
{
    size_t len = 0;
    for (const char *at = body; *at != 0; at++) {
        const char *part = at[0] == '%' && at[1] == 'I' ? id : at[0] == '%' && at[1] == 'T' ? token : NULL;
        if (part != NULL) {
            len += (size_t)snprintf(out + len, size - len, "%s", part);
            at++;
        } else {
            out[len++] = *at;
        }
        assert_true(len < size - 1);
    }
    out[len] = 0;
}

static void answer(service_t *service, const turn_t *turn, unsigned code, const char *body, const char *id,
                   const char *token)
{
    static char text[12000];
    fill_in(text, sizeof text, body, id, token);
    int len = snprintf(service->out, sizeof service->out,
                       "HTTP/1.1 %u X\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n%s", code,
                       turn->content_type == NULL ? "application/json" : turn->content_type,
                       turn->head == NULL ? "" : turn->head, strlen(text), text);
    assert_true(len > 0 && (size_t)len < sizeof service->out);
    service->out_len = (size_t)len;
    service->out_at = 0;
    service->out_ms = *service->now_ms + turn->delay_ms;
}

static const char *result_of(const entry_t *entry, bool finished)
{
    static char body[512];
    if (!finished) {
        return "{\"enrichment_id\":\"%I\",\"status\":\"pending\",\"custom\":{\"enr_token\":\"%T\"}}";
    }
    const char *member = strcmp(entry->type, "phone") == 0            ? "\"phone\":[\"+33639980123\"]"
                         : strcmp(entry->type, "personal_email") == 0 ? "\"personal_email\":\"p@home.example\""
                                                                      : "\"email\":\"found@acme.example\"";
    (void)snprintf(body, sizeof body,
                   "{\"enrichment_id\":\"%%I\",\"status\":\"finished\",%s,\"custom\":{\"enr_token\":\"%%T\"}}", member);
    return body;
}

static entry_t *entry_of_id(service_t *service, const char *request)
{
    char id[64] = "";
    const char *at = strstr(request, "/contacts/");
    if (at != NULL) {
        at += strlen("/contacts/");
        size_t len = strcspn(at, " ");
        assert_true(len < sizeof id);
        memcpy(id, at, len);
        id[len] = 0;
    }
    for (size_t i = 0; i < service->entry_count; i++) {
        if (strcmp(service->entries[i].id, id) == 0) {
            return &service->entries[i];
        }
    }
    return NULL;
}

static void do_post(service_t *service, const turn_t *turn, const char *request)
{
    service->posts_seen++;
    bool usual = turn->code == 0 && turn->read == ENR_OK;
    entry_t *entry = usual || turn->accepts ? accept_request(service, request) : NULL;
    char token[ENR_TOKEN_LEN + 1];
    find_text(request, "\"enr_token\":\"", token, sizeof token);
    if (usual) {
        answer(service, turn, service->sync ? 200 : 202, result_of(entry, service->sync), entry->id, token);
    } else if (turn->code != 0) {
        answer(service, turn, turn->code, turn->body == NULL ? "{}" : turn->body, entry == NULL ? "id-x" : entry->id,
               token);
    }
}

static void do_get(service_t *service, const turn_t *turn, const char *request)
{
    service->gets_seen++;
    entry_t *entry = entry_of_id(service, request);
    if (turn->code != 0) {
        answer(service, turn, turn->code, turn->body == NULL ? "{}" : turn->body, entry == NULL ? "id-x" : entry->id,
               entry == NULL ? "" : entry->token);
    } else if (turn->read == ENR_OK && entry == NULL) {
        answer(service, turn, 404, "{\"error\":\"not found\"}", "", "");
    } else if (turn->read == ENR_OK) {
        bool finished = ++entry->polls > service->finish_after;
        answer(service, turn, 200, result_of(entry, finished), entry->id, entry->token);
    }
}

static turn_t next_turn(service_t *service, bool is_post)
{
    const turn_t *turns = is_post ? service->posts : service->gets;
    size_t count = is_post ? service->post_count : service->get_count;
    size_t *at = is_post ? &service->post_at : &service->get_at;
    if (*at < count) {
        return turns[(*at)++];
    }
    return service->again && count > 0 ? turns[count - 1] : (turn_t){0};
}

static enr_status_t stream_open(void *ctx, enr_span_t host, uint16_t port, uint32_t now_ms, enr_phase_t *out_phase,
                                enr_wait_t *out_wait)
{
    service_t *service = ctx;
    (void)host;
    (void)port;
    assert_false(service->is_open);
    if (!service->opening) {
        service->opening = true;
        service->open_since_ms = now_ms;
        assert_true(service->opened < sizeof service->opening_ms / sizeof service->opening_ms[0]);
        service->opening_ms[service->opened++] = now_ms;
    }
    if (now_ms - service->open_since_ms < service->open_ms) {
        *out_phase = ENR_PHASE_HANDSHAKE;
        *out_wait = (enr_wait_t){.has_time = true, .until_ms = service->open_since_ms + service->open_ms};
        return ENR_AGAIN;
    }
    service->opening = false;
    enr_status_t status = ENR_OK;
    if (service->open_at < service->open_count) {
        status = service->opens[service->open_at++];
    } else if (service->again && service->open_count > 0) {
        status = service->opens[service->open_count - 1];
    }
    service->is_open = status == ENR_OK;
    service->in_len = 0;
    service->out_len = 0;
    service->out_at = 0;
    service->broken = ENR_OK;
    service->has_turn = false;
    return status;
}

static bool is_whole(const service_t *service)
{
    const char *text = (const char *)service->in;
    const char *end = strstr(text, "\r\n\r\n");
    if (end == NULL) {
        return false;
    }
    const char *length = strstr(text, "Content-Length: ");
    size_t body = length == NULL || length > end ? 0 : strtoul(length + 16, NULL, 10);
    return service->in_len >= (size_t)(end + 4 - text) + body;
}

static enr_status_t stream_write(void *ctx, enr_span_t bytes, size_t *out_sent, enr_wait_t *out_wait)
{
    service_t *service = ctx;
    (void)out_wait;
    assert_true(service->is_open);
    assert_true(service->in_len + bytes.len < sizeof service->in - 1);
    if (!service->has_turn) {
        service->turn = next_turn(service, bytes.ptr[0] == 'P');
        service->has_turn = true;
    }
    if (service->turn.write != ENR_OK) {
        service->broken = service->turn.write;
        return service->broken;
    }
    memcpy(service->in + service->in_len, bytes.ptr, bytes.len);
    service->in_len += bytes.len;
    service->in[service->in_len] = 0;
    *out_sent = bytes.len;
    if (is_whole(service)) {
        const char *request = (const char *)service->in;
        memcpy(service->last_request, request, service->in_len + 1);
        if (service->call_count < sizeof service->call_kinds) {
            service->call_times[service->call_count] = *service->now_ms;
            service->call_kinds[service->call_count++] = request[0];
        }
        if (service->turn.read != ENR_OK) {
            service->broken = service->turn.read;
            service->out_ms = *service->now_ms + service->turn.delay_ms;
        }
        if (request[0] == 'P') {
            do_post(service, &service->turn, request);
        } else {
            do_get(service, &service->turn, request);
        }
        service->in_len = 0;
        service->has_turn = false;
    }
    return ENR_OK;
}

static enr_status_t stream_read(void *ctx, uint8_t *out, size_t capacity, size_t *out_len, enr_wait_t *out_wait)
{
    service_t *service = ctx;
    assert_true(service->is_open);
    size_t left = service->out_len - service->out_at;
    bool is_there = (int32_t)(*service->now_ms - service->out_ms) >= 0;
    if (service->broken != ENR_OK && is_there) {
        return service->broken;
    }
    if (left == 0 || !is_there) {
        *out_wait = (enr_wait_t){.events = ENR_WAIT_READ};
        return ENR_AGAIN;
    }
    *out_len = left < capacity ? left : capacity;
    memcpy(out, service->out + service->out_at, *out_len);
    service->out_at += *out_len;
    return ENR_OK;
}

static void stream_close(void *ctx)
{
    service_t *service = ctx;
    service->is_open = false;
    service->opening = false;
}

/* When the stream has something for who waits to read; false: never by itself. */
static bool readable_at(const service_t *service, uint32_t *out_ms)
{
    *out_ms = service->out_ms;
    return service->is_open && (service->out_at < service->out_len || service->broken != ENR_OK);
}

/* --- clock, key --- */

static uint32_t clock_monotonic(void *ctx)
{
    return ((rig_t *)ctx)->now_ms;
}

static enr_status_t clock_wall(void *ctx, int64_t *out_seconds)
{
    rig_t *rig = ctx;
    *out_seconds = rig->wall_s + rig->now_ms / 1000;
    return rig->wall_s == 0 ? ENR_E_NO_TIME : ENR_OK;
}

static enr_status_t key_get(void *ctx, uint8_t out_key[32])
{
    (void)ctx;
    memset(out_key, 0x5a, 32);
    return ENR_OK;
}

static bool has_memory = true;
static unsigned memory_asked;

void rig_give_memory(bool to_give)
{
    has_memory = to_give;
}

unsigned rig_memory_asked(void)
{
    return memory_asked;
}

static enr_status_t rig_program(void *ctx, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    rig_t *rig = ctx;
    if (rig->refuse > 0) {
        rig->refuse--;
        return ENR_E_FLASH;
    }
    return rig->plain_duty.program(rig->plain_duty.ctx, offset, bytes, len);
}

static enr_status_t rig_read(void *ctx, uint32_t offset, uint8_t *out, uint32_t len)
{
    rig_t *rig = ctx;
    return rig->plain_duty.read(rig->plain_duty.ctx, offset, out, len);
}

static enr_status_t rig_erase_start(void *ctx, uint32_t offset)
{
    rig_t *rig = ctx;
    return rig->plain_duty.erase_start(rig->plain_duty.ctx, offset);
}

static enr_status_t rig_erase_busy(void *ctx)
{
    rig_t *rig = ctx;
    return rig->plain_duty.erase_busy(rig->plain_duty.ctx);
}

static void *take(void *ctx, size_t count, size_t size)
{
    (void)ctx;
    memory_asked++;
    return has_memory ? calloc(count, size) : NULL;
}

static void give(void *ctx, void *piece)
{
    (void)ctx;
    free(piece);
}

static enr_seal_t journal_seal;
static enr_seal_t store_seal;

void rig_prepare(void)
{
    static enr_script_t script;
    static enr_entropy_t entropy;
    static const enr_tls_memory_t memory = {NULL, take, give};
    static const enr_key_t key = {NULL, key_get};
    enr_script_start(&script, &(enr_script_config_t){.seed = 7});
    entropy = enr_script_entropy(&script);
    assert_int_equal(enr_tls_init(&memory, &entropy), ENR_OK);
    assert_int_equal(enr_seal_init(&journal_seal, &key, ENR_SPAN("journal")), ENR_OK);
    assert_int_equal(enr_seal_init(&store_seal, &key, ENR_SPAN("store")), ENR_OK);
}

/* --- the rig --- */

static void watch(void *ctx, const enr_event_t *event)
{
    rig_t *rig = ctx;
    if (rig->event_count < sizeof rig->events / sizeof rig->events[0]) {
        rig->events[rig->event_count++] = *event;
    }
}

static void start(rig_t *rig)
{
    stream_close(&rig->service);
    rig->config.boot++;
    rig->config.seed += 77;
    enr_journal_config_t journal = {.flash = &rig->journal_duty, .seal = &journal_seal, .salt = rig->config.boot};
    assert_int_equal(enr_journal_mount(&rig->journal, &journal), ENR_OK);
    enr_store_config_t store = {.flash = &rig->store_duty, .seal = &store_seal};
    assert_int_equal(enr_store_mount(&rig->store, &store), ENR_OK);
    enr_stream_t stream = {&rig->service, stream_open, stream_write, stream_read, stream_close};
    enr_exchange_init(&rig->exchange, stream, NULL);
    enr_api_config_t api = {.async_base = ENR_SPAN("https://app.service.example/api/v2"),
                            .sync_base = ENR_SPAN("https://api.service.example/v2"),
                            .api_key = ENR_SPAN("pk_test"),
                            .clock = &rig->clock};
    assert_int_equal(enr_api_init(&rig->api, &api, &rig->exchange, enr_buffer_over(rig->request, sizeof rig->request),
                                  enr_buffer_over(rig->body, sizeof rig->body)),
                     ENR_OK);
    assert_int_equal(enr_agent_init(&rig->agent, &rig->config, rig->now_ms), ENR_OK);
}

rig_t *rig_new_on(const enr_script_flash_config_t *geometry)
{
    rig_t *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    rig->geometry = *geometry;
    rig->wall_s = 1793500000;
    rig->service.now_ms = &rig->now_ms;
    rig->service.finish_after = 1;
    rig->memory = calloc(1, enr_script_flash_memory(geometry));
    enr_script_flash_start(&rig->flash, geometry, rig->memory);
    rig->plain_duty = enr_script_flash(&rig->flash);
    rig->journal_duty = rig->plain_duty;
    rig->journal_duty.ctx = rig;
    rig->journal_duty.program = rig_program;
    rig->journal_duty.read = rig_read;
    rig->journal_duty.erase_start = rig_erase_start;
    rig->journal_duty.erase_busy = rig_erase_busy;
    enr_script_flash_config_t small = *geometry;
    small.size = 2 * geometry->sector_size;
    rig->store_memory = calloc(1, enr_script_flash_memory(&small));
    enr_script_flash_start(&rig->store_flash, &small, rig->store_memory);
    rig->store_duty = enr_script_flash(&rig->store_flash);
    rig->clock = (enr_clock_t){rig, clock_monotonic, clock_wall};
    rig->paces = ENR_PACES_DEFAULT;
    rig->paces.spread_ms = 0;
    rig->config = (enr_agent_config_t){.journal = &rig->journal,
                                       .store = &rig->store,
                                       .seal = &journal_seal,
                                       .api = &rig->api,
                                       .clock = &rig->clock,
                                       .paces = &rig->paces,
                                       .tombstone_days = 30,
                                       .seed = 1234,
                                       .watch = watch,
                                       .watch_ctx = rig};
    start(rig);
    return rig;
}

rig_t *rig_new(void)
{
    static const enr_script_flash_config_t geometry = {.size = 16 * 4096,
                                                       .sector_size = 4096,
                                                       .page_size = 256,
                                                       .program_unit = 1,
                                                       .reprogram = true,
                                                       .suspends = true};
    return rig_new_on(&geometry);
}

void rig_free(rig_t *rig)
{
    free(rig->memory);
    free(rig->store_memory);
    free(rig);
}

void rig_restart(rig_t *rig)
{
    enr_script_flash_power_on(&rig->flash);
    enr_script_flash_power_on(&rig->store_flash);
    start(rig);
}

bool rig_step(rig_t *rig, uint32_t until_ms)
{
    enr_wait_t wait;
    rig->steps++;
    enr_agent_step(&rig->agent, rig->now_ms, &wait);
    assert_true(wait.has_time);
    uint32_t next_ms = wait.until_ms;
    uint32_t readable_ms;
    if ((wait.events & ENR_WAIT_READ) != 0 && readable_at(&rig->service, &readable_ms) &&
        (int32_t)(readable_ms - next_ms) < 0) {
        next_ms = readable_ms;
    }
    assert_true((int32_t)(next_ms - rig->now_ms) <= 3600000); /* behaviours 25: never asleep beyond half a wrap */
    if ((int32_t)(next_ms - rig->now_ms) > 0) {
        rig->now_ms = (int32_t)(until_ms - next_ms) < 0 ? until_ms : next_ms;
    }
    return (int32_t)(until_ms - rig->now_ms) > 0;
}

void rig_run(rig_t *rig, uint32_t ms)
{
    uint32_t until_ms = rig->now_ms + ms;
    uint64_t first = rig->steps;
    while (rig_step(rig, until_ms)) {
        assert_true(rig->steps - first < 2000000); /* it would spin */
    }
}

void rig_until(rig_t *rig, uint32_t number, enr_type_t type, enr_request_state_t state, uint32_t ms)
{
    uint32_t until_ms = rig->now_ms + ms;
    size_t seen = rig->event_count;
    if (rig_state(rig, number, type) == state) {
        return;
    }
    for (bool more = true; more;) {
        more = rig_step(rig, until_ms);
        for (; seen < rig->event_count; seen++) {
            const enr_event_t *event = &rig->events[seen];
            if (event->number == number && event->type == type && event->state == state) {
                return;
            }
        }
    }
    fail_msg("lead %u is %s, not %s", number, enr_request_state_name(rig_state(rig, number, type)),
             enr_request_state_name(state));
}

enr_lead_t rig_lead(const char *name)
{
    static char urls[8][96];
    static unsigned turn;
    char *url = urls[turn++ % 8];
    (void)snprintf(url, sizeof urls[0], "https://www.linkedin.com/in/%s", name);
    return (enr_lead_t){.contact = {.firstname = enr_span_from_str(name),
                                    .lastname = ENR_SPAN("Lindqvist"),
                                    .domain = ENR_SPAN("acme.example"),
                                    .linkedin_url = enr_span_from_str(url)},
                        .payload = ENR_SPAN("as scanned"),
                        .types = ENR_TYPE_EMAIL};
}

uint32_t rig_capture(rig_t *rig, const char *name, unsigned types)
{
    enr_lead_t lead = rig_lead(name);
    lead.types = types;
    enr_captured_t captured;
    RIG_DO(rig, enr_agent_capture(&rig->agent, &lead, rig->now_ms, &captured));
    return captured.number;
}

static bool find_record(rig_t *rig, uint32_t number, enr_record_t *out_record)
{
    enr_status_t status = enr_agent_find(&rig->agent, number, out_record);
    for (int i = 0; status == ENR_AGAIN && i < 1000; i++) {
        (void)rig_step(rig, rig->now_ms + 5);
        status = enr_agent_find(&rig->agent, number, out_record);
    }
    assert_true(status == ENR_OK || status == ENR_END);
    return status == ENR_OK;
}

enr_request_t rig_request(rig_t *rig, uint32_t number, enr_type_t type)
{
    enr_record_t record;
    if (!find_record(rig, number, &record)) {
        return (enr_request_t){.state = ENR_REQUEST_ERASED};
    }
    return record.requests[enr_type_number(type)];
}

enr_request_state_t rig_state(rig_t *rig, uint32_t number, enr_type_t type)
{
    return rig_request(rig, number, type).state;
}

const char *rig_data(rig_t *rig, uint32_t number, enr_type_t type)
{
    static char text[ENR_JOURNAL_CONTENT_MAX + 1];
    enr_record_t record;
    assert_true(find_record(rig, number, &record));
    enr_buffer_t out = enr_buffer_over(text, sizeof text - 1);
    assert_int_equal(enr_agent_read(&rig->agent, &record, type, &out), ENR_OK);
    text[out.len] = 0;
    return text;
}

void rig_take_all(rig_t *rig)
{
    enr_batch_item_t items[64];
    enr_batch_t batch;
    static const uint8_t digest[32] = {1};
    enr_batch_start(&batch, items, 64, false);
    enr_status_t status = ENR_OK;
    while (status != ENR_END) {
        enr_record_t record;
        status = enr_batch_next(&rig->agent, &batch, &record);
        assert_true(status == ENR_OK || status == ENR_AGAIN || status == ENR_END);
        if (status == ENR_AGAIN) {
            (void)rig_step(rig, rig->now_ms + 5);
        }
    }
    enr_batch_close(&batch, digest);
    RIG_DO(rig, enr_batch_acknowledge(&rig->agent, &batch, digest, rig->now_ms));
}

enr_agent_status_t rig_status(rig_t *rig)
{
    enr_agent_status_t status;
    enr_agent_status(&rig->agent, rig->now_ms, &status);
    return status;
}

unsigned rig_accepted(const rig_t *rig, const char *name, enr_type_t type)
{
    enr_span_t word = enr_type_name(type);
    unsigned count = 0;
    for (size_t i = 0; i < rig->service.entry_count; i++) {
        const entry_t *entry = &rig->service.entries[i];
        count += strcmp(entry->firstname, name) == 0 && strlen(entry->type) == word.len &&
                         memcmp(entry->type, word.ptr, word.len) == 0
                     ? 1
                     : 0;
    }
    return count;
}

void rig_plan_post(rig_t *rig, turn_t turn)
{
    assert_true(rig->service.post_count < TURNS_MAX);
    rig->service.posts[rig->service.post_count++] = turn;
}

void rig_plan_get(rig_t *rig, turn_t turn)
{
    assert_true(rig->service.get_count < TURNS_MAX);
    rig->service.gets[rig->service.get_count++] = turn;
}

void rig_plan_open(rig_t *rig, enr_status_t status)
{
    assert_true(rig->service.open_count < TURNS_MAX);
    rig->service.opens[rig->service.open_count++] = status;
}
