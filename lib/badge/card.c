#include "badge_internal.h"

static const char words[] =
#define WORD_TEXT(word) #word " "
    WORDS(WORD_TEXT)
#undef WORD_TEXT
    ;

/* What a property says about the card as a whole. */
static void take_trait(reading_t *reading, word_t property, enr_span_t text)
{
    switch (property) {
    case WORD_VERSION:
        reading->dialect = reading->dialect == DIALECT_VCARD && enr_span_is_ignore_case(text, "2.1") ? DIALECT_VCARD_21
                                                                                                     : reading->dialect;
        break;
    case WORD_AGENT: /* 2.1: a card as the value, from the same line on */
        reading->depth += enr_span_is_ignore_case(text, "BEGIN:VCARD") ? 1 : 0;
        break;
    default: { /* KIND, X-ABShowAs */
        int index = enr_span_index_in(text, "org company group location", ".-");
        reading->owner = index < 0 ? reading->owner : index < 2 ? OF_ORGANISATION : OF_NOBODY;
        break;
    }
    }
}

/* Takes what a property's value offers. It is decoded for a look only, but for a LinkedIn profile. The best value of a
   property is kept; the first of equals stays. */
static void take_property(reading_t *reading, word_t property, const value_t *value)
{
    if (property == WORD_NOTE) {
        plain_search(reading, value);
    }
    if (property == WORD_NOTE || property >= WORD_BEGIN) { /* a photograph may be larger than the room for text */
        return;
    }
    const bool was_full = reading->text.full;
    const size_t mark = reading->text.len;
    enr_span_t text = text_decode(reading, value, 0);
    unsigned rank = value->rank;
    if (property == WORD_N && text.len == 0) {
        text = text_decode(reading, value, 1);
    } else if (property == WORD_EMAIL) {
        text = enr_email_find(text);
        rank += badge_domain_of_email(reading, text).len > 0 ? 1000 : 0;
    } else if (property >= WORD_URL && property <= WORD_XLINKEDIN) {
        if (badge_take_linkedin(reading, text, mark, ENR_SOURCE_PROPERTY)) {
            return;
        }
        text = badge_domain_of_url(reading, text);
    } else if (property >= WORD_KIND) {
        take_trait(reading, property, text);
        reading->text.full = was_full; /* too long for any word that counts here */
    }
    if (property < WORD_NOTE && text.len > 0 && rank > reading->values[property].rank) {
        reading->values[property] = *value;
        reading->values[property].rank = (uint16_t)rank;
    }
    reading->text.len = mark;
}

/* Letters before a value. More than the longest known word has are only counted. */
typedef struct {
    uint8_t letters[16];
    size_t len;
    bool quoted; /* the next byte stands between quotes */
} letters_t;

static enr_span_t word_read(const letters_t *read)
{
    return read->len <= sizeof read->letters ? (enr_span_t){read->letters, read->len} : nothing();
}

static word_t word_of(const letters_t *read)
{
    int index = enr_span_index_in(word_read(read), words, "");
    return index >= 0 ? (word_t)index : WORD_OTHER;
}

/* Reads up to a delimiter and returns it, or END. White space, hyphens and a group's prefix ("item1.") are left out.
   Between quotes only a comma is a delimiter (domain 1.2). */
static int read_letters(cursor_t *cursor, letters_t *out_read, const char *delimiters)
{
    out_read->len = 0;
    int byte = 0;
    while ((byte = text_take_byte(cursor)) != END) {
        if (enr_is_one_of((uint8_t)byte, delimiters) && (!out_read->quoted || byte == ',')) {
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
    unsigned bonus = 0;
    if (name == WORD_CHARSET) {
        enr_charset_t declared = enr_charset_of_name(word_read(read));
        value->charset = (uint8_t)(declared == ENR_CHARSET_WESTERN ? value->charset : declared);
    } else if (name == WORD_PREF) {
        bonus = preference_of(read);
    } else if (name == WORD_TYPE || name == WORD_ENCODING) {
        word_t word = word_of(read);
        value->quoted_printable = value->quoted_printable || word == WORD_QUOTEDPRINTABLE;
        bonus = word == WORD_PREF ? 100 : word == WORD_WORK ? 200 : 0;
        bool is_fax = head->property == WORD_TEL && (word == WORD_FAX || word == WORD_PAGER);
        if (is_fax || word == WORD_BASE64 || word == WORD_B) {
            head->property = WORD_OTHER;
        }
    }
    value->rank = (uint16_t)(value->rank + bonus);
}

/* The property names of BIZCARD and AU, which have no others. B, M and F are telephones at a desk, in a pocket, and for
   fax. */
static const struct {
    char name[6];
    uint8_t dialect;
    uint8_t property;
    uint8_t rank;
} aliases[] = {
    {"N", DIALECT_BIZCARD, WORD_N, 1},     {"X", DIALECT_BIZCARD, WORD_FN, 1},    {"C", DIALECT_BIZCARD, WORD_ORG, 1},
    {"T", DIALECT_BIZCARD, WORD_TITLE, 1}, {"B", DIALECT_BIZCARD, WORD_TEL, 3},   {"M", DIALECT_BIZCARD, WORD_TEL, 2},
    {"F", DIALECT_BIZCARD, WORD_TEL, 1},   {"E", DIALECT_BIZCARD, WORD_EMAIL, 1}, {"NAME1", DIALECT_AU, WORD_FN, 1},
    {"TEL1", DIALECT_AU, WORD_TEL, 1},     {"MAIL1", DIALECT_AU, WORD_EMAIL, 1},
};

/* Begins a head with the property that a name stands for in the payload's dialect. */
static void start_head(head_t *head, const reading_t *reading, const letters_t *read)
{
    *head = (head_t){.property = WORD_OTHER, .value = {.rank = 1, .charset = (uint8_t)reading->charset}};
    if (reading->dialect != DIALECT_BIZCARD && reading->dialect != DIALECT_AU) {
        head->property = word_of(read);
    }
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (aliases[i].dialect == reading->dialect && enr_span_is_ignore_case(word_read(read), aliases[i].name)) {
            head->property = (word_t)aliases[i].property;
            head->value.rank = aliases[i].rank;
        }
    }
    if (head->property == WORD_N || head->property == WORD_ORG) {
        const bool is_mecard_name = head->property == WORD_N && reading->dialect == DIALECT_MECARD;
        head->value.separator = is_mecard_name ? COMMA : SEMICOLON;
    }
}

/* Reads a property up to its value; false when there is no value. */
static bool read_head(const reading_t *reading, cursor_t *cursor, head_t *out_head)
{
    letters_t read = {.quoted = false};
    int delimiter = read_letters(cursor, &read, ";:");
    start_head(out_head, reading, &read);
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
    out_head->value.at = cursor->value.at;
    return delimiter == ':';
}

/* Reads the first card and nothing of the cards inside it. */
static void read_lines(reading_t *reading, cursor_t *cursor)
{
    head_t head;
    while (cursor->value.at < cursor->payload.len) {
        bool has_value = read_head(reading, cursor, &head);
        if (has_value && head.property == WORD_BEGIN) {
            reading->depth++;
        } else if (has_value && head.property == WORD_END) {
            reading->depth--;
            if (reading->depth == 0) {
                return;
            }
        } else if (has_value && reading->depth == 1) {
            take_property(reading, head.property, &head.value);
        }
        cursor->value.quoted_printable = head.value.quoted_printable;
        while (text_take_octet(cursor) != END) {
        }
        cursor->value.at += text_line_end(cursor->payload, cursor->value.at);
        cursor->value.quoted_printable = false;
    }
}

/* Reads up to an empty field, the ";;" at the end, or without it. */
static void read_fields(reading_t *reading, cursor_t *cursor)
{
    letters_t key = {.quoted = false};
    int delimiter = read_letters(cursor, &key, ":;");
    while (delimiter == ':' || (delimiter == ';' && key.len > 0)) {
        if (delimiter == ':') {
            head_t head;
            start_head(&head, reading, &key);
            head.value.at = cursor->value.at;
            take_property(reading, head.property, &head.value);
            while (text_take_unit(cursor) != END) {
            }
        }
        delimiter = read_letters(cursor, &key, ":;");
    }
}

/* The best value of a property, one part of it. */
static enr_span_t decode_best(reading_t *reading, word_t property, unsigned part)
{
    const value_t *value = &reading->values[property];
    return value->rank > 0 ? text_decode(reading, value, part) : nothing();
}

static void set_best(reading_t *reading, enr_field_t field, word_t property)
{
    badge_set(reading, field, decode_best(reading, property, 0), ENR_SOURCE_PROPERTY);
}

static void finish_names(reading_t *reading)
{
    enr_span_t full = decode_best(reading, WORD_FN, 0);
    enr_span_t first_part = decode_best(reading, WORD_N, 0);
    if (reading->dialect == DIALECT_BIZCARD) { /* X is the last name, N the first */
        name_take_parts(reading, full, first_part, nothing());
    } else {
        name_take_parts(reading, first_part, decode_best(reading, WORD_N, 1), full);
    }
}

void card_finish(reading_t *reading)
{
    set_best(reading, ENR_FIELD_COMPANY, WORD_ORG);
    if (reading->owner == OF_PERSON) {
        finish_names(reading);
    } else if (reading->owner == OF_ORGANISATION) {
        set_best(reading, ENR_FIELD_COMPANY, WORD_FN);
    }
    badge_set_email(reading, enr_email_find(decode_best(reading, WORD_EMAIL, 0)), ENR_SOURCE_PROPERTY);
    enr_span_t phone = decode_best(reading, WORD_TEL, 0);
    phone = enr_span_trim(enr_span_without(phone, ENR_SPAN("tel:")));
    badge_set(reading, ENR_FIELD_PHONE, phone, ENR_SOURCE_PROPERTY);
    set_best(reading, ENR_FIELD_TITLE, WORD_TITLE);
    if (reading->dialect == DIALECT_MECARD) { /* in a vCard it is the card's own, not the badge's (domain 1.5) */
        set_best(reading, ENR_FIELD_ATTENDEE_ID, WORD_UID);
    }
    badge_set_domain(reading, badge_domain_of_url(reading, decode_best(reading, WORD_URL, 0)), ENR_SOURCE_URL);
}

void card_read(reading_t *reading)
{
    cursor_t cursor;
    text_start(&cursor, reading, &(value_t){.charset = (uint8_t)reading->charset});
    if (reading->dialect < DIALECT_VCARD) {
        cursor.value.at = enr_span_find(reading->payload, ':') + 1;
        read_fields(reading, &cursor);
    } else {
        reading->depth = reading->dialect == DIALECT_AU ? 1 : 0;
        read_lines(reading, &cursor);
    }
}
