#include "enrich/address.h"

#include "enrich/contact.h"
#include "enrich/utf8.h"

#include <assert.h>
#include <string.h>

/* Hosts of mailboxes that say nothing about a company (domain 1.6.5). "yahoo.*" stands for any short ending. */
static const uint8_t free_mail[] =
    "gmail.com googlemail.com yahoo.* ymail.com rocketmail.com hotmail.* outlook.* live.com live.fr live.co.uk live.nl "
    "live.de live.it msn.com icloud.com me.com mac.com aol.com proton.me protonmail.com protonmail.ch pm.me gmx.* "
    "web.de "
    "t-online.de freenet.de posteo.de mail.ru bk.ru inbox.ru list.ru yandex.ru yandex.com ya.ru qq.com 163.com 126.com "
    "sina.com naver.com daum.net hanmail.net orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it virgilio.it "
    "bluewin.ch seznam.cz wp.pl o2.pl onet.pl uol.com.br zoho.com fastmail.com hey.com tutanota.com tuta.com "
    "comcast.net "
    "verizon.net att.net btinternet.com rediffmail.com mail.com";

/* Hosts of social networks, shorteners, cards and pages for everybody, and event apps (domain 1.5). */
static const uint8_t shared_hosts[] =
    "linkedin.com lnkd.in facebook.com fb.com fb.me instagram.com twitter.com x.com t.co threads.net youtube.com "
    "youtu.be tiktok.com pinterest.com snapchat.com github.com github.io medium.com substack.com xing.com viadeo.com "
    "wa.me whatsapp.com t.me telegram.me weibo.com linktr.ee about.me bit.ly tinyurl.com goo.gl ow.ly is.gd rb.gy "
    "cutt.ly "
    "rebrand.ly qrco.de forms.gle g.page calendly.com sites.google.com docs.google.com drive.google.com "
    "maps.google.com "
    "popl.co hihello.com hihello.me blinq.me linq.com mobilo.cards wordpress.com blogspot.com wixsite.com carrd.co "
    "notion.site swapcard.com whova.com brella.io eventbrite.com cvent.com bizzabo.com hopin.com expoplatform.com";

static bool is_hexadecimal(uint8_t byte)
{
    uint8_t lower = byte | 0x20u;
    return enr_is_digit(byte) || (lower >= 'a' && lower <= 'f');
}

static enr_span_t nothing(void)
{
    return (enr_span_t){0};
}

static enr_span_t from(enr_span_t text, size_t at)
{
    return enr_span_slice(text, at, text.len);
}

/* Whether a name is an entry of a list, single spaces between its entries. */
static bool is_entry(enr_span_t list, enr_span_t name)
{
    for (size_t at = 0; at < list.len; at++) {
        size_t same = 0;
        while (at < list.len && same < name.len && enr_to_lower(list.ptr[at]) == enr_to_lower(name.ptr[same])) {
            at++;
            same++;
        }
        const size_t left = name.len - same;
        const bool is_end = at == list.len || list.ptr[at] == ' ';
        if ((is_end && left == 0 && same > 0) || (!is_end && list.ptr[at] == '*' && left > 0 && left <= 6)) {
            return true; /* "yahoo." and up to "com.br" */
        }
        const uint8_t *space = memchr(list.ptr + at, ' ', list.len - at);
        at = space != NULL ? (size_t)(space - list.ptr) : list.len;
    }
    return false;
}

/* Whether a host is an entry or stands below one, whole labels compared (domain 1.6.5). */
static bool is_host_in(enr_span_t list, enr_span_t host)
{
    size_t dot = enr_span_find(host, '.'); /* no entry is a single label */
    for (size_t at = 0; dot < host.len; at = dot + 1, dot = at + enr_span_find(from(host, at), '.')) {
        if (is_entry(list, from(host, at))) {
            return true;
        }
    }
    return false;
}

/* The host, or nothing when it gives mailboxes to everybody or is one of others. */
static enr_span_t unless_mailbox(enr_span_t host, enr_span_t others)
{
    const bool is_mailbox = is_host_in((enr_span_t){free_mail, sizeof free_mail - 1}, host) || is_host_in(others, host);
    return is_mailbox ? nothing() : host;
}

/* The length of "https://", or of another scheme, or of "//" alone; 0 when there is none. */
static size_t scheme_len(enr_span_t url)
{
    size_t len = 0;
    while (len < url.len &&
           (enr_is_letter(url.ptr[len]) || enr_is_digit(url.ptr[len]) || enr_is_one_of(url.ptr[len], "+-."))) {
        len++;
    }
    return enr_span_begins(from(url, len), "://") ? len + 3 : enr_span_begins(url, "//") ? 2 : 0;
}

/* Takes the authority off a URL, a scheme or none before it, and returns it without its port. */
static enr_span_t take_authority(enr_span_t *url)
{
    size_t start = scheme_len(*url);
    size_t end = start;
    while (end < url->len && !enr_is_one_of(url->ptr[end], "/?#\\")) {
        end++;
    }
    size_t port = end;
    while (port > start && enr_is_digit(url->ptr[port - 1])) {
        port--;
    }
    enr_span_t authority = enr_span_slice(*url, start, port > start && url->ptr[port - 1] == ':' ? port - 1 : end);
    *url = from(*url, end);
    return authority;
}

bool enr_url_begins(enr_span_t text)
{
    return scheme_len(text) > 0 || enr_span_begins(text, "www.");
}

enr_span_t enr_host_of_url(enr_span_t url)
{
    enr_span_t host = take_authority(&url);
    for (size_t at = enr_span_find(host, '@'); at < host.len; at = enr_span_find(host, '@')) {
        host = from(host, at + 1);
    }
    return host;
}

enr_span_t enr_domain_of_url(enr_span_t url, enr_span_t others)
{
    enr_span_t host = enr_host_of_url(url);
    if (enr_span_begins(host, "www.") && enr_domain_valid(from(host, 4))) {
        host = from(host, 4);
    }
    if (!enr_domain_valid(host) || is_host_in((enr_span_t){shared_hosts, sizeof shared_hosts - 1}, host)) {
        return nothing();
    }
    return unless_mailbox(host, others);
}

static bool is_local_part(uint8_t byte)
{
    return enr_is_letter(byte) || enr_is_digit(byte) || byte >= 0x80 || enr_is_one_of(byte, "._%+'&!#$~-");
}

static bool is_host_byte(uint8_t byte)
{
    return enr_is_letter(byte) || enr_is_digit(byte) || byte >= 0x80 || byte == '.' || byte == '-';
}

enr_span_t enr_email_find(enr_span_t text)
{
    for (size_t at = enr_span_find(text, '@'); at < text.len; at += 1 + enr_span_find(from(text, at + 1), '@')) {
        size_t start = at;
        while (start > 0 && is_local_part(text.ptr[start - 1])) {
            start--;
        }
        size_t end = at + 1;
        while (end < text.len && is_host_byte(text.ptr[end])) {
            end++;
        }
        while (text.ptr[end - 1] == '.') {
            end--;
        }
        enr_span_t local = enr_span_slice(text, start, at);
        if (end > at && local.len > 0 && local.ptr[0] != '.' && local.ptr[local.len - 1] != '.' &&
            enr_utf8_is_text(local) && enr_domain_valid(enr_span_slice(text, at + 1, end))) {
            return enr_span_slice(text, start, end);
        }
    }
    return nothing();
}

enr_span_t enr_domain_of_email(enr_span_t email, enr_span_t others)
{
    size_t at = enr_span_find(email, '@');
    return unless_mailbox(at < email.len ? from(email, at + 1) : nothing(), others);
}

/* The next segment of a path, empty ones skipped; nothing at the path's end. */
static enr_span_t next_segment(enr_span_t *path)
{
    size_t start = 0;
    while (start < path->len && path->ptr[start] == '/') {
        start++;
    }
    size_t end = start;
    while (end < path->len && !enr_is_one_of(path->ptr[end], "/?#")) {
        end++;
    }
    enr_span_t segment = enr_span_slice(*path, start, end);
    *path = end < path->len && path->ptr[end] == '/' ? from(*path, end) : nothing();
    return segment;
}

static bool is_slug(enr_span_t slug)
{
    if (slug.len == 0 || enr_span_is(slug, ".") || enr_span_is(slug, "..") || !enr_utf8_is_text(slug)) {
        return false;
    }
    for (size_t i = 0; i < slug.len; i++) {
        uint8_t byte = slug.ptr[i];
        bool is_escape =
            byte == '%' && slug.len - i > 2 && is_hexadecimal(slug.ptr[i + 1]) && is_hexadecimal(slug.ptr[i + 2]);
        if (!enr_is_letter(byte) && !enr_is_digit(byte) && byte < 0x80 && !enr_is_one_of(byte, "-._~") && !is_escape) {
            return false;
        }
    }
    return true;
}

/* An identifier of /pub/NAME/A/B/C: one to three hexadecimal digits. */
static bool is_pub_id(enr_span_t id)
{
    bool good = id.len >= 1 && id.len <= 3;
    for (size_t i = 0; good && i < id.len; i++) {
        good = is_hexadecimal(id.ptr[i]);
    }
    return good;
}

/* Appends what /A/B/C adds to the slug of /pub/NAME: nothing if it is not there; false if it is something else. */
static bool append_pub_ids(enr_span_t path, enr_buffer_t *out)
{
    enr_span_t ids[3];
    for (size_t i = 0; i < 3; i++) {
        ids[i] = next_segment(&path);
    }
    if (ids[0].len == 0) {
        return true;
    }
    if (!is_pub_id(ids[0]) || !is_pub_id(ids[1]) || !is_pub_id(ids[2])) {
        return false;
    }
    enr_buffer_append_byte(out, '-');
    for (size_t i = 3; i-- > 0;) {
        for (size_t len = ids[i].len; i > 0 && len < 3; len++) {
            enr_buffer_append_byte(out, '0');
        }
        enr_buffer_append(out, ids[i]);
    }
    return true;
}

enr_status_t enr_linkedin_canonical(enr_span_t text, enr_buffer_t *out)
{
    assert(out != NULL);
    enr_span_t path = enr_span_trim(text);
    enr_span_t host = take_authority(&path);
    if (!enr_domain_valid(host) || !is_host_in(ENR_SPAN("linkedin.com"), host)) {
        return ENR_E_URL;
    }
    enr_span_t kind = next_segment(&path);
    bool is_pub = enr_span_is_ignore_case(kind, "pub");
    enr_span_t slug = next_segment(&path);
    if ((!is_pub && !enr_span_is_ignore_case(kind, "in")) || (is_pub && enr_span_is_ignore_case(slug, "dir")) ||
        !is_slug(slug)) {
        return ENR_E_URL; /* /pub/dir/ lists people of one name */
    }
    const size_t mark = out->len;
    enr_buffer_append(out, ENR_SPAN("https://www.linkedin.com/in/"));
    enr_buffer_append(out, slug);
    bool found = !is_pub || append_pub_ids(path, out);
    if (out->full || !found) {
        out->len = mark;
    }
    return out->full ? ENR_E_LIMIT : found ? ENR_OK : ENR_E_URL;
}
