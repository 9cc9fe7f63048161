/* What the service knows about one enrichment: the members of an answer or of a webhook body, its variants made one
   (api-contract 4, 6, 8, 10). */
#ifndef ENRICH_RESULT_H
#define ENRICH_RESULT_H

#include "enrich/json_reader.h"

/* Where an enrichment is, letters' case ignored (api-contract 10.5): `finished` and `success` are finished; `pending`,
   `queued` and `processing` are pending; any other word, or none, is unknown: keep asking until the deadline, then
   report the word. */
typedef enum { ENR_PROGRESS_UNKNOWN, ENR_PROGRESS_PENDING, ENR_PROGRESS_FINISHED } enr_progress_t;

typedef struct {
    enr_span_t number; /* as sent, never dropped (api-contract 13) */
    enr_span_t type;   /* "mobile", or empty */
    bool e164;         /* '+' and 7 to 15 digits, the first not 0 */
} enr_phone_t;

/* One result. Spans are views of the JSON text or of `text`: the struct must not be copied or moved while they are
   used, and the JSON text must stay. "No value" (missing, null, "", "N/A") is an empty span (api-contract 13). Decide
   "found" by the address or the number, never by a status word (api-contract 10.6). */
typedef struct {
    enr_span_t id; /* `enrichment_id`, else `id`, else `contact.id` (api-contract 10.8) */
    enr_progress_t progress;
    enr_span_t status_word; /* as sent */
    enr_span_t firstname;
    enr_span_t lastname;
    enr_span_t linkedin_url;
    enr_span_t email;
    enr_span_t email_status;
    enr_span_t personal_email;
    enr_span_t personal_email_status;
    enr_phone_t phones[ENR_PHONES_MAX]; /* of `phone`, then of `phones`; a number that both name stands once */
    size_t phone_count;
    size_t phones_total; /* larger than phone_count: the rest stands in the JSON text only */
    enr_span_t phone_status;
    enr_span_t message;
    enr_span_t token;  /* ENR_TOKEN_KEY in `custom`, or empty; a value that is not a string as raw JSON: no token */
    enr_span_t custom; /* raw JSON of `custom`, or empty */
    uint8_t text[ENR_RESULT_TEXT_MAX];
} enr_result_t;

/* Takes the known members out of a parsed object; unknown ones are skipped. Members of an unexpected type count as no
   value, with two exceptions. The identifier: of its three places the first that has a value counts, and that must be
   good. Phones, which are paid for: the value is an array or one element by itself; an element is a string, an object
   with `number` and perhaps `type`, or something else, which is handed over as raw JSON and not flagged as E.164; null,
   booleans and empty containers are no value (api-contract 10.3, 13).
   ENR_OK; ENR_E_UNEXPECTED: not an object, or without an identifier of 1 to ENR_ID_MAX unreserved characters
   (RFC 3986 2.3); ENR_E_LIMIT: texts with escapes exceed ENR_RESULT_TEXT_MAX. *out_result is meaningful after ENR_OK
   only. */
ENR_NODISCARD enr_status_t enr_result_read(const enr_json_reader_t *reader, enr_result_t *out_result);

/* True when the id is 1 to ENR_ID_MAX unreserved characters: letters, digits, '-', '.', '_', '~' (RFC 3986 2.3). "."
   and
   ".." are none: they would change the path of a request. */
bool enr_id_valid(enr_span_t id);

#endif
