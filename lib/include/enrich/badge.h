/* What a badge says: bytes of one scanned payload to the fields of a contact. A pure function over hostile bytes. */
#ifndef ENRICH_BADGE_H
#define ENRICH_BADGE_H

#include "enrich/contact.h"

typedef enum {
    ENR_BADGE_VCARD,
    ENR_BADGE_MECARD,
    ENR_BADGE_LINKEDIN, /* a LinkedIn profile URL alone */
    ENR_BADGE_URL,      /* some other URL: says nothing about the person's company */
    ENR_BADGE_EMAIL,    /* an e-mail address alone */
    ENR_BADGE_ID,       /* opaque, kept as it is */
    ENR_BADGE_TEXT      /* readable text with spaces that is none of these: no guess */
} enr_badge_kind_t;

/* The word of a kind ("vcard"), a static string. */
const char *enr_badge_kind_name(enr_badge_kind_t kind);

/* The fields of a badge. Spans are views of the payload or of `text`: the struct must not be copied or moved while they are used, and the
   payload must stay. Every field is well-formed UTF-8. */
typedef struct {
    enr_badge_kind_t kind;
    enr_contact_t contact;
    enr_span_t email; /* captured data, not sent */
    enr_span_t phone;
    enr_span_t title;
    enr_span_t attendee_id;
    unsigned enrichable;    /* the types (enr_type_t) that the local check would let through */
    const char *reason;     /* when enrichable is 0: why, a static string such as "no_lastname"; else NULL */
    uint8_t text[ENR_BADGE_TEXT_MAX];
} enr_badge_t;

/* Reads one payload. ENR_OK: *out_badge is filled, possibly with little. ENR_E_LIMIT: payload longer than ENR_BADGE_MAX, or its decoded
   fields exceed ENR_BADGE_TEXT_MAX. ENR_E_SYNTAX: empty, or nothing but white space and control characters. Linear in the payload's size. */
ENR_NODISCARD enr_status_t enr_badge_read(enr_span_t payload, enr_badge_t *out_badge);

/* Writes the canonical form of a LinkedIn profile URL, "https://www.linkedin.com/in/SLUG": any scheme or none, any host at or below
   linkedin.com, query, fragment and what follows the slug dropped, the slug's case and %XX kept (domain 1.6). ENR_OK, ENR_E_URL (not a
   profile: /company/, /sales/, lnkd.in, another host), ENR_E_LIMIT (does not fit; the buffer is `full`). */
ENR_NODISCARD enr_status_t enr_linkedin_canonical(enr_span_t text, enr_buffer_t *out);

#endif
