/* Writes JSON text (RFC 8259) into a bounded buffer. */
#ifndef ENRICH_JSON_WRITER_H
#define ENRICH_JSON_WRITER_H

#include "enrich/span.h"
#include "enrich/status.h"

/* The state of one text being written. Errors stick: write everything, then ask enr_json_writer_finish once. */
typedef struct {
    enr_buffer_t *out;
    enr_status_t status;
    uint32_t depth;
    bool comma; /* a value stands before the place where the next one goes */
} enr_json_writer_t;

/* Starts a text at the buffer's present end. The buffer belongs to the caller and must outlive the writer. */
void enr_json_writer_start(enr_json_writer_t *writer, enr_buffer_t *out);

void enr_json_object_begin(enr_json_writer_t *writer);
void enr_json_object_end(enr_json_writer_t *writer);
void enr_json_array_begin(enr_json_writer_t *writer);
void enr_json_array_end(enr_json_writer_t *writer);

/* The key of the next value. Same rules as enr_json_write_string. */
void enr_json_key(enr_json_writer_t *writer, enr_span_t key);

/* A string: '"', '\' and everything below 0x20 are escaped, the rest is written as it is (RFC 8259 7). Text that is not
   well-formed UTF-8 makes the status ENR_E_UTF8 (behaviours 12). */
void enr_json_write_string(enr_json_writer_t *writer, enr_span_t text);
void enr_json_write_integer(enr_json_writer_t *writer, int64_t number);
void enr_json_write_bool(enr_json_writer_t *writer, bool value);
void enr_json_write_null(enr_json_writer_t *writer);

/* One value that is JSON text already, e.g. a raw value of json_reader. It is copied unchecked. */
void enr_json_write_raw(enr_json_writer_t *writer, enr_span_t json);

/* The key and a string value, the usual pair. */
void enr_json_write_member(enr_json_writer_t *writer, enr_span_t key, enr_span_t text);

/* ENR_OK, ENR_E_LIMIT (the buffer was too small; a buffer of exactly the needed size is enough), ENR_E_UTF8. Asserts
   that every object and array was ended. */
ENR_NODISCARD enr_status_t enr_json_writer_finish(const enr_json_writer_t *writer);

#endif
