#include "contacts.h"

#include "csv.h"

#include "../input.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAMES "firstname, lastname, domain, company_name, linkedin_url"
#define IS_CUSTOM SIZE_MAX
#define PATH_MAX_SHOWN 4096 /* the longest name that the system opens */
#define NAME_MAX_SHOWN 64   /* bytes of a column's name */

/* A file being read, and where a fault goes. */
typedef struct {
    const char *name; /* for a person */
    rows_t *rows;
    problem_t *problem;
    uint32_t number; /* of the row at hand */
    enr_buffer_t decoded;
} source_t;

/* A column of a CSV file: a field of the contact, or a key of `custom`. */
typedef struct {
    size_t offset; /* in enr_contact_t, or IS_CUSTOM */
    enr_span_t key;
} column_t;

static const struct {
    const char *name;
    size_t offset;
} FIELDS[] = {
    {"firstname", offsetof(enr_contact_t, firstname)},   {"lastname", offsetof(enr_contact_t, lastname)},
    {"domain", offsetof(enr_contact_t, domain)},         {"company_name", offsetof(enr_contact_t, company_name)},
    {"company", offsetof(enr_contact_t, company_name)},  {"linkedin_url", offsetof(enr_contact_t, linkedin_url)},
    {"linkedin", offsetof(enr_contact_t, linkedin_url)},
};
#define FIELD_COUNT (sizeof FIELDS / sizeof FIELDS[0])

/* The place of a field in a contact. False: no field has this name. */
static bool find_field(enr_span_t name, size_t *out_offset)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (enr_span_equal_ignore_case(name, enr_span_from_str(FIELDS[i].name))) {
            *out_offset = FIELDS[i].offset;
            return true;
        }
    }
    return false;
}

static enr_span_t *field_at(row_t *row, size_t offset)
{
    return (enr_span_t *)(void *)((char *)&row->contact + offset);
}

/* The file as a whole cannot be understood. name: what of it, or empty. */
static exit_code_t refuse_file(source_t *source, const char *what, enr_span_t name, const char *hint)
{
    static char where[PATH_MAX_SHOWN + sizeof ": row 4294967295"];
    static char text[128 + NAME_MAX_SHOWN];
    int shown = name.len < NAME_MAX_SHOWN ? (int)name.len : NAME_MAX_SHOWN;
    (void)snprintf(where, sizeof where, "%s", source->name);
    if (source->number > 0) {
        (void)snprintf(where, sizeof where, "%s: row %u", source->name, (unsigned)source->number);
    }
    (void)snprintf(text, sizeof text, "%s", what);
    if (name.len > 0) {
        (void)snprintf(text, sizeof text, "%s: %.*s", what, shown, (const char *)name.ptr);
    }
    *source->problem = (problem_t){.where = where, .what = text, .hint = hint};
    return EXIT_SETTING;
}

static exit_code_t refuse_text(source_t *source, const char *what, const char *hint)
{
    return refuse_file(source, what, (enr_span_t){NULL, 0}, hint);
}

static row_t *add_row(source_t *source)
{
    row_t *row = &source->rows->rows[source->rows->count++];
    row->number = source->number;
    return row;
}

/* The first fault of a row counts. */
static void refuse_row(row_t *row, const char *field, const char *rule)
{
    if (row->refusal.field == NULL) {
        row->refusal = (enr_refusal_t){field, rule};
    }
}

static void add_custom(row_t *row, enr_span_t key, enr_span_t value)
{
    if (row->custom_count == ENR_CUSTOM_MAX) {
        refuse_row(row, "custom", "holds more than " TEXT_OF(ENR_CUSTOM_MAX) " pairs");
        return;
    }
    row->custom[row->custom_count++] = (enr_custom_t){key, value};
}

/* --- CSV --- */

static exit_code_t refuse_form(source_t *source, csv_status_t status)
{
    return status == CSV_OPEN_QUOTE
               ? refuse_text(source, "a quote is opened and never closed", NULL)
               : refuse_text(source, "text stands behind a closing quote", "inside quotes, a quote is written twice");
}

static exit_code_t take_column(source_t *source, enr_span_t name, column_t *columns, size_t *count)
{
    const enr_span_t custom = ENR_SPAN("custom.");
    column_t column = {.offset = IS_CUSTOM};
    bool is_custom = name.len >= custom.len && enr_span_equal(enr_span_slice(name, 0, custom.len), custom);
    if (is_custom) {
        column.key = enr_span_slice(name, custom.len, name.len);
    } else if (!find_field(name, &column.offset)) {
        return refuse_file(source, "no such column", name,
                           "this row names the columns: " NAMES ", and custom.KEY for what is to come back");
    }
    for (size_t i = 0; i < *count; i++) {
        if (columns[i].offset == column.offset && enr_span_equal(columns[i].key, column.key)) {
            return refuse_file(source, "a column is there twice", name, NULL);
        }
    }
    if (*count == CONTACTS_COLUMNS_MAX) {
        return refuse_text(source, "more than " TEXT_OF(ENR_CUSTOM_MAX) " custom columns", NULL);
    }
    columns[(*count)++] = column;
    return EXIT_DONE;
}

/* The separator is the first character that can be one: no name of a column holds such. */
static uint8_t find_separator(const csv_t *csv)
{
    for (const uint8_t *at = csv->at; at < csv->end && *at != '\n'; at++) {
        if (*at == ',' || *at == ';' || *at == '\t') {
            return *at;
        }
    }
    return ',';
}

static exit_code_t read_header(source_t *source, csv_t *csv, column_t *columns, size_t *out_count)
{
    csv->separator = find_separator(csv);
    csv_status_t status = CSV_FIELD;
    while (status == CSV_FIELD) {
        enr_span_t name = {0};
        status = csv_field(csv, &name);
        exit_code_t code =
            status > CSV_LAST ? refuse_form(source, status) : take_column(source, name, columns, out_count);
        if (code != EXIT_DONE) {
            return code;
        }
    }
    return EXIT_DONE;
}

static void take_cell(row_t *row, const column_t *column, enr_span_t cell)
{
    if (cell.len == 0) {
        return; /* not known */
    }
    if (column->offset == IS_CUSTOM) {
        add_custom(row, column->key, cell);
    } else {
        *field_at(row, column->offset) = cell;
    }
}

/* One row, which is left out when all its cells are empty. */
static exit_code_t read_row(source_t *source, csv_t *csv, const column_t *columns, size_t column_count)
{
    row_t *row = add_row(source);
    csv_status_t status = CSV_FIELD;
    bool empty = true;
    size_t count = 0;
    while (status == CSV_FIELD) {
        enr_span_t cell = {0};
        status = csv_field(csv, &cell);
        if (status > CSV_LAST) {
            return refuse_form(source, status);
        }
        empty = empty && cell.len == 0;
        if (count < column_count) {
            take_cell(row, &columns[count], cell);
        }
        count++;
    }
    if (count != column_count) {
        refuse_row(row, "columns",
                   count < column_count ? "are fewer than in the header" : "are more than in the header");
    }
    if (empty) {
        memset(row, 0, sizeof *row);
        source->rows->count--;
    }
    return EXIT_DONE;
}

static exit_code_t read_csv(source_t *source, enr_span_t text)
{
    column_t columns[CONTACTS_COLUMNS_MAX] = {{0}};
    size_t column_count = 0;
    uint8_t *start = (uint8_t *)source->rows->file + (text.ptr - (const uint8_t *)source->rows->file);
    csv_t csv = {.at = start, .end = start + text.len};
    source->number = 1;
    exit_code_t code = read_header(source, &csv, columns, &column_count);
    while (code == EXIT_DONE && csv.at < csv.end) {
        source->number++;
        code = read_row(source, &csv, columns, column_count);
    }
    return code;
}

/* --- JSON lines --- */

/* A copy that stays, with a NUL behind it that does not count. What is decoded is never longer than what was written,
   and its quotes have room for the NUL. */
static enr_span_t keep_string(source_t *source, const enr_json_reader_t *reader, enr_json_node_t node)
{
    size_t start = source->decoded.len;
    enr_span_t text = {0};
    enr_status_t status = enr_json_string(reader, node, &source->decoded, &text);
    if (source->decoded.len == start) {
        enr_buffer_append(&source->decoded, text); /* it had no escapes, so it was not copied */
    }
    enr_buffer_append_byte(&source->decoded, '\0');
    assert(status == ENR_OK && !source->decoded.full);
    (void)status;
    return enr_span_slice(enr_buffer_span(&source->decoded), start, source->decoded.len - 1);
}

/* Strings as they are, numbers and truth values as they are written (api-contract 13: send strings). */
static void take_pair(source_t *source, row_t *row, const enr_json_reader_t *reader, enr_json_node_t key)
{
    enr_json_node_t value = enr_json_value(reader, key);
    switch (enr_json_type(reader, value)) {
    case ENR_JSON_STRING:
        add_custom(row, keep_string(source, reader, key), keep_string(source, reader, value));
        break;
    case ENR_JSON_NUMBER:
    case ENR_JSON_BOOL:
        add_custom(row, keep_string(source, reader, key), enr_json_raw(reader, value));
        break;
    case ENR_JSON_NULL:
        break;
    default:
        refuse_row(row, "custom", "holds a value that is an object or a list");
        break;
    }
}

static void take_custom(source_t *source, row_t *row, const enr_json_reader_t *reader, enr_json_node_t custom)
{
    enr_json_type_t type = enr_json_type(reader, custom);
    if (type != ENR_JSON_OBJECT && type != ENR_JSON_NULL) {
        refuse_row(row, "custom", "is not an object");
        return;
    }
    for (enr_json_node_t at = enr_json_first(reader, custom); at != ENR_JSON_NONE; at = enr_json_next(reader, at)) {
        take_pair(source, row, reader, at);
    }
}

static void take_member(source_t *source, row_t *row, const enr_json_reader_t *reader, enr_json_node_t key)
{
    enr_span_t name = keep_string(source, reader, key);
    enr_json_node_t value = enr_json_value(reader, key);
    enr_json_type_t type = enr_json_type(reader, value);
    size_t offset = 0;
    if (enr_span_equal(name, ENR_SPAN("custom"))) {
        take_custom(source, row, reader, value);
    } else if (!find_field(name, &offset)) {
        refuse_row(row, (const char *)name.ptr, "is no such member: what is to come back goes into custom");
    } else if (type != ENR_JSON_STRING && type != ENR_JSON_NULL) {
        refuse_row(row, (const char *)name.ptr, "is not a string");
    } else if (field_at(row, offset)->len > 0) {
        refuse_row(row, (const char *)name.ptr, "is given twice");
    } else if (type == ENR_JSON_STRING) {
        *field_at(row, offset) = enr_span_trim(keep_string(source, reader, value));
    }
}

static void read_line(source_t *source, enr_span_t line)
{
    static enr_json_reader_t reader;
    row_t *row = add_row(source);
    if (enr_json_parse(&reader, line) != ENR_OK || enr_json_type(&reader, ENR_JSON_ROOT) != ENR_JSON_OBJECT) {
        refuse_row(row, "line", "is not a JSON object");
        return;
    }
    for (enr_json_node_t at = enr_json_first(&reader, ENR_JSON_ROOT); at != ENR_JSON_NONE;
         at = enr_json_next(&reader, at)) {
        take_member(source, row, &reader, at);
    }
}

static void read_json_lines(source_t *source, enr_span_t text)
{
    while (text.len > 0) {
        const uint8_t *end = memchr(text.ptr, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.ptr) : text.len;
        source->number++;
        enr_span_t line = enr_span_trim(enr_span_slice(text, 0, len));
        if (line.len > 0) {
            read_line(source, line);
        }
        text = enr_span_slice(text, end != NULL ? len + 1 : len, text.len);
    }
}

/* --- both --- */

static exit_code_t load(source_t *source, const char *path, enr_span_t *out_text)
{
    size_t len = 0;
    unsigned mode = 0;
    source->rows->file = malloc(CONTACTS_FILE_MAX + 1);
    if (source->rows->file == NULL) {
        return refuse_text(source, "out of memory", NULL);
    }
    switch (input_read(path, true, source->rows->file, CONTACTS_FILE_MAX, &len, &mode)) {
    case INPUT_FAILED:
        return refuse_text(source, strerror(errno), NULL);
    case INPUT_TOO_LARGE:
        return refuse_text(source, "is larger than " TEXT_OF(CONTACTS_FILE_MAX) " bytes",
                           "split it into several files");
    case INPUT_OK:
        break;
    }
    source->rows->size = len;
    *out_text = (enr_span_t){source->rows->file, len};
    const enr_span_t mark = ENR_SPAN("\xef\xbb\xbf"); /* spreadsheets put it in front of UTF-8 */
    if (len >= mark.len && memcmp(out_text->ptr, mark.ptr, mark.len) == 0) {
        *out_text = enr_span_slice(*out_text, mark.len, len);
    }
    return EXIT_DONE;
}

/* Memory for the most rows that the text can hold. */
static exit_code_t make_room(source_t *source, enr_span_t text)
{
    size_t lines = 1;
    for (size_t i = 0; i < text.len; i++) {
        lines += text.ptr[i] == '\n' ? 1 : 0;
    }
    source->rows->rows = calloc(lines, sizeof source->rows->rows[0]);
    source->rows->decoded = malloc(source->rows->size + 1);
    if (source->rows->rows == NULL || source->rows->decoded == NULL) {
        return refuse_text(source, "out of memory", NULL);
    }
    source->decoded = enr_buffer_over(source->rows->decoded, source->rows->size + 1);
    return EXIT_DONE;
}

static exit_code_t read_text(source_t *source, enr_span_t text)
{
    enr_span_t start = enr_span_trim(text);
    if (start.len == 0) {
        return refuse_text(source, "is empty", NULL);
    }
    if (start.ptr[0] == 0xff || start.ptr[0] == 0xfe ||
        memchr(start.ptr, '\0', start.len < 2 ? start.len : 2) != NULL) {
        return refuse_text(source, "is UTF-16, not UTF-8", "save it as CSV UTF-8");
    }
    if (start.ptr[0] == '[') {
        return refuse_text(source, "is a JSON array", "give one object a line: jq -c '.[]' makes that");
    }
    if (start.ptr[0] == '{') {
        read_json_lines(source, text);
        return EXIT_DONE;
    }
    return read_csv(source, text);
}

exit_code_t contacts_read(const char *path, rows_t *out_rows, problem_t *out_problem)
{
    const char *name = strcmp(path, "-") == 0 ? "contacts on standard input" : path;
    source_t source = {.name = name, .rows = out_rows, .problem = out_problem};
    enr_span_t text = {0};
    exit_code_t code = load(&source, path, &text);
    if (code == EXIT_DONE) {
        code = make_room(&source, text);
    }
    if (code == EXIT_DONE) {
        code = read_text(&source, text);
    }
    source.number = 0;
    if (code == EXIT_DONE && out_rows->count == 0) {
        code = refuse_text(&source, "holds no contact", NULL);
    }
    return code;
}
