/* Reads a whole JSON text (RFC 8259) strictly: a validator first, then tokens from jsmn. The text is not changed. */
#ifndef ENRICH_JSON_READER_H
#define ENRICH_JSON_READER_H

#include "enrich/limits.h"
#include "enrich/span.h"
#include "enrich/status.h"

typedef enum {
    ENR_JSON_NULL,
    ENR_JSON_BOOL,
    ENR_JSON_NUMBER,
    ENR_JSON_STRING,
    ENR_JSON_ARRAY,
    ENR_JSON_OBJECT
} enr_json_type_t;

/* A value in a parsed text: an index, or ENR_JSON_NONE. The root is 0. */
typedef int enr_json_node_t;
#define ENR_JSON_NONE (-1)
#define ENR_JSON_ROOT 0

/* A parsed text. It keeps a view of the text, which must stay where it is. */
typedef struct {
    enr_span_t text;
    int count;
    size_t error_offset; /* where the validator gave up; meaningful after ENR_E_NOT_JSON and ENR_E_JSON_LIMIT */
    int tokens[ENR_JSON_TOKENS_MAX * 5]; /* jsmn's, opaque here */
} enr_json_reader_t;

/* Checks that the text is one valid JSON value, with well-formed UTF-8, no lone surrogate escape, and nothing but white
   space after it. ENR_OK, ENR_E_NOT_JSON, ENR_E_JSON_LIMIT (deeper than ENR_JSON_DEPTH_MAX); *out_offset is where it
   stopped. */
ENR_NODISCARD enr_status_t enr_json_validate(enr_span_t text, size_t *out_offset);

/* Validates and tokenises. ENR_OK, ENR_E_NOT_JSON, ENR_E_JSON_LIMIT (deeper than ENR_JSON_DEPTH_MAX or more than
   ENR_JSON_TOKENS_MAX values and keys). */
ENR_NODISCARD enr_status_t enr_json_parse(enr_json_reader_t *reader, enr_span_t text);

enr_json_type_t enr_json_type(const enr_json_reader_t *reader, enr_json_node_t node);

/* The value of the first member with this key (compared after decoding escapes), or ENR_JSON_NONE when there is none or
   node is ENR_JSON_NONE or not an object. Of duplicate keys the first counts (behaviours 13). */
enr_json_node_t enr_json_member(const enr_json_reader_t *reader, enr_json_node_t node, enr_span_t key);

/* Iteration over an array's elements, or an object's keys (enr_json_value gives the value of a key). ENR_JSON_NONE at
 * the end. */
enr_json_node_t enr_json_first(const enr_json_reader_t *reader, enr_json_node_t container);
enr_json_node_t enr_json_next(const enr_json_reader_t *reader, enr_json_node_t node);
enr_json_node_t enr_json_value(const enr_json_reader_t *reader, enr_json_node_t key);

/* A string's text. Without escapes it is a view of the parsed text; with escapes it is decoded to the end of `scratch`,
   whose memory must then outlive the span. ENR_OK, ENR_E_UNEXPECTED (not a string, or ENR_JSON_NONE), ENR_E_LIMIT
   (scratch is full; nothing was added). */
ENR_NODISCARD enr_status_t enr_json_string(const enr_json_reader_t *reader, enr_json_node_t node, enr_buffer_t *scratch,
                                           enr_span_t *out_text);

/* A number that is an integer by its digits ("12", not "12.0" or "1e2": no float is ever made).
   ENR_OK, ENR_E_UNEXPECTED (not a number, or not an integer), ENR_E_LIMIT (does not fit). */
ENR_NODISCARD enr_status_t enr_json_integer(const enr_json_reader_t *reader, enr_json_node_t node, int64_t *out_number);

/* The value's own text, a string with its quotes. */
enr_span_t enr_json_raw(const enr_json_reader_t *reader, enr_json_node_t node);

#endif
