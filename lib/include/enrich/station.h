/* The scanner as a product: bytes of a scanner module become a durable lead and a signal to the person (domain 3). One
   piece for every program that takes scans: frame, the event's badge profile, the roster, control codes of a printed
   sheet, the agent. A program brings the bytes, shows what came of them, and sends. The codes are described in
   lib/station/CODES.md.

   One context with the agent: all functions are called from one thread, between the agent's. Nothing waits. */
#ifndef ENRICH_STATION_H
#define ENRICH_STATION_H

#include "enrich/agent.h"
#include "enrich/badge.h"
#include "enrich/frame.h"
#include "enrich/provision.h"
#include "enrich/roster.h"

/* Seconds after a scan, or after the last code that belonged to it, in which a code still speaks of that lead. */
#ifndef ENR_STATION_NOTE_S
#define ENR_STATION_NOTE_S 60u
#endif

/* Seconds for which a payload waits for the flash, an erase on the way included, before it is refused: failed. */
#ifndef ENR_STATION_HOLD_S
#define ENR_STATION_HOLD_S 30u
#endif

/* Settings. Everything pointed to must outlive the station. */
typedef struct {
    enr_agent_t *agent;                 /* started */
    const enr_frame_settings_t *frame;  /* how the module hands over what it scans */
    const enr_badge_profile_t *profile; /* how the event writes its badges, or NULL */
    const enr_roster_t *roster;         /* the event's list, checked; or NULL */
    const enr_clock_t *clock;           /* tells when the roster expires; while it knows no time nothing is filled in */
    unsigned types;                     /* wanted of every badge: bits of enr_type_t */
    enr_span_t device;                  /* these stand in each lead; each may be empty */
    enr_span_t captured_by;             /* until a code says who else scans */
    enr_span_t event;
    enr_span_t notice;             /* version and language of the text that people are shown, for consent by code */
    enr_store_t *store;            /* for provisioning codes, mounted; NULL: there are none */
    const enr_seal_t *device_seal; /* with it: under the device's own key (enr_provision_secret) */
    enr_span_t sheet; /* the word of the printed sheet: codes without it are refused; empty: they have none */
} enr_station_config_t;

/* What a payload was, and what was done. */
typedef enum {
    ENR_SCAN_LEAD,      /* a badge: its lead is durable, see `captured` */
    ENR_SCAN_NOTE,      /* a code: what it says of the last lead is durable, see `captured` */
    ENR_SCAN_STAFF,     /* a code: who scans from now on, until the power goes */
    ENR_SCAN_PROVISION, /* a provisioning code of this device, new and allowed now: nothing was changed yet. The program
                           checks `provision`.settings and takes them over (enr_provision_accept) before the next call
                         */
    ENR_SCAN_REFUSED    /* nothing was kept: `why`, `status` */
} enr_scan_kind_t;

/* Why nothing was kept, as words. unreadable: no text, too large, or cut off. secret: a password that was shown by
   mistake. no_scan: the attendee does not want to be scanned (domain 5). no_lead: a code, and no lead was scanned a
   moment ago. unknown_code: not of this sheet, or of none. forged: a provisioning code that was not made for this
   device, or with a secret of before. old_code: it, or a later one, was taken before. undelivered: leads would be sent
   with other settings: export and confirm first. full: no room for leads; nothing was overwritten. failed:
   the part or the random generator refused. */
#define ENR_WHY_UNREADABLE "unreadable"
#define ENR_WHY_SECRET "secret"
#define ENR_WHY_NO_SCAN "no_scan"
#define ENR_WHY_NO_LEAD "no_lead"
#define ENR_WHY_UNKNOWN_CODE "unknown_code"
#define ENR_WHY_FORGED "forged"
#define ENR_WHY_OLD_CODE "old_code"
#define ENR_WHY_UNDELIVERED "undelivered"
#define ENR_WHY_FULL "full"
#define ENR_WHY_FAILED "failed"

/* What the person is told, by light and sound. */
typedef enum {
    ENR_SIGNAL_GOOD,       /* a new lead is durable, or what a code says */
    ENR_SIGNAL_DUPLICATE,  /* the lead was there; what is new is durable */
    ENR_SIGNAL_UNREADABLE, /* scan it again */
    ENR_SIGNAL_REFUSED,    /* read well, and not kept or done */
    ENR_SIGNAL_FULL        /* the device can keep nothing now */
} enr_signal_t;

/* What came of one payload. */
typedef struct {
    enr_scan_kind_t kind;
    const char *why;           /* of REFUSED, one of ENR_WHY_...; else NULL */
    enr_status_t status;       /* of REFUSED; ENR_OK where the words say all */
    enr_captured_t captured;   /* of LEAD and NOTE */
    const enr_badge_t *badge;  /* of LEAD: the fields that the badge gave; NULL: only its bytes were kept */
    bool listed;               /* of LEAD: the roster has filled in what it knows */
    enr_provision_t provision; /* of PROVISION */
} enr_scan_t;

/* The word of a signal ("good"), a static string. */
const char *enr_signal_name(enr_signal_t signal);

/* The signal that belongs to a scan. */
enr_signal_t enr_scan_signal(const enr_scan_t *scan);

/* Bytes of the name of who scans, and of the answers of one lead (see lib/station/CODES.md). */
#define ENR_STAFF_MAX 64u
#define ENR_ANSWERS_MAX 256u

/* The station. Private but for the last two; must not be moved. About ENR_BADGE_MAX + ENR_BADGE_TEXT_MAX + 700 bytes.
 */
typedef struct {
    enr_station_config_t config;
    enr_frame_t frame;
    enr_span_t payload; /* whole, a view of memory */
    size_t dirty;       /* bytes of memory that hold something of a person */
    bool is_held;       /* the payload waits for the journal … */
    uint32_t held_ms;   /* … since then */
    enr_status_t read;  /* what enr_badge_read said of it */
    uint32_t lead;      /* the number of which a code speaks; 0: none */
    uint32_t lead_ms;
    uint32_t busy_ms; /* that the module's time is behind */
    size_t staff_len;
    uint8_t staff[ENR_STAFF_MAX];
    enr_provision_t provision; /* of the payload, once it was opened; number 0: it was not */
    enr_cursor_t looked;       /* of the walk over leads that were not exported */
    enr_cursor_t cursor;       /* of the walk over leads that the roster may fill in */
    bool walking;
    bool blind; /* the last one knew no time */
    enr_badge_t badge;
    uint8_t memory[ENR_BADGE_MAX];
    uint32_t filled;  /* leads that the roster has filled in since the start, other than at their scan */
    uint32_t removed; /* leads that were erased since then, because the roster says no_scan */
} enr_station_t;

/* Makes a station with nothing scanned; what the roster can fill in is looked for by enr_station_step. Asserts that
   agent, frame settings and, with a roster, a clock are there, and what enr_frame_start asserts. */
void enr_station_start(enr_station_t *station, const enr_station_config_t *config);

/* Takes bytes of the module that came at now_ms off *bytes, until something came of one payload. Call again until it
   says ENR_AGAIN, after every step of the agent while enr_station_is_held, and when the time of enr_station_waits has
   come, then without bytes.
   - A badge is read by the profile, filled in from the roster, and captured (enr_agent_capture). With ENR_SCAN_LEAD it
     is durable. Known already, it is updated; nothing is bought again.
   - A badge that cannot be read, or whose fields cannot be kept, is a lead by its bytes alone, if they fit. An id that
     nobody knows is a lead.
   - An attendee who does not want to be scanned is not kept, also by an expired roster.
   - A control code is done at once; one that follows a refused payload, or a lead by more than ENR_STATION_NOTE_S, has
     no lead to speak of.
   ENR_OK: *out_scan says what; its views are good until the next call of a function here. ENR_AGAIN: nothing yet. All
   bytes were taken, or the payload is held and the rest of the bytes must be given again. */
ENR_NODISCARD enr_status_t enr_station_take(enr_station_t *station, enr_span_t *bytes, uint32_t now_ms,
                                            enr_scan_t *out_scan);

/* True while a payload waits for the journal or for the roster's flash: step the agent, then take again. */
bool enr_station_is_held(const enr_station_t *station);

/* True while bytes are held that silence will end: *out_until_ms is when. */
bool enr_station_waits(const enr_station_t *station, uint32_t *out_until_ms);

/* Says that the program was busy for so long while bytes of the module waited: that was no silence of the module, which
   would have ended a payload. To be called before those bytes are taken. */
void enr_station_busy(enr_station_t *station, uint32_t ms);

/* Says that bytes of the module were lost: the payload under way is thrown away whole, and told as unreadable. */
void enr_station_lose(enr_station_t *station);

/* Looks at one lead that was captured before, and has the roster fill in whom its id names, so that it can be sent; a
   lead of somebody who does not want to be scanned is erased, unless something of it was sent already. Goes over all
   leads of the event once after enr_station_start, and again when a time becomes known. ENR_OK: nothing is to be done
   now. ENR_AGAIN: call it again, after a step of the agent. */
ENR_NODISCARD enr_status_t enr_station_step(enr_station_t *station, uint32_t now_ms);

/* Whether all that was captured may be erased, or sent with other settings: nothing is undelivered, or, with force,
   everything has stood in an export (domain 3). ENR_OK: it may. ENR_END: it may not. ENR_AGAIN: not known yet: step the
   agent, and ask again. ENR_E_FLASH. Asserts that there is a store. */
ENR_NODISCARD enr_status_t enr_station_may_wipe(enr_station_t *station, bool force, uint32_t now_ms);

/* Keeps that all leads up to this number, the highest of an export that went out whole, have stood in one. Statuses as
   enr_store_count. */
ENR_NODISCARD enr_status_t enr_station_exported(enr_store_t *store, uint32_t number);

#endif
