#include "rules.h"

#include "checks.h"
#include "countries.h"
#include "draw.h"
#include "limits.h"
#include "store.h"
#include "text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim_rules {
    sim_settings_t settings;
    sim_store_t store;
    sim_rate_t rate_app;
    sim_rate_t rate_sync;
    sim_places_t places;
    uint64_t accepted; /* contacts, against the plan's limit */
    int64_t credits;
};

sim_settings_t sim_settings_default(void)
{
    return (sim_settings_t){
        .seed = 1,
        .latency_ms = 1000,
        .credits = 100000,
        .price_email = 1,
        .price_phone = 10,
        .price_personal_email = 5,
        .rate_sync = 50,
        .parallel = 5,
        .country_restricts = true,
        .keep = SIZE_MAX,
    };
}

sim_rules_t *sim_rules_new(const sim_settings_t *settings)
{
    sim_rules_t *rules = sim_alloc(1, sizeof *rules);
    rules->settings = *settings;
    rules->store.seed = settings->seed;
    rules->rate_app.most = settings->rate_app;
    rules->rate_sync.most = settings->rate_sync;
    sim_places_init(&rules->places, settings->parallel);
    rules->credits = settings->credits;
    return rules;
}

void sim_rules_free(sim_rules_t *rules)
{
    sim_store_free(&rules->store);
    sim_places_free(&rules->places);
    free(rules);
}

static void tell(const sim_rules_t *rules, const sim_entry_t *entry)
{
    if (rules->settings.on_entry != NULL) {
        rules->settings.on_entry(rules->settings.on_entry_closure, entry);
    }
}

/* Finishes what is due and charges for what was found, once (api-contract 5, 12). */
static void advance(sim_rules_t *rules, uint64_t now_ms)
{
    const sim_enrichment_t *enrichment = NULL;
    while ((enrichment = sim_store_finish(&rules->store, now_ms)) != NULL) {
        rules->credits -= enrichment->price;
        tell(rules, &(sim_entry_t){
                        .finished = true,
                        .time_ms = enrichment->due_ms,
                        .id = enrichment->id,
                        .types = enrichment->types,
                        .emails = enrichment->email != NULL ? 1 : 0,
                        .phones = enrichment->phone_count,
                        .personal_emails = enrichment->personal_email != NULL ? 1 : 0,
                        .price = enrichment->price,
                        .balance = rules->credits,
                    });
    }
    sim_store_forget(&rules->store, rules->settings.keep);
}

static void refuse(sim_answer_t *answer, int status, sim_error_t error, const char *sentence)
{
    answer->status = status;
    answer->kind = SIM_ANSWER_ERROR;
    answer->error = error;
    if (sentence != NULL) {
        sim_faults_add(&answer->faults, "%s", sentence);
    }
}

static bool key_is_known(const sim_rules_t *rules, const char *key)
{
    for (size_t i = 0; key != NULL && i < rules->settings.api_key_count; i++) {
        if (strcmp(rules->settings.api_keys[i], key) == 0) {
            return true;
        }
    }
    return false;
}

/* What one find of each type costs at least: more numbers than one cost more, but are not known before. */
static int64_t least_price(const sim_settings_t *settings, unsigned types)
{
    int64_t price = 0;
    price += (types & SIM_EMAIL) != 0 ? settings->price_email : 0;
    price += (types & SIM_PHONE) != 0 ? settings->price_phone : 0;
    price += (types & SIM_PERSONAL_EMAIL) != 0 ? settings->price_personal_email : 0;
    return price;
}

/* The gates behind validation: consent (api-contract 9), then plan and balance for the whole request (7, 11, 12). */
static bool pass_gates(const sim_rules_t *rules, const sim_request_t *request, unsigned types, sim_answer_t *answer)
{
    if ((types & SIM_PERSONAL_EMAIL) != 0 && !rules->settings.consent) {
        refuse(answer, 422, SIM_ERROR_CONSENT, SIM_CONSENT_MESSAGE);
        return false;
    }
    uint64_t limit = rules->settings.plan_limit;
    if (limit > 0 && request->contact_count > limit - rules->accepted) {
        refuse(answer, 422, SIM_ERROR_PLAN, SIM_PLAN_MESSAGE);
        return false;
    }
    if (rules->credits < least_price(&rules->settings, types) * (int64_t)request->contact_count) {
        refuse(answer, 422, SIM_ERROR_CREDITS, SIM_CREDITS_MESSAGE);
        return false;
    }
    return true;
}

static bool is_of_any(const char *phone, const char *const *countries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (sim_phone_is_of(phone, countries[i])) {
            return true;
        }
    }
    return false;
}

/* The request's list, else the account's (api-contract 3); without one all numbers are taken in their order. */
static void take_phones(const sim_settings_t *settings, const sim_request_t *request, const sim_person_t *person,
                        sim_enrichment_t *enrichment)
{
    bool own = request->country_code_count > 0;
    const char *const *countries = own ? request->country_codes : settings->country_codes;
    size_t count = own ? request->country_code_count : settings->country_code_count;
    for (size_t i = 0; i < person->phone_count; i++) {
        if (count == 0 || is_of_any(person->phones[i], countries, count)) {
            enrichment->phones[enrichment->phone_count++] = sim_copy(person->phones[i]);
        }
    }
    for (size_t i = 0; count > 0 && !settings->country_restricts && i < person->phone_count; i++) {
        if (!is_of_any(person->phones[i], countries, count)) {
            enrichment->phones[enrichment->phone_count++] = sim_copy(person->phones[i]);
        }
    }
    enrichment->price += settings->price_phone * (int64_t)enrichment->phone_count;
}

/* Takes over what was asked for and fixes the price; nothing found, nothing charged (api-contract 12). */
static void take_finds(const sim_settings_t *settings, const sim_request_t *request, const sim_person_t *person,
                       sim_enrichment_t *enrichment)
{
    if ((enrichment->types & SIM_EMAIL) != 0 && person->email[0] != '\0') {
        enrichment->email = sim_copy(person->email);
        enrichment->email_status = sim_copy(person->email_status);
        enrichment->price += settings->price_email;
    }
    if ((enrichment->types & SIM_PERSONAL_EMAIL) != 0 && person->personal_email[0] != '\0') {
        enrichment->personal_email = sim_copy(person->personal_email);
        enrichment->personal_email_status = sim_copy(person->personal_email_status);
        enrichment->price += settings->price_personal_email;
    }
    if ((enrichment->types & SIM_PHONE) != 0) {
        take_phones(settings, request, person, enrichment);
    }
    if (enrichment->linkedin_url == NULL && person->linkedin_url[0] != '\0') {
        enrichment->linkedin_url = sim_copy(person->linkedin_url);
    }
}

static void look_up(const sim_settings_t *settings, const sim_request_t *request, const sim_contact_t *contact,
                    sim_enrichment_t *enrichment)
{
    sim_search_t search = {
        .firstname = contact->firstname,
        .lastname = contact->lastname,
        .company_name = contact->company_name,
        .domain = contact->domain,
        .linkedin_url = contact->linkedin_url,
    };
    if (settings->people != NULL) {
        const sim_person_t *person = sim_people_find(settings->people, &search);
        if (person != NULL) {
            take_finds(settings, request, person, enrichment);
        }
        return;
    }
    sim_drawn_t drawn;
    sim_draw_person(settings->seed, &search, &drawn);
    take_finds(settings, request, &drawn.person, enrichment);
    sim_drawn_free(&drawn);
}

/* FNV-1a, 64 bits. */
static uint64_t mix_text(uint64_t hash, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)sim_lower(*text)) * 0x100000001B3u;
    }
    return (hash ^ 0xFFu) * 0x100000001B3u;
}

static uint64_t person_number(const sim_contact_t *contact)
{
    uint64_t hash = 0xCBF29CE484222325u;
    hash = mix_text(hash, contact->firstname);
    hash = mix_text(hash, contact->lastname);
    hash = mix_text(hash, contact->domain);
    hash = mix_text(hash, contact->company_name);
    return mix_text(hash, contact->linkedin_url);
}

/* How long the service searches: the synchronous call by type, added together, if the settings say so (api-contract 8).
 */
static uint64_t search_ms(const sim_settings_t *settings, sim_call_t call, unsigned types)
{
    if (call != SIM_CALL_SYNC || !settings->sync_timing) {
        return settings->latency_ms;
    }
    uint64_t sum = 0;
    sum += (types & SIM_EMAIL) != 0 ? settings->sync_ms[0] : 0;
    sum += (types & SIM_PHONE) != 0 ? settings->sync_ms[1] : 0;
    sum += (types & SIM_PERSONAL_EMAIL) != 0 ? settings->sync_ms[2] : 0;
    return sum;
}

static const sim_enrichment_t *accept(sim_rules_t *rules, uint64_t start_ms, const sim_request_t *request, size_t index,
                                      unsigned types, const char *batch_id)
{
    const sim_contact_t *contact = &request->contacts[index];
    uint64_t due_ms = start_ms + search_ms(&rules->settings, request->call, types);
    sim_enrichment_t *enrichment = sim_store_add(&rules->store, due_ms, false);
    enrichment->types = types;
    (void)snprintf(enrichment->batch_id, sizeof enrichment->batch_id, "%s", batch_id != NULL ? batch_id : "");
    enrichment->firstname = sim_copy(contact->firstname);
    enrichment->lastname = sim_copy(contact->lastname);
    enrichment->linkedin_url = sim_copy(contact->linkedin_url);
    enrichment->custom = sim_copy(contact->custom);
    enrichment->webhook_url = request->call != SIM_CALL_SYNC ? sim_copy(request->webhook_url) : NULL;
    look_up(&rules->settings, request, contact, enrichment);
    rules->accepted++;
    tell(rules, &(sim_entry_t){
                    .time_ms = start_ms,
                    .call = request->call,
                    .id = enrichment->id,
                    .batch_id = batch_id,
                    .index = index,
                    .types = types,
                    .person = person_number(contact),
                    .custom = enrichment->custom,
                });
    return enrichment;
}

static sim_result_t show(const sim_enrichment_t *enrichment)
{
    bool email = enrichment->email != NULL;
    bool personal = enrichment->personal_email != NULL;
    return (sim_result_t){
        .id = enrichment->id,
        .batch_id = enrichment->batch_id[0] != '\0' ? enrichment->batch_id : NULL,
        .first_name = enrichment->firstname,
        .last_name = enrichment->lastname,
        .linkedin_url = enrichment->linkedin_url,
        .custom = enrichment->custom,
        .types = enrichment->types,
        .finished = enrichment->finished,
        .found = email || personal || enrichment->phone_count > 0,
        .email = email ? enrichment->email : "",
        .email_status = email ? enrichment->email_status : "N/A",
        .personal_email = personal ? enrichment->personal_email : "",
        .personal_email_status = personal ? enrichment->personal_email_status : "N/A",
        .phones = enrichment->phones,
        .phone_count = enrichment->phone_count,
        .phone_status = enrichment->phone_count > 0 ? "valid" : "N/A",
    };
}

static void submit(sim_rules_t *rules, uint64_t start_ms, const sim_request_t *request, sim_answer_t *answer)
{
    unsigned types = sim_check_single(rules->settings.allow_multi, request, &answer->faults);
    if (answer->faults.total > 0) {
        refuse(answer, 422, SIM_ERROR_VALIDATION, NULL);
        return;
    }
    if (!pass_gates(rules, request, types, answer)) {
        return;
    }
    const sim_enrichment_t *enrichment = accept(rules, start_ms, request, 0, types, NULL);
    answer->status = 200;
    answer->kind = SIM_ANSWER_ACCEPTED;
    answer->result = show(enrichment);
    if (request->call == SIM_CALL_SYNC) {
        answer->kind = SIM_ANSWER_INLINE;
        answer->result.finished = true;
        answer->ready_at_ms = enrichment->due_ms;
    }
}

static void submit_batch(sim_rules_t *rules, uint64_t start_ms, const sim_request_t *request, sim_answer_t *answer)
{
    unsigned types = sim_check_batch(rules->settings.allow_multi, request, &answer->faults);
    if (answer->faults.total > 0) {
        refuse(answer, 422, SIM_ERROR_VALIDATION, NULL);
        return;
    }
    if (!pass_gates(rules, request, types, answer)) {
        return;
    }
    const sim_enrichment_t *job = sim_store_add(&rules->store, start_ms, true);
    for (size_t i = 0; i < request->contact_count; i++) {
        (void)accept(rules, start_ms, request, i, types, job->id);
    }
    answer->status = 202;
    answer->kind = SIM_ANSWER_BATCH;
    answer->batch_id = job->id;
}

static void read_one(const sim_rules_t *rules, const char *id, sim_answer_t *answer)
{
    const sim_enrichment_t *enrichment = sim_store_find(&rules->store, id);
    if (enrichment != NULL && enrichment->is_batch && rules->settings.reads_batches) {
        answer->status = 200;
        answer->kind = SIM_ANSWER_BATCH;
        answer->batch_id = enrichment->id;
        return;
    }
    if (enrichment == NULL || enrichment->is_batch) {
        refuse(answer, 404, SIM_ERROR_NOT_FOUND, "Contact not found");
        return;
    }
    answer->status = 200;
    answer->kind = SIM_ANSWER_RESULT;
    answer->result = show(enrichment);
}

static void answer_call(sim_rules_t *rules, uint64_t start_ms, const sim_request_t *request, sim_answer_t *answer)
{
    switch (request->call) {
    case SIM_CALL_SUBMIT:
    case SIM_CALL_SYNC:
        assert(request->contact_count == 1);
        submit(rules, start_ms, request, answer);
        break;
    case SIM_CALL_BATCH:
        submit_batch(rules, start_ms, request, answer);
        break;
    case SIM_CALL_READ:
        read_one(rules, request->id, answer);
        break;
    case SIM_CALL_CREDITS:
        answer->status = 200;
        answer->kind = SIM_ANSWER_CREDITS;
        answer->credits = rules->credits;
        break;
    case SIM_CALL_ACCOUNT:
        answer->status = 200;
        answer->kind = SIM_ANSWER_ACCOUNT;
        break;
    case SIM_CALL_NONE:
        answer->faults = *request->refused;
        refuse(answer, request->refused_status,
               request->refused_status == 422 ? SIM_ERROR_VALIDATION : SIM_ERROR_REQUEST, NULL);
        break;
    }
}

static bool pass_rate(sim_rules_t *rules, uint64_t now_ms, const sim_request_t *request, sim_answer_t *answer)
{
    uint64_t wait_ms = 0;
    if (sim_rate_pass(request->call == SIM_CALL_SYNC ? &rules->rate_sync : &rules->rate_app, now_ms, &wait_ms)) {
        return true;
    }
    refuse(answer, 429, SIM_ERROR_RATE, "Too many requests");
    answer->retry_s = (wait_ms + 999) / 1000;
    return false;
}

void sim_rules_answer(sim_rules_t *rules, uint64_t now_ms, const sim_request_t *request, sim_answer_t *out_answer)
{
    *out_answer = (sim_answer_t){.ready_at_ms = now_ms};
    advance(rules, now_ms);
    if (!key_is_known(rules, request->api_key)) {
        refuse(out_answer, 401, SIM_ERROR_KEY, "Invalid API key");
        return;
    }
    if (!pass_rate(rules, now_ms, request, out_answer)) {
        return;
    }
    size_t place = 0;
    uint64_t start_ms = sim_places_begin(&rules->places, now_ms, &place);
    out_answer->ready_at_ms = start_ms;
    answer_call(rules, start_ms, request, out_answer);
    out_answer->ready_at_ms += rules->settings.call_ms;
    sim_places_hold(&rules->places, place, out_answer->ready_at_ms);
}

bool sim_rules_take_callback(sim_rules_t *rules, uint64_t now_ms, sim_callback_t *out_callback)
{
    advance(rules, now_ms);
    const sim_enrichment_t *enrichment = sim_store_take_uncalled(&rules->store);
    if (enrichment == NULL) {
        return false;
    }
    *out_callback = (sim_callback_t){
        .due_ms = enrichment->due_ms,
        .url = enrichment->webhook_url,
        .result = show(enrichment),
    };
    return true;
}

uint64_t sim_rules_next_ms(const sim_rules_t *rules)
{
    return rules->store.pending.first != NULL ? rules->store.pending.first->due_ms : UINT64_MAX;
}
