/* api over a scripted stream: exact request bytes, typed answers, the table of refusals with their verdicts. */
#include "enrich/api.h"
#include "enrich_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEY "pk_test_0123456789"
#define TOKEN "00112233445566778899aabbccddeeff"
#define OTHER_TOKEN "ffeeddccbbaa99887766554433221100"
#define ID "5b0f6a3e-2f0d-4f8a-9a51-6d1c3f7e9b20"

typedef struct {
    enr_script_t script;
    enr_script_connection_t connection;
    enr_clock_t clock;
    enr_exchange_t exchange;
    enr_api_t api;
    char answer[8192];
    uint8_t sent[32768];
    uint8_t request[32768];
    uint8_t body[4096];
} rig_t;

static enr_api_config_t config_of(const enr_clock_t *clock)
{
    return (enr_api_config_t){
        .async_base = ENR_SPAN("https://app.prontohq.test/api/v2"),
        .sync_base = ENR_SPAN("https://api.prontohq.test:8443/v2/"),
        .api_key = ENR_SPAN(KEY),
        .clock = clock,
    };
}

/* A service that answers the first request with `head` (status line and extra header lines) and a body. */
static rig_t *rig_new(const char *head, const char *body)
{
    rig_t *rig = calloc(1, sizeof *rig);
    (void)snprintf(rig->answer, sizeof rig->answer, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", head, strlen(body),
                   body);
    rig->connection = (enr_script_connection_t){.turns = {{.after_sent = 1, .bytes = enr_span_from_str(rig->answer)}}};
    enr_script_start(&rig->script, &(enr_script_config_t){.connections = &rig->connection,
                                                          .connection_count = 1,
                                                          .wall_s = 1793500000, /* Sun, 01 Nov 2026 02:26:40 GMT */
                                                          .sent = rig->sent,
                                                          .sent_capacity = sizeof rig->sent});
    rig->clock = enr_script_clock(&rig->script);
    enr_exchange_init(&rig->exchange, enr_script_stream(&rig->script), NULL);
    enr_api_config_t config = config_of(&rig->clock);
    assert_int_equal(enr_api_init(&rig->api, &config, &rig->exchange,
                                  enr_buffer_over(rig->request, sizeof rig->request),
                                  enr_buffer_over(rig->body, sizeof rig->body)),
                     ENR_OK);
    return rig;
}

static rig_t *rig_json(const char *status, const char *body)
{
    char head[256];
    (void)snprintf(head, sizeof head, "%s\r\nContent-Type: application/json; charset=utf-8", status);
    return rig_new(head, body);
}

/* Runs the call under way to its end, through the gate. */
static enr_status_t run(rig_t *rig)
{
    for (int i = 0; i < 1000; i++) {
        enr_wait_t wait;
        enr_status_t status = enr_api_step(&rig->api, rig->script.now_ms, &wait);
        if (status == ENR_READY) {
            enr_api_commit(&rig->api);
        } else if (status != ENR_AGAIN) {
            return status;
        } else {
            assert_true(enr_script_wait(&rig->script, &wait));
        }
    }
    fail_msg("the call does not end");
    return ENR_AGAIN;
}

static const enr_contact_t TEODOR = {
    .firstname = {(const uint8_t *)"Teodor", 6},
    .lastname = {(const uint8_t *)"Lind \"q\" vist", 13},
    .domain = {(const uint8_t *)"acme.example", 12},
    .linkedin_url = {(const uint8_t *)"https://www.linkedin.com/in/teodor-example", 42},
};

static enr_status_t start_single(rig_t *rig)
{
    enr_refusal_t refusal;
    enr_options_t options = {.types = ENR_TYPE_EMAIL, .token = ENR_SPAN(TOKEN)};
    return enr_api_start_single(&rig->api, &TEODOR, &options, rig->script.now_ms, &refusal);
}

static enr_status_t single(rig_t *rig)
{
    assert_int_equal(start_single(rig), ENR_OK);
    return run(rig);
}

static enr_status_t get(rig_t *rig)
{
    assert_int_equal(enr_api_start_get(&rig->api, ENR_SPAN(ID), ENR_SPAN(TOKEN), rig->script.now_ms), ENR_OK);
    return run(rig);
}

static void assert_span(enr_span_t span, const char *text)
{
    assert_int_equal(span.len, strlen(text));
    assert_memory_equal(span.len == 0 ? (const void *)"" : span.ptr, text, span.len);
}

/* The text of what was sent, for comparing. */
static const char *sent_text(rig_t *rig)
{
    assert_true(rig->script.sent.len < sizeof rig->sent);
    rig->sent[rig->script.sent.len] = 0;
    return (const char *)rig->sent;
}

/* The body of what was sent. */
static const char *sent_body(rig_t *rig)
{
    const char *end = strstr(sent_text(rig), "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

/* behaviours 11: settings are checked at every start; contract 2: the key has no pattern. */
static void test_settings(void **state)
{
    (void)state;
    static const struct {
        const char *async_base, *sync_base, *key;
        enr_status_t status;
    } ROWS[] = {
        {ENR_ASYNC_BASE_DEFAULT, ENR_SYNC_BASE_DEFAULT, KEY, ENR_OK},
        {"https://h.example:8443", ENR_SYNC_BASE_DEFAULT, "x", ENR_OK},
        {ENR_ASYNC_BASE_DEFAULT, ENR_SYNC_BASE_DEFAULT, "", ENR_E_SETTING},
        {ENR_ASYNC_BASE_DEFAULT, ENR_SYNC_BASE_DEFAULT, "a b", ENR_E_SETTING},
        {ENR_ASYNC_BASE_DEFAULT, ENR_SYNC_BASE_DEFAULT, "a\r\nX: y", ENR_E_SETTING},
        {ENR_ASYNC_BASE_DEFAULT, ENR_SYNC_BASE_DEFAULT, "a\n", ENR_E_SETTING},
        {ENR_ASYNC_BASE_DEFAULT, ENR_SYNC_BASE_DEFAULT, "cl\xc3\xa9", ENR_E_SETTING},
        {"http://app.prontohq.test/api", ENR_SYNC_BASE_DEFAULT, KEY, ENR_E_URL},
        {ENR_ASYNC_BASE_DEFAULT, "https://127.0.0.1/v2", KEY, ENR_E_URL},
        {ENR_ASYNC_BASE_DEFAULT, "https://[::1]/v2", KEY, ENR_E_URL},
        {"https://app.prontohq.test/api?x=1", ENR_SYNC_BASE_DEFAULT, KEY, ENR_E_URL},
        {"https://app.prontohq.test/a b", ENR_SYNC_BASE_DEFAULT, KEY, ENR_E_URL},
        {"https://app.prontohq.test/\xc3\xa9", ENR_SYNC_BASE_DEFAULT, KEY, ENR_E_URL},
        {"https://app.prontohq.test/api#x", ENR_SYNC_BASE_DEFAULT, KEY, ENR_E_URL},
        {"", "", KEY, ENR_OK}, /* the defaults */
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        rig_t *rig = rig_json("200 OK", "{}");
        enr_api_config_t config = {.async_base = enr_span_from_str(ROWS[i].async_base),
                                   .sync_base = enr_span_from_str(ROWS[i].sync_base),
                                   .api_key = enr_span_from_str(ROWS[i].key)};
        assert_int_equal(enr_api_init(&rig->api, &config, &rig->exchange, enr_buffer_over(rig->request, 10),
                                      enr_buffer_over(rig->body, 10)),
                         ROWS[i].status);
        free(rig);
    }
    rig_t *rig = rig_json("200 OK", "{}");
    char long_key[ENR_API_KEY_MAX + 2];
    memset(long_key, 'k', sizeof long_key);
    enr_api_config_t config = config_of(NULL);
    for (size_t len = ENR_API_KEY_MAX; len <= ENR_API_KEY_MAX + 1; len++) {
        config.api_key = (enr_span_t){(const uint8_t *)long_key, len};
        assert_int_equal(enr_api_init(&rig->api, &config, &rig->exchange, enr_buffer_over(rig->request, 10),
                                      enr_buffer_over(rig->body, 10)),
                         len == ENR_API_KEY_MAX ? ENR_OK : ENR_E_SETTING);
    }
    free(rig);
}

/* contract 2, 3: method, path, key, types, members; one message (DESIGN 6). */
static void test_single_request(void **state)
{
    (void)state;
    rig_t *rig = rig_json("202 Accepted", "{\"enrichment_id\":\"" ID "\",\"status\":\"pending\"}");
    enr_span_t countries[] = {ENR_SPAN("FR"), ENR_SPAN("BE")};
    enr_custom_t custom[] = {{ENR_SPAN("crm_id"), ENR_SPAN("C-20817")}};
    enr_options_t options = {.types = ENR_TYPE_EMAIL | ENR_TYPE_PHONE,
                             .allow_multi = true,
                             .webhook_url = ENR_SPAN("https://hooks.acme.example/pronto"),
                             .countries = countries,
                             .country_count = 2,
                             .custom = custom,
                             .custom_count = 1,
                             .token = ENR_SPAN(TOKEN)};
    enr_refusal_t refusal;
    assert_int_equal(enr_api_start_single(&rig->api, &TEODOR, &options, 0, &refusal), ENR_OK);
    assert_int_equal(run(rig), ENR_OK);
    assert_true(strncmp(sent_text(rig), "POST /api/v2/contacts/single_enrich HTTP/1.1\r\n", 46) == 0);
    assert_non_null(strstr(sent_text(rig), "\r\nHost: app.prontohq.test\r\n"));
    assert_non_null(strstr(sent_text(rig), "\r\nX-API-KEY: " KEY "\r\n"));
    assert_non_null(strstr(sent_text(rig), "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(sent_text(rig), "\r\nAccept: application/json\r\n"));
    assert_non_null(strstr(sent_text(rig), "\r\nAccept-Encoding: identity\r\n"));
    assert_string_equal(sent_body(rig),
                        "{\"firstname\":\"Teodor\",\"lastname\":\"Lind \\\"q\\\" vist\",\"domain\":\"acme.example\","
                        "\"linkedin_url\":\"https://www.linkedin.com/in/teodor-example\","
                        "\"enrichment_type\":[\"email\",\"phone\"],"
                        "\"webhook_url\":\"https://hooks.acme.example/pronto\",\"phone_country_codes\":[\"FR\",\"BE\"],"
                        "\"custom\":{\"crm_id\":\"C-20817\",\"enr_token\":\"" TOKEN "\"}}");
    char length[64];
    (void)snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n", strlen(sent_body(rig)));
    assert_non_null(strstr(sent_text(rig), length));
    for (size_t i = 0; i < sizeof rig->request; i++) {
        assert_int_equal(rig->request[i], 0); /* behaviours 22: key and person are wiped */
    }
    free(rig);
}

/* Nothing optional is written when it is not there; contract 13: an empty list of countries is left out. */
static void test_smallest_request(void **state)
{
    (void)state;
    rig_t *rig = rig_json("200 OK", "{\"enrichment_id\":\"a\"}");
    enr_contact_t contact = {.firstname = ENR_SPAN("A"), .lastname = ENR_SPAN("B"), .company_name = ENR_SPAN("C")};
    enr_refusal_t refusal;
    assert_int_equal(enr_api_start_single(&rig->api, &contact, &(enr_options_t){.types = ENR_TYPE_EMAIL}, 0, &refusal),
                     ENR_OK);
    assert_int_equal(run(rig), ENR_OK);
    assert_string_equal(sent_body(rig), "{\"firstname\":\"A\",\"lastname\":\"B\",\"company_name\":\"C\","
                                        "\"enrichment_type\":[\"email\"]}");
    free(rig);
}

/* contract 3: any 2xx with an id is accepted. */
static void test_accepted(void **state)
{
    (void)state;
    static const char *const STATUSES[] = {"200 OK", "201 Created", "202 Accepted", "299 "};
    for (size_t i = 0; i < sizeof STATUSES / sizeof STATUSES[0]; i++) {
        rig_t *rig = rig_json(STATUSES[i], "{\"enrichment_id\":\"" ID "\",\"first_name\":\"In\\u00e8s\","
                                           "\"status\":\"pending\",\"custom\":{\"enr_token\":\"" TOKEN "\"}}");
        assert_int_equal(single(rig), ENR_OK);
        assert_true(rig->api.answer.verified);
        assert_span(rig->api.answer.result.id, ID);
        assert_span(rig->api.answer.result.firstname, "In\xc3\xa8s");
        assert_int_equal(rig->api.answer.result.progress, ENR_PROGRESS_PENDING);
        free(rig);
    }
}

/* DESIGN 6, behaviours 9: the token pairs an answer with its request. */
static void test_identity(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enr_status_t status;
        bool verified;
    } POSTS[] = {
        {"{\"enrichment_id\":\"a\"}", ENR_OK, false},
        {"{\"enrichment_id\":\"a\",\"custom\":{}}", ENR_OK, false},
        {"{\"enrichment_id\":\"a\",\"custom\":{\"enr_token\":\"" TOKEN "\"}}", ENR_OK, true},
        {"{\"enrichment_id\":\"a\",\"custom\":{\"enr_token\":\"" OTHER_TOKEN "\"}}", ENR_E_IDENTITY, false},
        {"{\"enrichment_id\":\"a\",\"custom\":{\"enr_token\":\"0011\"}}", ENR_E_IDENTITY, false},
    };
    for (size_t i = 0; i < sizeof POSTS / sizeof POSTS[0]; i++) {
        rig_t *rig = rig_json("202 Accepted", POSTS[i].body);
        assert_int_equal(single(rig), POSTS[i].status);
        assert_true(rig->api.answer.verified == POSTS[i].verified);
        assert_int_equal(rig->api.answer.verdict, ENR_MAY_HAVE_BEEN_ACCEPTED);
        assert_true(rig->script.is_open == (POSTS[i].status == ENR_OK));
        free(rig);
    }
    static const struct {
        const char *body;
        enr_status_t status;
    } GETS[] = {
        {"{\"enrichment_id\":\"" ID "\",\"status\":\"finished\"}", ENR_OK},
        {"{\"id\":\"" ID "\",\"status\":\"finished\"}", ENR_OK},
        {"{\"enrichment_id\":\"5b0f6a3e-2f0d-4f8a-9a51-6d1c3f7e9b21\",\"status\":\"finished\"}", ENR_E_IDENTITY},
        {"{\"enrichment_id\":\"" ID "\",\"custom\":{\"enr_token\":\"" TOKEN "\"}}", ENR_OK},
        {"{\"enrichment_id\":\"" ID "\",\"custom\":{\"enr_token\":\"" OTHER_TOKEN "\"}}", ENR_E_IDENTITY},
        {"{\"enrichment_id\":\"5B0F6A3E-2F0D-4F8A-9A51-6D1C3F7E9B20\",\"status\":\"finished\"}", ENR_E_IDENTITY},
    };
    for (size_t i = 0; i < sizeof GETS / sizeof GETS[0]; i++) {
        rig_t *rig = rig_json("200 OK", GETS[i].body);
        assert_int_equal(get(rig), GETS[i].status);
        assert_true(rig->script.is_open == (GETS[i].status == ENR_OK));
        free(rig);
    }
}

/* contract 4: a finished result, its path and its values; a GET passes no gate. */
static void test_get(void **state)
{
    (void)state;
    rig_t *rig =
        rig_json("200 OK", "{\"enrichment_id\":\"" ID "\",\"status\":\"finished\",\"phone\":[\"+33639980123\"],"
                           "\"email\":\"a@b.example\",\"email_status\":\"catch-all\"}");
    assert_int_equal(get(rig), ENR_OK);
    assert_true(strncmp(sent_text(rig), "GET /api/v2/contacts/" ID " HTTP/1.1\r\n", 68) == 0);
    assert_string_equal(sent_body(rig), "");
    assert_int_equal(rig->api.answer.result.progress, ENR_PROGRESS_FINISHED);
    assert_span(rig->api.answer.result.email, "a@b.example");
    assert_int_equal(rig->api.answer.result.phone_count, 1);
    assert_span(rig->api.answer.result.phones[0].number, "+33639980123");
    free(rig);

    static const char *const BAD_IDS[] = {"", "a/b", "a b", "..%2f", "a\r\nb", "\xc3\xa8"};
    for (size_t i = 0; i < sizeof BAD_IDS / sizeof BAD_IDS[0]; i++) {
        rig = rig_json("200 OK", "{}");
        assert_int_equal(enr_api_start_get(&rig->api, enr_span_from_str(BAD_IDS[i]), ENR_SPAN(""), 0), ENR_E_SYNTAX);
        free(rig);
    }
}

/* contract 8: the other base, any combination of types, the answer inline. */
static void test_sync(void **state)
{
    (void)state;
    rig_t *rig = rig_json("200 OK", "{\"enrichment_id\":\"a\",\"status\":\"success\",\"email\":\"t@acme.example\","
                                    "\"phones\":[\"+46701740605\"],\"custom\":{\"enr_token\":\"" TOKEN "\"}}");
    enr_refusal_t refusal;
    enr_options_t options = {.types = ENR_TYPES_ALL, .token = ENR_SPAN(TOKEN)};
    assert_int_equal(enr_api_start_sync(&rig->api, &TEODOR, &options, 0, &refusal), ENR_OK);
    assert_int_equal(run(rig), ENR_OK);
    assert_true(strncmp(sent_text(rig), "POST /v2/contacts/single_enrich HTTP/1.1\r\n", 42) == 0);
    assert_non_null(strstr(sent_text(rig), "\r\nHost: api.prontohq.test:8443\r\n"));
    assert_non_null(strstr(sent_body(rig), "\"enrichment_type\":[\"email\",\"phone\",\"personal_email\"]"));
    assert_int_equal(rig->api.answer.result.progress, ENR_PROGRESS_FINISHED);
    assert_true(rig->api.answer.verified);
    assert_int_equal(rig->api.answer.result.phone_count, 1);
    free(rig);
}

/* contract 7. */
static void test_bulk(void **state)
{
    (void)state;
    enr_custom_t row = {ENR_SPAN("row"), ENR_SPAN("1")};
    enr_bulk_item_t items[ENR_BULK_MAX + 1];
    for (size_t i = 0; i < ENR_BULK_MAX + 1; i++) {
        items[i] = (enr_bulk_item_t){.contact = TEODOR, .custom = &row, .custom_count = 1, .token = ENR_SPAN(TOKEN)};
    }
    enr_options_t options = {.types = ENR_TYPE_EMAIL, .webhook_url = ENR_SPAN("https://hooks.acme.example/")};
    enr_refusal_t refusal = {0};
    size_t item = 0;

    rig_t *rig = rig_json("202 Accepted", "{\"enrichment_id\":\"batch-1\",\"status\":\"queued\"}");
    assert_int_equal(enr_api_start_bulk(&rig->api, items, 2, &options, 0, &refusal, &item), ENR_OK);
    assert_int_equal(run(rig), ENR_OK);
    assert_true(strncmp(sent_text(rig), "POST /api/v2/contacts/bulk_enrich HTTP/1.1\r\n", 44) == 0);
    assert_non_null(strstr(sent_body(rig), "{\"contacts\":[{\"firstname\":\"Teodor\","));
    assert_non_null(strstr(sent_body(rig), "\"custom\":{\"row\":\"1\",\"enr_token\":\"" TOKEN "\"}},{\"firstname\""));
    assert_non_null(strstr(sent_body(rig), "}],\"enrichment_type\":[\"email\"],\"webhook_url\":"));
    assert_span(rig->api.answer.result.id, "batch-1");
    assert_int_equal(rig->api.answer.result.progress, ENR_PROGRESS_PENDING);
    free(rig);

    static const size_t COUNTS[] = {0, 1, ENR_BULK_MAX + 1};
    for (size_t i = 0; i < sizeof COUNTS / sizeof COUNTS[0]; i++) {
        rig = rig_json("202 Accepted", "{}");
        assert_int_equal(enr_api_start_bulk(&rig->api, items, COUNTS[i], &options, 0, &refusal, &item), ENR_E_CONTACT);
        assert_string_equal(refusal.field, "contacts");
        free(rig);
    }
    rig = rig_json("202 Accepted", "{\"enrichment_id\":\"b\"}");
    assert_int_equal(enr_api_start_bulk(&rig->api, items, ENR_BULK_MAX, &options, 0, &refusal, &item), ENR_OK);
    assert_int_equal(run(rig), ENR_OK);
    free(rig);

    rig = rig_json("202 Accepted", "{}");
    items[7].contact.lastname = ENR_SPAN("");
    assert_int_equal(enr_api_start_bulk(&rig->api, items, 9, &options, 0, &refusal, &item), ENR_E_CONTACT);
    assert_int_equal(item, 7);
    assert_string_equal(refusal.field, "lastname");
    free(rig);
}

/* contract 12: the balance is handed through; no member is required. */
static void test_credits(void **state)
{
    (void)state;
    rig_t *rig = rig_json("200 OK", "{\"whatever\":[1482]}");
    assert_int_equal(enr_api_start_credits(&rig->api, 0), ENR_OK);
    assert_int_equal(run(rig), ENR_OK);
    assert_true(strncmp(sent_text(rig), "GET /api/v2/credits HTTP/1.1\r\n", 30) == 0);
    assert_span(rig->api.answer.body, "{\"whatever\":[1482]}");
    free(rig);
}

#define JSON "\r\nContent-Type: application/json"

/* contract 9, 11, 13; behaviours 33, 36, 38, 39: what each answer to a POST means, and whether it may have been
 * accepted. */
static void test_refusals_of_a_post(void **state)
{
    (void)state;
    static const struct {
        const char *head, *body;
        enr_status_t status;
        enr_verdict_t verdict;
        const char *message;
    } ROWS[] = {
        {"400 Bad Request" JSON, "{\"error\":400,\"message\":\"Provide at least one\"}", ENR_E_VALIDATION,
         ENR_SURELY_NOT_ACCEPTED, "Provide at least one"},
        {"401 Unauthorized" JSON, "{\"error\":\"Invalid key " KEY "\"}", ENR_E_UNAUTHORIZED, ENR_SURELY_NOT_ACCEPTED,
         "Invalid key ******************"},
        {"403 Forbidden", "no", ENR_E_UNAUTHORIZED, ENR_SURELY_NOT_ACCEPTED, "no"},
        {"422 X" JSON,
         "{\"error\":\"You can't use the personal email enrichment feature without consenting with our terms of "
         "use\"}",
         ENR_E_CONSENT, ENR_SURELY_NOT_ACCEPTED,
         "You can't use the personal email enrichment feature without consenting with our terms of use"},
        {"422 X" JSON, "{\"error\":\"Unprocessable\",\"message\":\"... WITHOUT Consenting ...\"}", ENR_E_CONSENT,
         ENR_SURELY_NOT_ACCEPTED, "Unprocessable"},
        {"422 X" JSON, "{\"error\":\"Insufficient enrichment credits\"}", ENR_E_CREDITS, ENR_SURELY_NOT_ACCEPTED,
         "Insufficient enrichment credits"},
        {"402 X" JSON, "{\"error\":\"insufficient_credits\"}", ENR_E_CREDITS, ENR_SURELY_NOT_ACCEPTED,
         "insufficient_credits"},
        {"422 X" JSON, "{\"errors\":[\"over the plan limit\",\"again\"]}", ENR_E_PLAN, ENR_SURELY_NOT_ACCEPTED,
         "over the plan limit; again"},
        {"422 X" JSON, "{\"errors\":[{\"message\":\"import limits\"}]}", ENR_E_PLAN, ENR_SURELY_NOT_ACCEPTED,
         "import limits"},
        {"422 X" JSON, "{\"errors\":{\"domain\":[\"is bad\",\"is short\"],\"lastname\":[\"is empty\"]}}",
         ENR_E_VALIDATION, ENR_SURELY_NOT_ACCEPTED, "is bad; is short; is empty"},
        {"422 X" JSON, "{\"error\":{\"message\":\"b\\u00e4d\"}}", ENR_E_VALIDATION, ENR_SURELY_NOT_ACCEPTED,
         "b\xc3\xa4"
         "d"},
        {"409 X" JSON, "{}", ENR_E_VALIDATION, ENR_SURELY_NOT_ACCEPTED, "{}"},
        {"429 X" JSON, "{}", ENR_E_RATE_LIMITED, ENR_SURELY_NOT_ACCEPTED, "{}"},
        {"302 Found\r\nLocation: https://portal.example/", "", ENR_E_WRONG_SERVICE, ENR_SURELY_NOT_ACCEPTED, ""},
        {"303 See Other\r\nLocation: https://app.prontohq.test/x", "", ENR_E_WRONG_SERVICE, ENR_MAY_HAVE_BEEN_ACCEPTED,
         ""},
        {"404 X" JSON, "{}", ENR_E_WRONG_SERVICE, ENR_SURELY_NOT_ACCEPTED, "{}"},
        {"405 X", "<html>", ENR_E_WRONG_SERVICE, ENR_SURELY_NOT_ACCEPTED, "<html>"},
        {"408 X", "", ENR_E_SERVER, ENR_MAY_HAVE_BEEN_ACCEPTED, ""},
        {"500 X" JSON, "{\"error\":\"oops\"}", ENR_E_SERVER, ENR_MAY_HAVE_BEEN_ACCEPTED, "oops"},
        {"503 X", "<html>", ENR_E_SERVER, ENR_MAY_HAVE_BEEN_ACCEPTED, "<html>"},
        {"511 X", "<html>", ENR_E_PORTAL, ENR_MAY_HAVE_BEEN_ACCEPTED, "<html>"},
        {"200 OK\r\nContent-Type: text/html", "<html>", ENR_E_NOT_JSON, ENR_MAY_HAVE_BEEN_ACCEPTED, "<html>"},
        {"200 OK", "{\"enrichment_id\":\"a\"}", ENR_E_NOT_JSON, ENR_MAY_HAVE_BEEN_ACCEPTED,
         "{\"enrichment_id\":\"a\"}"},
        {"200 OK" JSON, "{\"enrichment_id\":\"a\"", ENR_E_NOT_JSON, ENR_MAY_HAVE_BEEN_ACCEPTED,
         "{\"enrichment_id\":\"a\""},
        {"200 OK" JSON, "{\"status\":\"pending\"}", ENR_E_UNEXPECTED, ENR_MAY_HAVE_BEEN_ACCEPTED,
         "{\"status\":\"pending\"}"},
        {"200 OK" JSON, "[]", ENR_E_UNEXPECTED, ENR_MAY_HAVE_BEEN_ACCEPTED, "[]"},
        {"200 OK" JSON, "{\"enrichment_id\":\"a/../b\"}", ENR_E_UNEXPECTED, ENR_MAY_HAVE_BEEN_ACCEPTED,
         "{\"enrichment_id\":\"a/../b\"}"},
        {"200 OK" JSON "\r\nContent-Encoding: gzip", "x", ENR_E_CONTENT_CODING, ENR_MAY_HAVE_BEEN_ACCEPTED, ""},
        {"204 No Content", "", ENR_E_NOT_JSON, ENR_MAY_HAVE_BEEN_ACCEPTED, ""},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        rig_t *rig = rig_new(ROWS[i].head, ROWS[i].body);
        enr_status_t status = single(rig);
        if (status != ROWS[i].status || rig->api.answer.verdict != ROWS[i].verdict) {
            fail_msg("%s %s: %s", ROWS[i].head, ROWS[i].body, enr_status_name(status));
        }
        assert_span(rig->api.answer.message, ROWS[i].message);
        free(rig);
    }
}

static void test_refusals_of_a_get(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        enr_status_t status;
    } ROWS[] = {
        {"404 X" JSON, ENR_E_NOT_FOUND},  {"401 X" JSON, ENR_E_UNAUTHORIZED},
        {"302 X", ENR_E_WRONG_SERVICE},   {"429 X" JSON, ENR_E_RATE_LIMITED},
        {"503 X", ENR_E_SERVER},          {"511 X", ENR_E_PORTAL},
        {"422 X" JSON, ENR_E_VALIDATION},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        rig_t *rig = rig_new(ROWS[i].head, "{}");
        assert_int_equal(get(rig), ROWS[i].status);
        assert_int_equal(rig->api.answer.code, (unsigned)strtoul(ROWS[i].head, NULL, 10));
        free(rig);
    }
}

/* contract 11: without any message the first 200 characters, none cut, and never the key. */
static void test_raw_message(void **state)
{
    (void)state;
    char body[600] = "";
    memset(body, 'a', 199);
    (void)strcpy(body + 199, "\xc3\xa8 and more");
    rig_t *rig = rig_new("500 X", body);
    assert_int_equal(single(rig), ENR_E_SERVER);
    assert_int_equal(rig->api.answer.message.len, 199);
    free(rig);

    rig = rig_new("500 X", "your key " KEY ", your key " KEY);
    assert_int_equal(single(rig), ENR_E_SERVER);
    assert_span(rig->api.answer.message, "your key ******************, your key ******************");
    free(rig);

    memset(body, 0, sizeof body); /* a message longer than its memory falls back to the raw text */
    (void)strcpy(body, "{\"error\":\"");
    memset(body + strlen(body), 'b', 560);
    (void)strcat(body, "\"}");
    rig = rig_json("422 X", body);
    assert_int_equal(single(rig), ENR_E_VALIDATION);
    assert_int_equal(rig->api.answer.message.len, 200);
    free(rig);
}

/* behaviours 49: a key that the end of the shown text cuts is masked, too; a key that looks like a mask is masked by
   something else, and the search for it ends. */
static void test_masked_key(void **state)
{
    (void)state;
    for (size_t before = 200 - sizeof KEY; before <= 201; before++) {
        char body[600] = "";
        memset(body, 'a', before);
        (void)strcpy(body + before, KEY " and more");
        rig_t *rig = rig_new("500 X", body);
        assert_int_equal(single(rig), ENR_E_SERVER);
        assert_int_equal(rig->api.answer.message.len, 200);
        for (size_t i = 0; i < 200 && i < before + strlen(KEY); i++) {
            assert_int_equal(rig->api.answer.message.ptr[i], i < before ? 'a' : '*');
        }
        free(rig);
    }
    static const char *const KEYS[] = {"*", "**", "a*", "*a", "+*"};
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        char body[64] = "";
        (void)snprintf(body, sizeof body, "key: %s%s", KEYS[i], KEYS[i]);
        rig_t *rig = rig_new("500 X", body);
        enr_api_config_t config = config_of(NULL);
        config.api_key = enr_span_from_str(KEYS[i]);
        assert_int_equal(enr_api_init(&rig->api, &config, &rig->exchange,
                                      enr_buffer_over(rig->request, sizeof rig->request),
                                      enr_buffer_over(rig->body, sizeof rig->body)),
                         ENR_OK);
        assert_int_equal(single(rig), ENR_E_SERVER);
        assert_span(rig->api.answer.message, strlen(KEYS[i]) == 1 ? "key:   " : "key:     ");
        free(rig);
    }
}

/* behaviours 27: seconds or a date; nonsense is ignored. */
static void test_retry_after(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool has;
        uint32_t seconds;
    } ROWS[] = {
        {"20", true, 20},
        {"0", true, 0},
        {"Sun, 01 Nov 2026 02:27:40 GMT", true, 60},
        {"Sun, 01 Nov 2026 02:00:00 GMT", true, 0},
        {"soon", false, 0},
        {"-1", false, 0},
        {"1.5", false, 0},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char head[200];
        (void)snprintf(head, sizeof head, "429 Too Many Requests" JSON "\r\nRetry-After: %s", ROWS[i].value);
        rig_t *rig = rig_new(head, "{}");
        assert_int_equal(single(rig), ENR_E_RATE_LIMITED);
        assert_true(rig->api.answer.has_retry_after == ROWS[i].has);
        assert_int_equal(rig->api.answer.retry_after_s, ROWS[i].seconds);
        free(rig);
    }
    rig_t *rig = rig_new("429 X\r\nRetry-After: Sun, 01 Nov 2026 02:27:40 GMT", ""); /* no clock: a date says nothing */
    rig->api.config.clock = NULL;
    assert_int_equal(single(rig), ENR_E_RATE_LIMITED);
    assert_false(rig->api.answer.has_retry_after);
    free(rig);
}

/* contract 13: a refused request costs nothing: no connection is even opened. */
static void test_local_refusal(void **state)
{
    (void)state;
    rig_t *rig = rig_json("200 OK", "{}");
    enr_contact_t nobody = {.lastname = ENR_SPAN("B"), .domain = ENR_SPAN("c.example")};
    enr_refusal_t refusal;
    assert_int_equal(enr_api_start_single(&rig->api, &nobody, &(enr_options_t){.types = ENR_TYPE_EMAIL}, 0, &refusal),
                     ENR_E_CONTACT);
    assert_string_equal(refusal.field, "firstname");
    assert_int_equal(rig->script.opened, 0);
    assert_int_equal(single(rig), ENR_E_UNEXPECTED); /* and the api is idle: the next call goes through */
    free(rig);
}

/* behaviours 9: of somebody else's answer nothing is handed out or left in memory. */
static void test_foreign_answer_is_wiped(void **state)
{
    (void)state;
    rig_t *rig =
        rig_json("202 Accepted", "{\"enrichment_id\":\"a\",\"email\":\"ines@secret.example\",\"custom\":{\"enr_token\":"
                                 "\"" OTHER_TOKEN "\"}}");
    assert_int_equal(single(rig), ENR_E_IDENTITY);
    assert_int_equal(rig->api.answer.code, 202);
    assert_int_equal(rig->api.answer.message.len, 0);
    assert_int_equal(rig->api.answer.body.len, 0);
    for (size_t i = 0; i < sizeof rig->body; i++) {
        assert_int_equal(rig->body[i], 0);
    }
    free(rig);
}

/* behaviours 22: an answer lives until the next start or close. */
static void test_answer_is_wiped(void **state)
{
    (void)state;
    rig_t *rig = rig_json("202 Accepted", "{\"enrichment_id\":\"a\",\"first_name\":\"In\\u00e8s\"}");
    assert_int_equal(single(rig), ENR_OK);
    enr_api_close(&rig->api);
    const uint8_t *answer = (const uint8_t *)&rig->api.answer.result;
    for (size_t i = 0; i < sizeof rig->api.answer.result; i++) {
        assert_int_equal(answer[i], 0);
    }
    for (size_t i = 0; i < sizeof rig->body; i++) {
        assert_int_equal(rig->body[i], 0);
    }
    assert_int_equal(rig->api.answer.verdict, ENR_MAY_HAVE_BEEN_ACCEPTED);
    free(rig);
}

/* Nothing of one call reaches into the next: not its token, not its verdict, not its full buffers. */
static void test_calls_do_not_mix(void **state)
{
    (void)state;
    rig_t *rig = rig_json("429 Too Many Requests\r\nRetry-After: 9", "{}");
    static const char second[] =
        "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 101\r\n\r\n"
        "{\"enrichment_id\":\"batch\",\"status\":\"queued\",\"custom\":{\"enr_token\":\"" OTHER_TOKEN "\"}}";
    size_t first_len = 0;
    enr_custom_t row = {ENR_SPAN("row"), ENR_SPAN("1")};
    enr_bulk_item_t items[2] = {{.contact = TEODOR, .custom = &row, .custom_count = 1}, {.contact = TEODOR}};
    enr_options_t options = {.types = ENR_TYPE_EMAIL};
    enr_refusal_t refusal;
    size_t item;
    assert_int_equal(single(rig), ENR_E_RATE_LIMITED);
    assert_true(rig->api.answer.has_retry_after);
    first_len = rig->script.sent.len;
    rig->connection.turns[1] = (enr_script_turn_t){.after_sent = first_len + 1, .bytes = enr_span_from_str(second)};
    rig->api.body.full = true; /* as a first answer that was too large leaves it */
    rig->api.request.full = true;
    assert_int_equal(enr_api_start_bulk(&rig->api, items, 2, &options, rig->script.now_ms, &refusal, &item), ENR_OK);
    assert_false(rig->api.answer.has_retry_after);
    assert_int_equal(rig->api.answer.verdict, ENR_SURELY_NOT_ACCEPTED);
    assert_int_equal(run(rig), ENR_OK);
    assert_span(rig->api.answer.result.id, "batch");
    assert_false(rig->api.answer.verified);
    free(rig);
}

/* limits.h: ENR_REQUEST_MAX is enough for the largest request that the local check lets through. */
static void test_largest_request(void **state)
{
    (void)state;
    static char quotes[ENR_URL_MAX];
    memset(quotes, '"', sizeof quotes);
    static char linkedin[ENR_URL_MAX + 1] = "https://www.linkedin.com/in/";
    static char webhook[ENR_URL_MAX + 1] = "https://h/";
    memset(linkedin + strlen(linkedin), '"', ENR_URL_MAX - strlen(linkedin));
    memset(webhook + strlen(webhook), '"', ENR_URL_MAX - strlen(webhook));
    static char domain[ENR_HOST_MAX + 1];
    for (size_t i = 0; i < ENR_HOST_MAX; i++) {
        domain[i] = i % 50 == 49 ? '.' : 'd';
    }
    enr_span_t name = {(const uint8_t *)quotes, ENR_NAME_MAX};
    enr_contact_t contact = {.firstname = name,
                             .lastname = name,
                             .company_name = name,
                             .domain = enr_span_from_str(domain),
                             .linkedin_url = enr_span_from_str(linkedin)};
    enr_custom_t custom[ENR_CUSTOM_MAX];
    uint8_t keys[ENR_CUSTOM_MAX][ENR_CUSTOM_TEXT_MAX];
    char codes[ENR_COUNTRIES_MAX][3];
    enr_span_t countries[ENR_COUNTRIES_MAX];
    for (size_t i = 0; i < ENR_CUSTOM_MAX; i++) {
        memset(keys[i], '"', sizeof keys[i]);
        keys[i][0] = (uint8_t)('a' + i);
        custom[i] = (enr_custom_t){{keys[i], sizeof keys[i]}, {(const uint8_t *)quotes, ENR_CUSTOM_TEXT_MAX}};
    }
    for (size_t i = 0; i < ENR_COUNTRIES_MAX; i++) {
        (void)snprintf(codes[i], sizeof codes[i], "A%c", (char)('A' + i));
        countries[i] = enr_span_from_str(codes[i]);
    }
    enr_options_t options = {.types = ENR_TYPES_ALL,
                             .allow_multi = true,
                             .webhook_url = enr_span_from_str(webhook),
                             .countries = countries,
                             .country_count = ENR_COUNTRIES_MAX,
                             .custom = custom,
                             .custom_count = ENR_CUSTOM_MAX,
                             .token = ENR_SPAN(TOKEN)};
    rig_t *rig = rig_json("202 Accepted", "{\"enrichment_id\":\"a\"}");
    static char base[ENR_URL_MAX + 1];
    static char key[ENR_API_KEY_MAX + 1];
    (void)snprintf(base, sizeof base, "https://%.*s:8443/", ENR_HOST_MAX, domain);
    memset(base + strlen(base), 'p', ENR_URL_MAX - strlen(base));
    memset(key, 'k', ENR_API_KEY_MAX);
    enr_api_config_t config = {.async_base = enr_span_from_str(base), .api_key = enr_span_from_str(key)};
    uint8_t *exact = malloc(ENR_REQUEST_MAX);
    assert_int_equal(enr_api_init(&rig->api, &config, &rig->exchange, enr_buffer_over(exact, ENR_REQUEST_MAX),
                                  enr_buffer_over(rig->body, sizeof rig->body)),
                     ENR_OK);
    enr_refusal_t refusal = {0};
    enr_status_t status = enr_api_start_single(&rig->api, &contact, &options, 0, &refusal);
    if (status != ENR_OK) {
        fail_msg("%s %s %s", enr_status_name(status), refusal.field, refusal.rule);
    }
    assert_true(rig->api.request.len > ENR_REQUEST_MAX / 10 * 8); /* and it is not wildly more than enough */
    enr_api_close(&rig->api);
    free(exact);
    free(rig);
}

/* A request that does not fit its memory is refused and leaves nothing of itself there; one that fits exactly goes. */
static void test_request_memory(void **state)
{
    (void)state;
    size_t needed = 0;
    for (size_t capacity = 64; needed == 0; capacity++) {
        assert_true(capacity < 1000);
        rig_t *rig = rig_json("202 Accepted", "{\"enrichment_id\":\"a\"}");
        uint8_t *exact = malloc(capacity);
        rig->api.request = enr_buffer_over(exact, capacity);
        enr_status_t status = start_single(rig);
        if (status == ENR_OK) {
            needed = capacity;
            assert_int_equal(run(rig), ENR_OK);
            assert_int_equal(rig->script.sent.len, needed);
        } else {
            assert_int_equal(status, ENR_E_LIMIT);
            for (size_t i = 0; i < capacity; i++) {
                assert_int_equal(exact[i], 0);
            }
        }
        free(exact);
        free(rig);
    }
}

/* Given up half way: the verdict tells whether a byte had left, and the api is idle again. */
static void test_close(void **state)
{
    (void)state;
    rig_t *rig = rig_json("200 OK", "{}");
    enr_wait_t wait;
    assert_int_equal(start_single(rig), ENR_OK);
    assert_int_equal(enr_api_step(&rig->api, 0, &wait), ENR_READY);
    enr_api_close(&rig->api);
    assert_int_equal(rig->api.answer.verdict, ENR_SURELY_NOT_ACCEPTED);
    free(rig);

    rig = rig_json("200 OK", "{}");
    rig->connection.turns[0].after_ms = 5000;
    assert_int_equal(start_single(rig), ENR_OK);
    assert_int_equal(enr_api_step(&rig->api, 0, &wait), ENR_READY);
    assert_int_equal(rig->api.answer.verdict, ENR_SURELY_NOT_ACCEPTED);
    enr_api_commit(&rig->api);
    assert_int_equal(rig->api.answer.verdict, ENR_MAY_HAVE_BEEN_ACCEPTED); /* also for whoever stops looking here */
    assert_int_equal(enr_api_step(&rig->api, 0, &wait), ENR_AGAIN);
    enr_api_close(&rig->api);
    assert_int_equal(rig->api.answer.verdict, ENR_MAY_HAVE_BEEN_ACCEPTED);
    assert_false(rig->script.is_open);
    for (size_t i = 0; i < sizeof rig->request; i++) {
        assert_int_equal(rig->request[i], 0);
    }
    free(rig);
}

/* contract 6. */
static void test_webhook(void **state)
{
    (void)state;
    enr_json_reader_t reader;
    enr_result_t result;
    enr_span_t body =
        ENR_SPAN("{\"enrichment_id\":\"e2c4\",\"status\":\"finished\",\"email\":\"m@b.example\",\"phone\":[],"
                 "\"custom\":{\"enr_token\":\"" TOKEN "\",\"row\":2}}");
    assert_int_equal(enr_webhook_read(body, &reader, &result), ENR_OK);
    assert_span(result.id, "e2c4");
    assert_span(result.token, TOKEN);
    assert_span(result.email, "m@b.example");
    assert_int_equal(enr_webhook_read(ENR_SPAN("<html>"), &reader, &result), ENR_E_NOT_JSON);
    assert_int_equal(enr_webhook_read(ENR_SPAN("{}"), &reader, &result), ENR_E_UNEXPECTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_single_request),
        cmocka_unit_test(test_smallest_request),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_sync),
        cmocka_unit_test(test_bulk),
        cmocka_unit_test(test_credits),
        cmocka_unit_test(test_refusals_of_a_post),
        cmocka_unit_test(test_refusals_of_a_get),
        cmocka_unit_test(test_raw_message),
        cmocka_unit_test(test_masked_key),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_local_refusal),
        cmocka_unit_test(test_request_memory),
        cmocka_unit_test(test_largest_request),
        cmocka_unit_test(test_foreign_answer_is_wiped),
        cmocka_unit_test(test_answer_is_wiped),
        cmocka_unit_test(test_calls_do_not_mix),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_webhook),
    };
    return cmocka_run_group_tests_name("api", tests, NULL, NULL);
}
