/* url: what is taken apart, and what is refused. */
#include "enrich/limits.h"
#include "enrich/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define L63 "a23456789012345678901234567890123456789012345678901234567890123"
#define NAME_253                                                                                                       \
    L63 "." L63 "." L63 "."                                                                                            \
        "a234567890123456789012345678901234567890123456789012345678901"

static bool is(enr_span_t span, const char *text)
{
    return enr_span_equal(span, enr_span_from_str(text));
}

static enr_status_t parse(const char *text, size_t len, enr_url_t *out)
{
    enr_status_t status = enr_url_parse((enr_span_t){(const uint8_t *)text, len}, out);
    uint8_t *exact = test_malloc(len > 0 ? len : 1); /* once more, where a sanitizer sees an over-read */
    memcpy(exact, text, len);
    enr_url_t url;
    assert_int_equal(enr_url_parse((enr_span_t){exact, len}, &url), status);
    test_free(exact);
    return status;
}

/* RFC 3986 3 */
static void test_parts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        uint16_t port;
        const char *path_and_query, *path;
        bool is_ip;
    } ROWS[] = {
        {"https://h.example", "h.example", 443, "", "", false},
        {"https://h.example/", "h.example", 443, "/", "/", false},
        {"https://h.example/api/v2", "h.example", 443, "/api/v2", "/api/v2", false},
        {"https://h.example/a?b=c/d?e", "h.example", 443, "/a?b=c/d?e", "/a", false},
        {"https://h.example/a#b?c/d", "h.example", 443, "/a", "/a", false},
        {"https://h.example/a?b#c", "h.example", 443, "/a?b", "/a", false},
        {"https://h.example?b=/c", "h.example", 443, "?b=/c", "", false},
        {"https://h.example#a", "h.example", 443, "", "", false},
        {"https://h.example/a@b:c", "h.example", 443, "/a@b:c", "/a@b:c", false},
        {"HTTPS://H.Example/A", "H.Example", 443, "/A", "/A", false},
        {"https://h.example:8443/a", "h.example", 8443, "/a", "/a", false},
        {"https://h.example:1", "h.example", 1, "", "", false},
        {"https://h.example:65535?q", "h.example", 65535, "?q", "", false},
        {"https://h.example:00443/", "h.example", 443, "/", "/", false},
        {"https://localhost/", "localhost", 443, "/", "/", false},
        {"https://h.example./", "h.example.", 443, "/", "/", false},
        {"https://_dmarc.h-.example/", "_dmarc.h-.example", 443, "/", "/", false},
        {"https://1.2.3.4/", "1.2.3.4", 443, "/", "/", true},
        {"https://255.0.0.255:80/", "255.0.0.255", 80, "/", "/", true},
        {"https://[::1]/", "[::1]", 443, "/", "/", true},
        {"https://[2001:db8::1]:8443/a", "[2001:db8::1]", 8443, "/a", "/a", true},
        {"https://h.example/\xc3\xa9", "h.example", 443, "/\xc3\xa9", "/\xc3\xa9", false},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        enr_url_t url;
        assert_int_equal(parse(ROWS[i].text, strlen(ROWS[i].text), &url), ENR_OK);
        if (!is(url.host, ROWS[i].host) || url.port != ROWS[i].port ||
            !is(url.path_and_query, ROWS[i].path_and_query) || !is(url.path, ROWS[i].path) ||
            url.host_is_ip != ROWS[i].is_ip) {
            fail_msg("%s: host %.*s port %u", ROWS[i].text, (int)url.host.len, (const char *)url.host.ptr, url.port);
        }
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const ROWS[] = {
        "",
        "h.example",
        "//h.example/",
        "http://h.example/",
        "ftp://h.example/",
        "https:h.example",
        "https:/h.example",
        "https://",
        "https:///a",
        "https://?a",
        "https://#a",
        " https://h.example/",
        "https://h.example/ ",
        "https ://h.example/",
        /* user information: also what hides behind it */
        "https://u@h.example/",
        "https://u:p@h.example/",
        "https://@h.example/",
        "https://:@h.example/",
        "https://h.example@evil.example/",
        "https://h.example:443@evil.example/",
        "https://h.example%40evil.example/",
        /* ports */
        "https://h.example:/",
        "https://h.example:0/",
        "https://h.example:65536/",
        "https://h.example:4294967739/", /* 2^32 + 443 */
        "https://h.example:000443/",
        "https://h.example:+443/",
        "https://h.example:-1/",
        "https://h.example:0x1bb/",
        "https://h.example:443:443/",
        "https://h.example:44 3/",
        "https://:443/",
        /* hosts */
        "https://h..example/",
        "https://.h.example/",
        "https://h.example../",
        "https://./",
        "https://h%2eexample/",
        "https://h\xc3\xa9.example/",
        "https://h*.example/",
        "https://h,example/",
        "https://xn--/",
        "https://a.xn--.example/",
        "https://127.1/",
        "https://127.0.1/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://1.2.3.4./",
        "https://1.2.3.4.5/",
        "https://1.2.3.256/",
        "https://1.2.3.04/",
        "https://1.2.3.0x4/",
        "https://h.0x/",
        "https://h.1/",
        /* IPv6 literals */
        "https://[]/",
        "https://[/",
        "https://]/",
        "https://[::1/",
        "https://::1/",
        "https://[::1]a/",
        "https://[::1]:/",
        "https://[::1]]/",
        "https://[[::1]]/",
        "https://[:::]/",
        "https://[1::2::3]/",
        "https://[1:2:3:4:5:6:7]/",
        "https://[1:2:3:4:5:6:7:8:9]/",
        "https://[1:2:3:4:5:6:7:8::]/",
        "https://[::1:2:3:4:5:6:7:8]/",
        "https://[12345::]/",
        "https://[g::]/",
        "https://[1:]/",
        "https://[:1]/",
        "https://[1.2.3.4]/",
        "https://[::1.2.3]/",
        "https://[::1.2.3.256]/",
        "https://[::1.2.3.4:5]/",
        "https://[fe80::1%25eth0]/",
        "https://[v1.x]/",
        /* bytes that some take for another */
        "https://h.example\\@evil.example/",
        "https:\\\\h.example\\",
        "https://h.example/a\\b",
        "https://h.example/a b",
        "https://h.example/a\tb",
        "https://h.example/a\r\nX: y",
        "https://h.example/a?\n",
        "https://h.example/#\n",
        "https://h.example/\x7f",
        "https://h.exa\tmple/",
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        enr_url_t url;
        if (parse(ROWS[i], strlen(ROWS[i]), &url) != ENR_E_URL) {
            fail_msg("%s is taken", ROWS[i]);
        }
    }
    static const char NUL[] = "https://h.example\0.evil.example/";
    enr_url_t url;
    assert_int_equal(parse(NUL, sizeof NUL - 1, &url), ENR_E_URL);
    for (unsigned byte = 0; byte <= 0x20; byte++) { /* at every place */
        char text[] = "https://h.example:443/a?b#c";
        for (size_t at = 0; at < sizeof text - 1; at++) {
            char kept = text[at];
            text[at] = (char)byte;
            assert_int_equal(parse(text, sizeof text - 1, &url), ENR_E_URL);
            text[at] = kept;
        }
    }
}

static void test_ipv6(void **state)
{
    (void)state;
    static const char *const ROWS[] = {
        "::",   "1::",         "::1",       "1:2:3:4:5:6:7:8",     "1:2:3:4:5:6:7::",     "::2:3:4:5:6:7:8",
        "1::8", "FFFF:ffff::", "::1.2.3.4", "64:ff9b::192.0.2.33", "1:2:3:4:5:6:1.2.3.4", "::ffff:127.0.0.1"};
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char text[80];
        (void)snprintf(text, sizeof text, "https://[%s]:9/", ROWS[i]);
        enr_url_t url;
        if (parse(text, strlen(text), &url) != ENR_OK || !url.host_is_ip || url.port != 9) {
            fail_msg("%s is refused", text);
        }
        assert_int_equal(url.host.len, strlen(ROWS[i]) + 2);
        assert_false(enr_host_is_name(url.host));
    }
}

/* The limits exactly, and one over. */
static void test_limits(void **state)
{
    (void)state;
    enr_url_t url;
    char *text = test_malloc(ENR_URL_MAX + 1);
    memset(text, 'a', ENR_URL_MAX + 1);
    memcpy(text, "https://h.example/", 18);
    assert_int_equal(parse(text, ENR_URL_MAX, &url), ENR_OK);
    assert_int_equal(url.path.len, ENR_URL_MAX - 17);
    assert_int_equal(parse(text, ENR_URL_MAX + 1, &url), ENR_E_LIMIT);
    test_free(text);

    assert_int_equal(strlen(L63), 63);
    assert_int_equal(strlen(NAME_253), ENR_HOST_MAX);
    assert_true(enr_host_is_name(ENR_SPAN(L63)));
    assert_false(enr_host_is_name(ENR_SPAN(L63 "a")));
    assert_true(enr_host_is_name(ENR_SPAN("x." L63 ".y")));
    assert_false(enr_host_is_name(ENR_SPAN("x." L63 "a.y")));
    assert_true(enr_host_is_name(ENR_SPAN(NAME_253)));
    assert_false(enr_host_is_name(ENR_SPAN(NAME_253 "a")));
    assert_int_equal(parse("https://" NAME_253 "/", 8 + 253 + 1, &url), ENR_OK);
    assert_int_equal(parse("https://" NAME_253 "a/", 8 + 254 + 1, &url), ENR_E_URL);
    assert_int_equal(parse("https://" L63 "a/", 8 + 64 + 1, &url), ENR_E_URL);
}

/* DESIGN 7, behaviours 14: a host is a DNS name that a certificate can hold; every form that a resolver takes for an
 * address is none. */
static void test_host_is_name(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"a",
                                        "localhost",
                                        "h.example",
                                        "H.EXAMPLE",
                                        "a-b.c-d.example",
                                        "1.example",
                                        "3com.com",
                                        "xn--bcher-kva.example",
                                        "1.2.3.4a",
                                        "0x7f.example",
                                        "0xg",
                                        "a--b.c",
                                        "1-2",
                                        "127.0.0.1.example"};
    static const char *const OTHERS[] = {
        "",
        ".",
        "..",
        "h.example.",
        ".h.example",
        "h..example",
        "-h.example",
        "h-.example",
        "h.-example",
        "h.example-",
        "-",
        "_h.example",
        "h_h.example",
        "*.example",
        "h example",
        "h.example ",
        "h/example",
        "h:443",
        "u@h",
        "h\xc3\xa9",
        "h%20",
        "xn--",
        "h.xn--",
        "h\\h",
        /* what inet_aton and getaddrinfo take for an address */
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0X7F.1",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "0",
        "00",
        "0x",
        "0X",
        "1.2.3.4.",
        "1.2.3.4.5",
        "256.256.256.256",
        "1.2.3.0x4",
        "a.1",
        "a.0x1f",
        "a.0x",
        "99999999999999999999",
        "::1",
        "[::1]",
        "::ffff:127.0.0.1",
        "fe80::1%eth0",
        "[2001:db8::1]",
        "[v1.x]",
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (!enr_host_is_name(enr_span_from_str(NAMES[i]))) {
            fail_msg("%s is refused", NAMES[i]);
        }
    }
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
        if (enr_host_is_name(enr_span_from_str(OTHERS[i]))) {
            fail_msg("%s is taken for a name", OTHERS[i]);
        }
    }
    assert_false(enr_host_is_name((enr_span_t){NULL, 0}));
    for (unsigned byte = 0; byte < 256; byte++) { /* RFC 952, RFC 1123 2.1: letters, digits, hyphen; dots between */
        uint8_t text[] = {'a', (uint8_t)byte, 'z'};
        bool good = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
                    byte == '-' || byte == '.';
        assert_int_equal(enr_host_is_name((enr_span_t){text, 3}), good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),  cmocka_unit_test(test_refused),      cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_host_is_name),
    };
    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
