/* What to send when, and what each answer means: leads of the journal become requests to the service, and answers come
   back into the journal (DESIGN 6). No acknowledged lead is lost, and nothing is bought twice without saying so.

   The unit of state is a request: one lead and one type. The agent owns the journal: between enr_agent_init and the end
   nobody else calls its functions. One context: all functions are called from one thread, never from an interrupt, and
   never from the watcher.

   ENR_AGAIN of any function means that nothing was done: call enr_agent_step, then ask again. ENR_E_FLASH: the part
   refused; what was to be written is not there, everything else is. */
#ifndef ENRICH_AGENT_H
#define ENRICH_AGENT_H

#include "enrich/api.h"
#include "enrich/journal.h"
#include "enrich/lead.h"
#include "enrich/store.h"

/* Where a request is. X(NAME, value, "word", "what it means"), by value from 0 on. The values of those that are marked
   in the journal (READY to TAKEN) keep their meaning: journals hold them. lib/DESIGN.md says how each is entered and
   left. */
#define ENR_REQUEST_STATE_LIST(X)                                                                                      \
    X(NONE, 0, "none", "this type is not wanted")                                                                      \
    X(READY, 1, "ready", "may be sent")                                                                                \
    X(SENDING, 2, "sending", "on its way: it may have reached the service")                                            \
    X(UNKNOWN, 3, "unknown", "sent, and the answer was lost: it may have been accepted and billed")                    \
    X(PENDING, 4, "pending", "accepted: the service is at work on it")                                                 \
    X(LATE, 5, "late", "accepted long ago: asked after rarely")                                                        \
    X(REJECTED, 6, "rejected", "refused by the service for what it holds")                                             \
    X(FINISHED, 7, "finished", "the result is here, and no sink has taken it yet")                                     \
    X(TAKEN, 8, "taken", "nothing is left to do")                                                                      \
    X(CAPTURED, 9, "captured", "names nobody yet: waits for a roster or an edit")                                      \
    X(REFUSED, 10, "refused", "the local check said no: not sent, and nothing was paid")                               \
    X(ERASED, 11, "erased", "its lead was erased; only a keyed digest of its name is left")

typedef enum {
#define ENR_REQUEST_STATE_ENUM(name, value, word, meaning) ENR_REQUEST_##name = (value),
    ENR_REQUEST_STATE_LIST(ENR_REQUEST_STATE_ENUM)
#undef ENR_REQUEST_STATE_ENUM
} enr_request_state_t;
#define ENR_REQUEST_STATES 12u

/* The word of a state ("pending"), and what it means, as static strings; "?" for a value that is none. */
const char *enr_request_state_name(enr_request_state_t state);
const char *enr_request_state_meaning(enr_request_state_t state);

/* What is wrong with the device or its account as a whole. X(NAME, "word"). Those before TLS hold requests back, which
   stay what they are; one of those held is let through every ENR_PROBE_MIN_MS to ENR_PROBE_MAX_MS, and when it is
   accepted the flag goes. CREDITS, CONSENT and PLAN hold the type that they were said of. The others only say why
   nothing comes through: attempts go on with back-off. */
#define ENR_FLAG_LIST(X)                                                                                               \
    X(UNAUTHORIZED, "unauthorized")                                                                                    \
    X(WRONG_SERVICE, "wrong_service")                                                                                  \
    X(CREDITS, "credits")                                                                                              \
    X(CONSENT, "consent")                                                                                              \
    X(PLAN, "plan")                                                                                                    \
    X(TLS, "tls")                                                                                                      \
    X(PORTAL, "portal")                                                                                                \
    X(NO_TIME, "no_time")

typedef enum {
#define ENR_FLAG_ENUM(name, word) ENR_FLAG_##name,
    ENR_FLAG_LIST(ENR_FLAG_ENUM)
#undef ENR_FLAG_ENUM
} enr_flag_t;
#define ENR_FLAGS 8u
#define ENR_FLAGS_HOLDING 5u /* the first ones: they hold requests, and are durable */

/* The word of a flag ("credits"), and what it means, as static strings; "?" for a value that is none. */
const char *enr_flag_name(enr_flag_t flag);
const char *enr_flag_meaning(enr_flag_t flag);

/* A request of a lead. */
typedef struct {
    enr_request_state_t state;
    uint8_t attempts;    /* how often it was sent and not surely refused, 255 for more: what may have been bought */
    enr_status_t status; /* why it is where it is: of UNKNOWN the way in which the answer was lost, of REJECTED and LATE
                            what the service said, of READY why the last attempt failed; else ENR_OK */
    enr_refusal_t refusal; /* of REFUSED */
    bool unverified;       /* the answer came without the request's token */
    uint16_t data_len;     /* bytes that enr_agent_read gives */
} enr_request_t;

/* A lead with all that is known of it. */
typedef struct {
    uint32_t number; /* of the lead, from 1; the same for ever */
    enr_lead_t lead; /* its spans are views of the agent's memory, good until the next call of an agent's function */
    enr_request_t requests[ENR_TYPE_COUNT]; /* by type number */
    enr_slot_t slot;                        /* private */
} enr_record_t;

/* Something happened to a request: for LEDs, lines and tests that only look. Holds nothing personal. */
typedef struct {
    uint32_t number;
    enr_type_t type;
    enr_request_state_t state; /* now */
    enr_status_t status;       /* as in enr_request_t */
} enr_event_t;

/* Paces in milliseconds, each below 2^30. */
typedef struct {
    uint32_t spread_ms;   /* the first attempt after a start comes within this, so that a hall full of devices that gets
                             its power back does not ask all at once (behaviours 28) */
    uint32_t back_off_ms; /* after the n-th failure in a row the next attempt comes within 2^(n-1) times this … */
    uint32_t back_off_max; /* … and within this */
    uint32_t poll_ms;      /* from the id to the first read of a result; the gap grows by half each time … */
    uint32_t poll_max;     /* … up to this (api-contract 13) */
    uint32_t grace_ms;     /* so long after the id a 404 means "not yet" */
    uint32_t late_ms;      /* a request that is pending so long becomes late … */
    uint32_t late_poll_ms; /* … and is read once in about this */
    uint32_t purge_ms; /* least time between two purges for leads that were delivered; an erased lead is purged at once.
                          0 is right where flash can be overwritten; a day elsewhere, where it costs erases */
} enr_paces_t;
#define ENR_PACES_DEFAULT                                                                                              \
    ((enr_paces_t){.spread_ms = 60000,                                                                                 \
                   .back_off_ms = 2000,                                                                                \
                   .back_off_max = 300000,                                                                             \
                   .poll_ms = 2000,                                                                                    \
                   .poll_max = 10000,                                                                                  \
                   .grace_ms = 60000,                                                                                  \
                   .late_ms = 900000,                                                                                  \
                   .late_poll_ms = 3600000,                                                                            \
                   .purge_ms = 86400000})

/* The pace of probes while a flag is set, and the longest Retry-After that is obeyed (behaviours 27). */
#define ENR_PROBE_MIN_MS 900000u
#define ENR_PROBE_MAX_MS 3600000u
#define ENR_RETRY_AFTER_MAX_S 21600u

/* Settings. Everything pointed to must outlive the agent. */
typedef struct {
    enr_journal_t *journal; /* mounted */
    enr_store_t *store;     /* for what must outlast a power cut beside the leads */
    const enr_seal_t *seal; /* whose digest turns a lead's name into the hash by which the journal finds it */
    enr_api_t *api;         /* idle; NULL: nothing is sent */
    const enr_clock_t *clock;
    const enr_time_quality_t *time_quality; /* how good the clock's wall time is now; NULL: ENR_TIME_SET */
    const enr_options_t *options; /* of every request: countries, webhook, custom. Types and token are the agent's own;
                                     NULL: none */
    const enr_paces_t *paces;     /* copied; NULL: ENR_PACES_DEFAULT */
    bool sync;                    /* ask the synchronous call, whose answer holds the result (api-contract 8) */
    bool personal_email; /* this event allows personal_email; each lead must have ENR_CONSENT_PERSONAL_EMAIL as well
                            (domain 5) */
    uint8_t resend[ENR_TYPE_COUNT]; /* by type number: so often an unknown request is sent again, each of which may be
                                       billed; 0: held for the operator (behaviours 34) */
    uint16_t tombstone_days;        /* so long an erased or delivered lead is known when it is scanned again */
    uint16_t keep_days; /* a lead that was last scanned so long ago is erased unless a request of it is ready, sending
                           or pending; 0: never by itself */
    uint32_t seed;      /* of the jitter; differs from device to device and from start to start */
    uint32_t boot;      /* which start of the device this is, for stamps */
    void (*watch)(void *ctx, const enr_event_t *event); /* or NULL. Told of every state marked in the journal */
    void *watch_ctx;
} enr_agent_config_t;

/* --- private parts, complete so that a program can place them --- */

typedef struct {
    uint32_t at_ms;
    uint8_t state;
} enr_timer_t;

/* Leads and their requests, counted. */
typedef struct {
    uint32_t states[ENR_REQUEST_STATES];
    uint32_t unreadable;
} enr_tally_t;

/* A lead at work: its slot is held, so that it stays up to date. */
typedef struct {
    uint8_t sendable; /* bits of types that could be sent if nothing held them */
    struct {
        enr_timer_t next; /* read of a pending or late request */
        uint32_t since_ms;
        uint32_t gap_ms;
    } polls[ENR_TYPE_COUNT];
    enr_slot_t slot; /* number 0: this place is free */
} enr_work_t;

/* The agent. Private; must not be moved. About 2 * ENR_JOURNAL_CONTENT_MAX + 3,000 bytes. What is small and much used
   stands first and what is large last, which makes for short instructions. */
typedef struct {
    /* the exchange under way */
    uint8_t phase;
    bool is_poll;
    bool committed;
    uint8_t type;  /* its number */
    bool was_poll; /* of the last exchange: polls and submits take turns */
    uint8_t turn;  /* which poll was last */
    bool stopped;

    /* pace */
    bool has_floor;   /* `hold` is because of a Retry-After */
    uint8_t failures; /* in a row */
    bool loaded;
    bool unread; /* what the store keeps of a Retry-After */
    bool blind;  /* it was read while no time was known */
    uint8_t unsaved;
    uint8_t flags[ENR_FLAGS]; /* the gates that each closes */

    /* leads */
    bool counted;
    bool scanning;
    bool scanning_late;
    bool blocked; /* the journal must do some work before it goes on */
    bool journal_idle;
    bool tallying; /* the walk under way counts */
    bool purge_wanted;
    bool purge_looked; /* for what an earlier start has left */
    bool holds_texts;  /* of a person, to be wiped */

    enr_agent_config_t config;
    enr_work_t *work; /* whose request is under way */
    enr_status_t outcome;
    enr_status_t last_error;
    unsigned last_code;
    uint32_t now_ms; /* when a function of the agent was called last */
    uint32_t random;
    uint32_t retry_s;   /* a Retry-After to be kept */
    uint32_t uptime_s;  /* since the start … */
    uint32_t uptime_ms; /* … and so much more */
    enr_timer_t hold;   /* nothing begins before it */
    enr_timer_t idle;
    enr_timer_t pause;  /* after the flash refused */
    enr_timer_t rounds; /* when all leads are looked at again */
    enr_timer_t purge;
    enr_timer_t probes[ENR_TYPE_COUNT + 1]; /* by gate */
    enr_paces_t paces;
    int64_t flag_since_s[ENR_FLAGS];
    enr_cursor_t cursor;
    enr_cursor_t late_cursor;
    enr_place_t met;     /* the last lead that was counted, where it lies … */
    uint32_t met_number; /* … and its number */
    uint32_t erased;
    enr_tally_t tally;
    enr_tally_t fresh;                     /* of the walk under way, if it counts */
    enr_work_t works[ENR_PENDING_MAX + 1]; /* the last one is for late requests */
    uint8_t content[ENR_JOURNAL_CONTENT_MAX];
    uint8_t text[ENR_JOURNAL_CONTENT_MAX];
} enr_agent_t;

/* --- running --- */

/* Makes an agent; nothing is sent before a step. Reads what the store keeps for it. ENR_OK; ENR_E_SETTING: a pace is 0
   where it must not be (back_off_ms, poll_ms, late_poll_ms) or 2^30 or more, or a maximum is below its start; the
   store's ENR_E_FLASH. Asserts that nothing is missing in config. */
ENR_NODISCARD enr_status_t enr_agent_init(enr_agent_t *agent, const enr_agent_config_t *config, uint32_t now_ms);

/* Does what can be done now: at most one step of the exchange under way and one piece of work on the journal; the
   longest step is that of the stream. *out_wait: call again when one of its events or its time has come, and after
   every other function of the agent; there is always a time, at most an hour away. */
void enr_agent_step(enr_agent_t *agent, uint32_t now_ms, enr_wait_t *out_wait);

/* Begins nothing more, and gives up what has not left yet. ENR_OK: the power may go without making an unknown of a
   request; ENR_AGAIN: a request is under way. (Leads are safe at any time.) There is no way back but enr_agent_init. */
ENR_NODISCARD enr_status_t enr_agent_stop(enr_agent_t *agent);

/* An operator has changed something (topped up, logged in at the portal): flags are asked about and failed attempts
   made again now, without waiting for their time. A Retry-After stands. */
void enr_agent_retry(enr_agent_t *agent, uint32_t now_ms);

/* How things are: for LEDs, consoles, status lines. Nothing in it is personal. */
typedef struct {
    bool counted;                        /* the counts are right: the journal has been read once since the start */
    uint32_t counts[ENR_REQUEST_STATES]; /* requests by state; ERASED: leads, since the start */
    uint32_t unreadable;                 /* leads that this build cannot read, or that are damaged */
    uint32_t room;                       /* leads of about 400 bytes and two types that surely still fit */
    uint8_t flags;                       /* bits 1 << enr_flag_t */
    int64_t flag_since_s[ENR_FLAGS];     /* since 1970 UTC; 0: not set, or the time was not known */
    bool has_probe;                      /* a flag holds requests, and one of them is let through … */
    uint32_t probe_ms;                   /* … in so many milliseconds from now */
    enr_status_t last_error; /* of the last exchange, or of the flash; ENR_OK: it went well, or there was none */
    unsigned last_code;      /* its HTTP status code, 0: none */
    uint8_t failures;        /* in a row */
    bool online;             /* an exchange is under way */
    bool safe;               /* as enr_agent_stop would say now */
    bool has_next;           /* an exchange is planned … */
    uint32_t next_ms;        /* … for this time: 0 for now, else milliseconds from now */
} enr_agent_status_t;
void enr_agent_status(enr_agent_t *agent, uint32_t now_ms, enr_agent_status_t *out_status);

/* --- capture --- */

typedef enum {
    ENR_CAPTURE_NEW,      /* a lead that was not there: durable now */
    ENR_CAPTURE_UPDATED,  /* it was there: what is new in this scan is durable now. Nothing is bought again */
    ENR_CAPTURE_REPEATED, /* it was there, and the same was scanned less than ENR_RESCAN_S ago: nothing was written */
    ENR_CAPTURE_ERASED    /* it was erased or delivered, and is not captured again: nothing was written */
} enr_capture_kind_t;

/* Seconds within which the same scan again is taken for the same look at the badge (domain 3). */
#define ENR_RESCAN_S 10u

typedef struct {
    enr_capture_kind_t kind;
    uint32_t number;                            /* 0 for ERASED */
    uint32_t scans;                             /* of the lead, this one included */
    enr_stamp_t first;                          /* when it was first seen */
    enr_request_state_t states[ENR_TYPE_COUNT]; /* of its requests, by type number; of a new one CAPTURED, REFUSED or
                                                   READY */
} enr_captured_t;

/* Takes a scan. Of `lead` the caller fills in what it knows; first, last, scans, token and `later` are the agent's. Its
   texts are read during the call only, and must not be views of the agent's memory (enr_record_t). With ENR_OK the scan
   may be acknowledged to the person. A lead is found again by enr_lead_name; what a rescan does in each state is in
   lib/DESIGN.md. Works at any time, whatever the exchange does and whoever holds the TLS memory. ENR_E_FULL: no room;
   nothing was overwritten. ENR_E_LIMIT: the lead does not fit a slot, even without its payload; ENR_E_UTF8;
   ENR_E_ENTROPY (no token); ENR_E_VERSION: it is there, written by a newer build; ENR_E_SEAL: it is there, torn by a
   power cut, and reads differently each time; ENR_AGAIN, ENR_E_FLASH. */
ENR_NODISCARD enr_status_t enr_agent_capture(enr_agent_t *agent, const enr_lead_t *lead, uint32_t now_ms,
                                             enr_captured_t *out_captured);

/* Adds to a captured lead what is said of it afterwards: of `note` rating, answers, consent and captured_by count, each
   where it is given, as in a rescan; the `last` stamp says when. It counts as no scan, and nothing is bought again; a
   consent may make a refused request ready. Texts as in enr_agent_capture. Also ENR_END: there is no such lead (any
   more). ENR_OK: durable; *out_captured as after a rescan. */
ENR_NODISCARD enr_status_t enr_agent_note(enr_agent_t *agent, uint32_t number, const enr_lead_t *note, uint32_t now_ms,
                                          enr_captured_t *out_captured);

/* --- looking at leads --- */

/* The next lead of a walk, oldest first, from an all-zero cursor; erased ones are left out. One that the journal moved
   during the walk may come a second time, with the same number. ENR_OK; ENR_END: none yet. ENR_E_SEAL, ENR_E_SYNTAX,
   ENR_E_VERSION: this lead is damaged or of a newer build; only out_record->number and slot are good, the walk can go
   on. ENR_AGAIN (also when nothing was found yet in a bounded piece of journal: the cursor has moved on), ENR_E_FLASH.
 */
ENR_NODISCARD enr_status_t enr_agent_next(enr_agent_t *agent, enr_cursor_t *cursor, enr_record_t *out_record);

/* The lead with a number. ENR_END: there is none (any more). Else as enr_agent_next. */
ENR_NODISCARD enr_status_t enr_agent_find(enr_agent_t *agent, uint32_t number, enr_record_t *out_record);

/* Appends what a request of a record holds: of PENDING and LATE the service's id; of FINISHED the result as JSON, whole
   as the service sent it, or with a member "reduced": true and what was paid for when that was too long. Nothing for
   other states. The record must come from the last call of enr_agent_next, enr_agent_find or enr_batch_next. ENR_OK;
   ENR_E_LIMIT: no room there; ENR_E_SEAL: damaged; ENR_AGAIN, ENR_E_FLASH. */
ENR_NODISCARD enr_status_t enr_agent_read(enr_agent_t *agent, const enr_record_t *record, enr_type_t type,
                                          enr_buffer_t *out);

/* --- what an operator may do --- */

/* Statuses of all: ENR_OK: durable. ENR_END: no such lead, or its request is in none of the states named here.
   ENR_E_FULL, ENR_E_LIMIT, ENR_E_SEAL, ENR_AGAIN, ENR_E_FLASH as enr_journal_set. */

/* Sends an unknown request again, which may buy it twice, or a rejected one. */
ENR_NODISCARD enr_status_t enr_agent_resend(enr_agent_t *agent, uint32_t number, enr_type_t type, uint32_t now_ms);

/* Waits no longer for an unknown, late, rejected or refused request: it is taken, without a result. */
ENR_NODISCARD enr_status_t enr_agent_give_up(enr_agent_t *agent, uint32_t number, enr_type_t type, uint32_t now_ms);

/* Puts record->lead, as changed by the caller, in place of the lead's content; the record must come from the last call
   of enr_agent_next or enr_agent_find. Its token, stamps and scans stay as they are there, and it is found again by
   what it was first captured as. Rejected requests may be sent again, captured and refused ones are checked anew; the
   other states stay. Also ENR_E_UTF8. */
ENR_NODISCARD enr_status_t enr_agent_edit(enr_agent_t *agent, const enr_record_t *record, uint32_t now_ms);

/* Erases a lead in any state, by its number, or by what is scanned (enr_lead_name). What is under way for it is given
   up if it has not left yet. Its name's digest stays for tombstone_days, so that it is not captured again. Its data
   become unreadable as soon as the journal is idle (behaviours 46). */
ENR_NODISCARD enr_status_t enr_agent_erase(enr_agent_t *agent, uint32_t number, uint32_t now_ms);
ENR_NODISCARD enr_status_t enr_agent_erase_named(enr_agent_t *agent, const enr_lead_t *lead, uint32_t now_ms);

/* --- sinks that answer --- */

/* Leads that are handed to a sink, and are delivered when it answers with the digest of what it got. */
typedef struct {
    uint32_t number;
    uint8_t types; /* bits of those with a result in this batch */
} enr_batch_item_t;

typedef struct {
    enr_batch_item_t *items; /* the caller's memory … */
    size_t capacity;         /* … for so many leads with results */
    size_t count;
    bool all; /* all leads are handed out, not only those with results */
    bool closed;
    uint8_t tries;
    enr_cursor_t from; /* where its first lead with a result lies */
    enr_cursor_t cursor;
    uint8_t digest[32];
} enr_batch_t;

/* Begins a batch over the caller's memory; one that was not acknowledged is forgotten, and its results stay finished.
   all: for an export, which shows leads in every state; only those with finished results are delivered by it. */
void enr_batch_start(enr_batch_t *batch, enr_batch_item_t *items, size_t capacity, bool all);

/* The next lead of a batch: as enr_agent_next, and ENR_END when no more fits, too. The results of its finished requests
   (enr_agent_read) belong to the batch. */
ENR_NODISCARD enr_status_t enr_batch_next(enr_agent_t *agent, enr_batch_t *batch, enr_record_t *out_record);

/* Ends a batch with the SHA-256 digest of the bytes that the sink was given (enr_hash_start, seal.h). */
void enr_batch_close(enr_batch_t *batch, const uint8_t digest[32]);

/* The sink has answered: exactly the results of the batch with this digest are taken. A lead all of whose requests are
   taken, or refused and at least one taken, is delivered: it is erased, and its name is known for tombstone_days.
   ENR_OK; ENR_E_IDENTITY: the digest is not that of this batch, or it was acknowledged before: nothing was changed.
   ENR_AGAIN: not all are marked yet: step, and ask again with the same digest; ENR_E_FULL, ENR_E_FLASH: likewise, and
   those that are marked stay so. */
ENR_NODISCARD enr_status_t enr_batch_acknowledge(enr_agent_t *agent, enr_batch_t *batch, const uint8_t digest[32],
                                                 uint32_t now_ms);

#endif
