#include "csv.h"

static bool is_blank(const csv_t *csv, uint8_t byte)
{
    return byte == ' ' || byte == '\r' || (byte == '\t' && csv->separator != '\t');
}

static void skip_blanks(csv_t *csv)
{
    while (csv->at < csv->end && is_blank(csv, *csv->at)) {
        csv->at++;
    }
}

/* Takes what ends a field: a separator, a line end, or the end of the text. */
static csv_status_t take_end(csv_t *csv)
{
    if (csv->at == csv->end) {
        return CSV_LAST;
    }
    uint8_t byte = *csv->at;
    if (byte != csv->separator && byte != '\n') {
        return CSV_AFTER_QUOTE;
    }
    csv->at++;
    return byte == '\n' ? CSV_LAST : CSV_FIELD;
}

/* From behind the opening quote. Two quotes stand for one. */
static csv_status_t take_quoted(csv_t *csv, enr_span_t *out_field)
{
    uint8_t *start = csv->at;
    uint8_t *to = start;
    for (;;) {
        if (csv->at == csv->end) {
            return CSV_OPEN_QUOTE;
        }
        uint8_t byte = *csv->at++;
        bool doubled = byte == '"' && csv->at < csv->end && *csv->at == '"';
        if (byte == '"' && !doubled) {
            break;
        }
        csv->at += doubled ? 1 : 0;
        *to++ = byte;
    }
    *out_field = enr_span_trim((enr_span_t){start, (size_t)(to - start)});
    skip_blanks(csv);
    return take_end(csv);
}

csv_status_t csv_field(csv_t *csv, enr_span_t *out_field)
{
    skip_blanks(csv);
    if (csv->at < csv->end && *csv->at == '"') {
        csv->at++;
        return take_quoted(csv, out_field);
    }
    const uint8_t *start = csv->at;
    while (csv->at < csv->end && *csv->at != csv->separator && *csv->at != '\n') {
        csv->at++;
    }
    *out_field = enr_span_trim((enr_span_t){start, (size_t)(csv->at - start)});
    return take_end(csv);
}
