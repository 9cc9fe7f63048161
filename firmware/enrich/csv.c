#include "csv.h"

#include <string.h>

void csv_start(csv_t *csv, uint8_t *bytes, size_t len)
{
    *csv = (csv_t){.bytes = bytes, .len = len, .delimiter = ',', .next_line = 1};
    if (len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        csv->at = 3;
    }
    for (size_t i = csv->at; i < len && bytes[i] != '\n'; i++) {
        if (bytes[i] == ',' || bytes[i] == ';' || bytes[i] == '\t') {
            csv->delimiter = bytes[i];
            break;
        }
    }
}

static bool is_line_end(const csv_t *csv)
{
    return csv->at < csv->len && (csv->bytes[csv->at] == '\r' || csv->bytes[csv->at] == '\n');
}

static void pass_line_end(csv_t *csv)
{
    const bool is_cr = csv->bytes[csv->at++] == '\r';
    if (is_cr && csv->at < csv->len && csv->bytes[csv->at] == '\n') {
        csv->at++;
    }
    csv->next_line++;
}

/* What stands between quotes, put together; false when they are not closed. */
static bool take_quoted(csv_t *csv, enr_span_t *out_cell)
{
    uint8_t *start = csv->bytes + ++csv->at;
    size_t len = 0;
    for (; csv->at < csv->len; csv->at++) {
        const uint8_t byte = csv->bytes[csv->at];
        if (byte == '"') {
            csv->at++;
            if (csv->at == csv->len || csv->bytes[csv->at] != '"') {
                *out_cell = enr_span_trim((enr_span_t){start, len});
                return true;
            }
        }
        csv->next_line += byte == '\n' ? 1 : 0;
        start[len++] = byte;
    }
    return false;
}

/* One cell; csv->at comes to stand at the delimiter or the line end behind it. */
static bool take_cell(csv_t *csv, enr_span_t *out_cell)
{
    while (csv->at < csv->len && csv->bytes[csv->at] == ' ') {
        csv->at++;
    }
    const bool is_quoted = csv->at < csv->len && csv->bytes[csv->at] == '"';
    if (is_quoted && !take_quoted(csv, out_cell)) {
        return false;
    }
    const size_t start = csv->at;
    while (csv->at < csv->len && csv->bytes[csv->at] != csv->delimiter && !is_line_end(csv)) {
        csv->at++;
    }
    if (!is_quoted) {
        *out_cell = enr_span_trim((enr_span_t){csv->bytes + start, csv->at - start});
    }
    return true;
}

static csv_status_t take_row(csv_t *csv)
{
    csv->line = csv->next_line;
    csv->count = 0;
    for (;;) {
        if (csv->count == CSV_CELLS_MAX) {
            return CSV_TOO_WIDE;
        }
        if (!take_cell(csv, &csv->cells[csv->count++])) {
            return CSV_OPEN_QUOTE;
        }
        if (csv->at == csv->len) {
            return CSV_ROW;
        }
        if (is_line_end(csv)) {
            pass_line_end(csv);
            return CSV_ROW;
        }
        csv->at++;
    }
}

csv_status_t csv_next(csv_t *csv)
{
    while (csv->at < csv->len) {
        csv_status_t status = take_row(csv);
        bool is_empty = true;
        for (size_t i = 0; i < csv->count; i++) {
            is_empty = is_empty && csv->cells[i].len == 0;
        }
        if (status != CSV_ROW || !is_empty) {
            return status;
        }
    }
    return CSV_END;
}
