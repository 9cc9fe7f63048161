#include "export.h"

#include "base64.h"
#include "board.h"
#include "console.h"
#include "durable.h"
#include "enrich/json_writer.h"
#include "reader.h"
#include "service.h"

#include <string.h>

static const uint8_t hex_digits[16] = "0123456789abcdef";

/* In the order of verb(). */
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

/* The command that a job belongs to. */
static const char *verb(unsigned job)
{
    return job == JOB_LIST ? "leads" : job <= JOB_CONFIRM ? "export" : "erase";
}

static bool start(uint8_t job)
{
    if (sheet.job != JOB_NONE) {
        console_say(verb(job), "something is under way: again in a moment");
        return false;
    }
    sheet.job = job;
    sheet.cursor = (enr_cursor_t){0};
    sheet.leads = sheet.newest = 0;
    return true;
}

/* Ends the job. */
static void fail(enr_status_t status)
{
    console_say_status(verb(sheet.job), "", status);
    sheet.job = JOB_NONE;
}

void export_list(void)
{
    (void)start(JOB_LIST);
}

void export_begin(void)
{
    if (start(JOB_EXPORT)) {
        enr_batch_start(&sheet.batch, sheet.items, EXPORT_LEADS, true);
        enr_hash_start(&sheet.hash);
    }
}

void export_confirm(enr_span_t digest)
{
    bool good = digest.len == 2 * sizeof sheet.digest;
    for (size_t i = 0; good && i < digest.len; i++) {
        const uint8_t *digit = memchr(hex_digits, enr_to_lower(digest.ptr[i]), sizeof hex_digits);
        good = digit != NULL;
        sheet.digest[i / 2] = (uint8_t)(sheet.digest[i / 2] << 4 | (good ? digit - hex_digits : 0));
    }
    if (!good || !sheet.batch.closed) {
        console_say("export", good ? "there is none to confirm" : "a digest is 64 hexadecimal digits");
        return;
    }
    (void)start(JOB_CONFIRM);
}

void export_erase_all(bool force)
{
    if (start(JOB_WIPE)) {
        sheet.force = force;
    }
}

static void list_one(const enr_record_t *record)
{
    console_line_t line;
    console_begin(&line, "lead");
    console_put(&line, "%lu, scans %lu", record->number, record->lead.scans);
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        const enr_request_t *request = &record->requests[number];
        if (request->state == ENR_REQUEST_NONE) {
            continue;
        }
        console_put(&line, ", ");
        console_put_type(&line, enr_type_of_number(number));
        console_put(&line, " %s", enr_request_state_name(request->state));
        if (request->state == ENR_REQUEST_REFUSED && request->refusal.field != NULL) {
            console_put(&line, " (%s %s)", request->refusal.field, request->refusal.rule);
        } else if (request->status != ENR_OK) {
            console_put(&line, " (%s)", enr_status_name(request->status));
        }
    }
    console_end(&line);
}

/* --- a lead as a line of JSON --- */

/* What the writer has made so far goes out piece by piece, so that a line needs no more memory than its longest
   member. */
typedef struct {
    enr_json_writer_t json;
    enr_buffer_t text;
} line_t;

/* Bytes of the export: to the receiver and into the digest. */
static void put(enr_span_t bytes)
{
    enr_hash_add(&sheet.hash, bytes);
    board_console_write(bytes);
    board_watchdog_feed();
}

static void flush(line_t *line)
{
    put(enr_buffer_span(&line->text));
    line->text.len = 0;
}

static void put_base64(enr_span_t bytes)
{
    for (size_t i = 0; i < bytes.len; i += 3) {
        uint8_t four[4];
        base64_write(bytes.ptr + i, bytes.len - i, four);
        put((enr_span_t){four, sizeof four});
    }
}

static void put_text(line_t *line, const char *key, enr_span_t value)
{
    enr_json_write_member(&line->json, enr_span_from_str(key), value);
    flush(line);
}

static void put_number(line_t *line, const char *key, int64_t number)
{
    enr_json_key(&line->json, enr_span_from_str(key));
    enr_json_write_integer(&line->json, number);
    flush(line);
}

#define TEXTS(X)                                                                                                       \
    X("firstname", contact.firstname)                                                                                  \
    X("lastname", contact.lastname)                                                                                    \
    X("company_name", contact.company_name)                                                                            \
    X("domain", contact.domain)                                                                                        \
    X("linkedin_url", contact.linkedin_url)                                                                            \
    X("email", email)                                                                                                  \
    X("phone", phone)                                                                                                  \
    X("title", title)                                                                                                  \
    X("attendee_id", attendee_id)                                                                                      \
    X("event", event)                                                                                                  \
    X("device", device)                                                                                                \
    X("operator", captured_by)                                                                                         \
    X("answers", answers)                                                                                              \
    X("notice", consent.notice)

static void put_lead(line_t *line, const enr_lead_t *lead)
{
#define KEY(key, member) key "\0"
#define PLACE(key, member) offsetof(enr_lead_t, member),
    static const char keys[] = TEXTS(KEY);
    static const uint16_t places[] = {TEXTS(PLACE)};
    put_number(line, "first_seen", lead->first.wall_s);
    put_number(line, "first_seen_clock", lead->first.quality);
    put_number(line, "last_seen", lead->last.wall_s);
    put_number(line, "last_seen_clock", lead->last.quality);
    put_number(line, "rating", lead->rating);
    put_number(line, "consent_asked", lead->consent.asked);
    put_number(line, "consent_given", lead->consent.given);
    put_number(line, "consent_method", lead->consent.method);
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        enr_span_t text;
        memcpy(&text, (const uint8_t *)lead + places[i], sizeof text);
        if (text.len > 0) {
            put_text(line, enr_text_of(keys, i), text);
        }
    }
    if (lead->payload.len > 0) {
        enr_json_key(&line->json, ENR_SPAN("payload_base64"));
        enr_json_write_raw(&line->json, ENR_SPAN("\""));
        flush(line);
        put_base64(lead->payload);
        put(ENR_SPAN("\""));
    }
}

/* The service's own text, which is one JSON value; its line ends become spaces, so that a lead is one line. */
static enr_status_t put_result(line_t *line, const enr_record_t *record, unsigned number)
{
    enr_buffer_t result = service_scratch_second();
    enr_status_t status = enr_agent_read(service_agent(), record, enr_type_of_number(number), &result);
    if (status != ENR_OK) {
        return status;
    }
    for (size_t i = 0; i < result.len; i++) {
        result.ptr[i] = result.ptr[i] < 0x20 ? ' ' : result.ptr[i];
    }
    enr_json_key(&line->json, ENR_SPAN("result"));
    flush(line);
    enr_json_write_raw(&line->json, enr_buffer_span(&result));
    enr_wipe(result.ptr, result.len);
    return ENR_OK;
}

static enr_status_t put_requests(line_t *line, const enr_record_t *record)
{
    static const char keys[] = "email_request\0phone_request\0personal_email_request";
    enr_status_t status = ENR_OK;
    for (unsigned number = 0; number < ENR_TYPE_COUNT && status == ENR_OK; number++) {
        const enr_request_t *request = &record->requests[number];
        if (request->state == ENR_REQUEST_NONE) {
            continue;
        }
        enr_json_key(&line->json, enr_span_from_str(enr_text_of(keys, number)));
        enr_json_object_begin(&line->json);
        put_text(line, "state", enr_span_from_str(enr_request_state_name(request->state)));
        if (request->status != ENR_OK) {
            put_text(line, "status", enr_span_from_str(enr_status_name(request->status)));
        }
        if (request->state == ENR_REQUEST_FINISHED) {
            status = put_result(line, record, number);
        }
        enr_json_object_end(&line->json);
        flush(line);
    }
    return status;
}

static enr_status_t put_record(const enr_record_t *record)
{
    line_t line = {.text = service_scratch()};
    enr_json_writer_start(&line.json, &line.text);
    enr_json_object_begin(&line.json);
    put_number(&line, "number", record->number);
    put_number(&line, "scans", record->lead.scans);
    put_lead(&line, &record->lead);
    enr_status_t status = put_requests(&line, record);
    enr_json_object_end(&line.json);
    flush(&line);
    put(ENR_SPAN("\n"));
    enr_wipe(line.text.ptr, line.text.capacity);
    return status == ENR_OK ? enr_json_writer_finish(&line.json) : status;
}

/* --- the jobs --- */

static void close_batch(void)
{
    uint8_t digest[ENR_SEAL_DIGEST_LEN];
    enr_hash_finish(&sheet.hash, digest);
    enr_batch_close(&sheet.batch, digest);
    if (sheet.batch.count < EXPORT_LEADS) { /* all of them: they may be erased by force */
        durable_settle();
        enr_status_t status = enr_station_exported(durable_store(), sheet.newest);
        if (status != ENR_OK) {
            console_say_status("export", "", status);
        }
    }
    console_line_t line;
    console_begin(&line, "export");
    console_put(&line, "digest ");
    for (size_t i = 0; i < sizeof digest; i++) {
        enr_buffer_append_byte(&line.text, hex_digits[digest[i] >> 4]);
        enr_buffer_append_byte(&line.text, hex_digits[digest[i] & 15]);
    }
    console_end(&line);
}

/* All leads were met. */
static void end(void)
{
    const char *done = sheet.job == JOB_LIST ? "in all" : sheet.job == JOB_EXPORT ? "exported" : "erased";
    console_say("leads", "%lu %s", sheet.leads, done);
    if (sheet.job == JOB_EXPORT) {
        close_batch();
    }
    sheet.job = JOB_NONE;
}

static void list(enr_status_t status, const enr_record_t *record)
{
    sheet.leads++;
    if (status == ENR_OK) {
        list_one(record);
    } else {
        console_say_status("leads", "", status);
    }
}

static void export(enr_status_t status, const enr_record_t *record)
{
    status = status == ENR_OK ? put_record(record) : status;
    if (status != ENR_OK) {
        /* What stands on the receiver's side is cut off in a line: it is worth nothing, and nothing is delivered. */
        fail(status);
        return;
    }
    sheet.leads++;
    sheet.newest = record->number > sheet.newest ? record->number : sheet.newest;
}

static void erase(const enr_record_t *record, uint32_t now_ms)
{
    enr_status_t status = enr_agent_erase(service_agent(), record->number, now_ms);
    if (status == ENR_OK) {
        sheet.leads++;
    } else if (status == ENR_AGAIN) {
        sheet.cursor = (enr_cursor_t){0};
    } else if (status != ENR_END) {
        fail(status);
    }
}

static void confirm(uint32_t now_ms)
{
    enr_status_t status = enr_batch_acknowledge(service_agent(), &sheet.batch, sheet.digest, now_ms);
    if (status == ENR_OK) {
        console_say("export", "confirmed");
        sheet.job = JOB_NONE;
    } else if (status != ENR_AGAIN) {
        fail(status);
    }
}

/* Whether all may be erased. */
static void wipe(uint32_t now_ms)
{
    enr_status_t status = enr_station_may_wipe(reader_station(), sheet.force, now_ms);
    if (status == ENR_OK) {
        sheet.job = JOB_ERASE;
    } else if (status != ENR_AGAIN) {
        sheet.job = JOB_NONE;
        console_say("erase", sheet.force ? "refused: not all has stood in an export: export first"
                                         : "refused: there are leads that nobody has got yet; export and confirm, or "
                                           "export and erase all force");
    }
}

/* The next lead. */
static void step(uint32_t now_ms)
{
    enr_record_t record;
    enr_status_t status = sheet.job == JOB_EXPORT ? enr_batch_next(service_agent(), &sheet.batch, &record)
                                                  : enr_agent_next(service_agent(), &sheet.cursor, &record);
    if (status == ENR_AGAIN) {
        return;
    }
    if (status == ENR_END) {
        end();
    } else if (sheet.job == JOB_LIST) {
        list(status, &record);
    } else if (sheet.job == JOB_EXPORT) {
        export(status, &record);
    } else {
        erase(&record, now_ms);
    }
}

ENR_NOINLINE void export_step(uint32_t now_ms)
{
    enr_agent_status_t agent_status;
    if (sheet.job == JOB_NONE) {
        return;
    }
    service_status(now_ms, &agent_status);
    if (agent_status.online) {
        return; /* its memory is in use */
    }
    if (sheet.job == JOB_CONFIRM) {
        confirm(now_ms);
    } else if (sheet.job == JOB_WIPE) {
        wipe(now_ms);
    } else {
        step(now_ms);
    }
}
