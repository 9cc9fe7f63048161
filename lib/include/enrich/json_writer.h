/* Writes JSON text (RFC 8259) into a bounded buffer. */
#ifndef ENRICH_JSON_WRITER_H
#define ENRICH_JSON_WRITER_H

#include "enrich/span.h"
#include "enrich/status.h"

/* The state of one text being written, all fields private. Errors stick: write everything, then ask
   enr_json_writer_finish once. A text is one value; the order of calls is the caller's duty, and what can be seen of it
   is asserted: a second value beside the first, a key outside all containers, an end without a begin. */
typedef struct {
    enr_buffer_t *out;
    enr_status_t status;
    uint32_t depth;
    bool comma; /* a value stands before the place where the next one goes */
} enr_json_writer_t;

/* Starts a text at the buffer's present end. The buffer belongs to the caller and must outlive the writer; while it is
   written nobody else appends to it. */
void enr_json_writer_start(enr_json_writer_t *writer, enr_buffer_t *out);

/* A container, as a value: what is written between begin and end is its content. Containers nest without a limit of
   their own. Keys are not compared: a key written twice is in the text twice. */
void enr_json_object_begin(enr_json_writer_t *writer);
void enr_json_object_end(enr_json_writer_t *writer);
void enr_json_array_begin(enr_json_writer_t *writer);
void enr_json_array_end(enr_json_writer_t *writer);

/* The key of the next value, in an object. Same rules as enr_json_write_string. */
void enr_json_key(enr_json_writer_t *writer, enr_span_t key);

/* A string: '"', '\' and everything below 0x20 are escaped, the rest is written as it is (RFC 8259 7). Text that is not
   well-formed UTF-8 makes the status ENR_E_UTF8 (behaviours 12). */
void enr_json_write_string(enr_json_writer_t *writer, enr_span_t text);

/* The other scalars. */
void enr_json_write_integer(enr_json_writer_t *writer, int64_t number);
void enr_json_write_bool(enr_json_writer_t *writer, bool value);
void enr_json_write_null(enr_json_writer_t *writer);

/* One value that is JSON text already, e.g. a raw value of json_reader. It is copied unchecked: the caller vouches for
   it. */
void enr_json_write_raw(enr_json_writer_t *writer, enr_span_t json);

/* The key and a string value, the usual pair. */
void enr_json_write_member(enr_json_writer_t *writer, enr_span_t key, enr_span_t text);

/* How writing went. After an error the buffer holds a part of the text, which is of no use.
   ENR_OK, ENR_E_UTF8 (a string or key is not well-formed UTF-8, whatever the buffer's size), ENR_E_LIMIT (the buffer
   was too small, or full before; one of exactly the needed size is enough). Asserts that a value was written and every
   object and array ended. */
ENR_NODISCARD enr_status_t enr_json_writer_finish(const enr_json_writer_t *writer);

#endif
