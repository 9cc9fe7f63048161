/* export and confirm: all leads on standard output, and the word that they have arrived. */
#include "leads.h"

#include "card.h"
#include "table.h"

#include "../print.h"

#include "enrich/station.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How leads are written down. */
typedef enum { FORM_CSV, FORM_JSON, FORM_VCARD, FORMS } form_t;

/* One lead as it is exported. */
typedef struct {
    uint32_t number;
    char *text;
    size_t len;
} row_t;

/* All of them, in the order of their numbers: the same leads give the same bytes, wherever the journal has moved them.
 */
typedef struct {
    row_t *rows;
    size_t count;
    size_t capacity;
    enr_batch_t batch;
    enr_batch_item_t *items;
    size_t results;
    size_t damaged;
    uint8_t digest[ENR_SEAL_DIGEST_LEN];
} export_t;

static void free_export(export_t *out)
{
    for (size_t i = 0; i < out->count; i++) {
        enr_wipe(out->rows[i].text, out->rows[i].len);
        free(out->rows[i].text);
    }
    free(out->rows);
    free(out->items);
    *out = (export_t){0};
}

/* --- rows --- */

static void write_json_row(FILE *stream, const full_record_t *full)
{
    static uint8_t memory[RECORD_JSON_MAX];
    enr_buffer_t text = enr_buffer_over(memory, sizeof memory);
    enr_json_writer_t json;
    enr_json_writer_start(&json, &text);
    enr_json_object_begin(&json);
    leads_write_full(&json, full);
    enr_json_object_end(&json);
    enr_status_t status = enr_json_writer_finish(&json);
    assert(status == ENR_OK);
    (void)status;
    print_json(stream, enr_buffer_span(&text));
    enr_wipe(memory, text.len);
}

/* Adds a row. False: out of memory. */
static bool add_row(export_t *out, const full_record_t *full, form_t form)
{
    if (out->count == out->capacity) {
        size_t capacity = out->capacity * 2 + 64;
        row_t *rows = realloc(out->rows, capacity * sizeof *rows);
        if (rows == NULL) {
            return false;
        }
        out->rows = rows;
        out->capacity = capacity;
    }
    row_t *row = &out->rows[out->count];
    *row = (row_t){.number = full->record.number};
    FILE *stream = open_memstream(&row->text, &row->len);
    if (stream == NULL) {
        return false;
    }
    switch (form) {
    case FORM_JSON:
        write_json_row(stream, full);
        break;
    case FORM_VCARD:
        card_write(stream, full);
        break;
    default:
        table_row(stream, full);
    }
    bool good = ferror(stream) == 0;
    out->count++;
    return fclose(stream) == 0 && good;
}

static int compare_rows(const void *a, const void *b)
{
    uint32_t left = ((const row_t *)a)->number;
    uint32_t right = ((const row_t *)b)->number;
    return left < right ? -1 : left > right;
}

/* --- all of them --- */

static enr_status_t next(leads_t *leads, export_t *out, full_record_t *full)
{
    enr_status_t status;
    LEADS_DO(leads, status, enr_batch_next(&leads->device.agent, &out->batch, &full->record));
    if (status == ENR_OK) {
        LEADS_DO(leads, status, record_read_data(&leads->device.agent, full));
    }
    return status;
}

static void count_results(export_t *out)
{
    for (size_t i = 0; i < out->batch.count; i++) {
        for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
            out->results += (out->items[i].types & enr_type_of_number(number)) != 0 ? 1 : 0;
        }
    }
}

static void digest_rows(export_t *out, form_t form)
{
    enr_hash_t hash;
    enr_hash_start(&hash);
    if (form == FORM_CSV) {
        enr_hash_add(&hash, enr_span_from_str(TABLE_HEAD));
    }
    for (size_t i = 0; i < out->count; i++) {
        enr_hash_add(&hash, (enr_span_t){(const uint8_t *)out->rows[i].text, out->rows[i].len});
    }
    enr_hash_finish(&hash, out->digest);
}

/* Takes everything together in one form. EXIT_DONE, or the problem. */
static exit_code_t gather(leads_t *leads, form_t form, export_t *out)
{
    static full_record_t full;
    *out = (export_t){0};
    size_t leads_max = (size_t)leads->stats.leads + 1;
    out->items = malloc(leads_max * sizeof *out->items);
    if (out->items == NULL) {
        return leads_fail(leads, EXIT_SETTING, ENR_OK, "out of memory");
    }
    enr_batch_start(&out->batch, out->items, leads_max, true);
    enr_status_t status;
    while ((status = next(leads, out, &full)) != ENR_END) {
        if (status == ENR_OK && !add_row(out, &full, form)) {
            return leads_fail(leads, EXIT_SETTING, ENR_OK, "out of memory");
        }
        if (status == ENR_E_FLASH) {
            return leads_fail(leads, EXIT_SETTING, status, enr_status_meaning(status));
        }
        out->damaged += status != ENR_OK ? 1 : 0;
    }
    if (out->count > 0) { /* without rows there is no array */
        qsort(out->rows, out->count, sizeof *out->rows, compare_rows);
    }
    count_results(out);
    digest_rows(out, form);
    enr_batch_close(&out->batch, out->digest);
    return EXIT_DONE;
}

static void print_digest(const export_t *out)
{
    for (size_t i = 0; i < sizeof out->digest; i++) {
        (void)fprintf(stderr, "%02x", out->digest[i]);
    }
}

static void say_export(const leads_t *leads, const export_t *out)
{
    (void)fprintf(stderr, "enrich: %zu lead%s, %zu result%s", out->count, out->count == 1 ? "" : "s", out->results,
                  out->results == 1 ? "" : "s");
    if (out->damaged > 0) {
        (void)fprintf(stderr, ", and %zu damaged that cannot be read", out->damaged);
    }
    (void)fputs("; SHA-256 ", stderr);
    print_digest(out);
    (void)fputc('\n', stderr);
    if (out->results > 0) {
        (void)fputs(
            "enrich: once they are safe, have the results taken and their leads erased by: enrich leads confirm ",
            stderr);
        print_digest(out);
        (void)fputs(" --journal ", stderr);
        print_string(stderr, leads->options->journal);
        (void)fputc('\n', stderr);
    }
}

/* Keeps how far leads have stood in an export: a code that forces other settings is then taken. */
static exit_code_t note_exported(leads_t *leads, const export_t *out)
{
    uint32_t newest = out->count > 0 ? out->rows[out->count - 1].number : 0;
    enr_status_t status;
    while (enr_store_step(&leads->device.store) == ENR_AGAIN) {
    }
    LEADS_DO(leads, status, enr_station_exported(&leads->device.store, newest));
    return status == ENR_OK ? EXIT_DONE : leads_fail(leads, EXIT_SETTING, status, enr_status_meaning(status));
}

exit_code_t leads_export(leads_t *leads)
{
    export_t out;
    form_t form = leads->options->json ? FORM_JSON : leads->options->vcard ? FORM_VCARD : FORM_CSV;
    exit_code_t code = gather(leads, form, &out);
    if (code == EXIT_DONE) {
        (void)fputs(form == FORM_CSV ? TABLE_HEAD : "", stdout);
        for (size_t i = 0; i < out.count; i++) {
            (void)fwrite(out.rows[i].text, 1, out.rows[i].len, stdout);
        }
        if (fflush(stdout) == 0 && ferror(stdout) == 0) { /* else the report says so */
            say_export(leads, &out);
            code = note_exported(leads, &out);
        }
    }
    free_export(&out);
    return code;
}

/* --- confirm --- */

static bool read_digest(const char *digits, uint8_t out_digest[ENR_SEAL_DIGEST_LEN])
{
    pins_t pins = {0}; /* a pin is such a digest, too */
    bool good = options_add_pin(&pins, digits) == NULL;
    memcpy(out_digest, pins.digests[0], ENR_SEAL_DIGEST_LEN);
    return good;
}

static exit_code_t take(leads_t *leads, export_t *out, const uint8_t digest[ENR_SEAL_DIGEST_LEN])
{
    enr_status_t status;
    LEADS_DO(leads, status,
             enr_batch_acknowledge(&leads->device.agent, &out->batch, digest, device_now(&leads->device)));
    if (status != ENR_OK) {
        return leads_fail(leads, EXIT_SETTING, status, enr_status_meaning(status));
    }
    bool purged = device_settle(&leads->device);
    (void)printf("taken: %zu result%s of %zu lead%s%s\n", out->results, out->results == 1 ? "" : "s", out->count,
                 out->count == 1 ? "" : "s", purged ? "" : "; what was erased goes with the next run");
    return EXIT_DONE;
}

/* An export is made again in every form: what has the digest is what was exported. */
exit_code_t leads_confirm(leads_t *leads)
{
    uint8_t digest[ENR_SEAL_DIGEST_LEN];
    if (!read_digest(leads->options->argument, digest)) {
        return leads_fail(leads, EXIT_USAGE, ENR_OK, "a digest is 64 hexadecimal digits");
    }
    for (form_t form = FORM_CSV; form < FORMS; form++) {
        export_t out;
        exit_code_t code = gather(leads, form, &out);
        bool is_it = code == EXIT_DONE && memcmp(out.digest, digest, sizeof digest) == 0;
        if (is_it) {
            code = take(leads, &out, digest);
        }
        free_export(&out);
        if (is_it || code != EXIT_DONE) {
            return code;
        }
    }
    exit_code_t code = leads_fail(leads, EXIT_REFUSED_HERE, ENR_OK,
                                  "no export of what is in the journal now has this digest; nothing was changed");
    leads->problem->hint = "export again, and confirm that";
    return code;
}
