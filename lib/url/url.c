#include "enrich/url.h"

#include "enrich/limits.h"

#include <assert.h>
#include <string.h>

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

/* The place of a byte, or the text's length. */
static size_t find(enr_span_t text, uint8_t byte)
{
    const uint8_t *place = text.len == 0 ? NULL : memchr(text.ptr, byte, text.len);
    return place == NULL ? text.len : (size_t)(place - text.ptr);
}

/* The label at the start of a name; *name goes on behind its dot. False at the end. */
static bool next_label(enr_span_t *name, bool *at_end, enr_span_t *out_label)
{
    if (*at_end) {
        return false;
    }
    size_t dot = find(*name, '.');
    *out_label = enr_span_slice(*name, 0, dot);
    *at_end = dot == name->len;
    *name = enr_span_slice(*name, *at_end ? dot : dot + 1, name->len);
    return true;
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
    enr_span_t label = {NULL, 0};
    bool at_end = host.len == 0 || host.len > ENR_HOST_MAX;
    bool good = !at_end;
    if (!strict && host.len > 1 && host.ptr[host.len - 1] == '.') {
        host.len--; /* the root's dot */
    }
    while (good && next_label(&host, &at_end, &label)) {
        good = is_label(label, strict);
    }
    return good && !is_number(label);
}

bool enr_host_is_name(enr_span_t host)
{
    return is_name(host, true);
}

/* Four decimal numbers of 0 to 255 without leading zeros (RFC 3986 3.2.2). */
static bool is_ipv4(enr_span_t host)
{
    enr_span_t label = {NULL, 0};
    bool at_end = false;
    int count = 0;
    while (next_label(&host, &at_end, &label)) {
        unsigned value = 0;
        for (size_t i = 0; i < label.len && label.len <= 3; i++) {
            value = value * 10 + (unsigned)(label.ptr[i] - '0');
        }
        bool good = label.len >= 1 && label.len <= 3 && all(label, enr_is_digit) && value <= 255 &&
                    (label.len == 1 || label.ptr[0] != '0');
        if (!good || ++count > 4) {
            return false;
        }
    }
    return count == 4;
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
        size_t len = find(rest, ':');
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

static bool parse_port(enr_span_t digits, uint16_t *out_port)
{
    uint32_t port = 0;
    if (digits.len == 0 || digits.len > 5 || !all(digits, enr_is_digit)) {
        return false;
    }
    for (size_t i = 0; i < digits.len; i++) {
        port = port * 10 + (uint32_t)(digits.ptr[i] - '0');
    }
    *out_port = (uint16_t)port;
    return port >= 1 && port <= UINT16_MAX;
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
    size_t bracket = authority.len > 0 && authority.ptr[0] == '[' ? find(authority, ']') : 0;
    size_t colon = bracket + find(enr_span_slice(authority, bracket, authority.len), ':');
    url->port = 443;
    if (colon < authority.len && !parse_port(enr_span_slice(authority, colon + 1, authority.len), &url->port)) {
        return false;
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
    const enr_span_t scheme = ENR_SPAN("https://");
    *out_url = (enr_url_t){0};
    if (text.len > ENR_URL_MAX) {
        return ENR_E_LIMIT;
    }
    if (text.len < scheme.len || !enr_span_equal_ignore_case(enr_span_slice(text, 0, scheme.len), scheme) ||
        !all(text, is_allowed)) {
        return ENR_E_URL;
    }
    enr_span_t rest = enr_span_slice(text, scheme.len, text.len);
    rest = enr_span_slice(rest, 0, find(rest, '#'));
    size_t query = find(rest, '?');
    size_t slash = find(enr_span_slice(rest, 0, query), '/');
    if (!parse_authority(enr_span_slice(rest, 0, slash), out_url)) {
        return ENR_E_URL;
    }
    out_url->path_and_query = enr_span_slice(rest, slash, rest.len);
    out_url->path = enr_span_slice(rest, slash, query);
    return ENR_OK;
}
