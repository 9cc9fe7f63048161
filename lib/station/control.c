/* The codes of a printed sheet (CODES.md). */
#include "enrich/utf8.h"

#include "station_internal.h"

#include <string.h>

#define WORD_MAX 32u

static bool take(enr_span_t *text, enr_span_t word)
{
    if (text->len < word.len || !enr_span_equal(enr_span_slice(*text, 0, word.len), word)) {
        return false;
    }
    *text = enr_span_slice(*text, word.len, text->len);
    return true;
}

bool station_take_word(enr_span_t *text, const char *word)
{
    return take(text, enr_span_from_str(word));
}

static bool is_word(enr_span_t text)
{
    bool good = text.len > 0 && text.len <= WORD_MAX;
    for (size_t i = 0; i < text.len && good; i++) {
        uint8_t byte = text.ptr[i];
        good = enr_is_digit(byte) || enr_is_letter(byte) || byte == '.' || byte == '-' || byte == '_';
    }
    return good;
}

static bool take_rating(enr_span_t code, enr_lead_t *note)
{
    if (code.len != 1 || code.ptr[0] < '1' || code.ptr[0] > '5') {
        return false;
    }
    note->rating = (uint8_t)(code.ptr[0] - '0');
    return true;
}

/* "+CE", "-P" */
static bool take_consent(enr_span_t code, enr_span_t notice, enr_lead_t *note)
{
    static const char purposes[] = "CEPM"; /* in the order of the bits */
    if (code.len < 2 || (code.ptr[0] != '+' && code.ptr[0] != '-')) {
        return false;
    }
    enr_consent_t *consent = &note->consent;
    for (size_t i = 1; i < code.len; i++) {
        const char *at = memchr(purposes, code.ptr[i], sizeof purposes - 1);
        unsigned bit = at != NULL ? 1u << (at - purposes) : 0;
        if ((~consent->asked & bit) == 0) {
            return false; /* another letter, or the same again */
        }
        consent->asked |= (uint8_t)bit;
    }
    consent->given = code.ptr[0] == '+' ? consent->asked : 0;
    consent->method = ENR_CONSENT_BY_BARCODE;
    consent->notice = notice;
    return true;
}

/* Appends "KEY=VALUE", with a ';' before it unless it is the first. */
static void put_answer(enr_buffer_t *out, enr_span_t key, enr_span_t value)
{
    if (out->len > 0) {
        enr_buffer_append_byte(out, ';');
    }
    enr_buffer_append(out, key);
    enr_buffer_append_byte(out, '=');
    enr_buffer_append(out, value);
}

/* Appends the answers to other questions. */
static void keep_others(enr_buffer_t *out, enr_span_t answers, enr_span_t key)
{
    while (answers.len > 0) {
        enr_span_t value = enr_span_take(&answers, ';');
        enr_span_t other = enr_span_take(&value, '=');
        if (value.len > 0 && !enr_span_equal(other, key)) {
            put_answer(out, other, value);
        }
    }
}

/* "KEY:VALUE" becomes all answers of the lead, in memory of the station's. ENR_E_SYNTAX: it is not that; otherwise as
   enr_agent_find. */
ENR_NOINLINE static enr_status_t take_answer(enr_station_t *station, enr_span_t code, enr_lead_t *note)
{
    enr_span_t value = code;
    enr_span_t key = enr_span_take(&value, ':');
    if (!is_word(key) || !is_word(value)) {
        return ENR_E_SYNTAX;
    }
    enr_record_t record;
    enr_status_t status = enr_agent_find(station->config.agent, station->lead, &record);
    if (status != ENR_OK) {
        return status;
    }
    enr_buffer_t answers = station_scratch(station);
    answers.capacity = answers.capacity < ENR_ANSWERS_MAX ? answers.capacity : ENR_ANSWERS_MAX;
    keep_others(&answers, record.lead.answers, key);
    put_answer(&answers, key, value);
    note->answers = enr_buffer_span(&answers);
    return answers.full ? ENR_E_LIMIT : ENR_OK;
}

static enr_status_t set_staff(enr_station_t *station, enr_span_t name, enr_scan_t *out)
{
    if (name.len > sizeof station->staff || !enr_utf8_is_text(name)) {
        return station_refuse(out, ENR_WHY_UNKNOWN_CODE, ENR_OK);
    }
    memcpy(station->staff, name.ptr, name.len);
    station->staff_len = name.len;
    *out = (enr_scan_t){.kind = ENR_SCAN_STAFF};
    return ENR_OK;
}

/* ENR_OK: *note holds what the code says; ENR_E_SYNTAX: it is none. */
static enr_status_t read_note(enr_station_t *station, enr_span_t code, enr_lead_t *note)
{
    bool good = false;
    if (station_take_word(&code, "R")) {
        good = take_rating(code, note);
    } else if (station_take_word(&code, "C")) {
        good = take_consent(code, station->config.notice, note);
    } else if (station_take_word(&code, "Q:")) {
        return station->lead > 0 ? take_answer(station, code, note) : ENR_OK;
    }
    return good ? ENR_OK : ENR_E_SYNTAX;
}

ENR_NOINLINE enr_status_t control(enr_station_t *station, enr_span_t code, uint32_t now_ms, enr_scan_t *out)
{
    enr_span_t sheet = station->config.sheet;
    if (sheet.len > 0 && !(take(&code, sheet) && station_take_word(&code, ":"))) {
        return station_refuse(out, ENR_WHY_UNKNOWN_CODE, ENR_OK);
    }
    if (station_take_word(&code, "BY:")) {
        return set_staff(station, code, out);
    }
    enr_lead_t note = {.rating = 0};
    enr_status_t status = read_note(station, code, &note);
    if (status == ENR_E_SYNTAX) {
        return station_refuse(out, ENR_WHY_UNKNOWN_CODE, ENR_OK);
    }
    if (status == ENR_OK && station->lead == 0) {
        return station_refuse(out, ENR_WHY_NO_LEAD, ENR_OK);
    }
    *out = (enr_scan_t){.kind = ENR_SCAN_NOTE};
    if (status == ENR_OK) {
        status = enr_agent_note(station->config.agent, station->lead, &note, now_ms, &out->captured);
    }
    if (status == ENR_AGAIN) {
        return status;
    }
    if (status == ENR_END) { /* it was erased meanwhile */
        return station_refuse(out, ENR_WHY_NO_LEAD, ENR_OK);
    }
    if (status != ENR_OK) {
        return station_not_kept(out, status);
    }
    station->lead_ms = now_ms;
    return ENR_OK;
}
