/* UTF-8 as RFC 3629 defines it: no overlong form, no surrogate, nothing above U+10FFFF. */
#ifndef ENRICH_UTF8_H
#define ENRICH_UTF8_H

#include "enrich/span.h"

/* True when the whole span is well-formed UTF-8 (RFC 3629 4). NUL counts as a character like any other. */
bool enr_utf8_valid(enr_span_t text);

/* The length of the well-formed character at the start of text: 1 to 4, or 0 when there is none (empty, malformed or cut). */
size_t enr_utf8_next(enr_span_t text);

/* Writes the UTF-8 form of a code point to out (room for 4 bytes) and returns its length: 1 to 4, or 0 for a surrogate or a value above
   U+10FFFF. */
size_t enr_utf8_encode(uint32_t code_point, uint8_t *out);

#endif
