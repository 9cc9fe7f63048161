/* The agent through long stories made of chance: scans and rescans, faults of the network and the service, power cuts
   at any flash operation, operators and sinks, on parts of several kinds. Whatever comes, no acknowledged lead is lost,
   nothing is bought more often than was said, the counts are right, and in the end everything is delivered.

   test_agent_soak [FIRST COUNT]: so many stories, from this seed on. A failure names its seed. */
#include "agent_rig.h"

#define HOUR_MS 3600000u
#define DAY_MS (24 * HOUR_MS)
#define PEOPLE 24
#define CONSENT ENR_CONSENT_PERSONAL_EMAIL

static const enr_script_flash_config_t GEOMETRIES[] = {
    {.size = 24 * 4096, .sector_size = 4096, .page_size = 256, .program_unit = 1, .reprogram = true, .suspends = true},
    {.size = 24 * 4096, .sector_size = 4096, .page_size = 256, .program_unit = 8, .suspends = true, .erase_polls = 3},
    {.size = 24 * 8192, .sector_size = 8192, .page_size = 256, .program_unit = 32, .erase_polls = 5},
    {.size = 10 * 65536,
     .sector_size = 65536,
     .page_size = 256,
     .program_unit = 4,
     .reprogram = true,
     .erase_polls = 9},
};

/* What is known of one person beside what the device says. */
typedef struct {
    char name[16];
    uint32_t number; /* 0: not captured yet */
    bool erased;     /* by the operator */
    bool unsure;     /* its scan was cut off before it was acknowledged: torn, it may be seen once and then be gone */
    unsigned resent[ENR_TYPE_COUNT];
} person_t;

typedef struct {
    rig_t *rig;
    uint64_t random;
    bool unstable; /* a unit may read now so, now so: a count may be off by it until leads are counted again */
    person_t people[PEOPLE];
    uint32_t seed;
} story_t;

static unsigned cuts;
static unsigned posts;

static uint32_t chance(story_t *story, uint32_t below)
{
    story->random = story->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((story->random >> 33) % below);
}

/* --- faults --- */

static turn_t bad_turn(story_t *story)
{
    static const turn_t TURNS[] = {
        {.code = 429},
        {.code = 429, .head = "Retry-After: 300\r\n"},
        {.code = 500, .accepts = true},
        {.code = 503},
        {.code = 401},
        {.code = 422, .body = "{\"error\":\"Insufficient enrichment credits\"}"},
        {.code = 422, .body = "{\"errors\":[\"lastname\"]}"},
        {.code = 404},
        {.code = 200, .body = "<html>", .content_type = "text/html", .accepts = true},
        {.code = 200, .body = "{}", .accepts = true},
        {.code = 200, .body = "{\"id\":\"other\",\"custom\":{\"enr_token\":\"x\"}}", .accepts = true},
        {.read = ENR_E_RESET, .accepts = true},
        {.read = ENR_E_TIMEOUT_ANSWER},
        {.write = ENR_E_RESET},
        {.read = ENR_E_TLS_TRUNCATED, .accepts = true, .delay_ms = 30000},
    };
    return TURNS[chance(story, sizeof TURNS / sizeof TURNS[0])];
}

static void plan_faults(story_t *story)
{
    service_t *service = &story->rig->service;
    static const enr_status_t OPENS[] = {ENR_E_DNS, ENR_E_REFUSED, ENR_E_CERT_NAME, ENR_E_TIMEOUT_HANDSHAKE,
                                         ENR_OK,    ENR_OK};
    service->post_at = service->post_count = service->get_at = service->get_count = 0;
    service->open_at = service->open_count = 0;
    for (uint32_t i = chance(story, 6); i > 0; i--) {
        rig_plan_post(story->rig, chance(story, 3) == 0 ? (turn_t){0} : bad_turn(story));
    }
    for (uint32_t i = chance(story, 6); i > 0; i--) {
        turn_t turn = bad_turn(story);
        turn.accepts = false;
        rig_plan_get(story->rig, chance(story, 3) == 0 ? (turn_t){0} : turn);
    }
    for (uint32_t i = chance(story, 4); i > 0; i--) {
        rig_plan_open(story->rig, OPENS[chance(story, sizeof OPENS / sizeof OPENS[0])]);
    }
    service->finish_after = chance(story, 8);
    service->open_ms = chance(story, 2) * chance(story, 5000);
}

static void end_faults(story_t *story)
{
    service_t *service = &story->rig->service;
    service->post_at = service->post_count = service->get_at = service->get_count = 0;
    service->open_at = service->open_count = 0;
    service->finish_after = 1;
    service->open_ms = 0;
}

/* --- acts; each may find that the power has gone --- */

static bool is_off(const story_t *story)
{
    return story->rig->flash.off || story->rig->store_flash.off;
}

static void pass(story_t *story, uint32_t ms)
{
    uint32_t until_ms = story->rig->now_ms + ms;
    uint64_t first = story->rig->steps;
    while (!is_off(story) && rig_step(story->rig, until_ms)) {
        assert_true(story->rig->steps - first < 500000);
    }
}

/* Repeats while the journal asks for it. False: it did not work out, or the power went. */
#define TRY(story, call, out_status)                                                                                   \
    do {                                                                                                               \
        (out_status) = (call);                                                                                         \
        for (int tries_ = 0; (out_status) == ENR_E_SEAL && tries_ < 50; tries_++) { /* torn: so or so */               \
            (out_status) = (call);                                                                                     \
        }                                                                                                              \
        for (int tries_ = 0; (out_status) == ENR_AGAIN && tries_ < 20000 && !is_off(story); tries_++) {                \
            (void)rig_step((story)->rig, (story)->rig->now_ms + 5);                                                    \
            (out_status) = (call);                                                                                     \
        }                                                                                                              \
    } while (0)

/* The number of a lead that was never acknowledged, and is gone, may be given again. */
static void forget_number(story_t *story, uint32_t number)
{
    for (int i = 0; i < PEOPLE; i++) {
        if (story->people[i].number == number) {
            assert_true(story->people[i].unsure);
            story->people[i].number = 0;
        }
    }
}

static void act_scan(story_t *story)
{
    rig_t *rig = story->rig;
    person_t *person = &story->people[chance(story, PEOPLE)];
    enr_lead_t lead = rig_lead(person->name);
    lead.types = 1 + chance(story, 7);
    lead.rating = (uint8_t)chance(story, 6);
    lead.consent =
        (enr_consent_t){CONSENT, (uint8_t)(chance(story, 2) * CONSENT), ENR_CONSENT_BY_FORM, ENR_SPAN("1 en")};
    if (chance(story, 8) == 0) {
        lead.contact.lastname = (enr_span_t){0};
    }
    enr_captured_t captured = {0};
    enr_status_t status;
    TRY(story, enr_agent_capture(&rig->agent, &lead, rig->now_ms, &captured), status);
    if (is_off(story)) {
        return; /* not acknowledged: it may be there or not */
    }
    if (status != ENR_OK) {
        fail_msg("capture: %s", enr_status_name(status));
    }
    switch (captured.kind) {
    case ENR_CAPTURE_NEW:
        assert_true(person->number == 0 || person->unsure); /* never a second lead for one person */
        forget_number(story, captured.number);
        person->number = captured.number;
        break;
    case ENR_CAPTURE_ERASED:
        assert_true(person->number != 0 || person->erased);
        break;
    default:
        if (person->number == 0) { /* its first scan was cut off, and was durable all the same */
            person->number = captured.number;
        }
        assert_true(captured.number == person->number || person->unsure);
        person->number = captured.number;
    }
    person->unsure = false;
}

static enr_status_t find_person(story_t *story, const person_t *person, enr_record_t *out_record)
{
    enr_status_t status;
    TRY(story, enr_agent_find(&story->rig->agent, person->number, out_record), status);
    return status;
}

/* An operator helps some unknown or rejected request on. */
static void act_resend(story_t *story, bool all)
{
    for (int i = 0; i < PEOPLE && !is_off(story); i++) {
        person_t *person = &story->people[i];
        enr_record_t record;
        if (person->number == 0 || (!all && chance(story, 6) != 0) || find_person(story, person, &record) != ENR_OK) {
            continue;
        }
        for (unsigned number = 0; number < ENR_TYPE_COUNT && !is_off(story); number++) {
            enr_request_state_t state = record.requests[number].state;
            if (state == ENR_REQUEST_UNKNOWN || state == ENR_REQUEST_REJECTED) {
                person->resent[number] += state == ENR_REQUEST_UNKNOWN ? 1 : 0;
                enr_status_t status;
                TRY(story,
                    enr_agent_resend(&story->rig->agent, person->number, enr_type_of_number(number),
                                     story->rig->now_ms),
                    status);
                if (status != ENR_OK && status != ENR_END && status != ENR_E_SEAL && !is_off(story)) {
                    fail_msg("resend: %s", enr_status_name(status));
                }
            }
        }
    }
}

static void act_erase(story_t *story)
{
    person_t *person = &story->people[chance(story, PEOPLE)];
    if (person->number == 0 || chance(story, 4) != 0) {
        return;
    }
    enr_status_t status;
    TRY(story, enr_agent_erase(&story->rig->agent, person->number, story->rig->now_ms), status);
    assert_true(status == ENR_OK || status == ENR_END || is_off(story));
    person->erased = true;
}

static void act_take(story_t *story)
{
    rig_t *rig = story->rig;
    enr_batch_item_t items[4];
    enr_batch_t batch;
    const uint8_t digest[32] = {3};
    enr_batch_start(&batch, items, 4, chance(story, 2) == 0);
    enr_status_t status = ENR_OK;
    while (status == ENR_OK && !is_off(story)) {
        enr_record_t record;
        TRY(story, enr_batch_next(&rig->agent, &batch, &record), status);
    }
    assert_true(status == ENR_END || is_off(story));
    enr_batch_close(&batch, digest);
    TRY(story, enr_batch_acknowledge(&rig->agent, &batch, digest, rig->now_ms), status);
    if (status != ENR_OK && !is_off(story)) {
        fail_msg("acknowledge: %s", enr_status_name(status));
    }
}

/* --- what must be true --- */

static void check_people(story_t *story)
{
    for (int i = 0; i < PEOPLE; i++) {
        const person_t *person = &story->people[i];
        enr_record_t record;
        if (person->number == 0) {
            continue;
        }
        enr_status_t status = find_person(story, person, &record);
        if (is_off(story)) {
            return;
        }
        if (status != ENR_OK && status != ENR_END) { /* never unreadable */
            fail_msg("%s, lead %u: %s", person->name, person->number, enr_status_name(status));
        }
        for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
            enr_type_t type = enr_type_of_number(number);
            unsigned accepted = rig_accepted(story->rig, person->name, type);
            if (accepted > 1 + person->resent[number]) {
                fail_msg("%s, type %u: bought %u times, resent %u times", person->name, number, accepted,
                         person->resent[number]);
            }
            if (status == ENR_OK && accepted > record.requests[number].attempts) {
                fail_msg("%s, type %u: bought %u times, %u attempts shown, %s", person->name, number, accepted,
                         record.requests[number].attempts, enr_request_state_name(record.requests[number].state));
            }
        }
        bool may_be_gone = person->erased;
        for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) { /* delivered: something was bought for it */
            may_be_gone = may_be_gone || rig_accepted(story->rig, person->name, enr_type_of_number(number)) > 0;
        }
        if (status == ENR_END && !may_be_gone && !person->unsure) {
            fail_msg("%s, lead %u, is lost", person->name, person->number);
        }
    }
}

static void check_counts(story_t *story)
{
    rig_t *rig = story->rig;
    for (int i = 0; i < 5000 && !rig_status(rig).counted && !is_off(story); i++) {
        (void)rig_step(rig, rig->now_ms + 5);
    }
    if (is_off(story)) {
        return;
    }
    assert_true(rig_status(rig).counted);
    uint32_t counts[ENR_REQUEST_STATES] = {0};
    for (int i = 0; i < PEOPLE; i++) {
        enr_record_t record;
        if (story->people[i].number != 0 && find_person(story, &story->people[i], &record) == ENR_OK) {
            for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
                counts[record.requests[number].state]++;
            }
        }
    }
    if (is_off(story)) {
        return;
    }
    enr_agent_status_t status = rig_status(rig);
    for (unsigned state = 1; state < ENR_REQUEST_ERASED; state++) {
        if (counts[state] != status.counts[state] && !story->unstable) {
            fail_msg("%s: %u counted, %u there", enr_request_state_name((enr_request_state_t)state),
                     status.counts[state], counts[state]);
        }
    }
    assert_true(status.counts[ENR_REQUEST_PENDING] <= ENR_PENDING_MAX);
}

/* A scan that a cut has kept from being acknowledged may be durable: then its number is learned here. */
static void learn_numbers(story_t *story)
{
    enr_cursor_t cursor = {0};
    for (;;) {
        enr_record_t record;
        enr_status_t status;
        TRY(story, enr_agent_next(&story->rig->agent, &cursor, &record), status);
        if (status == ENR_END || is_off(story)) {
            return;
        }
        assert_int_equal(status, ENR_OK);
        for (int i = 0; i < PEOPLE; i++) {
            person_t *person = &story->people[i];
            enr_span_t slug = record.lead.contact.linkedin_url;
            enr_span_t name = enr_span_from_str(person->name);
            if (slug.len > name.len && enr_span_equal(enr_span_slice(slug, slug.len - name.len, slug.len), name)) {
                assert_true(person->number == 0 || person->unsure || person->number == record.number);
                person->unsure = person->number == 0 || person->unsure;
                person->number = record.number;
            }
        }
    }
}

/* --- a story --- */

static void cut_soon(story_t *story)
{
    rig_t *rig = story->rig;
    enr_script_flash_t *flash = chance(story, 12) == 0 ? &rig->store_flash : &rig->flash;
    flash->cut_at = flash->operations + 1 + chance(story, 30);
    flash->cut_kind = (enr_script_cut_t)chance(story, ENR_SCRIPT_CUT_KINDS);
}

static void restart(story_t *story)
{
    story->unstable = story->unstable || story->rig->flash.cut_kind == ENR_SCRIPT_CUT_TORN;
    story->rig->flash.off = true; /* both parts lose their power */
    story->rig->store_flash.off = true;
    rig_restart(story->rig);
    cuts++;
    learn_numbers(story);
    check_people(story);
}

static void act(story_t *story)
{
    switch (chance(story, 14)) {
    case 0:
    case 1:
    case 2:
    case 3:
        act_scan(story);
        break;
    case 4:
        plan_faults(story);
        break;
    case 5:
        cut_soon(story);
        break;
    case 6:
        act_take(story);
        break;
    case 7:
        act_resend(story, false);
        break;
    case 8:
        act_erase(story);
        break;
    case 9:
        pass(story, chance(story, 3 * HOUR_MS));
        break;
    case 10:
        enr_agent_retry(&story->rig->agent, story->rig->now_ms);
        break;
    default:
        pass(story, chance(story, 60000));
    }
}

/* Without further faults, and with an operator's help, everything comes to its end. */
static void finish(story_t *story)
{
    end_faults(story);
    story->rig->flash.cut_at = 0;
    story->rig->store_flash.cut_at = 0;
    for (int i = 0; i < 4; i++) {
        pass(story, 12 * HOUR_MS);
        learn_numbers(story);
        act_resend(story, true);
        act_take(story);
    }
    pass(story, 6 * HOUR_MS);
    while (rig_status(story->rig).counts[ENR_REQUEST_FINISHED] > 0) {
        act_take(story);
    }
    story->unstable = false;
    enr_agent_status_t status = rig_status(story->rig);
    for (unsigned state = 1; state < ENR_REQUEST_ERASED; state++) {
        bool may_stay = state == ENR_REQUEST_TAKEN || state == ENR_REQUEST_CAPTURED || state == ENR_REQUEST_REFUSED;
        if (!may_stay && status.counts[state] > 0) {
            fail_msg("%u requests are still %s", status.counts[state],
                     enr_request_state_name((enr_request_state_t)state));
        }
    }
    check_counts(story);
    check_people(story);
    assert_int_equal(status.unreadable, 0);
}

static void tell(uint32_t seed)
{
    story_t story = {.seed = seed, .random = seed * 2654435761u + 1};
    story.rig = rig_new_on(&GEOMETRIES[seed % (sizeof GEOMETRIES / sizeof GEOMETRIES[0])]);
    story.rig->config.personal_email = chance(&story, 2) == 0;
    story.rig->config.sync = chance(&story, 4) == 0;
    story.rig->service.sync = story.rig->config.sync;
    story.rig->paces.spread_ms = chance(&story, 2) * 30000;
    story.rig->paces.purge_ms = chance(&story, 2) * HOUR_MS;
    rig_restart(story.rig);
    for (int i = 0; i < PEOPLE; i++) {
        (void)snprintf(story.people[i].name, sizeof story.people[i].name, "p%02dx", i);
    }
    for (int i = 0; i < 150; i++) {
        act(&story);
        if (is_off(&story)) {
            restart(&story);
        } else if (i % 10 == 0) {
            check_people(&story);
            check_counts(&story);
        }
    }
    if (is_off(&story)) {
        restart(&story);
    }
    finish(&story);
    assert_int_equal(story.rig->flash.violations, 0);
    posts += story.rig->service.posts_seen;
    rig_free(story.rig);
}

static uint32_t first_seed = 1;
static uint32_t seed_count = 60;

static void test_stories(void **state)
{
    (void)state;
    for (uint32_t seed = first_seed; seed < first_seed + seed_count; seed++) {
        if (getenv("ENR_TRACE") != NULL) {
            print_message("seed %u\n", seed);
        }
        tell(seed);
    }
    print_message("soak: stories=%u cuts=%u posts=%u lost=0\n", seed_count, cuts, posts);
}

int main(int argc, char **argv)
{
    if (argc == 3) {
        first_seed = (uint32_t)strtoul(argv[1], NULL, 10);
        seed_count = (uint32_t)strtoul(argv[2], NULL, 10);
    }
    rig_prepare();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stories)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
