#include "enrich/url.h"

#include "enrich/limits.h"

#include <assert.h>

static bool is_hex(uint8_t byte)
{
    uint8_t lower = byte | 0x20;
    return enr_is_digit(byte) || (lower >= 'a' && lower <= 'f');
}

static bool all(enr_span_t text, bool (*is)(uint8_t byte))
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is(text.ptr[i])) {
            return false;
        }
    }
    return true;
}

/* The number that 1 to `most` digits give, or UINT32_MAX. */
static uint32_t number_of(enr_span_t digits, size_t most)
{
    if (digits.len == 0 || digits.len > most || !all(digits, enr_is_digit)) {
        return UINT32_MAX;
    }
    uint32_t number = 0;
    for (size_t i = 0; i < digits.len; i++) {
        number = number * 10 + (uint32_t)(digits.ptr[i] - '0');
    }
    return number;
}

/* Takes the label at the start of a name off it, with the dot behind it; *at_end: it was the last. */
static enr_span_t take_label(enr_span_t *name, bool *at_end)
{
    const enr_span_t all_labels = *name;
    const size_t dot = enr_span_find(all_labels, '.');
    *at_end = dot == all_labels.len;
    *name = enr_span_slice(all_labels, *at_end ? dot : dot + 1, all_labels.len);
    return enr_span_slice(all_labels, 0, dot);
}

/* What resolvers take for a part of an IPv4 address: decimal, octal or hexadecimal (WHATWG URL, "ends in a number"). */
static bool is_number(enr_span_t label)
{
    if (label.len >= 2 && label.ptr[0] == '0' && (label.ptr[1] | 0x20) == 'x') {
        return all(enr_span_slice(label, 2, label.len), is_hex);
    }
    return label.len > 0 && all(label, enr_is_digit);
}

/* Labels of a registered name; `strict`: as a certificate may hold it, else with '_' and '-' anywhere, as names on the
 * way are. */
static bool is_label(enr_span_t label, bool strict)
{
    const enr_span_t ace = ENR_SPAN("xn--"); /* what must follow is missing (RFC 5890 2.3.2.1) */
    if (label.len == 0 || label.len > 63 || enr_span_equal_ignore_case(label, ace)) {
        return false;
    }
    for (size_t i = 0; i < label.len; i++) {
        uint8_t byte = label.ptr[i];
        bool at_edge = i == 0 || i == label.len - 1;
        bool good = enr_is_digit(byte) || enr_is_letter(byte) || (byte == '-' && !(strict && at_edge)) ||
                    (byte == '_' && !strict);
        if (!good) {
            return false;
        }
    }
    return true;
}

static bool is_name(enr_span_t host, bool strict)
{
    if (host.len > ENR_HOST_MAX) {
        return false;
    }
    if (!strict && host.len > 1 && host.ptr[host.len - 1] == '.') {
        host.len--; /* the root's dot */
    }
    for (bool at_end = false;;) {
        const enr_span_t label = take_label(&host, &at_end);
        if (!is_label(label, strict)) {
            return false;
        }
        if (at_end) {
            return !is_number(label);
        }
    }
}

bool enr_host_is_name(enr_span_t host)
{
    return is_name(host, true);
}

/* Four decimal numbers of 0 to 255 without leading zeros (RFC 3986 3.2.2). */
static bool is_ipv4(enr_span_t host)
{
    bool at_end = false;
    for (int count = 1; count <= 4; count++) {
        const enr_span_t label = take_label(&host, &at_end);
        if (number_of(label, 3) > 255 || (label.len > 1 && label.ptr[0] == '0') || at_end != (count == 4)) {
            return false;
        }
    }
    return true;
}

/* What stands between the brackets: groups of 1 to 4 hexadecimal digits, one "::" at most, an IPv4 address as the last
   two groups (RFC 4291 2.2). No zone. */
static bool is_ipv6(enr_span_t text)
{
    unsigned groups = 0;
    bool squeezed = false;
    size_t at = 0;
    if (text.len >= 2 && text.ptr[0] == ':' && text.ptr[1] == ':') {
        squeezed = true;
        at = 2;
    }
    while (at < text.len) {
        enr_span_t rest = enr_span_slice(text, at, text.len);
        size_t len = enr_span_find(rest, ':');
        enr_span_t group = enr_span_slice(rest, 0, len);
        if (len == rest.len && is_ipv4(group)) {
            groups += 2;
            break;
        }
        if (len == 0 || len > 4 || !all(group, is_hex)) {
            return false;
        }
        groups++;
        at += len;
        if (at == text.len) {
            break;
        }
        at++; /* the ':' */
        if (at == text.len) {
            return false;
        }
        if (text.ptr[at] == ':') {
            if (squeezed) {
                return false;
            }
            squeezed = true;
            at++;
        }
    }
    return squeezed ? groups <= 7 : groups == 8;
}

static bool parse_host(enr_span_t host, enr_url_t *url)
{
    url->host = host;
    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        url->host_is_ip = true;
        return is_ipv6(enr_span_slice(host, 1, host.len - 1));
    }
    url->host_is_ip = is_ipv4(host);
    return url->host_is_ip || is_name(host, false);
}

static bool parse_authority(enr_span_t authority, enr_url_t *url)
{
    size_t bracket = authority.len > 0 && authority.ptr[0] == '[' ? enr_span_find(authority, ']') : 0;
    size_t colon = bracket + enr_span_find(enr_span_slice(authority, bracket, authority.len), ':');
    url->port = 443;
    if (colon < authority.len) {
        const uint32_t port = number_of(enr_span_slice(authority, colon + 1, authority.len), 5);
        if (port == 0 || port > UINT16_MAX) {
            return false;
        }
        url->port = (uint16_t)port;
    }
    return parse_host(enr_span_slice(authority, 0, colon), url);
}

static bool is_allowed(uint8_t byte)
{
    return byte > 0x20 && byte != 0x7f && byte != '\\';
}

enr_status_t enr_url_parse(enr_span_t text, enr_url_t *out_url)
{
    assert(out_url != NULL);
    *out_url = (enr_url_t){0};
    if (text.len > ENR_URL_MAX) {
        return ENR_E_LIMIT;
    }
    enr_span_t rest = enr_span_without(text, ENR_SPAN("https://"));
    if (rest.len == text.len || !all(text, is_allowed)) {
        return ENR_E_URL;
    }
    rest = enr_span_slice(rest, 0, enr_span_find(rest, '#'));
    size_t query = enr_span_find(rest, '?');
    size_t slash = enr_span_find(enr_span_slice(rest, 0, query), '/');
    if (!parse_authority(enr_span_slice(rest, 0, slash), out_url)) {
        return ENR_E_URL;
    }
    out_url->path_and_query = enr_span_slice(rest, slash, rest.len);
    out_url->path = enr_span_slice(rest, slash, query);
    return ENR_OK;
}
