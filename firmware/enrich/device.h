/* What a journal file makes of this computer: a badge scanner with its key, its store, its journal and its agent.
   FORMAT.md has the layout of the file. */
#ifndef CLI_DEVICE_H
#define CLI_DEVICE_H

#include "options.h"

#include "enrich_posix.h"

#include "enrich/agent.h"
#include "enrich/flash.h"

/* The size of a new journal, when none is given. */
#define DEVICE_SIZE_KIB 4096u

/* So long an erased or delivered lead is known when it is scanned again. */
#define DEVICE_TOMBSTONE_DAYS 90u

/* Must not be moved while open. All zero is closed. `agent`, `store` and `created` are for the commands. */
typedef struct {
    enr_agent_t agent;
    enr_store_t store;
    bool created; /* by this call of device_open */
    bool opened;
    char key_path[4096 + sizeof ".key"];
    enr_posix_flash_t file;
    enr_flash_t whole;
    enr_flash_part_t part;
    enr_flash_region_t store_region;
    enr_flash_region_t journal_region;
    enr_flash_t store_flash;
    enr_flash_t journal_flash;
    enr_posix_key_t key_file;
    enr_seal_t store_seal;
    enr_seal_t journal_seal;
    enr_journal_t journal;
    enr_clock_t clock;
} device_t;

/* Opens the journal that options->journal names, locks it, and mounts what is in it; with may_create, makes it, and its
   key, when there is none. TLS must be ready (service_ready_tls). Writes nothing to a journal that was there.
   EXIT_DONE, or the problem. The agent is then to be started. */
exit_code_t device_open(device_t *device, const options_t *options, bool may_create, problem_t *out_problem);

/* Starts the agent: of config, everything but journal, store, seal and clock is the caller's. EXIT_DONE, or the
   problem. */
exit_code_t device_start(device_t *device, const enr_agent_config_t *config, problem_t *out_problem);

/* Figures of the journal; before device_start only. */
exit_code_t device_stats(device_t *device, enr_journal_stats_t *out_stats, problem_t *out_problem);

/* Monotonic milliseconds. */
uint32_t device_now(const device_t *device);

/* One step of the agent, for a call that said ENR_AGAIN. */
void device_work(device_t *device);

/* True when something that was erased can, or may, still be read by who has the key. */
bool device_has_unpurged(const device_t *device);

/* Does what is left to do in the journal: purging, compaction. True: nothing that was erased can be read any more. */
bool device_settle(device_t *device);

/* Closing what is closed is allowed. */
void device_close(device_t *device);

/* Requests that will still be sent or read. */
uint32_t device_pending(const enr_agent_status_t *status);

#endif
