/* Badges to fields: tables of payloads with all that must come out, the traps of domain 1.7 among them; then the same
   payloads cut at every byte and mutated at random. */
#include "enrich/badge.h"

#include "enrich/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enr_badge_t badge;
static uint8_t *payload; /* exactly as large as what is read, so that the sanitizer sees an over-read */

static enr_status_t read_bytes(const void *bytes, size_t len)
{
    free(payload);
    payload = malloc(len > 0 ? len : 1);
    assert_non_null(payload);
    memcpy(payload, bytes, len);
    memset(&badge, 0xA5, sizeof badge); /* nothing may be left unset */
    return enr_badge_read((enr_span_t){len > 0 ? payload : NULL, len}, NULL, &badge);
}

static int release(void **state)
{
    (void)state;
    free(payload);
    payload = NULL;
    return 0;
}

static void add(char *out, size_t size, const char *name, enr_span_t value)
{
    size_t len = strlen(out);
    if (value.len > 0) {
        (void)snprintf(out + len, size - len, " %s=[%.*s]", name, (int)value.len, (const char *)value.ptr);
    }
}

/* All that a badge says, as words. */
static const char *words(void)
{
    static char out[8192];
    (void)snprintf(out, sizeof out, "%s", enr_badge_kind_name(badge.kind));
    add(out, sizeof out, "first", badge.contact.firstname);
    add(out, sizeof out, "last", badge.contact.lastname);
    add(out, sizeof out, "company", badge.contact.company_name);
    add(out, sizeof out, "domain", badge.contact.domain);
    add(out, sizeof out, "linkedin", badge.contact.linkedin_url);
    add(out, sizeof out, "email", badge.email);
    add(out, sizeof out, "phone", badge.phone);
    add(out, sizeof out, "title", badge.title);
    add(out, sizeof out, "id", badge.attendee_id);
    size_t len = strlen(out);
    (void)snprintf(out + len, sizeof out - len, " %s%s%s%s", badge.enrichable & ENR_TYPE_EMAIL ? "+email" : "",
                   badge.enrichable & ENR_TYPE_PHONE ? "+phone" : "",
                   badge.enrichable & ENR_TYPE_PERSONAL_EMAIL ? "+personal_email" : "",
                   badge.reason != NULL ? badge.reason : "");
    return out;
}

typedef struct {
    const char *bytes;
    size_t len;
    const char *words;
} row_t;

#define ROW(bytes, words)                                                                                              \
    {                                                                                                                  \
        bytes, sizeof(bytes) - 1, words                                                                                \
    }

/* The properties of a card in its frame: vCard 3.0 unless it says otherwise. */
#define CARD(lines) "BEGIN:VCARD\r\nVERSION:3.0\r\n" lines "END:VCARD\r\n"
#define CARD_21(lines) "BEGIN:VCARD\r\nVERSION:2.1\r\n" lines "END:VCARD\r\n"
#define TEODOR "N:Lindqvist;Teodor;;;\r\n"
#define NAMED "vcard first=[Teodor] last=[Lindqvist]"

static const row_t kinds[] = {
    ROW("000012", "id id=[000012] opaque_id"),
    ROW("SBpax001\r\n", "id id=[SBpax001] opaque_id"),
    ROW("\x00\x02 aB0/+x==\x03", "id id=[aB0/+x==] opaque_id"),
    ROW("\xEF\xBB\xBFSB1", "id id=[SB1] opaque_id"),
    ROW("M\xFCller-7", "id id=[Müller-7] opaque_id"),
    ROW("x\x81y", "id opaque_id"), /* not UTF-8, and 81 is no character of Windows-1252 */
    ROW("https://show.event.example/t/at/9f3c/", "url url_only"),
    ROW("HTTP://SHOW.EVENT.EXAMPLE/", "url url_only"),
    ROW("www.acme.example", "url url_only"),
    ROW("otpauth://totp/x?secret=ABC", "url url_only"),
    ROW("https://www.linkedin.com/company/acme/", "url url_only"),
    ROW("https://lnkd.in/abc", "url url_only"),
    ROW("linkedin.com/in/Teodor-L%C3%B6v", "linkedin linkedin=[https://www.linkedin.com/in/Teodor-L%C3%B6v] no_name"),
    ROW("HTTPS://SE.LINKEDIN.COM/IN/TEODOR\r\n", "linkedin linkedin=[https://www.linkedin.com/in/TEODOR] no_name"),
    ROW("teodor@acme.example", "email domain=[acme.example] email=[teodor@acme.example] no_name"),
    ROW("mailto:teodor@ACME.example?subject=hi", "email domain=[acme.example] email=[teodor@ACME.example] no_name"),
    ROW("teodor@gmail.com", "email email=[teodor@gmail.com] no_name"),
    ROW("mailto:", "id id=[mailto:] opaque_id"),
    ROW("Teodor Lindqvist", "text no_name"),
    ROW("Teodor t@gmail.com t@icloud.com", "text email=[t@gmail.com] no_name"),
    ROW("AieshaAaronson_DanubePartner^2427", "text no_name"),
    ROW("Lindqvist,Teodor,Acme", "text no_name"),
    ROW("|Teodor", "text no_name"),
    ROW("WIFI:S:hall;T:WPA;P:secret;;", "text no_name"),
    ROW("17\tTeodor\tt@gmail.com\tt@acme.example", "text domain=[acme.example] email=[t@acme.example] no_name"),
    ROW("17|Teodor|Lindqvist|t@acme.example|https://www.linkedin.com/in/teodor/",
        "text domain=[acme.example] linkedin=[https://www.linkedin.com/in/teodor] email=[t@acme.example] no_name"),
    ROW("see LinkedIn:linkedin.com/in/teodor, (t@acme.example).",
        "text domain=[acme.example] linkedin=[https://www.linkedin.com/in/teodor] email=[t@acme.example] no_name"),
    ROW("h(\xC2\x8Dt@acme.example", "text no_name"), /* C1 */
    ROW("BEGIN:VCALENDAR\nEND:VCALENDAR", "text no_name"),
    ROW("\xFF\xFE"
        "B\0E\0G\0I\0N\0",
        "text no_name"), /* UTF-16 */
};

/* Names: domain 1.6.1, 1.6.2. */
static const row_t names[] = {
    ROW(CARD("N:Lindqvist;Teodor;Karl;Dr.;PhD\r\nFN:Dr. T. K. Lindqvist\r\n"), NAMED " no_company"),
    ROW(CARD("N:Lindqvist;Teodor\r\n"), NAMED " no_company"),
    ROW(CARD("N:Lindqvist;Teodor;;;;;;;;;;\r\n"), NAMED " no_company"),
    ROW(CARD("n:Lindqvist;Teodor\r\n"), NAMED " no_company"),
    ROW(CARD("N:;;;;\r\n" TEODOR "N:Second;Name\r\n"), NAMED " no_company"),
    ROW(CARD("N:Lindqvist,Varga;Teodor,Karl;;;\r\n"), NAMED " no_company"),
    ROW(CARD("N:Lindqvist\\, Jr.;Teodor;;;\r\n"), NAMED " no_company"),
    ROW(CARD("FN:Teodor Lindqvist\r\n"), NAMED " no_company"),
    ROW(CARD("N:;;;;\r\nFN:Lindqvist\\, Teodor\r\n"), NAMED " no_company"),
    ROW(CARD("FN:Lindqvist, Dr. Teodor, PhD\r\n"), NAMED " no_company"),
    ROW(CARD("FN:Prof. Dr. Teodor Lindqvist, M.D., Ph.D.\r\n"), NAMED " no_company"),
    ROW(CARD("FN:Teodor Lindqvist III\r\n"), NAMED " no_company"),
    ROW(CARD("FN:Ing. Teodor Lindqvist\r\n"), NAMED " no_company"),
    ROW(CARD("FN:Ing Wei Tan\r\n"), "vcard first=[Ing Wei] last=[Tan] no_company"),
    ROW(CARD("FN:Teodor Karl Lindqvist\r\n"), "vcard first=[Teodor Karl] last=[Lindqvist] no_company"),
    ROW(CARD("FN:Ludwig van der Berg\r\n"), "vcard first=[Ludwig] last=[van der Berg] no_company"),
    ROW(CARD("FN:Maria De La Cruz\r\n"), "vcard first=[Maria] last=[De La Cruz] no_company"),
    ROW(CARD("FN:Van Morrison\r\n"), "vcard first=[Van] last=[Morrison] no_company"),
    ROW(CARD("FN:van der Berg\r\n"), "vcard last=[van der Berg] no_firstname"),
    ROW(CARD("FN:Teodor\r\n"), "vcard first=[Teodor] no_lastname"),
    ROW(CARD("FN:Dr. Lindqvist\r\n"), "vcard last=[Lindqvist] no_firstname"),
    ROW(CARD("FN:山田 太郎\r\n"), "vcard first=[山田 太郎] no_lastname"),
    ROW(CARD("FN:Jr.\r\n"), "vcard first=[Jr.] no_lastname"),
    ROW(CARD("FN:teodor@acme.example\r\n"), "vcard no_name"),
    /* the whole name in one slot (domain 1.7) */
    ROW(CARD("N:Teodor Lindqvist;;;;\r\nFN:Teodor Lindqvist\r\n"), NAMED " no_company"),
    ROW(CARD("N:;Teodor Lindqvist;;;\r\n"), NAMED " no_company"),
    ROW(CARD("N:Teodor Lindqvist\r\n"), NAMED " no_company"),
    ROW(CARD("N:Lindqvist, Teodor\r\n"), NAMED " no_company"),
    ROW(CARD("N:Lindqvist;;;;\r\nFN:Teodor Lindqvist\r\n"), NAMED " no_company"),
    ROW(CARD("N:Castellanos Ruiz;;;;\r\nFN:Dr. Odalys Castellanos Ruiz\r\n"),
        "vcard first=[Odalys] last=[Castellanos Ruiz] no_company"),
    ROW(CARD("N:Lindqvist;;;;\r\n"), "vcard last=[Lindqvist] no_firstname"),
    ROW(CARD("N:;Teodor;;;\r\n"), "vcard first=[Teodor] no_lastname"),
    ROW(CARD("N:Lindqvist;;;;\r\nFN:Lindqvist\r\n"), "vcard last=[Lindqvist] no_firstname"),
    ROW(CARD("N:Lindqvist\\;Teodor\\;\\;\\;;;;;\r\n"), NAMED " no_company"), /* over-escaped */
    ROW(CARD("N:;;;;\r\n"), "vcard no_name"),
    /* a company, no person (domain 1.6.3) */
    ROW(CARD("FN:Acme\r\nORG:Acme\r\n"), "vcard company=[Acme] no_name"),
    ROW(CARD("KIND:org\r\nFN:Acme Example\r\n"), "vcard company=[Acme Example] no_name"),
    ROW(CARD("X-ABShowAs:COMPANY\r\nN:X;Y\r\nORG:Acme\r\n"), "vcard company=[Acme] no_name"),
    ROW(CARD("KIND:individual\r\n" TEODOR), NAMED " no_company"),
};

/* vCard syntax: domain 1.2 and 1.7. */
static const row_t syntax[] = {
    ROW("BEGIN:VCARD", "vcard no_name"),
    ROW("begin:vcard\nn:Lindqvist;Teodor\norg:Acme\nend:vcard", NAMED " company=[Acme] +email"),
    ROW(" \r\nBEGIN:VCARD\rVERSION:3.0\rN:Lindqvist;Teodor\rORG:Acme\rEND:VCARD\r", NAMED " company=[Acme] +email"),
    ROW("BEGIN:VCARD\r\nN:Lindqvist;Teodor\r\nORG:Acme", NAMED " company=[Acme] +email"), /* no VERSION, no END */
    /* folds: CRLF and space, LF and TAB, CRCRLF, one byte a line, in a name, in a parameter, in a character */
    ROW(CARD("N:Lind\r\n qvist;Teo\n\tdor\r\nORG:Ac\r\r\n me\r\n"), NAMED " company=[Acme] +email"),
    ROW(CARD("N\r\n :\r\n L\r\n i\r\n n\r\n d\r\n q\r\n v\r\n i\r\n s\r\n t\r\n ;\r\n T\r\n e\r\n o\r\n d\r\n o\r\n "
             "r\r\n"),
        NAMED " no_company"),
    ROW(CARD("N;CHAR\r\n SET=UT\r\n F-8:Lindqvist;In\xC3\r\n \xA8s\r\n"),
        "vcard first=[Inès] last=[Lindqvist] no_company"),
    ROW(CARD("FN:Teodor \r\n Lindqvist\r\n"), NAMED " no_company"), /* the white space before the fold stays */
    ROW(CARD(TEODOR "\r\n\r\n# comment\r\nno colon; here\r\nORG:Acme\r\n"), NAMED " company=[Acme] +email"),
    ROW(CARD("item1.N:Lindqvist;Teodor\r\nitem2.ORG:Acme\r\nitem2.X-ABLabel:x\r\n"), NAMED " company=[Acme] +email"),
    /* escapes: 3.0 and 4.0, then 2.1, which knows "\;" only */
    ROW(CARD("FN:A\\, B\r\nORG:A\\;B\\\\C\\nD\\:E;Unit\r\n"), "vcard first=[B] last=[A] company=[A;B\\C D:E] +email"),
    ROW(CARD("ORG:Acme, Inc.;\r\n"), "vcard company=[Acme, Inc.] no_name"),
    ROW(CARD_21("ORG:A\\;B\\,C\\nD;Unit\r\n"), "vcard company=[A;B\\,C\\nD] no_name"),
    ROW(CARD("TITLE:Head\\Nof; all, things\r\n"), "vcard title=[Head of; all, things] no_name"),
    ROW(CARD("ORG:\\, Acme\\\r\n"), "vcard company=[, Acme] no_name"), /* a backslash before the line end */
    /* parameters */
    ROW(CARD("ORG;SORT-AS=\"A:B;C,D\":Acme\r\n"), "vcard company=[Acme] no_name"),
    ROW(CARD("ORG;X=\"a\";Y=b;Z:Acme: East\r\n"), "vcard company=[Acme: East] no_name"),
    ROW(CARD("ORG;X=\"a:Acme\r\nTITLE:Boss\r\n"), "vcard title=[Boss] no_name"), /* unclosed quote */
    ROW(CARD("ORG:One\r\nORG;PREF=1:Two\r\nORG;TYPE=PREF:Three\r\n"), "vcard company=[Two] no_name"),
    ROW(CARD("ORG;PREF=50:One\r\nORG;PREF=2:Two\r\nORG;PREF=0:Three\r\nORG;PREF=1x:Four\r\n"),
        "vcard company=[Two] no_name"),
    ROW(CARD("ORG;PREF=100:One\r\nORG;PREF=1x:Two\r\nORG;PREF=0001:Three\r\nORG:Four\r\n"),
        "vcard company=[One] no_name"),
    ROW(CARD("ORG:\r\nORG:;Unit\r\nORG:Acme\r\n"), "vcard company=[Acme] no_name"),
    ROW(CARD("TEL;TYPE=\"work,fax\":1\r\nTEL;CELL:2\r\nTEL;WORK;VOICE:3\r\nTEL;PAGER;WORK:4\r\n"),
        "vcard phone=[3] no_name"),
    ROW(CARD("TEL;VALUE=uri:tel:+46-70-1740605\r\n"), "vcard phone=[+46-70-1740605] no_name"),
    ROW(CARD("NOTE;ENCODING=b:Tk9URQ==\r\nTITLE;ENCODING=BASE64:Qm9zcw==\r\n"), "vcard no_name"),
    ROW(CARD("UID:urn:uuid:1-2-3\r\n"), "vcard id=[urn:uuid:1-2-3] no_name"),
    /* cards in cards, and more than one (domain 1.6.3) */
    ROW(CARD_21("AGENT:\r\nBEGIN:VCARD\r\nN:X;Y\r\nEND:VCARD\r\n" TEODOR), NAMED " no_company"),
    ROW(CARD_21("AGENT:BEGIN:VCARD\r\nN:X;Y\r\nEND:VCARD\r\n" TEODOR), NAMED " no_company"),
    ROW(CARD("AGENT:BEGIN:VCARD\\nN:X;Y\\nEND:VCARD\\n\r\n" TEODOR), NAMED " no_company"),
    ROW(CARD(TEODOR "NOTE:BEGIN:VCARD\r\n") CARD("ORG:Second\r\n"), NAMED " no_company"),
    ROW(CARD(TEODOR "PHOTO;ENCODING=b:AAAA\r\n N:X;Y\r\n ORG:Z\r\n"), NAMED " no_company"),
    /* NUL and control characters */
    ROW(CARD("N:Lind\0qvist;\x01Teodor\x7F\r\n"), "vcard first=[Teodor] last=[Lind qvist] no_company"),
};

/* Quoted-printable and charsets: domain 1.2, 1.6.8, 1.7. */
static const row_t encodings[] = {
    ROW(CARD_21("N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Okonkwo=2DVarga;In=C3=A8s\r\n"),
        "vcard first=[Inès] last=[Okonkwo-Varga] no_company"),
    ROW(CARD_21("N;QUOTED-PRINTABLE:Okonkwo-Varga;In=C3=\r\n=A8s\r\n"),
        "vcard first=[Inès] last=[Okonkwo-Varga] no_company"),
    ROW(CARD_21("N;QUOTED-PRINTABLE:Lind=\n qvist;=54=65=6f=64=6F=72\r\n"), NAMED " no_company"),
    ROW(CARD_21("ORG;QUOTED-PRINTABLE:A=5C;B=3DC=ZZ=4;Unit=\r\n s\r\n"), "vcard company=[A;B=C=ZZ=4] no_name"),
    ROW("BEGIN:VCARD\nVERSION:2.1\nORG;QUOTED-PRINTABLE:Acme=", "vcard company=[Acme] no_name"),
    ROW(CARD_21("TITLE;QUOTED-PRINTABLE:a=0D=0Ab=\r\n\r\nORG:Acme\r\n"), "vcard company=[Acme] title=[a  b] no_name"),
    ROW(CARD("TITLE:=C3=A8\r\n"), "vcard title=[=C3=A8] no_name"), /* not declared: literal */
    ROW(CARD_21("N:M\xFCller;In\xE8s\r\n"), "vcard first=[Inès] last=[Müller] no_company"),
    ROW(CARD_21("N;CHARSET=ISO-8859-1:M\xFCller;In\xC3\xA8s\r\n"), "vcard first=[Inès] last=[Müller] no_company"),
    ROW(CARD_21("ORG;CHARSET=WINDOWS-1252;QUOTED-PRINTABLE:=80 =96 =9F\r\n"), "vcard company=[€ – Ÿ] no_name"),
    ROW(CARD_21("ORG:A\x81z\r\nTITLE:Boss\r\n"), "vcard title=[Boss] no_name"), /* dropped alone */
    ROW(CARD_21("ORG;CHARSET=SHIFT_JIS:\x83\x5C\x83\x6A\x81\x5B\r\nTITLE;CHARSET=SHIFT_JIS:Boss\r\n" TEODOR),
        NAMED " title=[Boss] no_company"),
    ROW(CARD("ORG:\xC0\xAF\xED\xA0\x80\r\nTITLE:\xF4\x8F\xBF\xBF\r\n"), /* overlong, surrogate; U+10FFFF is good */
        "vcard company=[À¯í\xC2\xA0€] title=[\xF4\x8F\xBF\xBF] no_name"),
    ROW(CARD("ORG:a\xC2\x85z\r\nTITLE:Boss\r\n"), "vcard title=[Boss] no_name"), /* C1 */
};

/* E-mail, domain and LinkedIn: domain 1.5, 1.6.4 to 1.6.6. */
static const row_t addresses[] = {
    ROW(CARD("EMAIL;TYPE=PREF:t@gmail.com\r\nEMAIL:t@acme.example\r\n"),
        "vcard domain=[acme.example] email=[t@acme.example] no_name"),
    ROW(CARD("EMAIL:a@acme.example\r\nEMAIL;PREF=1:b@acme.example\r\nEMAIL;TYPE=work:c@acme.example\r\n"),
        "vcard domain=[acme.example] email=[c@acme.example] no_name"),
    ROW(CARD("EMAIL:a@acme.example\r\nEMAIL:b@other.example\r\n"),
        "vcard domain=[acme.example] email=[a@acme.example] no_name"),
    ROW(CARD("EMAIL:t@gmail.com\r\nURL:https://acme.example\r\n"),
        "vcard domain=[acme.example] email=[t@gmail.com] no_name"),
    ROW(CARD("EMAIL:mailto:t@acme.example\r\n"), "vcard domain=[acme.example] email=[t@acme.example] no_name"),
    ROW(CARD("EMAIL:Teodor <t@acme.example>\r\n"), "vcard domain=[acme.example] email=[t@acme.example] no_name"),
    ROW(CARD("EMAIL:t@räksmörgås.example\r\n"),
        "vcard domain=[räksmörgås.example] email=[t@räksmörgås.example] no_name"),
    ROW(CARD("EMAIL:t@localhost\r\nEMAIL:@acme.example\r\nEMAIL:t@\r\nEMAIL:t@127.0.0.1\r\nEMAIL:.@a.b\r\n"),
        "vcard no_name"),
    ROW(CARD("EMAIL:x@y@acme.example\r\n"), "vcard domain=[acme.example] email=[y@acme.example] no_name"),
    /* whole labels */
    ROW(CARD("EMAIL:t@notgmail.com\r\n"), "vcard domain=[notgmail.com] email=[t@notgmail.com] no_name"),
    ROW(CARD("EMAIL:t@gmail.com.acme.example\r\n"),
        "vcard domain=[gmail.com.acme.example] email=[t@gmail.com.acme.example] no_name"),
    ROW(CARD("EMAIL:t@Yahoo.co.UK\r\n"), "vcard email=[t@Yahoo.co.UK] no_name"),
    ROW(CARD("EMAIL:t@yahoo.example\r\n"), "vcard domain=[yahoo.example] email=[t@yahoo.example] no_name"),
    ROW(CARD("EMAIL:t@mail.gmail.com\r\n"), "vcard email=[t@mail.gmail.com] no_name"),
    /* the company's page */
    ROW(CARD("URL:http\\://www.ACME.example/x\r\n"), "vcard domain=[acme.example] no_name"),
    ROW(CARD("URL:acme.example\r\n"), "vcard domain=[acme.example] no_name"),
    ROW(CARD("URL:https://u:p@www.acme.example:8443?x#y\r\n"), "vcard domain=[acme.example] no_name"),
    ROW(CARD("URL:https://acme.example@evil.example/\r\n"), "vcard domain=[evil.example] no_name"),
    ROW(CARD("URL:https://www.facebook.com/acme\r\nURL:https://bit.ly/x\r\nURL:http://10.0.0.1/\r\n"
             "URL:http://[::1]/\r\nURL:https://localhost/\r\nURL:https://web.de\r\nURL:https://acme.example\r\n"),
        "vcard domain=[acme.example] no_name"),
    ROW(CARD("URL:https://a.example\r\nURL;TYPE=WORK:https://b.example\r\n"), "vcard domain=[b.example] no_name"),
    ROW(CARD("URL:https://www.com\r\n"), "vcard domain=[www.com] no_name"),
    /* LinkedIn carriers (domain 1.2) */
    ROW(CARD("item1.URL:https://www.linkedin.com/in/teodor/\r\n" TEODOR),
        NAMED " linkedin=[https://www.linkedin.com/in/teodor] +phone+personal_email"),
    ROW(CARD("X-SOCIALPROFILE;type=linkedin;x-user=teodor:http://se.linkedin.com/in/teodor\r\n"),
        "vcard linkedin=[https://www.linkedin.com/in/teodor] no_name"),
    ROW(CARD("X-SOCIALPROFILE;type=linkedin;x-user=teodor:x-apple:teodor\r\n"), "vcard no_name"),
    ROW(CARD("SOCIALPROFILE;SERVICE-TYPE=LinkedIn:https://linkedin.com/in/teodor\r\n"),
        "vcard linkedin=[https://www.linkedin.com/in/teodor] no_name"),
    ROW(CARD("IMPP;X-SERVICE-TYPE=LinkedIn:https://linkedin.com/in/teodor\r\n"),
        "vcard linkedin=[https://www.linkedin.com/in/teodor] no_name"),
    ROW(CARD("X-LINKEDIN:linkedin.com/in/teodor\r\n"), "vcard linkedin=[https://www.linkedin.com/in/teodor] no_name"),
    ROW(CARD("NOTE:Hall 4\\, LinkedIn: www.link\r\n edin.com/in/teodor.\\nx@y.example\r\n"),
        "vcard linkedin=[https://www.linkedin.com/in/teodor] no_name"),
    ROW(CARD("URL:https://www.linkedin.com/company/acme\r\nURL:https://www.linkedin.com/in/teodor\r\n"
             "URL:https://www.linkedin.com/in/second\r\n"),
        "vcard linkedin=[https://www.linkedin.com/in/teodor] no_name"),
    ROW(CARD(TEODOR "EMAIL:t@gmail.com\r\n"), NAMED " email=[t@gmail.com] no_company"),
};

/* domain 1.3 */
static const row_t mecards[] = {
    ROW("MECARD:N:Lindqvist,Teodor;ORG:Acme;EMAIL:t@acme.example;TEL:+461;TITLE:Boss;UID:007;;",
        "mecard first=[Teodor] last=[Lindqvist] company=[Acme] domain=[acme.example] email=[t@acme.example] "
        "phone=[+461] title=[Boss] id=[007] +email"),
    ROW("mecard:n:Lindqvist,Teodor;org:Acme", "mecard first=[Teodor] last=[Lindqvist] company=[Acme] +email"),
    ROW("MECARD:N:Teodor Lindqvist;", "mecard first=[Teodor] last=[Lindqvist] no_company"),
    ROW("MECARD:N:Lindqvist\\,Teodor;", "mecard first=[Teodor] last=[Lindqvist] no_company"),
    ROW("MECARD:N:Lindqvist,Teodor,Karl;", "mecard first=[Teodor] last=[Lindqvist] no_company"),
    ROW("MECARD:N:Teodor;;", "mecard last=[Teodor] no_firstname"),
    ROW("MECARD:ORG:A\\;B\\:C\\\\D\\,E\\nF;", "mecard company=[A;B:C\\D,EnF] no_name"),
    ROW("MECARD:URL:https://www.linkedin.com/in/teodor;N:Lindqvist,Teodor;;",
        "mecard first=[Teodor] last=[Lindqvist] linkedin=[https://www.linkedin.com/in/teodor] +phone+personal_email"),
    ROW("MECARD:URL:https\\://acme.example/;", "mecard domain=[acme.example] no_name"),
    ROW("MECARD:NOTE:find me at linkedin.com/in/teodor;",
        "mecard linkedin=[https://www.linkedin.com/in/teodor] no_name"),
    ROW("MECARD:TEL:1;TEL:2;N:;ADR:x;\r\nTITLE:Boss;", "mecard phone=[1] title=[Boss] no_name"),
    ROW("MECARD:TITLE:Boss;;MECARD:ORG:Second;;", "mecard title=[Boss] no_name"),
    ROW("MECARD:TITLE:Boss;;TEL:1;", "mecard title=[Boss] no_name"), /* ";;" ends it */
    ROW("MECARD:garbage;TITLE:Boss;", "mecard title=[Boss] no_name"),
    ROW("MECARD:VERSION:2.1;ORG:A\\;B;", "mecard company=[A;B] no_name"),
    ROW("MECARD:ORG:M\xFCller;;", "mecard company=[Müller] no_name"),
    ROW("MECARD:TITLE:Boss\\", "mecard title=[Boss] no_name"),
    ROW("MECARD:", "mecard no_name"),
    ROW("MECARD:;;", "mecard no_name"),
};

static const struct {
    const row_t *rows;
    size_t count;
} tables[] = {
#define TABLE(rows)                                                                                                    \
    {                                                                                                                  \
        rows, sizeof(rows) / sizeof(rows)[0]                                                                           \
    }
    TABLE(kinds), TABLE(names), TABLE(syntax), TABLE(encodings), TABLE(addresses), TABLE(mecards),
};

static void table(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            const row_t *row = &tables[t].rows[i];
            enr_status_t status = read_bytes(row->bytes, row->len);
            if (status != ENR_OK || strcmp(words(), row->words) != 0) {
                print_error("%s\nread as: %s\nwanted:  %s\n", row->bytes, status == ENR_OK ? words() : "an error",
                            row->words);
                wrong++;
            }
        }
    }
    assert_int_equal(wrong, 0);
}

/* The samples, which are payloads as a scanner hands them over. */
static const struct {
    const char *file;
    const char *words;
} samples[] = {
    {"teodor-lindqvist.vcf", NAMED " company=[Acme Example, Inc.] domain=[acme.example] "
                                   "email=[teodor.lindqvist@acme.example] phone=[+46 8 555 01 23] "
                                   "title=[Head of Measurement] +email"},
    {"ines-okonkwo-varga.mecard", "mecard first=[Inès] last=[Okonkwo-Varga] company=[Acme Example France] "
                                  "linkedin=[https://www.linkedin.com/in/ines-okonkwo-varga-example] "
                                  "+email+phone+personal_email"},
    {"maelle-abubakar-21.vcf", "vcard first=[Maëlle] last=[Abubakar] company=[Boréalis Démo; Fils] "
                               "domain=[borealis.example] email=[m.abubakar@borealis.example] "
                               "phone=[+33 6 39 98 01 23] title=[Director, Sales] +email"},
    {"apple-30.vcf",
     "vcard first=[Odalys] last=[Castellanos Ruiz] company=[Meridian Labs] domain=[meridian.example] "
     "linkedin=[https://www.linkedin.com/in/odalys-castellanos-example] email=[odalys@meridian.example] "
     "phone=[+34 600 000 012] +email+phone+personal_email"},
    {"vcard-40.vcf", "vcard first=[Joost] last=[van den Akker] company=[Noordzee Meettechniek BV] "
                     "domain=[noordzee.example] linkedin=[https://www.linkedin.com/in/joost-van-den-akker-example] "
                     "email=[joost@noordzee.example] phone=[+31-6-5550-0101] title=[Systems Engineer] "
                     "id=[urn:uuid:2f0d4f8a-9a51-4d1c-8f7e-9b205b0f6a3e] +email+phone+personal_email"},
    {"windows-1252.vcf", "vcard first=[Jörg] last=[Müller-Straßer] company=[Glühwurm – Licht & Co] "
                         "domain=[gluehwurm.example] email=[joerg@gluehwurm.example] +email"},
    {"folded-inside-characters.vcf", "vcard first=[Zoë] last=[Åström] company=[Blå Kulle AB] "
                                     "domain=[blakulle.example] email=[zoe@blakulle.example] +email"},
    {"nested-and-second-card.vcf", "vcard first=[Yara] last=[Haddad] company=[Cedar Freight] domain=[cedar.example] "
                                   "email=[yara@cedar.example] +email"},
    {"company.vcf", "vcard company=[Acme, Inc.] domain=[acme.example] email=[hello@acme.example] no_name"},
    {"attendee-id.mecard", "mecard first=[Priya] last=[Raghunathan] company=[Sandhill Robotics] "
                           "domain=[sandhill.example] email=[priya@sandhill.example] phone=[+1 202 555 0117] "
                           "id=[0187WCI5] +email"},
    {"linkedin.txt", "linkedin linkedin=[https://www.linkedin.com/in/teodor-lindqvist-example] no_name"},
    {"event-url.txt", "url url_only"},
    {"opaque-id.txt", "id id=[SB00pax0012] opaque_id"},
    {"email.txt", "email domain=[acme.example] email=[teodor.lindqvist@acme.example] no_name"},
    {"delimited.txt", "text domain=[acme.example] linkedin=[https://www.linkedin.com/in/teodor-lindqvist-example] "
                      "email=[teodor.lindqvist@acme.example] no_name"},
    {"plain-text.txt", "text no_name"},
};

/* Fills bytes with a sample, of at most ENR_BADGE_MAX. */
static size_t load(size_t sample, uint8_t *bytes)
{
    char path[128];
    (void)snprintf(path, sizeof path, "tests/badges/%s", samples[sample].file);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("cannot open %s", path);
    }
    size_t len = fread(bytes, 1, ENR_BADGE_MAX, file);
    assert_int_equal(fclose(file), 0);
    assert_true(len > 0);
    return len;
}

static void sample_files(void **state)
{
    (void)state;
    static uint8_t bytes[ENR_BADGE_MAX];
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        size_t len = load(i, bytes);
        assert_int_equal(read_bytes(bytes, len), ENR_OK);
        assert_string_equal(words(), samples[i].words);
    }
}

static bool is_within(enr_span_t field, const uint8_t *start, size_t len)
{
    return field.ptr >= start && field.ptr + field.len <= start + len;
}

static void check_field(enr_span_t field, size_t payload_len)
{
    if (field.len == 0) {
        return;
    }
    assert_true(is_within(field, payload, payload_len) || is_within(field, badge.text, sizeof badge.text));
    assert_true(enr_utf8_valid(field));
    assert_true(enr_span_equal(enr_span_trim(field), field));
    for (size_t i = 0; i < field.len; i++) {
        assert_true(field.ptr[i] >= 0x20 && field.ptr[i] != 0x7F);
        assert_false(field.ptr[i] == 0xC2 && field.ptr[i + 1] < 0xA0); /* C1 */
    }
}

/* What holds for any bytes. */
static void check_anything(const uint8_t *bytes, size_t len)
{
    enr_status_t status = read_bytes(bytes, len);
    assert_true(status == ENR_OK || status == ENR_E_SYNTAX || status == ENR_E_LIMIT);
    const enr_contact_t *contact = &badge.contact;
    const enr_span_t fields[] = {contact->firstname,    contact->lastname,     contact->domain,
                                 contact->company_name, contact->linkedin_url, badge.email,
                                 badge.phone,           badge.title,           badge.attendee_id};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        assert_true(status == ENR_OK || fields[i].len == 0);
        check_field(fields[i], len);
    }
    if (status != ENR_OK) {
        return;
    }
    assert_true((badge.enrichable == 0) == (badge.reason != NULL));
    for (unsigned type = 1; type <= ENR_TYPE_PERSONAL_EMAIL; type <<= 1) {
        enr_refusal_t refusal;
        enr_options_t options = {.types = type};
        bool passes = enr_contact_check(contact, &options, ENR_CALL_ASYNC, &refusal) == ENR_OK;
        assert_true(passes == ((badge.enrichable & type) != 0));
    }
    assert_true(contact->domain.len == 0 || enr_domain_valid(contact->domain));
    for (size_t i = 0; i < contact->domain.len; i++) {
        assert_true(contact->domain.ptr[i] < 'A' || contact->domain.ptr[i] > 'Z');
    }
    if (contact->linkedin_url.len > 0) { /* canonical: its canonical form is itself */
        uint8_t text[ENR_BADGE_TEXT_MAX];
        enr_buffer_t again = enr_buffer_over(text, sizeof text);
        assert_int_equal(enr_linkedin_canonical(contact->linkedin_url, &again), ENR_OK);
        assert_true(enr_span_equal(enr_buffer_span(&again), contact->linkedin_url));
    }
}

static void cut_at_every_byte(void **state)
{
    (void)state;
    static uint8_t bytes[ENR_BADGE_MAX];
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        size_t len = load(i, bytes);
        for (size_t cut = 0; cut <= len; cut++) {
            check_anything(bytes, cut);
            check_anything(bytes + cut, len - cut);
        }
    }
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            for (size_t cut = 0; cut <= tables[t].rows[i].len; cut++) {
                check_anything((const uint8_t *)tables[t].rows[i].bytes, cut);
            }
        }
    }
}

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Changes, inserts or removes a few bytes, mostly ones that mean something to the reader. */
static size_t mutate(uint8_t *bytes, size_t len, size_t capacity, uint32_t *seed)
{
    static const char telling[] =
        "\r\n\n\t =\\;:,.\"@/%?#BEGIN:END:VCARDN:FN:URL:;QUOTED-PRINTABLE\xC3\xA8\xE9\x80\xED\xA0\0";
    for (uint32_t count = 1 + next_random(seed) % 6; count > 0; count--) {
        size_t at = next_random(seed) % (len + 1);
        uint8_t byte = (uint8_t)telling[next_random(seed) % (sizeof telling - 1)];
        uint32_t what = next_random(seed) % 4;
        if (what == 0 && at < len) {
            bytes[at] = byte;
        } else if (what == 1 && at < len) {
            bytes[at] = (uint8_t)next_random(seed);
        } else if (what == 2 && at < len) {
            size_t removed = 1 + next_random(seed) % (len - at);
            removed = removed > 20 ? 1 : removed;
            memmove(bytes + at, bytes + at + removed, len - at - removed);
            len -= removed;
        } else if (len < capacity) {
            memmove(bytes + at + 1, bytes + at, len - at);
            bytes[at] = byte;
            len++;
        }
    }
    return len;
}

static void random_mutations(void **state)
{
    (void)state;
    static uint8_t bytes[ENR_BADGE_MAX];
    uint32_t seed = 20261123;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        for (size_t round = 0; round < 1500; round++) {
            size_t len = load(i, bytes);
            check_anything(bytes, mutate(bytes, len, sizeof bytes, &seed));
        }
    }
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            for (size_t round = 0; round < 100; round++) {
                memcpy(bytes, tables[t].rows[i].bytes, tables[t].rows[i].len);
                check_anything(bytes, mutate(bytes, tables[t].rows[i].len, sizeof bytes, &seed));
            }
        }
    }
}

static void nothing_to_read(void **state)
{
    (void)state;
    assert_int_equal(read_bytes("", 0), ENR_E_SYNTAX);
    assert_int_equal(read_bytes(" \t\r\n\0\x1B\x7F", 8), ENR_E_SYNTAX);
    assert_int_equal(read_bytes("\xEF\xBB\xBF\r\n", 5), ENR_E_SYNTAX);
}

/* A card of one property with this many letters, folded after the first one if asked for. */
static enr_status_t read_long(const char *head, size_t letters, const char *fold, const char *tail)
{
    static char text[2 * ENR_BADGE_MAX];
    int at = snprintf(text, sizeof text, "BEGIN:VCARD\r\n%sx%s", head, fold);
    memset(text + at, 'x', letters - 1);
    size_t len = (size_t)at + letters - 1;
    len += (size_t)snprintf(text + len, sizeof text - len, "%s", tail);
    return read_bytes(text, len);
}

/* A field that stands in the payload as it is takes no room; one that had to be decoded has ENR_BADGE_TEXT_MAX. A note
   is only searched and a photograph passed over, whatever their length. */
static void limits(void **state)
{
    (void)state;
    assert_int_equal(read_long("TITLE:", ENR_BADGE_TEXT_MAX + 500, "", "\r\n"), ENR_OK);
    assert_int_equal(badge.title.len, ENR_BADGE_TEXT_MAX + 500);
    assert_true(is_within(badge.title, payload, ENR_BADGE_MAX));
    assert_int_equal(read_long("TITLE:", ENR_BADGE_TEXT_MAX, "\r\n ", "\r\n"), ENR_OK);
    assert_int_equal(badge.title.len, ENR_BADGE_TEXT_MAX);
    assert_int_equal(read_long("TITLE:", ENR_BADGE_TEXT_MAX + 1, "\r\n ", "\r\n"), ENR_E_LIMIT);
    assert_int_equal(read_long("NOTE:", ENR_BADGE_TEXT_MAX + 50, "\r\n ", " linkedin.com/in/teodor\r\nTITLE:Boss\r\n"),
                     ENR_OK);
    assert_string_equal(words(), "vcard linkedin=[https://www.linkedin.com/in/teodor] title=[Boss] no_name");
    assert_int_equal(read_long("PHOTO;ENCODING=b:", 3000, "\r\n ", "\r\nTITLE:Boss\r\n"), ENR_OK);
    assert_string_equal(words(), "vcard title=[Boss] no_name");
    assert_int_equal(read_long("LOGO:", 3000, "\r\n ", "\r\nTITLE:Boss\r\n"), ENR_OK);
    assert_string_equal(words(), "vcard title=[Boss] no_name");
    assert_int_equal(read_long("AGENT:", 3000, "\r\n ", "\r\nTITLE:Boss\r\n"), ENR_OK);
    assert_string_equal(words(), "vcard title=[Boss] no_name");
    assert_int_equal(read_long("N:Lindqvist;Teodor\r\nORG:", ENR_NAME_MAX, "", "\r\n"), ENR_OK);
    assert_int_equal(badge.enrichable, ENR_TYPE_EMAIL);
    assert_int_equal(read_long("N:Lindqvist;Teodor\r\nORG:", ENR_NAME_MAX + 1, "", "\r\n"), ENR_OK);
    assert_int_equal(badge.enrichable, 0);
    assert_string_equal(badge.reason, ENR_REASON_REFUSED);

    assert_int_equal(read_long("FN:Teodor ", ENR_NAME_MAX + 1, "", "\r\nEMAIL:t@acme.example\r\n"), ENR_OK);
    assert_string_equal(badge.reason, ENR_REASON_REFUSED);

    static uint8_t bytes[ENR_BADGE_MAX + 1];
    memset(bytes, 'a', sizeof bytes);
    assert_int_equal(read_bytes(bytes, ENR_BADGE_MAX), ENR_OK);
    assert_int_equal(badge.attendee_id.len, ENR_BADGE_MAX);
    assert_int_equal(read_bytes(bytes, ENR_BADGE_MAX + 1), ENR_E_LIMIT);
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

static void kind_names(void **state)
{
    (void)state;
    static const char *const expected[] = {"vcard", "mecard", "linkedin", "url", "email", "id", "text"};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_string_equal(enr_badge_kind_name((enr_badge_kind_t)i), expected[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(table, release),
        cmocka_unit_test_teardown(sample_files, release),
        cmocka_unit_test_teardown(cut_at_every_byte, release),
        cmocka_unit_test_teardown(random_mutations, release),
        cmocka_unit_test_teardown(nothing_to_read, release),
        cmocka_unit_test_teardown(limits, release),
        cmocka_unit_test(linkedin_canonical),
        cmocka_unit_test(linkedin_room),
        cmocka_unit_test(kind_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
