#include "console.h"

#include "board.h"

#include <string.h>

#define COMMAND_MAX 32

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
    static bool too_long;
    uint8_t byte;
    while (board_console_read(&byte, 1) == 1) {
        if (byte == '\r' || byte == '\n') {
            enr_span_t command = {typed, too_long ? 0 : len};
            if (too_long) {
                console_say("console", "a command is shorter than that");
            }
            len = 0;
            too_long = false;
            if (command.len > 0) {
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
