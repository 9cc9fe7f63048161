/* http_date: the three forms of an HTTP-date, dates that do not exist, two-digit years, Retry-After. */
#include "enrich/http_date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NOW 1793500000    /* Sun, 01 Nov 2026 02:26:40 GMT */
#define EXAMPLE 784111777 /* RFC 9110 5.6.7: Sun, 06 Nov 1994 08:49:37 GMT */

/* A span in memory of its own length. The caller frees ptr. */
static enr_span_t exact(const char *text, size_t len)
{
    uint8_t *memory = test_malloc(len > 0 ? len : 1);
    memcpy(memory, text, len);
    return (enr_span_t){memory, len};
}

static enr_status_t parse(const char *text, size_t len, int64_t now, int64_t *out)
{
    enr_span_t span = exact(text, len);
    enr_status_t status = enr_http_date_parse(span, now, out);
    test_free((void *)(uintptr_t)span.ptr);
    return status;
}

static void assert_date(const char *text, int64_t now, int64_t wanted)
{
    int64_t seconds = -1;
    if (parse(text, strlen(text), now, &seconds) != ENR_OK || seconds != wanted) {
        fail_msg("%s: %lld", text, (long long)seconds);
    }
}

static void assert_no_date(const char *text)
{
    int64_t seconds = -1;
    if (parse(text, strlen(text), NOW, &seconds) != ENR_E_SYNTAX) {
        fail_msg("%s: taken as %lld", text, (long long)seconds);
    }
}

/* RFC 9110 5.6.7: a recipient takes all three. */
static void test_forms(void **state)
{
    (void)state;
    static const char *const FORMS[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                        "Sun Nov  6 08:49:37 1994"};
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
        assert_date(FORMS[i], NOW, EXAMPLE);
        for (size_t len = 0; len < strlen(FORMS[i]); len++) { /* cut off, and with more behind */
            int64_t seconds = 0;
            assert_int_equal(parse(FORMS[i], len, NOW, &seconds), ENR_E_SYNTAX);
        }
        char more[64];
        for (const char *tail = " x0\t"; *tail != 0; tail++) {
            (void)snprintf(more, sizeof more, "%s%c", FORMS[i], *tail);
            assert_no_date(more);
        }
        for (size_t at = 0; at < strlen(FORMS[i]); at++) { /* every byte counts: a NUL in its place is refused */
            char broken[64];
            memcpy(broken, FORMS[i], strlen(FORMS[i]));
            broken[at] = 0;
            int64_t seconds = 0;
            assert_int_equal(parse(broken, strlen(FORMS[i]), NOW, &seconds), ENR_E_SYNTAX);
        }
    }
    assert_date("Sun Nov 16 08:49:37 1994", NOW, EXAMPLE + 10 * 86400);
    assert_date("Thu, 01 Jan 1970 00:00:00 GMT", NOW, 0);
    assert_date("Wed, 31 Dec 1969 23:59:59 GMT", NOW, -1);
    assert_date("Fri, 31 Dec 9999 23:59:59 GMT", NOW, 253402300799);
    assert_date("Tue, 19 Jan 2038 03:14:08 GMT", NOW, INT64_C(2147483648));
    assert_date("Sat, 31 Dec 2016 23:59:60 GMT", NOW, 1483228800); /* a leap second is the next one */
}

static void test_other_forms(void **state)
{
    (void)state;
    static const char *const ROWS[] = {
        "",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun,  06 Nov 1994 08:49:37 GMT",
        "Sun,\t06 Nov 1994 08:49:37 GMT",
        "Sun 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  06 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Foo, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, +6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov -994 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
        "784111777",
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        assert_no_date(ROWS[i]);
    }
}

static void test_impossible(void **state)
{
    (void)state;
    static const char *const ROWS[] = {
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",  "Sun, 32 Jan 1994 08:49:37 GMT",
        "Sun, 30 Feb 2024 08:49:37 GMT", "Sun, 29 Feb 2023 08:49:37 GMT",  "Sun, 29 Feb 1900 08:49:37 GMT",
        "Sun, 29 Feb 2100 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",  "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT", "Sunday, 31-Jun-94 08:49:37 GMT", "Sunday, 29-Feb-95 08:49:37 GMT",
        "Sun Nov  0 08:49:37 1994",      "Sun Feb 29 08:49:37 2026",       "Sun Nov  6 25:49:37 1994",
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        assert_no_date(ROWS[i]);
    }
    assert_date("Thu, 29 Feb 2024 00:00:00 GMT", NOW, 1709164800);
    assert_date("Tue, 29 Feb 2000 00:00:00 GMT", NOW, 951782400);
    assert_date("Thursday, 29-Feb-24 00:00:00 GMT", NOW, 1709164800);
}

/* RFC 9110 5.6.7: more than 50 years ahead is the most recent year in the past with these two digits. */
static void test_two_digit_years(void **state)
{
    (void)state;
    static const struct {
        const char *year;
        int64_t now;
        unsigned wanted;
    } ROWS[] = {
        {"26", NOW, 2026},
        {"27", NOW, 2027},
        {"25", NOW, 2025},
        {"00", NOW, 2000},
        {"75", NOW, 2075},
        {"76", NOW, 2076}, /* 1 November, 00:00: 2 h 26 min short of 50 years */
        {"77", NOW, 1977},
        {"94", NOW, 1994},
        {"99", NOW, 1999},
        {"70", 0, 1970},
        {"99", 0, 1999},
        {"00", 0, 1900},
        {"49", 2524608000 - 1, 2049}, /* the last second of 2049 */
        {"99", 2524608000 - 1, 2099},
        {"00", 2524608000, 2000},
        {"99", 2524608000, 2099},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "Sunday, 01-Nov-%s 00:00:00 GMT", ROWS[i].year);
        assert_date(text, ROWS[i].now, enr_seconds_of_date(ROWS[i].wanted, 11, 1, 0, 0, 0));
    }
    assert_date("Sunday, 01-Nov-76 02:26:40 GMT", NOW, enr_seconds_of_date(2076, 11, 1, 2, 26, 40));
    assert_date("Sunday, 01-Nov-76 02:26:41 GMT", NOW, enr_seconds_of_date(1976, 11, 1, 2, 26, 41));
    assert_date("Sunday, 29-Feb-76 00:00:00 GMT", NOW, enr_seconds_of_date(2076, 2, 29, 0, 0, 0));
    assert_date("Sunday, 01-Nov-94 00:00:00 GMT", INT64_MIN, enr_seconds_of_date(1894, 11, 1, 0, 0, 0));
    int64_t seconds = 0;
    assert_int_equal(parse("Sunday, 01-Nov-94 00:00:00 GMT", 30, INT64_MAX, &seconds), ENR_OK);
}

/* Against the C library's calendar: every day of 400 years, the Gregorian period. */
static void test_calendar(void **state)
{
    (void)state;
    for (time_t day = -719528; day <= 2932896; day += day < -100000 || day > 100000 ? 43 : 1) { /* 0000 to 9999 */
        time_t seconds = day * 86400 + 86399;
        struct tm *tm = gmtime(&seconds);
        assert_int_equal(enr_seconds_of_date((unsigned)tm->tm_year + 1900u, (unsigned)tm->tm_mon + 1,
                                             (unsigned)tm->tm_mday, 23, 59, 59),
                         seconds);
        char text[64];
        assert_true(strftime(text, sizeof text, "%a, %d %b ", tm) > 0);
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%04d 23:59:59 GMT", tm->tm_year + 1900);
        assert_date(text, NOW, seconds);
    }
}

/* RFC 9110 10.2.3, behaviours 27. */
static void test_retry_after(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enr_status_t status;
        uint32_t seconds;
    } ROWS[] = {
        {"0", ENR_OK, 0},
        {"120", ENR_OK, 120},
        {"007", ENR_OK, 7},
        {"4294967294", ENR_OK, UINT32_MAX - 1},
        {"4294967295", ENR_OK, UINT32_MAX},
        {"4294967296", ENR_OK, UINT32_MAX},
        {"18446744073709551621", ENR_OK, UINT32_MAX}, /* 2^64+5 */
        {"99999999999999999999999999999999", ENR_OK, UINT32_MAX},
        {"00000000000000000000000000000005", ENR_OK, 5},
        {"", ENR_E_SYNTAX, 0},
        {"-1", ENR_E_SYNTAX, 0},
        {"+1", ENR_E_SYNTAX, 0},
        {"1.5", ENR_E_SYNTAX, 0},
        {"1 2", ENR_E_SYNTAX, 0},
        {"1s", ENR_E_SYNTAX, 0},
        {" 1", ENR_E_SYNTAX, 0},
        {"1 ", ENR_E_SYNTAX, 0},
        {"0x5", ENR_E_SYNTAX, 0},
        {"1e3", ENR_E_SYNTAX, 0},
        {"99999999999x", ENR_E_SYNTAX, 0},
        {"soon", ENR_E_SYNTAX, 0},
        {"Sun, 01 Nov 2026 02:26:40 GMT", ENR_OK, 0},
        {"Sun, 01 Nov 2026 02:26:41 GMT", ENR_OK, 1},
        {"Sun, 01 Nov 2026 02:28:40 GMT", ENR_OK, 120},
        {"Sun, 01 Nov 2026 02:26:39 GMT", ENR_OK, 0},
        {"Sun, 06 Nov 1994 08:49:37 GMT", ENR_OK, 0},
        {"Sunday, 01-Nov-26 02:28:40 GMT", ENR_OK, 120},
        {"Sun Nov  1 02:28:40 2026", ENR_OK, 120},
        {"Fri, 31 Dec 9999 23:59:59 GMT", ENR_OK, UINT32_MAX},
        {"Sun, 31 Feb 2026 00:00:00 GMT", ENR_E_SYNTAX, 0},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        enr_span_t text = exact(ROWS[i].text, strlen(ROWS[i].text));
        uint32_t seconds = 0;
        assert_int_equal(enr_retry_after_parse(text, NOW, &seconds), ROWS[i].status);
        assert_int_equal(seconds, ROWS[i].seconds);
        test_free((void *)(uintptr_t)text.ptr);
    }
    uint32_t seconds = 0;
    enr_span_t date = ENR_SPAN("Sun, 06 Nov 1994 08:49:37 GMT");
    assert_int_equal(enr_retry_after_parse(date, INT64_MIN, &seconds), ENR_OK);
    assert_int_equal(seconds, UINT32_MAX);
    assert_int_equal(enr_retry_after_parse(date, INT64_MAX, &seconds), ENR_OK);
    assert_int_equal(seconds, 0);
}

static void test_days(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        uint32_t day;
    } rows[] = {{0, 0}, {86399, 0}, {86400, 1}, {INT64_C(1796083200), 20788}, {(INT64_C(1) << 39) - 1, 6362914}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(enr_day_of_seconds(rows[i].seconds), rows[i].day);
        assert_int_equal(rows[i].seconds / 86400, rows[i].day);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),      cmocka_unit_test(test_other_forms),
        cmocka_unit_test(test_impossible), cmocka_unit_test(test_two_digit_years),
        cmocka_unit_test(test_calendar),   cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_days),
    };
    return cmocka_run_group_tests_name("http_date", tests, NULL, NULL);
}
