#include "codec.h"

#include "text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define APP_BASE "/api/v2"
#define API_BASE "/v2"

static const struct {
    const char *method;
    const char *path; /* one that ends with a slash takes an id behind it */
    sim_call_t call;
} ROUTES[] = {
    {"POST", APP_BASE "/contacts/single_enrich", SIM_CALL_SUBMIT},
    {"POST", APP_BASE "/contacts/bulk_enrich", SIM_CALL_BATCH},
    {"POST", API_BASE "/contacts/single_enrich", SIM_CALL_SYNC},
    {"POST", API_BASE "/contacts/sync_single_enrich", SIM_CALL_SYNC},
    {"GET", APP_BASE "/credits", SIM_CALL_CREDITS},
    {"GET", APP_BASE "/account", SIM_CALL_ACCOUNT},
    {"GET", APP_BASE "/contacts/", SIM_CALL_READ},
};

static void refuse(sim_decoded_t *decoded, int status)
{
    decoded->request.call = SIM_CALL_NONE;
    decoded->request.refused_status = status;
    decoded->request.refused = &decoded->faults;
}

static bool path_matches(const char *route, const char *path, const char **out_id)
{
    size_t length = strlen(route);
    if (route[length - 1] != '/') {
        return strcmp(route, path) == 0;
    }
    if (strncmp(route, path, length) != 0 || path[length] == '\0' || strchr(path + length, '/') != NULL) {
        return false;
    }
    *out_id = path + length;
    return true;
}

/* Whether the variants have this path (api-contract 10.2) on the host that was called (1). */
static bool is_served(const char *path, const char *host, const sim_variants_t *variants)
{
    bool older = strcmp(path, API_BASE "/contacts/sync_single_enrich") == 0;
    bool current = strcmp(path, API_BASE "/contacts/single_enrich") == 0;
    if ((older && variants->sync_path == SIM_SYNC_PATH_CURRENT) ||
        (current && variants->sync_path == SIM_SYNC_PATH_OLDER)) {
        return false;
    }
    const char *wanted = strncmp(path, APP_BASE, sizeof APP_BASE - 1) == 0 ? "app." : "api.";
    return !variants->strict_hosts || (host != NULL && strncasecmp(host, wanted, strlen(wanted)) == 0);
}

/* The first route that matches wins; one that fails by its method alone decides between 404 and 405. */
static bool find_call(const sim_http_request_t *http, const sim_variants_t *variants, sim_decoded_t *decoded)
{
    for (size_t i = 0; i < sizeof ROUTES / sizeof ROUTES[0]; i++) {
        const char *id = NULL;
        if (!path_matches(ROUTES[i].path, http->path, &id) || !is_served(http->path, http->host, variants)) {
            continue;
        }
        if (strcmp(ROUTES[i].method, http->method) == 0) {
            decoded->request.call = ROUTES[i].call;
            decoded->request.id = id;
            decoded->allow = NULL;
            return true;
        }
        decoded->allow = decoded->allow == NULL ? ROUTES[i].method : "GET, POST";
    }
    sim_faults_add(&decoded->faults, decoded->allow != NULL ? "Method not allowed" : "Unknown path");
    refuse(decoded, decoded->allow != NULL ? 405 : 404);
    return false;
}

static bool is_json_type(const char *content_type)
{
    static const char JSON[] = "application/json";
    size_t length = sizeof JSON - 1;
    return content_type != NULL && strncasecmp(content_type, JSON, length) == 0 &&
           (content_type[length] == '\0' || strchr("; \t", content_type[length]) != NULL);
}

static const char *json_fault(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_duplicate_key:
        return "a key is there twice";
    case json_error_numeric_overflow:
        return "a number is out of range";
    case json_error_null_character:
        return "a string holds a NUL character";
    case json_error_invalid_utf8:
        return "not UTF-8";
    default:
        return "not valid JSON";
    }
}

static bool read_body(const sim_http_request_t *http, sim_decoded_t *decoded)
{
    if (!is_json_type(http->content_type)) {
        sim_faults_add(&decoded->faults, "Content-Type must be application/json");
        refuse(decoded, 415);
        return false;
    }
    if (http->body_too_long) {
        sim_faults_add(&decoded->faults, "The body is longer than %zu bytes", SIM_BODY_MAX);
        refuse(decoded, 413);
        return false;
    }
    json_error_t error;
    decoded->root = json_loadb(http->body, http->body_length, JSON_REJECT_DUPLICATES, &error);
    if (decoded->root == NULL) {
        sim_faults_add(&decoded->faults, "The body cannot be read: %s (line %d, column %d)", json_fault(&error),
                       error.line, error.column);
        refuse(decoded, 400);
        return false;
    }
    if (!json_is_object(decoded->root)) {
        sim_faults_add(&decoded->faults, "The body must be a JSON object");
        refuse(decoded, 400);
        return false;
    }
    return true;
}

/* null counts as absent. */
static const char *text_field(const json_t *object, const char *prefix, const char *name, sim_faults_t *faults)
{
    const json_t *value = json_object_get(object, name);
    if (value != NULL && !json_is_null(value) && !json_is_string(value)) {
        sim_faults_add(faults, "%s%s must be a string", prefix, name);
    }
    return json_string_value(value);
}

/* The strings of an array; NULL and none when the field is absent, null or wrong. */
static const char **text_list(const json_t *object, const char *name, size_t *out_count, sim_faults_t *faults)
{
    const json_t *array = json_object_get(object, name);
    *out_count = 0;
    if (array == NULL || json_is_null(array)) {
        return NULL;
    }
    if (!json_is_array(array)) {
        sim_faults_add(faults, "%s must be an array of strings", name);
        return NULL;
    }
    const char **list = sim_alloc(json_array_size(array), sizeof *list);
    for (size_t i = 0; i < json_array_size(array); i++) {
        list[i] = json_string_value(json_array_get(array, i));
        if (list[i] == NULL) {
            sim_faults_add(faults, "%s[%zu] must be a string", name, i);
        }
    }
    *out_count = json_array_size(array);
    return list;
}

/* out_custom holds the text that contact->custom points to, to be freed. */
static void read_contact(const json_t *object, const char *prefix, sim_contact_t *contact, char **out_custom,
                         sim_faults_t *faults)
{
    contact->firstname = text_field(object, prefix, "firstname", faults);
    contact->lastname = text_field(object, prefix, "lastname", faults);
    contact->domain = text_field(object, prefix, "domain", faults);
    contact->company_name = text_field(object, prefix, "company_name", faults);
    contact->linkedin_url = text_field(object, prefix, "linkedin_url", faults);
    const json_t *custom = json_object_get(object, "custom");
    if (json_is_object(custom)) {
        *out_custom = json_dumps(custom, JSON_COMPACT);
        contact->custom = *out_custom;
    } else if (custom != NULL && !json_is_null(custom)) {
        sim_faults_add(faults, "%scustom must be an object", prefix);
    }
}

static void read_contacts(const json_t *array, sim_decoded_t *decoded)
{
    if (!json_is_array(array)) {
        sim_faults_add(&decoded->faults, "contacts must be an array of objects");
        return;
    }
    decoded->request.contact_count = json_array_size(array);
    decoded->contacts = sim_alloc(json_array_size(array), sizeof(sim_contact_t));
    decoded->customs = sim_alloc(json_array_size(array), sizeof(char *));
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *object = json_array_get(array, i);
        if (!json_is_object(object)) {
            sim_faults_add(&decoded->faults, "contacts[%zu] must be an object", i);
            continue;
        }
        char *prefix = sim_format("contacts[%zu].", i);
        read_contact(object, prefix, &decoded->contacts[i], &decoded->customs[i], &decoded->faults);
        free(prefix);
    }
}

static void read_fields(sim_decoded_t *decoded)
{
    sim_request_t *request = &decoded->request;
    sim_faults_t *faults = &decoded->faults;
    decoded->types = text_list(decoded->root, "enrichment_type", &request->type_count, faults);
    decoded->country_codes = text_list(decoded->root, "phone_country_codes", &request->country_code_count, faults);
    request->webhook_url = text_field(decoded->root, "", "webhook_url", faults);
    if (request->call == SIM_CALL_BATCH) {
        read_contacts(json_object_get(decoded->root, "contacts"), decoded);
    } else {
        request->contact_count = 1;
        decoded->contacts = sim_alloc(1, sizeof(sim_contact_t));
        decoded->customs = sim_alloc(1, sizeof(char *));
        read_contact(decoded->root, "", &decoded->contacts[0], &decoded->customs[0], faults);
    }
    request->types = decoded->types;
    request->country_codes = decoded->country_codes;
    request->contacts = decoded->contacts;
    if (faults->total > 0) {
        refuse(decoded, 422);
    }
}

void sim_decode(const sim_http_request_t *http, const sim_variants_t *variants, sim_decoded_t *out_decoded)
{
    *out_decoded = (sim_decoded_t){.request = {.api_key = http->api_key}};
    if (!find_call(http, variants, out_decoded)) {
        return;
    }
    switch (out_decoded->request.call) {
    case SIM_CALL_SUBMIT:
    case SIM_CALL_BATCH:
    case SIM_CALL_SYNC:
        if (read_body(http, out_decoded)) {
            read_fields(out_decoded);
        }
        break;
    default:
        break;
    }
}

void sim_decoded_free(sim_decoded_t *decoded)
{
    for (size_t i = 0; decoded->customs != NULL && i < decoded->request.contact_count; i++) {
        free(decoded->customs[i]);
    }
    free(decoded->customs);
    free(decoded->contacts);
    free(decoded->types);
    free(decoded->country_codes);
    json_decref(decoded->root);
}

/* The strings are UTF-8 because they came through jansson or sim_people_parse. */
static void put_text(json_t *object, const char *name, const char *text)
{
    if (text != NULL && json_object_set_new(object, name, json_string(text)) != 0) {
        abort();
    }
}

static void put(json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value) != 0) {
        abort();
    }
}

/* api-contract 10.8 */
static void put_id(json_t *object, const char *id, const sim_variants_t *variants)
{
    if (id == NULL || variants->id == SIM_ID_PLAIN) {
        put_text(object, "enrichment_id", id);
    } else if (variants->id == SIM_ID_SHORT) {
        put_text(object, "id", id);
    } else {
        json_t *contact = json_object();
        put_text(contact, "id", id);
        put(object, "contact", contact);
    }
}

static void put_names(json_t *object, const sim_result_t *result, const sim_variants_t *variants)
{
    put_id(object, result->id, variants);
    put_text(object, "first_name", result->first_name);
    put_text(object, "last_name", result->last_name);
}

static void put_custom(json_t *object, const sim_result_t *result)
{
    if (result->custom != NULL) {
        put(object, "custom", json_loads(result->custom, 0, NULL));
    }
}

/* An address; "" when it was not found, for which there are several ways (api-contract 4, 13). */
static void put_address(json_t *object, const char *name, const char *address, const sim_variants_t *variants)
{
    if (address[0] != '\0' || variants->nothing == SIM_NOTHING_EMPTY) {
        put_text(object, name, address);
    } else if (variants->nothing == SIM_NOTHING_NULL) {
        put(object, name, json_null());
    } else if (variants->nothing == SIM_NOTHING_WORD) {
        put_text(object, name, "N/A");
    }
}

static json_t *phone_value(const char *number, const sim_variants_t *variants)
{
    return variants->phones == SIM_PHONES_OBJECTS ? json_pack("{s:s,s:s}", "number", number, "type", "mobile")
                                                  : json_string(number);
}

/* A list; by variant a lone number is no list, and none is null (api-contract 10.3). */
static json_t *phones_value(const sim_result_t *result, const sim_variants_t *variants)
{
    if (variants->phones == SIM_PHONES_LONE && result->phone_count < 2) {
        return result->phone_count == 0 ? json_null() : json_string(result->phones[0]);
    }
    json_t *numbers = json_array();
    for (size_t i = 0; i < result->phone_count; i++) {
        if (json_array_append_new(numbers, phone_value(result->phones[i], variants)) != 0) {
            abort();
        }
    }
    return numbers;
}

/* phones is the key of the numbers. */
static void put_finds(json_t *object, const sim_result_t *result, const char *phones, const sim_variants_t *variants)
{
    if ((result->types & SIM_EMAIL) != 0) {
        put_address(object, "email", result->email, variants);
        put_text(object, "email_status", result->email_status);
    }
    if ((result->types & SIM_PERSONAL_EMAIL) != 0) {
        put_address(object, "personal_email", result->personal_email, variants);
        put_text(object, "personal_email_status", result->personal_email_status);
    }
    if ((result->types & SIM_PHONE) != 0) {
        put(object, phones, phones_value(result, variants));
    }
}

static void put_accepted(json_t *object, const sim_result_t *result, const sim_variants_t *variants)
{
    put_names(object, result, variants);
    put_text(object, "status", variants->pending);
    put_custom(object, result);
}

static void put_result(json_t *object, const sim_result_t *result, const sim_variants_t *variants)
{
    put_names(object, result, variants);
    put_text(object, "status", result->finished ? variants->finished : variants->pending);
    if (result->finished) {
        put_finds(object, result, variants->read_plural ? "phones" : "phone", variants);
    }
    put_custom(object, result);
}

static void put_inline(json_t *object, const sim_result_t *result, const sim_variants_t *variants)
{
    put_names(object, result, variants);
    put_text(object, "linkedin_profile_url", result->linkedin_url);
    put_text(object, "status", variants->sync_status);
    put_finds(object, result, variants->sync_singular ? "phone" : "phones", variants);
    if ((result->types & SIM_PHONE) != 0) {
        put_text(object, "phone_status", result->phone_count > 0 ? variants->phone_status : result->phone_status);
    }
    if (!result->found && !variants->no_message) {
        put_text(object, "message", "No data found");
    }
    put_custom(object, result);
}

/* The shape that has been seen, or is likeliest, for this kind of error (api-contract 11). */
static sim_errors_shape_t usual_shape(sim_error_t error)
{
    switch (error) {
    case SIM_ERROR_KEY:
    case SIM_ERROR_CONSENT:
    case SIM_ERROR_CREDITS:
    case SIM_ERROR_PLAN:
        return SIM_ERRORS_TEXT;
    case SIM_ERROR_VALIDATION:
        return SIM_ERRORS_LIST;
    case SIM_ERROR_NOT_FOUND:
    case SIM_ERROR_RATE:
    case SIM_ERROR_REQUEST:
        break;
    }
    return SIM_ERRORS_NUMBER;
}

static json_t *error_list(const sim_faults_t *faults)
{
    json_t *errors = json_array();
    for (size_t i = 0; i < sim_faults_kept(faults); i++) {
        if (json_array_append_new(errors, json_string(faults->text[i])) != 0) {
            abort();
        }
    }
    return errors;
}

static void put_error(json_t *object, const sim_answer_t *answer, const sim_variants_t *variants)
{
    const char *sentence = answer->faults.text[0];
    switch (variants->errors == SIM_ERRORS_MIXED ? usual_shape(answer->error) : variants->errors) {
    case SIM_ERRORS_TEXT:
        put_text(object, "error", sentence);
        break;
    case SIM_ERRORS_LIST:
        put(object, "errors", error_list(&answer->faults));
        break;
    case SIM_ERRORS_OBJECT:
        put(object, "error", json_pack("{s:s}", "message", sentence));
        break;
    case SIM_ERRORS_MESSAGE:
        put_text(object, "message", sentence);
        break;
    case SIM_ERRORS_MIXED:
    case SIM_ERRORS_NUMBER:
        put(object, "error", json_integer(answer->status));
        put_text(object, "message", sentence);
        break;
    }
}

/* The schemas of credits and account are not documented (api-contract 12): plain ones of our own. */
static void put_answer(json_t *object, const sim_answer_t *answer, const sim_variants_t *variants)
{
    switch (answer->kind) {
    case SIM_ANSWER_ACCEPTED:
        put_accepted(object, &answer->result, variants);
        break;
    case SIM_ANSWER_RESULT:
        put_result(object, &answer->result, variants);
        break;
    case SIM_ANSWER_INLINE:
        put_inline(object, &answer->result, variants);
        break;
    case SIM_ANSWER_BATCH:
        put_id(object, answer->batch_id, variants);
        put_text(object, "status", variants->bulk_status[0] != '\0' ? variants->bulk_status : NULL);
        break;
    case SIM_ANSWER_CREDITS:
        put(object, "credits", json_integer(answer->credits));
        break;
    case SIM_ANSWER_ACCOUNT:
        put_text(object, "name", "Simulated account");
        put_text(object, "email", "owner@sim.example");
        break;
    case SIM_ANSWER_ERROR:
        put_error(object, answer, variants);
        break;
    }
}

/* Consumes the object. */
static char *to_text(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (text == NULL) {
        abort();
    }
    return text;
}

char *sim_encode(const sim_answer_t *answer, const sim_variants_t *variants)
{
    json_t *object = json_object();
    put_answer(object, answer, variants);
    return to_text(object);
}

char *sim_encode_callback(const sim_result_t *result, const sim_variants_t *variants)
{
    json_t *object = json_object();
    sim_result_t shown = *result;
    if (variants->calls_back_batch && shown.batch_id != NULL) {
        shown.id = shown.batch_id;
    }
    put_result(object, &shown, variants);
    return to_text(object);
}
