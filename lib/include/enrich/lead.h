/* What a journal slot holds: one lead, with everything that the device knows of it but the states of its requests
   (DESIGN 6, domain 3, 5). Pure functions; the bytes are described in lib/lead/FORMAT.md. */
#ifndef ENRICH_LEAD_H
#define ENRICH_LEAD_H

#include "enrich/contact.h"

/* The types that can be asked for, and their numbers: of a lead's requests, of its registers in the journal. */
#define ENR_TYPE_COUNT 3u

/* 0 for email, 1 for phone, 2 for personal_email. Asserts that it is one type. */
unsigned enr_type_number(enr_type_t type);

/* The type with a number below ENR_TYPE_COUNT. */
enr_type_t enr_type_of_number(unsigned number);

/* How well a wall time is known (DESIGN 4). A value keeps its meaning: journals hold it. */
typedef enum {
    ENR_TIME_UNKNOWN = 0,
    ENR_TIME_STORED = 1, /* the last good time of an earlier run, and what has passed since the start */
    ENR_TIME_SET = 2     /* from a clock that was set: RTC, console, provisioning, SNTP */
} enr_time_quality_t;

/* A moment. Boot and uptime say when it was even where no wall time was known: once the clock is right, the moments of
   the same boot can be put right too. */
typedef struct {
    enr_time_quality_t quality;
    int64_t wall_s;    /* since 1970 UTC; 0 when the quality is UNKNOWN */
    uint32_t boot;     /* which start of the device, counted by the program */
    uint32_t uptime_s; /* since that start */
} enr_stamp_t;

/* Purposes that a person may consent to, as bits (domain 5). */
#define ENR_CONSENT_CONTACT 1u
#define ENR_CONSENT_ENRICHMENT 2u     /* business e-mail and phone */
#define ENR_CONSENT_PERSONAL_EMAIL 4u /* without it no request for personal_email is made */
#define ENR_CONSENT_MARKETING 8u

/* How the person said so. A value keeps its meaning: journals hold it. */
typedef enum {
    ENR_CONSENT_BY_NONE = 0,
    ENR_CONSENT_BY_BUTTON = 1,
    ENR_CONSENT_BY_BARCODE = 2,
    ENR_CONSENT_BY_FORM = 3,
    ENR_CONSENT_BY_SIGNATURE = 4,
    ENR_CONSENT_BY_OPERATOR = 5
} enr_consent_method_t;

/* What the person was asked and answered; the lead's `last` stamp says when. */
typedef struct {
    uint8_t asked; /* bits of ENR_CONSENT_…; a purpose not asked for was neither given nor refused */
    uint8_t given; /* of those */
    enr_consent_method_t method;
    enr_span_t notice; /* version and language of the text that was shown: "2026-03 fr" */
} enr_consent_t;

/* One lead. Spans are views that somebody else owns; what is not known is empty or 0. All texts are UTF-8; the payload
   is any bytes. */
typedef struct {
    enr_contact_t contact;
    enr_span_t email; /* captured data, never sent; so are the next two */
    enr_span_t phone;
    enr_span_t title;
    enr_span_t attendee_id; /* verbatim */
    enr_span_t payload;     /* as scanned */
    uint32_t payload_lost;  /* bytes of a payload that was too long to be kept beside the rest; then it is empty */
    unsigned types;         /* wanted: bits of enr_type_t */
    uint8_t token[16];      /* 128 random bits, made when it was first captured */
    enr_stamp_t first;      /* seen */
    enr_stamp_t last;
    uint32_t scans; /* how often it was captured: 1 or more */
    enr_span_t device;
    enr_span_t captured_by; /* the operator */
    enr_span_t event;       /* the event's tag */
    uint8_t rating;         /* 1 to 5; 0: none */
    enr_span_t answers;     /* codes of qualifiers, as the event's question set names them */
    enr_consent_t consent;
    enr_span_t later; /* fields of a newer format, kept as they are */
} enr_lead_t;

/* Appends a lead's bytes. A payload that does not fit beside the rest is left out, and its length is kept.
   ENR_OK; ENR_E_LIMIT: it does not fit even so; ENR_E_UTF8: a text is not UTF-8. After an error nothing was appended.
   Asserts what no capture can bring about: token all zero, scans 0, unknown bits of types or consent. */
ENR_NODISCARD enr_status_t enr_lead_write(const enr_lead_t *lead, enr_buffer_t *out);

/* Reads a lead's bytes, all of them. The spans are views of `bytes`. ENR_OK; ENR_E_SYNTAX: not a lead, in any detail;
   ENR_E_VERSION: of a format that this build cannot read. *out_lead is meaningful after ENR_OK only. */
ENR_NODISCARD enr_status_t enr_lead_read(enr_span_t bytes, enr_lead_t *out_lead);

/* Appends what a lead is known by, so that the same person is found again: the first of these that it has.
   1. attendee_id, with the event;
   2. the slug of a LinkedIn profile;
   3. email, with the names: one address may stand on the badges of a whole company;
   4. both names with domain, else company_name;
   5. all that was captured of a lead without payload.
   ASCII letters' case and white space do not count but in attendee_id. ENR_OK; ENR_END: only its payload tells it from
   others, nothing was appended; ENR_E_LIMIT: does not fit (a buffer for the lead's bytes is large enough). */
ENR_NODISCARD enr_status_t enr_lead_name(const enr_lead_t *lead, enr_buffer_t *out);

/* Makes `lead`, a new scan of `before`, into what is to be kept (DESIGN 6, rescan): the latest wins, field by field (a
   name counts as one field, and so do domain and company; consent purpose by purpose); what the new scan does not have
   stays; first stamp and token stay, wanted types are those of both, and scans counts on. */
void enr_lead_update(const enr_lead_t *before, enr_lead_t *lead);

/* True when two leads say the same, their stamps and scans left aside. */
bool enr_lead_same(const enr_lead_t *a, const enr_lead_t *b);

/* The token of a lead's request for one type: its 128 bits with the type's number in the two lowest of the last byte,
   so that an answer to one request never passes for an answer to another. Lower-case hexadecimal digits. */
void enr_lead_token(const enr_lead_t *lead, enr_type_t type, uint8_t out_token[ENR_TOKEN_LEN]);

#endif
