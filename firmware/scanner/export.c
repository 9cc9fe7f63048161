#include "export.h"

#include "board.h"
#include "console.h"
#include "durable.h"
#include "enrich/json_writer.h"
#include "reader.h"
#include "service.h"

#include <string.h>

enum { JOB_NONE, JOB_LIST, JOB_EXPORT, JOB_CONFIRM, JOB_WIPE, JOB_ERASE };

static struct {
    uint8_t job;
    bool force;
    enr_cursor_t cursor;
    uint32_t leads;
    uint32_t newest; /* number of the leads that stood in the export */
    enr_batch_t batch;
    enr_batch_item_t items[EXPORT_LEADS];
    enr_hash_t hash;
    uint8_t digest[ENR_SEAL_DIGEST_LEN]; /* that the receiver has answered with */
} sheet;

static const char hex_digits[] = "0123456789abcdef";

static void say_count(const char *text)
{
    console_line_t line;
    console_begin(&line, "leads");
    console_number(&line, sheet.leads);
    console_text(&line, text);
    console_end(&line);
}

static void say_failure(const char *room, enr_status_t status)
{
    console_line_t line;
    console_begin(&line, room);
    console_status(&line, status);
    console_end(&line);
}

static bool start(uint8_t job, const char *room)
{
    if (sheet.job != JOB_NONE) {
        console_say(room, "something is under way: again in a moment");
        return false;
    }
    sheet.job = job;
    sheet.cursor = (enr_cursor_t){0};
    sheet.leads = sheet.newest = 0;
    return true;
}

void export_list(void)
{
    (void)start(JOB_LIST, "leads");
}

void export_begin(void)
{
    if (start(JOB_EXPORT, "export")) {
        enr_batch_start(&sheet.batch, sheet.items, EXPORT_LEADS, true);
        enr_hash_start(&sheet.hash);
    }
}

static unsigned hex_value(uint8_t byte)
{
    const char *found = byte != 0 ? strchr(hex_digits, enr_to_lower(byte)) : NULL;
    return found != NULL ? (unsigned)(found - hex_digits) : 16u;
}

void export_confirm(enr_span_t digest)
{
    bool good = digest.len == 2 * sizeof sheet.digest;
    for (size_t i = 0; good && i < sizeof sheet.digest; i++) {
        unsigned high = hex_value(digest.ptr[2 * i]), low = hex_value(digest.ptr[2 * i + 1]);
        good = high < 16 && low < 16;
        sheet.digest[i] = (uint8_t)(high << 4 | low);
    }
    if (!good || !sheet.batch.closed) {
        console_say("export", good ? "there is none to confirm" : "a digest is 64 hexadecimal digits");
        return;
    }
    (void)start(JOB_CONFIRM, "export");
}

void export_erase_all(bool force)
{
    if (start(JOB_WIPE, "erase")) {
        sheet.force = force;
    }
}

static bool is_wanted(const enr_record_t *record, unsigned number)
{
    return record->requests[number].state != ENR_REQUEST_NONE;
}

static void list_one(const enr_record_t *record)
{
    console_line_t line;
    console_begin(&line, "lead");
    console_number(&line, record->number);
    console_text(&line, ", scans ");
    console_number(&line, record->lead.scans);
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        const enr_request_t *request = &record->requests[number];
        if (!is_wanted(record, number)) {
            continue;
        }
        console_text(&line, ", ");
        console_type(&line, enr_type_of_number(number));
        console_text(&line, " ");
        console_text(&line, enr_request_state_name(request->state));
        if (request->state == ENR_REQUEST_REFUSED && request->refusal.field != NULL) {
            console_text(&line, " (");
            console_text(&line, request->refusal.field);
            console_text(&line, " ");
            console_text(&line, request->refusal.rule);
            console_text(&line, ")");
        } else if (request->status != ENR_OK) {
            console_text(&line, " (");
            console_text(&line, enr_status_name(request->status));
            console_text(&line, ")");
        }
    }
    console_end(&line);
}

/* Bytes of the export: to the receiver and into the digest. */
static void put(enr_span_t bytes)
{
    enr_hash_add(&sheet.hash, bytes);
    board_console_write(bytes);
    board_watchdog_feed();
}

/* What the writer has made so far goes out, so that a line needs no more memory than its longest member. */
static void flush(enr_buffer_t *line)
{
    put(enr_buffer_span(line));
    line->len = 0;
}

static void put_base64(enr_span_t bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t count = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t bits = (uint32_t)bytes.ptr[i] << 16;
        bits |= count > 1 ? (uint32_t)bytes.ptr[i + 1] << 8 : 0;
        bits |= count > 2 ? bytes.ptr[i + 2] : 0;
        const uint8_t four[] = {(uint8_t)digits[bits >> 18], (uint8_t)digits[bits >> 12 & 63],
                                count > 1 ? (uint8_t)digits[bits >> 6 & 63] : (uint8_t)'=',
                                count > 2 ? (uint8_t)digits[bits & 63] : (uint8_t)'='};
        put((enr_span_t){four, sizeof four});
    }
}

static void put_member(enr_json_writer_t *writer, enr_buffer_t *line, const char *key, enr_span_t value)
{
    if (value.len > 0) {
        enr_json_write_member(writer, enr_span_from_str(key), value);
        flush(line);
    }
}

static void put_number(enr_json_writer_t *writer, enr_buffer_t *line, const char *key, int64_t number)
{
    enr_json_key(writer, enr_span_from_str(key));
    enr_json_write_integer(writer, number);
    flush(line);
}

static void put_lead(enr_json_writer_t *writer, enr_buffer_t *line, const enr_lead_t *lead)
{
    put_member(writer, line, "firstname", lead->contact.firstname);
    put_member(writer, line, "lastname", lead->contact.lastname);
    put_member(writer, line, "company_name", lead->contact.company_name);
    put_member(writer, line, "domain", lead->contact.domain);
    put_member(writer, line, "linkedin_url", lead->contact.linkedin_url);
    put_member(writer, line, "email", lead->email);
    put_member(writer, line, "phone", lead->phone);
    put_member(writer, line, "title", lead->title);
    put_member(writer, line, "attendee_id", lead->attendee_id);
    put_member(writer, line, "event", lead->event);
    put_member(writer, line, "device", lead->device);
    put_member(writer, line, "operator", lead->captured_by);
    put_member(writer, line, "answers", lead->answers);
    put_member(writer, line, "notice", lead->consent.notice);
    if (lead->payload.len > 0) {
        enr_json_key(writer, ENR_SPAN("payload_base64"));
        enr_json_write_raw(writer, ENR_SPAN("\""));
        flush(line);
        put_base64(lead->payload);
        put(ENR_SPAN("\""));
    }
}

/* The service's own text, which is one JSON value; its line ends become spaces, so that a lead is one line. */
static enr_status_t put_result(enr_json_writer_t *writer, enr_buffer_t *line, const enr_record_t *record,
                               unsigned number)
{
    enr_buffer_t result = service_scratch_second();
    enr_status_t status = enr_agent_read(service_agent(), record, enr_type_of_number(number), &result);
    if (status != ENR_OK) {
        return status;
    }
    for (size_t i = 0; i < result.len; i++) {
        result.ptr[i] = result.ptr[i] < 0x20 ? ' ' : result.ptr[i];
    }
    enr_json_key(writer, ENR_SPAN("result"));
    flush(line);
    enr_json_write_raw(writer, enr_buffer_span(&result));
    enr_wipe(result.ptr, result.len);
    return ENR_OK;
}

static enr_status_t put_requests(enr_json_writer_t *writer, enr_buffer_t *line, const enr_record_t *record)
{
    enr_status_t status = ENR_OK;
    for (unsigned number = 0; number < ENR_TYPE_COUNT && status == ENR_OK; number++) {
        const enr_request_t *request = &record->requests[number];
        if (!is_wanted(record, number)) {
            continue;
        }
        static const char *const words[ENR_TYPE_COUNT] = {"email_request", "phone_request", "personal_email_request"};
        enr_json_key(writer, enr_span_from_str(words[number]));
        enr_json_object_begin(writer);
        enr_json_write_member(writer, ENR_SPAN("state"), enr_span_from_str(enr_request_state_name(request->state)));
        if (request->status != ENR_OK) {
            enr_json_write_member(writer, ENR_SPAN("status"), enr_span_from_str(enr_status_name(request->status)));
        }
        flush(line);
        if (request->state == ENR_REQUEST_FINISHED) {
            status = put_result(writer, line, record, number);
        }
        enr_json_object_end(writer);
        flush(line);
    }
    return status;
}

static enr_status_t put_record(const enr_record_t *record)
{
    enr_json_writer_t writer;
    enr_buffer_t line = service_scratch();
    enr_json_writer_start(&writer, &line);
    enr_json_object_begin(&writer);
    enr_json_key(&writer, ENR_SPAN("number"));
    enr_json_write_integer(&writer, record->number);
    enr_json_key(&writer, ENR_SPAN("scans"));
    enr_json_write_integer(&writer, record->lead.scans);
    put_number(&writer, &line, "first_seen", record->lead.first.wall_s);
    put_number(&writer, &line, "first_seen_clock", record->lead.first.quality);
    put_number(&writer, &line, "last_seen", record->lead.last.wall_s);
    put_number(&writer, &line, "last_seen_clock", record->lead.last.quality);
    put_number(&writer, &line, "rating", record->lead.rating);
    put_number(&writer, &line, "consent_asked", record->lead.consent.asked);
    put_number(&writer, &line, "consent_given", record->lead.consent.given);
    put_number(&writer, &line, "consent_method", record->lead.consent.method);
    put_lead(&writer, &line, &record->lead);
    enr_status_t status = put_requests(&writer, &line, record);
    enr_json_object_end(&writer);
    flush(&line);
    put(ENR_SPAN("\n"));
    enr_wipe(line.ptr, line.capacity);
    return status == ENR_OK ? enr_json_writer_finish(&writer) : status;
}

static void close_batch(void)
{
    uint8_t digest[ENR_SEAL_DIGEST_LEN];
    enr_hash_finish(&sheet.hash, digest);
    enr_batch_close(&sheet.batch, digest);
    say_count(" exported");
    if (sheet.batch.count < EXPORT_LEADS) { /* all of them: they may be erased by force */
        durable_settle();
        enr_status_t status = enr_station_exported(durable_store(), sheet.newest);
        if (status != ENR_OK) {
            say_failure("export", status);
        }
    }
    console_line_t line;
    console_begin(&line, "export");
    console_text(&line, "digest ");
    for (size_t i = 0; i < sizeof digest; i++) {
        const char two[] = {hex_digits[digest[i] >> 4], hex_digits[digest[i] & 15], '\0'};
        console_text(&line, two);
    }
    console_end(&line);
}

static void list_step(enr_status_t status, const enr_record_t *record)
{
    if (status == ENR_END) {
        sheet.job = JOB_NONE;
        say_count(" in all");
        return;
    }
    sheet.leads++;
    if (status == ENR_OK) {
        list_one(record);
    } else {
        say_failure("leads", status);
    }
}

static void export_one(enr_status_t status, const enr_record_t *record)
{
    if (status == ENR_END) {
        sheet.job = JOB_NONE;
        close_batch();
        return;
    }
    status = status == ENR_OK ? put_record(record) : status;
    if (status == ENR_OK) {
        sheet.leads++;
        sheet.newest = record->number > sheet.newest ? record->number : sheet.newest;
        return;
    }
    /* What stands on the receiver's side is cut off in a line: it is worth nothing, and nothing of it is delivered. */
    sheet.job = JOB_NONE;
    say_failure("export", status);
}

static void confirm_step(uint32_t now_ms)
{
    enr_status_t status = enr_batch_acknowledge(service_agent(), &sheet.batch, sheet.digest, now_ms);
    if (status != ENR_AGAIN) {
        sheet.job = JOB_NONE;
        if (status == ENR_OK) {
            console_say("export", "confirmed");
        } else {
            say_failure("export", status);
        }
    }
}

static void erase_step(enr_status_t status, const enr_record_t *record, uint32_t now_ms)
{
    if (status == ENR_END) {
        sheet.job = JOB_NONE;
        say_count(" erased");
        return;
    }
    uint32_t number = record->number;
    status = enr_agent_erase(service_agent(), number, now_ms);
    if (status == ENR_OK) {
        sheet.leads++;
    } else if (status == ENR_AGAIN) {
        sheet.cursor = (enr_cursor_t){0};
    } else if (status != ENR_END) {
        sheet.job = JOB_NONE;
        say_failure("erase", status);
    }
}

/* Whether all may be erased. */
static void wipe_step(uint32_t now_ms)
{
    enr_status_t status = enr_station_may_wipe(reader_station(), sheet.force, now_ms);
    if (status == ENR_AGAIN) {
        return;
    }
    sheet.job = status == ENR_OK ? JOB_ERASE : JOB_NONE;
    if (status != ENR_OK) {
        console_say("erase", sheet.force ? "refused: not all has stood in an export: export first"
                                         : "refused: there are leads that nobody has got yet; export and confirm, or "
                                           "export and erase all force");
    }
}

void export_step(uint32_t now_ms)
{
    enr_agent_status_t agent_status;
    enr_record_t record;
    if (sheet.job == JOB_NONE) {
        return;
    }
    service_status(now_ms, &agent_status);
    if (agent_status.online) {
        return; /* its memory is in use */
    }
    if (sheet.job == JOB_CONFIRM) {
        confirm_step(now_ms);
        return;
    }
    if (sheet.job == JOB_WIPE) {
        wipe_step(now_ms);
        return;
    }
    enr_status_t status = sheet.job == JOB_EXPORT ? enr_batch_next(service_agent(), &sheet.batch, &record)
                                                  : enr_agent_next(service_agent(), &sheet.cursor, &record);
    if (status == ENR_AGAIN) {
        return;
    }
    if (sheet.job == JOB_LIST) {
        list_step(status, &record);
    } else if (sheet.job == JOB_EXPORT) {
        export_one(status, &record);
    } else {
        erase_step(status, &record, now_ms);
    }
}
