/* One answer of the service: a choice of call, key and end (1 byte) and of how the answer is cut (1 byte), then all
   that the server sends. Or the body of a webhook call. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "enrich/api.h"
#include "enrich/utf8.h"
#include "enrich_script.h"

#define TOKEN "00112233445566778899aabbccddeeff"
#define ID "5b0f6a3e-2f0d-4f8a-9a51-6d1c3f7e9b20"

enum { SINGLE, SINGLE_WITHOUT_TOKEN, SYNC, BULK, GET, GET_WITH_TOKEN, CREDITS, WEBHOOK };
enum { REQUEST_SIZE = 2048, BODY_SIZE = 2048 };

/* What the first byte chooses. */
typedef struct {
    unsigned call;
    enr_status_t end; /* of the connection, after the answer: ENR_OK is silence */
    enr_span_t key;
} choice_t;

static choice_t choice_of(uint8_t byte)
{
    static const enr_status_t ENDS[] = {ENR_END, ENR_E_RESET, ENR_OK, ENR_E_TLS_TRUNCATED};
    const enr_span_t keys[] = {ENR_SPAN("pk_test_0123456789"), ENR_SPAN("k"), ENR_SPAN("**"), ENR_SPAN("\"e\"")};
    return (choice_t){.call = byte & 7, .end = ENDS[byte >> 3 & 3], .key = keys[byte >> 5 & 3]};
}

typedef struct {
    enr_script_t script;
    enr_script_connection_t connections[2];
    enr_clock_t clock;
    enr_exchange_t exchange;
    enr_api_t api;
    enr_span_t answer;
    uint8_t *request;
    uint8_t *body;
} rig_t;

static rig_t *rig_new(const choice_t *choice, enr_span_t answer, size_t most)
{
    rig_t *rig = fuzz_allocate(sizeof *rig);
    rig->answer = fuzz_copy(answer);
    rig->request = fuzz_allocate(REQUEST_SIZE);
    memset(rig->request, 0, REQUEST_SIZE);
    rig->body = fuzz_allocate(BODY_SIZE);
    rig->connections[0] = (enr_script_connection_t){.turns = {{.after_sent = 1, .bytes = rig->answer}},
                                                    .receiving = {.most = most, .again = most > 0},
                                                    .end = choice->end};
    rig->connections[1] = rig->connections[0];
    enr_script_start(&rig->script, &(enr_script_config_t){
                                       .connections = rig->connections, .connection_count = 2, .wall_s = 1793500000});
    rig->clock = enr_script_clock(&rig->script);
    enr_exchange_init(&rig->exchange, enr_script_stream(&rig->script), NULL);
    enr_api_config_t config = {.async_base = ENR_SPAN("https://app.prontohq.test/api/v2"),
                               .sync_base = ENR_SPAN("https://api.prontohq.test:8443/v2/"),
                               .api_key = choice->key,
                               .clock = &rig->clock};
    MUST(enr_api_init(&rig->api, &config, &rig->exchange, enr_buffer_over(rig->request, REQUEST_SIZE),
                      enr_buffer_over(rig->body, BODY_SIZE)) == ENR_OK);
    return rig;
}

static void rig_free(rig_t *rig)
{
    enr_api_close(&rig->api);
    fuzz_free(rig->answer);
    free(rig->request);
    free(rig->body);
    free(rig);
}

static enr_status_t start(rig_t *rig, unsigned call)
{
    const enr_bulk_item_t item = {.contact = {.firstname = ENR_SPAN("Teodor"),
                                              .lastname = ENR_SPAN("Lindqvist"),
                                              .domain = ENR_SPAN("acme.example"),
                                              .linkedin_url = ENR_SPAN("https://www.linkedin.com/in/teodor-example")},
                                  .token = ENR_SPAN(TOKEN)};
    const enr_bulk_item_t items[] = {item, item};
    enr_options_t options = {.types = ENR_TYPE_EMAIL, .token = ENR_SPAN(TOKEN)};
    const uint32_t now_ms = rig->script.now_ms;
    enr_refusal_t refusal;
    size_t refused = 0;
    switch (call) {
    case SINGLE_WITHOUT_TOKEN:
        options.token.len = 0;
        return enr_api_start_single(&rig->api, &item.contact, &options, now_ms, &refusal);
    case SINGLE:
        return enr_api_start_single(&rig->api, &item.contact, &options, now_ms, &refusal);
    case SYNC:
        return enr_api_start_sync(&rig->api, &item.contact, &options, now_ms, &refusal);
    case BULK:
        return enr_api_start_bulk(&rig->api, items, 2, &options, now_ms, &refusal, &refused);
    case CREDITS:
        return enr_api_start_credits(&rig->api, now_ms);
    case GET:
        options.token.len = 0;
        return enr_api_start_get(&rig->api, ENR_SPAN(ID), options.token, now_ms);
    default:
        return enr_api_start_get(&rig->api, ENR_SPAN(ID), options.token, now_ms);
    }
}

/* Runs the call to its end; it ends, whatever the server does. */
static enr_status_t run(rig_t *rig, unsigned call)
{
    size_t sent_before = rig->script.sent_count;
    size_t steps = 0;
    MUST(start(rig, call) == ENR_OK);
    for (;;) {
        enr_wait_t wait;
        enr_status_t status = enr_api_step(&rig->api, rig->script.now_ms, &wait);
        MUST(steps++ < 3 * rig->answer.len + 100);
        if (status == ENR_READY) {
            MUST(call < GET && (rig->script.sent_count == 0 || rig->script.sent_count == sent_before));
            enr_api_commit(&rig->api);
        } else if (status != ENR_AGAIN) {
            return status;
        } else {
            MUST(enr_script_wait(&rig->script, &wait));
        }
    }
}

/* --- results --- */

#define RESULT_TEXTS (13 + 2 * ENR_PHONES_MAX)

/* The result's texts in a row; returns how many. */
static size_t texts_of(const enr_result_t *result, enr_span_t out[RESULT_TEXTS])
{
    const enr_span_t texts[] = {
        result->id,           result->status_word,    result->firstname,
        result->lastname,     result->linkedin_url,   result->email,
        result->email_status, result->personal_email, result->personal_email_status,
        result->phone_status, result->message,        result->token,
        result->custom,
    };
    size_t count = sizeof texts / sizeof texts[0];
    memcpy(out, texts, sizeof texts);
    for (size_t i = 0; i < result->phone_count; i++) {
        out[count++] = result->phones[i].number;
        out[count++] = result->phones[i].type;
    }
    return count;
}

static bool is_e164(enr_span_t number)
{
    bool good = number.len >= 8 && number.len <= 16 && number.ptr[0] == '+' && number.ptr[1] != '0';
    for (size_t i = 1; good && i < number.len; i++) {
        good = number.ptr[i] >= '0' && number.ptr[i] <= '9';
    }
    return good;
}

/* behaviours 14 and api-contract 10, 13: what is handed over as a result. */
static void check_result(const enr_result_t *result, enr_span_t body)
{
    enr_span_t texts[RESULT_TEXTS];
    size_t count = texts_of(result, texts);
    for (size_t i = 0; i < count; i++) {
        MUST(fuzz_lies_in(texts[i], body) || fuzz_lies_in(texts[i], (enr_span_t){result->text, sizeof result->text}));
        MUST(enr_utf8_valid(texts[i]));
        MUST(i < 2 || !enr_span_equal_ignore_case(texts[i], ENR_SPAN("N/A")) || texts[i].ptr == result->token.ptr);
    }
    MUST(enr_id_valid(result->id));
    MUST(result->phone_count <= ENR_PHONES_MAX && result->phones_total >= result->phone_count);
    MUST(result->phones_total == result->phone_count || result->phone_count == ENR_PHONES_MAX);
    for (size_t i = 0; i < result->phone_count; i++) {
        MUST(result->phones[i].number.len > 0 && result->phones[i].e164 == is_e164(result->phones[i].number));
        for (size_t j = 0; j < i; j++) {
            MUST(!enr_span_equal(result->phones[i].number, result->phones[j].number));
        }
    }
    size_t offset = 0;
    MUST(result->custom.len == 0 || enr_json_validate(result->custom, &offset) == ENR_OK);
    MUST(result->custom.len > 0 || result->token.len == 0);
    bool is_finished = enr_span_equal_ignore_case(result->status_word, ENR_SPAN("finished")) ||
                       enr_span_equal_ignore_case(result->status_word, ENR_SPAN("success"));
    MUST((result->progress == ENR_PROGRESS_FINISHED) == is_finished);
}

/* --- answers --- */

/* Which statuses a code can have (the table at enr_api_step); no code: the exchange's own. */
static bool fits_code(enr_status_t status, unsigned code)
{
    switch (status) {
    case ENR_OK:
    case ENR_E_NOT_JSON:
    case ENR_E_JSON_LIMIT:
    case ENR_E_UNEXPECTED:
    case ENR_E_IDENTITY:
    case ENR_E_LIMIT:
        return code >= 200 && code < 300;
    case ENR_E_WRONG_SERVICE:
        return (code >= 300 && code < 400) || code == 404 || code == 405;
    case ENR_E_UNAUTHORIZED:
        return code == 401 || code == 403;
    case ENR_E_RATE_LIMITED:
        return code == 429;
    case ENR_E_NOT_FOUND:
        return code == 404;
    case ENR_E_PORTAL:
        return code == 511;
    case ENR_E_SERVER:
        return code == 408 || code >= 500;
    case ENR_E_CREDITS:
    case ENR_E_CONSENT:
    case ENR_E_PLAN:
    case ENR_E_VALIDATION:
        return code >= 400 && code < 500;
    case ENR_E_RESET:
    case ENR_E_CLOSED:
    case ENR_E_TRUNCATED:
    case ENR_E_TLS_TRUNCATED:
    case ENR_E_TIMEOUT_ANSWER:
    case ENR_E_TIMEOUT_BODY:
    case ENR_E_HTTP:
    case ENR_E_HTTP_LIMIT:
    case ENR_E_CONTENT_CODING:
        return code == 0;
    default:
        return false;
    }
}

/* behaviours 32, 33: only an explicit refusal says that a request whose bytes have left was not accepted. */
static enr_verdict_t expected_verdict(enr_status_t status, unsigned code)
{
    switch (status) {
    case ENR_E_WRONG_SERVICE: /* a 303 says that the work is done */
        return code == 303 ? ENR_MAY_HAVE_BEEN_ACCEPTED : ENR_SURELY_NOT_ACCEPTED;
    case ENR_E_UNAUTHORIZED:
    case ENR_E_CREDITS:
    case ENR_E_CONSENT:
    case ENR_E_PLAN:
    case ENR_E_VALIDATION:
    case ENR_E_RATE_LIMITED:
        return ENR_SURELY_NOT_ACCEPTED;
    default:
        return ENR_MAY_HAVE_BEEN_ACCEPTED;
    }
}

static bool holds(enr_span_t text, enr_span_t word)
{
    for (size_t i = 0; i + word.len <= text.len; i++) {
        if (enr_span_equal_ignore_case(enr_span_slice(text, i, i + word.len), word)) {
            return true;
        }
    }
    return false;
}

/* DESIGN 6: what pairs an answer with its request. */
static void check_identity(const enr_answer_t *answer, unsigned call)
{
    bool has_token = call == SINGLE || call == SYNC || call == GET_WITH_TOKEN;
    MUST(answer->verified == (has_token && enr_span_equal(answer->result.token, ENR_SPAN(TOKEN))));
    MUST(!has_token || answer->verified || answer->result.token.len == 0);
    MUST((call != GET && call != GET_WITH_TOKEN) || enr_span_equal(answer->result.id, ENR_SPAN(ID)));
}

static void check_answer(const rig_t *rig, const choice_t *choice, enr_status_t status)
{
    const enr_answer_t *answer = &rig->api.answer;
    MUST(fits_code(status, answer->code));
    MUST(status != ENR_E_NOT_FOUND || choice->call == GET || choice->call == GET_WITH_TOKEN);
    MUST(answer->verdict == expected_verdict(status, answer->code) || status == ENR_OK);
    MUST(fuzz_lies_in(answer->body, (enr_span_t){rig->body, BODY_SIZE}) && answer->body.len <= BODY_SIZE);
    MUST(fuzz_lies_in(answer->message, (enr_span_t){answer->result.text, sizeof answer->result.text}));
    MUST(!holds(answer->message, choice->key)); /* behaviours 49 */
    MUST(answer->has_retry_after || answer->retry_after_s == 0);
    MUST(status >= 0 || answer->result.id.len == 0);
    MUST(status != ENR_E_IDENTITY || (answer->body.len == 0 && answer->message.len == 0));
    MUST(status >= 0 || !rig->script.is_open || (answer->code != 0 && status != ENR_E_IDENTITY));
    if (status == ENR_OK && choice->call != CREDITS) {
        check_result(&answer->result, answer->body);
        check_identity(answer, choice->call);
    }
    for (size_t i = 0; i < REQUEST_SIZE; i++) {
        MUST(rig->request[i] == 0); /* behaviours 22 */
    }
}

static void check_same_result(const enr_result_t *a, const enr_result_t *b)
{
    enr_span_t texts_of_a[RESULT_TEXTS];
    enr_span_t texts_of_b[RESULT_TEXTS];
    size_t count = texts_of(a, texts_of_a);
    MUST(texts_of(b, texts_of_b) == count && a->phones_total == b->phones_total && a->progress == b->progress);
    for (size_t i = 0; i < count; i++) {
        MUST(enr_span_equal(texts_of_a[i], texts_of_b[i]));
    }
}

/* behaviours 5: the answer does not depend on the cuts. */
static void check_same(const enr_answer_t *a, const enr_answer_t *b)
{
    MUST(a->code == b->code && a->verdict == b->verdict && a->verified == b->verified);
    MUST(a->has_retry_after == b->has_retry_after && a->retry_after_s == b->retry_after_s);
    MUST(enr_span_equal(a->body, b->body) && enr_span_equal(a->message, b->message));
    check_same_result(&a->result, &b->result);
}

/* Runs the call once more, with the same answer: on the open connection, if that may carry it, else on another. Bytes
   behind the answer before have come by now: they are seen, and not taken for an answer (behaviours 8). */
static enr_status_t run_again(rig_t *rig, unsigned call)
{
    rig->connections[0].receiving.again = false;
    rig->connections[0].turns[1] = (enr_script_turn_t){.after_sent = rig->script.sent_count + 1, .bytes = rig->answer};
    return run(rig, call);
}

static void check_webhook(enr_span_t bytes, const enr_result_t *expected)
{
    enr_span_t body = fuzz_copy(bytes);
    enr_json_reader_t *reader = fuzz_allocate(sizeof *reader);
    enr_result_t *result = fuzz_allocate(sizeof *result);
    enr_status_t status = enr_webhook_read(body, reader, result);
    MUST(status == ENR_OK || status == ENR_E_NOT_JSON || status == ENR_E_JSON_LIMIT || status == ENR_E_UNEXPECTED ||
         status == ENR_E_LIMIT);
    if (status == ENR_OK) {
        check_result(result, body);
    }
    if (expected != NULL) {
        MUST(status == ENR_OK);
        check_same_result(result, expected);
    }
    free(result);
    free(reader);
    fuzz_free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enr_span_t input = {data, size};
    choice_t choice = choice_of(fuzz_choice(&input));
    if (choice.call == WEBHOOK) {
        check_webhook(input, NULL);
        return 0;
    }
    size_t most = fuzz_choice(&input);
    rig_t *whole = rig_new(&choice, input, 0);
    enr_status_t status = run(whole, choice.call);
    check_answer(whole, &choice, status);
    if (status == ENR_OK && choice.call != CREDITS) {
        check_webhook(whole->api.answer.body, &whole->api.answer.result);
    }
    rig_t *cut = rig_new(&choice, input, most);
    MUST(run(cut, choice.call) == status);
    check_answer(cut, &choice, status);
    check_same(&whole->api.answer, &cut->api.answer);
    MUST(run_again(cut, choice.call) == status);
    check_answer(cut, &choice, status);
    check_same(&whole->api.answer, &cut->api.answer);
    rig_free(cut);
    rig_free(whole);
    return 0;
}
