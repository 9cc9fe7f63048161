/* What the files of enrich leads share. */
#ifndef CLI_LEADS_H
#define CLI_LEADS_H

#include "../device.h"
#include "../record_json.h"

typedef struct {
    const options_t *options;
    device_t device;
    enr_journal_stats_t stats; /* when the journal was opened */
    uint32_t number;           /* of the lead that is meant, when one is */
    problem_t *problem;
} leads_t;

/* What can be done. Each says what it came to, and gives the exit code; with a problem it has said nothing. */
exit_code_t leads_list(leads_t *leads);
exit_code_t leads_show(leads_t *leads);
exit_code_t leads_stats(leads_t *leads);
exit_code_t leads_export(leads_t *leads);
exit_code_t leads_confirm(leads_t *leads);
exit_code_t leads_resend(leads_t *leads);
exit_code_t leads_give_up(leads_t *leads);
exit_code_t leads_erase(leads_t *leads);
exit_code_t leads_repair(leads_t *leads);

/* --- for them --- */

/* The next lead of a walk, with what its requests hold. ENR_OK, ENR_END; ENR_E_SEAL, ENR_E_SYNTAX, ENR_E_VERSION: only
   its number is good, and the walk goes on; ENR_E_FLASH. */
ENR_NODISCARD enr_status_t leads_next(leads_t *leads, enr_cursor_t *cursor, full_record_t *out_full);

/* A lead with all that is known of it, as the members of an object: "number", "lead", "requests". */
void leads_write_full(enr_json_writer_t *json, const full_record_t *record);

/* The lead that is meant. EXIT_DONE, or the problem: there is none, or it is damaged. */
exit_code_t leads_find(leads_t *leads, full_record_t *out_full);

/* True for what leads_next says of a lead that cannot be read. */
bool leads_is_damaged(enr_status_t status);

/* Fills the problem; its status says why. */
exit_code_t leads_fail(leads_t *leads, exit_code_t code, enr_status_t status, const char *what);

/* Repeats a call of the agent that says ENR_AGAIN, with steps between. */
#define LEADS_DO(leads, out_status, call)                                                                              \
    do {                                                                                                               \
        while (((out_status) = (call)) == ENR_AGAIN) {                                                                 \
            device_work(&(leads)->device);                                                                             \
        }                                                                                                              \
    } while (0)

#endif
