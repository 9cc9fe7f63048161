/* UTF-8 as RFC 3629 defines it: no overlong form, no surrogate, nothing above U+10FFFF. */
#ifndef ENRICH_UTF8_H
#define ENRICH_UTF8_H

#include "enrich/span.h"

/* True when the whole span is well-formed UTF-8 (RFC 3629 4). NUL counts as a character like any other; an empty span
   is well-formed. */
bool enr_bytes_utf8_valid(const uint8_t *bytes, size_t len);
ENR_INLINE bool enr_utf8_valid(enr_span_t text)
{
    return enr_bytes_utf8_valid(text.ptr, text.len);
}

/* True when well-formed UTF-8 holds a control character: C0, DEL, or C1 (U+0080 to U+009F). */
bool enr_bytes_utf8_has_control(const uint8_t *bytes, size_t len);
ENR_INLINE bool enr_utf8_has_control(enr_span_t text)
{
    return enr_bytes_utf8_has_control(text.ptr, text.len);
}

/* True when text is well-formed UTF-8 without control characters: what every field of a person has to be. */
bool enr_bytes_are_text(const uint8_t *bytes, size_t len);
ENR_INLINE bool enr_utf8_is_text(enr_span_t text)
{
    return enr_bytes_are_text(text.ptr, text.len);
}

/* The length of the well-formed character at the start of text: 1 to 4, or 0 when there is none (empty, malformed or
   cut). */
size_t enr_bytes_utf8_next(const uint8_t *bytes, size_t len);
ENR_INLINE size_t enr_utf8_next(enr_span_t text)
{
    return enr_bytes_utf8_next(text.ptr, text.len);
}

/* The length of the longest start of text that may stand between the quotes of a JSON string as it is: well-formed
   UTF-8 without '"', '\' and anything below U+0020 (RFC 8259 7). The byte that follows it is one of those, or begins
   what is not UTF-8. */
size_t enr_utf8_json_run(enr_span_t text);

/* Writes the UTF-8 form of a code point to out (room for 4 bytes) and returns its length: 1 to 4, or 0 for a surrogate
   or a value above U+10FFFF, when nothing is written. */
size_t enr_utf8_encode(uint32_t code_point, uint8_t *out);

#endif
