#include "rules.h"

#include "draw.h"
#include "text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* An accepted contact, or the job of a batch, which has an id of its own and nothing else. */
typedef struct {
    char id[SIM_ID_SIZE];
    bool is_batch;
    bool finished;
    uint64_t due_ms;
    unsigned types;
    int64_t price; /* to be charged when it finishes */
    char *firstname;
    char *lastname;
    char *linkedin_url;
    char *custom;
    char *webhook_url;
    char *email;
    char *email_status;
    char *personal_email;
    char *phones[SIM_PHONES_MAX];
    size_t phone_count;
} enrichment_t;

/* Latency is the same for all, so enrichments finish in the order of acceptance. */
struct sim_rules {
    sim_settings_t settings;
    enrichment_t **kept;
    size_t count;
    size_t capacity;
    size_t first_pending;  /* all before it are finished and charged */
    size_t first_uncalled; /* all before it have had their callback */
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
    };
}

sim_rules_t *sim_rules_new(const sim_settings_t *settings)
{
    sim_rules_t *rules = sim_alloc(1, sizeof *rules);
    rules->settings = *settings;
    rules->credits = settings->credits;
    return rules;
}

static void free_enrichment(enrichment_t *enrichment)
{
    free(enrichment->firstname);
    free(enrichment->lastname);
    free(enrichment->linkedin_url);
    free(enrichment->custom);
    free(enrichment->webhook_url);
    free(enrichment->email);
    free(enrichment->email_status);
    free(enrichment->personal_email);
    for (size_t i = 0; i < enrichment->phone_count; i++) {
        free(enrichment->phones[i]);
    }
    free(enrichment);
}

void sim_rules_free(sim_rules_t *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        free_enrichment(rules->kept[i]);
    }
    free(rules->kept);
    free(rules);
}

/* Finishes what is due and charges for what was found, once (api-contract 5, 12). */
static void advance(sim_rules_t *rules, uint64_t now_ms)
{
    while (rules->first_pending < rules->count && rules->kept[rules->first_pending]->due_ms <= now_ms) {
        enrichment_t *enrichment = rules->kept[rules->first_pending++];
        enrichment->finished = true;
        rules->credits -= enrichment->price;
    }
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

/* The set of types that were asked for; faults of the list are added (api-contract 3, 8). */
static unsigned check_types(const sim_request_t *request, bool several, sim_faults_t *faults)
{
    static const struct {
        const char *word;
        unsigned type;
    } WORDS[] = {{"email", SIM_EMAIL}, {"phone", SIM_PHONE}, {"personal_email", SIM_PERSONAL_EMAIL}};

    unsigned types = 0;
    for (size_t i = 0; i < request->type_count; i++) {
        unsigned type = 0;
        for (size_t k = 0; k < sizeof WORDS / sizeof WORDS[0]; k++) {
            type = strcmp(request->types[i], WORDS[k].word) == 0 ? WORDS[k].type : type;
        }
        if (type == 0) {
            sim_faults_add(faults, "enrichment_type[%zu] is not email, phone or personal_email", i);
        } else if ((types & type) != 0) {
            sim_faults_add(faults, "enrichment_type[%zu] is there twice", i);
        }
        types |= type;
    }
    if (request->type_count == 0) {
        sim_faults_add(faults, "enrichment_type is required");
    } else if (request->type_count > 1 && !several) {
        sim_faults_add(faults, "enrichment_type must hold exactly one type");
    }
    return types;
}

/* prefix names the contact within a batch, else it is empty. */
static void check_contact(const sim_contact_t *contact, const char *prefix, unsigned types, bool company_needed,
                          sim_faults_t *faults)
{
    if (sim_blank(contact->firstname)) {
        sim_faults_add(faults, "%sfirstname is required", prefix);
    }
    if (sim_blank(contact->lastname)) {
        sim_faults_add(faults, "%slastname is required", prefix);
    }
    bool company = !sim_blank(contact->domain) || !sim_blank(contact->company_name);
    if (company_needed && (types & SIM_EMAIL) != 0 && !company) {
        sim_faults_add(faults, "%sdomain or company_name is required for email", prefix);
    }
    if ((types & (SIM_PHONE | SIM_PERSONAL_EMAIL)) != 0 && sim_blank(contact->linkedin_url)) {
        sim_faults_add(faults, "%slinkedin_url is required for phone and personal_email", prefix);
    }
}

/* Absolute, http or https, with a host (api-contract 3: a URL). */
static bool is_absolute_url(const char *url)
{
    static const char *const SCHEMES[] = {"https://", "http://"};
    for (size_t i = 0; i < sizeof SCHEMES / sizeof SCHEMES[0]; i++) {
        size_t length = 0;
        while (SCHEMES[i][length] != '\0' && sim_lower(url[length]) == SCHEMES[i][length]) {
            length++;
        }
        if (SCHEMES[i][length] == '\0') {
            return url[length] != '\0' && strchr("/?#:", url[length]) == NULL && strpbrk(url, " \t\r\n") == NULL;
        }
    }
    return false;
}

static bool is_country_code(const char *code)
{
    return code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z' && code[2] == '\0';
}

static void check_shared_fields(const sim_request_t *request, sim_faults_t *faults)
{
    if (request->webhook_url != NULL && !is_absolute_url(request->webhook_url)) {
        sim_faults_add(faults, "webhook_url must be an absolute http or https URL");
    }
    for (size_t i = 0; i < request->country_code_count; i++) {
        if (!is_country_code(request->country_codes[i])) {
            sim_faults_add(faults, "phone_country_codes[%zu] is not an ISO 3166-1 alpha-2 code", i);
        }
    }
}

static unsigned check_single(const sim_rules_t *rules, const sim_request_t *request, sim_faults_t *faults)
{
    bool sync = request->call == SIM_CALL_SYNC;
    unsigned types = check_types(request, sync || rules->settings.allow_multi, faults);
    check_contact(&request->contacts[0], "", types, !sync, faults);
    check_shared_fields(request, faults);
    return types;
}

static unsigned check_batch(const sim_rules_t *rules, const sim_request_t *request, sim_faults_t *faults)
{
    unsigned types = check_types(request, rules->settings.allow_multi, faults);
    if (request->contact_count < SIM_BATCH_MIN || request->contact_count > SIM_BATCH_MAX) {
        sim_faults_add(faults, "contacts must hold %u to %u items", SIM_BATCH_MIN, SIM_BATCH_MAX);
        return types;
    }
    for (size_t i = 0; i < request->contact_count; i++) {
        char *prefix = sim_format("contacts[%zu].", i);
        check_contact(&request->contacts[i], prefix, types, true, faults);
        free(prefix);
    }
    check_shared_fields(request, faults);
    return types;
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

/* The gates behind validation: consent (api-contract 9), then the balance for the whole request (7, 12). */
static bool pass_gates(const sim_rules_t *rules, const sim_request_t *request, unsigned types, sim_answer_t *answer)
{
    if ((types & SIM_PERSONAL_EMAIL) != 0 && !rules->settings.consent) {
        refuse(answer, 422, SIM_ERROR_CONSENT, SIM_CONSENT_MESSAGE);
        return false;
    }
    if (rules->credits < least_price(&rules->settings, types) * (int64_t)request->contact_count) {
        refuse(answer, 422, SIM_ERROR_CREDITS, SIM_CREDITS_MESSAGE);
        return false;
    }
    return true;
}

static enrichment_t *keep(sim_rules_t *rules, uint64_t due_ms)
{
    if (rules->count == rules->capacity) {
        rules->capacity = rules->capacity > 0 ? 2 * rules->capacity : 64;
        rules->kept = sim_resize(rules->kept, rules->capacity, sizeof(enrichment_t *));
    }
    enrichment_t *enrichment = sim_alloc(1, sizeof *enrichment);
    sim_draw_id(rules->settings.seed, rules->count, enrichment->id);
    enrichment->due_ms = due_ms;
    rules->kept[rules->count++] = enrichment;
    return enrichment;
}

/* Takes over what was asked for and fixes the price; nothing found, nothing charged (api-contract 12). */
static void take_finds(const sim_settings_t *settings, const sim_person_t *person, enrichment_t *enrichment)
{
    if ((enrichment->types & SIM_EMAIL) != 0 && person->email[0] != '\0') {
        enrichment->email = sim_copy(person->email);
        enrichment->email_status = sim_copy(person->email_status);
        enrichment->price += settings->price_email;
    }
    if ((enrichment->types & SIM_PERSONAL_EMAIL) != 0 && person->personal_email[0] != '\0') {
        enrichment->personal_email = sim_copy(person->personal_email);
        enrichment->price += settings->price_personal_email;
    }
    for (size_t i = 0; (enrichment->types & SIM_PHONE) != 0 && i < person->phone_count; i++) {
        enrichment->phones[enrichment->phone_count++] = sim_copy(person->phones[i]);
        enrichment->price += settings->price_phone;
    }
    if (enrichment->linkedin_url == NULL && person->linkedin_url[0] != '\0') {
        enrichment->linkedin_url = sim_copy(person->linkedin_url);
    }
}

static void look_up(const sim_settings_t *settings, const sim_contact_t *contact, enrichment_t *enrichment)
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
            take_finds(settings, person, enrichment);
        }
        return;
    }
    sim_drawn_t drawn;
    sim_draw_person(settings->seed, &search, &drawn);
    take_finds(settings, &drawn.person, enrichment);
    sim_drawn_free(&drawn);
}

static const enrichment_t *accept(sim_rules_t *rules, uint64_t now_ms, const sim_request_t *request,
                                  const sim_contact_t *contact, unsigned types)
{
    enrichment_t *enrichment = keep(rules, now_ms + rules->settings.latency_ms);
    enrichment->types = types;
    enrichment->firstname = sim_copy(contact->firstname);
    enrichment->lastname = sim_copy(contact->lastname);
    enrichment->linkedin_url = sim_copy(contact->linkedin_url);
    enrichment->custom = sim_copy(contact->custom);
    enrichment->webhook_url = request->call != SIM_CALL_SYNC ? sim_copy(request->webhook_url) : NULL;
    look_up(&rules->settings, contact, enrichment);
    return enrichment;
}

static sim_result_t show(const enrichment_t *enrichment)
{
    bool email = enrichment->email != NULL;
    bool personal = enrichment->personal_email != NULL;
    return (sim_result_t){
        .id = enrichment->id,
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
        .personal_email_status = personal ? "valid" : "N/A",
        .phones = enrichment->phones,
        .phone_count = enrichment->phone_count,
        .phone_status = enrichment->phone_count > 0 ? "valid" : "N/A",
    };
}

static void submit(sim_rules_t *rules, uint64_t now_ms, const sim_request_t *request, sim_answer_t *answer)
{
    unsigned types = check_single(rules, request, &answer->faults);
    if (answer->faults.total > 0) {
        refuse(answer, 422, SIM_ERROR_VALIDATION, NULL);
        return;
    }
    if (!pass_gates(rules, request, types, answer)) {
        return;
    }
    const enrichment_t *enrichment = accept(rules, now_ms, request, &request->contacts[0], types);
    answer->status = 200;
    answer->kind = SIM_ANSWER_ACCEPTED;
    answer->result = show(enrichment);
    if (request->call == SIM_CALL_SYNC) {
        answer->kind = SIM_ANSWER_INLINE;
        answer->result.finished = true;
        answer->ready_at_ms = enrichment->due_ms;
    }
}

static void submit_batch(sim_rules_t *rules, uint64_t now_ms, const sim_request_t *request, sim_answer_t *answer)
{
    unsigned types = check_batch(rules, request, &answer->faults);
    if (answer->faults.total > 0) {
        refuse(answer, 422, SIM_ERROR_VALIDATION, NULL);
        return;
    }
    if (!pass_gates(rules, request, types, answer)) {
        return;
    }
    enrichment_t *job = keep(rules, now_ms);
    job->is_batch = true;
    for (size_t i = 0; i < request->contact_count; i++) {
        (void)accept(rules, now_ms, request, &request->contacts[i], types);
    }
    answer->status = 202;
    answer->kind = SIM_ANSWER_BATCH;
    answer->batch_id = job->id;
}

static void read_one(const sim_rules_t *rules, const char *id, sim_answer_t *answer)
{
    uint64_t number = sim_id_number(rules->settings.seed, id);
    if (number >= rules->count || rules->kept[number]->is_batch) {
        refuse(answer, 404, SIM_ERROR_NOT_FOUND, "Contact not found");
        return;
    }
    answer->status = 200;
    answer->kind = SIM_ANSWER_RESULT;
    answer->result = show(rules->kept[number]);
}

static void answer_call(sim_rules_t *rules, uint64_t now_ms, const sim_request_t *request, sim_answer_t *answer)
{
    switch (request->call) {
    case SIM_CALL_SUBMIT:
    case SIM_CALL_SYNC:
        assert(request->contact_count == 1);
        submit(rules, now_ms, request, answer);
        break;
    case SIM_CALL_BATCH:
        submit_batch(rules, now_ms, request, answer);
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

void sim_rules_answer(sim_rules_t *rules, uint64_t now_ms, const sim_request_t *request, sim_answer_t *out_answer)
{
    *out_answer = (sim_answer_t){.ready_at_ms = now_ms};
    advance(rules, now_ms);
    if (!key_is_known(rules, request->api_key)) {
        refuse(out_answer, 401, SIM_ERROR_KEY, "Invalid API key");
        return;
    }
    answer_call(rules, now_ms, request, out_answer);
}

bool sim_rules_take_callback(sim_rules_t *rules, uint64_t now_ms, sim_callback_t *out_callback)
{
    advance(rules, now_ms);
    while (rules->first_uncalled < rules->first_pending) {
        const enrichment_t *enrichment = rules->kept[rules->first_uncalled++];
        if (enrichment->webhook_url != NULL) {
            *out_callback = (sim_callback_t){
                .due_ms = enrichment->due_ms,
                .url = enrichment->webhook_url,
                .result = show(enrichment),
            };
            return true;
        }
    }
    return false;
}
