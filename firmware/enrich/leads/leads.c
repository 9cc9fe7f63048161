#include "leads.h"

#include "../commands.h"
#include "../config.h"
#include "../report.h"
#include "../session.h"

#include <stdio.h>
#include <string.h>

/* What an action takes beside --journal and --device-key. */
enum { JSON = 1, STATE = 2, TYPE = 4, BADGE = 8, NUMBER = 16, DIGEST = 32, VCARD = 64 };

typedef struct {
    const char *word;
    unsigned takes;
    exit_code_t (*run)(leads_t *leads);
} action_t;

static const action_t ACTIONS[] = {
    {"list", JSON | STATE, leads_list},
    {"show", JSON | NUMBER, leads_show},
    {"stats", JSON, leads_stats},
    {"export", JSON | VCARD, leads_export},
    {"confirm", DIGEST, leads_confirm},
    {"resend", NUMBER | TYPE, leads_resend},
    {"give-up", NUMBER | TYPE, leads_give_up},
    {"erase", NUMBER | BADGE, leads_erase},
    {"repair", 0, leads_repair},
};
#define ACTION_COUNT (sizeof ACTIONS / sizeof ACTIONS[0])

/* --- for the actions --- */

exit_code_t leads_fail(leads_t *leads, exit_code_t code, enr_status_t status, const char *what)
{
    static char where[24];
    (void)snprintf(where, sizeof where, leads->number > 0 ? "lead %u" : "leads", (unsigned)leads->number);
    *leads->problem = (problem_t){.status = status, .where = where, .what = what};
    return code;
}

bool leads_is_damaged(enr_status_t status)
{
    return status == ENR_E_SEAL || status == ENR_E_SYNTAX || status == ENR_E_VERSION;
}

/* ENR_AGAIN of a walk that has moved on needs no step; without one nothing is written. */
static enr_status_t next(leads_t *leads, enr_cursor_t *cursor, enr_record_t *out_record)
{
    for (;;) {
        enr_cursor_t before = *cursor;
        enr_status_t status = enr_agent_next(&leads->device.agent, cursor, out_record);
        if (status != ENR_AGAIN) {
            return status;
        }
        if (memcmp(&before, cursor, sizeof before) == 0) {
            device_work(&leads->device);
        }
    }
}

enr_status_t leads_next(leads_t *leads, enr_cursor_t *cursor, full_record_t *out_full)
{
    for (;;) {
        enr_cursor_t before = *cursor;
        enr_status_t status = next(leads, cursor, &out_full->record);
        if (status == ENR_OK) {
            status = record_read_data(&leads->device.agent, out_full);
        }
        if (status != ENR_AGAIN) {
            return status;
        }
        *cursor = before;
        device_work(&leads->device);
    }
}

exit_code_t leads_find(leads_t *leads, full_record_t *out_full)
{
    enr_status_t status;
    LEADS_DO(leads, status, enr_agent_find(&leads->device.agent, leads->number, &out_full->record));
    if (status == ENR_OK) {
        LEADS_DO(leads, status, record_read_data(&leads->device.agent, out_full));
    }
    if (status == ENR_END) {
        return leads_fail(leads, EXIT_NO_SUCH_ID, ENR_OK, "there is none, or it was erased");
    }
    return status == ENR_OK ? EXIT_DONE : leads_fail(leads, EXIT_SETTING, status, enr_status_meaning(status));
}

/* --- arguments --- */

static exit_code_t wrong(problem_t *out_problem, const char *where, const char *what)
{
    (void)outcome_problem(out_problem, EXIT_USAGE, where, what);
    out_problem->hint = "enrich leads --help shows how";
    return EXIT_USAGE;
}

static exit_code_t check_options(const action_t *action, const options_t *options, problem_t *out_problem)
{
    const struct {
        bool given;
        unsigned bit;
        const char *option;
    } given[] = {
        {options->json, JSON, "--json"},
        {options->vcard, VCARD, "--vcard"},
        {options->state != NULL, STATE, "--state"},
        {options->types != 0, TYPE, "--type"},
        {options->badge != NULL, BADGE, "--badge"},
        {options->event != NULL, BADGE, "--event"},
    };
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        if (given[i].given && (action->takes & given[i].bit) == 0) {
            return wrong(out_problem, given[i].option, "is not for this");
        }
    }
    if (options->json && options->vcard) {
        return wrong(out_problem, "--vcard", "and --json are two forms of an export: choose one");
    }
    if ((action->takes & TYPE) != 0 && (options->types == 0 || (options->types & (options->types - 1)) != 0)) {
        return wrong(out_problem, action->word, "needs one --type: email, phone or personal_email");
    }
    return EXIT_DONE;
}

static exit_code_t check_argument(const action_t *action, leads_t *leads)
{
    const options_t *options = leads->options;
    bool by_badge = options->badge != NULL;
    bool wants = (action->takes & (NUMBER | DIGEST)) != 0 && !by_badge;
    if (!wants && options->argument != NULL) {
        return wrong(leads->problem, options->argument, "one argument too many");
    }
    if (wants && options->argument == NULL) {
        return wrong(leads->problem, action->word,
                     (action->takes & DIGEST) != 0  ? "needs the digest of an export"
                     : (action->takes & BADGE) != 0 ? "needs a lead's number, or --badge FILE"
                                                    : "needs a lead's number");
    }
    if (wants && (action->takes & NUMBER) != 0 && !options_number(options->argument, UINT32_MAX, &leads->number)) {
        return wrong(leads->problem, options->argument, "is not a lead's number");
    }
    return EXIT_DONE;
}

static exit_code_t find_action(leads_t *leads, const action_t **out_action)
{
    const options_t *options = leads->options;
    if (options->operand == NULL) {
        return wrong(leads->problem, "leads",
                     "needs what to do: list, show, stats, export, confirm, resend, give-up, erase or repair");
    }
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        if (strcmp(ACTIONS[i].word, options->operand) == 0) {
            *out_action = &ACTIONS[i];
            exit_code_t code = check_options(*out_action, options, leads->problem);
            return code == EXIT_DONE ? check_argument(*out_action, leads) : code;
        }
    }
    return wrong(leads->problem, options->operand, "is nothing that leads can do");
}

/* --- the command --- */

/* Everything up to the action. The states of requests are judged as by a run that allows every type. */
static exit_code_t prepare(leads_t *leads, options_t *options)
{
    exit_code_t code = EXIT_DONE;
    if (options->config != NULL) {
        code = config_read(options->config, options, leads->problem);
    }
    if (code == EXIT_DONE) {
        code = service_ready_tls(leads->problem);
    }
    if (code == EXIT_DONE) {
        code = device_open(&leads->device, options, false, leads->problem);
    }
    if (code == EXIT_DONE) {
        code = device_stats(&leads->device, &leads->stats, leads->problem);
    }
    if (code == EXIT_DONE) {
        enr_agent_config_t agent = {.personal_email = true, .tombstone_days = DEVICE_TOMBSTONE_DAYS};
        code = device_start(&leads->device, &agent, leads->problem);
    }
    return code;
}

int leads_run(const options_t *options)
{
    static leads_t leads;
    static options_t all;
    const action_t *action = NULL;
    report_t report = {.command = "leads", .options = options};
    all = *options;
    leads.options = options;
    leads.problem = &report.problem;
    report.code = find_action(&leads, &action);
    if (report.code == EXIT_DONE) {
        report.code = prepare(&leads, &all);
        leads.options = &all;
    }
    if (report.code == EXIT_DONE) {
        report.code = action->run(&leads);
    }
    int code = report_print(&report);
    device_close(&leads.device);
    return code;
}
