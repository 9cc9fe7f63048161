/* status: values that scripts and journals hold, and the words for them. */
#include "enrich/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Written out on purpose: a value, once released, keeps its meaning. */
static const struct {
    int value;
    const char *name;
} released[] = {
    {0, "OK"},
    {1, "AGAIN"},
    {2, "READY"},
    {3, "END"},
    {-1, "E_LIMIT"},
    {-2, "E_UTF8"},
    {-3, "E_CONTACT"},
    {-4, "E_SETTING"},
    {-5, "E_URL"},
    {-6, "E_SYNTAX"},
    {-7, "E_FLASH"},
    {-8, "E_KEY"},
    {-9, "E_FULL"},
    {-10, "E_VERSION"},
    {-11, "E_SEAL"},
    {-12, "E_BUSY"},
    {-20, "E_DNS"},
    {-21, "E_REFUSED"},
    {-22, "E_UNREACHABLE"},
    {-23, "E_RESET"},
    {-24, "E_CLOSED"},
    {-25, "E_TRUNCATED"},
    {-26, "E_PORTAL"},
    {-27, "E_NETWORK"},
    {-30, "E_TIMEOUT_DNS"},
    {-31, "E_TIMEOUT_CONNECT"},
    {-32, "E_TIMEOUT_HANDSHAKE"},
    {-33, "E_TIMEOUT_SEND"},
    {-34, "E_TIMEOUT_ANSWER"},
    {-35, "E_TIMEOUT_BODY"},
    {-36, "E_TIMEOUT_TOTAL"},
    {-40, "E_TLS_ALERT"},
    {-41, "E_TLS_PROTOCOL"},
    {-42, "E_TLS_RECORD"},
    {-43, "E_TLS_MEMORY"},
    {-44, "E_TLS_TRUNCATED"},
    {-45, "E_CERT_TRUST"},
    {-46, "E_CERT_NAME"},
    {-47, "E_CERT_EXPIRED"},
    {-48, "E_CERT_NOT_YET_VALID"},
    {-49, "E_CERT_USAGE"},
    {-50, "E_CERT_WEAK"},
    {-51, "E_NO_TIME"},
    {-52, "E_ENTROPY"},
    {-53, "E_CERT_PIN"},
    {-60, "E_HTTP"},
    {-61, "E_HTTP_LIMIT"},
    {-62, "E_CONTENT_CODING"},
    {-63, "E_NOT_JSON"},
    {-64, "E_JSON_LIMIT"},
    {-65, "E_UNEXPECTED"},
    {-80, "E_IDENTITY"},
    {-81, "E_WRONG_SERVICE"},
    {-82, "E_UNAUTHORIZED"},
    {-83, "E_CREDITS"},
    {-84, "E_CONSENT"},
    {-85, "E_PLAN"},
    {-86, "E_VALIDATION"},
    {-87, "E_RATE_LIMITED"},
    {-88, "E_NOT_FOUND"},
    {-89, "E_SERVER"},
};

static const int all[] = {
#define VALUE(name, value, meaning) (value),
    ENR_STATUS_LIST(VALUE)
#undef VALUE
};

static void test_released_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(released); i++) {
        assert_string_equal(enr_status_name((enr_status_t)released[i].value), released[i].name);
    }
    assert_int_equal(COUNT(all), COUNT(released)); /* a new status belongs into the table above */
}

/* DESIGN 5: success is 0, errors are negative; the name says which. */
static void test_sign(void **state)
{
    (void)state;
    assert_int_equal(ENR_OK, 0);
    for (size_t i = 0; i < COUNT(all); i++) {
        bool error = strncmp(enr_status_name((enr_status_t)all[i]), "E_", 2) == 0;
        assert_int_equal(error, all[i] < 0);
    }
}

/* Two statuses that read alike would be one to a person. */
static void test_words_differ(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        const char *meaning = enr_status_meaning((enr_status_t)all[i]);
        assert_true(strlen(meaning) > 0 && strcmp(meaning, "?") != 0);
        for (size_t j = i + 1; j < COUNT(all); j++) {
            assert_string_not_equal(meaning, enr_status_meaning((enr_status_t)all[j]));
            assert_string_not_equal(enr_status_name((enr_status_t)all[i]), enr_status_name((enr_status_t)all[j]));
        }
    }
    assert_string_equal(enr_status_meaning(ENR_E_DNS), "the host name does not resolve");
}

static void test_unknown_value(void **state)
{
    (void)state;
    static const int none[] = {4, 99, -13, -19, -90, -1000};
    for (size_t i = 0; i < COUNT(none); i++) {
        assert_string_equal(enr_status_name((enr_status_t)none[i]), "?");
        assert_string_equal(enr_status_meaning((enr_status_t)none[i]), "?");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_released_values),
        cmocka_unit_test(test_sign),
        cmocka_unit_test(test_words_differ),
        cmocka_unit_test(test_unknown_value),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
