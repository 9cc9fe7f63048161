#include "card.h"

#include "enrich/utf8.h"

#include <string.h>

#define LINE_MAX 75 /* bytes of a line without its end (RFC 6350 3.2) */

/* A property's line under way. */
typedef struct {
    FILE *out;
    size_t column;
} line_t;

/* Writes one character, or its escape, on a new line if the line is full: none is cut in two. */
static void put(line_t *line, const char *bytes, size_t len)
{
    if (line->column + len > LINE_MAX) {
        (void)fputs("\r\n ", line->out);
        line->column = 1;
    }
    (void)fwrite(bytes, 1, len, line->out);
    line->column += len;
}

static void put_word(line_t *line, const char *word)
{
    for (; *word != '\0'; word++) {
        put(line, word, 1);
    }
}

/* Text of a value: escaped (RFC 6350 3.4), control characters as spaces. */
static void put_text(line_t *line, enr_span_t text)
{
    while (text.len > 0) {
        size_t len = enr_utf8_next(text);
        uint8_t byte = text.ptr[0];
        char escaped[2] = {'\\', (char)byte};
        if (len == 0 || byte < 0x20 || byte == 0x7f) {
            put(line, len == 0 ? "?" : " ", 1);
        } else if (byte == ',' || byte == ';' || byte == '\\') {
            put(line, escaped, sizeof escaped);
        } else {
            put(line, (const char *)text.ptr, len);
        }
        text = enr_span_slice(text, len == 0 ? 1 : len, text.len);
    }
}

static line_t begin(FILE *out, const char *name)
{
    line_t line = {.out = out};
    put_word(&line, name);
    put(&line, ":", 1);
    return line;
}

/* A property of one text; none when it is empty. */
static void property(FILE *out, const char *name, enr_span_t text)
{
    if (text.len > 0) {
        line_t line = begin(out, name);
        put_text(&line, text);
        (void)fputs("\r\n", out);
    }
}

static void write_name(FILE *out, const enr_lead_t *lead)
{
    const enr_contact_t *contact = &lead->contact;
    bool has_name = contact->firstname.len > 0 || contact->lastname.len > 0;
    line_t line = begin(out, "FN");
    put_text(&line, contact->firstname);
    put_word(&line, contact->firstname.len > 0 && contact->lastname.len > 0 ? " " : "");
    put_text(&line, contact->lastname);
    enr_span_t other = lead->attendee_id.len > 0 ? lead->attendee_id : contact->company_name;
    put_text(&line, has_name ? (enr_span_t){0} : other.len > 0 ? other : ENR_SPAN("?"));
    (void)fputs("\r\n", out);
    if (has_name) {
        line = begin(out, "N");
        put_text(&line, contact->lastname);
        put_word(&line, ";");
        put_text(&line, contact->firstname);
        put_word(&line, ";;;");
        (void)fputs("\r\n", out);
    }
}

static void write_results(FILE *out, const full_record_t *full)
{
    const enr_result_t *result;
    if (record_result(full, enr_type_number(ENR_TYPE_EMAIL), &result)) {
        property(out, "EMAIL;TYPE=work;PREF=1", result->email);
    }
    property(out, "EMAIL", full->record.lead.email);
    if (record_result(full, enr_type_number(ENR_TYPE_PERSONAL_EMAIL), &result)) {
        property(out, "EMAIL;TYPE=home", result->personal_email);
    }
    if (record_result(full, enr_type_number(ENR_TYPE_PHONE), &result)) {
        for (size_t i = 0; i < result->phone_count; i++) {
            property(out, "TEL;PREF=1", result->phones[i].number);
        }
    }
    property(out, "TEL", full->record.lead.phone);
}

/* What staff noted, for a person to read. */
static void write_note(FILE *out, const enr_lead_t *lead)
{
    if (lead->rating == 0 && lead->answers.len == 0) {
        return;
    }
    line_t line = begin(out, "NOTE");
    if (lead->rating > 0) {
        const char digits[] = {(char)('0' + lead->rating), '\0'};
        put_word(&line, "rating ");
        put_word(&line, digits);
        put_word(&line, lead->answers.len > 0 ? "\\, " : "");
    }
    put_text(&line, lead->answers);
    (void)fputs("\r\n", out);
}

void card_write(FILE *out, const full_record_t *full)
{
    const enr_lead_t *lead = &full->record.lead;
    (void)fputs("BEGIN:VCARD\r\nVERSION:4.0\r\n", out);
    write_name(out, lead);
    property(out, "ORG", lead->contact.company_name);
    property(out, "TITLE", lead->title);
    write_results(out, full);
    property(out, "URL", lead->contact.linkedin_url);
    property(out, "CATEGORIES", lead->event);
    write_note(out, lead);
    (void)fputs("END:VCARD\r\n", out);
}
