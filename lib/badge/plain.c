#include "badge_internal.h"

/* Whether a text is one word and holds none of some bytes. */
static bool is_word_without(enr_span_t text, const char *bytes)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_void(text.ptr[i]) || enr_is_one_of(text.ptr[i], bytes)) {
            return false;
        }
    }
    return true;
}

/* What no text holds: control characters but for line ends, TAB, and the separators of 1C to 1F. */
static bool is_binary(enr_span_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_control(text.ptr[i]) && !enr_is_one_of(text.ptr[i], "\t\r\n\x1C\x1D\x1E\x1F")) {
            return true;
        }
    }
    return false;
}

/* Columns, by the looks: a sign that separates nothing in a sentence. */
static bool has_columns(enr_span_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_tight = i + 1 < text.len && text.ptr[i + 1] != ' ';
        if (enr_is_one_of(text.ptr[i], "|^\t") || (text.ptr[i] == ';' && is_tight)) {
            return true;
        }
    }
    return false;
}

/* Takes the first e-mail address of free text, or the first business one (domain 1.6.4). */
static void take_email(reading_t *reading, enr_span_t text, enr_span_t *best)
{
    enr_span_t email = enr_email_find(text);
    if (email.len > 0 && (best->len == 0 || (badge_domain_of_email(reading, *best).len == 0 &&
                                             badge_domain_of_email(reading, email).len > 0))) {
        *best = email;
    }
}

static bool is_word_unit(int unit)
{
    if (unit < 0) {
        return false;
    }
    const uint8_t byte = (uint8_t)unit;
    return enr_is_letter(byte) || enr_is_digit(byte) || (!is_void(byte) && !enr_is_one_of(byte, "<>()[]{}\"|^;,:="));
}

void plain_search(reading_t *reading, const value_t *value)
{
    cursor_t cursor;
    text_start(&cursor, reading, value);
    size_t mark = reading->text.len;
    gathered_t word = {.text = &reading->text};
    enr_span_t email = nothing();
    bool too_long = false;
    for (int unit = 0; unit != END && !reading->text.full;) {
        unit = text_take_unit(&cursor);
        if (is_word_unit(unit)) {
            text_put(&word, (uint8_t)unit, cursor.payload.ptr + cursor.value.at - 1);
            too_long = too_long || reading->text.full;
            reading->text.full = false;
            continue;
        }
        while (word.len > 0 && !too_long && enr_is_one_of(word.start[word.len - 1], ".!'")) {
            word.len--; /* the sentence's */
        }
        enr_span_t text = too_long || word.len == 0 ? nothing() : (enr_span_t){word.start, word.len};
        if (reading->dialect == DIALECT_PLAIN) {
            take_email(reading, text, &email);
        }
        if (badge_take_linkedin(reading, text, mark, ENR_SOURCE_TEXT)) {
            mark = reading->text.len;
        }
        reading->text.len = mark;
        word = (gathered_t){.text = &reading->text};
        too_long = false;
    }
    badge_set_email(reading, email, ENR_SOURCE_TEXT);
}

/* The attendee's id behind the prefix of the event's URLs, a part of the payload, perhaps an empty one. */
static enr_span_t id_of_url(const reading_t *reading)
{
    const enr_span_t text = enr_span_without(reading->payload, reading->profile->id_url_prefix);
    size_t end = 0;
    while (text.len < reading->payload.len && end < text.len && !enr_is_one_of(text.ptr[end], "/?#&")) {
        end++;
    }
    return enr_span_slice(text, 0, end);
}

/* Takes a part of the payload as a field; false when it cannot be decoded. */
static bool take_part(reading_t *reading, enr_field_t field, enr_span_t part)
{
    const size_t start = (size_t)(part.ptr - reading->payload.ptr);
    enr_span_t text = text_decode_column(reading, &(column_t){.start = start, .end = start + part.len});
    badge_set(reading, field, text, ENR_SOURCE_PAYLOAD);
    return text.len > 0;
}

static enr_badge_kind_t read_text(reading_t *reading)
{
    reading->is_unreadable = reading->is_unreadable || is_binary(reading->payload);
    plain_search(reading, &(value_t){.rank = 1, .charset = (uint8_t)reading->charset});
    return !reading->is_unreadable && has_columns(reading->payload) ? ENR_BADGE_DELIMITED : ENR_BADGE_TEXT;
}

/* An address of some kind and nothing else. */
static bool read_address(reading_t *reading, enr_badge_kind_t *out_kind)
{
    enr_span_t text = reading->payload;
    enr_span_t email = text_before(enr_span_without(text, ENR_SPAN("mailto:")), '?');
    const bool is_word = is_word_without(text, "|^");
    if (is_word && badge_take_linkedin(reading, text, reading->text.len, ENR_SOURCE_PAYLOAD)) {
        *out_kind = ENR_BADGE_LINKEDIN;
    } else if (is_word && enr_url_begins(text)) {
        *out_kind = ENR_BADGE_URL;
        (void)take_part(reading, ENR_FIELD_ATTENDEE_ID, id_of_url(reading));
    } else if (email.len > 0 && enr_span_equal(enr_email_find(email), email)) {
        *out_kind = ENR_BADGE_EMAIL;
        badge_set_email(reading, email, ENR_SOURCE_PAYLOAD);
    } else if (is_word && enr_span_begins(text, "tel:")) {
        *out_kind = ENR_BADGE_TEXT;
        (void)take_part(reading, ENR_FIELD_PHONE, from(text, 4));
    } else {
        return false;
    }
    return true;
}

enr_badge_kind_t plain_read(reading_t *reading)
{
    enr_badge_kind_t kind = ENR_BADGE_ID;
    if (columns_read(reading)) {
        return ENR_BADGE_DELIMITED;
    }
    if (read_address(reading, &kind)) {
        return kind;
    }
    if (is_word_without(reading->payload, "|^;,@{}<>\"")) {
        if (take_part(reading, ENR_FIELD_ATTENDEE_ID, reading->payload)) {
            return ENR_BADGE_ID;
        }
        reading->is_unreadable = true;
    }
    return read_text(reading);
}
