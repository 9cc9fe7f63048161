/* The service's calls: a typed request out, a typed answer back (api-contract 1). One call at a time over one exchange.
 */
#ifndef ENRICH_API_H
#define ENRICH_API_H

#include "enrich/contact.h"
#include "enrich/exchange.h"
#include "enrich/port.h"
#include "enrich/result.h"
#include "enrich/url.h"

/* The service's documented addresses (api-contract 1). Two settings, since the host alone picks asynchronous or
 * synchronous. */
#define ENR_ASYNC_BASE_DEFAULT "https://app.prontohq.com/api/v2"
#define ENR_SYNC_BASE_DEFAULT "https://api.prontohq.com/v2"

/* Settings. The text must outlive the api and, since an open connection keeps a view of its host, the exchange until
 * enr_api_close. */
typedef struct {
    enr_span_t async_base; /* https URL without query; a trailing '/' is ignored */
    enr_span_t sync_base;
    enr_span_t api_key;
    const enr_clock_t *clock; /* for a Retry-After that is a date; NULL: such a date counts as absent */
} enr_api_config_t;

/* One contact of a batch, with its own `custom` (api-contract 7). */
typedef struct {
    enr_contact_t contact;
    const enr_custom_t *custom;
    size_t custom_count;
    enr_span_t token;
} enr_bulk_item_t;

/* What came back. Spans are views of the body buffer or of `result`. */
typedef struct {
    unsigned code;         /* HTTP status code, 0 when there was no answer */
    enr_verdict_t verdict; /* for a POST that did not end with ENR_OK: whether the service may have accepted it */
    bool verified;         /* the answer carried the request's token */
    bool has_retry_after;
    uint32_t retry_after_s; /* as the service says it, not capped */
    enr_span_t message;  /* after an error: what the service said, as extracted by api-contract 11, without the key; for
                            the operator, never for a log */
    enr_span_t body;     /* the whole body as it came; credits hands it through */
    enr_result_t result; /* after ENR_OK of single, sync, bulk (id of the batch job) and get */
} enr_answer_t;

/* The calls and what is under way. Fields are private but for `answer`: its verdict holds at any time after a start,
   the rest after a step gave ENR_OK or an error, until the next start. Must not be moved while it is in use. */
typedef struct {
    uint8_t call;
    enr_exchange_t *exchange;
    enr_buffer_t request;
    enr_buffer_t body;
    size_t id_len;
    size_t token_len;
    enr_api_config_t config;
    enr_url_t async_url;
    enr_url_t sync_url;
    uint8_t id[ENR_ID_MAX];       /* of the get under way */
    uint8_t token[ENR_TOKEN_LEN]; /* of the request under way */
    enr_answer_t answer;
    enr_json_reader_t reader;
} enr_api_t;

/* Makes an idle api and checks the settings, as every start of a program must (behaviours 11). The exchange and both
   pieces of memory belong to the caller and must outlive it: `request` holds a whole request (ENR_REQUEST_MAX is enough
   for any single one; 2 KB for a contact within its limits that needs no JSON escapes and has neither webhook nor
   custom; a batch of n usual ones about 400 bytes each), `body` a whole answer body. ENR_OK; ENR_E_SETTING (API key
   empty, longer than ENR_API_KEY_MAX, or with a character outside 0x21 to 0x7E); ENR_E_URL (a base that is not https,
   has a query or a character outside ASCII, or whose host is not a DNS name); ENR_E_LIMIT (a base longer than
   ENR_URL_MAX). */
ENR_NODISCARD enr_status_t enr_api_init(enr_api_t *api, const enr_api_config_t *config, enr_exchange_t *exchange,
                                        enr_buffer_t request, enr_buffer_t body);

/* Each start checks and renders a request and begins its exchange; nothing is sent before a step. Arguments are only
   read during the call. Asserts that no call is under way. ENR_OK: under way. ENR_E_CONTACT: the local check refused,
   *out_refusal says what. ENR_E_LIMIT: the request does not fit its memory. */

/* POST contacts/single_enrich on the asynchronous base (api-contract 3). */
ENR_NODISCARD enr_status_t enr_api_start_single(enr_api_t *api, const enr_contact_t *contact,
                                                const enr_options_t *options, uint32_t now_ms,
                                                enr_refusal_t *out_refusal);

/* POST contacts/single_enrich on the synchronous base: the answer holds the result (api-contract 8). */
ENR_NODISCARD enr_status_t enr_api_start_sync(enr_api_t *api, const enr_contact_t *contact,
                                              const enr_options_t *options, uint32_t now_ms,
                                              enr_refusal_t *out_refusal);

/* POST contacts/bulk_enrich: ENR_BULK_MIN to ENR_BULK_MAX contacts; options' custom and token are not used, each item
   has its own (api-contract 7). *out_item is the number of the item that was refused; the count itself is refused as
   field "contacts". */
ENR_NODISCARD enr_status_t enr_api_start_bulk(enr_api_t *api, const enr_bulk_item_t *items, size_t count,
                                              const enr_options_t *options, uint32_t now_ms, enr_refusal_t *out_refusal,
                                              size_t *out_item);

/* GET contacts/{id} (api-contract 4). token: the one that the request was made with, or empty where nobody knows it any
   more. ENR_E_SYNTAX: the id is not 1 to ENR_ID_MAX unreserved characters, or the token is longer than ENR_TOKEN_LEN.
 */
ENR_NODISCARD enr_status_t enr_api_start_get(enr_api_t *api, enr_span_t id, enr_span_t token, uint32_t now_ms);

/* GET credits: the balance, handed through as it came (api-contract 12). */
ENR_NODISCARD enr_status_t enr_api_start_credits(enr_api_t *api, uint32_t now_ms);

/* Goes on with the call. ENR_AGAIN and ENR_READY as enr_exchange_step; the gate exists for POSTs only.
   ENR_OK: `answer` holds what the call asked for.
   From the exchange, with no usable answer: its errors. From the answer:
   ENR_E_NOT_JSON (2xx that is not JSON, by its type or its text), ENR_E_JSON_LIMIT, ENR_E_UNEXPECTED (2xx without an
   id), ENR_E_IDENTITY (another id or token than asked for; the connection is closed, and nothing of the answer is
   handed out), ENR_E_LIMIT (ENR_RESULT_TEXT_MAX), ENR_E_WRONG_SERVICE (3xx, 405; 404 on a POST or on credits),
   ENR_E_UNAUTHORIZED (401, 403), ENR_E_CREDITS, ENR_E_CONSENT, ENR_E_PLAN, ENR_E_VALIDATION (422 by its message, 400,
   402, other 4xx), ENR_E_RATE_LIMITED (429), ENR_E_NOT_FOUND (404 on a get), ENR_E_PORTAL (511, RFC 6585 6),
   ENR_E_SERVER (408, other 5xx). */
ENR_NODISCARD enr_status_t enr_api_step(enr_api_t *api, uint32_t now_ms, enr_wait_t *out_wait);

/* Lets the request under way leave, see enr_exchange_commit. From here on answer.verdict is ENR_MAY_HAVE_BEEN_ACCEPTED
   until a step or enr_api_close knows better. */
void enr_api_commit(enr_api_t *api);

/* Gives up the call under way, if any, closes the connection and wipes the last answer but for its verdict, which then
   says whether the request may have been accepted. */
void enr_api_close(enr_api_t *api);

/* Appends what the last answer's result is worth, for a place that its whole body does not fit: a JSON object with the
   id, every address and number as they came, their status words, and "reduced": true. Only after ENR_OK of a single,
   sync or get, before the next start or close. ENR_OK; ENR_E_LIMIT: does not fit, nothing was appended. */
ENR_NODISCARD enr_status_t enr_api_reduce(const enr_api_t *api, enr_buffer_t *out);

/* Reads the body of a webhook call. It proves nothing about its sender: match result.token or result.id with a request
   that was made and confirm by a get (api-contract 6, behaviours 40). The reader and the body must outlive the result.
   ENR_OK, ENR_E_NOT_JSON, ENR_E_JSON_LIMIT, ENR_E_UNEXPECTED (no id), ENR_E_LIMIT. */
ENR_NODISCARD enr_status_t enr_webhook_read(enr_span_t body, enr_json_reader_t *reader, enr_result_t *out_result);

#endif
