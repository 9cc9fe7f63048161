#include "badge_internal.h"

static bool stands_at(enr_span_t text, size_t at, enr_span_t word)
{
    return word.len <= text.len - at && enr_span_equal(enr_span_slice(text, at, at + word.len), word);
}

/* The length of the character at a place that must not be taken for a delimiter: in a charset of two bytes a character
   the second may look like one. */
static size_t step(const reading_t *reading, size_t at)
{
    enr_span_t text = reading->payload;
    bool is_pair = enr_charset_is_lead(reading->charset, text.ptr[at]) && at + 1 < text.len && text.ptr[at + 1] >= 0x40;
    return is_pair ? 2 : 1;
}

/* The next place from `at` on where the word stands, or the payload's end. */
static size_t find(const reading_t *reading, size_t at, enr_span_t word)
{
    enr_span_t text = reading->payload;
    while (at < text.len && !stands_at(text, at, word)) {
        at += step(reading, at);
    }
    return at < text.len ? at : text.len;
}

/* The delimiter of this payload: the profile's, or the first of its aliases that stands in it; or NULL. */
static const enr_span_t *delimiter_of(const reading_t *reading)
{
    const enr_badge_profile_t *profile = reading->profile;
    const enr_span_t *delimiter = &profile->delimiter;
    for (size_t i = 0; delimiter->len > 0; i++) {
        if (find(reading, 0, *delimiter) < reading->payload.len) {
            return delimiter;
        }
        if (i == profile->delimiter_alias_count) {
            break;
        }
        delimiter = &profile->delimiter_aliases[i];
    }
    return NULL;
}

/* Reads the column at a place; *at comes to stand at the delimiter behind it, or at the payload's end. */
static column_t take_column(const reading_t *reading, size_t *at, enr_span_t delimiter)
{
    enr_span_t text = reading->payload;
    column_t column = {.start = *at};
    while (column.start < text.len && text.ptr[column.start] == ' ') {
        column.start++;
    }
    if (reading->profile->quote != 0 && column.start < text.len && text.ptr[column.start] == reading->profile->quote) {
        const enr_span_t quote = {&reading->profile->quote, 1};
        column.quote = reading->profile->quote;
        column.end = find(reading, ++column.start, quote);
        while (column.end + 1 < text.len && text.ptr[column.end + 1] == column.quote) {
            column.end = find(reading, column.end + 2, quote);
        }
        *at = find(reading, column.end, delimiter);
    } else {
        column.end = *at = find(reading, *at, delimiter);
        column.start = column.start < column.end ? column.start : column.end;
    }
    return column;
}

/* What waits until all columns are read: the domain may come from any of three. */
typedef struct {
    enr_span_t domain;
    enr_span_t email;
    enr_span_t url;
} hosts_t;

static void take_column_as(reading_t *reading, enr_field_t field, enr_span_t text, hosts_t *hosts)
{
    switch (field) {
    case ENR_FIELD_FULLNAME:
        name_take_whole(reading, text);
        break;
    case ENR_FIELD_DOMAIN:
        if (hosts->domain.len == 0) {
            hosts->domain = badge_domain_of_url(reading, text);
        }
        break;
    case ENR_FIELD_EMAIL:
        if (hosts->email.len == 0) {
            hosts->email = enr_email_find(text);
        }
        break;
    case ENR_FIELD_URL:
    case ENR_FIELD_LINKEDIN_URL:
        if (!badge_take_linkedin(reading, text, reading->text.len, ENR_SOURCE_COLUMN) && field == ENR_FIELD_URL &&
            hosts->url.len == 0) {
            hosts->url = badge_domain_of_url(reading, text);
        }
        break;
    default:
        badge_set(reading, field, text, ENR_SOURCE_COLUMN);
        break;
    }
}

bool columns_read(reading_t *reading)
{
    const enr_badge_profile_t *profile = reading->profile;
    const enr_span_t *delimiter = profile->field_count > 0 ? delimiter_of(reading) : NULL;
    if (delimiter == NULL) {
        return false;
    }
    hosts_t hosts = {0};
    size_t at = 0;
    for (size_t i = 0; i < profile->field_count && at <= reading->payload.len; i++) {
        column_t column = take_column(reading, &at, *delimiter);
        if (profile->fields[i] != ENR_FIELD_SKIP) {
            take_column_as(reading, profile->fields[i], text_decode_column(reading, &column), &hosts);
        }
        at += delimiter->len;
    }
    badge_set_domain(reading, hosts.domain, ENR_SOURCE_COLUMN);
    badge_set_email(reading, hosts.email, ENR_SOURCE_COLUMN);
    badge_set_domain(reading, hosts.url, ENR_SOURCE_URL);
    return true;
}
