#include "dispatch.h"

#include "pace.h"
#include "say.h"

#include "../interrupt.h"
#include "../progress.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One POST: a batch of rows, or a single one. */
typedef struct {
    row_t **rows;
    size_t count;
    enum { WAITING, UNDER_WAY, DECIDED } state;
} request_t;

/* A connection, with the POST or the read on it, if any. */
typedef struct {
    session_t session;
    request_t *request;
    row_t *reading;
    bool committed;    /* the request may have left */
    unsigned wave;     /* of the pace, when the request began */
    uint32_t until_ms; /* of the read */
    enr_wait_t wait;
} place_t;

typedef struct {
    bulk_t *bulk;
    place_t places[PACE_PARALLEL_MAX];
    row_t **queue; /* the rows to send, in their order */
    request_t *requests;
    size_t request_count;
    size_t first; /* no request before it is waiting */
    pace_t pace;
    bool reads_held; /* until reads_ms, by a read that failed */
    uint32_t reads_ms;
    bool interrupted;
    uint32_t grace_ms; /* when what is under way is given up after a signal */
} dispatch_t;

/* --- the plan --- */

static bool is_to_send(const row_t *row)
{
    return row->outcome == OUTCOME_NOT_SENT && row->reason == NULL;
}

/* Batches of nearly the same size, so that none of one is left over: 101 rows are 51 and 50. */
static void plan_requests(dispatch_t *dispatch, size_t count)
{
    size_t batches = dispatch->bulk->batches;
    size_t requests = batches > 0 ? batches : count;
    row_t **at = dispatch->queue;
    for (size_t i = 0; i < requests; i++) {
        size_t size = count / requests + (i < count % requests ? 1 : 0);
        dispatch->requests[dispatch->request_count++] = (request_t){.rows = at, .count = size, .state = WAITING};
        at += size;
    }
}

static bool make_plan(dispatch_t *dispatch)
{
    rows_t *rows = &dispatch->bulk->rows;
    dispatch->queue = calloc(rows->count, sizeof(row_t *));
    dispatch->requests = calloc(rows->count, sizeof dispatch->requests[0]); /* enough when all are split to singles */
    if (dispatch->queue == NULL || dispatch->requests == NULL) {
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++) {
        if (is_to_send(&rows->rows[i])) {
            dispatch->queue[count++] = &rows->rows[i];
        }
    }
    plan_requests(dispatch, count);
    return true;
}

/* --- what is next --- */

static size_t posts_under_way(const dispatch_t *dispatch)
{
    size_t count = 0;
    for (size_t i = 0; i < PACE_PARALLEL_MAX; i++) {
        count += dispatch->places[i].request != NULL ? 1 : 0;
    }
    return count;
}

static request_t *first_waiting(dispatch_t *dispatch)
{
    while (dispatch->first < dispatch->request_count && dispatch->requests[dispatch->first].state != WAITING) {
        dispatch->first++;
    }
    return dispatch->first < dispatch->request_count ? &dispatch->requests[dispatch->first] : NULL;
}

static request_t *next_request(dispatch_t *dispatch, uint32_t now_ms)
{
    if (dispatch->bulk->ended != NULL || pace_is_held(&dispatch->pace, now_ms) ||
        posts_under_way(dispatch) >= pace_parallel(&dispatch->pace)) {
        return NULL;
    }
    return first_waiting(dispatch);
}

/* True when nothing more is begun, not even a read. */
static bool is_over(const dispatch_t *dispatch)
{
    return dispatch->interrupted || dispatch->bulk->output_lost;
}

/* The row whose result has been due for longest, or will be first. */
static row_t *next_read(const dispatch_t *dispatch)
{
    row_t *next = NULL;
    rows_t *rows = &dispatch->bulk->rows;
    for (size_t i = 0; dispatch->bulk->options->wait && i < rows->count; i++) {
        row_t *row = &rows->rows[i];
        if (row->reading == READ_LATER && (next == NULL || !service_is_past(row->poll.next_ms, next->poll.next_ms))) {
            next = row;
        }
    }
    return next;
}

static uint32_t read_time(const dispatch_t *dispatch, const row_t *row)
{
    bool held = dispatch->reads_held && service_is_past(dispatch->reads_ms, row->poll.next_ms);
    return held ? dispatch->reads_ms : row->poll.next_ms;
}

/* --- beginning --- */

static void set_waiting(dispatch_t *dispatch, request_t *request)
{
    size_t at = (size_t)(request - dispatch->requests);
    request->state = WAITING;
    dispatch->first = at < dispatch->first ? at : dispatch->first;
}

/* A request that has not left goes back. */
static void give_back(dispatch_t *dispatch, place_t *place)
{
    enr_api_close(&place->session.api);
    set_waiting(dispatch, place->request);
    place->request = NULL;
}

static enr_status_t make_tokens(const request_t *request)
{
    enr_status_t status = ENR_OK;
    for (size_t i = 0; i < request->count && status == ENR_OK; i++) {
        status = enr_tls_token(request->rows[i]->token);
    }
    return status;
}

static enr_status_t start_batch(bulk_t *bulk, enr_api_t *api, const request_t *request, uint32_t now_ms)
{
    static enr_bulk_item_t items[ENR_BULK_MAX];
    for (size_t i = 0; i < request->count; i++) {
        const row_t *row = request->rows[i];
        items[i] = (enr_bulk_item_t){
            .contact = row->contact,
            .custom = row->custom,
            .custom_count = row->custom_count,
            .token = {row->token, sizeof row->token},
        };
    }
    enr_refusal_t refusal; /* empty: this was checked */
    size_t item = 0;
    return enr_api_start_bulk(api, items, request->count, &bulk->ask, now_ms, &refusal, &item);
}

static enr_status_t start_single(bulk_t *bulk, enr_api_t *api, const row_t *row, uint32_t now_ms)
{
    enr_options_t ask = bulk->ask;
    ask.custom = row->custom;
    ask.custom_count = row->custom_count;
    ask.token = (enr_span_t){row->token, sizeof row->token};
    enr_refusal_t refusal; /* empty: this was checked */
    return enr_api_start_single(api, &row->contact, &ask, now_ms, &refusal);
}

/* False: it could not even be begun, which ends the run. */
static bool begin_post(dispatch_t *dispatch, place_t *place, request_t *request, uint32_t now_ms)
{
    bulk_t *bulk = dispatch->bulk;
    enr_api_t *api = &place->session.api;
    enr_status_t status = make_tokens(request);
    if (status == ENR_OK) {
        status = request->count > 1 ? start_batch(bulk, api, request, now_ms)
                                    : start_single(bulk, api, request->rows[0], now_ms);
    }
    if (status != ENR_OK) {
        problem_t problem = session_problem(&place->session, status);
        bulk_end(bulk, outcome_exit(status), &problem, NULL);
        return false;
    }
    request->state = UNDER_WAY;
    place->request = request;
    place->committed = false;
    place->wave = dispatch->pace.wave;
    return true;
}

static void begin_read(place_t *place, row_t *row, uint32_t now_ms)
{
    enr_span_t token = {row->token, sizeof row->token};
    enr_status_t status = enr_api_start_get(&place->session.api, row_id(row), token, now_ms);
    assert(status == ENR_OK); /* the id came from an answer, or was checked when the record was read */
    (void)status;
    row->reading = READ_NOW;
    place->reading = row;
    place->until_ms = poll_until(&row->poll, now_ms);
}

/* Begins what is next on an idle connection. False: there is nothing now. */
static bool begin(dispatch_t *dispatch, place_t *place)
{
    uint32_t now_ms = service_now(&dispatch->bulk->service);
    if (is_over(dispatch)) {
        return false;
    }
    request_t *request = next_request(dispatch, now_ms);
    if (request != NULL) {
        return begin_post(dispatch, place, request, now_ms);
    }
    row_t *row = next_read(dispatch);
    if (row == NULL || !service_is_past(now_ms, read_time(dispatch, row))) {
        return false;
    }
    begin_read(place, row, now_ms);
    return true;
}

/* --- what a POST came to --- */

static void write_record(bulk_t *bulk, const request_t *request)
{
    if (!record_outcome(&bulk->record, request->rows, request->count)) {
        problem_t problem = {.where = bulk->record.path, .what = strerror(errno)};
        bulk_end(bulk, EXIT_SETTING, &problem, NULL);
    }
}

static void set_outcome(const request_t *request, request_outcome_t outcome, const reason_t *reason)
{
    for (size_t i = 0; i < request->count; i++) {
        request->rows[i]->outcome = outcome;
        request->rows[i]->reason = reason;
    }
}

static void take_accepted(dispatch_t *dispatch, place_t *place)
{
    bulk_t *bulk = dispatch->bulk;
    const request_t *request = place->request;
    const enr_answer_t *answer = &place->session.api.answer;
    pace_good(&dispatch->pace);
    set_outcome(request, OUTCOME_ACCEPTED, NULL);
    for (size_t i = 0; i < request->count; i++) {
        row_t *row = request->rows[i];
        memcpy(row->id, answer->result.id.ptr, answer->result.id.len);
        row->id_len = answer->result.id.len;
        row->in_batch = request->count > 1;
        row->verified = answer->verified;
    }
    write_record(bulk, request);
    row_t *first = request->rows[0];
    if (request->count > 1) {
        say_batch(bulk, request->rows, request->count, answer);
    } else if (bulk->options->wait && answer->result.progress != ENR_PROGRESS_FINISHED) {
        first->reading = READ_LATER;
        poll_start(&first->poll, &bulk->service.settings, true, service_now(&bulk->service));
    } else {
        say_row(bulk, first, answer, true);
    }
}

/* The rows have this outcome for good. */
static void decide(dispatch_t *dispatch, place_t *place, enr_status_t status, const problem_t *problem)
{
    bulk_t *bulk = dispatch->bulk;
    const request_t *request = place->request;
    const enr_answer_t *answer = &place->session.api.answer;
    request_outcome_t outcome = report_outcome(answer);
    exit_code_t code = outcome == OUTCOME_UNKNOWN ? EXIT_UNKNOWN : outcome_exit(status);
    const enr_answer_t *shown = status == ENR_E_IDENTITY ? NULL : answer; /* another person's data are not shown */
    set_outcome(request, outcome, rows_reason(&bulk->rows, outcome, code, problem, shown));
    if (place->committed) {
        write_record(bulk, request);
    }
    for (size_t i = 0; i < request->count; i++) {
        say_row(bulk, request->rows[i], shown, false);
    }
}

/* The service refuses a batch whole for the data of one contact, and enqueues nothing of it (api-contract 7): halves of
   it find which. */
static void split(dispatch_t *dispatch, request_t *request)
{
    size_t half = request->count / 2;
    dispatch->requests[dispatch->request_count++] =
        (request_t){.rows = request->rows + half, .count = request->count - half, .state = WAITING};
    request->count = half;
    set_waiting(dispatch, request);
}

/* Nothing of it was accepted, so that its rows may be sent again. */
static void take_back(dispatch_t *dispatch, const place_t *place)
{
    request_t *request = place->request;
    set_outcome(request, report_outcome(&place->session.api.answer), NULL);
    if (place->committed) {
        write_record(dispatch->bulk, request);
    }
    set_outcome(request, OUTCOME_NOT_SENT, NULL);
    set_waiting(dispatch, request);
}

static void say_again(const dispatch_t *dispatch, const problem_t *problem, uint32_t now_ms)
{
    uint32_t delay_ms = dispatch->pace.hold_until_ms - now_ms;
    progress_clear();
    (void)fprintf(stderr, "enrich: %s: %s; going on in %u.%u s\n", problem->where, problem->what,
                  (unsigned)(delay_ms / 1000), (unsigned)(delay_ms % 1000 / 100));
}

/* It came to nothing that passes. False: the run ends, for this problem. */
static bool goes_on(dispatch_t *dispatch, const place_t *place, enr_status_t status, problem_t *problem)
{
    uint32_t now_ms = service_now(&dispatch->bulk->service);
    bool was_held = pace_is_held(&dispatch->pace, now_ms);
    if (!pace_bad(&dispatch->pace, status, &place->session.api.answer, place->wave,
                  dispatch->bulk->service.settings.deadline_s, now_ms)) {
        if (dispatch->pace.failures >= PACE_FAILURES_MAX) {
            problem->what = TEXT_OF(PACE_FAILURES_MAX) " requests in a row came to nothing";
        }
        return false;
    }
    if (!was_held && pace_is_held(&dispatch->pace, now_ms)) {
        say_again(dispatch, problem, now_ms);
    }
    return true;
}

static void take_failure(dispatch_t *dispatch, place_t *place, enr_status_t status)
{
    const enr_answer_t *answer = &place->session.api.answer;
    problem_t problem = session_problem(&place->session, status);
    bool unknown = answer->verdict == ENR_MAY_HAVE_BEEN_ACCEPTED;
    if (status == ENR_AGAIN) {
        problem = (problem_t){.where = place->session.where, .what = "interrupted"};
    }
    if (status == ENR_E_VALIDATION) {
        pace_good(&dispatch->pace);
        if (place->request->count > 1) {
            take_back(dispatch, place);
            split(dispatch, place->request);
        } else {
            decide(dispatch, place, status, &problem);
        }
        return;
    }
    if (unknown) {
        decide(dispatch, place, status, &problem);
    }
    bool on =
        status == ENR_AGAIN || ((unknown || outcome_passes(status)) && goes_on(dispatch, place, status, &problem));
    if (!unknown && on) {
        take_back(dispatch, place);
    } else if (!unknown) {
        decide(dispatch, place, status, &problem);
    }
    if (!on) {
        bulk_end(dispatch->bulk, outcome_exit(status), &problem, answer);
    }
}

static void end_post(dispatch_t *dispatch, place_t *place, enr_status_t status)
{
    place->request->state = DECIDED;
    if (status == ENR_OK) {
        take_accepted(dispatch, place);
    } else {
        take_failure(dispatch, place, status);
    }
    place->request = NULL;
}

/* --- what a read came to --- */

/* A failed read makes all others wait as well (behaviours 36). */
static void hold_reads(dispatch_t *dispatch, const row_t *row, const problem_t *problem, uint32_t now_ms)
{
    if (!dispatch->reads_held) {
        uint32_t delay_ms = row->poll.next_ms - now_ms;
        progress_clear();
        (void)fprintf(stderr, "enrich: %s: %s; reading again in %u.%u s\n", problem->where, problem->what,
                      (unsigned)(delay_ms / 1000), (unsigned)(delay_ms % 1000 / 100));
    }
    dispatch->reads_held = true;
    dispatch->reads_ms = row->poll.next_ms;
}

static void leave_unread(bulk_t *bulk, row_t *row, const problem_t *problem, const enr_answer_t *answer,
                         bool has_result)
{
    row->reading = READ_DONE;
    row->reason = rows_reason(&bulk->rows, OUTCOME_ACCEPTED, EXIT_PENDING, problem, has_result ? NULL : answer);
    say_row(bulk, row, answer, has_result);
}

static void end_read(dispatch_t *dispatch, place_t *place, enr_status_t status)
{
    bulk_t *bulk = dispatch->bulk;
    row_t *row = place->reading;
    const enr_answer_t *answer = &place->session.api.answer;
    uint32_t now_ms = service_now(&bulk->service);
    problem_t problem = session_problem(&place->session, status);
    place->reading = NULL;
    row->verified = status == ENR_OK && answer->verified;
    poll_end_t end = poll_judge(&row->poll, status, answer, now_ms);
    dispatch->reads_held = dispatch->reads_held && end == POLL_AGAIN && row->poll.failed;
    switch (end) {
    case POLL_AGAIN:
        row->reading = READ_LATER;
        if (row->poll.failed) {
            hold_reads(dispatch, row, &problem, now_ms);
        }
        break;
    case POLL_FINISHED:
        row->reading = READ_DONE;
        say_row(bulk, row, answer, true);
        break;
    case POLL_LATE:
        problem = (problem_t){.where = place->session.where, .what = "not finished at the deadline"};
        leave_unread(bulk, row, &problem, answer, true);
        break;
    default:
        leave_unread(bulk, row, &problem, status == ENR_E_IDENTITY ? NULL : answer, false);
        break;
    }
}

/* --- the loop --- */

/* The gate: the rows stand in the record before a byte of the request leaves (DESIGN 6). */
static void pass_gate(dispatch_t *dispatch, place_t *place)
{
    bulk_t *bulk = dispatch->bulk;
    const request_t *request = place->request;
    if (bulk->ended == NULL && !record_sending(&bulk->record, request->rows, request->count)) {
        problem_t problem = {.where = bulk->record.path, .what = strerror(errno)};
        bulk_end(bulk, EXIT_SETTING, &problem, NULL);
    }
    if (bulk->ended != NULL) {
        give_back(dispatch, place);
        return;
    }
    place->committed = true;
    enr_api_commit(&place->session.api);
}

/* Goes on with what is under way. False: it waits. */
static bool step(dispatch_t *dispatch, place_t *place)
{
    session_t *session = &place->session;
    uint32_t now_ms = service_now(&dispatch->bulk->service);
    enr_status_t status = enr_api_step(&session->api, now_ms, &place->wait);
    if (status == ENR_READY) {
        pass_gate(dispatch, place);
        return true;
    }
    session->cut = place->reading != NULL && service_is_past(now_ms, place->until_ms);
    bool given_up = dispatch->interrupted && service_is_past(now_ms, dispatch->grace_ms);
    if (status == ENR_AGAIN && !session->cut && !given_up) {
        return false;
    }
    if (status == ENR_AGAIN) {
        enr_api_close(&session->api);
        status = session->cut ? ENR_E_TIMEOUT_TOTAL : ENR_AGAIN;
    }
    if (place->request != NULL) {
        end_post(dispatch, place, status);
    } else if (place->reading != NULL) {
        end_read(dispatch, place, status);
    }
    return true;
}

static bool is_under_way(const place_t *place)
{
    return place->request != NULL || place->reading != NULL;
}

/* Does what can be done now on one connection. True: something ended or left. */
static bool work(dispatch_t *dispatch, place_t *place)
{
    bool moved = false;
    while ((is_under_way(place) || begin(dispatch, place)) && step(dispatch, place)) {
        moved = true;
    }
    return moved;
}

/* A signal: nothing more is begun, what has not left goes back, and answers to the rest are awaited for a while. */
static void notice_signal(dispatch_t *dispatch)
{
    if (interrupt_number() == 0 || dispatch->interrupted) {
        return;
    }
    bulk_t *bulk = dispatch->bulk;
    dispatch->interrupted = true;
    dispatch->grace_ms = service_now(&bulk->service) + DISPATCH_GRACE_S * 1000;
    problem_t problem = {.where = bulk->service.settings.where, .what = "interrupted"};
    bulk_end(bulk, interrupt_exit(), &problem, NULL);
    for (size_t i = 0; i < PACE_PARALLEL_MAX; i++) {
        place_t *place = &dispatch->places[i];
        if (place->reading != NULL) {
            enr_api_close(&place->session.api);
            place->reading->reading = READ_LATER;
            place->reading = NULL;
        } else if (place->request != NULL && !place->committed) {
            give_back(dispatch, place);
        }
    }
    size_t count = posts_under_way(dispatch);
    if (count > 0) {
        progress_clear();
        (void)fprintf(stderr, "enrich: interrupted: waiting %d s at most for the answers to %zu request%s\n",
                      DISPATCH_GRACE_S, count, count == 1 ? "" : "s");
    }
}

/* What an idle connection waits for: the end of a pause, or the time of the next read. False: nothing, or an answer on
   another connection. */
static bool wait_of_idle(dispatch_t *dispatch, enr_wait_t *out_wait)
{
    bulk_t *bulk = dispatch->bulk;
    uint32_t now_ms = service_now(&bulk->service);
    *out_wait = (enr_wait_t){0};
    if (is_over(dispatch)) {
        return false;
    }
    if (bulk->ended == NULL && first_waiting(dispatch) != NULL &&
        posts_under_way(dispatch) < pace_parallel(&dispatch->pace)) {
        bool held = pace_is_held(&dispatch->pace, now_ms);
        session_wait_no_longer(out_wait, held ? dispatch->pace.hold_until_ms : now_ms);
    }
    const row_t *row = next_read(dispatch);
    if (row != NULL) {
        session_wait_no_longer(out_wait, read_time(dispatch, row));
    }
    return out_wait->has_time;
}

/* Sleeps until a connection can go on. False: there is nothing to wait for. */
static bool wait_for_any(dispatch_t *dispatch)
{
    enr_posix_waiter_t waiters[PACE_PARALLEL_MAX + 1];
    size_t count = 0;
    for (size_t i = 0; i < PACE_PARALLEL_MAX; i++) {
        place_t *place = &dispatch->places[i];
        if (!is_under_way(place)) {
            continue;
        }
        if (place->reading != NULL) {
            session_wait_no_longer(&place->wait, place->until_ms);
        }
        if (dispatch->interrupted) {
            session_wait_no_longer(&place->wait, dispatch->grace_ms);
        }
        waiters[count++] = (enr_posix_waiter_t){.net = &place->session.net, .wait = place->wait};
    }
    enr_wait_t idle;
    if (count < PACE_PARALLEL_MAX && wait_of_idle(dispatch, &idle)) {
        waiters[count++] = (enr_posix_waiter_t){.net = NULL, .wait = idle};
    }
    if (count == 0) {
        return false;
    }
    struct pollfd signal = {.fd = interrupt_fd(), .events = POLLIN};
    if (enr_posix_wait(waiters, count, &signal, dispatch->interrupted ? 0 : 1) != ENR_OK) {
        problem_t problem = {.where = "poll", .what = strerror(errno)};
        bulk_end(dispatch->bulk, EXIT_NETWORK, &problem, NULL);
    }
    return true;
}

/* Rows that were not sent, or whose results were not read, when the run ended. */
static void close_rows(dispatch_t *dispatch)
{
    bulk_t *bulk = dispatch->bulk;
    const problem_t interrupted = {.where = bulk->service.settings.where, .what = "interrupted"};
    const problem_t *unread = dispatch->interrupted || bulk->ended == NULL ? &interrupted : &bulk->ended->problem;
    for (size_t i = 0; i < bulk->rows.count; i++) {
        row_t *row = &bulk->rows.rows[i];
        if (is_to_send(row)) {
            row->reason = bulk->ended;
            say_row(bulk, row, NULL, false);
        } else if (row->reading == READ_LATER) {
            leave_unread(bulk, row, unread, NULL, false);
        }
    }
}

static void run(dispatch_t *dispatch)
{
    bool waits = true;
    while (waits) {
        notice_signal(dispatch);
        bool moved = false;
        for (size_t i = 0; i < PACE_PARALLEL_MAX; i++) {
            moved = work(dispatch, &dispatch->places[i]) || moved;
        }
        say_progress(dispatch->bulk);
        waits = moved || wait_for_any(dispatch);
    }
    close_rows(dispatch);
}

exit_code_t dispatch_run(bulk_t *bulk, problem_t *out_problem)
{
    static dispatch_t dispatch;
    dispatch.bulk = bulk;
    exit_code_t code =
        make_plan(&dispatch) ? EXIT_DONE : outcome_problem(out_problem, EXIT_SETTING, bulk->name, "out of memory");
    for (size_t i = 0; i < PACE_PARALLEL_MAX && code == EXIT_DONE; i++) {
        code = session_open(&dispatch.places[i].session, &bulk->service, out_problem);
    }
    if (code == EXIT_DONE) {
        run(&dispatch);
    }
    for (size_t i = 0; i < PACE_PARALLEL_MAX; i++) {
        session_close(&dispatch.places[i].session);
    }
    free(dispatch.queue);
    free(dispatch.requests);
    return code;
}
