/* What the service said, as JSON: each string without the API key and without bytes that are not UTF-8. */
#ifndef CLI_ANSWER_JSON_H
#define CLI_ANSWER_JSON_H

#include "enrich/json_writer.h"
#include "enrich/result.h"

/* The longest text that the functions take. */
#define ANSWER_MAX 65536

/* A string; a key and its string, null when that is empty. */
void answer_json_text(enr_json_writer_t *json, enr_span_t text);
void answer_json_member(enr_json_writer_t *json, const char *key, enr_span_t text);

/* The members of a result ("status" to "message" in README.md), inside an object. */
void answer_json_result(enr_json_writer_t *json, const enr_result_t *result);

/* A JSON text as it was sent, as one value; null for what is not JSON. */
void answer_json_whole(enr_json_writer_t *json, enr_span_t body);

#endif
