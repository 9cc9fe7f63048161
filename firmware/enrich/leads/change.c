/* resend, give-up, erase, repair: what an operator decides. */
#include "leads.h"

#include "../badge_lead.h"
#include "../input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static full_record_t full;

static const char *type_word(unsigned number)
{
    return (const char *)enr_type_name(enr_type_of_number(number)).ptr;
}

/* The request that is meant, in one of these states (bits of 1 << state); otherwise the problem says `rule`. */
static exit_code_t find_request(leads_t *leads, unsigned states, const char *rule, const enr_request_t **out_request)
{
    static char what[160];
    exit_code_t code = leads_find(leads, &full);
    if (code != EXIT_DONE) {
        return code;
    }
    unsigned number = enr_type_number((enr_type_t)leads->options->types);
    *out_request = &full.record.requests[number];
    if ((states >> (*out_request)->state & 1u) != 0) {
        return EXIT_DONE;
    }
    (void)snprintf(what, sizeof what, "its request for %s is %s; %s", type_word(number),
                   enr_request_state_name((*out_request)->state), rule);
    return leads_fail(leads, EXIT_REFUSED_HERE, ENR_OK, what);
}

static exit_code_t say_changed(leads_t *leads, enr_status_t status, const char *words)
{
    if (status != ENR_OK) {
        return leads_fail(leads, EXIT_SETTING, status, enr_status_meaning(status));
    }
    (void)printf("lead %u: %s\n", (unsigned)leads->number, words);
    return EXIT_DONE;
}

exit_code_t leads_resend(leads_t *leads)
{
    const enr_request_t *request;
    exit_code_t code = find_request(leads, 1u << ENR_REQUEST_UNKNOWN | 1u << ENR_REQUEST_REJECTED,
                                    "only unknown and rejected ones are sent again", &request);
    if (code != EXIT_DONE) {
        return code;
    }
    if (request->state == ENR_REQUEST_UNKNOWN) {
        (void)fprintf(
            stderr,
            "enrich: lead %u: it was sent %u time%s, and may have been accepted and billed; sent again, it may be "
            "billed once more\n",
            (unsigned)leads->number, request->attempts, request->attempts == 1 ? "" : "s");
    }
    enr_status_t status;
    enr_type_t type = (enr_type_t)leads->options->types;
    LEADS_DO(leads, status, enr_agent_resend(&leads->device.agent, leads->number, type, device_now(&leads->device)));
    return say_changed(leads, status, "will be sent again by the next run");
}

exit_code_t leads_give_up(leads_t *leads)
{
    const enr_request_t *request;
    exit_code_t code = find_request(leads,
                                    1u << ENR_REQUEST_UNKNOWN | 1u << ENR_REQUEST_LATE | 1u << ENR_REQUEST_REJECTED |
                                        1u << ENR_REQUEST_REFUSED,
                                    "only unknown, late, rejected and refused ones can be given up", &request);
    if (code != EXIT_DONE) {
        return code;
    }
    enr_status_t status;
    enr_type_t type = (enr_type_t)leads->options->types;
    LEADS_DO(leads, status, enr_agent_give_up(&leads->device.agent, leads->number, type, device_now(&leads->device)));
    code = say_changed(leads, status, "given up");
    (void)device_settle(&leads->device);
    return code;
}

/* Reads a badge as run does, so that the lead has the same name. */
static exit_code_t read_badge(leads_t *leads, enr_lead_t *out_lead)
{
    static uint8_t payload[ENR_BADGE_MAX + 1];
    const char *path = leads->options->badge;
    size_t len = 0;
    unsigned mode = 0;
    *out_lead = (enr_lead_t){.event = enr_span_from_str(leads->options->event)};
    switch (input_read(path, true, payload, ENR_BADGE_MAX, &len, &mode)) {
    case INPUT_FAILED:
        return outcome_problem(leads->problem, EXIT_SETTING, path, strerror(errno));
    case INPUT_TOO_LARGE:
        return outcome_problem(leads->problem, EXIT_SETTING, path,
                               "a badge is at most " TEXT_OF(ENR_BADGE_MAX) " bytes");
    case INPUT_OK:
        break;
    }
    while (len > 0 && (payload[len - 1] == '\n' || payload[len - 1] == '\r')) {
        len--;
    }
    enr_status_t status = badge_lead((enr_span_t){payload, len}, out_lead);
    return status == ENR_OK || status == ENR_E_LIMIT
               ? EXIT_DONE
               : outcome_problem(leads->problem, EXIT_SETTING, path, "has nothing that can be read");
}

static exit_code_t erase(leads_t *leads, enr_status_t *out_status)
{
    enr_agent_t *agent = &leads->device.agent;
    if (leads->options->badge == NULL) {
        LEADS_DO(leads, *out_status, enr_agent_erase(agent, leads->number, device_now(&leads->device)));
        return EXIT_DONE;
    }
    enr_lead_t lead;
    exit_code_t code = read_badge(leads, &lead);
    if (code == EXIT_DONE) {
        LEADS_DO(leads, *out_status, enr_agent_erase_named(agent, &lead, device_now(&leads->device)));
    }
    return code;
}

exit_code_t leads_erase(leads_t *leads)
{
    enr_status_t status = ENR_OK;
    exit_code_t code = erase(leads, &status);
    if (code != EXIT_DONE) {
        return code;
    }
    if (status == ENR_END) {
        return leads_fail(leads, EXIT_NO_SUCH_ID, ENR_OK, "there is none, or it was erased before");
    }
    if (status != ENR_OK) {
        return leads_fail(leads, EXIT_SETTING, status, enr_status_meaning(status));
    }
    bool purged = device_settle(&leads->device);
    (void)puts(purged ? "erased: nothing of it can be read any more" : "erased: what it held goes with the next run");
    return EXIT_DONE;
}

exit_code_t leads_repair(leads_t *leads)
{
    (void)device_settle(&leads->device);
    enr_journal_stats_t stats;
    enr_journal_stats(&leads->device.journal, &stats);
    (void)printf("damaged before: %u, now: %u\n", (unsigned)leads->stats.damaged, (unsigned)stats.damaged);
    return EXIT_DONE;
}
