/* Whom to enrich, and the local checks before anything is sent: a refused request costs nothing (api-contract 13). */
#ifndef ENRICH_CONTACT_H
#define ENRICH_CONTACT_H

#include "enrich/limits.h"
#include "enrich/span.h"
#include "enrich/status.h"

/* What to look for, as a set of bits (api-contract 3). */
typedef enum { ENR_TYPE_EMAIL = 1, ENR_TYPE_PHONE = 2, ENR_TYPE_PERSONAL_EMAIL = 4 } enr_type_t;
#define ENR_TYPES_ALL 7u

/* The service's word for one type ("email", "phone", "personal_email"). */
enr_span_t enr_type_name(enr_type_t type);

/* The type of a word. ENR_OK, ENR_E_SYNTAX (no such type: refused locally, api-contract 13). */
ENR_NODISCARD enr_status_t enr_type_parse(enr_span_t word, enr_type_t *out_type);

/* A person. Views of text that the caller owns; unknown fields are empty. */
typedef struct {
    enr_span_t firstname;
    enr_span_t lastname;
    enr_span_t domain; /* bare company domain, "acme.example" */
    enr_span_t company_name;
    enr_span_t linkedin_url;
} enr_contact_t;

/* One pair of `custom`. Strings on both sides (api-contract 13). */
typedef struct {
    enr_span_t key;
    enr_span_t value;
} enr_custom_t;

/* What stands in a request beside the person. All zero is a valid value but for `types`. */
typedef struct {
    unsigned types;              /* bits of enr_type_t */
    bool allow_multi;            /* several types in one asynchronous request (api-contract 10.4) */
    enr_span_t webhook_url;      /* or empty */
    const enr_span_t *countries; /* ISO 3166-1 alpha-2, upper case; none: the account's default applies */
    size_t country_count;
    const enr_custom_t *custom;
    size_t custom_count;
    enr_span_t token; /* ENR_TOKEN_LEN lower-case hex digits, or empty: goes into `custom` as ENR_TOKEN_KEY (DESIGN 6) */
} enr_options_t;

/* The one documented key under which the token stands in `custom`. A user's own pair may not have it. */
#define ENR_TOKEN_KEY "enr_token"

/* Which call a check is for: their rules differ (api-contract 3, 7, 8). */
typedef enum { ENR_CALL_ASYNC, ENR_CALL_SYNC, ENR_CALL_BULK } enr_call_t;

/* Why a request was refused: the field and the rule, as static strings: "linkedin_url", "is needed for phone". */
typedef struct {
    const char *field;
    const char *rule;
} enr_refusal_t;

/* Checks one person and the options for a call. ENR_OK; ENR_E_CONTACT: *out_refusal says which field broke which rule first, in the order in which the
   fields are declared. Rules: non-empty names; valid UTF-8 without control characters, within the limits; exactly one type (async without
   allow_multi, bulk) or at least one (sync); domain or company_name for email on async and bulk; linkedin_url for phone and personal_email;
   a domain is bare; linkedin_url is https, its host linkedin.com or below, its path /in/ and a name; webhook_url is an absolute https URL;
   countries are two upper-case letters, no duplicates, GB and not UK; custom keys are non-empty, not repeated, not ENR_TOKEN_KEY. */
ENR_NODISCARD enr_status_t enr_contact_check(const enr_contact_t *contact, const enr_options_t *options, enr_call_t call,
                                             enr_refusal_t *out_refusal);

#endif
