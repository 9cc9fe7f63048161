/* What scanners, operators, sinks and settings do to leads, with the power cut at every flash operation on the way:
   after it a lead is as it was before or as it is afterwards, nothing else, and goes on from there (DESIGN 6). What
   calls do has its own test (test_agent_outcomes). */
#include "agent_rig.h"

#define EMAIL ENR_TYPE_EMAIL
#define PHONE ENR_TYPE_PHONE
#define HOUR_MS 3600000u

static const enr_script_flash_config_t GEOMETRIES[] = {
    {.size = 16 * 4096, .sector_size = 4096, .page_size = 256, .program_unit = 1, .reprogram = true, .suspends = true},
    {.size = 16 * 4096, .sector_size = 4096, .page_size = 256, .program_unit = 8, .suspends = true},
    {.size = 16 * 4096, .sector_size = 4096, .page_size = 256, .program_unit = 32, .suspends = true},
};

/* One change. Its lead is number 1. */
typedef struct {
    const char *name;
    void (*prepare)(rig_t *rig);
    enr_status_t (*act)(rig_t *rig);
    bool (*is_before)(rig_t *rig);
    bool (*is_after)(rig_t *rig);
} change_t;

/* What an act or a look at a lead says once the journal has done what it asked for; torn marks may need a second look.
 */
#define ASK(rig, call, out_status)                                                                                     \
    do {                                                                                                               \
        (out_status) = (call);                                                                                         \
        for (int tries_ = 0; ((out_status) == ENR_AGAIN || (out_status) == ENR_E_SEAL) && tries_ < 1000; tries_++) {   \
            (void)rig_step((rig), (rig)->now_ms + 5);                                                                  \
            (out_status) = (call);                                                                                     \
        }                                                                                                              \
    } while (0)

static bool look(rig_t *rig, enr_record_t *out_record)
{
    enr_status_t status;
    ASK(rig, enr_agent_find(&rig->agent, 1, out_record), status);
    assert_true(status == ENR_OK || status == ENR_END);
    return status == ENR_OK;
}

static enr_request_state_t state_of(rig_t *rig)
{
    enr_record_t record;
    return look(rig, &record) ? record.requests[0].state : ENR_REQUEST_ERASED;
}

#define STATE_TEST(name, value)                                                                                        \
    static bool name(rig_t *rig)                                                                                       \
    {                                                                                                                  \
        return state_of(rig) == (value);                                                                               \
    }
STATE_TEST(is_absent_or_erased, ENR_REQUEST_ERASED)
STATE_TEST(is_ready, ENR_REQUEST_READY)
STATE_TEST(is_captured, ENR_REQUEST_CAPTURED)
STATE_TEST(is_refused, ENR_REQUEST_REFUSED)
STATE_TEST(is_unknown, ENR_REQUEST_UNKNOWN)
STATE_TEST(is_rejected, ENR_REQUEST_REJECTED)
STATE_TEST(is_finished, ENR_REQUEST_FINISHED)
STATE_TEST(is_late, ENR_REQUEST_LATE)

/* Two marks: taken, then the tombstone. */
static bool is_taken_or_erased(rig_t *rig)
{
    enr_request_state_t state = state_of(rig);
    return state == ENR_REQUEST_TAKEN || state == ENR_REQUEST_ERASED;
}

/* --- before --- */

static void prepare_nothing(rig_t *rig)
{
    (void)rig;
}

static void prepare_ready(rig_t *rig)
{
    rig->config.api = NULL;
    rig_restart(rig);
    (void)rig_capture(rig, "Ada", EMAIL);
}

static void prepare_captured(rig_t *rig)
{
    rig->config.api = NULL;
    rig_restart(rig);
    enr_lead_t lead = {.attendee_id = ENR_SPAN("A-1"), .types = EMAIL};
    enr_captured_t captured;
    RIG_DO(rig, enr_agent_capture(&rig->agent, &lead, rig->now_ms, &captured));
}

static void prepare_refused(rig_t *rig)
{
    prepare_captured(rig);
    enr_lead_t lead = {.attendee_id = ENR_SPAN("A-1"), .contact = {.firstname = ENR_SPAN("Ada")}};
    enr_captured_t captured;
    RIG_DO(rig, enr_agent_capture(&rig->agent, &lead, rig->now_ms, &captured));
}

static void prepare_unknown(rig_t *rig)
{
    rig_plan_post(rig, (turn_t){.read = ENR_E_RESET});
    (void)rig_capture(rig, "Ada", EMAIL);
    rig_until(rig, 1, EMAIL, ENR_REQUEST_UNKNOWN, HOUR_MS);
    rig->config.api = NULL;
    rig_restart(rig);
}

static void prepare_rejected(rig_t *rig)
{
    rig_plan_post(rig, (turn_t){.code = 400});
    (void)rig_capture(rig, "Ada", EMAIL);
    rig_until(rig, 1, EMAIL, ENR_REQUEST_REJECTED, HOUR_MS);
    rig->config.api = NULL;
    rig_restart(rig);
}

static void prepare_finished(rig_t *rig)
{
    (void)rig_capture(rig, "Ada", EMAIL);
    rig_until(rig, 1, EMAIL, ENR_REQUEST_FINISHED, HOUR_MS);
    rig->config.api = NULL;
    rig_restart(rig);
}

static void prepare_late(rig_t *rig)
{
    rig->service.finish_after = 1000;
    rig->paces.late_ms = 1;
    rig_restart(rig);
    (void)rig_capture(rig, "Ada", EMAIL);
    rig_until(rig, 1, EMAIL, ENR_REQUEST_LATE, HOUR_MS);
    rig->config.api = NULL;
    rig_restart(rig);
}

static void prepare_old(rig_t *rig)
{
    prepare_captured(rig);
    rig->config.keep_days = 10;
    rig->wall_s += 11 * 86400;
    rig_restart(rig);
}

/* --- acts --- */

static enr_status_t act_capture(rig_t *rig)
{
    enr_lead_t lead = rig_lead("Ada");
    enr_captured_t captured;
    enr_status_t status;
    ASK(rig, enr_agent_capture(&rig->agent, &lead, rig->now_ms, &captured), status);
    return status;
}

static enr_status_t act_rescan(rig_t *rig)
{
    enr_lead_t lead = rig_lead("Ada");
    lead.title = ENR_SPAN("CTO");
    enr_captured_t captured;
    enr_status_t status;
    ASK(rig, enr_agent_capture(&rig->agent, &lead, rig->now_ms, &captured), status);
    return status;
}

static bool has_title(rig_t *rig)
{
    enr_record_t record;
    return look(rig, &record) && record.lead.title.len == 3 && record.lead.scans >= 2 &&
           record.requests[0].state == ENR_REQUEST_READY;
}

static bool has_no_title(rig_t *rig)
{
    enr_record_t record;
    return look(rig, &record) && record.lead.title.len == 0 && record.lead.scans == 1 &&
           record.requests[0].state == ENR_REQUEST_READY;
}

static enr_status_t act_complete(rig_t *rig)
{
    enr_lead_t lead = rig_lead("Ada");
    lead.attendee_id = ENR_SPAN("A-1");
    enr_captured_t captured;
    enr_status_t status;
    ASK(rig, enr_agent_capture(&rig->agent, &lead, rig->now_ms, &captured), status);
    return status;
}

static enr_status_t act_resend(rig_t *rig)
{
    enr_status_t status;
    ASK(rig, enr_agent_resend(&rig->agent, 1, EMAIL, rig->now_ms), status);
    return status;
}

static enr_status_t act_give_up(rig_t *rig)
{
    enr_status_t status;
    ASK(rig, enr_agent_give_up(&rig->agent, 1, EMAIL, rig->now_ms), status);
    return status;
}

static enr_status_t act_erase(rig_t *rig)
{
    enr_status_t status;
    ASK(rig, enr_agent_erase(&rig->agent, 1, rig->now_ms), status);
    return status;
}

static enr_status_t act_edit(rig_t *rig)
{
    enr_status_t status = ENR_AGAIN;
    for (int i = 0; i < 100 && (status == ENR_AGAIN || status == ENR_E_SEAL); i++) {
        enr_record_t record;
        ASK(rig, enr_agent_find(&rig->agent, 1, &record), status);
        if (status == ENR_OK) {
            record.lead.contact.lastname = ENR_SPAN("Byron");
            status = enr_agent_edit(&rig->agent, &record, rig->now_ms);
        }
        if (status != ENR_OK) {
            (void)rig_step(rig, rig->now_ms + 5);
        }
    }
    return status;
}

/* Two marks: the content, then that it may be sent. */
static bool is_edited(rig_t *rig)
{
    enr_record_t record;
    return look(rig, &record) && record.lead.contact.lastname.len == 5 &&
           (record.requests[0].state == ENR_REQUEST_READY || record.requests[0].state == ENR_REQUEST_REJECTED);
}

static enr_status_t act_take(rig_t *rig)
{
    enr_batch_item_t items[2];
    enr_batch_t batch;
    const uint8_t digest[32] = {1};
    enr_status_t status = ENR_OK;
    enr_batch_start(&batch, items, 2, false);
    while (status == ENR_OK) {
        enr_record_t record;
        ASK(rig, enr_batch_next(&rig->agent, &batch, &record), status);
    }
    bool is_empty = batch.count == 0;
    enr_batch_close(&batch, digest);
    ASK(rig, enr_batch_acknowledge(&rig->agent, &batch, digest, rig->now_ms), status);
    return status == ENR_OK && is_empty ? ENR_END : status;
}

/* The walk finds what is too old. */
static enr_status_t act_walk(rig_t *rig)
{
    for (int i = 0; i < 200 && !rig->flash.off; i++) {
        (void)rig_step(rig, rig->now_ms + 5);
    }
    return rig->flash.off ? ENR_E_FLASH : ENR_OK;
}

static const change_t CHANGES[] = {
    {"capture", prepare_nothing, act_capture, is_absent_or_erased, is_ready},
    {"rescan", prepare_ready, act_rescan, has_no_title, has_title},
    {"captured, completed", prepare_captured, act_complete, is_captured, is_ready},
    {"refused, completed", prepare_refused, act_complete, is_refused, is_ready},
    {"unknown, sent again", prepare_unknown, act_resend, is_unknown, is_ready},
    {"rejected, sent again", prepare_rejected, act_resend, is_rejected, is_ready},
    {"rejected, edited", prepare_rejected, act_edit, is_rejected, is_edited},
    {"unknown, given up", prepare_unknown, act_give_up, is_unknown, is_taken_or_erased},
    {"late, given up", prepare_late, act_give_up, is_late, is_taken_or_erased},
    {"finished, taken", prepare_finished, act_take, is_finished, is_taken_or_erased},
    {"ready, erased", prepare_ready, act_erase, is_ready, is_absent_or_erased},
    {"unknown, erased", prepare_unknown, act_erase, is_unknown, is_absent_or_erased},
    {"finished, erased", prepare_finished, act_erase, is_finished, is_absent_or_erased},
    {"too old", prepare_old, act_walk, is_captured, is_absent_or_erased},
};

static unsigned cuts;

/* Where a cut has torn a mark, it may read so or so until it is acted upon: then it is one of the two for good. */
static void act_again(rig_t *rig, const change_t *change)
{
    enr_status_t status = ENR_END; /* of a torn mark that read as if it had been done */
    for (int i = 0; i < 30 && status == ENR_END; i++) {
        status = change->act(rig);
    }
    assert_true(status == ENR_OK || status == ENR_END);
    if (!change->is_after(rig)) { /* what read as done at its look is met again by a later round */
        rig_run(rig, 24u * 3600u * 1000u);
    }
    for (int i = 0; i < 5; i++) {
        (void)rig_step(rig, rig->now_ms + 5);
        if (!change->is_after(rig)) {
            fail_msg("%s: not done the second time", change->name);
        }
    }
    rig_restart(rig);
    assert_true(change->is_after(rig));
}

static void cut_change(const change_t *change, const enr_script_flash_config_t *geometry)
{
    rig_t *rig = rig_new_on(geometry);
    change->prepare(rig);
    assert_true(change->is_before(rig));
    uint64_t first = rig->flash.operations;
    assert_int_equal(change->act(rig), ENR_OK);
    assert_true(change->is_after(rig));
    uint64_t count = rig->flash.operations - first;
    rig_free(rig);
    for (uint64_t at = 1; at <= count; at++) {
        for (int kind = 0; kind < ENR_SCRIPT_CUT_KINDS; kind++) {
            rig = rig_new_on(geometry);
            change->prepare(rig);
            rig->flash.cut_at = rig->flash.operations + at;
            rig->flash.cut_kind = (enr_script_cut_t)kind;
            enr_status_t status = change->act(rig);
            assert_true(status != ENR_OK || rig->flash.off); /* the last one may be beside the point */
            rig_restart(rig);
            bool is_one = false;
            for (int i = 0; i < 20 && !is_one; i++) { /* torn, it may change between two looks */
                is_one = change->is_before(rig) || change->is_after(rig);
            }
            if (!is_one) {
                fail_msg("%s, operation %u, kind %d: neither before nor after", change->name, (unsigned)at, kind);
            }
            act_again(rig, change);
            assert_int_equal(rig->flash.violations, 0);
            rig_free(rig);
            cuts++;
        }
    }
}

static void test_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CHANGES / sizeof CHANGES[0]; i++) {
        for (size_t k = 0; k < sizeof GEOMETRIES / sizeof GEOMETRIES[0]; k++) {
            cut_change(&CHANGES[i], &GEOMETRIES[k]);
        }
    }
    print_message("changes: cuts=%u\n", cuts);
}

/* behaviours 44: a torn mark may read so or so, but once it was acted upon it is one for good. */
static void test_torn_mark_is_pinned(void **state)
{
    (void)state;
    unsigned pinned = 0;
    for (size_t k = 0; k < sizeof GEOMETRIES / sizeof GEOMETRIES[0]; k++) {
        for (uint64_t at = 1; at < 60; at++) {
            rig_t *rig = rig_new_on(&GEOMETRIES[k]);
            rig->service.finish_after = 1000;
            rig_run(rig, 1000);
            rig->flash.cut_at = rig->flash.operations + at;
            rig->flash.cut_kind = ENR_SCRIPT_CUT_TORN;
            enr_lead_t lead = rig_lead("Ada");
            enr_captured_t captured;
            enr_status_t status;
            ASK(rig, enr_agent_capture(&rig->agent, &lead, rig->now_ms, &captured), status);
            for (int i = 0; i < 300 && !rig->flash.off; i++) {
                (void)rig_step(rig, rig->now_ms + 1000);
            }
            bool is_acknowledged = status == ENR_OK;
            rig_restart(rig);
            rig_run(rig, 5000);
            enr_request_state_t then = state_of(rig);
            rig->config.api = NULL;
            for (int i = 0; i < 8 && is_acknowledged; i++) {
                rig_restart(rig);
                assert_int_equal(state_of(rig), then);
                pinned++;
            }
            rig_free(rig);
        }
    }
    assert_true(pinned > 100);
}

/* What outlasts a cut beside the leads: a flag and a Retry-After are there, or were never set. */
static void test_store(void **state)
{
    (void)state;
    for (int flag = 0; flag < 2; flag++) {
        for (uint64_t at = 1; at <= 12; at++) {
            for (int kind = 0; kind < ENR_SCRIPT_CUT_KINDS; kind++) {
                rig_t *rig = rig_new();
                rig_plan_post(rig, flag != 0 ? (turn_t){.code = 401}
                                             : (turn_t){.code = 429, .head = "Retry-After: 7200\r\n"});
                rig_run(rig, HOUR_MS);
                rig->store_flash.cut_at = rig->store_flash.operations + at;
                rig->store_flash.cut_kind = (enr_script_cut_t)kind;
                (void)rig_capture(rig, "Ada", EMAIL);
                for (int i = 0; i < 100 && rig->service.posts_seen == 0; i++) {
                    (void)rig_step(rig, rig->now_ms + 1000);
                }
                rig_run(rig, 1000);
                rig_restart(rig);
                rig_run(rig, 100);
                bool is_there = flag != 0 ? rig_status(rig).flags == 1u << ENR_FLAG_UNAUTHORIZED
                                          : rig_status(rig).next_ms > HOUR_MS;
                bool is_gone = flag != 0 ? rig_status(rig).flags == 0 : rig->service.posts_seen == 2;
                assert_true(is_there || is_gone);
                assert_int_equal(rig_state(rig, 1, EMAIL) == ENR_REQUEST_READY, is_there);
                rig_free(rig);
            }
        }
    }
}

int main(void)
{
    rig_prepare();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_torn_mark_is_pinned),
        cmocka_unit_test(test_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
