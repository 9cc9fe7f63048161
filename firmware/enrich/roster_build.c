#include "roster.h"

#include "csv.h"
#include "input.h"
#include "print.h"

#include "enrich/badge.h"
#include "enrich/crc32.h"
#include "enrich/roster.h"
#include "enrich/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TABLE_MAX 67108864 /* bytes of the table of attendees, and of a roster */
#define ID_MAX 255
#define DAY_S 86400
#define DEFAULT_DAYS 30
#define COLUMNS_MAX 64

/* lib/roster/FORMAT.md: the tags of fields, by enr_field_t; 0: it is none of an entry. */
static const uint8_t TAGS[ENR_FIELD_COUNT] = {
    [ENR_FIELD_FIRSTNAME] = 1,    [ENR_FIELD_LASTNAME] = 2, [ENR_FIELD_COMPANY] = 3, [ENR_FIELD_DOMAIN] = 4,
    [ENR_FIELD_LINKEDIN_URL] = 5, [ENR_FIELD_EMAIL] = 6,    [ENR_FIELD_PHONE] = 7,   [ENR_FIELD_TITLE] = 8,
};

/* One attendee. Texts are views of the table, or of its own last two members once it stays where it is. */
typedef struct {
    size_t row; /* of the table */
    bool no_scan;
    enr_span_t fields[ENR_FIELD_COUNT];
    uint8_t url[ENR_URL_MAX];     /* the LinkedIn URL in its canonical form */
    uint8_t domain[ENR_HOST_MAX]; /* in lower case */
} attendee_t;

/* What a column is: a field (enr_field_t), or one of these. */
enum { COLUMN_NO_SCAN = ENR_FIELD_COUNT, COLUMN_LEFT_OUT, COLUMN_KINDS };

/* A roster being built. */
typedef struct {
    const char *path; /* of the table */
    csv_t csv;
    size_t row; /* as a spreadsheet counts: the headings are row 1 */
    uint8_t columns[COLUMNS_MAX];
    size_t column_count;
    attendee_t *attendees;
    size_t count;
    size_t capacity;
    size_t left_out; /* domains and URLs that were none */
    char where[512]; /* file and row of a fault */
    char what[160];
    problem_t *problem;
} building_t;

static exit_code_t refuse(building_t *building, size_t row, const char *what)
{
    (void)snprintf(building->where, sizeof building->where, "%.400s: row %zu", building->path, row);
    return outcome_problem(building->problem, EXIT_SETTING, building->where, what);
}

static exit_code_t refuse_field(building_t *building, const char *field, const char *what)
{
    (void)snprintf(building->what, sizeof building->what, "%s %s", field, what);
    return refuse(building, building->row, building->what);
}

/* The next cell of the row at hand. EXIT_DONE, or the fault. */
static exit_code_t take_cell(building_t *building, enr_span_t *out_cell, bool *out_last)
{
    csv_status_t status = csv_next(&building->csv, out_cell);
    *out_last = status != CSV_FIELD;
    return status == CSV_OPEN_QUOTE    ? refuse(building, building->row, "a quote is opened and never closed")
           : status == CSV_AFTER_QUOTE ? refuse(building, building->row, "text stands behind a closing quote")
                                       : EXIT_DONE;
}

/* Whether a heading is this name; spaces, hyphens, underscores and case do not count. */
static bool is_heading(enr_span_t heading, const char *name)
{
    for (size_t i = 0; i < heading.len; i++) {
        while (*name == '_') {
            name++;
        }
        if (heading.ptr[i] != ' ' && heading.ptr[i] != '-' && heading.ptr[i] != '_' &&
            enr_to_lower(heading.ptr[i]) != (uint8_t)*name++) {
            return false;
        }
    }
    return *name == '\0';
}

/* A column of another name is said and left out: it may hold what must not go to a device. */
static uint8_t column_of(enr_span_t heading)
{
    for (enr_field_t field = ENR_FIELD_FIRSTNAME; field < ENR_FIELD_COUNT; field++) {
        if (is_heading(heading, enr_field_name(field))) {
            return (uint8_t)field;
        }
    }
    if (is_heading(heading, "no_scan")) {
        return COLUMN_NO_SCAN;
    }
    (void)fputs("enrich: warning: the column \"", stderr);
    print_text(stderr, heading);
    (void)fputs("\" is left out\n", stderr);
    return COLUMN_LEFT_OUT;
}

static exit_code_t read_headings(building_t *building)
{
    bool seen[COLUMN_KINDS] = {false};
    bool last = building->csv.at == building->csv.end;
    building->row = 1;
    building->csv.separator = csv_find_separator(&building->csv);
    while (!last) {
        enr_span_t heading = {NULL, 0};
        exit_code_t code = take_cell(building, &heading, &last);
        if (code != EXIT_DONE) {
            return code;
        }
        if (building->column_count == COLUMNS_MAX) {
            return refuse(building, 1, "more than " TEXT_OF(COLUMNS_MAX) " columns");
        }
        const uint8_t column = column_of(heading);
        if (column != COLUMN_LEFT_OUT && seen[column]) {
            return refuse(building, 1, "two columns have the same heading");
        }
        seen[column] = true;
        building->columns[building->column_count++] = column;
    }
    return seen[ENR_FIELD_ATTENDEE_ID] ? EXIT_DONE : refuse(building, 1, "no column has the heading attendee_id");
}

static exit_code_t check_text(building_t *building, enr_field_t field, enr_span_t text)
{
    const bool is_name = field == ENR_FIELD_FIRSTNAME || field == ENR_FIELD_LASTNAME || field == ENR_FIELD_COMPANY;
    const char *name = enr_field_name(field);
    if (!enr_utf8_valid(text)) {
        return refuse_field(building, name, "is not UTF-8: save the table as CSV in UTF-8");
    }
    if (enr_utf8_has_control(text)) {
        return refuse_field(building, name, "holds a control character or a line end");
    }
    if (is_name && text.len > ENR_NAME_MAX) {
        return refuse_field(building, name, "is longer than " TEXT_OF(ENR_NAME_MAX) " bytes (ENR_NAME_MAX)");
    }
    return EXIT_DONE;
}

/* The company's domain, given or that of the address, and the profile's URL, as a request wants them. */
static void settle_addresses(building_t *building, attendee_t *attendee)
{
    enr_span_t *fields = attendee->fields;
    const enr_span_t nothing = {NULL, 0};
    enr_span_t domain = enr_domain_of_url(fields[ENR_FIELD_DOMAIN], nothing);
    building->left_out += fields[ENR_FIELD_DOMAIN].len > 0 && domain.len == 0 ? 1 : 0;
    if (domain.len == 0) {
        domain = enr_domain_of_email(enr_email_find(fields[ENR_FIELD_EMAIL]), nothing);
    }
    for (size_t i = 0; i < domain.len; i++) {
        attendee->domain[i] = enr_to_lower(domain.ptr[i]);
    }
    fields[ENR_FIELD_DOMAIN] = (enr_span_t){attendee->domain, domain.len};
    enr_buffer_t url = enr_buffer_over(attendee->url, sizeof attendee->url);
    if (enr_linkedin_canonical(fields[ENR_FIELD_LINKEDIN_URL], &url) != ENR_OK) {
        building->left_out += fields[ENR_FIELD_LINKEDIN_URL].len > 0 ? 1 : 0;
    }
    fields[ENR_FIELD_LINKEDIN_URL] = enr_buffer_span(&url);
}

static exit_code_t read_no_scan(building_t *building, enr_span_t cell, attendee_t *attendee)
{
    static const char *const YES[] = {"1", "yes", "true", "x"};
    static const char *const NO[] = {"", "0", "no", "false"};
    for (size_t i = 0; i < sizeof YES / sizeof YES[0]; i++) {
        attendee->no_scan = attendee->no_scan || enr_span_equal_ignore_case(cell, enr_span_from_str(YES[i]));
        if (attendee->no_scan || enr_span_equal_ignore_case(cell, enr_span_from_str(NO[i]))) {
            return EXIT_DONE;
        }
    }
    return refuse(building, building->row, "no_scan must be yes, no, true, false, 1, 0, x or empty");
}

static size_t entry_len(const attendee_t *attendee)
{
    size_t len = 4 + attendee->fields[ENR_FIELD_ATTENDEE_ID].len;
    for (enr_field_t field = ENR_FIELD_FIRSTNAME; field < ENR_FIELD_COUNT; field++) {
        len += TAGS[field] != 0 && attendee->fields[field].len > 0 ? 3 + attendee->fields[field].len : 0;
    }
    return len;
}

/* The next attendee's place, or NULL: out of memory. */
static attendee_t *add_attendee(building_t *building)
{
    if (building->count == building->capacity) {
        building->capacity = building->capacity > 0 ? building->capacity * 2 : 1024;
        attendee_t *more = realloc(building->attendees, building->capacity * sizeof *more);
        if (more == NULL) {
            return NULL;
        }
        building->attendees = more;
    }
    attendee_t *attendee = &building->attendees[building->count];
    *attendee = (attendee_t){.row = building->row};
    return attendee;
}

static exit_code_t read_cell(building_t *building, uint8_t column, enr_span_t cell, attendee_t *attendee)
{
    if (column == COLUMN_NO_SCAN) {
        return read_no_scan(building, cell, attendee);
    }
    if (column == COLUMN_LEFT_OUT) {
        return EXIT_DONE;
    }
    attendee->fields[column] = cell;
    return check_text(building, (enr_field_t)column, cell);
}

/* One row, which is passed over when all its cells are empty. */
static exit_code_t read_attendee(building_t *building)
{
    attendee_t *attendee = add_attendee(building);
    if (attendee == NULL) {
        return outcome_problem(building->problem, EXIT_SETTING, building->path, strerror(ENOMEM));
    }
    bool is_empty = true;
    bool last = false;
    size_t count = 0;
    for (; !last; count++) {
        enr_span_t cell = {NULL, 0};
        exit_code_t code = take_cell(building, &cell, &last);
        if (code == EXIT_DONE && count < building->column_count) {
            code = read_cell(building, building->columns[count], cell, attendee);
        }
        if (code != EXIT_DONE) {
            return code;
        }
        is_empty = is_empty && cell.len == 0;
    }
    if (is_empty) {
        return EXIT_DONE;
    }
    if (count != building->column_count) {
        return refuse(building, building->row,
                      count < building->column_count ? "has fewer cells than the headings"
                                                     : "has more cells than the headings");
    }
    const size_t id_len = attendee->fields[ENR_FIELD_ATTENDEE_ID].len;
    building->count++;
    return id_len > 0 && id_len <= ID_MAX
               ? EXIT_DONE
               : refuse(building, building->row, "attendee_id must have 1 to " TEXT_OF(ID_MAX) " bytes");
}

static exit_code_t read_table(building_t *building)
{
    exit_code_t code = read_headings(building);
    while (code == EXIT_DONE && building->csv.at < building->csv.end) {
        building->row++;
        code = read_attendee(building);
    }
    return code;
}

static int compare_ids(const void *a, const void *b)
{
    const enr_span_t id_a = ((const attendee_t *)a)->fields[ENR_FIELD_ATTENDEE_ID];
    const enr_span_t id_b = ((const attendee_t *)b)->fields[ENR_FIELD_ATTENDEE_ID];
    const int order = memcmp(id_a.ptr, id_b.ptr, id_a.len < id_b.len ? id_a.len : id_b.len);
    return order != 0 ? order : (id_a.len > id_b.len) - (id_a.len < id_b.len);
}

/* Puts the attendees in the order of their ids, which must differ, and settles what a request needs. */
static exit_code_t settle(building_t *building)
{
    if (building->count > 0) {
        qsort(building->attendees, building->count, sizeof building->attendees[0], compare_ids);
    }
    for (size_t i = 0; i < building->count; i++) {
        attendee_t *attendee = &building->attendees[i];
        if (i > 0 && compare_ids(attendee - 1, attendee) == 0) {
            const size_t first = attendee->row < attendee[-1].row ? attendee->row : attendee[-1].row;
            (void)snprintf(building->what, sizeof building->what, "the attendee_id stands in row %zu, too", first);
            return refuse(building, attendee->row + attendee[-1].row - first, building->what);
        }
        settle_addresses(building, attendee);
        if (entry_len(attendee) > ENR_ROSTER_ENTRY_MAX) {
            return refuse(building, attendee->row,
                          "the fields are longer than " TEXT_OF(ENR_ROSTER_ENTRY_MAX) " bytes");
        }
    }
    return EXIT_DONE;
}

/* --- Writing: lib/roster/FORMAT.md --- */

static void put_number(enr_buffer_t *out, uint64_t number, size_t len)
{
    for (; len > 0; len--) {
        enr_buffer_append_byte(out, (uint8_t)number);
        number >>= 8;
    }
}

static void put_attendee(enr_buffer_t *out, const attendee_t *attendee)
{
    const enr_span_t id = attendee->fields[ENR_FIELD_ATTENDEE_ID];
    put_number(out, entry_len(attendee), 2);
    put_number(out, attendee->no_scan ? 1 : 0, 1);
    put_number(out, id.len, 1);
    enr_buffer_append(out, id);
    for (enr_field_t field = ENR_FIELD_FIRSTNAME; field < ENR_FIELD_COUNT; field++) {
        if (TAGS[field] != 0 && attendee->fields[field].len > 0) {
            put_number(out, TAGS[field], 1);
            put_number(out, attendee->fields[field].len, 2);
            enr_buffer_append(out, attendee->fields[field]);
        }
    }
}

static void put_roster(enr_buffer_t *out, const building_t *building, uint32_t version, int64_t now, int64_t expires)
{
    enr_buffer_t head = enr_buffer_over(out->ptr, 64);
    out->len = 64;
    size_t place = 64 + 4 * building->count;
    for (size_t i = 0; i < building->count; i++) {
        put_number(out, place, 4);
        place += entry_len(&building->attendees[i]);
    }
    for (size_t i = 0; i < building->count; i++) {
        put_attendee(out, &building->attendees[i]);
    }
    enr_buffer_append(&head, ENR_SPAN("ENRROST\x01"));
    put_number(&head, out->len, 4);
    put_number(&head, building->count, 4);
    put_number(&head, version, 4);
    put_number(&head, enr_crc32(0, (enr_span_t){out->ptr + 64, out->len - 64}), 4);
    put_number(&head, (uint64_t)now, 8);
    put_number(&head, (uint64_t)expires, 8);
    put_number(&head, 0, 20);
    put_number(&head, enr_crc32(0, (enr_span_t){out->ptr, 60}), 4);
}

/* Writes a file of its own and renames it, so that the old one or the whole new one is there. */
static bool write_file(const char *path, enr_span_t bytes)
{
    char temporary[4096];
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.part", path) >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return false;
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600); /* personal data */
    if (fd < 0) {
        return false;
    }
    bool good = true;
    while (bytes.len > 0 && good) {
        ssize_t written = write(fd, bytes.ptr, bytes.len);
        good = written > 0 || (written < 0 && errno == EINTR);
        bytes = written > 0 ? enr_span_slice(bytes, (size_t)written, bytes.len) : bytes;
    }
    good = good && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    good = good && rename(temporary, path) == 0;
    int why = errno;
    if (!good) {
        (void)unlink(temporary);
    }
    errno = why;
    return good;
}

static exit_code_t write_roster(building_t *building, const options_t *options)
{
    const int64_t now = (int64_t)time(NULL);
    const int64_t expires = options->expires > 0 ? options->expires : now + (int64_t)DEFAULT_DAYS * DAY_S;
    const uint32_t version = options->list_version > 0 ? options->list_version : (uint32_t)now;
    size_t size = 64;
    for (size_t i = 0; i < building->count; i++) {
        size += 4 + entry_len(&building->attendees[i]);
    }
    uint8_t *memory = size <= TABLE_MAX ? malloc(size) : NULL;
    if (memory == NULL) {
        return outcome_problem(building->problem, EXIT_SETTING, options->output, "would be larger than 64 MB");
    }
    enr_buffer_t out = enr_buffer_over(memory, size);
    put_roster(&out, building, version, now, expires);
    bool good = write_file(options->output, enr_buffer_span(&out));
    free(memory);
    if (!good) {
        return outcome_problem(building->problem, EXIT_SETTING, options->output, strerror(errno));
    }
    if (building->left_out > 0) {
        (void)fprintf(stderr, "enrich: warning: %zu domains or LinkedIn URLs are none, and left out\n",
                      building->left_out);
    }
    (void)printf("attendees:      %zu\nbytes:          %zu\nversion:        %u\nexpires:        %s\n", building->count,
                 size, (unsigned)version, roster_day(expires));
    return EXIT_DONE;
}

exit_code_t roster_build(const options_t *options, problem_t *out_problem)
{
    static building_t building; /* it holds the texts of a problem */
    uint8_t *table = malloc(TABLE_MAX + 1);
    size_t len = 0;
    unsigned mode = 0;
    if (table == NULL) {
        return outcome_problem(out_problem, EXIT_SETTING, options->file, strerror(ENOMEM));
    }
    building = (building_t){.path = options->file, .problem = out_problem};
    exit_code_t code = EXIT_DONE;
    switch (input_read(options->file, true, table, TABLE_MAX, &len, &mode)) {
    case INPUT_FAILED:
        code = outcome_problem(out_problem, EXIT_SETTING, options->file, strerror(errno));
        break;
    case INPUT_TOO_LARGE:
        code = outcome_problem(out_problem, EXIT_SETTING, options->file, "is larger than 64 MB");
        break;
    case INPUT_OK:
        building.csv = (csv_t){.at = table, .end = table + len};
        building.csv.at += len >= 3 && memcmp(table, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* a byte order mark */
        code = read_table(&building);
        break;
    }
    code = code == EXIT_DONE ? settle(&building) : code;
    code = code == EXIT_DONE ? write_roster(&building, options) : code;
    free(building.attendees);
    free(table);
    return code;
}
