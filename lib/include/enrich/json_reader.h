/* Reads a whole JSON text (RFC 8259) strictly, in one pass. The text is not changed. */
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

/* A value or a key in a parsed text, or ENR_JSON_NONE. The root is ENR_JSON_ROOT. It means something to the reader it
   came from only, until that reader parses again; any other number is asserted against. */
typedef int enr_json_node_t;
#define ENR_JSON_NONE (-1)
#define ENR_JSON_ROOT 0

/* Where a value or key lies in the text, quotes included, and to what it belongs: an element and a key to their
   container, a member's value to its key. Private. */
typedef struct {
    uint32_t start;
    uint32_t end;
    enr_json_node_t parent;
} enr_json_token_t;

/* A parsed text, all fields private but error_offset. It keeps a view of the text, which the caller owns and must leave
   in place and unchanged for as long as the reader or a span that it gave is used. */
typedef struct {
    enr_span_t text;
    int count;
    size_t error_offset; /* the byte that enr_json_parse gave up at; meaningful after an error */
    enr_json_token_t tokens[ENR_JSON_TOKENS_MAX]; /* in the order of the text */
} enr_json_reader_t;

/* Checks that the text is one JSON value of RFC 8259, a scalar or a container, and nothing around it but white space.
   Beyond the grammar refused: what is not well-formed UTF-8, a lone surrogate in escapes (RFC 8259 8.2), a byte order
   mark (8.1). A NUL is refused but as an escape. Numbers may be of any size. Does not recurse.
   ENR_OK, ENR_E_NOT_JSON, ENR_E_JSON_LIMIT (arrays and objects nested deeper than ENR_JSON_DEPTH_MAX); *out_offset is
   the number of bytes that were good, with ENR_OK all. */
ENR_NODISCARD enr_status_t enr_json_validate(enr_span_t text, size_t *out_offset);

/* Checks the text as enr_json_validate does and finds its values. After an error the reader holds none, not even a
   root. ENR_OK, ENR_E_NOT_JSON, ENR_E_JSON_LIMIT (nested deeper than ENR_JSON_DEPTH_MAX, more values and keys than
   ENR_JSON_TOKENS_MAX, or more bytes than an int counts). */
ENR_NODISCARD enr_status_t enr_json_parse(enr_json_reader_t *reader, enr_span_t text);

/* What a value is; a key is a string. ENR_JSON_NONE gives ENR_JSON_NULL: absent and null read alike (api-contract 13).
 */
enr_json_type_t enr_json_type(const enr_json_reader_t *reader, enr_json_node_t node);

/* The value of the first member with this key (compared after decoding escapes), or ENR_JSON_NONE when there is none or
   node is ENR_JSON_NONE or not an object. Of duplicate keys the first counts (behaviours 13). */
enr_json_node_t enr_json_member(const enr_json_reader_t *reader, enr_json_node_t node, enr_span_t key);

/* The first element of an array or key of an object, or ENR_JSON_NONE when it is empty, something else or
   ENR_JSON_NONE. */
enr_json_node_t enr_json_first(const enr_json_reader_t *reader, enr_json_node_t container);

/* The element or key after this one, in the order of the text; ENR_JSON_NONE after the last, and for the root and a
   member's value, which have none. Duplicate keys all come. Asserts that node is not ENR_JSON_NONE. */
enr_json_node_t enr_json_next(const enr_json_reader_t *reader, enr_json_node_t node);

/* The value of a key from enr_json_first or enr_json_next. Asserts that it is one. */
enr_json_node_t enr_json_value(const enr_json_reader_t *reader, enr_json_node_t key);

/* A string's or key's text: well-formed UTF-8, in which \u0000 is a NUL. Without escapes it is a view of the parsed
   text; with escapes it is decoded to the end of `scratch`, whose memory must then outlive the span. It is never longer
   than the text between the quotes.
   ENR_OK, ENR_E_UNEXPECTED (not a string, or ENR_JSON_NONE), ENR_E_LIMIT (it needs decoding and scratch is full or too
   small: scratch keeps its length, the memory after it may have changed). *out_text is set with ENR_OK only. */
ENR_NODISCARD enr_status_t enr_json_string(const enr_json_reader_t *reader, enr_json_node_t node, enr_buffer_t *scratch,
                                           enr_span_t *out_text);

/* A number that is an integer by its digits ("12", not "12.0" or "1e2": no float is ever made, behaviours 13). "-0" is
   0. ENR_OK, ENR_E_UNEXPECTED (not a number, not an integer, or ENR_JSON_NONE), ENR_E_LIMIT (an integer outside
   int64_t). *out_number is set with ENR_OK only. */
ENR_NODISCARD enr_status_t enr_json_integer(const enr_json_reader_t *reader, enr_json_node_t node, int64_t *out_number);

/* The value's own text as it was written: a string with its quotes and escapes, a container with all it holds. A view
   of the parsed text. Asserts that node is not ENR_JSON_NONE. */
enr_span_t enr_json_raw(const enr_json_reader_t *reader, enr_json_node_t node);

#endif
