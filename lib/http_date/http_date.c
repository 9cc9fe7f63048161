#include "enrich/http_date.h"

#include <assert.h>
#include <string.h>

/* A date being read from left to right. */
typedef struct {
    enr_span_t rest;
    bool good;
} reading_t;

typedef struct {
    unsigned year, month, day, hour, minute, second;
} date_t;

int64_t enr_seconds_of_date(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute,
                            unsigned second)
{
    /* Days by the usual count of years that begin on 1 March (Howard Hinnant, days_from_civil). */
    int64_t from_march = (int64_t)year - (month <= 2 ? 1 : 0);
    int64_t months = month <= 2 ? month + 9 : month - 3;
    int64_t era = from_march / 400;
    int64_t year_of_era = from_march - era * 400;
    int64_t day_of_year = (153 * months + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (era * 146097 + day_of_era - 719468) * 86400 + (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
}

static void pass(reading_t *reading, enr_span_t text)
{
    reading->good = reading->good && reading->rest.len >= text.len &&
                    enr_span_equal(enr_span_slice(reading->rest, 0, text.len), text);
    if (reading->good) {
        reading->rest = enr_span_slice(reading->rest, text.len, reading->rest.len);
    }
}

static unsigned number(reading_t *reading, size_t digits)
{
    unsigned value = 0;
    reading->good = reading->good && reading->rest.len >= digits;
    for (size_t i = 0; i < digits && reading->good; i++) {
        reading->good = reading->rest.ptr[i] >= '0' && reading->rest.ptr[i] <= '9';
        value = value * 10 + (unsigned)(reading->rest.ptr[i] - '0');
    }
    if (reading->good) {
        reading->rest = enr_span_slice(reading->rest, digits, reading->rest.len);
    }
    return value;
}

/* One of `count` names; its place from 0. */
static unsigned name(reading_t *reading, const char *const *names, unsigned count)
{
    for (unsigned i = 0; i < count && reading->good; i++) {
        enr_span_t one = enr_span_from_str(names[i]);
        if (reading->rest.len >= one.len && enr_span_equal(enr_span_slice(reading->rest, 0, one.len), one)) {
            reading->rest = enr_span_slice(reading->rest, one.len, reading->rest.len);
            return i;
        }
    }
    reading->good = false;
    return 0;
}

static unsigned month(reading_t *reading)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return name(reading, months, 12) + 1;
}

static void time_of_day(reading_t *reading, date_t *date)
{
    date->hour = number(reading, 2);
    pass(reading, ENR_SPAN(":"));
    date->minute = number(reading, 2);
    pass(reading, ENR_SPAN(":"));
    date->second = number(reading, 2);
}

static const char *const short_days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

/* Sun, 06 Nov 1994 08:49:37 GMT */
static bool read_imf(enr_span_t text, date_t *date)
{
    reading_t reading = {text, true};
    name(&reading, short_days, 7);
    pass(&reading, ENR_SPAN(", "));
    date->day = number(&reading, 2);
    pass(&reading, ENR_SPAN(" "));
    date->month = month(&reading);
    pass(&reading, ENR_SPAN(" "));
    date->year = number(&reading, 4);
    pass(&reading, ENR_SPAN(" "));
    time_of_day(&reading, date);
    pass(&reading, ENR_SPAN(" GMT"));
    return reading.good && reading.rest.len == 0;
}

/* Sunday, 06-Nov-94 08:49:37 GMT; the year has two digits. */
static bool read_rfc850(enr_span_t text, date_t *date)
{
    static const char *const days[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
    reading_t reading = {text, true};
    name(&reading, days, 7);
    pass(&reading, ENR_SPAN(", "));
    date->day = number(&reading, 2);
    pass(&reading, ENR_SPAN("-"));
    date->month = month(&reading);
    pass(&reading, ENR_SPAN("-"));
    date->year = number(&reading, 2);
    pass(&reading, ENR_SPAN(" "));
    time_of_day(&reading, date);
    pass(&reading, ENR_SPAN(" GMT"));
    return reading.good && reading.rest.len == 0;
}

/* Sun Nov  6 08:49:37 1994 */
static bool read_asctime(enr_span_t text, date_t *date)
{
    reading_t reading = {text, true};
    name(&reading, short_days, 7);
    pass(&reading, ENR_SPAN(" "));
    date->month = month(&reading);
    pass(&reading, ENR_SPAN(" "));
    bool one_digit = reading.rest.len > 0 && reading.rest.ptr[0] == ' ';
    pass(&reading, one_digit ? ENR_SPAN(" ") : ENR_SPAN(""));
    date->day = number(&reading, one_digit ? 1 : 2);
    pass(&reading, ENR_SPAN(" "));
    time_of_day(&reading, date);
    pass(&reading, ENR_SPAN(" "));
    date->year = number(&reading, 4);
    return reading.good && reading.rest.len == 0;
}

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool exists(const date_t *date)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned last = days[date->month - 1] + (date->month == 2 && is_leap(date->year) ? 1u : 0u);
    return date->day >= 1 && date->day <= last && date->hour <= 23 && date->minute <= 59 &&
           date->second <= 60; /* a leap second */
}

static int64_t seconds_of(const date_t *date)
{
    return enr_seconds_of_date(date->year, date->month, date->day, date->hour, date->minute, date->second);
}

/* A two-digit year is the one of the century of `now`, or of the century before where that would lie more than 50 years
   ahead (RFC 9110 5.6.7). */
static void complete_year(date_t *date, int64_t now)
{
    unsigned century = 1900;
    while (now >= enr_seconds_of_date(century + 100, 1, 1, 0, 0, 0) && century < 9900) {
        century += 100;
    }
    date->year += century;
    date_t fifty_years_before = *date;
    fifty_years_before.year -= 50;
    if (exists(date) && seconds_of(&fifty_years_before) > now) {
        date->year -= 100;
    }
}

enr_status_t enr_http_date_parse(enr_span_t text, int64_t now, int64_t *out_seconds)
{
    assert(out_seconds != NULL);
    date_t date = {0};
    if (read_rfc850(text, &date)) {
        complete_year(&date, now);
    } else if (!read_imf(text, &date) && !read_asctime(text, &date)) {
        return ENR_E_SYNTAX;
    }
    if (!exists(&date)) {
        return ENR_E_SYNTAX;
    }
    *out_seconds = seconds_of(&date);
    return ENR_OK;
}

enr_status_t enr_retry_after_parse(enr_span_t text, int64_t now, uint32_t *out_seconds)
{
    assert(out_seconds != NULL);
    bool digits = text.len > 0;
    uint64_t seconds = 0;
    for (size_t i = 0; i < text.len && digits; i++) {
        digits = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        seconds = seconds > UINT32_MAX ? seconds : seconds * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    int64_t date = 0;
    if (!digits) {
        enr_status_t status = enr_http_date_parse(text, now, &date);
        if (status != ENR_OK) {
            return status;
        }
        seconds = date > now ? (uint64_t)date - (uint64_t)now : 0; /* right for every `now` */
    }
    *out_seconds = seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
    return ENR_OK;
}
