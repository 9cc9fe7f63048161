/* Whom to enrich, and the local checks before anything is sent: a refused request costs nothing (api-contract 13). */
#ifndef ENRICH_CONTACT_H
#define ENRICH_CONTACT_H

#include "enrich/limits.h"
#include "enrich/span.h"
#include "enrich/status.h"

/* What to look for, as a set of bits (api-contract 3). */
typedef enum { ENR_TYPE_EMAIL = 1, ENR_TYPE_PHONE = 2, ENR_TYPE_PERSONAL_EMAIL = 4 } enr_type_t;
#define ENR_TYPES_ALL 7u

/* The service's word for one type ("email", "phone", "personal_email"), a static string. Asserts that it is one. */
enr_span_t enr_type_name(enr_type_t type);

/* The type of a word, written exactly as the service writes it. ENR_OK, ENR_E_SYNTAX (no such type: refused locally,
   api-contract 13). */
ENR_NODISCARD enr_status_t enr_type_parse(enr_span_t word, enr_type_t *out_type);

/* A person. Views of text that the caller owns; unknown fields are empty. */
typedef struct {
    enr_span_t firstname;
    enr_span_t lastname;
    enr_span_t domain; /* bare company domain, "acme.example": see enr_domain_valid */
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
    enr_span_t token; /* ENR_TOKEN_LEN lower-case hexadecimal digits, or empty: goes into `custom` as ENR_TOKEN_KEY
                         (DESIGN 6) */
} enr_options_t;

/* The one documented key under which the token stands in `custom`. A user's own pair may not have it. */
#define ENR_TOKEN_KEY "enr_token"

/* Which call a check is for: their rules differ (api-contract 3, 7, 8). */
typedef enum { ENR_CALL_ASYNC, ENR_CALL_SYNC, ENR_CALL_BULK } enr_call_t;

/* Why a request was refused, as static strings that make a sentence: "linkedin_url", "is needed for phone". The field
   has the service's name for it ("enrichment_type", "phone_country_codes": api-contract 3); the token is "token". */
typedef struct {
    const char *field;
    const char *rule;
} enr_refusal_t;

/* Checks one person and the options for a call (api-contract 13). ENR_OK: *out_refusal is empty. ENR_E_CONTACT:
   *out_refusal says which field broke which rule, the first in the order in which the fields are declared.
   - Every text is well-formed UTF-8 without control characters (C0, DEL, C1) and within its limit: ENR_NAME_MAX
     (names, company), ENR_HOST_MAX (domain), ENR_URL_MAX (URLs), ENR_CUSTOM_TEXT_MAX (custom keys and values).
   - firstname and lastname are more than white space, and so is company_name if given. An optional field is absent
     when it has no byte.
   - email needs domain or company_name, on async and bulk.
   - A domain is bare: enr_domain_valid.
   - phone and personal_email need linkedin_url. If given, it is an absolute https URL, its host linkedin.com or below
     in any case of letters, its path /in/ and a name.
   - types has known bits only; exactly one on bulk and on async without allow_multi, at least one otherwise.
   - webhook_url, if given, is an absolute https URL (enr_url_parse).
   - countries: two upper-case letters each, none twice, GB and not UK, at most ENR_COUNTRIES_MAX.
   - custom: at most ENR_CUSTOM_MAX pairs; keys are not empty, not repeated and not ENR_TOKEN_KEY; values may be empty.
   - token: empty, or ENR_TOKEN_LEN lower-case hexadecimal digits. */
ENR_NODISCARD enr_status_t enr_contact_check(const enr_contact_t *contact, const enr_options_t *options,
                                             enr_call_t call, enr_refusal_t *out_refusal);

/* True for a bare company domain: two or more labels of 1 to 63 bytes, at most ENR_HOST_MAX in all; a label holds
   letters, digits, '-' (not at its ends) and, for a domain in its own script, well-formed UTF-8 above U+009F ("xn--"
   forms pass as letters); the last label does not begin with a digit, which rules out IPv4 literals in every form. So
   no scheme, user, port, path, trailing dot, white space or IP literal. */
bool enr_domain_valid(enr_span_t domain);

#endif
