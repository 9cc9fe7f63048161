/* The rules of the simulated service. Each test names the section of api-contract.md that it proves. */
#include "rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEY "key-one"
#define LATENCY ((uint64_t)1000)
#define INES_URL "https://www.linkedin.com/in/ines-okonkwo-varga-example/"
#define NOBODY_URL "https://www.linkedin.com/in/nobody-example/"

static const char *const KEYS[] = {KEY, "key-two"};

static const char PEOPLE_CSV[] =
    "firstname,lastname,company_name,domain,linkedin_url,email,email_status,personal_email,phones\n"
    "Teodor,Lindqvist,Acme Example AB,acme.example,,teodor.lindqvist@acme.example,,,\n"
    "Maëlle,Abubakar,Borealis Demo SA,borealis.example,,m.abubakar@borealis.example,catch-all,,\n"
    "Inès,Okonkwo-Varga,,acme.example," INES_URL
    ",ines@acme.example,,ines@personal.example,+33639980123 +33639980124\n";

typedef struct {
    sim_people_t people;
    sim_settings_t settings;
    sim_rules_t *rules;
    sim_answer_t answer; /* the last one */
} world_t;

static void open_world(world_t *world)
{
    char error[SIM_PEOPLE_ERROR_SIZE];
    assert_true(sim_people_parse(PEOPLE_CSV, sizeof PEOPLE_CSV - 1, &world->people, error));
    world->settings = sim_settings_default();
    world->settings.latency_ms = LATENCY;
    world->settings.api_keys = KEYS;
    world->settings.api_key_count = 2;
    world->settings.people = &world->people;
    world->rules = sim_rules_new(&world->settings);
}

/* Begins again with the settings as they now are. */
static void reopen(world_t *world)
{
    sim_rules_free(world->rules);
    world->rules = sim_rules_new(&world->settings);
}

static int setup(void **state)
{
    world_t *world = calloc(1, sizeof *world);
    if (world == NULL) {
        return -1;
    }
    open_world(world);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    world_t *world = *state;
    sim_rules_free(world->rules);
    sim_people_free(&world->people);
    free(world);
    return 0;
}

static const char *const EMAIL[] = {"email"};
static const char *const PHONE[] = {"phone"};
static const char *const PERSONAL[] = {"personal_email"};
static const char *const ALL_TYPES[] = {"email", "phone", "personal_email"};

static const sim_contact_t TEODOR = {.firstname = "Teodor", .lastname = "Lindqvist", .domain = "acme.example"};
static const sim_contact_t MAELLE = {.firstname = "Maëlle", .lastname = "Abubakar", .company_name = "Borealis Demo SA"};
static const sim_contact_t INES = {
    .firstname = "Inès", .lastname = "Okonkwo-Varga", .domain = "acme.example", .linkedin_url = INES_URL};
static const sim_contact_t NOBODY = {
    .firstname = "No", .lastname = "Body", .domain = "acme.example", .linkedin_url = NOBODY_URL};

static sim_request_t request_for(sim_call_t call, const sim_contact_t *contact, const char *const *types, size_t count)
{
    return (sim_request_t){
        .call = call,
        .api_key = KEY,
        .contacts = contact,
        .contact_count = 1,
        .types = types,
        .type_count = count,
    };
}

static int ask(world_t *world, uint64_t now_ms, const sim_request_t *request)
{
    sim_rules_answer(world->rules, now_ms, request, &world->answer);
    return world->answer.status;
}

static int submit(world_t *world, uint64_t now_ms, const sim_contact_t *contact, const char *const *type)
{
    sim_request_t request = request_for(SIM_CALL_SUBMIT, contact, type, 1);
    return ask(world, now_ms, &request);
}

static int sync(world_t *world, uint64_t now_ms, const sim_contact_t *contact, const char *const *types, size_t count)
{
    sim_request_t request = request_for(SIM_CALL_SYNC, contact, types, count);
    return ask(world, now_ms, &request);
}

static int batch(world_t *world, uint64_t now_ms, const sim_contact_t *contacts, size_t count, const char *const *type)
{
    sim_request_t request = request_for(SIM_CALL_BATCH, contacts, type, 1);
    request.contact_count = count;
    return ask(world, now_ms, &request);
}

static int read_id(world_t *world, uint64_t now_ms, const char *id)
{
    return ask(world, now_ms, &(sim_request_t){.call = SIM_CALL_READ, .api_key = KEY, .id = id});
}

static int64_t credits(world_t *world, uint64_t now_ms)
{
    assert_int_equal(ask(world, now_ms, &(sim_request_t){.call = SIM_CALL_CREDITS, .api_key = KEY}), 200);
    assert_int_equal(world->answer.kind, SIM_ANSWER_CREDITS);
    return world->answer.credits;
}

/* A result as it is once the latency is over; nothing has been found before. */
static const sim_result_t *finish(world_t *world, uint64_t now_ms)
{
    char id[64];
    (void)snprintf(id, sizeof id, "%s", world->answer.result.id);
    assert_int_equal(read_id(world, now_ms, id), 200);
    assert_int_equal(world->answer.kind, SIM_ANSWER_RESULT);
    assert_true(world->answer.result.finished);
    return &world->answer.result;
}

static void assert_refused(const world_t *world, int status, sim_error_t error, const char *sentence)
{
    assert_int_equal(world->answer.status, status);
    assert_int_equal(world->answer.kind, SIM_ANSWER_ERROR);
    assert_int_equal(world->answer.error, error);
    assert_int_equal(world->answer.faults.total, 1);
    assert_string_equal(world->answer.faults.text[0], sentence);
}

static void assert_invalid(const world_t *world, const char *sentence)
{
    assert_refused(world, 422, SIM_ERROR_VALIDATION, sentence);
}

/* Section 1 and 3: call 1 */

static void contract_3_accepted_is_pending_with_a_uuid_and_the_names_as_sent(void **state)
{
    world_t *world = *state;
    assert_int_equal(submit(world, 0, &TEODOR, EMAIL), 200);
    assert_int_equal(world->answer.kind, SIM_ANSWER_ACCEPTED);
    const sim_result_t *result = &world->answer.result;
    assert_false(result->finished);
    assert_string_equal(result->first_name, "Teodor");
    assert_string_equal(result->last_name, "Lindqvist");
    assert_int_equal(strlen(result->id), 36);
    assert_int_equal(strspn(result->id, "0123456789abcdef-"), 36);
    assert_int_equal(result->id[14], '4');
    assert_non_null(strchr("89ab", result->id[19]));
    assert_int_equal(world->answer.ready_at_ms, 0);
}

static void contract_3_pending_on_creation_even_without_latency(void **state)
{
    world_t *world = *state;
    world->settings.latency_ms = 0;
    reopen(world);
    assert_int_equal(submit(world, 5, &TEODOR, EMAIL), 200);
    assert_false(world->answer.result.finished);
    assert_string_equal(finish(world, 5)->email, "teodor.lindqvist@acme.example");
}

static void contract_3_both_names_are_required(void **state)
{
    world_t *world = *state;
    static const char *const WRONG[] = {NULL, "", " \t"};
    for (size_t i = 0; i < 3; i++) {
        sim_contact_t contact = TEODOR;
        contact.firstname = WRONG[i];
        (void)submit(world, 0, &contact, EMAIL);
        assert_invalid(world, "firstname is required");
        contact = TEODOR;
        contact.lastname = WRONG[i];
        (void)submit(world, 0, &contact, EMAIL);
        assert_invalid(world, "lastname is required");
    }
}

static void contract_3_a_type_is_required_and_known_and_not_repeated(void **state)
{
    world_t *world = *state;
    sim_request_t request = request_for(SIM_CALL_SUBMIT, &INES, NULL, 0);
    (void)ask(world, 0, &request);
    assert_invalid(world, "enrichment_type is required");

    static const char *const WRONG[] = {"fax", "Email", "", "email "};
    for (size_t i = 0; i < 4; i++) {
        (void)submit(world, 0, &INES, &WRONG[i]);
        assert_invalid(world, "enrichment_type[0] is not email, phone or personal_email");
    }

    static const char *const TWICE[] = {"email", "email"};
    (void)sync(world, 0, &INES, TWICE, 2);
    assert_invalid(world, "enrichment_type[1] is there twice");
}

static void contract_3_exactly_one_type(void **state)
{
    world_t *world = *state;
    sim_request_t request = request_for(SIM_CALL_SUBMIT, &INES, ALL_TYPES, 2);
    (void)ask(world, 0, &request);
    assert_invalid(world, "enrichment_type must hold exactly one type");
}

static void contract_10_4_several_types_by_setting(void **state)
{
    world_t *world = *state;
    world->settings.allow_multi = true;
    reopen(world);
    sim_request_t request = request_for(SIM_CALL_SUBMIT, &INES, ALL_TYPES, 2);
    assert_int_equal(ask(world, 0, &request), 200);
    const sim_result_t *result = finish(world, LATENCY);
    assert_int_equal(result->types, SIM_EMAIL | SIM_PHONE);
    assert_string_equal(result->email, "ines@acme.example");
    assert_int_equal(result->phone_count, 2);
}

static void contract_3_email_needs_domain_or_company(void **state)
{
    world_t *world = *state;
    sim_contact_t contact = TEODOR;
    contact.domain = NULL;
    contact.linkedin_url = NOBODY_URL;
    (void)submit(world, 0, &contact, EMAIL);
    assert_invalid(world, "domain or company_name is required for email");
    contact.company_name = "Acme Example AB";
    assert_int_equal(submit(world, 0, &contact, EMAIL), 200);
    contact.domain = "acme.example";
    assert_int_equal(submit(world, 0, &contact, EMAIL), 200);
    contact.company_name = NULL;
    assert_int_equal(submit(world, 0, &contact, EMAIL), 200);
}

static void contract_3_phone_and_personal_email_need_a_profile(void **state)
{
    world_t *world = *state;
    world->settings.consent = true;
    reopen(world);
    (void)submit(world, 0, &TEODOR, PHONE);
    assert_invalid(world, "linkedin_url is required for phone and personal_email");
    (void)submit(world, 0, &TEODOR, PERSONAL);
    assert_invalid(world, "linkedin_url is required for phone and personal_email");
    sim_contact_t contact = {.firstname = "Inès", .lastname = "Okonkwo-Varga", .linkedin_url = INES_URL};
    assert_int_equal(submit(world, 0, &contact, PHONE), 200);
    assert_int_equal(submit(world, 0, &contact, PERSONAL), 200);
}

static void contract_3_webhook_url_is_an_absolute_url(void **state)
{
    world_t *world = *state;
    static const struct {
        const char *url;
        int status;
    } CASES[] = {
        {"https://hooks.acme.example/pronto", 200},
        {"HTTP://hooks.acme.example", 200},
        {"hooks.acme.example", 422},
        {"ftp://hooks.acme.example", 422},
        {"https://", 422},
        {"https:///path", 422},
        {"https://hooks acme.example", 422},
        {"", 422},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        sim_request_t request = request_for(SIM_CALL_SUBMIT, &TEODOR, EMAIL, 1);
        request.webhook_url = CASES[i].url;
        assert_int_equal(ask(world, 0, &request), CASES[i].status);
    }
    assert_invalid(world, "webhook_url must be an absolute http or https URL");
}

static void contract_3_country_codes_are_alpha_2(void **state)
{
    world_t *world = *state;
    static const char *const GOOD[] = {"FR", "BE"};
    sim_request_t request = request_for(SIM_CALL_SUBMIT, &INES, PHONE, 1);
    request.country_codes = GOOD;
    request.country_code_count = 2;
    assert_int_equal(ask(world, 0, &request), 200);
    static const char *const WRONG[] = {"FR", "fr", "F", "FRA", ""};
    request.country_codes = WRONG;
    request.country_code_count = 5;
    assert_int_equal(ask(world, 0, &request), 422);
    assert_int_equal(world->answer.faults.total, 4);
    assert_string_equal(world->answer.faults.text[0], "phone_country_codes[1] is not an ISO 3166-1 alpha-2 code");
}

static void contract_3_4_custom_is_echoed_at_once_and_on_each_read(void **state)
{
    world_t *world = *state;
    sim_contact_t contact = TEODOR;
    contact.custom = "{\"crm_id\":\"C-20817\"}";
    assert_int_equal(submit(world, 0, &contact, EMAIL), 200);
    assert_string_equal(world->answer.result.custom, "{\"crm_id\":\"C-20817\"}");
    assert_string_equal(finish(world, LATENCY)->custom, "{\"crm_id\":\"C-20817\"}");
    assert_int_equal(submit(world, LATENCY, &TEODOR, EMAIL), 200);
    assert_null(world->answer.result.custom);
}

static void contract_11_every_fault_is_named(void **state)
{
    world_t *world = *state;
    static const char *const TYPE[] = {"fax"};
    sim_contact_t contact = {0};
    sim_request_t request = request_for(SIM_CALL_SUBMIT, &contact, TYPE, 1);
    request.webhook_url = "nowhere";
    assert_int_equal(ask(world, 0, &request), 422);
    assert_int_equal(world->answer.faults.total, 4);
    assert_string_equal(world->answer.faults.text[1], "firstname is required");
    assert_string_equal(world->answer.faults.text[3], "webhook_url must be an absolute http or https URL");
}

static void contract_13_a_repeated_post_is_another_enrichment_and_charged_again(void **state)
{
    world_t *world = *state;
    char first[64];
    assert_int_equal(submit(world, 0, &TEODOR, EMAIL), 200);
    (void)snprintf(first, sizeof first, "%s", world->answer.result.id);
    assert_int_equal(submit(world, 0, &TEODOR, EMAIL), 200);
    assert_string_not_equal(world->answer.result.id, first);
    assert_int_equal(credits(world, LATENCY), 100000 - 2);
}

/* Section 4 and 5: call 2 and the life of a request */

static void contract_5_pending_until_the_latency_is_over(void **state)
{
    world_t *world = *state;
    assert_int_equal(submit(world, 500, &TEODOR, EMAIL), 200);
    char id[64];
    (void)snprintf(id, sizeof id, "%s", world->answer.result.id);
    assert_int_equal(read_id(world, 500, id), 200);
    assert_false(world->answer.result.finished);
    assert_int_equal(read_id(world, 500 + LATENCY - 1, id), 200);
    assert_false(world->answer.result.finished);
    assert_string_equal(world->answer.result.id, id);
    assert_string_equal(world->answer.result.first_name, "Teodor");
    assert_int_equal(read_id(world, 500 + LATENCY, id), 200);
    assert_true(world->answer.result.finished);
    assert_string_equal(world->answer.result.id, id);
}

static void contract_4_email_and_its_status(void **state)
{
    world_t *world = *state;
    (void)submit(world, 0, &TEODOR, EMAIL);
    const sim_result_t *result = finish(world, LATENCY);
    assert_int_equal(result->types, SIM_EMAIL);
    assert_true(result->found);
    assert_string_equal(result->email, "teodor.lindqvist@acme.example");
    assert_string_equal(result->email_status, "deliverable");
    (void)submit(world, LATENCY, &MAELLE, EMAIL);
    result = finish(world, 2 * LATENCY);
    assert_string_equal(result->email, "m.abubakar@borealis.example");
    assert_string_equal(result->email_status, "catch-all");
}

static void contract_4_phone_numbers(void **state)
{
    world_t *world = *state;
    (void)submit(world, 0, &INES, PHONE);
    const sim_result_t *result = finish(world, LATENCY);
    assert_int_equal(result->types, SIM_PHONE);
    assert_int_equal(result->phone_count, 2);
    assert_string_equal(result->phones[0], "+33639980123");
    assert_string_equal(result->phones[1], "+33639980124");
    assert_string_equal(result->email, "");
}

static void contract_4_personal_email_and_its_status(void **state)
{
    world_t *world = *state;
    world->settings.consent = true;
    reopen(world);
    (void)submit(world, 0, &INES, PERSONAL);
    const sim_result_t *result = finish(world, LATENCY);
    assert_int_equal(result->types, SIM_PERSONAL_EMAIL);
    assert_string_equal(result->personal_email, "ines@personal.example");
    assert_string_equal(result->personal_email_status, "valid");
    assert_string_equal(result->email, "");
    assert_int_equal(result->phone_count, 0);
}

static void contract_5_not_found_is_finished_with_empty_values(void **state)
{
    world_t *world = *state;
    world->settings.consent = true;
    reopen(world);
    static const char *const *const TYPES[] = {EMAIL, PHONE, PERSONAL};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(submit(world, i * LATENCY, &NOBODY, TYPES[i]), 200);
        const sim_result_t *result = finish(world, (i + 1) * LATENCY);
        assert_false(result->found);
        assert_string_equal(result->email, "");
        assert_string_equal(result->email_status, "N/A");
        assert_string_equal(result->personal_email, "");
        assert_string_equal(result->personal_email_status, "N/A");
        assert_int_equal(result->phone_count, 0);
    }
}

static void contract_5_reading_again_is_free(void **state)
{
    world_t *world = *state;
    (void)submit(world, 0, &TEODOR, EMAIL);
    (void)finish(world, LATENCY);
    int64_t once = credits(world, LATENCY);
    assert_int_equal(once, 100000 - 1);
    (void)submit(world, LATENCY, &NOBODY, EMAIL);
    for (unsigned i = 0; i < 5; i++) {
        (void)finish(world, 3 * LATENCY + i);
    }
    assert_int_equal(credits(world, 9 * LATENCY), once);
}

static void contract_11_unknown_ids_are_404(void **state)
{
    world_t *world = *state;
    (void)submit(world, 0, &TEODOR, EMAIL);
    char id[64];
    (void)snprintf(id, sizeof id, "%s", world->answer.result.id);
    static const char *const WRONG[] = {"", "x", "single_enrich", "5b0f6a3e-2f0d-4f8a-9a51-6d1c3f7e9b20",
                                        "5b0f6a3e-2f0d-4f8a-9a51-6d1c3f7e9b20-and-more"};
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        (void)read_id(world, 0, WRONG[i]);
        assert_refused(world, 404, SIM_ERROR_NOT_FOUND, "Contact not found");
    }
    for (size_t i = 0; i < 36; i++) { /* one changed digit anywhere is another id */
        char changed[64];
        (void)snprintf(changed, sizeof changed, "%s", id);
        changed[i] = changed[i] == '0' ? '1' : '0';
        assert_int_equal(read_id(world, 0, changed), 404);
    }
    assert_int_equal(read_id(world, 0, id), 200);
}

static void contract_11_an_id_of_another_run_is_404(void **state)
{
    world_t *world = *state;
    (void)submit(world, 0, &TEODOR, EMAIL);
    char id[64];
    (void)snprintf(id, sizeof id, "%s", world->answer.result.id);
    world->settings.seed = 2;
    reopen(world);
    (void)submit(world, 0, &TEODOR, EMAIL);
    assert_string_not_equal(world->answer.result.id, id);
    assert_int_equal(read_id(world, 0, id), 404);
}

/* Section 6: callbacks */

static void contract_6_a_callback_once_when_it_completes(void **state)
{
    world_t *world = *state;
    sim_contact_t contact = MAELLE;
    contact.custom = "{\"row\":2}";
    sim_request_t request = request_for(SIM_CALL_SUBMIT, &contact, EMAIL, 1);
    request.webhook_url = "https://hooks.acme.example/pronto";
    assert_int_equal(ask(world, 10, &request), 200);
    sim_callback_t callback;
    assert_false(sim_rules_take_callback(world->rules, 10 + LATENCY - 1, &callback));
    assert_true(sim_rules_take_callback(world->rules, 10 + LATENCY + 7, &callback));
    assert_int_equal(callback.due_ms, 10 + LATENCY);
    assert_string_equal(callback.url, "https://hooks.acme.example/pronto");
    assert_true(callback.result.finished);
    assert_string_equal(callback.result.id, world->answer.result.id);
    assert_string_equal(callback.result.email, "m.abubakar@borealis.example");
    assert_string_equal(callback.result.custom, "{\"row\":2}");
    assert_false(sim_rules_take_callback(world->rules, 9 * LATENCY, &callback));
    assert_string_equal(finish(world, 9 * LATENCY)->email, "m.abubakar@borealis.example");
}

static void contract_6_no_callback_without_a_url_and_none_for_the_synchronous_call(void **state)
{
    world_t *world = *state;
    assert_int_equal(submit(world, 0, &TEODOR, EMAIL), 200);
    sim_request_t request = request_for(SIM_CALL_SYNC, &TEODOR, EMAIL, 1);
    request.webhook_url = "https://hooks.acme.example/pronto";
    assert_int_equal(ask(world, 0, &request), 200);
    sim_callback_t callback;
    assert_false(sim_rules_take_callback(world->rules, 9 * LATENCY, &callback));
}

static void contract_6_a_batch_calls_back_once_per_contact(void **state)
{
    world_t *world = *state;
    sim_contact_t contacts[2] = {TEODOR, MAELLE};
    contacts[0].custom = "{\"row\":1}";
    contacts[1].custom = "{\"row\":2}";
    sim_request_t request = request_for(SIM_CALL_BATCH, contacts, EMAIL, 1);
    request.contact_count = 2;
    request.webhook_url = "https://hooks.acme.example/pronto";
    assert_int_equal(ask(world, 0, &request), 202);
    sim_callback_t first;
    sim_callback_t second;
    assert_true(sim_rules_take_callback(world->rules, LATENCY, &first));
    assert_true(sim_rules_take_callback(world->rules, LATENCY, &second));
    assert_false(sim_rules_take_callback(world->rules, LATENCY, &(sim_callback_t){0}));
    assert_string_equal(first.result.custom, "{\"row\":1}");
    assert_string_equal(second.result.custom, "{\"row\":2}");
    assert_string_equal(second.result.email, "m.abubakar@borealis.example");
    assert_string_not_equal(first.result.id, second.result.id);
}

/* Section 7: call 3 */

static void contract_7_two_to_a_hundred_contacts(void **state)
{
    world_t *world = *state;
    sim_contact_t contacts[101];
    for (size_t i = 0; i < 101; i++) {
        contacts[i] = TEODOR;
    }
    static const size_t WRONG[] = {0, 1, 101};
    for (size_t i = 0; i < 3; i++) {
        (void)batch(world, 0, contacts, WRONG[i], EMAIL);
        assert_invalid(world, "contacts must hold 2 to 100 items");
    }
    assert_int_equal(batch(world, 0, contacts, 2, EMAIL), 202);
    assert_int_equal(world->answer.kind, SIM_ANSWER_BATCH);
    assert_int_equal(strlen(world->answer.batch_id), 36);
    assert_int_equal(batch(world, 0, contacts, 100, EMAIL), 202);
}

static void contract_7_each_contact_is_checked_and_named_by_its_index(void **state)
{
    world_t *world = *state;
    sim_contact_t contacts[3] = {INES, TEODOR, INES};
    (void)batch(world, 0, contacts, 3, PHONE);
    assert_invalid(world, "contacts[1].linkedin_url is required for phone and personal_email");
    contacts[1] = INES;
    contacts[2].lastname = "";
    (void)batch(world, 0, contacts, 3, PHONE);
    assert_invalid(world, "contacts[2].lastname is required");
    contacts[2] = INES;
    contacts[0].domain = NULL;
    (void)batch(world, 0, contacts, 3, EMAIL);
    assert_invalid(world, "contacts[0].domain or company_name is required for email");
}

static void contract_7_one_type_for_the_whole_batch(void **state)
{
    world_t *world = *state;
    sim_contact_t contacts[2] = {INES, INES};
    sim_request_t request = request_for(SIM_CALL_BATCH, contacts, ALL_TYPES, 2);
    request.contact_count = 2;
    (void)ask(world, 0, &request);
    assert_invalid(world, "enrichment_type must hold exactly one type");
}

static void contract_7_a_refused_batch_enqueues_no_contact(void **state)
{
    world_t *world = *state;
    world->settings.credits = 1;
    reopen(world);
    sim_contact_t contacts[2] = {INES, INES};
    sim_request_t request = request_for(SIM_CALL_BATCH, contacts, PERSONAL, 1);
    request.contact_count = 2;
    request.webhook_url = "https://hooks.acme.example/pronto";
    (void)ask(world, 0, &request);
    assert_refused(world, 422, SIM_ERROR_CONSENT, SIM_CONSENT_MESSAGE);
    request.types = EMAIL;
    (void)ask(world, 0, &request);
    assert_refused(world, 422, SIM_ERROR_CREDITS, "Insufficient enrichment credits");
    contacts[1].firstname = NULL;
    (void)ask(world, 0, &request);
    assert_invalid(world, "contacts[1].firstname is required");
    sim_callback_t callback;
    assert_false(sim_rules_take_callback(world->rules, LATENCY, &callback));
    assert_int_equal(credits(world, LATENCY), 1);
}

static void contract_7_the_batch_id_is_no_contact(void **state)
{
    world_t *world = *state;
    sim_contact_t contacts[2] = {TEODOR, MAELLE};
    assert_int_equal(batch(world, 0, contacts, 2, EMAIL), 202);
    assert_int_equal(read_id(world, LATENCY, world->answer.batch_id), 404);
}

/* Section 8: call 4 */

static void contract_8_any_combination_answered_inline_after_the_latency(void **state)
{
    world_t *world = *state;
    world->settings.consent = true;
    reopen(world);
    assert_int_equal(sync(world, 300, &INES, ALL_TYPES, 3), 200);
    assert_int_equal(world->answer.kind, SIM_ANSWER_INLINE);
    assert_int_equal(world->answer.ready_at_ms, 300 + LATENCY);
    const sim_result_t *result = &world->answer.result;
    assert_true(result->finished);
    assert_string_equal(result->linkedin_url, INES_URL);
    assert_string_equal(result->email, "ines@acme.example");
    assert_string_equal(result->email_status, "deliverable");
    assert_string_equal(result->personal_email, "ines@personal.example");
    assert_int_equal(result->phone_count, 2);
    assert_string_equal(result->phone_status, "valid");
}

static void contract_8_company_is_optional(void **state)
{
    world_t *world = *state;
    sim_contact_t contact = {.firstname = "Teodor", .lastname = "Lindqvist"};
    assert_int_equal(sync(world, 0, &contact, EMAIL, 1), 200);
    assert_string_equal(world->answer.result.email, "teodor.lindqvist@acme.example");
}

static void contract_8_a_profile_when_the_list_includes_phone_or_personal_email(void **state)
{
    world_t *world = *state;
    world->settings.consent = true;
    reopen(world);
    (void)sync(world, 0, &TEODOR, ALL_TYPES, 2);
    assert_invalid(world, "linkedin_url is required for phone and personal_email");
    (void)sync(world, 0, &TEODOR, PERSONAL, 1);
    assert_invalid(world, "linkedin_url is required for phone and personal_email");
    assert_int_equal(sync(world, 0, &TEODOR, EMAIL, 1), 200);
}

static void contract_8_both_names_and_a_type_are_required(void **state)
{
    world_t *world = *state;
    sim_contact_t contact = INES;
    contact.firstname = NULL;
    (void)sync(world, 0, &contact, EMAIL, 1);
    assert_invalid(world, "firstname is required");
    (void)sync(world, 0, &INES, NULL, 0);
    assert_invalid(world, "enrichment_type is required");
}

static void contract_8_nothing_found_is_200_with_empty_values(void **state)
{
    world_t *world = *state;
    assert_int_equal(sync(world, 0, &NOBODY, ALL_TYPES, 2), 200);
    assert_false(world->answer.result.found);
    assert_string_equal(world->answer.result.email, "");
    assert_string_equal(world->answer.result.email_status, "N/A");
    assert_int_equal(world->answer.result.phone_count, 0);
    assert_string_equal(world->answer.result.phone_status, "N/A");
}

static void contract_8_the_profile_of_the_person_found_is_told(void **state)
{
    world_t *world = *state;
    sim_contact_t contact = INES;
    contact.linkedin_url = NULL;
    assert_int_equal(sync(world, 0, &contact, EMAIL, 1), 200);
    assert_string_equal(world->answer.result.linkedin_url, INES_URL);
    assert_int_equal(sync(world, 0, &TEODOR, EMAIL, 1), 200);
    assert_null(world->answer.result.linkedin_url);
}

/* Section 9: consent */

static void contract_9_personal_email_without_consent_is_422_with_the_exact_message(void **state)
{
    world_t *world = *state;
    static const char MESSAGE[] =
        "You can't use the personal email enrichment feature without consenting with our terms of use";
    sim_contact_t contacts[2] = {INES, INES};
    (void)submit(world, 0, &INES, PERSONAL);
    assert_refused(world, 422, SIM_ERROR_CONSENT, MESSAGE);
    (void)sync(world, 0, &INES, ALL_TYPES, 3);
    assert_refused(world, 422, SIM_ERROR_CONSENT, MESSAGE);
    (void)batch(world, 0, contacts, 2, PERSONAL);
    assert_refused(world, 422, SIM_ERROR_CONSENT, MESSAGE);
    assert_int_equal(credits(world, LATENCY), 100000);
}

static void contract_9_other_types_need_no_consent(void **state)
{
    world_t *world = *state;
    assert_int_equal(submit(world, 0, &INES, EMAIL), 200);
    assert_int_equal(submit(world, 0, &INES, PHONE), 200);
    assert_int_equal(sync(world, 0, &INES, ALL_TYPES, 2), 200);
}

/* Section 11: errors */

static void contract_11_a_missing_or_wrong_key_is_401_on_every_call(void **state)
{
    world_t *world = *state;
    static const char *const WRONG[] = {NULL, "", "key-on", "key-one ", "KEY-ONE"};
    sim_contact_t contacts[2] = {TEODOR, MAELLE};
    sim_faults_t faults = {0};
    sim_faults_add(&faults, "unreadable");
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        for (int call = SIM_CALL_SUBMIT; call <= SIM_CALL_NONE; call++) {
            sim_request_t request = request_for((sim_call_t)call, contacts, EMAIL, 1);
            request.contact_count = call == SIM_CALL_BATCH ? 2 : 1;
            request.id = "x";
            request.refused = &faults;
            request.refused_status = 400;
            request.api_key = WRONG[i];
            (void)ask(world, 0, &request);
            assert_refused(world, 401, SIM_ERROR_KEY, "Invalid API key");
        }
    }
    assert_int_equal(credits(world, LATENCY), 100000);
}

static void contract_2_each_key_is_accepted(void **state)
{
    world_t *world = *state;
    assert_int_equal(ask(world, 0, &(sim_request_t){.call = SIM_CALL_ACCOUNT, .api_key = "key-two"}), 200);
    assert_int_equal(world->answer.kind, SIM_ANSWER_ACCOUNT);
}

static void contract_11_what_the_front_could_not_read_is_answered_with_its_reason(void **state)
{
    world_t *world = *state;
    sim_faults_t faults = {0};
    sim_faults_add(&faults, "unreadable");
    sim_request_t request = {.call = SIM_CALL_NONE, .api_key = KEY, .refused_status = 400, .refused = &faults};
    (void)ask(world, 0, &request);
    assert_refused(world, 400, SIM_ERROR_REQUEST, "unreadable");
    request.refused_status = 422;
    (void)ask(world, 0, &request);
    assert_refused(world, 422, SIM_ERROR_VALIDATION, "unreadable");
}

static void contract_11_a_long_list_of_faults_counts_what_it_leaves_out(void **state)
{
    world_t *world = *state;
    sim_contact_t contacts[20] = {{0}};
    assert_int_equal(batch(world, 0, contacts, 20, EMAIL), 422);
    assert_int_equal(world->answer.faults.total, 60);
    assert_int_equal(sim_faults_kept(&world->answer.faults), SIM_FAULTS_MAX);
    assert_string_equal(world->answer.faults.text[SIM_FAULTS_MAX - 1], "and 45 more faults");
}

static void contract_11_gates_come_after_validation(void **state)
{
    world_t *world = *state;
    world->settings.credits = 0;
    reopen(world);
    (void)submit(world, 0, &TEODOR, PERSONAL);
    assert_invalid(world, "linkedin_url is required for phone and personal_email");
    (void)submit(world, 0, &INES, PERSONAL);
    assert_refused(world, 422, SIM_ERROR_CONSENT, SIM_CONSENT_MESSAGE);
    (void)submit(world, 0, &INES, EMAIL);
    assert_refused(world, 422, SIM_ERROR_CREDITS, "Insufficient enrichment credits");
}

/* Section 12: credits */

static void contract_12_finds_cost_by_type_and_phones_per_number(void **state)
{
    world_t *world = *state;
    world->settings.consent = true;
    world->settings.credits = 1000;
    reopen(world);
    (void)submit(world, 0, &INES, EMAIL);
    assert_int_equal(credits(world, LATENCY - 1), 1000);
    assert_int_equal(credits(world, LATENCY), 999);
    (void)submit(world, LATENCY, &INES, PHONE);
    assert_int_equal(credits(world, 2 * LATENCY), 979);
    (void)submit(world, 2 * LATENCY, &INES, PERSONAL);
    assert_int_equal(credits(world, 3 * LATENCY), 974);
    (void)sync(world, 3 * LATENCY, &INES, ALL_TYPES, 3);
    assert_int_equal(credits(world, 4 * LATENCY), 974 - 26);
}

static void contract_12_prices_are_settings(void **state)
{
    world_t *world = *state;
    world->settings.price_email = 3;
    world->settings.price_phone = 30;
    world->settings.credits = 100;
    reopen(world);
    (void)submit(world, 0, &INES, EMAIL);
    (void)submit(world, 0, &INES, PHONE);
    assert_int_equal(credits(world, LATENCY), 100 - 3 - 60);
}

static void contract_12_nothing_found_nothing_charged(void **state)
{
    world_t *world = *state;
    (void)submit(world, 0, &NOBODY, EMAIL);
    (void)submit(world, 0, &NOBODY, PHONE);
    (void)sync(world, 0, &NOBODY, ALL_TYPES, 2);
    assert_int_equal(credits(world, LATENCY), 100000);
}

static void contract_12_the_balance_must_cover_one_find_of_each(void **state)
{
    world_t *world = *state;
    world->settings.credits = 10;
    reopen(world);
    (void)sync(world, 0, &INES, ALL_TYPES, 2);
    assert_refused(world, 422, SIM_ERROR_CREDITS, "Insufficient enrichment credits");
    assert_int_equal(submit(world, 0, &INES, PHONE), 200);
    /* Two numbers were found and each is charged, although the balance was good for one. */
    assert_int_equal(credits(world, LATENCY), -10);
    (void)submit(world, LATENCY, &INES, EMAIL);
    assert_refused(world, 422, SIM_ERROR_CREDITS, "Insufficient enrichment credits");
}

static void contract_12_the_balance_is_checked_for_the_whole_batch(void **state)
{
    world_t *world = *state;
    world->settings.credits = 2;
    reopen(world);
    sim_contact_t contacts[3] = {TEODOR, NOBODY, NOBODY};
    (void)batch(world, 0, contacts, 3, EMAIL);
    assert_refused(world, 422, SIM_ERROR_CREDITS, "Insufficient enrichment credits");
    assert_int_equal(batch(world, 0, contacts, 2, EMAIL), 202);
    assert_int_equal(credits(world, LATENCY), 1);
}

/* The seed */

static void the_same_requests_give_the_same_ids(void **state)
{
    world_t *world = *state;
    char ids[2][3][64];
    for (size_t run = 0; run < 2; run++) {
        reopen(world);
        for (size_t i = 0; i < 3; i++) {
            (void)submit(world, i, &TEODOR, EMAIL);
            (void)snprintf(ids[run][i], sizeof ids[run][i], "%s", world->answer.result.id);
        }
    }
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(ids[0][i], ids[1][i]);
    }
    assert_string_not_equal(ids[0][0], ids[0][1]);
}

static void many_ids_all_lead_back_to_their_contacts(void **state)
{
    world_t *world = *state;
    enum { MANY = 3000 };
    static char ids[MANY][40];
    for (size_t i = 0; i < MANY; i++) {
        sim_contact_t contact = TEODOR;
        char custom[32];
        (void)snprintf(custom, sizeof custom, "{\"n\":%zu}", i);
        contact.custom = custom;
        assert_int_equal(submit(world, i, &contact, EMAIL), 200);
        (void)snprintf(ids[i], sizeof ids[i], "%s", world->answer.result.id);
    }
    for (size_t i = 0; i < MANY; i++) {
        char custom[32];
        (void)snprintf(custom, sizeof custom, "{\"n\":%zu}", i);
        assert_int_equal(read_id(world, MANY, ids[i]), 200);
        assert_string_equal(world->answer.result.custom, custom);
        assert_int_equal(world->answer.result.finished, i + LATENCY <= MANY);
    }
}

static void without_people_the_seed_decides_by_name(void **state)
{
    world_t *world = *state;
    world->settings.rate_sync = 0;
    world->settings.people = NULL;
    world->settings.consent = true;
    reopen(world);
    size_t found[3] = {0};
    for (unsigned i = 0; i < 1000; i++) {
        char name[32];
        char other_case[32];
        (void)snprintf(name, sizeof name, "Name%u", i);
        (void)snprintf(other_case, sizeof other_case, "nAME%u", i);
        sim_contact_t contact = {
            .firstname = "Ada", .lastname = name, .domain = "acme.example", .linkedin_url = NOBODY_URL};
        assert_int_equal(sync(world, 0, &contact, ALL_TYPES, 3), 200);
        sim_result_t first = world->answer.result;
        contact.lastname = other_case;
        assert_int_equal(sync(world, 0, &contact, ALL_TYPES, 3), 200);
        const sim_result_t *second = &world->answer.result;
        assert_string_equal(first.email, second->email);
        assert_string_equal(first.personal_email, second->personal_email);
        assert_int_equal(first.phone_count, second->phone_count);
        for (size_t k = 0; k < first.phone_count; k++) {
            assert_string_equal(first.phones[k], second->phones[k]);
            assert_int_equal(strspn(first.phones[k], "+0123456789"), strlen(first.phones[k]));
        }
        found[0] += first.email[0] != '\0';
        found[1] += first.personal_email[0] != '\0';
        found[2] += first.phone_count > 0;
    }
    assert_in_range(found[0], 700, 800);
    assert_in_range(found[1], 450, 550);
    assert_in_range(found[2], 550, 650);
}

static void without_people_another_seed_finds_others(void **state)
{
    world_t *world = *state;
    world->settings.people = NULL;
    size_t different = 0;
    for (unsigned i = 0; i < 200; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "Name%u", i);
        sim_contact_t contact = {.firstname = "Ada", .lastname = name, .domain = "acme.example"};
        bool found[2];
        for (size_t run = 0; run < 2; run++) {
            world->settings.seed = run + 1;
            reopen(world);
            assert_int_equal(sync(world, 0, &contact, EMAIL, 1), 200);
            found[run] = world->answer.result.found;
        }
        different += found[0] != found[1];
    }
    assert_in_range(different, 40, 110);
}

/* Section 11 and 12: plan limits, rate, parallelism */

static void contract_11_a_plan_limit_refuses_what_is_over_it_whole(void **state)
{
    world_t *world = *state;
    world->settings.plan_limit = 3;
    reopen(world);
    sim_contact_t contacts[2] = {TEODOR, MAELLE};
    assert_int_equal(submit(world, 0, &TEODOR, EMAIL), 200);
    assert_int_equal(submit(world, 0, &TEODOR, EMAIL), 200);
    (void)batch(world, 0, contacts, 2, EMAIL);
    assert_refused(world, 422, SIM_ERROR_PLAN, "You have reached your plan limit");
    assert_int_equal(submit(world, 0, &TEODOR, EMAIL), 200);
    (void)sync(world, 0, &TEODOR, EMAIL, 1);
    assert_refused(world, 422, SIM_ERROR_PLAN, "You have reached your plan limit");
}

static void contract_8_fifty_synchronous_calls_a_second(void **state)
{
    world_t *world = *state;
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(sync(world, 100 + i, &TEODOR, EMAIL, 1), 200);
    }
    (void)sync(world, 200, &TEODOR, EMAIL, 1);
    assert_refused(world, 429, SIM_ERROR_RATE, "Too many requests");
    assert_int_equal(world->answer.retry_s, 1);
    assert_int_equal(submit(world, 200, &TEODOR, EMAIL), 200); /* no figure is known for the other host */
    assert_int_equal(sync(world, 1099, &TEODOR, EMAIL, 1), 429);
    assert_int_equal(sync(world, 1100, &TEODOR, EMAIL, 1), 200);
}

static void contract_12_a_rate_for_the_app_host_is_a_setting_and_refusals_cost_nothing(void **state)
{
    world_t *world = *state;
    world->settings.rate_app = 2;
    reopen(world);
    assert_int_equal(submit(world, 0, &TEODOR, EMAIL), 200);
    assert_int_equal(submit(world, 0, &TEODOR, EMAIL), 200);
    assert_int_equal(submit(world, 999, &TEODOR, EMAIL), 429);
    assert_int_equal(credits(world, 3 * LATENCY), 100000 - 2);
}

static void contract_12_five_at_once_and_the_others_wait_in_order(void **state)
{
    world_t *world = *state;
    for (unsigned i = 0; i < 12; i++) {
        assert_int_equal(sync(world, i, &TEODOR, EMAIL, 1), 200);
        assert_int_equal(world->answer.ready_at_ms, i % 5 + LATENCY * (i / 5 + 1));
    }
    char id[64];
    assert_int_equal(submit(world, 20, &TEODOR, EMAIL), 200); /* waits for the third place, then is searched */
    assert_int_equal(world->answer.ready_at_ms, 2 + 2 * LATENCY);
    (void)snprintf(id, sizeof id, "%s", world->answer.result.id);
    (void)read_id(world, 1 + 3 * LATENCY, id);
    assert_false(world->answer.result.finished);
    (void)read_id(world, 2 + 3 * LATENCY, id);
    assert_true(world->answer.result.finished);
}

static void contract_8_the_times_of_the_types_add_up(void **state)
{
    world_t *world = *state;
    world->settings.sync_timing = true;
    world->settings.sync_ms[0] = 25000;
    world->settings.sync_ms[1] = 30000;
    reopen(world);
    (void)sync(world, 10, &INES, EMAIL, 1);
    assert_int_equal(world->answer.ready_at_ms, 10 + 25000);
    (void)sync(world, 10, &INES, PHONE, 1);
    assert_int_equal(world->answer.ready_at_ms, 10 + 30000);
    (void)sync(world, 10, &INES, ALL_TYPES, 2);
    assert_int_equal(world->answer.ready_at_ms, 10 + 55000);
    assert_int_equal(submit(world, 10, &INES, EMAIL), 200); /* finishes before them */
    assert_int_equal(sim_rules_next_ms(world->rules), 10 + LATENCY);
    assert_int_equal(credits(world, 10 + LATENCY), 100000 - 1);
    assert_int_equal(credits(world, 10 + 25000), 100000 - 2);
}

/* Section 3 and 10.9: the country filter */

static int phone(world_t *world, uint64_t now_ms, const char *const *codes, size_t count)
{
    sim_request_t request = request_for(SIM_CALL_SUBMIT, &INES, PHONE, 1);
    request.country_codes = codes;
    request.country_code_count = count;
    return ask(world, now_ms, &request);
}

static void contract_3_12_phones_of_other_countries_are_left_out_and_not_charged(void **state)
{
    world_t *world = *state;
    static const char *const SE[] = {"SE"};
    static const char *const BE_FR[] = {"BE", "FR"};
    assert_int_equal(phone(world, 0, SE, 1), 200);
    assert_int_equal(finish(world, LATENCY)->phone_count, 0);
    assert_int_equal(credits(world, LATENCY), 100000);
    assert_int_equal(phone(world, LATENCY, BE_FR, 2), 200);
    assert_int_equal(finish(world, 2 * LATENCY)->phone_count, 2);
    assert_int_equal(credits(world, 2 * LATENCY), 100000 - 20);
}

static void contract_3_without_codes_the_accounts_list_applies(void **state)
{
    world_t *world = *state;
    static const char *const SE[] = {"SE"};
    static const char *const FR[] = {"FR"};
    world->settings.country_codes = SE;
    world->settings.country_code_count = 1;
    reopen(world);
    assert_int_equal(phone(world, 0, NULL, 0), 200);
    assert_int_equal(finish(world, LATENCY)->phone_count, 0);
    assert_int_equal(phone(world, LATENCY, FR, 1), 200);
    assert_int_equal(finish(world, 2 * LATENCY)->phone_count, 2);
}

static void contract_10_9_or_come_last(void **state)
{
    world_t *world = *state;
    static const char CSV[] = "firstname,lastname,linkedin_url,phones\n"
                              "Inès,Okonkwo-Varga," INES_URL ",+46701740605 +33639980123 +12025550123\n";
    static const char *const FR[] = {"FR"};
    sim_people_t people;
    char error[SIM_PEOPLE_ERROR_SIZE];
    assert_true(sim_people_parse(CSV, sizeof CSV - 1, &people, error));
    world->settings.people = &people;
    world->settings.country_restricts = false;
    reopen(world);
    assert_int_equal(phone(world, 0, FR, 1), 200);
    const sim_result_t *result = finish(world, LATENCY);
    assert_int_equal(result->phone_count, 3);
    assert_string_equal(result->phones[0], "+33639980123");
    assert_string_equal(result->phones[1], "+46701740605");
    assert_string_equal(result->phones[2], "+12025550123");
    sim_people_free(&people);
}

/* The ledger, and forgetting */

typedef struct {
    size_t accepted;
    size_t finished;
    int64_t price;
    uint64_t persons[8];
} judge_t;

static void judge(void *closure, const sim_entry_t *entry)
{
    judge_t *seen = closure;
    if (!entry->finished) {
        seen->persons[seen->accepted++] = entry->person;
        return;
    }
    seen->finished++;
    seen->price += entry->price;
}

static void contract_12_each_accepted_and_billed_contact_is_told_once(void **state)
{
    world_t *world = *state;
    judge_t seen = {0};
    world->settings.on_entry = judge;
    world->settings.on_entry_closure = &seen;
    reopen(world);
    sim_contact_t contacts[2] = {TEODOR, NOBODY};
    (void)submit(world, 0, &TEODOR, EMAIL);
    (void)submit(world, 0, &TEODOR, PHONE); /* refused */
    (void)batch(world, 0, contacts, 2, EMAIL);
    (void)sync(world, 0, &INES, ALL_TYPES, 2);
    assert_int_equal(seen.accepted, 4);
    assert_int_equal(seen.finished, 0);
    assert_int_equal(seen.persons[0], seen.persons[1]);
    assert_int_not_equal(seen.persons[0], seen.persons[2]);
    assert_int_equal(credits(world, LATENCY), 100000 - 23);
    assert_int_equal(seen.finished, 4);
    assert_int_equal(seen.price, 23);
    (void)credits(world, 2 * LATENCY);
    assert_int_equal(seen.finished, 4);
}

static void finished_contacts_are_forgotten_beyond_the_bound(void **state)
{
    world_t *world = *state;
    world->settings.keep = 3;
    reopen(world);
    char ids[300][64];
    for (unsigned i = 0; i < 300; i++) {
        assert_int_equal(submit(world, i, &TEODOR, EMAIL), 200);
        (void)snprintf(ids[i], sizeof ids[i], "%s", world->answer.result.id);
    }
    for (unsigned i = 0; i < 300; i++) {
        assert_int_equal(read_id(world, 1 + LATENCY, ids[i]), 200);
    }
    for (unsigned i = 0; i < 300; i++) {
        assert_int_equal(read_id(world, 2 * LATENCY, ids[i]), i < 297 ? 404 : 200);
    }
    assert_int_equal(credits(world, 2 * LATENCY), 100000 - 300);
}

#define RULE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(contract_3_accepted_is_pending_with_a_uuid_and_the_names_as_sent),
        RULE(contract_3_pending_on_creation_even_without_latency),
        RULE(contract_3_both_names_are_required),
        RULE(contract_3_a_type_is_required_and_known_and_not_repeated),
        RULE(contract_3_exactly_one_type),
        RULE(contract_10_4_several_types_by_setting),
        RULE(contract_3_email_needs_domain_or_company),
        RULE(contract_3_phone_and_personal_email_need_a_profile),
        RULE(contract_3_webhook_url_is_an_absolute_url),
        RULE(contract_3_country_codes_are_alpha_2),
        RULE(contract_3_4_custom_is_echoed_at_once_and_on_each_read),
        RULE(contract_11_every_fault_is_named),
        RULE(contract_13_a_repeated_post_is_another_enrichment_and_charged_again),
        RULE(contract_5_pending_until_the_latency_is_over),
        RULE(contract_4_email_and_its_status),
        RULE(contract_4_phone_numbers),
        RULE(contract_4_personal_email_and_its_status),
        RULE(contract_5_not_found_is_finished_with_empty_values),
        RULE(contract_5_reading_again_is_free),
        RULE(contract_11_unknown_ids_are_404),
        RULE(contract_11_an_id_of_another_run_is_404),
        RULE(contract_6_a_callback_once_when_it_completes),
        RULE(contract_6_no_callback_without_a_url_and_none_for_the_synchronous_call),
        RULE(contract_6_a_batch_calls_back_once_per_contact),
        RULE(contract_7_two_to_a_hundred_contacts),
        RULE(contract_7_each_contact_is_checked_and_named_by_its_index),
        RULE(contract_7_one_type_for_the_whole_batch),
        RULE(contract_7_a_refused_batch_enqueues_no_contact),
        RULE(contract_7_the_batch_id_is_no_contact),
        RULE(contract_8_any_combination_answered_inline_after_the_latency),
        RULE(contract_8_company_is_optional),
        RULE(contract_8_a_profile_when_the_list_includes_phone_or_personal_email),
        RULE(contract_8_both_names_and_a_type_are_required),
        RULE(contract_8_nothing_found_is_200_with_empty_values),
        RULE(contract_8_the_profile_of_the_person_found_is_told),
        RULE(contract_9_personal_email_without_consent_is_422_with_the_exact_message),
        RULE(contract_9_other_types_need_no_consent),
        RULE(contract_11_a_missing_or_wrong_key_is_401_on_every_call),
        RULE(contract_2_each_key_is_accepted),
        RULE(contract_11_what_the_front_could_not_read_is_answered_with_its_reason),
        RULE(contract_11_a_long_list_of_faults_counts_what_it_leaves_out),
        RULE(contract_11_gates_come_after_validation),
        RULE(contract_12_finds_cost_by_type_and_phones_per_number),
        RULE(contract_12_prices_are_settings),
        RULE(contract_12_nothing_found_nothing_charged),
        RULE(contract_12_the_balance_must_cover_one_find_of_each),
        RULE(contract_12_the_balance_is_checked_for_the_whole_batch),
        RULE(contract_11_a_plan_limit_refuses_what_is_over_it_whole),
        RULE(contract_8_fifty_synchronous_calls_a_second),
        RULE(contract_12_a_rate_for_the_app_host_is_a_setting_and_refusals_cost_nothing),
        RULE(contract_12_five_at_once_and_the_others_wait_in_order),
        RULE(contract_8_the_times_of_the_types_add_up),
        RULE(contract_3_12_phones_of_other_countries_are_left_out_and_not_charged),
        RULE(contract_3_without_codes_the_accounts_list_applies),
        RULE(contract_10_9_or_come_last),
        RULE(contract_12_each_accepted_and_billed_contact_is_told_once),
        RULE(finished_contacts_are_forgotten_beyond_the_bound),
        RULE(the_same_requests_give_the_same_ids),
        RULE(many_ids_all_lead_back_to_their_contacts),
        RULE(without_people_the_seed_decides_by_name),
        RULE(without_people_another_seed_finds_others),
    };
    return cmocka_run_group_tests_name("service rules", tests, NULL, NULL);
}
