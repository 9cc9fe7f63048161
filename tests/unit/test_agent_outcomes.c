/* The table of call and outcome (DESIGN 6): each cell is entered and left, also by a power cut at every flash operation
   on the way, and the table in lib/DESIGN.md is the one in the code.

   test_agent_outcomes --write puts the table into lib/DESIGN.md, between its marks. */
#include "agent_rig.h"
#include "outcomes.h"

#define EMAIL ENR_TYPE_EMAIL
#define HOUR_MS 3600000u
#define DAY_MS (24 * HOUR_MS)

static const char deep[] = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]";
static char escapes[2048];
static char large[9000];

/* Answers of the service, each with the status that it means. The others come from the stream. */
typedef struct {
    enr_status_t status;
    bool finished;
    unsigned columns; /* bits in which it comes from an answer */
    unsigned code;
    const char *body;
    const char *head;
    const char *content_type;
} answer_t;

#define NOT (1u << ENR_SUBMIT_NOT_ACCEPTED)
#define MAYBE (1u << ENR_SUBMIT_MAYBE_ACCEPTED)
#define POLL (1u << ENR_POLL)

static const answer_t ANSWERS[] = {
    {ENR_OK, false, MAYBE | POLL, 200, "{\"id\":\"%I\",\"status\":\"queued\"}", NULL, NULL},
    {ENR_OK, false, MAYBE | POLL, 201, "{\"id\":\"%I\",\"status\":\"HALTED\"}", NULL, NULL},
    {ENR_OK, true, MAYBE | POLL, 200, "{\"id\":\"%I\",\"status\":\"finished\",\"email\":\"a@b.example\"}", NULL, NULL},
    {ENR_E_VALIDATION, false, NOT | POLL, 400, "{\"errors\":[\"firstname is strange\"]}", NULL, NULL},
    {ENR_E_VALIDATION, false, NOT | POLL, 422, "{\"errors\":[\"firstname is strange\"]}", NULL, NULL},
    {ENR_E_CREDITS, false, NOT | POLL, 422, "{\"error\":\"Insufficient enrichment credits\"}", NULL, NULL},
    {ENR_E_CREDITS, false, NOT | POLL, 402, "{\"error\":\"insufficient_credits\"}", NULL, NULL},
    {ENR_E_CONSENT, false, NOT | POLL, 422, "{\"error\":\"... without consenting with our terms of use\"}", NULL, NULL},
    {ENR_E_PLAN, false, NOT | POLL, 422, "{\"error\":\"plan limit\"}", NULL, NULL},
    {ENR_E_UNAUTHORIZED, false, NOT | POLL, 401, "{}", NULL, NULL},
    {ENR_E_UNAUTHORIZED, false, NOT | POLL, 403, "{}", NULL, NULL},
    {ENR_E_WRONG_SERVICE, false, NOT, 404, "{}", NULL, NULL},
    {ENR_E_WRONG_SERVICE, false, NOT | POLL, 405, "{}", NULL, NULL},
    {ENR_E_WRONG_SERVICE, false, NOT | POLL, 302, "{}", "Location: https://x.example/\r\n", NULL},
    {ENR_E_WRONG_SERVICE, false, MAYBE, 303, "{}", "Location: https://x.example/\r\n", NULL},
    {ENR_E_RATE_LIMITED, false, NOT | POLL, 429, "{}", "Retry-After: 100\r\n", NULL},
    {ENR_E_NOT_FOUND, false, POLL, 404, "{}", NULL, NULL},
    {ENR_E_SERVER, false, MAYBE | POLL, 408, "{}", NULL, NULL},
    {ENR_E_SERVER, false, MAYBE | POLL, 500, "{}", NULL, NULL},
    {ENR_E_SERVER, false, MAYBE | POLL, 503, "{}", "Retry-After: 100\r\n", NULL},
    {ENR_E_PORTAL, false, MAYBE | POLL, 511, "<html>", NULL, "text/html"},
    {ENR_E_IDENTITY, false, MAYBE | POLL, 200,
     "{\"id\":\"%I\",\"status\":\"finished\",\"custom\":{\"enr_token\":\"00\"}}", NULL, NULL},
    {ENR_E_NOT_JSON, false, MAYBE | POLL, 200, "<html>", NULL, "text/html"},
    {ENR_E_NOT_JSON, false, MAYBE | POLL, 200, "{", NULL, NULL},
    {ENR_E_JSON_LIMIT, false, MAYBE | POLL, 200, deep, NULL, NULL},
    {ENR_E_UNEXPECTED, false, MAYBE | POLL, 200, "{\"status\":\"pending\"}", NULL, NULL},
    {ENR_E_LIMIT, false, MAYBE | POLL, 200, escapes, NULL, NULL},
    {ENR_E_HTTP_LIMIT, false, MAYBE | POLL, 200, large, NULL, NULL},
    {ENR_E_CONTENT_CODING, false, MAYBE | POLL, 200, "{}", "Content-Encoding: gzip\r\n", NULL},
};
#define ANSWER_COUNT (sizeof ANSWERS / sizeof ANSWERS[0])

/* One way into a cell. */
typedef struct {
    const enr_outcome_t *row;
    unsigned column;
    const answer_t *answer; /* NULL: the stream gives the status */
    bool late;              /* of a poll: its time is over */
    enr_paces_t paces;
} way_t;

static const enr_cell_t *cell_of(const way_t *way)
{
    return &enr_outcome_cells(way->row)[way->column];
}

static void make_texts(void)
{
    size_t len = (size_t)snprintf(escapes, sizeof escapes, "{\"id\":\"%%I\",\"email\":\"");
    for (int i = 0; i < 520; i++) {
        memcpy(escapes + len, "\\n", 2);
        len += 2;
    }
    (void)snprintf(escapes + len, sizeof escapes - len, "\"}");
    memset(large, ' ', sizeof large - 1);
    memcpy(large, "{}", 2);
}

/* --- into a cell and out of it --- */

/* A part whose bits can be cleared one by one, and two whose units are programmed once; one cannot read while it
   erases. */
static const enr_script_flash_config_t GEOMETRIES[] = {
    {.size = 16 * 4096, .sector_size = 4096, .page_size = 256, .program_unit = 1, .reprogram = true, .suspends = true},
    {.size = 16 * 4096, .sector_size = 4096, .page_size = 256, .program_unit = 8, .suspends = true},
    {.size = 12 * 8192, .sector_size = 8192, .page_size = 256, .program_unit = 32, .erase_polls = 2},
};
#define GEOMETRY_COUNT (sizeof GEOMETRIES / sizeof GEOMETRIES[0])
static const enr_script_flash_config_t *geometry = &GEOMETRIES[0];

/* Everything up to the call, and what will come of it. */
static rig_t *prepare(const way_t *way)
{
    rig_t *rig = rig_new_on(geometry);
    rig->paces.late_ms = way->late ? 1 : rig->paces.late_ms;
    rig->paces.grace_ms = way->late ? 1 : rig->paces.grace_ms;
    rig_restart(rig);
    assert_int_equal(rig_capture(rig, "Teodor", EMAIL), 1);
    if (way->column == ENR_POLL) {
        rig_until(rig, 1, EMAIL, ENR_REQUEST_PENDING, HOUR_MS);
    }
    rig->wall_s = way->row->status == ENR_E_NO_TIME ? 0 : rig->wall_s;
    turn_t turn = {0};
    if (way->answer != NULL) {
        turn.code = way->answer->code;
        turn.body = way->answer->body;
        turn.head = way->answer->head;
        turn.content_type = way->answer->content_type;
        turn.accepts = way->column == ENR_SUBMIT_MAYBE_ACCEPTED;
    } else {
        turn.read = (enr_status_t)way->row->status;
        turn.accepts = true;
    }
    if (way->column == ENR_SUBMIT_NOT_ACCEPTED && way->answer == NULL) {
        rig_plan_open(rig, (enr_status_t)way->row->status);
    } else if (way->column == ENR_POLL) {
        rig_plan_get(rig, turn);
        if (way->answer == NULL) {
            rig_plan_get(rig, turn); /* exchange repeats a GET on a fresh connection */
        }
    } else {
        rig_plan_post(rig, turn);
    }
    return rig;
}

/* Runs the call to its end. False: the power went before. */
static bool enter(rig_t *rig, const way_t *way)
{
    unsigned opened = rig->service.opened;
    unsigned gets = rig->service.gets_seen;
    unsigned posts = rig->service.posts_seen;
    for (int i = 0; i < 100000; i++) {
        (void)rig_step(rig, rig->now_ms + HOUR_MS);
        if (rig->flash.cut_at != 0 && rig->flash.operations >= rig->flash.cut_at) {
            return false;
        }
        bool begun = way->column == ENR_POLL       ? rig->service.gets_seen > gets
                     : rig->service.open_count > 0 ? rig->service.opened > opened
                                                   : rig->service.posts_seen > posts;
        if (begun && !rig_status(rig).online) {
            return true;
        }
    }
    fail_msg("the call does not end");
    return false;
}

/* The state that the cell says. */
static enr_request_state_t next_state(const way_t *way)
{
    switch (cell_of(way)->next) {
    case ENR_NEXT_READY:
        return ENR_REQUEST_READY;
    case ENR_NEXT_UNKNOWN:
        return ENR_REQUEST_UNKNOWN;
    case ENR_NEXT_PENDING:
    case ENR_NEXT_SAME:
        return ENR_REQUEST_PENDING;
    case ENR_NEXT_FINISHED:
        return ENR_REQUEST_FINISHED;
    case ENR_NEXT_REJECTED:
        return ENR_REQUEST_REJECTED;
    case ENR_NEXT_LATE:
        return ENR_REQUEST_LATE;
    default: /* in time, in grace */
        return way->late ? ENR_REQUEST_LATE : ENR_REQUEST_PENDING;
    }
}

/* When the n-th call, from 0, reached the service. */
static uint32_t call_ms(const rig_t *rig, unsigned n)
{
    assert_true(n < rig->service.call_count);
    return rig->service.call_times[n];
}

static uint32_t last_call_ms(const rig_t *rig)
{
    return rig->service.call_count == 0 ? 0 : call_ms(rig, rig->service.call_count - 1);
}

static void check_effects(rig_t *rig, const way_t *way)
{
    const enr_cell_t *cell = cell_of(way);
    enr_agent_status_t status = rig_status(rig);
    assert_int_equal(status.last_error, way->row->status);
    assert_int_equal(status.last_code,
                     way->answer == NULL ? 0
                     : way->row->status == ENR_E_HTTP_LIMIT || way->row->status == ENR_E_CONTENT_CODING
                         ? 0
                         : way->answer->code);
    assert_int_equal(status.flags, (cell->effects & ENR_EFFECT_FLAG) != 0 ? 1u << cell->flag : 0);
    assert_int_equal(status.failures, (cell->effects & ENR_EFFECT_BACK_OFF) != 0 ? 1 : 0);
    bool closed = (cell->effects & ENR_EFFECT_CLOSED) != 0;
    assert_true(!closed || !rig->service.is_open);
    bool has_floor = way->answer != NULL && way->answer->head != NULL && strstr(way->answer->head, "Retry") != NULL;
    rig->wall_s = 1793500000;
    bool holds = (cell->effects & ENR_EFFECT_FLAG) != 0 && cell->flag < ENR_FLAGS_HOLDING;
    if ((cell->effects & ENR_EFFECT_BACK_OFF) != 0 && !holds) {
        uint32_t least_ms = (cell->effects & ENR_EFFECT_RETRY_AFTER) != 0 && has_floor ? 100000 : 0;
        uint32_t since_ms = last_call_ms(rig);
        unsigned calls = rig->service.posts_seen + rig->service.gets_seen;
        (void)rig_capture(rig, "Another", EMAIL);
        rig_run(rig, 200000);
        assert_true(rig->service.posts_seen + rig->service.gets_seen > calls); /* nobody is kept waiting for ever */
        assert_true(calls == 0 || call_ms(rig, calls) - since_ms >= least_ms);
    }
}

/* The states from which an operator must help. */
static void help(rig_t *rig)
{
    enr_request_state_t state = rig_state(rig, 1, EMAIL);
    if (state == ENR_REQUEST_UNKNOWN || state == ENR_REQUEST_REJECTED) {
        unsigned before = rig_accepted(rig, "Teodor", EMAIL);
        rig_run(rig, 4 * HOUR_MS);
        enr_request_state_t after = rig_state(rig, 1, EMAIL); /* held; of a torn mark it may be the other one */
        assert_true(after == state || after == ENR_REQUEST_UNKNOWN);
        assert_int_equal(rig_accepted(rig, "Teodor", EMAIL), before);
        RIG_DO(rig, enr_agent_resend(&rig->agent, 1, EMAIL, rig->now_ms));
    }
}

/* From wherever it is to the end: finished, taken, erased. */
static void leave(rig_t *rig)
{
    unsigned resent = 0;
    enr_request_state_t state = rig_state(rig, 1, EMAIL);
    if (state == ENR_REQUEST_UNKNOWN) {
        resent = 1;
    }
    help(rig);
    rig_until(rig, 1, EMAIL, ENR_REQUEST_FINISHED, DAY_MS);
    enr_request_t request = rig_request(rig, 1, EMAIL);
    unsigned accepted = rig_accepted(rig, "Teodor", EMAIL);
    assert_true(accepted <= 1 + resent);       /* never bought twice without saying so */
    assert_true(accepted <= request.attempts); /* and shown */
    for (int i = 0; i < 20 && rig_state(rig, 1, EMAIL) != ENR_REQUEST_ERASED; i++) {
        rig_take_all(rig); /* a torn mark may read as if it were not finished yet */
        rig_run(rig, 1000);
    }
    assert_int_equal(rig_state(rig, 1, EMAIL), ENR_REQUEST_ERASED);
    assert_int_equal(rig_status(rig).flags, 0);
}

static void run_way(const way_t *way)
{
    rig_t *rig = prepare(way);
    assert_true(enter(rig, way));
    enr_request_t request = rig_request(rig, 1, EMAIL);
    assert_int_equal(request.state, next_state(way));
    bool told = request.state == ENR_REQUEST_UNKNOWN || request.state == ENR_REQUEST_REJECTED ||
                request.state == ENR_REQUEST_LATE;
    assert_int_equal(request.status,
                     told || (request.state == ENR_REQUEST_READY && way->answer != NULL) ? way->row->status : ENR_OK);
    check_effects(rig, way);
    leave(rig);
    rig_free(rig);
}

/* --- all ways --- */

static void (*each)(const way_t *way);
static unsigned entered[64][ENR_COLUMNS];
static unsigned ways;

static void run_column(const enr_outcome_t *row, unsigned column, const answer_t *answer)
{
    way_t way = {.row = row, .column = column, .answer = answer};
    uint8_t next = enr_outcome_cells(row)[column].next;
    if (getenv("ENR_TRACE") != NULL) {
        print_message("%s, column %u, HTTP %u\n", enr_status_name((enr_status_t)row->status), column,
                      answer == NULL ? 0 : answer->code);
    }
    each(&way);
    ways++;
    if (next == ENR_NEXT_SAME_IN_TIME || next == ENR_NEXT_SAME_IN_GRACE) {
        way.late = true;
        each(&way);
        ways++;
    }
    entered[row - enr_outcomes][column]++;
}

/* Each answer in each column that it can come in, and each status of a stream in each column. */
static void run_all(void (*what)(const way_t *way))
{
    each = what;
    ways = 0;
    memset(entered, 0, sizeof entered);
    for (size_t i = 0; i < ANSWER_COUNT; i++) {
        const enr_outcome_t *row = enr_outcome_of(ANSWERS[i].status, ANSWERS[i].finished);
        for (unsigned column = 0; column < ENR_COLUMNS; column++) {
            if ((ANSWERS[i].columns >> column & 1u) != 0) {
                run_column(row, column, &ANSWERS[i]);
            }
        }
    }
    for (size_t i = 0; i < enr_outcome_count; i++) {
        const enr_outcome_t *row = &enr_outcomes[i];
        bool all = row->status != ENR_E_WRONG_SERVICE; /* that one only an answer says */
        for (unsigned column = 0; column < ENR_COLUMNS; column++) {
            all = all && enr_outcome_cells(row)[column].next != ENR_NEXT_NEVER;
        }
        for (unsigned column = 0; all && column < ENR_COLUMNS; column++) {
            run_column(row, column, NULL);
        }
    }
}

/* Must show 6: each cell is entered and left. */
static void test_each_cell(void **state)
{
    (void)state;
    run_all(run_way);
    for (size_t i = 0; i < enr_outcome_count; i++) {
        for (unsigned column = 0; column < ENR_COLUMNS; column++) {
            bool can = enr_outcome_cells(&enr_outcomes[i])[column].next != ENR_NEXT_NEVER;
            if ((entered[i][column] > 0) != can) {
                fail_msg("%s, column %u: entered %u times", enr_status_name((enr_status_t)enr_outcomes[i].status),
                         column, entered[i][column]);
            }
        }
    }
    print_message("cells: ways=%u\n", ways);
}

/* Every status has at most one row, and every error that api names has one. */
static void test_rows(void **state)
{
    (void)state;
    static const enr_status_t NOT_OF_A_CALL[] = {ENR_AGAIN,     ENR_READY,    ENR_END,     ENR_E_UTF8, ENR_E_CONTACT,
                                                 ENR_E_URL,     ENR_E_SYNTAX, ENR_E_FLASH, ENR_E_KEY,  ENR_E_FULL,
                                                 ENR_E_VERSION, ENR_E_SEAL,   ENR_E_BUSY};
    static const enr_status_t ALL[] = {
#define STATUS_ROW(name, value, meaning) ENR_##name,
        ENR_STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
    };
    for (size_t i = 0; i < sizeof ALL / sizeof ALL[0]; i++) {
        unsigned rows = 0;
        for (size_t k = 0; k < enr_outcome_count; k++) {
            rows += (enr_status_t)enr_outcomes[k].status == ALL[i] ? 1 : 0;
        }
        bool is_of_a_call = true;
        for (size_t k = 0; k < sizeof NOT_OF_A_CALL / sizeof NOT_OF_A_CALL[0]; k++) {
            is_of_a_call = is_of_a_call && NOT_OF_A_CALL[k] != ALL[i];
        }
        assert_int_equal(rows, ALL[i] == ENR_OK ? 2 : is_of_a_call ? 1 : 0);
    }
}

/* --- the power goes --- */

static unsigned cuts;
static unsigned sparing; /* of the cuts, every so many-th is made */
static unsigned turn;

/* The states that a cut may leave: DESIGN 6, "exactly one of these states". */
static bool is_allowed(const way_t *way, const rig_t *rig, enr_request_state_t state)
{
    if (state == next_state(way) || way->column == ENR_POLL) {
        return state == next_state(way) || state == ENR_REQUEST_PENDING;
    }
    return state == ENR_REQUEST_UNKNOWN || (state == ENR_REQUEST_READY && rig->service.posts_seen == 0);
}

static void cut_way(const way_t *way)
{
    rig_t *rig = prepare(way);
    uint64_t first = rig->flash.operations;
    assert_true(enter(rig, way));
    uint64_t count = rig->flash.operations - first;
    rig_free(rig);
    for (uint64_t at = 1; at <= count; at++) {
        for (int kind = 0; kind < ENR_SCRIPT_CUT_KINDS; kind++) {
            if (turn++ % sparing != 0) {
                continue;
            }
            rig = prepare(way);
            rig->flash.cut_at = rig->flash.operations + at;
            rig->flash.cut_kind = (enr_script_cut_t)kind;
            assert_false(enter(rig, way));
            memset(rig->service.posts, 0, sizeof rig->service.posts);
            memset(rig->service.gets, 0, sizeof rig->service.gets);
            memset(rig->service.opens, 0, sizeof rig->service.opens);
            rig->paces = ENR_PACES_DEFAULT;
            rig->wall_s = 1793500000;
            rig_restart(rig);
            while (!rig_status(rig).counted) {
                (void)rig_step(rig, rig->now_ms + 1);
            }
            enr_journal_stats_t stats = {0};
            for (int i = 0; i < 1000 && !stats.counted; i++) { /* from then on a torn mark is one thing or the other */
                (void)rig_step(rig, rig->now_ms + 1);
                enr_journal_stats(&rig->journal, &stats);
            }
            assert_true(stats.counted);
            enr_request_state_t state = rig_state(rig, 1, EMAIL);
            if (!is_allowed(way, rig, state)) {
                fail_msg("%s, column %u, operation %u, kind %d: %s after %u posts",
                         enr_status_name((enr_status_t)way->row->status), way->column, (unsigned)at, kind,
                         enr_request_state_name(state), rig->service.posts_seen);
            }
            enr_request_t request = rig_request(rig, 1, EMAIL);
            assert_true(rig_accepted(rig, "Teodor", EMAIL) <= request.attempts);
            assert_int_equal(rig->flash.violations, 0);
            leave(rig);
            rig_free(rig);
            cuts++;
        }
    }
}

/* Every cut on the first part, a sample on the others. */
static void test_power_cut_in_each_cell(void **state)
{
    (void)state;
    for (size_t i = 0; i < GEOMETRY_COUNT; i++) {
        geometry = &GEOMETRIES[i];
        sparing = i == 0 ? 1 : 7;
        run_all(cut_way);
    }
    print_message("cells: cuts=%u\n", cuts);
    assert_true(cuts > 0);
}

/* --- the document --- */

static const char *next_words(uint8_t next)
{
    static const char *const WORDS[] = {
        [ENR_NEXT_NEVER] = "–",
        [ENR_NEXT_READY] = "ready",
        [ENR_NEXT_UNKNOWN] = "unknown",
        [ENR_NEXT_PENDING] = "pending",
        [ENR_NEXT_FINISHED] = "finished",
        [ENR_NEXT_REJECTED] = "rejected",
        [ENR_NEXT_LATE] = "late",
        [ENR_NEXT_SAME] = "stays",
        [ENR_NEXT_SAME_IN_TIME] = "stays; late when pending for too long",
        [ENR_NEXT_SAME_IN_GRACE] = "stays; late after the time of grace",
    };
    return WORDS[next];
}

static size_t put_cell(char *out, size_t size, const enr_cell_t *cell)
{
    size_t len = (size_t)snprintf(out, size, " %s", next_words(cell->next));
    if ((cell->effects & ENR_EFFECT_ACKNOWLEDGED) != 0) {
        len += (size_t)snprintf(out + len, size - len, "; acknowledged");
    }
    if ((cell->effects & ENR_EFFECT_FLAG) != 0) {
        len += (size_t)snprintf(out + len, size - len, "; flag %s", enr_flag_name((enr_flag_t)cell->flag));
    }
    if ((cell->effects & ENR_EFFECT_BACK_OFF) != 0) {
        len += (size_t)snprintf(out + len, size - len, "; back-off%s",
                                (cell->effects & ENR_EFFECT_RETRY_AFTER) != 0 ? " from Retry-After on" : "");
    }
    if ((cell->effects & ENR_EFFECT_CLOSED) != 0) {
        len += (size_t)snprintf(out + len, size - len, "; connection closed");
    }
    return len + (size_t)snprintf(out + len, size - len, " |");
}

/* The codes with which a row was entered above. */
static size_t put_codes(char *out, size_t size, const enr_outcome_t *row)
{
    size_t len = 0;
    for (size_t i = 0; i < ANSWER_COUNT; i++) {
        bool first = true;
        for (size_t k = 0; k < i; k++) {
            first = first && !(ANSWERS[k].status == ANSWERS[i].status && ANSWERS[k].code == ANSWERS[i].code &&
                               ANSWERS[k].finished == ANSWERS[i].finished);
        }
        if (enr_outcome_of(ANSWERS[i].status, ANSWERS[i].finished) == row && first) {
            len += (size_t)snprintf(out + len, size - len, "%s%u", len == 0 ? " " : ", ", ANSWERS[i].code);
        }
    }
    return len + (size_t)snprintf(out + len, size - len, " |");
}

static bool are_alike(const enr_outcome_t *a, const enr_outcome_t *b)
{
    char code_a[64];
    char code_b[64];
    (void)put_codes(code_a, sizeof code_a, a);
    (void)put_codes(code_b, sizeof code_b, b);
    return memcmp(enr_outcome_cells(a), enr_outcome_cells(b), ENR_COLUMNS * sizeof(enr_cell_t)) == 0 &&
           strcmp(code_a, code_b) == 0 && a->status != ENR_OK;
}

static size_t put_row(char *out, size_t size, size_t *at)
{
    const enr_outcome_t *row = &enr_outcomes[*at];
    size_t len = (size_t)snprintf(out, size, "| ");
    bool first = true;
    do {
        enr_status_t status = (enr_status_t)enr_outcomes[*at].status;
        len += (size_t)snprintf(out + len, size - len, "%s`%s`%s", first ? "" : " ", enr_status_name(status),
                                status != ENR_OK             ? ""
                                : enr_outcomes[*at].finished ? ", finished"
                                                             : ", pending or another word");
        first = false;
        (*at)++;
    } while (*at < enr_outcome_count && are_alike(row, &enr_outcomes[*at]));
    len += (size_t)snprintf(out + len, size - len, " |");
    len += put_codes(out + len, size - len, row);
    for (unsigned column = 0; column < ENR_COLUMNS; column++) {
        len += put_cell(out + len, size - len, &enr_outcome_cells(row)[column]);
    }
    return len + (size_t)snprintf(out + len, size - len, "\n");
}

static const char *table(void)
{
    static char text[16384];
    size_t len =
        (size_t)snprintf(text, sizeof text,
                         "| outcome | from HTTP | submit, surely not accepted | submit, accepted or perhaps | poll |\n"
                         "| --- | --- | --- | --- | --- |\n");
    for (size_t at = 0; at < enr_outcome_count;) {
        len += put_row(text + len, sizeof text - len, &at);
    }
    return text;
}

#define BEGIN_MARK "<!-- outcomes: made by test_agent_outcomes --write -->\n"
#define END_MARK "<!-- end of outcomes -->\n"

static char document[262144];

static const char *read_document(char **out_end)
{
    FILE *file = fopen("lib/DESIGN.md", "r");
    assert_non_null(file);
    size_t len = fread(document, 1, sizeof document - 1, file);
    (void)fclose(file);
    document[len] = 0;
    char *begin = strstr(document, BEGIN_MARK);
    assert_non_null(begin);
    begin += strlen(BEGIN_MARK);
    *out_end = strstr(begin, END_MARK);
    assert_non_null(*out_end);
    return begin;
}

static void test_document(void **state)
{
    (void)state;
    char *end;
    const char *begin = read_document(&end);
    *end = 0;
    assert_string_equal(begin, table()); /* stale: test_agent_outcomes --write, in the project's root */
}

static int write_document(void)
{
    char *end;
    const char *begin = read_document(&end);
    FILE *file = fopen("lib/DESIGN.md", "w");
    if (file == NULL) {
        return 1;
    }
    (void)fwrite(document, 1, (size_t)(begin - document), file);
    (void)fputs(table(), file);
    (void)fputs(end, file);
    return fclose(file);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--write") == 0) {
        return write_document();
    }
    rig_prepare();
    make_texts();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_each_cell),
        cmocka_unit_test(test_power_cut_in_each_cell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
