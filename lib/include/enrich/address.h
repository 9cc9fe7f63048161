/* What addresses say about a person: e-mail, the company's domain, a LinkedIn profile (domain 1.5, 1.6). */
#ifndef ENRICH_ADDRESS_H
#define ENRICH_ADDRESS_H

#include "enrich/span.h"
#include "enrich/status.h"

/* The first e-mail address in a text, a view of it, or nothing (len 0). What stands before '@' is well-formed UTF-8 of
   letters, digits and ._%+'&!#$~-, without a dot at its ends; what stands after it is a domain (enr_domain_valid). */
enr_span_t enr_email_find(enr_span_t text);

/* The company's domain in an e-mail address that enr_email_find gave: what follows '@', in the case of letters that it
   has, a view. Nothing when the address is empty, or its host gives mailboxes to everybody (domain 1.6.4): one of some
   60 that are built in, or one of `others`, host names with single spaces between. Whole labels are compared, so that
   mail.gmail.com is one of them and notgmail.com is none. */
enr_span_t enr_domain_of_email(enr_span_t email, enr_span_t others);

/* The company's domain in a URL, with or without a scheme: its host without user information, port and "www.", a view.
   Nothing when that is no domain, or a host that many share: for mailboxes as above, a social network, a shortener, a
   card or page for everybody, an event's app, or one of `others` (domain 1.5). */
enr_span_t enr_domain_of_url(enr_span_t url, enr_span_t others);

/* The host of a URL, with or without a scheme, without user information and port: a view, possibly empty. */
enr_span_t enr_host_of_url(enr_span_t url);

/* True for what looks like a URL at first sight: it begins with a scheme and "://", or with "//" or "www." */
bool enr_url_begins(enr_span_t text);

/* Appends the canonical form of a LinkedIn profile URL, "https://www.linkedin.com/in/SLUG": any scheme or none, any
   host at or below linkedin.com, any port; query, fragment and what follows the slug dropped; the slug's case and %XX
   kept (domain 1.6). The old form /pub/NAME/A/B/C becomes NAME-CBA, B and C filled with zeros to three digits. A slug
   holds unreserved characters (RFC 3986 2.3), %XX and well-formed UTF-8. ENR_OK; ENR_E_URL (not a profile: /company/,
   /sales/, lnkd.in, another host, user information), nothing was appended; ENR_E_LIMIT (does not fit; the buffer is
   `full`). */
ENR_NODISCARD enr_status_t enr_linkedin_canonical(enr_span_t text, enr_buffer_t *out);

#endif
