#include "enrich/api.h"

#include "enrich/http_date.h"
#include "enrich/http_request.h"
#include "enrich/json_writer.h"

#include <assert.h>
#include <string.h>

enum { NO_CALL, SINGLE, SYNC, BULK, GET, CREDITS };

#define MESSAGE_RAW_MAX 200 /* api-contract 11: of a body without a message, its first 200 characters */
_Static_assert(MESSAGE_RAW_MAX + ENR_API_KEY_MAX <= ENR_RESULT_TEXT_MAX, "they and a key fit");

/* --- settings --- */

static enr_status_t parse_base(enr_span_t base, const char *otherwise, enr_url_t *out_url)
{
    if (base.len == 0) {
        base = enr_span_from_str(otherwise);
    }
    enr_status_t status = enr_url_parse(base, out_url);
    if (status != ENR_OK) {
        return status;
    }
    if (!enr_host_is_name(out_url->host) || out_url->path.len != out_url->path_and_query.len ||
        !enr_span_visible(out_url->path) || memchr(base.ptr, '#', base.len) != NULL) {
        return ENR_E_URL;
    }
    while (out_url->path.len > 0 && out_url->path.ptr[out_url->path.len - 1] == '/') {
        out_url->path.len--;
    }
    return ENR_OK;
}

enr_status_t enr_api_init(enr_api_t *api, const enr_api_config_t *config, enr_exchange_t *exchange,
                          enr_buffer_t request, enr_buffer_t body)
{
    *api = (enr_api_t){.config = *config, .exchange = exchange, .request = request, .body = body, .call = NO_CALL};
    if (config->api_key.len < 1 || config->api_key.len > ENR_API_KEY_MAX || !enr_span_visible(config->api_key)) {
        return ENR_E_SETTING;
    }
    enr_status_t status = parse_base(config->async_base, ENR_ASYNC_BASE_DEFAULT, &api->async_url);
    return status == ENR_OK ? parse_base(config->sync_base, ENR_SYNC_BASE_DEFAULT, &api->sync_url) : status;
}

/* --- requests --- */

/* Forgets the last answer, which may hold a person's data (behaviours 22). */
static void forget_answer(enr_api_t *api)
{
    enr_wipe(api->body.ptr, api->body.len);
    enr_wipe(&api->answer, sizeof api->answer);
    api->body.len = 0;
    api->body.full = false;
}

static void begin(enr_api_t *api)
{
    assert(api->call == NO_CALL);
    forget_answer(api);
    api->request.len = 0;
    api->request.full = false;
    api->id_len = 0;
    api->token_len = 0;
}

static void keep_token(enr_api_t *api, enr_span_t token)
{
    api->token_len = token.len;
    if (token.len > 0) {
        memcpy(api->token, token.ptr, token.len);
    }
}

static void write_given(enr_json_writer_t *json, const char *key, enr_span_t text)
{
    if (text.len > 0) {
        enr_json_write_member(json, enr_span_from_str(key), text);
    }
}

/* Of a checked contact, which has both names. */
static void write_contact(enr_json_writer_t *json, const enr_contact_t *contact)
{
    write_given(json, "firstname", contact->firstname);
    write_given(json, "lastname", contact->lastname);
    write_given(json, "domain", contact->domain);
    write_given(json, "company_name", contact->company_name);
    write_given(json, "linkedin_url", contact->linkedin_url);
}

static void write_custom(enr_json_writer_t *json, const enr_custom_t *custom, size_t count, enr_span_t token)
{
    if (count == 0 && token.len == 0) {
        return;
    }
    enr_json_key(json, ENR_SPAN("custom"));
    enr_json_object_begin(json);
    for (size_t i = 0; i < count; i++) {
        enr_json_write_member(json, custom[i].key, custom[i].value);
    }
    write_given(json, ENR_TOKEN_KEY, token);
    enr_json_object_end(json);
}

/* The members that a whole request has, not a contact of it. */
static void write_options(enr_json_writer_t *json, const enr_options_t *options)
{
    enr_json_key(json, ENR_SPAN("enrichment_type"));
    enr_json_array_begin(json);
    for (unsigned type = ENR_TYPE_EMAIL; type <= ENR_TYPE_PERSONAL_EMAIL; type <<= 1) {
        if ((options->types & type) != 0) {
            enr_json_write_string(json, enr_type_name((enr_type_t)type));
        }
    }
    enr_json_array_end(json);
    write_given(json, "webhook_url", options->webhook_url);
    if (options->country_count > 0) { /* an empty list is left out: the account's default applies (api-contract 13) */
        enr_json_key(json, ENR_SPAN("phone_country_codes"));
        enr_json_array_begin(json);
        for (size_t i = 0; i < options->country_count; i++) {
            enr_json_write_string(json, options->countries[i]);
        }
        enr_json_array_end(json);
    }
}

/* Puts the head in front of the body that stands in the request buffer, and begins the exchange. */
static enr_status_t send(enr_api_t *api, uint8_t call, const char *path, uint32_t now_ms)
{
    const enr_url_t *base = call == SYNC ? &api->sync_url : &api->async_url;
    bool safe = call == GET || call == CREDITS;
    enr_http_request_t head = {
        .method = safe ? ENR_SPAN("GET") : ENR_SPAN("POST"),
        .host = base->host,
        .port = base->port,
        .path = {base->path, enr_span_from_str(path), {api->id, api->id_len}},
        .api_key = api->config.api_key,
        .has_body = !safe,
    };
    enr_status_t status = enr_http_request_render(&head, &api->request);
    if (status != ENR_OK) {
        enr_wipe(api->request.ptr, api->request.capacity);
        return status;
    }
    enr_outgoing_t outgoing = {
        .host = base->host,
        .port = base->port,
        .message = enr_buffer_span(&api->request),
        .safe = safe,
    };
    enr_exchange_start(api->exchange, &outgoing, &api->body, now_ms);
    api->call = call;
    return ENR_OK;
}

static enr_status_t finish_body(enr_api_t *api, const enr_json_writer_t *json)
{
    enr_status_t status = enr_json_writer_finish(json);
    if (status != ENR_OK) {
        enr_wipe(api->request.ptr, api->request.capacity);
    }
    return status;
}

static enr_status_t start_one(enr_api_t *api, uint8_t call, const enr_contact_t *contact, const enr_options_t *options,
                              uint32_t now_ms, enr_refusal_t *out_refusal)
{
    begin(api);
    enr_status_t status =
        enr_contact_check(contact, options, call == SYNC ? ENR_CALL_SYNC : ENR_CALL_ASYNC, out_refusal);
    if (status != ENR_OK) {
        return status;
    }
    enr_json_writer_t json;
    enr_json_writer_start(&json, &api->request);
    enr_json_object_begin(&json);
    write_contact(&json, contact);
    write_options(&json, options);
    write_custom(&json, options->custom, options->custom_count, options->token);
    enr_json_object_end(&json);
    status = finish_body(api, &json);
    if (status != ENR_OK) {
        return status;
    }
    keep_token(api, options->token);
    return send(api, call, "/contacts/single_enrich", now_ms);
}

enr_status_t enr_api_start_single(enr_api_t *api, const enr_contact_t *contact, const enr_options_t *options,
                                  uint32_t now_ms, enr_refusal_t *out_refusal)
{
    return start_one(api, SINGLE, contact, options, now_ms, out_refusal);
}

enr_status_t enr_api_start_sync(enr_api_t *api, const enr_contact_t *contact, const enr_options_t *options,
                                uint32_t now_ms, enr_refusal_t *out_refusal)
{
    return start_one(api, SYNC, contact, options, now_ms, out_refusal);
}

static enr_status_t check_bulk(const enr_bulk_item_t *items, size_t count, const enr_options_t *options,
                               enr_refusal_t *out_refusal, size_t *out_item)
{
    *out_item = 0;
    if (count < ENR_BULK_MIN || count > ENR_BULK_MAX) {
        *out_refusal = (enr_refusal_t){"contacts", "must be 2 to 100"};
        return ENR_E_CONTACT;
    }
    for (size_t i = 0; i < count; i++) {
        enr_options_t of_item = *options;
        of_item.custom = items[i].custom;
        of_item.custom_count = items[i].custom_count;
        of_item.token = items[i].token;
        *out_item = i;
        enr_status_t status = enr_contact_check(&items[i].contact, &of_item, ENR_CALL_BULK, out_refusal);
        if (status != ENR_OK) {
            return status;
        }
    }
    return ENR_OK;
}

enr_status_t enr_api_start_bulk(enr_api_t *api, const enr_bulk_item_t *items, size_t count,
                                const enr_options_t *options, uint32_t now_ms, enr_refusal_t *out_refusal,
                                size_t *out_item)
{
    begin(api);
    enr_status_t status = check_bulk(items, count, options, out_refusal, out_item);
    if (status != ENR_OK) {
        return status;
    }
    enr_json_writer_t json;
    enr_json_writer_start(&json, &api->request);
    enr_json_object_begin(&json);
    enr_json_key(&json, ENR_SPAN("contacts"));
    enr_json_array_begin(&json);
    for (size_t i = 0; i < count; i++) {
        enr_json_object_begin(&json);
        write_contact(&json, &items[i].contact);
        write_custom(&json, items[i].custom, items[i].custom_count, items[i].token);
        enr_json_object_end(&json);
    }
    enr_json_array_end(&json);
    write_options(&json, options);
    enr_json_object_end(&json);
    status = finish_body(api, &json);
    return status == ENR_OK ? send(api, BULK, "/contacts/bulk_enrich", now_ms) : status;
}

enr_status_t enr_api_start_get(enr_api_t *api, enr_span_t id, enr_span_t token, uint32_t now_ms)
{
    begin(api);
    if (!enr_id_valid(id) || token.len > ENR_TOKEN_LEN) {
        return ENR_E_SYNTAX;
    }
    memcpy(api->id, id.ptr, id.len);
    api->id_len = id.len;
    keep_token(api, token);
    return send(api, GET, "/contacts/", now_ms);
}

enr_status_t enr_api_start_credits(enr_api_t *api, uint32_t now_ms)
{
    begin(api);
    return send(api, CREDITS, "/credits", now_ms);
}

/* --- answers --- */

/* Where the texts of one error body are joined, in the memory of the result that an error does not have. */
typedef struct {
    const enr_json_reader_t *reader;
    enr_buffer_t text;
} joined_t;

static enr_json_node_t member(const joined_t *joined, enr_json_node_t node, const char *key)
{
    return enr_json_member(joined->reader, node, enr_span_from_str(key));
}

static bool join_string(joined_t *joined, enr_json_node_t node)
{
    enr_buffer_t before = joined->text;
    if (before.len > 0) {
        enr_buffer_append(&joined->text, ENR_SPAN("; "));
    }
    size_t start = joined->text.len;
    enr_span_t text = {0};
    if (node != ENR_JSON_NONE && enr_json_string(joined->reader, node, &joined->text, &text) == ENR_OK &&
        joined->text.len == start) {
        enr_buffer_append(&joined->text, text); /* it had no escapes, so it was not copied */
    }
    bool joined_some = joined->text.len > start && !joined->text.full;
    if (!joined_some) {
        joined->text = before;
    }
    return joined_some;
}

/* `errors`: strings, objects with a message, or an object of lists of strings (api-contract 11). */
static void join_list(joined_t *joined, enr_json_node_t list)
{
    bool named = enr_json_type(joined->reader, list) == ENR_JSON_OBJECT;
    for (enr_json_node_t at = enr_json_first(joined->reader, list); at != ENR_JSON_NONE;
         at = enr_json_next(joined->reader, at)) {
        enr_json_node_t value = named ? enr_json_value(joined->reader, at) : at;
        if (enr_json_type(joined->reader, value) == ENR_JSON_OBJECT) {
            value = member(joined, value, "message");
        }
        if (value != ENR_JSON_NONE && enr_json_type(joined->reader, value) == ENR_JSON_ARRAY) {
            for (enr_json_node_t inner = enr_json_first(joined->reader, value); inner != ENR_JSON_NONE;
                 inner = enr_json_next(joined->reader, inner)) {
                join_string(joined, inner);
            }
        } else {
            join_string(joined, value);
        }
    }
}

/* The message of an error body, in the order of api-contract 11. */
static void join_message(joined_t *joined)
{
    enr_json_node_t error = member(joined, ENR_JSON_ROOT, "error");
    if (!join_string(joined, error) && !join_string(joined, member(joined, ENR_JSON_ROOT, "message")) &&
        !join_string(joined, member(joined, error, "message"))) {
        join_list(joined, member(joined, ENR_JSON_ROOT, "errors"));
    }
}

static size_t find(enr_span_t text, enr_span_t word)
{
    for (size_t i = 0; i + word.len <= text.len; i++) {
        if (enr_span_equal_ignore_case(enr_span_slice(text, i, i + word.len), word)) {
            return i;
        }
    }
    return text.len;
}

/* Overwrites the key (behaviours 49) with a byte that it does not hold, so that nothing left looks like it. */
static void mask_key(enr_buffer_t *text, enr_span_t key)
{
    int mask = find(key, ENR_SPAN("*")) == key.len ? '*' : ' ';
    enr_span_t span = enr_buffer_span(text);
    for (size_t at = find(span, key); at < span.len; at = find(span, key)) {
        memset(text->ptr + at, mask, key.len);
    }
}

/* The start of a body that holds no message (api-contract 11), masked before it is cut: else the start of a key that
   reaches over the cut would stay. */
static void take_start(enr_span_t body, enr_span_t key, enr_buffer_t *out)
{
    const size_t most = MESSAGE_RAW_MAX + ENR_API_KEY_MAX;
    enr_buffer_append(out, enr_span_slice(body, 0, body.len < most ? body.len : most));
    mask_key(out, key);
    if (out->len > MESSAGE_RAW_MAX) {
        out->len = MESSAGE_RAW_MAX;
        while (out->len > 0 && (out->ptr[out->len] & 0xc0u) == 0x80) {
            out->len--; /* not inside a character */
        }
    }
}

/* What the service said, for the operator: never with the key in it. */
static enr_span_t read_message(enr_api_t *api, bool is_json)
{
    joined_t joined = {
        .reader = &api->reader,
        .text = enr_buffer_over(api->answer.result.text, sizeof api->answer.result.text),
    };
    if (is_json) {
        join_message(&joined);
        mask_key(&joined.text, api->config.api_key);
    }
    if (joined.text.len == 0) {
        take_start(enr_buffer_span(&api->body), api->config.api_key, &joined.text);
    }
    return enr_buffer_span(&joined.text);
}

/* 422 and its like by the text of the body, tested in this order (api-contract 9, 11). The whole body is searched,
   since no page says which key carries the message. */
static enr_status_t classify_by_text(enr_span_t body)
{
    static const struct {
        const char *word;
        enr_status_t status;
    } KINDS[] = {
        {"without consenting", ENR_E_CONSENT},   {"insufficient credits", ENR_E_CREDITS},
        {"insufficient_credits", ENR_E_CREDITS}, {"enrichment credits", ENR_E_CREDITS},
        {"import limits", ENR_E_PLAN},           {"plan limit", ENR_E_PLAN},
    };
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        if (find(body, enr_span_from_str(KINDS[i].word)) < body.len) {
            return KINDS[i].status;
        }
    }
    return ENR_E_VALIDATION;
}

/* Any code but 2xx (api-contract 11, 13; behaviours 36, 38, 39). */
static enr_status_t classify_refusal(unsigned code, uint8_t call, enr_span_t body)
{
    if (code < 400) {
        return ENR_E_WRONG_SERVICE; /* no redirect is followed */
    }
    switch (code) {
    case 401:
    case 403:
        return ENR_E_UNAUTHORIZED;
    case 404:
        return call == GET ? ENR_E_NOT_FOUND : ENR_E_WRONG_SERVICE;
    case 405:
        return ENR_E_WRONG_SERVICE;
    case 408:
        return ENR_E_SERVER;
    case 429:
        return ENR_E_RATE_LIMITED;
    case 511:
        return ENR_E_PORTAL; /* RFC 6585 6 */
    default:
        return code >= 500 ? ENR_E_SERVER : classify_by_text(body);
    }
}

static void read_retry_after(enr_api_t *api)
{
    enr_span_t value = enr_http_response_retry_after(&api->exchange->response);
    int64_t now = 0;
    bool has_now = api->config.clock != NULL && api->config.clock->wall(api->config.clock->ctx, &now) == ENR_OK;
    bool is_date = value.len > 0 && (value.ptr[0] < '0' || value.ptr[0] > '9');
    api->answer.has_retry_after = value.len > 0 && (has_now || !is_date) &&
                                  enr_retry_after_parse(value, now, &api->answer.retry_after_s) == ENR_OK;
}

/* Pairs a 2xx answer with its request (DESIGN 6, behaviours 9). */
static enr_status_t check_identity(enr_api_t *api)
{
    const enr_result_t *result = &api->answer.result;
    if (api->call == GET && !enr_span_equal(result->id, (enr_span_t){api->id, api->id_len})) {
        return ENR_E_IDENTITY;
    }
    if (api->token_len == 0 || result->token.len == 0) {
        return ENR_OK; /* an absent token is accepted and shown as not verified */
    }
    api->answer.verified = enr_span_equal_secret(result->token, (enr_span_t){api->token, api->token_len});
    return api->answer.verified ? ENR_OK : ENR_E_IDENTITY;
}

static enr_status_t read_success(enr_api_t *api, enr_status_t parsed)
{
    if (parsed != ENR_OK || api->call == CREDITS) {
        return parsed;
    }
    enr_status_t status = enr_result_read(&api->reader, &api->answer.result);
    return status == ENR_OK ? check_identity(api) : status;
}

static enr_status_t read_answer(enr_api_t *api)
{
    const enr_http_response_t *response = &api->exchange->response;
    enr_answer_t *answer = &api->answer;
    answer->code = enr_http_response_code(response);
    answer->body = enr_buffer_span(&api->body);
    read_retry_after(api);
    enr_status_t parsed =
        enr_http_response_is_json(response) ? enr_json_parse(&api->reader, answer->body) : ENR_E_NOT_JSON;
    if (answer->code < 300) {
        enr_status_t status = read_success(api, parsed);
        if (status == ENR_E_IDENTITY) {
            enr_exchange_close(api->exchange); /* a desync: nothing more may be read from this connection … */
            unsigned code = answer->code;
            forget_answer(api); /* … and nothing of somebody else's answer may be shown */
            answer->code = code;
        } else if (status != ENR_OK) {
            enr_wipe(&answer->result, sizeof answer->result);
            answer->message = read_message(api, parsed == ENR_OK);
        }
        return status;
    }
    answer->message = read_message(api, parsed == ENR_OK);
    return classify_refusal(answer->code, api->call, answer->body);
}

/* An explicit refusal says that nothing was accepted; what no rule names stays open (api-contract 13, behaviours 33).
 */
static enr_verdict_t verdict_of(const enr_api_t *api, enr_status_t status)
{
    switch (status) {
    case ENR_E_WRONG_SERVICE:
        /* 303 is what a server says that has done the work (RFC 9110 15.4.4). */
        return api->answer.code == 303 ? ENR_MAY_HAVE_BEEN_ACCEPTED : ENR_SURELY_NOT_ACCEPTED;
    case ENR_E_UNAUTHORIZED:
    case ENR_E_CREDITS:
    case ENR_E_CONSENT:
    case ENR_E_PLAN:
    case ENR_E_VALIDATION:
    case ENR_E_RATE_LIMITED:
        return ENR_SURELY_NOT_ACCEPTED;
    default:
        return enr_exchange_verdict(api->exchange);
    }
}

static void end_call(enr_api_t *api)
{
    enr_wipe(api->request.ptr, api->request.len); /* it held the key and a person (behaviours 22) */
    api->request.len = 0;
    api->call = NO_CALL;
}

enr_status_t enr_api_step(enr_api_t *api, uint32_t now_ms, enr_wait_t *out_wait)
{
    assert(api->call != NO_CALL);
    enr_status_t status = enr_exchange_step(api->exchange, now_ms, out_wait);
    if (status == ENR_AGAIN || status == ENR_READY) {
        return status;
    }
    if (status == ENR_OK) {
        status = read_answer(api);
    }
    api->answer.verdict = verdict_of(api, status);
    end_call(api);
    return status;
}

void enr_api_commit(enr_api_t *api)
{
    enr_exchange_commit(api->exchange);
    api->answer.verdict = ENR_MAY_HAVE_BEEN_ACCEPTED; /* for whoever walks away without a last step or close */
}

void enr_api_close(enr_api_t *api)
{
    enr_verdict_t verdict = api->call == NO_CALL ? api->answer.verdict : enr_exchange_verdict(api->exchange);
    if (api->call != NO_CALL) {
        end_call(api);
    }
    forget_answer(api);
    api->answer.verdict = verdict;
    enr_exchange_close(api->exchange);
}

static void write_raw_member(enr_json_writer_t *json, const enr_json_reader_t *reader, enr_span_t key)
{
    enr_json_node_t value = enr_json_member(reader, ENR_JSON_ROOT, key);
    if (value != ENR_JSON_NONE) {
        enr_json_key(json, key);
        enr_json_write_raw(json, enr_json_raw(reader, value));
    }
}

enr_status_t enr_api_reduce(const enr_api_t *api, enr_buffer_t *out)
{
    static const char *const KEPT[] = {"status", "email",  "email_status", "personal_email", "personal_email_status",
                                       "phone",  "phones", "phone_status"};
    enr_buffer_t attempt = *out;
    enr_json_writer_t json;
    enr_json_writer_start(&json, &attempt);
    enr_json_object_begin(&json);
    enr_json_write_member(&json, ENR_SPAN("enrichment_id"), api->answer.result.id);
    for (size_t i = 0; i < sizeof KEPT / sizeof KEPT[0]; i++) {
        write_raw_member(&json, &api->reader, enr_span_from_str(KEPT[i]));
    }
    enr_json_key(&json, ENR_SPAN("reduced"));
    enr_json_write_bool(&json, true);
    enr_json_object_end(&json);
    enr_status_t status = enr_json_writer_finish(&json);
    if (status == ENR_OK) {
        *out = attempt;
    }
    return status;
}

enr_status_t enr_webhook_read(enr_span_t body, enr_json_reader_t *reader, enr_result_t *out_result)
{
    enr_status_t status = enr_json_parse(reader, body);
    return status == ENR_OK ? enr_result_read(reader, out_result) : status;
}
