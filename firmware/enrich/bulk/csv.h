/* One field after the other of a CSV text (RFC 4180). */
#ifndef CLI_BULK_CSV_H
#define CLI_BULK_CSV_H

#include "enrich/span.h"

/* What is left of the text, and the character between fields. A quoted field is unquoted in place, so the text changes
   as it is read. */
typedef struct {
    uint8_t *at;
    uint8_t *end;
    uint8_t separator;
} csv_t;

typedef enum {
    CSV_FIELD,      /* another field of this row follows */
    CSV_LAST,       /* the row ends with this field */
    CSV_OPEN_QUOTE, /* the text ends inside quotes */
    CSV_AFTER_QUOTE /* something stands between a closing quote and the separator */
} csv_status_t;

/* The next field, without its quotes and without white space around it. A row ends with LF, CR LF or the text; where
   the text has ended there is an empty last field. *out_field is set with the first two only. */
csv_status_t csv_field(csv_t *csv, enr_span_t *out_field);

#endif
