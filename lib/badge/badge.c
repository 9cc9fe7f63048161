#include "enrich/badge.h"

#include "enrich/utf8.h"

#include <assert.h>
#include <string.h>

/* Hosts of mailboxes that say nothing about a company (domain 1.6.5). "yahoo.*" stands for any short ending. */
static const char free_mail[] =
    "gmail.com googlemail.com yahoo.* ymail.com hotmail.* outlook.* live.com live.fr live.co.uk msn.com "
    "icloud.com me.com mac.com aol.com proton.me protonmail.com pm.me gmx.* web.de t-online.de freenet.de mail.ru "
    "yandex.ru yandex.com qq.com 163.com 126.com naver.com orange.fr wanadoo.fr free.fr laposte.net libero.it "
    "zoho.com fastmail.com tutanota.com tuta.com comcast.net btinternet.com mail.com";

/* Hosts of social networks, shorteners, digital cards and event apps: not the person's company (domain 1.5). */
static const char shared_hosts[] =
    "linkedin.com lnkd.in facebook.com fb.me instagram.com twitter.com x.com t.co youtube.com youtu.be tiktok.com "
    "github.com medium.com xing.com wa.me whatsapp.com t.me weibo.com linktr.ee about.me bit.ly tinyurl.com "
    "goo.gl ow.ly is.gd rb.gy forms.gle calendly.com sites.google.com popl.co hihello.com hihello.me blinq.me "
    "wordpress.com blogspot.com swapcard.com whova.com brella.io eventbrite.com";

static const char honorifics[] = "dr prof mr mrs ms miss mx sir dame lord lady rev hon herr frau mme mlle monsieur "
                                 "madame dipling dott dottssa drs";

/* Names, too, unless a dot follows. */
static const char dotted_honorifics[] = "ing mag ir sr sra";

static const char suffixes[] = "jr sr ii iii iv phd md mba msc bsc esq cpa dds dvm jd llm rn pmp cfa edd psyd obe";

static const char particles[] =
    "van von der den de del della di da dos das do du la le ten ter te zu zum zur af av al el bin ibn bint 't";

/* The words known before a value, hyphens left out: properties, of which those before NOTE keep their best value; then
   names and values of parameters. */
/* clang-format off */
#define WORDS(X)                                                                                                       \
    X(N) X(FN) X(ORG) X(EMAIL) X(TEL) X(TITLE) X(UID) X(URL)                                                           \
    X(NOTE) X(XSOCIALPROFILE) X(SOCIALPROFILE) X(IMPP) X(XLINKEDIN) X(KIND) X(XABSHOWAS) X(VERSION) X(AGENT)           \
    X(BEGIN) X(END)                                                                                                    \
    X(TYPE) X(ENCODING) X(CHARSET) X(PREF)                                                                             \
    X(QUOTEDPRINTABLE) X(BASE64) X(B) X(WORK) X(FAX) X(PAGER)                                                          \
    X(UTF8) X(USASCII) X(ISO88591) X(WINDOWS1252) X(CP1252)
/* clang-format on */

typedef enum {
#define WORD_ENUM(word) WORD_##word,
    WORDS(WORD_ENUM)
#undef WORD_ENUM
        WORD_OTHER
} word_t;

static const char words[] =
#define WORD_TEXT(word) #word " "
    WORDS(WORD_TEXT)
#undef WORD_TEXT
    ;

typedef enum { DIALECT_PLAIN, DIALECT_MECARD, DIALECT_VCARD, DIALECT_VCARD_21 } dialect_t;

/* What stands for no byte in a unit of a value. */
enum { END = -1, SEMICOLON = -2, COMMA = -3, NO_SEPARATOR = -4 };

/* Where one value stands in the payload, and how it is written. */
typedef struct {
    size_t at;
    uint16_t rank; /* 0: no value */
    bool quoted_printable;
    bool foreign_charset; /* declared, and neither UTF-8 nor Windows-1252 */
} value_t;

/* A payload being read: its best values so far, by property. They are decoded at the end, so that a better one costs no
   room. */
typedef struct {
    enr_span_t payload;
    dialect_t dialect;
    size_t depth;      /* of the card inside cards; 1: the first one */
    bool company_only; /* the card is not a person's */
    value_t values[WORD_NOTE];
    enr_buffer_t text;
    enr_badge_t *badge;
} card_t;

/* --- Small things about bytes and words --- */

static int hex_value(int byte)
{
    return byte >= '0' && byte <= '9'   ? byte - '0'
           : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
           : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
                                        : -1;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static bool is_control(uint8_t byte)
{
    return byte < 0x20 || byte == 0x7F;
}

/* White space or control. */
static bool is_void(uint8_t byte)
{
    return byte == ' ' || is_control(byte);
}

static bool is_one_of(uint8_t byte, const char *bytes)
{
    return byte != 0 && strchr(bytes, byte) != NULL;
}

/* Whether well-formed UTF-8 holds a control character of U+0080 to U+009F. */
static bool has_c1(enr_span_t text)
{
    for (size_t i = 1; i < text.len; i++) {
        if (text.ptr[i - 1] == 0xC2 && text.ptr[i] < 0xA0) {
            return true;
        }
    }
    return false;
}

/* Empty, but not NULL: places in it may be computed. */
static enr_span_t nothing(void)
{
    return ENR_SPAN("");
}

/* As enr_span_slice, which a compiler cannot inline. */
static enr_span_t slice(enr_span_t text, size_t start, size_t end)
{
    assert(start <= end && end <= text.len);
    return (enr_span_t){text.ptr + start, end - start};
}

static enr_span_t from(enr_span_t text, size_t at)
{
    return slice(text, at, text.len);
}

static size_t find_byte(enr_span_t text, uint8_t byte)
{
    size_t at = 0;
    while (at < text.len && text.ptr[at] != byte) {
        at++;
    }
    return at;
}

/* The trimmed text before the first such byte. */
static enr_span_t before(enr_span_t text, uint8_t byte)
{
    return enr_span_trim(slice(text, 0, find_byte(text, byte)));
}

static bool starts_with(enr_span_t text, const char *prefix)
{
    size_t at = 0;
    while (at < text.len && prefix[at] != '\0' && enr_to_lower(text.ptr[at]) == enr_to_lower((uint8_t)prefix[at])) {
        at++;
    }
    return prefix[at] == '\0';
}

static bool equals(enr_span_t text, const char *word)
{
    return starts_with(text, word) && text.len == strlen(word);
}

/* Which entry of a list, written with single spaces, a word is, or -1. Case ignored, and dots and hyphens in the word.
 */
static int index_in(const char *list, enr_span_t word)
{
    for (int index = 0; *list != '\0'; index++) {
        size_t at = 0;
        for (size_t i = 0; i < word.len; i++) {
            bool is_ignored = word.ptr[i] == '.' || word.ptr[i] == '-';
            if (!is_ignored && (list[at] == '\0' || enr_to_lower(word.ptr[i]) != enr_to_lower((uint8_t)list[at]))) {
                at = 0;
                break;
            }
            at += is_ignored ? 0 : 1;
        }
        if (at > 0 && (list[at] == ' ' || list[at] == '\0')) {
            return index;
        }
        list += strcspn(list, " ");
        list += strspn(list, " ");
    }
    return -1;
}

static bool is_listed(const char *list, enr_span_t word)
{
    return index_in(list, word) >= 0;
}

/* Whether the host is a listed one or stands below it, whole labels compared (domain 1.6.5). */
static bool is_listed_host(const char *list, enr_span_t host)
{
    while (*list != '\0') {
        size_t len = strcspn(list, " ");
        const enr_span_t entry = {(const uint8_t *)list, len};
        if (list[len - 1] == '*') {
            if (host.len >= len && host.len < len + 6 && /* "yahoo." and up to "com.br" */
                enr_span_equal_ignore_case((enr_span_t){host.ptr, len - 1}, (enr_span_t){entry.ptr, len - 1})) {
                return true;
            }
        } else if (host.len >= len && enr_span_equal_ignore_case(from(host, host.len - len), entry) &&
                   (host.len == len || host.ptr[host.len - len - 1] == '.')) {
            return true;
        }
        list += len + strspn(list + len, " ");
    }
    return false;
}

/* --- URLs and addresses --- */

/* The length of "https://", or of another scheme, or of "//" alone; 0 when there is none. */
static size_t scheme_len(enr_span_t url)
{
    size_t len = 0;
    while (len < url.len && (enr_is_letter(url.ptr[len]) || enr_is_digit(url.ptr[len]))) {
        len++;
    }
    return starts_with(from(url, len), "://") ? len + 3 : starts_with(url, "//") ? 2 : 0;
}

/* Takes the authority off a URL, a scheme or none before it, and returns it without its port. */
static enr_span_t take_authority(enr_span_t *url)
{
    size_t start = scheme_len(*url);
    size_t end = start;
    while (end < url->len && !is_one_of(url->ptr[end], "/?#\\")) {
        end++;
    }
    size_t port = end;
    while (port > start && enr_is_digit(url->ptr[port - 1])) {
        port--;
    }
    enr_span_t authority = slice(*url, start, port > start && url->ptr[port - 1] == ':' ? port - 1 : end);
    *url = from(*url, end);
    return authority;
}

/* The company domain that a URL's host is, or nothing. */
static enr_span_t domain_of_url(enr_span_t url)
{
    enr_span_t host = take_authority(&url);
    while (find_byte(host, '@') < host.len) {
        host = from(host, find_byte(host, '@') + 1);
    }
    if (starts_with(host, "www.") && enr_domain_valid(from(host, 4))) {
        host = from(host, 4);
    }
    bool is_company = enr_domain_valid(host) && !is_listed_host(shared_hosts, host) && !is_listed_host(free_mail, host);
    return is_company ? host : nothing();
}

static bool is_local_part(uint8_t byte)
{
    return enr_is_letter(byte) || enr_is_digit(byte) || byte >= 0x80 || is_one_of(byte, "._%+'&!#$~-");
}

static bool is_host_byte(uint8_t byte)
{
    return enr_is_letter(byte) || enr_is_digit(byte) || byte >= 0x80 || byte == '.' || byte == '-';
}

/* The first e-mail address in a text, or nothing. */
static enr_span_t find_email(enr_span_t text)
{
    for (size_t at = find_byte(text, '@'); at < text.len; at += 1 + find_byte(from(text, at + 1), '@')) {
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
        enr_span_t local = slice(text, start, at);
        if (end > at && local.len > 0 && local.ptr[0] != '.' && local.ptr[local.len - 1] != '.' &&
            enr_utf8_valid(local) && !has_c1(local) && enr_domain_valid(slice(text, at + 1, end))) {
            return slice(text, start, end);
        }
    }
    return nothing();
}

static enr_span_t domain_of_email(enr_span_t email)
{
    return email.len > 0 ? from(email, find_byte(email, '@') + 1) : email;
}

static bool is_business(enr_span_t email)
{
    return email.len > 0 && !is_listed_host(free_mail, domain_of_email(email));
}

/* The next segment of a path, empty ones skipped; nothing at the path's end. */
static enr_span_t next_segment(enr_span_t *path)
{
    size_t start = 0;
    while (start < path->len && path->ptr[start] == '/') {
        start++;
    }
    size_t end = start;
    while (end < path->len && !is_one_of(path->ptr[end], "/?#")) {
        end++;
    }
    enr_span_t segment = slice(*path, start, end);
    *path = end < path->len && path->ptr[end] == '/' ? from(*path, end) : nothing();
    return segment;
}

static bool is_slug(enr_span_t slug)
{
    if (slug.len == 0 || equals(slug, ".") || equals(slug, "..") || !enr_utf8_valid(slug) || has_c1(slug)) {
        return false;
    }
    for (size_t i = 0; i < slug.len; i++) {
        uint8_t byte = slug.ptr[i];
        bool is_escape =
            byte == '%' && slug.len - i > 2 && hex_value(slug.ptr[i + 1]) >= 0 && hex_value(slug.ptr[i + 2]) >= 0;
        if (!enr_is_letter(byte) && !enr_is_digit(byte) && byte < 0x80 && !is_one_of(byte, "-._~") && !is_escape) {
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
        good = hex_value(id.ptr[i]) >= 0;
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
    if (!enr_domain_valid(host) || !is_listed_host("linkedin.com", host)) {
        return ENR_E_URL;
    }
    enr_span_t kind = next_segment(&path);
    bool is_pub = equals(kind, "pub");
    enr_span_t slug = next_segment(&path);
    if ((!is_pub && !equals(kind, "in")) || (is_pub && equals(slug, "dir")) || !is_slug(slug)) {
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

/* --- From bytes to text: unfolding, quoted-printable, escapes, charset --- */

/* Walks over one value, or over the head of a property. Where a line ends (vCard) it stays. */
typedef struct {
    enr_span_t payload;
    size_t at;
    dialect_t dialect;
    bool quoted_printable;
} cursor_t;

/* The length of the line end at a place: LF, CRLF or CR, and CRCRLF (domain 1.7); 0 if none is there. */
static size_t line_end(enr_span_t payload, size_t at)
{
    size_t end = at;
    while (end < payload.len && payload.ptr[end] == '\r') {
        end++;
    }
    return (end < payload.len && payload.ptr[end] == '\n' ? end + 1 : end) - at;
}

/* The next byte with folds taken out, or END. RFC 6350 3.2: a fold is a line end and one white space. */
static int take_byte(cursor_t *cursor)
{
    enr_span_t payload = cursor->payload;
    bool folds = cursor->dialect >= DIALECT_VCARD;
    while (cursor->at < payload.len) {
        size_t end = folds ? line_end(payload, cursor->at) : 0;
        if (end == 0) {
            return payload.ptr[cursor->at++];
        }
        if (cursor->at + end >= payload.len || !is_blank(payload.ptr[cursor->at + end])) {
            return END;
        }
        cursor->at += end + 1;
    }
    return END;
}

/* Passes a soft line break of quoted-printable if one is there, or the end of a payload that was cut inside one. A
   white space that follows belongs to the fold (domain 1.2), not to the text. */
static bool pass_soft_break(cursor_t *cursor)
{
    size_t end = line_end(cursor->payload, cursor->at);
    if (end == 0) {
        return cursor->at == cursor->payload.len;
    }
    cursor->at += end;
    if (cursor->at < cursor->payload.len && is_blank(cursor->payload.ptr[cursor->at])) {
        cursor->at++;
    }
    return true;
}

/* As take_byte, with quoted-printable decoded if the value has it (RFC 2045 6.7). Not hexadecimal: literal. */
static int take_octet(cursor_t *cursor)
{
    int byte = take_byte(cursor);
    while (byte == '=' && cursor->quoted_printable) {
        if (pass_soft_break(cursor)) {
            byte = take_byte(cursor);
            continue;
        }
        cursor_t ahead = *cursor;
        int high = hex_value(take_byte(&ahead));
        int low = hex_value(take_byte(&ahead));
        if (high < 0 || low < 0) {
            break;
        }
        *cursor = ahead;
        return high * 16 + low;
    }
    return byte;
}

/* What follows a backslash. 2.1 knows "\;" only (domain 1.2); others know "\n", and "\" before any other character
   means that character: Apple writes "http\://". */
static int take_escaped(cursor_t *cursor)
{
    cursor_t ahead = *cursor;
    int byte = take_octet(&ahead);
    if (cursor->dialect == DIALECT_VCARD_21 && byte != ';') {
        return '\\';
    }
    *cursor = ahead;
    return cursor->dialect == DIALECT_VCARD && (byte == 'n' || byte == 'N') ? '\n' : byte;
}

/* The next byte of a value as text, an unescaped SEMICOLON or COMMA, or END. */
static int take_unit(cursor_t *cursor)
{
    int byte = take_octet(cursor);
    if (cursor->dialect == DIALECT_PLAIN) {
        return byte;
    }
    switch (byte) {
    case '\\':
        return take_escaped(cursor);
    case ';':
        return cursor->dialect == DIALECT_MECARD ? END : SEMICOLON;
    case ',':
        return COMMA;
    default:
        return byte;
    }
}

static cursor_t cursor_at(const card_t *card, const value_t *value)
{
    return (cursor_t){card->payload, value->at, card->dialect, value->quoted_printable};
}

/* Gathers a field: a view of the payload while its bytes stand there side by side, a copy in the badge's text from the
   first byte on that does not. */
typedef struct {
    enr_buffer_t *text;
    const uint8_t *start;
    size_t len;
    bool copied;
} field_t;

/* Adds one byte, which came from source. Leading white space is left out. */
static void put_byte(field_t *field, uint8_t byte, const uint8_t *source)
{
    if (field->len == 0 && byte == ' ') {
        return;
    }
    if (field->len == 0) {
        field->start = source;
    }
    if (!field->copied && source == field->start + field->len && *source == byte) {
        field->len++;
        return;
    }
    if (!field->copied) {
        enr_span_t view = {field->start, field->len};
        field->start = field->text->ptr + field->text->len;
        field->copied = true;
        enr_buffer_append(field->text, view);
    }
    enr_buffer_append_byte(field->text, byte);
    field->len++;
}

/* Windows-1252 in U+0080 to U+009F; 0: no such character. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

/* Adds one character of Windows-1252; false when there is none. */
static bool put_western(field_t *field, uint8_t byte, const uint8_t *source)
{
    uint8_t utf8[4];
    size_t len = enr_utf8_encode(byte >= 0x80 && byte < 0xA0 ? windows_1252[byte - 0x80] : byte, utf8);
    for (size_t i = 0; i < len; i++) {
        put_byte(field, utf8[i], source);
    }
    return byte < 0x80 || byte >= 0xA0 || windows_1252[byte - 0x80] != 0;
}

/* Gathers one part of a value, parts ending at separator. Nothing when western and a byte is no character. */
static enr_span_t gather(card_t *card, const value_t *value, int separator, unsigned part, bool western)
{
    cursor_t cursor = cursor_at(card, value);
    field_t field = {.text = &card->text};
    for (int unit = take_unit(&cursor); unit != END; unit = take_unit(&cursor)) {
        if (unit == separator) {
            if (part == 0) {
                break;
            }
            part--;
        } else if (part == 0) {
            uint8_t byte = unit == SEMICOLON ? ';' : unit == COMMA ? ',' : (uint8_t)unit;
            byte = is_control(byte) ? ' ' : byte;
            const uint8_t *source = cursor.payload.ptr + cursor.at - 1;
            if (!western) {
                put_byte(&field, byte, source);
            } else if (!put_western(&field, byte, source)) {
                return nothing();
            }
        }
    }
    return card->text.full || field.len == 0 ? nothing() : (enr_span_t){field.start, field.len};
}

/* One part of a value as trimmed UTF-8, or nothing: empty, or not to be decoded (domain 1.6.8). Parts end at separator;
   NO_SEPARATOR gives the whole. */
static enr_span_t decode(card_t *card, const value_t *value, int separator, unsigned part)
{
    const size_t mark = card->text.len;
    enr_span_t text = gather(card, value, separator, part, false);
    if (!enr_utf8_valid(text)) {
        card->text.len = mark;
        text = value->foreign_charset ? nothing() : gather(card, value, separator, part, true);
    }
    text = has_c1(text) ? nothing() : enr_span_trim(text);
    if (text.len == 0) {
        card->text.len = mark;
    }
    return text;
}

/* The best value of a property, one part of it. */
static enr_span_t decode_best(card_t *card, word_t property, int separator, unsigned part)
{
    const value_t *value = &card->values[property];
    return value->rank > 0 ? decode(card, value, separator, part) : nothing();
}

/* --- What a value offers --- */

/* Takes the first LinkedIn profile. Its canonical form comes to stand in the badge's text at mark, from where on the
   text that it is made of may stand too. */
static bool take_linkedin(card_t *card, enr_span_t text, size_t mark)
{
    enr_span_t *linkedin_url = &card->badge->contact.linkedin_url;
    const size_t start = card->text.len;
    if (linkedin_url->len > 0 || enr_linkedin_canonical(text, &card->text) != ENR_OK) {
        return false;
    }
    const size_t len = card->text.len - start;
    memmove(card->text.ptr + mark, card->text.ptr + start, len);
    *linkedin_url = (enr_span_t){card->text.ptr + mark, len};
    card->text.len = mark + len;
    return true;
}

/* Takes the first e-mail address of free text, or the first business one (domain 1.6.4). */
static void take_email(card_t *card, enr_span_t text)
{
    enr_span_t email = find_email(text);
    if (card->badge->email.len == 0 || (is_business(email) && !is_business(card->badge->email))) {
        card->badge->email = email;
    }
}

static bool is_word_unit(int unit)
{
    return unit >= 0 && !is_void((uint8_t)unit) && !is_one_of((uint8_t)unit, "<>()[]{}\"|^;,:=");
}

/* Looks for a LinkedIn profile in the words of a text, and for an e-mail address if the text is the whole payload:
   there a word needs no decoding and is a view of it. */
static void search_words(card_t *card, const value_t *value)
{
    cursor_t cursor = cursor_at(card, value);
    size_t mark = card->text.len;
    field_t word = {.text = &card->text};
    bool too_long = false;
    for (int unit = 0; unit != END && !card->text.full;) {
        unit = take_unit(&cursor);
        if (is_word_unit(unit)) {
            put_byte(&word, (uint8_t)unit, cursor.payload.ptr + cursor.at - 1);
            too_long = too_long || card->text.full;
            card->text.full = false;
            continue;
        }
        while (word.len > 0 && !too_long && is_one_of(word.start[word.len - 1], ".!'")) {
            word.len--; /* the sentence's */
        }
        enr_span_t text = too_long || word.len == 0 ? nothing() : (enr_span_t){word.start, word.len};
        if (card->dialect == DIALECT_PLAIN) {
            take_email(card, text);
        }
        if (take_linkedin(card, text, mark)) {
            mark = card->text.len;
        }
        card->text.len = mark;
        word = (field_t){.text = &card->text};
        too_long = false;
    }
}

/* Takes what a property's value offers. It is decoded for a look only, but for a LinkedIn profile. The best value of a
   property is kept; the first of equals stays. */
static void take_property(card_t *card, word_t property, const value_t *value)
{
    if (property == WORD_NOTE) {
        search_words(card, value);
    }
    if (property == WORD_NOTE || property >= WORD_BEGIN) { /* a photograph may be larger than the room for text */
        return;
    }
    const bool was_full = card->text.full;
    const size_t mark = card->text.len;
    const int separator = property == WORD_N || property == WORD_ORG ? SEMICOLON : NO_SEPARATOR;
    enr_span_t text = decode(card, value, separator, 0);
    if (property == WORD_N && text.len == 0) {
        text = decode(card, value, separator, 1);
    }
    unsigned rank = value->rank;
    switch (property) {
    case WORD_VERSION:
        card->dialect = card->dialect == DIALECT_VCARD && equals(text, "2.1") ? DIALECT_VCARD_21 : card->dialect;
        break;
    case WORD_AGENT: /* 2.1: a card as the value, from the same line on */
        card->depth += equals(text, "BEGIN:VCARD") ? 1 : 0;
        break;
    case WORD_KIND:
        card->company_only = card->company_only || equals(text, "org");
        break;
    case WORD_XABSHOWAS:
        card->company_only = card->company_only || equals(text, "COMPANY");
        break;
    case WORD_EMAIL:
        text = find_email(text);
        rank += is_business(text) ? 1000 : 0;
        break;
    case WORD_URL:
    case WORD_XSOCIALPROFILE:
    case WORD_SOCIALPROFILE:
    case WORD_IMPP:
    case WORD_XLINKEDIN:
        if (take_linkedin(card, text, mark)) {
            return;
        }
        text = domain_of_url(text);
        break;
    default:
        break;
    }
    if (property >= WORD_KIND) {
        card->text.full = was_full; /* too long for any word that counts here */
    } else if (property < WORD_NOTE && text.len > 0 && rank > card->values[property].rank) {
        card->values[property] = *value;
        card->values[property].rank = (uint16_t)rank;
    }
    card->text.len = mark;
}

/* --- Cards --- */

/* Letters before a value. More than the longest known word has are only counted. */
typedef struct {
    uint8_t letters[16];
    size_t len;
    bool quoted; /* the next byte stands between quotes */
} letters_t;

static word_t word_of(const letters_t *read)
{
    int index = read->len <= sizeof read->letters ? index_in(words, (enr_span_t){read->letters, read->len}) : -1;
    return index >= 0 ? (word_t)index : WORD_OTHER;
}

/* Reads up to a delimiter and returns it, or END. White space, hyphens and a group's prefix ("item1.") are left out.
   Between quotes only a comma is a delimiter (domain 1.2). */
static int read_letters(cursor_t *cursor, letters_t *out_read, const char *delimiters)
{
    out_read->len = 0;
    for (int byte = take_byte(cursor); byte != END; byte = take_byte(cursor)) {
        if (is_one_of((uint8_t)byte, delimiters) && (!out_read->quoted || byte == ',')) {
            return byte;
        }
        if (byte == '"') {
            out_read->quoted = !out_read->quoted;
        } else if (byte == '.') {
            out_read->len = 0;
        } else if (!is_void((uint8_t)byte) && byte != '-') {
            if (out_read->len < sizeof out_read->letters) {
                out_read->letters[out_read->len] = (uint8_t)byte;
            }
            out_read->len++;
        }
    }
    return END;
}

/* What stands before a value. */
typedef struct {
    word_t property; /* WORD_OTHER, too, when the value is not to be read: base64, a fax number */
    value_t value;
} head_t;

/* PREF=1 is the most preferred of 100 (RFC 6350 5.3). */
static unsigned preference_of(const letters_t *read)
{
    unsigned number = 0;
    for (size_t i = 0; i < read->len; i++) {
        if (read->len > 3 || !enr_is_digit(read->letters[i])) {
            return 0;
        }
        number = number * 10 + (read->letters[i] - '0');
    }
    return number >= 1 && number <= 100 ? 101 - number : 0;
}

/* One value of a parameter; 2.1 has values without a name (domain 1.2), which are types or encodings. */
static void take_parameter(word_t name, const letters_t *read, head_t *head)
{
    value_t *value = &head->value;
    word_t word = word_of(read);
    unsigned bonus = 0;
    if (name == WORD_CHARSET) {
        value->foreign_charset = word < WORD_UTF8 || word == WORD_OTHER;
    } else if (name == WORD_PREF) {
        bonus = preference_of(read);
    } else if (name == WORD_TYPE || name == WORD_ENCODING) {
        value->quoted_printable = value->quoted_printable || word == WORD_QUOTEDPRINTABLE;
        bonus = word == WORD_PREF ? 100 : word == WORD_WORK ? 200 : 0;
        bool is_fax = head->property == WORD_TEL && (word == WORD_FAX || word == WORD_PAGER);
        if (is_fax || word == WORD_BASE64 || word == WORD_B) {
            head->property = WORD_OTHER;
        }
    }
    value->rank = (uint16_t)(value->rank + bonus);
}

/* Reads a property up to its value; false when there is no value. */
static bool read_head(cursor_t *cursor, head_t *out_head)
{
    letters_t read = {.quoted = false};
    int delimiter = read_letters(cursor, &read, ";:");
    *out_head = (head_t){.property = word_of(&read), .value = {.rank = 1}};
    while (delimiter == ';') {
        word_t name = WORD_TYPE;
        delimiter = read_letters(cursor, &read, "=,;:");
        if (delimiter == '=') {
            name = word_of(&read);
            delimiter = read_letters(cursor, &read, ",;:");
        }
        take_parameter(name, &read, out_head);
        while (delimiter == ',') {
            delimiter = read_letters(cursor, &read, ",;:");
            take_parameter(name, &read, out_head);
        }
    }
    out_head->value.at = cursor->at;
    return delimiter == ':';
}

/* Reads the first card and nothing of the cards inside it. */
static void read_vcard(card_t *card, cursor_t *cursor)
{
    head_t head;
    while (cursor->at < cursor->payload.len) {
        bool has_value = read_head(cursor, &head);
        if (has_value && head.property == WORD_BEGIN) {
            card->depth++;
        } else if (has_value && head.property == WORD_END) {
            card->depth--;
            if (card->depth == 0) {
                return;
            }
        } else if (has_value && card->depth == 1) {
            take_property(card, head.property, &head.value);
        }
        cursor->quoted_printable = head.value.quoted_printable;
        while (take_octet(cursor) != END) {
        }
        cursor->at += line_end(cursor->payload, cursor->at);
        cursor->quoted_printable = false;
    }
}

/* Reads up to an empty field, the ";;" at the end, or without it. */
static void read_mecard(card_t *card, cursor_t *cursor)
{
    letters_t key = {.quoted = false};
    int delimiter = read_letters(cursor, &key, ":;");
    while (delimiter == ':' || (delimiter == ';' && key.len > 0)) {
        if (delimiter == ':') {
            take_property(card, word_of(&key), &(value_t){.at = cursor->at, .rank = 1});
            while (take_unit(cursor) != END) {
            }
        }
        delimiter = read_letters(cursor, &key, ":;");
    }
}

/* --- Names (domain 1.6.1, 1.6.2) --- */

static size_t last_word(enr_span_t text)
{
    size_t at = text.len;
    while (at > 0 && text.ptr[at - 1] != ' ') {
        at--;
    }
    return at;
}

static enr_span_t trim_commas(enr_span_t text)
{
    while (text.len > 0 && (text.ptr[text.len - 1] == ',' || text.ptr[text.len - 1] == ' ')) {
        text.len--;
    }
    return enr_span_trim(text);
}

static enr_span_t without_suffixes(enr_span_t name)
{
    name = trim_commas(name);
    for (size_t at = last_word(name); at > 0 && is_listed(suffixes, from(name, at)); at = last_word(name)) {
        name = trim_commas(slice(name, 0, at));
    }
    return name;
}

static bool is_honorific(enr_span_t word)
{
    return is_listed(honorifics, word) || (word.ptr[word.len - 1] == '.' && is_listed(dotted_honorifics, word));
}

/* The name without honorifics before it, of which at least its last word stays. */
static enr_span_t without_honorifics(enr_span_t name)
{
    for (size_t end = find_byte(name, ' '); end < name.len && is_honorific(slice(name, 0, end));
         end = find_byte(name, ' ')) {
        name = enr_span_trim(from(name, end));
    }
    return name;
}

/* Chinese, Japanese and Korean script, U+3000 to U+D7FF: which part is the family's is not told by the order. */
static bool is_east_asian(enr_span_t word)
{
    return word.len > 0 && word.ptr[0] >= 0xE3 && word.ptr[0] <= 0xED;
}

/* Where the last name begins: at the last word, or at the particles before it. A first word is a particle only in small
   letters: "van Dijk", but "Van Morrison". */
static size_t last_name(enr_span_t name)
{
    size_t at = last_word(name);
    while (at > 0) {
        enr_span_t rest = enr_span_trim(slice(name, 0, at));
        size_t previous = last_word(rest);
        bool is_capital = rest.ptr[previous] >= 'A' && rest.ptr[previous] <= 'Z';
        if (!is_listed(particles, from(rest, previous)) || (previous == 0 && is_capital)) {
            break;
        }
        at = previous;
    }
    return at;
}

/* Splits a whole name. What it does not hold stays empty. */
static void split_name(enr_span_t name, enr_contact_t *out)
{
    name = without_suffixes(name);
    size_t comma = find_byte(name, ',');
    if (comma < name.len) {
        out->lastname = before(name, ',');
        out->firstname = without_honorifics(before(from(name, comma + 1), ','));
        return;
    }
    enr_span_t bare = without_honorifics(name);
    bool is_one_word = last_word(bare) == 0 && bare.len == name.len;
    if (is_one_word || is_east_asian(from(bare, last_word(bare)))) {
        out->firstname = bare;
        return;
    }
    size_t at = last_name(bare);
    out->firstname = enr_span_trim(slice(bare, 0, at));
    out->lastname = from(bare, at);
}

static bool has_both(const enr_contact_t *contact)
{
    return contact->firstname.len > 0 && contact->lastname.len > 0;
}

/* Names where N has one part only: a last name whose first name stands in FN, or the whole name in one slot. */
static void take_one_slot(enr_span_t slot, bool is_family, enr_span_t full, enr_contact_t *out)
{
    full = without_suffixes(full);
    size_t rest = full.len > slot.len ? full.len - slot.len : 0;
    if (is_family && rest > 0 && full.ptr[rest - 1] == ' ' && enr_span_equal_ignore_case(from(full, rest), slot)) {
        out->firstname = without_honorifics(enr_span_trim(slice(full, 0, rest)));
        out->lastname = slot;
        return;
    }
    if (find_byte(slot, ';') < slot.len) { /* escaped once too often: "N:Fore\;Back\;;;;;" (domain 1.7) */
        out->lastname = before(slot, ';');
        out->firstname = before(from(slot, find_byte(slot, ';') + 1), ';');
        return;
    }
    split_name(full, out);
    if (!has_both(out) && slot.len > 0) {
        out->firstname = out->lastname = nothing();
        split_name(slot, out);
        if (!has_both(out)) {
            out->firstname = is_family ? nothing() : slot;
            out->lastname = is_family ? slot : nothing();
        }
    }
}

/* A company's name, or an address, in the place of a person's (domain 1.6.3). */
static enr_span_t unless_company(const card_t *card, enr_span_t name)
{
    bool is_company = enr_span_equal_ignore_case(name, card->badge->contact.company_name);
    return is_company || find_byte(name, '@') < name.len ? nothing() : name;
}

static void take_names(card_t *card)
{
    enr_contact_t *out = &card->badge->contact;
    const int separator = card->dialect == DIALECT_MECARD ? COMMA : SEMICOLON;
    enr_span_t family = decode_best(card, WORD_N, separator, 0);
    enr_span_t given = decode_best(card, WORD_N, separator, 1);
    if (family.len > 0 && given.len > 0) {
        out->lastname = before(family, ','); /* a list of several (RFC 6350 6.2.2), or a suffix */
        out->firstname = before(given, ',');
        return;
    }
    enr_span_t full = unless_company(card, decode_best(card, WORD_FN, NO_SEPARATOR, 0));
    enr_span_t slot = unless_company(card, family.len > 0 ? family : given);
    take_one_slot(slot, family.len > 0, full, out);
}

/* --- The whole --- */

static void take_domain(card_t *card, enr_span_t domain)
{
    field_t lower = {.text = &card->text};
    for (size_t i = 0; i < domain.len; i++) {
        put_byte(&lower, enr_to_lower(domain.ptr[i]), domain.ptr + i);
    }
    card->badge->contact.domain = (enr_span_t){lower.start, lower.len};
}

/* Decodes the best values into the badge. */
static void finish_card(card_t *card)
{
    enr_badge_t *badge = card->badge;
    badge->contact.company_name = decode_best(card, WORD_ORG, SEMICOLON, 0);
    if (!card->company_only) {
        take_names(card);
    } else if (badge->contact.company_name.len == 0) {
        badge->contact.company_name = decode_best(card, WORD_FN, NO_SEPARATOR, 0);
    }
    badge->email = find_email(decode_best(card, WORD_EMAIL, NO_SEPARATOR, 0));
    badge->phone = decode_best(card, WORD_TEL, NO_SEPARATOR, 0);
    badge->phone = enr_span_trim(from(badge->phone, starts_with(badge->phone, "tel:") ? 4 : 0));
    badge->title = decode_best(card, WORD_TITLE, NO_SEPARATOR, 0);
    badge->attendee_id = decode_best(card, WORD_UID, NO_SEPARATOR, 0);
    take_domain(card, is_business(badge->email) ? domain_of_email(badge->email)
                                                : domain_of_url(decode_best(card, WORD_URL, NO_SEPARATOR, 0)));
}

/* Whether a text is one word and holds none of some bytes. */
static bool is_word_without(enr_span_t text, const char *bytes)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_void(text.ptr[i]) || is_one_of(text.ptr[i], bytes)) {
            return false;
        }
    }
    return true;
}

/* A payload that is no card. */
static void read_plain(card_t *card)
{
    enr_badge_t *badge = card->badge;
    enr_span_t text = card->payload;
    enr_span_t address = before(from(text, starts_with(text, "mailto:") ? 7 : 0), '?');
    if (take_linkedin(card, text, 0)) {
        badge->kind = ENR_BADGE_LINKEDIN;
    } else if (is_word_without(text, "") && (scheme_len(text) > 0 || starts_with(text, "www."))) {
        badge->kind = ENR_BADGE_URL;
    } else if (address.len > 0 && enr_span_equal(find_email(address), address)) {
        badge->kind = ENR_BADGE_EMAIL;
        badge->email = address;
    } else if (is_word_without(text, "|^;,@")) {
        badge->kind = ENR_BADGE_ID;
        badge->attendee_id = decode(card, &(value_t){.rank = 1}, NO_SEPARATOR, 0);
    } else {
        badge->kind = ENR_BADGE_TEXT;
        search_words(card, &(value_t){.rank = 1});
    }
    take_domain(card, is_business(badge->email) ? domain_of_email(badge->email) : nothing());
}

static const char *reason_of(const enr_badge_t *badge)
{
    const enr_contact_t *contact = &badge->contact;
    bool has_first = contact->firstname.len > 0;
    bool has_last = contact->lastname.len > 0;
    if (badge->kind == ENR_BADGE_ID) {
        return ENR_REASON_OPAQUE_ID;
    }
    if (badge->kind == ENR_BADGE_URL) {
        return ENR_REASON_URL_ONLY;
    }
    if (!has_first || !has_last) {
        return has_first ? ENR_REASON_NO_LASTNAME : has_last ? ENR_REASON_NO_FIRSTNAME : ENR_REASON_NO_NAME;
    }
    bool has_company = contact->company_name.len > 0 || contact->domain.len > 0 || contact->linkedin_url.len > 0;
    return has_company ? ENR_REASON_REFUSED : ENR_REASON_NO_COMPANY;
}

static void judge(enr_badge_t *badge)
{
    for (unsigned type = ENR_TYPE_EMAIL; type <= ENR_TYPE_PERSONAL_EMAIL; type <<= 1) {
        enr_refusal_t refusal;
        enr_options_t options = {.types = type};
        if (enr_contact_check(&badge->contact, &options, ENR_CALL_ASYNC, &refusal) == ENR_OK) {
            badge->enrichable |= type;
        }
    }
    badge->reason = badge->enrichable == 0 ? reason_of(badge) : NULL;
}

/* The payload without a byte order mark, and without white space and control characters at its ends. */
static enr_span_t trim_payload(enr_span_t payload)
{
    payload = from(payload, starts_with(payload, "\xEF\xBB\xBF") ? 3 : 0);
    size_t start = 0;
    while (start < payload.len && is_void(payload.ptr[start])) {
        start++;
    }
    size_t end = payload.len;
    while (end > start && is_void(payload.ptr[end - 1])) {
        end--;
    }
    return slice(payload, start, end);
}

enr_status_t enr_badge_read(enr_span_t payload, enr_badge_t *out_badge)
{
    assert(out_badge != NULL);
    memset(out_badge, 0, sizeof *out_badge);
    if (payload.len == 0 || payload.len > ENR_BADGE_MAX) {
        return payload.len == 0 ? ENR_E_SYNTAX : ENR_E_LIMIT;
    }
    card_t card = {
        .payload = trim_payload(payload),
        .text = enr_buffer_over(out_badge->text, sizeof out_badge->text),
        .badge = out_badge,
    };
    if (card.payload.len == 0) {
        return ENR_E_SYNTAX;
    }
    if (starts_with(card.payload, "BEGIN:VCARD")) {
        out_badge->kind = ENR_BADGE_VCARD;
        card.dialect = DIALECT_VCARD;
        read_vcard(&card, &(cursor_t){.payload = card.payload, .dialect = DIALECT_VCARD});
        finish_card(&card);
    } else if (starts_with(card.payload, "MECARD:")) {
        out_badge->kind = ENR_BADGE_MECARD;
        card.dialect = DIALECT_MECARD;
        read_mecard(&card, &(cursor_t){.payload = card.payload, .at = 7, .dialect = DIALECT_MECARD});
        finish_card(&card);
    } else {
        read_plain(&card);
    }
    if (card.text.full) {
        memset(out_badge, 0, sizeof *out_badge);
        return ENR_E_LIMIT;
    }
    judge(out_badge);
    return ENR_OK;
}

const char *enr_badge_kind_name(enr_badge_kind_t kind)
{
    static const char *const names[] = {
        [ENR_BADGE_VCARD] = "vcard", [ENR_BADGE_MECARD] = "mecard", [ENR_BADGE_LINKEDIN] = "linkedin",
        [ENR_BADGE_URL] = "url",     [ENR_BADGE_EMAIL] = "email",   [ENR_BADGE_ID] = "id",
        [ENR_BADGE_TEXT] = "text",
    };
    assert((size_t)kind < sizeof names / sizeof names[0]);
    return names[kind];
}
