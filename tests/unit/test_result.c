/* One enrichment out of a JSON text: the variants of api-contract 4, 6, 8 and 10. Each row is a text and all that must
   be read from it, as words. */
#include "enrich/result.h"

#include "enrich/contact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enr_json_reader_t reader;
static enr_result_t result;
static uint8_t *text; /* exactly as large as the JSON text, so that the sanitizer sees an over-read */

static enr_status_t read_text(const char *json)
{
    size_t len = strlen(json);
    free(text);
    text = malloc(len);
    assert_non_null(text);
    memcpy(text, json, len);
    assert_int_equal(enr_json_parse(&reader, (enr_span_t){text, len}), ENR_OK);
    memset(&result, 0xA5, sizeof result); /* nothing may be left unset */
    return enr_result_read(&reader, &result);
}

static int release(void **state)
{
    (void)state;
    free(text);
    text = NULL;
    return 0;
}

static void add(char *out, size_t size, const char *name, enr_span_t value)
{
    size_t len = strlen(out);
    if (value.len > 0) {
        (void)snprintf(out + len, size - len, " %s=%.*s", name, (int)value.len, (const char *)value.ptr);
    }
}

/* Everything in the result but the identifier, which is "i1" in all rows. */
static const char *words(void)
{
    static char out[2048];
    static const char *const progress[] = {"unknown", "pending", "finished"};
    (void)snprintf(out, sizeof out, "%s", progress[result.progress]);
    add(out, sizeof out, "word", result.status_word);
    add(out, sizeof out, "first", result.firstname);
    add(out, sizeof out, "last", result.lastname);
    add(out, sizeof out, "linkedin", result.linkedin_url);
    add(out, sizeof out, "email", result.email);
    add(out, sizeof out, "email_status", result.email_status);
    add(out, sizeof out, "personal", result.personal_email);
    add(out, sizeof out, "personal_status", result.personal_email_status);
    for (size_t i = 0; i < result.phone_count; i++) {
        add(out, sizeof out, result.phones[i].e164 ? "phone" : "odd", result.phones[i].number);
        add(out, sizeof out, "type", result.phones[i].type);
    }
    if (result.phones_total != result.phone_count) {
        size_t len = strlen(out);
        (void)snprintf(out + len, sizeof out - len, " total=%zu", result.phones_total);
    }
    add(out, sizeof out, "phone_status", result.phone_status);
    add(out, sizeof out, "message", result.message);
    add(out, sizeof out, "token", result.token);
    add(out, sizeof out, "custom", result.custom);
    return out;
}

typedef struct {
    const char *json;
    const char *words;
} row_t;

static void check_rows(const row_t *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (read_text(rows[i].json) != ENR_OK) {
            fail_msg("refused: %s", rows[i].json);
        }
        assert_true(enr_span_equal(result.id, ENR_SPAN("i1")));
        assert_string_equal(words(), rows[i].words);
    }
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0])

/* The examples of api-contract 3, 4, 6 and 8. */
static void documented(void **state)
{
    (void)state;
    static const row_t rows[] = {
        {"{\"enrichment_id\":\"i1\",\"first_name\":\"Inès\",\"last_name\":\"Okonkwo-Varga\",\"status\":\"pending\","
         "\"custom\":{\"crm_id\":\"C-20817\"}}",
         "pending word=pending first=Inès last=Okonkwo-Varga custom={\"crm_id\":\"C-20817\"}"},
        {"{\"enrichment_id\":\"i1\",\"first_name\":\"Inès\",\"last_name\":\"Okonkwo-Varga\",\"status\":\"finished\","
         "\"phone\":[\"+33639980123\",\"+33639980124\"],\"custom\":{\"crm_id\":\"C-20817\"}}",
         "finished word=finished first=Inès last=Okonkwo-Varga phone=+33639980123 phone=+33639980124 "
         "custom={\"crm_id\":\"C-20817\"}"},
        {"{\"enrichment_id\":\"i1\",\"first_name\":\"Maëlle\",\"last_name\":\"Abubakar\",\"status\":\"finished\","
         "\"email\":\"m.abubakar@borealis.example\",\"email_status\":\"catch-all\",\"phone\":[],\"custom\":{\"row\":2}"
         "}",
         "finished word=finished first=Maëlle last=Abubakar email=m.abubakar@borealis.example email_status=catch-all "
         "custom={\"row\":2}"},
        {"{\"enrichment_id\":\"i1\",\"first_name\":\"Teodor\",\"last_name\":\"Lindqvist\",\"linkedin_profile_url\":"
         "\"https://www.linkedin.com/in/teodor-lindqvist-example/\",\"status\":\"success\","
         "\"email\":\"teodor.lindqvist@acme.example\",\"email_status\":\"deliverable\",\"personal_email\":"
         "\"teo@home.example\",\"personal_email_status\":\"valid\",\"phones\":[\"+46701740605\"],\"phone_status\":"
         "\"valid\","
         "\"custom\":{\"row\":1}}",
         "finished word=success first=Teodor last=Lindqvist "
         "linkedin=https://www.linkedin.com/in/teodor-lindqvist-example/ email=teodor.lindqvist@acme.example "
         "email_status=deliverable personal=teo@home.example personal_status=valid phone=+46701740605 "
         "phone_status=valid custom={\"row\":1}"},
        {"{\"enrichment_id\":\"i1\"}", "unknown"},
        {"{\"enrichment_id\":\"i1\",\"status\":\"finished\",\"email\":\"\",\"message\":\"No data found\"}",
         "finished word=finished message=No data found"},
    };
    CHECK_ROWS(rows);
}

/* api-contract 10.5 */
static void status_words(void **state)
{
    (void)state;
    static const row_t rows[] = {
        {"{\"id\":\"i1\",\"status\":\"FINISHED\"}", "finished word=FINISHED"},
        {"{\"id\":\"i1\",\"status\":\"Success\"}", "finished word=Success"},
        {"{\"id\":\"i1\",\"status\":\"Pending\"}", "pending word=Pending"},
        {"{\"id\":\"i1\",\"status\":\"queued\"}", "pending word=queued"},
        {"{\"id\":\"i1\",\"status\":\"PROCESSING\"}", "pending word=PROCESSING"},
        {"{\"id\":\"i1\",\"status\":\"RATE_LIMITED\"}", "unknown word=RATE_LIMITED"},
        {"{\"id\":\"i1\",\"status\":\"finished \"}", "unknown word=finished "},
        {"{\"id\":\"i1\",\"status\":\"fin\\u0069shed\"}", "finished word=finished"},
        {"{\"id\":\"i1\",\"status\":\"N/A\"}", "unknown word=N/A"},
        {"{\"id\":\"i1\",\"status\":null}", "unknown"},
        {"{\"id\":\"i1\",\"status\":1}", "unknown"},
        {"{\"id\":\"i1\",\"status\":[\"finished\"]}", "unknown"},
        {"{\"id\":\"i1\",\"status\":\"pending\",\"status\":\"finished\"}", "pending word=pending"}, /* behaviours 13 */
    };
    CHECK_ROWS(rows);
}

/* api-contract 13: missing, null, "", "N/A"; behaviours 13: unknown members are skipped. */
static void no_value(void **state)
{
    (void)state;
    static const row_t rows[] = {
        {"{\"id\":\"i1\",\"email\":null,\"email_status\":\"N/A\",\"personal_email\":\"N/A\",\"phone\":null}",
         "unknown"},
        {"{\"id\":\"i1\",\"email\":\"n/a\",\"personal_email\":\"\",\"phones\":\"\",\"phone_status\":\"N/A\"}",
         "unknown"},
        {"{\"id\":\"i1\",\"email\":\"N\\/A\"}", "unknown"},
        {"{\"id\":\"i1\",\"email\":{\"value\":\"a@b.example\"},\"first_name\":7,\"last_name\":true,\"message\":[]}",
         "unknown"},
        {"{\"id\":\"i1\",\"custom\":null,\"phone\":[null,\"\",\"N/A\",true,{},[],{\"number\":null}]}", "unknown"},
        {"{\"id\":\"i1\",\"score\":0.5e3,\"nested\":{\"email\":\"x@y.example\",\"status\":\"finished\"}}", "unknown"},
        {"{\"id\":\"i1\",\"firstname\":\"Teodor\",\"Email\":\"x@y.example\"}", "unknown"},
    };
    CHECK_ROWS(rows);
}

/* api-contract 10.3 and 13: never drop a paid number. */
static void phones(void **state)
{
    (void)state;
    static const row_t rows[] = {
        {"{\"id\":\"i1\",\"phone\":\"+33639980123\"}", "unknown phone=+33639980123"},
        {"{\"id\":\"i1\",\"phones\":\"+33639980123\"}", "unknown phone=+33639980123"},
        {"{\"id\":\"i1\",\"phone\":[{\"number\":\"+33639980123\",\"type\":\"mobile\"},{\"number\":\"+33139980124\"}]}",
         "unknown phone=+33639980123 type=mobile phone=+33139980124"},
        {"{\"id\":\"i1\",\"phones\":{\"number\":\"+33639980123\",\"type\":null}}", "unknown phone=+33639980123"},
        {"{\"id\":\"i1\",\"phone\":[\"06 39 98 01 23\",\"+3363998\",\"+336399\",\"+123456789012345\","
         "\"+1234567890123456\",\"+0336399801\",\"33639980123\",\"+33639980x23\"]}",
         "unknown odd=06 39 98 01 23 phone=+3363998 odd=+336399 phone=+123456789012345 odd=+1234567890123456 "
         "odd=+0336399801 odd=33639980123 odd=+33639980x23"},
        {"{\"id\":\"i1\",\"phone\":[33639980123,{\"value\":\"+33639980124\"},[\"+33639980125\"]]}",
         "unknown odd=33639980123 odd={\"value\":\"+33639980124\"} odd=[\"+33639980125\"]"},
        {"{\"id\":\"i1\",\"phone\":{\"number\":33639980123,\"type\":\"mobile\"}}",
         "unknown odd=33639980123 type=mobile"},
        {"{\"id\":\"i1\",\"phone\":[],\"phones\":[\"+33639980123\"]}", "unknown phone=+33639980123"},
        {"{\"id\":\"i1\",\"phones\":[\"+33639980123\",\"+33639980124\"],\"phone\":[\"\\u002b33639980124\"]}",
         "unknown phone=+33639980124 phone=+33639980123"},
        {"{\"id\":\"i1\",\"phone\":[\"+33639980101\",\"+33639980102\",\"+33639980103\",\"+33639980104\",\"+"
         "33639980105\","
         "\"+33639980106\",\"+33639980107\",\"+33639980108\",null,\"+33639980109\",\"+33639980110\"]}",
         "unknown phone=+33639980101 phone=+33639980102 phone=+33639980103 phone=+33639980104 phone=+33639980105 "
         "phone=+33639980106 phone=+33639980107 phone=+33639980108 total=10"},
    };
    CHECK_ROWS(rows);
}

/* DESIGN 6: the token in `custom`; absent, equal and different must not be confused. */
static void custom(void **state)
{
    (void)state;
    static const row_t rows[] = {
        {"{\"id\":\"i1\",\"custom\":{\"a\":1,\"" ENR_TOKEN_KEY "\":\"0f\"}}",
         "unknown token=0f custom={\"a\":1,\"enr_token\":\"0f\"}"},
        {"{\"id\":\"i1\",\"custom\":{\"enr_token\":null}}", "unknown custom={\"enr_token\":null}"},
        {"{\"id\":\"i1\",\"custom\":{\"enr_token\":15}}", "unknown token=15 custom={\"enr_token\":15}"},
        {"{\"id\":\"i1\",\"custom\":{\"enr_token\":\"\"}}", "unknown token=\"\" custom={\"enr_token\":\"\"}"},
        {"{\"id\":\"i1\",\"custom\":{\"enr_token\":{}}}", "unknown token={} custom={\"enr_token\":{}}"},
        {"{\"id\":\"i1\",\"custom\":{\"enr_\\u0074oken\":\"N/A\"}}",
         "unknown token=N/A custom={\"enr_\\u0074oken\":\"N/A\"}"},
        {"{\"id\":\"i1\",\"custom\":{\"x\":{\"enr_token\":\"0f\"}}}", "unknown custom={\"x\":{\"enr_token\":\"0f\"}}"},
        {"{\"id\":\"i1\",\"custom\":[1]}", "unknown custom=[1]"},
        {"{\"id\":\"i1\",\"custom\":\"enr_token\"}", "unknown custom=\"enr_token\""},
        {"{\"id\":\"i1\",\"enr_token\":\"0f\"}", "unknown"},
    };
    CHECK_ROWS(rows);
}

/* api-contract 10.8 */
static void identifier(void **state)
{
    (void)state;
    static const row_t rows[] = {
        {"{\"id\":\"x\",\"enrichment_id\":\"i1\",\"contact\":{\"id\":\"y\"}}", "unknown"},
        {"{\"contact\":{\"id\":\"y\"},\"id\":\"i1\"}", "unknown"},
        {"{\"contact\":{\"id\":\"i1\"}}", "unknown"},
        {"{\"enrichment_id\":null,\"id\":\"\",\"contact\":{\"id\":\"i1\"}}", "unknown"},
        {"{\"enrichment_id\":\"\\u0069\\u0031\"}", "unknown"},
        {"{\"enrichment_id\":\"i1\",\"id\":7}", "unknown"},
    };
    CHECK_ROWS(rows);
    static const char *const refused[] = {
        "{}",
        "[]",
        "null",
        "\"i1\"",
        "[{\"enrichment_id\":\"i1\"}]",
        "{\"enrichment_id\":\"\"}",
        "{\"enrichment_id\":7}",
        "{\"enrichment_id\":7,\"id\":\"i1\"}",
        "{\"enrichment_id\":[\"i1\"]}",
        "{\"enrichment_id\":\"a b\"}",
        "{\"enrichment_id\":\"/a\"}",
        "{\"enrichment_id\":\"a/b\",\"id\":\"i1\"}",
        "{\"enrichment_id\":\"..\"}",
        "{\"enrichment_id\":\"i\\r\\n1\"}",
        "{\"contact\":\"i1\"}",
        "{\"contact\":{\"enrichment_id\":\"i1\"}}",
        "{\"result\":{\"enrichment_id\":\"i1\"}}",
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (read_text(refused[i]) != ENR_E_UNEXPECTED) {
            fail_msg("accepted: %s", refused[i]);
        }
    }
}

/* DESIGN 13 on behaviours 11: 1 to 64 unreserved characters. */
static void identifier_form(void **state)
{
    (void)state;
    char longest[ENR_ID_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[ENR_ID_MAX + 1] = '\0';
    assert_false(enr_id_valid(enr_span_from_str(longest)));
    longest[ENR_ID_MAX] = '\0';
    assert_true(enr_id_valid(enr_span_from_str(longest)));
    assert_false(enr_id_valid(ENR_SPAN("")));
    for (unsigned byte = 0; byte < 256; byte++) {
        const uint8_t id[] = {'a', (uint8_t)byte};
        bool unreserved = byte != 0 && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~",
                                              (int)byte) != NULL; /* RFC 3986 2.3 */
        assert_int_equal(enr_id_valid((enr_span_t){id, 2}), unreserved);
    }
    assert_false(enr_id_valid(ENR_SPAN(".")));
    assert_false(enr_id_valid(ENR_SPAN("..")));
    assert_true(enr_id_valid(ENR_SPAN("...")));
}

/* Texts without escapes are views and need no room; texts with escapes fill `text` exactly and then no more. */
static void text_room(void **state)
{
    (void)state;
    static char json[2 * ENR_RESULT_TEXT_MAX + 200];
    for (size_t len = ENR_RESULT_TEXT_MAX - 2; len <= ENR_RESULT_TEXT_MAX + 1; len++) {
        int at = snprintf(json, sizeof json, "{\"id\":\"i1\",\"email\":\"\\u0061");
        memset(json + at, 'b', len - 1);
        (void)snprintf(json + (size_t)at + len - 1, 3, "\"}");
        enr_status_t status = read_text(json);
        assert_int_equal(status, len <= ENR_RESULT_TEXT_MAX ? ENR_OK : ENR_E_LIMIT);
        if (status == ENR_OK) {
            assert_int_equal(result.email.len, len);
            assert_int_equal(result.email.ptr[0], 'a');
        }
    }
    int at = snprintf(json, sizeof json, "{\"id\":\"i1\",\"email\":\"");
    memset(json + at, 'b', ENR_RESULT_TEXT_MAX + 100);
    (void)snprintf(json + at + ENR_RESULT_TEXT_MAX + 100, 3, "\"}");
    assert_int_equal(read_text(json), ENR_OK);
    assert_int_equal(result.email.len, ENR_RESULT_TEXT_MAX + 100);
    assert_true(result.email.ptr > text && result.email.ptr < text + strlen(json));
}

/* A number that is listed twice takes no room the second time. */
static void repeated_phones_take_no_room(void **state)
{
    (void)state;
    static char json[4000];
    int at = snprintf(json, sizeof json, "{\"id\":\"i1\",\"phone\":[\"\\u002b33639980123\"");
    for (size_t i = 0; i < 60; i++) {
        at += snprintf(json + at, sizeof json - (size_t)at, ",\"\\u002b33639980123\"");
    }
    (void)snprintf(json + at, sizeof json - (size_t)at, "]}");
    assert_int_equal(read_text(json), ENR_OK);
    assert_string_equal(words(), "unknown phone=+33639980123");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(documented, release),
        cmocka_unit_test_teardown(status_words, release),
        cmocka_unit_test_teardown(no_value, release),
        cmocka_unit_test_teardown(phones, release),
        cmocka_unit_test_teardown(custom, release),
        cmocka_unit_test_teardown(identifier, release),
        cmocka_unit_test_teardown(identifier_form, release),
        cmocka_unit_test_teardown(text_room, release),
        cmocka_unit_test_teardown(repeated_phones_take_no_room, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
