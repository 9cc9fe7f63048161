/* Addresses: e-mail, domains, LinkedIn profiles (domain 1.5, 1.6). */
#include "enrich/address.h"

#include "exact.h"

#include <stdio.h>

static bool is_text(enr_span_t span, const char *text)
{
    return enr_span_equal(span, enr_span_from_str(text));
}

static void emails(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *email;
    } cases[] = {
        {"t@acme.example", "t@acme.example"},
        {"Teodor <t@acme.example>", "t@acme.example"},
        {"mailto:t@acme.example?subject=x@y.z", "t@acme.example"},
        {"a@b t@acme.example", "t@acme.example"},
        {"t.l+x_y%z'!#$&~-1@acme.example.", "t.l+x_y%z'!#$&~-1@acme.example"},
        {"é@acme.example", "é@acme.example"},
        {"t@räksmörgås.example", "t@räksmörgås.example"},
        {"t@acme", ""},
        {"t@-acme.example", ""},
        {"t@acme..example", ""},
        {".t@acme.example", ""},
        {"t.@acme.example", ""},
        {"t@127.0.0.1", ""},
        {"t@[127.0.0.1]", ""},
        {"@acme.example", ""},
        {"t@", ""},
        {"@", ""},
        {"", ""},
        {"\x80@acme.example", ""},
        {"t\xC2\x85@acme.example", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enr_span_t text = exact(cases[i].text, strlen(cases[i].text));
        enr_span_t email = enr_email_find(text);
        if (!is_text(email, cases[i].email)) {
            fail_msg("%s gave %.*s", cases[i].text, (int)email.len, (const char *)email.ptr);
        }
        drop(text);
    }
}

static void domains(void **state)
{
    (void)state;
    static const struct {
        const char *text; /* an address when it holds '@' and no "//" */
        const char *others;
        const char *domain;
    } cases[] = {
        {"t@acme.example", "", "acme.example"},
        {"t@Acme.Example", "", "Acme.Example"},
        {"t@gmail.com", "", ""},
        {"t@mail.gmail.com", "", ""},
        {"t@GMAIL.COM", "", ""},
        {"t@notgmail.com", "", "notgmail.com"},
        {"t@gmail.com.acme.example", "", "gmail.com.acme.example"},
        {"t@yahoo.co.jp", "", ""},
        {"t@yahoo.com.br", "", ""},
        {"t@yahoo.example", "", "yahoo.example"},
        {"t@myyahoo.com", "", "myyahoo.com"},
        {"t@acme.example", "other.example acme.example", ""},
        {"t@sub.acme.example", "acme.example", ""},
        {"t@acme.example", "sub.acme.example", "acme.example"},
        {"t@acme.example", " ", "acme.example"},
        {"", "", ""},
        {"https://www.acme.example/x", "", "acme.example"},
        {"https://u:p@www.acme.example:8443/x", "", "acme.example"},
        {"//acme.example", "", "acme.example"},
        {"acme.example?x", "", "acme.example"},
        {"www.acme.example", "", "acme.example"},
        {"https://www.com", "", "www.com"},
        {"https://www.linkedin.com/in/x", "", ""},
        {"https://bit.ly/x", "", ""},
        {"https://docs.google.com/x", "", ""},
        {"https://google.com/x", "", "google.com"},
        {"https://web.de", "", ""},
        {"https://app.event.example/", "event.example", ""},
        {"https://192.0.2.1/", "", ""},
        {"https://[2001:db8::1]/", "", ""},
        {"https://localhost/", "", ""},
        {"https:///x", "", ""},
        {"https://acme.example\\@evil.example/", "", "acme.example"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enr_span_t text = exact(cases[i].text, strlen(cases[i].text));
        enr_span_t others = exact(cases[i].others, strlen(cases[i].others));
        bool is_url = strstr(cases[i].text, "//") != NULL || strchr(cases[i].text, '@') == NULL;
        enr_span_t domain = is_url ? enr_domain_of_url(text, others) : enr_domain_of_email(text, others);
        if (!is_text(domain, cases[i].domain)) {
            fail_msg("%s gave %.*s", cases[i].text, (int)domain.len, (const char *)domain.ptr);
        }
        drop(others);
        drop(text);
    }
}

static void urls(void **state)
{
    (void)state;
    assert_true(enr_url_begins(ENR_SPAN("https://x")) && enr_url_begins(ENR_SPAN("//x")));
    assert_true(enr_url_begins(ENR_SPAN("otpauth-migration://x")) && enr_url_begins(ENR_SPAN("WWW.x")));
    assert_false(enr_url_begins(ENR_SPAN("mailto:x")) || enr_url_begins(ENR_SPAN("x y://z")) ||
                 enr_url_begins(ENR_SPAN("")) || enr_url_begins(ENR_SPAN("https:/x")));
    assert_true(is_text(enr_host_of_url(ENR_SPAN("https://a@b@c.example:80/d@e")), "c.example"));
    assert_int_equal(enr_host_of_url(ENR_SPAN("")).len, 0);
}

/* domain 1.6.6 */
static void linkedin_canonical(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *slug; /* NULL: not a profile */
    } cases[] = {
        {"https://www.linkedin.com/in/teodor", "teodor"},
        {"  https://www.linkedin.com/in/teodor/ \r\n", "teodor"},
        {"http://linkedin.com/in/teodor?trk=x", "teodor"},
        {"//fr.linkedin.com/in/teodor#x", "teodor"},
        {"linkedin.com/in/teodor/de", "teodor"},
        {"ANY://M.LinkedIn.Com:8443/IN/Teodor-L%C3%b6v/detail/contact-info/", "Teodor-L%C3%b6v"},
        {"https://www.linkedin.com//in//teodor", "teodor"},
        {"https://www.linkedin.com/in/in%C3%A8s-1a2b3c", "in%C3%A8s-1a2b3c"},
        {"https://www.linkedin.com/in/inès", "inès"},
        {"https://www.linkedin.com/in/日本", "日本"},
        {"https://sy.linkedin.com/pub/krzysztof-example/a7/576/b50?trk=x", "krzysztof-example-b50576a7"},
        {"https://uk.linkedin.com/pub/teodor-example/100/384/6b0", "teodor-example-6b0384100"},
        {"https://uk.linkedin.com/pub/teodor-example/1/23/4/de", "teodor-example-0040231"},
        {"https://www.linkedin.com/pub/teodor", "teodor"},
        {"", NULL},
        {"teodor", NULL},
        {"https://www.linkedin.com", NULL},
        {"https://www.linkedin.com/in", NULL},
        {"https://www.linkedin.com/in/", NULL},
        {"https://www.linkedin.com/in/?x=teodor", NULL},
        {"https://www.linkedin.com/in?x=/in/teodor", NULL},
        {"https://www.linkedin.com/company/acme", NULL},
        {"https://www.linkedin.com/sales/people/ACo", NULL},
        {"https://www.linkedin.com/feed/", NULL},
        {"https://www.linkedin.com/pub/dir/Teodor/Lindqvist", NULL},
        {"https://www.linkedin.com/pub/teodor/1/2", NULL},
        {"https://www.linkedin.com/pub/teodor/1/2/xyz", NULL},
        {"https://www.linkedin.com/pub/teodor/1/2/1234", NULL},
        {"https://lnkd.in/teodor", NULL},
        {"https://acme.example/in/teodor", NULL},
        {"https://notlinkedin.com/in/teodor", NULL},
        {"https://linkedin.com.acme.example/in/teodor", NULL},
        {"https://www.linkedin.com@acme.example/in/teodor", NULL},
        {"https://x@www.linkedin.com/in/teodor", NULL},
        {"https://acme.example/?u=https://www.linkedin.com/in/teodor", NULL},
        {"https://www.linkedin.com\\@acme.example/in/teodor", NULL},
        {"https://.linkedin.com/in/teodor", NULL},
        {"https://www.linkedin.com./in/teodor", NULL},
        {"https://www.linkedin.com/in/teo dor", NULL},
        {"https://www.linkedin.com/in/teo\"dor", NULL},
        {"https://www.linkedin.com/in/teo%2", NULL},
        {"https://www.linkedin.com/in/teo%zz", NULL},
        {"https://www.linkedin.com/in/teo%z2", NULL},
        {"https://www.linkedin.com/in/teo%2z", NULL},
        {"https://www.linkedin.com/in/..", NULL},
        {"https://www.linkedin.com/in/teo\ndor", NULL},
        {"https://www.linkedin.com/in/teo\xFF", NULL},
        {"https://www.linkedin.com/in/teo\xC2\x85", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t room[128];
        enr_buffer_t out = enr_buffer_over(room, sizeof room);
        enr_buffer_append_byte(&out, '>');
        enr_span_t text = enr_span_from_str(cases[i].text);
        uint8_t *exact = malloc(text.len > 0 ? text.len : 1);
        assert_non_null(exact);
        memcpy(exact, text.ptr, text.len);
        enr_status_t status = enr_linkedin_canonical((enr_span_t){exact, text.len}, &out);
        char want[128] = ">";
        if (cases[i].slug != NULL) {
            (void)snprintf(want, sizeof want, ">https://www.linkedin.com/in/%s", cases[i].slug);
        }
        if (status != (cases[i].slug != NULL ? ENR_OK : ENR_E_URL) ||
            !enr_span_equal(enr_buffer_span(&out), enr_span_from_str(want))) {
            fail_msg("%s\nbecame %.*s", cases[i].text, (int)out.len, (const char *)out.ptr);
        }
        free(exact);
    }
}

static void linkedin_room(void **state)
{
    (void)state;
    uint8_t room[64];
    const enr_span_t text = ENR_SPAN("linkedin.com/pub/teodor/1/2/3");
    const enr_span_t want = ENR_SPAN("https://www.linkedin.com/in/teodor-0030021");
    for (size_t size = 0; size <= want.len + 1; size++) {
        enr_buffer_t out = enr_buffer_over(room, size);
        bool fits = size >= want.len;
        assert_int_equal(enr_linkedin_canonical(text, &out), fits ? ENR_OK : ENR_E_LIMIT);
        assert_true(out.full == !fits);
        assert_true(enr_span_equal(enr_buffer_span(&out), fits ? want : ENR_SPAN("")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(emails),        cmocka_unit_test(domains),
        cmocka_unit_test(urls),          cmocka_unit_test(linkedin_canonical),
        cmocka_unit_test(linkedin_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
