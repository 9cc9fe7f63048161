#include "table.h"

#include "../print.h"

#include "enrich/utf8.h"

#include <string.h>

/* '=', '+', '-', '@', and their wide forms, which some spreadsheets take for the same. */
static bool starts_formula(enr_span_t text)
{
    static const char *const STARTS[] = {"=", "+", "-", "@", "＝", "＋", "－", "＠"};
    for (size_t i = 0; i < sizeof STARTS / sizeof STARTS[0]; i++) {
        size_t len = strlen(STARTS[i]);
        if (text.len >= len && memcmp(text.ptr, STARTS[i], len) == 0) {
            return true;
        }
    }
    return false;
}

/* Nothing that could be a formula's can be written with these. */
static bool is_phone_number(enr_span_t text)
{
    static const char MARKS[] = " +().-;";
    bool good = text.len >= 2 && text.ptr[0] == '+';
    for (size_t i = 1; i < text.len && good; i++) {
        good = enr_is_digit(text.ptr[i]) || (text.ptr[i] != 0 && strchr(MARKS, text.ptr[i]) != NULL);
    }
    return good;
}

static bool is_control(enr_span_t rest, size_t len)
{
    return rest.ptr[0] < 0x20 || rest.ptr[0] == 0x7f || (len == 2 && rest.ptr[0] == 0xc2 && rest.ptr[1] < 0xa0);
}

static void write_quoted(FILE *out, enr_span_t text)
{
    bool is_harmless = is_phone_number(text);
    bool at_start = !is_harmless; /* also behind a ';', at which spreadsheets in some countries cut */
    (void)fputc('"', out);
    while (text.len > 0) {
        size_t len = enr_utf8_next(text);
        uint8_t first = text.ptr[0];
        if (at_start && starts_formula(text)) {
            (void)fputc('\'', out);
        }
        if (len == 0 || is_control(text, len)) {
            (void)fputc(len == 0 ? '?' : ' ', out);
        } else {
            (void)fputs(first == '"' ? "\"" : "", out);
            (void)fwrite(text.ptr, 1, len, out);
        }
        bool is_passed_over = len == 0 || is_control(text, len) || first == ' ' || first == '"' || first == ';';
        at_start = !is_harmless && (first == ';' || (at_start && is_passed_over));
        text = enr_span_slice(text, len == 0 ? 1 : len, text.len);
    }
    (void)fputc('"', out);
}

static void write_cell(FILE *out, enr_span_t text)
{
    static const char SEPARATOR[] = ",";
    (void)fputs(SEPARATOR, out);
    if (text.len > 0) {
        write_quoted(out, text);
    }
}

static void write_number(FILE *out, uint32_t number)
{
    (void)fprintf(out, ",%u", (unsigned)number);
}

static void write_time(FILE *out, const enr_stamp_t *stamp)
{
    char text[RECORD_TIME_MAX];
    (void)fprintf(out, ",%s", record_time(stamp, text) ? text : "");
}

static void write_state(FILE *out, const enr_request_t *request)
{
    (void)fprintf(out, ",%s", request->state != ENR_REQUEST_NONE ? enr_request_state_name(request->state) : "");
}

/* "yes", "no", or nothing where it was not asked for; then how, and what the person was told. */
static void write_consent(FILE *out, const enr_consent_t *consent)
{
    unsigned bit = 0;
    for (size_t i = 0; record_purpose(i, &bit) != NULL; i++) {
        (void)fprintf(out, ",%s", (consent->asked & bit) == 0 ? "" : (consent->given & bit) != 0 ? "yes" : "no");
    }
    const char *method = record_method(consent->method);
    (void)fprintf(out, ",%s", method != NULL ? method : "");
    write_cell(out, consent->notice);
}

/* All numbers in one cell. */
static void write_phones(FILE *out, const enr_result_t *result)
{
    static uint8_t memory[ENR_JOURNAL_CONTENT_MAX * 2];
    enr_buffer_t text = enr_buffer_over(memory, sizeof memory);
    for (size_t i = 0; i < result->phone_count; i++) {
        enr_buffer_append(&text, i > 0 ? ENR_SPAN("; ") : (enr_span_t){0});
        enr_buffer_append(&text, result->phones[i].number);
    }
    write_cell(out, enr_buffer_span(&text));
}

void table_row(FILE *out, const full_record_t *full)
{
    static const enr_result_t NOTHING;
    const enr_lead_t *lead = &full->record.lead;
    const enr_request_t *requests = full->record.requests;
    const enr_result_t *result;
    (void)fprintf(out, "%u", (unsigned)full->record.number);
    write_time(out, &lead->first);
    write_time(out, &lead->last);
    write_number(out, lead->scans);
    const enr_span_t texts[] = {lead->event,
                                lead->device,
                                lead->captured_by,
                                lead->contact.firstname,
                                lead->contact.lastname,
                                lead->contact.company_name,
                                lead->contact.domain,
                                lead->title,
                                lead->contact.linkedin_url,
                                lead->email,
                                lead->phone,
                                lead->attendee_id};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_cell(out, texts[i]);
    }
    if (lead->rating > 0) {
        write_number(out, lead->rating);
    } else {
        write_cell(out, (enr_span_t){0});
    }
    write_cell(out, lead->answers);
    unsigned email = enr_type_number(ENR_TYPE_EMAIL);
    result = record_result(full, email, &result) ? result : &NOTHING;
    write_state(out, &requests[email]);
    write_cell(out, result->email);
    write_cell(out, result->email_status);
    unsigned phone = enr_type_number(ENR_TYPE_PHONE);
    result = record_result(full, phone, &result) ? result : &NOTHING;
    write_state(out, &requests[phone]);
    write_phones(out, result);
    unsigned personal = enr_type_number(ENR_TYPE_PERSONAL_EMAIL);
    result = record_result(full, personal, &result) ? result : &NOTHING;
    write_state(out, &requests[personal]);
    write_cell(out, result->personal_email);
    write_cell(out, result->personal_email_status);
    (void)fprintf(out, ",%s,%s", record_clock(&lead->first), record_clock(&lead->last));
    write_consent(out, &lead->consent);
    (void)fputs("\r\n", out);
}
