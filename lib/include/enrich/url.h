/* https URLs, taken apart strictly. */
#ifndef ENRICH_URL_H
#define ENRICH_URL_H

#include "enrich/span.h"
#include "enrich/status.h"

/* Where the parts of a URL lie in its text; all spans are views of that text. */
typedef struct {
    enr_span_t host;           /* as written: not lower-cased, an IPv6 literal with its brackets */
    enr_span_t path_and_query; /* from the first '/' (or '?') up to a '#', or empty */
    enr_span_t path;           /* the part of path_and_query before '?' */
    uint16_t port;             /* as written, or 443 */
    bool host_is_ip;           /* an IPv4 or IPv6 literal: never acceptable as a TLS host here */
} enr_url_t;

/* Takes an absolute https URL apart (RFC 3986 3). Refused: another scheme (http too), user information, an empty host,
   a port that is not 1 to 65535 in digits, space, control characters, backslash and NUL anywhere, a host that is
   neither a DNS name (letters, digits, '-',
   '_', '.'; labels of 1 to 63, at most ENR_HOST_MAX) nor an IP literal.
   ENR_OK, ENR_E_URL, ENR_E_LIMIT (longer than ENR_URL_MAX). */
ENR_NODISCARD enr_status_t enr_url_parse(enr_span_t text, enr_url_t *out_url);

/* True for a DNS host name that TLS can verify: letters, digits and '-' in labels of 1 to 63 characters that neither
   begin nor end with
   '-', at most ENR_HOST_MAX in all, no trailing dot, and not an IP literal in any of the forms that resolvers take
   ("127.1", "0x7f.1"). */
bool enr_host_is_name(enr_span_t host);

#endif
