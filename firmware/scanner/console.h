/* The console: lines for people out, commands in. What stands in a line is for the operator: never a key, and nothing
   of a badge but what the operator asked the service for. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "enrich/contact.h"
#include "enrich/span.h"
#include "enrich/status.h"

/* A line under way: put parts into it, then end it. What does not fit is left out. */
typedef struct {
    enr_buffer_t text;
    uint8_t memory[160];
} console_line_t;

/* Begins a line, "ROOM: ". */
void console_begin(console_line_t *line, const char *room);
void console_text(console_line_t *line, const char *text);
void console_number(console_line_t *line, uint64_t number);
/* A status by name and meaning. */
void console_status(console_line_t *line, enr_status_t status);
/* Bytes from outside: whatever is no printable ASCII or UTF-8 becomes '?'. */
void console_foreign(console_line_t *line, enr_span_t text);
/* "email", "phone", "personal_email". Asserts that it is one type. */
void console_type(console_line_t *line, enr_type_t type);
/* The type with this word, or 0. */
unsigned console_type_named(enr_span_t word);
void console_end(console_line_t *line);

/* A whole line. */
void console_say(const char *room, const char *text);

/* A command that was typed, without its line end, or an empty span: none yet. Valid until the next call,
   which wipes it: it may hold a key. */
enr_span_t console_command(void);

#endif
