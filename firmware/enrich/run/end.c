/* How a run ends: what is left, and the exit code. */
#include "run.h"

#include "events.h"

#include "../answer_json.h"
#include "../interrupt.h"
#include "../progress.h"

#include <stdio.h>

static bool is_set(const run_t *run, enr_flag_t flag)
{
    return (run->status.flags >> flag & 1u) != 0;
}

/* What holds requests back, as a person would say it; NULL: nothing does. */
static const char *held_by(const run_t *run, exit_code_t *out_code)
{
    static const struct {
        enr_flag_t flag;
        exit_code_t code;
    } CODES[] = {
        {ENR_FLAG_UNAUTHORIZED, EXIT_KEY_REFUSED},
        {ENR_FLAG_WRONG_SERVICE, EXIT_ANSWER},
        {ENR_FLAG_CREDITS, EXIT_ACCOUNT},
        {ENR_FLAG_CONSENT, EXIT_ACCOUNT},
        {ENR_FLAG_PLAN, EXIT_ACCOUNT},
        {ENR_FLAG_TLS, EXIT_TLS},
        {ENR_FLAG_PORTAL, EXIT_NETWORK},
        {ENR_FLAG_NO_TIME, EXIT_TLS},
    };
    for (size_t i = 0; i < sizeof CODES / sizeof CODES[0]; i++) {
        if (is_set(run, CODES[i].flag)) {
            *out_code = CODES[i].code;
            return enr_flag_meaning(CODES[i].flag);
        }
    }
    return NULL;
}

/* "3 to send, 1 pending", in one buffer; nothing: it is empty. */
static void list_left(const enr_agent_status_t *status, char *out, size_t size)
{
    static const struct {
        enr_request_state_t state;
        const char *words;
    } LEFT[] = {
        {ENR_REQUEST_READY, "to send"},
        {ENR_REQUEST_SENDING, "on its way"},
        {ENR_REQUEST_PENDING, "pending"},
        {ENR_REQUEST_LATE, "late"},
        {ENR_REQUEST_UNKNOWN, "unknown"},
        {ENR_REQUEST_REJECTED, "rejected"},
        {ENR_REQUEST_CAPTURED, "without a name"},
        {ENR_REQUEST_REFUSED, "refused"},
        {ENR_REQUEST_FINISHED, "finished and not taken"},
    };
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof LEFT / sizeof LEFT[0]; i++) {
        uint32_t count = status->counts[LEFT[i].state];
        if (count > 0 && len < size) {
            int more = snprintf(out + len, size - len, "%s%u %s", len > 0 ? ", " : "", (unsigned)count, LEFT[i].words);
            len += more > 0 ? (size_t)more : 0;
        }
    }
}

static void say_end(const run_t *run, exit_code_t code)
{
    enr_json_writer_t *json = event_begin("end");
    event_number(json, "exit", (uint32_t)code);
    enr_json_key(json, ENR_SPAN("requests"));
    enr_json_object_begin(json);
    for (unsigned state = ENR_REQUEST_READY; state < ENR_REQUEST_ERASED; state++) {
        event_number(json, enr_request_state_name((enr_request_state_t)state), run->status.counts[state]);
    }
    enr_json_object_end(json);
    event_end(NULL);
}

/* What the run came to, by what a person has to look at first; *out_what says it in words, or is NULL. */
static exit_code_t judge(const run_t *run, const char **out_what)
{
    const uint32_t *counts = run->status.counts;
    exit_code_t code = EXIT_DONE;
    *out_what = NULL;
    if (interrupt_number() != 0) {
        *out_what = "interrupted";
        return interrupt_exit();
    }
    if (events_fault() != NULL) {
        *out_what = events_fault();
        return EXIT_SETTING;
    }
    if (run->provisioned) { /* the next run goes on, with other settings */
        return EXIT_DONE;
    }
    if (run->not_kept > 0) {
        *out_what = "not every scan could be kept";
        return EXIT_SETTING;
    }
    if (counts[ENR_REQUEST_UNKNOWN] > 0) {
        *out_what = "the outcome of some requests is unknown: look before you send them again";
        return EXIT_UNKNOWN;
    }
    if (device_pending(&run->status) > 0) {
        const char *held = held_by(run, &code);
        if (held != NULL) {
            *out_what = held;
            return code;
        }
        *out_what = run->status.last_error < 0 ? enr_status_meaning(run->status.last_error) : "not all is finished";
        code = run->status.last_error < 0 ? outcome_exit(run->status.last_error) : EXIT_PENDING;
        return code;
    }
    if (counts[ENR_REQUEST_LATE] > 0) {
        *out_what = "some results are late";
        return EXIT_PENDING;
    }
    if (counts[ENR_REQUEST_REJECTED] > 0) {
        *out_what = "the service has refused some";
        return EXIT_REFUSED_THERE;
    }
    if (counts[ENR_REQUEST_REFUSED] > 0) {
        *out_what = "some were refused here";
        return EXIT_REFUSED_HERE;
    }
    return EXIT_DONE;
}

exit_code_t end_run(run_t *run, problem_t *out_problem)
{
    static char hint[256];
    const char *words = NULL;
    enr_agent_status(&run->device.agent, device_now(&run->device), &run->status);
    exit_code_t code = judge(run, &words);
    say_end(run, code);
    progress_clear();
    if (words == NULL) {
        return code;
    }
    list_left(&run->status, hint, sizeof hint);
    *out_problem = (problem_t){.where = events_fault() != NULL ? "standard output" : run->options.journal,
                               .what = words,
                               .hint = hint[0] != '\0' ? hint : NULL};
    return code;
}
