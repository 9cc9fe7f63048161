/* What the service knows about one enrichment: the members of an answer or of a webhook body, its variants made one (api-contract 4, 8, 10). */
#ifndef ENRICH_RESULT_H
#define ENRICH_RESULT_H

#include "enrich/json_reader.h"

/* Where an enrichment is (api-contract 10.5): `finished` and `success` are finished; `pending`, `queued` and `processing` are pending; any other
   word, or none, is unknown: keep asking until the deadline, then report the word. */
typedef enum { ENR_PROGRESS_UNKNOWN, ENR_PROGRESS_PENDING, ENR_PROGRESS_FINISHED } enr_progress_t;

typedef struct {
    enr_span_t number; /* as sent, never dropped (api-contract 13) */
    enr_span_t type;   /* "mobile", or empty */
    bool e164;         /* '+' and 7 to 15 digits, the first not 0 */
} enr_phone_t;

/* One result. Spans are views of the JSON text or of `text`: the struct must not be copied or moved while they are used, and the JSON text
   must stay. "No value" (missing, null, "", "N/A") is an empty span (api-contract 13). */
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
    enr_phone_t phones[ENR_PHONES_MAX];
    size_t phone_count;
    size_t phones_total; /* larger than phone_count: the rest stands in the JSON text only */
    enr_span_t phone_status;
    enr_span_t message;
    enr_span_t token;  /* ENR_TOKEN_KEY in `custom`, or empty */
    enr_span_t custom; /* raw JSON of `custom`, or empty */
    uint8_t text[ENR_RESULT_TEXT_MAX];
} enr_result_t;

/* Takes the known members out of a parsed object; unknown ones are skipped. Members of an unexpected type count as no value, but for the
   identifier. ENR_OK; ENR_E_UNEXPECTED: not an object, or without an identifier of 1 to ENR_ID_MAX unreserved characters (RFC 3986 2.3);
   ENR_E_LIMIT: texts with escapes exceed ENR_RESULT_TEXT_MAX. */
ENR_NODISCARD enr_status_t enr_result_read(const enr_json_reader_t *reader, enr_result_t *out_result);

/* True when the id is 1 to ENR_ID_MAX unreserved characters. */
bool enr_id_valid(enr_span_t id);

#endif
