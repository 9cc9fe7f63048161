/* One text, read as a URL, a host, an HTTP-date and a Retry-After; before it 5 bytes that say what time it is. */
#define _POSIX_C_SOURCE 200809L /* gmtime_r, inet_pton */
#include "fuzz.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "enrich/http_date.h"
#include "enrich/limits.h"
#include "enrich/url.h"

#define YEAR_S INT64_C(31556952)

/* What is called an IP literal is one for the C library. */
static void check_literal(enr_span_t host)
{
    bool in_brackets = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    enr_span_t address = in_brackets ? enr_span_slice(host, 1, host.len - 1) : host;
    char text[INET6_ADDRSTRLEN] = "";
    uint8_t binary[16];
    MUST(address.len < sizeof text);
    memcpy(text, address.ptr, address.len);
    MUST(inet_pton(in_brackets ? AF_INET6 : AF_INET, text, binary) == 1);
}

/* The parts lie in the text in their order, and put together again they are the same. */
static void check_parts(enr_span_t text, const enr_url_t *url)
{
    MUST(url->host.len > 0 && fuzz_lies_in(url->host, text) && fuzz_lies_in(url->path_and_query, text));
    MUST(url->path.len <= url->path_and_query.len);
    MUST(enr_span_equal(url->path, enr_span_slice(url->path_and_query, 0, url->path.len)));
    MUST(url->port >= 1 && text.len <= ENR_URL_MAX);
    MUST(url->path_and_query.len == 0 || url->path_and_query.ptr > url->host.ptr);
    for (size_t i = 0; i < url->host.len; i++) {
        MUST(url->host.ptr[i] > ' ' && url->host.ptr[i] < 0x7F && memchr("@/?#\\%\"<>", url->host.ptr[i], 9) == NULL);
    }
    MUST(!url->host_is_ip || !enr_host_is_name(url->host));
    if (url->host_is_ip) {
        check_literal(url->host);
    }

    uint8_t memory[ENR_URL_MAX + 16];
    enr_buffer_t joined = enr_buffer_over(memory, sizeof memory);
    enr_buffer_append(&joined, ENR_SPAN("https://"));
    enr_buffer_append(&joined, url->host);
    enr_buffer_append_byte(&joined, ':');
    enr_buffer_append_decimal(&joined, url->port);
    enr_buffer_append(&joined, url->path_and_query);
    MUST(!joined.full);
    enr_url_t again;
    if (joined.len <= ENR_URL_MAX) {
        MUST(enr_url_parse(enr_buffer_span(&joined), &again) == ENR_OK);
        MUST(enr_span_equal(again.host, url->host) && again.port == url->port && again.host_is_ip == url->host_is_ip);
        MUST(enr_span_equal(again.path_and_query, url->path_and_query) && enr_span_equal(again.path, url->path));
    }
}

/* RFC 1035 2.3.1, RFC 1123 2.1: labels of letters, digits and '-', none at their ends; the last one is no number. */
static void check_labels(enr_span_t host)
{
    bool is_number = true;
    size_t len = 0;
    for (size_t i = 0; i <= host.len; i++) {
        if (i == host.len || host.ptr[i] == '.') {
            MUST(len >= 1 && len <= 63 && host.ptr[i - len] != '-' && host.ptr[i - 1] != '-');
            MUST(i < host.len || !is_number);
            is_number = true;
            len = 0;
            continue;
        }
        bool is_digit = host.ptr[i] >= '0' && host.ptr[i] <= '9';
        uint8_t lower = host.ptr[i] | 0x20;
        MUST(is_digit || (lower >= 'a' && lower <= 'z') || host.ptr[i] == '-');
        is_number = is_number && is_digit;
        len++;
    }
}

/* A name that TLS can verify makes a URL whose host is no IP literal. */
static void check_name(enr_span_t host)
{
    MUST(host.len > 0 && host.len <= ENR_HOST_MAX);
    check_labels(host);
    uint8_t memory[ENR_HOST_MAX + 8];
    enr_buffer_t text = enr_buffer_over(memory, sizeof memory);
    enr_buffer_append(&text, ENR_SPAN("https://"));
    enr_buffer_append(&text, host);
    enr_url_t url;
    MUST(enr_url_parse(enr_buffer_span(&text), &url) == ENR_OK);
    MUST(enr_span_equal(url.host, host) && !url.host_is_ip && url.port == 443 && url.path_and_query.len == 0);
}

/* The date, written by the C library's calendar in the preferred form, is the same date. */
static void check_date(enr_span_t text, int64_t now, int64_t seconds)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    bool has_century = memchr(text.ptr, '-', text.len) == NULL;
    MUST(has_century || seconds <= now + 50 * YEAR_S || now < 0);
    time_t time = (time_t)seconds;
    struct tm date;
    MUST(gmtime_r(&time, &date) != NULL);
    if (date.tm_year + 1900 > 9999) {
        MUST(seconds == INT64_C(253402300800)); /* the leap second at the end of 9999 */
        return;
    }
    char fixed[64];
    int len = snprintf(fixed, sizeof fixed, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[date.tm_wday], date.tm_mday,
                       months[date.tm_mon], date.tm_year + 1900, date.tm_hour, date.tm_min, date.tm_sec);
    enr_span_t exact = fuzz_copy((enr_span_t){(const uint8_t *)fixed, (size_t)len});
    bool is_fixed = text.len == exact.len && text.ptr[3] == ',';
    bool is_leap_second = is_fixed && memcmp(text.ptr + 23, "60", 2) == 0;
    MUST(!is_fixed || is_leap_second || memcmp(text.ptr + 3, exact.ptr + 3, text.len - 3) == 0);
    int64_t again = 0;
    MUST(enr_http_date_parse(exact, now, &again) == ENR_OK && again == seconds);
    fuzz_free(exact);
}

static void check_times(enr_span_t text, int64_t now)
{
    int64_t date = 0;
    uint32_t wait = 0;
    bool is_date = enr_http_date_parse(text, now, &date) == ENR_OK;
    bool is_wait = enr_retry_after_parse(text, now, &wait) == ENR_OK;
    bool is_number = text.len > 0;
    for (size_t i = 0; i < text.len; i++) {
        is_number = is_number && text.ptr[i] >= '0' && text.ptr[i] <= '9';
    }
    MUST(is_wait == (is_number || is_date) && !(is_number && is_date));
    if (is_date) {
        check_date(text, now, date);
        int64_t left = date > now ? date - now : 0;
        MUST(wait == (left > UINT32_MAX ? UINT32_MAX : (uint32_t)left));
    }
    if (is_number && text.len <= 9) {
        char digits[16] = "";
        memcpy(digits, text.ptr, text.len);
        MUST(wait == strtoul(digits, NULL, 10));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enr_span_t input = {data, size};
    int64_t now = 0;
    for (int i = 0; i < 5; i++) { /* up to 34 thousand years, one way or the other */
        now = now * 256 + fuzz_choice(&input);
    }
    now -= INT64_C(1) << 32;
    enr_span_t text = fuzz_copy(input);
    enr_url_t url;
    enr_status_t status = enr_url_parse(text, &url);
    MUST(status == ENR_OK || status == ENR_E_URL || status == ENR_E_LIMIT);
    MUST((status == ENR_E_LIMIT) == (text.len > ENR_URL_MAX));
    if (status == ENR_OK) {
        check_parts(text, &url);
    }
    if (enr_host_is_name(text)) {
        check_name(text);
    }
    check_times(text, now);
    fuzz_free(text);
    return 0;
}
