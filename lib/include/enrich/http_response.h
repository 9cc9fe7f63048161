/* An incremental, strict parser of one HTTP/1.1 response to one request (RFC 9112). It stores no headers but the few
 * that matter. */
#ifndef ENRICH_HTTP_RESPONSE_H
#define ENRICH_HTTP_RESPONSE_H

#include "enrich/limits.h"
#include "enrich/span.h"
#include "enrich/status.h"

/* The state of one response. Fields are private: use the functions. */
typedef struct {
    uint32_t left;   /* bytes of the body, or of the chunk, still to come */
    uint32_t budget; /* bytes of head, or of chunked framing, still allowed */
    uint16_t code;
    uint16_t flags;
    uint8_t state;
    int8_t failure;
    uint8_t field;    /* the field that is being read */
    uint8_t count;    /* characters of what is being read */
    uint8_t spaces;   /* white space in a value, not yet known to be inside */
    uint8_t fields;   /* field lines so far */
    uint8_t interims; /* 1xx responses so far */
    uint8_t retry_after_len;
    uint8_t retry_after[33]; /* the longest valid value, RFC 9110 5.6.7: "Wednesday, 09-Nov-94 08:49:37 GMT" */
} enr_http_response_t;

/* Begins one response. head_request: the request was HEAD, so there is no body (RFC 9110 9.3.2). */
void enr_http_response_start(enr_http_response_t *response, bool head_request);

/* Takes the next bytes as they come, cut anywhere: the verdict does not depend on the cuts (behaviours 5). Says how
   many bytes of `in` it has used, and which of them are body (a view of `in`, chunked framing removed, often empty).
   1xx responses are skipped (RFC 9110 15.2); 101 is an error. After an error every further call gives the same error.
   - ENR_AGAIN: not complete: give the rest of `in` if not all was used, then more
   - ENR_OK: complete; bytes of `in` that were not used belong to nothing: the connection must be closed (behaviours 8)
   - ENR_E_HTTP: malformed (RFC 9112, behaviours 1 to 7)
   - ENR_E_HTTP_LIMIT: one of the ENR_HTTP_... limits is exceeded, or a body with a length, or a chunk, has 2^32 bytes
     or more; the size of a chunk may have 8 digits, that of the last one any number of zeros (behaviours 2, 4)
   - ENR_E_CONTENT_CODING: a body with a Content-Encoding other than identity (behaviours 10) */
ENR_NODISCARD enr_status_t enr_http_response_feed(enr_http_response_t *response, enr_span_t in, size_t *out_used,
                                                  enr_span_t *out_body);

/* The stream has ended in an orderly way. Further calls say the same.
   - ENR_OK: the response is complete: its body was delimited by the close, or it was complete before
   - ENR_E_CLOSED: not one byte of a response has come
   - ENR_E_TRUNCATED: it ended inside the response
   - the error met before */
ENR_NODISCARD enr_status_t enr_http_response_end(enr_http_response_t *response);

/* The status code, 200 to 599, once the head is complete; 0 before, and after an error. */
unsigned enr_http_response_code(const enr_http_response_t *response);

/* True when the response is complete and the connection may carry another request (RFC 9112 9.3). */
bool enr_http_response_reusable(const enr_http_response_t *response);

/* True when Content-Type says JSON: application/json or a +json suffix, parameters ignored (RFC 9110 8.3, RFC
   6839 3.1). Of several that differ none is believed. */
bool enr_http_response_is_json(const enr_http_response_t *response);

/* The value of the first Retry-After without white space around it; empty when there was none, or it was longer than
   any valid one or held a TAB. Valid as long as the response (RFC 9110 10.2.3). */
enr_span_t enr_http_response_retry_after(const enr_http_response_t *response);

#endif
