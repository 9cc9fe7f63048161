/* Renders one HTTP/1.1 request into one piece of memory, so that it leaves in one TLS record. */
#ifndef ENRICH_HTTP_REQUEST_H
#define ENRICH_HTTP_REQUEST_H

#include "enrich/span.h"
#include "enrich/status.h"

/* This library, as User-Agent names it. */
#define ENR_VERSION "0.1.0"

/* What stands in a request. All spans are only read during the call. */
typedef struct {
    enr_span_t method;  /* "GET" or "POST" */
    enr_span_t host;    /* DNS name, as in the base URL */
    uint16_t port;      /* written into Host unless 443 */
    enr_span_t path[3]; /* written one after the other: base path, the call's path, an id; already in their URL form,
                           the first that is not empty begins with '/' */
    enr_span_t api_key; /* X-API-KEY (api-contract 2) */
    bool has_body;      /* a JSON body follows: Content-Type and Content-Length are written */
} enr_http_request_t;

/* Writes the head in front of a body that stands in the buffer already: the body is buffer's present content (none
   unless has_body), it is moved up and the head takes its place in front, so that the buffer holds the whole message.
   Every part is checked: a control character, space or byte above 0x7E in host, path or key is refused, so that nothing
   can put a second line on the wire (behaviours 11, RFC 9112 2.2, RFC 9110 5.5).
   - ENR_OK
   - ENR_E_SETTING: the host is no DNS name (enr_host_is_name), the port is 0, the key is empty or holds such a byte
   - ENR_E_URL: the path does not begin with '/', or holds such a byte or a '#' (RFC 9112 3.2.1)
   - ENR_E_LIMIT: head and body do not fit the buffer, or it is full; its content is unspecified */
ENR_NODISCARD enr_status_t enr_http_request_render(const enr_http_request_t *request, enr_buffer_t *buffer);

#endif
