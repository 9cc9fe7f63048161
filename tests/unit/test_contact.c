/* The local checks (api-contract 13): each rule by its edge, and the order of refusals. */
#include "enrich/contact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Exact-size copies, so that the sanitizer sees an over-read; freed after each test. */
static void *copies[256];
static size_t copy_count;

static enr_span_t exact(const char *text, size_t len)
{
    assert_true(copy_count < sizeof copies / sizeof copies[0]);
    uint8_t *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    copies[copy_count++] = copy;
    return (enr_span_t){len > 0 ? copy : NULL, len};
}

static enr_span_t of(const char *text)
{
    return exact(text, strlen(text));
}

static enr_span_t repeat(char letter, size_t count)
{
    char text[1024];
    assert_true(count <= sizeof text);
    memset(text, letter, count);
    return exact(text, count);
}

static int release(void **state)
{
    (void)state;
    while (copy_count > 0) {
        free(copies[--copy_count]);
    }
    return 0;
}

static enr_contact_t person(void)
{
    return (enr_contact_t){.firstname = of("Teodor"), .lastname = of("Lindqvist"), .domain = of("acme.example")};
}

static enr_contact_t profile(void)
{
    enr_contact_t contact = person();
    contact.linkedin_url = of("https://www.linkedin.com/in/teodor-lindqvist-example");
    return contact;
}

static void expect(const enr_contact_t *contact, const enr_options_t *options, enr_call_t call, const char *field,
                   const char *rule)
{
    enr_refusal_t refusal = {"untouched", "untouched"};
    enr_status_t status = enr_contact_check(contact, options, call, &refusal);
    if (field == NULL) {
        if (status != ENR_OK) {
            fail_msg("refused: %s %s", refusal.field, refusal.rule);
        }
        assert_null(refusal.field);
        assert_null(refusal.rule);
        return;
    }
    assert_int_equal(status, ENR_E_CONTACT);
    assert_string_equal(refusal.field, field);
    assert_string_equal(refusal.rule, rule);
}

static void expect_email(const enr_contact_t *contact, const char *field, const char *rule)
{
    expect(contact, &(enr_options_t){.types = ENR_TYPE_EMAIL}, ENR_CALL_ASYNC, field, rule);
}

static void expect_options(const enr_options_t *options, const char *field, const char *rule)
{
    enr_contact_t contact = profile();
    expect(&contact, options, ENR_CALL_ASYNC, field, rule);
}

static void type_names(void **state)
{
    (void)state;
    const char *words[] = {"email", "phone", "personal_email"};
    for (unsigned i = 0; i < 3; i++) {
        enr_type_t type = 0;
        assert_true(enr_span_equal(enr_type_name((enr_type_t)(1u << i)), enr_span_from_str(words[i])));
        assert_int_equal(enr_type_parse(of(words[i]), &type), ENR_OK);
        assert_int_equal(type, 1u << i);
    }
    const char *wrong[] = {"", "Email", "email ", "emai", "emails", "personal-email"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        enr_type_t type = 0;
        assert_int_equal(enr_type_parse(of(wrong[i]), &type), ENR_E_SYNTAX);
    }
}

static void names(void **state)
{
    (void)state;
    enr_contact_t contact = person();
    expect_email(&contact, NULL, NULL);
    contact.firstname = of("");
    expect_email(&contact, "firstname", "is empty");
    contact.firstname = of(" \t ");
    expect_email(&contact, "firstname", "is empty");
    contact.firstname = of("Te\nodor");
    expect_email(&contact, "firstname", "holds a control character");
    contact.firstname = of("\x1FTeodor");
    expect_email(&contact, "firstname", "holds a control character");
    contact.firstname = of("Teodor\x7F");
    expect_email(&contact, "firstname", "holds a control character");
    contact.firstname = of("Teodor\xC2\x9F");
    expect_email(&contact, "firstname", "holds a control character");
    contact.firstname = of("Ín\xC2\xA0\xE2\x80\x93s"); /* U+00A0 is no control; nor is 80 or 93 as a later byte */
    expect_email(&contact, NULL, NULL);
    contact.firstname = of("In\xE8s");
    expect_email(&contact, "firstname", "is not valid UTF-8");
    contact.firstname = repeat('a', ENR_NAME_MAX);
    expect_email(&contact, NULL, NULL);
    contact.firstname = repeat('a', ENR_NAME_MAX + 1);
    expect_email(&contact, "firstname", "is longer than 128 bytes");
    contact = person();
    contact.lastname = of("");
    expect_email(&contact, "lastname", "is empty");
    contact.lastname = exact("a\0b", 3);
    expect_email(&contact, "lastname", "holds a control character");
}

static void domain_forms(void **state)
{
    (void)state;
    const char *good[] = {"acme.example",
                          "ACME.Example",
                          "a.b",
                          "mail.acme.co.example",
                          "xn--rksmrgs-5wao1o.example",
                          "räksmörgås.example",
                          "À.example",
                          "az.AZ.zz",
                          "日本.example",
                          "3com.example",
                          "a-b.c-d",
                          "1.2.3.example"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!enr_domain_valid(of(good[i]))) {
            fail_msg("refused: %s", good[i]);
        }
    }
    const char *bad[] = {"",
                         ".",
                         "acme",
                         ".acme.example",
                         "acme.example.",
                         "acme..example",
                         "https://acme.example",
                         "acme.example/",
                         "acme.example:443",
                         "t@acme.example",
                         "acme .example",
                         "-acme.example",
                         "acme-.example",
                         "acme_x.example",
                         "127.0.0.1",
                         "127.1",
                         "1.0x7f",
                         "[::1]",
                         "acme.ex\xE4mple",
                         "acme\xC2\x85.example",
                         "acme\n.example",
                         "acme*.example"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (enr_domain_valid(of(bad[i]))) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
}

static void domain_limits(void **state)
{
    (void)state;
    char text[300];
    memset(text, 'a', sizeof text);
    text[63] = '.';
    assert_true(enr_domain_valid(exact(text, 70)));
    assert_false(enr_domain_valid(exact(text + 1, 62 + 1 + 64)));
    memset(text, 'a', sizeof text);
    text[64] = '.';
    assert_false(enr_domain_valid(exact(text, 70)));
    for (size_t i = 50; i < sizeof text; i += 50) {
        text[i] = '.';
        text[64] = 'a';
    }
    assert_true(enr_domain_valid(exact(text, ENR_HOST_MAX)));
    assert_false(enr_domain_valid(exact(text, ENR_HOST_MAX + 1)));
    enr_contact_t contact = person();
    contact.domain = exact(text, ENR_HOST_MAX + 1);
    expect_email(&contact, "domain", "is longer than 253 bytes");
}

/* api-contract 3, 7, 8: the company is needed for email on async and bulk, not on sync. */
static void company(void **state)
{
    (void)state;
    enr_contact_t contact = person();
    const enr_options_t email = {.types = ENR_TYPE_EMAIL};
    contact.domain = of("");
    expect(&contact, &email, ENR_CALL_ASYNC, "domain", "or company_name is needed for email");
    expect(&contact, &email, ENR_CALL_BULK, "domain", "or company_name is needed for email");
    expect(&contact, &email, ENR_CALL_SYNC, NULL, NULL);
    contact.company_name = of("Acme, Inc.");
    expect(&contact, &email, ENR_CALL_ASYNC, NULL, NULL);
    expect(&contact, &email, ENR_CALL_BULK, NULL, NULL);
    contact.company_name = of("  ");
    expect(&contact, &email, ENR_CALL_ASYNC, "domain", "or company_name is needed for email");
    contact.domain = of("acme.example");
    expect(&contact, &email, ENR_CALL_ASYNC, "company_name", "is empty");
    contact.company_name = repeat('c', ENR_NAME_MAX + 1);
    expect(&contact, &email, ENR_CALL_ASYNC, "company_name", "is longer than 128 bytes");
    contact.company_name = of("");
    contact.domain = of("https://acme.example");
    expect(&contact, &email, ENR_CALL_ASYNC, "domain", "is not a bare domain such as acme.example");
    contact.domain = of("acme.\tfoo");
    expect(&contact, &email, ENR_CALL_SYNC, "domain", "holds a control character");
}

static void linkedin(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *rule;
    } cases[] = {
        {"https://www.linkedin.com/in/teodor", NULL},
        {"https://linkedin.com/in/teodor/", NULL},
        {"https://fr.linkedin.com/in/teodor?x=1#y", NULL},
        {"https://FR.LinkedIn.COM/in/teodor", NULL},
        {"https://www.linkedin.com/in/in%C3%A8s", NULL},
        {"http://www.linkedin.com/in/teodor", "is not an absolute https URL"},
        {"www.linkedin.com/in/teodor", "is not an absolute https URL"},
        {"https://a@www.linkedin.com/in/teodor", "is not an absolute https URL"},
        {"https://www.linkedin.com/in/teo dor", "is not an absolute https URL"},
        {"https://www.linkedin.com/in/teo\r\ndor", "holds a control character"},
        {"https://notlinkedin.com/in/teodor", "is not on linkedin.com"},
        {"https://linkedin.com.acme.example/in/teodor", "is not on linkedin.com"},
        {"https://acme.example/in/teodor", "is not on linkedin.com"},
        {"https://www.linkedin.com/company/acme", "is not a person's profile, https://www.linkedin.com/in/NAME"},
        {"https://www.linkedin.com/in/", "is not a person's profile, https://www.linkedin.com/in/NAME"},
        {"https://www.linkedin.com/in//", "is not a person's profile, https://www.linkedin.com/in/NAME"},
        {"https://www.linkedin.com/in?x=/in/a", "is not a person's profile, https://www.linkedin.com/in/NAME"},
        {"https://www.linkedin.com", "is not a person's profile, https://www.linkedin.com/in/NAME"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enr_contact_t contact = person();
        contact.linkedin_url = of(cases[i].url);
        const enr_options_t phone = {.types = ENR_TYPE_PHONE};
        enr_refusal_t refusal;
        enr_status_t status = enr_contact_check(&contact, &phone, ENR_CALL_ASYNC, &refusal);
        assert_string_equal(status == ENR_OK ? "" : refusal.rule, cases[i].rule == NULL ? "" : cases[i].rule);
        release(NULL);
    }
    enr_contact_t contact = person();
    expect(&contact, &(enr_options_t){.types = ENR_TYPE_PHONE}, ENR_CALL_ASYNC, "linkedin_url", "is needed for phone");
    expect(&contact, &(enr_options_t){.types = ENR_TYPE_PERSONAL_EMAIL}, ENR_CALL_SYNC, "linkedin_url",
           "is needed for personal_email");
    contact.domain = of(""); /* phone does not need the company */
    contact.linkedin_url = of("https://www.linkedin.com/in/teodor");
    expect(&contact, &(enr_options_t){.types = ENR_TYPE_PHONE}, ENR_CALL_BULK, NULL, NULL);
}

static void url_limit(void **state)
{
    (void)state;
    char url[ENR_URL_MAX + 2];
    memset(url, 'a', sizeof url);
    memcpy(url, "https://www.linkedin.com/in/", 28);
    enr_contact_t contact = person();
    contact.linkedin_url = exact(url, ENR_URL_MAX);
    expect_email(&contact, NULL, NULL);
    contact.linkedin_url = exact(url, ENR_URL_MAX + 1);
    expect_email(&contact, "linkedin_url", "is longer than 512 bytes");
}

/* api-contract 3, 8, 10.4 and behaviours 37. */
static void types(void **state)
{
    (void)state;
    enr_contact_t contact = profile();
    const char *one_async = "must be exactly one type in an asynchronous request, unless several are allowed expressly";
    enr_options_t options = {.types = 0};
    expect(&contact, &options, ENR_CALL_ASYNC, "enrichment_type", "is empty: name email, phone or personal_email");
    expect(&contact, &options, ENR_CALL_SYNC, "enrichment_type", "is empty: name email, phone or personal_email");
    options.types = 8;
    expect(&contact, &options, ENR_CALL_SYNC, "enrichment_type", "holds an unknown type");
    options.types = ENR_TYPE_EMAIL | ENR_TYPE_PHONE;
    expect(&contact, &options, ENR_CALL_ASYNC, "enrichment_type", one_async);
    expect(&contact, &options, ENR_CALL_BULK, "enrichment_type", "must be exactly one type for a batch");
    expect(&contact, &options, ENR_CALL_SYNC, NULL, NULL);
    options.types = ENR_TYPES_ALL;
    expect(&contact, &options, ENR_CALL_ASYNC, "enrichment_type", one_async);
    expect(&contact, &options, ENR_CALL_SYNC, NULL, NULL);
    options.allow_multi = true;
    expect(&contact, &options, ENR_CALL_ASYNC, NULL, NULL);
    expect(&contact, &options, ENR_CALL_BULK, "enrichment_type", "must be exactly one type for a batch");
}

static void webhook(void **state)
{
    (void)state;
    enr_options_t options = {.types = ENR_TYPE_EMAIL, .webhook_url = of("https://hooks.acme.example/pronto?x=1")};
    expect_options(&options, NULL, NULL);
    const char *bad[] = {"http://hooks.acme.example/", "hooks.acme.example", "/pronto", "https://", "https://a b/"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        options.webhook_url = of(bad[i]);
        expect_options(&options, "webhook_url", "is not an absolute https URL");
    }
    options.webhook_url = of("https://hooks.acme.example/\r\nX: y"); /* behaviours 11 */
    expect_options(&options, "webhook_url", "holds a control character");
    options.webhook_url = repeat('h', ENR_URL_MAX + 1);
    expect_options(&options, "webhook_url", "is longer than 512 bytes");
}

static void countries(void **state)
{
    (void)state;
    enr_span_t list[ENR_COUNTRIES_MAX + 1];
    enr_options_t options = {.types = ENR_TYPE_PHONE, .countries = list, .country_count = 3};
    list[0] = of("FR");
    list[1] = of("BE");
    list[2] = of("GB");
    expect_options(&options, NULL, NULL);
    list[2] = of("UK");
    expect_options(&options, "phone_country_codes", "holds UK: the code is GB");
    list[2] = of("FR");
    expect_options(&options, "phone_country_codes", "holds a country twice");
    const char *bad[] = {"", "F", "FRA", "fr", "F1", "Fr"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        list[2] = of(bad[i]);
        expect_options(&options, "phone_country_codes", "holds a code that is not two upper-case letters");
    }
    for (size_t i = 0; i <= ENR_COUNTRIES_MAX; i++) {
        char code[] = {'A', (char)('A' + i)};
        list[i] = exact(code, 2);
    }
    options.country_count = ENR_COUNTRIES_MAX;
    expect_options(&options, NULL, NULL);
    options.country_count = ENR_COUNTRIES_MAX + 1;
    expect_options(&options, "phone_country_codes", "holds more than 16 countries");
}

static void custom(void **state)
{
    (void)state;
    enr_custom_t pairs[ENR_CUSTOM_MAX + 1];
    enr_options_t options = {.types = ENR_TYPE_EMAIL, .custom = pairs, .custom_count = 2};
    pairs[0] = (enr_custom_t){of("crm_id"), of("C-20817")};
    pairs[1] = (enr_custom_t){of("row"), of("")};
    expect_options(&options, NULL, NULL);
    pairs[1].key = of("");
    expect_options(&options, "custom", "holds an empty key");
    pairs[1].key = of("crm_id");
    expect_options(&options, "custom", "holds a key twice");
    pairs[1].key = of(ENR_TOKEN_KEY);
    expect_options(&options, "custom", "holds the key enr_token, which is reserved");
    pairs[1].key = of("Crm_id"); /* JSON keys are compared exactly */
    expect_options(&options, NULL, NULL);
    pairs[1].key = repeat('k', ENR_CUSTOM_TEXT_MAX);
    pairs[1].value = repeat('v', ENR_CUSTOM_TEXT_MAX);
    expect_options(&options, NULL, NULL);
    pairs[1].value = repeat('v', ENR_CUSTOM_TEXT_MAX + 1);
    expect_options(&options, "custom", "holds a value longer than 128 bytes");
    pairs[1].key = repeat('k', ENR_CUSTOM_TEXT_MAX + 1);
    expect_options(&options, "custom", "holds a key longer than 128 bytes");
    pairs[1] = (enr_custom_t){of("row"), of("\xFF")};
    expect_options(&options, "custom", "is not valid UTF-8");
    release(NULL);
    for (size_t i = 0; i <= ENR_CUSTOM_MAX; i++) {
        char key[] = {'k', (char)('0' + i)};
        pairs[i] = (enr_custom_t){exact(key, 2), of("v")};
    }
    options.custom_count = ENR_CUSTOM_MAX;
    expect_options(&options, NULL, NULL);
    options.custom_count = ENR_CUSTOM_MAX + 1;
    expect_options(&options, "custom", "holds more than 8 pairs");
}

static void token(void **state)
{
    (void)state;
    enr_options_t options = {.types = ENR_TYPE_EMAIL, .token = of("0123456789abcdef0123456789abcdef")};
    expect_options(&options, NULL, NULL);
    const char *bad[] = {"0", "A123456789abcdef0123456789abcdef", "0123456789ABCDEF0123456789abcdef",
                         "0123456789abcdef0123456789abcdeg", "0123456789abcdef0123456789abcdef0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        options.token = of(bad[i]);
        expect_options(&options, "token", "is not 32 lower-case hexadecimal digits");
    }
}

/* The first fault in the order of declaration is the one reported: each step mends one field. */
static void order(void **state)
{
    (void)state;
    enr_span_t country = of("fr");
    enr_custom_t pair = {of(""), of("")};
    enr_contact_t contact = {.domain = of("x"), .company_name = of("\t"), .linkedin_url = of("x")};
    enr_options_t options = {.webhook_url = of("x"),
                             .countries = &country,
                             .country_count = 1,
                             .custom = &pair,
                             .custom_count = 1,
                             .token = of("x")};
    expect(&contact, &options, ENR_CALL_ASYNC, "firstname", "is empty");
    contact.firstname = of("Teodor");
    expect(&contact, &options, ENR_CALL_ASYNC, "lastname", "is empty");
    contact.lastname = of("Lindqvist");
    expect(&contact, &options, ENR_CALL_ASYNC, "domain", "is not a bare domain such as acme.example");
    contact.domain = of("acme.example");
    expect(&contact, &options, ENR_CALL_ASYNC, "company_name", "is empty");
    contact.company_name = of("Acme");
    expect(&contact, &options, ENR_CALL_ASYNC, "linkedin_url", "is not an absolute https URL");
    contact.linkedin_url = of("");
    expect(&contact, &options, ENR_CALL_ASYNC, "enrichment_type", "is empty: name email, phone or personal_email");
    options.types = ENR_TYPE_EMAIL;
    expect(&contact, &options, ENR_CALL_ASYNC, "webhook_url", "is not an absolute https URL");
    options.webhook_url = of("");
    expect(&contact, &options, ENR_CALL_ASYNC, "phone_country_codes",
           "holds a code that is not two upper-case letters");
    options.country_count = 0;
    expect(&contact, &options, ENR_CALL_ASYNC, "custom", "holds an empty key");
    options.custom_count = 0;
    expect(&contact, &options, ENR_CALL_ASYNC, "token", "is not 32 lower-case hexadecimal digits");
    options.token = of("");
    expect(&contact, &options, ENR_CALL_ASYNC, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(type_names, release),   cmocka_unit_test_teardown(names, release),
        cmocka_unit_test_teardown(domain_forms, release), cmocka_unit_test_teardown(domain_limits, release),
        cmocka_unit_test_teardown(company, release),      cmocka_unit_test_teardown(linkedin, release),
        cmocka_unit_test_teardown(url_limit, release),    cmocka_unit_test_teardown(types, release),
        cmocka_unit_test_teardown(webhook, release),      cmocka_unit_test_teardown(countries, release),
        cmocka_unit_test_teardown(custom, release),       cmocka_unit_test_teardown(token, release),
        cmocka_unit_test_teardown(order, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
