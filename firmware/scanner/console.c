#include "console.h"

#include "board.h"
#include "enrich/lead.h"

#include <string.h>

/* A setting's name and the longest value that is not a certificate: a base URL. */
#define COMMAND_MAX 320

void console_begin(console_line_t *line, const char *room)
{
    /* Two bytes are kept for the end. */
    line->text = enr_buffer_over(line->memory, sizeof line->memory - 2);
    console_text(line, room);
    console_text(line, ": ");
}

void console_text(console_line_t *line, const char *text)
{
    enr_buffer_append(&line->text, enr_span_from_str(text));
}

void console_number(console_line_t *line, uint64_t number)
{
    enr_buffer_append_decimal(&line->text, number);
}

void console_status(console_line_t *line, enr_status_t status)
{
    console_text(line, enr_status_name(status));
    console_text(line, ", ");
    console_text(line, enr_status_meaning(status));
}

void console_foreign(console_line_t *line, enr_span_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        enr_buffer_append_byte(&line->text, byte < 0x20 || byte == 0x7F ? '?' : byte);
    }
}

static const char *const types[ENR_TYPE_COUNT] = {"email", "phone", "personal_email"};

void console_type(console_line_t *line, enr_type_t type)
{
    console_text(line, types[enr_type_number(type)]);
}

unsigned console_type_named(enr_span_t word)
{
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        if (enr_span_equal(word, enr_span_from_str(types[number]))) {
            return (unsigned)enr_type_of_number(number);
        }
    }
    return 0;
}

void console_end(console_line_t *line)
{
    line->memory[line->text.len] = '\r';
    line->memory[line->text.len + 1] = '\n';
    board_console_write((enr_span_t){line->memory, line->text.len + 2});
}

void console_say(const char *room, const char *text)
{
    console_line_t line;
    console_begin(&line, room);
    console_text(&line, text);
    console_end(&line);
}

enr_span_t console_command(void)
{
    static uint8_t typed[COMMAND_MAX];
    static size_t len;
    static bool too_long, was_given;
    uint8_t byte;
    if (was_given) {
        enr_wipe(typed, sizeof typed);
        was_given = false;
    }
    while (board_console_read(&byte, 1) == 1) {
        if (byte == '\r' || byte == '\n') {
            enr_span_t command = {typed, too_long ? 0 : len};
            if (too_long) {
                console_say("console", "a command is shorter than that");
            }
            len = 0;
            too_long = false;
            if (command.len > 0) {
                was_given = true;
                return command;
            }
        } else if (len < sizeof typed) {
            typed[len++] = byte;
        } else {
            too_long = true;
        }
    }
    return (enr_span_t){0};
}
