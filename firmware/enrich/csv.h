/* Tables as spreadsheets write them (RFC 4180). */
#ifndef CLI_CSV_H
#define CLI_CSV_H

#include "enrich/span.h"

#define CSV_CELLS_MAX 64

/* A table being read, in memory that is changed: what stands between quotes is put together in its place. */
typedef struct {
    uint8_t *bytes;
    size_t len;
    size_t at;
    uint8_t delimiter;
    size_t next_line;
    size_t line; /* of the row that was read, from 1 on */
    enr_span_t cells[CSV_CELLS_MAX];
    size_t count;
} csv_t;

typedef enum { CSV_ROW, CSV_END, CSV_OPEN_QUOTE, CSV_TOO_WIDE } csv_status_t;

/* Begins a table. A byte order mark is passed over; the first of comma, semicolon and TAB in the first line is the
   delimiter. The bytes must stay. */
void csv_start(csv_t *csv, uint8_t *bytes, size_t len);

/* Reads the next row that holds anything: its cells without white space around them. CSV_OPEN_QUOTE: the quote in line
   csv->line is never closed. CSV_TOO_WIDE: more than CSV_CELLS_MAX cells. */
csv_status_t csv_next(csv_t *csv);

#endif
