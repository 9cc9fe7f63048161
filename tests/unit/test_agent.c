/* The agent over a service with a ledger, simulated flash and a virtual clock: what is sent when, what is kept, what a
   rescan, an operator and a sink do. The table of call and outcome has its own test (test_agent_outcomes). */
#include "agent_rig.h"

#define EMAIL ENR_TYPE_EMAIL
#define PHONE ENR_TYPE_PHONE
#define PERSONAL ENR_TYPE_PERSONAL_EMAIL
#define MINUTE_MS 60000u
#define HOUR_MS 3600000u
#define DAY_MS (24 * HOUR_MS)
#define NO_JSON "<html>"

static const turn_t UNAUTHORIZED = {.code = 401};
static const turn_t CREDITS = {.code = 422, .body = "{\"error\":\"Insufficient enrichment credits\"}"};
static const turn_t VALIDATION = {.code = 422, .body = "{\"errors\":[\"lastname is strange\"]}"};
static const turn_t LOST = {.read = ENR_E_RESET, .accepts = true};

static enr_captured_t scan(rig_t *rig, const enr_lead_t *lead)
{
    enr_captured_t captured;
    RIG_DO(rig, enr_agent_capture(&rig->agent, lead, rig->now_ms, &captured));
    return captured;
}

static enr_record_t record_of(rig_t *rig, uint32_t number)
{
    enr_record_t record;
    RIG_DO(rig, enr_agent_find(&rig->agent, number, &record));
    return record;
}

static bool is_text(enr_span_t span, const char *text)
{
    return enr_span_equal(span, enr_span_from_str(text));
}

/* Requests by state, as a walk over all leads tells them: what status counts must say. */
static void check_counts(rig_t *rig)
{
    for (int i = 0; i < 1000 && !rig_status(rig).counted; i++) {
        (void)rig_step(rig, rig->now_ms + 1);
    }
    uint32_t counts[ENR_REQUEST_STATES] = {0};
    enr_cursor_t cursor = {0};
    for (;;) {
        enr_record_t record;
        enr_status_t status = enr_agent_next(&rig->agent, &cursor, &record);
        if (status == ENR_END) {
            break;
        }
        for (unsigned i = 0; status == ENR_OK && i < ENR_TYPE_COUNT; i++) {
            counts[record.requests[i].state]++;
        }
    }
    enr_agent_status_t status = rig_status(rig);
    assert_true(status.counted);
    for (unsigned state = 1; state < ENR_REQUEST_STATES; state++) {
        if (state != ENR_REQUEST_ERASED && counts[state] != status.counts[state]) {
            fail_msg("%s: %u counted, %u there", enr_request_state_name((enr_request_state_t)state),
                     status.counts[state], counts[state]);
        }
    }
}

/* --- the local check --- */

/* DESIGN 6: captured, refused or ready by content and settings alone; a refused request costs nothing. */
static void test_local_check(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    enr_lead_t lead = rig_lead("Ada");
    lead.types = EMAIL | PHONE | PERSONAL;
    lead.contact.linkedin_url = (enr_span_t){0};
    enr_captured_t captured = scan(rig, &lead);
    assert_int_equal(captured.kind, ENR_CAPTURE_NEW);
    assert_int_equal(captured.scans, 1);
    assert_int_equal(captured.states[0], ENR_REQUEST_READY);
    assert_int_equal(captured.states[1], ENR_REQUEST_REFUSED);
    assert_int_equal(captured.states[2], ENR_REQUEST_REFUSED);
    enr_record_t record = record_of(rig, captured.number);
    assert_string_equal(record.requests[1].refusal.field, "linkedin_url");
    assert_string_equal(record.requests[1].refusal.rule, "is needed for phone");
    assert_string_equal(record.requests[2].refusal.field, "personal_email");
    assert_string_equal(record.requests[2].refusal.rule, "is not allowed by the settings");

    enr_lead_t nobody = {.attendee_id = ENR_SPAN("000012"), .payload = ENR_SPAN("000012"), .types = EMAIL | PHONE};
    captured = scan(rig, &nobody);
    assert_int_equal(captured.states[0], ENR_REQUEST_CAPTURED);
    assert_int_equal(captured.states[1], ENR_REQUEST_CAPTURED);
    assert_int_equal(captured.states[2], ENR_REQUEST_NONE);
    rig_run(rig, DAY_MS);
    assert_int_equal(rig->service.posts_seen, 1);
    assert_int_equal(rig_status(rig).counts[ENR_REQUEST_CAPTURED], 2);
    check_counts(rig);
    rig_free(rig);
}

/* domain 5: personal_email only with the event's leave and the person's. */
static void test_personal_email(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        bool allowed = (i & 1) != 0;
        bool consents = (i & 2) != 0;
        rig_t *rig = rig_new();
        rig->config.personal_email = allowed;
        rig_restart(rig);
        enr_lead_t lead = rig_lead("Ada");
        lead.types = PERSONAL;
        lead.consent.asked = ENR_CONSENT_PERSONAL_EMAIL;
        lead.consent.given = consents ? ENR_CONSENT_PERSONAL_EMAIL : 0;
        enr_captured_t captured = scan(rig, &lead);
        assert_int_equal(captured.states[2], allowed && consents ? ENR_REQUEST_READY : ENR_REQUEST_REFUSED);
        rig_run(rig, HOUR_MS);
        assert_int_equal(rig_accepted(rig, "Ada", PERSONAL), allowed && consents ? 1 : 0);
        rig_free(rig);
    }
}

/* A consent that is withdrawn before the request has left is heeded, also at the gate. */
static void test_consent_withdrawn(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig->config.personal_email = true;
    rig->service.open_ms = 3000;
    rig_restart(rig);
    enr_lead_t lead = rig_lead("Ada");
    lead.types = PERSONAL;
    lead.consent = (enr_consent_t){ENR_CONSENT_PERSONAL_EMAIL, ENR_CONSENT_PERSONAL_EMAIL, ENR_CONSENT_BY_BUTTON,
                                   ENR_SPAN("1 en")};
    (void)scan(rig, &lead);
    rig_run(rig, 1000);
    assert_true(rig_status(rig).online);
    lead.consent.given = 0;
    enr_captured_t captured = scan(rig, &lead);
    assert_int_equal(captured.kind, ENR_CAPTURE_UPDATED);
    assert_int_equal(captured.states[2], ENR_REQUEST_REFUSED);
    rig_run(rig, HOUR_MS);
    assert_int_equal(rig->service.posts_seen, 0);
    check_counts(rig);
    rig_free(rig);
}

/* --- what is sent --- */

/* DESIGN 6: each request has its own token; options of the settings are in it. */
static void test_request(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    enr_span_t countries[] = {ENR_SPAN("FR")};
    enr_options_t options = {.countries = countries, .country_count = 1};
    rig->config.options = &options;
    rig_restart(rig);
    uint32_t number = rig_capture(rig, "Ada", EMAIL | PHONE);
    rig_until(rig, number, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
    rig_until(rig, number, PHONE, ENR_REQUEST_FINISHED, HOUR_MS);
    assert_int_equal(rig->service.entry_count, 2);
    const char *tokens[] = {rig->service.entries[0].token, rig->service.entries[1].token};
    assert_int_equal(strlen(tokens[0]), ENR_TOKEN_LEN);
    assert_memory_equal(tokens[0], tokens[1], ENR_TOKEN_LEN - 1);
    assert_string_not_equal(tokens[0], tokens[1]);
    assert_string_equal(rig->service.entries[0].type, "email");
    assert_string_equal(rig->service.entries[1].type, "phone");
    assert_non_null(strstr(rig_data(rig, number, EMAIL), "found@acme.example"));
    assert_non_null(strstr(rig_data(rig, number, PHONE), "+33639980123"));
    assert_false(rig_request(rig, number, EMAIL).unverified);
    rig_free(rig);
}

/* api-contract 13: an echo may be absent; then it is said so. */
static void test_unverified(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig_plan_post(rig, (turn_t){.code = 202, .body = "{\"id\":\"%I\"}", .accepts = true});
    rig_plan_get(rig,
                 (turn_t){.code = 200, .body = "{\"id\":\"%I\",\"status\":\"success\",\"email\":\"a@b.example\"}"});
    uint32_t number = rig_capture(rig, "Ada", EMAIL);
    rig_until(rig, number, EMAIL, ENR_REQUEST_PENDING, HOUR_MS);
    assert_true(rig_request(rig, number, EMAIL).unverified);
    assert_string_equal(rig_data(rig, number, EMAIL), "id-1");
    rig_until(rig, number, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
    assert_true(rig_request(rig, number, EMAIL).unverified);
    rig_free(rig);
}

/* DESIGN 6: sending, inline result: finished. */
static void test_sync(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig->config.sync = true;
    rig->service.sync = true;
    rig_restart(rig);
    uint32_t number = rig_capture(rig, "Ada", EMAIL);
    rig_until(rig, number, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
    assert_int_equal(rig->service.gets_seen, 0);
    assert_non_null(strstr(rig->service.last_request, "Host: api.service.example"));
    rig_free(rig);
}

/* --- rescans --- */

typedef struct {
    const char *name;
    enr_request_state_t state;
    void (*bring)(rig_t *rig, uint32_t number);
} rescan_t;

static void bring_nothing(rig_t *rig, uint32_t number)
{
    (void)rig;
    (void)number;
}

static void bring_sending(rig_t *rig, uint32_t number)
{
    rig_plan_post(rig, (turn_t){.delay_ms = 50000});
    rig_until(rig, number, EMAIL, ENR_REQUEST_SENDING, HOUR_MS);
}

static void bring_unknown(rig_t *rig, uint32_t number)
{
    rig_plan_post(rig, LOST);
    rig_until(rig, number, EMAIL, ENR_REQUEST_UNKNOWN, HOUR_MS);
}

static void bring_pending(rig_t *rig, uint32_t number)
{
    rig->service.finish_after = 3;
    rig_until(rig, number, EMAIL, ENR_REQUEST_PENDING, HOUR_MS);
}

static void bring_late(rig_t *rig, uint32_t number)
{
    rig->service.finish_after = 200;
    rig_until(rig, number, EMAIL, ENR_REQUEST_LATE, HOUR_MS);
    rig->service.finish_after = 0;
}

static void bring_rejected(rig_t *rig, uint32_t number)
{
    rig_plan_post(rig, VALIDATION);
    rig_until(rig, number, EMAIL, ENR_REQUEST_REJECTED, HOUR_MS);
}

static void bring_finished(rig_t *rig, uint32_t number)
{
    rig_until(rig, number, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
}

/* The other request keeps the lead alive. */
static void bring_taken(rig_t *rig, uint32_t number)
{
    rig_until(rig, number, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
    rig_take_all(rig);
}

/* DESIGN 6: a rescan updates the lead, first time kept, and never buys again, in each state. */
static void test_rescan_in_each_state(void **state)
{
    (void)state;
    static const rescan_t ROWS[] = {
        {"ready", ENR_REQUEST_READY, bring_nothing},
        {"sending", ENR_REQUEST_SENDING, bring_sending},
        {"unknown", ENR_REQUEST_UNKNOWN, bring_unknown},
        {"pending", ENR_REQUEST_PENDING, bring_pending},
        {"late", ENR_REQUEST_LATE, bring_late},
        {"rejected", ENR_REQUEST_REJECTED, bring_rejected},
        {"finished", ENR_REQUEST_FINISHED, bring_finished},
        {"taken", ENR_REQUEST_TAKEN, bring_taken},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        rig_t *rig = rig_new();
        enr_lead_t lead = rig_lead("Ada");
        lead.attendee_id = ENR_SPAN("A-1");
        lead.types = EMAIL | PHONE;
        lead.contact.linkedin_url = (enr_span_t){0}; /* so that the request for a phone is refused … */
        enr_captured_t first = scan(rig, &lead);
        if (ROWS[i].bring == bring_taken) { /* … or, to keep the lead, rejected */
            enr_record_t record = record_of(rig, first.number);
            record.lead.contact.linkedin_url = ENR_SPAN("https://www.linkedin.com/in/ada");
            RIG_DO(rig, enr_agent_edit(&rig->agent, &record, rig->now_ms));
            rig_plan_post(rig, (turn_t){0});
            rig_plan_post(rig, VALIDATION);
        }
        ROWS[i].bring(rig, first.number);
        enr_request_t before = rig_request(rig, first.number, EMAIL);
        assert_int_equal(before.state, ROWS[i].state);
        rig_run(rig, ROWS[i].state == ENR_REQUEST_READY ? 0 : 11000);
        unsigned posts = rig->service.posts_seen;
        before = rig_request(rig, first.number, EMAIL);

        lead.title = ENR_SPAN("CTO");
        lead.rating = 5;
        enr_captured_t again = scan(rig, &lead);
        assert_int_equal(again.kind, ENR_CAPTURE_UPDATED);
        assert_int_equal(again.number, first.number);
        assert_int_equal(again.scans, 2);
        assert_int_equal(again.first.quality, ENR_TIME_SET);
        assert_int_equal(again.first.wall_s, first.first.wall_s);
        assert_int_equal(again.first.uptime_s, first.first.uptime_s);
        assert_int_equal(again.states[0], before.state);
        enr_record_t record = record_of(rig, first.number);
        assert_true(is_text(record.lead.title, "CTO"));
        assert_int_equal(record.lead.rating, 5);
        assert_int_equal(record.requests[0].state, before.state);
        check_counts(rig);

        rig_run(rig, 3 * HOUR_MS);
        assert_int_equal(rig_accepted(rig, "Ada", EMAIL), ROWS[i].state == ENR_REQUEST_REJECTED ? 0 : 1);
        assert_true(rig->service.posts_seen <= posts + (ROWS[i].state == ENR_REQUEST_READY ? 1 : 0));
        check_counts(rig);
        rig_free(rig);
    }
}

/* A rescan can tell what was missing: captured and refused requests become ready. */
static void test_rescan_completes(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    enr_lead_t lead = {.attendee_id = ENR_SPAN("A-1"), .types = EMAIL};
    enr_captured_t first = scan(rig, &lead);
    assert_int_equal(first.states[0], ENR_REQUEST_CAPTURED);
    rig_run(rig, HOUR_MS);
    lead.contact.firstname = ENR_SPAN("Ada");
    lead.contact.lastname = ENR_SPAN("Lovelace");
    enr_captured_t again = scan(rig, &lead);
    assert_int_equal(again.states[0], ENR_REQUEST_REFUSED);
    rig_run(rig, HOUR_MS);
    assert_int_equal(rig->service.posts_seen, 0);
    lead = (enr_lead_t){.attendee_id = ENR_SPAN("A-1"), .contact = {.domain = ENR_SPAN("acme.example")}};
    again = scan(rig, &lead);
    assert_int_equal(again.states[0], ENR_REQUEST_READY);
    assert_int_equal(again.scans, 3);
    rig_until(rig, first.number, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
    assert_int_equal(rig_accepted(rig, "Ada", EMAIL), 1);
    check_counts(rig);
    rig_free(rig);
}

/* domain 3: the scanner reads a badge that is held before it again and again: one record, not ten. */
static void test_repeated_scan(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig->config.api = NULL;
    rig_restart(rig);
    enr_lead_t lead = rig_lead("Ada");
    (void)scan(rig, &lead);
    uint64_t programs = rig->flash.programs;
    for (int i = 0; i < 9; i++) {
        rig->now_ms += 1000;
        assert_int_equal(scan(rig, &lead).kind, ENR_CAPTURE_REPEATED);
    }
    assert_int_equal(rig->flash.programs, programs);
    lead.rating = 3; /* something new is never left out */
    assert_int_equal(scan(rig, &lead).kind, ENR_CAPTURE_UPDATED);
    rig->now_ms += ENR_RESCAN_S * 1000;
    enr_captured_t captured = scan(rig, &lead);
    assert_int_equal(captured.kind, ENR_CAPTURE_UPDATED);
    assert_int_equal(captured.scans, 3);
    rig_free(rig);
}

/* What was delivered or erased is known when it is scanned again, and told as such. */
static void test_rescan_of_erased(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    uint32_t number = rig_capture(rig, "Ada", EMAIL);
    rig_until(rig, number, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
    rig_take_all(rig);
    uint32_t other = rig_capture(rig, "Bob", EMAIL);
    RIG_DO(rig, enr_agent_erase(&rig->agent, other, rig->now_ms));
    for (int i = 0; i < 2; i++) {
        rig_run(rig, 2 * HOUR_MS);
        unsigned posts = rig->service.posts_seen;
        enr_lead_t lead = rig_lead("Ada");
        assert_int_equal(scan(rig, &lead).kind, ENR_CAPTURE_ERASED);
        lead = rig_lead("Bob");
        assert_int_equal(scan(rig, &lead).kind, ENR_CAPTURE_ERASED);
        rig_run(rig, HOUR_MS);
        assert_int_equal(rig->service.posts_seen, posts);
        rig_restart(rig);
    }
    rig_free(rig);
}

/* --- how much at once --- */

/* DESIGN 6: at most 16 pending; the rest stay ready, and get their turn. */
static void test_pending_limit(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig->service.finish_after = 40;
    for (int i = 0; i < 20; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "P%d", i);
        (void)rig_capture(rig, name, EMAIL | PHONE);
    }
    for (int i = 0; i < 200; i++) {
        rig_run(rig, 1000);
        enr_agent_status_t status = rig_status(rig);
        assert_true(status.counts[ENR_REQUEST_PENDING] <= ENR_PENDING_MAX);
        assert_int_equal(status.counts[ENR_REQUEST_PENDING] + status.counts[ENR_REQUEST_READY] +
                             status.counts[ENR_REQUEST_FINISHED] + status.counts[ENR_REQUEST_SENDING],
                         40);
    }
    assert_int_equal(rig->service.posts_seen, ENR_PENDING_MAX);
    rig_restart(rig); /* the limit holds for those of an earlier start too */
    rig_run(rig, 30000);
    assert_int_equal(rig->service.posts_seen, ENR_PENDING_MAX);
    rig_run(rig, 2 * HOUR_MS);
    assert_int_equal(rig_status(rig).counts[ENR_REQUEST_FINISHED], 40);
    assert_int_equal(rig->service.entry_count, 40);
    check_counts(rig);
    rig_free(rig);
}

/* DESIGN: polls and submits share the connection fairly: while both are due, they take turns. */
static void test_fairness(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig->service.finish_after = 1000;
    rig->config.paces = &rig->paces;
    rig->paces.poll_ms = 1;
    rig->paces.poll_max = 1; /* always due */
    rig_restart(rig);
    for (int i = 0; i < ENR_PENDING_MAX; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "P%d", i);
        (void)rig_capture(rig, name, EMAIL);
    }
    for (int i = 0; i < TURNS_MAX; i++) {
        rig_plan_post(rig, (turn_t){.delay_ms = 100});
        rig_plan_get(rig, (turn_t){.delay_ms = 100});
    }
    rig_run(rig, 4000);
    assert_int_equal(rig->service.posts_seen, ENR_PENDING_MAX);
    for (unsigned i = 2; i < 2 * ENR_PENDING_MAX - 1; i++) { /* the first poll is due after the second submit */
        assert_int_equal(rig->service.call_kinds[i], i % 2 == 0 ? 'G' : 'P');
    }
    unsigned least = 1000;
    unsigned most = 0;
    rig_run(rig, 60000);
    for (size_t i = 0; i < rig->service.entry_count; i++) {
        unsigned polls = rig->service.entries[i].polls;
        least = polls < least ? polls : least;
        most = polls > most ? polls : most;
    }
    assert_true(least > 0 && most <= 2 * least + 20); /* so do the polls */
    rig_free(rig);
}

/* api-contract 13: from 2 s to 10 s, then late; then about once an hour. behaviours 35: never deletion. */
static void test_poll_pace(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig->service.finish_after = 100000;
    uint32_t number = rig_capture(rig, "Ada", EMAIL);
    rig_until(rig, number, EMAIL, ENR_REQUEST_LATE, HOUR_MS);
    const service_t *service = &rig->service;
    assert_true(rig->now_ms >= 900000 && rig->now_ms < 920000);
    assert_true(service->call_times[1] - service->call_times[0] >= 1500);
    assert_true(service->call_times[1] - service->call_times[0] <= 2500);
    for (unsigned i = 8; i < service->call_count; i++) {
        uint32_t gap = service->call_times[i] - service->call_times[i - 1];
        assert_true(gap >= 7500 && gap <= 12500);
    }
    unsigned calls = service->call_count;
    rig_run(rig, DAY_MS);
    assert_in_range(service->call_count - calls, 18, 34);
    assert_int_equal(rig_state(rig, number, EMAIL), ENR_REQUEST_LATE);
    assert_string_equal(rig_data(rig, number, EMAIL), "id-1");
    rig_restart(rig);
    rig->service.finish_after = 0;
    rig_until(rig, number, EMAIL, ENR_REQUEST_FINISHED, 2 * HOUR_MS);
    rig_free(rig);
}

/* Many late ones are all read, one at a time, and hold nobody up. */
static void test_many_late(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig->service.finish_after = 100000;
    rig->paces.late_ms = 1;
    rig_restart(rig);
    for (int i = 0; i < 30; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "P%d", i);
        (void)rig_capture(rig, name, EMAIL);
    }
    rig_run(rig, 20 * MINUTE_MS);
    assert_int_equal(rig_status(rig).counts[ENR_REQUEST_LATE], 30);
    unsigned polls[30];
    for (int i = 0; i < 30; i++) {
        polls[i] = rig->service.entries[i].polls;
    }
    rig_run(rig, 4 * HOUR_MS);
    for (int i = 0; i < 30; i++) {
        assert_in_range(rig->service.entries[i].polls - polls[i], 2, 7);
    }
    rig->service.finish_after = 0;
    rig_run(rig, 3 * HOUR_MS);
    assert_int_equal(rig_status(rig).counts[ENR_REQUEST_FINISHED], 30);
    rig_free(rig);
}

/* --- when --- */

/* behaviours 28: a fleet that gets its power back, and one whose service comes back, is spread. */
static void test_spread(void **state)
{
    (void)state;
    unsigned first[10] = {0};
    unsigned second[10] = {0};
    for (unsigned i = 0; i < 200; i++) {
        rig_t *rig = rig_new();
        rig->paces.spread_ms = 60000;
        rig->config.seed = i * 2654435761u;
        rig_restart(rig);
        rig_plan_open(rig, ENR_E_REFUSED);
        rig_plan_open(rig, ENR_E_REFUSED);
        rig_plan_open(rig, ENR_E_REFUSED);
        (void)rig_capture(rig, "Ada", EMAIL);
        uint32_t start_ms = rig->now_ms;
        while (rig->service.opened == 0) {
            (void)rig_step(rig, rig->now_ms + HOUR_MS);
        }
        assert_true(rig->service.opening_ms[0] - start_ms <= 60000);
        first[(rig->service.opening_ms[0] - start_ms) * 10 / 60001]++;
        while (rig->service.opened < 4) {
            (void)rig_step(rig, rig->now_ms + HOUR_MS);
        }
        uint32_t gap = rig->service.opening_ms[3] - rig->service.opening_ms[2];
        assert_true(gap <= 8000 + 1);
        second[gap * 10 / 8001]++;
        rig_free(rig);
    }
    for (unsigned i = 0; i < 10; i++) { /* 20 expected in each */
        assert_in_range(first[i], 5, 45);
        assert_in_range(second[i], 5, 45);
    }
}

/* The range doubles up to its cap, and only an acknowledged request takes it back (behaviours 28). */
static void test_back_off(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig_plan_open(rig, ENR_E_REFUSED);
    rig->service.again = true;
    (void)rig_capture(rig, "Ada", EMAIL);
    rig_run(rig, DAY_MS);
    uint32_t longest = 0;
    uint64_t sum = 0;
    unsigned from = 20;
    for (unsigned i = from; i < rig->service.opened; i++) {
        uint32_t gap = rig->service.opening_ms[i] - rig->service.opening_ms[i - 1];
        longest = gap > longest ? gap : longest;
        sum += gap;
    }
    assert_true(longest <= 300000 + 1 && longest > 250000);
    assert_in_range(sum / (rig->service.opened - from), 130000, 170000); /* full jitter: half the range */
    assert_int_equal(rig->service.posts_seen, 0);
    assert_int_equal(rig_status(rig).failures, UINT8_MAX);
    assert_int_equal(rig_status(rig).last_error, ENR_E_REFUSED);

    /* A connection that stands is no acknowledgement. */
    rig->service.again = false;
    rig_plan_post(rig, LOST);
    rig_until(rig, 1, EMAIL, ENR_REQUEST_UNKNOWN, HOUR_MS);
    assert_int_equal(rig_status(rig).failures, UINT8_MAX);
    uint32_t number = rig_capture(rig, "Bob", EMAIL);
    rig_until(rig, number, EMAIL, ENR_REQUEST_PENDING, HOUR_MS);
    assert_int_equal(rig_status(rig).failures, 0);
    rig_free(rig);
}

/* behaviours 25: nothing is missed or slept over when the clock wraps, nor after months of rest. */
static void test_wrap(void **state)
{
    (void)state;
    for (uint32_t before = 0; before < 40000; before += 997) {
        rig_t *rig = rig_new();
        rig->now_ms = 0u - before;
        rig_restart(rig);
        rig_plan_open(rig, ENR_E_REFUSED);
        uint32_t number = rig_capture(rig, "Ada", EMAIL);
        uint32_t start_ms = rig->now_ms;
        rig_until(rig, number, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
        assert_true(rig->now_ms - start_ms < 30000);
        rig_free(rig);
    }
    rig_t *rig = rig_new();
    rig_plan_open(rig, ENR_E_REFUSED);
    uint32_t number = rig_capture(rig, "Ada", EMAIL);
    rig_until(rig, number, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
    for (int i = 0; i < 60; i++) {
        rig_run(rig, DAY_MS);
    }
    uint32_t start_ms = rig->now_ms;
    number = rig_capture(rig, "Bob", EMAIL);
    rig_until(rig, number, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
    assert_true(rig->now_ms - start_ms < 30000);
    rig_free(rig);
}

/* --- Retry-After --- */

static uint32_t next_call_after(rig_t *rig, uint32_t limit_ms)
{
    unsigned calls = rig->service.call_count;
    uint32_t start_ms = rig->now_ms;
    while (rig->service.call_count == calls && rig_step(rig, start_ms + limit_ms)) {
    }
    assert_true(rig->service.call_count > calls);
    return rig->service.call_times[calls] - start_ms;
}

/* behaviours 27: a floor with jitter on top, capped, and it outlasts a power cut. */
static void test_retry_after(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        uint32_t least_ms;
        uint32_t most_ms;
    } ROWS[] = {
        {"Retry-After: 7200\r\n", 7200000, 7200000 + 2000},
        {"Retry-After: 4294967295\r\n", 6 * HOUR_MS, 6 * HOUR_MS + 2000},
        {"Retry-After: Sun, 01 Nov 2026 03:26:40 GMT\r\n", 3600000 - 2000, 3600000 + 2000}, /* an hour from then */
        {"Retry-After: soon\r\n", 0, 2000},
        {"Retry-After: 0\r\n", 0, 2000},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        for (int restart = 0; restart < 2; restart++) {
            rig_t *rig = rig_new();
            rig_plan_post(rig, (turn_t){.code = 429, .head = ROWS[i].head});
            (void)rig_capture(rig, "Ada", EMAIL);
            (void)next_call_after(rig, HOUR_MS);
            uint32_t then_ms = rig->service.call_times[0];
            rig_run(rig, restart == 0 ? 0 : 100);
            if (restart != 0) {
                rig_restart(rig);
            }
            (void)next_call_after(rig, DAY_MS);
            uint32_t waited = rig->service.call_times[1] - then_ms;
            assert_in_range(waited, ROWS[i].least_ms - (restart != 0 && ROWS[i].least_ms > 0 ? 1000 : 0),
                            ROWS[i].most_ms + 1000);
            rig_free(rig);
        }
    }
}

/* behaviours 26: what is read back is bounded, wherever the clock has jumped; and a clock that comes late is heeded. */
static void test_retry_after_and_clock(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        rig_t *rig = rig_new();
        rig_plan_post(rig, (turn_t){.code = 429, .head = "Retry-After: 7200\r\n"});
        (void)rig_capture(rig, "Ada", EMAIL);
        (void)next_call_after(rig, HOUR_MS);
        rig_run(rig, 1000);
        rig->wall_s += i == 0 ? -400 * 86400 : i == 1 ? 86400 : 0; /* a year back; a day on */
        rig->wall_s = i >= 2 ? 0 : rig->wall_s;
        rig_restart(rig);
        uint32_t start_ms = rig->now_ms;
        if (i == 3) { /* the clock comes after an hour, and says that the time was over long ago */
            rig_run(rig, HOUR_MS);
            assert_int_equal(rig->service.posts_seen, 1);
            rig->wall_s = 1793500000 + 86400;
        }
        (void)next_call_after(rig, DAY_MS);
        uint32_t waited = rig->service.call_times[1] - start_ms;
        static const uint32_t LEAST[] = {7100000, 0, 7100000, HOUR_MS};
        static const uint32_t MOST[] = {7210000, 10000, 7210000, HOUR_MS + 10000};
        if (i != 3) {
            assert_in_range(waited, LEAST[i], MOST[i]);
        } else {
            assert_in_range(waited, LEAST[i], 2 * HOUR_MS + 10000);
        }
        rig_free(rig);
    }
}

/* --- flags --- */

static unsigned posts_of(const rig_t *rig)
{
    return rig->service.posts_seen;
}

/* DESIGN 6: while a flag is set its requests stay ready, and one probe every 15 to 60 minutes asks again. */
static void test_probes(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig_plan_post(rig, UNAUTHORIZED);
    rig->service.again = true;
    for (int i = 0; i < 30; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "P%d", i);
        (void)rig_capture(rig, name, i % 2 == 0 ? EMAIL : PHONE);
    }
    rig_run(rig, 14 * MINUTE_MS);
    assert_int_equal(posts_of(rig), 1);
    assert_int_equal(rig_status(rig).flags, 1u << ENR_FLAG_UNAUTHORIZED);
    assert_int_equal(rig_status(rig).flag_since_s[ENR_FLAG_UNAUTHORIZED] / 10, 1793500000 / 10);
    rig_run(rig, DAY_MS);
    assert_in_range(posts_of(rig), 36, 96); /* a refused probe puts off those of the other types */
    assert_int_equal(rig_status(rig).counts[ENR_REQUEST_READY], 30);
    check_counts(rig);

    rig_restart(rig); /* the flag is durable */
    unsigned posts = posts_of(rig);
    rig_run(rig, 1000);
    assert_int_equal(posts_of(rig), posts);
    assert_int_equal(rig_status(rig).flags, 1u << ENR_FLAG_UNAUTHORIZED);

    memset(rig->service.posts, 0, sizeof rig->service.posts); /* the key is good again */
    rig_run(rig, HOUR_MS);
    assert_int_equal(rig_status(rig).flags, 0);
    rig_run(rig, HOUR_MS);
    assert_int_equal(rig_status(rig).counts[ENR_REQUEST_FINISHED], 30);
    rig_restart(rig);
    rig_run(rig, 1000);
    assert_int_equal(rig_status(rig).flags, 0);
    rig_free(rig);
}

/* An operator who has topped up need not wait. */
static void test_retry_by_operator(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig_plan_post(rig, CREDITS);
    uint32_t number = rig_capture(rig, "Ada", EMAIL);
    rig_run(rig, MINUTE_MS);
    assert_int_equal(posts_of(rig), 1);
    enr_agent_retry(&rig->agent, rig->now_ms);
    rig_until(rig, number, EMAIL, ENR_REQUEST_FINISHED, MINUTE_MS);
    assert_int_equal(rig_status(rig).flags, 0);
    rig_plan_post(rig, (turn_t){.code = 429, .head = "Retry-After: 600\r\n"}); /* which stands */
    number = rig_capture(rig, "Bob", EMAIL);
    (void)next_call_after(rig, HOUR_MS);
    rig_run(rig, 1000);
    enr_agent_retry(&rig->agent, rig->now_ms);
    assert_true(next_call_after(rig, HOUR_MS) > 590000);
    rig_free(rig);
}

/* Credits, consent and plan hold the type that they were said of; the others go on. */
static void test_flag_of_one_type(void **state)
{
    (void)state;
    static const struct {
        enr_flag_t flag;
        const char *body;
    } ROWS[] = {{ENR_FLAG_CREDITS, "{\"error\":\"Insufficient enrichment credits\"}"},
                {ENR_FLAG_CONSENT, "{\"error\":\"without consenting\"}"},
                {ENR_FLAG_PLAN, "{\"error\":\"plan limit\"}"}};
    for (size_t i = 0; i < 3; i++) {
        rig_t *rig = rig_new();
        rig->config.personal_email = true;
        rig_restart(rig);
        for (int k = 0; k < 20; k++) { /* more than are at work at once, and older than the others */
            char name[16];
            (void)snprintf(name, sizeof name, "P%d", k);
            enr_lead_t lead = rig_lead(name);
            lead.types = PERSONAL;
            lead.consent = (enr_consent_t){ENR_CONSENT_PERSONAL_EMAIL, ENR_CONSENT_PERSONAL_EMAIL, ENR_CONSENT_BY_FORM,
                                           ENR_SPAN("1 en")};
            (void)scan(rig, &lead);
        }
        for (int k = 0; k < 20; k++) {
            char name[16];
            (void)snprintf(name, sizeof name, "E%d", k);
            (void)rig_capture(rig, name, EMAIL);
        }
        rig_plan_post(rig, (turn_t){.code = 422, .body = ROWS[i].body});
        rig_run(rig, 14 * MINUTE_MS);
        enr_agent_status_t status = rig_status(rig);
        assert_int_equal(status.flags, 1u << ROWS[i].flag);
        assert_int_equal(status.counts[ENR_REQUEST_FINISHED], 20);
        assert_int_equal(status.counts[ENR_REQUEST_READY], 20);
        assert_int_equal(posts_of(rig), 21);
        rig_run(rig, 2 * HOUR_MS);
        assert_int_equal(rig_status(rig).counts[ENR_REQUEST_FINISHED], 40);
        assert_int_equal(rig_status(rig).flags, 0);
        check_counts(rig);
        rig_free(rig);
    }
}

/* A flag of polls holds polls; submits go on, and the other way round. */
static void test_flag_of_polls(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    uint32_t ada = rig_capture(rig, "Ada", EMAIL);
    rig_plan_get(rig, UNAUTHORIZED);
    rig_until(rig, ada, EMAIL, ENR_REQUEST_PENDING, HOUR_MS);
    rig_run(rig, MINUTE_MS);
    assert_int_equal(rig->service.gets_seen, 1);
    uint32_t bob = rig_capture(rig, "Bob", EMAIL);
    rig_until(rig, bob, EMAIL, ENR_REQUEST_PENDING, MINUTE_MS);
    assert_int_equal(rig_status(rig).flags, 1u << ENR_FLAG_UNAUTHORIZED);
    rig_run(rig, 10 * MINUTE_MS);
    assert_int_equal(rig->service.gets_seen, 1);
    rig_run(rig, 2 * HOUR_MS);
    assert_int_equal(rig_state(rig, ada, EMAIL), ENR_REQUEST_FINISHED);
    assert_int_equal(rig_state(rig, bob, EMAIL), ENR_REQUEST_FINISHED);
    assert_int_equal(rig_status(rig).flags, 0);
    rig_free(rig);
}

/* No time, no TLS; as soon as there is one, it goes on without waiting for the back-off. */
static void test_time_comes(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig->wall_s = 0;
    rig_plan_open(rig, ENR_E_NO_TIME);
    rig->service.again = true;
    uint32_t number = rig_capture(rig, "Ada", EMAIL);
    rig_run(rig, HOUR_MS);
    assert_int_equal(rig_status(rig).flags, 1u << ENR_FLAG_NO_TIME);
    assert_int_equal(record_of(rig, number).lead.first.quality, ENR_TIME_UNKNOWN);
    rig->wall_s = 1793500000;
    rig->service.again = false;
    enr_wait_t wait; /* whoever sets the clock calls a step */
    enr_agent_step(&rig->agent, rig->now_ms, &wait);
    rig_until(rig, number, EMAIL, ENR_REQUEST_PENDING, 5000);
    assert_int_equal(rig_status(rig).flags, 0);
    rig_free(rig);
}

/* behaviours 36: a poisoned request blocks nobody; an edit or the operator's word sends it again. */
static void test_poisoned(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig_plan_post(rig, VALIDATION);
    uint32_t ada = rig_capture(rig, "Ada", EMAIL);
    uint32_t bob = rig_capture(rig, "Bob", EMAIL);
    rig_until(rig, bob, EMAIL, ENR_REQUEST_FINISHED, MINUTE_MS);
    enr_request_t request = rig_request(rig, ada, EMAIL);
    assert_int_equal(request.state, ENR_REQUEST_REJECTED);
    assert_int_equal(request.status, ENR_E_VALIDATION);
    rig_restart(rig);
    rig_run(rig, DAY_MS);
    assert_int_equal(rig_accepted(rig, "Ada", EMAIL), 0);
    enr_record_t record = record_of(rig, ada);
    record.lead.contact.lastname = ENR_SPAN("Byron");
    RIG_DO(rig, enr_agent_edit(&rig->agent, &record, rig->now_ms));
    rig_until(rig, ada, EMAIL, ENR_REQUEST_FINISHED, MINUTE_MS);
    assert_int_equal(rig_accepted(rig, "Ada", EMAIL), 1);
    check_counts(rig);
    rig_free(rig);
}

/* --- unknown --- */

/* behaviours 34: held by default; the settings may allow to buy again, which is counted and shown. */
static void test_unknown(void **state)
{
    (void)state;
    for (uint8_t allowed = 0; allowed <= 3; allowed++) {
        rig_t *rig = rig_new();
        rig->config.resend[0] = allowed;
        rig_restart(rig);
        rig_plan_post(rig, LOST);
        rig->service.again = true;
        uint32_t number = rig_capture(rig, "Ada", EMAIL);
        uint32_t other = rig_capture(rig, "Bob", PHONE);
        rig_run(rig, DAY_MS);
        rig_restart(rig);
        rig_run(rig, DAY_MS);
        enr_request_t request = rig_request(rig, number, EMAIL);
        assert_int_equal(request.state, ENR_REQUEST_UNKNOWN);
        assert_int_equal(request.status, ENR_E_RESET);
        assert_int_equal(request.attempts, 1 + allowed);
        assert_int_equal(rig_accepted(rig, "Ada", EMAIL), 1 + allowed);
        assert_int_equal(rig_request(rig, other, PHONE).attempts, 1);
        assert_int_equal(rig_status(rig).counts[ENR_REQUEST_UNKNOWN], 2);
        RIG_DO(rig, enr_agent_resend(&rig->agent, number, EMAIL, rig->now_ms));
        rig->service.again = false;
        rig_until(rig, number, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
        assert_int_equal(rig_request(rig, number, EMAIL).attempts, 2 + allowed);
        check_counts(rig);
        rig_free(rig);
    }
}

/* --- the operator --- */

static void test_give_up(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig_plan_post(rig, LOST);
    uint32_t number = rig_capture(rig, "Ada", EMAIL);
    assert_int_equal(enr_agent_give_up(&rig->agent, number, EMAIL, rig->now_ms), ENR_END); /* ready */
    assert_int_equal(enr_agent_resend(&rig->agent, number, EMAIL, rig->now_ms), ENR_END);
    assert_int_equal(enr_agent_give_up(&rig->agent, 77, EMAIL, rig->now_ms), ENR_END);
    rig_until(rig, number, EMAIL, ENR_REQUEST_UNKNOWN, HOUR_MS);
    RIG_DO(rig, enr_agent_give_up(&rig->agent, number, EMAIL, rig->now_ms));
    assert_int_equal(rig_state(rig, number, EMAIL), ENR_REQUEST_ERASED);
    rig_run(rig, HOUR_MS);
    check_counts(rig);
    rig_free(rig);
}

/* DESIGN 1: a lead is erased in every state; what is under way for it is given up, or its answer is dropped. */
static void test_erase_in_each_state(void **state)
{
    (void)state;
    static void (*const BRING[])(rig_t *, uint32_t) = {bring_nothing, bring_sending,  bring_unknown,  bring_pending,
                                                       bring_late,    bring_rejected, bring_finished, bring_taken};
    for (size_t i = 0; i < sizeof BRING / sizeof BRING[0]; i++) {
        for (int named = 0; named < 2; named++) {
            rig_t *rig = rig_new();
            enr_lead_t lead = rig_lead("Ada");
            lead.types = EMAIL | (BRING[i] == bring_taken ? PHONE : 0);
            enr_captured_t captured = scan(rig, &lead);
            if (BRING[i] == bring_taken) {
                rig_plan_post(rig, (turn_t){0});
                rig_plan_post(rig, VALIDATION);
            }
            BRING[i](rig, captured.number);
            if (named == 0) {
                RIG_DO(rig, enr_agent_erase(&rig->agent, captured.number, rig->now_ms));
            } else {
                RIG_DO(rig, enr_agent_erase_named(&rig->agent, &lead, rig->now_ms));
            }
            assert_int_equal(rig_state(rig, captured.number, EMAIL), ENR_REQUEST_ERASED);
            assert_int_equal(enr_agent_erase(&rig->agent, captured.number, rig->now_ms), ENR_END);
            unsigned posts = posts_of(rig);
            rig_run(rig, 3 * HOUR_MS);
            if (posts_of(rig) != posts) {
                fail_msg("row %zu named %d", i, named);
            }
            check_counts(rig);
            uint32_t other = rig_capture(rig, "Bob", EMAIL);
            rig_until(rig, other, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
            assert_int_equal(scan(rig, &lead).kind, ENR_CAPTURE_ERASED);
            rig_free(rig);
        }
    }
}

/* While the connection is being opened nothing has left: the request of an erased lead never does. */
static void test_erase_before_the_gate(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig->service.open_ms = 5000;
    uint32_t number = rig_capture(rig, "Ada", EMAIL);
    rig_run(rig, 1000);
    assert_true(rig_status(rig).online);
    RIG_DO(rig, enr_agent_erase(&rig->agent, number, rig->now_ms));
    assert_false(rig_status(rig).online);
    rig_run(rig, HOUR_MS);
    assert_int_equal(posts_of(rig), 0);
    rig_free(rig);
}

/* domain 5: a hard limit, off by default, that leaves alone what is being worked on. */
static void test_retention(void **state)
{
    (void)state;
    for (uint16_t keep = 0; keep <= 10; keep += 10) {
        rig_t *rig = rig_new();
        rig->config.keep_days = keep;
        rig_restart(rig);
        enr_lead_t nobody = {.attendee_id = ENR_SPAN("1"), .types = EMAIL};
        uint32_t captured = scan(rig, &nobody).number;
        rig_plan_post(rig, LOST);
        uint32_t unknown = rig_capture(rig, "Ada", EMAIL);
        rig_until(rig, unknown, EMAIL, ENR_REQUEST_UNKNOWN, HOUR_MS);
        rig_plan_post(rig, CREDITS);
        rig->service.again = true;
        uint32_t ready = rig_capture(rig, "Bob", EMAIL);
        for (int day = 0; day < 9; day++) {
            rig_run(rig, DAY_MS);
        }
        assert_int_equal(rig_state(rig, captured, EMAIL), ENR_REQUEST_CAPTURED);
        for (int day = 0; day < 2; day++) {
            rig_run(rig, DAY_MS);
        }
        assert_int_equal(rig_state(rig, captured, EMAIL), keep == 0 ? ENR_REQUEST_CAPTURED : ENR_REQUEST_ERASED);
        assert_int_equal(rig_state(rig, unknown, EMAIL), keep == 0 ? ENR_REQUEST_UNKNOWN : ENR_REQUEST_ERASED);
        assert_int_equal(rig_state(rig, ready, EMAIL), ENR_REQUEST_READY);
        check_counts(rig);
        rig_free(rig);
    }
}

/* --- sinks --- */

/* Hands out a batch; gives the numbers of its leads as text. */
static const char *batch_of(rig_t *rig, enr_batch_t *batch, enr_batch_item_t *items, size_t capacity, bool all)
{
    static char text[1024];
    size_t len = 0;
    text[0] = 0;
    enr_batch_start(batch, items, capacity, all);
    for (;;) {
        enr_record_t record;
        enr_status_t status = enr_batch_next(&rig->agent, batch, &record);
        if (status == ENR_END) {
            return text;
        }
        assert_true(status == ENR_OK || status == ENR_AGAIN);
        if (status == ENR_OK) {
            len += (size_t)snprintf(text + len, sizeof text - len, "%u:%s ", record.number,
                                    enr_request_state_name(record.requests[0].state));
        }
    }
}

/* Acknowledging a batch's digest marks exactly what is in it; another one changes nothing. */
static void test_batch(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    for (int i = 0; i < 5; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "P%d", i);
        uint32_t number = rig_capture(rig, name, EMAIL);
        rig_until(rig, number, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
    }
    rig->service.finish_after = 5;
    (void)rig_capture(rig, "Slow", EMAIL);
    enr_lead_t nobody = {.attendee_id = ENR_SPAN("1"), .types = EMAIL};
    (void)scan(rig, &nobody);
    rig_until(rig, 6, EMAIL, ENR_REQUEST_PENDING, HOUR_MS);

    enr_batch_item_t items[8];
    enr_batch_t batch;
    const uint8_t digest[32] = {7};
    const uint8_t wrong[32] = {8};
    assert_string_equal(batch_of(rig, &batch, items, 3, false), "1:finished 2:finished 3:finished ");
    assert_int_equal(enr_batch_acknowledge(&rig->agent, &batch, digest, rig->now_ms), ENR_E_IDENTITY); /* not closed */
    enr_batch_close(&batch, digest);
    assert_int_equal(enr_batch_acknowledge(&rig->agent, &batch, wrong, rig->now_ms), ENR_E_IDENTITY);
    assert_int_equal(rig_status(rig).counts[ENR_REQUEST_FINISHED], 5);
    RIG_DO(rig, enr_batch_acknowledge(&rig->agent, &batch, digest, rig->now_ms));
    assert_int_equal(rig_status(rig).counts[ENR_REQUEST_FINISHED], 2);
    assert_int_equal(rig_state(rig, 1, EMAIL), ENR_REQUEST_ERASED);
    assert_int_equal(rig_state(rig, 4, EMAIL), ENR_REQUEST_FINISHED);
    assert_int_equal(enr_batch_acknowledge(&rig->agent, &batch, digest, rig->now_ms), ENR_E_IDENTITY); /* an old one */

    assert_string_equal(batch_of(rig, &batch, items, 8, true),
                        "4:finished 5:finished 6:pending 7:captured "); /* an export shows all … */
    enr_batch_close(&batch, digest);
    rig_until(rig, 6, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
    RIG_DO(rig, enr_batch_acknowledge(&rig->agent, &batch, digest, rig->now_ms));
    assert_int_equal(rig_state(rig, 6, EMAIL), ENR_REQUEST_FINISHED); /* … and takes what was finished then */
    assert_int_equal(rig_state(rig, 7, EMAIL), ENR_REQUEST_CAPTURED);
    assert_int_equal(rig_status(rig).counts[ENR_REQUEST_FINISHED], 1);

    assert_string_equal(batch_of(rig, &batch, items, 8, false), "6:finished ");
    rig_restart(rig); /* a batch is forgotten, its results are not */
    assert_string_equal(batch_of(rig, &batch, items, 8, false), "6:finished ");
    enr_batch_close(&batch, digest);
    RIG_DO(rig, enr_agent_erase(&rig->agent, 6, rig->now_ms));
    RIG_DO(rig, enr_batch_acknowledge(&rig->agent, &batch, digest, rig->now_ms));
    rig_run(rig, HOUR_MS);
    check_counts(rig);
    rig_free(rig);
}

/* A lead is erased when all its requests are taken; a refused one beside a taken one does not keep it. */
static void test_delivered(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    enr_lead_t lead = rig_lead("Ada");
    lead.types = EMAIL | PHONE;
    uint32_t both = scan(rig, &lead).number;
    lead = rig_lead("Bob");
    lead.types = EMAIL | PHONE;
    lead.email = ENR_SPAN("bob@acme.example");
    lead.contact.linkedin_url = (enr_span_t){0};
    uint32_t one = scan(rig, &lead).number;
    rig_plan_post(rig, (turn_t){0});
    rig_plan_post(rig, (turn_t){.delay_ms = 60000});
    rig_until(rig, both, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
    rig_take_all(rig);
    assert_int_equal(rig_state(rig, both, EMAIL), ENR_REQUEST_TAKEN);
    assert_int_equal(rig_state(rig, both, PHONE), ENR_REQUEST_PENDING);
    rig_until(rig, both, PHONE, ENR_REQUEST_FINISHED, HOUR_MS);
    rig_until(rig, one, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
    rig_take_all(rig);
    assert_int_equal(rig_state(rig, both, PHONE), ENR_REQUEST_ERASED);
    assert_int_equal(rig_state(rig, one, EMAIL), ENR_REQUEST_ERASED);
    assert_int_equal(rig_status(rig).counts[ENR_REQUEST_ERASED], 2);
    rig_free(rig);
}

/* api-contract 13: a paid number is never dropped, also when the body does not fit. */
static void test_reduced(void **state)
{
    (void)state;
    static char body[6000];
    size_t len = (size_t)snprintf(
        body, sizeof body, "{\"id\":\"%%I\",\"status\":\"finished\",\"custom\":{\"enr_token\":\"%%T\"},\"phone\":[");
    for (int i = 0; i < 40; i++) {
        len += (size_t)snprintf(body + len, sizeof body - len, "%s\"+336399801%02d\"", i == 0 ? "" : ",", i);
    }
    len += (size_t)snprintf(body + len, sizeof body - len, "],\"phones\":{\"number\":\"+4670\"},\"noise\":\"");
    memset(body + len, 'n', 3000);
    (void)snprintf(body + len + 3000, sizeof body - len - 3000, "\"}");
    rig_t *rig = rig_new();
    rig_plan_get(rig, (turn_t){.code = 200, .body = body});
    uint32_t number = rig_capture(rig, "Ada", PHONE);
    rig_until(rig, number, PHONE, ENR_REQUEST_FINISHED, HOUR_MS);
    const char *kept = rig_data(rig, number, PHONE);
    for (int i = 0; i < 40; i++) {
        char digits[32];
        (void)snprintf(digits, sizeof digits, "\"+336399801%02d\"", i);
        assert_non_null(strstr(kept, digits));
    }
    assert_non_null(strstr(kept, "\"phones\":{\"number\":\"+4670\"}"));
    assert_non_null(strstr(kept, "\"reduced\":true"));
    assert_null(strstr(kept, "noise"));
    rig_free(rig);
}

/* What does not even fit so stays with the service, and is told. */
static void test_too_large_result(void **state)
{
    (void)state;
    static char body[6000];
    size_t len = (size_t)snprintf(body, sizeof body, "{\"id\":\"%%I\",\"status\":\"finished\",\"phone\":[\"+1");
    memset(body + len, '1', 3000);
    (void)snprintf(body + len + 3000, sizeof body - len - 3000, "\"]}");
    rig_t *rig = rig_new();
    rig_plan_get(rig, (turn_t){.code = 200, .body = body});
    rig->service.again = true;
    uint32_t number = rig_capture(rig, "Ada", PHONE);
    rig_until(rig, number, PHONE, ENR_REQUEST_PENDING, HOUR_MS);
    rig_run(rig, MINUTE_MS);
    assert_int_equal(rig_state(rig, number, PHONE), ENR_REQUEST_PENDING);
    assert_int_equal(rig_status(rig).last_error, ENR_E_LIMIT);
    rig_free(rig);
}

/* --- a journal that is full, or damaged --- */

/* behaviours 42: full is told, nothing is overwritten, what is there is worked on, and room comes back. */
static void test_full(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig->config.api = NULL;
    rig_restart(rig);
    uint32_t count = 0;
    for (int refused = 0; refused < 3;) { /* compaction may find some more room meanwhile */
        char name[16];
        (void)snprintf(name, sizeof name, "P%u", count);
        enr_lead_t lead = rig_lead(name);
        enr_captured_t captured;
        enr_status_t status = enr_agent_capture(&rig->agent, &lead, rig->now_ms, &captured);
        assert_true(status == ENR_OK || status == ENR_AGAIN || status == ENR_E_FULL);
        count += status == ENR_OK ? 1 : 0;
        refused += status == ENR_E_FULL ? 1 : 0;
        rig_run(rig, status == ENR_E_FULL ? MINUTE_MS : 5);
    }
    assert_true(count > 20);
    rig_run(rig, MINUTE_MS);
    assert_int_equal(rig_status(rig).counts[ENR_REQUEST_READY], count);
    assert_int_equal(rig_status(rig).room, 0);
    rig->config.api = &rig->api;
    rig_restart(rig);
    rig_run(rig, HOUR_MS);
    assert_int_equal(rig_status(rig).counts[ENR_REQUEST_FINISHED], count);
    assert_int_equal(rig->service.entry_count, count);
    check_counts(rig);
    rig_take_all(rig);
    rig_take_all(rig);
    rig_run(rig, HOUR_MS);
    assert_int_equal(rig_status(rig).counts[ENR_REQUEST_ERASED], count);
    assert_true(rig_status(rig).room > 5); /* of a larger kind of lead */
    assert_true(rig_capture(rig, "Ada", EMAIL) > count);
    rig_free(rig);
}

/* An attempt that is refused again and again costs marks, for which room is found elsewhere than in the slot. */
static void test_many_attempts(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig_plan_post(rig, (turn_t){.code = 429});
    rig->service.again = true;
    uint32_t number = rig_capture(rig, "Ada", EMAIL);
    rig_run(rig, DAY_MS);
    assert_true(rig->service.posts_seen > 400);
    enr_request_t request = rig_request(rig, number, EMAIL);
    assert_int_equal(request.state, ENR_REQUEST_READY);
    assert_int_equal(request.status, ENR_E_RATE_LIMITED);
    assert_int_equal(request.attempts, 0); /* surely not accepted, so none that may have been bought */
    rig->service.again = false;
    rig_until(rig, number, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
    assert_int_equal(rig_request(rig, number, EMAIL).attempts, 1);
    rig_free(rig);
}

/* Flips a bit of a lead's content on flash, which begins with its format and its types, sealed: found by trying. */
static void damage_content(rig_t *rig, uint32_t number)
{
    for (uint32_t at = 0; at < rig->geometry.size; at++) {
        if (rig->flash.bytes[at] == 0xff) {
            continue;
        }
        enr_record_t record;
        rig->flash.bytes[at] ^= 1;
        enr_status_t status = enr_agent_find(&rig->agent, number, &record);
        if (status == ENR_E_SEAL && record.number == number && record.slot.content_len > 0) {
            return;
        }
        rig->flash.bytes[at] ^= 1;
    }
    fail_msg("no content found");
}

/* An id that the flash does not take is held until it does: it was paid for. Meanwhile nothing else is sent. What
   cannot be marked at the gate does not leave. */
static void test_flash_refuses(void **state)
{
    (void)state;
    bool was_held = false;
    for (unsigned refuse = 1; refuse < 24; refuse++) { /* the journal gets over the first ones by itself */
        rig_t *rig = rig_new();
        rig_plan_post(rig, (turn_t){.delay_ms = 5000});
        uint32_t ada = rig_capture(rig, "Ada", EMAIL);
        (void)rig_capture(rig, "Bob", EMAIL);
        while (rig->service.posts_seen == 0) {
            (void)rig_step(rig, rig->now_ms + 1000);
        }
        rig->refuse = refuse;
        while (rig->refuse > 0) {
            (void)rig_step(rig, rig->now_ms + 1000);
        }
        was_held = was_held || (!rig_status(rig).safe && rig_status(rig).last_error == ENR_E_FLASH);
        assert_int_equal(rig->service.posts_seen, 1);
        rig_until(rig, ada, EMAIL, ENR_REQUEST_PENDING, 5000);
        assert_string_equal(rig_data(rig, ada, EMAIL), "id-1");
        rig_run(rig, HOUR_MS);
        assert_int_equal(rig_status(rig).counts[ENR_REQUEST_FINISHED], 2);

        uint32_t eve = rig_capture(rig, "Eve", EMAIL);
        rig->refuse = refuse;
        while (rig->refuse > 0) {
            (void)rig_step(rig, rig->now_ms + 1000);
            assert_true(rig->refuse == 0 || rig->service.posts_seen == 2);
        }
        rig_until(rig, eve, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
        assert_int_equal(rig->service.entry_count, 3);
        check_counts(rig);
        rig_free(rig);
    }
    assert_true(was_held);
}

/* A content that does not open any more: told, kept, and made good by a rescan, which buys nothing again. */
static void test_damaged(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig->service.finish_after = 100000;
    uint32_t number = rig_capture(rig, "Ada", EMAIL);
    rig_until(rig, number, EMAIL, ENR_REQUEST_PENDING, HOUR_MS);
    rig->config.api = NULL;
    rig_restart(rig);
    damage_content(rig, number);
    rig_restart(rig);
    rig_run(rig, MINUTE_MS);
    assert_int_equal(rig_status(rig).unreadable, 1);
    enr_record_t record;
    assert_int_equal(enr_agent_find(&rig->agent, number, &record), ENR_E_SEAL);
    enr_lead_t lead = rig_lead("Ada");
    enr_captured_t captured;
    enr_status_t status = enr_agent_capture(&rig->agent, &lead, rig->now_ms, &captured);
    assert_int_equal(status, ENR_OK);
    assert_int_equal(captured.number, number);
    assert_int_equal(captured.states[0], ENR_REQUEST_PENDING);
    assert_int_equal(rig_status(rig).unreadable, 0);
    rig->config.api = &rig->api;
    rig_restart(rig);
    rig_run(rig, HOUR_MS);
    assert_int_equal(rig->service.posts_seen, 1);
    rig_free(rig);
}

/* behaviours 46: what is erased or delivered becomes unreadable: an erased lead at once, others once in a while. */
static void test_purge(void **state)
{
    (void)state;
    for (int once = 0; once < 2; once++) {
        enr_script_flash_config_t geometry = {.size = 16 * 4096,
                                              .sector_size = 4096,
                                              .page_size = 256,
                                              .program_unit = once != 0 ? 8 : 1,
                                              .reprogram = once == 0,
                                              .suspends = true};
        rig_t *rig = rig_new_on(&geometry);
        uint32_t ada = rig_capture(rig, "Ada", EMAIL);
        uint32_t bob = rig_capture(rig, "Bob", EMAIL);
        rig_until(rig, ada, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
        rig_until(rig, bob, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
        enr_journal_stats_t stats;
        RIG_DO(rig, enr_agent_erase(&rig->agent, ada, rig->now_ms));
        rig_run(rig, MINUTE_MS);
        enr_journal_stats(&rig->journal, &stats);
        assert_int_equal(stats.unpurged, 0);
        rig_take_all(rig);
        rig_run(rig, HOUR_MS);
        enr_journal_stats(&rig->journal, &stats);
        assert_int_equal(stats.unpurged, 1);
        rig_run(rig, DAY_MS);
        enr_journal_stats(&rig->journal, &stats);
        assert_int_equal(stats.unpurged, 0);
        rig_free(rig);
    }
}

/* --- shutdown --- */

static void test_stop(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig->service.open_ms = 5000;
    (void)rig_capture(rig, "Ada", EMAIL);
    rig_run(rig, 1000);
    assert_true(rig_status(rig).online);
    assert_true(rig_status(rig).safe);
    assert_int_equal(enr_agent_stop(&rig->agent), ENR_OK); /* nothing has left */
    rig_run(rig, HOUR_MS);
    assert_int_equal(posts_of(rig), 0);
    assert_false(rig_status(rig).has_next);
    (void)rig_capture(rig, "Bob", EMAIL); /* scanning goes on */
    rig_restart(rig);

    rig_plan_post(rig, (turn_t){.delay_ms = 20000});
    rig_until(rig, 1, EMAIL, ENR_REQUEST_SENDING, HOUR_MS);
    assert_false(rig_status(rig).safe);
    assert_int_equal(enr_agent_stop(&rig->agent), ENR_AGAIN);
    rig_run(rig, HOUR_MS);
    assert_int_equal(enr_agent_stop(&rig->agent), ENR_OK);
    assert_int_equal(rig_state(rig, 1, EMAIL), ENR_REQUEST_PENDING);
    assert_int_equal(posts_of(rig), 1);
    rig_free(rig);
}

/* --- capture, whatever else goes on (must show 5) --- */

/* DESIGN 3: TLS holds its whole memory. */
static void test_capture_without_tls_memory(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig_run(rig, 1000);
    rig_give_memory(false);
    unsigned asked = rig_memory_asked();
    enr_lead_t lead = rig_lead("Ada");
    assert_int_equal(scan(rig, &lead).kind, ENR_CAPTURE_NEW);
    lead.rating = 2;
    assert_int_equal(scan(rig, &lead).kind, ENR_CAPTURE_UPDATED);
    assert_int_equal(rig_memory_asked(), asked); /* it does not even ask */
    rig_give_memory(true);
    rig_restart(rig);
    assert_int_equal(record_of(rig, 1).lead.rating, 2);
    rig_free(rig);
}

/* Between the steps of a handshake, each of which may take a second (DESIGN 4). */
static void test_capture_during_handshake(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig->service.open_ms = 10000;
    (void)rig_capture(rig, "Ada", EMAIL);
    rig_run(rig, 500);
    for (int i = 0; i < 9; i++) {
        assert_true(rig_status(rig).online);
        assert_int_equal(posts_of(rig), 0);
        char name[16];
        (void)snprintf(name, sizeof name, "P%d", i);
        enr_lead_t lead = rig_lead(name);
        enr_captured_t captured;
        assert_int_equal(enr_agent_capture(&rig->agent, &lead, rig->now_ms, &captured), ENR_OK); /* at once */
        rig_run(rig, 1000);
    }
    rig_run(rig, HOUR_MS);
    assert_int_equal(rig_status(rig).counts[ENR_REQUEST_FINISHED], 10);
    rig_free(rig);
}

/* While a sector is being erased, on a part that can suspend that (behaviours 42). */
static void test_capture_during_erase(void **state)
{
    (void)state;
    static const enr_script_flash_config_t GEOMETRY = {.size = 32 * 4096,
                                                       .sector_size = 4096,
                                                       .page_size = 256,
                                                       .program_unit = 1,
                                                       .reprogram = true,
                                                       .suspends = true,
                                                       .erase_polls = 1000};
    rig_t *rig = rig_new_on(&GEOMETRY);
    rig->config.api = NULL;
    rig_restart(rig);
    (void)rig_capture(rig, "Ada", EMAIL);
    unsigned during = 0;
    uint32_t numbers[8];
    char filler[16];
    for (int i = 0; i < 40000 && during < 8; i++) {
        (void)rig_step(rig, rig->now_ms + HOUR_MS);
        if (!rig->flash.erasing) { /* filled, a sector makes the next one be erased */
            (void)snprintf(filler, sizeof filler, "F%d", i);
            (void)rig_capture(rig, filler, EMAIL);
        }
        if (!rig->flash.erasing || rig->flash.polls != 500) {
            continue;
        }
        char name[16];
        (void)snprintf(name, sizeof name, "P%u", during);
        enr_lead_t lead = rig_lead(name);
        enr_captured_t captured;
        assert_int_equal(enr_agent_capture(&rig->agent, &lead, rig->now_ms, &captured), ENR_OK); /* at once */
        assert_int_equal(captured.kind, ENR_CAPTURE_NEW);
        numbers[during] = captured.number;
        lead.rating = 1;
        assert_int_equal(enr_agent_capture(&rig->agent, &lead, rig->now_ms, &captured), ENR_OK);
        assert_int_equal(captured.kind, ENR_CAPTURE_UPDATED);
        assert_true(rig->flash.erasing);
        during++;
    }
    assert_int_equal(during, 8);
    rig_restart(rig);
    for (unsigned i = 0; i < during; i++) {
        assert_int_equal(record_of(rig, numbers[i]).lead.rating, 1);
    }
    assert_int_equal(rig->flash.violations, 0);
    rig_free(rig);
}

/* behaviours 47: a scan costs the programs of its one record, and no erase. */
static void test_capture_costs(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    rig->config.api = NULL;
    rig_restart(rig);
    (void)rig_capture(rig, "Ada", EMAIL);
    rig_run(rig, 60000);
    uint64_t programs = rig->flash.programs;
    uint64_t erases = rig->flash.erases;
    (void)rig_capture(rig, "Bob", EMAIL | PHONE);
    assert_in_range(rig->flash.programs - programs, 1, 3); /* its content, perhaps over two pages, and its entry */
    assert_int_equal(rig->flash.erases, erases);
    rig_free(rig);
}

/* A lead whose erasing a power cut interrupted is made unreadable after the next start (behaviours 46). */
static void test_purge_after_a_cut(void **state)
{
    (void)state;
    rig_t *rig = rig_new();
    uint32_t number = rig_capture(rig, "Ada", ENR_TYPE_EMAIL);
    (void)rig_capture(rig, "Ben", ENR_TYPE_EMAIL);
    rig_run(rig, 60000);
    RIG_DO(rig, enr_agent_erase(&rig->agent, number, rig->now_ms));
    rig_restart(rig);
    rig_run(rig, 60000);
    enr_journal_stats_t stats;
    enr_journal_stats(&rig->journal, &stats);
    assert_true(stats.counted);
    assert_int_equal(stats.unpurged, 0);
    rig_free(rig);
}

/* A capture while leads are counted may make the journal write its newest lead again, which was met already: it is
   counted once all the same. */
static void test_capture_while_counting(void **state)
{
    (void)state;
    for (unsigned steps = 0; steps < 8; steps++) {
        rig_t *rig = rig_new();
        rig->service.again = true;
        rig_plan_open(rig, ENR_E_REFUSED);
        (void)rig_capture(rig, "Early", ENR_TYPE_EMAIL);
        rig_run(rig, 1000);
        rig_restart(rig);
        for (unsigned i = 0; i < steps; i++) {
            (void)rig_step(rig, rig->now_ms);
        }
        (void)rig_capture(rig, "Late", ENR_TYPE_EMAIL);
        check_counts(rig);
        rig_free(rig);
    }
}

int main(void)
{
    rig_prepare();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_local_check),
        cmocka_unit_test(test_personal_email),
        cmocka_unit_test(test_consent_withdrawn),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_unverified),
        cmocka_unit_test(test_sync),
        cmocka_unit_test(test_rescan_in_each_state),
        cmocka_unit_test(test_rescan_completes),
        cmocka_unit_test(test_repeated_scan),
        cmocka_unit_test(test_rescan_of_erased),
        cmocka_unit_test(test_pending_limit),
        cmocka_unit_test(test_fairness),
        cmocka_unit_test(test_poll_pace),
        cmocka_unit_test(test_many_late),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_back_off),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_retry_after_and_clock),
        cmocka_unit_test(test_probes),
        cmocka_unit_test(test_retry_by_operator),
        cmocka_unit_test(test_flag_of_one_type),
        cmocka_unit_test(test_flag_of_polls),
        cmocka_unit_test(test_time_comes),
        cmocka_unit_test(test_poisoned),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_give_up),
        cmocka_unit_test(test_erase_in_each_state),
        cmocka_unit_test(test_erase_before_the_gate),
        cmocka_unit_test(test_retention),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_delivered),
        cmocka_unit_test(test_reduced),
        cmocka_unit_test(test_too_large_result),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_many_attempts),
        cmocka_unit_test(test_flash_refuses),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_purge),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_capture_without_tls_memory),
        cmocka_unit_test(test_capture_during_handshake),
        cmocka_unit_test(test_capture_during_erase),
        cmocka_unit_test(test_capture_while_counting),
        cmocka_unit_test(test_purge_after_a_cut),
        cmocka_unit_test(test_capture_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
