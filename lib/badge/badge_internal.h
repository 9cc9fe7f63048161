/* What the files of the badge room share. */
#ifndef ENRICH_BADGE_INTERNAL_H
#define ENRICH_BADGE_INTERNAL_H

#include "enrich/badge.h"

/* The words known before a value, hyphens left out: properties, of which those before NOTE keep their best value; then
   names and values of parameters. */
/* clang-format off */
#define WORDS(X)                                                                                                       \
    X(N) X(FN) X(ORG) X(EMAIL) X(TEL) X(TITLE) X(UID) X(URL)                                                           \
    X(NOTE) X(XSOCIALPROFILE) X(SOCIALPROFILE) X(IMPP) X(XLINKEDIN) X(KIND) X(XABSHOWAS) X(VERSION) X(AGENT)           \
    X(BEGIN) X(END)                                                                                                    \
    X(TYPE) X(ENCODING) X(CHARSET) X(PREF)                                                                             \
    X(QUOTEDPRINTABLE) X(BASE64) X(B) X(WORK) X(FAX) X(PAGER)
/* clang-format on */

typedef enum {
#define WORD_ENUM(word) WORD_##word,
    WORDS(WORD_ENUM)
#undef WORD_ENUM
        WORD_OTHER
} word_t;

/* How a value is written. From VCARD on lines are unfolded. */
typedef enum { DIALECT_PLAIN, DIALECT_MECARD, DIALECT_BIZCARD, DIALECT_VCARD, DIALECT_VCARD_21, DIALECT_AU } dialect_t;

/* What stands for no byte in a unit of a value: an end, or an unescaped sign, its character negated. */
enum { END = -1, SEMICOLON = -';', COMMA = -',' };

/* Where one value stands in the payload, and how it is written. */
typedef struct {
    size_t at;
    uint16_t rank; /* 0: no value */
    bool quoted_printable;
    uint8_t quote;    /* doubled in a column that stands between quotes; else 0 */
    uint8_t charset;  /* enr_charset_t, of what is not UTF-8 */
    int8_t separator; /* SEMICOLON or COMMA: what stands between its parts; 0: it has one part */
} value_t;

/* A badge being read: a payload and its best values so far, by property. They are decoded at the end, so that a better
   one costs no room. */
typedef struct {
    enr_span_t payload;
    dialect_t dialect;
    enr_charset_t charset;                                /* of what is not UTF-8 and declares nothing */
    size_t depth;                                         /* of the card inside cards; 1: the first one */
    enum { OF_PERSON, OF_ORGANISATION, OF_NOBODY } owner; /* whose card it is */
    bool has_card;                                        /* read so far: of several only the first counts */
    bool is_unreadable;                                   /* no text */
    enr_buffer_t text;
    const enr_badge_profile_t *profile;
    enr_badge_t *badge;
    value_t values[WORD_NOTE];
} reading_t;

/* One column: where it stands in the payload, the quotes around it left out. */
typedef struct {
    size_t start;
    size_t end;
    uint8_t quote; /* doubled inside; 0: it stands in none */
} column_t;

/* Walks over one value, or over the head of a property. Where a line ends (from VCARD on) it stays. */
typedef struct {
    enr_span_t payload;
    value_t value; /* at: the next byte */
    dialect_t dialect;
    bool is_trail; /* that byte is the second of a character, if 40 or above */
} cursor_t;

/* Gathers a field: a view of the payload while its bytes stand there side by side, a copy in the badge's text from the
   first byte on that does not. */
typedef struct {
    enr_buffer_t *text;
    const uint8_t *start;
    size_t len;
    bool copied;
} gathered_t;

/* Small things about bytes. */

static inline bool is_control(uint8_t byte)
{
    return byte < 0x20 || byte == 0x7F;
}

/* White space or control. */
static inline bool is_void(uint8_t byte)
{
    return byte == ' ' || is_control(byte);
}

/* Empty, but not NULL. */
static inline enr_span_t nothing(void)
{
    return ENR_SPAN("");
}

static inline enr_span_t from(enr_span_t text, size_t at)
{
    return enr_span_slice(text, at, text.len);
}

/* The trimmed text before the first such byte. */
enr_span_t text_before(enr_span_t text, uint8_t byte);

/* text.c: from bytes to text, by unfolding, quoted-printable, escapes and charset. */

/* The length of the line end at a place: LF, CRLF or CR, and CRCRLF (domain 1.7); 0 if none is there. */
size_t text_line_end(enr_span_t payload, size_t at);

/* The next byte with folds taken out, or END. */
int text_take_byte(cursor_t *cursor);

/* As text_take_byte, with quoted-printable decoded if the value has it. */
int text_take_octet(cursor_t *cursor);

/* The next byte of a value as text, an unescaped SEMICOLON or COMMA, or END. */
int text_take_unit(cursor_t *cursor);

/* Stands at the beginning of a value. */
void text_start(cursor_t *cursor, const reading_t *reading, const value_t *value);

/* Adds one byte, which came from source. Leading white space is left out. */
void text_put(gathered_t *field, uint8_t byte, const uint8_t *source);

/* One part of a value, from 0, as trimmed UTF-8, or nothing: empty, or not to be decoded (domain 1.6.8). */
enr_span_t text_decode(reading_t *reading, const value_t *value, unsigned part);

/* The text of a column: a part of the payload that is taken as it stands. */
enr_span_t text_decode_column(reading_t *reading, const column_t *column);

/* card.c: properties of vCard, MECARD, BIZCARD and AU. */

/* Reads the card that the payload is, in reading->dialect: finds its best values. */
void card_read(reading_t *reading);

/* Decodes the best values of a card into the badge. */
void card_finish(reading_t *reading);

/* name.c */

/* Gives the badge a name that is written as a whole. */
void name_take_whole(reading_t *reading, enr_span_t text);

/* Gives the badge the name of a card: the parts of N, the whole of FN; any may be empty (domain 1.6.1). */
void name_take_parts(reading_t *reading, enr_span_t family, enr_span_t given, enr_span_t full);

/* columns.c */

/* Reads the payload by the profile's columns; false when it does not hold the delimiter. */
bool columns_read(reading_t *reading);

/* plain.c: what is no card. */

/* Reads the payload and says what it is. */
enr_badge_kind_t plain_read(reading_t *reading);

/* Looks for a LinkedIn profile in the words of a value, and for an e-mail address if the text is the whole payload:
   there a word needs no decoding and is a view of it. */
void plain_search(reading_t *reading, const value_t *value);

/* badge.c: what the others give the badge. */

/* Sets a field that is empty so far; value may be empty. */
void badge_set(reading_t *reading, enr_field_t field, enr_span_t value, enr_source_t source);

/* The same for the domain, in lower case. */
void badge_set_domain(reading_t *reading, enr_span_t domain, enr_source_t source);

/* The same for the e-mail address, and for the domain that stands in it. */
void badge_set_email(reading_t *reading, enr_span_t email, enr_source_t source);

/* Takes the first LinkedIn profile. Its canonical form comes to stand in the badge's text at mark, from where on the
   text that it is made of may stand too. False: it is none, or there is one already. */
bool badge_take_linkedin(reading_t *reading, enr_span_t text, size_t mark, enr_source_t source);

/* The company's domain in an address or a URL, or nothing: enr_domain_of_… with the event's own hosts. */
enr_span_t badge_domain_of_email(const reading_t *reading, enr_span_t email);
enr_span_t badge_domain_of_url(const reading_t *reading, enr_span_t url);

#endif
