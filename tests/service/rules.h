/*
 * The rules of the simulated enrichment service, as api-contract.md states them.
 *
 * Pure: typed requests in, typed answers and callbacks out. No sockets, no JSON, no files, no wall clock.
 * The caller passes the time; everything random comes from the seed in the settings, so the same requests at
 * the same times give the same answers, ids included.
 *
 * Single-threaded. Memory comes from the heap and grows with the number of accepted contacts; when there is
 * none left the program is aborted (this is a test program).
 */
#ifndef SERVICE_RULES_H
#define SERVICE_RULES_H

#include "faults.h"
#include "people.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Types of enrichment, as bits of a set (api-contract 3). */
#define SIM_EMAIL 1u
#define SIM_PHONE 2u
#define SIM_PERSONAL_EMAIL 4u

/* Contacts in one batch (api-contract 7). */
#define SIM_BATCH_MIN 2u
#define SIM_BATCH_MAX 100u

/* Sentences of the service that the contract gives character for character. */
#define SIM_CONSENT_MESSAGE                                                                                            \
    "You can't use the personal email enrichment feature without consenting with our terms of use"
#define SIM_CREDITS_MESSAGE "Insufficient enrichment credits"

/* A sentence with the words by which a client tells a plan limit (api-contract 11). */
#define SIM_PLAN_MESSAGE "You have reached your plan limit"

typedef enum {
    SIM_CALL_SUBMIT,  /* POST single_enrich on the app host (api-contract 3) */
    SIM_CALL_READ,    /* GET contacts/{id} (4) */
    SIM_CALL_BATCH,   /* POST bulk_enrich (7) */
    SIM_CALL_SYNC,    /* POST single_enrich on the api host (8) */
    SIM_CALL_CREDITS, /* GET credits (12) */
    SIM_CALL_ACCOUNT, /* GET account (1) */
    SIM_CALL_NONE     /* no call: the front could not make one of what it received */
} sim_call_t;

/* What a judge of a client needs to know: a contact was accepted, and later it was finished and charged. */
typedef struct {
    bool finished; /* else accepted */
    uint64_t time_ms;
    sim_call_t call;      /* accepted: by which call */
    const char *id;       /* strings live until the handler returns */
    const char *batch_id; /* accepted in a batch: its job; else NULL */
    size_t index;         /* accepted in a batch: the contact's place there */
    unsigned types;       /* SIM_EMAIL | … */
    uint64_t person;      /* the same for the same names, company and profile: whoever was bought twice shows */
    const char *custom;   /* NULL: none */
    size_t emails;        /* finished: values found, by type */
    size_t phones;
    size_t personal_emails;
    int64_t price;   /* finished: what was charged */
    int64_t balance; /* after it */
} sim_entry_t;

typedef void sim_entry_handler_t(void *closure, const sim_entry_t *entry);

typedef struct {
    uint64_t seed;       /* decides every id, and every person when there is no people file */
    uint64_t latency_ms; /* from acceptance to finished; the synchronous call answers after it */
    bool consent;        /* the key's owner accepted personal-email enrichment (api-contract 9) */
    bool allow_multi;    /* the asynchronous calls accept several types (api-contract 10.4) */

    int64_t credits;     /* balance at the start */
    int64_t price_email; /* for one found e-mail address */
    int64_t price_phone; /* for each found number (api-contract 12) */
    int64_t price_personal_email;
    uint64_t plan_limit; /* contacts that are accepted in all; 0: any number (api-contract 11) */

    uint64_t rate_app;      /* requests a second on the app host; 0: any number */
    uint64_t rate_sync;     /* synchronous calls a second (api-contract 8) */
    size_t parallel;        /* requests worked on at once; 0: any number. Further ones wait in order (12) */
    uint64_t call_ms;       /* how long a request takes; a synchronous one takes the time of its types on top */
    bool sync_timing;       /* the three times below are used; else a synchronous call takes the latency */
    uint64_t sync_ms[3];    /* for email, phone and personal_email; they add up (8) */
    bool country_restricts; /* numbers of other countries are left out; else they only come last (10.9) */
    const char *const *country_codes; /* the account's default list, borrowed (3) */
    size_t country_code_count;
    bool reads_batches; /* the id of a batch can be read: its job; else it is not known (7: not documented) */
    size_t keep;        /* finished contacts that can still be read; longer finished ones are forgotten */

    sim_entry_handler_t *on_entry; /* told of what is accepted and billed; NULL: nobody */
    void *on_entry_closure;

    const char *const *api_keys; /* keys that are accepted, borrowed */
    size_t api_key_count;

    const sim_people_t *people; /* only these are found, borrowed; NULL: the seed decides by name */
} sim_settings_t;

/*
 * Seed 1, latency 1000 ms, no consent, one type, 100,000 credits, prices 1, 10 and 5, no plan limit, 50 synchronous
 * calls a second, 5 requests at once, a restricting country filter without a list, all finished contacts kept; no key,
 * no people.
 */
sim_settings_t sim_settings_default(void);

/* One contact as requested. Strings are UTF-8 and borrowed; NULL means that the field was absent or null. */
typedef struct {
    const char *firstname;
    const char *lastname;
    const char *domain;
    const char *company_name;
    const char *linkedin_url;
    const char *custom; /* a JSON object as text, handed back unread */
} sim_contact_t;

typedef struct {
    sim_call_t call;
    const char *api_key;           /* NULL: no header */
    const char *id;                /* READ */
    const sim_contact_t *contacts; /* SUBMIT and SYNC: one; BATCH: as many as were sent */
    size_t contact_count;
    const char *const *types; /* values of enrichment_type, as sent */
    size_t type_count;
    const char *webhook_url;          /* SUBMIT and BATCH; NULL: none */
    const char *const *country_codes; /* values of phone_country_codes, as sent */
    size_t country_code_count;
    int refused_status;          /* NONE: the status to answer an accepted key with */
    const sim_faults_t *refused; /* NONE: why */
} sim_request_t;

/* What is known of one enrichment. Strings live until the contact is
 * forgotten, so at least until the next call of a function here; a NULL field is left out of the
 * answer. */
typedef struct {
    const char *id;
    const char *batch_id;   /* of the job that it came with; NULL: none */
    const char *first_name; /* as requested */
    const char *last_name;
    const char *linkedin_url;
    const char *custom;
    unsigned types; /* asked for: SIM_EMAIL | … */
    bool finished;  /* the fields below say nothing before that */
    bool found;     /* at least one of the types brought a value */

    const char *email; /* "" when nothing was found */
    const char *email_status;
    const char *personal_email;
    const char *personal_email_status;
    char *const *phones; /* E.164 */
    size_t phone_count;
    const char *phone_status;
} sim_result_t;

typedef enum {
    SIM_ANSWER_ACCEPTED, /* status, result.id, names, custom */
    SIM_ANSWER_RESULT,   /* result, as the read call shows it */
    SIM_ANSWER_INLINE,   /* result, as the synchronous call shows it; always finished */
    SIM_ANSWER_BATCH,    /* batch_id: accepted, or read */
    SIM_ANSWER_CREDITS,  /* credits */
    SIM_ANSWER_ACCOUNT,
    SIM_ANSWER_ERROR /* error, faults */
} sim_answer_kind_t;

/* Why a request was refused (api-contract 11). */
typedef enum {
    SIM_ERROR_KEY,        /* 401 */
    SIM_ERROR_NOT_FOUND,  /* 404 */
    SIM_ERROR_VALIDATION, /* 422 */
    SIM_ERROR_CONSENT,    /* 422 */
    SIM_ERROR_CREDITS,    /* 422 */
    SIM_ERROR_PLAN,       /* 422 */
    SIM_ERROR_RATE,       /* 429 */
    SIM_ERROR_REQUEST     /* the front's own: unknown path, unreadable body, … */
} sim_error_t;

typedef struct {
    int status; /* HTTP */
    sim_answer_kind_t kind;
    uint64_t ready_at_ms; /* the answer leaves no earlier */
    sim_result_t result;  /* ACCEPTED, RESULT, INLINE */
    const char *batch_id; /* BATCH; lives as the strings of result do */
    int64_t credits;      /* CREDITS */
    sim_error_t error;    /* ERROR */
    uint64_t retry_s;     /* ERROR with 429: seconds until it may be tried again, at least 1 */
    sim_faults_t faults;  /* ERROR: at least one sentence */
} sim_answer_t;

/* A finished enrichment whose request named a webhook (api-contract 6). Strings live as those of a result. */
typedef struct {
    uint64_t due_ms;
    const char *url;
    sim_result_t result;
} sim_callback_t;

typedef struct sim_rules sim_rules_t;

/* The settings are copied, but not what they point to: keys and people must outlive the rules. */
sim_rules_t *sim_rules_new(const sim_settings_t *settings);

void sim_rules_free(sim_rules_t *rules);

/* Does what the service does on one request and fills out_answer, whatever the request. now_ms must not go back. */
void sim_rules_answer(sim_rules_t *rules, uint64_t now_ms, const sim_request_t *request, sim_answer_t *out_answer);

/* Takes the next callback that is due at now_ms, in order of finishing, each once. False: none is due. */
bool sim_rules_take_callback(sim_rules_t *rules, uint64_t now_ms, sim_callback_t *out_callback);

/* When the next contact finishes by itself; UINT64_MAX: none is pending. */
uint64_t sim_rules_next_ms(const sim_rules_t *rules);

#endif
