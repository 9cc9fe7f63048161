/* What the files of enrich run share. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "results.h"
#include "scans.h"

#include "../device.h"
#include "../profile.h"
#include "../roster.h"
#include "../session.h"
#include "../told.h"

#include "enrich/station.h"

/* A signal waits so long for the answer to a request that has left. */
#define RUN_GRACE_S 10u

/* A payload ends so long after its last byte, whatever is missing of it: it does not swallow the next one. */
#define RUN_IDLE_MS 1000u

/* The first request goes within this, when nothing else is said: a hall full of these gets its power back at once. */
#define RUN_SPREAD_MS 2000u

typedef struct {
    options_t options;
    service_t service;
    session_t session;
    device_t device;
    told_t told;
    const profile_t *profile; /* of the event's badges, or NULL */
    roster_file_t roster;
    enr_station_t station;
    scans_t scans;
    results_t results;
    uint32_t scan;             /* the number of the last one, from 1 */
    uint32_t not_kept;         /* scans that should have been kept and could not be */
    enr_journal_stats_t stats; /* at the start */
    enr_agent_status_t status;
    uint8_t flags;     /* as they were said last */
    bool unsafe;       /* likewise: the power may not go now */
    uint32_t filled;   /* likewise: leads that the roster has filled in … */
    uint32_t removed;  /* … or had erased */
    bool is_walking;   /* the station looks at earlier leads */
    uint32_t moved_ms; /* when a request last went on, or a scan came */
    uint32_t ask_ms;   /* when flags of an earlier run are asked about */
    bool asked;
    bool provisioned;  /* a code was taken over: the next run goes by it */
    bool stopping;     /* nothing more is begun … */
    uint32_t grace_ms; /* … and answers are awaited until then */
} run_t;

/* Says what became of one scan: one line each (capture.c). */
void capture_say(run_t *run, const enr_scan_t *scan);

/* How the run ends (end.c): says on standard error what is left, and gives the exit code with its problem, if any. */
exit_code_t end_run(run_t *run, problem_t *out_problem);

#endif
