/* What a badge says: bytes of one scanned payload to the fields of a contact. A pure function over hostile bytes. */
#ifndef ENRICH_BADGE_H
#define ENRICH_BADGE_H

#include "enrich/contact.h"

/* What a payload is (domain 1.1), found out in this order. Framing, AIM prefixes and templates are not known here. */
typedef enum {
    ENR_BADGE_VCARD,    /* begins with BEGIN:VCARD: 2.1, 3.0 or 4.0 */
    ENR_BADGE_MECARD,   /* begins with MECARD: */
    ENR_BADGE_LINKEDIN, /* a LinkedIn profile URL alone */
    ENR_BADGE_URL,      /* some other URL: says nothing about the person's company */
    ENR_BADGE_EMAIL,    /* an e-mail address alone, with or without mailto: */
    ENR_BADGE_ID,       /* one word without '|', '^', ';' and '@': opaque, kept as it is */
    ENR_BADGE_TEXT      /* anything else: an e-mail address and a LinkedIn URL in it are taken, nothing is guessed */
} enr_badge_kind_t;

/* The word of a kind ("vcard"), a static string. */
const char *enr_badge_kind_name(enr_badge_kind_t kind);

/* The fields of a badge, empty when not known. Spans are views of the payload, or of `text` where decoding changed
   bytes: the struct must not be copied or moved while they are used, and the payload must stay. Every field is
   well-formed UTF-8 without control characters (a line break inside one became a space) and without white space at
   its ends. What a field has to be: domain 1.5 and 1.6. */
typedef struct {
    enr_badge_kind_t kind;
    enr_contact_t contact; /* domain in lower case; linkedin_url canonical */
    enr_span_t email;      /* captured data, not sent; so are the next two */
    enr_span_t phone;
    enr_span_t title;
    enr_span_t attendee_id; /* an opaque payload, or a card's UID: verbatim, with its zeros and its case */
    unsigned enrichable;    /* the types (enr_type_t) that enr_contact_check would let through, asynchronously */
    const char *reason;     /* when enrichable is 0, one of ENR_REASON_...; else NULL */
    uint8_t text[ENR_BADGE_TEXT_MAX];
} enr_badge_t;

/* Why no type is enrichable, the first that holds. opaque_id: only a roster knows whom it names. url_only: kind url.
   no_name: neither first nor last name; a LinkedIn URL alone, too (api-contract 13). no_firstname, no_lastname: a name
   of one part is not made into two. no_company: a name, but no company, no domain and no LinkedIn profile. refused: all
   there, but enr_contact_check refuses a field (too long, say). */
#define ENR_REASON_OPAQUE_ID "opaque_id"
#define ENR_REASON_URL_ONLY "url_only"
#define ENR_REASON_NO_NAME "no_name"
#define ENR_REASON_NO_FIRSTNAME "no_firstname"
#define ENR_REASON_NO_LASTNAME "no_lastname"
#define ENR_REASON_NO_COMPANY "no_company"
#define ENR_REASON_REFUSED "refused"

/* Reads one payload. Linear in its size; reads no byte outside it.
   - vCard (RFC 2426, RFC 6350, vCard 2.1; domain 1.2): lines end in LF, CRLF or CR and are unfolded as bytes before
     anything else; groups, quoted parameters, quoted-printable with soft breaks, escapes by version. Cards inside the
     card, and a second one, are ignored; END may be missing; lines without a colon are skipped.
   - MECARD (domain 1.3): case ignored, "last,first" or one name to be split, with or without the closing ";;".
   - Text that is not UTF-8 is read as Windows-1252 (domain 1.6.8). A field that cannot be decoded, or that declares
     another charset and needs it, is dropped alone.
   - N wins over FN; a name in one part is split on a comma or before its last word, particles kept with the last name,
     honorifics and suffixes dropped; a single word, or a name in Chinese, Japanese or Korean script, stays one part.
   - email: a business address, then work, then preferred, then first. domain: that of a business address, else the host
     of a URL that is not a social network, a shortener or a free-mail host (domain 1.5, 1.6.4).
   ENR_OK: *out_badge is filled, possibly with little. ENR_E_LIMIT: payload longer than ENR_BADGE_MAX, or its decoded
   fields exceed ENR_BADGE_TEXT_MAX. ENR_E_SYNTAX: empty, or nothing but white space and control characters. After an
   error *out_badge holds no field. */
ENR_NODISCARD enr_status_t enr_badge_read(enr_span_t payload, enr_badge_t *out_badge);

/* Appends the canonical form of a LinkedIn profile URL, "https://www.linkedin.com/in/SLUG": any scheme or none, any
   host at or below linkedin.com, any port; query, fragment and what follows the slug dropped; the slug's case and %XX
   kept (domain 1.6). The old form /pub/NAME/A/B/C becomes NAME-CBA, B and C filled with zeros to three digits. A slug
   holds unreserved characters (RFC 3986 2.3), %XX and well-formed UTF-8. ENR_OK; ENR_E_URL (not a profile: /company/,
   /sales/, lnkd.in, another host, user information), nothing was appended; ENR_E_LIMIT (does not fit; the buffer is
   `full`). */
ENR_NODISCARD enr_status_t enr_linkedin_canonical(enr_span_t text, enr_buffer_t *out);

#endif
