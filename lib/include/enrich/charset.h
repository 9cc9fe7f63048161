/* Which characters the bytes of a badge stand for when they are not UTF-8 (domain 1.4, 1.6.8). */
#ifndef ENRICH_CHARSET_H
#define ENRICH_CHARSET_H

#include "enrich/span.h"
#include "enrich/status.h"

/* UTF-8 needs no name here: text that is well-formed UTF-8 is that, whatever it was called. */
typedef enum {
    ENR_CHARSET_WESTERN,   /* Windows-1252, of which ISO 8859-1 and ASCII are parts: what is not known otherwise */
    ENR_CHARSET_CP437,     /* of PDF417 readers in old systems */
    ENR_CHARSET_SHIFT_JIS, /* its second bytes may look like '\' and '|'; not decoded: that takes 14 KB of tables */
    ENR_CHARSET_OTHER      /* only its ASCII can be read */
} enr_charset_t;

/* The charset of a name, as in CHARSET= of a vCard: case, hyphens and underscores ignored. "utf-8", "us-ascii",
   "iso-8859-1", "latin1", "windows-1252", "cp1252" are WESTERN; "cp437", "ibm437"; "shift_jis", "sjis", "x-sjis",
   "cp932", "windows-31j"; all others OTHER. */
enr_charset_t enr_charset_of_name(enr_span_t name);

/* The charset of a number of Extended Channel Interpretation (AIM ECI Part 3): 0 and 2 CP437; 1, 3, 23, 26, 27 and 170
   WESTERN; 20 SHIFT_JIS; all others OTHER. */
enr_charset_t enr_charset_of_eci(uint32_t eci);

/* SHIFT_JIS when a text that is not UTF-8 cannot well be anything else: every byte fits, and two characters of two
   bytes stand side by side as they do in Japanese only (first bytes 81 to 9F, punctuation in Windows-1252). Else
   WESTERN. */
enr_charset_t enr_charset_guess(enr_span_t text);

/* True when a byte is the first of two in a charset of two bytes a character: the next byte, if 40 or above, is none of
   '\', '|', '^' then. */
bool enr_charset_is_lead(enr_charset_t charset, uint8_t byte);

/* The code point of one byte, or 0: NUL, no character, or one that is not decoded here. ASCII is ASCII in all. */
uint32_t enr_charset_decode(enr_charset_t charset, uint8_t byte);

/* Appends UTF-16 as UTF-8; a byte order mark is obeyed and left out. ENR_OK; ENR_E_UTF8 (an odd number of bytes, or a
   lone surrogate) and ENR_E_LIMIT (does not fit): the buffer's length is as before. */
ENR_NODISCARD enr_status_t enr_charset_utf16(enr_span_t text, bool big_endian, enr_buffer_t *out);

#endif
