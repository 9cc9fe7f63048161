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

/* A format is text with %s for a string and %lu for a uint32_t in it; there is nothing else. The compiler compares it
   with the arguments. */
#define CONSOLE_FORMAT __attribute__((format(printf, 2, 3)))

/* Begins a line, "ROOM: ". */
void console_begin(console_line_t *line, const char *room);
CONSOLE_FORMAT void console_put(console_line_t *line, const char *format, ...);
/* A status by name and meaning. */
void console_put_status(console_line_t *line, enr_status_t status);
/* "email", "phone", "personal_email". Asserts that it is one type. */
void console_put_type(console_line_t *line, enr_type_t type);
/* Bytes from outside: whatever is no printable ASCII or UTF-8 becomes '?'. */
void console_put_foreign(console_line_t *line, enr_span_t text);
void console_end(console_line_t *line);

/* A whole line. */
CONSOLE_FORMAT void console_say(const char *room, const char *format, ...);
/* A whole line of a text and a status behind it. */
void console_say_status(const char *room, const char *text, enr_status_t status);

/* A command that was typed, without its line end, or an empty span: none yet. Valid until the next call,
   which wipes it: it may hold a key. */
enr_span_t console_command(void);

#endif
