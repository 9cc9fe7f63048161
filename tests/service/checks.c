#include "checks.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

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

unsigned sim_check_single(bool allow_multi, const sim_request_t *request, sim_faults_t *faults)
{
    bool sync = request->call == SIM_CALL_SYNC;
    unsigned types = check_types(request, sync || allow_multi, faults);
    check_contact(&request->contacts[0], "", types, !sync, faults);
    check_shared_fields(request, faults);
    return types;
}

unsigned sim_check_batch(bool allow_multi, const sim_request_t *request, sim_faults_t *faults)
{
    unsigned types = check_types(request, allow_multi, faults);
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
