#include "enrich/http_date.h"

#include <assert.h>
#include <string.h>

typedef struct {
    unsigned year, month, day, hour, minute, second;
} date_t;

int64_t enr_seconds_of_date(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute,
                            unsigned second)
{
    /* Days by the usual count of years that begin on 1 March (Howard Hinnant, days_from_civil). */
    unsigned from_march = year + 400 - (month <= 2 ? 1 : 0); /* one era later, so that none lies before the year 0 */
    unsigned months = month <= 2 ? month + 9 : month - 3;
    unsigned day_of_year = (153 * months + 2) / 5 + day - 1;
    unsigned days = from_march * 365 + from_march / 4 - from_march / 100 + from_march / 400 + day_of_year;
    return ((int64_t)days - (146097 + 719468)) * 86400 + (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
}

uint32_t enr_day_of_seconds(int64_t seconds)
{
    return (uint32_t)(seconds >> 7) / 675; /* a day is 128 * 675 seconds: the division is one of 32 bits */
}

/* The number that the first `digits` bytes write; false when they are not digits. The text goes on behind them. */
static bool take_number(enr_span_t *text, size_t digits, unsigned *out_number)
{
    unsigned number = 0;
    for (size_t i = 0; i < digits; i++) {
        if (i >= text->len || text->ptr[i] < '0' || text->ptr[i] > '9') {
            return false;
        }
        number = number * 10 + (unsigned)(text->ptr[i] - '0');
    }
    *text = enr_span_slice(*text, digits, text->len);
    *out_number = number;
    return true;
}

/* The number, from 1, of the name of three letters that the text begins with. */
static bool take_name(enr_span_t *text, const char *names, unsigned *out_number)
{
    for (unsigned i = 0; text->len >= 3 && names[(size_t)3 * i] != '\0'; i++) {
        if (memcmp(text->ptr, names + (size_t)3 * i, 3) == 0) {
            *text = enr_span_slice(*text, 3, text->len);
            *out_number = i + 1;
            return true;
        }
    }
    return false;
}

static bool take_word(enr_span_t *text, enr_span_t word)
{
    if (text->len < word.len || !enr_span_equal(enr_span_slice(*text, 0, word.len), word)) {
        return false;
    }
    *text = enr_span_slice(*text, word.len, text->len);
    return true;
}

static bool take_short_day(enr_span_t *text, unsigned *out_number)
{
    return take_name(text, "MonTueWedThuFriSatSun", out_number);
}

static bool take_long_day(enr_span_t *text)
{
    static const char *const rests[] = {"day", "sday", "nesday", "rsday", "day", "urday", "day"};
    unsigned number = 0;
    return take_short_day(text, &number) && take_word(text, enr_span_from_str(rests[number - 1]));
}

/* A day of the month of two digits, or a space and one. */
static bool take_padded_day(enr_span_t *text, unsigned *out_day)
{
    bool one_digit = take_word(text, ENR_SPAN(" "));
    return take_number(text, one_digit ? 1 : 2, out_day);
}

/* Reads one field of a form (see enr_http_date_parse), or the form's own byte. */
static bool take(enr_span_t *text, char field, date_t *date)
{
    unsigned day_of_week = 0;
    switch (field) {
    case 'w':
        return take_short_day(text, &day_of_week);
    case 'l':
        return take_long_day(text);
    case 'd':
        return take_number(text, 2, &date->day);
    case 'e':
        return take_padded_day(text, &date->day);
    case 'b':
        return take_name(text, "JanFebMarAprMayJunJulAugSepOctNovDec", &date->month);
    case 'y':
        return take_number(text, 4, &date->year);
    case 'c':
        return take_number(text, 2, &date->year);
    case 'h':
        return take_number(text, 2, &date->hour);
    case 'm':
        return take_number(text, 2, &date->minute);
    case 's':
        return take_number(text, 2, &date->second);
    default:
        return take_word(text, (enr_span_t){(const uint8_t *)&field, 1});
    }
}

static bool read_form(enr_span_t text, const char *form, date_t *out_date)
{
    *out_date = (date_t){0};
    for (; *form != '\0'; form++) {
        if (!take(&text, *form, out_date)) {
            return false;
        }
    }
    return text.len == 0;
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
    /* Day of the week, short or long; day, two digits or padded; month by name; year of four or two digits; hour,
     * minute, second. */
    static const char imf[] = "w, d b y h:m:s GMT";    /* Sun, 06 Nov 1994 08:49:37 GMT */
    static const char rfc850[] = "l, d-b-c h:m:s GMT"; /* Sunday, 06-Nov-94 08:49:37 GMT */
    static const char asctime[] = "w b e h:m:s y";     /* Sun Nov  6 08:49:37 1994 */
    date_t date;
    if (read_form(text, rfc850, &date)) {
        complete_year(&date, now);
    } else if (!read_form(text, imf, &date) && !read_form(text, asctime, &date)) {
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
