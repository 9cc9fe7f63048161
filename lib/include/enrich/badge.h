/* What a badge says: bytes of one scanned payload to the fields of a contact. A pure function over hostile bytes. */
#ifndef ENRICH_BADGE_H
#define ENRICH_BADGE_H

#include "enrich/address.h"
#include "enrich/charset.h"
#include "enrich/contact.h"

/* What a payload is (domain 1.1). Framing and AIM identifiers are frame's affair. */
typedef enum {
    ENR_BADGE_VCARD,     /* begins with BEGIN:VCARD: 2.1, 3.0 or 4.0 */
    ENR_BADGE_MECARD,    /* begins with MECARD: */
    ENR_BADGE_BIZCARD,   /* begins with BIZCARD: */
    ENR_BADGE_AU,        /* begins with MEMORY: or NAME1:, the address book of KDDI's telephones */
    ENR_BADGE_NDEF,      /* a message of a tag, whatever its records hold */
    ENR_BADGE_LINKEDIN,  /* a LinkedIn profile URL alone */
    ENR_BADGE_DELIMITED, /* columns: by the profile's delimiter, or what looks like columns and no profile explains */
    ENR_BADGE_URL,       /* some other URL: its host says nothing about the person's company */
    ENR_BADGE_EMAIL,     /* an e-mail address alone, with or without mailto: */
    ENR_BADGE_ID,        /* one word: opaque, kept as it is */
    ENR_BADGE_TEXT       /* anything else: an e-mail address and a LinkedIn URL in it are taken, nothing is guessed */
} enr_badge_kind_t;

/* The word of a kind ("vcard"), a static string. */
const char *enr_badge_kind_name(enr_badge_kind_t kind);

/* The fields of a badge, and what else a column of a delimited payload may be. */
typedef enum {
    ENR_FIELD_FIRSTNAME,
    ENR_FIELD_LASTNAME,
    ENR_FIELD_COMPANY,
    ENR_FIELD_DOMAIN,
    ENR_FIELD_EMAIL,
    ENR_FIELD_PHONE,
    ENR_FIELD_TITLE,
    ENR_FIELD_LINKEDIN_URL,
    ENR_FIELD_ATTENDEE_ID,
    ENR_FIELD_COUNT,
    ENR_FIELD_FULLNAME = ENR_FIELD_COUNT, /* a column: the whole name, to be split */
    ENR_FIELD_URL,                        /* a column: a LinkedIn profile, or the company's page */
    ENR_FIELD_SKIP                        /* a column that says nothing here */
} enr_field_t;

/* Where a field comes from, and with it how far it can be trusted (domain, must-have lists c). */
typedef enum {
    ENR_SOURCE_NONE,      /* the field is empty */
    ENR_SOURCE_PROPERTY,  /* high: what the card calls so */
    ENR_SOURCE_COLUMN,    /* high: a column of the profile */
    ENR_SOURCE_PAYLOAD,   /* high: the payload is this and nothing else */
    ENR_SOURCE_EMAIL,     /* high: the domain, of a business address */
    ENR_SOURCE_URL,       /* medium: the domain, of the host of a URL */
    ENR_SOURCE_FULL_NAME, /* medium: a part of a name that was written as a whole */
    ENR_SOURCE_TEXT,      /* medium: found in free text */
    ENR_SOURCE_UNSPLIT    /* low: a name of one word, or in a script whose order tells nothing; nothing was invented */
} enr_source_t;

typedef enum { ENR_CONFIDENCE_NONE, ENR_CONFIDENCE_LOW, ENR_CONFIDENCE_MEDIUM, ENR_CONFIDENCE_HIGH } enr_confidence_t;

/* The confidence that a source gives, as listed above. */
enr_confidence_t enr_source_confidence(enr_source_t source);

/* The words of a field ("linkedin_url"), a source ("full_name") and a confidence ("medium"), static strings. */
const char *enr_field_name(enr_field_t field);
const char *enr_source_name(enr_source_t source);
const char *enr_confidence_name(enr_confidence_t confidence);

/* How an event writes its badges. All zero is a valid profile, of an event that told nothing. Spans and arrays belong
   to the caller and must outlive the call. Prefixes are compared with A-Z and a-z taken as one: a QR code in its
   alphanumeric mode has capitals only. */
typedef struct {
    enr_span_t strip_prefix;             /* removed from every payload that begins with it */
    enr_span_t delimiter;                /* between columns; empty: there are none */
    const enr_span_t *delimiter_aliases; /* what a keyboard of another layout makes of it (domain 1.4): the first of
                                            delimiter and aliases that a payload holds is its delimiter */
    size_t delimiter_alias_count;
    const enr_field_t *fields; /* of the columns, in their order; further columns are skipped, missing ones are empty */
    size_t field_count;
    uint8_t quote;              /* around a column that may hold the delimiter, doubled inside; 0: there is none */
    enr_charset_t charset;      /* of what is not UTF-8; WESTERN: Shift_JIS is looked for as well */
    enr_span_t id_strip_prefix; /* removed from an attendee id that begins with it and is longer */
    enr_span_t id_url_prefix;   /* a URL that begins so goes on with the attendee's id, up to '/', '?', '#' or '&'; its
                                   host is the organiser's, never a company's domain */
    enr_span_t other_hosts;     /* more hosts that are no company's domain: see enr_domain_of_email */
} enr_badge_profile_t;

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
    enr_span_t attendee_id;           /* verbatim, with its zeros and its case */
    uint8_t sources[ENR_FIELD_COUNT]; /* enr_source_t, by enr_field_t */
    bool secret;    /* it is a password or the like that was shown by mistake (domain 1.7), or holds one beside other
                       records of a tag: the payload must not be logged, stored or sent */
    bool undecoded; /* a field was there, but in a charset that cannot be read, and is left out */
    unsigned enrichable; /* the types (enr_type_t) that enr_contact_check would let through, asynchronously */
    const char *reason;  /* when enrichable is 0, one of ENR_REASON_...; else NULL */
    uint8_t text[ENR_BADGE_TEXT_MAX];
} enr_badge_t;

/* One field of a badge by its number, below ENR_FIELD_COUNT. */
enr_span_t enr_badge_field(const enr_badge_t *badge, enr_field_t field);

/* Why no type is enrichable, the first that holds. secret: see above. unreadable: no text; raw bytes are all there is.
   opaque_id: an attendee id and no name, only a roster knows whom it names. url_only: kind url. no_template: columns
   without a name, of an event whose profile does not explain them. no_name: neither first nor last name; a LinkedIn URL
   alone, too (api-contract 13). no_firstname, no_lastname: a name of one part is not made into two. no_company: a name,
   but no company, no domain and no LinkedIn profile. refused: all there, but enr_contact_check refuses a field (too
   long, say). */
#define ENR_REASON_SECRET "secret"
#define ENR_REASON_UNREADABLE "unreadable"
#define ENR_REASON_OPAQUE_ID "opaque_id"
#define ENR_REASON_URL_ONLY "url_only"
#define ENR_REASON_NO_TEMPLATE "no_template"
#define ENR_REASON_NO_NAME "no_name"
#define ENR_REASON_NO_FIRSTNAME "no_firstname"
#define ENR_REASON_NO_LASTNAME "no_lastname"
#define ENR_REASON_NO_COMPANY "no_company"
#define ENR_REASON_REFUSED "refused"

/* Reads one payload. Linear in its size; reads no byte outside it. profile: how the event writes its badges, or NULL.
   - vCard (RFC 2426, RFC 6350, vCard 2.1; domain 1.2): lines end in LF, CRLF or CR and are unfolded as bytes before
     anything else; groups, quoted parameters, quoted-printable with soft breaks, escapes by version. Cards inside the
     card, and a second one, are ignored; END may be missing; lines without a colon are skipped. A card of an
     organisation, a group or a place names nobody.
   - MECARD and BIZCARD (domain 1.3): case ignored, with or without the closing ";;". MECARD: "last,first" or one name
   to be split; UID is the attendee's id. BIZCARD: N first, X last name.
   - AU: the first of NAME1, TEL1, MAIL1.
   - Columns: by profile, see there. Without one nothing is told by its place (domain 1.6.7).
   - Text in UTF-16 with a byte order mark is read as UTF-8; what is not UTF-8 in the profile's charset, else as
     Shift_JIS or Windows-1252 (domain 1.6.8). A field that cannot be decoded, or that declares another charset and
   needs it, is dropped alone; `undecoded` says so. In a charset of two bytes a character, the second is never taken for
   '\'.
   - N wins over FN; a name in one part is split on a comma or before its last word, particles kept with the last name,
     honorifics, suffixes and initials of middle names dropped; a single word, or a name in Chinese, Japanese or Korean
   script, stays one part.
   - email: a business address, then work, then preferred, then first. domain: that of a business address, else the host
     of a URL that many do not share (domain 1.5, 1.6.4).
   - A payload that begins as Wi-Fi and one-time passwords, eSIM and passkey codes, private keys and health passes do
     is a secret: it gives no field at all.
   ENR_OK: *out_badge is filled, possibly with little. ENR_E_LIMIT: payload longer than ENR_BADGE_MAX, or its decoded
   fields exceed ENR_BADGE_TEXT_MAX. ENR_E_SYNTAX: empty, or nothing but white space and control characters. After an
   error *out_badge holds no field. */
ENR_NODISCARD enr_status_t enr_badge_read(enr_span_t payload, const enr_badge_profile_t *profile,
                                          enr_badge_t *out_badge);

/* Reads the NDEF message of a tag (see ndef.h for one that lies in a tag's memory). Its first card gives the fields,
   then every text and URI adds what is still missing, each read as enr_badge_read does; records of other types are
   passed over. kind is ENR_BADGE_NDEF. As enr_badge_read; ENR_E_SYNTAX also when nothing in it is text, a URI or a
   card. What is malformed ends the message: records before it count. */
ENR_NODISCARD enr_status_t enr_badge_read_ndef(enr_span_t message, const enr_badge_profile_t *profile,
                                               enr_badge_t *out_badge);

#endif
