#include "enrich/contact.h"

#include "enrich/url.h"
#include "enrich/utf8.h"

#include <assert.h>

#define STRING(value) #value
#define TEXT_OF(macro) STRING(macro)
#define LONGER_THAN(limit) "is longer than " TEXT_OF(limit) " bytes"

typedef struct {
    const enr_contact_t *contact;
    const enr_options_t *options;
    enr_call_t call;
} request_t;

enr_span_t enr_type_name(enr_type_t type)
{
    switch (type) {
    case ENR_TYPE_EMAIL:
        return ENR_SPAN("email");
    case ENR_TYPE_PHONE:
        return ENR_SPAN("phone");
    default:
        assert(type == ENR_TYPE_PERSONAL_EMAIL);
        return ENR_SPAN("personal_email");
    }
}

enr_status_t enr_type_parse(enr_span_t word, enr_type_t *out_type)
{
    assert(out_type != NULL);
    for (unsigned bit = ENR_TYPE_EMAIL; bit <= ENR_TYPE_PERSONAL_EMAIL; bit <<= 1) {
        if (enr_span_equal(word, enr_type_name((enr_type_t)bit))) {
            *out_type = (enr_type_t)bit;
            return ENR_OK;
        }
    }
    return ENR_E_SYNTAX;
}

static bool is_label(enr_span_t label)
{
    if (label.len == 0 || label.len > 63 || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < label.len; i++) {
        uint8_t byte = label.ptr[i];
        if (!enr_is_letter(byte) && !enr_is_digit(byte) && byte != '-' && byte < 0x80) {
            return false;
        }
    }
    return true;
}

bool enr_domain_valid(enr_span_t domain)
{
    if (domain.len > ENR_HOST_MAX || !enr_utf8_is_text(domain)) {
        return false;
    }
    enr_span_t rest = domain;
    for (size_t dot = enr_span_find(rest, '.'); dot < rest.len; dot = enr_span_find(rest, '.')) {
        if (!is_label(enr_span_slice(rest, 0, dot))) {
            return false;
        }
        rest = enr_span_slice(rest, dot + 1, rest.len);
    }
    return rest.len < domain.len && is_label(rest) && !enr_is_digit(rest.ptr[0]);
}

/* Each check answers with the rule that is broken, or NULL. */

static const char *check_text(enr_span_t text, size_t max, const char *too_long)
{
    if (text.len > max) {
        return too_long;
    }
    if (!enr_utf8_valid(text)) {
        return "is not valid UTF-8";
    }
    return enr_utf8_has_control(text) ? "holds a control character" : NULL;
}

static const char *check_name(enr_span_t name)
{
    return enr_span_trim(name).len == 0 ? "is empty" : check_text(name, ENR_NAME_MAX, LONGER_THAN(ENR_NAME_MAX));
}

static const char *check_firstname(const request_t *request)
{
    return check_name(request->contact->firstname);
}

static const char *check_lastname(const request_t *request)
{
    return check_name(request->contact->lastname);
}

static const char *check_domain(const request_t *request)
{
    enr_span_t domain = request->contact->domain;
    if (domain.len == 0) {
        bool needed = (request->options->types & ENR_TYPE_EMAIL) != 0 && request->call != ENR_CALL_SYNC &&
                      enr_span_trim(request->contact->company_name).len == 0;
        return needed ? "or company_name is needed for email" : NULL;
    }
    const char *fault = check_text(domain, ENR_HOST_MAX, LONGER_THAN(ENR_HOST_MAX));
    if (fault != NULL) {
        return fault;
    }
    return enr_domain_valid(domain) ? NULL : "is not a bare domain such as acme.example";
}

static const char *check_company_name(const request_t *request)
{
    enr_span_t name = request->contact->company_name;
    return name.len == 0 ? NULL : check_name(name);
}

static const char *check_url(enr_span_t text, enr_url_t *out_url)
{
    const char *fault = check_text(text, ENR_URL_MAX, LONGER_THAN(ENR_URL_MAX));
    if (fault != NULL) {
        return fault;
    }
    return enr_url_parse(text, out_url) == ENR_OK ? NULL : "is not an absolute https URL";
}

static bool is_linkedin_host(enr_span_t host)
{
    const enr_span_t linkedin = ENR_SPAN("linkedin.com");
    if (host.len > linkedin.len && host.ptr[host.len - linkedin.len - 1] == '.') {
        host = enr_span_slice(host, host.len - linkedin.len, host.len);
    }
    return enr_span_equal_ignore_case(host, linkedin);
}

static bool is_profile_path(enr_span_t path)
{
    const enr_span_t in = ENR_SPAN("/in/");
    return path.len > in.len && enr_span_equal(enr_span_slice(path, 0, in.len), in) && path.ptr[in.len] != '/';
}

static const char *check_linkedin_url(const request_t *request)
{
    enr_span_t text = request->contact->linkedin_url;
    if (text.len == 0) {
        return (request->options->types & ENR_TYPE_PHONE) != 0            ? "is needed for phone"
               : (request->options->types & ENR_TYPE_PERSONAL_EMAIL) != 0 ? "is needed for personal_email"
                                                                          : NULL;
    }
    enr_url_t url;
    const char *fault = check_url(text, &url);
    if (fault != NULL) {
        return fault;
    }
    if (!is_linkedin_host(url.host)) {
        return "is not on linkedin.com";
    }
    return is_profile_path(url.path) ? NULL : "is not a person's profile, https://www.linkedin.com/in/NAME";
}

static const char *check_types(const request_t *request)
{
    unsigned types = request->options->types;
    if (types == 0) {
        return "is empty: name email, phone or personal_email";
    }
    if ((types & ~ENR_TYPES_ALL) != 0) {
        return "holds an unknown type";
    }
    bool several = (types & (types - 1)) != 0;
    if (several && request->call == ENR_CALL_BULK) {
        return "must be exactly one type for a batch";
    }
    if (several && request->call == ENR_CALL_ASYNC && !request->options->allow_multi) {
        return "must be exactly one type in an asynchronous request, unless several are allowed expressly";
    }
    return NULL;
}

static const char *check_webhook_url(const request_t *request)
{
    enr_url_t url;
    enr_span_t text = request->options->webhook_url;
    return text.len == 0 ? NULL : check_url(text, &url);
}

static bool is_upper(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z';
}

static const char *check_countries(const request_t *request)
{
    const enr_span_t *countries = request->options->countries;
    size_t count = request->options->country_count;
    if (count > ENR_COUNTRIES_MAX) {
        return "holds more than " TEXT_OF(ENR_COUNTRIES_MAX) " countries";
    }
    for (size_t i = 0; i < count; i++) {
        if (countries[i].len != 2 || !is_upper(countries[i].ptr[0]) || !is_upper(countries[i].ptr[1])) {
            return "holds a code that is not two upper-case letters";
        }
        if (enr_span_equal(countries[i], ENR_SPAN("UK"))) {
            return "holds UK: the code is GB";
        }
        for (size_t k = 0; k < i; k++) {
            if (enr_span_equal(countries[i], countries[k])) {
                return "holds a country twice";
            }
        }
    }
    return NULL;
}

static const char *check_custom(const request_t *request)
{
    const enr_custom_t *custom = request->options->custom;
    size_t count = request->options->custom_count;
    if (count > ENR_CUSTOM_MAX) {
        return "holds more than " TEXT_OF(ENR_CUSTOM_MAX) " pairs";
    }
    for (size_t i = 0; i < count; i++) {
        if (custom[i].key.len == 0) {
            return "holds an empty key";
        }
        if (enr_span_equal(custom[i].key, ENR_SPAN(ENR_TOKEN_KEY))) {
            return "holds the key " ENR_TOKEN_KEY ", which is reserved";
        }
        const char *fault = check_text(custom[i].key, ENR_CUSTOM_TEXT_MAX,
                                       "holds a key longer than " TEXT_OF(ENR_CUSTOM_TEXT_MAX) " bytes");
        if (fault == NULL) {
            fault = check_text(custom[i].value, ENR_CUSTOM_TEXT_MAX,
                               "holds a value longer than " TEXT_OF(ENR_CUSTOM_TEXT_MAX) " bytes");
        }
        if (fault != NULL) {
            return fault;
        }
        for (size_t k = 0; k < i; k++) {
            if (enr_span_equal(custom[i].key, custom[k].key)) {
                return "holds a key twice";
            }
        }
    }
    return NULL;
}

static const char *check_token(const request_t *request)
{
    enr_span_t token = request->options->token;
    bool good = token.len == 0 || token.len == ENR_TOKEN_LEN;
    for (size_t i = 0; good && i < token.len; i++) {
        good = enr_is_digit(token.ptr[i]) || (token.ptr[i] >= 'a' && token.ptr[i] <= 'f');
    }
    return good ? NULL : "is not " TEXT_OF(ENR_TOKEN_LEN) " lower-case hexadecimal digits";
}

enr_status_t enr_contact_check(const enr_contact_t *contact, const enr_options_t *options, enr_call_t call,
                               enr_refusal_t *out_refusal)
{
    static const struct {
        const char *field;
        const char *(*check)(const request_t *request);
    } rules[] = {
        {"firstname", check_firstname},
        {"lastname", check_lastname},
        {"domain", check_domain},
        {"company_name", check_company_name},
        {"linkedin_url", check_linkedin_url},
        {"enrichment_type", check_types},
        {"webhook_url", check_webhook_url},
        {"phone_country_codes", check_countries},
        {"custom", check_custom},
        {"token", check_token},
    };
    assert(contact != NULL && options != NULL && out_refusal != NULL);
    assert(options->country_count == 0 || options->countries != NULL);
    assert(options->custom_count == 0 || options->custom != NULL);
    const request_t request = {contact, options, call};
    *out_refusal = (enr_refusal_t){NULL, NULL};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const char *rule = rules[i].check(&request);
        if (rule != NULL) {
            *out_refusal = (enr_refusal_t){rules[i].field, rule};
            return ENR_E_CONTACT;
        }
    }
    return ENR_OK;
}
