/* What an NFC tag holds: records of an NDEF message (NFC Forum NDEF 1.0), and where it lies in a Type 2 tag. */
#ifndef ENRICH_NDEF_H
#define ENRICH_NDEF_H

#include "enrich/span.h"
#include "enrich/status.h"

typedef enum {
    ENR_NDEF_CARD,   /* MIME text/vcard, text/x-vcard, text/directory: payload is the card */
    ENR_NDEF_TEXT,   /* well-known T (its language left out), MIME text/plain: payload is UTF-8 or UTF-16 */
    ENR_NDEF_URI,    /* well-known U, or an absolute URI as the type: uri_prefix and payload together */
    ENR_NDEF_SECRET, /* MIME application/vnd.wfa.wsc: the password of a wireless network */
    ENR_NDEF_OTHER   /* not for a badge: applications, custom types, chunks, U with a prefix of no use here */
} enr_ndef_kind_t;

/* One record. Views of the message. */
typedef struct {
    enr_ndef_kind_t kind;
    enr_span_t payload;
    const char *uri_prefix; /* of ENR_NDEF_URI ("https://www."), a static string; else "" */
    bool utf16;             /* of ENR_NDEF_TEXT: big-endian unless it has a byte order mark */
} enr_ndef_record_t;

/* Takes the next record off a message; those inside a smart poster come one by one in its place. ENR_OK; ENR_END: none
   is left; ENR_E_SYNTAX: a record is cut off or its lengths do not fit, which ends the message. */
ENR_NODISCARD enr_status_t enr_ndef_next(enr_span_t *message, enr_ndef_record_t *out_record);

/* Finds the message in the memory of a Type 2 tag (NFC Forum Type 2 Tag 2.3), from the first TLV block on or from the
   tag's first byte on. NULL, lock and memory control blocks and those of other types are passed over. ENR_OK:
   *out_message is a view of it. ENR_E_SYNTAX: there is none, it is empty, or it is cut off. */
ENR_NODISCARD enr_status_t enr_ndef_find_message(enr_span_t memory, enr_span_t *out_message);

#endif
