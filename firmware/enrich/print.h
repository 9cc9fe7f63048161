/* Text from outside on its way to a terminal or a file: never the API key, never a control character. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "enrich/span.h"

#include <stdio.h>

/* The API key: stars stand in its place in everything printed from now on. It must stay. */
void print_hide(enr_span_t secret);

/* Writes text. Control characters, also those of Unicode that turn the direction of writing, and bytes that are not
   UTF-8 appear as \xNN or \uNNNN. */
void print_text(FILE *out, enr_span_t text);
void print_string(FILE *out, const char *text);

/* Writes a JSON text and a line end. The same characters, which stand only inside its strings, appear as \uNNNN. */
void print_json(FILE *out, enr_span_t json);

/* The text as it may stand in a JSON string: without the key, '?' for bytes that are not UTF-8. It is as long as the
   text. A copy in `out`, which must have room. */
enr_span_t print_cleaned(enr_span_t text, enr_buffer_t *out);

#endif
