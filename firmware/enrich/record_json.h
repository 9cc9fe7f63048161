/* A lead of the journal as JSON: what a sink is given, and what `leads` shows. README.md has the members. */
#ifndef CLI_RECORD_JSON_H
#define CLI_RECORD_JSON_H

#include "enrich/agent.h"
#include "enrich/json_writer.h"

/* Bytes of the longest line with one lead and all of its results. */
#define RECORD_JSON_MAX 262144

/* A lead, and what its requests hold: ids and results (enr_agent_read). */
typedef struct {
    enr_record_t record;
    enr_span_t data[ENR_TYPE_COUNT];
    uint8_t memory[ENR_TYPE_COUNT][ENR_JOURNAL_CONTENT_MAX];
} full_record_t;

/* Reads what the requests of full->record hold. ENR_OK, otherwise as enr_agent_read. */
ENR_NODISCARD enr_status_t record_read_data(enr_agent_t *agent, full_record_t *full);

/* The result of a finished request. True: *out_result is one, until the next call. */
bool record_result(const full_record_t *full, unsigned number, const enr_result_t **out_result);

/* The time of a stamp, "2026-11-26T09:30:00Z"; false: not known. */
#define RECORD_TIME_MAX 24
bool record_time(const enr_stamp_t *stamp, char out_text[RECORD_TIME_MAX]);

/* How well that is known: "set", "stored" (the last good time of an earlier run), "unknown". */
const char *record_clock(const enr_stamp_t *stamp);

/* A purpose of consent by its place, "contact" to "marketing", with the bit of it; NULL beyond. And the word of how it
   was given ("barcode"), or NULL. */
const char *record_purpose(size_t place, unsigned *out_bit);
const char *record_method(enr_consent_method_t method);

/* The lead, as one object. */
void record_json_lead(enr_json_writer_t *json, const enr_lead_t *lead);

/* One of its requests, as one object. */
void record_json_request(enr_json_writer_t *json, const full_record_t *full, unsigned number);

/* What is known of a finished request: "result" and "answer", two members. */
void record_json_result(enr_json_writer_t *json, const full_record_t *full, unsigned number);

#endif
